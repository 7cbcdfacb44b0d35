// SPDX-License-Identifier: Apache-2.0
/* Tests of UTF-8, UTF-16 and folding of case. */
#include "base/cursor.h"
#include "base/testrand.h"
#include "base/utf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *to_utf8(struct arena *a, const uint16_t *units, size_t n, size_t *len)
{
    uint8_t wire[512];
    assert_true(2 * n <= sizeof(wire));
    for (size_t i = 0; i < n; i++)
        le16_store(wire + 2 * i, units[i]);
    return utf16_to_utf8(a, wire, 2 * n, len);
}

static void check_both_ways(const uint16_t *units, size_t n, const char *text)
{
    struct arena a;
    struct builder b;
    size_t len;
    arena_init(&a, 1 << 16);
    builder_init_grow(&b, 1 << 16);
    const char *got = to_utf8(&a, units, n, &len);
    assert_non_null(got);
    assert_string_equal(got, text);
    assert_int_equal(len, strlen(text));
    assert_true(utf8_valid(text, len));
    assert_int_equal(utf8_to_utf16(NULL, text, len), 2 * n);
    assert_int_equal(utf8_to_utf16(&b, text, len), 2 * n);
    assert_int_equal(b.len, 2 * n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(le16_load(b.data + 2 * i), units[i]);
    builder_free(&b);
    arena_clear(&a);
}

static void test_both_ways(void **state)
{
    check_both_ways(NULL, 0, "");
    check_both_ways((const uint16_t[]){'a', 0x7f, 0x80, 0x7ff, 0x800, 0xffff}, 6,
                    "a\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf");
    check_both_ways((const uint16_t[]){0xd83d, 0xde00, 0xdbff, 0xdfff}, 4,
                    "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf");
    /* Lone surrogates: high at the end, low first, two highs, low before high. */
    check_both_ways((const uint16_t[]){'x', 0xd800}, 2, "x\xed\xa0\x80");
    check_both_ways((const uint16_t[]){0xdfff, 'x'}, 2, "\xed\xbf\xbfx");
    check_both_ways((const uint16_t[]){0xd800, 0xd83d, 0xde00}, 3, "\xed\xa0\x80\xf0\x9f\x98\x80");
    check_both_ways((const uint16_t[]){0xdc00, 0xd800}, 2, "\xed\xb0\x80\xed\xa0\x80");
}

static void test_utf16_refused(void **state)
{
    struct arena a;
    size_t len;
    arena_init(&a, 1 << 16);
    assert_null(to_utf8(&a, (const uint16_t[]){'a', 0, 'b'}, 3, &len));
    assert_null(utf16_to_utf8(&a, "a\0b", 3, &len));
    arena_clear(&a);
    arena_init(&a, 4);
    assert_null(utf16_to_utf8(&a, "a\0b\0c\0d\0", 8, &len)); /* the arena's maximum */
}

static const struct {
    const char *text;
    size_t len;
} invalid[] = {
    {"\x80", 1},             /* continuation alone */
    {"\xc0\x80", 2},         /* overlong NUL */
    {"\xc1\xbf", 2},         /* overlong */
    {"\xe0\x9f\xbf", 3},     /* overlong */
    {"\xf0\x8f\xbf\xbf", 4}, /* overlong */
    {"\xf4\x90\x80\x80", 4}, /* above U+10FFFF */
    {"\xf5\x80\x80\x80", 4},
    {"\xff", 1},
    {"a\xc3", 2}, /* cut off */
    {"\xe2\x82", 2},
    {"\xf0\x9f\x98", 3},
    {"\xc3(", 2},
    {"\xe2(\x82", 3},
    {"\xed\xa0\xbd\xed\xb8\x80", 6}, /* a pair as two sequences */
    {"\xed\xaf\xbf\xed\xb0\x80", 6},
    {"a\0b", 3}, /* NUL */
};

static void test_utf8_refused(void **state)
{
    uint8_t mem[16];
    for (size_t i = 0; i < ARRAY_LEN(invalid); i++) {
        struct builder b;
        builder_init_fixed(&b, mem, sizeof(mem));
        assert_false(utf8_valid(invalid[i].text, invalid[i].len));
        assert_true(utf8_to_utf16(&b, invalid[i].text, invalid[i].len) == SIZE_MAX);
        assert_int_equal(b.len, 0);
        assert_false(builder_failed(&b));
    }
}

static void test_full_builder_still_measures(void **state)
{
    uint8_t mem[3];
    struct builder b;
    builder_init_fixed(&b, mem, sizeof(mem));
    assert_int_equal(utf8_to_utf16(&b, "ab", 2), 4);
    assert_true(builder_failed(&b));
    assert_int_equal(b.len, 0);
}

static void test_next(void **state)
{
    const char *s = "\xff\xe2\x82\xac", *end = s + 4;
    assert_int_equal(utf8_next(&s, end), -1);
    assert_int_equal(utf8_next(&s, end), 0x20ac);
    assert_ptr_equal(s, end);
    assert_int_equal(utf8_next(&s, end), -1);
    assert_ptr_equal(s, end);
}

static void test_upcase(void **state)
{
    static const uint16_t pairs[][2] = {
        {'a', 'A'},       {'z', 'Z'},       {'[', '['},     {'`', '`'},       {'{', '{'},
        {0xe4, 0xc4},     {0xf7, 0xf7},     {0xff, 0x178},  {0xdf, 0xdf},     {0x131, 0x131},
        {0x17f, 0x17f},   {0xb5, 0xb5},     {0x1f2, 0x1f2}, {0x1f3, 0x1f1},   {0x3b1, 0x391},
        {0x3c2, 0x3a3},   {0x44f, 0x42f},   {0x561, 0x531}, {0x1e01, 0x1e00}, {0x1f80, 0x1f88},
        {0x2170, 0x2160}, {0x24d0, 0x24b6}, {0x149, 0x149}, {0xff41, 0xff21}, {0xd800, 0xd800},
        {0x4e2d, 0x4e2d},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        assert_int_equal(utf16_upcase(pairs[i][0]), pairs[i][1]);
    for (uint32_t u = 0; u <= 0xffff; u++) {
        uint16_t up = utf16_upcase((uint16_t)u);
        assert_int_equal(utf16_upcase(up), up); /* or equality would depend on the order */
        assert_true(u < 0x80 || up >= 0x80);
    }
}

static int compare(const char *a, const char *b)
{
    int c = utf8_casecmp(a, strlen(a), b, strlen(b));
    assert_int_equal(utf8_casecmp(b, strlen(b), a, strlen(a)), -c);
    if (c == 0)
        assert_true(utf8_casehash(a, strlen(a)) == utf8_casehash(b, strlen(b)));
    else
        assert_true(utf8_casehash(a, strlen(a)) != utf8_casehash(b, strlen(b)));
    return c;
}

static void test_casecmp(void **state)
{
    assert_int_equal(compare("", ""), 0);
    assert_int_equal(compare("README.txt", "readme.TXT"), 0);
    assert_int_equal(compare("gr\xc3\xbc\xc3\x9f", "GR\xc3\x9c\xc3\x9f"), 0);
    assert_int_equal(compare("a", "ab"), -1);
    assert_int_equal(compare("b", "A"), 1);
    assert_int_equal(compare("_", "a"), 1); /* 'A' < '_' < 'a' */
    assert_int_equal(compare("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"), 0);
    /* By code units, not code points: D83D comes before FFFD. */
    assert_int_equal(compare("\xf0\x9f\x98\x80", "\xef\xbf\xbd"), -1);
}

static void test_casecmp_invalid(void **state)
{
    assert_int_equal(utf8_casecmp("\xe4", 1, "\xe4", 1), 0);
    assert_int_equal(utf8_casecmp("\xe4", 1, "\xc4", 1), 1);
    assert_int_not_equal(utf8_casecmp("\xc4", 1, "\xc3\x84", 2), 0); /* not U+00C4 */
    assert_int_not_equal(utf8_casecmp("a\xff", 2, "a", 1), 0);
}

static void test_casehash_long(void **state)
{
    char lower[300], upper[300];
    memset(lower, 'q', sizeof(lower));
    memset(upper, 'Q', sizeof(upper));
    for (size_t n = 0; n < sizeof(lower); n += 13)
        assert_true(utf8_casehash(lower, n) == utf8_casehash(upper, n));
    assert_true(utf8_casehash(lower, 299) != utf8_casehash(lower, 298));
}

/* Any units without NUL go to WTF-8 and come back the same; the order of folded names is the order
   of the folded units. */
static void test_random_units(void **state)
{
    struct testrand r = {.state = 3};
    uint16_t units[2][20], folded[2][20];
    for (int round = 0; round < 20000; round++) {
        const char *text[2];
        size_t n[2], len[2];
        struct arena a;
        arena_init(&a, 4096);
        for (int k = 0; k < 2; k++) {
            n[k] = testrand_below(&r, 20);
            for (size_t i = 0; i < n[k]; i++) {
                static const uint16_t base[] = {1,      'a',    0xe0,   0x7f0,
                                                0xd7f8, 0xdbf8, 0xdff8, 0xfff0};
                units[k][i] = (uint16_t)(base[testrand_below(&r, 8)] + testrand_below(&r, 16));
                if (k == 1 && i < n[0] && testrand_below(&r, 4) != 0)
                    units[1][i] = units[0][i];
                folded[k][i] = utf16_upcase(units[k][i]);
            }
            text[k] = to_utf8(&a, units[k], n[k], &len[k]);
            check_both_ways(units[k], n[k], text[k]);
        }
        int want = 0;
        for (size_t i = 0; want == 0 && (i < n[0] || i < n[1]); i++)
            want = (i < n[0] ? folded[0][i] : -1) - (i < n[1] ? folded[1][i] : -1);
        int got = utf8_casecmp(text[0], len[0], text[1], len[1]);
        assert_int_equal(got, (want > 0) - (want < 0));
        if (want == 0)
            assert_true(utf8_casehash(text[0], len[0]) == utf8_casehash(text[1], len[1]));
        arena_clear(&a);
    }
}

/* Random bytes: what is valid comes back the same; utf8_next always moves on. */
static void test_random_bytes(void **state)
{
    struct testrand r = {.state = 4};
    int n_valid = 0;
    for (int round = 0; round < 200000; round++) {
        static const uint8_t lead[] = {'a', 0xc3, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0x80};
        char text[6];
        size_t len = 1 + testrand_below(&r, sizeof(text)), utf8_size;
        for (size_t i = 0; i < len; i++)
            text[i] = (char)(testrand_below(&r, 2) ? 0x80 + testrand_below(&r, 0x40)
                                                   : lead[testrand_below(&r, sizeof(lead))]);
        const char *s = text;
        size_t steps = 0;
        while (s < text + len) {
            (void)utf8_next(&s, text + len);
            assert_true(++steps <= len);
        }
        struct builder b;
        uint8_t mem[16];
        builder_init_fixed(&b, mem, sizeof(mem));
        size_t bytes = utf8_to_utf16(&b, text, len);
        assert_int_equal(bytes != SIZE_MAX, utf8_valid(text, len));
        if (bytes == SIZE_MAX)
            continue;
        n_valid++;
        struct arena a;
        arena_init(&a, 4096);
        const char *back = utf16_to_utf8(&a, mem, bytes, &utf8_size);
        assert_int_equal(utf8_size, len);
        assert_memory_equal(back, text, len);
        arena_clear(&a);
    }
    assert_true(n_valid > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),     cmocka_unit_test(test_utf16_refused),
        cmocka_unit_test(test_utf8_refused),  cmocka_unit_test(test_full_builder_still_measures),
        cmocka_unit_test(test_next),          cmocka_unit_test(test_upcase),
        cmocka_unit_test(test_casecmp),       cmocka_unit_test(test_casecmp_invalid),
        cmocka_unit_test(test_casehash_long), cmocka_unit_test(test_random_units),
        cmocka_unit_test(test_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
