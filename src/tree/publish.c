// SPDX-License-Identifier: Apache-2.0
/* What plugins call to publish, to change what is published, and to ask. Any thread. */
#include "base/mem.h"
#include "plat/thread.h"
#include "tree/tree_int.h"
#include <string.h>

#define SPEC_FIRST_SIZE (offsetof(struct smbkit_node_spec, limit) + sizeof(size_t))

bool tree_spec_load(const struct smbkit_node_spec *spec, struct smbkit_node_spec *full)
{
    if (spec == NULL || spec->struct_size < SPEC_FIRST_SIZE || spec->name == NULL)
        return false;
    *full = (struct smbkit_node_spec){0};
    memcpy(full, spec, MIN(spec->struct_size, sizeof(*full)));
    bool folder = tree_spec_folder(full);
    if (full->folder != NULL && full->folder->struct_size == 0)
        return false;
    if (full->file != NULL && (folder || full->file->struct_size == 0))
        return false;
    return full->data != NULL || full->data_size == 0;
}

/* Is this thread publishing in `load`, in a folder that nobody has looked into before? Then nobody
   can miss being told. */
static bool loading_first(const struct smbkit_node *folder)
{
    uintptr_t self = thread_self();
    for (; folder != NULL; folder = tree_node_parent(folder))
        if (folder->dir->loader == self && !folder->dir->loaded)
            return true;
    return false;
}

/* With the lock held. On success the entry belongs to the folder. */
static smbkit_status add_locked(struct smbkit_node *parent, struct tree_entry *e,
                                struct smbkit_node *n, uint32_t flags, struct smbkit_node **out,
                                struct tree_dead *dead)
{
    const struct tree_dir *d = parent->dir;
    const struct tree_origin *origin = loading_first(parent) ? &tree_by_nobody : &tree_by_plugin;
    if (!tree_node_in_tree(parent))
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    const struct tree_entry *old = tree_dir_find(d, e->name, e->name_len, false);
    if (old != NULL) {
        old->node->round = d->round;
        if (!(flags & SMBKIT_NODE_REPLACE) || old->node->fixture != n->fixture) {
            if (out != NULL)
                *out = tree_node_get(old->node);
            return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
        }
    }
    if (tree_dir_find(d, e->name, e->name_len, true) != NULL)
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    smbkit_status status = tree_dir_take(parent, e);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    if (old != NULL)
        tree_unpublish(old->node, origin, dead);
    tree_publish(e, n, origin);
    n->own_release = true;
    tree_trim(parent, origin, dead);
    if (out != NULL)
        *out = tree_node_get(n);
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status add(struct smbkit_node *parent, const struct smbkit_node_spec *spec,
                         bool fixture, struct smbkit_node **out)
{
    char name[TREE_NAME_CAP];
    size_t len;
    struct tree_dead dead;
    struct smbkit_tree *t = parent->tree;
    if (!tree_name_out(t, spec->name, strlen(spec->name), name, &len))
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    if (parent->dir == NULL)
        return SMBKIT_STATUS_NOT_A_DIRECTORY;
    struct tree_entry *e = tree_entry_new(name, len);
    struct smbkit_node *n = e != NULL ? tree_node_new(t, tree_spec_folder(spec)) : NULL;
    smbkit_status status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (n == NULL) {
        tree_entry_free(e);
        return status;
    }
    n->fixture = fixture;
    bool filled = tree_node_fill(n, spec);
    tree_enter(t, &dead);
    if (filled)
        status = add_locked(parent, e, n, spec->flags, out, &dead);
    tree_node_put(n, &dead);
    tree_leave(t, &dead);
    if (status != SMBKIT_STATUS_SUCCESS)
        tree_entry_free(e);
    return status;
}

smbkit_status smbkit_tree_add(struct smbkit_node *parent, const struct smbkit_node_spec *spec,
                              struct smbkit_node **out)
{
    struct smbkit_node_spec full;
    if (out != NULL)
        *out = NULL;
    if (parent == NULL || !tree_spec_load(spec, &full))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    MAGIC_CHECK(parent, NODE_MAGIC);
    return add(parent, &full, false, out);
}

smbkit_status smbkit_tree_add_folder(struct smbkit_node *parent, const char *name,
                                     const struct smbkit_folder_ops *ops, void *ctx,
                                     struct smbkit_node **out)
{
    const struct smbkit_node_spec spec = {
        .struct_size = sizeof(spec),
        .name = name,
        .flags = SMBKIT_NODE_FOLDER,
        .folder = ops,
        .ctx = ctx,
    };
    return smbkit_tree_add(parent, &spec, out);
}

smbkit_status smbkit_tree_add_ring(struct smbkit_node *parent, const char *name, size_t limit,
                                   struct smbkit_node **out)
{
    const struct smbkit_node_spec spec = {
        .struct_size = sizeof(spec),
        .name = name,
        .flags = SMBKIT_NODE_FOLDER,
        .limit = limit,
    };
    return smbkit_tree_add(parent, &spec, out);
}

smbkit_status smbkit_tree_add_file(struct smbkit_node *parent, const char *name,
                                   const struct smbkit_file_ops *ops, void *ctx,
                                   struct smbkit_node **out)
{
    const struct smbkit_node_spec spec = {
        .struct_size = sizeof(spec),
        .name = name,
        .file = ops,
        .ctx = ctx,
    };
    return smbkit_tree_add(parent, &spec, out);
}

smbkit_status smbkit_tree_add_bytes(struct smbkit_node *parent, const char *name, const void *data,
                                    size_t size, struct smbkit_node **out)
{
    const struct smbkit_node_spec spec = {
        .struct_size = sizeof(spec),
        .name = name,
        .data = data,
        .data_size = size,
    };
    return smbkit_tree_add(parent, &spec, out);
}

smbkit_status tree_add_fixture(struct smbkit_node *folder, const char *name, const void *data,
                               size_t size)
{
    const struct smbkit_node_spec spec = {
        .struct_size = sizeof(spec),
        .name = name,
        .flags = SMBKIT_NODE_REPLACE,
        .attributes = SMBKIT_ATTR_HIDDEN | SMBKIT_ATTR_SYSTEM,
        .data = data,
        .data_size = size,
    };
    return add(folder, &spec, true, NULL);
}

void tree_remove_fixture(struct smbkit_node *folder, const char *name)
{
    struct tree_dead dead;
    tree_enter(folder->tree, &dead);
    const struct tree_entry *e = tree_dir_find(folder->dir, name, strlen(name), false);
    if (e != NULL && e->node->fixture)
        tree_unpublish(e->node, &tree_by_plugin, &dead);
    tree_leave(folder->tree, &dead);
}

/* --- changing --- */

/* With the lock held. */
static void modified(struct smbkit_node *n)
{
    n->write_time = n->change_time = tree_now(n->tree);
    tree_tell(n, SMBKIT_ACTION_MODIFIED, &tree_by_plugin);
}

void smbkit_node_update(struct smbkit_node *n)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    mutex_lock(&n->tree->lock);
    n->stale = !n->dirty; /* what a client is writing wins */
    modified(n);
    mutex_unlock(&n->tree->lock);
}

void smbkit_node_set_size(struct smbkit_node *n, uint64_t size)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    mutex_lock(&n->tree->lock);
    n->size = size;
    n->stale = !n->dirty;
    modified(n);
    mutex_unlock(&n->tree->lock);
}

smbkit_status smbkit_node_set_bytes(struct smbkit_node *n, const void *data, size_t size)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    if (!n->fixed)
        return SMBKIT_STATUS_INVALID_DEVICE_REQUEST;
    if (data == NULL && size > 0)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    struct tree_bytes *b = tree_bytes_new(data, size);
    if (b == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    mutex_lock(&n->tree->lock);
    struct tree_bytes *old = n->bytes;
    n->bytes = b;
    modified(n);
    mutex_unlock(&n->tree->lock);
    tree_bytes_unref(old);
    return SMBKIT_STATUS_SUCCESS;
}

void smbkit_node_set_info(struct smbkit_node *n, const struct smbkit_attr *attr, uint32_t which)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    mutex_lock(&n->tree->lock);
    tree_set_info(n, attr, which);
    tree_tell(n, SMBKIT_ACTION_MODIFIED, &tree_by_plugin);
    mutex_unlock(&n->tree->lock);
}

void smbkit_node_remove(struct smbkit_node *n)
{
    struct tree_dead dead;
    MAGIC_CHECK(n, NODE_MAGIC);
    tree_enter(n->tree, &dead);
    if (n->entry != NULL)
        tree_unpublish(n, &tree_by_plugin, &dead);
    else if (n->root)
        tree_empty(n, &tree_by_plugin, &dead);
    tree_leave(n->tree, &dead);
}

void smbkit_node_clear(struct smbkit_node *n)
{
    struct tree_dead dead;
    MAGIC_CHECK(n, NODE_MAGIC);
    tree_enter(n->tree, &dead);
    tree_empty(n, &tree_by_plugin, &dead);
    tree_leave(n->tree, &dead);
}

/* With the lock held. */
static smbkit_status rename_locked(struct smbkit_node *n, struct smbkit_node *parent,
                                   struct tree_entry *e, struct tree_dead *dead)
{
    if (n->root)
        return SMBKIT_STATUS_CANNOT_DELETE;
    if (n->entry == NULL)
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    if (parent == NULL)
        parent = n->entry->folder;
    if (parent->dir == NULL)
        return SMBKIT_STATUS_NOT_A_DIRECTORY;
    if (!tree_node_in_tree(parent))
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    if (tree_above(n, parent))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    const struct tree_entry *other = tree_dir_find(parent->dir, e->name, e->name_len, false);
    if ((other != NULL && other->node != n) ||
        tree_dir_find(parent->dir, e->name, e->name_len, true) != NULL)
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    smbkit_status status = tree_dir_take(parent, e);
    if (status == SMBKIT_STATUS_SUCCESS)
        tree_move(n, e, &tree_by_plugin, dead);
    return status;
}

smbkit_status smbkit_node_rename(struct smbkit_node *n, struct smbkit_node *parent,
                                 const char *name)
{
    char shown[TREE_NAME_CAP];
    size_t len;
    struct tree_dead dead;
    MAGIC_CHECK(n, NODE_MAGIC);
    struct smbkit_tree *t = n->tree;
    if (name == NULL || (parent != NULL && parent->tree != t))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (!tree_name_out(t, name, strlen(name), shown, &len))
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    struct tree_entry *e = tree_entry_new(shown, len);
    if (e == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    tree_enter(t, &dead);
    smbkit_status status = rename_locked(n, parent, e, &dead);
    tree_leave(t, &dead);
    if (status != SMBKIT_STATUS_SUCCESS)
        tree_entry_free(e);
    return status;
}

/* --- asking --- */

struct smbkit_node *smbkit_node_ref(struct smbkit_node *n)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    mutex_lock(&n->tree->lock);
    tree_node_get(n);
    mutex_unlock(&n->tree->lock);
    return n;
}

void smbkit_node_unref(struct smbkit_node *n)
{
    struct tree_dead dead;
    if (n == NULL)
        return;
    MAGIC_CHECK(n, NODE_MAGIC);
    struct smbkit_tree *t = n->tree;
    tree_enter(t, &dead);
    tree_node_put(n, &dead);
    tree_leave(t, &dead);
}

void *smbkit_node_ctx(const struct smbkit_node *n)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    return n->ctx;
}

uint64_t smbkit_node_id(const struct smbkit_node *n)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    return n->id;
}

bool smbkit_node_is_folder(const struct smbkit_node *n)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    return n->dir != NULL;
}

size_t smbkit_node_count(struct smbkit_node *n)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    if (n->dir == NULL)
        return 0;
    mutex_lock(&n->tree->lock);
    size_t count = n->dir->count - n->dir->fixtures;
    mutex_unlock(&n->tree->lock);
    return count;
}

size_t smbkit_node_name(struct smbkit_node *n, char *dst, size_t cap)
{
    char name[TREE_NAME_CAP] = "";
    size_t len = 0;
    MAGIC_CHECK(n, NODE_MAGIC);
    mutex_lock(&n->tree->lock);
    bool there = tree_node_in_tree(n);
    if (n->entry != NULL)
        len = tree_name_in(n->tree, n->entry->name, n->entry->name_len, name);
    mutex_unlock(&n->tree->lock);
    bool fits = there && len < cap;
    if (cap > 0)
        memcpy(dst, fits ? name : "", fits ? len + 1 : 1);
    return fits ? len : SIZE_MAX;
}

struct smbkit_node *smbkit_node_find(struct smbkit_node *n, const char *path)
{
    char name[TREE_NAME_CAP];
    size_t len;
    MAGIC_CHECK(n, NODE_MAGIC);
    struct smbkit_tree *t = n->tree;
    mutex_lock(&t->lock);
    while (n != NULL && *path != '\0') {
        size_t part = strcspn(path, "/");
        const struct tree_entry *e = NULL;
        if (n->dir != NULL && tree_name_out(t, path, part, name, &len))
            e = tree_dir_find(n->dir, name, len, false);
        n = e != NULL ? e->node : NULL;
        path += part + (path[part] == '/');
    }
    if (n != NULL)
        tree_node_get(n);
    mutex_unlock(&t->lock);
    return n;
}
