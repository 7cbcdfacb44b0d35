// SPDX-License-Identifier: Apache-2.0
/*
 * Listening sockets.
 *
 * Out of descriptors: the connection stays in the kernel's queue, the socket stays readable, and a
 * naive loop would spin. We hold one descriptor in reserve: give it up, accept, close at once (the
 * client learns it now and not after a timeout), take the reserve back; and rest for a moment,
 * because the next one would fare the same.
 */
#include "net/listener.h"
#include "base/mem.h"
#include "net/admission_int.h"
#include "net/sockaddr_int.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#define LISTENER_MAGIC  0x4c53544eu
#define DEFAULT_BACKLOG 128
#define REST            (100 * NS_PER_MS)

struct listener {
    uint32_t magic;
    struct loop *loop;
    int fd, reserve;
    bool closed;
    struct loop_fd lf;
    struct loop_op op;
    struct timer rest;
    struct net_addr addr;
    struct admission *admission;
    const struct log *log;
    void (*on_accept)(void *ctx, struct accepted *a);
    void *ctx;
    struct listener_stats stats;
};

/* ---- an accepted socket ---- */

void accepted_refuse(struct accepted *a)
{
    close(a->fd);
    if (a->admission != NULL)
        admission_leave(a->admission, &a->peer);
    mem_free(a);
}

static void take_reserve(struct listener *ls)
{
    ls->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void refuse_starved(struct listener *ls)
{
    int fd;

    if (ls->stats.starved++ % 100 == 0)
        LOGW(ls->log, "out of file descriptors: connections are refused");
    if (ls->reserve >= 0) {
        close(ls->reserve);
        fd = accept4(ls->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0)
            close(fd);
    }
    take_reserve(ls);
}

static void deliver(struct listener *ls, int fd)
{
    struct accepted *a = mem_zalloc(sizeof(*a));

    if (a == NULL) {
        ls->stats.starved++;
        close(fd);
        return;
    }
    a->fd = fd;
    net_addr_of_peer(&a->peer, fd);
    net_addr_of_socket(&a->local, fd);
    if (ls->admission != NULL) {
        if (!admission_enter(ls->admission, &a->peer)) {
            ls->stats.refused++;
            accepted_refuse(a);
            return;
        }
        a->admission = ls->admission;
    }
    ls->stats.accepted++;
    ls->on_accept(ls->ctx, a);
}

static void listener_destroy(struct listener *ls)
{
    loop_timer_cancel(ls->loop, &ls->rest);
    loop_fd_remove(&ls->lf);
    close(ls->fd);
    if (ls->reserve >= 0)
        close(ls->reserve);
    MAGIC_WIPE(ls);
    mem_free(ls);
}

static bool is_starved(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

static void accept_done(struct loop_op *op, ssize_t result)
{
    struct listener *ls = CONTAINER_OF(op, struct listener, op);

    if (ls->closed) {
        if (result >= 0)
            close((int)result);
        listener_destroy(ls);
        return;
    }
    if (result >= 0) {
        deliver(ls, (int)result);
    } else if (result != -ECONNABORTED) {
        /* Whatever else it is may last: never in a circle without a rest. */
        if (is_starved((int)-result))
            refuse_starved(ls);
        loop_timer_set(ls->loop, &ls->rest, loop_now(ls->loop) + REST);
        return;
    }
    /* on_accept may have closed the listener: it could not be freed while this callback ran. */
    if (ls->closed)
        listener_destroy(ls);
    else
        loop_accept(&ls->lf, &ls->op);
}

static void rest_over(struct timer *t)
{
    struct listener *ls = CONTAINER_OF(t, struct listener, rest);

    loop_accept(&ls->lf, &ls->op);
}

/* ---- opening ---- */

static int bind_socket(int fd, const struct listener_options *o)
{
    struct sockaddr_storage ss;
    socklen_t len = net_addr_to_sockaddr(&o->addr, &ss);
    int one = 1;

    /* A restarted server must not wait for old connections to be forgotten. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0)
        return errno;
    if (o->reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0)
        return errno;
    if (o->addr.family == NET_FAMILY_IPV6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) != 0)
        return errno;
    if (bind(fd, (struct sockaddr *)&ss, len) != 0)
        return errno;
    if (listen(fd, o->backlog > 0 ? o->backlog : DEFAULT_BACKLOG) != 0)
        return errno;
    return 0;
}

static int open_socket(const struct listener_options *o, int *out)
{
    static const int families[] = {
        [NET_FAMILY_NONE] = AF_UNSPEC,
        [NET_FAMILY_IPV4] = AF_INET,
        [NET_FAMILY_IPV6] = AF_INET6,
    };
    int fd, rc;

    if (o->addr.family == NET_FAMILY_NONE)
        return EINVAL;
    fd = socket(families[o->addr.family], SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    rc = bind_socket(fd, o);
    if (rc != 0) {
        close(fd);
        return rc;
    }
    *out = fd;
    return 0;
}

/* What came from elsewhere may be anything. */
static int adopt_socket(int fd)
{
    int listening = 0, flags = fcntl(fd, F_GETFL);
    socklen_t len = sizeof(listening);

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0)
        return errno;
    if (!listening)
        return EINVAL;
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return errno;
    return 0;
}

int listener_open_fd(struct loop *l, int fd, const struct listener_options *o,
                     void (*on_accept)(void *ctx, struct accepted *a), void *ctx,
                     struct listener **out)
{
    struct listener *ls = mem_zalloc(sizeof(*ls));
    int rc = ls != NULL ? adopt_socket(fd) : ENOMEM;

    if (rc == 0)
        rc = loop_fd_add(l, &ls->lf, fd);
    if (rc != 0) {
        mem_free(ls);
        close(fd);
        return rc;
    }
    MAGIC_SET(ls, LISTENER_MAGIC);
    ls->loop = l;
    ls->fd = fd;
    ls->admission = o->admission;
    ls->log = o->log;
    ls->on_accept = on_accept;
    ls->ctx = ctx;
    net_addr_of_socket(&ls->addr, fd);
    take_reserve(ls);
    timer_init(&ls->rest, rest_over);
    loop_op_init(&ls->op, accept_done);
    loop_accept(&ls->lf, &ls->op);
    *out = ls;
    return 0;
}

int listener_open(struct loop *l, const struct listener_options *o,
                  void (*on_accept)(void *ctx, struct accepted *a), void *ctx,
                  struct listener **out)
{
    int fd = -1;
    int rc = open_socket(o, &fd);

    return rc != 0 ? rc : listener_open_fd(l, fd, o, on_accept, ctx, out);
}

const struct net_addr *listener_address(const struct listener *ls)
{
    MAGIC_CHECK(ls, LISTENER_MAGIC);
    return &ls->addr;
}

void listener_close(struct listener *ls)
{
    if (ls == NULL)
        return;
    MAGIC_CHECK(ls, LISTENER_MAGIC);
    ASSERT_ON_LOOP(ls->loop);
    ls->closed = true;
    if (loop_op_busy(&ls->op))
        loop_op_cancel(&ls->op); /* accept_done frees */
    else if (timer_is_set(&ls->rest))
        listener_destroy(ls);
    /* else inside on_accept: accept_done frees */
}

void listener_stats(const struct listener *ls, struct listener_stats *s)
{
    MAGIC_CHECK(ls, LISTENER_MAGIC);
    *s = ls->stats;
}
