// SPDX-License-Identifier: Apache-2.0
/* The ERROR response and what it can carry ([MS-SMB2] 2.2.2). */
#include "wire/wire_int.h"

#define ERROR_SIZE 9u

/* Each context starts 8-byte aligned counted from the body, which itself is aligned. */
static bool error_ctxs_decode(struct cursor *c, struct arena *a, size_t count, size_t bytes,
                              struct wire_error_rsp *out)
{
    if (count > WIRE_ERROR_CTX_MAX)
        return false;
    struct wire_error_ctx *list = arena_array(a, count, sizeof(*list));
    if (list == NULL)
        return false;
    c->end = c->pos + bytes;
    for (size_t i = 0; i < count; i++) {
        if (i != 0)
            cursor_align(c, 8);
        list[i].data.len = cursor_u32(c);
        list[i].id = cursor_u32(c);
        list[i].data.data = cursor_take(c, list[i].data.len);
        if (cursor_failed(c))
            return false;
    }
    out->ctxs = list;
    out->ctx_count = count;
    return true;
}

bool wire_error_rsp_decode(struct cursor *c, struct arena *a, struct wire_error_rsp *out)
{
    *out = (struct wire_error_rsp){.data.data = c->base};
    wire_structure_size(c, ERROR_SIZE);
    size_t count = cursor_u8(c);
    cursor_skip(c, 1);
    size_t bytes = cursor_u32(c);
    if (cursor_failed(c) || bytes > cursor_left(c))
        return false;
    if (count != 0)
        return error_ctxs_decode(c, a, count, bytes, out);
    wire_range(c, WIRE_FIXED_END(ERROR_SIZE), c->pos, bytes, &out->data);
    return !cursor_failed(c);
}

static size_t error_ctxs_size(const struct wire_error_rsp *in)
{
    size_t size = 0;
    for (size_t i = 0; i < in->ctx_count; i++)
        size = align_up(size, 8) + 8 + in->ctxs[i].data.len;
    return size;
}

bool wire_error_rsp_encode(struct builder *b, size_t hdr, const struct wire_error_rsp *in)
{
    size_t bytes = in->ctx_count != 0 ? error_ctxs_size(in) : in->data.len;

    wire_begin(b, hdr, ERROR_SIZE);
    if (in->ctx_count > WIRE_ERROR_CTX_MAX)
        wire_fail(b);
    builder_u8(b, (uint8_t)in->ctx_count);
    builder_u8(b, 0);
    wire_put_u32(b, bytes);
    for (size_t i = 0; i < in->ctx_count; i++) {
        builder_align(b, hdr, 8);
        wire_put_u32(b, in->ctxs[i].data.len);
        builder_u32(b, in->ctxs[i].id);
        wire_put_blob(b, &in->ctxs[i].data);
    }
    if (in->ctx_count == 0)
        wire_put_blob(b, &in->data);
    /* StructureSize counts one byte of ErrorData, and clients expect to see it. */
    if (bytes == 0)
        builder_u8(b, 0);
    return !builder_failed(b);
}

/* SubstituteNameOffset and the fields behind it, before PathBuffer. */
#define SYMLINK_FIXED     28u
#define SYMLINK_NAME_PART 12u

bool wire_symlink_error_decode(const struct wire_blob *data, struct wire_symlink_error *out)
{
    struct cursor c;
    cursor_init(&c, data->data, data->len);
    uint32_t length = cursor_u32(&c);
    uint32_t error_tag = cursor_u32(&c);
    uint32_t reparse_tag = cursor_u32(&c);
    size_t reparse_len = cursor_u16(&c);
    out->unparsed_path_length = cursor_u16(&c);
    size_t substitute_off = cursor_u16(&c);
    size_t substitute_len = cursor_u16(&c);
    size_t print_off = cursor_u16(&c);
    size_t print_len = cursor_u16(&c);
    out->flags = cursor_u32(&c);
    if (cursor_failed(&c) || error_tag != SYMLINK_ERROR_TAG || reparse_tag != SYMLINK_REPARSE_TAG ||
        length != data->len - 4 || reparse_len != cursor_left(&c) + SYMLINK_NAME_PART)
        return false;
    wire_range_text(&c, SYMLINK_FIXED, SYMLINK_FIXED + substitute_off, substitute_len,
                    &out->substitute_name);
    wire_range_text(&c, SYMLINK_FIXED, SYMLINK_FIXED + print_off, print_len, &out->print_name);
    return !cursor_failed(&c);
}

bool wire_symlink_error_encode(struct builder *b, const struct wire_symlink_error *in)
{
    size_t names = in->substitute_name.len + in->print_name.len;

    wire_put_u32(b, SYMLINK_FIXED - 4 + names);
    builder_u32(b, SYMLINK_ERROR_TAG);
    builder_u32(b, SYMLINK_REPARSE_TAG);
    wire_put_u16(b, names + SYMLINK_NAME_PART);
    builder_u16(b, in->unparsed_path_length);
    builder_u16(b, 0);
    wire_put_u16(b, in->substitute_name.len);
    wire_put_u16(b, in->substitute_name.len); /* the print name follows */
    wire_put_u16(b, in->print_name.len);
    builder_u32(b, in->flags);
    wire_put_blob(b, &in->substitute_name);
    wire_put_blob(b, &in->print_name);
    return !builder_failed(b);
}
