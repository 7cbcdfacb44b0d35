// SPDX-License-Identifier: Apache-2.0
/*
 * Filters: what stands between the server and a plugin, and may look at, delay, change or answer
 * every operation.
 *
 * THIS INTERFACE IS NOT STABLE, on purpose: a filter must be compiled for the very version of the
 * server that loads it, and is refused by any other. What shall last is a plugin (<smbkit/vfs.h>).
 *
 * A share has a chain of filters; the first one is nearest to the clients, behind the last one is
 * the plugin. A filter is a table of the same callbacks as a plugin's. Each gets an operation and
 * brings it on EXACTLY ONCE, during the call or later, from any thread, by one of these:
 *
 *     smbkit_reply_*(op, ...)                  answers it: the plugin never hears of it
 *     smbkit_pass(op)                          passes it on as it is
 *     smbkit_next(op)->read(op, NULL, ...)     calls the next one: with other arguments, or with
 *                                              another operation than the one that was asked for
 *     smbkit_sleep(op, ns, hook, ctx)          comes back to it later
 *
 * The answer of what was passed on goes to the client by itself. A filter that wants to see it says
 * so before: smbkit_then(op, hook, ctx). The hook then has the operation in its hands like a
 * callback, and brings it on by one of the above, or by
 *
 *     smbkit_reply_result(op)                  answers with what the next one has answered
 *
 * so that a filter can make any number of calls for one operation, each from the hook of the one
 * before. A filter that counts what is read:
 *
 *     static void counted(struct smbkit_op *op, void *filter, void *ctx)
 *     {
 *         struct smbkit_result r;
 *         smbkit_result(op, &r);
 *         atomic_fetch_add((_Atomic uint64_t *)filter, r.length);
 *         smbkit_reply_result(op);
 *     }
 *
 *     static void count_read(struct smbkit_op *op, void *filter, void *file, uint64_t offset,
 *                            uint32_t length)
 *     {
 *         if (smbkit_then(op, counted, NULL))
 *             smbkit_pass(op);
 *         else
 *             smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
 *     }
 *
 * Callbacks and hooks run as the filter's own thread model says, whatever the plugin's is: those of
 * an ASYNC filter on the server's thread, where they must not block.
 *
 * Files. A filter that changes nothing about files hands those of the next one through. One with
 * SMBKIT_FILTER_OWN_FILES has files of its own, each beginning with a struct smbkit_filter_file
 * that names the file of the next one: it makes one in the hook of open and create
 * (smbkit_result_set_file), frees it in `close`, and smbkit_pass does the rest.
 *
 * What no callback is given for is passed on, or goes to `any`; with SMBKIT_FILTER_COMPLETE it gets
 * the default of <smbkit/vfs.h>, made of the filter's own callbacks.
 */
#ifndef SMBKIT_FILTER_H
#define SMBKIT_FILTER_H

#include <smbkit/vfs.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SMBKIT_FILTER_ABI_VERSION 3u /* another one with every change of this file or of vfs.h */

/* An operation as data: what `any` gets. Valid until the operation is brought on. */
struct smbkit_call {
    unsigned code;      /* below 64; a number of this version only (smbkit_call_find) */
    const char *name;   /* the callback's: "open", "read", ... */
    bool changes;       /* it changes files; a cleanup only when it deletes */
    void *file;         /* NULL: it has none */
    const char *path;   /* open, create, path_sd: what is opened; rename, link: the new name; else
                           NULL */
    const char *stream; /* open, create: as in their arguments */
    bool has_range;     /* offset and length are of the data */
    uint64_t offset;    /* of a range */
    uint64_t length;    /* of a range; of a new size: the size; else 0 */
};

/* Files of a filter with SMBKIT_FILTER_OWN_FILES begin with this. */
struct smbkit_filter_file {
    void *next; /* the file of the next one; NULL: it has none, and smbkit_pass must not be used */
};

#define SMBKIT_FILTER_OWN_FILES 0x1u
#define SMBKIT_FILTER_COMPLETE  0x2u

/* What a filter's shared object exports as `smbkit_filter`. `filter` is what vfs.share_open made
   (called with the parameters of the filter; without it there are no parameters, and NULL). */
struct smbkit_filter {
    uint32_t struct_size;
    uint32_t abi_version;
    uint32_t vfs_size;
    enum smbkit_thread_model thread_model;
    const char *name; /* [a-z0-9-]+, the name on the command line */
    const char *version;
    const char *summary;               /* one line */
    uint32_t flags;                    /* SMBKIT_FILTER_* */
    uint32_t add_capabilities;         /* SMBKIT_CAP_* that a share has with it ... */
    uint32_t remove_capabilities;      /* ... and has not */
    const struct smbkit_param *params; /* as in struct smbkit_plugin */

    /* Gets every operation that `vfs` has no callback for. Default: passed on. */
    void (*any)(struct smbkit_op *op, void *filter, const struct smbkit_call *call);
    /* The file is forgotten. To be passed on to the next one, if that has a file; an answer
       (smbkit_reply_status, SUCCESS) ends it here. In place of vfs.close, which a filter must not
       have, because it can bring nothing on. Default: `any`. */
    void (*close)(struct smbkit_op *op, void *filter, void *file);
    /* The plugin, or a filter behind this one, tells of a change (smbkit_notify); clients hear of
       it afterwards. Any thread, maybe with locks of the plugin held. Default: nothing. */
    void (*changed)(void *filter, const char *path, uint32_t action);

    struct smbkit_vfs vfs;
};

/* The beginning of the table and its first members, as SMBKIT_PLUGIN_TABLE = {SMBKIT_PLUGIN_INIT.
   Other names of the table: -DSMBKIT_STATIC_FILTER=name. */
#ifndef SMBKIT_STATIC_FILTER
#define SMBKIT_STATIC_FILTER smbkit_filter
#endif
#define SMBKIT_FILTER_TABLE                                            \
    SMBKIT_API extern const struct smbkit_filter SMBKIT_STATIC_FILTER; \
    const struct smbkit_filter SMBKIT_STATIC_FILTER
#define SMBKIT_FILTER_INIT                                                                 \
    .struct_size = sizeof(struct smbkit_filter), .abi_version = SMBKIT_FILTER_ABI_VERSION, \
    .vfs_size = sizeof(struct smbkit_vfs)

/* --- bringing on --- */

/* Passes the operation on as it was given to the callback; in a hook: too, maybe once more. */
SMBKIT_API void smbkit_pass(struct smbkit_op *op);

/* The callbacks of the next one: `vol` is not used. Each is one way to bring `op` on, with these
   arguments, which must stay valid until the answer (those that the callback was given do). For
   what the next one lacks it does what <smbkit/vfs.h> says. share_open, share_close and close are
   NULL. */
SMBKIT_API const struct smbkit_vfs *smbkit_next(struct smbkit_op *op);
/* Lets the next one forget a file; its answer is SUCCESS. */
SMBKIT_API void smbkit_next_close(struct smbkit_op *op, void *file);

/* `filter` as for callbacks; `ctx` as given with the hook. */
typedef void smbkit_hook(struct smbkit_op *op, void *filter, void *ctx);

/* To be called just before smbkit_pass or a function of smbkit_next: the answer of the next one
   shall come to `hook`, whatever it is. False when memory is out; nothing has happened then. In
   `close` it may be tried again later (smbkit_sleep), because close cannot fail. */
#ifdef __GNUC__
__attribute__((warn_unused_result))
#endif
SMBKIT_API bool
smbkit_then(struct smbkit_op *op, smbkit_hook *hook, void *ctx);

/* Calls `hook` after so many nanoseconds, not earlier; in a hook the results stay as they are.
   Does not end earlier when the operation is cancelled: who sleeps long asks smbkit_op_cancelled
   now and then. */
SMBKIT_API void smbkit_sleep(struct smbkit_op *op, uint64_t ns, smbkit_hook *hook, void *ctx);

/* --- in hooks: what the next one has answered --- */

/* All of an answer but lists. Pointers are valid until the operation is brought on. */
struct smbkit_result {
    smbkit_status status;
    struct smbkit_attr attr; /* zero when the answer has none */
    void *file;              /* open, create: to be closed by whoever drops it */
    const char *path;        /* open, create: the true spelling, or NULL: as asked */
    const void *data;        /* read, get_sd, path_sd, get_reparse */
    size_t length;
    size_t count; /* elements of a list */
    bool end;     /* readdir: there is nothing after them */
    struct smbkit_statfs statfs;
};

SMBKIT_API void smbkit_result(const struct smbkit_op *op, struct smbkit_result *r);
/* Elements of lists, from 0 to count - 1. */
struct smbkit_result_entry {
    const char *name;
    struct smbkit_attr attr;
    uint64_t next_cookie;
};
SMBKIT_API void smbkit_result_entry(const struct smbkit_op *op, size_t i,
                                    struct smbkit_result_entry *e);

/* Answers with it. */
SMBKIT_API void smbkit_reply_result(struct smbkit_op *op);
/* Changes it before. */
SMBKIT_API void smbkit_result_set_attr(struct smbkit_op *op, const struct smbkit_attr *attr);
SMBKIT_API void smbkit_result_set_file(struct smbkit_op *op, void *file);
/* Drops it. All other ways to bring an operation on do that by themselves; it is to be called
   before smbkit_op_buffer, smbkit_dir_add and the like. */
SMBKIT_API void smbkit_result_clear(struct smbkit_op *op);

/* --- operations by name --- */

/* The operation in the hands of the filter, as data. */
SMBKIT_API void smbkit_call_of(const struct smbkit_op *op, struct smbkit_call *call);
/* How many operations there are, and their names. NULL from the end on. */
SMBKIT_API const char *smbkit_call_name(unsigned code);
/* Has a table of this size (of a plugin or filter) a callback for it? */
SMBKIT_API bool smbkit_call_present(const struct smbkit_vfs *vfs, size_t vfs_size, unsigned code);
/* A list of names, separated by ',' ('+' where that is taken by the command line), as bits 1 <<
   code. Also: "all", "changes" (what changes files), "data" (read, write). False: `bad` (may be
   NULL) is the first that is unknown, up to its separator. */
SMBKIT_API bool smbkit_calls_parse(const char *text, uint64_t *mask, const char **bad);

/* --- parameters --- */

/* A filter for some operations is told so by this parameter. */
#define SMBKIT_PARAM_OPS                                                    \
    {                                                                       \
        .name = "ops", .type = SMBKIT_PARAM_STRING, .default_value = "all", \
        .text = "which operations, as in read+write",                       \
    }
/* A list of operations; false, after smbkit_error, when one is unknown. */
SMBKIT_API bool smbkit_arg_calls(struct smbkit_share *share, const struct smbkit_arg *args,
                                 size_t count, const char *key, uint64_t *mask);

#ifdef __cplusplus
}
#endif

#endif
