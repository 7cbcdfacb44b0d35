// SPDX-License-Identifier: Apache-2.0
/*
 * Sending: a queue of messages, written from the front with one system call for many slices. What
 * to write is decided right before the call (op.prepare), so that all replies that one round made
 * leave together.
 */
#include "base/mem.h"
#include "net/transport_int.h"
#include <sys/ioctl.h>
#include <sys/socket.h>

struct transport_message {
    struct list node;
    struct chain chain;
    size_t first; /* slices before it are sent and dropped */
};

static void stop_timer(struct transport *t)
{
    loop_timer_cancel(t->loop, &t->tx.timer);
}

/* The peer has taken something, or is given the first bytes: it has the full time again. */
static void restart_timer(struct transport *t)
{
    if (t->tx.queued == 0 || t->opt.send_timeout == 0)
        stop_timer(t);
    else
        loop_timer_set(t->loop, &t->tx.timer, loop_now(t->loop) + t->opt.send_timeout);
}

static void send_timeout(struct timer *timer)
{
    transport_fail(CONTAINER_OF(timer, struct transport, tx.timer), TRANSPORT_SEND_TIMEOUT);
}

/* ---- what the peer's machine has acknowledged ---- */

/* Where the system does not say: everything that it took. */
static uint64_t acknowledged(const struct transport *t)
{
    int waits = 0;

    if (ioctl(t->fd, TIOCOUTQ, &waits) != 0 || waits < 0)
        waits = 0;
    return t->tx.bytes - MIN((uint64_t)waits, t->tx.bytes);
}

static void expect_timeout(struct timer *timer)
{
    struct transport *t = CONTAINER_OF(timer, struct transport, tx.expect_timer);
    /* not an end after all that is queued: that would not get there either */
    static const struct linger reset = {.l_onoff = 1};
    uint64_t now = acknowledged(t);

    if (now >= t->tx.expected)
        return;
    if (now > t->tx.acknowledged) {
        t->tx.acknowledged = now;
        loop_timer_set(t->loop, timer, loop_now(t->loop) + t->tx.patience);
        return;
    }
    (void)setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    transport_fail(t, TRANSPORT_UNHEARD);
}

void transport_expect(struct transport *t, uint64_t patience)
{
    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    ASSERT_ON_LOOP(t->loop);
    if (t->state != TRANSPORT_OPEN)
        return;
    t->tx.expected = t->tx.bytes + t->tx.queued;
    t->tx.patience = patience;
    if (timer_is_set(&t->tx.expect_timer))
        return;
    t->tx.acknowledged = acknowledged(t);
    loop_timer_set(t->loop, &t->tx.expect_timer, loop_now(t->loop) + patience);
}

static void message_free(struct transport_message *m)
{
    list_remove(&m->node);
    chain_clear(&m->chain);
    mem_free(m);
}

/* ---- writing ---- */

/* Adds slices of one message. False when the call is full. */
static bool gather(struct loop_op *op, const struct transport_message *m, size_t *budget)
{
    for (size_t i = m->first; i < m->chain.n; i++) {
        const struct slice *s = &m->chain.v[i];
        size_t n = MIN(s->len, *budget);

        if (op->iov_n == TRANSPORT_IOV || n == 0)
            return false;
        op->iov[op->iov_n++] = (struct iovec){.iov_base = (void *)(uintptr_t)s->data, .iov_len = n};
        *budget -= n;
    }
    return true;
}

static void prepare(struct loop_op *op)
{
    struct transport *t = CONTAINER_OF(op, struct transport, tx.op);
    size_t budget = t->opt.turn_bytes;

    op->iov_n = 0;
    LIST_FOREACH (node, &t->tx.queue) {
        if (!gather(op, LIST_ENTRY(node, struct transport_message, node), &budget))
            break;
    }
}

static void start_write(struct transport *t)
{
    if (t->tx.queued > 0 && !loop_op_busy(&t->tx.op))
        loop_send(&t->lf, &t->tx.op, t->tx.iov, 0);
}

/* Drops n bytes from the front of the message; returns how many more there were. */
static size_t consume(struct transport_message *m, size_t n)
{
    while (n > 0 && m->first < m->chain.n) {
        struct slice *s = &m->chain.v[m->first];

        if (n < s->len) {
            s->data += n;
            s->len -= n;
            return 0;
        }
        n -= s->len;
        /* Each as soon as it is out: a plugin's buffer does not wait for the whole message. */
        slice_clear(s);
        m->first++;
    }
    return n;
}

static void sent(struct transport *t, size_t n)
{
    t->tx.bytes += n;
    t->tx.queued -= n;
    while (!list_empty(&t->tx.queue)) {
        struct transport_message *m = LIST_ENTRY(t->tx.queue.next, struct transport_message, node);

        n = consume(m, n);
        if (m->first < m->chain.n)
            break;
        message_free(m);
    }
    ASSERT(n == 0);
}

static void write_done(struct loop_op *op, ssize_t n)
{
    struct transport *t = CONTAINER_OF(op, struct transport, tx.op);

    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    if (n > 0)
        sent(t, (size_t)n);
    if (t->state == TRANSPORT_ABORTING) {
        transport_schedule(t);
        return;
    }
    if (n < 0) {
        transport_fail(t, TRANSPORT_ERROR);
        return;
    }
    restart_timer(t);
    if (t->tx.queued == 0)
        transport_flushed(t);
    start_write(t);
    if (t->tx.above && t->tx.queued <= t->opt.low_water) {
        t->tx.above = false;
        if (t->state == TRANSPORT_OPEN && t->ops->on_writable != NULL)
            t->ops->on_writable(t);
    }
}

/* ---- the user's side ---- */

static struct transport_message *message_new(struct chain *chain)
{
    struct transport_message *m = mem_zalloc(sizeof(*m));

    if (m == NULL)
        return NULL;
    list_init(&m->node);
    chain_init(&m->chain);
    if (!chain_move(&m->chain, chain)) {
        mem_free(m);
        return NULL;
    }
    return m;
}

void transport_send(struct transport *t, struct chain *message)
{
    struct transport_message *m;
    bool idle = t->tx.queued == 0;

    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    ASSERT_ON_LOOP(t->loop);
    if (t->state != TRANSPORT_OPEN || message->bytes == 0) {
        chain_clear(message);
        return;
    }
    m = message_new(message);
    if (m == NULL) {
        chain_clear(message);
        transport_fail(t, TRANSPORT_NO_MEMORY);
        return;
    }
    list_append(&t->tx.queue, &m->node);
    t->tx.queued += m->chain.bytes;
    if (t->tx.queued > t->opt.low_water)
        t->tx.above = true;
    if (idle)
        restart_timer(t);
    start_write(t);
}

size_t transport_queued_bytes(const struct transport *t)
{
    MAGIC_CHECK(t, TRANSPORT_MAGIC);
    return t->tx.queued;
}

/* ---- life ---- */

void transport_tx_init(struct transport *t)
{
    loop_op_init(&t->tx.op, write_done);
    t->tx.op.prepare = prepare;
    timer_init(&t->tx.timer, send_timeout);
    timer_init(&t->tx.expect_timer, expect_timeout);
    list_init(&t->tx.queue);
}

void transport_tx_clear(struct transport *t)
{
    stop_timer(t);
    loop_timer_cancel(t->loop, &t->tx.expect_timer);
    while (!list_empty(&t->tx.queue))
        message_free(LIST_ENTRY(t->tx.queue.next, struct transport_message, node));
    t->tx.queued = 0;
}
