// SPDX-License-Identifier: Apache-2.0
/*
 * Whole core: requests that are sent again ([MS-SMB2] 3.3.5.2.10, 3.3.5.9, 3.3.5.9.10), and opens
 * that an application takes over (3.3.5.9.13).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"

#define READ_WRITE 0x0012019fu
#define SHARE_ALL  7

static struct world w;
static struct harness_client c, other;
static struct arena arena;
static const struct guid guid_a = {{1, 2, 3}}, guid_b = {{9}}, app = {{42}};

static struct smbclient_config config_of(uint8_t guid)
{
    struct smbclient_config ccfg = harness_client_config(&w);
    ccfg.guid.b[0] = guid;
    return ccfg;
}

static void start(void)
{
    struct world_config cfg = harness_world_config();
    harness_world(&w, &cfg);
    struct smbclient_config one = config_of(1), two = config_of(2);
    harness_ready(&c, &w, &one);
    harness_ready(&other, &w, &two);
    arena_init(&arena, 65536);
}

static void end(void)
{
    harness_drop(&c);
    world_advance(&w, NS_PER_S);
    harness_run(&other);
    harness_drop(&other);
    arena_clear(&arena);
    harness_world_end(&w);
}

/* ---------------------------------------------------------------- CREATE */

struct attempt {
    bool replay;
    uint8_t oplock;
    uint32_t share;
    struct guid guid;
    struct guid app;
    uint64_t app_version;
    const struct guid *lease;
};

static struct attempt attempt_of(bool replay)
{
    return (struct attempt){.replay = replay, .oplock = SMB2_OPLOCK_LEVEL_BATCH, .guid = guid_a};
}

static smbkit_status create(struct harness_client *who, const struct attempt *a)
{
    union wire_any body = harness_create_req(&arena, "f", READ_WRITE, a->share, FILE_OPEN_IF, 0);
    struct wire_create_req_ctxs x = {.present = WIRE_CTX_BIT(WIRE_CTX_DH2Q),
                                     .durable_v2 = {.timeout = 20000, .create_guid = a->guid}};
    body.create_req.oplock_level = a->oplock;
    if (a->app.b[0] != 0) {
        x.present |= WIRE_CTX_BIT(WIRE_CTX_APP_INSTANCE_ID);
        x.app_instance_id = a->app;
    }
    if (a->app_version != 0) {
        x.present |= WIRE_CTX_BIT(WIRE_CTX_APP_INSTANCE_VERSION);
        x.app_instance_version_high = a->app_version;
    }
    if (a->lease != NULL) {
        x.present |= WIRE_CTX_BIT(WIRE_CTX_RQLS);
        x.lease = (struct wire_lease){.version = 2,
                                      .key = *a->lease,
                                      .state = SMB2_LEASE_READ_CACHING | SMB2_LEASE_HANDLE_CACHING};
        body.create_req.oplock_level = SMB2_OPLOCK_LEVEL_LEASE;
    }
    assert_true(wire_create_req_ctxs_build(&arena, &x, NULL, 0, &body.create_req.ctxs,
                                           &body.create_req.ctx_count));
    struct smbclient_element e = harness_element(who, SMB2_CREATE, &body);
    e.replay = a->replay;
    return harness_send(who, &e, 1, 0);
}

static const struct wire_create_rsp *created(const struct harness_client *who)
{
    return &harness_last(who)->body.create_rsp;
}

static struct wire_file_id made(struct harness_client *who, const struct attempt *a)
{
    assert_int_equal(create(who, a), SMBKIT_STATUS_SUCCESS);
    return created(who)->file_id;
}

/* The answer is the first one's, whatever is said now. */
static void test_same_open(void **state)
{
    start();
    struct attempt a = attempt_of(false);
    struct wire_file_id id = made(&c, &a);
    assert_int_equal(created(&c)->create_action, FILE_CREATED);
    assert_int_equal(create(&c, &a), SMBKIT_STATUS_DUPLICATE_OBJECTID);
    a.replay = true;
    assert_int_equal(made(&c, &a).volatile_id, id.volatile_id);
    assert_int_equal(created(&c)->create_action, FILE_CREATED);
    a.oplock = SMB2_OPLOCK_LEVEL_NONE;
    a.share = SHARE_ALL;
    assert_int_equal(made(&c, &a).volatile_id, id.volatile_id);
    assert_int_equal(created(&c)->oplock_level, SMB2_OPLOCK_LEVEL_NONE);
    assert_int_equal(created(&c)->ctx_count, 0);
    end();
}

/* Who uses the file knows its id: from then on the GUID is free. */
static void test_once_used(void **state)
{
    start();
    struct attempt a = attempt_of(false);
    a.share = SHARE_ALL;
    a.oplock = SMB2_OPLOCK_LEVEL_NONE;
    struct wire_file_id id = made(&c, &a);
    assert_int_equal(harness_write(&c, id, 0, "x", 1), SMBKIT_STATUS_SUCCESS);
    a.replay = true;
    assert_int_not_equal(made(&c, &a).volatile_id, id.volatile_id);
    end();
}

static void test_only_its_maker(void **state)
{
    start();
    struct attempt a = attempt_of(false);
    a.lease = &guid_a;
    struct wire_file_id id = made(&c, &a);
    a.replay = true;
    a.lease = &guid_b;
    assert_int_equal(create(&c, &a), SMBKIT_STATUS_ACCESS_DENIED);
    a.lease = NULL;
    assert_int_equal(create(&c, &a), SMBKIT_STATUS_ACCESS_DENIED);
    a.lease = &guid_a;
    /* other sessions of the same client */
    struct harness_client second;
    struct smbclient_config ccfg = config_of(1);
    harness_ready(&second, &w, &ccfg);
    assert_int_equal(create(&second, &a), SMBKIT_STATUS_DUPLICATE_OBJECTID);
    harness_drop(&second);
    harness_connect(&second, &w, &ccfg);
    assert_int_equal(harness_negotiate(&second), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_logon(&second, "bob", "bob-pw", 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(&second, "data"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(create(&second, &a), SMBKIT_STATUS_ACCESS_DENIED);
    harness_drop(&second);
    assert_int_equal(made(&c, &a).volatile_id, id.volatile_id);
    /* another client's GUID says nothing: this is an open that waits for the handle lease */
    a.lease = NULL;
    assert_int_equal(create(&other, &a), SMBKIT_STATUS_PENDING);
    end();
}

/* A CREATE that waits until somebody else's cache is given up. */
static struct wire_file_id make_pending(void)
{
    struct attempt a = attempt_of(false);
    a.share = SHARE_ALL;
    struct wire_file_id holder = made(&other, &a);
    assert_int_equal(create(&c, &a), SMBKIT_STATUS_PENDING);
    return holder;
}

static void let_go(struct wire_file_id holder)
{
    assert_int_equal(harness_close(&other, holder), SMBKIT_STATUS_SUCCESS);
    world_advance(&w, NS_PER_S);
    harness_run(&other);
}

/* Two at once would open the file twice. */
static void test_pending(void **state)
{
    start();
    struct wire_file_id holder = make_pending();
    struct attempt a = attempt_of(true);
    assert_int_equal(create(&c, &a), SMBKIT_STATUS_FILE_NOT_AVAILABLE);
    let_go(holder);
    struct wire_file_id id = made(&c, &a);
    assert_int_equal(harness_write(&c, id, 0, "x", 1), SMBKIT_STATUS_SUCCESS);
    end();
}

static void bind_second(struct harness_client *second)
{
    struct smbclient_config ccfg = config_of(1);
    harness_connect(second, &w, &ccfg);
    assert_int_equal(harness_negotiate(second), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_bind(second, &c, "alice", "alice-pw"), SMBKIT_STATUS_SUCCESS);
}

/* Its connection goes, its session does not: the answer is fetched over another one. */
static void test_pending_on_a_lost_channel(void **state)
{
    start();
    struct harness_client second;
    bind_second(&second);
    struct wire_file_id holder = make_pending();
    harness_drop(&c);
    struct attempt a = attempt_of(true);
    assert_int_equal(create(&second, &a), SMBKIT_STATUS_FILE_NOT_AVAILABLE);
    let_go(holder);
    struct wire_file_id id = made(&second, &a);
    assert_int_equal(harness_write(&second, id, 0, "x", 1), SMBKIT_STATUS_SUCCESS);
    harness_drop(&second);
    struct smbclient_config one = config_of(1);
    harness_ready(&c, &w, &one);
    end();
}

/* With the session such a request goes as well: nothing is left when all are gone. */
static void test_pending_and_everything_lost(void **state)
{
    start();
    struct harness_client second;
    bind_second(&second);
    make_pending();
    harness_drop(&c);
    harness_drop(&second);
    struct smbclient_config one = config_of(1);
    harness_ready(&c, &w, &one);
    end();
}

/* ---------------------------------------------------------------- channel sequence */

static smbkit_status write_at(struct wire_file_id id, uint16_t sequence, bool replay)
{
    union wire_any body = {.write_req = {.file_id = id, .payload = {(const uint8_t *)"w", 1}}};
    struct smbclient_element e = harness_element(&c, SMB2_WRITE, &body);
    e.channel_sequence = sequence;
    e.replay = replay;
    return harness_send(&c, &e, 1, 0);
}

static smbkit_status read_at(struct wire_file_id id, uint16_t sequence)
{
    union wire_any body = {.read_req = {.length = 1, .file_id = id, .padding = 80}};
    struct smbclient_element e = harness_element(&c, SMB2_READ, &body);
    e.channel_sequence = sequence;
    return harness_send(&c, &e, 1, 0);
}

/* What comes late must not change anything; reading does no harm. */
static void test_sequence(void **state)
{
    static const struct {
        uint16_t sequence;
        smbkit_status expected;
    } steps[] = {
        {0, SMBKIT_STATUS_SUCCESS},
        {0x8000, SMBKIT_STATUS_FILE_NOT_AVAILABLE},
        {0xffff, SMBKIT_STATUS_FILE_NOT_AVAILABLE},
        {0x7fff, SMBKIT_STATUS_SUCCESS},
        {0x7ffe, SMBKIT_STATUS_FILE_NOT_AVAILABLE},
        {0, SMBKIT_STATUS_FILE_NOT_AVAILABLE},
        {0x8000, SMBKIT_STATUS_SUCCESS},
        {0xffff, SMBKIT_STATUS_SUCCESS},
        {0, SMBKIT_STATUS_SUCCESS},
        {1, SMBKIT_STATUS_SUCCESS},
    };
    for (int replay = 0; replay < 2; replay++) {
        start();
        struct attempt a = attempt_of(false);
        struct wire_file_id id = made(&c, &a);
        for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
            assert_int_equal(write_at(id, steps[i].sequence, replay), steps[i].expected);
            assert_int_equal(read_at(id, steps[i].sequence), SMBKIT_STATUS_SUCCESS);
        }
        end();
    }
}

/* What is sent again waits for what it may repeat. */
static void test_sequence_while_others_work(void **state)
{
    start();
    struct attempt a = attempt_of(false);
    a.share = SHARE_ALL;
    struct wire_file_id id = made(&c, &a);
    a.guid = guid_b;
    assert_int_equal(harness_lock(&c, id, 0, 1, SMB2_LOCKFLAG_EXCLUSIVE_LOCK),
                     SMBKIT_STATUS_SUCCESS);
    a.oplock = SMB2_OPLOCK_LEVEL_NONE;
    struct wire_lock_element range = {0, 1, SMB2_LOCKFLAG_EXCLUSIVE_LOCK};
    union wire_any body = {.lock_req = {.file_id = id, .locks = &range, .lock_count = 1}};
    /* a lock that waits for ever counts as of sequence 0 */
    assert_int_equal(harness_call(&c, SMB2_LOCK, &body), SMBKIT_STATUS_PENDING);
    assert_int_equal(write_at(id, 0, true), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(write_at(id, 1, true), SMBKIT_STATUS_FILE_NOT_AVAILABLE);
    assert_int_equal(write_at(id, 1, false), SMBKIT_STATUS_SUCCESS);
    range.flags = SMB2_LOCKFLAG_UNLOCK;
    struct smbclient_element e = harness_element(&c, SMB2_LOCK, &body);
    e.channel_sequence = 1;
    harness_send(&c, &e, 1, 0);
    /* now it has been granted, and nothing of sequence 0 is left */
    assert_int_equal(write_at(id, 1, true), SMBKIT_STATUS_SUCCESS);
    end();
}

/* ---------------------------------------------------------------- application instances */

static void test_app_instance(void **state)
{
    start();
    struct attempt a = attempt_of(false);
    a.app = app;
    a.oplock = SMB2_OPLOCK_LEVEL_NONE;
    struct wire_file_id id = made(&c, &a);
    /* by the same client it is an open like any other */
    a.guid = guid_b;
    assert_int_equal(create(&c, &a), SMBKIT_STATUS_SHARING_VIOLATION);
    assert_int_equal(create(&other, &a), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_FILE_CLOSED);
    end();
}

/* Nobody is asked to give up a cache first. */
static void test_app_instance_with_oplock(void **state)
{
    start();
    struct attempt a = attempt_of(false);
    a.app = app;
    made(&c, &a);
    assert_int_equal(create(&other, &a), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(c.smb.notifications, 0);
    end();
}

/* The instance that was started later wins. */
static void test_app_instance_version(void **state)
{
    start();
    struct attempt a = attempt_of(false);
    a.app = app;
    a.app_version = 5;
    made(&c, &a);
    assert_int_equal(create(&other, &a), SMBKIT_STATUS_FILE_FORCED_CLOSED);
    a.app_version = 4;
    assert_int_equal(create(&other, &a), SMBKIT_STATUS_FILE_FORCED_CLOSED);
    a.app_version = 0;
    assert_int_equal(create(&other, &a), SMBKIT_STATUS_FILE_FORCED_CLOSED);
    a.app_version = 6;
    assert_int_equal(create(&other, &a), SMBKIT_STATUS_SUCCESS);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_open),
        cmocka_unit_test(test_once_used),
        cmocka_unit_test(test_only_its_maker),
        cmocka_unit_test(test_pending),
        cmocka_unit_test(test_pending_on_a_lost_channel),
        cmocka_unit_test(test_pending_and_everything_lost),
        cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_sequence_while_others_work),
        cmocka_unit_test(test_app_instance),
        cmocka_unit_test(test_app_instance_with_oplock),
        cmocka_unit_test(test_app_instance_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
