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

bool vfs_default_link(struct vfs_op *op)
{
    op->status = SMBKIT_STATUS_NOT_SUPPORTED;
    return false;
}

bool vfs_default_readdir(struct vfs_op *op)
{
    op->status = SMBKIT_STATUS_INVALID_DEVICE_REQUEST;
    return false;
}

bool vfs_default_cleanup(struct vfs_op *op)
{
    op->status = op->arg.cleanup.flags & SMBKIT_CLEANUP_DELETE ? SMBKIT_STATUS_ACCESS_DENIED
                                                               : SMBKIT_STATUS_SUCCESS;
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
    if (!is_directory || op->volume->vfs.readdir == NULL)
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

/* --- the calls --- */

#define CALLBACK(field)                                 \
    static bool has_##field(const struct smbkit_vfs *f) \
    {                                                   \
        return f->field != NULL;                        \
    }                                                   \
    static void do_##field(struct vfs_op *op)           \
    {                                                   \
        const struct smbkit_vfs *f = &op->volume->vfs;  \
        void *vol = op->volume->vol, *file = op->file;  \
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

static bool has_close(const struct smbkit_vfs *f)
{
    return f->close != NULL;
}

/* The only callback without an answer: its end is the answer. */
static void do_close(struct vfs_op *op)
{
    op->volume->vfs.close(op->volume->vol, op->file);
    if (vfs_answer_begin(op))
        vfs_answer_end(op, SMBKIT_STATUS_SUCCESS);
}

#define ROW(field, answer, standin)                      \
    {                                                    \
#field, answer, has_##field, do_##field, standin \
    }

const struct vfs_call vfs_calls[VFS_CODES] = {
    [VFS_STATFS] = ROW(statfs, VFS_ANSWER_STATFS, vfs_default_statfs),
    [VFS_OPEN] = ROW(open, VFS_ANSWER_OPEN, vfs_default_denied),
    [VFS_CREATE] = ROW(create, VFS_ANSWER_OPEN, vfs_default_denied),
    [VFS_CLEANUP] = ROW(cleanup, VFS_ANSWER_STATUS, vfs_default_cleanup),
    [VFS_READ] = ROW(read, VFS_ANSWER_READ, vfs_default_denied),
    [VFS_WRITE] = ROW(write, VFS_ANSWER_ATTR | VFS_ANSWER_STATUS, vfs_default_denied),
    [VFS_FLUSH] = ROW(flush, VFS_ANSWER_STATUS, vfs_default_success),
    [VFS_GETATTR] = ROW(getattr, VFS_ANSWER_ATTR, vfs_default_denied),
    [VFS_SETATTR] = ROW(setattr, VFS_ANSWER_ATTR, vfs_default_setattr),
    [VFS_SET_SIZE] = ROW(set_size, VFS_ANSWER_ATTR, vfs_default_denied),
    [VFS_SET_ALLOC] = ROW(set_alloc, VFS_ANSWER_ATTR, vfs_default_set_alloc),
    [VFS_READDIR] = ROW(readdir, VFS_ANSWER_READDIR, vfs_default_readdir),
    [VFS_CAN_DELETE] = ROW(can_delete, VFS_ANSWER_STATUS, vfs_default_can_delete),
    [VFS_RENAME] = ROW(rename, VFS_ANSWER_ATTR, vfs_default_denied),
    [VFS_LINK] = ROW(link, VFS_ANSWER_ATTR, vfs_default_link),
    [VFS_ZERO_RANGE] = ROW(zero_range, VFS_ANSWER_ATTR, vfs_default_zero_range),
    [VFS_ALLOCATED_RANGES] = ROW(allocated_ranges, VFS_ANSWER_STATUS, vfs_default_ranges),
    [VFS_CLOSE] = ROW(close, 0, vfs_default_success),
};
