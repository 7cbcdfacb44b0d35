// SPDX-License-Identifier: Apache-2.0
/*
 * Open.LockSequenceArray ([MS-SMB2] 3.3.1.10, 3.3.5.14): lets a client that lost its connection
 * send a LOCK request again without it being carried out twice. 64 entries with indices 1 to 64,
 * each a number modulo 16 that may be invalid. Part of core's open object; zeroed is the initial
 * state.
 *
 * Whether to verify and record at all (dialect, durable, resilient, persistent, multichannel) is
 * the caller's decision.
 */
#ifndef LEASE_LOCKSEQ_H
#define LEASE_LOCKSEQ_H

#include "base/compiler.h"

#define LEASE_LOCKSEQ_ENTRIES 64

struct lease_lockseq {
    uint8_t entry[LEASE_LOCKSEQ_ENTRIES]; /* 0: invalid; otherwise 0x10 | number */
};

/* `field` is LockSequenceNumber (low 4 bits) and LockSequenceIndex (28 bits) as on the wire. True:
   a replay of a request that succeeded; answer success and do nothing. False: go on; an entry with
   another number has been made invalid. */
NODISCARD bool lease_lockseq_is_replay(struct lease_lockseq *s, uint32_t field);
/* The request with this field succeeded. */
void lease_lockseq_record(struct lease_lockseq *s, uint32_t field);

#endif
