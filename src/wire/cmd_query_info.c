// SPDX-License-Identifier: Apache-2.0
/* QUERY_INFO ([MS-SMB2] 2.2.37, 2.2.38). The records are the matter of info_*.c. */
#include "wire/wire_int.h"

bool wire_query_info_req_decode(struct cursor *c, struct arena *a, struct wire_query_info_req *out)
{
    wire_structure_size(c, WIRE_QUERY_INFO_REQ_SIZE);
    out->info_type = cursor_u8(c);
    out->info_class = cursor_u8(c);
    out->output_length = cursor_u32(c);
    size_t off = cursor_u16(c);
    cursor_skip(c, 2);
    size_t len = cursor_u32(c);
    out->additional_information = cursor_u32(c);
    out->flags = cursor_u32(c);
    out->file_id = wire_get_file_id(c);
    wire_range(c, WIRE_FIXED_END(WIRE_QUERY_INFO_REQ_SIZE), off, len, &out->input);
    return !cursor_failed(c);
}

bool wire_query_info_req_encode(struct builder *b, size_t hdr, const struct wire_query_info_req *in)
{
    wire_begin(b, hdr, WIRE_QUERY_INFO_REQ_SIZE);
    builder_u8(b, in->info_type);
    builder_u8(b, in->info_class);
    builder_u32(b, in->output_length);
    wire_put_u16(b, in->input.len != 0 ? WIRE_FIXED_END(WIRE_QUERY_INFO_REQ_SIZE) : 0);
    builder_u16(b, 0);
    wire_put_u32(b, in->input.len);
    builder_u32(b, in->additional_information);
    builder_u32(b, in->flags);
    wire_put_file_id(b, &in->file_id);
    wire_put_blob(b, &in->input);
    return !builder_failed(b);
}

bool wire_query_info_rsp_decode(struct cursor *c, struct arena *a, struct wire_query_info_rsp *out)
{
    return wire_output_decode(c, WIRE_QUERY_INFO_RSP_SIZE, &out->payload);
}

bool wire_query_info_rsp_encode(struct builder *b, size_t hdr, const struct wire_query_info_rsp *in)
{
    return wire_output_encode(b, hdr, WIRE_QUERY_INFO_RSP_SIZE, &in->payload);
}
