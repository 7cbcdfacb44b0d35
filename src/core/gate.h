// SPDX-License-Identifier: Apache-2.0
/*
 * The gate: everything that is checked before a command's own steps run, in one place and one
 * order, so that "must be signed" and "must be encrypted" cannot be forgotten by a command
 * ([MS-SMB2] 3.3.5.2.4 to 3.3.5.2.11).
 */
#ifndef CORE_GATE_H
#define CORE_GATE_H

#include "wire/wire.h"
#include <smbkit/status.h>

struct core_request;

/* Session, signature, encryption, tree and open of a request. SUCCESS, or the status to answer
   with. */
smbkit_status gate_check(struct core_request *r);
/* All ones: the file of the request before, or none at all. */
static inline bool gate_names_no_file(const struct wire_file_id *id)
{
    return id->persistent == UINT64_MAX && id->volatile_id == UINT64_MAX;
}
/* What the next related request takes over, and the channel sequence counts. */
void gate_note_result(struct core_request *r);

#endif
