// SPDX-License-Identifier: Apache-2.0
/*
 * The three signature algorithms, each behind a row of a table.
 *
 * AES-CMAC is our own over AES-CBC, because libcrypto's calls the cipher once for every block of 16
 * bytes; in bulk it is half as fast again. AES-GMAC is AES-GCM with everything as additional data:
 * libcrypto's GMAC costs two to three times as much on a short message.
 */
#include "crypto/sign.h"

#include "base/builder.h"
#include "base/mem.h"
#include "crypto/crypto_int.h"
#include "crypto/hash.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#define SIGNER_MAGIC 0x5349474eu
#define AES_BLOCK    16
/* CBC writes ciphertext that nobody wants: through a scratch that stays in the L1 cache. */
#define CMAC_SCRATCH 4096

struct sign_ops;

struct cmac_state {
    uint8_t k1[AES_BLOCK]; /* masks of a full and of a padded last block (RFC 4493 2.3) */
    uint8_t k2[AES_BLOCK];
    uint8_t held[AES_BLOCK]; /* the newest 0..16 bytes: they may be the last block */
    size_t held_len;
    uint8_t scratch[CMAC_SCRATCH];
};

struct crypto_signer {
    uint32_t magic;
    enum crypto_sign_alg alg;
    const struct sign_ops *ops;
    EVP_MAC_CTX *hmac;
    EVP_CIPHER_CTX *cipher;
    struct cmac_state *cmac; /* only for AES-CMAC */
};

struct sign_ops {
    bool (*key)(struct crypto_signer *s, const uint8_t *key);
    bool (*begin)(struct crypto_signer *s, const uint8_t *nonce);
    bool (*update)(struct crypto_signer *s, const uint8_t *data, size_t len);
    bool (*finish)(struct crypto_signer *s, uint8_t *mac);
};

/* HMAC-SHA256 */

static bool hmac_key(struct crypto_signer *s, const uint8_t *key)
{
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    s->hmac = EVP_MAC_CTX_new(crypto_lib()->hmac);
    return s->hmac && EVP_MAC_init(s->hmac, key, CRYPTO_SIGN_KEY_LEN, params);
}

static bool hmac_begin(struct crypto_signer *s, const uint8_t *nonce)
{
    return EVP_MAC_init(s->hmac, NULL, 0, NULL); /* same key: its two inner states are kept */
}

static bool hmac_update(struct crypto_signer *s, const uint8_t *data, size_t len)
{
    return EVP_MAC_update(s->hmac, data, len);
}

static bool hmac_finish(struct crypto_signer *s, uint8_t *mac)
{
    uint8_t full[CRYPTO_SHA256_LEN];
    size_t got = 0;
    bool ok = EVP_MAC_final(s->hmac, full, &got, sizeof(full)) && got == sizeof(full);
    if (ok)
        memcpy(mac, full, CRYPTO_SIGN_LEN);
    return ok;
}

/* AES-CMAC */

static bool cbc_update(struct crypto_signer *s, uint8_t *out, const uint8_t *in, size_t len)
{
    int got = 0;
    return EVP_EncryptUpdate(s->cipher, out, &got, in, (int)len) && (size_t)got == len;
}

/* Doubling in GF(2^128) (RFC 4493 2.3). No branch depends on the key. */
static void cmac_double(const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK])
{
    uint8_t carry = (uint8_t)(0u - (in[0] >> 7));
    for (size_t i = 0; i < AES_BLOCK - 1; i++)
        out[i] = (uint8_t)(in[i] << 1 | in[i + 1] >> 7);
    out[AES_BLOCK - 1] = (uint8_t)(in[AES_BLOCK - 1] << 1 ^ (carry & 0x87));
}

static bool cmac_begin(struct crypto_signer *s, const uint8_t *nonce)
{
    static const uint8_t zero_iv[AES_BLOCK];
    s->cmac->held_len = 0;
    return EVP_EncryptInit_ex2(s->cipher, NULL, NULL, zero_iv, NULL);
}

static bool cmac_key(struct crypto_signer *s, const uint8_t *key)
{
    static const uint8_t zero[AES_BLOCK];
    uint8_t l[AES_BLOCK];
    s->cmac = mem_zalloc(sizeof(*s->cmac));
    s->cipher = EVP_CIPHER_CTX_new();
    if (!s->cmac || !s->cipher ||
        !EVP_EncryptInit_ex2(s->cipher, crypto_lib()->aes_128_cbc, key, zero, NULL) ||
        !EVP_CIPHER_CTX_set_padding(s->cipher, 0) || !cbc_update(s, l, zero, sizeof(zero)))
        return false;
    cmac_double(l, s->cmac->k1);
    cmac_double(s->cmac->k1, s->cmac->k2);
    mem_wipe(l, sizeof(l));
    return true;
}

static bool cmac_update(struct crypto_signer *s, const uint8_t *data, size_t len)
{
    struct cmac_state *c = s->cmac;
    size_t fill = MIN(len, AES_BLOCK - c->held_len);
    memcpy(c->held + c->held_len, data, fill);
    c->held_len += fill;
    data += fill;
    len -= fill;
    if (len == 0)
        return true;
    /* More follows: the held block is full and not the last one. */
    if (!cbc_update(s, c->scratch, c->held, AES_BLOCK))
        return false;
    size_t bulk = (len - 1) & ~(size_t)(AES_BLOCK - 1); /* leaves 1..16 bytes */
    len -= bulk;
    while (bulk) {
        size_t part = MIN(bulk, (size_t)CMAC_SCRATCH);
        if (!cbc_update(s, c->scratch, data, part))
            return false;
        data += part;
        bulk -= part;
    }
    memcpy(c->held, data, len);
    c->held_len = len;
    return true;
}

static bool cmac_finish(struct crypto_signer *s, uint8_t *mac)
{
    struct cmac_state *c = s->cmac;
    const uint8_t *mask = c->k1;
    if (c->held_len < AES_BLOCK) {
        c->held[c->held_len] = 0x80;
        memset(c->held + c->held_len + 1, 0, AES_BLOCK - c->held_len - 1);
        mask = c->k2;
    }
    for (size_t i = 0; i < AES_BLOCK; i++)
        c->held[i] ^= mask[i];
    return cbc_update(s, mac, c->held, AES_BLOCK);
}

/* AES-GMAC */

static bool gmac_key(struct crypto_signer *s, const uint8_t *key)
{
    s->cipher = EVP_CIPHER_CTX_new();
    return s->cipher &&
           EVP_EncryptInit_ex2(s->cipher, crypto_lib()->aead[CRYPTO_CIPHER_AES_128_GCM], key, NULL,
                               NULL);
}

static bool gmac_begin(struct crypto_signer *s, const uint8_t *nonce)
{
    ASSERT(nonce != NULL);
    return EVP_EncryptInit_ex2(s->cipher, NULL, NULL, nonce, NULL);
}

static bool gmac_update(struct crypto_signer *s, const uint8_t *data, size_t len)
{
    while (len) {
        size_t part = MIN(len, CRYPTO_PART_MAX);
        int got = 0;
        if (!EVP_EncryptUpdate(s->cipher, NULL, &got, data, (int)part))
            return false;
        data += part;
        len -= part;
    }
    return true;
}

static bool gmac_finish(struct crypto_signer *s, uint8_t *mac)
{
    uint8_t none[AES_BLOCK];
    int got = 0;
    return EVP_EncryptFinal_ex(s->cipher, none, &got) &&
           EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_GET_TAG, CRYPTO_SIGN_LEN, mac) > 0;
}

static const struct sign_ops sign_table[] = {
    [CRYPTO_SIGN_HMAC_SHA256] = {hmac_key, hmac_begin, hmac_update, hmac_finish},
    [CRYPTO_SIGN_AES_CMAC] = {cmac_key, cmac_begin, cmac_update, cmac_finish},
    [CRYPTO_SIGN_AES_GMAC] = {gmac_key, gmac_begin, gmac_update, gmac_finish},
};

bool crypto_sign_alg_known(uint16_t alg)
{
    return alg < ARRAY_LEN(sign_table);
}

struct crypto_signer *crypto_signer_new(enum crypto_sign_alg alg,
                                        const uint8_t key[CRYPTO_SIGN_KEY_LEN])
{
    if ((unsigned)alg >= ARRAY_LEN(sign_table))
        return NULL;
    struct crypto_signer *s = mem_zalloc(sizeof(*s));
    if (!s)
        return NULL;
    MAGIC_SET(s, SIGNER_MAGIC);
    s->alg = alg;
    s->ops = &sign_table[alg];
    crypto_object_made();
    if (!s->ops->key(s, key)) {
        crypto_signer_free(s);
        return NULL;
    }
    return s;
}

void crypto_signer_free(struct crypto_signer *s)
{
    if (!s)
        return;
    MAGIC_CHECK(s, SIGNER_MAGIC);
    EVP_MAC_CTX_free(s->hmac); /* both wipe their keys */
    EVP_CIPHER_CTX_free(s->cipher);
    if (s->cmac)
        mem_free_secret(s->cmac, sizeof(*s->cmac));
    MAGIC_WIPE(s);
    mem_free_secret(s, sizeof(*s));
    crypto_object_freed();
}

enum crypto_sign_alg crypto_signer_alg(const struct crypto_signer *s)
{
    MAGIC_CHECK(s, SIGNER_MAGIC);
    return s->alg;
}

bool crypto_signer_sign(struct crypto_signer *s, const struct crypto_iov *iov, size_t n,
                        const uint8_t *nonce, uint8_t mac[CRYPTO_SIGN_LEN])
{
    MAGIC_CHECK(s, SIGNER_MAGIC);
    bool ok = s->ops->begin(s, nonce);
    for (size_t i = 0; ok && i < n; i++)
        ok = iov[i].len == 0 || s->ops->update(s, iov[i].data, iov[i].len);
    ok = ok && s->ops->finish(s, mac);
    if (!ok)
        memset(mac, 0, CRYPTO_SIGN_LEN);
    return ok;
}

bool crypto_signer_verify(struct crypto_signer *s, const struct crypto_iov *iov, size_t n,
                          const uint8_t *nonce, const uint8_t mac[CRYPTO_SIGN_LEN])
{
    uint8_t own[CRYPTO_SIGN_LEN];
    bool ok = crypto_signer_sign(s, iov, n, nonce, own) && mem_equal_secret(own, mac, sizeof(own));
    mem_wipe(own, sizeof(own)); /* the right signature of a forged message */
    return ok;
}

#define GMAC_FROM_SERVER 0x1u
#define GMAC_CANCEL      0x2u

void crypto_gmac_nonce(uint8_t nonce[CRYPTO_SIGN_NONCE_LEN], uint64_t message_id, bool from_server,
                       bool is_cancel)
{
    le64_store(nonce, message_id);
    le32_store(nonce + 8, (from_server ? GMAC_FROM_SERVER : 0) | (is_cancel ? GMAC_CANCEL : 0));
}
