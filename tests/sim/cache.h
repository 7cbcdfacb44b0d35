// SPDX-License-Identifier: Apache-2.0
/*
 * What the clients may cache of the files of the model, as they have been told: oplocks and leases.
 *
 *   none --granted with a CREATE--> held --told, without acknowledgment--> less
 *                                    |
 *                                    v told, to be acknowledged
 *                                 breaking --acknowledged, rightly, wrongly or late--> less, none
 *
 * Two promises are judged. Whoever relies on a cache is told before it is wrong: when an operation
 * that conflicts with it has been answered, then the notification was sent before that answer; and
 * when there was something to write back or to close, the answer came only after the
 * acknowledgment, or after the time for it had run out. And nobody is granted what conflicts with
 * what others rely on.
 *
 * Not judged: files that are fuzzy, caches that were there when they became so ("doubtful"), and
 * worlds where memory runs out (a notification that cannot be made counts as acknowledged).
 */
#ifndef SIM_CACHE_H
#define SIM_CACHE_H

#include "sim/model.h"

struct actor;
struct logon;
struct op;
struct world;

struct model_cache {
    struct list link; /* model_file.caches */
    struct model_file *file;
    struct actor *owner;
    unsigned uses; /* one for each handle and each acknowledgment in flight */
    bool is_lease;
    struct guid key;        /* of a lease */
    struct wire_file_id id; /* of the handle of an oplock */
    uint32_t state;         /* SMB2_LEASE_*_CACHING; oplocks in the same bits */
    bool breaking;          /* an acknowledgment is wanted */
    bool answering;         /* one is on its way */
    bool acknowledged;      /* and is one that counts */
    uint32_t to;            /* what was told */
    uint64_t told_at;       /* the server's time */
    bool doubtful;
    /* Bits that an operation of somebody else has taken, answered at `lost_at`: the notification
       must be among what had been sent to the owner then, the first `mark` messages. */
    uint32_t lost;
    uint64_t lost_at, mark;
    bool marked;
};

/* What a CREATE asks for. */
struct cache_wish {
    uint8_t level;
    bool joins; /* the lease of another handle */
    uint8_t version;
    struct guid key;
    uint32_t state;
};

/* For leases, which break what; the values index a table. */
enum cache_event {
    CACHE_OPEN,
    CACHE_OVERWRITE,
    CACHE_WRITE, /* or a lock, or a new size */
    CACHE_RENAME,
    CACHE_DELETE,
    CACHE_EVENTS,
};

/* Draws what the CREATE wants. */
struct cache_wish cache_draw(struct logon *l, struct model_file *f);
/* The handle has been made, with what the response says it may cache; false is a violation. */
bool cache_granted(struct op *op, struct model_handle *h, const struct wire_create_rsp *rsp);
/* An operation through this handle has succeeded. */
void cache_event(struct op *op, const struct model_handle *by, enum cache_event event);
void cache_put(struct model_cache *c);
/* A CREATE has succeeded. */
void cache_opened(struct op *op, const struct model_handle *h, uint32_t action);
/* A notification for this client has arrived. */
void cache_told(struct actor *a, const struct wire_break_notification *n);
/* Acknowledges something that breaks. False: there is nothing. */
bool cache_acknowledge(struct logon *l);
/* Judges whether what was to be told has been told; after every event. */
void cache_check(struct actor *a);

#endif
