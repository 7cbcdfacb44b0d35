// SPDX-License-Identifier: Apache-2.0
/*
 * The memory plugin, callback by callback: files, names, listings, the size limit, failing
 * allocations, threads.
 */
#include "test_memory.h"
#include <stdlib.h>
#include <strings.h>

/* --- one thing at a time --- */

static void test_open_create(void **state)
{
    void *f;
    assert_int_equal(xcreate("Dir", DIR, &f), OK);
    assert_int_equal(op.attr.attributes, DIR);
    assert_null(op.true_path);
    xclose(f);
    assert_int_equal(xcreate("dIR/File", SMBKIT_ATTR_HIDDEN, &f), OK);
    assert_string_equal(op.true_path, "Dir/File");
    assert_int_equal(op.attr.attributes, SMBKIT_ATTR_HIDDEN | SMBKIT_ATTR_ARCHIVE);
    assert_int_equal(op.attr.links, 1);
    assert_true(op.attr.create_time == TESTHOST_TIME);
    uint64_t id = op.attr.file_id;
    xclose(f);
    assert_int_equal(xopen("dir/FILE", &f), OK);
    assert_string_equal(op.true_path, "Dir/File");
    assert_true(op.attr.file_id == id);
    xclose(f);
    assert_int_equal(xopen("Dir/File", &f), OK);
    assert_null(op.true_path);
    xclose(f);
    assert_int_equal(xopen("", &f), OK);
    assert_int_equal(op.attr.attributes, DIR);
    assert_true(op.attr.file_id != id);
    assert_int_equal(xread(f, 0, 10), SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    assert_int_equal(xwrite(f, 0, "x", 1), SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    assert_int_equal(xunlink(f), SMBKIT_STATUS_CANNOT_DELETE);
    assert_int_equal(xrename(f, "x", 0), SMBKIT_STATUS_ACCESS_DENIED);
    xclose(f);
    assert_int_equal(xcreate("DIR", DIR, &f), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(xcreate("", DIR, &f), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(xopen("none", &f), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(xopen("none/x", &f), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(xopen("Dir/File/x", &f), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(xcreate("none/x", 0, &f), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    assert_true(vfs_open(&op, vol, &(struct smbkit_open_args){.path = "Dir", .stream = "s"}));
    assert_int_equal(op.status, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
}

static void test_read_write(void **state)
{
    void *f = must_create("f", 0);
    assert_int_equal(xread(f, 0, 100), OK);
    assert_int_equal(op.data.len, 0);
    assert_int_equal(xwrite(f, 3, "hello", 5), OK);
    assert_int_equal(op.attr.size, 8);
    assert_int_equal(xread(f, 0, 100), OK);
    assert_int_equal(op.data.len, 8);
    assert_memory_equal(op.data.data, "\0\0\0hello", 8);
    assert_int_equal(xwrite(f, 0, "", 0), OK);
    assert_int_equal(xwrite(f, 100, "", 0), OK); /* nothing written: the file does not grow */
    assert_int_equal(op.attr.size, 8);
    const uint64_t most = 0xfffffff0000; /* NTFS's */
    assert_int_equal(xwrite(f, most, "x", 1), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(xwrite(f, most - 1, "x", 1), SMBKIT_STATUS_DISK_FULL); /* it is not sparse */
    assert_int_equal(xwrite(f, most, "", 0), OK);
    assert_int_equal(xwrite(f, 5ull << 30, "x", 1), OK); /* a hole larger than the volume */
    assert_true(vfs_set_size(&op, vol, f, 5));
    assert_true(vfs_set_size(&op, vol, f, 10));
    assert_int_equal(op.attr.size, 10);
    xread(f, 0, 10);
    assert_memory_equal(op.data.data, "\0\0\0he\0\0\0\0\0", 10);
    xclose(f);
}

/* A reply's bytes stay as they were while the file changes, shrinks and goes away. */
static void test_read_is_a_snapshot(void **state)
{
    static uint8_t block[2 * CHUNK];
    memset(block, 'a', sizeof(block));
    void *f = must_create("f", 0);
    assert_int_equal(xwrite(f, 0, block, sizeof(block)), OK);
    struct slice s[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(xread(f, 1000, 8192), OK);
        s[i] = slice_ref(&op.data);
    }
    assert_ptr_equal(s[0].data, s[1].data); /* in place, not copied */
    memset(block, 'b', sizeof(block));
    assert_int_equal(xwrite(f, 0, block, 5000), OK);
    assert_int_equal(xread(f, 1000, 8192), OK);
    assert_int_equal(op.data.data[0], 'b');
    assert_int_equal(op.data.data[8191], 'a');
    struct slice last = slice_ref(&op.data);
    assert_true(vfs_set_size(&op, vol, f, 1500));
    assert_true(vfs_zero_range(&op, vol, f, 0, 1200));
    assert_int_equal(xunlink(f), OK);
    xclose(f);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(s[i].data[0], 'a');
        assert_int_equal(s[i].data[8191], 'a');
        slice_clear(&s[i]);
    }
    assert_int_equal(last.data[0], 'b');
    assert_int_equal(last.data[8191], 'a');
    slice_clear(&last);
}

static void ranges(void *f, uint64_t offset, uint64_t length)
{
    assert_true(vfs_allocated_ranges(&op, vol, f, offset, length));
    assert_int_equal(op.status, OK);
}

static void test_sparse(void **state)
{
    const uint64_t far = 5ull << 40; /* 5 TiB on a volume of 1 GiB */
    uint64_t empty = used();
    void *f = must_create("f", 0);
    assert_true(vfs_set_sparse(&op, vol, f, true));
    assert_int_equal(op.attr.attributes & SMBKIT_ATTR_SPARSE, SMBKIT_ATTR_SPARSE);
    assert_int_equal(xwrite(f, far, "end", 3), OK);
    assert_int_equal(xwrite(f, 10 * CHUNK + 5, "mid", 3), OK);
    assert_int_equal(xwrite(f, 11 * CHUNK, "mid", 3), OK);
    assert_true(op.attr.size == far + 3);
    assert_in_range(op.attr.alloc_size, 3 * CHUNK, 3 * CHUNK);
    ranges(f, 0, INT64_MAX);
    assert_int_equal(op.range_count, 2);
    assert_true(op.ranges[0].offset == 10 * CHUNK && op.ranges[0].length == 2 * CHUNK);
    assert_true(op.ranges[1].offset == far && op.ranges[1].length == 3);
    ranges(f, 10 * CHUNK + 7, 100);
    assert_int_equal(op.range_count, 1);
    assert_true(op.ranges[0].offset == 10 * CHUNK + 7 && op.ranges[0].length == 100);
    ranges(f, 0, 10 * CHUNK);
    assert_int_equal(op.range_count, 0);
    ranges(f, far + 3, 10);
    assert_int_equal(op.range_count, 0);
    xread(f, 10 * CHUNK - 2, 10);
    assert_memory_equal(op.data.data, "\0\0\0\0\0\0\0mid", 10);
    xread(f, far - 4, 100);
    assert_int_equal(op.data.len, 7);
    assert_memory_equal(op.data.data, "\0\0\0\0end", 7);

    assert_true(vfs_zero_range(&op, vol, f, 10 * CHUNK, CHUNK));
    assert_int_equal(op.attr.alloc_size, 2 * CHUNK);
    assert_true(vfs_zero_range(&op, vol, f, 11 * CHUNK + 1, 1)); /* part of a chunk: it stays */
    assert_int_equal(op.attr.alloc_size, 2 * CHUNK);
    xread(f, 11 * CHUNK, 3);
    assert_memory_equal(op.data.data, "m\0d", 3);
    assert_true(vfs_zero_range(&op, vol, f, far, 100)); /* up to the end: it goes */
    assert_true(op.attr.size == far + 3);
    assert_int_equal(op.attr.alloc_size, CHUNK);
    assert_true(vfs_set_size(&op, vol, f, 100));
    assert_int_equal(op.attr.alloc_size, 0);
    assert_int_equal(xunlink(f), OK);
    xclose(f);
    assert_int_equal(used(), empty);
}

static void test_times_and_attributes(void **state)
{
    void *root = must_open(""), *f;
    host.now = 1000;
    f = must_create("f", 0);
    assert_int_equal(xattr(root).write_time, 1000);
    assert_int_equal(xattr(root).change_time, 1000);
    host.now = 2000;
    const struct smbkit_attr a = {.create_time = 1,
                                  .access_time = 2,
                                  .write_time = 3,
                                  .change_time = 4,
                                  .attributes = SMBKIT_ATTR_READONLY | DIR};
    assert_true(vfs_setattr(&op, vol, f, &a, SMBKIT_SET_CREATE_TIME | SMBKIT_SET_ATTRIBUTES));
    assert_int_equal(op.attr.attributes, SMBKIT_ATTR_READONLY);
    assert_int_equal(op.attr.create_time, 1);
    assert_int_equal(op.attr.write_time, 1000);
    assert_int_equal(op.attr.change_time, 2000);
    assert_int_equal(xattr(root).write_time, 1000);
    assert_true(vfs_can_delete(&op, vol, f, false));
    assert_int_equal(op.status, SMBKIT_STATUS_CANNOT_DELETE);
    assert_true(vfs_setattr(&op, vol, f, &a, 0x0f));
    assert_int_equal(op.attr.access_time, 2);
    assert_int_equal(op.attr.write_time, 3);
    assert_int_equal(op.attr.change_time, 4);
    assert_true(vfs_setattr(&op, vol, f, &(struct smbkit_attr){0}, SMBKIT_SET_ATTRIBUTES));
    assert_int_equal(op.attr.attributes, SMBKIT_ATTR_NORMAL);
    host.now = 3000;
    assert_int_equal(xwrite(f, 0, "x", 1), OK);
    assert_int_equal(op.attr.write_time, 3000);
    assert_int_equal(op.attr.change_time, 3000);
    assert_int_equal(op.attr.access_time, 2);
    assert_int_equal(op.attr.attributes, SMBKIT_ATTR_ARCHIVE);
    host.now = 4000;
    assert_int_equal(xrename(f, "g", 0), OK);
    assert_int_equal(op.attr.write_time, 3000);
    assert_int_equal(op.attr.change_time, 4000);
    assert_int_equal(xattr(root).write_time, 4000);
    host.now = 5000;
    assert_int_equal(xunlink(f), OK);
    assert_int_equal(xattr(root).write_time, 5000);
    xclose(f);
    xclose(root);
    host.now = TESTHOST_TIME;
}

static void test_delete(void **state)
{
    uint64_t empty = used();
    make("d", DIR);
    void *f = must_create("d/f", 0), *again = must_open("D/F"), *d = must_open("d");
    xwrite(f, 0, "x", 1);
    assert_true(vfs_can_delete(&op, vol, d, true));
    assert_int_equal(op.status, SMBKIT_STATUS_DIRECTORY_NOT_EMPTY);
    assert_int_equal(xunlink(d), SMBKIT_STATUS_DIRECTORY_NOT_EMPTY);
    assert_int_equal(xunlink(f), OK);
    assert_int_equal(xunlink(again), OK); /* gone already */
    xclose(f);
    assert_false(exists("d/f"));
    xread(again, 0, 1); /* lives on in its handle */
    assert_int_equal(op.data.data[0], 'x');
    assert_int_equal(xattr(again).links, 1);
    assert_int_equal(xrename(again, "z", 0), SMBKIT_STATUS_DELETE_PENDING);
    assert_int_equal(xlink(again, "z", 0), SMBKIT_STATUS_DELETE_PENDING);
    make("d/f", 0); /* the name is free again */
    xclose(again);
    f = must_open("d/f");
    assert_int_equal(xunlink(f), OK);
    xclose(f);
    assert_true(vfs_can_delete(&op, vol, d, true));
    assert_int_equal(op.status, OK);
    assert_int_equal(xunlink(d), OK);
    assert_false(exists("d"));
    xclose(d);
    assert_int_equal(used(), empty);
}

static void test_rename(void **state)
{
    make("d", DIR);
    make("d/e", DIR);
    make("d/e/f", 0);
    make("g", 0);
    void *f = must_open("d/e/f"), *d = must_open("d"), *g = must_open("g"), *x;
    assert_int_equal(xrename(d, "d/x", 0), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(xrename(d, "d/e/x", 0), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(xrename(d, "D", 0), OK); /* another spelling */
    assert_int_equal(xrename(f, "none/f", 0), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(xrename(f, "g/f", 0), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(xrename(f, "G", 0), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(xrename(f, "d", SMBKIT_RENAME_REPLACE), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(xrename(f, "", SMBKIT_RENAME_REPLACE), SMBKIT_STATUS_ACCESS_DENIED);
    vfs_setattr(&op, vol, g, &(struct smbkit_attr){.attributes = SMBKIT_ATTR_READONLY},
                SMBKIT_SET_ATTRIBUTES);
    assert_int_equal(xrename(f, "G", SMBKIT_RENAME_REPLACE), SMBKIT_STATUS_ACCESS_DENIED);
    vfs_setattr(&op, vol, g, &(struct smbkit_attr){0}, SMBKIT_SET_ATTRIBUTES);
    uint64_t g_id = xattr(g).file_id;
    assert_int_equal(xrename(f, "GG long name that does not fit where the old one was", 0), OK);
    assert_int_equal(xrename(f, "G", SMBKIT_RENAME_REPLACE), OK);
    assert_int_equal(xopen("g", &x), OK);
    assert_string_equal(op.true_path, "G");
    assert_true(op.attr.file_id != g_id);
    xclose(x);
    assert_true(xattr(g).file_id == g_id); /* the replaced one lives in its handle */
    assert_int_equal(xopen("d/e", &x), OK);
    assert_string_equal(op.true_path, "D/e");
    assert_int_equal(xrename(x, "E", 0), OK); /* a folder moves with what is in it */
    assert_int_equal(xrename(f, "e/f", 0), OK);
    assert_true(exists("E/F"));
    assert_false(exists("d/e"));
    xclose(x);
    xclose(f);
    xclose(d);
    xclose(g);
}

static void test_links(void **state)
{
    make("d", DIR);
    uint64_t before = used();
    void *f = must_create("f", 0), *l, *d = must_open("d");
    assert_int_equal(xlink(f, "d/l", 0), OK);
    assert_int_equal(op.attr.links, 2);
    assert_int_equal(xlink(f, "D", SMBKIT_RENAME_REPLACE), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(xlink(f, "d/L", 0), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(xlink(f, "d/L", SMBKIT_RENAME_REPLACE), OK); /* its own: a new spelling */
    assert_int_equal(op.attr.links, 2);
    assert_int_equal(xlink(d, "x", 0), SMBKIT_STATUS_FILE_IS_A_DIRECTORY);
    xclose(d);
    l = must_open("d/l");
    assert_string_equal(op.true_path, "d/L");
    assert_true(xattr(l).file_id == xattr(f).file_id);
    xwrite(f, 0, "same", 4);
    xread(l, 0, 4);
    assert_memory_equal(op.data.data, "same", 4);
    assert_int_equal(xunlink(f), OK); /* only the name that it was opened by */
    xclose(f);
    assert_false(exists("f"));
    assert_int_equal(xattr(l).links, 1);
    assert_int_equal(xrename(l, "f", 0), OK);
    assert_int_equal(xlink(l, "other", 0), OK);
    assert_int_equal(xrename(l, "other", SMBKIT_RENAME_REPLACE), OK); /* over a name of its own */
    assert_int_equal(op.attr.links, 1);
    assert_false(exists("f"));
    assert_int_equal(xunlink(l), OK);
    xclose(l);
    assert_int_equal(used(), before);
}

static void test_size_limit(void **state)
{
    static uint8_t block[CHUNK];
    memset(block, 1, sizeof(block));
    close_volume();
    open_volume("1M");
    vfs_statfs(&op, vol);
    assert_int_equal(op.statfs.total_bytes, 1 << 20);
    uint64_t empty = used();
    void *f = must_create("f", 0);
    uint64_t size = 0;
    while (xwrite(f, size, block, sizeof(block)) == OK)
        size += sizeof(block);
    assert_int_equal(op.status, SMBKIT_STATUS_DISK_FULL);
    assert_int_equal(size, 15 * CHUNK);
    assert_int_equal(xattr(f).size, size);
    uint64_t full = used();
    assert_int_equal(xwrite(f, size - 10, block, 20), SMBKIT_STATUS_DISK_FULL);
    assert_int_equal(xattr(f).size, size);
    assert_int_equal(xwrite(f, 1ull << 40, block, 1), SMBKIT_STATUS_DISK_FULL);
    assert_in_range(used(), full, full + 5000); /* at most tables that made the tree higher */
    assert_true(vfs_set_size(&op, vol, f, 1ull << 40)); /* a hole takes nothing */
    assert_int_equal(op.status, OK);
    assert_true(vfs_set_alloc(&op, vol, f, 2ull << 40));
    assert_int_equal(op.status, SMBKIT_STATUS_DISK_FULL);
    assert_int_equal(xwrite(f, 0, block, 100), OK); /* over what is there */
    assert_true(vfs_set_size(&op, vol, f, 0));
    assert_true(vfs_set_alloc(&op, vol, f, 900 * 1024));
    assert_int_equal(op.attr.alloc_size, 900 * 1024);
    assert_int_equal(op.attr.size, 0);
    void *g = must_create("g", 0);
    assert_int_equal(xwrite(g, 0, block, CHUNK), OK);
    assert_int_equal(xwrite(g, CHUNK, block, CHUNK), SMBKIT_STATUS_DISK_FULL);
    assert_int_equal(xwrite(f, 0, block, CHUNK), OK); /* within what was reserved */
    xclose(f);                                        /* gives the rest back */
    assert_int_equal(xwrite(g, CHUNK, block, CHUNK), OK);
    assert_int_equal(xunlink(g), OK);
    xclose(g);
    f = must_open("f");
    assert_int_equal(xunlink(f), OK);
    xclose(f);
    assert_int_equal(used(), empty);
    /* Empty files fill the volume too. */
    char name[32];
    int n = 0;
    for (;; n++) {
        snprintf(name, sizeof(name), "file%d", n);
        smbkit_status st = xcreate(name, 0, &f);
        if (st != OK) {
            assert_int_equal(st, SMBKIT_STATUS_DISK_FULL);
            break;
        }
        xclose(f);
    }
    assert_in_range(n, 3000, 6000);
    assert_true(
        vfs_create(&op, vol, &(struct smbkit_create_args){.path = "x", .alloc_size = 1 << 20}));
    assert_int_equal(op.status, SMBKIT_STATUS_DISK_FULL);
}

/* --- listings --- */

static void test_readdir(void **state)
{
    make("one", 0);
    make("Two", DIR);
    make("three", 0);
    void *root = must_open("");
    struct smbkit_readdir_args args = {.pattern = "*", .max_entries = 2};
    assert_true(vfs_readdir(&op, vol, root, &args));
    assert_int_equal(op.dirent_count, 2);
    assert_false(op.dir_end);
    args.cookie = op.dirents[1].next_cookie;
    assert_true(vfs_readdir(&op, vol, root, &args));
    assert_int_equal(op.dirent_count, 1);
    assert_string_equal(op.dirents[0].name, "three");
    assert_true(op.dir_end);
    args = (struct smbkit_readdir_args){.pattern = "TWO"};
    assert_true(vfs_readdir(&op, vol, root, &args));
    assert_int_equal(op.dirent_count, 1);
    assert_string_equal(op.dirents[0].name, "Two");
    assert_int_equal(op.dirents[0].attr.attributes, DIR);
    assert_true(op.dir_end);
    args.cookie = op.dirents[0].next_cookie;
    assert_true(vfs_readdir(&op, vol, root, &args));
    assert_int_equal(op.dirent_count, 0);
    args = (struct smbkit_readdir_args){.pattern = "none"};
    assert_true(vfs_readdir(&op, vol, root, &args));
    assert_int_equal(op.dirent_count, 0);
    assert_int_equal(op.status, OK);
    xclose(root);
    void *f = must_open("one");
    args.pattern = "*";
    assert_true(vfs_readdir(&op, vol, f, &args));
    assert_int_equal(op.status, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    xclose(f);
}

#define MANY 200000

/* A listing in pieces, while the files listed are deleted and others are made: each old one comes
   exactly once. */
static void test_large_folder(void **state)
{
    static uint8_t seen[MANY];
    char name[32];
    memset(seen, 0, sizeof(seen));
    make("d", DIR);
    size_t bytes = testmem_live_bytes();
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "d/file-%d", i);
        make(name, 0);
    }
    assert_in_range((testmem_live_bytes() - bytes) / MANY, 100, 300); /* what a file costs */
    void *d = must_open("d");
    struct smbkit_readdir_args args = {.pattern = "*", .max_entries = 1000};
    struct vfs_op listing;
    vfs_op_init(&listing, on_done);
    int made = 0;
    do {
        assert_true(vfs_readdir(&listing, vol, d, &args));
        assert_int_equal(listing.status, OK);
        for (size_t i = 0; i < listing.dirent_count; i++) {
            int n = 1;
            const struct vfs_dirent *e = &listing.dirents[i];
            args.cookie = e->next_cookie;
            if (sscanf(e->name, "file-%d", &n) == 1)
                assert_int_equal(seen[n]++, 0);
            if (n % 3 == 0) {
                snprintf(name, sizeof(name), "D/%s", e->name);
                void *f = must_open(name);
                assert_int_equal(xunlink(f), OK);
                xclose(f);
            }
        }
        if (made < 100) {
            snprintf(name, sizeof(name), "d/new%d", made++);
            make(name, 0);
        }
    } while (!listing.dir_end);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(seen[i], 1);
    vfs_op_clear(&listing);
    assert_true(exists("d/FILE-1"));
    assert_false(exists("d/file-3"));
    /* From the front, one by one, always from the beginning. */
    args = (struct smbkit_readdir_args){.pattern = "*", .max_entries = 1};
    for (int left = MANY - (MANY + 2) / 3 + made; left > 0; left--) {
        assert_true(vfs_readdir(&op, vol, d, &args));
        assert_int_equal(op.dirent_count, 1);
        snprintf(name, sizeof(name), "d/%s", op.dirents[0].name);
        void *f = must_open(name);
        assert_int_equal(xunlink(f), OK);
        xclose(f);
    }
    assert_true(vfs_readdir(&op, vol, d, &args));
    assert_int_equal(op.dirent_count, 0);
    assert_int_equal(xunlink(d), OK);
    xclose(d);
}

/* --- memory runs out --- */

/* One of everything that changes the tree; true when nothing failed. */
static bool scenario(const char *path, const char *to)
{
    static uint8_t block[3 * CHUNK];
    void *f;
    bool ok = xopen(path, &f) == OK;
    if (!ok)
        return false;
    ok &= xwrite(f, CHUNK / 2, block, sizeof(block)) == OK;
    ok &= xread(f, 0, CHUNK / 4) == OK;
    ok &= xlink(f, "linked", 0) == OK;
    ok &= xrename(f, to, 0) == OK;
    assert_true(vfs_set_size(&op, vol, f, 100));
    ok &= op.status == OK;
    assert_true(vfs_cleanup(&op, vol, f, 0));
    assert_true(vfs_close(&op, vol, f));
    ok &= xcreate("new folder", DIR, &f) == OK;
    if (f != NULL)
        xclose(f);
    ok &= xcreate("new folder/new file", 0, &f) == OK;
    if (f != NULL)
        xclose(f);
    return ok;
}

static void test_memory_out(void **state)
{
    size_t n = 1;
    for (;; n++) {
        make("d", DIR);
        make("f", 0);
        void *f = must_open("f");
        assert_int_equal(xwrite(f, 0, "content", 7), OK);
        uint64_t before = used();
        testmem_fail_nth(n);
        bool ok = scenario("f", "d/a name that is longer than the one before");
        bool failed = testmem_failed() > 0;
        testmem_fail_none();
        assert_true(ok || failed); /* some failures only cost speed */
        /* The content is there under exactly one of the names, and "linked" is all or nothing. */
        assert_int_equal(exists("f") + exists("d/a name that is longer than the one before"), 1);
        assert_int_equal(xread(f, 0, 7), OK);
        assert_memory_equal(op.data.data, "content", 7);
        assert_int_equal(xattr(f).links, 1 + (uint32_t)exists("linked"));
        assert_true(used() >= before);
        xclose(f);
        close_volume();
        assert_int_equal(testmem_live(), 0);
        open_volume(NULL);
        if (!failed)
            break;
    }
    assert_in_range(n, 15, 100);
}

/* A write that fails in the middle leaves content and size. */
static void test_memory_out_in_write(void **state)
{
    static uint8_t block[8 * CHUNK];
    memset(block, 'x', sizeof(block));
    void *f = must_create("f", 0);
    assert_int_equal(xwrite(f, 100, "content", 7), OK);
    assert_int_equal(xwrite(f, 3 * CHUNK, "c", 1), OK);
    assert_true(vfs_set_sparse(&op, vol, f, true));
    struct smbkit_attr before = xattr(f);
    uint64_t was = used();
    for (size_t n = 1;; n++) {
        testmem_fail_nth(n);
        smbkit_status st = xwrite(f, 0, block, sizeof(block));
        bool failed = testmem_failed() > 0;
        testmem_fail_none();
        if (!failed) {
            assert_int_equal(st, OK);
            assert_in_range(n, 7, 20);
            break;
        }
        assert_int_equal(st, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        struct smbkit_attr after = xattr(f);
        assert_int_equal(after.size, before.size);
        assert_int_equal(after.write_time, before.write_time);
        ranges(f, 0, UINT64_MAX / 2);
        assert_int_equal(op.range_count, 2); /* no hole was filled */
        assert_in_range(used(), was, was + CHUNK);
        assert_int_equal(xread(f, 90, 20), OK);
        assert_memory_equal(op.data.data, "\0\0\0\0\0\0\0\0\0\0content\0\0\0", 20);
    }
    xclose(f);
}

/* --- threads --- */

static void *writer(void *arg)
{
    struct vfs_op o;
    char path[32];
    static const uint8_t block[9000];
    vfs_op_init(&o, on_done);
    for (int i = 0; i < 300; i++) {
        snprintf(path, sizeof(path), "%s%d", (const char *)arg, i % 7);
        vfs_create(&o, vol, &(struct smbkit_create_args){.path = path});
        if (o.status != OK)
            vfs_open(&o, vol, &(struct smbkit_open_args){.path = path});
        void *f = o.opened;
        vfs_write(&o, vol, f, (uint64_t)i * 100, block, sizeof(block));
        vfs_read(&o, vol, f, 0, 8192);
        struct slice s = slice_ref(&o.data);
        vfs_write(&o, vol, f, 0, "xx", 2);
        slice_clear(&s);
        vfs_cleanup(&o, vol, f, i % 3 == 0 ? SMBKIT_CLEANUP_DELETE : 0);
        vfs_close(&o, vol, f);
    }
    vfs_op_clear(&o);
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t t[3];
    static char prefix[3][4] = {"a", "b", "c"};
    testmem_fail_none();
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&t[i], NULL, writer, prefix[i]), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_open_create),
        T(test_read_write),
        T(test_read_is_a_snapshot),
        T(test_sparse),
        T(test_times_and_attributes),
        T(test_delete),
        T(test_rename),
        T(test_links),
        T(test_size_limit),
        T(test_readdir),
        T(test_large_folder),
        T(test_memory_out),
        T(test_memory_out_in_write),
        T(test_threads),
    };
    testhost_init(&host);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
