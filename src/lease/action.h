// SPDX-License-Identifier: Apache-2.0
/*
 * What the engine answers. Nothing in this module calls back: a function that changes the state of
 * a file puts the consequences for others into a `struct lease_actions`, and the caller carries
 * them out after it has let go of the lock that guards the table.
 *
 * The caller initialises the struct once; functions only add to it, so one struct may collect the
 * consequences of several calls. Lists hold objects owned by the caller (a parked LOCK request
 * embeds its `struct lease_lock_wait`); being in a list costs the engine nothing and keeps no
 * reference. What is in several lists is carried out in the order of the fields here.
 */
#ifndef LEASE_ACTION_H
#define LEASE_ACTION_H

#include "base/list.h"

struct lease_actions {
    /* struct lease_grant.in_breaks: send these notifications; lease_break_failed when one cannot
       be sent. */
    struct list breaks;
    /* struct lease_break_wait.link: these operations go on. */
    struct list resumed;
    /* struct lease_lock_wait.link: these locks are held now; answer success, in this order. */
    struct list granted;
    /* struct lease_lock_wait.link: their open has gone; answer a failure. */
    struct list cancelled;
    /* The name of the detached open must be removed now. */
    bool delete_link;
    /* The named stream of the detached open must be removed now; first, when delete_link is set
     * too.
     */
    bool delete_stream;
    /* The detached open is the one that has marked the link for deletion, or has the same
       ParentLeaseKey: its folder's lease with that key hears nothing new. */
    bool delete_own_parent;
};

static inline void lease_actions_init(struct lease_actions *a)
{
    list_init(&a->breaks);
    list_init(&a->resumed);
    list_init(&a->granted);
    list_init(&a->cancelled);
    a->delete_link = false;
    a->delete_stream = false;
    a->delete_own_parent = false;
}

#endif
