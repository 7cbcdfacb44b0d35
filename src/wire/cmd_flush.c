// SPDX-License-Identifier: Apache-2.0
/* FLUSH ([MS-SMB2] 2.2.17, 2.2.18). */
#include "wire/wire_int.h"

bool wire_flush_req_decode(struct cursor *c, struct arena *a, struct wire_flush_req *out)
{
    wire_structure_size(c, WIRE_FLUSH_REQ_SIZE);
    cursor_skip(c, 6);
    out->file_id = wire_get_file_id(c);
    return !cursor_failed(c);
}

bool wire_flush_req_encode(struct builder *b, size_t hdr, const struct wire_flush_req *in)
{
    wire_begin(b, hdr, WIRE_FLUSH_REQ_SIZE);
    builder_zero(b, 6);
    wire_put_file_id(b, &in->file_id);
    return !builder_failed(b);
}

bool wire_flush_rsp_decode(struct cursor *c, struct arena *a, struct wire_flush_rsp *out)
{
    out->unused = 0;
    return wire_empty_decode(c);
}

bool wire_flush_rsp_encode(struct builder *b, size_t hdr, const struct wire_flush_rsp *in)
{
    return wire_empty_encode(b, hdr);
}
