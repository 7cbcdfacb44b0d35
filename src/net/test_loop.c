// SPDX-License-Identifier: Apache-2.0
/* The loop: timers, tasks from many threads, operations, signals, driven by a foreign loop. */
#include "net/loop.h"
#include "plat/clock.h"
#include "plat/thread.h"
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- timers ---- */

struct alarm {
    struct timer timer;
    struct loop *loop;
    uint64_t due, fired;
    int *left;
};

static void alarm_fired(struct timer *t)
{
    struct alarm *a = CONTAINER_OF(t, struct alarm, timer);

    a->fired = loop_now(a->loop);
    if (--*a->left == 0)
        loop_stop(a->loop);
}

static void test_timers(void **state)
{
    struct loop *l = loop_new();
    struct alarm a[8];
    int left = 7;

    assert_non_null(l);
    for (int i = 0; i < 8; i++) {
        a[i] = (struct alarm){.loop = l, .left = &left};
        timer_init(&a[i].timer, alarm_fired);
        a[i].due = loop_now(l) + (uint64_t)((i * 5) % 8) * 3 * NS_PER_MS;
        loop_timer_set(l, &a[i].timer, a[i].due);
    }
    loop_timer_cancel(l, &a[3].timer);
    loop_run(l);
    for (int i = 0; i < 8; i++) {
        if (i == 3)
            assert_int_equal(a[i].fired, 0);
        else
            assert_true(a[i].fired >= a[i].due);
    }
    loop_free(l);
}

/* ---- tasks ---- */

#define POSTERS          4
#define POSTS_PER_THREAD 5000

struct counted {
    struct loop_task task;
    struct poster *poster;
    unsigned number;
};

struct poster {
    struct thread thread;
    struct loop *loop;
    struct counted tasks[POSTS_PER_THREAD];
    unsigned next; /* loop thread */
    unsigned *total;
};

static void counted_run(struct loop_task *t)
{
    struct counted *c = CONTAINER_OF(t, struct counted, task);

    ASSERT_ON_LOOP(c->poster->loop);
    assert_int_equal(c->number, c->poster->next);
    c->poster->next++;
    if (++*c->poster->total == POSTERS * POSTS_PER_THREAD)
        loop_stop(c->poster->loop);
}

static void poster_main(void *ctx)
{
    struct poster *p = ctx;

    for (unsigned i = 0; i < POSTS_PER_THREAD; i++) {
        p->tasks[i] = (struct counted){.task.run = counted_run, .poster = p, .number = i};
        loop_post(p->loop, &p->tasks[i].task);
        if (i % 512 == 0)
            usleep(500); /* lets the loop fall asleep, so that waking is tested too */
    }
}

static void test_posts_from_threads(void **state)
{
    static struct poster p[POSTERS];
    struct loop *l = loop_new();
    unsigned total = 0;

    for (int i = 0; i < POSTERS; i++) {
        p[i].loop = l;
        p[i].next = 0;
        p[i].total = &total;
        assert_int_equal(thread_start(&p[i].thread, "poster", poster_main, &p[i]), 0);
    }
    loop_run(l);
    assert_int_equal(total, POSTERS * POSTS_PER_THREAD);
    for (int i = 0; i < POSTERS; i++)
        thread_join(&p[i].thread);
    loop_free(l);
}

struct self_poster {
    struct loop_task task;
    struct loop *loop;
    int runs;
};

static void self_post(struct loop_task *t)
{
    struct self_poster *s = CONTAINER_OF(t, struct self_poster, task);

    if (++s->runs < 3)
        loop_post(s->loop, t);
}

static void test_task_that_posts_itself_waits_a_round(void **state)
{
    struct loop *l = loop_new();
    struct self_poster s = {.task.run = self_post, .loop = l};

    loop_post(l, &s.task);
    assert_int_equal(loop_timeout(l), 0);
    assert_true(loop_run_once(l, TIMERQ_NEVER));
    assert_int_equal(s.runs, 1);
    assert_true(loop_run_once(l, TIMERQ_NEVER));
    assert_int_equal(s.runs, 2);
    /* The rest runs when the loop is freed. */
    loop_free(l);
    assert_int_equal(s.runs, 3);
}

static void test_stop_before_run(void **state)
{
    struct loop *l = loop_new();

    loop_stop(l);
    loop_run(l);
    assert_false(loop_run_once(l, 0));
    loop_free(l);
}

static void test_wake_ends_a_wait(void **state)
{
    struct loop *l = loop_new();

    loop_wake(l);
    assert_false(loop_run_once(l, TIMERQ_NEVER)); /* would hang */
    assert_true(loop_timeout(l) == TIMERQ_NEVER);
    loop_free(l);
}

/* ---- operations ---- */

struct io {
    struct loop_op op;
    struct loop_fd *lf;
    struct iovec iov;
    char bytes[64];
    ssize_t result;
    int calls;
};

static void io_done(struct loop_op *op, ssize_t result)
{
    struct io *io = CONTAINER_OF(op, struct io, op);

    io->result = result;
    io->calls++;
}

static void io_init(struct io *io)
{
    *io = (struct io){.iov.iov_len = sizeof(io->bytes)};
    io->iov.iov_base = io->bytes;
    loop_op_init(&io->op, io_done);
}

static void run_until_done(struct loop *l, const struct io *io, int calls)
{
    for (int i = 0; i < 100 && io->calls < calls; i++)
        loop_run_once(l, 100 * NS_PER_MS);
    assert_int_equal(io->calls, calls);
}

static void test_recv_send_and_end(void **state)
{
    struct loop *l = loop_new();
    struct loop_fd a, b;
    struct io in, out;
    int sv[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv), 0);
    assert_int_equal(loop_fd_add(l, &a, sv[0]), 0);
    assert_int_equal(loop_fd_add(l, &b, sv[1]), 0);
    io_init(&in);
    io_init(&out);
    loop_recv(&a, &in.op, &in.iov, 1);
    assert_int_equal(in.calls, 0);
    loop_run_once(l, 0);
    loop_run_once(l, 0);
    assert_int_equal(in.calls, 0);

    memcpy(out.bytes, "hello", 5);
    out.iov.iov_len = 5;
    loop_send(&b, &out.op, &out.iov, 1);
    run_until_done(l, &in, 1);
    assert_int_equal(out.result, 5);
    assert_int_equal(in.result, 5);
    assert_memory_equal(in.bytes, "hello", 5);

    /* Bytes and the end at once: a short read must not hide the end. */
    assert_int_equal(write(sv[1], "bye", 3), 3);
    loop_fd_remove(&b);
    close(sv[1]);
    loop_recv(&a, &in.op, &in.iov, 1);
    run_until_done(l, &in, 2);
    assert_int_equal(in.result, 3);
    loop_recv(&a, &in.op, &in.iov, 1);
    run_until_done(l, &in, 3);
    assert_int_equal(in.result, 0);
    io_init(&out);
    loop_send(&a, &out.op, &out.iov, 1);
    run_until_done(l, &out, 1);
    assert_int_equal(out.result, -EPIPE);
    loop_fd_remove(&a);
    close(sv[0]);
    loop_free(l);
}

static void test_cancel(void **state)
{
    struct loop *l = loop_new();
    struct loop_fd a;
    struct io in;
    int sv[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv), 0);
    assert_int_equal(loop_fd_add(l, &a, sv[0]), 0);
    io_init(&in);
    loop_op_cancel(&in.op); /* not submitted: harmless */
    loop_recv(&a, &in.op, &in.iov, 1);
    loop_op_cancel(&in.op);
    loop_op_cancel(&in.op);
    assert_int_equal(in.calls, 0);
    assert_int_equal(loop_timeout(l), 0);
    loop_run_once(l, TIMERQ_NEVER);
    assert_int_equal(in.calls, 1);
    assert_int_equal(in.result, -ECANCELED);
    loop_fd_remove(&a);
    close(sv[0]);
    close(sv[1]);
    loop_free(l);
}

/* ---- signals, foreign loop ---- */

struct signals {
    int seen[2], n;
};

static void on_signal(void *ctx, int signal)
{
    struct signals *s = ctx;

    if (s->n < 2)
        s->seen[s->n] = signal;
    s->n++;
}

static void test_signals(void **state)
{
    static const int wanted[] = {SIGUSR1, SIGUSR2};
    struct loop *l = loop_new();
    struct signals s = {0};

    assert_int_equal(loop_watch_signals(l, wanted, 2, on_signal, &s), 0);
    loop_run_once(l, 0);
    kill(getpid(), SIGUSR2);
    for (int i = 0; i < 100 && s.n < 1; i++)
        loop_run_once(l, 10 * NS_PER_MS);
    kill(getpid(), SIGUSR1);
    for (int i = 0; i < 100 && s.n < 2; i++)
        loop_run_once(l, 10 * NS_PER_MS);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.seen[0], SIGUSR2);
    assert_int_equal(s.seen[1], SIGUSR1);
    loop_free(l);
}

static int foreign_timeout(struct loop *l)
{
    uint64_t ns = loop_timeout(l);

    return ns == TIMERQ_NEVER ? -1 : (int)((ns + NS_PER_MS - 1) / NS_PER_MS);
}

static void poster_of_one(void *ctx)
{
    struct self_poster *s = ctx;

    usleep(2000);
    loop_post(s->loop, &s->task);
}

static void test_driven_by_a_foreign_loop(void **state)
{
    struct loop *l = loop_new();
    struct pollfd p = {.fd = loop_pollable_fd(l), .events = POLLIN};
    struct self_poster s = {.task.run = self_post, .loop = l};
    struct thread thread;
    int left = 1;
    struct alarm a = {.loop = l, .left = &left};

    assert_int_equal(loop_timeout(l), TIMERQ_NEVER);
    assert_int_equal(thread_start(&thread, "poster", poster_of_one, &s), 0);
    while (s.runs < 3) {
        assert_true(poll(&p, 1, foreign_timeout(l)) >= 0);
        loop_run_once(l, 0);
    }
    thread_join(&thread);
    timer_init(&a.timer, alarm_fired);
    a.due = loop_now(l) + 5 * NS_PER_MS;
    loop_timer_set(l, &a.timer, a.due);
    assert_true(loop_timeout(l) <= 6 * NS_PER_MS);
    while (left > 0) {
        poll(&p, 1, foreign_timeout(l));
        loop_run_once(l, 0);
    }
    assert_true(clock_monotonic() >= a.due);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers),
        cmocka_unit_test(test_posts_from_threads),
        cmocka_unit_test(test_task_that_posts_itself_waits_a_round),
        cmocka_unit_test(test_stop_before_run),
        cmocka_unit_test(test_wake_ends_a_wait),
        cmocka_unit_test(test_recv_send_and_end),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_driven_by_a_foreign_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
