// SPDX-License-Identifier: Apache-2.0
/*
 * Threads. A thread that we start has every signal blocked, so that signals reach only the thread
 * (or the loop) that asked for them.
 */
#ifndef PLAT_THREAD_H
#define PLAT_THREAD_H

#include "base/compiler.h"
#include <pthread.h>

struct thread {
    pthread_t t;
};

/* `name` (at most 15 bytes are kept) is what debuggers and top show. Returns 0 or an errno. */
NODISCARD int thread_start(struct thread *t, const char *name, void (*run)(void *ctx), void *ctx);
/* Waits for its end. Every started thread is joined exactly once. */
void thread_join(struct thread *t);
/* Identifies the calling thread while it lives; never 0. */
uintptr_t thread_self(void);
/* Processors that this process may use, at least 1. */
unsigned thread_cpus(void);

#endif
