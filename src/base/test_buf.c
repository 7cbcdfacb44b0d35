// SPDX-License-Identifier: Apache-2.0
/* Tests of buffers, slices and chains. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int released;

static void count_release(void *ctx)
{
    (*(int *)ctx)++;
}

static void test_new(void **state)
{
    struct buf *b = buf_new_zero(100);
    assert_non_null(b);
    assert_int_equal((uintptr_t)b->data % 64, 0);
    assert_int_equal(b->data[99], 0);
    memset(b->data, 1, 100);
    assert_true(buf_is_unique(b));
    buf_ref(b);
    assert_false(buf_is_unique(b));
    buf_unref(b);
    assert_true(buf_is_unique(b));
    buf_unref(b);
    buf_unref(NULL);
    assert_null(buf_new(SIZE_MAX));
    b = buf_new(0);
    assert_non_null(b);
    buf_unref(b);
}

static void test_wrap_and_slices(void **state)
{
    static uint8_t bytes[] = "payload";
    released = 0;
    struct buf *b = buf_wrap(bytes, sizeof(bytes), count_release, &released);
    struct slice s = slice_of(b, 3, 4);
    struct slice t = slice_ref(&s);
    buf_unref(b);
    slice_clear(&s);
    assert_null(s.buf);
    assert_int_equal(s.len, 0);
    slice_clear(&s); /* harmless */
    assert_int_equal(released, 0);
    assert_memory_equal(t.data, "load", 4);
    slice_clear(&t);
    assert_int_equal(released, 1);
}

static void test_chain_grows(void **state)
{
    struct chain c;
    uint8_t out[200];
    struct buf *b = buf_new(200);
    for (size_t i = 0; i < 200; i++)
        b->data[i] = (uint8_t)i;
    chain_init(&c);
    for (size_t i = 0; i < 100; i++) {
        struct slice s = slice_of(b, 2 * i, 2);
        assert_true(chain_add(&c, &s));
        assert_null(s.buf);
    }
    struct slice empty = slice_of(b, 7, 0);
    assert_true(chain_add(&c, &empty));
    assert_int_equal(c.n, 100);
    assert_int_equal(c.bytes, 200);
    chain_copy_out(&c, out);
    assert_memory_equal(out, b->data, 200);
    chain_clear(&c);
    assert_int_equal(c.bytes, 0);
    assert_true(buf_is_unique(b));
    buf_unref(b);
}

static void test_chain_max(void **state)
{
    struct chain c;
    struct buf *b = buf_new_zero(1);
    chain_init(&c);
    for (size_t i = 0; i < CHAIN_MAX; i++) {
        struct slice s = slice_of(b, 0, 1);
        assert_true(chain_add(&c, &s));
    }
    struct slice s = slice_of(b, 0, 1);
    assert_false(chain_add(&c, &s));
    assert_null(s.buf);
    chain_clear(&c);
    assert_true(buf_is_unique(b)); /* the refused one was dropped too */
    buf_unref(b);
}

static void test_chain_move(void **state)
{
    static const char text[] = "0123456789";
    struct chain a, b;
    char out[10];
    chain_init(&a);
    chain_init(&b);
    for (size_t i = 0; i < 10; i++) {
        struct slice s = {.data = (const uint8_t *)text + i, .len = 1}; /* constants: no buffer */
        assert_true(chain_add(i < 3 ? &a : &b, &s));
    }
    assert_true(chain_move(&a, &b));
    assert_int_equal(b.n, 0);
    assert_int_equal(b.bytes, 0);
    assert_int_equal(a.bytes, 10);
    chain_copy_out(&a, out);
    assert_memory_equal(out, text, 10);
    chain_clear(&a);
    chain_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new),         cmocka_unit_test(test_wrap_and_slices),
        cmocka_unit_test(test_chain_grows), cmocka_unit_test(test_chain_max),
        cmocka_unit_test(test_chain_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
