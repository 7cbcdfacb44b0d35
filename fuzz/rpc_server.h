// SPDX-License-Identifier: Apache-2.0
/* A server's directory with a little of everything, for rpc_fuzz and the program that writes its
   seeds. */
#ifndef FUZZ_RPC_SERVER_H
#define FUZZ_RPC_SERVER_H

#include "rpc/iface.h"
#include "rpc/rpc.h"

struct rpc_server {
    struct auth_config auth;
    struct rpc_service service;
    struct rpc_budget budget;
};

extern const char *const rpc_server_pipes[];
#define RPC_SERVER_PIPES 7

void rpc_server_init(struct rpc_server *s);
/* An association; `bound`: its interfaces are bound to contexts 0, 1, ... NULL: memory is out. */
struct rpc_assoc *rpc_server_open(struct rpc_server *s, unsigned pipe, bool bound);
/* The fragment that binds them. */
void rpc_server_bind(struct builder *b, const struct rpc_endpoint *e);

#endif
