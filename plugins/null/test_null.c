// SPDX-License-Identifier: Apache-2.0
/* The null plugin, driven through vfs/ as the server does. */
#include "base/testmem.h"
#include "null.h"
#include "vfs/testhost.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct testhost host;
static struct vfs_volume *vol;
static struct vfs_op op;

static void on_done(struct vfs_op *o)
{
    fail_msg("%s came later", vfs_code_name(o->code));
}

static char error[VFS_ERROR_TEXT_MAX];

static bool open_volume(const struct smbkit_arg *args, size_t count)
{
    vol = vfs_volume_new(&smbkit_plugin_null, "n", args, count, &host.host, error);
    vfs_op_init(&op, on_done);
    return vol != NULL;
}

static int setup(void **state)
{
    testmem_install();
    testhost_init(&host);
    return 0;
}

static int teardown(void **state)
{
    vfs_op_clear(&op);
    if (vol != NULL)
        vfs_volume_unref(vol);
    vol = NULL;
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
    return 0;
}

static void *must_open(const char *path)
{
    assert_true(vfs_open(&op, vol, &(struct smbkit_open_args){.path = path}));
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    return op.opened;
}

static smbkit_status try_create(const char *path, uint32_t attributes)
{
    assert_true(
        vfs_create(&op, vol, &(struct smbkit_create_args){.path = path, .attributes = attributes}));
    return op.status;
}

static void xclose(void *file)
{
    assert_true(vfs_cleanup(&op, vol, file, 0));
    assert_true(vfs_close(&op, vol, file));
}

static void test_parameters(void **state)
{
    const struct smbkit_arg bad[] = {{"content", "noise"}, {"name", "a/b"}, {"name", ""}};
    for (size_t i = 0; i < 3; i++) {
        assert_false(open_volume(&bad[i], 1));
        assert_non_null(strstr(error, bad[i].key));
    }
}

static void test_zeros(void **state)
{
    assert_true(open_volume(NULL, 0));
    void *f = must_open("DATA");
    assert_string_equal(op.true_path, "data");
    assert_int_equal(op.attr.size, 1ull << 40);
    assert_true(vfs_read(&op, vol, f, (1ull << 40) - 5, 100));
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(op.data.len, 5);
    assert_memory_equal(op.data.data, "\0\0\0\0", 5);
    assert_true(vfs_read(&op, vol, f, 0, 9u << 20)); /* longer than the zeros in place */
    assert_int_equal(op.data.len, 9u << 20);
    assert_true(vfs_read(&op, vol, f, 1ull << 40, 1));
    assert_int_equal(op.data.len, 0);
    xclose(f);
}

static void test_pattern(void **state)
{
    const struct smbkit_arg args[] = {{"content", "pattern"}, {"size", "1000"}};
    assert_true(open_volume(args, 2));
    void *f = must_open("data");
    for (uint64_t from = 0; from < 20; from++) {
        assert_true(vfs_read(&op, vol, f, 250 + from, 30));
        assert_int_equal(op.data.len, 30);
        for (uint64_t i = 0; i < 30; i++) {
            uint64_t at = 250 + from + i;
            assert_int_equal(op.data.data[i], (uint8_t)((at & ~7ull) >> (8 * (at & 7))));
        }
    }
    xclose(f);
}

static void test_writes(void **state)
{
    assert_true(open_volume(NULL, 0));
    assert_int_equal(try_create("new", 0), SMBKIT_STATUS_SUCCESS);
    void *f = op.opened;
    assert_true(vfs_write(&op, vol, f, 1ull << 40, "abc", 3));
    assert_int_equal(op.attr.size, (1ull << 40) + 3);
    assert_true(vfs_write(&op, vol, f, 0, "abc", 3));
    assert_int_equal(op.attr.size, (1ull << 40) + 3);
    assert_true(vfs_write(&op, vol, f, INT64_MAX, "abc", 3));
    assert_int_equal(op.status, SMBKIT_STATUS_DISK_FULL);
    assert_true(vfs_set_size(&op, vol, f, 7));
    assert_true(vfs_read(&op, vol, f, 0, 100));
    assert_int_equal(op.data.len, 7);
    xclose(f);
    assert_true(vfs_open(&op, vol, &(struct smbkit_open_args){.path = "new"}));
    assert_int_equal(op.status, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
}

static void test_names(void **state)
{
    assert_true(open_volume(NULL, 0));
    assert_int_equal(try_create("Data", 0), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(try_create("d", SMBKIT_ATTR_DIRECTORY), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(try_create("d/f", 0), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    void *root = must_open("");
    assert_true(vfs_readdir(&op, vol, root, &(struct smbkit_readdir_args){.pattern = "*"}));
    assert_int_equal(op.dirent_count, 1);
    assert_true(op.dir_end);
    assert_true(vfs_read(&op, vol, root, 0, 1));
    assert_int_equal(op.status, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    assert_true(vfs_cleanup(&op, vol, root, SMBKIT_CLEANUP_DELETE));
    assert_int_equal(op.status, SMBKIT_STATUS_CANNOT_DELETE);
    assert_true(vfs_close(&op, vol, root));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parameters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_zeros, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pattern, setup, teardown),
        cmocka_unit_test_setup_teardown(test_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
