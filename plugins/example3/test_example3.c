// SPDX-License-Identifier: Apache-2.0
/* The third example: what a client may change, and what not. */
#include "tree/test_tree.h"

extern const struct smbkit_plugin example3;

static void write_note(const char *path, const char *text)
{
    void *f;
    assert_int_equal(xcreate(path, 0, &f), OK);
    assert_int_equal(xwrite(f, 0, text), OK);
    assert_int_equal(xclose(f), OK);
}

static void expect_free(uint64_t notes)
{
    assert_true(vfs_statfs(&op, vol));
    assert_int_equal(op.statfs.free_bytes, notes * 65536);
}

static void test_board(void **state)
{
    char error[VFS_ERROR_TEXT_MAX];
    const struct smbkit_arg args[] = {{"room", "192K"}};
    void *f;
    testmem_install();
    vfs_op_init(&op, on_done);
    vol = vfs_volume_new(&example3, "s", args, 1, &host.host, error);
    assert_non_null(vol);
    expect_free(3);
    write_note("one", "first");
    assert_int_equal(xcreate("sub", SMBKIT_ATTR_DIRECTORY, &f), OK);
    xclose(f);
    write_note("sub/two", "second");
    write_note("sub/keep", "third");
    expect_free(0);
    assert_int_equal(xcreate("sub/four", 0, &f), SMBKIT_STATUS_DISK_FULL);
    assert_string_equal(xcontent("sub/TWO"), "second");
    assert_int_equal(xrename("one", "sub/first", 0), OK);
    assert_string_equal(xlist("sub"), "two keep first");
    assert_string_equal(xcontent("sub/first"), "first");
    assert_int_equal(xunlink("sub/keep"), SMBKIT_STATUS_CANNOT_DELETE);
    f = must_open("sub/two");
    assert_int_equal(xunlink("sub/two"), OK);
    assert_string_equal(xread(f, 0, 100), "second"); /* as long as it is open */
    expect_free(0);
    xclose(f);
    expect_free(1);
    f = must_open("sub/first");
    assert_true(vfs_set_size(&op, vol, f, 65537));
    assert_int_equal(op.status, OK); /* a document: judged when it is closed */
    assert_int_equal(xclose(f), SMBKIT_STATUS_DISK_FULL);
    vfs_op_clear(&op);
    vfs_volume_unref(vol);
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_board)};
    testhost_init(&host);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
