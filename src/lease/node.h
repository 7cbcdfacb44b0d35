// SPDX-License-Identifier: Apache-2.0
/*
 * The state that the opens of one file share: share modes and delete-pending here, byte-range locks
 * in lease/lock.h, oplocks and leases in lease/oplock.h. This is the volatile half of
 * [MS-FSA] 2.1.1.3 to 2.1.1.7.
 *
 *   lease_table --hash--> lease_node  one per stream: opens, share counts, locks, Stream.IsDeleted
 *                          |  base -> the node of the unnamed stream (or of the directory), which
 *                          |          stands for the whole file: share counts of all streams, links
 *                          +- lease_link  one per name through which the file is open:
 * Link.IsDeleted lease_open (inside core's open object) --> node, link
 *
 * States of an open:
 *
 *     detached --lease_open_attach--> attached --lease_open_detach--> detached
 *
 * States of a link ([MS-FSA] 2.1.1.4; a stream that is named has the first two as well):
 *
 *     live <--lease_set_disposition / detach of a delete-on-close open--> delete pending
 *     delete pending --last detach, or any detach with POSIX semantics--> gone
 *
 * In "delete pending" new opens get STATUS_DELETE_PENDING. The step to "gone" is the action
 * delete_link or delete_stream: the caller of that detach, and nobody else, removes the name.
 * A link lives as long as it has opens; so a name that was removed while POSIX semantics left other
 * opens stays "gone" for these and never matches a new open.
 *
 * Counts. node->refs: one per attached open, per lease_node_get / _find / _ref not yet given back,
 * and, on a base node, one per other stream's node. link->opens: attached opens through this name.
 *
 * Invariants:
 *   - share counts of a node equal the sums over its attached opens that count (see lease_share);
 *     file_deny_delete of a base node is the sum of deny_delete over all streams of the file;
 *   - no lock and no waiting lock belongs to a detached open;
 *   - no waiting lock could be granted (lease/lock.h);
 *   - no oplock or lease belongs to a detached open (lease/oplock.h).
 *
 * Threads: none of its own and no lock. One mutex of the caller guards one table with everything in
 * it. A server with several loops makes several tables and picks one by volume and file id, never
 * by stream; no function looks at two tables. That mutex is a leaf: under it nothing is called but
 * this module and the allocator.
 *
 * Time and the wire: none. What needs the time takes `now` as an argument.
 */
#ifndef LEASE_NODE_H
#define LEASE_NODE_H

#include "base/guid.h"
#include "base/htab.h"
#include "lease/action.h"
#include "lease/grant.h"
#include "lease/locktree.h"

#include <smbkit/status.h>

/* Longest stream name in bytes: 255 UTF-16 units as UTF-8 are at most 765. */
#define LEASE_STREAM_NAME_MAX 1024

/* Access rights that take part in sharing ([MS-SMB2] 2.2.13.1.1), and the share bits. */
enum lease_access {
    LEASE_FILE_READ_DATA = 0x00000001,
    LEASE_FILE_WRITE_DATA = 0x00000002,
    LEASE_FILE_APPEND_DATA = 0x00000004,
    LEASE_FILE_EXECUTE = 0x00000020,
    LEASE_FILE_WRITE_ATTRIBUTES = 0x00000100,
    LEASE_DELETE = 0x00010000,
};

enum lease_share_bit {
    LEASE_SHARE_READ = 0x1,
    LEASE_SHARE_WRITE = 0x2,
    LEASE_SHARE_DELETE = 0x4,
};

/* Each limit counts attached state and is what stops the flood named beside it. */
struct lease_limits {
    uint32_t locks_per_open; /* lock flood: one handle filling memory with ranges */
    uint32_t waits_per_node; /* each unlock looks at all waits of the file */
    uint64_t break_timeout;  /* ns until a break counts as acknowledged: a client that never does */
};

#define LEASE_LIMITS_DEFAULT \
    ((struct lease_limits){  \
        .locks_per_open = 65536, .waits_per_node = 1024, .break_timeout = 35000000000u})

struct lease_table {
    uint32_t magic;
    struct htab nodes;
    struct htab leases;   /* lease_grant.in_table: GlobalLeaseTableList, with LeaseList inside */
    struct htab links;    /* lease_link.in_table: files by the names that they are open by */
    struct list breaking; /* lease_grant.in_breaking */
    struct lease_limits limits;
};

/* What identifies a stream. `stream` is the name in whatever form compares equal byte by byte when
   the file system calls two names equal (upcased where case does not matter); empty for the unnamed
   stream and for directories. */
struct lease_key {
    uint64_t volume;
    uint64_t file;
    const void *stream;
    size_t stream_len;
};

/* Opens counted by what they do and by what they deny others. With these sums the sharing check of
   [MS-FSA] 2.1.5.1.2.2 costs the same for ten opens and for ten thousand. Only opens with at least
   one of READ_DATA, EXECUTE, WRITE_DATA, APPEND_DATA, DELETE count: "stat opens" conflict with
   nobody. */
struct lease_share {
    uint32_t reading, writing, deleting;
    uint32_t deny_read, deny_write, deny_delete;
};

struct lease_link {
    struct list in_base;
    struct htab_node in_table; /* by volume and id */
    struct lease_node *base;
    uint64_t id;
    uint32_t opens;
    bool delete_pending;
    bool has_deleter_parent;
    struct guid deleter_parent; /* ParentLeaseKey of the open that has marked it */
    bool posix;                 /* Link.DeleteUsingPosixSemantics */
    bool gone;
};

struct lease_node {
    uint32_t magic;
    uint32_t refs;
    struct lease_table *table;
    struct htab_node in_table;
    struct lease_node *base; /* itself for the unnamed stream; holds a reference otherwise */
    struct list opens;
    struct lease_share share;
    bool directory;
    bool delete_pending; /* Stream.IsDeleted; named streams only */

    struct list in_base; /* base->streams */

    /* base nodes only */
    struct list streams; /* the named ones, lease_node.in_base */
    struct list links;
    uint32_t file_deny_delete;

    /* lease/lock.h */
    struct lease_locktree exclusive, shared;
    struct list waits;
    uint32_t wait_count;
    uint64_t next_owner;

    /* lease/oplock.h */
    struct list grants;      /* lease_grant.in_node */
    struct list break_waits; /* lease_break_wait.link */

    uint64_t volume, file;
    size_t stream_len;
    uint8_t *stream; /* NULL for the unnamed one */
};

/* What the caller says about an open. */
struct lease_open_args {
    uint32_t access;       /* granted; generic rights are mapped by now */
    uint32_t extra_access; /* needed by the open itself but not granted: WRITE_DATA for overwrite,
                              DELETE for supersede ([MS-FSA] 2.1.5.1.2) */
    uint32_t share; /* LEASE_SHARE_*; after the changes that depend on security descriptors */
    uint64_t link;  /* which name of the file: a hash of parent id and folded name, or always
                       0 where files have one name */
    bool delete_on_close;
};

/* Embedded in core's open object. All fields belong to the engine. */
struct lease_open {
    uint32_t magic;
    struct lease_node *node; /* holds a reference while attached */
    struct lease_link *link;
    struct list in_node;
    struct lease_open_args args;
    uint64_t lock_owner; /* distinct among the opens of a node */
    struct list locks;   /* struct lease_lock.in_open */
    struct list waits;   /* struct lease_lock_wait.in_open */
    uint32_t lock_count; /* Open.LockCount ([MS-SMB2] 3.3.1.10) */
    uint32_t null_locks; /* of these, locks of the range {0, 0} */
    struct lease_grant oplock;
    struct lease_grant *grant; /* &oplock, or the lease that it shares, or NULL */
    struct list in_grant;      /* lease_grant.opens */
};

void lease_table_init(struct lease_table *t, const struct lease_limits *limits);
/* Every node must be gone. */
void lease_table_free(struct lease_table *t);

/* Looked up, or made when it is new; the caller owns one reference. `directory` counts only for a
   new one. NULL: memory is out, or the stream name is longer than LEASE_STREAM_NAME_MAX. */
NODISCARD struct lease_node *lease_node_get(struct lease_table *t, const struct lease_key *key,
                                            bool directory);
/* With one reference, or NULL when nobody has this stream open or waits for it. */
NODISCARD struct lease_node *lease_node_find(struct lease_table *t, const struct lease_key *key);
/* The same for the unnamed stream of what is open by that name. */
NODISCARD struct lease_node *lease_node_named(struct lease_table *t, uint64_t volume,
                                              uint64_t link);
void lease_node_ref(struct lease_node *n);
/* The last one frees the node. */
void lease_node_unref(struct lease_node *n);
/* Whether new opens of the stream through this name get DELETE_PENDING. */
bool lease_node_delete_pending(const struct lease_node *n, uint64_t link);

/* The sharing check between streams ([MS-FSA] 2.1.5.1.2.2) and, since deleting the unnamed stream
   deletes the file, between the file's streams (second half of 2.1.5.1.2.1).
   SUCCESS or SHARING_VIOLATION. */
NODISCARD smbkit_status lease_share_check(const struct lease_node *n, uint32_t access,
                                          uint32_t share);
/* DELETE_PENDING, else what lease_share_check says. Changes nothing. */
NODISCARD smbkit_status lease_open_check(const struct lease_node *n,
                                         const struct lease_open_args *args);

void lease_open_init(struct lease_open *o);
/* Checks as lease_open_check, and on success makes the open count. Do it before the file is changed
   (truncated, created) and take it back with lease_open_undo when that fails, so that there is no
   moment between check and claim. INSUFFICIENT_RESOURCES when memory is out. */
NODISCARD smbkit_status lease_open_attach(struct lease_node *n, struct lease_open *o,
                                          const struct lease_open_args *args);
/* Ends an attached open at cleanup ([MS-FSA] 2.1.5.5): its locks and waits go, what thereby becomes
   possible or due is in `actions`. `may_delete` is false when the caller knows that delete-on-close
   cannot work here (a directory with children; phase 1); it does not matter otherwise. */
void lease_open_detach(struct lease_open *o, bool may_delete, struct lease_actions *actions);
/* Takes back an attach as if the open had never been: no delete-on-close. A deletion that became
   due because of this open (the others left while it was being made) is still in `actions`. */
void lease_open_undo(struct lease_open *o, struct lease_actions *actions);
static inline bool lease_open_attached(const struct lease_open *o)
{
    return o->node != NULL;
}
/* DeletePending of FileStandardInformation ([MS-FSCC] 2.4.47); true also after the name has gone.
 */
bool lease_open_delete_pending(const struct lease_open *o);

/* FileDispositionInformation and -Ex ([MS-FSA] 2.1.5.15.3, 2.1.5.15.4). */
struct lease_disposition {
    bool delete_file;
    bool posix;               /* FILE_DISPOSITION_POSIX_SEMANTICS */
    bool ignore_readonly;     /* FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE */
    bool on_close;            /* FILE_DISPOSITION_ON_CLOSE */
    bool readonly;            /* the file has FILE_ATTRIBUTE_READONLY */
    bool directory_not_empty; /* it is a directory that has children */
};
NODISCARD smbkit_status lease_set_disposition(struct lease_open *o,
                                              const struct lease_disposition *d);
/* The name that the open goes through has been changed: `link` is what new opens of the new name
   will say. All opens through the old name go with it. */
void lease_open_renamed(struct lease_open *o, uint64_t link);
/* The same for a named stream: all its opens, with what they have locked and may cache, are found
   by the new name in `key`, that of another named stream of the file. False: memory is out or
   somebody has a stream of that name open; nothing has changed. */
NODISCARD bool lease_stream_renamed(struct lease_node *n, const struct lease_key *key);
/* The key of lease_table.links. */
uint64_t lease_link_hash(uint64_t volume, uint64_t id);

#endif
