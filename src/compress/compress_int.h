// SPDX-License-Identifier: Apache-2.0
/* What the algorithms share: the search for matches, the copying of one, reading past no end. */
#ifndef COMPRESS_COMPRESS_INT_H
#define COMPRESS_COMPRESS_INT_H

#include "compress/compress.h"
#include <string.h>

#define MATCH_MIN       3u
#define MATCH_HASH      14
#define BLOCK_SIZE      65536u /* of LZ77+Huffman */
#define HUFFMAN_COUNT   512u
#define HUFFMAN_TABLE   (HUFFMAN_COUNT / 2) /* bytes: two lengths in each */
#define HUFFMAN_LONGEST 15u

/* A literal (distance 0, its value in `length`), or a match of length + MATCH_MIN bytes. */
struct compress_token {
    uint16_t length, distance;
};

struct compress_work {
    uint32_t last[1u << MATCH_HASH]; /* position + 1 of the newest three bytes with a hash */
    /* the block of LZ77+Huffman in hand */
    struct compress_token tokens[BLOCK_SIZE + 1];
    uint32_t counts[HUFFMAN_COUNT];
    uint8_t bits[HUFFMAN_COUNT];
    uint16_t codes[HUFFMAN_COUNT];
};

/* The bytes that are compressed, and where a search stands. */
struct compress_search {
    struct compress_work *work;
    const uint8_t *in;
    size_t from;  /* matches begin here or later */
    size_t end;   /* and end here or earlier */
    size_t reach; /* how far back */
    size_t longest;
    unsigned missed; /* searches in vain since the last match: the more, the fewer follow */
};

void compress_search_begin(struct compress_search *s, struct compress_work *w, const uint8_t *in);
/* The length of a match at pos, with its distance, or 0. */
size_t compress_search_at(struct compress_search *s, size_t pos, size_t *distance);
/* How many bytes to take as literals before the next search. */
size_t compress_search_step(const struct compress_search *s, size_t pos);

/* Appends `len` bytes that stand `distance` before `*pos`. False: there are none, or no room. */
bool compress_copy(uint8_t *out, size_t size, size_t *pos, size_t distance, uint64_t len);

size_t compress_lz77_encode(struct compress_work *w, const uint8_t *in, size_t len, uint8_t *out,
                            size_t room);
bool compress_lz77_decode(const uint8_t *in, size_t len, uint8_t *out, size_t size);
size_t compress_lznt1_encode(struct compress_work *w, const uint8_t *in, size_t len, uint8_t *out,
                             size_t room);
bool compress_lznt1_decode(const uint8_t *in, size_t len, uint8_t *out, size_t size);
size_t compress_huffman_encode(struct compress_work *w, const uint8_t *in, size_t len, uint8_t *out,
                               size_t room);
bool compress_huffman_decode(const uint8_t *in, size_t len, uint8_t *out, size_t size);
/* Code lengths and codes from the counts of w ([MS-XCA] 2.1.4.2). */
void compress_huffman_codes(struct compress_work *w);

static inline void put_le16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void put_le32(uint8_t *p, uint32_t v)
{
    put_le16(p, v);
    put_le16(p + 2, v >> 16);
}

#endif
