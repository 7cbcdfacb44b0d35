// SPDX-License-Identifier: Apache-2.0
/*
 * A small world around one core: transports that are queues, a clock that is a number, a plugin
 * that answers when the dice say so, and an allocator that fails. Everything that happens is drawn
 * from one seeded generator, so that a seed reproduces a run.
 *
 * Nothing happens by itself: the owner calls one of the world_* events after the other. Between
 * two events the core is not on the stack.
 *
 * Memory: while the core or the plugin runs, allocations fail at the configured rate; the world's
 * own and the clients' never do. testmem must be installed.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "auth/users.h"
#include "base/testrand.h"
#include "core/core.h"
#include "sim/stats.h"

struct world;

struct world_config {
    uint64_t seed;
    struct core_config core;        /* auth, random, log and guid are filled in */
    unsigned fail_per_mille;        /* of the core's and the plugin's allocations */
    unsigned late_per_mille;        /* of plugin calls that are answered later */
    enum smbkit_thread_model model; /* as which the plugin is run */
    uint32_t capabilities;          /* SMBKIT_CAP_* that it has beside its own */
    uint32_t lacks;                 /* ... and that it has not */
    /* The plugin's answer to who begins to watch; NULL: success. */
    void (*watch)(struct smbkit_op *op, void *vol, void *file, bool tree);
    bool access_based;                 /* "data" lists only what may be read */
    bool encrypted_share;              /* "secure" wants encryption */
    bool allow_guest, allow_anonymous; /* and "open" lets them in */
};

/* One transport. Frames wait in both directions until an event delivers them. */
struct world_conn {
    struct list link;
    struct world *world;
    struct core_conn *core; /* NULL once lost */
    struct list to_server, to_client;
    size_t queued_to_server, queued_to_client;
    uint64_t sent_to_client, delivered_to_client; /* messages so far */
    uint64_t delivering_at;                       /* when the core sent what is being received */
    bool closing;                                 /* the core wants it closed */
    bool paused;
    size_t max_frame;
    /* the client's end */
    void (*receive)(void *ctx, uint8_t *data, size_t len);
    void *ctx;
};

struct world {
    struct world_config config;
    struct testrand rng;
    struct core *core;
    uint64_t now, filetime;
    struct auth_users *users;
    struct auth_config auth;
    struct vfs_host vfs_host;
    struct smbkit_plugin plugin;
    struct smbkit_vfs vfs; /* its callbacks */
    struct vfs_volume *volume;
    struct list conns;
    struct list posted, jobs; /* vfs_op.link */
    struct list held;         /* plugin calls that are made later */
    size_t posted_count, job_count, held_count;
    void (*job_fn)(struct vfs_op *op);
    size_t fail_nth; /* the nth allocation of core and plugin from now on fails; 0: none */
    unsigned quiet;  /* not 0: allocations do not fail */
    struct log log;
    unsigned warnings; /* and errors, in the core's log */
    char last_warning[256];
    bool trace; /* print what happens */
    struct sim_stats *stats;
    char violation[256];
};

#define WORLD_NOW      (1000 * NS_PER_S)
#define WORLD_FILETIME 133485408000000000ull

/* Users: alice, bob (passwords "alice-pw", "bob-pw"), carol (disabled). Shares: "data", the same
   volume as "secure" when the configuration says so, and "open". False: it could not be set up. */
NODISCARD bool world_init(struct world *w, const struct world_config *config,
                          struct sim_stats *stats);
/* Drops every connection, lets all that is under way come to its end, and checks that nothing is
   left: the core idle, no timer, no memory. False: see w->violation. */
bool world_end(struct world *w);
bool world_broken(struct world *w, const char *format, ...) PRINTF_LIKE(2, 3);
void world_trace(const struct world *w, const char *format, ...) PRINTF_LIKE(2, 3);

static inline uint64_t world_below(struct world *w, uint64_t n)
{
    return testrand_below(&w->rng, n);
}
static inline bool world_chance(struct world *w, unsigned per_mille)
{
    return world_below(w, 1000) < per_mille;
}

/* NULL: the core had no memory. */
struct world_conn *world_connect(struct world *w, unsigned address);
/* The client sends; the bytes are copied. */
void world_send(struct world_conn *conn, const void *data, size_t len);

/* --- events; each returns false when there was nothing to do --- */

bool world_deliver_to_server(struct world_conn *conn);
bool world_deliver_to_client(struct world_conn *conn);
/* Some operation of the plugin goes on: a late call is made, a job runs, or a result is posted
   back. */
bool world_plugin_event(struct world *w);
void world_advance(struct world *w, uint64_t ns);
/* The transport is gone; frees the connection. */
void world_drop(struct world_conn *conn);

size_t world_plugin_pending(const struct world *w);

#endif
