// SPDX-License-Identifier: Apache-2.0
/* The worker pool: everything comes back, stuck owners, limits, cancelling, stopping. */
#include "net/pool.h"
#include "plat/clock.h"
#include "plat/lock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A gate that a test keeps shut while works wait at it. */
struct gate {
    struct mutex lock;
    struct cond cond;
    bool open;
    int inside, most;
};

struct job {
    struct pool_work work;
    struct gate *gate; /* NULL: does not wait */
    int runs, dones;
    bool cancelled;
};

static void gate_init(struct gate *g)
{
    *g = (struct gate){0};
    mutex_init(&g->lock);
    cond_init(&g->cond);
}

static void gate_open(struct gate *g)
{
    mutex_lock(&g->lock);
    g->open = true;
    cond_broadcast(&g->cond);
    mutex_unlock(&g->lock);
}

static void gate_destroy(struct gate *g)
{
    cond_destroy(&g->cond);
    mutex_destroy(&g->lock);
}

static void gate_wait_inside(struct gate *g, int n)
{
    mutex_lock(&g->lock);
    while (g->inside < n)
        cond_wait(&g->cond, &g->lock);
    mutex_unlock(&g->lock);
}

static void job_run(struct pool_work *w)
{
    struct job *j = CONTAINER_OF(w, struct job, work);
    struct gate *g = j->gate;

    j->runs++;
    if (g == NULL)
        return;
    mutex_lock(&g->lock);
    g->inside++;
    g->most = MAX(g->most, g->inside);
    cond_broadcast(&g->cond);
    while (!g->open)
        cond_wait(&g->cond, &g->lock);
    g->inside--;
    mutex_unlock(&g->lock);
}

static void job_done(struct pool_work *w)
{
    struct job *j = CONTAINER_OF(w, struct job, work);

    j->dones++;
    j->cancelled = w->cancelled;
}

static void job_init(struct job *j, struct gate *g)
{
    *j = (struct job){.work.run = job_run, .work.done = job_done, .gate = g};
}

static void run_until_all_done(struct loop *l, const struct job *jobs, size_t n)
{
    uint64_t deadline = clock_monotonic() + 20 * NS_PER_S;

    for (size_t i = 0; i < n; i++) {
        while (jobs[i].dones == 0 && clock_monotonic() < deadline)
            loop_run_once(l, 50 * NS_PER_MS);
        assert_int_equal(jobs[i].dones, 1);
    }
}

static void end(struct pool *p, struct loop *l)
{
    pool_stop(p, false);
    pool_free(p);
    loop_free(l);
}

static void test_everything_comes_back(void **state)
{
    static struct job jobs[2000];
    struct loop *l = loop_new();
    struct pool *p = pool_new(8);
    struct pool_owner *o[4];
    struct pool_stats s;

    pool_stats(p, &s);
    assert_int_equal(s.threads, 0);
    for (int i = 0; i < 4; i++)
        assert_non_null(o[i] = pool_owner_new(p, (unsigned)i, 2000));
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        job_init(&jobs[i], NULL);
        assert_true(pool_submit(o[i % 4], &jobs[i].work, l));
    }
    run_until_all_done(l, jobs, ARRAY_LEN(jobs));
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        assert_int_equal(jobs[i].runs, 1);
        assert_false(jobs[i].cancelled);
    }
    pool_stats(p, &s);
    assert_int_equal(s.queued, 0);
    assert_in_range(s.threads, 1, 8 + 4); /* one more for each owner that would have none */
    for (int i = 0; i < 4; i++)
        pool_owner_free(o[i]);
    end(p, l);
}

static void test_stuck_owner_does_not_stop_others(void **state)
{
    struct loop *l = loop_new();
    struct pool *p = pool_new(4);
    struct pool_owner *stuck = pool_owner_new(p, 3, 100), *other = pool_owner_new(p, 0, 100);
    struct job hang[10], quick[50];
    struct gate g;

    gate_init(&g);
    for (size_t i = 0; i < ARRAY_LEN(hang); i++) {
        job_init(&hang[i], &g);
        assert_true(pool_submit(stuck, &hang[i].work, l));
    }
    gate_wait_inside(&g, 3);
    for (size_t i = 0; i < ARRAY_LEN(quick); i++) {
        job_init(&quick[i], NULL);
        assert_true(pool_submit(other, &quick[i].work, l));
    }
    run_until_all_done(l, quick, ARRAY_LEN(quick));
    assert_int_equal(hang[0].dones, 0);
    gate_open(&g);
    run_until_all_done(l, hang, ARRAY_LEN(hang));
    assert_int_equal(g.most, 3);
    pool_owner_free(stuck);
    pool_owner_free(other);
    end(p, l);
    gate_destroy(&g);
}

/* Two that hang in all threads together: a third one still works, and so does a fourth. */
static void test_stuck_owners_do_not_stop_others(void **state)
{
    struct loop *l = loop_new();
    struct pool *p = pool_new(4);
    struct pool_owner *stuck[2], *other[2];
    struct job hang[20], quick[50];
    struct gate g;

    gate_init(&g);
    for (int i = 0; i < 2; i++) {
        assert_non_null(stuck[i] = pool_owner_new(p, 0, 100));
        assert_non_null(other[i] = pool_owner_new(p, 0, 100));
    }
    for (size_t i = 0; i < ARRAY_LEN(hang); i++) {
        job_init(&hang[i], &g);
        assert_true(pool_submit(stuck[i % 2], &hang[i].work, l));
    }
    for (size_t i = 0; i < ARRAY_LEN(quick); i++) {
        job_init(&quick[i], NULL);
        assert_true(pool_submit(other[i % 2], &quick[i].work, l));
    }
    run_until_all_done(l, quick, ARRAY_LEN(quick));
    assert_int_equal(hang[0].dones, 0);
    gate_wait_inside(&g, 4);
    gate_open(&g);
    run_until_all_done(l, hang, ARRAY_LEN(hang));
    assert_in_range(g.most, 4, 6);
    for (int i = 0; i < 2; i++) {
        pool_owner_free(stuck[i]);
        pool_owner_free(other[i]);
    }
    end(p, l);
    gate_destroy(&g);
}

static void test_cap_of_one_serialises(void **state)
{
    struct loop *l = loop_new();
    struct pool *p = pool_new(4);
    struct pool_owner *o = pool_owner_new(p, 1, 100);
    struct job jobs[20];
    struct gate g;

    gate_init(&g);
    g.open = true;
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        job_init(&jobs[i], &g);
        assert_true(pool_submit(o, &jobs[i].work, l));
    }
    pool_owner_free(o); /* what was submitted still comes back */
    run_until_all_done(l, jobs, ARRAY_LEN(jobs));
    assert_int_equal(g.most, 1);
    end(p, l);
    gate_destroy(&g);
}

static void test_full_queue_refuses_and_cancel(void **state)
{
    struct loop *l = loop_new();
    struct pool *p = pool_new(2);
    struct pool_owner *o = pool_owner_new(p, 1, 2);
    struct job jobs[4];
    struct gate g;

    gate_init(&g);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        job_init(&jobs[i], &g);
    assert_true(pool_submit(o, &jobs[0].work, l));
    gate_wait_inside(&g, 1);
    assert_true(pool_submit(o, &jobs[1].work, l));
    assert_true(pool_submit(o, &jobs[2].work, l));
    assert_false(pool_submit(o, &jobs[3].work, l));
    assert_false(pool_cancel(&jobs[0].work));
    assert_true(pool_cancel(&jobs[1].work));
    assert_false(pool_cancel(&jobs[1].work));
    assert_true(pool_submit(o, &jobs[3].work, l));
    gate_open(&g);
    run_until_all_done(l, jobs, ARRAY_LEN(jobs));
    assert_true(jobs[1].cancelled);
    assert_int_equal(jobs[1].runs, 0);
    assert_false(jobs[0].cancelled);
    assert_int_equal(jobs[3].runs, 1);
    pool_owner_free(o);
    end(p, l);
    gate_destroy(&g);
}

static void open_gate_task(struct pool_work *w)
{
    struct job *j = CONTAINER_OF(w, struct job, work);

    gate_open(j->gate);
}

static void test_stop_drains(void **state)
{
    struct loop *l = loop_new();
    struct pool *p = pool_new(2);
    struct pool_owner *o = pool_owner_new(p, 1, 10), *opener = pool_owner_new(p, 1, 10);
    struct job jobs[5], late, open;
    struct gate g;

    gate_init(&g);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        job_init(&jobs[i], &g);
        assert_true(pool_submit(o, &jobs[i].work, l));
    }
    gate_wait_inside(&g, 1);
    job_init(&open, &g);
    open.work.run = open_gate_task;
    assert_true(pool_submit(opener, &open.work, l));
    pool_stop(p, false);
    job_init(&late, NULL);
    assert_false(pool_submit(o, &late.work, l));
    run_until_all_done(l, jobs, ARRAY_LEN(jobs));
    run_until_all_done(l, &open, 1);
    assert_int_equal(jobs[0].runs, 1);
    for (size_t i = 1; i < ARRAY_LEN(jobs); i++)
        assert_int_equal(jobs[i].runs, 1);
    pool_free(p);
    pool_owner_free(o);
    pool_owner_free(opener);
    loop_free(l);
    gate_destroy(&g);
}

static void test_stop_cancels(void **state)
{
    struct loop *l = loop_new();
    struct pool *p = pool_new(2);
    struct pool_owner *o = pool_owner_new(p, 1, 10);
    struct job jobs[5];
    struct gate g;

    gate_init(&g);
    g.open = true;
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        job_init(&jobs[i], &g);
        assert_true(pool_submit(o, &jobs[i].work, l));
    }
    pool_stop(p, true);
    run_until_all_done(l, jobs, ARRAY_LEN(jobs));
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        assert_int_equal(jobs[i].runs + jobs[i].cancelled, 1);
    pool_owner_free(o);
    pool_free(p);
    loop_free(l);
    gate_destroy(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_comes_back),
        cmocka_unit_test(test_stuck_owner_does_not_stop_others),
        cmocka_unit_test(test_stuck_owners_do_not_stop_others),
        cmocka_unit_test(test_cap_of_one_serialises),
        cmocka_unit_test(test_full_queue_refuses_and_cancel),
        cmocka_unit_test(test_stop_drains),
        cmocka_unit_test(test_stop_cancels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
