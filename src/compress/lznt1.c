// SPDX-License-Identifier: Apache-2.0
/*
 * LZNT1 ([MS-XCA] 2.5): chunks of 4096 bytes that know nothing of each other, each compressed or as
 * it is. The farther a chunk has come the more of a word's 16 bits say the distance.
 */
#include "base/cursor.h"
#include "compress/compress_int.h"

#define CHUNK_SIZE       4096u
#define CHUNK_COMPRESSED 0x8000u
#define CHUNK_SIGNATURE  0x3000u
#define CHUNK_LENGTH     0x0fffu
#define BITS_LEAST       4u
#define BITS_MOST        12u

/* Of the distance, after `done` bytes of the chunk: the largest M of 4 to 12 with 2^(M-1) < done.
 */
static unsigned distance_bits(size_t done)
{
    unsigned bits = BITS_LEAST;
    while (bits < BITS_MOST && (size_t)1 << bits < done)
        bits++;
    return bits;
}

/* The bytes written, or 0: not in that room. */
static size_t encode_chunk(struct compress_search *s, uint8_t *out, size_t room)
{
    size_t start = s->from, pos = 0, flags_at = 0, items = 0;
    for (size_t at = start; at < s->end; items++) {
        if (room - pos < 3)
            return 0;
        if (items % 8 == 0) {
            flags_at = pos++;
            out[flags_at] = 0;
        }
        unsigned length_bits = 16 - distance_bits(at - start);
        s->longest = ((size_t)1 << length_bits) - 1 + MATCH_MIN;
        size_t distance, n = compress_search_at(s, at, &distance);
        if (n == 0) {
            out[pos++] = s->in[at++];
            continue;
        }
        put_le16(out + pos, (uint32_t)((distance - 1) << length_bits | (n - MATCH_MIN)));
        out[flags_at] |= (uint8_t)(1u << items % 8);
        pos += 2;
        at += n;
    }
    return pos;
}

size_t compress_lznt1_encode(struct compress_work *w, const uint8_t *in, size_t len, uint8_t *out,
                             size_t room)
{
    struct compress_search s;
    size_t pos = 0;
    compress_search_begin(&s, w, in);
    s.reach = CHUNK_SIZE;
    for (size_t at = 0; at < len; at = s.end) {
        size_t n = MIN(len - at, CHUNK_SIZE);
        s.from = at;
        s.end = at + n;
        if (room - pos < 2 + n)
            return 0;
        size_t size = encode_chunk(&s, out + pos + 2, n);
        uint32_t compressed = size > 0 ? CHUNK_COMPRESSED : 0;
        if (size == 0) {
            memcpy(out + pos + 2, in + at, n);
            size = n;
        }
        put_le16(out + pos, compressed | CHUNK_SIGNATURE | (uint32_t)(size - 1));
        pos += 2 + size;
    }
    return pos;
}

/* ---------------------------------------------------------------- decoding */

/* One chunk, from `out`, where `room` bytes are left. The bytes that it became, or 0: it is bad. */
static size_t decode_chunk(struct cursor *c, uint8_t *out, size_t room)
{
    size_t pos = 0;
    while (cursor_left(c) > 0) {
        unsigned flags = cursor_u8(c);
        for (unsigned i = 0; i < 8 && cursor_left(c) > 0; i++, flags >>= 1) {
            if (pos == room)
                return 0;
            if ((flags & 1) == 0) {
                out[pos++] = cursor_u8(c);
                continue;
            }
            unsigned word = cursor_u16(c), length_bits = 16 - distance_bits(pos);
            size_t len = (word & ((1u << length_bits) - 1)) + MATCH_MIN;
            if (cursor_failed(c) || !compress_copy(out, room, &pos, (word >> length_bits) + 1, len))
                return 0;
        }
    }
    return pos;
}

bool compress_lznt1_decode(const uint8_t *in, size_t len, uint8_t *out, size_t size)
{
    struct cursor c;
    size_t pos = 0;
    cursor_init(&c, in, len);
    while (cursor_left(&c) > 0) {
        unsigned head = cursor_u16(&c);
        if (head == 0 && !cursor_failed(&c))
            break;
        if ((head & ~(CHUNK_COMPRESSED | CHUNK_LENGTH)) != CHUNK_SIGNATURE)
            return false;
        size_t n = (head & CHUNK_LENGTH) + 1, room = MIN(size - pos, CHUNK_SIZE);
        struct cursor chunk = cursor_sub(&c, c.pos, n);
        cursor_skip(&c, n);
        if (cursor_failed(&c))
            return false;
        if (head & CHUNK_COMPRESSED) {
            n = decode_chunk(&chunk, out + pos, room);
            if (n == 0)
                return false;
        } else {
            if (n > room)
                return false;
            cursor_bytes(&chunk, out + pos, n);
        }
        pos += n;
    }
    return !cursor_failed(&c) && pos == size;
}
