// SPDX-License-Identifier: Apache-2.0
/* The without filter before the memory plugin. */
#include "test_filters.h"

extern const struct smbkit_filter smbkit_filter_without;

static void test_less(void **state)
{
    const struct smbkit_arg what = {"what", "streams+compression"};
    assert_true(open_volume(&smbkit_filter_without, &what, 1));
    uint32_t caps = vfs_volume_capabilities(vol);
    assert_int_equal(caps & (SMBKIT_CAP_STREAMS | SMBKIT_CAP_COMPRESSION), 0);
    assert_int_equal(caps & SMBKIT_CAP_EXTENDED_ATTRS, SMBKIT_CAP_EXTENDED_ATTRS);
    void *f = make("file");
    assert_non_null(f);
    assert_int_equal(put(f, 0, "x"), SMBKIT_STATUS_SUCCESS);
    finish(vfs_close(&op, vol, f));
}

static void test_wrong_name(void **state)
{
    const struct smbkit_arg what = {"what", "streams+wings"};
    assert_false(open_volume(&smbkit_filter_without, &what, 1));
    assert_non_null(strstr(error, "what=wings: must be of ids, sparse,"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_less), TEST(test_wrong_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
