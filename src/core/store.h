// SPDX-License-Identifier: Apache-2.0
/*
 * Where what must survive the server is recorded: a table of records by key, kept by the host. The
 * core says what to put and to delete, and holds a reply back until it is told that this is done.
 *
 *   load: each, once, before the first client       submit ... submit  --later-->  done ... done
 *
 * Shaped so that a file, a database and a store that several machines share can serve it:
 *   - puts and deletes are by key, and complete in the order in which they were submitted. The
 * store may write many of them in one transaction, then all complete together.
 *   - `done` with true means: the record is found after whatever ends the server. With false it may
 *     be there or not.
 *   - `epoch` is larger each time that a server takes the store over. A store that is shared
 *     completes operations of an older epoch with false: who has lost it can change nothing more
 *     (fencing).
 *
 * Ownership: an operation and its data are the core's, and stay until `done`. Threads: everything
 * here is called on the core's thread; `done` is never called from inside `submit`.
 */
#ifndef CORE_STORE_H
#define CORE_STORE_H

#include "base/list.h"

/* Of one record: an open with as many locks as it may have fits. */
#define CORE_STORE_RECORD_MAX (4u << 20)

struct core_store_op {
    struct list link; /* the store's until it is done */
    uint64_t key;
    const uint8_t *data; /* NULL: the record is deleted; none of that key is no error */
    size_t len;
    void (*done)(struct core_store_op *op, bool ok);
};

struct core_store {
    void *ctx;
    uint64_t epoch;
    void (*submit)(void *ctx, struct core_store_op *op);
    /* Calls fn for each record, in no order, until it says false. The bytes are valid during the
       call. False: it could not be read to the end. */
    bool (*each)(void *ctx, bool (*fn)(void *arg, uint64_t key, const uint8_t *data, size_t len),
                 void *arg);
};

#endif
