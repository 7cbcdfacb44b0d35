// SPDX-License-Identifier: Apache-2.0
/* Listings, renames, and the picture of a folder. */
#include "base/mem.h"
#include "tree/tree_int.h"
#include <stdio.h>
#include <string.h>

/* --- listing --- */

/* One entry. False: no room. The lock is held, and given up while the plugin is asked for a size;
   an entry that goes away meanwhile is passed over. */
static bool list_one(struct smbkit_op *op, struct smbkit_node *folder, struct smbkit_node *n,
                     uint64_t cookie, struct tree_dead *dead)
{
    struct smbkit_attr attr;
    bool room = true;
    tree_fill_attr(n, &attr);
    if (n->bytes == NULL && TREE_HAS(n->file, size)) {
        struct smbkit_tree *t = n->tree;
        tree_node_get(n);
        mutex_unlock(&t->lock);
        if (tree_getattr(op, n, &attr) != SMBKIT_STATUS_SUCCESS)
            attr.size = attr.alloc_size = 0; /* it is still worth listing */
        mutex_lock(&t->lock);
        if (tree_node_parent(n) == folder)
            room = smbkit_dir_add(op, n->entry->name, &attr, cookie);
        tree_node_put(n, dead);
        return room;
    }
    return smbkit_dir_add(op, n->entry->name, &attr, cookie);
}

/* Lists what matches behind the cookie; true: all of it. */
static bool list_from(struct smbkit_op *op, struct smbkit_node *folder, uint64_t cookie,
                      const char *pattern)
{
    struct tree_dead dead;
    const struct tree_slot *slot;
    size_t len = strlen(pattern);
    bool all = strcmp(pattern, "*") == 0, room = true;
    tree_enter(folder->tree, &dead);
    while (room && (slot = tree_dir_next(folder->dir, cookie)) != NULL) {
        const struct tree_entry *e = slot->entry;
        uint64_t seq = slot->seq; /* the slots may move while the lock is given up */
        if (e->node != NULL && (all || vfs_match(pattern, len, e->name, e->name_len)))
            room = list_one(op, folder, e->node, seq, &dead);
        cookie = seq;
    }
    tree_leave(folder->tree, &dead);
    return room;
}

/* A name without wildcards: clients look up single files so. */
static void list_name(struct smbkit_op *op, struct smbkit_node *folder, const char *name)
{
    struct smbkit_node *n;
    struct tree_dead dead;
    smbkit_status status = tree_lookup(op, folder, name, strlen(name), &n);
    if (status == SMBKIT_STATUS_SUCCESS) {
        tree_enter(folder->tree, &dead);
        if (tree_node_parent(n) == folder)
            (void)list_one(op, folder, n, UINT64_MAX, &dead);
        tree_node_put(n, &dead);
        tree_leave(folder->tree, &dead);
    }
    if (status == SMBKIT_STATUS_SUCCESS || status == SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND)
        smbkit_reply_readdir(op, true);
    else
        smbkit_reply_status(op, status);
}

void smbkit_tree_vfs_readdir(struct smbkit_op *op, void *vol, void *dir,
                             const struct smbkit_readdir_args *args)
{
    struct smbkit_node *folder = tree_open_from(dir)->node;
    const char *pattern = args->pattern != NULL ? args->pattern : "*";
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (folder->dir == NULL)
        status = SMBKIT_STATUS_INVALID_DEVICE_REQUEST;
    else if (args->cookie == 0 && !vfs_has_wildcard(pattern, strlen(pattern))) {
        list_name(op, folder, pattern);
        return;
    } else if (args->cookie == 0)
        status = tree_load(op, folder, true);
    if (status == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_readdir(op, list_from(op, folder, args->cookie, pattern));
    else
        smbkit_reply_status(op, status);
}

/* --- renaming --- */

struct rename_plan {
    struct smbkit_node *node, *from, *folder, *replaced; /* references but for node */
    const char *base;
    struct tree_entry *entry;
};

static void plan_clear(struct rename_plan *p)
{
    smbkit_node_unref(p->from);
    smbkit_node_unref(p->folder);
    smbkit_node_unref(p->replaced);
}

/* Takes the new name, and holds the folder that the node is in. */
static smbkit_status plan_take(struct rename_plan *p, struct tree_entry *e)
{
    struct tree_dir *d = p->folder->dir;
    if (p->node->root)
        return SMBKIT_STATUS_ACCESS_DENIED;
    if (p->node->entry == NULL || !tree_node_in_tree(p->folder))
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    if (tree_above(p->node, p->folder))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    p->from = tree_node_get(p->node->entry->folder);
    if (p->node->fixture || !TREE_HAS(p->folder->folder, rename) ||
        !TREE_HAS(p->from->folder, rename))
        return SMBKIT_STATUS_ACCESS_DENIED;
    if (tree_dir_find(d, e->name, e->name_len, true) != NULL)
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    smbkit_status status = tree_dir_take(p->folder, e);
    if (status == SMBKIT_STATUS_SUCCESS)
        p->entry = e;
    return status;
}

/* What has the name now may be replaced, or be the node itself under another spelling. */
static smbkit_status plan_target(struct smbkit_op *op, struct rename_plan *p, uint32_t flags)
{
    struct smbkit_node *n;
    smbkit_status status = tree_lookup(op, p->folder, p->base, strlen(p->base), &n);
    if (status == SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND)
        return SMBKIT_STATUS_SUCCESS;
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    if (n == p->node) {
        smbkit_node_unref(n);
        return SMBKIT_STATUS_SUCCESS;
    }
    p->replaced = n;
    if (n->dir != NULL || !(flags & SMBKIT_RENAME_REPLACE))
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    return n->fixture || !TREE_HAS(p->folder->folder, remove) ? SMBKIT_STATUS_ACCESS_DENIED
                                                              : SMBKIT_STATUS_SUCCESS;
}

static smbkit_status plan_make(struct smbkit_op *op, struct rename_plan *p, struct smbkit_tree *t,
                               const char *to, uint32_t flags)
{
    smbkit_status status = tree_walk_parent(op, t, to, &p->folder, &p->base);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = plan_target(op, p, flags);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    size_t len = strlen(p->base);
    if (!vfs_name_valid(p->base, len))
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    struct tree_entry *e = tree_entry_new(p->base, len);
    if (e == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    mutex_lock(&t->lock);
    status = plan_take(p, e);
    mutex_unlock(&t->lock);
    if (status != SMBKIT_STATUS_SUCCESS)
        tree_entry_free(e);
    return status;
}

static smbkit_status plan_run(struct smbkit_op *op, struct tree_volume *v, struct rename_plan *p)
{
    const struct tree_origin origin = tree_by_client(op, v);
    struct tree_dead dead;
    char plain[TREE_NAME_CAP];
    tree_name_in(v->tree, p->base, strlen(p->base), plain);
    const struct smbkit_rename args = {p->node, p->from, plain, p->replaced};
    smbkit_status status = p->folder->folder->rename(op, p->folder->ctx, p->folder, &args);
    tree_enter(v->tree, &dead);
    /* The plugin may have moved things meanwhile. */
    if (status == SMBKIT_STATUS_SUCCESS &&
        (p->node->entry == NULL || !tree_node_in_tree(p->folder) || tree_above(p->node, p->folder)))
        status = SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    if (status == SMBKIT_STATUS_SUCCESS)
        tree_move(p->node, p->entry, &origin, &dead);
    else
        tree_dir_drop(p->entry);
    tree_leave(v->tree, &dead);
    return status;
}

void smbkit_tree_vfs_rename(struct smbkit_op *op, void *vol, void *file, const char *to,
                            uint32_t flags)
{
    struct tree_volume *v = tree_volume_from(vol);
    struct rename_plan p = {.node = tree_open_from(file)->node};
    struct smbkit_attr attr;
    smbkit_status status = plan_make(op, &p, v->tree, to, flags);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = plan_run(op, v, &p);
    plan_clear(&p);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = tree_getattr(op, tree_open_from(file)->node, &attr);
    if (status == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_attr(op, &attr);
    else
        smbkit_reply_status(op, status);
}

/* --- pictures --- */

#define ICON_NAME   "folder.ico"
#define VOLUME_ICON ".VolumeIcon.icns"
/* The root's own AppleDouble file: where macOS keeps what it knows of a folder on file systems
   without streams. */
#define APPLE_DOUBLE "._."

static const char desktop_ini[] = "[.ShellClassInfo]\r\n"
                                  "IconResource=" ICON_NAME ",0\r\n"
                                  "IconFile=" ICON_NAME "\r\n"
                                  "IconIndex=0\r\n";

/* Says of the root that it has a picture of its own: an AppleDouble header with two parts, 32 bytes
   of Finder information (kHasCustomIcon, 0x0400, in the flags at 8) and an empty resource fork. */
static const uint8_t apple_double[82] = {
    0x00, 0x05, 0x16, 0x07, 0x00, 0x02, 0x00, 0x00,       /* magic, version 2 */
    'M',  'a',  'c',  ' ',  'O',  'S',  ' ',  'X',        /* home of the file, padded: */
    ' ',  ' ',  ' ',  ' ',  ' ',  ' ',  ' ',  ' ',        /* 16 bytes */
    0x00, 0x02,                                           /* parts */
    0x00, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 50,         /* Finder information: at 50, */
    0x00, 0x00, 0x00, 32,   0x00, 0x00, 0x00, 0x02,       /* 32 bytes; resource fork: */
    0x00, 0x00, 0x00, 82,   0x00, 0x00, 0x00, 0x00,       /* at 82, none */
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, /* 50: flags at 58 */
};

/* Publishes or takes away one of the files. */
static smbkit_status set_fixture(struct smbkit_node *folder, const char *name, const void *data,
                                 size_t size)
{
    if (data != NULL)
        return tree_add_fixture(folder, name, data, size);
    tree_remove_fixture(folder, name);
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status smbkit_tree_set_icon(struct smbkit_node *folder, const void *ico, size_t ico_size,
                                   const void *icns, size_t icns_size)
{
    if (folder == NULL)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    MAGIC_CHECK(folder, NODE_MAGIC);
    if (folder->dir == NULL)
        return SMBKIT_STATUS_NOT_A_DIRECTORY;
    if (!folder->root)
        icns = NULL;
    smbkit_status status = set_fixture(folder, ICON_NAME, ico, ico_size);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = set_fixture(folder, "desktop.ini", ico != NULL ? desktop_ini : NULL,
                             sizeof(desktop_ini) - 1);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = set_fixture(folder, VOLUME_ICON, icns, icns_size);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = set_fixture(folder, APPLE_DOUBLE, icns != NULL ? apple_double : NULL,
                             sizeof(apple_double));
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    /* Explorer reads desktop.ini in system folders. READONLY would do too, but nobody could delete
       the folder then. */
    mutex_lock(&folder->tree->lock);
    struct smbkit_attr attr = {.attributes = folder->attributes & ~SMBKIT_ATTR_SYSTEM};
    if (ico != NULL)
        attr.attributes |= SMBKIT_ATTR_SYSTEM;
    tree_set_info(folder, &attr, SMBKIT_SET_ATTRIBUTES);
    tree_tell(folder, SMBKIT_ACTION_MODIFIED, &tree_by_plugin);
    mutex_unlock(&folder->tree->lock);
    return SMBKIT_STATUS_SUCCESS;
}
