// SPDX-License-Identifier: Apache-2.0
/* Reparse data buffers ([MS-FSCC] 2.1.2). Pure functions, any thread. */
#include "wire/fsctl_reparse.h"

#define REPARSE_HEADER 8

static bool has_guid(uint32_t tag)
{
    return (tag & WIRE_REPARSE_TAG_MICROSOFT) == 0;
}

static size_t header_size(uint32_t tag)
{
    return has_guid(tag) ? REPARSE_HEADER + 16 : REPARSE_HEADER;
}

/* ([MS-FSCC] 2.1.2.2, 2.1.2.3) */
void wire_reparse_encode(struct builder *b, const struct wire_reparse *in)
{
    if (in->data_len > WIRE_REPARSE_MAX - header_size(in->tag)) {
        b->failed = true;
        return;
    }
    builder_u32(b, in->tag);
    builder_u16(b, (uint16_t)in->data_len);
    builder_u16(b, 0);
    if (has_guid(in->tag))
        builder_bytes(b, in->guid.b, 16);
    builder_bytes(b, in->data, in->data_len);
}

bool wire_reparse_decode(struct cursor *c, struct wire_reparse *out)
{
    size_t size = cursor_left(c);

    *out = (struct wire_reparse){0};
    out->tag = cursor_u32(c);
    out->data_len = cursor_u16(c);
    cursor_skip(c, 2);
    if (has_guid(out->tag))
        cursor_bytes(c, out->guid.b, 16);
    if (size > WIRE_REPARSE_MAX || out->data_len != cursor_left(c))
        cursor_fail(c);
    out->data = cursor_take(c, out->data_len);
    return out->data != NULL;
}

/* Before PathBuffer: four 16-bit fields, and Flags in a symbolic link ([MS-FSCC] 2.1.2.4, 2.1.2.5).
 */
static size_t names_offset(uint32_t tag)
{
    return tag == IO_REPARSE_TAG_SYMLINK ? 12 : 8;
}

void wire_symlink_encode(struct builder *b, const struct wire_symlink *in, uint32_t tag)
{
    size_t start = b->len;
    size_t substitute = wire_text_size(in->substitute, in->substitute_len);
    size_t print = wire_text_size(in->print, in->print_len);
    /* Windows puts a NUL behind each name of a mount point and looks for it. */
    size_t nul = tag == IO_REPARSE_TAG_MOUNT_POINT ? 2 : 0;

    ASSERT(tag == IO_REPARSE_TAG_SYMLINK || tag == IO_REPARSE_TAG_MOUNT_POINT);
    if (substitute > WIRE_REPARSE_MAX || print > WIRE_REPARSE_MAX ||
        REPARSE_HEADER + names_offset(tag) + substitute + print + 2 * nul > WIRE_REPARSE_MAX) {
        b->failed = true;
        return;
    }
    builder_u32(b, tag);
    builder_u32(b, 0);
    builder_u16(b, 0);
    builder_u16(b, (uint16_t)substitute);
    builder_u16(b, (uint16_t)(substitute + nul));
    builder_u16(b, (uint16_t)print);
    if (tag == IO_REPARSE_TAG_SYMLINK)
        builder_u32(b, in->flags);
    wire_text_put(b, in->substitute, in->substitute_len);
    builder_zero(b, nul);
    wire_text_put(b, in->print, in->print_len);
    builder_zero(b, nul);
    builder_patch_u16(b, start + 4, (uint16_t)(b->len - start - REPARSE_HEADER));
}

static bool name_at(struct cursor *paths, struct arena *a, uint16_t offset, uint16_t bytes,
                    const char **name, size_t *len)
{
    struct cursor raw = cursor_sub(paths, offset, bytes);

    return wire_text_take(&raw, a, bytes, name, len);
}

bool wire_symlink_decode(const struct wire_reparse *r, struct arena *a, struct wire_symlink *out)
{
    uint16_t substitute_at, substitute_bytes, print_at, print_bytes;
    struct cursor c, paths;

    *out = (struct wire_symlink){0};
    if (r->tag != IO_REPARSE_TAG_SYMLINK && r->tag != IO_REPARSE_TAG_MOUNT_POINT)
        return false;
    cursor_init(&c, r->data, r->data_len);
    substitute_at = cursor_u16(&c);
    substitute_bytes = cursor_u16(&c);
    print_at = cursor_u16(&c);
    print_bytes = cursor_u16(&c);
    if (r->tag == IO_REPARSE_TAG_SYMLINK)
        out->flags = cursor_u32(&c);
    paths = cursor_sub(&c, c.pos, cursor_left(&c));
    return name_at(&paths, a, substitute_at, substitute_bytes, &out->substitute,
                   &out->substitute_len) &&
           name_at(&paths, a, print_at, print_bytes, &out->print, &out->print_len);
}
