// SPDX-License-Identifier: Apache-2.0
/* Names in folders: see struct ram_dir. */
#include "ram.h"
#include <string.h>

#define FIRST_BUCKETS 8
#define FIRST_SLOTS   8
#define GAPS_ALLOWED  16

struct ram_entry *ram_entry_new(struct ram_node *node, const char *name, size_t len)
{
    struct ram_entry *e = smbkit_alloc(sizeof(*e) + len + 1);
    if (e == NULL)
        return NULL;
    e->node = node;
    e->name = e->inline_name;
    e->name_len = e->inline_cap = (uint16_t)len;
    memcpy(e->name, name, len);
    e->hash = smbkit_name_hash(name, len);
    return e;
}

void ram_entry_free(struct ram_entry *e)
{
    if (e->name != e->inline_name)
        smbkit_free(e->name);
    smbkit_free(e);
}

/* --- by name --- */

static struct ram_entry **bucket(const struct ram_dir *d, uint64_t hash)
{
    return &d->buckets[hash & (d->bucket_count - 1)];
}

struct ram_entry *ram_dir_find(const struct ram_dir *d, const char *name, size_t len)
{
    if (d->count == 0)
        return NULL;
    uint64_t hash = smbkit_name_hash(name, len);
    for (struct ram_entry *e = *bucket(d, hash); e != NULL; e = e->next)
        if (e->hash == hash && smbkit_name_compare(e->name, e->name_len, name, len) == 0)
            return e;
    return NULL;
}

static void hash_link(struct ram_dir *d, struct ram_entry *e)
{
    struct ram_entry **b = bucket(d, e->hash);
    e->next = *b;
    *b = e;
}

static void hash_unlink(struct ram_dir *d, struct ram_entry *e)
{
    struct ram_entry **p = bucket(d, e->hash);
    while (*p != e)
        p = &(*p)->next;
    *p = e->next;
}

static bool grow_buckets(struct ram_dir *d)
{
    if (d->count < d->bucket_count)
        return true;
    size_t n = d->bucket_count == 0 ? FIRST_BUCKETS : d->bucket_count * 2;
    struct ram_entry **b = smbkit_alloc(n * sizeof(*b));
    if (b == NULL)
        return d->bucket_count != 0; /* crowded buckets are slow, not wrong */
    struct ram_dir bigger = {.buckets = b, .bucket_count = n};
    for (size_t i = 0; i < d->bucket_count; i++) {
        for (struct ram_entry *e = d->buckets[i], *next; e != NULL; e = next) {
            next = e->next;
            hash_link(&bigger, e);
        }
    }
    smbkit_free(d->buckets);
    d->buckets = b;
    d->bucket_count = n;
    return true;
}

/* --- by place --- */

/* Index of the first slot behind `seq`. */
static size_t slot_after(const struct ram_dir *d, uint64_t seq)
{
    size_t lo = d->slot_first, hi = d->slot_count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (d->slots[mid].seq <= seq)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void close_gaps(struct ram_dir *d)
{
    size_t n = 0;
    for (size_t i = d->slot_first; i < d->slot_count; i++)
        if (d->slots[i].entry != NULL)
            d->slots[n++] = d->slots[i];
    d->slot_first = 0;
    d->slot_count = n;
}

static bool grow_slots(struct ram_dir *d)
{
    if (d->slot_count < d->slot_cap)
        return true;
    size_t n = d->slot_cap == 0 ? FIRST_SLOTS : d->slot_cap * 2;
    struct ram_slot *s = smbkit_realloc(d->slots, n * sizeof(*s));
    if (s != NULL) {
        d->slots = s;
        d->slot_cap = n;
        return true;
    }
    close_gaps(d);
    return d->slot_count < d->slot_cap;
}

bool ram_dir_reserve(struct ram_dir *d)
{
    return grow_buckets(d) && grow_slots(d);
}

void ram_dir_insert(struct ram_dir *d, struct ram_entry *e)
{
    e->dir = d;
    e->seq = ++d->last_seq;
    d->slots[d->slot_count++] = (struct ram_slot){e->seq, e};
    hash_link(d, e);
    d->count++;
}

void ram_dir_remove(struct ram_entry *e)
{
    struct ram_dir *d = e->dir;
    hash_unlink(d, e);
    d->slots[slot_after(d, e->seq - 1)].entry = NULL;
    d->count--;
    e->dir = NULL;
    while (d->slot_first < d->slot_count && d->slots[d->slot_first].entry == NULL)
        d->slot_first++;
    if (d->slot_count - d->count > d->count + GAPS_ALLOWED)
        close_gaps(d);
}

void ram_entry_rename(struct ram_entry *e, char *block, const char *name, size_t len)
{
    hash_unlink(e->dir, e);
    if (e->name != e->inline_name)
        smbkit_free(e->name);
    e->name = block != NULL ? block : e->inline_name;
    memcpy(e->name, name, len);
    e->name[len] = '\0';
    e->name_len = (uint16_t)len;
    e->hash = smbkit_name_hash(name, len);
    hash_link(e->dir, e);
}

struct ram_entry *ram_dir_next(const struct ram_dir *d, uint64_t seq)
{
    size_t i = slot_after(d, seq);
    while (i < d->slot_count && d->slots[i].entry == NULL)
        i++;
    return i < d->slot_count ? d->slots[i].entry : NULL;
}

void ram_dir_free(struct ram_dir *d)
{
    smbkit_free(d->buckets);
    smbkit_free(d->slots);
    smbkit_free(d);
}
