// SPDX-License-Identifier: Apache-2.0
/* Memory goes back to the system after a burst of opens, or many closes; once for each, not before
 * its end. */
#include "base/mem.h"
#include "plat/heap.h"
#include "server/trim.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

static struct trim t;
static struct loop *loop;
static struct pool *pool;

static int setup(void **state)
{
    loop = loop_new();
    pool = pool_new(2);
    return loop == NULL || pool == NULL || !trim_init(&t, loop, pool);
}

static int teardown(void **state)
{
    trim_stop(&t);
    pool_stop(pool, false);
    while (loop_run_once(loop, 0)) {
    }
    pool_free(pool);
    loop_free(loop);
    return 0;
}

static size_t resident(void)
{
    size_t all, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%zu %zu", &all, &pages), 2);
    fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* The wait is over. */
static void fire(void)
{
    assert_int_equal(t.state, TRIM_WAITING);
    loop_timer_set(loop, &t.timer, loop_now(loop));
    while (t.timer.due <= loop_now(loop))
        loop_run_once(loop, NS_PER_S);
}

static void finish(void)
{
    while (t.state == TRIM_TRIMMING)
        loop_run_once(loop, NS_PER_S);
    assert_int_equal(t.state, TRIM_QUIET);
}

static void test_fall(void **state)
{
    trim_note(&t, 3 * TRIM_OPENS);
    assert_int_equal(t.state, TRIM_QUIET);
    trim_note(&t, 2 * TRIM_OPENS + 1);
    assert_int_equal(t.state, TRIM_QUIET);
    trim_note(&t, 2 * TRIM_OPENS);
    uint64_t due = t.timer.due;
    trim_note(&t, TRIM_OPENS); /* of the same burst, and busy or not */
    assert_int_equal(t.state, TRIM_WAITING);
    assert_true(t.timer.due == due);
    fire();
    trim_note(&t, TRIM_OPENS - 1);
    finish();
    trim_note(&t, 1); /* what is left is no burst */
    assert_int_equal(t.state, TRIM_QUIET);
    trim_note(&t, 0);
    assert_int_equal(t.state, TRIM_WAITING);
}

static void close_many(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        trim_note(&t, 1);
        trim_note(&t, 0);
    }
}

/* As of a client that deletes one file after another. */
static void test_one_by_one(void **state)
{
    close_many(TRIM_OPENS - 1);
    assert_int_equal(t.state, TRIM_QUIET);
    close_many(2);
    assert_int_equal(t.state, TRIM_WAITING);
    close_many(TRIM_CALM + 1); /* it goes on */
    fire();
    assert_int_equal(t.state, TRIM_WAITING);
    close_many(TRIM_CALM);
    fire();
    finish();
    close_many(TRIM_OPENS - 1);
    assert_int_equal(t.state, TRIM_QUIET);
}

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !defined(SANITIZED)
#define KEPT_BY_LIBC
#endif

/* What lies between a few blocks that live on goes back too. */
static void test_memory(void **state)
{
#ifdef KEPT_BY_LIBC
    enum { BLOCKS = 100000, SIZE = 1000, EACH = 100 };
    void **block = mem_zarray(BLOCKS, sizeof(*block));
    assert_non_null(block);
    size_t before = resident();
    for (size_t i = 0; i < BLOCKS; i++)
        assert_non_null(block[i] = mem_zalloc(SIZE));
    for (size_t i = 0; i < BLOCKS; i++)
        if (i % EACH != 0)
            mem_free(block[i]);
    size_t burst = resident();
    heap_trim();
    size_t after = resident();
    print_message("%zu, %zu, %zu\n", before, burst, after);
    assert_true(after - before < (burst - before) / 4);
    for (size_t i = 0; i < BLOCKS; i += EACH)
        mem_free(block[i]);
    mem_free(block);
#else
    heap_trim(); /* of another allocator: nothing */
    assert_true(resident() > 0);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fall, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_by_one, setup, teardown),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
