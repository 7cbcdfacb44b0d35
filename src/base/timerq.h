// SPDX-License-Identifier: Apache-2.0
/*
 * Timers as a hierarchical wheel: adding and cancelling cost O(1) whatever the number of others.
 * The queue has no clock of its own: the owner passes the time. All times are nanoseconds of a
 * monotonic clock; TIMERQ_NEVER means none. Resolution: one millisecond, never early.
 * Threads: the owner's.
 */
#ifndef BASE_TIMERQ_H
#define BASE_TIMERQ_H

#include "base/list.h"

#define TIMERQ_NEVER UINT64_MAX
#define NS_PER_MS    1000000ull
#define NS_PER_S     1000000000ull

struct timer {
    struct list node;
    uint64_t due; /* ns; TIMERQ_NEVER when not set */
    void (*fire)(struct timer *t);
};

#define TIMERQ_LEVELS 6
#define TIMERQ_SLOTS  64

struct timerq {
    uint64_t now_ms;
    size_t count;
    uint64_t used[TIMERQ_LEVELS]; /* a bit for each slot that is not empty */
    struct list slots[TIMERQ_LEVELS][TIMERQ_SLOTS];
    struct list overdue; /* set for a time already past: for the next run */
    struct list far;     /* beyond the wheel, more than two years away */
};

void timerq_init(struct timerq *q, uint64_t now);
/* Prepares an unset timer. */
void timer_init(struct timer *t, void (*fire)(struct timer *t));
/* Sets or moves it. A time already past fires at the next timerq_run. */
void timerq_set(struct timerq *q, struct timer *t, uint64_t due);
/* Harmless when not set. */
void timerq_cancel(struct timerq *q, struct timer *t);
bool timer_is_set(const struct timer *t);
/* Fires everything due, in order of due time within one millisecond's granularity (first, in the
   order of setting, what was already past when it was set). A timer is unset before its handler is
   called. Handlers may set, cancel and free any timer; what they set for a time up to `now` fires
   in the next run. */
void timerq_run(struct timerq *q, uint64_t now);
/* A time not later than the first timer's (rounded up to the resolution), or TIMERQ_NEVER. It may
   be earlier: a caller that wakes then runs the queue, even if nothing fires, and asks again. */
uint64_t timerq_next(const struct timerq *q);

#endif
