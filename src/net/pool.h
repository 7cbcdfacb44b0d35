// SPDX-License-Identifier: Apache-2.0
/*
 * Worker threads for calls that may block (plugins, disk, Kerberos). Bounded in threads and in
 * waiting work.
 *
 * Each owner (a share, usually) has a queue and a cap of workers, so that an owner whose calls hang
 * cannot take all of them; owners with work waiting take turns. A cap of 1 serialises an owner.
 * When all threads are taken, an owner of whose work nothing runs gets one more.
 * Threads are started when work waits and none is idle.
 *
 * Every accepted work item comes back: `run` on a worker, then `done` on the loop it was submitted
 * with; when it was cancelled, `done` alone.
 * Threads: submitting and cancelling from any thread. One mutex inside; no callback runs under it.
 */
#ifndef NET_POOL_H
#define NET_POOL_H

#include "net/loop.h"

struct pool;
struct pool_owner;

struct pool_work {
    void (*run)(struct pool_work *w);  /* on a worker; may block */
    void (*done)(struct pool_work *w); /* on the loop; may free the work */
    bool cancelled;                    /* run was not called; read it in done */
    /* private */
    struct list node;
    struct loop_task task;
    struct loop *loop;
    struct pool_owner *owner;
    bool queued;
};

/* NULL when memory is out. max_threads: 0 means 64. */
NODISCARD struct pool *pool_new(unsigned max_threads);
/* Takes no more work, runs what waits (or with `cancel` hands it back), and joins the threads:
   blocks until the calls that are running return. Every `done` has been posted when it returns; the
   loops must still exist. All owners must be freed before. */
void pool_stop(struct pool *p, bool cancel);
/* After pool_stop. Owners may be freed later. NULL is allowed. */
void pool_free(struct pool *p);

/* max_workers: 0 means three quarters of the threads. max_queued: work waiting beyond that is
   refused. NULL when memory is out. */
NODISCARD struct pool_owner *pool_owner_new(struct pool *p, unsigned max_workers,
                                            unsigned max_queued);
/* No submits afterwards. What waits or runs still comes back; the memory goes with the last. */
void pool_owner_free(struct pool_owner *o);

/* False when the owner's queue is full, the pool stops, or there is no worker and none can be
   started: nothing will be called then, and the caller answers "insufficient resources". */
NODISCARD bool pool_submit(struct pool_owner *o, struct pool_work *w, struct loop *l);
/* Takes it out of the queue if it has not begun: true, and `done` follows with `cancelled` set.
   False when it runs or ran: then `done` follows as usual. */
bool pool_cancel(struct pool_work *w);

struct pool_stats {
    unsigned threads, idle;
    size_t queued, running;
};
void pool_stats(struct pool *p, struct pool_stats *s);

#endif
