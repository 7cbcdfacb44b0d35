// SPDX-License-Identifier: Apache-2.0
/* QUERY_DIRECTORY over the memory plugin. */
#include "core/cmd/test_bench.h"
#include "wire/info_dir.h"

/* Notes which of the files f000... are in the answer; each may come once. "." and ".." count as
   well. */
static unsigned note_names(const struct core_request *r, bool *seen, char first[64])
{
    struct wire_query_directory_rsp rsp;
    struct wire_chain_reader list;
    struct wire_dir_entry e;
    struct cursor c = bench_reply(r), data;
    unsigned n = 0, number;
    assert_true(wire_query_directory_rsp_decode(&c, NULL, &rsp));
    assert_true(rsp.payload.len <= r->in.query_directory.output_length);
    cursor_init(&data, rsp.payload.data, rsp.payload.len);
    wire_chain_open(&list, &data, WIRE_DIR_ALIGN);
    while (wire_dir_next(&list, &bench.batch.arena, FileIdBothDirectoryInformation, &e)) {
        if (n++ == 0 && first != NULL)
            snprintf(first, 64, "%s", e.name);
        if (sscanf(e.name, "f%u", &number) == 1) {
            assert_true(number < 400 && !seen[number]);
            seen[number] = true;
        }
    }
    assert_false(list.failed);
    return n;
}

static void test_list_all(void **state)
{
    (void)state;
    bool seen[400] = {0};
    char first[64];
    bench_make_files(300);
    struct core_open *o = bench_open("", false, false);
    unsigned total = 0, requests = 0;
    for (;;) {
        bench_list_begin(&bench.req, o, "*", 0, 1000);
        smbkit_status st = bench_go(&bench.req);
        if (st == SMBKIT_STATUS_NO_MORE_FILES)
            break;
        assert_int_equal(st, SMBKIT_STATUS_SUCCESS);
        total += note_names(&bench.req, seen, first);
        if (requests++ == 0)
            assert_string_equal(first, ".");
        bench_request_free(&bench.req);
    }
    bench_request_free(&bench.req);
    assert_int_equal(total, 302);
    assert_true(requests > 30);
    bench_close(o);
}

static smbkit_status list_once(struct core_open *o, const char *pattern, uint8_t flags,
                               uint32_t room, char first[64], unsigned *count)
{
    bool seen[400] = {0};
    bench_list_begin(&bench.req, o, pattern, flags, room);
    smbkit_status st = bench_go(&bench.req);
    *count = st == SMBKIT_STATUS_SUCCESS ? note_names(&bench.req, seen, first) : 0;
    bench_request_free(&bench.req);
    return st;
}

static void test_list_patterns(void **state)
{
    (void)state;
    char first[64];
    unsigned n;
    bench_make_files(20);
    struct core_open *o = bench_open("", false, false);
    assert_int_equal(list_once(o, "F01?", 0, 4096, first, &n), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(n, 10);
    /* the pattern of the first request stays */
    assert_int_equal(list_once(o, "*", 0, 4096, first, &n), SMBKIT_STATUS_NO_MORE_FILES);
    assert_int_equal(list_once(o, "F007", SMB2_RESTART_SCANS, 4096, first, &n),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(n, 1);
    assert_string_equal(first, "f007");
    assert_int_equal(list_once(o, "", 0, 4096, first, &n), SMBKIT_STATUS_NO_MORE_FILES);
    assert_int_equal(list_once(o, "nobody", SMB2_REOPEN, 4096, first, &n),
                     SMBKIT_STATUS_NO_SUCH_FILE);
    assert_int_equal(list_once(o, "x*", SMB2_REOPEN, 4096, first, &n), SMBKIT_STATUS_NO_SUCH_FILE);
    assert_int_equal(list_once(o, "*", SMB2_REOPEN | SMB2_RETURN_SINGLE_ENTRY, 4096, first, &n),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(n, 1);
    assert_int_equal(list_once(o, "*", SMB2_RETURN_SINGLE_ENTRY, 4096, first, &n),
                     SMBKIT_STATUS_SUCCESS);
    assert_string_equal(first, "..");
    assert_int_equal(list_once(o, "a/b", SMB2_REOPEN, 4096, first, &n),
                     SMBKIT_STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(list_once(o, "*", SMB2_REOPEN, 50, first, &n),
                     SMBKIT_STATUS_INFO_LENGTH_MISMATCH);
    assert_int_equal(list_once(o, "f007", SMB2_REOPEN, 106, first, &n),
                     SMBKIT_STATUS_BUFFER_OVERFLOW);
    assert_int_equal(list_once(o, "", 0, 4096, first, &n), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(first, "f007");
    bench_close(o);
}

/* Three requests at the same time: they take turns, and every entry comes once. */
static void test_list_together(void **state)
{
    (void)state;
    bool seen[400] = {0};
    struct core_request r[3];
    unsigned total = 0;
    bench_make_files(30);
    struct core_open *o = bench_open("", false, false);
    for (unsigned i = 0; i < 3; i++) {
        bench_list_begin(&r[i], o, "*", 0, 1200);
        bench_run(&r[i]);
        assert_int_equal(r[i].state, REQUEST_PARKED);
    }
    testhost_drain(&bench.host);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(r[i].state, REQUEST_FINISHED);
        assert_int_equal(r[i].status, SMBKIT_STATUS_SUCCESS);
        total += note_names(&r[i], seen, NULL);
        bench_request_free(&r[i]);
    }
    assert_in_range(total, 25, 32);
    assert_null(o->listing.lister);
    bench_close(o);
}

/* One that waits for its turn is cancelled, and the one behind it still gets its own. */
static void test_list_cancelled_in_queue(void **state)
{
    (void)state;
    bool seen[400] = {0};
    struct core_request r[3];
    bench_make_files(3);
    struct core_open *o = bench_open("", false, false);
    for (unsigned i = 0; i < 3; i++) {
        bench_list_begin(&r[i], o, "*", SMB2_RESTART_SCANS, 4096);
        bench_run(&r[i]);
    }
    r[1].unpark(&r[1]);
    request_complete(&r[1], SMBKIT_STATUS_CANCELLED);
    testhost_drain(&bench.host);
    assert_int_equal(r[2].status, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(note_names(&r[2], seen, NULL), 5);
    for (unsigned i = 0; i < 3; i++)
        bench_request_free(&r[i]);
    bench_close(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_list_all),
        BENCH_TEST(test_list_patterns),
        BENCH_TEST(test_list_together),
        BENCH_TEST(test_list_cancelled_in_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
