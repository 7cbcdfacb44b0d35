// SPDX-License-Identifier: Apache-2.0
/* Tests of the list of users and of its text form. */
#include "auth/users.h"
#include "base/mem.h"
#include "base/testmem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "auth/test_auth.h"

#define HASH   "8846f7eaee8fb117ad06bdd830b7586c" /* "password" */
#define HASH_2 "a4f49c406510bdcab6824ee7c30fd852" /* "Password" */

static const char file[] = "# a comment\n"
                           "\n"
                           "alice:" HASH ":Alice A.: reads only\n"
                           "B\xc3\xb6"
                           "b:!" HASH_2 ":\r\n"
                           "ghost:!:left in May";

static struct auth_users *parse(const char *text)
{
    struct auth_users_error err;
    struct auth_users *u = auth_users_new();
    assert_non_null(u);
    if (auth_users_parse(u, text, strlen(text), &err) != AUTH_USERS_OK)
        fail_msg("line %zu: %s", err.line, err.message);
    return u;
}

static void assert_written(const struct auth_users *u, const char *want)
{
    struct builder b;
    builder_init_grow(&b, 10000);
    auth_users_write(u, &b);
    builder_u8(&b, 0);
    assert_false(builder_failed(&b));
    const char *lines = strchr((const char *)b.data, '\n');
    assert_string_equal(lines + 1, want);
    builder_free(&b);
}

static void test_parse(void **state)
{
    struct auth_users *u = parse(file);
    uint8_t hash[16];
    assert_int_equal(auth_users_count(u), 3);
    const struct auth_user *alice = auth_users_find(u, "ALICE");
    assert_non_null(alice);
    assert_string_equal(alice->name, "alice");
    assert_string_equal(alice->comment, "Alice A.: reads only");
    assert_true(crypto_nt_hash("password", 8, hash));
    assert_memory_equal(alice->nt_hash, hash, 16);
    assert_false(alice->disabled);
    const struct auth_user *bob = auth_users_find(u, "b\xc3\x96"
                                                     "B");
    assert_true(bob->disabled && !bob->no_password);
    assert_string_equal(bob->comment, "");
    assert_true(auth_users_find(u, "ghost")->no_password);
    assert_null(auth_users_find(u, "alic"));
    assert_ptr_equal(auth_users_next(u, NULL), alice);
    assert_ptr_equal(auth_users_next(u, alice), bob);
    assert_null(auth_users_next(u, auth_users_find(u, "ghost")));
    assert_written(u, "alice:" HASH ":Alice A.: reads only\nB\xc3\xb6"
                      "b:!" HASH_2 ":\nghost:!:left in May\n");
    auth_users_free(u);
}

static void test_errors(void **state)
{
    static const struct {
        const char *text;
        size_t line;
        const char *message; /* part of it */
    } rows[] = {
        {"alice", 1, "name:hash:comment"},
        {"alice:" HASH, 1, "name:hash:comment"},
        {"#\n\nalice:12:\n", 3, "32 hexadecimal"},
        {"alice:" HASH "0:", 1, "32 hexadecimal"},
        {"alice:8846f7eaee8fb117ad06bdd830b7586g:", 1, "32 hexadecimal"},
        {"alice:!!" HASH ":", 1, "32 hexadecimal"},
        {":" HASH ":", 1, "user name"},
        {"a/b:" HASH ":", 1, "user name"},
        {"a\\b:" HASH ":", 1, "user name"},
        {"a\tb:" HASH ":", 1, "user name"},
        {"a\xff:" HASH ":", 1, "user name"},
        {"a:" HASH ":bad\x01", 1, "comment"},
        {"a:" HASH ":\nb:" HASH ":\nA:" HASH ":\n", 3, "already"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct auth_users *u = auth_users_new();
        struct auth_users_error err;
        assert_int_equal(auth_users_parse(u, rows[i].text, strlen(rows[i].text), &err),
                         AUTH_USERS_BAD_LINE);
        assert_int_equal(err.line, rows[i].line);
        if (strstr(err.message, rows[i].message) == NULL)
            fail_msg("%s: %s", rows[i].text, err.message);
        auth_users_free(u);
    }
}

static void test_limits(void **state)
{
    struct auth_users *u = auth_users_new();
    struct auth_users_error err;
    char line[AUTH_USERS_LINE_MAX + 100];
    memset(line, 'x', sizeof(line));
    assert_int_equal(auth_users_parse(u, line, sizeof(line), &err), AUTH_USERS_BAD_LINE);
    assert_non_null(strstr(err.message, "too long"));
    line[AUTH_NAME_MAX] = '\0';
    assert_int_equal(auth_users_set_password(u, line, "p", NULL), AUTH_USERS_OK);
    line[AUTH_NAME_MAX] = 'x';
    line[AUTH_NAME_MAX + 1] = '\0';
    assert_int_equal(auth_users_set_password(u, line, "p", NULL), AUTH_USERS_BAD_NAME);
    assert_int_equal(auth_users_set_password(u, "nul", "\xff", NULL), AUTH_USERS_BAD_PASSWORD);
    assert_int_equal(auth_users_set_password(u, "c", "p", "a\nb"), AUTH_USERS_BAD_COMMENT);
    assert_int_equal(auth_users_count(u), 1);
    auth_users_free(u);
}

static void test_edit(void **state)
{
    struct auth_users *u = parse(file);
    assert_int_equal(auth_users_set_password(u, "Alice", "Password", NULL), AUTH_USERS_OK);
    assert_int_equal(auth_users_set_password(u, "carol", "password", "new"), AUTH_USERS_OK);
    assert_true(auth_users_disable(u, "carol"));
    assert_true(auth_users_enable(u, "b\xc3\xb6"
                                     "b"));
    assert_false(auth_users_enable(u, "ghost"));
    assert_false(auth_users_enable(u, "nobody"));
    assert_written(u, "Alice:" HASH_2 ":Alice A.: reads only\nB\xc3\xb6"
                      "b:" HASH_2 ":\nghost:!:left in May\ncarol:!" HASH ":new\n");
    assert_true(auth_users_remove(u, "ALICE"));
    assert_false(auth_users_remove(u, "ALICE"));
    assert_int_equal(auth_users_set_password(u, "ghost", "x", NULL), AUTH_USERS_OK);
    assert_false(auth_users_find(u, "ghost")->disabled);
    assert_int_equal(auth_users_count(u), 3);
    auth_users_free(u);
}

static void test_smbpasswd(void **state)
{
    static const char text[] =
        "# from another server\n"
        "alice:1000:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:8846F7EAEE8FB117AD06BDD830B7586C:"
        "[U          ]:LCT-5A2B3C4D:\n"
        "bob:1001:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:" HASH ":[DU         ]:LCT-00000000:\n"
        "carol:1002:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:NO PASSWORDXXXXXXXXXXXXXXXXXXXXX:"
        "[NU         ]:LCT-00000000:\n"
        "dave:1003:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:"
        "[U          ]:LCT-00000000:\n"
        "pc$:1004:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:" HASH ":[W          ]:LCT-00000000:\n";
    struct auth_users *u = auth_users_new();
    struct auth_users_error err;
    assert_int_equal(auth_users_import_smbpasswd(u, text, sizeof(text) - 1, &err), AUTH_USERS_OK);
    assert_written(u, "alice:" HASH ":\nbob:!" HASH ":\ncarol:!:\ndave:!:\n");
    static const char bad[] = "x:1:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:" HASH ":U:LCT-0:";
    assert_int_equal(auth_users_import_smbpasswd(u, bad, sizeof(bad) - 1, &err),
                     AUTH_USERS_BAD_LINE);
    assert_non_null(strstr(err.message, "brackets"));
    assert_int_equal(auth_users_import_smbpasswd(u, "x:1:", 4, &err), AUTH_USERS_BAD_LINE);
    auth_users_free(u);
}

static void test_source(void **state)
{
    struct auth_users *u = parse(file);
    struct auth_credential_source s = auth_users_source(u);
    struct auth_credential c = {0};
    assert_true(s.lookup(s.ctx, "aLICE", "ANYWHERE", &c));
    assert_string_equal(c.name, "alice");
    assert_memory_equal(c.nt_hash, auth_users_find(u, "alice")->nt_hash, 16);
    assert_true(s.lookup(s.ctx, "ghost", "", &c));
    assert_true(c.disabled && c.no_password);
    assert_false(s.lookup(s.ctx, "", "", &c));
    auth_users_free(u);
}

static void test_no_memory(void **state)
{
    testmem_install();
    for (size_t n = 1;; n++) {
        struct auth_users_error err;
        testmem_fail_nth(n);
        struct auth_users *u = auth_users_new();
        bool ok = u != NULL && auth_users_parse(u, file, sizeof(file) - 1, &err) == AUTH_USERS_OK &&
                  auth_users_set_password(u, "alice", "x", NULL) == AUTH_USERS_OK;
        assert_int_equal(ok, testmem_failed() == 0);
        auth_users_free(u);
        assert_int_equal(testmem_live(), 0);
        if (testmem_failed() == 0)
            break;
    }
    testmem_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),     cmocka_unit_test(test_errors),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_edit),
        cmocka_unit_test(test_smbpasswd), cmocka_unit_test(test_source),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, test_crypto_up, test_crypto_down);
}
