// SPDX-License-Identifier: Apache-2.0
/* QUERY_INFO of files and volumes, over the memory plugin. */
#include "core/cmd/test_bench.h"
#include "wire/info.h"
#include "wire/info_file.h"
#include "wire/info_fs.h"

static void expect_query(struct core_open *o, uint8_t type, uint8_t cls, uint32_t room,
                         smbkit_status status)
{
    assert_int_equal(bench_query(o, type, cls, room), status);
    bench_request_free(&bench.req);
}

static void test_query_classes(void **state)
{
    (void)state;
    struct core_open *o = bench_open("file", true, false);
    struct wire_info_all all;
    assert_int_equal(bench_query(o, SMB2_0_INFO_FILE, FileAllInformation, 4096),
                     SMBKIT_STATUS_SUCCESS);
    struct cursor c = bench_answer();
    assert_true(wire_info_all_decode(&c, &bench.batch.arena, &all));
    assert_int_equal(all.standard.number_of_links, 1);
    assert_false(all.standard.directory);
    assert_int_equal(all.internal.index_number, o->file_id);
    bench_request_free(&bench.req);
    expect_query(o, SMB2_0_INFO_FILE, FileBasicInformation, 39, SMBKIT_STATUS_INFO_LENGTH_MISMATCH);
    expect_query(o, SMB2_0_INFO_FILE, 200, 4096, SMBKIT_STATUS_INVALID_INFO_CLASS);
    expect_query(o, SMB2_0_INFO_FILE, FileRenameInformation, 4096,
                 SMBKIT_STATUS_INVALID_INFO_CLASS);
    expect_query(o, SMB2_0_INFO_FILE, FileHardLinkInformation, 4096, SMBKIT_STATUS_NOT_SUPPORTED);
    expect_query(o, SMB2_0_INFO_FILE, FileFullEaInformation, 4096, SMBKIT_STATUS_NO_EAS_ON_FILE);
    expect_query(o, SMB2_0_INFO_QUOTA, 0, 4096, SMBKIT_STATUS_INVALID_PARAMETER);
    expect_query(o, 9, 0, 4096, SMBKIT_STATUS_INVALID_PARAMETER);
    expect_query(o, SMB2_0_INFO_FILE, FileBasicInformation, (1 << 20) + 1,
                 SMBKIT_STATUS_INVALID_PARAMETER);
    o->access = FILE_READ_DATA;
    expect_query(o, SMB2_0_INFO_FILE, FileBasicInformation, 4096, SMBKIT_STATUS_ACCESS_DENIED);
    bench_close(o);
}

/* A name of the form 8.3 is its own short name, no other has one. */
static void test_alternate_name(void **state)
{
    static const struct {
        const char *name;
        bool is_short;
    } rows[] = {
        {"b", true},          {"12345678.123", true}, {"README.TXT", true}, {"a~1.c", true},
        {"123456789", false}, {"a.1234", false},      {"a.b.c", false},     {"a b", false},
        {".a", false},        {"a+b", false},         {"\xc3\xa4", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct core_open *o = bench_open(rows[i].name, true, false);
        struct wire_info_name name;
        smbkit_status st = bench_query(o, SMB2_0_INFO_FILE, FileAlternateNameInformation, 4096);
        if (rows[i].is_short) {
            assert_int_equal(st, SMBKIT_STATUS_SUCCESS);
            struct cursor c = bench_answer();
            assert_true(wire_info_name_decode(&c, &bench.batch.arena, &name));
            assert_int_equal(name.name_len, strlen(rows[i].name));
            assert_memory_equal(name.name, rows[i].name, name.name_len);
        } else {
            assert_int_equal(st, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
        }
        bench_request_free(&bench.req);
        bench_close(o);
    }
}

/* Every class that the table lets through is answered or refused, never the wrong way. */
static void test_query_every_class(void **state)
{
    (void)state;
    struct core_open *o = bench_open("file", true, false);
    bench.conn.dialect = SMB2_DIALECT_311;
    size_t n, answered = 0;
    const struct wire_info_row *rows = wire_info_rows(&n);
    for (size_t i = 0; i < n; i++) {
        smbkit_status st = bench_query(o, rows[i].type, rows[i].num, 65536);
        if (!(rows[i].flags & WIRE_INFO_QUERY) || (rows[i].flags & WIRE_INFO_LOCAL))
            assert_true(smbkit_is_error(st));
        if (st == SMBKIT_STATUS_SUCCESS) {
            answered++;
            assert_true(rows[i].query_min <= bench.req.reply.len);
        }
        bench_request_free(&bench.req);
    }
    assert_true(answered >= 22);
    bench_close(o);
}

/* A name that does not fit is cut off, and the client is told. */
static void test_query_cut(void **state)
{
    (void)state;
    struct core_open *o = bench_open("a-name-of-some-length", true, false);
    struct wire_info_fs_volume v;
    bench.conn.dialect = SMB2_DIALECT_311;
    assert_int_equal(bench_query(o, SMB2_0_INFO_FILE, FileNormalizedNameInformation, 14),
                     SMBKIT_STATUS_BUFFER_OVERFLOW);
    struct cursor c = bench_answer();
    assert_int_equal(cursor_left(&c), 14);
    assert_int_equal(cursor_u32(&c), 2 * strlen(o->path));
    bench_request_free(&bench.req);
    assert_int_equal(bench_query(o, SMB2_0_INFO_FILESYSTEM, FileFsVolumeInformation, 4096),
                     SMBKIT_STATUS_SUCCESS);
    c = bench_answer();
    assert_true(wire_info_fs_volume_decode(&c, &bench.batch.arena, &v));
    bench_request_free(&bench.req);
    bench_close(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_query_classes),
        BENCH_TEST(test_alternate_name),
        BENCH_TEST(test_query_every_class),
        BENCH_TEST(test_query_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
