// SPDX-License-Identifier: Apache-2.0
/*
 * The core's own objects and the contract between its files.
 *
 *   core --+-- shares
 *          +-- sessions (GlobalSessionTable)
 *          +-- lease table (share modes, locks), watches
 *          +-- conns --+-- channels --> session        (Connection.SessionTable)
 *                      +-- batches --+-- requests --> session, tree, open
 *          session --+-- trees --> share, volume
 *                    +-- opens --> tree, volume, lease node
 *
 * What keeps what alive (the only reference counts):
 *   conn     1 for the transport, 1 per batch, 1 per channel
 *   channel  1 for the conn's table, 1 per request that came through it
 *   session  1 for the global table, 1 per channel, tree, open and request
 *   share    1 for the core's table, 1 per tree
 *   tree     1 for the session's table, 1 per open and request
 *   open     `users`: one per request that works on it; freed when shut and unused
 *
 * Every lookup returns a reference or nothing. Teardown is a state: an object leaves its table
 * first (no new users), its parked requests are cancelled, what runs is waited for, then it is
 * freed.
 *
 * A request is answered exactly once, by request_finish in request.c, whoever gets there first:
 * its own steps, a cancel, the end of its open or of its connection.
 *
 * Threads: everything belongs to the core's loop; there are no locks here.
 */
#ifndef CORE_CORE_INT_H
#define CORE_CORE_INT_H

#include "acl/acl.h"
#include "auth/throttle.h"
#include "base/arena.h"
#include "base/builder.h"
#include "base/checked.h"
#include "base/cursor.h"
#include "base/htab.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/ntime.h"
#include "base/utf.h"
#include "core/core.h"
#include "crypto/kdf.h"
#include "crypto/nonce.h"
#include "crypto/preauth.h"
#include "crypto/seal.h"
#include "crypto/sign.h"
#include "lease/lock.h"
#include "lease/lockseq.h"
#include "lease/node.h"
#include "lease/oplock.h"
#include "vfs/name.h"
#include "vfs/vfs.h"
#include "wire/hdr.h"
#include "wire/notify_rec.h"
#include "wire/smb2.h"
#include "wire/wire.h"
#include <string.h>

#define CORE_MAGIC         0x534b4352u
#define CORE_CONN_MAGIC    0x534b434eu
#define CORE_CHANNEL_MAGIC 0x534b4348u
#define CORE_SESSION_MAGIC 0x534b5345u
#define CORE_TREE_MAGIC    0x534b5452u
#define CORE_SHARE_MAGIC   0x534b5348u
#define CORE_OPEN_MAGIC    0x534b4f50u
#define CORE_REQUEST_MAGIC 0x534b5251u
#define CORE_BATCH_MAGIC   0x534b4254u

#define CORE_ARENA_MAX (32u << 20) /* of one compound: replies of several large queries */

struct core_batch;
struct core_request;
struct core_tree;

/* ---------------------------------------------------------------- core */

/* Names that the plugin is removing, and those it has removed lately (removal.c). */
#define CORE_REMOVALS_RECENT 64

struct core_removal {
    uint64_t volume, file, link;
};

struct core_removals {
    struct list active; /* core_open.removing */
    uint64_t count;     /* removed so far */
    struct core_removal recent[CORE_REMOVALS_RECENT];
};

struct core {
    uint32_t magic;
    struct core_config config;
    struct core_host host;
    uint64_t now;      /* monotonic ns */
    uint64_t filetime; /* 100 ns since 1601 */
    uint64_t start_filetime;
    struct timerq timers;
    struct list conns;    /* core_conn.link */
    struct htab sessions; /* core_session.by_id */
    struct htab
        kept; /* core_open.by_id, keyed by the persistent id: durable opens without a session */
    struct htab guids;  /* core_durable.by_guid */
    struct list shares; /* core_share.link */
    struct lease_table leases;
    struct timer break_timer;   /* the next overdue acknowledgment */
    struct lease_actions later; /* to be carried out from the loop (oplock.c) */
    struct timer later_timer;
    struct core_removals removals;
    struct list watches; /* core_watch.link: folders with a CHANGE_NOTIFY */
    struct auth_throttle *throttle;
    uint64_t next_open_id; /* persistent half of a file id: never reused */
    struct core_stats stats;
};

/* ---------------------------------------------------------------- credits (credits.c) */

/* Connection.CommandSequenceWindow ([MS-SMB2] 3.3.1.1): message ids [low, high), of which those
   with a bit in `used` have been received. The span is bounded by CREDITS_WINDOW. */
#define CREDITS_WINDOW 16384u

struct core_credits {
    uint64_t low, high;
    uint32_t available; /* unused ids in the window: the credits the client holds */
    uint64_t used[CREDITS_WINDOW / 64];
};

void credits_init(struct core_credits *c);
/* Takes `charge` (at least 1) consecutive ids from `message_id` on; false: not in the window. */
NODISCARD bool credits_consume(struct core_credits *c, uint64_t message_id, uint16_t charge);
/* How many to grant for a reply to a request that asked for `asked` (the window grows by it):
   never leaves the client with none, never above `max`. */
uint16_t credits_grant(struct core_credits *c, uint16_t asked, uint32_t max);

/* ---------------------------------------------------------------- connection (conn.c) */

enum core_conn_state {
    CONN_NEW,      /* NegotiateDialect 0xFFFF */
    CONN_WILDCARD, /* 0x02FF was answered to an SMB1 NEGOTIATE */
    CONN_NEGOTIATED,
    CONN_CLOSING, /* the host was told to close; nothing is processed any more */
    CONN_LOST,    /* the transport is gone */
};

struct core_conn {
    uint32_t magic;
    unsigned refs;
    struct core *core;
    void *transport;
    struct core_peer peer;
    struct auth_source source; /* of the peer's address: who is slowed down for wrong passwords */
    struct list link;
    enum core_conn_state state;
    struct core_credits credits;
    struct list batches;  /* core_batch.link: everything in work */
    struct htab channels; /* core_channel.by_session: Connection.SessionTable */
    size_t channel_count;
    struct timer auth_timer; /* until the first session is valid */
    uint64_t buffered;       /* bytes of frames in work */
    uint32_t async_count;
    uint64_t next_async_id;
    bool paused;

    /* negotiated, [MS-SMB2] 3.3.1.7; per connection, never a shared table */
    uint16_t dialect;
    uint16_t client_security_mode;
    uint32_t client_capabilities;
    uint32_t server_capabilities;
    struct guid client_guid;
    uint16_t *client_dialects; /* for VALIDATE_NEGOTIATE_INFO */
    size_t client_dialect_count;
    uint32_t max_transact; /* = MaxRead = MaxWrite */
    bool multi_credit;     /* SupportsMultiCredit */
    enum crypto_cipher cipher;
    enum crypto_sign_alg signing; /* SigningAlgorithmId */
    bool signing_required;        /* Connection.ShouldSign: the client asked for it */
    struct crypto_preauth preauth;
};

void conn_unref(struct core_conn *conn);
struct core_conn *conn_ref(struct core_conn *conn);
/* Something that the specification answers by disconnecting. Nothing more is read or sent. */
void conn_refuse(struct core_conn *conn, const char *why);
bool conn_alive(const struct core_conn *conn);
/* Accounts for a frame in work and pauses or resumes reading. */
void conn_account(struct core_conn *conn, int64_t bytes);
/* Passes a message to the host; takes over the chain. */
void conn_send(struct core_conn *conn, struct chain *message);

/* ---------------------------------------------------------------- session (session.c) */

enum core_session_state {
    SESSION_IN_PROGRESS, /* first authentication under way */
    SESSION_VALID,
    SESSION_EXPIRED, /* wants re-authentication */
    SESSION_GONE,    /* logged off or replaced: in no table, being torn down */
};

#define SESSION_TREES_INITIAL_ID 1

struct core_session {
    uint32_t magic;
    unsigned refs;
    struct core *core;
    uint64_t id;
    struct htab_node by_id;
    enum core_session_state state;
    struct list channels; /* core_channel.in_session */
    struct htab trees;    /* core_tree.by_id */
    uint32_t next_tree_id;
    size_t tree_count;
    struct htab opens; /* core_open.by_id, keyed by the volatile id */
    uint64_t next_volatile_id;
    size_t open_count;
    struct timer expiry;

    char *user, *domain, *user_id; /* of the identity; NULL before the first success */
    bool is_guest, is_anonymous;
    struct acl_token token; /* who that is in security descriptors */
    bool signing_required;
    bool encrypt; /* Session.EncryptData */
    uint8_t session_key[AUTH_SESSION_KEY_MAX];
    size_t session_key_len;
    struct crypto_session_keys keys;
    uint32_t next_nonce_fixed; /* one for each channel's nonce generator */
};

/* A session on one connection ([MS-SMB2] 3.3.1.14). Signing keys differ per channel; sealing
   contexts are per channel so that each connection's loop has its own. */
struct core_channel {
    uint32_t magic;
    unsigned refs;
    struct core_conn *conn;       /* a reference while in the conn's table */
    struct core_session *session; /* a reference */
    struct htab_node by_session;
    struct list in_session;
    struct auth_context *auth; /* during an authentication */
    struct crypto_preauth preauth;
    bool busy;                    /* a SESSION_SETUP is being delayed */
    struct crypto_signer *signer; /* NULL until authenticated, or for guest and anonymous */
    struct crypto_sealer *seal_out, *seal_in;
    struct crypto_nonce nonce;
};

/* A new session in progress, in the global table, with its first channel on this connection.
   Returns the channel (a reference), or NULL when memory or the connection's limit is reached. */
NODISCARD struct core_channel *session_new(struct core_conn *conn);
/* The authentication on this channel has succeeded: makes the session valid, takes over the
   identity, and, the first time, derives the keys. False when memory is out. */
NODISCARD bool session_authenticated(struct core_channel *ch, const struct auth_identity *who,
                                     bool client_requires_signing);
struct core_session *session_ref(struct core_session *s);
void session_unref(struct core_session *s);
struct core_channel *channel_ref(struct core_channel *ch);
void channel_unref(struct core_channel *ch);
/* Connection.SessionTable: a reference or NULL. */
struct core_channel *channel_find(struct core_conn *conn, uint64_t session_id);
/* GlobalSessionTable: a reference or NULL. */
struct core_session *session_find(struct core *c, uint64_t session_id);
/* Takes the session out of all tables, disconnects its trees and shuts its opens, which ends what
   is parked on them. */
void session_end(struct core_session *s);
/* Takes a lost connection's channel out; a session without a channel ends. */
void channel_drop(struct core_channel *ch);

/* ---------------------------------------------------------------- share, tree (share.c, tree.c) */

struct core_share {
    uint32_t magic;
    unsigned refs;
    struct core *core;
    struct list link;
    char *name, *comment;
    bool encrypt, hidden, guest_ok, read_only;
    bool is_ipc;               /* no volume: the IPC$ share, which has no pipes yet */
    struct vfs_volume *volume; /* a reference; NULL for IPC$ */
    uint32_t connections;
};

/* May this session connect to the share? SUCCESS or ACCESS_DENIED. */
smbkit_status share_check_access(const struct core_share *s, const struct core_session *session);
/* NULL: memory is out or the session has too many. */
NODISCARD struct core_tree *tree_new(struct core_session *s, struct core_share *share);
void share_unref(struct core_share *s);
/* Without regard to case; a reference or NULL. */
struct core_share *share_find(struct core *c, const char *name, size_t len);

struct core_tree {
    uint32_t magic;
    unsigned refs;
    struct core_session *session; /* a reference */
    struct core_share *share;     /* a reference */
    struct vfs_volume *volume;    /* a reference: kept when the share is replaced; NULL for IPC$ */
    uint32_t id;
    struct htab_node by_id;
    bool connected; /* in the session's table */
    uint32_t maximal_access;
};

struct core_tree *tree_ref(struct core_tree *t);
void tree_unref(struct core_tree *t);
struct core_tree *tree_find(struct core_session *s, uint32_t tree_id);
/* Out of the table; its opens are closed. */
void tree_disconnect(struct core_tree *t);

/* ---------------------------------------------------------------- open (open.c) */

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
    char *pattern;  /* mem.h */
    size_t pattern_len;
    uint64_t cookie;             /* the last entry given to the client, or skipped */
    struct core_request *lister; /* the QUERY_DIRECTORY at work; others wait in `queue` */
    struct list queue;
    unsigned queued;
};

struct core_watch; /* notify.c */

/* Open.IsDurable and what belongs to it (durable.c). */
struct core_durable {
    bool on, v2;
    struct guid client; /* Open.ClientGuid */
    uint64_t timeout_ms;
    struct guid create_guid;  /* version 2 */
    struct htab_node by_guid; /* core.guids, version 2 */
    char *owner;              /* DurableOwner: a user_id; mem.h */
    struct timer scavenger;   /* while KEPT */
};

struct core_open {
    uint32_t magic;
    enum core_open_state state;
    unsigned users;
    struct core *core;
    struct core_session *session; /* a reference */
    struct core_tree *tree;       /* a reference */
    struct vfs_volume *volume;    /* a reference */
    struct htab_node by_id;
    uint64_t volatile_id, persistent_id;
    void *file;       /* the plugin's */
    bool has_file;    /* the plugin has opened it and must close it */
    bool aborted;     /* by open_abort */
    bool remove;      /* cleanup removes the name */
    bool remove_file; /* ... of the file, though this is a stream's open */
    char *path;       /* mem.h: UTF-8, as in smbkit/vfs.h; true spelling */
    char *stream;     /* mem.h or NULL */
    uint64_t file_id;
    bool is_directory;
    bool delete_on_close;
    uint32_t access; /* GrantedAccess */
    uint32_t create_options;
    uint32_t mode;     /* FileModeInformation */
    uint64_t position; /* FilePositionInformation: kept, unused */
    size_t next_ea;    /* Open.NextEaEntry of [MS-FSA] */
    struct lease_open lease;
    struct lease_lockseq lockseq;
    struct core_enumeration listing;
    struct core_watch *watch; /* notify.c */
    struct guid parent_key;   /* the lease key of its folder, when has_parent_key */
    bool has_parent_key;
    bool touched;        /* its folder's leases must hear of a change when it is closed */
    struct list resumed; /* lease_break_wait.link: go on when the name has been removed */

    struct core_durable durable;
    struct list removing;        /* core_removals.active, during a cleanup that removes the name */
    struct vfs_op op;            /* for shutting */
    struct core_request *closer; /* the CLOSE that waits for it, or NULL */
    struct list waiters;         /* core_request.in_open: parked requests that the end of this
                                    open must complete */
};

/* An open for a CREATE to fill: state MAKING, users 1 (the request's), references on tree and
   volume taken. NULL when memory or the session's limit is reached. */
NODISCARD struct core_open *open_new(struct core_tree *tree);
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
/* Requests parked on this open end with what their command answers then. */
void open_complete_waiters(struct core_open *o);
/* FileAttributes as the wire wants them: never zero. */
uint32_t core_wire_attributes(const struct smbkit_attr *a);
/* cmd/lock.c: a waiting lock has been granted or dropped. */
void lock_wait_ended(struct lease_lock_wait *w, smbkit_status status);

/* What a step says. */
enum core_verdict {
    STEP_NEXT,        /* go on with the next step now */
    STEP_REPEAT,      /* run this step (or the one set by request_goto) again now */
    STEP_PARK,        /* wait; request_resume goes on with the next step */
    STEP_PARK_REPEAT, /* wait; request_resume runs this step (or the request_goto one) again */
    STEP_DONE,        /* r->status is the answer */
};

/* ---------------------------------------------------------------- oplocks, leases (oplock.c) */

void oplock_init(struct core *c);
/* Carries out what the lease engine decided. Notifications are sent now. Locks are answered now, so
   that requests may run and end inside: the caller holds what it needs afterwards. What waited for
   a break goes on later, from the loop. */
void oplock_run_actions(struct core *c, struct lease_actions *actions);
/* All of it later, from the loop: for the acknowledgment, which is answered first. */
void oplock_run_later(struct core *c, struct lease_actions *actions);
/* Breaks what this operation of r on its open needs to be gone. True: nothing is in the way. False:
   the step returns *verdict, and runs again when it can go on. */
NODISCARD bool oplock_clear(struct core_request *r, enum lease_op op, enum core_verdict *verdict);
/* The same for any node and actor. */
NODISCARD bool oplock_clear_node(struct core_request *r, struct lease_node *n, enum lease_op op,
                                 const struct lease_actor *actor, enum core_verdict *verdict);
/* What has this name has come, gone or changed: breaks the leases of its folder, later, but the one
   with `parent_key` (NULL: none). */
void oplock_parent_changed(struct core *c, struct vfs_volume *v, const char *path,
                           const struct guid *parent_key);
/* What has this name has changed by itself: also what clients cache of it is out of date. */
void oplock_volume_changed(struct core *c, struct vfs_volume *v, const char *path);
/* As oplock_parent_changed, done through this open. */
void oplock_parent_touched(struct core_open *o);
static inline const struct guid *open_parent_key(const struct core_open *o)
{
    return o->has_parent_key ? &o->parent_key : NULL;
}

/* ---------------------------------------------------------------- durable opens (durable.c) */

struct durable_request {
    bool v2;
    struct guid client;
    uint32_t timeout_ms; /* 0: the default */
    struct guid create_guid;
};

struct durable_reconnect {
    bool v2;
    uint64_t persistent_id;
    struct guid create_guid;
    const struct wire_lease *lease; /* NULL: no lease context */
    const char *path;
};

/* A CREATE asks for it, after oplock or lease were granted. False: not granted, which is no error.
 */
bool durable_grant(struct core_open *o, const struct durable_request *rq);
/* The session ends: keeps the open for its client. False: it is not durable, or may not be kept. */
bool durable_keep(struct core_open *o);
/* Somebody needs what the client of this kept open had cached. */
void durable_drop(struct core_open *o);
/* The same for all kept opens of a volume: its share goes. */
void durable_drop_volume(struct core *c, const struct vfs_volume *v);
/* The open is being shut. */
void durable_forget(struct core_open *o);
/* A kept open, live again in the request's session; *out is a use. OBJECT_NAME_NOT_FOUND,
   INVALID_PARAMETER, ACCESS_DENIED (another user's), INSUFFICIENT_RESOURCES. */
smbkit_status durable_resume(struct core_request *r, const struct durable_reconnect *rc,
                             struct core_open **out);
/* The open that this client has made with this CreateGuid, live or kept, or NULL. No reference. */
struct core_open *durable_find_guid(struct core *c, const struct guid *create_guid,
                                    const struct guid *client);

/* ---------------------------------------------------------------- removals (removal.c) */

/* The plugin is about to remove the name of this open, and has done so (or failed). */
void removal_begin(struct core_open *o);
void removal_end(struct core_open *o, bool removed);
/* Is the file of this open, which a CREATE has just located, going away, or has it gone since that
   many removals had been made (core_removals.count)? */
bool removal_meets(const struct core_open *o, uint64_t since);

/* ---------------------------------------------------------------- besides data (meta.c) */

/* Do files of this volume have security descriptors? */
static inline bool meta_has_acls(const struct vfs_volume *v)
{
    return (vfs_volume_capabilities(v) & SMBKIT_CAP_ACLS) != 0;
}
/* The descriptor that r->op, a get_sd or path_sd, has answered with; a default for what has none.
   Lives in the request's arena. SUCCESS or why not. */
smbkit_status meta_take_sd(struct core_request *r, bool folder, struct wire_sd *out);
/* The same as bytes, in the arena. INVALID_SECURITY_DESCR: too long to be kept. */
smbkit_status meta_encode_sd(struct core_request *r, const struct wire_sd *sd,
                             const uint8_t **bytes, size_t *len);
/* A list of extended attributes from the wire for the plugin; names and values are borrowed.
   SUCCESS, EA_LIST_INCONSISTENT, INVALID_EA_NAME or INSUFFICIENT_RESOURCES. */
smbkit_status meta_read_eas(struct core_request *r, const struct wire_blob *in,
                            struct smbkit_ea **eas, size_t *count);
/* What the lease engine knows a stream of the open's file by (NULL: the unnamed one): its name in a
   form that compares equal byte by byte. False: memory is out. */
NODISCARD bool meta_lease_key(struct arena *a, const struct core_open *o, const char *stream,
                              struct lease_key *key);
/* The name of a stream's change: "path:stream". The path itself for the unnamed stream. NULL:
   memory is out. */
const char *meta_stream_path(struct arena *a, const struct core_open *o);

/* ---------------------------------------------------------------- notify (notify.c) */

/* Something changed: tells the watching folders. `filter` is a set of FILE_NOTIFY_CHANGE_*,
   `action` a FILE_ACTION_*. `path` as in smbkit/vfs.h. */
void notify_changed(struct core *c, struct vfs_volume *v, const char *path, uint32_t filter,
                    uint32_t action);
/* Old and new name in one go (FILE_ACTION_RENAMED_OLD_NAME / _NEW_NAME when both lie in the watched
   folder, REMOVED / ADDED otherwise). */
void notify_renamed(struct core *c, struct vfs_volume *v, const char *from, const char *to,
                    bool is_directory);
/* The open goes: forgets its watch (its waiting requests are completed as waiters). */
void notify_forget(struct core_open *o);
/* The watched folder itself was deleted: pending requests get DELETE_PENDING. */
void notify_deleted(struct core *c, struct vfs_volume *v, const char *path);

/* ---------------------------------------------------------------- requests (request.c) */

struct core_request;

struct core_step {
    const char *name;
    enum core_verdict (*run)(struct core_request *r);
};

enum core_command_flag {
    CMD_NEEDS_SESSION = 0x01,
    CMD_NEEDS_TREE = 0x02,
    CMD_NEEDS_OPEN = 0x04,    /* r->open is looked up from the file id */
    CMD_WHEN_EXPIRED = 0x08,  /* allowed on an expired session ([MS-SMB2] 3.3.5.2.9) */
    CMD_LARGE = 0x10,         /* may exceed 68 KiB ([MS-SMB2] 3.3.5.2) */
    CMD_OPEN_OPTIONAL = 0x20, /* a file id of all ones is allowed (IOCTL) */
    CMD_NO_INTERIM = 0x80,    /* clients do not expect one: SESSION_SETUP */
};

/* One row per command: cmd/<name>.c defines it, command.c lists them. */
struct core_command {
    uint16_t code;
    const char *name;
    uint32_t flags;
    /* Decodes the body into r->in; false: malformed. */
    bool (*decode)(struct core_request *r, struct cursor *body);
    /* The file id in the decoded request; NULL for commands without. */
    struct wire_file_id *(*file_id)(struct core_request *r);
    /* Bytes of payload, sent or at most answered: max(SendPayloadSize, ExpectedResponsePayloadSize)
       of [MS-SMB2] 3.1.5.2. NULL: none. */
    uint32_t (*payload)(const struct core_request *r);
    /* The work, ended by a row without `run`. */
    const struct core_step *steps;
    /* Appends the body of a success (or warning) reply; may add to r->payload what follows it
       without a copy. */
    bool (*encode)(struct core_request *r, struct builder *b, size_t hdr);
    /* What a request parked on an open is answered with when the open goes. */
    smbkit_status closed_status;
    /* Always called once before the request goes, whatever its status: gives back what the steps
       took (the undo list of CREATE). NULL: nothing. */
    void (*release)(struct core_request *r);
};

enum core_request_state {
    REQUEST_QUEUED,
    REQUEST_RUNNING,
    REQUEST_PARKED,
    REQUEST_FINISHED,
};

/* What a related request takes over from the one before it ([MS-SMB2] 3.3.5.2.7.2). */
struct core_chain {
    uint64_t session_id;
    uint32_t tree_id;
    bool has_file;
    struct wire_file_id file;
    smbkit_status file_status; /* why there is no such file: the CREATE failed */
};

struct core_request {
    uint32_t magic;
    enum core_request_state state;
    struct core_batch *batch;
    struct list link; /* core_batch.requests */
    const struct core_command *cmd;
    struct wire_hdr hdr;
    struct cursor body;      /* of this element; its base is the header, in the batch's frame */
    bool related;            /* SMB2_FLAGS_RELATED_OPERATIONS */
    bool decoded;            /* `in` is valid */
    smbkit_status refused;   /* not SUCCESS: the answer, without looking further */
    bool refused_chain;      /* and that of the related ones after it */
    bool answered;           /* its reply has been sent; kept for the next of its chain */
    struct core_chain chain; /* what the next related request takes over */
    struct core_channel *channel; /* references, NULL where there is none */
    struct core_session *session;
    struct core_tree *tree;
    struct core_open *open; /* a use */
    struct list in_open;    /* core_open.waiters */

    union {
        struct wire_negotiate_req negotiate;
        struct wire_session_setup_req session_setup;
        struct wire_tree_connect_req tree_connect;
        struct wire_create_req create;
        struct wire_close_req close;
        struct wire_flush_req flush;
        struct wire_read_req read;
        struct wire_write_req write;
        struct wire_lock_req lock;
        struct wire_ioctl_req ioctl;
        struct wire_query_directory_req query_directory;
        struct wire_change_notify_req change_notify;
        struct wire_query_info_req query_info;
        struct wire_set_info_req set_info;
        struct wire_oplock_break_req oplock_break;
    } in;
    void *state_data; /* the command's own working state, in the batch's arena */

    smbkit_status status;
    unsigned step;
    struct vfs_op op;
    /* Ends the waiting of a parked request: takes it off whatever it waits on. The caller then
       finishes the request with a status. NULL: only the running operation can be hinted. */
    void (*unpark)(struct core_request *r);
    struct lease_break_wait break_wait; /* oplock.c */
    bool waits_quietly;                 /* request_wait_quietly */
    bool cancelled;                     /* a CANCEL came while it could not be ended */

    bool async;
    uint64_t async_id;
    struct timer interim;

    struct chain payload;      /* follows the encoded body */
    size_t data_len;           /* of READ's data */
    struct builder reply;      /* header and body, made by request_finish */
    const uint8_t *error_data; /* data of an error response, in the arena */
    size_t error_len;
    bool with_body; /* the status is no SUCCESS and still has the command's own body */
    bool no_reply;  /* CANCEL */
    bool sign_reply;
    bool encrypt_reply;
};

/* One received message: a request, or a compound of them. */
struct core_batch {
    uint32_t magic;
    struct core_conn *conn; /* a reference */
    struct list link;       /* core_conn.batches */
    struct buf *frame;      /* a reference */
    size_t frame_bytes;
    struct core_channel *seal_channel; /* a reference when the message came encrypted, else NULL */
    struct list requests; /* core_request.link, in order; finished ones wait here for the reply */
    bool busy;            /* batch_advance is on the stack */
    struct arena arena;
};

/* Takes a plain SMB2 message (already decrypted) and works on it. */
void batch_receive(struct core_conn *conn, struct buf *frame, const uint8_t *data, size_t size,
                   struct core_channel *seal_channel);
/* batch.c: a request of the batch has its reply ready; sends what can be sent and starts what
 * waited. */
void batch_request_finished(struct core_request *r);
/* May the request get an interim response: it is the last of its chain? */
bool batch_may_go_async(const struct core_request *r);
/* Sends what is ready and the interim response of `r`, which is asynchronous from now on. */
void batch_send_interim(struct core_request *r);
/* The connection is lost: cancels what is in work. */
void batch_cancel_all(struct core_conn *conn);
/* The request before this one in its chain. */
struct core_request *batch_previous(const struct core_request *r);

static inline struct core_conn *request_conn(const struct core_request *r)
{
    return r->batch->conn;
}

static inline struct core *request_core(const struct core_request *r)
{
    return r->batch->conn->core;
}

static inline struct arena *request_arena(struct core_request *r)
{
    return &r->batch->arena;
}

void request_init(struct core_request *r, struct core_batch *b, const struct core_command *cmd,
                  const struct wire_element *e);
/* Checks the request at the gate, then runs its steps until it parks or is finished. */
void request_run(struct core_request *r);
/* A parked request goes on. */
void request_resume(struct core_request *r);
/* A parked request ends with this status without running further steps. */
void request_complete(struct core_request *r, smbkit_status status);
/* The verdict of a step that started an operation on r->op: NEXT when it is answered, else PARK. */
static inline enum core_verdict request_await(struct core_request *r, bool answered)
{
    (void)r;
    return answered ? STEP_NEXT : STEP_PARK;
}
/* Sets the answer. */
static inline enum core_verdict request_done(struct core_request *r, smbkit_status status)
{
    r->status = status;
    return STEP_DONE;
}
/* Goes to another step of the same command: return request_goto(r, that_function). */
enum core_verdict request_goto(struct core_request *r,
                               enum core_verdict (*step)(struct core_request *r));
/* Parks for an event that may never come (a lock, a notification): the interim response goes out
   now. `unpark` as in the struct. When the request may not go asynchronous (in the middle of a
   related compound, or too many are parked) it returns STEP_DONE with the status set. The request
   is put on r->open's waiters. */
enum core_verdict request_wait(struct core_request *r, void (*unpark)(struct core_request *r),
                               enum core_verdict verdict);
/* Parks for an event that comes soon, wherever the request stands in its chain: no interim
   response, as Windows does where something else than a CREATE waits for a break. */
enum core_verdict request_wait_quietly(struct core_request *r,
                                       void (*unpark)(struct core_request *r),
                                       enum core_verdict verdict);
/* CANCEL, or the end of the connection. */
void request_cancel(struct core_request *r);

/* gate.c: session, signature, encryption, tree and open of a request; everything that is checked
   before a handler runs. SUCCESS, or the status to answer with. */
smbkit_status gate_check(struct core_request *r);
/* gate.c: what the next related request takes over, and the channel sequence counts. */
void gate_note_result(struct core_request *r);

/* reply.c: makes r->reply from r->status; and the final message from replies. */
void reply_build(struct core_request *r);
void reply_build_interim(struct core_request *r, struct builder *b);
/* Seals the message for the channel's session, in place of the plain one. */
NODISCARD bool reply_seal(struct core_channel *ch, struct chain *message);
struct reply_part {
    struct core_request *request;
    struct builder *head;
    struct chain *payload; /* may be NULL */
    bool sign;
};
/* Puts the parts together: NextCommand, padding, RELATED flags, signatures, sealing; sends. */
void reply_send(struct core_batch *b, struct reply_part *parts, size_t n);
/* Appends what was built as a slice of its own; the builder is empty afterwards. */
NODISCARD bool reply_add_head(struct chain *out, struct builder *head);

/* command.c: the row of a command code, or NULL. */
const struct core_command *command_find(uint16_t code);

extern const struct core_command command_negotiate, command_session_setup, command_logoff,
    command_tree_connect, command_tree_disconnect, command_create, command_close, command_flush,
    command_read, command_write, command_lock, command_ioctl, command_cancel, command_echo,
    command_query_directory, command_change_notify, command_query_info, command_set_info,
    command_oplock_break;
/* Stands for a code without a row in the later part of a compound, whose beginning is answered. */
extern const struct core_command command_unknown;

/* negotiate.c: the SMB1 multi-protocol NEGOTIATE ([MS-SMB2] 3.3.5.3). */
void negotiate_smb1(struct core_conn *conn, const uint8_t *data, size_t size);
/* The greatest common dialect, or 0; also for VALIDATE_NEGOTIATE_INFO. */
uint16_t negotiate_choose_dialect(const struct core *c, const uint16_t *offered, size_t count);
/* Connection.ServerSecurityMode. */
uint16_t negotiate_security_mode(const struct core *c);

#endif
