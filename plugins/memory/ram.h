// SPDX-License-Identifier: Apache-2.0
/*
 * The inside of the memory plugin.
 *
 *   volume --root--> node (folder) --dir--> entries --node--> node (file) --data--> chunks
 *
 * A node is a file or folder; an entry is a name of it in a folder; a handle is an open of a node
 * by an entry, and of one of its named streams if it has any. A node lives while it has names
 * (links) or handles; an entry while it is in a folder or a handle came by it; a stream while its
 * node lists it or a handle came by it. Everything is guarded by the volume's lock, which is held
 * for short copies and lookups only, with one exception: chunks that a reply still sends (see
 * data.c).
 */
#ifndef PLUGINS_MEMORY_RAM_H
#define PLUGINS_MEMORY_RAM_H

#include <pthread.h>
#include <smbkit/vfs.h>
#include <stdatomic.h>

/* --- space: what `size=` limits --- */

struct ram_space {
    uint64_t limit;
    uint64_t used; /* chunks, tables, reservations, nodes and names; never above limit */
};

/* False: not that much is left. */
bool ram_space_take(struct ram_space *s, uint64_t bytes);
void ram_space_give(struct ram_space *s, uint64_t bytes);

/* --- quota.c: what each owner takes of it --- */

#define RAM_SID_MAX 68u /* bytes of the longest SID */

/* An owner of files, or somebody with limits of his own. Lives as long as he is one of these. */
struct ram_quota {
    struct ram_quota *next; /* in order of seq */
    struct ram_quotas *all;
    uint64_t seq; /* its place in listings, and the cookie to go on after it */
    uint64_t used;
    uint64_t threshold, limit; /* when `own` */
    uint64_t change_time;
    uint32_t nodes; /* that are his */
    bool own;       /* has limits of his own; else the defaults hold */
    uint8_t sid_len;
    uint8_t sid[RAM_SID_MAX];
};

struct ram_quotas {
    struct ram_quota *first, *last;
    uint64_t last_seq;
    struct smbkit_quota_control control;
};

/* False: the owner's limit is in the way. NULL pays nothing. */
bool ram_quota_take(struct ram_quota *q, uint64_t bytes);
void ram_quota_give(struct ram_quota *q, uint64_t bytes);

/* --- data.c: the bytes of one file --- */

#define RAM_CHUNK         65536u
#define RAM_FILE_SIZE_MAX 0xfffffff0000u /* as NTFS */

struct ram_chunk;

/* A tree of tables with chunks as leaves; a hole is a NULL anywhere. Invariant: every byte of a
   chunk behind `size` is zero, so that growing needs no clearing. */
struct ram_data {
    uint64_t size;
    uint64_t alloc;    /* bytes in chunks */
    uint64_t reserved; /* what set_alloc asked for; charged as far as it is more than alloc */
    void *root;        /* a chunk (height 0) or a table */
    unsigned height;
    struct ram_quota *payer; /* the node's, which keeps it; NULL: nobody */
};

/* Bytes taken or reserved. */
uint64_t ram_data_alloc(const struct ram_data *d);
void ram_data_free(struct ram_space *s, struct ram_data *d);
/* [offset, offset + length) must lie inside the file. */
void ram_data_read(const struct ram_data *d, uint64_t offset, void *dst, uint32_t length);
/* The same bytes in place, when they lie in one chunk; *chunk has a reference for the caller. NULL
   otherwise. */
const void *ram_data_ref(const struct ram_data *d, uint64_t offset, uint32_t length,
                         struct ram_chunk **chunk);
/* Drops such a reference; any thread, without the lock. */
void ram_chunk_release(void *chunk);
/* DISK_FULL and INSUFFICIENT_RESOURCES leave the content and the size as they were. */
smbkit_status ram_data_write(struct ram_space *s, struct ram_data *d, uint64_t offset,
                             const void *src, uint32_t length);
smbkit_status ram_data_resize(struct ram_space *s, struct ram_data *d, uint64_t size);
smbkit_status ram_data_reserve(struct ram_space *s, struct ram_data *d, uint64_t bytes);
smbkit_status ram_data_zero(struct ram_space *s, struct ram_data *d, uint64_t offset,
                            uint64_t length);
/* Makes [to, to + length) of `d` what [from, from + length) of `src` is. Whole chunks are shared
   until one of the two is written. Grows the file; a failure leaves a part of it done. */
smbkit_status ram_data_clone(struct ram_space *s, struct ram_data *d, uint64_t to,
                             const struct ram_data *src, uint64_t from, uint64_t length);
/* The first stretch with data at or after `from`, not clipped to the size. False: none. */
bool ram_data_range(const struct ram_data *d, uint64_t from, uint64_t *start, uint64_t *end);

/* --- dir.c: names in folders --- */

struct ram_node;
struct ram_dir;

struct ram_entry {
    struct ram_node *node;
    struct ram_dir *dir;    /* the folder it is in; NULL: the name is gone */
    struct ram_entry *next; /* in its hash bucket */
    uint64_t hash;
    uint64_t seq;     /* its place in listings, and the cookie to go on after it */
    uint32_t handles; /* that came by this entry */
    uint16_t name_len;
    uint16_t inline_cap; /* bytes in inline_name without the NUL */
    char *name;          /* inline_name, or a block of its own after a rename to a longer one */
    char inline_name[];
};

struct ram_slot {
    uint64_t seq;
    struct ram_entry *entry; /* NULL: removed */
};

/* Two indexes over the same entries: a hash table by name, and an array by seq. Entries only ever
   join at the end with the next seq, so the array is sorted and a cookie is found by bisection; a
   removed one leaves a gap, and gaps are closed when they outnumber the entries. */
struct ram_dir {
    struct ram_entry *self;     /* the folder's own name; NULL: the root */
    struct ram_entry **buckets; /* a power of two */
    size_t bucket_count;
    struct ram_slot *slots;
    size_t slot_first, slot_count, slot_cap; /* no entry before slot_first */
    size_t count;
    uint64_t last_seq;
};

/* Not in a folder yet. NULL: memory is out. */
struct ram_entry *ram_entry_new(struct ram_node *node, const char *name, size_t len);
void ram_entry_free(struct ram_entry *e);
struct ram_entry *ram_dir_find(const struct ram_dir *d, const char *name, size_t len);
/* Makes sure that the next insert has room. False: memory is out. */
bool ram_dir_reserve(struct ram_dir *d);
void ram_dir_insert(struct ram_dir *d, struct ram_entry *e);
void ram_dir_remove(struct ram_entry *e);
/* Gives the entry a new name where it is. `block` (from smbkit_alloc, with room for the name) is
   needed when len > inline_cap and then belongs to the entry. */
void ram_entry_rename(struct ram_entry *e, char *block, const char *name, size_t len);
/* The first entry behind `seq`; NULL: none. */
struct ram_entry *ram_dir_next(const struct ram_dir *d, uint64_t seq);
/* Frees the indexes; the entries are the caller's. */
void ram_dir_free(struct ram_dir *d);

/* --- nodes --- */

/* Bytes that are kept as they came: descriptors, attributes, reparse data. Files that were given
   the same descriptor one after the other share it. */
struct ram_blob {
    uint32_t refs;
    uint32_t len;
    uint8_t data[];
};

struct ram_stream {
    struct ram_stream *next; /* of its node */
    struct ram_data data;
    uint32_t handles;
    bool gone; /* not listed any more */
    bool compressed;
    size_t name_len;
    char *name; /* a block of its own */
};

struct ram_node {
    uint64_t id;
    uint64_t create_time, access_time, write_time, change_time;
    uint32_t attributes; /* without NORMAL */
    uint32_t links;
    uint32_t handles;
    bool folder; /* never changes: may be read without the lock */
    union {
        struct ram_data data; /* files */
        struct ram_dir *dir;  /* folders */
    };
    struct ram_stream *streams;
    struct ram_quota *payer; /* the owner of its descriptor; NULL: it has none */
    /* references; NULL: none */
    struct ram_blob *sd, *eas, *reparse;
};

static inline bool ram_is_dir(const struct ram_node *n)
{
    return n->folder;
}

struct ram_volume {
    pthread_mutex_t lock;
    struct ram_space space;
    struct ram_quotas quotas;
    struct ram_node *root;
    uint64_t last_id;
    uint64_t create_time;
    uint32_t serial;
    struct ram_blob *last_sd; /* a reference: the one to be shared */
};

struct ram_handle {
    struct ram_node *node;
    struct ram_entry *entry;   /* NULL: the root */
    struct ram_stream *stream; /* NULL: the file itself */
};

/* What names, nodes and streams are charged with: their blocks, and about what the indexes and the
   allocator add to each. */
#define RAM_INDEX_COST 64

/* What the handle reads and writes; NULL: a folder. */
static inline struct ram_data *ram_handle_data(struct ram_handle *h)
{
    if (h->stream != NULL)
        return &h->stream->data;
    return h->node->folder ? NULL : &h->node->data;
}

/* --- node.c (with the lock held, but for the callbacks) --- */

/* What the volume is charged with. */
uint64_t ram_entry_cost(size_t name_len);
uint64_t ram_node_cost(bool folder);
/* Neither charged nor linked. NULL: memory is out. */
struct ram_node *ram_node_new(struct ram_volume *v, uint32_t attributes, uint64_t now);
/* Frees the node when nothing leads to it any more. */
void ram_node_settle(struct ram_volume *v, struct ram_node *n);
/* The same for an entry; may be NULL. */
void ram_entry_settle(struct ram_volume *v, struct ram_entry *e);
/* Takes a name away from its folder; node and entry live on as long as handles need them. */
void ram_unlink(struct ram_volume *v, struct ram_entry *e, uint64_t now);
struct ram_node *ram_dir_node(const struct ram_volume *v, const struct ram_dir *d);
/* Notes that a folder's children changed. */
void ram_touch_dir(struct ram_volume *v, const struct ram_dir *d, uint64_t now);
/* Notes that a file's content changed ([MS-FSA] 2.1.4.17). */
void ram_touch_file(struct ram_node *n, uint64_t now);
/* As the handle of `s` sees it; of the node itself with NULL. */
void ram_fill_attr(const struct ram_node *n, const struct ram_stream *s, struct smbkit_attr *a);
/* Unlocks and answers with the status, or with fresh attributes. */
void ram_finish(struct smbkit_op *op, struct ram_volume *v, const struct ram_handle *h,
                smbkit_status status);

void ram_getattr(struct smbkit_op *op, void *vol, void *file);
void ram_setattr(struct smbkit_op *op, void *vol, void *file, const struct smbkit_attr *a,
                 uint32_t which);

/* --- path.c (with the lock held) --- */

/* Where a walk was stopped by a reparse point. */
struct ram_stop {
    struct ram_blob *data; /* NULL: it was not; borrowed */
    size_t at;             /* bytes of the path that name it */
};

/* The folder that the last component of `path` lies in, and that component. NULL: an earlier one is
   missing, not a folder, or leads away (*stop says so; may be NULL). */
struct ram_dir *ram_find_parent(const struct ram_volume *v, const char *path, const char **base,
                                struct ram_stop *stop);
/* Finds what `path` names. */
smbkit_status ram_find(const struct ram_volume *v, const char *path, struct ram_node **node,
                       struct ram_entry **entry, struct ram_stop *stop);
/* The path of an entry as it is spelled, for the answer of open: NULL with SUCCESS when `asked` is
   spelled so already. */
smbkit_status ram_true_path(const struct ram_entry *e, const char *asked, char **path);

/* --- open.c --- */

void ram_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args);
void ram_create(struct smbkit_op *op, void *vol, const struct smbkit_create_args *args);
void ram_can_delete(struct smbkit_op *op, void *vol, void *file);
void ram_cleanup(struct smbkit_op *op, void *vol, void *file, uint32_t flags);
void ram_close(void *vol, void *file);
void ram_path_sd(struct smbkit_op *op, void *vol, const char *path);

/* --- io.c --- */

void ram_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint32_t length);
void ram_write(struct smbkit_op *op, void *vol, void *file, uint64_t offset, const void *data,
               uint32_t length);
void ram_set_size(struct smbkit_op *op, void *vol, void *file, uint64_t size);
void ram_set_alloc(struct smbkit_op *op, void *vol, void *file, uint64_t size);
void ram_zero_range(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint64_t length);
void ram_copy_range(struct smbkit_op *op, void *vol, void *file,
                    const struct smbkit_copy_args *args);
void ram_overwrite(struct smbkit_op *op, void *vol, void *file);
void ram_allocated_ranges(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                          uint64_t length);

/* --- name.c --- */

void ram_readdir(struct smbkit_op *op, void *vol, void *dir,
                 const struct smbkit_readdir_args *args);
void ram_rename(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags);
void ram_link(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags);

/* --- quota.c (with the lock held, but for the callbacks) --- */

/* Who pays for what has this descriptor: NULL with SUCCESS when nobody does. */
smbkit_status ram_payer_of(struct ram_volume *v, const void *sd, size_t len,
                           struct ram_quota **payer);
/* The node, whose data are charged to nobody or to another one so far, is his. DISK_FULL: he has no
   room for them. */
smbkit_status ram_payer_set(struct ram_volume *v, struct ram_node *n, struct ram_quota *payer);
/* Forgets one whom ram_payer_of has made when nothing needs him. */
void ram_payer_settle(struct ram_volume *v, struct ram_quota *payer);
void ram_quotas_free(struct ram_volume *v);
/* What the limit of this user leaves of the volume. */
void ram_quota_statfs(const struct ram_volume *v, const void *sid, size_t len,
                      struct smbkit_statfs *st);

void ram_quotas(struct smbkit_op *op, void *vol, const struct smbkit_quotas_args *args);
void ram_set_quota(struct smbkit_op *op, void *vol, const struct smbkit_quota *quota);
void ram_quota_control(struct smbkit_op *op, void *vol);
void ram_set_quota_control(struct smbkit_op *op, void *vol,
                           const struct smbkit_quota_control *control);

/* --- stream.c (with the lock held) --- */

struct ram_stream *ram_stream_find(const struct ram_node *n, const char *name, size_t len);
smbkit_status ram_stream_make(struct ram_volume *v, struct ram_node *n, const char *name,
                              uint64_t alloc, struct ram_stream **made);
/* Takes it from its node. */
void ram_stream_remove(struct ram_volume *v, struct ram_node *n, struct ram_stream *s);
void ram_streams_remove(struct ram_volume *v, struct ram_node *n);
/* Frees it when nothing leads to it any more. */
void ram_stream_settle(struct ram_volume *v, struct ram_stream *s);

void ram_list_streams(struct smbkit_op *op, void *vol, void *file);
void ram_rename_stream(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags);

/* --- meta.c --- */

/* Puts a copy of the bytes (none with len 0) in the place of *slot. DISK_FULL and
   INSUFFICIENT_RESOURCES leave it as it was. */
smbkit_status ram_blob_set(struct ram_volume *v, struct ram_blob **slot, const void *data,
                           size_t len);
/* The same for a descriptor, which may be shared. */
smbkit_status ram_sd_set(struct ram_volume *v, struct ram_blob **slot, const void *sd, size_t len);
void ram_blob_drop(struct ram_volume *v, struct ram_blob **slot);
/* EaSize of [MS-FSCC] 2.4.13. */
uint32_t ram_ea_size(const struct ram_node *n);
uint32_t ram_reparse_tag(const struct ram_node *n);

void ram_get_eas(struct smbkit_op *op, void *vol, void *file);
void ram_set_eas(struct smbkit_op *op, void *vol, void *file, const struct smbkit_ea *eas,
                 size_t count);
void ram_get_sd(struct smbkit_op *op, void *vol, void *file);
void ram_set_sd(struct smbkit_op *op, void *vol, void *file, const void *sd, size_t len);
void ram_set_sparse(struct smbkit_op *op, void *vol, void *file, bool sparse);
void ram_set_compression(struct smbkit_op *op, void *vol, void *file, bool on);
void ram_get_reparse(struct smbkit_op *op, void *vol, void *file);
void ram_set_reparse(struct smbkit_op *op, void *vol, void *file, const void *data, size_t len);
/* Unlocks, and answers with the bytes, or with the status when there are none. */
void ram_reply_blob(struct smbkit_op *op, struct ram_volume *v, struct ram_blob *b,
                    smbkit_status none);

#endif
