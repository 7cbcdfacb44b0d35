// SPDX-License-Identifier: Apache-2.0
/* Oplocks and leases, transition by transition, against the pseudocode of [MS-FSA]. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lease/lock.h"
#include "lease/oplock.h"

#define SHARE_ALL   (LEASE_SHARE_READ | LEASE_SHARE_WRITE | LEASE_SHARE_DELETE)
#define READ_WRITE  (LEASE_FILE_READ_DATA | LEASE_FILE_WRITE_DATA)
#define STAT_ACCESS 0x00100180u /* READ_ATTRIBUTES, WRITE_ATTRIBUTES, SYNCHRONIZE */
#define CONTROL     0x00020000u /* READ_CONTROL */
#define NONE        0u
#define R           LEASE_R
#define RH          LEASE_RH
#define RW          LEASE_RW
#define RWH         LEASE_RWH
#define TIMEOUT     35000000000u

static struct lease_table table;
static struct lease_actions acts;

static int setup(void **state)
{
    lease_table_init(&table, &LEASE_LIMITS_DEFAULT);
    lease_actions_init(&acts);
    return 0;
}

static int teardown(void **state)
{
    assert_true(list_empty(&acts.breaks));
    assert_true(list_empty(&acts.resumed));
    assert_int_equal(lease_next_deadline(&table), UINT64_MAX);
    lease_table_free(&table);
    return 0;
}

static struct guid guid_of(uint8_t n)
{
    return (struct guid){{n}};
}

static struct lease_node *node_of(uint64_t file, bool directory)
{
    struct lease_key key = {.volume = 1, .file = file};
    struct lease_node *n = lease_node_get(&table, &key, directory);
    assert_non_null(n);
    return n;
}

static void attach(struct lease_open *o, uint64_t file, uint32_t access, bool directory)
{
    struct lease_node *n = node_of(file, directory);
    lease_open_init(o);
    assert_int_equal(
        lease_open_attach(
            n, o, &(struct lease_open_args){.access = access, .share = SHARE_ALL, .link = file}),
        SMBKIT_STATUS_SUCCESS);
    lease_node_unref(n);
}

static void detach(struct lease_open *o)
{
    lease_open_detach(o, false, &acts);
}

static struct lease_request request(uint8_t client, uint8_t key, uint32_t state)
{
    return (struct lease_request){
        .client = guid_of(client), .key = guid_of(key), .version = 2, .state = state, .epoch = 10};
}

static void lease(struct lease_open *o, uint64_t file, uint8_t client, uint8_t key, uint32_t ask,
                  uint32_t expect)
{
    struct lease_request rq = request(client, key, ask);
    attach(o, file, READ_WRITE, false);
    assert_int_equal(lease_grant_lease(o, &rq), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(o->grant->state, expect);
}

static void oplock(struct lease_open *o, uint64_t file, uint8_t ask, uint8_t expect)
{
    attach(o, file, READ_WRITE, false);
    assert_int_equal(lease_grant_oplock(o, ask, 0), expect);
}

/* The next notification is this one. */
static void told(const struct lease_open *o, uint32_t from, uint32_t to, bool ack)
{
    struct list *it = list_pop(&acts.breaks);
    assert_non_null(it);
    struct lease_grant *g = LIST_ENTRY(it, struct lease_grant, in_breaks);
    assert_ptr_equal(g, o->grant);
    assert_int_equal(g->told_from, from);
    assert_int_equal(g->told_to, to);
    assert_int_equal(g->told_ack, ack);
}

static void told_nothing(void)
{
    assert_true(list_empty(&acts.breaks));
}

static bool resumed(const struct lease_break_wait *w)
{
    if (!list_linked(&w->link) || lease_break_wait_queued(w))
        return false;
    assert_ptr_equal(list_pop(&acts.resumed), &w->link);
    return true;
}

static bool op_by(const struct lease_actor *a, uint64_t file, enum lease_op op,
                  struct lease_break_wait *w)
{
    struct lease_node *n = node_of(file, false);
    if (w != NULL)
        lease_break_wait_init(w);
    bool must = lease_break(n, op, a, 0, w, &acts);
    lease_node_unref(n);
    return must;
}

/* A stranger's operation on file 7. */
static bool op_on(enum lease_op op, struct lease_break_wait *w)
{
    return op_by(&(struct lease_actor){.access = READ_WRITE}, 7, op, w);
}

static void ack(const struct lease_open *o, uint32_t state, smbkit_status expect)
{
    assert_int_equal(lease_ack_lease(&table, &o->grant->client, &o->grant->key, state, 0, &acts),
                     expect);
}

static void ack_level(struct lease_open *o, uint8_t level, uint8_t answer, smbkit_status expect)
{
    assert_int_equal(lease_ack_oplock(o, &level, 0, &acts), expect);
    assert_int_equal(level, answer);
}

/* ---------------------------------------------------------------- what breaks what */

/* [MS-FSA] 2.1.4.12: one operation on one lease. */
static void test_lease_transitions(void **state)
{
    static const struct {
        uint32_t held;
        enum lease_op op;
        uint32_t to;
        bool wait;
    } rows[] = {
        {R, LEASE_OP_OPEN, R, false},         {R, LEASE_OP_OVERWRITE, NONE, false},
        {R, LEASE_OP_SHARING, R, false},      {R, LEASE_OP_WRITE, NONE, false},
        {R, LEASE_OP_RENAME, R, false},       {R, LEASE_OP_CHANGED, NONE, false},
        {RH, LEASE_OP_OPEN, RH, false},       {RH, LEASE_OP_OVERWRITE, NONE, false},
        {RH, LEASE_OP_SHARING, R, true},      {RH, LEASE_OP_WRITE, NONE, false},
        {RH, LEASE_OP_LOCK, NONE, false},     {RH, LEASE_OP_RENAME, R, true},
        {RH, LEASE_OP_LINK, R, true},         {RH, LEASE_OP_DELETE, R, true},
        {RH, LEASE_OP_SECURITY, R, true},     {RW, LEASE_OP_OPEN, R, true},
        {RW, LEASE_OP_OVERWRITE, NONE, true}, {RW, LEASE_OP_SHARING, RW, false},
        {RW, LEASE_OP_WRITE, NONE, true},     {RW, LEASE_OP_RENAME, RW, false},
        {RWH, LEASE_OP_OPEN, RH, true},       {RWH, LEASE_OP_OVERWRITE, NONE, true},
        {RWH, LEASE_OP_SHARING, RW, true},    {RWH, LEASE_OP_SIZE, NONE, true},
        {RWH, LEASE_OP_ZERO, NONE, true},     {RWH, LEASE_OP_DELETE, RW, true},
        {RWH, LEASE_OP_CHANGED, NONE, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lease_open o;
        struct lease_break_wait w;
        lease(&o, 7, 1, 1, rows[i].held, rows[i].held);
        assert_int_equal(op_on(rows[i].op, &w), rows[i].wait);
        if (rows[i].to == rows[i].held) {
            told_nothing();
        } else {
            told(&o, rows[i].held, rows[i].to, rows[i].held != R);
            assert_int_equal(o.grant->breaking, rows[i].held != R);
            assert_int_equal(o.grant->epoch, 12); /* asked with 10, granted, broken */
        }
        if (o.grant->breaking)
            ack(&o, rows[i].to, SMBKIT_STATUS_SUCCESS);
        assert_int_equal(resumed(&w), rows[i].wait);
        assert_int_equal(o.grant->state, rows[i].to);
        detach(&o);
    }
}

/* The same for oplocks. */
static void test_oplock_transitions(void **state)
{
    static const struct {
        uint8_t held;
        enum lease_op op;
        uint8_t to;
        bool wait;
    } rows[] = {
        {LEASE_OPLOCK_II, LEASE_OP_OPEN, LEASE_OPLOCK_II, false},
        {LEASE_OPLOCK_II, LEASE_OP_WRITE, LEASE_OPLOCK_NONE, false},
        {LEASE_OPLOCK_II, LEASE_OP_OVERWRITE, LEASE_OPLOCK_NONE, false},
        {LEASE_OPLOCK_II, LEASE_OP_RENAME, LEASE_OPLOCK_II, false},
        {LEASE_OPLOCK_EXCLUSIVE, LEASE_OP_OPEN, LEASE_OPLOCK_II, true},
        {LEASE_OPLOCK_EXCLUSIVE, LEASE_OP_OVERWRITE, LEASE_OPLOCK_NONE, true},
        {LEASE_OPLOCK_EXCLUSIVE, LEASE_OP_SHARING, LEASE_OPLOCK_EXCLUSIVE, false},
        {LEASE_OPLOCK_EXCLUSIVE, LEASE_OP_RENAME, LEASE_OPLOCK_EXCLUSIVE, false},
        {LEASE_OPLOCK_BATCH, LEASE_OP_OPEN, LEASE_OPLOCK_II, true},
        {LEASE_OPLOCK_BATCH, LEASE_OP_SHARING, LEASE_OPLOCK_BATCH, false},
        {LEASE_OPLOCK_BATCH, LEASE_OP_RENAME, LEASE_OPLOCK_NONE, true},
        {LEASE_OPLOCK_BATCH, LEASE_OP_DELETE, LEASE_OPLOCK_BATCH, false},
        {LEASE_OPLOCK_BATCH, LEASE_OP_LOCK, LEASE_OPLOCK_NONE, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lease_open o;
        struct lease_break_wait w;
        oplock(&o, 7, rows[i].held, rows[i].held);
        assert_int_equal(op_on(rows[i].op, &w), rows[i].wait);
        bool broken = rows[i].to != rows[i].held;
        assert_int_equal(list_linked(&o.grant->in_breaks), broken);
        if (broken)
            told(&o, o.grant->told_from, o.grant->told_to, rows[i].held != LEASE_OPLOCK_II);
        if (o.grant->breaking)
            ack_level(&o, rows[i].to, rows[i].to, SMBKIT_STATUS_SUCCESS);
        assert_int_equal(resumed(&w), rows[i].wait);
        assert_int_equal(lease_level_of(o.grant->state), rows[i].to);
        detach(&o);
    }
}

/* A write takes the writer's own level II oplock ([MS-FSA] 2.1.4.12, BreakToNone), and nothing else
   of its own. */
static void test_own(void **state)
{
    struct lease_open o;
    oplock(&o, 7, LEASE_OPLOCK_II, LEASE_OPLOCK_II);
    assert_false(op_by(&(struct lease_actor){.open = &o}, 7, LEASE_OP_WRITE, NULL));
    told(&o, R, NONE, false);
    ack_level(&o, LEASE_OPLOCK_NONE, LEASE_OPLOCK_NONE, SMBKIT_STATUS_INVALID_OPLOCK_PROTOCOL);
    ack_level(&o, LEASE_OPLOCK_NONE, LEASE_OPLOCK_NONE, SMBKIT_STATUS_INVALID_DEVICE_STATE);
    detach(&o);
    oplock(&o, 7, LEASE_OPLOCK_BATCH, LEASE_OPLOCK_BATCH);
    assert_false(op_by(&(struct lease_actor){.open = &o}, 7, LEASE_OP_WRITE, NULL));
    told_nothing();
    detach(&o);
    lease(&o, 7, 1, 1, RWH, RWH);
    assert_false(op_by(&(struct lease_actor){.open = &o}, 7, LEASE_OP_LOCK, NULL));
    told_nothing();
    /* a CREATE that brings the key; the same key of another client is another's */
    struct guid one = guid_of(1), two = guid_of(2);
    struct lease_actor same = {.client = &one, .key = &one, .access = READ_WRITE};
    struct lease_actor other = {.client = &two, .key = &one, .access = READ_WRITE};
    assert_false(op_by(&same, 7, LEASE_OP_OVERWRITE, NULL));
    told_nothing();
    struct lease_break_wait w;
    assert_true(op_by(&other, 7, LEASE_OP_OPEN, &w));
    told(&o, RWH, RH, true);
    lease_break_cancel(&w);
    detach(&o);
}

/* [MS-FSA] 2.1.4.12, OPEN: looking at attributes breaks nothing. */
static void test_stat_open(void **state)
{
    struct lease_open o;
    struct lease_break_wait w;
    struct lease_actor stat = {.access = STAT_ACCESS}, control = {.access = STAT_ACCESS | CONTROL};
    lease(&o, 7, 1, 1, RWH, RWH);
    assert_false(op_by(&stat, 7, LEASE_OP_OPEN, &w));
    assert_false(op_by(&control, 7, LEASE_OP_OPEN, &w));
    told_nothing();
    detach(&o);
    oplock(&o, 7, LEASE_OPLOCK_BATCH, LEASE_OPLOCK_BATCH);
    assert_false(op_by(&stat, 7, LEASE_OP_OPEN, &w));
    told_nothing();
    assert_true(op_by(&control, 7, LEASE_OP_OPEN, &w));
    told(&o, RWH, R, true);
    lease_break_cancel(&w);
    detach(&o);
}

/* ---------------------------------------------------------------- while it breaks */

/* An overwrite while RWH breaks to RH: remembered, then broken on step by step; the epoch counts
   the first only (note 248). */
static void test_break_on(void **state)
{
    struct lease_open o;
    struct lease_break_wait open, overwrite;
    lease(&o, 7, 1, 1, RWH, RWH);
    assert_true(op_on(LEASE_OP_OPEN, &open));
    told(&o, RWH, RH, true);
    assert_true(op_on(LEASE_OP_OVERWRITE, &overwrite));
    told_nothing();
    assert_int_equal(o.grant->state, RWH);
    ack(&o, RWH, SMBKIT_STATUS_REQUEST_NOT_ACCEPTED);
    ack(&o, RH, SMBKIT_STATUS_SUCCESS);
    told(&o, RH, R, true);
    assert_false(resumed(&open));
    ack(&o, R, SMBKIT_STATUS_SUCCESS);
    told(&o, R, NONE, false);
    assert_true(resumed(&open));
    assert_true(resumed(&overwrite));
    assert_int_equal(o.grant->epoch, 12);
    ack(&o, NONE, SMBKIT_STATUS_UNSUCCESSFUL);
    detach(&o);
}

/* BREAK_TO_TWO_TO_NONE ([MS-FSA] 2.1.5.19): acknowledged with level II, and gone right after. */
static void test_two_to_none(void **state)
{
    struct lease_open o;
    struct lease_break_wait open, overwrite;
    oplock(&o, 7, LEASE_OPLOCK_BATCH, LEASE_OPLOCK_BATCH);
    assert_true(op_on(LEASE_OP_OPEN, &open));
    told(&o, RWH, R, true);
    assert_true(op_on(LEASE_OP_OVERWRITE, &overwrite));
    told_nothing();
    ack_level(&o, LEASE_OPLOCK_II, LEASE_OPLOCK_II, SMBKIT_STATUS_SUCCESS);
    told(&o, R, NONE, false);
    assert_true(resumed(&open));
    assert_true(resumed(&overwrite));
    detach(&o);
}

/* An RH lease on its way to nothing keeps nobody waiting who needs R to be gone; who needs H does
   wait. */
static void test_wait_for_handles_only(void **state)
{
    struct lease_open o;
    struct lease_break_wait w;
    lease(&o, 7, 1, 1, RH, RH);
    assert_false(op_on(LEASE_OP_OVERWRITE, &w));
    told(&o, RH, NONE, true);
    assert_false(op_on(LEASE_OP_WRITE, &w));
    assert_true(op_on(LEASE_OP_SHARING, &w));
    told_nothing();
    ack(&o, NONE, SMBKIT_STATUS_SUCCESS);
    assert_true(resumed(&w));
    detach(&o);
}

static void test_close_resumes(void **state)
{
    struct lease_open a, b;
    struct lease_break_wait w;
    lease(&a, 7, 1, 1, RWH, RWH);
    lease(&b, 7, 1, 1, R, RWH);
    assert_true(op_on(LEASE_OP_OPEN, &w));
    told(&a, RWH, RH, true);
    detach(&a); /* the lease lives on in b */
    assert_false(resumed(&w));
    detach(&b);
    assert_true(resumed(&w));
}

static void test_timeout(void **state)
{
    struct lease_open o, p;
    struct lease_break_wait w, v;
    lease(&o, 7, 1, 1, RWH, RWH);
    oplock(&p, 8, LEASE_OPLOCK_BATCH, LEASE_OPLOCK_BATCH);
    assert_true(op_on(LEASE_OP_OPEN, &w));
    told(&o, RWH, RH, true);
    assert_true(op_by(&(struct lease_actor){.access = READ_WRITE}, 8, LEASE_OP_OPEN, &v));
    told(&p, RWH, R, true);
    assert_int_equal(lease_next_deadline(&table), TIMEOUT);
    lease_expire(&table, TIMEOUT - 1, &acts);
    assert_false(resumed(&w));
    lease_expire(&table, TIMEOUT, &acts);
    assert_true(resumed(&w));
    assert_true(resumed(&v));
    assert_int_equal(o.grant->state, NONE);
    ack(&o, NONE, SMBKIT_STATUS_UNSUCCESSFUL);
    ack_level(&p, LEASE_OPLOCK_II, LEASE_OPLOCK_II, SMBKIT_STATUS_INVALID_DEVICE_STATE);
    detach(&o);
    detach(&p);
}

/* No connection to send it on ([MS-SMB2] 3.3.4.6, 3.3.4.7). */
static void test_not_sent(void **state)
{
    struct lease_open o;
    struct lease_break_wait w;
    lease(&o, 7, 1, 1, RWH, RWH);
    assert_true(op_on(LEASE_OP_OPEN, &w));
    struct list *it = list_pop(&acts.breaks);
    lease_break_failed(LIST_ENTRY(it, struct lease_grant, in_breaks), &acts);
    assert_true(resumed(&w));
    assert_int_equal(o.grant->state, NONE);
    detach(&o);
}

/* Two leases with H, both in the way: both must go. Who has the key of one waits for the other. */
static void test_several(void **state)
{
    struct lease_open a, b;
    struct lease_break_wait w, own;
    struct guid one = guid_of(1);
    lease(&a, 7, 1, 1, RH, RH);
    lease(&b, 7, 2, 2, RH, RH);
    assert_true(op_on(LEASE_OP_SHARING, &w));
    told(&a, RH, R, true);
    told(&b, RH, R, true);
    assert_true(
        op_by(&(struct lease_actor){.client = &one, .key = &one}, 7, LEASE_OP_SHARING, &own));
    ack(&b, R, SMBKIT_STATUS_SUCCESS);
    assert_true(resumed(&own));
    assert_false(resumed(&w));
    ack(&a, R, SMBKIT_STATUS_SUCCESS);
    assert_true(resumed(&w));
    detach(&a);
    detach(&b);
}

static void test_cancel_wait(void **state)
{
    struct lease_open o;
    struct lease_break_wait w, v;
    lease(&o, 7, 1, 1, RWH, RWH);
    assert_true(op_on(LEASE_OP_OPEN, &w));
    told(&o, RWH, RH, true);
    assert_true(op_on(LEASE_OP_OPEN, &v));
    lease_break_cancel(&w);
    ack(&o, RH, SMBKIT_STATUS_SUCCESS);
    lease_break_cancel(&v); /* from the list of those that go on */
    assert_false(resumed(&w));
    assert_false(resumed(&v));
    detach(&o);
}

/* ---------------------------------------------------------------- acknowledgments */

/* [MS-SMB2] 3.3.5.22.1 */
static void test_oplock_ack(void **state)
{
    static const struct {
        uint8_t held, level, answer;
        smbkit_status status;
    } rows[] = {
        {LEASE_OPLOCK_EXCLUSIVE, LEASE_OPLOCK_NONE, LEASE_OPLOCK_NONE, SMBKIT_STATUS_SUCCESS},
        {LEASE_OPLOCK_EXCLUSIVE, LEASE_OPLOCK_EXCLUSIVE, LEASE_OPLOCK_NONE,
         SMBKIT_STATUS_INVALID_OPLOCK_PROTOCOL},
        {LEASE_OPLOCK_EXCLUSIVE, LEASE_OPLOCK_BATCH, LEASE_OPLOCK_NONE,
         SMBKIT_STATUS_INVALID_OPLOCK_PROTOCOL},
        {LEASE_OPLOCK_BATCH, LEASE_OPLOCK_EXCLUSIVE, LEASE_OPLOCK_NONE, SMBKIT_STATUS_SUCCESS},
        {LEASE_OPLOCK_BATCH, LEASE_OPLOCK_BATCH, LEASE_OPLOCK_NONE,
         SMBKIT_STATUS_INVALID_OPLOCK_PROTOCOL},
        {LEASE_OPLOCK_BATCH, 0xff, LEASE_OPLOCK_NONE, SMBKIT_STATUS_INVALID_PARAMETER},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lease_open o;
        struct lease_break_wait w;
        oplock(&o, 7, rows[i].held, rows[i].held);
        ack_level(&o, LEASE_OPLOCK_II, LEASE_OPLOCK_II, SMBKIT_STATUS_INVALID_DEVICE_STATE);
        assert_true(op_on(LEASE_OP_OPEN, &w));
        told(&o, o.grant->state, R, true);
        ack_level(&o, rows[i].level, rows[i].answer, rows[i].status);
        assert_true(resumed(&w)); /* whatever was wrong: the break is over */
        assert_int_equal(o.grant->state, NONE);
        detach(&o);
    }
}

/* 3.3.5.22.2 */
static void test_lease_ack(void **state)
{
    struct lease_open o;
    struct lease_break_wait w;
    struct guid nine = guid_of(9);
    lease(&o, 7, 1, 1, RWH, RWH);
    assert_int_equal(lease_ack_lease(&table, &nine, &nine, 0, 0, &acts),
                     SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    ack(&o, RH, SMBKIT_STATUS_UNSUCCESSFUL);
    assert_true(op_on(LEASE_OP_OPEN, &w));
    told(&o, RWH, RH, true);
    ack(&o, RW, SMBKIT_STATUS_REQUEST_NOT_ACCEPTED);
    ack(&o, NONE, SMBKIT_STATUS_SUCCESS); /* less than was asked for */
    assert_true(resumed(&w));
    assert_int_equal(o.grant->state, NONE);
    detach(&o);
}

/* ---------------------------------------------------------------- granting */

/* [MS-FSA] 2.1.5.18.1, 2.1.5.18.2: what a second open gets besides what the first one has. */
static void test_grant_second_lease(void **state)
{
    static const struct {
        uint32_t held, ask, got;
    } rows[] = {
        {R, R, R},       {R, RH, RH},     {R, RW, R},    {R, RWH, RH},
        {RH, R, R},      {RH, RH, RH},    {RH, RW, R},   {RH, RWH, RH},
        {RW, RWH, NONE}, {NONE, RWH, RH}, {NONE, RW, R}, {R, NONE, NONE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lease_open a, b;
        lease(&a, 7, 1, 1, rows[i].held, rows[i].held);
        lease(&b, 7, 2, 2, rows[i].ask, rows[i].got);
        detach(&b);
        detach(&a);
    }
}

static void test_grant_mixed(void **state)
{
    static const uint8_t asked[] = {LEASE_OPLOCK_II, LEASE_OPLOCK_EXCLUSIVE, LEASE_OPLOCK_BATCH};
    struct lease_open a, b;
    for (size_t i = 0; i < sizeof(asked); i++) {
        lease(&a, 7, 1, 1, R, R);
        oplock(&b, 7, asked[i], LEASE_OPLOCK_II);
        detach(&b);
        detach(&a);
        lease(&a, 7, 1, 1, RH, RH); /* level II and handle caching exclude each other */
        oplock(&b, 7, asked[i], LEASE_OPLOCK_NONE);
        detach(&b);
        detach(&a);
        oplock(&a, 7, LEASE_OPLOCK_II, LEASE_OPLOCK_II);
        oplock(&b, 7, asked[i], LEASE_OPLOCK_II);
        detach(&b);
        lease(&b, 7, 1, 1, RWH, R);
        detach(&b);
        detach(&a);
        attach(&a, 7, STAT_ACCESS, false); /* looks at attributes only: in nobody's way */
        oplock(&b, 7, asked[i], asked[i]);
        detach(&b);
        detach(&a);
    }
}

/* [MS-SMB2] 3.3.5.9.8: more on request, never less, and all or nothing. */
static void test_upgrade(void **state)
{
    static const uint32_t legal[] = {NONE, R, RH, RW, RWH};
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 5; k++) {
            struct lease_open a, b;
            bool more = (legal[k] & legal[i]) == legal[i];
            lease(&a, 7, 1, 1, legal[i], legal[i]);
            lease(&b, 7, 1, 1, legal[k], more ? legal[k] : legal[i]);
            assert_ptr_equal(a.grant, b.grant);
            /* counts what is granted, nothing is not ([MS-SMB2] 3.3.5.9.11) */
            assert_int_equal(a.grant->epoch,
                             10 + (legal[i] != NONE) + (more && legal[k] != legal[i]));
            detach(&b);
            detach(&a);
        }
    }
    /* not to RWH besides somebody else's R, nor to a part of it */
    struct lease_open a, b, c;
    lease(&a, 7, 1, 1, R, R);
    lease(&b, 7, 2, 2, R, R);
    lease(&c, 7, 1, 1, RWH, R);
    detach(&a);
    detach(&b);
    detach(&c);
}

static void test_no_upgrade_while_breaking(void **state)
{
    struct lease_open a, b;
    struct lease_break_wait w;
    lease(&a, 7, 1, 1, RH, RH);
    assert_true(op_on(LEASE_OP_SHARING, &w));
    told(&a, RH, R, true);
    lease(&b, 7, 1, 1, RWH, RH);
    assert_true(b.grant->breaking);
    ack(&a, R, SMBKIT_STATUS_SUCCESS);
    assert_true(resumed(&w));
    detach(&a);
    detach(&b);
}

/* Bits that mean nothing; locks; a file that is going; folders. */
static void test_grant_limits(void **state)
{
    static const uint32_t odd[] = {LEASE_HANDLE_CACHING, LEASE_WRITE_CACHING,
                                   LEASE_HANDLE_CACHING | LEASE_WRITE_CACHING, 0x10 | RH};
    struct lease_open a, b;
    for (size_t i = 0; i < 4; i++) {
        lease(&a, 7, 1, 1, odd[i], NONE);
        detach(&a);
    }
    struct lease_request rq = request(2, 2, RH);
    attach(&a, 7, READ_WRITE, false);
    assert_int_equal(lease_lock(&a, 10, 1, true, NULL), SMBKIT_STATUS_SUCCESS);
    attach(&b, 7, READ_WRITE, false);
    rq.allocation = 10; /* the lock lies behind the end */
    assert_int_equal(lease_grant_lease(&b, &rq), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(b.grant->state, RH);
    detach(&b);
    attach(&b, 7, READ_WRITE, false);
    rq.allocation = 11;
    assert_int_equal(lease_grant_lease(&b, &rq), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(b.grant->state, NONE);
    detach(&b);
    detach(&a);

    attach(&a, 7, READ_WRITE | LEASE_DELETE, false);
    assert_int_equal(lease_set_disposition(&a, &(struct lease_disposition){.delete_file = true}),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(lease_grant_lease(&a, &rq), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(a.grant->state, R); /* IsDeleted: no handle caching */
    assert_int_equal(lease_set_disposition(&a, &(struct lease_disposition){0}),
                     SMBKIT_STATUS_SUCCESS);
    detach(&a);

    attach(&a, 9, READ_WRITE, true);
    rq.state = RWH;
    assert_int_equal(lease_grant_lease(&a, &rq), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(a.grant->state, RH);
    detach(&a);
    attach(&a, 9, READ_WRITE, true);
    assert_int_equal(lease_grant_oplock(&a, LEASE_OPLOCK_BATCH, 0), LEASE_OPLOCK_NONE);
    detach(&a);
}

/* [MS-SMB2] 3.3.5.9.8: one key, one file; unless that one goes when it is closed. */
static void test_key_of_another_file(void **state)
{
    struct guid one = guid_of(1), two = guid_of(2);
    struct lease_open a;
    lease(&a, 7, 1, 1, R, R);
    struct lease_node *n = node_of(8, false);
    assert_int_equal(lease_key_check(&table, &one, &one, a.node), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(lease_key_check(&table, &two, &one, n), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(lease_key_check(&table, &one, &one, n), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(lease_key_check(&table, &one, &one, NULL), SMBKIT_STATUS_INVALID_PARAMETER);
    a.grant->delete_on_close = true;
    assert_int_equal(lease_key_check(&table, &one, &one, n), SMBKIT_STATUS_SUCCESS);
    lease_node_unref(n);
    detach(&a);
}

/* ---------------------------------------------------------------- folders */

/* PARENT_OBJECT: the lease with the actor's parent key stays; the others go, and nobody waits. */
static void test_parent(void **state)
{
    struct lease_open d, e, f;
    struct lease_request rq = request(1, 1, RH), child = request(1, 3, RWH);
    attach(&d, 9, READ_WRITE, true);
    assert_int_equal(lease_grant_lease(&d, &rq), SMBKIT_STATUS_SUCCESS);
    rq = request(2, 2, RH);
    attach(&e, 9, READ_WRITE, true);
    assert_int_equal(lease_grant_lease(&e, &rq), SMBKIT_STATUS_SUCCESS);
    child.has_parent = true;
    child.parent = guid_of(1);
    attach(&f, 7, READ_WRITE, false);
    assert_int_equal(lease_grant_lease(&f, &child), SMBKIT_STATUS_SUCCESS);

    lease_break_parent(&table, &(struct lease_scope){.volume = 1, .has_link = true, .link = 9},
                       &f.grant->parent, 0, &acts);
    told(&e, RH, NONE, true);
    told_nothing();
    struct guid one = guid_of(1);
    lease_break_parent(&table, &(struct lease_scope){.volume = 1, .has_link = true, .link = 9},
                       &one, 0, &acts);
    told_nothing();
    lease_break_parent(&table, &(struct lease_scope){.volume = 2, .has_link = true, .link = 9},
                       NULL, 0, &acts);
    told_nothing(); /* another volume */
    lease_open_renamed(&d, 19);
    lease_break_parent(&table, &(struct lease_scope){.volume = 1, .has_link = true, .link = 9},
                       NULL, 0, &acts);
    told_nothing();
    lease_break_parent(&table, &(struct lease_scope){.volume = 1, .has_link = true, .link = 19},
                       NULL, 0, &acts);
    told(&d, RH, NONE, true);
    told_nothing(); /* e is breaking already */
    detach(&d);
    detach(&e);
    detach(&f);
}

static bool is_grant_of(const struct lease_grant *g, void *ctx)
{
    return g == ((const struct lease_open *)ctx)->grant;
}

/* What the plugin changes goes to the file with its streams, to the whole volume, or to some. */
static void test_changed(void **state)
{
    struct lease_open a, b, stream;
    struct lease_request rq = request(1, 1, RWH);
    struct lease_scope scope = {.volume = 1, .has_link = true, .link = 7};
    struct lease_key key = {.volume = 1, .file = 7, .stream = "S", .stream_len = 1};
    attach(&a, 7, READ_WRITE, false);
    assert_int_equal(lease_grant_lease(&a, &rq), SMBKIT_STATUS_SUCCESS);
    rq = request(1, 2, RWH);
    attach(&b, 8, READ_WRITE, false);
    assert_int_equal(lease_grant_lease(&b, &rq), SMBKIT_STATUS_SUCCESS);
    lease_open_init(&stream);
    struct lease_node *n = lease_node_get(&table, &key, false);
    struct lease_open_args args = a.args;
    assert_int_equal(lease_open_attach(n, &stream, &args), SMBKIT_STATUS_SUCCESS);
    lease_node_unref(n);
    rq = request(1, 3, RWH);
    assert_int_equal(lease_grant_lease(&stream, &rq), SMBKIT_STATUS_SUCCESS);

    scope.concerns = is_grant_of;
    scope.ctx = &b;
    lease_break_changed(&table, &scope, 0, &acts);
    told_nothing(); /* it has another name */
    scope.concerns = NULL;
    lease_break_changed(&table, &scope, 0, &acts);
    told(&a, RWH, NONE, true);
    told(&stream, RWH, NONE, true);
    told_nothing();
    scope.has_link = false;
    scope.concerns = is_grant_of;
    scope.ctx = &a;
    lease_break_changed(&table, &scope, 0, &acts);
    told_nothing();
    scope.volume = 2;
    scope.concerns = NULL;
    lease_break_changed(&table, &scope, 0, &acts);
    told_nothing();
    scope.volume = 1;
    lease_break_changed(&table, &scope, 0, &acts);
    told(&b, RWH, NONE, true);
    told_nothing();
    detach(&stream);
    detach(&a);
    detach(&b);
}

/* ---------------------------------------------------------------- every order of few events */

/*
 * Small scope, all orders: few clients and files, scripts of few events, each carried out on a
 * fresh table. After each event what the engine has is compared with a model that was written from
 * the pseudocode of [MS-FSA] 2.1.4.12 the other way round: it lists for each state what becomes of
 * it, and knows no sets of bits to be subtracted. The tables above say what is granted; here it is
 * taken as it comes, and must be safe.
 */
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
        cmocka_unit_test_setup_teardown(test_lease_transitions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_oplock_transitions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stat_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_break_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_to_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wait_for_handles_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_close_resumes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timeout, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_several, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cancel_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_oplock_ack, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lease_ack, setup, teardown),
        cmocka_unit_test_setup_teardown(test_grant_second_lease, setup, teardown),
        cmocka_unit_test_setup_teardown(test_grant_mixed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_upgrade, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_upgrade_while_breaking, setup, teardown),
        cmocka_unit_test_setup_teardown(test_grant_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key_of_another_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_orders, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
