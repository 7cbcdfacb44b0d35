// SPDX-License-Identifier: Apache-2.0
/* Names who stops the loop. See watchdog.h. */
#include "server/watchdog.h"
#include "base/timerq.h"
#include "plat/clock.h"

enum call_state { CALL_IDLE, CALL_CALLING, CALL_READING, CALL_NAMED };

#define CALL_STATES 4u

static enum call_state state_of(uint64_t call)
{
    return (enum call_state)(call % CALL_STATES);
}

static uint64_t in_state(uint64_t call, enum call_state state)
{
    return call - call % CALL_STATES + state;
}

void watchdog_init(struct watchdog *w, const struct log *log, uint64_t tick, uint64_t limit)
{
    *w = (struct watchdog){.log = log, .tick = tick, .limit = limit};
    mutex_init(&w->lock);
    cond_init(&w->wake);
}

/* The call has taken too long. It may end at any moment: then it was not worth a word. */
static void name_call(struct watchdog *w, uint64_t call)
{
    ASSERT_HELD(&w->lock);
    if (!atomic_compare_exchange_strong(&w->call, &call, in_state(call, CALL_READING)))
        return;
    LOGE(w->log,
         "share '%s': %s does not return from %s for %u seconds: the whole server stands still "
         "(its thread model says that it never blocks)",
         w->share, w->holder, w->operation, (unsigned)(w->limit / NS_PER_S));
    w->seen = in_state(call, CALL_NAMED);
    atomic_store(&w->call, w->seen);
}

static void look(struct watchdog *w, uint64_t now)
{
    uint64_t call = atomic_load(&w->call);
    if (call != w->seen) {
        w->seen = call;
        w->since = now;
    } else if (state_of(call) == CALL_CALLING && now - w->since >= w->limit) {
        name_call(w, call);
    }
}

static void watch(void *ctx)
{
    struct watchdog *w = ctx;
    mutex_lock(&w->lock);
    while (!w->stop) {
        uint64_t now = clock_monotonic();
        look(w, now);
        while (!w->stop && cond_wait_until(&w->wake, &w->lock, now + w->tick)) { /* woken early */
        }
    }
    mutex_unlock(&w->lock);
}

static void start(struct watchdog *w)
{
    w->running = thread_start(&w->thread, "watchdog", watch, w) == 0;
    w->failed = !w->running;
    if (w->failed)
        LOGW(w->log, "no thread for the watchdog: plugins that block will not be named");
}

void watchdog_stop(struct watchdog *w)
{
    ASSERT(state_of(atomic_load(&w->call)) == CALL_IDLE);
    mutex_lock(&w->lock);
    w->stop = true;
    cond_signal(&w->wake);
    mutex_unlock(&w->lock);
    if (w->running)
        thread_join(&w->thread);
    cond_destroy(&w->wake);
    mutex_destroy(&w->lock);
}

void watchdog_begin(struct watchdog *w, const char *share, const char *holder,
                    const char *operation)
{
    if (w->depth++ > 0)
        return;
    if (!w->running && !w->failed)
        start(w);
    w->share = share;
    w->holder = holder;
    w->operation = operation;
    w->number++;
    atomic_store(&w->call, w->number * CALL_STATES + CALL_CALLING);
}

void watchdog_end(struct watchdog *w)
{
    uint64_t call = w->number * CALL_STATES + CALL_CALLING;
    ASSERT(w->depth > 0);
    if (--w->depth > 0)
        return;
    if (atomic_compare_exchange_strong(&w->call, &call, in_state(call, CALL_IDLE)))
        return;
    mutex_lock(&w->lock); /* it is being written down, or was */
    ASSERT(state_of(atomic_load(&w->call)) == CALL_NAMED);
    atomic_store(&w->call, in_state(call, CALL_IDLE));
    uint64_t taken = clock_monotonic() - w->since;
    mutex_unlock(&w->lock);
    LOGW(w->log, "share '%s': %s has returned from %s after %u seconds; the server goes on",
         w->share, w->holder, w->operation, (unsigned)(taken / NS_PER_S));
}
