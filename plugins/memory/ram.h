// SPDX-License-Identifier: Apache-2.0
/*
 * The inside of the memory plugin.
 *
 *   volume --root--> node (folder) --dir--> entries --node--> node (file) --data--> chunks
 *
 * A node is a file or folder; an entry is a name of it in a folder; a handle is an open of a node
 * by an entry. A node lives while it has names (links) or handles; an entry while it is in a folder
 * or a handle came by it. Everything is guarded by the volume's lock, which is held for short
 * copies and lookups only, with one exception: chunks that a reply still sends (see data.c).
 */
#ifndef PLUGINS_MEMORY_RAM_H
#define PLUGINS_MEMORY_RAM_H

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

/* --- data.c: the bytes of one file --- */

#define RAM_CHUNK         65536u
#define RAM_FILE_SIZE_MAX ((uint64_t)INT64_MAX)

struct ram_chunk;

/* A tree of tables with chunks as leaves; a hole is a NULL anywhere. Invariant: every byte of a
   chunk behind `size` is zero, so that growing needs no clearing. */
struct ram_data {
    uint64_t size;
    uint64_t alloc;    /* bytes in chunks */
    uint64_t reserved; /* what set_alloc asked for; charged as far as it is more than alloc */
    void *root;        /* a chunk (height 0) or a table */
    unsigned height;
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
};

static inline bool ram_is_dir(const struct ram_node *n)
{
    return n->folder;
}

#endif
