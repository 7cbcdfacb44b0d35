// SPDX-License-Identifier: Apache-2.0
/*
 * The words in which the exploration speaks to the lease engine (rig.h) and to the reference model
 * (ref.h): what somebody does, what comes of it, and what can be seen afterwards. Both sides fill
 * the same structs, which are compared as bytes: zero them first.
 */
#ifndef TESTS_LEASE_STEP_H
#define TESTS_LEASE_STEP_H

#include <smbkit/status.h>
#include <stdbool.h>
#include <stdint.h>

#define CLIENTS 3
#define FILES   2
#define SLOTS   2 /* opens of one client at a time */
#define KEYS    2 /* lease keys of one client */
#define RANGES  3

/* Where a grant stands: the oplock of a slot, or the lease of a key. */
#define GRANTS                  (CLIENTS * SLOTS + CLIENTS * KEYS)
#define OPLOCK_AT(client, slot) ((client)*SLOTS + (slot))
#define LEASE_AT(client, key)   (CLIENTS * SLOTS + (client)*KEYS + (key))

enum step_kind {
    STEP_OPEN,   /* arg: of open_kinds; what & 1: the slot */
    STEP_CLOSE,  /* slot */
    STEP_CHANGE, /* arg: a lease_op, or UNDELETE; waits for breaks */
    STEP_LOCK,   /* arg: of lock_kinds */
    STEP_UNLOCK, /* arg: of ranges */
    STEP_CANCEL, /* what this client waits for */
    STEP_ACK,    /* slot: the grant; arg: enum ack */
    STEP_TICK,   /* half of the time for an acknowledgment */
    STEP_NOISE,  /* the plugin says that the file has changed */
};

#define UNDELETE 100

enum ack {
    ACK_TOLD,     /* exactly what was told */
    ACK_NOTHING,  /* gives up all */
    ACK_TOO_MUCH, /* wants to keep what it must not */
};

struct step {
    uint8_t kind, client, slot, file, arg;
};

/* What an open asks for. */
struct open_kind {
    const char *name;
    uint32_t access, share;
    bool overwrites, delete_on_close;
    uint8_t level; /* an oplock, when `lease` is 0 */
    uint8_t lease; /* a lease state */
    uint8_t key;
};
extern const struct open_kind open_kinds[];

struct range_kind {
    uint64_t offset, length;
};
extern const struct range_kind ranges[RANGES];

struct lock_kind {
    uint8_t range;
    bool exclusive, waits;
};
extern const struct lock_kind lock_kinds[];

/* A request that had waited has ended. */
struct ended {
    uint32_t client_plus_1;
    smbkit_status status;
};

struct notification {
    uint8_t from, to;
    bool ack;
    uint8_t times;
};

/* What comes of a step. */
struct answer {
    smbkit_status status;
    uint8_t level; /* of an acknowledged oplock */
    bool deleted[FILES];
    struct notification told[GRANTS];
    struct ended ended[FILES][CLIENTS * 2]; /* in order */
    uint8_t ended_count[FILES];
};

/* What can be seen of an open, a grant, and of all. */
struct view_open {
    bool attached, delete_pending;
    uint8_t grant_plus_1, lock_count;
    bool may_read[RANGES], may_write[RANGES];
};

struct view_grant {
    bool exists, breaking;
    uint8_t state, told;
    uint16_t epoch;
};

struct view {
    struct view_open opens[CLIENTS][SLOTS];
    struct view_grant grants[GRANTS];
    bool waits[CLIENTS];
    uint8_t deadline; /* halves until the next; 0: none */
};

#endif
