// SPDX-License-Identifier: Apache-2.0
/*
 * Slows down those who guess passwords: after a few failures each further attempt from the same
 * source has to wait, longer each time.
 *
 *     failures     1..3   4       5       6     ...  10 and more
 *     wait, ms     0      100     200     400   ...  5000
 *
 * counted from the latest failure. One failure is forgotten for every minute without another, and
 * one for every success: not all of them, or somebody with an account of his own could guess at
 * full speed with a success in between.
 *
 * The table has a fixed size. When it is full, the source whose latest failure is oldest makes
 * room: a flood from many addresses costs nobody memory, and those that keep failing stay in the
 * table.
 *
 * Pure: times are nanoseconds of a monotonic clock, passed in. Threads: the owner's.
 */
#ifndef AUTH_THROTTLE_H
#define AUTH_THROTTLE_H

#include "base/compiler.h"

#define AUTH_THROTTLE_SOURCES 4096

/* Who tries: an address without its port. For IPv6 only the first 8 bytes should be set: a host
   can have any number of addresses in its /64. Unused bytes are zero. */
struct auth_source {
    uint8_t bytes[16];
};

struct auth_throttle;

/* Remembers at most max_sources sources. NULL when memory is out. */
NODISCARD struct auth_throttle *auth_throttle_new(size_t max_sources);
/* NULL is allowed. */
void auth_throttle_free(struct auth_throttle *t);

/* How long, from now, an attempt from this source must wait before it is looked at; nanoseconds. */
uint64_t auth_throttle_delay(const struct auth_throttle *t, const struct auth_source *s,
                             uint64_t now);
void auth_throttle_failed(struct auth_throttle *t, const struct auth_source *s, uint64_t now);
void auth_throttle_succeeded(struct auth_throttle *t, const struct auth_source *s, uint64_t now);

#endif
