// SPDX-License-Identifier: Apache-2.0
/* The delay filter before the memory plugin, with a clock that only counts. */
#include "test_filters.h"

extern const struct smbkit_filter smbkit_filter_delay;

#define MS 1000000ull

static void test_times(void **state)
{
    static const struct smbkit_arg args[] = {{"time", "20ms"}, {"ops", "write+create"}};
    assert_true(open_volume(&smbkit_filter_delay, args, 2));
    void *f = make("file");
    assert_int_equal(slept, 20 * MS);
    assert_int_equal(put(f, 0, "text"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(slept, 40 * MS);
    finish(vfs_read(&op, vol, f, 0, 4));
    assert_memory_equal(op.data.data, "text", 4);
    assert_int_equal(slept, 40 * MS);
    put_away(f);
}

static void test_after_and_jitter(void **state)
{
    static const struct smbkit_arg args[] = {
        {"time", "1s"}, {"jitter", "1s"}, {"after", "on"}, {"ops", "data"}};
    uint64_t first = 0;
    bool differ = false;
    assert_true(open_volume(&smbkit_filter_delay, args, 4));
    void *f = make("file");
    for (int i = 0; i < 50; i++) {
        slept = 0;
        assert_int_equal(put(f, 0, "text"), SMBKIT_STATUS_SUCCESS);
        assert_int_equal(op.attr.size, 4);
        assert_in_range(slept, 1000 * MS, 2000 * MS);
        differ |= i > 0 && slept != first;
        first = slept;
    }
    assert_true(differ);
    finish(vfs_read(&op, vol, f, 0, 4));
    assert_memory_equal(op.data.data, "text", 4);
    put_away(f);
}

static void test_bad(void **state)
{
    static const struct smbkit_arg bad[] = {{"time", "x"}, {"ops", "raed"}};
    for (size_t i = 0; i < 2; i++) {
        assert_false(open_volume(&smbkit_filter_delay, &bad[i], 1));
        assert_non_null(strstr(error, bad[i].key));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_times), TEST(test_after_and_jitter),
                                       TEST(test_bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
