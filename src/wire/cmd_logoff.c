// SPDX-License-Identifier: Apache-2.0
/* LOGOFF: no content ([MS-SMB2] 2.2.7, 2.2.8). */
#include "wire/wire_int.h"

bool wire_logoff_req_decode(struct cursor *c, struct arena *a, struct wire_logoff_req *out)
{
    out->unused = 0;
    return wire_empty_decode(c);
}

bool wire_logoff_req_encode(struct builder *b, size_t hdr, const struct wire_logoff_req *in)
{
    return wire_empty_encode(b, hdr);
}

bool wire_logoff_rsp_decode(struct cursor *c, struct arena *a, struct wire_logoff_rsp *out)
{
    out->unused = 0;
    return wire_empty_decode(c);
}

bool wire_logoff_rsp_encode(struct builder *b, size_t hdr, const struct wire_logoff_rsp *in)
{
    return wire_empty_encode(b, hdr);
}
