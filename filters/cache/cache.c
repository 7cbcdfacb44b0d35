// SPDX-License-Identifier: Apache-2.0
/* The cache filter: what was read once is not read again as long as it has not changed. */
#include "cache.h"
#include <string.h>

#define FILETIMES_PER_MS 10000u
#define READ_MAX         (4u << 20) /* longer reads are passed on as they are */

bool cache_is_good(const struct cache *c, uint64_t since, uint64_t now)
{
    return since != 0 && now >= since && now - since < c->ttl;
}

static void no_memory(struct smbkit_op *op)
{
    smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
}

/* --- the share --- */

static smbkit_status cache_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                      size_t count, void **vol)
{
    struct cache *c = smbkit_alloc(sizeof(*c));
    if (c == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    c->ttl = smbkit_arg_duration(args, count, "ttl") * FILETIMES_PER_MS;
    c->limit = smbkit_arg_number(args, count, "size");
    pthread_mutex_init(&c->lock, NULL);
    *vol = c;
    return SMBKIT_STATUS_SUCCESS;
}

static void cache_share_close(void *vol)
{
    struct cache *c = vol;
    cache_free_all(c);
    pthread_mutex_destroy(&c->lock);
    smbkit_free(c);
}

/* --- attributes --- */

/* Takes over attributes that were read at `now`. What is kept of another state goes. */
static void refresh(struct cache *c, struct cache_entry *e, const struct smbkit_attr *a,
                    uint64_t now)
{
    if (a->size != e->attr.size || a->write_time != e->attr.write_time ||
        a->change_time != e->attr.change_time)
        cache_drop_all(c, e);
    e->attr = *a;
    e->good_since = now;
}

static bool may_keep(const struct cache_entry *e)
{
    return e->path != NULL && e->changing == 0;
}

/* The attributes that the plugin has told, unless the file changed since it was asked (`gen`). */
static void keep_attr(struct smbkit_op *op, struct cache *c, const struct cache_file *f, void *gen)
{
    struct smbkit_result r;
    smbkit_result(op, &r);
    pthread_mutex_lock(&c->lock);
    if (r.status == SMBKIT_STATUS_SUCCESS && (uintptr_t)gen == f->entry->gen && may_keep(f->entry))
        refresh(c, f->entry, &r.attr, smbkit_op_time(op));
    pthread_mutex_unlock(&c->lock);
}

static void got_attr(struct smbkit_op *op, void *vol, void *ctx)
{
    struct smbkit_call call;
    smbkit_call_of(op, &call);
    keep_attr(op, vol, call.file, ctx);
    smbkit_reply_result(op);
}

static void cache_getattr(struct smbkit_op *op, void *vol, void *file)
{
    struct cache *c = vol;
    const struct cache_file *f = file;
    struct smbkit_attr attr;
    if (f->entry == NULL || f->stream) {
        smbkit_pass(op);
        return;
    }
    pthread_mutex_lock(&c->lock);
    bool good = may_keep(f->entry) && cache_is_good(c, f->entry->good_since, smbkit_op_time(op));
    uintptr_t gen = f->entry->gen;
    attr = f->entry->attr;
    *(good ? &c->hits : &c->misses) += 1;
    pthread_mutex_unlock(&c->lock);
    if (good)
        smbkit_reply_attr(op, &attr);
    else if (smbkit_then(op, got_attr, (void *)gen))
        smbkit_pass(op);
    else
        no_memory(op);
}

/* --- open, create, close --- */

/* A handle in the making: what was known when it was asked for. */
struct making {
    struct cache_file *f;
    uint64_t gen;
    bool creates;
};

static void made(struct smbkit_op *op, void *vol, void *ctx)
{
    struct cache *c = vol;
    struct making *m = ctx;
    struct smbkit_result r;
    struct smbkit_call call;
    smbkit_result(op, &r);
    smbkit_call_of(op, &call);
    pthread_mutex_lock(&c->lock);
    if (m->creates)
        cache_forget_path(c, call.path, true);
    if (r.status == SMBKIT_STATUS_SUCCESS) {
        const struct smbkit_attr *a = &r.attr;
        bool one_name = a->links <= 1 || (a->attributes & SMBKIT_ATTR_DIRECTORY);
        m->f->next.next = r.file;
        m->f->stream = call.stream != NULL;
        m->f->folder = (a->attributes & SMBKIT_ATTR_DIRECTORY) != 0;
        if (one_name && !(a->flags & SMBKIT_FILE_NO_CACHE))
            m->f->entry = cache_entry_get(c, a->file_id, r.path != NULL ? r.path : call.path);
        if (m->f->entry != NULL)
            m->f->entry->handles++;
        if (m->f->entry != NULL && !m->f->stream && may_keep(m->f->entry)) {
            if (c->gen == m->gen)
                refresh(c, m->f->entry, a, smbkit_op_time(op));
            else
                m->f->entry->good_since = 0; /* somebody changed something meanwhile */
        }
        smbkit_result_set_file(op, m->f);
    } else {
        smbkit_free(m->f);
    }
    pthread_mutex_unlock(&c->lock);
    smbkit_free(m);
    smbkit_reply_result(op);
}

static void begin_making(struct smbkit_op *op, struct cache *c, const char *path, bool creates)
{
    struct making *m = smbkit_alloc(sizeof(*m));
    struct cache_file *f = smbkit_alloc(sizeof(*f));
    if (m == NULL || f == NULL || !smbkit_then(op, made, m)) {
        smbkit_free(m);
        smbkit_free(f);
        no_memory(op);
        return;
    }
    pthread_mutex_lock(&c->lock);
    if (creates)
        cache_forget_path(c, path, true);
    *m = (struct making){f, c->gen, creates};
    pthread_mutex_unlock(&c->lock);
    smbkit_pass(op);
}

static void cache_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args)
{
    begin_making(op, vol, args->path, false);
}

static void cache_create(struct smbkit_op *op, void *vol, const struct smbkit_create_args *args)
{
    begin_making(op, vol, args->path, true);
}

static void cache_close(struct smbkit_op *op, void *vol, void *file)
{
    struct cache *c = vol;
    struct cache_file *f = file;
    void *next = f->next.next;
    pthread_mutex_lock(&c->lock);
    cache_listing_abandon(f);
    if (f->entry != NULL) {
        f->entry->handles--;
        cache_settle(c, f->entry);
    }
    pthread_mutex_unlock(&c->lock);
    smbkit_free(f);
    smbkit_next_close(op, next);
}

/* --- reading --- */

/* Copies [offset, offset + length) from blocks; false when one is not there. */
static bool copy_kept(struct cache *c, const struct cache_entry *e, uint64_t offset,
                      uint64_t length, uint8_t *dst)
{
    for (uint64_t done = 0; done < length;) {
        uint64_t at = (offset + done) % CACHE_BLOCK, n = CACHE_BLOCK - at;
        struct cache_item *i = cache_block(c, e, (offset + done) / CACHE_BLOCK);
        n = n < length - done ? n : length - done;
        if (i == NULL || at + n > i->len)
            return false;
        memcpy(dst + done, (const uint8_t *)i->data + at, n);
        cache_touch(c, i);
        done += n;
    }
    return true;
}

/* Keeps the blocks of what was read from `offset`, a block's beginning, on. */
static void keep(struct cache *c, struct cache_entry *e, uint64_t offset, const uint8_t *data,
                 size_t len, size_t asked)
{
    for (size_t done = 0; done < len; done += CACHE_BLOCK) {
        size_t n = len - done < CACHE_BLOCK ? len - done : CACHE_BLOCK;
        if (n == CACHE_BLOCK || len < asked) /* a short one only at the end of the file */
            cache_put_block(c, e, (offset + done) / CACHE_BLOCK, data + done, n);
    }
}

static void fetched(struct smbkit_op *op, void *vol, void *ctx)
{
    struct cache *c = vol;
    struct smbkit_result r;
    struct smbkit_call call;
    smbkit_result(op, &r);
    smbkit_call_of(op, &call);
    const struct cache_file *f = call.file;
    uint64_t first = call.offset / CACHE_BLOCK * CACHE_BLOCK;
    uint64_t last = (call.offset + call.length + CACHE_BLOCK - 1) / CACHE_BLOCK * CACHE_BLOCK;
    size_t before = (size_t)(call.offset - first);
    if (r.status != SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_result(op);
        return;
    }
    pthread_mutex_lock(&c->lock);
    if ((uintptr_t)ctx == f->entry->gen && may_keep(f->entry))
        keep(c, f->entry, first, r.data, r.length, (size_t)(last - first));
    pthread_mutex_unlock(&c->lock);
    size_t n = r.length > before ? r.length - before : 0;
    n = n < call.length ? n : (size_t)call.length;
    uint8_t *copy = smbkit_alloc(n + 1);
    if (copy == NULL) {
        no_memory(op);
        return;
    }
    if (n > 0)
        memcpy(copy, (const uint8_t *)r.data + before, n);
    smbkit_reply_read_ref(op, copy, (uint32_t)n, smbkit_free, copy);
}

static void fetch(struct smbkit_op *op, const struct cache_file *f, uint64_t offset,
                  uint64_t length, uintptr_t gen)
{
    uint64_t first = offset / CACHE_BLOCK * CACHE_BLOCK;
    uint64_t last = (offset + length + CACHE_BLOCK - 1) / CACHE_BLOCK * CACHE_BLOCK;
    if (smbkit_then(op, fetched, (void *)gen))
        smbkit_next(op)->read(op, NULL, f->next.next, first, (uint32_t)(last - first));
    else
        no_memory(op);
}

/* With attributes that are good: from what is kept, or from below. */
static void read_kept(struct smbkit_op *op, struct cache *c, const struct cache_file *f,
                      uint64_t offset, uint64_t length)
{
    uint8_t *buffer = smbkit_op_buffer(op);
    if (buffer == NULL) {
        no_memory(op);
        return;
    }
    pthread_mutex_lock(&c->lock);
    const struct cache_entry *e = f->entry;
    uint64_t size = e->attr.size, n = offset < size ? size - offset : 0;
    uintptr_t gen = e->gen;
    n = n < length ? n : length;
    bool kept = may_keep(e) && e->good_since != 0 && copy_kept(c, e, offset, n, buffer);
    *(kept ? &c->hits : &c->misses) += 1;
    pthread_mutex_unlock(&c->lock);
    if (kept)
        smbkit_reply_read(op, (uint32_t)n);
    else
        fetch(op, f, offset, length, gen);
}

static void revalidated(struct smbkit_op *op, void *vol, void *ctx)
{
    struct smbkit_call call;
    smbkit_call_of(op, &call);
    keep_attr(op, vol, call.file, ctx);
    smbkit_result_clear(op);
    read_kept(op, vol, call.file, call.offset, call.length);
}

static void cache_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                       uint32_t length)
{
    struct cache *c = vol;
    const struct cache_file *f = file;
    if (f->entry == NULL || f->stream || f->folder || length == 0 || length > READ_MAX ||
        offset > UINT64_MAX - 2 * READ_MAX) {
        smbkit_pass(op);
        return;
    }
    pthread_mutex_lock(&c->lock);
    bool good = cache_is_good(c, f->entry->good_since, smbkit_op_time(op));
    bool keeps = may_keep(f->entry);
    uintptr_t gen = f->entry->gen;
    pthread_mutex_unlock(&c->lock);
    if (!keeps)
        smbkit_pass(op);
    else if (good)
        read_kept(op, c, f, offset, length);
    else if (smbkit_then(op, revalidated, (void *)gen))
        smbkit_next(op)->getattr(op, NULL, f->next.next);
    else
        no_memory(op);
}

/* --- changes --- */

/* What is stale when an operation on this file begins, and when it has ended. */
static void forget(struct cache *c, const struct cache_file *f, const struct smbkit_call *call)
{
    struct cache_entry *e = f->entry;
    c->gen++;
    if (call->path != NULL)
        cache_forget_path(c, call->path, true);
    if (e == NULL)
        return;
    e->gen++;
    e->good_since = 0;
    if (strcmp(call->name, "write") == 0)
        cache_drop_range(c, e, call->offset, call->offset + call->length);
    else if (!f->stream)
        cache_drop_all(c, e);
    if (e->path == NULL)
        return;
    if (call->path != NULL && f->folder)
        cache_forget_below(c, e->path);
    cache_forget_path(c, e->path, false);
}

static void changed_done(struct smbkit_op *op, void *vol, void *ctx)
{
    struct cache *c = vol;
    struct smbkit_result r;
    struct smbkit_call call;
    smbkit_result(op, &r);
    smbkit_call_of(op, &call);
    struct cache_file *f = call.file;
    struct cache_entry *e = f->entry;
    pthread_mutex_lock(&c->lock);
    bool alone = e != NULL && (uintptr_t)ctx == e->gen && e->changing == 1;
    if (e != NULL)
        e->changing--;
    forget(c, f, &call);
    if (e != NULL && r.status == SMBKIT_STATUS_SUCCESS && strcmp(call.name, "rename_stream") == 0) {
        /* the file's own data may be others now, and the handle no more one of these */
        cache_drop_all(c, e);
        f->stream = true;
    }
    if (e != NULL && r.status == SMBKIT_STATUS_SUCCESS && strcmp(call.name, "rename") == 0)
        cache_set_path(c, e, call.path);
    /* Nobody else has changed it: these attributes are what the kept blocks belong to. */
    if (alone && !f->stream && r.status == SMBKIT_STATUS_SUCCESS &&
        strcmp(call.name, "write") == 0) {
        e->attr = r.attr;
        e->good_since = smbkit_op_time(op);
    }
    pthread_mutex_unlock(&c->lock);
    smbkit_reply_result(op);
}

static void cache_any(struct smbkit_op *op, void *vol, const struct smbkit_call *call)
{
    struct cache *c = vol;
    const struct cache_file *f = call->file;
    if (!call->changes || f == NULL) {
        smbkit_pass(op);
        return;
    }
    pthread_mutex_lock(&c->lock);
    forget(c, f, call);
    uintptr_t gen = f->entry != NULL ? f->entry->gen : 0;
    if (f->entry != NULL)
        f->entry->changing++;
    pthread_mutex_unlock(&c->lock);
    if (smbkit_then(op, changed_done, (void *)gen)) {
        smbkit_pass(op);
        return;
    }
    pthread_mutex_lock(&c->lock);
    if (f->entry != NULL)
        f->entry->changing--;
    pthread_mutex_unlock(&c->lock);
    no_memory(op);
}

/* Told from below, from any thread. */
static void cache_changed(void *vol, const char *path, uint32_t action)
{
    struct cache *c = vol;
    pthread_mutex_lock(&c->lock);
    cache_forget_path(c, path, true);
    if (action == SMBKIT_ACTION_RENAMED_OLD)
        cache_forget_below(c, path);
    pthread_mutex_unlock(&c->lock);
}

static const struct smbkit_param cache_params[] = {
    {.name = "size",
     .type = SMBKIT_PARAM_SIZE,
     .unit = "bytes",
     .min = 1u << 20,
     .max = 1ull << 50,
     .default_value = "64M",
     .text = "how much is kept"},
    {.name = "ttl",
     .type = SMBKIT_PARAM_DURATION,
     .max = 86400000,
     .default_value = "2s",
     .text = "how long attributes and listings are believed"},
    {.name = NULL},
};

SMBKIT_FILTER_TABLE = {
    SMBKIT_FILTER_INIT,
    .thread_model = SMBKIT_THREAD_ASYNC,
    .name = "cache",
    .version = SMBKIT_VERSION,
    .summary = "keeps what was read in memory",
    .flags = SMBKIT_FILTER_OWN_FILES,
    .params = cache_params,
    .any = cache_any,
    .close = cache_close,
    .changed = cache_changed,
    .vfs = {.share_open = cache_share_open,
            .share_close = cache_share_close,
            .open = cache_open,
            .create = cache_create,
            .read = cache_read,
            .getattr = cache_getattr,
            .readdir = cache_readdir},
};
