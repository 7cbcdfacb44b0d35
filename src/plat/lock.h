// SPDX-License-Identifier: Apache-2.0
/*
 * Mutexes that know who holds them, and conditions. Not recursive. Misuse (unlocking what another
 * thread holds, waiting without holding) is an error of ours and aborts.
 */
#ifndef PLAT_LOCK_H
#define PLAT_LOCK_H

#include "base/compiler.h"
#include <pthread.h>

struct mutex {
    pthread_mutex_t m;
    uintptr_t holder; /* thread_self() or 0; atomic, only for the assertions */
};

struct cond {
    pthread_cond_t c;
};

void mutex_init(struct mutex *m);
/* Nobody may hold it. */
void mutex_destroy(struct mutex *m);
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);
/* True when the calling thread holds it. */
NODISCARD bool mutex_held(const struct mutex *m);

#define ASSERT_HELD(m)     ASSERT(mutex_held(m))
#define ASSERT_NOT_HELD(m) ASSERT(!mutex_held(m))

void cond_init(struct cond *c);
void cond_destroy(struct cond *c);
/* The caller holds m and does again afterwards; may wake without reason. */
void cond_wait(struct cond *c, struct mutex *m);
/* The same, until clock_monotonic() reaches `until`. False when the time was reached. */
bool cond_wait_until(struct cond *c, struct mutex *m, uint64_t until);
void cond_signal(struct cond *c);
void cond_broadcast(struct cond *c);

#endif
