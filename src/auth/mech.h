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

struct auth_mech {
    const char *name;
    const struct auth_blob *oid; /* contents of the OID element in mechTypes */
    const char *signature;       /* how a token without SPNEGO begins; NULL: always inside */
    size_t signature_len;
    /* NULL when memory is out. */
    void *(*create)(const struct auth_config *config);
    void (*destroy)(void *state); /* wipes keys */
    /* One token in, one token out (appended to an empty builder). Fills *o on AUTH_OK and
       AUTH_FAILED. */
    enum auth_result (*step)(void *state, struct auth_blob in, uint64_t now, struct builder *out,
                             struct auth_outcome *o);
    /* After AUTH_OK: does the mechanism share a key with the client for mechListMIC? */
    bool (*can_sign)(const void *state);
    /* The acceptor's MIC over `text`, and the check of the initiator's. */
    bool (*sign)(const void *state, struct auth_blob text, struct builder *mic);
    bool (*verify)(const void *state, struct auth_blob text, struct auth_blob mic);
};

extern const struct auth_mech auth_mech_ntlm;

#endif
