// SPDX-License-Identifier: Apache-2.0
/* Tests of the signatures: published vectors, cuts, tampering. */
#include "crypto/sign.h"

#include "crypto/test_util.h"

static void check_vector(enum crypto_sign_alg alg, const char *key_hex, const char *nonce_hex,
                         const char *msg_hex, const char *mac_hex)
{
    uint8_t key[16], nonce[12], msg[256], want[16], mac[16];
    assert_int_equal(unhex(key_hex, key, sizeof(key)), 16);
    if (nonce_hex)
        assert_int_equal(unhex(nonce_hex, nonce, sizeof(nonce)), 12);
    const struct crypto_iov iov = {msg, unhex(msg_hex, msg, sizeof(msg))};
    assert_int_equal(unhex(mac_hex, want, sizeof(want)), 16);
    struct crypto_signer *s = crypto_signer_new(alg, key);
    assert_non_null(s);
    assert_int_equal(crypto_signer_alg(s), alg);
    for (int again = 0; again < 3; again++) { /* the key stays */
        assert_true(crypto_signer_sign(s, &iov, 1, nonce_hex ? nonce : NULL, mac));
        assert_memory_equal(mac, want, sizeof(want));
        assert_true(crypto_signer_verify(s, &iov, 1, nonce_hex ? nonce : NULL, want));
    }
    crypto_signer_free(s);
}

/* RFC 4493 section 4. */
static void test_cmac_rfc4493(void **state)
{
    static const char *const msg =
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
    static const struct {
        size_t len;
        const char *mac;
    } rows[] = {
        {0, "bb1d6929e95937287fa37d129b756746"},
        {16, "070a16b46b4d4144f79bdd9dd04a287c"},
        {40, "dfa66747de9ae63030ca32611497c827"},
        {64, "51f0bebf7e3b9d92fc49741779363cfe"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char part[129] = "";
        memcpy(part, msg, 2 * rows[i].len);
        check_vector(CRYPTO_SIGN_AES_CMAC, "2b7e151628aed2a6abf7158809cf4f3c", NULL, part,
                     rows[i].mac);
    }
}

/* RFC 4231 test case 2: HMAC fills its key "Jefe" with zeros as well. */
static void test_hmac_rfc4231(void **state)
{
    check_vector(CRYPTO_SIGN_HMAC_SHA256, "4a656665000000000000000000000000", NULL,
                 "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
                 "5bdcc146bf60754e6a042426089575c7");
}

/* NIST's vectors of GCM without text. */
static void test_gmac_nist(void **state)
{
    check_vector(CRYPTO_SIGN_AES_GMAC, "00000000000000000000000000000000",
                 "000000000000000000000000", "", "58e2fccefa7e3061367f1d57a4e7455a");
    check_vector(CRYPTO_SIGN_AES_GMAC, "77be63708971c4e240d1cb79e8d77feb",
                 "e0e00f19fed7ba0136a797f3", "7a43ec1d9c0a5a78a0b16533a6213cab",
                 "209fcc8d3675ed938e9c7166709dd946");
}

/* A SESSION_SETUP response of a Windows server, published with its key in Microsoft's "SMB 2 and
   SMB 3 security in Windows 10: the anatomy of signing and cryptographic keys". */
static void test_cmac_windows(void **state)
{
    static const char *const before =
        "fe534d4240000100000000000100800009000000000000000300000000000000"
        "fffe0000000000001900000000100000";
    static const char *const after =
        "0900000048001d00a11b3019a0030a0100a3120410010000003b453cdc352416"
        "4200000000";
    uint8_t key[16], header[64] = {0}, body[64], mac[16];
    unhex("73fe7a9a77bef0bde49c650d8ccb5f76", key, sizeof(key));
    assert_int_equal(unhex(before, header, 48), 48);
    const struct crypto_iov iov[] = {{header, sizeof(header)},
                                     {body, unhex(after, body, sizeof(body))}};
    struct crypto_signer *s = crypto_signer_new(CRYPTO_SIGN_AES_CMAC, key);
    assert_non_null(s);
    unhex("ebe146da120ba25fc3376a49dfe31bc1", mac, sizeof(mac));
    assert_true(crypto_signer_verify(s, iov, 2, NULL, mac));
    crypto_signer_free(s);
}

#define CUT_LEN 9000

static void check_cuts(enum crypto_sign_alg alg, uint64_t seed)
{
    static uint8_t msg[CUT_LEN];
    uint8_t key[16], nonce[12], whole[16], mac[16];
    struct crypto_iov iov[TEST_MAX_PIECES];
    test_fill(&seed, key, sizeof(key));
    test_fill(&seed, nonce, sizeof(nonce));
    test_fill(&seed, msg, sizeof(msg));
    struct crypto_signer *s = crypto_signer_new(alg, key);
    assert_non_null(s);
    for (int round = 0; round < 300; round++) {
        /* Short ones often: that is where the blocks of CMAC end. */
        size_t len = test_random(&seed) % (round % 3 ? 70 : CUT_LEN);
        iov[0] = (struct crypto_iov){msg, len};
        assert_true(crypto_signer_sign(s, iov, 1, nonce, whole));
        size_t n = test_cut(&seed, msg, len, iov);
        assert_true(crypto_signer_sign(s, iov, n, nonce, mac));
        assert_memory_equal(mac, whole, sizeof(mac));
    }
    crypto_signer_free(s);
}

static void test_cuts(void **state)
{
    check_cuts(CRYPTO_SIGN_HMAC_SHA256, 1);
    check_cuts(CRYPTO_SIGN_AES_CMAC, 2);
    check_cuts(CRYPTO_SIGN_AES_GMAC, 3);
}

static void test_tampering(void **state)
{
    static const uint8_t key[16] = {1};
    uint8_t msg[100] = {0}, nonce[12] = {0}, mac[16];
    const struct crypto_iov iov = {msg, sizeof(msg)};
    for (unsigned alg = 0; crypto_sign_alg_known((uint16_t)alg); alg++) {
        struct crypto_signer *s = crypto_signer_new(alg, key);
        assert_non_null(s);
        assert_true(crypto_signer_sign(s, &iov, 1, nonce, mac));
        assert_true(crypto_signer_verify(s, &iov, 1, nonce, mac));
        for (size_t i = 0; i < sizeof(mac); i++) {
            mac[i] ^= 0x80;
            assert_false(crypto_signer_verify(s, &iov, 1, nonce, mac));
            mac[i] ^= 0x80;
        }
        msg[99] ^= 1;
        assert_false(crypto_signer_verify(s, &iov, 1, nonce, mac));
        msg[99] ^= 1;
        nonce[11] ^= 1;
        assert_int_equal(crypto_signer_verify(s, &iov, 1, nonce, mac), alg != CRYPTO_SIGN_AES_GMAC);
        nonce[11] ^= 1;
        crypto_signer_free(s);
    }
}

/* [MS-SMB2] 3.1.4.1. */
static void test_gmac_nonce(void **state)
{
    uint8_t nonce[12];
    crypto_gmac_nonce(nonce, 0x1122334455667788ull, false, false);
    assert_hex(nonce, "887766554433221100000000");
    crypto_gmac_nonce(nonce, 5, true, false);
    assert_hex(nonce, "050000000000000001000000");
    crypto_gmac_nonce(nonce, 5, false, true);
    assert_hex(nonce, "050000000000000002000000");
}

static void test_unknown(void **state)
{
    static const uint8_t key[16];
    assert_false(crypto_sign_alg_known(3));
    assert_null(crypto_signer_new(3, key));
    crypto_signer_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cmac_rfc4493), cmocka_unit_test(test_hmac_rfc4231),
        cmocka_unit_test(test_gmac_nist),    cmocka_unit_test(test_cmac_windows),
        cmocka_unit_test(test_cuts),         cmocka_unit_test(test_tampering),
        cmocka_unit_test(test_gmac_nonce),   cmocka_unit_test(test_unknown),
    };
    return cmocka_run_group_tests(tests, test_setup, test_teardown);
}
