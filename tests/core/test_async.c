// SPDX-License-Identifier: Apache-2.0
/* Whole core: compounds, requests that wait, CANCEL, and limits ([MS-SMB2] 3.3.5.2.7, 3.3.4.2,
   3.3.5.16). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"

static struct world w;
static struct harness_client c;
static const struct wire_file_id inherit = {UINT64_MAX, UINT64_MAX};

static void start_with(const struct world_config *cfg)
{
    harness_world(&w, cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&c, &w, &ccfg);
    union wire_any none = {0};
    struct smbclient_element e = harness_element(&c, SMB2_ECHO, &none);
    e.credits = 100;
    assert_int_equal(harness_send(&c, &e, 1, 0), SMBKIT_STATUS_SUCCESS);
}

static void start(void)
{
    struct world_config cfg = harness_world_config();
    start_with(&cfg);
}

static void end(void)
{
    harness_drop(&c);
    harness_world_end(&w);
}

/* CREATE, READ, CLOSE as one related chain; the share and the name decide how it goes. */
static void chain(const char *name, uint32_t access, uint32_t disposition)
{
    struct arena a;
    arena_init(&a, 4096);
    union wire_any body[3] = {
        harness_create_req(&a, name, access, 7, disposition, 0),
        {.read_req = {.length = 10, .file_id = inherit}},
        {.close_req = {.file_id = inherit}},
    };
    static const uint16_t commands[] = {SMB2_CREATE, SMB2_READ, SMB2_CLOSE};
    struct smbclient_element e[3];
    for (int i = 0; i < 3; i++) {
        e[i] = harness_element(&c, commands[i], &body[i]);
        e[i].related = i > 0;
    }
    harness_send(&c, e, 3, 0);
    assert_int_equal(c.count, 3);
    arena_clear(&a);
}

/* 3.3.5.2.7.2: the failure of the CREATE is that of all who depend on it, other failures are not
   handed on. */
static void test_related(void **state)
{
    start();
    chain("x", FILE_READ_DATA, FILE_OPEN);
    for (int i = 0; i < 3; i++)
        assert_int_equal(c.replies[i].status, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    chain("x", FILE_READ_DATA, FILE_OPEN_IF);
    assert_int_equal(c.replies[0].status, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(c.replies[1].status, SMBKIT_STATUS_END_OF_FILE);
    assert_int_equal(c.replies[2].status, SMBKIT_STATUS_SUCCESS);
    chain("x", FILE_WRITE_DATA, FILE_OPEN_IF);
    assert_int_equal(c.replies[1].status, SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(c.replies[2].status, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(w.core != NULL, true);
    struct core_stats st;
    core_get_stats(w.core, &st);
    assert_int_equal(st.opens, 0);
    end();
}

/* Related to nothing: INVALID_PARAMETER for it and all behind it (note 269). */
static void test_related_first(void **state)
{
    start();
    union wire_any body[2] = {{.read_req = {.length = 1, .file_id = inherit}},
                              {.close_req = {.file_id = inherit}}};
    struct smbclient_element e[2] = {harness_element(&c, SMB2_READ, &body[0]),
                                     harness_element(&c, SMB2_CLOSE, &body[1])};
    e[0].related = e[1].related = true;
    harness_send(&c, e, 2, SMBCLIENT_LENIENT | SMBCLIENT_UNSIGNED);
    assert_int_equal(c.count, 2);
    assert_int_equal(c.replies[0].status, SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(c.replies[1].status, SMBKIT_STATUS_INVALID_PARAMETER);
    end();
}

/* The first finds no session, which the second would have to take over. */
static void test_related_to_no_session(void **state)
{
    start();
    struct smbclient_session nobody = *c.session;
    nobody.id += 1234;
    union wire_any body = {.close_req = {.file_id = {1, 1}}};
    struct smbclient_element e[2] = {harness_element(&c, SMB2_CLOSE, &body),
                                     harness_element(&c, SMB2_CLOSE, &body)};
    e[0].session = e[1].session = &nobody;
    e[1].related = true;
    harness_send(&c, e, 2, SMBCLIENT_LENIENT | SMBCLIENT_UNSIGNED);
    assert_int_equal(c.count, 2);
    assert_int_equal(c.replies[0].status, SMBKIT_STATUS_USER_SESSION_DELETED);
    assert_int_equal(c.replies[1].status, SMBKIT_STATUS_INVALID_PARAMETER);
    end();
}

static void test_unrelated(void **state)
{
    start();
    union wire_any none = {0}, bad = {.close_req = {.file_id = {1, 1}}};
    struct smbclient_element e[3] = {harness_element(&c, SMB2_ECHO, &none),
                                     harness_element(&c, SMB2_CLOSE, &bad),
                                     harness_element(&c, SMB2_ECHO, &none)};
    assert_int_equal(harness_send(&c, e, 3, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(c.count, 3);
    assert_int_equal(c.replies[1].status, SMBKIT_STATUS_FILE_CLOSED);
    end();
}

static void two_handles(struct wire_file_id *one, struct wire_file_id *two)
{
    assert_int_equal(harness_create(&c, "f", FILE_READ_DATA, 7, FILE_OPEN_IF, 0, one),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_create(&c, "f", FILE_READ_DATA, 7, FILE_OPEN_IF, 0, two),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_lock(&c, *one, 0, 10, SMB2_LOCKFLAG_EXCLUSIVE_LOCK),
                     SMBKIT_STATUS_SUCCESS);
}

/* A lock that waits: interim at once, final when the other goes. */
static void test_lock_waits(void **state)
{
    struct wire_file_id one, two;
    start();
    two_handles(&one, &two);
    assert_int_equal(harness_lock(&c, two, 5, 10, SMB2_LOCKFLAG_EXCLUSIVE_LOCK),
                     SMBKIT_STATUS_PENDING);
    uint64_t id = harness_last(&c)->message_id;
    assert_int_equal(harness_close(&c, one), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(c.count, 2);
    for (int i = 0; i < 2; i++)
        if (c.replies[i].command == SMB2_LOCK) {
            assert_int_equal(c.replies[i].message_id, id);
            assert_int_equal(c.replies[i].status, SMBKIT_STATUS_SUCCESS);
        }
    end();
}

/* CANCEL by message id before the interim response is known, and by async id after it. */
static void test_cancel(void **state)
{
    struct wire_file_id one, two;
    for (int by_async = 0; by_async < 2; by_async++) {
        start();
        two_handles(&one, &two);
        assert_int_equal(harness_lock(&c, two, 5, 10, SMB2_LOCKFLAG_EXCLUSIVE_LOCK),
                         SMBKIT_STATUS_PENDING);
        struct smbclient_request rq =
            *LIST_ENTRY(c.smb.requests.next, struct smbclient_request, link);
        rq.interim = by_async;
        struct builder out;
        builder_init_grow(&out, 4096);
        assert_true(smbclient_cancel(&c.smb, &rq, &out));
        harness_raw(&c, out.data, out.len);
        assert_int_equal(c.count, 1);
        assert_int_equal(harness_last(&c)->status, SMBKIT_STATUS_CANCELLED);
        /* there is nothing left to cancel, and nobody says so */
        harness_raw(&c, out.data, out.len);
        assert_int_equal(c.count, 0);
        builder_free(&out);
        assert_int_equal(harness_close(&c, one), SMBKIT_STATUS_SUCCESS);
        assert_int_equal(c.count, 1);
        end();
    }
}

/* Sends a request, whose operations of the plugin are all kept. */
static void send_late(uint16_t command, const union wire_any *body)
{
    struct builder out;
    struct smbclient_element e = harness_element(&c, command, body);
    builder_init_grow(&out, 4096);
    assert_true(smbclient_send(&c.smb, &e, 1, 0, &out));
    w.config.late_per_mille = 1000;
    c.count = 0;
    world_send(c.conn, out.data, out.len);
    builder_free(&out);
    assert_true(world_deliver_to_server(c.conn));
}

/* A slow plugin: the interim response comes after a while, the answer when there is one. */
static void test_slow_plugin(void **state)
{
    struct wire_file_id id;
    start();
    assert_int_equal(harness_create(&c, "f", FILE_READ_DATA, 7, FILE_OPEN_IF, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    union wire_any body = {.read_req = {.length = 10, .file_id = id}};
    send_late(SMB2_READ, &body);
    world_advance(&w, 400 * NS_PER_MS);
    assert_false(world_deliver_to_client(c.conn));
    world_advance(&w, 200 * NS_PER_MS);
    assert_true(world_deliver_to_client(c.conn));
    assert_int_equal(c.count, 1);
    assert_true(c.replies[0].interim);
    world_advance(&w, 29 * NS_PER_S);
    assert_int_equal(w.warnings, 0);
    world_advance(&w, 2 * NS_PER_S); /* whose fault it is can be read in the log, once */
    assert_int_equal(w.warnings, 1);
    assert_non_null(strstr(w.last_warning, "has not answered read for 31 seconds"));
    world_advance(&w, 100 * NS_PER_S);
    assert_int_equal(w.warnings, 1);
    w.config.late_per_mille = 0;
    harness_run(&c);
    assert_int_equal(c.count, 2);
    assert_int_equal(c.replies[1].status, SMBKIT_STATUS_END_OF_FILE);
    end();
}

/* One that never answers is named by each of the operations that it keeps, also by those of a
   request that has become asynchronous before, and by those that shut a file. */
static void test_stuck_plugin(void **state)
{
    struct wire_file_id id;
    struct arena a;
    start();
    arena_init(&a, 4096);
    union wire_any body = harness_create_req(&a, "f", FILE_READ_DATA, 7, FILE_OPEN_IF, 0);
    send_late(SMB2_CREATE, &body);
    world_advance(&w, 40 * NS_PER_S);
    assert_int_equal(w.warnings, 1);
    assert_non_null(strstr(w.last_warning, "has not answered open for"));
    while (strstr(w.last_warning, "answered create for") == NULL) {
        assert_true(world_plugin_event(&w));
        world_advance(&w, 40 * NS_PER_S);
    }
    unsigned before = w.warnings;
    w.config.late_per_mille = 0;
    harness_run(&c);
    arena_clear(&a);
    assert_int_equal(harness_create(&c, "f", FILE_READ_DATA, 7, FILE_OPEN, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    body = (union wire_any){.close_req = {.file_id = id}};
    send_late(SMB2_CLOSE, &body);
    world_advance(&w, 29 * NS_PER_S);
    assert_int_equal(w.warnings, before);
    world_advance(&w, 100 * NS_PER_S);
    assert_int_equal(w.warnings, before + 1);
    assert_non_null(strstr(w.last_warning, "has not answered cleanup for"));
    w.config.late_per_mille = 0;
    harness_run(&c);
    end();
}

/* close has no answer, but a thread of its own to hang in. */
static void test_stuck_close(void **state)
{
    struct world_config cfg = harness_world_config();
    struct wire_file_id id;
    cfg.model = SMBKIT_THREAD_PARALLEL;
    start_with(&cfg);
    assert_int_equal(harness_create(&c, "f", FILE_READ_DATA, 7, FILE_OPEN_IF, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    union wire_any body = {.close_req = {.file_id = id}};
    send_late(SMB2_CLOSE, &body);
    w.config.late_per_mille = 0;
    while (w.last_warning[0] == '\0' || strstr(w.last_warning, "answered cleanup") != NULL) {
        assert_true(world_plugin_event(&w));
        world_advance(&w, 40 * NS_PER_S);
    }
    assert_non_null(strstr(w.last_warning, "has not answered close for 40 seconds"));
    harness_run(&c);
    end();
}

/* A watch that is cancelled while the plugin is told of it waits no more. */
static void test_cancel_watch(void **state)
{
    struct wire_file_id id;
    struct builder out;
    start();
    assert_int_equal(
        harness_create(&c, "", FILE_LIST_DIRECTORY, 7, FILE_OPEN, FILE_DIRECTORY_FILE, &id),
        SMBKIT_STATUS_SUCCESS);
    union wire_any body = {
        .change_notify_req = {.output_length = 4096, .file_id = id, .completion_filter = 1}};
    struct smbclient_element e = harness_element(&c, SMB2_CHANGE_NOTIFY, &body);
    builder_init_grow(&out, 4096);
    assert_true(smbclient_send(&c.smb, &e, 1, 0, &out));
    w.config.late_per_mille = 1000;
    c.count = 0;
    world_send(c.conn, out.data, out.len);
    builder_free(&out);
    assert_true(world_deliver_to_server(c.conn));
    struct smbclient_request rq = *LIST_ENTRY(c.smb.requests.next, struct smbclient_request, link);
    builder_init_grow(&out, 4096);
    assert_true(smbclient_cancel(&c.smb, &rq, &out));
    world_send(c.conn, out.data, out.len);
    builder_free(&out);
    assert_true(world_deliver_to_server(c.conn));
    w.config.late_per_mille = 0;
    harness_run(&c);
    assert_int_equal(harness_last(&c)->status, SMBKIT_STATUS_CANCELLED);
    end();
}

/* In the middle of a chain nothing may wait for ever. */
static void test_waiting_in_chain(void **state)
{
    struct wire_file_id one, two;
    start();
    two_handles(&one, &two);
    struct wire_lock_element l = {0, 10, SMB2_LOCKFLAG_EXCLUSIVE_LOCK};
    union wire_any body[2] = {{.lock_req = {.file_id = two, .locks = &l, .lock_count = 1}},
                              {.close_req = {.file_id = inherit}}};
    struct smbclient_element e[2] = {harness_element(&c, SMB2_LOCK, &body[0]),
                                     harness_element(&c, SMB2_CLOSE, &body[1])};
    e[1].related = true;
    harness_send(&c, e, 2, 0);
    assert_int_equal(c.count, 2);
    assert_true(smbkit_is_error(c.replies[0].status));
    assert_int_equal(c.replies[1].status, SMBKIT_STATUS_SUCCESS);
    end();
}

/* ---------------------------------------------------------------- limits */

static void test_max_async(void **state)
{
    struct wire_file_id one, two;
    struct world_config cfg = harness_world_config();
    cfg.core.max_async = 2;
    start_with(&cfg);
    two_handles(&one, &two);
    const uint32_t excl = SMB2_LOCKFLAG_EXCLUSIVE_LOCK;
    assert_int_equal(harness_lock(&c, two, 0, 5, excl), SMBKIT_STATUS_PENDING);
    assert_int_equal(harness_lock(&c, two, 5, 5, excl), SMBKIT_STATUS_PENDING);
    assert_int_equal(harness_lock(&c, two, 2, 2, excl), SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    assert_int_equal(harness_close(&c, one), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(c.smb.outstanding, 0);
    end();
}

static void test_max_objects(void **state)
{
    struct wire_file_id id;
    struct world_config cfg = harness_world_config();
    cfg.core.max_opens = 2;
    cfg.core.max_trees = 2;
    cfg.core.max_sessions = 2;
    start_with(&cfg);
    for (int i = 0; i < 3; i++)
        assert_int_equal(harness_create(&c, "f", FILE_READ_DATA, 7, FILE_OPEN_IF, 0, &id),
                         i < 2 ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_create(&c, "f", FILE_READ_DATA, 7, FILE_OPEN_IF, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(&c, "open"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(&c, "data"), SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    assert_int_equal(harness_logon(&c, "bob", "bob-pw", 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_logon(&c, "carol", "carol-pw", 0),
                     SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_related),
        cmocka_unit_test(test_related_first),
        cmocka_unit_test(test_related_to_no_session),
        cmocka_unit_test(test_unrelated),
        cmocka_unit_test(test_lock_waits),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_slow_plugin),
        cmocka_unit_test(test_stuck_plugin),
        cmocka_unit_test(test_stuck_close),
        cmocka_unit_test(test_cancel_watch),
        cmocka_unit_test(test_max_async),
        cmocka_unit_test(test_waiting_in_chain),
        cmocka_unit_test(test_max_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
