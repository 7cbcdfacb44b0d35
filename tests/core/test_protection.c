// SPDX-License-Identifier: Apache-2.0
/* Whole core: what must be signed or encrypted, and what a forged message comes to ([MS-SMB2]
   3.3.5.2.1, 3.3.5.2.4, 3.3.5.2.9, 3.3.5.2.11, 3.3.5.15.12). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"
#include "wire/fsctl.h"
#include "wire/fsctl_srv.h"

static struct world w;
static struct harness_client c;

static void end(void)
{
    harness_drop(&c);
    harness_world_end(&w);
}

static smbkit_status echo(unsigned flags)
{
    union wire_any none = {0};
    struct smbclient_element e = harness_element(&c, SMB2_ECHO, &none);
    return harness_send(&c, &e, 1, flags);
}

/* Signing is required when either side says so, and only then. */
static void test_unsigned(void **state)
{
    for (int server = 0; server < 2; server++)
        for (int client = 0; client < 2; client++) {
            struct world_config cfg = harness_world_config();
            cfg.core.signing_required = server;
            harness_world(&w, &cfg);
            struct smbclient_config ccfg = harness_client_config(&w);
            ccfg.max_credits = 0;
            if (client)
                ccfg.security_mode = SMB2_NEGOTIATE_SIGNING_REQUIRED;
            harness_ready(&c, &w, &ccfg);
            assert_int_equal(echo(0), SMBKIT_STATUS_SUCCESS);
            assert_int_equal(echo(SMBCLIENT_UNSIGNED), server || client
                                                           ? SMBKIT_STATUS_ACCESS_DENIED
                                                           : SMBKIT_STATUS_SUCCESS);
            assert_int_equal(echo(SMBCLIENT_BAD_SIGNATURE), SMBKIT_STATUS_ACCESS_DENIED);
            assert_false(c.closed);
            end();
        }
}

/* 3.3.5.7: 3.1.1 wants TREE_CONNECT signed, whatever was agreed on. */
static void test_unsigned_tree(void **state)
{
    struct world_config cfg = harness_world_config();
    cfg.core.signing_required = false;
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&c, &w, &ccfg);
    c.session->sign = false;
    harness_tree(&c, "data");
    assert_true(c.closed);
    end();
}

static void seal_ready(const struct world_config *cfg)
{
    harness_world(&w, cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&c, &w, &ccfg);
}

/* A tag that does not match ends the connection without an answer. */
static void test_bad_tag(void **state)
{
    struct world_config cfg = harness_world_config();
    cfg.core.encryption = CORE_ENCRYPTION_OFFERED;
    seal_ready(&cfg);
    c.session->seal = true;
    assert_int_equal(echo(0), SMBKIT_STATUS_SUCCESS);
    assert_true(harness_last(&c)->is_sealed);
    echo(SMBCLIENT_BAD_SIGNATURE);
    assert_int_equal(c.count, 0);
    assert_true(c.closed);
    end();
}

/* A session that must be encrypted answers nothing else in plain text. */
static void test_encrypted_session(void **state)
{
    struct world_config cfg = harness_world_config();
    cfg.core.encryption = CORE_ENCRYPTION_REQUIRED;
    seal_ready(&cfg);
    struct wire_file_id id;
    assert_true(c.session->encrypt);
    assert_int_equal(harness_create(&c, "f", FILE_READ_DATA, 7, FILE_OPEN_IF, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    union wire_any body = {.read_req = {.length = 1, .file_id = id}};
    struct smbclient_element e = harness_element(&c, SMB2_READ, &body);
    assert_int_equal(harness_send(&c, &e, 1, SMBCLIENT_PLAIN), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(harness_send(&c, &e, 1, 0), SMBKIT_STATUS_END_OF_FILE);
    end();
}

static void test_encrypted_share(void **state)
{
    struct world_config cfg = harness_world_config();
    cfg.core.encryption = CORE_ENCRYPTION_OFFERED;
    cfg.encrypted_share = true;
    seal_ready(&cfg);
    assert_false(c.session->encrypt);
    assert_int_equal(harness_tree(&c, "secure"), SMBKIT_STATUS_SUCCESS);
    assert_true(c.tree_encrypts);
    union wire_any body = {.read_req = {.length = 1}};
    struct smbclient_element e = harness_element(&c, SMB2_READ, &body);
    assert_int_equal(harness_send(&c, &e, 1, SMBCLIENT_PLAIN), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(harness_send(&c, &e, 1, 0), SMBKIT_STATUS_FILE_CLOSED);
    assert_true(harness_last(&c)->is_sealed);
    end();
}

/* Who cannot encrypt gets neither session nor share. */
static void test_cannot_encrypt(void **state)
{
    for (int required = 0; required < 2; required++) {
        struct world_config cfg = harness_world_config();
        cfg.core.encryption = required ? CORE_ENCRYPTION_REQUIRED : CORE_ENCRYPTION_OFFERED;
        cfg.encrypted_share = true;
        harness_world(&w, &cfg);
        struct smbclient_config ccfg = harness_client_config(&w);
        ccfg.cipher_count = 0;
        harness_connect(&c, &w, &ccfg);
        assert_int_equal(harness_negotiate(&c), SMBKIT_STATUS_SUCCESS);
        if (required) {
            assert_int_equal(harness_logon(&c, "alice", "alice-pw", 0),
                             SMBKIT_STATUS_ACCESS_DENIED);
        } else {
            assert_int_equal(harness_logon(&c, "alice", "alice-pw", 0), SMBKIT_STATUS_SUCCESS);
            assert_int_equal(harness_tree(&c, "secure"), SMBKIT_STATUS_ACCESS_DENIED);
        }
        end();
    }
}

static smbkit_status validate(struct wire_validate_negotiate_req *q)
{
    uint8_t mem[256];
    struct builder b;
    static const struct wire_file_id none = {UINT64_MAX, UINT64_MAX};
    builder_init_fixed(&b, mem, sizeof mem);
    wire_validate_negotiate_req_encode(&b, q);
    union wire_any body = {.ioctl_req = {.ctl_code = FSCTL_VALIDATE_NEGOTIATE_INFO,
                                         .file_id = none,
                                         .max_output_response = 24,
                                         .flags = SMB2_0_IOCTL_IS_FSCTL,
                                         .input = {b.data, b.len}}};
    return harness_call(&c, SMB2_IOCTL, &body);
}

/* The truth is confirmed; any difference means that somebody is in between. */
static void test_validate_negotiate(void **state)
{
    for (int lie = 0; lie < 6; lie++) {
        struct world_config cfg = harness_world_config();
        cfg.core.max_dialect = lie == 5 ? SMB2_DIALECT_311 : SMB2_DIALECT_302;
        seal_ready(&cfg);
        struct wire_validate_negotiate_req q = {
            .capabilities = c.smb.config.capabilities,
            .guid = c.smb.config.guid,
            .security_mode = c.smb.config.security_mode,
            .dialect_count = (uint16_t)c.smb.config.dialect_count,
        };
        memcpy(q.dialects, c.smb.config.dialects, q.dialect_count * sizeof q.dialects[0]);
        q.capabilities ^= lie == 1;
        q.guid.b[0] ^= lie == 2;
        q.security_mode ^= lie == 3 ? 2 : 0;
        q.dialect_count -= lie == 4;
        smbkit_status st = validate(&q);
        assert_int_equal(c.closed, lie != 0);
        if (lie == 0) {
            struct wire_validate_negotiate_rsp rsp;
            struct cursor cur;
            assert_int_equal(st, SMBKIT_STATUS_SUCCESS);
            const struct wire_blob *out = &harness_last(&c)->body.ioctl_rsp.payload;
            cursor_init(&cur, out->data, out->len);
            assert_true(wire_validate_negotiate_rsp_decode(&cur, &rsp));
            assert_int_equal(rsp.dialect, SMB2_DIALECT_302);
            assert_int_equal(rsp.capabilities, c.smb.server_capabilities);
            assert_int_equal(rsp.security_mode, c.smb.server_security_mode);
        } else {
            assert_int_equal(c.count, 0);
        }
        end();
    }
}

/* A CANCEL that is not signed as it should be is still never answered. */
static void test_unsigned_cancel(void **state)
{
    struct world_config cfg = harness_world_config();
    seal_ready(&cfg);
    struct builder out;
    struct wire_hdr h = {.command = SMB2_CANCEL, .message_id = 3, .session_id = c.session->id};
    union wire_any none = {0};
    builder_init_grow(&out, 256);
    assert_true(wire_hdr_encode(&out, &h) && wire_cancel_req_encode(&out, 0, &none.cancel_req));
    harness_raw(&c, out.data, out.len);
    assert_int_equal(c.count, 0);
    builder_free(&out);
    assert_int_equal(echo(0), SMBKIT_STATUS_SUCCESS);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unsigned),
        cmocka_unit_test(test_unsigned_tree),
        cmocka_unit_test(test_bad_tag),
        cmocka_unit_test(test_encrypted_session),
        cmocka_unit_test(test_encrypted_share),
        cmocka_unit_test(test_cannot_encrypt),
        cmocka_unit_test(test_validate_negotiate),
        cmocka_unit_test(test_unsigned_cancel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
