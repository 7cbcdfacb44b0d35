// SPDX-License-Identifier: Apache-2.0
/*
 * One-shot hashes over pieces.
 */
#include "crypto/hash.h"

#include "base/mem.h"
#include "crypto/crypto_int.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

static bool digest_pieces(EVP_MD_CTX *ctx, const struct crypto_iov *iov, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (iov[i].len && !EVP_DigestUpdate(ctx, iov[i].data, iov[i].len))
            return false;
    }
    return true;
}

static bool digest(const EVP_MD *md, const struct crypto_iov *iov, size_t n, uint8_t *out,
                   size_t out_len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex2(ctx, md, NULL) && digest_pieces(ctx, iov, n) &&
              EVP_DigestFinal_ex(ctx, out, NULL);
    EVP_MD_CTX_free(ctx);
    if (!ok)
        mem_wipe(out, out_len);
    return ok;
}

bool crypto_md5(const struct crypto_iov *iov, size_t n, uint8_t out[CRYPTO_MD5_LEN])
{
    return digest(crypto_lib()->md5, iov, n, out, CRYPTO_MD5_LEN);
}

bool crypto_sha256(const struct crypto_iov *iov, size_t n, uint8_t out[CRYPTO_SHA256_LEN])
{
    return digest(crypto_lib()->sha256, iov, n, out, CRYPTO_SHA256_LEN);
}

bool crypto_sha512(const struct crypto_iov *iov, size_t n, uint8_t out[CRYPTO_SHA512_LEN])
{
    return digest(crypto_lib()->sha512, iov, n, out, CRYPTO_SHA512_LEN);
}

static bool hmac_pieces(EVP_MAC_CTX *ctx, const struct crypto_iov *iov, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (iov[i].len && !EVP_MAC_update(ctx, iov[i].data, iov[i].len))
            return false;
    }
    return true;
}

static bool hmac(const char *md_name, const void *key, size_t key_len, const struct crypto_iov *iov,
                 size_t n, uint8_t *out, size_t out_len)
{
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)md_name, 0),
        OSSL_PARAM_construct_end(),
    };
    /* A NULL key means "keep the old one" to libcrypto: an empty key needs an address. */
    const uint8_t *k = key_len ? key : (const uint8_t *)"";
    size_t got = 0;
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(crypto_lib()->hmac);
    bool ok = ctx && EVP_MAC_init(ctx, k, key_len, params) && hmac_pieces(ctx, iov, n) &&
              EVP_MAC_final(ctx, out, &got, out_len) && got == out_len;
    EVP_MAC_CTX_free(ctx);
    if (!ok)
        mem_wipe(out, out_len);
    return ok;
}

bool crypto_hmac_md5(const void *key, size_t key_len, const struct crypto_iov *iov, size_t n,
                     uint8_t out[CRYPTO_MD5_LEN])
{
    return hmac("MD5", key, key_len, iov, n, out, CRYPTO_MD5_LEN);
}

bool crypto_hmac_sha256(const void *key, size_t key_len, const struct crypto_iov *iov, size_t n,
                        uint8_t out[CRYPTO_SHA256_LEN])
{
    return hmac("SHA256", key, key_len, iov, n, out, CRYPTO_SHA256_LEN);
}
