// SPDX-License-Identifier: Apache-2.0
/* Transports over loopback: timeouts, back-pressure, fairness, closing. */
#include "net/test_transport.h"

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

/* A peer that takes nothing more, when it is expected to. */
static void test_expectation(void **state)
{
    struct fixture f;
    struct side s = {0};
    uint64_t begin;
    int fd;

    setup(&f);
    fd = connect_side(&f, &s, NULL);
    send_zeros(&s, 32 * MIB);
    turn(&f);
    begin = clock_monotonic();
    transport_expect(s.t, 300 * NS_PER_MS);
    run_until_closed(&f, &s);
    assert_int_equal(s.reason, TRANSPORT_UNHEARD);
    assert_in_range(clock_monotonic() - begin, 250 * NS_PER_MS, 10 * NS_PER_S);
    close(fd);
    teardown(&f);
}

/* What has been taken is not waited for, and what is sent later may take its time. */
static void test_expectation_is_met(void **state)
{
    struct fixture f;
    struct side s = {0};
    uint64_t begin;
    int fd;

    setup(&f);
    fd = connect_side(&f, &s, NULL);
    send_zeros(&s, 100);
    transport_expect(s.t, 300 * NS_PER_MS);
    turn(&f);
    send_zeros(&s, 32 * MIB);
    for (begin = clock_monotonic(); clock_monotonic() - begin < 1500 * NS_PER_MS;)
        loop_run_once(f.loop, 20 * NS_PER_MS);
    assert_int_equal(s.closed, 0);
    close(fd);
    run_until_closed(&f, &s);
    teardown(&f);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_and_frame_timeout),
        cmocka_unit_test(test_trickle),
        cmocka_unit_test(test_send_timeout),
        cmocka_unit_test(test_send_timeout_spares_slow_readers),
        cmocka_unit_test(test_expectation),
        cmocka_unit_test(test_expectation_is_met),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_fairness),
        cmocka_unit_test(test_flush_and_close),
        cmocka_unit_test(test_close_does_not_wait_for_ever),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_peer_resets),
        cmocka_unit_test(test_socket_pair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
