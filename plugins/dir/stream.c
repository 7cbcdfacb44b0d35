// SPDX-License-Identifier: Apache-2.0
/*
 * Named streams, each in an extended attribute of its file, in the form of Samba's streams_xattr:
 * the name is user.DosStream.NAME:$DATA, the value the stream's bytes and one zero byte.
 *
 * So a stream is small (64 KiB at most, on ext4 less: all attributes of a file share a block), is
 * read and written as a whole, and goes and moves with its file by itself. Handles of one stream
 * share a struct dir_stream; one that was deleted keeps its bytes there. All under the node's lock.
 */
#include "volume.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SUFFIX          ":$DATA"
#define PREFIX_LEN      (sizeof(DIR_STREAM_XATTR) - 1)
#define SUFFIX_LEN      (sizeof(SUFFIX) - 1)
#define XATTR_NAME_LEN  255u
#define STREAM_NAME_MAX (XATTR_NAME_LEN - PREFIX_LEN - SUFFIX_LEN)
#define STREAM_MAX      (DIR_XATTR_MAX - 1) /* the zero byte */

struct xattr_name {
    char text[PREFIX_LEN + DIR_NAME_MAX + SUFFIX_LEN + 1]; /* too long ones the kernel refuses */
};

static struct xattr_name full_name(const char *stream)
{
    struct xattr_name n;
    snprintf(n.text, sizeof(n.text), DIR_STREAM_XATTR "%s" SUFFIX, stream);
    return n;
}

/* Copies the stream's name out of an attribute's; false: it is none. */
static bool stream_name(const char *xattr, char *name)
{
    size_t len = strlen(xattr);
    if (len <= PREFIX_LEN + SUFFIX_LEN || len > XATTR_NAME_LEN ||
        memcmp(xattr, DIR_STREAM_XATTR, PREFIX_LEN) != 0 ||
        strcmp(xattr + len - SUFFIX_LEN, SUFFIX) != 0)
        return false;
    len -= PREFIX_LEN + SUFFIX_LEN;
    memcpy(name, xattr + PREFIX_LEN, len);
    name[len] = '\0';
    return true;
}

/* How the file spells the stream. 0, ENOENT, or another errno. */
static int find(int fd, const char *stream, char *name)
{
    char *list;
    int err = ENOENT;
    ssize_t n = dir_xattr_names(fd, &list);
    if (n < 0)
        err = errno;
    for (const char *at = list; at != NULL && at < list + n && err == ENOENT; at += strlen(at) + 1)
        if (stream_name(at, name) &&
            smbkit_name_compare(name, strlen(name), stream, strlen(stream)) == 0)
            err = 0;
    smbkit_free(list);
    return err;
}

/* --- the bytes of one --- */

/* *data has room for DIR_XATTR_MAX bytes. 0 or an errno. */
static int load(int fd, const struct dir_stream *s, uint8_t **data, size_t *len)
{
    if (s->gone) {
        *data = smbkit_alloc(DIR_XATTR_MAX + 1);
        if (*data == NULL)
            return ENOMEM;
        memcpy(*data, s->kept, s->kept_len);
        *len = s->kept_len;
        return 0;
    }
    int err = dir_xattr_get(fd, full_name(s->name).text, data, len);
    if (err == 0 && *len > 0)
        (*len)--; /* the zero byte */
    return err;
}

/* `data` has room for one byte more. */
static int store(int fd, struct dir_stream *s, uint8_t *data, size_t len)
{
    data[len] = 0;
    if (!s->gone)
        return dir_xattr_set(fd, full_name(s->name).text, data, len + 1, XATTR_REPLACE);
    uint8_t *kept = smbkit_realloc(s->kept, len + 1);
    if (kept == NULL)
        return ENOMEM;
    memcpy(kept, data, len);
    s->kept = kept;
    s->kept_len = len;
    return 0;
}

uint64_t dir_stream_size(struct dir_handle *h)
{
    struct dir_stream *s = h->stream;
    struct fs_name path = fs_name(h->fd, NULL);
    pthread_mutex_lock(&h->node->meta);
    ssize_t n =
        s->gone ? (ssize_t)s->kept_len : getxattr(path.text, full_name(s->name).text, NULL, 0) - 1;
    pthread_mutex_unlock(&h->node->meta);
    return n > 0 ? (uint64_t)n : 0;
}

void dir_stream_read(struct smbkit_op *op, struct dir_handle *h, uint64_t offset, uint32_t length)
{
    uint8_t *data;
    size_t len;
    if (!dir_user_enter(h->user)) {
        smbkit_reply_status(op, SMBKIT_STATUS_ACCESS_DENIED);
        return;
    }
    pthread_mutex_lock(&h->node->meta);
    int err = load(h->fd, h->stream, &data, &len);
    pthread_mutex_unlock(&h->node->meta);
    dir_user_leave(h->user);
    if (err != 0) {
        smbkit_reply_status(op, dir_status(err));
        return;
    }
    uint64_t left = offset < len ? len - offset : 0;
    uint32_t n = left < length ? (uint32_t)left : length;
    void *buffer = n > 0 ? smbkit_op_buffer(op) : NULL;
    if (buffer != NULL)
        memcpy(buffer, data + offset, n);
    smbkit_free(data);
    if (n > 0 && buffer == NULL)
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    else
        smbkit_reply_read(op, n);
}

int dir_stream_write(struct dir_handle *h, uint64_t offset, const void *src, uint64_t length)
{
    uint8_t *data;
    size_t len;
    if (offset > STREAM_MAX || length > STREAM_MAX - offset)
        return ENOSPC;
    pthread_mutex_lock(&h->node->meta);
    int err = load(h->fd, h->stream, &data, &len);
    if (err == 0) {
        size_t end = (size_t)(offset + length);
        if (offset > len)
            memset(data + len, 0, (size_t)offset - len);
        if (src != NULL)
            memcpy(data + offset, src, (size_t)length);
        else
            memset(data + offset, 0, (size_t)length);
        err = store(h->fd, h->stream, data, end > len ? end : len);
        smbkit_free(data);
    }
    pthread_mutex_unlock(&h->node->meta);
    return err;
}

int dir_stream_cut(struct dir_handle *h, uint64_t size)
{
    uint8_t *data;
    size_t len;
    if (size > STREAM_MAX)
        return ENOSPC;
    pthread_mutex_lock(&h->node->meta);
    int err = load(h->fd, h->stream, &data, &len);
    if (err == 0) {
        if (size > len)
            memset(data + len, 0, (size_t)size - len);
        err = store(h->fd, h->stream, data, (size_t)size);
        smbkit_free(data);
    }
    pthread_mutex_unlock(&h->node->meta);
    return err;
}

/* --- open, make, forget --- */

/* The node's stream of that spelling, for one handle more. With the node's lock held. */
static struct dir_stream *attach(struct dir_node *n, const char *name)
{
    struct dir_stream *s = n->streams;
    while (s != NULL && (s->gone || strcmp(s->name, name) != 0))
        s = s->next;
    if (s == NULL) {
        s = smbkit_alloc(sizeof(*s));
        if (s == NULL)
            return NULL;
        memcpy(s->name, name, strlen(name) + 1);
        s->next = n->streams;
        n->streams = s;
    }
    s->refs++;
    return s;
}

smbkit_status dir_stream_open(struct dir_handle *h, const char *stream)
{
    char name[DIR_NAME_MAX + 1];
    pthread_mutex_lock(&h->node->meta);
    int err = find(h->fd, stream, name);
    if (err == 0 && (h->stream = attach(h->node, name)) == NULL)
        err = ENOMEM;
    pthread_mutex_unlock(&h->node->meta);
    return err != 0 ? dir_status(err) : SMBKIT_STATUS_SUCCESS;
}

smbkit_status dir_stream_make(struct dir_handle *h, const char *stream)
{
    char name[DIR_NAME_MAX + 1];
    if (strlen(stream) > STREAM_NAME_MAX)
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    pthread_mutex_lock(&h->node->meta);
    int err = find(h->fd, stream, name);
    if (err == 0)
        err = EEXIST;
    else if (err == ENOENT)
        err = dir_xattr_set(h->fd, full_name(stream).text, "", 1, XATTR_CREATE);
    if (err == 0 && (h->stream = attach(h->node, stream)) == NULL) {
        err = ENOMEM;
        (void)dir_xattr_remove(h->fd, full_name(stream).text);
    }
    pthread_mutex_unlock(&h->node->meta);
    return err != 0 ? dir_status(err) : SMBKIT_STATUS_SUCCESS;
}

void dir_stream_put(struct dir_handle *h)
{
    struct dir_stream *s = h->stream;
    pthread_mutex_lock(&h->node->meta);
    if (--s->refs == 0) {
        struct dir_stream **p = &h->node->streams;
        while (*p != s)
            p = &(*p)->next;
        *p = s->next;
        smbkit_free(s->kept);
        smbkit_free(s);
    }
    pthread_mutex_unlock(&h->node->meta);
}

/* Takes a stream's name away; its handles keep the bytes. With the node's lock held. */
static int remove_locked(int fd, struct dir_node *n, const char *name)
{
    struct dir_stream *s = n->streams;
    while (s != NULL && (s->gone || strcmp(s->name, name) != 0))
        s = s->next;
    if (s != NULL) {
        int err = load(fd, s, &s->kept, &s->kept_len);
        if (err != 0)
            return err;
    }
    int err = dir_xattr_remove(fd, full_name(name).text);
    if (s != NULL && err == 0)
        s->gone = true;
    if (s != NULL && err != 0) {
        smbkit_free(s->kept);
        s->kept = NULL;
    }
    return err;
}

int dir_stream_remove(struct dir_handle *h)
{
    pthread_mutex_lock(&h->node->meta);
    int err = h->stream->gone ? 0 : remove_locked(h->fd, h->node, h->stream->name);
    pthread_mutex_unlock(&h->node->meta);
    return err;
}

int dir_streams_remove(struct dir_handle *h)
{
    char *list, name[DIR_NAME_MAX + 1];
    int err = 0;
    pthread_mutex_lock(&h->node->meta);
    ssize_t n = dir_xattr_names(h->fd, &list);
    if (n < 0)
        err = errno;
    for (const char *at = list; at != NULL && at < list + n && err == 0; at += strlen(at) + 1)
        if (stream_name(at, name))
            err = remove_locked(h->fd, h->node, name);
    smbkit_free(list);
    pthread_mutex_unlock(&h->node->meta);
    return err;
}

/* --- callbacks --- */

void dir_list_streams(struct smbkit_op *op, void *vol, void *file)
{
    struct dir_handle *h = file;
    char *list, name[DIR_NAME_MAX + 1];
    struct fs_name path = fs_name(h->fd, NULL);
    ssize_t n = dir_xattr_names(h->fd, &list);
    struct statx st;
    int err = n < 0 || fs_stat(h->fd, "", &st) < 0 ? errno : 0;
    bool room = true;
    if (err == 0 && S_ISREG(st.stx_mode))
        room = smbkit_stream_add(op, "", st.stx_size, st.stx_blocks * 512);
    for (const char *at = list; at != NULL && at < list + n && room; at += strlen(at) + 1) {
        ssize_t size = stream_name(at, name) ? getxattr(path.text, at, NULL, 0) : -1;
        if (size > 0)
            room = smbkit_stream_add(op, name, (uint64_t)size - 1, (uint64_t)size - 1);
        else if (size == 0)
            room = smbkit_stream_add(op, name, 0, 0);
    }
    smbkit_free(list);
    smbkit_reply_status(op, err != 0 ? dir_status(err) : SMBKIT_STATUS_SUCCESS);
}

/* The stream's bytes become the file's own. With the node's lock held. */
static smbkit_status become_unnamed(struct dir_handle *h, uint32_t flags)
{
    uint8_t *data;
    size_t len;
    if (h->folder)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (!(flags & SMBKIT_RENAME_REPLACE))
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    if (h->stream->refs > 1)
        return SMBKIT_STATUS_SHARING_VIOLATION;
    int err = load(h->fd, h->stream, &data, &len);
    if (err != 0)
        return dir_status(err);
    int fd = fs_reopen(h->fd, FS_WRITE);
    if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, len, 0) != (ssize_t)len)
        err = errno != 0 ? errno : EIO;
    if (fd >= 0)
        close(fd);
    smbkit_free(data);
    if (err == 0)
        err = remove_locked(h->fd, h->node, h->stream->name);
    return err != 0 ? dir_status(err) : SMBKIT_STATUS_SUCCESS;
}

static smbkit_status rename_locked(struct dir_handle *h, const char *to, uint32_t flags)
{
    char taken[DIR_NAME_MAX + 1];
    struct dir_stream *s = h->stream;
    uint8_t *data;
    size_t len;
    if (to[0] == '\0')
        return become_unnamed(h, flags);
    if (strlen(to) > STREAM_NAME_MAX)
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    if (strcmp(to, s->name) == 0)
        return SMBKIT_STATUS_SUCCESS;
    int err = find(h->fd, to, taken);
    if (err == 0 && strcmp(taken, s->name) != 0) {
        if (!(flags & SMBKIT_RENAME_REPLACE))
            return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
        err = remove_locked(h->fd, h->node, taken);
    }
    if (err == 0 || err == ENOENT)
        err = load(h->fd, s, &data, &len);
    if (err != 0)
        return dir_status(err);
    data[len] = 0;
    /* removed first: both may not have room beside each other */
    err = dir_xattr_remove(h->fd, full_name(s->name).text);
    if (err == 0)
        err = dir_xattr_set(h->fd, full_name(to).text, data, len + 1, 0);
    if (err == 0)
        memcpy(s->name, to, strlen(to) + 1);
    else
        (void)dir_xattr_set(h->fd, full_name(s->name).text, data, len + 1, 0);
    smbkit_free(data);
    return err != 0 ? dir_status(err) : SMBKIT_STATUS_SUCCESS;
}

void dir_rename_stream(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags)
{
    struct dir_handle *h = file;
    smbkit_status status = SMBKIT_STATUS_INVALID_PARAMETER;
    if (h->stream != NULL && !dir_user_enter(h->user)) {
        status = SMBKIT_STATUS_ACCESS_DENIED;
    } else if (h->stream != NULL) {
        dir_change_begin(h);
        pthread_mutex_lock(&h->node->meta);
        status = h->stream->gone ? SMBKIT_STATUS_DELETE_PENDING : rename_locked(h, to, flags);
        pthread_mutex_unlock(&h->node->meta);
        dir_change_end(h);
        dir_user_leave(h->user);
    }
    if (status == SMBKIT_STATUS_SUCCESS)
        dir_getattr(op, vol, h);
    else
        smbkit_reply_status(op, status);
}
