// SPDX-License-Identifier: Apache-2.0
/*
 * The three messages of NTLMSSP ([MS-NLMP] 2.2.1) and the AV_PAIR lists in them, both directions.
 * Only the codec: the rules stand in ntlm_accept.c (server) and ntlm_initiate.c (client).
 *
 * Ownership: decoded fields borrow the message. Encoders write at the start of an empty builder,
 * because the offsets in a message count from its first byte.
 */
#ifndef AUTH_NTLMSSP_H
#define AUTH_NTLMSSP_H

#include "auth/blob.h"
#include "base/builder.h"
#include "base/cursor.h"

/* NEGOTIATE ([MS-NLMP] 2.2.2.5) */
enum {
    NTLMSSP_NEGOTIATE_UNICODE = 0x00000001,
    NTLM_NEGOTIATE_OEM = 0x00000002,
    NTLMSSP_REQUEST_TARGET = 0x00000004,
    NTLMSSP_NEGOTIATE_SIGN = 0x00000010,
    NTLMSSP_NEGOTIATE_SEAL = 0x00000020,
    NTLMSSP_NEGOTIATE_LM_KEY = 0x00000080,
    NTLMSSP_NEGOTIATE_NTLM = 0x00000200,
    NTLMSSP_ANONYMOUS = 0x00000800,
    NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED = 0x00001000,
    NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED = 0x00002000,
    NTLMSSP_NEGOTIATE_ALWAYS_SIGN = 0x00008000,
    NTLMSSP_TARGET_TYPE_DOMAIN = 0x00010000,
    NTLMSSP_TARGET_TYPE_SERVER = 0x00020000,
    NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY = 0x00080000,
    NTLMSSP_NEGOTIATE_TARGET_INFO = 0x00800000,
    NTLMSSP_NEGOTIATE_VERSION = 0x02000000,
    NTLMSSP_NEGOTIATE_128 = 0x20000000,
    NTLMSSP_NEGOTIATE_KEY_EXCH = 0x40000000,
};
#define NTLMSSP_NEGOTIATE_56 0x80000000u /* does not fit an int, and so not the enum */

/* AvId ([MS-NLMP] 2.2.2.1) */
enum {
    MsvAvEOL = 0,
    MsvAvNbComputerName = 1,
    MsvAvNbDomainName = 2,
    MsvAvDnsComputerName = 3,
    MsvAvDnsDomainName = 4,
    MsvAvDnsTreeName = 5,
    MsvAvFlags = 6,
    MsvAvTimestamp = 7,
    MsvAvSingleHost = 8,
    MsvAvTargetName = 9,
    MsvAvChannelBindings = 10,
};

#define MSV_AV_FLAG_MIC 0x00000002u

#define NTLMSSP_CHALLENGE_SIZE 8
#define NTLMSSP_MIC_SIZE       16
/* A list longer than this is an attempt to make us search it again and again. */
#define NTLMSSP_AV_MAX 32
/* Fixed part of NTLMv2_CLIENT_CHALLENGE before its AvPairs ([MS-NLMP] 2.2.2.7) */
#define NTLMV2_CLIENT_CHALLENGE_SIZE 28

struct ntlmssp_negotiate {
    uint32_t flags;
    struct auth_blob domain, workstation; /* OEM text; only when the flags say so */
};

struct ntlmssp_challenge {
    uint32_t flags;
    uint8_t challenge[NTLMSSP_CHALLENGE_SIZE];
    struct auth_blob target_name; /* UTF-16LE */
    struct auth_blob target_info; /* AV_PAIRs */
};

struct ntlmssp_authenticate {
    uint32_t flags;
    struct auth_blob lm_response, nt_response;
    struct auth_blob domain, user, workstation; /* UTF-16LE */
    struct auth_blob session_key;               /* EncryptedRandomSessionKey */
    /* Where the MIC lies when the AV flags of the response say that there is one; 0: the message
       is too short or its payload begins earlier, so that there cannot be one. */
    size_t mic_offset;
};

/* NTLMv2_RESPONSE */
struct ntlmssp_v2_response {
    struct auth_blob proof;
    struct auth_blob temp; /* NTLMv2_CLIENT_CHALLENGE and all that follows */
    uint64_t time;
    struct auth_blob av_pairs;
};

/* The MessageType of something that begins with "NTLMSSP\0", else 0. */
uint32_t ntlmssp_type(const uint8_t *in, size_t len);

NODISCARD bool ntlmssp_decode_negotiate(const uint8_t *in, size_t len,
                                        struct ntlmssp_negotiate *out);
NODISCARD bool ntlmssp_decode_challenge(const uint8_t *in, size_t len,
                                        struct ntlmssp_challenge *out);
NODISCARD bool ntlmssp_decode_authenticate(const uint8_t *in, size_t len,
                                           struct ntlmssp_authenticate *out);
/* False also when the AvPairs are not a proper list. */
NODISCARD bool ntlmssp_decode_v2_response(struct auth_blob response,
                                          struct ntlmssp_v2_response *out);

void ntlmssp_encode_negotiate(struct builder *b, const struct ntlmssp_negotiate *m);
void ntlmssp_encode_challenge(struct builder *b, const struct ntlmssp_challenge *m);
/* With room for a MIC (zeros) at m->mic_offset when that is NTLMSSP_MIC_OFFSET, without when 0. */
void ntlmssp_encode_authenticate(struct builder *b, const struct ntlmssp_authenticate *m);

#define NTLMSSP_MIC_OFFSET 72

void ntlmssp_av_put(struct builder *b, uint16_t id, const void *value, size_t len);
/* Does the list end with MsvAvEOL, inside its bytes? What follows that is ignored. */
bool ntlmssp_av_valid(struct auth_blob list);
/* The next pair of a valid list; false at its end. `c` starts at the list's first byte. */
bool ntlmssp_av_next(struct cursor *c, uint16_t *id, struct auth_blob *value);
/* The first pair with that id; value->data == NULL and false when there is none. */
bool ntlmssp_av_find(struct auth_blob list, uint16_t id, struct auth_blob *value);

#endif
