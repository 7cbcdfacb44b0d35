// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE ([MS-SMB2] 2.2.13, 2.2.14). The chain of contexts and what is in them: ctx_create.c.
 */
#include "wire/wire_int.h"

bool wire_create_req_decode(struct cursor *c, struct arena *a, struct wire_create_req *out)
{
    *out = (struct wire_create_req){0};
    size_t fixed = WIRE_FIXED_END(WIRE_CREATE_REQ_SIZE);
    /* "In the request, the Buffer field MUST be at least one byte in length" (also 3.3.5.9) */
    if (c->end <= fixed)
        return false;
    wire_structure_size(c, WIRE_CREATE_REQ_SIZE);
    cursor_skip(c, 1); /* SecurityFlags */
    out->oplock_level = cursor_u8(c);
    out->impersonation_level = cursor_u32(c);
    out->smb_create_flags = cursor_u64(c);
    cursor_skip(c, 8);
    out->desired_access = cursor_u32(c);
    out->file_attributes = cursor_u32(c);
    out->share_access = cursor_u32(c);
    out->create_disposition = cursor_u32(c);
    out->create_options = cursor_u32(c);
    size_t name_off = cursor_u16(c);
    size_t name_len = cursor_u16(c);
    size_t ctxs_off = cursor_u32(c);
    size_t ctxs_len = cursor_u32(c);
    wire_range_text(c, fixed, name_off, name_len, &out->name);
    if (cursor_failed(c))
        return false;
    if (ctxs_len == 0)
        return true;
    return ctxs_off >= fixed &&
           wire_create_ctxs_decode(c, a, ctxs_off, ctxs_len, &out->ctxs, &out->ctx_count);
}

bool wire_create_req_encode(struct builder *b, size_t hdr, const struct wire_create_req *in)
{
    size_t fixed = WIRE_FIXED_END(WIRE_CREATE_REQ_SIZE);
    size_t ctxs_len = wire_create_ctxs_size(in->ctxs, in->ctx_count);

    wire_begin(b, hdr, WIRE_CREATE_REQ_SIZE);
    builder_u8(b, 0); /* SecurityFlags */
    builder_u8(b, in->oplock_level);
    builder_u32(b, in->impersonation_level);
    builder_u64(b, in->smb_create_flags);
    builder_u64(b, 0);
    builder_u32(b, in->desired_access);
    builder_u32(b, in->file_attributes);
    builder_u32(b, in->share_access);
    builder_u32(b, in->create_disposition);
    builder_u32(b, in->create_options);
    wire_put_u16(b, fixed);
    wire_put_u16(b, in->name.len);
    wire_put_u32(b, ctxs_len != 0 ? align_up(fixed + in->name.len, 8) : 0);
    wire_put_u32(b, ctxs_len);
    wire_put_blob(b, &in->name);
    if (ctxs_len != 0) {
        builder_align(b, hdr, 8);
        wire_create_ctxs_encode(b, in->ctxs, in->ctx_count);
    } else if (in->name.len == 0) {
        builder_u8(b, 0);
    }
    return !builder_failed(b);
}

bool wire_create_rsp_decode(struct cursor *c, struct arena *a, struct wire_create_rsp *out)
{
    *out = (struct wire_create_rsp){0};
    wire_structure_size(c, WIRE_CREATE_RSP_SIZE);
    out->oplock_level = cursor_u8(c);
    out->flags = cursor_u8(c);
    out->create_action = cursor_u32(c);
    out->creation_time = cursor_u64(c);
    out->last_access_time = cursor_u64(c);
    out->last_write_time = cursor_u64(c);
    out->change_time = cursor_u64(c);
    out->allocation_size = cursor_u64(c);
    out->end_of_file = cursor_u64(c);
    out->file_attributes = cursor_u32(c);
    cursor_skip(c, 4);
    out->file_id = wire_get_file_id(c);
    size_t ctxs_off = cursor_u32(c);
    size_t ctxs_len = cursor_u32(c);
    if (cursor_failed(c))
        return false;
    if (ctxs_len == 0)
        return true;
    return ctxs_off >= WIRE_FIXED_END(WIRE_CREATE_RSP_SIZE) &&
           wire_create_ctxs_decode(c, a, ctxs_off, ctxs_len, &out->ctxs, &out->ctx_count);
}

bool wire_create_rsp_encode(struct builder *b, size_t hdr, const struct wire_create_rsp *in)
{
    size_t ctxs_len = wire_create_ctxs_size(in->ctxs, in->ctx_count);

    wire_begin(b, hdr, WIRE_CREATE_RSP_SIZE);
    builder_u8(b, in->oplock_level);
    builder_u8(b, in->flags);
    builder_u32(b, in->create_action);
    builder_u64(b, in->creation_time);
    builder_u64(b, in->last_access_time);
    builder_u64(b, in->last_write_time);
    builder_u64(b, in->change_time);
    builder_u64(b, in->allocation_size);
    builder_u64(b, in->end_of_file);
    builder_u32(b, in->file_attributes);
    builder_u32(b, 0);
    wire_put_file_id(b, &in->file_id);
    wire_put_u32(b, ctxs_len != 0 ? WIRE_FIXED_END(WIRE_CREATE_RSP_SIZE) : 0);
    wire_put_u32(b, ctxs_len);
    wire_create_ctxs_encode(b, in->ctxs, in->ctx_count);
    return !builder_failed(b);
}
