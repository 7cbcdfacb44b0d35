// SPDX-License-Identifier: Apache-2.0
/* Tests of the DER reader and writer and of the SPNEGO tokens. */
#include "auth/spnego.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "auth/test_auth.h"

#define BLOB(text) ((struct auth_blob){(const uint8_t *)(text), sizeof(text) - 1})

static void assert_blob(struct auth_blob got, const void *data, size_t len)
{
    assert_non_null(got.data);
    assert_int_equal(got.len, len);
    assert_memory_equal(got.data, data, len);
}

/* Each length form, written and read back. */
static void test_der_lengths(void **state)
{
    static const struct {
        size_t len, header;
    } rows[] = {{0, 2}, {1, 2}, {127, 2}, {128, 3}, {255, 3}, {256, 4}, {65535, 4}, {65536, 5}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t *data = mem_zalloc(rows[i].len + 1);
        struct builder b;
        struct cursor c;
        struct auth_blob got;
        memset(data, 0x5a, rows[i].len);
        builder_init_grow(&b, 100000);
        der_bytes(&b, DER_OCTET_STRING, (struct auth_blob){data, rows[i].len});
        assert_false(builder_failed(&b));
        assert_int_equal(b.len, rows[i].header + rows[i].len);
        cursor_init(&c, b.data, b.len);
        assert_true(der_only(&c, DER_OCTET_STRING, &got));
        assert_int_equal(got.len, rows[i].len);
        assert_memory_equal(got.data, data, rows[i].len);
        builder_free(&b);
        mem_free(data);
    }
}

static void test_der_refuses(void **state)
{
    static const struct {
        const char *what;
        struct auth_blob bytes;
    } rows[] = {
        {"indefinite length", BLOB("\x04\x80\x00\x00")},
        {"tag above 30", BLOB("\x1f\x01\x00")},
        {"reaches past the end", BLOB("\x04\x03\x01\x02")},
        {"length cut", BLOB("\x04\x82\x01")},
        {"five length bytes", BLOB("\x04\x85\x00\x00\x00\x00\x01\x55")},
        {"enormous", BLOB("\x04\x84\xff\xff\xff\xff\x55")},
        {"no length", BLOB("\x04")},
        {"another tag", BLOB("\x05\x00")},
        {"something behind", BLOB("\x04\x00\x00")},
        {"nothing", {NULL, 0}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cursor c;
        struct auth_blob got;
        cursor_init(&c, rows[i].bytes.data, rows[i].bytes.len);
        if (der_only(&c, DER_OCTET_STRING, &got))
            fail_msg("accepted: %s", rows[i].what);
        assert_true(cursor_failed(&c));
    }
}

/* Some clients write lengths longer than necessary. */
static void test_der_long_length(void **state)
{
    struct cursor c;
    struct auth_blob got;
    cursor_init(&c, "\x04\x82\x00\x01\x55", 5);
    assert_true(der_only(&c, DER_OCTET_STRING, &got));
    assert_blob(got, "\x55", 1);
}

static void test_der_write_fails(void **state)
{
    uint8_t mem[200];
    struct builder b;
    for (size_t cap = 0; cap < 184; cap++) {
        struct spnego_init t = {.mechs = {spnego_oid_ntlmssp}, .mech_count = 1};
        static const uint8_t token[150];
        t.mech_token = (struct auth_blob){token, sizeof(token)};
        builder_init_fixed(&b, mem, cap);
        spnego_encode_init(&b, &t);
        assert_true(builder_failed(&b));
        assert_true(b.len <= cap);
    }
}

/* The token of [MS-SPNG] 4. */
static const char spec_token[] = "60 82 01 5d 06 06 2b 06 01 05 05 02 a0 82 01 51 30 82 01 4d a0 "
                                 "1a 30 18 06 0a 2b 06 01 04 01 82"
                                 "37 02 02 1e 06 0a 2b 06 01 04 01 82 37 02 02 0a a2 82 01 01 04 "
                                 "81 fe 4e 45 47 4f 45 58 54 53 01"
                                 "00 00 00 00 00 00 00 60 00 00 00 70 00 00 00 cf fa 11 76 5e 12 "
                                 "59 9a 34 7d 76 68 52 bf ce 70 97"
                                 "45 87 10 bb 82 42 b4 c7 df ba d2 da 89 7a a3 11 a7 d8 68 46 34 "
                                 "30 95 25 62 dc 13 c5 54 f2 01 00"
                                 "00 00 00 00 00 00 00 60 00 00 00 01 00 00 00 00 00 00 00 00 00 "
                                 "00 00 5c 33 53 0d ea f9 0d 4d b2"
                                 "ec 4a e3 78 6e c3 08 4e 45 47 4f 45 58 54 53 03 00 00 00 01 00 "
                                 "00 00 40 00 00 00 8e 00 00 00 cf"
                                 "fa 11 76 5e 12 59 9a 34 7d 76 68 52 bf ce 70 5c 33 53 0d ea f9 "
                                 "0d 4d b2 ec 4a e3 78 6e c3 08 40"
                                 "00 00 00 4e 00 00 00 30 4c a0 4a 30 48 30 2a 80 28 30 26 31 24 "
                                 "30 22 06 03 55 04 03 13 1b 58 4d"
                                 "4c 50 72 6f 76 69 64 65 72 20 49 6e 74 65 72 6d 65 64 69 61 74 "
                                 "65 20 43 41 30 1a 80 18 30 16 31"
                                 "14 30 12 06 03 55 04 03 13 0b 58 4d 4c 50 72 6f 76 69 64 65 72 "
                                 "a3 2a 30 28 a0 26 1b 24 6e 6f 74"
                                 "5f 64 65 66 69 6e 65 64 5f 69 6e 5f 52 46 43 34 31 37 38 40 70 "
                                 "6c 65 61 73 65 5f 69 67 6e 6f 72"
                                 "65";

static void test_spec_token(void **state)
{
    uint8_t in[512];
    size_t len = test_unhex(spec_token, in, sizeof(in));
    struct spnego_init t;
    struct builder b;

    assert_int_equal(spnego_kind(in, len), SPNEGO_INIT);
    assert_true(spnego_decode_init(in, len, &t));
    assert_int_equal(t.mech_count, 2);
    assert_blob(t.mechs[1], spnego_oid_ntlmssp.data, spnego_oid_ntlmssp.len);
    assert_int_equal(t.mech_token.len, 254);
    assert_memory_equal(t.mech_token.data, "NEGOEXTS", 8);
    assert_blob(t.hint_name, "not_defined_in_RFC4178@please_ignore", 36);
    assert_null(t.mech_list_mic.data);
    assert_int_equal(t.mech_list.len, 26);

    builder_init_grow(&b, 1000);
    spnego_encode_init(&b, &t);
    assert_int_equal(b.len, len);
    assert_memory_equal(b.data, in, len);
    builder_truncate(&b, 0);
    spnego_encode_mech_list(&b, &t);
    assert_blob(t.mech_list, b.data, b.len);
    builder_free(&b);

    for (size_t n = 0; n < len; n++) {
        uint8_t *cut = mem_dup(in, n + 1); /* exactly so long, for the address sanitizer */
        assert_false(spnego_decode_init(cut, n, &t));
        mem_free(cut);
    }
}

/* NegTokenInit has the MIC at [3], NegTokenInit2 at [4]. */
static void test_init_mic(void **state)
{
    const struct auth_blob hints[] = {{NULL, 0}, BLOB("hint")};
    for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
        struct spnego_init t = {
            .mechs = {spnego_oid_krb5, spnego_oid_ntlmssp},
            .mech_count = 2,
            .mech_list_mic = BLOB("0123456789abcdef"),
            .hint_name = hints[i],
        };
        struct spnego_init got;
        struct builder b;
        builder_init_grow(&b, 1000);
        spnego_encode_init(&b, &t);
        assert_true(spnego_decode_init(b.data, b.len, &got));
        assert_int_equal(got.mech_count, 2);
        assert_blob(got.mech_list_mic, "0123456789abcdef", 16);
        assert_null(got.mech_token.data);
        assert_int_equal(got.hint_name.data != NULL, i == 1);
        builder_free(&b);
    }
}

static void test_too_many_mechs(void **state)
{
    struct spnego_init t = {.mech_count = SPNEGO_MECH_MAX}, got;
    struct builder b, big;
    for (size_t i = 0; i < SPNEGO_MECH_MAX; i++)
        t.mechs[i] = spnego_oid_ntlmssp;
    builder_init_grow(&b, 1000);
    spnego_encode_init(&b, &t);
    assert_true(spnego_decode_init(b.data, b.len, &got));
    builder_free(&b);

    builder_init_grow(&big, 1000); /* one more, by hand */
    size_t init = der_begin(&big, DER_CONTEXT(0));
    size_t seq = der_begin(&big, DER_SEQUENCE);
    size_t field = der_begin(&big, DER_CONTEXT(0));
    size_t list = der_begin(&big, DER_SEQUENCE);
    for (size_t i = 0; i < SPNEGO_MECH_MAX + 1; i++)
        der_bytes(&big, DER_OID, spnego_oid_ntlmssp);
    der_end(&big, list);
    der_end(&big, field);
    der_end(&big, seq);
    der_end(&big, init);
    assert_false(spnego_decode_init(big.data, big.len, &got));
    builder_free(&big);
}

static void test_init_refuses(void **state)
{
    static const struct {
        const char *what;
        struct auth_blob bytes;
    } rows[] = {
        {"no mechTypes", BLOB("\xa0\x02\x30\x00")},
        {"empty mechTypes", BLOB("\xa0\x06\x30\x04\xa0\x02\x30\x00")},
        {"mechTypes twice", BLOB("\xa0\x12\x30\x10\xa0\x06\x30\x04\x06\x02\x2b\x06"
                                 "\xa0\x06\x30\x04\x06\x02\x2b\x06")},
        {"another frame's OID",
         BLOB("\x60\x0c\x06\x01\x2b\xa0\x08\x30\x06\xa0\x04\x30\x02\x06\x00")},
        {"a list of numbers", BLOB("\xa0\x09\x30\x07\xa0\x05\x30\x03\x02\x01\x01")},
        {"token is not octets", BLOB("\xa0\x11\x30\x0f\xa0\x06\x30\x04\x06\x02\x2b\x06"
                                     "\xa2\x05\x02\x03\x01\x02\x03")},
    };
    struct spnego_init got;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (spnego_decode_init(rows[i].bytes.data, rows[i].bytes.len, &got))
            fail_msg("accepted: %s", rows[i].what);
    /* and the smallest that is right; reqFlags and unknown fields are skipped */
    const struct auth_blob good = BLOB("\xa0\x15\x30\x13\xa0\x06\x30\x04\x06\x02\x2b\x06"
                                       "\xa1\x04\x03\x02\x01\x06\xa9\x03\x02\x01\x01");
    assert_true(spnego_decode_init(good.data, good.len, &got));
    assert_blob(got.mechs[0], "\x2b\x06", 2);
}

static void test_resp(void **state)
{
    const struct spnego_resp full = {
        .state = SPNEGO_REQUEST_MIC,
        .mech = spnego_oid_ntlmssp,
        .token = BLOB("token"),
        .mech_list_mic = BLOB("mic"),
    };
    const struct spnego_resp none = {.state = SPNEGO_STATE_ABSENT};
    struct spnego_resp got;
    struct builder b;

    builder_init_grow(&b, 1000);
    spnego_encode_resp(&b, &full);
    assert_int_equal(spnego_kind(b.data, b.len), SPNEGO_RESP);
    assert_true(spnego_decode_resp(b.data, b.len, &got));
    assert_int_equal(got.state, SPNEGO_REQUEST_MIC);
    assert_blob(got.mech, spnego_oid_ntlmssp.data, spnego_oid_ntlmssp.len);
    assert_blob(got.token, "token", 5);
    assert_blob(got.mech_list_mic, "mic", 3);
    for (size_t n = 0; n < b.len; n++)
        assert_false(spnego_decode_resp(b.data, n, &got));

    builder_truncate(&b, 0);
    spnego_encode_resp(&b, &none);
    assert_memory_equal(b.data, "\xa1\x02\x30\x00", 4);
    assert_true(spnego_decode_resp(b.data, b.len, &got));
    assert_int_equal(got.state, SPNEGO_STATE_ABSENT);
    assert_null(got.token.data);
    assert_false(
        spnego_decode_resp((const uint8_t *)"\xa1\x07\x30\x05\xa0\x03\x0a\x01\x04", 9, &got));
    builder_free(&b);
}

static void test_kind(void **state)
{
    assert_int_equal(spnego_kind(NULL, 0), SPNEGO_NONE);
    assert_int_equal(spnego_kind((const uint8_t *)"NTLMSSP", 8), SPNEGO_NONE);
    assert_int_equal(spnego_kind((const uint8_t *)"\xa0", 1), SPNEGO_INIT);
}

/* What the NEGOTIATE response carries, byte for byte as from a Windows that has only NTLM. */
static void test_initial_token(void **state)
{
    static const char want[] =
        "60 48 06 06 2b 06 01 05 05 02 a0 3e 30 3c a0 0e 30 0c 06 0a 2b 06 01 04 01 82 37 02 02 0a"
        "a3 2a 30 28 a0 26 1b 24 6e 6f 74 5f 64 65 66 69 6e 65 64 5f 69 6e 5f 52 46 43 34 31 37 38"
        "40 70 6c 65 61 73 65 5f 69 67 6e 6f 72 65";
    const struct auth_config config = {.netbios_computer = "SERVER"};
    uint8_t bytes[128], mem[128];
    size_t len = test_unhex(want, bytes, sizeof(bytes));
    struct builder b;
    builder_init_fixed(&b, mem, sizeof(mem));
    builder_u8(&b, 0xee);
    assert_int_equal(auth_initial_token(&config, &b), len);
    assert_int_equal(b.len, len + 1);
    assert_memory_equal(b.data + 1, bytes, len);
    builder_init_fixed(&b, mem, len - 1);
    assert_int_equal(auth_initial_token(&config, &b), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_der_lengths),
        cmocka_unit_test(test_der_refuses),
        cmocka_unit_test(test_der_long_length),
        cmocka_unit_test(test_der_write_fails),
        cmocka_unit_test(test_spec_token),
        cmocka_unit_test(test_init_mic),
        cmocka_unit_test(test_too_many_mechs),
        cmocka_unit_test(test_init_refuses),
        cmocka_unit_test(test_resp),
        cmocka_unit_test(test_kind),
        cmocka_unit_test(test_initial_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
