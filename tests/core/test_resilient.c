// SPDX-License-Identifier: Apache-2.0
/* Whole core: resilient opens ([MS-SMB2] 3.3.5.15.9, 3.3.5.9.7, 3.3.7.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"
#include "core/state.h"
#include "wire/fsctl.h"

#define READ_WRITE 0x0012019fu
#define EXCLUSIVE  (SMB2_LOCKFLAG_EXCLUSIVE_LOCK | SMB2_LOCKFLAG_FAIL_IMMEDIATELY)

static struct world w;
static struct harness_client c, other;
static struct arena arena;

static struct smbclient_config client_of(uint16_t dialect)
{
    struct smbclient_config ccfg = harness_client_config(&w);
    ccfg.dialects[0] = dialect;
    ccfg.dialect_count = 1;
    return ccfg;
}

static void start(uint16_t dialect)
{
    struct world_config cfg = harness_world_config();
    cfg.core.max_resiliency = 300 * NS_PER_S;
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = client_of(dialect);
    harness_ready(&c, &w, &ccfg);
    ccfg.guid.b[0]++;
    harness_ready(&other, &w, &ccfg);
    arena_init(&arena, 65536);
}

static void end(void)
{
    harness_drop(&c);
    harness_drop(&other);
    arena_clear(&arena);
    harness_world_end(&w);
}

static smbkit_status ask(struct wire_file_id id, uint32_t timeout_ms, size_t len)
{
    uint8_t in[8] = {0};
    le32_store(in, timeout_ms);
    union wire_any body = {.ioctl_req = {.ctl_code = FSCTL_LMR_REQUEST_RESILIENCY,
                                         .file_id = id,
                                         .flags = SMB2_0_IOCTL_IS_FSCTL,
                                         .input = {in, len}}};
    return harness_call(&c, SMB2_IOCTL, &body);
}

/* An open without any cache. */
static struct wire_file_id resilient(const char *name, uint32_t options, uint32_t timeout_ms)
{
    struct wire_file_id id;
    assert_int_equal(harness_create(&c, name, READ_WRITE, 0, FILE_OPEN_IF, options, &id),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(ask(id, timeout_ms, 8), SMBKIT_STATUS_SUCCESS);
    return id;
}

static void lose(void)
{
    harness_drop(&c);
    harness_run(&other);
}

static void come_back(uint16_t dialect, const char *user, const char *password)
{
    struct smbclient_config ccfg = client_of(dialect);
    harness_connect(&c, &w, &ccfg);
    assert_int_equal(harness_negotiate(&c), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_logon(&c, user, password, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(&c, "data"), SMBKIT_STATUS_SUCCESS);
}

static smbkit_status want_back(struct wire_file_id *id)
{
    union wire_any body = harness_create_req(&arena, "f", READ_WRITE, 0, FILE_OPEN, 0);
    struct wire_create_req_ctxs rc = {.present = WIRE_CTX_BIT(WIRE_CTX_DHNC),
                                      .durable_reconnect = *id};
    assert_true(wire_create_req_ctxs_build(&arena, &rc, NULL, 0, &body.create_req.ctxs,
                                           &body.create_req.ctx_count));
    smbkit_status st = harness_call(&c, SMB2_CREATE, &body);
    if (st == SMBKIT_STATUS_SUCCESS)
        *id = harness_last(&c)->body.create_rsp.file_id;
    return st;
}

static void test_holds_against_others(void **state)
{
    struct wire_file_id taken;
    start(SMB2_DIALECT_210);
    struct wire_file_id id = resilient("f", 0, 0);
    assert_int_equal(harness_lock(&c, id, 0, 10, EXCLUSIVE), SMBKIT_STATUS_SUCCESS);
    lose();
    assert_int_equal(harness_create(&other, "f", READ_WRITE, 7, FILE_OPEN, 0, &taken),
                     SMBKIT_STATUS_SHARING_VIOLATION);
    come_back(SMB2_DIALECT_210, "alice", "alice-pw");
    assert_int_equal(want_back(&id), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(want_back(&id), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND); /* it is not away */
    assert_int_equal(harness_write(&c, id, 0, "x", 1), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_lock(&c, id, 0, 10, SMB2_LOCKFLAG_UNLOCK), SMBKIT_STATUS_SUCCESS);
    lose(); /* and again */
    come_back(SMB2_DIALECT_210, "alice", "alice-pw");
    assert_int_equal(want_back(&id), SMBKIT_STATUS_SUCCESS);
    end();
}

static void test_a_folder(void **state)
{
    start(SMB2_DIALECT_311);
    struct wire_file_id id = resilient("f", FILE_DIRECTORY_FILE, 0);
    lose();
    come_back(SMB2_DIALECT_311, "alice", "alice-pw");
    assert_int_equal(want_back(&id), SMBKIT_STATUS_SUCCESS);
    end();
}

/* What the client had cached is taken from it behind its back; the open stays. */
static void test_oplock_breaks_untold(void **state)
{
    struct wire_file_id taken, id;
    start(SMB2_DIALECT_210);
    union wire_any body = harness_create_req(&arena, "f", READ_WRITE, 7, FILE_OPEN_IF, 0);
    body.create_req.oplock_level = SMB2_OPLOCK_LEVEL_BATCH;
    assert_int_equal(harness_call(&c, SMB2_CREATE, &body), SMBKIT_STATUS_SUCCESS);
    id = harness_last(&c)->body.create_rsp.file_id;
    assert_int_equal(ask(id, 5000, 8), SMBKIT_STATUS_SUCCESS);
    lose();
    assert_int_equal(harness_create(&other, "f", READ_WRITE, 7, FILE_OPEN, 0, &taken),
                     SMBKIT_STATUS_SUCCESS);
    come_back(SMB2_DIALECT_210, "alice", "alice-pw");
    assert_int_equal(want_back(&id), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_last(&c)->body.create_rsp.oplock_level, SMB2_OPLOCK_LEVEL_NONE);
    end();
}

static void test_not_for_ever(void **state)
{
    struct wire_file_id taken;
    start(SMB2_DIALECT_210);
    struct wire_file_id id = resilient("f", 0, 2000);
    lose();
    world_advance(&w, 1900 * NS_PER_MS);
    assert_int_equal(harness_create(&other, "f", READ_WRITE, 7, FILE_OPEN, 0, &taken),
                     SMBKIT_STATUS_SHARING_VIOLATION);
    world_advance(&w, 200 * NS_PER_MS);
    assert_int_equal(harness_create(&other, "f", READ_WRITE, 7, FILE_OPEN, 0, &taken),
                     SMBKIT_STATUS_SUCCESS);
    come_back(SMB2_DIALECT_210, "alice", "alice-pw");
    assert_int_equal(want_back(&id), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    end();
}

static void test_only_its_owner(void **state)
{
    start(SMB2_DIALECT_210);
    struct wire_file_id id = resilient("f", 0, 0);
    lose();
    come_back(SMB2_DIALECT_210, "bob", "bob-pw");
    assert_int_equal(want_back(&id), SMBKIT_STATUS_ACCESS_DENIED);
    end();
}

static void test_refused(void **state)
{
    struct wire_file_id id;
    start(SMB2_DIALECT_210);
    assert_int_equal(harness_create(&c, "f", READ_WRITE, 0, FILE_OPEN_IF, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(ask(id, 1000, 7), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(ask(id, 301000, 8), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(ask(id, 300999, 8), SMBKIT_STATUS_SUCCESS); /* whole seconds count */
    end();
    start(SMB2_DIALECT_202);
    assert_int_equal(harness_create(&c, "f", READ_WRITE, 0, FILE_OPEN_IF, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(ask(id, 1000, 8), SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    end();
    start(SMB2_DIALECT_210);
    w.core->config.max_resiliency = 0;
    assert_int_equal(harness_create(&c, "f", READ_WRITE, 0, FILE_OPEN_IF, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(ask(id, 1000, 8), SMBKIT_STATUS_NOT_SUPPORTED);
    end();
}

static smbkit_status lock_again(struct wire_file_id id)
{
    struct wire_lock_element e = {.offset = 0, .length = 10, .flags = EXCLUSIVE};
    union wire_any body = {
        .lock_req = {.lock_count = 1, .lock_sequence = 0x11, .file_id = id, .locks = &e}};
    return harness_call(&c, SMB2_LOCK, &body);
}

/* 3.3.5.14: in 2.1 they are told apart for such opens only, and the numbers are kept with them. */
static void test_lock_sequences(void **state)
{
    struct wire_file_id id;
    start(SMB2_DIALECT_210);
    assert_int_equal(harness_create(&c, "f", READ_WRITE, 0, FILE_OPEN_IF, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(lock_again(id), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(lock_again(id), SMBKIT_STATUS_LOCK_NOT_GRANTED);
    assert_int_equal(harness_lock(&c, id, 0, 10, SMB2_LOCKFLAG_UNLOCK), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(ask(id, 0, 8), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(lock_again(id), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(lock_again(id), SMBKIT_STATUS_SUCCESS);
    lose();
    come_back(SMB2_DIALECT_210, "alice", "alice-pw");
    assert_int_equal(want_back(&id), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(lock_again(id), SMBKIT_STATUS_SUCCESS);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds_against_others), cmocka_unit_test(test_a_folder),
        cmocka_unit_test(test_oplock_breaks_untold), cmocka_unit_test(test_not_for_ever),
        cmocka_unit_test(test_only_its_owner),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_lock_sequences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
