// SPDX-License-Identifier: Apache-2.0
/*
 * Invariant: pos <= end, so `end - pos` never wraps; every read goes through cursor_take, the one
 * bounds check.
 */
#include "base/cursor.h"

#include "base/checked.h"

#include <string.h>

/* Where empty cursors point, so that base is never NULL. */
static const uint8_t nothing[1];

void cursor_init(struct cursor *c, const void *data, size_t size)
{
    ASSERT(data || size == 0);
    *c = (struct cursor){.base = data ? data : nothing, .end = size};
}

void cursor_fail(struct cursor *c)
{
    c->failed = true;
}

const uint8_t *cursor_take(struct cursor *c, size_t n)
{
    if (c->failed || n > c->end - c->pos) {
        c->failed = true;
        return NULL;
    }
    const uint8_t *p = c->base + c->pos;
    c->pos += n;
    return p;
}

uint8_t cursor_u8(struct cursor *c)
{
    const uint8_t *p = cursor_take(c, 1);
    return p ? *p : 0;
}

uint16_t cursor_u16(struct cursor *c)
{
    const uint8_t *p = cursor_take(c, 2);
    return p ? le16_load(p) : 0;
}

uint32_t cursor_u32(struct cursor *c)
{
    const uint8_t *p = cursor_take(c, 4);
    return p ? le32_load(p) : 0;
}

uint64_t cursor_u64(struct cursor *c)
{
    const uint8_t *p = cursor_take(c, 8);
    return p ? le64_load(p) : 0;
}

void cursor_bytes(struct cursor *c, void *dst, size_t n)
{
    const uint8_t *p = cursor_take(c, n);
    if (n == 0)
        return;
    if (p)
        memcpy(dst, p, n);
    else
        memset(dst, 0, n);
}

void cursor_skip(struct cursor *c, size_t n)
{
    (void)cursor_take(c, n);
}

void cursor_seek(struct cursor *c, size_t pos)
{
    if (c->failed || pos > c->end)
        c->failed = true;
    else
        c->pos = pos;
}

void cursor_align(struct cursor *c, size_t to)
{
    if (c->failed)
        return;
    size_t pad = (0 - c->pos) & (to - 1);
    c->pos += MIN(pad, c->end - c->pos);
}

struct cursor cursor_sub(struct cursor *c, size_t off, size_t len)
{
    struct cursor sub = {.base = nothing};
    if (c->failed || !checked_range(off, len, c->end)) {
        c->failed = true;
        sub.failed = true;
        return sub;
    }
    sub.base = c->base + off;
    sub.end = len;
    return sub;
}

uint16_t le16_load(const void *p)
{
    const uint8_t *b = p;
    return (uint16_t)(b[0] | b[1] << 8);
}

uint32_t le32_load(const void *p)
{
    const uint8_t *b = p;
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

uint64_t le64_load(const void *p)
{
    const uint8_t *b = p;
    return le32_load(b) | (uint64_t)le32_load(b + 4) << 32;
}
