// SPDX-License-Identifier: Apache-2.0
/*
 * MD4 (RFC 1320), in one call. Only for the NT hash.
 */
#include "crypto/ntlm.h"

#include "base/builder.h"
#include "base/mem.h"

#include <string.h>

#define MD4_BLOCK 64

static uint32_t rotl(uint32_t v, unsigned n)
{
    return v << n | v >> (32 - n);
}

static uint32_t md4_f(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | (~x & z);
}

static uint32_t md4_g(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | (x & z) | (y & z);
}

static uint32_t md4_h(uint32_t x, uint32_t y, uint32_t z)
{
    return x ^ y ^ z;
}

/* RFC 1320 3.4: what each of the three rounds adds, and which word it takes at each step. */
struct md4_round {
    uint32_t (*mix)(uint32_t x, uint32_t y, uint32_t z);
    uint32_t add;
    uint8_t shift[4];
    uint8_t word[16];
};

static const struct md4_round rounds[3] = {
    {md4_f, 0, {3, 7, 11, 19}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}},
    {md4_g, 0x5a827999, {3, 5, 9, 13}, {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15}},
    {md4_h, 0x6ed9eba1, {3, 9, 11, 15}, {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15}},
};

static void md4_block(uint32_t state[4], const uint8_t p[MD4_BLOCK])
{
    uint32_t x[16], v[4];
    for (size_t i = 0; i < 16; i++)
        x[i] = (uint32_t)p[4 * i] | (uint32_t)p[4 * i + 1] << 8 | (uint32_t)p[4 * i + 2] << 16 |
               (uint32_t)p[4 * i + 3] << 24;
    memcpy(v, state, sizeof(v));
    for (size_t r = 0; r < ARRAY_LEN(rounds); r++) {
        const struct md4_round *round = &rounds[r];
        for (unsigned i = 0; i < 16; i++) {
            /* Steps go round ABCD, DABC, CDAB, BCDA: the register written is 0, 3, 2, 1. */
            unsigned a = (16 - i) % 4;
            uint32_t mixed = round->mix(v[(a + 1) % 4], v[(a + 2) % 4], v[(a + 3) % 4]);
            v[a] = rotl(v[a] + mixed + x[round->word[i]] + round->add, round->shift[i % 4]);
        }
    }
    for (size_t i = 0; i < 4; i++)
        state[i] += v[i];
    mem_wipe(x, sizeof(x));
}

void crypto_md4(const void *data, size_t len, uint8_t out[CRYPTO_NTLM_HASH_LEN])
{
    uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    uint8_t last[2 * MD4_BLOCK] = {0};
    const uint8_t *p = data;
    size_t rest = len;
    for (; rest >= MD4_BLOCK; rest -= MD4_BLOCK, p += MD4_BLOCK)
        md4_block(state, p);
    if (rest)
        memcpy(last, p, rest);
    last[rest] = 0x80;
    size_t end = rest < MD4_BLOCK - 8 ? MD4_BLOCK : 2 * MD4_BLOCK;
    le64_store(last + end - 8, (uint64_t)len * 8);
    for (size_t at = 0; at < end; at += MD4_BLOCK)
        md4_block(state, last + at);
    for (size_t i = 0; i < 4; i++)
        le32_store(out + 4 * i, state[i]);
    mem_wipe(last, sizeof(last));
}
