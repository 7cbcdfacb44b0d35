// SPDX-License-Identifier: Apache-2.0
/*
 * The PDUs of connection-oriented DCE/RPC ([C706] chapter 12, [MS-RPCE] 2.2.2): one call takes one
 * fragment apart, one makes one. Pure; nothing is kept.
 *
 * Decoding takes both byte orders; what we make is little-endian. Arrays live in the arena, stub
 * and authentication bytes are borrowed from the input.
 */
#ifndef RPC_PDU_H
#define RPC_PDU_H

#include "base/arena.h"
#include "base/builder.h"
#include "base/cursor.h"
#include "base/guid.h"

enum rpc_pdu_type {
    RPC_REQUEST = 0,
    RPC_RESPONSE = 2,
    RPC_FAULT = 3,
    RPC_BIND = 11,
    RPC_BIND_ACK = 12,
    RPC_BIND_NAK = 13,
    RPC_ALTER_CONTEXT = 14,
    RPC_ALTER_CONTEXT_RESP = 15,
    RPC_AUTH3 = 16,
    RPC_SHUTDOWN = 17,
    RPC_CO_CANCEL = 18,
    RPC_ORPHANED = 19,
};

/* pfc_flags */
#define PFC_FIRST_FRAG          0x01
#define PFC_LAST_FRAG           0x02
#define PFC_SUPPORT_HEADER_SIGN 0x04 /* PFC_PENDING_CANCEL in requests */
#define PFC_CONC_MPX            0x10
#define PFC_DID_NOT_EXECUTE     0x20
#define PFC_MAYBE               0x40
#define PFC_OBJECT_UUID         0x80

#define RPC_HEADER_SIZE   16u
#define RPC_STUB_OFFSET   24u   /* of requests without an object, responses and faults + 8 */
#define RPC_TRAILER_SIZE  8u    /* sec_trailer, in front of auth_value */
#define RPC_FRAG_MIN      1432u /* everybody can receive that much ([C706] 12.6.3.1) */
#define RPC_FRAG_MAX      4280u /* what Windows offers on pipes; nothing longer is taken or sent */
#define RPC_CONTEXTS_MAX  32u   /* offered in one bind: stops a table without end */
#define RPC_TRANSFERS_MAX 8u    /* transfer syntaxes of each */

struct rpc_syntax {
    struct guid uuid;
    uint32_t version; /* major in the lower half */
};

struct rpc_context {
    uint16_t id;
    uint8_t transfer_count;
    struct rpc_syntax abstract;
    struct rpc_syntax *transfers;
};

/* p_result_t */
enum rpc_bind_result {
    RPC_ACCEPTANCE = 0,
    RPC_PROVIDER_REJECTION = 2,
    RPC_NEGOTIATE_ACK = 3, /* [MS-RPCE] 3.3.1.5.3: the reason is the features */
};
enum rpc_bind_reason {
    RPC_REASON_NOT_SPECIFIED = 0,
    RPC_ABSTRACT_SYNTAX_NOT_SUPPORTED = 1,
    RPC_TRANSFER_SYNTAXES_NOT_SUPPORTED = 2,
    RPC_LOCAL_LIMIT_EXCEEDED = 3,
};

struct rpc_result {
    uint16_t result, reason;
    struct rpc_syntax transfer;
};

/* p_reject_reason_t of a bind_nak */
enum rpc_nak_reason {
    RPC_NAK_REASON_NOT_SPECIFIED = 0,
    RPC_NAK_LOCAL_LIMIT_EXCEEDED = 2,
    RPC_NAK_PROTOCOL_VERSION_NOT_SUPPORTED = 4,
    RPC_NAK_AUTH_TYPE_NOT_RECOGNIZED = 8,
    RPC_NAK_INVALID_CHECKSUM = 9,
};

/* sec_trailer ([MS-RPCE] 2.2.2.11) */
struct rpc_trailer {
    bool present;
    uint8_t type, level, pad;
    uint32_t context_id;
    const uint8_t *value;
    uint16_t value_len;
};

struct rpc_pdu {
    uint8_t type, flags;
    bool big_endian;
    uint16_t frag_len;
    uint32_t call_id;
    /* bind, alter_context and their answers */
    uint16_t max_xmit, max_recv;
    uint32_t assoc_group;
    uint8_t context_count;
    struct rpc_context *contexts;
    const char *secondary_address;
    uint8_t result_count;
    struct rpc_result *results;
    uint16_t nak_reason;
    /* request, response, fault */
    uint32_t alloc_hint;
    uint16_t context_id, opnum;
    struct guid object;
    uint32_t status; /* of a fault */
    const uint8_t *stub;
    size_t stub_len; /* without the padding before the trailer */
    size_t stub_offset;
    struct rpc_trailer auth;
};

/* What the first bytes say of the fragment's length, or 0: fewer than RPC_HEADER_SIZE bytes are
   there. SIZE_MAX: no fragment of ours begins like this. */
size_t rpc_pdu_length(const uint8_t *data, size_t size);
/* A whole fragment of that length. False: malformed, or memory is out. */
NODISCARD bool rpc_pdu_decode(const uint8_t *data, size_t size, struct arena *a,
                              struct rpc_pdu *out);
/* Appends one fragment to an empty builder. frag_len and auth_length are found out here; auth.pad
   as well. auth.value == NULL leaves value_len zeroed bytes for a signature. */
void rpc_pdu_encode(struct builder *b, const struct rpc_pdu *p);

bool rpc_syntax_equal(const struct rpc_syntax *a, const struct rpc_syntax *b);

#endif
