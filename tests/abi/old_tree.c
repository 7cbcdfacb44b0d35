// SPDX-License-Identifier: Apache-2.0
/*
 * A tree of version 1 of the interface, kept as a binary (old_tree-amd64.so) so that a later server
 * can show that it still loads it. Not to be changed. Built by tests/abi/build.sh.
 *
 *   hello.txt    bytes
 *   upper.txt    made when it is asked for, and can be written: shows what was written in capitals
 *   counted.txt  read piece by piece
 *   lazy/        made at the first look
 *   any/NAME     whatever is asked for
 *   ring/        the newest three of what was made in new/
 *   new/         files can be made, renamed and deleted
 */
#include <smbkit/tree.h>
#include <string.h>

struct old {
    struct smbkit_node *ring;
    char text[256];
    size_t size;
};

static smbkit_status upper_get(struct smbkit_op *op, void *ctx, void **data, size_t *size)
{
    const struct old *o = ctx;
    *size = o->size;
    *data = smbkit_alloc(sizeof(o->text));
    if (*data == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    memcpy(*data, o->text, o->size);
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status upper_put(struct smbkit_op *op, void *ctx, const void *data, size_t size)
{
    struct old *o = ctx;
    if (size > sizeof(o->text))
        return SMBKIT_STATUS_DISK_FULL;
    memcpy(o->text, data, size);
    o->size = size;
    for (size_t i = 0; i < size; i++)
        if (o->text[i] >= 'a' && o->text[i] <= 'z')
            o->text[i] = (char)(o->text[i] - 'a' + 'A');
    return SMBKIT_STATUS_SUCCESS;
}

static const struct smbkit_file_ops upper_ops = {
    .struct_size = sizeof(upper_ops), .get = upper_get, .put = upper_put};

static smbkit_status counted_size(struct smbkit_op *op, void *ctx, uint64_t *size)
{
    *size = 1000;
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status counted_read(struct smbkit_op *op, void *ctx, void *handle, uint64_t offset,
                                  void *buffer, uint32_t length, uint32_t *done)
{
    uint64_t left = offset < 1000 ? 1000 - offset : 0;
    *done = left < length ? (uint32_t)left : length;
    for (uint32_t i = 0; i < *done; i++)
        ((char *)buffer)[i] = (char)('0' + (offset + i) % 10);
    return SMBKIT_STATUS_SUCCESS;
}

static bool counted_cache(void *ctx)
{
    return false;
}

static const struct smbkit_file_ops counted_ops = {.struct_size = sizeof(counted_ops),
                                                   .size = counted_size,
                                                   .read = counted_read,
                                                   .can_cache = counted_cache};

static smbkit_status lazy_load(struct smbkit_op *op, void *ctx, struct smbkit_node *folder)
{
    return smbkit_tree_add_bytes(folder, "made", "late\n", 5, NULL);
}

static const struct smbkit_folder_ops lazy_ops = {.struct_size = sizeof(lazy_ops),
                                                  .load = lazy_load};

static smbkit_status any_missing(struct smbkit_op *op, void *ctx, struct smbkit_node *folder,
                                 const char *name)
{
    return smbkit_tree_add_bytes(folder, name, name, strlen(name), NULL);
}

static const struct smbkit_folder_ops any_ops = {.struct_size = sizeof(any_ops),
                                                 .missing = any_missing};

static smbkit_status new_write(struct smbkit_op *op, void *ctx, void *handle, uint64_t offset,
                               const void *data, uint32_t length)
{
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status new_set_size(struct smbkit_op *op, void *ctx, void *handle, uint64_t size)
{
    return SMBKIT_STATUS_SUCCESS;
}

static const struct smbkit_file_ops new_ops = {
    .struct_size = sizeof(new_ops), .write = new_write, .set_size = new_set_size};

static smbkit_status new_create(struct smbkit_op *op, void *ctx, struct smbkit_node *folder,
                                struct smbkit_node_spec *spec)
{
    const struct old *o = ctx;
    spec->file = &new_ops;
    return smbkit_tree_add_bytes(o->ring, spec->name, "x", 1, NULL);
}

static smbkit_status new_rename(struct smbkit_op *op, void *ctx, struct smbkit_node *folder,
                                const struct smbkit_rename *rename)
{
    return strcmp(rename->name, "no") == 0 ? SMBKIT_STATUS_ACCESS_DENIED : SMBKIT_STATUS_SUCCESS;
}

static smbkit_status new_remove(struct smbkit_op *op, void *ctx, struct smbkit_node *folder,
                                struct smbkit_node *child)
{
    return SMBKIT_STATUS_SUCCESS;
}

static const struct smbkit_folder_ops new_folder_ops = {.struct_size = sizeof(new_folder_ops),
                                                        .create_file = new_create,
                                                        .rename = new_rename,
                                                        .remove = new_remove};

static void old_release(void *ctx)
{
    struct old *o = ctx;
    smbkit_node_unref(o->ring);
    smbkit_free(o);
}

static void old_stop(void *ctx)
{
    struct old *o = ctx;
    smbkit_node_unref(o->ring);
    o->ring = NULL;
}

static void old_space(void *ctx, struct smbkit_statfs *st)
{
    st->total_bytes = 64u << 20;
    st->free_bytes = 16u << 20;
}

static smbkit_status fill(struct smbkit_node *root, struct old *o)
{
    const struct smbkit_node_spec spec = {.struct_size = sizeof(spec),
                                          .name = "counted.txt",
                                          .file = &counted_ops,
                                          .attributes = SMBKIT_ATTR_READONLY};
    smbkit_status status = smbkit_tree_add_bytes(root, "hello.txt", "Hello!\n", 7, NULL);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = smbkit_tree_add_file(root, "upper.txt", &upper_ops, o, NULL);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = smbkit_tree_add(root, &spec, NULL);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = smbkit_tree_add_folder(root, "lazy", &lazy_ops, NULL, NULL);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = smbkit_tree_add_folder(root, "any", &any_ops, NULL, NULL);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = smbkit_tree_add_ring(root, "ring", 3, &o->ring);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = smbkit_tree_add_folder(root, "new", &new_folder_ops, o, NULL);
    return status;
}

static smbkit_status setup(struct smbkit_share *share, const struct smbkit_arg *args, size_t count,
                           struct smbkit_tree **tree)
{
    struct old *o = smbkit_alloc(sizeof(*o));
    struct smbkit_tree_options options = {.struct_size = sizeof(options),
                                          .ctx = o,
                                          .space = old_space,
                                          .stop = old_stop,
                                          .release = old_release};
    if (o == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    *tree = smbkit_tree_new(&options);
    if (*tree == NULL) {
        smbkit_free(o);
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    return fill(smbkit_tree_root(*tree), o);
}

SMBKIT_TREE_PLUGIN(setup, SMBKIT_THREAD_SERIAL, .name = "old-tree", .version = "1",
                   .summary = "a tree of version 1 of the interface");
