// SPDX-License-Identifier: Apache-2.0
/*
 * What the files of this folder share: the fetched algorithms, and the count of objects that use
 * them. Only files of src/crypto include it.
 */
#ifndef CRYPTO_CRYPTO_INT_H
#define CRYPTO_CRYPTO_INT_H

#include "crypto/crypto.h"
#include "crypto/seal.h"

#include <openssl/evp.h>

/* libcrypto takes lengths as int: longer pieces are fed in parts of this size. */
#define CRYPTO_PART_MAX ((size_t)1 << 30)

struct crypto_lib {
    OSSL_LIB_CTX *ctx;
    OSSL_PROVIDER *provider;
    EVP_CIPHER *aes_128_cbc;
    EVP_CIPHER *aead[CRYPTO_CIPHER_AES_256_GCM + 1]; /* by enum crypto_cipher; [0] is NULL */
    EVP_MD *md5;
    EVP_MD *sha256;
    EVP_MD *sha512;
    EVP_MAC *hmac;
};

/* Never NULL: asserts that crypto_init was called. Immutable until the last crypto_shutdown. */
const struct crypto_lib *crypto_lib(void);

/* Each object that holds a context counts itself, so that the last crypto_shutdown can assert that
   none is left. */
void crypto_object_made(void);
void crypto_object_freed(void);

#endif
