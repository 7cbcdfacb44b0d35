// SPDX-License-Identifier: Apache-2.0
/*
 * Opens ([MS-SMB2] 3.3.1.10) and their end.
 *
 *   MAKING --open_publish--> LIVE --open_shut--> DRAINING --no other user--> CLEANUP
 *      '-----open_abort--------------------------------------------------------^ |
 *                                                  SHUT <-- CLOSING <------------'
 *   LIVE --the client is lost--> KEPT --it is back--> LIVE    (durable.h)
 *
 * DRAINING: out of the session's table, so nobody new; parked requests have been completed; running
 * ones finish first. CLEANUP and CLOSING: the plugin is being told, one call at a time. SHUT: only
 * the memory is left, until the last user gives it back.
 *
 * `users` counts requests that work on the open, plus short holds of functions in open.c. An open
 * is freed when it is shut and unused.
 */
#ifndef CORE_OPEN_H
#define CORE_OPEN_H

#include "base/htab.h"
#include "base/list.h"
#include "core/durable.h"
#include "core/sequence.h"
#include "core/times.h"
#include "lease/lockseq.h"
#include "lease/node.h"
#include "vfs/vfs.h"

struct core;
struct core_pipe;
struct core_request;
struct core_session;
struct core_tree;
struct core_watch;

#define CORE_OPEN_MAGIC 0x534b4f50u

enum core_open_state {
    OPEN_MAKING,   /* a CREATE is at work on it; in no table */
    OPEN_LIVE,     /* in the session's table */
    OPEN_KEPT,     /* durable.c: its client has gone and may come back; no session, no tree */
    OPEN_DRAINING, /* out of the table; waits until no other request uses it */
    OPEN_CLEANUP,  /* the plugin's cleanup is running: locks are gone, the name is being deleted */
    OPEN_CLOSING,  /* the plugin's close is running */
    OPEN_SHUT,     /* the plugin has forgotten it; freed with its last user */
};

/* A listing in progress ([MS-SMB2] 3.3.5.18): where it stands and what it looks for. */
struct core_enumeration {
    bool started;
    bool end;       /* the plugin has nothing after `cookie` */
    bool any_found; /* decides between NO_SUCH_FILE and NO_MORE_FILES */
    unsigned dots;  /* of "." and "..": how many have been given, or skipped */
    size_t links;   /* likewise, of the share's DFS links */
    char *pattern;  /* mem.h */
    size_t pattern_len;
    uint64_t cookie;             /* the last entry given to the client, or skipped */
    struct core_request *lister; /* the QUERY_DIRECTORY at work; others wait in `queue` */
    struct list queue;
    unsigned queued;
};

/* Open.AppInstanceId and its version (create_app.c). */
struct core_app_instance {
    struct guid id, client;
    bool versioned;
    uint64_t version_high, version_low;
};

struct core_open {
    uint32_t magic;
    enum core_open_state state;
    unsigned users;
    struct core *core;
    struct core_session *session; /* a reference */
    struct core_tree *tree;       /* a reference */
    struct vfs_volume *volume;    /* a reference; NULL: a pipe */
    struct htab_node by_id;
    uint64_t volatile_id, persistent_id;
    struct core_pipe *pipe; /* pipe.h; NULL: a file */
    void *file;             /* the plugin's */
    bool has_file;          /* the plugin has opened it and must close it */
    bool aborted;           /* by open_abort */
    bool remove;            /* cleanup removes the name */
    bool remove_file;       /* ... of the file, though this is a stream's open */
    char *path;             /* mem.h: UTF-8, as in smbkit/vfs.h; true spelling */
    char *stream;           /* mem.h or NULL */
    uint64_t file_id;
    bool is_directory;
    bool is_quota_index;   /* quota.h; no file of the plugin's */
    uint64_t quota_cookie; /* ... Open.CurrentQuotaIndex: behind the last one listed */
    bool by_short_name;    /* opened by it */
    bool delete_on_close;
    bool ordered;           /* to be shut (orders.h) */
    uint32_t access;        /* GrantedAccess */
    uint32_t create_action; /* for a replay of the CREATE */
    uint32_t create_options;
    uint32_t mode;     /* FileModeInformation */
    uint64_t position; /* FilePositionInformation: behind the last read or write */
    struct core_times times;
    size_t next_ea; /* Open.NextEaEntry of [MS-FSA] */
    struct lease_open lease;
    struct lease_lockseq lockseq;
    struct core_enumeration listing;
    struct core_watch *watch; /* notify.c */
    struct guid parent_key;   /* the lease key of its folder, when has_parent_key */
    bool has_parent_key;
    uint32_t untold;     /* FILE_NOTIFY_CHANGE_*: what watchers hear of when it is closed */
    bool touched;        /* its folder's leases must hear of a change when it is closed */
    struct list resumed; /* lease_break_wait.link: go on when the name has been removed */

    struct core_durable durable;
    struct core_sequence sequence;
    struct core_app_instance *app; /* mem.h; NULL: none */
    struct list removing;        /* core_removals.active, during a cleanup that removes the name */
    struct vfs_op op;            /* for shutting */
    struct timer stuck;          /* runs while `op` does */
    struct core_request *closer; /* the CLOSE that waits for it, or NULL */
    struct list waiters;         /* core_request.in_open: parked requests that the end of this
                                    open must complete */
};

static inline const struct guid *open_parent_key(const struct core_open *o)
{
    return o->has_parent_key ? &o->parent_key : NULL;
}

/* An open for a CREATE to fill: state MAKING, users 1 (the request's), references on tree and
   volume taken. NULL when memory or the session's limit is reached. */
NODISCARD struct core_open *open_new(struct core_tree *tree, struct vfs_volume *volume);
/* MAKING to LIVE: from now on its file id finds it. False: memory is out. */
NODISCARD bool open_publish(struct core_open *o);
/* The CREATE has failed: MAKING to SHUT by way of the plugin, without a trace; `remove` deletes the
   name, which this CREATE had made. The use of the caller is given back. */
void open_abort(struct core_open *o, bool remove);
/* By both halves of the file id; a user reference (give back with open_release) or NULL. */
struct core_open *open_find(struct core_session *s, uint64_t persistent_id, uint64_t volatile_id);
struct core_open *open_use(struct core_open *o);
void open_release(struct core_open *o);
/* Begins to shut the open: out of the table, waiters completed, then cleanup and close when the
   last other user is gone. `closer`, when not NULL, holds one use and is resumed when all is done
   (it parks); true when everything was done at once. */
bool open_shut(struct core_open *o, struct core_request *closer);
/* What is open is another file or stream than it was: from now on the engine finds the open by that
   key. What is cached of the old one is broken; locks go. Without memory all stays as it is; where
   others who have the new one open do not share, the open counts no more (open_lease.c). */
void open_move_lease(struct core_open *o, const struct lease_key *key);
/* Calls `each` for every open that is live or kept, until it says false (open_walk.c). */
void open_walk(struct core *c, bool (*each)(struct core_open *o, void *arg), void *arg);
/* Requests parked on this open end with what their command answers then. */
void open_complete_waiters(struct core_open *o);

#endif
