// SPDX-License-Identifier: Apache-2.0
/*
 * The plugin's side of an operation: smbkit_reply_* and what collects an answer. A plugin is
 * trusted with its files but not with our state: every answer is checked here, once, and an
 * impossible one ends the operation with INTERNAL_ERROR and a line that names the plugin and the
 * callback.
 *
 * Threads: any. Between vfs_answer_begin and vfs_answer_end the op's results belong to us.
 */
#include "vfs/name.h"
#include "vfs/vfs_int.h"
#include <string.h>

static struct vfs_op *from_public(struct smbkit_op *op)
{
    struct vfs_op *o = (struct vfs_op *)op;
    MAGIC_CHECK(o, VFS_OP_MAGIC);
    return o;
}

static const struct vfs_op *from_public_const(const struct smbkit_op *op)
{
    const struct vfs_op *o = (const struct vfs_op *)op;
    MAGIC_CHECK(o, VFS_OP_MAGIC);
    return o;
}

/* Ends the op: the plugin has answered with what cannot be. */
static void answer_impossible(struct vfs_op *op, const char *what)
{
    LOGE(op->log, "plugin %s: impossible answer to %s: %s", op->plugin, vfs_code_name(op->call),
         what);
    vfs_answer_end(op, SMBKIT_STATUS_INTERNAL_ERROR);
}

/* Claims the op for an answer of kind `answer`; false when it was answered already or does not take
   that kind (it is ended then). */
static bool begin(struct vfs_op *op, unsigned answer, const char *function)
{
    if (!vfs_answer_begin(op))
        return false;
    if (vfs_calls[op->call].answers & answer)
        return true;
    answer_impossible(op, function);
    return false;
}

/* Copies attributes in the core's form: fields left 0 get their meaning. False: impossible ones. */
static bool attr_accept(struct smbkit_attr *dst, const struct smbkit_attr *src)
{
    if (src == NULL || src->file_id == 0)
        return false;
    *dst = *src;
    if (dst->attributes & SMBKIT_ATTR_DIRECTORY)
        dst->size = 0;
    if (dst->attributes == 0)
        dst->attributes = SMBKIT_ATTR_NORMAL;
    if (dst->links == 0)
        dst->links = 1;
    return true;
}

#define BAD_ATTR "attributes are NULL or have file_id 0"

void smbkit_reply_status(struct smbkit_op *sop, smbkit_status status)
{
    struct vfs_op *op = from_public(sop);
    if (!vfs_answer_begin(op))
        return;
    /* Warnings count as failures here: STOPPED_ON_SYMLINK is one. */
    if (smbkit_status_severity(status) >= 2)
        vfs_answer_end(op, status);
    else if (status != SMBKIT_STATUS_SUCCESS)
        answer_impossible(op, "smbkit_reply_status with a status that is neither SUCCESS nor an "
                              "error");
    else if (!(vfs_calls[op->call].answers & VFS_ANSWER_STATUS))
        answer_impossible(op, "smbkit_reply_status with SUCCESS, which lacks the result");
    else if (op->bad_answer)
        answer_impossible(op, "an element of the list that cannot be");
    else
        vfs_answer_end(op, op->memory_out ? SMBKIT_STATUS_INSUFFICIENT_RESOURCES
                                          : SMBKIT_STATUS_SUCCESS);
}

void smbkit_reply_attr(struct smbkit_op *sop, const struct smbkit_attr *attr)
{
    struct vfs_op *op = from_public(sop);
    if (!begin(op, VFS_ANSWER_ATTR, "smbkit_reply_attr"))
        return;
    op->attr_valid = attr_accept(&op->attr, attr);
    if (!op->attr_valid)
        answer_impossible(op, BAD_ATTR);
    else
        vfs_answer_end(op, SMBKIT_STATUS_SUCCESS);
}

void smbkit_reply_open(struct smbkit_op *sop, void *file, const struct smbkit_attr *attr,
                       const char *path)
{
    struct vfs_op *op = from_public(sop);
    if (!begin(op, VFS_ANSWER_OPEN, "smbkit_reply_open"))
        return;
    if (file == NULL) {
        answer_impossible(op, "file is NULL");
        return;
    }
    op->opened = file;
    /* What is opened must be closed again when the answer is of no use. */
    vfs_step *next = op->next;
    op->next = vfs_step_close_opened;
    op->attr_valid = attr_accept(&op->attr, attr);
    if (!op->attr_valid) {
        op->then = SMBKIT_STATUS_INTERNAL_ERROR;
        answer_impossible(op, BAD_ATTR);
        return;
    }
    if (path != NULL) {
        size_t len = strlen(path);
        if (!vfs_path_valid(path, len)) {
            op->then = SMBKIT_STATUS_INTERNAL_ERROR;
            answer_impossible(op, "path breaks the rules for paths");
            return;
        }
        op->true_path = arena_strndup(&op->arena, path, len);
        if (op->true_path == NULL) {
            op->then = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
            vfs_answer_end(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
            return;
        }
    }
    op->next = next;
    vfs_answer_end(op, SMBKIT_STATUS_SUCCESS);
}

void smbkit_reply_statfs(struct smbkit_op *sop, const struct smbkit_statfs *st)
{
    struct vfs_op *op = from_public(sop);
    if (!begin(op, VFS_ANSWER_STATFS, "smbkit_reply_statfs"))
        return;
    if (st == NULL || (st->block_size & (st->block_size - 1)) != 0 ||
        st->free_bytes > st->total_bytes) {
        answer_impossible(op, "NULL, a block size that is not a power of two, or more free than "
                              "there is");
        return;
    }
    op->statfs = *st;
    if (st->block_size == 0)
        op->statfs.block_size = 4096;
    const char *label = st->label != NULL ? st->label : op->volume->share;
    op->statfs.label = arena_strndup(&op->arena, label, strlen(label));
    vfs_answer_end(op, op->statfs.label != NULL ? SMBKIT_STATUS_SUCCESS
                                                : SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
}

/* --- reads --- */

void *smbkit_op_buffer(struct smbkit_op *sop)
{
    struct vfs_op *op = from_public(sop);
    if (op->call != VFS_READ) {
        LOGE(op->log, "plugin %s: smbkit_op_buffer called in %s", op->plugin,
             vfs_code_name(op->call));
        return NULL;
    }
    if (op->buffer == NULL)
        op->buffer = buf_new(MAX(op->arg.io.length, 1));
    return op->buffer != NULL ? op->buffer->data : NULL;
}

void smbkit_reply_read(struct smbkit_op *sop, uint32_t length)
{
    struct vfs_op *op = from_public(sop);
    if (!begin(op, VFS_ANSWER_READ, "smbkit_reply_read"))
        return;
    if (length > op->arg.io.length) {
        answer_impossible(op, "more bytes than were asked for");
    } else if (length > 0 && op->buffer == NULL) {
        answer_impossible(op, "bytes, but smbkit_op_buffer gave no buffer");
    } else {
        if (length > 0)
            op->data = slice_of(op->buffer, 0, length);
        vfs_answer_end(op, SMBKIT_STATUS_SUCCESS);
    }
}

/* Makes op->data of the plugin's memory. On failure the memory is still the plugin's. */
static smbkit_status wrap_ref(struct vfs_op *op, const void *data, uint32_t length,
                              void (*release)(void *), void *ctx)
{
    if (release == NULL) { /* lives for ever: nothing to count */
        op->data = (struct slice){.data = data, .len = length};
        return SMBKIT_STATUS_SUCCESS;
    }
    /* buf.data is writable for its other users; nobody writes to the bytes of an answer. */
    struct buf *b = buf_wrap((void *)(uintptr_t)data, length, release, ctx);
    if (b == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    op->data = slice_of(b, 0, length);
    buf_unref(b);
    return SMBKIT_STATUS_SUCCESS;
}

void smbkit_reply_read_ref(struct smbkit_op *sop, const void *data, uint32_t length,
                           void (*release)(void *ctx), void *ctx)
{
    struct vfs_op *op = from_public(sop);
    bool mine = begin(op, VFS_ANSWER_READ, "smbkit_reply_read_ref");
    smbkit_status status = SMBKIT_STATUS_INTERNAL_ERROR;
    bool possible = mine && length <= op->arg.io.length && (data != NULL || length == 0);
    if (possible && length > 0)
        status = wrap_ref(op, data, length, release, ctx);
    else if (possible)
        status = SMBKIT_STATUS_SUCCESS;
    /* Exactly once, also when nobody wants the bytes. */
    if (release != NULL && (!mine || status != SMBKIT_STATUS_SUCCESS || length == 0))
        release(ctx);
    if (!mine)
        return;
    if (!possible)
        answer_impossible(op, "no bytes, or more than were asked for");
    else
        vfs_answer_end(op, status);
}

/* Reads now: the thread that answers is one that may wait for this file. */
static smbkit_status take_from_fd(struct vfs_op *op, int fd, uint64_t offset, uint32_t length)
{
    const struct vfs_host *h = &op->volume->host;
    if (h->read_fd == NULL)
        return SMBKIT_STATUS_INVALID_DEVICE_REQUEST;
    if (op->buffer == NULL)
        op->buffer = buf_new(MAX(length, 1));
    if (op->buffer == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    int64_t n = h->read_fd(h->ctx, fd, offset, op->buffer->data, length);
    if (n < 0)
        return SMBKIT_STATUS_IO_DEVICE_ERROR;
    if (n > 0)
        op->data = slice_of(op->buffer, 0, (size_t)n);
    return SMBKIT_STATUS_SUCCESS;
}

void smbkit_reply_read_fd(struct smbkit_op *sop, int fd, uint64_t offset, uint32_t length,
                          void (*release)(void *ctx), void *ctx)
{
    struct vfs_op *op = from_public(sop);
    bool mine = begin(op, VFS_ANSWER_READ, "smbkit_reply_read_fd");
    bool possible = mine && length <= op->arg.io.length && fd >= 0;
    smbkit_status status = possible ? take_from_fd(op, fd, offset, length) : 0;
    if (release != NULL)
        release(ctx);
    if (mine && !possible)
        answer_impossible(op, "no descriptor, or more bytes than were asked for");
    else if (mine)
        vfs_answer_end(op, status);
}

/* --- lists --- */

/* Room for one more element of `size` bytes in an array in the arena; NULL when memory is out. */
static void *grow(struct vfs_op *op, void *array, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return array;
    size_t bigger = *cap == 0 ? 16 : *cap * 2;
    void *a = arena_array(&op->arena, bigger, size);
    if (a == NULL) {
        op->memory_out = true;
        return NULL;
    }
    if (count > 0)
        memcpy(a, array, count * size);
    *cap = bigger;
    return a;
}

bool smbkit_dir_add(struct smbkit_op *sop, const char *name, const struct smbkit_attr *attr,
                    uint64_t next_cookie)
{
    struct vfs_op *op = from_public(sop);
    size_t max = op->arg.readdir.max_entries;
    if (op->call != VFS_READDIR || op->memory_out || op->dirent_count >= VFS_DIRENTS_MAX ||
        (max != 0 && op->dirent_count >= max))
        return false;
    size_t len = strlen(name);
    if (!vfs_name_valid(name, len)) {
        /* A file that no client can name is better left out than fatal to its folder. */
        LOGD(op->log, "plugin %s: readdir: a name that breaks the rules is left out", op->plugin);
        return true;
    }
    struct vfs_dirent d = {.name_len = len, .next_cookie = next_cookie};
    if (!attr_accept(&d.attr, attr) || next_cookie == 0) {
        op->bad_answer = true;
        return false;
    }
    struct vfs_dirent *v =
        grow(op, op->dirents, op->dirent_count, &op->dirent_cap, sizeof(*op->dirents));
    if (v == NULL)
        return false;
    op->dirents = v;
    d.name = arena_strndup(&op->arena, name, len);
    if (d.name == NULL) {
        op->memory_out = true;
        return false;
    }
    op->dirents[op->dirent_count++] = d;
    return true;
}

void smbkit_reply_readdir(struct smbkit_op *sop, bool end)
{
    struct vfs_op *op = from_public(sop);
    if (!begin(op, VFS_ANSWER_READDIR, "smbkit_reply_readdir"))
        return;
    op->dir_end = end;
    /* The rest of a listing that met the end of memory is listed by the next call. */
    if (op->bad_answer)
        answer_impossible(op, "an entry with file_id 0 or cookie 0");
    else if (op->memory_out && op->dirent_count == 0)
        vfs_answer_end(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    else if (!end && op->dirent_count == 0)
        answer_impossible(op, "no entries, but not the end either");
    else
        vfs_answer_end(op, SMBKIT_STATUS_SUCCESS);
}

bool smbkit_range_add(struct smbkit_op *sop, uint64_t offset, uint64_t length)
{
    struct vfs_op *op = from_public(sop);
    if (op->call != VFS_ALLOCATED_RANGES || op->memory_out || op->range_count >= VFS_RANGES_MAX)
        return false;
    if (length == 0 || length > UINT64_MAX - offset) {
        op->bad_answer = true;
        return false;
    }
    struct smbkit_range *v =
        grow(op, op->ranges, op->range_count, &op->range_cap, sizeof(*op->ranges));
    if (v == NULL)
        return false;
    op->ranges = v;
    op->ranges[op->range_count++] = (struct smbkit_range){offset, length};
    return true;
}

bool smbkit_stream_add(struct smbkit_op *sop, const char *name, uint64_t size, uint64_t alloc_size)
{
    struct vfs_op *op = from_public(sop);
    if (op->call != VFS_LIST_STREAMS || op->memory_out || op->stream_count >= VFS_STREAMS_MAX)
        return false;
    struct vfs_stream x = {.name_len = strlen(name), .size = size, .alloc_size = alloc_size};
    if (x.name_len > 0 && !vfs_stream_valid(name, x.name_len))
        return true; /* as for names in folders: one that no client can say is left out */
    struct vfs_stream *v =
        grow(op, op->streams, op->stream_count, &op->stream_cap, sizeof(*op->streams));
    if (v == NULL)
        return false;
    op->streams = v;
    x.name = arena_strndup(&op->arena, name, x.name_len);
    if (x.name == NULL) {
        op->memory_out = true;
        return false;
    }
    op->streams[op->stream_count++] = x;
    return true;
}

/* What an attribute counts for: its entry in a list without links and padding. */
static size_t ea_bytes(const struct smbkit_ea *ea)
{
    return 5 + strlen(ea->name) + ea->value_len;
}

bool smbkit_ea_add(struct smbkit_op *sop, const struct smbkit_ea *ea)
{
    struct vfs_op *op = from_public(sop);
    if (op->call != VFS_GET_EAS || op->memory_out)
        return false;
    size_t name_len = strlen(ea->name);
    if (name_len == 0 || name_len > 254 || ea->value_len > UINT16_MAX) {
        op->bad_answer = true;
        return false;
    }
    op->ea_bytes += ea_bytes(ea);
    if (op->ea_bytes > SMBKIT_EA_TOTAL_MAX)
        return false; /* more than a client can ask for */
    struct smbkit_ea *v = grow(op, op->eas, op->ea_count, &op->ea_cap, sizeof(*op->eas));
    if (v == NULL)
        return false;
    op->eas = v;
    struct smbkit_ea x = {.value_len = ea->value_len, .flags = ea->flags & SMBKIT_EA_NEED};
    x.name = arena_strndup(&op->arena, ea->name, name_len);
    x.value = arena_dup(&op->arena, ea->value_len > 0 ? ea->value : "", ea->value_len);
    if (x.name == NULL || x.value == NULL) {
        op->memory_out = true;
        return false;
    }
    op->eas[op->ea_count++] = x;
    return true;
}

/* --- quotas --- */

/* S-1-... with one to fifteen sub-authorities ([MS-DTYP] 2.4.2.2). */
static bool sid_possible(const uint8_t *sid, size_t len)
{
    return sid != NULL && len >= 8 && sid[0] == 1 && sid[1] <= 15 && len == 8 + 4u * sid[1];
}

bool smbkit_quota_add(struct smbkit_op *sop, const struct smbkit_quota *quota, uint64_t next_cookie)
{
    struct vfs_op *op = from_public(sop);
    size_t max = op->arg.quotas.max_entries;
    if (op->call != VFS_QUOTAS || op->memory_out || op->quota_count >= VFS_QUOTAS_MAX ||
        (max != 0 && op->quota_count >= max))
        return false;
    if (!sid_possible(quota->sid, quota->sid_len) || next_cookie == 0) {
        op->bad_answer = true;
        return false;
    }
    struct vfs_quota *v =
        grow(op, op->quotas, op->quota_count, &op->quota_cap, sizeof(*op->quotas));
    if (v == NULL)
        return false;
    op->quotas = v;
    struct vfs_quota x = {.quota = *quota, .next_cookie = next_cookie};
    x.quota.sid = arena_dup(&op->arena, quota->sid, quota->sid_len);
    if (x.quota.sid == NULL) {
        op->memory_out = true;
        return false;
    }
    op->quotas[op->quota_count++] = x;
    return true;
}

void smbkit_reply_quotas(struct smbkit_op *sop, bool end)
{
    struct vfs_op *op = from_public(sop);
    if (!begin(op, VFS_ANSWER_QUOTAS, "smbkit_reply_quotas"))
        return;
    op->dir_end = end;
    if (op->bad_answer)
        answer_impossible(op, "an element of the list that cannot be");
    else if (op->memory_out && op->quota_count == 0)
        vfs_answer_end(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    else if (!end && op->quota_count == 0)
        answer_impossible(op, "nobody, but not the end either");
    else
        vfs_answer_end(op, SMBKIT_STATUS_SUCCESS);
}

void smbkit_reply_quota_control(struct smbkit_op *sop, const struct smbkit_quota_control *control)
{
    struct vfs_op *op = from_public(sop);
    if (!begin(op, VFS_ANSWER_CONTROL, "smbkit_reply_quota_control"))
        return;
    if (control == NULL) {
        answer_impossible(op, "NULL");
        return;
    }
    op->quota_control = *control;
    vfs_answer_end(op, SMBKIT_STATUS_SUCCESS);
}

/* --- bytes --- */

static bool keep_blob(struct vfs_op *op, const void *data, size_t len)
{
    op->blob = arena_dup(&op->arena, data, len);
    op->blob_len = op->blob != NULL ? len : 0;
    return op->blob != NULL;
}

static size_t data_max(const struct vfs_op *op)
{
    switch (op->call) {
    case VFS_GET_REPARSE: return SMBKIT_REPARSE_MAX;
    case VFS_FSCTL: return SMBKIT_FSCTL_OUT_MAX;
    default: return SMBKIT_SD_MAX;
    }
}

void smbkit_reply_data(struct smbkit_op *sop, const void *data, size_t len)
{
    struct vfs_op *op = from_public(sop);
    if (!begin(op, VFS_ANSWER_DATA, "smbkit_reply_data"))
        return;
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (data == NULL || len == 0 || len > data_max(op)) {
        answer_impossible(op, "no bytes, or too many");
        return;
    }
    if (op->call == VFS_FSCTL && len > op->arg.fsctl.max_out) {
        status = SMBKIT_STATUS_BUFFER_OVERFLOW;
        len = op->arg.fsctl.max_out;
    }
    vfs_answer_end(op, keep_blob(op, data, len) ? status : SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
}

/* The path that the call was given. */
static const char *asked_path(const struct vfs_op *op)
{
    return op->call == VFS_CREATE ? op->arg.create.path : op->arg.open.path;
}

void smbkit_reply_reparse(struct smbkit_op *sop, size_t at, const void *data, size_t len)
{
    struct vfs_op *op = from_public(sop);
    if (!begin(op, VFS_ANSWER_REPARSE, "smbkit_reply_reparse"))
        return;
    const char *path = asked_path(op);
    if (data == NULL || len < 8 || len > SMBKIT_REPARSE_MAX || at > strlen(path) ||
        (path[at] != '/' && path[at] != '\0')) {
        answer_impossible(op, "no reparse data, or not at the end of a component");
        return;
    }
    op->reparse_at = at;
    vfs_answer_end(op, keep_blob(op, data, len) ? SMBKIT_STATUS_STOPPED_ON_SYMLINK
                                                : SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
}

/* --- questions --- */

const char *smbkit_op_user(const struct smbkit_op *sop)
{
    const struct vfs_op *op = from_public_const(sop);
    return op->user != NULL ? op->user : "";
}

size_t smbkit_op_user_sid(const struct smbkit_op *sop, const void **sid)
{
    const struct vfs_op *op = from_public_const(sop);
    *sid = op->user_sid;
    return op->user_sid_len;
}

bool smbkit_op_cancelled(const struct smbkit_op *sop)
{
    return atomic_load(&from_public_const(sop)->cancelled);
}

uint64_t smbkit_op_time(const struct smbkit_op *sop)
{
    const struct vfs_host *h = &from_public_const(sop)->volume->host;
    return h->time(h->ctx);
}
