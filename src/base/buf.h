// SPDX-License-Identifier: Apache-2.0
/*
 * Reference-counted payload buffers, slices of them, and chains of slices. A payload is never
 * copied between socket and plugin: WRITE data is a slice of the receive buffer, READ data a slice
 * of what the plugin answered with.
 *
 * Ownership: whoever holds a reference may read; only the sole holder may write (buf_is_unique).
 * Threads: counts are atomic, so references may be taken and dropped on any thread.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/compiler.h"

struct buf {
    uint32_t magic;
    int refs; /* atomic: slices, requests and queues that use the bytes */
    uint8_t *data;
    size_t size;
    void (*release)(void *ctx); /* NULL: data lies behind this header, from mem.h */
    void *ctx;
};

/* A new buffer with one reference. The bytes are NOT cleared: for receiving and for plugins that
   fill all of it; buf_new_zero clears. `data` is aligned to 64 bytes. NULL when memory is out. */
NODISCARD struct buf *buf_new(size_t size);
NODISCARD struct buf *buf_new_zero(size_t size);
/* Wraps memory owned by someone else; release(ctx) is called once when the last reference goes.
   When NULL is returned release has not been called. */
NODISCARD struct buf *buf_wrap(void *data, size_t size, void (*release)(void *ctx), void *ctx);
struct buf *buf_ref(struct buf *b);
/* NULL is allowed. */
void buf_unref(struct buf *b);
bool buf_is_unique(const struct buf *b);

/* Some bytes of a buffer, with a reference to it. buf == NULL: bytes that live forever (constants).
 */
struct slice {
    struct buf *buf;
    const uint8_t *data;
    size_t len;
};

/* Takes a reference of its own. */
struct slice slice_of(struct buf *b, size_t off, size_t len);
struct slice slice_ref(const struct slice *s);
/* Drops the reference and empties the slice. */
void slice_clear(struct slice *s);

#define CHAIN_INLINE 4
/* An upper bound on slices in one message: a compound of that many elements is refused earlier. */
#define CHAIN_MAX 4096

/* A message as a list of slices, in order. Owns a reference for each. */
struct chain {
    struct slice *v;
    size_t n, cap;
    size_t bytes; /* total length */
    struct slice inline_v[CHAIN_INLINE];
};

void chain_init(struct chain *c);
/* Drops every reference; the chain is empty and usable again. */
void chain_clear(struct chain *c);
/* Takes over the caller's reference in *s (also on failure, when it drops it) and empties *s.
   False when memory is out. Empty slices are dropped. */
NODISCARD bool chain_add(struct chain *c, struct slice *s);
/* Moves all slices of src to the end of dst; src is empty afterwards. False: memory is out, both
   unchanged. */
NODISCARD bool chain_move(struct chain *dst, struct chain *src);
/* Copies everything to dst, which has room for c->bytes. */
void chain_copy_out(const struct chain *c, void *dst);

#endif
