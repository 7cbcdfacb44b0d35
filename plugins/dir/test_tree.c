// SPDX-License-Identifier: Apache-2.0
/*
 * Whole trees that are watched: what others change anywhere below is told, in folders that come
 * later too, and also when the kernel has dropped events.
 */
#include "test_bench.h"
#include "vfs/vfs_int.h"
#include "volume.h"

static struct dirtest tt, *t = &tt;

static int setup_with(const char *folders)
{
    const struct smbkit_arg args[] = {{"watch-folders", folders}};
    return dirtest_setup(t, args, 1);
}

static int setup(void **state)
{
    return setup_with("1000");
}

static int setup_few(void **state)
{
    return setup_with("3");
}

static int teardown(void **state)
{
    return dirtest_teardown(t);
}

static struct dir_volume *volume(void)
{
    return t->vol->levels[t->vol->level_count - 1].vol;
}

static void disk_mkdir(const char *path)
{
    assert_int_equal(mkdir(disk(t, path).text, 0777), 0);
}

static void *watch(const char *path, bool tree)
{
    void *d = must_open(t, path);
    assert_int_equal(XWAIT(t, vfs_watch(&t->op, t->vol, d, tree)), SMBKIT_STATUS_SUCCESS);
    return d;
}

static void test_below(void **state)
{
    disk_mkdir("a");
    disk_mkdir("a/b");
    disk_mkdir("a/b/c");
    disk_mkdir("other");
    void *d = watch("a", false);
    disk_write(t, "a/b/c/quiet", "x");
    assert_string_equal(told(t), "");
    void *w = watch("A", true);
    disk_write(t, "a/b/c/f", "x");
    assert_string_equal(told(t), "+a/b/c/f ");
    assert_int_equal(rename(disk(t, "a/b/c/f").text, disk(t, "a/b/c/g").text), 0);
    assert_string_equal(told(t), "<a/b/c/f >a/b/c/g ");
    assert_int_equal(unlink(disk(t, "a/b/c/g").text), 0);
    assert_string_equal(told(t), "-a/b/c/g ");
    disk_write(t, "other/f", "x");
    assert_string_equal(told(t), "");
    /* the folder has moved, and what is in it with it */
    assert_int_equal(rename(disk(t, "a/b").text, disk(t, "a/B2").text), 0);
    assert_string_equal(told(t), "<a/b >a/B2 ");
    disk_write(t, "a/B2/c/h", "x");
    assert_string_equal(told(t), "+a/B2/c/h ");
    xclose(t, w);
    assert_int_equal(volume()->trees.count, 0);
    disk_write(t, "a/B2/quiet", "x");
    (void)told(t);
    xclose(t, d);
}

static void test_new_folders(void **state)
{
    void *w = watch("", true);
    disk_mkdir("n");
    assert_string_equal(told(t), "+n ");
    disk_write(t, "n/f", "x");
    assert_string_equal(told(t), "+n/f ");
    /* what is there before we can look is told too */
    assert_int_equal(mkdir(disk(t, "../deep").text, 0777), 0);
    assert_int_equal(mkdir(disk(t, "../deep/er").text, 0777), 0);
    disk_write(t, "../deep/er/f", "x");
    assert_int_equal(rename(disk(t, "../deep").text, disk(t, "deep").text), 0);
    assert_string_equal(told(t), "+deep +deep/er +deep/er/f ");
    disk_write(t, "deep/er/g", "x");
    assert_string_equal(told(t), "+deep/er/g ");
    /* a folder that we make ourselves */
    make(t, "ours", SMBKIT_ATTR_DIRECTORY);
    assert_string_equal(told(t), "");
    disk_write(t, "ours/f", "x");
    assert_string_equal(told(t), "+ours/f ");
    /* one that has left the share is not told of any more */
    assert_int_equal(volume()->trees.count, 5);
    assert_int_equal(rename(disk(t, "deep").text, disk(t, "../left").text), 0);
    assert_string_equal(told(t), "-deep ");
    assert_int_equal(volume()->trees.count, 3);
    disk_write(t, "../left/er/h", "x");
    assert_string_equal(told(t), "");
    xclose(t, w);
}

static void test_two_watchers(void **state)
{
    disk_mkdir("a");
    disk_mkdir("a/b");
    void *all = watch("", true), *some = watch("a", true);
    assert_int_equal(volume()->trees.count, 3);
    xclose(t, all);
    assert_int_equal(volume()->trees.count, 2);
    disk_write(t, "a/b/f", "x");
    assert_string_equal(told(t), "+a/b/f ");
    xclose(t, some);
    assert_int_equal(volume()->trees.count, 0);
}

static void test_too_many(void **state)
{
    for (int i = 0; i < 6; i++) {
        char name[8];
        snprintf(name, sizeof(name), "d%d", i);
        disk_mkdir(name);
    }
    void *w = watch("", true);
    assert_int_equal(volume()->trees.count, 3);
    assert_true(volume()->trees.full);
    disk_write(t, "here", "x");
    assert_string_equal(told(t), "+here ");
    xclose(t, w);
}

static long queue_limit(void)
{
    long n = 0;
    FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
    if (f != NULL && fscanf(f, "%ld", &n) != 1)
        n = 0;
    if (f != NULL)
        fclose(f);
    return n;
}

/* While nobody can apply events, more happen than the kernel keeps. */
static void test_lost(void **state)
{
    long limit = queue_limit();
    if (limit <= 0 || limit > 100000) {
        print_message("max_queued_events is %ld: lost events are not tested\n", limit);
        return;
    }
    disk_mkdir("many");
    disk_mkdir("few");
    disk_write(t, "few/old", "x");
    disk_write(t, "few/changed", "x");
    disk_write(t, "few/same", "x");
    void *w = watch("", true);
    disk_pass(t, "few/same", 50000000); /* more than watch.c allows for the file system's clock */
    (void)told(t);
    struct dir_handle *h = must_open(t, "many");
    pthread_mutex_lock(&h->self->lock);
    for (long i = 0; i <= limit; i++) {
        char name[32];
        snprintf(name, sizeof(name), "many/%ld", i);
        int fd = open(disk(t, name).text, O_CREAT | O_WRONLY, 0666);
        assert_true(fd >= 0);
        close(fd);
        assert_int_equal(unlink(disk(t, name).text), 0);
    }
    disk_write(t, "few/new", "x");
    disk_write(t, "few/changed", "longer");
    assert_int_equal(unlink(disk(t, "few/old").text), 0);
    disk_mkdir("few/folder");
    pthread_mutex_unlock(&h->self->lock);
    xclose(t, h);
    const char *what = told(t);
    assert_non_null(strstr(what, "+few/new "));
    assert_non_null(strstr(what, "-few/old "));
    assert_non_null(strstr(what, "*few/changed "));
    assert_non_null(strstr(what, "+few/folder "));
    assert_null(strstr(what, "same"));
    disk_write(t, "few/folder/f", "x");
    assert_string_equal(told(t), "+few/folder/f ");
    xclose(t, w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_below, setup, teardown),
        cmocka_unit_test_setup_teardown(test_new_folders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_watchers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many, setup_few, teardown),
        cmocka_unit_test_setup_teardown(test_lost, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
