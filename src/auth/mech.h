// SPDX-License-Identifier: Apache-2.0
/*
 * A security mechanism under SPNEGO, from the acceptor's side: one row of the table in auth.c.
 * Internal to src/auth.
 */
#ifndef AUTH_MECH_H
#define AUTH_MECH_H

#include "auth/auth.h"
#include "auth/blob.h"
#include "base/arena.h"

/* What an authentication ends with. Lives in the struct auth_context; the mechanism fills it. */
struct auth_outcome {
    struct arena arena; /* the identity's strings */
    struct auth_identity identity;
    uint32_t status;
    const char *reason;       /* constant text */
    const char *claimed_user; /* in the arena; NULL until the client has named somebody */
};

/* Records why and returns AUTH_FAILED. */
enum auth_result auth_fail(struct auth_outcome *o, uint32_t status, const char *reason);

/* Who is told when a pending step can go on; ready == NULL: nobody can wait. */
struct auth_waiter {
    void (*ready)(void *arg);
    void *arg;
};

struct auth_mech {
    const char *name;
    const struct auth_blob *oid; /* contents of the OID element in mechTypes */
    bool waits;                  /* may answer AUTH_PENDING */
    /* Does the server have it? */
    bool (*available)(const struct auth_config *config);
    /* Is this one of its tokens, without SPNEGO around it? */
    bool (*begins)(struct auth_blob token);
    /* NULL when memory is out. The waiter outlives the state. */
    void *(*create)(const struct auth_config *config, const struct auth_waiter *waiter);
    void (*destroy)(void *state); /* wipes keys */
    /* One token in, one token out (appended to an empty builder). Fills *o on AUTH_OK and
       AUTH_FAILED. After AUTH_PENDING it is called again without a token (data == NULL). */
    enum auth_result (*step)(void *state, struct auth_blob in, uint64_t now, struct builder *out,
                             struct auth_outcome *o);
    /* After AUTH_OK: does the mechanism share a key with the client for mechListMIC? */
    bool (*can_sign)(const void *state);
    /* The acceptor's MIC over `text`, and the check of the initiator's. */
    bool (*sign)(const void *state, struct auth_blob text, struct builder *mic);
    bool (*verify)(const void *state, struct auth_blob text, struct auth_blob mic);
};

extern const struct auth_mech auth_mech_ntlm;
/* The same under two names: that of Windows, and its own. */
extern const struct auth_mech auth_mech_ms_kerberos, auth_mech_kerberos;

/* What several mechanisms need. Both NULL when memory is out. */
const char *auth_concat(struct auth_outcome *o, const char *a, const char *b);
/* The identity of an account: its name, and the id that goes with it. */
NODISCARD bool auth_name_identity(struct auth_outcome *o, const char *account);

#endif
