// SPDX-License-Identifier: Apache-2.0
/* The error filter before the memory plugin. */
#include "test_filters.h"
#include <stdlib.h>
#include <unistd.h>

extern const struct smbkit_filter smbkit_filter_error;

/* How many of `n` writes fail, and the first that does. */
static int failures(void *f, int n, int *first)
{
    int failed = 0;
    for (int i = 1; i <= n; i++) {
        if (put(f, 0, "x") == SMBKIT_STATUS_SUCCESS)
            continue;
        assert_int_equal(op.status, SMBKIT_STATUS_DISK_FULL);
        if (failed++ == 0)
            *first = i;
    }
    return failed;
}

static int run(const char *key, const char *value, const char *key2, const char *value2, int *first)
{
    const struct smbkit_arg args[] = {
        {"status", "DISK_FULL"}, {"ops", "write"}, {key, value}, {key2, value2}};
    assert_true(open_volume(&smbkit_filter_error, args, 4));
    void *f = make("file");
    int failed = failures(f, 1000, first);
    put_away(f);
    vfs_op_clear(&op);
    vfs_volume_unref(vol);
    vol = NULL;
    return failed;
}

static void test_which(void **state)
{
    int first = 0, other = 0;
    assert_int_equal(run("nth", "7", "percent", "100", &first), 1);
    assert_int_equal(first, 7);
    assert_int_equal(run("every", "10", "count", "3", &first), 3);
    assert_int_equal(first, 10);
    assert_int_equal(run("percent", "0", "count", "0", &first), 0);
    assert_int_equal(run("percent", "100", "count", "0", &first), 1000);
    int some = run("percent", "20", "seed", "5", &first);
    assert_in_range(some, 150, 250);
    assert_int_equal(run("percent", "20", "seed", "5", &other), some);
    assert_int_equal(first, other);
}

static void test_after(void **state)
{
    static const struct smbkit_arg args[] = {{"after", "on"}, {"ops", "create"}, {"count", "1"}};
    assert_true(open_volume(&smbkit_filter_error, args, 3));
    assert_null(make("file"));
    assert_int_equal(op.status, SMBKIT_STATUS_IO_DEVICE_ERROR);
    void *f = make("file"); /* was made, and closed again */
    assert_non_null(f);
    assert_int_equal(put(f, 0, "hello"), SMBKIT_STATUS_SUCCESS);
    put_away(f);
}

static void test_while(void **state)
{
    char path[] = "/tmp/smbkit-test-error.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    const struct smbkit_arg args[] = {{"while", path}, {"ops", "data"}};
    assert_true(open_volume(&smbkit_filter_error, args, 2));
    void *f = make("file");
    assert_int_equal(put(f, 0, "x"), SMBKIT_STATUS_IO_DEVICE_ERROR);
    unlink(path);
    assert_int_equal(put(f, 0, "x"), SMBKIT_STATUS_SUCCESS);
    put_away(f);
}

static void test_bad(void **state)
{
    static const struct smbkit_arg bad[] = {
        {"status", "SUCCESS"}, {"status", "NOPE"}, {"ops", "x"}, {"percent", "101"}};
    for (size_t i = 0; i < 4; i++) {
        assert_false(open_volume(&smbkit_filter_error, &bad[i], 1));
        assert_non_null(strstr(error, bad[i].key));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_which), TEST(test_after), TEST(test_while),
                                       TEST(test_bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
