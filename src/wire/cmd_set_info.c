// SPDX-License-Identifier: Apache-2.0
/* SET_INFO ([MS-SMB2] 2.2.39, 2.2.40). The records are the matter of info_*.c. */
#include "wire/wire_int.h"

bool wire_set_info_req_decode(struct cursor *c, struct arena *a, struct wire_set_info_req *out)
{
    wire_structure_size(c, WIRE_SET_INFO_REQ_SIZE);
    out->info_type = cursor_u8(c);
    out->info_class = cursor_u8(c);
    size_t len = cursor_u32(c);
    size_t off = cursor_u16(c);
    cursor_skip(c, 2);
    out->additional_information = cursor_u32(c);
    out->file_id = wire_get_file_id(c);
    wire_range(c, WIRE_FIXED_END(WIRE_SET_INFO_REQ_SIZE), off, len, &out->payload);
    return !cursor_failed(c);
}

bool wire_set_info_req_encode(struct builder *b, size_t hdr, const struct wire_set_info_req *in)
{
    wire_begin(b, hdr, WIRE_SET_INFO_REQ_SIZE);
    builder_u8(b, in->info_type);
    builder_u8(b, in->info_class);
    wire_put_u32(b, in->payload.len);
    wire_put_u16(b, WIRE_FIXED_END(WIRE_SET_INFO_REQ_SIZE));
    builder_u16(b, 0);
    builder_u32(b, in->additional_information);
    wire_put_file_id(b, &in->file_id);
    wire_put_payload(b, &in->payload);
    return !builder_failed(b);
}

bool wire_set_info_rsp_decode(struct cursor *c, struct arena *a, struct wire_set_info_rsp *out)
{
    out->unused = 0;
    wire_structure_size(c, WIRE_SET_INFO_RSP_SIZE);
    return !cursor_failed(c);
}

bool wire_set_info_rsp_encode(struct builder *b, size_t hdr, const struct wire_set_info_rsp *in)
{
    wire_begin(b, hdr, WIRE_SET_INFO_RSP_SIZE);
    return !builder_failed(b);
}
