// SPDX-License-Identifier: Apache-2.0
/*
 * Whole core: a share whose volume is replaced while clients use it (core_share_set, core/share.h):
 * what they watch, cache, have open and open anew, and when the old volume goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"
#include "wire/fsctl.h"
#include "wire/info_file.h"
#include "wire/sd.h"

#define READ_WRITE 0x0012019fu
#define READ_ONLY  0x00120089u
#define RWH        (SMB2_LEASE_READ_CACHING | SMB2_LEASE_HANDLE_CACHING | SMB2_LEASE_WRITE_CACHING)
#define NAMES      (FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_DIR_NAME)

static struct world w;
static struct harness_client alice, bob;
static unsigned gone; /* volumes of replace() that were freed */
static unsigned breaks;

static void count_gone(void *ctx)
{
    gone++;
}

static void count_break(void *ctx, const struct wire_break_notification *n)
{
    breaks++;
}

static struct vfs_volume *new_volume(void)
{
    static const struct smbkit_arg args[] = {{"size", "64M"}};
    char error[VFS_ERROR_TEXT_MAX];
    struct vfs_host host = w.vfs_host;
    host.gone = count_gone;
    struct vfs_volume *v = vfs_volume_new(&w.plugin, "data", args, 1, &host, error);
    assert_non_null(v);
    return v;
}

/* Gives the share a new volume, which goes with it and those who use it. */
static void replace_with(const struct core_share_config *cfg)
{
    struct vfs_volume *v = new_volume();
    assert_int_equal(core_share_set(w.core, cfg, v), SMBKIT_STATUS_SUCCESS);
    vfs_volume_unref(v);
}

static void replace(void)
{
    replace_with(&(struct core_share_config){.name = "DATA"});
}

static void connect_as(struct harness_client *c, const char *user, const char *password,
                       uint8_t guid, const char *share)
{
    struct smbclient_config ccfg = harness_client_config(&w);
    ccfg.guid.b[0] = guid;
    ccfg.told = count_break;
    harness_connect(c, &w, &ccfg);
    assert_int_equal(harness_negotiate(c), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_logon(c, user, password, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(c, share), SMBKIT_STATUS_SUCCESS);
}

static void start_with(enum smbkit_thread_model model)
{
    struct world_config cfg = harness_world_config();
    cfg.model = model;
    cfg.allow_guest = true;
    harness_world(&w, &cfg);
    gone = breaks = 0;
    replace(); /* the world keeps a reference to the volume that it has made itself */
    connect_as(&alice, "alice", "alice-pw", 1, "data");
    connect_as(&bob, "bob", "bob-pw", 2, "data");
}

static void start(void)
{
    start_with(harness_world_config().model);
}

static void end(void)
{
    harness_drop(&alice);
    harness_drop(&bob);
    harness_world_end(&w);
}

static smbkit_status open_file(struct harness_client *c, const char *name, uint32_t disposition,
                               struct wire_file_id *id)
{
    return harness_create(c, name, READ_WRITE, 7, disposition, 0, id);
}

static struct wire_file_id open_folder(struct harness_client *c, const char *name)
{
    struct wire_file_id id;
    assert_int_equal(harness_create(c, name, READ_ONLY, 7, FILE_OPEN_IF, FILE_DIRECTORY_FILE, &id),
                     SMBKIT_STATUS_SUCCESS);
    return id;
}

static smbkit_status watch(struct harness_client *c, struct wire_file_id id)
{
    union wire_any body = {.change_notify_req = {.flags = SMB2_WATCH_TREE,
                                                 .output_length = 4096,
                                                 .file_id = id,
                                                 .completion_filter = NAMES}};
    smbkit_status st = harness_call(c, SMB2_CHANGE_NOTIFY, &body);
    if (c->count == 1 && c->replies[0].interim)
        st = SMBKIT_STATUS_PENDING;
    c->count = 0;
    return st;
}

static void expect_answer(struct harness_client *c, smbkit_status status)
{
    harness_run(c);
    assert_int_equal(c->count, 1);
    assert_int_equal(harness_last(c)->command, SMB2_CHANGE_NOTIFY);
    assert_int_equal(harness_last(c)->status, status);
    c->count = 0;
}

static void expect_bytes(struct harness_client *c, struct wire_file_id id, const char *want)
{
    assert_int_equal(harness_read(c, id, 0, 64), SMBKIT_STATUS_SUCCESS);
    const struct wire_blob *got = &harness_last(c)->body.read_rsp.payload;
    assert_int_equal(got->len, strlen(want));
    assert_memory_equal(got->data, want, got->len);
}

/* An open file stays what it is; whatever is opened later is of the new volume, also through a tree
   that was connected before; the old volume goes with the last open. */
static void test_opens(void **state)
{
    struct wire_file_id a, b, again;
    start();
    assert_int_equal(open_file(&alice, "f", FILE_CREATE, &a), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(open_file(&bob, "f", FILE_OPEN, &b), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_write(&alice, a, 0, "old", 3), SMBKIT_STATUS_SUCCESS);
    replace();
    expect_bytes(&alice, a, "old");
    assert_int_equal(harness_write(&alice, a, 3, "er", 2), SMBKIT_STATUS_SUCCESS);
    expect_bytes(&bob, b, "older");
    assert_int_equal(open_file(&alice, "f", FILE_OPEN, &again),
                     SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(open_file(&bob, "f", FILE_CREATE, &again), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_write(&bob, again, 0, "new", 3), SMBKIT_STATUS_SUCCESS);
    expect_bytes(&bob, b, "older");
    expect_bytes(&bob, again, "new");
    assert_int_equal(harness_close(&alice, a), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(gone, 0);
    assert_int_equal(harness_close(&bob, b), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(gone, 1);
    end();
    assert_int_equal(gone, 2);
}

/* Whoever watches lists again, and then hears of the new volume and of that alone. */
static void test_watches(void **state)
{
    struct wire_file_id a, b, old, id;
    start();
    open_folder(&alice, "d");
    assert_int_equal(open_file(&alice, "old", FILE_CREATE, &old), SMBKIT_STATUS_SUCCESS);
    a = open_folder(&alice, "");
    b = open_folder(&bob, "d");
    assert_int_equal(watch(&alice, a), SMBKIT_STATUS_PENDING);
    assert_int_equal(watch(&bob, b), SMBKIT_STATUS_PENDING);
    replace();
    expect_answer(&alice, SMBKIT_STATUS_NOTIFY_ENUM_DIR);
    expect_answer(&bob, SMBKIT_STATUS_NOTIFY_ENUM_DIR);
    assert_int_equal(watch(&alice, a), SMBKIT_STATUS_PENDING);
    /* nobody waits for it: he is told when he asks */
    replace();
    expect_answer(&alice, SMBKIT_STATUS_NOTIFY_ENUM_DIR);
    assert_int_equal(watch(&bob, b), SMBKIT_STATUS_NOTIFY_ENUM_DIR);
    assert_int_equal(watch(&alice, a), SMBKIT_STATUS_PENDING);
    assert_int_equal(watch(&bob, b), SMBKIT_STATUS_PENDING);
    assert_int_equal(harness_close(&alice, old), SMBKIT_STATUS_SUCCESS);
    harness_run(&alice);
    alice.count = 0;
    open_folder(&bob, "d");
    bob.count = 0;
    expect_answer(&alice, SMBKIT_STATUS_NOTIFY_ENUM_DIR); /* what may he see there? */
    assert_int_equal(open_file(&alice, "d\\x", FILE_CREATE, &id), SMBKIT_STATUS_SUCCESS);
    expect_answer(&bob, SMBKIT_STATUS_NOTIFY_ENUM_DIR);
    assert_int_equal(harness_close(&alice, a), SMBKIT_STATUS_SUCCESS);
    a = open_folder(&alice, "");
    assert_int_equal(watch(&alice, a), SMBKIT_STATUS_PENDING);
    assert_int_equal(open_file(&bob, "y", FILE_CREATE, &id), SMBKIT_STATUS_SUCCESS);
    expect_answer(&alice, SMBKIT_STATUS_SUCCESS);
    end();
}

/* What is cached of the old volume would hide the new one. */
static void test_leases(void **state)
{
    struct arena arena;
    start();
    arena_init(&arena, 65536);
    struct wire_create_req_ctxs x = {
        .present = WIRE_CTX_BIT(WIRE_CTX_RQLS),
        .lease = {.version = 2, .key = {{7}}, .state = RWH},
    };
    union wire_any body = harness_create_req(&arena, "f", READ_WRITE, 7, FILE_OPEN_IF, 0);
    body.create_req.oplock_level = SMB2_OPLOCK_LEVEL_LEASE;
    assert_true(wire_create_req_ctxs_build(&arena, &x, NULL, 0, &body.create_req.ctxs,
                                           &body.create_req.ctx_count));
    assert_int_equal(harness_call(&alice, SMB2_CREATE, &body), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(breaks, 0);
    replace();
    world_advance(&w, NS_PER_MS);
    harness_run(&alice);
    assert_int_equal(breaks, 1);
    /* the client has one key for a path, and the old file is still open */
    assert_int_equal(harness_call(&alice, SMB2_CREATE, &body), SMBKIT_STATUS_SUCCESS);
    arena_clear(&arena);
    end();
}

/* A request that is under way stays with the volume that it began with, whatever it needs of it. */
static void test_during_a_create(void **state)
{
    struct wire_file_id a;
    struct builder out;
    struct arena arena;
    start_with(SMBKIT_THREAD_PARALLEL);
    arena_init(&arena, 65536);
    union wire_any body = harness_create_req(&arena, "f", READ_WRITE, 7, FILE_CREATE, 0);
    const struct smbclient_element v = harness_element(&alice, SMB2_CREATE, &body);
    builder_init_grow(&out, 65536);
    assert_true(smbclient_send(&alice.smb, &v, 1, 0, &out));
    alice.count = 0;
    world_send(alice.conn, out.data, out.len);
    builder_free(&out);
    assert_true(world_deliver_to_server(alice.conn));
    replace(); /* while the plugin is being asked */
    harness_run(&alice);
    assert_int_equal(harness_last(&alice)->status, SMBKIT_STATUS_SUCCESS);
    a = harness_last(&alice)->body.create_rsp.file_id;
    assert_int_equal(gone, 0);
    assert_int_equal(harness_close(&alice, a), SMBKIT_STATUS_SUCCESS);
    harness_run(&alice);
    assert_int_equal(gone, 1);
    assert_int_equal(open_file(&alice, "f", FILE_OPEN, &a), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    arena_clear(&arena);
    end();
}

/* The settings are the new ones for those who are connected, too. */
static void test_settings(void **state)
{
    struct wire_file_id id;
    struct harness_client guest;
    start();
    connect_as(&guest, "nobody", "x", 3, "open");
    assert_int_equal(open_file(&guest, "f", FILE_OPEN_IF, &id), SMBKIT_STATUS_SUCCESS);
    replace_with(&(struct core_share_config){.name = "open"});
    assert_int_equal(open_file(&guest, "f", FILE_OPEN_IF, &id), SMBKIT_STATUS_NETWORK_NAME_DELETED);
    replace_with(&(struct core_share_config){.name = "data", .read_only = true});
    assert_int_equal(open_file(&alice, "f", FILE_CREATE, &id), SMBKIT_STATUS_ACCESS_DENIED);
    replace_with(&(struct core_share_config){.name = "data", .encrypt = true});
    assert_int_equal(open_file(&alice, "f", FILE_CREATE, &id), SMBKIT_STATUS_ACCESS_DENIED);
    replace();
    assert_int_equal(open_file(&alice, "f", FILE_CREATE, &id), SMBKIT_STATUS_SUCCESS);
    harness_drop(&guest);
    end();
}

static smbkit_status set_info(struct wire_file_id id, uint8_t class, const void *data, size_t len)
{
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_FILE,
                                            .info_class = class,
                                            .file_id = id,
                                            .payload = {data, len}}};
    return harness_call(&alice, SMB2_SET_INFO, &body);
}

static smbkit_status ioctl(struct wire_file_id id, uint32_t code, const void *data, size_t len)
{
    union wire_any body = {.ioctl_req = {.ctl_code = code,
                                         .flags = SMB2_0_IOCTL_IS_FSCTL,
                                         .file_id = id,
                                         .max_output_response = 64,
                                         .input = {data, len}}};
    return harness_call(&alice, SMB2_IOCTL, &body);
}

/* Everything that changes a file, through a handle that was opened for all. */
static void expect_changes(struct wire_file_id id, smbkit_status status)
{
    const uint8_t zeros[64] = {0}, one[] = {1}, compress[] = {1, 0};
    const uint8_t range[16] = {[8] = 4}, sd[20] = {1, [3] = 0x80},
                  ea[] = {0, 0, 0, 0, 0, 1, 1, 0, 'A', 0, 'v'};
    uint8_t name[26] = {[16] = 2, [20] = 'g'}, times[40] = {[0] = 1, [7] = 1};
    union wire_any security = {.set_info_req = {.info_type = SMB2_0_INFO_SECURITY,
                                                .additional_information = DACL_SECURITY_INFORMATION,
                                                .file_id = id,
                                                .payload = {sd, sizeof sd}}};
    assert_int_equal(harness_write(&alice, id, 0, "text", 4), status);
    assert_int_equal(set_info(id, FileEndOfFileInformation, zeros, 8), status);
    assert_int_equal(set_info(id, FileAllocationInformation, zeros, 8), status);
    assert_int_equal(set_info(id, FileBasicInformation, times, sizeof times), status);
    assert_int_equal(set_info(id, FileFullEaInformation, ea, sizeof ea), status);
    assert_int_equal(harness_call(&alice, SMB2_SET_INFO, &security), status);
    assert_int_equal(ioctl(id, FSCTL_SET_SPARSE, one, 1), status);
    assert_int_equal(ioctl(id, FSCTL_SET_ZERO_DATA, range, sizeof range), status);
    assert_int_equal(ioctl(id, FSCTL_SET_COMPRESSION, compress, 2), status);
    assert_int_equal(set_info(id, FileLinkInformation, name, 24), status);
    name[20] = 'h';
    assert_int_equal(set_info(id, FileRenameInformation, name, 24), status);
    assert_int_equal(set_info(id, FileDispositionInformation, one, 1), status);
}

/* A share that becomes one to read only is so for handles of before: they read on, and change
   nothing, not at their end either. */
static void test_read_only(void **state)
{
    const struct core_share_config off = {.name = "data"}, on = {.name = "data", .read_only = true};
    struct wire_file_id a, doomed;
    start();
    struct vfs_volume *v = new_volume();
    assert_int_equal(core_share_set(w.core, &off, v), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_create(&alice, "f", FILE_ALL_ACCESS, 7, FILE_CREATE, 0, &a),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_write(&alice, a, 0, "text", 4), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_create(&alice, "doomed", FILE_ALL_ACCESS, 7, FILE_CREATE,
                                    FILE_DELETE_ON_CLOSE, &doomed),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(core_share_set(w.core, &on, v), SMBKIT_STATUS_SUCCESS);
    expect_changes(a, SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(harness_read(&alice, a, 0, 4), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_close(&alice, doomed), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_create(&alice, "doomed", FILE_READ_DATA, 7, FILE_OPEN, 0, &doomed),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_close(&alice, doomed), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(core_share_set(w.core, &off, v), SMBKIT_STATUS_SUCCESS);
    expect_changes(a, SMBKIT_STATUS_SUCCESS);
    vfs_volume_unref(v);
    end();
}

/* Without memory all stays as it is. */
static void test_without_memory(void **state)
{
    const struct core_share_config cfg = {.name = "data", .comment = "other"};
    struct wire_file_id id;
    start();
    assert_int_equal(open_file(&alice, "f", FILE_CREATE, &id), SMBKIT_STATUS_SUCCESS);
    struct vfs_volume *v = new_volume();
    for (size_t n = 1; n <= 2; n++) {
        testmem_fail_nth(n);
        assert_int_equal(core_share_set(w.core, &cfg, v), SMBKIT_STATUS_NO_MEMORY);
        testmem_fail_nth(0);
    }
    vfs_volume_unref(v);
    assert_int_equal(gone, 1);
    assert_int_equal(open_file(&bob, "f", FILE_OPEN, &id), SMBKIT_STATUS_SUCCESS);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opens),          cmocka_unit_test(test_watches),
        cmocka_unit_test(test_leases),         cmocka_unit_test(test_during_a_create),
        cmocka_unit_test(test_settings),       cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
