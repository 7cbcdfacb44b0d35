// SPDX-License-Identifier: Apache-2.0
/*
 * LZ77+Huffman, the way out ([MS-XCA] 2.1): each 64 KiB become literals and matches first, which
 * say how often each symbol occurs, then a table of code lengths and a stream of 16-bit words.
 * Bytes of long lengths stand in it where a decoder that holds two words reads on, so two words are
 * always reserved before their bits are known.
 */
#include "compress/compress_int.h"

#define END_SYMBOL  256u
#define REACH       65535u
#define LENGTH_MORE 15u /* in a symbol: the length follows */
#define LENGTH_LONG 255u

static unsigned high_bit(uint32_t v)
{
    unsigned n = 0;
    while (v >>= 1)
        n++;
    return n;
}

static unsigned symbol_of(struct compress_token t)
{
    if (t.distance == 0)
        return t.length;
    return 256 + MIN(t.length, LENGTH_MORE) + 16 * high_bit(t.distance);
}

/* [MS-XCA] 2.1.4.1. Matches do not cross the end of a block, but look back into those before. */
static size_t find_tokens(struct compress_search *s, size_t at)
{
    struct compress_work *w = s->work;
    size_t n = 0, distance;
    memset(w->counts, 0, sizeof(w->counts));
    while (at < s->end) {
        size_t len = compress_search_at(s, at, &distance);
        size_t literals = len == 0 ? compress_search_step(s, at) : 0;
        if (len > 0) {
            w->tokens[n] = (struct compress_token){(uint16_t)(len - MATCH_MIN), (uint16_t)distance};
            w->counts[symbol_of(w->tokens[n++])]++;
            at += len;
        }
        for (; literals > 0; literals--, at++) {
            w->tokens[n++] = (struct compress_token){s->in[at], 0};
            w->counts[s->in[at]]++;
        }
    }
    return n;
}

/* ---------------------------------------------------------------- the stream */

struct writer {
    uint8_t *out;
    size_t first, second; /* the two words that are reserved */
    size_t pos;
    uint32_t word;
    unsigned free; /* bits of it */
};

static void put_bits(struct writer *o, unsigned n, uint32_t bits)
{
    if (o->free >= n) {
        o->free -= n;
        o->word = o->word << n | bits;
        return;
    }
    put_le16(o->out + o->first, o->word << o->free | bits >> (n - o->free));
    o->free += 16 - n;
    o->first = o->second;
    o->second = o->pos;
    o->pos += 2;
    o->word = bits; /* what was written of them is shifted out */
}

static void put_token(struct writer *o, const struct compress_work *w, struct compress_token t)
{
    unsigned symbol = symbol_of(t);
    put_bits(o, w->bits[symbol], w->codes[symbol]);
    if (t.distance == 0)
        return;
    if (t.length >= LENGTH_MORE) {
        unsigned more = t.length - LENGTH_MORE;
        o->out[o->pos++] = (uint8_t)MIN(more, LENGTH_LONG);
        if (more >= LENGTH_LONG) {
            put_le16(o->out + o->pos, t.length);
            o->pos += 2;
        }
    }
    unsigned high = high_bit(t.distance);
    put_bits(o, high, t.distance - (1u << high));
}

/* [MS-XCA] 2.1.4.3. The bytes written, or 0: not in that room. */
static size_t put_block(const struct compress_work *w, size_t tokens, bool last, uint8_t *out,
                        size_t room)
{
    struct writer o = {.out = out,
                       .first = HUFFMAN_TABLE,
                       .second = HUFFMAN_TABLE + 2,
                       .pos = HUFFMAN_TABLE + 4,
                       .free = 16};
    if (room < HUFFMAN_TABLE + 4)
        return 0;
    for (size_t i = 0; i < HUFFMAN_TABLE; i++)
        out[i] = (uint8_t)(w->bits[2 * i] | w->bits[2 * i + 1] << 4);
    for (size_t i = 0; i < tokens; i++) {
        if (room - o.pos < COMPRESS_SLACK)
            return 0;
        put_token(&o, w, w->tokens[i]);
    }
    if (room - o.pos < COMPRESS_SLACK)
        return 0;
    if (last)
        put_bits(&o, w->bits[END_SYMBOL], w->codes[END_SYMBOL]);
    put_le16(out + o.first, o.word << o.free);
    put_le16(out + o.second, 0);
    return o.pos;
}

size_t compress_huffman_encode(struct compress_work *w, const uint8_t *in, size_t len, uint8_t *out,
                               size_t room)
{
    struct compress_search s;
    size_t pos = 0;
    compress_search_begin(&s, w, in);
    s.reach = REACH;
    s.longest = BLOCK_SIZE;
    for (size_t at = 0; at < len; at = s.end) {
        bool last = len - at <= BLOCK_SIZE;
        s.end = last ? len : at + BLOCK_SIZE;
        size_t tokens = find_tokens(&s, at);
        if (last)
            w->counts[END_SYMBOL]++;
        compress_huffman_codes(w);
        size_t n = put_block(w, tokens, last, out + pos, room - pos);
        if (n == 0)
            return 0;
        pos += n;
    }
    return pos;
}
