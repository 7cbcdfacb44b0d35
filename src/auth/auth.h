// SPDX-License-Identifier: Apache-2.0
/*
 * Server side of authentication: takes the security blobs of SESSION_SETUP requests and says who
 * the client is. Speaks SPNEGO (RFC 4178, [MS-SPNG]) and, inside it or bare, NTLMSSP with NTLMv2
 * ([MS-NLMP]) and, if there is somebody for it (kerberos.h), Kerberos. NTLMv1 and LM responses are
 * never accepted.
 *
 * Pure: no clock, no files, no I/O. Time is passed in, random bytes and password hashes come from
 * the configuration.
 *
 * One struct auth_context is one authentication:
 *
 *     auth_context_new -> auth_step -> AUTH_CONTINUE -> auth_step -> ... -> AUTH_OK
 *                                 \                                    \-> AUTH_FAILED
 *
 * AUTH_OK and AUTH_FAILED are final: a further auth_step fails. A second attempt, and the
 * re-authentication of a session, take a new context.
 *
 * Ownership: the configuration and everything it points to is borrowed and must outlive its
 * contexts. The identity belongs to its context; auth_context_free wipes it.
 * crypto_init must have succeeded before the first context.
 * Threads: a context belongs to one thread at a time. A configuration may be shared by threads when
 * its random source and credential source may.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "auth/kerberos.h"
#include "base/builder.h"
#include "base/random.h"

#define AUTH_NT_HASH_SIZE    16
#define AUTH_SESSION_KEY_MAX KERBEROS_KEY_MAX /* NTLM gives 16, Kerberos up to 32 */
#define AUTH_NAME_MAX        256 /* longest user name of a credential source, in bytes of UTF-8 */
#define AUTH_USER_ID_MAX     (AUTH_NAME_MAX + 16)
/* Stops a client that has not authenticated from making us keep or parse much. */
#define AUTH_BLOB_MAX_DEFAULT 16384

/* What a credential source knows about a name. */
struct auth_credential {
    uint8_t nt_hash[AUTH_NT_HASH_SIZE]; /* MD4 of the UTF-16LE password */
    char name[AUTH_NAME_MAX + 1];       /* the account's own spelling */
    bool disabled;                      /* the right password gives STATUS_ACCOUNT_DISABLED */
    bool no_password;                   /* nt_hash says nothing: no response is ever right */
};

struct auth_credential_source {
    /* Looks a name up without regard to case; user and domain are UTF-8 as the client sent them
       (the user part of user@REALM and DOMAIN\user already split off), never NULL. A source with
       one flat list ignores the domain. True and *out filled when there is such a user. *out is
       zeroed before the call and wiped after it. */
    bool (*lookup)(void *ctx, const char *user, const char *domain, struct auth_credential *out);
    void *ctx;
};

/* All names are UTF-8; NULL or "" leaves the optional ones out. */
struct auth_config {
    const char *netbios_computer; /* required, at most 15 characters by custom */
    const char *netbios_domain;   /* NULL: the computer name, as a server outside a domain */
    const char *dns_computer;     /* optional */
    const char *dns_domain;       /* optional */
    bool domain_member;           /* TargetName is the domain and not the computer */

    struct random_source random;
    struct auth_credential_source credentials;

    const struct auth_kerberos *kerberos; /* NULL: no Kerberos */
    /* The realm whose users log on; NULL or "": that of the server's own principal. */
    const char *kerberos_realm;
    /* Its users, separated by '+', who may log on without being among the credentials; "*": all.
       NULL: none. */
    const char *kerberos_users;

    bool allow_anonymous;      /* empty user name and empty response */
    bool allow_guest;          /* an unknown user name becomes guest; a wrong password never does */
    const char *guest_account; /* NULL: "Guest" */

    /* A response bound to another channel (a TLS connection) was not made for us and is refused;
       set this when a client is known to send bindings over SMB. */
    bool ignore_channel_bindings;
    /* Leaves MsvAvTimestamp out of the challenge: modern clients then send no MIC. For tests with
       the vectors of [MS-NLMP] 4.2.4 only. */
    bool omit_timestamp;
    /* Largest difference between the client's time and ours, 100 ns units; 0: 36 hours
       ([MS-NLMP] 3.1.1.1 MaxLifetime), UINT64_MAX: not checked. */
    uint64_t max_lifetime;
    size_t blob_max; /* longest blob from a client, bytes; 0: AUTH_BLOB_MAX_DEFAULT */
};

enum auth_result {
    AUTH_CONTINUE, /* answer STATUS_MORE_PROCESSING_REQUIRED with the token in `out` */
    AUTH_OK,       /* answer with the token in `out` (may be empty); auth_identity is valid */
    AUTH_FAILED,   /* answer auth_status(); `out` may hold a SPNEGO reject, which SMB2 has no place
                      for */
    /* A mechanism asks somebody else. The owner parks the SESSION_SETUP request; when `ready` of
       the waiter has been called, it calls auth_step with in == NULL and in_len == 0, which gives
       the result of the parked step. Freeing the context cancels; `ready` is not called then. */
    AUTH_PENDING,
};

/* The NTSTATUS values that auth_status gives ([MS-ERREF] 2.3.1); spelt here because this layer
   lies below the one that owns the table of statuses. */
#define AUTH_STATUS_SUCCESS                0u
#define AUTH_STATUS_INVALID_PARAMETER      0xC000000Du /* a malformed token, or out of turn */
#define AUTH_STATUS_LOGON_FAILURE          0xC000006Du /* wrong in any way we do not explain */
#define AUTH_STATUS_ACCOUNT_DISABLED       0xC0000072u /* with the right password only */
#define AUTH_STATUS_INSUFFICIENT_RESOURCES 0xC000009Au /* memory, or no room in `out` */
#define AUTH_STATUS_NOT_SUPPORTED          0xC00000BBu /* no mechanism in common */

struct auth_identity {
    const char *user; /* the account's own spelling; the guest account's name; "" when anonymous */
    const char *domain;      /* as the client said it; may be "" */
    const char *workstation; /* as the client said it, unverified: for the log; may be "" */
    /* Same for every logon of the same account, however spelt: "user:<name>", "guest" or
       "anonymous". For owners of durable handles and for comparing on re-authentication. */
    const char *user_id;
    bool is_guest;
    bool is_anonymous;
    /* For guest and anonymous the key protects nothing: do not sign or seal with it
       ([MS-SMB2] 3.3.5.5.3). */
    uint8_t session_key[AUTH_SESSION_KEY_MAX];
    size_t session_key_len;
    /* For signing and sealing by the application; 0: not NTLM. NegotiateFlags as finally
       negotiated, and the sequence number that messages begin with: a mechListMIC counts as one
       when the AUTHENTICATE_MESSAGE has a MIC ([MS-SPNG] 3.2.5.1 resets the RC4 handle only). */
    uint32_t ntlm_flags;
    uint32_t ntlm_sequence;
    bool ntlm_mic; /* AUTHENTICATE_MESSAGE had a MIC */
    /* How long the proof holds, ns from when it was given; 0: for ever ([MS-SMB2] 3.3.5.5.3) */
    uint64_t lifetime;
};

struct auth_context;

/* NULL when memory is out. */
NODISCARD struct auth_context *auth_context_new(const struct auth_config *config);
/* Before each step: its owner can wait, and this is whom to tell. For one who cannot there is no
   Kerberos. `ready` is called on the thread of the context, never from inside auth_step. */
void auth_context_set_waiter(struct auth_context *a, void (*ready)(void *arg), void *arg);
/* Wipes keys. NULL is allowed. */
void auth_context_free(struct auth_context *a);

/* One blob from the client. `now` is a FILETIME (100 ns since 1601 UTC). Appends the answer to
 * `out`. */
NODISCARD enum auth_result auth_step(struct auth_context *a, const uint8_t *in, size_t in_len,
                                     uint64_t now, struct builder *out);

/* Why it failed, as an NTSTATUS; 0 unless auth_step returned AUTH_FAILED. */
uint32_t auth_status(const struct auth_context *a);
/* The same for the log: one short English sentence without client data, "" when it did not fail. */
const char *auth_failure_reason(const struct auth_context *a);
/* Whom the client says it is, unverified, also when it failed: for the log (through log_escape) and
   for counting failures. "" when it named nobody. */
const char *auth_claimed_user(const struct auth_context *a);
/* NULL before AUTH_OK. Valid until the context is freed. */
const struct auth_identity *auth_identity(const struct auth_context *a);

/* Appends the NegTokenInit2 that the NEGOTIATE response carries ([MS-SPNG] 3.2.5.2). Returns its
   length, 0 when it does not fit. */
size_t auth_initial_token(const struct auth_config *config, struct builder *out);

#endif
