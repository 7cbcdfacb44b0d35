// SPDX-License-Identifier: Apache-2.0
/*
 * Encryption of SMB2 messages ([MS-SMB2] 3.1.4.3): AES-CCM and AES-GCM with a 16-byte tag (the
 * Signature of the transform header). The additional data are the 32 bytes of the transform header
 * from Nonce to SessionId.
 *
 * One object per key and direction. A nonce must never be used twice with a key: take it from
 * crypto/nonce.h. Nothing is allocated per message. Ownership and threads: see crypto/crypto.h.
 */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include "crypto/crypto.h"

#define CRYPTO_SEAL_TAG_LEN       16
#define CRYPTO_SEAL_KEY_MAX       32
#define CRYPTO_SEAL_NONCE_MAX     12
#define CRYPTO_SEAL_NONCE_CCM_LEN 11
#define CRYPTO_SEAL_NONCE_GCM_LEN 12

/* The values of SMB2_ENCRYPTION_CAPABILITIES ([MS-SMB2] 2.2.3.1.2). */
enum crypto_cipher {
    CRYPTO_CIPHER_NONE = 0,
    CRYPTO_CIPHER_AES_128_CCM = 1, /* the only one of 3.0 and 3.0.2 */
    CRYPTO_CIPHER_AES_128_GCM = 2,
    CRYPTO_CIPHER_AES_256_CCM = 3,
    CRYPTO_CIPHER_AES_256_GCM = 4,
};

enum crypto_direction {
    CRYPTO_SEAL,
    CRYPTO_OPEN,
};

struct crypto_sealer;

/* Is it a cipher of the list, other than NONE? */
bool crypto_cipher_known(uint16_t cipher);
/* In bytes; 0 for NONE and unknown ones. */
size_t crypto_cipher_key_len(enum crypto_cipher cipher);
size_t crypto_cipher_nonce_len(enum crypto_cipher cipher);

/* `key` has crypto_cipher_key_len bytes. NULL for an unknown cipher and when memory is out. */
NODISCARD struct crypto_sealer *
crypto_sealer_new(enum crypto_cipher cipher, enum crypto_direction direction, const uint8_t *key);
/* Wipes the key. NULL is allowed. */
void crypto_sealer_free(struct crypto_sealer *s);
enum crypto_cipher crypto_sealer_cipher(const struct crypto_sealer *s);

/*
 * Encrypts the pieces into one contiguous `out` of their total length, which must not be 0. A piece
 * either does not overlap `out`, or lies exactly where its ciphertext goes (so a message that is
 * already contiguous is sealed in place). `nonce` has crypto_cipher_nonce_len bytes. On false,
 * `out` is zero and must not be sent. Needs an object of direction CRYPTO_SEAL.
 */
NODISCARD bool crypto_seal(struct crypto_sealer *s, const uint8_t *nonce, const void *aad,
                           size_t aad_len, const struct crypto_iov *iov, size_t n, uint8_t *out,
                           uint8_t tag[CRYPTO_SEAL_TAG_LEN]);

/*
 * Decrypts `len` bytes (1 byte to 1 GiB) into `out`, which is `in` itself or does not overlap it.
 * False when the tag does not match: `out` is then zero, so that nothing unauthenticated can be
 * used by mistake. Needs an object of direction CRYPTO_OPEN.
 */
NODISCARD bool crypto_open(struct crypto_sealer *s, const uint8_t *nonce, const void *aad,
                           size_t aad_len, const uint8_t *in, size_t len, uint8_t *out,
                           const uint8_t tag[CRYPTO_SEAL_TAG_LEN]);

#endif
