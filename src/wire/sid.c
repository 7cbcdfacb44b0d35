// SPDX-License-Identifier: Apache-2.0
/* Security identifiers ([MS-DTYP] 2.4.2). Pure functions, any thread. */
#include "wire/sid.h"

#include <stdio.h>
#include <string.h>

#define AUTHORITY_MAX 0xffffffffffffull

/* ([MS-DTYP] 2.4.2.4) */
const struct wire_sid wire_sid_nobody = {.authority = 0, .count = 1, .sub = {0}};
const struct wire_sid wire_sid_everyone = {.authority = 1, .count = 1, .sub = {0}};
const struct wire_sid wire_sid_creator_owner = {.authority = 3, .count = 1, .sub = {0}};
const struct wire_sid wire_sid_creator_group = {.authority = 3, .count = 1, .sub = {1}};
const struct wire_sid wire_sid_owner_rights = {.authority = 3, .count = 1, .sub = {4}};
const struct wire_sid wire_sid_anonymous = {.authority = 5, .count = 1, .sub = {7}};
const struct wire_sid wire_sid_authenticated_users = {.authority = 5, .count = 1, .sub = {11}};
const struct wire_sid wire_sid_local_system = {.authority = 5, .count = 1, .sub = {18}};
const struct wire_sid wire_sid_builtin_admins = {.authority = 5, .count = 2, .sub = {32, 544}};
const struct wire_sid wire_sid_builtin_users = {.authority = 5, .count = 2, .sub = {32, 545}};

size_t wire_sid_size(const struct wire_sid *sid)
{
    return WIRE_SID_SIZE_MIN + 4 * (size_t)sid->count;
}

void wire_sid_encode(struct builder *b, const struct wire_sid *sid)
{
    int i;

    ASSERT(sid->count <= WIRE_SID_SUB_MAX && sid->authority <= AUTHORITY_MAX);
    builder_u8(b, 1);
    builder_u8(b, sid->count);
    for (i = 40; i >= 0; i -= 8) /* the authority is the one big-endian number */
        builder_u8(b, (uint8_t)(sid->authority >> i));
    for (i = 0; i < sid->count; i++)
        builder_u32(b, sid->sub[i]);
}

bool wire_sid_decode(struct cursor *c, struct wire_sid *out)
{
    uint8_t revision = cursor_u8(c);
    uint8_t count = cursor_u8(c);
    int i;

    *out = (struct wire_sid){0};
    if (revision != 1 || count > WIRE_SID_SUB_MAX) {
        cursor_fail(c);
        return false;
    }
    out->count = count;
    for (i = 0; i < 6; i++)
        out->authority = out->authority << 8 | cursor_u8(c);
    for (i = 0; i < count; i++)
        out->sub[i] = cursor_u32(c);
    return !cursor_failed(c);
}

bool wire_sid_equal(const struct wire_sid *a, const struct wire_sid *b)
{
    return a->authority == b->authority && a->count == b->count &&
           memcmp(a->sub, b->sub, a->count * sizeof(a->sub[0])) == 0;
}

void wire_sid_format(const struct wire_sid *sid, char text[WIRE_SID_TEXT_SIZE])
{
    size_t at;
    int i;

    ASSERT(sid->count <= WIRE_SID_SUB_MAX && sid->authority <= AUTHORITY_MAX);
    at = (size_t)snprintf(text, WIRE_SID_TEXT_SIZE,
                          sid->authority > UINT32_MAX ? "S-1-0x%012llX" : "S-1-%llu",
                          (unsigned long long)sid->authority);
    for (i = 0; i < sid->count; i++)
        at += (size_t)snprintf(text + at, WIRE_SID_TEXT_SIZE - at, "-%u", (unsigned)sid->sub[i]);
}

/* A decimal number without leading zeros, at most `max`. */
static bool decimal_take(const char **s, uint64_t max, uint64_t *out)
{
    const char *p = *s;
    uint64_t v = 0;

    if (*p < '0' || *p > '9' || (p[0] == '0' && p[1] >= '0' && p[1] <= '9'))
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        v = v * 10 + (uint64_t)(*p - '0');
        if (v > max)
            return false;
    }
    *s = p;
    *out = v;
    return true;
}

static int hex_digit(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    if (ch >= 'a' && ch <= 'f')
        return ch - 'a' + 10;
    if (ch >= 'A' && ch <= 'F')
        return ch - 'A' + 10;
    return -1;
}

/* "0x" and 12 hexadecimal digits. */
static bool hex_take(const char **s, uint64_t *out)
{
    const char *p = *s + 2;
    uint64_t v = 0;
    int i;

    for (i = 0; i < 12; i++, p++) {
        int digit = hex_digit(*p);

        if (digit < 0)
            return false;
        v = v << 4 | (uint64_t)digit;
    }
    *s = p;
    *out = v;
    return true;
}

bool wire_sid_parse(const char *text, struct wire_sid *out)
{
    struct wire_sid sid = {0};
    const char *p = text;
    uint64_t v;

    if ((p[0] != 'S' && p[0] != 's') || strncmp(p + 1, "-1-", 3) != 0)
        return false;
    p += 4;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        if (!hex_take(&p, &sid.authority))
            return false;
    } else if (!decimal_take(&p, UINT32_MAX, &sid.authority)) {
        return false;
    }
    while (*p == '-' && sid.count < WIRE_SID_SUB_MAX) {
        p++;
        if (!decimal_take(&p, UINT32_MAX, &v))
            return false;
        sid.sub[sid.count++] = (uint32_t)v;
    }
    if (*p != '\0')
        return false;
    *out = sid;
    return true;
}
