// SPDX-License-Identifier: Apache-2.0
/*
 * The tokens of SPNEGO (RFC 4178 4.2, [MS-SPNG] 2.2.1), both directions. Only the codec: who sends
 * what when stands in auth.c (acceptor) and client.c (initiator).
 *
 * Ownership: decoded fields borrow the token.
 */
#ifndef AUTH_SPNEGO_H
#define AUTH_SPNEGO_H

#include "auth/der.h"

/* Windows offers up to five; a list is kept until the end of the authentication for mechListMIC. */
#define SPNEGO_MECH_MAX      16
#define SPNEGO_MECH_LIST_MAX 512

/* Contents of the OID elements. */
extern const struct auth_blob spnego_oid_ntlmssp; /* 1.3.6.1.4.1.311.2.2.10 */
extern const struct auth_blob spnego_oid_krb5;    /* 1.2.840.113554.1.2.2 */
extern const struct auth_blob spnego_oid_ms_krb5; /* 1.2.840.48018.1.2.2 ([MS-SPNG] 3.1.5.2 <9>) */

enum spnego_kind {
    SPNEGO_NONE, /* not SPNEGO at all */
    SPNEGO_INIT,
    SPNEGO_RESP,
};

enum spnego_state {
    SPNEGO_ACCEPT_COMPLETED = 0,
    SPNEGO_ACCEPT_INCOMPLETE = 1,
    SPNEGO_REJECT = 2,
    SPNEGO_REQUEST_MIC = 3,
    SPNEGO_STATE_ABSENT, /* ours, never on the wire */
};

struct spnego_init {
    struct auth_blob mechs[SPNEGO_MECH_MAX]; /* OID contents, the sender's favourite first */
    size_t mech_count;
    struct auth_blob
        mech_list; /* the encoded MechTypeList: what mechListMIC protects. Decode only. */
    struct auth_blob mech_token;
    struct auth_blob mech_list_mic;
    struct auth_blob hint_name; /* present: NegTokenInit2 */
};

struct spnego_resp {
    enum spnego_state state;
    struct auth_blob mech;
    struct auth_blob token;
    struct auth_blob mech_list_mic;
};

/* Looks at the first byte only. */
enum spnego_kind spnego_kind(const uint8_t *in, size_t len);
/* Reads NegTokenInit and NegTokenInit2, with or without the GSS-API frame (RFC 2743 3.1). */
NODISCARD bool spnego_decode_init(const uint8_t *in, size_t len, struct spnego_init *out);
NODISCARD bool spnego_decode_resp(const uint8_t *in, size_t len, struct spnego_resp *out);

/* Errors stick in the builder. */
void spnego_encode_init(struct builder *b, const struct spnego_init *t);
void spnego_encode_resp(struct builder *b, const struct spnego_resp *t);
/* Only the MechTypeList, as mechListMIC protects it. */
void spnego_encode_mech_list(struct builder *b, const struct spnego_init *t);

#endif
