// SPDX-License-Identifier: Apache-2.0
/*
 * Listings: kept when one handle has read them from the beginning to the end while nothing has
 * changed. The cookies are those from below, so that a listing can go on there when it is dropped
 * in the middle.
 */
#include "cache.h"
#include <string.h>

void cache_listing_abandon(struct cache_file *f)
{
    cache_names_free(f->names, f->name_count);
    f->names = NULL;
    f->name_count = f->name_cap = 0;
    f->reading = false;
}

static bool take_name(struct cache_file *f, const struct smbkit_result_entry *e)
{
    if (f->name_count == f->name_cap) {
        size_t cap = f->name_cap * 2 + 16;
        struct cache_name *bigger = smbkit_realloc(f->names, cap * sizeof(*bigger));
        if (bigger == NULL)
            return false;
        f->names = bigger;
        f->name_cap = cap;
    }
    size_t len = strlen(e->name);
    struct cache_name *n = &f->names[f->name_count];
    *n = (struct cache_name){smbkit_alloc(len + 1), e->attr, e->next_cookie};
    if (n->name == NULL)
        return false;
    memcpy(n->name, e->name, len);
    f->name_count++;
    f->cookie = e->next_cookie;
    return true;
}

static void listed(struct smbkit_op *op, void *vol, void *ctx)
{
    struct cache *c = vol;
    struct cache_file *f = ctx;
    struct smbkit_result r;
    bool kept = true;
    smbkit_result(op, &r);
    pthread_mutex_lock(&c->lock);
    struct cache_entry *e = f->entry;
    bool good = r.status == SMBKIT_STATUS_SUCCESS && f->reading && e->gen == f->gen &&
                e->changing == 0 && e->path != NULL;
    for (size_t i = 0; good && kept && i < r.count; i++) {
        struct smbkit_result_entry entry;
        smbkit_result_entry(op, i, &entry);
        kept = take_name(f, &entry);
    }
    if (!good || !kept) {
        cache_listing_abandon(f);
    } else if (r.end) {
        e->listing_since = f->since;
        cache_put_listing(c, e, f->names, f->name_count);
        f->names = NULL;
        f->name_count = 0;
        cache_listing_abandon(f);
    }
    pthread_mutex_unlock(&c->lock);
    smbkit_reply_result(op);
}

/* From what is kept. False: it is not there. */
static bool list_kept(struct smbkit_op *op, struct cache *c, struct cache_file *f, uint64_t cookie,
                      bool *end)
{
    struct cache_item *item = f->entry->listing;
    if (item == NULL || !cache_is_good(c, f->entry->listing_since, smbkit_op_time(op)))
        return false;
    const struct cache_name *names = item->data;
    size_t at = cookie == 0 ? 0 : f->place;
    if (cookie != 0 && (at == 0 || at > item->len || names[at - 1].cookie != cookie))
        for (at = 1; at <= item->len && names[at - 1].cookie != cookie;)
            at++;
    if (at > item->len)
        return false;
    cache_touch(c, item);
    for (*end = true; *end && at < item->len; at += *end)
        *end = smbkit_dir_add(op, names[at].name, &names[at].attr, names[at].cookie);
    f->place = at;
    return true;
}

void cache_readdir(struct smbkit_op *op, void *vol, void *dir,
                   const struct smbkit_readdir_args *args)
{
    struct cache *c = vol;
    struct cache_file *f = dir;
    bool end, all = strcmp(args->pattern, "*") == 0;
    if (f->entry == NULL) {
        smbkit_pass(op);
        return;
    }
    pthread_mutex_lock(&c->lock);
    bool kept = list_kept(op, c, f, args->cookie, &end);
    *(kept ? &c->hits : &c->misses) += 1;
    if (!kept && args->cookie == 0) {
        cache_listing_abandon(f);
        f->reading = all && f->entry->changing == 0;
        f->gen = f->entry->gen;
        f->since = smbkit_op_time(op);
        f->cookie = 0;
    }
    bool follow = !kept && f->reading && all && args->cookie == f->cookie;
    pthread_mutex_unlock(&c->lock);
    if (kept)
        smbkit_reply_readdir(op, end);
    else if (!follow || smbkit_then(op, listed, f))
        smbkit_pass(op);
    else
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
}
