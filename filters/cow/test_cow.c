// SPDX-License-Identifier: Apache-2.0
/* The cow filter: as the memory plugin alone, while what is below stays as it is. */
#include "test_twins.h"

extern const struct smbkit_filter smbkit_filter_cow;

static struct side low, plain, cow;

/* The same files in both memories. */
static void populate(struct side *s)
{
    static const char *const folders[] = {"d", "e", "e/f"};
    static const char *const names[] = {"a", "b", "d/a", "d/b", "e/f/g", "e/a"};
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        s->h[0] = NULL;
        const struct twin_op o = {.path = folders[i], .flag = true};
        assert_int_equal(twin_open(s, &o), SMBKIT_STATUS_SUCCESS);
        side_put(s, 0, NULL, 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct twin_op o = {.path = names[i]};
        char bytes[30000];
        for (size_t k = 0; k < sizeof(bytes); k++)
            bytes[k] = (char)(k / 7 * (i + 1));
        assert_int_equal(twin_open(s, &o), SMBKIT_STATUS_SUCCESS);
        DO(s, vfs_write, s->h[0], 0, bytes, (uint32_t)(5000 * i));
        side_put(s, 0, NULL, 0);
    }
}

/* `plain` has a memory of its own, `cow` stands on that of `low`. */
static void make_sides(const struct smbkit_arg *args, size_t count)
{
    char error[VFS_ERROR_TEXT_MAX];
    const struct vfs_filter filter = {&smbkit_filter_cow, args, count};
    twins_init();
    side_open(&plain, vfs_volume_new(&smbkit_plugin_memory, "p", NULL, 0, &host.host, error));
    side_open(&low, shared_volume(NULL, 0));
    side_open(&cow, shared_volume(&filter, 1));
    populate(&low);
    populate(&plain);
}

static void free_sides(void)
{
    side_close(&cow);
    side_close(&low);
    side_close(&plain);
}

static void random_operations(const struct smbkit_arg *args, size_t count, uint64_t first)
{
    for (uint64_t seed = first; seed < first + 15; seed++) {
        make_sides(args, count);
        struct dump *before = dump_new(&low);
        run_twins(&plain, &cow, seed, 600, NULL);
        struct dump *after = dump_new(&low);
        assert_string_equal(before->text, after->text);
        free(before);
        free(after);
        free_sides();
        assert_int_equal(testmem_live(), 0);
    }
}

static void test_in_memory(void **state)
{
    random_operations(NULL, 0, 1);
}

static void test_on_disk(void **state)
{
    const struct smbkit_arg arg = {"dir", "/tmp"};
    random_operations(&arg, 1, 100);
}

/* Whatever fails, nothing below changes, nothing is lost or leaks, and it works again afterwards.
 */
static void test_memory_out(void **state)
{
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct testrand r = {seed};
        make_sides(NULL, 0);
        struct dump *before = dump_new(&low);
        testmem_fail_share(100, seed);
        for (int i = 0; i < 300; i++) {
            struct twin_op o = some_op(&r);
            if (allowed(&cow, &o))
                twin_do(&cow, &o);
        }
        testmem_fail_none();
        free(dump_new(&cow));
        struct dump *after = dump_new(&low);
        assert_string_equal(before->text, after->text);
        free(before);
        free(after);
        free_sides();
        assert_int_equal(testmem_live(), 0);
    }
}

static void *open_file(struct side *s, const char *path)
{
    assert_int_equal(DO(s, vfs_open, &(struct smbkit_open_args){.path = path, .access = 3}),
                     SMBKIT_STATUS_SUCCESS);
    return s->op.opened;
}

static void assert_range(unsigned i, uint64_t offset, uint64_t length)
{
    assert_true(i < cow.op.range_count);
    assert_int_equal(cow.op.ranges[i].offset, offset);
    assert_int_equal(cow.op.ranges[i].length, length);
}

/* Of a sparse file: what is below, and the blocks that were written behind it. */
static void test_ranges(void **state)
{
    make_sides(NULL, 0);
    cow.h[0] = open_file(&cow, "d/a"); /* 10000 bytes */
    DO(&cow, vfs_set_sparse, cow.h[0], true);
    DO(&cow, vfs_write, cow.h[0], 1 << 20, "x", 1);
    DO(&cow, vfs_write, cow.h[0], (1 << 20) + 4096, "x", 1);
    DO(&cow, vfs_set_size, cow.h[0], 4 << 20);
    DO(&cow, vfs_allocated_ranges, cow.h[0], 0, 8 << 20);
    assert_int_equal(cow.op.range_count, 2);
    assert_range(0, 0, 10000);
    assert_range(1, 1 << 20, 8192);
    DO(&cow, vfs_allocated_ranges, cow.h[0], 100, 1 << 20);
    assert_int_equal(cow.op.range_count, 2);
    assert_range(0, 100, 9900);
    assert_range(1, 1 << 20, 100);
    DO(&cow, vfs_zero_range, cow.h[0], 0, 2 << 20);
    DO(&cow, vfs_allocated_ranges, cow.h[0], 0, 8 << 20);
    assert_int_equal(cow.op.range_count, 0);
    free_sides();
}

static void test_limit(void **state)
{
    const struct smbkit_arg arg = {"size", "200K"};
    static const char bytes[150000];
    make_sides(&arg, 1);
    cow.h[0] = open_file(&cow, "a");
    cow.h[1] = open_file(&cow, "b");
    assert_int_equal(DO(&cow, vfs_write, cow.h[0], 0, bytes, sizeof(bytes)), 0);
    assert_int_equal(DO(&cow, vfs_write, cow.h[1], 0, bytes, sizeof(bytes)),
                     SMBKIT_STATUS_DISK_FULL);
    DO(&cow, vfs_getattr, cow.h[1]);
    assert_int_equal(cow.op.attr.size, 5000);
    DO(&cow, vfs_set_size, cow.h[0], 0);
    assert_int_equal(DO(&cow, vfs_write, cow.h[1], 0, bytes, sizeof(bytes)), 0);
    side_put(&cow, 1, NULL, SMBKIT_CLEANUP_DELETE);
    wait_for(&cow, vfs_statfs(&cow.op, cow.vol));
    assert_int_equal(cow.op.statfs.free_bytes, 200 * 1024);
    free_sides();
}

/* A security descriptor is the one below until it is set; deleting leaves none behind. */
static void test_security(void **state)
{
    make_sides(NULL, 0);
    low.h[0] = open_file(&low, "a");
    DO(&low, vfs_set_sd, low.h[0], "below", 5);
    assert_int_equal(DO(&cow, vfs_path_sd, "a"), SMBKIT_STATUS_SUCCESS);
    assert_memory_equal(cow.op.blob, "below", 5);
    cow.h[0] = open_file(&cow, "A");
    assert_string_equal(cow.op.true_path != NULL ? cow.op.true_path : "?", "a");
    DO(&cow, vfs_get_sd, cow.h[0]);
    assert_memory_equal(cow.op.blob, "below", 5);
    assert_int_equal(DO(&cow, vfs_set_sd, cow.h[0], "here", 4), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(DO(&cow, vfs_path_sd, "a"), SMBKIT_STATUS_SUCCESS);
    assert_memory_equal(cow.op.blob, "here", 4);
    DO(&low, vfs_get_sd, low.h[0]);
    assert_memory_equal(low.op.blob, "below", 5);
    side_put(&cow, 0, NULL, SMBKIT_CLEANUP_DELETE);
    assert_int_equal(DO(&cow, vfs_path_sd, "a"), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(DO(&cow, vfs_create, &(struct smbkit_create_args){.path = "a"}), 0);
    cow.h[0] = cow.op.opened;
    assert_int_equal(DO(&cow, vfs_path_sd, "a"), SMBKIT_STATUS_NOT_FOUND);
    free_sides();
}

static void test_no_such_dir(void **state)
{
    const struct smbkit_arg arg = {"dir", "/nonexistent"};
    const struct vfs_filter filter = {&smbkit_filter_cow, &arg, 1};
    char error[VFS_ERROR_TEXT_MAX];
    twins_init();
    assert_null(vfs_volume_new_filtered(&smbkit_plugin_memory, "s", NULL, 0, &filter, 1, &host.host,
                                        error));
    assert_non_null(strstr(error, "dir=/nonexistent: No such file or directory"));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, twin_setup, twin_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_in_memory), TEST(test_on_disk),  TEST(test_memory_out),  TEST(test_ranges),
        TEST(test_limit),     TEST(test_security), TEST(test_no_such_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
