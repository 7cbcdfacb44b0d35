// SPDX-License-Identifier: Apache-2.0
/*
 * Exhaustive exploration of the lease engine in small scopes: 3 clients, 2 files, every order of
 * every choice. A theme says what the clients may do (its alphabet) and how many paid steps (opens,
 * changes, locks, unlocks) each of them may take; closing, cancelling, acknowledging and the
 * passing of time are free, because there is only so much to close and to acknowledge. So a theme
 * stands for all interleavings of all scripts over its alphabet.
 *
 *   explore [--deep] [--theme NAME]
 *
 * Each step is taken on the reference model (ref.h) and on the engine (rig.h), which is brought to
 * the state by taking all steps to it anew; every answer, notification and everything that can be
 * seen of the engine is compared. A state of the model that was reached before is not gone through
 * again: what can be seen of the engine was the same then. Clients are alike until they have done
 * something: the second begins after the first. The first difference is printed with the steps that
 * lead to it; exit status 1.
 */
#include "lease/kinds.h"
#include "lease/oplock.h"
#include "lease/ref.h"
#include "lease/rig.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64
#define STEPS_MAX 256

#define BIT(n) (1u << (n))

struct theme {
    const char *name;
    uint32_t opens;                          /* BIT(enum open_name) */
    uint32_t changes;                        /* BIT(enum lease_op) */
    uint32_t locks;                          /* BIT(enum lock_name) */
    bool undelete, unlock, other_file, many; /* many: two opens of one client */
    uint8_t budget[CLIENTS], deep[CLIENTS], noise;
};

static const struct theme themes[] = {
    {
        .name = "sharing",
        .opens = BIT(OPEN_LOOK) | BIT(OPEN_READ) | BIT(OPEN_READ_ALONE) | BIT(OPEN_EXECUTE) |
                 BIT(OPEN_WRITE) | BIT(OPEN_WRITE_ALONE) | BIT(OPEN_DELETE) | BIT(OPEN_ON_CLOSE) |
                 BIT(OPEN_OVERWRITE),
        .changes = BIT(LEASE_OP_DELETE),
        .undelete = true,
        .other_file = true,
        .many = true,
        .budget = {2, 1, 1},
        .deep = {2, 2, 1},
    },
    {
        .name = "oplocks",
        .opens = BIT(OPEN_PLAIN) | BIT(OPEN_II) | BIT(OPEN_EXCLUSIVE) | BIT(OPEN_BATCH) |
                 BIT(OPEN_BATCH_ALONE) | BIT(OPEN_LOOK_BATCH) | BIT(OPEN_OVERWRITE) |
                 BIT(OPEN_READ_ALONE) | BIT(OPEN_CONTROL),
        .changes = BIT(LEASE_OP_WRITE) | BIT(LEASE_OP_RENAME) | BIT(LEASE_OP_DELETE),
        .budget = {2, 2, 1},
        .deep = {2, 2, 2},
        .noise = 1,
    },
    {
        .name = "leases",
        .opens = BIT(OPEN_R) | BIT(OPEN_RH) | BIT(OPEN_RW) | BIT(OPEN_RWH) | BIT(OPEN_RWH_ALONE) |
                 BIT(OPEN_RWH_OVERWRITE) | BIT(OPEN_CONTROL) | BIT(OPEN_OVERWRITE),
        .changes = BIT(LEASE_OP_WRITE) | BIT(LEASE_OP_RENAME) | BIT(LEASE_OP_DELETE),
        .budget = {2, 2, 1},
        .deep = {2, 2, 2},
        .noise = 1,
    },
    {
        .name = "keys",
        .opens =
            BIT(OPEN_RH) | BIT(OPEN_RWH) | BIT(OPEN_RWH_OTHER) | BIT(OPEN_BATCH) | BIT(OPEN_PLAIN),
        .changes = BIT(LEASE_OP_WRITE),
        .other_file = true,
        .many = true,
        .budget = {2, 1, 1},
        .deep = {2, 2, 1},
    },
    {
        .name = "changes",
        .opens = BIT(OPEN_II) | BIT(OPEN_BATCH) | BIT(OPEN_R) | BIT(OPEN_RH) | BIT(OPEN_RWH) |
                 BIT(OPEN_ON_CLOSE),
        .changes = BIT(LEASE_OP_WRITE) | BIT(LEASE_OP_SIZE) | BIT(LEASE_OP_ZERO) |
                   BIT(LEASE_OP_RENAME) | BIT(LEASE_OP_LINK) | BIT(LEASE_OP_DELETE) |
                   BIT(LEASE_OP_SECURITY),
        .undelete = true,
        .budget = {2, 2, 1},
        .deep = {2, 2, 2},
    },
    {
        .name = "locks",
        .opens = BIT(OPEN_PLAIN),
        .locks = BIT(LOCK_SHARED) | BIT(LOCK_SHARED_WAIT) | BIT(LOCK_EXCLUSIVE) |
                 BIT(LOCK_EXCLUSIVE_WAIT) | BIT(LOCK_FAR_EXCLUSIVE) | BIT(LOCK_FAR_SHARED_WAIT),
        .unlock = true,
        .budget = {4, 3, 2},
        .deep = {4, 4, 3},
    },
    {
        .name = "locks and caches",
        .opens = BIT(OPEN_II) | BIT(OPEN_BATCH) | BIT(OPEN_RH) | BIT(OPEN_RWH),
        .locks = BIT(LOCK_SHARED) | BIT(LOCK_EXCLUSIVE_WAIT),
        .unlock = true,
        .budget = {3, 2, 2},
        .deep = {3, 3, 2},
    },
};

/* Where the exploration stands: equal ones have equal futures. */
struct place {
    struct ref ref;
    uint8_t budget[CLIENTS], noise;
};

struct seen {
    uint64_t hash[2];
    double orders; /* of steps from here to the end; negative: under way */
};

static const struct theme *theme;
static struct step path[DEPTH_MAX];
static struct seen *seen;
static size_t seen_count, seen_size;
static uint64_t transitions, taken;
static unsigned longest;

/* ---------------------------------------------------------------- places that were seen */

/* In words of eight bytes; the last may be shorter. */
static uint64_t mix(const void *data, size_t n, uint64_t h)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < n; i += 8) {
        uint64_t word = 0;
        memcpy(&word, p + i, MIN(n - i, 8));
        h = (h ^ word) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return h;
}

static struct seen *seen_slot(const uint64_t hash[2])
{
    size_t i = hash[0] & (seen_size - 1);
    while (seen[i].hash[0] != 0 && (seen[i].hash[0] != hash[0] || seen[i].hash[1] != hash[1]))
        i = (i + 1) & (seen_size - 1);
    return &seen[i];
}

static void seen_grow(void)
{
    struct seen *old = seen;
    size_t n = seen_size;
    seen_size = n == 0 ? 1u << 16 : n * 2;
    seen = calloc(seen_size, sizeof *seen);
    if (seen == NULL)
        abort();
    for (size_t i = 0; i < n; i++)
        if (old[i].hash[0] != 0)
            *seen_slot(old[i].hash) = old[i];
    free(old);
}

static void hash_place(const struct place *p, uint64_t hash[2])
{
    struct place copy = *p;
    for (int g = 0; g < GRANTS; g++)
        copy.ref.grants[g].epoch = 0; /* it only counts */
    hash[0] = mix(&copy, sizeof copy, 1) | 1;
    hash[1] = mix(&copy, sizeof copy, 0x5bd1e995u);
}

/* ---------------------------------------------------------------- telling */

static const char *const change_names[] = {
    [LEASE_OP_WRITE] = "writes",
    [LEASE_OP_SIZE] = "sets the size",
    [LEASE_OP_ZERO] = "writes zeros",
    [LEASE_OP_RENAME] = "renames",
    [LEASE_OP_LINK] = "links",
    [LEASE_OP_DELETE] = "marks for deletion",
    [LEASE_OP_SECURITY] = "changes the descriptor",
};

static void print_step(const struct step *s)
{
    static const char *const acks[] = {"what it was told", "nothing", "too much"};
    printf("  client %u ", s->client);
    switch ((enum step_kind)s->kind) {
    case STEP_OPEN:
        printf("opens file %u in slot %u: %s\n", s->file, s->slot, open_kinds[s->arg].name);
        break;
    case STEP_CLOSE: printf("closes slot %u\n", s->slot); break;
    case STEP_CHANGE:
        printf("%s through slot %u\n", s->arg == UNDELETE ? "undeletes" : change_names[s->arg],
               s->slot);
        break;
    case STEP_LOCK:
    case STEP_UNLOCK:
        printf("%s %u in slot %u\n", s->kind == STEP_LOCK ? "takes lock" : "unlocks range", s->arg,
               s->slot);
        break;
    case STEP_CANCEL: printf("cancels\n"); break;
    case STEP_ACK: printf("acknowledges for grant %u: %s\n", s->slot, acks[s->arg]); break;
    case STEP_TICK: printf("(nobody) time passes\n"); break;
    case STEP_NOISE: printf("(nobody) the plugin changes file %u\n", s->file); break;
    }
}

static void print_answer(const char *who, const struct answer *a, const struct view *v)
{
    printf("%s: %s, level %u, deleted %d %d\n", who, smbkit_status_name(a->status), a->level,
           a->deleted[0], a->deleted[1]);
    for (int g = 0; g < GRANTS; g++) {
        if (a->told[g].times > 0)
            printf("    grant %d is told %u -> %u%s (%u times)\n", g, a->told[g].from,
                   a->told[g].to, a->told[g].ack ? ", to be acknowledged" : "", a->told[g].times);
        if (v->grants[g].exists)
            printf("    grant %d: %u%s, told %u, epoch %u\n", g, v->grants[g].state,
                   v->grants[g].breaking ? ", breaking" : "", v->grants[g].told,
                   v->grants[g].epoch);
    }
    for (int f = 0; f < FILES; f++)
        for (int i = 0; i < a->ended_count[f]; i++)
            printf("    the request of client %u ends: %s\n", a->ended[f][i].client_plus_1 - 1,
                   smbkit_status_name(a->ended[f][i].status));
    for (int i = 0; i < CLIENTS * SLOTS; i++) {
        const struct view_open *o = &v->opens[i / SLOTS][i % SLOTS];
        if (o->attached)
            printf("    client %d, slot %d: grant %d, %u locks, delete pending %d, read %d%d%d, "
                   "write %d%d%d\n",
                   i / SLOTS, i % SLOTS, o->grant_plus_1 - 1, o->lock_count, o->delete_pending,
                   o->may_read[0], o->may_read[1], o->may_read[2], o->may_write[0], o->may_write[1],
                   o->may_write[2]);
    }
    printf("    waiting %d%d%d, deadline in %u halves\n", v->waits[0], v->waits[1], v->waits[2],
           v->deadline);
}

/* ---------------------------------------------------------------- which steps there are */

struct steps {
    struct step v[STEPS_MAX];
    size_t n;
};

static void offer(struct steps *all, const struct ref *r, struct step s)
{
    ASSERT(all->n < STEPS_MAX);
    if (ref_possible(r, &s))
        all->v[all->n++] = s;
}

static int free_slot(const struct ref *r, int c)
{
    if (!r->opens[c][0].used)
        return 0;
    return theme->many && !r->opens[c][1].used ? 1 : -1;
}

static void offer_opens(struct steps *all, const struct place *p, const uint8_t *budget, int c)
{
    int slot = free_slot(&p->ref, c);
    bool first = c == 0 && p->budget[0] == budget[0]; /* files are alike, too */
    int files = theme->other_file && !first ? FILES : 1;
    for (int f = 0; slot >= 0 && f < files; f++)
        for (int k = 0; k < OPEN_KINDS; k++)
            if (theme->opens & BIT(k))
                offer(all, &p->ref,
                      (struct step){STEP_OPEN, (uint8_t)c, (uint8_t)slot, (uint8_t)f, (uint8_t)k});
}

static void offer_on_slot(struct steps *all, const struct place *p, uint8_t c, uint8_t slot)
{
    for (uint8_t op = 0; op < LEASE_OPS; op++)
        if (theme->changes & BIT(op))
            offer(all, &p->ref, (struct step){STEP_CHANGE, c, slot, 0, op});
    if (theme->undelete)
        offer(all, &p->ref, (struct step){STEP_CHANGE, c, slot, 0, UNDELETE});
    for (uint8_t k = 0; k < LOCK_KINDS; k++)
        if (theme->locks & BIT(k))
            offer(all, &p->ref, (struct step){STEP_LOCK, c, slot, 0, k});
    for (uint8_t k = 0; theme->unlock && k < RANGES; k++)
        offer(all, &p->ref, (struct step){STEP_UNLOCK, c, slot, 0, k});
}

/* A client that has done nothing yet is like every other of them. */
static bool may_begin(const struct place *p, const uint8_t *budget, int c)
{
    return c == 0 || p->budget[c - 1] < budget[c - 1];
}

static void offer_all(struct steps *all, const struct place *p, const uint8_t *budget)
{
    all->n = 0;
    for (uint8_t c = 0; c < CLIENTS; c++) {
        if (p->budget[c] > 0 && may_begin(p, budget, c))
            offer_opens(all, p, budget, c);
        for (uint8_t slot = 0; slot < SLOTS; slot++) {
            if (p->budget[c] > 0)
                offer_on_slot(all, p, c, slot);
            offer(all, &p->ref, (struct step){STEP_CLOSE, c, slot, 0, 0});
        }
        offer(all, &p->ref, (struct step){STEP_CANCEL, c, 0, 0, 0});
        for (uint8_t g = 0; g < GRANTS; g++)
            for (uint8_t a = ACK_TOLD; a <= ACK_TOO_MUCH; a++)
                offer(all, &p->ref, (struct step){STEP_ACK, c, g, 0, a});
    }
    offer(all, &p->ref, (struct step){STEP_TICK, 0, 0, 0, 0});
    for (uint8_t f = 0; p->noise > 0 && f < FILES; f++)
        offer(all, &p->ref, (struct step){STEP_NOISE, 0, 0, f, 0});
}

static void pay(struct place *p, const struct step *s)
{
    if (s->kind == STEP_NOISE)
        p->noise--;
    else if (s->kind == STEP_OPEN || s->kind == STEP_CHANGE || s->kind == STEP_LOCK ||
             s->kind == STEP_UNLOCK)
        p->budget[s->client]--;
}

/* ---------------------------------------------------------------- going */

/* Takes path[0 .. n) on the engine and compares what comes of the last. */
static void compare(const struct ref *after, const struct answer *expected, unsigned n)
{
    struct answer got;
    struct view seen_there, seen_here;
    rig_begin();
    for (unsigned i = 0; i < n; i++)
        rig_apply(&path[i], &got);
    taken += n;
    rig_view(&seen_there);
    ref_view(after, &seen_here);
    bool same = memcmp(&got, expected, sizeof got) == 0 &&
                memcmp(&seen_there, &seen_here, sizeof seen_here) == 0;
    if (!same) {
        printf("theme %s, a difference after:\n", theme->name);
        for (unsigned i = 0; i < n; i++)
            print_step(&path[i]);
        print_answer("the model", expected, &seen_here);
        print_answer("the engine", &got, &seen_there);
        exit(1);
    }
    rig_end();
}

static double explore(const struct place *p, const uint8_t *budget, unsigned depth)
{
    struct steps *all;
    uint64_t hash[2];
    double orders = 0;
    hash_place(p, hash);
    struct seen *known = seen_slot(hash);
    if (known->hash[0] != 0)
        return known->orders < 0 ? 0 : known->orders; /* a step that changes nothing: no order */
    *known = (struct seen){{hash[0], hash[1]}, -1};
    if (++seen_count * 2 > seen_size)
        seen_grow();
    ASSERT(depth < DEPTH_MAX);
    longest = MAX(longest, depth);
    all = malloc(sizeof *all);
    if (all == NULL)
        abort();
    offer_all(all, p, budget);
    for (size_t i = 0; i < all->n; i++) {
        struct place next = *p;
        struct answer a;
        path[depth] = all->v[i];
        ref_apply(&next.ref, &all->v[i], &a);
        pay(&next, &all->v[i]);
        compare(&next.ref, &a, depth + 1);
        transitions++;
        orders += explore(&next, budget, depth + 1);
    }
    free(all);
    seen_slot(hash)->orders = orders > 0 ? orders : 1;
    return orders > 0 ? orders : 1;
}

static void explore_theme(const struct theme *t, bool deep)
{
    const uint8_t *budget = deep ? t->deep : t->budget;
    struct place start;
    memset(&start, 0, sizeof start);
    ref_init(&start.ref);
    memcpy(start.budget, budget, sizeof start.budget);
    start.noise = t->noise;
    theme = t;
    free(seen);
    seen = NULL;
    seen_count = seen_size = transitions = taken = longest = 0;
    seen_grow();
    double orders = explore(&start, budget, 0);
    printf("%-17s %9zu states, %10llu steps compared, %.3g interleavings of up to %u steps\n",
           t->name, seen_count, (unsigned long long)transitions, orders, longest);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *only = NULL;
    bool deep = false, any = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--deep") == 0)
            deep = true;
        else if (strcmp(argv[i], "--theme") == 0 && i + 1 < argc)
            only = argv[++i];
        else
            only = "";
    }
    for (size_t i = 0; i < ARRAY_LEN(themes); i++)
        if (only == NULL || strcmp(only, themes[i].name) == 0) {
            explore_theme(&themes[i], deep);
            any = true;
        }
    free(seen);
    if (!any)
        fprintf(stderr, "usage: explore [--deep] [--theme NAME]\n");
    return any ? 0 : 2;
}
