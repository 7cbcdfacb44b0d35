// SPDX-License-Identifier: Apache-2.0
/*
 * The names that the plugin makes for a moment: no client sees or uses one, and none stays behind,
 * whatever others do on the disk between our looking and our renaming.
 */
#include "test_bench.h"
#include <dirent.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define OURS  ".smbkit-0123456789abcdef"
#define UPPER ".SMBKIT-0123456789ABCDEF"

static struct dirtest tt, *t = &tt;
static void (*meddle)(void); /* somebody else, right before the plugin renames */

/* In place of the C library's, for the plugin. */
int renameat(int from, const char *from_name, int to, const char *to_name)
{
    void (*now)(void) = meddle;
    meddle = NULL;
    if (now != NULL)
        now();
    return (int)syscall(SYS_renameat2, from, from_name, to, to_name, 0);
}

static int setup_with(const struct smbkit_arg *args, size_t count)
{
    return dirtest_setup(t, args, count);
}

static int setup(void **state)
{
    return setup_with(NULL, 0);
}

static int setup_unwatched(void **state)
{
    return setup_with(&(struct smbkit_arg){"watch", "off"}, 1);
}

static int teardown(void **state)
{
    return dirtest_teardown(t);
}

/* All names in the share, those that clients do not see too. */
static const char *on_disk(void)
{
    static char text[1024];
    struct dirent **names;
    int n = scandir(t->root, &names, NULL, alphasort);
    text[0] = '\0';
    for (int i = 0; i < n; i++) {
        size_t len = strlen(text);
        if (strcmp(names[i]->d_name, ".") != 0 && strcmp(names[i]->d_name, "..") != 0)
            snprintf(text + len, sizeof(text) - len, "%s ", names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return text;
}

/* --- nobody sees them --- */

static void test_hidden(void **state)
{
    void *f;
    disk_write(t, OURS, "x");
    disk_write(t, ".smbkit-notes", "x");
    assert_int_equal(mkdir(disk(t, ".smbkit-1111111111111111").text, 0777), 0);
    disk_write(t, ".smbkit-1111111111111111/f", "x");
    assert_string_equal(listing(t, ""), ".smbkit-notes ");
    assert_int_equal(status_of(t, OURS), SMBKIT_STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(status_of(t, UPPER), SMBKIT_STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(status_of(t, ".smbkit-1111111111111111/f"),
                     SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(status_of(t, ".SMBKIT-NOTES"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(unlink(disk(t, OURS).text), 0);
    assert_int_equal(xcreate(t, UPPER, 0, &f), SMBKIT_STATUS_OBJECT_NAME_INVALID);
    f = must_open(t, ".smbkit-notes");
    assert_int_equal(xrename(t, f, OURS, 0), SMBKIT_STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(XWAIT(t, vfs_link(&t->op, t->vol, f, OURS, 0)),
                     SMBKIT_STATUS_OBJECT_NAME_INVALID);
    xclose(t, f);
    assert_string_equal(on_disk(), ".smbkit-1111111111111111 .smbkit-notes ");
}

static void test_not_told(void **state)
{
    void *w = must_open(t, "");
    assert_int_equal(XWAIT(t, vfs_watch(&t->op, t->vol, w, true)), SMBKIT_STATUS_SUCCESS);
    disk_write(t, OURS, "x");
    disk_write(t, OURS, "longer");
    assert_int_equal(mkdir(disk(t, UPPER).text, 0777), 0);
    assert_string_equal(told(t), "");
    disk_write(t, UPPER "/f", "x");
    assert_string_equal(told(t), "");
    assert_int_equal(rename(disk(t, OURS).text, disk(t, "seen").text), 0);
    assert_string_equal(told(t), "+seen ");
    assert_int_equal(rename(disk(t, "seen").text, disk(t, OURS).text), 0);
    assert_string_equal(told(t), "-seen ");
    assert_int_equal(unlink(disk(t, OURS).text), 0);
    assert_string_equal(told(t), "");
    xclose(t, w);
}

/* --- none stays behind --- */

static void move_over(void)
{
    assert_int_equal(rename(disk(t, "f").text, disk(t, "taken").text), 0);
}

static void link_over(void)
{
    assert_int_equal(unlink(disk(t, "taken").text), 0);
    assert_int_equal(link(disk(t, "f").text, disk(t, "taken").text), 0);
}

/* What is to be replaced has become the file itself: rename does nothing then, and says so. */
static void test_link_over_itself(void **state)
{
    disk_write(t, "f", "x");
    disk_write(t, "taken", "y");
    void *f = must_open(t, "f");
    meddle = move_over;
    assert_int_equal(XWAIT(t, vfs_link(&t->op, t->vol, f, "taken", SMBKIT_RENAME_REPLACE)),
                     SMBKIT_STATUS_SUCCESS);
    assert_null(meddle);
    assert_string_equal(on_disk(), "taken ");
    xclose(t, f);
    assert_string_equal(listing(t, ""), "taken ");
}

static void test_rename_over_itself(void **state)
{
    disk_write(t, "f", "x");
    disk_write(t, "taken", "y");
    void *f = must_open(t, "f");
    meddle = link_over;
    assert_int_equal(xrename(t, f, "taken", SMBKIT_RENAME_REPLACE), SMBKIT_STATUS_SUCCESS);
    assert_null(meddle);
    assert_string_equal(on_disk(), "taken ");
    xclose(t, f);
    assert_string_equal(listing(t, ""), "taken ");
}

/* --- nor does one of a server that was killed --- */

static void die(void)
{
    kill(getpid(), SIGKILL);
}

static void link_and_die(void)
{
    void *f = must_open(t, "f");
    meddle = die;
    XWAIT(t, vfs_link(&t->op, t->vol, f, "taken", SMBKIT_RENAME_REPLACE));
}

/* In a process of its own, which is killed between the link and the rename. */
static void leave_one(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        if (dirtest_open_volume(t, NULL, 0))
            link_and_die();
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_memory_equal(on_disk(), ".smbkit-", 8);
}

static void left_by_killed(const struct smbkit_arg *args, size_t count)
{
    dirtest_close_volume(t);
    disk_write(t, "f", "x");
    disk_write(t, "taken", "y");
    leave_one();
    assert_true(dirtest_open_volume(t, args, count));
    assert_string_equal(listing(t, ""), "f taken ");
    assert_string_equal(on_disk(), "f taken ");
}

static void test_left_by_killed(void **state)
{
    left_by_killed(NULL, 0);
}

static void test_left_by_killed_unwatched(void **state)
{
    left_by_killed(&(struct smbkit_arg){"watch", "off"}, 1);
}

/* What is left of turning a file or folder into a link, or back. */
static void test_left_turns(void **state)
{
    disk_write(t, ".smbkit-7fffffff00000000", "");
    assert_int_equal(mkdir(disk(t, ".smbkit-7fffffff00000001").text, 0777), 0);
    assert_int_equal(symlink("x", disk(t, ".smbkit-7fffffff00000002").text), 0);
    assert_string_equal(listing(t, ""), "");
    assert_string_equal(on_disk(), "");
}

/* Who only reads leaves all of it, and no kind is touched that is not made here. */
static void test_not_swept_by_reading(void **state)
{
    disk_write(t, ".smbkit-7fffffff00000000", "");
    assert_int_equal(mkfifo(disk(t, ".smbkit-7fffffff00000001").text, 0666), 0);
    assert_string_equal(listing_as(t, "", ACCESS_LIST), "");
    assert_string_equal(on_disk(), ".smbkit-7fffffff00000000 .smbkit-7fffffff00000001 ");
    dirtest_close_volume(t);
    assert_true(dirtest_open_volume(t, NULL, 0));
    assert_string_equal(listing(t, ""), "");
    assert_string_equal(on_disk(), ".smbkit-7fffffff00000001 ");
}

/* One that a living server may be about to rename stays, and so does the only name of a file. */
static void test_not_swept(void **state)
{
    char mine[64];
    disk_write(t, "f", "x");
    disk_write(t, ".smbkit-7fffffff00000001", "only");
    snprintf(mine, sizeof(mine), ".smbkit-%08x00000000", (unsigned)getpid());
    assert_int_equal(link(disk(t, "f").text, disk(t, mine).text), 0);
    assert_int_equal(link(disk(t, "f").text, disk(t, ".smbkit-7fffffff00000000").text), 0);
    assert_string_equal(listing(t, ""), "f ");
    assert_null(strstr(on_disk(), "7fffffff00000000"));
    assert_non_null(strstr(on_disk(), "7fffffff00000001"));
    assert_non_null(strstr(on_disk(), mine));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hidden, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hidden, setup_unwatched, teardown),
        cmocka_unit_test_setup_teardown(test_not_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_link_over_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rename_over_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_left_by_killed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_left_by_killed_unwatched, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_swept_by_reading, setup, teardown),
        cmocka_unit_test_setup_teardown(test_left_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_swept, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
