// SPDX-License-Identifier: Apache-2.0
/*
 * The inside of the dir plugin: a folder of this machine as a share. For Linux 5.6 and later.
 *
 *   volume --> folders   one for each directory of the disk that is in use: its descriptor, its
 *     |                  index of names and the watch that keeps the index right
 *     `------> nodes     one for each file or folder that is open: what its handles share
 *                |
 *                `links  the names that handles came by; a rename changes the link, and with it
 *                        all handles
 *
 * What a client names is found by openat2 beneath the root, and from then on by descriptors: no
 * path is checked first and used afterwards. Names are changed by (descriptor of the folder, one
 * component).
 *
 * Threads: callbacks run on workers, several at a time, and block in system calls. One thread more
 * per volume reads inotify events (watch.c). Lock order, first to last:
 *   dir_watch.drain         while events are applied
 *   dir_trees.lock          which trees are watched
 *   dir_folder.lock         a folder's index, and changes of its names on the disk; two folders in
 *                           the order of their addresses
 *   dir_volume.lock         the tables, reference counts, links; never over a call that may block
 *                           for long
 * and dir_node.meta           a file's streams, over what is read and written there; before
 *                           dir_volume.lock, and never together with a folder's
 */
#ifndef PLUGINS_DIR_DIR_H
#define PLUGINS_DIR_DIR_H

#include <pthread.h>
#include <smbkit/vfs.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>

#define DIR_NAME_MAX 255u /* NAME_MAX of Linux, bytes */
#define DIR_PATH_MAX 4095u

struct dir_volume;

/* --- fs.c: system calls, with EINTR and old kernels dealt with --- */

#define FS_SEE     (1u << 0) /* O_PATH: to look at, not to read */
#define FS_FOLLOW  (1u << 1) /* symbolic links, as long as they stay beneath */
#define FS_FOLDER  (1u << 2)
#define FS_READ    (1u << 3)
#define FS_WRITE   (1u << 4)
#define FS_MAKE    (1u << 5) /* a new file; EEXIST */
#define FS_MODE(m) ((mode_t)(m))

/* quotactl(2) of the disk that the descriptor is on. -1 and errno: ENOSYS before Linux 5.14. */
int fs_quota(int fd, int cmd, uint32_t id, void *data);
/* Opens `path` beneath `root`: neither "..", nor a symbolic link, nor /proc's magic ones lead out.
   -1 and errno. */
int fs_open(int root, const char *path, unsigned flags, mode_t mode);
/* Opens anew what an O_PATH descriptor stands for. */
int fs_reopen(int fd, unsigned flags);
/* The name of a descriptor for calls that want a path. */
struct fs_name {
    char text[300];
};
struct fs_name fs_name(int fd, const char *child);
/* statx of a descriptor (name "") or of what it holds, without following a link. */
int fs_stat(int fd, const char *name, struct statx *st);
/* Calls each(ctx, name, inode, type, cookie) for the entries of a readable directory descriptor
   from `cookie` on (0: the first), without "." and "..", until it says false. -1 and errno. */
typedef bool fs_each(void *ctx, const char *name, uint64_t inode, unsigned char type,
                     uint64_t cookie);
int fs_list(int fd, uint64_t cookie, fs_each *each, void *ctx);
uint64_t fs_filetime(const struct statx_timestamp *t);
struct timespec fs_timespec(uint64_t filetime);
/* Nanoseconds since 1970. */
uint64_t fs_ns(const struct statx_timestamp *t);
uint64_t fs_now(void);
uint64_t fs_filetime_now(void);
/* UTF-8 (surrogates alone are allowed) that a client can name, and none of our own names. */
bool fs_name_visible(const char *name);
/* Names that we make for a moment: clients neither see nor use any of this form. One that somebody
   on the disk has made, or a server that was killed has left, is hidden as well. */
#define FS_OWN_NAME_LEN 24u
void fs_own_name(char name[FS_OWN_NAME_LEN + 1], uint32_t random);
/* The process that made the name. */
pid_t fs_own_name_maker(const char *name);
/* Is it, in any case (there are disks that do not mind it)? `name` may go on after `len`. */
bool fs_name_is_own(const char *name, size_t len);

/* --- dosattr.c: the extended attribute user.DOSATTRIB --- */

#define DOSATTR_XATTR "user.DOSATTRIB"
#define DOSATTR_SIZE  44 /* at most */

struct dosattr {
    bool has_attributes, has_create_time, has_change_time;
    uint32_t attributes;
    uint64_t create_time; /* FILETIME, as all here */
    uint64_t change_time;
    uint64_t change_until; /* it counts while the disk's change time is no later */
};

/* Versions 1 to 5; false: not one of them. */
bool dosattr_decode(const void *data, size_t len, struct dosattr *out);
/* Version 5; how long it is. */
size_t dosattr_encode(const struct dosattr *in, uint8_t out[DOSATTR_SIZE]);

/* --- ntacl.c: the extended attribute security.NTACL --- */

#define NTACL_HEAD 8u

/* Versions 1 to 4. *sd is in `data`, which is changed. False: not one of them. */
bool ntacl_decode(uint8_t *data, size_t len, uint8_t **sd, size_t *sd_len);
/* Version 1, into len + NTACL_HEAD bytes. False: not a descriptor. */
bool ntacl_encode(const void *sd, size_t len, uint8_t *data);

/* --- owner.c: SIDs of one account with two servers --- */

#define OWNER_SID_SIZE 28u /* S-1-5-21-x-y-z-n */

/* The owner in a self-relative descriptor; false: none, or no account. */
bool owner_of(const uint8_t *sd, size_t len, uint8_t sid[OWNER_SID_SIZE]);
/* Is it of another machine than this user? */
bool owner_is_foreign(const uint8_t owner[OWNER_SID_SIZE], const void *user, size_t user_len);
/* `to` in place of `from`, wherever it stands; both have OWNER_SID_SIZE bytes. */
void owner_replace(uint8_t *sd, size_t len, const uint8_t *from, const uint8_t *to);

/* --- user.c: whose rights a call has --- */

struct dir_user;

struct dir_users {
    bool per_user;  /* each SMB user acts as the Unix user of that name ... */
    bool same;      /* ... or all of them as `fallback` */
    char *fallback; /* for one who has no Unix user of that name */
    pthread_mutex_t lock;
    struct dir_user *list;
    size_t count;
};

/* The user of an operation, to be put later; *user is NULL when all act as the server does. */
smbkit_status dir_user_get(struct dir_users *u, const char *name, struct dir_user **user);
struct dir_user *dir_user_ref(struct dir_user *user);
void dir_user_put(struct dir_user *user);
uid_t dir_user_uid(const struct dir_user *user);
/* Takes on the user's rights on this thread, and lays them down again. Calls nest no deeper than
   one. False: not possible; nothing has changed. */
bool dir_user_enter(const struct dir_user *user);
void dir_user_leave(const struct dir_user *user);
bool dir_users_init(struct dir_users *u, const char *as, struct smbkit_share *share);
void dir_users_free(struct dir_users *u);

/* --- quota.c: what the disk lets each user take --- */

#define DIR_SID_MAX 68u /* bytes of the longest SID */

struct dir_known;

struct dir_quotas {
    bool on; /* the disk keeps quotas of users */
    pthread_mutex_t lock;
    struct dir_known *known; /* users who were here, the newest first */
    size_t count;
};

struct dir_volume;

/* Does the disk keep quotas? Once v->root is open. */
void dir_quotas_init(struct dir_volume *v);
void dir_quotas_free(struct dir_volume *v);
/* Notes by which number the disk knows who does this. */
void dir_quota_seen(struct dir_volume *v, const struct smbkit_op *op, const struct dir_user *user);
/* What the user may still take. */
void dir_quota_statfs(const struct dir_volume *v, uint32_t uid, struct smbkit_statfs *st);

/* --- folder.c: directories in use, and the index of their names --- */

struct dir_entry {
    struct dir_entry *next; /* in its hash bucket */
    uint64_t hash;
    uint64_t seq;      /* its place in listings, and the cookie to go on after it */
    uint64_t inode;    /* 0: not known */
    uint64_t own_time; /* ns: changes of the file up to then are known to clients */
    bool seen;         /* while the folder is read again */
    uint8_t len;
    char name[];
};

/* Entries by name (folded) and by place. Entries join at the end with the next seq, so that the
   array is sorted; a removed one leaves a gap until gaps outnumber the entries. */
struct dir_index {
    bool ready;          /* complete, and kept right by a watch */
    _Atomic bool behind; /* events were lost: to be read again before use */
    _Atomic bool missed; /* ... and what changed meanwhile is still to be told */
    unsigned epoch;      /* how often it was cleared: cookies of another epoch mean nothing */
    struct dir_entry **buckets;
    size_t bucket_count;
    struct dir_slot {
        uint64_t seq;
        struct dir_entry *entry;
    } * slots;
    size_t slot_first, slot_count, slot_cap;
    size_t count;
    uint64_t last_seq;
    size_t bytes; /* charged to the volume's limit */
};

struct dir_folder {
    struct dir_folder *next;          /* in the table */
    struct dir_folder *newer, *older; /* when idle: order of last use */
    struct dir_volume *volume;
    dev_t dev;
    uint64_t inode;
    unsigned refs; /* dir_volume.lock */
    int fd;        /* O_PATH */
    int watch;     /* -1: none */
    bool held;     /* in dir_trees.held; dir_trees.lock */
    char *path;    /* where it was found last; dir_volume.lock */
    pthread_mutex_t lock;
    struct dir_index index;
};

/* The folder of a descriptor, which is then the table's (also on failure). `path` is the true
   spelling. NULL: memory is out. */
struct dir_folder *dir_folder_get(struct dir_volume *v, int fd, const char *path);
struct dir_folder *dir_folder_ref(struct dir_folder *f);
void dir_folder_put(struct dir_folder *f);
/* "path of the folder/name", for smbkit_notify and smbkit_reply_open. NULL: memory is out. */
char *dir_folder_path(struct dir_folder *f, const char *name);
/* A folder has moved: paths that begin with `from` begin with `to` now. */
void dir_folders_moved(struct dir_volume *v, const char *from, const char *to);
/* Frees the idle ones; none is in use. */
void dir_folders_free(struct dir_volume *v);

void dir_folder_lock2(struct dir_folder *a, struct dir_folder *b);
void dir_folder_unlock2(struct dir_folder *a, struct dir_folder *b);

/* All below with the folder's lock held. */

/* Makes the index ready; false: it cannot be (no watch, no memory, no permission). */
bool dir_index_load(struct dir_folder *f);
void dir_index_clear(struct dir_folder *f);
struct dir_entry *dir_index_exact(const struct dir_index *x, const char *name);
/* The one spelled so, or else the first that differs in case only. */
struct dir_entry *dir_index_find(const struct dir_index *x, const char *name);
struct dir_entry *dir_index_next(const struct dir_index *x, uint64_t seq);
/* Takes note of a name; nothing when the index is not in use. One that gets no memory takes the
   index out of use. */
struct dir_entry *dir_index_add(struct dir_folder *f, const char *name, uint64_t inode);
void dir_index_remove(struct dir_folder *f, const char *name);
/* How a name is spelled on the disk that may be spelled `name`: ENOENT when nobody has it. `found`
   has room for DIR_NAME_MAX + 1 bytes. Searches the directory when there is no index. */
int dir_folder_find(struct dir_folder *f, const char *name, char *found);

/* --- watch.c: what others change on the disk --- */

struct dir_watch;

/* NULL: this system has none to give; then nothing is watched. */
struct dir_watch *dir_watch_new(struct dir_volume *v);
/* Ends the thread; then nobody is told any more. */
void dir_watch_quit(struct dir_watch *w);
/* After that, when no folder is left. */
void dir_watch_free(struct dir_watch *w);
/* Watches the folder. With dir_volume.lock held. */
bool dir_watch_add(struct dir_watch *w, struct dir_folder *f);
void dir_watch_remove(struct dir_watch *w, struct dir_folder *f);
/* Applies all that has happened so far; without any lock held. */
void dir_watch_sync(struct dir_watch *w);

/* --- tree.c: whole trees that clients watch --- */

struct dir_paths {
    char **list;
    size_t count, cap;
};

struct dir_tree {
    struct dir_tree *next;
    char *path; /* of its root, when the watch began */
};

struct dir_trees {
    pthread_mutex_t lock;
    _Atomic bool any; /* is there one? */
    bool full;        /* ... with more folders than `max` */
    struct dir_tree *list;
    struct dir_folder **held;
    size_t count, cap, max;
};

/* Takes the path, also when there is no memory to keep it. */
void dir_paths_add(struct dir_paths *p, char *path);
/* The last one, to be freed; NULL: there is none. */
char *dir_paths_take(struct dir_paths *p);
/* New folders are watched too, and those that went (`gone`) not any more; with `all`, everything is
   looked at. With dir_trees.lock held. */
void dir_trees_follow(struct dir_volume *v, struct dir_paths *pending, bool gone, bool all);
void dir_tree_end(struct dir_volume *v, struct dir_tree *tree);

/* --- xattr.c, stream.c: what lies in extended attributes --- */

#define DIR_XATTR_MAX    65536u /* XATTR_SIZE_MAX */
#define DIR_STREAM_XATTR "user.DosStream."
/* Descriptors, where the server may not write security.NTACL. */
#define DIR_USER_ACL_XATTR "user.NTACL"

/* A named stream that is open. Under its node's `meta`. */
struct dir_stream {
    struct dir_stream *next; /* of the node */
    unsigned refs;
    bool gone; /* was deleted; its bytes are in `kept` */
    uint8_t *kept;
    size_t kept_len;
    char name[DIR_NAME_MAX + 1];
};

struct dir_handle;

/* All names, each with its NUL; to be freed. -1 and errno. */
ssize_t dir_xattr_names(int fd, char **list);
/* A value, in a block with room for DIR_XATTR_MAX + 1 bytes. These give 0 or an errno; what the
   disk has no room for is ENOSPC. */
int dir_xattr_get(int fd, const char *name, uint8_t **value, size_t *len);
int dir_xattr_set(int fd, const char *name, const void *value, size_t len, int flags);
int dir_xattr_remove(int fd, const char *name);
/* smbkit_attr.ea_size */
uint32_t dir_ea_size(const struct dir_volume *v, int fd);
int dir_eas_remove(const struct dir_volume *v, int fd);

/* Make h->stream a stream of the handle's file: one that is there, or a new one. */
smbkit_status dir_stream_open(struct dir_handle *h, const char *stream);
smbkit_status dir_stream_make(struct dir_handle *h, const char *stream);
void dir_stream_put(struct dir_handle *h);
uint64_t dir_stream_size(struct dir_handle *h);
void dir_stream_read(struct smbkit_op *op, struct dir_handle *h, uint64_t offset, uint32_t length);
/* These give 0 or an errno. With data NULL zeros are written. */
int dir_stream_write(struct dir_handle *h, uint64_t offset, const void *data, uint64_t length);
int dir_stream_cut(struct dir_handle *h, uint64_t size);
int dir_stream_remove(struct dir_handle *h);
int dir_streams_remove(struct dir_handle *h);

/* --- node.c: what is open --- */

struct dir_link {
    struct dir_link *next; /* of the node */
    struct dir_folder *folder;
    unsigned refs;
    bool gone; /* the name was removed */
    dev_t dev; /* what the name names: the node, or a symbolic link that leads to it */
    uint64_t inode;
    char name[DIR_NAME_MAX + 1];
};

struct dir_node {
    struct dir_node *next; /* in the table */
    dev_t dev;
    uint64_t inode;
    unsigned refs;
    _Atomic unsigned busy;     /* changes of ours in work */
    _Atomic bool changed;      /* by us, since it is open */
    _Atomic uint64_t own_time; /* ns: the last of our changes was before */
    /* Under dir_volume.lock: what clients have set and the disk does not say so. */
    uint64_t change_time; /* FILETIME: what a client wants the change time to be ... */
    uint64_t change_at;   /* ... as long as the disk's is this one, ns. 0: nothing is wanted */
    bool reserved;
    uint64_t alloc_size; /* with `reserved`: what is reserved ... */
    uint64_t blocks;     /* ... as long as the disk says that it has given so many */
    struct dir_link *links;
    pthread_mutex_t meta; /* streams and extended attributes; taken before the volume's lock */
    struct dir_stream *streams;
};

struct dir_handle {
    int fd;              /* O_PATH unless `io` */
    _Atomic unsigned io; /* FS_READ, FS_WRITE: what fd is good for */
    _Atomic bool folder;
    _Atomic bool changed;  /* the file, by this handle */
    _Atomic bool archived; /* ... and ARCHIVE was seen to */
    bool by_index;         /* how the folder is listed since cookie 0 */
    unsigned epoch;        /* ... by this state of the index */
    struct dir_node *node;
    struct dir_stream *stream; /* NULL: the file itself */
    struct dir_link *link;     /* NULL: the root */
    struct dir_folder *self;   /* a folder's own, once it was listed or opened to be */
    struct dir_tree *tree;     /* NULL: it does not watch what is below */
    struct dir_user *user;
};

/* A handle for an open descriptor, which belongs to it from then on (also on failure). With
   `folder`, it came by that name. NULL: memory is out. */
struct dir_handle *dir_handle_new(struct dir_volume *v, int fd, const struct statx *st,
                                  struct dir_folder *folder, const char *name,
                                  const struct statx *named, struct dir_user *user);
void dir_handle_free(struct dir_volume *v, struct dir_handle *h);
/* The handle's name as it is now: its folder, referenced. NULL: the root, or the name is gone. */
struct dir_folder *dir_handle_where(struct dir_volume *v, struct dir_handle *h, char *name);
/* With the folders locked: is the handle's name still this one? */
bool dir_handle_still(struct dir_volume *v, const struct dir_handle *h,
                      const struct dir_folder *folder, const char *name);
/* With the folder locked: the handle's name is going to name what `st` is about. False: others have
   the file open too. */
bool dir_handle_turn(struct dir_volume *v, struct dir_handle *h, const struct statx *st);
void dir_link_move(struct dir_volume *v, struct dir_link *link, struct dir_folder *to,
                   const char *name);
void dir_link_gone(struct dir_volume *v, struct dir_link *link);
/* The same for all links of a file by that name. */
void dir_links_gone(struct dir_volume *v, dev_t dev, uint64_t inode,
                    const struct dir_folder *folder, const char *name);
/* Around each change of a file, so that its events are known as our own. */
void dir_change_begin(struct dir_handle *h);
void dir_change_end(struct dir_handle *h);
/* A client has set the change time; the disk's does not let itself be set and is `at` now, ns. */
void dir_node_want_change_time(struct dir_volume *v, struct dir_node *n, uint64_t at,
                               uint64_t shown);
/* A client has reserved so much, and the disk gave so many blocks. */
void dir_node_reserved(struct dir_volume *v, struct dir_node *n, uint64_t alloc_size,
                       uint64_t blocks);
/* What to show for a file about which the disk says `st`. */
void dir_node_shown(struct dir_volume *v, const struct statx *st, const struct dosattr *dos,
                    uint64_t *change_time, uint64_t *alloc_size);
/* For the watch: did we make all changes of this file up to `time`? */
bool dir_node_is_own(struct dir_volume *v, dev_t dev, uint64_t inode, uint64_t time);

/* --- path.c: from what clients name to what is on the disk --- */

/* The folder of the last component, and that component. */
struct dir_place {
    struct dir_folder *folder;
    char name[DIR_NAME_MAX + 1];
    /* STOPPED_ON_SYMLINK: so much of the path as it was asked for names a link, with this reparse
       data buffer, to be freed. */
    size_t link_at;
    uint8_t *link;
    size_t link_len;
};

/* Finds the folder in which `path` is or shall be, whatever case the client spells it in. `path` is
   not the root. On success the caller puts place->folder. */
smbkit_status dir_place_find(struct dir_volume *v, const struct dir_user *user, const char *path,
                             struct dir_place *place);
/* Opens (FS_SEE) what has the name, in any case; place->name becomes the true spelling. `st` is
   about what was opened, `named` about the name itself, which may be a symbolic link to it. */
smbkit_status dir_place_open(struct dir_volume *v, const struct dir_user *user,
                             struct dir_place *place, int *fd, struct statx *st,
                             struct statx *named);
smbkit_status dir_status(int err);

/* What a path names. */
struct dir_found {
    struct dir_place place; /* folder NULL: the root */
    int fd;                 /* FS_SEE; -1: none */
    struct statx st, named;
};

/* Finds and opens what has the path. To be cleared also after a failure. */
smbkit_status dir_find(struct dir_volume *v, const struct dir_user *user, const char *path,
                       struct dir_found *found);
void dir_found_clear(struct dir_found *found);
/* Answers with the status, or with the link that was in the way. */
void dir_reply_failure(struct smbkit_op *op, const struct dir_found *found, smbkit_status status);

/* --- sweep.c --- */

/* Removes the name from the folder, a descriptor, if it is of our making and was left there. */
void dir_sweep(const struct dir_volume *v, int folder, const char *name);

/* --- link.c --- */

#define DIR_TAG_SYMLINK 0xa000000cu /* IO_REPARSE_TAG_SYMLINK */

/* The reparse data buffer of a link's descriptor, to be freed. NULL and errno. */
uint8_t *dir_link_buffer(int fd, size_t *len);
/* Where the link of a reparse data buffer leads, as the disk has it. */
smbkit_status dir_link_target(const uint8_t *data, size_t len, char target[DIR_PATH_MAX + 1]);
/* Does this link lead to a folder of the share that the user can see? NULL: the rights are the
   user's already, or the server's. */
bool dir_link_to_folder(struct dir_volume *v, const struct dir_user *user, struct dir_folder *f,
                        const char *name);

/* --- acl.c --- */

/* Where descriptors are kept, by the parameter's value; false: not a valid one. */
bool dir_acls_choose(struct dir_volume *v, const char *value);
/* Keeps the descriptor of a new file in `folder`. 0 or an errno. */
int dir_acl_make(const struct dir_volume *v, const struct smbkit_op *op,
                 const struct dir_user *user, int folder, int fd, const void *sd, size_t len);

/* --- attr.c --- */

void dir_attr_fill(struct dir_volume *v, const struct statx *st, const struct dosattr *dos,
                   const char *name, struct smbkit_attr *attr);
/* The extended attribute of an open file, or of a name in an open folder. */
void dir_dos_read(int fd, const char *name, struct dosattr *dos);
/* 0 or an errno. */
int dir_dos_write(int fd, const struct dosattr *dos);
smbkit_status dir_attr_get(struct dir_volume *v, struct dir_handle *h, struct smbkit_attr *attr);
uint64_t dir_file_id(const struct dir_volume *v, dev_t dev, uint64_t inode);
dev_t dir_dev(const struct statx *st);

/* --- data.c, copy.c --- */

/* Begins a change of the content with the user's rights. False: answered already. */
bool dir_data_begin(struct smbkit_op *op, struct dir_handle *h);
/* Ends it; `err` is 0 or an errno. */
void dir_data_finish(struct smbkit_op *op, struct dir_volume *v, struct dir_handle *h, int err,
                     bool with_attr);
/* Can files share blocks there? */
bool dir_can_clone(int root);

/* --- compress.c --- */

/* Does this file system compress files? */
bool dir_can_compress(int root);
/* From now on, or no more. 0 or an errno. */
int dir_compress(const struct dir_handle *h, bool on);

/* --- the volume --- */

enum dir_links { DIR_LINKS_FOLLOW, DIR_LINKS_REPARSE, DIR_LINKS_REFUSE };
/* What links clients may make. */
enum dir_make_links {
    DIR_MAKE_BELOW, /* that lead downwards only: they stay in their folder, wherever it is moved */
    DIR_MAKE_ANY,
    DIR_MAKE_OFF,
};

struct dir_volume {
    struct smbkit_share *share;
    int root; /* O_PATH */
    dev_t dev;
    enum dir_links links;
    enum dir_make_links make_links;
    bool hide_dots, compresses;
    atomic_bool changed;              /* somebody has opened something in it for a change */
    char acl_xattr[DIR_NAME_MAX + 1]; /* "": no descriptors are kept */
    int file_mode, folder_mode;       /* -1: 0666 and 0777 less the umask */
    uint32_t serial;
    size_t index_limit;
    struct dir_users users;
    struct dir_quotas quotas;
    struct dir_watch *watch;
    struct dir_trees trees;
    pthread_mutex_t lock;
    struct dir_folder **folders; /* tables of TABLE_SIZE buckets */
    struct dir_node **nodes;
    struct dir_folder *newest, *oldest; /* idle ones */
    size_t idle_count;
    _Atomic size_t index_bytes;
};

/* --- callbacks, by file --- */

void dir_list_quotas(struct smbkit_op *op, void *vol, const struct smbkit_quotas_args *args);
void dir_set_quota(struct smbkit_op *op, void *vol, const struct smbkit_quota *quota);
void dir_quota_control(struct smbkit_op *op, void *vol);
void dir_set_quota_control(struct smbkit_op *op, void *vol,
                           const struct smbkit_quota_control *control);

void dir_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args);
void dir_create(struct smbkit_op *op, void *vol, const struct smbkit_create_args *args);
void dir_close(void *vol, void *file);
void dir_cleanup(struct smbkit_op *op, void *vol, void *file, uint32_t flags);
void dir_can_delete(struct smbkit_op *op, void *vol, void *file);
void dir_rename(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags);
void dir_link(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags);
void dir_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint32_t length);
void dir_write(struct smbkit_op *op, void *vol, void *file, uint64_t offset, const void *data,
               uint32_t length);
void dir_flush(struct smbkit_op *op, void *vol, void *file);
void dir_getattr(struct smbkit_op *op, void *vol, void *file);
void dir_setattr(struct smbkit_op *op, void *vol, void *file, const struct smbkit_attr *attr,
                 uint32_t which);
void dir_set_size(struct smbkit_op *op, void *vol, void *file, uint64_t size);
void dir_set_alloc(struct smbkit_op *op, void *vol, void *file, uint64_t size);
void dir_zero_range(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint64_t length);
void dir_allocated_ranges(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                          uint64_t length);
void dir_copy_range(struct smbkit_op *op, void *vol, void *file,
                    const struct smbkit_copy_args *args);
void dir_overwrite(struct smbkit_op *op, void *vol, void *file);
void dir_list_streams(struct smbkit_op *op, void *vol, void *file);
void dir_rename_stream(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags);
void dir_get_eas(struct smbkit_op *op, void *vol, void *file);
void dir_set_eas(struct smbkit_op *op, void *vol, void *file, const struct smbkit_ea *eas,
                 size_t count);
void dir_get_sd(struct smbkit_op *op, void *vol, void *file);
void dir_path_sd(struct smbkit_op *op, void *vol, const char *path);
void dir_set_sd(struct smbkit_op *op, void *vol, void *file, const void *sd, size_t len);
void dir_get_reparse(struct smbkit_op *op, void *vol, void *file);
void dir_set_reparse(struct smbkit_op *op, void *vol, void *file, const void *data, size_t len);
void dir_set_sparse(struct smbkit_op *op, void *vol, void *file, bool sparse);
void dir_set_compression(struct smbkit_op *op, void *vol, void *file, bool on);
void dir_watch_tree(struct smbkit_op *op, void *vol, void *file, bool tree);
void dir_readdir(struct smbkit_op *op, void *vol, void *dir,
                 const struct smbkit_readdir_args *args);

#endif
