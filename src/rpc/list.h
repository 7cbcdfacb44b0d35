// SPDX-License-Identifier: Apache-2.0
/*
 * Calls that list something ([MS-SRVS] 3.1.4, [MS-WKST] 3.2.4): all have the same form. A client
 * names a level, how many bytes it wants at most and where it goes on; it hears how many there are,
 * and where to go on. At least one element is given, so that everybody gets to the end.
 */
#ifndef RPC_LIST_H
#define RPC_LIST_H

#include "rpc/iface.h"

#define RPC_LIST_MAX 65536u /* elements that a client can send; we take none of them */

struct rpc_u32 {
    uint32_t value;
};
extern const struct ndr_record rpc_u32_record;

struct rpc_rows {
    uint32_t count;
    const void *v;
};

struct rpc_list {
    uint32_t level;
    struct rpc_rows *rows;
};

struct rpc_list_in {
    const char *server;
    const char *name, *user; /* what some lists are cut down to */
    struct rpc_list list;
    uint32_t preferred;
    struct rpc_u32 *resume;
};

struct rpc_list_out {
    struct rpc_list list;
    uint32_t total;
    struct rpc_u32 *resume;
    uint32_t result;
};

/* A container of elements. */
#define RPC_ROWS(name, element)                                 \
    NDR_RECORD(name, rpc_rows, NDR_F(NDR_U32, rpc_rows, count), \
               NDR_A(NDR_ARRAY, rpc_rows, v, count, element, RPC_LIST_MAX))

#define RPC_LIST_SERVER NDR_F(NDR_WSTR, rpc_list_in, server)
#define RPC_LIST_NAME   NDR_F(NDR_WSTR, rpc_list_in, name)
#define RPC_LIST_USER   NDR_F(NDR_WSTR, rpc_list_in, user)

/* The records name_in and name_out of a call; `arms` are its containers, what follows are the
   parameters in front of the list. */
#define RPC_LIST(name, arms, ...)                                                              \
    NDR_RECORD(name##_list, rpc_list, NDR_F(NDR_U32, rpc_list, level),                         \
               NDR_U(NDR_UNION_PTR, rpc_list, rows, level, arms, 4));                          \
    NDR_RECORD(name##_in, rpc_list_in, __VA_ARGS__,                                            \
               NDR_SUB(NDR_STRUCT, rpc_list_in, list, name##_list),                            \
               NDR_F(NDR_U32, rpc_list_in, preferred),                                         \
               NDR_SUB(NDR_PTR, rpc_list_in, resume, rpc_u32_record));                         \
    NDR_RECORD(name##_out, rpc_list_out, NDR_SUB(NDR_STRUCT, rpc_list_out, list, name##_list), \
               NDR_F(NDR_U32, rpc_list_out, total),                                            \
               NDR_SUB(NDR_PTR, rpc_list_out, resume, rpc_u32_record),                         \
               NDR_F(NDR_U32, rpc_list_out, result))

/* The container of a level that this list does not have, but whose place in an answer clients
   know. */
extern const struct ndr_record rpc_list_none;

/* The record of a level that can be had, or NULL. */
const struct ndr_record *rpc_level(const struct ndr_arm *arms, uint32_t level);
/* Is there such a level? Sets out->list.level, and out->result when there is not. */
bool rpc_list_level(const struct ndr_arm *arms, const struct rpc_list_in *q,
                    struct rpc_list_out *out);
/* Answers with `all`, or a piece of it. Sets out->result. */
void rpc_list_answer(struct rpc_call *call, const struct ndr_arm *arms, const struct rpc_list_in *q,
                     const struct rpc_rows *all, struct rpc_list_out *out);

#endif
