// SPDX-License-Identifier: Apache-2.0
/*
 * What both sides of an NTLM exchange have at its end, and the MICs made with it: that of
 * AUTHENTICATE_MESSAGE ([MS-NLMP] 3.1.5.1.2) and SPNEGO's mechListMIC. Internal to src/auth.
 * Ownership: a plain value; the owner wipes it.
 */
#ifndef AUTH_NTLM_KEYS_H
#define AUTH_NTLM_KEYS_H

#include "auth/blob.h"
#include "auth/ntlmssp.h"
#include "crypto/ntlm.h"

struct ntlm_keys {
    uint8_t exported[CRYPTO_NTLM_HASH_LEN]; /* ExportedSessionKey */
    uint32_t flags;                         /* as finally negotiated */
    bool shared; /* the peer has the same key: false before the end, and for guests */
};

bool ntlm_keys_can_sign(const struct ntlm_keys *k);
/* Each time with a fresh RC4 state and sequence number 0, so that the first message of the
   application has them again ([MS-SPNG] 3.2.5.1, 3.3.5.1). */
NODISCARD bool ntlm_keys_sign(const struct ntlm_keys *k, enum crypto_ntlm_mode mode,
                              struct auth_blob text, uint8_t mic[CRYPTO_NTLM_MAC_LEN]);
NODISCARD bool ntlm_keys_verify(const struct ntlm_keys *k, enum crypto_ntlm_mode mode,
                                struct auth_blob text, struct auth_blob mic);
/* Over the three messages; the third has a MIC field at mic_offset, which counts as zero. */
NODISCARD bool ntlm_keys_message_mic(const struct ntlm_keys *k, struct auth_blob negotiate,
                                     struct auth_blob challenge, struct auth_blob authenticate,
                                     size_t mic_offset, uint8_t mic[NTLMSSP_MIC_SIZE]);

#endif
