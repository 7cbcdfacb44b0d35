// SPDX-License-Identifier: Apache-2.0
/* plat/lock.h over pthreads. Conditions count in CLOCK_MONOTONIC, so that setting the time of day
   neither wakes nor holds a waiter. */
#include "plat/lock.h"
#include "base/timerq.h"
#include "plat/thread.h"
#include <errno.h>
#include <time.h>

static void set_holder(struct mutex *m, uintptr_t who)
{
    __atomic_store_n(&m->holder, who, __ATOMIC_RELAXED);
}

void mutex_init(struct mutex *m)
{
    ASSERT(pthread_mutex_init(&m->m, NULL) == 0);
    m->holder = 0;
}

void mutex_destroy(struct mutex *m)
{
    ASSERT(m->holder == 0);
    ASSERT(pthread_mutex_destroy(&m->m) == 0);
}

void mutex_lock(struct mutex *m)
{
    ASSERT_NOT_HELD(m);
    ASSERT(pthread_mutex_lock(&m->m) == 0);
    set_holder(m, thread_self());
}

void mutex_unlock(struct mutex *m)
{
    ASSERT_HELD(m);
    set_holder(m, 0);
    ASSERT(pthread_mutex_unlock(&m->m) == 0);
}

bool mutex_held(const struct mutex *m)
{
    /* Only the holder ever stores its own value, so a stale read cannot give a wrong answer. */
    return __atomic_load_n(&m->holder, __ATOMIC_RELAXED) == thread_self();
}

void cond_init(struct cond *c)
{
    pthread_condattr_t attr;

    ASSERT(pthread_condattr_init(&attr) == 0);
    ASSERT(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_cond_init(&c->c, &attr) == 0);
    pthread_condattr_destroy(&attr);
}

void cond_destroy(struct cond *c)
{
    ASSERT(pthread_cond_destroy(&c->c) == 0);
}

void cond_wait(struct cond *c, struct mutex *m)
{
    ASSERT_HELD(m);
    set_holder(m, 0);
    ASSERT(pthread_cond_wait(&c->c, &m->m) == 0);
    set_holder(m, thread_self());
}

bool cond_wait_until(struct cond *c, struct mutex *m, uint64_t until)
{
    struct timespec ts = {
        .tv_sec = (time_t)(until / NS_PER_S),
        .tv_nsec = (long)(until % NS_PER_S),
    };
    int rc;

    ASSERT_HELD(m);
    set_holder(m, 0);
    rc = pthread_cond_timedwait(&c->c, &m->m, &ts);
    set_holder(m, thread_self());
    ASSERT(rc == 0 || rc == ETIMEDOUT);
    return rc == 0;
}

void cond_signal(struct cond *c)
{
    ASSERT(pthread_cond_signal(&c->c) == 0);
}

void cond_broadcast(struct cond *c)
{
    ASSERT(pthread_cond_broadcast(&c->c) == 0);
}
