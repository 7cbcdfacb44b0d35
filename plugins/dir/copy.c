// SPDX-License-Identifier: Apache-2.0
/* Copies within the share, made by the kernel or the disk (copy_file_range, FICLONERANGE). */
#include "volume.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define OFFSET_MAX ((uint64_t)INT64_MAX)
#define PIECE      (64u << 20) /* between two looks at whether anybody still waits */

/* Can files of this file system share blocks? Asked with two files without a name. */
bool dir_can_clone(int root)
{
    struct fs_name path = fs_name(root, ".");
    int a = open(path.text, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    int b = a >= 0 ? open(path.text, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    bool can = b >= 0 && ioctl(b, FICLONE, a) == 0;
    if (a >= 0)
        close(a);
    if (b >= 0)
        close(b);
    return can;
}

/* What the kernel says when it cannot for these two files. */
static bool is_refusal(int err)
{
    return err == EXDEV || err == EOPNOTSUPP || err == ENOSYS || err == EINVAL;
}

static int clone_range(int from, int to, const struct smbkit_copy_args *args)
{
    struct file_clone_range range = {
        .src_fd = from,
        .src_offset = args->from_offset,
        .src_length = args->length,
        .dest_offset = args->to_offset,
    };
    return ioctl(to, FICLONERANGE, &range) == 0 ? 0 : errno;
}

/* *done: bytes that were copied, also when it fails. */
static int copy_bytes(struct smbkit_op *op, int from, int to, const struct smbkit_copy_args *args,
                      uint64_t *done)
{
    off_t in = (off_t)args->from_offset, out = (off_t)args->to_offset;
    while (*done < args->length) {
        uint64_t left = args->length - *done;
        ssize_t n = copy_file_range(from, &in, to, &out, left < PIECE ? left : PIECE, 0);
        if (n < 0 && errno != EINTR)
            return errno;
        if (n == 0) /* the source has become shorter, or cannot be copied so (as /proc) */
            return *done == 0 ? EOPNOTSUPP : EIO;
        if (n > 0)
            *done += (uint64_t)n;
        if (smbkit_op_cancelled(op))
            return ECANCELED;
    }
    return 0;
}

static bool is_possible(const struct dir_handle *from, const struct dir_handle *to,
                        const struct smbkit_copy_args *args)
{
    return !from->folder && !to->folder && from->stream == NULL && to->stream == NULL &&
           (from->io & FS_READ) && (to->io & FS_WRITE) && args->from_offset <= OFFSET_MAX &&
           args->to_offset <= OFFSET_MAX && args->length <= OFFSET_MAX - args->from_offset &&
           args->length <= OFFSET_MAX - args->to_offset;
}

void dir_copy_range(struct smbkit_op *op, void *vol, void *file,
                    const struct smbkit_copy_args *args)
{
    struct dir_handle *to = file;
    const struct dir_handle *from = args->from;
    uint64_t done = 0;
    if (!is_possible(from, to, args)) {
        smbkit_reply_status(op, SMBKIT_STATUS_NOT_SUPPORTED);
        return;
    }
    if (!dir_data_begin(op, to))
        return;
    int err = args->flags & SMBKIT_COPY_CLONE ? clone_range(from->fd, to->fd, args)
                                              : copy_bytes(op, from->fd, to->fd, args, &done);
    if (is_refusal(err) && done == 0)
        err = EOPNOTSUPP;
    dir_data_finish(op, vol, to, err, true);
}
