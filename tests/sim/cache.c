// SPDX-License-Identifier: Apache-2.0
/* See cache.h. */
#include "sim/cache.h"

#include "base/mem.h"
#include "sim/actor.h"
#include <string.h>

#define R   SMB2_LEASE_READ_CACHING
#define H   SMB2_LEASE_HANDLE_CACHING
#define W   SMB2_LEASE_WRITE_CACHING
#define RWH (R | W | H)

/* What an event takes from leases and from oplocks of others, in the words of [MS-FSA] 2.1.4.12. */
static const struct {
    uint32_t lease, oplock;
    bool batch; /* a batch oplock goes altogether */
    bool own_level2;
} events[CACHE_EVENTS] = {
    [CACHE_OPEN] = {W, W | H, false, false},   [CACHE_OVERWRITE] = {R | W, RWH, false, false},
    [CACHE_WRITE] = {R | W, RWH, false, true}, [CACHE_RENAME] = {H, 0, true, false},
    [CACHE_DELETE] = {H, 0, false, false},
};

static uint32_t legal(uint32_t state)
{
    return state & R ? state : 0;
}

static uint32_t of_level(uint8_t level)
{
    return level == SMB2_OPLOCK_LEVEL_BATCH       ? RWH
           : level == SMB2_OPLOCK_LEVEL_EXCLUSIVE ? R | W
           : level == SMB2_OPLOCK_LEVEL_II        ? R
                                                  : 0;
}

static bool judged(const struct op *op, const struct model_file *f)
{
    return !f->fuzzy && !op->actor->sim->faults;
}

static uint64_t time_out_of(const struct actor *a)
{
    return a->sim->world.config.core.break_timeout;
}

/* ---------------------------------------------------------------- granting */

static struct model_cache *lease_of(const struct model_file *f, const struct actor *a,
                                    const struct guid *key)
{
    LIST_FOREACH (it, &f->caches) {
        struct model_cache *c = LIST_ENTRY(it, struct model_cache, link);
        if (c->is_lease && c->owner == a && guid_equal(&c->key, key))
            return c;
    }
    return NULL;
}

static struct model_cache *any_lease(const struct logon *l, const struct model_file *f)
{
    uint64_t n = 0;
    struct model_cache *found = NULL;
    LIST_FOREACH (it, &f->caches) {
        struct model_cache *c = LIST_ENTRY(it, struct model_cache, link);
        if (c->is_lease && c->owner == l->actor && world_below(actor_world(l->actor), ++n) == 0)
            found = c;
    }
    return found;
}

struct cache_wish cache_draw(struct logon *l, struct model_file *f)
{
    static const uint8_t levels[] = {SMB2_OPLOCK_LEVEL_II, SMB2_OPLOCK_LEVEL_EXCLUSIVE,
                                     SMB2_OPLOCK_LEVEL_BATCH};
    static const uint32_t states[] = {R, R | H, R | W, RWH, RWH};
    struct actor *a = l->actor;
    struct world *w = actor_world(a);
    struct cache_wish wish = {0};
    if (world_chance(w, 400))
        return wish;
    wish.level = levels[world_below(w, ARRAY_LEN(levels))];
    if (!(a->smb.server_capabilities & SMB2_GLOBAL_CAP_LEASING) || world_chance(w, 300))
        return wish;
    struct model_cache *c = world_chance(w, 500) ? any_lease(l, f) : NULL;
    wish.level = SMB2_OPLOCK_LEVEL_LEASE;
    wish.joins = c != NULL;
    wish.version = a->smb.dialect >= SMB2_DIALECT_300 && world_chance(w, 700) ? 2 : 1;
    wish.state = states[world_below(w, ARRAY_LEN(states))];
    if (c != NULL)
        wish.key = c->key;
    else /* never used again: the key of a lease belongs to one file */
        le64_store(wish.key.b, ++a->sim->next_key);
    return wish;
}

static struct model_cache *cache_new(struct actor *a, struct model_handle *h, bool lease)
{
    struct model_cache *c = mem_zalloc(sizeof *c);
    ASSERT(c != NULL);
    c->owner = a;
    c->file = h->file;
    c->is_lease = lease;
    list_append(&h->file->caches, &c->link);
    return c;
}

void cache_put(struct model_cache *c)
{
    if (--c->uses > 0)
        return;
    list_remove(&c->link);
    mem_free(c);
}

bool cache_granted(struct op *op, struct model_handle *h, const struct wire_create_rsp *rsp)
{
    const struct cache_wish *wish = &op->wish;
    struct actor *a = op->actor;
    struct wire_create_rsp_ctxs x;
    uint32_t state = of_level(rsp->oplock_level);
    bool lease = rsp->oplock_level == SMB2_OPLOCK_LEVEL_LEASE;
    if (lease) {
        if (!wire_create_rsp_ctxs_parse(rsp->ctxs, rsp->ctx_count, &x) ||
            !(x.present & WIRE_CTX_BIT(WIRE_CTX_RQLS)) || wish->level != SMB2_OPLOCK_LEVEL_LEASE ||
            !guid_equal(&x.lease.key, &wish->key))
            return op_violation(op, "a lease that nobody has asked for");
        state = x.lease.state;
    }
    struct model_cache *c = lease ? lease_of(h->file, a, &wish->key) : NULL;
    uint32_t most = lease ? wish->state | (c != NULL ? c->state : 0) : of_level(wish->level);
    bool overtaken = c != NULL && (state & ~most) != 0;
    if (overtaken) /* by the answer to an acknowledgment: what is held now is not known */
        c->doubtful = true;
    else if ((state & ~most) != 0 || state != legal(state))
        return judged(op, h->file) ? op_violation(op, "granted more than asked for") : true;
    if (!lease && state == 0)
        return true;
    if (c == NULL)
        c = cache_new(a, h, lease);
    bool running = lease && (x.lease.flags & SMB2_LEASE_FLAG_BREAK_IN_PROGRESS);
    c->key = wish->key;
    c->id = rsp->file_id;
    c->state = state;
    c->doubtful = c->doubtful || h->file->fuzzy || (running && !c->breaking);
    c->breaking = c->breaking && running;
    c->lost = 0;
    c->uses++;
    h->cache = c;
    op->actor->sim->world.stats->granted[state & RWH]++;
    return true;
}

/* ---------------------------------------------------------------- taking away */

static bool only_looks(uint32_t access, bool lease)
{
    uint32_t harmless = FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | SYNCHRONIZE;
    return (access & ~(lease ? harmless | READ_CONTROL : harmless)) == 0;
}

/* Somebody's operation, which takes `bits`, was answered while the cache was like this. */
static void take(struct op *op, struct model_cache *c, uint32_t bits)
{
    uint64_t answered = op->actor->conn->delivering_at;
    uint32_t keeps = c->state & ~bits;
    if (keeps == c->state || !judged(op, c->file) || c->doubtful)
        return;
    op->actor->sim->world.stats->taken++;
    bool waits = (c->state & bits & (W | H)) != 0;
    if (!c->breaking || c->acknowledged) {
        c->lost = bits;
        c->lost_at = answered;
        c->marked = false;
    } else if (waits && answered < c->told_at + time_out_of(op->actor)) {
        op_violation(op, "answered before others have given up what they cache");
    }
}

static void each_other(struct op *op, const struct model_handle *by, enum cache_event event,
                       uint32_t access)
{
    LIST_FOREACH (it, &by->file->caches) {
        struct model_cache *c = LIST_ENTRY(it, struct model_cache, link);
        bool opens = event == CACHE_OPEN || event == CACHE_OVERWRITE;
        uint32_t bits = c->is_lease ? events[event].lease : events[event].oplock;
        if (!c->is_lease && events[event].batch && (c->state & H))
            bits = RWH;
        bool level2 = !c->is_lease && c->state == R && events[event].own_level2;
        if ((c == by->cache && !level2) || (opens && only_looks(access, c->is_lease)))
            continue;
        if (c == by->cache && op->head != NULL) /* told before the CREATE was answered */
            c->doubtful = true;
        else
            take(op, c, bits);
    }
}

void cache_event(struct op *op, const struct model_handle *by, enum cache_event event)
{
    each_other(op, by, event, 0);
}

void cache_opened(struct op *op, const struct model_handle *h, uint32_t action)
{
    bool overwrites = action == FILE_OVERWRITTEN || action == FILE_SUPERSEDED;
    uint32_t access = op->create.access | (overwrites ? FILE_WRITE_DATA : 0);
    each_other(op, h, overwrites ? CACHE_OVERWRITE : CACHE_OPEN, access);
    if (h->cache == NULL || h->cache->state == 0)
        return;
    LIST_FOREACH (it, &h->file->caches) { /* what was granted conflicts with the W of any other */
        struct model_cache *c = LIST_ENTRY(it, struct model_cache, link);
        if (c != h->cache)
            take(op, c, h->cache->state & W ? RWH : W);
    }
}

/* ---------------------------------------------------------------- being told */

static struct model_cache *find_told(struct actor *a, const struct wire_break_notification *n)
{
    struct model *m = &a->sim->model;
    for (size_t i = 0; i < MODEL_FILES; i++)
        LIST_FOREACH (it, &m->files[i].caches) {
            struct model_cache *c = LIST_ENTRY(it, struct model_cache, link);
            if (c->owner != a || c->is_lease != n->is_lease)
                continue;
            if (n->is_lease ? guid_equal(&c->key, &n->lease_key)
                            : c->id.persistent == n->file_id.persistent)
                return c;
        }
    return NULL;
}

static bool judge_told(struct actor *a, const struct model_cache *c, uint32_t from, uint32_t to)
{
    const char *name = c->file->name;
    uint64_t now = a->conn->delivering_at;
    if (a->sim->faults || c->doubtful || c->file->fuzzy)
        return true;
    if (from != c->state)
        return sim_broken(a->sim, "client %u, %s: breaks from %u, it has %u", a->index, name, from,
                          c->state);
    if ((to & ~from) != 0)
        return sim_broken(a->sim, "client %u, %s: breaks from %u to %u", a->index, name, from, to);
    bool in_time = c->lost_at < now + time_out_of(a);
    if ((to & c->lost) != 0 && in_time)
        return sim_broken(a->sim, "client %u, %s: breaks to %u, which still has %u", a->index, name,
                          to, c->lost);
    /* the operation that takes it has been answered already, and nobody had been asked */
    if ((from & c->lost & (W | H)) != 0 && in_time)
        return sim_broken(a->sim, "client %u, %s: told after the fact", a->index, name);
    return true;
}

void cache_told(struct actor *a, const struct wire_break_notification *n)
{
    struct model_cache *c = find_told(a, n);
    struct sim_stats *st = actor_world(a)->stats;
    st->told++;
    if (c == NULL)
        return;
    uint32_t from = n->is_lease ? n->current_state : c->state;
    uint32_t to = n->is_lease ? n->new_state : of_level(n->oplock_level);
    world_trace(actor_world(a), "client %u is told that its %s on %s breaks from %u to %u",
                a->index, c->is_lease ? "lease" : "oplock", c->file->name, from, to);
    st->told_exact++;
    if (!judge_told(a, c, from, to))
        return;
    c->breaking = (from & (W | H)) != 0;
    c->acknowledged = false;
    c->state = c->breaking ? from : to;
    c->to = to;
    c->told_at = a->conn->delivering_at;
    c->lost = 0;
}

void cache_check(struct actor *a)
{
    struct model *m = &a->sim->model;
    if (a->conn == NULL || a->sim->faults)
        return;
    for (size_t i = 0; i < MODEL_FILES; i++)
        LIST_FOREACH (it, &m->files[i].caches) {
            struct model_cache *c = LIST_ENTRY(it, struct model_cache, link);
            /* what follows from an acknowledgment is told by a timer that is due at once */
            if (!c->marked && !c->answering && actor_world(a)->now > c->lost_at) {
                c->marked = true;
                c->mark = c->owner->conn->sent_to_client;
            }
            if (c->owner == a && c->marked && (c->state & c->lost) != 0 && !c->acknowledged &&
                !c->doubtful && !c->file->fuzzy && a->conn->delivered_to_client >= c->mark)
                sim_broken(a->sim, "client %u, %s: nobody has told it that it loses %u of %u",
                           a->index, c->file->name, c->lost, c->state);
        }
}

/* ---------------------------------------------------------------- acknowledging */

static struct model_cache *pick_breaking(struct logon *l)
{
    struct model *m = &l->actor->sim->model;
    uint64_t n = 0;
    struct model_cache *found = NULL;
    for (size_t i = 0; i < MODEL_FILES; i++)
        LIST_FOREACH (it, &m->files[i].handles) { /* an oplock is of one session */
            struct model_handle *h = LIST_ENTRY(it, struct model_handle, link);
            struct model_cache *c = h->cache;
            if (h->owner == l && !h->closing && c != NULL && c->breaking && !c->answering &&
                world_below(actor_world(l->actor), ++n) == 0)
                found = c;
        }
    return found;
}

/* The status that an acknowledgment in time gets. */
static smbkit_status expect_ack(const struct op *op)
{
    const struct model_cache *c = op->cache;
    if (c->is_lease)
        return op->ack.lease_state & ~c->to ? SMBKIT_STATUS_REQUEST_NOT_ACCEPTED
                                            : SMBKIT_STATUS_SUCCESS;
    uint8_t level = op->ack.oplock_level;
    if (level == SMB2_OPLOCK_LEVEL_LEASE)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (level == SMB2_OPLOCK_LEVEL_BATCH ||
        (level == SMB2_OPLOCK_LEVEL_EXCLUSIVE && !(c->state & H)))
        return SMBKIT_STATUS_INVALID_OPLOCK_PROTOCOL;
    return SMBKIT_STATUS_SUCCESS;
}

static void judge_ack(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    struct model_cache *c = op->cache;
    struct sim_stats *st = actor_world(op->actor)->stats;
    c->answering = false;
    if (!c->marked) /* what else it loses is told after this */
        c->lost_at = op->actor->conn->delivering_at;
    if (c->uses == 1) /* its last handle was closed on the way */
        return;
    smbkit_status late =
        c->is_lease ? SMBKIT_STATUS_UNSUCCESSFUL : SMBKIT_STATUS_INVALID_DEVICE_STATE;
    uint64_t answered = op->actor->conn->delivering_at;
    bool was_late = answered >= c->told_at + time_out_of(op->actor) && status == late;
    op->expected = expect_ack(op);
    st->acks_late += was_late;
    st->acks_right += status == SMBKIT_STATUS_SUCCESS;
    st->acks_wrong += !was_late && status != SMBKIT_STATUS_SUCCESS;
    c->acknowledged = false;
    if (!c->breaking) /* a CREATE has made something new of it */
        return;
    if (!was_late && judged(op, c->file) && !c->doubtful)
        op_judge_status(op, rp, status);
    if (status == SMBKIT_STATUS_REQUEST_NOT_ACCEPTED)
        return; /* it breaks on */
    bool accepted = status == SMBKIT_STATUS_SUCCESS;
    /* exclusive instead of batch is as good as nothing ([MS-SMB2] note 440) */
    uint32_t level = op->ack.oplock_level == SMB2_OPLOCK_LEVEL_II ? c->to : 0;
    uint32_t state = c->is_lease ? op->ack.lease_state : level;
    c->state = accepted ? legal(state) : 0;
    c->breaking = false;
}

/* Rightly, or giving up more than it must; now and then wrongly. Late it is by itself. */
static void draw_ack(struct op *op)
{
    static const uint8_t levels[] = {SMB2_OPLOCK_LEVEL_LEASE, SMB2_OPLOCK_LEVEL_BATCH,
                                     SMB2_OPLOCK_LEVEL_EXCLUSIVE};
    const struct model_cache *c = op->cache;
    struct world *w = actor_world(op->actor);
    bool wrong = world_chance(w, 150);
    uint32_t less = world_chance(w, 700) ? c->to : c->to & (uint32_t)world_below(w, 8);
    op->ack = (struct wire_oplock_break){.is_lease = c->is_lease,
                                         .file_id = c->id,
                                         .lease_key = c->key,
                                         .lease_state = wrong ? c->state : legal(less)};
    op->ack.oplock_level = wrong      ? levels[world_below(w, ARRAY_LEN(levels))]
                           : less & R ? SMB2_OPLOCK_LEVEL_II
                                      : SMB2_OPLOCK_LEVEL_NONE;
}

bool cache_acknowledge(struct logon *l)
{
    struct model_cache *c = pick_breaking(l);
    if (c == NULL)
        return false;
    struct op *op = op_new(l->actor, l, SMB2_OPLOCK_BREAK, 0);
    op->cache = c;
    c->uses++;
    op->judge = judge_ack;
    op_on_file(op, c->file);
    draw_ack(op);
    union wire_any body = {.oplock_break_req = op->ack};
    struct smbclient_element e = op_element(op, &body);
    c->acknowledged = expect_ack(op) != SMBKIT_STATUS_REQUEST_NOT_ACCEPTED;
    c->answering = true;
    if (!op_send(l->actor, &op, &e, 1, 0)) /* no credits: `c` has another use, its handle's */
        c->answering = c->acknowledged = false;
    return true;
}
