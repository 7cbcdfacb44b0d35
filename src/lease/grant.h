// SPDX-License-Identifier: Apache-2.0
/*
 * What a client may cache of a stream: an oplock, which belongs to one open, or a lease, which
 * belongs to all opens of one client with one key ([MS-SMB2] 3.3.1.12). Both are a `struct
 * lease_grant` in the list of their node; lease/oplock.h says how they come and go.
 */
#ifndef LEASE_GRANT_H
#define LEASE_GRANT_H

#include "base/guid.h"
#include "base/htab.h"
#include "base/list.h"

/* The values are those of LeaseState ([MS-SMB2] 2.2.13.2.8). */
enum lease_caching {
    LEASE_READ_CACHING = 0x1,
    LEASE_HANDLE_CACHING = 0x2,
    LEASE_WRITE_CACHING = 0x4,
};

#define LEASE_R   LEASE_READ_CACHING
#define LEASE_RH  (LEASE_READ_CACHING | LEASE_HANDLE_CACHING)
#define LEASE_RW  (LEASE_READ_CACHING | LEASE_WRITE_CACHING)
#define LEASE_RWH (LEASE_RH | LEASE_WRITE_CACHING)

struct lease_node;

/* All fields belong to the engine; whoever sends notifications reads what says "told". */
struct lease_grant {
    uint32_t magic;
    bool is_lease;
    struct lease_node *node; /* NULL: grants nothing to nobody */
    struct list in_node;     /* lease_node.grants */
    /* What the client may cache, as far as we know: a break counts when it is acknowledged. An
       oplock is written in the same bits: R is level II, RW exclusive, RWH batch. */
    uint32_t state;
    bool breaking;           /* an acknowledgment is outstanding */
    uint32_t break_to;       /* what the client was told; part of `state` */
    uint32_t required;       /* what other operations need by now; part of break_to */
    uint64_t deadline;       /* of the acknowledgment */
    struct list in_breaking; /* lease_table.breaking, by deadline */

    /* the notification to be sent (lease_actions.breaks) */
    struct list in_breaks;
    uint32_t told_from, told_to;
    bool told_ack;
    bool told_in_vain;     /* it needs no acknowledgment; a client that sends one is told so once */
    const void *told_over; /* set by who sends it: the way it went */

    /* leases only */
    struct guid client, key, parent;
    bool has_parent;
    uint8_t version; /* Lease.Version: 1 or 2, that of the first request */
    uint16_t epoch;
    bool delete_on_close;      /* Lease.FileDeleteOnClose */
    bool left;                 /* another file has its path now: see lease_keys_free */
    struct list opens;         /* lease_open.in_grant */
    struct htab_node in_table; /* lease_table.leases: by client and key */
};

#endif
