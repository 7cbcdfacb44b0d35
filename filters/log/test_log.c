// SPDX-License-Identifier: Apache-2.0
/* The log filter before the memory plugin: which lines it writes. */
#include "test_filters.h"
#include <stdlib.h>
#include <unistd.h>

extern const struct smbkit_filter smbkit_filter_log;

static char text[8192];

static void read_back(const char *path)
{
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    size_t n = fread(text, 1, sizeof(text) - 1, in);
    text[n] = '\0';
    fclose(in);
}

static void test_lines(void **state)
{
    char path[] = "/tmp/smbkit-test-log.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    const struct smbkit_arg args[] = {{"file", path}};
    assert_true(open_volume(&smbkit_filter_log, args, 1));
    op.user = "alice";
    void *f = make("new");
    assert_int_equal(put(f, 3, "text"), SMBKIT_STATUS_SUCCESS);
    finish(vfs_read(&op, vol, f, 0, 100));
    assert_int_equal(op.data.len, 7);
    put_away(f);
    finish(vfs_open(&op, vol, &(struct smbkit_open_args){.path = "a\nb"}));
    read_back(path);
    unlink(path);
    static const char *const lines[] = {
        " alice create 'new' -> SUCCESS #1 size 0, ",
        " alice write #1 3+4 -> SUCCESS, ",
        " alice read #1 0+100 -> SUCCESS 7 bytes, ",
        " alice cleanup #1 -> SUCCESS, ",
        " alice close #1 -> SUCCESS, ",
        " alice open 'a?b' -> OBJECT_NAME_NOT_FOUND, ",
    };
    const char *at = text;
    for (size_t i = 0; i < 6; i++) {
        at = strstr(at, lines[i]);
        assert_non_null(at);
        at = strchr(at, '\n') + 1;
    }
    assert_string_equal(at, "");
}

static void test_some(void **state)
{
    char path[] = "/tmp/smbkit-test-log.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    const struct smbkit_arg args[] = {{"file", path}, {"ops", "write"}};
    assert_true(open_volume(&smbkit_filter_log, args, 2));
    void *f = make("new");
    put(f, 0, "text");
    put_away(f);
    read_back(path);
    unlink(path);
    assert_non_null(strstr(text, " - write #1 0+4 -> SUCCESS, "));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void test_memory_out(void **state)
{
    const struct smbkit_arg args[] = {{"file", "/dev/null"}};
    assert_true(open_volume(&smbkit_filter_log, args, 1));
    for (size_t n = 1;; n++) {
        testmem_fail_nth(n);
        void *f = make("new");
        testmem_fail_none();
        if (f != NULL) {
            put_away(f);
            break;
        }
        vfs_op_clear(&op);
    }
}

static void test_bad(void **state)
{
    static const struct smbkit_arg bad[] = {{"file", "/nonexistent/x"}, {"ops", "x"}};
    for (size_t i = 0; i < 2; i++) {
        assert_false(open_volume(&smbkit_filter_log, &bad[i], 1));
        assert_non_null(strstr(error, bad[i].key));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_lines), TEST(test_some), TEST(test_memory_out),
                                       TEST(test_bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
