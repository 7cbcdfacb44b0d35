// SPDX-License-Identifier: Apache-2.0
/* Tests of the bounded writer. */
#include "base/builder.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_fixed(void **state)
{
    uint8_t mem[24];
    struct builder b;
    memset(mem, 0xaa, sizeof(mem));
    builder_init_fixed(&b, mem, sizeof(mem));
    builder_u8(&b, 1);
    builder_align(&b, 0, 4);
    builder_u16(&b, 0x0302);
    builder_u32(&b, 0x07060504);
    builder_u64(&b, 0x0f0e0d0c0b0a0908ull);
    builder_bytes(&b, "xy", 2);
    static const uint8_t want[24] = {1, 0, 0,  0,  2,  3,  4,  5,  6,   7,
                                     8, 9, 10, 11, 12, 13, 14, 15, 'x', 'y'};
    assert_false(builder_failed(&b));
    assert_int_equal(b.len, 20);
    assert_memory_equal(mem, want, sizeof(want));
}

static void test_full_writes_nothing(void **state)
{
    uint8_t mem[4];
    struct builder b;
    builder_init_fixed(&b, mem, sizeof(mem));
    builder_u16(&b, 1);
    builder_u32(&b, UINT32_MAX);
    assert_true(builder_failed(&b));
    builder_u8(&b, 9); /* would fit, but the error is sticky */
    assert_int_equal(b.len, 2);
    static const uint8_t want[4] = {1};
    assert_memory_equal(mem, want, 4);
    builder_patch_u64(&b, 100, 1); /* harmless: that offset was never reached */
    assert_null(builder_space(&b, 0));
}

static void test_reserve(void **state)
{
    struct builder b;
    builder_init_grow(&b, 1000);
    assert_true(builder_reserve(&b, 600));
    assert_int_equal(b.len, 0);
    const uint8_t *data = b.data;
    builder_zero(&b, 600);
    assert_ptr_equal(b.data, data); /* it was there */
    assert_true(builder_reserve(&b, 400));
    assert_false(builder_reserve(&b, 401));
    assert_false(builder_reserve(&b, SIZE_MAX));
    assert_false(builder_failed(&b)); /* nothing was lost by asking */
    builder_free(&b);
}

static void test_length_overflow(void **state)
{
    struct builder b;
    builder_init_grow(&b, SIZE_MAX);
    builder_u8(&b, 1);
    assert_null(builder_space(&b, SIZE_MAX));
    assert_true(builder_failed(&b));
    builder_free(&b);
}

static void test_grow(void **state)
{
    struct builder b;
    size_t len;
    builder_init_grow(&b, 1000);
    for (size_t i = 0; i < 500; i++)
        builder_u16(&b, (uint16_t)i);
    assert_false(builder_failed(&b));
    assert_true(b.cap <= 1000);
    builder_patch_u16(&b, 998, 0xabcd);
    uint8_t *data = builder_steal(&b, &len);
    assert_non_null(data);
    assert_int_equal(len, 1000);
    assert_int_equal(data[2 * 300] | data[2 * 300 + 1] << 8, 300);
    assert_int_equal(data[999], 0xab);
    mem_free(data);
    builder_zero(&b, 1000); /* empty and usable again */
    assert_false(builder_failed(&b));
    builder_u8(&b, 1);
    assert_true(builder_failed(&b));
    assert_null(builder_steal(&b, &len));
    builder_free(&b);
}

static void test_steal_nothing(void **state)
{
    struct builder b;
    size_t len = 1;
    builder_init_grow(&b, 8);
    uint8_t *data = builder_steal(&b, &len);
    assert_non_null(data);
    assert_int_equal(len, 0);
    mem_free(data);
}

static void test_truncate_zeroes(void **state)
{
    uint8_t mem[8];
    struct builder b;
    builder_init_fixed(&b, mem, sizeof(mem));
    builder_u64(&b, UINT64_MAX);
    builder_truncate(&b, 3);
    builder_zero(&b, 2);
    static const uint8_t want[8] = {0xff, 0xff, 0xff};
    assert_memory_equal(mem, want, 8);
}

static void test_rollback(void **state)
{
    uint8_t mem[8];
    struct builder b;
    builder_init_fixed(&b, mem, sizeof(mem));
    builder_u32(&b, 1);
    struct builder_mark mark = builder_mark(&b);
    builder_u16(&b, 2);
    builder_u32(&b, 3);
    assert_true(builder_failed(&b));
    builder_rollback(&b, mark);
    assert_false(builder_failed(&b));
    assert_int_equal(b.len, 4);
    assert_int_equal(mem[4], 0);
}

static void test_align_from(void **state)
{
    struct builder b;
    builder_init_grow(&b, 64);
    builder_zero(&b, 5);
    size_t from = b.len;
    builder_align(&b, from, 8);
    assert_int_equal(b.len, 5);
    builder_u8(&b, 1);
    builder_align(&b, from, 8);
    assert_int_equal(b.len, 13);
    builder_free(&b);
}

static void test_space(void **state)
{
    struct builder b;
    builder_init_grow(&b, 64);
    assert_non_null(builder_space(&b, 0));
    memset(builder_space(&b, 4), 0x11, 4);
    builder_patch_u8(&b, 0, 1);
    builder_patch_u32(&b, 0, 2);
    assert_int_equal(b.data[0], 2);
    builder_zero(&b, 4);
    builder_patch_u64(&b, 0, 0x0102030405060708ull);
    assert_int_equal(b.data[7], 1);
    builder_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_full_writes_nothing),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_length_overflow),
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_steal_nothing),
        cmocka_unit_test(test_truncate_zeroes),
        cmocka_unit_test(test_rollback),
        cmocka_unit_test(test_align_from),
        cmocka_unit_test(test_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
