// SPDX-License-Identifier: Apache-2.0
/*
 * Helpers for plugins that need no share and no operation: names, memory, and the one table from
 * errno to NTSTATUS.
 */
#include "base/mem.h"
#include "base/utf.h"
#include <errno.h>
#include <smbkit/vfs.h>

int smbkit_name_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return utf8_casecmp(a, a_len, b, b_len);
}

uint64_t smbkit_name_hash(const char *name, size_t len)
{
    return utf8_casehash(name, len);
}

void *smbkit_alloc(size_t size)
{
    return mem_zalloc(size);
}

void *smbkit_realloc(void *ptr, size_t size)
{
    return mem_resize_array(ptr, size, 1);
}

void smbkit_free(void *ptr)
{
    mem_free(ptr);
}

/* Values that are one number on some systems and two on others stand here once per name; the first
   row that fits wins. */
static const struct errno_row {
    int err;
    smbkit_status status;
} errno_table[] = {
    {0, SMBKIT_STATUS_SUCCESS},
    {EPERM, SMBKIT_STATUS_ACCESS_DENIED},
    {EACCES, SMBKIT_STATUS_ACCESS_DENIED},
    {ENOENT, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND},
    {ENOTDIR, SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND}, /* an earlier component is a file */
    {EEXIST, SMBKIT_STATUS_OBJECT_NAME_COLLISION},
    {EISDIR, SMBKIT_STATUS_FILE_IS_A_DIRECTORY},
    {ENOTEMPTY, SMBKIT_STATUS_DIRECTORY_NOT_EMPTY},
    {EBUSY, SMBKIT_STATUS_SHARING_VIOLATION},
    {ETXTBSY, SMBKIT_STATUS_SHARING_VIOLATION},
    {EXDEV, SMBKIT_STATUS_NOT_SAME_DEVICE},
    {ENODEV, SMBKIT_STATUS_NO_SUCH_DEVICE},
    {ENXIO, SMBKIT_STATUS_NO_SUCH_DEVICE},
    {EINVAL, SMBKIT_STATUS_INVALID_PARAMETER},
    {EBADF, SMBKIT_STATUS_INVALID_HANDLE},
    {EFAULT, SMBKIT_STATUS_INTERNAL_ERROR},
    {ENOMEM, SMBKIT_STATUS_INSUFFICIENT_RESOURCES},
    {ENOBUFS, SMBKIT_STATUS_INSUFFICIENT_RESOURCES},
    {ENFILE, SMBKIT_STATUS_TOO_MANY_OPENED_FILES},
    {EMFILE, SMBKIT_STATUS_TOO_MANY_OPENED_FILES},
    {ENOSPC, SMBKIT_STATUS_DISK_FULL},
    {EDQUOT, SMBKIT_STATUS_DISK_FULL}, /* QUOTA_EXCEEDED is about memory ([MS-ERREF] 2.3.1) */
    {EFBIG, SMBKIT_STATUS_DISK_FULL},  /* what NTFS says of a file beyond its maximum */
    {EROFS, SMBKIT_STATUS_MEDIA_WRITE_PROTECTED},
    {EMLINK, SMBKIT_STATUS_TOO_MANY_LINKS},
    {ENAMETOOLONG, SMBKIT_STATUS_OBJECT_NAME_INVALID}, /* Windows has no other word for it */
    {EILSEQ, SMBKIT_STATUS_OBJECT_NAME_INVALID},
    {ELOOP, SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND},
    {EIO, SMBKIT_STATUS_IO_DEVICE_ERROR},
    {ESPIPE, SMBKIT_STATUS_INVALID_DEVICE_REQUEST},
    {ENOTTY, SMBKIT_STATUS_INVALID_DEVICE_REQUEST},
    {EPIPE, SMBKIT_STATUS_PIPE_BROKEN},
    {EAGAIN, SMBKIT_STATUS_FILE_LOCK_CONFLICT},
    {EDEADLK, SMBKIT_STATUS_FILE_LOCK_CONFLICT},
    {ENOLCK, SMBKIT_STATUS_INSUFFICIENT_RESOURCES},
    {EINTR, SMBKIT_STATUS_CANCELLED},
    {ECANCELED, SMBKIT_STATUS_CANCELLED},
    {ETIMEDOUT, SMBKIT_STATUS_IO_TIMEOUT},
    {ENOSYS, SMBKIT_STATUS_NOT_SUPPORTED},
    {EOPNOTSUPP, SMBKIT_STATUS_NOT_SUPPORTED},
    {ENOTSUP, SMBKIT_STATUS_NOT_SUPPORTED},
    {EOVERFLOW, SMBKIT_STATUS_INVALID_PARAMETER},
    {ESTALE, SMBKIT_STATUS_FILE_INVALID},
    {ECONNRESET, SMBKIT_STATUS_CONNECTION_RESET},
    {ENOTCONN, SMBKIT_STATUS_CONNECTION_DISCONNECTED},
    {EHOSTUNREACH, SMBKIT_STATUS_NETWORK_UNREACHABLE},
    {ENETUNREACH, SMBKIT_STATUS_NETWORK_UNREACHABLE},
    {ENODATA, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND}, /* no such extended attribute */
    {ERANGE, SMBKIT_STATUS_BUFFER_TOO_SMALL},
    {E2BIG, SMBKIT_STATUS_INVALID_PARAMETER},
};

smbkit_status smbkit_status_from_errno(int err)
{
    for (size_t i = 0; i < sizeof(errno_table) / sizeof(errno_table[0]); i++)
        if (errno_table[i].err == err)
            return errno_table[i].status;
    return SMBKIT_STATUS_UNSUCCESSFUL;
}
