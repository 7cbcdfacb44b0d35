// SPDX-License-Identifier: Apache-2.0
/*
 * Associations: bytes in, fragments taken apart, messages out. See rpc.h.
 *
 * A fragment may come in several writes, and several in one: Windows never does so, but a pipe in
 * byte mode may. Each of our fragments is one message.
 */
#include "rpc/assoc_int.h"

static bool copy_caller(struct rpc_caller *to, const struct rpc_caller *from)
{
    *to = *from;
    to->user = mem_strdup(from->user);
    to->domain = mem_strdup(from->domain);
    return to->user != NULL && to->domain != NULL;
}

static void free_caller(struct rpc_caller *c)
{
    mem_free((char *)c->user);
    mem_free((char *)c->domain);
}

bool rpc_assoc_identify(struct rpc_assoc *a, const struct auth_identity *who)
{
    const struct rpc_directory *d = &a->service->directory;
    bool stranger = who->is_guest || who->is_anonymous;
    const struct rpc_caller now = {
        .user = who->user,
        .domain = who->domain,
        .guest = who->is_guest,
        .anonymous = who->is_anonymous,
        .admin = !stranger && d->is_admin != NULL && d->is_admin(d->ctx, who->user),
    };
    struct rpc_caller copy = {0};
    if (!copy_caller(&copy, &now)) {
        free_caller(&copy);
        return false;
    }
    free_caller(&a->caller);
    a->caller = copy;
    return true;
}

static bool within(const struct rpc_budget *b)
{
    bool all = b->all == NULL || b->all->held < b->all->max;
    return b->held < (all ? b->max : MIN(b->max, b->sure));
}

static void charge(struct rpc_assoc *a, size_t now)
{
    for (struct rpc_budget *b = a->budget; b != NULL; b = b->all)
        b->held += now - a->charged;
    a->charged = now;
}

/* The budget learns what the association holds by now. */
static void settle(struct rpc_assoc *a)
{
    size_t now = RPC_ASSOC_COST + a->in.cap + a->call.stub.cap + rpc_handles_size(a->handles) +
                 rpc_security_size(&a->security) + strlen(a->caller.user) +
                 strlen(a->caller.domain) + a->unread + a->messages * sizeof(struct rpc_message) +
                 (a->waiting.active ? a->waiting.arena.total : 0);
    charge(a, now);
}

struct rpc_assoc *rpc_assoc_new(const struct rpc_service *s, const struct rpc_endpoint *e,
                                const struct rpc_caller *who, struct rpc_budget *budget)
{
    struct rpc_assoc *a = within(budget) ? mem_zalloc(sizeof *a) : NULL;
    if (a == NULL)
        return NULL;
    a->handles = rpc_handles_new();
    if (a->handles == NULL || !copy_caller(&a->caller, who)) {
        rpc_handles_free(a->handles);
        free_caller(&a->caller);
        mem_free(a);
        return NULL;
    }
    MAGIC_SET(a, RPC_ASSOC_MAGIC);
    a->service = s;
    a->endpoint = e;
    a->budget = budget;
    a->max_xmit = RPC_FRAG_MIN;
    builder_init_grow(&a->in, RPC_FRAG_MAX);
    builder_init_grow(&a->call.stub, RPC_STUB_MAX);
    list_init(&a->out);
    settle(a);
    return a;
}

void rpc_assoc_free(struct rpc_assoc *a)
{
    struct list *node;
    if (a == NULL)
        return;
    MAGIC_CHECK(a, RPC_ASSOC_MAGIC);
    while ((node = list_pop(&a->out)) != NULL)
        mem_free(LIST_ENTRY(node, struct rpc_message, link));
    builder_free(&a->in);
    builder_free(&a->call.stub);
    rpc_security_free(&a->security);
    if (a->waiting.active)
        arena_clear(&a->waiting.arena);
    rpc_handles_free(a->handles);
    free_caller(&a->caller);
    charge(a, 0);
    MAGIC_WIPE(a);
    mem_free(a);
}

/* ---------------------------------------------------------------- out */

bool rpc_assoc_send(struct rpc_assoc *a, const struct rpc_pdu *p)
{
    struct builder b;
    builder_init_grow(&b, RPC_FRAG_MAX);
    rpc_pdu_encode(&b, p);
    bool ok = !builder_failed(&b);
    if (ok && p->type == RPC_RESPONSE && p->auth.present)
        ok = rpc_security_close(&a->security, b.data, b.len, RPC_STUB_OFFSET);
    struct rpc_message *m = ok ? mem_alloc(sizeof *m + b.len) : NULL;
    if (m != NULL) {
        m->len = b.len;
        m->taken = 0;
        memcpy(m->data, b.data, b.len);
        list_append(&a->out, &m->link);
        a->unread += m->len;
        a->messages++;
    }
    builder_free(&b);
    return m != NULL;
}

static struct rpc_message *first_message(const struct rpc_assoc *a)
{
    return list_empty(&a->out) ? NULL : LIST_ENTRY(a->out.next, struct rpc_message, link);
}

size_t rpc_assoc_message(const struct rpc_assoc *a)
{
    const struct rpc_message *m = first_message(a);
    return m != NULL ? m->len - m->taken : 0;
}

size_t rpc_assoc_unread(const struct rpc_assoc *a)
{
    return a->unread;
}

size_t rpc_assoc_message_count(const struct rpc_assoc *a)
{
    return a->messages;
}

bool rpc_assoc_broken(const struct rpc_assoc *a)
{
    return a->state == RPC_BROKEN;
}

size_t rpc_assoc_read(struct rpc_assoc *a, uint8_t *dst, size_t size, bool peek)
{
    MAGIC_CHECK(a, RPC_ASSOC_MAGIC);
    struct rpc_message *m = first_message(a);
    size_t n = MIN(rpc_assoc_message(a), size);
    if (n == 0)
        return 0;
    memcpy(dst, m->data + m->taken, n);
    if (peek)
        return n;
    m->taken += n;
    a->unread -= n;
    if (m->taken == m->len) {
        list_remove(&m->link);
        a->messages--;
        mem_free(m);
    }
    settle(a);
    return n;
}

/* ---------------------------------------------------------------- in */

/* Meanwhile a client may give the call up, or say that it is in a hurry, which we are anyway. A
   second call it may not make: we have not said that we multiplex. */
static bool dispatch_waiting(struct rpc_assoc *a, const struct rpc_pdu *p)
{
    if (p->type == RPC_ORPHANED && p->call_id == a->waiting.call_id)
        a->waiting.orphaned = true;
    if (p->type == RPC_ORPHANED || p->type == RPC_CO_CANCEL)
        return true;
    bool told = rpc_fault(a, p, NCA_S_PROTO_ERROR);
    (void)told; /* it is over either way */
    return false;
}

/* [C706] 12.6.4; what a server never gets is a broken rule. */
static bool dispatch(struct rpc_assoc *a, const struct rpc_pdu *p, struct arena *arena)
{
    if (a->waiting.active)
        return dispatch_waiting(a, p);
    switch (p->type) {
    case RPC_BIND:
    case RPC_ALTER_CONTEXT: return rpc_bind(a, p, arena);
    case RPC_REQUEST: return rpc_request(a, p, arena);
    case RPC_AUTH3: return rpc_auth3(a, p);
    case RPC_ORPHANED: rpc_partial_drop(&a->call); return true;
    case RPC_CO_CANCEL: return true; /* every call has ended by the time we read this */
    default: return false;
    }
}

static bool fragment(struct rpc_assoc *a)
{
    struct arena arena;
    struct rpc_pdu p;
    arena_init(&arena, RPC_ARENA_MAX);
    bool ok = rpc_pdu_decode(a->in.data, a->in.len, &arena, &p) && dispatch(a, &p, &arena);
    arena_clear(&arena);
    builder_truncate(&a->in, 0);
    return ok;
}

/* Moves bytes of the next fragment to a->in; true when it is whole. */
static bool collect(struct rpc_assoc *a, const uint8_t **data, size_t *size)
{
    size_t want = RPC_HEADER_SIZE;
    for (;;) {
        size_t len = rpc_pdu_length(a->in.data, a->in.len);
        if (len == SIZE_MAX) {
            a->state = RPC_BROKEN;
            return false;
        }
        want = MAX(want, len);
        if (a->in.len == want)
            return true;
        size_t n = MIN(want - a->in.len, *size);
        if (n == 0)
            return false;
        builder_bytes(&a->in, *data, n);
        if (builder_failed(&a->in)) {
            a->state = RPC_BROKEN;
            return false;
        }
        *data += n;
        *size -= n;
    }
}

/* SUCCESS: the client may ask for more. */
static smbkit_status room(const struct rpc_assoc *a)
{
    if (a->unread >= RPC_UNREAD_MAX)
        return SMBKIT_STATUS_PIPE_BUSY;
    return within(a->budget) ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
}

smbkit_status rpc_assoc_write(struct rpc_assoc *a, const uint8_t *data, size_t size, uint64_t now)
{
    MAGIC_CHECK(a, RPC_ASSOC_MAGIC);
    if (a->state == RPC_BROKEN)
        return SMBKIT_STATUS_PIPE_DISCONNECTED;
    smbkit_status st = room(a);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    a->now = now;
    while (a->state != RPC_BROKEN && collect(a, &data, &size)) {
        if (room(a) != SMBKIT_STATUS_SUCCESS || !fragment(a))
            a->state = RPC_BROKEN;
        settle(a);
    }
    settle(a);
    return SMBKIT_STATUS_SUCCESS;
}

/* ---------------------------------------------------------------- questions */

const struct rpc_question *rpc_assoc_question(const struct rpc_assoc *a)
{
    MAGIC_CHECK(a, RPC_ASSOC_MAGIC);
    return a->waiting.active ? &a->waiting.question : NULL;
}

void rpc_assoc_answer(struct rpc_assoc *a, const struct rpc_answer *answer)
{
    MAGIC_CHECK(a, RPC_ASSOC_MAGIC);
    ASSERT(a->waiting.active);
    if (!rpc_resume(a, answer))
        a->state = RPC_BROKEN;
    settle(a);
}
