// SPDX-License-Identifier: Apache-2.0
/*
 * A list of chunks; allocations are cut from the newest. An allocation too large to share a chunk
 * gets one of its own, put behind the newest, so that the room left there is not lost.
 *
 * The maximum counts the bytes of all chunks without their headers. What it stops: one request
 * whose many small parts (contexts, names, security descriptors) would make the server hold memory
 * without end.
 */
#include "base/arena.h"

#include "base/checked.h"
#include "base/mem.h"

#include <stdalign.h>
#include <string.h>

#define ARENA_ALIGN alignof(max_align_t)
#define CHUNK_SIZE  4000 /* a page with the header and the allocator's own bytes */
#define LARGE_SIZE  1024

struct arena_chunk {
    alignas(max_align_t) struct arena_chunk *next;
    size_t size;
    alignas(max_align_t) uint8_t data[];
};

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){.max = max};
}

void arena_clear(struct arena *a)
{
    struct arena_chunk *next;
    for (struct arena_chunk *c = a->chunks; c; c = next) {
        next = c->next;
        mem_free(c);
    }
    arena_init(a, a->max);
}

/* A chunk with room for `size`; not yet in the list. */
static struct arena_chunk *chunk_new(struct arena *a, size_t size)
{
    size_t bytes;
    struct arena_chunk *c;
    if (size > a->max - a->total || !checked_add_size(size, sizeof(*c), &bytes))
        return NULL;
    c = mem_alloc(bytes);
    if (!c)
        return NULL;
    c->size = size;
    a->total += size;
    return c;
}

static void *alloc_large(struct arena *a, size_t size)
{
    struct arena_chunk *c = chunk_new(a, size);
    if (!c)
        return NULL;
    if (a->chunks) {
        c->next = a->chunks->next;
        a->chunks->next = c;
    } else {
        c->next = NULL;
        a->chunks = c;
        a->used = size;
    }
    return memset(c->data, 0, size);
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > a->max || size > SIZE_MAX - ARENA_ALIGN)
        return NULL;
    size = align_up(MAX(size, 1), ARENA_ALIGN);
    if (a->chunks && size <= a->chunks->size - a->used) {
        void *p = a->chunks->data + a->used;
        a->used += size;
        return memset(p, 0, size);
    }
    if (size >= LARGE_SIZE)
        return alloc_large(a, size);
    /* Near the maximum the last chunk is smaller, but never smaller than what is asked for. */
    struct arena_chunk *c = chunk_new(a, MAX(size, MIN(CHUNK_SIZE, a->max - a->total)));
    if (!c)
        return NULL;
    c->next = a->chunks;
    a->chunks = c;
    a->used = size;
    return memset(c->data, 0, size);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t bytes;
    return checked_mul_size(count, size, &bytes) ? arena_alloc(a, bytes) : NULL;
}

void *arena_dup(struct arena *a, const void *data, size_t size)
{
    void *p = arena_alloc(a, size);
    if (p && size > 0)
        memcpy(p, data, size);
    return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *p = arena_alloc(a, len + 1);
    if (p)
        memcpy(p, s, len);
    return p;
}
