// SPDX-License-Identifier: Apache-2.0
/*
 * net/bufpool.h: a stack of unused blocks per size class. Classes are powers of two with room for
 * the protocol's headers on top, because payloads are powers of two and headers come on top of
 * them. Untouched pages of a block cost no memory.
 *
 * The count of references: one of the owner, one for each buffer that is out.
 * Lock: `lock` guards everything in struct bufpool. A leaf: nothing is called under it.
 */
#include "net/bufpool.h"
#include "base/checked.h"
#include "base/mem.h"
#include "plat/lock.h"

#define CLASS_SMALLEST (64u * 1024)
#define CLASS_HEADERS  4096u
#define CLASSES        9 /* 64 KiB ... 16 MiB; larger ones are not kept */
#define ALIGNMENT      64u

struct block {
    struct block *next;
    struct bufpool *pool;
    unsigned class;
};

struct bufpool {
    struct mutex lock;
    size_t refs;
    size_t kept, keep_bytes;
    struct block *unused[CLASSES];
};

static size_t class_size(unsigned class)
{
    return ((size_t)CLASS_SMALLEST << class) + CLASS_HEADERS;
}

struct bufpool *bufpool_new(size_t keep_bytes)
{
    struct bufpool *p = mem_zalloc(sizeof(*p));

    if (p == NULL)
        return NULL;
    mutex_init(&p->lock);
    p->refs = 1;
    p->keep_bytes = keep_bytes;
    return p;
}

/* Called with the lock, which is gone afterwards, as the pool may be. */
static void unref_unlock(struct bufpool *p)
{
    bool last = --p->refs == 0;

    mutex_unlock(&p->lock);
    if (last) {
        mutex_destroy(&p->lock);
        mem_free(p);
    }
}

void bufpool_free(struct bufpool *p)
{
    struct block *b, *next;

    if (p == NULL)
        return;
    mutex_lock(&p->lock);
    p->keep_bytes = 0;
    for (unsigned c = 0; c < CLASSES; c++) {
        for (b = p->unused[c]; b != NULL; b = next) {
            next = b->next;
            mem_free(b);
        }
        p->unused[c] = NULL;
    }
    p->kept = 0;
    unref_unlock(p);
}

static void block_release(void *ctx)
{
    struct block *b = ctx;
    struct bufpool *p = b->pool;
    size_t size = class_size(b->class);

    mutex_lock(&p->lock);
    if (p->kept + size <= p->keep_bytes) {
        b->next = p->unused[b->class];
        p->unused[b->class] = b;
        p->kept += size;
        b = NULL;
    }
    unref_unlock(p);
    mem_free(b);
}

static struct block *block_take(struct bufpool *p, unsigned class)
{
    struct block *b;

    mutex_lock(&p->lock);
    p->refs++;
    b = p->unused[class];
    if (b != NULL) {
        p->unused[class] = b->next;
        p->kept -= class_size(class);
    }
    mutex_unlock(&p->lock);

    if (b == NULL)
        b = mem_alloc(sizeof(*b) + ALIGNMENT + class_size(class));
    if (b == NULL) {
        mutex_lock(&p->lock);
        unref_unlock(p);
        return NULL;
    }
    b->pool = p;
    b->class = class;
    return b;
}

struct buf *bufpool_get(struct bufpool *p, size_t size)
{
    unsigned class = 0;
    struct block *b;
    struct buf *buf;

    while (class < CLASSES && size > class_size(class))
        class ++;
    if (p == NULL || size < CLASS_SMALLEST || class == CLASSES)
        return buf_new(size);
    b = block_take(p, class);
    if (b == NULL)
        return NULL;
    buf = buf_wrap((void *)align_up((uintptr_t)(b + 1), ALIGNMENT), size, block_release, b);
    if (buf == NULL)
        block_release(b);
    return buf;
}
