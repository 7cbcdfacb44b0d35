// SPDX-License-Identifier: Apache-2.0
/* NetrpGetFileSecurity, and calls that wait for an answer: what a client can do meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rpc/test_bytes.h"

#define GET_SECURITY 39

#define NAME    "02000000 00000000 02000000 's' 0000 "
#define PATH    "03000000 00000000 03000000 '/f' 0000 0000 "
#define REQUEST NUL4 P0 NAME PATH "05000000"

static void start(struct client *c)
{
    people_open(c, "srvsvc", &rpc_srvsvc);
    become(c, "srvsvc", &rpc_srvsvc, false, false, false);
}

static void send(struct client *c, const char *request)
{
    struct bytes in;
    struct builder stub;
    assemble(request, NULL, &in);
    builder_init_grow(&stub, sizeof in.v);
    builder_bytes(&stub, in.v, in.len);
    client_request(c, GET_SECURITY, &stub, 4000);
    builder_free(&stub);
}

static void send_type(struct client *c, uint8_t type)
{
    struct rpc_pdu p = {.type = type, .flags = PFC_FIRST_FRAG | PFC_LAST_FRAG};
    assert_int_equal(client_send(c, &p), SMBKIT_STATUS_SUCCESS);
}

static void answer(struct client *c, smbkit_status status, const char *sd)
{
    const struct rpc_answer a = {status, (const uint8_t *)sd, strlen(sd)};
    rpc_assoc_answer(c->assoc, &a);
    assert_null(rpc_assoc_question(c->assoc));
}

static void expect(struct client *c, const char *wanted)
{
    struct bytes want;
    assemble(wanted, NULL, &want);
    assert_true(client_receive(c));
    assert_int_equal(c->pdu.type, RPC_RESPONSE);
    assert_int_equal(c->pdu.stub_len, want.len);
    assert_memory_equal(c->pdu.stub, want.v, want.len);
}

static void asks(void **state)
{
    struct client c;
    (void)state;
    start(&c);
    size_t held = c.budget.held;
    send(&c, REQUEST);
    assert_int_equal(rpc_assoc_message_count(c.assoc), 0);
    assert_true(c.budget.held > held);
    const struct rpc_question *q = rpc_assoc_question(c.assoc);
    assert_non_null(q);
    assert_string_equal(q->share, "s");
    assert_string_equal(q->path, "/f");
    assert_string_equal(q->who->user, "alice");
    assert_int_equal(q->info, 5);
    answer(&c, SMBKIT_STATUS_SUCCESS, "abcd");
    expect(&c, P0 "04000000 " P1 "04000000 61626364 " OK);
    assert_int_equal(c.budget.held, held);
    /* another one */
    send(&c, REQUEST);
    answer(&c, SMBKIT_STATUS_SUCCESS, "x");
    expect(&c, P0 "01000000 " P1 "01000000 78 000000 " OK);
    /* no share is asked about */
    gives(&c, GET_SECURITY, NUL4 NUL4 PATH "05000000", NUL4 "06090000");
    assert_null(rpc_assoc_question(c.assoc));
    refuses_cut(&c, GET_SECURITY, REQUEST);
    client_close(&c);
}

static void failures(void **state)
{
    static const struct {
        smbkit_status status;
        const char *wanted;
    } rows[] = {
        {SMBKIT_STATUS_BAD_NETWORK_NAME, NUL4 "06090000"},
        {SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND, NUL4 "02000000"},
        {SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND, NUL4 "02000000"},
        {SMBKIT_STATUS_OBJECT_NAME_INVALID, NUL4 "7b000000"},
        {SMBKIT_STATUS_ACCESS_DENIED, NUL4 "05000000"},
        {SMBKIT_STATUS_PRIVILEGE_NOT_HELD, NUL4 "22050000"},
        {SMBKIT_STATUS_INSUFFICIENT_RESOURCES, NUL4 "08000000"},
        {SMBKIT_STATUS_STOPPED_ON_SYMLINK, NUL4 "80070000"},
        {SMBKIT_STATUS_DISK_FULL, NUL4 "1f000000"},
    };
    struct client c;
    (void)state;
    start(&c);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        send(&c, REQUEST);
        answer(&c, rows[i].status, "");
        expect(&c, rows[i].wanted);
    }
    client_close(&c);
}

/* Who gives a call up hears nothing of it; who is in a hurry waits all the same. */
static void given_up(void **state)
{
    struct client c;
    (void)state;
    start(&c);
    send(&c, REQUEST);
    send_type(&c, RPC_CO_CANCEL);
    c.call_id++;
    send_type(&c, RPC_ORPHANED); /* of another call */
    c.call_id--;
    answer(&c, SMBKIT_STATUS_SUCCESS, "abcd");
    expect(&c, P0 "04000000 " P1 "04000000 61626364 " OK);
    send(&c, REQUEST);
    send_type(&c, RPC_ORPHANED);
    answer(&c, SMBKIT_STATUS_SUCCESS, "abcd");
    assert_int_equal(rpc_assoc_message_count(c.assoc), 0);
    assert_false(rpc_assoc_broken(c.assoc));
    gives(&c, GET_SECURITY, NUL4 NUL4 PATH "05000000", NUL4 "06090000");
    client_close(&c);
}

/* A second call breaks the rules; the answer to the first one comes to nobody. */
static void impatient(void **state)
{
    struct client c;
    (void)state;
    start(&c);
    send(&c, REQUEST);
    send(&c, REQUEST);
    assert_true(client_receive(&c));
    assert_int_equal(c.pdu.type, RPC_FAULT);
    assert_int_equal(c.pdu.status, NCA_S_PROTO_ERROR);
    assert_true(rpc_assoc_broken(c.assoc));
    assert_non_null(rpc_assoc_question(c.assoc));
    answer(&c, SMBKIT_STATUS_SUCCESS, "abcd");
    assert_int_equal(rpc_assoc_message_count(c.assoc), 0);
    client_close(&c);
}

/* It ends while a call waits. */
static void ended(void **state)
{
    struct client c;
    (void)state;
    start(&c);
    send(&c, REQUEST);
    client_close(&c); /* the budget is empty */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks),      cmocka_unit_test(failures), cmocka_unit_test(given_up),
        cmocka_unit_test(impatient), cmocka_unit_test(ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
