// SPDX-License-Identifier: Apache-2.0
/* Oplocks and leases: rules, states and invariants in oplock.h. */
#include "lease/oplock.h"
#include "base/mem.h"
#include "lease/lock.h"

#include <string.h>

#define GRANT_MAGIC 0x4c475254u /* "LGRT" */
#define WAIT_MAGIC  0x4c425754u /* "LBWT" */

#define R LEASE_READ_CACHING
#define H LEASE_HANDLE_CACHING
#define W LEASE_WRITE_CACHING

#define READ_ATTRIBUTES 0x00000080u
#define READ_CONTROL    0x00020000u
#define SYNCHRONIZE     0x00100000u

/* One row per operation: the table in oplock.h. */
struct op_rule {
    uint32_t lease_loses;
    uint32_t oplock_keeps;
    bool batch_goes; /* whatever oplock_keeps says */
    bool own_level2; /* also the level II oplock of the open itself */
    bool is_open;    /* an open that only looks at attributes breaks nothing */
};

static const struct op_rule rules[LEASE_OPS] = {
    [LEASE_OP_OPEN] = {.lease_loses = W, .oplock_keeps = R, .is_open = true},
    [LEASE_OP_OVERWRITE] = {.lease_loses = R | W, .is_open = true},
    [LEASE_OP_SHARING] = {.lease_loses = H, .oplock_keeps = LEASE_RWH},
    [LEASE_OP_WRITE] = {.lease_loses = R | W, .own_level2 = true},
    [LEASE_OP_LOCK] = {.lease_loses = R | W, .own_level2 = true},
    [LEASE_OP_SIZE] = {.lease_loses = R | W, .own_level2 = true},
    [LEASE_OP_ZERO] = {.lease_loses = R | W, .own_level2 = true},
    [LEASE_OP_RENAME] = {.lease_loses = H, .oplock_keeps = LEASE_RWH, .batch_goes = true},
    [LEASE_OP_LINK] = {.lease_loses = H, .oplock_keeps = LEASE_RWH, .batch_goes = true},
    [LEASE_OP_DELETE] = {.lease_loses = H, .oplock_keeps = LEASE_RWH},
    [LEASE_OP_SECURITY] = {.lease_loses = H, .oplock_keeps = LEASE_RWH},
    [LEASE_OP_CHANGED] = {.lease_loses = R | W},
};

static const struct op_rule parent_rule = {.lease_loses = R | W};

/* Without R there is nothing. */
static uint32_t legal(uint32_t state)
{
    return state & R ? state : 0;
}

uint8_t lease_level_of(uint32_t state)
{
    if (!(state & R))
        return LEASE_OPLOCK_NONE;
    if (!(state & W))
        return LEASE_OPLOCK_II;
    return state & H ? LEASE_OPLOCK_BATCH : LEASE_OPLOCK_EXCLUSIVE;
}

/* ---------------------------------------------------------------- who is who */

static bool key_is(const struct lease_grant *g, const struct guid *client, const struct guid *key)
{
    return g->is_lease && guid_equal(&g->client, client) && guid_equal(&g->key, key);
}

/* [MS-FSA] 2.1.4.12.2, without PARENT_OBJECT */
static bool is_own(const struct lease_grant *g, const struct lease_actor *a)
{
    if (a->open != NULL)
        return a->open->grant == g;
    return a->client != NULL && key_is(g, a->client, a->key);
}

/* The same with PARENT_OBJECT. Whose key it is does not matter: clients do the same, and a key
   cannot be guessed. */
static bool is_own_parent(const struct lease_grant *dir, const struct guid *parent_key)
{
    return dir->is_lease && parent_key != NULL && guid_equal(&dir->key, parent_key);
}

/* [MS-FSA] 2.1.4.12, OPEN: leases know one right more than oplocks do. */
static bool is_stat_open(uint32_t access, bool lease)
{
    uint32_t harmless = READ_ATTRIBUTES | LEASE_FILE_WRITE_ATTRIBUTES | SYNCHRONIZE;
    if (lease)
        harmless |= READ_CONTROL;
    return (access & ~harmless) == 0;
}

/* ---------------------------------------------------------------- waiting */

void lease_break_wait_init(struct lease_break_wait *w)
{
    memset(w, 0, sizeof(*w));
    MAGIC_SET(w, WAIT_MAGIC);
    list_init(&w->link);
}

static void wait_leave(struct lease_break_wait *w)
{
    struct lease_node *n = w->node;
    list_remove(&w->link);
    w->node = NULL;
    lease_node_unref(n);
}

void lease_break_cancel(struct lease_break_wait *w)
{
    MAGIC_CHECK(w, WAIT_MAGIC);
    list_remove(&w->link); /* also from somebody's actions */
    if (w->node != NULL)
        wait_leave(w);
}

static void wait_enter(struct lease_break_wait *w, struct lease_node *n,
                       const struct lease_actor *a)
{
    MAGIC_CHECK(w, WAIT_MAGIC);
    ASSERT(w->node == NULL && !list_linked(&w->link));
    const struct lease_grant *own = a->open != NULL ? a->open->grant : NULL;
    w->has_key = (own != NULL && own->is_lease) || a->client != NULL;
    if (own != NULL && own->is_lease) {
        w->client = own->client;
        w->key = own->key;
    } else if (a->client != NULL) {
        w->client = *a->client;
        w->key = *a->key;
    }
    lease_node_ref(n);
    w->node = n;
    list_append(&n->break_waits, &w->link);
}

static bool must_wait(const struct lease_break_wait *w)
{
    LIST_FOREACH (it, &w->node->grants) {
        const struct lease_grant *g = LIST_ENTRY(it, struct lease_grant, in_node);
        if (g->breaking && !(w->has_key && key_is(g, &w->client, &w->key)))
            return true;
    }
    return false;
}

/* A grant of the node has stopped breaking ([MS-FSA] 2.1.5.19). */
static void resume_waits(struct lease_node *n, struct lease_actions *actions)
{
    lease_node_ref(n);
    LIST_FOREACH_SAFE (it, tmp, &n->break_waits) {
        struct lease_break_wait *w = LIST_ENTRY(it, struct lease_break_wait, link);
        if (must_wait(w))
            continue;
        wait_leave(w);
        list_append(&actions->resumed, &w->link);
    }
    lease_node_unref(n);
}

/* ---------------------------------------------------------------- breaking */

/* The client is told; when it had W or H it must acknowledge ([MS-FSA] 2.1.5.18.3). */
static void tell(struct lease_grant *g, uint32_t to, uint64_t now, struct lease_actions *actions)
{
    bool unsent = list_linked(&g->in_breaks);
    if (!unsent) {
        g->told_from = g->state;
        list_append(&actions->breaks, &g->in_breaks);
    }
    g->told_to = to;
    g->told_ack = (g->state & (W | H)) != 0;
    g->told_in_vain = !g->told_ack;
    g->break_to = g->required = to;
    if (!g->told_ack) {
        g->state = to;
        return;
    }
    g->breaking = true;
    g->deadline = now + g->node->table->limits.break_timeout;
    list_append(&g->node->table->breaking, &g->in_breaking);
}

/* True: the operation must wait for this grant. */
static bool break_one(struct lease_grant *g, const struct op_rule *rule, uint64_t now,
                      struct lease_actions *actions)
{
    uint32_t keeps = g->is_lease ? ~rule->lease_loses : rule->oplock_keeps;
    if (!g->is_lease && rule->batch_goes && (g->state & H))
        keeps = 0;
    uint32_t lost = g->state & ~keeps;
    uint32_t required = legal(g->required & keeps);
    if (required != g->required) {
        if (g->breaking) {
            g->required = required;
        } else {
            g->epoch++;
            tell(g, required, now, actions);
        }
    }
    return (lost & (W | H)) != 0;
}

bool lease_break(struct lease_node *n, enum lease_op op, const struct lease_actor *actor,
                 uint64_t now, struct lease_break_wait *wait, struct lease_actions *actions)
{
    const struct op_rule *rule = &rules[op];
    bool must = false;
    LIST_FOREACH (it, &n->grants) {
        struct lease_grant *g = LIST_ENTRY(it, struct lease_grant, in_node);
        MAGIC_CHECK(g, GRANT_MAGIC);
        bool level2 = !g->is_lease && !(g->state & W);
        if (is_own(g, actor) && !(level2 && rule->own_level2))
            continue;
        if (rule->is_open && is_stat_open(actor->access, g->is_lease))
            continue;
        if (break_one(g, rule, now, actions))
            must = true;
    }
    if (!must || wait == NULL)
        return false;
    wait_enter(wait, n, actor);
    return true;
}

bool lease_has_batch(const struct lease_node *n)
{
    LIST_FOREACH (it, &n->grants) {
        const struct lease_grant *g = LIST_ENTRY(it, struct lease_grant, in_node);
        if (!g->is_lease && (g->state & H))
            return true;
    }
    return false;
}

static void break_scoped(struct lease_node *n, const struct lease_scope *scope,
                         const struct op_rule *rule, const struct guid *but_key, uint64_t now,
                         struct lease_actions *actions)
{
    LIST_FOREACH (it, &n->grants) {
        struct lease_grant *g = LIST_ENTRY(it, struct lease_grant, in_node);
        if (!is_own_parent(g, but_key) &&
            (scope->concerns == NULL || scope->concerns(g, scope->ctx)))
            break_one(g, rule, now, actions);
    }
}

/* The node that has the scope's name, the next one after `h` (NULL: the first). */
static struct lease_link *next_named(struct lease_table *t, const struct lease_scope *scope,
                                     struct htab_node *h)
{
    h = h != NULL ? htab_next(h)
                  : htab_first(&t->links, lease_link_hash(scope->volume, scope->link));
    for (; h != NULL; h = htab_next(h)) {
        struct lease_link *l = CONTAINER_OF(h, struct lease_link, in_table);
        if (l->id == scope->link && !l->gone && l->base->volume == scope->volume)
            return l;
    }
    return NULL;
}

void lease_break_parent(struct lease_table *t, const struct lease_scope *scope,
                        const struct guid *parent_key, uint64_t now, struct lease_actions *actions)
{
    struct lease_link *l = NULL;
    ASSERT(scope->has_link);
    while ((l = next_named(t, scope, l != NULL ? &l->in_table : NULL)) != NULL)
        break_scoped(l->base, scope, &parent_rule, parent_key, now, actions);
}

void lease_break_changed(struct lease_table *t, const struct lease_scope *scope, uint64_t now,
                         struct lease_actions *actions)
{
    const struct op_rule *rule = &rules[LEASE_OP_CHANGED];
    if (!scope->has_link) {
        for (struct htab_node *h = htab_walk(&t->nodes, NULL); h; h = htab_walk(&t->nodes, h)) {
            struct lease_node *n = CONTAINER_OF(h, struct lease_node, in_table);
            if (n->volume == scope->volume)
                break_scoped(n, scope, rule, NULL, now, actions);
        }
        return;
    }
    struct lease_link *l = NULL;
    while ((l = next_named(t, scope, l != NULL ? &l->in_table : NULL)) != NULL) {
        break_scoped(l->base, scope, rule, NULL, now, actions);
        LIST_FOREACH (it, &l->base->streams)
            break_scoped(LIST_ENTRY(it, struct lease_node, in_base), scope, rule, NULL, now,
                         actions);
    }
}

/* The break has ended with `state`. Others may need more by now: then it goes on, first down to R,
   which the client acknowledges, then to nothing. Nothing that waits runs in between, and the epoch
   stays (note 248). */
static void settle(struct lease_grant *g, uint32_t state, uint64_t now,
                   struct lease_actions *actions)
{
    uint32_t needed = legal(g->required & state);
    ASSERT(g->breaking);
    g->breaking = false;
    list_remove(&g->in_breaking);
    list_remove(&g->in_breaks);
    g->state = g->break_to = g->required = state;
    if (needed != state) {
        tell(g, state & (W | H) ? needed | R : needed, now, actions);
        g->required = needed;
    }
    if (!g->breaking)
        resume_waits(g->node, actions);
}

void lease_break_failed(struct lease_grant *g, struct lease_actions *actions)
{
    MAGIC_CHECK(g, GRANT_MAGIC);
    if (g->breaking)
        settle(g, 0, 0, actions);
}

struct lease_grant *lease_told_over(const struct lease_table *t, struct lease_grant *g,
                                    const void *way)
{
    const struct list *it = g != NULL ? g->in_breaking.next : t->breaking.next;
    for (; it != &t->breaking; it = it->next) {
        g = LIST_ENTRY(it, struct lease_grant, in_breaking);
        if (g->told_over == way && !list_linked(&g->in_breaks))
            return g;
    }
    return NULL;
}

void lease_expire(struct lease_table *t, uint64_t now, struct lease_actions *actions)
{
    while (!list_empty(&t->breaking)) {
        struct lease_grant *g = LIST_ENTRY(t->breaking.next, struct lease_grant, in_breaking);
        if (g->deadline > now)
            return;
        settle(g, 0, now, actions);
    }
}

uint64_t lease_next_deadline(const struct lease_table *t)
{
    if (list_empty(&t->breaking))
        return UINT64_MAX;
    return LIST_ENTRY(t->breaking.next, struct lease_grant, in_breaking)->deadline;
}

/* ---------------------------------------------------------------- acknowledgments */

smbkit_status lease_ack_oplock(struct lease_open *o, uint8_t *level, uint64_t now,
                               struct lease_actions *actions)
{
    struct lease_grant *g = o->grant;
    if (g == NULL || g->is_lease)
        return SMBKIT_STATUS_INVALID_DEVICE_STATE;
    if (!g->breaking) {
        /* level II has gone without asking ([MS-FSA] 2.1.5.19: it is not the ExclusiveOpen) */
        bool told = g->told_in_vain;
        g->told_in_vain = false;
        return told ? SMBKIT_STATUS_INVALID_OPLOCK_PROTOCOL : SMBKIT_STATUS_INVALID_DEVICE_STATE;
    }
    bool batch = (g->state & H) != 0;
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (*level == 0xff) /* SMB2_OPLOCK_LEVEL_LEASE */
        status = SMBKIT_STATUS_INVALID_PARAMETER;
    else if (*level != LEASE_OPLOCK_II && *level != LEASE_OPLOCK_NONE &&
             !(batch && *level == LEASE_OPLOCK_EXCLUSIVE))
        status = SMBKIT_STATUS_INVALID_OPLOCK_PROTOCOL;
    /* to keep level II when it had to go altogether is as good as giving it up ([MS-FSA] 2.1.5.19);
       so is exclusive instead of batch (note 440) */
    uint32_t state = status == SMBKIT_STATUS_SUCCESS && *level == LEASE_OPLOCK_II ? g->break_to : 0;
    *level = lease_level_of(state);
    settle(g, state, now, actions);
    return status;
}

static uint64_t lease_hash(const struct guid *client, const struct guid *key)
{
    uint8_t both[2 * sizeof(struct guid)];
    memcpy(both, client, sizeof(*client));
    memcpy(both + sizeof(*client), key, sizeof(*key));
    return hash_bytes(both, sizeof(both));
}

smbkit_status lease_ack_lease(struct lease_table *t, const struct guid *client,
                              const struct guid *key, uint32_t state, uint64_t now,
                              struct lease_actions *actions)
{
    struct lease_grant *found = NULL;
    for (struct htab_node *h = htab_first(&t->leases, lease_hash(client, key)); h;
         h = htab_next(h)) {
        struct lease_grant *g = CONTAINER_OF(h, struct lease_grant, in_table);
        if (key_is(g, client, key) && (found == NULL || g->breaking))
            found = g;
    }
    if (found == NULL)
        return SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    if (!found->breaking)
        return SMBKIT_STATUS_UNSUCCESSFUL;
    if (state & ~found->break_to)
        return SMBKIT_STATUS_REQUEST_NOT_ACCEPTED;
    settle(found, legal(state), now, actions);
    return SMBKIT_STATUS_SUCCESS;
}

/* ---------------------------------------------------------------- granting */

/* Locks on bytes that exist: their reads and writes must reach us ([MS-FSA] 2.1.5.18). */
static bool has_locks(const struct lease_node *n, uint64_t allocation)
{
    if (allocation == 0)
        return false;
    return lease_locktree_overlap(&n->exclusive, 0, allocation - 1, 0) != NULL ||
           lease_locktree_overlap(&n->shared, 0, allocation - 1, 0) != NULL;
}

/* Does anybody else, by open or by lease, do more than look at attributes? */
static bool has_others(const struct lease_open *o, const struct lease_grant *lease)
{
    LIST_FOREACH (it, &o->node->opens) {
        const struct lease_open *p = LIST_ENTRY(it, struct lease_open, in_node);
        if (p == o || (lease != NULL && p->grant == lease))
            continue;
        if (p->grant != NULL || !is_stat_open(p->args.access, false))
            return true;
    }
    return false;
}

/* May `o` have `want`, besides the grants of others ([MS-FSA] 2.1.5.18.1, 2.1.5.18.2)? */
static bool can_grant(const struct lease_open *o, const struct lease_grant *lease, uint32_t want,
                      bool as_lease, uint64_t allocation)
{
    const struct lease_node *n = o->node;
    if ((want & W) && has_others(o, lease))
        return false;
    if (!(want & W) && has_locks(n, allocation))
        return false;
    if ((want & H) && as_lease && lease_open_delete_pending(o))
        return false;
    LIST_FOREACH (it, &n->grants) {
        const struct lease_grant *g = LIST_ENTRY(it, struct lease_grant, in_node);
        if (g == lease)
            continue;
        if (g->state & W)
            return false;
        if (as_lease && (want & H) && !g->is_lease && g->state != 0)
            return false;
        if (!as_lease && (g->state & H))
            return false;
    }
    return true;
}

static void grant_set(struct lease_grant *g, uint32_t state)
{
    g->state = g->break_to = g->required = state;
}

void lease_grant_init(struct lease_grant *g)
{
    memset(g, 0, sizeof(*g));
    MAGIC_SET(g, GRANT_MAGIC);
    list_init(&g->in_node);
    list_init(&g->in_breaking);
    list_init(&g->in_breaks);
    list_init(&g->opens);
}

uint8_t lease_grant_oplock(struct lease_open *o, uint8_t level, uint64_t allocation)
{
    uint32_t want = 0;
    ASSERT(lease_open_attached(o) && o->grant == NULL);
    if (o->node->directory)
        return LEASE_OPLOCK_NONE;
    if (level == LEASE_OPLOCK_BATCH)
        want = LEASE_RWH;
    else if (level == LEASE_OPLOCK_EXCLUSIVE)
        want = LEASE_RW;
    else if (level == LEASE_OPLOCK_II)
        want = LEASE_R;
    if ((want & W) && !can_grant(o, NULL, want, false, allocation))
        want = LEASE_R;
    if (want == 0 || (!(want & W) && !can_grant(o, NULL, want, false, allocation)))
        return LEASE_OPLOCK_NONE;
    o->grant = &o->oplock;
    o->oplock.node = o->node;
    grant_set(&o->oplock, want);
    list_append(&o->node->grants, &o->oplock.in_node);
    return lease_level_of(want);
}

static struct lease_grant *lease_find(const struct lease_table *t, const struct guid *client,
                                      const struct guid *key, const struct lease_node *n)
{
    for (struct htab_node *h = htab_first(&t->leases, lease_hash(client, key)); h;
         h = htab_next(h)) {
        struct lease_grant *g = CONTAINER_OF(h, struct lease_grant, in_table);
        if (g->node == n && key_is(g, client, key))
            return g;
    }
    return NULL;
}

smbkit_status lease_key_check(const struct lease_table *t, const struct guid *client,
                              const struct guid *key, const struct lease_node *n)
{
    for (struct htab_node *h = htab_first(&t->leases, lease_hash(client, key)); h;
         h = htab_next(h)) {
        const struct lease_grant *g = CONTAINER_OF(h, struct lease_grant, in_table);
        if (g->node != n && !g->delete_on_close && !g->left && key_is(g, client, key))
            return SMBKIT_STATUS_INVALID_PARAMETER;
    }
    return SMBKIT_STATUS_SUCCESS;
}

void lease_keys_free(struct lease_table *t, uint64_t volume)
{
    for (struct htab_node *h = htab_walk(&t->leases, NULL); h; h = htab_walk(&t->leases, h)) {
        struct lease_grant *g = CONTAINER_OF(h, struct lease_grant, in_table);
        g->left = g->left || g->node->volume == volume;
    }
}

static struct lease_grant *lease_new(struct lease_open *o, const struct lease_request *rq)
{
    struct lease_table *t = o->node->table;
    struct lease_grant *g = mem_zalloc(sizeof(*g));
    if (g == NULL)
        return NULL;
    lease_grant_init(g);
    if (!htab_insert(&t->leases, &g->in_table, lease_hash(&rq->client, &rq->key))) {
        mem_free(g);
        return NULL;
    }
    g->is_lease = true;
    g->node = o->node;
    g->client = rq->client;
    g->key = rq->key;
    g->version = rq->version;
    g->has_parent = rq->has_parent;
    g->parent = rq->parent;
    g->epoch = rq->epoch;
    list_append(&o->node->grants, &g->in_node);
    return g;
}

static void lease_free(struct lease_grant *g)
{
    struct lease_table *t = g->node->table;
    htab_remove(&t->leases, &g->in_table);
    list_remove(&g->in_node);
    list_remove(&g->in_breaking);
    list_remove(&g->in_breaks);
    MAGIC_WIPE(g);
    mem_free(g);
}

/* What the first open of a lease gets ([MS-SMB2] 3.3.5.9: first without W, then without H). */
static uint32_t best_state(const struct lease_open *o, const struct lease_grant *g, uint32_t want,
                           uint64_t allocation)
{
    const uint32_t tries[] = {want, want & ~W, want & ~(W | H)};
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
        if (legal(tries[i]) && can_grant(o, g, tries[i], true, allocation))
            return tries[i];
    return 0;
}

smbkit_status lease_grant_lease(struct lease_open *o, const struct lease_request *rq)
{
    ASSERT(lease_open_attached(o) && o->grant == NULL);
    struct lease_grant *g = lease_find(o->node->table, &rq->client, &rq->key, o->node);
    /* bits that nobody knows, or that mean nothing alone, grant nothing */
    uint32_t want = rq->state & ~LEASE_RWH ? 0 : legal(rq->state);
    if (o->node->directory)
        want &= ~W;
    if (g == NULL) {
        g = lease_new(o, rq);
        if (g == NULL)
            return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
        o->grant = g;
        grant_set(g, best_state(o, g, want, rq->allocation));
        if (g->state != 0)
            g->epoch++;
    } else {
        o->grant = g;
        /* all that is asked for and more than there is, or nothing */
        if (!g->breaking && (want & g->state) == g->state && want != g->state &&
            can_grant(o, g, want, true, rq->allocation)) {
            grant_set(g, want);
            g->epoch++;
        }
    }
    list_append(&g->opens, &o->in_grant);
    g->delete_on_close = g->delete_on_close || rq->delete_on_close;
    return SMBKIT_STATUS_SUCCESS;
}

/* ---------------------------------------------------------------- the end */

void lease_grant_leave(struct lease_open *o, struct lease_actions *actions)
{
    struct lease_grant *g = o->grant;
    if (g == NULL)
        return;
    struct lease_node *n = g->node;
    o->grant = NULL;
    list_remove(&o->in_grant);
    if (g->is_lease && !list_empty(&g->opens))
        return;
    if (g->is_lease) {
        lease_free(g);
    } else {
        list_remove(&g->in_node);
        list_remove(&g->in_breaking);
        list_remove(&g->in_breaks);
        lease_grant_init(g);
    }
    resume_waits(n, actions);
}
