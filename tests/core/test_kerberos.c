// SPDX-License-Identifier: Apache-2.0
/* Whole core: sessions whose authentication waits for somebody, and ends with its ticket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/testkerberos.h"
#include "core/harness.h"

struct scene {
    struct world w;
    struct harness_client c;
    struct fake_kerberos lib;
    uint8_t ticket[128];
    size_t ticket_len;
};

static void begin(struct scene *s)
{
    struct world_config cfg = harness_world_config();
    harness_world(&s->w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&s->w);
    fake_kerberos_init(&s->lib);
    s->w.auth.kerberos = &s->lib.table;
    s->ticket_len = fake_kerberos_token(s->ticket, "=alice@REALM");
    harness_connect(&s->c, &s->w, &ccfg);
    assert_int_equal(harness_negotiate(&s->c), SMBKIT_STATUS_SUCCESS);
}

static void end(struct scene *s)
{
    harness_drop(&s->c);
    harness_world_end(&s->w);
    assert_int_equal(s->lib.exchanges, 0);
}

/* The SESSION_SETUP is sent, and waits for the library. */
static void ask(struct scene *s)
{
    if (s->c.session == NULL) {
        struct auth_client_config who = {
            .user = "alice",
            .random = s->c.smb.config.random,
            .ticket = s->ticket,
            .ticket_len = s->ticket_len,
            .ticket_key = (const uint8_t *)FAKE_KERBEROS_KEY,
        };
        s->c.session = smbclient_session_new(&s->c.smb, &who);
        assert_non_null(s->c.session);
    }
    (void)harness_setup_step(&s->c, 0);
    assert_int_equal(s->c.count, 0);
    assert_non_null(s->lib.waiting);
}

static smbkit_status answer(struct scene *s)
{
    assert_true(fake_kerberos_answer(&s->lib));
    harness_run(&s->c);
    return harness_last(&s->c)->status;
}

/* 3.3.5.5.3, 3.3.5.2.9: the ticket's end is the session's, until the client comes with another. */
static void test_expiry(void **state)
{
    struct scene s = {0};
    struct wire_file_id id;
    begin(&s);
    s.lib.lifetime = 10;
    ask(&s);
    assert_int_equal(answer(&s), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(&s.c, "data"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_create(&s.c, "f", FILE_READ_DATA, 0, FILE_OPEN_IF, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    world_advance(&s.w, 9 * NS_PER_S);
    assert_int_equal(harness_read(&s.c, id, 0, 1), SMBKIT_STATUS_END_OF_FILE);
    world_advance(&s.w, 2 * NS_PER_S);
    assert_int_equal(harness_read(&s.c, id, 0, 1), SMBKIT_STATUS_NETWORK_SESSION_EXPIRED);
    ask(&s);
    assert_int_equal(harness_read(&s.c, id, 0, 1), SMBKIT_STATUS_NETWORK_SESSION_EXPIRED);
    assert_int_equal(answer(&s), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_read(&s.c, id, 0, 1), SMBKIT_STATUS_END_OF_FILE);
    /* a proof without an end: the timer of the one before counts no more */
    s.c.session->who.ticket = NULL;
    s.c.session->who.password = "alice-pw";
    s.c.session->who.domain = "";
    assert_int_equal(harness_logon(&s.c, "alice", "alice-pw", 0), SMBKIT_STATUS_SUCCESS);
    world_advance(&s.w, 20 * NS_PER_S);
    assert_int_equal(harness_read(&s.c, id, 0, 1), SMBKIT_STATUS_END_OF_FILE);
    end(&s);
}

/* What the administrator sets counts when it is shorter. */
static void test_shorter(void **state)
{
    struct scene s = {0};
    struct world_config cfg = harness_world_config();
    cfg.core.session_lifetime = NS_PER_S;
    begin(&s);
    end(&s);
    harness_world(&s.w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&s.w);
    s.w.auth.kerberos = &s.lib.table;
    harness_connect(&s.c, &s.w, &ccfg);
    assert_int_equal(harness_negotiate(&s.c), SMBKIT_STATUS_SUCCESS);
    ask(&s);
    assert_int_equal(answer(&s), SMBKIT_STATUS_SUCCESS);
    world_advance(&s.w, 2 * NS_PER_S);
    assert_int_equal(harness_tree(&s.c, "data"), SMBKIT_STATUS_NETWORK_SESSION_EXPIRED);
    end(&s);
}

static void test_refused(void **state)
{
    struct scene s = {0};
    begin(&s);
    s.ticket_len = fake_kerberos_token(s.ticket, "=mallory@REALM");
    ask(&s);
    assert_int_equal(answer(&s), SMBKIT_STATUS_LOGON_FAILURE);
    end(&s);
}

/* The connection goes while the answer is awaited: it is nobody's then. */
static void test_lost(void **state)
{
    struct scene s = {0};
    begin(&s);
    ask(&s);
    harness_drop(&s.c);
    assert_false(fake_kerberos_answer(&s.lib));
    assert_int_equal(s.lib.exchanges, 0);
    harness_world_end(&s.w);
}

/* A second SESSION_SETUP has to wait until the first is answered. */
static void test_two(void **state)
{
    struct scene s = {0};
    begin(&s);
    ask(&s);
    assert_int_equal(answer(&s), SMBKIT_STATUS_SUCCESS);
    ask(&s);
    struct fake_exchange *first = s.lib.waiting;
    union wire_any body = {.session_setup_req = {.security = {s.ticket, s.ticket_len}}};
    assert_int_equal(harness_call(&s.c, SMB2_SESSION_SETUP, &body),
                     SMBKIT_STATUS_REQUEST_NOT_ACCEPTED);
    assert_ptr_equal(s.lib.waiting, first);
    assert_int_equal(answer(&s), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(&s.c, "data"), SMBKIT_STATUS_SUCCESS);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expiry),  cmocka_unit_test(test_shorter),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_lost),
        cmocka_unit_test(test_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
