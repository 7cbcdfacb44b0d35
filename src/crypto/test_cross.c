// SPDX-License-Identifier: Apache-2.0
/*
 * The same inputs through libgcrypt, a second implementation that shares no code with libcrypto:
 * every signature, every cipher, MD4 and RC4, on seeded random messages. Built only where libgcrypt
 * is.
 */
#include "crypto/ntlm.h"
#include "crypto/seal.h"
#include "crypto/sign.h"
#include "crypto/test_util.h"

#include <gcrypt.h>

#define MSG_LEN 5000
#define ROUNDS  60

static uint8_t msg[MSG_LEN], ours[MSG_LEN], theirs[MSG_LEN];

struct mac_row {
    enum crypto_sign_alg alg;
    int gcrypt_alg;
};

static void their_mac(int alg, const uint8_t *key, const uint8_t *nonce, size_t len, uint8_t *mac)
{
    gcry_mac_hd_t h;
    uint8_t full[32];
    size_t got = alg == GCRY_MAC_HMAC_SHA256 ? 32 : 16;
    assert_int_equal(gcry_mac_open(&h, alg, 0, NULL), 0);
    assert_int_equal(gcry_mac_setkey(h, key, 16), 0);
    if (alg == GCRY_MAC_GMAC_AES)
        assert_int_equal(gcry_mac_setiv(h, nonce, 12), 0);
    assert_int_equal(gcry_mac_write(h, msg, len), 0);
    assert_int_equal(gcry_mac_read(h, full, &got), 0);
    gcry_mac_close(h);
    memcpy(mac, full, 16);
}

static void test_macs(void **state)
{
    static const struct mac_row rows[] = {{CRYPTO_SIGN_HMAC_SHA256, GCRY_MAC_HMAC_SHA256},
                                          {CRYPTO_SIGN_AES_CMAC, GCRY_MAC_CMAC_AES},
                                          {CRYPTO_SIGN_AES_GMAC, GCRY_MAC_GMAC_AES}};
    uint64_t seed = 11;
    for (size_t r = 0; r < ARRAY_LEN(rows) * ROUNDS; r++) {
        const struct mac_row *row = &rows[r % ARRAY_LEN(rows)];
        uint8_t key[16], nonce[12], a[16], b[16];
        struct crypto_iov iov[TEST_MAX_PIECES];
        size_t len = test_random(&seed) % (r % 2 ? 100 : MSG_LEN);
        test_fill(&seed, key, sizeof(key));
        test_fill(&seed, nonce, sizeof(nonce));
        test_fill(&seed, msg, len);
        struct crypto_signer *s = crypto_signer_new(row->alg, key);
        assert_non_null(s);
        assert_true(crypto_signer_sign(s, iov, test_cut(&seed, msg, len, iov), nonce, a));
        crypto_signer_free(s);
        their_mac(row->gcrypt_alg, key, nonce, len, b);
        assert_memory_equal(a, b, sizeof(a));
    }
}

struct seal_row {
    enum crypto_cipher cipher;
    int gcrypt_alg, gcrypt_mode;
};

static void their_seal(const struct seal_row *row, const uint8_t *key, const uint8_t *nonce,
                       const uint8_t *aad, size_t aad_len, size_t len, uint8_t *tag)
{
    gcry_cipher_hd_t h;
    assert_int_equal(gcry_cipher_open(&h, row->gcrypt_alg, row->gcrypt_mode, 0), 0);
    assert_int_equal(gcry_cipher_setkey(h, key, crypto_cipher_key_len(row->cipher)), 0);
    assert_int_equal(gcry_cipher_setiv(h, nonce, crypto_cipher_nonce_len(row->cipher)), 0);
    if (row->gcrypt_mode == GCRY_CIPHER_MODE_CCM) {
        uint64_t lengths[3] = {len, aad_len, 16};
        assert_int_equal(gcry_cipher_ctl(h, GCRYCTL_SET_CCM_LENGTHS, lengths, sizeof(lengths)), 0);
    }
    assert_int_equal(gcry_cipher_authenticate(h, aad, aad_len), 0);
    assert_int_equal(gcry_cipher_encrypt(h, theirs, len, msg, len), 0);
    assert_int_equal(gcry_cipher_gettag(h, tag, 16), 0);
    gcry_cipher_close(h);
}

static void test_ciphers(void **state)
{
    static const struct seal_row rows[] = {
        {CRYPTO_CIPHER_AES_128_CCM, GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_CCM},
        {CRYPTO_CIPHER_AES_128_GCM, GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_GCM},
        {CRYPTO_CIPHER_AES_256_CCM, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_CCM},
        {CRYPTO_CIPHER_AES_256_GCM, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_GCM}};
    uint64_t seed = 12;
    for (size_t r = 0; r < ARRAY_LEN(rows) * ROUNDS; r++) {
        const struct seal_row *row = &rows[r % ARRAY_LEN(rows)];
        uint8_t key[32], nonce[12], aad[32], a[16], b[16];
        struct crypto_iov iov[TEST_MAX_PIECES];
        size_t len = 1 + test_random(&seed) % (r % 2 ? 100 : MSG_LEN - 1);
        test_fill(&seed, key, sizeof(key));
        test_fill(&seed, nonce, sizeof(nonce));
        test_fill(&seed, aad, sizeof(aad));
        test_fill(&seed, msg, len);
        struct crypto_sealer *s = crypto_sealer_new(row->cipher, CRYPTO_SEAL, key);
        assert_non_null(s);
        size_t n = test_cut(&seed, msg, len, iov);
        assert_true(crypto_seal(s, nonce, aad, sizeof(aad), iov, n, ours, a));
        crypto_sealer_free(s);
        their_seal(row, key, nonce, aad, sizeof(aad), len, b);
        assert_memory_equal(a, b, sizeof(a));
        assert_memory_equal(ours, theirs, len);
    }
}

static void test_md4(void **state)
{
    uint64_t seed = 13;
    test_fill(&seed, msg, sizeof(msg));
    for (size_t len = 0; len < 300; len++) {
        uint8_t a[16], b[16];
        crypto_md4(msg, len, a);
        gcry_md_hash_buffer(GCRY_MD_MD4, b, msg, len);
        assert_memory_equal(a, b, sizeof(a));
    }
}

static void test_rc4(void **state)
{
    uint64_t seed = 14;
    for (int r = 0; r < ROUNDS; r++) {
        uint8_t key[16];
        struct crypto_rc4 rc4;
        gcry_cipher_hd_t h;
        size_t key_len = r % 2 ? 16 : 5;
        test_fill(&seed, key, sizeof(key));
        test_fill(&seed, msg, sizeof(msg));
        crypto_rc4_init(&rc4, key, key_len);
        crypto_rc4_apply(&rc4, msg, ours, sizeof(msg));
        assert_int_equal(gcry_cipher_open(&h, GCRY_CIPHER_ARCFOUR, GCRY_CIPHER_MODE_STREAM, 0), 0);
        assert_int_equal(gcry_cipher_setkey(h, key, key_len), 0);
        assert_int_equal(gcry_cipher_encrypt(h, theirs, sizeof(msg), msg, sizeof(msg)), 0);
        gcry_cipher_close(h);
        assert_memory_equal(ours, theirs, sizeof(msg));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_macs),
        cmocka_unit_test(test_ciphers),
        cmocka_unit_test(test_md4),
        cmocka_unit_test(test_rc4),
    };
    gcry_check_version(NULL);
    gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
    gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
    return cmocka_run_group_tests(tests, test_setup, test_teardown);
}
