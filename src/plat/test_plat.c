// SPDX-License-Identifier: Apache-2.0
/* The platform layer: clocks, random, locks, threads, files, dynamic loading. */
#include "base/mem.h"
#include "base/ntime.h"
#include "base/timerq.h"
#include "plat/clock.h"
#include "plat/dynlib.h"
#include "plat/file.h"
#include "plat/lock.h"
#include "plat/netif.h"
#include "plat/random.h"
#include "plat/thread.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void test_clocks(void **state)
{
    uint64_t a = clock_monotonic(), b = clock_monotonic();
    uint64_t now = clock_filetime();
    int64_t sec;
    uint32_t nsec;

    assert_true(b >= a);
    ntime_to_unix(now, &sec, &nsec);
    assert_in_range(sec, time(NULL) - 5, time(NULL) + 5);
}

/* Whatever the machine has, loopback is there, and no more is told than was asked for. */
static void test_interfaces(void **state)
{
    struct netif v[64];
    size_t n = netif_list(v, 64), loopback = 0;
    for (size_t i = 0; i < n; i++) {
        assert_int_not_equal(v[i].index, 0);
        assert_true(v[i].speed > 0);
        loopback += v[i].loopback && !v[i].v6 && v[i].address[0] == 127;
    }
    if (n > 0)
        assert_int_equal(loopback, 1);
    assert_int_equal(netif_list(v, 1), n > 0 ? 1 : 0);
}

static void test_random(void **state)
{
    struct random_source r;
    uint8_t a[64] = {0}, b[64] = {0};

    assert_true(random_system(&r));
    random_fill(&r, a, sizeof(a));
    random_fill(&r, b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    assert_memory_not_equal(a + 32, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    random_fill(&r, a, 0);
}

/* ---- locks and threads ---- */

struct shared {
    struct mutex lock;
    struct cond cond;
    int count;
    bool go, mask_ok;
};

static void count_up(void *ctx)
{
    struct shared *s = ctx;
    sigset_t mask;

    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    mutex_lock(&s->lock);
    s->mask_ok &= sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGSEGV) == 0;
    while (!s->go)
        cond_wait(&s->cond, &s->lock);
    mutex_unlock(&s->lock);
    for (int i = 0; i < 1000; i++) {
        mutex_lock(&s->lock);
        ASSERT_HELD(&s->lock);
        s->count++;
        mutex_unlock(&s->lock);
        ASSERT_NOT_HELD(&s->lock);
    }
}

static void test_threads_and_locks(void **state)
{
    struct shared s = {.mask_ok = true};
    struct thread t[4];
    sigset_t mask;

    mutex_init(&s.lock);
    cond_init(&s.cond);
    for (int i = 0; i < 4; i++)
        assert_int_equal(thread_start(&t[i], "a name that is too long", count_up, &s), 0);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_int_equal(sigismember(&mask, SIGTERM), 0);
    mutex_lock(&s.lock);
    assert_int_equal(s.count, 0);
    s.go = true;
    cond_broadcast(&s.cond);
    mutex_unlock(&s.lock);
    for (int i = 0; i < 4; i++)
        thread_join(&t[i]);
    assert_int_equal(s.count, 4000);
    assert_true(s.mask_ok);
    assert_true(thread_cpus() >= 1);
    cond_destroy(&s.cond);
    mutex_destroy(&s.lock);
}

static void test_wait_until(void **state)
{
    uint64_t until = clock_monotonic() + 20 * NS_PER_MS;
    struct mutex m;
    struct cond c;

    mutex_init(&m);
    cond_init(&c);
    mutex_lock(&m);
    while (cond_wait_until(&c, &m, until))
        ;
    assert_true(clock_monotonic() >= until);
    assert_true(mutex_held(&m));
    mutex_unlock(&m);
    cond_destroy(&c);
    mutex_destroy(&m);
}

/* Misuse aborts: seen from outside, in a child. */
static void check_aborts(void (*fn)(void))
{
    pid_t pid = fork();
    int status = 0;

    assert_true(pid >= 0);
    if (pid == 0) {
        close(2);
        signal(SIGABRT, SIG_DFL);
        fn();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void lock_twice(void)
{
    struct mutex m;

    mutex_init(&m);
    mutex_lock(&m);
    mutex_lock(&m);
}

static void unlock_unheld(void)
{
    struct mutex m;

    mutex_init(&m);
    mutex_unlock(&m);
}

static void test_misuse_aborts(void **state)
{
    check_aborts(lock_twice);
    check_aborts(unlock_unheld);
}

/* ---- files ---- */

struct folder {
    char path[64], file[96];
};

static void make_folder(struct folder *f)
{
    snprintf(f->path, sizeof(f->path), "/tmp/test_plat.XXXXXX");
    assert_non_null(mkdtemp(f->path));
    snprintf(f->file, sizeof(f->file), "%s/file", f->path);
}

static void remove_folder(struct folder *f)
{
    unlink(f->file);
    /* Fails when something else, a temporary file for instance, was left. */
    assert_int_equal(rmdir(f->path), 0);
}

static void test_replace_and_read(void **state)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 100000};
    struct folder f;
    struct stat st;
    char *text = mem_zalloc(100000), *back;
    size_t len;

    make_folder(&f);
    assert_int_equal(file_read(f.file, 10, &back, &len), ENOENT);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        memset(text, 'a' + (int)i, sizes[i]);
        assert_int_equal(file_replace(f.file, text, sizes[i], i % 2 ? 0640 : 0600), 0);
        assert_int_equal(stat(f.file, &st), 0);
        assert_int_equal(st.st_mode & 07777, i % 2 ? 0640 : 0600);
        assert_int_equal(file_read(f.file, sizes[i], &back, &len), 0);
        assert_int_equal(len, sizes[i]);
        assert_memory_equal(back, text, len);
        assert_int_equal(back[len], 0);
        mem_free(back);
        if (sizes[i] > 0)
            assert_int_equal(file_read(f.file, sizes[i] - 1, &back, &len), EFBIG);
    }
    mem_free(text);
    remove_folder(&f);
}

static void test_replace_failure_leaves_nothing(void **state)
{
    struct folder f;

    make_folder(&f);
    /* Not onto a folder. */
    assert_int_equal(mkdir(f.file, 0700), 0);
    assert_int_not_equal(file_replace(f.file, "x", 1, 0600), 0);
    assert_int_equal(rmdir(f.file), 0);
    remove_folder(&f);
    assert_int_equal(file_replace(f.file, "x", 1, 0600), ENOENT);
}

static void test_private(void **state)
{
    static const unsigned loose[] = {0640, 0604, 0660, 0666, 0610};
    struct folder f;
    char *back;
    size_t len;

    make_folder(&f);
    assert_int_equal(file_replace(f.file, "secret", 6, 0600), 0);
    assert_int_equal(file_read_private(f.file, 100, &back, &len), 0);
    assert_string_equal(back, "secret");
    mem_free_secret(back, len);
    for (size_t i = 0; i < ARRAY_LEN(loose); i++) {
        assert_int_equal(chmod(f.file, loose[i]), 0);
        assert_int_equal(file_read_private(f.file, 100, &back, &len), EPERM);
    }
    unlink(f.file);
    /* Does not hang on a FIFO. */
    assert_int_equal(mkfifo(f.file, 0600), 0);
    assert_int_equal(file_read_private(f.file, 100, &back, &len), EPERM);
    remove_folder(&f);
}

/* ---- dynamic loading ---- */

static void test_dynlib(void **state)
{
    char error[DYNLIB_ERROR_MAX];
    struct dynlib *lib = dynlib_open("libm.so.6", error);
    struct folder f;

    /* A bare name is a file here, not something to search for. */
    assert_null(lib);
    assert_non_null(strstr(error, "cannot load ./libm.so.6"));
    make_folder(&f);
    assert_int_equal(file_replace(f.file, "no library", 10, 0600), 0);
    assert_null(dynlib_open(f.file, error));
    assert_non_null(strstr(error, f.file));
    remove_folder(&f);
    lib = dynlib_open(TEST_PLUGIN, error);
    assert_string_equal(error, "");
    assert_non_null(lib);
    assert_non_null(dynlib_function_symbol(lib, "test_plugin_answer", error));
    assert_int_equal(((int (*)(void))dynlib_function_symbol(lib, "test_plugin_answer", error))(),
                     42);
    assert_null(dynlib_symbol(lib, "test_plugin_question", error));
    assert_non_null(strstr(error, "test_plugin_question"));
    dynlib_close(lib);
    dynlib_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_threads_and_locks),
        cmocka_unit_test(test_wait_until),
        cmocka_unit_test(test_misuse_aborts),
        cmocka_unit_test(test_replace_and_read),
        cmocka_unit_test(test_replace_failure_leaves_nothing),
        cmocka_unit_test(test_private),
        cmocka_unit_test(test_dynlib),
        cmocka_unit_test(test_interfaces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
