// SPDX-License-Identifier: Apache-2.0
/*
 * Example 2: a thread of the plugin pushes what it sees. It follows a text file, such as a log:
 * each new line becomes a file in the ring folder "lines", which shows the newest of them, and
 * last.txt always holds the last one. Clients that watch see them come.
 *
 * Threads: one follows the file, from setup to stop; it only pushes. There are no callbacks for
 * clients at all.
 */
#include <pthread.h>
#include <smbkit/tree.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LINE_MAX_BYTES 4096 /* the rest of a longer line is left out */
#define POLL_MS        100  /* also how long stop waits */

struct follower {
    FILE *file;
    struct smbkit_node *lines, *last;
    pthread_t thread;
    bool started;
    _Atomic bool ending;
    unsigned long count;
};

static void show(struct follower *f, const char *line, size_t length)
{
    char name[32];
    snprintf(name, sizeof name, "%08lu.txt", ++f->count);
    /* Without memory this line is not shown; the next one may be. */
    smbkit_tree_add_bytes(f->lines, name, line, length, NULL);
    smbkit_node_set_bytes(f->last, line, length);
}

/* Shows the complete lines that have come; keeps the beginning of the next. */
static void read_lines(struct follower *f, char *line, size_t *length)
{
    int c;
    clearerr(f->file); /* the end of the file may have moved */
    while ((c = getc(f->file)) != EOF) {
        if (*length < LINE_MAX_BYTES)
            line[(*length)++] = (char)c;
        if (c == '\n') {
            show(f, line, *length);
            *length = 0;
        }
    }
}

static void *follow(void *ctx)
{
    struct follower *f = ctx;
    char line[LINE_MAX_BYTES];
    size_t length = 0;
    while (!f->ending) {
        read_lines(f, line, &length);
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    }
    return NULL;
}

/* The share is closed: nobody pushes any more when this returns. */
static void stop(void *ctx)
{
    struct follower *f = ctx;
    f->ending = true;
    if (f->started)
        pthread_join(f->thread, NULL);
    smbkit_node_unref(f->lines);
    smbkit_node_unref(f->last);
}

static void release(void *ctx)
{
    struct follower *f = ctx;
    if (f->file != NULL)
        fclose(f->file);
    smbkit_free(f);
}

static smbkit_status begin(struct follower *f, struct smbkit_share *share, const char *path,
                           size_t keep, struct smbkit_node *root)
{
    f->file = fopen(path, "r");
    if (f->file == NULL) {
        smbkit_error(share, "cannot read %s", path);
        return SMBKIT_STATUS_NO_SUCH_FILE;
    }
    smbkit_status status = smbkit_tree_add_ring(root, "lines", keep, &f->lines);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = smbkit_tree_add_bytes(root, "last.txt", NULL, 0, &f->last);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    f->started = pthread_create(&f->thread, NULL, follow, f) == 0;
    return f->started ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
}

static smbkit_status setup(struct smbkit_share *share, const struct smbkit_arg *args, size_t count,
                           struct smbkit_tree **tree)
{
    struct follower *f = smbkit_alloc(sizeof *f);
    if (f == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    const struct smbkit_tree_options options = {
        .struct_size = sizeof options, .ctx = f, .stop = stop, .release = release};
    *tree = smbkit_tree_new(&options);
    if (*tree == NULL) {
        release(f);
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    /* From here on the end of the tree ends the rest, also when this fails. */
    return begin(f, share, smbkit_arg_text(args, count, "file"),
                 (size_t)smbkit_arg_number(args, count, "keep"), smbkit_tree_root(*tree));
}

static const struct smbkit_param params[] = {
    {.name = "file", .type = SMBKIT_PARAM_PATH, .text = "the text file to follow"},
    {.name = "keep",
     .type = SMBKIT_PARAM_UINT,
     .unit = "lines",
     .min = 1,
     .max = 1000000,
     .default_value = "100",
     .text = "how many lines to show"},
    {.name = NULL},
};

SMBKIT_TREE_PLUGIN(setup, SMBKIT_THREAD_ASYNC, .name = "example2", .version = SMBKIT_VERSION,
                   .summary = "example: the newest lines of a log, pushed by a thread",
                   .capabilities = SMBKIT_CAP_READ_ONLY | SMBKIT_CAP_CHANGE_SOURCE,
                   .params = params);
