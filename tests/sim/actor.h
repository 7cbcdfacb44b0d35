// SPDX-License-Identifier: Apache-2.0
/*
 * The clients of the simulation: each draws what to do next, sends it, and judges the answer.
 *
 *   sim --+-- world (core, transports, plugin)
 *         +-- model
 *         '-- actors --+-- smbclient (while connected)
 *                      +-- logons: a session with its tree connect, at most ACTOR_LOGONS
 *                      '-- ops: requests in flight
 *
 * A logon is *ending* from the moment when somebody sends what will end it (LOGOFF,
 * TREE_DISCONNECT, a SESSION_SETUP that replaces it) until that is answered; its requests in flight
 * are *doomed*: they may end in any way, and the files that they touch become fuzzy.
 */
#ifndef SIM_ACTOR_H
#define SIM_ACTOR_H

#include "client/smbclient.h"
#include "sim/cache.h"
#include "sim/durable.h"
#include "sim/model.h"
#include "sim/world.h"

#define ACTORS_MAX   4
#define ACTOR_LOGONS 2
#define WILD_HANDLES 6

struct sim;
struct actor;
struct op;

struct logon {
    struct actor *actor;
    struct smbclient_session *session; /* NULL: the place is free */
    const char *user;
    bool wrong_password, guest;
    smbkit_status expected; /* of the authentication under way */
    uint64_t previous_id;
    struct logon *victim; /* whom this authentication replaces */
    bool authenticated;   /* at least once */
    bool again;           /* authenticates again */
    bool ending, dead;
    bool connecting; /* a TREE_CONNECT is in flight */
    bool expired;    /* wants to authenticate again */
    uint32_t tree_id;
    bool tree_encrypts;
    struct wire_file_id wild[WILD_HANDLES];
    size_t wild_count;
};

struct actor {
    struct sim *sim;
    unsigned index;
    struct world_conn *conn; /* NULL: not connected */
    struct smbclient smb;
    uint64_t since; /* when it connected */
    bool may_close; /* it has done something that a server answers by closing */
    bool drop_soon; /* something went wrong that only a new connection clears up */
    bool negotiating;
    struct logon logons[ACTOR_LOGONS];
    struct list ops; /* op.link */
    struct durable durable;
    bool durable_haunted; /* maybe by a request for its file whose connection has gone */
    uint64_t old_session_id;
    const char *old_user;
};

struct sim {
    struct world world;
    struct model model;
    struct actor actors[ACTORS_MAX];
    size_t actor_count;
    bool folder_ready; /* "d" is there */
    uint64_t next_key; /* of leases */
    bool faults;       /* allocations fail: any request may be refused for lack of memory */
    char violation[320];
};

/* What a request is about; its judge is called for the final response. */
struct op {
    struct list link;
    struct actor *actor;
    struct logon *logon;               /* or NULL */
    struct smbclient_request *request; /* while outstanding */
    struct model_file *file, *other;   /* busy while it is in flight */
    struct model_handle *handle;
    struct op *head; /* the CREATE of its compound, in `kept` until the last is answered */
    smbkit_status head_status; /* in a head: how it ended */
    unsigned followers;        /* in a head: those that are still to be answered */
    bool answered;
    bool doomed, cancelled;
    bool durable;     /* about the own durable file */
    uint64_t sent_at; /* the time then, for those who want to know */
    uint16_t command;
    /* NULL: nothing but the form is judged */
    void (*judge)(struct op *op, const struct smbclient_reply *rp, smbkit_status status);
    smbkit_status expected; /* for judges that expect one status */
    /* arguments */
    struct model_create create;
    struct cache_wish wish;
    struct model_cache *cache; /* of an acknowledgment */
    struct wire_oplock_break ack;
    struct model_lock lock;
    uint64_t offset;
    uint32_t length;
    bool flag;
    uint64_t versions[MODEL_FILES]; /* of a listing */
    uint8_t data[];                 /* of a WRITE */
};

bool sim_broken(struct sim *s, const char *format, ...) PRINTF_LIKE(2, 3);

static inline struct world *actor_world(struct actor *a)
{
    return &a->sim->world;
}

/* --- actor.c --- */
void actor_init(struct actor *a, struct sim *s, unsigned index);
/* Draws and does one thing. */
void actor_act(struct actor *a);
/* The connection goes, for whatever reason. */
void actor_drop(struct actor *a);
void actor_free(struct actor *a);
/* The logon's requests may end in any way from now on. */
void logon_doom(struct logon *l);
/* The server closes what it had open. */
void logon_lost(struct logon *l);
bool logon_usable(const struct logon *l);

/* --- op.c: making, sending and ending requests --- */
/* NULL only when memory is out. */
struct op *op_new(struct actor *a, struct logon *l, uint16_t command, size_t data);
/* A name as the wire wants it, in the arena. */
struct wire_blob op_name(struct arena *a, const char *name);
void op_on_file(struct op *op, struct model_file *f);
struct smbclient_element op_element(struct op *op, const union wire_any *body);
/* Sends them as one message; when that cannot be done they are freed. */
bool op_send(struct actor *a, struct op **ops, struct smbclient_element *v, size_t n,
             unsigned flags);
void op_cancel(struct op *op);
/* Nothing will come any more. */
void op_lost(struct op *op);
/* The callback of smbclient. */
void op_replied(void *ctx, struct smbclient_request *rq, const struct smbclient_reply *rp);
/* A judge that wants op->expected. */
void op_judge_status(struct op *op, const struct smbclient_reply *rp, smbkit_status status);
bool op_violation(struct op *op, const char *text);

/* --- exact.c: operations on the files of the model --- */
void exact_act(struct logon *l);
/* --- wild.c: anything, on files that are not in the model --- */
void wild_act(struct logon *l);

#endif
