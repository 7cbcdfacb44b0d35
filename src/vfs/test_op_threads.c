// SPDX-License-Identifier: Apache-2.0
/* Operations on other threads: thread models, what is refused there, and answers that race. */
#include "vfs/test_op.h"

static _Atomic bool stop;

static void *answerer(void *arg)
{
    while (!atomic_load(&stop)) {
        struct smbkit_op *op = atomic_exchange(&kept, NULL);
        if (op != NULL)
            a_attr(op);
        else
            sched_yield();
    }
    return NULL;
}

static void test_race(void **state)
{
    struct vfs_volume *v = volume(&full);
    pthread_t t;
    atomic_store(&stop, false);
    assert_int_equal(pthread_create(&t, NULL, answerer, NULL), 0);
    int later = 0;
    for (int i = 0; i < 3000; i++) {
        /* On the heap, freed at once: an answer that touches the op too long dies under ASan. */
        struct vfs_op *op = mem_alloc(sizeof(*op));
        vfs_op_init(op, on_done);
        if (!vfs_getattr(op, v, &the_file)) {
            later++;
            while (!testhost_deliver(&host))
                sched_yield();
        }
        assert_int_equal(op->status, SMBKIT_STATUS_SUCCESS);
        assert_true(op->attr_valid);
        vfs_op_clear(op);
        mem_free(op);
    }
    assert_int_equal(done_count, later);
    atomic_store(&stop, true);
    pthread_join(t, NULL);
    vfs_volume_unref(v);
}

static void test_parallel(void **state)
{
    struct smbkit_plugin p = full;
    p.thread_model = SMBKIT_THREAD_PARALLEL;
    struct vfs_volume *v = volume(&p);
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    answer = a_attr;
    assert_false(vfs_getattr(&op, v, &the_file));
    assert_true(testhost_work(&host));
    assert_int_equal(done_count, 0);
    assert_true(testhost_deliver(&host));
    assert_int_equal(done_count, 1);
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    assert_false(vfs_close(&op, v, &the_file));
    testhost_drain(&host);
    assert_int_equal(closes, 1);
    host.refuse = true;
    assert_true(vfs_getattr(&op, v, &the_file));
    assert_int_equal(op.status, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    host.refuse = false;
    vfs_op_clear(&op);
    vfs_volume_unref(v);
}

/* A close is not lost when too much is queued. */
static void test_close_refused(void **state)
{
    static const enum smbkit_thread_model models[] = {SMBKIT_THREAD_PARALLEL, SMBKIT_THREAD_SERIAL};
    for (size_t i = 0; i < ARRAY_LEN(models); i++) {
        struct smbkit_plugin p = full;
        p.thread_model = models[i];
        struct vfs_volume *v = volume(&p);
        struct vfs_op op;
        vfs_op_init(&op, on_done);
        host.refuse = true;
        assert_false(vfs_close(&op, v, &the_file));
        assert_true(testhost_deliver(&host));
        assert_true(testhost_deliver(&host));
        assert_int_equal(done_count, 0);
        host.refuse = false;
        testhost_drain(&host);
        assert_int_equal(closes, 1);
        assert_int_equal(done_count, 1);
        assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
        vfs_op_clear(&op);
        vfs_volume_unref(v);
    }
}

static struct vfs_op *order[8];
static size_t order_n;

static void a_in_order(struct smbkit_op *op)
{
    order[order_n++] = (struct vfs_op *)op;
    a_attr(op);
}

static void test_serial_order(void **state)
{
    struct smbkit_plugin p = full;
    p.thread_model = SMBKIT_THREAD_SERIAL;
    struct vfs_volume *v = volume(&p);
    struct vfs_op op[5];
    order_n = 0;
    answer = a_in_order;
    for (int i = 0; i < 5; i++) {
        vfs_op_init(&op[i], on_done);
        assert_false(vfs_getattr(&op[i], v, &the_file));
    }
    /* One job at a time; the rest waits in the volume. */
    assert_ptr_equal(host.jobs.next, host.jobs.prev);
    assert_true(testhost_work(&host));
    assert_int_equal(order_n, 1);
    assert_ptr_equal(host.jobs.next, host.jobs.prev);
    host.refuse = true; /* the worker that has the turn then makes the calls itself */
    assert_true(testhost_work(&host));
    assert_int_equal(order_n, 5);
    for (int i = 0; i < 5; i++)
        assert_ptr_equal(order[i], &op[i]);
    testhost_drain(&host);
    assert_int_equal(done_count, 5);
    assert_false(vfs_getattr(&op[0], v, &the_file)); /* refused: comes back later */
    testhost_drain(&host);
    assert_int_equal(op[0].status, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    host.refuse = false;
    assert_false(vfs_getattr(&op[0], v, &the_file)); /* and the volume still works */
    testhost_drain(&host);
    assert_int_equal(op[0].status, SMBKIT_STATUS_SUCCESS);
    vfs_volume_unref(v);
    for (int i = 0; i < 5; i++)
        vfs_op_clear(&op[i]);
}

static _Atomic int inside, most_inside;

static void a_alone(struct smbkit_op *op)
{
    int n = atomic_fetch_add(&inside, 1) + 1;
    if (n > atomic_load(&most_inside))
        atomic_store(&most_inside, n);
    sched_yield();
    atomic_fetch_sub(&inside, 1);
    a_attr(op);
}

static void *worker(void *arg)
{
    while (!atomic_load(&stop))
        if (!testhost_work(&host))
            sched_yield();
    return NULL;
}

static void test_serial_threads(void **state)
{
    struct smbkit_plugin p = full;
    p.thread_model = SMBKIT_THREAD_SERIAL;
    struct vfs_volume *v = volume(&p);
    enum { OPS = 16, ROUNDS = 100 };
    static struct vfs_op op[OPS];
    pthread_t t[3];
    answer = a_alone;
    atomic_store(&stop, false);
    atomic_store(&most_inside, 0);
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, worker, NULL);
    for (int i = 0; i < OPS; i++)
        vfs_op_init(&op[i], on_done);
    for (int r = 1; r <= ROUNDS; r++) {
        for (int i = 0; i < OPS; i++)
            assert_false(vfs_getattr(&op[i], v, &the_file));
        while (done_count < r * OPS)
            if (!testhost_deliver(&host))
                sched_yield();
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(atomic_load(&most_inside), 1);
    for (int i = 0; i < OPS; i++) {
        assert_int_equal(op[i].status, SMBKIT_STATUS_SUCCESS);
        vfs_op_clear(&op[i]);
    }
    vfs_volume_unref(v);
}

/* A default made of several calls, on workers. */
static void test_serial_steps(void **state)
{
    struct smbkit_vfs calls;
    struct smbkit_plugin p = bare_with(&calls);
    calls.write = t_write;
    p.thread_model = SMBKIT_THREAD_SERIAL;
    struct vfs_volume *v = volume(&p);
    struct vfs_op op;
    vfs_op_init(&op, on_done);
    file_size = 1 << 20;
    answer = a_attr;
    assert_false(vfs_zero_range(&op, v, &the_file, 0, 1 << 20));
    testhost_drain(&host);
    assert_int_equal(done_count, 1);
    assert_int_equal(written, 1 << 20);
    vfs_op_clear(&op);
    vfs_volume_unref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_race),           cmocka_unit_test(test_parallel),
        cmocka_unit_test(test_close_refused),  cmocka_unit_test(test_serial_order),
        cmocka_unit_test(test_serial_threads), cmocka_unit_test(test_serial_steps),
    };
    testhost_init(&host);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
