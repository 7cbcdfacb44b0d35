// SPDX-License-Identifier: Apache-2.0
/*
 * Oplocks and leases between the engine (lease/oplock.h) and the wire: break notifications
 * ([MS-SMB2] 3.3.4.6, 3.3.4.7), requests that wait for a break, overdue acknowledgments (3.3.6.1,
 * 3.3.6.5).
 *
 * Requests never go on from inside another one: what the engine resumes is queued (core.later) and
 * run from the loop by a timer that is due at once. So an acknowledgment is answered before what it
 * sets free, and nobody's step runs in the middle of somebody else's. A request in that queue is
 * still parked; a cancel takes it out.
 */
#ifndef CORE_OPLOCK_H
#define CORE_OPLOCK_H

#include "base/guid.h"
#include "core/command.h"
#include "lease/oplock.h"

struct core;
struct core_conn;
struct core_open;
struct core_request;
struct vfs_volume;

void oplock_init(struct core *c);
/* Carries out what the lease engine decided. Notifications are sent now. Locks are answered now, so
   that requests may run and end inside: the caller holds what it needs afterwards. What waited for
   a break goes on later, from the loop. */
void oplock_run_actions(struct core *c, struct lease_actions *actions);
/* All of it later, from the loop: for the acknowledgment, which is answered first. */
void oplock_run_later(struct core *c, struct lease_actions *actions);
/* This connection is lost, and maybe notifications with it: those whose acknowledgment is
   outstanding are sent another way, if there is one ([MS-SMB2] 3.3.4.6, 3.3.4.7). */
void oplock_way_lost(struct core_conn *conn);
/* Breaks what this operation of r on its open needs to be gone. True: nothing is in the way. False:
   the step returns *verdict, and runs again when it can go on. */
NODISCARD bool oplock_clear(struct core_request *r, enum lease_op op, enum core_verdict *verdict);
/* The same for any node and actor. */
NODISCARD bool oplock_clear_node(struct core_request *r, struct lease_node *n, enum lease_op op,
                                 const struct lease_actor *actor, enum core_verdict *verdict);
/* Through this open what has this name has come, gone or changed: breaks the leases of its folder,
   later, but the one with the open's ParentLeaseKey. */
void oplock_parent_changed(struct core_open *by, const char *path);
/* The same for the open's own name. */
void oplock_parent_touched(struct core_open *o);
/* What `user` (NULL: everybody) knows by this name has changed by itself: also what clients cache
   of it is out of date. With `below` also what lies in it, if it is a folder. */
void oplock_volume_changed(struct core *c, struct vfs_volume *v, const char *user, const char *path,
                           bool below);
/* Anything of this volume may have changed. */
void oplock_volume_lost(struct core *c, struct vfs_volume *v);
/* ... and its paths are another volume's now: clients may use their lease keys for those. */
void oplock_volume_left(struct core *c, struct vfs_volume *v);

#endif
