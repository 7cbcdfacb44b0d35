// SPDX-License-Identifier: Apache-2.0
/* The bytes of files. */
#include "volume.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define OFFSET_MAX ((uint64_t)INT64_MAX)
/* MAXFILESIZE of [MS-FSA] 2.1.5.4, also where the disk could hold more: what clients of NTFS know.
 */
#define SIZE_LIMIT 0xfffffff0000u
#define CLUSTER    4096u

/* Why the handle's descriptor cannot be used so; SUCCESS: it can. */
static smbkit_status check_io(const struct dir_handle *h, unsigned io)
{
    if (h->folder && h->stream == NULL)
        return SMBKIT_STATUS_INVALID_DEVICE_REQUEST;
    return h->io & io ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_ACCESS_DENIED;
}

void dir_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint32_t length)
{
    struct dir_handle *h = file;
    smbkit_status status = check_io(h, FS_READ);
    if (status == SMBKIT_STATUS_SUCCESS && h->stream != NULL) {
        dir_stream_read(op, h, offset, length);
        return;
    }
    uint8_t *buffer = status == SMBKIT_STATUS_SUCCESS ? smbkit_op_buffer(op) : NULL;
    if (status == SMBKIT_STATUS_SUCCESS && buffer == NULL && length > 0)
        status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    uint32_t done = 0;
    while (status == SMBKIT_STATUS_SUCCESS && done < length && offset + done <= OFFSET_MAX) {
        ssize_t n = pread(h->fd, buffer + done, length - done, (off_t)(offset + done));
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            status = dir_status(errno);
        if (n > 0)
            done += (uint32_t)n;
    }
    if (status == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_read(op, done);
    else
        smbkit_reply_status(op, status);
}

/* --- changes --- */

bool dir_data_begin(struct smbkit_op *op, struct dir_handle *h)
{
    smbkit_status status = check_io(h, FS_WRITE);
    if (status == SMBKIT_STATUS_SUCCESS && !dir_user_enter(h->user))
        status = SMBKIT_STATUS_ACCESS_DENIED;
    if (status != SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_status(op, status);
        return false;
    }
    dir_change_begin(h);
    return true;
}

/* What has been written to is to be archived: said once for each handle. */
static void mark_archive(struct dir_handle *h)
{
    struct dosattr dos;
    if (atomic_exchange(&h->archived, true))
        return;
    dir_dos_read(h->fd, NULL, &dos);
    if (!dos.has_attributes || (dos.attributes & SMBKIT_ATTR_ARCHIVE))
        return;
    dos.attributes |= SMBKIT_ATTR_ARCHIVE;
    (void)dir_dos_write(h->fd, &dos);
}

void dir_data_finish(struct smbkit_op *op, struct dir_volume *v, struct dir_handle *h, int err,
                     bool with_attr)
{
    struct smbkit_attr attr;
    if (err == 0)
        mark_archive(h);
    dir_change_end(h);
    dir_user_leave(h->user);
    smbkit_status status = err != 0 ? dir_status(err) : SMBKIT_STATUS_SUCCESS;
    if (status == SMBKIT_STATUS_SUCCESS && with_attr)
        status = dir_attr_get(v, h, &attr);
    if (status == SMBKIT_STATUS_SUCCESS && with_attr)
        smbkit_reply_attr(op, &attr);
    else
        smbkit_reply_status(op, status);
}

static int write_all(int fd, uint64_t offset, const uint8_t *data, uint64_t length)
{
    if (length > 0 && (offset > SIZE_LIMIT || length > SIZE_LIMIT - offset))
        return EINVAL;
    while (length > 0) {
        ssize_t n = pwrite(fd, data, length, (off_t)offset);
        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0) {
            data += n;
            offset += (uint64_t)n;
            length -= (uint64_t)n;
        }
    }
    return 0;
}

/* Answered without attributes: asking for them would cost more than a small write. */
void dir_write(struct smbkit_op *op, void *vol, void *file, uint64_t offset, const void *data,
               uint32_t length)
{
    struct dir_handle *h = file;
    if (!dir_data_begin(op, h))
        return;
    int err = h->stream != NULL ? dir_stream_write(h, offset, data, length)
                                : write_all(h->fd, offset, data, length);
    dir_data_finish(op, vol, h, err, false);
}

void dir_flush(struct smbkit_op *op, void *vol, void *file)
{
    const struct dir_handle *h = file;
    bool lost =
        h->io != 0 && h->stream == NULL && fsync(h->fd) < 0 && errno != EINVAL && errno != EROFS;
    smbkit_reply_status(op, lost ? dir_status(errno) : SMBKIT_STATUS_SUCCESS);
}

static int cut(struct dir_handle *h, uint64_t size)
{
    if (h->stream != NULL)
        return dir_stream_cut(h, size);
    if (size > SIZE_LIMIT)
        return EINVAL;
    return ftruncate(h->fd, (off_t)size) == 0 ? 0 : errno;
}

void dir_set_size(struct smbkit_op *op, void *vol, void *file, uint64_t size)
{
    struct dir_handle *h = file;
    if (dir_data_begin(op, h))
        dir_data_finish(op, vol, h, cut(h, size), true);
}

/* Reserves what is missing behind the end, so that holes before it stay holes; a file system that
   cannot reserve has said all it can. Less than there is gives back what was reserved. */
static int reserve_file(struct dir_handle *h, uint64_t size)
{
    struct statx st;
    if (size > SIZE_LIMIT)
        return EINVAL;
    if (fs_stat(h->fd, "", &st) < 0)
        return errno;
    if (size <= st.stx_size)
        return cut(h, size);
    off_t from = (off_t)st.stx_size, more = (off_t)(size - st.stx_size);
    if (fallocate(h->fd, FALLOC_FL_KEEP_SIZE, from, more) == 0 || errno == EOPNOTSUPP)
        return 0;
    return errno;
}

/* What is shown is what was asked for in whole clusters, when the disk gave no less: st_blocks has
   blocks of extended attributes in it too. */
static int reserve(struct dir_volume *v, struct dir_handle *h, uint64_t size)
{
    struct statx st;
    if (h->stream != NULL)
        return size < dir_stream_size(h) ? dir_stream_cut(h, size) : 0;
    int err = reserve_file(h, size);
    uint64_t whole = (size + CLUSTER - 1) / CLUSTER * CLUSTER;
    if (err == 0 && fs_stat(h->fd, "", &st) == 0 && st.stx_blocks * 512 >= whole)
        dir_node_reserved(v, h->node, whole, st.stx_blocks);
    return err;
}

void dir_set_alloc(struct smbkit_op *op, void *vol, void *file, uint64_t size)
{
    struct dir_handle *h = file;
    if (dir_data_begin(op, h))
        dir_data_finish(op, vol, h, reserve(vol, h, size), true);
}

/* Who may only delete a file may supersede it: with a descriptor that is not for writing another
   one is made. */
static int empty(struct dir_handle *h)
{
    if (h->stream != NULL || (h->io & FS_WRITE))
        return cut(h, 0);
    int fd = fs_reopen(h->fd, FS_WRITE);
    if (fd < 0)
        return errno;
    int err = ftruncate(fd, 0) == 0 ? 0 : errno;
    close(fd);
    return err;
}

/* A client overwrites the file: nothing of what it was stays but its name. */
void dir_overwrite(struct smbkit_op *op, void *vol, void *file)
{
    struct dir_handle *h = file;
    if (h->folder && h->stream == NULL) {
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
        return;
    }
    if (!dir_user_enter(h->user)) {
        smbkit_reply_status(op, SMBKIT_STATUS_ACCESS_DENIED);
        return;
    }
    dir_change_begin(h);
    int err = empty(h);
    if (err == 0 && h->stream == NULL)
        err = dir_streams_remove(h);
    if (err == 0 && h->stream == NULL)
        err = dir_eas_remove(vol, h->fd);
    dir_data_finish(op, vol, h, err, true);
}

/* --- holes --- */

static int write_zeros(int fd, uint64_t offset, uint64_t length)
{
    static const uint8_t zeros[65536];
    int err = 0;
    while (err == 0 && length > 0) {
        uint64_t n = length < sizeof(zeros) ? length : sizeof(zeros);
        err = write_all(fd, offset, zeros, n);
        offset += n;
        length -= n;
    }
    return err;
}

static int punch(struct dir_handle *h, uint64_t offset, uint64_t length)
{
    struct statx st;
    int fd = h->fd;
    if (fs_stat(fd, "", &st) < 0)
        return errno;
    uint64_t size = h->stream != NULL ? dir_stream_size(h) : st.stx_size;
    if (offset >= size || length == 0)
        return 0;
    if (length > size - offset)
        length = size - offset;
    if (h->stream != NULL)
        return dir_stream_write(h, offset, NULL, length);
    int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    if (fallocate(fd, mode, (off_t)offset, (off_t)length) == 0)
        return 0;
    return errno == EOPNOTSUPP ? write_zeros(fd, offset, length) : errno;
}

void dir_zero_range(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint64_t length)
{
    struct dir_handle *h = file;
    if (dir_data_begin(op, h))
        dir_data_finish(op, vol, h, punch(h, offset, length), true);
}

/* Everything, as for a file that is not sparse. */
static void answer_whole(struct smbkit_op *op, uint64_t offset, uint64_t end, uint64_t size)
{
    end = end < size ? end : size;
    if (offset < end)
        (void)smbkit_range_add(op, offset, end - offset);
    smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
}

void dir_allocated_ranges(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                          uint64_t length)
{
    struct dir_handle *h = file;
    struct smbkit_attr attr;
    smbkit_status status = check_io(h, FS_READ | FS_WRITE);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = dir_attr_get(vol, h, &attr);
    if (status != SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_status(op, status);
        return;
    }
    uint64_t end =
        offset < OFFSET_MAX && length < OFFSET_MAX - offset ? offset + length : OFFSET_MAX;
    if (h->stream != NULL || !(attr.attributes & SMBKIT_ATTR_SPARSE)) {
        answer_whole(op, offset, end, attr.size);
        return;
    }
    /* lseek moves the descriptor's position, which nothing else uses. */
    while (offset < end) {
        off_t start = lseek(h->fd, (off_t)offset, SEEK_DATA);
        off_t stop = start >= 0 ? lseek(h->fd, start, SEEK_HOLE) : -1;
        if (start < 0 || stop < 0 || (uint64_t)start >= end)
            break;
        uint64_t to = (uint64_t)stop < end ? (uint64_t)stop : end;
        if (!smbkit_range_add(op, (uint64_t)start, to - (uint64_t)start))
            break;
        offset = (uint64_t)stop;
    }
    smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
}
