// SPDX-License-Identifier: Apache-2.0
/* LOCK ([MS-SMB2] 2.2.26, 2.2.27). StructureSize of the request counts one element. */
#include "wire/wire_int.h"

bool wire_lock_req_decode(struct cursor *c, struct arena *a, struct wire_lock_req *out)
{
    *out = (struct wire_lock_req){0};
    wire_structure_size(c, WIRE_LOCK_REQ_SIZE);
    size_t count = cursor_u16(c);
    out->lock_sequence = cursor_u32(c);
    out->file_id = wire_get_file_id(c);
    /* Checked before allocating: a lying count must not cost an arena. */
    if (count == 0 || count > WIRE_LOCKS_MAX || count * 24 > cursor_left(c))
        return false;
    struct wire_lock_element *locks = arena_array(a, count, sizeof(*locks));
    if (locks == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        locks[i].offset = cursor_u64(c);
        locks[i].length = cursor_u64(c);
        locks[i].flags = cursor_u32(c);
        cursor_skip(c, 4);
    }
    out->locks = locks;
    out->lock_count = count;
    return !cursor_failed(c);
}

bool wire_lock_req_encode(struct builder *b, size_t hdr, const struct wire_lock_req *in)
{
    wire_begin(b, hdr, WIRE_LOCK_REQ_SIZE);
    wire_put_u16(b, in->lock_count);
    builder_u32(b, in->lock_sequence);
    wire_put_file_id(b, &in->file_id);
    for (size_t i = 0; i < in->lock_count; i++) {
        builder_u64(b, in->locks[i].offset);
        builder_u64(b, in->locks[i].length);
        builder_u32(b, in->locks[i].flags);
        builder_u32(b, 0);
    }
    return !builder_failed(b);
}

bool wire_lock_rsp_decode(struct cursor *c, struct arena *a, struct wire_lock_rsp *out)
{
    out->unused = 0;
    return wire_empty_decode(c);
}

bool wire_lock_rsp_encode(struct builder *b, size_t hdr, const struct wire_lock_rsp *in)
{
    return wire_empty_encode(b, hdr);
}
