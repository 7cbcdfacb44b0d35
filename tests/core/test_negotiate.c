// SPDX-License-Identifier: Apache-2.0
/* Whole core: NEGOTIATE and what may come before and after it ([MS-SMB2] 3.3.5.3, 3.3.5.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"

static struct world w;
static struct harness_client c;

static void start(void)
{
    struct world_config cfg = harness_world_config();
    cfg.core.encryption = CORE_ENCRYPTION_OFFERED;
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_connect(&c, &w, &ccfg);
}

static void end(void)
{
    harness_drop(&c);
    harness_world_end(&w);
}

static const uint16_t d311 = SMB2_DIALECT_311;
static const uint8_t hash_sha512[] = {1, 0, 4, 0, 1, 0, 's', 'a', 'l', 't'};
static const uint8_t hash_other[] = {1, 0, 4, 0, 2, 0, 's', 'a', 'l', 't'};
static const uint8_t hash_none[] = {0, 0, 4, 0, 's', 'a', 'l', 't'};
static const uint8_t cipher_gcm[] = {1, 0, 2, 0};
static const uint8_t cipher_odd[] = {1, 0, 99, 0};
static const uint8_t cipher_cut[] = {5, 0, 2, 0};

#define CTX(type, bytes)        \
    {                           \
        type,                   \
        {                       \
            bytes, sizeof bytes \
        }                       \
    }

static const struct {
    const char *what;
    struct wire_negotiate_ctx ctxs[3];
    size_t count;
    smbkit_status status;
} contexts[] = {
    {"no contexts at all", {{0}}, 0, SMBKIT_STATUS_INVALID_PARAMETER},
    {"just the hash", {CTX(1, hash_sha512)}, 1, SMBKIT_STATUS_SUCCESS},
    {"no hash", {CTX(2, cipher_gcm)}, 1, SMBKIT_STATUS_INVALID_PARAMETER},
    {"the hash twice",
     {CTX(1, hash_sha512), CTX(1, hash_sha512)},
     2,
     SMBKIT_STATUS_INVALID_PARAMETER},
    {"an empty list of hashes", {CTX(1, hash_none)}, 1, SMBKIT_STATUS_INVALID_PARAMETER},
    {"another hash", {CTX(1, hash_other)}, 1, SMBKIT_STATUS_SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP},
    {"ciphers twice",
     {CTX(1, hash_sha512), CTX(2, cipher_gcm), CTX(2, cipher_gcm)},
     3,
     SMBKIT_STATUS_INVALID_PARAMETER},
    {"an unknown cipher", {CTX(1, hash_sha512), CTX(2, cipher_odd)}, 2, SMBKIT_STATUS_SUCCESS},
    {"more ciphers than there are",
     {CTX(1, hash_sha512), CTX(2, cipher_cut)},
     2,
     SMBKIT_STATUS_INVALID_PARAMETER},
    {"an unknown context", {CTX(1, hash_sha512), CTX(0x77, cipher_cut)}, 2, SMBKIT_STATUS_SUCCESS},
};

static void test_contexts(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(contexts); i++) {
        start();
        union wire_any body = {.negotiate_req = {.security_mode = 1,
                                                 .dialects = &d311,
                                                 .dialect_count = 1,
                                                 .ctxs = contexts[i].ctxs,
                                                 .ctx_count = contexts[i].count}};
        struct smbclient_element e = {.command = SMB2_NEGOTIATE, .body = &body, .credits = 1};
        /* the client has not offered what this message says */
        c.smb.config.ciphers[0] = CRYPTO_CIPHER_AES_128_GCM;
        smbkit_status st = harness_send(&c, &e, 1, 0);
        if (st != contexts[i].status)
            fail_msg("%s: %s", contexts[i].what, smbkit_status_name(st));
        end();
    }
}

/* A refused NEGOTIATE may be tried again; a second one after success ends the connection. */
static void test_twice(void **state)
{
    start();
    union wire_any body = {
        .negotiate_req = {.dialects = (const uint16_t[]){0x0999}, .dialect_count = 1}};
    struct smbclient_element e = {.command = SMB2_NEGOTIATE, .body = &body, .credits = 1};
    assert_int_equal(harness_send(&c, &e, 1, 0), SMBKIT_STATUS_NOT_SUPPORTED);
    assert_int_equal(harness_negotiate(&c), SMBKIT_STATUS_SUCCESS);
    struct builder out;
    builder_init_grow(&out, 4096);
    assert_true(smbclient_negotiate(&c.smb, &out));
    harness_raw(&c, out.data, out.len);
    builder_free(&out);
    assert_true(c.closed);
    assert_int_equal(c.count, 0);
    end();
}

static void test_too_early(void **state)
{
    union wire_any none = {0};
    struct smbclient_element e = {.command = SMB2_ECHO, .body = &none};
    start();
    harness_send(&c, &e, 1, 0);
    assert_true(c.closed);
    end();
}

/* Bytes that are no SMB2 message end the connection at once. */
static void test_garbage(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } frames[] = {
        {"", 1},
        {"GET / HTTP/1.1", 14},
        {"\xfeSMB", 4},
        {"\xfdSMB1234567890", 14},
        {"\xfcSMB12345678901234567890", 24},
        {"\xffSMB", 4},
    };
    for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
        start();
        harness_raw(&c, frames[i].bytes, frames[i].len);
        assert_true(c.closed);
        assert_int_equal(c.count, 0);
        end();
    }
}

/* 3.3.5.3: an SMB1 NEGOTIATE that asks for SMB2 is answered by an SMB2 response. */
static void test_smb1(void **state)
{
    for (int wild = 0; wild < 2; wild++) {
        start();
        struct wire_smb1_negotiate q = {.smb_2_002 = true, .smb_2_xxx = wild};
        struct builder out;
        builder_init_grow(&out, 4096);
        assert_true(wire_smb1_negotiate_encode(&out, &q));
        /* the client takes the answer for that to its first message */
        struct smbclient_request *rq = mem_zalloc(sizeof *rq);
        assert_non_null(rq);
        rq->message_id = smbclient_reserve(&c.smb, 1);
        c.smb.reserved = 0;
        list_append(&c.smb.requests, &rq->link);
        c.smb.outstanding++;
        c.smb.config.dialects[0] = wild ? SMB2_DIALECT_WILDCARD : SMB2_DIALECT_202;
        harness_raw(&c, out.data, out.len);
        builder_free(&out);
        assert_int_equal(c.count, 1);
        assert_int_equal(harness_last(&c)->body.negotiate_rsp.dialect, c.smb.config.dialects[0]);
        if (wild) {
            c.smb.config.dialects[0] = SMB2_DIALECT_202;
            assert_int_equal(harness_negotiate(&c), SMBKIT_STATUS_SUCCESS);
            assert_int_equal(c.smb.dialect, SMB2_DIALECT_311);
        }
        assert_int_equal(harness_logon(&c, "alice", "alice-pw", 0), SMBKIT_STATUS_SUCCESS);
        assert_int_equal(harness_tree(&c, "data"), SMBKIT_STATUS_SUCCESS);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contexts),  cmocka_unit_test(test_twice),
        cmocka_unit_test(test_too_early), cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_smb1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
