// SPDX-License-Identifier: Apache-2.0
/*
 * What the tests of oplocks and leases share: a table, what its engine has asked to be done, and
 * short words for opens, grants, operations, acknowledgments and what is told.
 */
#ifndef LEASE_TEST_OPLOCK_H
#define LEASE_TEST_OPLOCK_H

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

static inline int setup(void **state)
{
    lease_table_init(&table, &LEASE_LIMITS_DEFAULT);
    lease_actions_init(&acts);
    return 0;
}

static inline int teardown(void **state)
{
    assert_true(list_empty(&acts.breaks));
    assert_true(list_empty(&acts.resumed));
    assert_int_equal(lease_next_deadline(&table), UINT64_MAX);
    lease_table_free(&table);
    return 0;
}

static inline struct guid guid_of(uint8_t n)
{
    return (struct guid){{n}};
}

static inline struct lease_node *node_of(uint64_t file, bool directory)
{
    struct lease_key key = {.volume = 1, .file = file};
    struct lease_node *n = lease_node_get(&table, &key, directory);
    assert_non_null(n);
    return n;
}

static inline void attach(struct lease_open *o, uint64_t file, uint32_t access, bool directory)
{
    struct lease_node *n = node_of(file, directory);
    lease_open_init(o);
    assert_int_equal(
        lease_open_attach(
            n, o, &(struct lease_open_args){.access = access, .share = SHARE_ALL, .link = file}),
        SMBKIT_STATUS_SUCCESS);
    lease_node_unref(n);
}

static inline void detach(struct lease_open *o)
{
    lease_open_detach(o, false, &acts);
}

static inline struct lease_request request(uint8_t client, uint8_t key, uint32_t state)
{
    return (struct lease_request){
        .client = guid_of(client), .key = guid_of(key), .version = 2, .state = state, .epoch = 10};
}

static inline void lease(struct lease_open *o, uint64_t file, uint8_t client, uint8_t key,
                         uint32_t ask, uint32_t expect)
{
    struct lease_request rq = request(client, key, ask);
    attach(o, file, READ_WRITE, false);
    assert_int_equal(lease_grant_lease(o, &rq), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(o->grant->state, expect);
}

static inline void oplock(struct lease_open *o, uint64_t file, uint8_t ask, uint8_t expect)
{
    attach(o, file, READ_WRITE, false);
    assert_int_equal(lease_grant_oplock(o, ask, 0), expect);
}

/* The next notification is this one. */
static inline void told(const struct lease_open *o, uint32_t from, uint32_t to, bool ack)
{
    struct list *it = list_pop(&acts.breaks);
    assert_non_null(it);
    struct lease_grant *g = LIST_ENTRY(it, struct lease_grant, in_breaks);
    assert_ptr_equal(g, o->grant);
    assert_int_equal(g->told_from, from);
    assert_int_equal(g->told_to, to);
    assert_int_equal(g->told_ack, ack);
}

static inline void told_nothing(void)
{
    assert_true(list_empty(&acts.breaks));
}

static inline bool resumed(const struct lease_break_wait *w)
{
    if (!list_linked(&w->link) || lease_break_wait_queued(w))
        return false;
    assert_ptr_equal(list_pop(&acts.resumed), &w->link);
    return true;
}

static inline bool op_by(const struct lease_actor *a, uint64_t file, enum lease_op op,
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
static inline bool op_on(enum lease_op op, struct lease_break_wait *w)
{
    return op_by(&(struct lease_actor){.access = READ_WRITE}, 7, op, w);
}

static inline void ack(const struct lease_open *o, uint32_t state, smbkit_status expect)
{
    assert_int_equal(lease_ack_lease(&table, &o->grant->client, &o->grant->key, state, 0, &acts),
                     expect);
}

static inline void ack_level(struct lease_open *o, uint8_t level, uint8_t answer,
                             smbkit_status expect)
{
    assert_int_equal(lease_ack_oplock(o, &level, 0, &acts), expect);
    assert_int_equal(level, answer);
}

#endif
