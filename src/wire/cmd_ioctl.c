// SPDX-License-Identifier: Apache-2.0
/*
 * IOCTL ([MS-SMB2] 2.2.31, 2.2.32): the envelope. What is in the buffers is the matter of
 * fsctl_*.c.
 */
#include "wire/wire_int.h"

bool wire_ioctl_req_decode(struct cursor *c, struct arena *a, struct wire_ioctl_req *out)
{
    size_t fixed = WIRE_FIXED_END(WIRE_IOCTL_REQ_SIZE);

    wire_structure_size(c, WIRE_IOCTL_REQ_SIZE);
    cursor_skip(c, 2);
    out->ctl_code = cursor_u32(c);
    out->file_id = wire_get_file_id(c);
    size_t input_off = cursor_u32(c);
    size_t input_len = cursor_u32(c);
    out->max_input_response = cursor_u32(c);
    size_t output_off = cursor_u32(c);
    size_t output_len = cursor_u32(c);
    out->max_output_response = cursor_u32(c);
    out->flags = cursor_u32(c);
    cursor_skip(c, 4);
    wire_range(c, fixed, input_off, input_len, &out->input);
    wire_range(c, fixed, output_off, output_len, &out->output);
    return !cursor_failed(c);
}

bool wire_ioctl_req_encode(struct builder *b, size_t hdr, const struct wire_ioctl_req *in)
{
    size_t input = WIRE_FIXED_END(WIRE_IOCTL_REQ_SIZE);
    size_t output = align_up(input + in->input.len, 8);

    wire_begin(b, hdr, WIRE_IOCTL_REQ_SIZE);
    builder_u16(b, 0);
    builder_u32(b, in->ctl_code);
    wire_put_file_id(b, &in->file_id);
    wire_put_u32(b, in->input.len != 0 ? input : 0);
    wire_put_u32(b, in->input.len);
    builder_u32(b, in->max_input_response);
    wire_put_u32(b, in->output.len != 0 ? output : 0);
    wire_put_u32(b, in->output.len);
    builder_u32(b, in->max_output_response);
    builder_u32(b, in->flags);
    builder_u32(b, 0);
    wire_put_blob(b, &in->input);
    if (in->output.len != 0) {
        builder_align(b, hdr, 8);
        wire_put_blob(b, &in->output);
    }
    return !builder_failed(b);
}

bool wire_ioctl_rsp_decode(struct cursor *c, struct arena *a, struct wire_ioctl_rsp *out)
{
    size_t fixed = WIRE_FIXED_END(WIRE_IOCTL_RSP_SIZE);

    wire_structure_size(c, WIRE_IOCTL_RSP_SIZE);
    cursor_skip(c, 2);
    out->ctl_code = cursor_u32(c);
    out->file_id = wire_get_file_id(c);
    size_t input_off = cursor_u32(c);
    size_t input_len = cursor_u32(c);
    size_t output_off = cursor_u32(c);
    size_t output_len = cursor_u32(c);
    out->flags = cursor_u32(c);
    cursor_skip(c, 4);
    wire_range(c, fixed, input_off, input_len, &out->input);
    wire_range(c, fixed, output_off, output_len, &out->payload);
    return !cursor_failed(c);
}

bool wire_ioctl_rsp_encode(struct builder *b, size_t hdr, const struct wire_ioctl_rsp *in)
{
    size_t input = WIRE_FIXED_END(WIRE_IOCTL_RSP_SIZE);

    wire_begin(b, hdr, WIRE_IOCTL_RSP_SIZE);
    builder_u16(b, 0);
    builder_u32(b, in->ctl_code);
    wire_put_file_id(b, &in->file_id);
    wire_put_u32(b, input); /* also without input: "SHOULD be set to ... the Buffer[] field" */
    wire_put_u32(b, in->input.len);
    wire_put_u32(b, in->payload.len != 0 ? align_up(input + in->input.len, 8) : 0);
    wire_put_u32(b, in->payload.len);
    builder_u32(b, in->flags);
    builder_u32(b, 0);
    wire_put_blob(b, &in->input);
    if (in->payload.len != 0) {
        builder_align(b, hdr, 8);
        wire_put_payload(b, &in->payload);
    }
    return !builder_failed(b);
}
