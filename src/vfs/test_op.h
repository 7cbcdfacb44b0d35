// SPDX-License-Identifier: Apache-2.0
/*
 * What the tests of operations share: a plugin with every callback, which answers as the test says
 * or keeps the operation, one with as few as there can be, answers of each kind, and any operation
 * by its code.
 */
#ifndef VFS_TEST_OP_H
#define VFS_TEST_OP_H

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

static inline void on_done(struct vfs_op *op)
{
    done_count++;
}

/* --- a plugin that does what the test says --- */

static void (*answer)(struct smbkit_op *op); /* for the callback under test; NULL: keep it */
static struct smbkit_op *_Atomic kept;

static inline void act(struct smbkit_op *op)
{
    if (answer != NULL)
        answer(op);
    else
        atomic_store(&kept, op);
}

static inline smbkit_status t_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                         size_t count, void **vol)
{
    *vol = &file_size;
    return SMBKIT_STATUS_SUCCESS;
}

static inline void t_plain(struct smbkit_op *op, void *vol)
{
    act(op);
}

static inline void t_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *a)
{
    assert_string_equal(a->path, "a/b");
    act(op);
}

static inline void t_create(struct smbkit_op *op, void *vol, const struct smbkit_create_args *a)
{
    act(op);
}

static inline void t_file(struct smbkit_op *op, void *vol, void *file)
{
    assert_ptr_equal(file, &the_file);
    act(op);
}

static inline void t_cleanup(struct smbkit_op *op, void *vol, void *file, uint32_t flags)
{
    act(op);
}

static inline void t_close(void *vol, void *file)
{
    assert_ptr_equal(file, &the_file);
    closes++;
}

static inline void t_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                          uint32_t length)
{
    act(op);
}

static inline void t_write(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                           const void *data, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        assert_int_equal(((const uint8_t *)data)[i], 0);
    assert_true(offset + length <= 10 << 20);
    written += length;
    act(op);
}

static inline void t_size(struct smbkit_op *op, void *vol, void *file, uint64_t size)
{
    file_size = size;
    act(op);
}

static inline void t_setattr(struct smbkit_op *op, void *vol, void *file,
                             const struct smbkit_attr *a, uint32_t which)
{
    act(op);
}

static inline void t_readdir(struct smbkit_op *op, void *vol, void *dir,
                             const struct smbkit_readdir_args *a)
{
    act(op);
}

static inline void t_rename(struct smbkit_op *op, void *vol, void *file, const char *to,
                            uint32_t flags)
{
    act(op);
}

static inline void t_eas(struct smbkit_op *op, void *vol, void *file, const struct smbkit_ea *eas,
                         size_t count)
{
    act(op);
}

static inline void t_path(struct smbkit_op *op, void *vol, const char *path)
{
    assert_string_equal(path, "a/b");
    act(op);
}

static inline void t_blob(struct smbkit_op *op, void *vol, void *file, const void *data, size_t len)
{
    assert_memory_equal(data, "blob", len);
    act(op);
}

static inline void t_sparse(struct smbkit_op *op, void *vol, void *file, bool sparse)
{
    act(op);
}

static inline void t_range(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                           uint64_t length)
{
    act(op);
}

/* Attributes with the size that the test chose; never what a test answers with. */
static inline void t_getattr(struct smbkit_op *op, void *vol, void *file)
{
    struct smbkit_attr a = attr_ok;
    a.size = file_size;
    smbkit_reply_attr(op, &a);
}

static inline void t_copy(struct smbkit_op *op, void *vol, void *file,
                          const struct smbkit_copy_args *args)
{
    act(op);
}

static inline void t_fsctl(struct smbkit_op *op, void *vol, void *file,
                           const struct smbkit_fsctl_args *args)
{
    act(op);
}

static inline void t_quotas(struct smbkit_op *op, void *vol, const struct smbkit_quotas_args *args)
{
    act(op);
}

static inline void t_set_quota(struct smbkit_op *op, void *vol, const struct smbkit_quota *quota)
{
    act(op);
}

static inline void t_set_control(struct smbkit_op *op, void *vol,
                                 const struct smbkit_quota_control *control)
{
    act(op);
}

static const struct smbkit_plugin full = {
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

static const struct smbkit_plugin bare = {
    SMBKIT_PLUGIN_INIT,
    .name = "bare",
    .vfs = &(
        const struct smbkit_vfs){.share_open = t_share_open, .open = t_open, .getattr = t_getattr},
};

/* The bare plugin with callbacks of its own in `calls`. */
static inline struct smbkit_plugin bare_with(struct smbkit_vfs *calls)
{
    struct smbkit_plugin p = bare;
    *calls = *bare.vfs;
    p.vfs = calls;
    return p;
}

static inline struct vfs_volume *volume(const struct smbkit_plugin *p)
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
static inline bool start_code(struct vfs_op *op, struct vfs_volume *v, enum vfs_code code)
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

static inline void release(void *ctx)
{
    (*(int *)ctx)++;
}

static inline void a_success(struct smbkit_op *op)
{
    smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
}

static inline void a_attr(struct smbkit_op *op)
{
    smbkit_reply_attr(op, &attr_ok);
}

static inline void a_open(struct smbkit_op *op)
{
    smbkit_reply_open(op, &the_file, &attr_ok, "A/b");
}

static inline void a_read(struct smbkit_op *op)
{
    memcpy(smbkit_op_buffer(op), "hello", 5);
    smbkit_reply_read(op, 5);
}

static inline void a_ref(struct smbkit_op *op)
{
    smbkit_reply_read_ref(op, "lasting", 7, release, &releases);
}

static inline void a_statfs(struct smbkit_op *op)
{
    smbkit_reply_statfs(op, &(struct smbkit_statfs){.total_bytes = 10, .free_bytes = 5});
}

static inline void a_quotas(struct smbkit_op *op)
{
    smbkit_reply_quotas(op, true);
}

static inline void a_control(struct smbkit_op *op)
{
    smbkit_reply_quota_control(op, &(struct smbkit_quota_control){.default_limit = 5});
}

static inline void a_end(struct smbkit_op *op)
{
    smbkit_reply_readdir(op, true);
}

static inline void a_data(struct smbkit_op *op)
{
    smbkit_reply_data(op, "bytes", 5);
}

static inline void a_reparse(struct smbkit_op *op)
{
    smbkit_reply_reparse(op, 1, "reparse!", 8);
}

#endif
