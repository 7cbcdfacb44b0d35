// SPDX-License-Identifier: Apache-2.0
/*
 * UTF-16LE and (W)TF-8. Everything that reads UTF-8 goes through utf8_next, which accepts exactly
 * one encoding for each text: shortest forms only, and a surrogate pair only as one four-byte
 * sequence. So two different byte strings never mean the same name.
 */
#include "base/utf.h"

#include "base/cursor.h"
#include "base/htab.h"
#include "base/siphash.h"

#include <string.h>

#include "base/upcase_table.inc"

#define HIGH_FIRST 0xd800
#define LOW_FIRST  0xdc00
#define LOW_LAST   0xdfff

static bool is_high(uint32_t unit)
{
    return unit >= HIGH_FIRST && unit < LOW_FIRST;
}

static bool is_low(uint32_t unit)
{
    return unit >= LOW_FIRST && unit <= LOW_LAST;
}

static bool is_continuation(char c)
{
    return ((uint8_t)c & 0xc0) == 0x80;
}

/* Length of the sequence that a lead byte begins; 0 for a byte that cannot lead. */
static size_t sequence_len(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2) /* continuation bytes, and leads of overlong two-byte forms */
        return 0;
    if (lead < 0xe0)
        return 2;
    if (lead < 0xf0)
        return 3;
    return lead < 0xf5 ? 4 : 0;
}

/* Decodes a sequence of n bytes that are all there; -1 when it is not well formed. */
static int32_t decode(const char *p, size_t n)
{
    static const uint8_t lead_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    static const int32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    int32_t cp = (uint8_t)p[0] & lead_mask[n];
    for (size_t i = 1; i < n; i++) {
        if (!is_continuation(p[i]))
            return -1;
        cp = cp << 6 | ((uint8_t)p[i] & 0x3f);
    }
    return cp >= smallest[n] && cp <= 0x10ffff ? cp : -1;
}

int32_t utf8_next(const char **s, const char *end)
{
    const char *p = *s;
    if (p == end)
        return -1;
    size_t n = sequence_len((uint8_t)*p);
    int32_t cp = n > 0 && n <= (size_t)(end - p) ? decode(p, n) : -1;
    /* High and low surrogate side by side are one character in disguise: not WTF-8. */
    if (cp >= 0 && is_high((uint32_t)cp) && end - p >= 6 && (uint8_t)p[3] == 0xed &&
        (uint8_t)p[4] >= 0xb0 && is_continuation(p[4]) && is_continuation(p[5]))
        cp = -1;
    *s = p + (cp < 0 ? 1 : n);
    return cp;
}

bool utf8_valid(const char *s, size_t len)
{
    const char *end = s + len;
    while (s < end) {
        if (utf8_next(&s, end) <= 0)
            return false;
    }
    return true;
}

/* The code point at unit i of n, and how many units it takes; a lone surrogate stands for itself.
 */
static uint32_t utf16_at(const uint8_t *units, size_t i, size_t n, size_t *taken)
{
    uint32_t unit = le16_load(units + 2 * i);
    *taken = 1;
    if (!is_high(unit) || i + 1 >= n)
        return unit;
    uint32_t next = le16_load(units + 2 * (i + 1));
    if (!is_low(next))
        return unit;
    *taken = 2;
    return 0x10000 + ((unit - HIGH_FIRST) << 10) + (next - LOW_FIRST);
}

static size_t utf8_len(uint32_t cp)
{
    return cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
}

static char *utf8_put(char *p, uint32_t cp)
{
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t n = utf8_len(cp);
    for (size_t i = n - 1; i > 0; i--) {
        p[i] = (char)(0x80 | (cp & 0x3f));
        cp >>= 6;
    }
    p[0] = (char)(lead[n] | cp);
    return p + n;
}

char *utf16_to_utf8(struct arena *a, const void *utf16, size_t bytes, size_t *out_len)
{
    const uint8_t *units = utf16;
    size_t n = bytes / 2, len = 0, taken;
    if (bytes % 2 != 0)
        return NULL;
    for (size_t i = 0; i < n; i += taken) {
        uint32_t cp = utf16_at(units, i, n, &taken);
        if (cp == 0)
            return NULL;
        len += utf8_len(cp);
    }
    char *text = arena_alloc(a, len + 1);
    if (!text)
        return NULL;
    char *p = text;
    for (size_t i = 0; i < n; i += taken)
        p = utf8_put(p, utf16_at(units, i, n, &taken));
    *out_len = len;
    return text;
}

static size_t utf16_measure(const char *s, const char *end)
{
    size_t bytes = 0;
    while (s < end) {
        int32_t cp = utf8_next(&s, end);
        if (cp <= 0)
            return SIZE_MAX;
        bytes += cp < 0x10000 ? 2 : 4;
    }
    return bytes;
}

size_t utf8_to_utf16(struct builder *b, const char *text, size_t len)
{
    const char *end = text + len;
    size_t bytes = utf16_measure(text, end);
    if (!b || bytes == SIZE_MAX || bytes == 0)
        return bytes;
    uint8_t *p = builder_space(b, bytes);
    while (p && text < end) {
        uint32_t cp = (uint32_t)utf8_next(&text, end);
        if (cp < 0x10000) {
            le16_store(p, (uint16_t)cp);
            p += 2;
        } else {
            le16_store(p, (uint16_t)(HIGH_FIRST + ((cp - 0x10000) >> 10)));
            le16_store(p + 2, (uint16_t)(LOW_FIRST + (cp & 0x3ff)));
            p += 4;
        }
    }
    return bytes;
}

uint16_t utf16_upcase(uint16_t unit)
{
    if (unit < 0x80)
        return unit >= 'a' && unit <= 'z' ? unit - 0x20 : unit;
    uint8_t block = upcase_block[unit / UPCASE_BLOCK_SIZE];
    return (uint16_t)(unit + upcase_delta[block][unit % UPCASE_BLOCK_SIZE]);
}

/* A name as a row of upper-cased code units. */
struct fold {
    const char *s;
    const char *end;
    uint16_t low; /* second half of a pair that comes next; 0: none */
};

/* An invalid byte gives a value above all code units, so that it equals only itself. */
#define FOLD_INVALID 0x10000

/* The next unit, or -1 at the end. */
static int32_t fold_next(struct fold *f)
{
    if (f->low != 0) {
        int32_t low = f->low;
        f->low = 0;
        return low;
    }
    if (f->s == f->end)
        return -1;
    uint8_t byte = (uint8_t)*f->s;
    if (byte < 0x80) {
        f->s++;
        return utf16_upcase(byte);
    }
    int32_t cp = utf8_next(&f->s, f->end);
    if (cp < 0)
        return FOLD_INVALID + byte;
    if (cp < 0x10000)
        return utf16_upcase((uint16_t)cp);
    f->low = (uint16_t)(LOW_FIRST + (cp & 0x3ff));
    return HIGH_FIRST + ((cp - 0x10000) >> 10);
}

int utf8_casecmp(const char *a, size_t a_len, const char *b, size_t b_len)
{
    struct fold x = {.s = a, .end = a + a_len};
    struct fold y = {.s = b, .end = b + b_len};
    int32_t ux, uy;
    do {
        ux = fold_next(&x);
        uy = fold_next(&y);
    } while (ux == uy && ux >= 0);
    return (ux > uy) - (ux < uy);
}

const char *utf8_list_find(const char *list, char separator, const char *name, size_t *len)
{
    const char between[] = {separator, '\0'};
    while (list[0] != '\0') {
        *len = strcspn(list, between);
        if (*len > 0 && utf8_casecmp(list, *len, name, strlen(name)) == 0)
            return list;
        list += *len + (list[*len] == separator);
    }
    return NULL;
}

uint64_t utf8_casehash(const char *s, size_t len)
{
    struct fold f = {.s = s, .end = s + len};
    struct siphash h;
    uint8_t units[128];
    size_t n = 0;
    siphash_init(&h);
    for (int32_t unit = fold_next(&f); unit >= 0; unit = fold_next(&f)) {
        le16_store(units + n,
                   (uint16_t)unit); /* an invalid byte hashes like a unit: a rare clash */
        n += 2;
        if (n == sizeof(units)) {
            siphash_update(&h, units, n);
            n = 0;
        }
    }
    siphash_update(&h, units, n);
    return siphash_final(&h);
}
