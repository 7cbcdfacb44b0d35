// SPDX-License-Identifier: Apache-2.0
/*
 * Stream connections that carry length-prefixed frames. Knows no SMB: the user says with `framer`
 * how long the frame is that begins with four given bytes.
 *
 * Receiving: the head first, then exactly the rest of the frame straight into the buffer that the
 * user gets. A small read-ahead saves system calls for tiny frames; of a large frame at most its
 * first TRANSPORT_AHEAD bytes pass through it.
 * Sending: chains of slices (base/buf.h) are queued and written with as few system calls as
 * possible; no copy.
 *
 *   transport_new --> open --+--> flushing (transport_close FLUSH) --> draining --+--> closed
 *                            +--> aborting (ABORT, error, end, timeout) ----------+
 *
 * Ownership: a transport frees itself right after on_closed, which is called exactly once for each
 * transport, never inside a call of the user. Until then every function may be called (after
 * transport_close they do nothing).
 * Threads: everything on the thread of the transport's loop.
 */
#ifndef NET_TRANSPORT_H
#define NET_TRANSPORT_H

#include "base/buf.h"
#include "net/addr.h"
#include "net/bufpool.h"
#include "net/loop.h"

#define TRANSPORT_HEAD          4    /* bytes that the framer sees */
#define TRANSPORT_AHEAD         2048 /* read-ahead of a connection that sends tiny frames */
#define TRANSPORT_PLACEMENT_MAX 4096 /* placement must answer less */

struct transport;

enum transport_reason {
    TRANSPORT_CLOSED,        /* the user's transport_close */
    TRANSPORT_PEER_CLOSED,   /* end of the stream between two frames */
    TRANSPORT_PEER_CUT,      /* end of the stream inside a frame */
    TRANSPORT_ERROR,         /* the network says so (reset, timed out) */
    TRANSPORT_BAD_FRAME,     /* the framer refused, or longer than max_frame */
    TRANSPORT_FIRST_TIMEOUT, /* no complete first frame in time */
    TRANSPORT_FRAME_TIMEOUT, /* a frame was begun and not finished in time */
    TRANSPORT_SEND_TIMEOUT,  /* the peer takes nothing of what we send */
    TRANSPORT_UNHEARD,       /* the peer's machine does not acknowledge it: transport_expect */
    TRANSPORT_NO_MEMORY,
};

const char *transport_reason_name(enum transport_reason reason);

struct transport_ops {
    /* How many bytes is the frame that begins with these, the head included? False: this is not the
       protocol, close. Must be a pure function of the head: called once per frame. */
    bool (*framer)(struct transport *t, const uint8_t head[TRANSPORT_HEAD], size_t *total);
    /* Optional. Where in its buffer (aligned to 64) the frame shall begin, so that a payload
       inside is aligned. `seen`: the bytes that have arrived, at least the head, maybe all. */
    size_t (*placement)(struct transport *t, const uint8_t *seen, size_t seen_len, size_t total);
    /* A complete frame (head included): frame->data[off .. off + len). The callee owns the
       reference and is the only holder. */
    void (*on_frame)(struct transport *t, struct buf *frame, size_t off, size_t len);
    /* Optional. The queue fell to low_water or below after it had been above. */
    void (*on_writable)(struct transport *t);
    /* The transport is gone when this returns. */
    void (*on_closed)(struct transport *t, enum transport_reason reason);
};

/* Times are in ns, 0 means no limit. */
struct transport_options {
    size_t max_frame;       /* longest frame, head included; transport_set_max_frame */
    size_t low_water;       /* bytes in the send queue */
    size_t turn_bytes;      /* most bytes read or written before the others get their turn */
    unsigned turn_frames;   /* most frames delivered before the others get their turn */
    uint64_t first_timeout; /* from the start to the first complete frame */
    /* From the first byte of a frame to its last, plus one second for each 64 KiB of its length
       (so that a slow line can carry large frames but nobody can hold memory for ever). Does not
       run while reading is paused. */
    uint64_t frame_timeout;
    uint64_t send_timeout;   /* something is queued and the peer has taken nothing of it */
    uint64_t close_timeout;  /* most time for flushing and for the peer to close; 0: 5 s */
    bool keepalive;          /* TCP keep-alive probes: notices peers that vanished */
    struct bufpool *bufpool; /* may be NULL; must outlive the transport */
};

/* Sensible values for a server; max_frame is 64 KiB until the user raises it. */
void transport_options_default(struct transport_options *o);

/* Takes over a connected stream socket and its place in the limits (see listener.h; `admitted` may
   be NULL). `ops` must live as long as the transport; `o` is copied. TCP_NODELAY is set. NULL when
   memory or descriptors are out: the socket is closed then. */
struct accepted;
NODISCARD struct transport *transport_new(struct loop *l, struct accepted *a,
                                          const struct transport_ops *ops, void *user,
                                          const struct transport_options *o);
/* The same for a descriptor from elsewhere (socket pair, outgoing connection). */
NODISCARD struct transport *transport_new_fd(struct loop *l, int fd,
                                             const struct transport_ops *ops, void *user,
                                             const struct transport_options *o);

void *transport_user(const struct transport *t);
struct loop *transport_loop(const struct transport *t);
const struct net_addr *transport_peer(const struct transport *t);
const struct net_addr *transport_local(const struct transport *t);

/* Takes over the chain's slices; the chain is empty afterwards. Bytes go out in the order of the
   calls. Cannot fail visibly: when memory is out the connection is closed. */
void transport_send(struct transport *t, struct chain *message);
/* The peer's machine must acknowledge something within this time, in ns, and again, until it has
   what was sent before the latest call; or the connection is reset. For what others wait for: TCP
   itself gives up after a quarter of an hour. */
void transport_expect(struct transport *t, uint64_t patience);
/* Bytes that transport_send took and the system has not. The user bounds it: it stops making
   replies (transport_pause) above its own high-water mark and goes on in on_writable. */
size_t transport_queued_bytes(const struct transport *t);

/* No frame is delivered between pause and resume. Not counted: one resume undoes all pauses. */
void transport_pause(struct transport *t);
void transport_resume(struct transport *t);
bool transport_paused(const struct transport *t);

/* Holds for frames whose head has not been seen yet. */
void transport_set_max_frame(struct transport *t, size_t max_frame);

enum transport_how {
    TRANSPORT_FLUSH, /* send what is queued first */
    TRANSPORT_ABORT, /* at once; queued bytes are dropped */
};
/* No frame is delivered afterwards. on_closed follows. */
void transport_close(struct transport *t, enum transport_how how);

/* Totals since the start, for statistics. */
uint64_t transport_bytes_in(const struct transport *t);
uint64_t transport_bytes_out(const struct transport *t);

#endif
