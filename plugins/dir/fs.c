// SPDX-License-Identifier: Apache-2.0
/*
 * System calls in the form that the rest of the plugin wants.
 *
 * openat2 is called by number, as C libraries do not have it yet. Without it (before Linux 5.6)
 * nothing is served: paths that are checked in userspace can be swapped between check and use.
 * What only has a path (extended attributes of O_PATH descriptors, links, reopening) goes through
 * /proc/self/fd, which leads to the very file of the descriptor.
 */
#include "dir.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EPOCH_1601   116444736000000000ull
#define TICKS_PER_S  10000000ull
#define LIST_BUFFER  32768
#define RETRIES      64 /* EAGAIN of openat2: something was renamed on the way */
#define RETRY_PAUSES 8  /* ... this many in a row before it waits */

static uint64_t open_flags(unsigned flags)
{
    uint64_t f = O_CLOEXEC;
    if (flags & FS_SEE)
        f |= O_PATH;
    else if (flags & FS_WRITE)
        f |= (flags & FS_READ ? O_RDWR : O_WRONLY) | O_NONBLOCK | O_NOCTTY;
    else
        f |= O_RDONLY | O_NONBLOCK | O_NOCTTY;
    if (flags & FS_FOLDER)
        f |= O_DIRECTORY;
    if (flags & FS_MAKE)
        f |= O_CREAT | O_EXCL;
    return f;
}

int fs_quota(int fd, int cmd, uint32_t id, void *data)
{
#ifdef SYS_quotactl_fd
    return (int)syscall(SYS_quotactl_fd, fd, cmd, id, data);
#else
    errno = ENOSYS;
    return -1;
#endif
}

int fs_open(int root, const char *path, unsigned flags, mode_t mode)
{
    struct open_how how = {
        .flags = open_flags(flags),
        .mode = flags & FS_MAKE ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    if (!(flags & FS_FOLLOW)) {
        how.flags |= O_NOFOLLOW;
        /* With O_PATH | O_NOFOLLOW the last component may be a link; it is opened itself. */
        if (strchr(path, '/') != NULL || !(flags & FS_SEE))
            how.resolve |= RESOLVE_NO_SYMLINKS;
    }
    for (int i = 0;; i++) {
        long fd = syscall(SYS_openat2, root, path[0] != '\0' ? path : ".", &how, sizeof(how));
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || i == RETRIES)
            return (int)fd;
        if (i >= RETRY_PAUSES)
            nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
}

struct fs_name fs_name(int fd, const char *child)
{
    struct fs_name n;
    snprintf(n.text, sizeof(n.text), "/proc/self/fd/%d%s%s", fd, child != NULL ? "/" : "",
             child != NULL ? child : "");
    return n;
}

static bool is_regular(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Who has a lease on a file (fcntl(2): another server's client, say) gives it up when somebody
   opens it, within lease-break-time: that is waited for. What is no file is never waited for. */
int fs_reopen(int fd, unsigned flags)
{
    struct fs_name n = fs_name(fd, NULL);
    int how = (int)open_flags(flags), r;
    while ((r = open(n.text, how)) < 0) {
        if (errno == EWOULDBLOCK && (how & O_NONBLOCK) && is_regular(fd))
            how &= ~O_NONBLOCK;
        else if (errno != EINTR)
            break;
    }
    return r;
}

int fs_stat(int fd, const char *name, struct statx *st)
{
    return statx(fd, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
                 STATX_BASIC_STATS | STATX_BTIME, st);
}

/* --- listing --- */

struct raw_entry {
    uint64_t d_ino;
    int64_t d_off;
    unsigned short d_reclen;
    unsigned char d_type;
    char d_name[];
};

static bool is_dots(const char *name)
{
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

int fs_list(int fd, uint64_t cookie, fs_each *each, void *ctx)
{
    if (lseek(fd, (off_t)cookie, SEEK_SET) < 0)
        return -1;
    char *buffer = smbkit_alloc(LIST_BUFFER);
    if (buffer == NULL) {
        errno = ENOMEM;
        return -1;
    }
    long n;
    while ((n = syscall(SYS_getdents64, fd, buffer, LIST_BUFFER)) > 0) {
        for (long at = 0; at < n;) {
            const struct raw_entry *e = (const void *)(buffer + at);
            at += e->d_reclen;
            if (is_dots(e->d_name))
                continue;
            if (!each(ctx, e->d_name, e->d_ino, e->d_type, (uint64_t)e->d_off)) {
                smbkit_free(buffer);
                return 0;
            }
        }
    }
    int err = errno;
    smbkit_free(buffer);
    errno = err;
    return n < 0 ? -1 : 0;
}

/* --- times --- */

uint64_t fs_filetime(const struct statx_timestamp *t)
{
    int64_t s = t->tv_sec;
    const int64_t first = -(int64_t)(EPOCH_1601 / TICKS_PER_S);
    if (s < first)
        return 0;
    return (uint64_t)(s - first) * TICKS_PER_S + t->tv_nsec / 100;
}

struct timespec fs_timespec(uint64_t filetime)
{
    return (struct timespec){
        .tv_sec = (time_t)(filetime / TICKS_PER_S) - (time_t)(EPOCH_1601 / TICKS_PER_S),
        .tv_nsec = (long)(filetime % TICKS_PER_S) * 100,
    };
}

uint64_t fs_ns(const struct statx_timestamp *t)
{
    return (uint64_t)t->tv_sec * 1000000000u + t->tv_nsec;
}

uint64_t fs_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t fs_filetime_now(void)
{
    uint64_t ns = fs_now();
    const struct statx_timestamp t = {.tv_sec = (int64_t)(ns / 1000000000u),
                                      .tv_nsec = (uint32_t)(ns % 1000000000u)};
    return fs_filetime(&t);
}

/* --- names --- */

/* Bytes of the UTF-8 sequence at `p`, 0 when it is none. Overlong forms are none. */
static size_t sequence(const unsigned char *p)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    if (n < 2)
        return n;
    uint32_t c = p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    return c >= least[n] && c <= 0x10ffff ? n : 0;
}

#define OWN_PREFIX ".smbkit-"

void fs_own_name(char name[FS_OWN_NAME_LEN + 1], uint32_t random)
{
    snprintf(name, FS_OWN_NAME_LEN + 1, OWN_PREFIX "%08x%08x", (unsigned)getpid(), random);
}

pid_t fs_own_name_maker(const char *name)
{
    char digits[9] = "";
    memcpy(digits, name + sizeof(OWN_PREFIX) - 1, 8);
    return (pid_t)strtoul(digits, NULL, 16);
}

bool fs_name_is_own(const char *name, size_t len)
{
    const size_t prefix = sizeof(OWN_PREFIX) - 1;
    if (len != FS_OWN_NAME_LEN)
        return false;
    for (size_t i = 0; i < prefix; i++)
        if (name[i] != OWN_PREFIX[i] && (name[i] < 'A' || (name[i] | 0x20) != OWN_PREFIX[i]))
            return false;
    return strspn(name + prefix, "0123456789abcdefABCDEF") >= len - prefix;
}

bool fs_name_visible(const char *name)
{
    if (name[0] == '.' && fs_name_is_own(name, strlen(name)))
        return false;
    for (const unsigned char *p = (const unsigned char *)name; *p != '\0';) {
        size_t n = sequence(p);
        if (n == 0 || *p < 0x20 || strchr("\"*:<>?\\|", *p) != NULL)
            return false;
        p += n;
    }
    return true;
}
