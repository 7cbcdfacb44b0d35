// SPDX-License-Identifier: Apache-2.0
/* Tests of the delays for sources of wrong passwords. */
#include "auth/throttle.h"
#include "base/testmem.h"
#include "base/timerq.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct auth_source source(unsigned n)
{
    return (struct auth_source){{(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16)}};
}

static void test_growing(void **state)
{
    static const unsigned want_ms[] = {0, 0, 0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000};
    struct auth_throttle *t = auth_throttle_new(8);
    const struct auth_source s = source(1), other = source(2);
    const uint64_t now = 77 * NS_PER_S;
    assert_int_equal(auth_throttle_delay(t, &s, now), 0);
    for (size_t i = 0; i < ARRAY_LEN(want_ms); i++) {
        auth_throttle_failed(t, &s, now);
        assert_int_equal(auth_throttle_delay(t, &s, now), want_ms[i] * NS_PER_MS);
    }
    assert_int_equal(auth_throttle_delay(t, &other, now), 0);
    /* the wait counts from the failure */
    assert_int_equal(auth_throttle_delay(t, &s, now + 2 * NS_PER_S), 3 * NS_PER_S);
    assert_int_equal(auth_throttle_delay(t, &s, now + 6 * NS_PER_S), 0);
    /* a clock that goes back does no harm */
    assert_int_equal(auth_throttle_delay(t, &s, now - 5 * NS_PER_S), 5 * NS_PER_S);
    auth_throttle_free(t);
}

static void test_decay(void **state)
{
    struct auth_throttle *t = auth_throttle_new(8);
    const struct auth_source s = source(1);
    uint64_t now = 0;
    for (int i = 0; i < 100; i++)
        auth_throttle_failed(t, &s, now);
    now += 3 * 60 * NS_PER_S; /* ten are counted, three of them forgotten, one more comes */
    auth_throttle_failed(t, &s, now);
    assert_int_equal(auth_throttle_delay(t, &s, now), 1600 * NS_PER_MS);
    now += 60 * 60 * NS_PER_S;
    auth_throttle_failed(t, &s, now);
    assert_int_equal(auth_throttle_delay(t, &s, now), 0);
    auth_throttle_free(t);
}

static void test_success(void **state)
{
    struct auth_throttle *t = auth_throttle_new(8);
    const struct auth_source s = source(1);
    for (int i = 0; i < 5; i++)
        auth_throttle_failed(t, &s, 0);
    auth_throttle_succeeded(t, &s, 0);
    assert_int_equal(auth_throttle_delay(t, &s, 0), 100 * NS_PER_MS);
    for (int i = 0; i < 9; i++)
        auth_throttle_succeeded(t, &s, 0);
    for (int i = 0; i < 3; i++)
        auth_throttle_failed(t, &s, 0);
    assert_int_equal(auth_throttle_delay(t, &s, 0), 0);
    auth_throttle_failed(t, &s, 0);
    assert_int_equal(auth_throttle_delay(t, &s, 0), 100 * NS_PER_MS);
    /* an own account in between does not help one who guesses */
    for (int i = 0; i < 20; i++) {
        for (int j = 0; j < 3; j++)
            auth_throttle_failed(t, &s, 0);
        auth_throttle_succeeded(t, &s, 0);
    }
    assert_true(auth_throttle_delay(t, &s, 0) >= 3 * NS_PER_S);
    auth_throttle_free(t);
}

static void test_eviction(void **state)
{
    struct auth_throttle *t = auth_throttle_new(100);
    const struct auth_source busy = source(0), idle = source(1);
    uint64_t now = 0;
    for (int i = 0; i < 4; i++) {
        auth_throttle_failed(t, &busy, now);
        auth_throttle_failed(t, &idle, now);
    }
    for (unsigned i = 2; i < 10000; i++) {
        const struct auth_source s = source(i);
        if (i % 50 == 0)
            auth_throttle_failed(t, &busy, now);
        auth_throttle_failed(t, &s, now);
    }
    assert_int_equal(auth_throttle_delay(t, &busy, now), 5 * NS_PER_S);
    assert_int_equal(auth_throttle_delay(t, &idle, now), 0);
    auth_throttle_free(t);
}

static void test_no_memory(void **state)
{
    const struct auth_source s = source(1);
    testmem_install();
    for (size_t n = 1;; n++) {
        testmem_fail_nth(n);
        struct auth_throttle *t = auth_throttle_new(16);
        for (int i = 0; t != NULL && i < 4; i++)
            auth_throttle_failed(t, &s, 0);
        if (t != NULL)
            assert_true(auth_throttle_delay(t, &s, 0) == 0 || testmem_failed() == 0);
        auth_throttle_free(t);
        assert_int_equal(testmem_live(), 0);
        if (testmem_failed() == 0)
            break;
    }
    testmem_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growing),   cmocka_unit_test(test_decay),
        cmocka_unit_test(test_success),   cmocka_unit_test(test_eviction),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
