// SPDX-License-Identifier: Apache-2.0
/*
 * Chained hash table. Invariants: the bucket count is a power of two; a node lies in bucket
 * hash & mask. It grows when there are more nodes than buckets and never shrinks: tables live as
 * long as the server or a connection and are bounded by their owner.
 */
#include "base/htab.h"

#include "base/mem.h"

#define FIRST_BUCKETS 16

void htab_init(struct htab *t)
{
    *t = (struct htab){0};
}

void htab_free(struct htab *t)
{
    mem_free(t->buckets);
    htab_init(t);
}

static void push(struct htab *t, struct htab_node *n)
{
    struct htab_node **bucket = &t->buckets[n->hash & t->mask];
    n->next = *bucket;
    *bucket = n;
}

static bool resize(struct htab *t, size_t n_buckets)
{
    struct htab old = *t;
    struct htab_node **buckets = mem_zarray(n_buckets, sizeof(struct htab_node *));
    if (!buckets)
        return false;
    t->buckets = buckets;
    t->mask = n_buckets - 1;
    for (size_t i = 0; old.buckets && i <= old.mask; i++) {
        struct htab_node *next;
        for (struct htab_node *n = old.buckets[i]; n; n = next) {
            next = n->next;
            push(t, n);
        }
    }
    mem_free(old.buckets);
    return true;
}

bool htab_insert(struct htab *t, struct htab_node *n, uint64_t hash)
{
    if (!t->buckets) {
        if (!resize(t, FIRST_BUCKETS))
            return false;
    } else if (t->count > t->mask) {
        (void)resize(t, (t->mask + 1) * 2); /* without memory: longer chains */
    }
    n->hash = hash;
    push(t, n);
    t->count++;
    return true;
}

void htab_remove(struct htab *t, struct htab_node *n)
{
    ASSERT(t->buckets);
    struct htab_node **link = &t->buckets[n->hash & t->mask];
    while (*link != n) {
        ASSERT(*link); /* the node is not in this table */
        link = &(*link)->next;
    }
    *link = n->next;
    n->next = NULL;
    t->count--;
}

static struct htab_node *with_hash(struct htab_node *n, uint64_t hash)
{
    while (n && n->hash != hash)
        n = n->next;
    return n;
}

struct htab_node *htab_first(const struct htab *t, uint64_t hash)
{
    return t->buckets ? with_hash(t->buckets[hash & t->mask], hash) : NULL;
}

struct htab_node *htab_next(const struct htab_node *n)
{
    return with_hash(n->next, n->hash);
}

struct htab_node *htab_walk(const struct htab *t, const struct htab_node *prev)
{
    if (!t->buckets)
        return NULL;
    if (prev && prev->next)
        return prev->next;
    for (size_t i = prev ? (prev->hash & t->mask) + 1 : 0; i <= t->mask; i++) {
        if (t->buckets[i])
            return t->buckets[i];
    }
    return NULL;
}
