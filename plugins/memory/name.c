// SPDX-License-Identifier: Apache-2.0
/*
 * What the memory plugin does with names that exist: listing, rename and link.
 * A move that may fail does so before it changes anything.
 */
#include "ram.h"
#include <string.h>

static void list(struct smbkit_op *op, const struct ram_dir *d,
                 const struct smbkit_readdir_args *args, bool *end)
{
    struct smbkit_attr attr;
    uint64_t at = args->cookie;
    /* A pattern without wildcards is a question for one name: no walk over a large folder. */
    bool one = strpbrk(args->pattern, "*?<>\"") == NULL;
    const struct ram_entry *e =
        one ? ram_dir_find(d, args->pattern, strlen(args->pattern)) : ram_dir_next(d, at);
    *end = true;
    while (e != NULL && e->seq > at) {
        ram_fill_attr(e->node, NULL, &attr);
        *end = smbkit_dir_add(op, e->name, &attr, e->seq);
        if (!*end)
            break;
        at = e->seq;
        e = one ? NULL : ram_dir_next(d, at);
    }
}

void ram_readdir(struct smbkit_op *op, void *vol, void *dir, const struct smbkit_readdir_args *args)
{
    struct ram_volume *v = vol;
    const struct ram_node *n = ((struct ram_handle *)dir)->node;
    bool end;
    if (!ram_is_dir(n)) {
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
        return;
    }
    pthread_mutex_lock(&v->lock);
    list(op, n->dir, args, &end);
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_readdir(op, end);
}

/* Where a name shall go, and what has it now. */
struct target {
    struct ram_dir *dir;
    const char *name;
    size_t len;
    struct ram_entry *taken; /* to be replaced; NULL: nobody */
};

/* Checks `to` for the handle's file; `own` is the entry that may have that name already. */
static smbkit_status find_target(const struct ram_volume *v, const char *to, uint32_t flags,
                                 const struct ram_entry *own, struct target *t)
{
    t->dir = ram_find_parent(v, to, &t->name, NULL);
    if (t->dir == NULL)
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    t->len = strlen(t->name);
    if (t->len == 0)
        return SMBKIT_STATUS_ACCESS_DENIED; /* nothing takes the root's place */
    t->taken = ram_dir_find(t->dir, t->name, t->len);
    if (t->taken == NULL)
        return SMBKIT_STATUS_SUCCESS;
    if (t->taken == own) {
        t->taken = NULL;
        return SMBKIT_STATUS_SUCCESS;
    }
    if (ram_is_dir(t->taken->node) || !(flags & SMBKIT_RENAME_REPLACE))
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    if (t->taken->node->attributes & SMBKIT_ATTR_READONLY)
        return SMBKIT_STATUS_ACCESS_DENIED;
    return SMBKIT_STATUS_SUCCESS;
}

/* Is `d` the folder `n` or somewhere in it? */
static bool inside(const struct ram_dir *d, const struct ram_node *n)
{
    for (; d->self != NULL; d = d->self->dir)
        if (d->self->node == n)
            return true;
    return false;
}

/* Moves an entry to a target that has been checked. All that can fail comes first. */
static smbkit_status move(struct ram_volume *v, struct ram_entry *e, const struct target *t,
                          uint64_t now)
{
    uint64_t before = ram_entry_cost(e->name_len), after = ram_entry_cost(t->len);
    if (after > before && !ram_space_take(&v->space, after - before))
        return SMBKIT_STATUS_DISK_FULL;
    char *block = t->len > e->inline_cap ? smbkit_alloc(t->len + 1) : NULL;
    if ((t->len > e->inline_cap && block == NULL) ||
        (t->dir != e->dir && !ram_dir_reserve(t->dir))) {
        smbkit_free(block);
        if (after > before)
            ram_space_give(&v->space, after - before);
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    if (after < before)
        ram_space_give(&v->space, before - after);
    if (t->taken != NULL)
        ram_unlink(v, t->taken, now);
    ram_touch_dir(v, e->dir, now);
    ram_touch_dir(v, t->dir, now);
    ram_entry_rename(e, block, t->name, t->len);
    if (t->dir != e->dir) {
        ram_dir_remove(e);
        ram_dir_insert(t->dir, e);
    }
    e->node->change_time = now;
    return SMBKIT_STATUS_SUCCESS;
}

void ram_rename(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags)
{
    struct ram_volume *v = vol;
    struct ram_handle *h = file;
    struct target t;
    smbkit_status status;
    pthread_mutex_lock(&v->lock);
    if (h->entry == NULL)
        status = SMBKIT_STATUS_ACCESS_DENIED;
    else if (h->entry->dir == NULL)
        status = SMBKIT_STATUS_DELETE_PENDING;
    else
        status = find_target(v, to, flags, h->entry, &t);
    if (status == SMBKIT_STATUS_SUCCESS && ram_is_dir(h->node) && inside(t.dir, h->node))
        status = SMBKIT_STATUS_INVALID_PARAMETER;
    if (status == SMBKIT_STATUS_SUCCESS)
        status = move(v, h->entry, &t, smbkit_op_time(op));
    ram_finish(op, v, h, status);
}

/* Gives a node one more name. */
static smbkit_status add_name(struct ram_volume *v, struct ram_node *n, const struct target *t,
                              uint64_t now)
{
    if (!ram_space_take(&v->space, ram_entry_cost(t->len)))
        return SMBKIT_STATUS_DISK_FULL;
    struct ram_entry *e = ram_entry_new(n, t->name, t->len);
    if (e == NULL || !ram_dir_reserve(t->dir)) {
        if (e != NULL)
            ram_entry_free(e);
        ram_space_give(&v->space, ram_entry_cost(t->len));
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    if (t->taken != NULL)
        ram_unlink(v, t->taken, now);
    n->links++;
    n->change_time = now;
    ram_dir_insert(t->dir, e);
    ram_touch_dir(v, t->dir, now);
    return SMBKIT_STATUS_SUCCESS;
}

/* NTFS's limit. */
#define LINKS_MAX 1024

void ram_link(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags)
{
    struct ram_volume *v = vol;
    struct ram_handle *h = file;
    struct target t;
    smbkit_status status;
    pthread_mutex_lock(&v->lock);
    if (ram_is_dir(h->node))
        status = SMBKIT_STATUS_FILE_IS_A_DIRECTORY;
    else if (h->node->links == 0)
        status = SMBKIT_STATUS_DELETE_PENDING;
    else if (h->node->links >= LINKS_MAX)
        status = SMBKIT_STATUS_TOO_MANY_LINKS;
    else
        status = find_target(v, to, flags, NULL, &t);
    /* A name that is the file's already needs no second entry, only its new spelling. */
    if (status == SMBKIT_STATUS_SUCCESS && t.taken != NULL && t.taken->node == h->node) {
        struct ram_entry *same = t.taken;
        t.taken = NULL;
        status = move(v, same, &t, smbkit_op_time(op));
    } else if (status == SMBKIT_STATUS_SUCCESS) {
        status = add_name(v, h->node, &t, smbkit_op_time(op));
    }
    ram_finish(op, v, h, status);
}
