// SPDX-License-Identifier: Apache-2.0
/* The NTLM half of struct auth_client. Internal to src/auth. */
#ifndef AUTH_NTLM_INITIATE_H
#define AUTH_NTLM_INITIATE_H

#include "auth/client.h"
#include "auth/ntlm_keys.h"

struct ntlm_initiator {
    const struct auth_client_config *config;
    struct auth_blob negotiate; /* from mem.h; NULL until it was made */
    struct ntlm_keys keys;
};

void ntlm_initiator_clear(struct ntlm_initiator *n);
/* Appends to an empty builder. False when memory is out. */
NODISCARD bool ntlm_initiator_negotiate(struct ntlm_initiator *n, struct builder *out);
/* CHALLENGE in, AUTHENTICATE appended to an empty builder. False when the challenge is malformed or
   memory is out. */
NODISCARD bool ntlm_initiator_authenticate(struct ntlm_initiator *n, struct auth_blob challenge,
                                           uint64_t now, struct builder *out);

#endif
