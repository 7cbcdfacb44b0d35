// SPDX-License-Identifier: Apache-2.0
/*
 * Between the loop and its backends. A backend owns the waiting: descriptors, ready operations, and
 * the wake-up from other threads. Timers, tasks and signals are the loop's.
 */
#ifndef NET_LOOP_INT_H
#define NET_LOOP_INT_H

#include "net/loop.h"

struct loop_backend {
    const char *name;
    /* Sets l->backend_data. Returns 0 or an errno. */
    int (*open)(struct loop *l);
    void (*close)(struct loop *l);
    int (*pollable_fd)(const struct loop *l);
    /* Any thread: makes the current or next wait return. */
    void (*wake)(struct loop *l);

    int (*fd_add)(struct loop *l, struct loop_fd *lf);
    void (*fd_remove)(struct loop *l, struct loop_fd *lf);
    /* op is filled in and stands in its loop_fd. Must not call back. */
    void (*submit)(struct loop *l, struct loop_op *op);
    void (*cancel)(struct loop *l, struct loop_op *op);

    /* Is there something that perform would do without waiting? */
    bool (*ready)(const struct loop *l);
    /* Waits and notes what became ready. Must not call back. */
    void (*wait)(struct loop *l, uint64_t timeout);
    /* Gives each ready operation one turn. True when one finished. */
    bool (*perform)(struct loop *l);
};

extern const struct loop_backend loop_backend_epoll;

#define LOOP_MAGIC 0x4c4f4f50u

struct loop {
    uint32_t magic;
    const struct loop_backend *backend;
    void *backend_data;

    struct timerq timers;
    uint64_t now;
    bool in_round;
    uintptr_t thread; /* that runs it, or 0; atomic */
    bool stop;        /* atomic */

    struct loop_task *posted; /* newest first; atomic */
    size_t fds;

    int signal_fd; /* -1: none */
    struct loop_fd signal_lf;
    struct loop_op signal_op;
    void (*signal_fn)(void *ctx, int signal);
    void *signal_ctx;
};

/* For backends: the operation is over. Calls op->done. */
void loop_op_finish(struct loop_op *op, ssize_t result);

#endif
