// SPDX-License-Identifier: Apache-2.0
/* CANCEL: what is cancelled stands in the header; there is no response ([MS-SMB2] 2.2.30). */
#include "wire/wire_int.h"

bool wire_cancel_req_decode(struct cursor *c, struct arena *a, struct wire_cancel_req *out)
{
    out->unused = 0;
    return wire_empty_decode(c);
}

bool wire_cancel_req_encode(struct builder *b, size_t hdr, const struct wire_cancel_req *in)
{
    return wire_empty_encode(b, hdr);
}

bool wire_cancel_rsp_decode(struct cursor *c, struct arena *a, struct wire_cancel_rsp *out)
{
    cursor_fail(c);
    return false;
}

bool wire_cancel_rsp_encode(struct builder *b, size_t hdr, const struct wire_cancel_rsp *in)
{
    wire_fail(b);
    return false;
}
