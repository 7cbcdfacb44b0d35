// SPDX-License-Identifier: Apache-2.0
/* Remote management ([C706] appendix Q): which interfaces a pipe has. Part of every pipe. */
#include "rpc/iface.h"

struct id {
    struct guid uuid;
    uint32_t version; /* two numbers of 16 bits */
};
NDR_RECORD(id_record, id, NDR_F(NDR_GUID, id, uuid), NDR_F(NDR_U32, id, version));

struct id_pointer {
    const struct id *id;
};
NDR_RECORD(id_pointer, id_pointer, NDR_SUB(NDR_PTR, id_pointer, id, id_record));

/* A struct that ends with its array: the array's own count moves in front, and equals the member.
 */
struct ids {
    uint32_t count;
    struct id_pointer *v;
};
NDR_RECORD(ids_record, ids, NDR_F(NDR_U32, ids, count),
           NDR_A(NDR_ARRAY_REF, ids, v, count, id_pointer, RPC_INTERFACES_MAX));

struct inq_out {
    struct ids *ids;
    uint32_t status;
};
NDR_RECORD(inq_out, inq_out, NDR_SUB(NDR_PTR, inq_out, ids, ids_record),
           NDR_F(NDR_U32, inq_out, status));

static uint32_t inq_if_ids(struct rpc_call *call, const void *in, void *out)
{
    struct inq_out *o = out;
    struct ids *ids = arena_alloc(call->arena, sizeof *ids);
    struct id *v = arena_array(call->arena, RPC_INTERFACES_MAX, sizeof *v);
    struct id_pointer *p = arena_array(call->arena, RPC_INTERFACES_MAX, sizeof *p);
    (void)in;
    if (ids == NULL || v == NULL || p == NULL)
        return NCA_S_FAULT_NO_MEMORY;
    for (unsigned i = 0; i < RPC_INTERFACES_MAX && call->endpoint->interfaces[i] != NULL; i++) {
        const struct rpc_syntax *s = &call->endpoint->interfaces[i]->syntax;
        v[i] = (struct id){s->uuid, s->version};
        p[i].id = &v[i];
        ids->count++;
    }
    ids->v = p;
    o->ids = ids;
    return 0;
}

static const struct rpc_operation mgmt_inq_if_ids = {"inq_if_ids", NULL, &inq_out, inq_if_ids};

struct number {
    uint32_t value;
};
NDR_RECORD(number, number, NDR_F(NDR_U32, number, value));

#define STATS_MAX 4 /* calls in, calls out, packets in, packets out */
struct stats_out {
    uint32_t count;
    const struct number *v;
    uint32_t status;
};
NDR_RECORD(stats_out, stats_out, NDR_F(NDR_U32, stats_out, count),
           NDR_A(NDR_ARRAY_REF, stats_out, v, count, number, STATS_MAX),
           NDR_F(NDR_U32, stats_out, status));

/* Nothing is counted here. */
static uint32_t inq_stats(struct rpc_call *call, const void *in, void *out)
{
    static const struct number zeros[STATS_MAX];
    const struct number *q = in;
    struct stats_out *o = out;
    (void)call;
    o->count = MIN(q->value, STATS_MAX);
    o->v = zeros;
    return 0;
}

static const struct rpc_operation mgmt_inq_stats = {"inq_stats", &number, &stats_out, inq_stats};

struct listening_out {
    uint32_t status, listening;
};
NDR_RECORD(listening_out, listening_out, NDR_F(NDR_U32, listening_out, status),
           NDR_F(NDR_U32, listening_out, listening));

static uint32_t is_listening(struct rpc_call *call, const void *in, void *out)
{
    struct listening_out *o = out;
    (void)call;
    (void)in;
    o->listening = 1;
    return 0;
}

static const struct rpc_operation mgmt_is_listening = {"is_server_listening", NULL, &listening_out,
                                                       is_listening};

/* Nobody ends a server by a call. */
static uint32_t stop_listening(struct rpc_call *call, const void *in, void *out)
{
    struct number *o = out;
    (void)call;
    (void)in;
    o->value = RPC_FAULT_ACCESS_DENIED;
    return 0;
}

static const struct rpc_operation mgmt_stop_listening = {"stop_server_listening", NULL, &number,
                                                         stop_listening};

static const struct rpc_operation *const operations[] = {
    &mgmt_inq_if_ids,
    &mgmt_inq_stats,
    &mgmt_is_listening,
    &mgmt_stop_listening,
};

const struct rpc_interface rpc_mgmt = {
    .name = "mgmt",
    .syntax = {RPC_UUID(0xafa8bd80, 0x7d8a, 0x11c9, 0xbe, 0xf4, 0x08, 0x00, 0x2b, 0x10, 0x29, 0x89),
               1},
    .operations = operations,
    .count = ARRAY_LEN(operations),
};
