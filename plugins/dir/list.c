// SPDX-License-Identifier: Apache-2.0
/*
 * Listing folders.
 *
 * With an index, entries come in its order and the cookie is an entry's number: it stays right
 * whatever is added or removed meanwhile. Without one, the directory is read itself, and the cookie
 * is the position that the file system gives for seekdir.
 */
#include "volume.h"
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BATCH 64 /* names that are taken from the index at a time */

struct listing {
    struct smbkit_op *op;
    struct dir_volume *v;
    struct dir_handle *h;
    bool full;
};

/* What a link leads to, for a share that follows them. False: nothing to be shown. */
static bool follow(const struct listing *l, const char *name, struct statx *st, struct dosattr *dos)
{
    char *path = l->v->links == DIR_LINKS_FOLLOW ? dir_folder_path(l->h->self, name) : NULL;
    int fd = path != NULL ? fs_open(l->v->root, path, FS_SEE | FS_FOLLOW, 0) : -1;
    bool ok = fd >= 0 && fs_stat(fd, "", st) == 0;
    if (ok)
        dir_dos_read(fd, NULL, dos);
    if (fd >= 0)
        close(fd);
    smbkit_free(path);
    return ok;
}

/* Adds one name; one that is gone, or is neither file nor folder, is left out. */
static void add(struct listing *l, const char *name, uint64_t cookie)
{
    struct statx st;
    struct dosattr dos;
    struct smbkit_attr attr;
    if (fs_stat(l->h->fd, name, &st) < 0)
        return;
    bool shown = S_ISLNK(st.stx_mode) && l->v->links == DIR_LINKS_REPARSE;
    if (S_ISLNK(st.stx_mode) && !shown) {
        if (!follow(l, name, &st, &dos))
            return;
    } else {
        dir_dos_read(l->h->fd, name, &dos);
    }
    if (!S_ISREG(st.stx_mode) && !S_ISDIR(st.stx_mode) && !shown)
        return;
    dir_attr_fill(l->v, &st, &dos, name, &attr);
    if (shown && dir_link_to_folder(l->v, NULL, l->h->self, name))
        attr.attributes |= SMBKIT_ATTR_DIRECTORY;
    l->full = !smbkit_dir_add(l->op, name, &attr, cookie);
}

/* --- by the index --- */

struct batch {
    size_t count;
    struct {
        uint64_t seq;
        char name[DIR_NAME_MAX + 1];
    } names[BATCH];
};

/* Copies the next names; the disk is asked about them without the lock. False: the index that the
   listing began with is gone. */
static bool take(struct dir_handle *h, uint64_t at, struct batch *b)
{
    struct dir_folder *f = h->self;
    const struct dir_entry *e = NULL;
    pthread_mutex_lock(&f->lock);
    bool ok = dir_index_load(f) && f->index.epoch == h->epoch;
    if (ok)
        e = dir_index_next(&f->index, at);
    for (b->count = 0; e != NULL && b->count < BATCH; b->count++) {
        b->names[b->count].seq = e->seq;
        memcpy(b->names[b->count].name, e->name, e->len + 1u);
        e = dir_index_next(&f->index, e->seq);
    }
    pthread_mutex_unlock(&f->lock);
    return ok;
}

static smbkit_status list_index(struct listing *l, uint64_t at)
{
    struct batch *b = smbkit_alloc(sizeof(*b));
    smbkit_status status = b != NULL ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    while (status == SMBKIT_STATUS_SUCCESS && !l->full) {
        if (!take(l->h, at, b)) {
            status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
            break;
        }
        if (b->count == 0)
            break;
        for (size_t i = 0; i < b->count && !l->full; i++)
            add(l, b->names[i].name, b->names[i].seq);
        at = b->names[b->count - 1].seq;
    }
    smbkit_free(b);
    return status;
}

/* --- by the directory --- */

static bool add_raw(void *ctx, const char *name, uint64_t inode, unsigned char type,
                    uint64_t cookie)
{
    struct listing *l = ctx;
    if (fs_name_visible(name))
        add(l, name, cookie);
    else
        dir_sweep(l->v, l->h->fd, name);
    return !l->full;
}

/* --- the callback --- */

/* How to list is decided at the beginning, as the cookies differ. */
static void begin(struct dir_volume *v, struct dir_handle *h)
{
    struct dir_folder *f = h->self;
    dir_watch_sync(v->watch);
    pthread_mutex_lock(&f->lock);
    h->by_index = dir_index_load(f);
    h->epoch = f->index.epoch;
    pthread_mutex_unlock(&f->lock);
}

void dir_readdir(struct smbkit_op *op, void *vol, void *dir, const struct smbkit_readdir_args *args)
{
    struct listing l = {.op = op, .v = vol, .h = dir};
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (!l.h->folder)
        status = SMBKIT_STATUS_INVALID_DEVICE_REQUEST;
    else if (l.h->self == NULL)
        status = SMBKIT_STATUS_ACCESS_DENIED; /* not opened to be listed */
    else if (!dir_user_enter(l.h->user))
        status = SMBKIT_STATUS_ACCESS_DENIED;
    if (status != SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_status(op, status);
        return;
    }
    if (args->cookie == 0) {
        dir_user_leave(l.h->user);
        begin(l.v, l.h);
        if (!dir_user_enter(l.h->user))
            status = SMBKIT_STATUS_ACCESS_DENIED;
    }
    if (status == SMBKIT_STATUS_SUCCESS && l.h->by_index)
        status = list_index(&l, args->cookie);
    else if (status == SMBKIT_STATUS_SUCCESS && fs_list(l.h->fd, args->cookie, add_raw, &l) < 0)
        status = dir_status(errno);
    dir_user_leave(l.h->user);
    if (status == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_readdir(op, !l.full);
    else
        smbkit_reply_status(op, status);
}
