// SPDX-License-Identifier: Apache-2.0
/*
 * The inside of the file plugin: a few files of this machine, chosen by name, read-only, in the
 * root of a share. For Linux.
 *
 * A file is opened by its path each time a client opens it, so that one that was replaced is the
 * new one for whoever opens it afterwards; a handle keeps the one that it began with. The paths
 * come from whoever runs the server, and may lead anywhere.
 *
 * Threads: callbacks run on workers and share only what never changes. One
 * thread per volume waits for inotify events (watch.c).
 */
#ifndef PLUGINS_FILE_FILE_H
#define PLUGINS_FILE_FILE_H

#include <pthread.h>
#include <smbkit/vfs.h>
#include <sys/stat.h>

struct file_item {
    char *path;
    const char *name; /* the last component of `path` */
    int watch_file;   /* inotify descriptors; -1: none. The watch's thread's */
    int watch_folder;
    uint64_t inode; /* ... and what it saw last, 0: nothing */
    uint64_t changed;
};

struct file_volume {
    struct smbkit_share *share;
    uint64_t create_time;
    uint32_t serial;
    char *paths; /* what the items' texts lie in */
    struct file_item *items;
    size_t count;
    int inotify, stop; /* -1: nothing is watched */
    pthread_t thread;
};

/* Starts to tell what happens to the files; on a system without inotify nothing is told. */
void file_watch_start(struct file_volume *v);
void file_watch_stop(struct file_volume *v);

#endif
