// SPDX-License-Identifier: Apache-2.0
/*
 * Hashes and keyed hashes in one call, over pieces. They make a context per call: for
 * authentication and key derivation, not for every message of a connection (crypto/sign.h is).
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "crypto/crypto.h"

#define CRYPTO_MD5_LEN    16
#define CRYPTO_SHA256_LEN 32
#define CRYPTO_SHA512_LEN 64

NODISCARD bool crypto_md5(const struct crypto_iov *iov, size_t n, uint8_t out[CRYPTO_MD5_LEN]);
NODISCARD bool crypto_sha256(const struct crypto_iov *iov, size_t n,
                             uint8_t out[CRYPTO_SHA256_LEN]);
NODISCARD bool crypto_sha512(const struct crypto_iov *iov, size_t n,
                             uint8_t out[CRYPTO_SHA512_LEN]);

NODISCARD bool crypto_hmac_md5(const void *key, size_t key_len, const struct crypto_iov *iov,
                               size_t n, uint8_t out[CRYPTO_MD5_LEN]);
NODISCARD bool crypto_hmac_sha256(const void *key, size_t key_len, const struct crypto_iov *iov,
                                  size_t n, uint8_t out[CRYPTO_SHA256_LEN]);

#endif
