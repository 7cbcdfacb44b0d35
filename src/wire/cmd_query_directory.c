// SPDX-License-Identifier: Apache-2.0
/* QUERY_DIRECTORY ([MS-SMB2] 2.2.33, 2.2.34). The records are the matter of info_*.c. */
#include "wire/wire_int.h"

bool wire_query_directory_req_decode(struct cursor *c, struct arena *a,
                                     struct wire_query_directory_req *out)
{
    wire_structure_size(c, WIRE_QUERY_DIRECTORY_REQ_SIZE);
    out->info_class = cursor_u8(c);
    out->flags = cursor_u8(c);
    out->file_index = cursor_u32(c);
    out->file_id = wire_get_file_id(c);
    size_t off = cursor_u16(c);
    size_t len = cursor_u16(c);
    out->output_length = cursor_u32(c);
    wire_range_text(c, WIRE_FIXED_END(WIRE_QUERY_DIRECTORY_REQ_SIZE), off, len, &out->pattern);
    return !cursor_failed(c);
}

bool wire_query_directory_req_encode(struct builder *b, size_t hdr,
                                     const struct wire_query_directory_req *in)
{
    size_t fixed = WIRE_FIXED_END(WIRE_QUERY_DIRECTORY_REQ_SIZE);

    wire_begin(b, hdr, WIRE_QUERY_DIRECTORY_REQ_SIZE);
    builder_u8(b, in->info_class);
    builder_u8(b, in->flags);
    builder_u32(b, in->file_index);
    wire_put_file_id(b, &in->file_id);
    wire_put_u16(b, in->pattern.len != 0 ? fixed : 0);
    wire_put_u16(b, in->pattern.len);
    builder_u32(b, in->output_length);
    wire_put_blob(b, &in->pattern);
    return !builder_failed(b);
}

bool wire_query_directory_rsp_decode(struct cursor *c, struct arena *a,
                                     struct wire_query_directory_rsp *out)
{
    return wire_output_decode(c, WIRE_QUERY_DIRECTORY_RSP_SIZE, &out->payload);
}

bool wire_query_directory_rsp_encode(struct builder *b, size_t hdr,
                                     const struct wire_query_directory_rsp *in)
{
    return wire_output_encode(b, hdr, WIRE_QUERY_DIRECTORY_RSP_SIZE, &in->payload);
}
