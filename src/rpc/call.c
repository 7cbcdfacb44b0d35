// SPDX-License-Identifier: Apache-2.0
/*
 * Calls: the fragments of a request are put together, its operation is run, the answer goes out in
 * fragments ([C706] 12.6.4, [MS-RPCE] 3.3.1.5).
 */
#include "rpc/assoc_int.h"

static const struct ndr_field byte_fields[] = {NDR_F(NDR_U8, rpc_byte, value)};
const struct ndr_record rpc_byte_record = {byte_fields, 1, sizeof(struct rpc_byte)};

void rpc_partial_drop(struct rpc_partial *p)
{
    builder_free(&p->stub);
    *p = (struct rpc_partial){0};
    builder_init_grow(&p->stub, RPC_STUB_MAX);
}

bool rpc_fault(struct rpc_assoc *a, const struct rpc_pdu *p, uint32_t status)
{
    /* of these we know that no handler ran */
    bool not_run =
        status == NCA_S_OP_RNG_ERROR || status == NCA_S_UNK_IF || status == NCA_S_PROTO_ERROR;
    const struct rpc_pdu fault = {
        .type = RPC_FAULT,
        .flags = PFC_FIRST_FRAG | PFC_LAST_FRAG | (not_run ? PFC_DID_NOT_EXECUTE : 0),
        .call_id = p->call_id,
        .context_id = p->context_id,
        .status = status,
    };
    return rpc_assoc_send(a, &fault);
}

/* ---------------------------------------------------------------- the answer */

static bool send_answer(struct rpc_assoc *a, const struct rpc_pdu *p, const struct builder *stub)
{
    const bool protect = rpc_security_protects(&a->security);
    size_t room = a->max_xmit - RPC_STUB_OFFSET, at = 0;
    struct rpc_pdu answer = {
        .type = RPC_RESPONSE,
        .flags = PFC_FIRST_FRAG,
        .call_id = p->call_id,
        .context_id = p->context_id,
    };
    if (protect) {
        answer.auth = rpc_security_trailer(&a->security);
        room = (room - RPC_TRAILER_SIZE - answer.auth.value_len) & ~(size_t)15;
    }
    do {
        answer.stub = stub->data + at;
        answer.stub_len = MIN(stub->len - at, room);
        answer.alloc_hint = (uint32_t)(stub->len - at);
        at += answer.stub_len;
        if (at == stub->len)
            answer.flags |= PFC_LAST_FRAG;
        if (!rpc_assoc_send(a, &answer))
            return false;
        answer.flags = 0;
    } while (at < stub->len);
    return true;
}

/* ---------------------------------------------------------------- the call */

static const struct rpc_interface *interface_of(const struct rpc_assoc *a, uint16_t context_id)
{
    for (unsigned i = 0; i < a->context_count; i++)
        if (a->contexts[i].id == context_id)
            return a->contexts[i].interface;
    return NULL;
}

static void *new_params(struct arena *arena, const struct ndr_record *record)
{
    return arena_alloc(arena, record != NULL ? record->size : 1);
}

/* The handler, and its results as bytes. 0, the status of a fault, or RPC_ASK. */
static uint32_t run_handler(struct rpc_assoc *a, const struct rpc_waiting *w, struct arena *arena,
                            const struct rpc_answer *answer, struct builder *stub)
{
    struct rpc_call call = {
        .arena = arena,
        .directory = &a->service->directory,
        .caller = &a->caller,
        .handles = a->handles,
        .endpoint = a->endpoint,
        .now = a->now,
        .question = &a->waiting.question,
        .answer = answer,
    };
    uint32_t fault = w->operation->run(&call, w->params, w->results);
    if (fault == 0 && w->operation->out != NULL)
        ndr_encode(stub, w->operation->out, w->results);
    if (fault == 0 && builder_failed(stub))
        return NCA_S_FAULT_NO_MEMORY;
    return fault;
}

/* The same of a call that has just come. */
static uint32_t run(struct rpc_assoc *a, struct rpc_waiting *w, struct arena *arena,
                    struct builder *stub)
{
    const struct rpc_operation *op = w->operation;
    const struct builder *in = &a->call.stub;
    w->params = new_params(arena, op->in);
    w->results = new_params(arena, op->out);
    if (w->params == NULL || w->results == NULL)
        return NCA_S_FAULT_NO_MEMORY;
    if (op->in != NULL &&
        !ndr_decode(in->data, in->len, a->call.big_endian, arena, op->in, w->params))
        return RPC_FAULT_BAD_STUB_DATA;
    return run_handler(a, w, arena, NULL, stub);
}

/* The call keeps its arena, and what was asked; the caller's is empty then. */
static bool begin_waiting(struct rpc_assoc *a, const struct rpc_waiting *w, struct arena *arena)
{
    const struct rpc_question asked = a->waiting.question;
    a->waiting = *w;
    a->waiting.question = asked;
    a->waiting.arena = *arena;
    a->waiting.active = true;
    arena_init(arena, RPC_ARENA_MAX);
    return true;
}

static bool end_call(struct rpc_assoc *a, const struct rpc_pdu *p, uint32_t fault,
                     const struct builder *stub)
{
    return fault != 0 ? rpc_fault(a, p, fault) : send_answer(a, p, stub);
}

static bool execute(struct rpc_assoc *a, const struct rpc_pdu *p, struct arena *arena)
{
    const struct rpc_interface *f = interface_of(a, a->call.context_id);
    struct builder stub;
    if (f == NULL)
        return rpc_fault(a, p, NCA_S_UNK_IF);
    const struct rpc_operation *op = a->call.opnum < f->count ? f->operations[a->call.opnum] : NULL;
    if (op == NULL)
        return rpc_fault(a, p, NCA_S_OP_RNG_ERROR);
    struct rpc_waiting w = {.operation = op, .call_id = p->call_id, .context_id = p->context_id};
    builder_init_grow(&stub, RPC_ANSWER_MAX);
    uint32_t fault = run(a, &w, arena, &stub);
    bool ok = fault == RPC_ASK ? begin_waiting(a, &w, arena) : end_call(a, p, fault, &stub);
    builder_free(&stub);
    return ok;
}

bool rpc_resume(struct rpc_assoc *a, const struct rpc_answer *answer)
{
    struct rpc_waiting w = a->waiting;
    const struct rpc_pdu p = {.call_id = w.call_id, .context_id = w.context_id};
    struct builder stub;
    bool ok = true;
    a->waiting = (struct rpc_waiting){0};
    if (!w.orphaned && a->state != RPC_BROKEN) {
        builder_init_grow(&stub, RPC_ANSWER_MAX);
        uint32_t fault = run_handler(a, &w, &w.arena, answer, &stub);
        ASSERT(fault != RPC_ASK); /* one question is enough for a call */
        ok = end_call(a, &p, fault, &stub);
        builder_free(&stub);
    }
    arena_clear(&w.arena);
    return ok;
}

/* ---------------------------------------------------------------- fragments */

/* The first fragment says what the call is; the others must belong to it. */
static bool begins_or_belongs(struct rpc_partial *call, const struct rpc_pdu *p)
{
    if (p->flags & PFC_FIRST_FRAG) {
        if (call->active)
            return false; /* one call at a time: we have not said that we multiplex */
        call->active = true;
        call->call_id = p->call_id;
        call->context_id = p->context_id;
        call->opnum = p->opnum;
        call->big_endian = p->big_endian;
        return true;
    }
    return call->active && call->call_id == p->call_id && call->opnum == p->opnum &&
           call->context_id == p->context_id && call->big_endian == p->big_endian;
}

/* Opens the fragment in a->in, where p->stub points. Not genuine: the call is given up. */
static bool genuine(struct rpc_assoc *a, const struct rpc_pdu *p)
{
    struct rpc_security *s = &a->security;
    bool ok = s->state == RPC_SECURITY_NONE || s->state == RPC_SECURITY_DONE;
    if (ok && rpc_security_protects(s))
        ok = rpc_security_open(s, a->in.data, a->in.len, p->stub_offset, &p->auth);
    if (!ok)
        rpc_partial_drop(&a->call);
    return ok;
}

bool rpc_request(struct rpc_assoc *a, const struct rpc_pdu *p, struct arena *arena)
{
    struct rpc_partial *call = &a->call;
    if (a->state != RPC_BOUND || !begins_or_belongs(call, p)) {
        bool told = rpc_fault(a, p, NCA_S_PROTO_ERROR);
        (void)told; /* it is over either way */
        return false;
    }
    if (!genuine(a, p))
        return rpc_fault(a, p, RPC_FAULT_ACCESS_DENIED);
    builder_bytes(&call->stub, p->stub, p->stub_len);
    if (builder_failed(&call->stub))
        call->too_long = true;
    if (!(p->flags & PFC_LAST_FRAG))
        return true;
    bool ok = call->too_long ? rpc_fault(a, p, NCA_S_FAULT_NO_MEMORY) : execute(a, p, arena);
    rpc_partial_drop(call);
    return ok;
}
