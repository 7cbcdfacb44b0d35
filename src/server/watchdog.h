// SPDX-License-Identifier: Apache-2.0
/*
 * Names who stops the loop: a callback of an ASYNC plugin or filter that does not return. Nothing
 * that the loop does itself could, because its timers stand still too; so a thread looks on.
 *
 *   IDLE --watchdog_begin--> CALLING --watchdog_end--> IDLE
 *                              | the same call for `limit`: the thread writes it down
 *                              v
 *                           NAMED --watchdog_end, which says that it is over--> IDLE
 *
 * Threads: begin and end on the loop's; init and stop on whichever owns the
 * server. `call` is the number of the call times 4 plus its state. What the call is about is plain
 * memory: written by the loop before it stores CALLING, read by the thread only under `lock` while
 * the call cannot end: an end that finds NAMED, or that comes while the thread reads (READING),
 * takes the lock first. An end that finds CALLING does not, so a call costs two atomic operations.
 */
#ifndef SERVER_WATCHDOG_H
#define SERVER_WATCHDOG_H

#include "base/log.h"
#include "plat/lock.h"
#include "plat/thread.h"
#include <stdatomic.h>

struct watchdog {
    const struct log *log;
    uint64_t tick, limit; /* ns: how often it looks; how long a call may take */
    bool running;         /* the loop's: the thread was started */
    bool failed;          /* ... or could not be */
    struct thread thread;
    struct mutex lock;
    struct cond wake;
    bool stop; /* guarded by lock */
    _Atomic uint64_t call;
    unsigned depth;                         /* the loop's: of calls inside each other */
    uint64_t number;                        /* the loop's: of the call */
    const char *share, *holder, *operation; /* of the call; borrowed until it ends */
    uint64_t seen;                          /* the thread's: `call` when it looked last, */
    uint64_t since;                         /* and when it saw that first; guarded by lock */
};

void watchdog_init(struct watchdog *w, const struct log *log, uint64_t tick, uint64_t limit);
/* Ends the thread; no call may be under way. */
void watchdog_stop(struct watchdog *w);

/* Around every call that is made on the loop. A callback that removes a share may have others
   called inside it: then the outer one counts. The thread starts with the first one, so that a
   server without ASYNC plugins has none. */
void watchdog_begin(struct watchdog *w, const char *share, const char *holder,
                    const char *operation);
void watchdog_end(struct watchdog *w);

#endif
