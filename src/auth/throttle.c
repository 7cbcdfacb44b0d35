// SPDX-License-Identifier: Apache-2.0
/* Delays for sources of wrong passwords; the rules are in throttle.h. */
#include "auth/throttle.h"
#include "base/htab.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/timerq.h"

#include <string.h>

#define FREE_FAILURES 3
#define FIRST_DELAY   (100 * NS_PER_MS)
#define LONGEST_DELAY (5 * NS_PER_S)
/* The first count at which the delay is at its longest; more are not counted, so that it takes at
   most this many minutes to be forgotten. */
#define FAILURES_MAX (FREE_FAILURES + 7)
#define FORGET_ONE   (60 * NS_PER_S)

struct source_entry {
    struct htab_node by_source;
    struct list by_age; /* in `ages` or `unused` */
    struct auth_source source;
    unsigned failures;
    uint64_t latest; /* when the latest failure was */
};

struct auth_throttle {
    struct htab sources;
    struct list ages; /* oldest latest failure first */
    struct list unused;
    struct source_entry entries[];
};

struct auth_throttle *auth_throttle_new(size_t max_sources)
{
    ASSERT(max_sources > 0 && max_sources <= 1u << 20);
    struct auth_throttle *t = mem_zalloc(sizeof(*t) + max_sources * sizeof(struct source_entry));
    if (t == NULL)
        return NULL;
    htab_init(&t->sources);
    list_init(&t->ages);
    list_init(&t->unused);
    for (size_t i = 0; i < max_sources; i++)
        list_append(&t->unused, &t->entries[i].by_age);
    return t;
}

void auth_throttle_free(struct auth_throttle *t)
{
    if (t == NULL)
        return;
    htab_free(&t->sources);
    mem_free(t);
}

static uint64_t hash(const struct auth_source *s)
{
    return hash_bytes(s->bytes, sizeof(s->bytes));
}

static struct source_entry *find(const struct auth_throttle *t, const struct auth_source *s)
{
    struct htab_node *n = htab_first(&t->sources, hash(s));
    for (; n != NULL; n = htab_next(n)) {
        struct source_entry *e = CONTAINER_OF(n, struct source_entry, by_source);
        if (memcmp(e->source.bytes, s->bytes, sizeof(s->bytes)) == 0)
            return e;
    }
    return NULL;
}

static void forget(struct auth_throttle *t, struct source_entry *e)
{
    htab_remove(&t->sources, &e->by_source);
    list_remove(&e->by_age);
    list_append(&t->unused, &e->by_age);
}

/* What is left of the failures after the time since. */
static unsigned failures_now(const struct source_entry *e, uint64_t now)
{
    uint64_t forgotten = now > e->latest ? (now - e->latest) / FORGET_ONE : 0;
    return forgotten >= e->failures ? 0 : e->failures - (unsigned)forgotten;
}

static uint64_t delay_for(unsigned failures)
{
    if (failures <= FREE_FAILURES)
        return 0;
    return MIN(FIRST_DELAY << (failures - FREE_FAILURES - 1), LONGEST_DELAY);
}

uint64_t auth_throttle_delay(const struct auth_throttle *t, const struct auth_source *s,
                             uint64_t now)
{
    const struct source_entry *e = find(t, s);
    if (e == NULL)
        return 0;
    uint64_t delay = delay_for(failures_now(e, now));
    uint64_t since = now > e->latest ? now - e->latest : 0;
    return delay > since ? delay - since : 0;
}

static struct source_entry *add(struct auth_throttle *t, const struct auth_source *s)
{
    if (list_empty(&t->unused))
        forget(t, LIST_ENTRY(t->ages.next, struct source_entry, by_age));
    struct source_entry *e = LIST_ENTRY(t->unused.next, struct source_entry, by_age);
    e->source = *s;
    e->failures = 0;
    if (!htab_insert(&t->sources, &e->by_source, hash(s)))
        return NULL; /* no memory for the buckets: this one goes unpunished */
    list_remove(&e->by_age);
    return e;
}

void auth_throttle_failed(struct auth_throttle *t, const struct auth_source *s, uint64_t now)
{
    struct source_entry *e = find(t, s);
    if (e == NULL)
        e = add(t, s);
    if (e == NULL)
        return;
    e->failures = MIN(failures_now(e, now) + 1, FAILURES_MAX);
    e->latest = now;
    list_remove(&e->by_age);
    list_append(&t->ages, &e->by_age);
}

void auth_throttle_succeeded(struct auth_throttle *t, const struct auth_source *s, uint64_t now)
{
    struct source_entry *e = find(t, s);
    if (e == NULL)
        return;
    if (failures_now(e, now) <= 1)
        forget(t, e);
    else
        e->failures--;
}
