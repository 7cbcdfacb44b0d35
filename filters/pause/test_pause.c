// SPDX-License-Identifier: Apache-2.0
/* The pause filter before the memory plugin: orders by FIFO and by signal. */
#include "test_filters.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

extern const struct smbkit_filter smbkit_filter_pause;

static char dir[] = "/tmp/smbkit-test-pause.XXXXXX";
static char path[64];

static void order(const char *text)
{
    int fd = open(path, O_WRONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* Waits until `count` operations are done; there is a thread that works on it. */
static bool wait_done(int count, int ms)
{
    for (; ms > 0 && done_count < count; ms--) {
        testhost_drain(&host);
        poll(NULL, 0, 1);
    }
    return done_count >= count;
}

static void open_paused(void)
{
    const struct smbkit_arg args[] = {{"control", path}, {"paused", "on"}, {"signals", "on"}};
    assert_true(open_volume(&smbkit_filter_pause, args, 3));
}

static void test_resume(void **state)
{
    open_paused();
    assert_false(vfs_create(&op, vol, &(struct smbkit_create_args){.path = "file"}));
    assert_false(wait_done(1, 20));
    order("resume\n");
    assert_true(wait_done(1, 5000));
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    void *f = op.opened;
    assert_true(vfs_getattr(&op, vol, f)); /* at once again */
    order("nonsense\npau");
    order("se\n");
    int tries = 0;
    while (vfs_getattr(&op, vol, f) && tries++ < 5000)
        poll(NULL, 0, 1);
    assert_true(vfs_op_running(&op));
    kill(getpid(), SIGUSR1);
    assert_true(wait_done(2, 5000));
    put_away(f);
}

static void test_steps(void **state)
{
    struct vfs_op many[3];
    open_paused();
    for (int i = 0; i < 3; i++) {
        vfs_op_init(&many[i], on_done);
        assert_false(vfs_open(&many[i], vol, &(struct smbkit_open_args){.path = "x"}));
    }
    order("step\n");
    assert_true(wait_done(1, 5000));
    assert_false(wait_done(2, 20));
    assert_int_equal(many[0].status, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND); /* the oldest */
    kill(getpid(), SIGUSR2);
    assert_true(wait_done(2, 5000));
    order("step 2\n");
    assert_true(wait_done(3, 5000));
    /* One step is left over for what comes. */
    finish(vfs_open(&op, vol, &(struct smbkit_open_args){.path = "x"}));
    assert_int_equal(op.status, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    for (int i = 0; i < 3; i++)
        vfs_op_clear(&many[i]);
}

static void test_cancelled(void **state)
{
    open_paused();
    assert_false(vfs_open(&op, vol, &(struct smbkit_open_args){.path = "x"}));
    vfs_op_cancel(&op);
    assert_true(wait_done(1, 5000));
    assert_int_equal(op.status, SMBKIT_STATUS_CANCELLED);
}

static void test_bad(void **state)
{
    static const struct smbkit_arg bad[] = {
        {"control", "/nonexistent/x"}, {"control", "/dev/null"}, {"ops", "x"}};
    for (size_t i = 0; i < 3; i++) {
        assert_false(open_volume(&smbkit_filter_pause, &bad[i], 1));
        assert_non_null(strstr(error, bad[i].key));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_resume), TEST(test_steps), TEST(test_cancelled),
                                       TEST(test_bad)};
    if (mkdtemp(dir) == NULL)
        return 1;
    snprintf(path, sizeof(path), "%s/control", dir);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bool gone = access(path, F_OK) != 0; /* the filter removes what it made */
    rmdir(dir);
    return failed != 0 || !gone;
}
