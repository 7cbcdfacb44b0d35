// SPDX-License-Identifier: Apache-2.0
/*
 * LZ77+Huffman, the way back ([MS-XCA] 2.2): each block begins with the lengths of its codes. Codes
 * of up to FAST_BITS bits are looked up, the few that are longer found by their rank.
 */
#include "base/cursor.h"
#include "compress/compress_int.h"

#define FAST_BITS   11u
#define SYMBOL_BITS 9u
#define LENGTH_MORE 15u
#define LENGTH_LONG 255u

struct decoder {
    struct cursor c;
    uint32_t bits; /* the next ones, from the top: 16 at least are there */
    int extra;     /* how many more than 16 */
    uint8_t *out;
    size_t size, pos;
    uint16_t fast[1u << FAST_BITS]; /* length of the code << SYMBOL_BITS | symbol; 0: longer */
    /* for each length: the first code, its place in `sorted`, and how many there are */
    uint16_t first[HUFFMAN_LONGEST + 1], place[HUFFMAN_LONGEST + 1], count[HUFFMAN_LONGEST + 1];
    uint16_t sorted[HUFFMAN_COUNT];
};

static unsigned bits_of(const uint8_t *table, unsigned symbol)
{
    return symbol & 1 ? table[symbol / 2] >> 4 : table[symbol / 2] & 15;
}

/* False: the lengths are not those of a complete code. */
static bool build(struct decoder *d, const uint8_t *table)
{
    uint16_t next[HUFFMAN_LONGEST + 1];
    uint32_t code = 0, place = 0;
    memset(d->count, 0, sizeof(d->count));
    for (unsigned i = 0; i < HUFFMAN_COUNT; i++)
        d->count[bits_of(table, i)]++;
    for (unsigned n = 1; n <= HUFFMAN_LONGEST; n++) {
        d->first[n] = (uint16_t)code;
        d->place[n] = next[n] = (uint16_t)place;
        place += d->count[n];
        code += d->count[n];
        if (code > 1u << n)
            return false;
        if (n < HUFFMAN_LONGEST)
            code <<= 1;
    }
    if (code != 1u << HUFFMAN_LONGEST)
        return false;
    memset(d->fast, 0, sizeof(d->fast));
    for (unsigned i = 0; i < HUFFMAN_COUNT; i++) {
        unsigned n = bits_of(table, i);
        if (n == 0)
            continue;
        unsigned at = next[n]++;
        d->sorted[at] = (uint16_t)i;
        if (n > FAST_BITS)
            continue;
        unsigned from = (d->first[n] + at - d->place[n]) << (FAST_BITS - n);
        for (unsigned k = 0; k < 1u << (FAST_BITS - n); k++)
            d->fast[from + k] = (uint16_t)(n << SYMBOL_BITS | i);
    }
    return true;
}

static void drop(struct decoder *d, unsigned n)
{
    d->bits <<= n;
    d->extra -= (int)n;
    if (d->extra >= 0)
        return;
    d->bits |= (uint32_t)cursor_u16(&d->c) << -d->extra;
    d->extra += 16;
}

static unsigned next_symbol(struct decoder *d)
{
    unsigned entry = d->fast[d->bits >> (32 - FAST_BITS)];
    if (entry != 0) {
        drop(d, entry >> SYMBOL_BITS);
        return entry & (HUFFMAN_COUNT - 1);
    }
    for (unsigned n = FAST_BITS + 1; n <= HUFFMAN_LONGEST; n++) {
        unsigned rank = (d->bits >> (32 - n)) - d->first[n];
        if (rank < d->count[n]) {
            drop(d, n);
            return d->sorted[d->place[n] + rank];
        }
    }
    cursor_fail(&d->c); /* cannot be: the code is complete */
    return 0;
}

static bool get_match(struct decoder *d, unsigned symbol)
{
    uint64_t len = symbol % 16;
    unsigned high = symbol / 16;
    if (len == LENGTH_MORE) {
        len = cursor_u8(&d->c) + LENGTH_MORE;
        if (len == LENGTH_LONG + LENGTH_MORE) {
            len = cursor_u16(&d->c);
            if (len == 0)
                len = cursor_u32(&d->c);
            if (len < LENGTH_MORE)
                return false;
        }
    }
    size_t distance = (size_t)1 << high;
    if (high > 0) {
        distance += d->bits >> (32 - high);
        drop(d, high);
    }
    return !cursor_failed(&d->c) &&
           compress_copy(d->out, d->size, &d->pos, distance, len + MATCH_MIN);
}

/* Ends where the block does, or when there is all that there can be: what follows then is the end
   symbol, which means nothing elsewhere. */
static bool decode_block(struct decoder *d)
{
    size_t end = d->size - d->pos > BLOCK_SIZE ? d->pos + BLOCK_SIZE : d->size;
    d->bits = (uint32_t)cursor_u16(&d->c) << 16;
    d->bits |= cursor_u16(&d->c);
    d->extra = 16;
    while (d->pos < end && !cursor_failed(&d->c)) {
        unsigned symbol = next_symbol(d);
        if (symbol < 256)
            d->out[d->pos++] = (uint8_t)symbol;
        else if (!get_match(d, symbol - 256))
            return false;
    }
    return !cursor_failed(&d->c);
}

bool compress_huffman_decode(const uint8_t *in, size_t len, uint8_t *out, size_t size)
{
    struct decoder d = {.out = out, .size = size};
    cursor_init(&d.c, in, len);
    while (d.pos < size) {
        const uint8_t *table = cursor_take(&d.c, HUFFMAN_TABLE);
        if (table == NULL || !build(&d, table) || !decode_block(&d))
            return false;
    }
    return true;
}
