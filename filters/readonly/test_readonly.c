// SPDX-License-Identifier: Apache-2.0
/* The readonly filter before the memory plugin. */
#include "test_filters.h"

extern const struct smbkit_filter smbkit_filter_readonly;

static void test_denied(void **state)
{
    assert_true(open_volume(&smbkit_filter_readonly, NULL, 0));
    assert_true(vfs_volume_capabilities(vol) & SMBKIT_CAP_READ_ONLY);
    assert_null(make("file"));
    assert_int_equal(op.status, SMBKIT_STATUS_MEDIA_WRITE_PROTECTED);
    finish(vfs_open(&op, vol, &(struct smbkit_open_args){.path = ""}));
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    void *root = op.opened;
    assert_int_equal(put(root, 0, "x"), SMBKIT_STATUS_MEDIA_WRITE_PROTECTED);
    finish(vfs_rename(&op, vol, root, "x", 0));
    assert_int_equal(op.status, SMBKIT_STATUS_MEDIA_WRITE_PROTECTED);
    finish(vfs_set_sd(&op, vol, root, "sd", 2));
    assert_int_equal(op.status, SMBKIT_STATUS_MEDIA_WRITE_PROTECTED);
    finish(vfs_can_delete(&op, vol, root, true));
    assert_int_equal(op.status, SMBKIT_STATUS_MEDIA_WRITE_PROTECTED);
    finish(vfs_getattr(&op, vol, root));
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    finish(vfs_cleanup(&op, vol, root, SMBKIT_CLEANUP_DELETE));
    assert_int_equal(op.status, SMBKIT_STATUS_MEDIA_WRITE_PROTECTED);
    finish(vfs_close(&op, vol, root));
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_denied)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
