// SPDX-License-Identifier: Apache-2.0
/*
 * RC4, as NTLM needs it for EncryptedRandomSessionKey and the checksum of a signature.
 */
#include "crypto/ntlm.h"

#include "base/mem.h"

static void swap(uint8_t *a, uint8_t *b)
{
    uint8_t t = *a;
    *a = *b;
    *b = t;
}

void crypto_rc4_init(struct crypto_rc4 *r, const void *key, size_t key_len)
{
    const uint8_t *k = key;
    uint8_t j = 0;
    ASSERT(key_len >= 1 && key_len <= sizeof(r->state));
    for (size_t i = 0; i < sizeof(r->state); i++)
        r->state[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof(r->state); i++) {
        j = (uint8_t)(j + r->state[i] + k[i % key_len]);
        swap(&r->state[i], &r->state[j]);
    }
    r->i = 0;
    r->j = 0;
}

void crypto_rc4_apply(struct crypto_rc4 *r, const void *in, void *out, size_t len)
{
    const uint8_t *src = in;
    uint8_t *dst = out;
    for (size_t n = 0; n < len; n++) {
        r->i++;
        r->j = (uint8_t)(r->j + r->state[r->i]);
        swap(&r->state[r->i], &r->state[r->j]);
        dst[n] = src[n] ^ r->state[(uint8_t)(r->state[r->i] + r->state[r->j])];
    }
}

void crypto_rc4_once(const uint8_t key[CRYPTO_NTLM_HASH_LEN], const void *in, void *out, size_t len)
{
    struct crypto_rc4 r;
    crypto_rc4_init(&r, key, CRYPTO_NTLM_HASH_LEN);
    crypto_rc4_apply(&r, in, out, len);
    mem_wipe(&r, sizeof(r));
}
