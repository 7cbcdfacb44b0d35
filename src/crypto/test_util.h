// SPDX-License-Identifier: Apache-2.0
/* What the tests of this folder share: hexadecimal vectors, a seeded generator, random cuts. */
#ifndef CRYPTO_TEST_UTIL_H
#define CRYPTO_TEST_UTIL_H

#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEST_MAX_PIECES 64

/* Decodes hexadecimal digits; returns the number of bytes, which must fit. */
static inline size_t unhex(const char *hex, uint8_t *out, size_t cap)
{
    size_t n = strlen(hex) / 2;
    assert_true(n <= cap);
    for (size_t i = 0; i < n; i++) {
        unsigned v;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
        out[i] = (uint8_t)v;
    }
    return n;
}

static inline void assert_hex(const uint8_t *got, const char *hex)
{
    uint8_t want[256];
    size_t n = unhex(hex, want, sizeof(want));
    assert_memory_equal(got, want, n);
}

/* xorshift64*: the same sequence everywhere. */
static inline uint64_t test_random(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * 0x2545f4914f6cdd1dull;
}

static inline void test_fill(uint64_t *seed, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(test_random(seed) >> 32);
}

/* Cuts data into random pieces, some empty; returns how many. */
static inline size_t test_cut(uint64_t *seed, const uint8_t *data, size_t len,
                              struct crypto_iov iov[TEST_MAX_PIECES])
{
    size_t n = 0;
    size_t mean = 1 + test_random(seed) % 300;
    while (len && n < TEST_MAX_PIECES - 1) {
        size_t part = test_random(seed) % (2 * mean);
        part = MIN(len, part);
        iov[n++] = (struct crypto_iov){part ? data : NULL, part};
        data += part;
        len -= part;
    }
    if (len)
        iov[n++] = (struct crypto_iov){data, len};
    return n;
}

static inline int test_setup(void **state)
{
    return crypto_init() ? 0 : -1;
}

static inline int test_teardown(void **state)
{
    crypto_shutdown();
    return 0;
}

#endif
