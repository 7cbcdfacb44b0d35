// SPDX-License-Identifier: Apache-2.0
/*
 * The log filter: one line for each operation, with its arguments, its answer and how long it took.
 *
 *     14:03:07.123456 alice read #7 0+65536 -> SUCCESS 65536 bytes, 212 us
 *
 * Files are known by number; the line of `open` says which path got which number.
 *
 * Threads: SMBKIT_THREAD_ASYNC. Lines are written with one write() each to a descriptor that
 * appends, so that lines of several threads and programs do not mix. A disk that is slow to take
 * them slows the server: it is for looking for faults.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <smbkit/filter.h>

#define LINE_MAX_LEN 1024

struct log {
    int fd;
    uint64_t ops;
    _Atomic uint64_t last_number;
};

/* A file: its number. */
struct log_file {
    struct smbkit_filter_file base;
    uint64_t number;
};

/* An operation on its way. */
struct log_op {
    struct timespec begun;
    struct log_file *file; /* open and create: the new one */
    char what[LINE_MAX_LEN / 2];
};

static smbkit_status log_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                    size_t count, void **vol)
{
    const char *path = smbkit_arg_text(args, count, "file");
    struct log *l = smbkit_alloc(sizeof(*l));
    if (l == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (!smbkit_arg_calls(share, args, count, "ops", &l->ops)) {
        smbkit_free(l);
        return SMBKIT_STATUS_INVALID_PARAMETER;
    }
    l->fd = path[0] == '\0' ? dup(STDERR_FILENO)
                            : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (l->fd < 0) {
        smbkit_error(share, "file=%s: %s", path, strerror(errno));
        smbkit_free(l);
        return SMBKIT_STATUS_INVALID_PARAMETER;
    }
    *vol = l;
    return SMBKIT_STATUS_SUCCESS;
}

static void log_share_close(void *vol)
{
    struct log *l = vol;
    close(l->fd);
    smbkit_free(l);
}

/* --- lines --- */

/* Text of a client: without what could forge a line. */
static void add_text(char *dst, size_t cap, const char *text)
{
    size_t n = strlen(dst);
    for (; *text != '\0' && n + 1 < cap; text++)
        dst[n++] = (unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text;
    dst[n] = '\0';
}

static void describe(struct log_op *o, const struct smbkit_op *op, const struct smbkit_call *c)
{
    size_t cap = sizeof(o->what);
    const struct log_file *file = c->file;
    char number[64];
    o->what[0] = '\0';
    add_text(o->what, cap, smbkit_op_user(op)[0] != '\0' ? smbkit_op_user(op) : "-");
    add_text(o->what, cap, " ");
    add_text(o->what, cap, c->name);
    if (file != NULL) {
        snprintf(number, sizeof(number), " #%llu", (unsigned long long)file->number);
        add_text(o->what, cap, number);
    }
    if (c->path != NULL) {
        add_text(o->what, cap, " '");
        add_text(o->what, cap, c->path);
        if (c->stream != NULL) {
            add_text(o->what, cap, ":");
            add_text(o->what, cap, c->stream);
        }
        add_text(o->what, cap, "'");
    }
    if (c->has_range)
        snprintf(number, sizeof(number), " %llu+%llu", (unsigned long long)c->offset,
                 (unsigned long long)c->length);
    else
        snprintf(number, sizeof(number), " %llu", (unsigned long long)c->length);
    if (c->has_range || c->length > 0)
        add_text(o->what, cap, number);
}

static uint64_t micros_since(const struct timespec *then)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)((now.tv_sec - then->tv_sec) * 1000000 + (now.tv_nsec - then->tv_nsec) / 1000);
}

static void write_line(const struct log *l, const struct log_op *o, const char *answer)
{
    char line[LINE_MAX_LEN];
    struct timespec ts;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &ts);
    localtime_r(&ts.tv_sec, &tm);
    int n = snprintf(line, sizeof(line), "%02d:%02d:%02d.%06ld %s -> %s, %llu us\n", tm.tm_hour,
                     tm.tm_min, tm.tm_sec, ts.tv_nsec / 1000, o->what, answer,
                     (unsigned long long)micros_since(&o->begun));
    if (n >= (int)sizeof(line))
        n = (int)sizeof(line) - 1;
    if (write(l->fd, line, (size_t)n) < 0) {
        /* Nobody could be told: the operations matter more than their log. */
    }
}

/* --- operations --- */

static void take_over(struct smbkit_op *op, struct log_op *o, void *file)
{
    o->file->base.next = file;
    smbkit_result_set_file(op, o->file);
    o->file = NULL;
}

static void done(struct smbkit_op *op, void *vol, void *ctx)
{
    struct log_op *o = ctx;
    struct smbkit_result r;
    char answer[128];
    int n;
    smbkit_result(op, &r);
    n = snprintf(answer, sizeof(answer), "%s", smbkit_status_name(r.status) + strlen("STATUS_"));
    if (r.file != NULL && o->file != NULL)
        n += snprintf(answer + n, sizeof(answer) - (size_t)n, " #%llu size %llu",
                      (unsigned long long)o->file->number, (unsigned long long)r.attr.size);
    else if (r.length > 0)
        n += snprintf(answer + n, sizeof(answer) - (size_t)n, " %zu bytes", r.length);
    else if (r.count > 0)
        n += snprintf(answer + n, sizeof(answer) - (size_t)n, " %zu entries", r.count);
    write_line(vol, o, answer);
    if (r.file != NULL && o->file != NULL)
        take_over(op, o, r.file);
    smbkit_free(o->file);
    smbkit_free(o);
    smbkit_reply_result(op);
}

/* Passes an operation on, and writes its line when it is answered. */
static void follow(struct smbkit_op *op, struct log *l, struct log_file *opens)
{
    struct smbkit_call call;
    struct log_op *o = smbkit_alloc(sizeof(*o));
    if (o == NULL || !smbkit_then(op, done, o)) {
        smbkit_free(o);
        smbkit_free(opens);
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        return;
    }
    smbkit_call_of(op, &call);
    describe(o, op, &call);
    o->file = opens;
    clock_gettime(CLOCK_MONOTONIC, &o->begun);
    smbkit_pass(op);
}

static void log_any(struct smbkit_op *op, void *vol, const struct smbkit_call *call)
{
    struct log *l = vol;
    if (l->ops & 1ull << call->code)
        follow(op, l, NULL);
    else
        smbkit_pass(op);
}

/* --- files --- */

static void number(struct smbkit_op *op, void *vol, void *ctx)
{
    struct log_file *f = ctx;
    struct smbkit_result r;
    smbkit_result(op, &r);
    if (r.file != NULL) {
        f->base.next = r.file;
        smbkit_result_set_file(op, f);
    } else {
        smbkit_free(f);
    }
    smbkit_reply_result(op);
}

static void start_open(struct smbkit_op *op, struct log *l)
{
    struct smbkit_call call;
    struct log_file *f = smbkit_alloc(sizeof(*f));
    smbkit_call_of(op, &call);
    if (f != NULL && l->ops & 1ull << call.code) {
        f->number = atomic_fetch_add(&l->last_number, 1) + 1;
        follow(op, l, f);
    } else if (f != NULL && smbkit_then(op, number, f)) {
        f->number = atomic_fetch_add(&l->last_number, 1) + 1;
        smbkit_pass(op);
    } else {
        smbkit_free(f);
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    }
}

static void log_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args)
{
    start_open(op, vol);
}

static void log_create(struct smbkit_op *op, void *vol, const struct smbkit_create_args *args)
{
    start_open(op, vol);
}

/* Cannot fail, so its line is written before, and must do without an answer. */
static void log_close(struct smbkit_op *op, void *vol, void *file)
{
    struct log *l = vol;
    struct log_op o = {0};
    struct smbkit_call call;
    void *next = ((struct log_file *)file)->base.next;
    smbkit_call_of(op, &call);
    describe(&o, op, &call);
    clock_gettime(CLOCK_MONOTONIC, &o.begun);
    if (l->ops & 1ull << call.code)
        write_line(l, &o, "SUCCESS");
    smbkit_free(file);
    smbkit_next_close(op, next);
}

static const struct smbkit_param log_params[] = {
    {.name = "file",
     .type = SMBKIT_PARAM_STRING,
     .default_value = "",
     .text = "lines are added to it; default: standard error"},
    SMBKIT_PARAM_OPS,
    {.name = NULL},
};

SMBKIT_FILTER_TABLE = {
    SMBKIT_FILTER_INIT,
    .thread_model = SMBKIT_THREAD_ASYNC,
    .name = "log",
    .version = SMBKIT_VERSION,
    .summary = "a line for each operation",
    .flags = SMBKIT_FILTER_OWN_FILES,
    .params = log_params,
    .any = log_any,
    .close = log_close,
    .vfs = {.share_open = log_share_open,
            .share_close = log_share_close,
            .open = log_open,
            .create = log_create},
};
