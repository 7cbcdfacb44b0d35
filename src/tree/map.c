// SPDX-License-Identifier: Apache-2.0
/*
 * Names that Windows forbids, in the private-use characters that macOS and Samba put in their place
 * ("SFM mapping"): U+F001 to U+F01F for control characters, and the rows below. All of them take
 * three bytes in UTF-8.
 */
#include "base/utf.h"
#include "tree/tree_int.h"
#include <string.h>

#define PRIVATE_FIRST 0xf001
#define PRIVATE_LAST  0xf029
#define END_SPACE     0xf028
#define END_DOT       0xf029

static const char forbidden[] = {
    [0x20] = '"', [0x21] = '*',  [0x22] = ':', [0x23] = '<', [0x24] = '>',
    [0x25] = '?', [0x26] = '\\', [0x27] = '|', [0x28] = ' ', [0x29] = '.',
};

/* The character to put in place of c, or 0. */
static int32_t map_char(char c, bool last)
{
    unsigned char u = (unsigned char)c;
    if (u > 0 && u < 0x20)
        return 0xf000 + u;
    for (int32_t i = 0x20; i < END_SPACE - 0xf000; i++)
        if (forbidden[i] == c)
            return 0xf000 + i;
    if (last && c == ' ')
        return END_SPACE;
    return last && c == '.' ? END_DOT : 0;
}

static char unmap_char(int32_t c)
{
    if (c < PRIVATE_FIRST || c > PRIVATE_LAST)
        return 0;
    return c < 0xf020 ? (char)(c - 0xf000) : forbidden[c - 0xf000];
}

bool tree_name_out(const struct smbkit_tree *t, const char *name, size_t len, char *dst,
                   size_t *out_len)
{
    size_t n = 0;
    if (len >= TREE_NAME_CAP)
        return false;
    for (size_t i = 0; i < len; i++) {
        int32_t c = t->options.flags & SMBKIT_TREE_MAP_NAMES ? map_char(name[i], i + 1 == len) : 0;
        if (n + 4 > TREE_NAME_CAP)
            return false;
        if (c == 0) {
            dst[n++] = name[i];
            continue;
        }
        dst[n++] = (char)(0xe0 | c >> 12);
        dst[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        dst[n++] = (char)(0x80 | (c & 0x3f));
    }
    dst[n] = '\0';
    *out_len = n;
    return vfs_name_valid(dst, n);
}

size_t tree_name_in(const struct smbkit_tree *t, const char *name, size_t len, char *dst)
{
    const char *s = name, *end = name + MIN(len, TREE_NAME_CAP - 1u);
    size_t n = 0;
    while (s < end) {
        const char *at = s;
        int32_t c = utf8_next(&s, end);
        char plain = t->options.flags & SMBKIT_TREE_MAP_NAMES ? unmap_char(c) : 0;
        if (plain != 0) {
            dst[n++] = plain;
        } else {
            memcpy(dst + n, at, (size_t)(s - at));
            n += (size_t)(s - at);
        }
    }
    dst[n] = '\0';
    return n;
}
