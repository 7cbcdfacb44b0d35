// SPDX-License-Identifier: Apache-2.0
/*
 * Tests of the key derivation and of the pre-authentication hash. The values of Windows are from
 * Microsoft's "SMB 2 and SMB 3 security in Windows 10: the anatomy of signing and cryptographic
 * keys", whose EncryptionKey is the client's: ours is its DecryptionKey.
 */
#include "crypto/kdf.h"

#include "crypto/hash.h"
#include "crypto/test_util.h"

#define WINDOWS_311_HASH                                               \
    "0dd13628cc3ed218ef9df9772d436d0887ab9814bfae63a80aa845f36909db79" \
    "28622dddad522d9751640a459762c5a9d6bb084cbb3ce6bdadef5d5bce3c6c01"

static void check_30(uint16_t dialect, const char *key_hex, const char *signing)
{
    struct crypto_session_keys k;
    uint8_t key[16];
    unhex(key_hex, key, sizeof(key));
    /* The cipher is always AES-128-CCM, whatever was said. */
    assert_true(crypto_derive_session_keys(dialect, CRYPTO_CIPHER_AES_256_GCM, key, 16, NULL, &k));
    assert_int_equal(k.cipher_key_len, 16);
    assert_hex(k.signing, signing);
    if (strcmp(key_hex, "7cd451825d0450d235424e44ba6e78cc") == 0) {
        assert_hex(k.decryption, "fad27796665b313ebb578f388632b4f7");
        assert_hex(k.encryption, "b0f0427f7ceb416d1d9dcc0cd4f99447");
        assert_hex(k.application, "bb23a4575aa26c721af525af15a87b4f");
    }
}

static void test_30_windows(void **state)
{
    check_30(0x0300, "7cd451825d0450d235424e44ba6e78cc", "0b7e9c5cac36c0f6ea9ab275298cedce");
    check_30(0x0302, "7cd451825d0450d235424e44ba6e78cc", "0b7e9c5cac36c0f6ea9ab275298cedce");
    /* The second channel, with a key of its own. */
    check_30(0x0300, "4e01a2b313bcf660cc250bef021aede6", "ba1a17dbbfec349bca105563d598952f");
}

static void test_311_windows(void **state)
{
    struct crypto_session_keys k;
    struct crypto_preauth p;
    uint8_t key[16];
    unhex("270e1ba896585eeb7af3472d3b4c75a7", key, sizeof(key));
    unhex(WINDOWS_311_HASH, p.hash, sizeof(p.hash));
    assert_true(crypto_derive_session_keys(0x0311, CRYPTO_CIPHER_AES_128_GCM, key, 16, &p, &k));
    assert_int_equal(k.cipher_key_len, 16);
    assert_hex(k.signing, "73fe7a9a77bef0bde49c650d8ccb5f76");
    assert_hex(k.decryption, "629bcbc54422a0f572b97f45989b6073");
    assert_hex(k.encryption, "e2af0dcefac68da71a0dfbd0d1350d74");
    assert_hex(k.application, "6d7ad7954e9ec61e907b4d473dc178ff");
}

/* K(1) built here byte by byte, with HMAC-SHA256 (which has its own vectors) as the only help. */
static void expect_key(const uint8_t *key, size_t key_len, const char *label, size_t label_len,
                       const struct crypto_preauth *p, const uint8_t *got, uint8_t len)
{
    uint8_t want[32];
    const uint8_t bits[4] = {0, 0, len == 32 ? 1 : 0, len == 32 ? 0 : 128};
    const struct crypto_iov iov[] = {
        {"\0\0\0\1", 4}, {label, label_len}, {"", 1}, {p->hash, sizeof(p->hash)}, {bits, 4}};
    assert_true(crypto_hmac_sha256(key, key_len, iov, ARRAY_LEN(iov), want));
    assert_memory_equal(got, want, len);
}

static void check_256(size_t key_len)
{
    struct crypto_session_keys k;
    struct crypto_preauth p;
    uint8_t key[32];
    uint64_t seed = key_len;
    test_fill(&seed, key, sizeof(key));
    test_fill(&seed, p.hash, sizeof(p.hash));
    assert_true(
        crypto_derive_session_keys(0x0311, CRYPTO_CIPHER_AES_256_GCM, key, key_len, &p, &k));
    assert_int_equal(k.cipher_key_len, 32);
    expect_key(key, 16, "SMBSigningKey", 14, &p, k.signing, 16);
    expect_key(key, 16, "SMBAppKey", 10, &p, k.application, 16);
    expect_key(key, key_len, "SMBS2CCipherKey", 16, &p, k.encryption, 32);
    expect_key(key, key_len, "SMBC2SCipherKey", 16, &p, k.decryption, 32);
}

static void test_311_256_bit(void **state)
{
    check_256(16); /* NTLM */
    check_256(32); /* Kerberos with AES-256: the full key for the ciphers only */
}

/* A long key does not change what a 128-bit cipher gets. */
static void test_311_long_key_128_bit(void **state)
{
    struct crypto_session_keys a, b;
    struct crypto_preauth p;
    uint8_t key[32];
    uint64_t seed = 5;
    test_fill(&seed, key, sizeof(key));
    crypto_preauth_init(&p);
    assert_true(crypto_derive_session_keys(0x0311, CRYPTO_CIPHER_AES_128_CCM, key, 32, &p, &a));
    assert_true(crypto_derive_session_keys(0x0311, CRYPTO_CIPHER_AES_128_CCM, key, 16, &p, &b));
    assert_memory_equal(&a, &b, sizeof(a));
}

static void test_2x_and_padding(void **state)
{
    struct crypto_session_keys k;
    assert_true(crypto_derive_session_keys(0x0202, CRYPTO_CIPHER_NONE, "0123456789abcdefXYZ", 19,
                                           NULL, &k));
    assert_memory_equal(k.signing, "0123456789abcdef", 16);
    assert_memory_equal(k.application, "0123456789abcdef", 16);
    assert_int_equal(k.cipher_key_len, 0);
    assert_true(crypto_derive_session_keys(0x0210, CRYPTO_CIPHER_NONE, "DES56bit", 8, NULL, &k));
    assert_memory_equal(k.signing, "DES56bit\0\0\0\0\0\0\0\0", 16);
}

static void check_refused(uint16_t dialect, unsigned cipher, size_t key_len,
                          const struct crypto_preauth *p)
{
    static const struct crypto_session_keys none;
    struct crypto_session_keys k;
    memset(&k, 0xaa, sizeof(k));
    assert_false(crypto_derive_session_keys(dialect, cipher, "0123456789abcdef", key_len, p, &k));
    assert_memory_equal(&k, &none, sizeof(k));
}

static void test_refusals(void **state)
{
    struct crypto_preauth p;
    struct crypto_session_keys k;
    crypto_preauth_init(&p);
    check_refused(0x02ff, CRYPTO_CIPHER_NONE, 16, &p);
    check_refused(0x0300, CRYPTO_CIPHER_NONE, 0, &p);
    check_refused(0x0311, CRYPTO_CIPHER_NONE, 16, NULL);
    check_refused(0x0311, 5, 16, &p);
    assert_true(crypto_derive_session_keys(0x0311, CRYPTO_CIPHER_NONE, "k", 1, &p, &k));
    assert_int_equal(k.cipher_key_len, 0);
}

static void preauth_add(struct crypto_preauth *p, const char *hex, const char *want)
{
    uint8_t msg[256];
    size_t len = unhex(hex, msg, sizeof(msg));
    const struct crypto_iov iov[] = {{msg, 64}, {NULL, 0}, {msg + 64, len - 64}};
    assert_true(crypto_preauth_update(p, iov, ARRAY_LEN(iov)));
    assert_hex(p->hash, want);
}

/* NEGOTIATE request of Windows; and the first SESSION_SETUP request, on the hash after the
 * response. */
static void test_preauth_windows(void **state)
{
    struct crypto_preauth p;
    crypto_preauth_init(&p);
    preauth_add(&p,
                "fe534d4240000100000000000000800000000000000000000100000000000000fffe000000000000"
                "00000000000000000000000000000000000000000000000024000500000000003f000000ecd86f32"
                "6276024f9f7752b89bb33f3a70000000020000000202100200030203110300000100260000000000"
                "010020000100fa49e6578f1f3a9f4cd3e9cc14a67aa884b3d05844e0e5a118225c15887f32ff0000"
                "0200060000000000020002000100",
                "dd94efc5321bb618a2e208ba8920d2f422992526947a409b5037de1e0fe8c736"
                "2b8c47122594cde0ce26aa9dfc8bcdbde0621957672623351a7540f1e54a0426");
    unhex("324bfa92a4f3a190e466ebea08d9c110dc88bfed758d9846ecc6f541cc1d02ae"
          "3c94a79f36011e997e13f841b91b50957ad07b19c8e2539c0b23fdae09d2c513",
          p.hash, sizeof(p.hash));
    preauth_add(&p,
                "fe534d4240000100000000000100800000000000000000000200000000000000fffe000000000000"
                "00000000000000000000000000000000000000000000000019000001010000000000000058004a00"
                "0000000000000000604806062b0601050502a03e303ca00e300c060a2b06010401823702020aa22a"
                "04284e544c4d5353500001000000978208e200000000000000000000000000000000060380250000"
                "000f",
                "ac0b0f2b9986257700365e416d142a6edc96df03594a19e52a15f6bd0d041cd5"
                "d432f8ed42c55e33197a50c9ec00f1462b50c592211b1471a04b56088fdfd5f9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_30_windows),      cmocka_unit_test(test_311_windows),
        cmocka_unit_test(test_311_256_bit),     cmocka_unit_test(test_311_long_key_128_bit),
        cmocka_unit_test(test_2x_and_padding),  cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_preauth_windows),
    };
    return cmocka_run_group_tests(tests, test_setup, test_teardown);
}
