// SPDX-License-Identifier: Apache-2.0
/*
 * Whole core: quotas ([MS-SMB2] 2.2.37.1, 3.3.5.20.4, 3.3.5.21.4): the index file, lists and their
 * continuation, limits, who may, and volumes without quotas. "alice" administers the server, "bob"
 * does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acl/acl.h"
#include "core/harness.h"
#include "wire/info_fs.h"
#include "wire/info_quota.h"

#define INDEX  "$Extend\\$Quota:$Q:$INDEX_ALLOCATION"
#define RIGHTS (FILE_READ_DATA | FILE_WRITE_DATA)
#define OK     SMBKIT_STATUS_SUCCESS
#define SOME   20 /* users with limits, of whom nothing else is known */

static struct world w;
static struct harness_client c, bob;

static void start(const struct world_config *cfg)
{
    harness_world(&w, cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&c, &w, &ccfg);
    harness_connect(&bob, &w, &ccfg);
    assert_int_equal(harness_negotiate(&bob), OK);
    assert_int_equal(harness_logon(&bob, "bob", "bob-pw", 0), OK);
    assert_int_equal(harness_tree(&bob, "data"), OK);
}

static int setup(void **state)
{
    struct world_config cfg = harness_world_config();
    cfg.core.admins = "carol+alice";
    start(&cfg);
    return 0;
}

static int teardown(void **state)
{
    harness_drop(&bob);
    harness_drop(&c);
    harness_world_end(&w);
    return 0;
}

static struct wire_file_id index_of(struct harness_client *who, uint32_t access)
{
    struct wire_file_id id;
    assert_int_equal(harness_create(who, INDEX, access, 7, FILE_OPEN, 0, &id), OK);
    return id;
}

static struct wire_sid account(const char *name)
{
    struct wire_sid machine = acl_machine_sid("SIM");
    return acl_account_sid(&machine, name);
}

static struct wire_sid somebody(uint32_t n)
{
    return (struct wire_sid){5, 2, {21, 1000 + n}};
}

/* ---------------------------------------------------------------- asking */

static uint8_t input_mem[4096], got_mem[65536];
static struct wire_quota got[64];
static size_t got_count;

static smbkit_status ask_raw(struct harness_client *who, struct wire_file_id id, const void *input,
                             size_t len, uint32_t room)
{
    union wire_any body = {.query_info_req = {.info_type = SMB2_0_INFO_QUOTA,
                                              .output_length = room,
                                              .file_id = id,
                                              .input = {input, len}}};
    smbkit_status st = harness_call(who, SMB2_QUERY_INFO, &body);
    got_count = 0;
    if (st != OK)
        return st;
    const struct wire_blob *p = &harness_last(who)->body.query_info_rsp.payload;
    struct wire_chain_reader r;
    struct cursor in;
    assert_true(p->len > 0 && p->len <= room);
    memcpy(got_mem, p->data, p->len);
    cursor_init(&in, got_mem, p->len);
    wire_chain_open(&r, &in, WIRE_QUOTA_ALIGN);
    while (got_count < ARRAY_LEN(got) && wire_quota_next(&r, &got[got_count]))
        got_count++;
    assert_false(r.failed);
    return st;
}

static smbkit_status ask(struct harness_client *who, struct wire_file_id id,
                         const struct wire_query_quota *q, uint32_t room)
{
    struct builder b;
    builder_init_fixed(&b, input_mem, sizeof input_mem);
    wire_query_quota_encode(&b, q);
    return ask_raw(who, id, input_mem, b.len, room);
}

static smbkit_status scan(struct wire_file_id id, bool restart, bool single, uint32_t room)
{
    return ask(&c, id, &(struct wire_query_quota){.return_single = single, .restart_scan = restart},
               room);
}

static smbkit_status ask_for(struct harness_client *who, struct wire_file_id id,
                             const struct wire_sid *sids, size_t n, bool single)
{
    static uint8_t mem[2048];
    struct builder b;
    struct wire_chain list;
    builder_init_fixed(&b, mem, sizeof mem);
    wire_chain_init(&list, &b, sizeof mem, WIRE_GET_QUOTA_ALIGN);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(wire_get_quota_add(&list, &sids[i]), WIRE_FIT_OK);
    return ask(
        who, id,
        &(struct wire_query_quota){.return_single = single, .sid_list = mem, .sid_list_len = b.len},
        65536);
}

/* ---------------------------------------------------------------- setting */

static smbkit_status set_raw(struct harness_client *who, struct wire_file_id id, uint8_t type,
                             uint8_t cls, const void *data, size_t len)
{
    union wire_any body = {
        .set_info_req = {
            .info_type = type, .info_class = cls, .file_id = id, .payload = {data, len}}};
    return harness_call(who, SMB2_SET_INFO, &body);
}

static smbkit_status set(struct harness_client *who, struct wire_file_id id,
                         const struct wire_quota *q, size_t n)
{
    static uint8_t mem[4096];
    struct builder b;
    struct wire_chain list;
    builder_init_fixed(&b, mem, sizeof mem);
    wire_chain_init(&list, &b, sizeof mem, WIRE_QUOTA_ALIGN);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(wire_quota_add(&list, &q[i]), WIRE_FIT_OK);
    return set_raw(who, id, SMB2_0_INFO_QUOTA, 0, mem, b.len);
}

static smbkit_status set_one(struct harness_client *who, struct wire_file_id id,
                             struct wire_sid sid, uint64_t limit)
{
    const struct wire_quota q = {.sid = sid, .limit = limit, .threshold = limit / 2};
    return set(who, id, &q, 1);
}

static smbkit_status set_control(struct harness_client *who, struct wire_file_id id, uint64_t limit,
                                 uint32_t flags)
{
    uint8_t mem[64];
    struct builder b;
    builder_init_fixed(&b, mem, sizeof mem);
    wire_info_fs_control_encode(&b, &(struct wire_info_fs_control){.default_quota_threshold = limit,
                                                                   .default_quota_limit = limit,
                                                                   .flags = flags});
    return set_raw(who, id, SMB2_0_INFO_FILESYSTEM, FileFsControlInformation, mem, b.len);
}

/* The record of a class of the volume. */
static struct cursor volume_info(struct wire_file_id id, uint8_t cls)
{
    struct cursor in;
    union wire_any body = {.query_info_req = {.info_type = SMB2_0_INFO_FILESYSTEM,
                                              .info_class = cls,
                                              .output_length = 1024,
                                              .file_id = id}};
    assert_int_equal(harness_call(&c, SMB2_QUERY_INFO, &body), OK);
    const struct wire_blob *p = &harness_last(&c)->body.query_info_rsp.payload;
    cursor_init(&in, p->data, p->len);
    return in;
}

/* ---------------------------------------------------------------- the index */

static void test_index(void **state)
{
    static const struct {
        const char *name;
        uint32_t disposition, options;
        smbkit_status status;
    } rows[] = {
        {INDEX, FILE_OPEN, 0, OK},
        {"$extend\\$QUOTA:$q:$index_allocation", FILE_OPEN_IF, FILE_NON_DIRECTORY_FILE, OK},
        {INDEX, FILE_CREATE, 0, SMBKIT_STATUS_OBJECT_NAME_COLLISION},
        {INDEX, FILE_SUPERSEDE, 0, SMBKIT_STATUS_ACCESS_DENIED},
        {INDEX, FILE_OPEN, FILE_DIRECTORY_FILE, SMBKIT_STATUS_NOT_A_DIRECTORY},
        {INDEX, FILE_OPEN, FILE_DELETE_ON_CLOSE, SMBKIT_STATUS_CANNOT_DELETE},
        {"$Extend\\$Quota", FILE_OPEN, 0, SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND},
        {"d\\" INDEX, FILE_OPEN, 0, SMBKIT_STATUS_OBJECT_NAME_INVALID},
    };
    struct wire_file_id id;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        smbkit_status st = harness_create(&c, rows[i].name, RIGHTS | DELETE, 7, rows[i].disposition,
                                          rows[i].options, &id);
        assert_int_equal(st, rows[i].status);
        if (st != OK)
            continue;
        const struct wire_create_rsp *rsp = &harness_last(&c)->body.create_rsp;
        assert_int_equal(rsp->file_attributes, FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM |
                                                   FILE_ATTRIBUTE_DIRECTORY |
                                                   FILE_ATTRIBUTE_ARCHIVE);
        assert_true(rsp->creation_time == 0 && rsp->change_time == 0);
        assert_int_equal(harness_close(&c, id), OK);
    }
    /* nothing of a file can be done with it, and it outlives no session */
    id = index_of(&c, FILE_ALL_ACCESS);
    assert_int_equal(harness_read(&c, id, 0, 10), SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    assert_int_equal(harness_write(&c, id, 0, "x", 1), SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    assert_int_equal(harness_lock(&c, id, 0, 1, 0), SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    assert_int_equal(set_raw(&c, id, SMB2_0_INFO_FILE, 13, "\1", 1), SMBKIT_STATUS_ACCESS_DENIED);
    for (uint8_t type = SMB2_0_INFO_FILE; type <= SMB2_0_INFO_SECURITY; type++) {
        for (unsigned cls = 0; cls < 90; cls++) {
            union wire_any body = {.query_info_req = {.info_type = type,
                                                      .info_class = (uint8_t)cls,
                                                      .output_length = 4096,
                                                      .additional_information = 7,
                                                      .file_id = id}};
            harness_call(&c, SMB2_QUERY_INFO, &body); /* whatever it says */
        }
    }
}

/* ---------------------------------------------------------------- lists */

static void test_scan(void **state)
{
    struct wire_file_id id = index_of(&c, RIGHTS);
    struct wire_quota many[SOME];
    assert_int_equal(scan(id, true, false, 65536), SMBKIT_STATUS_NO_MORE_ENTRIES);
    for (uint32_t i = 0; i < SOME; i++)
        many[i] = (struct wire_quota){.sid = somebody(i), .limit = 1000 + i, .threshold = i};
    assert_int_equal(set(&c, id, many, SOME), OK);
    assert_int_equal(scan(id, true, false, 65536), OK);
    assert_int_equal(got_count, SOME);
    assert_int_equal(got[3].limit, 1003);
    assert_int_equal(got[3].threshold, 3);
    assert_int_equal(got[3].used, 0);
    assert_true(got[3].change_time != 0);
    assert_int_equal(scan(id, false, false, 65536), SMBKIT_STATUS_NO_MORE_ENTRIES);
    /* in parts: three have room, then one, then the rest */
    assert_int_equal(scan(id, true, false, 3 * 56), OK);
    assert_int_equal(got_count, 3);
    assert_int_equal(scan(id, false, true, 65536), OK);
    assert_int_equal(got_count, 1);
    assert_int_equal(got[0].limit, 1003);
    assert_int_equal(scan(id, false, false, 65536), OK);
    assert_int_equal(got_count, SOME - 4);
    assert_int_equal(scan(id, true, true, 65536), OK);
    assert_int_equal(got[0].limit, 1000);
    /* another open has a place of its own */
    assert_int_equal(scan(index_of(&c, RIGHTS), false, true, 65536), OK);
    assert_int_equal(got[0].limit, 1000);
    assert_int_equal(scan(id, true, false, 0), SMBKIT_STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(scan(id, true, false, 55), SMBKIT_STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(scan(id, true, false, 56), OK);
    /* from one on */
    struct wire_query_quota q = {.has_start_sid = true, .start_sid = somebody(18)};
    assert_int_equal(ask(&c, id, &q, 65536), OK);
    assert_int_equal(got_count, 2);
    assert_int_equal(got[0].limit, 1018);
    q.start_sid = somebody(99);
    assert_int_equal(ask(&c, id, &q, 65536), SMBKIT_STATUS_INVALID_PARAMETER);
}

static void test_sids(void **state)
{
    const struct wire_sid sids[] = {somebody(1), somebody(2), somebody(3)};
    struct wire_file_id id = index_of(&c, RIGHTS);
    assert_int_equal(set_one(&c, id, sids[0], 10), OK);
    assert_int_equal(set_one(&c, id, sids[2], 30), OK);
    assert_int_equal(ask_for(&c, id, sids, 3, false), OK);
    assert_int_equal(got_count, 3);
    assert_int_equal(got[0].limit, 10);
    assert_true(got[1].limit == 0 && got[1].threshold == 0 && got[1].change_time == 0);
    assert_true(wire_sid_equal(&got[1].sid, &sids[1]));
    assert_int_equal(got[2].limit, 30);
    assert_int_equal(ask_for(&c, id, sids, 3, true), OK);
    assert_int_equal(got_count, 1);
}

static void test_bad_requests(void **state)
{
    struct wire_file_id id = index_of(&c, RIGHTS), file;
    static const uint8_t no_list[16 + 8] = {[4] = 8}, odd[16 + 7] = {[4] = 7},
                                      beyond[16] = {[4] = 100};
    assert_int_equal(ask_raw(&c, id, "", 0, 1000), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(ask_raw(&c, id, no_list, 15, 1000), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(ask_raw(&c, id, no_list, sizeof no_list, 1000),
                     SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(ask_raw(&c, id, odd, sizeof odd, 1000), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(ask_raw(&c, id, beyond, sizeof beyond, 1000), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(set_raw(&c, id, SMB2_0_INFO_QUOTA, 0, no_list, 24),
                     SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(set_one(&c, id, somebody(1), UINT64_MAX - 2), SMBKIT_STATUS_INVALID_PARAMETER);
    /* nothing of a list with a mistake */
    const struct wire_quota two[] = {{.sid = somebody(1), .limit = 5},
                                     {.sid = wire_sid_builtin_admins, .limit = 5}};
    assert_int_equal(set(&c, id, two, 2), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(scan(id, true, false, 1000), SMBKIT_STATUS_NO_MORE_ENTRIES);
    assert_int_equal(set_one(&c, id, somebody(1), WIRE_QUOTA_DELETE), SMBKIT_STATUS_NO_MATCH);
    /* handles that are not to the index, or have not the rights */
    assert_int_equal(harness_create(&c, "f", FILE_ALL_ACCESS, 7, FILE_CREATE, 0, &file), OK);
    assert_int_equal(scan(file, true, false, 1000), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(set_one(&c, file, somebody(1), 5), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(set_control(&c, file, 5, 2), SMBKIT_STATUS_ACCESS_DENIED);
    id = index_of(&c, FILE_READ_DATA);
    assert_int_equal(set_one(&c, id, somebody(1), 5), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(set_control(&c, id, 5, 2), SMBKIT_STATUS_ACCESS_DENIED);
    id = index_of(&c, FILE_WRITE_DATA);
    assert_int_equal(scan(id, true, false, 1000), SMBKIT_STATUS_ACCESS_DENIED);
}

/* ---------------------------------------------------------------- rights, limits, the volume */

static void test_rights(void **state)
{
    struct wire_file_id id = index_of(&bob, RIGHTS);
    const struct wire_sid both[] = {account("bob"), account("alice")};
    assert_int_equal(ask_for(&bob, id, both, 1, false), OK);
    assert_int_equal(got_count, 1);
    assert_int_equal(ask_for(&bob, id, both, 2, true), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(ask(&bob, id, &(struct wire_query_quota){.restart_scan = true}, 1000),
                     SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(set_one(&bob, id, both[0], 5), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(set_control(&bob, id, 5, 2), SMBKIT_STATUS_ACCESS_DENIED);
}

static void test_limit(void **state)
{
    static const uint8_t bytes[65536];
    struct wire_file_id id = index_of(&c, RIGHTS), file;
    struct wire_info_fs_full_size size;
    struct wire_sid alice = account("alice");
    assert_int_equal(harness_create(&c, "f", FILE_ALL_ACCESS, 7, FILE_CREATE, 0, &file), OK);
    assert_int_equal(harness_write(&c, file, 0, bytes, sizeof bytes), OK);
    assert_int_equal(ask_for(&c, id, &alice, 1, true), OK);
    assert_int_equal(got[0].used, 65536);
    assert_true(got[0].limit == WIRE_QUOTA_NO_LIMIT);
    assert_int_equal(set_one(&c, id, alice, 100 * 4096), OK);
    struct cursor in = volume_info(file, FileFsFullSizeInformation);
    assert_true(wire_info_fs_full_size_decode(&in, &size));
    assert_int_equal(size.total_units, 100);
    assert_int_equal(size.caller_available_units, 84);
    assert_true(size.actual_available_units > 1000);
    for (unsigned i = 1; i < 6; i++)
        assert_int_equal(harness_write(&c, file, i * 65536, bytes, sizeof bytes), OK);
    assert_int_equal(harness_write(&c, file, 6 * 65536, bytes, sizeof bytes),
                     SMBKIT_STATUS_DISK_FULL);
    assert_int_equal(set_one(&c, id, alice, WIRE_QUOTA_DELETE), OK);
    assert_int_equal(harness_write(&c, file, 6 * 65536, bytes, sizeof bytes), OK);
}

static void test_control(void **state)
{
    struct wire_file_id id = index_of(&c, RIGHTS);
    struct wire_info_fs_control control;
    struct wire_info_fs_attribute attribute;
    struct cursor in = volume_info(id, FileFsAttributeInformation);
    assert_true(wire_info_fs_attribute_decode(&in, &c.arena, &attribute));
    assert_true(attribute.attributes & FILE_VOLUME_QUOTAS);
    in = volume_info(id, FileFsControlInformation);
    assert_true(wire_info_fs_control_decode(&in, &control));
    assert_int_equal(control.flags, FILE_VC_QUOTA_ENFORCE);
    assert_true(control.default_quota_limit == UINT64_MAX);
    assert_int_equal(
        set_raw(&c, id, SMB2_0_INFO_FILESYSTEM, FileFsControlInformation, input_mem, 47),
        SMBKIT_STATUS_INFO_LENGTH_MISMATCH);
    assert_int_equal(set_control(&c, id, UINT64_MAX - 1, 2), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(set_control(&c, id, 12345, 0xffffffff), OK);
    in = volume_info(id, FileFsControlInformation);
    assert_true(wire_info_fs_control_decode(&in, &control));
    assert_int_equal(control.default_quota_limit, 12345);
    assert_int_equal(control.flags, 0xfb); /* what the volume does cannot be set */
}

/* ---------------------------------------------------------------- without quotas */

static int setup_without(void **state)
{
    struct world_config cfg = harness_world_config();
    cfg.core.admins = "alice";
    cfg.lacks = SMBKIT_CAP_QUOTAS;
    start(&cfg);
    return 0;
}

static void test_without(void **state)
{
    struct wire_file_id id;
    struct wire_info_fs_control control;
    struct wire_info_fs_attribute attribute;
    assert_int_equal(harness_create(&c, INDEX, RIGHTS, 7, FILE_OPEN, 0, &id),
                     SMBKIT_STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(harness_create(&c, "f", FILE_ALL_ACCESS, 7, FILE_CREATE, 0, &id), OK);
    assert_int_equal(scan(id, true, false, 1000), SMBKIT_STATUS_NOT_SUPPORTED);
    assert_int_equal(set_one(&c, id, somebody(1), 5), SMBKIT_STATUS_NOT_SUPPORTED);
    struct cursor in = volume_info(id, FileFsAttributeInformation);
    assert_true(wire_info_fs_attribute_decode(&in, &c.arena, &attribute));
    assert_false(attribute.attributes & FILE_VOLUME_QUOTAS);
    in = volume_info(id, FileFsControlInformation);
    assert_true(wire_info_fs_control_decode(&in, &control));
    assert_true(control.flags == 0 && control.default_quota_limit == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_index, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scan, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sids, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_requests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rights, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_control, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without, setup_without, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
