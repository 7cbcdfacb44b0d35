// SPDX-License-Identifier: Apache-2.0
/*
 * Durable opens. Limits: CORE_KEPT_MAX opens in all (clients that open, drop and come again), five
 * minutes each, resilient ones for as long as the option says.
 */
#include "core/durable.h"
#include "base/mem.h"
#include "base/utf.h"
#include "core/conn.h"
#include "core/core.h"
#include "core/open.h"
#include "core/request.h"
#include "core/session.h"
#include "core/share.h"
#include "core/state.h"
#include "core/tree.h"
#include <string.h>

#define CORE_KEPT_MAX        65536u
#define TIMEOUT_DEFAULT_MS   60000u
#define TIMEOUT_MAX_MS       300000u /* 3.3.5.9.10 */
#define RESILIENT_DEFAULT_MS 120000u /* 3.3.5.15.9, as Windows */

static uint64_t guid_hash(const struct guid *g)
{
    return hash_bytes(g->b, sizeof g->b);
}

static void time_is_up(struct timer *t)
{
    struct core_durable *d = CONTAINER_OF(t, struct core_durable, scavenger);
    open_shut(CONTAINER_OF(d, struct core_open, durable), NULL); /* 3.3.6.2 */
}

/* ---------------------------------------------------------------- becoming durable */

/* Is what the client holds enough to break it away when somebody else comes? */
static bool held_safely(const struct core_open *o)
{
    const struct lease_grant *g = o->lease.grant;
    if (g == NULL || g->breaking)
        return false;
    if (g->is_lease)
        return (g->state & SMB2_LEASE_HANDLE_CACHING) != 0;
    return lease_level_of(g->state) == SMB2_OPLOCK_LEVEL_BATCH;
}

static void forget_owner(struct core_durable *d)
{
    mem_free(d->owner);
    mem_free(d->user);
    d->owner = d->user = NULL;
}

static bool take_owner(struct core_durable *d, const struct core_session *s)
{
    d->owner = mem_strdup(s->user_id);
    d->user = mem_strdup(s->user);
    if (d->owner == NULL || d->user == NULL)
        forget_owner(d);
    return d->owner != NULL;
}

/* 3.3.5.9.10: opens that only look at attributes can as well be made again. */
static bool worth_replaying(const struct core_open *o)
{
    const uint32_t uses =
        FILE_READ_DATA | FILE_EXECUTE | FILE_WRITE_DATA | FILE_APPEND_DATA | DELETE;
    return !o->is_directory && (o->access & uses) != 0;
}

void durable_grant(struct core_open *o, const struct durable_request *rq)
{
    struct core_durable *d = &o->durable;
    bool durable = !o->is_directory && held_safely(o);
    if (o->session->is_guest || o->session->is_anonymous || (!durable && !rq->v2))
        return;
    if (!take_owner(d, o->session))
        return;
    if (rq->v2 && !htab_insert(&o->core->guids, &d->by_guid, guid_hash(&rq->create_guid))) {
        forget_owner(d);
        return;
    }
    timer_init(&d->scavenger, time_is_up);
    d->kind = durable ? DURABLE_WHILE_CACHED : DURABLE_NONE;
    d->v2 = rq->v2;
    d->replayable = rq->v2 && worth_replaying(o);
    d->create_guid = rq->create_guid;
    d->client = rq->client;
    d->timeout_ms = rq->timeout_ms != 0 ? MIN(rq->timeout_ms, TIMEOUT_MAX_MS) : TIMEOUT_DEFAULT_MS;
}

/* Unlike a durable open it may be a folder's, or one without caches. */
smbkit_status durable_make_resilient(struct core_request *r, uint32_t timeout_ms)
{
    struct core_open *o = r->open;
    struct core_durable *d = &o->durable;
    uint64_t max_ms = o->core->config.max_resiliency / NS_PER_MS;
    if (max_ms == 0 || o->session->is_guest || o->session->is_anonymous)
        return SMBKIT_STATUS_NOT_SUPPORTED;
    if (timeout_ms / 1000 > max_ms / 1000)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (d->owner == NULL) {
        if (!take_owner(d, o->session))
            return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
        timer_init(&d->scavenger, time_is_up);
        d->client = request_conn(r)->client_guid;
    }
    d->kind = DURABLE_RESILIENT;
    d->timeout_ms = timeout_ms != 0 ? timeout_ms : MIN(RESILIENT_DEFAULT_MS, max_ms);
    return SMBKIT_STATUS_SUCCESS;
}

void durable_forget(struct core_open *o)
{
    struct core_durable *d = &o->durable;
    if (d->owner == NULL)
        return;
    d->kind = DURABLE_NONE;
    d->replayable = false;
    timerq_cancel(&o->core->timers, &d->scavenger);
    if (d->v2)
        htab_remove(&o->core->guids, &d->by_guid);
    forget_owner(d);
}

/* ---------------------------------------------------------------- being made */

smbkit_status durable_begin(struct core *c, struct durable_pending *p)
{
    uint64_t hash = guid_hash(&p->create_guid);
    for (struct htab_node *n = htab_first(&c->creating, hash); n != NULL; n = htab_next(n)) {
        struct durable_pending *q = CONTAINER_OF(n, struct durable_pending, by_guid);
        if (guid_equal(&q->create_guid, &p->create_guid) && guid_equal(&q->client, &p->client))
            return SMBKIT_STATUS_FILE_NOT_AVAILABLE;
    }
    p->on = htab_insert(&c->creating, &p->by_guid, hash);
    return p->on ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
}

void durable_end(struct core *c, struct durable_pending *p)
{
    if (p->on)
        htab_remove(&c->creating, &p->by_guid);
    p->on = false;
}

/* ---------------------------------------------------------------- keeping */

/* Ranges that are locked without a write cache would keep others from what nobody uses: Windows
   does not keep such opens. */
static bool locks_allow(const struct core_open *o)
{
    const struct lease_grant *g = o->lease.grant;
    return o->lease.lock_count == 0 || !g->is_lease || (g->state & SMB2_LEASE_WRITE_CACHING);
}

static bool may_be_kept(const struct core_open *o)
{
    if (o->durable.kind == DURABLE_WHILE_CACHED)
        return held_safely(o) && locks_allow(o);
    return o->durable.kind == DURABLE_RESILIENT;
}

bool durable_gives_way(const struct core_open *o)
{
    return o->state == OPEN_KEPT && o->durable.kind == DURABLE_WHILE_CACHED;
}

bool durable_keep(struct core_open *o)
{
    struct core *c = o->core;
    struct core_durable *d = &o->durable;
    if (o->state != OPEN_LIVE || !may_be_kept(o) || c->kept.count >= CORE_KEPT_MAX)
        return false;
    htab_remove(&o->session->opens, &o->by_id);
    if (!htab_insert(&c->kept, &o->by_id, hash_u64(o->persistent_id))) {
        /* cannot fail: the session's table has had room for it, and this one has its buckets */
        if (!htab_insert(&o->session->opens, &o->by_id, hash_u64(o->volatile_id)))
            ASSERT(!"a table that had room");
        return false;
    }
    o->state = OPEN_KEPT;
    timerq_set(&c->timers, &d->scavenger, c->now + d->timeout_ms * NS_PER_MS);
    struct core_session *s = o->session;
    struct core_tree *t = o->tree;
    d->share = t->share;
    d->share->refs++;
    o->session = NULL;
    o->tree = NULL;
    s->open_count--;
    open_complete_waiters(o);
    tree_unref(t);
    session_unref(s);
    return true;
}

void core_drop_kept(struct core *c)
{
    struct htab_node *n;
    MAGIC_CHECK(c, CORE_MAGIC);
    while ((n = htab_walk(&c->kept, NULL)) != NULL)
        durable_drop(CONTAINER_OF(n, struct core_open, by_id));
}

void durable_drop_volume(struct core *c, const struct vfs_volume *v)
{
    struct htab_node *n = htab_walk(&c->kept, NULL);
    while (n != NULL) {
        struct core_open *o = CONTAINER_OF(n, struct core_open, by_id);
        struct htab_node *next = htab_walk(&c->kept, n);
        bool gone = o->volume == v;
        if (gone)
            durable_drop(o);
        n = gone ? htab_walk(&c->kept, NULL) : next;
    }
}

void durable_drop(struct core_open *o)
{
    if (o->state == OPEN_KEPT)
        open_shut(o, NULL);
}

static struct core_open *kept_beside(const struct core_open *o)
{
    LIST_FOREACH (it, &o->lease.node->opens) {
        struct lease_open *lo = LIST_ENTRY(it, struct lease_open, in_node);
        struct core_open *other = CONTAINER_OF(lo, struct core_open, lease);
        if (lo->link == o->lease.link && durable_gives_way(other))
            return other;
    }
    return NULL;
}

/* The break for a deletion passes over the lease of who deletes. But what is kept under that lease
   its client may have given up: it asked for the file to go, and not for the open. One that was
   kept itself does not do this, lest thousands of them do it inside each other. */
void durable_drop_deleted(const struct core_open *o)
{
    struct core_open *other;
    if (o->session == NULL ||
        !(o->lease.args.delete_on_close || lease_open_delete_pending(&o->lease)))
        return;
    while ((other = kept_beside(o)) != NULL)
        durable_drop(other);
}

/* ---------------------------------------------------------------- finding and resuming */

static struct core_open *kept_find(struct core *c, uint64_t persistent_id)
{
    for (struct htab_node *n = htab_first(&c->kept, hash_u64(persistent_id)); n != NULL;
         n = htab_next(n)) {
        struct core_open *o = CONTAINER_OF(n, struct core_open, by_id);
        if (o->persistent_id == persistent_id)
            return o;
    }
    return NULL;
}

struct core_open *durable_find_guid(struct core *c, const struct guid *create_guid,
                                    const struct guid *client)
{
    for (struct htab_node *n = htab_first(&c->guids, guid_hash(create_guid)); n != NULL;
         n = htab_next(n)) {
        struct core_open *o = CONTAINER_OF(n, struct core_open, durable.by_guid);
        if (o->durable.replayable && guid_equal(&o->durable.create_guid, create_guid) &&
            guid_equal(&o->durable.client, client))
            return o;
    }
    return NULL;
}

/* The lease of the open must be the one that the client says it has (3.3.5.9.7, 3.3.5.9.12). */
static smbkit_status check_lease(const struct core_request *r, const struct core_open *o,
                                 const struct durable_reconnect *rc)
{
    const struct lease_grant *g = o->lease.grant;
    if (g == NULL || !g->is_lease)
        return rc->lease == NULL ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    if (rc->lease == NULL || rc->lease->version != g->version ||
        !guid_equal(&rc->lease->key, &g->key) ||
        !guid_equal(&o->durable.client, &request_conn(r)->client_guid))
        return SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    if (rc->path == NULL || utf8_casecmp(o->path, strlen(o->path), rc->path, strlen(rc->path)) != 0)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status check(const struct core_request *r, const struct core_open *o,
                           const struct durable_reconnect *rc)
{
    if (o == NULL || o->volume != r->volume || (durable_gives_way(o) && !held_safely(o)))
        return SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    if (rc->v2 && !guid_equal(&rc->create_guid, &o->durable.create_guid))
        return SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    smbkit_status st = check_lease(r, o, rc);
    if (st == SMBKIT_STATUS_SUCCESS && strcmp(o->durable.owner, r->session->user_id) != 0)
        st = SMBKIT_STATUS_ACCESS_DENIED;
    return st;
}

smbkit_status durable_resume(struct core_request *r, const struct durable_reconnect *rc,
                             struct core_open **out)
{
    struct core *c = request_core(r);
    struct core_session *s = r->session;
    struct core_open *o = kept_find(c, rc->persistent_id);
    smbkit_status st = check(r, o, rc);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    uint64_t volatile_id = s->next_volatile_id++;
    if (s->open_count >= c->config.max_opens)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    htab_remove(&c->kept, &o->by_id);
    if (!htab_insert(&s->opens, &o->by_id, hash_u64(volatile_id))) {
        if (!htab_insert(&c->kept, &o->by_id, hash_u64(o->persistent_id)))
            ASSERT(!"a table that had room");
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    timerq_cancel(&c->timers, &o->durable.scavenger);
    o->volatile_id = volatile_id;
    o->session = session_ref(s);
    o->tree = tree_ref(r->tree);
    o->state = OPEN_LIVE;
    share_unref(o->durable.share);
    o->durable.share = NULL;
    if (request_conn(r)->dialect >= SMB2_DIALECT_300)
        o->sequence.channel = r->hdr.channel_sequence;
    s->open_count++;
    *out = open_use(o);
    return SMBKIT_STATUS_SUCCESS;
}
