// SPDX-License-Identifier: Apache-2.0
/* Short names: "ABHHHH~H.EXT", with five digits of a hash. Pure functions, any thread. */
#include "vfs/shortname.h"
#include "base/utf.h"
#include <stdint.h>
#include <string.h>

#define BASE_MAX 8
#define EXT_MAX  3
#define LETTERS  2 /* of the name, before the hash */
#define TILDE_AT 6

static const char digits[36] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static bool short_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'()-@^_`{}~", c) != NULL);
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool vfs_short_is(const char *name, size_t len)
{
    const char *dot = memchr(name, '.', len);
    size_t base = dot != NULL ? (size_t)(dot - name) : len;
    size_t ext = dot != NULL ? len - base - 1 : 0;
    if (base < 1 || base > BASE_MAX || ext > EXT_MAX || (dot != NULL && ext == 0))
        return false;
    for (size_t i = 0; i < len; i++)
        if (name + i != dot && !short_char(name[i]))
            return false;
    return true;
}

/* FNV-1a over upper-cased units: without a secret, because it must be the same after a restart. */
static uint64_t name_hash(const char *name, size_t len)
{
    const char *end = name + len;
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    while (name < end) {
        int32_t c = utf8_next(&name, end);
        uint32_t unit = c >= 0 && c <= 0xffff ? utf16_upcase((uint16_t)c) : (uint32_t)c;
        h = (h ^ unit) * UINT64_C(0x100000001b3);
    }
    return h ^ h >> 32;
}

/* Up to `max` usable characters of a part of the name. */
static size_t put_letters(const char *from, const char *end, char *out, size_t max)
{
    size_t n = 0;
    for (; from < end && n < max; from++)
        if (short_char(*from) && *from != '~')
            out[n++] = upper(*from);
    return n;
}

static const char *last_dot(const char *name, const char *end)
{
    for (const char *p = end; p > name;)
        if (*--p == '.')
            return p;
    return end;
}

void vfs_short_make(const char *name, size_t len, char out[VFS_SHORT_MAX + 1])
{
    const char *end = name + len, *dot = last_dot(name, end);
    uint64_t hash = name_hash(name, len);
    size_t n = put_letters(name, dot, out, LETTERS);
    while (n < BASE_MAX) {
        out[n] = '~';
        if (n != TILDE_AT) {
            out[n] = digits[hash % 36];
            hash /= 36;
        }
        n++;
    }
    if (dot < end) {
        size_t ext = put_letters(dot + 1, end, out + n + 1, EXT_MAX);
        out[n] = '.';
        n += ext > 0 ? ext + 1 : 0;
    }
    out[n] = '\0';
}

bool vfs_short_looks(const char *name, size_t len)
{
    return len >= BASE_MAX && len <= VFS_SHORT_MAX && name[TILDE_AT] == '~' &&
           (len == BASE_MAX || name[BASE_MAX] == '.') && vfs_short_is(name, len);
}

bool vfs_short_names(const char *short_name, size_t short_len, const char *name, size_t len)
{
    char made[VFS_SHORT_MAX + 1];
    if (vfs_short_is(name, len))
        return false;
    vfs_short_make(name, len, made);
    return utf8_casecmp(made, strlen(made), short_name, short_len) == 0;
}
