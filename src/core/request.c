// SPDX-License-Identifier: Apache-2.0
/* Requests: the runner of steps, waiting, interim responses, cancelling and the one answer. */
#include "core/request.h"
#include "core/gate.h"
#include "core/open.h"
#include "core/reply.h"
#include "core/share.h"
#include "core/state.h"
#include "core/stuck.h"
#include "core/tree.h"

/* The header and the longest body without a variable part, CREATE's. */
#define FIXED_REPLY_MAX 192

static void interim_due(struct timer *t);
static void op_done(struct vfs_op *op);

void request_init(struct core_request *r, struct core_batch *b, const struct core_command *cmd,
                  const struct wire_element *e)
{
    struct core *c = b->conn->core;
    MAGIC_SET(r, CORE_REQUEST_MAGIC);
    r->batch = b;
    r->cmd = cmd;
    r->no_reply = cmd == &command_cancel; /* whatever becomes of it */
    r->hdr = e->hdr;
    r->body = e->body;
    r->related = (e->hdr.flags & SMB2_FLAGS_RELATED_OPERATIONS) != 0;
    list_init(&r->link);
    list_init(&r->in_open);
    list_init(&r->orphan);
    lease_break_wait_init(&r->break_wait);
    timer_init(&r->interim, interim_due);
    vfs_op_init(&r->op, op_done);
    chain_init(&r->payload);
    builder_init_grow(&r->reply, WIRE_FRAME_MAX);
    c->stats.requests_running++;
    c->stats.requests_total++;
}

static void finish(struct core_request *r)
{
    ASSERT(r->state == REQUEST_RUNNING && !vfs_op_running(&r->op));
    timerq_cancel(&request_core(r)->timers, &r->interim);
    list_remove(&r->in_open);
    list_remove(&r->orphan);
    if (r->async)
        request_conn(r)->async_count--;
    gate_note_result(r);
    reply_build(r);
    if (r->cmd->release != NULL)
        r->cmd->release(r);
    if (r->open != NULL) {
        open_release(r->open);
        r->open = NULL;
    }
    r->state = REQUEST_FINISHED;
    batch_request_finished(r);
}

static void park(struct core_request *r)
{
    struct core *c = request_core(r);
    r->state = REQUEST_PARKED;
    if (r->waits_quietly || timer_is_set(&r->interim))
        return;
    if (!r->async)
        timerq_set(&c->timers, &r->interim, c->now + c->config.interim_delay);
    else if (vfs_op_running(&r->op))
        timerq_set(&c->timers, &r->interim, c->now + STUCK_AFTER);
}

static void run_steps(struct core_request *r)
{
    for (;;) {
        const struct core_step *s = &r->cmd->steps[r->step];
        enum core_verdict v = s->run != NULL ? s->run(r) : STEP_DONE;
        switch (v) {
        case STEP_NEXT: r->step++; break;
        case STEP_REPEAT: break;
        case STEP_PARK:
            r->step++;
            park(r);
            return;
        case STEP_PARK_REPEAT: park(r); return;
        case STEP_DONE: finish(r); return;
        }
    }
}

void request_run(struct core_request *r)
{
    MAGIC_CHECK(r, CORE_REQUEST_MAGIC);
    ASSERT(r->state == REQUEST_QUEUED);
    struct core_conn *conn = request_conn(r);
    r->state = REQUEST_RUNNING;
    if (!conn_alive(conn))
        r->status = SMBKIT_STATUS_CONNECTION_DISCONNECTED;
    else
        r->status = gate_check(r);
    /* what was done must be said: a fixed reply has its memory before anything takes effect */
    if (r->status == SMBKIT_STATUS_SUCCESS && !builder_reserve(&r->reply, FIXED_REPLY_MAX))
        r->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (r->status != SMBKIT_STATUS_SUCCESS)
        finish(r);
    else
        run_steps(r);
}

void request_resume(struct core_request *r)
{
    MAGIC_CHECK(r, CORE_REQUEST_MAGIC);
    ASSERT(r->state == REQUEST_PARKED);
    r->state = REQUEST_RUNNING;
    r->unpark = NULL;
    r->waits_quietly = false;
    list_remove(&r->in_open);
    run_steps(r);
}

void request_complete(struct core_request *r, smbkit_status status)
{
    MAGIC_CHECK(r, CORE_REQUEST_MAGIC);
    ASSERT(r->state == REQUEST_PARKED);
    r->state = REQUEST_RUNNING;
    r->unpark = NULL;
    r->status = status;
    finish(r);
}

static void op_done(struct vfs_op *op)
{
    request_resume(CONTAINER_OF(op, struct core_request, op));
}

enum core_verdict request_goto(struct core_request *r,
                               enum core_verdict (*step)(struct core_request *r))
{
    for (unsigned i = 0;; i++) {
        ASSERT(r->cmd->steps[i].run != NULL);
        if (r->cmd->steps[i].run == step) {
            r->step = i;
            return STEP_REPEAT;
        }
    }
}

/* ---------------------------------------------------------------- going asynchronous */

/* [MS-SMB2] 3.3.4.2 */
static void go_async(struct core_request *r)
{
    struct core_conn *conn = request_conn(r);
    timerq_cancel(&request_core(r)->timers, &r->interim);
    r->async = true;
    r->async_id = conn->next_async_id++;
    conn->async_count++;
    batch_send_interim(r);
}

static bool async_room(struct core_request *r)
{
    return request_conn(r)->async_count < request_core(r)->config.max_async;
}

static void interim_due(struct timer *t)
{
    struct core_request *r = CONTAINER_OF(t, struct core_request, interim);
    /* A slow plugin in the middle of a chain is simply waited for. */
    if (!r->async && !(r->cmd->flags & CMD_NO_INTERIM) && batch_may_go_async(r) && async_room(r) &&
        conn_alive(request_conn(r)))
        go_async(r);
    /* Is it a plugin that keeps it waiting? Once for each operation. */
    if (r->tree != NULL && r->state == REQUEST_PARKED && vfs_op_running(&r->op))
        stuck_look(request_core(r), r->volume, &r->op, &r->interim);
}

enum core_verdict request_wait(struct core_request *r, void (*unpark)(struct core_request *r),
                               enum core_verdict verdict)
{
    ASSERT(verdict == STEP_PARK || verdict == STEP_PARK_REPEAT);
    if (r->open != NULL && r->open->state != OPEN_LIVE) { /* its waiters have been completed */
        unpark(r);
        return request_done(r, r->cmd->closed_status);
    }
    if (!r->async) {
        /* note 266: Windows fails what would go asynchronous in the middle of a chain, but for a
           CREATE that waits for a break */
        if (!batch_may_go_async(r) && r->cmd != &command_create) {
            unpark(r);
            return request_done(r, SMBKIT_STATUS_INTERNAL_ERROR);
        }
        if (!async_room(r)) {
            unpark(r);
            return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        }
    }
    r->unpark = unpark;
    if (r->open != NULL)
        list_append(&r->open->waiters, &r->in_open);
    if (!r->async)
        go_async(r);
    return verdict;
}

enum core_verdict request_wait_quietly(struct core_request *r,
                                       void (*unpark)(struct core_request *r),
                                       enum core_verdict verdict)
{
    ASSERT(verdict == STEP_PARK || verdict == STEP_PARK_REPEAT);
    timerq_cancel(&request_core(r)->timers, &r->interim);
    r->waits_quietly = true;
    r->unpark = unpark;
    if (r->open != NULL)
        list_append(&r->open->waiters, &r->in_open);
    return verdict;
}

void request_cancel(struct core_request *r)
{
    MAGIC_CHECK(r, CORE_REQUEST_MAGIC);
    if (r->state != REQUEST_PARKED)
        return;
    r->cancelled = true;
    if (r->unpark != NULL) {
        r->unpark(r);
        request_complete(r, SMBKIT_STATUS_CANCELLED);
    } else if (vfs_op_running(&r->op)) {
        vfs_op_cancel(&r->op);
    }
}
