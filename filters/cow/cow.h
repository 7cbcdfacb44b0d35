// SPDX-License-Identifier: Apache-2.0
/*
 * What the files of the cow filter share.
 *
 * Names. The filter has a tree of its own, in memory, of what differs from the files below: nodes
 * for what was made, changed, renamed or deleted, for what is open, and for the folders above all
 * that. A name without a node is looked for below. A node shows the file of the path `origin`
 * below, or has none; the origin of a folder stands for all in it that has no node, so renaming a
 * folder is moving one node.
 *
 *   in place   shows what stands below by this very name; goes when it is closed and unchanged
 *   own        has attributes of its own: made or changed here, or renamed
 *   whiteout   there is nothing by this name, whatever stands below
 *   hides      there is something by its name below: when the node leaves, a whiteout stays
 *
 * Content. A node without `data` has the content of its origin. With it, bytes are taken from the
 * blocks that were written; what was not is from the origin below `base` and zero behind it.
 *
 * Files below are only ever opened for reading, by each handle for itself.
 *
 * Threads: SMBKIT_THREAD_PARALLEL, because blocks may lie on disk. `lock` guards all of it; no
 * operation is brought on with it held, so that answers may call back.
 */
#ifndef FILTERS_COW_COW_H
#define FILTERS_COW_COW_H

#include <pthread.h>

#include <smbkit/filter.h>

#define COW_BLOCK 4096u

/* --- data.c: content --- */

/* Where blocks are kept, and how much of it there may be. */
struct cow_store {
    uint64_t limit, used; /* bytes */
    int fd;               /* of a file without a name, or -1: in memory */
    uint64_t next_slot;   /* of the file, in blocks */
    uint64_t *free_slots;
    size_t free_count, free_cap;
};

struct cow_block {
    struct cow_block *next;
    uint64_t index;
    uint8_t *bytes; /* in memory */
    uint64_t slot;  /* in the file, from 1 on; without bytes and slot it is all zeros */
    uint8_t *known; /* a bit for each byte that was written; NULL: all were */
};

struct cow_data {
    uint64_t size, base;
    struct cow_block **buckets;
    size_t bucket_count, count;
};

smbkit_status cow_data_write(struct cow_store *s, struct cow_data *d, uint64_t offset,
                             const void *bytes, uint64_t length);
smbkit_status cow_data_resize(struct cow_store *s, struct cow_data *d, uint64_t size);
smbkit_status cow_data_zero(struct cow_store *s, struct cow_data *d, uint64_t offset,
                            uint64_t length);
/* `dst` has the bytes from below as far as they are wanted, zeros behind them; writes over it what
   was written here. */
smbkit_status cow_data_overlay(struct cow_store *s, const struct cow_data *d, uint64_t offset,
                               uint8_t *dst, uint64_t length);
/* The numbers of the blocks behind `base` that are not all zeros, in order; to be freed. NULL:
   memory is out. */
uint64_t *cow_data_blocks(const struct cow_data *d, size_t *count);
void cow_data_clear(struct cow_store *s, struct cow_data *d);

/* --- node.c: names --- */

struct cow_slot {
    uint64_t seq;
    struct cow_node *node; /* NULL: has left */
};

/* The children of a folder: by name, and in the order in which they came. */
struct cow_children {
    struct cow_node **buckets;
    size_t bucket_count, count;
    struct cow_slot *slots;
    size_t slot_count, slot_cap;
    uint64_t last_seq;
};

struct cow_node {
    struct cow_node *parent; /* NULL: the root, or what has no name any more */
    struct cow_node *next;   /* in a bucket */
    char *name;
    uint64_t hash, seq;
    char *origin; /* NULL: none */
    bool root, folder, whiteout, in_place, hides, own;
    struct smbkit_attr attr; /* of the origin until it is own; size and allocation are data's */
    uint64_t dir_time;       /* when a child came or went here last */
    struct cow_data *data;
    void *sd;
    size_t sd_len;
    unsigned opens;
    struct cow_children children;
};

struct cow {
    struct smbkit_share *share;
    pthread_mutex_t lock;
    struct cow_store store;
    struct cow_node *root;
    uint64_t next_id; /* of files that are made here */
};

/* A handle. */
struct cow_file {
    struct smbkit_filter_file next;
    struct cow_node *node;
};

/* What a path leads to. */
struct cow_found {
    struct cow_node *node;   /* or NULL */
    struct cow_node *parent; /* the last node on the way */
    const char *rest;        /* without a node: the components behind `parent` */
    char *lower;             /* to be freed; where it is below; NULL: it cannot be there */
};

struct cow_node *cow_child(const struct cow_node *dir, const char *name, size_t len);
/* The first child behind a place, NULL at the end. */
struct cow_node *cow_child_after(const struct cow_node *dir, uint64_t seq);
/* SUCCESS: it has a node, or may be below. OBJECT_NAME_NOT_FOUND: it is not there, and parent is
   where it would be, its name is `rest`. OBJECT_PATH_NOT_FOUND. */
smbkit_status cow_find(struct cow *c, const char *path, struct cow_found *f);
/* Makes the nodes of all folders in *rest behind `parent`, which exist below; *rest becomes the
   last component. NULL: memory is out. */
struct cow_node *cow_make_parents(struct cow *c, struct cow_node *parent, const char **rest);
/* A node with that name, which is free or a whiteout; `origin` is copied. */
struct cow_node *cow_make_node(struct cow *c, struct cow_node *parent, const char *name, size_t len,
                               const char *origin);
/* "origin/name", to be freed. */
char *cow_join(const char *origin, const char *name);
/* The path of a node that has one. */
char *cow_path(const struct cow_node *n);
/* Takes its name away; a whiteout stays where one is needed. False: memory is out. */
bool cow_unlink(struct cow *c, struct cow_node *n, uint64_t now);
/* Gives it another name, which is free or a whiteout. */
bool cow_move(struct cow *c, struct cow_node *n, struct cow_node *parent, const char *name,
              bool hides, uint64_t now);
/* Frees it and the nodes above that nobody needs. */
void cow_settle(struct cow *c, struct cow_node *n);
void cow_free_all(struct cow *c);
/* Content of its own from now on. False: memory is out. */
bool cow_claim_data(struct cow_node *n);
void cow_fill_attr(const struct cow_node *n, struct smbkit_attr *a);
/* What the folder's own times are, when children came and went here. */
void cow_dir_times(const struct cow_node *n, struct smbkit_attr *a);

/* --- the callbacks --- */

/* open.c */
void cow_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args);
void cow_create(struct smbkit_op *op, void *vol, const struct smbkit_create_args *args);
void cow_path_sd(struct smbkit_op *op, void *vol, const char *path);
void cow_cleanup(struct smbkit_op *op, void *vol, void *file, uint32_t flags);
void cow_can_delete(struct smbkit_op *op, void *vol, void *file);
void cow_close(struct smbkit_op *op, void *vol, void *file);
void cow_rename(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags);
/* list.c */
void cow_readdir(struct smbkit_op *op, void *vol, void *dir,
                 const struct smbkit_readdir_args *args);
/* Is anything in the folder? `done` is called with SUCCESS or DIRECTORY_NOT_EMPTY, or why it cannot
   be said. */
struct cow_scan {
    void (*done)(struct smbkit_op *op, struct cow *c, struct cow_file *f, smbkit_status status);
};
void cow_scan(struct smbkit_op *op, struct cow *c, struct cow_file *f, const struct cow_scan *scan);

#endif
