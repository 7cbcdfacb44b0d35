// SPDX-License-Identifier: Apache-2.0
/* Byte-range locks: contract, conflict table and states in lock.h. */
#include "lease/lock.h"
#include "base/mem.h"

#define WAIT_MAGIC 0x4c574149u /* "LWAI" */

/* A range by its first and last byte; see locktree.h for zero lengths. */
struct range {
    uint64_t first, last;
};

#define WHOLE ((struct range){0, UINT64_MAX})

/* ([MS-FSA] 2.1.5.8, 2.1.5.9) False: a byte of the range lies beyond 2^64 - 1. */
static bool range_make(uint64_t offset, uint64_t length, struct range *r)
{
    *r = (struct range){.first = offset, .last = offset + length - 1};
    return length == 0 || r->last >= offset;
}

/* {0, 0}: conflicts with nothing, needs no memory, is only counted. */
static bool range_is_null(struct range r)
{
    return r.first == 0 && r.last == UINT64_MAX;
}

static struct lease_locktree *tree_of(struct lease_node *n, bool exclusive)
{
    return exclusive ? &n->exclusive : &n->shared;
}

/* ([MS-FSA] 2.1.4.10 with LockIntent) Not for {0, 0}. */
static bool lock_conflict(const struct lease_open *o, struct range r, bool exclusive)
{
    const struct lease_node *n = o->node;
    if (!exclusive)
        return lease_locktree_overlap(&n->exclusive, r.first, r.last, o->lock_owner) != NULL;
    return lease_locktree_overlap(&n->exclusive, r.first, r.last, 0) != NULL ||
           lease_locktree_overlap(&n->shared, r.first, r.last, 0) != NULL;
}

/* ([MS-FSA] 2.1.4.10 without LockIntent) */
smbkit_status lease_check_io(const struct lease_open *o, uint64_t offset, uint64_t length,
                             bool is_write)
{
    ASSERT(lease_open_attached(o));
    const struct lease_node *n = o->node;
    if (length == 0)
        return SMBKIT_STATUS_SUCCESS;
    struct range r;
    if (!range_make(offset, length, &r))
        r.last = UINT64_MAX;
    if (lease_locktree_overlap(&n->exclusive, r.first, r.last, o->lock_owner) != NULL ||
        (is_write && lease_locktree_overlap(&n->shared, r.first, r.last, 0) != NULL))
        return SMBKIT_STATUS_FILE_LOCK_CONFLICT;
    return SMBKIT_STATUS_SUCCESS;
}

/* Holding and releasing */

static struct lease_lock *lock_new(const struct lease_open *o, struct range r, bool exclusive)
{
    struct lease_lock *l = mem_zalloc(sizeof(*l));
    if (!l)
        return NULL;
    l->first = r.first;
    l->last = r.last;
    l->exclusive = exclusive;
    l->owner = o->lock_owner;
    l->count = 1;
    list_init(&l->in_open);
    return l;
}

/* True: the open holds this very lock already and now holds it once more. */
static bool lock_stack(struct lease_open *o, struct range r, bool exclusive)
{
    struct lease_lock *l =
        lease_locktree_find(tree_of(o->node, exclusive), r.first, r.last, o->lock_owner);
    if (!l)
        return false;
    l->count++;
    o->lock_count++;
    return true;
}

/* Takes over a lock that conflicts with nothing. */
static void lock_hold(struct lease_open *o, struct lease_lock *l)
{
    if (lock_stack(o, (struct range){l->first, l->last}, l->exclusive)) {
        mem_free(l);
        return;
    }
    lease_locktree_insert(tree_of(o->node, l->exclusive), l);
    list_append(&o->locks, &l->in_open);
    o->lock_count++;
}

/* Gives up one lock of the open, without looking at who waits. False: it holds no such lock. */
static bool lock_release(struct lease_open *o, struct range r, bool exclusive)
{
    if (range_is_null(r)) {
        if (o->null_locks == 0)
            return false;
        o->null_locks--;
        o->lock_count--;
        return true;
    }
    struct lease_locktree *t = tree_of(o->node, exclusive);
    struct lease_lock *l = lease_locktree_find(t, r.first, r.last, o->lock_owner);
    if (!l)
        return false;
    o->lock_count--;
    if (--l->count > 0)
        return true;
    lease_locktree_remove(t, l);
    list_remove(&l->in_open);
    mem_free(l);
    return true;
}

/* Waiting */

void lease_lock_wait_init(struct lease_lock_wait *w)
{
    MAGIC_SET(w, WAIT_MAGIC);
    list_init(&w->link);
    list_init(&w->in_open);
    w->open = NULL;
    w->lock = NULL;
}

static smbkit_status wait_queue(struct lease_open *o, struct range r, bool exclusive,
                                struct lease_lock_wait *w)
{
    MAGIC_CHECK(w, WAIT_MAGIC);
    ASSERT(!lease_lock_wait_queued(w) && !list_linked(&w->link));
    struct lease_node *n = o->node;
    if (n->wait_count >= n->table->limits.waits_per_node)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    w->lock = lock_new(o, r, exclusive);
    if (!w->lock)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    w->open = o;
    list_append(&n->waits, &w->link);
    list_append(&o->waits, &w->in_open);
    n->wait_count++;
    return SMBKIT_STATUS_PENDING;
}

/* Out of the queue and idle; the lock that was to be is the caller's. */
static struct lease_lock *wait_unqueue(struct lease_lock_wait *w)
{
    struct lease_lock *l = w->lock;
    list_remove(&w->link);
    list_remove(&w->in_open);
    w->open->node->wait_count--;
    w->open = NULL;
    w->lock = NULL;
    return l;
}

bool lease_lock_cancel(struct lease_lock_wait *w)
{
    MAGIC_CHECK(w, WAIT_MAGIC);
    if (!lease_lock_wait_queued(w))
        return false;
    mem_free(wait_unqueue(w));
    return true;
}

/* Something inside r was released. One pass is enough: granting only adds conflicts. */
static void waits_grant(struct lease_node *n, struct range r, struct lease_actions *actions)
{
    LIST_FOREACH_SAFE (it, next, &n->waits) {
        struct lease_lock_wait *w = LIST_ENTRY(it, struct lease_lock_wait, link);
        struct range wanted = {w->lock->first, w->lock->last};
        if (wanted.first > r.last || wanted.last < r.first)
            continue;
        struct lease_open *o = w->open;
        if (lock_conflict(o, wanted, w->lock->exclusive))
            continue;
        lock_hold(o, wait_unqueue(w));
        list_append(&actions->granted, &w->link);
    }
}

void lease_lock_drop_all(struct lease_open *o, struct lease_actions *actions)
{
    while (!list_empty(&o->waits)) {
        struct lease_lock_wait *w = LIST_ENTRY(o->waits.next, struct lease_lock_wait, in_open);
        mem_free(wait_unqueue(w));
        list_append(&actions->cancelled, &w->link);
    }
    bool released = !list_empty(&o->locks);
    for (struct list *it; (it = list_pop(&o->locks)) != NULL;) {
        struct lease_lock *l = LIST_ENTRY(it, struct lease_lock, in_open);
        lease_locktree_remove(tree_of(o->node, l->exclusive), l);
        mem_free(l);
    }
    o->lock_count = 0;
    o->null_locks = 0;
    if (released)
        waits_grant(o->node, WHOLE, actions);
}

/* Requests */

smbkit_status lease_lock(struct lease_open *o, uint64_t offset, uint64_t length, bool exclusive,
                         struct lease_lock_wait *wait)
{
    ASSERT(lease_open_attached(o));
    if (o->node->directory)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    struct range r;
    if (!range_make(offset, length, &r))
        return SMBKIT_STATUS_INVALID_LOCK_RANGE;
    if (o->lock_count >= o->node->table->limits.locks_per_open)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (range_is_null(r)) {
        o->null_locks++;
        o->lock_count++;
        return SMBKIT_STATUS_SUCCESS;
    }
    if (lock_conflict(o, r, exclusive))
        return wait ? wait_queue(o, r, exclusive, wait) : SMBKIT_STATUS_LOCK_NOT_GRANTED;
    if (lock_stack(o, r, exclusive))
        return SMBKIT_STATUS_SUCCESS;
    struct lease_lock *l = lock_new(o, r, exclusive);
    if (!l)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    lock_hold(o, l);
    return SMBKIT_STATUS_SUCCESS;
}

/* Without looking at who waits; `released` grows by the range. */
static smbkit_status unlock_one(struct lease_open *o, uint64_t offset, uint64_t length,
                                struct range *released)
{
    if (o->node->directory)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    struct range r;
    if (!range_make(offset, length, &r))
        return SMBKIT_STATUS_INVALID_LOCK_RANGE;
    if (!lock_release(o, r, true) && !lock_release(o, r, false))
        return SMBKIT_STATUS_RANGE_NOT_LOCKED;
    if (range_is_null(r))
        return SMBKIT_STATUS_SUCCESS;
    released->first = MIN(released->first, r.first);
    released->last = MAX(released->last, r.last);
    return SMBKIT_STATUS_SUCCESS;
}

#define NOTHING ((struct range){UINT64_MAX, 0})

smbkit_status lease_unlock(struct lease_open *o, uint64_t offset, uint64_t length,
                           struct lease_actions *actions)
{
    ASSERT(lease_open_attached(o));
    struct range released = NOTHING;
    smbkit_status status = unlock_one(o, offset, length, &released);
    waits_grant(o->node, released, actions);
    return status;
}

/*
 * ([MS-SMB2] 3.3.5.14.1) Who waits is looked at once for the whole request: an array of 65,535
 * unlocks must not walk the queue as often. FAIL_IMMEDIATELY, which MAY be ignored, is refused: it
 * is none of the combinations of 2.2.26.1.
 */
static smbkit_status unlock_series(struct lease_open *o, const struct lease_lock_elem *elems,
                                   size_t count, struct lease_actions *actions)
{
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    struct range released = NOTHING;
    for (size_t i = 0; i < count && status == SMBKIT_STATUS_SUCCESS; i++) {
        const struct lease_lock_elem *e = &elems[i];
        if (e->flags != LEASE_LOCK_UNLOCK)
            status = SMBKIT_STATUS_INVALID_PARAMETER;
        else
            status = unlock_one(o, e->offset, e->length, &released);
    }
    waits_grant(o->node, released, actions);
    return status;
}

/* ([MS-SMB2] 2.2.26.1) The combinations that ask for a lock. */
static bool lock_flags_valid(uint32_t flags)
{
    uint32_t kind = flags & ~(uint32_t)LEASE_LOCK_FAIL_IMMEDIATELY;
    return kind == LEASE_LOCK_SHARED || kind == LEASE_LOCK_EXCLUSIVE;
}

/*
 * Takes back the first `count` locks of a request. Nobody can be granted anything by that: who
 * waited before the request could not be granted then, and what is held is as it was then.
 */
static void lock_series_undo(struct lease_open *o, const struct lease_lock_elem *elems,
                             size_t count)
{
    while (count-- > 0) {
        struct range r;
        bool ok = range_make(elems[count].offset, elems[count].length, &r) &&
                  lock_release(o, r, elems[count].flags & LEASE_LOCK_EXCLUSIVE);
        ASSERT(ok);
    }
}

/* ([MS-SMB2] 3.3.5.14.2) */
static smbkit_status lock_series(struct lease_open *o, const struct lease_lock_elem *elems,
                                 size_t count, struct lease_lock_wait *wait)
{
    for (size_t i = 0; count > 1 && i < count; i++)
        if (!(elems[i].flags & LEASE_LOCK_FAIL_IMMEDIATELY))
            return SMBKIT_STATUS_INVALID_PARAMETER;
    for (size_t i = 0; i < count; i++) {
        const struct lease_lock_elem *e = &elems[i];
        if (!lock_flags_valid(e->flags))
            return SMBKIT_STATUS_INVALID_PARAMETER;
        smbkit_status status = lease_lock(o, e->offset, e->length, e->flags & LEASE_LOCK_EXCLUSIVE,
                                          e->flags & LEASE_LOCK_FAIL_IMMEDIATELY ? NULL : wait);
        if (status == SMBKIT_STATUS_SUCCESS)
            continue;
        lock_series_undo(o, elems, i);
        return status;
    }
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status lease_lock_request(struct lease_open *o, const struct lease_lock_elem *elems,
                                 size_t count, struct lease_lock_wait *wait,
                                 struct lease_actions *actions)
{
    ASSERT(lease_open_attached(o));
    if (count == 0)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (elems[0].flags & LEASE_LOCK_UNLOCK)
        return unlock_series(o, elems, count, actions);
    return lock_series(o, elems, count, wait);
}
