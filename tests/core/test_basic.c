// SPDX-License-Identifier: Apache-2.0
/* Whole core: from NEGOTIATE to files, over every dialect and protection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"

static const uint16_t all_dialects[5] = {SMB2_DIALECT_202, SMB2_DIALECT_210, SMB2_DIALECT_300,
                                         SMB2_DIALECT_302, SMB2_DIALECT_311};

/* Writes, reads back, and checks one file. */
static void use_file(struct harness_client *c)
{
    struct wire_file_id id;
    assert_int_equal(
        harness_create(c, "hello.txt", FILE_READ_DATA | FILE_WRITE_DATA, 0, FILE_OPEN_IF, 0, &id),
        SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_write(c, id, 3, "hello", 5), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_last(c)->body.write_rsp.count, 5);
    assert_int_equal(harness_read(c, id, 0, 100), SMBKIT_STATUS_SUCCESS);
    struct wire_blob data = harness_last(c)->body.read_rsp.payload;
    assert_int_equal(data.len, 8);
    assert_memory_equal(data.data, "\0\0\0hello", 8);
    assert_int_equal(harness_read(c, id, 8, 1), SMBKIT_STATUS_END_OF_FILE);
    assert_int_equal(harness_close(c, id), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_close(c, id), SMBKIT_STATUS_FILE_CLOSED);
}

/* Dialect selection: every range of the server against every client that knows a prefix. */
static void test_dialects(void **state)
{
    for (size_t min = 0; min < 5; min++)
        for (size_t max = min; max < 5; max++)
            for (size_t n = 1; n <= 5; n++) {
                struct world w;
                struct harness_client c;
                struct world_config cfg = harness_world_config();
                cfg.core.min_dialect = all_dialects[min];
                cfg.core.max_dialect = all_dialects[max];
                harness_world(&w, &cfg);
                struct smbclient_config ccfg = harness_client_config(&w);
                ccfg.dialect_count = n;
                harness_connect(&c, &w, &ccfg);
                if (n - 1 < min) {
                    assert_int_equal(harness_negotiate(&c), SMBKIT_STATUS_NOT_SUPPORTED);
                } else {
                    assert_int_equal(harness_negotiate(&c), SMBKIT_STATUS_SUCCESS);
                    assert_int_equal(c.smb.dialect, all_dialects[n - 1 < max ? n - 1 : max]);
                    assert_int_equal(harness_logon(&c, "alice", "alice-pw", 0),
                                     SMBKIT_STATUS_SUCCESS);
                    assert_int_equal(harness_tree(&c, "DATA"), SMBKIT_STATUS_SUCCESS);
                    use_file(&c);
                }
                harness_drop(&c);
                harness_world_end(&w);
            }
}

/* Every dialect with the session sealed by the client's choice. */
static void test_sealed(void **state)
{
    static const uint16_t ciphers[] = {CRYPTO_CIPHER_AES_128_CCM, CRYPTO_CIPHER_AES_128_GCM,
                                       CRYPTO_CIPHER_AES_256_CCM, CRYPTO_CIPHER_AES_256_GCM};
    for (size_t d = 2; d < 5; d++)
        for (size_t i = 0; i < (d == 4 ? 4 : 1); i++)
            for (int required = 0; required < 2; required++) {
                struct world w;
                struct harness_client c;
                struct world_config cfg = harness_world_config();
                cfg.core.max_dialect = all_dialects[d];
                cfg.core.encryption = required ? CORE_ENCRYPTION_REQUIRED : CORE_ENCRYPTION_OFFERED;
                harness_world(&w, &cfg);
                struct smbclient_config ccfg = harness_client_config(&w);
                ccfg.ciphers[0] = ciphers[i];
                ccfg.cipher_count = 1;
                harness_connect(&c, &w, &ccfg);
                assert_int_equal(harness_negotiate(&c), SMBKIT_STATUS_SUCCESS);
                assert_int_equal(c.smb.cipher, ciphers[i]);
                assert_int_equal(harness_logon(&c, "bob", "bob-pw", 0), SMBKIT_STATUS_SUCCESS);
                assert_int_equal(c.session->encrypt, required);
                c.session->seal = true;
                assert_int_equal(harness_tree(&c, "data"), SMBKIT_STATUS_SUCCESS);
                use_file(&c);
                assert_true(harness_last(&c)->is_sealed);
                harness_drop(&c);
                harness_world_end(&w);
            }
}

static void test_signings(void **state)
{
    static const uint16_t algs[] = {CRYPTO_SIGN_HMAC_SHA256, CRYPTO_SIGN_AES_CMAC,
                                    CRYPTO_SIGN_AES_GMAC};
    for (size_t i = 0; i < ARRAY_LEN(algs) + 1; i++) {
        struct world w;
        struct harness_client c;
        struct world_config cfg = harness_world_config();
        harness_world(&w, &cfg);
        struct smbclient_config ccfg = harness_client_config(&w);
        ccfg.signing_count = i < ARRAY_LEN(algs) ? 1 : 0;
        ccfg.signings[0] = algs[i % ARRAY_LEN(algs)];
        harness_ready(&c, &w, &ccfg);
        assert_int_equal(c.smb.signing, i < ARRAY_LEN(algs) ? algs[i] : CRYPTO_SIGN_AES_CMAC);
        use_file(&c);
        assert_true(harness_last(&c)->is_signed);
        harness_drop(&c);
        harness_world_end(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialects),
        cmocka_unit_test(test_sealed),
        cmocka_unit_test(test_signings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
