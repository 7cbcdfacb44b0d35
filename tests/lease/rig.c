// SPDX-License-Identifier: Apache-2.0
/* See rig.h. */
#include "lease/rig.h"

#include "lease/lock.h"
#include "lease/oplock.h"
#include <string.h>

#define HALF       1000u /* ns: half the time for an acknowledgment */
#define ALLOCATION 1000u /* locks lie below: they count */

struct rig_client {
    bool waits;
    struct step step;
    struct lease_break_wait break_wait;
    struct lease_lock_wait lock_wait;
};

static struct lease_table table;
static struct lease_open opens[CLIENTS][SLOTS];
static struct rig_client clients[CLIENTS];
static uint64_t now;
static struct list resumed; /* rig_client.break_wait.link */

static struct guid guid_of(int a, int b)
{
    return (struct guid){{(uint8_t)(a + 1), (uint8_t)(b + 1)}};
}

static uint64_t link_of(int file)
{
    return 70u + (uint64_t)file;
}

static struct lease_node *node_of(int file)
{
    const struct lease_key key = {.volume = 1, .file = 100u + (uint64_t)file};
    struct lease_node *n = lease_node_get(&table, &key, false);
    ASSERT(n != NULL);
    return n;
}

static int file_of(const struct lease_open *o)
{
    return (int)(o->node->file - 100);
}

static int position_of(const struct lease_grant *g)
{
    if (g->is_lease)
        return LEASE_AT(g->client.b[0] - 1, g->key.b[1] - 1);
    const struct lease_open *o = CONTAINER_OF((struct lease_grant *)g, struct lease_open, oplock);
    return (int)(o - &opens[0][0]);
}

/* ---------------------------------------------------------------- actions */

static void ended(int client, int file, smbkit_status status, struct answer *out)
{
    out->ended[file][out->ended_count[file]++] = (struct ended){(uint32_t)client + 1, status};
    clients[client].waits = false;
}

static void end_locks(struct list *list, smbkit_status status, struct answer *out)
{
    struct list *it;
    while ((it = list_pop(list)) != NULL) {
        struct lease_lock_wait *w = LIST_ENTRY(it, struct lease_lock_wait, link);
        struct rig_client *c = CONTAINER_OF(w, struct rig_client, lock_wait);
        ended((int)(c - clients), c->step.file, status, out);
    }
}

static void carry_out(struct lease_actions *a, int file, struct answer *out)
{
    struct list *it;
    while ((it = list_pop(&a->breaks)) != NULL) {
        const struct lease_grant *g = LIST_ENTRY(it, struct lease_grant, in_breaks);
        struct notification *n = &out->told[position_of(g)];
        *n = (struct notification){(uint8_t)g->told_from, (uint8_t)g->told_to, g->told_ack,
                                   (uint8_t)(n->times + 1)};
    }
    list_splice(&resumed, &a->resumed);
    end_locks(&a->granted, SMBKIT_STATUS_SUCCESS, out);
    end_locks(&a->cancelled, SMBKIT_STATUS_RANGE_NOT_LOCKED, out);
    if (a->delete_link)
        out->deleted[file] = true;
    ASSERT(!a->delete_stream);
}

/* ---------------------------------------------------------------- requests */

static bool must_wait(int client, struct lease_node *n, int file, enum lease_op op,
                      const struct lease_actor *actor, struct answer *out)
{
    struct lease_actions a;
    lease_actions_init(&a);
    struct lease_break_wait *w = client >= 0 ? &clients[client].break_wait : NULL;
    bool must = lease_break(n, op, actor, now, w, &a);
    carry_out(&a, file, out);
    return must;
}

/* As src/core/cmd/create_claim.c. */
static smbkit_status claim(int client, const struct step *s, struct lease_node *n,
                           const struct lease_open_args *args, struct answer *out)
{
    const struct open_kind *k = &open_kinds[s->arg];
    const struct guid id = guid_of(client, 0), key = guid_of(client, k->key);
    const struct lease_actor actor = {.client = k->lease ? &id : NULL,
                                      .key = k->lease ? &key : NULL,
                                      .access = args->access | args->extra_access};
    enum lease_op op = k->overwrites ? LEASE_OP_OVERWRITE : LEASE_OP_OPEN;
    if (lease_node_delete_pending(n, args->link))
        return SMBKIT_STATUS_DELETE_PENDING;
    if (k->lease && lease_key_check(&table, &id, &key, n) != SMBKIT_STATUS_SUCCESS)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (lease_has_batch(n) && must_wait(client, n, s->file, op, &actor, out))
        return SMBKIT_STATUS_PENDING;
    smbkit_status st = lease_open_check(n, args);
    if (st == SMBKIT_STATUS_SHARING_VIOLATION &&
        must_wait(client, n, s->file, LEASE_OP_SHARING, &actor, out))
        return SMBKIT_STATUS_PENDING;
    if (st == SMBKIT_STATUS_SUCCESS && must_wait(client, n, s->file, op, &actor, out))
        return SMBKIT_STATUS_PENDING;
    return st;
}

static smbkit_status grant(int client, struct lease_open *o, const struct open_kind *k)
{
    const struct lease_request rq = {.client = guid_of(client, 0),
                                     .key = guid_of(client, k->key),
                                     .version = 2,
                                     .state = k->lease,
                                     .allocation = ALLOCATION};
    if (k->lease)
        return lease_grant_lease(o, &rq);
    (void)lease_grant_oplock(o, k->level, ALLOCATION);
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status try_open(int client, const struct step *s, struct answer *out)
{
    const struct open_kind *k = &open_kinds[s->arg];
    struct lease_open *o = &opens[client][s->slot];
    const struct lease_open_args args = {.access = k->access,
                                         .extra_access = k->overwrites ? LEASE_FILE_WRITE_DATA : 0,
                                         .share = k->share,
                                         .link = link_of(s->file),
                                         .delete_on_close = k->delete_on_close};
    struct lease_node *n = node_of(s->file);
    smbkit_status st = claim(client, s, n, &args, out);
    if (st == SMBKIT_STATUS_SUCCESS)
        st = lease_open_attach(n, o, &args);
    lease_node_unref(n);
    return st == SMBKIT_STATUS_SUCCESS ? grant(client, o, k) : st;
}

static smbkit_status try_change(int client, const struct step *s, struct answer *out)
{
    struct lease_open *o = &opens[client][s->slot];
    const struct lease_actor actor = {.open = o};
    const struct lease_disposition d = {.delete_file = s->arg == LEASE_OP_DELETE};
    if (s->arg != UNDELETE &&
        must_wait(client, o->node, s->file, (enum lease_op)s->arg, &actor, out))
        return SMBKIT_STATUS_PENDING;
    if (s->arg == LEASE_OP_DELETE || s->arg == UNDELETE)
        return lease_set_disposition(o, &d);
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status try_lock(int client, const struct step *s, struct answer *out)
{
    struct lease_open *o = &opens[client][s->slot];
    const struct lock_kind *k = &lock_kinds[s->arg];
    const struct lease_actor actor = {.open = o};
    const struct range_kind *range = &ranges[k->range];
    const struct lease_lock_elem e = {
        range->offset, range->length,
        (uint32_t)(k->exclusive ? LEASE_LOCK_EXCLUSIVE : LEASE_LOCK_SHARED) |
            (k->waits ? 0 : LEASE_LOCK_FAIL_IMMEDIATELY)};
    struct lease_actions a;
    if (must_wait(client, o->node, s->file, LEASE_OP_LOCK, &actor, out))
        return SMBKIT_STATUS_PENDING;
    lease_actions_init(&a);
    smbkit_status st = lease_lock_request(o, &e, 1, &clients[client].lock_wait, &a);
    carry_out(&a, s->file, out);
    return st;
}

static smbkit_status attempt(int client, struct answer *out)
{
    const struct step s = clients[client].step;
    smbkit_status st = s.kind == STEP_OPEN   ? try_open(client, &s, out)
                       : s.kind == STEP_LOCK ? try_lock(client, &s, out)
                                             : try_change(client, &s, out);
    clients[client].waits = st == SMBKIT_STATUS_PENDING;
    return st;
}

/* ---------------------------------------------------------------- other steps */

static smbkit_status begin(const struct step *s, struct answer *out)
{
    struct rig_client *c = &clients[s->client];
    c->step = *s;
    if (s->kind != STEP_OPEN)
        c->step.file = (uint8_t)file_of(&opens[s->client][s->slot]);
    return attempt(s->client, out);
}

static smbkit_status unlock(const struct step *s, struct answer *out)
{
    struct lease_open *o = &opens[s->client][s->slot];
    struct lease_actions a;
    lease_actions_init(&a);
    smbkit_status st = lease_unlock(o, ranges[s->arg].offset, ranges[s->arg].length, &a);
    carry_out(&a, file_of(o), out);
    return st;
}

/* As src/core/open.c. */
static void close_open(struct lease_open *o, struct answer *out)
{
    int file = file_of(o);
    const struct lease_actor actor = {.open = o};
    struct lease_actions a;
    if (o->args.delete_on_close && must_wait(-1, o->node, file, LEASE_OP_DELETE, &actor, out))
        ASSERT(false);
    lease_actions_init(&a);
    lease_open_detach(o, true, &a);
    carry_out(&a, file, out);
}

static void cancel(int client, struct answer *out)
{
    struct rig_client *c = &clients[client];
    lease_break_cancel(&c->break_wait);
    lease_lock_cancel(&c->lock_wait);
    ended(client, c->step.file, SMBKIT_STATUS_CANCELLED, out);
}

static smbkit_status ack_lease(const struct step *s, struct lease_actions *a)
{
    int at = s->slot - CLIENTS * SLOTS;
    const struct guid id = guid_of(at / KEYS, 0), key = guid_of(at / KEYS, at % KEYS);
    uint32_t state = 0;
    for (int i = 0; i < CLIENTS * SLOTS; i++) {
        const struct lease_grant *g = (&opens[0][0])[i].grant;
        if (g != NULL && position_of(g) == s->slot)
            state = s->arg == ACK_TOLD ? g->break_to : s->arg == ACK_NOTHING ? 0 : LEASE_RWH;
    }
    return lease_ack_lease(&table, &id, &key, state, now, a);
}

static void acknowledge(const struct step *s, struct answer *out)
{
    struct lease_actions a;
    lease_actions_init(&a);
    struct lease_open *o = s->slot < CLIENTS * SLOTS ? &(&opens[0][0])[s->slot] : NULL;
    if (o == NULL) {
        out->status = ack_lease(s, &a);
    } else {
        out->level = s->arg == ACK_TOLD      ? lease_level_of(o->grant->break_to)
                     : s->arg == ACK_NOTHING ? LEASE_OPLOCK_NONE
                                             : LEASE_OPLOCK_BATCH;
        out->status = lease_ack_oplock(o, &out->level, now, &a);
    }
    carry_out(&a, 0, out);
}

static void tick(struct answer *out)
{
    struct lease_actions a;
    lease_actions_init(&a);
    now += HALF;
    lease_expire(&table, now, &a);
    carry_out(&a, 0, out);
}

static void noise(int file, struct answer *out)
{
    const struct lease_scope scope = {.volume = 1, .has_link = true, .link = link_of(file)};
    struct lease_actions a;
    lease_actions_init(&a);
    lease_break_changed(&table, &scope, now, &a);
    carry_out(&a, file, out);
}

static void run_resumed(struct answer *out)
{
    struct list *it;
    while ((it = list_pop(&resumed)) != NULL) {
        struct lease_break_wait *w = LIST_ENTRY(it, struct lease_break_wait, link);
        struct rig_client *c = CONTAINER_OF(w, struct rig_client, break_wait);
        int client = (int)(c - clients);
        smbkit_status st = attempt(client, out);
        if (st != SMBKIT_STATUS_PENDING)
            ended(client, c->step.file, st, out);
    }
}

void rig_apply(const struct step *s, struct answer *out)
{
    memset(out, 0, sizeof *out);
    switch ((enum step_kind)s->kind) {
    case STEP_OPEN:
    case STEP_CHANGE:
    case STEP_LOCK: out->status = begin(s, out); break;
    case STEP_UNLOCK: out->status = unlock(s, out); break;
    case STEP_CLOSE: close_open(&opens[s->client][s->slot], out); break;
    case STEP_CANCEL: cancel(s->client, out); break;
    case STEP_ACK: acknowledge(s, out); break;
    case STEP_TICK: tick(out); break;
    case STEP_NOISE: noise(s->file, out); break;
    }
    run_resumed(out);
}

/* ---------------------------------------------------------------- what can be seen */

static void view_grant(const struct lease_grant *g, struct view_grant *v)
{
    *v = (struct view_grant){true, g->breaking, (uint8_t)g->state,
                             g->breaking ? (uint8_t)g->break_to : 0, g->epoch};
}

static void view_open(const struct lease_open *o, struct view_open *v)
{
    v->attached = true;
    v->delete_pending = lease_open_delete_pending(o);
    v->lock_count = (uint8_t)o->lock_count;
    if (o->grant != NULL)
        v->grant_plus_1 = (uint8_t)(position_of(o->grant) + 1);
    for (int i = 0; i < RANGES; i++) {
        uint64_t offset = ranges[i].offset, length = ranges[i].length;
        v->may_read[i] = lease_check_io(o, offset, length, false) == SMBKIT_STATUS_SUCCESS;
        v->may_write[i] = lease_check_io(o, offset, length, true) == SMBKIT_STATUS_SUCCESS;
    }
}

void rig_view(struct view *out)
{
    uint64_t due = lease_next_deadline(&table);
    memset(out, 0, sizeof *out);
    for (int c = 0; c < CLIENTS; c++) {
        out->waits[c] = clients[c].waits;
        for (int s = 0; s < SLOTS; s++) {
            const struct lease_open *o = &opens[c][s];
            if (!lease_open_attached(o))
                continue;
            view_open(o, &out->opens[c][s]);
            if (o->grant != NULL)
                view_grant(o->grant, &out->grants[position_of(o->grant)]);
        }
    }
    if (due != UINT64_MAX)
        out->deadline = (uint8_t)((due - now) / HALF);
}

/* ---------------------------------------------------------------- life */

void rig_begin(void)
{
    struct lease_limits limits = LEASE_LIMITS_DEFAULT;
    limits.break_timeout = 2 * HALF;
    lease_table_init(&table, &limits);
    list_init(&resumed);
    now = 0;
    memset(clients, 0, sizeof clients);
    for (int c = 0; c < CLIENTS; c++) {
        lease_break_wait_init(&clients[c].break_wait);
        lease_lock_wait_init(&clients[c].lock_wait);
        for (int s = 0; s < SLOTS; s++)
            lease_open_init(&opens[c][s]);
    }
}

void rig_end(void)
{
    struct answer ignored;
    memset(&ignored, 0, sizeof ignored);
    for (int c = 0; c < CLIENTS; c++) {
        lease_break_cancel(&clients[c].break_wait);
        lease_lock_cancel(&clients[c].lock_wait);
    }
    for (int i = 0; i < CLIENTS * SLOTS; i++) {
        struct lease_open *o = &(&opens[0][0])[i];
        if (!lease_open_attached(o))
            continue;
        struct lease_actions a;
        lease_actions_init(&a);
        lease_open_detach(o, false, &a);
    }
    ASSERT(lease_next_deadline(&table) == UINT64_MAX);
    lease_table_free(&table);
}
