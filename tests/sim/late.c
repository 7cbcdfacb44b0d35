// SPDX-License-Identifier: Apache-2.0
/*
 * A plugin around the memory plugin: each call is either passed on at once or kept, and made when
 * the world says so. The answer of a kept call then comes outside of the call, as from a slow
 * plugin. Arguments stay valid until the answer (smbkit/vfs.h), so only the pointers are kept.
 */
#include "sim/late.h"

#include "base/mem.h"
#include "memory/memory.h"
#include <string.h>

#define INNER (smbkit_plugin_memory.vfs)

struct late_volume {
    struct world *world;
    void *inner;
};

struct late_call {
    struct list link;
    enum vfs_code code;
    struct smbkit_op *op;
    void *vol, *file;
    const void *ptr; /* the argument struct, the data or the new name */
    uint64_t a, b;
};

static struct world *opening; /* share_open has no other way to know */

/* The paths say what a trace is about. */
static void trace_call(const struct world *w, const struct late_call *c)
{
    const char *path = "";
    if (c->code == VFS_OPEN)
        path = ((const struct smbkit_open_args *)c->ptr)->path;
    else if (c->code == VFS_CREATE)
        path = ((const struct smbkit_create_args *)c->ptr)->path;
    else if (c->code == VFS_RENAME || c->code == VFS_LINK)
        path = c->ptr;
    world_trace(w, "  plugin: %s \"%s\" file %p, %llu, %llu", vfs_code_name(c->code), path, c->file,
                (unsigned long long)c->a, (unsigned long long)c->b);
}

/* What a file has besides its data. */
static void make_meta_call(const struct late_call *c)
{
    switch (c->code) {
    case VFS_LIST_STREAMS: INNER->list_streams(c->op, c->vol, c->file); break;
    case VFS_RENAME_STREAM:
        INNER->rename_stream(c->op, c->vol, c->file, c->ptr, (uint32_t)c->a);
        break;
    case VFS_GET_EAS: INNER->get_eas(c->op, c->vol, c->file); break;
    case VFS_SET_EAS: INNER->set_eas(c->op, c->vol, c->file, c->ptr, c->a); break;
    case VFS_GET_SD: INNER->get_sd(c->op, c->vol, c->file); break;
    case VFS_PATH_SD: INNER->path_sd(c->op, c->vol, c->ptr); break;
    case VFS_SET_SD: INNER->set_sd(c->op, c->vol, c->file, c->ptr, c->a); break;
    case VFS_SET_SPARSE: INNER->set_sparse(c->op, c->vol, c->file, c->a != 0); break;
    case VFS_GET_REPARSE: INNER->get_reparse(c->op, c->vol, c->file); break;
    case VFS_SET_REPARSE: INNER->set_reparse(c->op, c->vol, c->file, c->ptr, c->a); break;
    case VFS_COPY_RANGE: INNER->copy_range(c->op, c->vol, c->file, c->ptr); break;
    case VFS_WATCH: smbkit_reply_status(c->op, SMBKIT_STATUS_SUCCESS); break;
    case VFS_SET_COMPRESSION: INNER->set_compression(c->op, c->vol, c->file, c->a != 0); break;
    case VFS_QUOTAS: INNER->quotas(c->op, c->vol, c->ptr); break;
    case VFS_SET_QUOTA: INNER->set_quota(c->op, c->vol, c->ptr); break;
    case VFS_QUOTA_CONTROL: INNER->quota_control(c->op, c->vol); break;
    case VFS_SET_QUOTA_CONTROL: INNER->set_quota_control(c->op, c->vol, c->ptr); break;
    default: ASSERT(false); /* what memory lacks is not called */
    }
}

static void make_call(const struct world *w, const struct late_call *c)
{
    trace_call(w, c);
    switch (c->code) {
    case VFS_STATFS: INNER->statfs(c->op, c->vol); break;
    case VFS_OPEN: INNER->open(c->op, c->vol, c->ptr); break;
    case VFS_CREATE: INNER->create(c->op, c->vol, c->ptr); break;
    case VFS_CLEANUP: INNER->cleanup(c->op, c->vol, c->file, (uint32_t)c->a); break;
    case VFS_READ: INNER->read(c->op, c->vol, c->file, c->a, (uint32_t)c->b); break;
    case VFS_WRITE: INNER->write(c->op, c->vol, c->file, c->a, c->ptr, (uint32_t)c->b); break;
    case VFS_FLUSH: INNER->flush(c->op, c->vol, c->file); break;
    case VFS_GETATTR: INNER->getattr(c->op, c->vol, c->file); break;
    case VFS_SETATTR: INNER->setattr(c->op, c->vol, c->file, c->ptr, (uint32_t)c->a); break;
    case VFS_SET_SIZE: INNER->set_size(c->op, c->vol, c->file, c->a); break;
    case VFS_SET_ALLOC: INNER->set_alloc(c->op, c->vol, c->file, c->a); break;
    case VFS_READDIR: INNER->readdir(c->op, c->vol, c->file, c->ptr); break;
    case VFS_CAN_DELETE: INNER->can_delete(c->op, c->vol, c->file); break;
    case VFS_RENAME: INNER->rename(c->op, c->vol, c->file, c->ptr, (uint32_t)c->a); break;
    case VFS_LINK: INNER->link(c->op, c->vol, c->file, c->ptr, (uint32_t)c->a); break;
    case VFS_ZERO_RANGE: INNER->zero_range(c->op, c->vol, c->file, c->a, c->b); break;
    case VFS_ALLOCATED_RANGES: INNER->allocated_ranges(c->op, c->vol, c->file, c->a, c->b); break;
    case VFS_OVERWRITE: INNER->overwrite(c->op, c->vol, c->file); break;
    default: make_meta_call(c); break;
    }
}

static void submit(void *vol, struct late_call c)
{
    struct late_volume *v = vol;
    struct world *w = v->world;
    c.vol = v->inner;
    if (!world_chance(w, w->config.late_per_mille)) {
        make_call(w, &c);
        return;
    }
    world_quiet_begin(w);
    struct late_call *kept = mem_dup(&c, sizeof c);
    world_quiet_end(w);
    ASSERT(kept != NULL);
    w->held_count++;
    w->stats->late_calls++;
    list_append(&w->held, &kept->link);
}

bool late_plugin_event(struct world *w)
{
    if (w->held_count == 0)
        return false;
    struct list *node = w->held.next;
    for (uint64_t skip = world_below(w, w->held_count); skip > 0; skip--)
        node = node->next;
    struct late_call *kept = LIST_ENTRY(node, struct late_call, link), c = *kept;
    list_remove(node);
    w->held_count--;
    world_quiet_begin(w);
    mem_free(kept);
    world_quiet_end(w);
    /* a plugin that looks may give up a call that nobody waits for */
    if (c.code != VFS_CLEANUP && smbkit_op_cancelled(c.op) && world_chance(w, 500))
        smbkit_reply_status(c.op, SMBKIT_STATUS_CANCELLED);
    else
        make_call(w, &c);
    return true;
}

/* ---------------------------------------------------------------- the callbacks */

static void late_statfs(struct smbkit_op *op, void *vol)
{
    submit(vol, (struct late_call){.code = VFS_STATFS, .op = op});
}

static void late_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args)
{
    submit(vol, (struct late_call){.code = VFS_OPEN, .op = op, .ptr = args});
}

static void late_create(struct smbkit_op *op, void *vol, const struct smbkit_create_args *args)
{
    submit(vol, (struct late_call){.code = VFS_CREATE, .op = op, .ptr = args});
}

static void late_cleanup(struct smbkit_op *op, void *vol, void *file, uint32_t flags)
{
    submit(vol, (struct late_call){.code = VFS_CLEANUP, .op = op, .file = file, .a = flags});
}

static void late_close(void *vol, void *file)
{
    struct late_volume *v = vol;
    INNER->close(v->inner, file);
}

static void late_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint32_t length)
{
    submit(vol,
           (struct late_call){.code = VFS_READ, .op = op, .file = file, .a = offset, .b = length});
}

static void late_write(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                       const void *data, uint32_t length)
{
    submit(vol,
           (struct late_call){
               .code = VFS_WRITE, .op = op, .file = file, .ptr = data, .a = offset, .b = length});
}

static void late_flush(struct smbkit_op *op, void *vol, void *file)
{
    submit(vol, (struct late_call){.code = VFS_FLUSH, .op = op, .file = file});
}

static void late_getattr(struct smbkit_op *op, void *vol, void *file)
{
    submit(vol, (struct late_call){.code = VFS_GETATTR, .op = op, .file = file});
}

static void late_setattr(struct smbkit_op *op, void *vol, void *file,
                         const struct smbkit_attr *attr, uint32_t which)
{
    submit(vol, (struct late_call){
                    .code = VFS_SETATTR, .op = op, .file = file, .ptr = attr, .a = which});
}

static void late_set_size(struct smbkit_op *op, void *vol, void *file, uint64_t size)
{
    submit(vol, (struct late_call){.code = VFS_SET_SIZE, .op = op, .file = file, .a = size});
}

static void late_set_alloc(struct smbkit_op *op, void *vol, void *file, uint64_t size)
{
    submit(vol, (struct late_call){.code = VFS_SET_ALLOC, .op = op, .file = file, .a = size});
}

static void late_readdir(struct smbkit_op *op, void *vol, void *dir,
                         const struct smbkit_readdir_args *args)
{
    submit(vol, (struct late_call){.code = VFS_READDIR, .op = op, .file = dir, .ptr = args});
}

static void late_can_delete(struct smbkit_op *op, void *vol, void *file)
{
    submit(vol, (struct late_call){.code = VFS_CAN_DELETE, .op = op, .file = file});
}

static void late_rename(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags)
{
    submit(vol,
           (struct late_call){.code = VFS_RENAME, .op = op, .file = file, .ptr = to, .a = flags});
}

static void late_link(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags)
{
    submit(vol,
           (struct late_call){.code = VFS_LINK, .op = op, .file = file, .ptr = to, .a = flags});
}

static void late_zero_range(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                            uint64_t length)
{
    submit(vol, (struct late_call){
                    .code = VFS_ZERO_RANGE, .op = op, .file = file, .a = offset, .b = length});
}

static void late_allocated_ranges(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                                  uint64_t length)
{
    submit(vol,
           (struct late_call){
               .code = VFS_ALLOCATED_RANGES, .op = op, .file = file, .a = offset, .b = length});
}

/* Callbacks with nothing but the file. */
#define LATE_PLAIN(name, number)                                                 \
    static void late_##name(struct smbkit_op *op, void *vol, void *file)         \
    {                                                                            \
        submit(vol, (struct late_call){.code = number, .op = op, .file = file}); \
    }

LATE_PLAIN(overwrite, VFS_OVERWRITE)
LATE_PLAIN(list_streams, VFS_LIST_STREAMS)
LATE_PLAIN(get_eas, VFS_GET_EAS)
LATE_PLAIN(get_sd, VFS_GET_SD)
LATE_PLAIN(get_reparse, VFS_GET_REPARSE)

static void late_rename_stream(struct smbkit_op *op, void *vol, void *file, const char *to,
                               uint32_t flags)
{
    submit(vol, (struct late_call){
                    .code = VFS_RENAME_STREAM, .op = op, .file = file, .ptr = to, .a = flags});
}

static void late_set_eas(struct smbkit_op *op, void *vol, void *file, const struct smbkit_ea *eas,
                         size_t count)
{
    submit(vol,
           (struct late_call){.code = VFS_SET_EAS, .op = op, .file = file, .ptr = eas, .a = count});
}

static void late_path_sd(struct smbkit_op *op, void *vol, const char *path)
{
    submit(vol, (struct late_call){.code = VFS_PATH_SD, .op = op, .ptr = path});
}

static void late_set_sd(struct smbkit_op *op, void *vol, void *file, const void *sd, size_t len)
{
    submit(vol,
           (struct late_call){.code = VFS_SET_SD, .op = op, .file = file, .ptr = sd, .a = len});
}

static void late_set_sparse(struct smbkit_op *op, void *vol, void *file, bool sparse)
{
    submit(vol, (struct late_call){.code = VFS_SET_SPARSE, .op = op, .file = file, .a = sparse});
}

static void late_set_reparse(struct smbkit_op *op, void *vol, void *file, const void *data,
                             size_t len)
{
    submit(vol, (struct late_call){
                    .code = VFS_SET_REPARSE, .op = op, .file = file, .ptr = data, .a = len});
}

static void late_copy_range(struct smbkit_op *op, void *vol, void *file,
                            const struct smbkit_copy_args *args)
{
    submit(vol, (struct late_call){.code = VFS_COPY_RANGE, .op = op, .file = file, .ptr = args});
}

static void late_watch(struct smbkit_op *op, void *vol, void *file, bool tree)
{
    submit(vol, (struct late_call){.code = VFS_WATCH, .op = op, .file = file, .a = tree});
}

static void late_set_compression(struct smbkit_op *op, void *vol, void *file, bool on)
{
    submit(vol, (struct late_call){.code = VFS_SET_COMPRESSION, .op = op, .file = file, .a = on});
}

static void late_quotas(struct smbkit_op *op, void *vol, const struct smbkit_quotas_args *args)
{
    submit(vol, (struct late_call){.code = VFS_QUOTAS, .op = op, .ptr = args});
}

static void late_set_quota(struct smbkit_op *op, void *vol, const struct smbkit_quota *quota)
{
    submit(vol, (struct late_call){.code = VFS_SET_QUOTA, .op = op, .ptr = quota});
}

static void late_quota_control(struct smbkit_op *op, void *vol)
{
    submit(vol, (struct late_call){.code = VFS_QUOTA_CONTROL, .op = op});
}

static void late_set_quota_control(struct smbkit_op *op, void *vol,
                                   const struct smbkit_quota_control *control)
{
    submit(vol, (struct late_call){.code = VFS_SET_QUOTA_CONTROL, .op = op, .ptr = control});
}

static smbkit_status late_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                     size_t count, void **vol)
{
    struct late_volume *v = mem_zalloc(sizeof *v);
    if (v == NULL)
        return SMBKIT_STATUS_NO_MEMORY;
    v->world = opening;
    smbkit_status st = INNER->share_open(share, args, count, &v->inner);
    if (st == SMBKIT_STATUS_SUCCESS)
        *vol = v;
    else
        mem_free(v);
    return st;
}

static void late_share_close(void *vol)
{
    struct late_volume *v = vol;
    INNER->share_close(v->inner);
    mem_free(v);
}

/* A callback that the inner plugin lacks stays NULL and gets its default. */
#define PASS(name) .name = INNER->name != NULL ? late_##name : NULL

void late_plugin_init(struct world *w)
{
    opening = w;
    w->plugin = smbkit_plugin_memory;
    w->plugin.thread_model = w->config.model;
    w->plugin.capabilities |= w->config.capabilities;
    w->plugin.capabilities &= ~w->config.lacks;
    w->vfs = (struct smbkit_vfs){
        .share_open = late_share_open,
        .share_close = late_share_close,
        PASS(statfs),
        PASS(open),
        PASS(create),
        PASS(cleanup),
        PASS(close),
        PASS(read),
        PASS(write),
        PASS(flush),
        PASS(getattr),
        PASS(setattr),
        PASS(set_size),
        PASS(set_alloc),
        PASS(readdir),
        PASS(can_delete),
        PASS(rename),
        PASS(link),
        PASS(zero_range),
        PASS(allocated_ranges),
        PASS(overwrite),
        PASS(list_streams),
        PASS(rename_stream),
        PASS(get_eas),
        PASS(set_eas),
        PASS(get_sd),
        PASS(path_sd),
        PASS(set_sd),
        PASS(set_sparse),
        PASS(get_reparse),
        PASS(set_reparse),
        PASS(copy_range),
        PASS(set_compression),
        PASS(quotas),
        PASS(set_quota),
        PASS(quota_control),
        PASS(set_quota_control),
        .watch = late_watch,
    };
    w->plugin.vfs = &w->vfs;
}
