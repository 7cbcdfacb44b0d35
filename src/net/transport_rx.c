// SPDX-License-Identifier: Apache-2.0
/*
 * Receiving. Two places for bytes: the buffer of the frame whose head is known, and the read-ahead
 * behind it. One read fills both: the rest of the frame, then the head of the next.
 *
 * Invariants:
 * - A read is submitted only when no complete frame is at hand. So while paused, or while other
 *   connections have their turn, at most one frame and one read-ahead wait here.
 * - ahead is used for reading only from its start: what is left in it then is less than a head.
 */
#include "base/mem.h"
#include "net/transport_int.h"
#include <errno.h>
#include <string.h>

/* The slowest line that we serve, in bytes per second, for frames above a few KiB. */
#define SLOWEST_LINE (64 * 1024)

static size_t ahead_left(const struct transport_rx *rx)
{
    return rx->ahead_end - rx->ahead_pos;
}

/* ---- timer ---- */

void transport_rx_stop_timer(struct transport *t)
{
    t->rx.frame_since = 0;
    loop_timer_cancel(t->loop, &t->rx.frame_timer);
}

static void update_timer(struct transport *t)
{
    struct transport_rx *rx = &t->rx;
    uint64_t allowed = t->opt.frame_timeout;

    if (allowed == 0)
        return;
    if (rx->paused || (rx->buf == NULL && ahead_left(rx) == 0)) {
        transport_rx_stop_timer(t);
        return;
    }
    if (rx->frame_since == 0)
        rx->frame_since = loop_now(t->loop);
    if (rx->buf != NULL)
        allowed += rx->total / SLOWEST_LINE * NS_PER_S;
    loop_timer_set(t->loop, &rx->frame_timer, rx->frame_since + allowed);
}

static void frame_timeout(struct timer *timer)
{
    transport_fail(CONTAINER_OF(timer, struct transport, rx.frame_timer), TRANSPORT_FRAME_TIMEOUT);
}

/* ---- reading ---- */

static void add_iov(struct loop_op *op, void *base, size_t len)
{
    op->iov[op->iov_n++] = (struct iovec){.iov_base = base, .iov_len = len};
}

static void start_read(struct transport *t)
{
    struct transport_rx *rx = &t->rx;
    size_t budget = t->opt.turn_bytes, rest = rx->buf != NULL ? rx->total - rx->have : 0;
    size_t limit = rx->large || rest > TRANSPORT_AHEAD ? TRANSPORT_PEEK : TRANSPORT_AHEAD;
    size_t left = ahead_left(rx);

    if (loop_op_busy(&rx->op))
        return;
    memmove(rx->ahead, rx->ahead + rx->ahead_pos, left);
    rx->ahead_pos = 0;
    rx->ahead_end = left;
    rx->op.iov_n = 0;
    if (rest > 0)
        add_iov(&rx->op, rx->buf->data + rx->off + rx->have, MIN(rest, budget));
    if (rest < budget)
        add_iov(&rx->op, rx->ahead + left, limit - left);
    loop_recv(&t->lf, &rx->op, rx->iov, rx->op.iov_n);
}

/* Where the n bytes went that a read brought. */
static void account(struct transport_rx *rx, size_t n)
{
    size_t body = rx->buf != NULL ? MIN(n, rx->total - rx->have) : 0;

    rx->bytes += n;
    rx->have += body;
    rx->ahead_end += n - body;
}

static void end_of_stream(struct transport *t)
{
    bool inside = t->rx.buf != NULL || ahead_left(&t->rx) > 0;

    transport_fail(t, inside ? TRANSPORT_PEER_CUT : TRANSPORT_PEER_CLOSED);
}

static void closing_read_done(struct transport *t, ssize_t n)
{
    if (t->state == TRANSPORT_ABORTING)
        transport_schedule(t);
    else if (n > 0)
        transport_rx_discard(t);
    else if (n < 0 || t->state == TRANSPORT_DRAINING)
        transport_fail(t, TRANSPORT_CLOSED);
    /* else the peer ended its half while we still send: transport_flushed reads that end again */
}

static void read_done(struct loop_op *op, ssize_t n)
{
    struct transport *t = CONTAINER_OF(op, struct transport, rx.op);

    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    if (t->state != TRANSPORT_OPEN) {
        closing_read_done(t, n);
        return;
    }
    if (n < 0) {
        transport_fail(t, TRANSPORT_ERROR);
        return;
    }
    if (n == 0) {
        end_of_stream(t);
        return;
    }
    account(&t->rx, (size_t)n);
    transport_rx_run(t);
}

void transport_rx_discard(struct transport *t)
{
    struct transport_rx *rx = &t->rx;

    /* One that is under way still uses the frame's buffer. */
    if (loop_op_busy(&rx->op))
        return;
    transport_rx_clear(t);
    rx->iov[0] = (struct iovec){.iov_base = rx->ahead, .iov_len = sizeof(rx->ahead)};
    loop_recv(&t->lf, &rx->op, rx->iov, 1);
}

/* ---- frames ---- */

static size_t choose_offset(struct transport *t, const uint8_t *seen, size_t seen_len, size_t total)
{
    size_t off;

    if (t->ops->placement == NULL)
        return 0;
    off = t->ops->placement(t, seen, seen_len, total);
    ASSERT(off < TRANSPORT_PLACEMENT_MAX);
    return off;
}

/* The head of the next frame is in the read-ahead: gets a buffer for it. False: failed. */
static bool begin_frame(struct transport *t)
{
    struct transport_rx *rx = &t->rx;
    const uint8_t *seen = rx->ahead + rx->ahead_pos;
    size_t total = 0, have;

    if (!t->ops->framer(t, seen, &total) || total < TRANSPORT_HEAD || total > rx->max_frame) {
        transport_fail(t, TRANSPORT_BAD_FRAME);
        return false;
    }
    have = MIN(total, ahead_left(rx));
    rx->off = choose_offset(t, seen, have, total);
    rx->buf = bufpool_get(t->opt.bufpool, rx->off + total);
    if (rx->buf == NULL) {
        transport_fail(t, TRANSPORT_NO_MEMORY);
        return false;
    }
    rx->total = total;
    rx->have = have;
    rx->large = total > TRANSPORT_AHEAD;
    memcpy(rx->buf->data + rx->off, seen, have);
    rx->ahead_pos += have;
    return true;
}

static void deliver(struct transport *t)
{
    struct transport_rx *rx = &t->rx;
    struct buf *buf = rx->buf;

    rx->buf = NULL;
    rx->frame_since = 0;
    if (!t->got_frame) {
        t->got_frame = true;
        loop_timer_cancel(t->loop, &t->first_timer);
    }
    t->ops->on_frame(t, buf, rx->off, rx->total);
}

void transport_rx_run(struct transport *t)
{
    struct transport_rx *rx = &t->rx;
    unsigned frames = 0;

    if (loop_op_busy(&rx->op))
        return;
    while (t->state == TRANSPORT_OPEN && !rx->paused) {
        if (frames == t->opt.turn_frames) {
            transport_rx_stop_timer(t);
            transport_schedule(t);
            return;
        }
        if (rx->buf != NULL && rx->have == rx->total) {
            deliver(t);
            frames++;
        } else if (rx->buf != NULL || ahead_left(rx) < TRANSPORT_HEAD) {
            start_read(t);
            break;
        } else if (!begin_frame(t)) {
            return;
        }
    }
    if (t->state == TRANSPORT_OPEN)
        update_timer(t);
}

/* ---- the user's side ---- */

void transport_pause(struct transport *t)
{
    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    ASSERT_ON_LOOP(t->loop);
    t->rx.paused = true;
    transport_rx_stop_timer(t);
}

void transport_resume(struct transport *t)
{
    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    ASSERT_ON_LOOP(t->loop);
    if (!t->rx.paused)
        return;
    t->rx.paused = false;
    if (t->state == TRANSPORT_OPEN)
        transport_schedule(t);
}

bool transport_paused(const struct transport *t)
{
    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    return t->rx.paused;
}

void transport_set_max_frame(struct transport *t, size_t max_frame)
{
    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    ASSERT_ON_LOOP(t->loop);
    t->rx.max_frame = max_frame;
}

/* ---- life ---- */

void transport_rx_init(struct transport *t)
{
    loop_op_init(&t->rx.op, read_done);
    timer_init(&t->rx.frame_timer, frame_timeout);
    t->rx.op.iov = t->rx.iov;
    t->rx.max_frame = t->opt.max_frame;
}

void transport_rx_clear(struct transport *t)
{
    transport_rx_stop_timer(t);
    buf_unref(t->rx.buf);
    t->rx.buf = NULL;
    t->rx.ahead_pos = t->rx.ahead_end = 0;
}
