// SPDX-License-Identifier: Apache-2.0
/* Which algorithm is which, and what all of them use. */
#include "base/mem.h"
#include "compress/compress_int.h"

struct codec {
    size_t (*encode)(struct compress_work *w, const uint8_t *in, size_t len, uint8_t *out,
                     size_t room);
    bool (*decode)(const uint8_t *in, size_t len, uint8_t *out, size_t size);
};

static const struct codec codecs[] = {
    [COMPRESS_LZNT1] = {compress_lznt1_encode, compress_lznt1_decode},
    [COMPRESS_LZ77] = {compress_lz77_encode, compress_lz77_decode},
    [COMPRESS_LZ77_HUFFMAN] = {compress_huffman_encode, compress_huffman_decode},
};

struct compress_work *compress_work_new(void)
{
    return mem_alloc(sizeof(struct compress_work));
}

void compress_work_free(struct compress_work *w)
{
    mem_free(w);
}

bool compress_supported(unsigned algorithm)
{
    return algorithm < ARRAY_LEN(codecs) && codecs[algorithm].encode != NULL;
}

size_t compress_encode(enum compress_algorithm a, struct compress_work *w, const uint8_t *in,
                       size_t len, uint8_t *out, size_t room)
{
    ASSERT(compress_supported(a));
    if (len == 0 || len > COMPRESS_MAX || room < COMPRESS_SLACK)
        return 0;
    return codecs[a].encode(w, in, len, out, room);
}

bool compress_decode(enum compress_algorithm a, const uint8_t *in, size_t len, uint8_t *out,
                     size_t size)
{
    ASSERT(compress_supported(a));
    if (len > COMPRESS_MAX || size > COMPRESS_MAX || len == 0)
        return false;
    return codecs[a].decode(in, len, out, size);
}

/* ---------------------------------------------------------------- matches */

void compress_search_begin(struct compress_search *s, struct compress_work *w, const uint8_t *in)
{
    memset(w->last, 0, sizeof(w->last));
    *s = (struct compress_search){.work = w, .in = in};
}

static size_t hash_at(const uint8_t *p)
{
    uint32_t v = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
    return (v * 2654435761u) >> (32 - MATCH_HASH);
}

static size_t same(const uint8_t *a, const uint8_t *b, size_t most)
{
    size_t n = 0;
    uint64_t x, y;
    while (most - n >= sizeof x) {
        memcpy(&x, a + n, sizeof x);
        memcpy(&y, b + n, sizeof y);
        if (x != y)
            break;
        n += sizeof x;
    }
    while (n < most && a[n] == b[n])
        n++;
    return n;
}

size_t compress_search_at(struct compress_search *s, size_t pos, size_t *distance)
{
    size_t most = MIN(s->end - pos, s->longest);
    if (most < MATCH_MIN)
        return 0;
    uint32_t *last = &s->work->last[hash_at(s->in + pos)];
    size_t candidate = *last;
    *last = (uint32_t)pos + 1;
    s->missed++;
    if (candidate <= s->from || pos - (candidate - 1) > s->reach)
        return 0;
    size_t len = same(s->in + candidate - 1, s->in + pos, most);
    if (len < MATCH_MIN)
        return 0;
    s->missed = 0;
    *distance = pos - (candidate - 1);
    return len;
}

size_t compress_search_step(const struct compress_search *s, size_t pos)
{
    return MIN(1 + (s->missed >> 6), s->end - pos);
}

bool compress_copy(uint8_t *out, size_t size, size_t *pos, size_t distance, uint64_t len)
{
    if (distance == 0 || distance > *pos || len > size - *pos)
        return false;
    uint8_t *to = out + *pos;
    const uint8_t *from = to - distance;
    *pos += (size_t)len;
    if (distance == 1)
        memset(to, *from, (size_t)len);
    else if (distance >= len)
        memcpy(to, from, (size_t)len);
    else
        while (len-- > 0) /* forward, byte by byte: it reads what it has just written */
            *to++ = *from++;
    return true;
}

/* ---------------------------------------------------------------- a look at the data */

#define SAMPLES      16u
#define SAMPLE_BYTES 256u

bool compress_promising(const uint8_t *in, size_t len)
{
    uint32_t counts[256] = {0};
    uint64_t squares = 0, n = 0;
    size_t step = len / SAMPLES;
    if (step <= SAMPLE_BYTES)
        return len > 0; /* little enough to try */
    for (size_t i = 0; i < SAMPLES; i++, n += SAMPLE_BYTES)
        for (size_t k = 0; k < SAMPLE_BYTES; k++)
            counts[in[i * step + k]]++;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        squares += (uint64_t)counts[i] * counts[i];
    /* of bytes by chance it is n * n / 256 + n; half as much again is far from chance */
    return squares > (n * n / 256 + n) * 3 / 2;
}

size_t compress_run_forward(const uint8_t *in, size_t len)
{
    return len == 0 ? 0 : 1 + same(in, in + 1, len - 1);
}

size_t compress_run_backward(const uint8_t *in, size_t len)
{
    size_t n = 0;
    while (n < len && in[len - 1 - n] == in[len - 1])
        n++;
    return n;
}
