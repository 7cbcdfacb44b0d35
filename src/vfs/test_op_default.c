// SPDX-License-Identifier: Apache-2.0
/* Operations that a plugin has no callback for: what they answer, and what they are made of. */
#include "vfs/test_op.h"

static void test_default_status(void **state)
{
    static const struct {
        enum vfs_code code;
        smbkit_status status;
    } rows[] = {
        {VFS_STATFS, 0},
        {VFS_CREATE, SMBKIT_STATUS_ACCESS_DENIED},
        {VFS_CLEANUP, 0},
        {VFS_READ, SMBKIT_STATUS_ACCESS_DENIED},
        {VFS_WRITE, SMBKIT_STATUS_ACCESS_DENIED},
        {VFS_FLUSH, 0},
        {VFS_SETATTR, 0},
        {VFS_SET_SIZE, SMBKIT_STATUS_ACCESS_DENIED},
        {VFS_READDIR, SMBKIT_STATUS_INVALID_DEVICE_REQUEST},
        {VFS_CAN_DELETE, 0},
        {VFS_RENAME, SMBKIT_STATUS_ACCESS_DENIED},
        {VFS_LINK, SMBKIT_STATUS_NOT_SUPPORTED},
        {VFS_ALLOCATED_RANGES, 0},
        {VFS_OVERWRITE, SMBKIT_STATUS_ACCESS_DENIED},
        {VFS_LIST_STREAMS, 0},
        {VFS_RENAME_STREAM, SMBKIT_STATUS_NOT_SUPPORTED},
        {VFS_GET_EAS, 0},
        {VFS_SET_EAS, SMBKIT_STATUS_EAS_NOT_SUPPORTED},
        {VFS_GET_SD, SMBKIT_STATUS_NOT_FOUND},
        {VFS_SET_SD, SMBKIT_STATUS_NOT_SUPPORTED},
        {VFS_SET_SPARSE, SMBKIT_STATUS_INVALID_DEVICE_REQUEST},
        {VFS_GET_REPARSE, SMBKIT_STATUS_NOT_A_REPARSE_POINT},
        {VFS_SET_REPARSE, SMBKIT_STATUS_INVALID_DEVICE_REQUEST},
        {VFS_COPY_RANGE, SMBKIT_STATUS_NOT_SUPPORTED},
        {VFS_FSCTL, SMBKIT_STATUS_INVALID_DEVICE_REQUEST},
        {VFS_SET_COMPRESSION, SMBKIT_STATUS_NOT_SUPPORTED},
        {VFS_WATCH, SMBKIT_STATUS_SUCCESS},
        {VFS_QUOTAS, SMBKIT_STATUS_NOT_SUPPORTED},
        {VFS_SET_QUOTA, SMBKIT_STATUS_NOT_SUPPORTED},
        {VFS_QUOTA_CONTROL, SMBKIT_STATUS_NOT_SUPPORTED},
        {VFS_SET_QUOTA_CONTROL, SMBKIT_STATUS_NOT_SUPPORTED},
        {VFS_CLOSE, 0},
    };
    struct vfs_volume *v = volume(&bare);
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    file_size = 8;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_true(start_code(&op, v, rows[i].code));
        assert_int_equal(op.status, rows[i].status);
    }
    vfs_cleanup(&op, v, &the_file, SMBKIT_CLEANUP_DELETE);
    assert_int_equal(op.status, SMBKIT_STATUS_ACCESS_DENIED);
    vfs_statfs(&op, v);
    assert_true(op.statfs.free_bytes == 1ull << 40);
    assert_string_equal(op.statfs.label, "data");
    start_code(&op, v, VFS_SETATTR);
    assert_true(op.attr_valid);
    vfs_allocated_ranges(&op, v, &the_file, 3, 100);
    assert_int_equal(op.range_count, 1);
    assert_int_equal(op.ranges[0].offset, 3);
    assert_int_equal(op.ranges[0].length, 5);
    vfs_list_streams(&op, v, &the_file);
    assert_int_equal(op.stream_count, 1);
    assert_string_equal(op.streams[0].name, "");
    assert_int_equal(op.streams[0].size, 8);
    vfs_allocated_ranges(&op, v, &the_file, 8, 100);
    assert_int_equal(op.range_count, 0);
    vfs_set_alloc(&op, v, &the_file, 8);
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    vfs_set_alloc(&op, v, &the_file, 7); /* cannot cut */
    assert_int_equal(op.status, SMBKIT_STATUS_ACCESS_DENIED);
    vfs_zero_range(&op, v, &the_file, 0, 1); /* cannot write */
    assert_int_equal(op.status, SMBKIT_STATUS_ACCESS_DENIED);
    vfs_op_clear(&op);
    vfs_volume_unref(v);
}

static void test_default_set_alloc(void **state)
{
    struct smbkit_vfs calls;
    struct smbkit_plugin p = bare_with(&calls);
    calls.set_size = t_size;
    struct vfs_volume *v = volume(&p);
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    file_size = 1000;
    answer = a_attr;
    vfs_set_alloc(&op, v, &the_file, 2000);
    assert_int_equal(file_size, 1000);
    vfs_set_alloc(&op, v, &the_file, 10);
    assert_int_equal(file_size, 10);
    assert_true(op.attr_valid);
    vfs_op_clear(&op);
    vfs_volume_unref(v);
}

/* path_sd by open, get_sd, cleanup and close; also when one of them fails or is missing. */
static void a_denied(struct smbkit_op *op)
{
    smbkit_reply_status(op, SMBKIT_STATUS_ACCESS_DENIED);
}

static void t_sd(struct smbkit_op *op, void *vol, void *file)
{
    assert_ptr_equal(file, &the_file);
    if (file_size == 0)
        smbkit_reply_status(op, SMBKIT_STATUS_NOT_FOUND);
    else
        smbkit_reply_data(op, "descriptor", 10);
}

static void t_cleaned(struct smbkit_op *op, void *vol, void *file, uint32_t flags)
{
    assert_int_equal(flags, 0);
    smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
}

static void test_default_path_sd(void **state)
{
    struct smbkit_vfs calls;
    struct smbkit_plugin p = bare_with(&calls);
    calls.get_sd = t_sd;
    calls.close = t_close;
    for (int i = 0; i < 2; i++) {
        calls.cleanup = i == 0 ? NULL : t_cleaned;
        struct vfs_volume *v = volume(&p);
        struct vfs_op op;
        vfs_op_init(&op, on_done);
        closes = 0;
        answer = a_open;
        file_size = 1;
        assert_true(vfs_path_sd(&op, v, "a/b"));
        assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
        assert_int_equal(op.blob_len, 10);
        assert_memory_equal(op.blob, "descriptor", 10);
        assert_null(op.opened);
        file_size = 0;
        assert_true(vfs_path_sd(&op, v, "a/b"));
        assert_int_equal(op.status, SMBKIT_STATUS_NOT_FOUND);
        assert_int_equal(closes, 2);
        answer = a_denied;
        assert_true(vfs_path_sd(&op, v, "a/b"));
        assert_int_equal(op.status, SMBKIT_STATUS_ACCESS_DENIED);
        assert_int_equal(closes, 2);
        vfs_op_clear(&op);
        vfs_volume_unref(v);
    }
}

static void a_one_entry(struct smbkit_op *op)
{
    smbkit_dir_add(op, "x", &attr_ok, 1);
    smbkit_reply_readdir(op, false);
}

static void test_default_can_delete(void **state)
{
    struct smbkit_vfs calls;
    struct smbkit_plugin p = bare_with(&calls);
    calls.readdir = t_readdir;
    struct vfs_volume *v = volume(&p);
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    answer = a_one_entry;
    assert_true(vfs_can_delete(&op, v, &the_file, false));
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    assert_true(vfs_can_delete(&op, v, &the_file, true));
    assert_int_equal(op.status, SMBKIT_STATUS_DIRECTORY_NOT_EMPTY);
    assert_int_equal(op.dirent_count, 0);
    answer = NULL; /* and the same when the listing comes later */
    assert_false(vfs_can_delete(&op, v, &the_file, true));
    a_end(kept);
    testhost_drain(&host);
    assert_int_equal(done_count, 1);
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    vfs_op_clear(&op);
    vfs_volume_unref(v);
}

static void test_default_zero_range(void **state)
{
    struct smbkit_vfs calls;
    struct smbkit_plugin p = bare_with(&calls);
    calls.write = t_write;
    struct vfs_volume *v = volume(&p);
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    file_size = 10 << 20;
    answer = a_success; /* without attributes: they are asked for at the end */
    assert_false(vfs_zero_range(&op, v, &the_file, 100, UINT64_MAX));
    assert_in_range(written, 65536, 2 << 20); /* others of the loop get their turn */
    testhost_drain(&host);
    assert_int_equal(done_count, 1);
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(written, (10 << 20) - 100);
    assert_true(op.attr_valid);

    written = 0; /* asynchronous, small */
    answer = NULL;
    assert_false(vfs_zero_range(&op, v, &the_file, 0, 100000));
    a_attr(kept);
    testhost_drain(&host);
    assert_int_equal(done_count, 1);
    assert_int_equal(written, 100000);
    a_attr(kept);
    testhost_drain(&host);
    assert_int_equal(done_count, 2);

    written = 0; /* behind the end: nothing to do */
    assert_true(vfs_zero_range(&op, v, &the_file, 20 << 20, 100));
    assert_int_equal(written, 0);
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);

    assert_false(vfs_zero_range(&op, v, &the_file, 0, 100000)); /* cancelled, failed */
    vfs_op_cancel(&op);
    a_attr(kept);
    testhost_drain(&host);
    assert_int_equal(op.status, SMBKIT_STATUS_CANCELLED);
    written = 0;
    assert_false(vfs_zero_range(&op, v, &the_file, 0, 100000));
    smbkit_reply_status(kept, SMBKIT_STATUS_DISK_FULL);
    testhost_drain(&host);
    assert_int_equal(op.status, SMBKIT_STATUS_DISK_FULL);
    vfs_op_clear(&op);
    vfs_volume_unref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_status),     cmocka_unit_test(test_default_set_alloc),
        cmocka_unit_test(test_default_path_sd),    cmocka_unit_test(test_default_can_delete),
        cmocka_unit_test(test_default_zero_range),
    };
    testhost_init(&host);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
