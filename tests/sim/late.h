// SPDX-License-Identifier: Apache-2.0
/* The memory plugin behind one that makes some of its calls later, in any order. */
#ifndef SIM_LATE_H
#define SIM_LATE_H

#include "sim/world.h"

/* Fills w->plugin. */
void late_plugin_init(struct world *w);
/* Makes one of the calls that wait; false: there are none. */
bool late_plugin_event(struct world *w);

/* Switches failing allocations off and on again, for what is not the core. */
void world_quiet_begin(struct world *w);
void world_quiet_end(struct world *w);

#endif
