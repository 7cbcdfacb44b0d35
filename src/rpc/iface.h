// SPDX-License-Identifier: Apache-2.0
/*
 * Interfaces: tables of operations, each with the records of its parameters (ndr.h) and a handler
 * that fills the answer's struct. A handler sees no bytes, cannot fail half-way, and what it
 * allocates goes with the call.
 */
#ifndef RPC_IFACE_H
#define RPC_IFACE_H

#include "rpc/directory.h"
#include "rpc/ndr.h"
#include "rpc/pdu.h"
#include "rpc/win32.h"

struct rpc_handles;

struct rpc_call {
    struct arena *arena;
    const struct rpc_directory *directory;
    const struct rpc_caller *caller;
    struct rpc_handles *handles; /* of the association */
    const struct rpc_endpoint *endpoint;
    uint64_t now;                    /* FILETIME */
    struct rpc_question *question;   /* for RPC_ASK */
    const struct rpc_answer *answer; /* of it; NULL: none was asked */
};

/* Not a status of a fault: call->question was filled in, with what lives as long as the call. The
   handler is called again, with the answer. */
#define RPC_ASK 0xffffffffu

/* `in` and `out` are the structs of the operation's records, `out` zeroed. 0, the status of a
   fault, or RPC_ASK. */
typedef uint32_t rpc_handler(struct rpc_call *call, const void *in, void *out);

struct rpc_operation {
    const char *name;
    const struct ndr_record *in, *out; /* NULL: no parameters */
    rpc_handler *run;
};

struct rpc_interface {
    const char *name;
    struct rpc_syntax syntax;
    const struct rpc_operation *const *operations; /* by opnum; NULL: there is none */
    size_t count;
};

#define RPC_INTERFACES_MAX 4

/* A pipe, and who listens behind it. */
struct rpc_endpoint {
    const char *name;                                           /* of the pipe */
    const char *address;                                        /* what a bind_ack says */
    const struct rpc_interface *interfaces[RPC_INTERFACES_MAX]; /* NULL after the last */
};

/* An element of an array of bytes. */
struct rpc_byte {
    uint8_t value;
};
extern const struct ndr_record rpc_byte_record;

/* The numbers of a UUID in the order of the wire. */
#define RPC_UUID(a, b, c, d0, d1, d2, d3, d4, d5, d6, d7)                                         \
    {                                                                                             \
        {                                                                                         \
            (uint8_t)(a), (uint8_t)((a) >> 8), (uint8_t)((a) >> 16), (uint8_t)((a) >> 24),        \
                (uint8_t)(b), (uint8_t)((b) >> 8), (uint8_t)(c), (uint8_t)((c) >> 8), d0, d1, d2, \
                d3, d4, d5, d6, d7                                                                \
        }                                                                                         \
    }

extern const struct rpc_interface rpc_srvsvc, rpc_wkssvc, rpc_lsarpc, rpc_samr, rpc_mgmt;

extern const struct rpc_syntax rpc_ndr32;

/* Faults ([MS-RPCE] 3.1.3.5.4, [C706] appendix E) */
#define RPC_FAULT_ACCESS_DENIED      0x00000005u
#define RPC_FAULT_BAD_STUB_DATA      0x000006f7u
#define NCA_S_FAULT_CONTEXT_MISMATCH 0x1c00001au
#define NCA_S_FAULT_NO_MEMORY        0x1c00001bu
#define NCA_S_OP_RNG_ERROR           0x1c010002u
#define NCA_S_UNK_IF                 0x1c010003u
#define NCA_S_PROTO_ERROR            0x1c01000bu

#endif
