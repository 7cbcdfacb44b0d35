// SPDX-License-Identifier: Apache-2.0
/* Short names: which names have one already, what is made for others, and the way back. */
#include "vfs/shortname.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_is(void **state)
{
    static const char *const yes[] = {"b", "12345678.123", "README.TXT", "a~1.c"};
    static const char *const no[] = {"",   "123456789", "a.1234", "a.b.c",   "a b",
                                     ".a", "a.",        "a+b",    "\xc3\xa4"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(vfs_short_is(yes[i], strlen(yes[i])));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(vfs_short_is(no[i], strlen(no[i])));
}

static void test_make(void **state)
{
    static const char *const names[] = {
        "verylongfilename", "a b.c d",         "...",        "+",
        "\xc3\xa4",         "x.tar.gz.longer", "~~~~~~~~~~", "\xf0\x9f\x98\x80"};
    char out[VFS_SHORT_MAX + 1], again[VFS_SHORT_MAX + 1];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i]);
        vfs_short_make(names[i], len, out);
        assert_true(vfs_short_is(out, strlen(out)));
        assert_true(vfs_short_looks(out, strlen(out)));
        assert_true(vfs_short_names(out, strlen(out), names[i], len));
        vfs_short_make(names[i], len, again);
        assert_string_equal(out, again);
    }
    /* the same on every machine, for ever, and whatever the case */
    vfs_short_make("verylongfilename", 16, out);
    vfs_short_make("VeryLongFileName", 16, again);
    assert_string_equal(out, again);
    assert_memory_equal(out, "VE", 2);
    vfs_short_make("a long name.html", 16, out);
    assert_string_equal(out + 8, ".HTM");
    assert_true(vfs_short_names("a", 1, "a", 1) == false);
    assert_false(vfs_short_looks("ABCDEFG~", 8));
    assert_false(vfs_short_looks("ABCDEF~1234", 11));
}

/* Few of many names meet. */
static void test_collisions(void **state)
{
    static char seen[5000][VFS_SHORT_MAX + 1];
    unsigned met = 0;
    for (size_t i = 0; i < 5000; i++) {
        char name[32];
        int n = snprintf(name, sizeof name, "a file with number %zu", i);
        vfs_short_make(name, (size_t)n, seen[i]);
        for (size_t k = 0; k < i; k++)
            met += strcmp(seen[i], seen[k]) == 0;
    }
    assert_in_range(met, 0, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is),
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_collisions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
