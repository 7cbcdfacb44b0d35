// SPDX-License-Identifier: Apache-2.0
/*
 * Intrusive hash table, chained, growing by doubling. The caller gives the hash and compares; the
 * table owns only its bucket array. When growing fails for lack of memory it stays as it is and
 * gets slower, never wrong.
 * Threads: the owner's.
 */
#ifndef BASE_HTAB_H
#define BASE_HTAB_H

#include "base/compiler.h"

struct htab_node {
    struct htab_node *next;
    uint64_t hash;
};

struct htab {
    struct htab_node **buckets;
    size_t mask; /* bucket count - 1; 0 with buckets == NULL: empty */
    size_t count;
};

void htab_init(struct htab *t);
/* Frees the bucket array; the entries are the caller's. */
void htab_free(struct htab *t);
/* False only when memory is out for the very first buckets; later growth may fail silently. */
NODISCARD bool htab_insert(struct htab *t, struct htab_node *n, uint64_t hash);
/* The node must be in the table. */
void htab_remove(struct htab *t, struct htab_node *n);
/* First node with that hash or NULL; htab_next the following one with the same hash. */
struct htab_node *htab_first(const struct htab *t, uint64_t hash);
struct htab_node *htab_next(const struct htab_node *n);
/* Walks everything in bucket order: start with NULL. The table must not change in between, except
   that the node just returned may be removed after its successor was fetched. */
struct htab_node *htab_walk(const struct htab *t, const struct htab_node *prev);

/* Mixes a 64-bit integer key. */
uint64_t hash_u64(uint64_t key);
/* Hashes bytes with a per-process secret (SipHash-like strength is needed where clients choose the
   key, so that nobody can aim all names at one bucket). */
uint64_t hash_bytes(const void *data, size_t len);
/* Sets that secret; called once before main with random bytes. Tests leave it at zero. */
void hash_set_secret(const uint8_t secret[16]);

#endif
