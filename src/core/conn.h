// SPDX-License-Identifier: Apache-2.0
/*
 * Connections: what was negotiated, and everything in work that came through one.
 *
 *   NEW --SMB1 NEGOTIATE "SMB 2.???"--> WILDCARD --NEGOTIATE--> NEGOTIATED
 *    '---------------NEGOTIATE---------------------------------^
 *   any --conn_refuse--> CLOSING --core_conn_lost--> LOST (freed with the last reference)
 *
 * CLOSING: the host was told to close; frames that still arrive are dropped. Every reply of a
 * connection that is CLOSING or LOST is dropped as well.
 *
 * References: 1 for the transport (until LOST), 1 per batch, 1 per channel.
 */
#ifndef CORE_CONN_H
#define CORE_CONN_H

#include "auth/throttle.h"
#include "base/guid.h"
#include "base/htab.h"
#include "base/list.h"
#include "base/timerq.h"
#include "core/compression.h"
#include "core/core.h"
#include "core/credits.h"
#include "crypto/preauth.h"
#include "crypto/seal.h"
#include "crypto/sign.h"

struct chain;

#define CORE_CONN_MAGIC 0x534b434eu

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
    struct timer end_timer;  /* when it is CLOSING: takes leave of its sessions */
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
    bool constrained;  /* ConstrainedConnection: nobody has authenticated yet, but anonymously */
    bool multi_credit; /* SupportsMultiCredit */
    enum crypto_cipher cipher;
    enum crypto_sign_alg signing; /* SigningAlgorithmId */
    bool signing_required;        /* Connection.ShouldSign: the client asked for it */
    struct core_compression compression;
    bool compression_asked; /* and so must be answered, also with none */
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
/* What was sent must arrive soon, or the connection is lost: see core_host.expect. */
void conn_expect(struct core_conn *conn);

#endif
