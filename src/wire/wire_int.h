// SPDX-License-Identifier: Apache-2.0
/*
 * Helpers shared by the codecs of this folder; nobody else includes it.
 */
#ifndef WIRE_WIRE_INT_H
#define WIRE_WIRE_INT_H

#include "base/checked.h"
#include "wire/wire.h"

/* Where the variable part of a message may begin: StructureSize counts one byte of it when odd. */
#define WIRE_FIXED_END(structure_size) (SMB2_HEADER_SIZE + ((structure_size) & ~1u))

/* The StructureSizes of tables/cmd.def by name: WIRE_CREATE_REQ_SIZE, WIRE_CREATE_RSP_SIZE... */
enum {
#define X(code, NAME, name, req, rsp, flags) \
    WIRE_##NAME##_REQ_SIZE = (req), WIRE_##NAME##_RSP_SIZE = (rsp),
#include "wire/tables/cmd.def"
#undef X
};

/* Reads StructureSize; the cursor fails when it is not `size`. */
void wire_structure_size(struct cursor *c, uint16_t size);

/* The bytes [off, off + len) of the element as a blob; the cursor fails when they do not lie
   between `from` and the end. Does not move the cursor. With len == 0 the offset is ignored. */
void wire_range(struct cursor *c, size_t from, size_t off, size_t len, struct wire_blob *out);
/* The same for UTF-16 text: an odd length is malformed too. */
void wire_range_text(struct cursor *c, size_t from, size_t off, size_t len, struct wire_blob *out);

struct wire_file_id wire_get_file_id(struct cursor *c);
void wire_put_file_id(struct builder *b, const struct wire_file_id *id);
struct guid wire_get_guid(struct cursor *c);
void wire_put_guid(struct builder *b, const struct guid *g);

/* Begins a body: the builder must stand right behind the header. Writes StructureSize. */
void wire_begin(struct builder *b, size_t hdr, uint16_t structure_size);
/* Marks a builder as failed: a value that the wire cannot express. */
void wire_fail(struct builder *b);
/* A number as a 16- or 32-bit field; fails the builder when it does not fit. */
void wire_put_u16(struct builder *b, size_t v);
void wire_put_u32(struct builder *b, size_t v);
/* The bytes themselves. */
void wire_put_blob(struct builder *b, const struct wire_blob *v);
/* The bytes, or nothing when the caller appends them itself (data == NULL). */
void wire_put_payload(struct builder *b, const struct wire_blob *v);

/* Lists of {type, length, reserved, data}, each 8-byte aligned counted from the cursor's base. */
bool wire_typed_ctxs_decode(struct cursor *c, struct arena *a, size_t off, size_t count, size_t max,
                            const struct wire_negotiate_ctx **out);
void wire_typed_ctxs_encode(struct builder *b, size_t hdr, const struct wire_negotiate_ctx *ctxs,
                            size_t count);

/* The chain of create contexts in [off, off + len) ([MS-SMB2] 2.2.13.2). */
bool wire_create_ctxs_decode(struct cursor *c, struct arena *a, size_t off, size_t len,
                             const struct wire_create_ctx **out, size_t *count);
void wire_create_ctxs_encode(struct builder *b, const struct wire_create_ctx *ctxs, size_t count);
/* The number of bytes that wire_create_ctxs_encode writes. */
size_t wire_create_ctxs_size(const struct wire_create_ctx *ctxs, size_t count);

/* A body of nothing but StructureSize 4 and two reserved bytes. */
bool wire_empty_decode(struct cursor *c);
bool wire_empty_encode(struct builder *b, size_t hdr);

/* The three responses that are an offset, a length and a buffer. */
bool wire_output_decode(struct cursor *c, uint16_t structure_size, struct wire_blob *out);
bool wire_output_encode(struct builder *b, size_t hdr, uint16_t structure_size,
                        const struct wire_blob *in);

#endif
