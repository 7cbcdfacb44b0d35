// SPDX-License-Identifier: Apache-2.0
/*
 * smbkit-bench: drives any SMB server and says what it did, in operations, in time, and in the
 * server's CPU seconds.
 *
 *   options.c  the command line          figures.c  histogram, CPU time of the server
 *   peer.c     one connection            data.c     the workloads that read and write
 *   records.c  acknowledged records      main.c     the run and its table
 *
 * Ownership: an operation belongs to its workload and must live until `done`. Threads: one.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "client/smbclient.h"
#include "net/bufpool.h"
#include "net/loop.h"
#include "net/transport.h"
#include <sys/types.h>

#define BENCH_PIDS 16

struct bench_config {
    struct net_addr address;
    const char *user, *password, *share;
    uint16_t dialect; /* the highest that is offered, and the lowest */
    bool sign, seal;
    uint16_t signing[3];
    size_t signing_count;
    uint16_t cipher; /* 0: none is offered */
    unsigned connections, depth;
    uint32_t block; /* 0: what the workload says */
    uint64_t size;  /* of each connection's file */
    double seconds;
    pid_t pids[BENCH_PIDS];
    size_t pid_count;
    bool json;
    const char *name; /* of the files and before their number */
    const char *log;  /* records: what was acknowledged */
    bool persistent;  /* records: asks for a persistent handle */
    double patience;  /* records: seconds without a server that are borne */
    const char *workloads[32];
    size_t workload_count;
};

/* False: a message is on stderr. */
bool bench_options(struct bench_config *cfg, int argc, char **argv);

/* ---- figures ---- */

/* Log-linear: below 1% wide, from 1 ns to some minutes. */
#define BENCH_HIST_SUB   128u
#define BENCH_HIST_SLOTS (34u * BENCH_HIST_SUB)

struct bench_hist {
    uint64_t count, highest;
    double sum;
    uint64_t slots[BENCH_HIST_SLOTS];
};

void bench_hist_add(struct bench_hist *h, uint64_t ns);
uint64_t bench_hist_quantile(const struct bench_hist *h, double q);

/* Seconds of CPU of the processes and all their descendants, those that have ended included as far
   as their parents have waited for them; 0 without processes. */
double bench_cpu(const struct bench_config *cfg);
uint64_t bench_rss(const struct bench_config *cfg);

/* ---- a connection ---- */

struct bench_peer;

struct bench_op {
    struct bench_peer *peer;
    /* `rp` NULL: the connection went before the answer came. Interim responses are not told. */
    void (*done)(struct bench_op *op, const struct smbclient_reply *rp);
    uint64_t began;
};

struct bench_peer {
    const struct bench_config *cfg;
    struct loop *loop;
    struct bufpool *pool;
    struct transport *transport; /* NULL: not connected */
    struct smbclient smb;
    struct auth_client_config who;
    struct smbclient_session *session;
    struct guid guid;     /* of the client: set before, kept for reconnects */
    uint64_t previous_id; /* of the session that the new one replaces */
    uint32_t tree_id;
    bool tree_encrypts;
    bool started;            /* `smb` has been made */
    bool alive;              /* a transport refers to this */
    size_t wanted;           /* credits */
    void (*more)(void *ctx); /* credits have come */
    void (*told)(void *ctx, const struct wire_break_notification *n);
    void *ctx;
    char error[240];
};

/* Connects, logs on, connects to the share. False: see `error`; the peer is closed. */
bool bench_peer_open(struct bench_peer *p);
/* Operations that are outstanding are told. */
void bench_peer_close(struct bench_peer *p);
/* False: no credits or the connection has gone; nothing is outstanding. */
bool bench_send(struct bench_peer *p, struct bench_op *op, uint16_t command,
                const union wire_any *body);
/* Waits for the answer; `take` (may be NULL) sees a successful one. The status, or
   SMBKIT_STATUS_CONNECTION_DISCONNECTED. */
typedef void bench_take(void *ctx, const struct smbclient_reply *rp);
smbkit_status bench_call(struct bench_peer *p, uint16_t command, const union wire_any *body,
                         bench_take *take, void *ctx);

/* UTF-16 of a name, valid until the next call. */
struct wire_blob bench_name(const char *name);
/* The body of a CREATE for a file with data. */
union wire_any bench_create_body(const char *name, uint32_t disposition);
smbkit_status bench_create(struct bench_peer *p, const union wire_any *body,
                           struct wire_file_id *id);
smbkit_status bench_close(struct bench_peer *p, struct wire_file_id id);

/* ---- workloads ---- */

struct bench_result {
    uint64_t ops, bytes, failed, checked;
    uint64_t ns;
    double cpu;
    uint64_t rss;
    struct bench_hist latency;
    char error[240];
};

struct bench_workload {
    const char *name;
    uint32_t block; /* when none is given */
    bool write, random;
    /* False: see the result's error. */
    bool (*run)(const struct bench_workload *w, const struct bench_config *cfg, struct loop *l,
                struct bench_result *r);
};

bool bench_data(const struct bench_workload *w, const struct bench_config *cfg, struct loop *l,
                struct bench_result *r);

/* The program's status. */
int bench_records(const struct bench_config *cfg, struct loop *l);

#endif
