// SPDX-License-Identifier: Apache-2.0
/*
 * The life of a transport (see the states in net/transport.h).
 *
 * Freed only by finish(), which only transport_later() calls, which the loop calls: so never inside
 * a call of the user nor inside a callback of ours. It waits until no operation is under way,
 * because those use the memory of the transport and of the buffers.
 */
#include "base/mem.h"
#include "net/admission_int.h"
#include "net/sockaddr_int.h"
#include "net/transport_int.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_CLOSE_TIMEOUT (5 * NS_PER_S)

const char *transport_reason_name(enum transport_reason reason)
{
    static const char *const names[] = {
        [TRANSPORT_CLOSED] = "closed by the server",
        [TRANSPORT_PEER_CLOSED] = "closed by the peer",
        [TRANSPORT_PEER_CUT] = "closed by the peer inside a frame",
        [TRANSPORT_ERROR] = "network error",
        [TRANSPORT_BAD_FRAME] = "not a frame of this protocol, or too long",
        [TRANSPORT_FIRST_TIMEOUT] = "no frame in time",
        [TRANSPORT_FRAME_TIMEOUT] = "frame not completed in time",
        [TRANSPORT_SEND_TIMEOUT] = "the peer does not read",
        [TRANSPORT_UNHEARD] = "the peer's machine does not answer",
        [TRANSPORT_NO_MEMORY] = "out of memory",
    };

    return (size_t)reason < ARRAY_LEN(names) ? names[reason] : "?";
}

void transport_options_default(struct transport_options *o)
{
    *o = (struct transport_options){
        .max_frame = 64 * 1024,
        .low_water = 256 * 1024,
        .turn_bytes = 1024 * 1024,
        .turn_frames = 64,
        .first_timeout = 30 * NS_PER_S,
        .frame_timeout = 30 * NS_PER_S,
        .send_timeout = 60 * NS_PER_S,
        .close_timeout = DEFAULT_CLOSE_TIMEOUT,
        .keepalive = true,
    };
}

/* ---- the end ---- */

static void finish(struct transport *t)
{
    struct admission *admission = t->admission;
    struct net_addr peer = t->peer;

    loop_timer_cancel(t->loop, &t->first_timer);
    loop_timer_cancel(t->loop, &t->close_timer);
    transport_rx_clear(t);
    transport_tx_clear(t);
    loop_fd_remove(&t->lf);
    close(t->fd);
    if (admission != NULL)
        admission_leave(admission, &peer);
    t->ops->on_closed(t, t->reason);
    MAGIC_WIPE(t);
    mem_free(t);
}

static void transport_later(struct loop_task *task)
{
    struct transport *t = CONTAINER_OF(task, struct transport, later);

    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    t->later_posted = false;
    if (t->state == TRANSPORT_OPEN)
        transport_rx_run(t);
    else if (t->state == TRANSPORT_ABORTING && !loop_op_busy(&t->rx.op) && !loop_op_busy(&t->tx.op))
        finish(t);
}

void transport_schedule(struct transport *t)
{
    if (t->later_posted)
        return;
    t->later_posted = true;
    loop_post(t->loop, &t->later);
}

/* The first reason is the one that is told. */
static void set_state(struct transport *t, enum transport_state state, enum transport_reason reason)
{
    if (t->state == TRANSPORT_OPEN)
        t->reason = reason;
    t->state = state;
    loop_timer_cancel(t->loop, &t->first_timer);
    transport_rx_stop_timer(t);
}

void transport_fail(struct transport *t, enum transport_reason reason)
{
    if (t->state == TRANSPORT_ABORTING)
        return;
    set_state(t, TRANSPORT_ABORTING, reason);
    loop_op_cancel(&t->rx.op);
    loop_op_cancel(&t->tx.op);
    transport_schedule(t);
}

/* Closing now would reset the connection if the peer has sent something that we did not read, and
   the reset would overtake our last bytes. So we end our half, and read until it ends its own. */
void transport_flushed(struct transport *t)
{
    if (t->state != TRANSPORT_FLUSHING)
        return;
    t->state = TRANSPORT_DRAINING;
    if (shutdown(t->fd, SHUT_WR) != 0)
        transport_fail(t, TRANSPORT_CLOSED);
    else
        transport_rx_discard(t);
}

void transport_close(struct transport *t, enum transport_how how)
{
    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    ASSERT_ON_LOOP(t->loop);
    if (how == TRANSPORT_ABORT) {
        transport_fail(t, TRANSPORT_CLOSED);
        return;
    }
    if (t->state != TRANSPORT_OPEN)
        return;
    set_state(t, TRANSPORT_FLUSHING, TRANSPORT_CLOSED);
    loop_timer_set(t->loop, &t->close_timer, loop_now(t->loop) + t->opt.close_timeout);
    transport_rx_discard(t);
    if (t->tx.queued == 0)
        transport_flushed(t);
}

static void close_timeout(struct timer *timer)
{
    transport_fail(CONTAINER_OF(timer, struct transport, close_timer), TRANSPORT_CLOSED);
}

static void first_timeout(struct timer *timer)
{
    transport_fail(CONTAINER_OF(timer, struct transport, first_timer), TRANSPORT_FIRST_TIMEOUT);
}

/* ---- the beginning ---- */

/* Both may fail on sockets that are not TCP: then there is nothing to set. */
static void set_socket_options(int fd, const struct transport_options *o)
{
    int one = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (o->keepalive)
        (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
}

static void set_options(struct transport *t, const struct transport_options *o)
{
    t->opt = *o;
    if (t->opt.close_timeout == 0)
        t->opt.close_timeout = DEFAULT_CLOSE_TIMEOUT;
    if (t->opt.turn_bytes == 0)
        t->opt.turn_bytes = SIZE_MAX;
    if (t->opt.turn_frames == 0)
        t->opt.turn_frames = UINT32_MAX;
}

static struct transport *open_transport(struct loop *l, int fd, const struct transport_ops *ops,
                                        void *user, const struct transport_options *o)
{
    struct transport *t = mem_zalloc(sizeof(*t));
    int flags = fcntl(fd, F_GETFL);

    if (t == NULL || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        loop_fd_add(l, &t->lf, fd) != 0) {
        mem_free(t);
        return NULL;
    }
    MAGIC_SET(t, TRANSPORT_MAGIC);
    t->state = TRANSPORT_OPEN;
    t->fd = fd;
    t->loop = l;
    t->later.run = transport_later;
    t->ops = ops;
    t->user = user;
    set_options(t, o);
    set_socket_options(fd, o);
    timer_init(&t->first_timer, first_timeout);
    timer_init(&t->close_timer, close_timeout);
    transport_rx_init(t);
    transport_tx_init(t);
    if (o->first_timeout > 0)
        loop_timer_set(l, &t->first_timer, loop_now(l) + o->first_timeout);
    /* Not now: nothing may be delivered before the user knows the transport. */
    transport_schedule(t);
    return t;
}

struct transport *transport_new(struct loop *l, struct accepted *a, const struct transport_ops *ops,
                                void *user, const struct transport_options *o)
{
    struct transport *t = open_transport(l, a->fd, ops, user, o);

    if (t == NULL) {
        accepted_refuse(a);
        return NULL;
    }
    t->peer = a->peer;
    t->local = a->local;
    t->admission = a->admission;
    mem_free(a);
    return t;
}

struct transport *transport_new_fd(struct loop *l, int fd, const struct transport_ops *ops,
                                   void *user, const struct transport_options *o)
{
    struct transport *t = open_transport(l, fd, ops, user, o);

    if (t == NULL) {
        close(fd);
        return NULL;
    }
    net_addr_of_peer(&t->peer, fd);
    net_addr_of_socket(&t->local, fd);
    return t;
}

/* ---- small questions ---- */

void *transport_user(const struct transport *t)
{
    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    return t->user;
}

struct loop *transport_loop(const struct transport *t)
{
    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    return t->loop;
}

const struct net_addr *transport_peer(const struct transport *t)
{
    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    return &t->peer;
}

const struct net_addr *transport_local(const struct transport *t)
{
    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    return &t->local;
}

uint64_t transport_bytes_in(const struct transport *t)
{
    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    return t->rx.bytes;
}

uint64_t transport_bytes_out(const struct transport *t)
{
    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    return t->tx.bytes;
}
