// SPDX-License-Identifier: Apache-2.0
/* Tests of the timer wheel, among them one against a naive model. */
#include "base/testrand.h"
#include "base/timerq.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MS NS_PER_MS

struct item {
    struct timer timer;
    struct timerq *q;
    uint64_t due;       /* what the model says; TIMERQ_NEVER: not set */
    uint64_t again;     /* if not 0: the handler sets it to this */
    struct item *other; /* if not NULL: the handler cancels it */
    int fired;
};

static uint64_t clock_now, last_fired;

static void on_fire(struct timer *t)
{
    struct item *it = CONTAINER_OF(t, struct item, timer);
    assert_false(timer_is_set(t));
    assert_true(it->due <= clock_now); /* never early */
    it->fired++;
    last_fired = it->due;
    it->due = TIMERQ_NEVER;
    if (it->other)
        timerq_cancel(it->q, &it->other->timer);
    if (it->again) {
        it->due = it->again;
        it->again = 0;
        timerq_set(it->q, t, it->due);
    }
}

static void item_init(struct item *it, struct timerq *q)
{
    *it = (struct item){.q = q, .due = TIMERQ_NEVER};
    timer_init(&it->timer, on_fire);
}

static void item_set(struct item *it, uint64_t due)
{
    it->due = due;
    timerq_set(it->q, &it->timer, due);
}

static void run(struct timerq *q, uint64_t now)
{
    clock_now = now;
    timerq_run(q, now);
}

static void test_fires_once_and_not_early(void **state)
{
    struct timerq q;
    struct item a;
    timerq_init(&q, 5 * MS + 1);
    item_init(&a, &q);
    assert_true(timerq_next(&q) == TIMERQ_NEVER);
    assert_false(timer_is_set(&a.timer));
    item_set(&a, 7 * MS + 1);
    assert_true(timer_is_set(&a.timer));
    assert_true(timerq_next(&q) == 8 * MS);
    run(&q, 7 * MS + 1); /* not at its due time already: the resolution is a millisecond */
    assert_int_equal(a.fired, 0);
    run(&q, 8 * MS);
    assert_int_equal(a.fired, 1);
    run(&q, 1000 * MS);
    assert_int_equal(a.fired, 1);
    assert_int_equal(q.count, 0);
}

static void test_past_fires_at_next_run(void **state)
{
    struct timerq q;
    struct item a;
    timerq_init(&q, 100 * MS);
    item_init(&a, &q);
    item_set(&a, 3 * MS);
    a.again = 1; /* the handler sets the past again: the run must end */
    assert_true(timerq_next(&q) <= 100 * MS);
    run(&q, 100 * MS);
    assert_int_equal(a.fired, 1);
    run(&q, 100 * MS);
    assert_int_equal(a.fired, 2);
    assert_true(timerq_next(&q) == TIMERQ_NEVER);
}

static void test_cancel_and_move(void **state)
{
    struct timerq q;
    struct item a, b;
    timerq_init(&q, 0);
    item_init(&a, &q);
    item_init(&b, &q);
    timerq_cancel(&q, &a.timer);
    item_set(&a, 50 * MS);
    item_set(&b, 50 * MS);
    timerq_cancel(&q, &a.timer);
    assert_true(timerq_next(&q) == 50 * MS);
    item_set(&b, 5000 * MS);
    assert_true(timerq_next(&q) > 50 * MS); /* nobody wakes for a cancelled timer */
    item_set(&b, TIMERQ_NEVER);
    assert_false(timer_is_set(&b.timer));
    assert_true(timerq_next(&q) == TIMERQ_NEVER);
    run(&q, 10000 * MS);
    assert_int_equal(a.fired + b.fired, 0);
}

static void test_handler_cancels_one_due_in_the_same_run(void **state)
{
    struct timerq q;
    struct item a, b;
    timerq_init(&q, 0);
    item_init(&a, &q);
    item_init(&b, &q);
    a.other = &b;
    item_set(&a, 5 * MS);
    item_set(&b, 6 * MS);
    run(&q, 10 * MS);
    assert_int_equal(a.fired, 1);
    assert_int_equal(b.fired, 0);
    assert_int_equal(q.count, 0);
}

static void test_far_away(void **state)
{
    struct timerq q;
    struct item a, b;
    const uint64_t years = 3 * 365ull * 24 * 3600 * NS_PER_S;
    timerq_init(&q, 0);
    item_init(&a, &q);
    item_init(&b, &q);
    item_set(&a, years);
    item_set(&b, TIMERQ_NEVER - 1);
    assert_true(timerq_next(&q) <= years);
    run(&q, years - 1);
    assert_int_equal(a.fired, 0);
    run(&q, years);
    assert_int_equal(a.fired, 1);
    timerq_cancel(&q, &a.timer);
    assert_true(timerq_next(&q) < TIMERQ_NEVER);
    timerq_cancel(&q, &b.timer);
    assert_true(timerq_next(&q) == TIMERQ_NEVER);
}

static uint64_t ceil_ms(uint64_t ns)
{
    return (ns + MS - 1) / MS;
}

/* What must have fired has, what must not has not, and timerq_next is never too late. */
static void check_model(const struct timerq *q, const struct item *items, size_t n, uint64_t now)
{
    uint64_t first = TIMERQ_NEVER;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(timer_is_set(&items[i].timer), items[i].due != TIMERQ_NEVER);
        if (items[i].due == TIMERQ_NEVER)
            continue;
        count++;
        first = MIN(first, ceil_ms(items[i].due) * MS);
    }
    assert_int_equal(q->count, count);
    assert_true(timerq_next(q) <= first);
    assert_int_equal(timerq_next(q) == TIMERQ_NEVER, count == 0);
}

static void test_against_model(void **state)
{
    static struct item items[200];
    struct timerq q;
    struct testrand r = {.state = 1};
    uint64_t now = 123456789;
    timerq_init(&q, now);
    for (size_t i = 0; i < ARRAY_LEN(items); i++)
        item_init(&items[i], &q);
    for (int step = 0; step < 20000; step++) {
        struct item *it = &items[testrand_below(&r, ARRAY_LEN(items))];
        /* Distances of every magnitude from a nanosecond to years. */
        uint64_t distance = testrand_next(&r) >> (6 + testrand_below(&r, 58));
        switch (testrand_below(&r, 4)) {
        case 0:
        case 1: item_set(it, now + distance); break;
        case 2:
            timerq_cancel(&q, &it->timer);
            it->due = TIMERQ_NEVER;
            break;
        default:
            if (now < UINT64_MAX / 2)
                now += distance >> testrand_below(&r, 20);
            run(&q, now);
            assert_true(q.now_ms == now / MS);
            for (size_t i = 0; i < ARRAY_LEN(items); i++)
                assert_true(items[i].due == TIMERQ_NEVER || ceil_ms(items[i].due) > now / MS);
        }
        check_model(&q, items, ARRAY_LEN(items), now);
    }
}

static uint64_t order_last;

static void check_order(struct timer *t)
{
    struct item *it = CONTAINER_OF(t, struct item, timer);
    assert_true(ceil_ms(it->due) >= order_last);
    order_last = ceil_ms(it->due);
    it->fired++;
}

static void test_order(void **state)
{
    static struct item items[500];
    struct timerq q;
    struct testrand r = {.state = 2};
    timerq_init(&q, 0);
    order_last = 0;
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        item_init(&items[i], &q);
        timer_init(&items[i].timer, check_order);
        item_set(&items[i], MS + testrand_below(&r, 3600 * NS_PER_S));
    }
    run(&q, 3601 * NS_PER_S);
    for (size_t i = 0; i < ARRAY_LEN(items); i++)
        assert_int_equal(items[i].fired, 1);
}

/* A caller that sleeps until timerq_next and runs then is never woken without progress for long. */
static void test_few_wakeups(void **state)
{
    struct timerq q;
    struct item a;
    int wakeups = 0;
    timerq_init(&q, 77 * MS);
    item_init(&a, &q);
    item_set(&a, 100000 * NS_PER_S + 1);
    while (!a.fired) {
        run(&q, timerq_next(&q));
        wakeups++;
    }
    assert_in_range(wakeups, 1, TIMERQ_LEVELS);
    assert_true(clock_now == 100000 * NS_PER_S + MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fires_once_and_not_early),
        cmocka_unit_test(test_past_fires_at_next_run),
        cmocka_unit_test(test_cancel_and_move),
        cmocka_unit_test(test_handler_cancels_one_due_in_the_same_run),
        cmocka_unit_test(test_far_away),
        cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_few_wakeups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
