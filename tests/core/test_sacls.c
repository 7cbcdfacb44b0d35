// SPDX-License-Identifier: Apache-2.0
/*
 * Whole core: SACLs. Who is granted ACCESS_SYSTEM_SECURITY ([MS-SMB2] 3.3.5.9, [MS-DTYP] 2.5.3.2),
 * what QUERY_INFO and SET_INFO do with it (3.3.5.20.3, 3.3.5.21.3), and what new files inherit.
 * "alice" administers the server, "bob" does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/harness.h"
#include "wire/sd.h"

#define OK   SMBKIT_STATUS_SUCCESS
#define SACL SACL_SECURITY_INFORMATION

static struct world w;
static struct harness_client alice, bob;
static struct arena arena;

static int setup(void **state)
{
    struct world_config cfg = harness_world_config();
    cfg.core.admins = "alice";
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&alice, &w, &ccfg);
    harness_connect(&bob, &w, &ccfg);
    assert_int_equal(harness_negotiate(&bob), OK);
    assert_int_equal(harness_logon(&bob, "bob", "bob-pw", 0), OK);
    assert_int_equal(harness_tree(&bob, "data"), OK);
    arena_init(&arena, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    arena_clear(&arena);
    harness_drop(&bob);
    harness_drop(&alice);
    harness_world_end(&w);
    return 0;
}

static smbkit_status open_as(struct harness_client *c, const char *name, uint32_t access,
                             uint32_t disposition, struct wire_file_id *id)
{
    return harness_create(c, name, access, 7, disposition, 0, id);
}

static smbkit_status try(struct harness_client *c, const char *name, uint32_t access,
                         uint32_t disposition)
{
    struct wire_file_id id;
    smbkit_status st = open_as(c, name, access, disposition, &id);
    if (st == OK)
        assert_int_equal(harness_close(c, id), OK);
    return st;
}

static struct wire_file_id must(struct harness_client *c, const char *name, uint32_t access,
                                uint32_t disposition)
{
    struct wire_file_id id;
    assert_int_equal(open_as(c, name, access, disposition, &id), OK);
    return id;
}

/* FileAccessInformation of a new open. */
static uint32_t granted(struct harness_client *c, const char *name, uint32_t access)
{
    struct wire_file_id id = must(c, name, access, FILE_OPEN);
    union wire_any body = {
        .query_info_req = {
            .info_type = SMB2_0_INFO_FILE, .info_class = 8, .output_length = 4, .file_id = id}};
    assert_int_equal(harness_call(c, SMB2_QUERY_INFO, &body), OK);
    uint32_t now = le32_load(harness_last(c)->body.query_info_rsp.payload.data);
    assert_int_equal(harness_close(c, id), OK);
    return now;
}

static smbkit_status set_sd(struct harness_client *c, struct wire_file_id id, uint32_t info,
                            const struct wire_sd *sd)
{
    uint8_t mem[256];
    struct builder b;
    builder_init_fixed(&b, mem, sizeof mem);
    wire_sd_encode(&b, sd);
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_SECURITY,
                                            .additional_information = info,
                                            .file_id = id,
                                            .payload = {mem, b.len}}};
    return harness_call(c, SMB2_SET_INFO, &body);
}

/* A SACL with one entry. */
static smbkit_status set_entry(struct harness_client *c, struct wire_file_id id, uint32_t info,
                               uint8_t type, uint32_t mask, uint8_t flags)
{
    struct wire_ace e = {.type = type, .mask = mask, .flags = flags, .sid = wire_sid_everyone};
    const struct wire_acl sacl = {ACL_REVISION, 1, &e};
    const struct wire_sd sd = {.control = SE_SACL_PRESENT, .sacl = &sacl};
    return set_sd(c, id, info, &sd);
}

static smbkit_status get_sd(struct harness_client *c, struct wire_file_id id, uint32_t info,
                            struct wire_sd *out)
{
    union wire_any body = {.query_info_req = {.info_type = SMB2_0_INFO_SECURITY,
                                              .additional_information = info,
                                              .output_length = 1024,
                                              .file_id = id}};
    smbkit_status st = harness_call(c, SMB2_QUERY_INFO, &body);
    if (st != OK)
        return st;
    const struct wire_blob *rsp = &harness_last(c)->body.query_info_rsp.payload;
    struct cursor in;
    cursor_init(&in, arena_dup(&arena, rsp->data, rsp->len), rsp->len);
    assert_true(wire_sd_decode(&in, &arena, out));
    return st;
}

static void test_open(void **state)
{
    assert_int_equal(try(&alice, "f", FILE_READ_DATA | ACCESS_SYSTEM_SECURITY, FILE_CREATE), OK);
    assert_int_equal(try(&alice, "f", READ_CONTROL | ACCESS_SYSTEM_SECURITY, FILE_OPEN), OK);
    assert_int_equal(try(&alice, "f", FILE_READ_DATA | ACCESS_SYSTEM_SECURITY, FILE_OVERWRITE), OK);
    assert_int_equal(try(&alice, "f:s", FILE_READ_DATA | ACCESS_SYSTEM_SECURITY, FILE_CREATE), OK);
    assert_int_equal(try(&bob, "f", READ_CONTROL | ACCESS_SYSTEM_SECURITY, FILE_OPEN),
                     SMBKIT_STATUS_PRIVILEGE_NOT_HELD);
    assert_int_equal(try(&bob, "g", FILE_READ_DATA | ACCESS_SYSTEM_SECURITY, FILE_CREATE),
                     SMBKIT_STATUS_PRIVILEGE_NOT_HELD);
    /* nothing is left of the request */
    assert_int_equal(try(&alice, "f", ACCESS_SYSTEM_SECURITY, FILE_OPEN),
                     SMBKIT_STATUS_ACCESS_DENIED);
    /* it is never part of a maximum, nor of GENERIC_ALL; whoever has it, has it beside them */
    assert_int_equal(granted(&alice, "f", MAXIMUM_ALLOWED), FILE_ALL_ACCESS);
    assert_int_equal(granted(&alice, "f", GENERIC_ALL), FILE_ALL_ACCESS);
    assert_int_equal(granted(&alice, "f", MAXIMUM_ALLOWED | ACCESS_SYSTEM_SECURITY),
                     FILE_ALL_ACCESS | ACCESS_SYSTEM_SECURITY);
    assert_int_equal(granted(&alice, "f", READ_CONTROL | ACCESS_SYSTEM_SECURITY),
                     READ_CONTROL | ACCESS_SYSTEM_SECURITY);
    assert_int_equal(try(&bob, "f", MAXIMUM_ALLOWED | ACCESS_SYSTEM_SECURITY, FILE_OPEN),
                     SMBKIT_STATUS_PRIVILEGE_NOT_HELD);
}

/* The privilege opens nothing that the DACL keeps shut. */
static void test_dacl_counts(void **state)
{
    struct wire_file_id id = must(&bob, "f", FILE_ALL_ACCESS, FILE_CREATE);
    const struct wire_acl none = {ACL_REVISION, 0, NULL};
    const struct wire_sd sd = {.control = SE_DACL_PRESENT, .dacl = &none};
    assert_int_equal(set_sd(&bob, id, DACL_SECURITY_INFORMATION, &sd), OK);
    assert_int_equal(harness_close(&bob, id), OK);
    assert_int_equal(try(&alice, "f", READ_CONTROL | ACCESS_SYSTEM_SECURITY, FILE_OPEN),
                     SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(try(&alice, "f", SYNCHRONIZE | ACCESS_SYSTEM_SECURITY, FILE_OPEN),
                     SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(try(&alice, "f", FILE_READ_ATTRIBUTES | ACCESS_SYSTEM_SECURITY, FILE_OPEN),
                     OK);
}

static void test_query_and_set(void **state)
{
    struct wire_file_id id =
        must(&alice, "f", FILE_ALL_ACCESS | ACCESS_SYSTEM_SECURITY, FILE_CREATE);
    struct wire_sd sd;
    assert_int_equal(get_sd(&alice, id, SACL, &sd), OK);
    assert_true(sd.sacl == NULL && !(sd.control & SE_SACL_PRESENT));
    assert_int_equal(set_entry(&alice, id, SACL, SYSTEM_AUDIT_ACE_TYPE, GENERIC_READ,
                               SUCCESSFUL_ACCESS_ACE_FLAG),
                     OK);
    assert_int_equal(get_sd(&alice, id, SACL | DACL_SECURITY_INFORMATION, &sd), OK);
    assert_true(sd.dacl != NULL && sd.sacl != NULL && sd.sacl->count == 1);
    assert_int_equal(sd.sacl->aces[0].mask, FILE_GENERIC_READ);
    assert_int_equal(sd.sacl->aces[0].flags, SUCCESSFUL_ACCESS_ACE_FLAG);
    /* a label is another part, and needs other rights */
    struct wire_file_id other = must(&bob, "f", READ_CONTROL | WRITE_OWNER, FILE_OPEN);
    assert_int_equal(
        set_entry(&bob, other, LABEL_SECURITY_INFORMATION, SYSTEM_MANDATORY_LABEL_ACE_TYPE, 1, 0),
        OK);
    assert_int_equal(get_sd(&bob, other, LABEL_SECURITY_INFORMATION, &sd), OK);
    assert_int_equal(sd.sacl->count, 1);
    assert_int_equal(sd.sacl->aces[0].type, SYSTEM_MANDATORY_LABEL_ACE_TYPE);
    assert_int_equal(get_sd(&alice, id, SACL, &sd), OK);
    assert_int_equal(sd.sacl->count, 1);
    assert_int_equal(sd.sacl->aces[0].type, SYSTEM_AUDIT_ACE_TYPE);
    assert_int_equal(get_sd(&alice, id, BACKUP_SECURITY_INFORMATION, &sd), OK);
    assert_int_equal(sd.sacl->count, 2);
    /* whoever sets the DACL leaves the SACL alone */
    const struct wire_sd open = {.control = SE_DACL_PRESENT};
    assert_int_equal(set_sd(&alice, id, DACL_SECURITY_INFORMATION, &open), OK);
    assert_int_equal(get_sd(&alice, id, SACL, &sd), OK);
    assert_int_equal(sd.sacl->count, 1);
    assert_int_equal(harness_close(&bob, other), OK);
    assert_int_equal(harness_close(&alice, id), OK);
}

/* Without the right, each part by itself is refused as the tables say, and all others are not. */
static void test_refused(void **state)
{
    static const struct {
        uint32_t info, query, set;
    } rows[] = {
        {OWNER_SECURITY_INFORMATION, READ_CONTROL, WRITE_OWNER},
        {GROUP_SECURITY_INFORMATION, READ_CONTROL, WRITE_OWNER},
        {DACL_SECURITY_INFORMATION, READ_CONTROL, WRITE_DAC},
        {SACL, ACCESS_SYSTEM_SECURITY, ACCESS_SYSTEM_SECURITY},
        {LABEL_SECURITY_INFORMATION, READ_CONTROL, WRITE_OWNER},
        {ATTRIBUTE_SECURITY_INFORMATION, READ_CONTROL, WRITE_DAC},
        {SCOPE_SECURITY_INFORMATION, READ_CONTROL, ACCESS_SYSTEM_SECURITY},
        {BACKUP_SECURITY_INFORMATION, READ_CONTROL | ACCESS_SYSTEM_SECURITY,
         WRITE_DAC | WRITE_OWNER | ACCESS_SYSTEM_SECURITY},
    };
    static const uint32_t bits[] = {READ_CONTROL, WRITE_OWNER, WRITE_DAC, ACCESS_SYSTEM_SECURITY};
    const struct wire_sd sd = {.control = SE_DACL_PRESENT, .has_group = true};
    assert_int_equal(try(&alice, "f", FILE_ALL_ACCESS, FILE_CREATE), OK);
    for (unsigned have = 0; have < 16; have++) {
        uint32_t access = FILE_READ_DATA;
        for (unsigned i = 0; i < 4; i++)
            access |= have >> i & 1 ? bits[i] : 0;
        struct wire_file_id id = must(&alice, "f", access, FILE_OPEN);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            struct wire_sd out;
            assert_int_equal(
                get_sd(&alice, id, rows[i].info, &out),
                (access & rows[i].query) == rows[i].query ? OK : SMBKIT_STATUS_ACCESS_DENIED);
            if ((access & rows[i].set) != rows[i].set)
                assert_int_equal(set_sd(&alice, id, rows[i].info, &sd),
                                 SMBKIT_STATUS_ACCESS_DENIED);
        }
        assert_int_equal(harness_close(&alice, id), OK);
    }
}

/* bob's files in alice's folder are audited as she says. */
static void test_inheritance(void **state)
{
    struct wire_file_id id;
    struct wire_sd sd;
    assert_int_equal(harness_create(&alice, "d", FILE_ALL_ACCESS | ACCESS_SYSTEM_SECURITY, 7,
                                    FILE_CREATE, FILE_DIRECTORY_FILE, &id),
                     OK);
    assert_int_equal(set_entry(&alice, id, SACL, SYSTEM_AUDIT_ACE_TYPE, FILE_WRITE_DATA,
                               OBJECT_INHERIT_ACE | FAILED_ACCESS_ACE_FLAG),
                     OK);
    assert_int_equal(harness_close(&alice, id), OK);
    assert_int_equal(try(&bob, "d\\f", FILE_ALL_ACCESS, FILE_CREATE), OK);
    id = must(&alice, "d\\f", READ_CONTROL | ACCESS_SYSTEM_SECURITY, FILE_OPEN);
    assert_int_equal(get_sd(&alice, id, SACL, &sd), OK);
    assert_int_equal(sd.sacl->count, 1);
    assert_int_equal(sd.sacl->aces[0].mask, FILE_WRITE_DATA);
    assert_int_equal(harness_close(&alice, id), OK);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_open),    T(test_dacl_counts), T(test_query_and_set),
        T(test_refused), T(test_inheritance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
