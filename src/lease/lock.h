// SPDX-License-Identifier: Apache-2.0
/*
 * Byte-range locks of a stream ([MS-FSA] 2.1.4.10, 2.1.5.8, 2.1.5.9; [MS-SMB2] 3.3.5.14).
 *
 * Who conflicts with whom, for ranges that overlap (there is no LockKey: SMB2 always passes 0):
 *
 *     held \ wanted        read    write   shared lock   exclusive lock
 *     shared, own          ok      no      ok            no
 *     shared, other's      ok      no      ok            no
 *     exclusive, own       ok      ok      ok            no
 *     exclusive, other's   no      no      no            no
 *
 * A lock that cannot be had at once and may wait becomes a `struct lease_lock_wait`, owned by the
 * caller and queued on the node:
 *
 *     idle --lease_lock--> queued --(a release made room)--> in actions.granted   --> idle
 *                            |-----(detach of its open)----> in actions.cancelled --> idle
 *                            '-----lease_lock_cancel-------> idle
 *
 * Invariant: between two calls no queued wait could be granted. So only a release looks at the
 * queue, once, in FIFO order, and only at waits that overlap what was released. New requests are
 * checked against held locks and not against the queue, as [MS-FSA] 2.1.5.8 says: a stream of
 * shared locks can keep an exclusive one waiting, as on Windows. The memory of a lock is taken when
 * its wait is queued, so that granting cannot fail.
 */
#ifndef LEASE_LOCK_H
#define LEASE_LOCK_H

#include "lease/node.h"

/* The values are those of SMB2_LOCK_ELEMENT.Flags ([MS-SMB2] 2.2.26.1). */
enum lease_lock_flag {
    LEASE_LOCK_SHARED = 0x01,
    LEASE_LOCK_EXCLUSIVE = 0x02,
    LEASE_LOCK_UNLOCK = 0x04,
    LEASE_LOCK_FAIL_IMMEDIATELY = 0x10,
};

struct lease_lock_elem {
    uint64_t offset;
    uint64_t length;
    uint32_t flags;
};

struct lease_lock_wait {
    uint32_t magic;
    struct list link;    /* lease_node.waits, or a list of lease_actions */
    struct list in_open; /* lease_open.waits */
    struct lease_open *open;
    struct lease_lock *lock; /* made already, not in a tree yet */
};

void lease_lock_wait_init(struct lease_lock_wait *w);
/* Whether a result is still to come for it. */
static inline bool lease_lock_wait_queued(const struct lease_lock_wait *w)
{
    return w->open != NULL;
}

/*
 * One LOCK request ([MS-SMB2] 3.3.5.14): the first element decides whether all are unlocks or
 * locks. Call it after the lock sequence check and after leases were broken.
 *
 *   - locks: all or none when a range cannot be locked; an element with flags that do not belong
 * there ends the request with INVALID_PARAMETER and leaves the ones before it locked (3.3.5.14.2).
 *     Only a request with a single element may wait: PENDING, `wait` is queued. wait == NULL: never
 *     waits.
 *   - unlocks: in order until one fails; those before it stay unlocked (3.3.5.14.1).
 *
 * SUCCESS, PENDING, INVALID_PARAMETER (also: a directory, no elements), INVALID_LOCK_RANGE,
 * LOCK_NOT_GRANTED, RANGE_NOT_LOCKED, INSUFFICIENT_RESOURCES (memory or a limit).
 */
NODISCARD smbkit_status lease_lock_request(struct lease_open *o,
                                           const struct lease_lock_elem *elems, size_t count,
                                           struct lease_lock_wait *wait,
                                           struct lease_actions *actions);

/* One lock: as lease_lock_request with one element. */
NODISCARD smbkit_status lease_lock(struct lease_open *o, uint64_t offset, uint64_t length,
                                   bool exclusive, struct lease_lock_wait *wait);
/* One unlock; the range must be exactly that of a lock held by this open. An exclusive one goes
   before a shared one ([MS-FSA] 2.1.5.9). */
NODISCARD smbkit_status lease_unlock(struct lease_open *o, uint64_t offset, uint64_t length,
                                     struct lease_actions *actions);
/* For SMB2 CANCEL, a lost connection, a deadline. False when it was not queued any more: its answer
   is already in somebody's actions. */
bool lease_lock_cancel(struct lease_lock_wait *w);
/* May this open read or write the range now? SUCCESS or FILE_LOCK_CONFLICT. Nothing conflicts with
   zero bytes ([MS-FSA] 2.1.5.3, 2.1.5.4). O(log n) in the number of locks. */
NODISCARD smbkit_status lease_check_io(const struct lease_open *o, uint64_t offset, uint64_t length,
                                       bool is_write);

/* For lease_open_detach: drops all locks and waits of the open. */
void lease_lock_drop_all(struct lease_open *o, struct lease_actions *actions);

#endif
