// SPDX-License-Identifier: Apache-2.0
/*
 * Making symbolic links, and making them plain files again (links=reparse), as clients do it: they
 * make a file, and then have it turned into a link by its handle ([MS-FSA] 2.1.5.10.37).
 *
 * On the disk a link is another file. It is made by a name of our own, takes the other's place in
 * one step, and then the handle is the new file's, with the same descriptor number: other callbacks
 * may be using it. What was there must be empty, and open by this handle alone, so that nothing is
 * lost. An open that is under way is not seen: its handle is for a file without a name then, as
 * after a removal by somebody on the disk. All under the lock of the folder.
 *
 * Whose it is and who may do what must come along, or whoever may turn a file into a link and back
 * would have one that is everybody's. The descriptor goes from the old to the new one as it is,
 * where links can have it (an attribute of the class user cannot be one of a link's), and else
 * nothing is turned. The new one is the caller's, and so must the old one be. What else
 * user.DOSATTRIB says of a file is lost, as links have none: whoever may turn it may change that.
 */
#include "volume.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What comes in place of the handle's file. */
struct turn {
    struct dir_volume *v;
    struct dir_handle *h;
    struct dir_folder *folder;
    const char *target; /* NULL: a plain file, or folder */
    bool plain_folder;
    struct statx old, made;
    char name[DIR_NAME_MAX + 1]; /* the handle's */
    char own[FS_OWN_NAME_LEN + 1];
};

/* --- may it be? --- */

/* A link that only leads downwards stays in its folder, wherever folder and link are moved, as long
   as all links there are such. One with ".." would lead elsewhere after a move. */
static bool leads_down(const char *target)
{
    if (target[0] == '/')
        return false;
    for (const char *p = target; p != NULL; p = strchr(p, '/')) {
        p += *p == '/';
        if (p[0] == '.' && p[1] == '.' && (p[2] == '\0' || p[2] == '/'))
            return false;
    }
    return true;
}

static smbkit_status check_policy(const struct dir_volume *v, const char *target)
{
    bool allowed =
        v->make_links == DIR_MAKE_ANY || (v->make_links == DIR_MAKE_BELOW && leads_down(target));
    return allowed ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_ACCESS_DENIED;
}

static bool has_streams(int fd)
{
    char *list;
    bool found = false;
    ssize_t n = dir_xattr_names(fd, &list);
    if (n < 0)
        found = true; /* nobody knows */
    for (const char *at = list; n > 0 && at < list + n && !found; at += strlen(at) + 1)
        found = strncmp(at, DIR_STREAM_XATTR, sizeof(DIR_STREAM_XATTR) - 1) == 0;
    smbkit_free(list);
    return found;
}

/* A link has no data, no attributes and one name; the new one's owner is the caller. */
static smbkit_status check_old(const struct turn *t)
{
    if (t->old.stx_uid != dir_user_uid(t->h->user))
        return SMBKIT_STATUS_ACCESS_DENIED;
    if (S_ISLNK(t->old.stx_mode))
        return SMBKIT_STATUS_SUCCESS;
    if (dir_ea_size(t->v, t->h->fd) != 0)
        return SMBKIT_STATUS_EAS_NOT_SUPPORTED;
    if (has_streams(t->h->fd))
        return SMBKIT_STATUS_NOT_SUPPORTED;
    if (S_ISDIR(t->old.stx_mode))
        return dir_check_empty(t->h);
    if (t->old.stx_size != 0)
        return SMBKIT_STATUS_IO_REPARSE_DATA_INVALID;
    return t->old.stx_nlink == 1 ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_NOT_SUPPORTED;
}

/* --- doing it (with the folder's lock held); 0 or an errno --- */

/* Runs a step with the user's rights. */
static int as_user(struct turn *t, int (*step)(struct turn *t))
{
    if (!dir_user_enter(t->h->user))
        return EACCES;
    int err = step(t);
    dir_user_leave(t->h->user);
    return err;
}

static int make_folder(const struct turn *t, int mode)
{
    if (mkdirat(t->folder->fd, t->own, FS_MODE(mode >= 0 ? mode : 0777)) != 0)
        return errno;
    int fd = mode >= 0 ? fs_open(t->folder->fd, t->own, FS_READ | FS_FOLDER, 0) : -1;
    if (fd >= 0) {
        (void)fchmod(fd, FS_MODE(mode));
        close(fd);
    }
    return 0;
}

static int make_new(struct turn *t)
{
    const struct dir_volume *v = t->v;
    int dir = t->folder->fd, mode = t->plain_folder ? v->folder_mode : v->file_mode;
    if (t->target != NULL)
        return symlinkat(t->target, dir, t->own) == 0 ? 0 : errno;
    if (t->plain_folder)
        return make_folder(t, mode);
    int fd = fs_open(dir, t->own, FS_MAKE | FS_WRITE, FS_MODE(mode >= 0 ? mode : 0666));
    if (fd < 0)
        return errno;
    if (mode >= 0)
        (void)fchmod(fd, FS_MODE(mode)); /* the umask is not meant to count */
    close(fd);
    return 0;
}

/* The security descriptor, with the server's rights. */
static int carry(const struct turn *t, int fd)
{
    uint8_t *value;
    size_t len;
    int err = t->v->acl_xattr[0] != '\0' ? dir_xattr_get(t->h->fd, t->v->acl_xattr, &value, &len)
                                         : ENODATA;
    if (err == ENODATA || err == ENOTSUP || err == EPERM) /* EPERM: a link has none */
        return 0;
    if (err != 0)
        return err;
    err = dir_xattr_set(fd, t->v->acl_xattr, value, len, 0);
    smbkit_free(value);
    return err;
}

static int swap(const struct turn *t)
{
    int dir = t->folder->fd;
    return renameat2(dir, t->own, dir, t->name, RENAME_EXCHANGE) == 0 ? 0 : errno;
}

/* Removes what has come out, when it is what the handle was for, and still empty: others may have
   been quicker. */
static int drop_old(const struct turn *t)
{
    struct statx out;
    if (fs_stat(t->folder->fd, t->own, &out) < 0)
        return errno;
    if (out.stx_ino != t->old.stx_ino || dir_dev(&out) != dir_dev(&t->old))
        return ENOENT;
    if (S_ISREG(out.stx_mode) && out.stx_size != 0)
        return EBUSY;
    int flags = S_ISDIR(out.stx_mode) ? AT_REMOVEDIR : 0;
    return unlinkat(t->folder->fd, t->own, flags) == 0 ? 0 : errno;
}

/* Events of the new file are known as our own from before it has the name. */
static int take_place(struct turn *t)
{
    if (!dir_handle_turn(t->v, t->h, &t->made))
        return EBUSY;
    int err = swap(t);
    if (err == 0 && (err = drop_old(t)) != 0)
        (void)swap(t);
    if (err != 0)
        (void)dir_handle_turn(t->v, t->h, &t->old);
    return err;
}

/* What has come out may have been put back in vain: then our name is that of the user's file, and
   stays. Without bytes it is swept up one day (sweep.c). */
static int drop_made(struct turn *t)
{
    struct statx st;
    if (fs_stat(t->folder->fd, t->own, &st) == 0 && st.stx_ino == t->made.stx_ino &&
        dir_dev(&st) == dir_dev(&t->made))
        (void)unlinkat(t->folder->fd, t->own, t->plain_folder ? AT_REMOVEDIR : 0);
    return 0;
}

static int turn(struct turn *t)
{
    struct dir_handle *h = t->h;
    int err = as_user(t, make_new);
    if (err != 0)
        return err;
    int fd = fs_open(t->folder->fd, t->own, FS_SEE, 0);
    if (fd < 0 || fs_stat(fd, "", &t->made) < 0)
        err = errno;
    if (err == 0)
        err = carry(t, fd);
    if (err == 0)
        err = as_user(t, take_place);
    if (err != 0) {
        (void)as_user(t, drop_made);
    } else {
        dir_index_add(t->folder, t->name, t->made.stx_ino);
        h->io = 0;
        h->folder = S_ISDIR(t->made.stx_mode);
        err = dup3(fd, h->fd, O_CLOEXEC) < 0 ? errno : 0;
    }
    if (fd >= 0)
        close(fd);
    return err;
}

/* With the folder's lock held. */
static smbkit_status turn_locked(struct turn *t)
{
    int err = dir_name_check(t->h, t->folder, t->name);
    if (err == 0 && fs_stat(t->h->fd, "", &t->old) < 0)
        err = errno;
    if (err != 0)
        return dir_status(err);
    smbkit_status status = check_old(t);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    t->plain_folder = t->target == NULL && dir_link_to_folder(t->v, t->h->user, t->folder, t->name);
    dir_own_name(t->v, t->own);
    dir_change_begin(t->h);
    err = turn(t);
    dir_change_end(t->h);
    if (err == EBUSY)
        return SMBKIT_STATUS_SHARING_VIOLATION;
    return err == 0 ? SMBKIT_STATUS_SUCCESS : dir_status(err);
}

void dir_set_reparse(struct smbkit_op *op, void *vol, void *file, const void *data, size_t len)
{
    char target[DIR_PATH_MAX + 1];
    struct turn t = {.v = vol, .h = file, .target = len > 0 ? target : NULL};
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (len > 0)
        status = dir_link_target(data, len, target);
    if (status == SMBKIT_STATUS_SUCCESS && len > 0)
        status = check_policy(t.v, target);
    if (status == SMBKIT_STATUS_SUCCESS && (t.h->link == NULL || t.h->stream != NULL))
        status = SMBKIT_STATUS_ACCESS_DENIED;
    if (status == SMBKIT_STATUS_SUCCESS) {
        dir_watch_sync(t.v->watch);
        t.folder = dir_name_lock(t.v, t.h, t.name);
        status = t.folder != NULL ? turn_locked(&t) : SMBKIT_STATUS_DELETE_PENDING;
    }
    if (t.folder != NULL) {
        pthread_mutex_unlock(&t.folder->lock);
        dir_folder_put(t.folder);
    }
    dir_reply_attr(op, t.v, t.h, status);
}
