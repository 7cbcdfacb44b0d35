// SPDX-License-Identifier: Apache-2.0
/* Tests of the bounds-checked reader. */
#include "base/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_reads_little_endian(void **state)
{
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff, 0xfe};
    struct cursor c;
    uint8_t one;
    cursor_init(&c, bytes, sizeof(bytes));
    assert_int_equal(cursor_u8(&c), 1);
    assert_int_equal(cursor_u16(&c), 0x0302);
    assert_int_equal(cursor_u32(&c), 0x07060504);
    cursor_seek(&c, 8);
    assert_true(cursor_u64(&c) == 0xfeff0e0d0c0b0a09ull);
    assert_int_equal(cursor_left(&c), 0);
    cursor_seek(&c, 14);
    cursor_bytes(&c, &one, 1);
    assert_int_equal(one, 0xff);
    assert_false(cursor_failed(&c));
}

static void test_error_is_sticky(void **state)
{
    static const uint8_t bytes[] = {1, 2, 3};
    struct cursor c;
    uint8_t out[2] = {7, 7};
    cursor_init(&c, bytes, sizeof(bytes));
    assert_int_equal(cursor_u32(&c), 0);
    assert_true(cursor_failed(&c));
    assert_int_equal(cursor_u8(&c), 0);
    assert_int_equal(cursor_left(&c), 0);
    cursor_bytes(&c, out, 2);
    assert_int_equal(out[0] | out[1], 0);
    cursor_seek(&c, 0);
    assert_null(cursor_take(&c, 0));
    assert_true(cursor_failed(&c));
}

static void test_take_bounds(void **state)
{
    static const uint8_t bytes[] = {1, 2, 3};
    struct cursor c;
    cursor_init(&c, bytes, sizeof(bytes));
    assert_ptr_equal(cursor_take(&c, 3), bytes);
    assert_ptr_equal(cursor_take(&c, 0), bytes + 3);
    assert_null(cursor_take(&c, SIZE_MAX));
    cursor_init(&c, NULL, 0);
    assert_non_null(cursor_take(&c, 0));
    assert_null(cursor_take(&c, 1));
}

static void test_seek_and_align(void **state)
{
    static const uint8_t bytes[13];
    struct cursor c;
    cursor_init(&c, bytes, sizeof(bytes));
    cursor_align(&c, 8);
    assert_int_equal(c.pos, 0);
    cursor_skip(&c, 1);
    cursor_align(&c, 8);
    assert_int_equal(c.pos, 8);
    cursor_skip(&c, 1);
    cursor_align(&c, 8); /* no padding after the last element */
    assert_int_equal(c.pos, 13);
    assert_false(cursor_failed(&c));
    cursor_seek(&c, 13);
    assert_false(cursor_failed(&c));
    cursor_seek(&c, 14);
    assert_true(cursor_failed(&c));
}

static void test_sub(void **state)
{
    static const uint8_t bytes[] = {1, 2, 3, 4};
    struct cursor c, sub;
    cursor_init(&c, bytes, sizeof(bytes));
    cursor_skip(&c, 3);
    sub = cursor_sub(&c, 1, 2);
    assert_int_equal(cursor_u16(&sub), 0x0302);
    assert_int_equal(cursor_u8(&sub), 0);
    assert_true(cursor_failed(&sub));
    assert_false(cursor_failed(&c));
    sub = cursor_sub(&c, 4, 0);
    assert_false(cursor_failed(&sub));
    sub = cursor_sub(&c, 2, SIZE_MAX); /* off + len wraps */
    assert_true(cursor_failed(&sub));
    assert_true(cursor_failed(&c));
    assert_null(cursor_take(&sub, 0));
}

static void test_fail(void **state)
{
    static const uint8_t bytes[] = {1};
    struct cursor c;
    cursor_init(&c, bytes, sizeof(bytes));
    cursor_fail(&c);
    assert_int_equal(cursor_u8(&c), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_little_endian),
        cmocka_unit_test(test_error_is_sticky),
        cmocka_unit_test(test_take_bounds),
        cmocka_unit_test(test_seek_and_align),
        cmocka_unit_test(test_sub),
        cmocka_unit_test(test_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
