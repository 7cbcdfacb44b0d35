// SPDX-License-Identifier: Apache-2.0
/* CLOSE ([MS-SMB2] 2.2.15, 2.2.16). */
#include "wire/wire_int.h"

bool wire_close_req_decode(struct cursor *c, struct arena *a, struct wire_close_req *out)
{
    wire_structure_size(c, WIRE_CLOSE_REQ_SIZE);
    out->flags = cursor_u16(c);
    cursor_skip(c, 4);
    out->file_id = wire_get_file_id(c);
    return !cursor_failed(c);
}

bool wire_close_req_encode(struct builder *b, size_t hdr, const struct wire_close_req *in)
{
    wire_begin(b, hdr, WIRE_CLOSE_REQ_SIZE);
    builder_u16(b, in->flags);
    builder_u32(b, 0);
    wire_put_file_id(b, &in->file_id);
    return !builder_failed(b);
}

bool wire_close_rsp_decode(struct cursor *c, struct arena *a, struct wire_close_rsp *out)
{
    wire_structure_size(c, WIRE_CLOSE_RSP_SIZE);
    out->flags = cursor_u16(c);
    cursor_skip(c, 4);
    out->creation_time = cursor_u64(c);
    out->last_access_time = cursor_u64(c);
    out->last_write_time = cursor_u64(c);
    out->change_time = cursor_u64(c);
    out->allocation_size = cursor_u64(c);
    out->end_of_file = cursor_u64(c);
    out->file_attributes = cursor_u32(c);
    return !cursor_failed(c);
}

bool wire_close_rsp_encode(struct builder *b, size_t hdr, const struct wire_close_rsp *in)
{
    wire_begin(b, hdr, WIRE_CLOSE_RSP_SIZE);
    builder_u16(b, in->flags);
    builder_u32(b, 0);
    builder_u64(b, in->creation_time);
    builder_u64(b, in->last_access_time);
    builder_u64(b, in->last_write_time);
    builder_u64(b, in->change_time);
    builder_u64(b, in->allocation_size);
    builder_u64(b, in->end_of_file);
    builder_u32(b, in->file_attributes);
    return !builder_failed(b);
}
