// SPDX-License-Identifier: Apache-2.0
/* TREE_DISCONNECT: no content ([MS-SMB2] 2.2.11, 2.2.12). */
#include "wire/wire_int.h"

bool wire_tree_disconnect_req_decode(struct cursor *c, struct arena *a,
                                     struct wire_tree_disconnect_req *out)
{
    out->unused = 0;
    return wire_empty_decode(c);
}

bool wire_tree_disconnect_req_encode(struct builder *b, size_t hdr,
                                     const struct wire_tree_disconnect_req *in)
{
    return wire_empty_encode(b, hdr);
}

bool wire_tree_disconnect_rsp_decode(struct cursor *c, struct arena *a,
                                     struct wire_tree_disconnect_rsp *out)
{
    out->unused = 0;
    return wire_empty_decode(c);
}

bool wire_tree_disconnect_rsp_encode(struct builder *b, size_t hdr,
                                     const struct wire_tree_disconnect_rsp *in)
{
    return wire_empty_encode(b, hdr);
}
