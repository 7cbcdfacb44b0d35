// SPDX-License-Identifier: Apache-2.0
/*
 * The server as a program sees it: made and freed with every allocation failing once, options and
 * shares refused, bytes on a real socket, both ways of running, stopping from another thread,
 * calls from the wrong one, several servers at once.
 */
#include "base/mem.h"
#include "base/testmem.h"
#include "plat/thread.h"
#include "server/server_int.h"

#include <setjmp.h>
#include <stdarg.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char error[SMBKIT_ERROR_MAX];

/* --- a plugin that counts its volumes --- */

static atomic_int volumes_open;
static struct smbkit_share *last_share;

static smbkit_status share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                size_t count, void **vol)
{
    *vol = &volumes_open;
    last_share = share;
    atomic_fetch_add(&volumes_open, 1);
    return SMBKIT_STATUS_SUCCESS;
}

static void share_close(void *vol)
{
    assert_ptr_equal(vol, &volumes_open);
    atomic_fetch_sub(&volumes_open, 1);
}

static void do_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args)
{
    smbkit_reply_status(op, SMBKIT_STATUS_ACCESS_DENIED);
}

static void do_getattr(struct smbkit_op *op, void *vol, void *file)
{
    smbkit_reply_status(op, SMBKIT_STATUS_ACCESS_DENIED);
}

static struct smbkit_plugin plugin = {
    SMBKIT_PLUGIN_INIT,
    .thread_model = SMBKIT_THREAD_SERIAL,
    .name = "testing",
    .vfs = &(const struct smbkit_vfs){.share_open = share_open,
                                      .share_close = share_close,
                                      .open = do_open,
                                      .getattr = do_getattr},
};

static const struct smbkit_server_config plain = {.struct_size = sizeof(plain)};

static struct smbkit_server *make(void)
{
    struct smbkit_server *s = smbkit_server_new(&plain, error);
    assert_non_null(s);
    return s;
}

/* --- life --- */

static void test_new_without_memory(void **state)
{
    testmem_install();
    size_t n = 1;
    for (;; n++) {
        testmem_fail_nth(n);
        struct smbkit_server *s = smbkit_server_new(&plain, error);
        if (s != NULL) {
            /* The loops below the server may do without a block: then nothing was lost. */
            smbkit_server_free(s);
            if (testmem_failed() == 0)
                break;
        }
        assert_int_equal(testmem_live(), 0);
    }
    assert_true(n > 10);
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
}

static void test_bad_option(void **state)
{
    static const struct smbkit_arg args[] = {{"encryption", "maybe"}};
    struct smbkit_server_config config = plain;
    config.options = args;
    config.option_count = 1;
    assert_null(smbkit_server_new(&config, error));
    assert_string_equal(error, "encryption=maybe: must be one of off, offered, required");
}

static void test_old_program(void **state)
{
    /* One that was compiled when the struct ended with its options. */
    struct smbkit_server_config config = plain;
    config.struct_size = offsetof(struct smbkit_server_config, log);
    config.user_ctx = (void *)1;
    struct smbkit_server *s = smbkit_server_new(&config, error);
    assert_non_null(s);
    assert_null(s->config.user_ctx);
    smbkit_server_free(s);
}

/* --- shares --- */

static void test_shares(void **state)
{
    static const struct smbkit_arg good[] = {
        {"comment", "hello"}, {"encrypt", "on"}, {"readonly", "yes"}};
    static const struct smbkit_arg flag[] = {{"hidden", "perhaps"}}, param[] = {{"size", "1"}};
    struct smbkit_server *s = make();
    assert_int_equal(smbkit_server_set_share_plugin(s, "a", &plugin, good, 3, error), 0);
    assert_int_equal(atomic_load(&volumes_open), 1);
    assert_int_equal(smbkit_server_set_share_plugin(s, "A", &plugin, NULL, 0, error), 0);
    assert_int_equal(atomic_load(&volumes_open), 1); /* replaced, nobody used it */
    assert_int_equal(smbkit_server_set_share_plugin(s, "b", &plugin, flag, 1, error),
                     SMBKIT_STATUS_INVALID_PARAMETER);
    assert_string_equal(error, "share 'b': hidden=perhaps: must be on or off");
    assert_int_equal(smbkit_server_set_share_plugin(s, "b", &plugin, param, 1, error),
                     SMBKIT_STATUS_INVALID_PARAMETER);
    assert_non_null(strstr(error, "unknown parameter 'size'"));
    assert_int_equal(smbkit_server_set_share_plugin(s, "ipc$", &plugin, NULL, 0, error),
                     SMBKIT_STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(smbkit_server_set_share_plugin(s, "a:b", &plugin, NULL, 0, error),
                     SMBKIT_STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(smbkit_server_set_share(s, "b", "no-such-plugin", NULL, 0, error),
                     SMBKIT_STATUS_NO_SUCH_FILE);
    assert_int_equal(smbkit_server_set_share(s, "b", "/dev/null", NULL, 0, error),
                     SMBKIT_STATUS_NO_SUCH_FILE);
    assert_int_equal(smbkit_server_set_share(s, "b", "../x", NULL, 0, error),
                     SMBKIT_STATUS_NO_SUCH_FILE);
    assert_int_equal(smbkit_server_remove_share(s, "b", error),
                     SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(smbkit_server_remove_share(s, "a", error), 0);
    assert_int_equal(atomic_load(&volumes_open), 0);
    assert_int_equal(smbkit_server_set_share_plugin(s, "c", &plugin, NULL, 0, error), 0);
    smbkit_server_free(s);
    assert_int_equal(atomic_load(&volumes_open), 0);
}

static void test_plugin_tables(void **state)
{
    static const struct smbkit_param taken[] = {
        {.name = "guest", .type = SMBKIT_PARAM_BOOL, .default_value = "off", .text = "mine"},
        {.name = NULL},
    };
    struct smbkit_plugin p = plugin;
    p.abi_version = SMBKIT_ABI_VERSION + 1;
    assert_false(server_plugin_check(&p, "x", error));
    p = plugin;
    p.struct_size = 8;
    assert_false(server_plugin_check(&p, "x", error));
    p = plugin;
    p.vfs = NULL;
    assert_false(server_plugin_check(&p, "x", error));
    p = plugin;
    p.name = "Upper";
    assert_false(server_plugin_check(&p, "x", error));
    p = plugin;
    p.params = taken;
    assert_false(server_plugin_check(&p, "x", error));
    assert_string_equal(error, "plugin x has a parameter 'guest', which every share has");
    assert_true(server_plugin_check(&plugin, "x", error));
}

/* --- the network --- */

static int connect_to(uint16_t port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

static void run_server(void *ctx)
{
    assert_int_equal(smbkit_server_run(ctx), SMBKIT_STATUS_SUCCESS);
}

static void test_frames(void **state)
{
    static const uint8_t session_request[] = {0x81, 0, 0, 2, 0, 0}, keepalive[] = {0x85, 0, 0, 0};
    static const uint8_t garbage[] = {0, 0, 0, 4, 'G', 'E', 'T', ' '};
    struct smbkit_server *s = make();
    struct thread t;
    uint16_t port = 0;
    uint8_t answer[4];
    assert_int_equal(smbkit_server_listen(s, "127.0.0.1", &port, error), 0);
    assert_true(port != 0);
    uint16_t same = port;
    assert_int_equal(smbkit_server_listen(s, "127.0.0.1", &same, error),
                     SMBKIT_STATUS_SHARING_VIOLATION);
    assert_int_equal(smbkit_server_listen(s, "localhost", &same, error),
                     SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(thread_start(&t, "server", run_server, s), 0);
    int fd = connect_to(port);
    assert_int_equal(write(fd, session_request, sizeof(session_request)), 6);
    assert_int_equal(recv(fd, answer, 4, MSG_WAITALL), 4);
    assert_memory_equal(answer, "\x82\0\0\0", 4);
    assert_int_equal(write(fd, keepalive, sizeof(keepalive)), 4);
    assert_int_equal(write(fd, garbage, sizeof(garbage)), 8);
    assert_int_equal(recv(fd, answer, 4, 0), 0); /* the core closes */
    close(fd);
    fd = connect_to(port);
    assert_int_equal(write(fd, "\x07\0\0\0", 4), 4);
    assert_true(recv(fd, answer, 4, 0) <= 0); /* not a frame: the transport closes */
    close(fd);
    fd = connect_to(port); /* stays connected: stopping closes it */
    assert_int_equal(write(fd, session_request, sizeof(session_request)), 6);
    assert_int_equal(recv(fd, answer, 4, MSG_WAITALL), 4);
    smbkit_server_stop(s);
    smbkit_server_stop(s);
    assert_int_equal(recv(fd, answer, 4, 0), 0);
    close(fd);
    thread_join(&t);
    smbkit_server_free(s);
}

static void note(void *ctx)
{
    ++*(int *)ctx;
}

static void stop_it(void *ctx)
{
    smbkit_server_stop(ctx);
}

static void test_foreign_loop(void **state)
{
    struct smbkit_server *s = make();
    struct smbkit_stats stats = {.struct_size = sizeof(stats)};
    uint16_t port = 0;
    int calls = 0, rounds = 0;
    assert_int_equal(smbkit_server_listen(s, "127.0.0.1", &port, error), 0);
    int fd = connect_to(port);
    assert_int_equal(smbkit_server_post(s, note, &calls), 0);
    smbkit_status status;
    do {
        struct pollfd p = {.fd = smbkit_server_fd(s), .events = POLLIN};
        poll(&p, 1, smbkit_server_timeout(s));
        status = smbkit_server_poll(s);
        smbkit_server_get_stats(s, &stats);
        if (stats.connections == 1 && rounds++ == 0)
            assert_int_equal(smbkit_server_post(s, stop_it, s), 0);
    } while (status == SMBKIT_STATUS_PENDING);
    assert_int_equal(status, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(calls, 1);
    assert_true(rounds > 0);
    smbkit_server_get_stats(s, &stats);
    assert_int_equal(stats.connections, 0);
    assert_int_equal(smbkit_server_post(s, note, &calls), 0);
    close(fd);
    smbkit_server_free(s);
    assert_int_equal(calls, 2); /* the last one by free */
}

static void test_stop_before_run(void **state)
{
    struct smbkit_server *a = make(), *b = make();
    smbkit_server_stop(a);
    assert_int_equal(smbkit_server_run(a), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(smbkit_server_poll(b), SMBKIT_STATUS_PENDING);
    smbkit_server_free(a);
    smbkit_server_free(b);
    smbkit_server_free(NULL);
}

/* --- changes --- */

static int warnings;

static void count_warnings(void *ctx, enum smbkit_log_level level, const char *line)
{
    warnings += level == SMBKIT_LOG_WARNING;
}

static void notify_much(void *ctx)
{
    for (int i = 0; i < 70000; i++)
        smbkit_notify(ctx, "a/b", SMBKIT_ACTION_MODIFIED);
}

static size_t changes_queued(struct smbkit_server *s)
{
    size_t n = 0;
    LIST_FOREACH (it, &s->changes)
        n++;
    return n;
}

static struct smbkit_share *testing_share(struct smbkit_server *s, const char *name)
{
    assert_int_equal(smbkit_server_set_share_plugin(s, name, &plugin, NULL, 0, error), 0);
    return last_share;
}

/* What is queued waits for the loop, or for whatever else comes to the core; one volume that tells
   too much loses its own. */
static void test_changes(void **state)
{
    struct smbkit_server_config config = plain;
    struct thread t;
    config.log = count_warnings;
    struct smbkit_server *s = smbkit_server_new(&config, error);
    struct smbkit_share *a = testing_share(s, "a"), *b = testing_share(s, "b");
    for (int round = 1; round <= 2; round++) {
        assert_int_equal(thread_start(&t, "plugin", notify_much, a), 0);
        thread_join(&t);
        assert_int_equal(changes_queued(s), 65536);
        assert_false(list_empty(&s->changes_lost));
        assert_int_equal(warnings, round); /* once each time that the queue fills */
        smbkit_notify(b, "x", SMBKIT_ACTION_ADDED);
        assert_int_equal(changes_queued(s), 65537);
        if (round == 1)
            assert_int_equal(smbkit_server_poll(s), SMBKIT_STATUS_PENDING);
        server_enter(s);
        assert_int_equal(changes_queued(s), 0);
        assert_true(list_empty(&s->changes_lost));
        smbkit_notify(a, "a", SMBKIT_ACTION_ADDED);
        server_enter(s); /* inside: not now */
        server_leave(s);
        assert_int_equal(changes_queued(s), 1);
        server_leave(s);
        assert_int_equal(smbkit_server_poll(s), SMBKIT_STATUS_PENDING);
        assert_int_equal(changes_queued(s), 0);
    }
    smbkit_notify_user(a, "alice", "a", SMBKIT_ACTION_ADDED);
    assert_int_equal(changes_queued(s), 1);
    assert_int_equal(thread_start(&t, "plugin", notify_much, a), 0);
    thread_join(&t);
    assert_int_equal(smbkit_server_remove_share(s, "b", error), 0);
    assert_int_equal(atomic_load(&volumes_open), 1);
    smbkit_notify(a, "a", SMBKIT_ACTION_ADDED);
    assert_int_equal(smbkit_server_remove_share(s, "a", error), 0);
    smbkit_server_free(s);
    assert_int_equal(atomic_load(&volumes_open), 0);
}

/* Events and losses are there when the server goes. */
static void test_changes_at_the_end(void **state)
{
    struct thread t;
    struct smbkit_server *s = smbkit_server_new(&plain, error);
    struct smbkit_share *a = testing_share(s, "a");
    assert_int_equal(thread_start(&t, "plugin", notify_much, a), 0);
    thread_join(&t);
    smbkit_server_free(s);
    assert_int_equal(atomic_load(&volumes_open), 0);
}

/* --- the wrong thread --- */

static char last_error[256];
static int errors;

static void keep_error(void *ctx, enum smbkit_log_level level, const char *line)
{
    if (level != SMBKIT_LOG_ERROR)
        return;
    errors++;
    snprintf(last_error, sizeof(last_error), "%s", line);
}

static bool count_shares(void *ctx, const struct smbkit_share_info *info)
{
    ++*(int *)ctx;
    return true;
}

static bool refused(const char *function)
{
    char want[256];
    snprintf(want, sizeof(want),
             "%s was called from another thread than the server's: nothing is done", function);
    bool yes = errors == 1 && strstr(last_error, want) != NULL;
    errors = 0;
    return yes;
}

/* Everything that would race with the loop. A failed assertion must not leave a foreign thread:
   what went wrong is counted in `strangers_served`. */
static int strangers_served;

static void call_as_stranger(void *ctx)
{
    struct smbkit_stats stats = {.struct_size = sizeof(stats), .connections = 42};
    int shares = 0;
    smbkit_server_get_stats(ctx, &stats);
    strangers_served += !refused("smbkit_server_get_stats") || stats.connections != 0;
    smbkit_server_each_share(ctx, count_shares, &shares);
    strangers_served += !refused("smbkit_server_each_share") || shares != 0;
    smbkit_server_set_log_level(ctx, SMBKIT_LOG_DEBUG);
    strangers_served += !refused("smbkit_server_set_log_level");
    strangers_served += smbkit_server_close_session(ctx, 1) != SMBKIT_STATUS_INVALID_DEVICE_STATE ||
                        !refused("smbkit_server_close_session");
    strangers_served += smbkit_server_close_open(ctx, 1) != SMBKIT_STATUS_INVALID_DEVICE_STATE ||
                        !refused("smbkit_server_close_open");
}

static void test_wrong_thread(void **state)
{
    struct smbkit_server_config config = plain;
    struct thread t;
    int shares = 0;
    config.log = keep_error;
    struct smbkit_server *s = smbkit_server_new(&config, error);
    enum smbkit_log_level level = smbkit_server_log_level(s);
    testing_share(s, "a");
    assert_int_equal(thread_start(&t, "stranger", call_as_stranger, s), 0);
    thread_join(&t);
    assert_int_equal(strangers_served, 0);
    assert_int_equal(smbkit_server_log_level(s), level);
    smbkit_server_each_share(s, count_shares, &shares);
    assert_int_equal(shares, 2); /* with IPC$ */
    assert_int_equal(errors, 0);
    /* the server belongs to the thread that runs it */
    smbkit_server_stop(s);
    assert_int_equal(thread_start(&t, "server", run_server, s), 0);
    thread_join(&t);
    smbkit_server_each_share(s, count_shares, &shares);
    assert_int_equal(shares, 2);
    assert_true(refused("smbkit_server_each_share"));
    smbkit_server_free(s);
}

/* --- users --- */

static bool only_bob(void *ctx, const char *user, const char *domain, struct smbkit_credential *out)
{
    out->nt_hash[0] = 42;
    out->disabled = true;
    return strcmp(user, "bob") == 0;
}

static void test_lookup(void **state)
{
    struct smbkit_server_config config = plain;
    config.user_lookup = only_bob;
    struct smbkit_server *s = smbkit_server_new(&config, error);
    struct auth_credential c = {0};
    assert_int_equal(smbkit_server_add_user(s, "Alice", "secret", error), 0);
    assert_int_equal(smbkit_server_add_user(s, "a:b", "secret", error),
                     SMBKIT_STATUS_INVALID_PARAMETER);
    assert_true(server_user_lookup(s, "ALICE", "", &c));
    assert_string_equal(c.name, "Alice");
    c = (struct auth_credential){0};
    assert_true(server_user_lookup(s, "bob", "", &c));
    assert_string_equal(c.name, "bob");
    assert_int_equal(c.nt_hash[0], 42);
    assert_true(c.disabled);
    c = (struct auth_credential){0};
    assert_false(server_user_lookup(s, "eve", "", &c));
    assert_int_equal(c.nt_hash[0], 0);
    smbkit_server_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_without_memory),
        cmocka_unit_test(test_bad_option),
        cmocka_unit_test(test_old_program),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_plugin_tables),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_foreign_loop),
        cmocka_unit_test(test_stop_before_run),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_changes_at_the_end),
        cmocka_unit_test(test_wrong_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
