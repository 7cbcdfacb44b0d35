// SPDX-License-Identifier: Apache-2.0
/*
 * Compression by the disk, where there is one that does it (btrfs).
 *
 * Other file systems take the same flag and do nothing, and their volumes say that they do not
 * compress: a client that asked for it would be deceived.
 */
#include "volume.h"
#include <errno.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

bool dir_can_compress(int root)
{
    struct statfs fs;
    return fstatfs(root, &fs) == 0 && fs.f_type == BTRFS_SUPER_MAGIC;
}

int dir_compress(const struct dir_handle *h, bool on)
{
    int flags, err = 0;
    int fd = fs_reopen(h->fd, FS_READ | (h->folder ? FS_FOLDER : 0));
    if (fd < 0)
        return errno;
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
        err = errno;
    flags &= ~(FS_COMPR_FL | FS_NOCOMP_FL);
    flags |= on ? FS_COMPR_FL : 0;
    if (err == 0 && ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0)
        err = errno;
    close(fd);
    return err;
}
