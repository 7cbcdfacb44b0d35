// SPDX-License-Identifier: Apache-2.0
/*
 * What others change in watched folders: keeps the indexes right and tells the clients.
 *
 * Events are hints. An event about a name makes us compare what the disk has under that name with
 * what the index has, with the folder's lock held; where they agree there is nothing to tell. Our
 * own changes put the index right under the same lock, and so tell themselves apart without any
 * list of expected events. A change of content is our own when no later one than our last
 * (dir_node.own_time, dir_entry.own_time) is in the file's change time.
 *
 * A lookup that is about to trust an index first applies all events that have come
 * (dir_watch_sync): the kernel queues an event before the call that caused it returns, so the
 * index is never older than what the client can know.
 *
 * When events were lost, every index is read again at once, what differs from it is told, and so is
 * each file that has changed since the last event that was not lost. So a client that watches is
 * told all it has to know, if not in which order it happened.
 */
#include "volume.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define WATCH_MASK                                                                              \
    (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_ATTRIB | IN_ONLYDIR | \
     IN_EXCL_UNLINK)
#define NAME_EVENTS (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
#define BUFFER      65536
#define BUCKETS     1024
/* Writes of our own make events too; a pause lets many be read at once. */
#define PAUSE_NS 5000000
#define LATER_MS 100

struct watched {
    struct watched *next;
    int wd;
    struct dir_folder *folder;
};

struct dir_watch {
    struct dir_volume *volume;
    int inotify;
    int stop; /* an eventfd */
    pthread_t thread;
    pthread_mutex_t drain;          /* while events are read and applied */
    uint64_t good;                  /* ns: all events until then have been applied */
    bool lost;                      /* ... and some after it never came */
    bool gone;                      /* folders have gone or moved */
    bool anew;                      /* ... or nobody knows */
    _Atomic bool late;              /* ... which is still to be seen to */
    struct dir_paths pending;       /* folders that have come */
    struct watched *table[BUCKETS]; /* dir_volume.lock */
    _Alignas(struct inotify_event) char buffer[BUFFER];
};

/* --- which folder --- */

bool dir_watch_add(struct dir_watch *w, struct dir_folder *f)
{
    struct fs_name path = fs_name(f->fd, NULL);
    struct watched *row = smbkit_alloc(sizeof(*row));
    if (row == NULL)
        return false;
    row->wd = inotify_add_watch(w->inotify, path.text, WATCH_MASK);
    if (row->wd < 0) {
        smbkit_free(row);
        return false;
    }
    row->folder = f;
    struct watched **b = &w->table[(unsigned)row->wd % BUCKETS];
    row->next = *b;
    *b = row;
    f->watch = row->wd;
    return true;
}

void dir_watch_remove(struct dir_watch *w, struct dir_folder *f)
{
    if (f->watch < 0)
        return;
    struct watched **p = &w->table[(unsigned)f->watch % BUCKETS];
    while ((*p)->folder != f)
        p = &(*p)->next;
    struct watched *row = *p;
    *p = row->next;
    inotify_rm_watch(w->inotify, row->wd); /* fails when the directory is gone */
    smbkit_free(row);
    f->watch = -1;
}

/* The folder of an event, referenced. */
static struct dir_folder *folder_of(struct dir_watch *w, int wd)
{
    pthread_mutex_lock(&w->volume->lock);
    struct watched *row = w->table[(unsigned)wd % BUCKETS];
    while (row != NULL && row->wd != wd)
        row = row->next;
    struct dir_folder *f = row != NULL ? row->folder : NULL;
    if (f != NULL)
        f = dir_folder_use_locked(f);
    pthread_mutex_unlock(&w->volume->lock);
    return f;
}

/* --- one event (with the folder's lock held) --- */

static void tell(struct dir_folder *f, const char *name, uint32_t action)
{
    char *path = dir_folder_path(f, name);
    if (path != NULL)
        smbkit_notify(f->volume->share, path, action);
    smbkit_free(path);
}

/* What the disk has under the name now; false: nothing. */
static bool on_disk(struct dir_folder *f, const char *name, struct statx *st)
{
    return fs_stat(f->fd, name, st) == 0;
}

/* Puts a name into the index as it is on the disk. */
static bool learn(struct dir_folder *f, const char *name, const struct statx *st)
{
    struct dir_entry *e = dir_index_add(f, name, st->stx_ino);
    if (e != NULL)
        e->own_time = fs_ns(&st->stx_ctime); /* what is told now need not be told again */
    return e != NULL;
}

static void apply_name(struct dir_folder *f, const char *name)
{
    struct statx st;
    struct dir_entry *e = dir_index_exact(&f->index, name);
    bool there = on_disk(f, name, &st);
    if (e == NULL && there) {
        if (learn(f, name, &st))
            tell(f, name, SMBKIT_ACTION_ADDED);
    } else if (e != NULL && !there) {
        dir_index_remove(f, name);
        tell(f, name, SMBKIT_ACTION_REMOVED);
    } else if (e != NULL && e->inode != st.stx_ino) {
        learn(f, name, &st);
        tell(f, name, SMBKIT_ACTION_MODIFIED);
    }
}

/* A rename inside the folder, as far as it is news; false: treat it as two events. */
static bool apply_rename(struct dir_folder *f, const char *from, const char *to)
{
    struct statx st;
    struct dir_index *x = &f->index;
    if (dir_index_exact(x, from) == NULL || dir_index_exact(x, to) != NULL ||
        on_disk(f, from, &st) || !on_disk(f, to, &st))
        return false;
    dir_index_remove(f, from);
    if (!learn(f, to, &st)) {
        tell(f, from, SMBKIT_ACTION_REMOVED);
        return true;
    }
    tell(f, from, SMBKIT_ACTION_RENAMED_OLD);
    tell(f, to, SMBKIT_ACTION_RENAMED_NEW);
    if (S_ISDIR(st.stx_mode)) {
        char *old = dir_folder_path(f, from), *now = dir_folder_path(f, to);
        if (old != NULL && now != NULL)
            dir_folders_moved(f->volume, old, now);
        smbkit_free(old);
        smbkit_free(now);
    }
    return true;
}

static void apply_content(struct dir_folder *f, const char *name)
{
    struct statx st;
    struct dir_entry *e = dir_index_exact(&f->index, name);
    if (e == NULL || !on_disk(f, name, &st))
        return;
    uint64_t changed = fs_ns(&st.stx_ctime);
    if (changed <= e->own_time || dir_node_is_own(f->volume, dir_dev(&st), st.stx_ino, changed))
        return;
    e->own_time = changed; /* told once */
    tell(f, name, SMBKIT_ACTION_MODIFIED);
}

/* --- events --- */

static void all_behind(struct dir_volume *v)
{
    pthread_mutex_lock(&v->lock);
    for (size_t i = 0; i < DIR_TABLE_SIZE; i++)
        for (struct dir_folder *f = v->folders[i]; f != NULL; f = f->next)
            f->index.behind = f->index.missed = f->index.ready;
    pthread_mutex_unlock(&v->lock);
}

/* A folder whose changes were missed, referenced; NULL: there is none (any more). */
static struct dir_folder *next_missed(struct dir_volume *v, size_t *bucket)
{
    struct dir_folder *found = NULL;
    pthread_mutex_lock(&v->lock);
    for (; *bucket < DIR_TABLE_SIZE && found == NULL; *bucket += found == NULL) {
        found = v->folders[*bucket];
        while (found != NULL && !found->index.missed)
            found = found->next;
    }
    if (found != NULL)
        (void)dir_folder_use_locked(found);
    pthread_mutex_unlock(&v->lock);
    return found;
}

/* What has changed in a folder since `good`. With its lock held. */
static void tell_since(struct dir_folder *f, uint64_t good)
{
    struct statx st;
    struct dir_entry *e = dir_index_next(&f->index, 0);
    for (; e != NULL; e = dir_index_next(&f->index, e->seq)) {
        if (!on_disk(f, e->name, &st) || fs_ns(&st.stx_ctime) < good)
            continue;
        apply_content(f, e->name);
    }
}

/* The clock that stamps files is a few milliseconds behind the other. */
#define CLOCK_LAG 20000000u

/* Events were lost: every index in use is read again. */
static void catch_up(struct dir_watch *w)
{
    struct dir_volume *v = w->volume;
    size_t bucket = 0;
    struct dir_folder *f;
    while ((f = next_missed(v, &bucket)) != NULL) {
        pthread_mutex_lock(&f->lock);
        if (dir_index_load(f))
            tell_since(f, w->good - CLOCK_LAG);
        f->index.missed = false;
        pthread_mutex_unlock(&f->lock);
        dir_folder_put(f);
    }
    w->anew = true;
    w->lost = false;
    smbkit_log(
        v->share, SMBKIT_LOG_WARNING,
        "changes made by others came faster than they could be read; folders were read anew");
}

static const struct inotify_event *next_event(const struct inotify_event *e)
{
    return (const void *)((const char *)e + sizeof(*e) + e->len);
}

/* Folders that come and go among [e, end) concern those who watch whole trees. */
static void note_folders(struct dir_watch *w, struct dir_folder *f, const struct inotify_event *e,
                         const struct inotify_event *end)
{
    for (; w->volume->trees.any && e < end; e = next_event(e)) {
        if ((e->mask & IN_ISDIR) && (e->mask & (IN_CREATE | IN_MOVED_TO)) &&
            fs_name_visible(e->name))
            dir_paths_add(&w->pending, dir_folder_path(f, e->name));
        if ((e->mask & IN_ISDIR) && (e->mask & (IN_DELETE | IN_MOVED_FROM)))
            w->gone = true;
    }
}

/* Applies one event, or two that are a rename; returns the first that is not applied yet. */
static const struct inotify_event *apply(struct dir_watch *w, const struct inotify_event *e,
                                         const void *end)
{
    const struct inotify_event *next = next_event(e);
    if (e->mask & IN_Q_OVERFLOW) {
        all_behind(w->volume);
        w->lost = true;
    }
    struct dir_folder *f = e->len > 0 ? folder_of(w, e->wd) : NULL;
    if (f == NULL)
        return next;
    pthread_mutex_lock(&f->lock);
    if (!f->index.ready || f->index.behind || !fs_name_visible(e->name)) {
        /* nothing to keep right */
    } else if ((e->mask & IN_MOVED_FROM) && (const void *)next < end &&
               (next->mask & IN_MOVED_TO) && next->cookie == e->cookie && next->wd == e->wd &&
               apply_rename(f, e->name, next->name)) {
        next = next_event(next);
    } else if (e->mask & NAME_EVENTS) {
        apply_name(f, e->name);
    } else {
        apply_content(f, e->name);
    }
    pthread_mutex_unlock(&f->lock);
    note_folders(w, f, e, next);
    dir_folder_put(f);
    return next;
}

/* Somebody who walks a tree has the lock for long: then what came and went is for later. */
static void follow_trees(struct dir_watch *w)
{
    struct dir_volume *v = w->volume;
    w->late = w->pending.count > 0 || w->gone || w->anew;
    if (!w->late || pthread_mutex_trylock(&v->trees.lock) != 0)
        return;
    dir_trees_follow(v, &w->pending, w->gone, w->anew);
    w->gone = false;
    w->anew = false;
    w->late = false;
    pthread_mutex_unlock(&v->trees.lock);
}

static void drain(struct dir_watch *w)
{
    pthread_mutex_lock(&w->drain);
    for (;;) {
        uint64_t now = fs_now();
        ssize_t n = read(w->inotify, w->buffer, sizeof(w->buffer));
        if (n <= 0 && !w->lost)
            w->good = now;
        if (n <= 0)
            break;
        const void *end = w->buffer + n;
        for (const struct inotify_event *e = (const void *)w->buffer; (const void *)e < end;)
            e = apply(w, e, end);
    }
    if (w->lost)
        catch_up(w);
    follow_trees(w);
    pthread_mutex_unlock(&w->drain);
}

void dir_watch_sync(struct dir_watch *w)
{
    int waiting = 1;
    if (w == NULL)
        return;
    /* Somebody who drains may have read what is to be seen, and not applied it yet. */
    if (pthread_mutex_trylock(&w->drain) == 0) {
        uint64_t now = fs_now();
        if (ioctl(w->inotify, FIONREAD, &waiting) == 0 && waiting == 0)
            w->good = now;
        pthread_mutex_unlock(&w->drain);
    }
    if (waiting > 0)
        drain(w);
}

static void *run(void *ctx)
{
    struct dir_watch *w = ctx;
    struct pollfd p[] = {{.fd = w->inotify, .events = POLLIN}, {.fd = w->stop, .events = POLLIN}};
    for (;;) {
        if (poll(p, 2, w->late ? LATER_MS : -1) < 0 && errno != EINTR)
            return NULL;
        if (p[1].revents != 0)
            return NULL;
        drain(w);
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    }
}

/* --- life --- */

struct dir_watch *dir_watch_new(struct dir_volume *v)
{
    struct dir_watch *w = smbkit_alloc(sizeof(*w));
    if (w == NULL)
        return NULL;
    w->volume = v;
    w->good = fs_now();
    w->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    w->stop = eventfd(0, EFD_CLOEXEC);
    pthread_mutex_init(&w->drain, NULL);
    if (w->inotify >= 0 && w->stop >= 0 && pthread_create(&w->thread, NULL, run, w) == 0)
        return w;
    if (w->inotify >= 0)
        close(w->inotify);
    if (w->stop >= 0)
        close(w->stop);
    pthread_mutex_destroy(&w->drain);
    smbkit_free(w);
    return NULL;
}

void dir_watch_quit(struct dir_watch *w)
{
    const uint64_t one = 1;
    if (w != NULL && write(w->stop, &one, sizeof(one)) == sizeof(one))
        pthread_join(w->thread, NULL);
}

void dir_watch_free(struct dir_watch *w)
{
    if (w == NULL)
        return;
    close(w->inotify);
    close(w->stop);
    pthread_mutex_destroy(&w->drain);
    for (char *path; (path = dir_paths_take(&w->pending)) != NULL;)
        smbkit_free(path);
    smbkit_free(w);
}
