// SPDX-License-Identifier: Apache-2.0
/* Counting and printing the states that were reached. The only file of the simulator that looks
   inside the core; it changes nothing there. */
#include "sim/stats.h"

#include "core/command.h"
#include "core/conn.h"
#include "core/open.h"
#include "core/request.h"
#include "core/session.h"
#include "core/state.h"
#include <stdio.h>
#include <stdlib.h>

void sim_stats_status(struct sim_stats *s, uint32_t status)
{
    for (size_t i = 0; i < SIM_STATUSES_MAX; i++) {
        if (s->statuses[i].count > 0 && s->statuses[i].status != status)
            continue;
        s->statuses[i].status = status;
        s->statuses[i].count++;
        return;
    }
}

static void sample_request(struct sim_stats *s, const struct core_request *r)
{
    s->request[r->state]++;
    if (r->session != NULL)
        s->session[r->session->state]++;
    if (r->open != NULL)
        s->open[r->open->state]++;
}

void sim_stats_sample(struct sim_stats *s, const struct core *c)
{
    LIST_FOREACH (it, &c->conns) {
        const struct core_conn *conn = LIST_ENTRY(it, struct core_conn, link);
        s->conn[conn->state]++;
        LIST_FOREACH (bit, &conn->batches) {
            const struct core_batch *b = LIST_ENTRY(bit, struct core_batch, link);
            LIST_FOREACH (rit, &b->requests)
                sample_request(s, LIST_ENTRY(rit, struct core_request, link));
        }
    }
    for (struct htab_node *n = htab_walk(&c->sessions, NULL); n != NULL;
         n = htab_walk(&c->sessions, n)) {
        const struct core_session *ses = CONTAINER_OF(n, struct core_session, by_id);
        s->session[ses->state]++;
        s->open[OPEN_LIVE] += ses->opens.count;
    }
}

/* ---------------------------------------------------------------- printing */

static void print_states(const char *what, const uint64_t *v, const char *const *names)
{
    printf("%-10s", what);
    for (size_t i = 0; names[i] != NULL; i++)
        printf(" %s %llu", names[i], (unsigned long long)v[i]);
    printf("\n");
}

static const char *const conn_names[] = {"NEW", "WILDCARD", "NEGOTIATED", "CLOSING", "LOST", NULL};
static const char *const session_names[] = {"IN_PROGRESS", "VALID", "EXPIRED", "GONE", NULL};
static const char *const open_names[] = {"MAKING",  "LIVE", "DRAINING", "CLEANUP",
                                         "CLOSING", "SHUT", NULL};
static const char *const granted_names[] = {"none", "R", "-", "RH", "-", "RW", "-", "RWH", NULL};
static const char *const request_names[] = {"QUEUED", "RUNNING", "PARKED", "FINISHED", NULL};
static const char *const dialect_names[] = {"2.0.2", "2.1", "3.0", "3.0.2", "3.1.1", NULL};

static int by_status(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b; /* the first member */
    return *x < *y ? -1 : *x > *y;
}

static void print_statuses(const struct sim_stats *in)
{
    struct sim_stats s = *in;
    size_t n = 0;
    while (n < SIM_STATUSES_MAX && s.statuses[n].count > 0)
        n++;
    qsort(s.statuses, n, sizeof s.statuses[0], by_status);
    printf("statuses  ");
    for (size_t i = 0; i < n; i++)
        printf(" %s %llu", smbkit_status_name(s.statuses[i].status),
               (unsigned long long)s.statuses[i].count);
    printf("\n");
}

static void print_commands(const struct sim_stats *s)
{
    printf("commands  ");
    for (uint16_t i = 0; i < WIRE_COMMAND_COUNT; i++)
        printf(" %s %llu/%llu", wire_command_name(i), (unsigned long long)s->commands[i],
               (unsigned long long)s->answers[i]);
    printf(" (sent/answered)\n");
}

void sim_stats_print(const struct sim_stats *s)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"seeds", s->seeds},
        {"events", s->events},
        {"interim", s->interims},
        {"cancels", s->cancels},
        {"cancelled", s->cancelled},
        {"compounds", s->compounds},
        {"related", s->related},
        {"sealed", s->sealed},
        {"signed", s->signed_replies},
        {"drops", s->drops},
        {"closed by core", s->closed_by_core},
        {"paused", s->paused},
        {"sessions replaced", s->replaced},
        {"authenticated again", s->reauthenticated},
        {"expired", s->expired},
        {"late plugin calls", s->late_calls},
        {"worker calls", s->worker_calls},
        {"posts", s->posts},
        {"refused jobs", s->refused_jobs},
        {"allocations", s->allocations},
        {"allocations failed", s->allocation_failures},
        {"breaks told", s->told},
        {"of these on files of the model", s->told_exact},
        {"caches taken by operations", s->taken},
        {"acknowledged rightly", s->acks_right},
        {"late", s->acks_late},
        {"wrongly", s->acks_wrong},
        {"durable opens wanted", s->durable_asked},
        {"granted", s->durable_granted},
        {"lost", s->durable_lost},
        {"of these broken before", s->durable_broken},
        {"wanted back", s->durable_wanted},
        {"given back", s->durable_returned},
        {"of these as it had to be", s->durable_certain},
        {"refused", s->durable_refused},
        {"to others", s->durable_denied},
        {"ended by others", s->durable_preferred},
        {"made resilient", s->durable_resilient},
        {"others held off", s->durable_held_off},
        {"replies checked by the model", s->checked_replies},
        {"replies it could not judge", s->fuzzy_replies},
        {"files settled", s->settled},
    };
    printf("totals    ");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        printf("%s %s %llu", i > 0 ? "," : "", rows[i].name, (unsigned long long)rows[i].value);
    printf("\n");
    print_states("dialects", s->dialects, dialect_names);
    print_states("conns", s->conn, conn_names);
    print_states("sessions", s->session, session_names);
    print_states("granted", s->granted, granted_names);
    print_states("opens", s->open, open_names);
    print_states("requests", s->request, request_names);
    print_commands(s);
    print_statuses(s);
}
