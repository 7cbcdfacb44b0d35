// SPDX-License-Identifier: Apache-2.0
/* Messages: taken apart into requests, started chain by chain, answered together. */
#include "core/batch.h"
#include "base/mem.h"
#include "core/command.h"
#include "core/conn.h"
#include "core/credits.h"
#include "core/reply.h"
#include "core/request.h"
#include "core/session.h"
#include "core/state.h"
#include "core/tree.h"

#define SINGLE_CREDIT_MAX (68u * 1024u) /* [MS-SMB2] 3.3.5.2 */

static void request_free(struct core_request *r)
{
    MAGIC_CHECK(r, CORE_REQUEST_MAGIC);
    struct core *c = request_core(r);
    ASSERT(r->state == REQUEST_FINISHED);
    list_remove(&r->link);
    timerq_cancel(&c->timers, &r->interim);
    vfs_op_clear(&r->op);
    chain_clear(&r->payload);
    builder_free(&r->reply);
    if (r->volume != NULL)
        vfs_volume_unref(r->volume);
    if (r->tree != NULL)
        tree_unref(r->tree);
    if (r->session != NULL)
        session_unref(r->session);
    if (r->channel != NULL)
        channel_unref(r->channel);
    c->stats.requests_running--;
    MAGIC_WIPE(r);
    mem_free(r);
}

static void batch_free(struct core_batch *b)
{
    MAGIC_CHECK(b, CORE_BATCH_MAGIC);
    ASSERT(list_empty(&b->requests));
    struct core_conn *conn = b->conn;
    list_remove(&b->link);
    if (b->seal_channel != NULL)
        channel_unref(b->seal_channel);
    arena_clear(&b->arena);
    buf_unref(b->frame);
    conn_account(conn, -(int64_t)b->frame_bytes);
    MAGIC_WIPE(b);
    mem_free(b);
    conn_unref(conn);
}

static struct core_request *request_at(struct list *node)
{
    return LIST_ENTRY(node, struct core_request, link);
}

struct core_request *batch_previous(const struct core_request *r)
{
    struct list *prev = r->link.prev;
    return prev == &r->batch->requests ? NULL : request_at(prev);
}

/* Is something in the chain after it? Then an interim response would tear the chain apart. */
bool batch_may_go_async(const struct core_request *r)
{
    struct list *next = r->link.next;
    return next == &r->batch->requests || !request_at(next)->related;
}

/* ---------------------------------------------------------------- sending */

static bool can_answer(const struct core_request *r)
{
    return r->state == REQUEST_FINISHED;
}

/* A finished related request is kept until the next one of its chain has looked at it. */
static bool still_needed(const struct core_batch *b, const struct core_request *r)
{
    struct list *next = r->link.next;
    if (next == &b->requests)
        return false;
    struct core_request *n = request_at(next);
    return n->related && n->state == REQUEST_QUEUED;
}

/* Answers every finished request, and `interim` (or NULL) with its interim response. */
static void flush(struct core_batch *b, struct core_request *interim)
{
    struct reply_part parts[WIRE_COMPOUND_MAX];
    struct builder pending;
    size_t n = 0;
    builder_init_grow(&pending, 128);
    LIST_FOREACH (it, &b->requests) {
        struct core_request *r = request_at(it);
        if (r == interim) {
            reply_build_interim(r, &pending);
            parts[n++] = (struct reply_part){.request = r, .head = &pending};
        } else if (can_answer(r) && !r->answered && !r->no_reply) {
            parts[n++] = (struct reply_part){
                .request = r, .head = &r->reply, .payload = &r->payload, .sign = r->sign_reply};
            r->answered = true;
        }
    }
    if (n > 0)
        reply_send(b, parts, n);
    builder_free(&pending);
    LIST_FOREACH_SAFE (it, tmp, &b->requests) {
        struct core_request *r = request_at(it);
        if (can_answer(r) && (r->answered || r->no_reply) && !still_needed(b, r))
            request_free(r);
    }
}

void batch_send_interim(struct core_request *r)
{
    flush(r->batch, r);
}

/* ---------------------------------------------------------------- running */

/* The next request that may start, or NULL. */
static struct core_request *startable(struct core_batch *b)
{
    LIST_FOREACH (it, &b->requests) {
        struct core_request *r = request_at(it);
        if (r->state != REQUEST_QUEUED)
            continue;
        struct core_request *prev = batch_previous(r);
        if (!r->related || prev == NULL || prev->state == REQUEST_FINISHED)
            return r;
    }
    return NULL;
}

/* Everything is finished or asynchronous: nothing more to wait for before replying. */
static bool settled(const struct core_batch *b)
{
    LIST_FOREACH (it, &b->requests) {
        const struct core_request *r = request_at(it);
        if (r->state == REQUEST_FINISHED || r->async)
            continue;
        /* behind an asynchronous one of its chain: it is answered when that one is */
        if (r->state == REQUEST_QUEUED && r->related)
            continue;
        return false;
    }
    return true;
}

static void batch_advance(struct core_batch *b)
{
    struct core_request *r;
    if (b->busy)
        return;
    b->busy = true;
    while ((r = startable(b)) != NULL)
        request_run(r);
    b->busy = false;
    if (settled(b))
        flush(b, NULL);
    if (list_empty(&b->requests))
        batch_free(b);
}

void batch_request_finished(struct core_request *r)
{
    batch_advance(r->batch);
}

/* One that the client will ask for again is not cancelled: what 3.3.7.1 says would make the new
   request begin anew, behind what the old one had already broken. */
static bool keep_orphan(struct core_request *r)
{
    if (!r->replayable || !session_goes_on(r->session, r->batch->conn))
        return false;
    if (!list_linked(&r->orphan))
        list_append(&r->session->orphans, &r->orphan);
    return true;
}

static struct core_request *find_cancellable(struct core_conn *conn)
{
    LIST_FOREACH (it, &conn->batches) {
        struct core_batch *b = LIST_ENTRY(it, struct core_batch, link);
        LIST_FOREACH (rit, &b->requests) {
            struct core_request *r = request_at(rit);
            if (r->state == REQUEST_PARKED && !r->cancelled && !keep_orphan(r))
                return r;
        }
    }
    return NULL;
}

/* Looks anew after each: ending one request may end others, and free their batches. */
void batch_cancel_all(struct core_conn *conn)
{
    struct core_request *r;
    while ((r = find_cancellable(conn)) != NULL)
        request_cancel(r);
}

/* ---------------------------------------------------------------- receiving */

/* One element; NULL after conn_refuse. */
static struct core_request *add_request(struct core_batch *b, const struct wire_element *e)
{
    struct core_conn *conn = b->conn;
    const struct core_command *cmd = command_find(e->hdr.command);
    if (cmd == NULL && !list_empty(&b->requests))
        cmd = &command_unknown;
    if (cmd == NULL) {
        conn_refuse(conn, "an unknown command"); /* 3.3.5.2.6 */
        return NULL;
    }
    if (conn->state != CONN_NEGOTIATED && cmd != &command_negotiate) {
        conn_refuse(conn, "a command before NEGOTIATE"); /* 3.3.5.2.2 */
        return NULL;
    }
    if (e->size > SINGLE_CREDIT_MAX && !(conn->multi_credit && (cmd->flags & CMD_LARGE))) {
        conn_refuse(conn, "a message too large for its command"); /* 3.3.5.2 */
        return NULL;
    }
    uint16_t charge = conn->multi_credit ? MAX(e->hdr.credit_charge, 1) : 1;
    if (cmd != &command_cancel && !credits_consume(&conn->credits, e->hdr.message_id, charge)) {
        conn_refuse(conn, "a message id outside the window"); /* 3.3.5.2.3 */
        return NULL;
    }
    struct core_request *r = mem_zalloc(sizeof *r);
    if (r == NULL) {
        conn_refuse(conn, "out of memory");
        return NULL;
    }
    request_init(r, b, cmd, e);
    list_append(&b->requests, &r->link);
    return r;
}

/* Makes the requests; false after conn_refuse, with those made so far refused. */
static bool add_requests(struct core_batch *b, const uint8_t *data, size_t size)
{
    struct wire_compound walk;
    struct wire_element e;
    enum wire_compound_result res;
    wire_compound_init(&walk, data, size);
    while ((res = wire_compound_next(&walk, &e)) == WIRE_COMPOUND_ELEMENT) {
        struct core_request *r = add_request(b, &e);
        if (r == NULL)
            return false;
        /* 3.3.5.2.1.1: what is sealed for one session works for that one only */
        bool first = list_empty(&b->requests) || b->requests.next == &r->link;
        if (b->seal_channel != NULL && (first || !r->related) &&
            r->hdr.session_id != b->seal_channel->session->id) {
            conn_refuse(b->conn, "an encrypted request for another session");
            return false;
        }
        struct core_request *prev = batch_previous(r);
        if (r->related && (first || prev->refused_chain)) {
            r->refused = SMBKIT_STATUS_INVALID_PARAMETER; /* note 269 */
            r->refused_chain = true;
        }
    }
    if (res == WIRE_COMPOUND_BAD) {
        conn_refuse(b->conn, "a malformed message");
        return false;
    }
    return true;
}

void batch_receive(struct core_conn *conn, struct buf *frame, const uint8_t *data, size_t size,
                   struct core_channel *seal_channel, bool compressed)
{
    struct core_batch *b = mem_zalloc(sizeof *b);
    if (b == NULL) {
        conn_refuse(conn, "out of memory");
        return;
    }
    MAGIC_SET(b, CORE_BATCH_MAGIC);
    b->conn = conn_ref(conn);
    b->frame = buf_ref(frame);
    b->frame_bytes = frame->size;
    b->compressed = compressed;
    b->seal_channel = seal_channel != NULL ? channel_ref(seal_channel) : NULL;
    if (seal_channel != NULL)
        seal_channel->sealed = true;
    list_init(&b->requests);
    arena_init(&b->arena, CORE_ARENA_MAX);
    list_append(&conn->batches, &b->link);
    conn_account(conn, (int64_t)b->frame_bytes);
    if (!add_requests(b, data, size)) {
        LIST_FOREACH_SAFE (it, tmp, &b->requests) {
            request_at(it)->state = REQUEST_FINISHED;
            request_free(request_at(it));
        }
    }
    batch_advance(b);
}
