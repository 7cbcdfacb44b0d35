// SPDX-License-Identifier: Apache-2.0
/* Whole core: earlier states of a share ([MS-SMB2] 3.3.5.9.4, 3.3.5.15.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ntime.h"
#include "core/harness.h"
#include "wire/fsctl.h"
#include "wire/fsctl_srv.h"
#include "wire/info_file.h"

#define ALL_ACCESS 0x001f01ffu
#define SHARE_ALL  7u

static struct world w;
static struct harness_client c;
static struct arena arena;
static uint64_t then, before;

static smbkit_status create_at(uint64_t time, const char *name, uint32_t disposition,
                               uint32_t options, struct wire_file_id *id)
{
    union wire_any body =
        harness_create_req(&arena, name, ALL_ACCESS, SHARE_ALL, disposition, options);
    const struct wire_create_req_ctxs x = {.present = WIRE_CTX_BIT(WIRE_CTX_TWRP),
                                           .timewarp = time};
    if (time != 0)
        assert_true(wire_create_req_ctxs_build(&arena, &x, NULL, 0, &body.create_req.ctxs,
                                               &body.create_req.ctx_count));
    smbkit_status st = harness_call(&c, SMB2_CREATE, &body);
    if (st == SMBKIT_STATUS_SUCCESS)
        *id = harness_last(&c)->body.create_rsp.file_id;
    return st;
}

static struct wire_file_id opened_at(uint64_t time, const char *name, uint32_t disposition)
{
    struct wire_file_id id;
    assert_int_equal(create_at(time, name, disposition, 0, &id), SMBKIT_STATUS_SUCCESS);
    return id;
}

static void fill(const char *name, const char *text)
{
    struct wire_file_id id = opened_at(0, name, FILE_OVERWRITE_IF);
    assert_int_equal(harness_write(&c, id, 0, text, strlen(text)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
}

static void expect_text(struct wire_file_id id, const char *text)
{
    assert_int_equal(harness_read(&c, id, 0, 100), SMBKIT_STATUS_SUCCESS);
    const struct wire_blob *got = &harness_last(&c)->body.read_rsp.payload;
    assert_int_equal(got->len, strlen(text));
    assert_memory_equal(got->data, text, got->len);
}

/* "f" said "old", says "new", and "g" is new, too. */
static void start(void)
{
    static const struct smbkit_arg args[] = {{"size", "64M"}};
    struct world_config cfg = harness_world_config();
    char error[VFS_ERROR_TEXT_MAX];
    harness_world(&w, &cfg);
    arena_init(&arena, 65536);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&c, &w, &ccfg);
    assert_true(ntime_from_token("@GMT-2015.10.31-19.40.30", &then));
    assert_true(ntime_from_token("@GMT-2014.01.01-00.00.00", &before));
    fill("f", "old");
    struct vfs_volume *now =
        vfs_volume_new(&w.plugin, "data", args, ARRAY_LEN(args), &w.vfs_host, error);
    assert_non_null(now);
    assert_int_equal(core_share_set(w.core, &(struct core_share_config){.name = "data"}, now),
                     SMBKIT_STATUS_SUCCESS);
    vfs_volume_unref(now);
    assert_int_equal(core_snapshot_set(w.core, "DATA", then, w.volume), SMBKIT_STATUS_SUCCESS);
    fill("f", "new");
    fill("g", "new");
}

static void end(void)
{
    harness_drop(&c);
    arena_clear(&arena);
    harness_world_end(&w);
}

static void test_two_states(void **state)
{
    struct wire_file_id none;
    start();
    struct wire_file_id old = opened_at(then + 5, "f", FILE_OPEN),
                        new = opened_at(0, "f", FILE_OPEN);
    expect_text(old, "old");
    expect_text(new, "new");
    assert_int_equal(create_at(then, "g", FILE_OPEN, 0, &none),
                     SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(create_at(before, "f", FILE_OPEN, 0, &none),
                     SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    end();
}

static smbkit_status set_name(struct wire_file_id id, uint8_t info_class)
{
    uint8_t buffer[24] = {0};
    buffer[16] = 2; /* FileNameLength, in the same place for rename and link; the name: "x" */
    buffer[20] = 'x';
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_FILE,
                                            .info_class = info_class,
                                            .payload = {buffer, sizeof buffer},
                                            .file_id = id}};
    return harness_call(&c, SMB2_SET_INFO, &body);
}

static void test_nothing_changes(void **state)
{
    static const uint32_t changing[] = {FILE_SUPERSEDE, FILE_OVERWRITE, FILE_OVERWRITE_IF};
    struct wire_file_id id;
    start();
    for (size_t i = 0; i < ARRAY_LEN(changing); i++)
        assert_int_equal(create_at(then, "f", changing[i], 0, &id),
                         SMBKIT_STATUS_MEDIA_WRITE_PROTECTED);
    assert_int_equal(create_at(then, "g", FILE_OPEN_IF, 0, &id),
                     SMBKIT_STATUS_MEDIA_WRITE_PROTECTED);
    assert_int_equal(create_at(then, "f", FILE_OPEN, FILE_DELETE_ON_CLOSE, &id),
                     SMBKIT_STATUS_CANNOT_DELETE);
    id = opened_at(then, "f", FILE_OPEN_IF);
    assert_int_equal(harness_write(&c, id, 0, "x", 1), SMBKIT_STATUS_MEDIA_WRITE_PROTECTED);
    assert_int_equal(set_name(id, FileRenameInformation), SMBKIT_STATUS_NOT_SAME_DEVICE);
    assert_int_equal(set_name(id, FileLinkInformation), SMBKIT_STATUS_NOT_SAME_DEVICE);
    expect_text(id, "old");
    end();
}

static void expect_list(const char *newest, uint32_t total)
{
    struct wire_file_id id = opened_at(0, "f", FILE_OPEN);
    union wire_any body = {.ioctl_req = {.ctl_code = FSCTL_SRV_ENUMERATE_SNAPSHOTS,
                                         .file_id = id,
                                         .max_output_response = 65536,
                                         .flags = SMB2_0_IOCTL_IS_FSCTL}};
    assert_int_equal(harness_call(&c, SMB2_IOCTL, &body), SMBKIT_STATUS_SUCCESS);
    const struct wire_blob *out = &harness_last(&c)->body.ioctl_rsp.payload;
    struct wire_snapshots list;
    struct cursor cur;
    cursor_init(&cur, out->data, out->len);
    assert_true(wire_snapshots_decode(&cur, &arena, &list));
    assert_int_equal(list.total, total);
    if (total > 0)
        assert_string_equal(list.tokens[0], newest);
    harness_close(&c, id);
}

static void test_list(void **state)
{
    struct wire_file_id none;
    start();
    expect_list("@GMT-2015.10.31-19.40.30", 1);
    assert_int_equal(core_snapshot_set(w.core, "data", before, w.volume), SMBKIT_STATUS_SUCCESS);
    expect_list("@GMT-2015.10.31-19.40.30", 2);
    struct wire_file_id old = opened_at(then, "f", FILE_OPEN);
    assert_int_equal(core_snapshot_set(w.core, "data", then, NULL), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(core_snapshot_set(w.core, "data", then, NULL),
                     SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(core_snapshot_set(w.core, "nowhere", then, w.volume),
                     SMBKIT_STATUS_BAD_NETWORK_NAME);
    expect_text(old, "old");
    assert_int_equal(create_at(then, "f", FILE_OPEN, 0, &none),
                     SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    expect_list("@GMT-2014.01.01-00.00.00", 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_states),
        cmocka_unit_test(test_nothing_changes),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
