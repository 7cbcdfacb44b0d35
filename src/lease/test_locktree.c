// SPDX-License-Identifier: Apache-2.0
/* The interval tree against a plain array, its balance, and how much of it a search visits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lease/locktree.h"

#define POOL 600

static uint64_t seed = 88172645463325252u;

static uint64_t rnd(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

/* Height, order and sums are what they must be; returns the height. */
static int check_subtree(const struct lease_lock *l)
{
    if (!l)
        return 0;
    int lh = check_subtree(l->left), rh = check_subtree(l->right);
    assert_in_range(lh - rh + 1, 0, 2);
    assert_int_equal(l->height, MAX(lh, rh) + 1);
    uint64_t max = l->last, owner = l->owner;
    const struct lease_lock *child[] = {l->left, l->right};
    for (int i = 0; i < 2; i++) {
        if (!child[i])
            continue;
        max = MAX(max, child[i]->max_last);
        owner = child[i]->subtree_owner == owner ? owner : 0;
        assert_true(i == 0 ? child[i]->first <= l->first : child[i]->first >= l->first);
    }
    assert_int_equal(l->max_last, max);
    assert_int_equal(l->subtree_owner, owner);
    return l->height;
}

static void check_queries(const struct lease_locktree *t, const struct lease_lock *pool,
                          const bool *in)
{
    uint64_t first = rnd(120), last = first + rnd(20) - 1, except = rnd(4);
    bool expect = false;
    for (size_t i = 0; i < POOL; i++)
        expect |=
            in[i] && first <= pool[i].last && last >= pool[i].first && pool[i].owner != except;
    const struct lease_lock *found = lease_locktree_overlap(t, first, last, except);
    assert_int_equal(found != NULL, expect);
    if (found) {
        assert_true(first <= found->last && last >= found->first);
        assert_int_not_equal(found->owner, except);
    }
}

static void test_against_an_array(void **state)
{
    static struct lease_lock pool[POOL];
    static bool in[POOL];
    struct lease_locktree t = {NULL};
    for (int step = 0; step < 20000; step++) {
        size_t i = rnd(POOL);
        if (in[i]) {
            lease_locktree_remove(&t, &pool[i]);
            in[i] = false;
        } else {
            uint64_t first = 1 + rnd(100), last = first + rnd(12) - 1, owner = 1 + rnd(3);
            struct lease_lock *l = lease_locktree_find(&t, first, last, owner);
            if (l) {
                assert_true(l->first == first && l->last == last && l->owner == owner);
                continue;
            }
            pool[i] = (struct lease_lock){.first = first, .last = last, .owner = owner};
            lease_locktree_insert(&t, &pool[i]);
            in[i] = true;
            assert_ptr_equal(lease_locktree_find(&t, first, last, owner), &pool[i]);
        }
        if (step % 50 == 0)
            check_subtree(t.root);
        check_queries(&t, pool, in);
    }
}

/* Ranges in rising order, the worst for a tree that does not balance itself. */
static void test_depth_stays_logarithmic(void **state)
{
    enum { N = 10000 };
    static struct lease_lock pool[N];
    struct lease_locktree t = {NULL};
    for (uint64_t i = 0; i < N; i++) {
        pool[i] = (struct lease_lock){.first = i * 10, .last = i * 10 + 9, .owner = 1};
        lease_locktree_insert(&t, &pool[i]);
    }
    /* 1.44 * log2(10000) */
    assert_in_range(check_subtree(t.root), 13, 19);
    assert_ptr_equal(lease_locktree_overlap(&t, 99999, UINT64_MAX, 0), &pool[N - 1]);
    assert_null(lease_locktree_overlap(&t, 100000, UINT64_MAX, 0));
    assert_null(lease_locktree_overlap(&t, 0, UINT64_MAX, 1));
    for (uint64_t i = 0; i < N; i += 2)
        lease_locktree_remove(&t, &pool[i]);
    assert_in_range(check_subtree(t.root), 12, 18);
    assert_null(lease_locktree_overlap(&t, 0, 9, 0));
    assert_ptr_equal(lease_locktree_overlap(&t, 0, 10, 0), &pool[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_an_array),
        cmocka_unit_test(test_depth_stays_logarithmic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
