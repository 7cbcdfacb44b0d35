// SPDX-License-Identifier: Apache-2.0
/*
 * Gives memory back to the system after a burst. The C library keeps what hundreds of thousands of
 * opens needed, or files that are deleted by now, because a few blocks that live on lie between
 * them; a server that had one such minute would hold it for months.
 *
 *   QUIET --a burst is over--> WAITING --the timer--> TRIMMING --the worker is done--> QUIET
 *                               |   ^
 *                               '---' the timer; still busy, and opens have not fallen
 *
 * A burst is over when opens have fallen by TRIM_OPENS from the most that there were, or TRIM_OPENS
 * were closed, since the last time. The wait is TRIM_DELAY.
 *
 * The wait takes all closes of a burst together. A worker does it, as it takes some milliseconds
 * for each 100 MB and others that allocate may wait as long: so a busy server is only trimmed when
 * it has far fewer opens than before, and else will need the memory again. Threads: all of it the
 * loop's, but for the work.
 */
#ifndef SERVER_TRIM_H
#define SERVER_TRIM_H

#include "net/pool.h"

#define TRIM_OPENS 16384u
#define TRIM_DELAY (5 * NS_PER_S)
#define TRIM_CALM  500u /* closes in that time are next to none */

enum trim_state { TRIM_QUIET, TRIM_WAITING, TRIM_TRIMMING };

struct trim {
    enum trim_state state;
    struct loop *loop;
    struct pool_owner *owner;
    struct pool_work work;
    struct timer timer;
    uint64_t opens, most;    /* now, and the most since the last time */
    uint64_t closed, before; /* since the last time; ... when the wait began */
};

/* False: memory is out. */
NODISCARD bool trim_init(struct trim *t, struct loop *loop, struct pool *pool);
/* Before the pool stops. Also after a failed or no init (zeros). */
void trim_stop(struct trim *t);
/* Tells how many opens there are; after each round of work. */
void trim_note(struct trim *t, uint64_t opens);

#endif
