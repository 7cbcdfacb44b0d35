// SPDX-License-Identifier: Apache-2.0
/*
 * Sessions and their channels ([MS-SMB2] 3.3.1.8, 3.3.1.14).
 *
 * A session has a channel on every connection that it is bound to: its first one, and those of
 * other connections of the same user (multichannel). A channel that is being bound is known to
 * SESSION_SETUP only; whatever becomes of it, the session and its other channels are not touched.
 * When there is more than one loop, a channel belongs to that of its connection, with all that
 * signs and seals (contexts, nonces); what channels share is the session: its keys never change.
 *
 *   IN_PROGRESS --authenticated--> VALID --expiry timer--> EXPIRED --SESSION_SETUP--> IN_PROGRESS
 *        any --LOGOFF, failed authentication, PreviousSessionId, last channel lost--> GONE
 *
 * GONE: in no table, so that nothing finds it any more; trees are disconnected, opens are being
 * shut; the memory goes with the last reference (requests still running, opens still closing).
 *
 * References of a session: 1 for the global table, 1 per channel, tree, open and request. Of a
 * channel: 1 for the connection's table, 1 per request that came through it.
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include "acl/acl.h"
#include "auth/auth.h"
#include "base/htab.h"
#include "base/list.h"
#include "base/timerq.h"
#include "crypto/kdf.h"
#include "crypto/nonce.h"
#include "crypto/preauth.h"
#include "crypto/seal.h"
#include "crypto/sign.h"
#include "rpc/rpc.h"
#include <smbkit/status.h>

struct core;
struct core_conn;

#define CORE_CHANNEL_MAGIC 0x534b4348u
#define CORE_SESSION_MAGIC 0x534b5345u

enum core_session_state {
    SESSION_IN_PROGRESS, /* first authentication under way */
    SESSION_VALID,
    SESSION_EXPIRED, /* wants re-authentication */
    SESSION_GONE,    /* logged off or replaced: in no table, being torn down */
};

#define SESSION_TREES_INITIAL_ID 1
#define SESSION_CHANNELS_MAX     32 /* as Windows: each holds keys, and a connection */

struct core_session {
    uint32_t magic;
    unsigned refs;
    struct core *core;
    uint64_t id;
    struct htab_node by_id;
    enum core_session_state state;
    struct list channels; /* core_channel.in_session: Session.ChannelList */
    struct list bindings; /* likewise: those that are being bound */
    size_t channel_count; /* of both */
    struct list orphans;  /* core_request.orphan: in work although their connection is lost */
    struct htab trees;    /* core_tree.by_id */
    uint32_t next_tree_id;
    size_t tree_count;
    struct htab opens; /* core_open.by_id, keyed by the volatile id */
    uint64_t next_volatile_id;
    size_t open_count;
    struct rpc_budget pipes; /* what those of IPC$ hold */
    struct timer expiry;
    uint64_t since; /* FILETIME of the first success */

    char *user, *domain, *user_id; /* of the identity; NULL before the first success */
    char *maker;                   /* user_id of the first: only he may have it back */
    bool is_guest, is_anonymous;
    bool ordered;                   /* to end (orders.h) */
    bool is_admin;                  /* one of core_config.admins */
    struct acl_token token;         /* who that is in security descriptors */
    uint8_t sid[WIRE_SID_SIZE_MAX]; /* ... and token.user for plugins */
    size_t sid_len;
    bool signing_required;
    bool encrypt; /* Session.EncryptData */
    /* of the connection that made it (Session.Connection): another one must be like it to be bound
     */
    uint16_t dialect;
    enum crypto_cipher cipher;
    enum crypto_sign_alg signing;
    bool keyed; /* `keys` are valid */
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
    bool binding;                 /* not bound yet: works for SESSION_SETUP only, and `signer` has
                                     the session's key */
    struct crypto_signer *signer; /* NULL until authenticated, or for guest and anonymous */
    struct crypto_sealer *seal_out, *seal_in;
    bool sealed; /* the client has sent something encrypted */
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
/* For a SESSION_SETUP that may bind the connection to a session of other connections: the channel
   that is being bound, or a new one in that state; a reference. USER_SESSION_DELETED,
   INSUFFICIENT_RESOURCES. */
smbkit_status channel_binding(struct core_conn *conn, uint64_t session_id,
                              struct core_channel **out);
/* The authentication on this channel has succeeded, as the session's user: the connection is bound.
   False when memory is out. */
NODISCARD bool channel_bind(struct core_channel *ch, const struct auth_identity *who);
/* GlobalSessionTable: a reference or NULL. */
struct core_session *session_find(struct core *c, uint64_t session_id);
/* Takes the session out of all tables, disconnects its trees and shuts its opens, which ends what
   is parked on them. */
void session_end(struct core_session *s);
/* Has it a channel that works, besides that of this connection? */
bool session_goes_on(const struct core_session *s, const struct core_conn *without);
/* Takes a lost connection's channel out; a session without a channel ends. */
void channel_drop(struct core_channel *ch);

#endif
