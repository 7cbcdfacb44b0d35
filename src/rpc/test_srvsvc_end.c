// SPDX-License-Identifier: Apache-2.0
/* srvsvc by its bytes: shares that are ended, at once or in two phases, and what is not to be had.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rpc/test_bytes.h"

#define SHARE_DEL    18
#define STICKY       19
#define START        37
#define COMMIT       38
#define DEL_EX       57
#define PATH_TYPE    30
#define PATH_CANON   31
#define NAME_CANON   34
#define ALIAS_ENUM   55
#define STATISTICS   24
#define SET_SERVER   22
#define TRANSPORT    25
#define SET_SECURITY 40
#define DFS_VERSION  43

#define DENIED        "05000000"
#define BAD           "57000000"
#define INVALID_LEVEL "7c000000"
#define NOT_SUPPORTED "32000000"
#define NO_NAME       "06090000"

#define NO_HANDLE "00000000 00000000 00000000 00000000 00000000 "
#define SHARE     "0a000000 00000000 0a000000 'SHARE0001' 0000 "
#define NOBODY    "02000000 00000000 02000000 'x' 0000 "
#define EMPTY     "01000000 00000000 01000000 0000 0000 "

static char deleted[100];
static smbkit_status says;

static smbkit_status share_del(void *ctx, const char *name)
{
    (void)ctx;
    snprintf(deleted, sizeof deleted, "%s", name);
    return says;
}

static void start(struct client *c, bool admin)
{
    says = SMBKIT_STATUS_SUCCESS;
    deleted[0] = '\0';
    people_open(c, "srvsvc", &rpc_srvsvc);
    c->service.directory.share_del = share_del;
    become(c, "srvsvc", &rpc_srvsvc, admin, false, false);
}

static void at_once(void **state)
{
    struct client c;
    (void)state;
    start(&c, true);
    gives(&c, SHARE_DEL, NUL4 SHARE NUL4, OK);
    assert_string_equal(deleted, "SHARE0001");
    gives(&c, SHARE_DEL, NUL4 EMPTY NUL4, BAD);
    deleted[0] = '\0';
#define EX(name)                                                                             \
    NUL4 "f7010000 f7010000 " P0 P1 "00000000 00000000 00000000 05000000 00000000 00000000 " \
         "00000000 00000000 00000000 00000000 " name
    gives(&c, DEL_EX, EX(SHARE), OK);
    assert_string_equal(deleted, "SHARE0001");
    refuses_cut(&c, DEL_EX, EX(NOBODY));
    gives(&c, DEL_EX, EX(EMPTY), BAD);
    gives(&c, DEL_EX, NUL4 "f7010000 f7010000 00000000", BAD);
    gives(&c, DEL_EX, NUL4 "00000000 00000000 " P0 P1 NOBODY, INVALID_LEVEL);
    says = SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    gives(&c, DEL_EX, EX(NOBODY), NO_NAME);
    client_close(&c);
}

/* What the configuration names stays there. */
static void sticky(void **state)
{
    struct client c;
    (void)state;
    start(&c, true);
    gives(&c, STICKY, NUL4 SHARE NUL4, NOT_SUPPORTED);
    gives(&c, STICKY, NUL4 NOBODY NUL4, NO_NAME);
    gives(&c, STICKY, NUL4 EMPTY NUL4, BAD);
    assert_string_equal(deleted, "");
    client_close(&c);
}

static void two_phases(void **state)
{
    struct client c;
    (void)state;
    start(&c, true);
    size_t held = c.budget.held;
    gives(&c, START, NUL4 NOBODY NUL4, NO_HANDLE NO_NAME);
    gives(&c, START, NUL4 EMPTY NUL4, NO_HANDLE BAD);
    gives(&c, START, NUL4 SHARE NUL4, "H " OK);
    assert_string_equal(deleted, "");
    assert_true(c.budget.held > held);
    gives(&c, COMMIT, "H", NO_HANDLE OK);
    assert_string_equal(deleted, "share0001");
    assert_int_equal(c.budget.held, held);
    refuses(&c, COMMIT, "H", NCA_S_FAULT_CONTEXT_MISMATCH);
    refuses(&c, COMMIT, NO_HANDLE, NCA_S_FAULT_CONTEXT_MISMATCH);
    /* gone meanwhile */
    gives(&c, START, NUL4 SHARE NUL4, "H " OK);
    says = SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    gives(&c, COMMIT, "H", NO_HANDLE BAD);
    /* the server's own */
    gives(&c, START, NUL4 SHARE NUL4, "H " OK);
    says = SMBKIT_STATUS_ACCESS_DENIED;
    gives(&c, COMMIT, "H", NO_HANDLE DENIED);
    /* as many as other handles, not more */
    for (unsigned i = 0; i < RPC_HANDLES_MAX; i++)
        gives(&c, START, NUL4 SHARE NUL4, "H " OK);
    gives(&c, START, NUL4 SHARE NUL4, NO_HANDLE "08000000");
    client_close(&c);
}

static void not_allowed(void **state)
{
    struct client c;
    (void)state;
    start(&c, false);
    gives(&c, SHARE_DEL, NUL4 SHARE NUL4, DENIED);
    gives(&c, STICKY, NUL4 SHARE NUL4, DENIED);
    gives(&c, START, NUL4 SHARE NUL4, NO_HANDLE DENIED);
    gives(&c, DEL_EX, EX(SHARE), DENIED);
    gives(&c, SET_SERVER, NUL4 "65000000", NUL4 DENIED);
    gives(&c, TRANSPORT, NUL4, DENIED);
    gives(&c, SET_SECURITY, NUL4, DENIED);
    assert_string_equal(deleted, "");
    client_close(&c);
}

/* An answer in the call's own form, never a fault. */
static void not_supported(void **state)
{
    struct client c;
    (void)state;
    start(&c, true);
    gives(&c, SET_SERVER, NUL4 "65000000", NUL4 NOT_SUPPORTED);
    gives(&c, STATISTICS, NUL4 NUL4 NUL4 NUL4, NUL4 NOT_SUPPORTED);
    gives(&c, TRANSPORT, NUL4, NOT_SUPPORTED);
    gives(&c, SET_SECURITY, NUL4, NOT_SUPPORTED);
    gives(&c, PATH_TYPE, NUL4 NOBODY NUL4, NUL4 NOT_SUPPORTED);
    /* buffers come back as large as they were announced, and not larger than they may be */
    gives(&c, PATH_CANON, NUL4 NOBODY "03000000 " NOBODY NUL4 NUL4,
          "03000000 000000 00 00000000 " NOT_SUPPORTED);
    gives(&c, NAME_CANON, NUL4 NOBODY "03000000 09000000 00000000",
          "03000000 0000 0000 0000 0000 " NOT_SUPPORTED);
    refuses(&c, NAME_CANON, NUL4 NOBODY "01fa0000 09000000 00000000", RPC_FAULT_BAD_STUB_DATA);
    gives(&c, ALIAS_ENUM, NUL4 "00000000 00000000 " P0 NUL4 NUL4 "ffffffff 00000000",
          "00000000 00000000 " P0 NUL4 NUL4 NUL4 NUL4 OK);
    refuses(&c, DFS_VERSION, NUL4, NCA_S_OP_RNG_ERROR);
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_once),       cmocka_unit_test(sticky),
        cmocka_unit_test(two_phases),    cmocka_unit_test(not_allowed),
        cmocka_unit_test(not_supported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
