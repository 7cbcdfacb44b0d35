// SPDX-License-Identifier: Apache-2.0
/* Tests of the allocator. */
#include "base/mem.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int live;

static void *count_alloc(void *ctx, size_t size)
{
    live++;
    void *p = malloc(size);
    if (p)
        memset(p, 0xee, size);
    return p;
}

static void *count_resize(void *ctx, void *ptr, size_t size)
{
    live += ptr == NULL;
    return realloc(ptr, size);
}

static void count_release(void *ctx, void *ptr)
{
    live--;
    free(ptr);
}

static void test_hooks(void **state)
{
    static const struct mem_hooks hooks = {count_alloc, count_resize, count_release, NULL};
    mem_set_hooks(&hooks);
    uint8_t *p = mem_zalloc(10);
    assert_int_equal(p[9], 0);
    char *s = mem_strdup("text");
    s = mem_resize_array(s, 100, 2);
    assert_string_equal(s, "text");
    assert_int_equal(live, 2);
    mem_free(p);
    mem_free(s);
    mem_free(NULL);
    assert_int_equal(live, 0);
    mem_set_hooks(NULL);
}

static void test_overflow(void **state)
{
    void *p = mem_alloc(4);
    assert_null(mem_zarray(SIZE_MAX / 2 + 2, 2)); /* wraps to 2 */
    assert_null(mem_resize_array(p, SIZE_MAX / 2 + 2, 2));
    mem_free(p);
}

static void test_zero_size(void **state)
{
    void *p = mem_alloc(0), *q = mem_zarray(0, 8), *r = mem_dup(NULL, 0);
    assert_non_null(p);
    assert_non_null(q);
    assert_non_null(r);
    mem_free(p);
    mem_free(q);
    mem_free(r);
}

static void test_strndup(void **state)
{
    char *s = mem_strndup("abcdef", 3), *t = mem_strndup("ab", SIZE_MAX);
    assert_string_equal(s, "abc");
    assert_string_equal(t, "ab");
    mem_free(s);
    mem_free(t);
}

static void test_secrets(void **state)
{
    uint8_t key[4] = {1, 2, 3, 4};
    assert_true(mem_equal_secret(key, "\1\2\3\4", 4));
    assert_false(mem_equal_secret(key, "\1\2\3\5", 4));
    assert_true(mem_equal_secret(key, "x", 0));
    mem_wipe(key, 3);
    assert_memory_equal(key, "\0\0\0\4", 4);
    mem_free_secret(mem_strdup("password"), 8);
    mem_free_secret(NULL, 8);
}

static void test_assert_aborts(void **state)
{
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL); /* cmocka would go on after its own handler */
        fclose(stderr);
        ASSERT(1 + 1 == 3);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hooks),     cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_zero_size), cmocka_unit_test(test_strndup),
        cmocka_unit_test(test_secrets),   cmocka_unit_test(test_assert_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
