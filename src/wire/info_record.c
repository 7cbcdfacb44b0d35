// SPDX-License-Identifier: Apache-2.0
/* The two directions of a list of fields, and text. Pure functions, any thread. */
#include "wire/info_record.h"

#include "base/utf.h"

static void field_encode(struct builder *b, const struct wire_field *f, const uint8_t *member)
{
    switch ((enum wire_field_kind)f->kind) {
    case WIRE_FIELD_U8: builder_u8(b, *member); break;
    case WIRE_FIELD_U16: builder_u16(b, *(const uint16_t *)(const void *)member); break;
    case WIRE_FIELD_U32: builder_u32(b, *(const uint32_t *)(const void *)member); break;
    case WIRE_FIELD_U64: builder_u64(b, *(const uint64_t *)(const void *)member); break;
    case WIRE_FIELD_BOOL: builder_u8(b, *(const bool *)(const void *)member); break;
    case WIRE_FIELD_BYTES: builder_bytes(b, member, f->size); break;
    case WIRE_FIELD_PAD: builder_zero(b, f->size); break;
    }
}

static void field_decode(struct cursor *c, const struct wire_field *f, uint8_t *member)
{
    switch ((enum wire_field_kind)f->kind) {
    case WIRE_FIELD_U8: *member = cursor_u8(c); break;
    case WIRE_FIELD_U16: *(uint16_t *)(void *)member = cursor_u16(c); break;
    case WIRE_FIELD_U32: *(uint32_t *)(void *)member = cursor_u32(c); break;
    case WIRE_FIELD_U64: *(uint64_t *)(void *)member = cursor_u64(c); break;
    case WIRE_FIELD_BOOL: *(bool *)(void *)member = cursor_u8(c) != 0; break;
    case WIRE_FIELD_BYTES: cursor_bytes(c, member, f->size); break;
    case WIRE_FIELD_PAD: cursor_skip(c, f->size); break;
    }
}

void wire_fields_encode(struct builder *b, const struct wire_field *fields, size_t n,
                        const void *in)
{
    size_t i;

    for (i = 0; i < n; i++)
        field_encode(b, &fields[i], (const uint8_t *)in + fields[i].offset);
}

bool wire_fields_decode(struct cursor *c, const struct wire_field *fields, size_t n, void *out)
{
    size_t i;

    for (i = 0; i < n; i++)
        field_decode(c, &fields[i], (uint8_t *)out + fields[i].offset);
    return !cursor_failed(c);
}

size_t wire_text_size(const char *text, size_t len)
{
    return len == 0 ? 0 : utf8_to_utf16(NULL, text, len);
}

size_t wire_text_put(struct builder *b, const char *text, size_t len)
{
    size_t bytes;

    if (len == 0)
        return 0;
    bytes = utf8_to_utf16(b, text, len);
    if (bytes > UINT32_MAX) {
        b->failed = true;
        return 0;
    }
    return bytes;
}

bool wire_text_take(struct cursor *c, struct arena *a, size_t bytes, const char **text, size_t *len)
{
    const uint8_t *raw = cursor_take(c, bytes);

    *text = NULL;
    *len = 0;
    if (raw != NULL && bytes % 2 == 0)
        *text = utf16_to_utf8(a, raw, bytes, len);
    if (*text == NULL)
        cursor_fail(c);
    return *text != NULL;
}
