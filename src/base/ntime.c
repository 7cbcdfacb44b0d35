// SPDX-License-Identifier: Apache-2.0
/*
 * FILETIME to and from Unix time. Times come from file systems and clients, so every input has a
 * result: the range is clamped to [0, INT64_MAX], because a FILETIME with the top bit set is not a
 * time on the wire (negative values have meanings of their own, [MS-FSCC] 2.4.7).
 */
#include "base/ntime.h"

#define NS_PER_UNIT  100u
#define UNIX_EPOCH_S ((int64_t)(NTIME_UNIX_EPOCH / NTIME_PER_S))

uint64_t ntime_from_unix(int64_t sec, uint32_t nsec)
{
    if (sec < -UNIX_EPOCH_S)
        return 0;
    if (sec > INT64_MAX / (int64_t)NTIME_PER_S - UNIX_EPOCH_S - 1)
        return INT64_MAX;
    return (uint64_t)(sec + UNIX_EPOCH_S) * NTIME_PER_S + nsec / NS_PER_UNIT;
}

void ntime_to_unix(uint64_t nt, int64_t *sec, uint32_t *nsec)
{
    *sec = (int64_t)(nt / NTIME_PER_S) - UNIX_EPOCH_S;
    *nsec = (uint32_t)(nt % NTIME_PER_S) * NS_PER_UNIT;
}
