// SPDX-License-Identifier: Apache-2.0
/* Associations: binds and what they refuse, fragments both ways, faults, limits, broken rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/testmem.h"
#include "rpc/security.h"
#include "rpc/test_assoc.h"

/* As a client declares them, not as the server does. */
struct entry {
    const char *name;
    uint32_t type;
    const char *remark;
};
NDR_RECORD(entry_record, entry, NDR_F(NDR_WSTR, entry, name), NDR_F(NDR_U32, entry, type),
           NDR_F(NDR_WSTR, entry, remark));
struct entries {
    uint32_t count;
    struct entry *v;
};
NDR_RECORD(entries_record, entries, NDR_F(NDR_U32, entries, count),
           NDR_A(NDR_ARRAY, entries, v, count, entry_record, 65536));
static const struct ndr_arm arms[] = {{1, &entries_record}, {0, NULL}};
struct list {
    uint32_t level;
    struct entries *entries;
};
NDR_RECORD(list_record, list, NDR_F(NDR_U32, list, level),
           NDR_U(NDR_UNION_PTR, list, entries, level, arms, 4));
struct number {
    uint32_t value;
};
NDR_RECORD(number_record, number, NDR_F(NDR_U32, number, value));
struct enum_in {
    const char *server;
    struct list list;
    uint32_t preferred;
    struct number *resume;
};
NDR_RECORD(enum_in_record, enum_in, NDR_F(NDR_WSTR, enum_in, server),
           NDR_SUB(NDR_STRUCT, enum_in, list, list_record), NDR_F(NDR_U32, enum_in, preferred),
           NDR_SUB(NDR_PTR, enum_in, resume, number_record));
struct enum_out {
    struct list list;
    uint32_t total;
    struct number *resume;
    uint32_t result;
};
NDR_RECORD(enum_out_record, enum_out, NDR_SUB(NDR_STRUCT, enum_out, list, list_record),
           NDR_F(NDR_U32, enum_out, total), NDR_SUB(NDR_PTR, enum_out, resume, number_record),
           NDR_F(NDR_U32, enum_out, result));

#define OPNUM_SHARE_ENUM 15

static void names(void **state)
{
    (void)state;
    assert_non_null(rpc_endpoint_find("srvsvc", 6));
    assert_non_null(rpc_endpoint_find("SrvSvc", 6));
    assert_null(rpc_endpoint_find("\\srvsvc", 7));
    assert_null(rpc_endpoint_find("pipe\\srvsvc", 11));
    assert_null(rpc_endpoint_find("", 0));
    assert_null(rpc_endpoint_find("spoolss", 7));
}

static void bind_results(void **state)
{
    static const struct rpc_syntax ndr64 = {
        RPC_UUID(0x71710533, 0xbeba, 0x4937, 0x83, 0x19, 0xb5, 0xdb, 0xef, 0x9c, 0xcc, 0x36), 1};
    static const struct rpc_syntax features = {
        RPC_UUID(0x6cb71c2c, 0x9812, 0x4540, 3, 0, 0, 0, 0, 0, 0, 0), 1};
    struct rpc_interface unknown = rpc_srvsvc, newer = rpc_srvsvc;
    struct client c;
    (void)state;
    unknown.syntax.uuid.b[0] ^= 1;
    newer.syntax.version = 4;
    struct rpc_context x[] = {
        client_context(0, &rpc_srvsvc, &rpc_ndr32), client_context(1, &rpc_srvsvc, &ndr64),
        client_context(2, &rpc_srvsvc, &features),  client_context(3, &unknown, &rpc_ndr32),
        client_context(4, &newer, &rpc_ndr32),
    };
    struct rpc_pdu p = {
        .type = RPC_BIND, .flags = 3, .max_xmit = 5840, .max_recv = 5840, .context_count = 5};
    p.contexts = x;
    client_open(&c, "srvsvc");
    assert_int_equal(client_send(&c, &p), SMBKIT_STATUS_SUCCESS);
    assert_true(client_receive(&c));
    assert_int_equal(c.pdu.type, RPC_BIND_ACK);
    assert_int_equal(c.pdu.max_xmit, RPC_FRAG_MAX);
    assert_string_equal(c.pdu.secondary_address, "\\PIPE\\srvsvc");
    assert_int_equal(c.pdu.result_count, 5);
    static const uint16_t want[][2] = {{0, 0}, {2, 2}, {3, 0}, {2, 1}, {2, 1}};
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(c.pdu.results[i].result, want[i][0]);
        assert_int_equal(c.pdu.results[i].reason, want[i][1]);
        assert_int_equal(rpc_syntax_equal(&c.pdu.results[i].transfer, &rpc_ndr32), i == 0);
    }
    /* a second bind is refused, an alter_context is not */
    assert_int_equal(client_send(&c, &p), SMBKIT_STATUS_SUCCESS);
    assert_true(client_receive(&c));
    assert_int_equal(c.pdu.type, RPC_BIND_NAK);
    p.type = RPC_ALTER_CONTEXT;
    assert_int_equal(client_send(&c, &p), SMBKIT_STATUS_SUCCESS);
    assert_true(client_receive(&c));
    assert_int_equal(c.pdu.type, RPC_ALTER_CONTEXT_RESP);
    client_close(&c);
}

static void list_shares(void **state)
{
    struct client c;
    struct enum_in in = {.list = {1, NULL}, .preferred = UINT32_MAX};
    struct enum_out out;
    (void)state;
    client_open(&c, "srvsvc");
    client_bind(&c, &rpc_srvsvc, 4280);
    assert_int_equal(
        client_call(&c, OPNUM_SHARE_ENUM, &enum_in_record, &in, &enum_out_record, &out), 0);
    assert_int_equal(out.result, 0);
    assert_int_equal(out.total, 3);
    assert_int_equal(out.list.entries->count, 3);
    assert_string_equal(out.list.entries->v[2].name, "share0002");
    assert_string_equal(out.list.entries->v[2].remark, "of a test");
    assert_null(out.resume);
    client_close(&c);
}

/* Many shares: fragments no longer than the client takes, and pieces when it wants pieces. */
static void long_answers(void **state)
{
    struct client c;
    struct number resume = {0};
    struct enum_in in = {.list = {1, NULL}, .preferred = UINT32_MAX};
    struct enum_out out;
    unsigned seen = 0;
    (void)state;
    client_open(&c, "srvsvc");
    c.shares = 1000;
    client_bind(&c, &rpc_srvsvc, 2000);
    assert_int_equal(c.pdu.max_xmit, 2000);
    assert_int_equal(
        client_call(&c, OPNUM_SHARE_ENUM, &enum_in_record, &in, &enum_out_record, &out), 0);
    assert_int_equal(out.list.entries->count, 1000);
    assert_string_equal(out.list.entries->v[999].name, "share0999");
    assert_true(c.fragments > 30 && c.pdu.frag_len <= 2000);
    in.resume = &resume;
    in.preferred = 10000;
    do {
        assert_int_equal(
            client_call(&c, OPNUM_SHARE_ENUM, &enum_in_record, &in, &enum_out_record, &out), 0);
        assert_int_equal(out.total, 1000 - seen);
        assert_true(out.list.entries->count > 0);
        seen += out.list.entries->count;
        resume = *out.resume;
    } while (out.result == ERROR_MORE_DATA);
    assert_int_equal(out.result, 0);
    assert_int_equal(seen, 1000);
    client_close(&c);
}

static void faults(void **state)
{
    struct client c;
    struct enum_in in = {.list = {1, NULL}};
    struct builder stub;
    (void)state;
    client_open(&c, "srvsvc");
    client_bind(&c, &rpc_srvsvc, 4280);
    assert_int_equal(client_call(&c, 9999, &enum_in_record, &in, NULL, NULL), NCA_S_OP_RNG_ERROR);
    assert_int_equal(client_call(&c, 0, &enum_in_record, &in, NULL, NULL), NCA_S_OP_RNG_ERROR);
    assert_int_equal(client_call(&c, OPNUM_SHARE_ENUM, NULL, NULL, NULL, NULL),
                     RPC_FAULT_BAD_STUB_DATA);
    /* a context that is not bound */
    struct rpc_pdu p = {.type = RPC_REQUEST, .flags = 3, .context_id = 7, .opnum = 15};
    assert_int_equal(client_send(&c, &p), SMBKIT_STATUS_SUCCESS);
    assert_true(client_receive(&c));
    assert_int_equal(c.pdu.status, NCA_S_UNK_IF);
    /* a request that never ends: refused once it does, and the association lives on */
    builder_init_grow(&stub, 1u << 20);
    builder_zero(&stub, RPC_STUB_MAX + 1);
    client_request(&c, OPNUM_SHARE_ENUM, &stub, 4000);
    assert_true(client_receive(&c));
    assert_int_equal(c.pdu.status, NCA_S_FAULT_NO_MEMORY);
    builder_free(&stub);
    assert_false(rpc_assoc_broken(c.assoc));
    client_close(&c);
}

static void broken_rules(void **state)
{
    struct client c;
    static const uint8_t nonsense[16] = {4};
    struct rpc_pdu early = {.type = RPC_REQUEST, .flags = 3, .opnum = 15};
    struct rpc_pdu middle = {.type = RPC_REQUEST, .flags = PFC_LAST_FRAG, .opnum = 15};
    (void)state;
    client_open(&c, "srvsvc");
    assert_int_equal(client_send(&c, &early), SMBKIT_STATUS_SUCCESS);
    assert_true(client_receive(&c));
    assert_int_equal(c.pdu.status, NCA_S_PROTO_ERROR);
    assert_true(rpc_assoc_broken(c.assoc));
    assert_int_equal(client_send(&c, &early), SMBKIT_STATUS_PIPE_DISCONNECTED);
    client_close(&c);

    client_open(&c, "srvsvc");
    client_bind(&c, &rpc_srvsvc, 4280);
    assert_int_equal(client_send(&c, &middle), SMBKIT_STATUS_SUCCESS);
    assert_true(rpc_assoc_broken(c.assoc));
    client_close(&c);

    client_open(&c, "srvsvc");
    assert_int_equal(rpc_assoc_write(c.assoc, nonsense, sizeof nonsense, TEST_NOW),
                     SMBKIT_STATUS_SUCCESS);
    assert_true(rpc_assoc_broken(c.assoc));
    client_close(&c);
}

/* Byte by byte, and two in one. */
static void writes_of_any_size(void **state)
{
    struct client c;
    struct builder b;
    struct rpc_context x = client_context(0, &rpc_srvsvc, &rpc_ndr32);
    struct rpc_pdu bind = {.type = RPC_BIND, .flags = 3, .call_id = 1, .context_count = 1};
    struct rpc_pdu request = {.type = RPC_REQUEST, .flags = 3, .call_id = 1, .opnum = 500};
    (void)state;
    bind.contexts = &x;
    builder_init_grow(&b, 10000);
    rpc_pdu_encode(&b, &bind);
    client_open(&c, "srvsvc");
    c.call_id = 1;
    for (size_t i = 0; i < b.len; i++) {
        assert_int_equal(rpc_assoc_message(c.assoc), 0);
        assert_int_equal(rpc_assoc_write(c.assoc, b.data + i, 1, TEST_NOW), SMBKIT_STATUS_SUCCESS);
    }
    assert_true(client_receive(&c));
    builder_truncate(&b, 0);
    rpc_pdu_encode(&b, &request);
    size_t one = b.len;
    uint8_t two[200];
    memcpy(two, b.data, one);
    memcpy(two + one, b.data, one);
    assert_int_equal(rpc_assoc_write(c.assoc, two, 2 * one, TEST_NOW), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(rpc_assoc_message_count(c.assoc), 2);
    size_t len = rpc_assoc_message(c.assoc);
    assert_int_equal(rpc_assoc_unread(c.assoc), 2 * len);
    /* the beginning of a message, looked at and taken */
    uint8_t head[4];
    assert_int_equal(rpc_assoc_read(c.assoc, head, 4, true), 4);
    assert_int_equal(rpc_assoc_message(c.assoc), len);
    assert_int_equal(rpc_assoc_read(c.assoc, head, 4, false), 4);
    assert_int_equal(rpc_assoc_message(c.assoc), len - 4);
    builder_free(&b);
    client_close(&c);
}

/* A client that never reads is not listened to for ever. */
static void never_reads(void **state)
{
    struct client c;
    struct rpc_pdu p = {.type = RPC_REQUEST, .flags = 3, .opnum = 500};
    smbkit_status st = SMBKIT_STATUS_SUCCESS;
    (void)state;
    client_open(&c, "srvsvc");
    client_bind(&c, &rpc_srvsvc, 4280);
    for (size_t i = 0; i < RPC_UNREAD_MAX && st == SMBKIT_STATUS_SUCCESS; i++)
        st = client_send(&c, &p);
    assert_int_equal(st, SMBKIT_STATUS_PIPE_BUSY);
    assert_true(rpc_assoc_unread(c.assoc) < RPC_UNREAD_MAX + 100);
    while (client_receive(&c))
        arena_clear(&c.arena);
    assert_int_equal(client_send(&c, &p), SMBKIT_STATUS_SUCCESS);
    client_close(&c);
}

/* Requests that are not read, in one write; returns the bytes of one. */
static size_t many_requests(struct builder *b, unsigned count)
{
    struct rpc_pdu p = {.type = RPC_REQUEST, .flags = 3, .opnum = 500};
    builder_init_grow(b, 1u << 20);
    rpc_pdu_encode(b, &p);
    size_t one = b->len;
    uint8_t *rest = builder_space(b, (count - 1) * one);
    assert_non_null(rest);
    for (size_t at = 0; at < (count - 1) * one; at++)
        rest[at] = b->data[at % one];
    return one;
}

/* What one association of a client holds the others cannot. */
static void budget_of_all(void **state)
{
    struct client c;
    struct builder b;
    smbkit_status st = SMBKIT_STATUS_SUCCESS;
    (void)state;
    client_open(&c, "srvsvc");
    struct rpc_assoc *other =
        rpc_assoc_new(&c.service, rpc_endpoint_find("samr", 4), &c.caller, &c.budget);
    assert_non_null(other);
    client_bind(&c, &rpc_srvsvc, 4280);
    size_t idle = c.budget.held, one = many_requests(&b, 100);
    assert_in_range(idle, 2 * RPC_ASSOC_COST, 2 * RPC_ASSOC_COST + 2 * RPC_FRAG_MAX);
    c.budget.max = 256u << 10;
    while (st == SMBKIT_STATUS_SUCCESS)
        st = rpc_assoc_write(c.assoc, b.data, one, TEST_NOW);
    assert_int_equal(st, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    assert_in_range(c.budget.held, c.budget.max, c.budget.max + 4096);
    assert_int_equal(rpc_assoc_write(other, b.data, one, TEST_NOW),
                     SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    assert_null(rpc_assoc_new(&c.service, rpc_endpoint_find("samr", 4), &c.caller, &c.budget));
    c.call_id = 0;
    while (client_receive(&c))
        arena_clear(&c.arena);
    assert_in_range(c.budget.held, idle, idle + RPC_FRAG_MAX);
    assert_int_equal(rpc_assoc_write(c.assoc, b.data, one, TEST_NOW), SMBKIT_STATUS_SUCCESS);
    rpc_assoc_free(other);
    builder_free(&b);
    client_close(&c);
}

/* Clients together hold no more than there is for all; then each has what is sure, and can work. */
static void budget_of_many(void **state)
{
    struct rpc_budget all = {.max = 256u << 10};
    struct client greedy, other;
    struct builder b;
    smbkit_status st = SMBKIT_STATUS_SUCCESS;
    (void)state;
    client_open(&greedy, "srvsvc");
    client_open(&other, "srvsvc");
    rpc_assoc_free(greedy.assoc);
    rpc_assoc_free(other.assoc);
    greedy.budget.all = other.budget.all = &all;
    greedy.budget.sure = other.budget.sure = 32u << 10;
    const struct rpc_endpoint *e = rpc_endpoint_find("srvsvc", 6);
    greedy.assoc = rpc_assoc_new(&greedy.service, e, &greedy.caller, &greedy.budget);
    assert_non_null(greedy.assoc);
    client_bind(&greedy, &rpc_srvsvc, 4280);
    size_t one = many_requests(&b, 1);
    while (st == SMBKIT_STATUS_SUCCESS)
        st = rpc_assoc_write(greedy.assoc, b.data, one, TEST_NOW);
    assert_int_equal(st, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    assert_in_range(all.held, all.max, all.max + 4096);
    /* the other one comes in all the same, and gets no further than that */
    other.assoc = rpc_assoc_new(&other.service, e, &other.caller, &other.budget);
    assert_non_null(other.assoc);
    client_bind(&other, &rpc_srvsvc, 4280);
    for (st = SMBKIT_STATUS_SUCCESS; st == SMBKIT_STATUS_SUCCESS;)
        st = rpc_assoc_write(other.assoc, b.data, one, TEST_NOW);
    assert_int_equal(st, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    assert_in_range(other.budget.held, other.budget.sure, other.budget.sure + 4096);
    builder_free(&b);
    client_close(&greedy);
    client_close(&other);
    assert_int_equal(all.held, 0);
}

/* One write of many small requests is not answered without end either. */
static void fill(void *ctx, void *dst, size_t n)
{
    (void)ctx;
    memset(dst, 7, n);
}

/* The first token of an authentication that never goes on, as long as it may be. */
static void begin_authentication(struct client *c)
{
    static const uint8_t negotiate[1024] = {'N', 'T', 'L', 'M', 'S', 'S',  'P', 0,
                                            1,   0,   0,   0,   5,   0x82, 8,   0x20};
    struct rpc_context x = client_context(0, &rpc_srvsvc, &rpc_ndr32);
    struct rpc_pdu p = {
        .type = RPC_BIND,
        .flags = PFC_FIRST_FRAG | PFC_LAST_FRAG,
        .max_xmit = 4280,
        .max_recv = 4280,
        .context_count = 1,
        .contexts = &x,
        .auth = {.present = true,
                 .type = RPC_C_AUTHN_WINNT,
                 .level = RPC_C_AUTHN_LEVEL_PKT_PRIVACY,
                 .value = negotiate,
                 .value_len = sizeof negotiate},
    };
    c->call_id++;
    assert_int_equal(client_send(c, &p), SMBKIT_STATUS_SUCCESS);
}

/* Binds that stay half-done cost what they hold, and end where the budget does. */
static void half_done_binds(void **state)
{
    const struct auth_config auth = {.netbios_computer = "SERVER", .random = {.fill = fill}};
    struct client c[64];
    struct rpc_budget budget = {.max = 1u << 20};
    size_t n = 0;
    (void)state;
    testmem_install();
    size_t before = testmem_live_bytes();
    for (; n < ARRAY_LEN(c) && budget.held < budget.max; n++) {
        client_open(&c[n], "srvsvc");
        rpc_assoc_free(c[n].assoc);
        c[n].service.auth = &auth;
        c[n].assoc =
            rpc_assoc_new(&c[n].service, rpc_endpoint_find("srvsvc", 6), &c[n].caller, &budget);
        assert_non_null(c[n].assoc);
        begin_authentication(&c[n]);
        assert_true(client_receive(&c[n]));
        assert_int_equal(c[n].pdu.type, RPC_BIND_ACK);
        assert_true(c[n].pdu.auth.present);
        arena_clear(&c[n].arena);
        assert_true(testmem_live_bytes() - before <= budget.held);
    }
    assert_in_range(n, 1, ARRAY_LEN(c) - 1);
    assert_null(rpc_assoc_new(&c[0].service, rpc_endpoint_find("samr", 4), &c[0].caller, &budget));
    while (n-- > 0)
        rpc_assoc_free(c[n].assoc);
    assert_int_equal(budget.held, 0);
    testmem_remove();
}

static void many_in_one_write(void **state)
{
    struct client c;
    struct builder b;
    (void)state;
    client_open(&c, "srvsvc");
    client_bind(&c, &rpc_srvsvc, 4280);
    (void)many_requests(&b, 10000);
    c.budget.max = 64u << 10;
    assert_int_equal(rpc_assoc_write(c.assoc, b.data, b.len, TEST_NOW), SMBKIT_STATUS_SUCCESS);
    assert_true(rpc_assoc_broken(c.assoc));
    assert_in_range(c.budget.held, c.budget.max, c.budget.max + 4096);
    builder_free(&b);
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(bind_results),
        cmocka_unit_test(list_shares),
        cmocka_unit_test(long_answers),
        cmocka_unit_test(faults),
        cmocka_unit_test(broken_rules),
        cmocka_unit_test(writes_of_any_size),
        cmocka_unit_test(never_reads),
        cmocka_unit_test(budget_of_many),
        cmocka_unit_test(budget_of_all),
        cmocka_unit_test(half_done_binds),
        cmocka_unit_test(many_in_one_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
