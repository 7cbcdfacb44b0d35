// SPDX-License-Identifier: Apache-2.0
/*
 * The names of one folder, by their folded form and in a fixed order: finds how a name is spelled
 * on a disk that minds case, knows absent names without asking the disk, and gives listings cookies
 * that stay right while the folder changes. Everything here happens with the folder's lock held.
 *
 * The index is only used while a watch tells what others change; without one a name is searched
 * for in the directory itself.
 */
#include "volume.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define FIRST_BUCKETS 16
#define FIRST_SLOTS   16
#define GAPS_ALLOWED  16

/* --- memory --- */

/* The limit is on the sum of all indexes of the volume; idle folders make room. */
static bool charge(struct dir_folder *f, size_t bytes)
{
    struct dir_volume *v = f->volume;
    while (atomic_fetch_add(&v->index_bytes, bytes) + bytes > v->index_limit) {
        atomic_fetch_sub(&v->index_bytes, bytes);
        if (!dir_folders_shrink(v))
            return false;
    }
    f->index.bytes += bytes;
    return true;
}

static void discharge(struct dir_folder *f, size_t bytes)
{
    atomic_fetch_sub(&f->volume->index_bytes, bytes);
    f->index.bytes -= bytes;
}

static size_t entry_bytes(size_t len)
{
    return sizeof(struct dir_entry) + len + 1;
}

void dir_index_clear(struct dir_folder *f)
{
    struct dir_index *x = &f->index;
    for (size_t i = x->slot_first; i < x->slot_count; i++)
        smbkit_free(x->slots[i].entry);
    smbkit_free(x->slots);
    smbkit_free(x->buckets);
    discharge(f, x->bytes);
    uint64_t last = x->last_seq; /* cookies that are out there stay behind what comes */
    unsigned epoch = x->epoch + 1;
    *x = (struct dir_index){.last_seq = last, .epoch = epoch};
}

/* --- by name --- */

static struct dir_entry **bucket(const struct dir_index *x, uint64_t hash)
{
    return &x->buckets[hash & (x->bucket_count - 1)];
}

struct dir_entry *dir_index_exact(const struct dir_index *x, const char *name)
{
    size_t len = strlen(name);
    if (x->count == 0)
        return NULL;
    struct dir_entry *e = *bucket(x, smbkit_name_hash(name, len));
    while (e != NULL && (e->len != len || memcmp(e->name, name, len) != 0))
        e = e->next;
    return e;
}

struct dir_entry *dir_index_find(const struct dir_index *x, const char *name)
{
    struct dir_entry *best = dir_index_exact(x, name);
    size_t len = strlen(name);
    if (best != NULL || x->count == 0)
        return best;
    uint64_t hash = smbkit_name_hash(name, len);
    for (struct dir_entry *e = *bucket(x, hash); e != NULL; e = e->next)
        if (e->hash == hash && smbkit_name_compare(e->name, e->len, name, len) == 0 &&
            (best == NULL || e->seq < best->seq))
            best = e;
    return best;
}

static bool grow_buckets(struct dir_folder *f)
{
    struct dir_index *x = &f->index;
    if (x->count < x->bucket_count)
        return true;
    size_t n = x->bucket_count == 0 ? FIRST_BUCKETS : x->bucket_count * 2;
    if (!charge(f, n * sizeof(void *)))
        return false;
    struct dir_entry **old = x->buckets, **b = smbkit_alloc(n * sizeof(struct dir_entry *));
    size_t old_count = x->bucket_count;
    if (b == NULL) {
        discharge(f, n * sizeof(void *));
        return false;
    }
    x->buckets = b;
    x->bucket_count = n;
    for (size_t i = 0; i < old_count; i++) {
        for (struct dir_entry *e = old[i], *next; e != NULL; e = next) {
            next = e->next;
            e->next = *bucket(x, e->hash);
            *bucket(x, e->hash) = e;
        }
    }
    smbkit_free(old);
    discharge(f, old_count * sizeof(void *));
    return true;
}

/* --- by place --- */

/* Index of the first slot behind `seq`. */
static size_t slot_after(const struct dir_index *x, uint64_t seq)
{
    size_t lo = x->slot_first, hi = x->slot_count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (x->slots[mid].seq <= seq)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct dir_entry *dir_index_next(const struct dir_index *x, uint64_t seq)
{
    size_t i = slot_after(x, seq);
    while (i < x->slot_count && x->slots[i].entry == NULL)
        i++;
    return i < x->slot_count ? x->slots[i].entry : NULL;
}

static bool grow_slots(struct dir_folder *f)
{
    struct dir_index *x = &f->index;
    if (x->slot_count < x->slot_cap)
        return true;
    size_t n = x->slot_cap == 0 ? FIRST_SLOTS : x->slot_cap * 2;
    size_t more = (n - x->slot_cap) * sizeof(*x->slots);
    if (!charge(f, more))
        return false;
    struct dir_slot *s = smbkit_realloc(x->slots, n * sizeof(*s));
    if (s == NULL) {
        discharge(f, more);
        return false;
    }
    x->slots = s;
    x->slot_cap = n;
    return true;
}

static void close_gaps(struct dir_index *x)
{
    size_t n = 0;
    for (size_t i = x->slot_first; i < x->slot_count; i++)
        if (x->slots[i].entry != NULL)
            x->slots[n++] = x->slots[i];
    x->slot_first = 0;
    x->slot_count = n;
}

/* --- changes --- */

static struct dir_entry *insert(struct dir_folder *f, const char *name, uint64_t inode)
{
    struct dir_index *x = &f->index;
    size_t len = strlen(name);
    if (len > DIR_NAME_MAX || !grow_buckets(f) || !grow_slots(f) || !charge(f, entry_bytes(len)))
        return NULL;
    struct dir_entry *e = smbkit_alloc(entry_bytes(len));
    if (e == NULL) {
        discharge(f, entry_bytes(len));
        return NULL;
    }
    memcpy(e->name, name, len);
    e->len = (uint8_t)len;
    e->inode = inode;
    e->hash = smbkit_name_hash(name, len);
    e->seq = ++x->last_seq;
    e->seen = true;
    e->next = *bucket(x, e->hash);
    *bucket(x, e->hash) = e;
    x->slots[x->slot_count++] = (struct dir_slot){e->seq, e};
    x->count++;
    return e;
}

static void discard(struct dir_folder *f, struct dir_entry *e)
{
    struct dir_index *x = &f->index;
    struct dir_entry **p = bucket(x, e->hash);
    while (*p != e)
        p = &(*p)->next;
    *p = e->next;
    x->slots[slot_after(x, e->seq - 1)].entry = NULL;
    x->count--;
    discharge(f, entry_bytes(e->len));
    smbkit_free(e);
    while (x->slot_first < x->slot_count && x->slots[x->slot_first].entry == NULL)
        x->slot_first++;
    if (x->slot_count - x->count > x->count + GAPS_ALLOWED)
        close_gaps(x);
}

struct dir_entry *dir_index_add(struct dir_folder *f, const char *name, uint64_t inode)
{
    struct dir_index *x = &f->index;
    if (!x->ready || !fs_name_visible(name))
        return NULL;
    struct dir_entry *e = dir_index_exact(x, name);
    if (e != NULL)
        e->inode = inode;
    else if ((e = insert(f, name, inode)) == NULL)
        dir_index_clear(f);
    return e;
}

void dir_index_remove(struct dir_folder *f, const char *name)
{
    struct dir_entry *e = f->index.ready ? dir_index_exact(&f->index, name) : NULL;
    if (e != NULL)
        discard(f, e);
}

/* --- reading the directory --- */

struct reading {
    struct dir_folder *folder;
    bool failed;
    bool again; /* the index was in use: what is new is told */
};

static void tell(struct dir_folder *f, const char *name, uint32_t action)
{
    char *path = dir_folder_path(f, name);
    if (path != NULL)
        smbkit_notify(f->volume->share, path, action);
    smbkit_free(path);
}

static bool take(void *ctx, const char *name, uint64_t inode, unsigned char type, uint64_t cookie)
{
    struct reading *r = ctx;
    struct dir_entry *e = dir_index_exact(&r->folder->index, name);
    if (!fs_name_visible(name)) {
        dir_sweep(r->folder->volume, r->folder->fd, name);
        return true;
    }
    if (e != NULL) {
        if (r->again && e->inode != inode)
            tell(r->folder, name, SMBKIT_ACTION_MODIFIED);
        e->seen = true;
        e->inode = inode;
        return true;
    }
    r->failed = insert(r->folder, name, inode) == NULL;
    if (r->again && !r->failed)
        tell(r->folder, name, SMBKIT_ACTION_ADDED);
    return !r->failed;
}

static void drop_unseen(struct dir_folder *f)
{
    struct dir_index *x = &f->index;
    struct dir_entry *e;
    for (uint64_t seq = 0; (e = dir_index_next(x, seq)) != NULL;) {
        seq = e->seq;
        if (!e->seen) {
            tell(f, e->name, SMBKIT_ACTION_REMOVED);
            discard(f, e);
        }
    }
}

static bool read_directory(struct dir_folder *f)
{
    struct dir_index *x = &f->index;
    struct reading r = {.folder = f, .again = x->ready};
    int fd = fs_open(f->fd, "", FS_READ | FS_FOLDER, 0);
    if (fd < 0)
        return false;
    x->behind = false; /* from here on events count again */
    for (size_t i = x->slot_first; i < x->slot_count; i++)
        if (x->slots[i].entry != NULL)
            x->slots[i].entry->seen = false;
    r.failed = fs_list(fd, 0, take, &r) < 0 || r.failed;
    close(fd);
    if (r.failed)
        return false;
    if (r.again)
        drop_unseen(f);
    return true;
}

bool dir_index_load(struct dir_folder *f)
{
    struct dir_volume *v = f->volume;
    struct dir_index *x = &f->index;
    if (x->ready && !x->behind)
        return true;
    if (v->watch == NULL)
        return false;
    if (f->watch < 0) {
        pthread_mutex_lock(&v->lock);
        bool watched = dir_watch_add(v->watch, f);
        pthread_mutex_unlock(&v->lock);
        if (!watched)
            return false;
    }
    x->ready = read_directory(f);
    if (!x->ready)
        dir_index_clear(f);
    return x->ready;
}

/* --- a name in any case --- */

struct search {
    const char *name;
    size_t len;
    char *found;
    bool hit;
};

static bool compare(void *ctx, const char *name, uint64_t inode, unsigned char type,
                    uint64_t cookie)
{
    struct search *s = ctx;
    size_t len = strlen(name);
    s->hit = smbkit_name_compare(name, len, s->name, s->len) == 0 && fs_name_visible(name);
    if (s->hit)
        memcpy(s->found, name, len + 1);
    return !s->hit;
}

int dir_folder_find(struct dir_folder *f, const char *name, char *found)
{
    if (dir_index_load(f)) {
        const struct dir_entry *e = dir_index_find(&f->index, name);
        if (e == NULL)
            return ENOENT;
        memcpy(found, e->name, e->len + 1u);
        return 0;
    }
    struct search s = {.name = name, .len = strlen(name), .found = found};
    int fd = fs_open(f->fd, "", FS_READ | FS_FOLDER, 0);
    if (fd < 0)
        return errno == EACCES ? ENOENT : errno; /* not to be listed: names must be spelled right */
    int err = fs_list(fd, 0, compare, &s) < 0 ? errno : s.hit ? 0 : ENOENT;
    close(fd);
    return err;
}
