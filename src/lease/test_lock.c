// SPDX-License-Identifier: Apache-2.0
/* Byte-range locks: each rule by itself, then thousands of seeded operations against a naive model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lease/lock.h"

#define OK SMBKIT_STATUS_SUCCESS

static struct lease_table table;
static struct lease_actions actions;

static int setup(void **state)
{
    struct lease_limits limits = {.locks_per_open = 20000, .waits_per_node = 8};
    lease_table_init(&table, &limits);
    lease_actions_init(&actions);
    return 0;
}

static int teardown(void **state)
{
    lease_table_free(&table);
    return 0;
}

static void open_on(struct lease_open *o, uint64_t file, bool directory)
{
    struct lease_key key = {.volume = 1, .file = file};
    struct lease_open_args args = {.access = LEASE_FILE_READ_DATA | LEASE_FILE_WRITE_DATA,
                                   .share = LEASE_SHARE_READ | LEASE_SHARE_WRITE};
    struct lease_node *n = lease_node_get(&table, &key, directory);
    assert_non_null(n);
    lease_open_init(o);
    assert_int_equal(lease_open_attach(n, o, &args), OK);
    lease_node_unref(n);
}

static void open2(struct lease_open *a, struct lease_open *b)
{
    open_on(a, 7, false);
    open_on(b, 7, false);
}

static void close_open(struct lease_open *o)
{
    lease_open_detach(o, true, &actions);
}

static smbkit_status lock_x(struct lease_open *o, uint64_t offset, uint64_t length)
{
    return lease_lock(o, offset, length, true, NULL);
}

static smbkit_status lock_s(struct lease_open *o, uint64_t offset, uint64_t length)
{
    return lease_lock(o, offset, length, false, NULL);
}

static smbkit_status unlock(struct lease_open *o, uint64_t offset, uint64_t length)
{
    return lease_unlock(o, offset, length, &actions);
}

/* The next granted wait, or NULL. */
static struct lease_lock_wait *granted(void)
{
    struct list *it = list_pop(&actions.granted);
    return it ? LIST_ENTRY(it, struct lease_lock_wait, link) : NULL;
}

/* The table at the head of lock.h ([MS-FSA] 2.1.4.10). */
static void test_conflict_table(void **state)
{
    static const struct {
        bool held_exclusive, own;
        smbkit_status read, write, shared, exclusive;
    } rows[] = {
        {false, true, OK, SMBKIT_STATUS_FILE_LOCK_CONFLICT, OK, SMBKIT_STATUS_LOCK_NOT_GRANTED},
        {false, false, OK, SMBKIT_STATUS_FILE_LOCK_CONFLICT, OK, SMBKIT_STATUS_LOCK_NOT_GRANTED},
        {true, true, OK, OK, OK, SMBKIT_STATUS_LOCK_NOT_GRANTED},
        {true, false, SMBKIT_STATUS_FILE_LOCK_CONFLICT, SMBKIT_STATUS_FILE_LOCK_CONFLICT,
         SMBKIT_STATUS_LOCK_NOT_GRANTED, SMBKIT_STATUS_LOCK_NOT_GRANTED},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct lease_open a, b;
        open2(&a, &b);
        struct lease_open *o = rows[i].own ? &a : &b;
        assert_int_equal(lease_lock(&a, 100, 10, rows[i].held_exclusive, NULL), OK);
        assert_int_equal(lease_check_io(o, 109, 1, false), rows[i].read);
        assert_int_equal(lease_check_io(o, 91, 10, true), rows[i].write);
        assert_int_equal(lease_check_io(o, 90, 10, true), OK);
        assert_int_equal(lease_check_io(o, 110, 10, true), OK);
        assert_int_equal(lock_x(o, 105, 1), rows[i].exclusive);
        assert_int_equal(lock_s(o, 105, 1), rows[i].shared);
        close_open(&a);
        close_open(&b);
    }
}

/* [MS-FSA] 2.1.5.8: the last byte may be 2^64 - 1 and no further. */
static void test_range_limits(void **state)
{
    struct lease_open a, b;
    open2(&a, &b);
    assert_int_equal(lock_x(&a, UINT64_MAX, 2), SMBKIT_STATUS_INVALID_LOCK_RANGE);
    assert_int_equal(lock_x(&a, 2, UINT64_MAX), SMBKIT_STATUS_INVALID_LOCK_RANGE);
    assert_int_equal(unlock(&a, 2, UINT64_MAX), SMBKIT_STATUS_INVALID_LOCK_RANGE);
    assert_int_equal(lock_x(&a, UINT64_MAX, 1), OK);
    assert_int_equal(lock_x(&a, 0, UINT64_MAX), OK);
    assert_int_equal(lock_x(&b, UINT64_MAX - 1, 1), SMBKIT_STATUS_LOCK_NOT_GRANTED);
    assert_int_equal(lease_check_io(&b, UINT64_MAX, 1, false), SMBKIT_STATUS_FILE_LOCK_CONFLICT);
    assert_int_equal(lease_check_io(&b, UINT64_MAX - 5, 100, false),
                     SMBKIT_STATUS_FILE_LOCK_CONFLICT);
    assert_int_equal(unlock(&a, 0, UINT64_MAX), OK);
    assert_int_equal(lock_x(&b, 1, UINT64_MAX - 1), OK);
    close_open(&a);
    close_open(&b);
}

/* [MS-FSA] 2.1.4.10: a zero-length range lies between two bytes; {0, 0} conflicts with nothing. */
static void test_zero_length(void **state)
{
    struct lease_open a, b;
    open2(&a, &b);
    assert_int_equal(lock_x(&a, 10, 0), OK);
    assert_int_equal(lock_x(&b, 10, 0), OK);
    assert_int_equal(lock_x(&b, 10, 5), OK);
    assert_int_equal(lock_x(&b, 5, 5), OK);
    assert_int_equal(unlock(&b, 5, 5), OK);
    assert_int_equal(lock_x(&b, 5, 6), SMBKIT_STATUS_LOCK_NOT_GRANTED);
    assert_int_equal(lock_x(&a, 11, 0), SMBKIT_STATUS_LOCK_NOT_GRANTED);
    assert_int_equal(lease_check_io(&a, 12, 0, true), OK);
    assert_int_equal(lease_check_io(&b, 9, 2, true), SMBKIT_STATUS_FILE_LOCK_CONFLICT);

    assert_int_equal(lock_x(&a, 0, 0), OK);
    assert_int_equal(lock_x(&b, 0, 0), OK);
    assert_int_equal(lock_x(&b, 0, 1), OK);
    assert_int_equal(unlock(&a, 0, 0), OK);
    assert_int_equal(unlock(&a, 0, 0), SMBKIT_STATUS_RANGE_NOT_LOCKED);
    assert_int_equal(unlock(&b, 0, 0), OK);
    close_open(&a);
    close_open(&b);
}

/* [MS-FSA] 2.1.5.9 */
static void test_unlock_is_exact(void **state)
{
    struct lease_open a, b;
    open2(&a, &b);
    assert_int_equal(lock_s(&a, 10, 10), OK);
    assert_int_equal(unlock(&a, 10, 9), SMBKIT_STATUS_RANGE_NOT_LOCKED);
    assert_int_equal(unlock(&a, 11, 9), SMBKIT_STATUS_RANGE_NOT_LOCKED);
    assert_int_equal(unlock(&b, 10, 10), SMBKIT_STATUS_RANGE_NOT_LOCKED);
    assert_int_equal(unlock(&a, 10, 10), OK);
    assert_int_equal(unlock(&a, 10, 10), SMBKIT_STATUS_RANGE_NOT_LOCKED);
    close_open(&a);
    close_open(&b);
}

/* Shared locks stack, also on an own exclusive one, which an unlock takes first. */
static void test_stacked_locks(void **state)
{
    struct lease_open a, b;
    open2(&a, &b);
    assert_int_equal(lock_x(&a, 10, 10), OK);
    assert_int_equal(lock_s(&a, 10, 10), OK);
    assert_int_equal(lock_s(&a, 10, 10), OK);
    assert_int_equal(a.lock_count, 3);
    assert_int_equal(lease_check_io(&b, 10, 1, false), SMBKIT_STATUS_FILE_LOCK_CONFLICT);
    assert_int_equal(unlock(&a, 10, 10), OK);
    assert_int_equal(lease_check_io(&b, 10, 1, false), OK);
    assert_int_equal(lease_check_io(&b, 10, 1, true), SMBKIT_STATUS_FILE_LOCK_CONFLICT);
    assert_int_equal(unlock(&a, 10, 10), OK);
    assert_int_equal(lease_check_io(&b, 10, 1, true), SMBKIT_STATUS_FILE_LOCK_CONFLICT);
    assert_int_equal(unlock(&a, 10, 10), OK);
    assert_int_equal(lease_check_io(&b, 10, 1, true), OK);
    assert_int_equal(a.lock_count, 0);
    close_open(&a);
    close_open(&b);
}

/* [MS-FSA] 2.1.5.8 */
static void test_directory(void **state)
{
    struct lease_open a;
    open_on(&a, 7, true);
    assert_int_equal(lock_x(&a, 0, 1), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(unlock(&a, 0, 1), SMBKIT_STATUS_INVALID_PARAMETER);
    close_open(&a);
}

/* Waiting */

static void test_unlock_grants_in_order(void **state)
{
    struct lease_open a, b;
    struct lease_lock_wait w[3];
    open2(&a, &b);
    assert_int_equal(lock_x(&a, 0, 100), OK);
    for (int i = 0; i < 3; i++) {
        lease_lock_wait_init(&w[i]);
        assert_int_equal(lease_lock(&b, 50, 10, i == 2, &w[i]), SMBKIT_STATUS_PENDING);
    }
    assert_int_equal(unlock(&a, 0, 100), OK);
    assert_ptr_equal(granted(), &w[0]);
    assert_ptr_equal(granted(), &w[1]);
    assert_null(granted());
    assert_true(lease_lock_wait_queued(&w[2])); /* exclusive behind two shared */
    assert_int_equal(unlock(&b, 50, 10), OK);
    assert_null(granted());
    assert_int_equal(unlock(&b, 50, 10), OK);
    assert_ptr_equal(granted(), &w[2]);
    assert_int_equal(lock_s(&a, 50, 1), SMBKIT_STATUS_LOCK_NOT_GRANTED);
    assert_int_equal(b.lock_count, 1);
    close_open(&a);
    close_open(&b);
}

static void test_close_grants_others_and_cancels_own(void **state)
{
    struct lease_open a, b;
    struct lease_lock_wait wa, wb;
    open2(&a, &b);
    lease_lock_wait_init(&wa);
    lease_lock_wait_init(&wb);
    assert_int_equal(lock_x(&a, 0, 10), OK);
    assert_int_equal(lock_x(&b, 20, 10), OK);
    assert_int_equal(lease_lock(&a, 20, 10, true, &wa), SMBKIT_STATUS_PENDING);
    assert_int_equal(lease_lock(&b, 0, 10, true, &wb), SMBKIT_STATUS_PENDING);
    close_open(&a);
    assert_ptr_equal(granted(), &wb);
    assert_null(granted());
    assert_ptr_equal(list_pop(&actions.cancelled), &wa.link);
    assert_false(lease_lock_wait_queued(&wa));
    assert_int_equal(b.lock_count, 2);
    close_open(&b);
}

static void test_cancel(void **state)
{
    struct lease_open a, b;
    struct lease_lock_wait w;
    open2(&a, &b);
    lease_lock_wait_init(&w);
    assert_false(lease_lock_cancel(&w));
    assert_int_equal(lock_x(&a, 0, 10), OK);
    assert_int_equal(lease_lock(&b, 0, 10, true, &w), SMBKIT_STATUS_PENDING);
    assert_true(lease_lock_cancel(&w));
    assert_false(lease_lock_cancel(&w));
    assert_int_equal(unlock(&a, 0, 10), OK);
    assert_null(granted());
    /* too late: it is granted already */
    assert_int_equal(lock_x(&a, 0, 10), OK);
    assert_int_equal(lease_lock(&b, 0, 10, true, &w), SMBKIT_STATUS_PENDING);
    assert_int_equal(unlock(&a, 0, 10), OK);
    assert_false(lease_lock_cancel(&w));
    assert_ptr_equal(granted(), &w);
    close_open(&a);
    close_open(&b);
}

/* Limits: the floods of struct lease_limits. */
static void test_limits(void **state)
{
    struct lease_open a, b;
    struct lease_lock_wait w[9];
    open2(&a, &b);
    for (uint64_t i = 0; i < 19999; i++)
        assert_int_equal(lock_x(&a, i * 2, 1), OK);
    assert_int_equal(lock_x(&a, 0, 0), OK);
    assert_int_equal(lock_x(&a, 0, 0), SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    assert_int_equal(lock_s(&a, 0, 1), SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    assert_int_equal(unlock(&a, 0, 0), OK);
    assert_int_equal(lock_s(&a, 0, 1), OK);
    for (int i = 0; i < 9; i++) {
        lease_lock_wait_init(&w[i]);
        assert_int_equal(lease_lock(&b, 2, 1, true, &w[i]),
                         i < 8 ? SMBKIT_STATUS_PENDING : SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    }
    close_open(&a);
    assert_ptr_equal(granted(), &w[0]);
    assert_null(granted());
    close_open(&b);
}

/* Requests of several elements ([MS-SMB2] 3.3.5.14.1, 3.3.5.14.2) */

#define X_NOW (LEASE_LOCK_EXCLUSIVE | LEASE_LOCK_FAIL_IMMEDIATELY)
#define S_NOW (LEASE_LOCK_SHARED | LEASE_LOCK_FAIL_IMMEDIATELY)

#define REQUEST(o, ...)                                                        \
    lease_lock_request(o, (const struct lease_lock_elem[]){__VA_ARGS__},       \
                       sizeof((const struct lease_lock_elem[]){__VA_ARGS__}) / \
                           sizeof(struct lease_lock_elem),                     \
                       NULL, &actions)

static void test_locks_all_or_none(void **state)
{
    struct lease_open a, b;
    open2(&a, &b);
    assert_int_equal(lock_x(&b, 40, 10), OK);
    assert_int_equal(lock_x(&a, 0, 10), OK);
    assert_int_equal(REQUEST(&a, {0, 10, S_NOW}, {0, 0, X_NOW}, {10, 10, X_NOW}, {45, 1, S_NOW}),
                     SMBKIT_STATUS_LOCK_NOT_GRANTED);
    assert_int_equal(a.lock_count, 1);
    assert_int_equal(lock_x(&b, 10, 10), OK);
    assert_int_equal(lease_check_io(&b, 0, 1, false), SMBKIT_STATUS_FILE_LOCK_CONFLICT);
    assert_int_equal(REQUEST(&a, {0, 10, S_NOW}, {20, 20, X_NOW}), OK);
    assert_int_equal(a.lock_count, 3);
    assert_int_equal(REQUEST(&a, {0, 10, S_NOW}, {60, UINT64_MAX, X_NOW}),
                     SMBKIT_STATUS_INVALID_LOCK_RANGE);
    assert_int_equal(a.lock_count, 3);
    close_open(&a);
    close_open(&b);
}

static void test_lock_flags(void **state)
{
    struct lease_open a;
    open_on(&a, 7, false);
    const smbkit_status bad = SMBKIT_STATUS_INVALID_PARAMETER;
    assert_int_equal(lease_lock_request(&a, NULL, 0, NULL, &actions), bad);
    assert_int_equal(REQUEST(&a, {0, 1, 0}), bad);
    assert_int_equal(REQUEST(&a, {0, 1, LEASE_LOCK_FAIL_IMMEDIATELY}), bad);
    assert_int_equal(REQUEST(&a, {0, 1, LEASE_LOCK_SHARED | LEASE_LOCK_EXCLUSIVE}), bad);
    assert_int_equal(REQUEST(&a, {0, 1, LEASE_LOCK_SHARED | 0x20}), bad);
    assert_int_equal(REQUEST(&a, {0, 1, LEASE_LOCK_SHARED | LEASE_LOCK_UNLOCK}), bad);
    /* several elements, one of them willing to wait: nothing is done at all */
    assert_int_equal(REQUEST(&a, {0, 1, X_NOW}, {1, 1, LEASE_LOCK_EXCLUSIVE}), bad);
    assert_int_equal(a.lock_count, 0);
    /* an unlock among locks ends the request and what was locked stays */
    assert_int_equal(
        REQUEST(&a, {0, 1, X_NOW}, {1, 1, LEASE_LOCK_UNLOCK | LEASE_LOCK_FAIL_IMMEDIATELY}), bad);
    assert_int_equal(a.lock_count, 1);
    close_open(&a);
}

static void test_unlock_series(void **state)
{
    struct lease_open a, b;
    struct lease_lock_wait w[2];
    open2(&a, &b);
    assert_int_equal(REQUEST(&a, {0, 10, X_NOW}, {10, 10, X_NOW}, {20, 10, X_NOW}), OK);
    for (int i = 0; i < 2; i++)
        lease_lock_wait_init(&w[i]);
    struct lease_lock_elem both = {0, 20, LEASE_LOCK_EXCLUSIVE};
    struct lease_lock_elem third = {25, 1, LEASE_LOCK_EXCLUSIVE};
    assert_int_equal(lease_lock_request(&b, &third, 1, &w[0], &actions), SMBKIT_STATUS_PENDING);
    assert_int_equal(lease_lock_request(&b, &both, 1, &w[1], &actions), SMBKIT_STATUS_PENDING);
    /* the second fails; the first is not rolled back, the third not reached */
    assert_int_equal(REQUEST(&a, {0, 10, LEASE_LOCK_UNLOCK}, {11, 1, LEASE_LOCK_UNLOCK},
                             {20, 10, LEASE_LOCK_UNLOCK}),
                     SMBKIT_STATUS_RANGE_NOT_LOCKED);
    assert_int_equal(a.lock_count, 2);
    assert_null(granted());
    /* neither FAIL_IMMEDIATELY nor a lock among unlocks */
    assert_int_equal(REQUEST(&a, {10, 10, LEASE_LOCK_UNLOCK | LEASE_LOCK_FAIL_IMMEDIATELY}),
                     SMBKIT_STATUS_INVALID_PARAMETER);
    assert_null(granted());
    assert_int_equal(
        REQUEST(&a, {10, 10, LEASE_LOCK_UNLOCK}, {20, 10, LEASE_LOCK_UNLOCK | LEASE_LOCK_SHARED}),
        SMBKIT_STATUS_INVALID_PARAMETER);
    assert_ptr_equal(granted(), &w[1]);
    assert_null(granted());
    assert_int_equal(REQUEST(&a, {20, 10, LEASE_LOCK_UNLOCK}), OK);
    assert_ptr_equal(granted(), &w[0]);
    close_open(&a);
    close_open(&b);
}

/* No memory: a lock fails, a wait fails, and a grant cannot. */
static int fail_in;

static void *failing_alloc(void *ctx, size_t size)
{
    return fail_in-- == 0 ? NULL : test_malloc(size);
}

static void *failing_resize(void *ctx, void *p, size_t size)
{
    return test_realloc(p, size);
}

static void failing_release(void *ctx, void *p)
{
    test_free(p);
}

static void test_no_memory(void **state)
{
    const struct mem_hooks hooks = {failing_alloc, failing_resize, failing_release, NULL};
    struct lease_open a, b;
    struct lease_lock_wait w;
    fail_in = -1;
    mem_set_hooks(&hooks);
    setup(NULL);
    open2(&a, &b);
    lease_lock_wait_init(&w);
    fail_in = 0;
    assert_int_equal(lock_x(&a, 0, 10), SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    fail_in = 1;
    assert_int_equal(REQUEST(&a, {0, 10, X_NOW}, {20, 10, X_NOW}),
                     SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    assert_int_equal(a.lock_count, 0);
    assert_int_equal(lock_x(&a, 0, 10), OK);
    fail_in = 0;
    assert_int_equal(lease_lock(&b, 0, 1, true, &w), SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    assert_false(lease_lock_wait_queued(&w));
    assert_int_equal(lease_lock(&b, 0, 1, true, &w), SMBKIT_STATUS_PENDING);
    fail_in = 0;
    assert_int_equal(unlock(&a, 0, 10), OK);
    assert_ptr_equal(granted(), &w);
    close_open(&a);
    close_open(&b);
    teardown(NULL);
    mem_set_hooks(NULL);
}

/*
 * The model: a list of locks per file, a FIFO of waits, and the text of [MS-FSA] 2.1.4.10.
 */
#define FILES   2
#define CLIENTS 3
#define M_LOCKS 400
#define M_WAITS 8

struct m_lock {
    int client;
    bool exclusive;
    uint64_t offset, length;
    int slot; /* of the wait */
};

struct m_file {
    struct m_lock locks[M_LOCKS];
    size_t lock_count;
    struct m_lock waits[M_WAITS];
    size_t wait_count;
};

static struct m_file model[FILES];
static struct lease_open opens[FILES][CLIENTS];
static struct lease_lock_wait slots[FILES][M_WAITS];
static uint64_t seed;

static uint64_t rnd(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % below;
}

static bool m_conflict(const struct m_file *f, int client, uint64_t offset, uint64_t length,
                       bool exclusive, bool lock_intent)
{
    if (offset == 0 && length == 0)
        return false;
    for (size_t i = 0; i < f->lock_count; i++) {
        const struct m_lock *l = &f->locks[i];
        if (l->offset == 0 && l->length == 0)
            continue;
        uint64_t last1 = offset + length - 1, last2 = l->offset + l->length - 1;
        if (!(offset <= last2 && last1 >= l->offset))
            continue;
        if (l->exclusive) {
            if (l->client != client || (exclusive && lock_intent))
                return true;
        } else if (exclusive) {
            return true;
        }
    }
    return false;
}

static void m_add(struct m_file *f, struct m_lock l)
{
    assert_true(f->lock_count < M_LOCKS);
    f->locks[f->lock_count++] = l;
}

static void m_remove(struct m_lock *array, size_t *count, size_t i)
{
    memmove(&array[i], &array[i + 1], (--*count - i) * sizeof(*array));
}

/* [MS-FSA] 2.1.5.9 */
static smbkit_status m_unlock(struct m_file *f, int client, uint64_t offset, uint64_t length)
{
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < f->lock_count; i++) {
        const struct m_lock *l = &f->locks[i];
        if (l->offset != offset || l->length != length || l->client != client)
            continue;
        found = i;
        if (l->exclusive)
            break;
    }
    if (found == SIZE_MAX)
        return SMBKIT_STATUS_RANGE_NOT_LOCKED;
    m_remove(f->locks, &f->lock_count, found);
    return OK;
}

/* Grants in the model, each of which must be next in the actions. */
static void m_grant(int file)
{
    struct m_file *f = &model[file];
    for (size_t i = 0; i < f->wait_count;) {
        struct m_lock w = f->waits[i];
        if (m_conflict(f, w.client, w.offset, w.length, w.exclusive, true)) {
            i++;
            continue;
        }
        m_add(f, w);
        m_remove(f->waits, &f->wait_count, i);
        assert_ptr_equal(granted(), &slots[file][w.slot]);
    }
    assert_null(granted());
}

static int m_free_slot(int file)
{
    for (int i = 0; i < M_WAITS; i++)
        if (!lease_lock_wait_queued(&slots[file][i]))
            return i;
    return -1;
}

static struct m_lock random_range(int client)
{
    struct m_lock l = {.client = client, .exclusive = rnd(2), .slot = -1};
    l.offset = rnd(40);
    l.length = rnd(3) ? rnd(5) : rnd(20);
    if (rnd(50) == 0) {
        l.offset = UINT64_MAX - rnd(3);
        l.length = rnd(5);
    }
    return l;
}

static bool m_invalid(const struct m_lock *l)
{
    return l->length != 0 && l->offset + l->length - 1 < l->offset;
}

static void step_lock(int file, struct m_lock l)
{
    struct m_file *f = &model[file];
    int slot = rnd(3) == 0 ? m_free_slot(file) : -1;
    struct lease_lock_wait *w = slot >= 0 ? &slots[file][slot] : NULL;
    smbkit_status got = lease_lock(&opens[file][l.client], l.offset, l.length, l.exclusive, w);
    if (m_invalid(&l)) {
        assert_int_equal(got, SMBKIT_STATUS_INVALID_LOCK_RANGE);
    } else if (!m_conflict(f, l.client, l.offset, l.length, l.exclusive, true)) {
        assert_int_equal(got, OK);
        m_add(f, l);
    } else if (!w) {
        assert_int_equal(got, SMBKIT_STATUS_LOCK_NOT_GRANTED);
    } else {
        assert_int_equal(got, SMBKIT_STATUS_PENDING);
        l.slot = slot;
        f->waits[f->wait_count++] = l;
    }
}

/* Up to four locks at once; the model takes them one by one and gives them back. */
static void step_series(int file, int client)
{
    struct m_file *f = &model[file];
    struct lease_lock_elem e[4];
    size_t count = 1 + rnd(4), before = f->lock_count;
    smbkit_status expect = OK;
    for (size_t i = 0; i < count; i++) {
        struct m_lock l = random_range(client);
        e[i] = (struct lease_lock_elem){l.offset, l.length, l.exclusive ? X_NOW : S_NOW};
        if (expect != OK)
            continue;
        if (m_invalid(&l))
            expect = SMBKIT_STATUS_INVALID_LOCK_RANGE;
        else if (m_conflict(f, client, l.offset, l.length, l.exclusive, true))
            expect = SMBKIT_STATUS_LOCK_NOT_GRANTED;
        else
            m_add(f, l);
    }
    if (expect != OK)
        f->lock_count = before;
    assert_int_equal(lease_lock_request(&opens[file][client], e, count, NULL, &actions), expect);
}

static void step_unlock(int file, int client)
{
    struct m_file *f = &model[file];
    struct m_lock l = random_range(client);
    if (f->lock_count > 0 && rnd(4))
        l = f->locks[rnd(f->lock_count)]; /* mostly something that is held, perhaps by another */
    smbkit_status expect =
        m_invalid(&l) ? SMBKIT_STATUS_INVALID_LOCK_RANGE : m_unlock(f, client, l.offset, l.length);
    assert_int_equal(unlock(&opens[file][client], l.offset, l.length), expect);
    m_grant(file);
}

static void step_io(int file, int client)
{
    uint64_t offset = rnd(45), length = rnd(8);
    bool write = rnd(2);
    bool conflict = length && m_conflict(&model[file], client, offset, length, write, false);
    assert_int_equal(lease_check_io(&opens[file][client], offset, length, write),
                     conflict ? SMBKIT_STATUS_FILE_LOCK_CONFLICT : OK);
}

static void step_cancel(int file)
{
    struct m_file *f = &model[file];
    if (f->wait_count == 0)
        return;
    size_t i = rnd(f->wait_count);
    assert_true(lease_lock_cancel(&slots[file][f->waits[i].slot]));
    m_remove(f->waits, &f->wait_count, i);
}

static void step_reopen(int file, int client)
{
    struct m_file *f = &model[file];
    close_open(&opens[file][client]);
    for (size_t i = 0; i < f->wait_count;) {
        struct m_lock w = f->waits[i];
        if (w.client != client) {
            i++;
            continue;
        }
        m_remove(f->waits, &f->wait_count, i);
        assert_ptr_equal(list_pop(&actions.cancelled), &slots[file][w.slot].link);
    }
    assert_true(list_empty(&actions.cancelled));
    for (size_t i = 0; i < f->lock_count;)
        if (f->locks[i].client == client)
            m_remove(f->locks, &f->lock_count, i);
        else
            i++;
    m_grant(file);
    open_on(&opens[file][client], (uint64_t)file, false);
}

static void check_counts(int file)
{
    for (int c = 0; c < CLIENTS; c++) {
        uint32_t count = 0;
        for (size_t i = 0; i < model[file].lock_count; i++)
            count += model[file].locks[i].client == c;
        assert_int_equal(opens[file][c].lock_count, count);
    }
    assert_int_equal(opens[file][0].node->wait_count, model[file].wait_count);
}

static void run_model(uint64_t with_seed, int steps)
{
    seed = with_seed;
    memset(model, 0, sizeof(model));
    for (int f = 0; f < FILES; f++) {
        for (int c = 0; c < CLIENTS; c++)
            open_on(&opens[f][c], (uint64_t)f, false);
        for (int i = 0; i < M_WAITS; i++)
            lease_lock_wait_init(&slots[f][i]);
    }
    for (int i = 0; i < steps; i++) {
        int file = (int)rnd(FILES), client = (int)rnd(CLIENTS);
        uint64_t what = rnd(100);
        if (what < 20)
            step_lock(file, random_range(client));
        else if (what < 26)
            step_series(file, client);
        else if (what < 60)
            step_unlock(file, client);
        else if (what < 95)
            step_io(file, client);
        else if (what < 98)
            step_cancel(file);
        else
            step_reopen(file, client);
        check_counts(file);
    }
    for (int f = 0; f < FILES; f++)
        for (int c = 0; c < CLIENTS; c++)
            close_open(&opens[f][c]);
    lease_actions_init(&actions);
}

static void test_against_model(void **state)
{
    for (uint64_t s = 1; s <= 10; s++)
        run_model(s * 0x9e3779b97f4a7c15u, 5000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_conflict_table),
        TEST(test_range_limits),
        TEST(test_zero_length),
        TEST(test_unlock_is_exact),
        TEST(test_stacked_locks),
        TEST(test_directory),
        TEST(test_unlock_grants_in_order),
        TEST(test_close_grants_others_and_cancels_own),
        TEST(test_cancel),
        TEST(test_limits),
        TEST(test_locks_all_or_none),
        TEST(test_lock_flags),
        TEST(test_unlock_series),
        cmocka_unit_test(test_no_memory),
        TEST(test_against_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
