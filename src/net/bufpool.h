// SPDX-License-Identifier: Apache-2.0
/*
 * Keeps large message buffers for the next message: the C library gives a block of 1 MiB or more
 * back to the kernel at once, and page faults then cost more than the copy of the payload. Small
 * buffers come straight from mem.h, which is faster than any list.
 *
 * Ownership: buffers may outlive the pool's owner; the pool lives until the last one is back.
 * Threads: any.
 */
#ifndef NET_BUFPOOL_H
#define NET_BUFPOOL_H

#include "base/buf.h"

struct bufpool;

/* Keeps at most `keep_bytes` of unused memory. NULL when memory is out. */
NODISCARD struct bufpool *bufpool_new(size_t keep_bytes);
/* The owner's reference goes. NULL is allowed. */
void bufpool_free(struct bufpool *p);
/* A buffer of at least this size, aligned to 64, not cleared. `p` may be NULL (then as buf_new).
   NULL when memory is out. */
NODISCARD struct buf *bufpool_get(struct bufpool *p, size_t size);

#endif
