// SPDX-License-Identifier: Apache-2.0
/*
 * Every allocation fails once, ours and libcrypto's: constructors give NULL, the other calls say
 * false with zeros, and nothing is left behind.
 * (Where libcrypto finds another way, the result must be the right one.)
 */
#include "base/mem.h"
#include "base/testmem.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "crypto/ntlm.h"
#include "crypto/seal.h"
#include "crypto/sign.h"
#include "crypto/test_util.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

/* libcrypto's allocator, through ours. */
static void *ossl_alloc(size_t size, const char *file, int line)
{
    return mem_alloc(size);
}

static void *ossl_resize(void *ptr, size_t size, const char *file, int line)
{
    return mem_resize_array(ptr, size, 1);
}

static void ossl_free(void *ptr, const char *file, int line)
{
    mem_free(ptr);
}

#define RESULT_LEN 128

static const uint8_t key[32] = {1, 2, 3};
static const uint8_t zero[RESULT_LEN];

/* Each row fills what the functions gave; after a failure that must be zero. */

static bool make_signer(unsigned alg, uint8_t *result)
{
    struct crypto_signer *s = crypto_signer_new(alg, key);
    bool ok = s && crypto_signer_sign(s, NULL, 0, zero, result);
    crypto_signer_free(s);
    return ok;
}

static bool make_sealer(unsigned cipher, uint8_t *result)
{
    struct crypto_sealer *s = crypto_sealer_new(cipher, CRYPTO_SEAL, key);
    const struct crypto_iov iov = {key, 16};
    bool ok = s && crypto_seal(s, zero, NULL, 0, &iov, 1, result, result + 16);
    crypto_sealer_free(s);
    return ok;
}

static bool make_hash(unsigned unused, uint8_t *result)
{
    return crypto_sha512(NULL, 0, result);
}

static bool make_preauth(unsigned unused, uint8_t *result)
{
    struct crypto_preauth p;
    const struct crypto_iov iov = {key, sizeof(key)};
    crypto_preauth_init(&p); /* on failure it stays as it is */
    bool ok = crypto_preauth_update(&p, &iov, 1);
    memcpy(result, p.hash, sizeof(p.hash));
    return ok;
}

static bool make_keys(unsigned cipher, uint8_t *result)
{
    struct crypto_session_keys k;
    struct crypto_preauth p;
    crypto_preauth_init(&p);
    bool ok = crypto_derive_session_keys(0x0311, cipher, key, sizeof(key), &p, &k);
    memcpy(result, &k, sizeof(k));
    return ok;
}

static bool make_ntowfv2(unsigned unused, uint8_t *result)
{
    return crypto_ntowfv2(key, zero, 2, zero, 2, result);
}

static bool make_ntlm_signer(unsigned unused, uint8_t *result)
{
    struct crypto_ntlm_signer s;
    bool ok = crypto_ntlm_signer_init(&s, key, CRYPTO_NTLM_SEAL_128, CRYPTO_NTLM_SERVER, true);
    memcpy(result, &s, RESULT_LEN);
    return ok;
}

struct row {
    bool (*make)(unsigned arg, uint8_t *result);
    unsigned arg;
};

static const struct row rows[] = {
    {make_signer, CRYPTO_SIGN_HMAC_SHA256},
    {make_signer, CRYPTO_SIGN_AES_CMAC},
    {make_signer, CRYPTO_SIGN_AES_GMAC},
    {make_sealer, CRYPTO_CIPHER_AES_128_CCM},
    {make_sealer, CRYPTO_CIPHER_AES_256_GCM},
    {make_hash, 0},
    {make_preauth, 0},
    {make_keys, CRYPTO_CIPHER_AES_256_GCM},
    {make_ntowfv2, 0},
    {make_ntlm_signer, 0},
};

static void check_row(const struct row *row)
{
    uint8_t right[RESULT_LEN] = {0};
    testmem_fail_none();
    ERR_clear_error();
    assert_true(row->make(row->arg, right)); /* libcrypto's caches are filled */
    size_t live = testmem_live();
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        uint8_t result[RESULT_LEN] = {0};
        testmem_fail_nth(n);
        bool ok = row->make(row->arg, result);
        failed = testmem_failed() > 0;
        testmem_fail_none();
        ERR_clear_error(); /* what it keeps there is not lost */
        assert_int_equal(testmem_live(), live);
        /* libcrypto gets over some failures (it finds the digest another way): then all is right.
         */
        assert_true(ok || failed);
        assert_memory_equal(result, ok ? right : zero, RESULT_LEN);
    }
}

static void test_every_allocation_fails(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(&rows[i]);
}

/* A signed or sealed message allocates nothing of ours; libcrypto may, for a digest. */
static void test_no_allocation_per_message(void **state)
{
    struct crypto_iov iov = {key, sizeof(key)};
    uint8_t mac[16], out[32];
    struct crypto_signer *cmac = crypto_signer_new(CRYPTO_SIGN_AES_CMAC, key);
    struct crypto_signer *gmac = crypto_signer_new(CRYPTO_SIGN_AES_GMAC, key);
    struct crypto_sealer *gcm = crypto_sealer_new(CRYPTO_CIPHER_AES_128_GCM, CRYPTO_SEAL, key);
    struct crypto_sealer *ccm = crypto_sealer_new(CRYPTO_CIPHER_AES_128_CCM, CRYPTO_SEAL, key);
    testmem_fail_none();
    assert_true(crypto_signer_sign(cmac, &iov, 1, NULL, mac));
    assert_true(crypto_signer_sign(gmac, &iov, 1, zero, mac));
    assert_true(crypto_seal(gcm, zero, zero, 32, &iov, 1, out, mac));
    assert_true(crypto_seal(ccm, zero, zero, 32, &iov, 1, out, mac));
    assert_int_equal(testmem_count(), 0);
    crypto_signer_free(cmac);
    crypto_signer_free(gmac);
    crypto_sealer_free(gcm);
    crypto_sealer_free(ccm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation_fails),
        cmocka_unit_test(test_no_allocation_per_message),
    };
    testmem_install();
    if (!CRYPTO_set_mem_functions(ossl_alloc, ossl_resize, ossl_free))
        return 1;
    /* libcrypto's own globals live until the process ends: the allocator stays. */
    return cmocka_run_group_tests(tests, test_setup, test_teardown);
}
