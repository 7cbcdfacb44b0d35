// SPDX-License-Identifier: Apache-2.0
/* Extended attribute lists ([MS-FSCC] 2.4.16). Pure functions, any thread. */
#include "wire/ea.h"

#include <string.h>

/* FILE_FULL_EA_INFORMATION before EaName, and FILE_GET_EA_INFORMATION before EaName. */
#define EA_FIXED     8
#define GET_EA_FIXED 5

bool wire_ea_name_valid(const char *name, size_t len)
{
    size_t i;

    if (len == 0 || len > WIRE_EA_NAME_MAX)
        return false;
    for (i = 0; i < len; i++) {
        unsigned char ch = (unsigned char)name[i];

        if (ch < 0x20 || ch > 0x7e || strchr("\\/:*?\"<>|,+=[];", ch) != NULL)
            return false;
    }
    return true;
}

size_t wire_ea_size(const struct wire_ea *ea)
{
    return EA_FIXED + ea->name_len + 1 + ea->value_len;
}

enum wire_fit wire_ea_add(struct wire_chain *w, const struct wire_ea *in)
{
    struct builder e;
    enum wire_fit fit;

    if (in->name_len == 0 || in->name_len > WIRE_EA_NAME_MAX || in->value_len > UINT16_MAX)
        return WIRE_FIT_BAD_TEXT;
    fit = wire_chain_add(w, wire_ea_size(in), &e);
    if (fit != WIRE_FIT_OK)
        return fit;
    builder_u8(&e, in->flags);
    builder_u8(&e, (uint8_t)in->name_len);
    builder_u16(&e, (uint16_t)in->value_len);
    builder_bytes(&e, in->name, in->name_len);
    builder_u8(&e, 0);
    builder_bytes(&e, in->value, in->value_len);
    return WIRE_FIT_OK;
}

/* `len` bytes and the NUL that must follow them. */
static const char *name_take(struct cursor *e, size_t len)
{
    const uint8_t *name = cursor_take(e, len + 1);

    if (name == NULL || name[len] != '\0' || memchr(name, '\0', len) != NULL) {
        cursor_fail(e);
        return NULL;
    }
    return (const char *)name;
}

bool wire_ea_next(struct wire_chain_reader *r, struct wire_ea *out)
{
    struct cursor e;

    *out = (struct wire_ea){0};
    if (!wire_chain_next(r, &e))
        return false;
    out->flags = cursor_u8(&e);
    out->name_len = cursor_u8(&e);
    out->value_len = cursor_u16(&e);
    out->name = name_take(&e, out->name_len);
    out->value = cursor_take(&e, out->value_len);
    if (cursor_failed(&e))
        r->failed = true;
    return !r->failed;
}

bool wire_ea_list_check(const struct cursor *c, uint32_t *count, size_t *error_offset)
{
    struct wire_chain_reader r;
    struct wire_ea ea;

    *count = 0;
    *error_offset = 0;
    wire_chain_open(&r, c, WIRE_EA_ALIGN);
    while (wire_ea_next(&r, &ea)) {
        if (++*count > WIRE_EA_LIST_MAX)
            return false;
        *error_offset = r.c.pos;
    }
    return !r.failed;
}

enum wire_fit wire_get_ea_add(struct wire_chain *w, const char *name, size_t name_len)
{
    struct builder e;
    enum wire_fit fit;

    if (name_len == 0 || name_len > WIRE_EA_NAME_MAX)
        return WIRE_FIT_BAD_TEXT;
    fit = wire_chain_add(w, GET_EA_FIXED + name_len + 1, &e);
    if (fit != WIRE_FIT_OK)
        return fit;
    builder_u8(&e, (uint8_t)name_len);
    builder_bytes(&e, name, name_len);
    return WIRE_FIT_OK;
}

bool wire_get_ea_next(struct wire_chain_reader *r, const char **name, size_t *name_len)
{
    struct cursor e;

    *name = NULL;
    *name_len = 0;
    if (!wire_chain_next(r, &e))
        return false;
    *name_len = cursor_u8(&e);
    *name = name_take(&e, *name_len);
    if (cursor_failed(&e))
        r->failed = true;
    return !r->failed;
}
