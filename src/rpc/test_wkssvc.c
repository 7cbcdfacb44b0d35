// SPDX-License-Identifier: Apache-2.0
/* wkssvc by its bytes ([MS-WKST] 2.2.5, 3.2.4): what is said of the machine, to whom, and faults.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rpc/test_bytes.h"

#define GET_INFO       0
#define USER_ENUM      2
#define TRANSPORT_ENUM 5

#define SERVER    "07000000 00000000 07000000 'SERVER' 0000 "
#define WORKGROUP "0a000000 00000000 0a000000 'WORKGROUP' 0000 "
#define EMPTY     "01000000 00000000 01000000 0000 "
/* platform NT, name, group, version 10.0 */
#define COMMON P0 "f4010000 " P1 P2 "0a000000 00000000 "

static void get_info(void **state)
{
    struct client c;
    (void)state;
    people_open(&c, "wkssvc", &rpc_wkssvc);
    gives(&c, GET_INFO, NUL4 "64000000", "64000000 " COMMON SERVER "0000 " WORKGROUP OK);
    gives(&c, GET_INFO, P0 SERVER "0000 65000000",
          "65000000 " P0 "f4010000 " P1 P2 "0a000000 00000000 " P3 SERVER "0000 " WORKGROUP EMPTY
          "0000 " OK);
    gives(&c, GET_INFO, NUL4 "66000000", "66000000 00000000 05000000");
    gives(&c, GET_INFO, NUL4 "f6010000", "f6010000 00000000 05000000");
    /* a level that no client's union has, and levels that are for setting */
    gives(&c, GET_INFO, NUL4 "67000000", "67000000 7c000000");
    gives(&c, GET_INFO, NUL4 "f5030000", "f5030000 00000000 7c000000");
    gives(&c, GET_INFO, NUL4 "fa030000", "fa030000 00000000 7c000000");
    gives(&c, GET_INFO, NUL4 "16040000", "16040000 00000000 7c000000");
    become(&c, "wkssvc", &rpc_wkssvc, true, false, false);
    gives(&c, GET_INFO, NUL4 "66000000",
          "66000000 " P0 "f4010000 " P1 P2 "0a000000 00000000 " P3 "02000000 " SERVER
          "0000 " WORKGROUP EMPTY "0000 " OK);
    gives(&c, GET_INFO, NUL4 "f6010000",
          "f6010000 " P0 NUL4 NUL4 NUL4 "58020000 32000000 3c000000 " NUL4 NUL4 NUL4 NUL4 NUL4 NUL4
              NUL4 NUL4 NUL4 NUL4 NUL4 NUL4 NUL4 NUL4 NUL4 NUL4 NUL4 NUL4 NUL4 NUL4 NUL4 NUL4 NUL4
                  NUL4 NUL4 NUL4 NUL4 NUL4 NUL4 OK);
    become(&c, "wkssvc", &rpc_wkssvc, false, true, false);
    gives(&c, GET_INFO, NUL4 "64000000", "64000000 " COMMON SERVER "0000 " WORKGROUP OK);
    gives(&c, GET_INFO, NUL4 "65000000", "65000000 00000000 05000000");
    client_close(&c);
}

/* A level, its tag, a container of nothing, the length that is preferred, where to go on. */
#define LIST(level, resume) NUL4 level level P0 NUL4 NUL4 "ffffffff " resume

static void lists(void **state)
{
    struct client c;
    (void)state;
    people_open(&c, "wkssvc", &rpc_wkssvc);
    gives(&c, USER_ENUM, LIST("00000000 ", NUL4),
          "00000000 00000000 " P0 "01000000 " P1 "01000000 " P2
          "06000000 00000000 06000000 'alice' 0000 01000000 " NUL4 OK);
    gives(&c, USER_ENUM, LIST("01000000 ", P0 "00000000"),
          "01000000 01000000 " P0 "01000000 " P1 "01000000 " P2 P3 P4 P5
          "06000000 00000000 06000000 'alice' 0000 " SERVER "0000 " EMPTY "0000 " SERVER "0000 "
          "01000000 " P6 "00000000 " OK);
    gives(&c, USER_ENUM, NUL4 "02000000 02000000 ffffffff 00000000",
          "02000000 02000000 00000000 00000000 7c000000");
    gives(&c, TRANSPORT_ENUM, LIST("00000000 ", NUL4),
          "00000000 00000000 " P0 "01000000 " P1 "01000000 "
          "00000000 00000000 " P2 P3 "01000000 "
          "13000000 00000000 13000000 '\\Device\\NetbiosSmb' 0000 0000 "
          "0d000000 00000000 0d000000 '000000000000' 0000 0000 01000000 " NUL4 OK);
    become(&c, "wkssvc", &rpc_wkssvc, false, false, true);
    gives(&c, USER_ENUM, LIST("00000000 ", NUL4),
          "00000000 00000000 00000000 00000000 00000000 05000000");
    client_close(&c);
}

static void bad(void **state)
{
    struct client c;
    (void)state;
    people_open(&c, "wkssvc", &rpc_wkssvc);
    refuses(&c, 1, NUL4, NCA_S_OP_RNG_ERROR);
    refuses(&c, 6, NUL4, NCA_S_OP_RNG_ERROR);
    refuses(&c, 65535, NUL4, NCA_S_OP_RNG_ERROR);
    refuses_cut(&c, GET_INFO, P0 SERVER "0000 64000000");
    refuses_cut(&c, USER_ENUM, LIST("01000000 ", P0 "00000000"));
    /* the tag is another level; a string longer than its room; one that begins elsewhere; a list
       that is longer than what follows, and than any list */
    refuses(&c, USER_ENUM, NUL4 "00000000 01000000 " P0 NUL4 NUL4 "ffffffff 00000000",
            RPC_FAULT_BAD_STUB_DATA);
    refuses(&c, GET_INFO, P0 "06000000 00000000 07000000 'SERVER' 0000 0000 64000000",
            RPC_FAULT_BAD_STUB_DATA);
    refuses(&c, GET_INFO, P0 "07000000 01000000 07000000 'SERVER' 0000 0000 64000000",
            RPC_FAULT_BAD_STUB_DATA);
    refuses(&c, USER_ENUM, NUL4 "00000000 00000000 " P0 "00000100 " P1 "00000100 " NUL4,
            RPC_FAULT_BAD_STUB_DATA);
    refuses(&c, USER_ENUM, NUL4 "00000000 00000000 " P0 "ffffffff " P1 "ffffffff " NUL4,
            RPC_FAULT_BAD_STUB_DATA);
    gives(&c, GET_INFO, NUL4 "64000000", "64000000 " COMMON SERVER "0000 " WORKGROUP OK);
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_info),
        cmocka_unit_test(lists),
        cmocka_unit_test(bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
