// SPDX-License-Identifier: Apache-2.0
/*
 * srvsvc by its bytes ([MS-SRVS] 3.1.4): what administrators may order, what a path can mean, which
 * member of a share is wrong, what others are refused. Lists are in test_assoc.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rpc/test_bytes.h"

#define SESSION_DEL    13
#define SHARE_ADD      14
#define SHARE_ENUM     15
#define SHARE_GET_INFO 16
#define SHARE_SET_INFO 17
#define SHARE_DEL      18
#define FILE_CLOSE     11
#define NAME_VALIDATE  33
#define STICKY         36

#define DENIED        "05000000"
#define BAD           "57000000"
#define INVALID_LEVEL "7c000000"
#define NOT_SUPPORTED "32000000"
#define UNKNOWN_DIR   "44080000"
#define DUPLICATE     "46080000"
#define NO_NAME       "06090000"
#define NO_MEMORY     "08000000"

#define NEW     "04000000 00000000 04000000 'new' 0000 "
#define REMARK  "02000000 00000000 02000000 'r' 0000 "
#define NO_TYPE "00000000 "

/* What the server was asked for, and what it says. */
static struct {
    smbkit_status says;
    unsigned calls, what;
    char name[100], path[5000], comment[100];
    uint32_t max_uses, flags, sd_len;
} order;

static void note(const char *name, const struct rpc_share *s)
{
    order.calls++;
    snprintf(order.name, sizeof order.name, "%s", name);
    snprintf(order.comment, sizeof order.comment, "%s", s->comment != NULL ? s->comment : "-");
    order.max_uses = s->max_uses;
    order.flags = s->flags;
    order.sd_len = s->sd != NULL ? s->sd_len : 0;
}

static smbkit_status share_add(void *ctx, const struct rpc_share *s, const char *path)
{
    (void)ctx;
    note(s->name, s);
    snprintf(order.path, sizeof order.path, "%s", path);
    return order.says;
}

static smbkit_status share_set(void *ctx, const char *name, const struct rpc_share *to,
                               unsigned what)
{
    (void)ctx;
    note(name, to);
    order.what = what;
    return order.says;
}

static smbkit_status share_del(void *ctx, const char *name)
{
    (void)ctx;
    note(name, &(struct rpc_share){0});
    return order.says;
}

static void start(struct client *c, bool admin)
{
    memset(&order, 0, sizeof order);
    people_open(c, "srvsvc", &rpc_srvsvc);
    c->service.directory.share_add = share_add;
    c->service.directory.share_set = share_set;
    c->service.directory.share_del = share_del;
    become(c, "srvsvc", &rpc_srvsvc, admin, false, false);
}

/* ---------------------------------------------------------------- NetrShareAdd */

#define ADD_2(type, pointer, texts)                                                             \
    NUL4 "02000000 02000000 " P0 P1 type P2 "00000000 ffffffff 00000000 " pointer NUL4 texts P3 \
         "00000000"

static void add(void **state)
{
    struct client c;
    (void)state;
    start(&c, true);
    gives(&c, SHARE_ADD,
          ADD_2(NO_TYPE, P4, NEW REMARK "07000000 00000000 07000000 'C:\\a\\b' 0000 0000 "),
          P0 NUL4 OK);
    assert_string_equal(order.name, "new");
    assert_string_equal(order.path, "a/b");
    assert_string_equal(order.comment, "r");
    assert_int_equal(order.max_uses, UINT32_MAX);
    /* level 502 brings a descriptor, 503 the name of a server too */
    gives(&c, SHARE_ADD,
          NUL4 "f6010000 f6010000 " P0 P1 "00000000 00000000 00000000 05000000 00000000 " P2
               "00000000 04000000 " P3 NEW "04000000 00000000 04000000 'c:\\' 0000 "
               "04000000 01020304 00000000",
          NUL4 OK);
    assert_string_equal(order.path, "");
    assert_string_equal(order.comment, "-");
    assert_int_equal(order.sd_len, 4);
    assert_int_equal(order.max_uses, 5);
    gives(&c, SHARE_ADD,
          NUL4 "f7010000 f7010000 " P0 P1 "00000000 00000000 00000000 05000000 00000000 " P2
               "00000000 00000000 00000000 00000000 " NEW "04000000 00000000 04000000 'C:\\' 0000 "
               "00000000",
          NUL4 OK);
    assert_int_equal(order.calls, 3);
    client_close(&c);
}

static void add_path(struct client *c, const char *path, const char *wanted)
{
    char request[9000], texts[8500];
    size_t units = strlen(path) + 1;
    snprintf(texts, sizeof texts, "%02x%02x0000 00000000 %02x%02x0000 '%s' 0000%s ",
             (unsigned)(units & 255), (unsigned)(units >> 8), (unsigned)(units & 255),
             (unsigned)(units >> 8), path, units % 2 != 0 ? " 0000" : "");
    snprintf(request, sizeof request,
             NUL4 "02000000 02000000 " P0 P1 NO_TYPE
                  "00000000 00000000 ffffffff 00000000 " P4 NUL4 NEW "%s" P3 "00000000",
             texts);
    gives(c, SHARE_ADD, request, wanted);
}

/* A path is a way down from the top of C:, and nothing else. */
static void paths(void **state)
{
    static const char *const bad[] = {
        "",         "C",         "C:",        "C:a",          "D:\\\\a",
        "\\a",      "/a",        "a\\b",      "C:/a",         "C:\\a/b",
        "C:\\..",   "C:\\.",     "C:\\a\\..", "C:\\..\\a",    "C:\\a\\.",
        "C:\\\\a",  "C:\\a\\\\", "C:\\a:b",   "C:\\a*",       "C:\\a?",
        "C:\\a|b",  "C:\\<a>",   "\\\\h\\s",  "\\\\?\\C:\\a", "\\\\.\\C:\\a",
        "C:\\a\tb", "C:\\a\"b",  "::x",
    };
    static const char *const good[][2] = {
        {"C:\\", ""},       {"c:\\a", "a"},           {"C:\\a\\", "a"},
        {"C:\\a b", "a b"}, {"C:\\a\\b\\c", "a/b/c"}, {"C:\\...", "..."},
        {"C:\\..a", "..a"},
    };
    struct client c;
    (void)state;
    start(&c, true);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        add_path(&c, bad[i], P0 "08000000 " BAD);
    assert_int_equal(order.calls, 0);
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        add_path(&c, good[i][0], P0 NUL4 OK);
        assert_string_equal(order.path, good[i][1]);
    }
    client_close(&c);
}

static void members(void **state)
{
    static const struct {
        smbkit_status status;
        const char *answer;
    } answers[] = {
        {SMBKIT_STATUS_OBJECT_NAME_COLLISION, P0 NUL4 DUPLICATE},
        {SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND, P0 NUL4 UNKNOWN_DIR},
        {SMBKIT_STATUS_OBJECT_NAME_INVALID, P0 "01000000 " BAD},
        {SMBKIT_STATUS_INVALID_SECURITY_DESCR, P0 "f5010000 " BAD},
        {SMBKIT_STATUS_QUOTA_EXCEEDED, P0 NUL4 NO_MEMORY},
        {SMBKIT_STATUS_NO_MEMORY, P0 NUL4 NO_MEMORY},
    };
    struct client c;
    (void)state;
    start(&c, true);
#define PATH "05000000 00000000 05000000 'C:\\a' 0000 0000 "
    gives(&c, SHARE_ADD, ADD_2("01000000 ", P4, NEW REMARK PATH), P0 "03000000 " BAD);
    gives(&c, SHARE_ADD, ADD_2("03000080 ", P4, NEW REMARK PATH), P0 "03000000 " BAD);
    gives(&c, SHARE_ADD, ADD_2(NO_TYPE, NUL4, NEW REMARK), P0 "08000000 " BAD);
    gives(&c, SHARE_ADD, ADD_2(NO_TYPE, P4, "01000000 00000000 01000000 0000 0000 " REMARK PATH),
          P0 "01000000 " BAD);
    gives(&c, SHARE_ADD,
          ADD_2(NO_TYPE, P4, "09000000 00000000 09000000 'MailSlot' 0000 0000 " REMARK PATH),
          P0 NUL4 DENIED);
    gives(&c, SHARE_ADD,
          ADD_2(NO_TYPE, P4,
                NEW "32000000 00000000 32000000 "
                    "'1234567890123456789012345678901234567890123456789' 0000 " PATH),
          P0 "04000000 " BAD);
    gives(&c, SHARE_ADD, NUL4 "02000000 02000000 00000000 " P0 "00000000", P0 NUL4 BAD);
    gives(&c, SHARE_ADD, NUL4 "01000000 01000000 00000000 " P0 "00000000", P0 NUL4 INVALID_LEVEL);
    assert_int_equal(order.calls, 0);
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        order.says = answers[i].status;
        gives(&c, SHARE_ADD, ADD_2(NO_TYPE, P4, NEW REMARK PATH), answers[i].answer);
    }
    refuses_cut(&c, SHARE_ADD, ADD_2(NO_TYPE, P4, NEW REMARK PATH));
    /* a descriptor that is longer than what follows, and than any */
    refuses(&c, SHARE_ADD,
            NUL4 "f6010000 f6010000 " P0 NUL4 "00000000 00000000 00000000 05000000 00000000 " NUL4
                 "00000000 00000100 " P3 "00000100 01020304",
            RPC_FAULT_BAD_STUB_DATA);
    refuses(&c, SHARE_ADD,
            NUL4 "f6010000 f6010000 " P0 NUL4 "00000000 00000000 00000000 05000000 00000000 " NUL4
                 "00000000 05000000 " P3 "04000000 01020304",
            RPC_FAULT_BAD_STUB_DATA);
    client_close(&c);
}

/* ---------------------------------------------------------------- NetrShareSetInfo, NetrShareDel
 */

#define SET(level, info) NUL4 NEW level level P0 info "00000000"

static void set(void **state)
{
    struct client c;
    (void)state;
    start(&c, true);
    gives(&c, SHARE_SET_INFO, SET("ec030000 ", P1 REMARK), NUL4 OK);
    assert_string_equal(order.name, "new");
    assert_string_equal(order.comment, "r");
    assert_int_equal(order.what, RPC_SHARE_COMMENT);
    gives(&c, SHARE_SET_INFO, SET("ed030000 ", "30080000 "), NUL4 OK);
    assert_int_equal(order.flags, 0x830);
    assert_int_equal(order.what, RPC_SHARE_FLAGS);
    gives(&c, SHARE_SET_INFO, SET("ee030000 ", "07000000 "), NUL4 OK);
    assert_int_equal(order.max_uses, 7);
    assert_int_equal(order.what, RPC_SHARE_MAX_USES);
    gives(&c, SHARE_SET_INFO, SET("dd050000 ", "04000000 " P1 "04000000 01020304 "), NUL4 OK);
    assert_int_equal(order.sd_len, 4);
    assert_int_equal(order.what, RPC_SHARE_SD);
    /* no descriptor leaves the one that there is */
    gives(&c, SHARE_SET_INFO, SET("dd050000 ", "00000000 00000000 "), NUL4 OK);
    assert_int_equal(order.what, 0);
    unsigned calls = order.calls;
    gives(&c, SHARE_SET_INFO, SET("ed030000 ", "00200000 "), NUL4 NOT_SUPPORTED);
    gives(&c, SHARE_SET_INFO, SET("00000000 ", "00000000 "), NUL4 INVALID_LEVEL);
    gives(&c, SHARE_SET_INFO, SET("f5010000 ", NUL4 NUL4 NUL4 NUL4), NUL4 INVALID_LEVEL);
    gives(&c, SHARE_SET_INFO,
          NUL4 "01000000 00000000 01000000 0000 0000 ec030000 ec030000 " P0 NUL4 "00000000",
          NUL4 BAD);
    gives(&c, SHARE_SET_INFO, NUL4 NEW "ec030000 ec030000 00000000 00000000", NUL4 BAD);
    assert_int_equal(order.calls, calls);
    order.says = SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    gives(&c, SHARE_SET_INFO, SET("ec030000 ", P1 REMARK), NUL4 NO_NAME);
    gives(&c, SHARE_DEL, NUL4 NEW "00000000", NO_NAME);
    order.says = SMBKIT_STATUS_ACCESS_DENIED;
    gives(&c, SHARE_DEL, NUL4 NEW "00000000", DENIED);
    order.says = SMBKIT_STATUS_SUCCESS;
    gives(&c, SHARE_DEL, NUL4 NEW "00000000", OK);
    refuses_cut(&c, SHARE_DEL, NUL4 NEW "00000000");
    client_close(&c);
}

/* ---------------------------------------------------------------- others */

static void not_allowed(void **state)
{
    struct client c;
    (void)state;
    start(&c, false);
    gives(&c, SHARE_ADD, ADD_2(NO_TYPE, P4, NEW REMARK PATH), P0 NUL4 DENIED);
    gives(&c, SHARE_SET_INFO, SET("ec030000 ", P1 REMARK), NUL4 DENIED);
    gives(&c, SHARE_DEL, NUL4 NEW "00000000", DENIED);
    gives(&c, SESSION_DEL, NUL4 NUL4 NUL4, DENIED);
    gives(&c, FILE_CLOSE, NUL4 "01000000", DENIED);
    assert_int_equal(order.calls, 0);
    /* what is of a share's own is not for everybody; levels that no list has are no levels */
    gives(&c, SHARE_GET_INFO, NUL4 NEW "02000000", "02000000 00000000 " DENIED);
    gives(&c, SHARE_GET_INFO, NUL4 NEW "f6010000", "f6010000 00000000 " DENIED);
    gives(&c, SHARE_GET_INFO, NUL4 NEW "f7010000", "f7010000 00000000 " DENIED);
    gives(&c, SHARE_GET_INFO, NUL4 NEW "dd050000", "dd050000 00000000 " DENIED);
    gives(&c, SHARE_GET_INFO, NUL4 NEW "01000000", "01000000 00000000 " NO_NAME);
#define LIST(level) NUL4 level level P0 NUL4 NUL4 "ffffffff 00000000"
    gives(&c, SHARE_ENUM, LIST("02000000 "),
          "02000000 02000000 00000000 00000000 00000000 " DENIED);
    gives(&c, SHARE_ENUM, LIST("f6010000 "),
          "f6010000 f6010000 00000000 00000000 00000000 " DENIED);
    gives(&c, SHARE_ENUM, LIST("ec030000 "),
          "ec030000 ec030000 00000000 00000000 00000000 " INVALID_LEVEL);
    gives(&c, STICKY, LIST("f5010000 "),
          "f5010000 f5010000 00000000 00000000 00000000 " INVALID_LEVEL);
    /* the characters of new shares are known to everybody */
    gives(&c, NAME_VALIDATE, NUL4 NEW "09000000 00000000", OK);
    gives(&c, NAME_VALIDATE, NUL4 "04000000 00000000 04000000 'a/b' 0000 09000000 00000000",
          "7b000000");
    gives(&c, NAME_VALIDATE, NUL4 NEW "0e000000 00000000", BAD);
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(add), cmocka_unit_test(paths),       cmocka_unit_test(members),
        cmocka_unit_test(set), cmocka_unit_test(not_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
