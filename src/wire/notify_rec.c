// SPDX-License-Identifier: Apache-2.0
/* FILE_NOTIFY_INFORMATION lists ([MS-FSCC] 2.7.1). Pure functions, any thread. */
#include "wire/notify_rec.h"

#define NOTIFY_FIXED 12

size_t wire_notify_size(const struct wire_notify *in)
{
    size_t bytes = wire_text_size(in->name, in->name_len);

    return bytes > UINT32_MAX / 2 ? 0 : NOTIFY_FIXED + bytes;
}

enum wire_fit wire_notify_add(struct wire_chain *w, const struct wire_notify *in)
{
    size_t size = wire_notify_size(in);
    struct builder e;
    enum wire_fit fit;

    if (size == 0)
        return WIRE_FIT_BAD_TEXT;
    fit = wire_chain_add(w, size, &e);
    if (fit != WIRE_FIT_OK)
        return fit;
    builder_u32(&e, in->action);
    builder_u32(&e, (uint32_t)(size - NOTIFY_FIXED));
    wire_text_put(&e, in->name, in->name_len);
    return WIRE_FIT_OK;
}

bool wire_notify_next(struct wire_chain_reader *r, struct arena *a, struct wire_notify *out)
{
    struct cursor e;
    uint32_t bytes;

    *out = (struct wire_notify){0};
    if (!wire_chain_next(r, &e))
        return false;
    out->action = cursor_u32(&e);
    bytes = cursor_u32(&e);
    if (!wire_text_take(&e, a, bytes, &out->name, &out->name_len))
        r->failed = true;
    return !r->failed;
}
