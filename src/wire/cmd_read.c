// SPDX-License-Identifier: Apache-2.0
/*
 * READ ([MS-SMB2] 2.2.19, 2.2.20). The data of the response are normally a slice of their own.
 */
#include "wire/wire_int.h"

bool wire_read_req_decode(struct cursor *c, struct arena *a, struct wire_read_req *out)
{
    wire_structure_size(c, WIRE_READ_REQ_SIZE);
    out->padding = cursor_u8(c);
    out->flags = cursor_u8(c);
    out->length = cursor_u32(c);
    out->offset = cursor_u64(c);
    out->file_id = wire_get_file_id(c);
    out->minimum_count = cursor_u32(c);
    out->channel = cursor_u32(c);
    out->remaining_bytes = cursor_u32(c);
    size_t off = cursor_u16(c);
    size_t len = cursor_u16(c);
    if (out->channel == SMB2_CHANNEL_NONE)
        len = 0; /* "MUST be ignored by the server" */
    wire_range(c, WIRE_FIXED_END(WIRE_READ_REQ_SIZE), off, len, &out->channel_info);
    return !cursor_failed(c);
}

bool wire_read_req_encode(struct builder *b, size_t hdr, const struct wire_read_req *in)
{
    bool info = in->channel != SMB2_CHANNEL_NONE && in->channel_info.len != 0;

    wire_begin(b, hdr, WIRE_READ_REQ_SIZE);
    builder_u8(b, in->padding);
    builder_u8(b, in->flags);
    builder_u32(b, in->length);
    builder_u64(b, in->offset);
    wire_put_file_id(b, &in->file_id);
    builder_u32(b, in->minimum_count);
    builder_u32(b, in->channel);
    builder_u32(b, in->remaining_bytes);
    wire_put_u16(b, info ? WIRE_FIXED_END(WIRE_READ_REQ_SIZE) : 0);
    wire_put_u16(b, info ? in->channel_info.len : 0);
    /* Some servers insist on the one byte of Buffer that StructureSize counts. */
    if (info)
        wire_put_blob(b, &in->channel_info);
    else
        builder_u8(b, 0);
    return !builder_failed(b);
}

bool wire_read_rsp_decode(struct cursor *c, struct arena *a, struct wire_read_rsp *out)
{
    wire_structure_size(c, WIRE_READ_RSP_SIZE);
    size_t off = cursor_u8(c);
    cursor_skip(c, 1);
    size_t len = cursor_u32(c);
    out->data_remaining = cursor_u32(c);
    out->flags = cursor_u32(c);
    wire_range(c, WIRE_FIXED_END(WIRE_READ_RSP_SIZE), off, len, &out->payload);
    return !cursor_failed(c);
}

bool wire_read_rsp_encode(struct builder *b, size_t hdr, const struct wire_read_rsp *in)
{
    wire_begin(b, hdr, WIRE_READ_RSP_SIZE);
    builder_u8(b, WIRE_READ_DATA_OFFSET);
    builder_u8(b, 0);
    wire_put_u32(b, in->payload.len);
    builder_u32(b, in->data_remaining);
    builder_u32(b, in->flags);
    wire_put_payload(b, &in->payload);
    return !builder_failed(b);
}
