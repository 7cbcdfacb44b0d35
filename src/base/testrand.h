// SPDX-License-Identifier: Apache-2.0
/* Seeded random numbers for tests: the same seed gives the same test on every machine. */
#ifndef BASE_TESTRAND_H
#define BASE_TESTRAND_H

#include "base/htab.h"

struct testrand {
    uint64_t state;
};

static inline uint64_t testrand_next(struct testrand *r)
{
    return hash_u64(++r->state * 0x9e3779b97f4a7c15ull);
}

/* 0 .. n - 1; n > 0. */
static inline uint64_t testrand_below(struct testrand *r, uint64_t n)
{
    return testrand_next(r) % n;
}

#endif
