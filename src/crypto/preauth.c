// SPDX-License-Identifier: Apache-2.0
/*
 * The pre-authentication integrity hash.
 */
#include "crypto/preauth.h"

#include "base/mem.h"
#include "crypto/crypto_int.h"

#include <string.h>

void crypto_preauth_init(struct crypto_preauth *p)
{
    memset(p, 0, sizeof(*p));
}

bool crypto_preauth_update(struct crypto_preauth *p, const struct crypto_iov *iov, size_t n)
{
    uint8_t hash[CRYPTO_PREAUTH_LEN];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex2(ctx, crypto_lib()->sha512, NULL) &&
              EVP_DigestUpdate(ctx, p->hash, sizeof(p->hash));
    for (size_t i = 0; ok && i < n; i++)
        ok = iov[i].len == 0 || EVP_DigestUpdate(ctx, iov[i].data, iov[i].len);
    ok = ok && EVP_DigestFinal_ex(ctx, hash, NULL);
    EVP_MD_CTX_free(ctx);
    if (ok)
        memcpy(p->hash, hash, sizeof(hash));
    return ok;
}
