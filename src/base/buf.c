// SPDX-License-Identifier: Apache-2.0
/*
 * One allocation holds the header and, unless the memory is wrapped, the bytes behind it at the
 * next multiple of 64 (a cache line, and what vector instructions like best).
 *
 * refs counts: the creator's reference, one per slice, one per buf_ref. The holder of the last one
 * frees. Dropping releases (what this thread wrote is seen by the one that frees) and the last drop
 * acquires.
 */
#include "base/buf.h"

#include "base/checked.h"
#include "base/mem.h"

#include <string.h>

#define BUF_MAGIC 0x42554642u /* "BFUB" */
#define BUF_ALIGN 64

static void buf_init(struct buf *b, void *data, size_t size)
{
    *b = (struct buf){.refs = 1, .data = data, .size = size};
    MAGIC_SET(b, BUF_MAGIC);
}

struct buf *buf_new(size_t size)
{
    size_t total;
    if (!checked_add_size(size, sizeof(struct buf) + BUF_ALIGN - 1, &total))
        return NULL;
    struct buf *b = mem_alloc(total);
    if (!b)
        return NULL;
    size_t pad = (0 - (uintptr_t)(b + 1)) & (BUF_ALIGN - 1);
    buf_init(b, (uint8_t *)(b + 1) + pad, size);
    return b;
}

struct buf *buf_new_zero(size_t size)
{
    struct buf *b = buf_new(size);
    if (b)
        memset(b->data, 0, size);
    return b;
}

struct buf *buf_wrap(void *data, size_t size, void (*release)(void *ctx), void *ctx)
{
    ASSERT(release);
    struct buf *b = mem_alloc(sizeof(*b));
    if (!b)
        return NULL;
    buf_init(b, data, size);
    b->release = release;
    b->ctx = ctx;
    return b;
}

struct buf *buf_ref(struct buf *b)
{
    MAGIC_CHECK(b, BUF_MAGIC);
    int before = __atomic_fetch_add(&b->refs, 1, __ATOMIC_RELAXED);
    ASSERT(before > 0);
    return b;
}

void buf_unref(struct buf *b)
{
    if (!b)
        return;
    MAGIC_CHECK(b, BUF_MAGIC);
    int before = __atomic_fetch_sub(&b->refs, 1, __ATOMIC_ACQ_REL);
    ASSERT(before > 0);
    if (before > 1)
        return;
    if (b->release)
        b->release(b->ctx);
    MAGIC_WIPE(b);
    mem_free(b);
}

bool buf_is_unique(const struct buf *b)
{
    MAGIC_CHECK(b, BUF_MAGIC);
    return __atomic_load_n(&b->refs, __ATOMIC_ACQUIRE) == 1;
}

struct slice slice_of(struct buf *b, size_t off, size_t len)
{
    MAGIC_CHECK(b, BUF_MAGIC);
    ASSERT(checked_range(off, len, b->size));
    return (struct slice){.buf = buf_ref(b), .data = b->data + off, .len = len};
}

struct slice slice_ref(const struct slice *s)
{
    if (s->buf)
        buf_ref(s->buf);
    return *s;
}

void slice_clear(struct slice *s)
{
    buf_unref(s->buf);
    *s = (struct slice){0};
}
