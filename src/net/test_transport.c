// SPDX-License-Identifier: Apache-2.0
/* Transports over loopback: content in both directions under random chunking, limits, timeouts,
   back-pressure, fairness, closing, many connections, memory running out. */
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

static void put_head(uint8_t *p, size_t payload)
{
    p[0] = 0;
    p[1] = (uint8_t)(payload >> 16);
    p[2] = (uint8_t)(payload >> 8);
    p[3] = (uint8_t)payload;
}

static bool framer(struct transport *t, const uint8_t head[TRANSPORT_HEAD], size_t *total)
{
    *total = TRANSPORT_HEAD + ((size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3]);
    return head[0] == 0;
}

static uint32_t rnd(uint32_t *seed, uint32_t below)
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
static void send_back(struct side *s, struct buf *frame, size_t off, size_t len)
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

static void on_frame(struct transport *t, struct buf *frame, size_t off, size_t len)
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

static void on_writable(struct transport *t)
{
    struct side *s = transport_user(t);

    s->writables++;
    transport_resume(t);
}

static void on_closed(struct transport *t, enum transport_reason reason)
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

static void on_accept(void *ctx, struct accepted *a)
{
    struct fixture *f = ctx;

    assert_null(f->accepted);
    f->accepted = a;
}

static void setup(struct fixture *f)
{
    struct listener_options o = {.backlog = 600};

    *f = (struct fixture){.loop = loop_new(), .pool = bufpool_new(16 * MIB)};
    assert_non_null(f->loop);
    assert_true(net_addr_parse(&o.addr, "127.0.0.1", 0));
    assert_int_equal(listener_open(f->loop, &o, on_accept, f, &f->listener), 0);
}

static void teardown(struct fixture *f)
{
    listener_close(f->listener);
    loop_free(f->loop);
    bufpool_free(f->pool);
}

static struct accepted *connect_pair(struct fixture *f, int *client)
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

static void options(struct fixture *f, struct transport_options *o)
{
    transport_options_default(o);
    o->max_frame = 16 * MIB;
    o->bufpool = f->pool;
}

static int connect_side(struct fixture *f, struct side *s, const struct transport_options *o)
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

static void turn(struct fixture *f)
{
    while (loop_run_once(f->loop, 10 * NS_PER_MS))
        ;
}

static void run_until_closed(struct fixture *f, const struct side *s)
{
    uint64_t deadline = clock_monotonic() + 20 * NS_PER_S;

    while (s->closed == 0 && clock_monotonic() < deadline)
        loop_run_once(f->loop, 100 * NS_PER_MS);
    assert_int_equal(s->closed, 1);
}

static void write_all(struct fixture *f, int fd, const uint8_t *p, size_t n)
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
static void send_frame(struct fixture *f, int fd, size_t payload)
{
    uint8_t *m = mem_zalloc(TRANSPORT_HEAD + payload);

    put_head(m, payload);
    write_all(f, fd, m, TRANSPORT_HEAD + payload);
    mem_free(m);
}

/* ---- content ---- */

/* Sizes around every border that the receiver has, up to 9 MiB. */
static size_t random_payload(uint32_t *seed, size_t *large_left)
{
    static const size_t borders[] = {
        1,    60,   124,      TRANSPORT_AHEAD - 4, TRANSPORT_AHEAD - 5, 129,
        2045, 2044, 64 * KIB, 64 * KIB - 4};

    if (*large_left > 0 && rnd(seed, 12) == 0) {
        (*large_left)--;
        return 1 + rnd(seed, 9 * MIB);
    }
    if (rnd(seed, 3) == 0)
        return borders[rnd(seed, ARRAY_LEN(borders))];
    return rnd(seed, 3) == 0 ? rnd(seed, 100 * KIB) : rnd(seed, 300);
}

static uint8_t *random_stream(uint32_t *seed, size_t *len, int *frames)
{
    size_t cap = 24 * MIB, large = 3, payload;
    uint8_t *s = mem_alloc(cap);

    *len = 0;
    *frames = 0;
    payload = 9 * MIB;
    do {
        put_head(s + *len, payload);
        *len += TRANSPORT_HEAD;
        for (size_t i = 0; i < payload; i += 1 + payload / 5000)
            s[*len + i] = (uint8_t)rnd(seed, 256);
        *len += payload;
        (*frames)++;
        payload = random_payload(seed, &large);
    } while (*len + payload + TRANSPORT_HEAD <= cap && *frames < 600);
    return s;
}

static size_t chunk(uint32_t *seed, size_t left)
{
    size_t most = rnd(seed, 4) == 0 ? 200 : rnd(seed, 3) == 0 ? 5000 : 2 * MIB;

    size_t n = 1 + rnd(seed, (uint32_t)most);

    return MIN(left, n);
}

static void check_echo(uint32_t seed, bool slow)
{
    struct fixture f;
    struct side s = {.echo = true, .high_water = 1 * MIB, .seed = seed};
    size_t len, out = 0, in = 0;
    uint8_t *stream, *back;
    int frames, fd;

    setup(&f);
    fd = connect_side(&f, &s, NULL);
    stream = random_stream(&seed, &len, &frames);
    back = mem_zalloc(len + 1);
    while (in < len) {
        ssize_t n = out < len ? send(fd, stream + out, chunk(&seed, len - out), MSG_NOSIGNAL) : 0;

        if (n > 0)
            out += (size_t)n;
        if (!slow || rnd(&seed, 3) == 0) {
            n = recv(fd, back + in, chunk(&seed, len + 1 - in), 0);
            assert_int_not_equal(n, 0);
            if (n > 0)
                in += (size_t)n;
        }
        loop_run_once(f.loop, 0);
        assert_int_equal(s.closed, 0);
    }
    assert_int_equal(in, len);
    assert_int_equal(s.frames, frames);
    assert_int_equal(s.bytes, len);
    assert_memory_equal(stream, back, len);
    assert_int_equal(transport_bytes_in(s.t), len);
    assert_int_equal(transport_bytes_out(s.t), len);
    mem_free(stream);
    mem_free(back);
    close(fd);
    run_until_closed(&f, &s);
    assert_int_equal(s.reason, TRANSPORT_PEER_CLOSED);
    teardown(&f);
}

static void test_content_under_random_chunks(void **state)
{
    for (uint32_t seed = 1; seed <= 6; seed++)
        check_echo(seed, seed % 2 == 0);
}

static size_t seen_offset;

static size_t placement(struct transport *t, const uint8_t *seen, size_t seen_len, size_t total)
{
    assert_in_range(seen_len, TRANSPORT_HEAD, total);
    assert_int_equal(seen[0], 0);
    seen_offset = 64 - TRANSPORT_HEAD % 64;
    return seen_offset;
}

static void test_placement(void **state)
{
    struct transport_ops placed = ops;
    struct transport_options o;
    struct fixture f;
    struct side s = {.echo = true};
    int fd;

    setup(&f);
    options(&f, &o);
    placed.placement = placement;
    s.loop = f.loop;
    s.t = transport_new(f.loop, connect_pair(&f, &fd), &placed, &s, &o);
    for (size_t size = 0; size < 200 * KIB; size = size * 3 + 1) {
        seen_offset = 1;
        send_frame(&f, fd, size);
        turn(&f);
        assert_int_equal(s.last_off, seen_offset);
        assert_int_equal((s.last_off + TRANSPORT_HEAD) % 64, 0);
        assert_int_equal(s.last_len, TRANSPORT_HEAD + size);
    }
    close(fd);
    run_until_closed(&f, &s);
    teardown(&f);
}

/* ---- frames that are not right ---- */

static void test_partial_frames(void **state)
{
    struct fixture f;
    struct side s = {0};
    uint8_t m[20] = {0};
    int fd;

    setup(&f);
    fd = connect_side(&f, &s, NULL);
    put_head(m, 16);
    for (size_t i = 0; i < sizeof(m); i++) {
        assert_int_equal(s.frames, 0);
        write_all(&f, fd, m + i, 1);
        turn(&f);
    }
    assert_int_equal(s.frames, 1);
    /* A frame without payload is one. */
    send_frame(&f, fd, 0);
    turn(&f);
    assert_int_equal(s.frames, 2);
    assert_int_equal(s.last_len, TRANSPORT_HEAD);
    write_all(&f, fd, m, 7);
    close(fd);
    run_until_closed(&f, &s);
    assert_int_equal(s.frames, 2);
    assert_int_equal(s.reason, TRANSPORT_PEER_CUT);
    teardown(&f);
}

static void test_cut_inside_head(void **state)
{
    struct fixture f;
    struct side s = {0};
    int fd;

    setup(&f);
    fd = connect_side(&f, &s, NULL);
    write_all(&f, fd, (const uint8_t[]){0, 0}, 2);
    close(fd);
    run_until_closed(&f, &s);
    assert_int_equal(s.reason, TRANSPORT_PEER_CUT);
    teardown(&f);
}

static void test_max_frame(void **state)
{
    struct transport_options o;
    struct fixture f;
    struct side s = {0};
    int fd;

    setup(&f);
    options(&f, &o);
    o.max_frame = 1000;
    fd = connect_side(&f, &s, &o);
    send_frame(&f, fd, 1000 - TRANSPORT_HEAD);
    turn(&f);
    assert_int_equal(s.frames, 1);
    transport_set_max_frame(s.t, 2 * MIB);
    send_frame(&f, fd, 2 * MIB - TRANSPORT_HEAD);
    turn(&f);
    assert_int_equal(s.frames, 2);
    /* One byte more, and only the head is sent: refused without waiting for the rest. */
    uint8_t head[TRANSPORT_HEAD];
    put_head(head, 2 * MIB - TRANSPORT_HEAD + 1);
    write_all(&f, fd, head, sizeof(head));
    run_until_closed(&f, &s);
    assert_int_equal(s.frames, 2);
    assert_int_equal(s.reason, TRANSPORT_BAD_FRAME);
    close(fd);
    teardown(&f);
}

static void test_framer_refuses(void **state)
{
    struct fixture f;
    struct side s = {0};
    int fd;

    setup(&f);
    fd = connect_side(&f, &s, NULL);
    write_all(&f, fd, (const uint8_t *)"GET / HTTP/1.0\r\n\r\n", 18);
    run_until_closed(&f, &s);
    assert_int_equal(s.frames, 0);
    assert_int_equal(s.reason, TRANSPORT_BAD_FRAME);
    close(fd);
    teardown(&f);
}

/* ---- times ---- */

static void check_timeout(struct transport_options *o, struct fixture *f, size_t bytes,
                          enum transport_reason wanted)
{
    uint8_t m[200] = {0};
    struct side s = {0};
    uint64_t begin;
    int fd = connect_side(f, &s, o);

    put_head(m, 1000);
    begin = clock_monotonic();
    write_all(f, fd, m, bytes);
    run_until_closed(f, &s);
    assert_int_equal(s.reason, wanted);
    assert_true(clock_monotonic() - begin < 5 * NS_PER_S);
    close(fd);
}

static void test_first_and_frame_timeout(void **state)
{
    struct transport_options o;
    struct fixture f;

    setup(&f);
    options(&f, &o);
    o.first_timeout = 30 * NS_PER_MS;
    check_timeout(&o, &f, 0, TRANSPORT_FIRST_TIMEOUT);
    check_timeout(&o, &f, 100, TRANSPORT_FIRST_TIMEOUT);
    o.first_timeout = 0;
    o.frame_timeout = 30 * NS_PER_MS;
    check_timeout(&o, &f, 2, TRANSPORT_FRAME_TIMEOUT);
    check_timeout(&o, &f, 100, TRANSPORT_FRAME_TIMEOUT);
    teardown(&f);
}

/* One byte now and then keeps no frame alive; complete frames do not age. */
static void test_trickle(void **state)
{
    struct transport_options o;
    struct fixture f;
    struct side s = {0};
    uint8_t m[64] = {0};
    uint64_t begin;
    int fd;

    setup(&f);
    options(&f, &o);
    o.first_timeout = 300 * NS_PER_MS;
    o.frame_timeout = 100 * NS_PER_MS;
    fd = connect_side(&f, &s, &o);
    send_frame(&f, fd, 10);
    begin = clock_monotonic();
    while (clock_monotonic() - begin < 400 * NS_PER_MS)
        loop_run_once(f.loop, 10 * NS_PER_MS);
    assert_int_equal(s.closed, 0);
    put_head(m, 60);
    for (size_t i = 0; i < sizeof(m) && s.closed == 0; i++) {
        (void)!send(fd, m + i, 1, MSG_NOSIGNAL);
        loop_run_once(f.loop, 5 * NS_PER_MS);
        usleep(4000);
    }
    run_until_closed(&f, &s);
    assert_int_equal(s.reason, TRANSPORT_FRAME_TIMEOUT);
    assert_int_equal(s.frames, 1);
    close(fd);
    teardown(&f);
}

static size_t read_some(int fd, size_t most)
{
    static uint8_t sink[256 * KIB];
    ssize_t n = recv(fd, sink, MIN(most, sizeof(sink)), 0);

    return n > 0 ? (size_t)n : 0;
}

static void send_zeros(struct side *s, size_t n)
{
    struct buf *b = buf_new_zero(n);
    struct slice part = slice_of(b, 0, n);
    struct chain c;

    chain_init(&c);
    assert_true(chain_add(&c, &part));
    transport_send(s->t, &c);
    buf_unref(b);
}

static void test_send_timeout(void **state)
{
    struct transport_options o;
    struct fixture f;
    struct side s = {0};
    int fd;

    setup(&f);
    options(&f, &o);
    o.send_timeout = 50 * NS_PER_MS;
    fd = connect_side(&f, &s, &o);
    send_zeros(&s, 32 * MIB);
    run_until_closed(&f, &s);
    assert_int_equal(s.reason, TRANSPORT_SEND_TIMEOUT);
    close(fd);
    teardown(&f);
}

/* The time runs from the last progress, and not at all while nothing is queued. */
static void test_send_timeout_spares_slow_readers(void **state)
{
    struct transport_options o;
    struct fixture f;
    struct side s = {0};
    size_t total = 16 * MIB, got = 0;
    uint64_t begin;
    int fd;

    setup(&f);
    options(&f, &o);
    o.send_timeout = 600 * NS_PER_MS;
    fd = connect_side(&f, &s, &o);
    send_zeros(&s, total);
    begin = clock_monotonic();
    while (got < total) {
        uint64_t next = clock_monotonic() + 100 * NS_PER_MS;

        for (size_t n = 0; n < total / 8; n += 64 * KIB)
            got += read_some(fd, MIN(64 * KIB, total - got));
        while (clock_monotonic() < next)
            loop_run_once(f.loop, 20 * NS_PER_MS);
        assert_int_equal(s.closed, 0);
    }
    assert_true(clock_monotonic() - begin > o.send_timeout);
    assert_int_equal(transport_queued_bytes(s.t), 0);
    begin = clock_monotonic();
    while (clock_monotonic() - begin < o.send_timeout * 3 / 2)
        loop_run_once(f.loop, 20 * NS_PER_MS);
    assert_int_equal(s.closed, 0);
    close(fd);
    run_until_closed(&f, &s);
    teardown(&f);
}

/* ---- ownership of what is sent ---- */

static void count_release(void *ctx)
{
    ++*(int *)ctx;
}

/* Six small slices, then `behind` zeros. */
static void send_counted(struct side *s, int *released, size_t behind)
{
    static uint8_t bytes[10];
    struct buf *b = buf_new_zero(behind);
    struct slice part, zeros = slice_of(b, 0, behind);
    struct chain c;

    buf_unref(b);

    chain_init(&c);
    for (int i = 0; i < 6; i++) {
        b = buf_wrap(bytes, sizeof(bytes), count_release, released);
        part = slice_of(b, 0, sizeof(bytes));
        assert_true(chain_add(&c, &part));
        buf_unref(b);
    }
    assert_true(chain_add(&c, &zeros));
    transport_send(s->t, &c);
}

static void test_buffers_are_released(void **state)
{
    struct fixture f;
    struct side s = {0};
    int fd, released = 0;

    setup(&f);
    fd = connect_side(&f, &s, NULL);
    send_counted(&s, &released, 16 * MIB);
    assert_int_equal(released, 0);
    /* Each as soon as it is out, also when the message is not. */
    turn(&f);
    assert_int_equal(released, 6);
    assert_true(transport_queued_bytes(s.t) > 0);
    /* Dropped when the connection dies with them, and when it is closed already. */
    send_counted(&s, &released, 1);
    turn(&f);
    assert_int_equal(released, 6);
    transport_close(s.t, TRANSPORT_ABORT);
    send_counted(&s, &released, 1);
    assert_int_equal(released, 12);
    run_until_closed(&f, &s);
    assert_int_equal(released, 18);
    close(fd);
    teardown(&f);
}

static void test_place_is_given_back(void **state)
{
    struct listener_options lo = {.admission = admission_new(10, 10)};
    struct fixture f = {.loop = loop_new()};
    struct side s = {0};
    int fd;

    assert_true(net_addr_parse(&lo.addr, "127.0.0.1", 0));
    assert_int_equal(listener_open(f.loop, &lo, on_accept, &f, &f.listener), 0);
    fd = connect_side(&f, &s, NULL);
    assert_int_equal(admission_count(lo.admission), 1);
    close(fd);
    run_until_closed(&f, &s);
    assert_int_equal(admission_count(lo.admission), 0);
    teardown(&f);
    admission_free(lo.admission);
}

/* ---- back-pressure and fairness ---- */

static void test_slow_reader(void **state)
{
    struct transport_options o;
    struct fixture f;
    struct side s = {0};
    size_t total = 24 * MIB, got = 0;
    int fd;

    setup(&f);
    options(&f, &o);
    o.low_water = 1 * MIB;
    fd = connect_side(&f, &s, &o);
    send_zeros(&s, 100);
    turn(&f);
    assert_int_equal(transport_queued_bytes(s.t), 0);
    assert_int_equal(s.writables, 0); /* it never was above the mark */
    for (size_t i = 0; i < total / MIB; i++)
        send_zeros(&s, MIB);
    turn(&f);
    assert_true(transport_queued_bytes(s.t) > o.low_water);
    assert_int_equal(s.writables, 0);
    while (got < total + 100) {
        got += read_some(fd, total + 100 - got);
        loop_run_once(f.loop, 0);
        assert_int_equal(s.writables, transport_queued_bytes(s.t) <= o.low_water);
    }
    assert_int_equal(s.writables, 1);
    assert_int_equal(read_some(fd, 1), 0);
    close(fd);
    run_until_closed(&f, &s);
    teardown(&f);
}

static void test_pause(void **state)
{
    struct transport_options o;
    struct fixture f;
    struct side s = {.pause_on_frame = true};
    int fd;

    setup(&f);
    options(&f, &o);
    o.frame_timeout = 20 * NS_PER_MS;
    fd = connect_side(&f, &s, &o);
    for (int i = 0; i < 5; i++)
        send_frame(&f, fd, 10);
    for (int i = 1; i <= 5; i++) {
        turn(&f);
        /* What waits because of us does not run into the timeout of the peer. */
        usleep(25000);
        turn(&f);
        assert_int_equal(s.frames, i);
        transport_resume(s.t);
        assert_int_equal(s.frames, i);
    }
    close(fd);
    run_until_closed(&f, &s);
    assert_int_equal(s.reason, TRANSPORT_PEER_CLOSED);
    teardown(&f);
}

static void test_fairness(void **state)
{
    struct transport_options o;
    struct fixture f;
    int order[600], next = 0, fd[2], first;
    struct side s[2] = {{.id = 0}, {.id = 1}};
    uint8_t many[500 * 5] = {0};

    setup(&f);
    options(&f, &o);
    o.turn_frames = 8;
    for (int i = 0; i < 2; i++) {
        s[i].order = order;
        s[i].order_next = &next;
        fd[i] = connect_side(&f, &s[i], &o);
    }
    for (size_t i = 0; i < sizeof(many); i += 5)
        put_head(many + i, 1);
    assert_int_equal(send(fd[0], many, sizeof(many), 0), sizeof(many));
    assert_int_equal(send(fd[1], many, 5, 0), 5);
    turn(&f);
    assert_int_equal(next, 501);
    for (first = 0; order[first] == 0; first++)
        ;
    assert_true(first <= 3 * 8);
    for (int i = 0; i < 2; i++) {
        close(fd[i]);
        run_until_closed(&f, &s[i]);
    }
    teardown(&f);
}

/* ---- closing ---- */

/* The peer has sent more than we read; nevertheless all of our bytes must arrive. */
static void test_flush_and_close(void **state)
{
    struct fixture f;
    struct side s = {.pause_on_frame = true};
    size_t total = 3 * MIB, got = 0;
    char c;
    int fd;

    setup(&f);
    fd = connect_side(&f, &s, NULL);
    for (int i = 0; i < 20; i++)
        send_frame(&f, fd, 30 * KIB);
    turn(&f);
    assert_int_equal(s.frames, 1);
    send_zeros(&s, total);
    transport_close(s.t, TRANSPORT_FLUSH);
    assert_int_equal(s.closed, 0);
    send_zeros(&s, 5); /* too late: dropped */
    while (got < total) {
        got += read_some(fd, total - got);
        loop_run_once(f.loop, 0);
    }
    turn(&f);
    assert_int_equal(recv(fd, &c, 1, 0), 0);
    assert_int_equal(s.closed, 0);
    close(fd);
    run_until_closed(&f, &s);
    assert_int_equal(s.reason, TRANSPORT_CLOSED);
    assert_int_equal(s.frames, 1);
    teardown(&f);
}

static void test_close_does_not_wait_for_ever(void **state)
{
    struct transport_options o;
    struct fixture f;
    struct side s = {0};
    int fd;

    setup(&f);
    options(&f, &o);
    o.close_timeout = 30 * NS_PER_MS;
    for (size_t n = 1; n <= 32 * MIB; n += 32 * MIB - 1) {
        s = (struct side){0};
        fd = connect_side(&f, &s, &o);
        send_zeros(&s, n);
        transport_close(s.t, TRANSPORT_FLUSH);
        run_until_closed(&f, &s);
        assert_int_equal(s.reason, TRANSPORT_CLOSED);
        close(fd);
    }
    /* The first reason is told, whatever else comes while closing. */
    o.close_timeout = 10 * NS_PER_S;
    o.send_timeout = 30 * NS_PER_MS;
    s = (struct side){0};
    fd = connect_side(&f, &s, &o);
    send_zeros(&s, 32 * MIB);
    transport_close(s.t, TRANSPORT_FLUSH);
    run_until_closed(&f, &s);
    assert_int_equal(s.reason, TRANSPORT_CLOSED);
    close(fd);
    teardown(&f);
}

static void test_abort(void **state)
{
    struct fixture f;
    struct side s = {.abort_on_frame = true, .echo = true};
    uint8_t three[3 * 14] = {0};
    int fd;

    setup(&f);
    fd = connect_side(&f, &s, NULL);
    for (int i = 0; i < 3; i++)
        put_head(three + 14 * i, 10);
    assert_int_equal(send(fd, three, sizeof(three), 0), sizeof(three));
    run_until_closed(&f, &s);
    assert_int_equal(s.frames, 1);
    assert_int_equal(s.reason, TRANSPORT_CLOSED);
    close(fd);

    s = (struct side){0};
    fd = connect_side(&f, &s, NULL);
    send_zeros(&s, 8 * MIB);
    turn(&f);
    transport_close(s.t, TRANSPORT_ABORT);
    transport_close(s.t, TRANSPORT_ABORT);
    transport_close(s.t, TRANSPORT_FLUSH);
    assert_int_equal(s.closed, 0);
    run_until_closed(&f, &s);
    close(fd);
    teardown(&f);
}

static void test_peer_resets(void **state)
{
    struct linger hard = {.l_onoff = 1};
    struct fixture f;
    struct side s = {0};
    int fd;

    setup(&f);
    fd = connect_side(&f, &s, NULL);
    send_zeros(&s, 8 * MIB);
    turn(&f);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
    run_until_closed(&f, &s);
    assert_int_equal(s.reason, TRANSPORT_ERROR);
    teardown(&f);
}

static void test_socket_pair(void **state)
{
    struct transport_options o;
    struct loop *l = loop_new();
    struct side s = {.echo = true, .loop = l};
    struct fixture f = {.loop = l};
    int sv[2];

    transport_options_default(&o);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    s.t = transport_new_fd(l, sv[0], &ops, &s, &o);
    assert_int_equal(transport_peer(s.t)->family, NET_FAMILY_NONE);
    send_frame(&f, sv[1], 500);
    turn(&f);
    assert_int_equal(s.frames, 1);
    assert_int_equal(read_some(sv[1], 1000), 504);
    close(sv[1]);
    run_until_closed(&f, &s);
    loop_free(l);
}

/* ---- many connections; two loops ---- */

#define MANY 500

static void test_many_connections(void **state)
{
    static struct side s[MANY];
    static int fd[MANY];
    struct rlimit rl;
    struct fixture f;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &rl), 0);
    rl.rlim_cur = MIN(rl.rlim_max, 4096);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &rl), 0);
    if (rl.rlim_cur < 2 * MANY + 50)
        skip();
    setup(&f);
    for (int i = 0; i < MANY; i++) {
        s[i] = (struct side){.echo = true, .seed = (uint32_t)i};
        fd[i] = connect_side(&f, &s[i], NULL);
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++)
            send_frame(&f, fd[i], (size_t)(i * 7 + round));
        turn(&f);
        for (int i = 0; i < MANY; i++) {
            assert_int_equal(s[i].frames, round + 1);
            assert_int_equal(read_some(fd[i], 10000), TRANSPORT_HEAD + i * 7 + round);
        }
    }
    for (int i = 0; i < MANY; i++)
        close(fd[i]);
    for (int i = 0; i < MANY; i++)
        run_until_closed(&f, &s[i]);
    teardown(&f);
}

struct handed_over {
    struct side side;
    struct loop *loop;
};

static void take_over(struct loop_task *task)
{
    struct accepted *a = CONTAINER_OF(task, struct accepted, task);
    struct handed_over *h = a->user;
    struct transport_options o;

    transport_options_default(&o);
    h->side = (struct side){.loop = h->loop, .echo = true};
    h->side.t = transport_new(h->loop, a, &ops, &h->side, &o);
}

static void loop_main(void *ctx)
{
    loop_run(ctx);
}

static void test_socket_moves_to_another_loop(void **state)
{
    struct handed_over h = {.loop = loop_new()};
    struct accepted *a;
    struct pollfd p = {.events = POLLIN};
    struct thread thread;
    struct fixture f;
    int fd;

    setup(&f);
    assert_int_equal(thread_start(&thread, "loop", loop_main, h.loop), 0);
    a = connect_pair(&f, &fd);
    a->user = &h;
    a->task.run = take_over;
    loop_post(h.loop, &a->task);
    for (size_t i = 0; i < 50; i++) {
        send_frame(&f, fd, i);
        p.fd = fd;
        assert_int_equal(poll(&p, 1, 10000), 1);
        assert_int_equal(read_some(fd, 1000), TRANSPORT_HEAD + i);
    }
    close(fd);
    loop_stop(h.loop);
    thread_join(&thread);
    run_until_closed(&(struct fixture){.loop = h.loop}, &h.side);
    loop_free(h.loop);
    teardown(&f);
}

/* ---- memory runs out at every point ---- */

static int allocations_left;

static void *failing_alloc(void *ctx, size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void *failing_resize(void *ctx, void *ptr, size_t size)
{
    return allocations_left-- > 0 ? realloc(ptr, size) : NULL;
}

static void plain_release(void *ctx, void *ptr)
{
    free(ptr);
}

/* Sends two frames to an echo, the second of which is large. True when all went well. */
static bool short_life(int allocations)
{
    static uint8_t m[TRANSPORT_HEAD + 100 * KIB];
    struct fixture f = {.loop = loop_new(), .pool = bufpool_new(MIB)};
    struct side s = {.loop = f.loop};
    struct transport_options o;
    int sv[2];
    bool ok;

    options(&f, &o);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sv), 0);
    allocations_left = allocations;
    s.t = transport_new_fd(f.loop, sv[0], &ops, &s, &o);
    if (s.t != NULL) {
        put_head(m, 10);
        (void)!send(sv[1], m, 14, MSG_NOSIGNAL);
        put_head(m, 100 * KIB);
        turn(&f);
        for (size_t at = 0; at < sizeof(m) && s.closed == 0; turn(&f)) {
            ssize_t n = send(sv[1], m + at, sizeof(m) - at, MSG_NOSIGNAL);

            at += n > 0 ? (size_t)n : 0;
        }
    }
    ok = s.frames == 2;
    if (ok) {
        struct chain c;
        struct slice part = {.data = m, .len = 1000};

        chain_init(&c);
        for (int i = 0; i < 6; i++, part = (struct slice){.data = m, .len = 1000})
            ok &= chain_add(&c, &part);
        transport_send(s.t, &c);
        turn(&f);
        ok &= s.closed == 0;
    }
    close(sv[1]);
    if (s.t != NULL || s.closed)
        run_until_closed(&f, &s);
    if (!ok && s.closed)
        assert_int_equal(s.reason == TRANSPORT_NO_MEMORY || s.reason == TRANSPORT_PEER_CLOSED, 1);
    allocations_left = 100;
    loop_free(f.loop);
    bufpool_free(f.pool);
    return ok;
}

static void test_memory_runs_out(void **state)
{
    const struct mem_hooks hooks = {failing_alloc, failing_resize, plain_release, NULL};
    int n = 0;

    mem_set_hooks(&hooks);
    for (;; n++) {
        allocations_left = 100;
        if (short_life(n))
            break;
    }
    mem_set_hooks(NULL);
    assert_in_range(n, 4, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content_under_random_chunks),
        cmocka_unit_test(test_placement),
        cmocka_unit_test(test_partial_frames),
        cmocka_unit_test(test_cut_inside_head),
        cmocka_unit_test(test_max_frame),
        cmocka_unit_test(test_framer_refuses),
        cmocka_unit_test(test_first_and_frame_timeout),
        cmocka_unit_test(test_trickle),
        cmocka_unit_test(test_send_timeout),
        cmocka_unit_test(test_send_timeout_spares_slow_readers),
        cmocka_unit_test(test_buffers_are_released),
        cmocka_unit_test(test_place_is_given_back),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_fairness),
        cmocka_unit_test(test_flush_and_close),
        cmocka_unit_test(test_close_does_not_wait_for_ever),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_peer_resets),
        cmocka_unit_test(test_socket_pair),
        cmocka_unit_test(test_many_connections),
        cmocka_unit_test(test_socket_moves_to_another_loop),
        cmocka_unit_test(test_memory_runs_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
