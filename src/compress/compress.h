// SPDX-License-Identifier: Apache-2.0
/*
 * The compression algorithms of SMB 3.1.1 ([MS-XCA], [MS-SMB2] 2.2.3.1.3) as pure functions from
 * bytes to bytes. What a message does with them is core/compression.h's.
 *
 * Decoding trusts nothing: it never reads outside what it is given, never writes more than the
 * `size` bytes that the caller has made room for, and allocates nothing, so that what a bomb can
 * cost is what the caller allowed.
 *
 * Ownership: all memory is the caller's. Threads: a compress_work belongs to one call at a time;
 * decoding needs none.
 */
#ifndef COMPRESS_COMPRESS_H
#define COMPRESS_COMPRESS_H

#include "base/compiler.h"

/* The numbers are those of the protocol. */
enum compress_algorithm {
    COMPRESS_LZNT1 = 1,
    COMPRESS_LZ77 = 2,
    COMPRESS_LZ77_HUFFMAN = 3,
};

/* More is neither encoded nor decoded: positions fit 32 bits with room to spare. */
#define COMPRESS_MAX (16u << 20)
/* An encoder gives up when less room than this is left: so its result fills all but this at most,
   and the checks in its loop are few. */
#define COMPRESS_SLACK 16u

/* Tables that encoding needs, a third of a megabyte; to be kept from one call to the next. */
struct compress_work;

NODISCARD struct compress_work *compress_work_new(void);
/* NULL is allowed. */
void compress_work_free(struct compress_work *w);

NODISCARD bool compress_supported(unsigned algorithm);
/* The number of bytes written to `out`, or 0: it does not fit into `room`. */
NODISCARD size_t compress_encode(enum compress_algorithm a, struct compress_work *w,
                                 const uint8_t *in, size_t len, uint8_t *out, size_t room);
/* True: `in` was valid and became exactly `size` bytes. Otherwise `out` holds anything. */
NODISCARD bool compress_decode(enum compress_algorithm a, const uint8_t *in, size_t len,
                               uint8_t *out, size_t size);

/* A guess from a few thousand of its bytes, however many there are: can it be worth the trouble?
   What is compressed or encrypted already uses all byte values alike. */
NODISCARD bool compress_promising(const uint8_t *in, size_t len);
/* How many bytes equal to the first one it begins with, equal to the last one it ends with. */
NODISCARD size_t compress_run_forward(const uint8_t *in, size_t len);
NODISCARD size_t compress_run_backward(const uint8_t *in, size_t len);

#endif
