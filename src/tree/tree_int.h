// SPDX-License-Identifier: Apache-2.0
/*
 * The inside of published trees (<smbkit/tree.h>).
 *
 *   smbkit_tree --root--> smbkit_node --folder--> tree_entry, tree_entry ... --node--> smbkit_node
 *
 * An entry is a name in a folder; it leads to a node, or to none as long as a callback decides
 * whether there will be one (the name is taken then, but nobody sees it). What can fail of
 * publishing is making the entry, so that nothing fails after a callback has agreed.
 *
 * One lock per tree guards all of it. It is never held over a callback of the plugin, nor over an
 * answer; it is held over smbkit_notify, which only queues, so that clients hear of changes in the
 * order they happened in. A node whose last reference goes under the lock is put on a list
 * (struct tree_dead) and buried when the lock has been given back, because that calls `release`.
 *
 * References of a node: one by its entry, one by each open, one by each user whose root it is, one
 * by a step of the library that works on it, and the plugin's. The tree's memory lives until its
 * last reference and its last node are gone; ALIVE --last reference, stop()--> CLOSED.
 */
#ifndef TREE_TREE_INT_H
#define TREE_TREE_INT_H

#include "base/htab.h"
#include "base/list.h"
#include "plat/lock.h"
#include "vfs/name.h"
#include <smbkit/tree.h>
#include <stdatomic.h>

#define TREE_MAGIC   0x54524545u
#define NODE_MAGIC   0x4e4f4445u
#define VOLUME_MAGIC 0x54564f4cu
#define OPEN_MAGIC   0x544f504eu

/* Longer paths than a client can say (32760 UTF-16 units) are not told to anybody. */
#define TREE_PATH_MAX (VFS_PATH_UNITS_MAX * 3 + 1)
/* A name of 255 units, which are at most three bytes each, and a NUL. */
#define TREE_NAME_CAP (VFS_NAME_UNITS_MAX * 3 + 1)

/* Bytes of a file. Shared with reads that are being sent; who wants to change them while they are
   shared makes a copy. The bytes lie in memory of smbkit_alloc. */
struct tree_bytes {
    _Atomic uint32_t refs;
    size_t size, cap;
    uint8_t *data;
};

struct tree_entry {
    struct htab_node by_name;
    struct smbkit_node *folder; /* NULL: not in one */
    struct smbkit_node *node;   /* NULL: only taken */
    size_t slot;                /* in folder->dir->slots */
    size_t name_len;
    char name[]; /* as clients see it */
};

/* A place in a listing. `seq` rises from slot to slot and is the cookie of what lies there. */
struct tree_slot {
    uint64_t seq;
    struct tree_entry *entry; /* NULL: a gap */
};

/* The inside of a folder. */
struct tree_dir {
    struct htab names;
    struct tree_slot *slots;
    size_t slot_count, slot_cap;
    size_t slot_first; /* before it are only gaps */
    size_t used;       /* entries */
    size_t count;      /* entries with a node */
    size_t fixtures;   /* of these: not the plugin's */
    uint64_t last_seq;
    size_t limit; /* 0: none */
    bool refresh;
    bool loaded;
    uintptr_t loader; /* the thread that is in `load`, or 0 */
    uint32_t round;   /* of loading */
};

struct smbkit_node {
    uint32_t magic;
    uint32_t refs;
    struct smbkit_tree *tree;
    struct tree_entry *entry; /* NULL: a root, or out of the tree */
    struct tree_dir *dir;     /* NULL: a file */
    struct list link;         /* tree_dead */
    const struct smbkit_file_ops *file;
    const struct smbkit_folder_ops *folder;
    void *ctx;
    uint64_t id;
    uint64_t create_time, access_time, write_time, change_time;
    uint64_t size; /* as published; of bytes: theirs */
    uint32_t attributes;
    uint32_t round;           /* the folder's round of loading that last saw it */
    uint32_t opens;           /* of a document */
    struct tree_bytes *bytes; /* fixed bytes, or a document while it is open */
    bool root;                /* has no parent by nature */
    bool fixed;               /* published with bytes */
    bool fixture;             /* of the library's own making (icons) */
    bool own_release;         /* `release` is to be called */
    bool dirty;               /* a document with changes that `put` has not seen */
    bool stale;               /* a document to be asked for again */
};

struct tree_user {
    struct htab_node by_name;
    struct smbkit_node *root; /* a reference; NULL: the tree's own */
    size_t name_len;
    char name[];
};

/* A share that serves the tree. */
struct tree_volume {
    uint32_t magic;
    struct list link; /* smbkit_tree.volumes */
    struct smbkit_tree *tree;
    struct smbkit_share *share;
};

struct smbkit_tree {
    uint32_t magic;
    _Atomic uint32_t refs;
    struct smbkit_tree_options options;
    struct smbkit_plugin plugin; /* smbkit_tree_plugin */

    struct mutex lock; /* guards everything below, and all nodes */
    struct cond loaded;
    bool closed;
    size_t nodes; /* that are not freed yet */
    uint64_t last_id;
    struct smbkit_node *root;
    struct list volumes;
    struct htab users;
    char path[TREE_PATH_MAX]; /* where paths for notifications are put together */
};

struct tree_open {
    uint32_t magic;
    struct smbkit_node *node; /* a reference */
    void *handle;             /* the plugin's */
    bool wrote;               /* changed a document */
};

/* Nodes to bury when the lock is free. */
struct tree_dead {
    struct list nodes;
};

/* Who has caused a change: clients of this volume hear of it from the core. */
struct tree_origin {
    const struct tree_volume *volume; /* NULL: the plugin, everybody is told */
    const char *user;
    bool quiet; /* nobody is told */
};

extern const struct tree_origin tree_by_plugin, tree_by_nobody;

/* Does a table of callbacks, as old as it may be, have this one? */
#define TREE_HAS(ops, field)                                                             \
    ((ops) != NULL &&                                                                    \
     (ops)->struct_size >= offsetof(__typeof__(*(ops)), field) + sizeof((ops)->field) && \
     (ops)->field != NULL)

/* --- tree.c --- */

uint64_t tree_now(struct smbkit_tree *t);
/* Enter and leave the lock; leaving buries. */
void tree_enter(struct smbkit_tree *t, struct tree_dead *dead);
void tree_leave(struct smbkit_tree *t, struct tree_dead *dead);
/* Writes the path of a node that is in the tree to t->path, with the root above it in *top. NULL:
   too long to be said. With the lock held. */
const char *tree_path(const struct smbkit_node *n, const struct smbkit_node **top);
/* Tells what has happened to a node, by the path it has now. */
void tree_tell(struct smbkit_node *n, uint32_t action, const struct tree_origin *origin);
/* The root for the user of an operation, with a reference; NULL: no memory. Without the lock. */
struct smbkit_node *tree_user_root(struct smbkit_tree *t, const char *user);

/* --- node.c: with the lock held unless it says otherwise --- */

/* A node that is in no folder, with one reference; NULL: no memory. Takes the lock by itself. */
struct smbkit_node *tree_node_new(struct smbkit_tree *t, bool folder);
/* Makes it what the spec says, before anybody else sees it. False: no memory for the bytes. */
NODISCARD bool tree_node_fill(struct smbkit_node *n, const struct smbkit_node_spec *spec);
bool tree_spec_folder(const struct smbkit_node_spec *spec);
struct smbkit_node *tree_node_get(struct smbkit_node *n);
void tree_node_put(struct smbkit_node *n, struct tree_dead *dead);
/* Frees a node that nobody refers to any more, without the lock. */
void tree_node_bury(struct smbkit_node *n);
bool tree_node_in_tree(const struct smbkit_node *n);
struct smbkit_node *tree_node_parent(const struct smbkit_node *n);
/* An entry that is in no folder yet; without the lock. `name` is as clients see it. */
struct tree_entry *tree_entry_new(const char *name, size_t len);
void tree_entry_free(struct tree_entry *e);
/* What has this name and a node, or is only taken (`taken`). */
struct tree_entry *tree_dir_find(const struct tree_dir *d, const char *name, size_t len,
                                 bool taken);
/* Puts an entry without a node into a folder. INSUFFICIENT_RESOURCES. */
NODISCARD smbkit_status tree_dir_take(struct smbkit_node *folder, struct tree_entry *e);
/* Takes an entry without a node out again, and frees it. */
void tree_dir_drop(struct tree_entry *e);
/* Puts a node into a taken entry, which gets a reference of its own, and tells of it. */
void tree_publish(struct tree_entry *e, struct smbkit_node *n, const struct tree_origin *origin);
/* Takes a node with all below it out of the tree, and tells of it. */
void tree_unpublish(struct smbkit_node *n, const struct tree_origin *origin,
                    struct tree_dead *dead);
/* All below a folder. */
void tree_empty(struct smbkit_node *folder, const struct tree_origin *origin,
                struct tree_dead *dead);
/* Moves a node from its entry to a taken one; whatever else has that name now goes away. */
void tree_move(struct smbkit_node *n, struct tree_entry *to, const struct tree_origin *origin,
               struct tree_dead *dead);
/* Removes the oldest children of a ring folder that are too many. */
void tree_trim(struct smbkit_node *folder, const struct tree_origin *origin,
               struct tree_dead *dead);
/* Takes out what the last round of loading did not name. */
void tree_sweep(struct smbkit_node *folder, struct tree_dead *dead);
/* The first slot behind a cookie; NULL: none. */
struct tree_slot *tree_dir_next(const struct tree_dir *d, uint64_t cookie);
/* Is `n` the same as `folder`, or above it? */
bool tree_above(const struct smbkit_node *n, const struct smbkit_node *folder);
/* Sets times and attributes. */
void tree_set_info(struct smbkit_node *n, const struct smbkit_attr *attr, uint32_t which);
/* What the node shows by itself; the size may have to be asked for. */
void tree_fill_attr(const struct smbkit_node *n, struct smbkit_attr *a);

struct tree_bytes *tree_bytes_new(const void *data, size_t size);
struct tree_bytes *tree_bytes_ref(struct tree_bytes *b);
void tree_bytes_unref(void *b); /* NULL is allowed */

/* --- map.c --- */

/* A published name as clients see it: false when it breaks the rules. `dst` has TREE_NAME_CAP. */
NODISCARD bool tree_name_out(const struct smbkit_tree *t, const char *name, size_t len, char *dst,
                             size_t *out_len);
/* The other way; always fits into TREE_NAME_CAP. */
size_t tree_name_in(const struct smbkit_tree *t, const char *name, size_t len, char *dst);

/* --- publish.c --- */

/* Copies a spec, as old as it may be; false when the library cannot work with it. */
NODISCARD bool tree_spec_load(const struct smbkit_node_spec *spec, struct smbkit_node_spec *full);
/* Publishes what the library makes itself: not counted, not swept, and only it may replace it. */
NODISCARD smbkit_status tree_add_fixture(struct smbkit_node *folder, const char *name,
                                         const void *data, size_t size);
void tree_remove_fixture(struct smbkit_node *folder, const char *name);

/* --- walk.c: without the lock --- */

/* Loads a folder if it needs it: `again` when it is to be asked anew. */
NODISCARD smbkit_status tree_load(struct smbkit_op *op, struct smbkit_node *folder, bool again);
/* The child of that name (as clients see it) with a reference, loading and asking as needed.
   OBJECT_NAME_NOT_FOUND, OBJECT_PATH_NOT_FOUND when `folder` is a file, or the plugin's error. */
NODISCARD smbkit_status tree_lookup(struct smbkit_op *op, struct smbkit_node *folder,
                                    const char *name, size_t len, struct smbkit_node **child);
/* What `path` names for this user; a reference. */
NODISCARD smbkit_status tree_walk(struct smbkit_op *op, struct smbkit_tree *t, const char *path,
                                  size_t len, struct smbkit_node **node);
/* The folder that the last component of `path` lies in, and where that begins. OBJECT_NAME_INVALID
   for the root. */
NODISCARD smbkit_status tree_walk_parent(struct smbkit_op *op, struct smbkit_tree *t,
                                         const char *path, struct smbkit_node **folder,
                                         const char **base);

/* --- file.c: without the lock --- */

bool tree_is_document(const struct smbkit_node *n);
bool tree_can_write(const struct smbkit_node *n);
/* Gets the content of a document that is not there, or not fresh. */
NODISCARD smbkit_status tree_document_ready(struct smbkit_op *op, struct smbkit_node *n);
/* Gives the content to `put` if this open has changed it. */
NODISCARD smbkit_status tree_document_save(struct smbkit_op *op, struct tree_open *h);
/* All attributes, with the size that the plugin says. */
NODISCARD smbkit_status tree_getattr(struct smbkit_op *op, struct smbkit_node *n,
                                     struct smbkit_attr *attr);

struct tree_volume *tree_volume_from(void *vol);
struct tree_open *tree_open_from(void *file);
struct tree_origin tree_by_client(const struct smbkit_op *op, const struct tree_volume *v);

#endif
