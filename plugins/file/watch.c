// SPDX-License-Identifier: Apache-2.0
/*
 * What happens to the files: their content (a watch on each) and their names (a watch on the
 * folder of each). Every event leads to a fresh look at the files it may be about; what differs
 * from the last look is told.
 */
#include "file.h"
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#define FILE_MASK   (IN_MODIFY | IN_ATTRIB)
#define FOLDER_MASK (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)
#define PAUSE_NS    5000000 /* lets events of a busy writer gather */

static uint64_t change_time(const struct stat *st)
{
    return (uint64_t)st->st_ctim.tv_sec * 1000000000u + (uint64_t)st->st_ctim.tv_nsec;
}

static void look(struct file_volume *v, struct file_item *it, bool tell)
{
    struct stat st;
    bool there = stat(it->path, &st) == 0;
    uint64_t inode = there ? st.st_ino : 0, changed = there ? change_time(&st) : 0;
    uint32_t action = 0;
    if (inode != 0 && it->inode == 0)
        action = SMBKIT_ACTION_ADDED;
    else if (inode == 0 && it->inode != 0)
        action = SMBKIT_ACTION_REMOVED;
    else if (inode != it->inode || changed != it->changed)
        action = SMBKIT_ACTION_MODIFIED;
    if (inode != it->inode && it->inode != 0 && it->watch_file >= 0)
        inotify_rm_watch(v->inotify, it->watch_file);
    if (inode != it->inode)
        it->watch_file = there ? inotify_add_watch(v->inotify, it->path, FILE_MASK) : -1;
    it->inode = inode;
    it->changed = changed;
    if (tell && action != 0)
        smbkit_notify(v->share, it->name, action);
}

static void apply(struct file_volume *v, const struct inotify_event *e)
{
    bool all = (e->mask & IN_Q_OVERFLOW) != 0;
    for (size_t i = 0; i < v->count; i++) {
        struct file_item *it = &v->items[i];
        if (all || e->wd == it->watch_file ||
            (e->wd == it->watch_folder && e->len > 0 && strcmp(e->name, it->name) == 0))
            look(v, it, true);
    }
}

static void *run(void *ctx)
{
    struct file_volume *v = ctx;
    _Alignas(struct inotify_event) char buffer[8192];
    struct pollfd p[] = {{.fd = v->inotify, .events = POLLIN}, {.fd = v->stop, .events = POLLIN}};
    while (poll(p, 2, -1) >= 0 && p[1].revents == 0) {
        ssize_t n = read(v->inotify, buffer, sizeof(buffer));
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *e = (const void *)(buffer + at);
            apply(v, e);
            at += (ssize_t)(sizeof(*e) + e->len);
        }
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    }
    return NULL;
}

/* The folder of a path, watched. */
static int watch_folder(struct file_volume *v, const struct file_item *it)
{
    size_t len = (size_t)(it->name - it->path);
    char *folder = smbkit_alloc(len + 2);
    if (folder == NULL)
        return -1;
    memcpy(folder, len > 0 ? it->path : ".", len > 0 ? len : 1);
    int wd = inotify_add_watch(v->inotify, folder, FOLDER_MASK);
    smbkit_free(folder);
    return wd;
}

void file_watch_start(struct file_volume *v)
{
    v->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    v->stop = eventfd(0, EFD_CLOEXEC);
    if (v->inotify >= 0 && v->stop >= 0) {
        for (size_t i = 0; i < v->count; i++) {
            v->items[i].watch_folder = watch_folder(v, &v->items[i]);
            look(v, &v->items[i], false);
        }
        if (pthread_create(&v->thread, NULL, run, v) == 0)
            return;
    }
    if (v->inotify >= 0)
        close(v->inotify);
    if (v->stop >= 0)
        close(v->stop);
    v->inotify = v->stop = -1;
}

void file_watch_stop(struct file_volume *v)
{
    const uint64_t one = 1;
    if (v->inotify < 0)
        return;
    if (write(v->stop, &one, sizeof(one)) == sizeof(one))
        pthread_join(v->thread, NULL);
    close(v->inotify);
    close(v->stop);
}
