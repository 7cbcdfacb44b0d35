// SPDX-License-Identifier: Apache-2.0
/* An association and the contract between its files: see rpc.h. */
#ifndef RPC_ASSOC_INT_H
#define RPC_ASSOC_INT_H

#include "base/list.h"
#include "base/mem.h"
#include "rpc/handles.h"
#include "rpc/rpc.h"
#include "rpc/security.h"
#include <string.h>

#define RPC_ASSOC_MAGIC 0x52504341u
/* Of one call: its parameters as structs, and what its handler makes. */
#define RPC_ARENA_MAX (16u << 20)

enum rpc_assoc_state {
    RPC_NEW,
    RPC_BOUND,
    RPC_BROKEN,
};

/* A message for the client: one fragment. */
struct rpc_message {
    struct list link;
    size_t len, taken;
    uint8_t data[];
};

/* A presentation context that was accepted. */
struct rpc_bound {
    uint16_t id;
    const struct rpc_interface *interface;
};

/* A request whose last fragment has not come. */
struct rpc_partial {
    bool active, too_long;
    bool big_endian;
    uint32_t call_id;
    uint16_t context_id, opnum;
    struct builder stub;
};

/* A call whose handler has asked. */
struct rpc_waiting {
    bool active;
    bool orphaned; /* nobody wants its answer */
    uint32_t call_id;
    uint16_t context_id;
    const struct rpc_operation *operation;
    struct arena arena; /* of the call: parameters, results, the question */
    void *params, *results;
    struct rpc_question question;
};

struct rpc_assoc {
    uint32_t magic;
    enum rpc_assoc_state state;
    const struct rpc_service *service;
    const struct rpc_endpoint *endpoint;
    struct rpc_caller caller; /* strings from mem.h */
    uint16_t max_xmit;        /* longest fragment that we send */
    uint32_t group;
    struct rpc_bound contexts[RPC_CONTEXTS_MAX];
    unsigned context_count;
    struct builder in; /* bytes of the fragment that is coming */
    struct rpc_partial call;
    struct rpc_waiting waiting;
    struct rpc_security security;
    struct rpc_handles *handles;
    struct list out; /* rpc_message.link */
    size_t unread, messages;
    struct rpc_budget *budget;
    size_t charged; /* of it */
    uint64_t now;
};

/* assoc.c: the client has said who it is inside the pipe. */
NODISCARD bool rpc_assoc_identify(struct rpc_assoc *a, const struct auth_identity *who);
/* assoc.c: a fragment for the client; answers to calls get protection. False: memory is out. */
NODISCARD bool rpc_assoc_send(struct rpc_assoc *a, const struct rpc_pdu *p);
/* bind.c: bind and alter_context. False: the association is broken. */
NODISCARD bool rpc_bind(struct rpc_assoc *a, const struct rpc_pdu *p, struct arena *arena);
/* bind.c: the last token of an authentication; there is no answer. */
NODISCARD bool rpc_auth3(struct rpc_assoc *a, const struct rpc_pdu *p);
/* call.c: a fragment of a request. The arena is taken over when the call waits. False: the
   association is broken. */
NODISCARD bool rpc_request(struct rpc_assoc *a, const struct rpc_pdu *p, struct arena *arena);
NODISCARD bool rpc_fault(struct rpc_assoc *a, const struct rpc_pdu *p, uint32_t status);
/* call.c: the call that waits goes on. False: the association is broken. */
NODISCARD bool rpc_resume(struct rpc_assoc *a, const struct rpc_answer *answer);
void rpc_partial_drop(struct rpc_partial *p);

#endif
