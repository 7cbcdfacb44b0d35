// SPDX-License-Identifier: Apache-2.0
/* The first example, as a client sees it. */
#include "tree/test_tree.h"

extern const struct smbkit_plugin example1;

static void test_example(void **state)
{
    char error[VFS_ERROR_TEXT_MAX], path[64];
    void *f;
    testmem_install();
    vfs_op_init(&op, on_done);
    vol = vfs_volume_new(&example1, "s", NULL, 0, &host.host, error);
    assert_non_null(vol);
    assert_string_equal(xlist(""), "greetings readme.txt poem.txt user.txt folder.ico desktop.ini");
    assert_non_null(strstr(xcontent("POEM.txt"), "constant"));
    assert_string_equal(xcontent("user.txt"), "alice");
    f = must_open("user.txt");
    assert_int_equal(op.attr.flags, SMBKIT_FILE_NO_CACHE);
    xclose(f);
    user = "";
    assert_string_equal(xcontent("user.txt"), "");
    assert_string_equal(xlist("greetings"), "");
    assert_string_equal(xcontent("greetings/hello-you.txt"), "Hello, you!\r\n");
    assert_int_equal(xopen("greetings/hello-you", &f), MISSING);
    assert_int_equal(xopen("greetings/bye.txt", &f), MISSING);
    for (int i = 0; i < 150; i++) {
        snprintf(path, sizeof(path), "greetings/hello-%d.txt", i);
        xclose(must_open(path));
    }
    f = must_open("greetings");
    assert_true(vfs_readdir(&op, vol, f, &(struct smbkit_readdir_args){0, "*", 0}));
    assert_int_equal(op.dirent_count, 100);
    xclose(f);
    f = must_open("folder.ico");
    assert_int_equal(op.attr.size, 198);
    xclose(f);
    vfs_op_clear(&op);
    vfs_volume_unref(vol);
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_example)};
    testhost_init(&host);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
