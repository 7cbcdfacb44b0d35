// SPDX-License-Identifier: Apache-2.0
/*
 * Listings: first what is below, without what is hidden and with the attributes that were changed,
 * then what has come to stand there. A cookie with the bit HERE is of the second part.
 */
#include "cow.h"
#include <string.h>

#define HERE (1ull << 63)

/* What the folder shows for a name below: NULL, as it is; else the node, which may be a whiteout or
   stand there instead. */
static struct cow_node *cover_of(const struct cow_node *dir, const char *name)
{
    return cow_child(dir, name, strlen(name));
}

static bool is_hidden(const struct cow_node *cover)
{
    return cover != NULL && (cover->whiteout || !cover->in_place);
}

static void add_here(struct smbkit_op *op, const struct cow_node *dir, uint64_t seq, bool *end)
{
    const struct cow_node *n = cow_child_after(dir, seq);
    for (*end = true; n != NULL; n = cow_child_after(dir, n->seq)) {
        struct smbkit_attr attr;
        if (n->whiteout || n->in_place)
            continue;
        cow_fill_attr(n, &attr);
        *end = smbkit_dir_add(op, n->name, &attr, HERE | n->seq);
        if (!*end)
            return;
    }
}

/* One entry from below, kept while the answer is made anew. */
struct kept {
    struct smbkit_attr attr;
    uint64_t cookie;
    char *name;
};

static void kept_free(struct kept *k, size_t count)
{
    for (size_t i = 0; k != NULL && i < count; i++)
        smbkit_free(k[i].name);
    smbkit_free(k);
}

/* What of the answer from below is shown; *cookie is where it ends. NULL: memory is out. */
static struct kept *keep(struct smbkit_op *op, const struct cow_node *dir, size_t count,
                         size_t *left, uint64_t *cookie)
{
    struct kept *k = smbkit_alloc((count + 1) * sizeof(*k));
    *left = 0;
    for (size_t i = 0; k != NULL && i < count; i++) {
        struct smbkit_result_entry e;
        smbkit_result_entry(op, i, &e);
        const struct cow_node *cover = cover_of(dir, e.name);
        *cookie = e.next_cookie;
        if (is_hidden(cover))
            continue;
        struct kept *one = &k[*left];
        *one = (struct kept){e.attr, e.next_cookie, cow_join("", e.name)};
        one->attr.ea_size = 0;
        if (cover != NULL && cover->own)
            cow_fill_attr(cover, &one->attr);
        else if (cover != NULL)
            cow_dir_times(cover, &one->attr);
        if (one->name == NULL) {
            kept_free(k, *left);
            return NULL;
        }
        ++*left;
    }
    return k;
}

/* Answers with what was kept, and what stands here when there is nothing more below. */
static void reply_kept(struct smbkit_op *op, struct cow *c, const struct cow_node *dir,
                       const struct kept *k, size_t count, bool end)
{
    bool room = true;
    smbkit_result_clear(op);
    for (size_t i = 0; i < count && room; i++)
        room = smbkit_dir_add(op, k[i].name, &k[i].attr, k[i].cookie);
    end = end && room;
    if (end) {
        pthread_mutex_lock(&c->lock);
        add_here(op, dir, 0, &end);
        pthread_mutex_unlock(&c->lock);
    }
    smbkit_reply_readdir(op, end);
}

static void listed(struct smbkit_op *op, void *vol, void *ctx);

static void list_below(struct smbkit_op *op, const struct cow_file *f,
                       const struct smbkit_readdir_args *asked, uint64_t cookie)
{
    const struct smbkit_readdir_args args = {cookie, asked->pattern, asked->max_entries};
    if (smbkit_then(op, listed, (void *)(uintptr_t)asked))
        smbkit_next(op)->readdir(op, NULL, f->next.next, &args);
    else
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
}

static void listed(struct smbkit_op *op, void *vol, void *ctx)
{
    struct cow *c = vol;
    struct smbkit_result r;
    struct smbkit_call call;
    size_t left;
    uint64_t cookie = 0;
    smbkit_result(op, &r);
    smbkit_call_of(op, &call);
    const struct cow_file *f = call.file;
    if (r.status != SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_result(op);
        return;
    }
    pthread_mutex_lock(&c->lock);
    struct kept *k = keep(op, f->node, r.count, &left, &cookie);
    pthread_mutex_unlock(&c->lock);
    if (k == NULL)
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    else if (left == 0 && r.count > 0 && !r.end)
        list_below(op, f, ctx, cookie);
    else
        reply_kept(op, c, f->node, k, left, r.end || r.count == 0);
    kept_free(k, left);
}

void cow_readdir(struct smbkit_op *op, void *vol, void *dir, const struct smbkit_readdir_args *args)
{
    struct cow *c = vol;
    const struct cow_file *f = dir;
    bool end;
    if (!f->node->folder) {
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    } else if (f->next.next != NULL && !(args->cookie & HERE)) {
        list_below(op, f, args, args->cookie);
    } else {
        pthread_mutex_lock(&c->lock);
        add_here(op, f->node, args->cookie & ~HERE, &end);
        pthread_mutex_unlock(&c->lock);
        smbkit_reply_readdir(op, end);
    }
}

/* --- is it empty? --- */

static void scanned(struct smbkit_op *op, void *vol, void *ctx);

static void scan_below(struct smbkit_op *op, struct cow *c, struct cow_file *f, uint64_t cookie,
                       const struct cow_scan *scan)
{
    const struct smbkit_readdir_args args = {cookie, "*", 256};
    if (smbkit_then(op, scanned, (void *)(uintptr_t)scan))
        smbkit_next(op)->readdir(op, NULL, f->next.next, &args);
    else
        scan->done(op, c, f, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
}

static void scanned(struct smbkit_op *op, void *vol, void *ctx)
{
    struct cow *c = vol;
    const struct cow_scan *scan = ctx;
    struct smbkit_result r;
    struct smbkit_call call;
    struct smbkit_result_entry e = {.next_cookie = 0};
    bool empty = true;
    smbkit_result(op, &r);
    smbkit_call_of(op, &call);
    struct cow_file *f = call.file;
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < r.count && empty; i++) {
        smbkit_result_entry(op, i, &e);
        empty = is_hidden(cover_of(f->node, e.name));
    }
    pthread_mutex_unlock(&c->lock);
    if (r.status != SMBKIT_STATUS_SUCCESS || !empty)
        scan->done(op, c, f, empty ? r.status : SMBKIT_STATUS_DIRECTORY_NOT_EMPTY);
    else if (r.end || r.count == 0)
        scan->done(op, c, f, SMBKIT_STATUS_SUCCESS);
    else
        scan_below(op, c, f, e.next_cookie, scan);
}

void cow_scan(struct smbkit_op *op, struct cow *c, struct cow_file *f, const struct cow_scan *scan)
{
    const struct cow_node *n = NULL;
    bool empty = true;
    pthread_mutex_lock(&c->lock);
    while (empty && (n = cow_child_after(f->node, n != NULL ? n->seq : 0)) != NULL)
        empty = n->whiteout;
    pthread_mutex_unlock(&c->lock);
    if (!empty)
        scan->done(op, c, f, SMBKIT_STATUS_DIRECTORY_NOT_EMPTY);
    else if (f->next.next != NULL)
        scan_below(op, c, f, 0, scan);
    else
        scan->done(op, c, f, SMBKIT_STATUS_SUCCESS);
}
