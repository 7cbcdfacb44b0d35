// SPDX-License-Identifier: Apache-2.0
/*
 * The only place that allocates. Everything above gets memory here, so that an embedding program
 * can give its own allocator and the tests can fail the nth allocation and count what is left.
 *
 * Threads: every function may be called from any thread. mem_set_hooks must be called before any
 * other thread exists.
 * Errors: an allocation returns NULL when memory is out (or a test says so); every caller handles
 * it.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/compiler.h"

/* As malloc, realloc and free; `ctx` is handed back to each. */
struct mem_hooks {
    void *(*alloc)(void *ctx, size_t size);
    void *(*resize)(void *ctx, void *ptr, size_t size);
    void (*release)(void *ctx, void *ptr);
    void *ctx;
};

/* Replaces the allocator; NULL restores the C library's. */
void mem_set_hooks(const struct mem_hooks *hooks);

NODISCARD void *mem_alloc(size_t size);
/* Zero-filled. */
NODISCARD void *mem_zalloc(size_t size);
/* Zero-filled array; NULL also when count * size overflows. */
NODISCARD void *mem_zarray(size_t count, size_t size);
/* The old block stays valid when NULL is returned. NULL also when count * size overflows. */
NODISCARD void *mem_resize_array(void *ptr, size_t count, size_t size);
NODISCARD char *mem_strdup(const char *s);
NODISCARD char *mem_strndup(const char *s, size_t n);
NODISCARD void *mem_dup(const void *data, size_t size);
/* NULL is allowed. */
void mem_free(void *ptr);
/* Overwrites the block in a way that the compiler keeps, then frees it: for keys and hashes. */
void mem_free_secret(void *ptr, size_t size);
/* Without hooks. */
NODISCARD bool mem_is_libc(void);
/* Overwrites in a way that the compiler keeps. */
void mem_wipe(void *ptr, size_t size);
/* Compares in a time that depends only on the size. True when equal. */
NODISCARD bool mem_equal_secret(const void *a, const void *b, size_t size);

#endif
