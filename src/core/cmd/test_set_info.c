// SPDX-License-Identifier: Apache-2.0
/* SET_INFO of names, disposition, times and sizes, over the memory plugin. */
#include "core/cmd/test_bench.h"
#include "wire/info_file.h"
#include "wire/sd.h"

static void test_rename(void **state)
{
    (void)state;
    struct core_open *a = bench_open("a", true, false), *again = bench_open("A", false, false);
    struct core_open *b = bench_open("b", true, false);
    assert_int_equal(bench_rename(a, "b", false), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(bench_rename(a, "b", true), SMBKIT_STATUS_ACCESS_DENIED); /* it is open */
    assert_int_equal(bench_rename(a, "b:s", true), SMBKIT_STATUS_NOT_SUPPORTED);
    assert_int_equal(bench_rename(a, ":s:$FOO", true), SMBKIT_STATUS_OBJECT_TYPE_MISMATCH);
    assert_int_equal(bench_rename(a, "\\b", true), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(bench_rename(a, "b*", true), SMBKIT_STATUS_OBJECT_NAME_INVALID);
    bench_close(b);
    assert_int_equal(bench_rename(a, "B", true), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(a->path, "B");
    assert_string_equal(again->path, "B");
    assert_int_equal(bench_rename(a, "b", false), SMBKIT_STATUS_SUCCESS); /* only the spelling */
    assert_string_equal(again->path, "b");
    assert_int_equal(bench_set_name(a, FileRenameInformationEx, "c", false), SMBKIT_STATUS_SUCCESS);
    bench_close(again);
    bench_close(a);
    bench_close(bench_open("c", false, false));
}

/* The folder of the new name must let names be added, and nobody may be about to delete it. */
static void test_rename_into(void **state)
{
    static const struct wire_ace read_only = {.mask = FILE_GENERIC_READ, .sid = {1, 1, {0}}};
    const struct wire_acl dacl = {ACL_REVISION, 1, (struct wire_ace *)&read_only};
    const struct wire_sd sd = {.control = SE_DACL_PRESENT, .dacl = &dacl};
    struct builder b;
    (void)state;
    struct core_open *a = bench_open("a", true, false), *d = bench_open("d", true, true);
    assert_int_equal(bench_rename(a, "d\\a", false), SMBKIT_STATUS_SHARING_VIOLATION);
    builder_init_grow(&b, 256);
    wire_sd_encode(&b, &sd);
    bench_wait(vfs_set_sd(&bench.op, bench.volume, d->file, b.data, b.len));
    builder_free(&b);
    bench_close(d);
    assert_int_equal(bench_rename(a, "d\\a", false), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(bench_set_name(a, FileLinkInformation, "d\\a", false),
                     SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(bench_rename(a, "none\\a", false), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    bench_close(a);
}

static void test_rename_folder(void **state)
{
    (void)state;
    struct core_open *d = bench_open("d", true, true);
    struct core_open *in = bench_open("d/in", true, false);
    assert_int_equal(bench_rename(d, "e", false), SMBKIT_STATUS_ACCESS_DENIED);
    bench_close(in);
    assert_int_equal(bench_rename(d, "d\\e", false), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(bench_rename(d, "e", false), SMBKIT_STATUS_SUCCESS);
    bench_close(d);
    bench_close(bench_open("e/in", false, false));
}

static void test_link(void **state)
{
    (void)state;
    struct core_open *a = bench_open("a", true, false);
    assert_int_equal(bench_set_name(a, FileLinkInformation, "b", false), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(bench_set_name(a, FileLinkInformation, "b", false),
                     SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(bench_set_name(a, FileLinkInformation, "b", true), SMBKIT_STATUS_SUCCESS);
    bench.share.read_only = true;
    assert_int_equal(bench_set_name(a, FileLinkInformation, "c", false),
                     SMBKIT_STATUS_ACCESS_DENIED);
    bench_close(a);
    bench_close(bench_open("b", false, false));
}

static smbkit_status dispose(struct core_open *o, bool gone)
{
    struct builder b;
    builder_init_grow(&b, 64);
    wire_info_disposition_encode(&b, &(struct wire_info_disposition){gone});
    smbkit_status st = bench_set(o, FileDispositionInformation, &b);
    builder_free(&b);
    return st;
}

static void test_disposition(void **state)
{
    (void)state;
    struct core_open *root = bench_open("", false, false);
    struct core_open *d = bench_open("d", true, true), *f = bench_open("d/f", true, false);
    assert_int_equal(dispose(root, true), SMBKIT_STATUS_CANNOT_DELETE);
    assert_int_equal(dispose(d, true), SMBKIT_STATUS_DIRECTORY_NOT_EMPTY);
    assert_int_equal(dispose(f, true), SMBKIT_STATUS_SUCCESS);
    assert_true(lease_open_delete_pending(&f->lease));
    assert_int_equal(bench_rename(f, "g", false), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(dispose(f, false), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(dispose(f, true), SMBKIT_STATUS_SUCCESS);
    bench_close(f);
    assert_int_equal(dispose(d, true), SMBKIT_STATUS_SUCCESS);
    bench_close(d);
    bench_close(root);
    struct smbkit_open_args open = {.path = "d"};
    bench_wait(vfs_open(&bench.op, bench.volume, &open));
    assert_int_equal(bench.op.status, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
}

static void test_set_basic_and_size(void **state)
{
    (void)state;
    struct core_open *o = bench_open("f", true, false);
    struct wire_info_basic in = {.creation_time = 5, .last_write_time = WIRE_TIME_FREEZE}, out;
    struct builder b;
    builder_init_grow(&b, 256);
    wire_info_basic_encode(&b, &in);
    assert_int_equal(bench_set(o, FileBasicInformation, &b), SMBKIT_STATUS_SUCCESS);
    builder_truncate(&b, 39);
    assert_int_equal(bench_set(o, FileBasicInformation, &b), SMBKIT_STATUS_INFO_LENGTH_MISMATCH);
    builder_truncate(&b, 0);
    assert_int_equal(bench_set(o, FileBasicInformation, &b), SMBKIT_STATUS_INVALID_PARAMETER);
    in.creation_time = (uint64_t)-3;
    wire_info_basic_encode(&b, &in);
    assert_int_equal(bench_set(o, FileBasicInformation, &b), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(bench_query(o, SMB2_0_INFO_FILE, FileBasicInformation, 40),
                     SMBKIT_STATUS_SUCCESS);
    struct cursor c = bench_answer();
    assert_true(wire_info_basic_decode(&c, &out));
    assert_int_equal(out.creation_time, 5);
    assert_int_not_equal(out.last_write_time, WIRE_TIME_FREEZE);
    bench_request_free(&bench.req);
    builder_truncate(&b, 0);
    wire_info_end_of_file_encode(&b, &(struct wire_info_end_of_file){5000});
    assert_int_equal(bench_set(o, FileEndOfFileInformation, &b), SMBKIT_STATUS_SUCCESS);
    builder_truncate(&b, 0);
    wire_info_end_of_file_encode(&b, &(struct wire_info_end_of_file){1ull << 63});
    assert_int_equal(bench_set(o, FileEndOfFileInformation, &b), SMBKIT_STATUS_INVALID_PARAMETER);
    o->access = FILE_READ_DATA;
    assert_int_equal(bench_set(o, FileEndOfFileInformation, &b), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(bench_set(o, FileStandardInformation, &b), SMBKIT_STATUS_INVALID_INFO_CLASS);
    builder_free(&b);
    bench_close(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_rename), BENCH_TEST(test_rename_into), BENCH_TEST(test_rename_folder),
        BENCH_TEST(test_link),   BENCH_TEST(test_disposition), BENCH_TEST(test_set_basic_and_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
