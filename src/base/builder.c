// SPDX-License-Identifier: Apache-2.0
/*
 * Invariant: the bytes data[len .. cap) are zero. So reserving space is only moving `len`, and
 * whatever a caller leaves out is zero on the wire. Every write goes through builder_space, the one
 * bounds check.
 */
#include "base/builder.h"

#include "base/checked.h"
#include "base/mem.h"

#include <string.h>

/* The first allocation of a growing builder: most control replies fit. */
#define FIRST_CAP 256

void builder_init_fixed(struct builder *b, void *mem, size_t cap)
{
    *b = (struct builder){.data = mem, .cap = cap, .max = cap};
    if (cap > 0)
        memset(mem, 0, cap);
}

void builder_init_grow(struct builder *b, size_t max)
{
    *b = (struct builder){.max = max, .growable = true};
}

void builder_free(struct builder *b)
{
    if (!b->growable)
        return;
    mem_free(b->data);
    builder_init_grow(b, b->max);
}

uint8_t *builder_steal(struct builder *b, size_t *len)
{
    ASSERT(b->growable);
    *len = 0;
    if (b->failed)
        return NULL;
    uint8_t *data = b->data;
    if (!data) /* nothing was written: still not NULL, that means failure */
        return mem_zalloc(1);
    *len = b->len;
    builder_init_grow(b, b->max);
    return data;
}

static bool grow(struct builder *b, size_t need)
{
    if (!b->growable || need > b->max)
        return false;
    size_t cap = MAX(b->cap, FIRST_CAP / 2);
    cap = cap > b->max / 2 ? b->max : MAX(cap * 2, need);
    uint8_t *data = mem_resize_array(b->data, cap, 1);
    if (!data)
        return false;
    memset(data + b->cap, 0, cap - b->cap);
    b->data = data;
    b->cap = cap;
    return true;
}

bool builder_reserve(struct builder *b, size_t n)
{
    size_t need;
    if (b->failed || !checked_add_size(b->len, n, &need))
        return false;
    return (need <= b->cap && b->data) || grow(b, need);
}

uint8_t *builder_space(struct builder *b, size_t n)
{
    size_t need;
    if (b->failed)
        return NULL;
    if (!checked_add_size(b->len, n, &need) || ((need > b->cap || !b->data) && !grow(b, need))) {
        b->failed = true;
        return NULL;
    }
    uint8_t *p = b->data + b->len;
    b->len = need;
    return p;
}

void builder_u8(struct builder *b, uint8_t v)
{
    uint8_t *p = builder_space(b, 1);
    if (p)
        *p = v;
}

void builder_u16(struct builder *b, uint16_t v)
{
    uint8_t *p = builder_space(b, 2);
    if (p)
        le16_store(p, v);
}

void builder_u32(struct builder *b, uint32_t v)
{
    uint8_t *p = builder_space(b, 4);
    if (p)
        le32_store(p, v);
}

void builder_u64(struct builder *b, uint64_t v)
{
    uint8_t *p = builder_space(b, 8);
    if (p)
        le64_store(p, v);
}

void builder_bytes(struct builder *b, const void *src, size_t n)
{
    if (n == 0)
        return;
    uint8_t *p = builder_space(b, n);
    if (p)
        memcpy(p, src, n);
}

void builder_zero(struct builder *b, size_t n)
{
    if (n > 0)
        (void)builder_space(b, n);
}

void builder_align(struct builder *b, size_t from, size_t to)
{
    if (b->failed)
        return;
    ASSERT(from <= b->len);
    builder_zero(b, (0 - (b->len - from)) & (to - 1));
}

void builder_truncate(struct builder *b, size_t len)
{
    ASSERT(len <= b->len);
    if (len == b->len)
        return;
    memset(b->data + len, 0, b->len - len);
    b->len = len;
}

struct builder_mark builder_mark(const struct builder *b)
{
    return (struct builder_mark){.len = b->len, .failed = b->failed};
}

void builder_rollback(struct builder *b, struct builder_mark mark)
{
    builder_truncate(b, mark.len);
    b->failed = mark.failed;
}

/* A failed builder has no bytes that matter, and the offset may be of one that did not fit. */
static uint8_t *patch_at(struct builder *b, size_t off, size_t n)
{
    if (b->failed)
        return NULL;
    ASSERT(checked_range(off, n, b->len));
    return b->data + off;
}

void builder_patch_u8(struct builder *b, size_t off, uint8_t v)
{
    uint8_t *p = patch_at(b, off, 1);
    if (p)
        *p = v;
}

void builder_patch_u16(struct builder *b, size_t off, uint16_t v)
{
    uint8_t *p = patch_at(b, off, 2);
    if (p)
        le16_store(p, v);
}

void builder_patch_u32(struct builder *b, size_t off, uint32_t v)
{
    uint8_t *p = patch_at(b, off, 4);
    if (p)
        le32_store(p, v);
}

void builder_patch_u64(struct builder *b, size_t off, uint64_t v)
{
    uint8_t *p = patch_at(b, off, 8);
    if (p)
        le64_store(p, v);
}

void le16_store(void *p, uint16_t v)
{
    uint8_t *b = p;
    b[0] = (uint8_t)v;
    b[1] = (uint8_t)(v >> 8);
}

void le32_store(void *p, uint32_t v)
{
    le16_store(p, (uint16_t)v);
    le16_store((uint8_t *)p + 2, (uint16_t)(v >> 16));
}

void le64_store(void *p, uint64_t v)
{
    le32_store(p, (uint32_t)v);
    le32_store((uint8_t *)p + 4, (uint32_t)(v >> 32));
}
