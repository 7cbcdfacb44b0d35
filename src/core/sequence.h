// SPDX-License-Identifier: Apache-2.0
/*
 * The channel sequence of an open ([MS-SMB2] 3.3.1.10, 3.3.5.2.10): a client that loses a channel
 * sends what was under way again over another one, and counts up. A request of an older count that
 * arrives late must not undo what newer ones have written; one that is sent again must not overtake
 * the one that it repeats.
 */
#ifndef CORE_SEQUENCE_H
#define CORE_SEQUENCE_H

#include <smbkit/status.h>
#include <stdbool.h>
#include <stdint.h>

struct core_request;

struct core_sequence {
    uint16_t channel;     /* Open.ChannelSequence */
    uint32_t epoch;       /* how often it has changed: which count a request belongs to */
    uint32_t outstanding; /* Open.OutstandingRequestCount */
    uint32_t earlier;     /* Open.OutstandingPreRequestCount */
};

/* A request on an open. SUCCESS, or FILE_NOT_AVAILABLE for one that would change something. */
smbkit_status sequence_begin(struct core_request *r);
/* It is answered. */
void sequence_end(struct core_request *r);

#endif
