// SPDX-License-Identifier: Apache-2.0
/* The rate filter before the memory plugin: how long it makes operations sleep. The real clock goes
   on meanwhile, so times are not exact: they are chosen long. */
#include "test_filters.h"

extern const struct smbkit_filter smbkit_filter_rate;

#define S 1000000000ull

static void test_bytes(void **state)
{
    static const struct smbkit_arg args[] = {{"bytes", "4"}, {"burst", "0"}};
    assert_true(open_volume(&smbkit_filter_rate, args, 2));
    void *f = make("file");
    assert_int_equal(put(f, 0, "0123456789012345678901234567890123456789"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(slept, 0); /* 40 bytes: nothing may go for ten seconds */
    assert_int_equal(put(f, 0, "0"), SMBKIT_STATUS_SUCCESS);
    assert_in_range(slept, 5 * S, 10 * S);
    slept = 0;
    finish(vfs_getattr(&op, vol, f));
    assert_int_equal(slept, 0); /* no data */
    put_away(f);
}

static void test_ops(void **state)
{
    static const struct smbkit_arg args[] = {{"ops", "1"}, {"burst", "20s"}};
    assert_true(open_volume(&smbkit_filter_rate, args, 2));
    void *f = make("file");
    for (int i = 0; i < 100; i++)
        finish(vfs_getattr(&op, vol, f));
    /* The burst lets some through at once, then each waits one second longer than the one before
       it, whose sleep takes no time here. */
    assert_in_range(slept, 60 * S, 100 * 100 * S);
    put_away(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_bytes), TEST(test_ops)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
