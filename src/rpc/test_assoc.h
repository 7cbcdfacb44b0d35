// SPDX-License-Identifier: Apache-2.0
/*
 * A client for the tests of the pipes: a server's directory with a few shares, an association with
 * it, and calls through it, fragment by fragment. Include after cmocka.h.
 */
#ifndef RPC_TEST_ASSOC_H
#define RPC_TEST_ASSOC_H

#include "base/mem.h"
#include "rpc/iface.h"
#include "rpc/rpc.h"
#include <string.h>

struct client {
    struct rpc_service service;
    struct rpc_caller caller;
    struct rpc_budget budget;
    struct rpc_assoc *assoc;
    struct arena arena; /* of the latest answer */
    struct rpc_pdu pdu; /* its last fragment */
    unsigned fragments; /* how many it had */
    uint32_t call_id;
    unsigned shares; /* in the directory */
};

#define TEST_NOW 134000000000000000u /* 2025 */

static const struct wire_sid test_machine = {5, 4, {21, 1, 2, 3}};

static inline void test_identity(void *ctx, struct rpc_identity *out)
{
    (void)ctx;
    *out = (struct rpc_identity){"SERVER", "WORKGROUP", "a comment", test_machine};
}

static inline bool test_shares(void *ctx, const struct rpc_caller *who, struct arena *a,
                               struct rpc_shares *out)
{
    const struct client *c = ctx;
    (void)who;
    out->count = c->shares;
    out->v = arena_array(a, MAX(c->shares, 1), sizeof *out->v);
    if (out->v == NULL)
        return false;
    for (unsigned i = 0; i < c->shares; i++) {
        char *name = arena_strndup(a, "share0000", 9);
        if (name == NULL)
            return false;
        for (unsigned n = i, at = 8; at > 4; at--, n /= 10)
            name[at] = (char)('0' + n % 10);
        out->v[i] = (struct rpc_share){.name = name, .comment = "of a test", .path = "C:\\x"};
    }
    return true;
}

static inline void client_open(struct client *c, const char *pipe)
{
    *c = (struct client){
        .caller = {.user = "alice", .domain = "D"}, .budget.max = 64u << 20, .shares = 3};
    c->service.directory =
        (struct rpc_directory){.ctx = c, .identity = test_identity, .shares = test_shares};
    const struct rpc_endpoint *e = rpc_endpoint_find(pipe, strlen(pipe));
    assert_non_null(e);
    c->assoc = rpc_assoc_new(&c->service, e, &c->caller, &c->budget);
    assert_non_null(c->assoc);
    arena_init(&c->arena, 16u << 20);
}

static inline void client_close(struct client *c)
{
    rpc_assoc_free(c->assoc);
    assert_int_equal(c->budget.held, 0);
    arena_clear(&c->arena);
}

static inline smbkit_status client_send(struct client *c, struct rpc_pdu *p)
{
    struct builder b;
    builder_init_grow(&b, 65536);
    p->call_id = c->call_id;
    rpc_pdu_encode(&b, p);
    assert_false(builder_failed(&b));
    smbkit_status st = rpc_assoc_write(c->assoc, b.data, b.len, TEST_NOW);
    builder_free(&b);
    return st;
}

/* The next message, decoded; its bytes live in the arena. False: there is none. */
static inline bool client_receive(struct client *c)
{
    size_t n = rpc_assoc_message(c->assoc);
    if (n == 0)
        return false;
    uint8_t *bytes = arena_alloc(&c->arena, n);
    assert_non_null(bytes);
    assert_int_equal(rpc_assoc_read(c->assoc, bytes, n, false), n);
    assert_true(rpc_pdu_decode(bytes, n, &c->arena, &c->pdu));
    assert_int_equal(c->pdu.call_id, c->call_id);
    return true;
}

static inline struct rpc_context client_context(uint16_t id, const struct rpc_interface *f,
                                                const struct rpc_syntax *transfer)
{
    struct rpc_context x = {.id = id, .transfer_count = 1, .abstract = f->syntax};
    x.transfers = (struct rpc_syntax *)transfer;
    return x;
}

/* Binds context 0 to the interface; the answer is in c->pdu. */
static inline void client_bind(struct client *c, const struct rpc_interface *f, uint16_t max_recv)
{
    struct rpc_context x = client_context(0, f, &rpc_ndr32);
    struct rpc_pdu p = {
        .type = RPC_BIND,
        .flags = PFC_FIRST_FRAG | PFC_LAST_FRAG,
        .max_xmit = max_recv,
        .max_recv = max_recv,
        .context_count = 1,
        .contexts = &x,
    };
    c->call_id++;
    assert_int_equal(client_send(c, &p), SMBKIT_STATUS_SUCCESS);
    assert_true(client_receive(c));
}

static inline void client_request(struct client *c, uint16_t opnum, const struct builder *stub,
                                  size_t fragment)
{
    size_t at = 0;
    struct rpc_pdu p = {.type = RPC_REQUEST, .flags = PFC_FIRST_FRAG, .opnum = opnum};
    c->call_id++;
    do {
        p.stub = stub->len > 0 ? stub->data + at : NULL;
        p.stub_len = MIN(stub->len - at, fragment);
        at += p.stub_len;
        if (at == stub->len)
            p.flags |= PFC_LAST_FRAG;
        assert_int_equal(client_send(c, &p), SMBKIT_STATUS_SUCCESS);
        p.flags = 0;
    } while (at < stub->len);
}

/* A whole call. 0 and *out, or the status of the fault. */
static inline uint32_t client_call(struct client *c, uint16_t opnum, const struct ndr_record *in,
                                   const void *params, const struct ndr_record *out, void *results)
{
    struct builder stub, answer;
    builder_init_grow(&stub, 1u << 20);
    builder_init_grow(&answer, 8u << 20);
    if (in != NULL)
        ndr_encode(&stub, in, params);
    client_request(c, opnum, &stub, 4000);
    builder_free(&stub);
    uint32_t fault = 0;
    for (c->fragments = 0; client_receive(c); c->fragments++) {
        if (c->pdu.type == RPC_FAULT)
            fault = c->pdu.status;
        else
            builder_bytes(&answer, c->pdu.stub, c->pdu.stub_len);
        assert_int_equal((c->pdu.flags & PFC_FIRST_FRAG) != 0, c->fragments == 0);
    }
    assert_true(c->fragments > 0 && (c->pdu.flags & PFC_LAST_FRAG));
    if (fault == 0 && out != NULL)
        assert_true(ndr_decode(answer.data, answer.len, false, &c->arena, out, results));
    builder_free(&answer);
    return fault;
}

#endif
