// SPDX-License-Identifier: Apache-2.0
/*
 * What the interfaces of the pipes know of the server: a table of questions that the core answers,
 * and a test. Every answer is a snapshot in the arena of the call.
 *
 * Threads: all calls come from the thread that owns the association.
 */
#ifndef RPC_DIRECTORY_H
#define RPC_DIRECTORY_H

#include "base/arena.h"
#include "wire/sid.h"
#include <smbkit/status.h>

/* Who calls: of the SMB session, or of the security context of the association. Borrowed. */
struct rpc_caller {
    const char *user;   /* "" when anonymous */
    const char *domain; /* as the client said it */
    struct wire_sid sid;
    bool guest, anonymous, admin;
};

/* The server's names and what it calls itself. */
struct rpc_identity {
    const char *netbios; /* upper case by custom */
    const char *workgroup;
    const char *comment;
    struct wire_sid machine; /* S-1-5-21-x-y-z */
};

#define STYPE_DISKTREE  0x00000000u
#define STYPE_IPC       0x00000003u
#define STYPE_TEMPORARY 0x40000000u
#define STYPE_SPECIAL   0x80000000u

/* [MS-SRVS] 2.2.4.29 */
#define SHI1005_FLAGS_DFS                         0x00000001u
#define SHI1005_FLAGS_DFS_ROOT                    0x00000002u
#define SHI1005_FLAGS_CACHING                     0x00000030u
#define SHI1005_FLAGS_ACCESS_BASED_DIRECTORY_ENUM 0x00000800u

struct rpc_share {
    const char *name, *comment, *path, *password;
    const char *server;
    uint32_t type, permissions, max_uses, current_uses, flags, reserved;
    uint32_t sd_len; /* a security descriptor, or none */
    const uint8_t *sd;
};

/* What is to be set of a share. */
#define RPC_SHARE_COMMENT  0x1u
#define RPC_SHARE_MAX_USES 0x2u
#define RPC_SHARE_SD       0x4u
#define RPC_SHARE_FLAGS    0x8u

struct rpc_shares {
    uint32_t count;
    struct rpc_share *v;
};

/* A session, as its client's computer and user. */
struct rpc_session {
    uint64_t id;
    const char *client, *user, *client_type, *transport;
    uint32_t opens, seconds, idle_seconds, flags; /* SESS_* */
};
#define SESS_GUEST 0x00000001u

struct rpc_sessions {
    uint32_t count;
    struct rpc_session *v;
};

/* An open file; `path` begins with its share. */
struct rpc_file {
    uint32_t id;
    uint32_t permissions; /* PERM_FILE_* */
    uint32_t locks;
    const char *path, *user;
};
#define PERM_FILE_READ   0x00000001u
#define PERM_FILE_WRITE  0x00000002u
#define PERM_FILE_CREATE 0x00000004u

struct rpc_files {
    uint32_t count;
    struct rpc_file *v;
};

/* A user's way into a share. */
struct rpc_connection {
    uint32_t id, type, opens, users, seconds;
    const char *user, *client, *share;
};

struct rpc_connections {
    uint32_t count;
    struct rpc_connection *v;
};

/* An account of this machine. */
struct rpc_account {
    const char *name, *comment;
    struct wire_sid sid;
    bool disabled;
};

struct rpc_accounts {
    uint32_t count;
    struct rpc_account *v;
    bool guest; /* guests are let in */
};

/* What the host finds out, maybe later (rpc_assoc_question): the descriptor of a file, for a caller
   with his own rights, with the parts that `info` (*_SECURITY_INFORMATION) names. */
struct rpc_question {
    const struct rpc_caller *who;
    const char *share, *path; /* as the client said them */
    uint32_t info;
};

/* SUCCESS, BAD_NETWORK_NAME: no such share, or another status of a CREATE. */
struct rpc_answer {
    smbkit_status status;
    const uint8_t *sd; /* self-relative */
    size_t sd_len;
};

struct rpc_directory {
    void *ctx;
    void (*identity)(void *ctx, struct rpc_identity *out);
    bool (*is_admin)(void *ctx, const char *user);
    /* Those that this caller may see, in a steady order. False: memory is out. */
    bool (*shares)(void *ctx, const struct rpc_caller *who, struct arena *a,
                   struct rpc_shares *out);
    bool (*sessions)(void *ctx, struct arena *a, struct rpc_sessions *out);
    bool (*files)(void *ctx, struct arena *a, struct rpc_files *out);
    bool (*connections)(void *ctx, struct arena *a, struct rpc_connections *out);
    bool (*accounts)(void *ctx, struct arena *a, struct rpc_accounts *out);
    /* A new share of the folder `path`, "a/b", "" for all that may be shared.
       OBJECT_NAME_COLLISION, OBJECT_NAME_INVALID, OBJECT_PATH_NOT_FOUND, INVALID_SECURITY_DESCR,
       NO_MEMORY, QUOTA_EXCEEDED: there are too many. */
    smbkit_status (*share_add)(void *ctx, const struct rpc_share *share, const char *path);
    /* OBJECT_NAME_NOT_FOUND, ACCESS_DENIED: it is the server's own, INVALID_SECURITY_DESCR,
       NO_MEMORY. */
    smbkit_status (*share_set)(void *ctx, const char *name, const struct rpc_share *to,
                               unsigned what);
    /* OBJECT_NAME_NOT_FOUND, ACCESS_DENIED. */
    smbkit_status (*share_del)(void *ctx, const char *name);
    /* Ends all sessions of a client's computer or of a user (NULL: of any). How many? */
    unsigned (*end_sessions)(void *ctx, const char *client, const char *user);
    /* False: there is no such file. */
    bool (*close_file)(void *ctx, uint32_t id);
};

#endif
