// SPDX-License-Identifier: Apache-2.0
/* Options: every row's default is valid, each type takes and refuses what it should, messages name
   the option and its valid values, and no allocation may fail unnoticed. */
#include "base/testmem.h"
#include "server/options.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

static char error[SMBKIT_ERROR_MAX];

static void test_rows(void **state)
{
    const struct smbkit_option *row;
    size_t count = 0;
    for (; (row = smbkit_option_row(count)) != NULL; count++) {
        assert_int_equal(smbkit_option_check(row->name, row->default_value, error),
                         SMBKIT_STATUS_SUCCESS);
        assert_true(row->text[0] != '\0');
        for (size_t j = 0; j < count; j++)
            assert_string_not_equal(row->name, smbkit_option_row(j)->name);
    }
    assert_true(count > 10);
    assert_null(smbkit_option_row(SIZE_MAX));
}

static void test_values(void **state)
{
    static const struct {
        const char *name, *value, *message; /* NULL: valid */
    } cases[] = {
        {"signing", "offered", NULL},
        {"signing", "Required", NULL},
        {"signing", "off", "signing=off: must be one of required, offered"},
        {"signing", "", "signing=: must be one of required, offered"},
        {"signing", "require", "signing=require: must be one of required, offered"},
        {"min-dialect", "3.0.2", NULL},
        {"min-dialect", "3", "min-dialect=3: must be one of 2.0.2, 2.1, 3.0, 3.0.2, 3.1.1"},
        {"ciphers", "AES-128-CCM,aes-256-gcm", NULL},
        {"ciphers", "AES-128-CCM,AES-128-CCM",
         "ciphers=AES-128-CCM,AES-128-CCM: must be one or more of AES-256-GCM, AES-128-GCM, "
         "AES-256-CCM, AES-128-CCM, separated by ',', each once"},
        {"ciphers", "",
         "ciphers=: must be one or more of AES-256-GCM, AES-128-GCM, AES-256-CCM, "
         "AES-128-CCM, separated by ',', each once"},
        {"guest", "yes", NULL},
        {"guest", "maybe", "guest=maybe: must be on or off"},
        {"max-credits", "8192", NULL},
        {"max-credits", "0", "max-credits=0: must be a whole number from 1 to 8192"},
        {"max-credits", "8193", "max-credits=8193: must be a whole number from 1 to 8192"},
        {"max-credits", "1x", "max-credits=1x: must be a whole number from 1 to 8192"},
        {"max-credits", "99999999999999999999",
         "max-credits=99999999999999999999: must be a whole number from 1 to 8192"},
        {"max-io", "1M", NULL},
        {"max-io", "64", "max-io=64: must be a size from 64K to 8M"},
        {"auth-timeout", "1500ms", NULL},
        {"auth-timeout", "1h", NULL},
        {"auth-timeout", "30", NULL},
        {"auth-timeout", "2h",
         "auth-timeout=2h: must be a time from 1s to 1h, such as 500ms, 30s, 5m or 2h"},
        {"auth-timeout", "999ms",
         "auth-timeout=999ms: must be a time from 1s to 1h, such as 500ms, 30s, 5m or 2h"},
        {"auth-timeout", "s",
         "auth-timeout=s: must be a time from 1s to 1h, such as 500ms, 30s, 5m or 2h"},
        {"server-name", "FIFTEEN-LETTERS", NULL},
        {"server-name", "SIXTEEN--LETTERS",
         "server-name=SIXTEEN--LETTERS: must be text of 1 to 15 bytes"},
        {"no-such", "1", "no-such: there is no such option"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        smbkit_status status = smbkit_option_check(cases[i].name, cases[i].value, error);
        if (cases[i].message == NULL) {
            assert_int_equal(status, SMBKIT_STATUS_SUCCESS);
            continue;
        }
        assert_int_equal(status, SMBKIT_STATUS_INVALID_PARAMETER);
        assert_string_equal(error, cases[i].message);
    }
}

static void test_parse(void **state)
{
    static const struct smbkit_arg args[] = {
        {"signing", "offered"},
        {"ciphers", "AES-128-CCM,AES-256-GCM"},
        {"guest", "on"},
        {"max-io", "64K"},
        {"auth-timeout", "1500ms"},
        {"server-name", "A"},
        {"server-name", "BOX"},
    };
    struct server_options o;
    assert_int_equal(server_options_parse(&o, args, ARRAY_LEN(args), error), 0);
    assert_int_equal(o.signing, 1);
    assert_int_equal(o.ciphers.count, 2);
    assert_int_equal(o.ciphers.index[0], 3);
    assert_int_equal(o.ciphers.index[1], 0);
    assert_true(o.guest && !o.anonymous);
    assert_int_equal(o.max_io, 65536);
    assert_int_equal(o.auth_timeout, 1500);
    assert_int_equal(o.session_lifetime, 0);
    assert_int_equal(o.max_dialect, 4);
    assert_string_equal(o.server_name, "BOX");
    server_options_free(&o);
}

static void test_dialect_order(void **state)
{
    static const struct smbkit_arg args[] = {{"min-dialect", "3.0"}, {"max-dialect", "2.1"}};
    struct server_options o;
    assert_int_equal(server_options_parse(&o, args, 2, error), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_string_equal(error, "min-dialect: must not be newer than max-dialect");
}

static void test_memory(void **state)
{
    static const struct smbkit_arg args[] = {{"server-name", "BOX"}, {"plugin-path", "/a:/b"}};
    struct server_options o;
    testmem_install();
    size_t n = 1;
    for (;; n++) {
        testmem_fail_nth(n);
        smbkit_status status = server_options_parse(&o, args, 2, error);
        if (testmem_failed() == 0) {
            assert_int_equal(status, SMBKIT_STATUS_SUCCESS);
            break;
        }
        assert_int_equal(status, SMBKIT_STATUS_NO_MEMORY);
        assert_int_equal(testmem_live(), 0);
    }
    server_options_free(&o);
    assert_true(n > 2);
    testmem_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),   cmocka_unit_test(test_values),
        cmocka_unit_test(test_parse),  cmocka_unit_test(test_dialect_order),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
