// SPDX-License-Identifier: Apache-2.0
/* Tests of GUIDs, FILETIME and log lines. */
#include "base/guid.h"
#include "base/log.h"
#include "base/ntime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_guid(void **state)
{
    static const struct guid g = {{0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa,
                                   0xbb, 0xcc, 0xdd, 0xee, 0xff}};
    static const struct guid zero;
    char text[GUID_TEXT_SIZE];
    guid_format(&g, text);
    assert_string_equal(text, "00112233-4455-6677-8899-aabbccddeeff");
    assert_true(guid_is_zero(&zero));
    assert_false(guid_is_zero(&g));
    assert_true(guid_equal(&g, &g));
    assert_false(guid_equal(&g, &zero));
}

static void check_time(int64_t sec, uint32_t nsec, uint64_t nt)
{
    int64_t sec_back;
    uint32_t nsec_back;
    assert_true(ntime_from_unix(sec, nsec) == nt);
    ntime_to_unix(nt, &sec_back, &nsec_back);
    assert_true(sec_back == sec);
    assert_int_equal(nsec_back, nsec);
}

static void test_ntime(void **state)
{
    check_time(0, 0, NTIME_UNIX_EPOCH);
    check_time(1, 100, NTIME_UNIX_EPOCH + NTIME_PER_S + 1);
    check_time(-1, 999999900, NTIME_UNIX_EPOCH - 1);
    check_time(-11644473600, 0, 0);
    check_time(-11644473600, 100, 1);
    check_time(1704067200, 0, 133485408000000000ull); /* 2024-01-01 */
    assert_true(ntime_from_unix(-11644473601, 999999999) == 0);
    assert_true(ntime_from_unix(INT64_MIN, 0) == 0);
    assert_true(ntime_from_unix(INT64_MAX, 999999999) == INT64_MAX);
}

static void check_token(const char *text, int64_t unix_time)
{
    char token[NTIME_TOKEN];
    uint64_t nt = 0;
    assert_true(ntime_from_token(text, &nt));
    assert_true(nt == ntime_from_unix(unix_time, 0));
    ntime_to_token(nt + NTIME_PER_S - 1, token);
    assert_string_equal(token, text);
}

static void test_ntime_token(void **state)
{
    static const char *const wrong[] = {
        "",
        "@GMT-",
        "@GMT-2015.10.31-19.40.3",
        "@GMT-2015.10.31-19.40.300",
        "@gmt-2015.10.31-19.40.30",
        "@GMT-2015.10.31 19.40.30",
        "@GMT-2015.13.01-00.00.00",
        "@GMT-2015.00.01-00.00.00",
        "@GMT-2015.02.29-00.00.00",
        "@GMT-2015.02.00-00.00.00",
        "@GMT-2015.02.01-24.00.00",
        "@GMT-2015.02.01-00.60.00",
        "@GMT-1600.12.31-23.59.59",
        "@GMT-2O15.02.01-00.00.00",
    };
    char token[NTIME_TOKEN];
    uint64_t nt;
    check_token("@GMT-2015.10.31-19.40.30", 1446320430);
    check_token("@GMT-1601.01.01-00.00.00", -11644473600);
    check_token("@GMT-1970.01.01-00.00.00", 0);
    check_token("@GMT-2000.02.29-23.59.59", 951868799);
    check_token("@GMT-2100.03.01-00.00.00", 4107542400);
    check_token("@GMT-9999.12.31-23.59.59", 253402300799);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(ntime_from_token(wrong[i], &nt));
    ntime_to_token(UINT64_MAX, token);
    assert_int_equal(strlen(token), NTIME_TOKEN - 1);
}

static char last_line[LOG_LINE_MAX + 1];
static int n_lines;

static void keep_line(void *ctx, enum log_level level, const char *line)
{
    n_lines++;
    snprintf(last_line, sizeof(last_line), "%s: %s", log_level_name(level), line);
}

static void test_log_levels(void **state)
{
    struct log l = {.level = LOG_INFO, .sink = keep_line};
    n_lines = 0;
    LOGD(&l, "not %s", "this");
    assert_int_equal(n_lines, 0);
    LOGW(&l, "disk %d", 3);
    assert_string_equal(last_line, "warning: disk 3");
    LOGE((struct log *)NULL, "nowhere");
    LOGD((struct log *)NULL, "nowhere");
    assert_int_equal(n_lines, 1);
    assert_string_equal(log_level_name((enum log_level)17), "unknown");
}

static void test_log_line_is_cut(void **state)
{
    struct log l = {.level = LOG_DEBUG, .sink = keep_line};
    LOGD(&l, "%2000d", 1);
    assert_int_equal(strlen(last_line), LOG_LINE_MAX); /* cut behind the "debug: " as well */
    LOGI(&l, "ends\n");
    assert_string_equal(last_line, "info: ends");
}

static void test_log_escape(void **state)
{
    char out[12];
    assert_string_equal(log_escape(out, sizeof(out), "a\n\\b", 4), "a\\x0a\\x5cb");
    assert_string_equal(log_escape(out, sizeof(out), "abcdefghijklmnop", 16), "abcdefghijk");
    assert_string_equal(log_escape(out, 5, "ab\n", 3), "ab"); /* never half an escape */
    assert_string_equal(log_escape(out, 1, "ab", 2), "");
    assert_string_equal(log_escape(out, sizeof(out), "\x7f\0", 2), "\\x7f\\x00");
    assert_string_equal(log_escape(out, sizeof(out), "\xc3\xa4\xff", 3), "\xc3\xa4\\xff");
    assert_string_equal(log_escape(out, sizeof(out), "\xc2\x9b", 2), "\\xc2\\x9b"); /* C1: CSI */
    assert_string_equal(log_escape(out, 3, "a\xe2\x82\xac", 4), "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guid),
        cmocka_unit_test(test_ntime),
        cmocka_unit_test(test_ntime_token),
        cmocka_unit_test(test_log_levels),
        cmocka_unit_test(test_log_line_is_cut),
        cmocka_unit_test(test_log_escape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
