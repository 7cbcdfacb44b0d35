// SPDX-License-Identifier: Apache-2.0
/*
 * Whole core: renames of streams ([MS-FSA] 2.1.5.15.12.1), while others have the stream, its target
 * or the file open.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"
#include "wire/info_file.h"
#include "wire/sd.h"

#define OK     SMBKIT_STATUS_SUCCESS
#define ALL    FILE_ALL_ACCESS
#define SHARED 7

static struct world w;
static struct harness_client one, two;

static int setup(void **state)
{
    struct world_config cfg = harness_world_config();
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&one, &w, &ccfg);
    ccfg.guid.b[0]++;
    harness_ready(&two, &w, &ccfg);
    return 0;
}

static int teardown(void **state)
{
    harness_drop(&one);
    harness_drop(&two);
    harness_world_end(&w);
    return 0;
}

static smbkit_status open_as(struct harness_client *c, const char *name, uint32_t share,
                             uint32_t disposition, struct wire_file_id *id)
{
    return harness_create(c, name, ALL, share, disposition, 0, id);
}

static struct wire_file_id must(struct harness_client *c, const char *name, uint32_t disposition)
{
    struct wire_file_id id;
    assert_int_equal(open_as(c, name, SHARED, disposition, &id), OK);
    return id;
}

static smbkit_status try(struct harness_client *c, const char *name, uint32_t share)
{
    struct wire_file_id id;
    smbkit_status st = open_as(c, name, share, FILE_OPEN, &id);
    if (st == OK)
        assert_int_equal(harness_close(c, id), OK);
    return st;
}

static smbkit_status rename_to(struct wire_file_id id, const char *to, bool replace)
{
    uint8_t mem[128];
    struct builder b;
    const struct wire_info_rename info = {.flags = replace, .name = to, .name_len = strlen(to)};
    builder_init_fixed(&b, mem, sizeof mem);
    wire_info_rename_encode(&b, &info, false);
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_FILE,
                                            .info_class = FileRenameInformation,
                                            .file_id = id,
                                            .payload = {b.data, b.len}}};
    return harness_call(&one, SMB2_SET_INFO, &body);
}

static void expect(struct harness_client *c, struct wire_file_id id, const char *text)
{
    assert_int_equal(harness_read(c, id, 0, 100), *text != '\0' ? OK : SMBKIT_STATUS_END_OF_FILE);
    if (*text == '\0')
        return;
    const struct wire_blob *got = &harness_last(c)->body.read_rsp.payload;
    assert_int_equal(got->len, strlen(text));
    assert_memory_equal(got->data, text, got->len);
}

static void test_names(void **state)
{
    static const struct {
        const char *to;
        smbkit_status status;
    } rows[] = {
        {":", SMBKIT_STATUS_INVALID_PARAMETER},
        {"::", SMBKIT_STATUS_INVALID_PARAMETER},
        {":x:", SMBKIT_STATUS_INVALID_PARAMETER},
        {":x:$DATA:", SMBKIT_STATUS_INVALID_PARAMETER},
        {":a:b:c:d", SMBKIT_STATUS_INVALID_PARAMETER},
        {":a/b", SMBKIT_STATUS_INVALID_PARAMETER},
        {":x:$INDEX_ALLOCATION", SMBKIT_STATUS_OBJECT_TYPE_MISMATCH},
        {":x:$FOO", SMBKIT_STATUS_OBJECT_TYPE_MISMATCH},
        {":S", OK}, /* its own name */
        {":s:$data", OK},
        {":t:$DATA", OK},
        {":u", OK},
        {"f:v", SMBKIT_STATUS_SHARING_VIOLATION},
        {"g", SMBKIT_STATUS_INVALID_PARAMETER},
    };
    struct wire_file_id s = must(&one, "f:s", FILE_CREATE);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(rename_to(s, rows[i].to, false), rows[i].status);
    assert_int_equal(try(&two, "f:u:$DATA", SHARED), OK);
    assert_int_equal(try(&two, "f:s", SHARED), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(harness_close(&one, s), OK);
    struct wire_file_id d;
    assert_int_equal(harness_create(&one, "d", ALL, SHARED, FILE_CREATE, FILE_DIRECTORY_FILE, &d),
                     OK);
    assert_int_equal(rename_to(d, ":x", false), SMBKIT_STATUS_OBJECT_TYPE_MISMATCH);
    assert_int_equal(rename_to(d, ":x:$INDEX_ALLOCATION", false), SMBKIT_STATUS_INVALID_PARAMETER);
    s = must(&one, "d:s", FILE_CREATE);
    assert_int_equal(rename_to(s, "::$DATA", true), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(rename_to(s, ":t", false), OK);
    assert_int_equal(try(&two, "d:t", SHARED), OK);
}

/* Others who have it open go on with it, under its new name, and keep whom they kept out. */
static void test_other_opens(void **state)
{
    struct wire_file_id f = must(&two, "f", FILE_CREATE), s = must(&one, "f:s", FILE_CREATE);
    struct wire_file_id other;
    assert_int_equal(harness_write(&one, s, 0, "stream", 6), OK);
    assert_int_equal(open_as(&two, "f:S", SHARED & ~FILE_SHARE_WRITE, FILE_OPEN, &other),
                     SMBKIT_STATUS_SHARING_VIOLATION);
    assert_int_equal(harness_create(&two, "f:S", FILE_READ_DATA, SHARED, FILE_OPEN, 0, &other), OK);
    assert_int_equal(harness_lock(&two, other, 0, 3, SMB2_LOCKFLAG_SHARED_LOCK), OK);
    assert_int_equal(rename_to(s, ":t", false), OK);
    expect(&two, other, "stream");
    expect(&one, s, "stream");
    expect(&two, f, "");
    /* the lock is the stream's, whatever its name */
    assert_int_equal(harness_write(&one, s, 0, "S", 1), SMBKIT_STATUS_FILE_LOCK_CONFLICT);
    assert_int_equal(harness_write(&one, s, 3, "EAM", 3), OK);
    assert_int_equal(try(&one, "f:t", FILE_SHARE_DELETE), SMBKIT_STATUS_SHARING_VIOLATION);
    assert_int_equal(try(&one, "f:s", FILE_SHARE_DELETE), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    /* a new stream by the old name is another one */
    struct wire_file_id again;
    assert_int_equal(open_as(&one, "f:s", FILE_SHARE_DELETE, FILE_CREATE, &again), OK);
    expect(&one, again, "");
    /* the second renames it once more */
    assert_int_equal(rename_to(s, ":u", false), OK);
    assert_int_equal(harness_close(&one, s), OK);
    expect(&two, other, "strEAM");
    assert_int_equal(try(&one, "f:u", FILE_SHARE_DELETE), SMBKIT_STATUS_SHARING_VIOLATION);
    assert_int_equal(harness_close(&two, other), OK);
    assert_int_equal(try(&one, "f:u", FILE_SHARE_DELETE), OK);
}

static void test_replace(void **state)
{
    struct wire_file_id s = must(&one, "f:s", FILE_CREATE), t = must(&one, "f:t", FILE_CREATE);
    assert_int_equal(harness_write(&one, s, 0, "stream", 6), OK);
    assert_int_equal(rename_to(s, ":t", false), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(rename_to(s, ":t", true), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(harness_write(&one, t, 0, "x", 1), OK);
    assert_int_equal(harness_close(&one, t), OK);
    assert_int_equal(rename_to(s, ":t", false), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(rename_to(s, ":t", true), SMBKIT_STATUS_INVALID_PARAMETER); /* not empty */
    t = must(&one, "f:t", FILE_OVERWRITE);
    assert_int_equal(harness_close(&one, t), OK);
    assert_int_equal(rename_to(s, ":T", true), OK);
    expect(&one, s, "stream");
    assert_int_equal(harness_close(&one, s), OK);
    /* and the unnamed one, which is always there */
    s = must(&one, "f:t", FILE_OPEN);
    struct wire_file_id f = must(&two, "f", FILE_OPEN);
    assert_int_equal(rename_to(s, "::$DATA", true), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(harness_close(&two, f), OK);
    assert_int_equal(rename_to(s, "::$DATA", false), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    t = must(&two, "f:t", FILE_OPEN);
    assert_int_equal(rename_to(s, "::$DATA", true), SMBKIT_STATUS_SHARING_VIOLATION);
    assert_int_equal(harness_close(&two, t), OK);
    assert_int_equal(rename_to(s, "::$DATA", true), OK);
    f = must(&two, "f", FILE_OPEN);
    expect(&two, f, "stream");
    assert_int_equal(try(&two, "f:t", SHARED), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
}

/* The unnamed stream gets a name: its data go, the file stays, and the open is the stream's. */
static void test_unnamed(void **state)
{
    struct wire_file_id f = must(&one, "f", FILE_CREATE), s = must(&two, "f:s", FILE_CREATE);
    assert_int_equal(harness_write(&one, f, 0, "file", 4), OK);
    assert_int_equal(rename_to(f, "::$DATA", false), OK); /* its own name */
    struct wire_file_id other = must(&two, "f", FILE_OPEN);
    assert_int_equal(rename_to(f, ":t", false), SMBKIT_STATUS_SHARING_VIOLATION);
    assert_int_equal(harness_close(&two, other), OK);
    assert_int_equal(rename_to(f, ":s", false), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(rename_to(f, ":t", false), OK);
    expect(&one, f, "file");
    other = must(&two, "f", FILE_OPEN);
    expect(&two, other, "");
    assert_int_equal(harness_close(&two, other), OK);
    other = must(&two, "f:t", FILE_OPEN);
    expect(&two, other, "file");
    assert_int_equal(try(&two, "f:t", FILE_SHARE_DELETE), SMBKIT_STATUS_SHARING_VIOLATION);
    assert_int_equal(try(&two, "f", 0), OK);
    assert_int_equal(harness_close(&two, s), OK);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_names),
        T(test_other_opens),
        T(test_replace),
        T(test_unnamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
