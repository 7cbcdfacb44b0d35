// SPDX-License-Identifier: Apache-2.0
/*
 * Hash functions. SipHash follows the description of its authors (J.-P. Aumasson, D. J. Bernstein,
 * "SipHash: a fast short-input PRF", 2012) with one round per word and three at the end, the usual
 * choice for hash tables. Threads: the secret is set before any other thread exists and only read
 * afterwards.
 */
#include "base/cursor.h"
#include "base/htab.h"
#include "base/siphash.h"

static uint64_t secret_k0, secret_k1;

void hash_set_secret(const uint8_t secret[16])
{
    secret_k0 = le64_load(secret);
    secret_k1 = le64_load(secret + 8);
}

uint64_t hash_u64(uint64_t key)
{
    /* Each step can be undone, so different keys never share a hash; the multiplications carry low
       bits up and the shifts bring high bits down. */
    key ^= key >> 32;
    key *= 0x9e3779b97f4a7c15ull;
    key ^= key >> 29;
    key *= 0xd1342543de82ef95ull;
    key ^= key >> 32;
    return key;
}

static uint64_t rotl(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] = rotl(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] = rotl(v[2], 32);
}

static void sip_word(struct siphash *h, uint64_t word)
{
    h->v[3] ^= word;
    sip_round(h->v);
    h->v[0] ^= word;
}

void siphash_init(struct siphash *h)
{
    *h = (struct siphash){.v = {
                              secret_k0 ^ 0x736f6d6570736575ull,
                              secret_k1 ^ 0x646f72616e646f6dull,
                              secret_k0 ^ 0x6c7967656e657261ull,
                              secret_k1 ^ 0x7465646279746573ull,
                          }};
}

void siphash_update(struct siphash *h, const void *data, size_t n)
{
    const uint8_t *p = data;
    while (n > 0) {
        if (h->len % 8 == 0 && n >= 8) {
            sip_word(h, le64_load(p));
            h->len += 8;
            p += 8;
            n -= 8;
            continue;
        }
        h->tail |= (uint64_t)*p++ << (h->len % 8 * 8);
        n--;
        if (++h->len % 8 == 0) {
            sip_word(h, h->tail);
            h->tail = 0;
        }
    }
}

uint64_t siphash_final(struct siphash *h)
{
    sip_word(h, h->tail | (uint64_t)h->len << 56);
    h->v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(h->v);
    return h->v[0] ^ h->v[1] ^ h->v[2] ^ h->v[3];
}

uint64_t hash_bytes(const void *data, size_t len)
{
    struct siphash h;
    siphash_init(&h);
    siphash_update(&h, data, len);
    return siphash_final(&h);
}
