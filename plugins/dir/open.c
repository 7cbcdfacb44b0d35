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
/* FILE_WRITE_DATA, APPEND_DATA, WRITE_EA, DELETE_CHILD, WRITE_ATTRIBUTES, DELETE, WRITE_DAC,
   WRITE_OWNER */
#define ACCESS_CHANGE 0xd0156u

/* What an open or a create has come to. */
struct opening {
    struct dir_volume *v;
    struct dir_user *user;
    const char *stream; /* NULL: the file itself; its handle stays O_PATH */
    struct dir_found at;
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

/* Makes o->at.fd good for what was asked. Whoever asks for everything takes what is to be had: the
   most that is allowed cannot be asked for in another way here. */
static smbkit_status arm(struct opening *o, uint32_t access, unsigned *io)
{
    bool folder = S_ISDIR(o->at.st.stx_mode) && o->stream == NULL;
    *io = S_ISLNK(o->at.st.stx_mode) ? 0 : wanted_io(access, folder);
    if (*io == 0 || o->stream != NULL)
        return SMBKIT_STATUS_SUCCESS;
    int fd = reopen_as(o->user, o->at.fd, *io | (folder ? FS_FOLDER : 0));
    if (fd < 0 && (*io & FS_WRITE) && (access & ACCESS_ALL) == ACCESS_ALL &&
        (errno == EACCES || errno == EROFS || errno == EPERM)) {
        *io = FS_READ;
        fd = reopen_as(o->user, o->at.fd, *io);
    }
    if (fd < 0)
        return dir_status(errno);
    close(o->at.fd);
    o->at.fd = fd;
    return SMBKIT_STATUS_SUCCESS;
}

/* A folder that may be listed may be watched too: what others change there is told from now on. */
static smbkit_status enter_table(struct opening *o, int see)
{
    struct dir_handle *h = o->handle;
    char *path = o->at.place.folder != NULL ? dir_folder_path(o->at.place.folder, o->at.place.name)
                                            : dir_text("");
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
    if (S_ISDIR(o->at.st.stx_mode) && (access & ACCESS_LIST) && o->stream == NULL) {
        see = fcntl(o->at.fd, F_DUPFD_CLOEXEC, 0);
        if (see < 0)
            return dir_status(errno);
    }
    smbkit_status status = arm(o, access, &io);
    if (status == SMBKIT_STATUS_SUCCESS) {
        o->handle = dir_handle_new(o->v, o->at.fd, &o->at.st, o->at.place.folder, o->at.place.name,
                                   &o->at.named, o->user);
        o->at.fd = -1;
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
    if (status == SMBKIT_STATUS_SUCCESS && o->at.place.folder != NULL)
        path = dir_folder_path(o->at.place.folder, o->at.place.name);
    if (status == SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_open(op, o->handle, &attr, path);
    } else {
        if (o->handle != NULL)
            dir_handle_free(o->v, o->handle);
        dir_reply_failure(op, &o->at, status);
    }
    smbkit_free(path);
    dir_found_clear(&o->at);
    dir_user_put(o->user);
}

/* --- open --- */

/* A link is opened itself when that is what is wanted, and else reported. */
static smbkit_status find(struct opening *o, const char *path, uint32_t flags)
{
    smbkit_status status = dir_find(o->v, o->user, path, &o->at);
    if (status != SMBKIT_STATUS_SUCCESS || !S_ISLNK(o->at.st.stx_mode) ||
        (flags & SMBKIT_OPEN_REPARSE_POINT))
        return status;
    o->at.place.link_at = strlen(path);
    o->at.place.link = dir_link_buffer(o->at.fd, &o->at.place.link_len);
    return o->at.place.link != NULL ? SMBKIT_STATUS_STOPPED_ON_SYMLINK : dir_status(errno);
}

void dir_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args)
{
    struct opening o = {.v = vol, .stream = args->stream, .at = {.fd = -1}};
    smbkit_status status = dir_user_get(&o.v->users, smbkit_op_user(op), &o.user);
    if (args->access & ACCESS_CHANGE)
        atomic_store(&o.v->changed, true);
    if (status == SMBKIT_STATUS_SUCCESS) {
        dir_quota_seen(o.v, op, o.user);
        status = find(&o, args->path, args->flags);
    }
    if (status == SMBKIT_STATUS_SUCCESS)
        status = finish_open(&o, args->access);
    if (status == SMBKIT_STATUS_SUCCESS && o.stream != NULL)
        status = dir_stream_open(o.handle, o.stream);
    answer(op, &o, status);
}

/* --- create --- */

/* 0 or an errno. o->at.fd is good for everything then. */
static int make(struct opening *o, bool folder)
{
    const struct dir_volume *v = o->v;
    int dir = o->at.place.folder->fd, mode = folder ? v->folder_mode : v->file_mode;
    mode_t ask = FS_MODE(mode >= 0 ? mode : folder ? 0777 : 0666);
    if (!dir_user_enter(o->user))
        return EACCES;
    if (!folder)
        o->at.fd = fs_open(dir, o->at.place.name, FS_MAKE | FS_READ | FS_WRITE, ask);
    else if (mkdirat(dir, o->at.place.name, ask) == 0)
        o->at.fd = fs_open(dir, o->at.place.name, FS_READ | FS_FOLDER, 0);
    int err = o->at.fd < 0 ? errno : 0;
    if (err == 0 && mode >= 0)
        (void)fchmod(o->at.fd, FS_MODE(mode));
    dir_user_leave(o->user);
    if (err == 0 && fs_stat(o->at.fd, "", &o->at.st) < 0)
        err = errno;
    o->at.named = o->at.st;
    return err;
}

static int dress(struct opening *o, const struct smbkit_op *op,
                 const struct smbkit_create_args *args)
{
    struct dosattr dos = {.has_attributes = true, .has_create_time = true};
    bool folder = o->handle->folder;
    dos.attributes = args->attributes & ~(folder ? 0 : SMBKIT_ATTR_DIRECTORY);
    dos.attributes |= folder ? SMBKIT_ATTR_DIRECTORY : SMBKIT_ATTR_ARCHIVE;
    dos.create_time =
        fs_filetime(o->at.st.stx_mask & STATX_BTIME ? &o->at.st.stx_btime : &o->at.st.stx_mtime);
    (void)dir_dos_write(o->handle->fd, &dos);
    if (!folder && args->alloc_size > 0 && args->alloc_size <= INT64_MAX)
        (void)fallocate(o->handle->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)args->alloc_size);
    if (o->v->compresses && (args->flags & SMBKIT_CREATE_NO_COMPRESSION))
        (void)dir_compress(o->handle, false); /* else as the folder is */
    int err = dir_acl_make(o->v, op, o->user, o->at.place.folder->fd, o->handle->fd, args->sd,
                           args->sd_len);
    return err != ENOTSUP ? err : 0;
}

/* With the folder's lock held. */
static smbkit_status create_locked(struct opening *o, const struct smbkit_op *op,
                                   const struct smbkit_create_args *args)
{
    char taken[DIR_NAME_MAX + 1];
    struct dir_folder *f = o->at.place.folder;
    bool folder = (args->attributes & SMBKIT_ATTR_DIRECTORY) != 0;
    int err = dir_folder_find(f, o->at.place.name, taken);
    if (err != ENOENT)
        return err == 0 ? SMBKIT_STATUS_OBJECT_NAME_COLLISION : dir_status(err);
    err = make(o, folder);
    if (err != 0)
        return dir_status(err);
    struct dir_handle *h =
        dir_handle_new(o->v, o->at.fd, &o->at.st, f, o->at.place.name, &o->at.named, o->user);
    o->at.fd = -1;
    if (h == NULL) {
        unlinkat(f->fd, o->at.place.name, folder ? AT_REMOVEDIR : 0);
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    o->handle = h;
    h->io = folder ? FS_READ : FS_READ | FS_WRITE;
    h->archived = true;
    dir_change_begin(h);
    err = dress(o, op, args);
    if (err == 0)
        dir_index_add(f, o->at.place.name, o->at.st.stx_ino);
    else
        unlinkat(f->fd, o->at.place.name, folder ? AT_REMOVEDIR : 0);
    dir_change_end(h);
    return err == 0 ? SMBKIT_STATUS_SUCCESS : dir_status(err);
}

/* Makes a stream of what has the path. */
static smbkit_status create_stream(struct opening *o, const struct smbkit_create_args *args)
{
    smbkit_status status = find(o, args->path, args->flags);
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

static smbkit_status create(struct opening *o, const struct smbkit_op *op,
                            const struct smbkit_create_args *args)
{
    if (o->stream != NULL)
        return create_stream(o, args);
    if (args->path[0] == '\0')
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    smbkit_status status = dir_place_find(o->v, o->user, args->path, &o->at.place);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    dir_watch_sync(o->v->watch);
    pthread_mutex_lock(&o->at.place.folder->lock);
    status = create_locked(o, op, args);
    pthread_mutex_unlock(&o->at.place.folder->lock);
    if (status != SMBKIT_STATUS_SUCCESS || !o->handle->folder || !(args->access & ACCESS_LIST))
        return status;
    int see = fs_reopen(o->handle->fd, FS_SEE | FS_FOLDER);
    return see >= 0 ? enter_table(o, see) : dir_status(errno);
}

void dir_create(struct smbkit_op *op, void *vol, const struct smbkit_create_args *args)
{
    struct opening o = {.v = vol, .stream = args->stream, .at = {.fd = -1}};
    smbkit_status status = dir_user_get(&o.v->users, smbkit_op_user(op), &o.user);
    atomic_store(&o.v->changed, true);
    if (status == SMBKIT_STATUS_SUCCESS) {
        dir_quota_seen(o.v, op, o.user);
        status = create(&o, op, args);
    }
    answer(op, &o, status);
}

/* --- close --- */

void dir_close(void *vol, void *file)
{
    dir_handle_free(vol, file);
}
