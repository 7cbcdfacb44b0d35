// SPDX-License-Identifier: Apache-2.0
/* Tests of Kerberos under SPNEGO and bare, with a library that believes everything. */
#include "auth/kerberos.h"
#include "auth/spnego.h"
#include "auth/users.h"
#include "base/mem.h"
#include "base/testmem.h"
#include "base/timerq.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "auth/test_auth.h"
#include "auth/testkerberos.h"

struct scene {
    struct fake_kerberos lib;
    struct auth_users *users;
    struct auth_config config;
    struct auth_context *a;
    struct builder out;
    bool told; /* that the answer is there */
    uint64_t seed;
};

static void ready(void *arg)
{
    ((struct scene *)arg)->told = true;
}

static void begin(struct scene *s)
{
    memset(s, 0, sizeof(*s));
    s->seed = 88172645463325252ull;
    fake_kerberos_init(&s->lib);
    s->users = auth_users_new();
    assert_non_null(s->users);
    assert_int_equal(auth_users_set_password(s->users, "Alice", "x", ""), AUTH_USERS_OK);
    assert_int_equal(auth_users_set_password(s->users, "Bob", "x", ""), AUTH_USERS_OK);
    assert_true(auth_users_disable(s->users, "Bob"));
    s->config = (struct auth_config){
        .netbios_computer = "FILES",
        .random = {test_random_fill, &s->seed},
        .credentials = auth_users_source(s->users),
        .kerberos = &s->lib.table,
    };
    builder_init_grow(&s->out, 100000);
}

static void again(struct scene *s)
{
    auth_context_free(s->a);
    s->a = auth_context_new(&s->config);
    assert_non_null(s->a);
    auth_context_set_waiter(s->a, ready, s);
    s->told = false;
}

static void end(struct scene *s)
{
    auth_context_free(s->a);
    builder_free(&s->out);
    auth_users_free(s->users);
    assert_int_equal(s->lib.exchanges, 0);
}

/* One token, and the library's answer when it is asked. */
static enum auth_result step(struct scene *s, const void *in, size_t len)
{
    builder_truncate(&s->out, 0);
    s->told = false;
    enum auth_result r = auth_step(s->a, in, len, TEST_NOW, &s->out);
    if (r != AUTH_PENDING)
        return r;
    assert_int_equal(s->out.len, 0);
    assert_false(s->told);
    assert_true(fake_kerberos_answer(&s->lib));
    assert_true(s->told);
    return auth_step(s->a, NULL, 0, TEST_NOW, &s->out);
}

static const struct auth_blob windows[] = {
    {(const uint8_t *)"\x2a\x86\x48\x82\xf7\x12\x01\x02\x02", 9},
    {(const uint8_t *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02", 9},
    {(const uint8_t *)"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a", 10},
};

/* NegTokenInit with a token of this text. The favourite before Kerberos is one that nobody knows
   when `other`. */
static enum auth_result offer(struct scene *s, const char *text, bool other)
{
    uint8_t token[128];
    struct spnego_init init = {.mech_token = {token, fake_kerberos_token(token, text)}};
    struct builder b;
    if (other)
        init.mechs[init.mech_count++] = (struct auth_blob){(const uint8_t *)"\x2a\x03", 2};
    for (size_t i = 0; i < ARRAY_LEN(windows); i++)
        init.mechs[init.mech_count++] = windows[i];
    builder_init_grow(&b, 100000);
    spnego_encode_init(&b, &init);
    enum auth_result r = step(s, b.data, b.len);
    builder_free(&b);
    return r;
}

static enum auth_result respond(struct scene *s, const char *text, struct auth_blob mic)
{
    uint8_t token[128];
    struct spnego_resp resp = {.state = SPNEGO_STATE_ABSENT, .mech_list_mic = mic};
    struct builder b;
    if (text != NULL)
        resp.token = (struct auth_blob){token, fake_kerberos_token(token, text)};
    builder_init_grow(&b, 100000);
    spnego_encode_resp(&b, &resp);
    enum auth_result r = step(s, b.data, b.len);
    builder_free(&b);
    return r;
}

static struct spnego_resp reply(const struct scene *s)
{
    struct spnego_resp r;
    assert_true(spnego_decode_resp(s->out.data, s->out.len, &r));
    return r;
}

static void test_spnego(void **state)
{
    struct scene s;
    begin(&s);
    again(&s);
    assert_int_equal(offer(&s, "=alice@REALM", false), AUTH_OK);
    const struct auth_identity *id = auth_identity(s.a);
    assert_string_equal(id->user, "Alice");
    assert_string_equal(id->user_id, "user:Alice");
    assert_string_equal(id->domain, "REALM");
    assert_int_equal(id->lifetime, 3600 * NS_PER_S);
    assert_int_equal(id->session_key_len, strlen(FAKE_KERBEROS_KEY));
    assert_memory_equal(id->session_key, FAKE_KERBEROS_KEY, id->session_key_len);
    struct spnego_resp r = reply(&s);
    assert_int_equal(r.state, SPNEGO_ACCEPT_COMPLETED);
    assert_true(auth_blob_equal(r.mech, spnego_oid_ms_krb5));
    assert_true(auth_blob_equal(r.token, (struct auth_blob){(const uint8_t *)"answer", 6}));
    end(&s);
}

static void test_raw(void **state)
{
    struct scene s;
    uint8_t token[128];
    begin(&s);
    again(&s);
    size_t len = fake_kerberos_token(token, "=alice@REALM");
    assert_int_equal(step(&s, token, len), AUTH_OK);
    assert_int_equal(s.out.len, 6);
    assert_string_equal(auth_identity(s.a)->user, "Alice");
    end(&s);
}

/* Who is let in, and as whom. */
static void test_principals(void **state)
{
    static const struct {
        const char *client, *realm, *users;
        const char *user; /* NULL: refused */
        uint32_t status;
    } rows[] = {
        {"=ALICE@REALM", NULL, NULL, "Alice", 0},
        {"=bob@REALM", NULL, NULL, NULL, AUTH_STATUS_ACCOUNT_DISABLED},
        {"=bob@REALM", NULL, "*", NULL, AUTH_STATUS_ACCOUNT_DISABLED},
        {"=carol@REALM", NULL, NULL, NULL, AUTH_STATUS_LOGON_FAILURE},
        {"=carol@REALM", NULL, "dave+Carol", "Carol", 0},
        {"=carol@REALM", NULL, "dave+Carola", NULL, AUTH_STATUS_LOGON_FAILURE},
        {"=carol@REALM", NULL, "*", "carol", 0},
        {"=alice@realm", NULL, NULL, NULL, AUTH_STATUS_LOGON_FAILURE},
        {"=alice@OTHER", NULL, "*", NULL, AUTH_STATUS_LOGON_FAILURE},
        {"=alice@OTHER", "OTHER", NULL, "Alice", 0},
        {"=alice@REALM", "OTHER", NULL, NULL, AUTH_STATUS_LOGON_FAILURE},
        {"=alice/admin@REALM", NULL, "*", NULL, AUTH_STATUS_LOGON_FAILURE},
        {"=al\\@ice@REALM", NULL, "*", NULL, AUTH_STATUS_LOGON_FAILURE},
        {"=a+b@REALM", NULL, "a+b", NULL, AUTH_STATUS_LOGON_FAILURE},
        {"=@REALM", NULL, "*", NULL, AUTH_STATUS_LOGON_FAILURE},
        {"=alice@", NULL, "*", NULL, AUTH_STATUS_LOGON_FAILURE},
        {"=alice", NULL, "*", NULL, AUTH_STATUS_LOGON_FAILURE},
        {"nonsense", NULL, "*", NULL, AUTH_STATUS_LOGON_FAILURE},
    };
    struct scene s;
    begin(&s);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        s.config.kerberos_realm = rows[i].realm;
        s.config.kerberos_users = rows[i].users;
        again(&s);
        enum auth_result r = offer(&s, rows[i].client, false);
        assert_int_equal(r, rows[i].user != NULL ? AUTH_OK : AUTH_FAILED);
        assert_int_equal(auth_status(s.a), rows[i].status);
        if (rows[i].user != NULL)
            assert_string_equal(auth_identity(s.a)->user, rows[i].user);
        else
            assert_null(auth_identity(s.a));
    }
    assert_null(strchr(auth_failure_reason(s.a), '\n'));
    end(&s);
}

/* RFC 4178 5: another mechanism was the favourite, and our token is the last one. */
static void test_mic_of_the_list(void **state)
{
    struct scene s;
    uint8_t mic[KERBEROS_MIC_MAX];
    struct builder list;
    struct spnego_init init = {
        .mechs = {{(const uint8_t *)"\x2a\x03", 2}, windows[0], windows[1], windows[2]},
        .mech_count = 4};
    builder_init_grow(&list, 1000);
    spnego_encode_mech_list(&list, &init);
    const struct auth_blob good = {mic, fake_sign(NULL, list.data, list.len, mic)};
    const struct auth_blob bad = {(const uint8_t *)"????", 4}, none = {0};
    const struct auth_blob *const sent[] = {&good, &bad, &none};
    begin(&s);
    for (size_t i = 0; i < ARRAY_LEN(sent); i++) {
        again(&s);
        assert_int_equal(offer(&s, "for the other one", true), AUTH_CONTINUE);
        assert_int_equal(reply(&s).state, SPNEGO_REQUEST_MIC);
        assert_int_equal(respond(&s, "=alice@REALM", none), AUTH_CONTINUE);
        assert_int_equal(reply(&s).state, SPNEGO_ACCEPT_INCOMPLETE);
        assert_true(auth_blob_equal(reply(&s).mech_list_mic, good));
        assert_null(auth_identity(s.a));
        assert_int_equal(respond(&s, NULL, *sent[i]), i == 0 ? AUTH_OK : AUTH_FAILED);
        assert_int_equal(auth_identity(s.a) != NULL, i == 0);
    }
    /* with the token already, which waits for the library's answer */
    again(&s);
    assert_int_equal(offer(&s, "for the other one", true), AUTH_CONTINUE);
    assert_int_equal(respond(&s, "=alice@REALM", bad), AUTH_FAILED);
    again(&s);
    assert_int_equal(offer(&s, "for the other one", true), AUTH_CONTINUE);
    assert_int_equal(respond(&s, "=alice@REALM", good), AUTH_OK);
    builder_free(&list);
    end(&s);
}

static void test_legs(void **state)
{
    const struct auth_blob none = {0};
    struct scene s;
    begin(&s);
    again(&s);
    assert_int_equal(offer(&s, "?", false), AUTH_CONTINUE);
    assert_int_equal(respond(&s, "=alice@REALM", none), AUTH_OK);
    /* a wrong clock: once */
    again(&s);
    assert_int_equal(offer(&s, "~", false), AUTH_CONTINUE);
    assert_int_equal(reply(&s).token.len, 6);
    assert_int_equal(respond(&s, "=alice@REALM", none), AUTH_OK);
    again(&s);
    assert_int_equal(offer(&s, "~", false), AUTH_CONTINUE);
    assert_int_equal(respond(&s, "~", none), AUTH_FAILED);
    assert_int_equal(auth_status(s.a), AUTH_STATUS_LOGON_FAILURE);
    /* no end */
    again(&s);
    enum auth_result r = offer(&s, "?", false);
    int n = 0;
    for (; r == AUTH_CONTINUE && n < 10; n++)
        r = respond(&s, "?", none);
    assert_int_equal(r, AUTH_FAILED);
    assert_int_equal(n, 4);
    end(&s);
}

/* Who cannot wait does not get it, and a server without it does not offer it. */
static void test_not_offered(void **state)
{
    struct scene s;
    struct spnego_init t;
    uint8_t token[128];
    begin(&s);
    assert_true(auth_initial_token(&s.config, &s.out) > 0);
    assert_true(spnego_decode_init(s.out.data, s.out.len, &t));
    assert_int_equal(t.mech_count, 3);
    assert_true(auth_blob_equal(t.mechs[0], spnego_oid_ms_krb5));
    assert_true(auth_blob_equal(t.mechs[1], spnego_oid_krb5));
    again(&s);
    auth_context_set_waiter(s.a, NULL, NULL);
    assert_int_equal(offer(&s, "=alice@REALM", false), AUTH_CONTINUE); /* NTLM, with a MIC */
    assert_true(auth_blob_equal(reply(&s).mech, spnego_oid_ntlmssp));
    again(&s);
    auth_context_set_waiter(s.a, NULL, NULL);
    size_t len = fake_kerberos_token(token, "=alice@REALM");
    assert_int_equal(step(&s, token, len), AUTH_FAILED);
    s.config.kerberos = NULL;
    builder_truncate(&s.out, 0);
    assert_true(auth_initial_token(&s.config, &s.out) > 0);
    assert_true(spnego_decode_init(s.out.data, s.out.len, &t));
    assert_int_equal(t.mech_count, 1);
    end(&s);
}

/* Out of turn, too many, and an end while the answer is awaited. */
static void test_waiting(void **state)
{
    struct scene s;
    uint8_t token[128];
    size_t len = fake_kerberos_token(token, "=alice@REALM");
    begin(&s);
    again(&s);
    assert_int_equal(auth_step(s.a, token, len, TEST_NOW, &s.out), AUTH_PENDING);
    assert_null(auth_identity(s.a));
    assert_int_equal(auth_step(s.a, token, len, TEST_NOW, &s.out), AUTH_FAILED);
    assert_int_equal(auth_status(s.a), AUTH_STATUS_INVALID_PARAMETER);
    assert_false(fake_kerberos_answer(&s.lib));
    again(&s);
    assert_int_equal(auth_step(s.a, token, len, TEST_NOW, &s.out), AUTH_PENDING);
    again(&s);
    assert_false(fake_kerberos_answer(&s.lib));
    s.lib.full = true;
    assert_int_equal(auth_step(s.a, token, len, TEST_NOW, &s.out), AUTH_FAILED);
    assert_int_equal(auth_status(s.a), AUTH_STATUS_INSUFFICIENT_RESOURCES);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spnego),     cmocka_unit_test(test_raw),
        cmocka_unit_test(test_principals), cmocka_unit_test(test_mic_of_the_list),
        cmocka_unit_test(test_legs),       cmocka_unit_test(test_not_offered),
        cmocka_unit_test(test_waiting),
    };
    return cmocka_run_group_tests(tests, test_crypto_up, test_crypto_down);
}
