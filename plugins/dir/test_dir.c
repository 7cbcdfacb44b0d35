// SPDX-License-Identifier: Apache-2.0
/* The dir plugin, driven through vfs/ as the server does, on a real file system. */
#include "test_bench.h"
#include <signal.h>
#include <sys/wait.h>

static struct dirtest tt, *t = &tt;

static int setup(void **state)
{
    return dirtest_setup(t, NULL, 0);
}

static int teardown(void **state)
{
    return dirtest_teardown(t);
}

/* --- leases of others --- */

/* Takes a lease on the file and gives it up soon after somebody else wants to open it. Does not
   return; tells through the pipe whether there are leases. */
static void hold_lease(const char *path, int tell)
{
    sigset_t io;
    int sig, fd = open(path, O_RDWR);
    sigemptyset(&io);
    sigaddset(&io, SIGIO);
    sigprocmask(SIG_BLOCK, &io, NULL);
    char ok = fd >= 0 && fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
    if (write(tell, &ok, 1) != 1 || !ok)
        _exit(1);
    sigwait(&io, &sig);
    usleep(100000);
    _exit(fcntl(fd, F_SETLEASE, F_UNLCK) == 0 ? 0 : 1);
}

static void test_lease_of_another(void **state)
{
    int tell[2], status;
    char ok = 0;
    make(t, "f", 0);
    assert_int_equal(pipe(tell), 0);
    pid_t child = fork();
    if (child == 0)
        hold_lease(disk(t, "f").text, tell[1]);
    assert_int_equal(read(tell[0], &ok, 1), 1);
    close(tell[0]);
    close(tell[1]);
    if (ok)
        xclose(t, must_open(t, "f"));
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!ok)
        skip();
    assert_int_equal(status, 0);
}

/* --- parameters --- */

static void test_parameters(void **state)
{
    const struct smbkit_arg bad[] = {
        {"links", "maybe"}, {"file-mode", "9"}, {"folder-mode", "x"}, {"as", "no such user"}};
    dirtest_close_volume(t);
    for (size_t i = 0; i < 4; i++)
        assert_false(dirtest_open_volume(t, &bad[i], 1));
    memcpy(strrchr(t->root, '/'), "/gone", 6);
    assert_false(dirtest_open_volume(t, NULL, 0));
    assert_non_null(strstr(t->error, "No such file"));
}

/* --- data --- */

static void test_data(void **state)
{
    void *f = must_create(t, "a", 0);
    assert_int_equal(t->op.attr.size, 0);
    assert_int_equal(XWAIT(t, vfs_write(&t->op, t->vol, f, 10, "hello", 5)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(XWAIT(t, vfs_getattr(&t->op, t->vol, f)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.size, 15);
    assert_int_equal(XWAIT(t, vfs_read(&t->op, t->vol, f, 9, 100)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.data.len, 6);
    assert_memory_equal(t->op.data.data, "\0hello", 6);
    assert_int_equal(XWAIT(t, vfs_read(&t->op, t->vol, f, 15, 1)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.data.len, 0);
    assert_int_equal(XWAIT(t, vfs_read(&t->op, t->vol, f, UINT64_MAX, 1)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(XWAIT(t, vfs_write(&t->op, t->vol, f, 0xfffffff0000, "x", 1)),
                     SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(XWAIT(t, vfs_write(&t->op, t->vol, f, INT64_MAX, "x", 1)),
                     SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(XWAIT(t, vfs_write(&t->op, t->vol, f, INT64_MAX, "x", 0)),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(XWAIT(t, vfs_set_size(&t->op, t->vol, f, 0xfffffff0001)),
                     SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(XWAIT(t, vfs_set_size(&t->op, t->vol, f, 3)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.size, 3);
    assert_int_equal(XWAIT(t, vfs_flush(&t->op, t->vol, f)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(XWAIT(t, vfs_set_alloc(&t->op, t->vol, f, 1 << 20)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.size, 3);
    assert_int_equal(XWAIT(t, vfs_set_alloc(&t->op, t->vol, f, 2)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.size, 2);
    xclose(t, f);
    /* a handle has the rights that it was opened with */
    assert_int_equal(xopen_as(t, "a", 0x80, &f), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(XWAIT(t, vfs_read(&t->op, t->vol, f, 0, 1)), SMBKIT_STATUS_ACCESS_DENIED);
    xclose(t, f);
    f = must_open(t, "");
    assert_int_equal(XWAIT(t, vfs_read(&t->op, t->vol, f, 0, 1)),
                     SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    xclose(t, f);
}

/* Whatever else the disk keeps with a file. */
static void test_reserved_room(void **state)
{
    char big[300]; /* too much for an inode of ext4 */
    struct stat st;
    void *f = must_create(t, "a", 0);
    memset(big, 'x', sizeof(big));
    assert_int_equal(setxattr(disk(t, "a").text, "user.big", big, sizeof(big), 0), 0);
    assert_int_equal(XWAIT(t, vfs_set_alloc(&t->op, t->vol, f, 0)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.alloc_size, 0);
    assert_int_equal(stat(disk(t, "a").text, &st), 0);
    blkcnt_t blocks = st.st_blocks;
    assert_int_equal(XWAIT(t, vfs_set_alloc(&t->op, t->vol, f, 4000)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.size, 0);
    assert_int_equal(stat(disk(t, "a").text, &st), 0);
    if (st.st_blocks > blocks) /* this disk can reserve */
        assert_int_equal(t->op.attr.alloc_size, 4096);
    assert_int_equal(XWAIT(t, vfs_set_alloc(&t->op, t->vol, f, 0)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.alloc_size, 0);
    assert_int_equal(stat(disk(t, "a").text, &st), 0);
    assert_int_equal(st.st_blocks, blocks);
    /* holes stay holes */
    assert_int_equal(XWAIT(t, vfs_set_size(&t->op, t->vol, f, 1 << 20)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(XWAIT(t, vfs_set_alloc(&t->op, t->vol, f, (1 << 20) + 1)),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(stat(disk(t, "a").text, &st), 0);
    assert_true(st.st_blocks * 512 < 1 << 19);
    assert_true(t->op.attr.alloc_size < 1 << 19);
    xclose(t, f);
}

/* SUPERSEDE wants the right to delete, not to write. */
static void test_overwrite_without_writing(void **state)
{
    void *f = must_create(t, "f", 0), *g;
    XWAIT(t, vfs_write(&t->op, t->vol, f, 0, "content", 7));
    xclose(t, f);
    assert_int_equal(xopen_as(t, "f", 0x10080, &g), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(XWAIT(t, vfs_overwrite(&t->op, t->vol, g)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.size, 0);
    xclose(t, g);
    make(t, "d", SMBKIT_ATTR_DIRECTORY);
    g = must_open(t, "d");
    assert_int_equal(XWAIT(t, vfs_overwrite(&t->op, t->vol, g)),
                     SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    xclose(t, g);
}

static void test_holes(void **state)
{
    const uint64_t mib = 1 << 20;
    char *data = malloc(mib);
    memset(data, 'x', mib);
    void *f = must_create(t, "s", 0);
    assert_int_equal(XWAIT(t, vfs_write(&t->op, t->vol, f, 4 * mib, data, mib)), 0);
    assert_int_equal(XWAIT(t, vfs_write(&t->op, t->vol, f, 0, data, mib)), 0);
    free(data);
    assert_int_equal(XWAIT(t, vfs_set_size(&t->op, t->vol, f, 8 * mib)), 0);
    assert_int_equal(XWAIT(t, vfs_allocated_ranges(&t->op, t->vol, f, mib, INT64_MAX)), 0);
    assert_int_equal(t->op.range_count, 1);
    assert_int_equal(t->op.ranges[0].length, 7 * mib);
    assert_int_equal(XWAIT(t, vfs_set_sparse(&t->op, t->vol, f, true)), 0);
    assert_int_equal(t->op.attr.attributes, SMBKIT_ATTR_SPARSE | SMBKIT_ATTR_ARCHIVE);
    assert_int_equal(XWAIT(t, vfs_allocated_ranges(&t->op, t->vol, f, 0, INT64_MAX)), 0);
    assert_int_equal(t->op.range_count, 2);
    assert_int_equal(t->op.ranges[1].offset, 4 * mib);
    assert_int_equal(t->op.ranges[1].length, mib);
    assert_int_equal(XWAIT(t, vfs_zero_range(&t->op, t->vol, f, 4 * mib, 100 * mib)), 0);
    assert_int_equal(t->op.attr.size, 8 * mib);
    assert_in_range(t->op.attr.alloc_size, mib, 2 * mib);
    assert_int_equal(XWAIT(t, vfs_allocated_ranges(&t->op, t->vol, f, mib / 2, mib / 4)), 0);
    assert_int_equal(t->op.range_count, 1);
    assert_int_equal(t->op.ranges[0].offset, mib / 2);
    assert_int_equal(t->op.ranges[0].length, mib / 4);
    assert_int_equal(XWAIT(t, vfs_read(&t->op, t->vol, f, 4 * mib, 3)), 0);
    assert_memory_equal(t->op.data.data, "\0\0\0", 3);
    xclose(t, f);
}

/* --- names --- */

static void test_case(void **state)
{
    make(t, "Folder", SMBKIT_ATTR_DIRECTORY);
    make(t, "folder/\xc3\x84pfel", 0);
    assert_true(disk_has(t, "Folder/\xc3\x84pfel"));
    void *f = must_open(t, "FOLDER/\xc3\xa4PFEL");
    assert_string_equal(t->op.true_path, "Folder/\xc3\x84pfel");
    xclose(t, f);
    assert_int_equal(xcreate(t, "fOLDER", 0, &f), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(xcreate(t, "Folder/\xc3\xa4pfel", 0, &f), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(status_of(t, "none"), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(status_of(t, "none/none"), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(status_of(t, "folder/\xc3\xa4pfel/x"), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    /* two spellings, made by others: each is found by its own, and one of them by any other */
    disk_write(t, "twin", "1");
    disk_write(t, "TWIN", "22");
    f = must_open(t, "twin");
    assert_int_equal(t->op.attr.size, 1);
    xclose(t, f);
    f = must_open(t, "TWIN");
    assert_int_equal(t->op.attr.size, 2);
    xclose(t, f);
    assert_int_equal(status_of(t, "Twin"), SMBKIT_STATUS_SUCCESS);
}

static void test_long_names(void **state)
{
    char name[600];
    memset(name, 'n', sizeof(name));
    name[255] = '\0';
    make(t, name, SMBKIT_ATTR_DIRECTORY);
    name[0] = 'N';
    assert_int_equal(status_of(t, name), SMBKIT_STATUS_SUCCESS);
    memcpy(name + 255, "n", 2);
    assert_int_equal(status_of(t, name), SMBKIT_STATUS_OBJECT_NAME_INVALID);
    memcpy(name + 256, "/x", 3);
    assert_int_equal(status_of(t, name), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    char *deep = malloc(10000);
    memset(deep, 'd', 9999);
    for (int i = 100; i < 9999; i += 100)
        deep[i] = '/';
    deep[9999] = '\0';
    assert_int_equal(status_of(t, deep), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    free(deep);
}

static void test_rename(void **state)
{
    make(t, "d", SMBKIT_ATTR_DIRECTORY);
    make(t, "d/x", 0);
    void *f = must_create(t, "a", 0), *g = must_open(t, "A");
    assert_int_equal(xrename(t, f, "A", 0), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(listing(t, ""), "A d ");
    assert_int_equal(xrename(t, f, "D/X", 0), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(xrename(t, f, "D", SMBKIT_RENAME_REPLACE),
                     SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(xrename(t, f, "none/a", 0), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(xrename(t, f, "", 0), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(xrename(t, f, "D/X", SMBKIT_RENAME_REPLACE), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(listing(t, "d"), "X ");
    assert_string_equal(listing(t, ""), "d ");
    /* the other handle has moved too */
    assert_int_equal(xdelete(t, g), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(listing(t, "d"), "");
    assert_int_equal(xrename(t, f, "y", 0), SMBKIT_STATUS_DELETE_PENDING);
    xclose(t, f);
    f = must_open(t, "d");
    assert_int_equal(xrename(t, f, "d/e", 0), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(xrename(t, f, "e", 0), SMBKIT_STATUS_SUCCESS);
    make(t, "e/z", 0);
    assert_true(disk_has(t, "e/z"));
    xclose(t, f);
}

static void test_replaced_handle_keeps_file(void **state)
{
    void *old = must_create(t, "old", 0), *new = must_create(t, "new", 0);
    assert_int_equal(XWAIT(t, vfs_write(&t->op, t->vol, old, 0, "old", 3)), 0);
    assert_int_equal(xrename(t, new, "old", SMBKIT_RENAME_REPLACE), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(XWAIT(t, vfs_read(&t->op, t->vol, old, 0, 9)), 0);
    assert_int_equal(t->op.data.len, 3);
    /* its name is another file's now */
    assert_int_equal(xdelete(t, old), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(listing(t, ""), "old ");
    xclose(t, new);
}

static void test_links(void **state)
{
    void *f = must_create(t, "a", 0), *g;
    assert_int_equal(XWAIT(t, vfs_link(&t->op, t->vol, f, "b", 0)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.links, 2);
    assert_int_equal(XWAIT(t, vfs_link(&t->op, t->vol, f, "B", 0)),
                     SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    make(t, "c", 0);
    assert_int_equal(XWAIT(t, vfs_link(&t->op, t->vol, f, "C", SMBKIT_RENAME_REPLACE)), 0);
    assert_int_equal(t->op.attr.links, 3);
    assert_string_equal(listing(t, ""), "C a b ");
    /* over another name of the same file */
    assert_int_equal(xrename(t, f, "B", SMBKIT_RENAME_REPLACE), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.links, 2);
    assert_string_equal(listing(t, ""), "B C ");
    g = must_open(t, "c");
    assert_int_equal(xdelete(t, g), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(listing(t, ""), "B ");
    xclose(t, f);
    f = must_open(t, "");
    assert_int_equal(XWAIT(t, vfs_link(&t->op, t->vol, f, "x", 0)),
                     SMBKIT_STATUS_FILE_IS_A_DIRECTORY);
    xclose(t, f);
}

static void test_delete(void **state)
{
    void *d = must_create(t, "d", SMBKIT_ATTR_DIRECTORY);
    make(t, "d/f", SMBKIT_ATTR_READONLY);
    assert_int_equal(XWAIT(t, vfs_can_delete(&t->op, t->vol, d, true)),
                     SMBKIT_STATUS_DIRECTORY_NOT_EMPTY);
    void *f = must_open(t, "d/f");
    assert_int_equal(XWAIT(t, vfs_can_delete(&t->op, t->vol, f, false)),
                     SMBKIT_STATUS_CANNOT_DELETE);
    assert_int_equal(xdelete(t, f), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(XWAIT(t, vfs_can_delete(&t->op, t->vol, d, true)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(xdelete(t, d), SMBKIT_STATUS_SUCCESS);
    assert_false(disk_has(t, "d"));
    d = must_open(t, "");
    assert_int_equal(XWAIT(t, vfs_can_delete(&t->op, t->vol, d, true)),
                     SMBKIT_STATUS_CANNOT_DELETE);
    assert_int_equal(xdelete(t, d), SMBKIT_STATUS_CANNOT_DELETE);
    /* what somebody else put in its place stays */
    f = must_create(t, "mine", 0);
    disk_write(t, "theirs", "x");
    assert_int_equal(rename(disk(t, "theirs").text, disk(t, "mine").text), 0);
    assert_int_equal(xdelete(t, f), SMBKIT_STATUS_SUCCESS);
    assert_true(disk_has(t, "mine"));
}

/* --- attributes --- */

static void test_attributes(void **state)
{
    const uint64_t when = 130000000000000000ull;
    void *f = must_create(t, "a", SMBKIT_ATTR_HIDDEN);
    uint64_t id = t->op.attr.file_id;
    assert_int_equal(t->op.attr.attributes, SMBKIT_ATTR_HIDDEN | SMBKIT_ATTR_ARCHIVE);
    struct smbkit_attr a = {.create_time = when,
                            .access_time = when + 1,
                            .write_time = when + 2,
                            .change_time = when + 3,
                            .attributes = SMBKIT_ATTR_SYSTEM | SMBKIT_ATTR_DIRECTORY};
    assert_int_equal(XWAIT(t, vfs_setattr(&t->op, t->vol, f, &a, 0x1f)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.change_time, when + 3);
    xclose(t, f);
    f = must_open(t, "a");
    assert_int_equal(t->op.attr.create_time, when);
    assert_int_equal(t->op.attr.access_time, when + 1);
    assert_int_equal(t->op.attr.write_time, when + 2);
    assert_int_equal(t->op.attr.attributes, SMBKIT_ATTR_SYSTEM);
    assert_int_equal(t->op.attr.file_id, id);
    /* nobody can set the disk's, and it is kept nevertheless */
    assert_int_equal(t->op.attr.change_time, when + 3);
    /* writing marks it */
    assert_int_equal(XWAIT(t, vfs_write(&t->op, t->vol, f, 0, "x", 1)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(XWAIT(t, vfs_getattr(&t->op, t->vol, f)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.attributes, SMBKIT_ATTR_SYSTEM | SMBKIT_ATTR_ARCHIVE);
    assert_int_equal(t->op.attr.create_time, when);
    assert_int_not_equal(t->op.attr.change_time, when + 3);
    xclose(t, f);
    /* longer than a slow disk takes for one of ours */
    struct timespec shortly = {.tv_nsec = 250000000};
    nanosleep(&shortly, NULL);
    a.change_time = when + 4;
    f = must_open(t, "a");
    assert_int_equal(XWAIT(t, vfs_setattr(&t->op, t->vol, f, &a, SMBKIT_SET_CHANGE_TIME)),
                     SMBKIT_STATUS_SUCCESS);
    xclose(t, f);
    nanosleep(&shortly, NULL);
    assert_int_equal(chmod(disk(t, "a").text, 0600), 0);
    f = must_open(t, "a"); /* a change by somebody else */
    assert_true(t->op.attr.change_time > when + 4);
    xclose(t, f);
    disk_write(t, ".dot", "");
    disk_write(t, "plain", "");
    assert_int_equal(chmod(disk(t, "plain").text, 0444), 0);
    f = must_open(t, ".dot");
    assert_int_equal(t->op.attr.attributes, SMBKIT_ATTR_HIDDEN);
    assert_int_equal(t->op.attr.flags, SMBKIT_FILE_HIDDEN_BY_NAME);
    a.attributes = SMBKIT_ATTR_HIDDEN; /* and now it is */
    assert_int_equal(XWAIT(t, vfs_setattr(&t->op, t->vol, f, &a, SMBKIT_SET_ATTRIBUTES)),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.attributes, SMBKIT_ATTR_HIDDEN);
    assert_int_equal(t->op.attr.flags, 0);
    xclose(t, f);
    assert_int_equal(xopen_as(t, "plain", 0x80, &f), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.attributes, SMBKIT_ATTR_READONLY);
    xclose(t, f);
}

static void test_modes(void **state)
{
    const struct smbkit_arg args[] = {
        {"file-mode", "0604"}, {"folder-mode", "2750"}, {"hide-dot-files", "off"}};
    struct stat st;
    dirtest_close_volume(t);
    assert_true(dirtest_open_volume(t, args, 3));
    make(t, ".f", 0);
    make(t, "d", SMBKIT_ATTR_DIRECTORY);
    assert_int_equal(stat(disk(t, ".f").text, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0604);
    assert_int_equal(stat(disk(t, "d").text, &st), 0);
    assert_int_equal(st.st_mode & 07777, 02750);
    void *f = must_open(t, ".f");
    assert_int_equal(t->op.attr.attributes, SMBKIT_ATTR_ARCHIVE);
    xclose(t, f);
}

static void test_statfs(void **state)
{
    assert_int_equal(XWAIT(t, vfs_statfs(&t->op, t->vol)), SMBKIT_STATUS_SUCCESS);
    assert_true(t->op.statfs.total_bytes >= t->op.statfs.free_bytes);
    assert_true(t->op.statfs.free_bytes > 0);
}

/* --- listings --- */

/* Lists in small pieces while names come and go: what was there all the time is listed once. */
static void list_while_changing(void)
{
    char name[32];
    int seen[100] = {0};
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "f%02d", i);
        disk_write(t, name, "");
    }
    void *d = must_open(t, "");
    struct smbkit_readdir_args args = {.pattern = "*", .max_entries = 3};
    for (int step = 0;; step++) {
        assert_int_equal(XWAIT(t, vfs_readdir(&t->op, t->vol, d, &args)), SMBKIT_STATUS_SUCCESS);
        size_t n = t->op.dirent_count < 7 ? t->op.dirent_count : 7; /* forget the rest */
        for (size_t i = 0; i < n; i++)
            if (t->op.dirents[i].name[0] == 'f')
                seen[strtol(t->op.dirents[i].name + 1, NULL, 10)]++;
        bool end = t->op.dir_end && n == t->op.dirent_count;
        if (n > 0)
            args.cookie = t->op.dirents[n - 1].next_cookie;
        if (end)
            break;
        snprintf(name, sizeof(name), "g%02d", step);
        disk_write(t, name, "");
        snprintf(name, sizeof(name), "f%02d", 99 - 2 * step);
        if (step < 20)
            unlink(disk(t, name).text);
    }
    xclose(t, d);
    for (int i = 0; i < 100; i++) {
        if (i % 2 == 0)
            assert_int_equal(seen[i], 1);
        else
            assert_in_range(seen[i], 0, 1);
    }
}

static void test_listing(void **state)
{
    list_while_changing();
}

static void test_listing_without_index(void **state)
{
    const struct smbkit_arg args[] = {{"watch", "off"}};
    dirtest_close_volume(t);
    assert_true(dirtest_open_volume(t, args, 1));
    list_while_changing();
}

static void test_names_that_no_client_can_use(void **state)
{
    disk_write(t, "good", "");
    disk_write(t, "a:b", "");
    disk_write(t, "bad\xff", "");
    disk_write(t, "a\\b", "");
    disk_write(t, "tab\t", "");
    assert_string_equal(listing(t, ""), "good ");
    assert_int_equal(mkfifo(disk(t, "pipe").text, 0666), 0);
    assert_string_equal(listing(t, ""), "good ");
    assert_int_equal(status_of(t, "pipe"), SMBKIT_STATUS_ACCESS_DENIED);
}

/* --- memory --- */

/* Each allocation fails once in a session that does a bit of everything. */
static void a_bit_of_everything(void)
{
    void *d, *f;
    if (xopen(t, "", &d) == SMBKIT_STATUS_SUCCESS) {
        const struct smbkit_readdir_args args = {.pattern = "*", .max_entries = 10};
        XWAIT(t, vfs_readdir(&t->op, t->vol, d, &args));
        xclose(t, d);
    }
    if (xcreate(t, "Dir", SMBKIT_ATTR_DIRECTORY, &d) == SMBKIT_STATUS_SUCCESS)
        xclose(t, d);
    if (xcreate(t, "dir/file", 0, &f) == SMBKIT_STATUS_SUCCESS) {
        XWAIT(t, vfs_write(&t->op, t->vol, f, 0, "x", 1));
        XWAIT(t, vfs_link(&t->op, t->vol, f, "dir/link", SMBKIT_RENAME_REPLACE));
        xrename(t, f, "file2", SMBKIT_RENAME_REPLACE);
        xclose(t, f);
    }
    for (int i = 0; i < 3; i++)
        if (xopen(t, i == 0 ? "FILE2" : i == 1 ? "DIR/LINK" : "dir", &f) == SMBKIT_STATUS_SUCCESS)
            xdelete(t, f);
    vfs_op_clear(&t->op);
}

static void test_memory_out(void **state)
{
    dirtest_close_volume(t);
    for (size_t n = 1;; n++) {
        testmem_fail_nth(n);
        if (dirtest_open_volume(t, NULL, 0))
            a_bit_of_everything();
        bool failed = testmem_failed() > 0;
        dirtest_close_volume(t);
        testmem_fail_none();
        assert_int_equal(testmem_live(), 0);
        nftw(t->root, dirtest_remove, 64, FTW_DEPTH | FTW_PHYS);
        assert_int_equal(mkdir(t->root, 0777), 0);
        if (!failed)
            break;
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_parameters),
        TEST(test_lease_of_another),
        TEST(test_data),
        TEST(test_reserved_room),
        TEST(test_overwrite_without_writing),
        TEST(test_holes),
        TEST(test_case),
        TEST(test_long_names),
        TEST(test_rename),
        TEST(test_replaced_handle_keeps_file),
        TEST(test_links),
        TEST(test_delete),
        TEST(test_attributes),
        TEST(test_modes),
        TEST(test_statfs),
        TEST(test_listing),
        TEST(test_listing_without_index),
        TEST(test_names_that_no_client_can_use),
        TEST(test_memory_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
