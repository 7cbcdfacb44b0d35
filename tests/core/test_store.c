// SPDX-License-Identifier: Apache-2.0
/* The store of the tests keeps to core/store.h: every other one must pass the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sim/store.h"
#include <string.h>

static struct store_memory s;
static unsigned order[8], told;
static bool answers[8];

struct job {
    struct core_store_op op;
    unsigned number;
};

static void on_done(struct core_store_op *op, bool ok)
{
    answers[told] = ok;
    order[told++] = CONTAINER_OF(op, struct job, op)->number;
}

static void submit(struct job *j, unsigned number, uint64_t key, const char *data)
{
    *j = (struct job){.number = number,
                      .op = {.key = key,
                             .data = (const uint8_t *)data,
                             .len = data != NULL ? strlen(data) : 0,
                             .done = on_done}};
    s.store.submit(s.store.ctx, &j->op);
}

static int start(void **state)
{
    store_init(&s);
    told = 0;
    return 0;
}

static int end(void **state)
{
    store_free(&s);
    return 0;
}

struct seen {
    unsigned count;
    uint64_t keys;
    bool stop;
};

static bool see(void *arg, uint64_t key, const uint8_t *data, size_t len)
{
    struct seen *x = arg;
    x->count++;
    x->keys += key;
    assert_true(len > 0 && data != NULL);
    return !x->stop;
}

static void test_puts_and_deletes(void **state)
{
    struct job j[4];
    struct seen x = {0}, one = {.stop = true};
    submit(&j[0], 0, 7, "old");
    submit(&j[1], 1, 8, "other");
    submit(&j[2], 2, 7, "new");
    submit(&j[3], 3, 8, NULL);
    assert_int_equal(told, 0); /* never inside submit */
    assert_null(store_find(&s, 7));
    assert_int_equal(store_run(&s, 8), 4);
    assert_int_equal(told, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_true(order[i] == i && answers[i]);
    assert_int_equal(store_find(&s, 7)->len, 3);
    assert_memory_equal(store_find(&s, 7)->data, "new", 3);
    assert_null(store_find(&s, 8));
    submit(&j[0], 4, 8, NULL); /* it is gone already */
    submit(&j[1], 5, 9, "x");
    store_run(&s, 8);
    assert_true(answers[4] && answers[5]);
    assert_true(s.store.each(s.store.ctx, see, &x));
    assert_true(x.count == 2 && x.keys == 16);
    assert_true(s.store.each(s.store.ctx, see, &one));
    assert_int_equal(one.count, 1);
}

static void test_failure(void **state)
{
    struct job j[2];
    submit(&j[0], 0, 7, "a");
    store_run(&s, 1);
    submit(&j[0], 1, 7, "b");
    submit(&j[1], 2, 8, "c");
    assert_int_equal(store_fail(&s, 1), 1);
    store_run(&s, 1);
    assert_true(!answers[1] && answers[2]);
    assert_memory_equal(store_find(&s, 7)->data, "a", 1);
    assert_non_null(store_find(&s, 8));
}

/* What was done is there, what was not has never been; the next one has a larger epoch. */
static void test_kill(void **state)
{
    struct job j[2];
    uint64_t epoch = s.store.epoch;
    submit(&j[0], 0, 7, "a");
    submit(&j[1], 1, 8, "b");
    store_run(&s, 1);
    store_kill(&s);
    assert_int_equal(told, 1);
    assert_non_null(store_find(&s, 7));
    assert_null(store_find(&s, 8));
    assert_true(s.store.epoch > epoch);
    assert_int_equal(store_run(&s, 8), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_puts_and_deletes, start, end),
        cmocka_unit_test_setup_teardown(test_failure, start, end),
        cmocka_unit_test_setup_teardown(test_kill, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
