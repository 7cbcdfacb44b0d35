// SPDX-License-Identifier: Apache-2.0
/*
 * Calls as bytes, for tests of the services: a stub is written as text, and so is what must come
 * back, so that nothing of our codec is trusted. Include after cmocka.h.
 *
 *     0a000000    bytes
 *     'text'      UTF-16LE, without a NUL
 *     H           the latest context handle; in an answer any that is not zero, which is then it
 *     (comment)
 */
#ifndef RPC_TEST_BYTES_H
#define RPC_TEST_BYTES_H

#include "rpc/handles.h"
#include "rpc/test_assoc.h"

/* What answers begin their pointers with. */
#define P0   "00000200 "
#define P1   "04000200 "
#define P2   "08000200 "
#define P3   "0c000200 "
#define P4   "10000200 "
#define P5   "14000200 "
#define P6   "18000200 "
#define P7   "1c000200 "
#define NUL4 "00000000 "
#define OK   "00000000 "

struct bytes {
    uint8_t v[4096];
    size_t len;
};

static uint8_t test_handle[RPC_HANDLE_SIZE];

static inline uint8_t nibble(char c)
{
    assert_true((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static inline void put(struct bytes *b, uint8_t v)
{
    assert_true(b->len < sizeof b->v);
    b->v[b->len++] = v;
}

/* `answer`: where a handle may be new. */
static inline void assemble(const char *text, const struct bytes *answer, struct bytes *b)
{
    b->len = 0;
    while (*text != '\0') {
        if (*text == ' ') {
            text++;
        } else if (*text == '(') {
            text = strchr(text, ')') + 1;
        } else if (*text == '\'') {
            for (text++; *text != '\''; text++) {
                put(b, (uint8_t)*text);
                put(b, 0);
            }
            text++;
        } else if (*text == 'H') {
            if (answer != NULL && answer->len >= b->len + RPC_HANDLE_SIZE)
                memcpy(test_handle, answer->v + b->len, RPC_HANDLE_SIZE);
            for (unsigned i = 0; i < RPC_HANDLE_SIZE; i++)
                put(b, test_handle[i]);
            text++;
        } else {
            put(b, (uint8_t)(nibble(text[0]) << 4 | nibble(text[1])));
            text += 2;
        }
    }
}

/* 0 and the answer, or the status of the fault. */
static inline uint32_t ask(struct client *c, uint16_t opnum, const char *request,
                           struct bytes *answer)
{
    struct bytes in;
    struct builder stub;
    uint32_t fault = 0;
    assemble(request, NULL, &in);
    builder_init_grow(&stub, sizeof in.v);
    builder_bytes(&stub, in.v, in.len);
    client_request(c, opnum, &stub, 4000);
    builder_free(&stub);
    for (answer->len = 0; client_receive(c);) {
        if (c->pdu.type == RPC_FAULT)
            fault = c->pdu.status;
        for (size_t i = 0; c->pdu.type != RPC_FAULT && i < c->pdu.stub_len; i++)
            put(answer, c->pdu.stub[i]);
    }
    return fault;
}

static inline void gives(struct client *c, uint16_t opnum, const char *request, const char *wanted)
{
    struct bytes got, want;
    assert_int_equal(ask(c, opnum, request, &got), 0);
    assemble(wanted, &got, &want);
    for (size_t i = 0; i < MAX(got.len, want.len); i++)
        if (i >= MIN(got.len, want.len) || got.v[i] != want.v[i])
            fail_msg("call %u: byte %zu is %02x and not %02x; %zu bytes, not %zu", opnum, i,
                     i < got.len ? got.v[i] : 0xee, i < want.len ? want.v[i] : 0xee, got.len,
                     want.len);
}

static inline void refuses(struct client *c, uint16_t opnum, const char *request, uint32_t fault)
{
    struct bytes none;
    assert_int_equal(ask(c, opnum, request, &none), fault);
}

/* Every beginning of a request that is whole, and nothing of one, is bad stub data: never more than
   the bytes are read, and the association lives on. */
static inline void refuses_cut(struct client *c, uint16_t opnum, const char *request)
{
    struct bytes whole;
    assemble(request, NULL, &whole);
    for (size_t cut = 0; cut < whole.len; cut++) {
        struct builder stub;
        builder_init_grow(&stub, sizeof whole.v);
        builder_bytes(&stub, whole.v, cut);
        client_request(c, opnum, &stub, 4000);
        builder_free(&stub);
        assert_true(client_receive(c));
        assert_int_equal(c->pdu.type, RPC_FAULT);
        assert_int_equal(c->pdu.status, RPC_FAULT_BAD_STUB_DATA);
    }
}

/* ---------------------------------------------------------------- a server with people in it */

static inline bool test_accounts(void *ctx, struct arena *a, struct rpc_accounts *out)
{
    static const char *const names[] = {"alice", "bob"};
    (void)ctx;
    *out = (struct rpc_accounts){.count = ARRAY_LEN(names)};
    out->v = arena_array(a, out->count, sizeof *out->v);
    if (out->v == NULL)
        return false;
    for (uint32_t i = 0; i < out->count; i++) {
        out->v[i] = (struct rpc_account){.name = names[i], .comment = "", .disabled = i == 1};
        out->v[i].sid = test_machine;
        out->v[i].sid.sub[out->v[i].sid.count++] = 1000 + i;
    }
    return true;
}

static inline bool test_sessions(void *ctx, struct arena *a, struct rpc_sessions *out)
{
    (void)ctx;
    out->count = 2;
    out->v = arena_array(a, 2, sizeof *out->v);
    if (out->v == NULL)
        return false;
    for (uint32_t i = 0; i < 2; i++)
        out->v[i] = (struct rpc_session){.client = "1.2.3.4",
                                         .user = i == 0 ? "alice" : "bob",
                                         .client_type = "",
                                         .transport = "t"};
    return true;
}

static inline void people_open(struct client *c, const char *pipe, const struct rpc_interface *f)
{
    client_open(c, pipe);
    c->service.directory.accounts = test_accounts;
    c->service.directory.sessions = test_sessions;
    client_bind(c, f, 4280);
}

/* The same as another caller. */
static inline void become(struct client *c, const char *pipe, const struct rpc_interface *f,
                          bool admin, bool guest, bool anonymous)
{
    rpc_assoc_free(c->assoc);
    c->caller.admin = admin;
    c->caller.guest = guest;
    c->caller.anonymous = anonymous;
    c->assoc =
        rpc_assoc_new(&c->service, rpc_endpoint_find(pipe, strlen(pipe)), &c->caller, &c->budget);
    assert_non_null(c->assoc);
    client_bind(c, f, 4280);
}

#endif
