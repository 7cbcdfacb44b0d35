// SPDX-License-Identifier: Apache-2.0
/* plat/file.h over POSIX. Memory that held file content is wiped when it is given up, because some
   of these files hold passwords. */
#include "plat/file.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_READ 4096

/* Moves the content to a block of the new size. */
static char *grow(char *old, size_t used, size_t size)
{
    char *grown = mem_alloc(size);

    if (grown != NULL && used > 0)
        memcpy(grown, old, used);
    if (grown != NULL && old != NULL)
        mem_free_secret(old, used);
    return grown;
}

/* Does not trust st_size: it is 0 for /proc and may change. */
static int read_descriptor(int fd, size_t max, char **data, size_t *len)
{
    size_t used = 0, cap = MIN(FIRST_READ, max + 1);
    char *mem = mem_alloc(cap + 1), *grown;
    ssize_t n;
    int rc = ENOMEM;

    while (mem != NULL) {
        n = read(fd, mem + used, cap - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            rc = errno;
            break;
        }
        used += (size_t)n;
        if (used > max) {
            rc = EFBIG;
            break;
        }
        if (n == 0) {
            mem[used] = 0;
            *data = mem;
            *len = used;
            return 0;
        }
        if (used < cap)
            continue;
        cap = MIN(cap * 2, max + 1);
        grown = grow(mem, used, cap + 1);
        if (grown == NULL)
            break;
        mem = grown;
    }
    if (mem != NULL)
        mem_free_secret(mem, used);
    return rc;
}

int file_read(const char *path, size_t max, char **data, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc;

    ASSERT(max < SIZE_MAX / 4);
    if (fd < 0)
        return errno;
    rc = read_descriptor(fd, max, data, len);
    close(fd);
    return rc;
}

bool file_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

static int check_private(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return errno;
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
        return EPERM;
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return EPERM;
    return 0;
}

int file_read_private(const char *path, size_t max, char **data, size_t *len)
{
    /* Not blocking: somebody may have put a FIFO there. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int rc;

    ASSERT(max < SIZE_MAX / 4);
    if (fd < 0)
        return errno;
    rc = check_private(fd);
    if (rc == 0)
        rc = read_descriptor(fd, max, data, len);
    close(fd);
    return rc;
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* The new name must reach the disk too. Some file systems cannot sync a folder: not an error. */
static void sync_folder(const char *path)
{
    char *dir = mem_strdup(path);
    char *slash;
    int fd;

    if (dir == NULL)
        return;
    slash = strrchr(dir, '/');
    if (slash != NULL)
        slash[slash == dir] = 0;
    fd = open(slash != NULL ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    mem_free(dir);
}

static int write_temporary(char *name, const void *data, size_t len, unsigned mode)
{
    int fd = mkostemp(name, O_CLOEXEC);
    int rc;

    if (fd < 0)
        return errno;
    rc = write_all(fd, data, len);
    if (rc == 0 && fchmod(fd, (mode_t)mode) != 0)
        rc = errno;
    if (rc == 0 && fsync(fd) != 0)
        rc = errno;
    if (close(fd) != 0 && rc == 0)
        rc = errno;
    if (rc != 0)
        unlink(name);
    return rc;
}

int file_replace(const char *path, const void *data, size_t len, unsigned mode)
{
    static const char suffix[] = ".XXXXXX";
    size_t n = strlen(path) + sizeof(suffix);
    char *temporary = mem_alloc(n);
    int rc;

    if (temporary == NULL)
        return ENOMEM;
    /* In the same folder, because rename does not cross file systems. */
    snprintf(temporary, n, "%s%s", path, suffix);
    rc = write_temporary(temporary, data, len, mode);
    if (rc == 0 && rename(temporary, path) != 0) {
        rc = errno;
        unlink(temporary);
    }
    if (rc == 0)
        sync_folder(path);
    mem_free(temporary);
    return rc;
}

int64_t file_read_at(int fd, uint64_t offset, void *dst, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = pread(fd, (char *)dst + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (int64_t)done;
}
