// SPDX-License-Identifier: Apache-2.0
/*
 * Names of our own making that a server left when it was killed while a link took a name's place
 * (names.c, reparse.c).
 *
 * Each carries the number of the process that made it. It is removed when its folder is read by a
 * server after that, if nobody can be about to rename it and no bytes are lost, whatever happened
 * on the disk meanwhile; and never before somebody opened the share for a change, so that a share
 * that is only read leaves the disk as it is.
 */
#include "volume.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A process of that number, which may be another one by now, has long renamed it. */
#define LEFT_FOR_GOOD ((uint64_t)60 * 1000000000u) /* ns */

static bool is_left(const char *name, const struct statx *st)
{
    pid_t maker = fs_own_name_maker(name);
    if (maker <= 0 || (kill(maker, 0) < 0 && errno == ESRCH))
        return true;
    return fs_now() > fs_ns(&st->stx_ctime) + LEFT_FOR_GOOD;
}

/* Of a kind that is made here, and only one of several names of a file, or nothing in it. A folder
   that is not empty the disk keeps. */
static bool is_spare(const struct statx *st)
{
    switch (st->stx_mode & S_IFMT) {
    case S_IFREG: return st->stx_nlink > 1 || st->stx_size == 0;
    case S_IFDIR:
    case S_IFLNK: return true;
    default: return false;
    }
}

void dir_sweep(const struct dir_volume *v, int folder, const char *name)
{
    struct statx st;
    if (atomic_load(&v->changed) && fs_name_is_own(name, strlen(name)) &&
        fs_stat(folder, name, &st) == 0 && is_spare(&st) && is_left(name, &st))
        (void)unlinkat(folder, name, S_ISDIR(st.stx_mode) ? AT_REMOVEDIR : 0);
}
