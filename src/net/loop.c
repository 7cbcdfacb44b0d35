// SPDX-License-Identifier: Apache-2.0
/*
 * The part of the event loop that is the same for every backend: rounds, timers, tasks, signals.
 *
 * A round: wait; fire timers; run the tasks that were posted; give ready operations their turns.
 * Tasks come before I/O, because results of workers become replies that then leave in this round.
 *
 * Posted tasks are a stack of many producers: whoever pushes on an empty one wakes the loop, the
 * loop takes all at once and reverses them. No lock, no allocation, one wake per batch.
 */
#include "base/mem.h"
#include "net/loop_int.h"
#include "plat/clock.h"
#include "plat/signals.h"
#include "plat/thread.h"
#include <errno.h>

/* A round goes back to the kernel for news after this many turns of each ready descriptor, so that
   timers and new descriptors wait no longer than that. */
#define TURNS_PER_ROUND 4

struct loop *loop_new(void)
{
    struct loop *l = mem_zalloc(sizeof(*l));

    if (l == NULL)
        return NULL;
    MAGIC_SET(l, LOOP_MAGIC);
    l->backend = &loop_backend_epoll;
    l->signal_fd = -1;
    if (l->backend->open(l) != 0) {
        mem_free(l);
        return NULL;
    }
    l->now = clock_monotonic();
    timerq_init(&l->timers, l->now);
    return l;
}

bool loop_is_current(const struct loop *l)
{
    uintptr_t who = __atomic_load_n(&l->thread, __ATOMIC_RELAXED);

    return who == 0 || who == thread_self();
}

/* Remembers the thread, so that calls from another one are noticed. Returns what stood there. */
static uintptr_t bind_thread(struct loop *l, uintptr_t who)
{
    ASSERT_ON_LOOP(l);
    return __atomic_exchange_n(&l->thread, who, __ATOMIC_RELAXED);
}

/* ---- tasks ---- */

void loop_post(struct loop *l, struct loop_task *t)
{
    struct loop_task *first = __atomic_load_n(&l->posted, __ATOMIC_RELAXED);

    do {
        t->next = first;
    } while (!__atomic_compare_exchange_n(&l->posted, &first, t, true, __ATOMIC_RELEASE,
                                          __ATOMIC_RELAXED));
    /* From here on t and, unless this is its own thread, even l may be gone: but whoever found the
       stack empty still has to wake, and the owner of l waits for its producers before freeing. */
    if (first != NULL)
        return;
    /* The loop looks here before it waits: no need to wake oneself. */
    if (__atomic_load_n(&l->thread, __ATOMIC_RELAXED) != thread_self())
        l->backend->wake(l);
}

static bool tasks_posted(const struct loop *l)
{
    return __atomic_load_n(&l->posted, __ATOMIC_RELAXED) != NULL;
}

/* Those posted meanwhile wait for the next round: a task that posts itself must not hold up I/O. */
static bool run_tasks(struct loop *l)
{
    struct loop_task *t = __atomic_exchange_n(&l->posted, NULL, __ATOMIC_ACQUIRE);
    struct loop_task *in_order = NULL, *next;

    if (t == NULL)
        return false;
    for (; t != NULL; t = next) {
        next = t->next;
        t->next = in_order;
        in_order = t;
    }
    for (t = in_order; t != NULL; t = next) {
        next = t->next;
        t->run(t);
    }
    return true;
}

/* ---- rounds ---- */

uint64_t loop_now(struct loop *l)
{
    /* Between rounds the time of the last one may be long past. */
    if (!l->in_round)
        l->now = clock_monotonic();
    return l->now;
}

uint64_t loop_timeout(struct loop *l)
{
    uint64_t next, now;

    MAGIC_CHECK(l, LOOP_MAGIC);
    if (tasks_posted(l) || l->backend->ready(l) || __atomic_load_n(&l->stop, __ATOMIC_RELAXED))
        return 0;
    next = timerq_next(&l->timers);
    if (next == TIMERQ_NEVER)
        return TIMERQ_NEVER;
    now = clock_monotonic();
    return next > now ? next - now : 0;
}

static bool run_io(struct loop *l)
{
    bool any = false;

    for (int turn = 0; turn < TURNS_PER_ROUND && l->backend->ready(l); turn++)
        any |= l->backend->perform(l);
    return any;
}

bool loop_run_once(struct loop *l, uint64_t timeout)
{
    uintptr_t before;
    bool any;

    MAGIC_CHECK(l, LOOP_MAGIC);
    ASSERT(!l->in_round);
    before = bind_thread(l, thread_self());
    l->backend->wait(l, MIN(timeout, loop_timeout(l)));
    l->now = clock_monotonic();
    l->in_round = true;

    any = timerq_next(&l->timers) <= l->now;
    timerq_run(&l->timers, l->now);
    any |= run_tasks(l);
    any |= run_io(l);

    l->in_round = false;
    bind_thread(l, before);
    return any;
}

void loop_run(struct loop *l)
{
    MAGIC_CHECK(l, LOOP_MAGIC);
    bind_thread(l, thread_self());
    while (!__atomic_exchange_n(&l->stop, false, __ATOMIC_ACQUIRE))
        loop_run_once(l, TIMERQ_NEVER);
    bind_thread(l, 0);
}

void loop_stop(struct loop *l)
{
    __atomic_store_n(&l->stop, true, __ATOMIC_RELEASE);
    l->backend->wake(l);
}

void loop_wake(struct loop *l)
{
    int saved = errno;

    l->backend->wake(l);
    errno = saved;
}

int loop_pollable_fd(const struct loop *l)
{
    return l->backend->pollable_fd(l);
}

/* ---- timers ---- */

void loop_timer_set(struct loop *l, struct timer *t, uint64_t due)
{
    ASSERT_ON_LOOP(l);
    timerq_set(&l->timers, t, due);
}

void loop_timer_cancel(struct loop *l, struct timer *t)
{
    ASSERT_ON_LOOP(l);
    timerq_cancel(&l->timers, t);
}

/* ---- operations ---- */

int loop_fd_add(struct loop *l, struct loop_fd *lf, int fd)
{
    int rc;

    ASSERT_ON_LOOP(l);
    *lf = (struct loop_fd){.loop = l, .fd = fd};
    rc = l->backend->fd_add(l, lf);
    if (rc == 0)
        l->fds++;
    return rc;
}

void loop_fd_remove(struct loop_fd *lf)
{
    struct loop *l = lf->loop;

    ASSERT_ON_LOOP(l);
    ASSERT(lf->reading == NULL && lf->writing == NULL);
    l->backend->fd_remove(l, lf);
    lf->loop = NULL;
    l->fds--;
}

void loop_op_init(struct loop_op *op, void (*done)(struct loop_op *op, ssize_t result))
{
    *op = (struct loop_op){.kind = LOOP_OP_NONE, .done = done};
    list_init(&op->node);
}

static void submit(struct loop_fd *lf, struct loop_op *op, enum loop_op_kind kind)
{
    struct loop_op **place = kind == LOOP_OP_SEND ? &lf->writing : &lf->reading;

    ASSERT_ON_LOOP(lf->loop);
    ASSERT(op->kind == LOOP_OP_NONE && *place == NULL);
    op->kind = kind;
    op->fd = lf;
    op->cancelled = false;
    *place = op;
    lf->loop->backend->submit(lf->loop, op);
}

void loop_accept(struct loop_fd *lf, struct loop_op *op)
{
    submit(lf, op, LOOP_OP_ACCEPT);
}

void loop_poll(struct loop_fd *lf, struct loop_op *op)
{
    submit(lf, op, LOOP_OP_POLL);
}

void loop_recv(struct loop_fd *lf, struct loop_op *op, struct iovec *iov, int iov_n)
{
    op->iov = iov;
    op->iov_n = iov_n;
    submit(lf, op, LOOP_OP_RECV);
}

void loop_send(struct loop_fd *lf, struct loop_op *op, struct iovec *iov, int iov_n)
{
    op->iov = iov;
    op->iov_n = iov_n;
    submit(lf, op, LOOP_OP_SEND);
}

void loop_op_cancel(struct loop_op *op)
{
    if (op->kind == LOOP_OP_NONE || op->cancelled)
        return;
    ASSERT_ON_LOOP(op->fd->loop);
    op->cancelled = true;
    op->fd->loop->backend->cancel(op->fd->loop, op);
}

void loop_op_finish(struct loop_op *op, ssize_t result)
{
    struct loop_op **place = op->kind == LOOP_OP_SEND ? &op->fd->writing : &op->fd->reading;

    ASSERT(*place == op);
    *place = NULL;
    op->kind = LOOP_OP_NONE;
    op->done(op, result);
}

/* ---- signals ---- */

static void signal_ready(struct loop_op *op, ssize_t result)
{
    struct loop *l = CONTAINER_OF(op, struct loop, signal_op);
    int sig;

    if (result < 0)
        return;
    while ((sig = signals_next(l->signal_fd)) != 0)
        l->signal_fn(l->signal_ctx, sig);
    loop_poll(&l->signal_lf, &l->signal_op);
}

int loop_watch_signals(struct loop *l, const int *signals, size_t n,
                       void (*fn)(void *ctx, int signal), void *ctx)
{
    int rc;

    ASSERT(l->signal_fd < 0);
    l->signal_fd = signals_open(signals, n);
    if (l->signal_fd < 0) {
        rc = -l->signal_fd;
        l->signal_fd = -1;
        return rc;
    }
    rc = loop_fd_add(l, &l->signal_lf, l->signal_fd);
    if (rc != 0) {
        signals_close(l->signal_fd);
        l->signal_fd = -1;
        return rc;
    }
    l->signal_fn = fn;
    l->signal_ctx = ctx;
    loop_op_init(&l->signal_op, signal_ready);
    loop_poll(&l->signal_lf, &l->signal_op);
    return 0;
}

/* ---- the end ---- */

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    MAGIC_CHECK(l, LOOP_MAGIC);
    if (l->signal_fd >= 0)
        loop_op_cancel(&l->signal_op);
    while (tasks_posted(l) || l->backend->ready(l))
        loop_run_once(l, 0);
    if (l->signal_fd >= 0) {
        loop_fd_remove(&l->signal_lf);
        signals_close(l->signal_fd);
    }
    ASSERT(l->fds == 0);
    l->backend->close(l);
    MAGIC_WIPE(l);
    mem_free(l);
}
