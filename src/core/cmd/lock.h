// SPDX-License-Identifier: Apache-2.0
/*
 * LOCK, as far as others need it.
 */
#ifndef CORE_CMD_LOCK_H
#define CORE_CMD_LOCK_H

#include "lease/lock.h"
#include <smbkit/status.h>

/* A waiting lock has been granted or dropped. */
void lock_wait_ended(struct lease_lock_wait *w, smbkit_status status);

#endif
