// SPDX-License-Identifier: Apache-2.0
/*
 * What is open: nodes, the names they were opened by, and handles. Everything here is memory, under
 * the volume's lock; only the descriptor of a handle is the handle's own and needs none.
 */
#include "volume.h"
#include <string.h>
#include <unistd.h>

static struct dir_node **bucket(struct dir_volume *v, dev_t dev, uint64_t inode)
{
    return &v->nodes[dir_table_slot(dev, inode)];
}

/* --- nodes and links (with the volume's lock held) --- */

static struct dir_node *node_find(struct dir_volume *v, dev_t dev, uint64_t inode)
{
    struct dir_node *n = *bucket(v, dev, inode);
    while (n != NULL && (n->dev != dev || n->inode != inode))
        n = n->next;
    return n;
}

static void node_join(struct dir_volume *v, struct dir_node *n, dev_t dev, uint64_t inode)
{
    struct dir_node **b = bucket(v, dev, inode);
    n->dev = dev;
    n->inode = inode;
    n->next = *b;
    *b = n;
}

static struct dir_node *node_get(struct dir_volume *v, dev_t dev, uint64_t inode)
{
    struct dir_node *n = node_find(v, dev, inode);
    if (n == NULL) {
        n = smbkit_alloc(sizeof(*n));
        if (n == NULL)
            return NULL;
        pthread_mutex_init(&n->meta, NULL);
        node_join(v, n, dev, inode);
    }
    n->refs++;
    return n;
}

static void node_leave(struct dir_volume *v, struct dir_node *n)
{
    struct dir_node **p = bucket(v, n->dev, n->inode);
    while (*p != n)
        p = &(*p)->next;
    *p = n->next;
}

static void node_put(struct dir_volume *v, struct dir_node *n)
{
    if (--n->refs > 0)
        return;
    node_leave(v, n);
    pthread_mutex_destroy(&n->meta);
    smbkit_free(n);
}

static struct dir_link *link_get(struct dir_node *n, struct dir_folder *folder, const char *name,
                                 const struct statx *named)
{
    struct dir_link *l = n->links;
    while (l != NULL && (l->gone || l->folder != folder || l->dev != dir_dev(named) ||
                         l->inode != named->stx_ino || strcmp(l->name, name) != 0))
        l = l->next;
    if (l == NULL) {
        l = smbkit_alloc(sizeof(*l));
        if (l == NULL)
            return NULL;
        memcpy(l->name, name, strlen(name) + 1);
        l->dev = dir_dev(named);
        l->inode = named->stx_ino;
        l->folder = dir_folder_use_locked(folder);
        l->next = n->links;
        n->links = l;
    }
    l->refs++;
    return l;
}

static void link_put(struct dir_node *n, struct dir_link *l)
{
    if (--l->refs > 0)
        return;
    struct dir_link **p = &n->links;
    while (*p != l)
        p = &(*p)->next;
    *p = l->next;
    dir_folder_put_locked(l->folder);
    smbkit_free(l);
}

/* --- handles --- */

struct dir_handle *dir_handle_new(struct dir_volume *v, int fd, const struct statx *st,
                                  struct dir_folder *folder, const char *name,
                                  const struct statx *named, struct dir_user *user)
{
    struct dir_handle *h = smbkit_alloc(sizeof(*h));
    if (h == NULL) {
        close(fd);
        return NULL;
    }
    h->fd = fd;
    h->folder = S_ISDIR(st->stx_mode);
    pthread_mutex_lock(&v->lock);
    h->node = node_get(v, dir_dev(st), st->stx_ino);
    if (h->node != NULL && folder != NULL)
        h->link = link_get(h->node, folder, name, named);
    if (h->node != NULL && folder != NULL && h->link == NULL) {
        node_put(v, h->node);
        h->node = NULL;
    }
    pthread_mutex_unlock(&v->lock);
    if (h->node == NULL) {
        close(fd);
        smbkit_free(h);
        return NULL;
    }
    h->user = dir_user_ref(user);
    return h;
}

/* The folder remembers until when the file's changes were ours; its node will be gone. */
static void leave_time(struct dir_volume *v, struct dir_handle *h)
{
    char name[DIR_NAME_MAX + 1];
    struct dir_folder *f = dir_handle_where(v, h, name);
    if (f == NULL)
        return;
    pthread_mutex_lock(&f->lock);
    struct dir_entry *e = f->index.ready ? dir_index_exact(&f->index, name) : NULL;
    if (e != NULL && e->own_time < h->node->own_time)
        e->own_time = h->node->own_time;
    pthread_mutex_unlock(&f->lock);
    dir_folder_put(f);
}

void dir_handle_free(struct dir_volume *v, struct dir_handle *h)
{
    if (h->tree != NULL)
        dir_tree_end(v, h->tree);
    if (h->changed)
        leave_time(v, h);
    if (h->stream != NULL)
        dir_stream_put(h);
    close(h->fd);
    pthread_mutex_lock(&v->lock);
    if (h->self != NULL)
        dir_folder_put_locked(h->self);
    if (h->link != NULL)
        link_put(h->node, h->link);
    node_put(v, h->node);
    pthread_mutex_unlock(&v->lock);
    dir_user_put(h->user);
    smbkit_free(h);
}

struct dir_folder *dir_handle_where(struct dir_volume *v, struct dir_handle *h, char *name)
{
    struct dir_folder *f = NULL;
    if (h->link == NULL)
        return NULL;
    pthread_mutex_lock(&v->lock);
    if (!h->link->gone) {
        f = dir_folder_use_locked(h->link->folder);
        memcpy(name, h->link->name, strlen(h->link->name) + 1);
    }
    pthread_mutex_unlock(&v->lock);
    return f;
}

bool dir_handle_still(struct dir_volume *v, const struct dir_handle *h,
                      const struct dir_folder *folder, const char *name)
{
    pthread_mutex_lock(&v->lock);
    bool still = !h->link->gone && h->link->folder == folder && strcmp(h->link->name, name) == 0;
    pthread_mutex_unlock(&v->lock);
    return still;
}

bool dir_handle_turn(struct dir_volume *v, struct dir_handle *h, const struct statx *st)
{
    pthread_mutex_lock(&v->lock);
    bool alone = h->node->refs == 1;
    if (alone) {
        node_leave(v, h->node);
        node_join(v, h->node, dir_dev(st), st->stx_ino);
        h->link->dev = h->node->dev;
        h->link->inode = h->node->inode;
    }
    pthread_mutex_unlock(&v->lock);
    return alone;
}

void dir_link_move(struct dir_volume *v, struct dir_link *link, struct dir_folder *to,
                   const char *name)
{
    pthread_mutex_lock(&v->lock);
    dir_folder_use_locked(to);
    dir_folder_put_locked(link->folder);
    link->folder = to;
    memcpy(link->name, name, strlen(name) + 1);
    pthread_mutex_unlock(&v->lock);
}

void dir_link_gone(struct dir_volume *v, struct dir_link *link)
{
    pthread_mutex_lock(&v->lock);
    link->gone = true;
    pthread_mutex_unlock(&v->lock);
}

void dir_links_gone(struct dir_volume *v, dev_t dev, uint64_t inode,
                    const struct dir_folder *folder, const char *name)
{
    pthread_mutex_lock(&v->lock);
    const struct dir_node *n = node_find(v, dev, inode);
    for (struct dir_link *l = n != NULL ? n->links : NULL; l != NULL; l = l->next)
        if (l->folder == folder && strcmp(l->name, name) == 0)
            l->gone = true;
    pthread_mutex_unlock(&v->lock);
}

/* --- whose changes --- */

void dir_change_begin(struct dir_handle *h)
{
    h->changed = true;
    h->node->changed = true;
    h->node->busy++;
}

void dir_change_end(struct dir_handle *h)
{
    /* The clock is never behind the one that files are stamped with. */
    h->node->own_time = fs_now();
    h->node->busy--;
}

void dir_node_want_change_time(struct dir_volume *v, struct dir_node *n, uint64_t at,
                               uint64_t shown)
{
    pthread_mutex_lock(&v->lock);
    n->change_at = at;
    n->change_time = shown;
    pthread_mutex_unlock(&v->lock);
}

void dir_node_reserved(struct dir_volume *v, struct dir_node *n, uint64_t alloc_size,
                       uint64_t blocks)
{
    pthread_mutex_lock(&v->lock);
    n->reserved = true;
    n->alloc_size = alloc_size;
    n->blocks = blocks;
    pthread_mutex_unlock(&v->lock);
}

/* The node knows exactly which change was the last one. Without it, what stands on the disk counts,
   which a change right after it is too early for. */
void dir_node_shown(struct dir_volume *v, const struct statx *st, const struct dosattr *dos,
                    uint64_t *change_time, uint64_t *alloc_size)
{
    *change_time = fs_filetime(&st->stx_ctime);
    *alloc_size = st->stx_blocks * 512;
    pthread_mutex_lock(&v->lock);
    const struct dir_node *n = node_find(v, dir_dev(st), st->stx_ino);
    if (n != NULL && n->change_at != 0 && n->change_at == fs_ns(&st->stx_ctime))
        *change_time = n->change_time;
    else if ((n == NULL || !n->changed) && dos->has_change_time &&
             *change_time <= dos->change_until)
        *change_time = dos->change_time;
    if (n != NULL && n->reserved && n->blocks == st->stx_blocks)
        *alloc_size = n->alloc_size;
    pthread_mutex_unlock(&v->lock);
}

bool dir_node_is_own(struct dir_volume *v, dev_t dev, uint64_t inode, uint64_t time)
{
    pthread_mutex_lock(&v->lock);
    const struct dir_node *n = node_find(v, dev, inode);
    bool own = n != NULL && (n->busy > 0 || time <= n->own_time);
    pthread_mutex_unlock(&v->lock);
    return own;
}
