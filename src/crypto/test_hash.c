// SPDX-License-Identifier: Apache-2.0
/* Tests of the hashes (FIPS 180-4, RFC 1321, RFC 2202, RFC 4231) and of the counted start. */
#include "crypto/hash.h"

#include "crypto/sign.h"
#include "crypto/test_util.h"

static void test_digests(void **state)
{
    const struct crypto_iov abc[] = {{"a", 1}, {NULL, 0}, {"bc", 2}};
    uint8_t out[64];
    assert_true(crypto_md5(abc, 3, out));
    assert_hex(out, "900150983cd24fb0d6963f7d28e17f72");
    assert_true(crypto_sha256(abc, 3, out));
    assert_hex(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(crypto_sha512(abc, 3, out));
    assert_hex(out, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    assert_true(crypto_md5(NULL, 0, out));
    assert_hex(out, "d41d8cd98f00b204e9800998ecf8427e");
}

static void test_hmac(void **state)
{
    const struct crypto_iov msg[] = {{"what do ya want ", 16}, {"for nothing?", 12}};
    uint8_t out[32];
    assert_true(crypto_hmac_md5("Jefe", 4, msg, 2, out));
    assert_hex(out, "750c783e6ab0b503eaa86e310a5db738");
    assert_true(crypto_hmac_sha256("Jefe", 4, msg, 2, out));
    assert_hex(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_true(crypto_hmac_sha256(NULL, 0, NULL, 0, out));
    assert_hex(out, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_init_is_counted(void **state)
{
    static const uint8_t key[CRYPTO_SIGN_KEY_LEN];
    uint8_t mac[CRYPTO_SIGN_LEN];
    struct crypto_signer *s = crypto_signer_new(CRYPTO_SIGN_AES_CMAC, key);
    assert_non_null(s);
    assert_true(crypto_init());
    crypto_shutdown(); /* not the last: the object lives on */
    assert_true(crypto_signer_sign(s, NULL, 0, NULL, mac));
    crypto_signer_free(s);
    crypto_shutdown();
    assert_true(crypto_init()); /* and it can start again; the teardown ends it */
    assert_true(crypto_md5(NULL, 0, mac));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_init_is_counted),
    };
    return cmocka_run_group_tests(tests, test_setup, test_teardown);
}
