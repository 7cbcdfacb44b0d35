// SPDX-License-Identifier: Apache-2.0
/* Tests of the initiator against the acceptor, in all the ways that clients differ. */
#include "auth/client.h"
#include "auth/ntlmssp.h"
#include "auth/spnego.h"
#include "auth/users.h"
#include "base/mem.h"
#include "base/ntime.h"
#include "base/testmem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "auth/test_auth.h"

#define PASSWORD   "correct horse"
#define ROUNDS_MAX 4

/* A change to one token on its way to the server. */
struct tamper {
    int round; /* which of the client's tokens; -1: none */
    size_t at;
    uint8_t flip; /* bits; 0: cut off at `at` */
};

/* Both sides, and what came of it. */
struct meeting {
    struct auth_config server;
    struct auth_client_config client;
    uint64_t client_now, server_now;
    struct tamper tamper;

    enum auth_result server_result, client_result;
    uint32_t status;
    char user[64], user_id[64];
    bool is_guest, is_anonymous, keys_agree;
    int rounds;
    size_t token_len[ROUNDS_MAX]; /* of the client's tokens */
};

static struct auth_users *users;
static uint64_t random_state;

static void fill_in(struct meeting *m)
{
    random_state = 88172645463325252ull;
    memset(m, 0, sizeof(*m));
    m->server = (struct auth_config){
        .netbios_computer = "FILES",
        .netbios_domain = "WORKGROUP",
        .dns_computer = "files.example.org",
        .dns_domain = "example.org",
        .random = {test_random_fill, &random_state},
        .credentials = auth_users_source(users),
    };
    m->client = (struct auth_client_config){
        .user = "alice",
        .domain = "Somewhere",
        .workstation = "PC",
        .password = PASSWORD,
        .target = "cifs/files",
        .random = {test_random_fill, &random_state},
    };
    m->client_now = m->server_now = TEST_NOW;
    m->tamper.round = -1;
}

static void record(struct meeting *m, const struct auth_context *a, const struct auth_client *c)
{
    const struct auth_identity *id = auth_identity(a);
    const uint8_t *key = auth_client_session_key(c);
    m->status = auth_status(a);
    assert_int_equal(id != NULL, m->server_result == AUTH_OK);
    assert_int_equal(m->status != 0, m->server_result == AUTH_FAILED);
    if (id == NULL)
        return;
    snprintf(m->user, sizeof(m->user), "%s", id->user);
    snprintf(m->user_id, sizeof(m->user_id), "%s", id->user_id);
    m->is_guest = id->is_guest;
    m->is_anonymous = id->is_anonymous;
    m->keys_agree = key != NULL && id->session_key_len == AUTH_NT_HASH_SIZE &&
                    memcmp(key, id->session_key, AUTH_NT_HASH_SIZE) == 0;
}

/* One token to the server, tampered with if it is its turn; in a block of exactly its size, so that
   the address sanitizer sees every byte too many. */
static void to_server(struct meeting *m, struct auth_context *a, const struct builder *token,
                      struct builder *answer)
{
    size_t len = token->len;
    if (m->rounds < ROUNDS_MAX)
        m->token_len[m->rounds] = len;
    uint8_t *copy = malloc(len + 1);
    memcpy(copy, token->data, len);
    if (m->rounds == m->tamper.round && m->tamper.flip != 0)
        copy[m->tamper.at] ^= m->tamper.flip;
    else if (m->rounds == m->tamper.round)
        len = m->tamper.at;
    copy = realloc(copy, len > 0 ? len : 1);
    m->server_result = auth_step(a, copy, len, m->server_now, answer);
    m->rounds++;
    free(copy);
}

static void converse(struct meeting *m, struct auth_context *a, struct auth_client *c)
{
    struct builder to, from;
    builder_init_grow(&to, 100000);
    builder_init_grow(&from, 100000);
    m->server_result = AUTH_CONTINUE;
    m->client_result = auth_client_step(c, NULL, 0, m->client_now, &to);
    while (m->client_result != AUTH_FAILED && m->server_result == AUTH_CONTINUE && to.len > 0 &&
           m->rounds < 10) {
        builder_truncate(&from, 0);
        to_server(m, a, &to, &from);
        builder_truncate(&to, 0);
        if (m->server_result != AUTH_FAILED && m->client_result == AUTH_CONTINUE)
            m->client_result = auth_client_step(c, from.data, from.len, m->client_now, &to);
    }
    builder_free(&to);
    builder_free(&from);
}

static void meet(struct meeting *m)
{
    struct auth_context *a = auth_context_new(&m->server);
    struct auth_client *c = auth_client_new(&m->client);
    if (a != NULL && c != NULL) {
        converse(m, a, c);
        record(m, a, c);
    } else {
        m->server_result = m->client_result = AUTH_FAILED;
    }
    auth_context_free(a);
    auth_client_free(c);
}

static void expect_ok(const struct meeting *m)
{
    assert_int_equal(m->server_result, AUTH_OK);
    assert_int_equal(m->client_result, AUTH_OK);
    assert_string_equal(m->user, "Alice");
    assert_string_equal(m->user_id, "user:Alice");
    assert_true(m->keys_agree);
    assert_false(m->is_guest || m->is_anonymous);
}

static void expect_failed(const struct meeting *m, uint32_t status)
{
    assert_int_equal(m->server_result, AUTH_FAILED);
    assert_int_equal(m->status, (uint32_t)status);
}

/* Every combination of the options, of which some must not get in. */
static void test_variants(void **state)
{
    const unsigned all = AUTH_CLIENT_RAW | AUTH_CLIENT_KERBEROS_FIRST | AUTH_CLIENT_NO_TOKEN |
                         AUTH_CLIENT_NO_MIC | AUTH_CLIENT_NO_MECH_LIST_MIC |
                         AUTH_CLIENT_NO_KEY_EXCH | AUTH_CLIENT_NO_SIGN |
                         AUTH_CLIENT_NO_DOMAIN_IN_HASH;
    for (unsigned options = 0; options <= all; options++) {
        struct meeting m;
        fill_in(&m);
        m.client.options = options;
        meet(&m);
        /* NTLM was not the favourite, so the list must be protected */
        bool need_mic = (options & AUTH_CLIENT_KERBEROS_FIRST) && !(options & AUTH_CLIENT_RAW);
        if (need_mic && (options & (AUTH_CLIENT_NO_MECH_LIST_MIC | AUTH_CLIENT_NO_SIGN)))
            expect_failed(&m, AUTH_STATUS_LOGON_FAILURE);
        else
            expect_ok(&m);
        bool extra = !(options & AUTH_CLIENT_RAW) &&
                     (options & (AUTH_CLIENT_KERBEROS_FIRST | AUTH_CLIENT_NO_TOKEN));
        assert_int_equal(m.rounds, extra ? 3 : 2);
    }
}

static void test_server_variants(void **state)
{
    struct meeting m;
    fill_in(&m);
    m.server.omit_timestamp = true;
    meet(&m);
    expect_ok(&m);
    fill_in(&m);
    m.server.domain_member = true;
    m.server.netbios_domain = "D\xc3\x96M";
    meet(&m);
    expect_ok(&m);
    fill_in(&m);
    m.server.netbios_domain = m.server.dns_computer = m.server.dns_domain = NULL;
    meet(&m);
    expect_ok(&m);
    fill_in(&m);
    m.server.netbios_computer = "\xff";
    meet(&m);
    expect_failed(&m, AUTH_STATUS_INSUFFICIENT_RESOURCES);
}

static void test_names(void **state)
{
    static const struct {
        const char *user, *domain, *want;
    } rows[] = {
        {"alice", "", "Alice"},
        {"ALICE", "files", "Alice"},
        {"alice@EXAMPLE.ORG", "", "Alice"},
        {"files\\alice", "", "Alice"},
        {"alice@EXAMPLE.ORG", "dom", NULL},
        {"zo\xc3\xab", "", "Zo\xc3\x8b"},
        {"mail@example.org", "", "mail@example.org"},
        {"@", "", NULL},
        {"\\", "", NULL},
        {"al", "", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct meeting m;
        fill_in(&m);
        m.client.user = rows[i].user;
        m.client.domain = rows[i].domain;
        meet(&m);
        assert_int_equal(m.server_result, rows[i].want != NULL ? AUTH_OK : AUTH_FAILED);
        if (rows[i].want != NULL)
            assert_string_equal(m.user, rows[i].want);
    }
}

static void test_wrong_password(void **state)
{
    const unsigned ways[] = {0, AUTH_CLIENT_RAW, AUTH_CLIENT_NO_MIC, AUTH_CLIENT_KERBEROS_FIRST};
    const char *names[] = {"alice", "nobody"};
    for (size_t i = 0; i < 2 * ARRAY_LEN(ways); i++) {
        struct meeting m;
        fill_in(&m);
        m.client.options = ways[i / 2];
        m.client.user = names[i % 2];
        m.client.password = "wrong";
        meet(&m);
        expect_failed(&m, AUTH_STATUS_LOGON_FAILURE); /* the same for both */
    }
}

static void test_disabled(void **state)
{
    struct meeting m;
    fill_in(&m);
    m.client.user = "locked";
    meet(&m);
    expect_failed(&m, AUTH_STATUS_ACCOUNT_DISABLED);
    fill_in(&m);
    m.client.user = "locked";
    m.client.password = "wrong";
    meet(&m);
    expect_failed(&m, AUTH_STATUS_LOGON_FAILURE);
    fill_in(&m); /* nothing proves an account without a password */
    m.client.user = "ghost";
    m.client.password = "";
    meet(&m);
    expect_failed(&m, AUTH_STATUS_LOGON_FAILURE);
}

static void test_guest(void **state)
{
    const unsigned ways[] = {0, AUTH_CLIENT_RAW, AUTH_CLIENT_NO_MIC, AUTH_CLIENT_NO_KEY_EXCH,
                             AUTH_CLIENT_KERBEROS_FIRST | AUTH_CLIENT_NO_MECH_LIST_MIC};
    struct meeting m;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        fill_in(&m);
        m.client.options = ways[i];
        m.client.user = "visitor";
        meet(&m);
        expect_failed(&m, AUTH_STATUS_LOGON_FAILURE);
        fill_in(&m);
        m.client.options = ways[i];
        m.client.user = "visitor";
        m.server.allow_guest = true;
        meet(&m);
        assert_int_equal(m.server_result, AUTH_OK);
        assert_true(m.is_guest && !m.is_anonymous);
        assert_false(m.keys_agree);
        assert_string_equal(m.user, "Guest");
        assert_string_equal(m.user_id, "guest");
    }
    fill_in(&m); /* a wrong password does not make a guest */
    m.server.allow_guest = true;
    m.server.guest_account = "nobody";
    m.client.password = "wrong";
    meet(&m);
    expect_failed(&m, AUTH_STATUS_LOGON_FAILURE);
    m.client.user = "visitor";
    meet(&m);
    assert_string_equal(m.user, "nobody");
}

static void test_anonymous(void **state)
{
    const unsigned ways[] = {0, AUTH_CLIENT_RAW, AUTH_CLIENT_NO_KEY_EXCH, AUTH_CLIENT_NO_SIGN,
                             AUTH_CLIENT_KERBEROS_FIRST};
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct meeting m;
        fill_in(&m);
        m.client.options = ways[i];
        m.client.user = m.client.domain = "";
        m.server.allow_guest = true; /* says nothing about anonymous */
        meet(&m);
        expect_failed(&m, AUTH_STATUS_LOGON_FAILURE);
        fill_in(&m);
        m.client.options = ways[i];
        m.client.user = m.client.domain = "";
        m.server.allow_anonymous = true;
        meet(&m);
        assert_int_equal(m.server_result, AUTH_OK);
        assert_int_equal(m.client_result, AUTH_OK);
        assert_true(m.is_anonymous && !m.is_guest);
        assert_string_equal(m.user, "");
        assert_string_equal(m.user_id, "anonymous");
    }
}

static void test_time(void **state)
{
    const uint64_t hour = 3600 * NTIME_PER_S;
    struct meeting m;
    fill_in(&m); /* with our time stamp in the challenge the client's clock does not matter */
    m.client_now = TEST_NOW - 1000 * hour;
    meet(&m);
    expect_ok(&m);
    fill_in(&m);
    m.server.omit_timestamp = true;
    m.client_now = TEST_NOW - 1000 * hour;
    meet(&m);
    expect_failed(&m, AUTH_STATUS_LOGON_FAILURE);
    fill_in(&m);
    m.server.omit_timestamp = true;
    m.client_now = TEST_NOW + 37 * hour;
    meet(&m);
    expect_failed(&m, AUTH_STATUS_LOGON_FAILURE);
    fill_in(&m);
    m.server.omit_timestamp = true;
    m.client_now = TEST_NOW + 35 * hour;
    meet(&m);
    expect_ok(&m);
    fill_in(&m);
    m.server.omit_timestamp = true;
    m.server.max_lifetime = UINT64_MAX;
    m.client_now = 0;
    meet(&m);
    expect_ok(&m);
}

static void test_channel_bindings(void **state)
{
    struct meeting m;
    fill_in(&m);
    m.client.options = AUTH_CLIENT_CHANNEL_BINDINGS;
    meet(&m);
    expect_failed(&m, AUTH_STATUS_LOGON_FAILURE);
    fill_in(&m);
    m.client.options = AUTH_CLIENT_CHANNEL_BINDINGS;
    m.server.ignore_channel_bindings = true;
    meet(&m);
    expect_ok(&m);
}

/* Every token cut at every byte: never in, whatever the frame. */
static void test_truncated(void **state)
{
    const unsigned ways[] = {0, AUTH_CLIENT_RAW, AUTH_CLIENT_RAW | AUTH_CLIENT_NO_MIC,
                             AUTH_CLIENT_KERBEROS_FIRST};
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct meeting whole, m;
        fill_in(&whole);
        whole.client.options = ways[i];
        meet(&whole);
        expect_ok(&whole);
        for (int round = 0; round < whole.rounds; round++) {
            for (size_t at = 0; at < whole.token_len[round]; at++) {
                fill_in(&m);
                m.client.options = ways[i];
                m.tamper = (struct tamper){.round = round, .at = at};
                meet(&m);
                /* the first token raw may end anywhere after its flags: the MIC tells */
                if (!(ways[i] & AUTH_CLIENT_NO_MIC) || round > 0)
                    assert_int_not_equal(m.server_result, AUTH_OK);
            }
        }
    }
}

/* With the MIC every bit of both raw messages counts. */
static void test_flipped_raw(void **state)
{
    struct meeting whole, m;
    fill_in(&whole);
    whole.client.options = AUTH_CLIENT_RAW;
    meet(&whole);
    for (int round = 0; round < whole.rounds; round++) {
        for (size_t bit = 0; bit < 8 * whole.token_len[round]; bit++) {
            fill_in(&m);
            m.client.options = AUTH_CLIENT_RAW;
            m.tamper = (struct tamper){round, bit / 8, (uint8_t)(1 << bit % 8)};
            meet(&m);
            if (m.server_result == AUTH_OK)
                fail_msg("token %d with bit %zu flipped", round, bit);
        }
    }
}

/* Around it SPNEGO has bits that nobody protects and nobody uses; whoever flips those gains
   nothing: the same user with the same key or no one. Allowing guests changes nothing for a known
   user, unless the name itself is changed. */
static void test_flipped_spnego(void **state)
{
    const unsigned ways[] = {0, AUTH_CLIENT_KERBEROS_FIRST};
    for (size_t i = 0; i < 2 * ARRAY_LEN(ways); i++) {
        struct meeting whole, m;
        fill_in(&whole);
        whole.client.options = ways[i / 2];
        meet(&whole);
        for (int round = 0; round < whole.rounds; round++) {
            for (size_t bit = 0; bit < 8 * whole.token_len[round]; bit++) {
                fill_in(&m);
                m.client.options = ways[i / 2];
                m.server.allow_guest = i % 2;
                m.tamper = (struct tamper){round, bit / 8, (uint8_t)(1 << bit % 8)};
                meet(&m);
                if (m.server_result == AUTH_OK && !m.is_guest)
                    assert_true(m.keys_agree && strcmp(m.user, "Alice") == 0);
                assert_true(!m.is_guest || i % 2 == 1);
            }
        }
    }
}

/* Removing Kerberos from the client's list on the wire is what mechListMIC finds. */
static void test_downgrade(void **state)
{
    struct meeting m;
    struct builder b;
    fill_in(&m);
    m.client.options = AUTH_CLIENT_KERBEROS_FIRST;
    struct auth_context *a = auth_context_new(&m.server);
    struct auth_client *c = auth_client_new(&m.client);
    struct spnego_init init = {.mechs = {spnego_oid_krb5, spnego_oid_ntlmssp}, .mech_count = 2};
    struct builder to, from;
    builder_init_grow(&to, 10000);
    builder_init_grow(&from, 10000);
    builder_init_grow(&b, 10000);
    assert_int_equal(auth_client_step(c, NULL, 0, TEST_NOW, &to), AUTH_CONTINUE);
    spnego_encode_init(&b, &init); /* without the client's favourite */
    assert_int_equal(auth_step(a, b.data, b.len, TEST_NOW, &from), AUTH_CONTINUE);
    for (int i = 0; i < 2; i++) {
        builder_truncate(&to, 0);
        assert_int_equal(auth_client_step(c, from.data, from.len, TEST_NOW, &to), AUTH_CONTINUE);
        builder_truncate(&from, 0);
        assert_int_equal(auth_step(a, to.data, to.len, TEST_NOW, &from),
                         i == 0 ? AUTH_CONTINUE : AUTH_FAILED);
    }
    assert_int_equal(auth_status(a), AUTH_STATUS_LOGON_FAILURE);
    struct spnego_resp resp;
    assert_true(spnego_decode_resp(from.data, from.len, &resp));
    assert_int_equal(resp.state, SPNEGO_REJECT);
    assert_string_equal(auth_claimed_user(a), "alice");
    builder_free(&to);
    builder_free(&from);
    builder_free(&b);
    auth_context_free(a);
    auth_client_free(c);
}

/* The last place of some bytes in a token, which must be there. */
static size_t find_last(const struct builder *b, const void *what, size_t len)
{
    size_t at = b->len;
    while (at-- > 0)
        if (len <= b->len - at && memcmp(b->data + at, what, len) == 0)
            return at;
    fail_msg("not in the token");
    return 0;
}

/* The client answers our nonce, but was told of another server: somebody relays. Its password is
   right and its response consistent; only what it says of the server gives it away. */
static void test_relayed(void **state)
{
    static const uint8_t stamp_header[] = {MsvAvTimestamp, 0, 8, 0};
    static const struct {
        const void *what;
        size_t len, at; /* the byte `at` behind the start of `what` is changed */
    } rows[] = {
        {"F\0I\0L\0E\0S", 9, 0},
        {"W\0O\0R\0K\0G", 9, 0},
        {"f\0i\0l\0e\0s", 9, 0},
        {stamp_header, sizeof(stamp_header), 4},
        {stamp_header, sizeof(stamp_header), 1}, /* the pair becomes another */
    };
    for (size_t i = 0; i <= ARRAY_LEN(rows); i++) {
        struct meeting m;
        struct builder to, from;
        fill_in(&m);
        m.client.options = AUTH_CLIENT_RAW | AUTH_CLIENT_NO_MIC;
        struct auth_context *a = auth_context_new(&m.server);
        struct auth_client *c = auth_client_new(&m.client);
        builder_init_grow(&to, 10000);
        builder_init_grow(&from, 10000);
        assert_int_equal(auth_client_step(c, NULL, 0, TEST_NOW, &to), AUTH_CONTINUE);
        assert_int_equal(auth_step(a, to.data, to.len, TEST_NOW, &from), AUTH_CONTINUE);
        if (i < ARRAY_LEN(rows))
            from.data[find_last(&from, rows[i].what, rows[i].len) + rows[i].at] ^= 1;
        builder_truncate(&to, 0);
        assert_int_equal(auth_client_step(c, from.data, from.len, TEST_NOW, &to), AUTH_OK);
        enum auth_result r = auth_step(a, to.data, to.len, TEST_NOW, &from);
        /* without the time stamp, or with nothing changed, all is well */
        bool harmless = i >= ARRAY_LEN(rows) - 1;
        assert_int_equal(r, harmless ? AUTH_OK : AUTH_FAILED);
        if (!harmless)
            assert_non_null(strstr(auth_failure_reason(a), "another server"));
        builder_free(&to);
        builder_free(&from);
        auth_context_free(a);
        auth_client_free(c);
    }
}

static void test_no_common_mech(void **state)
{
    struct meeting m;
    struct spnego_init init = {.mechs = {spnego_oid_krb5}, .mech_count = 1};
    struct spnego_resp resp;
    struct builder b, out;
    fill_in(&m);
    struct auth_context *a = auth_context_new(&m.server);
    builder_init_grow(&b, 1000);
    builder_init_grow(&out, 1000);
    spnego_encode_init(&b, &init);
    assert_int_equal(auth_step(a, b.data, b.len, TEST_NOW, &out), AUTH_FAILED);
    assert_int_equal(auth_status(a), AUTH_STATUS_NOT_SUPPORTED);
    assert_true(spnego_decode_resp(out.data, out.len, &resp));
    assert_int_equal(resp.state, SPNEGO_REJECT);
    auth_context_free(a);
    builder_free(&b);
    builder_free(&out);
}

/* The first reply to a client with another favourite (RFC 4178 4.2.2). */
static void test_request_mic(void **state)
{
    struct meeting m;
    struct spnego_init init = {.mechs = {spnego_oid_ms_krb5, spnego_oid_krb5, spnego_oid_ntlmssp},
                               .mech_count = 3,
                               .mech_token = {(const uint8_t *)"ticket", 6}};
    struct spnego_resp resp;
    struct builder b, out;
    fill_in(&m);
    struct auth_context *a = auth_context_new(&m.server);
    builder_init_grow(&b, 1000);
    builder_init_grow(&out, 1000);
    spnego_encode_init(&b, &init);
    assert_int_equal(auth_step(a, b.data, b.len, TEST_NOW, &out), AUTH_CONTINUE);
    assert_true(spnego_decode_resp(out.data, out.len, &resp));
    assert_int_equal(resp.state, SPNEGO_REQUEST_MIC);
    assert_true(auth_blob_equal(resp.mech, spnego_oid_ntlmssp));
    assert_null(resp.token.data);
    auth_context_free(a);
    builder_free(&b);
    builder_free(&out);
}

static void test_bounds(void **state)
{
    struct meeting m;
    struct builder out;
    uint8_t mem[64];
    fill_in(&m);
    m.server.blob_max = 100;
    meet(&m);
    expect_failed(&m, AUTH_STATUS_INVALID_PARAMETER);
    assert_int_equal(m.rounds, 2);
    fill_in(&m); /* no room for the challenge */
    struct auth_context *a = auth_context_new(&m.server);
    struct auth_client *c = auth_client_new(&m.client);
    builder_init_grow(&out, 10000);
    assert_int_equal(auth_client_step(c, NULL, 0, TEST_NOW, &out), AUTH_CONTINUE);
    struct builder tight;
    builder_init_fixed(&tight, mem, sizeof(mem));
    assert_int_equal(auth_step(a, out.data, out.len, TEST_NOW, &tight), AUTH_FAILED);
    assert_int_equal(auth_status(a), AUTH_STATUS_INSUFFICIENT_RESOURCES);
    builder_free(&out);
    auth_context_free(a);
    auth_client_free(c);
}

static bool in_order(const unsigned options, const char *user)
{
    struct meeting m;
    fill_in(&m);
    m.client.options = options;
    m.client.user = user;
    m.client.domain = "";
    meet(&m);
    return m.server_result == AUTH_OK && m.client_result == AUTH_OK;
}

/* Each allocation fails once: nobody gets in, nothing leaks. */
static void test_no_memory(void **state)
{
    const unsigned ways[] = {0, AUTH_CLIENT_RAW, AUTH_CLIENT_KERBEROS_FIRST};
    struct auth_users *before = users;
    testmem_install();
    testmem_fail_none();
    users = auth_users_new();
    assert_int_equal(auth_users_set_password(users, "Alice", PASSWORD, ""), AUTH_USERS_OK);
    const size_t live = testmem_live();
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        for (size_t n = 1;; n++) {
            testmem_fail_nth(n);
            bool ok = in_order(ways[i], "alice@example.org");
            assert_int_equal(testmem_live(), live);
            assert_int_equal(ok, testmem_failed() == 0);
            if (testmem_failed() == 0)
                break;
        }
    }
    auth_users_free(users);
    testmem_remove();
    users = before;
}

static int group_up(void **state)
{
    uint8_t hash[16] = {0};
    if (test_crypto_up(state) != 0)
        return -1;
    static const char file[] = "ghost:!:\n";
    struct auth_users_error err;
    users = auth_users_new();
    bool ok = auth_users_parse(users, file, sizeof(file) - 1, &err) == AUTH_USERS_OK &&
              auth_users_set_password(users, "Alice", PASSWORD, "") == AUTH_USERS_OK &&
              auth_users_set_password(users, "Zo\xc3\x8b", PASSWORD, "") == AUTH_USERS_OK &&
              auth_users_set_password(users, "mail@example.org", PASSWORD, "") == AUTH_USERS_OK &&
              auth_users_set_password(users, "locked", PASSWORD, "") == AUTH_USERS_OK &&
              auth_users_set_hash(users, "zero", hash, "") == AUTH_USERS_OK &&
              auth_users_disable(users, "locked");
    return ok ? 0 : -1;
}

static int group_down(void **state)
{
    auth_users_free(users);
    return test_crypto_down(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variants),
        cmocka_unit_test(test_server_variants),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_wrong_password),
        cmocka_unit_test(test_disabled),
        cmocka_unit_test(test_guest),
        cmocka_unit_test(test_anonymous),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_channel_bindings),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_flipped_raw),
        cmocka_unit_test(test_flipped_spnego),
        cmocka_unit_test(test_downgrade),
        cmocka_unit_test(test_relayed),
        cmocka_unit_test(test_no_common_mech),
        cmocka_unit_test(test_request_mic),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, group_up, group_down);
}
