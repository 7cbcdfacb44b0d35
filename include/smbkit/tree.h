// SPDX-License-Identifier: Apache-2.0
/*
 * Publishing a tree: the easy way to write a file system for smbkit.
 *
 * A plugin publishes folders and files; smbkit does the rest. It keeps the names, finds them
 * without regard to case, answers listings, opens and queries, keeps files that were removed while
 * they are open, and tells watching clients of every change. What the plugin gives a callback for
 * can be done by clients, nothing else: a file without `write` cannot be written, a folder without
 * `create_file` takes no new files. A whole plugin:
 *
 *     static smbkit_status setup(struct smbkit_share *share, const struct smbkit_arg *args,
 *                                size_t count, struct smbkit_tree **tree)
 *     {
 *         *tree = smbkit_tree_new(NULL);
 *         if (*tree == NULL)
 *             return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
 *         return smbkit_tree_add_bytes(smbkit_tree_root(*tree), "hello.txt", "Hello!\n", 7, NULL);
 *     }
 *
 *     SMBKIT_TREE_PLUGIN(setup, SMBKIT_THREAD_ASYNC, .name = "hello", .version = "1",
 *                        .summary = "one file that greets");
 *
 * Threads. Every function here may be called from any thread at any time, also inside callbacks; a
 * thread that watches a database may publish what it finds as it comes. No lock is held while a
 * callback runs. Callbacks run as the thread model says that SMBKIT_TREE_PLUGIN was given:
 * SMBKIT_THREAD_SERIAL one at a time on a worker thread (they may block; the simplest),
 * SMBKIT_THREAD_PARALLEL several at a time on workers, SMBKIT_THREAD_ASYNC on the server's own
 * thread (they must not block; right for trees without slow callbacks). `release` and `stop` run on
 * any thread.
 *
 * Answers. Callbacks return a status: SMBKIT_STATUS_SUCCESS or an error of <smbkit/status.h>.
 * `read` and `write` may also return SMBKIT_STATUS_PENDING, keep `op`, and answer it later from any
 * thread as in <smbkit/vfs.h>. `op` also says who asks (smbkit_op_user) and whether he still waits
 * (smbkit_op_cancelled).
 *
 * Memory. Nodes are counted: a function that gives one gives a reference, returned with
 * smbkit_node_unref; nodes that are passed to callbacks are borrowed for the call. Tables of
 * callbacks must live as long as the plugin (static const). `ctx` is the plugin's: it is passed to
 * every callback, and `release` is called with it exactly once, when the node is gone for good (out
 * of the tree, not open, no references). When publishing fails, `ctx` stays the caller's and
 * `release` is not called. Names and bytes are copied.
 *
 * Names are UTF-8, 1 to 255 UTF-16 units, by the rules of Windows (<smbkit/vfs.h>; but see
 * SMBKIT_TREE_MAP_NAMES). Sizes and offsets are bytes, times FILETIMEs (0 where a time is asked
 * for: now).
 *
 * Errors of the functions, besides those that they name: INSUFFICIENT_RESOURCES when memory is out
 * (the tree is then as before), INVALID_PARAMETER for a NULL or a wrong struct_size.
 *
 * Compiles alone as C11 and C++17 (SMBKIT_TREE_PLUGIN itself is for C).
 */
#ifndef SMBKIT_TREE_H
#define SMBKIT_TREE_H

#include <smbkit/status.h>
#include <smbkit/version.h>
#include <smbkit/vfs.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct smbkit_tree; /* a tree of nodes; served by one share, or by several */
struct smbkit_node; /* a file or folder */
struct smbkit_node_spec;

/* --- what a file can do --- */

/*
 * A file's content comes in one of three ways:
 *  - bytes, given once (smbkit_tree_add_bytes) and replaced by smbkit_node_set_bytes. No callbacks.
 *  - `read`, piece by piece: for content that is large, or lies elsewhere.
 *  - `get`, all at once: for documents that are made when they are asked for.
 * All callbacks may be NULL. `handle` is what `open` gave, else NULL.
 */
struct smbkit_file_ops {
    size_t struct_size; /* sizeof(struct smbkit_file_ops) */

    /* Somebody opens the file, to use it with the rights `access` (SMBKIT_ACCESS_*). May refuse,
       and may set *handle, which the callbacks below get back for this open. Without it: allowed.
     */
    smbkit_status (*open)(struct smbkit_op *op, void *ctx, uint32_t access, void **handle);
    /* This open is over. Called once for every open that succeeded. */
    void (*close)(void *ctx, void *handle);

    /* The file's size now. Asked for listings and queries, so it should be fast. Without it: the
       size that was published last. */
    smbkit_status (*size)(struct smbkit_op *op, void *ctx, uint64_t *size);

    /* Puts up to `length` bytes from `offset` on into `buffer` and their number into *done; fewer
       than `length` means the end of the file. Where there is no `size` callback, `offset + length`
       is never behind the published size. To answer later: PENDING, then smbkit_reply_read with the
       bytes in `buffer` (it stays valid until then), smbkit_reply_read_ref, or
       smbkit_reply_status. */
    smbkit_status (*read)(struct smbkit_op *op, void *ctx, void *handle, uint64_t offset,
                          void *buffer, uint32_t length, uint32_t *done);
    /* Writes all of it; the file grows as needed, a gap reads as zeros. To answer later: PENDING,
       then smbkit_reply_status; such a file should have `size`. */
    smbkit_status (*write)(struct smbkit_op *op, void *ctx, void *handle, uint64_t offset,
                           const void *data, uint32_t length);
    /* Makes the file longer (with zeros) or shorter. Programs that save a file cut it first, so a
       file with `write` wants this too. */
    smbkit_status (*set_size)(struct smbkit_op *op, void *ctx, void *handle, uint64_t size);
    /* Makes what was written durable. Without it: nothing needs to be done. */
    smbkit_status (*flush)(struct smbkit_op *op, void *ctx, void *handle);

    /* The whole content, in memory from smbkit_alloc that smbkit takes over (NULL when *size is 0).
       Asked when the file is opened, and kept in memory while it is. In place of `read`. */
    smbkit_status (*get)(struct smbkit_op *op, void *ctx, void **data, size_t *size);
    /* The whole new content, when somebody who has changed it closes or flushes the file. With it a
       `get` file can be written. The content may have up to SMBKIT_TREE_DOCUMENT_MAX bytes. */
    smbkit_status (*put)(struct smbkit_op *op, void *ctx, const void *data, size_t size);

    /* A client sets times or attributes (those that `which` names, SMBKIT_SET_*). On success smbkit
       keeps and shows them. Without it: kept for files that can be written, ignored for others. */
    smbkit_status (*set_info)(struct smbkit_op *op, void *ctx, const struct smbkit_attr *attr,
                              uint32_t which);

    /* May clients run it as a program? Without it: yes. */
    bool (*can_execute)(struct smbkit_op *op, void *ctx);
    /* May clients keep its content in their caches, until smbkit_node_update says that it has
       changed? Without it: yes. False for what changes by itself without anybody saying so. */
    bool (*can_cache)(void *ctx);

    /* The node is gone: frees ctx. */
    void (*release)(void *ctx);

    /* A file that answers messages, as a named pipe does: a client sends one and waits for the
       answer (FSCTL_PIPE_TRANSCEIVE, [MS-FSCC] 2.3.47), for which it must have opened the file for
       reading and writing. smbkit_reply_data(op, ...) is the answer, in the callback or later,
       which then returns PENDING; SUCCESS answers nothing. Without it: INVALID_DEVICE_REQUEST. */
    smbkit_status (*transact)(struct smbkit_op *op, void *ctx, void *handle, const void *message,
                              size_t size);
};

/* The access rights that `open` is told of ([MS-SMB2] 2.2.13.1.1). */
#define SMBKIT_ACCESS_READ    0x00000001u
#define SMBKIT_ACCESS_WRITE   0x00000002u
#define SMBKIT_ACCESS_APPEND  0x00000004u
#define SMBKIT_ACCESS_EXECUTE 0x00000020u
#define SMBKIT_ACCESS_DELETE  0x00010000u

#define SMBKIT_TREE_DOCUMENT_MAX (64u << 20) /* bytes of a file with `get` */

/* --- what a folder can do --- */

/* A rename or move, as the folder that shall get the node sees it. */
struct smbkit_rename {
    struct smbkit_node *node;     /* what is to be moved; smbkit_node_ctx gives its ctx */
    struct smbkit_node *from;     /* the folder it is in; may be the same folder */
    const char *name;             /* its new name */
    struct smbkit_node *replaced; /* the file that has this name and goes away, or NULL */
};

/* All callbacks may be NULL. `folder` is the folder itself, to publish things in. What a callback
   publishes or removes by functions of this header is told to watching clients, but for what `load`
   adds the first time. What succeeds by the callback's return (create_file, remove, ...) smbkit
   does in the tree itself; the callback must not. */
struct smbkit_folder_ops {
    size_t struct_size; /* sizeof(struct smbkit_folder_ops) */

    /* Publishes the children, when somebody first looks into the folder; an error makes that fail,
       and the next look tries again. With SMBKIT_NODE_REFRESH it is called for each new listing,
       and for each name that is not found: it publishes everything again. What is there already
       gives OBJECT_NAME_COLLISION and stays (out: the node that is there); what it does not name
       any more is removed. Never called twice at the same time for one folder. */
    smbkit_status (*load)(struct smbkit_op *op, void *ctx, struct smbkit_node *folder);
    /* Somebody asks for a name that is not there: the last chance to publish it. The status is for
       errors of its own: SUCCESS without publishing means that there is no such name. Clients ask
       for many names that nobody has heard of: it should be fast. */
    smbkit_status (*missing)(struct smbkit_op *op, void *ctx, struct smbkit_node *folder,
                             const char *name);

    /* A client makes a file. `spec` has the name, the attributes, and now as the times; the
       callback sets spec->file, spec->ctx and what else it likes, but not the name. smbkit
       publishes the file and opens it. The name is taken from before the call on: nobody else can
       publish it, nor make it at the same time. */
    smbkit_status (*create_file)(struct smbkit_op *op, void *ctx, struct smbkit_node *folder,
                                 struct smbkit_node_spec *spec);
    /* Likewise a folder: sets spec->folder. */
    smbkit_status (*create_folder)(struct smbkit_op *op, void *ctx, struct smbkit_node *folder,
                                   struct smbkit_node_spec *spec);
    /* A client renames something to a name in this folder, or moves it here. Asked of the folder
       that gets it; the folder that loses it must have this callback too, or nothing can be moved
       out of it. Files are only replaced in folders that have `remove`. */
    smbkit_status (*rename)(struct smbkit_op *op, void *ctx, struct smbkit_node *folder,
                            const struct smbkit_rename *rename);
    /* A client deletes `child`. Folders that still show something are refused before. */
    smbkit_status (*remove)(struct smbkit_op *op, void *ctx, struct smbkit_node *folder,
                            struct smbkit_node *child);

    /* As for files. Without it: kept where create_file or create_folder is given, else ignored. */
    smbkit_status (*set_info)(struct smbkit_op *op, void *ctx, const struct smbkit_attr *attr,
                              uint32_t which);

    /* The node is gone: frees ctx. */
    void (*release)(void *ctx);
};

/* --- publishing --- */

#define SMBKIT_NODE_REPLACE \
    0x1u /* a node that has the name goes away (it stays open where it is) */
#define SMBKIT_NODE_REFRESH 0x2u /* a folder: `load` again for each listing */
#define SMBKIT_NODE_FOLDER  0x4u /* a folder, also when `folder` is NULL */

/* All that can be said of a node when it is published. Zero is right for what does not apply. */
struct smbkit_node_spec {
    size_t struct_size; /* sizeof(struct smbkit_node_spec) */
    const char *name;
    uint32_t flags;                         /* SMBKIT_NODE_* */
    uint32_t attributes;                    /* SMBKIT_ATTR_*; DIRECTORY is set for folders */
    const struct smbkit_file_ops *file;     /* a file's callbacks; NULL: it has none */
    const struct smbkit_folder_ops *folder; /* makes it a folder */
    void *ctx;
    uint64_t size;    /* of a file with callbacks: its size, when it has no `size` */
    const void *data; /* of a file without callbacks: its bytes, which are copied */
    size_t data_size;
    uint64_t create_time, write_time; /* 0: now */
    /* A ring folder: shows the newest `limit` children; publishing one more removes the one that
       was published first. 0: no limit. */
    size_t limit;
};

/* Publishes a node in `parent`. It is seen by clients at once, and told to those who watch.
   `out`: NULL, or where to put a reference to the new node. OBJECT_NAME_INVALID;
   OBJECT_NAME_COLLISION: there is one already (*out is then a reference to that one);
   NOT_A_DIRECTORY: parent is a file; OBJECT_PATH_NOT_FOUND: parent is not in the tree any more. */
SMBKIT_API smbkit_status smbkit_tree_add(struct smbkit_node *parent,
                                         const struct smbkit_node_spec *spec,
                                         struct smbkit_node **out);
/* The same in short. `ops` may be NULL: a folder that only shows, an empty file. */
SMBKIT_API smbkit_status smbkit_tree_add_folder(struct smbkit_node *parent, const char *name,
                                                const struct smbkit_folder_ops *ops, void *ctx,
                                                struct smbkit_node **out);
SMBKIT_API smbkit_status smbkit_tree_add_ring(struct smbkit_node *parent, const char *name,
                                              size_t limit, struct smbkit_node **out);
SMBKIT_API smbkit_status smbkit_tree_add_file(struct smbkit_node *parent, const char *name,
                                              const struct smbkit_file_ops *ops, void *ctx,
                                              struct smbkit_node **out);
/* A file of fixed bytes. */
SMBKIT_API smbkit_status smbkit_tree_add_bytes(struct smbkit_node *parent, const char *name,
                                               const void *data, size_t size,
                                               struct smbkit_node **out);
/*
 * Gives a folder a picture. `ico` (Windows, .ico) is published beside a desktop.ini that names it,
 * both hidden, and the folder is marked so that Explorer looks for them. `icns` (macOS, .icns) is
 * published as .VolumeIcon.icns and counts for the root of a tree only: Finder looks nowhere else
 * in a file system without streams. Either may be NULL. Replaces an earlier picture.
 */
SMBKIT_API smbkit_status smbkit_tree_set_icon(struct smbkit_node *folder, const void *ico,
                                              size_t ico_size, const void *icns, size_t icns_size);

/* --- changing what is published; all of it is told to watching clients --- */

/* The content of a file has changed (by itself or at its source): its write time is now, `size` and
   `get` will be asked again, and clients drop what they have cached. Harmless for a node that is
   not in the tree. */
SMBKIT_API void smbkit_node_update(struct smbkit_node *file);
/* The same with a new size, for files without `size`. */
SMBKIT_API void smbkit_node_set_size(struct smbkit_node *file, uint64_t size);
/* The new bytes of a file that was published with bytes (INVALID_DEVICE_REQUEST for others). Reads
   that are under way see the old ones or the new ones, never both. */
SMBKIT_API smbkit_status smbkit_node_set_bytes(struct smbkit_node *file, const void *data,
                                               size_t size);
/* New times and attributes: those that `which` names (SMBKIT_SET_*). */
SMBKIT_API void smbkit_node_set_info(struct smbkit_node *node, const struct smbkit_attr *attr,
                                     uint32_t which);
/* Takes a node out of the tree, a folder with all that is in it. Where it is open it stays usable
   until it is closed. Harmless when repeated; a root is only emptied. The caller's reference stays
   the caller's. */
SMBKIT_API void smbkit_node_remove(struct smbkit_node *node);
/* Takes out everything in a folder. */
SMBKIT_API void smbkit_node_clear(struct smbkit_node *folder);
/* Gives a node another name, and another folder when `parent` is not NULL. A new spelling of its
   name in other case is allowed. Errors as for smbkit_tree_add; CANNOT_DELETE for a root;
   INVALID_PARAMETER when `parent` lies inside the node, or in another tree. */
SMBKIT_API smbkit_status smbkit_node_rename(struct smbkit_node *node, struct smbkit_node *parent,
                                            const char *name);

/* --- asking --- */

SMBKIT_API struct smbkit_node *smbkit_node_ref(struct smbkit_node *node);
SMBKIT_API void smbkit_node_unref(struct smbkit_node *node); /* NULL is allowed */
SMBKIT_API void *smbkit_node_ctx(const struct smbkit_node *node);
/* A number that no other node of the tree had; what clients see as the file's id. */
SMBKIT_API uint64_t smbkit_node_id(const struct smbkit_node *node);
SMBKIT_API bool smbkit_node_is_folder(const struct smbkit_node *node);
/* How many children are published in a folder. */
SMBKIT_API size_t smbkit_node_count(struct smbkit_node *folder);
/* Copies the name, or the path from the root, into `dst` of `cap` bytes and gives its length
   without the NUL; SIZE_MAX, with "" in dst, when it does not fit or the node is not in the tree.
   A root has the name and path "". */
SMBKIT_API size_t smbkit_node_name(struct smbkit_node *node, char *dst, size_t cap);
SMBKIT_API size_t smbkit_node_path(struct smbkit_node *node, char *dst, size_t cap);
/* A reference to what is published under `path` ("a/b/c") below `folder`, or NULL. Calls no
   callbacks: folders that were not loaded show only what was pushed into them. */
SMBKIT_API struct smbkit_node *smbkit_node_find(struct smbkit_node *folder, const char *path);

/* --- the tree --- */

#define SMBKIT_TREE_MAP_NAMES 0x1u /* see smbkit_tree_options.flags */

struct smbkit_tree_options {
    size_t struct_size; /* sizeof(struct smbkit_tree_options) */
    void *ctx;
    /* SMBKIT_TREE_MAP_NAMES: characters that Windows forbids in names (a ':' or '?', a '.' at the
       end, ...) are allowed in published names; clients see them in the way that macOS and Samba
       use (U+F000 and up), and callbacks get them back as they were. */
    uint32_t flags;
    /* The root's callbacks, called with `ctx`; `release` is not (see below). NULL: none. */
    const struct smbkit_folder_ops *root;
    size_t root_limit; /* makes a ring folder of the root */
    /* A root for each user: called with the name (in the case it was logged on with; "" for an
       anonymous user) when he first opens something, gives a reference to a root made by
       smbkit_tree_add_root, or NULL for the tree's own. Kept until smbkit_tree_forget_user. The
       plugin must have SMBKIT_CAP_PER_USER. */
    struct smbkit_node *(*user_root)(void *ctx, struct smbkit_tree *tree, const char *user);
    /* Space to show; sets what it knows of *st, which is filled with the default: 1 TiB, all of it
       free, the share's name as the label. */
    void (*space)(void *ctx, struct smbkit_statfs *st);
    /* The last reference to the tree is gone. Ends (and joins) the plugin's own threads that use
       the tree; until it returns they may. */
    void (*stop)(void *ctx);
    /* The very last call, after `release` of every node. */
    void (*release)(void *ctx);
};

/* Makes a tree with an empty root, and a reference to it. `options` (NULL: all zero) are copied. A
   tree can exist without any share. NULL when memory is out or struct_size is wrong. */
SMBKIT_API struct smbkit_tree *smbkit_tree_new(const struct smbkit_tree_options *options);
SMBKIT_API struct smbkit_tree *smbkit_tree_ref(struct smbkit_tree *tree);
/* When the last reference goes, everything is taken out of the tree. NULL is allowed. */
SMBKIT_API void smbkit_tree_unref(struct smbkit_tree *tree);
/* Borrowed: valid as long as the tree. */
SMBKIT_API struct smbkit_node *smbkit_tree_root(struct smbkit_tree *tree);
/* Another root, for user_root: a folder that lies in no other. NULL when memory is out. */
SMBKIT_API struct smbkit_node *smbkit_tree_add_root(struct smbkit_tree *tree,
                                                    const struct smbkit_folder_ops *ops, void *ctx);
/* Drops what is kept of a user; user_root is asked anew for what he opens next. */
SMBKIT_API void smbkit_tree_forget_user(struct smbkit_tree *tree, const char *user);

/* --- plugins --- */

/* Makes the tree of a share from its arguments, and gives its reference to the share; or fails,
   after smbkit_error() where there is something to say: smbkit then drops *tree, unless it is NULL
   as it was before the call. Several shares may be given the same tree. */
typedef smbkit_status smbkit_tree_setup(struct smbkit_share *share, const struct smbkit_arg *args,
                                        size_t count, struct smbkit_tree **tree);

/* A plugin that serves this tree, for programs that embed a server:
   smbkit_server_set_share_plugin(server, "docs", smbkit_tree_plugin(tree), NULL, 0, error).
   Callbacks run by `model`; a later call changes nothing of that. Lives as long as the tree, which
   the caller keeps until the server is freed. */
SMBKIT_API const struct smbkit_plugin *smbkit_tree_plugin(struct smbkit_tree *tree,
                                                          enum smbkit_thread_model model);

/* The rest is for SMBKIT_TREE_PLUGIN. */
SMBKIT_API smbkit_status smbkit_tree_share_open(struct smbkit_share *share,
                                                const struct smbkit_arg *args, size_t count,
                                                smbkit_tree_setup *setup, void **vol);
SMBKIT_API void smbkit_tree_share_close(void *vol);
SMBKIT_API void smbkit_tree_vfs_statfs(struct smbkit_op *op, void *vol);
SMBKIT_API void smbkit_tree_vfs_open(struct smbkit_op *op, void *vol,
                                     const struct smbkit_open_args *args);
SMBKIT_API void smbkit_tree_vfs_create(struct smbkit_op *op, void *vol,
                                       const struct smbkit_create_args *args);
SMBKIT_API void smbkit_tree_vfs_cleanup(struct smbkit_op *op, void *vol, void *file,
                                        uint32_t flags);
SMBKIT_API void smbkit_tree_vfs_close(void *vol, void *file);
SMBKIT_API void smbkit_tree_vfs_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                                     uint32_t length);
SMBKIT_API void smbkit_tree_vfs_write(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                                      const void *data, uint32_t length);
SMBKIT_API void smbkit_tree_vfs_flush(struct smbkit_op *op, void *vol, void *file);
SMBKIT_API void smbkit_tree_vfs_getattr(struct smbkit_op *op, void *vol, void *file);
SMBKIT_API void smbkit_tree_vfs_setattr(struct smbkit_op *op, void *vol, void *file,
                                        const struct smbkit_attr *attr, uint32_t which);
SMBKIT_API void smbkit_tree_vfs_set_size(struct smbkit_op *op, void *vol, void *file,
                                         uint64_t size);
SMBKIT_API void smbkit_tree_vfs_readdir(struct smbkit_op *op, void *vol, void *dir,
                                        const struct smbkit_readdir_args *args);
SMBKIT_API void smbkit_tree_vfs_can_delete(struct smbkit_op *op, void *vol, void *file);
SMBKIT_API void smbkit_tree_vfs_rename(struct smbkit_op *op, void *vol, void *file, const char *to,
                                       uint32_t flags);
SMBKIT_API void smbkit_tree_vfs_fsctl(struct smbkit_op *op, void *vol, void *file,
                                      const struct smbkit_fsctl_args *args);

#define SMBKIT_TREE_VFS(opener)                                                     \
    {                                                                               \
        .share_open = (opener), .share_close = smbkit_tree_share_close,             \
        .statfs = smbkit_tree_vfs_statfs, .open = smbkit_tree_vfs_open,             \
        .create = smbkit_tree_vfs_create, .cleanup = smbkit_tree_vfs_cleanup,       \
        .close = smbkit_tree_vfs_close, .read = smbkit_tree_vfs_read,               \
        .write = smbkit_tree_vfs_write, .flush = smbkit_tree_vfs_flush,             \
        .getattr = smbkit_tree_vfs_getattr, .setattr = smbkit_tree_vfs_setattr,     \
        .set_size = smbkit_tree_vfs_set_size, .readdir = smbkit_tree_vfs_readdir,   \
        .can_delete = smbkit_tree_vfs_can_delete, .rename = smbkit_tree_vfs_rename, \
        .fsctl = smbkit_tree_vfs_fsctl,                                             \
    }

/* Defines a plugin table of that name. `setup_function` is a smbkit_tree_setup, `model` the thread
   model; then follow members of struct smbkit_plugin: .name, .version and .summary, and where
   wanted .fs_name, .params, .capabilities. */
#define SMBKIT_TREE_PLUGIN_NAMED(symbol, setup_function, model, ...)                               \
    static smbkit_status symbol##_open(struct smbkit_share *share_,                                \
                                       const struct smbkit_arg *args_, size_t count_, void **vol_) \
    {                                                                                              \
        return smbkit_tree_share_open(share_, args_, count_, (setup_function), vol_);              \
    }                                                                                              \
    static const struct smbkit_vfs symbol##_vfs = SMBKIT_TREE_VFS(symbol##_open);                  \
    SMBKIT_API extern const struct smbkit_plugin symbol;                                           \
    const struct smbkit_plugin symbol = {SMBKIT_PLUGIN_INIT, .thread_model = (model),              \
                                         .vfs = &symbol##_vfs, __VA_ARGS__}

/* The same for a plugin that is a file of its own: its SMBKIT_PLUGIN_TABLE. */
#define SMBKIT_TREE_PLUGIN(setup_function, model, ...) \
    SMBKIT_TREE_PLUGIN_EXPAND(SMBKIT_STATIC_PLUGIN, setup_function, model, __VA_ARGS__)
#define SMBKIT_TREE_PLUGIN_EXPAND(symbol, setup_function, model, ...) \
    SMBKIT_TREE_PLUGIN_NAMED(symbol, setup_function, model, __VA_ARGS__)

#ifdef __cplusplus
}
#endif

#endif
