// SPDX-License-Identifier: Apache-2.0
/* Calls that list something: see list.h. */
#include "rpc/list.h"

#define PIECE_MAX (1u << 20) /* bytes, also for a client that says it wants all of it */

static const struct ndr_field u32_fields[] = {NDR_F(NDR_U32, rpc_u32, value)};
const struct ndr_record rpc_u32_record = {u32_fields, 1, sizeof(struct rpc_u32)};

static const struct ndr_field none_fields[] = {
    NDR_F(NDR_U32, rpc_rows, count),
    NDR_A(NDR_ARRAY, rpc_rows, v, count, rpc_u32_record, RPC_LIST_MAX),
};
const struct ndr_record rpc_list_none = {none_fields, ARRAY_LEN(none_fields),
                                         sizeof(struct rpc_rows)};

static uint32_t how_many(const struct ndr_record *element, const uint8_t *v, uint32_t count,
                         uint32_t bytes)
{
    uint32_t n = 0;
    size_t used = 0;
    while (n < count) {
        used += ndr_size(element, v + n * element->size);
        if (used > bytes && n > 0)
            break;
        n++;
    }
    return n;
}

const struct ndr_record *rpc_level(const struct ndr_arm *arms, uint32_t level)
{
    const struct ndr_record *arm = ndr_arm_of(arms, level);
    return arm != &rpc_list_none ? arm : NULL;
}

bool rpc_list_level(const struct ndr_arm *arms, const struct rpc_list_in *q,
                    struct rpc_list_out *out)
{
    out->list.level = q->list.level;
    if (rpc_level(arms, q->list.level) == NULL)
        out->result = ERROR_INVALID_LEVEL;
    return out->result == NERR_Success;
}

/* A client that does not say where it goes on cannot be told, but hears that there is more. */
static bool set_resume(struct rpc_call *call, const struct rpc_list_in *q, uint32_t at,
                       struct rpc_list_out *out)
{
    if (q->resume == NULL)
        return true;
    out->resume = arena_alloc(call->arena, sizeof *out->resume);
    if (out->resume == NULL)
        return false;
    out->resume->value = at;
    return true;
}

void rpc_list_answer(struct rpc_call *call, const struct ndr_arm *arms, const struct rpc_list_in *q,
                     const struct rpc_rows *all, struct rpc_list_out *out)
{
    const struct ndr_record *element = ndr_arm_of(arms, q->list.level)->fields[1].sub;
    uint32_t start = q->resume != NULL ? MIN(q->resume->value, all->count) : 0;
    const uint8_t *from = all->v;
    struct rpc_rows *rows = arena_alloc(call->arena, sizeof *rows);
    if (from != NULL)
        from += start * element->size;
    out->total = all->count - start;
    uint32_t count = how_many(element, from, out->total, MIN(q->preferred, PIECE_MAX));
    bool more = count < out->total;
    if (rows == NULL || !set_resume(call, q, more ? start + count : 0, out)) {
        out->result = ERROR_NOT_ENOUGH_MEMORY;
        return;
    }
    *rows = (struct rpc_rows){count, from};
    out->list.rows = rows;
    out->result = more ? ERROR_MORE_DATA : NERR_Success;
}
