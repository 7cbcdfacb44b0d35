// SPDX-License-Identifier: Apache-2.0
/*
 * A plugin for the tests of the program: one file "hello" whose calls block for a while. Built with
 * each thread model, and once for another version of the interface.
 *
 * Breaks the contract on purpose: opening "twice" is answered twice, reading "long" gives too many
 * bytes, opening "hang" takes as long as one likes. Opening "elsewhere" is answered by a thread
 * that the server knows nothing of, which is right.
 *
 * Checks the promise of its thread model: with SERIAL, two calls at once end the process.
 */
#include <smbkit/vfs.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef MODEL
#define MODEL SMBKIT_THREAD_SERIAL
#endif
#ifndef ABI
#define ABI SMBKIT_ABI_VERSION
#endif

#define TEXT "hello from a worker\n"

struct volume {
    uint64_t delay; /* ms */
    uint64_t hang;  /* ms that opening "hang" takes */
    atomic_int inside;
};

/* What a handle is for. */
static char root_handle, hello_handle, long_handle;

static void sleep_ms(uint64_t ms)
{
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static void enter(struct volume *v)
{
    if (atomic_fetch_add(&v->inside, 1) != 0 && MODEL == SMBKIT_THREAD_SERIAL)
        abort();
    sleep_ms(v->delay);
}

/* Before the answer: after it the next call may come. */
static void leave(struct volume *v)
{
    atomic_fetch_sub(&v->inside, 1);
}

static smbkit_status share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                size_t count, void **vol)
{
    struct volume *v = smbkit_alloc(sizeof(*v));
    if (v == NULL)
        return SMBKIT_STATUS_NO_MEMORY;
    v->delay = strtoull(args[0].value, NULL, 10);
    v->hang = strtoull(args[1].value, NULL, 10);
    if (v->delay == 666) {
        smbkit_error(share, "delay=666 is not to my taste");
        smbkit_free(v);
        return SMBKIT_STATUS_INVALID_PARAMETER;
    }
    *vol = v;
    return SMBKIT_STATUS_SUCCESS;
}

static void share_close(void *vol)
{
    smbkit_free(vol);
}

static struct smbkit_attr attr_of(const void *file)
{
    struct smbkit_attr a = {.file_id = 1, .attributes = SMBKIT_ATTR_DIRECTORY};
    if (file == &hello_handle || file == &long_handle)
        a = (struct smbkit_attr){.file_id = 2, .size = sizeof(TEXT) - 1, .alloc_size = 4096};
    return a;
}

static void *answer_elsewhere(void *op)
{
    struct smbkit_attr a = attr_of(&hello_handle);
    sleep_ms(50); /* the callback has returned by then */
    smbkit_reply_open(op, &hello_handle, &a, NULL);
    return NULL;
}

static void open_elsewhere(struct smbkit_op *op)
{
    pthread_t t;
    if (pthread_create(&t, NULL, answer_elsewhere, op) == 0)
        pthread_detach(t);
    else
        smbkit_reply_status(op, SMBKIT_STATUS_NO_MEMORY);
}

static void do_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args)
{
    struct volume *v = vol;
    void *file = NULL;
    bool twice = strcmp(args->path, "twice") == 0; /* the path is gone after the answer */
    bool elsewhere = strcmp(args->path, "elsewhere") == 0;
    enter(v);
    if (args->path[0] == '\0')
        file = &root_handle;
    else if (smbkit_name_compare(args->path, strlen(args->path), "hello", 5) == 0)
        file = &hello_handle;
    else if (strcmp(args->path, "hang") == 0)
        sleep_ms(v->hang);
    else if (strcmp(args->path, "long") == 0)
        file = &long_handle;
    struct smbkit_attr a = attr_of(file);
    leave(v);
    if (elsewhere)
        open_elsewhere(op);
    else if (file != NULL)
        smbkit_reply_open(op, file, &a, NULL);
    else
        smbkit_reply_status(op, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    if (twice)
        smbkit_reply_status(op, SMBKIT_STATUS_ACCESS_DENIED);
}

static void do_getattr(struct smbkit_op *op, void *vol, void *file)
{
    struct smbkit_attr a = attr_of(file);
    enter(vol);
    leave(vol);
    smbkit_reply_attr(op, &a);
}

static void do_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint32_t length)
{
    uint64_t size = sizeof(TEXT) - 1, left = offset < size ? size - offset : 0;
    uint32_t n = left < length ? (uint32_t)left : length;
    char *buffer = smbkit_op_buffer(op);
    enter(vol);
    if (buffer != NULL && n > 0)
        memcpy(buffer, &TEXT[offset], n);
    leave(vol);
    if (buffer != NULL) /* "long" gives more than it was asked for */
        smbkit_reply_read(op, file == &long_handle ? length + 1 : n);
    else
        smbkit_reply_status(op, SMBKIT_STATUS_NO_MEMORY);
}

static void do_readdir(struct smbkit_op *op, void *vol, void *dir,
                       const struct smbkit_readdir_args *args)
{
    struct smbkit_attr a = attr_of(&hello_handle);
    enter(vol);
    if (args->cookie == 0)
        (void)smbkit_dir_add(op, "hello", &a, 1);
    leave(vol);
    smbkit_reply_readdir(op, true);
}

static const struct smbkit_param params[] = {
    {.name = "delay",
     .type = SMBKIT_PARAM_UINT,
     .unit = "ms",
     .max = 10000,
     .default_value = "0",
     .text = "how long every call takes"},
    {.name = "hang",
     .type = SMBKIT_PARAM_UINT,
     .unit = "ms",
     .max = 3600000,
     .default_value = "0",
     .text = "how long opening of 'hang' takes"},
    {.name = NULL},
};

SMBKIT_PLUGIN_TABLE = {
    .struct_size = sizeof(struct smbkit_plugin),
    .abi_version = ABI,
    .vfs_size = sizeof(struct smbkit_vfs),
    .thread_model = MODEL,
    .name = "testing",
    .version = "1",
    .summary = "one file, slowly",
    .fs_name = "NTFS",
    .params = params,
    .vfs = &(const struct smbkit_vfs){.share_open = share_open,
                                      .share_close = share_close,
                                      .open = do_open,
                                      .getattr = do_getattr,
                                      .read = do_read,
                                      .readdir = do_readdir},
};
