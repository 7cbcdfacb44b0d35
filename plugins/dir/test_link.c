// SPDX-License-Identifier: Apache-2.0
/* links=reparse: symbolic links are shown as what they are, and left to the client. */
#include "test_bench.h"

static struct dirtest tt, *t = &tt;

static int setup(void **state)
{
    const struct smbkit_arg args[] = {{"links", "reparse"}};
    testmem_install();
    dirtest_init(t);
    return !dirtest_open_volume(t, args, 1);
}

static int teardown(void **state)
{
    dirtest_end(t);
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
    return 0;
}

static void put_link(const char *name, const char *to)
{
    assert_int_equal(symlink(to, disk(t, name).text), 0);
}

static smbkit_status open_flags(const char *path, uint32_t access, uint32_t flags)
{
    const struct smbkit_open_args args = {.path = path, .access = access, .flags = flags};
    return XWAIT(t, vfs_open(&t->op, t->vol, &args));
}

/* The answer is a link to `target`, whose characters are ASCII. */
static void check_buffer(const char *target, bool relative)
{
    size_t n = strlen(target);
    const uint8_t *p = t->op.blob;
    assert_int_equal(t->op.blob_len, 20 + 4 * n);
    const uint8_t tag[] = {0x0c, 0, 0, 0xa0};
    assert_memory_equal(p, tag, 4);
    assert_int_equal(p[4], 12 + 4 * n);
    assert_int_equal(p[10], 2 * n);
    assert_int_equal(p[12], 2 * n);
    assert_int_equal(p[16], relative);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(p[20 + 2 * i], target[i] == '/' ? '\\' : target[i]);
        assert_int_equal(p[20 + 2 * n + 2 * i], target[i] == '/' ? '\\' : target[i]);
    }
}

static void test_stopped(void **state)
{
    make(t, "Dir", SMBKIT_ATTR_DIRECTORY);
    make(t, "Dir/file", 0);
    put_link("Dir/link", "file");
    put_link("out", "../../etc");
    assert_int_equal(open_flags("dir/LINK", 1, 0), SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    assert_int_equal(t->op.reparse_at, 8);
    check_buffer("file", true);
    assert_int_equal(open_flags("OUT/passwd", 1, SMBKIT_OPEN_REPARSE_POINT),
                     SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    assert_int_equal(t->op.reparse_at, 3);
    check_buffer("../../etc", true);
    assert_int_equal(open_flags("dir/link/x/y", 1, 0), SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    assert_int_equal(t->op.reparse_at, 8);
    assert_int_equal(XWAIT(t, vfs_path_sd(&t->op, t->vol, "out/x")),
                     SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    void *f;
    assert_int_equal(xcreate(t, "out/new", 0, &f), SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    assert_int_equal(xcreate(t, "OUT", 0, &f), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(status_of(t, "dir/file/x"), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    f = must_open(t, "dir/file");
    assert_int_equal(xrename(t, f, "out/f", 0), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    xclose(t, f);
}

static void test_itself(void **state)
{
    make(t, "dir", SMBKIT_ATTR_DIRECTORY);
    make(t, "dir/file", 0);
    put_link("dir/link", "/etc/passwd");
    put_link("folder", "dir");
    assert_string_equal(listing(t, "dir"), "file link ");
    assert_int_equal(open_flags("dir/link", ACCESS_FULL, SMBKIT_OPEN_REPARSE_POINT),
                     SMBKIT_STATUS_SUCCESS);
    void *f = t->op.opened;
    assert_int_equal(t->op.attr.attributes & (SMBKIT_ATTR_REPARSE_POINT | SMBKIT_ATTR_DIRECTORY),
                     SMBKIT_ATTR_REPARSE_POINT);
    assert_int_equal(t->op.attr.reparse_tag, DIR_TAG_SYMLINK);
    assert_int_equal(XWAIT(t, vfs_get_reparse(&t->op, t->vol, f)), SMBKIT_STATUS_SUCCESS);
    check_buffer("/etc/passwd", false);
    assert_int_equal(XWAIT(t, vfs_read(&t->op, t->vol, f, 0, 10)), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(XWAIT(t, vfs_get_sd(&t->op, t->vol, f)), SMBKIT_STATUS_NOT_FOUND);
    /* it is the link that is renamed and removed */
    assert_int_equal(xrename(t, f, "moved", 0), SMBKIT_STATUS_SUCCESS);
    assert_true(disk_has(t, "moved") && !disk_has(t, "dir/link"));
    assert_int_equal(xdelete(t, f), SMBKIT_STATUS_SUCCESS);
    assert_false(disk_has(t, "moved"));
    assert_int_equal(open_flags("folder", 1, SMBKIT_OPEN_REPARSE_POINT), SMBKIT_STATUS_SUCCESS);
    f = t->op.opened;
    assert_int_equal(t->op.attr.attributes & (SMBKIT_ATTR_REPARSE_POINT | SMBKIT_ATTR_DIRECTORY),
                     SMBKIT_ATTR_REPARSE_POINT | SMBKIT_ATTR_DIRECTORY);
    assert_int_equal(xdelete(t, f), SMBKIT_STATUS_SUCCESS);
    assert_false(disk_has(t, "folder"));
    assert_true(disk_has(t, "dir/file"));
    f = must_open(t, "dir/file");
    assert_int_equal(XWAIT(t, vfs_get_reparse(&t->op, t->vol, f)),
                     SMBKIT_STATUS_NOT_A_REPARSE_POINT);
    xclose(t, f);
}

/* What cannot be said to a client is refused. */
static void test_unspeakable(void **state)
{
    put_link("colon", "a:b");
    put_link("wide", "\xf0\x9f\x98\x80"); /* U+1F600 */
    assert_int_equal(open_flags("colon", 1, 0), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(open_flags("wide", 1, 0), SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    const uint8_t want[] = {0x3d, 0xd8, 0x00, 0xde};
    assert_int_equal(t->op.blob_len, 28);
    assert_memory_equal(t->op.blob + 20, want, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unspeakable, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
