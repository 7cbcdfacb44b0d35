// SPDX-License-Identifier: Apache-2.0
/*
 * Removing, renaming and linking names.
 *
 * All happens under the locks of the folders concerned, so that index and disk change together as
 * far as the watch can see. Before a name is taken away the disk is asked whether it still names
 * what the handle is open for: others may have put something else in its place, which is not ours
 * to remove.
 */
#include "volume.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- what is there --- */

int dir_name_check(const struct dir_handle *h, const struct dir_folder *f, const char *name)
{
    struct statx st;
    if (fs_stat(f->fd, name, &st) < 0)
        return errno;
    return dir_dev(&st) == h->link->dev && st.stx_ino == h->link->inode ? 0 : ENOENT;
}

struct dir_folder *dir_name_lock(struct dir_volume *v, struct dir_handle *h, char *name)
{
    for (;;) {
        struct dir_folder *f = dir_handle_where(v, h, name);
        if (f == NULL)
            return NULL;
        pthread_mutex_lock(&f->lock);
        if (dir_handle_still(v, h, f, name))
            return f;
        pthread_mutex_unlock(&f->lock);
        dir_folder_put(f);
    }
}

static bool is_folder_name(const struct dir_folder *f, const char *name)
{
    struct statx st;
    return fs_stat(f->fd, name, &st) == 0 && S_ISDIR(st.stx_mode);
}

/* --- remove --- */

static smbkit_status remove_stream(struct dir_handle *h)
{
    if (!dir_user_enter(h->user))
        return SMBKIT_STATUS_ACCESS_DENIED;
    dir_change_begin(h);
    int err = dir_stream_remove(h);
    dir_change_end(h);
    dir_user_leave(h->user);
    return err == 0 ? SMBKIT_STATUS_SUCCESS : dir_status(err);
}

static smbkit_status remove_name(struct dir_volume *v, struct dir_handle *h)
{
    char name[DIR_NAME_MAX + 1];
    if (h->link == NULL)
        return SMBKIT_STATUS_CANNOT_DELETE;
    struct dir_folder *f = dir_name_lock(v, h, name);
    if (f == NULL)
        return SMBKIT_STATUS_SUCCESS;
    int err = dir_name_check(h, f, name);
    bool ours = err == 0;
    if (ours && !dir_user_enter(h->user)) {
        err = EACCES;
    } else if (ours) {
        dir_change_begin(h);
        err = unlinkat(f->fd, name, is_folder_name(f, name) ? AT_REMOVEDIR : 0) == 0 ? 0 : errno;
        dir_change_end(h);
        dir_user_leave(h->user);
    } else if (err == ENOENT) {
        err = 0; /* somebody else removed it; what has the name now the index learns by the watch */
    }
    if (ours && err == 0)
        dir_index_remove(f, name);
    if (err == 0)
        dir_link_gone(v, h->link);
    pthread_mutex_unlock(&f->lock);
    dir_folder_put(f);
    return err == 0 ? SMBKIT_STATUS_SUCCESS : dir_status(err);
}

void dir_cleanup(struct smbkit_op *op, void *vol, void *file, uint32_t flags)
{
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    const struct dir_handle *h = file;
    if (h->stream != NULL && (flags & SMBKIT_CLEANUP_DELETE))
        status = remove_stream(file);
    else if (flags & (SMBKIT_CLEANUP_DELETE | SMBKIT_CLEANUP_DELETE_FILE))
        status = remove_name(vol, file);
    smbkit_reply_status(op, status);
}

static bool any(void *ctx, const char *name, uint64_t inode, unsigned char type, uint64_t cookie)
{
    *(bool *)ctx = true;
    return false;
}

smbkit_status dir_check_empty(const struct dir_handle *h)
{
    bool found = false;
    int fd = fs_open(h->fd, "", FS_READ | FS_FOLDER, 0);
    int r = fd < 0 ? -1 : fs_list(fd, 0, any, &found);
    if (fd >= 0)
        close(fd);
    if (r < 0)
        return SMBKIT_STATUS_SUCCESS; /* rmdir will know */
    return found ? SMBKIT_STATUS_DIRECTORY_NOT_EMPTY : SMBKIT_STATUS_SUCCESS;
}

/* In a folder with the sticky bit only owners remove. */
static bool is_stuck(const struct dir_handle *h, const struct dir_folder *f)
{
    struct statx folder, file;
    uid_t uid = dir_user_uid(h->user);
    if (uid == 0 || fs_stat(f->fd, "", &folder) < 0 || !(folder.stx_mode & S_ISVTX))
        return false;
    return folder.stx_uid != uid && fs_stat(h->fd, "", &file) == 0 && file.stx_uid != uid;
}

/* The folder's permissions decide, as far as can be known before: afterwards nobody is told. */
static smbkit_status check_writable(struct dir_volume *v, struct dir_handle *h)
{
    char name[DIR_NAME_MAX + 1];
    struct dir_folder *f = dir_handle_where(v, h, name);
    if (f == NULL)
        return SMBKIT_STATUS_SUCCESS;
    struct fs_name path = fs_name(f->fd, NULL);
    bool ok = !is_stuck(h, f) && dir_user_enter(h->user);
    if (ok) {
        ok = faccessat(AT_FDCWD, path.text, W_OK, AT_EACCESS) == 0;
        dir_user_leave(h->user);
    }
    dir_folder_put(f);
    return ok ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_ACCESS_DENIED;
}

void dir_can_delete(struct smbkit_op *op, void *vol, void *file)
{
    struct dir_volume *v = vol;
    struct dir_handle *h = file;
    struct smbkit_attr attr;
    bool stream = h->stream != NULL;
    smbkit_status status = dir_attr_get(v, h, &attr);
    if (status == SMBKIT_STATUS_SUCCESS &&
        ((attr.attributes & SMBKIT_ATTR_READONLY) || (h->link == NULL && !stream)))
        status = SMBKIT_STATUS_CANNOT_DELETE;
    if (status == SMBKIT_STATUS_SUCCESS && h->folder && !stream)
        status = dir_check_empty(h);
    if (status == SMBKIT_STATUS_SUCCESS && !stream)
        status = check_writable(v, h);
    smbkit_reply_status(op, status);
}

/* --- where a name shall go --- */

struct target {
    struct dir_place place;
    bool taken; /* by `found`, which is to be replaced */
    bool same;  /* ... and is another name of the same file */
    char found[DIR_NAME_MAX + 1];
    dev_t dev;
    uint64_t inode;
};

static bool is_readonly(const struct dir_folder *f, const char *name, const struct statx *st)
{
    struct dosattr dos;
    dir_dos_read(f->fd, name, &dos);
    return dos.has_attributes ? (dos.attributes & SMBKIT_ATTR_READONLY) != 0
                              : !(st->stx_mode & 0222);
}

/* Looks at who has the name; `own` is the handle's name in the same folder, or NULL. With the
   folder's lock held. */
static smbkit_status look(struct dir_handle *h, struct target *t, const char *own, uint32_t flags)
{
    struct statx st;
    struct dir_folder *f = t->place.folder;
    int err = dir_folder_find(f, t->place.name, t->found);
    t->taken = false;
    if (err == ENOENT || (err == 0 && own != NULL && strcmp(own, t->found) == 0))
        return SMBKIT_STATUS_SUCCESS;
    if (err != 0 || fs_stat(f->fd, t->found, &st) < 0)
        return dir_status(err != 0 ? err : errno);
    if (S_ISDIR(st.stx_mode) || !(flags & SMBKIT_RENAME_REPLACE))
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    if (is_readonly(f, t->found, &st))
        return SMBKIT_STATUS_ACCESS_DENIED;
    t->taken = true;
    t->dev = dir_dev(&st);
    t->inode = st.stx_ino;
    t->same = t->dev == h->node->dev && t->inode == h->node->inode;
    return SMBKIT_STATUS_SUCCESS;
}

/* A rename that replaces nothing; file systems that cannot promise that are asked before. */
static int move_fresh(int from, const char *from_name, int to, const char *to_name)
{
    struct statx st;
    if (renameat2(from, from_name, to, to_name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    if (fs_stat(to, to_name, &st) == 0)
        return EEXIST;
    return renameat(from, from_name, to, to_name) == 0 ? 0 : errno;
}

/* Of two names of one file rename leaves both, and says that all is well: then the old one is taken
   away. Asked of the disk afterwards, as others may have made them one just before. 0 or an errno.
 */
static int drop_twin(int from, const char *from_name, int to, const char *to_name)
{
    struct statx a, b;
    if (fs_stat(from, from_name, &a) < 0 || fs_stat(to, to_name, &b) < 0 ||
        a.stx_ino != b.stx_ino || dir_dev(&a) != dir_dev(&b))
        return 0;
    return unlinkat(from, from_name, 0) == 0 || errno == ENOENT ? 0 : errno;
}

/* What has the name in another spelling is replaced first, so that at no time both are there. */
static int move(int from, const char *from_name, const struct target *t)
{
    int to = t->place.folder->fd;
    if (!t->taken)
        return move_fresh(from, from_name, to, t->place.name);
    if (renameat(from, from_name, to, t->found) < 0)
        return errno;
    int err = drop_twin(from, from_name, to, t->found);
    if (err != 0)
        return err;
    if (strcmp(t->found, t->place.name) == 0)
        return 0;
    return renameat(to, t->found, to, t->place.name) == 0 ? 0 : errno;
}

/* Takes note that what was replaced has lost its name. */
static void note_replaced(struct dir_volume *v, const struct target *t)
{
    if (!t->taken)
        return;
    dir_index_remove(t->place.folder, t->found);
    dir_links_gone(v, t->dev, t->inode, t->place.folder, t->found);
}

/* --- rename --- */

static void note_moved_folder(struct dir_volume *v, struct dir_folder *from, const char *from_name,
                              const struct target *t)
{
    char *old = dir_folder_path(from, from_name);
    char *now = dir_folder_path(t->place.folder, t->place.name);
    if (old != NULL && now != NULL)
        dir_folders_moved(v, old, now);
    smbkit_free(old);
    smbkit_free(now);
}

/* With both folders locked. */
static smbkit_status rename_locked(struct dir_volume *v, struct dir_handle *h,
                                   struct dir_folder *from, const char *from_name, struct target *t,
                                   uint32_t flags)
{
    bool here = from == t->place.folder;
    if (!dir_handle_still(v, h, from, from_name))
        return SMBKIT_STATUS_RETRY;
    int err = dir_name_check(h, from, from_name);
    if (err != 0)
        return dir_status(err);
    if (here && strcmp(from_name, t->place.name) == 0)
        return SMBKIT_STATUS_SUCCESS;
    smbkit_status status = look(h, t, here ? from_name : NULL, flags);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    if (!dir_user_enter(h->user))
        return SMBKIT_STATUS_ACCESS_DENIED;
    dir_change_begin(h);
    err = move(from->fd, from_name, t);
    dir_change_end(h);
    dir_user_leave(h->user);
    if (err != 0)
        return smbkit_status_from_errno(err);
    note_replaced(v, t);
    dir_index_remove(from, from_name);
    dir_index_add(t->place.folder, t->place.name, h->link->inode);
    dir_link_move(v, h->link, t->place.folder, t->place.name);
    if (h->folder)
        note_moved_folder(v, from, from_name, t);
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status rename_once(struct dir_volume *v, struct dir_handle *h, struct target *t,
                                 uint32_t flags)
{
    char name[DIR_NAME_MAX + 1];
    struct dir_folder *from = dir_handle_where(v, h, name);
    if (from == NULL)
        return h->link == NULL ? SMBKIT_STATUS_ACCESS_DENIED : SMBKIT_STATUS_DELETE_PENDING;
    dir_watch_sync(v->watch);
    dir_folder_lock2(from, t->place.folder);
    smbkit_status status = rename_locked(v, h, from, name, t, flags);
    dir_folder_unlock2(from, t->place.folder);
    dir_folder_put(from);
    return status;
}

void dir_reply_attr(struct smbkit_op *op, struct dir_volume *v, struct dir_handle *h,
                    smbkit_status status)
{
    struct smbkit_attr attr;
    if (status == SMBKIT_STATUS_SUCCESS)
        status = dir_attr_get(v, h, &attr);
    if (status == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_attr(op, &attr);
    else
        smbkit_reply_status(op, status);
}

static smbkit_status find_target(struct dir_volume *v, struct dir_handle *h, const char *to,
                                 struct target *t)
{
    if (to[0] == '\0')
        return SMBKIT_STATUS_ACCESS_DENIED; /* nothing takes the root's place */
    smbkit_status status = dir_place_find(v, h->user, to, &t->place);
    smbkit_free(t->place.link);
    return status != SMBKIT_STATUS_STOPPED_ON_SYMLINK ? status
                                                      : SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
}

void dir_rename(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags)
{
    struct dir_handle *h = file;
    struct target t = {0};
    smbkit_status status = find_target(vol, h, to, &t);
    if (status == SMBKIT_STATUS_SUCCESS)
        do {
            status = rename_once(vol, h, &t, flags);
        } while (status == SMBKIT_STATUS_RETRY);
    if (t.place.folder != NULL)
        dir_folder_put(t.place.folder);
    dir_reply_attr(op, vol, h, status);
}

/* --- link --- */

/* One more name for what the descriptor stands for. */
static int link_fresh(int fd, int to, const char *name)
{
    struct fs_name source = fs_name(fd, NULL);
    return linkat(AT_FDCWD, source.text, to, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

void dir_own_name(const struct dir_volume *v, char name[FS_OWN_NAME_LEN + 1])
{
    uint32_t random;
    smbkit_random(v->share, &random, sizeof(random));
    fs_own_name(name, random);
}

/* By a name that nobody else uses, so that the new link takes the old one's place in one step. */
static int link_over(struct dir_volume *v, int fd, const struct target *t)
{
    char name[FS_OWN_NAME_LEN + 1];
    int to = t->place.folder->fd;
    dir_own_name(v, name);
    int err = link_fresh(fd, to, name);
    if (err != 0)
        return err;
    err = move(to, name, t);
    (void)unlinkat(to, name, 0); /* mostly gone by now; whatever others did, it does not stay */
    return err;
}

static smbkit_status link_locked(struct dir_volume *v, struct dir_handle *h, struct target *t,
                                 uint32_t flags)
{
    struct dir_folder *f = t->place.folder;
    smbkit_status status = look(h, t, NULL, flags);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    if (!dir_user_enter(h->user))
        return SMBKIT_STATUS_ACCESS_DENIED;
    dir_change_begin(h);
    int err = t->taken ? link_over(v, h->fd, t) : link_fresh(h->fd, f->fd, t->place.name);
    dir_change_end(h);
    dir_user_leave(h->user);
    if (err != 0)
        return smbkit_status_from_errno(err);
    if (!t->same)
        note_replaced(v, t);
    else
        dir_index_remove(f, t->found);
    dir_index_add(f, t->place.name, h->node->inode);
    return SMBKIT_STATUS_SUCCESS;
}

void dir_link(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags)
{
    struct dir_volume *v = vol;
    struct dir_handle *h = file;
    struct target t = {0};
    smbkit_status status =
        h->folder ? SMBKIT_STATUS_FILE_IS_A_DIRECTORY : find_target(v, h, to, &t);
    if (status == SMBKIT_STATUS_SUCCESS) {
        dir_watch_sync(v->watch);
        pthread_mutex_lock(&t.place.folder->lock);
        status = link_locked(v, h, &t, flags);
        pthread_mutex_unlock(&t.place.folder->lock);
    }
    if (t.place.folder != NULL)
        dir_folder_put(t.place.folder);
    dir_reply_attr(op, v, h, status);
}
