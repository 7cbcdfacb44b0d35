// SPDX-License-Identifier: Apache-2.0
/*
 * Memory that lives as long as one request: many small allocations, freed together. Bounded, so
 * that one request cannot make the server allocate without end.
 * Threads: an arena belongs to one thread.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/compiler.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks;
    size_t used;  /* in the newest chunk */
    size_t total; /* all chunks */
    size_t max;
};

void arena_init(struct arena *a, size_t max);
/* Frees everything; the arena is empty and usable again. */
void arena_clear(struct arena *a);
/* Zeroed, aligned for any type. NULL when memory is out or the arena's maximum is reached; each
   allocation counts rounded up to the alignment. */
NODISCARD void *arena_alloc(struct arena *a, size_t size);
NODISCARD void *arena_array(struct arena *a, size_t count, size_t size);
NODISCARD void *arena_dup(struct arena *a, const void *data, size_t size);
/* At most n bytes, up to the first NUL; always terminated. */
NODISCARD char *arena_strndup(struct arena *a, const char *s, size_t n);

#endif
