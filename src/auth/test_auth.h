// SPDX-License-Identifier: Apache-2.0
/* What the tests of this folder share. Include after cmocka.h. */
#ifndef AUTH_TEST_AUTH_H
#define AUTH_TEST_AUTH_H

#include "auth/auth.h"
#include "crypto/crypto.h"
#include "crypto/ntlm.h"

#include <string.h>

#define TEST_NOW (133485408000000000ull) /* 2024-01-01 */

/* A seeded source: xorshift. */
static inline void test_random_fill(void *ctx, void *dst, size_t n)
{
    uint64_t *s = ctx;
    for (size_t i = 0; i < n; i++) {
        *s ^= *s << 13;
        *s ^= *s >> 7;
        *s ^= *s << 17;
        ((uint8_t *)dst)[i] = (uint8_t)(*s >> 32);
    }
}

/* Hexadecimal text, spaces allowed, to bytes. */
static inline size_t test_unhex(const char *hex, uint8_t *out, size_t size)
{
    size_t n = 0;
    for (const char *p = hex; *p != '\0';) {
        unsigned v = 0;
        if (*p == ' ') {
            p++;
            continue;
        }
        assert_true(n < size && sscanf(p, "%2x", &v) == 1);
        out[n++] = (uint8_t)v;
        p += 2;
    }
    return n;
}

static inline int test_crypto_up(void **state)
{
    return crypto_init() ? 0 : -1;
}

static inline int test_crypto_down(void **state)
{
    crypto_shutdown();
    return 0;
}

#endif
