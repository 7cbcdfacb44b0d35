// SPDX-License-Identifier: Apache-2.0
/* Copies within the share: bytes, what is refused, and clones where the disk can share blocks. */
#include "test_bench.h"

static struct dirtest tt, *t = &tt;

static int setup(void **state)
{
    return dirtest_setup(t, NULL, 0);
}

static int teardown(void **state)
{
    return dirtest_teardown(t);
}

#define SIZE (1u << 20)

static uint8_t pattern[SIZE];

static void *source(const char *name)
{
    for (size_t i = 0; i < SIZE; i++)
        pattern[i] = (uint8_t)(i * 7 + i / 4096);
    void *f = must_create(t, name, 0);
    assert_int_equal(XWAIT(t, vfs_write(&t->op, t->vol, f, 0, pattern, SIZE)), 0);
    return f;
}

static smbkit_status copy(void *from, uint64_t at, void *to, uint64_t where, uint64_t length,
                          uint32_t flags)
{
    const struct smbkit_copy_args args = {from, at, where, length, flags};
    return XWAIT(t, vfs_copy_range(&t->op, t->vol, to, &args));
}

static void check_bytes(void *f, uint64_t at, const uint8_t *want, uint32_t length)
{
    assert_int_equal(XWAIT(t, vfs_read(&t->op, t->vol, f, at, length)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.data.len, length);
    assert_memory_equal(t->op.data.data, want, length);
}

static void test_copy(void **state)
{
    void *a = source("a"), *b = must_create(t, "b", 0);
    assert_int_equal(copy(a, 100, b, 5000, 300000, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.size, 305000);
    check_bytes(b, 5000, pattern + 100, 300000);
    const uint8_t zeros[5000] = {0};
    check_bytes(b, 0, zeros, sizeof(zeros));
    /* within one file */
    assert_int_equal(copy(a, 0, a, SIZE / 2, 1000, 0), SMBKIT_STATUS_SUCCESS);
    check_bytes(a, SIZE / 2, pattern, 1000);
    check_bytes(a, SIZE / 2 + 1000, pattern + SIZE / 2 + 1000, 1000);
    xclose(t, a);
    xclose(t, b);
}

static void test_refused(void **state)
{
    void *a = source("a"), *dir = must_create(t, "dir", SMBKIT_ATTR_DIRECTORY), *looked, *stream;
    assert_int_equal(copy(a, 0, dir, 0, 10, 0), SMBKIT_STATUS_NOT_SUPPORTED);
    assert_int_equal(copy(dir, 0, a, 0, 10, 0), SMBKIT_STATUS_NOT_SUPPORTED);
    make(t, "b", 0);
    assert_int_equal(xopen_as(t, "b", 0x80, &looked), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(copy(a, 0, looked, 0, 10, 0), SMBKIT_STATUS_NOT_SUPPORTED);
    const struct smbkit_create_args args = {.path = "b", .stream = "s", .access = ACCESS_FULL};
    if (XWAIT(t, vfs_create(&t->op, t->vol, &args)) == SMBKIT_STATUS_SUCCESS) {
        stream = t->op.opened;
        assert_int_equal(copy(a, 0, stream, 0, 10, 0), SMBKIT_STATUS_NOT_SUPPORTED);
        assert_int_equal(copy(stream, 0, a, 0, 10, 0), SMBKIT_STATUS_NOT_SUPPORTED);
        xclose(t, stream);
    }
    xclose(t, looked);
    xclose(t, a);
    xclose(t, dir);
}

static void test_clone(void **state)
{
    void *a = source("a"), *b = must_create(t, "b", 0);
    bool can = (vfs_volume_capabilities(t->vol) & SMBKIT_CAP_CLONE) != 0;
    smbkit_status st = copy(a, 0, b, 0, SIZE, SMBKIT_COPY_CLONE);
    if (can) {
        assert_int_equal(st, SMBKIT_STATUS_SUCCESS);
        check_bytes(b, 0, pattern, SIZE);
        /* parts of blocks cannot be shared */
        assert_int_equal(copy(a, 1, b, 1, 10, SMBKIT_COPY_CLONE), SMBKIT_STATUS_NOT_SUPPORTED);
        check_bytes(b, 0, pattern, SIZE);
    } else {
        print_message("files cannot share blocks here: only the refusal is tested\n");
        assert_int_equal(st, SMBKIT_STATUS_NOT_SUPPORTED);
    }
    xclose(t, a);
    xclose(t, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clone, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
