// SPDX-License-Identifier: Apache-2.0
/* Named streams and extended attributes of the dir plugin, and how they lie on the disk. */
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

static void *sopen(const char *path, const char *stream, smbkit_status want)
{
    const struct smbkit_open_args a = {.path = path, .stream = stream, .access = ACCESS_FULL};
    assert_int_equal(XWAIT(t, vfs_open(&t->op, t->vol, &a)), want);
    return t->op.opened;
}

static void *screate(const char *path, const char *stream, smbkit_status want)
{
    const struct smbkit_create_args a = {.path = path, .stream = stream, .access = ACCESS_FULL};
    assert_int_equal(XWAIT(t, vfs_create(&t->op, t->vol, &a)), want);
    return t->op.opened;
}

static void put(void *file, uint64_t offset, const char *text)
{
    assert_int_equal(
        XWAIT(t, vfs_write(&t->op, t->vol, file, offset, text, (uint32_t)strlen(text))),
        SMBKIT_STATUS_SUCCESS);
}

static void expect(void *file, const char *text, size_t len)
{
    assert_int_equal(XWAIT(t, vfs_read(&t->op, t->vol, file, 0, 100)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.data.len, len);
    assert_memory_equal(t->op.data.data, text, len);
}

static void test_streams(void **state)
{
    char value[100];
    screate("none", "s", SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    void *f = screate("f", NULL, SMBKIT_STATUS_SUCCESS);
    uint64_t id = t->op.attr.file_id;
    sopen("f", "one", SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    void *one = screate("F", "One", SMBKIT_STATUS_SUCCESS);
    assert_true(t->op.attr.file_id == id);
    screate("f", "oNE", SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    put(one, 2, "data");
    expect(one, "\0\0data", 6);
    expect(f, "", 0);
    /* as Samba has it */
    assert_int_equal(getxattr(disk(t, "f").text, "user.DosStream.One:$DATA", value, 100), 7);
    assert_memory_equal(value, "\0\0data\0", 7);
    assert_int_equal(setxattr(disk(t, "f").text, "user.DosStream.two:$DATA", "2\0", 2, 0), 0);
    void *two = sopen("f", "TWO", SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.size, 1);
    expect(two, "2", 1);
    assert_int_equal(XWAIT(t, vfs_list_streams(&t->op, t->vol, two)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.stream_count, 3);
    assert_string_equal(t->op.streams[0].name, "");
    assert_int_equal(XWAIT(t, vfs_set_size(&t->op, t->vol, one, 3)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.size, 3);
    assert_int_equal(XWAIT(t, vfs_write(&t->op, t->vol, one, 1 << 20, "x", 1)),
                     SMBKIT_STATUS_DISK_FULL);
    /* a deleted stream keeps its bytes for who has it open */
    void *again = sopen("f", "one", SMBKIT_STATUS_SUCCESS);
    assert_int_equal(xdelete(t, one), SMBKIT_STATUS_SUCCESS);
    sopen("f", "one", SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    expect(again, "\0\0d", 3);
    put(again, 3, "!");
    expect(again, "\0\0d!", 4);
    void *new = screate("f", "one", SMBKIT_STATUS_SUCCESS);
    expect(new, "", 0);
    xclose(t, new);
    assert_int_equal(xdelete(t, again), SMBKIT_STATUS_SUCCESS);
    xclose(t, sopen("f", "one", SMBKIT_STATUS_SUCCESS));
    xclose(t, two);
    xclose(t, f);
}

static void test_streams_of_folders(void **state)
{
    make(t, "d", SMBKIT_ATTR_DIRECTORY);
    void *s = screate("d", "s", SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.attributes & SMBKIT_ATTR_DIRECTORY, 0);
    put(s, 0, "data");
    expect(s, "data", 4);
    xclose(t, s);
    s = screate("", "of the root", SMBKIT_STATUS_SUCCESS);
    assert_int_equal(xdelete(t, s), SMBKIT_STATUS_SUCCESS);
}

static smbkit_status srename(void *file, const char *to, uint32_t flags)
{
    return XWAIT(t, vfs_rename_stream(&t->op, t->vol, file, to, flags));
}

static void test_rename_stream(void **state)
{
    void *f = screate("f", NULL, SMBKIT_STATUS_SUCCESS);
    void *one = screate("f", "one", SMBKIT_STATUS_SUCCESS);
    void *two = screate("f", "two", SMBKIT_STATUS_SUCCESS);
    put(f, 0, "the file");
    put(one, 0, "first");
    put(two, 0, "second");
    assert_int_equal(srename(f, "x", 0), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(srename(one, "ONE", 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(srename(one, "two", 0), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(srename(one, "two", SMBKIT_RENAME_REPLACE), SMBKIT_STATUS_SUCCESS);
    expect(two, "second", 6);
    xclose(t, two);
    assert_int_equal(srename(one, "", 0), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(srename(one, "", SMBKIT_RENAME_REPLACE), SMBKIT_STATUS_SUCCESS);
    expect(f, "first", 5);
    assert_int_equal(XWAIT(t, vfs_list_streams(&t->op, t->vol, f)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.stream_count, 1); /* itself */
    xclose(t, one);
    xclose(t, f);
}

static void test_eas(void **state)
{
    static const char big[65535];
    void *f = screate("f", NULL, SMBKIT_STATUS_SUCCESS);
    const struct smbkit_ea first[] = {{"ONE", "1", 1, 0}, {"TWO", "22", 2, 0}};
    assert_int_equal(XWAIT(t, vfs_set_eas(&t->op, t->vol, f, first, 2)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.ea_size, 4 + 5 + 3 + 1 + 5 + 3 + 2);
    assert_int_equal(getxattr(disk(t, "f").text, "user.TWO", NULL, 0), 2);
    const struct smbkit_ea next[] = {
        {"one", "x", 1, 0}, {"two", "", 0, 0}, {"three", "y", 1, 0}, {"One", "111", 3, 0}};
    assert_int_equal(XWAIT(t, vfs_set_eas(&t->op, t->vol, f, next, 4)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(XWAIT(t, vfs_get_eas(&t->op, t->vol, f)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.ea_count, 2);
    /* all or nothing */
    const struct smbkit_ea large[] = {
        {"one", "z", 1, 0}, {"four", "4", 1, 0}, {"BIG", big, 65535, 0}};
    assert_int_equal(XWAIT(t, vfs_set_eas(&t->op, t->vol, f, large, 3)),
                     SMBKIT_STATUS_EA_TOO_LARGE);
    assert_int_equal(XWAIT(t, vfs_get_eas(&t->op, t->vol, f)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.ea_count, 2);
    for (size_t i = 0; i < 2; i++)
        if (strcmp(t->op.eas[i].name, "ONE") == 0)
            assert_memory_equal(t->op.eas[i].value, "111", 3);
    /* what means something else is out of reach */
    const struct smbkit_ea ours[] = {{"DOSATTRIB", "x", 1, 0},
                                     {"DosStream.x:$DATA", "x", 1, 0},
                                     {"dosstream.x:$DATA", "x", 1, 0},
                                     {"NtAcl", "x", 1, 0},
                                     {"SAMBA_PAI", "x", 1, 0}};
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        assert_int_equal(XWAIT(t, vfs_set_eas(&t->op, t->vol, f, &ours[i], 1)),
                         SMBKIT_STATUS_ACCESS_DENIED);
    xclose(t, f);
}

static void test_overwrite(void **state)
{
    const struct smbkit_ea ea = {"A", "v", 1, 0};
    void *f = screate("f", NULL, SMBKIT_STATUS_SUCCESS);
    void *s = screate("f", "s", SMBKIT_STATUS_SUCCESS);
    put(f, 0, "file");
    put(s, 0, "stream");
    assert_int_equal(XWAIT(t, vfs_set_eas(&t->op, t->vol, f, &ea, 1)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(XWAIT(t, vfs_overwrite(&t->op, t->vol, s)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.size, 0);
    expect(f, "file", 4);
    put(s, 0, "stream");
    assert_int_equal(XWAIT(t, vfs_overwrite(&t->op, t->vol, f)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.size, 0);
    assert_int_equal(t->op.attr.ea_size, 0);
    sopen("f", "s", SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    expect(s, "stream", 6);
    xclose(t, s);
    xclose(t, f);
}

/* Each allocation fails once. */
static void session(void)
{
    const struct smbkit_ea ea = {"NAME", "value", 5, 0};
    void *f, *s = NULL;
    if (xcreate(t, "f", 0, &f) != SMBKIT_STATUS_SUCCESS)
        return;
    const struct smbkit_create_args a = {.path = "f", .stream = "s", .access = ACCESS_FULL};
    if (XWAIT(t, vfs_create(&t->op, t->vol, &a)) == SMBKIT_STATUS_SUCCESS)
        s = t->op.opened;
    XWAIT(t, vfs_set_eas(&t->op, t->vol, f, &ea, 1));
    XWAIT(t, vfs_get_eas(&t->op, t->vol, f));
    if (s != NULL) {
        XWAIT(t, vfs_write(&t->op, t->vol, s, 0, "data", 4));
        srename(s, "a longer name", 0);
        XWAIT(t, vfs_list_streams(&t->op, t->vol, s));
    }
    XWAIT(t, vfs_overwrite(&t->op, t->vol, f));
    if (s != NULL) {
        XWAIT(t, vfs_write(&t->op, t->vol, s, 0, "more", 4));
        xclose(t, s);
    }
    xdelete(t, f);
    vfs_op_clear(&t->op);
}

static void test_memory_out(void **state)
{
    dirtest_close_volume(t);
    for (size_t n = 1;; n++) {
        assert_true(dirtest_open_volume(t, NULL, 0));
        testmem_fail_nth(n);
        session();
        bool failed = testmem_failed() > 0;
        testmem_fail_none();
        dirtest_close_volume(t);
        assert_int_equal(testmem_live(), 0);
        (void)unlink(disk(t, "f").text);
        if (!failed)
            break;
    }
}

static bool compressed(void *file)
{
    assert_int_equal(XWAIT(t, vfs_getattr(&t->op, t->vol, file)), SMBKIT_STATUS_SUCCESS);
    return (t->op.attr.attributes & SMBKIT_ATTR_COMPRESSED) != 0;
}

/* Where the disk does it; elsewhere the volume says that it does not. */
static void test_compression(void **state)
{
    if (!(vfs_volume_capabilities(t->vol) & SMBKIT_CAP_COMPRESSION))
        skip();
    void *d = must_create(t, "d", SMBKIT_ATTR_DIRECTORY);
    assert_false(compressed(d));
    assert_int_equal(XWAIT(t, vfs_set_compression(&t->op, t->vol, d, true)), SMBKIT_STATUS_SUCCESS);
    assert_true(t->op.attr.attributes & SMBKIT_ATTR_COMPRESSED);
    void *f = must_create(t, "d/f", 0);
    void *s = screate("d/f", "s", SMBKIT_STATUS_SUCCESS);
    assert_true(compressed(f));
    assert_false(compressed(s));
    assert_int_equal(XWAIT(t, vfs_set_compression(&t->op, t->vol, s, true)),
                     SMBKIT_STATUS_NOT_SUPPORTED);
    assert_int_equal(XWAIT(t, vfs_set_compression(&t->op, t->vol, f, false)),
                     SMBKIT_STATUS_SUCCESS);
    assert_false(compressed(f));
    const struct smbkit_create_args a = {.path = "d/g", .flags = SMBKIT_CREATE_NO_COMPRESSION};
    assert_int_equal(XWAIT(t, vfs_create(&t->op, t->vol, &a)), SMBKIT_STATUS_SUCCESS);
    void *g = t->op.opened;
    assert_false(compressed(g));
    xclose(t, g);
    xclose(t, s);
    xclose(t, f);
    xclose(t, d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_streams, setup, teardown),
        cmocka_unit_test_setup_teardown(test_streams_of_folders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rename_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(test_compression, setup, teardown),
        cmocka_unit_test_setup_teardown(test_eas, setup, teardown),
        cmocka_unit_test_setup_teardown(test_overwrite, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_out, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
