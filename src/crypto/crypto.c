// SPDX-License-Identifier: Apache-2.0
/*
 * The library context and its algorithms.
 *
 * lib_users counts crypto_init; the algorithms exist while it is not 0. lib_mutex (libcrypto's,
 * since this layer makes no OS calls) guards the count and the making and freeing; the algorithms
 * themselves are immutable between and read without it. The mutex is made once and never freed.
 */
#include "crypto/crypto_int.h"

#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <stdatomic.h>
#include <string.h>

static struct crypto_lib lib;
static size_t lib_users;
static CRYPTO_RWLOCK *lib_mutex;
static CRYPTO_ONCE lib_mutex_once = CRYPTO_ONCE_STATIC_INIT;
static atomic_size_t live_objects;

static void make_mutex(void)
{
    lib_mutex = CRYPTO_THREAD_lock_new();
}

struct cipher_row {
    const char *name;
    EVP_CIPHER **slot;
};

struct digest_row {
    const char *name;
    EVP_MD **slot;
};

static const struct cipher_row cipher_rows[] = {
    {"AES-128-CBC", &lib.aes_128_cbc},
    {"AES-128-CCM", &lib.aead[CRYPTO_CIPHER_AES_128_CCM]},
    {"AES-128-GCM", &lib.aead[CRYPTO_CIPHER_AES_128_GCM]},
    {"AES-256-CCM", &lib.aead[CRYPTO_CIPHER_AES_256_CCM]},
    {"AES-256-GCM", &lib.aead[CRYPTO_CIPHER_AES_256_GCM]},
};

static const struct digest_row digest_rows[] = {
    {"MD5", &lib.md5},
    {"SHA256", &lib.sha256},
    {"SHA512", &lib.sha512},
};

static void lib_free(void)
{
    for (size_t i = 0; i < ARRAY_LEN(cipher_rows); i++)
        EVP_CIPHER_free(*cipher_rows[i].slot);
    for (size_t i = 0; i < ARRAY_LEN(digest_rows); i++)
        EVP_MD_free(*digest_rows[i].slot);
    EVP_MAC_free(lib.hmac);
    if (lib.provider)
        OSSL_PROVIDER_unload(lib.provider);
    OSSL_LIB_CTX_free(lib.ctx);
    memset(&lib, 0, sizeof(lib));
}

static bool lib_fetch(void)
{
    for (size_t i = 0; i < ARRAY_LEN(cipher_rows); i++) {
        *cipher_rows[i].slot = EVP_CIPHER_fetch(lib.ctx, cipher_rows[i].name, NULL);
        if (!*cipher_rows[i].slot)
            return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(digest_rows); i++) {
        *digest_rows[i].slot = EVP_MD_fetch(lib.ctx, digest_rows[i].name, NULL);
        if (!*digest_rows[i].slot)
            return false;
    }
    lib.hmac = EVP_MAC_fetch(lib.ctx, "HMAC", NULL);
    return lib.hmac != NULL;
}

static bool lib_make(void)
{
    lib.ctx = OSSL_LIB_CTX_new();
    if (!lib.ctx)
        return false;
    lib.provider = OSSL_PROVIDER_load(lib.ctx, "default");
    if (lib.provider && lib_fetch())
        return true;
    lib_free();
    return false;
}

bool crypto_init(void)
{
    if (!CRYPTO_THREAD_run_once(&lib_mutex_once, make_mutex) || !lib_mutex)
        return false;
    if (!CRYPTO_THREAD_write_lock(lib_mutex))
        return false;
    bool ok = lib_users > 0 || lib_make();
    if (ok)
        lib_users++;
    CRYPTO_THREAD_unlock(lib_mutex);
    return ok;
}

void crypto_shutdown(void)
{
    ASSERT(lib_mutex != NULL);
    bool locked = CRYPTO_THREAD_write_lock(lib_mutex);
    ASSERT(locked);
    ASSERT(lib_users > 0);
    if (--lib_users == 0) {
        ASSERT(atomic_load(&live_objects) == 0);
        lib_free();
    }
    CRYPTO_THREAD_unlock(lib_mutex);
}

const struct crypto_lib *crypto_lib(void)
{
    ASSERT(lib.ctx != NULL);
    return &lib;
}

void crypto_object_made(void)
{
    atomic_fetch_add(&live_objects, 1);
}

void crypto_object_freed(void)
{
    atomic_fetch_sub(&live_objects, 1);
}
