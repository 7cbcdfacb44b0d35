// SPDX-License-Identifier: Apache-2.0
/*
 * Example 3: what clients may change. A board for notes of up to 64 KiB, which clients make, write,
 * rename, move and delete, in memory. Each callback is a permission: leave one out, and clients
 * cannot do that.
 *
 * Threads: ASYNC, because nothing here waits for anything: all callbacks run on the server's
 * thread, so there is no lock. Only `release` may run on any thread: the room is atomic.
 */
#include <smbkit/tree.h>
#include <stdatomic.h>
#include <string.h>

#define NOTE_MAX 65536u

struct board {
    uint64_t room;         /* bytes */
    _Atomic uint64_t used; /* NOTE_MAX for each note, whatever is in it */
};

struct note {
    struct board *board;
    size_t size;
    char bytes[NOTE_MAX];
};

/* --- files --- */

static smbkit_status note_get(struct smbkit_op *op, void *ctx, void **data, size_t *size)
{
    const struct note *n = ctx;
    *data = smbkit_alloc(NOTE_MAX); /* smbkit frees it */
    if (*data == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    memcpy(*data, n->bytes, n->size);
    *size = n->size;
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status note_put(struct smbkit_op *op, void *ctx, const void *data, size_t size)
{
    struct note *n = ctx;
    if (size > NOTE_MAX)
        return SMBKIT_STATUS_DISK_FULL;
    if (size > 0)
        memcpy(n->bytes, data, size);
    n->size = size;
    return SMBKIT_STATUS_SUCCESS;
}

/* The note has no name any more, and the last client has closed it. */
static void note_release(void *ctx)
{
    struct note *n = ctx;
    atomic_fetch_sub(&n->board->used, NOTE_MAX);
    smbkit_free(n);
}

static const struct smbkit_file_ops note_ops = {
    .struct_size = sizeof note_ops, .get = note_get, .put = note_put, .release = note_release};

/* --- folders --- */

static smbkit_status make_note(struct smbkit_op *op, void *ctx, struct smbkit_node *folder,
                               struct smbkit_node_spec *spec)
{
    struct board *b = ctx;
    if (atomic_load(&b->used) + NOTE_MAX > b->room)
        return SMBKIT_STATUS_DISK_FULL;
    struct note *n = smbkit_alloc(sizeof *n);
    if (n == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    n->board = b;
    atomic_fetch_add(&b->used, NOTE_MAX);
    spec->file = &note_ops;
    spec->ctx = n;
    return SMBKIT_STATUS_SUCCESS; /* smbkit publishes it under the name that the client gave */
}

static const struct smbkit_folder_ops folder_ops;

static smbkit_status make_folder(struct smbkit_op *op, void *board, struct smbkit_node *folder,
                                 struct smbkit_node_spec *spec)
{
    spec->folder = &folder_ops;
    spec->ctx = board;
    return SMBKIT_STATUS_SUCCESS;
}

/* Names are smbkit's business. */
static smbkit_status allow_rename(struct smbkit_op *op, void *ctx, struct smbkit_node *folder,
                                  const struct smbkit_rename *rename)
{
    return SMBKIT_STATUS_SUCCESS;
}

/* A veto is an error: what begins with "keep" stays. */
static smbkit_status allow_remove(struct smbkit_op *op, void *ctx, struct smbkit_node *folder,
                                  struct smbkit_node *child)
{
    char name[5];
    bool fits = smbkit_node_name(child, name, sizeof name) != SIZE_MAX;
    return fits && strcmp(name, "keep") == 0 ? SMBKIT_STATUS_CANNOT_DELETE : SMBKIT_STATUS_SUCCESS;
}

static const struct smbkit_folder_ops folder_ops = {.struct_size = sizeof folder_ops,
                                                    .create_file = make_note,
                                                    .create_folder = make_folder,
                                                    .rename = allow_rename,
                                                    .remove = allow_remove};

/* --- the share --- */

static void space(void *ctx, struct smbkit_statfs *st)
{
    struct board *b = ctx;
    st->total_bytes = b->room;
    st->free_bytes = b->room - atomic_load(&b->used);
}

static smbkit_status setup(struct smbkit_share *share, const struct smbkit_arg *args, size_t count,
                           struct smbkit_tree **tree)
{
    struct board *b = smbkit_alloc(sizeof *b);
    const struct smbkit_tree_options options = {.struct_size = sizeof options,
                                                .ctx = b,
                                                .root = &folder_ops,
                                                .space = space,
                                                .release = smbkit_free};
    if (b == NULL || (*tree = smbkit_tree_new(&options)) == NULL) {
        smbkit_free(b);
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    b->room = smbkit_arg_number(args, count, "room");
    return SMBKIT_STATUS_SUCCESS;
}

static const struct smbkit_param params[] = {
    {.name = "room",
     .type = SMBKIT_PARAM_SIZE,
     .unit = "bytes",
     .min = NOTE_MAX,
     .max = 1ull << 40,
     .default_value = "64M",
     .text = "for all notes, 64K for each"},
    {.name = NULL},
};

SMBKIT_TREE_PLUGIN(setup, SMBKIT_THREAD_ASYNC, .name = "example3", .version = SMBKIT_VERSION,
                   .summary = "example: a board for notes that clients change", .params = params);
