// SPDX-License-Identifier: Apache-2.0
/* lsarpc by its bytes ([MS-LSAD] 3.1.4, [MS-LSAT] 3.1.4): policies, names and SIDs, faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rpc/test_bytes.h"

#define CLOSE         0
#define OPEN_POLICY   6
#define QUERY         7
#define ENUM_TRUSTS   13
#define LOOKUP_NAMES  14
#define LOOKUP_SIDS   15
#define OPEN_POLICY2  44
#define GET_USER_NAME 45
#define QUERY2        46
#define LOOKUP_SIDS2  57
#define LOOKUP_NAMES2 58
#define LOOKUP_NAMES3 68
#define LOOKUP_SIDS3  76
#define LOOKUP_NAMES4 77

#define ATTRIBUTES "18000000 " NUL4 NUL4 NUL4 NUL4 NUL4
#define MAXIMUM    "00000002 "

/* As RPC_SID: the count of its parts, then the SID. */
#define MACHINE  "04000000 0104 000000000005 15000000 01000000 02000000 03000000 "
#define ALICE    "05000000 0105 000000000005 15000000 01000000 02000000 03000000 e8030000 "
#define STRANGER "05000000 0105 000000000005 15000000 09000000 09000000 09000000 01000000 "
#define EVERYONE "01000000 0101 000000000001 00000000 "

#define INVALID_HANDLE    "080000c0"
#define INVALID_PARAMETER "0d0000c0"
#define SOME_NOT_MAPPED   "07010000"
#define NONE_MAPPED       "730000c0"
#define NO_MORE_ENTRIES   "1a000080"
#define ACCESS_DENIED     "220000c0"
#define NO_HANDLE         NUL4 NUL4 NUL4 NUL4 NUL4

static void start(struct client *c)
{
    people_open(c, "lsarpc", &rpc_lsarpc);
    gives(c, OPEN_POLICY2, NUL4 ATTRIBUTES MAXIMUM, "H " OK);
}

static void policies(void **state)
{
    struct client c;
    (void)state;
    people_open(&c, "lsarpc", &rpc_lsarpc);
    /* the name of a system, with one character in the older call, and a quality of service */
    gives(&c, OPEN_POLICY, P0 "5c00 0000 " ATTRIBUTES MAXIMUM, "H " OK);
    gives(&c, OPEN_POLICY2,
          P0 "03000000 00000000 03000000 '\\\\' 0000 0000 "
             "18000000 " NUL4 NUL4 NUL4 NUL4 P1 "0c000000 0200 0100 " MAXIMUM,
          "H " OK);
    gives(&c, QUERY2, "H 0500",
          P0 "0500 0000 0c000c00 " P1 P2 "06000000 00000000 06000000 'SERVER' " MACHINE OK);
    gives(&c, QUERY, "H 0e00",
          P0 "0e00 0000 0c000c00 " P1 P2 "06000000 00000000 06000000 'SERVER' " MACHINE OK);
    /* in a workgroup the primary domain has a name only */
    gives(&c, QUERY2, "H 0300",
          P0 "0300 0000 12001200 " P1 NUL4 "09000000 00000000 09000000 'WORKGROUP' 0000 " OK);
    gives(&c, QUERY2, "H 0600", P0 "0600 0300 " OK);
    gives(&c, QUERY2, "H 0c00",
          P0 "0c00 0000 12001200 " P1 NUL4 NUL4 NUL4 NUL4 NUL4 NUL4 NUL4 NUL4 NUL4
             "09000000 00000000 09000000 'WORKGROUP' 0000 " OK);
    gives(&c, QUERY2, "H 0200", NUL4 INVALID_PARAMETER);
    gives(&c, QUERY2, "H ffff", NUL4 INVALID_PARAMETER);
    gives(&c, ENUM_TRUSTS, "H 00000000 00000100", NUL4 NUL4 NUL4 NO_MORE_ENTRIES);
    gives(&c, CLOSE, "H", NO_HANDLE OK);
    refuses(&c, CLOSE, "H", NCA_S_FAULT_CONTEXT_MISMATCH);
    gives(&c, QUERY2, "H 0500", NUL4 INVALID_HANDLE);
    client_close(&c);
}

static void anonymous(void **state)
{
    struct client c;
    (void)state;
    people_open(&c, "lsarpc", &rpc_lsarpc);
    become(&c, "lsarpc", &rpc_lsarpc, false, false, true);
    gives(&c, OPEN_POLICY2, NUL4 ATTRIBUTES MAXIMUM, NO_HANDLE ACCESS_DENIED);
    gives(&c, GET_USER_NAME, NUL4 NUL4 NUL4,
          P0 "1e001e00 " P1 "0f000000 00000000 0f000000 'ANONYMOUS LOGON' 0000 " NUL4 OK);
    client_close(&c);
}

static void user_name(void **state)
{
    struct client c;
    (void)state;
    people_open(&c, "lsarpc", &rpc_lsarpc);
    gives(&c, GET_USER_NAME, NUL4 NUL4 NUL4,
          P0 "0a000a00 " P1 "05000000 00000000 05000000 'alice' 0000 " NUL4 OK);
    gives(&c, GET_USER_NAME, NUL4 NUL4 P0 "00000000",
          P0 "0a000a00 " P1 "05000000 00000000 05000000 'alice' 0000 " P2 P3 "0c000c00 " P4
             "06000000 00000000 06000000 'SERVER' " OK);
    client_close(&c);
}

/* ---------------------------------------------------------------- SIDs to names */

/* How many, the list, its pointers and SIDs; no names, a level, none mapped. */
#define SIDS(n, pointers, sids) "H " n P0 n pointers sids NUL4 NUL4 "0100 0000 00000000 "

static void sids(void **state)
{
    struct client c;
    (void)state;
    start(&c);
    /* domains: the machine's, and the one that has no name; two names */
    gives(&c, LOOKUP_SIDS, SIDS("02000000 ", P1 P2, ALICE EVERYONE),
          P0
          "02000000 " P1 "20000000 02000000 0c000c00 " P2 P3 "00000000 " P4 P5
          "06000000 00000000 06000000 'SERVER' " MACHINE
          "00000000 00000000 00000000 00000000 0100 000000000001 "
          "02000000 " P6 "02000000 0100 0000 0a000a00 " P7 "00000000 0500 0000 10001000 20000200 "
          "01000000 05000000 00000000 05000000 'alice' 0000 08000000 00000000 08000000 'Everyone' "
          "02000000 " OK);
    gives(&c, LOOKUP_SIDS, SIDS("02000000 ", P1 P2, ALICE STRANGER),
          P0 "01000000 " P1 "20000000 01000000 0c000c00 " P2 P3
             "06000000 00000000 06000000 'SERVER' " MACHINE "02000000 " P4
             "02000000 0100 0000 0a000a00 " P5 "00000000 0800 0000 20002000 " P6
             "ffffffff 05000000 00000000 05000000 'alice' 0000 10000000 00000000 10000000 "
             "'S-1-5-21-9-9-9-1' 01000000 " SOME_NOT_MAPPED);
    gives(&c, LOOKUP_SIDS2, SIDS("01000000 ", P1, STRANGER) "00000000 02000000",
          P0
          "00000000 " P1 "20000000 00000000 01000000 " P2 "01000000 0800 0000 20002000 " P3
          "ffffffff 00000000 10000000 00000000 10000000 'S-1-5-21-9-9-9-1' 00000000 " NONE_MAPPED);
    gives(&c, LOOKUP_SIDS, SIDS("01000000 ", NUL4, ""),
          P0 "00000000 " P1 "20000000 00000000 00000000 " P2
             "00000000 00000000 " INVALID_PARAMETER);
    client_close(&c);
}

/* ---------------------------------------------------------------- names to SIDs */

#define NAMES(n, strings, texts) "H " n n strings texts NUL4 NUL4 "0100 0000 00000000 "
#define SERVER_DOMAIN                                     \
    P0 "01000000 " P1 "20000000 01000000 0c000c00 " P2 P3 \
       "06000000 00000000 06000000 'SERVER' " MACHINE

static void names(void **state)
{
    struct client c;
    (void)state;
    start(&c);
    gives(&c, LOOKUP_NAMES,
          NAMES("02000000 ", "0a000a00 " P0 "06000600 " P1,
                "05000000 00000000 05000000 'ALICE' 0000 03000000 00000000 03000000 'eve' 0000 "),
          SERVER_DOMAIN "02000000 " P4 "02000000 0100 0000 e8030000 00000000 "
                        "0800 0000 00000000 ffffffff 01000000 " SOME_NOT_MAPPED);
    gives(&c, LOOKUP_NAMES2,
          NAMES("01000000 ", "16001600 " P0,
                "0b000000 00000000 0b000000 'server\\alic' 0000 ") "00000000 02000000",
          P0 "00000000 " P1 "20000000 00000000 01000000 " P2 "01000000 0800 0000 00000000 ffffffff "
             "00000000 00000000 " NONE_MAPPED);
    gives(&c, LOOKUP_NAMES3,
          NAMES("01000000 ", "18001800 " P0,
                "0c000000 00000000 0c000000 'server\\alice' ") "00000000 02000000",
          SERVER_DOMAIN "01000000 " P4 "01000000 0100 0000 " P5 "00000000 00000000 " ALICE
                        "01000000 " OK);
    client_close(&c);
}

static void bad(void **state)
{
    struct client c;
    (void)state;
    start(&c);
    refuses(&c, LOOKUP_SIDS3, P0 "01000000 " P1 ALICE NUL4 NUL4 NUL4 NUL4 NUL4 NUL4,
            RPC_FAULT_BAD_STUB_DATA);
    refuses(&c, LOOKUP_SIDS3,
            "01000000 " P0 "01000000 " P1 ALICE NUL4 NUL4 "0100 0000 00000000 00000000 02000000",
            RPC_FAULT_ACCESS_DENIED);
    refuses(&c, LOOKUP_NAMES4,
            "01000000 01000000 06000600 " P0 "03000000 00000000 03000000 'eve' 0000 " NUL4 NUL4
            "0100 0000 00000000 00000000 02000000",
            RPC_FAULT_ACCESS_DENIED);
    refuses(&c, 1, "H", NCA_S_OP_RNG_ERROR);
    refuses(&c, 78, "H", NCA_S_OP_RNG_ERROR);
    refuses_cut(&c, LOOKUP_SIDS, SIDS("02000000 ", P1 P2, ALICE EVERYONE));
    refuses_cut(&c, LOOKUP_NAMES3,
                NAMES("01000000 ", "18001800 " P0,
                      "0c000000 00000000 0c000000 'server\\alice' ") "00000000 02000000");
    /* one more than may be; more than there are; a SID of 16 parts, and of another count */
    refuses(&c, LOOKUP_NAMES, "H e9030000 e9030000 " NUL4, RPC_FAULT_BAD_STUB_DATA);
    refuses(&c, LOOKUP_NAMES, "H 02000000 01000000 " NUL4 NUL4, RPC_FAULT_BAD_STUB_DATA);
    refuses(&c, LOOKUP_SIDS, "H 01500000 " P0 "01500000 " NUL4, RPC_FAULT_BAD_STUB_DATA);
    refuses(&c, LOOKUP_SIDS,
            SIDS("01000000 ", P1, "10000000 0110 000000000005 " NO_HANDLE NO_HANDLE NO_HANDLE NUL4),
            RPC_FAULT_BAD_STUB_DATA);
    refuses(&c, LOOKUP_SIDS, SIDS("01000000 ", P1, "02000000 0101 000000000001 00000000 00000000 "),
            RPC_FAULT_BAD_STUB_DATA);
    /* pointers where there may be none */
    refuses(&c, OPEN_POLICY2, NUL4 "18000000 " P0 NUL4 NUL4 NUL4 NUL4 MAXIMUM,
            RPC_FAULT_BAD_STUB_DATA);
    client_close(&c);
}

/* Handles end with the association, and there are only so many. */
static void handles(void **state)
{
    struct client c;
    (void)state;
    start(&c);
    for (unsigned i = 1; i < RPC_HANDLES_MAX; i++)
        gives(&c, OPEN_POLICY2, NUL4 ATTRIBUTES MAXIMUM, "H " OK);
    gives(&c, OPEN_POLICY2, NUL4 ATTRIBUTES MAXIMUM, NO_HANDLE "9a0000c0");
    gives(&c, CLOSE, "H", NO_HANDLE OK);
    gives(&c, OPEN_POLICY2, NUL4 ATTRIBUTES MAXIMUM, "H " OK);
    become(&c, "lsarpc", &rpc_lsarpc, false, false, false);
    gives(&c, QUERY2, "H 0500", NUL4 INVALID_HANDLE);
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies), cmocka_unit_test(anonymous), cmocka_unit_test(user_name),
        cmocka_unit_test(sids),     cmocka_unit_test(names),     cmocka_unit_test(bad),
        cmocka_unit_test(handles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
