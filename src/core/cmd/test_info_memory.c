// SPDX-License-Identifier: Apache-2.0
/* QUERY_INFO, QUERY_DIRECTORY and SET_INFO when memory is out. */
#include "base/testmem.h"
#include "core/cmd/test_bench.h"
#include "wire/info_file.h"

static void no_memory_scenario(struct core_open *root, struct core_open *o, const char *to)
{
    struct core_request r;
    bench_query(o, SMB2_0_INFO_FILE, FileAllInformation, 4096);
    bench_request_free(&bench.req);
    bench_list_begin(&r, root, "*", SMB2_REOPEN, 4096);
    bench_go(&r);
    bench_request_free(&r);
    bench_list_begin(&r, root, "f001", SMB2_REOPEN, 4096);
    bench_go(&r);
    bench_request_free(&r);
    bench_rename(o, to, true);
    bench_set_name(o, FileLinkInformation, "linked", true);
}

/* Whatever fails, nothing leaks and the open stays usable. */
static void test_no_memory(void **state)
{
    (void)state;
    size_t n = 1;
    bench_make_files(3);
    struct core_open *root = bench_open_as("", false, false, FILE_GENERIC_READ),
                     *o = bench_open("a", true, false);
    for (bool failed = true; failed; n++) {
        arena_clear(&bench.batch.arena);
        testmem_fail_nth(n);
        no_memory_scenario(root, o, n % 2 != 0 ? "b" : "c");
        failed = testmem_failed() > 0;
        testmem_fail_none();
        assert_null(root->listing.lister);
    }
    assert_true(n > 10);
    assert_int_equal(bench_rename(o, "end", false), SMBKIT_STATUS_SUCCESS);
    bench_close(o);
    bench_close(root);
    bench_close(bench_open("end", false, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
