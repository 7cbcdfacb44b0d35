// SPDX-License-Identifier: Apache-2.0
/* The operating system's random bytes as a source (base/random.h). Threads: any. */
#ifndef PLAT_RANDOM_H
#define PLAT_RANDOM_H

#include "base/random.h"

/* Fills *source. False when the system has no randomness to give: the server must not start then,
   because afterwards the source cannot fail (it aborts rather than hand out predictable keys). */
NODISCARD bool random_system(struct random_source *source);

#endif
