// SPDX-License-Identifier: Apache-2.0
/* The host's clocks. The core has none: it is told the time. Threads: any. */
#ifndef PLAT_CLOCK_H
#define PLAT_CLOCK_H

#include "base/compiler.h"

/* Nanoseconds of a clock that never goes back and does not jump when somebody sets the time. Starts
   anywhere; what timers are counted in (base/timerq.h). */
uint64_t clock_monotonic(void);
/* The time of day as FILETIME ([MS-DTYP] 2.3.3, base/ntime.h). May jump. */
uint64_t clock_filetime(void);

#endif
