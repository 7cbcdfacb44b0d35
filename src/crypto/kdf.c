// SPDX-License-Identifier: Apache-2.0
/*
 * Key derivation. One table row per key and generation of the dialect carries label and context.
 */
#include "crypto/kdf.h"

#include "base/mem.h"
#include "crypto/hash.h"

#include <string.h>

static void be32_store(uint8_t p[4], uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

bool crypto_kdf(const void *key, size_t key_len, const void *label, size_t label_len,
                const void *context, size_t context_len, uint8_t *out, size_t out_len)
{
    ASSERT(out_len == 16 || out_len == 32);
    /* K(1) = PRF(key, [i] || label || 0 || context || [L]): one round gives 32 bytes. */
    uint8_t round[4], bits[4], k1[CRYPTO_SHA256_LEN];
    be32_store(round, 1);
    be32_store(bits, (uint32_t)out_len * 8);
    const struct crypto_iov iov[] = {
        {round, sizeof(round)}, {label, label_len},   {"", 1},
        {context, context_len}, {bits, sizeof(bits)},
    };
    bool ok = crypto_hmac_sha256(key, key_len, iov, ARRAY_LEN(iov), k1);
    memcpy(out, k1, out_len);
    mem_wipe(k1, sizeof(k1));
    return ok;
}

enum key_kind {
    KEY_SIGNING,
    KEY_APPLICATION,
    KEY_ENCRYPTION,
    KEY_DECRYPTION,
    KEY_KINDS,
};

/* Lengths include the terminating zero: sizeof of the literal ([MS-SMB2] 3.3.5.5.3). */
struct key_row {
    const char *label;
    size_t label_len;
    const char *context; /* NULL: the pre-authentication hash */
    size_t context_len;
};

#define KEY_ROW_30(label, context)                     \
    {                                                  \
        label, sizeof(label), context, sizeof(context) \
    }
#define KEY_ROW_311(label)            \
    {                                 \
        label, sizeof(label), NULL, 0 \
    }

static const struct key_row rows_30[KEY_KINDS] = {
    [KEY_SIGNING] = KEY_ROW_30("SMB2AESCMAC", "SmbSign"),
    [KEY_APPLICATION] = KEY_ROW_30("SMB2APP", "SmbRpc"),
    [KEY_ENCRYPTION] = KEY_ROW_30("SMB2AESCCM", "ServerOut"),
    [KEY_DECRYPTION] = KEY_ROW_30("SMB2AESCCM", "ServerIn "), /* sic: a blank at the end */
};

static const struct key_row rows_311[KEY_KINDS] = {
    [KEY_SIGNING] = KEY_ROW_311("SMBSigningKey"),
    [KEY_APPLICATION] = KEY_ROW_311("SMBAppKey"),
    [KEY_ENCRYPTION] = KEY_ROW_311("SMBS2CCipherKey"),
    [KEY_DECRYPTION] = KEY_ROW_311("SMBC2SCipherKey"),
};

/* What a derivation works on. */
struct kdf_input {
    enum crypto_cipher cipher;
    const struct crypto_preauth *preauth;
    uint8_t session_key[16]; /* Session.SessionKey */
    const void *full_key;    /* Session.FullSessionKey */
    size_t full_key_len;
};

/* KDF of one key. The 256-bit ciphers' keys come from the full key, all else from the session key.
 */
static bool derive(const struct kdf_input *in, const struct key_row *row, uint8_t *out,
                   size_t out_len)
{
    bool full = out_len > sizeof(in->session_key);
    const void *key = full ? in->full_key : in->session_key;
    size_t key_len = full ? in->full_key_len : sizeof(in->session_key);
    const void *context = row->context ? (const void *)row->context : in->preauth->hash;
    size_t context_len = row->context ? row->context_len : sizeof(in->preauth->hash);
    return crypto_kdf(key, key_len, row->label, row->label_len, context, context_len, out, out_len);
}

/* L is the length of the key asked for: 128 for the signing and application keys also under a
   256-bit cipher, although [MS-SMB2] 3.1.4.2 read alone ties L to the cipher. Windows and macOS do
   so. */
static bool derive_rows(const struct kdf_input *in, const struct key_row *rows,
                        struct crypto_session_keys *out)
{
    size_t len = out->cipher_key_len;
    return derive(in, &rows[KEY_SIGNING], out->signing, sizeof(out->signing)) &&
           derive(in, &rows[KEY_APPLICATION], out->application, sizeof(out->application)) &&
           (len == 0 || (derive(in, &rows[KEY_ENCRYPTION], out->encryption, len) &&
                         derive(in, &rows[KEY_DECRYPTION], out->decryption, len)));
}

static bool derive_2x(const struct kdf_input *in, struct crypto_session_keys *out)
{
    memcpy(out->signing, in->session_key, sizeof(out->signing));
    memcpy(out->application, in->session_key, sizeof(out->application));
    return true;
}

static bool derive_30(const struct kdf_input *in, struct crypto_session_keys *out)
{
    out->cipher_key_len = crypto_cipher_key_len(CRYPTO_CIPHER_AES_128_CCM);
    return derive_rows(in, rows_30, out);
}

static bool derive_311(const struct kdf_input *in, struct crypto_session_keys *out)
{
    if (!in->preauth || (in->cipher != CRYPTO_CIPHER_NONE && !crypto_cipher_known(in->cipher)))
        return false;
    out->cipher_key_len = crypto_cipher_key_len(in->cipher);
    return derive_rows(in, rows_311, out);
}

static const struct {
    uint16_t dialect;
    bool (*derive)(const struct kdf_input *in, struct crypto_session_keys *out);
} dialect_table[] = {
    {0x0202, derive_2x}, {0x0210, derive_2x},  {0x0300, derive_30},
    {0x0302, derive_30}, {0x0311, derive_311},
};

bool crypto_derive_session_keys(uint16_t dialect, enum crypto_cipher cipher,
                                const void *session_key, size_t session_key_len,
                                const struct crypto_preauth *preauth,
                                struct crypto_session_keys *out)
{
    struct kdf_input in = {.cipher = cipher,
                           .preauth = preauth,
                           .full_key = session_key,
                           .full_key_len = session_key_len};
    bool ok = false;
    memset(out, 0, sizeof(*out));
    if (session_key_len == 0)
        return false;
    memcpy(in.session_key, session_key, MIN(session_key_len, sizeof(in.session_key)));
    for (size_t i = 0; i < ARRAY_LEN(dialect_table); i++) {
        if (dialect_table[i].dialect == dialect)
            ok = dialect_table[i].derive(&in, out);
    }
    mem_wipe(&in, sizeof(in));
    if (!ok)
        mem_wipe(out, sizeof(*out));
    return ok;
}
