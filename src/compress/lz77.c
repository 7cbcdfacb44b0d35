// SPDX-License-Identifier: Apache-2.0
/*
 * Plain LZ77 ([MS-XCA] 2.3, 2.4): 32 flags in front of 32 literals and matches. A long length has
 * four bits in a byte that it shares with the next long one.
 */
#include "base/cursor.h"
#include "compress/compress_int.h"

#define REACH      8192u
#define SHORT_MORE 7u /* what three bits say when four follow, and so on */
#define HALF_MORE  15u
#define BYTE_MORE  255u

struct writer {
    uint8_t *out;
    size_t pos;
    size_t flags_at;
    size_t half_at; /* a byte whose upper half is free; 0: none */
    uint32_t flags;
    unsigned count;
};

static void put_flag(struct writer *o, uint32_t flag)
{
    o->flags = o->flags << 1 | flag;
    if (++o->count < 32)
        return;
    put_le32(o->out + o->flags_at, o->flags);
    o->flags_at = o->pos;
    o->pos += 4;
    o->count = 0;
}

/* `rest` is what three bits could not say; true: nor four. */
static bool put_half(struct writer *o, uint32_t rest)
{
    uint8_t half = (uint8_t)MIN(rest, HALF_MORE);
    if (o->half_at == 0) {
        o->half_at = o->pos;
        o->out[o->pos++] = half;
    } else {
        o->out[o->half_at] |= (uint8_t)(half << 4);
        o->half_at = 0;
    }
    return rest >= HALF_MORE;
}

static void put_match(struct writer *o, size_t distance, size_t len)
{
    uint32_t rest = (uint32_t)(len - MATCH_MIN);
    put_le16(o->out + o->pos, (uint32_t)(distance - 1) << 3 | MIN(rest, SHORT_MORE));
    o->pos += 2;
    if (rest >= SHORT_MORE && put_half(o, rest - SHORT_MORE)) {
        uint32_t more = rest - SHORT_MORE - HALF_MORE;
        o->out[o->pos++] = (uint8_t)MIN(more, BYTE_MORE);
        if (more >= BYTE_MORE) {
            bool wide = rest > UINT16_MAX;
            put_le16(o->out + o->pos, wide ? 0 : rest);
            o->pos += 2;
            if (wide) {
                put_le32(o->out + o->pos, rest);
                o->pos += 4;
            }
        }
    }
    put_flag(o, 1);
}

size_t compress_lz77_encode(struct compress_work *w, const uint8_t *in, size_t len, uint8_t *out,
                            size_t room)
{
    struct writer o = {.out = out, .pos = 4};
    struct compress_search s;
    compress_search_begin(&s, w, in);
    s.end = len;
    s.reach = REACH;
    s.longest = len;
    for (size_t at = 0; at < len;) {
        size_t distance, n = compress_search_at(&s, at, &distance);
        if (room - o.pos < COMPRESS_SLACK)
            return 0;
        if (n > 0) {
            put_match(&o, distance, n);
            at += n;
            continue;
        }
        for (n = compress_search_step(&s, at); n > 0; n--) {
            if (room - o.pos < COMPRESS_SLACK)
                return 0;
            out[o.pos++] = in[at++];
            put_flag(&o, 0);
        }
    }
    /* the flags that are left over are ones */
    put_le32(out + o.flags_at, (uint32_t)(((uint64_t)o.flags + 1) << (32 - o.count)) - 1);
    return o.pos;
}

/* ---------------------------------------------------------------- decoding */

struct reader {
    struct cursor c;
    uint8_t half;   /* of the byte that the last long length has begun */
    bool half_left; /* its upper half is not used yet */
};

static uint64_t get_length(struct reader *r, uint32_t len)
{
    if (len < SHORT_MORE)
        return len + MATCH_MIN;
    if (!r->half_left)
        r->half = cursor_u8(&r->c);
    len = r->half_left ? r->half >> 4 : r->half & 15;
    r->half_left = !r->half_left;
    if (len < HALF_MORE)
        return len + SHORT_MORE + MATCH_MIN;
    len = cursor_u8(&r->c);
    if (len < BYTE_MORE)
        return len + HALF_MORE + SHORT_MORE + MATCH_MIN;
    len = cursor_u16(&r->c);
    if (len == 0)
        len = cursor_u32(&r->c);
    if (len < HALF_MORE + SHORT_MORE)
        cursor_fail(&r->c);
    return (uint64_t)len + MATCH_MIN;
}

static bool get_match(struct reader *r, uint8_t *out, size_t size, size_t *pos)
{
    uint32_t word = cursor_u16(&r->c);
    uint64_t len = get_length(r, word & 7);
    return !cursor_failed(&r->c) && compress_copy(out, size, pos, (word >> 3) + 1, len);
}

bool compress_lz77_decode(const uint8_t *in, size_t len, uint8_t *out, size_t size)
{
    struct reader r = {0};
    size_t pos = 0;
    cursor_init(&r.c, in, len);
    while (cursor_left(&r.c) > 0) {
        uint32_t flags = cursor_u32(&r.c);
        for (unsigned i = 0; i < 32 && !cursor_failed(&r.c); i++, flags <<= 1) {
            if (r.c.pos == r.c.end) /* what the flags say of more is not so */
                return pos == size;
            if (flags >> 31) {
                if (!get_match(&r, out, size, &pos))
                    return false;
            } else {
                if (pos == size)
                    return false;
                out[pos++] = in[r.c.pos++];
            }
        }
    }
    return !cursor_failed(&r.c) && pos == size;
}
