// SPDX-License-Identifier: Apache-2.0
/*
 * Compressed messages ([MS-SMB2] 2.2.42, 3.1.4.4, 3.1.5.3, 3.3.5.2.1.2): what a connection has
 * agreed on, and messages there and back. A message is signed before it is compressed, and
 * compressed before it is sealed.
 *
 * A bomb costs what its sender could have sent in plain: no more than a message of the connection
 * may be long is allocated or written, and nothing before somebody has authenticated.
 */
#ifndef CORE_COMPRESSION_H
#define CORE_COMPRESSION_H

#include "base/buf.h"
#include "wire/wire.h"

struct compress_work;

#define COMPRESSION_IDS_MAX 4 /* algorithms that we have, patterns among them */

/* Negotiated; of no ids: none is. */
struct core_compression {
    uint16_t ids[COMPRESSION_IDS_MAX]; /* Connection.CompressionIds, the client's favourite first */
    uint16_t count;
    bool chained; /* SupportsChainedCompression */
};

/* What both sides have, in the order of the client (3.3.5.4). */
void compression_choose(struct core_compression *c, const struct wire_ids *offered, uint32_t flags);

/* The message in a compressed one, `most` bytes at most, in a buffer of its own that begins with
   room so that the payload of a WRITE is aligned: it begins at COMPRESSION_ROOM. NULL: it is bad,
   or memory is out. */
#define COMPRESSION_ROOM 16u
struct buf *compression_unpack(const struct core_compression *c, const uint8_t *data, size_t len,
                               size_t most);

/* Replaces the message by a compressed one, if it gains enough; its first slice (headers) stays as
   it is. What cannot be compressed, for whatever reason, stays as it is. *work is made when it is
   needed first. */
void compression_pack(const struct core_compression *c, struct compress_work **work,
                      struct chain *message);

#endif
