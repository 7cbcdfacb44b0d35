// SPDX-License-Identifier: Apache-2.0
/*
 * The rate filter: no more than so many bytes and operations in a second.
 *
 * Each limit is a point in time, `free`, from which on the next operation may begin; an operation
 * moves it on by what it costs. While nobody asks, it falls behind by at most `burst`, which is
 * what may then be used at once.
 *
 * Threads: SMBKIT_THREAD_ASYNC; the mutex guards `free` of both limits.
 */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include <smbkit/filter.h>

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull

struct limit {
    uint64_t per_second; /* 0: none */
    uint64_t free;       /* ns */
};

struct rate {
    pthread_mutex_t mutex;
    struct limit bytes, ops;
    uint64_t burst;
};

static uint64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static smbkit_status rate_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                     size_t count, void **vol)
{
    struct rate *r = smbkit_alloc(sizeof(*r));
    if (r == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    pthread_mutex_init(&r->mutex, NULL);
    r->bytes.per_second = smbkit_arg_number(args, count, "bytes");
    r->ops.per_second = smbkit_arg_number(args, count, "ops");
    r->burst = smbkit_arg_duration(args, count, "burst") * NS_PER_MS;
    r->bytes.free = r->ops.free = now_ns();
    *vol = r;
    return SMBKIT_STATUS_SUCCESS;
}

static void rate_share_close(void *vol)
{
    struct rate *r = vol;
    pthread_mutex_destroy(&r->mutex);
    smbkit_free(r);
}

/* Takes `amount`; returns when it may be used. */
static uint64_t take(struct limit *l, uint64_t amount, uint64_t now, uint64_t burst)
{
    if (l->per_second == 0)
        return now;
    uint64_t earliest = now > burst ? now - burst : 0;
    uint64_t begin = l->free > earliest ? l->free : earliest;
    l->free = begin + amount / l->per_second * NS_PER_S +
              amount % l->per_second * NS_PER_S / l->per_second;
    return begin;
}

static void go_on(struct smbkit_op *op, void *vol, void *ctx)
{
    smbkit_pass(op);
}

static void rate_any(struct smbkit_op *op, void *vol, const struct smbkit_call *call)
{
    struct rate *r = vol;
    bool data = strcmp(call->name, "read") == 0 || strcmp(call->name, "write") == 0;
    uint64_t now = now_ns();
    pthread_mutex_lock(&r->mutex);
    uint64_t a = take(&r->bytes, data ? call->length : 0, now, r->burst);
    uint64_t b = take(&r->ops, 1, now, r->burst);
    pthread_mutex_unlock(&r->mutex);
    uint64_t when = data && a > b ? a : b;
    if (when > now)
        smbkit_sleep(op, when - now, go_on, NULL);
    else
        smbkit_pass(op);
}

/* The maxima keep cost times NS_PER_S below 2^64. */
static const struct smbkit_param rate_params[] = {
    {.name = "bytes",
     .type = SMBKIT_PARAM_SIZE,
     .unit = "bytes",
     .max = 16ull << 30,
     .default_value = "0",
     .text = "read and written in a second; 0: no limit"},
    {.name = "ops",
     .type = SMBKIT_PARAM_UINT,
     .max = 1000000000,
     .default_value = "0",
     .text = "operations in a second; 0: no limit"},
    {.name = "burst",
     .type = SMBKIT_PARAM_DURATION,
     .max = 60000,
     .default_value = "100ms",
     .text = "what was not used for so long may be used at once"},
    {.name = NULL},
};

SMBKIT_FILTER_TABLE = {
    SMBKIT_FILTER_INIT,
    .thread_model = SMBKIT_THREAD_ASYNC,
    .name = "rate",
    .version = SMBKIT_VERSION,
    .summary = "so many bytes and operations in a second, no more",
    .params = rate_params,
    .any = rate_any,
    .vfs = {.share_open = rate_share_open, .share_close = rate_share_close},
};
