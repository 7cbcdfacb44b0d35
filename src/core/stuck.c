// SPDX-License-Identifier: Apache-2.0
/* Naming plugins that do not answer. See stuck.h. */
#include "core/stuck.h"
#include "core/state.h"

void stuck_look(struct core *c, const struct vfs_volume *v, const struct vfs_op *op,
                struct timer *t)
{
    uint64_t waited = (c->filetime - MIN(op->begun, c->filetime)) * 100;
    if (waited < STUCK_AFTER) {
        timerq_set(&c->timers, t, c->now + STUCK_AFTER - waited);
        return;
    }
    LOGW(c->config.log, "share '%s': %s has not answered %s for %u seconds",
         vfs_volume_share_name(v), vfs_op_holder(op), vfs_code_name(op->code),
         (unsigned)(waited / NS_PER_S));
}
