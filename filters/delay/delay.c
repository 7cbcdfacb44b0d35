// SPDX-License-Identifier: Apache-2.0
/*
 * The delay filter: operations take longer. No thread waits: the operation sleeps.
 *
 * Threads: SMBKIT_THREAD_ASYNC; nothing changes after share_open but the number of operations,
 * which the jitter is made of.
 */
#include <stdatomic.h>

#include <smbkit/filter.h>

#define NS_PER_MS 1000000ull

struct delay {
    uint64_t ms, jitter;
    uint64_t ops;
    bool after;
    _Atomic uint64_t count;
    uint64_t seed;
};

static smbkit_status delay_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                      size_t count, void **vol)
{
    struct delay *d = smbkit_alloc(sizeof(*d));
    if (d == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    d->ms = smbkit_arg_duration(args, count, "time");
    d->jitter = smbkit_arg_duration(args, count, "jitter");
    d->after = smbkit_arg_bool(args, count, "after");
    smbkit_random(share, &d->seed, sizeof(d->seed));
    if (!smbkit_arg_calls(share, args, count, "ops", &d->ops)) {
        smbkit_free(d);
        return SMBKIT_STATUS_INVALID_PARAMETER;
    }
    *vol = d;
    return SMBKIT_STATUS_SUCCESS;
}

static void delay_share_close(void *vol)
{
    smbkit_free(vol);
}

/* Mixes the bits of a number (the finalizer of SplitMix64): neighbours have nothing in common. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

static uint64_t time_of_next(struct delay *d)
{
    uint64_t ns = d->ms * NS_PER_MS;
    if (d->jitter > 0)
        ns += mix(d->seed + atomic_fetch_add(&d->count, 1) * 0x9e3779b97f4a7c15ull) %
              (d->jitter * NS_PER_MS + 1);
    return ns;
}

static void go_on(struct smbkit_op *op, void *vol, void *ctx)
{
    smbkit_pass(op);
}

static void answer(struct smbkit_op *op, void *vol, void *ctx)
{
    smbkit_reply_result(op);
}

static void answered(struct smbkit_op *op, void *vol, void *ctx)
{
    smbkit_sleep(op, time_of_next(vol), answer, NULL);
}

static void delay_any(struct smbkit_op *op, void *vol, const struct smbkit_call *call)
{
    struct delay *d = vol;
    if (!(d->ops & 1ull << call->code))
        smbkit_pass(op);
    else if (d->after && smbkit_then(op, answered, NULL))
        smbkit_pass(op);
    else
        smbkit_sleep(op, time_of_next(d), go_on, NULL);
}

static const struct smbkit_param delay_params[] = {
    {.name = "time",
     .type = SMBKIT_PARAM_DURATION,
     .max = 3600000,
     .default_value = "100ms",
     .text = "how long"},
    {.name = "jitter",
     .type = SMBKIT_PARAM_DURATION,
     .max = 3600000,
     .default_value = "0",
     .text = "up to so much longer, by chance"},
    SMBKIT_PARAM_OPS,
    {.name = "after",
     .type = SMBKIT_PARAM_BOOL,
     .default_value = "off",
     .text = "wait before the answer, not before the work"},
    {.name = NULL},
};

SMBKIT_FILTER_TABLE = {
    SMBKIT_FILTER_INIT,
    .thread_model = SMBKIT_THREAD_ASYNC,
    .name = "delay",
    .version = SMBKIT_VERSION,
    .summary = "operations take longer",
    .params = delay_params,
    .any = delay_any,
    .vfs = {.share_open = delay_share_open, .share_close = delay_share_close},
};
