// SPDX-License-Identifier: Apache-2.0
/* The algorithms: the specification's examples, there and back, and bytes that are wrong. */
#include "base/mem.h"
#include "base/testmem.h"
#include "base/testrand.h"
#include "compress/compress_int.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DATA_MAX  (200u << 10)
#define ROOM_MAX  (2 * DATA_MAX)
#define GUARD     64u
#define GUARDED   0x5a
#define SMALL_MAX 3000u

static const enum compress_algorithm algorithms[] = {COMPRESS_LZNT1, COMPRESS_LZ77,
                                                     COMPRESS_LZ77_HUFFMAN};
static struct compress_work *work;
static uint8_t *data, *packed, *back;

static int setup(void **state)
{
    testmem_install();
    work = compress_work_new();
    data = mem_alloc(DATA_MAX);
    packed = mem_alloc(ROOM_MAX);
    back = mem_alloc(DATA_MAX + GUARD + 1);
    return work == NULL || data == NULL || packed == NULL || back == NULL;
}

static int teardown(void **state)
{
    compress_work_free(work);
    mem_free(data);
    mem_free(packed);
    mem_free(back);
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
    return 0;
}

/* Decodes with a guard behind the room that it has. */
static bool decode(enum compress_algorithm a, const uint8_t *in, size_t len, size_t size)
{
    memset(back + size, GUARDED, GUARD);
    bool ok = compress_decode(a, in, len, back, size);
    for (size_t i = 0; i < GUARD; i++)
        assert_int_equal(back[size + i], GUARDED);
    return ok;
}

static void both_ways(enum compress_algorithm a, const void *plain, size_t len,
                      const uint8_t *coded, size_t size)
{
    assert_int_equal(compress_encode(a, work, plain, len, packed, ROOM_MAX), size);
    assert_memory_equal(packed, coded, size);
    assert_true(decode(a, coded, size, len));
    assert_memory_equal(back, plain, len);
    assert_false(decode(a, coded, size, len + 1));
}

/* ---------------------------------------------------------------- [MS-XCA] 3 */

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz";

static void repeat_abc(void)
{
    for (size_t i = 0; i < 300; i++)
        data[i] = (uint8_t) "abc"[i % 3];
}

static void test_examples_lz77(void **state)
{
    uint8_t letters[30] = {0x3f};
    static const uint8_t repeated[] = {0xff, 0xff, 0xff, 0x1f, 'a',  'b', 'c',
                                       0x17, 0x00, 0x0f, 0xff, 0x26, 0x01};
    memcpy(letters + 4, alphabet, 26);
    both_ways(COMPRESS_LZ77, alphabet, 26, letters, sizeof letters);
    repeat_abc();
    both_ways(COMPRESS_LZ77, data, 300, repeated, sizeof repeated);
}

static void test_examples_huffman(void **state)
{
    static const uint8_t letters[] = {0xd8, 0x52, 0x3e, 0xd7, 0x94, 0x11, 0x5b, 0xe9, 0x19, 0x5f,
                                      0xf9, 0xd6, 0x7c, 0xdf, 0x8d, 0x04, 0x00, 0x00, 0x00, 0x00};
    static const uint8_t repeated[] = {0xa8, 0xdc, 0x00, 0x00, 0xff, 0x26, 0x01};
    uint8_t coded[256 + sizeof letters] = {[48] = 0x50, [59] = 0x45, 0x44, 0x04, [128] = 0x04};
    memset(coded + 49, 0x55, 10);
    memcpy(coded + 256, letters, sizeof letters);
    both_ways(COMPRESS_LZ77_HUFFMAN, alphabet, 26, coded, sizeof coded);
    memset(coded, 0, 256);
    coded[48] = 0x30;
    coded[49] = 0x23;
    coded[128] = 0x02;
    coded[143] = 0x20;
    memcpy(coded + 256, repeated, sizeof repeated);
    repeat_abc();
    both_ways(COMPRESS_LZ77_HUFFMAN, data, 300, coded, 256 + sizeof repeated);
}

static void test_example_lznt1(void **state)
{
    static const char tune[] = "F# F# G A A G F# E D D E F# F# E E F# F# G A A G F# E D D E F# E D "
                               "D E E F# D E F# G F# D E F# G F# E D E A F# F# G A A G F# E D D E "
                               "F# E D D";
    static const uint8_t coded[] = {
        0x38, 0xb0, 0x88, 0x46, 0x23, 0x20, 0x00, 0x20, 0x47, 0x20, 0x41, 0x00, 0x10, 0xa2, 0x47,
        0x01, 0xa0, 0x45, 0x20, 0x44, 0x00, 0x08, 0x45, 0x01, 0x50, 0x79, 0x00, 0xc0, 0x45, 0x20,
        0x05, 0x24, 0x13, 0x88, 0x05, 0xb4, 0x02, 0x4a, 0x44, 0xef, 0x03, 0x58, 0x02, 0x8c, 0x09,
        0x16, 0x01, 0x48, 0x45, 0x00, 0xbe, 0x00, 0x9e, 0x00, 0x04, 0x01, 0x18, 0x90, 0x00};
    assert_int_equal(sizeof tune, 142);
    assert_true(decode(COMPRESS_LZNT1, coded, sizeof coded, sizeof tune));
    assert_memory_equal(back, tune, sizeof tune);
    /* a search that looks at one place only finds nearly as much */
    size_t n =
        compress_encode(COMPRESS_LZNT1, work, (const uint8_t *)tune, sizeof tune, packed, ROOM_MAX);
    assert_in_range(n, 50, 70);
    /* an end mark may follow, and nothing of what stands behind it counts */
    memcpy(packed, coded, sizeof coded);
    memset(packed + sizeof coded, 0, 2);
    packed[sizeof coded + 2] = 0xff;
    assert_true(decode(COMPRESS_LZNT1, packed, sizeof coded + 3, sizeof tune));
}

/* ---------------------------------------------------------------- there and back */

static struct testrand rnd;

static void fill_random(size_t len)
{
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)testrand_next(&rnd);
}

/* A few letters, runs of one, and copies from before at any distance and of any length. */
static void fill_structured(size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = testrand_below(&rnd, 300) + 1;
        uint64_t what = testrand_below(&rnd, 3);
        size_t from = i > 0 ? testrand_below(&rnd, i) : 0;
        uint8_t letter = (uint8_t)testrand_next(&rnd);
        for (; n > 0 && i < len; n--, i++, from++)
            data[i] = what == 0            ? letter
                      : what == 1 && i > 0 ? data[from]
                                           : (uint8_t)('a' + testrand_below(&rnd, 5));
    }
}

static void fill_skewed(size_t len)
{
    for (size_t i = 0; i < len; i++) { /* value n half as often as n - 1: codes as long as can be */
        uint64_t v = testrand_next(&rnd) | UINT64_C(1) << 40;
        data[i] = (uint8_t)(__builtin_ctzll(v) * 7 + (i & 1));
    }
}

static void fill_zero(size_t len)
{
    memset(data, 0, len);
}

static void (*const fills[])(size_t len) = {fill_random, fill_structured, fill_skewed, fill_zero};

static void round_trip(enum compress_algorithm a, size_t len)
{
    size_t n = compress_encode(a, work, data, len, packed, ROOM_MAX);
    assert_true(n > 0);
    assert_true(decode(a, packed, n, len));
    assert_memory_equal(back, data, len);
    assert_false(len > 1 && decode(a, packed, n, len + 1));
    /* neither a room that is too small nor a byte of it more */
    size_t room = testrand_below(&rnd, n);
    packed[room] = GUARDED;
    assert_int_equal(compress_encode(a, work, data, len, packed, room), 0);
    assert_int_equal(packed[room], GUARDED);
}

static void test_round_trips(void **state)
{
    static const size_t sizes[] = {1,    2,    3,     4,     31,    32,     33,     4095,    4096,
                                   4097, 8192, 65535, 65536, 65537, 131072, 131073, DATA_MAX};
    for (size_t f = 0; f < ARRAY_LEN(fills); f++)
        for (size_t s = 0; s < ARRAY_LEN(sizes); s++)
            for (size_t a = 0; a < ARRAY_LEN(algorithms); a++) {
                fills[f](sizes[s]);
                round_trip(algorithms[a], sizes[s]);
            }
    for (size_t i = 0; i < 2000; i++) {
        size_t len = testrand_below(&rnd, SMALL_MAX) + 1;
        fills[i % ARRAY_LEN(fills)](len);
        for (size_t a = 0; a < ARRAY_LEN(algorithms); a++)
            round_trip(algorithms[a], len);
    }
}

/* A megabyte of zeros has lengths that only four bytes can say. */
static void test_long_match(void **state)
{
    const size_t len = 1 << 20;
    uint8_t *zeros = mem_zalloc(len), *out = mem_alloc(len);
    assert_true(zeros != NULL && out != NULL);
    for (size_t a = 0; a < ARRAY_LEN(algorithms); a++) {
        size_t n = compress_encode(algorithms[a], work, zeros, len, packed, ROOM_MAX);
        assert_in_range(n, 1, len / 100);
        memset(out, 1, len);
        assert_true(compress_decode(algorithms[a], packed, n, out, len));
        assert_memory_equal(out, zeros, len);
        assert_false(compress_decode(algorithms[a], packed, n, out, len - 1) &&
                     algorithms[a] != COMPRESS_LZ77_HUFFMAN);
    }
    mem_free(zeros);
    mem_free(out);
}

/* ---------------------------------------------------------------- bytes that are wrong */

/* Each prefix, in memory that ends where it does, so that a sanitizer sees a byte too far. */
static void test_truncated(void **state)
{
    for (size_t a = 0; a < ARRAY_LEN(algorithms); a++)
        for (size_t f = 0; f < ARRAY_LEN(fills); f++) {
            fills[f](SMALL_MAX);
            size_t n = compress_encode(algorithms[a], work, data, SMALL_MAX, packed, ROOM_MAX);
            for (size_t cut = 0; cut < n; cut++) {
                uint8_t *exact = mem_dup(packed, cut);
                if (cut == 0)
                    assert_false(compress_decode(algorithms[a], packed, cut, back, SMALL_MAX));
                else if (exact != NULL && decode(algorithms[a], exact, cut, SMALL_MAX))
                    /* only padding, and the end mark, may go */
                    assert_memory_equal(back, data, SMALL_MAX);
                mem_free(exact);
            }
        }
}

static void test_flipped(void **state)
{
    for (size_t a = 0; a < ARRAY_LEN(algorithms); a++)
        for (size_t f = 0; f < ARRAY_LEN(fills); f++) {
            fills[f](1000);
            size_t n = compress_encode(algorithms[a], work, data, 1000, packed, ROOM_MAX);
            for (size_t bit = 0; bit < 8 * n; bit++) {
                packed[bit / 8] ^= (uint8_t)(1u << bit % 8);
                if (decode(algorithms[a], packed, n, 1000))
                    assert_false(compress_decode(algorithms[a], packed, n, back, 0) &&
                                 algorithms[a] != COMPRESS_LZ77_HUFFMAN);
                packed[bit / 8] ^= (uint8_t)(1u << bit % 8);
            }
        }
}

static void test_limits(void **state)
{
    fill_structured(100);
    for (size_t a = 0; a < ARRAY_LEN(algorithms); a++) {
        assert_int_equal(compress_encode(algorithms[a], work, data, 0, packed, ROOM_MAX), 0);
        assert_int_equal(compress_encode(algorithms[a], work, data, 100, packed, 0), 0);
        assert_int_equal(
            compress_encode(algorithms[a], work, data, COMPRESS_MAX + 1, packed, ROOM_MAX), 0);
        assert_false(compress_decode(algorithms[a], packed, 0, back, 1));
        assert_false(compress_decode(algorithms[a], packed, 100, back, (size_t)COMPRESS_MAX + 1));
        assert_false(compress_decode(algorithms[a], packed, (size_t)COMPRESS_MAX + 1, back, 1));
    }
    assert_false(compress_supported(0));
    assert_true(compress_supported(COMPRESS_LZ77));
    assert_false(compress_supported(4));
    assert_false(compress_supported(UINT16_MAX));
    testmem_fail_nth(1);
    assert_null(compress_work_new());
    testmem_fail_none();
}

/* The lengths of matches, said wrongly: a length that does not need so many bytes, one that goes
   around, a distance that reaches before the beginning. */
static void test_bad_matches(void **state)
{
    static const uint8_t small[] = {0, 0, 0, 0x40, 'a', 7, 0, 15, 255, 21, 0};
    static const uint8_t huge[] = {0, 0, 0, 0x40, 'a', 7, 0, 15, 255, 0, 0, 255, 255, 255, 255};
    static const uint8_t before[] = {0, 0, 0, 0x40, 'a', 8, 0};
    static const uint8_t fine[] = {0, 0, 0, 0x40, 'a', 7, 0, 15, 255, 22, 0};
    assert_false(decode(COMPRESS_LZ77, small, sizeof small, 25));
    assert_false(decode(COMPRESS_LZ77, huge, sizeof huge, 25));
    assert_false(decode(COMPRESS_LZ77, before, sizeof before, 4));
    assert_true(decode(COMPRESS_LZ77, fine, sizeof fine, 26));
    static const uint8_t no_signature[] = {0, 0x10, 'a'}, short_chunk[] = {1, 0x30, 'a'},
                         lznt1_before[] = {2, 0xb0, 1, 0, 0};
    assert_false(decode(COMPRESS_LZNT1, no_signature, sizeof no_signature, 1));
    assert_false(decode(COMPRESS_LZNT1, short_chunk, sizeof short_chunk, 1));
    assert_false(decode(COMPRESS_LZNT1, lznt1_before, sizeof lznt1_before, 3));
    uint8_t tables[300] = {0}; /* no code, and more codes than there can be */
    assert_false(decode(COMPRESS_LZ77_HUFFMAN, tables, sizeof tables, 1));
    memset(tables, 0x11, 256);
    assert_false(decode(COMPRESS_LZ77_HUFFMAN, tables, sizeof tables, 1));
}

/* ---------------------------------------------------------------- a look at the data */

static void test_promising(void **state)
{
    fill_random(DATA_MAX);
    assert_false(compress_promising(data, DATA_MAX));
    fill_structured(DATA_MAX);
    assert_true(compress_promising(data, DATA_MAX));
    fill_zero(DATA_MAX);
    assert_true(compress_promising(data, DATA_MAX));
    assert_false(compress_promising(data, 0));
    for (size_t i = 0; i < DATA_MAX; i++) /* text of thirty letters */
        data[i] = (uint8_t)('A' + testrand_below(&rnd, 30));
    assert_true(compress_promising(data, DATA_MAX));
}

static void test_runs(void **state)
{
    const uint8_t *in = (const uint8_t *)"aaaaaaaaaaab\0\0\0";
    assert_int_equal(compress_run_forward(in, 15), 11);
    assert_int_equal(compress_run_forward(in, 5), 5);
    assert_int_equal(compress_run_forward(in, 0), 0);
    assert_int_equal(compress_run_backward(in, 15), 3);
    assert_int_equal(compress_run_backward(in, 12), 1);
    assert_int_equal(compress_run_backward(in, 5), 5);
    assert_int_equal(compress_run_backward(in, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_lz77), cmocka_unit_test(test_examples_huffman),
        cmocka_unit_test(test_example_lznt1), cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_long_match),    cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_flipped),       cmocka_unit_test(test_limits),
        cmocka_unit_test(test_bad_matches),   cmocka_unit_test(test_promising),
        cmocka_unit_test(test_runs),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
