// SPDX-License-Identifier: Apache-2.0
/* plat/clock.h over POSIX clocks. */
#include "plat/clock.h"
#include "base/ntime.h"
#include "base/timerq.h"
#include <time.h>

static struct timespec read_clock(clockid_t id)
{
    struct timespec ts;

    /* Fails only for a clock that does not exist. */
    ASSERT(clock_gettime(id, &ts) == 0);
    return ts;
}

uint64_t clock_monotonic(void)
{
    struct timespec ts = read_clock(CLOCK_MONOTONIC);

    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t clock_filetime(void)
{
    struct timespec ts = read_clock(CLOCK_REALTIME);

    return ntime_from_unix(ts.tv_sec, (uint32_t)ts.tv_nsec);
}
