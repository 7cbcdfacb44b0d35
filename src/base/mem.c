// SPDX-License-Identifier: Apache-2.0
/*
 * The allocator behind hooks. A size of zero is served as one byte, so that NULL always and only
 * means "memory is out", whatever the allocator underneath thinks of malloc(0).
 * Threads: as mem.h; `hooks` is written before any other thread exists and only read afterwards.
 */
#include "base/mem.h"

#include "base/checked.h"

#include <stdlib.h>
#include <string.h>

static void *libc_alloc(void *ctx, size_t size)
{
    return malloc(size);
}

static void *libc_resize(void *ctx, void *ptr, size_t size)
{
    return realloc(ptr, size);
}

static void libc_release(void *ctx, void *ptr)
{
    free(ptr);
}

static const struct mem_hooks libc_hooks = {libc_alloc, libc_resize, libc_release, NULL};
static struct mem_hooks hooks = {libc_alloc, libc_resize, libc_release, NULL};

void mem_set_hooks(const struct mem_hooks *h)
{
    hooks = h ? *h : libc_hooks;
}

void *mem_alloc(size_t size)
{
    return hooks.alloc(hooks.ctx, MAX(size, 1));
}

void *mem_zalloc(size_t size)
{
    size = MAX(size, 1);
    /* calloc knows which pages come zeroed from the system; hooks cannot say so. */
    if (hooks.alloc == libc_alloc)
        return calloc(1, size);
    void *p = hooks.alloc(hooks.ctx, size);
    if (p)
        memset(p, 0, size);
    return p;
}

void *mem_zarray(size_t count, size_t size)
{
    size_t bytes;
    return checked_mul_size(count, size, &bytes) ? mem_zalloc(bytes) : NULL;
}

void *mem_resize_array(void *ptr, size_t count, size_t size)
{
    size_t bytes;
    if (!checked_mul_size(count, size, &bytes))
        return NULL;
    return hooks.resize(hooks.ctx, ptr, MAX(bytes, 1));
}

void *mem_dup(const void *data, size_t size)
{
    void *p = mem_alloc(size);
    if (p && size > 0)
        memcpy(p, data, size);
    return p;
}

char *mem_strdup(const char *s)
{
    return mem_dup(s, strlen(s) + 1);
}

char *mem_strndup(const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    size_t size;
    char *p = checked_add_size(len, 1, &size) ? mem_alloc(size) : NULL;
    if (p) {
        memcpy(p, s, len);
        p[len] = '\0';
    }
    return p;
}

void mem_free(void *ptr)
{
    if (ptr)
        hooks.release(hooks.ctx, ptr);
}

bool mem_is_libc(void)
{
    return hooks.alloc == libc_alloc;
}

void mem_wipe(void *ptr, size_t size)
{
    /* The compiler cannot know where a volatile pointer leads, so it cannot drop the call as a dead
       store to memory that is freed next. */
    static void *(*const volatile keep)(void *, int, size_t) = memset;
    if (size > 0)
        keep(ptr, 0, size);
}

void mem_free_secret(void *ptr, size_t size)
{
    if (!ptr)
        return;
    mem_wipe(ptr, size);
    mem_free(ptr);
}

bool mem_equal_secret(const void *a, const void *b, size_t size)
{
    const volatile uint8_t *x = a;
    const volatile uint8_t *y = b;
    unsigned differ = 0;
    for (size_t i = 0; i < size; i++)
        differ |= x[i] ^ y[i];
    return differ == 0;
}
