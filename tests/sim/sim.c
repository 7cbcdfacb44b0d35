// SPDX-License-Identifier: Apache-2.0
/*
 * The simulator: several clients against one core, everything in the order that the dice say.
 *
 *   sim [--seeds N] [--from S]     runs N seeds (default 1000) from S (default 1)
 *   sim --verbose SEED             runs one seed and prints what happens
 *
 * Prints the states that were reached, and each violation with its seed. Exit status 1 when there
 * was one.
 */
#include "base/mem.h"
#include "base/testmem.h"
#include "crypto/crypto.h"
#include "sim/actor.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENTS          1500
#define DRAIN_MAX       20000
#define DRAIN_ROUNDS    12
#define VIOLATIONS_SHOW 20

static struct sim_stats stats;
static uint64_t running; /* the seed, for the message of a failed assertion */

/* ---------------------------------------------------------------- drawing a world */

static const uint16_t dialects[] = {SMB2_DIALECT_202, SMB2_DIALECT_210, SMB2_DIALECT_300,
                                    SMB2_DIALECT_302, SMB2_DIALECT_311};

static struct world_config draw_config(uint64_t seed)
{
    static const unsigned late[] = {0, 100, 500, 900};
    static const unsigned fail[] = {1, 3, 10, 50};
    struct testrand r = {seed * 7919};
    struct world_config c = {
        .seed = seed,
        .late_per_mille = late[testrand_below(&r, 4)],
        .model = (enum smbkit_thread_model)testrand_below(&r, 3),
        .encrypted_share = testrand_below(&r, 2) == 0,
        .allow_anonymous = testrand_below(&r, 4) == 0,
    };
    size_t max = testrand_below(&r, 2) == 0 ? 4 : testrand_below(&r, 5);
    c.core = (struct core_config){
        .max_dialect = dialects[max],
        .min_dialect = dialects[testrand_below(&r, 3) == 0 ? testrand_below(&r, max + 1) : 0],
        .signing_required = testrand_below(&r, 2) == 0,
        .encryption = (enum core_encryption)(testrand_below(&r, 4) > 0 ? 1 : testrand_below(&r, 3)),
        .max_credits = testrand_below(&r, 3) == 0 ? 8 : 128,
        .max_async = testrand_below(&r, 4) == 0 ? 3 : 64,
        .max_buffered = testrand_below(&r, 4) == 0 ? 2000 : 0,
        .max_io = 1u << 20,
        .interim_delay = testrand_below(&r, 3) == 0 ? NS_PER_MS : 0,
        .session_lifetime = testrand_below(&r, 5) == 0 ? 20 * NS_PER_S : 0,
        .break_timeout = 2 * NS_PER_S, /* not everybody acknowledges */
        .max_resiliency = 300 * NS_PER_S,
    };
    if (testrand_below(&r, 3) == 0)
        c.fail_per_mille = fail[testrand_below(&r, 4)];
    return c;
}

/* ---------------------------------------------------------------- one seed */

static struct actor *any_actor(struct sim *s)
{
    return &s->actors[world_below(&s->world, s->actor_count)];
}

static void pass_time(struct sim *s)
{
    struct world *w = &s->world;
    uint64_t next = core_next_timer(w->core);
    uint64_t ns = 1 + world_below(w, 5 * NS_PER_MS);
    if (next != TIMERQ_NEVER && world_chance(w, 300))
        ns = next > w->now ? next - w->now : 1;
    else if (world_chance(w, 30))
        ns = world_below(w, 15 * NS_PER_S);
    world_advance(w, ns);
    for (size_t i = 0; i < s->actor_count; i++)
        s->actors[i].smb.now = w->filetime;
}

static bool has_session(const struct actor *a)
{
    for (size_t i = 0; i < ACTOR_LOGONS; i++) {
        const struct logon *l = &a->logons[i];
        if (l->session != NULL && l->authenticated && !l->dead && !l->ending)
            return true;
    }
    return false;
}

/* The server has let go of what the sessions had open; that they have ended is noticed later. */
static void doom_closed(struct actor *a)
{
    for (size_t i = 0; i < ACTOR_LOGONS; i++) {
        struct logon *l = &a->logons[i];
        if (l->session != NULL && !l->dead && !l->ending)
            logon_doom(l);
    }
}

/* The core may close a connection only for a reason; to have no session for long is one. */
static void check_closed(struct sim *s, struct actor *a)
{
    if (a->conn == NULL || !a->conn->closing)
        return;
    if (!a->may_close && !s->faults && has_session(a))
        sim_broken(s, "client %u: the core closes the connection for no reason", a->index);
    doom_closed(a);
    if (a->conn->queued_to_client == 0 || world_chance(&s->world, 100)) {
        world_trace(&s->world, "client %u: closed by the server", a->index);
        actor_drop(a);
    }
}

static bool owner_is_ending(const struct model_file *f)
{
    LIST_FOREACH (it, &f->handles) {
        const struct model_handle *h = LIST_ENTRY(it, struct model_handle, link);
        if (((const struct logon *)h->owner)->ending)
            return true;
    }
    return false;
}

/* Somebody is about to drop the connection because of what he does not know. */
static bool somebody_doubts(const struct sim *s)
{
    for (size_t i = 0; i < s->actor_count; i++)
        if (s->actors[i].conn != NULL && s->actors[i].drop_soon)
            return true;
    return false;
}

static void settle(struct sim *s)
{
    if (world_plugin_pending(&s->world) > 0 || somebody_doubts(s))
        return;
    for (size_t i = 0; i < MODEL_FILES; i++) {
        struct model_file *f = &s->model.files[i];
        if (!f->fuzzy || f->busy > 0 || owner_is_ending(f))
            continue;
        world_trace(&s->world, "settled: %s", f->name);
        model_settle(f);
        stats.settled++;
    }
}

static bool deliver(struct sim *s, bool (*fn)(struct world_conn *conn))
{
    uint64_t first = world_below(&s->world, s->actor_count);
    for (size_t i = 0; i < s->actor_count; i++) {
        struct actor *a = &s->actors[(first + i) % s->actor_count];
        if (a->conn != NULL && fn(a->conn))
            return true;
    }
    return false;
}

static void one_event(struct sim *s)
{
    uint64_t dice = world_below(&s->world, 100);
    if (dice < 30 || (dice < 55 && !deliver(s, world_deliver_to_server)) ||
        (dice >= 55 && dice < 78 && !deliver(s, world_deliver_to_client)))
        actor_act(any_actor(s));
    else if (dice >= 96)
        pass_time(s);
    else if (dice >= 78)
        world_plugin_event(&s->world);
}

static bool violated(const struct sim *s)
{
    return s->violation[0] != '\0' || s->world.violation[0] != '\0';
}

static void after_event(struct sim *s, unsigned n)
{
    stats.events++;
    settle(s);
    if (n % 8 == 0)
        sim_stats_sample(&stats, s->world.core);
    for (size_t i = 0; i < s->actor_count; i++) {
        cache_check(&s->actors[i]);
        check_closed(s, &s->actors[i]);
    }
}

static bool drain_step(struct sim *s)
{
    bool moved = world_plugin_event(&s->world);
    for (size_t i = 0; i < s->actor_count; i++) {
        struct actor *a = &s->actors[i];
        if (a->conn != NULL && !a->conn->closing && world_deliver_to_server(a->conn))
            moved = true;
        if (a->conn != NULL && world_deliver_to_client(a->conn))
            moved = true;
        check_closed(s, a);
    }
    return moved;
}

/* A lock or a notification may wait for ever, and what is related behind it. */
static bool may_wait(const struct op *op)
{
    return op->command == SMB2_LOCK || op->command == SMB2_CHANGE_NOTIFY || op->answered;
}

static void check_answered(struct sim *s, struct actor *a)
{
    /* waiting requests count as bytes in work: with a small max_buffered they can keep a connection
       paused, until another client ends the waiting */
    if (a->conn == NULL || a->conn->paused)
        return;
    LIST_FOREACH (it, &a->ops) {
        const struct op *op = LIST_ENTRY(it, struct op, link);
        if (!may_wait(op) && !violated(s))
            sim_broken(s, "client %u: a %s, message %llu, is never answered", a->index,
                       wire_command_name(op->command), (unsigned long long)op->request->message_id);
    }
}

/* Nobody does anything new: whatever does not wait for another client must be answered now. */
static void drain(struct sim *s)
{
    for (int round = 0; round < DRAIN_ROUNDS && !violated(s); round++) {
        unsigned n = 0;
        while (drain_step(s) && !violated(s))
            if (++n > DRAIN_MAX)
                sim_broken(s, "it goes on for ever");
        world_advance(&s->world, 3 * NS_PER_S); /* delayed logons, breaks one after the other */
    }
    for (size_t i = 0; i < s->actor_count && !violated(s); i++)
        check_answered(s, &s->actors[i]);
}

static bool run_seed(uint64_t seed, bool trace)
{
    struct sim *s = calloc(1, sizeof *s);
    struct world_config cfg = draw_config(seed);
    if (s == NULL)
        return false;
    testmem_install();
    running = seed;
    if (!world_init(&s->world, &cfg, &stats))
        sim_broken(s, "the world could not be made");
    s->world.trace = trace;
    s->faults = cfg.fail_per_mille > 0;
    model_init(&s->model);
    s->actor_count = 1 + world_below(&s->world, ACTORS_MAX);
    for (unsigned i = 0; i < s->actor_count; i++)
        actor_init(&s->actors[i], s, i);
    for (unsigned n = 0; n < EVENTS && !violated(s); n++) {
        one_event(s);
        after_event(s, n);
    }
    if (!violated(s))
        drain(s);
    bool clean = !violated(s);
    for (size_t i = 0; i < s->actor_count; i++)
        actor_free(&s->actors[i]);
    model_free(&s->model);
    if (!world_end(&s->world) || !clean) {
        clean = false;
        printf("seed %llu: %s%s%s\n", (unsigned long long)seed, s->violation,
               s->violation[0] != '\0' && s->world.violation[0] != '\0' ? "; " : "",
               s->world.violation);
        fflush(stdout);
    } else {
        testmem_remove();
    }
    stats.seeds++;
    free(s);
    return clean;
}

/* ---------------------------------------------------------------- the program */

static void on_abort(int sig)
{
    char text[64];
    int len = snprintf(text, sizeof text, "\nseed %llu: aborted\n", (unsigned long long)running);
    if (write(STDOUT_FILENO, text, (size_t)len) < 0)
        _exit(2);
    signal(sig, SIG_DFL);
    raise(sig);
}

static int run_all(uint64_t from, uint64_t seeds)
{
    unsigned violations = 0;
    for (uint64_t i = 0; i < seeds && violations < VIOLATIONS_SHOW; i++)
        violations += !run_seed(from + i, false);
    sim_stats_print(&stats);
    printf("%llu seeds, %u violations\n", (unsigned long long)stats.seeds, violations);
    return violations > 0;
}

static int usage(void)
{
    fprintf(stderr, "usage: sim [--seeds N] [--from SEED] | --verbose SEED\n");
    return 2;
}

int main(int argc, char **argv)
{
    uint64_t from = 1, seeds = 1000;
    if (!crypto_init()) /* kept: libcrypto's set-up costs more than a seed */
        return 2;
    signal(SIGABRT, on_abort);
    signal(SIGSEGV, on_abort);
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            return usage();
        uint64_t v = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seeds") == 0)
            seeds = v;
        else if (strcmp(argv[i], "--from") == 0)
            from = v;
        else if (strcmp(argv[i], "--verbose") == 0)
            return !run_seed(v, true);
        else
            return usage();
    }
    return run_all(from, seeds);
}
