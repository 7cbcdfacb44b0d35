// SPDX-License-Identifier: Apache-2.0
/*
 * Arithmetic that says when it overflows. Each returns true when the result fits and is stored.
 */
#ifndef BASE_CHECKED_H
#define BASE_CHECKED_H

#include "base/compiler.h"

static inline NODISCARD bool checked_add_size(size_t a, size_t b, size_t *sum)
{
    *sum = a + b;
    return *sum >= a;
}

static inline NODISCARD bool checked_mul_size(size_t a, size_t b, size_t *product)
{
    *product = a * b;
    return a == 0 || *product / a == b;
}

static inline NODISCARD bool checked_add_u64(uint64_t a, uint64_t b, uint64_t *sum)
{
    *sum = a + b;
    return *sum >= a;
}

/* True when [off, off + len) lies inside [0, size). */
static inline NODISCARD bool checked_range(uint64_t off, uint64_t len, uint64_t size)
{
    return off <= size && len <= size - off;
}

/* Rounds up to a multiple of `to` (a power of two); the caller knows that it fits. */
static inline size_t align_up(size_t n, size_t to)
{
    return (n + to - 1) & ~(to - 1);
}

#endif
