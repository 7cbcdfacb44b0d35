// SPDX-License-Identifier: Apache-2.0
/*
 * Context handles of an association ([C706] 5.1.6): what a client has opened and names again. They
 * mean nothing in other associations, and go with theirs.
 */
#ifndef RPC_HANDLES_H
#define RPC_HANDLES_H

#include "rpc/iface.h"

#define RPC_HANDLE_SIZE 20
#define RPC_HANDLES_MAX 1024 /* of one association: stops a client that opens and never closes */

enum rpc_handle_kind {
    RPC_HANDLE_POLICY,
    RPC_HANDLE_SERVER,
    RPC_HANDLE_DOMAIN,
    RPC_HANDLE_USER,
    RPC_HANDLE_GROUP,
    RPC_HANDLE_ALIAS,
    RPC_HANDLE_SHARE, /* that is to be ended */
};

struct rpc_handle {
    enum rpc_handle_kind kind;
    struct wire_sid sid; /* of the domain, or of what was opened in it */
    const char *name;    /* of the share, or NULL */
};

/* NULL when memory is out. */
NODISCARD struct rpc_handles *rpc_handles_new(void);
/* NULL is allowed. */
void rpc_handles_free(struct rpc_handles *h);
/* Bytes of those that are open. */
size_t rpc_handles_size(const struct rpc_handles *h);

/* SUCCESS and the handle as it goes out, or INSUFFICIENT_RESOURCES. `sid` may be NULL. */
smbkit_status rpc_handle_open(struct rpc_call *call, enum rpc_handle_kind kind,
                              const struct wire_sid *sid, uint8_t out[RPC_HANDLE_SIZE]);
/* The same of what has a name; it is copied. */
smbkit_status rpc_handle_open_named(struct rpc_call *call, enum rpc_handle_kind kind,
                                    const char *name, uint8_t out[RPC_HANDLE_SIZE]);
/* NULL: there is none of this kind: INVALID_HANDLE. */
const struct rpc_handle *rpc_handle_find(const struct rpc_call *call, enum rpc_handle_kind kind,
                                         const uint8_t wire[RPC_HANDLE_SIZE]);
/* Any kind. False: there is none. */
bool rpc_handle_close(struct rpc_call *call, const uint8_t wire[RPC_HANDLE_SIZE]);

/* The call that closes one is the same in all interfaces: the handle comes back as zeros. */
extern const struct rpc_operation rpc_close_handle;

#endif
