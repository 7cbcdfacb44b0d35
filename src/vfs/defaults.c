// SPDX-License-Identifier: Apache-2.0
/*
 * The table of operations: how each callback is called, which answers it takes, and what stands in
 * for one that the plugin leaves out (the defaults named in <smbkit/vfs.h>).
 *
 * A default that needs other callbacks is a chain of steps: each step reads the answer of the call
 * before it and sets up the next one with vfs_step_call. Steps run on the thread that owns the op;
 * the calls themselves obey the plugin's thread model. A step is also called for failed answers and
 * looks at op->status first.
 */
#include "vfs/vfs_int.h"
#include <string.h>

/* --- simple ones --- */

bool vfs_default_denied(struct vfs_op *op)
{
    op->status = SMBKIT_STATUS_ACCESS_DENIED;
    return false;
}

bool vfs_default_success(struct vfs_op *op)
{
    op->status = SMBKIT_STATUS_SUCCESS;
    return false;
}

bool vfs_default_not_supported(struct vfs_op *op)
{
    op->status = SMBKIT_STATUS_NOT_SUPPORTED;
    return false;
}

bool vfs_default_no_eas(struct vfs_op *op)
{
    op->status = SMBKIT_STATUS_EAS_NOT_SUPPORTED;
    return false;
}

bool vfs_default_no_sd(struct vfs_op *op)
{
    op->status = SMBKIT_STATUS_NOT_FOUND;
    return false;
}

bool vfs_default_no_reparse(struct vfs_op *op)
{
    op->status = SMBKIT_STATUS_NOT_A_REPARSE_POINT;
    return false;
}

bool vfs_default_not_here(struct vfs_op *op)
{
    op->status = SMBKIT_STATUS_INVALID_DEVICE_REQUEST;
    return false;
}

bool vfs_default_cleanup(struct vfs_op *op)
{
    const uint32_t deletes = SMBKIT_CLEANUP_DELETE | SMBKIT_CLEANUP_DELETE_FILE;
    op->status =
        op->arg.cleanup.flags & deletes ? SMBKIT_STATUS_ACCESS_DENIED : SMBKIT_STATUS_SUCCESS;
    return false;
}

#define TEBIBYTE (1ull << 40)

bool vfs_default_statfs(struct vfs_op *op)
{
    const char *share = op->volume->share;
    op->statfs = (struct smbkit_statfs){
        .total_bytes = TEBIBYTE,
        .free_bytes = TEBIBYTE,
        .block_size = 4096,
        .serial = (uint32_t)op->volume->id,
        .label = arena_strndup(&op->arena, share, strlen(share)),
    };
    op->status =
        op->statfs.label != NULL ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    return false;
}

/* --- those that only need the attributes --- */

/* The answer of getattr is the answer of the operation. */
bool vfs_default_setattr(struct vfs_op *op)
{
    return vfs_step_call(op, VFS_GETATTR, NULL);
}

/* A plugin that can have holes has them everywhere, so that there is nothing to switch on. */
bool vfs_default_set_sparse(struct vfs_op *op)
{
    if (op->volume->capabilities & SMBKIT_CAP_SPARSE)
        return vfs_step_call(op, VFS_GETATTR, NULL);
    op->status = SMBKIT_STATUS_INVALID_DEVICE_REQUEST;
    return false;
}

bool vfs_default_overwrite(struct vfs_op *op)
{
    op->arg.size.size = 0;
    return vfs_step_call(op, VFS_SET_SIZE, NULL);
}

static bool ranges_from_attr(struct vfs_op *op)
{
    uint64_t from = op->arg.range.offset;
    uint64_t size = op->attr.size;
    if (op->status != SMBKIT_STATUS_SUCCESS || from >= size || op->arg.range.length == 0)
        return false;
    op->ranges = arena_array(&op->arena, 1, sizeof(*op->ranges));
    if (op->ranges == NULL) {
        op->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
        return false;
    }
    op->ranges[0] = (struct smbkit_range){from, MIN(op->arg.range.length, size - from)};
    op->range_count = op->range_cap = 1;
    return false;
}

bool vfs_default_ranges(struct vfs_op *op)
{
    return vfs_step_call(op, VFS_GETATTR, ranges_from_attr);
}

static bool stream_from_attr(struct vfs_op *op)
{
    if (op->status != SMBKIT_STATUS_SUCCESS || (op->attr.attributes & SMBKIT_ATTR_DIRECTORY))
        return false;
    op->streams = arena_array(&op->arena, 1, sizeof(*op->streams));
    if (op->streams == NULL) {
        op->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
        return false;
    }
    op->streams[0] =
        (struct vfs_stream){.name = "", .size = op->attr.size, .alloc_size = op->attr.alloc_size};
    op->stream_count = op->stream_cap = 1;
    return false;
}

bool vfs_default_list_streams(struct vfs_op *op)
{
    return vfs_step_call(op, VFS_GETATTR, stream_from_attr);
}

static bool cut_if_smaller(struct vfs_op *op)
{
    if (op->status != SMBKIT_STATUS_SUCCESS || op->arg.size.size >= op->attr.size)
        return false;
    return vfs_step_call(op, VFS_SET_SIZE, NULL);
}

bool vfs_default_set_alloc(struct vfs_op *op)
{
    return vfs_step_call(op, VFS_GETATTR, cut_if_smaller);
}

/* --- can_delete: a folder that lists nothing --- */

static bool empty_if_nothing_listed(struct vfs_op *op)
{
    if (op->status == SMBKIT_STATUS_SUCCESS && op->dirent_count > 0)
        op->status = SMBKIT_STATUS_DIRECTORY_NOT_EMPTY;
    op->dirents = NULL;
    op->dirent_count = op->dirent_cap = 0;
    return false;
}

bool vfs_default_can_delete(struct vfs_op *op)
{
    bool is_directory = op->pos != 0;
    op->status = SMBKIT_STATUS_SUCCESS;
    if (!is_directory || !vfs_level_has(op->level, VFS_READDIR))
        return false;
    op->arg.readdir = (struct smbkit_readdir_args){.pattern = "*", .max_entries = 1};
    return vfs_step_call(op, VFS_READDIR, empty_if_nothing_listed);
}

/* --- zero_range: getattr, then writes of zeros up to the end of file --- */

static const uint8_t zeros[65536];

static bool zero_next(struct vfs_op *op)
{
    if (op->status != SMBKIT_STATUS_SUCCESS)
        return false;
    if (atomic_load(&op->cancelled)) {
        op->status = SMBKIT_STATUS_CANCELLED;
        return false;
    }
    /* write may answer without attributes; the operation may not. */
    if (op->pos >= op->end)
        return !op->attr_valid && vfs_step_call(op, VFS_GETATTR, NULL);
    uint32_t n = (uint32_t)MIN(op->end - op->pos, sizeof(zeros));
    op->arg.io.offset = op->pos;
    op->arg.io.length = n;
    op->arg.io.data = zeros;
    op->pos += n;
    op->attr_valid = false;
    return vfs_step_call(op, VFS_WRITE, zero_next);
}

static bool zero_from_attr(struct vfs_op *op)
{
    uint64_t from = op->arg.range.offset, length = op->arg.range.length;
    uint64_t size = op->attr.size;
    op->pos = MIN(from, size);
    op->end = length > size - op->pos ? size : op->pos + length;
    return zero_next(op);
}

bool vfs_default_zero_range(struct vfs_op *op)
{
    return vfs_step_call(op, VFS_GETATTR, zero_from_attr);
}

/* --- a file that was opened in vain --- */

static bool end_after_close(struct vfs_op *op)
{
    op->status = op->then;
    return false;
}

bool vfs_step_close_opened(struct vfs_op *op)
{
    op->file = op->opened;
    op->opened = NULL;
    if (vfs_step_call(op, VFS_CLOSE, end_after_close))
        return true;
    return end_after_close(op);
}

/* --- path_sd: open, get_sd, cleanup, close --- */

static bool path_sd_cleaned(struct vfs_op *op)
{
    return vfs_step_close_opened(op);
}

/* `then` keeps the answer while the file is closed again. */
static bool path_sd_known(struct vfs_op *op)
{
    op->then = op->status;
    op->arg.cleanup.flags = 0;
    if (vfs_step_call(op, VFS_CLEANUP, path_sd_cleaned))
        return true;
    return vfs_step_close_opened(op);
}

static bool path_sd_opened(struct vfs_op *op)
{
    if (op->status != SMBKIT_STATUS_SUCCESS)
        return false;
    op->file = op->opened;
    if (vfs_step_call(op, VFS_GET_SD, path_sd_known))
        return true;
    op->status = SMBKIT_STATUS_NOT_FOUND;
    return path_sd_known(op);
}

bool vfs_default_path_sd(struct vfs_op *op)
{
    const char *path = op->arg.open.path;
    op->arg.open = (struct smbkit_open_args){
        .path = path,
        .access = 0x00020000, /* READ_CONTROL */
        .flags = SMBKIT_OPEN_REPARSE_POINT,
    };
    return vfs_step_call(op, VFS_OPEN, path_sd_opened);
}

/* --- the calls --- */

#define CALLBACK(field)                                 \
    static bool has_##field(const struct smbkit_vfs *f) \
    {                                                   \
        return f->field != NULL;                        \
    }                                                   \
    static void do_##field(struct vfs_op *op)           \
    {                                                   \
        const struct smbkit_vfs *f = &op->level->vfs;   \
        void *vol = op->level->vol, *file = op->file;   \
        (void)file;                                     \
        f->field CALLBACK_ARGS_##field;                 \
    }

#define CALLBACK_ARGS_statfs  (vfs_op_public(op), vol)
#define CALLBACK_ARGS_open    (vfs_op_public(op), vol, &op->arg.open)
#define CALLBACK_ARGS_create  (vfs_op_public(op), vol, &op->arg.create)
#define CALLBACK_ARGS_cleanup (vfs_op_public(op), vol, file, op->arg.cleanup.flags)
#define CALLBACK_ARGS_read    (vfs_op_public(op), vol, file, op->arg.io.offset, op->arg.io.length)
#define CALLBACK_ARGS_write \
    (vfs_op_public(op), vol, file, op->arg.io.offset, op->arg.io.data, op->arg.io.length)
#define CALLBACK_ARGS_flush   (vfs_op_public(op), vol, file)
#define CALLBACK_ARGS_getattr (vfs_op_public(op), vol, file)
#define CALLBACK_ARGS_setattr \
    (vfs_op_public(op), vol, file, &op->arg.setattr.attr, op->arg.setattr.which)
#define CALLBACK_ARGS_set_size   (vfs_op_public(op), vol, file, op->arg.size.size)
#define CALLBACK_ARGS_set_alloc  (vfs_op_public(op), vol, file, op->arg.size.size)
#define CALLBACK_ARGS_readdir    (vfs_op_public(op), vol, file, &op->arg.readdir)
#define CALLBACK_ARGS_can_delete (vfs_op_public(op), vol, file)
#define CALLBACK_ARGS_rename     (vfs_op_public(op), vol, file, op->arg.rename.to, op->arg.rename.flags)
#define CALLBACK_ARGS_link       (vfs_op_public(op), vol, file, op->arg.rename.to, op->arg.rename.flags)
#define CALLBACK_ARGS_zero_range \
    (vfs_op_public(op), vol, file, op->arg.range.offset, op->arg.range.length)
#define CALLBACK_ARGS_allocated_ranges \
    (vfs_op_public(op), vol, file, op->arg.range.offset, op->arg.range.length)
#define CALLBACK_ARGS_overwrite         (vfs_op_public(op), vol, file)
#define CALLBACK_ARGS_list_streams      (vfs_op_public(op), vol, file)
#define CALLBACK_ARGS_rename_stream     CALLBACK_ARGS_rename
#define CALLBACK_ARGS_get_eas           (vfs_op_public(op), vol, file)
#define CALLBACK_ARGS_set_eas           (vfs_op_public(op), vol, file, op->arg.eas.eas, op->arg.eas.count)
#define CALLBACK_ARGS_get_sd            (vfs_op_public(op), vol, file)
#define CALLBACK_ARGS_path_sd           (vfs_op_public(op), vol, op->arg.open.path)
#define CALLBACK_ARGS_set_sd            (vfs_op_public(op), vol, file, op->arg.blob.data, op->arg.blob.len)
#define CALLBACK_ARGS_set_sparse        (vfs_op_public(op), vol, file, op->arg.mark.on)
#define CALLBACK_ARGS_get_reparse       (vfs_op_public(op), vol, file)
#define CALLBACK_ARGS_set_reparse       CALLBACK_ARGS_set_sd
#define CALLBACK_ARGS_set_compression   CALLBACK_ARGS_set_sparse
#define CALLBACK_ARGS_watch             CALLBACK_ARGS_set_sparse
#define CALLBACK_ARGS_copy_range        (vfs_op_public(op), vol, file, &op->arg.copy)
#define CALLBACK_ARGS_fsctl             (vfs_op_public(op), vol, file, &op->arg.fsctl)
#define CALLBACK_ARGS_quotas            (vfs_op_public(op), vol, &op->arg.quotas)
#define CALLBACK_ARGS_set_quota         (vfs_op_public(op), vol, &op->arg.quota)
#define CALLBACK_ARGS_quota_control     (vfs_op_public(op), vol)
#define CALLBACK_ARGS_set_quota_control (vfs_op_public(op), vol, &op->arg.quota_control)

CALLBACK(statfs)
CALLBACK(open)
CALLBACK(create)
CALLBACK(cleanup)
CALLBACK(read)
CALLBACK(write)
CALLBACK(flush)
CALLBACK(getattr)
CALLBACK(setattr)
CALLBACK(set_size)
CALLBACK(set_alloc)
CALLBACK(readdir)
CALLBACK(can_delete)
CALLBACK(rename)
CALLBACK(link)
CALLBACK(zero_range)
CALLBACK(allocated_ranges)
CALLBACK(overwrite)
CALLBACK(list_streams)
CALLBACK(rename_stream)
CALLBACK(get_eas)
CALLBACK(set_eas)
CALLBACK(get_sd)
CALLBACK(path_sd)
CALLBACK(set_sd)
CALLBACK(set_sparse)
CALLBACK(get_reparse)
CALLBACK(set_reparse)
CALLBACK(copy_range)
CALLBACK(set_compression)
CALLBACK(watch)
CALLBACK(fsctl)
CALLBACK(quotas)
CALLBACK(set_quota)
CALLBACK(quota_control)
CALLBACK(set_quota_control)

static bool has_close(const struct smbkit_vfs *f)
{
    return f->close != NULL;
}

/* The only callback without an answer: its end is the answer. */
static void do_close(struct vfs_op *op)
{
    op->level->vfs.close(op->level->vol, op->file);
    if (vfs_answer_begin(op))
        vfs_answer_end(op, SMBKIT_STATUS_SUCCESS);
}

#define ROW(field, answer, standin, form, alters)                                        \
    {                                                                                    \
        .name = #field, .answers = answer, .present = has_##field, .invoke = do_##field, \
        .fallback = standin, .shape = VFS_SHAPE_##form, .changes = alters,               \
    }

const struct vfs_call vfs_calls[VFS_CODES] = {
    [VFS_STATFS] = ROW(statfs, VFS_ANSWER_STATFS, vfs_default_statfs, VOLUME, false),
    [VFS_OPEN] = ROW(open, VFS_ANSWER_OPEN | VFS_ANSWER_REPARSE, vfs_default_denied, OPEN, false),
    [VFS_CREATE] =
        ROW(create, VFS_ANSWER_OPEN | VFS_ANSWER_REPARSE, vfs_default_denied, CREATE, true),
    [VFS_CLEANUP] = ROW(cleanup, VFS_ANSWER_STATUS, vfs_default_cleanup, CLEANUP, false),
    [VFS_READ] = ROW(read, VFS_ANSWER_READ, vfs_default_denied, IO, false),
    [VFS_WRITE] = ROW(write, VFS_ANSWER_ATTR | VFS_ANSWER_STATUS, vfs_default_denied, IO, true),
    [VFS_FLUSH] = ROW(flush, VFS_ANSWER_STATUS, vfs_default_success, FILE, false),
    [VFS_GETATTR] = ROW(getattr, VFS_ANSWER_ATTR, vfs_default_denied, FILE, false),
    [VFS_SETATTR] = ROW(setattr, VFS_ANSWER_ATTR, vfs_default_setattr, FILE, true),
    [VFS_SET_SIZE] = ROW(set_size, VFS_ANSWER_ATTR, vfs_default_denied, SIZE, true),
    [VFS_SET_ALLOC] = ROW(set_alloc, VFS_ANSWER_ATTR, vfs_default_set_alloc, SIZE, true),
    [VFS_READDIR] = ROW(readdir, VFS_ANSWER_READDIR, vfs_default_not_here, FILE, false),
    [VFS_CAN_DELETE] = ROW(can_delete, VFS_ANSWER_STATUS, vfs_default_can_delete, FILE, false),
    [VFS_RENAME] = ROW(rename, VFS_ANSWER_ATTR, vfs_default_denied, NAME, true),
    [VFS_LINK] = ROW(link, VFS_ANSWER_ATTR, vfs_default_not_supported, NAME, true),
    [VFS_ZERO_RANGE] = ROW(zero_range, VFS_ANSWER_ATTR, vfs_default_zero_range, RANGE, true),
    [VFS_ALLOCATED_RANGES] =
        ROW(allocated_ranges, VFS_ANSWER_STATUS, vfs_default_ranges, RANGE, false),
    [VFS_OVERWRITE] = ROW(overwrite, VFS_ANSWER_ATTR, vfs_default_overwrite, FILE, true),
    [VFS_LIST_STREAMS] =
        ROW(list_streams, VFS_ANSWER_STATUS, vfs_default_list_streams, FILE, false),
    [VFS_RENAME_STREAM] =
        ROW(rename_stream, VFS_ANSWER_ATTR, vfs_default_not_supported, NAME, true),
    [VFS_GET_EAS] = ROW(get_eas, VFS_ANSWER_STATUS, vfs_default_success, FILE, false),
    [VFS_SET_EAS] = ROW(set_eas, VFS_ANSWER_ATTR, vfs_default_no_eas, FILE, true),
    [VFS_GET_SD] = ROW(get_sd, VFS_ANSWER_DATA, vfs_default_no_sd, FILE, false),
    [VFS_PATH_SD] =
        ROW(path_sd, VFS_ANSWER_DATA | VFS_ANSWER_REPARSE, vfs_default_path_sd, OPEN, false),
    [VFS_SET_SD] = ROW(set_sd, VFS_ANSWER_ATTR, vfs_default_not_supported, FILE, true),
    [VFS_SET_SPARSE] = ROW(set_sparse, VFS_ANSWER_ATTR, vfs_default_set_sparse, FILE, true),
    [VFS_GET_REPARSE] = ROW(get_reparse, VFS_ANSWER_DATA, vfs_default_no_reparse, FILE, false),
    [VFS_SET_REPARSE] = ROW(set_reparse, VFS_ANSWER_ATTR, vfs_default_not_here, FILE, true),
    [VFS_COPY_RANGE] = ROW(copy_range, VFS_ANSWER_ATTR, vfs_default_not_supported, COPY, true),
    [VFS_FSCTL] = ROW(fsctl, VFS_ANSWER_DATA | VFS_ANSWER_STATUS, vfs_default_not_here, FILE, true),
    [VFS_SET_COMPRESSION] =
        ROW(set_compression, VFS_ANSWER_ATTR, vfs_default_not_supported, FILE, true),
    [VFS_WATCH] = ROW(watch, VFS_ANSWER_STATUS, vfs_default_success, FILE, false),
    [VFS_QUOTAS] = ROW(quotas, VFS_ANSWER_QUOTAS, vfs_default_not_supported, VOLUME, false),
    [VFS_SET_QUOTA] = ROW(set_quota, VFS_ANSWER_STATUS, vfs_default_not_supported, VOLUME, true),
    [VFS_QUOTA_CONTROL] =
        ROW(quota_control, VFS_ANSWER_CONTROL, vfs_default_not_supported, VOLUME, false),
    [VFS_SET_QUOTA_CONTROL] =
        ROW(set_quota_control, VFS_ANSWER_STATUS, vfs_default_not_supported, VOLUME, true),
    [VFS_CLOSE] = ROW(close, 0, vfs_default_success, FILE, false),
};
