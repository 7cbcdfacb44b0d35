// SPDX-License-Identifier: Apache-2.0
/* CHANGE_NOTIFY ([MS-SMB2] 2.2.35, 2.2.36). */
#include "wire/wire_int.h"

bool wire_change_notify_req_decode(struct cursor *c, struct arena *a,
                                   struct wire_change_notify_req *out)
{
    wire_structure_size(c, WIRE_CHANGE_NOTIFY_REQ_SIZE);
    out->flags = cursor_u16(c);
    out->output_length = cursor_u32(c);
    out->file_id = wire_get_file_id(c);
    out->completion_filter = cursor_u32(c);
    cursor_skip(c, 4);
    return !cursor_failed(c);
}

bool wire_change_notify_req_encode(struct builder *b, size_t hdr,
                                   const struct wire_change_notify_req *in)
{
    wire_begin(b, hdr, WIRE_CHANGE_NOTIFY_REQ_SIZE);
    builder_u16(b, in->flags);
    builder_u32(b, in->output_length);
    wire_put_file_id(b, &in->file_id);
    builder_u32(b, in->completion_filter);
    builder_u32(b, 0);
    return !builder_failed(b);
}

bool wire_change_notify_rsp_decode(struct cursor *c, struct arena *a,
                                   struct wire_change_notify_rsp *out)
{
    return wire_output_decode(c, WIRE_CHANGE_NOTIFY_RSP_SIZE, &out->payload);
}

bool wire_change_notify_rsp_encode(struct builder *b, size_t hdr,
                                   const struct wire_change_notify_rsp *in)
{
    return wire_output_encode(b, hdr, WIRE_CHANGE_NOTIFY_RSP_SIZE, &in->payload);
}
