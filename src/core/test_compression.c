// SPDX-License-Identifier: Apache-2.0
/* Compressed messages: there and back in each form, and what is wrong. */
#include "base/mem.h"
#include "base/testmem.h"
#include "base/testrand.h"
#include "compress/compress.h"
#include "core/compression.h"
#include "wire/hdr.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HEAD_LEN 80u
#define DATA_LEN 60000u
#define MOST     (HEAD_LEN + DATA_LEN)

static uint8_t plain[MOST], packed[2 * MOST];
static size_t packed_len;
static struct compress_work *work;
static struct testrand rnd;

static struct core_compression agreed(uint16_t id, bool chained)
{
    struct core_compression c;
    struct wire_ids ids = {3, {id, SMB2_COMPRESSION_PATTERN_V1, id}};
    compression_choose(&c, &ids, chained ? SMB2_COMPRESSION_CAPABILITIES_FLAG_CHAINED : 0);
    assert_int_equal(c.count, 2);
    assert_int_equal(c.chained, chained);
    return c;
}

/* Runs at both ends and words between them. */
static void fill(void)
{
    memcpy(plain, "\xfeSMB", 4);
    for (size_t i = 4; i < MOST; i++)
        plain[i] = (uint8_t)(i < HEAD_LEN + 5000 || i > MOST - 3000 ? 0
                             : i % 7 == 0                           ? testrand_next(&rnd)
                                                                    : 'a' + i % 7);
}

/* The message in `parts` slices; true: it was compressed, into `packed`. */
static bool pack(const struct core_compression *c, size_t parts)
{
    struct chain m;
    chain_init(&m);
    struct slice head = {.data = plain, .len = HEAD_LEN};
    assert_true(chain_add(&m, &head));
    for (size_t i = 0, at = HEAD_LEN; i < parts; i++) {
        size_t end = i + 1 == parts ? MOST : at + DATA_LEN / parts;
        struct slice s = {.data = plain + at, .len = end - at};
        assert_true(chain_add(&m, &s));
        at = end;
    }
    compression_pack(c, &work, &m);
    packed_len = m.bytes;
    chain_copy_out(&m, packed);
    chain_clear(&m);
    if (packed_len == MOST)
        assert_memory_equal(packed, plain, MOST);
    return packed_len != MOST;
}

static bool unpacks(const struct core_compression *c, size_t len, size_t most)
{
    uint8_t *exact = mem_dup(packed, len);
    assert_true(exact != NULL || len == 0);
    struct buf *b = compression_unpack(c, exact, len, most);
    bool same = b != NULL && b->size == MOST + COMPRESSION_ROOM &&
                memcmp(b->data + COMPRESSION_ROOM, plain, MOST) == 0;
    buf_unref(b);
    mem_free(exact);
    return same;
}

static void test_there_and_back(void **state)
{
    static const uint16_t ids[] = {SMB2_COMPRESSION_LZNT1, SMB2_COMPRESSION_LZ77,
                                   SMB2_COMPRESSION_LZ77_HUFFMAN};
    testmem_install();
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        for (int chained = 0; chained < 2; chained++)
            for (size_t parts = 1; parts < 4; parts++) {
                struct core_compression c = agreed(ids[i], chained), other = agreed(ids[i], false);
                fill();
                assert_true(pack(&c, parts));
                assert_in_range(packed_len, 1, MOST * 7 / 8);
                assert_true(unpacks(&c, packed_len, MOST));
                assert_int_equal(unpacks(&other, packed_len, MOST), !chained);
                assert_false(unpacks(&c, packed_len, MOST - 1));
            }
    compress_work_free(work);
    work = NULL;
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
}

static void test_no_gain(void **state)
{
    struct core_compression c = agreed(SMB2_COMPRESSION_LZ77, true), none = {0};
    fill();
    assert_false(pack(&none, 1));
    for (size_t i = HEAD_LEN; i < MOST; i++)
        plain[i] = (uint8_t)testrand_next(&rnd);
    assert_false(pack(&c, 1));
    fill();
    testmem_install(); /* without memory it goes as it is */
    for (size_t n = 1; n < 3; n++) {
        testmem_fail_nth(n);
        assert_false(pack(&c, 1));
        compress_work_free(work);
        work = NULL;
    }
    testmem_fail_none();
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
}

/* Only patterns: a file of zeros in some 40 bytes. */
static void test_patterns(void **state)
{
    struct core_compression c = {.ids = {SMB2_COMPRESSION_PATTERN_V1}, .count = 1, .chained = true};
    fill();
    memset(plain + HEAD_LEN, 0, DATA_LEN);
    assert_true(pack(&c, 1));
    assert_int_equal(packed_len, 8 + 8 + HEAD_LEN + 16);
    assert_true(unpacks(&c, packed_len, MOST));
    packed[packed_len - 4]++; /* one more than there is room for */
    assert_false(unpacks(&c, packed_len, MOST));
    packed[packed_len - 4] -= 2;
    assert_false(unpacks(&c, packed_len, MOST));
}

static void test_bad(void **state)
{
    for (int chained = 0; chained < 2; chained++) {
        struct core_compression c = agreed(SMB2_COMPRESSION_LZ77, chained);
        struct core_compression other = agreed(SMB2_COMPRESSION_LZNT1, chained), none = {0};
        fill();
        assert_true(pack(&c, 1));
        assert_false(unpacks(&other, packed_len, MOST));
        assert_false(unpacks(&none, packed_len, MOST));
        for (size_t cut = 0; cut < packed_len; cut += 1 + cut / 50)
            assert_false(unpacks(&c, cut, MOST));
        for (size_t i = 0; i < 3000; i++) { /* whatever it becomes, it stays in bounds */
            size_t at = i < 200 ? i : testrand_below(&rnd, packed_len);
            uint8_t kept = packed[at];
            packed[at] ^= (uint8_t)(1u << testrand_below(&rnd, 8));
            (void)unpacks(&c, packed_len, MOST);
            packed[at] = kept;
        }
        memset(packed + 4, 0xff, 4); /* OriginalCompressedSegmentSize */
        assert_false(unpacks(&c, packed_len, UINT32_MAX - 100));
        memset(packed + 4, 0, 4);
        assert_false(unpacks(&c, packed_len, MOST));
    }
    /* what comes out must be an SMB2 message, not one that is compressed again */
    struct core_compression c = agreed(SMB2_COMPRESSION_LZ77, true);
    fill();
    plain[0] = 0xfc;
    assert_true(pack(&c, 1));
    assert_false(unpacks(&c, packed_len, MOST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_no_gain),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
