// SPDX-License-Identifier: Apache-2.0
/*
 * Durable opens: each client has a file of its own, opens it durably, loses its connection, and
 * wants the open back ([MS-SMB2] 3.2.4.4, 3.3.5.9.7, 3.3.5.9.12), rightly and wrongly; other
 * clients now and then need the file for themselves.
 *
 *   NONE --CREATE--> HELD --the session ends--> LOST --CREATE with DHnC, DH2C--> HELD
 *    ^                '--CLOSE--> NONE            |
 *    '--------------------------------------------' refused
 *
 * While it is HELD the client may ask for it to be resilient (3.3.5.15.9): then nobody else gets
 * the file until its time is up, and it is given back whatever has been broken meanwhile.
 *
 * Judged: an open that must have been kept is given back, to its user, with the same id, its lock,
 * its data and what it was kept for; one whose time is over, whose oplock or lease has been broken
 * away (3.3.7.1), or that somebody else was preferred to, is not. What is held can be used, whoever
 * else wants the file. What is not known for certain (an answer was lost, memory ran out) may end
 * either way, and so may what is lost while somebody else is at it; the next open of the file, or
 * an answer that gives it back, makes a new beginning.
 */
#ifndef SIM_DURABLE_H
#define SIM_DURABLE_H

#include "wire/wire.h"
#include <smbkit/status.h>

struct actor;
struct logon;

enum durable_state {
    DURABLE_NONE,
    DURABLE_HELD,
    DURABLE_LOST,
};

struct durable {
    enum durable_state state;
    struct logon *logon; /* HELD: whose it is */
    const char *user;
    bool granted; /* it is durable, and not only open */
    bool v2;
    struct guid create_guid;
    struct wire_file_id id;
    uint8_t level;
    struct wire_lease lease;
    uint64_t timeout;     /* ns */
    bool resilient;       /* it certainly is */
    bool maybe_resilient; /* it was asked for, and the answer may have been lost */
    bool resilience_open; /* ... to the last of these questions: which time counts is not known */
    uint64_t lost_at;
    bool certain;        /* nothing has happened that could have ended it ... */
    bool disturbed;      /* ... but that somebody else wants the file */
    uint32_t intrusions; /* how many have */
    bool broken;    /* its oplock or lease has been: it is used as before, but cannot be kept */
    bool gone;      /* something has happened that must have ended it */
    bool wrong;     /* the request under way asks for what there is not */
    bool stranger;  /* or is another user's */
    bool tried;     /* an attempt to get it back has not been answered */
    bool unnoticed; /* such an attempt may have brought it back; later ones say nothing of that */
    bool locked, write_cached;
    uint64_t token; /* what the file holds; 0: not known */
    bool token_known;
};

/* Does something with the client's own file, or with another's. False: there is nothing to do. */
bool durable_act(struct logon *l);
/* The connection is going: what is held may be kept. */
void durable_dropped(struct actor *a);
/* The logon, or its tree, has ended otherwise. */
void durable_ended(struct logon *l);
void durable_told(struct actor *a, const struct wire_break_notification *n);

#endif
