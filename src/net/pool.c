// SPDX-License-Identifier: Apache-2.0
/*
 * The worker pool.
 *
 * An owner stands in `runnable` while it has work waiting and fewer workers than its cap. A worker
 * takes the first owner, one item of it, and puts the owner behind the others. When as many run as
 * there shall be threads, it takes work only of owners that have nothing running, and such an owner
 * gets a thread more: owners whose calls hang never keep others from working. No wake-up is lost:
 * each submit to a runnable owner signals once, and a worker that comes back from an owner at its
 * cap looks again before it sleeps.
 *
 * References of the pool: its creator, each owner. An owner lives until it is given up, nothing of
 * it runs, and `done` was called for all of its work (so that pool_cancel may look at it).
 * Lock: `lock` guards everything here and the private part of work. A leaf: no callback and no
 * post under it.
 */
#include "net/pool.h"
#include "base/mem.h"
#include "plat/lock.h"
#include "plat/thread.h"

#define POOL_MAGIC      0x504f4f4cu
#define OWNER_MAGIC     0x504f574eu
#define DEFAULT_THREADS 64
/* Beyond max_threads, for owners of whose work nothing runs: so many owners may hang and take all
   the others. */
#define EXTRA_THREADS 64

struct pool {
    uint32_t magic;
    struct mutex lock;
    struct cond wake;
    size_t refs;
    bool stopping;
    unsigned max_threads, threads_n, idle;
    struct thread *threads;
    struct list owners, runnable;
    size_t queued, running;
};

struct pool_owner {
    uint32_t magic;
    bool given_up;
    struct pool *pool;
    struct list node;     /* in pool->owners */
    struct list run_node; /* in pool->runnable */
    struct list queue;    /* struct pool_work */
    unsigned queued, max_queued;
    unsigned running, max_workers;
    size_t outstanding; /* submitted, `done` not called */
};

struct pool *pool_new(unsigned max_threads)
{
    struct pool *p = mem_zalloc(sizeof(*p));

    if (p == NULL)
        return NULL;
    p->max_threads = max_threads > 0 ? max_threads : DEFAULT_THREADS;
    p->threads = mem_zarray((size_t)p->max_threads + EXTRA_THREADS, sizeof(*p->threads));
    if (p->threads == NULL) {
        mem_free(p);
        return NULL;
    }
    MAGIC_SET(p, POOL_MAGIC);
    mutex_init(&p->lock);
    cond_init(&p->wake);
    p->refs = 1;
    list_init(&p->owners);
    list_init(&p->runnable);
    return p;
}

/* Called with the lock, which is gone afterwards, as the pool may be. */
static void unref_unlock(struct pool *p)
{
    bool last = --p->refs == 0;

    mutex_unlock(&p->lock);
    if (!last)
        return;
    cond_destroy(&p->wake);
    mutex_destroy(&p->lock);
    MAGIC_WIPE(p);
    mem_free(p->threads);
    mem_free(p);
}

/* ---- owners ---- */

struct pool_owner *pool_owner_new(struct pool *p, unsigned max_workers, unsigned max_queued)
{
    struct pool_owner *o = mem_zalloc(sizeof(*o));

    MAGIC_CHECK(p, POOL_MAGIC);
    if (o == NULL)
        return NULL;
    MAGIC_SET(o, OWNER_MAGIC);
    o->pool = p;
    o->max_queued = max_queued;
    o->max_workers = max_workers > 0 ? max_workers : MAX(1, p->max_threads * 3 / 4);
    list_init(&o->queue);
    list_init(&o->run_node);
    mutex_lock(&p->lock);
    list_append(&p->owners, &o->node);
    p->refs++;
    mutex_unlock(&p->lock);
    return o;
}

/* Called with the lock, which is gone afterwards, as owner and pool may be. */
static void release_owner_unlock(struct pool_owner *o)
{
    struct pool *p = o->pool;

    ASSERT_HELD(&p->lock);
    if (!o->given_up || o->running > 0 || o->outstanding > 0) {
        mutex_unlock(&p->lock);
        return;
    }
    list_remove(&o->node);
    MAGIC_WIPE(o);
    mem_free(o);
    unref_unlock(p);
}

void pool_owner_free(struct pool_owner *o)
{
    if (o == NULL)
        return;
    MAGIC_CHECK(o, OWNER_MAGIC);
    mutex_lock(&o->pool->lock);
    o->given_up = true;
    release_owner_unlock(o);
}

static void update_runnable(struct pool_owner *o)
{
    bool can = !list_empty(&o->queue) && o->running < o->max_workers;

    ASSERT_HELD(&o->pool->lock);
    if (can && !list_linked(&o->run_node))
        list_append(&o->pool->runnable, &o->run_node);
    else if (!can)
        list_remove(&o->run_node);
}

/* ---- workers ---- */

static void enqueue(struct pool_owner *o, struct pool_work *w)
{
    list_append(&o->queue, &w->node);
    w->queued = true;
    o->queued++;
    o->pool->queued++;
    o->outstanding++;
}

static void dequeue(struct pool_work *w)
{
    ASSERT(w->queued);
    list_remove(&w->node);
    w->queued = false;
    w->owner->queued--;
    w->owner->pool->queued--;
}

/* Whose turn it is. The last threads are for owners that have none. */
static struct pool_owner *next_owner(const struct pool *p)
{
    bool scarce = p->running >= p->max_threads;

    LIST_FOREACH (node, &p->runnable) {
        struct pool_owner *o = LIST_ENTRY(node, struct pool_owner, run_node);

        if (!scarce || o->running == 0)
            return o;
    }
    return NULL;
}

static struct pool_work *take_work(struct pool *p)
{
    struct pool_owner *o = next_owner(p);
    struct pool_work *w;

    if (o == NULL)
        return NULL;
    list_remove(&o->run_node);
    w = LIST_ENTRY(o->queue.next, struct pool_work, node);
    dequeue(w);
    o->running++;
    p->running++;
    update_runnable(o);
    return w;
}

/* Called with the lock and returns with it. */
static void run_work(struct pool *p, struct pool_work *w)
{
    struct pool_owner *o = w->owner;

    mutex_unlock(&p->lock);
    w->run(w);
    /* From here on w belongs to the loop. */
    loop_post(w->loop, &w->task);
    mutex_lock(&p->lock);
    o->running--;
    p->running--;
    update_runnable(o);
    /* Another reference keeps the pool: its creator waits for this thread in pool_stop. */
    release_owner_unlock(o);
    mutex_lock(&p->lock);
}

static void worker(void *ctx)
{
    struct pool *p = ctx;
    struct pool_work *w;

    mutex_lock(&p->lock);
    for (;;) {
        w = take_work(p);
        if (w != NULL) {
            run_work(p, w);
            continue;
        }
        if (p->stopping)
            break;
        p->idle++;
        cond_wait(&p->wake, &p->lock);
        p->idle--;
    }
    mutex_unlock(&p->lock);
}

/* How many owners have work that waits and none that runs, `o` among them. */
static unsigned starved(const struct pool *p, const struct pool_owner *o)
{
    unsigned n = o->running == 0 && list_empty(&o->queue);

    LIST_FOREACH (node, &p->runnable)
        n += LIST_ENTRY(node, struct pool_owner, run_node)->running == 0;
    return MIN(n, EXTRA_THREADS);
}

/* A sleeper may have been signalled for earlier work and not have come yet: so compare with how
   much waits. */
static bool ensure_worker(struct pool *p, const struct pool_owner *o)
{
    ASSERT_HELD(&p->lock);
    if (p->idle > p->queued || p->threads_n >= p->max_threads + EXTRA_THREADS ||
        (p->threads_n >= p->max_threads && p->threads_n >= p->max_threads + starved(p, o)))
        return true;
    if (thread_start(&p->threads[p->threads_n], "smbkit-worker", worker, p) == 0)
        p->threads_n++;
    return p->threads_n > 0;
}

/* ---- work ---- */

static void work_back(struct loop_task *task)
{
    struct pool_work *w = CONTAINER_OF(task, struct pool_work, task);
    struct pool_owner *o = w->owner;

    mutex_lock(&o->pool->lock);
    o->outstanding--;
    release_owner_unlock(o);
    w->owner = NULL;
    w->done(w);
}

bool pool_submit(struct pool_owner *o, struct pool_work *w, struct loop *l)
{
    struct pool *p = o->pool;
    bool ok;

    MAGIC_CHECK(o, OWNER_MAGIC);
    w->cancelled = false;
    w->loop = l;
    w->owner = o;
    w->task.run = work_back;
    mutex_lock(&p->lock);
    ASSERT(!o->given_up);
    ok = !p->stopping && o->queued < o->max_queued;
    /* An owner at its cap needs no further worker. */
    if (ok && o->running < o->max_workers)
        ok = ensure_worker(p, o);
    if (ok) {
        enqueue(o, w);
        update_runnable(o);
        /* When threads are scarce, the one that is woken may be one that may not take this. */
        if (list_linked(&o->run_node) && p->running >= p->max_threads)
            cond_broadcast(&p->wake);
        else if (list_linked(&o->run_node))
            cond_signal(&p->wake);
    }
    mutex_unlock(&p->lock);
    return ok;
}

bool pool_cancel(struct pool_work *w)
{
    struct pool_owner *o = w->owner;
    bool waiting;

    ASSERT_ON_LOOP(w->loop);
    MAGIC_CHECK(o, OWNER_MAGIC);
    mutex_lock(&o->pool->lock);
    waiting = w->queued;
    if (waiting) {
        dequeue(w);
        w->cancelled = true;
        update_runnable(o);
    }
    mutex_unlock(&o->pool->lock);
    if (waiting)
        loop_post(w->loop, &w->task);
    return waiting;
}

/* ---- the end ---- */

static void collect_waiting(struct pool *p, struct list *out)
{
    LIST_FOREACH (node, &p->owners) {
        struct pool_owner *o = LIST_ENTRY(node, struct pool_owner, node);

        while (!list_empty(&o->queue)) {
            struct pool_work *w = LIST_ENTRY(o->queue.next, struct pool_work, node);

            dequeue(w);
            w->cancelled = true;
            list_append(out, &w->node);
        }
        update_runnable(o);
    }
}

void pool_stop(struct pool *p, bool cancel)
{
    struct list cancelled, *node;

    MAGIC_CHECK(p, POOL_MAGIC);
    list_init(&cancelled);
    mutex_lock(&p->lock);
    ASSERT(!p->stopping);
    p->stopping = true;
    if (cancel)
        collect_waiting(p, &cancelled);
    cond_broadcast(&p->wake);
    mutex_unlock(&p->lock);

    while ((node = list_pop(&cancelled)) != NULL) {
        struct pool_work *w = LIST_ENTRY(node, struct pool_work, node);

        loop_post(w->loop, &w->task);
    }
    for (unsigned i = 0; i < p->threads_n; i++)
        thread_join(&p->threads[i]);
    p->threads_n = 0;
}

void pool_free(struct pool *p)
{
    if (p == NULL)
        return;
    MAGIC_CHECK(p, POOL_MAGIC);
    mutex_lock(&p->lock);
    ASSERT(p->stopping && p->threads_n == 0);
    unref_unlock(p);
}

void pool_stats(struct pool *p, struct pool_stats *s)
{
    MAGIC_CHECK(p, POOL_MAGIC);
    mutex_lock(&p->lock);
    *s = (struct pool_stats){
        .threads = p->threads_n,
        .idle = p->idle,
        .queued = p->queued,
        .running = p->running,
    };
    mutex_unlock(&p->lock);
}
