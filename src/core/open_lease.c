// SPDX-License-Identifier: Apache-2.0
/* An open whose file or stream has become another one. */
#include "core/open.h"
#include "core/oplock.h"
#include "core/state.h"

void open_move_lease(struct core_open *o, const struct lease_key *key)
{
    const struct lease_actor nobody = {0};
    struct lease_open_args args = o->lease.args;
    struct lease_actions actions;
    if (!lease_open_attached(&o->lease))
        return;
    struct lease_node *n = lease_node_get(&o->core->leases, key, o->is_directory);
    if (n == NULL)
        return;
    lease_actions_init(&actions);
    (void)!lease_break(o->lease.node, LEASE_OP_CHANGED, &nobody, o->core->now, NULL, &actions);
    oplock_run_actions(o->core, &actions);
    lease_open_undo(&o->lease, &actions);
    oplock_run_actions(o->core, &actions);
    (void)!lease_open_attach(n, &o->lease, &args);
    lease_node_unref(n);
}
