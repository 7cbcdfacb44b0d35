// SPDX-License-Identifier: Apache-2.0
/*
 * From a path to a node, with the callbacks that publish on demand: `load` for a folder that was
 * not looked into, `missing` for a name that is not there.
 *
 *   not loaded --tree_load--> loading --ok--> loaded --(again)--> loading ...
 *        ^----------error--------'               ^----error---------'
 *
 * One thread loads a folder; others that want it wait for that one. They wait on workers or, with
 * callbacks that do not block, for next to nothing.
 */
#include "plat/thread.h"
#include "tree/tree_int.h"
#include <string.h>

smbkit_status tree_load(struct smbkit_op *op, struct smbkit_node *folder, bool again)
{
    struct smbkit_tree *t = folder->tree;
    struct tree_dir *d = folder->dir;
    uintptr_t self = thread_self();
    if (!TREE_HAS(folder->folder, load))
        return SMBKIT_STATUS_SUCCESS;
    mutex_lock(&t->lock);
    while (d->loader != 0 && d->loader != self)
        cond_wait(&t->loaded, &t->lock);
    if (d->loader == self || (d->loaded && !(again && d->refresh))) {
        mutex_unlock(&t->lock);
        return SMBKIT_STATUS_SUCCESS;
    }
    d->loader = self;
    d->round++;
    mutex_unlock(&t->lock);
    smbkit_status status = folder->folder->load(op, folder->ctx, folder);
    struct tree_dead dead;
    tree_enter(t, &dead);
    d->loader = 0;
    if (status == SMBKIT_STATUS_SUCCESS) {
        if (d->loaded)
            tree_sweep(folder, &dead);
        d->loaded = true;
    }
    cond_broadcast(&t->loaded);
    tree_leave(t, &dead);
    return status;
}

static struct smbkit_node *find(struct smbkit_node *folder, const char *name, size_t len)
{
    struct smbkit_tree *t = folder->tree;
    mutex_lock(&t->lock);
    const struct tree_entry *e = tree_dir_find(folder->dir, name, len, false);
    struct smbkit_node *n = e != NULL ? tree_node_get(e->node) : NULL;
    mutex_unlock(&t->lock);
    return n;
}

static smbkit_status ask(struct smbkit_op *op, struct smbkit_node *folder, const char *name,
                         size_t len)
{
    char plain[TREE_NAME_CAP];
    if (!TREE_HAS(folder->folder, missing) || !vfs_name_valid(name, len))
        return SMBKIT_STATUS_SUCCESS;
    tree_name_in(folder->tree, name, len, plain);
    return folder->folder->missing(op, folder->ctx, folder, plain);
}

smbkit_status tree_lookup(struct smbkit_op *op, struct smbkit_node *folder, const char *name,
                          size_t len, struct smbkit_node **child)
{
    *child = NULL;
    if (folder->dir == NULL)
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    mutex_lock(&folder->tree->lock);
    uint32_t round = folder->dir->round;
    mutex_unlock(&folder->tree->lock);
    smbkit_status status = tree_load(op, folder, false);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    *child = find(folder, name, len);
    if (*child == NULL && folder->dir->refresh) {
        mutex_lock(&folder->tree->lock);
        bool fresh = round != folder->dir->round;
        mutex_unlock(&folder->tree->lock);
        /* a load that began after our question will do, when it is over */
        status = tree_load(op, folder, !fresh);
        if (status == SMBKIT_STATUS_SUCCESS)
            *child = find(folder, name, len);
    }
    if (*child == NULL && status == SMBKIT_STATUS_SUCCESS) {
        status = ask(op, folder, name, len);
        if (status == SMBKIT_STATUS_SUCCESS)
            *child = find(folder, name, len);
    }
    if (*child == NULL && status == SMBKIT_STATUS_SUCCESS)
        status = SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    return status;
}

smbkit_status tree_walk(struct smbkit_op *op, struct smbkit_tree *t, const char *path, size_t len,
                        struct smbkit_node **node)
{
    struct smbkit_node *n = tree_user_root(t, smbkit_op_user(op));
    *node = NULL;
    if (n == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    while (len > 0) {
        const char *slash = memchr(path, '/', len);
        size_t part = slash != NULL ? (size_t)(slash - path) : len;
        size_t step = slash != NULL ? part + 1 : part;
        struct smbkit_node *child;
        smbkit_status status = tree_lookup(op, n, path, part, &child);
        smbkit_node_unref(n);
        if (status == SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND && slash != NULL)
            return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
        if (status != SMBKIT_STATUS_SUCCESS)
            return status;
        n = child;
        path += step;
        len -= step;
    }
    *node = n;
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status tree_walk_parent(struct smbkit_op *op, struct smbkit_tree *t, const char *path,
                               struct smbkit_node **folder, const char **base)
{
    size_t len = strlen(path), at = vfs_path_base(path, len);
    *folder = NULL;
    *base = path + at;
    if (len == 0)
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    smbkit_status status = tree_walk(op, t, path, at > 0 ? at - 1 : 0, folder);
    if (status == SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND)
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    if (status == SMBKIT_STATUS_SUCCESS && (*folder)->dir == NULL) {
        smbkit_node_unref(*folder);
        *folder = NULL;
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    }
    return status;
}
