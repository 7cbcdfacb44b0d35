// SPDX-License-Identifier: Apache-2.0
/* Tests of request memory. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_zeroed_and_aligned(void **state)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    for (int round = 0; round < 2; round++) {
        for (size_t size = 0; size < 3000; size += 7) {
            uint8_t *p = arena_alloc(&a, size);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(p[i], 0);
            memset(p, 0xff, size);
        }
        arena_clear(&a);
    }
}

static void test_maximum(void **state)
{
    struct arena a;
    size_t got = 0;
    arena_init(&a, 10000);
    while (arena_alloc(&a, 100))
        got += 112;
    assert_true(got <= 10000 && got > 9600);
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_array(&a, SIZE_MAX / 2, 4));
    arena_clear(&a);
    assert_null(arena_alloc(&a, 10001));
    assert_non_null(arena_alloc(&a, 10000));
    assert_null(arena_alloc(&a, 1));
    arena_clear(&a);
    arena_init(&a, SIZE_MAX);
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 16));
    arena_clear(&a);
}

static void test_large_keeps_the_newest_chunk(void **state)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    char *first = arena_alloc(&a, 16);
    char *large = arena_alloc(&a, 100000);
    char *second = arena_alloc(&a, 16);
    assert_non_null(large);
    memset(large, 1, 100000);
    assert_ptr_equal(second, first + 16);
    arena_clear(&a);
}

static void test_copies(void **state)
{
    struct arena a;
    arena_init(&a, 4096);
    assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
    assert_string_equal(arena_strndup(&a, "ab", 10), "ab");
    assert_memory_equal(arena_dup(&a, "a\0b", 3), "a\0b", 3);
    assert_non_null(arena_dup(&a, NULL, 0));
    arena_clear(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeroed_and_aligned),
        cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_large_keeps_the_newest_chunk),
        cmocka_unit_test(test_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
