// SPDX-License-Identifier: Apache-2.0
/*
 * The client's side: makes the tokens that struct auth_context accepts. For the simulator, the
 * tests and the bench client; it plays, on request, the clients that differ from each other.
 *
 * Ownership: the configuration and its strings are borrowed and must outlive the client.
 * crypto_init must have succeeded. Threads: a client belongs to one thread at a time.
 */
#ifndef AUTH_CLIENT_H
#define AUTH_CLIENT_H

#include "auth/auth.h"

/* How this client differs from a current Windows. */
enum auth_client_option {
    AUTH_CLIENT_RAW = 1 << 0,              /* NTLMSSP without SPNEGO around it */
    AUTH_CLIENT_KERBEROS_FIRST = 1 << 1,   /* offers Kerberos with a token before NTLM */
    AUTH_CLIENT_NO_TOKEN = 1 << 2,         /* no optimistic token in NegTokenInit */
    AUTH_CLIENT_NO_MIC = 1 << 3,           /* no MIC in AUTHENTICATE */
    AUTH_CLIENT_NO_MECH_LIST_MIC = 1 << 4, /* sends none and expects none */
    AUTH_CLIENT_NO_KEY_EXCH = 1 << 5,
    AUTH_CLIENT_NO_SIGN = 1 << 6,           /* neither SIGN nor extended session security */
    AUTH_CLIENT_NO_DOMAIN_IN_HASH = 1 << 7, /* ([MS-NLMP] 3.2.5.1.2 "Retry using NIL") */
    AUTH_CLIENT_CHANNEL_BINDINGS = 1 << 8,  /* binds to a channel that is not there */
};

struct auth_client_config {
    const char *user;        /* "": anonymous */
    const char *domain;      /* may be "" */
    const char *workstation; /* may be NULL */
    const char *password;
    const char *target; /* MsvAvTargetName, as cifs/server; may be NULL */
    struct random_source random;
    unsigned options; /* enum auth_client_option */
    /* Kerberos, as somebody else has prepared it: the first token (NULL: NTLM), in its frame, and
       the key of AUTH_NT_HASH_SIZE bytes that it stands for. One round, no MIC of the list. */
    const void *ticket;
    size_t ticket_len;
    const uint8_t *ticket_key;
};

struct auth_client;

NODISCARD struct auth_client *auth_client_new(const struct auth_client_config *config);
/* Wipes keys. NULL is allowed. */
void auth_client_free(struct auth_client *c);

/*
 * Starts with in_len == 0 (a NegTokenInit2 from the NEGOTIATE response has no influence); then one
 * token from the server each time, in_len == 0 for none.
 * AUTH_CONTINUE: send what was appended to `out` and come back with the answer.
 * AUTH_OK: this side is content; when something was appended to `out` it must still be sent, and
 *          the server's verdict is in its status.
 * AUTH_FAILED: the server's token is wrong.
 */
NODISCARD enum auth_result auth_client_step(struct auth_client *c, const uint8_t *in, size_t in_len,
                                            uint64_t now, struct builder *out);

/* The session key, AUTH_NT_HASH_SIZE bytes; NULL before AUTHENTICATE was made. */
const uint8_t *auth_client_session_key(const struct auth_client *c);

#endif
