// SPDX-License-Identifier: Apache-2.0
/*
 * Whole core: what becomes of changes that a plugin tells of (core_volume_changed,
 * core_volume_lost): notifications, and breaks of leases, of those who see them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"
#include "wire/notify_rec.h"
#include <stdio.h>

#define READ_WRITE 0x0012019fu
#define READ_ONLY  0x00120089u
#define RH         (SMB2_LEASE_READ_CACHING | SMB2_LEASE_HANDLE_CACHING)
#define RWH        (RH | SMB2_LEASE_WRITE_CACHING)
#define NAMES      (FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_DIR_NAME)

static struct world w;
static struct harness_client alice, bob;
static struct arena arena;
static char breaks[256]; /* "1:7>0 " for a lease with key 1 that goes from RWH to nothing */

static void note_break(void *ctx, const struct wire_break_notification *n)
{
    size_t len = strlen(breaks);
    (void)ctx;
    assert_true(n->is_lease);
    snprintf(breaks + len, sizeof breaks - len, "%u:%u>%u ", n->lease_key.b[0], n->current_state,
             n->new_state);
}

static void expect_breaks(const char *want)
{
    world_advance(&w, NS_PER_MS);
    harness_run(&alice);
    assert_string_equal(breaks, want);
    breaks[0] = '\0';
}

static void connect_as(struct harness_client *c, const char *user, const char *password,
                       uint8_t guid)
{
    struct smbclient_config ccfg = harness_client_config(&w);
    ccfg.guid.b[0] = guid;
    ccfg.told = note_break;
    harness_connect(c, &w, &ccfg);
    assert_int_equal(harness_negotiate(c), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_logon(c, user, password, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(c, "data"), SMBKIT_STATUS_SUCCESS);
}

static void start_with(uint32_t capabilities, enum smbkit_thread_model model)
{
    struct world_config cfg = harness_world_config();
    cfg.capabilities = capabilities;
    cfg.model = model;
    harness_world(&w, &cfg);
    arena_init(&arena, 65536);
    connect_as(&alice, "alice", "alice-pw", 1);
    connect_as(&bob, "bob", "bob-pw", 2);
    breaks[0] = '\0';
}

static void start(uint32_t capabilities)
{
    start_with(capabilities, harness_world_config().model);
}

static void end(void)
{
    harness_drop(&alice);
    harness_drop(&bob);
    arena_clear(&arena);
    harness_world_end(&w);
}

static struct wire_file_id open_folder(struct harness_client *c, const char *name)
{
    struct wire_file_id id;
    assert_int_equal(harness_create(c, name, READ_ONLY, 7, FILE_OPEN_IF, FILE_DIRECTORY_FILE, &id),
                     SMBKIT_STATUS_SUCCESS);
    return id;
}

static void make_file(struct harness_client *c, const char *name)
{
    struct wire_file_id id;
    assert_int_equal(harness_create(c, name, READ_WRITE, 7, FILE_CREATE, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_close(c, id), SMBKIT_STATUS_SUCCESS);
}

static union wire_any lease_req(const char *name, uint32_t options, uint8_t key, uint32_t state)
{
    struct wire_create_req_ctxs x = {
        .present = WIRE_CTX_BIT(WIRE_CTX_RQLS),
        .lease = {.version = 2, .key = {{key}}, .state = state},
    };
    union wire_any body = harness_create_req(&arena, name, options != 0 ? READ_ONLY : READ_WRITE, 7,
                                             FILE_OPEN_IF, options);
    body.create_req.oplock_level = SMB2_OPLOCK_LEVEL_LEASE;
    assert_true(wire_create_req_ctxs_build(&arena, &x, NULL, 0, &body.create_req.ctxs,
                                           &body.create_req.ctx_count));
    return body;
}

/* What the CREATE that was answered last has got. */
static uint32_t lease_state(const struct harness_client *c)
{
    struct wire_create_rsp_ctxs got;
    const struct wire_create_rsp *rsp = &harness_last(c)->body.create_rsp;
    assert_int_equal(harness_last(c)->status, SMBKIT_STATUS_SUCCESS);
    assert_true(wire_create_rsp_ctxs_parse(rsp->ctxs, rsp->ctx_count, &got));
    return rsp->oplock_level == SMB2_OPLOCK_LEVEL_LEASE ? got.lease.state : 0;
}

/* Opens with a lease of this key and state. */
static struct wire_file_id open_leased(struct harness_client *c, const char *name, uint32_t options,
                                       uint8_t key, uint32_t state)
{
    union wire_any body = lease_req(name, options, key, state);
    assert_int_equal(harness_call(c, SMB2_CREATE, &body), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(lease_state(c), state);
    return harness_last(c)->body.create_rsp.file_id;
}

/* A request of alice's reaches the core; what the plugin is asked for it waits. */
static void begin(uint16_t command, const union wire_any *body)
{
    struct builder out;
    const struct smbclient_element v = harness_element(&alice, command, body);
    builder_init_grow(&out, 65536);
    assert_true(smbclient_send(&alice.smb, &v, 1, 0, &out));
    world_send(alice.conn, out.data, out.len);
    builder_free(&out);
    assert_true(world_deliver_to_server(alice.conn));
}

/* --- watching --- */

static smbkit_status watch(struct harness_client *c, struct wire_file_id id, bool tree)
{
    union wire_any body = {.change_notify_req = {.flags = tree ? SMB2_WATCH_TREE : 0,
                                                 .output_length = 4096,
                                                 .file_id = id,
                                                 .completion_filter = NAMES}};
    smbkit_status st = harness_call(c, SMB2_CHANGE_NOTIFY, &body);
    if (c->count == 1 && c->replies[0].interim)
        st = SMBKIT_STATUS_PENDING;
    return st;
}

static void wait_for_change(struct harness_client *c, struct wire_file_id id, bool tree)
{
    assert_int_equal(watch(c, id, tree), SMBKIT_STATUS_PENDING);
    c->count = 0;
}

/* What the waiting requests of this client were answered with, as "action:name ". */
static void expect_news(struct harness_client *c, const char *want)
{
    char got[256] = "";
    harness_run(c);
    for (size_t i = 0; i < c->count; i++) {
        struct wire_chain_reader list;
        struct wire_notify rec;
        struct cursor cur;
        const struct wire_blob *news = &c->replies[i].body.change_notify_rsp.payload;
        assert_int_equal(c->replies[i].status, SMBKIT_STATUS_SUCCESS);
        cursor_init(&cur, news->data, news->len);
        wire_chain_open(&list, &cur, WIRE_NOTIFY_ALIGN);
        while (wire_notify_next(&list, &arena, &rec))
            snprintf(got + strlen(got), sizeof got - strlen(got), "%u:%.*s ", (unsigned)rec.action,
                     (int)rec.name_len, rec.name);
        assert_false(list.failed);
    }
    assert_string_equal(got, want);
    c->count = 0;
}

static void tell(const char *user, const char *path, uint32_t action)
{
    core_volume_changed(w.core, w.volume, user, path, action);
}

/* Where each user sees files of his own, one path is a file of each. */
static void test_users(void **state)
{
    start(SMBKIT_CAP_PER_USER);
    struct wire_file_id a = open_folder(&alice, ""), b = open_folder(&bob, "");
    wait_for_change(&alice, a, false);
    wait_for_change(&bob, b, false);
    tell("Alice", "x", FILE_ACTION_ADDED);
    expect_news(&alice, "1:x ");
    expect_news(&bob, "");
    tell("carol", "x", FILE_ACTION_ADDED);
    tell("bob", "y", FILE_ACTION_REMOVED);
    expect_news(&bob, "2:y ");
    /* what the other does by himself */
    wait_for_change(&alice, a, false);
    make_file(&bob, "own");
    expect_news(&alice, "");
    assert_int_equal(watch(&bob, b, false), SMBKIT_STATUS_SUCCESS);
    expect_news(&bob, "1:own ");
    wait_for_change(&bob, b, false);
    tell(NULL, "all", FILE_ACTION_ADDED);
    expect_news(&alice, "1:all ");
    expect_news(&bob, "1:all ");
    end();
}

/* ... also for what is cached of it. */
static void test_users_leases(void **state)
{
    start(SMBKIT_CAP_PER_USER);
    make_file(&alice, "f");
    open_leased(&alice, "f", 0, 1, RH);
    open_leased(&bob, "f", 0, 2, RH);
    open_leased(&alice, "", FILE_DIRECTORY_FILE, 3, RH);
    open_leased(&bob, "", FILE_DIRECTORY_FILE, 4, RH);
    expect_breaks("");
    tell("carol", "f", FILE_ACTION_MODIFIED);
    expect_breaks("");
    tell("BOB", "f", FILE_ACTION_MODIFIED);
    expect_breaks("2:3>0 4:3>0 ");
    make_file(&bob, "g");
    expect_breaks("");
    make_file(&alice, "h");
    expect_breaks("3:3>0 ");
    end();
}

/* On other volumes all see the same. */
static void test_everybody(void **state)
{
    start(0);
    wait_for_change(&alice, open_folder(&alice, ""), false);
    make_file(&bob, "own");
    expect_news(&alice, "1:own ");
    end();
}

/* Lost changes: whoever watches lists again, and nothing is cached; then all is as before. */
static void test_lost(void **state)
{
    start(0);
    struct wire_file_id a = open_folder(&alice, ""), b = open_folder(&bob, "d");
    open_leased(&alice, "f", 0, 1, RWH);
    open_leased(&alice, "", FILE_DIRECTORY_FILE, 3, RH);
    wait_for_change(&alice, a, true);
    wait_for_change(&bob, b, false);
    tell(NULL, "d/x", FILE_ACTION_ADDED);
    expect_news(&alice, "1:d\\x ");
    expect_news(&bob, "1:x ");
    wait_for_change(&alice, a, true);
    core_volume_lost(w.core, w.volume);
    expect_breaks("1:7>0 3:3>0 ");
    assert_int_equal(alice.count, 1);
    assert_int_equal(harness_last(&alice)->status, SMBKIT_STATUS_NOTIFY_ENUM_DIR);
    /* the one who did not wait is told with his next request */
    assert_int_equal(watch(&bob, b, false), SMBKIT_STATUS_NOTIFY_ENUM_DIR);
    wait_for_change(&alice, a, true);
    wait_for_change(&bob, b, false);
    tell(NULL, "d/y", FILE_ACTION_ADDED);
    expect_news(&alice, "1:d\\y ");
    expect_news(&bob, "1:y ");
    end();
}

/* A watch of a tree sees what happens deep in it, and a watch of a folder only what is in it. */
static void test_deep(void **state)
{
    start(0);
    open_folder(&alice, "d");
    struct wire_file_id top = open_folder(&alice, ""), flat = open_folder(&bob, "D"),
                        tree = open_folder(&bob, "d");
    wait_for_change(&alice, top, true);
    wait_for_change(&bob, tree, true);
    wait_for_change(&bob, flat, false);
    tell(NULL, "d/E/f/g", FILE_ACTION_ADDED);
    tell(NULL, "dd/x", FILE_ACTION_ADDED);
    expect_news(&alice, "1:d\\E\\f\\g ");
    expect_news(&bob, "1:E\\f\\g ");
    tell(NULL, "d/x", FILE_ACTION_REMOVED);
    expect_news(&bob, "2:x ");
    assert_int_equal(watch(&alice, top, true), SMBKIT_STATUS_SUCCESS);
    expect_news(&alice, "1:dd\\x 2:d\\x ");
    assert_int_equal(watch(&bob, tree, true), SMBKIT_STATUS_SUCCESS);
    expect_news(&bob, "2:x ");
    end();
}

/* Both names of a rename are told at once. */
static void test_rename(void **state)
{
    start(0);
    struct wire_file_id id = open_folder(&alice, "");
    wait_for_change(&alice, id, true);
    tell(NULL, "d/a", FILE_ACTION_RENAMED_OLD_NAME);
    expect_news(&alice, "");
    tell(NULL, "d/b", FILE_ACTION_RENAMED_NEW_NAME);
    expect_news(&alice, "4:d\\a 5:d\\b ");
    end();
}

/* What is open by an old name, or in a folder that had it, goes on by the new one. */
static void test_renamed_while_open(void **state)
{
    start(SMBKIT_CAP_PER_USER);
    struct wire_file_id d, e, bobs, f;
    open_folder(&alice, "a");
    d = open_folder(&alice, "a\\Dir");
    e = open_folder(&alice, "a\\dir\\e");
    bobs = open_folder(&bob, "a\\dir");
    assert_int_equal(harness_create(&alice, "a\\dir\\e\\f", READ_WRITE | DELETE, 7, FILE_CREATE,
                                    FILE_DELETE_ON_CLOSE, &f),
                     SMBKIT_STATUS_SUCCESS);
    wait_for_change(&alice, d, false);
    wait_for_change(&alice, e, false);
    wait_for_change(&bob, bobs, false);
    /* the halves of two users between each other */
    tell("alice", "A/DIR", FILE_ACTION_RENAMED_OLD_NAME);
    tell("bob", "a/x", FILE_ACTION_RENAMED_OLD_NAME);
    tell("alice", "a/much longer", FILE_ACTION_RENAMED_NEW_NAME);
    tell("bob", "a/y", FILE_ACTION_RENAMED_NEW_NAME);
    expect_news(&alice, "");
    tell("alice", "a/much longer/x", FILE_ACTION_ADDED);
    expect_news(&alice, "1:x ");
    tell("alice", "a/much longer/e/x", FILE_ACTION_ADDED);
    expect_news(&alice, "1:x ");
    tell("bob", "a/dir/x", FILE_ACTION_ADDED);
    expect_news(&bob, "1:x ");
    /* what is done through a handle is told by the new name */
    assert_int_equal(harness_close(&alice, f), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(watch(&alice, e, false), SMBKIT_STATUS_SUCCESS);
    expect_news(&alice, "2:f ");
    end();
}

/* Nobody holds a lease yet that could be broken: so none is granted. */
static void test_changed_while_opening(void **state)
{
    static const struct {
        const char *path;
        uint32_t granted;
    } cases[] = {{"f", 0}, {"F", 0}, {"g", RWH}, {"", RWH}, {NULL, 0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        start_with(0, SMBKIT_THREAD_PARALLEL);
        make_file(&bob, "f");
        union wire_any body = lease_req("f", 0, 1, RWH);
        alice.count = 0;
        begin(SMB2_CREATE, &body);
        if (cases[i].path != NULL)
            tell(NULL, cases[i].path, FILE_ACTION_MODIFIED);
        else
            core_volume_lost(w.core, w.volume);
        harness_run(&alice);
        assert_int_equal(alice.count, 1);
        assert_int_equal(lease_state(&alice), cases[i].granted);
        end();
    }
}

/* The folder is closed while the plugin is still being asked to watch it. */
static void test_closed_while_beginning(void **state)
{
    start_with(0, SMBKIT_THREAD_PARALLEL);
    struct wire_file_id id = open_folder(&alice, "d");
    const union wire_any notify = {.change_notify_req = {.output_length = 4096,
                                                         .file_id = id,
                                                         .completion_filter = NAMES}},
                         close = {.close_req = {.file_id = id}};
    alice.count = 0;
    begin(SMB2_CHANGE_NOTIFY, &notify);
    begin(SMB2_CLOSE, &close);
    harness_run(&alice);
    assert_int_equal(alice.count, 2);
    assert_int_equal(alice.replies[0].command, SMB2_CHANGE_NOTIFY);
    assert_int_equal(alice.replies[0].status, SMBKIT_STATUS_NOTIFY_CLEANUP);
    assert_int_equal(alice.replies[1].status, SMBKIT_STATUS_SUCCESS);
    end();
}

/* The watched folder goes: nobody waits for what cannot come. */
static void test_removed_folder(void **state)
{
    start(0);
    struct wire_file_id top = open_folder(&alice, "");
    open_folder(&bob, "d");
    struct wire_file_id id = open_folder(&bob, "d\\e");
    wait_for_change(&alice, top, false);
    wait_for_change(&bob, id, false);
    tell(NULL, "d", FILE_ACTION_REMOVED);
    expect_news(&alice, "2:d ");
    harness_run(&bob);
    assert_int_equal(bob.count, 1);
    assert_int_equal(harness_last(&bob)->status, SMBKIT_STATUS_DELETE_PENDING);
    assert_int_equal(watch(&bob, id, false), SMBKIT_STATUS_DELETE_PENDING);
    end();
}

/* --- leases --- */

/* What is cached of a file goes with its change, and its folder's listing; nothing else does. */
static void test_leases(void **state)
{
    static const uint32_t actions[] = {FILE_ACTION_MODIFIED, FILE_ACTION_REMOVED, FILE_ACTION_ADDED,
                                       FILE_ACTION_RENAMED_OLD_NAME, FILE_ACTION_RENAMED_NEW_NAME};
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        start(0);
        open_folder(&bob, "d");
        open_folder(&bob, "d\\e");
        open_leased(&alice, "", FILE_DIRECTORY_FILE, 1, RH);
        open_leased(&alice, "d", FILE_DIRECTORY_FILE, 2, RH);
        open_leased(&alice, "d\\e", FILE_DIRECTORY_FILE, 3, RH);
        breaks[0] = '\0'; /* the folders' own, of what is made in them */
        struct wire_file_id f = open_leased(&bob, "d\\f", 0, 4, RWH);
        open_leased(&bob, "d\\g", 0, 5, RWH);
        expect_breaks("2:3>0 ");
        /* a lease that is broken already, and not acknowledged, is not told twice */
        tell(NULL, "D/F", actions[i]);
        expect_breaks("4:7>0 ");
        /* what is open stays usable */
        assert_int_equal(harness_write(&bob, f, 0, "x", 1), SMBKIT_STATUS_SUCCESS);
        end();
    }
}

/* A folder's listing is out of date when something in it changes, and not deeper. */
static void test_folder_leases(void **state)
{
    start(0);
    open_folder(&bob, "d");
    open_folder(&bob, "d\\e");
    open_leased(&alice, "", FILE_DIRECTORY_FILE, 1, RH);
    open_leased(&alice, "d", FILE_DIRECTORY_FILE, 2, RH);
    open_leased(&alice, "d\\e", FILE_DIRECTORY_FILE, 3, RH);
    breaks[0] = '\0';
    tell(NULL, "d/e/new", FILE_ACTION_ADDED);
    expect_breaks("3:3>0 ");
    tell(NULL, "d/new", FILE_ACTION_ADDED);
    expect_breaks("2:3>0 ");
    tell(NULL, "new", FILE_ACTION_ADDED);
    expect_breaks("1:3>0 ");
    end();
}

/* A folder goes with what is in it. */
static void test_leases_below(void **state)
{
    start(0);
    open_folder(&bob, "d");
    open_folder(&bob, "d\\e");
    open_folder(&bob, "dd");
    open_leased(&bob, "d\\e\\f", 0, 1, RWH);
    open_leased(&bob, "dd\\f", 0, 2, RWH);
    tell(NULL, "d", FILE_ACTION_MODIFIED);
    expect_breaks("");
    tell(NULL, "d", FILE_ACTION_REMOVED);
    expect_breaks("1:7>0 ");
    tell(NULL, "DD", FILE_ACTION_RENAMED_OLD_NAME);
    expect_breaks("2:7>0 ");
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_users_leases),
        cmocka_unit_test(test_everybody),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_rename),
        cmocka_unit_test(test_renamed_while_open),
        cmocka_unit_test(test_changed_while_opening),
        cmocka_unit_test(test_closed_while_beginning),
        cmocka_unit_test(test_removed_folder),
        cmocka_unit_test(test_leases),
        cmocka_unit_test(test_folder_leases),
        cmocka_unit_test(test_leases_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
