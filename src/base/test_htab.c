// SPDX-License-Identifier: Apache-2.0
/* Tests of the hash table and its hashes. */
#include "base/htab.h"
#include "base/testrand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct item {
    struct htab_node node;
    uint64_t key;
};

static struct item *find(const struct htab *t, uint64_t key, uint64_t hash)
{
    for (struct htab_node *n = htab_first(t, hash); n; n = htab_next(n)) {
        struct item *it = CONTAINER_OF(n, struct item, node);
        if (it->key == key)
            return it;
    }
    return NULL;
}

static void test_empty(void **state)
{
    struct htab t;
    htab_init(&t);
    assert_null(htab_first(&t, 1));
    assert_null(htab_walk(&t, NULL));
    htab_free(&t);
}

static void test_many(void **state)
{
    static struct item items[1000];
    struct htab t;
    htab_init(&t);
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        items[i].key = i;
        assert_true(htab_insert(&t, &items[i].node, hash_u64(i)));
    }
    assert_int_equal(t.count, 1000);
    assert_true(t.mask >= 511); /* it grew */
    for (size_t i = 0; i < ARRAY_LEN(items); i++)
        assert_ptr_equal(find(&t, i, hash_u64(i)), &items[i]);
    assert_null(find(&t, 1000, hash_u64(1000)));
    for (size_t i = 0; i < ARRAY_LEN(items); i += 2)
        htab_remove(&t, &items[i].node);
    size_t seen = 0;
    struct htab_node *next;
    for (struct htab_node *n = htab_walk(&t, NULL); n; n = next) {
        next = htab_walk(&t, n);
        assert_int_equal(CONTAINER_OF(n, struct item, node)->key % 2, 1);
        htab_remove(&t, n);
        seen++;
    }
    assert_int_equal(seen, 500);
    assert_int_equal(t.count, 0);
    htab_free(&t);
}

static void test_same_hash(void **state)
{
    struct item items[40];
    struct htab t;
    htab_init(&t);
    for (size_t i = 0; i < 40; i++) {
        items[i].key = i;
        assert_true(htab_insert(&t, &items[i].node, i % 2 ? 5 : 5 + 16)); /* one bucket at first */
    }
    size_t seen = 0;
    for (struct htab_node *n = htab_first(&t, 5); n; n = htab_next(n))
        seen++;
    assert_int_equal(seen, 20);
    assert_ptr_equal(find(&t, 38, 21), &items[38]);
    htab_free(&t);
}

/* A random run against an array of flags: what is in is found, what is out is not, and a walk sees
   each exactly once. Few different hashes, so that many share one. */
static void test_against_model(void **state)
{
    static struct item items[300];
    static bool in[ARRAY_LEN(items)], seen[ARRAY_LEN(items)];
    struct testrand r = {.state = 1};
    struct htab t;
    htab_init(&t);
    for (int step = 0; step < 20000; step++) {
        size_t i = testrand_below(&r, ARRAY_LEN(items));
        uint64_t hash = hash_u64(i % 100);
        assert_ptr_equal(find(&t, i, hash), in[i] ? &items[i] : NULL);
        items[i].key = i;
        if (in[i])
            htab_remove(&t, &items[i].node);
        else
            assert_true(htab_insert(&t, &items[i].node, hash));
        in[i] = !in[i];
        if (step % 100 != 0)
            continue;
        size_t count = 0;
        memset(seen, 0, sizeof(seen));
        for (struct htab_node *n = htab_walk(&t, NULL); n; n = htab_walk(&t, n)) {
            size_t key = CONTAINER_OF(n, struct item, node)->key;
            assert_true(in[key] && !seen[key]);
            seen[key] = true;
            count++;
        }
        assert_int_equal(count, t.count);
        assert_memory_equal(seen, in, sizeof(in));
    }
    htab_free(&t);
}

/* Reference values made with CPython's hash() of bytes objects, which is SipHash-1-3: first with
   the zero key, then with the key it derives from PYTHONHASHSEED=7. */
static void test_siphash(void **state)
{
    static const uint8_t zero[16];
    static const uint8_t key[16] = {61, 14,  111, 128, 161, 116, 200, 18,
                                    79, 120, 210, 249, 210, 137, 10,  71};
    uint8_t counting[63];
    for (size_t i = 0; i < sizeof(counting); i++)
        counting[i] = (uint8_t)i;
    assert_true(hash_bytes("a", 1) == 0x407448d2b89b1813ull);
    assert_true(hash_bytes("abcdefg", 7) == 0x6db12aae9070f506ull);
    assert_true(hash_bytes("abcdefgh", 8) == 0x3f7b849c0b8e35eaull);
    assert_true(hash_bytes(counting, 63) == 0x385d3e39e5f37359ull);
    hash_set_secret(key);
    assert_true(hash_bytes("a", 1) == 0x58fddb5aae8c3c14ull);
    assert_true(hash_bytes("abcdefghi", 9) == 0x1f5f49c04590eca0ull);
    assert_true(hash_bytes(counting, 63) == 0xb1eaa0579bb21aa3ull);
    hash_set_secret(zero);
}

static void test_hash_u64_spreads(void **state)
{
    /* Ids that count up, and ids that differ only in the high half, fill the low bits evenly. */
    for (int shift = 0; shift <= 48; shift += 16) {
        unsigned hits[64] = {0};
        for (uint64_t i = 0; i < 6400; i++)
            hits[hash_u64(i << shift) % 64]++;
        for (size_t i = 0; i < 64; i++)
            assert_in_range(hits[i], 50, 160);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),     cmocka_unit_test(test_many),
        cmocka_unit_test(test_same_hash), cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_siphash),   cmocka_unit_test(test_hash_u64_spreads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
