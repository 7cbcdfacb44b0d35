// SPDX-License-Identifier: Apache-2.0
/*
 * An event loop: I/O operations, timers, messages from other threads, signals.
 *
 * The interface is shaped by completions, not by readiness: a caller submits an operation with its
 * memory and is told the result once. The epoll backend performs it when the descriptor is ready;
 * io_uring and IOCP can carry the same interface.
 *
 * Ownership: an operation (struct loop_op), its buffers and its struct loop_fd belong to the loop
 * from the submission until `done` is called, also after loop_op_cancel; everything here is
 * intrusive and allocates nothing per operation.
 * Threads: a loop belongs to the thread that runs it. Only loop_post and loop_stop may be called
 * from other threads. Callbacks run on the loop's thread and never inside a call to submit, cancel,
 * post or set.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/timerq.h"
#include <sys/types.h>
#include <sys/uio.h>

struct loop;

/* ---- the loop ---- */

/* NULL when memory or descriptors are out. */
NODISCARD struct loop *loop_new(void);
/* Runs what is still posted and delivers operations that are still finishing; then every loop_fd
   must have been removed. NULL is allowed. */
void loop_free(struct loop *l);

/* Runs until loop_stop. */
void loop_run(struct loop *l);
/* Makes loop_run return after the current round; also before it was called. Any thread. */
void loop_stop(struct loop *l);
/* Ends the wait of this round, or of the next. Any thread, and signal handlers (where loop_post
   will not do: the loop it interrupts may just have looked for tasks). */
void loop_wake(struct loop *l);
/* One round: waits at most timeout ns (0: not at all, TIMERQ_NEVER: for as long as it takes) for
   something to do, then does it. True when something was done. */
bool loop_run_once(struct loop *l, uint64_t timeout);

/* For a program with an event loop of its own: poll this descriptor for readability, for at most
   loop_timeout ns (TIMERQ_NEVER: no limit), then call loop_run_once(l, 0). */
int loop_pollable_fd(const struct loop *l);
uint64_t loop_timeout(struct loop *l);

/* True on the loop's thread, and on any as long as no thread runs it. */
NODISCARD bool loop_is_current(const struct loop *l);
#define ASSERT_ON_LOOP(l) ASSERT(loop_is_current(l))

/* ---- timers ---- */

/* The monotonic time when this round began (clock_monotonic): cheap, the same for a whole round. */
uint64_t loop_now(struct loop *l);
/* See base/timerq.h; `due` is absolute. */
void loop_timer_set(struct loop *l, struct timer *t, uint64_t due);
void loop_timer_cancel(struct loop *l, struct timer *t);

/* ---- messages ---- */

/* Embed it; the sender owns it again when `run` is called. A task may be posted to one loop at a
   time. Tasks of one thread run in the order they were posted. */
struct loop_task {
    struct loop_task *next;
    void (*run)(struct loop_task *t);
};

/* Any thread (one that is the loop's own included: then it is a "later in this loop"). Never fails,
   never blocks; wakes the loop once per batch. */
void loop_post(struct loop *l, struct loop_task *t);

/* ---- signals ---- */

/* From now on these signals are delivered as calls of fn on the loop. Call it before any thread is
   started. Once per loop. Returns 0 or an errno. */
NODISCARD int loop_watch_signals(struct loop *l, const int *signals, size_t n,
                                 void (*fn)(void *ctx, int signal), void *ctx);

/* ---- operations on descriptors ---- */

enum loop_op_kind {
    LOOP_OP_NONE,
    LOOP_OP_ACCEPT, /* result: a new descriptor, non-blocking and close-on-exec */
    LOOP_OP_RECV,   /* result: bytes read into iov, 0 at the end of the stream */
    LOOP_OP_SEND,   /* result: bytes written from iov, maybe fewer than offered */
    LOOP_OP_POLL,   /* result: 0 when the descriptor is readable */
};

struct loop_op {
    struct list node;
    enum loop_op_kind kind; /* LOOP_OP_NONE: not submitted */
    bool cancelled;
    struct loop_fd *fd;
    struct iovec *iov;
    int iov_n;
    /* result: see the kind, or a negative errno; -ECANCELED after loop_op_cancel unless it had
       finished before. The operation may be submitted again from here, and freed. */
    void (*done)(struct loop_op *op, ssize_t result);
    /* Optional, set after loop_op_init. Called right before an attempt: the last moment to set iov,
       so that everything queued meanwhile goes out with one system call. */
    void (*prepare)(struct loop_op *op);
};

/* A descriptor that the loop knows. One operation that reads (accept, recv, poll) and one that
   writes may be under way at a time. */
struct loop_fd {
    struct loop *loop;
    int fd;
    struct loop_op *reading, *writing;
    /* The backend's knowledge. */
    bool readable, writable, hangup;
};

/* `fd` must be non-blocking. Returns 0 or an errno. The loop does not close descriptors. */
NODISCARD int loop_fd_add(struct loop *l, struct loop_fd *lf, int fd);
/* No operation may be under way. */
void loop_fd_remove(struct loop_fd *lf);

void loop_op_init(struct loop_op *op, void (*done)(struct loop_op *op, ssize_t result));
static inline bool loop_op_busy(const struct loop_op *op)
{
    return op->kind != LOOP_OP_NONE;
}

/* One attempt per turn: an operation that was submitted from `done` waits until every other ready
   descriptor had its turn. How much one turn may take is the length of iov. */
void loop_accept(struct loop_fd *lf, struct loop_op *op);
void loop_recv(struct loop_fd *lf, struct loop_op *op, struct iovec *iov, int iov_n);
void loop_send(struct loop_fd *lf, struct loop_op *op, struct iovec *iov, int iov_n);
void loop_poll(struct loop_fd *lf, struct loop_op *op);
/* Harmless when not submitted. `done` is still called, later. */
void loop_op_cancel(struct loop_op *op);

#endif
