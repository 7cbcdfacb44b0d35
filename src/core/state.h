// SPDX-License-Identifier: Apache-2.0
/*
 * The core itself, and how its objects hang together. Each object's own header has its states, who
 * owns it and what keeps it alive.
 *
 *   core --+-- shares                                                           share.h
 *          +-- sessions (GlobalSessionTable)                                    session.h
 *          +-- lease table (share modes, locks), watches                        notify.h
 *          +-- kept: durable opens without a session                            durable.h
 *          +-- removals: names on their way out                                 removal.h
 *          +-- conns --+-- channels --> session (Connection.SessionTable)       conn.h
 *                      +-- batches --+-- requests --> session, tree, open       batch.h, request.h
 *          session --+-- trees --> share, volume                                tree.h
 *                    +-- opens --> tree, volume, lease node                     open.h
 *
 * Every lookup returns a reference or nothing. Teardown is a state: an object leaves its table
 * first (no new users), its parked requests are cancelled, what runs is waited for, then it is
 * freed.
 *
 * Threads: everything belongs to the core's loop; there are no locks here.
 */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include "auth/throttle.h"
#include "base/htab.h"
#include "base/list.h"
#include "base/timerq.h"
#include "core/core.h"
#include "core/orders.h"
#include "core/removal.h"
#include "core/told.h"
#include "core/tunnel.h"
#include "lease/node.h"
#include "lease/oplock.h"
#include "rpc/rpc.h"

#define CORE_MAGIC 0x534b4352u

struct core {
    uint32_t magic;
    struct core_config config;
    struct core_host host;
    uint64_t now;      /* monotonic ns */
    uint64_t filetime; /* 100 ns since 1601 */
    uint64_t start_filetime;
    struct timerq timers;
    struct list conns;    /* core_conn.link */
    struct htab sessions; /* core_session.by_id */
    /* core_open.by_id, keyed by the persistent id: durable opens without a session */
    struct htab kept;
    struct htab guids;    /* core_durable.by_guid */
    struct htab creating; /* durable_pending.by_guid */
    struct list shares;   /* core_share.link */
    struct lease_table leases;
    struct timer break_timer;   /* the next overdue acknowledgment */
    struct lease_actions later; /* to be carried out from the loop (oplock.c) */
    struct timer later_timer;
    struct core_removals removals;
    struct core_orders orders;
    struct core_told told;
    struct core_tunnel tunnel;
    struct list watches; /* core_watch.link: folders with a CHANGE_NOTIFY */
    struct auth_throttle *throttle;
    struct core_interface *interfaces; /* mem.h */
    size_t interface_count;
    uint64_t next_open_id;    /* persistent half of a file id: never reused */
    struct rpc_service pipes; /* pipe.h */
    struct rpc_budget pipes_held;
    struct compress_work *compress; /* compression.h: made when it is needed first */
    struct core_stats stats;
};

#endif
