// SPDX-License-Identifier: Apache-2.0
/*
 * Nothing outside the share can be reached: links that lead out, "..", and folders that become
 * links while they are opened. A canary lies beside the share; no handle may ever be on it.
 */
#include "test_bench.h"

static struct dirtest tt, *t = &tt;
static char canary[512];

static int setup_links(const char *links)
{
    const struct smbkit_arg args[] = {{"links", links}};
    testmem_install();
    dirtest_init(t);
    snprintf(canary, sizeof(canary), "%s/secret", t->base);
    assert_int_equal(mkdir(canary, 0777), 0);
    snprintf(canary, sizeof(canary), "%s/secret/canary", t->base);
    FILE *f = fopen(canary, "w");
    assert_non_null(f);
    fputs("canary", f);
    fclose(f);
    return !dirtest_open_volume(t, args, 1);
}

static int setup(void **state)
{
    return setup_links("follow");
}

static int setup_refuse(void **state)
{
    return setup_links("refuse");
}

static int teardown(void **state)
{
    return dirtest_teardown(t);
}

static void put_link(const char *name, const char *to)
{
    assert_int_equal(symlink(to, disk(t, name).text), 0);
}

static void test_links_out(void **state)
{
    char secret[512];
    snprintf(secret, sizeof(secret), "%s/secret", t->base);
    put_link("abs", canary);
    put_link("rel", "../secret/canary");
    put_link("absdir", secret);
    put_link("reldir", "../secret");
    put_link("chain", "reldir");
    put_link("proc", "/proc/self/root");
    const char *paths[] = {"abs",  "rel",           "absdir",        "reldir",       "chain",
                           "proc", "absdir/canary", "reldir/canary", "chain/canary", "proc/etc"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        smbkit_status st = status_of(t, paths[i]);
        if (st != SMBKIT_STATUS_ACCESS_DENIED)
            fail_msg("%s: %08x", paths[i], (unsigned)st);
    }
    assert_string_equal(listing(t, ""), "");
    void *f;
    assert_int_equal(xcreate(t, "reldir/new", 0, &f), SMBKIT_STATUS_ACCESS_DENIED);
    f = must_create(t, "x", 0);
    assert_int_equal(xrename(t, f, "reldir/x", SMBKIT_RENAME_REPLACE), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(XWAIT(t, vfs_link(&t->op, t->vol, f, "absdir/x", 0)),
                     SMBKIT_STATUS_ACCESS_DENIED);
    xclose(t, f);
}

/* The core lets no such path through; the plugin would not go there either. */
static void test_dots(void **state)
{
    const char *paths[] = {"..", "../secret", "../secret/canary", "a/../../secret/canary",
                           "/etc/passwd"};
    make(t, "a", SMBKIT_ATTR_DIRECTORY);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_int_not_equal(status_of(t, paths[i]), SMBKIT_STATUS_SUCCESS);
}

/* The root of a share may be a folder below another: the way there is walked like any other. */
static void test_below(void **state)
{
    const char *bad[] = {"no", "file", "link", "link/b", "out", "out/secret", "..", "/tmp"};
    struct smbkit_arg arg = {"below", "a/b"};
    make(t, "a", SMBKIT_ATTR_DIRECTORY);
    make(t, "a/b", SMBKIT_ATTR_DIRECTORY);
    make(t, "a/b/inside", 0);
    make(t, "file", 0);
    put_link("link", "a");
    put_link("out", "..");
    dirtest_close_volume(t);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        arg.value = bad[i];
        assert_false(dirtest_open_volume(t, &arg, 1));
    }
    arg.value = "a/b";
    assert_true(dirtest_open_volume(t, &arg, 1));
    assert_int_equal(status_of(t, "inside"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(status_of(t, "file"), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
}

static void test_links_inside(void **state)
{
    make(t, "d", SMBKIT_ATTR_DIRECTORY);
    make(t, "d/f", 0);
    put_link("ld", "d");
    put_link("d/up", "../d/f");
    put_link("dead", "nothing");
    put_link("loop", "loop");
    assert_int_equal(status_of(t, "LD/F"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(status_of(t, "ld/UP"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(status_of(t, "dead"), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(status_of(t, "loop"), SMBKIT_STATUS_ACCESS_DENIED);
    assert_string_equal(listing(t, ""), "d ld ");
    /* removing a link removes the link */
    void *f = must_open(t, "d/up");
    assert_int_equal(xdelete(t, f), SMBKIT_STATUS_SUCCESS);
    assert_true(disk_has(t, "d/f"));
    assert_false(disk_has(t, "d/up"));
    f = must_open(t, "ld");
    assert_int_equal(xrename(t, f, "LD2", 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(xdelete(t, f), SMBKIT_STATUS_SUCCESS);
    assert_false(disk_has(t, "LD2"));
    assert_true(disk_has(t, "d/f"));
}

static void test_refuse(void **state)
{
    make(t, "d", SMBKIT_ATTR_DIRECTORY);
    make(t, "d/f", 0);
    put_link("ld", "d");
    put_link("lf", "d/f");
    assert_int_equal(status_of(t, "lf"), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(status_of(t, "ld"), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_not_equal(status_of(t, "ld/f"), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(listing(t, ""), "d ");
}

/* --- races --- */

#define ROUNDS 3000

static _Atomic bool stop;

/* Somebody on the machine makes the folder a link that leads out, and a folder again. */
static void *swap(void *ctx)
{
    char real[600], aside[600], link[600], secret[600];
    snprintf(real, sizeof(real), "%s/deep/d", t->root);
    snprintf(aside, sizeof(aside), "%s/deep/aside", t->root);
    snprintf(link, sizeof(link), "%s/deep/link", t->root);
    snprintf(secret, sizeof(secret), "%s/secret", t->base);
    while (!stop) {
        if (symlink(secret, link) != 0 || rename(real, aside) != 0 || rename(link, real) != 0 ||
            unlink(real) != 0 || rename(aside, real) != 0)
            return "the disk does not play along";
    }
    return NULL;
}

static void not_the_canary(void *f)
{
    if (XWAIT(t, vfs_read(&t->op, t->vol, f, 0, 100)) == SMBKIT_STATUS_SUCCESS)
        assert_memory_equal(t->op.data.data, "harmless", t->op.data.len);
    assert_int_not_equal(t->op.data.len, 6);
}

static void test_race(void **state)
{
    pthread_t thread;
    void *f, *failed;
    int good = 0;
    make(t, "Deep", SMBKIT_ATTR_DIRECTORY);
    assert_int_equal(rename(disk(t, "Deep").text, disk(t, "deep").text), 0);
    make(t, "deep/d", SMBKIT_ATTR_DIRECTORY);
    disk_write(t, "deep/d/canary", "harmless");
    stop = false;
    assert_int_equal(pthread_create(&thread, NULL, swap, NULL), 0);
    for (int i = 0; i < ROUNDS; i++) {
        /* spelled right, put right, and made */
        const char *path = i % 3 == 0 ? "deep/d/canary" : i % 3 == 1 ? "DEEP/D/CANARY" : "deep/d/n";
        smbkit_status st = i % 3 == 2 ? xcreate(t, path, 0, &f) : xopen(t, path, &f);
        if (st != SMBKIT_STATUS_SUCCESS)
            continue;
        good++;
        if (i % 3 == 2)
            xdelete(t, f);
        else {
            not_the_canary(f);
            xclose(t, f);
        }
    }
    stop = true;
    pthread_join(thread, &failed);
    assert_null(failed);
    assert_true(good > 0);
    /* nothing was made outside */
    char made[600];
    snprintf(made, sizeof(made), "%s/secret/n", t->base);
    assert_int_equal(access(made, F_OK), -1);
    assert_int_equal(access(canary, F_OK), 0);
}

/* The last component becomes a link between being looked at and being read. */
static void *swap_file(void *ctx)
{
    char file[600], link[600];
    snprintf(file, sizeof(file), "%s/f", t->root);
    snprintf(link, sizeof(link), "%s/l", t->root);
    while (!stop) {
        if (symlink(canary, link) != 0 || rename(link, file) != 0 || unlink(file) != 0)
            return "the disk does not play along";
        disk_write(t, "f", "harmless");
    }
    return NULL;
}

static void test_race_file(void **state)
{
    pthread_t thread;
    void *f, *failed;
    stop = false;
    assert_int_equal(pthread_create(&thread, NULL, swap_file, NULL), 0);
    for (int i = 0; i < ROUNDS; i++) {
        if (xopen_as(t, i % 2 == 0 ? "f" : "F", 1, &f) != SMBKIT_STATUS_SUCCESS)
            continue;
        not_the_canary(f);
        xclose(t, f);
    }
    stop = true;
    pthread_join(thread, &failed);
    assert_null(failed);
    assert_int_equal(access(canary, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_links_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dots, setup, teardown),
        cmocka_unit_test_setup_teardown(test_below, setup, teardown),
        cmocka_unit_test_setup_teardown(test_links_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuse, setup_refuse, teardown),
        cmocka_unit_test_setup_teardown(test_race, setup, teardown),
        cmocka_unit_test_setup_teardown(test_race_file, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
