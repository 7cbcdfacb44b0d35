// SPDX-License-Identifier: Apache-2.0
/*
 * What all codecs of this folder share. Lengths and offsets from the wire are checked here and
 * nowhere else.
 */
#include "wire/wire_int.h"

void wire_structure_size(struct cursor *c, uint16_t size)
{
    if (cursor_u16(c) != size)
        cursor_fail(c);
}

void wire_range(struct cursor *c, size_t from, size_t off, size_t len, struct wire_blob *out)
{
    out->data = c->base;
    out->len = 0;
    if (len == 0)
        return;
    if (off < from || !checked_range(off, len, c->end)) {
        cursor_fail(c);
        return;
    }
    out->data = c->base + off;
    out->len = len;
}

void wire_range_text(struct cursor *c, size_t from, size_t off, size_t len, struct wire_blob *out)
{
    wire_range(c, from, off, len, out);
    if (len % 2 != 0)
        cursor_fail(c);
}

struct wire_file_id wire_get_file_id(struct cursor *c)
{
    struct wire_file_id id;
    id.persistent = cursor_u64(c);
    id.volatile_id = cursor_u64(c);
    return id;
}

void wire_put_file_id(struct builder *b, const struct wire_file_id *id)
{
    builder_u64(b, id->persistent);
    builder_u64(b, id->volatile_id);
}

struct guid wire_get_guid(struct cursor *c)
{
    struct guid g;
    cursor_bytes(c, g.b, sizeof(g.b));
    return g;
}

void wire_put_guid(struct builder *b, const struct guid *g)
{
    builder_bytes(b, g->b, sizeof(g->b));
}

void wire_begin(struct builder *b, size_t hdr, uint16_t structure_size)
{
    /* Every codec computes offsets from this; a body anywhere else would point at wrong bytes. */
    ASSERT(builder_failed(b) || b->len == hdr + SMB2_HEADER_SIZE);
    builder_u16(b, structure_size);
}

void wire_fail(struct builder *b)
{
    b->failed = true;
}

void wire_put_u16(struct builder *b, size_t v)
{
    if (v > UINT16_MAX)
        wire_fail(b);
    builder_u16(b, (uint16_t)v);
}

void wire_put_u32(struct builder *b, size_t v)
{
    if (v > UINT32_MAX)
        wire_fail(b);
    builder_u32(b, (uint32_t)v);
}

void wire_put_blob(struct builder *b, const struct wire_blob *v)
{
    if (v->len != 0)
        builder_bytes(b, v->data, v->len);
}

void wire_put_payload(struct builder *b, const struct wire_blob *v)
{
    if (v->data != NULL)
        wire_put_blob(b, v);
}

bool wire_typed_ctxs_decode(struct cursor *c, struct arena *a, size_t off, size_t count, size_t max,
                            const struct wire_negotiate_ctx **out)
{
    if (count > max || off % 8 != 0)
        cursor_fail(c);
    cursor_seek(c, off);
    if (cursor_failed(c))
        return false;
    struct wire_negotiate_ctx *list = arena_array(a, count, sizeof(*list));
    if (list == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (i != 0)
            cursor_align(c, 8);
        list[i].type = cursor_u16(c);
        list[i].data.len = cursor_u16(c);
        cursor_skip(c, 4);
        list[i].data.data = cursor_take(c, list[i].data.len);
        if (cursor_failed(c))
            return false;
    }
    *out = list;
    return true;
}

void wire_typed_ctxs_encode(struct builder *b, size_t hdr, const struct wire_negotiate_ctx *ctxs,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        builder_align(b, hdr, 8);
        builder_u16(b, ctxs[i].type);
        wire_put_u16(b, ctxs[i].data.len);
        builder_u32(b, 0);
        wire_put_blob(b, &ctxs[i].data);
    }
}

bool wire_empty_decode(struct cursor *c)
{
    wire_structure_size(c, 4);
    cursor_skip(c, 2);
    return !cursor_failed(c);
}

bool wire_empty_encode(struct builder *b, size_t hdr)
{
    wire_begin(b, hdr, 4);
    builder_u16(b, 0);
    return !builder_failed(b);
}

bool wire_output_decode(struct cursor *c, uint16_t structure_size, struct wire_blob *out)
{
    wire_structure_size(c, structure_size);
    size_t off = cursor_u16(c);
    size_t len = cursor_u32(c);
    wire_range(c, WIRE_FIXED_END(structure_size), off, len, out);
    return !cursor_failed(c);
}

bool wire_output_encode(struct builder *b, size_t hdr, uint16_t structure_size,
                        const struct wire_blob *in)
{
    wire_begin(b, hdr, structure_size);
    wire_put_u16(b, WIRE_FIXED_END(structure_size));
    wire_put_u32(b, in->len);
    wire_put_payload(b, in);
    return !builder_failed(b);
}
