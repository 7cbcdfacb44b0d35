// SPDX-License-Identifier: Apache-2.0
/* See store.h. */
#include "sim/store.h"
#include "base/mem.h"

static struct store_record *find(const struct store_memory *s, uint64_t key)
{
    LIST_FOREACH (it, &s->records) {
        struct store_record *r = LIST_ENTRY(it, struct store_record, link);
        if (r->key == key)
            return r;
    }
    return NULL;
}

const struct store_record *store_find(const struct store_memory *s, uint64_t key)
{
    return find(s, key);
}

static void forget(struct store_memory *s, struct store_record *r)
{
    list_remove(&r->link);
    mem_free(r->data);
    mem_free(r);
    s->count--;
}

static bool put(struct store_memory *s, const struct core_store_op *op)
{
    struct store_record *old = find(s, op->key);
    struct store_record *r = mem_zalloc(sizeof *r);
    uint8_t *data = r != NULL ? mem_dup(op->data, op->len) : NULL;
    if (data == NULL) {
        mem_free(r);
        return false;
    }
    if (old != NULL)
        forget(s, old);
    *r = (struct store_record){.key = op->key, .data = data, .len = op->len};
    list_append(&s->records, &r->link);
    s->count++;
    s->puts++;
    return true;
}

static bool carry_out(struct store_memory *s, const struct core_store_op *op)
{
    if (op->data != NULL)
        return put(s, op);
    struct store_record *old = find(s, op->key);
    if (old != NULL)
        forget(s, old);
    s->deletes++;
    return true;
}

static void submit(void *ctx, struct core_store_op *op)
{
    struct store_memory *s = ctx;
    ASSERT(op->len <= CORE_STORE_RECORD_MAX);
    list_append(&s->waiting, &op->link);
}

static bool each(void *ctx, bool (*fn)(void *arg, uint64_t key, const uint8_t *data, size_t len),
                 void *arg)
{
    struct store_memory *s = ctx;
    LIST_FOREACH_SAFE (it, tmp, &s->records) {
        struct store_record *r = LIST_ENTRY(it, struct store_record, link);
        if (!fn(arg, r->key, r->data, r->len))
            break;
    }
    return true;
}

void store_init(struct store_memory *s)
{
    *s = (struct store_memory){.store = {.ctx = s, .epoch = 1, .submit = submit, .each = each}};
    list_init(&s->records);
    list_init(&s->waiting);
}

void store_free(struct store_memory *s)
{
    ASSERT(list_empty(&s->waiting));
    while (!list_empty(&s->records))
        forget(s, LIST_ENTRY(s->records.next, struct store_record, link));
}

/* What `done` submits anew comes with the next transaction. */
static size_t run(struct store_memory *s, size_t max, bool works)
{
    struct list done, failed, *it;
    size_t n = 0;
    list_init(&done);
    list_init(&failed);
    for (; n < max && (it = list_pop(&s->waiting)) != NULL; n++) {
        struct core_store_op *op = LIST_ENTRY(it, struct core_store_op, link);
        list_append(works && carry_out(s, op) ? &done : &failed, it);
    }
    while ((it = list_pop(&done)) != NULL)
        LIST_ENTRY(it, struct core_store_op, link)
            ->done(LIST_ENTRY(it, struct core_store_op, link), true);
    while ((it = list_pop(&failed)) != NULL)
        LIST_ENTRY(it, struct core_store_op, link)
            ->done(LIST_ENTRY(it, struct core_store_op, link), false);
    return n;
}

size_t store_run(struct store_memory *s, size_t max)
{
    return run(s, max, true);
}

size_t store_fail(struct store_memory *s, size_t max)
{
    return run(s, max, false);
}

void store_kill(struct store_memory *s)
{
    while (list_pop(&s->waiting) != NULL) {
    }
    s->store.epoch++;
}
