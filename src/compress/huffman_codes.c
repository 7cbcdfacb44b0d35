// SPDX-License-Identifier: Apache-2.0
/*
 * Canonical codes of at most 15 bits from how often each symbol occurs ([MS-XCA] 2.1.4.2). Symbols
 * of equal count keep their order, and a symbol goes before a pair of the same weight: so the
 * lengths are those of the specification's examples.
 */
#include "compress/compress_int.h"

#define NODES_COUNT (2 * HUFFMAN_COUNT)

struct tree {
    uint16_t symbols[HUFFMAN_COUNT]; /* by count, those of equal count by number */
    uint32_t weights[NODES_COUNT];   /* leaves in that order, then pairs as they were made */
    uint16_t parents[NODES_COUNT];
    uint8_t depths[NODES_COUNT];
    unsigned leaves;
};

/* A code is complete with two symbols at least, or a decoder refuses the table. */
static void two_at_least(uint32_t *counts)
{
    unsigned used = 0;
    for (unsigned i = 0; i < HUFFMAN_COUNT; i++)
        used += counts[i] > 0;
    for (unsigned i = 0; used < 2; i++)
        if (counts[i] == 0) {
            counts[i] = 1;
            used++;
        }
}

static bool rarer(const uint32_t *counts, uint16_t a, uint16_t b)
{
    return counts[a] != counts[b] ? counts[a] < counts[b] : a < b;
}

static void sort_symbols(struct tree *t, const uint32_t *counts)
{
    static const unsigned gaps[] = {132, 57, 23, 10, 4, 1};
    t->leaves = 0;
    for (unsigned i = 0; i < HUFFMAN_COUNT; i++)
        if (counts[i] > 0)
            t->symbols[t->leaves++] = (uint16_t)i;
    for (unsigned g = 0; g < ARRAY_LEN(gaps); g++)
        for (unsigned i = gaps[g]; i < t->leaves; i++) {
            uint16_t symbol = t->symbols[i];
            unsigned at = i;
            for (; at >= gaps[g] && rarer(counts, symbol, t->symbols[at - gaps[g]]); at -= gaps[g])
                t->symbols[at] = t->symbols[at - gaps[g]];
            t->symbols[at] = symbol;
        }
}

/* The depth of the deepest leaf. */
static unsigned grow(struct tree *t, const uint32_t *counts)
{
    unsigned leaf = 0, pair = t->leaves, end = t->leaves, root = 2 * t->leaves - 2, deepest = 0;
    for (unsigned i = 0; i < t->leaves; i++)
        t->weights[i] = counts[t->symbols[i]];
    for (; end <= root; end++) {
        t->weights[end] = 0;
        for (unsigned side = 0; side < 2; side++) {
            bool take_leaf =
                leaf < t->leaves && (pair == end || t->weights[leaf] <= t->weights[pair]);
            unsigned child = take_leaf ? leaf++ : pair++;
            t->weights[end] += t->weights[child];
            t->parents[child] = (uint16_t)end;
        }
    }
    t->depths[root] = 0;
    for (unsigned i = root; i-- > 0;) {
        t->depths[i] = (uint8_t)(t->depths[t->parents[i]] + 1);
        deepest = MAX(deepest, t->depths[i]);
    }
    return deepest;
}

void compress_huffman_codes(struct compress_work *w)
{
    struct tree t;
    uint16_t next[HUFFMAN_LONGEST + 1] = {0};
    two_at_least(w->counts);
    for (sort_symbols(&t, w->counts); grow(&t, w->counts) > HUFFMAN_LONGEST;
         sort_symbols(&t, w->counts))
        for (unsigned i = 0; i < HUFFMAN_COUNT; i++) /* flatter, till it fits */
            w->counts[i] = (w->counts[i] + 1) / 2;
    memset(w->bits, 0, sizeof(w->bits));
    for (unsigned i = 0; i < t.leaves; i++)
        w->bits[t.symbols[i]] = t.depths[i];
    /* shorter codes first, then by symbol ([MS-XCA] 2.2.4) */
    for (unsigned i = 0; i < HUFFMAN_COUNT; i++)
        if (w->bits[i] > 0 && w->bits[i] < HUFFMAN_LONGEST)
            next[w->bits[i] + 1]++;
    for (unsigned i = 2; i <= HUFFMAN_LONGEST; i++)
        next[i] = (uint16_t)((next[i - 1] + next[i]) << 1);
    for (unsigned i = 0; i < HUFFMAN_COUNT; i++)
        if (w->bits[i] > 0)
            w->codes[i] = next[w->bits[i]]++;
}
