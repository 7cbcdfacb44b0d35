// SPDX-License-Identifier: Apache-2.0
/*
 * Whole core: a share with DFS links. What is announced, which paths are here and which are not,
 * what a listing shows, and referrals in all versions; and a server without links, which knows no
 * DFS.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/harness.h"
#include "vfs/shortname.h"
#include "wire/fsctl.h"
#include "wire/fsctl_dfs.h"
#include "wire/fsctl_reparse.h"
#include "wire/info_dir.h"
#include "wire/info_file.h"

#define READ_WRITE   0x0012019fu
#define READ_ONLY    0x00120089u
#define ALL          7u
#define FILE_ID_BOTH 37u
#define NOT_COVERED  SMBKIT_STATUS_PATH_NOT_COVERED
#define INVALID      SMBKIT_STATUS_INVALID_PARAMETER
#define ROOM         4096u
#define NO_FILE                \
    {                          \
        UINT64_MAX, UINT64_MAX \
    }
#define LAST(c, field) (harness_last(c)->body.field)

static const struct core_dfs_link links[] = {
    {.path = "link", .targets = {"\\one\\docs", "\\two\\docs\\sub"}, .target_count = 2},
    {.path = "folder/Inner", .targets = {"\\one\\inner"}, .target_count = 1},
};

static struct world w;
static struct harness_client c;

static void set_links(size_t count)
{
    const struct core_share_config cfg = {.name = "data", .links = links, .link_count = count};
    assert_int_equal(core_share_set(w.core, &cfg, w.volume), SMBKIT_STATUS_SUCCESS);
}

static void start_with(size_t count, uint16_t dialect)
{
    const struct world_config cfg = harness_world_config();
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    if (dialect != 0) {
        ccfg.dialects[0] = dialect;
        ccfg.dialect_count = 1;
    }
    set_links(count);
    harness_ready(&c, &w, &ccfg);
}

static void start(void)
{
    start_with(ARRAY_LEN(links), 0);
}

static void end(void)
{
    harness_drop(&c);
    harness_world_end(&w);
}

/* CREATE, with the flag of DFS when `dfs`. */
static smbkit_status open_as(const char *name, bool dfs, uint32_t disposition, uint32_t options)
{
    struct arena a;
    arena_init(&a, 65536);
    const union wire_any body = harness_create_req(&a, name, READ_WRITE, ALL, disposition, options);
    struct smbclient_element e = harness_element(&c, SMB2_CREATE, &body);
    e.dfs = dfs;
    smbkit_status st = harness_send(&c, &e, 1, 0);
    arena_clear(&a);
    if (st == SMBKIT_STATUS_SUCCESS)
        harness_close(&c, LAST(&c, create_rsp).file_id);
    return st;
}

/* ---------------------------------------------------------------- what is announced */

static void test_announced(void **state)
{
    static const uint16_t dialects[] = {SMB2_DIALECT_202, SMB2_DIALECT_210, SMB2_DIALECT_300,
                                        SMB2_DIALECT_311};
    for (size_t i = 0; i < ARRAY_LEN(dialects); i++) {
        for (size_t count = 0; count < 2; count++) {
            start_with(count, dialects[i]);
            assert_int_equal(harness_tree(&c, "data"), SMBKIT_STATUS_SUCCESS);
            const uint32_t flags = LAST(&c, tree_connect_rsp).share_flags;
            const uint32_t caps = LAST(&c, tree_connect_rsp).capabilities;
            assert_int_equal(flags & (SMB2_SHAREFLAG_DFS | SMB2_SHAREFLAG_DFS_ROOT),
                             count ? SMB2_SHAREFLAG_DFS | SMB2_SHAREFLAG_DFS_ROOT : 0);
            assert_int_equal(caps & SMB2_SHARE_CAP_DFS, count ? SMB2_SHARE_CAP_DFS : 0);
            assert_int_equal(c.smb.server_capabilities & SMB2_GLOBAL_CAP_DFS,
                             count ? SMB2_GLOBAL_CAP_DFS : 0);
            assert_int_equal(harness_tree(&c, "IPC$"), SMBKIT_STATUS_SUCCESS);
            assert_int_equal(LAST(&c, tree_connect_rsp).share_flags & SMB2_SHAREFLAG_DFS, 0);
            end();
        }
    }
}

/* ---------------------------------------------------------------- paths */

/* As Windows reads names of DFS: any server, any share, the rest counts. */
static void test_names(void **state)
{
    static const struct {
        const char *name;
        smbkit_status status;
    } rows[] = {
        {"sim\\data", SMBKIT_STATUS_SUCCESS},
        {"sim", SMBKIT_STATUS_SUCCESS},
        {"sim\\", SMBKIT_STATUS_SUCCESS},
        {"any\\name", SMBKIT_STATUS_SUCCESS},
        {":::\\data\\folder", SMBKIT_STATUS_SUCCESS},
        {"\\sim\\data\\folder", SMBKIT_STATUS_SUCCESS},
        {"\\\\\\sim\\data\\folder", SMBKIT_STATUS_SUCCESS},
        {"", INVALID},
        {"\\", INVALID},
        {"sim\\data\\no", SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND},
        {"sim\\data\\no\\no", SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND},
        {"sim\\data\\link", NOT_COVERED},
        {"sim\\data\\LINK\\a\\b", NOT_COVERED},
        {"sim\\data\\folder\\inner", NOT_COVERED},
        {"sim\\data\\folder\\..\\link\\x", NOT_COVERED},
        {"sim\\data\\link:stream", NOT_COVERED},
        {"sim\\data\\link2", SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND},
    };
    start();
    assert_int_equal(open_as("folder", false, FILE_CREATE, FILE_DIRECTORY_FILE), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        smbkit_status st = open_as(rows[i].name, true, FILE_OPEN, 0);
        if (st != rows[i].status)
            fail_msg("%s: %s", rows[i].name, smbkit_status_text(st));
    }
    /* whatever is to be done there */
    assert_int_equal(open_as("sim\\data\\link\\new", true, FILE_CREATE, 0), NOT_COVERED);
    assert_int_equal(open_as("sim\\data\\link", true, FILE_OPEN_IF, FILE_DIRECTORY_FILE),
                     NOT_COVERED);
    assert_int_equal(open_as("sim\\data\\link", true, FILE_OPEN, FILE_OPEN_REPARSE_POINT),
                     NOT_COVERED);
    end();
}

/* Who says nothing of DFS uses plain paths, and does not get past a link. */
static void test_without_flag(void **state)
{
    start();
    assert_int_equal(open_as("file", false, FILE_CREATE, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(open_as("sim\\data\\file", true, FILE_OPEN, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(open_as("sim\\data\\file", false, FILE_OPEN, 0),
                     SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(open_as("link", false, FILE_OPEN_IF, 0),
                     SMBKIT_STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    end();
    /* the flag means nothing on a share without links */
    start_with(0, 0);
    assert_int_equal(open_as("link", true, FILE_CREATE, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(open_as("sim\\data\\link", true, FILE_OPEN, 0),
                     SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    end();
}

static smbkit_status create_durable(const char *name, const struct wire_create_req_ctxs *ctxs)
{
    struct arena a;
    arena_init(&a, 65536);
    union wire_any body = harness_create_req(&a, name, READ_WRITE, 0, FILE_OPEN_IF, 0);
    body.create_req.oplock_level = SMB2_OPLOCK_LEVEL_BATCH;
    assert_true(wire_create_req_ctxs_build(&a, ctxs, NULL, 0, &body.create_req.ctxs,
                                           &body.create_req.ctx_count));
    struct smbclient_element e = harness_element(&c, SMB2_CREATE, &body);
    e.dfs = true;
    smbkit_status st = harness_send(&c, &e, 1, 0);
    arena_clear(&a);
    return st;
}

/* A durable open comes back by its DFS name, and by none: only its id counts. */
static void test_reconnect(void **state)
{
    static const char *const names[] = {"sim\\data\\f", ""};
    start();
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct wire_create_req_ctxs make = {.present = WIRE_CTX_BIT(WIRE_CTX_DHNQ)};
        assert_int_equal(create_durable("sim\\data\\f", &make), SMBKIT_STATUS_SUCCESS);
        const struct wire_file_id id = LAST(&c, create_rsp).file_id;
        struct smbclient_config ccfg = harness_client_config(&w);
        harness_drop(&c);
        harness_ready(&c, &w, &ccfg);
        const struct wire_create_req_ctxs back = {.present = WIRE_CTX_BIT(WIRE_CTX_DHNC),
                                                  .durable_reconnect = id};
        assert_int_equal(create_durable(names[i], &back), SMBKIT_STATUS_SUCCESS);
        assert_int_equal(harness_close(&c, LAST(&c, create_rsp).file_id), SMBKIT_STATUS_SUCCESS);
    }
    end();
}

static smbkit_status rename_to(struct wire_file_id id, const char *to)
{
    struct wire_info_rename in = {.name = to, .name_len = strlen(to)};
    struct builder b;
    builder_init_grow(&b, ROOM);
    wire_info_rename_encode(&b, &in, false);
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_FILE,
                                            .info_class = FileRenameInformation,
                                            .file_id = id,
                                            .payload = {b.data, b.len}}};
    smbkit_status st = harness_call(&c, SMB2_SET_INFO, &body);
    builder_free(&b);
    return st;
}

static void test_rename(void **state)
{
    struct wire_file_id id;
    start();
    assert_int_equal(harness_create(&c, "file", 0x0013019fu, ALL, FILE_CREATE, 0, &id), 0);
    assert_int_equal(rename_to(id, "link"), SMBKIT_STATUS_NOT_SAME_DEVICE);
    assert_int_equal(rename_to(id, "link\\file"), SMBKIT_STATUS_NOT_SAME_DEVICE);
    assert_int_equal(rename_to(id, "links"), SMBKIT_STATUS_SUCCESS);
    end();
}

/* What a link hides has other names, too. */
static void test_short_names(void **state)
{
    static const char folder[] = "a folder with a long name";
    const struct core_dfs_link link = {
        .path = folder, .targets = {"\\one\\docs"}, .target_count = 1};
    const struct core_share_config with = {.name = "data", .links = &link, .link_count = 1};
    char name[VFS_SHORT_MAX + 1], below[VFS_SHORT_MAX + 8];
    struct world_config cfg = harness_world_config();
    cfg.core.short_names = true;
    harness_world(&w, &cfg);
    set_links(0);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&c, &w, &ccfg);
    vfs_short_make(folder, strlen(folder), name);
    snprintf(below, sizeof below, "%s\\x", name);
    assert_int_equal(open_as(folder, false, FILE_CREATE, FILE_DIRECTORY_FILE), 0);
    assert_int_equal(open_as(below, false, FILE_CREATE, 0), 0);
    assert_int_equal(core_share_set(w.core, &with, w.volume), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(open_as(name, false, FILE_OPEN, 0), SMBKIT_STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    assert_int_equal(open_as(below, false, FILE_OPEN, 0), SMBKIT_STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    below[strlen(below) - 1] = 'y';
    assert_int_equal(open_as(below, false, FILE_CREATE, 0),
                     SMBKIT_STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    end();
}

/* ---------------------------------------------------------------- listings */

static smbkit_status list(struct wire_file_id id, const char *pattern, uint8_t flags, uint32_t room)
{
    uint8_t mem[256];
    struct builder b;
    builder_init_fixed(&b, mem, sizeof mem);
    wire_text_put(&b, pattern, strlen(pattern));
    union wire_any body = {.query_directory_req = {.info_class = FILE_ID_BOTH,
                                                   .flags = flags,
                                                   .file_id = id,
                                                   .output_length = room,
                                                   .pattern = {mem, b.len}}};
    return harness_call(&c, SMB2_QUERY_DIRECTORY, &body);
}

/* The names of the answer, separated by '|'; links must look like links, and nothing else. */
static const char *listed(void)
{
    static char text[512];
    const struct wire_blob *out = &LAST(&c, query_directory_rsp).payload;
    struct wire_chain_reader r;
    struct wire_dir_entry e;
    struct cursor in;
    size_t n = 0;
    text[0] = '\0';
    cursor_init(&in, out->data, out->len);
    wire_chain_open(&r, &in, WIRE_DIR_ALIGN);
    while (wire_dir_next(&r, &c.arena, FILE_ID_BOTH, &e)) {
        const bool is_link = (e.attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", e.name, is_link ? "@|" : "|");
        assert_true(n < sizeof text);
        if (!is_link)
            continue;
        assert_int_equal(e.reparse_tag, IO_REPARSE_TAG_DFS);
        assert_true(e.attributes & FILE_ATTRIBUTE_DIRECTORY);
        assert_true(e.file_id != 0 && e.creation_time != 0);
        assert_int_equal(e.short_name_len, 0);
    }
    assert_false(r.failed);
    return text;
}

static struct wire_file_id open_folder(const char *name)
{
    struct wire_file_id id;
    assert_int_equal(
        harness_create(&c, name, READ_ONLY, ALL, FILE_OPEN_IF, FILE_DIRECTORY_FILE, &id),
        SMBKIT_STATUS_SUCCESS);
    return id;
}

static void test_listed(void **state)
{
    start_with(0, 0);
    open_folder("folder");
    open_folder("LINK"); /* hidden when there is a link */
    set_links(ARRAY_LEN(links));
    struct wire_file_id root = open_folder(""), folder = open_folder("folder");
    assert_int_equal(list(root, "*", 0, ROOM), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(listed(), ".|..|link@|folder|");
    assert_int_equal(list(root, "*", 0, ROOM), SMBKIT_STATUS_NO_MORE_FILES);
    assert_int_equal(list(folder, "*", 0, ROOM), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(listed(), ".|..|Inner@|");
    assert_int_equal(list(root, "L*", SMB2_REOPEN, ROOM), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(listed(), "link@|");
    assert_int_equal(list(root, "f*", SMB2_REOPEN, ROOM), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(listed(), "folder|");
    end();
}

/* One at a time, and by its name. */
static void test_listed_single(void **state)
{
    static const char *const names[] = {".|", "..|", "link@|", "folder|"};
    start();
    open_folder("folder");
    struct wire_file_id root = open_folder("");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_int_equal(list(root, "*", SMB2_RETURN_SINGLE_ENTRY, ROOM), SMBKIT_STATUS_SUCCESS);
        assert_string_equal(listed(), names[i]);
    }
    assert_int_equal(list(root, "*", SMB2_RETURN_SINGLE_ENTRY, ROOM), SMBKIT_STATUS_NO_MORE_FILES);
    assert_int_equal(list(root, "Link", SMB2_REOPEN, ROOM), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(listed(), "link@|");
    assert_int_equal(list(root, "Link", 0, ROOM), SMBKIT_STATUS_NO_MORE_FILES);
    assert_int_equal(list(root, "Inner", SMB2_REOPEN, ROOM), SMBKIT_STATUS_NO_SUCH_FILE);
    /* room for "." and ".." only: the link comes with the next request */
    assert_int_equal(list(root, "*", SMB2_REOPEN, 220), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(listed(), ".|..|");
    assert_int_equal(list(root, "*", 0, 120), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(listed(), "link@|");
    end();
}

/* ---------------------------------------------------------------- referrals */

static smbkit_status ask_raw(uint32_t code, const void *data, size_t len, uint32_t room)
{
    union wire_any body = {.ioctl_req = {.ctl_code = code,
                                         .file_id = NO_FILE,
                                         .flags = SMB2_0_IOCTL_IS_FSCTL,
                                         .max_output_response = room,
                                         .input = {data, len}}};
    return harness_call(&c, SMB2_IOCTL, &body);
}

static smbkit_status ask(const char *path, uint16_t level, bool ex, uint32_t room)
{
    const struct wire_dfs_req in = {
        .max_level = level, .path = path, .path_len = strlen(path), .has_site = ex, .site = ""};
    struct builder b;
    builder_init_grow(&b, ROOM);
    wire_dfs_req_encode(&b, &in, ex);
    smbkit_status st =
        ask_raw(ex ? FSCTL_DFS_GET_REFERRALS_EX : FSCTL_DFS_GET_REFERRALS, b.data, b.len, room);
    builder_free(&b);
    return st;
}

static struct wire_dfs_rsp answered(void)
{
    const struct wire_blob *out = &LAST(&c, ioctl_rsp).payload;
    struct wire_dfs_rsp rsp;
    struct cursor in;
    cursor_init(&in, out->data, out->len);
    assert_true(wire_dfs_rsp_decode(&in, &c.arena, &rsp));
    return rsp;
}

static void test_link_referral(void **state)
{
    start();
    for (uint16_t level = 1; level <= 6; level++) {
        assert_int_equal(ask("\\sim\\DATA\\Link\\a\\b", level, level % 2, ROOM), 0);
        struct wire_dfs_rsp rsp = answered();
        assert_int_equal(rsp.version, MIN(level, 4));
        assert_int_equal(rsp.path_consumed, 2 * strlen("\\sim\\DATA\\Link"));
        assert_int_equal(rsp.server_type, 0);
        assert_int_equal(rsp.flags, level == 1 ? DFS_STORAGE_SERVERS | DFS_REFERRAL_SERVERS
                                               : DFS_STORAGE_SERVERS);
        assert_int_equal(rsp.count, 2);
        assert_string_equal(rsp.targets[0].path, "\\one\\docs");
        assert_string_equal(rsp.targets[1].path, "\\two\\docs\\sub");
        if (level > 1)
            assert_string_equal(rsp.path, "\\sim\\DATA\\Link");
    }
    assert_int_equal(ask("\\sim\\data\\folder\\inner", 4, false, ROOM), 0);
    assert_string_equal(answered().targets[0].path, "\\one\\inner");
    assert_int_equal(answered().path_consumed, 2 * strlen("\\sim\\data\\folder\\inner"));
    end();
}

static void test_root_referral(void **state)
{
    static const char *const paths[] = {"\\10.1.2.3\\data", "\\10.1.2.3\\data\\folder\\x",
                                        "\\10.1.2.3\\data\\"};
    start();
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        assert_int_equal(ask(paths[i], 3, false, ROOM), SMBKIT_STATUS_SUCCESS);
        struct wire_dfs_rsp rsp = answered();
        assert_int_equal(rsp.server_type, 1);
        assert_int_equal(rsp.flags, DFS_STORAGE_SERVERS | DFS_REFERRAL_SERVERS);
        assert_int_equal(rsp.path_consumed, 2 * strlen("\\10.1.2.3\\data"));
        assert_int_equal(rsp.count, 1);
        assert_string_equal(rsp.path, "\\10.1.2.3\\data");
        assert_string_equal(rsp.targets[0].path, "\\10.1.2.3\\data");
    }
    end();
}

/* Odd numbers of separators do not shift what was consumed. */
static void test_separators(void **state)
{
    start();
    assert_int_equal(ask("\\\\sim\\\\data\\folder\\\\inner\\\\x", 3, false, ROOM), 0);
    assert_int_equal(answered().path_consumed, 2 * strlen("\\\\sim\\\\data\\folder\\\\inner"));
    assert_int_equal(ask("sim/data/link", 3, false, ROOM), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(answered().path_consumed, 2 * strlen("sim/data/link"));
    end();
}

static void test_refused(void **state)
{
    static const struct {
        const char *path;
        smbkit_status status;
    } rows[] = {
        {"", INVALID},
        {"\\", INVALID},
        {"\\domain", INVALID},
        {"domain", INVALID},
        {"\\domain\\", INVALID},
        {"\\domain\\SYSVOL", SMBKIT_STATUS_NOT_FOUND},
        {"\\sim\\IPC$", SMBKIT_STATUS_NOT_FOUND},
        {"\\sim\\none\\link", SMBKIT_STATUS_NOT_FOUND},
    };
    static char host[300] = "\\";
    start();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        smbkit_status st = ask(rows[i].path, 4, false, ROOM);
        if (st != rows[i].status)
            fail_msg("%s: %s", rows[i].path, smbkit_status_text(st));
    }
    assert_int_equal(ask("\\sim\\data\\link", 0, false, ROOM), INVALID);
    assert_int_equal(ask_raw(FSCTL_DFS_GET_REFERRALS, "\4\0\\\0", 4, ROOM), INVALID);
    assert_int_equal(ask_raw(FSCTL_DFS_GET_REFERRALS_EX, "\4\0", 2, ROOM), INVALID);
    memset(host + 1, 'h', 256);
    memcpy(host + 257, "\\data", 6);
    assert_int_equal(ask(host, 4, false, ROOM), INVALID);
    end();
}

/* Targets are left out where there is little room; nothing is cut off. */
static void test_little_room(void **state)
{
    start();
    assert_int_equal(ask("\\sim\\data\\link", 4, false, ROOM), SMBKIT_STATUS_SUCCESS);
    const size_t both = LAST(&c, ioctl_rsp).payload.len;
    const size_t one = both - 34 - 2 * sizeof("\\two\\docs\\sub");
    for (uint32_t room = 0; room <= both; room++) {
        smbkit_status st = ask("\\sim\\data\\link", 4, false, room);
        if (room < one) {
            assert_int_equal(st, SMBKIT_STATUS_BUFFER_OVERFLOW);
            assert_int_equal(LAST(&c, ioctl_rsp).payload.len, 0);
        } else {
            assert_int_equal(st, SMBKIT_STATUS_SUCCESS);
            assert_int_equal(answered().count, room < both ? 1 : 2);
        }
    }
    end();
}

/* A server without links is none of DFS ([MS-SMB2] 3.3.5.15.2); links come and go with settings. */
static void test_no_links(void **state)
{
    start_with(0, 0);
    assert_int_equal(ask("\\sim\\data", 4, false, ROOM), SMBKIT_STATUS_FS_DRIVER_REQUIRED);
    set_links(1);
    assert_int_equal(ask("\\sim\\data\\link", 4, true, ROOM), SMBKIT_STATUS_SUCCESS);
    set_links(0);
    assert_int_equal(ask("\\sim\\data\\link", 4, true, ROOM), SMBKIT_STATUS_FS_DRIVER_REQUIRED);
    end();
}

/* Memory out at every point of setting links leaves the share as it was. */
static void test_memory(void **state)
{
    const struct core_share_config cfg = {.name = "data", .links = links, .link_count = 2};
    start_with(1, 0);
    for (size_t n = 1;; n++) {
        testmem_fail_nth(n);
        smbkit_status st = core_share_set(w.core, &cfg, w.volume);
        testmem_fail_none();
        if (st == SMBKIT_STATUS_SUCCESS)
            break;
        assert_int_equal(st, SMBKIT_STATUS_NO_MEMORY);
        assert_int_equal(open_as("sim\\data\\link", true, FILE_OPEN, 0), NOT_COVERED);
    }
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_announced),     cmocka_unit_test(test_names),
        cmocka_unit_test(test_without_flag),  cmocka_unit_test(test_reconnect),
        cmocka_unit_test(test_rename),        cmocka_unit_test(test_short_names),
        cmocka_unit_test(test_listed),        cmocka_unit_test(test_listed_single),
        cmocka_unit_test(test_link_referral), cmocka_unit_test(test_root_referral),
        cmocka_unit_test(test_separators),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_little_room),   cmocka_unit_test(test_no_links),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
