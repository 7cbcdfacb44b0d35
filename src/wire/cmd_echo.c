// SPDX-License-Identifier: Apache-2.0
/* ECHO: no content ([MS-SMB2] 2.2.28, 2.2.29). */
#include "wire/wire_int.h"

bool wire_echo_req_decode(struct cursor *c, struct arena *a, struct wire_echo_req *out)
{
    out->unused = 0;
    return wire_empty_decode(c);
}

bool wire_echo_req_encode(struct builder *b, size_t hdr, const struct wire_echo_req *in)
{
    return wire_empty_encode(b, hdr);
}

bool wire_echo_rsp_decode(struct cursor *c, struct arena *a, struct wire_echo_rsp *out)
{
    out->unused = 0;
    return wire_empty_decode(c);
}

bool wire_echo_rsp_encode(struct builder *b, size_t hdr, const struct wire_echo_rsp *in)
{
    return wire_empty_encode(b, hdr);
}
