// SPDX-License-Identifier: Apache-2.0
/*
 * Attributes: what the disk knows of a file (statx) and what is kept for us in an extended
 * attribute (dosattr.c), which counts where it is there.
 *
 * Where extended attributes cannot be kept, READONLY is the absence of all write permissions, and
 * the others are lost.
 */
#include "volume.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ATTR_SETTABLE                                                                       \
    (SMBKIT_ATTR_READONLY | SMBKIT_ATTR_HIDDEN | SMBKIT_ATTR_SYSTEM | SMBKIT_ATTR_ARCHIVE | \
     SMBKIT_ATTR_TEMPORARY | SMBKIT_ATTR_OFFLINE | SMBKIT_ATTR_NOT_INDEXED)
/* What may stand in the extended attribute and is shown. */
#define ATTR_KEPT (ATTR_SETTABLE | SMBKIT_ATTR_SPARSE)

#define CHANGE_PATIENCE 100000u /* FILETIME: 10 ms */

dev_t dir_dev(const struct statx *st)
{
    return makedev(st->stx_dev_major, st->stx_dev_minor);
}

/* Inode numbers of the share's own file system are file ids; those of file systems mounted in it
   are made different. */
uint64_t dir_file_id(const struct dir_volume *v, dev_t dev, uint64_t inode)
{
    uint64_t id = dev == v->dev ? inode : inode ^ ((uint64_t)dev * 0x9e3779b97f4a7c15ull);
    return id != 0 ? id : 1;
}

void dir_dos_read(int fd, const char *name, struct dosattr *dos)
{
    uint8_t data[256];
    struct fs_name path = fs_name(fd, name);
    *dos = (struct dosattr){0};
    /* lgetxattr: a name must not be followed, and a link has no such attribute */
    ssize_t n = name != NULL ? lgetxattr(path.text, DOSATTR_XATTR, data, sizeof(data))
                             : getxattr(path.text, DOSATTR_XATTR, data, sizeof(data));
    if (n > 0)
        (void)dosattr_decode(data, (size_t)n, dos);
}

int dir_dos_write(int fd, const struct dosattr *dos)
{
    uint8_t data[DOSATTR_SIZE];
    struct fs_name path = fs_name(fd, NULL);
    size_t len = dosattr_encode(dos, data);
    return setxattr(path.text, DOSATTR_XATTR, data, len, 0) == 0 ? 0 : errno;
}

/* The oldest time known: the disk may not know when the file was made. */
static uint64_t birth(const struct statx *st)
{
    if (st->stx_mask & STATX_BTIME && st->stx_btime.tv_sec != 0)
        return fs_filetime(&st->stx_btime);
    uint64_t m = fs_filetime(&st->stx_mtime), c = fs_filetime(&st->stx_ctime);
    return m < c ? m : c;
}

void dir_attr_fill(struct dir_volume *v, const struct statx *st, const struct dosattr *dos,
                   const char *name, struct smbkit_attr *attr)
{
    bool folder = S_ISDIR(st->stx_mode), link = S_ISLNK(st->stx_mode);
    uint32_t a = dos->has_attributes ? dos->attributes & ATTR_KEPT : 0;
    if (!dos->has_attributes && !folder && !(st->stx_mode & 0222))
        a |= SMBKIT_ATTR_READONLY;
    bool by_name = v->hide_dots && name != NULL && name[0] == '.' && (a & SMBKIT_ATTR_HIDDEN) == 0;
    a |= by_name ? SMBKIT_ATTR_HIDDEN : 0;
    a |= folder ? SMBKIT_ATTR_DIRECTORY : 0;
    a |= link ? SMBKIT_ATTR_REPARSE_POINT : 0;
    a |= v->compresses && (st->stx_attributes & STATX_ATTR_COMPRESSED) ? SMBKIT_ATTR_COMPRESSED : 0;
    *attr = (struct smbkit_attr){
        .file_id = dir_file_id(v, dir_dev(st), st->stx_ino),
        .size = folder || link ? 0 : st->stx_size,
        .create_time = dos->has_create_time ? dos->create_time : birth(st),
        .access_time = fs_filetime(&st->stx_atime),
        .write_time = fs_filetime(&st->stx_mtime),
        .attributes = a != 0 ? a : SMBKIT_ATTR_NORMAL,
        .links = folder ? 1 : st->stx_nlink,
        .reparse_tag = link ? DIR_TAG_SYMLINK : 0,
        .flags = by_name ? SMBKIT_FILE_HIDDEN_BY_NAME : 0,
    };
    dir_node_shown(v, st, dos, &attr->change_time, &attr->alloc_size);
    if (folder)
        attr->alloc_size = 0;
}

smbkit_status dir_attr_get(struct dir_volume *v, struct dir_handle *h, struct smbkit_attr *attr)
{
    struct statx st;
    struct dosattr dos;
    char name[DIR_NAME_MAX + 1] = "";
    if (fs_stat(h->fd, "", &st) < 0)
        return dir_status(errno);
    struct dir_folder *f = dir_handle_where(v, h, name);
    dir_dos_read(h->fd, NULL, &dos);
    dir_attr_fill(v, &st, &dos, name, attr);
    if (S_ISLNK(st.stx_mode) && f != NULL && dir_link_to_folder(v, h->user, f, name))
        attr->attributes |= SMBKIT_ATTR_DIRECTORY;
    if (f != NULL)
        dir_folder_put(f);
    attr->ea_size = dir_ea_size(v, h->fd);
    if (h->stream != NULL) {
        attr->size = attr->alloc_size = dir_stream_size(h);
        /* the stream of a folder is no folder, and an extended attribute is not compressed */
        attr->attributes &= ~(SMBKIT_ATTR_DIRECTORY | SMBKIT_ATTR_COMPRESSED);
    }
    return SMBKIT_STATUS_SUCCESS;
}

void dir_getattr(struct smbkit_op *op, void *vol, void *file)
{
    struct smbkit_attr attr;
    smbkit_status status = dir_attr_get(vol, file, &attr);
    if (status == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_attr(op, &attr);
    else
        smbkit_reply_status(op, status);
}

/* --- setting --- */

/* 0 or an errno. */
static int set_times(int fd, const struct smbkit_attr *a, uint32_t which)
{
    struct timespec t[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_OMIT}};
    struct fs_name path = fs_name(fd, NULL);
    if (which & SMBKIT_SET_ACCESS_TIME)
        t[0] = fs_timespec(a->access_time);
    if (which & SMBKIT_SET_WRITE_TIME)
        t[1] = fs_timespec(a->write_time);
    return utimensat(AT_FDCWD, path.text, t, 0) == 0 ? 0 : errno;
}

/* The permissions stand in for READONLY. */
static int set_mode(int fd, const struct statx *st, uint32_t attributes)
{
    struct fs_name path = fs_name(fd, NULL);
    mode_t mode = st->stx_mode & 07777;
    if (S_ISDIR(st->stx_mode))
        return 0;
    mode_t wanted = attributes & SMBKIT_ATTR_READONLY ? mode & ~0222u
                    : mode & 0222u                    ? mode
                                                      : mode | 0200u;
    if (wanted == mode)
        return 0;
    return chmod(path.text, wanted) == 0 ? 0 : errno;
}

static int set_dos(struct dir_handle *h, const struct smbkit_attr *a, uint32_t which)
{
    struct statx st;
    struct dosattr dos;
    if (fs_stat(h->fd, "", &st) < 0)
        return errno;
    dir_dos_read(h->fd, NULL, &dos);
    if (which & SMBKIT_SET_ATTRIBUTES)
        dos.attributes = (dos.attributes & ~ATTR_SETTABLE) | (a->attributes & ATTR_SETTABLE) |
                         (h->folder ? SMBKIT_ATTR_DIRECTORY : 0);
    dos.has_attributes = dos.has_attributes || (which & SMBKIT_SET_ATTRIBUTES);
    if (which & SMBKIT_SET_CREATE_TIME)
        dos.create_time = a->create_time;
    else if (!dos.has_create_time)
        dos.create_time = birth(&st);
    dos.has_create_time = true;
    int err = dir_dos_write(h->fd, &dos);
    if (err != ENOTSUP && err != ENOSPC && err != E2BIG)
        return err;
    return which & SMBKIT_SET_ATTRIBUTES ? set_mode(h->fd, &st, a->attributes) : 0;
}

/* The disk stamps each change by itself, this one too, at a moment that is not known before. So
   what the client wants counts until shortly after, and a disk that took longer is asked again. The
   node knows it to the point as long as the file is open. */
static int set_change_time(struct dir_volume *v, struct dir_handle *h, uint64_t time)
{
    struct statx st;
    struct dosattr dos;
    uint64_t patience = CHANGE_PATIENCE;
    dir_dos_read(h->fd, NULL, &dos);
    dos.has_change_time = true;
    dos.change_time = time;
    do {
        dos.change_until = fs_filetime_now() + patience;
        int err = dir_dos_write(h->fd, &dos);
        if (fs_stat(h->fd, "", &st) < 0)
            return errno;
        if (err != 0 && err != ENOTSUP && err != ENOSPC && err != E2BIG)
            return err;
        patience *= 10;
    } while (fs_filetime(&st.stx_ctime) > dos.change_until && patience <= CHANGE_PATIENCE * 1000);
    dir_node_want_change_time(v, h->node, fs_ns(&st.stx_ctime), time);
    return 0;
}

/* Ends a change of attributes that was made with the user's rights; `err` is 0 or an errno. */
static void finish(struct smbkit_op *op, struct dir_volume *v, struct dir_handle *h, int err)
{
    struct smbkit_attr attr;
    dir_change_end(h);
    dir_user_leave(h->user);
    smbkit_status status = err != 0 ? dir_status(err) : dir_attr_get(v, h, &attr);
    if (status == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_attr(op, &attr);
    else
        smbkit_reply_status(op, status);
}

void dir_set_sparse(struct smbkit_op *op, void *vol, void *file, bool sparse)
{
    struct dir_handle *h = file;
    struct statx st;
    struct dosattr dos;
    if (!dir_user_enter(h->user)) {
        smbkit_reply_status(op, SMBKIT_STATUS_ACCESS_DENIED);
        return;
    }
    dir_change_begin(h);
    int err = fs_stat(h->fd, "", &st) < 0 ? errno : 0;
    dir_dos_read(h->fd, NULL, &dos);
    if (!dos.has_create_time && err == 0)
        dos.create_time = birth(&st);
    dos.has_attributes = dos.has_create_time = true;
    dos.attributes =
        sparse ? dos.attributes | SMBKIT_ATTR_SPARSE : dos.attributes & ~SMBKIT_ATTR_SPARSE;
    if (err == 0)
        err = dir_dos_write(h->fd, &dos);
    finish(op, vol, h, err);
}

void dir_set_compression(struct smbkit_op *op, void *vol, void *file, bool on)
{
    struct dir_handle *h = file;
    if (h->stream != NULL) {
        smbkit_reply_status(op, SMBKIT_STATUS_NOT_SUPPORTED);
        return;
    }
    if (!dir_user_enter(h->user)) {
        smbkit_reply_status(op, SMBKIT_STATUS_ACCESS_DENIED);
        return;
    }
    dir_change_begin(h);
    finish(op, vol, h, dir_compress(h, on));
}

void dir_setattr(struct smbkit_op *op, void *vol, void *file, const struct smbkit_attr *a,
                 uint32_t which)
{
    struct dir_volume *v = vol;
    struct dir_handle *h = file;
    int err = 0;
    if (!dir_user_enter(h->user)) {
        smbkit_reply_status(op, SMBKIT_STATUS_ACCESS_DENIED);
        return;
    }
    dir_change_begin(h);
    if (which & (SMBKIT_SET_ATTRIBUTES | SMBKIT_SET_CREATE_TIME))
        err = set_dos(h, a, which);
    if (err == 0 && (which & (SMBKIT_SET_ACCESS_TIME | SMBKIT_SET_WRITE_TIME)))
        err = set_times(h->fd, a, which);
    if (err == 0 && (which & SMBKIT_SET_CHANGE_TIME))
        err = set_change_time(v, h, a->change_time);
    finish(op, v, h, err);
}
