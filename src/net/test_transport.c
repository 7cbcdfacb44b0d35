// SPDX-License-Identifier: Apache-2.0
/* Transports over loopback: content in both directions under random chunking, frames that are not
   right, who owns what is sent, many connections, memory running out. */
#include "net/test_transport.h"

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
        cmocka_unit_test(test_buffers_are_released),
        cmocka_unit_test(test_place_is_given_back),
        cmocka_unit_test(test_many_connections),
        cmocka_unit_test(test_socket_moves_to_another_loop),
        cmocka_unit_test(test_memory_runs_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
