// SPDX-License-Identifier: Apache-2.0
/*
 * Credits and the command sequence window of a connection ([MS-SMB2] 3.3.1.1, 3.3.1.2, 3.3.5.2.3).
 * The connection owns the one object there is.
 *
 * Invariants: low <= high, high - low <= CREDITS_WINDOW; the id `low` is unused unless the window
 * is empty; bits of ids outside [low, high) are zero; available is the number of unused ids inside.
 * A client that leaves `low` unused for ever gets no more credits once the span is full, and still
 * holds that one: it is never left with none.
 */
#ifndef CORE_CREDITS_H
#define CORE_CREDITS_H

#include "base/compiler.h"

/* Connection.CommandSequenceWindow ([MS-SMB2] 3.3.1.1): message ids [low, high), of which those
   with a bit in `used` have been received. The span is bounded by CREDITS_WINDOW. */
#define CREDITS_WINDOW 16384u

struct core_credits {
    uint64_t low, high;
    uint32_t available; /* unused ids in the window: the credits the client holds */
    uint64_t used[CREDITS_WINDOW / 64];
};

void credits_init(struct core_credits *c);
/* Takes `charge` (at least 1) consecutive ids from `message_id` on; false: not in the window. */
NODISCARD bool credits_consume(struct core_credits *c, uint64_t message_id, uint16_t charge);
/* How many to grant for a reply to a request that asked for `asked` (the window grows by it):
   never leaves the client with none, never above `max`. */
uint16_t credits_grant(struct core_credits *c, uint16_t asked, uint32_t max);

#endif
