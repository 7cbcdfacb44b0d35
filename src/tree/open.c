// SPDX-License-Identifier: Apache-2.0
/* Opening, making, deleting, closing. Who may do what is decided here by which callbacks exist. */
#include "base/mem.h"
#include "tree/tree_int.h"
#include <string.h>

#define WRITE_ACCESS (SMBKIT_ACCESS_WRITE | SMBKIT_ACCESS_APPEND)
/* DELETE, WRITE_DAC, WRITE_OWNER: who asks for all of it asks for whatever he can get
   (MAXIMUM_ALLOWED, GENERIC_ALL), not for something that he needs. */
#define ALL_ACCESS 0x000d0000u

/* --- opening --- */

static bool access_allowed(struct smbkit_op *op, const struct smbkit_node *n, uint32_t access)
{
    if (n->dir != NULL || (access & ALL_ACCESS) == ALL_ACCESS)
        return true;
    if ((access & WRITE_ACCESS) && !tree_can_write(n))
        return false;
    return !(access & SMBKIT_ACCESS_EXECUTE) || !TREE_HAS(n->file, can_execute) ||
           n->file->can_execute(op, n->ctx);
}

static void count_open(struct smbkit_node *n)
{
    mutex_lock(&n->tree->lock);
    n->opens++;
    mutex_unlock(&n->tree->lock);
}

/* A document's content goes with its last open. */
static void uncount_open(struct smbkit_node *n)
{
    struct tree_bytes *b = NULL;
    mutex_lock(&n->tree->lock);
    if (--n->opens == 0 && n->bytes != NULL) {
        b = n->bytes;
        n->size = b->size;
        n->bytes = NULL;
        n->dirty = n->stale = false;
    }
    mutex_unlock(&n->tree->lock);
    tree_bytes_unref(b);
}

static void close_node(struct tree_open *h)
{
    const struct smbkit_node *n = h->node;
    if (TREE_HAS(n->file, close))
        n->file->close(n->ctx, h->handle);
    if (tree_is_document(n))
        uncount_open(h->node);
}

/* Asks the plugin, and gets the content of a document. */
static smbkit_status admit(struct smbkit_op *op, struct tree_open *h, uint32_t access)
{
    struct smbkit_node *n = h->node;
    if (!access_allowed(op, n, access))
        return SMBKIT_STATUS_ACCESS_DENIED;
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (TREE_HAS(n->file, open))
        status = n->file->open(op, n->ctx, access, &h->handle);
    if (status != SMBKIT_STATUS_SUCCESS || !tree_is_document(n))
        return status;
    count_open(n);
    status = tree_document_ready(op, n);
    if (status != SMBKIT_STATUS_SUCCESS)
        close_node(h);
    return status;
}

/* The true spelling of the path, when it is another than `asked`. Without memory the client sees
   its own. */
static char *true_path(struct smbkit_node *n, const char *asked)
{
    const struct smbkit_node *top;
    char *copy = NULL;
    mutex_lock(&n->tree->lock);
    const char *path = tree_node_in_tree(n) ? tree_path(n, &top) : NULL;
    if (path != NULL && strcmp(path, asked) != 0)
        copy = mem_strdup(path);
    mutex_unlock(&n->tree->lock);
    return copy;
}

/* Opens a node, whose reference it takes over, and answers. */
static void open_node(struct smbkit_op *op, struct smbkit_node *n, uint32_t access,
                      const char *path)
{
    struct smbkit_attr attr;
    smbkit_status status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    struct tree_open *h = mem_zalloc(sizeof(*h));
    if (h != NULL) {
        MAGIC_SET(h, OPEN_MAGIC);
        h->node = n;
        status = admit(op, h, access);
    }
    if (status == SMBKIT_STATUS_SUCCESS) {
        status = tree_getattr(op, n, &attr);
        if (status != SMBKIT_STATUS_SUCCESS)
            close_node(h);
    }
    if (status != SMBKIT_STATUS_SUCCESS) {
        mem_free(h);
        smbkit_node_unref(n);
        smbkit_reply_status(op, status);
        return;
    }
    char *spelled = true_path(n, path);
    smbkit_reply_open(op, h, &attr, spelled);
    mem_free(spelled);
}

void smbkit_tree_vfs_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args)
{
    struct tree_volume *v = tree_volume_from(vol);
    struct smbkit_node *n;
    smbkit_status status = tree_walk(op, v->tree, args->path, strlen(args->path), &n);
    if (status == SMBKIT_STATUS_SUCCESS && args->stream != NULL) {
        smbkit_node_unref(n);
        status = SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND; /* no file has any */
    }
    if (status == SMBKIT_STATUS_SUCCESS)
        open_node(op, n, args->access, args->path);
    else
        smbkit_reply_status(op, status);
}

void smbkit_tree_vfs_close(void *vol, void *file)
{
    struct tree_open *h = tree_open_from(file);
    close_node(h);
    smbkit_node_unref(h->node);
    MAGIC_WIPE(h);
    mem_free(h);
}

/* --- making --- */

/* Takes the name in the folder, so that nothing can fail any more for its sake. */
static smbkit_status take_name(struct smbkit_node *folder, const char *name,
                               struct tree_entry **entry)
{
    size_t len = strlen(name);
    struct tree_entry *e = tree_entry_new(name, len);
    if (e == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    mutex_lock(&folder->tree->lock);
    if (!tree_node_in_tree(folder))
        status = SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    else if (tree_dir_find(folder->dir, name, len, false) != NULL ||
             tree_dir_find(folder->dir, name, len, true) != NULL)
        status = SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    else
        status = tree_dir_take(folder, e);
    mutex_unlock(&folder->tree->lock);
    if (status != SMBKIT_STATUS_SUCCESS)
        tree_entry_free(e);
    else
        *entry = e;
    return status;
}

/* Lets the plugin make what will be called e->name, and makes `n` of it. */
static smbkit_status ask_create(struct smbkit_op *op, struct smbkit_node *folder,
                                const struct tree_entry *e, uint32_t attributes,
                                struct smbkit_node *n)
{
    char plain[TREE_NAME_CAP];
    struct smbkit_node_spec full, spec = {
                                      .struct_size = sizeof(spec),
                                      .name = plain,
                                      .flags = n->dir != NULL ? SMBKIT_NODE_FOLDER : 0,
                                      .attributes = attributes,
                                      .create_time = smbkit_op_time(op),
                                      .write_time = smbkit_op_time(op),
                                  };
    tree_name_in(folder->tree, e->name, e->name_len, plain);
    smbkit_status status = n->dir != NULL
                               ? folder->folder->create_folder(op, folder->ctx, folder, &spec)
                               : folder->folder->create_file(op, folder->ctx, folder, &spec);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    spec.name = plain;
    spec.struct_size = sizeof(spec);
    if (!tree_spec_load(&spec, &full) || tree_spec_folder(&full) != (n->dir != NULL))
        return SMBKIT_STATUS_INTERNAL_ERROR;
    n->own_release = true;
    return tree_node_fill(n, &full) ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
}

/* The new node, with a reference. */
static smbkit_status make(struct smbkit_op *op, struct tree_volume *v, struct smbkit_node *folder,
                          const char *name, uint32_t attributes, struct smbkit_node **out)
{
    const struct tree_origin origin = tree_by_client(op, v);
    struct tree_dead dead;
    struct tree_entry *e;
    smbkit_status status = take_name(folder, name, &e);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    struct smbkit_node *n = tree_node_new(v->tree, (attributes & SMBKIT_ATTR_DIRECTORY) != 0);
    status =
        n != NULL ? ask_create(op, folder, e, attributes, n) : SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    tree_enter(v->tree, &dead);
    if (status == SMBKIT_STATUS_SUCCESS && !tree_node_in_tree(folder))
        status = SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    if (status == SMBKIT_STATUS_SUCCESS) {
        tree_publish(e, n, &origin);
        tree_trim(folder, &tree_by_plugin, &dead);
        *out = n;
    } else {
        tree_dir_drop(e);
        if (n != NULL)
            tree_node_put(n, &dead);
    }
    tree_leave(v->tree, &dead);
    return status;
}

static bool may_create(const struct smbkit_node *folder, uint32_t attributes)
{
    return attributes & SMBKIT_ATTR_DIRECTORY ? TREE_HAS(folder->folder, create_folder)
                                              : TREE_HAS(folder->folder, create_file);
}

void smbkit_tree_vfs_create(struct smbkit_op *op, void *vol, const struct smbkit_create_args *args)
{
    struct tree_volume *v = tree_volume_from(vol);
    struct smbkit_node *folder, *n = NULL;
    const char *base;
    smbkit_status status = tree_walk_parent(op, v->tree, args->path, &folder, &base);
    if (status == SMBKIT_STATUS_SUCCESS) {
        status = tree_lookup(op, folder, base, strlen(base), &n);
        if (status == SMBKIT_STATUS_SUCCESS) {
            smbkit_node_unref(n);
            status = SMBKIT_STATUS_OBJECT_NAME_COLLISION;
        } else if (status == SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND) {
            status = args->stream != NULL                    ? SMBKIT_STATUS_NOT_SUPPORTED
                     : !may_create(folder, args->attributes) ? SMBKIT_STATUS_ACCESS_DENIED
                     : !vfs_name_valid(base, strlen(base))
                         ? SMBKIT_STATUS_OBJECT_NAME_INVALID
                         : make(op, v, folder, base, args->attributes, &n);
        }
        smbkit_node_unref(folder);
    }
    if (status == SMBKIT_STATUS_SUCCESS)
        open_node(op, n, args->access, args->path);
    else
        smbkit_reply_status(op, status);
}

/* --- deleting --- */

static smbkit_status check_delete(struct smbkit_node *n, const struct smbkit_node *parent)
{
    if (parent == NULL) /* a root, or out of the tree already */
        return n->root ? SMBKIT_STATUS_CANNOT_DELETE : SMBKIT_STATUS_SUCCESS;
    if (n->fixture || !TREE_HAS(parent->folder, remove))
        return SMBKIT_STATUS_ACCESS_DENIED;
    mutex_lock(&n->tree->lock);
    bool full = n->dir != NULL && n->dir->used > n->dir->fixtures;
    mutex_unlock(&n->tree->lock);
    return full ? SMBKIT_STATUS_DIRECTORY_NOT_EMPTY : SMBKIT_STATUS_SUCCESS;
}

/* The folder that a node is in, with a reference; NULL: none. */
static struct smbkit_node *parent_of(struct smbkit_node *n)
{
    mutex_lock(&n->tree->lock);
    struct smbkit_node *parent = tree_node_parent(n);
    if (parent != NULL)
        tree_node_get(parent);
    mutex_unlock(&n->tree->lock);
    return parent;
}

void smbkit_tree_vfs_can_delete(struct smbkit_op *op, void *vol, void *file)
{
    struct smbkit_node *n = tree_open_from(file)->node;
    struct smbkit_node *parent = parent_of(n);
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (n->dir != NULL)
        status = tree_load(op, n, false);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = check_delete(n, parent);
    mutex_lock(&n->tree->lock);
    if (status == SMBKIT_STATUS_SUCCESS && (n->attributes & SMBKIT_ATTR_READONLY))
        status = SMBKIT_STATUS_CANNOT_DELETE;
    mutex_unlock(&n->tree->lock);
    smbkit_node_unref(parent);
    smbkit_reply_status(op, status);
}

static smbkit_status delete_node(struct smbkit_op *op, struct tree_volume *v, struct smbkit_node *n)
{
    const struct tree_origin origin = tree_by_client(op, v);
    struct tree_dead dead;
    struct smbkit_node *parent = parent_of(n);
    smbkit_status status = check_delete(n, parent);
    if (status == SMBKIT_STATUS_SUCCESS && parent != NULL)
        status = parent->folder->remove(op, parent->ctx, parent, n);
    if (status == SMBKIT_STATUS_SUCCESS) {
        tree_enter(v->tree, &dead);
        if (n->entry != NULL)
            tree_unpublish(n, &origin, &dead);
        tree_leave(v->tree, &dead);
    }
    smbkit_node_unref(parent);
    return status;
}

void smbkit_tree_vfs_cleanup(struct smbkit_op *op, void *vol, void *file, uint32_t flags)
{
    struct tree_open *h = tree_open_from(file);
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (flags & SMBKIT_CLEANUP_DELETE)
        status = delete_node(op, tree_volume_from(vol), h->node);
    else if (tree_is_document(h->node))
        status = tree_document_save(op, h);
    smbkit_reply_status(op, status);
}
