// SPDX-License-Identifier: Apache-2.0
/*
 * Oplocks and leases ([MS-FSA] 2.1.4.12, 2.1.5.18, 2.1.5.19; [MS-SMB2] 3.3.1.11, 3.3.1.12, 3.3.4.6,
 * 3.3.4.7, 3.3.5.9.8, 3.3.5.9.11, 3.3.5.22).
 *
 * [MS-FSA] spells out some forty combinations of states. All of them follow from what each grant
 * holds (R, W, H) and what an operation needs to be gone:
 *
 *     operation                           lease loses   oplock becomes        own one too
 *     open                                W             level II
 *     open that overwrites                R W           none
 *     open with a sharing violation       H             (stays)
 *     write, lock, new size, zeros        R W           none                  level II
 *     rename, link                        H             none when batch
 *     delete, new security                H             (stays)
 *     something in the folder changed     R W           (folders have none)
 *     the plugin says: it has changed     R W           none
 *
 *   - A lease keeps R, RH, RW or RWH: without R nothing is left.
 *   - The client must acknowledge when it had W or H. R alone, level II too, is simply gone.
 *   - The operation waits when W or H is what it needs to be gone: then the client has something to
 *     write back or to close first. It does not wait for R, nor for the H that goes with it.
 *   - Who has the same lease key, or is the open itself, breaks nothing of its own.
 *
 *     none --grant--> held --R only--> less (notification without acknowledgment)
 *                      |  ^
 *             W or H   v  |  acknowledged; and enough by now
 *                    breaking --further needs--> remembered in `required`
 *                      |  acknowledged, but others need more by now: broken on, first to R, then
 *                      |  to nothing; what waits goes on after the last of these
 *                      '--time-out, no connection, last open gone--> none
 *
 * Invariants (node = all grants of one stream):
 *   - one grant with W, then no other grant of the node has anything but what it had when it began
 *     to break;
 *   - break_to is part of state, required part of break_to; both are state when not breaking;
 *   - a grant that is breaking has W or H; it is in lease_table.breaking, sorted by deadline;
 *   - nothing waits on a node without a breaking grant, but what was put into actions;
 *   - a lease lives as long as it has opens, an oplock is part of its open.
 */
#ifndef LEASE_OPLOCK_H
#define LEASE_OPLOCK_H

#include "lease/node.h"

/* The values are those of OplockLevel ([MS-SMB2] 2.2.13). */
enum lease_oplock_level {
    LEASE_OPLOCK_NONE = 0x00,
    LEASE_OPLOCK_II = 0x01,
    LEASE_OPLOCK_EXCLUSIVE = 0x08,
    LEASE_OPLOCK_BATCH = 0x09,
};

enum lease_op {
    LEASE_OP_OPEN,
    LEASE_OP_OVERWRITE,
    LEASE_OP_SHARING, /* "OPEN_BREAK_H" */
    LEASE_OP_WRITE,
    LEASE_OP_LOCK,
    LEASE_OP_SIZE,
    LEASE_OP_ZERO,
    LEASE_OP_RENAME,
    LEASE_OP_LINK,
    LEASE_OP_DELETE,
    LEASE_OP_SECURITY,
    LEASE_OP_CHANGED, /* by the plugin: nobody asked us */
    LEASE_OPS,
};

/* Who does it: an open, or a CREATE with the key that it brings; zeroed: nobody we know. */
struct lease_actor {
    const struct lease_open *open; /* NULL: a CREATE */
    const struct guid *client;     /* of a CREATE with a lease context; NULL otherwise */
    const struct guid *key;
    uint32_t access; /* LEASE_OP_OPEN, _OVERWRITE: what it wants, with what the disposition needs */
};

/* An operation that waits; part of the caller's request. It keeps the node. */
struct lease_break_wait {
    uint32_t magic;
    struct list link; /* lease_node.break_waits, or lease_actions.resumed */
    struct lease_node *node;
    bool has_key; /* what has this key does not keep it waiting */
    struct guid client, key;
};

void lease_break_wait_init(struct lease_break_wait *w);
static inline bool lease_break_wait_queued(const struct lease_break_wait *w)
{
    return w->node != NULL;
}
/* For CANCEL, a lost connection, a closed open; harmless when it does not wait. */
void lease_break_cancel(struct lease_break_wait *w);

/* Breaks what the operation needs to be gone ([MS-FSA] 2.1.4.12). True: it must wait, and `wait` is
   queued; when it is resumed it asks again. Without `wait` it never waits. */
NODISCARD bool lease_break(struct lease_node *n, enum lease_op op, const struct lease_actor *actor,
                           uint64_t now, struct lease_break_wait *wait,
                           struct lease_actions *actions);
/* Whose grants are meant by the functions below. */
struct lease_scope {
    uint64_t volume;
    /* Only what is open by this name, as in lease_open_args. */
    bool has_link;
    uint64_t link;
    /* Only those for which it says so; NULL: all. */
    bool (*concerns)(const struct lease_grant *g, void *ctx);
    void *ctx;
};

/* Something in these folders has changed (PARENT_OBJECT): breaks their leases but the one with
   `parent_key`, the ParentLeaseKey of who did it (NULL: none). Nobody waits for that. */
void lease_break_parent(struct lease_table *t, const struct lease_scope *scope,
                        const struct guid *parent_key, uint64_t now, struct lease_actions *actions);
/* The plugin says that these have changed, with their streams: as LEASE_OP_CHANGED. Without a link
   it looks at everything that is open. */
void lease_break_changed(struct lease_table *t, const struct lease_scope *scope, uint64_t now,
                         struct lease_actions *actions);
/* With a batch oplock an open asks for it to go before sharing is checked ([MS-FSA] 2.1.5.1.2). */
bool lease_has_batch(const struct lease_node *n);

/* An oplock for the attached open, or a lesser one, or none: what was granted. `allocation` is
   the size allocated to the stream: locks beyond do not matter ([MS-FSA] 2.1.5.18). */
uint8_t lease_grant_oplock(struct lease_open *o, uint8_t level, uint64_t allocation);

struct lease_request {
    struct guid client, key, parent;
    bool has_parent;
    uint8_t version;
    uint32_t state;
    uint16_t epoch;
    bool delete_on_close;
    uint64_t allocation;
};

/* Joins the open to the lease of that key, made when there is none, and grants as much of the
   request as can be had; o->grant says what. INSUFFICIENT_RESOURCES when memory is out. */
NODISCARD smbkit_status lease_grant_lease(struct lease_open *o, const struct lease_request *rq);
/* INVALID_PARAMETER: the key belongs to another stream than `n` (NULL: one that is to be made)
   ([MS-SMB2] 3.3.5.9.8). */
NODISCARD smbkit_status lease_key_check(const struct lease_table *t, const struct guid *client,
                                        const struct guid *key, const struct lease_node *n);
/* What is open of this volume is out of the way: its keys, which clients choose by path, may be
   used for files of another one. */
void lease_keys_free(struct lease_table *t, uint64_t volume);

/* [MS-SMB2] 3.3.5.22.1. *level becomes the one to answer with. INVALID_DEVICE_STATE,
   INVALID_PARAMETER, INVALID_OPLOCK_PROTOCOL. */
NODISCARD smbkit_status lease_ack_oplock(struct lease_open *o, uint8_t *level, uint64_t now,
                                         struct lease_actions *actions);
/* 3.3.5.22.2. OBJECT_NAME_NOT_FOUND, UNSUCCESSFUL, REQUEST_NOT_ACCEPTED. */
NODISCARD smbkit_status lease_ack_lease(struct lease_table *t, const struct guid *client,
                                        const struct guid *key, uint32_t state, uint64_t now,
                                        struct lease_actions *actions);
/* The next breaking grant after `g` (NULL: the first) whose notification went this way; NULL: none.
   The list stays as it is when that one is told again. */
struct lease_grant *lease_told_over(const struct lease_table *t, struct lease_grant *g,
                                    const void *way);
/* The notification could not be sent: as if acknowledged with nothing (3.3.4.6, 3.3.4.7). */
void lease_break_failed(struct lease_grant *g, struct lease_actions *actions);
/* Acknowledgments that are overdue count as acknowledged with nothing (3.3.6.1, 3.3.6.5). */
void lease_expire(struct lease_table *t, uint64_t now, struct lease_actions *actions);
/* When lease_expire must be called at the latest; UINT64_MAX: no need. */
uint64_t lease_next_deadline(const struct lease_table *t);

/* The oplock level that a grant stands for. */
uint8_t lease_level_of(uint32_t state);

/* For lease/node.c */
void lease_grant_init(struct lease_grant *g);
void lease_grant_leave(struct lease_open *o, struct lease_actions *actions);

#endif
