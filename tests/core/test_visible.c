// SPDX-License-Identifier: Apache-2.0
/*
 * Whole core: a share with access-based enumeration. What bob keeps for himself, alice finds in no
 * listing and hears of in no notification; and while a long folder is searched for what she may
 * see, others are served.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/harness.h"
#include "wire/info_file.h"
#include "wire/notify_rec.h"
#include "wire/sd.h"

#define OK      SMBKIT_STATUS_SUCCESS
#define NOTHING 0xffffffffu /* of harness_call: no answer yet */
#define LONG    1200        /* more than is judged between two rests */

static struct world w;
static struct harness_client alice, bob;

static void connect_as(struct harness_client *c, const char *user, const char *password)
{
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_connect(c, &w, &ccfg);
    assert_int_equal(harness_negotiate(c), OK);
    assert_int_equal(harness_logon(c, user, password, 0), OK);
    assert_int_equal(harness_tree(c, "data"), OK);
}

static void set_dacl(struct harness_client *c, struct wire_file_id id, struct wire_ace *aces,
                     uint16_t count)
{
    const struct wire_acl dacl = {ACL_REVISION, count, aces};
    const struct wire_sd sd = {.control = SE_DACL_PRESENT, .dacl = &dacl};
    uint8_t mem[256];
    struct builder b;
    builder_init_fixed(&b, mem, sizeof mem);
    wire_sd_encode(&b, &sd);
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_SECURITY,
                                            .additional_information = DACL_SECURITY_INFORMATION,
                                            .file_id = id,
                                            .payload = {mem, b.len}}};
    assert_int_equal(harness_call(c, SMB2_SET_INFO, &body), OK);
}

static struct wire_file_id must(struct harness_client *c, const char *name, uint32_t access,
                                uint32_t disposition, uint32_t options)
{
    struct wire_file_id id;
    assert_int_equal(harness_create(c, name, access, 7, disposition, options, &id), OK);
    return id;
}

static smbkit_status try(struct harness_client *c, const char *name, uint32_t access,
                         uint32_t disposition)
{
    struct wire_file_id id;
    smbkit_status st = harness_create(c, name, access, 7, disposition, 0, &id);
    if (st == OK)
        assert_int_equal(harness_close(c, id), OK);
    return st;
}

/* In "d" everybody may make files, which are their makers' alone. */
static int setup(void **state)
{
    struct wire_ace aces[] = {
        {.mask = FILE_ALL_ACCESS, .sid = wire_sid_everyone},
        {.mask = FILE_ALL_ACCESS,
         .flags = OBJECT_INHERIT_ACE | INHERIT_ONLY_ACE,
         .sid = wire_sid_creator_owner},
    };
    struct world_config cfg = harness_world_config();
    cfg.access_based = true;
    harness_world(&w, &cfg);
    connect_as(&alice, "alice", "alice-pw");
    connect_as(&bob, "bob", "bob-pw");
    struct wire_file_id d = must(&bob, "d", FILE_ALL_ACCESS, FILE_CREATE, FILE_DIRECTORY_FILE);
    set_dacl(&bob, d, aces, ARRAY_LEN(aces));
    assert_int_equal(harness_close(&bob, d), OK);
    return 0;
}

static int teardown(void **state)
{
    harness_drop(&bob);
    harness_drop(&alice);
    harness_world_end(&w);
    return 0;
}

static struct wire_file_id folder(struct harness_client *c)
{
    return must(c, "d", FILE_LIST_DIRECTORY, FILE_OPEN, FILE_DIRECTORY_FILE);
}

/* ---- opening ---- */

/* The object store's refusals stay what they are; those of the share become "there is none"
   ([MS-SMB2] 3.3.5.9). */
static void test_refused(void **state)
{
    const struct core_share_config read_only = {
        .name = "data", .read_only = true, .access_based = true};
    assert_int_equal(try(&bob, "d\\f", FILE_ALL_ACCESS, FILE_CREATE), OK);
    assert_int_equal(try(&bob, "g", FILE_ALL_ACCESS, FILE_CREATE), OK);
    assert_int_equal(try(&alice, "d\\f", FILE_READ_DATA, FILE_OPEN), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(try(&alice, "d\\f", FILE_READ_DATA, FILE_OPEN_IF),
                     SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(core_share_set(w.core, &read_only, w.volume), OK);
    assert_int_equal(try(&alice, "g", FILE_READ_DATA, FILE_OPEN), OK);
    assert_int_equal(try(&alice, "g", FILE_WRITE_DATA, FILE_OPEN),
                     SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(try(&alice, "g", FILE_WRITE_DATA, FILE_OPEN_IF), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(try(&alice, "g", FILE_READ_DATA, FILE_OVERWRITE), SMBKIT_STATUS_ACCESS_DENIED);
}

/* ---- notifications ---- */

static void watch(struct wire_file_id id)
{
    union wire_any body = {.change_notify_req = {
                               .output_length = 4096,
                               .file_id = id,
                               .completion_filter = FILE_NOTIFY_CHANGE_FILE_NAME |
                                                    FILE_NOTIFY_CHANGE_SECURITY |
                                                    FILE_NOTIFY_CHANGE_STREAM_NAME,
                           }};
    harness_call(&alice, SMB2_CHANGE_NOTIFY, &body);
    assert_true(alice.count == 1 && alice.replies[0].interim);
    alice.count = 0;
}

/* The one change that the watch has told since; a request waits no more. */
static void expect_news(uint32_t action, const char *name)
{
    struct wire_notify rec;
    harness_run(&alice);
    assert_int_equal(alice.count, 1);
    assert_int_equal(harness_last(&alice)->status, OK);
    const struct wire_blob *news = &harness_last(&alice)->body.change_notify_rsp.payload;
    struct wire_chain_reader list;
    struct cursor c;
    struct arena a;
    arena_init(&a, 4096);
    cursor_init(&c, news->data, news->len);
    wire_chain_open(&list, &c, WIRE_NOTIFY_ALIGN);
    assert_true(wire_notify_next(&list, &a, &rec));
    assert_int_equal(rec.action, action);
    assert_int_equal(rec.name_len, strlen(name));
    assert_memory_equal(rec.name, name, rec.name_len);
    assert_false(wire_notify_next(&list, &a, &rec));
    arena_clear(&a);
}

static void expect_silence(void)
{
    harness_run(&alice);
    assert_int_equal(alice.count, 0);
}

static void test_notifications(void **state)
{
    struct wire_ace everyone = {.mask = FILE_GENERIC_READ | DELETE, .sid = wire_sid_everyone};
    struct wire_file_id d = folder(&alice);
    watch(d);
    struct wire_file_id f = must(&bob, "d\\f", FILE_ALL_ACCESS, FILE_CREATE, 0);
    expect_silence();
    assert_int_equal(try(&bob, "d\\f:s", FILE_READ_DATA, FILE_CREATE), OK);
    expect_silence();
    /* from now on she may read it */
    set_dacl(&bob, f, &everyone, 1);
    expect_news(FILE_ACTION_MODIFIED, "f");
    watch(d);
    assert_int_equal(try(&bob, "d\\f:t", FILE_READ_DATA, FILE_OPEN_IF),
                     SMBKIT_STATUS_ACCESS_DENIED);
    expect_silence();
    /* what is gone cannot be asked about any more: she is told to look for herself */
    assert_int_equal(harness_close(&bob, f), OK);
    f = must(&bob, "d\\f", DELETE, FILE_OPEN, FILE_DELETE_ON_CLOSE);
    assert_int_equal(harness_close(&bob, f), OK);
    harness_run(&alice);
    assert_int_equal(alice.count, 1);
    assert_int_equal(harness_last(&alice)->status, SMBKIT_STATUS_NOTIFY_ENUM_DIR);
    /* what she does herself she knows, also when it is gone */
    watch(d);
    assert_int_equal(try(&alice, "d\\mine", FILE_ALL_ACCESS, FILE_CREATE), OK);
    harness_run(&alice);
    watch(d);
    f = must(&alice, "d\\mine", DELETE, FILE_OPEN, FILE_DELETE_ON_CLOSE);
    alice.count = 0;
    assert_int_equal(harness_close(&alice, f), OK);
    harness_run(&alice);
}

/* Of several changes she hears what she may hear of. */
static void test_sifted(void **state)
{
    struct wire_file_id d = folder(&alice);
    watch(d);
    assert_int_equal(try(&alice, "d\\first", FILE_ALL_ACCESS, FILE_CREATE), OK);
    alice.count = 0;
    /* nobody waits: these are kept */
    assert_int_equal(try(&bob, "d\\one", FILE_ALL_ACCESS, FILE_CREATE), OK);
    assert_int_equal(try(&alice, "d\\mine", FILE_ALL_ACCESS, FILE_CREATE), OK);
    assert_int_equal(try(&bob, "d\\two", FILE_ALL_ACCESS, FILE_CREATE), OK);
    alice.count = 0;
    union wire_any body = {.change_notify_req = {.output_length = 4096, .file_id = d}};
    assert_int_equal(harness_call(&alice, SMB2_CHANGE_NOTIFY, &body), OK);
    expect_news(FILE_ACTION_ADDED, "mine");
}

/* ---- listings ---- */

static smbkit_status list(struct harness_client *c, struct wire_file_id d)
{
    union wire_any body = {.query_directory_req = {.info_class = FileNamesInformation,
                                                   .file_id = d,
                                                   .pattern = {(const uint8_t *)"f\0*\0", 4},
                                                   .output_length = 4096}};
    return harness_call(c, SMB2_QUERY_DIRECTORY, &body);
}

static void make_long(void)
{
    char name[16];
    for (unsigned i = 0; i < LONG; i++) {
        snprintf(name, sizeof name, "d\\f%u", i);
        assert_int_equal(try(&bob, name, FILE_READ_DATA, FILE_CREATE), OK);
    }
}

static void test_long_listing(void **state)
{
    unsigned rests = 0;
    make_long();
    struct wire_file_id d = folder(&alice);
    alice.count = 0;
    smbkit_status st = list(&alice, d);
    for (; st == NOTHING && rests < 100; rests++) {
        assert_int_equal(try(&bob, "d\\f1", FILE_READ_DATA, FILE_OPEN), OK);
        world_advance(&w, 1);
        harness_run(&alice);
        st = alice.count > 0 ? harness_last(&alice)->status : NOTHING;
    }
    assert_int_equal(st, SMBKIT_STATUS_NO_SUCH_FILE);
    assert_in_range(rests, 2, 10);
    /* the folder is closed meanwhile */
    d = folder(&alice);
    assert_int_equal(list(&alice, d), NOTHING);
    alice.count = 0;
    assert_int_equal(harness_close(&alice, d), OK);
    assert_int_equal(alice.count, 2);
    assert_int_equal(alice.replies[0].status, SMBKIT_STATUS_FILE_CLOSED);
}

/* The connection is lost while its listing rests. */
static void test_lost(void **state)
{
    make_long();
    struct wire_file_id d = folder(&alice);
    assert_int_equal(list(&alice, d), NOTHING);
    harness_drop(&alice);
    connect_as(&alice, "alice", "alice-pw");
}

/* ---- names that are shown hidden ---- */

static uint32_t listed_attributes(struct wire_file_id d)
{
    union wire_any body = {.query_directory_req = {.info_class = FileDirectoryInformation,
                                                   .flags = SMB2_RESTART_SCANS,
                                                   .file_id = d,
                                                   .pattern = {(const uint8_t *)"*\0", 2},
                                                   .output_length = 4096}};
    assert_int_equal(harness_call(&bob, SMB2_QUERY_DIRECTORY, &body), OK);
    const struct wire_blob *out = &harness_last(&bob)->body.query_directory_rsp.payload;
    uint32_t at = 0, next;
    while ((next = le32_load(out->data + at)) != 0)
        at += next;
    return le32_load(out->data + at + 56); /* [MS-FSCC] 2.4.10, of the last entry */
}

static uint32_t attributes_at_close(struct wire_file_id id)
{
    union wire_any body = {.close_req = {.flags = SMB2_CLOSE_FLAG_POSTQUERY_ATTRIB, .file_id = id}};
    assert_int_equal(harness_call(&bob, SMB2_CLOSE, &body), OK);
    return harness_last(&bob)->body.close_rsp.file_attributes;
}

static uint32_t attributes_of(const char *name, uint32_t disposition)
{
    struct wire_file_id id = must(&bob, name, FILE_ALL_ACCESS, disposition, 0);
    uint32_t given = harness_last(&bob)->body.create_rsp.file_attributes;
    assert_int_equal(attributes_at_close(id), given);
    return given;
}

static void test_hidden_names(void **state)
{
    const struct core_share_config hiding = {.name = "data", .hide_files = "+x?+*.BAK"};
    const struct core_share_config plain = {.name = "data"};
    const uint32_t hidden = FILE_ATTRIBUTE_ARCHIVE | FILE_ATTRIBUTE_HIDDEN;
    assert_int_equal(core_share_set(w.core, &hiding, w.volume), OK);
    assert_int_equal(attributes_of("x", FILE_CREATE), FILE_ATTRIBUTE_ARCHIVE);
    assert_int_equal(attributes_of("xy", FILE_CREATE), hidden);
    assert_int_equal(attributes_of("d\\one.bak", FILE_CREATE), hidden);
    struct wire_file_id d = folder(&bob);
    assert_int_equal(listed_attributes(d), hidden);
    assert_int_equal(harness_close(&bob, d), OK);
    /* to overwrite such a file takes no attribute: it has none */
    assert_int_equal(attributes_of("xy", FILE_OVERWRITE_IF), hidden);
    assert_int_equal(core_share_set(w.core, &plain, w.volume), OK);
    assert_int_equal(attributes_of("xy", FILE_OPEN), FILE_ATTRIBUTE_ARCHIVE);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_refused),      T(test_notifications), T(test_sifted),
        T(test_long_listing), T(test_lost),          T(test_hidden_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
