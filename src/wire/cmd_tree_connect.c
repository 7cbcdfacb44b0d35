// SPDX-License-Identifier: Apache-2.0
/*
 * TREE_CONNECT ([MS-SMB2] 2.2.9, 2.2.10), with the request extension of 3.1.1 (2.2.9.1): flagged,
 * 16 bytes before the path, and contexts behind it. What is in the contexts stays opaque.
 */
#include "wire/wire_int.h"

#define EXTENSION_SIZE 16u

/* Reads TreeConnectContextOffset, TreeConnectContextCount and reserved bytes; then the contexts. */
static bool extension_decode(struct cursor *c, struct arena *a, struct wire_tree_connect_req *out)
{
    size_t off = cursor_u32(c);
    out->ctx_count = cursor_u16(c);
    cursor_skip(c, 10);
    if (cursor_failed(c))
        return false;
    if (out->ctx_count == 0)
        return true;
    /* Counted from the start of the request, not of the header. */
    size_t from_header;
    if (!checked_add_size(off, SMB2_HEADER_SIZE, &from_header) || from_header < c->pos)
        return false;
    return wire_typed_ctxs_decode(c, a, from_header, out->ctx_count, WIRE_TREE_CTX_MAX, &out->ctxs);
}

bool wire_tree_connect_req_decode(struct cursor *c, struct arena *a,
                                  struct wire_tree_connect_req *out)
{
    *out = (struct wire_tree_connect_req){0};
    wire_structure_size(c, WIRE_TREE_CONNECT_REQ_SIZE);
    out->flags = cursor_u16(c);
    size_t off = cursor_u16(c);
    size_t len = cursor_u16(c);
    size_t from = WIRE_FIXED_END(WIRE_TREE_CONNECT_REQ_SIZE);
    if (out->flags & SMB2_TREE_CONNECT_FLAG_EXTENSION_PRESENT) {
        if (!extension_decode(c, a, out))
            return false;
        from += EXTENSION_SIZE;
    }
    wire_range_text(c, from, off, len, &out->path);
    return !cursor_failed(c);
}

bool wire_tree_connect_req_encode(struct builder *b, size_t hdr,
                                  const struct wire_tree_connect_req *in)
{
    bool extension = in->flags & SMB2_TREE_CONNECT_FLAG_EXTENSION_PRESENT;
    size_t path = WIRE_FIXED_END(WIRE_TREE_CONNECT_REQ_SIZE) + (extension ? EXTENSION_SIZE : 0);

    wire_begin(b, hdr, WIRE_TREE_CONNECT_REQ_SIZE);
    builder_u16(b, in->flags);
    wire_put_u16(b, path);
    wire_put_u16(b, in->path.len);
    if (extension) {
        size_t ctxs = align_up(path + in->path.len, 8) - SMB2_HEADER_SIZE;
        wire_put_u32(b, in->ctx_count != 0 ? ctxs : 0);
        wire_put_u16(b, in->ctx_count);
        builder_zero(b, 10);
    }
    wire_put_blob(b, &in->path);
    if (extension)
        wire_typed_ctxs_encode(b, hdr, in->ctxs, in->ctx_count);
    return !builder_failed(b);
}

bool wire_tree_connect_rsp_decode(struct cursor *c, struct arena *a,
                                  struct wire_tree_connect_rsp *out)
{
    wire_structure_size(c, WIRE_TREE_CONNECT_RSP_SIZE);
    out->share_type = cursor_u8(c);
    cursor_skip(c, 1);
    out->share_flags = cursor_u32(c);
    out->capabilities = cursor_u32(c);
    out->maximal_access = cursor_u32(c);
    return !cursor_failed(c);
}

bool wire_tree_connect_rsp_encode(struct builder *b, size_t hdr,
                                  const struct wire_tree_connect_rsp *in)
{
    wire_begin(b, hdr, WIRE_TREE_CONNECT_RSP_SIZE);
    builder_u8(b, in->share_type);
    builder_u8(b, 0);
    builder_u32(b, in->share_flags);
    builder_u32(b, in->capabilities);
    builder_u32(b, in->maximal_access);
    return !builder_failed(b);
}
