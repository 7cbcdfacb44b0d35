// SPDX-License-Identifier: Apache-2.0
/* The file plugin, driven through vfs/ as the server does, with files in a scratch folder. */
#include "base/testmem.h"
#include "file.h"
#include "vfs/testhost.h"
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

extern const struct smbkit_plugin smbkit_plugin_file;

static struct testhost host;
static struct vfs_volume *vol;
static struct vfs_op op;
static bool done;
static char error[VFS_ERROR_TEXT_MAX];
static char *base, *paths;
static char notes[1024];

static void on_done(struct vfs_op *o)
{
    done = true;
}

static void on_changed(void *ctx, struct vfs_volume *volume, const char *user, const char *path,
                       uint32_t action)
{
    pthread_mutex_lock(&host.mutex);
    size_t n = strlen(notes);
    snprintf(notes + n, sizeof(notes) - n, "%c%s ", "?+-*"[action], path);
    pthread_mutex_unlock(&host.mutex);
}

static bool open_volume(const char *list)
{
    const struct smbkit_arg arg = {"path", list};
    host.host.changed = on_changed;
    vol = vfs_volume_new(&smbkit_plugin_file, "f", &arg, 1, &host.host, error);
    vfs_op_init(&op, on_done);
    return vol != NULL;
}

static char *in_base(const char *name)
{
    char *path;
    assert_true(asprintf(&path, "%s/%s", base, name) > 0);
    return path;
}

static void put(const char *name, const char *content)
{
    char *path = in_base(name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(content, f);
    assert_int_equal(fclose(f), 0);
    free(path);
}

static int setup(void **state)
{
    const char *tmp = getenv("TMPDIR");
    testmem_install();
    testhost_init(&host);
    notes[0] = '\0';
    assert_true(asprintf(&base, "%s/smbkit-file.XXXXXX", tmp != NULL ? tmp : "/tmp") > 0);
    assert_non_null(mkdtemp(base));
    put("one", "first");
    put("two", "second");
    assert_true(asprintf(&paths, "%s/one:%s/two", base, base) > 0);
    return 0;
}

static int remove_it(const char *path, const struct stat *st, int type, struct FTW *w)
{
    return remove(path);
}

static int teardown(void **state)
{
    vfs_op_clear(&op);
    if (vol != NULL)
        vfs_volume_unref(vol);
    vol = NULL;
    nftw(base, remove_it, 8, FTW_DEPTH | FTW_PHYS);
    free(base);
    free(paths);
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
    return 0;
}

static smbkit_status wait_for(bool answered)
{
    while (!answered && !done)
        testhost_drain(&host);
    done = false;
    return op.status;
}

static smbkit_status xopen(const char *path, void **file)
{
    smbkit_status st =
        wait_for(vfs_open(&op, vol, &(struct smbkit_open_args){.path = path, .access = 1}));
    *file = op.opened;
    return st;
}

static void xclose(void *file)
{
    wait_for(vfs_cleanup(&op, vol, file, 0));
    wait_for(vfs_close(&op, vol, file));
}

static void test_refused(void **state)
{
    const char *bad[] = {"absent", "", "one:absent"};
    assert_int_equal(chdir(base), 0);
    for (size_t i = 0; i < 3; i++)
        assert_false(open_volume(bad[i]));
    assert_false(open_volume(base));
    assert_non_null(strstr(error, "not a file"));
    assert_false(open_volume("one:./one"));
    assert_non_null(strstr(error, "another file of that name"));
    put("a\\b", "");
    assert_false(open_volume("a\\b"));
    assert_int_equal(chdir("/"), 0);
}

static void test_reading(void **state)
{
    void *f;
    assert_true(open_volume(paths));
    assert_int_equal(xopen("ONE", &f), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(op.true_path, "one");
    assert_int_equal(op.attr.size, 5);
    assert_int_equal(wait_for(vfs_read(&op, vol, f, 1, 100)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(op.data.len, 4);
    assert_memory_equal(op.data.data, "irst", 4);
    assert_int_equal(wait_for(vfs_read(&op, vol, f, UINT64_MAX, 1)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(op.data.len, 0);
    assert_int_equal(wait_for(vfs_write(&op, vol, f, 0, "x", 1)), SMBKIT_STATUS_ACCESS_DENIED);
    xclose(f);
    assert_int_equal(xopen("three", &f), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(xopen("../one", &f), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(wait_for(vfs_create(&op, vol, &(struct smbkit_create_args){.path = "new"})),
                     SMBKIT_STATUS_ACCESS_DENIED);
}

static void test_listing(void **state)
{
    void *d;
    assert_true(open_volume(paths));
    assert_int_equal(xopen("", &d), SMBKIT_STATUS_SUCCESS);
    struct smbkit_readdir_args args = {.pattern = "*"};
    wait_for(vfs_readdir(&op, vol, d, &args));
    assert_int_equal(op.dirent_count, 2);
    assert_true(op.dir_end);
    args.cookie = op.dirents[0].next_cookie;
    char *one = in_base("one");
    unlink(one);
    free(one);
    wait_for(vfs_readdir(&op, vol, d, &args));
    assert_int_equal(op.dirent_count, 1);
    assert_string_equal(op.dirents[0].name, "two");
    args.cookie = 0;
    wait_for(vfs_readdir(&op, vol, d, &args));
    assert_int_equal(op.dirent_count, 1);
    assert_int_equal(wait_for(vfs_statfs(&op, vol)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(op.statfs.total_bytes, 4096);
    xclose(d);
}

/* Events come on another thread; a deadline only bounds how long a failure takes. */
static void await(const char *what)
{
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&host.mutex);
        bool found = strstr(notes, what) != NULL;
        if (found)
            notes[0] = '\0';
        pthread_mutex_unlock(&host.mutex);
        if (found)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    fail_msg("'%s' was not told: '%s'", what, notes);
}

static void test_changes(void **state)
{
    char *one = in_base("one"), *aside = in_base("aside");
    void *old, *new;
    assert_true(open_volume(paths));
    put("two", "longer than before");
    await("*two ");
    assert_int_equal(xopen("one", &old), SMBKIT_STATUS_SUCCESS);
    uint64_t id = op.attr.file_id;
    put("aside", "another");
    assert_int_equal(rename(aside, one), 0);
    await("*one ");
    assert_int_equal(xopen("one", &new), SMBKIT_STATUS_SUCCESS);
    assert_int_not_equal(op.attr.file_id, id);
    assert_int_equal(wait_for(vfs_read(&op, vol, old, 0, 10)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(op.data.len, 5);
    xclose(old);
    put("one", "the new one is watched too");
    await("*one ");
    unlink(one);
    await("-one ");
    put("one", "again");
    await("+one ");
    xclose(new);
    free(one);
    free(aside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reading, setup, teardown),
        cmocka_unit_test_setup_teardown(test_listing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
