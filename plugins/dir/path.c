// SPDX-License-Identifier: Apache-2.0
/*
 * From what clients name to what is on the disk.
 *
 * The whole path of the folder is first opened as it is spelled: one system call, in which the
 * kernel keeps it beneath the root. Only when a component is missing the path is put right, from
 * its beginning, by the spelling that the folders have; then it is opened again as a whole. So the
 * spelling never decides where a path may lead, only the kernel does.
 */
#include "volume.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* How often a path that changes while it is put right is tried. */
#define TRIES 8

smbkit_status dir_status(int err)
{
    switch (err) {
    case EXDEV: /* leads out of the share */
    case ELOOP: /* ... or is a link where none may be */ return SMBKIT_STATUS_ACCESS_DENIED;
    case ENOTDIR: return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    default: return smbkit_status_from_errno(err);
    }
}

/* The same for the path of a folder, of which a component is missing or no folder. */
static smbkit_status parent_status(int err)
{
    if (err == ENOENT || err == ENAMETOOLONG)
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    return dir_status(err);
}

static unsigned link_flags(const struct dir_volume *v)
{
    return v->links == DIR_LINKS_FOLLOW ? FS_FOLLOW : 0;
}

/* fs_open with the user's rights. */
static int open_as(const struct dir_user *user, int root, const char *path, unsigned flags)
{
    if (!dir_user_enter(user)) {
        errno = EACCES;
        return -1;
    }
    int fd = fs_open(root, path, flags, 0);
    dir_user_leave(user);
    return fd;
}

static int open_folder(struct dir_volume *v, const struct dir_user *user, const char *path)
{
    return open_as(user, v->root, path, FS_SEE | FS_FOLDER | link_flags(v));
}

/* --- putting a path right --- */

/* Writes the spelling of the component at `at` (`len` bytes, of a path whose beginning is right) in
   its place: folding never changes how long a name can be, but its bytes may be more or fewer. */
static bool replace(char *path, size_t at, size_t len, const char *name)
{
    size_t n = strlen(name), rest = strlen(path + at + len);
    if (at + n + rest > DIR_PATH_MAX)
        return false;
    memmove(path + at + n, path + at + len, rest + 1);
    memcpy(path + at, name, n);
    return true;
}

/* The spelling of one component of `path`, whose beginning up to `at` is right. */
static int spell(struct dir_volume *v, const struct dir_user *user, char *path, size_t at,
                 size_t len, char *found)
{
    char name[DIR_NAME_MAX + 1];
    if (len > DIR_NAME_MAX)
        return ENOENT;
    memcpy(name, path + at, len);
    name[len] = '\0';
    char cut = at > 0 ? '/' : '\0';
    if (at > 0)
        path[at - 1] = '\0';
    int fd = open_folder(v, user, at > 0 ? path : "");
    int err = fd < 0 ? errno : 0;
    struct dir_folder *f = fd >= 0 ? dir_folder_get(v, fd, at > 0 ? path : "") : NULL;
    if (at > 0)
        path[at - 1] = cut;
    if (f == NULL)
        return err != 0 ? err : ENOMEM;
    dir_watch_sync(v->watch);
    pthread_mutex_lock(&f->lock);
    err = dir_folder_find(f, name, found);
    pthread_mutex_unlock(&f->lock);
    dir_folder_put(f);
    return err;
}

/* 0 or an errno. */
static int put_right(struct dir_volume *v, const struct dir_user *user, char *path)
{
    char found[DIR_NAME_MAX + 1];
    for (size_t at = 0; path[at] != '\0';) {
        size_t len = strcspn(path + at, "/");
        int err = spell(v, user, path, at, len, found);
        if (err != 0)
            return err;
        if (!replace(path, at, len, found))
            return ENAMETOOLONG;
        at += strlen(found);
        at += path[at] == '/';
    }
    return 0;
}

/* Opens the folder `path`, putting the spelling right where needed. */
static int open_parent(struct dir_volume *v, const struct dir_user *user, char *path)
{
    int fd = open_folder(v, user, path);
    for (int i = 0; fd < 0 && errno == ENOENT && i < TRIES; i++) {
        int err = put_right(v, user, path);
        if (err != 0) {
            errno = err;
            return -1;
        }
        fd = open_folder(v, user, path);
    }
    return fd;
}

/* Which component of the path is a symbolic link, when links are reported: place->link. */
static smbkit_status find_link(struct dir_volume *v, const struct dir_user *user, const char *path,
                               size_t len, struct dir_place *place)
{
    char found[DIR_NAME_MAX + 1], *right = smbkit_alloc(DIR_PATH_MAX + 1);
    size_t asked = 0, at = 0;
    int fd = -1;
    if (right == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    memcpy(right, path, len);
    while (right[at] != '\0') {
        size_t n = strcspn(right + at, "/");
        if (spell(v, user, right, at, n, found) != 0 || !replace(right, at, n, found))
            break;
        asked += n;
        at += strlen(found);
        char next = right[at];
        right[at] = '\0';
        fd = open_as(user, v->root, right, FS_SEE);
        right[at] = next;
        place->link = fd >= 0 ? dir_link_buffer(fd, &place->link_len) : NULL;
        if (fd >= 0)
            close(fd);
        if (place->link != NULL || fd < 0 || next == '\0')
            break;
        asked++;
        at++;
    }
    smbkit_free(right);
    place->link_at = asked;
    return place->link != NULL ? SMBKIT_STATUS_STOPPED_ON_SYMLINK
                               : SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
}

/* Names of our own making are nobody else's, whether they are there or not. */
static smbkit_status check_names(const char *path)
{
    for (;;) {
        size_t len = strcspn(path, "/");
        bool last = path[len] == '\0';
        if (fs_name_is_own(path, len))
            return last ? SMBKIT_STATUS_OBJECT_NAME_INVALID : SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
        if (last)
            return SMBKIT_STATUS_SUCCESS;
        path += len + 1;
    }
}

smbkit_status dir_place_find(struct dir_volume *v, const struct dir_user *user, const char *path,
                             struct dir_place *place)
{
    smbkit_status status = check_names(path);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    size_t len = slash != NULL ? (size_t)(slash - path) : 0;
    if (strlen(name) > DIR_NAME_MAX)
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    char *parent = len <= DIR_PATH_MAX ? smbkit_alloc(DIR_PATH_MAX + 1) : NULL;
    if (parent == NULL)
        return len > DIR_PATH_MAX ? SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND
                                  : SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    memcpy(parent, path, len);
    int fd = open_parent(v, user, parent);
    int err = errno;
    place->folder = fd >= 0 ? dir_folder_get(v, fd, parent) : NULL;
    smbkit_free(parent);
    /* a link at the end is no folder, one before leads elsewhere */
    if (fd < 0 && (err == ELOOP || err == ENOTDIR) && v->links == DIR_LINKS_REPARSE)
        return find_link(v, user, path, len, place);
    if (fd < 0)
        return parent_status(err);
    memcpy(place->name, name, strlen(name) + 1);
    return place->folder != NULL ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
}

/* --- the last component --- */

/* How the name is spelled, as far as an index that is there already says so: that is cheaper than
   to have a large directory searched by the disk. Not for users with rights of their own: whether
   they may know is the kernel's decision. 0 (also when nothing is known) or ENOENT. */
static int ask_index(struct dir_volume *v, const struct dir_user *user, struct dir_place *place)
{
    struct dir_folder *f = place->folder;
    int err = 0;
    if (user != NULL)
        return 0;
    dir_watch_sync(v->watch);
    pthread_mutex_lock(&f->lock);
    if (f->index.ready && !f->index.behind)
        err = dir_folder_find(f, place->name, place->name);
    pthread_mutex_unlock(&f->lock);
    return err;
}

/* Opens the name itself; in another spelling when it is not there as it is spelled. */
static int open_name(struct dir_volume *v, const struct dir_user *user, struct dir_place *place)
{
    int err = ask_index(v, user, place), fd = -1;
    for (int i = 0; err == 0 && i < TRIES; i++) {
        fd = open_as(user, place->folder->fd, place->name, FS_SEE);
        if (fd >= 0 || errno != ENOENT)
            return fd;
        dir_watch_sync(v->watch);
        pthread_mutex_lock(&place->folder->lock);
        err = dir_folder_find(place->folder, place->name, place->name);
        pthread_mutex_unlock(&place->folder->lock);
    }
    errno = err != 0 ? err : ENOENT;
    return -1;
}

/* What a symbolic link leads to, when that is beneath the root. */
static int follow(struct dir_volume *v, const struct dir_user *user, const struct dir_place *place)
{
    char *path = dir_folder_path(place->folder, place->name);
    if (path == NULL) {
        errno = ENOMEM;
        return -1;
    }
    int fd = open_as(user, v->root, path, FS_SEE | FS_FOLLOW);
    int err = errno;
    smbkit_free(path);
    errno = err;
    return fd;
}

smbkit_status dir_place_open(struct dir_volume *v, const struct dir_user *user,
                             struct dir_place *place, int *out, struct statx *st,
                             struct statx *named)
{
    int fd = open_name(v, user, place);
    if (fd < 0)
        return dir_status(errno);
    if (fs_stat(fd, "", st) < 0)
        goto failed;
    *named = *st;
    if (S_ISLNK(st->stx_mode) && v->links == DIR_LINKS_FOLLOW) {
        close(fd);
        fd = follow(v, user, place);
        if (fd < 0)
            return dir_status(errno);
        if (fs_stat(fd, "", st) < 0)
            goto failed;
    }
    bool shown = S_ISLNK(st->stx_mode) && v->links == DIR_LINKS_REPARSE;
    if (!S_ISREG(st->stx_mode) && !S_ISDIR(st->stx_mode) && !shown) {
        close(fd); /* devices, pipes, sockets, and links where they are refused */
        return SMBKIT_STATUS_ACCESS_DENIED;
    }
    *out = fd;
    return SMBKIT_STATUS_SUCCESS;
failed:;
    int err = errno;
    close(fd);
    return dir_status(err);
}

/* --- a whole path --- */

smbkit_status dir_find(struct dir_volume *v, const struct dir_user *user, const char *path,
                       struct dir_found *found)
{
    if (path[0] == '\0') {
        found->fd = fs_open(v->root, "", FS_SEE | FS_FOLDER, 0);
        if (found->fd < 0 || fs_stat(found->fd, "", &found->st) < 0)
            return dir_status(errno);
        return SMBKIT_STATUS_SUCCESS;
    }
    smbkit_status status = dir_place_find(v, user, path, &found->place);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    return dir_place_open(v, user, &found->place, &found->fd, &found->st, &found->named);
}

void dir_found_clear(struct dir_found *found)
{
    if (found->fd >= 0)
        close(found->fd);
    if (found->place.folder != NULL)
        dir_folder_put(found->place.folder);
    smbkit_free(found->place.link);
}

void dir_reply_failure(struct smbkit_op *op, const struct dir_found *found, smbkit_status status)
{
    const struct dir_place *p = &found->place;
    if (status == SMBKIT_STATUS_STOPPED_ON_SYMLINK)
        smbkit_reply_reparse(op, p->link_at, p->link, p->link_len);
    else
        smbkit_reply_status(op, status);
}
