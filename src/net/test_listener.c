// SPDX-License-Identifier: Apache-2.0
/* Listeners: real ports, limits, running out of descriptors, closing. */
#include "net/listener.h"
#include "net/sockaddr_int.h"
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SOCKETS 64

struct fixture {
    struct loop *loop;
    struct listener *listener;
    struct accepted *taken[SOCKETS];
    size_t n;
    bool close_in_callback;
};

static void on_accept(void *ctx, struct accepted *a)
{
    struct fixture *f = ctx;

    assert_true(f->n < SOCKETS);
    f->taken[f->n++] = a;
    if (f->close_in_callback)
        listener_close(f->listener);
}

static void open_on(struct fixture *f, const char *host, struct admission *admission)
{
    struct listener_options o = {.admission = admission};

    *f = (struct fixture){.loop = loop_new()};
    assert_true(net_addr_parse(&o.addr, host, 0));
    assert_int_equal(listener_open(f->loop, &o, on_accept, f, &f->listener), 0);
    assert_int_not_equal(listener_address(f->listener)->port, 0);
}

static void refuse_all(struct fixture *f)
{
    while (f->n > 0)
        accepted_refuse(f->taken[--f->n]);
}

static void turn(struct fixture *f)
{
    while (loop_run_once(f->loop, 20 * NS_PER_MS))
        ;
}

static int connect_to(const struct listener *ls)
{
    struct sockaddr_storage ss;
    socklen_t len = net_addr_to_sockaddr(listener_address(ls), &ss);
    int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
    return fd;
}

/* The server has closed its end (in whatever way). */
static bool is_closed(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char c;

    return poll(&p, 1, 0) == 1 && read(fd, &c, 1) <= 0;
}

static void check_accept(const char *host)
{
    struct fixture f;
    struct net_addr client;
    struct listener_stats s;
    int fd;

    open_on(&f, host, NULL);
    fd = connect_to(f.listener);
    turn(&f);
    assert_int_equal(f.n, 1);
    net_addr_of_socket(&client, fd);
    assert_memory_equal(&f.taken[0]->peer, &client, sizeof(client));
    assert_memory_equal(&f.taken[0]->local, listener_address(f.listener), sizeof(client));
    assert_false(is_closed(fd));
    refuse_all(&f);
    assert_true(is_closed(fd));
    listener_stats(f.listener, &s);
    assert_int_equal(s.accepted, 1);
    close(fd);
    listener_close(f.listener);
    loop_free(f.loop);
}

static void test_accept(void **state)
{
    check_accept("127.0.0.1");
}

static void test_accept_ipv6(void **state)
{
    struct listener_options o = {0};
    struct loop *l = loop_new();
    struct listener *ls;
    int rc;

    assert_true(net_addr_parse(&o.addr, "::1", 0));
    rc = listener_open(l, &o, on_accept, NULL, &ls);
    if (rc == 0)
        listener_close(ls);
    loop_free(l);
    if (rc != 0) {
        print_message("no IPv6 here\n");
        skip();
    }
    check_accept("::1");
}

static void test_port_in_use(void **state)
{
    struct fixture f;
    struct listener_options o = {0};
    struct listener *second = NULL;

    open_on(&f, "127.0.0.1", NULL);
    o.addr = *listener_address(f.listener);
    assert_int_equal(listener_open(f.loop, &o, on_accept, &f, &second), EADDRINUSE);
    o.addr.family = NET_FAMILY_NONE;
    assert_int_equal(listener_open(f.loop, &o, on_accept, &f, &second), EINVAL);
    listener_close(f.listener);
    loop_free(f.loop);
}

static void test_limits(void **state)
{
    struct admission *a = admission_new(5, 3);
    struct fixture f;
    struct listener_stats s;
    int fd[4];

    open_on(&f, "127.0.0.1", a);
    for (int i = 0; i < 4; i++)
        fd[i] = connect_to(f.listener);
    turn(&f);
    assert_int_equal(f.n, 3);
    assert_int_equal(admission_count(a), 3);
    assert_true(is_closed(fd[3]));
    assert_false(is_closed(fd[2]));
    /* A place that was given back can be taken. */
    accepted_refuse(f.taken[--f.n]);
    close(fd[3]);
    fd[3] = connect_to(f.listener);
    turn(&f);
    assert_int_equal(f.n, 3);
    listener_stats(f.listener, &s);
    assert_int_equal(s.refused, 1);
    /* The limits live as long as somebody is counted. */
    admission_free(a);
    refuse_all(&f);
    for (int i = 0; i < 4; i++)
        close(fd[i]);
    listener_close(f.listener);
    loop_free(f.loop);
}

static void test_total_limit(void **state)
{
    struct admission *a = admission_new(2, 0);
    struct fixture f;
    int fd[3];

    open_on(&f, "127.0.0.1", a);
    for (int i = 0; i < 3; i++)
        fd[i] = connect_to(f.listener);
    turn(&f);
    assert_int_equal(f.n, 2);
    refuse_all(&f);
    assert_int_equal(admission_count(a), 0);
    for (int i = 0; i < 3; i++)
        close(fd[i]);
    listener_close(f.listener);
    loop_free(f.loop);
    admission_free(a);
}

static void test_close_in_callback(void **state)
{
    struct fixture f;
    int a, b;

    open_on(&f, "127.0.0.1", NULL);
    f.close_in_callback = true;
    a = connect_to(f.listener);
    b = connect_to(f.listener);
    turn(&f);
    assert_int_equal(f.n, 1);
    refuse_all(&f);
    close(a);
    close(b);
    loop_free(f.loop);
}

static void test_socket_handed_over(void **state)
{
    struct fixture f = {.loop = loop_new()};
    struct listener_options o = {0};
    struct sockaddr_storage ss;
    struct net_addr addr;
    int fd = socket(AF_INET, SOCK_STREAM, 0), client;

    assert_true(net_addr_parse(&addr, "127.0.0.1", 0));
    assert_int_equal(bind(fd, (struct sockaddr *)&ss, net_addr_to_sockaddr(&addr, &ss)), 0);
    /* Only one that listens, and it is owned even then. */
    client = dup(fd);
    assert_int_equal(listener_open_fd(f.loop, client, &o, on_accept, &f, &f.listener), EINVAL);
    assert_int_equal(close(client), -1);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(listener_open_fd(f.loop, fd, &o, on_accept, &f, &f.listener), 0);
    client = connect_to(f.listener);
    turn(&f);
    assert_int_equal(f.n, 1);
    refuse_all(&f);
    close(client);
    listener_close(f.listener);
    loop_free(f.loop);
}

/* ---- out of descriptors ---- */

/* In a child, because the limit is the process's. Returns what went wrong, 0 if nothing. */
static int starve(void)
{
    struct fixture f;
    struct listener_stats s;
    struct rlimit rl;
    int fds[2], used[256], n = 0, rounds = 0;

    open_on(&f, "127.0.0.1", NULL);
    fds[0] = connect_to(f.listener);
    fds[1] = connect_to(f.listener);
    rl = (struct rlimit){.rlim_cur = 128, .rlim_max = 128};
    if (setrlimit(RLIMIT_NOFILE, &rl) != 0)
        return 1;
    while (n < 256 && (used[n] = dup(0)) >= 0)
        n++;
    do { /* no longer than this: the rest would be over, and the next one refused */
        loop_run_once(f.loop, 20 * NS_PER_MS);
        listener_stats(f.listener, &s);
    } while (s.starved == 0 && ++rounds < 100);
    rounds = 0;
    if (f.n != 0 || s.starved != 1)
        return 2;
    if (!is_closed(fds[0]))
        return 3;
    /* It rests: no spinning. */
    while (loop_run_once(f.loop, 0))
        if (++rounds > 3)
            return 4;
    /* Descriptors are back: so is the service. */
    while (n > 0)
        close(used[--n]);
    for (int i = 0; i < 100 && f.n == 0; i++)
        loop_run_once(f.loop, 50 * NS_PER_MS);
    if (f.n != 1 || is_closed(fds[1]))
        return 5;
    refuse_all(&f);
    listener_close(f.listener);
    loop_free(f.loop);
    return 0;
}

static void test_out_of_descriptors(void **state)
{
    pid_t pid = fork();
    int status = 0;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(starve());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept),
        cmocka_unit_test(test_accept_ipv6),
        cmocka_unit_test(test_port_in_use),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_total_limit),
        cmocka_unit_test(test_close_in_callback),
        cmocka_unit_test(test_socket_handed_over),
        cmocka_unit_test(test_out_of_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
