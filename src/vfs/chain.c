// SPDX-License-Identifier: Apache-2.0
/*
 * Filters: the levels of a volume, and the filter's side of an operation (<smbkit/filter.h>).
 *
 *   level 0   filter  --pass-->  level 1   filter  --pass-->  level 2   plugin
 *                     <-hook--                     <-hook--
 *
 * An operation is always in the hands of one level. Going down (vfs_level_descend) only moves
 * op->level; what passes an operation on and wants to hear of the answer leaves a frame, which
 * holds what the next call will overwrite. Going up (vfs_level_ascend) skips levels without a
 * frame: they cost nothing. A step of a default (defaults.c) belongs to the level that the default
 * was made at; passing on in the middle of one leaves a frame without a hook.
 *
 * Threads: descending and ascending on the thread that owns the op, everything else in the hands of
 * the level.
 */
#include "base/mem.h"
#include "vfs/vfs_int.h"
#include <stdio.h>
#include <string.h>

static struct vfs_op *from_public(const struct smbkit_op *op)
{
    struct vfs_op *o = (struct vfs_op *)(uintptr_t)op;
    MAGIC_CHECK(o, VFS_OP_MAGIC);
    return o;
}

static bool has_file(enum vfs_code code)
{
    return vfs_calls[code].shape >= VFS_SHAPE_FILE;
}

/* --- levels --- */

static bool has_callback(const struct vfs_level *l, enum vfs_code call)
{
    if (l->filter != NULL && call == VFS_CLOSE)
        return l->filter->close != NULL;
    return vfs_calls[call].present(&l->vfs);
}

bool vfs_level_has(const struct vfs_level *l, enum vfs_code call)
{
    return has_callback(l, call) || (l->filter != NULL && l->filter->any != NULL);
}

void vfs_level_invoke(struct vfs_op *op)
{
    const struct vfs_level *l = op->level;
    op->plugin = l->name;
    if (op->hook != NULL) {
        smbkit_hook *hook = op->hook;
        op->hook = NULL;
        hook(vfs_op_public(op), l->vol, op->hook_ctx);
    } else if (l->filter == NULL) {
        vfs_calls[op->call].invoke(op);
    } else if (!has_callback(l, op->call)) {
        struct smbkit_call call;
        smbkit_call_of(vfs_op_public(op), &call);
        l->filter->any(vfs_op_public(op), l->vol, &call);
    } else if (op->call == VFS_CLOSE) {
        l->filter->close(vfs_op_public(op), l->vol, op->file);
    } else {
        vfs_calls[op->call].invoke(op);
    }
}

/* Leaves a level without a call: its file is exchanged for the next one's. */
static void unwrap_file(struct vfs_op *op)
{
    if (!(op->level->flags & SMBKIT_FILTER_OWN_FILES))
        return;
    if (has_file(op->call) && op->file != NULL)
        op->file = ((struct smbkit_filter_file *)op->file)->next;
    if (op->call == VFS_COPY_RANGE && op->arg.copy.from != NULL)
        op->arg.copy.from = ((struct smbkit_filter_file *)op->arg.copy.from)->next;
}

/* Does the operation end here when there is no callback for it? A filter with files of its own may
   hold bytes that a copy behind its back would miss. */
static bool stops_at(const struct vfs_level *l, enum vfs_code call)
{
    return l->filter == NULL || l->flags & SMBKIT_FILTER_COMPLETE ||
           (l->flags & SMBKIT_FILTER_OWN_FILES && call == VFS_COPY_RANGE);
}

bool vfs_level_descend(struct vfs_op *op)
{
    op->level = op->level == NULL ? op->volume->levels : op->level + 1;
    for (;; op->level++) {
        const struct vfs_level *l = op->level;
        if (vfs_level_has(l, op->call))
            return true;
        if (stops_at(l, op->call))
            return vfs_calls[op->call].fallback(op);
        unwrap_file(op);
    }
}

/* Takes op back to the level that left the innermost frame. True: a hook is to be called. */
static bool frame_pop(struct vfs_op *op)
{
    struct vfs_frame *f = op->frame;
    op->frame = f->prev;
    op->level = f->level;
    op->call = f->call;
    op->file = f->file;
    op->arg = f->arg;
    op->next = f->next;
    op->pos = f->pos;
    op->end = f->end;
    op->then = f->then;
    op->hook = f->hook;
    op->hook_ctx = f->ctx;
    op->in_hook = f->hook != NULL;
    f->prev = op->spare;
    op->spare = f;
    return op->in_hook;
}

bool vfs_level_ascend(struct vfs_op *op)
{
    for (;;) {
        vfs_step *next = op->next;
        op->next = NULL;
        if (next != NULL && next(op))
            return true;
        op->pending = NULL;
        if (op->frame == NULL)
            return false;
        if (frame_pop(op))
            return true;
    }
}

/* --- passing on --- */

static struct vfs_frame *frame_new(struct vfs_op *op)
{
    struct vfs_frame *f = op->spare;
    if (f != NULL)
        op->spare = f->prev;
    else
        f = arena_alloc(&op->arena, sizeof(*f));
    if (f != NULL)
        f->hook = NULL;
    return f;
}

bool smbkit_then(struct smbkit_op *sop, smbkit_hook *hook, void *ctx)
{
    struct vfs_op *op = from_public(sop);
    if (op->pending == NULL)
        op->pending = frame_new(op);
    if (op->pending == NULL)
        return false;
    op->pending->hook = hook;
    op->pending->ctx = ctx;
    return true;
}

static void frame_push(struct vfs_op *op, struct vfs_frame *f)
{
    smbkit_hook *hook = f->hook;
    void *ctx = hook != NULL ? f->ctx : NULL;
    *f = (struct vfs_frame){op->frame, op->level, hook,    ctx,     op->call, op->file,
                            op->arg,   op->next,  op->pos, op->end, op->then};
    op->frame = f;
    op->next = NULL;
}

/* Claims the op for another call; NULL: it was answered already, or is now because memory is out.
   To be followed by next_end. */
static struct vfs_op *next_begin(struct smbkit_op *sop)
{
    struct vfs_op *op = from_public(sop);
    if (!vfs_answer_begin(op))
        return NULL;
    struct vfs_frame *f = op->pending;
    op->pending = NULL;
    if (f == NULL && op->next != NULL) {
        f = frame_new(op);
        if (f == NULL) {
            vfs_answer_end(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
            return NULL;
        }
    }
    if (f != NULL)
        frame_push(op, f);
    return op;
}

static void next_end(struct vfs_op *op, enum vfs_code call)
{
    op->call = call;
    op->pass = VFS_PASS_NEXT;
    vfs_answer_end(op, SMBKIT_STATUS_SUCCESS);
}

void smbkit_pass(struct smbkit_op *sop)
{
    struct vfs_op *op = next_begin(sop);
    if (op == NULL)
        return;
    bool had = op->file != NULL;
    unwrap_file(op);
    bool lost = op->call == VFS_COPY_RANGE && op->arg.copy.from == NULL;
    if ((has_file(op->call) && had && op->file == NULL) || lost) {
        LOGE(op->log, "filter %s: %s was passed on with a file that the next one does not know",
             op->plugin, vfs_code_name(op->call));
        vfs_answer_end(op, SMBKIT_STATUS_INTERNAL_ERROR);
        return;
    }
    next_end(op, op->call);
}

void smbkit_next_close(struct smbkit_op *sop, void *file)
{
    struct vfs_op *op = next_begin(sop);
    if (op == NULL)
        return;
    op->file = file;
    next_end(op, VFS_CLOSE);
}

void smbkit_sleep(struct smbkit_op *sop, uint64_t ns, smbkit_hook *hook, void *ctx)
{
    struct vfs_op *op = from_public(sop);
    if (!vfs_answer_claim(op))
        return;
    op->hook = hook;
    op->hook_ctx = ctx;
    op->sleep = ns;
    op->pass = VFS_PASS_SLEEP;
    vfs_answer_end(op, op->status);
}

/* --- the callbacks of the next one --- */

/* Sets what stands in `...` and passes the operation on. */
#define NEXT(sop, code, ...)                 \
    do {                                     \
        struct vfs_op *op = next_begin(sop); \
        if (op != NULL) {                    \
            __VA_ARGS__;                     \
            next_end(op, code);              \
        }                                    \
    } while (0)

static void next_statfs(struct smbkit_op *sop, void *vol)
{
    NEXT(sop, VFS_STATFS, op->file = NULL);
}

static void next_open(struct smbkit_op *sop, void *vol, const struct smbkit_open_args *a)
{
    NEXT(sop, VFS_OPEN, op->arg.open = *a);
}

static void next_create(struct smbkit_op *sop, void *vol, const struct smbkit_create_args *a)
{
    NEXT(sop, VFS_CREATE, op->arg.create = *a);
}

static void next_path_sd(struct smbkit_op *sop, void *vol, const char *path)
{
    NEXT(sop, VFS_PATH_SD, op->arg.open = (struct smbkit_open_args){.path = path});
}

static void next_cleanup(struct smbkit_op *sop, void *vol, void *file, uint32_t flags)
{
    NEXT(sop, VFS_CLEANUP, op->file = file; op->arg.cleanup.flags = flags);
}

static void next_io(struct smbkit_op *sop, enum vfs_code code, void *file, uint64_t offset,
                    const void *data, uint32_t length)
{
    /* A buffer that the filter has taken is as long as it was asked for, not as it asks. */
    NEXT(sop, code, buf_unref(op->buffer); op->buffer = NULL; op->file = file;
         op->arg.io.offset = offset; op->arg.io.data = data; op->arg.io.length = length);
}

static void next_read(struct smbkit_op *sop, void *vol, void *file, uint64_t offset,
                      uint32_t length)
{
    next_io(sop, VFS_READ, file, offset, NULL, length);
}

static void next_write(struct smbkit_op *sop, void *vol, void *file, uint64_t offset,
                       const void *data, uint32_t length)
{
    next_io(sop, VFS_WRITE, file, offset, data, length);
}

static void next_setattr(struct smbkit_op *sop, void *vol, void *file,
                         const struct smbkit_attr *attr, uint32_t which)
{
    NEXT(sop, VFS_SETATTR, op->file = file; op->arg.setattr.attr = *attr;
         op->arg.setattr.which = which);
}

static void next_readdir(struct smbkit_op *sop, void *vol, void *dir,
                         const struct smbkit_readdir_args *args)
{
    NEXT(sop, VFS_READDIR, op->file = dir; op->arg.readdir = *args);
}

/* The default wants to know whether it is a folder, which the call does not say: what was asked
   about before, or else a folder, which lists nothing when it is a file. */
static void next_can_delete(struct smbkit_op *sop, void *vol, void *file)
{
    NEXT(sop, VFS_CAN_DELETE, op->file = file;
         op->pos = op->call != VFS_CAN_DELETE || op->pos != 0);
}

static void next_set_eas(struct smbkit_op *sop, void *vol, void *file, const struct smbkit_ea *eas,
                         size_t count)
{
    NEXT(sop, VFS_SET_EAS, op->file = file; op->arg.eas.eas = eas; op->arg.eas.count = count);
}

static void next_set_sparse(struct smbkit_op *sop, void *vol, void *file, bool sparse)
{
    NEXT(sop, VFS_SET_SPARSE, op->file = file; op->arg.mark.on = sparse);
}

static void next_watch(struct smbkit_op *sop, void *vol, void *file, bool tree)
{
    NEXT(sop, VFS_WATCH, op->file = file; op->arg.mark.on = tree);
}

static void next_set_compression(struct smbkit_op *sop, void *vol, void *file, bool on)
{
    NEXT(sop, VFS_SET_COMPRESSION, op->file = file; op->arg.mark.on = on);
}

static void next_copy_range(struct smbkit_op *sop, void *vol, void *file,
                            const struct smbkit_copy_args *args)
{
    NEXT(sop, VFS_COPY_RANGE, op->file = file; op->arg.copy = *args);
}

static void next_fsctl(struct smbkit_op *sop, void *vol, void *file,
                       const struct smbkit_fsctl_args *args)
{
    NEXT(sop, VFS_FSCTL, op->file = file; op->arg.fsctl = *args);
}

static void next_quotas(struct smbkit_op *sop, void *vol, const struct smbkit_quotas_args *args)
{
    NEXT(sop, VFS_QUOTAS, op->arg.quotas = *args);
}

static void next_set_quota(struct smbkit_op *sop, void *vol, const struct smbkit_quota *quota)
{
    NEXT(sop, VFS_SET_QUOTA, op->arg.quota = *quota);
}

static void next_quota_control(struct smbkit_op *sop, void *vol)
{
    NEXT(sop, VFS_QUOTA_CONTROL, op->file = NULL);
}

static void next_set_quota_control(struct smbkit_op *sop, void *vol,
                                   const struct smbkit_quota_control *control)
{
    NEXT(sop, VFS_SET_QUOTA_CONTROL, op->arg.quota_control = *control);
}

#define NEXT_FILE(field, code)                                             \
    static void next_##field(struct smbkit_op *sop, void *vol, void *file) \
    {                                                                      \
        NEXT(sop, code, op->file = file);                                  \
    }
#define NEXT_SIZE(field, code)                                                            \
    static void next_##field(struct smbkit_op *sop, void *vol, void *file, uint64_t size) \
    {                                                                                     \
        NEXT(sop, code, op->file = file; op->arg.size.size = size);                       \
    }
#define NEXT_RANGE(field, code)                                                             \
    static void next_##field(struct smbkit_op *sop, void *vol, void *file, uint64_t offset, \
                             uint64_t length)                                               \
    {                                                                                       \
        NEXT(sop, code, op->file = file; op->arg.range.offset = offset;                     \
             op->arg.range.length = length);                                                \
    }
#define NEXT_NAME(field, code)                                                                  \
    static void next_##field(struct smbkit_op *sop, void *vol, void *file, const char *to,      \
                             uint32_t flags)                                                    \
    {                                                                                           \
        NEXT(sop, code, op->file = file; op->arg.rename.to = to; op->arg.rename.flags = flags); \
    }
#define NEXT_BLOB(field, code)                                                               \
    static void next_##field(struct smbkit_op *sop, void *vol, void *file, const void *data, \
                             size_t len)                                                     \
    {                                                                                        \
        NEXT(sop, code, op->file = file; op->arg.blob.data = data; op->arg.blob.len = len);  \
    }

NEXT_FILE(flush, VFS_FLUSH)
NEXT_FILE(getattr, VFS_GETATTR)
NEXT_FILE(overwrite, VFS_OVERWRITE)
NEXT_FILE(list_streams, VFS_LIST_STREAMS)
NEXT_FILE(get_eas, VFS_GET_EAS)
NEXT_FILE(get_sd, VFS_GET_SD)
NEXT_FILE(get_reparse, VFS_GET_REPARSE)
NEXT_SIZE(set_size, VFS_SET_SIZE)
NEXT_SIZE(set_alloc, VFS_SET_ALLOC)
NEXT_RANGE(zero_range, VFS_ZERO_RANGE)
NEXT_RANGE(allocated_ranges, VFS_ALLOCATED_RANGES)
NEXT_NAME(rename, VFS_RENAME)
NEXT_NAME(link, VFS_LINK)
NEXT_NAME(rename_stream, VFS_RENAME_STREAM)
NEXT_BLOB(set_sd, VFS_SET_SD)
NEXT_BLOB(set_reparse, VFS_SET_REPARSE)

const struct smbkit_vfs *smbkit_next(struct smbkit_op *op)
{
    static const struct smbkit_vfs next = {
        .statfs = next_statfs,
        .open = next_open,
        .create = next_create,
        .cleanup = next_cleanup,
        .read = next_read,
        .write = next_write,
        .flush = next_flush,
        .getattr = next_getattr,
        .setattr = next_setattr,
        .set_size = next_set_size,
        .set_alloc = next_set_alloc,
        .readdir = next_readdir,
        .can_delete = next_can_delete,
        .rename = next_rename,
        .link = next_link,
        .zero_range = next_zero_range,
        .allocated_ranges = next_allocated_ranges,
        .overwrite = next_overwrite,
        .list_streams = next_list_streams,
        .rename_stream = next_rename_stream,
        .get_eas = next_get_eas,
        .set_eas = next_set_eas,
        .get_sd = next_get_sd,
        .path_sd = next_path_sd,
        .set_sd = next_set_sd,
        .set_sparse = next_set_sparse,
        .get_reparse = next_get_reparse,
        .set_reparse = next_set_reparse,
        .copy_range = next_copy_range,
        .set_compression = next_set_compression,
        .watch = next_watch,
        .fsctl = next_fsctl,
        .quotas = next_quotas,
        .set_quota = next_set_quota,
        .quota_control = next_quota_control,
        .set_quota_control = next_set_quota_control,
    };
    return &next;
}

/* --- results --- */

void smbkit_result(const struct smbkit_op *sop, struct smbkit_result *r)
{
    const struct vfs_op *op = from_public(sop);
    *r = (struct smbkit_result){
        .status = op->status,
        .attr = op->attr,
        .file = op->opened,
        .path = op->true_path,
        .data = op->blob != NULL ? (const void *)op->blob : (const void *)op->data.data,
        .length = op->blob != NULL ? op->blob_len : op->data.len,
        .count =
            op->dirent_count + op->range_count + op->stream_count + op->ea_count + op->quota_count,
        .end = op->dir_end,
        .statfs = op->statfs,
    };
}

void smbkit_result_entry(const struct smbkit_op *sop, size_t i, struct smbkit_result_entry *e)
{
    const struct vfs_op *op = from_public(sop);
    ASSERT(i < op->dirent_count);
    const struct vfs_dirent *d = &op->dirents[i];
    *e = (struct smbkit_result_entry){d->name, d->attr, d->next_cookie};
}

void smbkit_reply_result(struct smbkit_op *sop)
{
    struct vfs_op *op = from_public(sop);
    if (!vfs_answer_claim(op))
        return;
    op->in_hook = false;
    vfs_answer_end(op, op->status);
}

void smbkit_result_set_attr(struct smbkit_op *sop, const struct smbkit_attr *attr)
{
    from_public(sop)->attr = *attr;
}

void smbkit_result_set_file(struct smbkit_op *sop, void *file)
{
    from_public(sop)->opened = file;
}

void smbkit_result_clear(struct smbkit_op *sop)
{
    vfs_results_drop(from_public(sop));
}

/* --- operations as data --- */

void smbkit_call_of(const struct smbkit_op *sop, struct smbkit_call *c)
{
    const struct vfs_op *op = from_public(sop);
    const struct vfs_call *row = &vfs_calls[op->call];
    *c = (struct smbkit_call){
        .code = op->call,
        .name = row->name,
        .changes = row->changes,
        .file = has_file(op->call) ? op->file : NULL,
    };
    switch (row->shape) {
    case VFS_SHAPE_OPEN:
        c->path = op->arg.open.path;
        c->stream = op->arg.open.stream;
        break;
    case VFS_SHAPE_CREATE:
        c->path = op->arg.create.path;
        c->stream = op->arg.create.stream;
        break;
    case VFS_SHAPE_CLEANUP: c->changes = op->arg.cleanup.flags != 0; break;
    case VFS_SHAPE_IO:
        c->has_range = true;
        c->offset = op->arg.io.offset;
        c->length = op->arg.io.length;
        break;
    case VFS_SHAPE_RANGE:
        c->has_range = true;
        c->offset = op->arg.range.offset;
        c->length = op->arg.range.length;
        break;
    case VFS_SHAPE_SIZE: c->length = op->arg.size.size; break;
    case VFS_SHAPE_NAME: c->path = op->arg.rename.to; break;
    case VFS_SHAPE_COPY:
        c->has_range = true;
        c->offset = op->arg.copy.to_offset;
        c->length = op->arg.copy.length;
        break;
    case VFS_SHAPE_VOLUME:
    case VFS_SHAPE_FILE: break;
    }
}

const char *smbkit_call_name(unsigned code)
{
    return code < VFS_CODES ? vfs_calls[code].name : NULL;
}

bool smbkit_call_present(const struct smbkit_vfs *vfs, size_t vfs_size, unsigned code)
{
    struct smbkit_vfs all = {0};
    memcpy(&all, vfs, MIN(vfs_size, sizeof(all)));
    return code < VFS_CODES && vfs_calls[code].present(&all);
}

/* The bits of one word; 0: unknown. */
static uint64_t calls_of_word(const char *word, size_t len)
{
    _Static_assert(VFS_CODES <= 64, "a bit for each");
    static const char *const groups[] = {"all", "changes", "data"};
    uint64_t mask = 0;
    for (unsigned code = 0; code < VFS_CODES; code++) {
        const char *name = vfs_calls[code].name;
        const bool in[] = {true, vfs_calls[code].changes, code == VFS_READ || code == VFS_WRITE};
        bool hit = strlen(name) == len && memcmp(name, word, len) == 0;
        for (size_t g = 0; g < ARRAY_LEN(groups); g++)
            hit |= in[g] && strlen(groups[g]) == len && memcmp(groups[g], word, len) == 0;
        mask |= (uint64_t)hit << code;
    }
    return mask;
}

bool smbkit_calls_parse(const char *text, uint64_t *mask, const char **bad)
{
    *mask = 0;
    for (;;) {
        size_t n = strcspn(text, ",+");
        uint64_t bits = calls_of_word(text, n);
        if (bits == 0) {
            if (bad != NULL)
                *bad = text;
            return false;
        }
        *mask |= bits;
        if (text[n] == '\0')
            return true;
        text += n + 1;
    }
}

/* --- parameters --- */

bool smbkit_arg_calls(struct smbkit_share *share, const struct smbkit_arg *args, size_t count,
                      const char *key, uint64_t *mask)
{
    const char *bad;
    char names[VFS_ERROR_TEXT_MAX] = "";
    size_t used = 0;
    if (smbkit_calls_parse(smbkit_arg_text(args, count, key), mask, &bad))
        return true;
    for (unsigned code = 0; code < VFS_CODES && used < sizeof(names); code++)
        used +=
            (size_t)snprintf(names + used, sizeof(names) - used, ", %s", smbkit_call_name(code));
    smbkit_error(share, "%s: '%.*s' is not an operation; there are all, changes, data%s", key,
                 (int)strcspn(bad, ",+"), bad, names);
    return false;
}
