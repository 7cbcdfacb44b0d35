// SPDX-License-Identifier: Apache-2.0
/*
 * What the tests of transports share: a framer, the server side of a connection, which notes what
 * it is told, and a loop with a listener and clients that are plain sockets over loopback.
 */
#ifndef NET_TEST_TRANSPORT_H
#define NET_TEST_TRANSPORT_H

#include "base/mem.h"
#include "net/listener.h"
#include "net/sockaddr_int.h"
#include "net/transport.h"
#include "plat/clock.h"
#include "plat/thread.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define KIB 1024u
#define MIB (1024u * 1024)

/* ---- a frame: zero, three bytes of length, payload ---- */

static inline void put_head(uint8_t *p, size_t payload)
{
    p[0] = 0;
    p[1] = (uint8_t)(payload >> 16);
    p[2] = (uint8_t)(payload >> 8);
    p[3] = (uint8_t)payload;
}

static inline bool framer(struct transport *t, const uint8_t head[TRANSPORT_HEAD], size_t *total)
{
    *total = TRANSPORT_HEAD + ((size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3]);
    return head[0] == 0;
}

static inline uint32_t rnd(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)*seed * below) >> 32);
}

/* ---- the server side of one connection ---- */

struct side {
    struct loop *loop;
    struct transport *t; /* NULL when closed */
    int frames, writables, closed;
    enum transport_reason reason;
    size_t bytes, last_len, last_off;
    size_t high_water;       /* 0: none; pause above */
    bool echo;               /* send each frame back */
    bool abort_on_frame;     /* close inside on_frame */
    bool pause_on_frame;     /* pause after each */
    int *order, *order_next; /* whose frames came when */
    int id;
    uint32_t seed;
};

/* Cuts the frame into several slices, as replies are made of several. */
static inline void send_back(struct side *s, struct buf *frame, size_t off, size_t len)
{
    struct chain c;

    chain_init(&c);
    while (len > 0) {
        size_t n = 1 + rnd(&s->seed, (uint32_t)MIN(len, 300 * KIB));
        struct slice part = slice_of(frame, off, n);

        assert_true(chain_add(&c, &part));
        off += n;
        len -= n;
    }
    transport_send(s->t, &c);
    assert_int_equal(c.n, 0);
    if (s->high_water > 0 && transport_queued_bytes(s->t) > s->high_water)
        transport_pause(s->t);
}

static inline void on_frame(struct transport *t, struct buf *frame, size_t off, size_t len)
{
    struct side *s = transport_user(t);
    uint8_t head[TRANSPORT_HEAD];

    ASSERT_ON_LOOP(s->loop);
    assert_ptr_equal(t, s->t);
    assert_false(transport_paused(t));
    assert_true(buf_is_unique(frame));
    assert_int_equal((uintptr_t)frame->data % 64, 0);
    put_head(head, len - TRANSPORT_HEAD);
    assert_memory_equal(frame->data + off, head, TRANSPORT_HEAD);
    s->frames++;
    s->bytes += len;
    s->last_len = len;
    s->last_off = off;
    if (s->order != NULL)
        s->order[(*s->order_next)++] = s->id;
    if (s->echo)
        send_back(s, frame, off, len);
    if (s->pause_on_frame)
        transport_pause(t);
    if (s->abort_on_frame)
        transport_close(t, TRANSPORT_ABORT);
    buf_unref(frame);
}

static inline void on_writable(struct transport *t)
{
    struct side *s = transport_user(t);

    s->writables++;
    transport_resume(t);
}

static inline void on_closed(struct transport *t, enum transport_reason reason)
{
    struct side *s = transport_user(t);

    assert_int_equal(s->closed, 0);
    s->closed++;
    s->reason = reason;
    s->t = NULL;
}

static const struct transport_ops ops = {
    .framer = framer,
    .on_frame = on_frame,
    .on_writable = on_writable,
    .on_closed = on_closed,
};

/* ---- the fixture: one loop, one listener, clients as plain sockets ---- */

struct fixture {
    struct loop *loop;
    struct listener *listener;
    struct accepted *accepted;
    struct bufpool *pool;
};

static inline void on_accept(void *ctx, struct accepted *a)
{
    struct fixture *f = ctx;

    assert_null(f->accepted);
    f->accepted = a;
}

static inline void setup(struct fixture *f)
{
    struct listener_options o = {.backlog = 600};

    *f = (struct fixture){.loop = loop_new(), .pool = bufpool_new(16 * MIB)};
    assert_non_null(f->loop);
    assert_true(net_addr_parse(&o.addr, "127.0.0.1", 0));
    assert_int_equal(listener_open(f->loop, &o, on_accept, f, &f->listener), 0);
}

static inline void teardown(struct fixture *f)
{
    listener_close(f->listener);
    loop_free(f->loop);
    bufpool_free(f->pool);
}

static inline struct accepted *connect_pair(struct fixture *f, int *client)
{
    struct sockaddr_storage ss;
    socklen_t len = net_addr_to_sockaddr(listener_address(f->listener), &ss);
    struct accepted *a;

    *client = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(*client >= 0);
    assert_int_equal(connect(*client, (struct sockaddr *)&ss, len), 0);
    assert_int_equal(fcntl(*client, F_SETFL, O_NONBLOCK), 0);
    while (f->accepted == NULL)
        loop_run_once(f->loop, NS_PER_S);
    a = f->accepted;
    f->accepted = NULL;
    return a;
}

static inline void options(struct fixture *f, struct transport_options *o)
{
    transport_options_default(o);
    o->max_frame = 16 * MIB;
    o->bufpool = f->pool;
}

static inline int connect_side(struct fixture *f, struct side *s, const struct transport_options *o)
{
    struct transport_options dflt;
    int fd;
    struct accepted *a = connect_pair(f, &fd);

    options(f, &dflt);
    s->loop = f->loop;
    s->t = transport_new(f->loop, a, &ops, s, o != NULL ? o : &dflt);
    assert_non_null(s->t);
    return fd;
}

static inline void turn(struct fixture *f)
{
    while (loop_run_once(f->loop, 10 * NS_PER_MS))
        ;
}

static inline void run_until_closed(struct fixture *f, const struct side *s)
{
    uint64_t deadline = clock_monotonic() + 20 * NS_PER_S;

    while (s->closed == 0 && clock_monotonic() < deadline)
        loop_run_once(f->loop, 100 * NS_PER_MS);
    assert_int_equal(s->closed, 1);
}

static inline void write_all(struct fixture *f, int fd, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t w = send(fd, p, n, MSG_NOSIGNAL);

        if (w > 0) {
            p += w;
            n -= (size_t)w;
        } else {
            assert_int_equal(errno, EAGAIN);
        }
        loop_run_once(f->loop, 0);
    }
}

/* A frame of that payload; the content says where it comes from. */
static inline void send_frame(struct fixture *f, int fd, size_t payload)
{
    uint8_t *m = mem_zalloc(TRANSPORT_HEAD + payload);

    put_head(m, payload);
    write_all(f, fd, m, TRANSPORT_HEAD + payload);
    mem_free(m);
}

static inline size_t read_some(int fd, size_t most)
{
    static uint8_t sink[256 * KIB];
    ssize_t n = recv(fd, sink, MIN(most, sizeof(sink)), 0);

    return n > 0 ? (size_t)n : 0;
}

static inline void send_zeros(struct side *s, size_t n)
{
    struct buf *b = buf_new_zero(n);
    struct slice part = slice_of(b, 0, n);
    struct chain c;

    chain_init(&c);
    assert_true(chain_add(&c, &part));
    transport_send(s->t, &c);
    buf_unref(b);
}

#endif
