// SPDX-License-Identifier: Apache-2.0
/* Oplocks and leases, transition by transition, against the pseudocode of [MS-FSA]. */
#include "lease/test_oplock.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
