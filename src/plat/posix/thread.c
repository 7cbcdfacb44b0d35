// SPDX-License-Identifier: Apache-2.0
/* plat/thread.h over pthreads. */
#include "plat/thread.h"
#include "base/mem.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

struct start {
    void (*run)(void *ctx);
    void *ctx;
    char name[16];
};

static void *thread_main(void *arg)
{
    struct start s = *(struct start *)arg;

    mem_free(arg);
#ifdef __linux__
    pthread_setname_np(pthread_self(), s.name);
#endif
    s.run(s.ctx);
    return NULL;
}

/* Everything but what a fault or a profiler sends to the very thread that runs. */
static void blocked_signals(sigset_t *set)
{
    static const int keep[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF};

    sigfillset(set);
    for (size_t i = 0; i < ARRAY_LEN(keep); i++)
        sigdelset(set, keep[i]);
}

int thread_start(struct thread *t, const char *name, void (*run)(void *ctx), void *ctx)
{
    struct start *s = mem_zalloc(sizeof(*s));
    sigset_t block, before;
    int rc;

    if (s == NULL)
        return ENOMEM;
    s->run = run;
    s->ctx = ctx;
    snprintf(s->name, sizeof(s->name), "%s", name);

    /* A new thread inherits the mask: no moment in which it could take a signal. */
    blocked_signals(&block);
    pthread_sigmask(SIG_BLOCK, &block, &before);
    rc = pthread_create(&t->t, NULL, thread_main, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        mem_free(s);
    return rc;
}

void thread_join(struct thread *t)
{
    ASSERT(pthread_join(t->t, NULL) == 0);
}

uintptr_t thread_self(void)
{
    /* An address of its own for each thread: cheaper than asking the kernel. */
    static _Thread_local char here;

    return (uintptr_t)&here;
}

unsigned thread_cpus(void)
{
    long n;
#ifdef __linux__
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
        return (unsigned)CPU_COUNT(&set);
#endif
    n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (unsigned)n : 1;
}
