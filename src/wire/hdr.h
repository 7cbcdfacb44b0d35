// SPDX-License-Identifier: Apache-2.0
/*
 * What lies around the commands: Direct-TCP framing, protocol identification, the SMB2 header, the
 * walk over a compound, the transform header and the compression header.
 *
 * Contract: nothing here allocates; a decoder returns false (or a BAD value) on malformed input and
 * its output is then meaningless. Structs are in host order. Threads: no state.
 */
#ifndef WIRE_HDR_H
#define WIRE_HDR_H

#include "base/builder.h"
#include "base/cursor.h"
#include "wire/smb2.h"

/* ---- Direct TCP ([MS-SMB2] 2.1) and NetBIOS session service framing (RFC 1002, 4.3) ---- */

#define WIRE_FRAME_SIZE 4u
/* The largest length that the three bytes can say. */
#define WIRE_FRAME_MAX 0xffffffu

enum wire_frame {
    WIRE_FRAME_MESSAGE = 0x00,
    WIRE_FRAME_SESSION_REQUEST = 0x81,  /* answered with wire_frame_encode(SESSION_POSITIVE, 0) */
    WIRE_FRAME_SESSION_POSITIVE = 0x82, /* only sent by servers */
    WIRE_FRAME_KEEPALIVE = 0x85,        /* ignored; carries nothing */
    WIRE_FRAME_BAD = -1,                /* disconnect */
};

/* Reads the four bytes before a message; *len is the number of bytes that follow them. A session
   request is at most 17 bits long and a keepalive is empty: anything else is BAD. */
enum wire_frame wire_frame_decode(const uint8_t bytes[WIRE_FRAME_SIZE], uint32_t *len);
/* len <= WIRE_FRAME_MAX. */
void wire_frame_encode(uint8_t bytes[WIRE_FRAME_SIZE], enum wire_frame type, uint32_t len);

/* ---- which protocol a message belongs to ---- */

enum wire_protocol {
    WIRE_PROTOCOL_UNKNOWN, /* also: shorter than four bytes */
    WIRE_PROTOCOL_SMB1,
    WIRE_PROTOCOL_SMB2,
    WIRE_PROTOCOL_TRANSFORM,
    WIRE_PROTOCOL_COMPRESSION,
};

enum wire_protocol wire_protocol_of(const void *message, size_t size);

/* ---- the SMB2 header, sync and async ([MS-SMB2] 2.2.1) ---- */

struct wire_hdr {
    uint16_t credit_charge;
    uint16_t channel_sequence; /* requests only: the low half of the Status field */
    uint32_t status;           /* responses only */
    uint16_t command;
    uint16_t credits; /* CreditRequest or CreditResponse */
    uint32_t flags;
    uint32_t next_command;
    uint64_t message_id;
    uint64_t async_id;   /* when SMB2_FLAGS_ASYNC_COMMAND is set; else 0 */
    uint32_t process_id; /* when it is not set: the Reserved field that clients use as process id */
    uint32_t tree_id;    /* when it is not set; else 0 */
    uint64_t session_id;
    uint8_t signature[16];
};

/* Offsets of header fields that are patched after the header was written. */
enum {
    WIRE_HDR_STATUS = 8,
    WIRE_HDR_COMMAND = 12,
    WIRE_HDR_CREDITS = 14,
    WIRE_HDR_FLAGS = 16,
    WIRE_HDR_NEXT_COMMAND = 20,
    WIRE_HDR_MESSAGE_ID = 24,
    WIRE_HDR_ASYNC_ID = 32,
    WIRE_HDR_TREE_ID = 36,
    WIRE_HDR_SESSION_ID = 40,
    WIRE_HDR_SIGNATURE = 48,
};

/* Reads the 64 bytes at the cursor: protocol id and StructureSize are checked, the command code is
   not (see wire_command). */
bool wire_hdr_decode(struct cursor *c, struct wire_hdr *out);
/* Appends 64 bytes. The SMB2_FLAGS_SERVER_TO_REDIR and ASYNC bits of in->flags choose the form. */
bool wire_hdr_encode(struct builder *b, const struct wire_hdr *in);

/* ---- compounds ([MS-SMB2] 3.3.5.2.7) ---- */

/* An upper bound on elements in one compound: each is a request object with a reply, so a message
   of a few megabytes must not become sixty thousand of them. */
#define WIRE_COMPOUND_MAX 64u

/* One message being walked. Borrowed bytes. */
struct wire_compound {
    const uint8_t *data;
    size_t size;
    size_t next; /* offset of the next element; == size when there is none */
    unsigned count;
};

/* One element: the header decoded, and a cursor as the command decoders want it (base at the
   header, pos behind it, end at the end of this element). */
struct wire_element {
    struct wire_hdr hdr;
    struct cursor body;
    size_t offset; /* of the header within the message */
    size_t size;   /* header, body and padding: NextCommand, or the rest of the message */
};

enum wire_compound_result {
    WIRE_COMPOUND_ELEMENT,
    WIRE_COMPOUND_END,
    WIRE_COMPOUND_BAD, /* disconnect (3.3.5.2.6, 3.3.5.2.7) */
};

void wire_compound_init(struct wire_compound *it, const void *message, size_t size);
/* Every element starts 8-byte aligned, holds a header and a StructureSize, and lies inside the
   message; the last one runs to the end; there are at most WIRE_COMPOUND_MAX. */
enum wire_compound_result wire_compound_next(struct wire_compound *it, struct wire_element *out);

/* ---- SMB2 TRANSFORM_HEADER ([MS-SMB2] 2.2.41) ---- */

struct wire_transform {
    uint8_t signature[16];
    uint8_t nonce[16];
    uint32_t original_size;
    uint16_t flags; /* EncryptionAlgorithm before 3.1.1; 1 in both */
    uint64_t session_id;
};

/* The bytes from here to the end of the transform header are authenticated by the cipher. */
#define WIRE_TRANSFORM_AAD 20u

/* Reads 52 bytes at the cursor; the sealed message follows. False also when flags are not 1 or
   OriginalMessageSize is not the number of bytes that follow (3.3.5.2.1.1). */
bool wire_transform_decode(struct cursor *c, struct wire_transform *out);
bool wire_transform_encode(struct builder *b, const struct wire_transform *in);

/* ---- SMB2 COMPRESSION_TRANSFORM_HEADER ([MS-SMB2] 2.2.42) ---- */

struct wire_compression {
    uint32_t original_size; /* OriginalCompressedSegmentSize */
    bool chained;
    uint16_t algorithm; /* unchained only */
    uint32_t offset;    /* unchained only: bytes sent uncompressed before the compressed part */
};

/* One payload of a chained message. */
struct wire_compression_payload {
    uint16_t algorithm;
    uint16_t flags;
    uint32_t original_size; /* 0 when the algorithm has no such field */
    const uint8_t *data;    /* borrowed; the payload without OriginalPayloadSize */
    size_t len;
};

/* Unchained: leaves the cursor behind the 16-byte header. Chained: behind the first 8 bytes, where
   the payload headers begin. */
bool wire_compression_decode(struct cursor *c, struct wire_compression *out);
bool wire_compression_encode(struct builder *b, const struct wire_compression *in);
/* The next payload of a chained message; call it while cursor_left is not 0. */
bool wire_compression_payload_decode(struct cursor *c, struct wire_compression_payload *out);
bool wire_compression_payload_encode(struct builder *b, const struct wire_compression_payload *in);
/* All but the data, which already stand behind it: 8 bytes, 12 with OriginalPayloadSize. */
bool wire_compression_payload_head(struct builder *b, const struct wire_compression_payload *in);

#endif
