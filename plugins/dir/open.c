// SPDX-License-Identifier: Apache-2.0
/*
 * Opening, making and closing.
 *
 * A handle begins as an O_PATH descriptor, for which no permission on the file is needed; it is
 * reopened for data only when the client asked for data. What a client may do is the kernel's
 * decision, with the rights of the handle's user.
 */
#include "volume.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define ACCESS_READ  0x21u /* FILE_READ_DATA or LIST_DIRECTORY, FILE_EXECUTE */
#define ACCESS_LIST  0x01u
#define ACCESS_WRITE 0x06u /* FILE_WRITE_DATA, FILE_APPEND_DATA */
#define ACCESS_ALL   0x1f01ffu

/* What an open or a create has come to. */
struct opening {
    struct dir_volume *v;
    struct dir_user *user;
    struct dir_place place; /* folder NULL: the root */
    const char *stream;     /* NULL: the file itself; its handle stays O_PATH */
    int fd;
    struct statx st, named;
    struct dir_handle *handle;
};

static unsigned wanted_io(uint32_t access, bool folder)
{
    unsigned io = 0;
    if (folder)
        return access & ACCESS_LIST ? FS_READ : 0;
    if (access & ACCESS_READ)
        io |= FS_READ;
    if (access & ACCESS_WRITE)
        io |= FS_WRITE;
    return io;
}

static int reopen_as(const struct dir_user *user, int fd, unsigned io)
{
    if (!dir_user_enter(user)) {
        errno = EACCES;
        return -1;
    }
    int r = fs_reopen(fd, io);
    dir_user_leave(user);
    return r;
}

/* Makes o->fd good for what was asked. Whoever asks for everything takes what is to be had: the
   most that is allowed cannot be asked for in another way here. */
static smbkit_status arm(struct opening *o, uint32_t access, unsigned *io)
{
    bool folder = S_ISDIR(o->st.stx_mode) && o->stream == NULL;
    *io = wanted_io(access, folder);
    if (*io == 0 || o->stream != NULL)
        return SMBKIT_STATUS_SUCCESS;
    int fd = reopen_as(o->user, o->fd, *io | (folder ? FS_FOLDER : 0));
    if (fd < 0 && (*io & FS_WRITE) && (access & ACCESS_ALL) == ACCESS_ALL &&
        (errno == EACCES || errno == EROFS || errno == EPERM)) {
        *io = FS_READ;
        fd = reopen_as(o->user, o->fd, *io);
    }
    if (fd < 0)
        return dir_status(errno);
    close(o->fd);
    o->fd = fd;
    return SMBKIT_STATUS_SUCCESS;
}

/* A folder that may be listed may be watched too: what others change there is told from now on. */
static smbkit_status enter_table(struct opening *o, int see)
{
    struct dir_handle *h = o->handle;
    char *path =
        o->place.folder != NULL ? dir_folder_path(o->place.folder, o->place.name) : dir_text("");
    h->self = path != NULL ? dir_folder_get(o->v, see, path) : NULL;
    if (path == NULL)
        close(see);
    smbkit_free(path);
    if (h->self == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    dir_watch_sync(o->v->watch);
    pthread_mutex_lock(&h->self->lock);
    (void)dir_index_load(h->self);
    pthread_mutex_unlock(&h->self->lock);
    return SMBKIT_STATUS_SUCCESS;
}

/* The handle of an O_PATH descriptor. */
static smbkit_status finish_open(struct opening *o, uint32_t access)
{
    unsigned io;
    int see = -1;
    if (S_ISDIR(o->st.stx_mode) && (access & ACCESS_LIST) && o->stream == NULL) {
        see = fcntl(o->fd, F_DUPFD_CLOEXEC, 0);
        if (see < 0)
            return dir_status(errno);
    }
    smbkit_status status = arm(o, access, &io);
    if (status == SMBKIT_STATUS_SUCCESS) {
        o->handle =
            dir_handle_new(o->v, o->fd, &o->st, o->place.folder, o->place.name, &o->named, o->user);
        o->fd = -1;
        if (o->handle == NULL)
            status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    if (status != SMBKIT_STATUS_SUCCESS) {
        if (see >= 0)
            close(see);
        return status;
    }
    o->handle->io = io;
    return see >= 0 ? enter_table(o, see) : SMBKIT_STATUS_SUCCESS;
}

/* Answers and tidies up. */
static void answer(struct smbkit_op *op, struct opening *o, smbkit_status status)
{
    struct smbkit_attr attr;
    char *path = NULL;
    if (status == SMBKIT_STATUS_SUCCESS)
        status = dir_attr_get(o->v, o->handle, &attr);
    if (status == SMBKIT_STATUS_SUCCESS && o->place.folder != NULL)
        path = dir_folder_path(o->place.folder, o->place.name);
    if (status == SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_open(op, o->handle, &attr, path);
    } else {
        if (o->handle != NULL)
            dir_handle_free(o->v, o->handle);
        smbkit_reply_status(op, status);
    }
    smbkit_free(path);
    if (o->fd >= 0)
        close(o->fd);
    if (o->place.folder != NULL)
        dir_folder_put(o->place.folder);
    dir_user_put(o->user);
}

/* --- open --- */

static smbkit_status find(struct opening *o, const char *path)
{
    if (path[0] == '\0') {
        o->fd = fs_open(o->v->root, "", FS_SEE | FS_FOLDER, 0);
        if (o->fd < 0 || fs_stat(o->fd, "", &o->st) < 0)
            return dir_status(errno);
        return SMBKIT_STATUS_SUCCESS;
    }
    smbkit_status status = dir_place_find(o->v, o->user, path, &o->place);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    return dir_place_open(o->v, o->user, &o->place, &o->fd, &o->st, &o->named);
}

void dir_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args)
{
    struct opening o = {.v = vol, .stream = args->stream, .fd = -1};
    smbkit_status status = dir_user_get(&o.v->users, smbkit_op_user(op), &o.user);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = find(&o, args->path);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = finish_open(&o, args->access);
    if (status == SMBKIT_STATUS_SUCCESS && o.stream != NULL)
        status = dir_stream_open(o.handle, o.stream);
    answer(op, &o, status);
}

/* --- create --- */

/* 0 or an errno. o->fd is good for everything then. */
static int make(struct opening *o, bool folder)
{
    const struct dir_volume *v = o->v;
    int dir = o->place.folder->fd, mode = folder ? v->folder_mode : v->file_mode;
    mode_t ask = FS_MODE(mode >= 0 ? mode : folder ? 0777 : 0666);
    if (!dir_user_enter(o->user))
        return EACCES;
    if (!folder)
        o->fd = fs_open(dir, o->place.name, FS_MAKE | FS_READ | FS_WRITE, ask);
    else if (mkdirat(dir, o->place.name, ask) == 0)
        o->fd = fs_open(dir, o->place.name, FS_READ | FS_FOLDER, 0);
    int err = o->fd < 0 ? errno : 0;
    if (err == 0 && mode >= 0)
        (void)fchmod(o->fd, FS_MODE(mode));
    dir_user_leave(o->user);
    if (err == 0 && fs_stat(o->fd, "", &o->st) < 0)
        err = errno;
    o->named = o->st;
    return err;
}

static void dress(struct opening *o, const struct smbkit_create_args *args)
{
    struct dosattr dos = {.has_attributes = true, .has_create_time = true};
    bool folder = o->handle->folder;
    dos.attributes = args->attributes & ~(folder ? 0 : SMBKIT_ATTR_DIRECTORY);
    dos.attributes |= folder ? SMBKIT_ATTR_DIRECTORY : SMBKIT_ATTR_ARCHIVE;
    dos.create_time =
        fs_filetime(o->st.stx_mask & STATX_BTIME ? &o->st.stx_btime : &o->st.stx_mtime);
    (void)dir_dos_write(o->handle->fd, &dos);
    if (!folder && args->alloc_size > 0 && args->alloc_size <= INT64_MAX)
        (void)fallocate(o->handle->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)args->alloc_size);
}

/* With the folder's lock held. */
static smbkit_status create_locked(struct opening *o, const struct smbkit_create_args *args)
{
    char taken[DIR_NAME_MAX + 1];
    struct dir_folder *f = o->place.folder;
    bool folder = (args->attributes & SMBKIT_ATTR_DIRECTORY) != 0;
    int err = dir_folder_find(f, o->place.name, taken);
    if (err != ENOENT)
        return err == 0 ? SMBKIT_STATUS_OBJECT_NAME_COLLISION : dir_status(err);
    err = make(o, folder);
    if (err != 0)
        return dir_status(err);
    struct dir_handle *h =
        dir_handle_new(o->v, o->fd, &o->st, f, o->place.name, &o->named, o->user);
    o->fd = -1;
    if (h == NULL) {
        unlinkat(f->fd, o->place.name, folder ? AT_REMOVEDIR : 0);
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    o->handle = h;
    h->io = folder ? FS_READ : FS_READ | FS_WRITE;
    h->archived = true;
    dir_change_begin(h);
    dress(o, args);
    dir_index_add(f, o->place.name, o->st.stx_ino);
    dir_change_end(h);
    return SMBKIT_STATUS_SUCCESS;
}

/* Makes a stream of what has the path. */
static smbkit_status create_stream(struct opening *o, const struct smbkit_create_args *args)
{
    smbkit_status status = find(o, args->path);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = finish_open(o, args->access);
    if (status == SMBKIT_STATUS_SUCCESS && !dir_user_enter(o->user))
        status = SMBKIT_STATUS_ACCESS_DENIED;
    if (status == SMBKIT_STATUS_SUCCESS) {
        dir_change_begin(o->handle);
        status = dir_stream_make(o->handle, o->stream);
        dir_change_end(o->handle);
        dir_user_leave(o->user);
    }
    return status;
}

static smbkit_status create(struct opening *o, const struct smbkit_create_args *args)
{
    if (o->stream != NULL)
        return create_stream(o, args);
    if (args->path[0] == '\0')
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    smbkit_status status = dir_place_find(o->v, o->user, args->path, &o->place);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    dir_watch_sync(o->v->watch);
    pthread_mutex_lock(&o->place.folder->lock);
    status = create_locked(o, args);
    pthread_mutex_unlock(&o->place.folder->lock);
    if (status != SMBKIT_STATUS_SUCCESS || !o->handle->folder || !(args->access & ACCESS_LIST))
        return status;
    int see = fs_reopen(o->handle->fd, FS_SEE | FS_FOLDER);
    return see >= 0 ? enter_table(o, see) : dir_status(errno);
}

void dir_create(struct smbkit_op *op, void *vol, const struct smbkit_create_args *args)
{
    struct opening o = {.v = vol, .stream = args->stream, .fd = -1};
    smbkit_status status = dir_user_get(&o.v->users, smbkit_op_user(op), &o.user);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = create(&o, args);
    answer(op, &o, status);
}

/* --- close --- */

void dir_close(void *vol, void *file)
{
    dir_handle_free(vol, file);
}
