// SPDX-License-Identifier: Apache-2.0
/* The setting dfs=...: what it becomes, and what is refused. */
#include "base/mem.h"
#include "base/testmem.h"
#include "server/server_int.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static char error[SMBKIT_ERROR_MAX];

static void test_good(void **state)
{
    struct server_links l = {0};
    assert_int_equal(server_links_add(&l, "s", "docs=//one/share", error), 0);
    assert_int_equal(
        server_links_add(&l, "s", "\\a b\\c+d=\\\\one\\x+y\\z+//two.example.org/w/v+//3/4", error),
        0);
    assert_int_equal(l.count, 2);
    assert_string_equal(l.v[0].path, "docs");
    assert_int_equal(l.v[0].target_count, 1);
    assert_string_equal(l.v[0].targets[0], "\\one\\share");
    assert_string_equal(l.v[1].path, "a b/c+d");
    assert_int_equal(l.v[1].target_count, 3);
    assert_string_equal(l.v[1].targets[0], "\\one\\x+y\\z");
    assert_string_equal(l.v[1].targets[1], "\\two.example.org\\w\\v");
    assert_string_equal(l.v[1].targets[2], "\\3\\4");
    server_links_free(&l);
}

static void test_bad(void **state)
{
    static const char *const rows[] = {
        "",
        "docs",
        "=//one/share",
        "/=//one/share",
        "a//b=//one/share",
        "a/=//o/s",
        "a:b=//o/s",
        "..=//o/s",
        "docs=",
        "docs=one/share",
        "docs=/o/s",
        "docs=//one",
        "docs=//one/",
        "docs=///one",
        "docs=//one/sh/",
        "docs=//o//s",
        "docs=//o/s+//",
        "docs=//o/s+//two",
        "docs=//o/s:",
        "docs=//o/s\x01",
        "docs=//o/..",
        "used/x=//o/s",
        "USED=//o/s",
        "up=//o/s",
    };
    struct server_links l = {0};
    assert_int_equal(server_links_add(&l, "s", "used=//o/s", error), 0);
    assert_int_equal(server_links_add(&l, "s", "up/down=//o/s", error), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct server_links other = {0};
        bool late = i + 3 >= ARRAY_LEN(rows); /* beside others */
        struct server_links *to = late ? &l : &other;
        if (server_links_add(to, "s", rows[i], error) == SMBKIT_STATUS_SUCCESS)
            fail_msg("accepted: %s", rows[i]);
        assert_ptr_equal(strstr(error, "share 's': dfs="), error);
        server_links_free(&other);
    }
    server_links_free(&l);
}

static void test_maxima(void **state)
{
    static char text[CORE_DFS_TARGETS_MAX * 8 + 64], name[64];
    struct server_links l = {0};
    size_t n = (size_t)snprintf(text, sizeof text, "p=");
    for (int i = 0; i < CORE_DFS_TARGETS_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s//%d/s", i > 0 ? "+" : "", i);
    assert_int_equal(server_links_add(&l, "s", text, error), 0);
    assert_int_equal(l.v[0].target_count, CORE_DFS_TARGETS_MAX);
    text[0] = 'q';
    snprintf(text + n, sizeof text - n, "+//one/more");
    assert_int_equal(server_links_add(&l, "s", text, error), SMBKIT_STATUS_INVALID_PARAMETER);
    server_links_free(&l);
    for (int i = 0; i < CORE_DFS_LINKS_MAX; i++) {
        snprintf(name, sizeof name, "l%d=//o/s", i);
        assert_int_equal(server_links_add(&l, "s", name, error), 0);
    }
    assert_int_equal(server_links_add(&l, "s", "one=//too/many", error),
                     SMBKIT_STATUS_INVALID_PARAMETER);
    server_links_free(&l);
}

static void test_memory(void **state)
{
    testmem_install();
    for (size_t n = 1;; n++) {
        struct server_links l = {0};
        testmem_fail_nth(n);
        smbkit_status st = server_links_add(&l, "s", "a/b=//o/s+//p/t", error);
        bool failed = testmem_failed() > 0;
        testmem_fail_none();
        assert_int_equal(st == SMBKIT_STATUS_SUCCESS, !failed);
        server_links_free(&l);
        assert_int_equal(testmem_live(), 0);
        if (!failed)
            break;
    }
    testmem_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_maxima),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
