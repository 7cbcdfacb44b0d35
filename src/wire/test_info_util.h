// SPDX-License-Identifier: Apache-2.0
/*
 * For the tests of the information codecs: blocks of exactly the size of their content (so that a
 * sanitizer sees the first byte read too far), random names, and the harness for records of fixed
 * size.
 */
#ifndef WIRE_TEST_INFO_UTIL_H
#define WIRE_TEST_INFO_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/testrand.h"
#include "wire/info.h"

#include <string.h>

#define TEST_MAX 0x100000

/* The first n bytes of src in a block of n bytes. */
static inline uint8_t *exact_copy(const void *src, size_t n)
{
    uint8_t *p = mem_alloc(n == 0 ? 1 : n);

    assert_non_null(p);
    if (n > 0)
        memcpy(p, src, n);
    return p;
}

static inline struct cursor cursor_of(const void *data, size_t n)
{
    struct cursor c;

    cursor_init(&c, data, n);
    return c;
}

static inline void random_bytes(struct testrand *rng, void *dst, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        ((uint8_t *)dst)[i] = (uint8_t)testrand_next(rng);
}

/* Text of min to max UTF-16 units: ASCII, two, three and four byte forms, lone surrogates. */
static inline const char *random_text(struct testrand *rng, struct arena *a, size_t min, size_t max,
                                      size_t *len)
{
    static const struct {
        const char *text;
        size_t units;
    } pieces[] = {{"a", 1},
                  {"Z", 1},
                  {"9", 1},
                  {".", 1},
                  {"\xc3\xa9", 1},
                  {"\xe2\x82\xac", 1},
                  {"\xf0\x9f\x98\x80", 2},
                  {"\xed\xa0\x80x", 2}};
    size_t want = min + (size_t)testrand_below(rng, max - min + 1);
    char *text = arena_alloc(a, 4 * max + 1);

    assert_non_null(text);
    *len = 0;
    while (want > 0) {
        size_t i = (size_t)testrand_below(rng, ARRAY_LEN(pieces));
        size_t n = strlen(pieces[i].text);

        if (pieces[i].units > want)
            continue;
        memcpy(text + *len, pieces[i].text, n);
        *len += n;
        want -= pieces[i].units;
    }
    return text;
}

static inline void assert_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
    assert_int_equal(a_len, b_len);
    if (a_len > 0)
        assert_memory_equal(a, b, a_len);
}

/* A record without a variable part, with the types of its functions erased. */
struct fixed_codec {
    void (*encode)(struct builder *b, const void *in);
    bool (*decode)(struct cursor *c, void *out);
    size_t struct_size;
    size_t wire_size;
    size_t reserved; /* bytes of it that mean nothing */
};

#define FIXED_CODEC(record, size, unused)                                       \
    static void record##_enc(struct builder *b, const void *in)                 \
    {                                                                           \
        wire_##record##_encode(b, in);                                          \
    }                                                                           \
    static bool record##_dec(struct cursor *c, void *out)                       \
    {                                                                           \
        return wire_##record##_decode(c, out);                                  \
    }                                                                           \
    static const struct fixed_codec record##_codec = {                          \
        record##_enc, record##_dec, sizeof(struct wire_##record), size, unused, \
    }

/* bytes -> struct -> bytes. */
static inline void fixed_recode(const struct fixed_codec *f, const uint8_t *in, uint8_t *out,
                                void *decoded)
{
    struct cursor c = cursor_of(in, f->wire_size);
    struct builder b;

    assert_true(f->decode(&c, decoded));
    assert_int_equal(cursor_left(&c), 0);
    builder_init_fixed(&b, out, f->wire_size);
    f->encode(&b, decoded);
    assert_false(builder_failed(&b));
    assert_int_equal(b.len, f->wire_size);
}

/*
 * Both directions over random bytes; every byte of the record but the reserved ones must reach the
 * struct and come back; every shorter input is refused.
 */
static inline void fixed_round_trip(const struct fixed_codec *f, struct testrand *rng)
{
    uint8_t *in = mem_alloc(f->wire_size), *once = mem_alloc(f->wire_size);
    uint8_t *twice = mem_alloc(f->wire_size);
    void *s1 = mem_zalloc(f->struct_size), *s2 = mem_zalloc(f->struct_size);
    size_t i, significant = 0;

    random_bytes(rng, in, f->wire_size);
    fixed_recode(f, in, once, s1);
    fixed_recode(f, once, twice, s2);
    assert_memory_equal(once, twice, f->wire_size);
    assert_memory_equal(s1, s2, f->struct_size);
    for (i = 0; i < f->wire_size; i++) {
        uint8_t keep = in[i];

        in[i] = 0;
        fixed_recode(f, in, once, s1);
        in[i] = 1;
        fixed_recode(f, in, twice, s2);
        in[i] = keep;
        significant += memcmp(once, twice, f->wire_size) != 0;
        assert_int_equal(memcmp(once, twice, f->wire_size) != 0,
                         memcmp(s1, s2, f->struct_size) != 0);
    }
    assert_int_equal(significant, f->wire_size - f->reserved);
    for (i = 0; i < f->wire_size; i++) {
        uint8_t *cut = exact_copy(in, i);
        struct cursor c = cursor_of(cut, i);

        assert_false(f->decode(&c, s1));
        mem_free(cut);
    }
    mem_free(in);
    mem_free(once);
    mem_free(twice);
    mem_free(s1);
    mem_free(s2);
}

#endif
