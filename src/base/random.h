// SPDX-License-Identifier: Apache-2.0
/* Where random bytes come from. The host gives a source, so that the simulator can give a seeded
 * one. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "base/compiler.h"

struct random_source {
    /* Fills dst with n unpredictable bytes; cannot fail (a host without randomness does not start).
     */
    void (*fill)(void *ctx, void *dst, size_t n);
    void *ctx;
};

static inline void random_fill(const struct random_source *r, void *dst, size_t n)
{
    r->fill(r->ctx, dst, n);
}

#endif
