// SPDX-License-Identifier: Apache-2.0
/* Plugins that do not answer: for an operator who wonders why a client hangs. */
#ifndef CORE_STUCK_H
#define CORE_STUCK_H

#include "base/timerq.h"
#include "vfs/vfs.h"

struct core;

/* A plugin that has not answered for so long is named in the log. */
#define STUCK_AFTER (30 * NS_PER_S)

/* Names who has not answered `op`, which runs, once it is time to; until then sets `t`, whose
   handler asks here again. */
void stuck_look(struct core *c, const struct vfs_volume *v, const struct vfs_op *op,
                struct timer *t);

#endif
