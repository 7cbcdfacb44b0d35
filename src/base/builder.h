// SPDX-License-Identifier: Apache-2.0
/*
 * Writes little-endian fields into a bounded buffer. The error is sticky: the first write that does
 * not fit (or cannot be allocated) sets `failed` and changes nothing; builder_failed is checked
 * once at the end. Bytes never written are zero: no stale memory leaves the server.
 *
 * Ownership: a fixed builder borrows its memory; a growing one owns it until builder_steal or
 * builder_free. Threads: a builder belongs to one thread.
 */
#ifndef BASE_BUILDER_H
#define BASE_BUILDER_H

#include "base/compiler.h"

struct builder {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t max; /* growth stops here */
    bool failed;
    bool growable;
};

/* Writes into mem[0 .. cap). */
void builder_init_fixed(struct builder *b, void *mem, size_t cap);
/* Starts empty and grows up to max bytes. */
void builder_init_grow(struct builder *b, size_t max);
/* Frees a growing builder's memory. Harmless on a fixed one. */
void builder_free(struct builder *b);
/* Hands the memory (from mem.h) to the caller and leaves the builder empty. NULL when failed. */
NODISCARD uint8_t *builder_steal(struct builder *b, size_t *len);

void builder_u8(struct builder *b, uint8_t v);
void builder_u16(struct builder *b, uint16_t v);
void builder_u32(struct builder *b, uint32_t v);
void builder_u64(struct builder *b, uint64_t v);
void builder_bytes(struct builder *b, const void *src, size_t n);
void builder_zero(struct builder *b, size_t n);
/* Zeroes up to the next multiple of `to` (a power of two), counted from offset `from`. */
void builder_align(struct builder *b, size_t from, size_t to);
/* Room for n more bytes, so that writing them cannot fail. False: memory is out, which leaves the
   builder as it was. */
NODISCARD bool builder_reserve(struct builder *b, size_t n);
/* n zeroed bytes to be filled in place, or NULL. Valid until the next write. */
uint8_t *builder_space(struct builder *b, size_t n);
/* Cuts back to an earlier length; the cut bytes are zeroed. The error stays. */
void builder_truncate(struct builder *b, size_t len);

/* For a list that ends where it is full: mark, write a record, and when builder_failed says that it
   did not fit go back. Rollback restores the length and the error as they were at the mark. */
struct builder_mark {
    size_t len;
    bool failed;
};

struct builder_mark builder_mark(const struct builder *b);
void builder_rollback(struct builder *b, struct builder_mark mark);

/* Overwrite earlier bytes; the offset must lie inside what was written. Nothing when failed. */
void builder_patch_u8(struct builder *b, size_t off, uint8_t v);
void builder_patch_u16(struct builder *b, size_t off, uint16_t v);
void builder_patch_u32(struct builder *b, size_t off, uint32_t v);
void builder_patch_u64(struct builder *b, size_t off, uint64_t v);

static inline bool builder_failed(const struct builder *b)
{
    return b->failed;
}

void le16_store(void *p, uint16_t v);
void le32_store(void *p, uint32_t v);
void le64_store(void *p, uint64_t v);

#endif
