// SPDX-License-Identifier: Apache-2.0
/* DER reader and writer; the contract is in der.h. */
#include "auth/der.h"

#define TAG_NUMBER_MASK  0x1f
#define LENGTH_LONG_FORM 0x80
#define LENGTH_BYTES_MAX 4
#define LENGTH_SHORT_MAX 127

static size_t read_length(struct cursor *c)
{
    uint8_t first = cursor_u8(c);
    if ((first & LENGTH_LONG_FORM) == 0)
        return first;
    unsigned n = first & 0x7fu;
    if (n == 0 || n > LENGTH_BYTES_MAX) { /* 0: indefinite */
        cursor_fail(c);
        return 0;
    }
    uint32_t len = 0;
    while (n-- > 0)
        len = len << 8 | cursor_u8(c);
    if (len > DER_LENGTH_MAX)
        cursor_fail(c);
    return cursor_failed(c) ? 0 : len;
}

bool der_next(struct cursor *c, uint8_t *tag, struct cursor *body)
{
    *tag = 0;
    cursor_init(body, NULL, 0);
    if (cursor_left(c) == 0)
        return false;
    *tag = cursor_u8(c);
    if ((*tag & TAG_NUMBER_MASK) == TAG_NUMBER_MASK)
        cursor_fail(c);
    size_t len = read_length(c);
    if (cursor_failed(c) || len > cursor_left(c)) {
        cursor_fail(c);
        return false;
    }
    *body = cursor_sub(c, c->pos, len);
    cursor_skip(c, len);
    return !cursor_failed(c);
}

bool der_expect(struct cursor *c, uint8_t tag, struct cursor *body)
{
    uint8_t got;
    if (der_next(c, &got, body) && got == tag)
        return true;
    cursor_fail(c);
    return false;
}

bool der_only(struct cursor *c, uint8_t tag, struct auth_blob *contents)
{
    struct cursor body;
    *contents = (struct auth_blob){0};
    if (!der_expect(c, tag, &body) || cursor_left(c) != 0) {
        cursor_fail(c);
        return false;
    }
    contents->len = cursor_left(&body);
    contents->data = cursor_take(&body, contents->len);
    return true;
}

size_t der_begin(struct builder *b, uint8_t tag)
{
    builder_u8(b, tag);
    builder_u8(b, 0);
    return b->len;
}

/* The length's own size is known only now: the contents move up when one byte is not enough. */
void der_end(struct builder *b, size_t mark)
{
    if (builder_failed(b))
        return;
    size_t len = b->len - mark;
    if (len <= LENGTH_SHORT_MAX) {
        builder_patch_u8(b, mark - 1, (uint8_t)len);
        return;
    }
    if (len > DER_LENGTH_MAX) {
        b->failed = true;
        return;
    }
    unsigned extra = len > 0xffff ? 3 : len > 0xff ? 2 : 1;
    if (builder_space(b, extra) == NULL)
        return;
    memmove(b->data + mark + extra, b->data + mark, len);
    b->data[mark - 1] = (uint8_t)(LENGTH_LONG_FORM | extra);
    for (unsigned i = 0; i < extra; i++)
        b->data[mark + i] = (uint8_t)(len >> 8 * (extra - 1 - i));
}

void der_bytes(struct builder *b, uint8_t tag, struct auth_blob contents)
{
    size_t mark = der_begin(b, tag);
    builder_bytes(b, contents.data, contents.len);
    der_end(b, mark);
}
