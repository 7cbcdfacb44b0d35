// SPDX-License-Identifier: Apache-2.0
/* Whole core: how sessions begin, expire, are replaced and end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"

static void start(struct world *w, const struct world_config *cfg, struct harness_client *c)
{
    harness_world(w, cfg);
    struct smbclient_config ccfg = harness_client_config(w);
    harness_ready(c, w, &ccfg);
}

static smbkit_status echo(struct harness_client *c)
{
    union wire_any none = {0};
    return harness_call(c, SMB2_ECHO, &none);
}

#define LOCK_NOW (SMB2_LOCKFLAG_EXCLUSIVE_LOCK | SMB2_LOCKFLAG_FAIL_IMMEDIATELY)

/* 3.3.5.2.9: between expiry and the end of the new authentication only a few commands work, and
   the client is never told that its session is gone. */
static void test_expiry(void **state)
{
    struct world w;
    struct harness_client c;
    struct wire_file_id id;
    struct builder out;
    struct world_config cfg = harness_world_config();
    cfg.core.session_lifetime = NS_PER_S;
    start(&w, &cfg, &c);
    assert_int_equal(harness_create(&c, "f", FILE_READ_DATA, 0, FILE_OPEN_IF, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_lock(&c, id, 0, 1, LOCK_NOW), SMBKIT_STATUS_SUCCESS);
    world_advance(&w, 2 * NS_PER_S);
    assert_int_equal(harness_read(&c, id, 0, 1), SMBKIT_STATUS_NETWORK_SESSION_EXPIRED);
    assert_int_equal(harness_lock(&c, id, 0, 1, SMB2_LOCKFLAG_UNLOCK), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_lock(&c, id, 0, 1, LOCK_NOW), SMBKIT_STATUS_NETWORK_SESSION_EXPIRED);
    builder_init_grow(&out, 65536);
    assert_true(smbclient_session_setup(c.session, 0, &out));
    harness_raw(&c, out.data, out.len);
    builder_free(&out);
    assert_int_equal(harness_last(&c)->status, SMBKIT_STATUS_MORE_PROCESSING_REQUIRED);
    assert_int_equal(harness_read(&c, id, 0, 1), SMBKIT_STATUS_NETWORK_SESSION_EXPIRED);
    assert_int_equal(harness_logon(&c, "alice", "alice-pw", 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_read(&c, id, 0, 1), SMBKIT_STATUS_END_OF_FILE);
    world_advance(&w, 2 * NS_PER_S);
    assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
    harness_drop(&c);
    harness_world_end(&w);
}

/* 3.3.5.5.3: PreviousSessionId ends a session of the same user, on whatever connection, and of
   nobody else. */
static void test_previous(void **state)
{
    struct world w;
    struct harness_client a, b;
    struct world_config cfg = harness_world_config();
    start(&w, &cfg, &a);
    struct smbclient_config ccfg = harness_client_config(&w);
    uint64_t id = a.session->id;
    harness_connect(&b, &w, &ccfg);
    assert_int_equal(harness_negotiate(&b), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_logon(&b, "bob", "bob-pw", id), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(echo(&a), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(&a, "data"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_logon(&b, "alice", "wrong", id), SMBKIT_STATUS_LOGON_FAILURE);
    assert_int_equal(harness_tree(&a, "data"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_logon(&b, "alice", "alice-pw", id), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(&a, "data"), SMBKIT_STATUS_USER_SESSION_DELETED);
    harness_drop(&a);
    harness_drop(&b);
    harness_world_end(&w);
}

/* A wrong password ends also a session that was valid; another user cannot take one over. */
static void test_again(void **state)
{
    struct world w;
    struct harness_client c;
    struct world_config cfg = harness_world_config();
    start(&w, &cfg, &c);
    assert_int_equal(harness_logon(&c, "alice", "alice-pw", 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(&c, "data"), SMBKIT_STATUS_SUCCESS);
    c.session->who.user = "bob";
    c.session->who.password = "bob-pw";
    assert_int_equal(harness_logon(&c, "bob", "bob-pw", 0), SMBKIT_STATUS_ACCESS_DENIED);
    c.session->state = SMBCLIENT_SESSION_VALID;
    assert_int_equal(harness_tree(&c, "data"), SMBKIT_STATUS_USER_SESSION_DELETED);
    harness_drop(&c);
    harness_world_end(&w);
}

/* After some wrong passwords the answer takes its time, from this address only. */
static void test_throttle(void **state)
{
    struct world w;
    struct harness_client c;
    struct builder out;
    struct world_config cfg = harness_world_config();
    start(&w, &cfg, &c);
    for (int i = 0; i < 4; i++)
        assert_int_equal(harness_logon(&c, "bob", "wrong", 0), SMBKIT_STATUS_LOGON_FAILURE);
    struct auth_client_config who = {
        .user = "bob", .domain = "", .password = "bob-pw", .random = c.smb.config.random};
    struct smbclient_session *s = smbclient_session_new(&c.smb, &who);
    builder_init_grow(&out, 65536);
    assert_true(smbclient_session_setup(s, 0, &out));
    harness_raw(&c, out.data, out.len);
    builder_free(&out);
    assert_int_equal(c.count, 0);
    /* another session is not held up */
    assert_int_equal(echo(&c), SMBKIT_STATUS_SUCCESS);
    world_advance(&w, 50 * NS_PER_MS);
    harness_run(&c);
    assert_int_equal(c.count, 1);
    world_advance(&w, 100 * NS_PER_MS);
    harness_run(&c);
    assert_int_equal(harness_last(&c)->status, SMBKIT_STATUS_MORE_PROCESSING_REQUIRED);
    harness_drop(&c);
    harness_world_end(&w);
}

static void test_auth_timeout(void **state)
{
    struct world w;
    struct harness_client c;
    struct world_config cfg = harness_world_config();
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_connect(&c, &w, &ccfg);
    assert_int_equal(harness_negotiate(&c), SMBKIT_STATUS_SUCCESS);
    world_advance(&w, 44 * NS_PER_S);
    harness_run(&c);
    assert_false(c.closed);
    world_advance(&w, 2 * NS_PER_S);
    harness_run(&c);
    assert_true(c.closed);
    harness_drop(&c);
    harness_world_end(&w);
}

/* LOGOFF ends what waits on the session's handles. */
static void test_logoff(void **state)
{
    struct world w;
    struct harness_client c;
    struct wire_file_id one, two;
    union wire_any none = {0};
    struct world_config cfg = harness_world_config();
    start(&w, &cfg, &c);
    const uint32_t excl = SMB2_LOCKFLAG_EXCLUSIVE_LOCK;
    assert_int_equal(harness_create(&c, "f", FILE_READ_DATA, 7, FILE_OPEN_IF, 0, &one),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_create(&c, "f", FILE_READ_DATA, 7, FILE_OPEN_IF, 0, &two),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_lock(&c, one, 0, 10, excl), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_lock(&c, two, 0, 10, excl), SMBKIT_STATUS_PENDING);
    struct smbclient_element e = harness_element(&c, SMB2_LOGOFF, &none);
    harness_send(&c, &e, 1, 0);
    assert_int_equal(c.count, 2);
    assert_int_equal(c.replies[0].command, SMB2_LOCK);
    assert_int_equal(c.replies[0].status, SMBKIT_STATUS_RANGE_NOT_LOCKED);
    assert_int_equal(c.replies[1].status, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(c.smb.outstanding, 0);
    harness_drop(&c);
    harness_world_end(&w);
}

static void start_anonymous(struct world *w, enum core_encryption encryption,
                            struct harness_client *c)
{
    struct world_config cfg = harness_world_config();
    cfg.core.encryption = encryption;
    cfg.allow_anonymous = true;
    harness_world(w, &cfg);
    struct smbclient_config ccfg = harness_client_config(w);
    harness_connect(c, w, &ccfg);
    assert_int_equal(harness_negotiate(c), SMBKIT_STATUS_SUCCESS);
}

static smbkit_status again_as(struct harness_client *c, const char *user, const char *password)
{
    c->session->who.user = user;
    c->session->who.password = password;
    return harness_logon(c, user, password, 0);
}

/* One's own session can be made nobody's for a while, and nobody else's. */
static void test_anonymous_for_a_while(void **state)
{
    struct world w;
    struct harness_client c;
    struct wire_file_id id;
    start_anonymous(&w, CORE_ENCRYPTION_OFFERED, &c);
    assert_int_equal(harness_logon(&c, "alice", "alice-pw", 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(&c, "data"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_create(&c, "f", FILE_READ_DATA, 0, FILE_OPEN_IF, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(again_as(&c, "", ""), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_read(&c, id, 0, 1), SMBKIT_STATUS_END_OF_FILE);
    assert_int_equal(again_as(&c, "alice", "alice-pw"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_read(&c, id, 0, 1), SMBKIT_STATUS_END_OF_FILE);
    assert_int_equal(again_as(&c, "", ""), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(again_as(&c, "bob", "bob-pw"), SMBKIT_STATUS_ACCESS_DENIED);
    harness_drop(&c);
    harness_world_end(&w);
}

/* Everybody knows the keys of an anonymous session: it never becomes a user's, who would be
   protected by nothing. */
static void test_anonymous_stays_so(void **state)
{
    struct world w;
    struct harness_client c;
    union wire_any none = {0};
    start_anonymous(&w, CORE_ENCRYPTION_OFFERED, &c);
    assert_int_equal(harness_logon(&c, "", "", 0), SMBKIT_STATUS_SUCCESS);
    /* nothing is signed, and nothing has to be */
    assert_false(harness_last(&c)->is_signed);
    assert_int_equal(harness_call(&c, SMB2_ECHO, &none), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(again_as(&c, "alice", "alice-pw"), SMBKIT_STATUS_ACCESS_DENIED);
    harness_drop(&c);
    harness_world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_previous),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_anonymous_for_a_while),
        cmocka_unit_test(test_anonymous_stays_so),
        cmocka_unit_test(test_throttle),
        cmocka_unit_test(test_auth_timeout),
        cmocka_unit_test(test_logoff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
