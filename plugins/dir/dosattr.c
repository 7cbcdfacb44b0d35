// SPDX-License-Identifier: Apache-2.0
/*
 * The extended attribute in which Samba keeps what Unix has no place for, learnt from what smbd
 * writes and reads. All numbers are little-endian, aligned to their size:
 *
 *    0  u8   0     an empty text; in version 1 and 2 "0x.." in ASCII, the attributes alone
 *    2  u16        version
 *    4  u16        version once more
 *    8  u32        version 3 and later: which fields count
 *   12  u32        attributes, FILE_ATTRIBUTE_*
 *   16  u64        version 5: creation time, FILETIME
 *
 * Version 3 has 4 + 8 + 8 bytes (EA size, size, allocated size) before the creation time, version 4
 * has 8 bytes (a file number).
 *
 * Where a client has set the change time, these follow version 5. smbd neither minds them nor keeps
 * them when it writes attributes of its own:
 *
 *   24  u32        CHANGE_MARK
 *   28  u64        change time, FILETIME
 *   36  u64        as long as the disk's own change time is no later than this one, FILETIME
 */
#include "dir.h"
#include <stdlib.h>
#include <string.h>

#define VALID_ATTRIBUTES  0x01u
#define VALID_CREATE_TIME 0x10u
#define CHANGE_AT         24u
#define CHANGE_MARK       0x54474843u /* "CHGT" */

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static void put64(uint8_t *p, uint64_t v)
{
    put32(p, (uint32_t)v);
    put32(p + 4, (uint32_t)(v >> 32));
}

/* The oldest form: the attributes as hexadecimal text. */
static bool decode_text(const uint8_t *p, size_t len, struct dosattr *out)
{
    char text[16] = "";
    if (len >= sizeof(text) || len < 3 || p[0] != '0' || p[1] != 'x')
        return false;
    memcpy(text, p, len);
    char *end;
    unsigned long v = strtoul(text, &end, 16);
    if (*end != '\0' || v > UINT32_MAX)
        return false;
    out->has_attributes = true;
    out->attributes = (uint32_t)v;
    return true;
}

bool dosattr_decode(const void *data, size_t len, struct dosattr *out)
{
    static const size_t time_at[] = {[3] = 40, [4] = 24, [5] = 16};
    const uint8_t *p = data;
    *out = (struct dosattr){0};
    if (len > 0 && p[0] == '0')
        return decode_text(p, len, out);
    if (len < 16 || p[0] != 0)
        return false;
    uint16_t version = get16(p + 2);
    if (version < 3 || version > 5 || get16(p + 4) != version)
        return false;
    uint32_t valid = get32(p + 8);
    if (valid & VALID_ATTRIBUTES) {
        out->has_attributes = true;
        out->attributes = get32(p + 12);
    }
    if ((valid & VALID_CREATE_TIME) && len >= time_at[version] + 8) {
        out->has_create_time = true;
        out->create_time = get64(p + time_at[version]);
    }
    if (version == 5 && len >= DOSATTR_SIZE && get32(p + CHANGE_AT) == CHANGE_MARK) {
        out->has_change_time = true;
        out->change_time = get64(p + CHANGE_AT + 4);
        out->change_until = get64(p + CHANGE_AT + 12);
    }
    return true;
}

size_t dosattr_encode(const struct dosattr *in, uint8_t out[DOSATTR_SIZE])
{
    memset(out, 0, DOSATTR_SIZE);
    out[2] = out[4] = 5;
    put32(out + 8, (in->has_attributes ? VALID_ATTRIBUTES : 0) |
                       (in->has_create_time ? VALID_CREATE_TIME : 0));
    put32(out + 12, in->attributes);
    put64(out + 16, in->create_time);
    if (!in->has_change_time)
        return CHANGE_AT;
    put32(out + CHANGE_AT, CHANGE_MARK);
    put64(out + CHANGE_AT + 4, in->change_time);
    put64(out + CHANGE_AT + 12, in->change_until);
    return DOSATTR_SIZE;
}
