// SPDX-License-Identifier: Apache-2.0
/*
 * Listening sockets, and the limits on how many connections exist.
 *
 * Accepting and serving are two steps, so that a server with several loops can pass an accepted
 * socket to another loop (struct accepted is a task to post) and make the transport there.
 * Threads: a listener belongs to its loop; struct admission may be shared by all.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "base/log.h"
#include "net/addr.h"
#include "net/loop.h"

/* ---- limits ---- */

/* How many connections there may be in total, and from one address: stops one client from using up
   all descriptors. An IPv6 source counts by its /64, which is what one client is given. */
struct admission;

/* 0 means no limit (of the total: 1 million). NULL when memory is out. */
NODISCARD struct admission *admission_new(size_t max_total, size_t max_per_source);
/* The owner's reference goes; admitted connections keep theirs. NULL is allowed. */
void admission_free(struct admission *a);
size_t admission_count(struct admission *a);

/* ---- an accepted socket ---- */

struct accepted {
    struct loop_task task; /* for loop_post; the listener does not use it */
    void *user;            /* likewise */
    int fd;
    struct net_addr peer, local;
    struct admission *admission; /* NULL: not counted */
};

/* Closes the socket and gives back its place; transport_new is the other way out. */
void accepted_refuse(struct accepted *a);

/* ---- a listener ---- */

struct listener;

struct listener_options {
    struct net_addr addr;        /* port 0: the system chooses, see listener_address */
    int backlog;                 /* 0: 128 */
    bool reuse_port;             /* several listeners on one port (one per loop) */
    struct admission *admission; /* may be NULL: no limits */
    const struct log *log;       /* may be NULL */
};

/* on_accept owns *a. Returns 0 or an errno (EADDRINUSE, EACCES ...). An IPv6 listener takes IPv6
   only, so that 0.0.0.0 and :: can be bound side by side everywhere. */
NODISCARD int listener_open(struct loop *l, const struct listener_options *o,
                            void (*on_accept)(void *ctx, struct accepted *a), void *ctx,
                            struct listener **out);
/* The same on a socket that already listens (handed over by the service manager); owned from here
   on also when this fails. o->addr, backlog and reuse_port are not used. */
NODISCARD int listener_open_fd(struct loop *l, int fd, const struct listener_options *o,
                               void (*on_accept)(void *ctx, struct accepted *a), void *ctx,
                               struct listener **out);
/* Where it listens, with the real port. */
const struct net_addr *listener_address(const struct listener *ls);
/* No on_accept afterwards. NULL is allowed. */
void listener_close(struct listener *ls);

struct listener_stats {
    uint64_t accepted;
    uint64_t refused; /* limits */
    uint64_t starved; /* out of descriptors or memory */
};
void listener_stats(const struct listener *ls, struct listener_stats *s);

#endif
