// SPDX-License-Identifier: Apache-2.0
/* Whole core: durable opens ([MS-SMB2] 3.3.5.9.6, 3.3.5.9.7, 3.3.5.9.10, 3.3.5.9.12). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"

#define READ_WRITE 0x0012019fu

static struct world w;
static struct harness_client c, other;
static struct arena arena;
static const struct guid guid_a = {{1, 2, 3}}, guid_b = {{9}};

static void start(void)
{
    struct world_config cfg = harness_world_config();
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&c, &w, &ccfg);
    arena_init(&arena, 65536);
}

static void end(void)
{
    harness_drop(&c);
    arena_clear(&arena);
    harness_world_end(&w);
}

/* A CREATE with a batch oplock and these contexts. */
static smbkit_status create(struct harness_client *who, const char *name, uint32_t share,
                            const struct wire_create_req_ctxs *ctxs)
{
    union wire_any body = harness_create_req(&arena, name, READ_WRITE, share, FILE_OPEN_IF, 0);
    body.create_req.oplock_level = SMB2_OPLOCK_LEVEL_BATCH;
    assert_true(wire_create_req_ctxs_build(&arena, ctxs, NULL, 0, &body.create_req.ctxs,
                                           &body.create_req.ctx_count));
    return harness_call(who, SMB2_CREATE, &body);
}

static const struct wire_create_rsp *created(const struct harness_client *who)
{
    return &harness_last(who)->body.create_rsp;
}

static struct wire_create_rsp_ctxs contexts(const struct harness_client *who)
{
    struct wire_create_rsp_ctxs x;
    assert_true(wire_create_rsp_ctxs_parse(created(who)->ctxs, created(who)->ctx_count, &x));
    return x;
}

static struct wire_create_req_ctxs v1_request(void)
{
    return (struct wire_create_req_ctxs){.present = WIRE_CTX_BIT(WIRE_CTX_DHNQ)};
}

static struct wire_create_req_ctxs v2_request(const struct guid *guid)
{
    return (struct wire_create_req_ctxs){
        .present = WIRE_CTX_BIT(WIRE_CTX_DH2Q),
        .durable_v2 = {.timeout = 20000, .create_guid = *guid},
    };
}

/* Loses the connection and comes back as the same user. */
static void lose_and_return(const char *user, const char *password)
{
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_drop(&c);
    harness_connect(&c, &w, &ccfg);
    assert_int_equal(harness_negotiate(&c), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_logon(&c, user, password, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(&c, "data"), SMBKIT_STATUS_SUCCESS);
}

static void test_version_1_survives(void **state)
{
    start();
    struct wire_create_req_ctxs rq = v1_request();
    assert_int_equal(create(&c, "f", 0, &rq), SMBKIT_STATUS_SUCCESS);
    assert_true(contexts(&c).present & WIRE_CTX_BIT(WIRE_CTX_DHNQ));
    struct wire_file_id id = created(&c)->file_id;
    assert_int_equal(harness_write(&c, id, 0, "hello", 5), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(
        harness_lock(&c, id, 0, 10, SMB2_LOCKFLAG_EXCLUSIVE_LOCK | SMB2_LOCKFLAG_FAIL_IMMEDIATELY),
        SMBKIT_STATUS_SUCCESS);
    lose_and_return("alice", "alice-pw");
    assert_int_equal(harness_read(&c, id, 0, 5), SMBKIT_STATUS_FILE_CLOSED);
    struct wire_create_req_ctxs rc = {.present = WIRE_CTX_BIT(WIRE_CTX_DHNC),
                                      .durable_reconnect = id};
    assert_int_equal(create(&c, "f", 0, &rc), SMBKIT_STATUS_SUCCESS);
    struct wire_file_id again = created(&c)->file_id;
    assert_int_equal(again.persistent, id.persistent);
    assert_int_equal(created(&c)->oplock_level, SMB2_OPLOCK_LEVEL_BATCH);
    assert_int_equal(harness_read(&c, again, 0, 5), SMBKIT_STATUS_SUCCESS);
    /* the lock is still there to be taken off */
    assert_int_equal(harness_lock(&c, again, 0, 10, SMB2_LOCKFLAG_UNLOCK), SMBKIT_STATUS_SUCCESS);
    end();
}

static void test_version_2_wants_its_guid(void **state)
{
    start();
    struct wire_create_req_ctxs rq = v2_request(&guid_a);
    assert_int_equal(create(&c, "f", 0, &rq), SMBKIT_STATUS_SUCCESS);
    struct wire_create_rsp_ctxs x = contexts(&c);
    assert_true(x.present & WIRE_CTX_BIT(WIRE_CTX_DH2Q));
    assert_int_equal(x.durable_v2.timeout, 20000);
    struct wire_file_id id = created(&c)->file_id;
    assert_int_equal(create(&c, "g", 7, &rq), SMBKIT_STATUS_DUPLICATE_OBJECTID);
    lose_and_return("alice", "alice-pw");
    struct wire_create_req_ctxs rc = {
        .present = WIRE_CTX_BIT(WIRE_CTX_DH2C),
        .durable_v2_reconnect = {.file_id = id, .create_guid = guid_b}};
    assert_int_equal(create(&c, "f", 0, &rc), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    rc.durable_v2_reconnect.create_guid = guid_a;
    assert_int_equal(create(&c, "f", 0, &rc), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_write(&c, created(&c)->file_id, 0, "x", 1), SMBKIT_STATUS_SUCCESS);
    end();
}

/* A request that wants an open back has nothing in it but its contexts. */
static void test_reconnect_says_nothing_else(void **state)
{
    start();
    struct wire_create_req_ctxs rq = v2_request(&guid_a);
    assert_int_equal(create(&c, "f", 0, &rq), SMBKIT_STATUS_SUCCESS);
    struct wire_file_id id = created(&c)->file_id;
    lose_and_return("alice", "alice-pw");
    union wire_any body = harness_create_req(&arena, "..\\:", 0, 0, 0, 0);
    struct wire_create_req_ctxs rc = {
        .present = WIRE_CTX_BIT(WIRE_CTX_DH2C),
        .durable_v2_reconnect = {.file_id = id, .create_guid = guid_a}};
    assert_true(wire_create_req_ctxs_build(&arena, &rc, NULL, 0, &body.create_req.ctxs,
                                           &body.create_req.ctx_count));
    assert_int_equal(harness_call(&c, SMB2_CREATE, &body), SMBKIT_STATUS_SUCCESS);
    id = created(&c)->file_id;
    assert_int_equal(harness_write(&c, id, 0, "x", 1), SMBKIT_STATUS_SUCCESS);
    /* version 1 does not ask for the GUID */
    lose_and_return("alice", "alice-pw");
    struct wire_create_req_ctxs v1 = {.present = WIRE_CTX_BIT(WIRE_CTX_DHNC),
                                      .durable_reconnect = id};
    assert_int_equal(create(&c, "f", 0, &v1), SMBKIT_STATUS_SUCCESS);
    end();
}

static struct wire_create_req_ctxs with_lease(struct wire_create_req_ctxs x, uint32_t lease_state)
{
    x.present |= WIRE_CTX_BIT(WIRE_CTX_RQLS);
    x.lease = (struct wire_lease){.version = 2, .key = guid_b, .state = lease_state};
    return x;
}

static struct wire_file_id leased(uint32_t lease_state)
{
    union wire_any body = harness_create_req(&arena, "f", READ_WRITE, 0, FILE_OPEN_IF, 0);
    body.create_req.oplock_level = SMB2_OPLOCK_LEVEL_LEASE;
    const struct wire_create_req_ctxs x = with_lease(v1_request(), lease_state);
    assert_true(wire_create_req_ctxs_build(&arena, &x, NULL, 0, &body.create_req.ctxs,
                                           &body.create_req.ctx_count));
    assert_int_equal(harness_call(&c, SMB2_CREATE, &body), SMBKIT_STATUS_SUCCESS);
    assert_true(contexts(&c).present & WIRE_CTX_BIT(WIRE_CTX_DHNQ));
    return created(&c)->file_id;
}

/* With a lease it must be named, whatever the oplock level says; and locks need a write cache. */
static void test_leases(void **state)
{
    static const struct {
        uint32_t lease;
        smbkit_status expected;
    } cases[] = {
        {SMB2_LEASE_READ_CACHING | SMB2_LEASE_HANDLE_CACHING | SMB2_LEASE_WRITE_CACHING,
         SMBKIT_STATUS_SUCCESS},
        {SMB2_LEASE_READ_CACHING | SMB2_LEASE_HANDLE_CACHING, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        start();
        struct wire_file_id id = leased(cases[i].lease);
        assert_int_equal(
            harness_lock(&c, id, 0, 1,
                         SMB2_LOCKFLAG_EXCLUSIVE_LOCK | SMB2_LOCKFLAG_FAIL_IMMEDIATELY),
            SMBKIT_STATUS_SUCCESS);
        lose_and_return("alice", "alice-pw");
        struct wire_create_req_ctxs rc = {.present = WIRE_CTX_BIT(WIRE_CTX_DHNC),
                                          .durable_reconnect = id};
        assert_int_equal(create(&c, "f", 0, &rc), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
        rc = with_lease(rc, cases[i].lease);
        assert_int_equal(create(&c, "f", 0, &rc), cases[i].expected);
        end();
    }
}

/* What is to be deleted when it is closed is deleted when it gives way, and then made anew. */
static void test_delete_on_close_when_away(void **state)
{
    start();
    struct wire_create_req_ctxs rq = v1_request();
    union wire_any body =
        harness_create_req(&arena, "f", READ_WRITE | DELETE, 0, FILE_OPEN_IF, FILE_DELETE_ON_CLOSE);
    body.create_req.oplock_level = SMB2_OPLOCK_LEVEL_BATCH;
    assert_true(wire_create_req_ctxs_build(&arena, &rq, NULL, 0, &body.create_req.ctxs,
                                           &body.create_req.ctx_count));
    assert_int_equal(harness_call(&c, SMB2_CREATE, &body), SMBKIT_STATUS_SUCCESS);
    assert_true(contexts(&c).present & WIRE_CTX_BIT(WIRE_CTX_DHNQ));
    assert_int_equal(harness_write(&c, created(&c)->file_id, 0, "x", 1), SMBKIT_STATUS_SUCCESS);
    lose_and_return("alice", "alice-pw");
    assert_int_equal(harness_call(&c, SMB2_CREATE, &body), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(created(&c)->create_action, FILE_CREATED);
    assert_int_equal(created(&c)->end_of_file, 0);
    end();
}

/* ... but not on a share that has become one to read only meanwhile. */
static void test_nothing_is_deleted_any_more(void **state)
{
    start();
    const struct core_share_config read_only = {.name = "data", .read_only = true};
    struct wire_create_req_ctxs rq = v1_request();
    union wire_any body =
        harness_create_req(&arena, "f", READ_WRITE | DELETE, 0, FILE_OPEN_IF, FILE_DELETE_ON_CLOSE);
    body.create_req.oplock_level = SMB2_OPLOCK_LEVEL_BATCH;
    assert_true(wire_create_req_ctxs_build(&arena, &rq, NULL, 0, &body.create_req.ctxs,
                                           &body.create_req.ctx_count));
    assert_int_equal(harness_call(&c, SMB2_CREATE, &body), SMBKIT_STATUS_SUCCESS);
    lose_and_return("alice", "alice-pw");
    assert_int_equal(core_share_set(w.core, &read_only, w.volume), SMBKIT_STATUS_SUCCESS);
    core_drop_kept(w.core);
    harness_run(&c);
    struct wire_file_id id;
    assert_int_equal(harness_create(&c, "f", FILE_READ_DATA, 7, FILE_OPEN, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    end();
}

/* Its client has come back, does not ask for it, and removes the file: then name and folder go. */
static void test_removed_by_its_client(void **state)
{
    static const uint32_t leases[] = {
        SMB2_LEASE_READ_CACHING | SMB2_LEASE_HANDLE_CACHING,
        SMB2_LEASE_READ_CACHING | SMB2_LEASE_HANDLE_CACHING | SMB2_LEASE_WRITE_CACHING,
    };
    for (size_t i = 0; i < 2 * ARRAY_LEN(leases); i++) {
        start();
        struct wire_file_id id;
        assert_int_equal(
            harness_create(&c, "d", READ_WRITE, 7, FILE_CREATE, FILE_DIRECTORY_FILE, &id),
            SMBKIT_STATUS_SUCCESS);
        assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
        struct wire_create_req_ctxs x = with_lease(v1_request(), leases[i / 2]);
        union wire_any body = harness_create_req(&arena, "d\\f", READ_WRITE, 7, FILE_OPEN_IF, 0);
        body.create_req.oplock_level = SMB2_OPLOCK_LEVEL_LEASE;
        assert_true(wire_create_req_ctxs_build(&arena, &x, NULL, 0, &body.create_req.ctxs,
                                               &body.create_req.ctx_count));
        assert_int_equal(harness_call(&c, SMB2_CREATE, &body), SMBKIT_STATUS_SUCCESS);
        assert_true(contexts(&c).present & WIRE_CTX_BIT(WIRE_CTX_DHNQ));
        lose_and_return("alice", "alice-pw");
        body = harness_create_req(&arena, "d\\f", DELETE, 7, FILE_OPEN, FILE_DELETE_ON_CLOSE);
        if (i % 2 == 1) { /* under the lease that it still knows */
            x = with_lease((struct wire_create_req_ctxs){0}, 0);
            body.create_req.oplock_level = SMB2_OPLOCK_LEVEL_LEASE;
            assert_true(wire_create_req_ctxs_build(&arena, &x, NULL, 0, &body.create_req.ctxs,
                                                   &body.create_req.ctx_count));
        }
        assert_int_equal(harness_call(&c, SMB2_CREATE, &body), SMBKIT_STATUS_SUCCESS);
        assert_int_equal(harness_close(&c, created(&c)->file_id), SMBKIT_STATUS_SUCCESS);
        assert_int_equal(harness_create(&c, "d\\f", READ_WRITE, 7, FILE_OPEN, 0, &id),
                         SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
        assert_int_equal(harness_create(&c, "d", DELETE, 7, FILE_OPEN, FILE_DELETE_ON_CLOSE, &id),
                         SMBKIT_STATUS_SUCCESS);
        assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
        assert_int_equal(harness_create(&c, "d", READ_WRITE, 7, FILE_OPEN, 0, &id),
                         SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
        end();
    }
}

/* Nobody takes over another user's handle. */
static void test_only_its_owner(void **state)
{
    start();
    struct wire_create_req_ctxs rq = v1_request();
    assert_int_equal(create(&c, "f", 0, &rq), SMBKIT_STATUS_SUCCESS);
    struct wire_file_id id = created(&c)->file_id;
    lose_and_return("bob", "bob-pw");
    struct wire_create_req_ctxs rc = {.present = WIRE_CTX_BIT(WIRE_CTX_DHNC),
                                      .durable_reconnect = id};
    assert_int_equal(create(&c, "f", 0, &rc), SMBKIT_STATUS_ACCESS_DENIED);
    end();
}

/* Whose client is away gives way to whoever comes, at once. */
static void test_gives_way_when_away(void **state)
{
    start();
    struct smbclient_config ccfg = harness_client_config(&w);
    struct wire_create_req_ctxs rq = v1_request();
    struct wire_file_id taken;
    assert_int_equal(create(&c, "f", 0, &rq), SMBKIT_STATUS_SUCCESS);
    struct wire_file_id id = created(&c)->file_id;
    lose_and_return("alice", "alice-pw");
    harness_ready(&other, &w, &ccfg);
    assert_int_equal(harness_create(&other, "f", READ_WRITE, 0, FILE_OPEN, 0, &taken),
                     SMBKIT_STATUS_SUCCESS);
    struct wire_create_req_ctxs rc = {.present = WIRE_CTX_BIT(WIRE_CTX_DHNC),
                                      .durable_reconnect = id};
    assert_int_equal(create(&c, "f", 0, &rc), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    harness_drop(&other);
    end();
}

/* A CREATE goes on in the plugin when its connection has gone; nobody gives way to it any more
   (3.3.7.1: it is cancelled). */
static void test_stays_when_nobody_comes(void **state)
{
    start();
    struct smbclient_config ccfg = harness_client_config(&w);
    struct wire_create_req_ctxs rq = v1_request();
    struct builder out;
    assert_int_equal(create(&c, "f", 0, &rq), SMBKIT_STATUS_SUCCESS);
    struct wire_file_id id = created(&c)->file_id;
    harness_ready(&other, &w, &ccfg);
    union wire_any body = harness_create_req(&arena, "f", READ_WRITE, 0, FILE_OPEN, 0);
    struct smbclient_element e = harness_element(&other, SMB2_CREATE, &body);
    builder_init_grow(&out, 4096);
    assert_true(smbclient_send(&other.smb, &e, 1, 0, &out));
    w.config.late_per_mille = 1000;
    world_send(other.conn, out.data, out.len);
    builder_free(&out);
    assert_true(world_deliver_to_server(other.conn));
    assert_true(
        world_plugin_event(&w)); /* the plugin has opened it, and the core is to hear that */
    assert_int_equal(w.posted_count, 1);
    w.config.late_per_mille = 0;
    harness_drop(&other);
    lose_and_return("alice", "alice-pw");
    assert_int_equal(w.posted_count, 0);
    struct wire_create_req_ctxs rc = {.present = WIRE_CTX_BIT(WIRE_CTX_DHNC),
                                      .durable_reconnect = id};
    assert_int_equal(create(&c, "f", 0, &rc), SMBKIT_STATUS_SUCCESS);
    end();
}

static void test_not_for_ever(void **state)
{
    start();
    struct wire_create_req_ctxs rq = v2_request(&guid_a);
    assert_int_equal(create(&c, "f", 0, &rq), SMBKIT_STATUS_SUCCESS);
    struct wire_file_id id = created(&c)->file_id;
    lose_and_return("alice", "alice-pw");
    world_advance(&w, 21 * NS_PER_S);
    harness_run(&c);
    struct wire_create_req_ctxs rc = {
        .present = WIRE_CTX_BIT(WIRE_CTX_DH2C),
        .durable_v2_reconnect = {.file_id = id, .create_guid = guid_a}};
    assert_int_equal(create(&c, "f", 0, &rc), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    end();
}

/* Contexts that exclude each other. */
static void test_contexts_that_exclude_each_other(void **state)
{
    start();
    struct wire_create_req_ctxs rq = v2_request(&guid_a);
    rq.present |= WIRE_CTX_BIT(WIRE_CTX_DHNQ);
    assert_int_equal(create(&c, "f", 0, &rq), SMBKIT_STATUS_INVALID_PARAMETER);
    rq.present = WIRE_CTX_BIT(WIRE_CTX_DHNC) | WIRE_CTX_BIT(WIRE_CTX_DH2C);
    assert_int_equal(create(&c, "f", 0, &rq), SMBKIT_STATUS_INVALID_PARAMETER);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version_1_survives),
        cmocka_unit_test(test_version_2_wants_its_guid),
        cmocka_unit_test(test_reconnect_says_nothing_else),
        cmocka_unit_test(test_nothing_is_deleted_any_more),
        cmocka_unit_test(test_leases),
        cmocka_unit_test(test_delete_on_close_when_away),
        cmocka_unit_test(test_removed_by_its_client),
        cmocka_unit_test(test_only_its_owner),
        cmocka_unit_test(test_gives_way_when_away),
        cmocka_unit_test(test_stays_when_nobody_comes),
        cmocka_unit_test(test_not_for_ever),
        cmocka_unit_test(test_contexts_that_exclude_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
