// SPDX-License-Identifier: Apache-2.0
/*
 * The reference model of share modes, deletion, byte-range locks, oplocks and leases: a few arrays,
 * walked from end to end for every question. It follows the words of [MS-FSA] 2.1.4.10, 2.1.4.12,
 * 2.1.5.1.2, 2.1.5.8, 2.1.5.9, 2.1.5.18, 2.1.5.19 and [MS-SMB2] 3.3.5.9.8, 3.3.5.22, and shares
 * nothing with src/lease but the numbers of its enums: no sums, no trees, no hashes, no lists.
 *
 * It has no pointers and nothing that only grows but the epochs: two models with the same bytes
 * have the same future.
 */
#ifndef TESTS_LEASE_REF_H
#define TESTS_LEASE_REF_H

#include "lease/step.h"

#define REF_LOCKS 6

struct ref_lock {
    uint8_t range_plus_1, count;
    bool exclusive;
};

struct ref_open {
    bool used, delete_on_close;
    uint8_t file, grant_plus_1;
    uint32_t access, share;
    struct ref_lock locks[REF_LOCKS];
    uint8_t zero[2]; /* no padding: models are compared as bytes */
};

/* `taken`: what operations of others have needed since it was whole. While it breaks the client has
   been told `told`; it may keep `state` & ~`taken` in the end. */
struct ref_grant {
    bool used, breaking;
    uint8_t file, state, taken, told, age;
    uint8_t turn; /* among those that break: the lowest was told first */
    uint16_t epoch;
};

enum ref_wait {
    REF_NOT,
    REF_BREAK, /* for an acknowledgment of somebody else */
    REF_LOCK,  /* for a range */
    REF_WOKEN, /* to be tried again */
};

struct ref_client {
    uint8_t waits; /* enum ref_wait */
    struct step step;
};

struct ref {
    struct ref_open opens[CLIENTS][SLOTS];
    struct ref_grant grants[GRANTS];
    struct ref_client clients[CLIENTS];
    uint8_t age[GRANTS];    /* grants plus 1, the oldest first */
    uint8_t queue[CLIENTS]; /* who waits, plus 1, the longest first */
    bool delete_pending[FILES];
};

void ref_init(struct ref *r);
/* Does the step make sense now? */
bool ref_possible(const struct ref *r, const struct step *s);
void ref_apply(struct ref *r, const struct step *s, struct answer *out);
void ref_view(const struct ref *r, struct view *out);

#endif
