// SPDX-License-Identifier: Apache-2.0
/*
 * The security context of an association ([MS-RPCE] 3.3.1.5.2): who the client is, said anew inside
 * the pipe, and signatures and encryption of its fragments. NTLM, bare or inside SPNEGO.
 *
 *   NONE --bind--> UNDER_WAY --auth3, alter_context--> DONE
 *                           '------------------------> FAILED: every call is refused
 */
#ifndef RPC_SECURITY_H
#define RPC_SECURITY_H

#include "auth/auth.h"
#include "crypto/ntlm.h"
#include "rpc/pdu.h"

enum rpc_security_state {
    RPC_SECURITY_NONE,
    RPC_SECURITY_UNDER_WAY,
    RPC_SECURITY_DONE,
    RPC_SECURITY_FAILED,
};

/* auth_type and auth_level */
#define RPC_C_AUTHN_GSS_NEGOTIATE     9
#define RPC_C_AUTHN_WINNT             10
#define RPC_C_AUTHN_LEVEL_CONNECT     2
#define RPC_C_AUTHN_LEVEL_PKT         4
#define RPC_C_AUTHN_LEVEL_PKT_PRIVACY 6

struct rpc_security {
    enum rpc_security_state state;
    struct auth_context *auth;
    uint8_t type, level;
    uint32_t context_id;
    struct crypto_ntlm_signer in, out; /* from the client, to it */
};

/* The most that a context takes: the tokens of both sides, a fragment each, the client's names, and
   the keys of both directions. */
#define RPC_SECURITY_COST (32u << 10)

void rpc_security_free(struct rpc_security *s);
/* Bytes that it takes, at most. */
size_t rpc_security_size(const struct rpc_security *s);
/* Is this a kind of protection that we have? */
bool rpc_security_known(const struct auth_config *config, const struct rpc_trailer *t);
/* A token of the client; the answer is appended to `token`. False: memory is out. */
NODISCARD bool rpc_security_step(struct rpc_security *s, const struct auth_config *config,
                                 const struct rpc_trailer *t, uint64_t now, struct builder *token);
/* Who the client is, once DONE; else NULL. */
const struct auth_identity *rpc_security_identity(const struct rpc_security *s);

/* Must fragments be protected? */
bool rpc_security_protects(const struct rpc_security *s);
/* Opens a fragment in place: stub and padding begin at `at`. False: it is not genuine. */
NODISCARD bool rpc_security_open(struct rpc_security *s, uint8_t *pdu, size_t size, size_t at,
                                 const struct rpc_trailer *t);
/* The trailer that an answer gets; its value is filled in by rpc_security_close. */
struct rpc_trailer rpc_security_trailer(const struct rpc_security *s);
/* Protects a finished fragment in place. */
NODISCARD bool rpc_security_close(struct rpc_security *s, uint8_t *pdu, size_t size, size_t at);

#endif
