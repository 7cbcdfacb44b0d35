// SPDX-License-Identifier: Apache-2.0
/* The second example: lines that come while a client watches. */
#include "tree/test_tree.h"
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

extern const struct smbkit_plugin example2;

static char file[] = "/tmp/smbkit-example2.XXXXXX";

static void append(const char *text)
{
    FILE *f = fopen(file, "a");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Waits until so many events have come, at most ten seconds. */
static void await(size_t count)
{
    const struct timespec nap = {.tv_nsec = 5000000};
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&host.mutex);
        bool there = event_count >= count;
        pthread_mutex_unlock(&host.mutex);
        if (there)
            return;
        nanosleep(&nap, NULL);
    }
    fail_msg("no change was told");
}

static void test_lines_come(void **state)
{
    char error[VFS_ERROR_TEXT_MAX];
    const struct smbkit_arg args[] = {{"file", file}, {"keep", "2"}};
    testmem_install();
    host.host.changed = on_changed;
    vfs_op_init(&op, on_done);
    events_clear();
    vol = vfs_volume_new(&example2, "s", args, 2, &host.host, error);
    assert_non_null(vol);
    assert_string_equal(xlist(""), "lines last.txt");
    append("one\ntwo\n");
    await(4);
    assert_events("+lines/00000001.txt ~last.txt +lines/00000002.txt ~last.txt");
    assert_string_equal(xcontent("last.txt"), "two\n");
    append("thr");
    append("ee\n");
    await(3);
    assert_events("+lines/00000003.txt -lines/00000001.txt ~last.txt");
    assert_string_equal(xlist("lines"), "00000002.txt 00000003.txt");
    assert_string_equal(xcontent("lines/00000003.txt"), "three\n");
    vfs_op_clear(&op);
    vfs_volume_unref(vol);
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
}

static void test_no_file(void **state)
{
    char error[VFS_ERROR_TEXT_MAX];
    const struct smbkit_arg arg = {"file", "/nonexistent/file"};
    testmem_install();
    assert_null(vfs_volume_new(&example2, "s", &arg, 1, &host.host, error));
    assert_string_equal(error, "example2: cannot read /nonexistent/file");
    for (size_t n = 1; n < 20; n++) {
        testmem_fail_nth(n);
        assert_null(vfs_volume_new(&example2, "s", &arg, 1, &host.host, error));
        assert_int_equal(testmem_live(), 0);
    }
    testmem_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines_come),
                                       cmocka_unit_test(test_no_file)};
    int fd = mkstemp(file);
    if (fd < 0)
        return 77;
    close(fd);
    testhost_init(&host);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(file);
    return failed;
}
