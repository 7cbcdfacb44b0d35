// SPDX-License-Identifier: Apache-2.0
/*
 * What the files of the cache filter share.
 *
 * An entry stands for a file below, by its file id, while it is open or something of it is kept:
 * its attributes, blocks of its data, its listing when it is a folder. What is kept of a file lies
 * in the list of all that is kept, by use; the end of the list goes when there is too much.
 *
 * Attributes and listings are good for `ttl`. Blocks are good as long as the attributes are, and
 * after that when those read anew have the same size and times. What may be stale goes at once:
 *
 *   - a change by an operation: before it and after it, and whatever is read meanwhile is not kept
 *     (`gen` has moved on, or `changing` is not 0)
 *   - a change that is told from below: by its path
 *
 * A file with several names is not kept, because it can be changed by a path that is not known
 * here.
 *
 * Threads: SMBKIT_THREAD_ASYNC; `lock` guards all of it. It is a leaf: nothing that could call back
 * is called with it held, since changes are told from any thread.
 */
#ifndef FILTERS_CACHE_CACHE_H
#define FILTERS_CACHE_CACHE_H

#include <pthread.h>

#include <smbkit/filter.h>

#define CACHE_BLOCK 65536u

struct cache_entry;

/* Something that is kept: a block, or a listing. */
struct cache_item {
    struct cache_item *newer, *older; /* by use */
    struct cache_item *next;          /* in a bucket: blocks */
    struct cache_entry *entry;
    uint64_t index; /* of a block */
    size_t bytes;   /* that it costs */
    size_t len;     /* bytes of data, fewer at the end of the file; or entries */
    bool is_listing;
    void *data; /* bytes; or struct cache_name */
};

struct cache_name {
    char *name;
    struct smbkit_attr attr;
    uint64_t cookie;
};

struct cache_entry {
    struct cache_entry *next;         /* in the buckets of ids */
    struct cache_entry *next_by_path; /* in those of paths */
    uint64_t id, path_hash;
    char *path; /* NULL: not known, nothing is kept */
    struct smbkit_attr attr;
    uint64_t good_since;    /* FILETIME of the attributes; 0: not good */
    uint64_t listing_since; /* likewise */
    unsigned handles, items, changing;
    uintptr_t gen; /* moves on with every change */
    struct cache_item *listing;
};

#define CACHE_BUCKETS 1024

struct cache {
    pthread_mutex_t lock;
    uint64_t ttl; /* FILETIME units */
    uint64_t limit, used;
    struct cache_item *newest, *oldest;
    uint64_t gen; /* moves on with every change of anything */
    uint64_t hits, misses;
    struct cache_entry *by_id[CACHE_BUCKETS], *by_path[CACHE_BUCKETS];
    struct cache_item *blocks[CACHE_BUCKETS * 16];
};

/* --- store.c: entries and items; with the lock held --- */

/* NULL: memory is out. */
struct cache_entry *cache_entry_get(struct cache *c, uint64_t id, const char *path);
struct cache_entry *cache_entry_by_path(const struct cache *c, const char *path, size_t len);
void cache_set_path(struct cache *c, struct cache_entry *e, const char *path);
/* Frees it when nobody has it open and nothing is kept of it. */
void cache_settle(struct cache *c, struct cache_entry *e);
struct cache_item *cache_block(const struct cache *c, const struct cache_entry *e, uint64_t index);
/* Used just now. */
void cache_touch(struct cache *c, struct cache_item *i);
/* Keeps a copy; nothing when memory is out. */
void cache_put_block(struct cache *c, struct cache_entry *e, uint64_t index, const void *data,
                     size_t len);
/* Takes over the names, which are freed when they are not kept. */
void cache_put_listing(struct cache *c, struct cache_entry *e, struct cache_name *names,
                       size_t count);
void cache_names_free(struct cache_name *names, size_t count);
void cache_drop(struct cache *c, struct cache_item *i);
/* All blocks that have bytes of [offset, end). */
void cache_drop_range(struct cache *c, struct cache_entry *e, uint64_t offset, uint64_t end);
void cache_drop_all(struct cache *c, struct cache_entry *e);
/* Nothing is known of what has this path any more, and of what its folder lists. With `blocks` its
   data too. */
void cache_forget_path(struct cache *c, const char *path, bool blocks);
/* A folder has another name, or none: nothing is known of what is in it. */
void cache_forget_below(struct cache *c, const char *path);
void cache_free_all(struct cache *c);

/* --- list.c --- */

/* A handle. */
struct cache_file {
    struct smbkit_filter_file next;
    struct cache_entry *entry; /* NULL: nothing is kept of it */
    bool stream;               /* of a stream: only its file's attributes matter */
    bool folder;
    /* a listing that is being read, from the beginning to `cookie` */
    struct cache_name *names;
    size_t name_count, name_cap;
    uint64_t cookie;
    uintptr_t gen;
    bool reading;
    uint64_t since;
    size_t place; /* in the kept listing: where `cookie` is */
};

void cache_readdir(struct smbkit_op *op, void *vol, void *dir,
                   const struct smbkit_readdir_args *args);
void cache_listing_abandon(struct cache_file *f);
/* Is what was true at `since` still to be believed? */
bool cache_is_good(const struct cache *c, uint64_t since, uint64_t now);

#endif
