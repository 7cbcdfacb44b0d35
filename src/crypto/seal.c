// SPDX-License-Identifier: Apache-2.0
/*
 * AES-CCM and AES-GCM with one keyed context per direction.
 *
 * libcrypto's CCM wants the length first and the whole text in one update, so pieces are first
 * gathered in the output; GCM takes them one by one.
 */
#include "crypto/seal.h"

#include "base/checked.h"
#include "base/mem.h"
#include "crypto/crypto_int.h"

#include <limits.h>
#include <openssl/err.h>
#include <string.h>

#define SEALER_MAGIC 0x5345414cu

struct cipher_row {
    uint8_t key_len;
    uint8_t nonce_len;
    bool ccm;
};

static const struct cipher_row cipher_table[] = {
    [CRYPTO_CIPHER_AES_128_CCM] = {16, CRYPTO_SEAL_NONCE_CCM_LEN, true},
    [CRYPTO_CIPHER_AES_128_GCM] = {16, CRYPTO_SEAL_NONCE_GCM_LEN, false},
    [CRYPTO_CIPHER_AES_256_CCM] = {32, CRYPTO_SEAL_NONCE_CCM_LEN, true},
    [CRYPTO_CIPHER_AES_256_GCM] = {32, CRYPTO_SEAL_NONCE_GCM_LEN, false},
};

struct crypto_sealer {
    uint32_t magic;
    enum crypto_cipher cipher;
    enum crypto_direction direction;
    bool ccm;
    EVP_CIPHER_CTX *ctx;
};

bool crypto_cipher_known(uint16_t cipher)
{
    return cipher < ARRAY_LEN(cipher_table) && cipher_table[cipher].key_len != 0;
}

size_t crypto_cipher_key_len(enum crypto_cipher cipher)
{
    return (unsigned)cipher < ARRAY_LEN(cipher_table) ? cipher_table[cipher].key_len : 0;
}

size_t crypto_cipher_nonce_len(enum crypto_cipher cipher)
{
    return (unsigned)cipher < ARRAY_LEN(cipher_table) ? cipher_table[cipher].nonce_len : 0;
}

/* Lengths of nonce and tag are fixed before the key is set; afterwards a message sets only its
 * nonce. */
static bool sealer_key(struct crypto_sealer *s, const uint8_t *key)
{
    int enc = s->direction == CRYPTO_SEAL;
    const struct cipher_row *row = &cipher_table[s->cipher];
    s->ctx = EVP_CIPHER_CTX_new();
    if (!s->ctx ||
        !EVP_CipherInit_ex2(s->ctx, crypto_lib()->aead[s->cipher], NULL, NULL, enc, NULL))
        return false;
    if (EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_SET_IVLEN, row->nonce_len, NULL) <= 0)
        return false;
    if (s->ccm &&
        EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_SET_TAG, CRYPTO_SEAL_TAG_LEN, NULL) <= 0)
        return false;
    return EVP_CipherInit_ex2(s->ctx, NULL, key, NULL, enc, NULL);
}

struct crypto_sealer *crypto_sealer_new(enum crypto_cipher cipher, enum crypto_direction direction,
                                        const uint8_t *key)
{
    if (crypto_cipher_key_len(cipher) == 0)
        return NULL;
    struct crypto_sealer *s = mem_zalloc(sizeof(*s));
    if (!s)
        return NULL;
    MAGIC_SET(s, SEALER_MAGIC);
    s->cipher = cipher;
    s->direction = direction;
    s->ccm = cipher_table[cipher].ccm;
    crypto_object_made();
    if (!sealer_key(s, key)) {
        crypto_sealer_free(s);
        return NULL;
    }
    return s;
}

void crypto_sealer_free(struct crypto_sealer *s)
{
    if (!s)
        return;
    MAGIC_CHECK(s, SEALER_MAGIC);
    EVP_CIPHER_CTX_free(s->ctx); /* wipes the key */
    MAGIC_WIPE(s);
    mem_free(s);
    crypto_object_freed();
}

enum crypto_cipher crypto_sealer_cipher(const struct crypto_sealer *s)
{
    MAGIC_CHECK(s, SEALER_MAGIC);
    return s->cipher;
}

/* out NULL: additional data. */
static bool aead_update(struct crypto_sealer *s, uint8_t *out, const uint8_t *in, size_t len)
{
    while (len) {
        size_t part = MIN(len, CRYPTO_PART_MAX);
        int got = 0;
        if (!EVP_CipherUpdate(s->ctx, out, &got, in, (int)part) || (size_t)got != part)
            return false;
        if (out)
            out += part;
        in += part;
        len -= part;
    }
    return true;
}

static bool aead_begin(struct crypto_sealer *s, const uint8_t *nonce, const void *aad,
                       size_t aad_len, size_t text_len)
{
    int got = 0;
    if (!EVP_CipherInit_ex2(s->ctx, NULL, NULL, nonce, -1, NULL))
        return false;
    if (s->ccm && !EVP_CipherUpdate(s->ctx, NULL, &got, NULL, (int)text_len))
        return false;
    return aead_update(s, NULL, aad, aad_len);
}

/* Our own limit, far above any message: libcrypto counts in int, and CCM takes the text in one
 * update. */
static bool length_ok(size_t len)
{
    return len != 0 && len <= CRYPTO_PART_MAX;
}

static void gather(const struct crypto_iov *iov, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        if (iov[i].len && iov[i].data != out)
            memcpy(out, iov[i].data, iov[i].len);
        out += iov[i].len;
    }
}

static bool seal_text(struct crypto_sealer *s, const struct crypto_iov *iov, size_t n, uint8_t *out,
                      size_t total)
{
    if (s->ccm) {
        gather(iov, n, out);
        return aead_update(s, out, out, total);
    }
    for (size_t i = 0; i < n; i++) {
        if (!aead_update(s, out, iov[i].data, iov[i].len))
            return false;
        out += iov[i].len;
    }
    return true;
}

static bool seal_finish(struct crypto_sealer *s, uint8_t *tag)
{
    uint8_t none[EVP_MAX_BLOCK_LENGTH];
    int got = 0;
    return EVP_CipherFinal_ex(s->ctx, none, &got) &&
           EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_GET_TAG, CRYPTO_SEAL_TAG_LEN, tag) > 0;
}

static bool total_len(const struct crypto_iov *iov, size_t n, size_t *total)
{
    *total = 0;
    for (size_t i = 0; i < n; i++) {
        if (!checked_add_size(*total, iov[i].len, total))
            return false;
    }
    return true;
}

bool crypto_seal(struct crypto_sealer *s, const uint8_t *nonce, const void *aad, size_t aad_len,
                 const struct crypto_iov *iov, size_t n, uint8_t *out,
                 uint8_t tag[CRYPTO_SEAL_TAG_LEN])
{
    MAGIC_CHECK(s, SEALER_MAGIC);
    ASSERT(s->direction == CRYPTO_SEAL);
    size_t total;
    memset(tag, 0, CRYPTO_SEAL_TAG_LEN);
    if (!total_len(iov, n, &total) || !length_ok(total))
        return false;
    bool ok = aead_begin(s, nonce, aad, aad_len, total) && seal_text(s, iov, n, out, total) &&
              seal_finish(s, tag);
    if (!ok) {
        mem_wipe(out, total);
        memset(tag, 0, CRYPTO_SEAL_TAG_LEN);
    }
    return ok;
}

static bool open_text(struct crypto_sealer *s, const uint8_t *in, size_t len, uint8_t *out)
{
    uint8_t none[EVP_MAX_BLOCK_LENGTH];
    int got = 0;
    /* CCM compares the tag in the update, GCM in the end. */
    return aead_update(s, out, in, len) && (s->ccm || EVP_CipherFinal_ex(s->ctx, none, &got));
}

bool crypto_open(struct crypto_sealer *s, const uint8_t *nonce, const void *aad, size_t aad_len,
                 const uint8_t *in, size_t len, uint8_t *out,
                 const uint8_t tag[CRYPTO_SEAL_TAG_LEN])
{
    MAGIC_CHECK(s, SEALER_MAGIC);
    ASSERT(s->direction == CRYPTO_OPEN);
    if (!length_ok(len))
        return false;
    /* A peer can make this fail at will: leave no trace in the thread's error queue, which may
       belong to an embedding program. */
    ERR_set_mark();
    bool ok =
        EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_SET_TAG, CRYPTO_SEAL_TAG_LEN, (void *)tag) > 0 &&
        aead_begin(s, nonce, aad, aad_len, len) && open_text(s, in, len, out);
    ERR_pop_to_mark();
    if (!ok)
        mem_wipe(out, len);
    return ok;
}
