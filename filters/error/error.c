// SPDX-License-Identifier: Apache-2.0
/*
 * The error filter: some operations fail.
 *
 * `close` never does, because it cannot; an open that fails after it was done is closed again.
 *
 * Threads: SMBKIT_THREAD_ASYNC; what changes is counters.
 */
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <smbkit/filter.h>

struct error {
    struct smbkit_share *share;
    uint64_t ops;
    smbkit_status status;
    uint64_t nth, every, percent, max, seed;
    bool after;
    _Atomic uint64_t count, failed;
    char *path; /* "" for none */
};

/* By name, with or without STATUS_; SUCCESS: unknown. */
static smbkit_status find_status(const char *name)
{
#define ROW(status, value, text) {#status, value},
    static const struct {
        const char *name;
        smbkit_status status;
    } rows[] = {SMBKIT_STATUS_TABLE(ROW)};
#undef ROW
    if (strncmp(name, "STATUS_", 7) == 0)
        name += 7;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].name, name) == 0)
            return smbkit_is_error(rows[i].status) ? rows[i].status : SMBKIT_STATUS_SUCCESS;
    return SMBKIT_STATUS_SUCCESS;
}

static void error_share_close(void *vol)
{
    struct error *e = vol;
    smbkit_free(e->path);
    smbkit_free(e);
}

static bool set_up(struct error *e, const struct smbkit_arg *args, size_t count)
{
    const char *name = smbkit_arg_text(args, count, "status");
    e->status = find_status(name);
    e->nth = smbkit_arg_number(args, count, "nth");
    e->every = smbkit_arg_number(args, count, "every");
    e->percent = smbkit_arg_number(args, count, "percent");
    e->max = smbkit_arg_number(args, count, "count");
    e->seed = smbkit_arg_number(args, count, "seed");
    e->after = smbkit_arg_bool(args, count, "after");
    if (e->status != SMBKIT_STATUS_SUCCESS)
        return smbkit_arg_calls(e->share, args, count, "ops", &e->ops);
    smbkit_error(e->share, "status=%s: must be the name of an error, as in ACCESS_DENIED", name);
    return false;
}

static smbkit_status error_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                      size_t count, void **vol)
{
    struct error *e = smbkit_alloc(sizeof(*e));
    if (e == NULL || (e->path = smbkit_arg_copy(args, count, "while")) == NULL) {
        smbkit_free(e);
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    e->share = share;
    if (!set_up(e, args, count)) {
        error_share_close(e);
        return SMBKIT_STATUS_INVALID_PARAMETER;
    }
    *vol = e;
    return SMBKIT_STATUS_SUCCESS;
}

/* Mixes the bits of a number (the finalizer of SplitMix64): neighbours have nothing in common. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

/* Shall this one, the nth that it could be, fail? */
static bool its_turn(const struct error *e, uint64_t n)
{
    if (e->nth != 0)
        return n == e->nth;
    if (e->every != 0)
        return n % e->every == 0;
    return mix(e->seed + n * 0x9e3779b97f4a7c15ull) % 100 < e->percent;
}

static bool shall_fail(struct error *e, const struct smbkit_call *call)
{
    if (!(e->ops & 1ull << call->code) || strcmp(call->name, "close") == 0 ||
        (e->path[0] != '\0' && access(e->path, F_OK) != 0))
        return false;
    uint64_t n = atomic_fetch_add(&e->count, 1) + 1;
    if (!its_turn(e, n))
        return false;
    return e->max == 0 || atomic_fetch_add(&e->failed, 1) < e->max;
}

/* --- failing after the work --- */

static void fail_now(struct smbkit_op *op, void *vol, void *ctx)
{
    smbkit_reply_status(op, ((const struct error *)vol)->status);
}

static void close_opened(struct smbkit_op *op, void *vol, void *file)
{
    if (smbkit_then(op, fail_now, NULL))
        smbkit_next_close(op, file);
    else
        smbkit_sleep(op, 1000000, close_opened, file); /* memory may be there again */
}

static void fail_done(struct smbkit_op *op, void *vol, void *ctx)
{
    struct smbkit_result r;
    smbkit_result(op, &r);
    if (r.file == NULL)
        fail_now(op, vol, NULL);
    else if (smbkit_then(op, close_opened, r.file))
        smbkit_next(op)->cleanup(op, NULL, r.file, 0);
    else
        smbkit_reply_result(op);
}

static void error_any(struct smbkit_op *op, void *vol, const struct smbkit_call *call)
{
    struct error *e = vol;
    bool fails = shall_fail(e, call);
    if (fails)
        smbkit_log(e->share, 2, "%s fails with %s", call->name, smbkit_status_name(e->status));
    if (!fails || (e->after && smbkit_then(op, fail_done, NULL)))
        smbkit_pass(op);
    else
        fail_now(op, e, NULL);
}

static const struct smbkit_param error_params[] = {
    {.name = "status",
     .type = SMBKIT_PARAM_STRING,
     .default_value = "IO_DEVICE_ERROR",
     .text = "the error, by name"},
    SMBKIT_PARAM_OPS,
    {.name = "nth",
     .type = SMBKIT_PARAM_UINT,
     .max = UINT64_MAX,
     .default_value = "0",
     .text = "only the nth of them fails"},
    {.name = "every",
     .type = SMBKIT_PARAM_UINT,
     .max = UINT64_MAX,
     .default_value = "0",
     .text = "every nth of them fails"},
    {.name = "percent",
     .type = SMBKIT_PARAM_UINT,
     .max = 100,
     .default_value = "100",
     .text = "so many of a hundred fail, by chance"},
    {.name = "seed",
     .type = SMBKIT_PARAM_UINT,
     .max = UINT64_MAX,
     .default_value = "1",
     .text = "the same seed fails the same ones"},
    {.name = "count",
     .type = SMBKIT_PARAM_UINT,
     .max = UINT64_MAX,
     .default_value = "0",
     .text = "no more than this many fail; 0: any"},
    {.name = "after",
     .type = SMBKIT_PARAM_BOOL,
     .default_value = "off",
     .text = "the work is done, but the answer an error"},
    {.name = "while",
     .type = SMBKIT_PARAM_STRING,
     .default_value = "",
     .text = "only while there is a file of this path"},
    {.name = NULL},
};

SMBKIT_FILTER_TABLE = {
    SMBKIT_FILTER_INIT,
    .thread_model = SMBKIT_THREAD_ASYNC,
    .name = "error",
    .version = SMBKIT_VERSION,
    .summary = "some operations fail",
    .params = error_params,
    .any = error_any,
    .vfs = {.share_open = error_share_open, .share_close = error_share_close},
};
