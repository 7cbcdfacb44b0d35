// SPDX-License-Identifier: Apache-2.0
/*
 * Running operations: the state machine of struct vfs_op, the thread models, and the starters.
 *
 * The state is a set of bits, because the end of the call and the answer come in either order and
 * from two threads:
 *   STARTED   a callback is being called, or was and has not been answered
 *   CLAIMED   somebody answers; nobody else may
 *   FILLED    the results are complete
 *   RETURNED  the callback has returned to us
 *   DONE      the whole operation is over (alone)
 * Whoever sets the later one of FILLED and RETURNED moves the operation on; the other one does not
 * touch the op any more, because its owner may free it then. For an inline call that ends with
 * RETURNED the starter goes on by itself; in all other cases the executor's post brings the op back
 * to its owner (vfs_op_finish).
 *
 * A default that takes several calls goes through this machine once per call; only the owner's
 * thread decides about the next call, so steps need no locks. After STEPS_PER_TURN inline calls the
 * op goes through post to let others of the same loop run.
 *
 * Filters: a call may also be answered by passing it on (op->pass); the next call is then the next
 * level's (chain.c), and each level's calls obey its own thread model.
 *
 * SERIAL plugins and filters: see struct vfs_serial. The turn is given back when the call has
 * returned, not when it is answered: one call at a time is what the thread model promises, and a
 * plugin that answers later has said that it can take the next call.
 */
#include "base/mem.h"
#include "vfs/vfs_int.h"

#define STATE_STARTED  0x01u
#define STATE_CLAIMED  0x02u
#define STATE_FILLED   0x04u
#define STATE_RETURNED 0x08u
#define STATE_DONE     0x10u

#define STEPS_PER_TURN 16

/* Bounds what one answer can hold: a full listing of VFS_DIRENTS_MAX long names fits. */
#define ARENA_MAX (8u << 20)

void vfs_op_init(struct vfs_op *op, void (*done)(struct vfs_op *op))
{
    *op = (struct vfs_op){.done = done};
    MAGIC_SET(op, VFS_OP_MAGIC);
    list_init(&op->link);
    arena_init(&op->arena, ARENA_MAX);
}

bool vfs_op_running(const struct vfs_op *op)
{
    unsigned s = atomic_load(&op->state);
    return s != 0 && s != STATE_DONE;
}

void vfs_results_drop(struct vfs_op *op)
{
    slice_clear(&op->data);
    buf_unref(op->buffer);
    op->buffer = NULL;
    op->status = SMBKIT_STATUS_SUCCESS;
    op->attr = (struct smbkit_attr){0};
    op->attr_valid = false;
    op->opened = NULL;
    op->true_path = NULL;
    op->statfs = (struct smbkit_statfs){0};
    op->dirents = NULL;
    op->dirent_count = op->dirent_cap = 0;
    op->dir_end = false;
    op->ranges = NULL;
    op->range_count = op->range_cap = 0;
    op->streams = NULL;
    op->stream_count = op->stream_cap = 0;
    op->eas = NULL;
    op->ea_count = op->ea_cap = op->ea_bytes = 0;
    op->quotas = NULL;
    op->quota_count = op->quota_cap = 0;
    op->quota_control = (struct smbkit_quota_control){0};
    op->blob = NULL;
    op->blob_len = op->reparse_at = 0;
    op->memory_out = op->bad_answer = op->in_hook = false;
}

void vfs_op_clear(struct vfs_op *op)
{
    MAGIC_CHECK(op, VFS_OP_MAGIC);
    ASSERT(!vfs_op_running(op));
    vfs_results_drop(op);
    arena_clear(&op->arena);
    op->next = NULL;
    op->again = false;
    op->level = NULL;
    op->frame = op->pending = op->spare = NULL;
    op->hook = NULL;
    op->pass = VFS_PASS_NONE;
    op->log = NULL;
    op->plugin = NULL;
    atomic_store(&op->cancelled, false);
    atomic_store(&op->state, 0);
}

void vfs_op_take_arena(struct vfs_op *op, struct arena *to)
{
    *to = op->arena;
    arena_init(&op->arena, ARENA_MAX);
}

const char *vfs_op_holder(const struct vfs_op *op)
{
    return op->level->name;
}

void vfs_op_cancel(struct vfs_op *op)
{
    atomic_store(&op->cancelled, true);
}

const char *vfs_code_name(enum vfs_code code)
{
    return (unsigned)code < VFS_CODES ? vfs_calls[code].name : "?";
}

/* --- answers --- */

bool vfs_answer_claim(struct vfs_op *op)
{
    MAGIC_CHECK(op, VFS_OP_MAGIC);
    unsigned s = atomic_load(&op->state);
    do {
        if ((s & (STATE_STARTED | STATE_CLAIMED)) != STATE_STARTED) {
            LOGE(op->log, "plugin %s: %s was answered twice; the second answer is ignored",
                 op->plugin != NULL ? op->plugin : "?", vfs_code_name(op->call));
            return false;
        }
    } while (!atomic_compare_exchange_weak(&op->state, &s, s | STATE_CLAIMED));
    return true;
}

bool vfs_answer_begin(struct vfs_op *op)
{
    if (!vfs_answer_claim(op))
        return false;
    if (op->in_hook)
        vfs_results_drop(op);
    return true;
}

/* Sends the op to its owner; it must not be touched afterwards. */
static void post(struct vfs_op *op)
{
    const struct vfs_executor *e = &op->volume->host.executor;
    e->post(e->ctx, op);
}

void vfs_answer_end(struct vfs_op *op, smbkit_status status)
{
    op->status = status;
    if (atomic_fetch_or(&op->state, STATE_FILLED) & STATE_RETURNED)
        post(op);
}

/* --- one call --- */

/* The call is over. True when it has been answered, and the caller is to move the op on. */
static bool returned(struct vfs_op *op)
{
    return (atomic_fetch_or(&op->state, STATE_RETURNED) & STATE_FILLED) != 0;
}

/* On a worker. */
static void call_on_worker(struct vfs_op *op)
{
    vfs_level_invoke(op);
    if (returned(op))
        post(op);
}

/* Fails an op whose call is not made because too much is queued. Only a close must not fail, nor a
   hook be left out: these are tried again when the op comes back to its owner. */
static void refuse(struct vfs_op *op)
{
    atomic_store(&op->state, STATE_STARTED | STATE_CLAIMED | STATE_FILLED | STATE_RETURNED);
    op->again = op->call == VFS_CLOSE || op->hook != NULL;
    if (op->again)
        return;
    op->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    op->next = NULL;
}

static struct vfs_op *serial_pop(struct vfs_serial *s)
{
    if (s->fifo == NULL) {
        struct vfs_op *op = atomic_exchange(&s->incoming, NULL);
        ASSERT(op != NULL);
        struct list *n = &op->link;
        while (n != NULL) {
            struct list *older = n->next;
            n->next = s->fifo;
            s->fifo = n;
            n = older;
        }
    }
    struct vfs_op *op = LIST_ENTRY(s->fifo, struct vfs_op, link);
    s->fifo = op->link.next;
    list_init(&op->link);
    return op;
}

/* Makes the calls of a SERIAL volume one after the other. Each goes through the executor anew, so
   that one busy share cannot keep a worker for itself. */
static void serial_on_worker(struct vfs_op *op)
{
    struct vfs_volume *v = vfs_volume_ref(op->volume);
    struct vfs_serial *s = &op->level->serial;
    const struct vfs_executor *e = &v->host.executor;
    for (;;) {
        call_on_worker(op);
        if (atomic_fetch_sub(&s->count, 1) == 1)
            break;
        op = serial_pop(s);
        if (e->run(e->ctx, op, serial_on_worker))
            break;
    }
    vfs_volume_unref(v);
}

static void serial_start(struct vfs_op *op)
{
    /* The caller's reference keeps the volume; the op may be gone as soon as it is pushed. */
    struct vfs_volume *v = op->volume;
    struct vfs_serial *s = &op->level->serial;
    struct vfs_op *head = atomic_load(&s->incoming);
    do {
        op->link.next = head == NULL ? NULL : &head->link;
    } while (!atomic_compare_exchange_weak(&s->incoming, &head, op));
    if (atomic_fetch_add(&s->count, 1) != 0)
        return;
    const struct vfs_executor *e = &v->host.executor;
    do {
        struct vfs_op *first = serial_pop(s);
        if (e->run(e->ctx, first, serial_on_worker))
            return;
        refuse(first);
        post(first);
    } while (atomic_fetch_sub(&s->count, 1) != 1);
}

/* On the owner's thread, which the callback must give back soon. */
static bool call_here(struct vfs_op *op)
{
    struct vfs_volume *v = op->volume;
    const struct vfs_executor *e = &v->host.executor;
    if (e->calling != NULL)
        e->calling(e->ctx, v->share, op->level->name, vfs_code_name(op->call));
    vfs_level_invoke(op);
    if (e->called != NULL)
        e->called(e->ctx);
    return returned(op);
}

/* Makes the call op->call. True when it is answered and the caller moves the op on. */
static bool call(struct vfs_op *op)
{
    struct vfs_volume *v = op->volume;
    const struct vfs_executor *e = &v->host.executor;
    atomic_store(&op->state, STATE_STARTED);
    switch (op->level->model) {
    case SMBKIT_THREAD_ASYNC: return call_here(op);
    case SMBKIT_THREAD_PARALLEL:
        if (e->run(e->ctx, op, call_on_worker))
            return false;
        refuse(op);
        if (!op->again)
            return true;
        post(op);
        return false;
    case SMBKIT_THREAD_SERIAL: break;
    }
    vfs_volume_ref(v);
    serial_start(op);
    vfs_volume_unref(v);
    return false;
}

/* --- a whole operation --- */

bool vfs_step_call(struct vfs_op *op, enum vfs_code code, vfs_step *next)
{
    op->call = code;
    op->next = next;
    if (vfs_level_has(op->level, code))
        return true;
    op->next = NULL;
    op->status = SMBKIT_STATUS_ACCESS_DENIED;
    return false;
}

/* What comes after an answer: true when there is another call to make. */
static bool next_call(struct vfs_op *op)
{
    enum vfs_pass pass = op->pass;
    op->pass = VFS_PASS_NONE;
    if (op->again) {
        op->again = false;
        return true;
    }
    if (pass == VFS_PASS_WAKE)
        return true;
    if (pass == VFS_PASS_NEXT && vfs_level_descend(op))
        return true;
    return vfs_level_ascend(op);
}

/* True when a filter wants to sleep: the op comes back by vfs_op_finish. */
static bool falls_asleep(struct vfs_op *op)
{
    const struct vfs_executor *e = &op->volume->host.executor;
    if (op->pass != VFS_PASS_SLEEP)
        return false;
    op->pass = VFS_PASS_WAKE;
    if (e->later != NULL)
        e->later(e->ctx, op, op->sleep);
    else
        post(op);
    return true;
}

/* Which of the histogram's steps, each twice the one before it, a time belongs to. */
static unsigned latency_step(uint64_t filetimes)
{
    unsigned step = 0;
    for (uint64_t us = filetimes / 10; us > 0 && step < SMBKIT_LATENCY_STEPS - 1; us /= 2)
        step++;
    return step;
}

static void count(struct vfs_op *op)
{
    struct smbkit_share_counts *c = &op->volume->counts;
    const struct vfs_host *h = &op->volume->host;
    uint64_t now = h->time(h->ctx);
    c->operations++;
    c->failed += smbkit_is_error(op->status);
    if (op->status == SMBKIT_STATUS_SUCCESS && op->code == VFS_READ)
        c->bytes_read += op->data.len;
    if (op->status == SMBKIT_STATUS_SUCCESS && op->code == VFS_WRITE)
        c->bytes_written += op->arg.io.length;
    /* The clock may have been set back meanwhile. */
    c->latency[latency_step(now > op->begun ? now - op->begun : 0)]++;
}

static void complete(struct vfs_op *op)
{
    struct vfs_volume *v = op->volume;
    count(op);
    op->volume = NULL;
    atomic_store(&op->state, STATE_DONE);
    vfs_volume_unref(v);
}

/* Makes calls until the operation is complete (true) or waits for an answer (false). */
static bool run(struct vfs_op *op)
{
    for (int turn = 1; call(op); turn++) {
        if (falls_asleep(op))
            return false;
        if ((op->next != NULL || op->frame != NULL) && turn == STEPS_PER_TURN) {
            post(op);
            return false;
        }
        if (!next_call(op)) {
            complete(op);
            return true;
        }
    }
    return false;
}

void vfs_op_finish(struct vfs_op *op)
{
    MAGIC_CHECK(op, VFS_OP_MAGIC);
    ASSERT((atomic_load(&op->state) & (STATE_FILLED | STATE_RETURNED)) ==
           (STATE_FILLED | STATE_RETURNED));
    if (falls_asleep(op))
        return;
    if (!next_call(op))
        complete(op);
    else if (!run(op))
        return;
    op->done(op);
}

/* Does a volume that does not change let it through? */
static bool harmless(struct vfs_op *op)
{
    if (op->code == VFS_CLEANUP)
        op->arg.cleanup.flags = 0;
    return !vfs_calls[op->code].changes && op->code != VFS_CAN_DELETE;
}

/* op->arg and op->file are set. */
static bool start(struct vfs_op *op, struct vfs_volume *v, enum vfs_code code)
{
    op->code = op->call = code;
    op->volume = vfs_volume_ref(v);
    op->log = v->host.log;
    op->begun = v->host.time(v->host.ctx);
    if (v->frozen && !harmless(op)) {
        op->status = SMBKIT_STATUS_MEDIA_WRITE_PROTECTED;
        complete(op);
        return true;
    }
    if (!vfs_level_descend(op) && !vfs_level_ascend(op)) {
        complete(op);
        return true;
    }
    return run(op);
}

bool vfs_statfs(struct vfs_op *op, struct vfs_volume *v)
{
    vfs_op_clear(op);
    return start(op, v, VFS_STATFS);
}

bool vfs_open(struct vfs_op *op, struct vfs_volume *v, const struct smbkit_open_args *args)
{
    vfs_op_clear(op);
    op->arg.open = *args;
    return start(op, v, VFS_OPEN);
}

bool vfs_create(struct vfs_op *op, struct vfs_volume *v, const struct smbkit_create_args *args)
{
    vfs_op_clear(op);
    op->arg.create = *args;
    return start(op, v, VFS_CREATE);
}

bool vfs_cleanup(struct vfs_op *op, struct vfs_volume *v, void *file, uint32_t flags)
{
    vfs_op_clear(op);
    op->file = file;
    op->arg.cleanup.flags = flags;
    return start(op, v, VFS_CLEANUP);
}

bool vfs_read(struct vfs_op *op, struct vfs_volume *v, void *file, uint64_t offset, uint32_t length)
{
    vfs_op_clear(op);
    op->file = file;
    op->arg.io.offset = offset;
    op->arg.io.length = length;
    op->arg.io.data = NULL;
    return start(op, v, VFS_READ);
}

bool vfs_write(struct vfs_op *op, struct vfs_volume *v, void *file, uint64_t offset,
               const void *data, uint32_t length)
{
    vfs_op_clear(op);
    op->file = file;
    op->arg.io.offset = offset;
    op->arg.io.length = length;
    op->arg.io.data = data;
    return start(op, v, VFS_WRITE);
}

/* Operations that have no arguments but the file. */
static bool start_plain(struct vfs_op *op, struct vfs_volume *v, void *file, enum vfs_code code)
{
    vfs_op_clear(op);
    op->file = file;
    return start(op, v, code);
}

bool vfs_flush(struct vfs_op *op, struct vfs_volume *v, void *file)
{
    return start_plain(op, v, file, VFS_FLUSH);
}

bool vfs_getattr(struct vfs_op *op, struct vfs_volume *v, void *file)
{
    return start_plain(op, v, file, VFS_GETATTR);
}

bool vfs_close(struct vfs_op *op, struct vfs_volume *v, void *file)
{
    return start_plain(op, v, file, VFS_CLOSE);
}

bool vfs_setattr(struct vfs_op *op, struct vfs_volume *v, void *file,
                 const struct smbkit_attr *attr, uint32_t which)
{
    vfs_op_clear(op);
    op->file = file;
    op->arg.setattr.attr = *attr;
    op->arg.setattr.which = which;
    return start(op, v, VFS_SETATTR);
}

static bool start_size(struct vfs_op *op, struct vfs_volume *v, void *file, uint64_t size,
                       enum vfs_code code)
{
    vfs_op_clear(op);
    op->file = file;
    op->arg.size.size = size;
    return start(op, v, code);
}

bool vfs_set_size(struct vfs_op *op, struct vfs_volume *v, void *file, uint64_t size)
{
    return start_size(op, v, file, size, VFS_SET_SIZE);
}

bool vfs_set_alloc(struct vfs_op *op, struct vfs_volume *v, void *file, uint64_t size)
{
    return start_size(op, v, file, size, VFS_SET_ALLOC);
}

bool vfs_readdir(struct vfs_op *op, struct vfs_volume *v, void *dir,
                 const struct smbkit_readdir_args *args)
{
    vfs_op_clear(op);
    op->file = dir;
    op->arg.readdir = *args;
    return start(op, v, VFS_READDIR);
}

bool vfs_can_delete(struct vfs_op *op, struct vfs_volume *v, void *file, bool is_directory)
{
    vfs_op_clear(op);
    op->file = file;
    op->pos = is_directory; /* for the default, which lists folders */
    return start(op, v, VFS_CAN_DELETE);
}

static bool start_rename(struct vfs_op *op, struct vfs_volume *v, void *file, const char *to,
                         uint32_t flags, enum vfs_code code)
{
    vfs_op_clear(op);
    op->file = file;
    op->arg.rename.to = to;
    op->arg.rename.flags = flags;
    return start(op, v, code);
}

bool vfs_rename(struct vfs_op *op, struct vfs_volume *v, void *file, const char *to, uint32_t flags)
{
    return start_rename(op, v, file, to, flags, VFS_RENAME);
}

bool vfs_link(struct vfs_op *op, struct vfs_volume *v, void *file, const char *to, uint32_t flags)
{
    return start_rename(op, v, file, to, flags, VFS_LINK);
}

static bool start_range(struct vfs_op *op, struct vfs_volume *v, void *file, uint64_t offset,
                        uint64_t length, enum vfs_code code)
{
    vfs_op_clear(op);
    op->file = file;
    op->arg.range.offset = offset;
    op->arg.range.length = length;
    return start(op, v, code);
}

bool vfs_zero_range(struct vfs_op *op, struct vfs_volume *v, void *file, uint64_t offset,
                    uint64_t length)
{
    return start_range(op, v, file, offset, length, VFS_ZERO_RANGE);
}

bool vfs_allocated_ranges(struct vfs_op *op, struct vfs_volume *v, void *file, uint64_t offset,
                          uint64_t length)
{
    return start_range(op, v, file, offset, length, VFS_ALLOCATED_RANGES);
}

bool vfs_overwrite(struct vfs_op *op, struct vfs_volume *v, void *file)
{
    return start_plain(op, v, file, VFS_OVERWRITE);
}

bool vfs_list_streams(struct vfs_op *op, struct vfs_volume *v, void *file)
{
    return start_plain(op, v, file, VFS_LIST_STREAMS);
}

bool vfs_rename_stream(struct vfs_op *op, struct vfs_volume *v, void *file, const char *to,
                       uint32_t flags)
{
    return start_rename(op, v, file, to, flags, VFS_RENAME_STREAM);
}

bool vfs_get_eas(struct vfs_op *op, struct vfs_volume *v, void *file)
{
    return start_plain(op, v, file, VFS_GET_EAS);
}

bool vfs_set_eas(struct vfs_op *op, struct vfs_volume *v, void *file, const struct smbkit_ea *eas,
                 size_t count)
{
    vfs_op_clear(op);
    op->file = file;
    op->arg.eas.eas = eas;
    op->arg.eas.count = count;
    return start(op, v, VFS_SET_EAS);
}

bool vfs_get_sd(struct vfs_op *op, struct vfs_volume *v, void *file)
{
    return start_plain(op, v, file, VFS_GET_SD);
}

bool vfs_path_sd(struct vfs_op *op, struct vfs_volume *v, const char *path)
{
    vfs_op_clear(op);
    op->arg.open = (struct smbkit_open_args){.path = path};
    return start(op, v, VFS_PATH_SD);
}

static bool start_blob(struct vfs_op *op, struct vfs_volume *v, void *file, const void *data,
                       size_t len, enum vfs_code code)
{
    vfs_op_clear(op);
    op->file = file;
    op->arg.blob.data = data;
    op->arg.blob.len = len;
    return start(op, v, code);
}

bool vfs_set_sd(struct vfs_op *op, struct vfs_volume *v, void *file, const void *sd, size_t len)
{
    return start_blob(op, v, file, sd, len, VFS_SET_SD);
}

static bool start_mark(struct vfs_op *op, struct vfs_volume *v, void *file, bool on,
                       enum vfs_code code)
{
    vfs_op_clear(op);
    op->file = file;
    op->arg.mark.on = on;
    return start(op, v, code);
}

bool vfs_set_sparse(struct vfs_op *op, struct vfs_volume *v, void *file, bool sparse)
{
    return start_mark(op, v, file, sparse, VFS_SET_SPARSE);
}

bool vfs_watch(struct vfs_op *op, struct vfs_volume *v, void *file, bool tree)
{
    return start_mark(op, v, file, tree, VFS_WATCH);
}

bool vfs_set_compression(struct vfs_op *op, struct vfs_volume *v, void *file, bool on)
{
    return start_mark(op, v, file, on, VFS_SET_COMPRESSION);
}

bool vfs_get_reparse(struct vfs_op *op, struct vfs_volume *v, void *file)
{
    return start_plain(op, v, file, VFS_GET_REPARSE);
}

bool vfs_set_reparse(struct vfs_op *op, struct vfs_volume *v, void *file, const void *data,
                     size_t len)
{
    return start_blob(op, v, file, data, len, VFS_SET_REPARSE);
}

bool vfs_copy_range(struct vfs_op *op, struct vfs_volume *v, void *file,
                    const struct smbkit_copy_args *args)
{
    vfs_op_clear(op);
    op->file = file;
    op->arg.copy = *args;
    return start(op, v, VFS_COPY_RANGE);
}

bool vfs_fsctl(struct vfs_op *op, struct vfs_volume *v, void *file,
               const struct smbkit_fsctl_args *args)
{
    vfs_op_clear(op);
    op->file = file;
    op->arg.fsctl = *args;
    return start(op, v, VFS_FSCTL);
}

bool vfs_quotas(struct vfs_op *op, struct vfs_volume *v, const struct smbkit_quotas_args *args)
{
    vfs_op_clear(op);
    op->arg.quotas = *args;
    return start(op, v, VFS_QUOTAS);
}

bool vfs_set_quota(struct vfs_op *op, struct vfs_volume *v, const struct smbkit_quota *quota)
{
    vfs_op_clear(op);
    op->arg.quota = *quota;
    return start(op, v, VFS_SET_QUOTA);
}

bool vfs_quota_control(struct vfs_op *op, struct vfs_volume *v)
{
    vfs_op_clear(op);
    return start(op, v, VFS_QUOTA_CONTROL);
}

bool vfs_set_quota_control(struct vfs_op *op, struct vfs_volume *v,
                           const struct smbkit_quota_control *control)
{
    vfs_op_clear(op);
    op->arg.quota_control = *control;
    return start(op, v, VFS_SET_QUOTA_CONTROL);
}
