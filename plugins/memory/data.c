// SPDX-License-Identifier: Apache-2.0
/*
 * The bytes of a file: chunks of 64 KiB in a tree of tables, so that holes cost nothing wherever
 * they lie and a small file is one block. The first chunk grows by doubling up to its full size;
 * bytes behind a chunk's end read as zeros.
 *
 * A chunk is counted: one reference by the tree, one by each reply that sends from it. Replies take
 * theirs under the lock and drop it without; a chunk with more than one is copied before it is
 * written (nobody can take a reference in between, because that needs the lock).
 */
#include "ram.h"
#include <assert.h>
#include <string.h>

struct ram_chunk {
    _Atomic uint32_t refs;
    uint32_t cap; /* bytes */
    bool fresh;   /* made by the write that is being prepared */
    uint8_t bytes[];
};

#define TABLE_BITS 6
#define TABLE_SIZE (1u << TABLE_BITS)

struct ram_table {
    uint32_t used; /* slots that are not NULL */
    void *slot[TABLE_SIZE];
};

#define FIRST_CAP 256u
/* 8 levels of 64 are more than the 2^28 chunks of the largest file. */
#define HEIGHT_MAX 8

/* --- space --- */

bool ram_space_take(struct ram_space *s, uint64_t bytes)
{
    if (bytes > s->limit - s->used)
        return false;
    s->used += bytes;
    return true;
}

void ram_space_give(struct ram_space *s, uint64_t bytes)
{
    s->used -= bytes;
}

uint64_t ram_data_alloc(const struct ram_data *d)
{
    return d->alloc > d->reserved ? d->alloc : d->reserved;
}

/* Moves alloc and reserved to new values and the charge with them. */
static bool recharge(struct ram_space *s, struct ram_data *d, uint64_t alloc, uint64_t reserved)
{
    uint64_t before = ram_data_alloc(d);
    uint64_t after = alloc > reserved ? alloc : reserved;
    if (after > before && !ram_quota_take(d->payer, after - before))
        return false;
    if (after > before && !ram_space_take(s, after - before)) {
        ram_quota_give(d->payer, after - before);
        return false;
    }
    if (after < before) {
        ram_quota_give(d->payer, before - after);
        ram_space_give(s, before - after);
    }
    d->alloc = alloc;
    d->reserved = reserved;
    return true;
}

smbkit_status ram_data_reserve(struct ram_space *s, struct ram_data *d, uint64_t bytes)
{
    return recharge(s, d, d->alloc, bytes) ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_DISK_FULL;
}

/* --- the tree --- */

void ram_chunk_release(void *chunk)
{
    struct ram_chunk *c = chunk;
    if (atomic_fetch_sub(&c->refs, 1) == 1)
        smbkit_free(c);
}

/* Does a tree of that height reach chunk `index`? */
static bool reaches(unsigned height, uint64_t index)
{
    return index >> (TABLE_BITS * height) == 0;
}

static unsigned slot_index(unsigned height, uint64_t index)
{
    return (unsigned)(index >> (TABLE_BITS * (height - 1))) & (TABLE_SIZE - 1);
}

static struct ram_chunk *chunk_find(const struct ram_data *d, uint64_t index)
{
    if (!reaches(d->height, index))
        return NULL;
    void *p = d->root;
    for (unsigned h = d->height; h > 0 && p != NULL; h--)
        p = ((struct ram_table *)p)->slot[slot_index(h, index)];
    return p;
}

static struct ram_table *table_new(struct ram_space *s, smbkit_status *status)
{
    struct ram_table *t = NULL;
    *status = SMBKIT_STATUS_DISK_FULL;
    if (!ram_space_take(s, sizeof(*t)))
        return NULL;
    *status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    t = smbkit_alloc(sizeof(*t));
    if (t == NULL)
        ram_space_give(s, sizeof(*t));
    return t;
}

/* Puts tables above the root until it reaches `index`. */
static smbkit_status heighten(struct ram_space *s, struct ram_data *d, uint64_t index)
{
    while (!reaches(d->height, index)) {
        if (d->root != NULL) {
            smbkit_status status;
            struct ram_table *t = table_new(s, &status);
            if (t == NULL)
                return status;
            t->slot[0] = d->root;
            t->used = 1;
            d->root = t;
        }
        d->height++;
    }
    return SMBKIT_STATUS_SUCCESS;
}

/* Where chunk `index` belongs, with the tables on the way made; *table is the one it lies in (NULL:
   the root). Empty tables that a failure leaves go with the next drop. */
static smbkit_status slot_make(struct ram_space *s, struct ram_data *d, uint64_t index,
                               void ***slot, struct ram_table **table)
{
    smbkit_status status = heighten(s, d, index);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    *slot = &d->root;
    *table = NULL;
    for (unsigned h = d->height; h > 0; h--) {
        struct ram_table *t = **slot;
        if (t == NULL) {
            t = table_new(s, &status);
            if (t == NULL)
                return status;
            **slot = t;
            if (*table != NULL)
                (*table)->used++;
        }
        *table = t;
        *slot = &t->slot[slot_index(h, index)];
    }
    return SMBKIT_STATUS_SUCCESS;
}

static uint32_t cap_for(uint64_t index, uint32_t need)
{
    uint32_t cap = FIRST_CAP;
    if (index > 0)
        return RAM_CHUNK;
    while (cap < need)
        cap *= 2;
    return cap;
}

/* Makes chunk `index` ready to be written up to `need`: there, long enough, and nobody else's. Its
   content stays the same. */
static smbkit_status chunk_ready(struct ram_space *s, struct ram_data *d, uint64_t index,
                                 uint32_t need)
{
    struct ram_chunk *old = chunk_find(d, index);
    if (old != NULL && old->cap >= need && atomic_load(&old->refs) == 1)
        return SMBKIT_STATUS_SUCCESS;
    void **slot;
    struct ram_table *table;
    smbkit_status status = slot_make(s, d, index, &slot, &table);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    uint32_t had = old != NULL ? old->cap : 0;
    uint32_t cap = cap_for(index, need > had ? need : had);
    if (!recharge(s, d, d->alloc + (cap - had), d->reserved))
        return SMBKIT_STATUS_DISK_FULL;
    struct ram_chunk *c = smbkit_alloc(sizeof(*c) + cap);
    if (c == NULL) {
        recharge(s, d, d->alloc - (cap - had), d->reserved);
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    atomic_init(&c->refs, 1);
    c->cap = cap;
    c->fresh = old == NULL;
    if (old != NULL) {
        c->fresh = old->fresh;
        memcpy(c->bytes, old->bytes, had);
        ram_chunk_release(old);
    } else if (table != NULL) {
        table->used++;
    }
    *slot = c;
    return SMBKIT_STATUS_SUCCESS;
}

/* What drop shall remove: chunks [first, last], all or only fresh ones. */
struct drop {
    struct ram_space *space;
    struct ram_data *data;
    uint64_t first, last;
    bool fresh_only;
};

/* Frees what lies below *slot, which covers chunks from `base` on, and tables that become empty.
   Recursion: one level per height, at most HEIGHT_MAX. */
static void drop_below(const struct drop *w, void **slot, unsigned height, uint64_t base)
{
    if (height == 0) {
        struct ram_chunk *c = *slot;
        if (w->fresh_only && !c->fresh)
            return;
        recharge(w->space, w->data, w->data->alloc - c->cap, w->data->reserved);
        ram_chunk_release(c);
        *slot = NULL;
        return;
    }
    struct ram_table *t = *slot;
    unsigned shift = TABLE_BITS * (height - 1);
    for (unsigned i = 0; i < TABLE_SIZE; i++) {
        uint64_t from = base + ((uint64_t)i << shift), to = from + (1ull << shift) - 1;
        if (t->slot[i] == NULL || to < w->first || from > w->last)
            continue;
        drop_below(w, &t->slot[i], height - 1, from);
        if (t->slot[i] == NULL)
            t->used--;
    }
    if (t->used == 0) {
        smbkit_free(t);
        ram_space_give(w->space, sizeof(*t));
        *slot = NULL;
    }
}

static void drop(struct ram_space *s, struct ram_data *d, uint64_t first, uint64_t last,
                 bool fresh_only)
{
    const struct drop w = {s, d, first, last, fresh_only};
    if (d->root != NULL && first <= last && reaches(d->height, first))
        drop_below(&w, &d->root, d->height, 0);
    if (d->root == NULL)
        d->height = 0;
}

void ram_data_free(struct ram_space *s, struct ram_data *d)
{
    drop(s, d, 0, UINT64_MAX, false);
    recharge(s, d, 0, 0);
    d->size = 0;
}

/* --- reading --- */

/* The part of [*offset, end) that lies in one chunk. */
static uint32_t piece(uint64_t offset, uint64_t end, uint32_t *at)
{
    *at = (uint32_t)(offset % RAM_CHUNK);
    uint64_t left = end - offset;
    return left < RAM_CHUNK - *at ? (uint32_t)left : RAM_CHUNK - *at;
}

void ram_data_read(const struct ram_data *d, uint64_t offset, void *dst, uint32_t length)
{
    uint8_t *to = dst;
    uint64_t end = offset + length;
    while (offset < end) {
        uint32_t at, n = piece(offset, end, &at);
        const struct ram_chunk *c = chunk_find(d, offset / RAM_CHUNK);
        uint32_t there = c == NULL || c->cap <= at ? 0 : c->cap - at < n ? c->cap - at : n;
        if (there > 0)
            memcpy(to, c->bytes + at, there);
        memset(to + there, 0, n - there);
        to += n;
        offset += n;
    }
}

const void *ram_data_ref(const struct ram_data *d, uint64_t offset, uint32_t length,
                         struct ram_chunk **chunk)
{
    uint32_t at = (uint32_t)(offset % RAM_CHUNK);
    struct ram_chunk *c = chunk_find(d, offset / RAM_CHUNK);
    if (c == NULL || at > c->cap || length > c->cap - at)
        return NULL;
    atomic_fetch_add(&c->refs, 1);
    *chunk = c;
    return c->bytes + at;
}

static uint64_t find_below(void *p, unsigned height, uint64_t base, uint64_t from)
{
    if (p == NULL)
        return UINT64_MAX;
    if (height == 0)
        return base;
    unsigned shift = TABLE_BITS * (height - 1);
    for (unsigned i = 0; i < TABLE_SIZE; i++) {
        uint64_t first = base + ((uint64_t)i << shift);
        if (first + (1ull << shift) - 1 < from)
            continue;
        uint64_t found = find_below(((struct ram_table *)p)->slot[i], height - 1, first, from);
        if (found != UINT64_MAX)
            return found;
    }
    return UINT64_MAX;
}

bool ram_data_range(const struct ram_data *d, uint64_t from, uint64_t *start, uint64_t *end)
{
    uint64_t first = from / RAM_CHUNK;
    if (!reaches(d->height, first))
        return false;
    first = find_below(d->root, d->height, 0, first);
    if (first == UINT64_MAX)
        return false;
    uint64_t behind = first + 1;
    while (chunk_find(d, behind) != NULL)
        behind++;
    *start = first * RAM_CHUNK;
    *end = behind * RAM_CHUNK;
    return true;
}

/* --- changing --- */

smbkit_status ram_data_write(struct ram_space *s, struct ram_data *d, uint64_t offset,
                             const void *src, uint32_t length)
{
    if (offset > RAM_FILE_SIZE_MAX || length > RAM_FILE_SIZE_MAX - offset)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    uint64_t end = offset + length;
    uint32_t at;
    /* First everything that can fail. */
    for (uint64_t pos = offset; pos < end;) {
        uint32_t n = piece(pos, end, &at);
        smbkit_status status = chunk_ready(s, d, pos / RAM_CHUNK, at + n);
        if (status != SMBKIT_STATUS_SUCCESS) {
            drop(s, d, offset / RAM_CHUNK, (end - 1) / RAM_CHUNK, true);
            return status;
        }
        pos += n;
    }
    const uint8_t *from = src;
    for (uint64_t pos = offset; pos < end;) {
        uint32_t n = piece(pos, end, &at);
        struct ram_chunk *c = chunk_find(d, pos / RAM_CHUNK);
        assert(c != NULL); /* the first loop made it */
        memcpy(c->bytes + at, from, n);
        c->fresh = false;
        from += n;
        pos += n;
    }
    if (length > 0 && end > d->size)
        d->size = end;
    return SMBKIT_STATUS_SUCCESS;
}

/* Makes [from, to) of a chunk, if it is there, ready to be zeroed. */
static smbkit_status edge_ready(struct ram_space *s, struct ram_data *d, uint64_t index,
                                uint32_t from)
{
    const struct ram_chunk *c = chunk_find(d, index);
    if (c == NULL || c->cap <= from)
        return SMBKIT_STATUS_SUCCESS;
    return chunk_ready(s, d, index, c->cap);
}

static void edge_zero(struct ram_data *d, uint64_t index, uint32_t from, uint32_t to)
{
    struct ram_chunk *c = chunk_find(d, index);
    if (c != NULL && c->cap > from)
        memset(c->bytes + from, 0, (to < c->cap ? to : c->cap) - from);
}

smbkit_status ram_data_zero(struct ram_space *s, struct ram_data *d, uint64_t offset,
                            uint64_t length)
{
    if (offset >= d->size || length == 0)
        return SMBKIT_STATUS_SUCCESS;
    /* The last chunk may go as a whole when all of it that is in the file does. */
    uint64_t end = length < d->size - offset ? offset + length : UINT64_MAX / 2 + 1;
    uint64_t first = offset / RAM_CHUNK, last = end / RAM_CHUNK;
    uint32_t head = (uint32_t)(offset % RAM_CHUNK), tail = (uint32_t)(end % RAM_CHUNK);
    smbkit_status status = head > 0 ? edge_ready(s, d, first, head) : SMBKIT_STATUS_SUCCESS;
    if (status == SMBKIT_STATUS_SUCCESS && tail > 0)
        status = edge_ready(s, d, last, 0);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    if (first == last) {
        edge_zero(d, first, head, tail);
        return SMBKIT_STATUS_SUCCESS;
    }
    if (head > 0)
        edge_zero(d, first++, head, RAM_CHUNK);
    if (tail > 0)
        edge_zero(d, last, 0, tail);
    if (first < last)
        drop(s, d, first, last - 1, false);
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status ram_data_resize(struct ram_space *s, struct ram_data *d, uint64_t size)
{
    if (size > RAM_FILE_SIZE_MAX)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (size < d->size) {
        smbkit_status status = ram_data_zero(s, d, size, UINT64_MAX);
        if (status != SMBKIT_STATUS_SUCCESS)
            return status;
        recharge(s, d, d->alloc, 0);
    }
    d->size = size;
    return SMBKIT_STATUS_SUCCESS;
}

/* --- cloning --- */

/* A whole chunk: both trees have the same one from now on, and each is charged with it. */
static smbkit_status chunk_share(struct ram_space *s, struct ram_data *d, uint64_t to,
                                 struct ram_chunk *c)
{
    void **slot;
    struct ram_table *table;
    drop(s, d, to, to, false);
    smbkit_status status = slot_make(s, d, to, &slot, &table);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    if (!recharge(s, d, d->alloc + c->cap, d->reserved))
        return SMBKIT_STATUS_DISK_FULL;
    atomic_fetch_add(&c->refs, 1);
    if (table != NULL)
        table->used++;
    *slot = c;
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status clone_bytes(struct ram_space *s, struct ram_data *d, uint64_t to,
                                 const struct ram_data *src, uint64_t from, uint32_t length)
{
    uint8_t bytes[4096];
    for (uint32_t done = 0; done < length;) {
        uint32_t n = length - done < sizeof bytes ? length - done : (uint32_t)sizeof bytes;
        ram_data_read(src, from + done, bytes, n);
        smbkit_status status = ram_data_write(s, d, to + done, bytes, n);
        if (status != SMBKIT_STATUS_SUCCESS)
            return status;
        done += n;
    }
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status ram_data_clone(struct ram_space *s, struct ram_data *d, uint64_t to,
                             const struct ram_data *src, uint64_t from, uint64_t length)
{
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (length > RAM_FILE_SIZE_MAX || to > RAM_FILE_SIZE_MAX - length)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (to + length > d->size)
        status = ram_data_resize(s, d, to + length);
    for (uint64_t end = from + length; from < end && status == SMBKIT_STATUS_SUCCESS;) {
        uint32_t at, n = piece(from, end, &at);
        struct ram_chunk *c = chunk_find(src, from / RAM_CHUNK);
        if (c == NULL)
            status = ram_data_zero(s, d, to, n);
        else if (n == RAM_CHUNK && c->cap == RAM_CHUNK && to % RAM_CHUNK == 0)
            status = chunk_share(s, d, to / RAM_CHUNK, c);
        else
            status = clone_bytes(s, d, to, src, from, n);
        from += n;
        to += n;
    }
    return status;
}
