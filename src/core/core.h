// SPDX-License-Identifier: Apache-2.0
/*
 * The SMB2/3 protocol core, sans-I/O: frames, time and file-system answers are pushed in, frames
 * come out through the host's callbacks. No clock, thread, socket or file call below this line, so
 * that the same core runs under the event loops, the fuzzers and the seeded simulator.
 *
 * Threads: a core and everything in it belongs to one thread (its loop). File-system operations may
 * run and be answered elsewhere; their completion is posted back (vfs/vfs.h).
 *
 * Re-entrancy: the host's callbacks are called from inside core_* functions and must not call back
 * into the core; they queue.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "auth/auth.h"
#include "base/buf.h"
#include "base/guid.h"
#include "base/log.h"
#include "base/random.h"
#include "base/timerq.h"
#include "vfs/vfs.h"
#include <smbkit/status.h>

struct core;
struct core_conn;
struct core_share;

enum core_encryption {
    CORE_ENCRYPTION_OFF,      /* not offered */
    CORE_ENCRYPTION_OFFERED,  /* clients may; a share may demand it */
    CORE_ENCRYPTION_REQUIRED, /* every session must */
};

enum core_compressing {
    CORE_COMPRESSION_OFF,     /* not offered */
    CORE_COMPRESSION_SHARES,  /* offered when a share has it */
    CORE_COMPRESSION_OFFERED, /* always */
};

#define CORE_CIPHERS_MAX 4
#define CORE_SIGNING_MAX 3

/* Settings, read once by core_new. Zero means the default where one is named. */
struct core_config {
    struct guid server_guid;
    uint16_t min_dialect; /* default 0x0202 */
    uint16_t max_dialect; /* default 0x0311 */
    bool signing_required;
    enum core_encryption encryption;
    enum core_compressing compression;
    /* Those that may be used, wire values; a zero ends the list. Among them the client's preference
       decides. Default: all four. */
    uint16_t ciphers[CORE_CIPHERS_MAX];
    /* Likewise; signing algorithms are 16-bit wire values, so the count is explicit. Default: GMAC,
       CMAC, HMAC-SHA256. */
    uint16_t signing[CORE_SIGNING_MAX];
    uint32_t signing_count;
    uint32_t max_io; /* MaxTransact/Read/WriteSize of dialects with large MTU; default 8 MiB */

    /* Limits; each stops a client from taking all memory. */
    uint32_t max_credits;    /* per connection, default 8192, as Windows */
    uint32_t max_sessions;   /* per connection, default 64 */
    uint32_t max_trees;      /* per session, default 256 */
    uint32_t max_opens;      /* per session, default 65536 */
    uint32_t max_async;      /* parked requests per connection, default 511: what Windows holds */
    uint64_t max_buffered;   /* bytes of frames in work per connection, default 64 MiB */
    uint64_t interim_delay;  /* ns until a slow operation gets its interim response;
                                default 500 ms */
    uint64_t auth_timeout;   /* ns until a connection must have authenticated; default 45 s */
    uint64_t break_timeout;  /* ns until an oplock or lease break counts as acknowledged;
                                default 35 s, as Windows */
    uint64_t max_resiliency; /* ns that resilient opens are kept at most, and may ask for; 0: there
                                are none */
    uint64_t session_lifetime; /* ns until a session must be re-authenticated; 0: never */

    /* The accounts that clients can ask for; `each` calls fn for all of them, until it says false.
       NULL: none are told of. */
    void (*each_account)(void *ctx,
                         bool (*fn)(void *arg, const char *name, const char *comment,
                                    bool disabled),
                         void *arg);
    void *accounts_ctx;
    bool short_names; /* files can be opened by names of the form 8.3, and listings have them */
    const char
        *admins; /* users, separated by '+', who may manage: pipes, quotas, SACLs; NULL: nobody */

    /* A volume for a new share that an administrator asks for: of the folder `path`, "a/b", "" for
       all that he may share; no part of it is empty, "." or "..". Called from inside a request, and
       must not call the core. SUCCESS and a reference, or OBJECT_PATH_NOT_FOUND; NULL: there is
       nothing that new shares could be made of. */
    smbkit_status (*make_volume)(void *ctx, const char *name, const char *path,
                                 struct vfs_volume **out);
    void *make_volume_ctx;

    const struct auth_config *auth; /* borrowed; must outlive the core */
    struct random_source random;
    const struct log *log; /* borrowed; may be NULL */
};

/* What the core needs of its host. `transport` is what core_conn_new was given. */
struct core_host {
    /* Sends one message (without the 4-byte transport header); takes over the chain's contents. */
    void (*send)(void *transport, struct chain *message);
    /* Ends the connection, after what was sent has left when `flush`. The host calls core_conn_lost
       later, as for any other end. */
    void (*close)(void *transport, bool flush);
    /* From now on frames up to this size are legal (it grows with negotiation). */
    void (*set_max_frame)(void *transport, size_t bytes);
    /* Stop / go on reading: too much is in work. */
    void (*pause)(void *transport, bool paused);
    /* The client's machine must have what was sent within some seconds, or the connection is lost:
       others wait for its answer. */
    void (*expect)(void *transport);
};

#define CORE_FIRST_FRAME_MAX 65536 /* before negotiation: a NEGOTIATE needs less */

/* NULL when memory is out or crypto cannot be set up. */
NODISCARD struct core *core_new(const struct core_config *config, const struct core_host *host,
                                uint64_t now, uint64_t filetime);
/* Closes what is kept open for clients that lost their connection: the server ends. */
void core_drop_kept(struct core *c);
/* Every connection must be lost and idle (core_is_idle). Shares are removed. */
void core_free(struct core *c);
/* Nothing is in work: no connection, no session, no open, no operation. */
bool core_is_idle(const struct core *c);

/* Time: `now` monotonic ns, `filetime` 100 ns units since 1601. Call before pushing anything in
   and when core_next_timer is due; fires timers. Never goes backwards. */
void core_set_time(struct core *c, uint64_t now, uint64_t filetime);
/* When core_set_time must be called at the latest; TIMERQ_NEVER: no need. */
uint64_t core_next_timer(const struct core *c);

/* --- shares --- */

/* A folder of a share that lies elsewhere (dfs.h). */
#define CORE_DFS_LINKS_MAX   256
#define CORE_DFS_TARGETS_MAX 16

struct core_dfs_link {
    const char *path;                          /* a valid one, not the root's */
    const char *targets[CORE_DFS_TARGETS_MAX]; /* "\\server\\share", maybe with a path */
    size_t target_count;
};

/* What an access control list of 64 KiB has room for. */
#define CORE_SHARE_USERS_MAX     1024u
#define CORE_SHARE_USER_NAME_MAX 255u /* bytes */

struct core_share_config {
    const char *name; /* at most 80 UTF-16 units, compared without regard to case */
    const char *comment;
    bool encrypt;  /* Share.EncryptData */
    bool compress; /* Share.CompressData */
    bool hidden;
    bool guest_ok; /* guests and anonymous users may connect */
    bool read_only;
    bool time_machine; /* macOS may be told of it as a place for backups */
    const struct core_dfs_link *links;
    size_t link_count;      /* at most CORE_DFS_LINKS_MAX */
    bool access_based;      /* listings show only what the user may read */
    bool hide_unreachable;  /* lists of shares leave it out for those who may not connect */
    const char *users;      /* who may connect, separated by '+'; NULL or "": everybody. Names that
                               are too long, and those after the last that there is room for, do not
                               count */
    bool keep_acl_flags;    /* descriptors stay as they are set: SE_*_AUTO_INHERITED, too */
    const char *hide_files; /* names shown with the attribute hidden, separated by '+', with * and
                               ?; NULL or "": none */
};

/* Adds a share over a volume (takes a reference of its own), or replaces the one of that name:
   whoever is connected is told to list again what he watches, caches nothing any more, and opens
   files of the new volume; files that are open stay those of the old one. Guests that may not
   connect any more are disconnected. OBJECT_NAME_INVALID, NO_MEMORY. */
NODISCARD smbkit_status core_share_set(struct core *c, const struct core_share_config *config,
                                       struct vfs_volume *volume);
/* Adds an earlier state of a share, of that FILETIME, or replaces the one of that second: the
   volume, of which nothing else is made, can no longer be changed. With NULL it is taken away:
   files that are open in it stay. BAD_NETWORK_NAME: no such share; OBJECT_NAME_NOT_FOUND;
   NO_MEMORY; INSUFFICIENT_RESOURCES: too many. */
NODISCARD smbkit_status core_snapshot_set(struct core *c, const char *share, uint64_t time,
                                          struct vfs_volume *volume);
/* Connected trees of it are disconnected. OBJECT_NAME_NOT_FOUND. */
smbkit_status core_share_remove(struct core *c, const char *name);

/* Says that something changed on a volume other than through this core: turned into change
   notifications and breaks of oplocks and leases. `user`: only he sees it; NULL: everybody. `path`
   as in smbkit/vfs.h, `action` FILE_ACTION_*; RENAMED_OLD is delivered together with the
   RENAMED_NEW that follows. Owner's thread. */
void core_volume_changed(struct core *c, struct vfs_volume *volume, const char *user,
                         const char *path, uint32_t action);
/* Changes on this volume got lost, nobody knows which: who watches is told to list his folder again
   (STATUS_NOTIFY_ENUM_DIR), and nothing of it is cached any more. Owner's thread. */
void core_volume_lost(struct core *c, struct vfs_volume *volume);

/* --- interfaces --- */

/* An address that clients can reach the server at, for those that use several. */
struct core_interface {
    uint32_t index; /* the same for all addresses of an interface; not 0 */
    uint64_t speed; /* bits per second */
    bool rss;       /* worth several connections */
    bool v6;
    uint8_t address[16]; /* 4 or 16 of them, network order */
};

/* Those there are now; a copy is taken. What was known before stays when memory is out. */
void core_set_interfaces(struct core *c, const struct core_interface *v, size_t count);

/* --- connections --- */

struct core_peer {
    char text[64];       /* for the log */
    uint8_t address[16]; /* IPv6 or IPv4-mapped: the key of throttling */
};

/* NULL when memory is out. The connection lives until core_conn_lost and its last request. */
NODISCARD struct core_conn *core_conn_new(struct core *c, void *transport,
                                          const struct core_peer *peer);
/* One frame: bytes [offset, offset + length) of `frame`, without the transport header. Takes a
   reference where it keeps the buffer; may decrypt in place when it is the only holder. */
void core_conn_frame(struct core_conn *conn, struct buf *frame, size_t offset, size_t length);
/* The transport is gone; `transport` is not used again. Opens are closed, parked requests dropped.
 */
void core_conn_lost(struct core_conn *conn);

/* --- figures --- */

struct core_stats {
    uint64_t connections, sessions, trees, opens, requests_running, requests_parked;
    uint64_t requests_total, bytes_in, bytes_out, logons_failed, frames_refused;
};
void core_get_stats(const struct core *c, struct core_stats *out);
/* How many there are; at no cost. */
uint64_t core_open_count(const struct core *c);
uint64_t core_start_filetime(const struct core *c);
/* Call fn for each until it says false; it must not call the core. */
void core_each_conn(const struct core *c,
                    bool (*fn)(void *ctx, const struct smbkit_connection_info *info), void *ctx);
void core_each_session(const struct core *c,
                       bool (*fn)(void *ctx, const struct smbkit_session_info *info), void *ctx);
void core_each_open(const struct core *c,
                    bool (*fn)(void *ctx, const struct smbkit_open_info *info), void *ctx);
void core_each_lock(const struct core *c,
                    bool (*fn)(void *ctx, const struct smbkit_lock_info *info), void *ctx);
void core_each_lease(const struct core *c,
                     bool (*fn)(void *ctx, const struct smbkit_lease_info *info), void *ctx);
void core_each_share(const struct core *c,
                     bool (*fn)(void *ctx, const struct smbkit_share_info *info), void *ctx);

/* --- what an administrator orders: false when there is none of this id --- */

bool core_session_exists(const struct core *c, uint64_t id);
bool core_session_close(struct core *c, uint64_t id);
bool core_open_exists(const struct core *c, uint64_t id);
bool core_open_close(struct core *c, uint64_t id);

#endif
