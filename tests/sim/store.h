// SPDX-License-Identifier: Apache-2.0
/*
 * A store (core/store.h) in memory, for tests: what has been recorded stays while cores come and
 * go, and is done when the test says so. A kill takes what was submitted and not done yet.
 *
 *   submit --> waiting --store_run--> recorded, done(true)
 *                 |------store_fail--> dropped, done(false)
 *                 '------store_kill--> forgotten; the core that had submitted it is no more
 */
#ifndef SIM_STORE_H
#define SIM_STORE_H

#include "core/store.h"
#include <stdbool.h>
#include <stddef.h>

struct store_record {
    struct list link;
    uint64_t key;
    uint8_t *data; /* mem.h */
    size_t len;
};

struct store_memory {
    struct core_store store; /* what the core is given */
    struct list records;
    struct list waiting; /* core_store_op.link */
    size_t count;
    uint64_t puts, deletes;
};

void store_init(struct store_memory *s);
void store_free(struct store_memory *s);
/* Carries out up to `max` of what waits, in order, as one transaction: all are recorded before the
   first is told. How many. */
size_t store_run(struct store_memory *s, size_t max);
/* The same, but nothing can be written. */
size_t store_fail(struct store_memory *s, size_t max);
/* The server is killed: its successor takes over, with a new epoch. */
void store_kill(struct store_memory *s);
const struct store_record *store_find(const struct store_memory *s, uint64_t key);

#endif
