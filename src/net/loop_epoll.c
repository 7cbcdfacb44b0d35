// SPDX-License-Identifier: Apache-2.0
/*
 * The epoll backend: edge-triggered, each descriptor registered once for its whole life, so that an
 * operation costs one system call (two when it has to wait first).
 *
 * A descriptor remembers whether it may be readable and writable: true until an attempt shows
 * otherwise. An operation whose descriptor is ready stands in the ready list and gets one attempt
 * per turn, in order; all others are held only by their loop_fd and come back with the event.
 */
#include "base/mem.h"
#include "net/loop_int.h"
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_PER_WAIT 128

struct epoll_backend {
    int epoll_fd;
    int wake_fd;
    struct list ready;
};

static struct epoll_backend *data_of(const struct loop *l)
{
    return l->backend_data;
}

static void backend_close(struct loop *l)
{
    struct epoll_backend *d = data_of(l);

    if (d->wake_fd >= 0)
        close(d->wake_fd);
    if (d->epoll_fd >= 0)
        close(d->epoll_fd);
    mem_free(d);
    l->backend_data = NULL;
}

static int backend_open(struct loop *l)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
    struct epoll_backend *d = mem_zalloc(sizeof(*d));
    int rc;

    if (d == NULL)
        return ENOMEM;
    l->backend_data = d;
    list_init(&d->ready);
    d->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->epoll_fd < 0 || d->wake_fd < 0 ||
        epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, d->wake_fd, &ev) != 0) {
        rc = errno;
        backend_close(l);
        return rc;
    }
    return 0;
}

static int backend_pollable_fd(const struct loop *l)
{
    return data_of(l)->epoll_fd;
}

static void backend_wake(struct loop *l)
{
    uint64_t one = 1;

    /* Fails only when the counter is full: then it is awake already. */
    if (write(data_of(l)->wake_fd, &one, sizeof(one)) < 0)
        ASSERT(errno == EAGAIN || errno == EINTR);
}

static int backend_fd_add(struct loop *l, struct loop_fd *lf)
{
    struct epoll_event ev = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
        .data.ptr = lf,
    };

    /* The first events tell the truth; a fresh socket is nearly always writable. */
    lf->writable = true;
    if (epoll_ctl(data_of(l)->epoll_fd, EPOLL_CTL_ADD, lf->fd, &ev) != 0)
        return errno;
    return 0;
}

static void backend_fd_remove(struct loop *l, struct loop_fd *lf)
{
    struct epoll_event unused = {0};

    /* Explicitly, because the descriptor may have been duplicated (a forked child): closing would
       not remove it then. */
    (void)epoll_ctl(data_of(l)->epoll_fd, EPOLL_CTL_DEL, lf->fd, &unused);
}

static void make_ready(struct loop *l, struct loop_op *op)
{
    if (op != NULL && !list_linked(&op->node))
        list_append(&data_of(l)->ready, &op->node);
}

static void backend_submit(struct loop *l, struct loop_op *op)
{
    if (op->kind == LOOP_OP_SEND ? op->fd->writable : op->fd->readable)
        make_ready(l, op);
}

static void backend_cancel(struct loop *l, struct loop_op *op)
{
    make_ready(l, op);
}

static bool backend_ready(const struct loop *l)
{
    return !list_empty(&data_of(l)->ready);
}

/* epoll counts in ms: rounded up, or a timer would be polled for during its last millisecond. */
static int wait_ms(uint64_t timeout)
{
    uint64_t ms;

    if (timeout == TIMERQ_NEVER)
        return -1;
    ms = timeout / NS_PER_MS + (timeout % NS_PER_MS != 0);
    return ms < 3600 * 1000 ? (int)ms : 3600 * 1000;
}

static void note_event(struct loop *l, const struct epoll_event *ev)
{
    struct loop_fd *lf = ev->data.ptr;
    uint64_t count;

    if (lf == NULL) {
        if (read(data_of(l)->wake_fd, &count, sizeof(count)) < 0)
            ASSERT(errno == EAGAIN || errno == EINTR);
        return;
    }
    if (ev->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        lf->hangup = true;
    if (ev->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        lf->readable = true;
        make_ready(l, lf->reading);
    }
    if (ev->events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
        lf->writable = true;
        make_ready(l, lf->writing);
    }
}

static void backend_wait(struct loop *l, uint64_t timeout)
{
    struct epoll_event events[EVENTS_PER_WAIT];
    int n = epoll_wait(data_of(l)->epoll_fd, events, EVENTS_PER_WAIT, wait_ms(timeout));

    ASSERT(n >= 0 || errno == EINTR);
    for (int i = 0; i < n; i++)
        note_event(l, &events[i]);
}

static size_t iov_bytes(const struct loop_op *op)
{
    size_t sum = 0;

    for (int i = 0; i < op->iov_n; i++)
        sum += op->iov[i].iov_len;
    return sum;
}

static ssize_t try_recv(struct loop_op *op)
{
    ssize_t n = op->iov_n == 1 ? read(op->fd->fd, op->iov->iov_base, op->iov->iov_len)
                               : readv(op->fd->fd, op->iov, op->iov_n);

    /* Less than asked for: empty now, the next byte makes an event. That saves the attempt that
       would say EAGAIN. Not after a hang-up, whose event has been. */
    if (n > 0 && (size_t)n < iov_bytes(op) && !op->fd->hangup)
        op->fd->readable = false;
    return n;
}

static ssize_t try_send(struct loop_op *op)
{
    struct msghdr msg = {.msg_iov = op->iov, .msg_iovlen = (size_t)op->iov_n};
    ssize_t n = sendmsg(op->fd->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n >= 0 && (size_t)n < iov_bytes(op))
        op->fd->writable = false;
    return n;
}

static ssize_t try_accept(struct loop_op *op)
{
    return accept4(op->fd->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* The user reads the descriptor, perhaps not to the end: so ask, and do not rely on edges. */
static ssize_t try_poll(struct loop_op *op)
{
    struct pollfd p = {.fd = op->fd->fd, .events = POLLIN};
    int n = poll(&p, 1, 0);

    if (n == 0)
        errno = EAGAIN;
    return n > 0 ? 0 : -1;
}

static ssize_t (*const attempts[])(struct loop_op *op) = {
    [LOOP_OP_ACCEPT] = try_accept,
    [LOOP_OP_RECV] = try_recv,
    [LOOP_OP_SEND] = try_send,
    [LOOP_OP_POLL] = try_poll,
};

/* One attempt. True when the operation is over. */
static bool attempt(struct loop_op *op)
{
    ssize_t n;

    if (op->cancelled) {
        loop_op_finish(op, -ECANCELED);
        return true;
    }
    if (op->prepare != NULL)
        op->prepare(op);
    do {
        n = attempts[op->kind](op);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        if (op->kind == LOOP_OP_SEND)
            op->fd->writable = false;
        else
            op->fd->readable = false;
        return false;
    }
    loop_op_finish(op, n < 0 ? -errno : n);
    return true;
}

static bool backend_perform(struct loop *l)
{
    struct list turn, *node;
    bool any = false;

    /* What is submitted meanwhile has its turn after all of these. */
    list_init(&turn);
    list_splice(&turn, &data_of(l)->ready);
    while ((node = list_pop(&turn)) != NULL)
        any |= attempt(LIST_ENTRY(node, struct loop_op, node));
    return any;
}

const struct loop_backend loop_backend_epoll = {
    .name = "epoll",
    .open = backend_open,
    .close = backend_close,
    .pollable_fd = backend_pollable_fd,
    .wake = backend_wake,
    .fd_add = backend_fd_add,
    .fd_remove = backend_fd_remove,
    .submit = backend_submit,
    .cancel = backend_cancel,
    .ready = backend_ready,
    .wait = backend_wait,
    .perform = backend_perform,
};
