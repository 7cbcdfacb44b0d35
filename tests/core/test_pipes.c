// SPDX-License-Identifier: Apache-2.0
/* Named pipes through the whole core: names, message mode, waiting reads, what pipes are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness.h"

#define PIPE_ACCESS 0x0012019fu
#define SHARE_ALL   7u

/* A bind of srvsvc; what answers it is tested in src/rpc. */
static const uint8_t bind[72] = {
    5,    0,    11,   3,    16,   0,    0,    0,    72,   0,    0,    0,    1,    0,    0,
    0,    184,  16,   184,  16,   0,    0,    0,    0,    1,    0,    0,    0,    0,    0,
    1,    0,    0xc8, 0x4f, 0x32, 0x4b, 0x70, 0x16, 0xd3, 0x01, 0x12, 0x78, 0x5a, 0x47, 0xbf,
    0x6e, 0xe1, 0x88, 3,    0,    0,    0,    0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11,
    0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60, 2,    0,    0,    0,
};

static void ready(struct harness_client *c, struct world *w)
{
    struct world_config cfg = harness_world_config();
    harness_world(w, &cfg);
    struct smbclient_config ccfg = harness_client_config(w);
    harness_ready(c, w, &ccfg);
    assert_int_equal(harness_tree(c, "IPC$"), SMBKIT_STATUS_SUCCESS);
}

static smbkit_status open_pipe(struct harness_client *c, const char *name, struct wire_file_id *id)
{
    return harness_create(c, name, PIPE_ACCESS, SHARE_ALL, FILE_OPEN, 0, id);
}

static void end(struct harness_client *c, struct world *w)
{
    harness_drop(c);
    harness_world_end(w);
}

static void test_names(void **state)
{
    static const char *const none[] = {"spoolss", "pipe\\srvsvc", "srvsvc\\x", "nothing"};
    static const char *const there[] = {"srvsvc", "WKSSVC", "lsarpc", "samr", "winreg"};
    struct world w;
    struct harness_client c;
    struct wire_file_id id;
    (void)state;
    ready(&c, &w);
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        assert_int_equal(open_pipe(&c, none[i], &id), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    for (size_t i = 0; i < ARRAY_LEN(there); i++) {
        assert_int_equal(open_pipe(&c, there[i], &id), SMBKIT_STATUS_SUCCESS);
        assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
    }
    assert_int_equal(harness_create(&c, "srvsvc", PIPE_ACCESS, SHARE_ALL, FILE_CREATE, 0, &id),
                     SMBKIT_STATUS_ACCESS_DENIED);
    end(&c, &w);
}

/* A message that is read in two pieces. */
static void test_messages(void **state)
{
    struct world w;
    struct harness_client c;
    struct wire_file_id id;
    (void)state;
    ready(&c, &w);
    assert_int_equal(open_pipe(&c, "srvsvc", &id), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_write(&c, id, 0, bind, sizeof bind), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_read(&c, id, 0, 10), SMBKIT_STATUS_BUFFER_OVERFLOW);
    assert_int_equal(harness_read(&c, id, 0, 4000), SMBKIT_STATUS_SUCCESS);
    /* locks are for files */
    assert_int_equal(harness_lock(&c, id, 0, 1, 2), SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
    end(&c, &w);
}

/* A READ that finds nothing waits; a WRITE brings it something. */
static void test_waiting(void **state)
{
    struct world w;
    struct harness_client c;
    struct wire_file_id id;
    (void)state;
    ready(&c, &w);
    assert_int_equal(open_pipe(&c, "srvsvc", &id), SMBKIT_STATUS_SUCCESS);
    (void)harness_read(&c, id, 0, 4000);
    assert_true(harness_last(&c)->interim);
    assert_int_equal(harness_write(&c, id, 0, bind, sizeof bind), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(c.count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(c.replies[i].status, SMBKIT_STATUS_SUCCESS);
    end(&c, &w);
}

static void test_closed(void **state)
{
    struct world w;
    struct harness_client c;
    struct wire_file_id id;
    bool broken = false;
    (void)state;
    ready(&c, &w);
    assert_int_equal(open_pipe(&c, "srvsvc", &id), SMBKIT_STATUS_SUCCESS);
    (void)harness_read(&c, id, 0, 4000);
    (void)harness_close(&c, id);
    for (size_t i = 0; i < c.count; i++)
        broken = broken || (c.replies[i].command == SMB2_READ &&
                            c.replies[i].status == SMBKIT_STATUS_PIPE_BROKEN);
    assert_true(broken);
    end(&c, &w);
}

/* As many as other opens, when they hold little: clients open one for each call. */
static void test_many(void **state)
{
    struct world w;
    struct harness_client c;
    struct wire_file_id id;
    (void)state;
    ready(&c, &w);
    for (unsigned i = 0; i < 1100; i++) {
        assert_int_equal(open_pipe(&c, "lsarpc", &id), SMBKIT_STATUS_SUCCESS);
        assert_int_equal(harness_write(&c, id, 0, bind, sizeof bind), SMBKIT_STATUS_SUCCESS);
    }
    end(&c, &w);
}

/* Requests whose answers nobody reads, until the pipe breaks by that or the session has no room. */
static void fill(struct harness_client *c, struct wire_file_id id)
{
    static const uint8_t request[24] = {5, 0, 0, 3, 16, 0, 0, 0, 24};
    static uint8_t many[60000];
    for (size_t at = 0; at < sizeof many; at += sizeof request)
        memcpy(many + at, request, sizeof request);
    while (harness_write(c, id, 0, many, sizeof many) == SMBKIT_STATUS_SUCCESS)
        continue;
}

static void test_unread(void **state)
{
    struct world w;
    struct harness_client c;
    struct wire_file_id id[16], one;
    unsigned n = 0;
    smbkit_status st;
    (void)state;
    ready(&c, &w);
    while ((st = open_pipe(&c, "srvsvc", &id[n])) == SMBKIT_STATUS_SUCCESS) {
        assert_int_equal(harness_write(&c, id[n], 0, bind, sizeof bind), SMBKIT_STATUS_SUCCESS);
        fill(&c, id[n]);
        assert_true(++n < ARRAY_LEN(id));
    }
    assert_int_equal(st, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    assert_in_range(n, 2, 8);
    /* to read, or to close, makes room */
    assert_int_equal(harness_close(&c, id[0]), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(open_pipe(&c, "srvsvc", &one), SMBKIT_STATUS_SUCCESS);
    end(&c, &w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),   cmocka_unit_test(test_messages),
        cmocka_unit_test(test_waiting), cmocka_unit_test(test_closed),
        cmocka_unit_test(test_many),    cmocka_unit_test(test_unread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
