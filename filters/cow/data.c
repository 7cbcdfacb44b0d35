// SPDX-License-Identifier: Apache-2.0
/* The content of changed files: blocks by their number, in memory or in a file. */
#include "cow.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_BUCKETS 16
#define KNOWN_BYTES   (COW_BLOCK / 8)

static const uint8_t zeros[COW_BLOCK];

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* --- room --- */

static bool take(struct cow_store *s, uint64_t bytes)
{
    if (bytes > s->limit - s->used)
        return false;
    s->used += bytes;
    return true;
}

static uint64_t take_slot(struct cow_store *s)
{
    return s->free_count > 0 ? s->free_slots[--s->free_count] : ++s->next_slot;
}

static void give_slot(struct cow_store *s, uint64_t slot)
{
    if (s->free_count == s->free_cap) {
        size_t cap = s->free_cap * 2 + 64;
        uint64_t *bigger = smbkit_realloc(s->free_slots, cap * sizeof(*bigger));
        if (bigger == NULL)
            return; /* its room in the file is lost, no more */
        s->free_slots = bigger;
        s->free_cap = cap;
    }
    s->free_slots[s->free_count++] = slot;
}

/* --- one block --- */

static bool has_room(const struct cow_block *b)
{
    return b->bytes != NULL || b->slot != 0;
}

static void drop_room(struct cow_store *s, struct cow_block *b)
{
    if (has_room(b))
        s->used -= COW_BLOCK;
    if (b->slot != 0)
        give_slot(s, b->slot);
    smbkit_free(b->bytes);
    b->bytes = NULL;
    b->slot = 0;
}

static void drop_known(struct cow_store *s, struct cow_block *b)
{
    if (b->known != NULL)
        s->used -= KNOWN_BYTES;
    smbkit_free(b->known);
    b->known = NULL;
}

static smbkit_status file_io(const struct cow_store *s, uint64_t slot, uint32_t at, uint8_t *dst,
                             const uint8_t *src, size_t n)
{
    off_t where = (off_t)((slot - 1) * COW_BLOCK + at);
    while (n > 0) {
        ssize_t done = src != NULL ? pwrite(s->fd, src, n, where) : pread(s->fd, dst, n, where);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? smbkit_status_from_errno(errno) : SMBKIT_STATUS_DATA_ERROR;
        n -= (size_t)done;
        where += done;
        src = src != NULL ? src + done : NULL;
        dst = dst != NULL ? dst + done : NULL;
    }
    return SMBKIT_STATUS_SUCCESS;
}

/* `src` NULL: zeros. */
static smbkit_status put(struct cow_store *s, struct cow_block *b, uint32_t at, const uint8_t *src,
                         size_t n)
{
    if (b->bytes == NULL)
        return file_io(s, b->slot, at, NULL, src != NULL ? src : zeros, n);
    if (src != NULL)
        memcpy(b->bytes + at, src, n);
    else
        memset(b->bytes + at, 0, n);
    return SMBKIT_STATUS_SUCCESS;
}

/* Room for its bytes, all zero. */
static smbkit_status get_room(struct cow_store *s, struct cow_block *b)
{
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (has_room(b))
        return status;
    if (!take(s, COW_BLOCK))
        return SMBKIT_STATUS_DISK_FULL;
    if (s->fd < 0 && (b->bytes = smbkit_alloc(COW_BLOCK)) == NULL)
        status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (s->fd >= 0) {
        b->slot = take_slot(s);
        status = put(s, b, 0, NULL, COW_BLOCK);
    }
    if (status != SMBKIT_STATUS_SUCCESS && b->slot != 0)
        drop_room(s, b);
    else if (status != SMBKIT_STATUS_SUCCESS)
        s->used -= COW_BLOCK;
    return status;
}

static bool knows(const struct cow_block *b, uint32_t at)
{
    return b->known == NULL || (b->known[at / 8] >> at % 8 & 1) != 0;
}

static void learn(struct cow_store *s, struct cow_block *b, uint32_t at, size_t n)
{
    size_t all = 0;
    if (b->known == NULL)
        return;
    for (size_t i = at; i < at + n; i++)
        b->known[i / 8] |= (uint8_t)(1u << i % 8);
    while (all < KNOWN_BYTES && b->known[all] == 0xff)
        all++;
    if (all == KNOWN_BYTES)
        drop_known(s, b);
}

/* --- by number --- */

static struct cow_block **bucket(const struct cow_data *d, uint64_t index)
{
    return &d->buckets[(index * 0x9e3779b97f4a7c15ull >> 32) & (d->bucket_count - 1)];
}

static struct cow_block *find(const struct cow_data *d, uint64_t index)
{
    struct cow_block *b = d->count > 0 ? *bucket(d, index) : NULL;
    while (b != NULL && b->index != index)
        b = b->next;
    return b;
}

static bool grow(struct cow_data *d)
{
    struct cow_data bigger = {.bucket_count = d->bucket_count * 2};
    if (d->count < d->bucket_count)
        return true;
    if (d->bucket_count == 0)
        bigger.bucket_count = FIRST_BUCKETS;
    bigger.buckets = smbkit_alloc(bigger.bucket_count * sizeof(struct cow_block *));
    if (bigger.buckets == NULL)
        return d->bucket_count > 0; /* crowded buckets are slow, not wrong */
    for (size_t i = 0; i < d->bucket_count; i++) {
        for (struct cow_block *b = d->buckets[i], *next; b != NULL; b = next) {
            struct cow_block **at = bucket(&bigger, b->index);
            next = b->next;
            b->next = *at;
            *at = b;
        }
    }
    smbkit_free(d->buckets);
    d->buckets = bigger.buckets;
    d->bucket_count = bigger.bucket_count;
    return true;
}

static void remove_block(struct cow_store *s, struct cow_data *d, struct cow_block **at)
{
    struct cow_block *b = *at;
    *at = b->next;
    d->count--;
    drop_room(s, b);
    drop_known(s, b);
    s->used -= sizeof(*b);
    smbkit_free(b);
}

/* Found, or made without a byte that is known. */
static smbkit_status get(struct cow_store *s, struct cow_data *d, uint64_t index,
                         struct cow_block **out)
{
    bool covers = index * COW_BLOCK < d->base; /* something of it comes from below */
    uint64_t cost = sizeof(struct cow_block) + (covers ? KNOWN_BYTES : 0);
    *out = find(d, index);
    if (*out != NULL)
        return SMBKIT_STATUS_SUCCESS;
    if (!take(s, cost))
        return SMBKIT_STATUS_DISK_FULL;
    struct cow_block *b = grow(d) ? smbkit_alloc(sizeof(*b)) : NULL;
    if (b == NULL || (covers && (b->known = smbkit_alloc(KNOWN_BYTES)) == NULL)) {
        smbkit_free(b);
        s->used -= cost;
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    struct cow_block **at = bucket(d, index);
    b->index = index;
    b->next = *at;
    *at = b;
    d->count++;
    *out = b;
    return SMBKIT_STATUS_SUCCESS;
}

/* --- ranges --- */

/* `bytes` NULL: zeros. */
static smbkit_status put_range(struct cow_store *s, struct cow_data *d, uint64_t offset,
                               const uint8_t *bytes, uint64_t length)
{
    while (length > 0) {
        uint32_t at = (uint32_t)(offset % COW_BLOCK);
        size_t n = (size_t)least(length, COW_BLOCK - at);
        struct cow_block *b;
        smbkit_status status = get(s, d, offset / COW_BLOCK, &b);
        if (status == SMBKIT_STATUS_SUCCESS)
            status = get_room(s, b);
        if (status == SMBKIT_STATUS_SUCCESS)
            status = put(s, b, at, bytes, n);
        if (status != SMBKIT_STATUS_SUCCESS)
            return status;
        learn(s, b, at, n);
        offset += n;
        length -= n;
        bytes = bytes != NULL ? bytes + n : NULL;
    }
    return SMBKIT_STATUS_SUCCESS;
}

/* Drops what lies behind the end, so that it does not come back when the file grows. */
static smbkit_status cut(struct cow_store *s, struct cow_data *d, uint64_t size)
{
    uint64_t first = size / COW_BLOCK + (size % COW_BLOCK != 0);
    for (size_t i = 0; i < d->bucket_count; i++)
        for (struct cow_block **at = &d->buckets[i]; *at != NULL;)
            if ((*at)->index >= first)
                remove_block(s, d, at);
            else
                at = &(*at)->next;
    struct cow_block *last = size % COW_BLOCK != 0 ? find(d, size / COW_BLOCK) : NULL;
    d->base = least(d->base, size);
    if (last == NULL || !has_room(last))
        return SMBKIT_STATUS_SUCCESS;
    return put(s, last, size % COW_BLOCK, NULL, COW_BLOCK - size % COW_BLOCK);
}

smbkit_status cow_data_write(struct cow_store *s, struct cow_data *d, uint64_t offset,
                             const void *bytes, uint64_t length)
{
    smbkit_status status = put_range(s, d, offset, bytes, length);
    if (status == SMBKIT_STATUS_SUCCESS && length > 0 && offset + length > d->size)
        d->size = offset + length;
    else if (status != SMBKIT_STATUS_SUCCESS)
        (void)cut(s, d, d->size);
    return status;
}

smbkit_status cow_data_resize(struct cow_store *s, struct cow_data *d, uint64_t size)
{
    smbkit_status status = size < d->size ? cut(s, d, size) : SMBKIT_STATUS_SUCCESS;
    if (status == SMBKIT_STATUS_SUCCESS)
        d->size = size;
    return status;
}

/* One whole block of zeros, which takes no room. */
static smbkit_status zero_block(struct cow_store *s, struct cow_data *d, uint64_t index)
{
    struct cow_block *b = find(d, index);
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (b == NULL && index * COW_BLOCK < d->base)
        status = get(s, d, index, &b);
    if (b == NULL)
        return status;
    drop_room(s, b);
    drop_known(s, b);
    return status;
}

smbkit_status cow_data_zero(struct cow_store *s, struct cow_data *d, uint64_t offset,
                            uint64_t length)
{
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    uint64_t end = offset < d->size ? offset + least(length, d->size - offset) : offset;
    while (offset < end && status == SMBKIT_STATUS_SUCCESS) {
        uint64_t n = least(end - offset, COW_BLOCK - offset % COW_BLOCK);
        /* Nothing from below is left from here on: only blocks matter. */
        if (end >= d->base && offset < d->base && offset % COW_BLOCK == 0)
            d->base = offset;
        bool whole = n == COW_BLOCK;
        if (whole)
            status = zero_block(s, d, offset / COW_BLOCK);
        else if (offset < d->base || find(d, offset / COW_BLOCK) != NULL)
            status = put_range(s, d, offset, NULL, n);
        offset += n;
    }
    return status;
}

static smbkit_status overlay_block(struct cow_store *s, const struct cow_block *b, uint32_t at,
                                   uint8_t *dst, size_t n)
{
    uint8_t copy[COW_BLOCK];
    const uint8_t *from = b->bytes != NULL ? b->bytes : b->slot != 0 ? copy : zeros;
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (from == copy)
        status = file_io(s, b->slot, 0, copy, NULL, COW_BLOCK);
    if (status == SMBKIT_STATUS_SUCCESS && b->known == NULL)
        memcpy(dst, from + at, n);
    else if (status == SMBKIT_STATUS_SUCCESS)
        for (uint32_t i = at; i < at + n; i++)
            if (knows(b, i))
                dst[i - at] = from[i];
    return status;
}

smbkit_status cow_data_overlay(struct cow_store *s, const struct cow_data *d, uint64_t offset,
                               uint8_t *dst, uint64_t length)
{
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    while (length > 0 && status == SMBKIT_STATUS_SUCCESS) {
        uint32_t at = (uint32_t)(offset % COW_BLOCK);
        size_t n = (size_t)least(length, COW_BLOCK - at);
        const struct cow_block *b = find(d, offset / COW_BLOCK);
        if (b != NULL)
            status = overlay_block(s, b, at, dst, n);
        offset += n;
        dst += n;
        length -= n;
    }
    return status;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

uint64_t *cow_data_blocks(const struct cow_data *d, size_t *count)
{
    uint64_t *numbers = smbkit_alloc((d->count + 1) * sizeof(*numbers));
    *count = 0;
    for (size_t i = 0; numbers != NULL && i < d->bucket_count; i++)
        for (const struct cow_block *b = d->buckets[i]; b != NULL; b = b->next)
            if (has_room(b) && b->index * COW_BLOCK >= d->base)
                numbers[(*count)++] = b->index;
    if (numbers != NULL)
        qsort(numbers, *count, sizeof(*numbers), by_number);
    return numbers;
}

void cow_data_clear(struct cow_store *s, struct cow_data *d)
{
    (void)cut(s, d, 0);
    smbkit_free(d->buckets);
    d->buckets = NULL;
    d->bucket_count = 0;
}
