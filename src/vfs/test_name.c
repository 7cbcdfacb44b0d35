// SPDX-License-Identifier: Apache-2.0
/* Paths, names, streams and wildcards. */
#include "base/builder.h"
#include "base/utf.h"
#include "vfs/name.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static smbkit_status parse(const char *text, struct vfs_path *out)
{
    struct builder b;
    builder_init_grow(&b, 1 << 20);
    utf8_to_utf16(&b, text, strlen(text));
    smbkit_status st = vfs_path_parse(&arena, b.data, b.len, out);
    builder_free(&b);
    return st;
}

#define BAD     SMBKIT_STATUS_OBJECT_NAME_INVALID
#define SYNTAX  SMBKIT_STATUS_OBJECT_PATH_SYNTAX_BAD
#define NONE    NULL
#define F_DATA  1
#define F_DIR   2
#define F_SLASH 4

static const struct path_row {
    const char *wire;
    smbkit_status status;
    const char *path, *stream;
    int flags;
} path_rows[] = {
    {"", 0, "", NONE, 0},
    {"a", 0, "a", NONE, 0},
    {"a\\b\\c", 0, "a/b/c", NONE, 0},
    {"a\\b\\", 0, "a/b", NONE, F_SLASH},
    {"\\", SMBKIT_STATUS_INVALID_PARAMETER, 0, 0, 0},
    {"\\a", SMBKIT_STATUS_INVALID_PARAMETER, 0, 0, 0},
    {"a\\\\b", BAD, 0, 0, 0},
    {"a\\\\", BAD, 0, 0, 0},
    {".", 0, "", NONE, 0},
    {"..", SYNTAX, 0, 0, 0},
    {"..\\..\\..", SYNTAX, 0, 0, 0},
    {"a\\..\\..\\a", SYNTAX, 0, 0, 0},
    {"a\\..", 0, "", NONE, 0},
    {"a\\..\\b", 0, "b", NONE, 0},
    {"a\\b\\.\\..\\..\\c\\d\\", 0, "c/d", NONE, F_SLASH},
    {"a\\.", 0, "a", NONE, 0},
    {"a\\bb\\..\\c:s", 0, "a/c", "s", 0},
    {"a\\..x", 0, "a/..x", NONE, 0},
    {"...", 0, "...", NONE, 0},
    {".hidden", 0, ".hidden", NONE, 0},
    {"trailing.", 0, "trailing.", NONE, 0}, /* stored as given: a server does not trim */
    {"trailing ", 0, "trailing ", NONE, 0},
    {"CON", 0, "CON", NONE, 0}, /* device names are the client's affair */
    {"a/b\\c", 0, "a/b/c", NONE, 0},
    {"a/b/", 0, "a/b", NONE, F_SLASH},
    {"/a", SMBKIT_STATUS_INVALID_PARAMETER, 0, 0, 0},
    {"a//b", BAD, 0, 0, 0},
    {"a/b:s", 0, "a/b", "s", 0},
    {"f:/s", BAD, 0, 0, 0},
    {"a*b", BAD, 0, 0, 0},
    {"a?b", BAD, 0, 0, 0},
    {"a\"b", BAD, 0, 0, 0},
    {"a<b", BAD, 0, 0, 0},
    {"a>b", BAD, 0, 0, 0},
    {"a|b", BAD, 0, 0, 0},
    {"a\x1f", BAD, 0, 0, 0},
    {"a\x7f", 0, "a\x7f", NONE, 0},
    {"gr\xc3\xbc\xc3\x9f\x65\\\xf0\x9f\x98\x80", 0, "gr\xc3\xbc\xc3\x9f\x65/\xf0\x9f\x98\x80", NONE,
     0},
    {"f:s", 0, "f", "s", 0},
    {"f:s:$DATA", 0, "f", "s", F_DATA},
    {"f:s:$data", 0, "f", "s", F_DATA},
    {"d\\f::$DATA", 0, "d/f", NONE, F_DATA},
    {"f:?s*\x05:$DATA", 0, "f", "?s*\x05", F_DATA}, /* streams are freer */
    {"f:", BAD, 0, 0, 0},
    {"f::", BAD, 0, 0, 0},
    {"f:s:", BAD, 0, 0, 0},
    {"f:s:$NONSENSE", BAD, 0, 0, 0},
    {"f:s:$DATA:x", BAD, 0, 0, 0},
    {"f:a/b", BAD, 0, 0, 0},
    {"f:s\\g", BAD, 0, 0, 0}, /* a stream has nothing below it */
    {"f:s\\", BAD, 0, 0, 0},
    {"d::$INDEX_ALLOCATION", 0, "d", NONE, F_DIR},
    {"d:$I30:$INDEX_ALLOCATION", 0, "d", NONE, F_DIR},
    {"d:x:$INDEX_ALLOCATION", BAD, 0, 0, 0},
    {":s", 0, "", "s", 0}, /* a stream of the root */
    {"::$DATA", 0, "", NONE, F_DATA},
    {"d\\:s", BAD, 0, 0, 0},
};

static void test_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(path_rows); i++) {
        const struct path_row *r = &path_rows[i];
        struct vfs_path p;
        smbkit_status st = parse(r->wire, &p);
        if (st != r->status)
            print_error("row %zu '%s'\n", i, r->wire);
        assert_int_equal(st, r->status);
        if (st != SMBKIT_STATUS_SUCCESS)
            continue;
        assert_string_equal(p.path, r->path);
        assert_int_equal(p.path_len, strlen(r->path));
        assert_int_equal(p.stream != NULL, r->stream != NULL);
        if (r->stream != NULL)
            assert_string_equal(p.stream, r->stream);
        assert_int_equal(p.stream_type, (r->flags & F_DATA) != 0);
        assert_int_equal(p.dir_type, (r->flags & F_DIR) != 0);
        assert_int_equal(p.trailing_slash, (r->flags & F_SLASH) != 0);
    }
    arena_clear(&arena);
}

static void test_path_odd_nul_and_surrogates(void **state)
{
    (void)state;
    struct vfs_path p;
    assert_int_equal(vfs_path_parse(&arena, "a\0b", 3, &p), BAD);
    assert_int_equal(vfs_path_parse(&arena, "a\0\0\0b\0", 6, &p), BAD);
    assert_int_equal(vfs_path_parse(&arena, "f\0:\0\0\0s\0", 8, &p), BAD);
    /* A lone surrogate is a name like any other, three bytes in WTF-8. */
    assert_int_equal(vfs_path_parse(&arena, "\x00\xd8", 2, &p), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(p.path, "\xed\xa0\x80");
    arena_clear(&arena);
}

static void test_path_lengths(void **state)
{
    (void)state;
    struct vfs_path p;
    char text[600];
    memset(text, 'x', sizeof(text));
    text[255] = '\0';
    assert_int_equal(parse(text, &p), SMBKIT_STATUS_SUCCESS);
    text[255] = 'x', text[256] = '\0';
    assert_int_equal(parse(text, &p), BAD);
    text[0] = 'f', text[1] = ':'; /* a stream name of 254 */
    assert_int_equal(parse(text, &p), SMBKIT_STATUS_SUCCESS);
    text[256] = 'x', text[257] = 'x', text[258] = '\0'; /* 256 */
    assert_int_equal(parse(text, &p), BAD);
    /* Counted in UTF-16 units: 128 characters of two units are 256. */
    for (size_t i = 0; i < 128; i++)
        memcpy(text + 4 * i, "\xf0\x9f\x98\x80", 4);
    text[512] = '\0';
    assert_int_equal(parse(text, &p), BAD);
    text[508] = 'x', text[509] = '\0'; /* 255 */
    assert_int_equal(parse(text, &p), SMBKIT_STATUS_SUCCESS);
    static uint8_t wire[2 * VFS_PATH_UNITS_MAX + 2];
    for (size_t i = 0; i < sizeof(wire) / 2; i++)
        wire[2 * i] = i % 2 == 0 ? 'a' : '\\';
    assert_int_equal(vfs_path_parse(&arena, wire, sizeof(wire) - 2, &p), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(vfs_path_parse(&arena, wire, sizeof(wire), &p), SMBKIT_STATUS_NAME_TOO_LONG);
    arena_clear(&arena);
}

static void test_path_memory_out(void **state)
{
    (void)state;
    struct arena tiny;
    struct vfs_path p;
    arena_init(&tiny, 0);
    assert_int_equal(vfs_path_parse(&tiny, "a\0", 2, &p), SMBKIT_STATUS_NO_MEMORY);
    arena_clear(&tiny);
}

static void test_base_inside_valid(void **state)
{
    (void)state;
    assert_int_equal(vfs_path_base("a/b/c", 5), 4);
    assert_int_equal(vfs_path_base("c", 1), 0);
    assert_int_equal(vfs_path_base("", 0), 0);
    assert_true(vfs_path_inside("a/b", "a"));
    assert_true(vfs_path_inside("a/b", "A/B"));
    assert_true(vfs_path_inside("a", ""));
    assert_true(vfs_path_inside("", ""));
    assert_false(vfs_path_inside("", "a"));
    assert_false(vfs_path_inside("ab", "a"));
    assert_false(vfs_path_inside("a", "a/b"));
    assert_false(vfs_path_inside("b/a", "a"));
    assert_true(vfs_path_inside("\xc3\xbc/x", "\xc3\x9c"));
    assert_true(vfs_name_valid("a.b", 3));
    assert_false(vfs_name_valid("", 0));
    assert_false(vfs_name_valid(".", 1));
    assert_false(vfs_name_valid("..", 2));
    assert_true(vfs_name_valid("...", 3));
    assert_false(vfs_name_valid("a/b", 3));
    assert_false(vfs_name_valid("a\\b", 3));
    assert_false(vfs_name_valid("a\0b", 3));
    assert_false(vfs_name_valid("\xff", 1));
    assert_true(vfs_path_valid("", 0));
    assert_true(vfs_path_valid("a/b", 3));
    assert_false(vfs_path_valid("a//b", 4));
    assert_false(vfs_path_valid("/a", 2));
    assert_false(vfs_path_valid("a/", 2));
}

/* [MS-FSA] 2.1.4.4, and what clients make of DOS patterns: "*." is "<", "?" is ">", "." is "\"". */
static const struct match_row {
    const char *pattern, *name;
    bool match;
} match_rows[] = {
    {"", "", true},
    {"", "a", false},
    {"a", "", false},
    {"*", "", false},
    {"*", "a", true},
    {"*.*", "abc", true},
    {"*.*", "a.b", true},
    {"*.txt", "A.TXT", true},
    {"*.txt", "a.txt.x", false},
    {"*a", "aa", true},
    {"a*", "a", true},
    {"a*b*c", "axxbxxc", true},
    {"a*b*c", "axxc", false},
    {"?", "a", true},
    {"?", "", false},
    {"?", "ab", false},
    {"??", "ab", true},
    {"a?", "a", false},
    {"ABC", "abc", true},
    {"\xc3\x9c*",
     "\xc3\xbc"
     "x",
     true},
    {"?", "\xf0\x9f\x98\x80", false}, /* two units */
    {"??", "\xf0\x9f\x98\x80", true},
    /* DOS_QM: one character, or none before a dot and at the end */
    {">", "a", true},
    {">>>", "a", true},
    {">>>", "abcd", false},
    {">>>.txt", "a.txt", true},
    {">.>", "a.", true},
    {">", ".", false},
    {">>.a", ".a", true},
    {"a>", "a", true},
    /* DOS_DOT: a dot, or nothing at the end */
    {"a\"", "a", true},
    {"a\"", "a.", true},
    {"a\"b", "a.b", true},
    {"a\"b", "ab", false},
    {"a\"\"", "a", true},
    {"\"", "a", false},
    {"*\"", "abc", true},
    /* DOS_STAR: everything but the last dot */
    {"<", "abc", true},
    {"<", "a.b", false},
    {"<.b", "a.b", true},
    {"<.c", "a.b.c", true},
    {"<.b", "a.b.c", false},
    {"a.<", "a.bcd", true},
    {"<\"*", "a.b", true},
    {"<\"*", "ab", true},
    {"<\"", "a.b", false},
    {"<b", "a.b", false},
    {"<<", "abc", true},
};

static void test_match_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(match_rows); i++) {
        const struct match_row *r = &match_rows[i];
        bool got = vfs_match(r->pattern, strlen(r->pattern), r->name, strlen(r->name));
        if (got != r->match)
            print_error("'%s' against '%s'\n", r->pattern, r->name);
        assert_int_equal(got, r->match);
    }
    assert_true(vfs_has_wildcard("a<b", 3));
    assert_true(vfs_has_wildcard("*", 1));
    assert_false(vfs_has_wildcard("a.b", 3));
    assert_false(vfs_has_wildcard("", 0));
}

/* The rules told once more, by trying everything: exponential, for short ASCII names only. */
static bool naive(const char *p, const char *n)
{
    if (*p == '\0')
        return *n == '\0';
    bool last_dot = *n == '.' && strchr(n + 1, '.') == NULL;
    switch (*p) {
    case '*': return naive(p + 1, n) || (*n != '\0' && naive(p, n + 1));
    case '<': return naive(p + 1, n) || (*n != '\0' && !last_dot && naive(p, n + 1));
    case '?': return *n != '\0' && naive(p + 1, n + 1);
    case '>': return *n == '\0' || *n == '.' ? naive(p + 1, n) : naive(p + 1, n + 1);
    case '"': return *n == '\0' ? naive(p + 1, n) : *n == '.' && naive(p + 1, n + 1);
    default: return *n != '\0' && (*p | 0x20) == (*n | 0x20) && naive(p + 1, n + 1);
    }
}

static void test_match_random(void **state)
{
    (void)state;
    uint64_t seed = 20240607;
    static const char in_pattern[] = "ab.*?<>\"", in_name[] = "aB.";
    int matches = 0;
    for (int i = 0; i < 200000; i++) {
        char p[10] = {0}, n[10] = {0};
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        uint64_t r = seed >> 16;
        size_t pl = 1 + r % 7, nl = 1 + (r >> 8) % 7;
        for (size_t k = 0; k < pl; k++)
            p[k] = in_pattern[(r >> (12 + 3 * k)) & 7];
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        for (size_t k = 0; k < nl; k++)
            n[k] = in_name[(seed >> (20 + 4 * k) & 15) % 3];
        bool want = strcmp(p, "*.*") == 0 || naive(p, n);
        if (vfs_match(p, pl, n, nl) != want)
            fail_msg("'%s' against '%s' is %s", p, n, want ? "a match" : "none");
        matches += want;
    }
    assert_in_range(matches, 5000, 150000); /* the test sees both answers often */
}

static void test_match_bounded(void **state)
{
    (void)state;
    char p[256], n[256];
    for (size_t i = 0; i < 254; i += 2)
        p[i] = '*', p[i + 1] = 'a';
    memset(n, 'a', 255);
    n[254] = 'b';
    assert_false(vfs_match(p, 254, n, 255)); /* would take for ever if it were exponential */
    memset(p, 'a', 256);
    assert_false(vfs_match(p, 256, n, 255)); /* longer than any name */
    assert_false(vfs_match("\xff*", 2, "a", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_path_odd_nul_and_surrogates),
        cmocka_unit_test(test_path_lengths),
        cmocka_unit_test(test_path_memory_out),
        cmocka_unit_test(test_base_inside_valid),
        cmocka_unit_test(test_match_table),
        cmocka_unit_test(test_match_random),
        cmocka_unit_test(test_match_bounded),
    };
    arena_init(&arena, 1 << 20);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
