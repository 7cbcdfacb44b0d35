// SPDX-License-Identifier: Apache-2.0
/*
 * A thread of steps for commands whose way depends on what was asked (an information class, a
 * control code): instead of a fixed list there is one step, flow_run, and each function names the
 * one that comes after it. `struct flow` is the first member of what r->state_data points to.
 *
 *   static enum core_verdict begin(struct core_request *r)
 *   {
 *       return flow_await(r, vfs_getattr(&r->op, ...), got_attributes);
 *   }
 */
#ifndef CORE_CMD_FLOW_H
#define CORE_CMD_FLOW_H

#include "core/request.h"

typedef enum core_verdict flow_step(struct core_request *r);

/* What a look at a path has found. */
struct flow_probe {
    smbkit_status status; /* of opening it */
    struct smbkit_attr attr;
    const char *true_path; /* in the request's arena; as asked when the plugin says nothing */
    /* while it runs */
    const char *path;
    void *file;
    flow_step *then;
};

struct flow {
    flow_step *next;
    struct flow_probe probe;
};

/* The only step of such a command. */
enum core_verdict flow_run(struct core_request *r);

static inline struct flow *flow_of(const struct core_request *r)
{
    return r->state_data;
}

static inline enum core_verdict flow_goto(struct core_request *r, flow_step *next)
{
    flow_of(r)->next = next;
    return STEP_REPEAT;
}

/* `next` gets the answer of an operation that was started on r->op. */
static inline enum core_verdict flow_await(struct core_request *r, bool answered, flow_step *next)
{
    flow_of(r)->next = next;
    return answered ? STEP_REPEAT : STEP_PARK_REPEAT;
}

/* Opens the path without following a link, keeps its attributes in flow_of(r)->probe, closes it
   again and goes on with `then`. The path must live as long as the request. */
enum core_verdict flow_look(struct core_request *r, const char *path, flow_step *then);

/* Folder and name as one path. NULL: memory is out. */
char *flow_join(struct arena *a, const char *dir, const char *name, size_t name_len);

#endif
