// SPDX-License-Identifier: Apache-2.0
/* The watchdog: who blocks is named once, and once more when he is back; who is quick never is. */
#include "base/timerq.h"
#include "plat/clock.h"
#include "server/watchdog.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TICK  (5 * NS_PER_MS)
#define LIMIT (50 * NS_PER_MS)

static atomic_int lines;
static char first[256], second[256];

/* The first line comes from the watchdog's thread, the second from ours, after the first. */
static void sink(void *ctx, enum log_level level, const char *line)
{
    int n = atomic_load(&lines);
    if (n < 2)
        snprintf(n == 0 ? first : second, sizeof(first), "%s", line);
    atomic_fetch_add(&lines, 1);
}

static const struct log log_to_us = {LOG_INFO, sink, NULL};

static void await_lines(int want)
{
    uint64_t until = clock_monotonic() + 20 * NS_PER_S;
    while (atomic_load(&lines) < want && clock_monotonic() < until)
        usleep(1000);
    assert_int_equal(atomic_load(&lines), want);
}

static void test_blocked(void **state)
{
    struct watchdog w;
    atomic_store(&lines, 0);
    watchdog_init(&w, &log_to_us, TICK, LIMIT);
    watchdog_begin(&w, "docs", "slow", "open");
    await_lines(1);
    assert_non_null(strstr(first, "share 'docs': slow does not return from open for 0 seconds"));
    usleep(3 * LIMIT / 1000); /* said once */
    assert_int_equal(atomic_load(&lines), 1);
    watchdog_end(&w);
    assert_int_equal(atomic_load(&lines), 2);
    assert_non_null(strstr(second, "share 'docs': slow has returned from open after 0 seconds"));
    watchdog_begin(&w, "docs", "slow", "read"); /* the next one anew */
    await_lines(3);
    watchdog_end(&w);
    assert_int_equal(atomic_load(&lines), 4);
    watchdog_stop(&w);
}

/* The outer one of two calls is the one that counts. */
static void test_nested(void **state)
{
    struct watchdog w;
    atomic_store(&lines, 0);
    watchdog_init(&w, &log_to_us, TICK, LIMIT);
    watchdog_begin(&w, "docs", "outer", "write");
    watchdog_begin(&w, "music", "inner", "close");
    watchdog_end(&w);
    await_lines(1);
    assert_non_null(strstr(first, "share 'docs': outer does not return from write"));
    watchdog_end(&w);
    assert_non_null(strstr(second, "share 'docs': outer has returned from write"));
    watchdog_stop(&w);
}

/* How long it was: from when it was seen first, not from when it was named. */
static void test_how_long(void **state)
{
    struct watchdog w;
    atomic_store(&lines, 0);
    watchdog_init(&w, &log_to_us, TICK, NS_PER_S);
    watchdog_begin(&w, "docs", "slow", "open");
    await_lines(1);
    assert_non_null(strstr(first, "for 1 seconds"));
    usleep(300000);
    watchdog_end(&w);
    assert_null(strstr(second, "after 0 seconds"));
    watchdog_stop(&w);
}

/* Many short calls for longer than one may take: nobody is named, though one is always under way.
 */
static void test_quick(void **state)
{
    struct watchdog w;
    atomic_store(&lines, 0);
    watchdog_init(&w, &log_to_us, TICK, NS_PER_S);
    uint64_t until = clock_monotonic() + 3 * NS_PER_S / 2;
    while (clock_monotonic() < until) {
        watchdog_begin(&w, "docs", "quick", "read");
        watchdog_end(&w);
    }
    assert_int_equal(atomic_load(&lines), 0);
    watchdog_stop(&w);
}

/* The end comes just when it is being written down: both lines or none. */
static void test_races(void **state)
{
    struct watchdog w;
    atomic_store(&lines, 0);
    watchdog_init(&w, &log_to_us, NS_PER_MS / 10, NS_PER_MS / 5);
    for (int i = 0; i < 2000; i++) {
        watchdog_begin(&w, "docs", "slow", "read");
        usleep((useconds_t)(i % 10 * 50));
        watchdog_end(&w);
        assert_int_equal(atomic_load(&lines) % 2, 0);
    }
    assert_true(atomic_load(&lines) > 0);
    watchdog_stop(&w);
}

static void test_never_used(void **state)
{
    struct watchdog w;
    watchdog_init(&w, &log_to_us, TICK, LIMIT);
    assert_false(w.running);
    watchdog_stop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocked),  cmocka_unit_test(test_nested),
        cmocka_unit_test(test_how_long), cmocka_unit_test(test_quick),
        cmocka_unit_test(test_races),    cmocka_unit_test(test_never_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
