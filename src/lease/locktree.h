// SPDX-License-Identifier: Apache-2.0
/*
 * An interval tree of byte-range locks: a balanced (AVL) tree ordered by (first, last, owner), each
 * node knowing the greatest `last` below it and whether everything below it has one owner. Locks
 * with the same range and owner are one element with a count.
 *
 * With `count` stacked, keys are unique, memory is bounded by distinct ranges, and the depth is at
 * most 1.44 log2(n): a client that chooses its ranges cannot make anything linear but releasing its
 * own.
 *
 * `last` is offset + length - 1, so a zero-length lock at p > 0 is (p, p - 1): it overlaps a range
 * exactly when p lies strictly inside, as the formula of [MS-FSA] 2.1.4.10 has it. {0, 0} overlaps
 * nothing and is never in a tree.
 *
 * Owns nothing: elements belong to whoever put them in. Threads: the owner's.
 */
#ifndef LEASE_LOCKTREE_H
#define LEASE_LOCKTREE_H

#include "base/list.h"

struct lease_lock {
    struct lease_lock *left, *right;
    uint64_t max_last;      /* of this subtree */
    uint64_t subtree_owner; /* 0: several owners below */
    int height;
    bool exclusive;
    uint32_t count; /* how often the same open holds the same range in this mode */
    uint64_t first, last;
    uint64_t owner;      /* lease_open.lock_owner, never 0 */
    struct list in_open; /* lease_open.locks */
};

struct lease_locktree {
    struct lease_lock *root;
};

/* The key must not be in the tree yet. */
void lease_locktree_insert(struct lease_locktree *t, struct lease_lock *lock);
/* The element must be in the tree. */
void lease_locktree_remove(struct lease_locktree *t, struct lease_lock *lock);
/* The element with exactly this range and owner, or NULL. */
struct lease_lock *lease_locktree_find(const struct lease_locktree *t, uint64_t first,
                                       uint64_t last, uint64_t owner);
/* An element that overlaps [first, last] and does not belong to `except` (0: any), or NULL.
   O(log n) with except == 0, and with any `except` when the elements do not overlap each other (as
   exclusive locks never do). */
struct lease_lock *lease_locktree_overlap(const struct lease_locktree *t, uint64_t first,
                                          uint64_t last, uint64_t except);

#endif
