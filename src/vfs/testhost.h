// SPDX-License-Identifier: Apache-2.0
/*
 * A host for tests: a fixed clock, seeded "random" bytes, a log that is kept, and an executor whose
 * jobs and posts lie in queues until the test runs them (or a thread of the test does).
 * Threads: the queues are locked; everything else is the main thread's.
 */
#ifndef VFS_TESTHOST_H
#define VFS_TESTHOST_H

#include "vfs/vfs.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define TESTHOST_TIME 133000000000000000ull

struct testhost {
    struct vfs_host host;
    struct log log;
    pthread_mutex_t mutex;
    struct list posted;
    struct list jobs;
    void (*job_fn)(struct vfs_op *op);
    bool refuse; /* run says that too much is queued */
    uint64_t now;
    uint64_t seed;
    char last_line[LOG_LINE_MAX];
    int lines;
};

static inline bool testhost_run(void *ctx, struct vfs_op *op, void (*fn)(struct vfs_op *op))
{
    struct testhost *h = ctx;
    pthread_mutex_lock(&h->mutex);
    bool ok = !h->refuse;
    if (ok) {
        h->job_fn = fn; /* a test uses one kind of volume at a time */
        list_append(&h->jobs, &op->link);
    }
    pthread_mutex_unlock(&h->mutex);
    return ok;
}

static inline void testhost_post(void *ctx, struct vfs_op *op)
{
    struct testhost *h = ctx;
    pthread_mutex_lock(&h->mutex);
    list_append(&h->posted, &op->link);
    pthread_mutex_unlock(&h->mutex);
}

static inline struct vfs_op *testhost_pop(struct testhost *h, struct list *queue)
{
    pthread_mutex_lock(&h->mutex);
    struct list *n = list_pop(queue);
    pthread_mutex_unlock(&h->mutex);
    return n != NULL ? LIST_ENTRY(n, struct vfs_op, link) : NULL;
}

/* Makes one queued call; false: none. May run on any thread. */
static inline bool testhost_work(struct testhost *h)
{
    pthread_mutex_lock(&h->mutex);
    struct list *n = list_pop(&h->jobs);
    void (*fn)(struct vfs_op * op) = h->job_fn;
    pthread_mutex_unlock(&h->mutex);
    if (n != NULL)
        fn(LIST_ENTRY(n, struct vfs_op, link));
    return n != NULL;
}

/* Brings one op back to its owner; false: none. */
static inline bool testhost_deliver(struct testhost *h)
{
    struct vfs_op *op = testhost_pop(h, &h->posted);
    if (op != NULL)
        vfs_op_finish(op);
    return op != NULL;
}

/* Works and delivers until nothing is left. */
static inline void testhost_drain(struct testhost *h)
{
    while (testhost_work(h) || testhost_deliver(h)) {
    }
}

static inline uint64_t testhost_time(void *ctx)
{
    return ((struct testhost *)ctx)->now;
}

static inline void testhost_random(void *ctx, void *dst, size_t n)
{
    struct testhost *h = ctx;
    pthread_mutex_lock(&h->mutex);
    for (size_t i = 0; i < n; i++) {
        h->seed = h->seed * 6364136223846793005ull + 1442695040888963407ull;
        ((uint8_t *)dst)[i] = (uint8_t)(h->seed >> 56);
    }
    pthread_mutex_unlock(&h->mutex);
}

static inline void testhost_log(void *ctx, enum log_level level, const char *line)
{
    struct testhost *h = ctx;
    (void)level;
    pthread_mutex_lock(&h->mutex);
    snprintf(h->last_line, sizeof(h->last_line), "%s", line);
    h->lines++;
    pthread_mutex_unlock(&h->mutex);
}

static inline void testhost_init(struct testhost *h)
{
    memset(h, 0, sizeof(*h));
    pthread_mutex_init(&h->mutex, NULL);
    list_init(&h->posted);
    list_init(&h->jobs);
    h->now = TESTHOST_TIME;
    h->log = (struct log){LOG_INFO, testhost_log, h};
    h->host = (struct vfs_host){
        .executor = {.run = testhost_run, .post = testhost_post, .ctx = h},
        .random = {testhost_random, h},
        .time = testhost_time,
        .ctx = h,
        .log = &h->log,
    };
}

#endif
