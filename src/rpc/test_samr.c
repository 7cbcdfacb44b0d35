// SPDX-License-Identifier: Apache-2.0
/* samr by its bytes ([MS-SAMR] 3.1.5): domains, accounts, what is said of them, faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rpc/test_bytes.h"

#define CONNECT       0
#define CLOSE         1
#define LOOKUP_DOMAIN 5
#define ENUM_DOMAINS  6
#define OPEN_DOMAIN   7
#define ENUM_GROUPS   11
#define ENUM_USERS    13
#define ENUM_ALIASES  15
#define MEMBERSHIP    16
#define LOOKUP_NAMES  17
#define LOOKUP_IDS    18
#define OPEN_GROUP    19
#define OPEN_ALIAS    27
#define OPEN_USER     34
#define QUERY_USER    36
#define USER_GROUPS   39
#define DISPLAY       40
#define QUERY_DOMAIN  46
#define CONNECT2      57
#define CONNECT4      62
#define CONNECT5      64
#define RID_TO_SID    65

#define MAXIMUM   "00000002 "
#define NO_HANDLE NUL4 NUL4 NUL4 NUL4 NUL4
#define MACHINE   "04000000 0104 000000000005 15000000 01000000 02000000 03000000 "
#define BUILTIN   "01000000 0101 000000000005 20000000 "
#define ALICE     "05000000 0105 000000000005 15000000 01000000 02000000 03000000 e8030000 "

#define INVALID_HANDLE     "080000c0"
#define ACCESS_DENIED      "220000c0"
#define INVALID_INFO_CLASS "030000c0"
#define NO_SUCH_DOMAIN     "df0000c0"
#define NO_SUCH_USER       "640000c0"
#define NO_SUCH_GROUP      "660000c0"
#define NO_SUCH_ALIAS      "510100c0"
#define SOME_NOT_MAPPED    "07010000"
#define MORE_ENTRIES       "05010000"

static void start(struct client *c)
{
    people_open(c, "samr", &rpc_samr);
    gives(c, CONNECT2, NUL4 MAXIMUM, "H " OK);
}

static void start_in(struct client *c, const char *open_domain)
{
    start(c);
    gives(c, OPEN_DOMAIN, open_domain, "H " OK);
}

#define IN_MACHINE "H " MAXIMUM MACHINE
#define IN_BUILTIN "H " MAXIMUM BUILTIN

static void connecting(void **state)
{
    struct client c;
    (void)state;
    start(&c);
    gives(&c, CONNECT, P0 "5c00 0000 " MAXIMUM, "H " OK);
    gives(&c, CONNECT4, NUL4 "02000000 " MAXIMUM, "H " OK);
    gives(&c, CONNECT5, NUL4 MAXIMUM "01000000 01000000 03000000 00000000",
          "01000000 01000000 03000000 00000000 H " OK);
    gives(&c, CLOSE, "H", NO_HANDLE OK);
    refuses(&c, CLOSE, "H", NCA_S_FAULT_CONTEXT_MISMATCH);
    gives(&c, ENUM_DOMAINS, "H 00000000 ffff0000", NUL4 NUL4 NUL4 INVALID_HANDLE);
    become(&c, "samr", &rpc_samr, false, true, false);
    gives(&c, CONNECT2, NUL4 MAXIMUM, NO_HANDLE ACCESS_DENIED);
    become(&c, "samr", &rpc_samr, false, false, true);
    gives(&c, CONNECT5, NUL4 MAXIMUM "01000000 01000000 03000000 00000000",
          "01000000 01000000 03000000 00000000 " NO_HANDLE ACCESS_DENIED);
    client_close(&c);
}

static void domains(void **state)
{
    struct client c;
    (void)state;
    start(&c);
    gives(&c, ENUM_DOMAINS, "H 00000000 ffff0000",
          "02000000 " P0 "02000000 " P1 "02000000 00000000 0c000c00 " P2 "00000000 0e000e00 " P3
          "06000000 00000000 06000000 'SERVER' 07000000 00000000 07000000 'Builtin' 0000 "
          "02000000 " OK);
    gives(&c, LOOKUP_DOMAIN, "H 0c000c00 " P0 "06000000 00000000 06000000 'server'", P0 MACHINE OK);
    gives(&c, LOOKUP_DOMAIN, "H 0e000e00 " P0 "07000000 00000000 07000000 'BUILTIN'",
          P0 BUILTIN OK);
    gives(&c, LOOKUP_DOMAIN, "H 02000200 " P0 "01000000 00000000 01000000 'x'",
          NUL4 NO_SUCH_DOMAIN);
    gives(&c, LOOKUP_DOMAIN, "H 00000000 00000000", NUL4 NO_SUCH_DOMAIN);
    gives(&c, OPEN_DOMAIN, "H " MAXIMUM "01000000 0101 000000000005 12000000",
          NO_HANDLE NO_SUCH_DOMAIN);
    gives(&c, OPEN_DOMAIN, IN_MACHINE, "H " OK);
    /* the handle of a domain is none of the server */
    gives(&c, OPEN_DOMAIN, IN_MACHINE, NO_HANDLE INVALID_HANDLE);
    gives(&c, QUERY_DOMAIN, "H 0500",
          P0 "0500 0000 0c000c00 " P1 "06000000 00000000 06000000 'SERVER' " OK);
    gives(&c, QUERY_DOMAIN, "H 0c00",
          P0 "0c00 0000 0000000000000000 0000000000000000 0000 0000 " OK);
    gives(&c, QUERY_DOMAIN, "H 0a00", NUL4 INVALID_INFO_CLASS);
    client_close(&c);
}

static void accounts(void **state)
{
    struct client c;
    (void)state;
    start_in(&c, IN_MACHINE);
    gives(&c, ENUM_USERS, "H 00000000 00000000 ffff0000",
          "03000000 " P0 "03000000 " P1 "03000000 e8030000 0a000a00 " P2 "e9030000 06000600 " P3
          "f5010000 0a000a00 " P4 "05000000 00000000 05000000 'alice' 0000 "
          "03000000 00000000 03000000 'bob' 0000 05000000 00000000 05000000 'Guest' 0000 "
          "03000000 " OK);
    /* one at a time, from where the latest call has ended */
    gives(&c, ENUM_USERS, "H 01000000 00000000 01000000",
          "02000000 " P0 "01000000 " P1 "01000000 e9030000 06000600 " P2
          "03000000 00000000 03000000 'bob' 0000 01000000 " MORE_ENTRIES);
    gives(&c, ENUM_GROUPS, "H 00000000 ffff0000",
          "01000000 " P0 "01000000 " P1 "01000000 01020000 08000800 " P2
          "04000000 00000000 04000000 'None' 01000000 " OK);
    gives(&c, RID_TO_SID, "H e8030000", P0 ALICE OK);
    gives(&c, DISPLAY, "H 0300 0000 00000000 05000000 ffff0000",
          "3c000000 3c000000 0300 0000 01000000 " P0
          "01000000 01000000 01020000 07000000 08000800 " P1 "00000000 " P2
          "04000000 00000000 04000000 'None' 00000000 00000000 00000000 " OK);
    /* one of three users: what is given is less than what there is */
    gives(&c, DISPLAY, "H 0100 0000 00000000 05000000 01000000",
          "f8000000 54000000 0100 0000 01000000 " P0
          "01000000 01000000 e8030000 10000000 0a000a00 " P1 "00000000 " P2 "00000000 " P3
          "05000000 00000000 05000000 'alice' 0000 00000000 00000000 00000000 "
          "00000000 00000000 00000000 " MORE_ENTRIES);
    client_close(&c);
    start_in(&c, IN_BUILTIN);
    gives(&c, ENUM_ALIASES, "H 00000000 ffff0000",
          "03000000 " P0 "03000000 " P1 "03000000 20020000 1c001c00 " P2 "21020000 0a000a00 " P3
          "22020000 0c000c00 " P4 "0e000000 00000000 0e000000 'Administrators' "
          "05000000 00000000 05000000 'Users' 0000 06000000 00000000 06000000 'Guests' "
          "03000000 " OK);
    /* an account of the machine is one of the Users; a stranger is nothing */
    gives(&c, MEMBERSHIP, "H 01000000 " P0 "01000000 " P1 ALICE,
          "01000000 " P0 "01000000 21020000 " OK);
    gives(&c, MEMBERSHIP, "H 01000000 " P0 "01000000 " P1 MACHINE, "00000000 " P0 "00000000 " OK);
    gives(&c, OPEN_ALIAS, "H " MAXIMUM "e8030000", NO_HANDLE NO_SUCH_ALIAS);
    gives(&c, OPEN_ALIAS, "H " MAXIMUM "21020000", "H " OK);
    client_close(&c);
}

/* "alice", "eve" in an array that is announced as 1000. */
#define TWO_NAMES                                                       \
    "H 02000000 e8030000 00000000 02000000 0a000a00 " P0 "06000600 " P1 \
    "05000000 00000000 05000000 'alice' 0000 03000000 00000000 03000000 'eve'"

static void lookups(void **state)
{
    struct client c;
    (void)state;
    start_in(&c, IN_MACHINE);
    gives(&c, LOOKUP_NAMES, TWO_NAMES,
          "02000000 " P0 "02000000 e8030000 00000000 02000000 " P1
          "02000000 01000000 08000000 " SOME_NOT_MAPPED);
    gives(&c, LOOKUP_IDS, "H 02000000 e8030000 00000000 02000000 f5010000 07000000",
          "02000000 " P0 "02000000 0a000a00 " P1 "00000000 00000000 "
          "05000000 00000000 05000000 'Guest' 0000 02000000 " P2
          "02000000 01000000 08000000 " SOME_NOT_MAPPED);
    /* more than may be, more than are there, not from the first on */
    refuses(&c, LOOKUP_NAMES, "H e9030000 e9030000 00000000 e9030000", RPC_FAULT_BAD_STUB_DATA);
    refuses(&c, LOOKUP_IDS, "H 02000000 e8030000 00000000 02000000 f5010000",
            RPC_FAULT_BAD_STUB_DATA);
    refuses(&c, LOOKUP_IDS, "H 01000000 e8030000 01000000 01000000 f5010000",
            RPC_FAULT_BAD_STUB_DATA);
    refuses(&c, LOOKUP_IDS, "H 02000000 e8030000 00000000 01000000 f5010000 07000000",
            RPC_FAULT_BAD_STUB_DATA);
    refuses_cut(&c, LOOKUP_NAMES, TWO_NAMES);
    client_close(&c);
}

static void users(void **state)
{
    struct client c;
    (void)state;
    start_in(&c, IN_MACHINE);
    gives(&c, OPEN_USER, "H " MAXIMUM "07000000", NO_HANDLE NO_SUCH_USER);
    gives(&c, OPEN_GROUP, "H " MAXIMUM "e8030000", NO_HANDLE NO_SUCH_GROUP);
    gives(&c, OPEN_USER, "H " MAXIMUM "e9030000", "H " OK);
    gives(&c, QUERY_USER, "H 0700",
          P0 "0700 0000 06000600 " P1 "03000000 00000000 03000000 'bob' 0000 " OK);
    gives(&c, QUERY_USER, "H 1000", P0 "1000 0000 11000000 " OK); /* normal, disabled */
    gives(&c, QUERY_USER, "H 0900", P0 "0900 0000 01020000 " OK);
    gives(&c, QUERY_USER, "H 1100", P0 "1100 0000 ffffffffffffff7f " OK);
    gives(&c, QUERY_USER, "H 0400",
          P0 "0400 0000 a800 0000 " P1 "ec040000 00000000 15000000 "
             "ffffffffff ffffffffff ffffffffff ffffffffff ff 000000 " OK);
    /* classes that are about passwords, and one that there is not */
    gives(&c, QUERY_USER, "H 1200", NUL4 INVALID_INFO_CLASS);
    gives(&c, QUERY_USER, "H 1700", NUL4 INVALID_INFO_CLASS);
    gives(&c, QUERY_USER, "H ffff", NUL4 INVALID_INFO_CLASS);
    gives(&c, USER_GROUPS, "H", P0 "01000000 " P1 "01000000 01020000 07000000 " OK);
    refuses_cut(&c, QUERY_USER, "H 0700");
    client_close(&c);
}

/* Writing is nobody's right: the calls for it are not there. */
static void read_only(void **state)
{
    static const uint16_t calls[] = {2,  3,  9,  10, 12, 14, 22, 23, 24,
                                     31, 35, 37, 38, 50, 55, 58, 63, 66};
    struct client c;
    (void)state;
    start(&c);
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        refuses(&c, calls[i], "H 00000000 00000000", NCA_S_OP_RNG_ERROR);
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connecting), cmocka_unit_test(domains), cmocka_unit_test(accounts),
        cmocka_unit_test(lookups),    cmocka_unit_test(users),   cmocka_unit_test(read_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
