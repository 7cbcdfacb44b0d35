// SPDX-License-Identifier: Apache-2.0
/* Memory back after a burst. See trim.h. */
#include "server/trim.h"
#include "plat/heap.h"

static void run(struct pool_work *w)
{
    heap_trim();
}

static void done(struct pool_work *w)
{
    CONTAINER_OF(w, struct trim, work)->state = TRIM_QUIET;
}

static bool has_fallen(const struct trim *t)
{
    return t->most - t->opens >= TRIM_OPENS;
}

static void wait(struct trim *t)
{
    t->state = TRIM_WAITING;
    t->before = t->closed;
    loop_timer_set(t->loop, &t->timer, loop_now(t->loop) + TRIM_DELAY);
}

/* A pool that has no room is busy with what matters more; the next burst tries again. */
static void fires(struct timer *timer)
{
    struct trim *t = CONTAINER_OF(timer, struct trim, timer);
    if (!has_fallen(t) && t->closed - t->before > TRIM_CALM) {
        wait(t);
        return;
    }
    t->most = t->opens;
    t->closed = 0;
    t->work.run = run;
    t->work.done = done;
    t->state = pool_submit(t->owner, &t->work, t->loop) ? TRIM_TRIMMING : TRIM_QUIET;
}

bool trim_init(struct trim *t, struct loop *loop, struct pool *pool)
{
    *t = (struct trim){.loop = loop, .owner = pool_owner_new(pool, 1, 1)};
    timer_init(&t->timer, fires);
    return t->owner != NULL;
}

void trim_stop(struct trim *t)
{
    if (t->owner == NULL)
        return;
    loop_timer_cancel(t->loop, &t->timer);
    pool_owner_free(t->owner);
    t->owner = NULL;
}

void trim_note(struct trim *t, uint64_t opens)
{
    if (opens < t->opens)
        t->closed += t->opens - opens;
    t->opens = opens;
    t->most = MAX(t->most, opens);
    if (t->state == TRIM_QUIET && t->owner != NULL && (has_fallen(t) || t->closed >= TRIM_OPENS))
        wait(t);
}
