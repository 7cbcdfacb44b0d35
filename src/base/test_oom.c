// SPDX-License-Identifier: Apache-2.0
/* Tests of base when memory is out: each allocation of each scenario fails once, and nothing leaks
   or breaks. Tests the allocator for tests as well. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/builder.h"
#include "base/htab.h"
#include "base/mem.h"
#include "base/testmem.h"
#include "base/utf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Runs a scenario with the first allocation failing, then with the second, until none fails. The
   scenario returns whether it got all it wanted. */
static void fail_each(bool (*scenario)(void), size_t at_least)
{
    testmem_install();
    for (size_t n = 1;; n++) {
        testmem_fail_nth(n);
        bool ok = scenario();
        assert_int_equal(testmem_live(), 0);
        assert_int_equal(ok, testmem_failed() == 0);
        if (testmem_failed() == 0) {
            assert_true(testmem_count() >= at_least);
            break;
        }
    }
    testmem_remove();
}

static void release_nothing(void *ctx)
{
}

static bool use_buffers(void)
{
    struct chain a, b;
    bool ok = true;
    chain_init(&a);
    chain_init(&b);
    struct buf *inside = buf_new(100);
    struct buf *wrapped = buf_wrap(&a, sizeof(a), release_nothing, NULL);
    ok = inside && wrapped;
    for (int i = 0; inside && i < 20; i++) {
        struct slice s = slice_of(inside, (size_t)i, 1);
        ok = chain_add(i < 6 ? &a : &b, &s) && ok;
        assert_null(s.buf);
    }
    size_t before = a.n + b.n;
    bool moved = chain_move(&a, &b);
    assert_int_equal(a.n + b.n, before);
    assert_true(!moved || b.n == 0);
    chain_clear(&a);
    chain_clear(&b);
    assert_true(!inside || buf_is_unique(inside));
    buf_unref(inside);
    buf_unref(wrapped);
    return ok && moved;
}

static void test_buffers(void **state)
{
    fail_each(use_buffers, 5);
}

static bool use_builder(void)
{
    struct builder b;
    size_t len;
    builder_init_grow(&b, 5000);
    for (int i = 0; i < 1000; i++)
        builder_u32(&b, 0x01020304);
    builder_zero(&b, 900);
    builder_patch_u32(&b, 3996, 7);
    uint8_t *data = builder_steal(&b, &len);
    assert_true(!data || (len == 4900 && data[0] == 4 && data[3996] == 7));
    for (size_t i = 4000; data && i < len; i++)
        assert_int_equal(data[i], 0); /* although testmem gives rubbish */
    mem_free(data);
    builder_free(&b);
    return data != NULL;
}

static void test_builder(void **state)
{
    fail_each(use_builder, 3);
}

static bool use_arena(void)
{
    struct arena a;
    size_t len;
    arena_init(&a, 1 << 20);
    bool ok = arena_alloc(&a, 100) != NULL;
    ok = arena_alloc(&a, 50000) != NULL && ok;
    for (int i = 0; i < 50; i++)
        ok = arena_strndup(&a, "some text", 4) != NULL && arena_array(&a, 10, 20) != NULL && ok;
    ok = utf16_to_utf8(&a, "a\0b\0", 4, &len) != NULL && ok;
    arena_clear(&a);
    return ok;
}

static void test_arena(void **state)
{
    fail_each(use_arena, 4);
}

/* Only the first buckets are needed; without the later ones the table still finds everything. */
static void test_htab_grows_silently(void **state)
{
    static struct htab_node nodes[200];
    struct htab t;
    testmem_install();
    htab_init(&t);
    testmem_fail_nth(1);
    assert_false(htab_insert(&t, &nodes[0], 1));
    assert_int_equal(t.count, 0);
    testmem_fail_from(2);
    for (size_t i = 0; i < ARRAY_LEN(nodes); i++)
        assert_true(htab_insert(&t, &nodes[i], hash_u64(i)));
    assert_int_equal(t.mask, 15);
    assert_true(testmem_failed() > 0);
    for (size_t i = 0; i < ARRAY_LEN(nodes); i++)
        assert_ptr_equal(htab_first(&t, hash_u64(i)), &nodes[i]);
    htab_free(&t);
    testmem_remove();
}

static void test_testmem_counts(void **state)
{
    testmem_install();
    uint8_t *p = mem_alloc(10);
    assert_int_not_equal(p[0], 0); /* rubbish, not zero by luck */
    assert_int_equal(testmem_live(), 1);
    assert_int_equal(testmem_live_bytes(), 10);
    p = mem_resize_array(p, 20, 1);
    assert_int_equal(testmem_live(), 1);
    assert_int_equal(testmem_live_bytes(), 20);
    mem_free(p);
    assert_int_equal(testmem_count(), 2);
    assert_int_equal(testmem_live_bytes(), 0);
    testmem_remove();
}

static size_t failures_with(unsigned per_mille, uint64_t seed)
{
    testmem_fail_share(per_mille, seed);
    for (int i = 0; i < 1000; i++)
        mem_free(mem_alloc(8));
    return testmem_failed();
}

static void test_testmem_share(void **state)
{
    testmem_install();
    assert_in_range(failures_with(100, 1), 50, 150);
    assert_int_equal(failures_with(100, 1), failures_with(100, 1));
    assert_int_equal(failures_with(1000, 1), 1000);
    assert_int_equal(failures_with(0, 1), 0);
    testmem_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffers),        cmocka_unit_test(test_builder),
        cmocka_unit_test(test_arena),          cmocka_unit_test(test_htab_grows_silently),
        cmocka_unit_test(test_testmem_counts), cmocka_unit_test(test_testmem_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
