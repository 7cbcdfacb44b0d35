// SPDX-License-Identifier: Apache-2.0
/* What is kept: entries by id and by path, blocks and listings by use. With the lock held. */
#include "cache.h"
#include <string.h>

/* --- entries --- */

static uint64_t mix(uint64_t x)
{
    x *= 0x9e3779b97f4a7c15ull;
    return x ^ x >> 32;
}

static struct cache_entry **id_bucket(struct cache *c, uint64_t id)
{
    return &c->by_id[mix(id) % CACHE_BUCKETS];
}

struct cache_entry *cache_entry_by_path(const struct cache *c, const char *path, size_t len)
{
    uint64_t hash = smbkit_name_hash(path, len);
    struct cache_entry *e = c->by_path[hash % CACHE_BUCKETS];
    while (e != NULL &&
           (e->path_hash != hash || smbkit_name_compare(e->path, strlen(e->path), path, len) != 0))
        e = e->next_by_path;
    return e;
}

static void forget_name(struct cache *c, struct cache_entry *e)
{
    struct cache_entry **at = &c->by_path[e->path_hash % CACHE_BUCKETS];
    if (e->path == NULL)
        return;
    while (*at != e)
        at = &(*at)->next_by_path;
    *at = e->next_by_path;
    smbkit_free(e->path);
    e->path = NULL;
}

void cache_set_path(struct cache *c, struct cache_entry *e, const char *path)
{
    size_t len = strlen(path);
    if (e->path != NULL && strcmp(e->path, path) == 0)
        return;
    forget_name(c, e);
    e->path = smbkit_alloc(len + 1);
    if (e->path == NULL) {
        cache_drop_all(c, e);
        return;
    }
    memcpy(e->path, path, len);
    e->path_hash = smbkit_name_hash(path, len);
    e->next_by_path = c->by_path[e->path_hash % CACHE_BUCKETS];
    c->by_path[e->path_hash % CACHE_BUCKETS] = e;
}

struct cache_entry *cache_entry_get(struct cache *c, uint64_t id, const char *path)
{
    struct cache_entry *e = *id_bucket(c, id);
    while (e != NULL && e->id != id)
        e = e->next;
    if (e == NULL && (e = smbkit_alloc(sizeof(*e))) != NULL) {
        e->id = id;
        e->next = *id_bucket(c, id);
        *id_bucket(c, id) = e;
    }
    if (e != NULL)
        cache_set_path(c, e, path);
    return e;
}

void cache_settle(struct cache *c, struct cache_entry *e)
{
    struct cache_entry **at = id_bucket(c, e->id);
    if (e->handles > 0 || e->items > 0)
        return;
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    forget_name(c, e);
    smbkit_free(e);
}

/* --- items --- */

static struct cache_item **block_bucket(const struct cache *c, const struct cache_entry *e,
                                        uint64_t index)
{
    size_t n = sizeof(c->blocks) / sizeof(c->blocks[0]);
    return (struct cache_item **)(uintptr_t)&c->blocks[mix(e->id + index * 31) % n];
}

struct cache_item *cache_block(const struct cache *c, const struct cache_entry *e, uint64_t index)
{
    struct cache_item *i = *block_bucket(c, e, index);
    while (i != NULL && (i->entry != e || i->index != index))
        i = i->next;
    return i;
}

static void use_link(struct cache *c, struct cache_item *i)
{
    i->newer = NULL;
    i->older = c->newest;
    if (c->newest != NULL)
        c->newest->newer = i;
    else
        c->oldest = i;
    c->newest = i;
}

static void use_unlink(struct cache *c, struct cache_item *i)
{
    *(i->newer != NULL ? &i->newer->older : &c->newest) = i->older;
    *(i->older != NULL ? &i->older->newer : &c->oldest) = i->newer;
}

void cache_touch(struct cache *c, struct cache_item *i)
{
    use_unlink(c, i);
    use_link(c, i);
}

void cache_names_free(struct cache_name *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        smbkit_free(names[i].name);
    smbkit_free(names);
}

void cache_drop(struct cache *c, struct cache_item *i)
{
    struct cache_entry *e = i->entry;
    if (i->is_listing) {
        e->listing = NULL;
        cache_names_free(i->data, i->len);
    } else {
        struct cache_item **at = block_bucket(c, e, i->index);
        while (*at != i)
            at = &(*at)->next;
        *at = i->next;
        smbkit_free(i->data);
    }
    use_unlink(c, i);
    c->used -= i->bytes;
    e->items--;
    smbkit_free(i);
}

/* Takes room for a new item of the entry, which stays. */
static struct cache_item *make_item(struct cache *c, struct cache_entry *e, size_t bytes)
{
    if (bytes > c->limit / 4)
        return NULL;
    e->handles++;
    while (c->used + bytes > c->limit && c->oldest != NULL) {
        struct cache_entry *other = c->oldest->entry;
        cache_drop(c, c->oldest);
        cache_settle(c, other);
    }
    e->handles--;
    struct cache_item *i = smbkit_alloc(sizeof(*i));
    if (i == NULL)
        return NULL;
    i->entry = e;
    i->bytes = bytes;
    c->used += bytes;
    e->items++;
    use_link(c, i);
    return i;
}

void cache_put_block(struct cache *c, struct cache_entry *e, uint64_t index, const void *data,
                     size_t len)
{
    struct cache_item *i = cache_block(c, e, index);
    if (i != NULL)
        cache_drop(c, i);
    void *copy = smbkit_alloc(len + 1);
    i = copy != NULL ? make_item(c, e, sizeof(*i) + len) : NULL;
    if (i == NULL) {
        smbkit_free(copy);
        return;
    }
    memcpy(copy, data, len);
    i->data = copy;
    i->len = len;
    i->index = index;
    i->next = *block_bucket(c, e, index);
    *block_bucket(c, e, index) = i;
}

void cache_put_listing(struct cache *c, struct cache_entry *e, struct cache_name *names,
                       size_t count)
{
    size_t bytes = sizeof(struct cache_item);
    for (size_t i = 0; i < count; i++)
        bytes += sizeof(names[i]) + strlen(names[i].name) + 1;
    if (e->listing != NULL)
        cache_drop(c, e->listing);
    struct cache_item *item = make_item(c, e, bytes);
    if (item == NULL) {
        cache_names_free(names, count);
        return;
    }
    item->is_listing = true;
    item->data = names;
    item->len = count;
    e->listing = item;
}

/* --- what is stale --- */

static void drop_blocks(struct cache *c, const struct cache_entry *e, uint64_t first, uint64_t end)
{
    for (struct cache_item *i = c->newest, *older; i != NULL; i = older) {
        older = i->older;
        if (i->entry == e && !i->is_listing && i->index >= first && i->index < end)
            cache_drop(c, i);
    }
}

void cache_drop_range(struct cache *c, struct cache_entry *e, uint64_t offset, uint64_t end)
{
    uint64_t first = offset / CACHE_BLOCK, last = end / CACHE_BLOCK + 1;
    if (last - first > 64) { /* looking for each would take longer */
        drop_blocks(c, e, first, last);
        return;
    }
    for (; first < last; first++) {
        struct cache_item *i = cache_block(c, e, first);
        if (i != NULL)
            cache_drop(c, i);
    }
}

void cache_drop_all(struct cache *c, struct cache_entry *e)
{
    if (e->listing != NULL)
        cache_drop(c, e->listing);
    if (e->items > 0)
        drop_blocks(c, e, 0, UINT64_MAX);
}

static void forget_listing(struct cache *c, const char *path, size_t len)
{
    struct cache_entry *e = cache_entry_by_path(c, path, len);
    if (e == NULL)
        return;
    e->gen++;
    e->good_since = 0;
    if (e->listing != NULL)
        cache_drop(c, e->listing);
    cache_settle(c, e);
}

void cache_forget_path(struct cache *c, const char *path, bool blocks)
{
    const char *slash = strrchr(path, '/');
    struct cache_entry *e = cache_entry_by_path(c, path, strlen(path));
    c->gen++;
    if (path[0] != '\0')
        forget_listing(c, path, slash != NULL ? (size_t)(slash - path) : 0);
    if (e == NULL)
        return;
    e->gen++;
    e->good_since = 0;
    if (blocks)
        cache_drop_all(c, e);
    cache_settle(c, e);
}

void cache_forget_below(struct cache *c, const char *path)
{
    size_t len = strlen(path);
    for (size_t b = 0; b < CACHE_BUCKETS; b++) {
        for (struct cache_entry *e = c->by_id[b], *next; e != NULL; e = next) {
            next = e->next;
            if (e->path == NULL || strlen(e->path) <= len || e->path[len] != '/' ||
                smbkit_name_compare(e->path, len, path, len) != 0)
                continue;
            e->gen++;
            e->good_since = 0;
            cache_drop_all(c, e);
            forget_name(c, e);
            cache_settle(c, e);
        }
    }
    c->gen++;
}

void cache_free_all(struct cache *c)
{
    while (c->oldest != NULL) {
        struct cache_entry *e = c->oldest->entry;
        cache_drop(c, c->oldest);
        cache_settle(c, e);
    }
}
