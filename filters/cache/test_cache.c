// SPDX-License-Identifier: Apache-2.0
/* The cache filter: the same bytes as without it, whatever changes above and below, and less work
   below. */
#include "test_twins.h"

extern const struct smbkit_filter smbkit_filter_cache;

static struct side low, plain, plain_below, cache;
static unsigned reads, attrs, lists;

static void count_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                       uint32_t length)
{
    reads++;
    smbkit_plugin_memory.vfs->read(op, vol, file, offset, length);
}

static void count_getattr(struct smbkit_op *op, void *vol, void *file)
{
    attrs++;
    smbkit_plugin_memory.vfs->getattr(op, vol, file);
}

static void count_readdir(struct smbkit_op *op, void *vol, void *dir,
                          const struct smbkit_readdir_args *args)
{
    lists++;
    smbkit_plugin_memory.vfs->readdir(op, vol, dir, args);
}

/* `plain` has a memory of its own, `cache` stands on that of `low`. */
static void make_sides(const char *size, const char *ttl)
{
    char error[VFS_ERROR_TEXT_MAX];
    const struct smbkit_arg args[] = {{"size", size}, {"ttl", ttl}};
    const struct vfs_filter filter = {&smbkit_filter_cache, args, 2};
    twins_init();
    shared_vfs.read = count_read;
    shared_vfs.getattr = count_getattr;
    shared_vfs.readdir = count_readdir;
    struct vfs_volume *v = vfs_volume_new(&smbkit_plugin_memory, "p", NULL, 0, &host.host, error);
    side_open(&plain, v);
    side_open(&plain_below, vfs_volume_ref(v));
    side_open(&low, shared_volume(NULL, 0));
    side_open(&cache, shared_volume(&filter, 1));
}

static void free_sides(void)
{
    side_close(&cache);
    side_close(&low);
    side_close(&plain_below);
    side_close(&plain);
}

/* --- random operations --- */

static bool told; /* the filter is told of what changes below */

/* A file is written, cut, made, deleted or renamed below, the same in both memories. */
static void change_below(struct testrand *r)
{
    static const uint8_t kinds[] = {4, 4, 5, 0, 3, 11};
    struct twin_op open = {.kind = 1, .slot = 0, .path = some_name(r)};
    struct twin_op o = {.kind = kinds[testrand_below(r, sizeof(kinds))],
                        .slot = 0,
                        .path = open.path,
                        .offset = some_offset(r),
                        .length = testrand_below(r, 9000),
                        .fill = (uint8_t)testrand_next(r)};
    struct side *both[] = {&low, &plain_below};
    const char *to = some_name(r);
    smbkit_status st[2] = {1, 1};
    bool folder[2] = {false, false};
    if (testrand_below(r, 4) != 0)
        return;
    host.now += 10;
    for (int i = 0; i < 2; i++) {
        st[i] = twin_open(both[i], o.kind == 0 ? &o : &open);
        folder[i] = both[i]->folder[0];
        if (o.kind == 11)
            o.path = to;
        if (st[i] == SMBKIT_STATUS_SUCCESS && o.kind != 0 && !folder[i])
            st[i] = twin_do(both[i], &o);
        side_put(both[i], 0, NULL, 0);
    }
    assert_int_equal(st[0], st[1]);
    if (!told || st[0] != SMBKIT_STATUS_SUCCESS || folder[0])
        return;
    if (o.kind == 11) {
        smbkit_notify(shared_share, open.path, SMBKIT_ACTION_RENAMED_OLD);
        smbkit_notify(shared_share, to, SMBKIT_ACTION_RENAMED_NEW);
    } else {
        smbkit_notify(shared_share, open.path,
                      o.kind == 0   ? SMBKIT_ACTION_ADDED
                      : o.kind == 3 ? SMBKIT_ACTION_REMOVED
                                    : SMBKIT_ACTION_MODIFIED);
    }
}

static void random_operations(const char *size, const char *ttl, uint64_t first,
                              void (*between)(struct testrand *r))
{
    for (uint64_t seed = first; seed < first + 15; seed++) {
        make_sides(size, ttl);
        run_twins(&plain, &cache, seed, 600, between);
        free_sides();
        assert_int_equal(testmem_live(), 0);
    }
}

static void test_own_changes(void **state)
{
    random_operations("64M", "1h", 1, NULL);
    random_operations("1M", "1h", 100, NULL);
}

static void test_changes_that_are_told(void **state)
{
    told = true;
    random_operations("64M", "1h", 200, change_below);
    random_operations("1M", "1h", 300, change_below);
}

/* Nothing is believed without asking: size and times tell whether blocks are still good. */
static void test_changes_that_are_not_told(void **state)
{
    told = false;
    random_operations("64M", "0", 400, change_below);
}

static void test_memory_out(void **state)
{
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct testrand r = {seed};
        make_sides("1M", "1h");
        testmem_fail_share(100, seed);
        for (int i = 0; i < 300; i++) {
            struct twin_op o = some_op(&r);
            if (allowed(&cache, &o))
                twin_do(&cache, &o);
        }
        testmem_fail_none();
        assert_same(&low, &cache);
        free_sides();
        assert_int_equal(testmem_live(), 0);
    }
}

/* --- what it is for --- */

static void put_file(struct side *s, const char *path, size_t size)
{
    static char bytes[200000];
    const struct smbkit_create_args args = {.path = path};
    assert_int_equal(DO(s, vfs_create, &args), SMBKIT_STATUS_SUCCESS);
    void *f = s->op.opened;
    memset(bytes, (int)size, sizeof(bytes));
    assert_int_equal(DO(s, vfs_write, f, 0, bytes, (uint32_t)size), SMBKIT_STATUS_SUCCESS);
    DO(s, vfs_cleanup, f, 0);
    DO(s, vfs_close, f);
}

static void open_slot(unsigned slot, const char *path)
{
    assert_int_equal(DO(&cache, vfs_open, &(struct smbkit_open_args){.path = path, .access = 3}),
                     SMBKIT_STATUS_SUCCESS);
    cache.h[slot] = cache.op.opened;
}

static void read_slot(unsigned slot, uint64_t offset, uint32_t length, size_t expect)
{
    assert_int_equal(DO(&cache, vfs_read, cache.h[slot], offset, length), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(cache.op.data.len, expect);
}

static void test_reads_once(void **state)
{
    make_sides("64M", "1s");
    put_file(&low, "f", 150000);
    open_slot(0, "f");
    reads = attrs = 0;
    read_slot(0, 10, 100, 100);
    assert_int_equal(reads, 1);
    for (int i = 0; i < 50; i++)
        read_slot(0, (uint64_t)i * 1000, 1000, 1000);
    DO(&cache, vfs_getattr, cache.h[0]);
    assert_int_equal(reads, 1); /* of the block */
    assert_int_equal(attrs, 0); /* opening has told them */
    read_slot(0, 100000, 65536, 50000);
    assert_int_equal(reads, 2);
    read_slot(0, 140000, 65536, 10000);
    read_slot(0, 150000, 1, 0);
    assert_int_equal(reads, 2);
    side_put(&cache, 0, NULL, 0);
    open_slot(0, "f"); /* the blocks are still there */
    read_slot(0, 0, 65536, 65536);
    assert_int_equal(reads, 2);
    host.now += 20000000; /* the attributes are too old; the blocks are as good as before */
    read_slot(0, 0, 65536, 65536);
    assert_int_equal(reads, 2);
    assert_int_equal(attrs, 1);
    DO(&cache, vfs_write, cache.h[0], 70000, "x", 1); /* one block goes */
    read_slot(0, 0, 1000, 1000);
    assert_int_equal(reads, 2);
    read_slot(0, 70000, 1, 1);
    assert_int_equal(cache.op.data.data[0], 'x');
    assert_int_equal(reads, 3);
    free_sides();
}

static void list_root(size_t expect)
{
    char *names[256];
    open_slot(1, "");
    size_t n = names_of(&cache, cache.h[1], names, 256);
    assert_int_equal(n, expect);
    while (n > 0)
        free(names[--n]);
    side_put(&cache, 1, NULL, 0);
}

static void test_lists_once(void **state)
{
    char name[16];
    make_sides("64M", "1s");
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        put_file(&low, name, 10);
    }
    list_root(100);
    lists = 0;
    list_root(100);
    assert_int_equal(lists, 0);
    put_file(&cache, "new", 5);
    list_root(101);
    assert_true(lists > 0);
    lists = 0;
    list_root(101);
    assert_int_equal(lists, 0);
    put_file(&low, "told", 5);
    smbkit_notify(shared_share, "told", SMBKIT_ACTION_ADDED);
    list_root(102);
    assert_true(lists > 0);
    list_root(102);
    lists = 0;
    host.now += 20000000;
    list_root(102);
    assert_true(lists > 0);
    free_sides();
}

static void test_limit(void **state)
{
    make_sides("1M", "1h");
    size_t before = testmem_live_bytes();
    for (int i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof(name), "f%d", i);
        put_file(&low, name, 60000);
    }
    size_t files = testmem_live_bytes() - before;
    for (int i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof(name), "f%d", i);
        open_slot(0, name);
        read_slot(0, 0, 60000, 60000);
        side_put(&cache, 0, NULL, 0);
    }
    assert_true(testmem_live_bytes() - before - files < (1u << 20) + 200000);
    free_sides();
}

/* A stream becomes the file's own data and these become a stream: blocks of the same size, at the
   same time, and yet others. */
static void test_renamed_streams(void **state)
{
    static char bytes[1000];
    const struct smbkit_create_args args = {.path = "f", .stream = "s"};
    make_sides("64M", "1h");
    put_file(&low, "f", sizeof(bytes));
    open_slot(0, "f");
    read_slot(0, 0, 1000, 1000);
    assert_int_equal(DO(&cache, vfs_create, &args), SMBKIT_STATUS_SUCCESS);
    cache.h[1] = cache.op.opened;
    memset(bytes, 's', sizeof(bytes));
    assert_int_equal(DO(&cache, vfs_write, cache.h[1], 0, bytes, sizeof(bytes)),
                     SMBKIT_STATUS_SUCCESS);
    read_slot(0, 0, 1000, 1000);
    assert_int_equal(DO(&cache, vfs_rename_stream, cache.h[1], "", SMBKIT_RENAME_REPLACE),
                     SMBKIT_STATUS_SUCCESS);
    read_slot(0, 0, 1000, 1000);
    assert_int_equal(cache.op.data.data[0], 's');
    assert_int_equal(DO(&cache, vfs_rename_stream, cache.h[0], "t", 0), SMBKIT_STATUS_SUCCESS);
    read_slot(0, 0, 1000, 1000); /* is not kept as the file's */
    open_slot(2, "f");
    read_slot(2, 0, 1000, 0);
    for (unsigned i = 0; i < 3; i++)
        side_put(&cache, i, NULL, 0);
    free_sides();
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, twin_setup, twin_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reads_once),
        TEST(test_lists_once),
        TEST(test_limit),
        TEST(test_renamed_streams),
        TEST(test_own_changes),
        TEST(test_changes_that_are_told),
        TEST(test_changes_that_are_not_told),
        TEST(test_memory_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
