// SPDX-License-Identifier: Apache-2.0
/*
 * Hierarchical timer wheel. A due time in milliseconds is read as digits of base 64. A timer lies
 * at the level of the highest digit in which its due time differs from now_ms, in the slot of that
 * digit; one that differs above the top level (further than two years away) lies in `far`; one that
 * is not later than now_ms lies in `overdue`.
 *
 * Invariants: in each level only slots above now_ms's digit hold timers; everything in a lower
 * level is due before everything in a higher one; used[level] has a bit for each slot that is not
 * empty. So the first used slot of the lowest used level says when something happens next, and time
 * jumps from one such event to the next, however long nothing happened. When time enters a slot of
 * a higher level its timers are placed anew, each at a lower level: at most TIMERQ_LEVELS times in
 * a timer's life.
 */
#include "base/timerq.h"

#define DIGIT_BITS 6
#define WHEEL_BITS (TIMERQ_LEVELS * DIGIT_BITS)
#define NO_EVENT   UINT64_MAX

_Static_assert(TIMERQ_SLOTS == 1 << DIGIT_BITS, "a slot for each value of a digit");

static unsigned digit(uint64_t ms, unsigned level)
{
    return (ms >> (level * DIGIT_BITS)) & (TIMERQ_SLOTS - 1);
}

/* Rounded up: never early. */
static uint64_t due_ms(const struct timer *t)
{
    return t->due / NS_PER_MS + (t->due % NS_PER_MS != 0);
}

void timerq_init(struct timerq *q, uint64_t now)
{
    q->now_ms = now / NS_PER_MS;
    q->count = 0;
    list_init(&q->overdue);
    list_init(&q->far);
    for (unsigned level = 0; level < TIMERQ_LEVELS; level++) {
        q->used[level] = 0;
        for (unsigned slot = 0; slot < TIMERQ_SLOTS; slot++)
            list_init(&q->slots[level][slot]);
    }
}

void timer_init(struct timer *t, void (*fire)(struct timer *t))
{
    list_init(&t->node);
    t->due = TIMERQ_NEVER;
    t->fire = fire;
}

bool timer_is_set(const struct timer *t)
{
    return list_linked(&t->node);
}

/* Puts an unlinked timer where it belongs; when it is due at once, at the end of `due`. */
static void place(struct timerq *q, struct timer *t, struct list *due)
{
    uint64_t at = due_ms(t);
    if (at <= q->now_ms) {
        list_append(due, &t->node);
        return;
    }
    unsigned level = (63 - (unsigned)__builtin_clzll(at ^ q->now_ms)) / DIGIT_BITS;
    if (level >= TIMERQ_LEVELS) {
        list_append(&q->far, &t->node);
        return;
    }
    unsigned slot = digit(at, level);
    q->used[level] |= 1ull << slot;
    list_append(&q->slots[level][slot], &t->node);
}

/* Unlinks; when that leaves a slot empty its bit goes, so that nobody wakes up for nothing. The
   last node's neighbours are both the head, and the head's place says which slot it is. */
static void unlink_timer(struct timerq *q, struct timer *t)
{
    const struct list *head = t->node.next;
    bool last = head == t->node.prev;
    list_remove(&t->node);
    uintptr_t off = (uintptr_t)head - (uintptr_t)q->slots;
    if (!last ||
        off >= sizeof(q->slots)) /* in front of it wraps to large; lists outside have no bit */
        return;
    size_t slot = off / sizeof(struct list);
    q->used[slot / TIMERQ_SLOTS] &= ~(1ull << slot % TIMERQ_SLOTS);
}

void timerq_cancel(struct timerq *q, struct timer *t)
{
    if (!timer_is_set(t))
        return;
    unlink_timer(q, t);
    t->due = TIMERQ_NEVER;
    q->count--;
}

void timerq_set(struct timerq *q, struct timer *t, uint64_t due)
{
    timerq_cancel(q, t);
    if (due == TIMERQ_NEVER)
        return;
    t->due = due;
    q->count++;
    place(q, t, &q->overdue);
}

/* When time next enters a slot with timers, and which (level TIMERQ_LEVELS: `far` is looked at). */
static uint64_t next_event(const struct timerq *q, unsigned *level_out, unsigned *slot_out)
{
    *slot_out = 0;
    for (unsigned level = 0; level < TIMERQ_LEVELS; level++) {
        if (q->used[level] == 0)
            continue;
        unsigned slot = (unsigned)__builtin_ctzll(q->used[level]);
        unsigned shift = level * DIGIT_BITS;
        *level_out = level;
        *slot_out = slot;
        return (q->now_ms >> shift >> DIGIT_BITS << DIGIT_BITS | slot) << shift;
    }
    *level_out = TIMERQ_LEVELS;
    return list_empty(&q->far) ? NO_EVENT : ((q->now_ms >> WHEEL_BITS) + 1) << WHEEL_BITS;
}

/* Moves time forward and everything that becomes due to the end of `due`, in order. */
static void advance(struct timerq *q, uint64_t to_ms, struct list *due)
{
    unsigned level, slot;
    uint64_t at;
    while ((at = next_event(q, &level, &slot)) <= to_ms) {
        struct list moved;
        struct list *node;
        list_init(&moved);
        q->now_ms = at;
        if (level < TIMERQ_LEVELS) {
            list_splice(&moved, &q->slots[level][slot]);
            q->used[level] &= ~(1ull << slot);
        } else {
            list_splice(&moved, &q->far);
        }
        while ((node = list_pop(&moved)))
            place(q, LIST_ENTRY(node, struct timer, node), due);
    }
    q->now_ms = MAX(q->now_ms, to_ms);
}

void timerq_run(struct timerq *q, uint64_t now)
{
    struct list due;
    struct list *node;
    list_init(&due);
    list_splice(&due, &q->overdue);
    advance(q, now / NS_PER_MS, &due);
    /* Only now the handlers: what they set for a time already past waits for the next run, so that
       this loop ends. What they cancel leaves `due` by itself. */
    while ((node = list_pop(&due))) {
        struct timer *t = LIST_ENTRY(node, struct timer, node);
        t->due = TIMERQ_NEVER;
        q->count--;
        t->fire(t); /* may free t */
    }
}

uint64_t timerq_next(const struct timerq *q)
{
    unsigned level, slot;
    if (!list_empty(&q->overdue))
        return q->now_ms * NS_PER_MS;
    uint64_t at = next_event(q, &level, &slot);
    return at > (TIMERQ_NEVER - 1) / NS_PER_MS ? (at == NO_EVENT ? TIMERQ_NEVER : TIMERQ_NEVER - 1)
                                               : at * NS_PER_MS;
}
