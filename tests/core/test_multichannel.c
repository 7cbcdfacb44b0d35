// SPDX-License-Identifier: Apache-2.0
/* Whole core: sessions bound over several connections ([MS-SMB2] 3.3.5.5, 3.3.5.5.3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"
#include "wire/fsctl.h"
#include "wire/fsctl_srv.h"

#define READ_WRITE 0x0012019fu

static struct world w;
static struct harness_client a, b;

static void start(const struct world_config *cfg)
{
    harness_world(&w, cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&a, &w, &ccfg);
}

static void start_default(void)
{
    struct world_config cfg = harness_world_config();
    start(&cfg);
}

static void end(void)
{
    harness_drop(&a);
    harness_world_end(&w);
}

/* A second connection of another client GUID, negotiated. */
static void join_as(const struct smbclient_config *ccfg)
{
    harness_connect(&b, &w, ccfg);
    assert_int_equal(harness_negotiate(&b), SMBKIT_STATUS_SUCCESS);
}

static struct smbclient_config second_config(void)
{
    struct smbclient_config ccfg = harness_client_config(&w);
    ccfg.guid.b[0] = 77;
    return ccfg;
}

static void join(void)
{
    struct smbclient_config ccfg = second_config();
    join_as(&ccfg);
}

static struct wire_file_id open_file(struct harness_client *c)
{
    struct wire_file_id id = {0};
    assert_int_equal(harness_create(c, "f", READ_WRITE, 7, FILE_OPEN_IF, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    return id;
}

static struct wire_file_id open_with(struct harness_client *c, uint8_t level)
{
    struct arena arena;
    arena_init(&arena, 4096);
    union wire_any body = harness_create_req(&arena, "f", READ_WRITE, 7, FILE_OPEN_IF, 0);
    const struct wire_create_req_ctxs x = {
        .present = WIRE_CTX_BIT(WIRE_CTX_RQLS),
        .lease = {.version = 2,
                  .key.b = {1},
                  .state = SMB2_LEASE_READ_CACHING | SMB2_LEASE_HANDLE_CACHING |
                           SMB2_LEASE_WRITE_CACHING},
    };
    body.create_req.oplock_level = level;
    if (level == SMB2_OPLOCK_LEVEL_LEASE)
        assert_true(wire_create_req_ctxs_build(&arena, &x, NULL, 0, &body.create_req.ctxs,
                                               &body.create_req.ctx_count));
    assert_int_equal(harness_call(c, SMB2_CREATE, &body), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_last(c)->body.create_rsp.oplock_level, level);
    arena_clear(&arena);
    return harness_last(c)->body.create_rsp.file_id;
}

static void still_alive(struct wire_file_id id)
{
    assert_int_equal(harness_write(&a, id, 0, "alive", 5), SMBKIT_STATUS_SUCCESS);
}

/* ---------------------------------------------------------------- what a binding is good for */

/* One session, one set of opens, whichever way requests come. */
static void both_ways(bool encrypted)
{
    struct world_config cfg = harness_world_config();
    if (encrypted)
        cfg.core.encryption = CORE_ENCRYPTION_REQUIRED;
    start(&cfg);
    struct wire_file_id id = open_file(&a);
    join();
    assert_int_equal(harness_bind(&b, &a, "alice", "alice-pw"), SMBKIT_STATUS_SUCCESS);
    assert_true(harness_last(&b)->is_signed);
    assert_int_equal(harness_write(&b, id, 0, "over b", 6), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_last(&b)->is_sealed, encrypted);
    assert_int_equal(harness_read(&a, id, 0, 6), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_last(&a)->body.read_rsp.payload.len, 6);
    struct wire_file_id other = open_file(&b);
    assert_int_equal(harness_close(&a, other), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_close(&b, id), SMBKIT_STATUS_SUCCESS);
    harness_drop(&b);
    end();
}

static void test_signed(void **state)
{
    both_ways(false);
}

static void test_sealed(void **state)
{
    both_ways(true);
}

/* The session lives as long as one of its connections. */
static void test_connections_come_and_go(void **state)
{
    start_default();
    struct wire_file_id id = open_file(&a);
    struct harness_client c;
    struct smbclient_config ccfg = second_config();
    join();
    assert_int_equal(harness_bind(&b, &a, "alice", "alice-pw"), SMBKIT_STATUS_SUCCESS);
    uint64_t session_id = a.session->id;
    harness_drop(&a);
    assert_int_equal(harness_write(&b, id, 0, "x", 1), SMBKIT_STATUS_SUCCESS);
    /* a third one, bound by means of what the second knows of the session's key */
    harness_connect(&c, &w, &ccfg);
    assert_int_equal(harness_negotiate(&c), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_bind(&c, &b, "alice", "alice-pw"), SMBKIT_STATUS_SUCCESS);
    harness_drop(&b);
    assert_int_equal(harness_write(&c, id, 0, "y", 1), SMBKIT_STATUS_SUCCESS);
    harness_drop(&c);
    harness_connect(&a, &w, &ccfg);
    assert_int_equal(harness_negotiate(&a), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_logon(&a, "alice", "alice-pw", session_id), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(core_is_idle(w.core), false);
    end();
}

static unsigned told_a, told_b;

static void count_told(void *ctx, const struct wire_break_notification *n)
{
    (void)n;
    *(ctx == &b ? &told_b : &told_a) += 1;
}

/* A notification whose connection is lost before it is acknowledged goes another way
   ([MS-SMB2] 3.3.4.6, 3.3.4.7); one that is acknowledged does not. */
static void break_goes_on(uint8_t level)
{
    struct world_config cfg = harness_world_config();
    struct harness_client c;
    told_a = told_b = 0;
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    ccfg.told = count_told;
    harness_ready(&a, &w, &ccfg);
    join_as(&ccfg);
    assert_int_equal(harness_bind(&b, &a, "alice", "alice-pw"), SMBKIT_STATUS_SUCCESS);
    struct wire_file_id id = open_with(&a, level), other;
    ccfg = second_config();
    harness_ready(&c, &w, &ccfg);
    assert_int_equal(harness_create(&c, "f", READ_WRITE, 7, FILE_OPEN, 0, &other),
                     SMBKIT_STATUS_PENDING);
    harness_run(&a);
    assert_int_equal(told_a, 1);
    assert_int_equal(told_b, 0);
    harness_drop(&a);
    harness_run(&b);
    assert_int_equal(told_b, 1);
    assert_int_equal(harness_close(&b, id), SMBKIT_STATUS_SUCCESS);
    world_advance(&w, NS_PER_MS); /* what waited goes on from the loop */
    harness_run(&c);
    assert_int_equal(harness_last(&c)->status, SMBKIT_STATUS_SUCCESS);
    harness_drop(&c);
    harness_drop(&b);
    harness_world_end(&w);
}

static void test_break_goes_another_way(void **state)
{
    break_goes_on(SMB2_OPLOCK_LEVEL_BATCH);
    break_goes_on(SMB2_OPLOCK_LEVEL_LEASE);
}

/* LOGOFF and a failed new authentication end it on all of them. */
static void test_end_of_the_session(void **state)
{
    start_default();
    union wire_any none = {0};
    join();
    assert_int_equal(harness_bind(&b, &a, "alice", "alice-pw"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_call(&b, SMB2_LOGOFF, &none), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(&a, "data"), SMBKIT_STATUS_USER_SESSION_DELETED);
    harness_drop(&b);
    assert_int_equal(harness_logon(&a, "alice", "alice-pw", 0), SMBKIT_STATUS_SUCCESS);
    join();
    assert_int_equal(harness_bind(&b, &a, "alice", "alice-pw"), SMBKIT_STATUS_SUCCESS);
    b.session->who.password = "wrong";
    assert_int_equal(harness_logon(&b, "alice", "wrong", 0), SMBKIT_STATUS_LOGON_FAILURE);
    assert_int_equal(harness_tree(&a, "data"), SMBKIT_STATUS_USER_SESSION_DELETED);
    harness_drop(&b);
    end();
}

/* The end of the session between the two legs of a binding. */
static void test_end_during_binding(void **state)
{
    start_default();
    union wire_any none = {0};
    join();
    struct auth_client_config who = a.session->who;
    b.session = smbclient_session_bind(&b.smb, a.session, &who);
    assert_non_null(b.session);
    assert_int_equal(harness_setup_step(&b, 0), SMBKIT_STATUS_MORE_PROCESSING_REQUIRED);
    /* until then nothing else works there */
    struct smbclient_element e = harness_element(&b, SMB2_ECHO, &none);
    assert_int_equal(harness_send(&b, &e, 1, SMBCLIENT_LENIENT),
                     SMBKIT_STATUS_USER_SESSION_DELETED);
    b.session->state = SMBCLIENT_SESSION_STEP;
    assert_int_equal(harness_call(&a, SMB2_LOGOFF, &none), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_setup_step(&b, 0), SMBKIT_STATUS_USER_SESSION_DELETED);
    harness_drop(&b);
    end();
}

/* A connection that goes in the middle of binding takes nothing with it. */
static void test_lost_during_binding(void **state)
{
    start_default();
    struct wire_file_id id = open_file(&a);
    join();
    struct auth_client_config who = a.session->who;
    b.session = smbclient_session_bind(&b.smb, a.session, &who);
    assert_int_equal(harness_setup_step(&b, 0), SMBKIT_STATUS_MORE_PROCESSING_REQUIRED);
    harness_drop(&b);
    still_alive(id);
    end();
}

/* ---------------------------------------------------------------- what may not be bound */

static void refused(const char *user, const char *password, smbkit_status expected)
{
    struct wire_file_id id = open_file(&a);
    join();
    assert_int_equal(harness_bind(&b, &a, user, password), expected);
    still_alive(id);
    /* and the right one may try again, on the same connection */
    assert_int_equal(harness_bind(&b, &a, "alice", "alice-pw"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_close(&b, id), SMBKIT_STATUS_SUCCESS);
    harness_drop(&b);
}

static void test_other_user(void **state)
{
    start_default();
    refused("bob", "bob-pw", SMBKIT_STATUS_ACCESS_DENIED);
    refused("alice", "wrong", SMBKIT_STATUS_LOGON_FAILURE);
    refused("nobody", "", SMBKIT_STATUS_LOGON_FAILURE);
    end();
}

/* Only what was negotiated alike goes together. */
static void test_other_connection(void **state)
{
    static const struct {
        uint16_t dialect, cipher, signing, signing2;
        smbkit_status expected;
    } cases[] = {
        {SMB2_DIALECT_302, 0, CRYPTO_SIGN_AES_CMAC, CRYPTO_SIGN_AES_CMAC,
         SMBKIT_STATUS_INVALID_PARAMETER},
        {SMB2_DIALECT_210, 0, CRYPTO_SIGN_AES_CMAC, CRYPTO_SIGN_AES_CMAC,
         SMBKIT_STATUS_REQUEST_NOT_ACCEPTED},
        {SMB2_DIALECT_311, CRYPTO_CIPHER_AES_128_CCM, CRYPTO_SIGN_AES_CMAC, CRYPTO_SIGN_AES_CMAC,
         SMBKIT_STATUS_INVALID_PARAMETER},
        {SMB2_DIALECT_311, CRYPTO_CIPHER_AES_128_GCM, CRYPTO_SIGN_AES_CMAC, CRYPTO_SIGN_AES_GMAC,
         SMBKIT_STATUS_NOT_SUPPORTED},
        {SMB2_DIALECT_311, CRYPTO_CIPHER_AES_128_GCM, CRYPTO_SIGN_AES_GMAC, CRYPTO_SIGN_AES_CMAC,
         SMBKIT_STATUS_REQUEST_OUT_OF_SEQUENCE},
        {SMB2_DIALECT_311, CRYPTO_CIPHER_AES_128_GCM, CRYPTO_SIGN_AES_CMAC, CRYPTO_SIGN_HMAC_SHA256,
         SMBKIT_STATUS_SUCCESS},
    };
    struct world_config cfg = harness_world_config();
    cfg.core.encryption = CORE_ENCRYPTION_OFFERED;
    harness_world(&w, &cfg);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct smbclient_config one = harness_client_config(&w), two = second_config();
        one.signings[0] = cases[i].signing;
        one.signing_count = two.signing_count = 1;
        two.signings[0] = cases[i].signing2;
        two.ciphers[0] = cases[i].cipher;
        two.cipher_count = 1;
        two.dialects[0] = cases[i].dialect;
        two.dialect_count = 1;
        harness_ready(&a, &w, &one);
        struct wire_file_id id = open_file(&a);
        join_as(&two);
        assert_int_equal(harness_bind(&b, &a, "alice", "alice-pw"), cases[i].expected);
        still_alive(id);
        harness_drop(&a);
        harness_drop(&b);
    }
    harness_world_end(&w);
}

static smbkit_status bind_step(unsigned flags, uint8_t setup_flags)
{
    struct auth_client_config who = a.session->who;
    b.session = smbclient_session_bind(&b.smb, a.session, &who);
    assert_non_null(b.session);
    union wire_any body = {.session_setup_req = {
                               .flags = setup_flags,
                               .security_mode = SMB2_NEGOTIATE_SIGNING_ENABLED,
                               .security = {(const uint8_t *)"x", 1},
                           }};
    struct smbclient_element e = {
        .command = SMB2_SESSION_SETUP, .body = &body, .session = b.session, .credits = 1};
    return harness_send(&b, &e, 1, flags | SMBCLIENT_LENIENT);
}

/* Who binds must know the session's key; who does not say so finds no session. */
static void test_signature(void **state)
{
    start_default();
    struct wire_file_id id = open_file(&a);
    join();
    assert_int_equal(bind_step(SMBCLIENT_BAD_SIGNATURE, SMB2_SESSION_FLAG_BINDING),
                     SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(bind_step(SMBCLIENT_UNSIGNED, SMB2_SESSION_FLAG_BINDING),
                     SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(bind_step(SMBCLIENT_UNSIGNED, 0), SMBKIT_STATUS_USER_SESSION_DELETED);
    assert_int_equal(bind_step(0, 0), SMBKIT_STATUS_USER_SESSION_DELETED);
    a.session->id ^= 1;
    assert_int_equal(bind_step(0, SMB2_SESSION_FLAG_BINDING), SMBKIT_STATUS_USER_SESSION_DELETED);
    a.session->id ^= 1;
    still_alive(id);
    assert_int_equal(harness_bind(&b, &a, "alice", "alice-pw"), SMBKIT_STATUS_SUCCESS);
    harness_drop(&b);
    end();
}

/* The first connection is bound already. */
static void test_twice(void **state)
{
    start_default();
    struct wire_file_id id = open_file(&a);
    union wire_any body = {.session_setup_req = {.flags = SMB2_SESSION_FLAG_BINDING,
                                                 .security = {(const uint8_t *)"x", 1}}};
    struct smbclient_element e = harness_element(&a, SMB2_SESSION_SETUP, &body);
    assert_int_equal(harness_send(&a, &e, 1, 0), SMBKIT_STATUS_REQUEST_NOT_ACCEPTED);
    a.session->state = SMBCLIENT_SESSION_VALID;
    still_alive(id);
    end();
}

static void test_session_in_progress(void **state)
{
    struct world_config cfg = harness_world_config();
    struct wire_file_id id;
    cfg.core.session_lifetime = NS_PER_S;
    start(&cfg);
    id = open_file(&a);
    join();
    world_advance(&w, 2 * NS_PER_S);
    assert_int_equal(bind_step(0, SMB2_SESSION_FLAG_BINDING),
                     SMBKIT_STATUS_NETWORK_SESSION_EXPIRED);
    assert_int_equal(harness_setup_step(&a, 0), SMBKIT_STATUS_MORE_PROCESSING_REQUIRED);
    assert_int_equal(bind_step(0, SMB2_SESSION_FLAG_BINDING), SMBKIT_STATUS_REQUEST_NOT_ACCEPTED);
    assert_int_equal(harness_setup_step(&a, 0), SMBKIT_STATUS_SUCCESS);
    still_alive(id);
    assert_int_equal(harness_bind(&b, &a, "alice", "alice-pw"), SMBKIT_STATUS_SUCCESS);
    harness_drop(&b);
    end();
}

/* Each channel holds keys: a session has so many and no more. */
static void test_many(void **state)
{
    static struct harness_client many[32];
    size_t n = 0;
    smbkit_status st = SMBKIT_STATUS_SUCCESS;
    start_default();
    struct wire_file_id id = open_file(&a);
    struct smbclient_config ccfg = second_config();
    while (n < ARRAY_LEN(many) && st == SMBKIT_STATUS_SUCCESS) {
        harness_connect(&many[n], &w, &ccfg);
        assert_int_equal(harness_negotiate(&many[n]), SMBKIT_STATUS_SUCCESS);
        st = harness_bind(&many[n], &a, "alice", "alice-pw");
        n++;
    }
    assert_int_equal(st, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    assert_true(harness_last(&many[n - 1])->is_signed);
    assert_int_equal(n, 32);
    still_alive(id);
    for (size_t i = 0; i < n; i++)
        harness_drop(&many[i]);
    still_alive(id);
    end();
}

/* ---------------------------------------------------------------- the way there */

static smbkit_status query_interfaces_of(struct harness_client *c, struct wire_file_id id,
                                         uint32_t max)
{
    union wire_any body = {.ioctl_req = {.ctl_code = FSCTL_QUERY_NETWORK_INTERFACE_INFO,
                                         .file_id = id,
                                         .max_output_response = max,
                                         .flags = SMB2_0_IOCTL_IS_FSCTL}};
    return harness_call(c, SMB2_IOCTL, &body);
}

static smbkit_status query_interfaces(struct harness_client *c, uint32_t max)
{
    return query_interfaces_of(c, (struct wire_file_id){UINT64_MAX, UINT64_MAX}, max);
}

static void test_interfaces(void **state)
{
    static const struct core_interface there[] = {
        {.index = 2, .speed = 10000000000u, .rss = true, .address = {192, 0, 2, 1}},
        {.index = 2,
         .speed = 10000000000u,
         .rss = true,
         .v6 = true,
         .address = {0x20, 1, 0xd, 0xb8}},
        {.index = 3, .speed = 1000000000u, .address = {198, 51, 100, 7}},
    };
    struct world_config cfg = harness_world_config();
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    core_set_interfaces(w.core, there, ARRAY_LEN(there));
    /* only who can use several connections is told */
    harness_ready(&a, &w, &ccfg);
    assert_int_equal(query_interfaces(&a, 65536), SMBKIT_STATUS_NOT_SUPPORTED);
    harness_drop(&a);
    ccfg.capabilities |= SMB2_GLOBAL_CAP_MULTI_CHANNEL;
    harness_ready(&a, &w, &ccfg);
    assert_true(a.smb.server_capabilities & SMB2_GLOBAL_CAP_MULTI_CHANNEL);
    assert_int_equal(query_interfaces(&a, 65536), SMBKIT_STATUS_SUCCESS);
    const struct wire_blob *out = &harness_last(&a)->body.ioctl_rsp.payload;
    struct wire_chain_reader r;
    struct wire_netif n;
    struct cursor cur;
    cursor_init(&cur, out->data, out->len);
    wire_chain_open(&r, &cur, WIRE_NETIF_ALIGN);
    for (size_t i = 0; i < ARRAY_LEN(there); i++) {
        assert_true(wire_netif_next(&r, &n));
        assert_int_equal(n.if_index, there[i].index);
        assert_int_equal(n.link_speed, there[i].speed);
        assert_int_equal(n.capability, there[i].rss ? RSS_CAPABLE : 0);
        assert_int_equal(n.family, there[i].v6 ? WIRE_FAMILY_INET6 : WIRE_FAMILY_INET);
        assert_memory_equal(n.address, there[i].address, sizeof n.address);
    }
    assert_false(wire_netif_next(&r, &n));
    assert_int_equal(query_interfaces(&a, 300), SMBKIT_STATUS_BUFFER_TOO_SMALL);
    /* no open has this file id, and it is wrong before that (3.3.5.15) */
    assert_int_equal(query_interfaces_of(&a, (struct wire_file_id){INT64_MAX, INT64_MAX}, 65536),
                     SMBKIT_STATUS_INVALID_PARAMETER);
    core_set_interfaces(w.core, NULL, 0);
    assert_int_equal(query_interfaces(&a, 65536), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_last(&a)->body.ioctl_rsp.payload.len, 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signed),
        cmocka_unit_test(test_sealed),
        cmocka_unit_test(test_connections_come_and_go),
        cmocka_unit_test(test_break_goes_another_way),
        cmocka_unit_test(test_end_of_the_session),
        cmocka_unit_test(test_end_during_binding),
        cmocka_unit_test(test_lost_during_binding),
        cmocka_unit_test(test_other_user),
        cmocka_unit_test(test_other_connection),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_session_in_progress),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_interfaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
