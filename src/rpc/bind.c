// SPDX-License-Identifier: Apache-2.0
/*
 * Bind and alter_context ([MS-RPCE] 3.3.1.5.2, 3.3.1.5.3, [C706] 12.6.4): which interfaces, in
 * which transfer syntax. We speak NDR only. NDR64 is refused, and of the features that a bind can
 * negotiate there is none that we have, which is an answer too.
 */
#include "rpc/assoc_int.h"

const struct rpc_syntax rpc_ndr32 = {
    RPC_UUID(0x8a885d04, 0x1ceb, 0x11c9, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60), 2};

/* [MS-RPCE] 2.2.2.14: the rest of such a UUID is a set of flags. */
static const uint8_t features_prefix[8] = {0x2c, 0x1c, 0xb7, 0x6c, 0x12, 0x98, 0x40, 0x45};
#define FEATURES_NONE 0u

static bool is_features(const struct rpc_syntax *s)
{
    return memcmp(s->uuid.b, features_prefix, sizeof features_prefix) == 0 && s->version == 1;
}

static const struct rpc_interface *find_interface(const struct rpc_assoc *a,
                                                  const struct rpc_syntax *abstract)
{
    for (size_t i = 0; i < RPC_INTERFACES_MAX; i++) {
        const struct rpc_interface *f = a->endpoint->interfaces[i];
        if (f == NULL)
            break;
        /* the same major version, and a minor one that we have ([C706] 6.1.3) */
        if (guid_equal(&f->syntax.uuid, &abstract->uuid) &&
            (uint16_t)f->syntax.version == (uint16_t)abstract->version &&
            f->syntax.version >> 16 >= abstract->version >> 16)
            return f;
    }
    return NULL;
}

/* Remembers it; an alter_context may name an id again. */
static bool remember(struct rpc_assoc *a, uint16_t id, const struct rpc_interface *f)
{
    for (unsigned i = 0; i < a->context_count; i++) {
        if (a->contexts[i].id == id) {
            a->contexts[i].interface = f;
            return true;
        }
    }
    if (a->context_count == RPC_CONTEXTS_MAX)
        return false;
    a->contexts[a->context_count++] = (struct rpc_bound){id, f};
    return true;
}

static struct rpc_result reject(uint16_t reason)
{
    return (struct rpc_result){.result = RPC_PROVIDER_REJECTION, .reason = reason};
}

static struct rpc_result judge(struct rpc_assoc *a, const struct rpc_context *x)
{
    bool ndr = false;
    const struct rpc_interface *f = find_interface(a, &x->abstract);
    for (unsigned i = 0; i < x->transfer_count; i++) {
        if (is_features(&x->transfers[i]))
            return (struct rpc_result){.result = RPC_NEGOTIATE_ACK, .reason = FEATURES_NONE};
        ndr = ndr || rpc_syntax_equal(&x->transfers[i], &rpc_ndr32);
    }
    if (f == NULL)
        return reject(RPC_ABSTRACT_SYNTAX_NOT_SUPPORTED);
    if (!ndr)
        return reject(RPC_TRANSFER_SYNTAXES_NOT_SUPPORTED);
    if (!remember(a, x->id, f))
        return reject(RPC_LOCAL_LIMIT_EXCEEDED);
    return (struct rpc_result){.result = RPC_ACCEPTANCE, .transfer = rpc_ndr32};
}

static bool nak(struct rpc_assoc *a, const struct rpc_pdu *p, uint16_t reason)
{
    const struct rpc_pdu answer = {
        .type = RPC_BIND_NAK,
        .flags = PFC_FIRST_FRAG | PFC_LAST_FRAG,
        .call_id = p->call_id,
        .nak_reason = reason,
    };
    return rpc_assoc_send(a, &answer);
}

static uint16_t clamp(uint16_t size)
{
    return (uint16_t)MIN(MAX(size, RPC_FRAG_MIN), RPC_FRAG_MAX);
}

/* A token in, a token out; the end of the authentication changes who calls. False: memory is out,
   or the client is not who it says. */
static bool authenticate(struct rpc_assoc *a, const struct rpc_pdu *p, struct builder *token)
{
    struct rpc_security *s = &a->security;
    const bool before = s->state == RPC_SECURITY_DONE;
    if (!rpc_security_step(s, a->service->auth, &p->auth, a->now, token))
        return false;
    if (s->state == RPC_SECURITY_DONE && !before)
        return rpc_assoc_identify(a, rpc_security_identity(s));
    return s->state != RPC_SECURITY_FAILED;
}

static bool answer_with_token(struct rpc_assoc *a, const struct rpc_pdu *p, struct rpc_pdu *answer)
{
    struct builder token;
    builder_init_grow(&token, RPC_FRAG_MIN);
    bool ok = authenticate(a, p, &token) && !builder_failed(&token);
    answer->flags |= p->flags & PFC_SUPPORT_HEADER_SIGN; /* we sign them in any case */
    answer->auth = p->auth;
    answer->auth.present = token.len > 0;
    answer->auth.value = token.data;
    answer->auth.value_len = (uint16_t)token.len;
    if (ok)
        ok = rpc_assoc_send(a, answer);
    else if (rpc_fault(a, p, RPC_FAULT_ACCESS_DENIED))
        ok = false;
    builder_free(&token);
    return ok;
}

/* What is wrong the client learns when it calls. */
bool rpc_auth3(struct rpc_assoc *a, const struct rpc_pdu *p)
{
    struct builder none;
    if (a->security.state != RPC_SECURITY_UNDER_WAY || !p->auth.present)
        return false;
    builder_init_grow(&none, RPC_FRAG_MIN);
    if (!authenticate(a, p, &none))
        a->security.state = RPC_SECURITY_FAILED;
    builder_free(&none);
    return true;
}

bool rpc_bind(struct rpc_assoc *a, const struct rpc_pdu *p, struct arena *arena)
{
    const bool first = p->type == RPC_BIND;
    if (first != (a->state == RPC_NEW))
        return first ? nak(a, p, RPC_NAK_REASON_NOT_SPECIFIED) : rpc_fault(a, p, NCA_S_PROTO_ERROR);
    if (p->auth.present && !rpc_security_known(a->service->auth, &p->auth))
        return nak(a, p, RPC_NAK_AUTH_TYPE_NOT_RECOGNIZED);
    struct rpc_pdu answer = {
        .type = first ? RPC_BIND_ACK : RPC_ALTER_CONTEXT_RESP,
        .flags = PFC_FIRST_FRAG | PFC_LAST_FRAG,
        .call_id = p->call_id,
        .secondary_address = first ? a->endpoint->address : NULL,
        .result_count = p->context_count,
        .results = arena_array(arena, MAX(p->context_count, 1), sizeof *answer.results),
    };
    if (answer.results == NULL)
        return false;
    if (first) {
        /* what they take is what we send, and the other way round */
        a->max_xmit = clamp(p->max_recv);
        a->group = p->assoc_group != 0 ? p->assoc_group : 1;
        a->state = RPC_BOUND;
    }
    answer.max_xmit = answer.max_recv = a->max_xmit;
    answer.assoc_group = a->group;
    for (unsigned i = 0; i < p->context_count; i++)
        answer.results[i] = judge(a, &p->contexts[i]);
    return p->auth.present ? answer_with_token(a, p, &answer) : rpc_assoc_send(a, &answer);
}
