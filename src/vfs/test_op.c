// SPDX-License-Identifier: Apache-2.0
/* Operations: answers in every order, wrong answers, results, memory that runs out. */
#include "vfs/test_op.h"

/* --- bytes of a descriptor, and of a control code --- */

static int fd_says; /* bytes that the host finds, or -1 */

static int64_t read_fd(void *ctx, int fd, uint64_t offset, void *dst, size_t size)
{
    assert_int_equal(fd, 7);
    assert_int_equal(offset, 3);
    memset(dst, 'x', size);
    return fd_says;
}

static void a_fd(struct smbkit_op *op)
{
    smbkit_reply_read_fd(op, 7, 3, 10, release, &releases);
}

static void a_fd_long(struct smbkit_op *op)
{
    smbkit_reply_read_fd(op, 7, 3, 11, release, &releases);
}

static void expect_read(struct vfs_volume *v, smbkit_status status, size_t len)
{
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    releases = 0;
    assert_true(vfs_read(&op, v, &the_file, 0, 10));
    assert_int_equal(op.status, status);
    assert_int_equal(op.data.len, len);
    assert_int_equal(releases, 1);
    vfs_op_clear(&op);
}

static void test_read_fd(void **state)
{
    struct vfs_volume *v = volume(&full); /* of a host that has no descriptors */
    answer = a_fd;
    expect_read(v, SMBKIT_STATUS_INVALID_DEVICE_REQUEST, 0);
    vfs_volume_unref(v);
    host.host.read_fd = read_fd;
    v = volume(&full);
    host.host.read_fd = NULL;
    answer = a_fd;
    fd_says = 10;
    expect_read(v, SMBKIT_STATUS_SUCCESS, 10);
    fd_says = 4;
    expect_read(v, SMBKIT_STATUS_SUCCESS, 4);
    fd_says = 0;
    expect_read(v, SMBKIT_STATUS_SUCCESS, 0);
    fd_says = -1;
    expect_read(v, SMBKIT_STATUS_IO_DEVICE_ERROR, 0);
    answer = a_fd_long;
    expect_read(v, SMBKIT_STATUS_INTERNAL_ERROR, 0);
    vfs_volume_unref(v);
}

/* A client that takes less than there is gets the first bytes, and is told. */
static void test_fsctl_cut(void **state)
{
    struct vfs_volume *v = volume(&full);
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    answer = a_data;
    for (uint32_t max = 4; max <= 5; max++) {
        assert_true(vfs_fsctl(&op, v, &the_file, &(struct smbkit_fsctl_args){.max_out = max}));
        assert_int_equal(op.status,
                         max < 5 ? SMBKIT_STATUS_BUFFER_OVERFLOW : SMBKIT_STATUS_SUCCESS);
        assert_int_equal(op.blob_len, max);
        assert_memory_equal(op.blob, "bytes", max);
    }
    vfs_op_clear(&op);
    vfs_volume_unref(v);
}

/* --- orders of answer and return --- */

static void test_inline_and_later(void **state)
{
    struct vfs_volume *v = volume(&full);
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    answer = a_read;
    assert_true(vfs_read(&op, v, &the_file, 0, 10));
    assert_int_equal(done_count, 0);
    assert_false(vfs_op_running(&op));
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(op.data.len, 5);
    assert_memory_equal(op.data.data, "hello", 5);

    answer = NULL;
    op.user = "ann";
    op.user_sid = (const uint8_t *)"SID";
    op.user_sid_len = 3;
    assert_false(vfs_read(&op, v, &the_file, 0, 10));
    assert_true(vfs_op_running(&op));
    assert_int_equal(op.data.len, 0); /* cleared */
    const void *sid;
    assert_string_equal(smbkit_op_user(kept), "ann");
    assert_int_equal(smbkit_op_user_sid(kept, &sid), 3);
    assert_memory_equal(sid, "SID", 3);
    assert_true(smbkit_op_time(kept) == TESTHOST_TIME);
    assert_false(smbkit_op_cancelled(kept));
    vfs_op_cancel(&op);
    assert_true(smbkit_op_cancelled(kept));
    a_ref(kept);
    assert_int_equal(done_count, 0);
    assert_true(testhost_deliver(&host));
    assert_int_equal(done_count, 1);
    assert_memory_equal(op.data.data, "lasting", 7);
    assert_int_equal(releases, 0);
    struct slice taken = slice_ref(&op.data);
    vfs_op_clear(&op);
    assert_int_equal(releases, 0);
    slice_clear(&taken);
    assert_int_equal(releases, 1);
    vfs_volume_unref(v);
}

/* --- wrong answers --- */

static void a_twice(struct smbkit_op *op)
{
    a_ref(op);
    a_ref(op);
    smbkit_reply_status(op, SMBKIT_STATUS_ACCESS_DENIED);
}

static void test_double_answer(void **state)
{
    struct vfs_volume *v = volume(&full);
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    answer = a_twice;
    assert_true(vfs_read(&op, v, &the_file, 0, 10));
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(host.lines, 2);
    assert_string_equal(host.last_line,
                        "plugin scripted: read was answered twice; the second answer is ignored");
    assert_int_equal(releases, 1);      /* the second one's; the first is in op.data */
    a_success((struct smbkit_op *)&op); /* long after */
    assert_int_equal(host.lines, 3);
    vfs_op_clear(&op);
    assert_int_equal(releases, 2);
    vfs_volume_unref(v);
}

static void test_wrong_kind(void **state)
{
    static void (*const answers[])(struct smbkit_op *) = {
        a_success, a_attr, a_open, a_ref, a_statfs, a_end, a_data, a_reparse, a_quotas, a_control};
    /* which of them each operation takes, by bit */
    static const unsigned takes[VFS_CODES] = {[VFS_STATFS] = 16,
                                              [VFS_OPEN] = 4 | 128,
                                              [VFS_CREATE] = 4 | 128,
                                              [VFS_CLEANUP] = 1,
                                              [VFS_READ] = 8,
                                              [VFS_WRITE] = 3,
                                              [VFS_FLUSH] = 1,
                                              [VFS_GETATTR] = 2,
                                              [VFS_SETATTR] = 2,
                                              [VFS_SET_SIZE] = 2,
                                              [VFS_SET_ALLOC] = 2,
                                              [VFS_READDIR] = 32,
                                              [VFS_RENAME] = 2,
                                              [VFS_CAN_DELETE] = 1,
                                              [VFS_LINK] = 2,
                                              [VFS_ZERO_RANGE] = 2,
                                              [VFS_ALLOCATED_RANGES] = 1,
                                              [VFS_OVERWRITE] = 2,
                                              [VFS_LIST_STREAMS] = 1,
                                              [VFS_RENAME_STREAM] = 2,
                                              [VFS_GET_EAS] = 1,
                                              [VFS_SET_EAS] = 2,
                                              [VFS_GET_SD] = 64,
                                              [VFS_PATH_SD] = 64 | 128,
                                              [VFS_SET_SD] = 2,
                                              [VFS_SET_SPARSE] = 2,
                                              [VFS_GET_REPARSE] = 64,
                                              [VFS_SET_REPARSE] = 2,
                                              [VFS_COPY_RANGE] = 2,
                                              [VFS_SET_COMPRESSION] = 2,
                                              [VFS_WATCH] = 1,
                                              [VFS_QUOTAS] = 256,
                                              [VFS_SET_QUOTA] = 1,
                                              [VFS_QUOTA_CONTROL] = 512,
                                              [VFS_SET_QUOTA_CONTROL] = 1,
                                              [VFS_FSCTL] = 1 | 64};
    struct vfs_volume *v = volume(&full);
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    for (enum vfs_code c = 0; c < VFS_CLOSE; c++) {
        for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
            bool right = takes[c] >> i & 1;
            int lines = host.lines;
            answer = answers[i];
            assert_true(start_code(&op, v, c));
            smbkit_status fine =
                answers[i] == a_reparse ? SMBKIT_STATUS_STOPPED_ON_SYMLINK : SMBKIT_STATUS_SUCCESS;
            assert_int_equal(op.status, right ? fine : SMBKIT_STATUS_INTERNAL_ERROR);
            assert_int_equal(host.lines, lines + !right);
            char want[100];
            snprintf(want, sizeof(want),
                     "plugin scripted: impossible answer to %s: ", vfs_code_name(c));
            if (!right)
                assert_memory_equal(host.last_line, want, strlen(want));
        }
    }
    vfs_op_clear(&op);
    assert_int_equal(releases, VFS_CLOSE);
    vfs_volume_unref(v);
}

static void i_long_read(struct smbkit_op *op)
{
    smbkit_op_buffer(op);
    smbkit_reply_read(op, 11);
}
static void i_no_buffer(struct smbkit_op *op)
{
    smbkit_reply_read(op, 1);
}
static void i_long_ref(struct smbkit_op *op)
{
    smbkit_reply_read_ref(op, "twelve bytes", 12, release, &releases);
}
static void i_null_ref(struct smbkit_op *op)
{
    smbkit_reply_read_ref(op, NULL, 1, release, &releases);
}
static void i_null_file(struct smbkit_op *op)
{
    smbkit_reply_open(op, NULL, &attr_ok, NULL);
}
static void i_no_id(struct smbkit_op *op)
{
    smbkit_reply_open(op, &the_file, &(struct smbkit_attr){0}, NULL);
}
static void i_bad_path(struct smbkit_op *op)
{
    smbkit_reply_open(op, &the_file, &attr_ok, "a//b");
}
static void i_null_attr(struct smbkit_op *op)
{
    smbkit_reply_attr(op, NULL);
}
static void i_pending(struct smbkit_op *op)
{
    smbkit_reply_status(op, SMBKIT_STATUS_PENDING);
}
static void i_no_progress(struct smbkit_op *op)
{
    smbkit_reply_readdir(op, false);
}
static void i_entry_id(struct smbkit_op *op)
{
    assert_false(smbkit_dir_add(op, "x", &(struct smbkit_attr){0}, 1));
    smbkit_reply_readdir(op, true);
}
static void i_cookie(struct smbkit_op *op)
{
    assert_false(smbkit_dir_add(op, "x", &attr_ok, 0));
    smbkit_reply_readdir(op, true);
}
static void i_range(struct smbkit_op *op)
{
    assert_false(smbkit_range_add(op, UINT64_MAX, 2));
    a_success(op);
}
static void i_no_data(struct smbkit_op *op)
{
    smbkit_reply_data(op, "", 0);
}
static void i_much_data(struct smbkit_op *op)
{
    static const char much[SMBKIT_REPARSE_MAX + 1];
    smbkit_reply_data(op, much, sizeof much);
}
static void i_reparse_at(struct smbkit_op *op)
{
    smbkit_reply_reparse(op, 2, "reparse!", 8);
}
static void i_short_reparse(struct smbkit_op *op)
{
    smbkit_reply_reparse(op, 1, "short", 5);
}
static void i_ea(struct smbkit_op *op)
{
    assert_false(smbkit_ea_add(op, &(struct smbkit_ea){.name = ""}));
    a_success(op);
}
static void i_free_space(struct smbkit_op *op)
{
    smbkit_reply_statfs(op, &(struct smbkit_statfs){.free_bytes = 1});
}

static void test_impossible(void **state)
{
    static const struct {
        enum vfs_code code;
        void (*answer)(struct smbkit_op *op);
        int closes, releases;
    } rows[] = {
        {VFS_READ, i_long_read, 0, 0},
        {VFS_READ, i_no_buffer, 0, 0},
        {VFS_READ, i_long_ref, 0, 1},
        {VFS_READ, i_null_ref, 0, 1},
        {VFS_OPEN, i_null_file, 0, 0},
        {VFS_OPEN, i_no_id, 1, 0},
        {VFS_CREATE, i_bad_path, 1, 0},
        {VFS_GETATTR, i_null_attr, 0, 0},
        {VFS_FLUSH, i_pending, 0, 0},
        {VFS_READDIR, i_no_progress, 0, 0},
        {VFS_READDIR, i_entry_id, 0, 0},
        {VFS_READDIR, i_cookie, 0, 0},
        {VFS_ALLOCATED_RANGES, i_range, 0, 0},
        {VFS_STATFS, i_free_space, 0, 0},
        {VFS_GET_SD, i_no_data, 0, 0},
        {VFS_GET_REPARSE, i_much_data, 0, 0},
        {VFS_OPEN, i_reparse_at, 0, 0},
        {VFS_CREATE, i_short_reparse, 0, 0},
        {VFS_GET_EAS, i_ea, 0, 0},
    };
    struct vfs_volume *v = volume(&full);
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        closes = releases = host.lines = 0;
        answer = rows[i].answer;
        assert_true(start_code(&op, v, rows[i].code));
        assert_int_equal(op.status, SMBKIT_STATUS_INTERNAL_ERROR);
        assert_null(op.opened);
        assert_int_equal(host.lines, 1);
        assert_int_equal(closes, rows[i].closes);
        assert_int_equal(releases, rows[i].releases);
    }
    vfs_op_clear(&op);
    vfs_volume_unref(v);
}

/* --- results --- */

static void a_folder(struct smbkit_op *op)
{
    smbkit_reply_attr(
        op, &(struct smbkit_attr){.file_id = 1, .size = 9, .attributes = SMBKIT_ATTR_DIRECTORY});
}

static void a_warning(struct smbkit_op *op)
{
    smbkit_reply_status(op, SMBKIT_STATUS_STOPPED_ON_SYMLINK);
}

static void test_results(void **state)
{
    struct vfs_volume *v = volume(&full);
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    answer = a_attr;
    vfs_getattr(&op, v, &the_file);
    assert_int_equal(op.attr.attributes, SMBKIT_ATTR_NORMAL);
    assert_int_equal(op.attr.links, 1);
    answer = a_folder;
    vfs_getattr(&op, v, &the_file);
    assert_int_equal(op.attr.size, 0);
    answer = a_open;
    start_code(&op, v, VFS_OPEN);
    assert_ptr_equal(op.opened, &the_file);
    assert_string_equal(op.true_path, "A/b");
    answer = a_warning;
    start_code(&op, v, VFS_OPEN);
    assert_int_equal(op.status, SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    answer = a_statfs;
    vfs_statfs(&op, v);
    assert_string_equal(op.statfs.label, "data");
    assert_int_equal(op.statfs.block_size, 4096);
    vfs_op_clear(&op);
    vfs_volume_unref(v);
}

static int added;

static void a_many(struct smbkit_op *op)
{
    char name[32];
    bool more = true;
    for (added = 0; more && added < 10000; added += more) {
        snprintf(name, sizeof(name), "file%d", added);
        more = smbkit_dir_add(op, name, &attr_ok, (uint64_t)added + 1);
    }
    smbkit_reply_readdir(op, false);
}

static void a_bad_names(struct smbkit_op *op)
{
    assert_true(smbkit_dir_add(op, "a:b", &attr_ok, 1));
    assert_true(smbkit_dir_add(op, "", &attr_ok, 2));
    assert_true(smbkit_dir_add(op, "..", &attr_ok, 3));
    assert_true(smbkit_dir_add(op, "good", &attr_ok, 4));
    smbkit_reply_readdir(op, true);
}

static void a_ranges(struct smbkit_op *op)
{
    for (added = 0; smbkit_range_add(op, (uint64_t)added * 2, 1); added++) {
    }
    a_success(op);
}

static void test_lists(void **state)
{
    struct vfs_volume *v = volume(&full);
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    answer = a_many;
    start_code(&op, v, VFS_READDIR);
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(added, VFS_DIRENTS_MAX);
    assert_int_equal(op.dirent_count, VFS_DIRENTS_MAX);
    assert_string_equal(op.dirents[4000].name, "file4000");
    assert_int_equal(op.dirents[4000].next_cookie, 4001);
    assert_false(op.dir_end);
    vfs_readdir(&op, v, &the_file, &(struct smbkit_readdir_args){.pattern = "*", .max_entries = 3});
    assert_int_equal(op.dirent_count, 3);
    answer = a_bad_names;
    start_code(&op, v, VFS_READDIR);
    assert_int_equal(op.dirent_count, 1);
    assert_string_equal(op.dirents[0].name, "good");
    assert_true(op.dir_end);
    answer = a_ranges;
    start_code(&op, v, VFS_ALLOCATED_RANGES);
    assert_int_equal(op.range_count, VFS_RANGES_MAX);
    assert_int_equal(added, VFS_RANGES_MAX);
    assert_int_equal(op.ranges[9].offset, 18);
    vfs_op_clear(&op);
    vfs_volume_unref(v);
}

static void a_read_or_fail(struct smbkit_op *op)
{
    if (smbkit_op_buffer(op) == NULL)
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    else
        smbkit_reply_read(op, 5);
}

static void test_memory_out(void **state)
{
    static const struct {
        enum vfs_code code;
        void (*answer)(struct smbkit_op *op);
    } rows[] = {{VFS_OPEN, a_open},
                {VFS_READ, a_read_or_fail},
                {VFS_READ, a_ref},
                {VFS_STATFS, a_statfs},
                {VFS_ALLOCATED_RANGES, a_ranges}};
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    testmem_install();
    struct vfs_volume *v = volume(&full);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        closes = releases = 0;
        answer = rows[i].answer;
        testmem_fail_nth(1);
        assert_true(start_code(&op, v, rows[i].code));
        assert_int_equal(testmem_failed(), 1);
        assert_int_equal(op.status, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        assert_int_equal(closes, rows[i].code == VFS_OPEN);
        assert_int_equal(releases, rows[i].answer == a_ref);
    }
    /* A listing gives what it has. */
    answer = a_many;
    testmem_fail_nth(3);
    assert_true(start_code(&op, v, VFS_READDIR));
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    assert_in_range(op.dirent_count, 1, VFS_DIRENTS_MAX - 1);
    testmem_fail_nth(1);
    assert_true(start_code(&op, v, VFS_READDIR));
    assert_int_equal(op.status, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    testmem_fail_none();
    vfs_op_clear(&op);
    vfs_volume_unref(v);
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_fd),          cmocka_unit_test(test_fsctl_cut),
        cmocka_unit_test(test_inline_and_later), cmocka_unit_test(test_double_answer),
        cmocka_unit_test(test_wrong_kind),       cmocka_unit_test(test_impossible),
        cmocka_unit_test(test_results),          cmocka_unit_test(test_lists),
        cmocka_unit_test(test_memory_out),
    };
    testhost_init(&host);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
