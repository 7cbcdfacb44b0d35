// SPDX-License-Identifier: Apache-2.0
/* Tests of the status table: that it can be searched, and what counts as success. */
#include <smbkit/status.h>

#include "base/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_every_row_is_found(void **state)
{
    /* Also says that no value is there twice: the search would find only one of the two names. */
#define CHECK(name, value, text)                                                    \
    assert_string_equal(smbkit_status_name(SMBKIT_STATUS_##name), "STATUS_" #name); \
    assert_string_equal(smbkit_status_text(value), text);
    SMBKIT_STATUS_TABLE(CHECK)
#undef CHECK
}

static void test_sorted(void **state)
{
    static const smbkit_status values[] = {
#define VALUE(name, value, text) value,
        SMBKIT_STATUS_TABLE(VALUE)
#undef VALUE
    };
    for (size_t i = 1; i < ARRAY_LEN(values); i++)
        assert_true(values[i - 1] < values[i]);
}

static void test_unknown(void **state)
{
    assert_string_equal(smbkit_status_name(1), "STATUS_UNKNOWN");
    assert_string_equal(smbkit_status_name(UINT32_MAX), "STATUS_UNKNOWN");
    assert_string_equal(smbkit_status_text(0x80000001), "unknown status");
}

static void test_severity(void **state)
{
    assert_true(smbkit_ok(SMBKIT_STATUS_SUCCESS));
    assert_true(smbkit_ok(SMBKIT_STATUS_PENDING));
    assert_false(smbkit_ok(SMBKIT_STATUS_BUFFER_OVERFLOW));
    assert_false(smbkit_is_error(SMBKIT_STATUS_BUFFER_OVERFLOW));
    assert_false(smbkit_ok(SMBKIT_STATUS_ACCESS_DENIED));
    assert_true(smbkit_is_error(SMBKIT_STATUS_ACCESS_DENIED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_found),
        cmocka_unit_test(test_sorted),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_severity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
