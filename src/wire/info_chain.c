// SPDX-License-Identifier: Apache-2.0
/*
 * Lists whose entries begin with NextEntryOffset. Invariant of the writer: `last` is an entry whose
 * link is zero, so that the list is complete after every call, whether the new entry fitted or not.
 */
#include "base/checked.h"
#include "wire/info.h"

void wire_chain_init(struct wire_chain *w, struct builder *b, size_t max, size_t align)
{
    ASSERT(align > 0 && (align & (align - 1)) == 0);
    *w = (struct wire_chain){.b = b, .start = b->len, .last = SIZE_MAX, .max = max, .align = align};
}

enum wire_fit wire_chain_add(struct wire_chain *w, size_t size, struct builder *entry)
{
    size_t used = w->b->len - w->start;
    size_t pad = (0 - used) & (w->align - 1);
    size_t left = MIN(w->max - MIN(used, w->max), w->b->max - w->b->len);
    uint8_t *room;

    ASSERT(size >= WIRE_CHAIN_MIN);
    if (builder_failed(w->b))
        return WIRE_FIT_NO_MEMORY;
    if (pad > left || size > left - pad || size > UINT32_MAX / 2)
        return WIRE_FIT_FULL;
    room = builder_space(w->b, pad + size);
    if (room == NULL)
        return WIRE_FIT_NO_MEMORY;
    if (w->last != SIZE_MAX)
        builder_patch_u32(w->b, w->last, (uint32_t)(w->start + used + pad - w->last));
    w->last = w->start + used + pad;
    w->count++;
    builder_init_fixed(entry, room + pad, size);
    builder_u32(entry, 0);
    return WIRE_FIT_OK;
}

void wire_chain_open(struct wire_chain_reader *r, const struct cursor *c, size_t align)
{
    struct cursor rest = *c;

    /* Alignment counts from the first entry, so that becomes offset 0. */
    *r = (struct wire_chain_reader){.align = align};
    r->c = cursor_sub(&rest, c->pos, cursor_left(c));
    r->done = cursor_left(&r->c) == 0;
    r->failed = cursor_failed(c);
}

bool wire_chain_next(struct wire_chain_reader *r, struct cursor *entry)
{
    size_t left = cursor_left(&r->c);
    size_t start = r->c.pos;
    uint32_t next;
    size_t size;

    if (r->failed || r->done)
        return false;
    next = cursor_u32(&r->c);
    size = next == 0 ? left : next;
    if (size < WIRE_CHAIN_MIN || size > left || (next != 0 && next % r->align != 0)) {
        r->failed = true;
        return false;
    }
    *entry = cursor_sub(&r->c, start + 4, size - 4);
    if (next == 0)
        r->done = true;
    else
        cursor_seek(&r->c, start + next);
    return true;
}
