// SPDX-License-Identifier: Apache-2.0
/*
 * A small SMB2 client for tests and measurements, sans-I/O: it makes messages and takes messages,
 * and owns neither a socket nor a clock. It speaks all dialects, signs and seals, and is a strict
 * witness: whatever the server promises is checked on every reply, and the first broken promise is
 * kept as a line of text (smbclient_violation):
 *
 *   - every request is answered exactly once; at most one interim response comes before, with an
 *     async id that no other outstanding request has, and the final response has the same one;
 *   - a reply repeats command, message id, session and tree of its request;
 *   - credits: never more than the configured maximum, never none left while nothing is
 * outstanding;
 *   - a signed request gets a signed reply, and every signature is right; a sealed request gets a
 *     sealed reply; on a session or share that wants encryption nothing comes in plain text;
 *   - the elements of a compound are aligned, and chained as NextCommand says.
 *
 *   smbclient --+-- sessions (one authentication state and one set of keys each)
 *               '-- requests (outstanding)
 *
 * Ownership: the configuration's strings are borrowed. Requests belong to the client; a request is
 * freed after the callback for its final response. Threads: a client belongs to one thread.
 */
#ifndef CLIENT_SMBCLIENT_H
#define CLIENT_SMBCLIENT_H

#include "auth/client.h"
#include "base/buf.h"
#include "base/list.h"
#include "crypto/kdf.h"
#include "crypto/nonce.h"
#include "wire/codec.h"
#include <smbkit/status.h>

struct smbclient_request;
struct smbclient_session;

/* One response, valid during the callback. */
struct smbclient_reply {
    const struct wire_hdr *hdr;
    struct cursor body; /* as the decoders of wire.h want it */
    bool interim;       /* STATUS_PENDING: the final one is still to come */
    bool is_signed, is_sealed;
};

struct smbclient_config {
    uint16_t dialects[8]; /* in the order of the wire */
    size_t dialect_count;
    uint16_t security_mode; /* SMB2_NEGOTIATE_SIGNING_* */
    uint32_t capabilities;  /* SMB2_GLOBAL_CAP_*, 3.x */
    struct guid guid;
    uint16_t ciphers[4]; /* 3.1.1; none: the context is left out */
    size_t cipher_count;
    uint16_t signings[3]; /* 3.1.1; likewise */
    size_t signing_count;
    /* 3.1.1; likewise. A client that offers some has both calls, which get `ctx`: a message (not
       yet sealed) replaced by a compressed one or left, and the message in a compressed one or
       NULL. */
    struct wire_ids compressions;
    uint32_t compression_flags;
    void (*pack)(void *ctx, struct builder *message);
    struct slice (*unpack)(void *ctx, const uint8_t *data, size_t len);
    struct random_source random;
    uint32_t max_credits; /* what the server was told to grant at most; 0: not checked */
    /* Called for every response that was found to be in order, interim ones too. */
    void (*reply)(void *ctx, struct smbclient_request *rq, const struct smbclient_reply *rp);
    /* Called for every notification of a break; NULL: they are only counted. */
    void (*told)(void *ctx, const struct wire_break_notification *n);
    void *ctx;
};

struct smbclient {
    struct smbclient_config config;
    bool negotiated;
    uint16_t dialect;
    uint16_t server_security_mode;
    uint32_t server_capabilities;
    struct guid server_guid;
    uint32_t max_transact, max_read, max_write;
    enum crypto_cipher cipher;
    enum crypto_sign_alg signing;
    struct wire_ids compressions; /* that the server has agreed to */
    uint32_t compression_flags;
    size_t unpacked; /* compressed messages that came */
    struct crypto_preauth preauth;
    bool multi_credit;

    uint64_t next_id;     /* the lowest message id never used */
    uint64_t end_id;      /* one past the highest that was granted */
    uint64_t reserved;    /* ids below next_id that are still to be used */
    struct list requests; /* smbclient_request.link, in the order of sending */
    size_t outstanding;
    size_t notifications; /* of breaks, so far */
    struct list sessions; /* smbclient_session.link */
    uint64_t now;         /* FILETIME, for the tokens; set by the owner */
    char violation[200];
};

enum smbclient_session_state {
    SMBCLIENT_SESSION_NEW,
    SMBCLIENT_SESSION_SETUP, /* a SESSION_SETUP is outstanding */
    SMBCLIENT_SESSION_STEP,  /* the next SESSION_SETUP is to be sent */
    SMBCLIENT_SESSION_VALID,
    SMBCLIENT_SESSION_DEAD, /* refused, logged off, or deleted by the server */
};

struct smbclient_session {
    struct list link;
    struct smbclient *client;
    enum smbclient_session_state state;
    struct auth_client_config who;
    uint64_t id;
    bool guest;     /* or anonymous: no keys */
    bool encrypt;   /* the server asked for it */
    bool seal;      /* the owner wants requests sealed */
    bool sign;      /* requests are signed; off only in tests */
    bool must_sign; /* one of both sides requires signing */
    struct auth_client *auth;
    bool content; /* our side of the authentication is through */
    struct builder token;
    struct crypto_preauth preauth;
    struct crypto_signer *signer;
    struct crypto_sealer *seal_out, *seal_in;
    struct crypto_nonce nonce;
    struct crypto_session_keys keys;
    enum crypto_sign_alg signing; /* of the connection that made the keys */
    bool binding;                 /* to be bound: `keys` and `signer` are of the first channel */
    smbkit_status status;         /* of the latest SESSION_SETUP response */
};

struct smbclient_request {
    struct list link;
    uint16_t command;
    uint16_t charge; /* ids it has used, at least 1 */
    uint64_t message_id;
    struct smbclient_session *session; /* or NULL */
    uint64_t session_id;
    uint32_t tree_id;
    bool is_signed, is_sealed, related;
    bool lenient; /* refused before the server can know its session: protection is not checked */
    bool tree_encrypts;
    bool interim;
    uint64_t async_id;
    uint8_t signature[CRYPTO_SIGN_LEN]; /* as sent */
    void *tag;                          /* the owner's */
};

/* One request of a message. */
struct smbclient_element {
    uint16_t command;
    const union wire_any *body; /* or NULL: `raw` stands behind the header as it is */
    const void *raw;
    size_t raw_len;
    struct smbclient_session *session;
    uint32_t tree_id;
    bool tree_encrypts; /* the share wants encryption: the reply must be sealed */
    bool related;
    bool replay; /* SMB2_FLAGS_REPLAY_OPERATION */
    bool dfs;    /* SMB2_FLAGS_DFS_OPERATIONS */
    uint16_t channel_sequence;
    uint16_t credits; /* asked for */
    uint16_t charge;  /* 0: what the payload needs */
    bool use_id;      /* take `message_id`, from smbclient_reserve, and not the next one */
    uint64_t message_id;
    void *tag;
};

enum smbclient_flag {
    SMBCLIENT_UNSIGNED = 1 << 0,      /* although the session signs */
    SMBCLIENT_PLAIN = 1 << 1,         /* although the session seals */
    SMBCLIENT_BAD_SIGNATURE = 1 << 2, /* or a bad tag of the sealed message */
    SMBCLIENT_LENIENT = 1 << 3,
};

bool smbclient_init(struct smbclient *c, const struct smbclient_config *config);
/* Sessions and outstanding requests are dropped; their tags are the owner's business. */
void smbclient_free(struct smbclient *c);
/* What the server broke, or NULL. */
const char *smbclient_violation(const struct smbclient *c);

/* How many ids, and so credits, are left. */
static inline uint64_t smbclient_credits(const struct smbclient *c)
{
    return c->end_id - c->next_id;
}
/* Takes ids out of the sequence, to be used later: SMB2 lets a client use them in any order. */
uint64_t smbclient_reserve(struct smbclient *c, uint16_t charge);
/* The credit charge of a request ([MS-SMB2] 3.1.5.2); 1 where there is no multi-credit. */
uint16_t smbclient_charge(const struct smbclient *c, uint16_t command, const union wire_any *body);

/* Each of these appends one whole message, without transport header, to an empty builder. False:
   memory or credits are out, or the session cannot go on; nothing is outstanding then. */
NODISCARD bool smbclient_negotiate(struct smbclient *c, struct builder *out);
NODISCARD bool smbclient_send(struct smbclient *c, const struct smbclient_element *v, size_t n,
                              unsigned flags, struct builder *out);
/* The next SESSION_SETUP of a session in state NEW, STEP, or VALID (authenticates again). */
NODISCARD bool smbclient_session_setup(struct smbclient_session *s, uint64_t previous_id,
                                       struct builder *out);
/* CANCEL of an outstanding request. */
NODISCARD bool smbclient_cancel(struct smbclient *c, const struct smbclient_request *rq,
                                struct builder *out);

/* `who` is borrowed for the session's life, with all its strings. NULL: memory is out. */
NODISCARD struct smbclient_session *smbclient_session_new(struct smbclient *c,
                                                          const struct auth_client_config *who);

/* A session of another connection, to be bound to this one by smbclient_session_setup. */
NODISCARD struct smbclient_session *smbclient_session_bind(struct smbclient *c,
                                                           const struct smbclient_session *first,
                                                           const struct auth_client_config *who);

/* One received message; decrypts in place. False: see smbclient_violation. */
NODISCARD bool smbclient_receive(struct smbclient *c, uint8_t *data, size_t len);

#endif
