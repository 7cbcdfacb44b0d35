// SPDX-License-Identifier: Apache-2.0
/*
 * Directories in use: the table of them.
 *
 * A folder is found by device and inode of a descriptor that was just opened beneath the root, so
 * an entry of this table never says where something is, only what is known of it. As the entry
 * keeps a descriptor, its inode number cannot be given to another directory meanwhile.
 *
 * A folder that nobody uses stays for a while with its index (idle). Idle ones go, oldest first,
 * when there are more than IDLE_MAX (descriptors) or when indexes need the room.
 */
#include "volume.h"
#include <string.h>
#include <unistd.h>

#define IDLE_MAX 256u

static struct dir_folder **bucket(struct dir_volume *v, dev_t dev, uint64_t inode)
{
    return &v->folders[dir_table_slot(dev, inode)];
}

/* --- idle ones (with the volume's lock held) --- */

static void idle_remove(struct dir_volume *v, struct dir_folder *f)
{
    *(f->newer != NULL ? &f->newer->older : &v->newest) = f->older;
    *(f->older != NULL ? &f->older->newer : &v->oldest) = f->newer;
    f->newer = f->older = NULL;
    v->idle_count--;
}

static void idle_add(struct dir_volume *v, struct dir_folder *f)
{
    f->older = v->newest;
    *(v->newest != NULL ? &v->newest->newer : &v->oldest) = f;
    v->newest = f;
    v->idle_count++;
}

struct dir_folder *dir_folder_use_locked(struct dir_folder *f)
{
    if (f->refs++ == 0)
        idle_remove(f->volume, f);
    return f;
}

/* Takes a folder out of the table; nobody uses it. */
static void drop(struct dir_volume *v, struct dir_folder *f)
{
    struct dir_folder **p = bucket(v, f->dev, f->inode);
    while (*p != f)
        p = &(*p)->next;
    *p = f->next;
    idle_remove(v, f);
    if (v->watch != NULL)
        dir_watch_remove(v->watch, f);
    dir_index_clear(f);
    pthread_mutex_destroy(&f->lock);
    close(f->fd);
    smbkit_free(f->path);
    smbkit_free(f);
}

bool dir_folders_shrink(struct dir_volume *v)
{
    pthread_mutex_lock(&v->lock);
    struct dir_folder *f = v->oldest;
    while (f != NULL && f->index.bytes == 0)
        f = f->newer;
    if (f != NULL)
        drop(v, f);
    pthread_mutex_unlock(&v->lock);
    return f != NULL;
}

void dir_folders_free(struct dir_volume *v)
{
    pthread_mutex_lock(&v->lock);
    while (v->oldest != NULL)
        drop(v, v->oldest);
    pthread_mutex_unlock(&v->lock);
}

/* --- getting and putting --- */

char *dir_text(const char *text)
{
    size_t len = strlen(text);
    char *copy = smbkit_alloc(len + 1);
    if (copy != NULL)
        memcpy(copy, text, len);
    return copy;
}

static struct dir_folder *make(struct dir_volume *v, int fd, dev_t dev, uint64_t inode)
{
    struct dir_folder *f = smbkit_alloc(sizeof(*f));
    if (f == NULL)
        return NULL;
    f->volume = v;
    f->dev = dev;
    f->inode = inode;
    f->fd = fd;
    f->watch = -1;
    pthread_mutex_init(&f->lock, NULL);
    struct dir_folder **b = bucket(v, dev, inode);
    f->next = *b;
    *b = f;
    return f;
}

/* Looks it up and takes a reference. */
static struct dir_folder *find(struct dir_volume *v, dev_t dev, uint64_t inode)
{
    struct dir_folder *f = *bucket(v, dev, inode);
    while (f != NULL && (f->dev != dev || f->inode != inode))
        f = f->next;
    return f != NULL ? dir_folder_use_locked(f) : NULL;
}

struct dir_folder *dir_folder_get(struct dir_volume *v, int fd, const char *path)
{
    struct statx st;
    if (fs_stat(fd, "", &st) < 0) {
        close(fd);
        return NULL;
    }
    char *copy = dir_text(path);
    pthread_mutex_lock(&v->lock);
    struct dir_folder *f = find(v, dir_dev(&st), st.stx_ino);
    bool known = f != NULL;
    if (!known) {
        f = make(v, fd, dir_dev(&st), st.stx_ino);
        if (f != NULL)
            f->refs = 1;
    }
    if (f != NULL && copy != NULL) {
        char *old = f->path;
        f->path = copy;
        copy = old;
    }
    bool ok = f != NULL && f->path != NULL;
    pthread_mutex_unlock(&v->lock);
    smbkit_free(copy);
    if (known || f == NULL)
        close(fd);
    if (!ok && f != NULL)
        dir_folder_put(f);
    return ok ? f : NULL;
}

struct dir_folder *dir_folder_ref(struct dir_folder *f)
{
    pthread_mutex_lock(&f->volume->lock);
    f->refs++;
    pthread_mutex_unlock(&f->volume->lock);
    return f;
}

void dir_folder_put(struct dir_folder *f)
{
    struct dir_volume *v = f->volume;
    pthread_mutex_lock(&v->lock);
    dir_folder_put_locked(f);
    pthread_mutex_unlock(&v->lock);
}

void dir_folder_put_locked(struct dir_folder *f)
{
    struct dir_volume *v = f->volume;
    if (--f->refs > 0)
        return;
    idle_add(v, f);
    if (v->idle_count > IDLE_MAX)
        drop(v, v->oldest);
}

/* --- paths --- */

char *dir_folder_path(struct dir_folder *f, const char *name)
{
    struct dir_volume *v = f->volume;
    pthread_mutex_lock(&v->lock);
    size_t a = strlen(f->path), b = strlen(name);
    char *path = smbkit_alloc(a + b + 2);
    if (path != NULL) {
        memcpy(path, f->path, a);
        if (a > 0 && b > 0)
            path[a++] = '/';
        memcpy(path + a, name, b);
    }
    pthread_mutex_unlock(&v->lock);
    return path;
}

static void move_path(struct dir_folder *f, const char *from, size_t from_len, const char *to)
{
    size_t len = strlen(f->path), to_len = strlen(to);
    if (len < from_len || memcmp(f->path, from, from_len) != 0 ||
        (f->path[from_len] != '\0' && f->path[from_len] != '/'))
        return;
    char *path = smbkit_alloc(len - from_len + to_len + 1);
    if (path == NULL)
        return; /* notifications name the old path until it is found again */
    memcpy(path, to, to_len);
    memcpy(path + to_len, f->path + from_len, len - from_len);
    smbkit_free(f->path);
    f->path = path;
}

void dir_folders_moved(struct dir_volume *v, const char *from, const char *to)
{
    size_t from_len = strlen(from);
    pthread_mutex_lock(&v->lock);
    for (size_t i = 0; i < DIR_TABLE_SIZE; i++)
        for (struct dir_folder *f = v->folders[i]; f != NULL; f = f->next)
            move_path(f, from, from_len, to);
    pthread_mutex_unlock(&v->lock);
}

/* --- locks --- */

void dir_folder_lock2(struct dir_folder *a, struct dir_folder *b)
{
    pthread_mutex_lock(a < b ? &a->lock : &b->lock);
    if (a != b)
        pthread_mutex_lock(a < b ? &b->lock : &a->lock);
}

void dir_folder_unlock2(struct dir_folder *a, struct dir_folder *b)
{
    pthread_mutex_unlock(&a->lock);
    if (a != b)
        pthread_mutex_unlock(&b->lock);
}
