// SPDX-License-Identifier: Apache-2.0
/*
 * The inside of a transport, shared by transport.c (life), transport_rx.c and transport_tx.c.
 */
#ifndef NET_TRANSPORT_INT_H
#define NET_TRANSPORT_INT_H

#include "net/transport.h"

#define TRANSPORT_MAGIC 0x54524e53u

/* How much is read ahead on a connection that sends large frames: enough to see the headers in
   front of a payload (placement), little enough that the payload itself is not copied. */
#define TRANSPORT_PEEK 128

/* Slices in one system call. */
#define TRANSPORT_IOV 64

enum transport_state {
    TRANSPORT_OPEN,
    TRANSPORT_FLUSHING, /* closed by the user, the queue is being sent */
    TRANSPORT_DRAINING, /* our half is shut down; waiting for the peer's end */
    TRANSPORT_ABORTING, /* operations are being cancelled; transport_later finishes */
};

struct transport_rx {
    struct loop_op op;
    struct iovec iov[2];
    struct timer frame_timer;
    uint64_t frame_since; /* when the unfinished frame began; 0: none */
    size_t max_frame;
    bool paused;
    bool large; /* the last frame was: read little ahead */
    uint64_t bytes;

    /* The frame whose head is known: bytes [0, have) of total are at buf->data + off. */
    struct buf *buf;
    size_t off, total, have;

    /* Bytes behind it, the next to be parsed at ahead_pos. */
    size_t ahead_pos, ahead_end;
    uint8_t ahead[TRANSPORT_AHEAD];
};

struct transport_tx {
    struct loop_op op;
    struct iovec iov[TRANSPORT_IOV];
    struct timer timer;
    struct list queue; /* struct transport_message */
    size_t queued;
    bool above; /* the low-water mark */
    uint64_t bytes;

    /* transport_expect: */
    struct timer expect_timer;
    uint64_t patience;
    uint64_t expected; /* so many bytes shall be acknowledged */
    uint64_t acknowledged;
};

struct transport {
    uint32_t magic;
    enum transport_state state;
    enum transport_reason reason;
    bool got_frame; /* the first complete one */
    bool later_posted;
    int fd;
    struct loop *loop;
    struct loop_fd lf;
    struct loop_task later; /* goes on with parsing, or frees */
    const struct transport_ops *ops;
    void *user;
    struct transport_options opt;
    struct admission *admission;
    struct net_addr peer, local;
    struct timer first_timer, close_timer;
    struct transport_rx rx;
    struct transport_tx tx;
};

/* transport.c */
void transport_fail(struct transport *t, enum transport_reason reason);
/* Calls transport_later soon, outside of the present callback. */
void transport_schedule(struct transport *t);
/* Everything that was queued is out. */
void transport_flushed(struct transport *t);

/* transport_rx.c */
void transport_rx_init(struct transport *t);
void transport_rx_clear(struct transport *t);
/* Delivers what is complete, then reads. */
void transport_rx_run(struct transport *t);
/* Reads and throws away, while closing. */
void transport_rx_discard(struct transport *t);
void transport_rx_stop_timer(struct transport *t);

/* transport_tx.c */
void transport_tx_init(struct transport *t);
void transport_tx_clear(struct transport *t);

#endif
