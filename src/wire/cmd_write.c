// SPDX-License-Identifier: Apache-2.0
/*
 * WRITE ([MS-SMB2] 2.2.21, 2.2.22). The data of the request are a slice of the receive buffer on
 * the server, and normally a slice of their own on the client.
 */
#include "wire/wire_int.h"

/* Without a channel a DataOffset beyond this is malformed ([MS-SMB2] 3.3.5.13). */
#define DATA_OFFSET_MAX 0x100u

bool wire_write_req_decode(struct cursor *c, struct arena *a, struct wire_write_req *out)
{
    size_t fixed = WIRE_FIXED_END(WIRE_WRITE_REQ_SIZE);

    wire_structure_size(c, WIRE_WRITE_REQ_SIZE);
    size_t data_off = cursor_u16(c);
    size_t data_len = cursor_u32(c);
    out->offset = cursor_u64(c);
    out->file_id = wire_get_file_id(c);
    out->channel = cursor_u32(c);
    out->remaining_bytes = cursor_u32(c);
    size_t info_off = cursor_u16(c);
    size_t info_len = cursor_u16(c);
    out->flags = cursor_u32(c);
    if (out->channel == SMB2_CHANNEL_NONE) {
        info_len = 0; /* "MUST be ignored by the server" */
        if (data_off > DATA_OFFSET_MAX)
            cursor_fail(c);
    }
    wire_range(c, fixed, info_off, info_len, &out->channel_info);
    wire_range(c, fixed, data_off, data_len, &out->payload);
    return !cursor_failed(c);
}

bool wire_write_req_encode(struct builder *b, size_t hdr, const struct wire_write_req *in)
{
    size_t fixed = WIRE_FIXED_END(WIRE_WRITE_REQ_SIZE);
    bool info = in->channel != SMB2_CHANNEL_NONE && in->channel_info.len != 0;
    size_t data = info ? align_up(fixed + in->channel_info.len, 8) : fixed;

    wire_begin(b, hdr, WIRE_WRITE_REQ_SIZE);
    wire_put_u16(b, data);
    wire_put_u32(b, in->payload.len);
    builder_u64(b, in->offset);
    wire_put_file_id(b, &in->file_id);
    builder_u32(b, in->channel);
    builder_u32(b, in->remaining_bytes);
    wire_put_u16(b, info ? fixed : 0);
    wire_put_u16(b, info ? in->channel_info.len : 0);
    builder_u32(b, in->flags);
    if (info) {
        wire_put_blob(b, &in->channel_info);
        if (in->payload.len != 0)
            builder_align(b, hdr, 8);
    }
    wire_put_payload(b, &in->payload);
    return !builder_failed(b);
}

bool wire_write_rsp_decode(struct cursor *c, struct arena *a, struct wire_write_rsp *out)
{
    wire_structure_size(c, WIRE_WRITE_RSP_SIZE);
    cursor_skip(c, 2);
    out->count = cursor_u32(c);
    cursor_skip(c, 8); /* Remaining, WriteChannelInfoOffset, WriteChannelInfoLength */
    return !cursor_failed(c);
}

bool wire_write_rsp_encode(struct builder *b, size_t hdr, const struct wire_write_rsp *in)
{
    wire_begin(b, hdr, WIRE_WRITE_RSP_SIZE);
    builder_u16(b, 0);
    builder_u32(b, in->count);
    builder_zero(b, 8);
    return !builder_failed(b);
}
