// SPDX-License-Identifier: Apache-2.0
/*
 * The limits of net/listener.h. The table holds only sources that have connections now, so it is
 * bounded by the total.
 *
 * The count of references: one of the owner, one for each admitted connection.
 * Lock: `lock` guards everything. A leaf: nothing is called under it.
 */
#include "base/htab.h"
#include "base/mem.h"
#include "net/admission_int.h"
#include "plat/lock.h"
#include <string.h>

#define TOTAL_MAX 1000000u

/* What a connection is counted by. */
struct source_key {
    uint8_t family;
    uint8_t bytes[8]; /* the /64 of IPv6; the whole of IPv4 */
};

struct source {
    struct htab_node node;
    struct source_key key;
    size_t count;
};

struct admission {
    struct mutex lock;
    size_t refs;
    size_t total, max_total, max_per_source;
    struct htab sources;
};

struct admission *admission_new(size_t max_total, size_t max_per_source)
{
    struct admission *a = mem_zalloc(sizeof(*a));

    if (a == NULL)
        return NULL;
    mutex_init(&a->lock);
    a->refs = 1;
    a->max_total = max_total > 0 ? max_total : TOTAL_MAX;
    a->max_per_source = max_per_source > 0 ? max_per_source : SIZE_MAX;
    htab_init(&a->sources);
    return a;
}

/* Called with the lock, which is gone afterwards, as the object may be. */
static void unref_unlock(struct admission *a)
{
    bool last = --a->refs == 0;

    mutex_unlock(&a->lock);
    if (!last)
        return;
    ASSERT(a->total == 0);
    htab_free(&a->sources);
    mutex_destroy(&a->lock);
    mem_free(a);
}

void admission_free(struct admission *a)
{
    if (a == NULL)
        return;
    mutex_lock(&a->lock);
    unref_unlock(a);
}

size_t admission_count(struct admission *a)
{
    size_t n;

    mutex_lock(&a->lock);
    n = a->total;
    mutex_unlock(&a->lock);
    return n;
}

static struct source_key key_of(const struct net_addr *addr)
{
    struct source_key k = {.family = (uint8_t)addr->family};

    memcpy(k.bytes, addr->bytes, sizeof(k.bytes));
    return k;
}

static struct source *find(struct admission *a, const struct source_key *k, uint64_t hash)
{
    struct htab_node *n;

    for (n = htab_first(&a->sources, hash); n != NULL; n = htab_next(n)) {
        struct source *s = CONTAINER_OF(n, struct source, node);

        if (memcmp(&s->key, k, sizeof(*k)) == 0)
            return s;
    }
    return NULL;
}

static struct source *find_or_add(struct admission *a, const struct source_key *k)
{
    uint64_t hash = hash_bytes(k, sizeof(*k));
    struct source *s = find(a, k, hash);

    if (s != NULL)
        return s;
    s = mem_zalloc(sizeof(*s));
    if (s == NULL)
        return NULL;
    s->key = *k;
    if (!htab_insert(&a->sources, &s->node, hash)) {
        mem_free(s);
        return NULL;
    }
    return s;
}

bool admission_enter(struct admission *a, const struct net_addr *addr)
{
    struct source_key k = key_of(addr);
    struct source *s = NULL;
    bool ok = false;

    mutex_lock(&a->lock);
    if (a->total < a->max_total)
        s = find_or_add(a, &k);
    if (s != NULL && s->count < a->max_per_source) {
        s->count++;
        a->total++;
        a->refs++;
        ok = true;
    }
    mutex_unlock(&a->lock);
    return ok;
}

void admission_leave(struct admission *a, const struct net_addr *addr)
{
    struct source_key k = key_of(addr);
    struct source *s;

    mutex_lock(&a->lock);
    s = find(a, &k, hash_bytes(&k, sizeof(k)));
    ASSERT(s != NULL && s->count > 0);
    if (--s->count == 0) {
        htab_remove(&a->sources, &s->node);
        mem_free(s);
    }
    a->total--;
    unref_unlock(a);
}
