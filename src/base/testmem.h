// SPDX-License-Identifier: Apache-2.0
/*
 * An allocator for tests: counts the live blocks, fails the nth allocation or a seeded share of
 * them, and fills new blocks with rubbish. Built only for tests (testmem_dep).
 *
 * The usual test of "every allocation can fail" runs a scenario once for each allocation that it
 * makes:
 *
 *     testmem_install();
 *     for (size_t n = 1; testmem_fail_nth(n), scenario(), testmem_failed(); n++)
 *         assert_int_equal(testmem_live(), 0);
 *     testmem_remove();
 *
 * Threads: every allocation from any thread; the other functions only while a single thread runs.
 */
#ifndef BASE_TESTMEM_H
#define BASE_TESTMEM_H

#include "base/compiler.h"

/* Everything from mem.h comes from here from now on. No block may be alive. */
void testmem_install(void);
/* Back to the C library. No block may be alive. */
void testmem_remove(void);

/* Blocks and bytes that were allocated and not yet freed. */
size_t testmem_live(void);
size_t testmem_live_bytes(void);
/* Allocations (and resizes) since the last testmem_fail_*, the failed ones too. */
size_t testmem_count(void);
/* How many of them were made to fail. */
size_t testmem_failed(void);

/* Each of these sets both counts back to zero and replaces what was set before. */
/* The nth allocation from now on fails, 1 the next; only that one. */
void testmem_fail_nth(size_t n);
/* The nth and all after it fail. */
void testmem_fail_from(size_t n);
/* Each fails with a chance of `per_mille` in a thousand; the same seed fails the same ones, as long
   as they come in the same order. */
void testmem_fail_share(unsigned per_mille, uint64_t seed);
/* None fails. */
void testmem_fail_none(void);

#endif
