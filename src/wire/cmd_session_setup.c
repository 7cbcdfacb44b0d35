// SPDX-License-Identifier: Apache-2.0
/* SESSION_SETUP ([MS-SMB2] 2.2.5, 2.2.6). */
#include "wire/wire_int.h"

bool wire_session_setup_req_decode(struct cursor *c, struct arena *a,
                                   struct wire_session_setup_req *out)
{
    wire_structure_size(c, WIRE_SESSION_SETUP_REQ_SIZE);
    out->flags = cursor_u8(c);
    out->security_mode = cursor_u8(c);
    out->capabilities = cursor_u32(c);
    cursor_skip(c, 4); /* Channel */
    size_t off = cursor_u16(c);
    size_t len = cursor_u16(c);
    out->previous_session_id = cursor_u64(c);
    wire_range(c, WIRE_FIXED_END(WIRE_SESSION_SETUP_REQ_SIZE), off, len, &out->security);
    return !cursor_failed(c);
}

bool wire_session_setup_req_encode(struct builder *b, size_t hdr,
                                   const struct wire_session_setup_req *in)
{
    wire_begin(b, hdr, WIRE_SESSION_SETUP_REQ_SIZE);
    builder_u8(b, in->flags);
    builder_u8(b, in->security_mode);
    builder_u32(b, in->capabilities);
    builder_u32(b, 0); /* Channel */
    builder_u16(b, WIRE_FIXED_END(WIRE_SESSION_SETUP_REQ_SIZE));
    wire_put_u16(b, in->security.len);
    builder_u64(b, in->previous_session_id);
    wire_put_blob(b, &in->security);
    return !builder_failed(b);
}

bool wire_session_setup_rsp_decode(struct cursor *c, struct arena *a,
                                   struct wire_session_setup_rsp *out)
{
    wire_structure_size(c, WIRE_SESSION_SETUP_RSP_SIZE);
    out->session_flags = cursor_u16(c);
    size_t off = cursor_u16(c);
    size_t len = cursor_u16(c);
    wire_range(c, WIRE_FIXED_END(WIRE_SESSION_SETUP_RSP_SIZE), off, len, &out->security);
    return !cursor_failed(c);
}

bool wire_session_setup_rsp_encode(struct builder *b, size_t hdr,
                                   const struct wire_session_setup_rsp *in)
{
    wire_begin(b, hdr, WIRE_SESSION_SETUP_RSP_SIZE);
    builder_u16(b, in->session_flags);
    builder_u16(b, WIRE_FIXED_END(WIRE_SESSION_SETUP_RSP_SIZE));
    wire_put_u16(b, in->security.len);
    wire_put_blob(b, &in->security);
    return !builder_failed(b);
}
