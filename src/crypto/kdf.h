// SPDX-License-Identifier: Apache-2.0
/*
 * Keys of a session from the key of the authentication ([MS-SMB2] 3.1.4.2, 3.2.5.3.1, 3.3.5.5.3).
 */
#ifndef CRYPTO_KDF_H
#define CRYPTO_KDF_H

#include "crypto/preauth.h"
#include "crypto/seal.h"
#include "crypto/sign.h"

#define CRYPTO_APPLICATION_KEY_LEN 16

/* SP 800-108 in counter mode with HMAC-SHA256, r = 32. `label` and `context` include their
   terminating zero where the specification counts it. out_len is 16 or 32; L, which is hashed too,
   is its number of bits. */
NODISCARD bool crypto_kdf(const void *key, size_t key_len, const void *label, size_t label_len,
                          const void *context, size_t context_len, uint8_t *out, size_t out_len);

/* Named as the server sees them; a client swaps encryption and decryption. Wipe after use
 * (mem_wipe). */
struct crypto_session_keys {
    uint8_t signing[CRYPTO_SIGN_KEY_LEN];
    uint8_t encryption[CRYPTO_SEAL_KEY_MAX]; /* server to client */
    uint8_t decryption[CRYPTO_SEAL_KEY_MAX]; /* client to server */
    uint8_t application[CRYPTO_APPLICATION_KEY_LEN];
    size_t cipher_key_len; /* of encryption and decryption: 0, 16 or 32 */
};

/*
 * `dialect` is the wire value (0x0202 ... 0x0311). `session_key` is the whole key as the
 * authentication gave it: its first 16 bytes (padded with zeros if shorter) are Session.SessionKey;
 * all of it is Session.FullSessionKey. `preauth` is read only for 3.1.1, and must be given then.
 *
 * 2.x: signing and application are the session key, no cipher keys. 3.0 and 3.0.2: always
 * AES-128-CCM, whatever `cipher` says. 3.1.1: no cipher keys for CRYPTO_CIPHER_NONE; cipher keys of
 * the 256-bit ciphers come from the full key. A channel that is bound to a session takes only
 * `signing`, made from its own key and its own hash. False for an unknown dialect or cipher, an
 * empty key, or a failure of the library; *out is zero then.
 */
NODISCARD bool crypto_derive_session_keys(uint16_t dialect, enum crypto_cipher cipher,
                                          const void *session_key, size_t session_key_len,
                                          const struct crypto_preauth *preauth,
                                          struct crypto_session_keys *out);

#endif
