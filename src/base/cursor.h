// SPDX-License-Identifier: Apache-2.0
/*
 * Reads little-endian fields from a block of untrusted bytes. The error is sticky: after the first
 * read past the end every read gives zero and cursor_failed stays true, so that a decoder reads all
 * its fields and checks once.
 *
 * Ownership: the cursor borrows the bytes. Threads: a cursor belongs to one thread.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include "base/compiler.h"

struct cursor {
    const uint8_t *base; /* offset 0: what offsets on the wire are counted from */
    size_t pos;          /* next byte, counted from base */
    size_t end;          /* one past the last byte, counted from base */
    bool failed;
};

void cursor_init(struct cursor *c, const void *data, size_t size);

uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);
/* Copies n bytes to dst; dst is zeroed when they are not there. */
void cursor_bytes(struct cursor *c, void *dst, size_t n);
/* A pointer to the next n bytes, or NULL (also never NULL for n == 0 unless failed). */
const uint8_t *cursor_take(struct cursor *c, size_t n);
void cursor_skip(struct cursor *c, size_t n);
/* Moves to an absolute offset from base; fails when it lies past the end. */
void cursor_seek(struct cursor *c, size_t pos);
/* Skips to the next multiple of `to` (a power of two) counted from base. Stops at the end when that
   comes first: the last element of a list usually has no padding. */
void cursor_align(struct cursor *c, size_t to);
/* Marks the cursor as failed: for a decoder that finds a value it cannot accept. */
void cursor_fail(struct cursor *c);

/* The bytes [off, off + len) counted from base as a cursor of their own (its offset 0 is `off`).
   A range that is not inside fails both. */
struct cursor cursor_sub(struct cursor *c, size_t off, size_t len);

static inline size_t cursor_left(const struct cursor *c)
{
    return c->failed ? 0 : c->end - c->pos;
}

static inline bool cursor_failed(const struct cursor *c)
{
    return c->failed;
}

/* Unaligned little-endian loads from memory whose size the caller has checked. */
uint16_t le16_load(const void *p);
uint32_t le32_load(const void *p);
uint64_t le64_load(const void *p);

#endif
