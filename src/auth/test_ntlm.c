// SPDX-License-Identifier: Apache-2.0
/* Tests of the NTLMSSP messages, and of the acceptor with the vectors of [MS-NLMP] 4.2.4. */
#include "auth/ntlm_keys.h"
#include "auth/ntlmssp.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "auth/test_auth.h"

#define BLOB(text) ((struct auth_blob){(const uint8_t *)(text), sizeof(text) - 1})

/* AUTHENTICATE_MESSAGE of [MS-NLMP] 4.2.4.3 */
static const char spec_authenticate[] = "4e 54 4c 4d 53 53 50 00 03 00 00 00 18 00 18 00 6c 00 00 "
                                        "00 54 00 54 00 84 00 00 00 0c 00 0c 00"
                                        "48 00 00 00 08 00 08 00 54 00 00 00 10 00 10 00 5c 00 00 "
                                        "00 10 00 10 00 d8 00 00 00 35 82 88 e2"
                                        "05 01 28 0a 00 00 00 0f 44 00 6f 00 6d 00 61 00 69 00 6e "
                                        "00 55 00 73 00 65 00 72 00 43 00 4f 00"
                                        "4d 00 50 00 55 00 54 00 45 00 52 00 86 c3 50 97 ac 9c ec "
                                        "10 25 54 76 4a 57 cc cc 19 aa aa aa aa"
                                        "aa aa aa aa 68 cd 0a b8 51 e5 1c 96 aa bc 92 7b eb ef 6a "
                                        "1c 01 01 00 00 00 00 00 00 00 00 00 00"
                                        "00 00 00 00 aa aa aa aa aa aa aa aa 00 00 00 00 02 00 0c "
                                        "00 44 00 6f 00 6d 00 61 00 69 00 6e 00"
                                        "01 00 0c 00 53 00 65 00 72 00 76 00 65 00 72 00 00 00 00 "
                                        "00 00 00 00 00 c5 da d2 54 4f c9 79 90"
                                        "94 ce 1c e9 0b c9 d0 3e";

/* CHALLENGE_MESSAGE of the same section */
static const char spec_challenge[] = "4e 54 4c 4d 53 53 50 00 02 00 00 00 0c 00 0c 00 38 00 00 00 "
                                     "33 82 8a e2 01 23 45 67 89 ab cd ef"
                                     "00 00 00 00 00 00 00 00 24 00 24 00 44 00 00 00 06 00 70 17 "
                                     "00 00 00 0f 53 00 65 00 72 00 76 00"
                                     "65 00 72 00 02 00 0c 00 44 00 6f 00 6d 00 61 00 69 00 6e 00 "
                                     "01 00 0c 00 53 00 65 00 72 00 76 00"
                                     "65 00 72 00 00 00 00 00";

static void assert_blob(struct auth_blob got, const void *data, size_t len)
{
    assert_int_equal(got.len, len);
    assert_memory_equal(got.data, data, len);
}

static void test_decode_spec_messages(void **state)
{
    uint8_t in[512];
    struct ntlmssp_challenge ch;
    struct ntlmssp_authenticate au;
    struct ntlmssp_v2_response v2;
    struct auth_blob v;

    size_t len = test_unhex(spec_challenge, in, sizeof(in));
    assert_int_equal(ntlmssp_type(in, len), 2);
    assert_true(ntlmssp_decode_challenge(in, len, &ch));
    assert_int_equal(ch.flags, 0xe28a8233);
    assert_memory_equal(ch.challenge, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
    assert_blob(ch.target_name, "S\0e\0r\0v\0e\0r\0", 12);
    assert_true(ntlmssp_av_find(ch.target_info, MsvAvNbDomainName, &v));
    assert_blob(v, "D\0o\0m\0a\0i\0n\0", 12);
    assert_false(ntlmssp_av_find(ch.target_info, MsvAvTimestamp, &v));
    for (size_t n = 0; n < len; n++)
        assert_false(ntlmssp_decode_challenge(in, n, &ch));

    len = test_unhex(spec_authenticate, in, sizeof(in));
    assert_true(ntlmssp_decode_authenticate(in, len, &au));
    assert_blob(au.user, "U\0s\0e\0r\0", 8);
    assert_blob(au.workstation, "C\0O\0M\0P\0U\0T\0E\0R\0", 16);
    assert_int_equal(au.lm_response.len, 24);
    assert_int_equal(au.mic_offset, 0); /* the payload begins where the MIC would be */
    assert_true(ntlmssp_decode_v2_response(au.nt_response, &v2));
    assert_int_equal(v2.time, 0);
    assert_int_equal(v2.temp.len, au.nt_response.len - 16);
    for (size_t n = 0; n < len; n++)
        assert_false(ntlmssp_decode_authenticate(in, n, &au));
}

static void test_round_trips(void **state)
{
    const struct ntlmssp_negotiate n = {
        .flags = NTLMSSP_NEGOTIATE_UNICODE | NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED |
                 NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED | NTLMSSP_NEGOTIATE_VERSION,
        .domain = BLOB("DOM"),
        .workstation = BLOB("WORK"),
    };
    const struct ntlmssp_authenticate a = {
        .flags = 1, .nt_response = BLOB("ntresponse"), .user = BLOB("u\0"), .mic_offset = 72};
    struct ntlmssp_negotiate gn;
    struct ntlmssp_authenticate ga;
    struct builder b;

    builder_init_grow(&b, 1000);
    ntlmssp_encode_negotiate(&b, &n);
    assert_true(ntlmssp_decode_negotiate(b.data, b.len, &gn));
    assert_int_equal(gn.flags, n.flags);
    assert_blob(gn.domain, "DOM", 3);
    assert_blob(gn.workstation, "WORK", 4);
    assert_int_equal(b.data[39], 0x0f);
    builder_truncate(&b, 0);
    ntlmssp_encode_authenticate(&b, &a);
    assert_true(ntlmssp_decode_authenticate(b.data, b.len, &ga));
    assert_int_equal(ga.mic_offset, 72);
    assert_blob(ga.nt_response, "ntresponse", 10);
    assert_blob(ga.user, "u\0", 2);
    assert_null(ga.session_key.data);
    builder_free(&b);
}

/* The shortest that old clients send: signature, type and flags. */
static void test_short_negotiate(void **state)
{
    static const char m[] = "NTLMSSP\0\x01\0\0\0\x01\x02\0\0";
    struct ntlmssp_negotiate n;
    assert_true(ntlmssp_decode_negotiate((const uint8_t *)m, 16, &n));
    assert_int_equal(n.flags, 0x201);
    assert_false(ntlmssp_decode_negotiate((const uint8_t *)m, 15, &n));
    assert_int_equal(ntlmssp_type((const uint8_t *)"NTLMSSQ\0\x01\0\0\0", 12), 0);
    assert_int_equal(ntlmssp_type((const uint8_t *)m, 11), 0);
}

static void test_av_lists(void **state)
{
    struct builder b;
    struct auth_blob v;
    assert_false(ntlmssp_av_valid((struct auth_blob){NULL, 0}));
    assert_false(ntlmssp_av_valid(BLOB("\x01\0\x02\0xy")));       /* no end */
    assert_false(ntlmssp_av_valid(BLOB("\x01\0\x09\0xy\0\0\0"))); /* too long */
    assert_true(ntlmssp_av_valid(BLOB("\x01\0\x02\0xy\0\0\0\0")));
    assert_true(ntlmssp_av_valid(BLOB("\0\0\0\0rubbish behind")));
    assert_true(ntlmssp_av_find(BLOB("\x01\0\x02\0xy\0\0\0\0"), 1, &v));
    assert_blob(v, "xy", 2);

    builder_init_grow(&b, 10000);
    for (size_t i = 0; i < NTLMSSP_AV_MAX; i++)
        ntlmssp_av_put(&b, 99, "v", 1);
    size_t full = b.len;
    ntlmssp_av_put(&b, MsvAvEOL, NULL, 0);
    assert_true(ntlmssp_av_valid((struct auth_blob){b.data, b.len}));
    builder_truncate(&b, full);
    ntlmssp_av_put(&b, 99, "v", 1);
    ntlmssp_av_put(&b, MsvAvEOL, NULL, 0);
    assert_false(ntlmssp_av_valid((struct auth_blob){b.data, b.len}));
    builder_free(&b);
}

static void spec_random(void *ctx, void *dst, size_t n)
{
    assert_int_equal(n, 8);
    memcpy(dst, "\x01\x23\x45\x67\x89\xab\xcd\xef", n);
}

static bool spec_lookup(void *ctx, const char *user, const char *domain,
                        struct auth_credential *out)
{
    assert_string_equal(user, "User");
    assert_string_equal(domain, "Domain");
    snprintf(out->name, sizeof out->name, "User");
    return crypto_nt_hash("Password", 8, out->nt_hash);
}

static const struct auth_config spec_config = {
    .netbios_computer = "Server",
    .netbios_domain = "Domain",
    .random = {.fill = spec_random},
    .credentials = {.lookup = spec_lookup},
    .omit_timestamp = true,
};

/* NEGOTIATE with these flags, and the challenge that comes back. */
static void exchange_challenge(struct auth_context *a, uint32_t flags, struct ntlmssp_challenge *ch,
                               struct builder *out)
{
    const struct ntlmssp_negotiate n = {.flags = flags};
    struct builder b;
    builder_init_grow(&b, 100);
    ntlmssp_encode_negotiate(&b, &n);
    assert_int_equal(auth_step(a, b.data, b.len, 0, out), AUTH_CONTINUE);
    assert_true(ntlmssp_decode_challenge(out->data, out->len, ch));
    builder_free(&b);
}

#define SPEC_FLAGS 0xe2088233u

/* The vectors, through the whole acceptor. */
static void test_spec_exchange(void **state)
{
    struct auth_context *a = auth_context_new(&spec_config);
    struct ntlmssp_challenge ours, spec;
    struct builder out;
    uint8_t in[512], key[16];

    builder_init_grow(&out, 4096);
    exchange_challenge(a, SPEC_FLAGS, &ours, &out);
    size_t len = test_unhex(spec_challenge, in, sizeof(in));
    assert_true(ntlmssp_decode_challenge(in, len, &spec));
    assert_blob(ours.target_name, spec.target_name.data, spec.target_name.len);
    assert_blob(ours.target_info, spec.target_info.data, spec.target_info.len);
    assert_memory_equal(ours.challenge, spec.challenge, 8);
    /* we choose Unicode alone, and always say REQUEST_TARGET */
    assert_int_equal(ours.flags,
                     (spec.flags & ~(uint32_t)NTLM_NEGOTIATE_OEM) | NTLMSSP_REQUEST_TARGET);

    len = test_unhex(spec_authenticate, in, sizeof(in));
    builder_truncate(&out, 0);
    assert_int_equal(auth_step(a, in, len, 0, &out), AUTH_OK);
    const struct auth_identity *id = auth_identity(a);
    memset(key, 0x55, sizeof(key));
    assert_int_equal(id->session_key_len, 16);
    assert_memory_equal(id->session_key, key, 16);
    assert_string_equal(id->user, "User");
    assert_string_equal(id->domain, "Domain");
    assert_string_equal(id->workstation, "COMPUTER");
    assert_string_equal(id->user_id, "user:User");
    assert_false(id->is_guest || id->is_anonymous);
    assert_int_equal(out.len, 0);
    assert_int_equal(auth_status(a), 0);
    auth_context_free(a);
    builder_free(&out);
}

/* Signature of [MS-NLMP] 4.2.4.4 (the plaintext there is "Plaintext"). */
static void test_spec_signature(void **state)
{
    static const char text[] = "P\0l\0a\0i\0n\0t\0e\0x\0t";
    struct ntlm_keys k = {.flags = SPEC_FLAGS, .shared = true};
    const struct auth_blob plain = {(const uint8_t *)text, 18};
    uint8_t mic[16], again[16];
    memset(k.exported, 0x55, sizeof(k.exported));
    assert_true(ntlm_keys_can_sign(&k));
    /* There the data is sealed before the checksum takes its bytes of the key stream; here nothing
       is sealed, so only what is not encrypted must be equal. */
    assert_true(ntlm_keys_sign(&k, CRYPTO_NTLM_CLIENT, plain, mic));
    assert_memory_equal(mic, "\x01\0\0\0", 4);
    assert_memory_equal(mic + 12, "\0\0\0\0", 4);
    k.flags &= ~(uint32_t)NTLMSSP_NEGOTIATE_KEY_EXCH;
    assert_true(ntlm_keys_sign(&k, CRYPTO_NTLM_CLIENT, plain, mic));
    assert_memory_equal(mic + 4, "\x70\x35\x28\x51\xf2\x56\x43\x09", 8);
    /* the same state each time ([MS-SPNG] 3.2.5.1) */
    assert_true(ntlm_keys_sign(&k, CRYPTO_NTLM_CLIENT, plain, again));
    assert_memory_equal(mic, again, 16);
    assert_true(ntlm_keys_verify(&k, CRYPTO_NTLM_CLIENT, plain, (struct auth_blob){mic, 16}));
    assert_false(ntlm_keys_verify(&k, CRYPTO_NTLM_SERVER, plain, (struct auth_blob){mic, 16}));
    assert_false(ntlm_keys_verify(&k, CRYPTO_NTLM_CLIENT, plain, (struct auth_blob){mic, 15}));
    k.flags &= ~(uint32_t)NTLMSSP_NEGOTIATE_SIGN;
    assert_false(ntlm_keys_can_sign(&k));
}

/* What was not offered does not count, whatever the client says then. */
static void test_flags_not_offered(void **state)
{
    struct auth_context *a = auth_context_new(&spec_config);
    struct ntlmssp_challenge ch;
    struct builder out;
    uint8_t in[512], key[16];
    size_t len = test_unhex(spec_authenticate, in, sizeof(in));
    builder_init_grow(&out, 4096);
    exchange_challenge(a, SPEC_FLAGS & ~(uint32_t)NTLMSSP_NEGOTIATE_KEY_EXCH, &ch, &out);
    assert_int_equal(ch.flags & NTLMSSP_NEGOTIATE_KEY_EXCH, 0);
    assert_int_equal(auth_step(a, in, len, 0, &out), AUTH_OK);
    /* SessionBaseKey of [MS-NLMP] 4.2.4.1.2 */
    test_unhex("8d e4 0c ca db c1 4a 82 f1 5c b0 ad 0d e9 5c a3", key, sizeof(key));
    assert_memory_equal(auth_identity(a)->session_key, key, sizeof(key));
    auth_context_free(a);
    builder_free(&out);
}

/* The stand-in for an unknown user's hash happens to be the right one. */
static void lucky_random(void *ctx, void *dst, size_t n)
{
    if (n == AUTH_NT_HASH_SIZE)
        assert_true(crypto_nt_hash("Password", 8, dst));
    else
        spec_random(ctx, dst, n);
}

static bool lookup_nobody(void *ctx, const char *user, const char *domain,
                          struct auth_credential *out)
{
    return false;
}

static bool lookup_no_password(void *ctx, const char *user, const char *domain,
                               struct auth_credential *out)
{
    out->no_password = out->disabled = true;
    return spec_lookup(ctx, user, domain, out);
}

static void test_never_proved(void **state)
{
    struct auth_config configs[2] = {spec_config, spec_config};
    configs[0].random.fill = lucky_random;
    configs[0].credentials.lookup = lookup_nobody;
    configs[1].credentials.lookup = lookup_no_password;
    for (size_t i = 0; i < ARRAY_LEN(configs); i++) {
        struct auth_context *a = auth_context_new(&configs[i]);
        struct ntlmssp_challenge ch;
        struct builder out;
        uint8_t in[512];
        size_t len = test_unhex(spec_authenticate, in, sizeof(in));
        builder_init_grow(&out, 4096);
        exchange_challenge(a, SPEC_FLAGS, &ch, &out);
        assert_int_equal(auth_step(a, in, len, 0, &out), AUTH_FAILED);
        assert_int_equal(auth_status(a), AUTH_STATUS_LOGON_FAILURE);
        auth_context_free(a);
        builder_free(&out);
    }
}

static void expect_failure(const uint8_t *in, size_t len, uint64_t now, uint32_t status)
{
    struct auth_context *a = auth_context_new(&spec_config);
    struct ntlmssp_challenge ch;
    struct builder out;
    builder_init_grow(&out, 4096);
    exchange_challenge(a, SPEC_FLAGS, &ch, &out);
    assert_int_equal(auth_step(a, in, len, now, &out), AUTH_FAILED);
    assert_int_equal(auth_status(a), status);
    assert_true(auth_failure_reason(a)[0] != '\0');
    assert_null(auth_identity(a));
    /* final: not even the right message helps now */
    uint8_t good[512];
    size_t good_len = test_unhex(spec_authenticate, good, sizeof(good));
    assert_int_equal(auth_step(a, good, good_len, 0, &out), AUTH_FAILED);
    assert_int_equal(auth_status(a), AUTH_STATUS_INVALID_PARAMETER);
    auth_context_free(a);
    builder_free(&out);
}

/* The good message with one thing wrong. */
static void test_refusals(void **state)
{
    uint8_t good[512], m[512];
    size_t len = test_unhex(spec_authenticate, good, sizeof(good));
    const uint32_t failure = AUTH_STATUS_LOGON_FAILURE;
    const uint32_t invalid = AUTH_STATUS_INVALID_PARAMETER;
    static const struct {
        const char *what;
        size_t at;
        uint8_t value;
        bool is_invalid;
    } rows[] = {
        {"proof", 0x84, 0x69, false},
        {"client challenge", 0xa4, 0xab, false},
        {"server name in the response", 0xc4, 'T', false},
        {"domain name in the response", 0xb4, 'E', false},
        {"NTLMv1: response of 24 bytes", 0x14, 24, false},
        {"no NT response", 0x14, 0, false},
        {"response too short", 0x14, 43, false},
        {"response type", 0x94, 2, true},
        {"list without an end", 0x14, 0x4c, true},
        {"odd user name", 0x24, 7, true},
        {"session key too short", 0x34, 15, true},
        {"no session key", 0x34, 0, true},
        {"message type", 8, 1, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        memcpy(m, good, len);
        m[rows[i].at] = rows[i].value;
        expect_failure(m, len, 0, rows[i].is_invalid ? invalid : failure);
    }
    expect_failure(good, len, 37ull * 3600 * 10000000, failure); /* too old */
}

static void test_without_unicode(void **state)
{
    struct auth_context *a = auth_context_new(&spec_config);
    const struct ntlmssp_negotiate n = {.flags = NTLM_NEGOTIATE_OEM};
    struct builder b, out;
    builder_init_grow(&b, 100);
    builder_init_grow(&out, 100);
    ntlmssp_encode_negotiate(&b, &n);
    assert_int_equal(auth_step(a, b.data, b.len, 0, &out), AUTH_FAILED);
    assert_int_equal(auth_status(a), AUTH_STATUS_NOT_SUPPORTED);
    auth_context_free(a);
    builder_free(&b);
    builder_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode_spec_messages),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_short_negotiate),
        cmocka_unit_test(test_av_lists),
        cmocka_unit_test(test_spec_exchange),
        cmocka_unit_test(test_spec_signature),
        cmocka_unit_test(test_flags_not_offered),
        cmocka_unit_test(test_never_proved),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_without_unicode),
    };
    return cmocka_run_group_tests(tests, test_crypto_up, test_crypto_down);
}
