// SPDX-License-Identifier: Apache-2.0
/*
 * Oplocks and leases, small scope, all orders: few clients and files, scripts of few events, each
 * carried out on a fresh table. After each event what the engine has is compared with a model that
 * was written from the pseudocode of [MS-FSA] 2.1.4.12 the other way round: it lists for each state
 * what becomes of it, and knows no sets of bits to be subtracted. The tables of test_oplock.c say
 * what is granted; here it is taken as it comes, and must be safe.
 */
#include "lease/test_oplock.h"

#define CLIENTS 3
#define FILES   2
#define DEPTH   6

enum m_state { M_NONE, M_R, M_RH, M_RW, M_RWH, M_II, M_EX, M_BATCH };

struct m_grant {
    bool open, lease, breaking;
    enum m_state state, to, needed;
};

enum m_event { EV_RWH, EV_RH, EV_R, EV_BATCH, EV_CLOSE, EV_ACK, EV_WRITE, EV_OVERWRITE, EV_SHARE };
#define EVENTS 9

static struct explored {
    struct lease_open open[CLIENTS][FILES];
    struct m_grant model[CLIENTS][FILES];
    struct lease_break_wait wait[CLIENTS]; /* one operation of each client may wait */
    int waits_on[CLIENTS];                 /* the file; -1: none */
    unsigned long scripts, breaks, waits;
} x;

static enum m_state m_of(uint32_t bits, bool lease)
{
    if (!(bits & R))
        return M_NONE;
    if (!lease)
        return bits == RWH ? M_BATCH : bits == RW ? M_EX : M_II;
    return bits == RWH ? M_RWH : bits == RW ? M_RW : bits == RH ? M_RH : M_R;
}

/* What an operation leaves of a state. */
static enum m_state m_after(enum m_state s, enum lease_op op)
{
    static const enum m_state open[] = {M_NONE, M_R, M_RH, M_R, M_RH, M_II, M_II, M_II};
    static const enum m_state share[] = {M_NONE, M_R, M_R, M_RW, M_RW, M_II, M_EX, M_BATCH};
    if (op == LEASE_OP_OPEN)
        return open[s];
    return op == LEASE_OP_SHARING ? share[s] : M_NONE;
}

static bool m_must_wait(enum m_state s, enum lease_op op)
{
    if (op == LEASE_OP_SHARING)
        return s == M_RH || s == M_RWH;
    return s == M_RW || s == M_RWH || s == M_EX || s == M_BATCH;
}

static bool m_acknowledges(enum m_state s)
{
    return s != M_NONE && s != M_R && s != M_II;
}

static bool m_has_w(enum m_state s)
{
    return s == M_RW || s == M_RWH || s == M_EX || s == M_BATCH;
}

static void m_break(struct m_grant *g, enum m_state to)
{
    g->breaking = m_acknowledges(g->state);
    if (!g->breaking)
        g->state = to;
    g->to = g->needed = to;
}

/* An operation of `client` on the file: every other grant; true: it waits. */
static bool m_operation(int client, int file, enum lease_op op)
{
    bool wait = false;
    for (int c = 0; c < CLIENTS; c++) {
        struct m_grant *g = &x.model[c][file];
        bool own = c == client && !(op == LEASE_OP_WRITE && g->state == M_II);
        if (!g->open || own)
            continue;
        wait = wait || m_must_wait(g->state, op);
        enum m_state less = m_after(g->breaking ? g->needed : g->state, op);
        if (g->breaking)
            g->needed = less;
        else if (less != g->state)
            m_break(g, less);
    }
    return wait;
}

static void m_acknowledged(struct m_grant *g)
{
    g->state = g->to;
    g->breaking = false;
    if (g->needed == g->state)
        return;
    enum m_state needed = g->needed;
    m_break(g, m_acknowledges(g->state) ? (g->lease ? M_R : M_II) : needed);
    g->needed = needed;
}

static bool m_file_breaks(int file, int but)
{
    for (int c = 0; c < CLIENTS; c++)
        if (x.model[c][file].breaking && !(c == but && x.model[c][file].lease))
            return true;
    return false;
}

static void compare(int c, int f)
{
    const struct m_grant *g = &x.model[c][f];
    const struct lease_grant *e = x.open[c][f].grant;
    if (!g->open || e == NULL)
        return;
    assert_int_equal(m_of(e->state, g->lease), g->state);
    assert_int_equal(e->breaking, g->breaking);
    if (g->breaking) {
        assert_int_equal(m_of(e->break_to, g->lease), g->to);
        assert_int_equal(m_of(e->required, g->lease), g->needed);
    }
    for (int d = 0; m_has_w(g->state) && d < CLIENTS; d++)
        assert_true(d == c || !x.model[d][f].open || x.model[d][f].state == M_NONE);
}

/* Notifications are taken as sent; what waits goes on when the model says so, and not before. */
static void settle_all(void)
{
    while (list_pop(&acts.breaks) != NULL)
        x.breaks++;
    while (list_pop(&acts.resumed) != NULL)
        continue;
    for (int c = 0; c < CLIENTS; c++) {
        if (x.waits_on[c] < 0)
            continue;
        bool still = lease_break_wait_queued(&x.wait[c]);
        assert_int_equal(still, m_file_breaks(x.waits_on[c], c));
        if (!still)
            x.waits_on[c] = -1;
    }
    for (int c = 0; c < CLIENTS; c++)
        for (int f = 0; f < FILES; f++)
            compare(c, f);
}

static bool do_operation(int c, int f, enum lease_op op)
{
    struct lease_node *n = node_of((uint64_t)f + 1, false);
    struct guid id = guid_of((uint8_t)(c + 1)), key = guid_of((uint8_t)(16 * f + c + 1));
    struct lease_actor a = {.client = &id, .key = &key, .access = READ_WRITE};
    if (x.model[c][f].open)
        a = (struct lease_actor){.open = &x.open[c][f], .access = READ_WRITE};
    bool must = lease_break(n, op, &a, 0, &x.wait[c], &acts);
    lease_node_unref(n);
    assert_int_equal(must, m_operation(c, f, op));
    if (must) {
        x.waits_on[c] = f;
        x.waits++;
    }
    return must;
}

static void do_open(int c, int f, enum m_event ev)
{
    static const uint32_t asks[] = {RWH, RH, R};
    struct lease_open *o = &x.open[c][f];
    struct m_grant *g = &x.model[c][f];
    if (do_operation(c, f, LEASE_OP_OPEN))
        return;
    struct lease_request rq =
        request((uint8_t)(c + 1), (uint8_t)(16 * f + c + 1), ev < EV_BATCH ? asks[ev] : 0);
    attach(o, (uint64_t)f + 1, READ_WRITE, false);
    *g = (struct m_grant){.open = true, .lease = ev < EV_BATCH};
    if (g->lease)
        assert_int_equal(lease_grant_lease(o, &rq), SMBKIT_STATUS_SUCCESS);
    else
        lease_grant_oplock(o, LEASE_OPLOCK_BATCH, 0);
    g->state = o->grant != NULL ? m_of(o->grant->state, g->lease) : M_NONE;
}

static void do_ack(int c, int f)
{
    struct lease_open *o = &x.open[c][f];
    uint8_t level = lease_level_of(o->grant->break_to);
    if (o->grant->is_lease)
        ack(o, o->grant->break_to, SMBKIT_STATUS_SUCCESS);
    else
        ack_level(o, level, level, SMBKIT_STATUS_SUCCESS);
    m_acknowledged(&x.model[c][f]);
}

/* False: makes no sense now. */
static bool do_event(int c, int f, enum m_event ev)
{
    static const enum lease_op ops[] = {LEASE_OP_WRITE, LEASE_OP_OVERWRITE, LEASE_OP_SHARING};
    struct m_grant *g = &x.model[c][f];
    bool acts_anew = ev != EV_ACK && ev != EV_CLOSE;
    if ((acts_anew && x.waits_on[c] >= 0) || (ev == EV_ACK && !g->breaking) ||
        (ev <= EV_BATCH && g->open) || ((ev == EV_CLOSE || ev == EV_WRITE) && !g->open))
        return false;
    if (ev <= EV_BATCH) {
        do_open(c, f, ev);
    } else if (ev == EV_CLOSE) {
        detach(&x.open[c][f]);
        *g = (struct m_grant){0};
    } else if (ev == EV_ACK) {
        do_ack(c, f);
    } else {
        do_operation(c, f, ops[ev - EV_WRITE]);
    }
    settle_all();
    return true;
}

static void clear_all(void)
{
    for (int c = 0; c < CLIENTS; c++) {
        lease_break_cancel(&x.wait[c]);
        for (int f = 0; f < FILES; f++)
            if (x.model[c][f].open)
                detach(&x.open[c][f]);
    }
    while (list_pop(&acts.resumed) != NULL || list_pop(&acts.breaks) != NULL)
        continue;
}

/* Carries out the script; false: an event of it makes no sense. */
static bool play(const uint8_t *script, size_t n)
{
    bool ok = true;
    memset(x.model, 0, sizeof(x.model));
    for (int c = 0; c < CLIENTS; c++) {
        lease_break_wait_init(&x.wait[c]);
        x.waits_on[c] = -1;
    }
    for (size_t i = 0; ok && i < n; i++)
        ok = do_event(script[i] / EVENTS % CLIENTS, script[i] / EVENTS / CLIENTS,
                      (enum m_event)(script[i] % EVENTS));
    clear_all();
    x.scripts++;
    return ok;
}

struct scope {
    unsigned clients, files, depth;
};

static void explore(const struct scope *scope, uint8_t *script, size_t n)
{
    for (unsigned e = 0; n < scope->depth && e < EVENTS * CLIENTS * scope->files; e++) {
        if (e / EVENTS % CLIENTS >= scope->clients)
            continue;
        script[n] = (uint8_t)e;
        if (play(script, n + 1))
            explore(scope, script, n + 1);
    }
}

/* The clients are alike, and so are the files: the first event is client 0's on file 0. */
static void test_all_orders(void **state)
{
    static const struct scope scopes[] = {{3, 2, 4}, {3, 1, 5}, {2, 1, DEPTH}};
    uint8_t script[DEPTH];
    memset(&x, 0, sizeof(x));
    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
        for (unsigned e = 0; e < EVENTS; e++) {
            script[0] = (uint8_t)e;
            if (play(script, 1))
                explore(&scopes[i], script, 1);
        }
    }
    print_message("%lu scripts, %lu notifications, %lu waits\n", x.scripts, x.breaks, x.waits);
    assert_true(x.scripts > 100000 && x.breaks > 10000 && x.waits > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_orders, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
