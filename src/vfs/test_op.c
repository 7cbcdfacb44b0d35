// SPDX-License-Identifier: Apache-2.0
/* Operations: answers in every order, wrong answers, defaults, thread models. */
#include "base/mem.h"
#include "base/testmem.h"
#include "vfs/testhost.h"
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct testhost host;
static int done_count;
static int releases;
static int closes;
static uint64_t written;
static uint64_t file_size;

static const struct smbkit_attr attr_ok = {.file_id = 7, .size = 100};
static int the_file;

static void on_done(struct vfs_op *op)
{
    done_count++;
}

/* --- a plugin that does what the test says --- */

static void (*answer)(struct smbkit_op *op); /* for the callback under test; NULL: keep it */
static struct smbkit_op *_Atomic kept;

static void act(struct smbkit_op *op)
{
    if (answer != NULL)
        answer(op);
    else
        atomic_store(&kept, op);
}

static smbkit_status t_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                  size_t count, void **vol)
{
    *vol = &file_size;
    return SMBKIT_STATUS_SUCCESS;
}

static void t_plain(struct smbkit_op *op, void *vol)
{
    act(op);
}

static void t_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *a)
{
    assert_string_equal(a->path, "a/b");
    act(op);
}

static void t_create(struct smbkit_op *op, void *vol, const struct smbkit_create_args *a)
{
    act(op);
}

static void t_file(struct smbkit_op *op, void *vol, void *file)
{
    assert_ptr_equal(file, &the_file);
    act(op);
}

static void t_cleanup(struct smbkit_op *op, void *vol, void *file, uint32_t flags)
{
    act(op);
}

static void t_close(void *vol, void *file)
{
    assert_ptr_equal(file, &the_file);
    closes++;
}

static void t_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint32_t length)
{
    act(op);
}

static void t_write(struct smbkit_op *op, void *vol, void *file, uint64_t offset, const void *data,
                    uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        assert_int_equal(((const uint8_t *)data)[i], 0);
    assert_true(offset + length <= 10 << 20);
    written += length;
    act(op);
}

static void t_size(struct smbkit_op *op, void *vol, void *file, uint64_t size)
{
    file_size = size;
    act(op);
}

static void t_setattr(struct smbkit_op *op, void *vol, void *file, const struct smbkit_attr *a,
                      uint32_t which)
{
    act(op);
}

static void t_readdir(struct smbkit_op *op, void *vol, void *dir,
                      const struct smbkit_readdir_args *a)
{
    act(op);
}

static void t_rename(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags)
{
    act(op);
}

static void t_eas(struct smbkit_op *op, void *vol, void *file, const struct smbkit_ea *eas,
                  size_t count)
{
    act(op);
}

static void t_path(struct smbkit_op *op, void *vol, const char *path)
{
    assert_string_equal(path, "a/b");
    act(op);
}

static void t_blob(struct smbkit_op *op, void *vol, void *file, const void *data, size_t len)
{
    assert_memory_equal(data, "blob", len);
    act(op);
}

static void t_sparse(struct smbkit_op *op, void *vol, void *file, bool sparse)
{
    act(op);
}

static void t_range(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint64_t length)
{
    act(op);
}

/* Attributes with the size that the test chose; never what a test answers with. */
static void t_getattr(struct smbkit_op *op, void *vol, void *file)
{
    struct smbkit_attr a = attr_ok;
    a.size = file_size;
    smbkit_reply_attr(op, &a);
}

static void t_copy(struct smbkit_op *op, void *vol, void *file, const struct smbkit_copy_args *args)
{
    act(op);
}

static void t_fsctl(struct smbkit_op *op, void *vol, void *file,
                    const struct smbkit_fsctl_args *args)
{
    act(op);
}

static void t_quotas(struct smbkit_op *op, void *vol, const struct smbkit_quotas_args *args)
{
    act(op);
}

static void t_set_quota(struct smbkit_op *op, void *vol, const struct smbkit_quota *quota)
{
    act(op);
}

static void t_set_control(struct smbkit_op *op, void *vol,
                          const struct smbkit_quota_control *control)
{
    act(op);
}

static struct smbkit_plugin full = {
    SMBKIT_PLUGIN_INIT,
    .name = "scripted",
    .vfs = &(const struct smbkit_vfs){.share_open = t_share_open,
                                      .statfs = t_plain,
                                      .open = t_open,
                                      .create = t_create,
                                      .cleanup = t_cleanup,
                                      .close = t_close,
                                      .read = t_read,
                                      .write = t_write,
                                      .flush = t_file,
                                      .getattr = t_file,
                                      .setattr = t_setattr,
                                      .set_size = t_size,
                                      .set_alloc = t_size,
                                      .readdir = t_readdir,
                                      .can_delete = t_file,
                                      .rename = t_rename,
                                      .link = t_rename,
                                      .zero_range = t_range,
                                      .allocated_ranges = t_range,
                                      .overwrite = t_file,
                                      .list_streams = t_file,
                                      .rename_stream = t_rename,
                                      .get_eas = t_file,
                                      .set_eas = t_eas,
                                      .get_sd = t_file,
                                      .path_sd = t_path,
                                      .set_sd = t_blob,
                                      .set_sparse = t_sparse,
                                      .get_reparse = t_file,
                                      .set_reparse = t_blob,
                                      .copy_range = t_copy,
                                      .set_compression = t_sparse,
                                      .watch = t_sparse,
                                      .quotas = t_quotas,
                                      .set_quota = t_set_quota,
                                      .quota_control = t_plain,
                                      .set_quota_control = t_set_control,
                                      .fsctl = t_fsctl},
};

static struct smbkit_plugin bare = {
    SMBKIT_PLUGIN_INIT,
    .name = "bare",
    .vfs = &(
        const struct smbkit_vfs){.share_open = t_share_open, .open = t_open, .getattr = t_getattr},
};

/* The bare plugin with callbacks of its own in `calls`. */
static struct smbkit_plugin bare_with(struct smbkit_vfs *calls)
{
    struct smbkit_plugin p = bare;
    *calls = *bare.vfs;
    p.vfs = calls;
    return p;
}

static struct vfs_volume *volume(const struct smbkit_plugin *p)
{
    char error[VFS_ERROR_TEXT_MAX];
    struct vfs_volume *v = vfs_volume_new(p, "data", NULL, 0, &host.host, error);
    assert_non_null(v);
    done_count = releases = closes = host.lines = 0;
    written = file_size = 0;
    host.last_line[0] = '\0';
    answer = NULL;
    atomic_store(&kept, NULL);
    return v;
}

/* Starts any operation with plausible arguments. */
static bool start_code(struct vfs_op *op, struct vfs_volume *v, enum vfs_code code)
{
    static const struct smbkit_open_args open_args = {.path = "a/b"};
    static const struct smbkit_create_args create_args = {.path = "a/b"};
    static const struct smbkit_readdir_args dir_args = {.pattern = "*"};
    static const struct smbkit_copy_args copy_args = {.from = &the_file, .length = 1};
    static const struct smbkit_fsctl_args fsctl_args = {.max_out = 100};
    void *f = &the_file;
    switch (code) {
    case VFS_STATFS: return vfs_statfs(op, v);
    case VFS_OPEN: return vfs_open(op, v, &open_args);
    case VFS_CREATE: return vfs_create(op, v, &create_args);
    case VFS_CLEANUP: return vfs_cleanup(op, v, f, 0);
    case VFS_READ: return vfs_read(op, v, f, 0, 10);
    case VFS_WRITE: return vfs_write(op, v, f, 0, "\0\0", 2);
    case VFS_FLUSH: return vfs_flush(op, v, f);
    case VFS_GETATTR: return vfs_getattr(op, v, f);
    case VFS_SETATTR: return vfs_setattr(op, v, f, &attr_ok, SMBKIT_SET_WRITE_TIME);
    case VFS_SET_SIZE: return vfs_set_size(op, v, f, 5);
    case VFS_SET_ALLOC: return vfs_set_alloc(op, v, f, 5);
    case VFS_READDIR: return vfs_readdir(op, v, f, &dir_args);
    case VFS_CAN_DELETE: return vfs_can_delete(op, v, f, true);
    case VFS_RENAME: return vfs_rename(op, v, f, "c", 0);
    case VFS_LINK: return vfs_link(op, v, f, "c", 0);
    case VFS_ZERO_RANGE: return vfs_zero_range(op, v, f, 0, 10);
    case VFS_ALLOCATED_RANGES: return vfs_allocated_ranges(op, v, f, 0, 10);
    case VFS_OVERWRITE: return vfs_overwrite(op, v, f);
    case VFS_LIST_STREAMS: return vfs_list_streams(op, v, f);
    case VFS_RENAME_STREAM: return vfs_rename_stream(op, v, f, "c", 0);
    case VFS_GET_EAS: return vfs_get_eas(op, v, f);
    case VFS_SET_EAS: return vfs_set_eas(op, v, f, NULL, 0);
    case VFS_GET_SD: return vfs_get_sd(op, v, f);
    case VFS_PATH_SD: return vfs_path_sd(op, v, "a/b");
    case VFS_SET_SD: return vfs_set_sd(op, v, f, "blob", 4);
    case VFS_SET_SPARSE: return vfs_set_sparse(op, v, f, true);
    case VFS_GET_REPARSE: return vfs_get_reparse(op, v, f);
    case VFS_SET_REPARSE: return vfs_set_reparse(op, v, f, "blob", 4);
    case VFS_COPY_RANGE: return vfs_copy_range(op, v, f, &copy_args);
    case VFS_FSCTL: return vfs_fsctl(op, v, f, &fsctl_args);
    case VFS_WATCH: return vfs_watch(op, v, f, true);
    case VFS_QUOTAS: return vfs_quotas(op, v, &(struct smbkit_quotas_args){0});
    case VFS_SET_QUOTA: return vfs_set_quota(op, v, &(struct smbkit_quota){0});
    case VFS_QUOTA_CONTROL: return vfs_quota_control(op, v);
    case VFS_SET_QUOTA_CONTROL:
        return vfs_set_quota_control(op, v, &(struct smbkit_quota_control){0});
    case VFS_SET_COMPRESSION: return vfs_set_compression(op, v, f, true);
    case VFS_CLOSE: return vfs_close(op, v, f);
    default: fail(); return false;
    }
}

static void release(void *ctx)
{
    (*(int *)ctx)++;
}

static void a_success(struct smbkit_op *op)
{
    smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
}

static void a_attr(struct smbkit_op *op)
{
    smbkit_reply_attr(op, &attr_ok);
}

static void a_open(struct smbkit_op *op)
{
    smbkit_reply_open(op, &the_file, &attr_ok, "A/b");
}

static void a_read(struct smbkit_op *op)
{
    memcpy(smbkit_op_buffer(op), "hello", 5);
    smbkit_reply_read(op, 5);
}

static void a_ref(struct smbkit_op *op)
{
    smbkit_reply_read_ref(op, "lasting", 7, release, &releases);
}

static void a_statfs(struct smbkit_op *op)
{
    smbkit_reply_statfs(op, &(struct smbkit_statfs){.total_bytes = 10, .free_bytes = 5});
}

static void a_quotas(struct smbkit_op *op)
{
    smbkit_reply_quotas(op, true);
}

static void a_control(struct smbkit_op *op)
{
    smbkit_reply_quota_control(op, &(struct smbkit_quota_control){.default_limit = 5});
}

static void a_end(struct smbkit_op *op)
{
    smbkit_reply_readdir(op, true);
}

static void a_data(struct smbkit_op *op)
{
    smbkit_reply_data(op, "bytes", 5);
}

static void a_reparse(struct smbkit_op *op)
{
    smbkit_reply_reparse(op, 1, "reparse!", 8);
}

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

static _Atomic bool stop;

static void *answerer(void *arg)
{
    while (!atomic_load(&stop)) {
        struct smbkit_op *op = atomic_exchange(&kept, NULL);
        if (op != NULL)
            a_attr(op);
        else
            sched_yield();
    }
    return NULL;
}

static void test_race(void **state)
{
    struct vfs_volume *v = volume(&full);
    pthread_t t;
    atomic_store(&stop, false);
    assert_int_equal(pthread_create(&t, NULL, answerer, NULL), 0);
    int later = 0;
    for (int i = 0; i < 3000; i++) {
        /* On the heap, freed at once: an answer that touches the op too long dies under ASan. */
        struct vfs_op *op = mem_alloc(sizeof(*op));
        vfs_op_init(op, on_done);
        if (!vfs_getattr(op, v, &the_file)) {
            later++;
            while (!testhost_deliver(&host))
                sched_yield();
        }
        assert_int_equal(op->status, SMBKIT_STATUS_SUCCESS);
        assert_true(op->attr_valid);
        vfs_op_clear(op);
        mem_free(op);
    }
    assert_int_equal(done_count, later);
    atomic_store(&stop, true);
    pthread_join(t, NULL);
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

/* --- defaults --- */

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

/* --- thread models --- */

static void test_parallel(void **state)
{
    struct smbkit_plugin p = full;
    p.thread_model = SMBKIT_THREAD_PARALLEL;
    struct vfs_volume *v = volume(&p);
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    answer = a_attr;
    assert_false(vfs_getattr(&op, v, &the_file));
    assert_true(testhost_work(&host));
    assert_int_equal(done_count, 0);
    assert_true(testhost_deliver(&host));
    assert_int_equal(done_count, 1);
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    assert_false(vfs_close(&op, v, &the_file));
    testhost_drain(&host);
    assert_int_equal(closes, 1);
    host.refuse = true;
    assert_true(vfs_getattr(&op, v, &the_file));
    assert_int_equal(op.status, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    host.refuse = false;
    vfs_op_clear(&op);
    vfs_volume_unref(v);
}

/* A close is not lost when too much is queued. */
static void test_close_refused(void **state)
{
    static const enum smbkit_thread_model models[] = {SMBKIT_THREAD_PARALLEL, SMBKIT_THREAD_SERIAL};
    for (size_t i = 0; i < ARRAY_LEN(models); i++) {
        struct smbkit_plugin p = full;
        p.thread_model = models[i];
        struct vfs_volume *v = volume(&p);
        struct vfs_op op;
        vfs_op_init(&op, on_done);
        host.refuse = true;
        assert_false(vfs_close(&op, v, &the_file));
        assert_true(testhost_deliver(&host));
        assert_true(testhost_deliver(&host));
        assert_int_equal(done_count, 0);
        host.refuse = false;
        testhost_drain(&host);
        assert_int_equal(closes, 1);
        assert_int_equal(done_count, 1);
        assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
        vfs_op_clear(&op);
        vfs_volume_unref(v);
    }
}

static struct vfs_op *order[8];
static size_t order_n;

static void a_in_order(struct smbkit_op *op)
{
    order[order_n++] = (struct vfs_op *)op;
    a_attr(op);
}

static void test_serial_order(void **state)
{
    struct smbkit_plugin p = full;
    p.thread_model = SMBKIT_THREAD_SERIAL;
    struct vfs_volume *v = volume(&p);
    struct vfs_op op[5];
    order_n = 0;
    answer = a_in_order;
    for (int i = 0; i < 5; i++) {
        vfs_op_init(&op[i], on_done);
        assert_false(vfs_getattr(&op[i], v, &the_file));
    }
    /* One job at a time; the rest waits in the volume. */
    assert_ptr_equal(host.jobs.next, host.jobs.prev);
    assert_true(testhost_work(&host));
    assert_int_equal(order_n, 1);
    assert_ptr_equal(host.jobs.next, host.jobs.prev);
    host.refuse = true; /* the worker that has the turn then makes the calls itself */
    assert_true(testhost_work(&host));
    assert_int_equal(order_n, 5);
    for (int i = 0; i < 5; i++)
        assert_ptr_equal(order[i], &op[i]);
    testhost_drain(&host);
    assert_int_equal(done_count, 5);
    assert_false(vfs_getattr(&op[0], v, &the_file)); /* refused: comes back later */
    testhost_drain(&host);
    assert_int_equal(op[0].status, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    host.refuse = false;
    assert_false(vfs_getattr(&op[0], v, &the_file)); /* and the volume still works */
    testhost_drain(&host);
    assert_int_equal(op[0].status, SMBKIT_STATUS_SUCCESS);
    vfs_volume_unref(v);
    for (int i = 0; i < 5; i++)
        vfs_op_clear(&op[i]);
}

static _Atomic int inside, most_inside;

static void a_alone(struct smbkit_op *op)
{
    int n = atomic_fetch_add(&inside, 1) + 1;
    if (n > atomic_load(&most_inside))
        atomic_store(&most_inside, n);
    sched_yield();
    atomic_fetch_sub(&inside, 1);
    a_attr(op);
}

static void *worker(void *arg)
{
    while (!atomic_load(&stop))
        if (!testhost_work(&host))
            sched_yield();
    return NULL;
}

static void test_serial_threads(void **state)
{
    struct smbkit_plugin p = full;
    p.thread_model = SMBKIT_THREAD_SERIAL;
    struct vfs_volume *v = volume(&p);
    enum { OPS = 16, ROUNDS = 100 };
    static struct vfs_op op[OPS];
    pthread_t t[3];
    answer = a_alone;
    atomic_store(&stop, false);
    atomic_store(&most_inside, 0);
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, worker, NULL);
    for (int i = 0; i < OPS; i++)
        vfs_op_init(&op[i], on_done);
    for (int r = 1; r <= ROUNDS; r++) {
        for (int i = 0; i < OPS; i++)
            assert_false(vfs_getattr(&op[i], v, &the_file));
        while (done_count < r * OPS)
            if (!testhost_deliver(&host))
                sched_yield();
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(atomic_load(&most_inside), 1);
    for (int i = 0; i < OPS; i++) {
        assert_int_equal(op[i].status, SMBKIT_STATUS_SUCCESS);
        vfs_op_clear(&op[i]);
    }
    vfs_volume_unref(v);
}

/* A default made of several calls, on workers. */
static void test_serial_steps(void **state)
{
    struct smbkit_vfs calls;
    struct smbkit_plugin p = bare_with(&calls);
    calls.write = t_write;
    p.thread_model = SMBKIT_THREAD_SERIAL;
    struct vfs_volume *v = volume(&p);
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    file_size = 1 << 20;
    answer = a_attr;
    assert_false(vfs_zero_range(&op, v, &the_file, 0, 1 << 20));
    testhost_drain(&host);
    assert_int_equal(done_count, 1);
    assert_int_equal(written, 1 << 20);
    vfs_op_clear(&op);
    vfs_volume_unref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_fd),
        cmocka_unit_test(test_fsctl_cut),
        cmocka_unit_test(test_inline_and_later),
        cmocka_unit_test(test_race),
        cmocka_unit_test(test_double_answer),
        cmocka_unit_test(test_wrong_kind),
        cmocka_unit_test(test_impossible),
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_memory_out),
        cmocka_unit_test(test_default_status),
        cmocka_unit_test(test_default_set_alloc),
        cmocka_unit_test(test_default_path_sd),
        cmocka_unit_test(test_default_can_delete),
        cmocka_unit_test(test_default_zero_range),
        cmocka_unit_test(test_parallel),
        cmocka_unit_test(test_close_refused),
        cmocka_unit_test(test_serial_order),
        cmocka_unit_test(test_serial_threads),
        cmocka_unit_test(test_serial_steps),
    };
    testhost_init(&host);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
