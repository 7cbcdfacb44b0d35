// SPDX-License-Identifier: Apache-2.0
/*
 * The memory plugin beyond plain files: named streams, extended attributes, security descriptors,
 * the sparse attribute, reparse points, compression, clones. Each test ends with everything given
 * back.
 */
#include "test_memory.h"

static uint64_t empty;

static int setup_empty(void **state)
{
    int failed = setup(state);
    empty = used();
    return failed;
}

static void *create(const char *path, const char *stream, uint32_t attributes, smbkit_status want)
{
    const struct smbkit_create_args a = {.path = path, .stream = stream, .attributes = attributes};
    assert_true(vfs_create(&op, vol, &a));
    assert_int_equal(op.status, want);
    return op.opened;
}

static void *open_as(const char *path, const char *stream, uint32_t flags, smbkit_status want)
{
    const struct smbkit_open_args a = {.path = path, .stream = stream, .flags = flags};
    assert_true(vfs_open(&op, vol, &a));
    assert_int_equal(op.status, want);
    return op.opened;
}

static void shut(void *file, uint32_t flags)
{
    assert_true(vfs_cleanup(&op, vol, file, flags));
    assert_int_equal(op.status, OK);
    assert_true(vfs_close(&op, vol, file));
}

static void put(void *file, const char *text)
{
    assert_true(vfs_write(&op, vol, file, 0, text, (uint32_t)strlen(text)));
    assert_int_equal(op.status, OK);
}

static void expect(void *file, const char *text)
{
    assert_true(vfs_read(&op, vol, file, 0, 100));
    assert_int_equal(op.data.len, strlen(text));
    assert_memory_equal(op.data.data, text, strlen(text));
}

/* --- streams --- */

static void test_streams(void **state)
{
    create("none", "s", 0, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    void *f = create("f", NULL, 0, OK);
    uint64_t id = op.attr.file_id;
    open_as("f", "one", 0, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    void *one = create("f", "one", 0, OK);
    assert_true(op.attr.file_id == id);
    create("F", "ONE", 0, SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    void *two = create("f", "two", 0, OK);
    put(f, "file");
    put(one, "the first");
    put(two, "2");
    assert_int_equal(op.attr.size, 1);
    expect(f, "file");
    expect(one, "the first");

    assert_true(vfs_list_streams(&op, vol, two));
    assert_int_equal(op.stream_count, 3);
    assert_string_equal(op.streams[0].name, "");
    assert_int_equal(op.streams[0].size, 4);
    assert_string_equal(op.streams[1].name, "one");
    assert_int_equal(op.streams[1].size, 9);
    assert_string_equal(op.streams[2].name, "two");

    /* a deleted stream has no name, and its data as long as it is open */
    void *again = open_as("f", "One", 0, OK);
    shut(one, SMBKIT_CLEANUP_DELETE);
    open_as("f", "one", 0, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    expect(again, "the first");
    assert_true(vfs_getattr(&op, vol, f));
    assert_int_equal(op.attr.size, 4);
    shut(again, SMBKIT_CLEANUP_DELETE); /* twice does no harm */

    /* the file takes its streams with it, but for those that are open */
    shut(f, SMBKIT_CLEANUP_DELETE);
    expect(two, "2");
    shut(two, 0);
    assert_true(used() == empty);
}

/* The file was to be deleted, and a stream's handle is the last. */
static void test_delete_by_stream(void **state)
{
    void *f = create("f", NULL, 0, OK);
    void *s = create("f", "s", 0, OK);
    shut(f, 0);
    shut(s, SMBKIT_CLEANUP_DELETE_FILE);
    open_as("f", NULL, 0, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_true(used() == empty);
}

static void test_streams_of_folders(void **state)
{
    shut(create("d", NULL, SMBKIT_ATTR_DIRECTORY, OK), 0);
    void *s = create("d", "s", 0, OK);
    assert_int_equal(op.attr.attributes & SMBKIT_ATTR_DIRECTORY, 0);
    put(s, "data");
    expect(s, "data");
    shut(s, 0);
    shut(open_as("d", NULL, 0, OK), SMBKIT_CLEANUP_DELETE);
    assert_true(used() == empty);
}

static void test_rename_stream(void **state)
{
    void *f = create("f", NULL, 0, OK);
    void *one = create("f", "one", 0, OK), *two = create("f", "two", 0, OK);
    put(f, "file");
    put(one, "first");
    put(two, "second");
    assert_true(vfs_rename_stream(&op, vol, one, "ONE", 0));
    assert_int_equal(op.status, OK);
    assert_true(vfs_rename_stream(&op, vol, one, "two", 0));
    assert_int_equal(op.status, SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_true(vfs_rename_stream(&op, vol, one, "two", SMBKIT_RENAME_REPLACE));
    assert_int_equal(op.status, OK);
    expect(two, "second");
    shut(two, 0);
    assert_true(vfs_rename_stream(&op, vol, one, "", 0));
    assert_int_equal(op.status, SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_true(vfs_rename_stream(&op, vol, one, "", SMBKIT_RENAME_REPLACE));
    assert_int_equal(op.status, OK);
    expect(f, "first");
    assert_true(vfs_list_streams(&op, vol, f));
    assert_int_equal(op.stream_count, 1);
    shut(one, 0);
    shut(f, SMBKIT_CLEANUP_DELETE);
    assert_true(used() == empty);
}

/* The file's own data get a name, and the file goes on without. */
static void test_name_unnamed(void **state)
{
    void *f = create("f", NULL, 0, OK), *other = create("f", "two", 0, OK);
    put(f, "file");
    assert_true(vfs_rename_stream(&op, vol, f, "", 0));
    assert_int_equal(op.status, OK);
    assert_true(vfs_rename_stream(&op, vol, f, "two", 0));
    assert_int_equal(op.status, SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_true(vfs_rename_stream(&op, vol, f, "one", 0));
    assert_int_equal(op.status, OK);
    put(f, "FILE");
    shut(f, 0);
    f = open_as("f", "one", 0, OK);
    expect(f, "FILE");
    shut(f, 0);
    f = open_as("f", NULL, 0, OK);
    expect(f, "");
    put(f, "new");
    assert_true(vfs_rename_stream(&op, vol, f, "two", SMBKIT_RENAME_REPLACE));
    assert_int_equal(op.status, OK);
    shut(other, 0);
    expect(f, "new");
    assert_true(vfs_list_streams(&op, vol, f));
    assert_int_equal(op.stream_count, 3);
    void *d = create("d", NULL, SMBKIT_ATTR_DIRECTORY, OK);
    assert_true(vfs_rename_stream(&op, vol, d, "x", 0));
    assert_int_equal(op.status, SMBKIT_STATUS_INVALID_PARAMETER);
    shut(d, SMBKIT_CLEANUP_DELETE);
    shut(f, SMBKIT_CLEANUP_DELETE_FILE);
    assert_true(used() == empty);
}

static void test_overwrite(void **state)
{
    const struct smbkit_ea ea = {"A", "v", 1, 0};
    void *f = create("f", NULL, 0, OK);
    void *s = create("f", "s", 0, OK);
    put(f, "file");
    put(s, "stream");
    assert_true(vfs_set_eas(&op, vol, f, &ea, 1));
    assert_true(vfs_overwrite(&op, vol, s));
    assert_int_equal(op.attr.size, 0);
    assert_int_equal(op.attr.ea_size, 4 + 5 + 2);
    expect(f, "file");
    put(s, "stream");
    assert_true(vfs_overwrite(&op, vol, f));
    assert_int_equal(op.attr.size, 0);
    assert_int_equal(op.attr.ea_size, 0);
    open_as("f", "s", 0, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    expect(s, "stream");
    shut(s, 0);
    shut(f, SMBKIT_CLEANUP_DELETE);
    assert_true(used() == empty);
}

/* --- extended attributes --- */

static void test_eas(void **state)
{
    static const char big[65535];
    void *f = create("f", NULL, 0, OK);
    const struct smbkit_ea first[] = {{"ONE", "1", 1, 0}, {"TWO", "22", 2, SMBKIT_EA_NEED}};
    assert_true(vfs_set_eas(&op, vol, f, first, 2));
    assert_int_equal(op.attr.ea_size, 4 + 5 + 3 + 1 + 5 + 3 + 2);
    /* names without regard to case; the last of two wins; an empty value removes */
    const struct smbkit_ea next[] = {
        {"one", "x", 1, 0}, {"two", "", 0, 0}, {"three", "y", 1, 0}, {"One", "111", 3, 0}};
    assert_true(vfs_set_eas(&op, vol, f, next, 4));
    assert_true(vfs_get_eas(&op, vol, f));
    assert_int_equal(op.ea_count, 2);
    assert_string_equal(op.eas[0].name, "One");
    assert_int_equal(op.eas[0].value_len, 3);
    assert_memory_equal(op.eas[0].value, "111", 3);
    assert_string_equal(op.eas[1].name, "three");
    const struct smbkit_ea large = {"BIG", big, sizeof big, 0};
    assert_true(vfs_set_eas(&op, vol, f, &large, 1));
    assert_int_equal(op.status, SMBKIT_STATUS_EA_TOO_LARGE);
    assert_true(vfs_get_eas(&op, vol, f));
    assert_int_equal(op.ea_count, 2);
    const struct smbkit_ea none[] = {{"ONE", "", 0, 0}, {"THREE", "", 0, 0}, {"NO", "", 0, 0}};
    assert_true(vfs_set_eas(&op, vol, f, none, 3));
    assert_int_equal(op.attr.ea_size, 0);
    shut(f, SMBKIT_CLEANUP_DELETE);
    assert_true(used() == empty);
}

/* --- security descriptors --- */

static void test_sds(void **state)
{
    const struct smbkit_create_args a = {.path = "a", .sd = "first sd", .sd_len = 8};
    assert_true(vfs_create(&op, vol, &a));
    void *f = op.opened;
    const struct smbkit_create_args b = {.path = "b", .sd = "first sd", .sd_len = 8};
    assert_true(vfs_create(&op, vol, &b)); /* shares it */
    void *g = op.opened;
    assert_true(vfs_set_sd(&op, vol, f, "another one", 11));
    assert_int_equal(op.status, OK);
    assert_true(vfs_path_sd(&op, vol, "b"));
    assert_int_equal(op.blob_len, 8);
    assert_memory_equal(op.blob, "first sd", 8);
    assert_true(vfs_get_sd(&op, vol, f));
    assert_int_equal(op.blob_len, 11);
    assert_true(vfs_path_sd(&op, vol, ""));
    assert_int_equal(op.status, SMBKIT_STATUS_NOT_FOUND);
    assert_true(vfs_path_sd(&op, vol, "c"));
    assert_int_equal(op.status, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    shut(f, SMBKIT_CLEANUP_DELETE);
    shut(g, SMBKIT_CLEANUP_DELETE);
}

/* --- sparse --- */

static void test_sparse_attribute(void **state)
{
    void *f = create("f", NULL, 0, OK);
    assert_true(vfs_write(&op, vol, f, 1 << 20, "x", 1));
    assert_true(vfs_allocated_ranges(&op, vol, f, 0, INT64_MAX));
    assert_int_equal(op.range_count, 1);
    assert_int_equal(op.ranges[0].length, (1 << 20) + 1);
    assert_true(vfs_set_sparse(&op, vol, f, true));
    assert_int_not_equal(op.attr.attributes & SMBKIT_ATTR_SPARSE, 0);
    assert_true(vfs_allocated_ranges(&op, vol, f, 0, INT64_MAX));
    assert_int_equal(op.ranges[0].offset, 1 << 20);
    assert_true(vfs_set_sparse(&op, vol, f, false));
    assert_int_equal(op.attr.attributes & SMBKIT_ATTR_SPARSE, 0);
    shut(f, 0);
}

/* --- reparse points --- */

static const uint8_t symlink_data[] = {0x0c, 0, 0, 0xa0, 4, 0, 0, 0, 'l', 'i', 'n', 'k'};
static const uint8_t other_data[] = {0x13, 0, 0, 0x80, 1, 0, 0, 0, '!'};

static void test_reparse(void **state)
{
    void *d = create("d", NULL, SMBKIT_ATTR_DIRECTORY, OK);
    void *f = create("d/f", NULL, 0, OK);
    assert_true(vfs_get_reparse(&op, vol, f));
    assert_int_equal(op.status, SMBKIT_STATUS_NOT_A_REPARSE_POINT);
    assert_true(vfs_set_reparse(&op, vol, d, symlink_data, sizeof symlink_data));
    assert_int_equal(op.status, SMBKIT_STATUS_DIRECTORY_NOT_EMPTY);
    assert_true(vfs_set_reparse(&op, vol, f, other_data, sizeof other_data));
    assert_int_equal(op.attr.reparse_tag, 0x80000013);
    assert_int_not_equal(op.attr.attributes & SMBKIT_ATTR_REPARSE_POINT, 0);
    assert_true(vfs_get_reparse(&op, vol, f));
    assert_int_equal(op.blob_len, sizeof other_data);
    open_as("d/f", NULL, 0, SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    assert_int_equal(op.reparse_at, 3);
    assert_memory_equal(op.blob, other_data, sizeof other_data);
    shut(open_as("d/f", NULL, SMBKIT_OPEN_REPARSE_POINT, OK), 0);
    assert_true(vfs_set_reparse(&op, vol, f, NULL, 0));
    assert_int_equal(op.attr.attributes & SMBKIT_ATTR_REPARSE_POINT, 0);
    shut(open_as("d/f", NULL, 0, OK), 0);
    shut(f, SMBKIT_CLEANUP_DELETE);

    assert_true(vfs_set_reparse(&op, vol, d, symlink_data, sizeof symlink_data));
    assert_int_equal(op.status, OK);
    open_as("D/x/y", NULL, SMBKIT_OPEN_REPARSE_POINT, SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    assert_int_equal(op.reparse_at, 1);
    create("d/x", NULL, 0, SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    assert_int_equal(op.blob_len, sizeof symlink_data);
    shut(d, SMBKIT_CLEANUP_DELETE);
    assert_true(used() == empty);
}

/* --- memory is out --- */

/* Whatever fails, nothing is lost or charged twice. */
static void test_memory_out(void **state)
{
    const struct smbkit_ea ea = {"NAME", "value", 5, 0};
    size_t n = 1;
    for (;; n++) {
        void *f = create("f", NULL, 0, OK);
        testmem_fail_nth(n);
        assert_true(vfs_create(&op, vol, &(struct smbkit_create_args){.path = "f", .stream = "s"}));
        void *s = op.status == OK ? op.opened : NULL;
        if (s != NULL) {
            (void)vfs_write(&op, vol, s, 0, "data", 4);
            (void)vfs_rename_stream(&op, vol, s, "a longer name", 0);
            (void)vfs_list_streams(&op, vol, s);
        }
        (void)vfs_set_eas(&op, vol, f, &ea, 1);
        (void)vfs_get_eas(&op, vol, f);
        (void)vfs_set_sd(&op, vol, f, "descriptor", 10);
        (void)vfs_get_sd(&op, vol, f);
        (void)vfs_set_reparse(&op, vol, f, other_data, sizeof other_data);
        (void)vfs_get_reparse(&op, vol, f);
        bool failed = testmem_failed() > 0;
        testmem_fail_none();
        if (s != NULL)
            shut(s, 0);
        shut(f, SMBKIT_CLEANUP_DELETE);
        if (!failed)
            break;
    }
    assert_in_range(n, 10, 100);
}

/* --- compressed files, clones --- */

static bool compressed(void *file)
{
    assert_true(vfs_getattr(&op, vol, file));
    return (op.attr.attributes & SMBKIT_ATTR_COMPRESSED) != 0;
}

static void test_compression(void **state)
{
    void *d = create("d", NULL, SMBKIT_ATTR_DIRECTORY, OK);
    assert_true(vfs_set_compression(&op, vol, d, true));
    assert_true(op.attr.attributes & SMBKIT_ATTR_COMPRESSED);
    void *f = create("d/f", NULL, SMBKIT_ATTR_COMPRESSED, OK);
    void *s = create("d/f", "s", 0, OK);
    assert_true(compressed(f));
    assert_false(compressed(s));
    assert_true(vfs_set_compression(&op, vol, f, false));
    assert_true(vfs_set_compression(&op, vol, s, true));
    assert_false(compressed(f));
    assert_true(compressed(s));
    const struct smbkit_create_args a = {.path = "d/g", .flags = SMBKIT_CREATE_NO_COMPRESSION};
    assert_true(vfs_create(&op, vol, &a));
    void *g = op.opened;
    assert_false(compressed(g));
    shut(s, 0);
    shut(f, SMBKIT_CLEANUP_DELETE);
    shut(g, SMBKIT_CLEANUP_DELETE);
    shut(d, SMBKIT_CLEANUP_DELETE);
    assert_true(used() == empty);
}

static void fill(void *file, uint64_t at, char c, uint32_t length)
{
    static char bytes[2 * CHUNK];
    memset(bytes, c, length);
    assert_true(vfs_write(&op, vol, file, at, bytes, length));
    assert_int_equal(op.status, OK);
}

static char byte_at(void *file, uint64_t at)
{
    assert_true(vfs_read(&op, vol, file, at, 1));
    assert_int_equal(op.data.len, 1);
    return (char)op.data.data[0];
}

static void clone_range(void *file, uint64_t to, void *from, uint64_t at, uint64_t length,
                        smbkit_status want)
{
    const struct smbkit_copy_args a = {from, at, to, length, SMBKIT_COPY_CLONE};
    assert_true(vfs_copy_range(&op, vol, file, &a));
    assert_int_equal(op.status, want);
}

/* Whole chunks are shared until one side is written; edges and holes are not. */
static void test_clone(void **state)
{
    void *a = create("a", NULL, 0, OK), *b = create("b", NULL, 0, OK);
    fill(a, 0, 'x', 2 * CHUNK);
    fill(a, 3 * CHUNK, 'z', 100);
    clone_range(b, 0, a, 3 * CHUNK, 101, SMBKIT_STATUS_INVALID_PARAMETER);
    clone_range(b, CHUNK, a, 3 * CHUNK, 100, OK);
    assert_int_equal(op.attr.size, CHUNK + 100);
    assert_int_equal(byte_at(b, 0), 0);
    fill(b, 0, 'b', 2 * CHUNK);
    fill(b, 2 * CHUNK, 'b', 2 * CHUNK);
    clone_range(b, 0, a, 0, 3 * CHUNK + 100, OK);
    assert_int_equal(op.attr.size, 4 * CHUNK);
    assert_int_equal(byte_at(b, CHUNK), 'x');
    assert_int_equal(byte_at(b, 2 * CHUNK), 0);
    assert_int_equal(byte_at(b, 3 * CHUNK + 99), 'z');
    assert_int_equal(byte_at(b, 3 * CHUNK + 100), 'b');
    fill(b, CHUNK, 'c', 1);
    fill(a, 5, 'd', 1);
    assert_int_equal(byte_at(a, CHUNK), 'x');
    assert_int_equal(byte_at(b, 5), 'x');
    /* in the same file, and not by whole chunks */
    clone_range(b, 3 * CHUNK, b, CHUNK, 4097, OK);
    assert_int_equal(byte_at(b, 3 * CHUNK), 'c');
    assert_int_equal(byte_at(b, 3 * CHUNK + 4097), 'b');
    shut(a, SMBKIT_CLEANUP_DELETE);
    assert_int_equal(byte_at(b, 0), 'x');
    shut(b, SMBKIT_CLEANUP_DELETE);
    assert_true(used() == empty);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_empty, teardown)
    const struct CMUnitTest tests[] = {
        T(test_streams),
        T(test_delete_by_stream),
        T(test_streams_of_folders),
        T(test_rename_stream),
        T(test_name_unnamed),
        T(test_overwrite),
        T(test_eas),
        T(test_sds),
        T(test_sparse_attribute),
        T(test_reparse),
        T(test_compression),
        T(test_clone),
        T(test_memory_out),
    };
    testhost_init(&host);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
