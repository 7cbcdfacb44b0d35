// SPDX-License-Identifier: Apache-2.0
/*
 * The allocator for tests. Each block has a head with its size and a magic number, so that freeing
 * twice or freeing what never came from here dies at once. A resize always moves the block: whoever
 * keeps the old pointer is found by ASan. Threads: counts are atomic; what decides about failures
 * is only written while one thread runs.
 */
#include "base/testmem.h"

#include "base/mem.h"
#include "base/testrand.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_MAGIC 0x544d454du
#define RUBBISH     0xa5

struct block {
    _Alignas(max_align_t) size_t size;
    uint32_t magic;
    _Alignas(max_align_t) uint8_t data[];
};

static size_t live, live_bytes, count, failed;

/* Which fail: those numbered first .. last, or the share when per_mille is not 0. */
static size_t fail_first, fail_last;
static unsigned fail_per_mille;
static uint64_t fail_seed;

static size_t get(const size_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static size_t add(size_t *counter, size_t n)
{
    return __atomic_add_fetch(counter, n, __ATOMIC_RELAXED);
}

static bool must_fail(void)
{
    size_t n = add(&count, 1);
    struct testrand r = {.state = fail_seed + n};
    bool fail = n >= fail_first && n <= fail_last;
    if (fail_per_mille > 0)
        fail = testrand_below(&r, 1000) < fail_per_mille;
    if (fail)
        add(&failed, 1);
    return fail;
}

static struct block *block_of(void *ptr)
{
    struct block *b = CONTAINER_OF(ptr, struct block, data);
    MAGIC_CHECK(b, BLOCK_MAGIC);
    return b;
}

static void *block_new(size_t size)
{
    if (size > SIZE_MAX - sizeof(struct block))
        return NULL;
    struct block *b = malloc(sizeof(*b) + size);
    if (!b)
        return NULL;
    b->size = size;
    MAGIC_SET(b, BLOCK_MAGIC);
    memset(b->data, RUBBISH, size);
    add(&live, 1);
    add(&live_bytes, size);
    return b->data;
}

static void test_release(void *ctx, void *ptr)
{
    struct block *b = block_of(ptr);
    add(&live, (size_t)-1);
    add(&live_bytes, 0 - b->size);
    memset(b->data, RUBBISH, b->size);
    MAGIC_WIPE(b);
    free(b);
}

static void *test_alloc(void *ctx, size_t size)
{
    return must_fail() ? NULL : block_new(size);
}

static void *test_resize(void *ctx, void *ptr, size_t size)
{
    if (must_fail())
        return NULL;
    void *p = block_new(size);
    if (p && ptr) {
        memcpy(p, ptr, MIN(size, block_of(ptr)->size));
        test_release(ctx, ptr);
    }
    return p;
}

void testmem_install(void)
{
    static const struct mem_hooks hooks = {test_alloc, test_resize, test_release, NULL};
    ASSERT(testmem_live() == 0);
    testmem_fail_none();
    mem_set_hooks(&hooks);
}

void testmem_remove(void)
{
    ASSERT(testmem_live() == 0);
    testmem_fail_none();
    mem_set_hooks(NULL);
}

size_t testmem_live(void)
{
    return get(&live);
}

size_t testmem_live_bytes(void)
{
    return get(&live_bytes);
}

size_t testmem_count(void)
{
    return get(&count);
}

size_t testmem_failed(void)
{
    return get(&failed);
}

static void fail_range(size_t first, size_t last)
{
    count = failed = 0;
    fail_first = first;
    fail_last = last;
    fail_per_mille = 0;
}

void testmem_fail_nth(size_t n)
{
    fail_range(n, n);
}

void testmem_fail_from(size_t n)
{
    fail_range(n, SIZE_MAX);
}

void testmem_fail_none(void)
{
    fail_range(SIZE_MAX, 0);
}

void testmem_fail_share(unsigned per_mille, uint64_t seed)
{
    testmem_fail_none();
    fail_per_mille = per_mille;
    fail_seed = seed;
}
