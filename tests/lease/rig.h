// SPDX-License-Identifier: Apache-2.0
/*
 * Drives the lease engine with the steps of step.h, in the way the core does: CREATE's claim, the
 * changes that break first, closing, and the order in which the engine's actions are carried out.
 * Notifications always arrive. One rig at a time; it belongs to one thread.
 */
#ifndef TESTS_LEASE_RIG_H
#define TESTS_LEASE_RIG_H

#include "lease/step.h"

void rig_begin(void);
void rig_apply(const struct step *s, struct answer *out);
void rig_view(struct view *out);
/* Cancels and closes what is left; asserts that the engine then keeps nothing. */
void rig_end(void);

#endif
