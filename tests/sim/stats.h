// SPDX-License-Identifier: Apache-2.0
/* What the simulated worlds have reached, added up over all seeds: a run that never sees a state
   proves nothing about it, so the figures are printed. */
#ifndef SIM_STATS_H
#define SIM_STATS_H

#include "wire/wire.h"

#define SIM_STATUSES_MAX 128
#define SIM_STATES_MAX   8

struct sim_stats {
    uint64_t seeds, events;
    uint64_t commands[WIRE_COMMAND_COUNT]; /* sent, in any form */
    uint64_t answers[WIRE_COMMAND_COUNT];
    struct {
        uint32_t status;
        uint64_t count;
    } statuses[SIM_STATUSES_MAX];
    uint64_t dialects[5];
    /* how often an object was seen in each state, and stepping from one to another */
    uint64_t conn[SIM_STATES_MAX], session[SIM_STATES_MAX], open[SIM_STATES_MAX];
    uint64_t request[SIM_STATES_MAX];
    uint64_t interims, cancels, cancelled, compounds, related, sealed, signed_replies;
    uint64_t drops, closed_by_core, paused, replaced, reauthenticated, expired;
    uint64_t late_calls, worker_calls, posts, refused_jobs;
    uint64_t allocations, allocation_failures;
    uint64_t granted[SIM_STATES_MAX]; /* by the bits of a lease */
    uint64_t told, told_exact, taken, acks_right, acks_late, acks_wrong;
    uint64_t durable_asked, durable_granted, durable_lost, durable_wanted, durable_returned;
    uint64_t durable_broken, durable_certain, durable_refused, durable_denied, durable_preferred;
    uint64_t durable_resilient, durable_held_off;
    uint64_t checked_replies, fuzzy_replies, settled;
};

void sim_stats_status(struct sim_stats *s, uint32_t status);
void sim_stats_print(const struct sim_stats *s);

struct core;
/* Counts the states of everything that the core holds now. */
void sim_stats_sample(struct sim_stats *s, const struct core *c);

#endif
