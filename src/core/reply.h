// SPDX-License-Identifier: Apache-2.0
/*
 * Replies: from a finished request to bytes, and from the replies of a batch to one message that is
 * chained, signed element by element, sealed as a whole and sent ([MS-SMB2] 3.3.4.1 to 3.3.4.4).
 */
#ifndef CORE_REPLY_H
#define CORE_REPLY_H

#include "base/buf.h"
#include "base/builder.h"
#include "base/compiler.h"

struct core_batch;
struct core_channel;
struct core_request;

/* Makes r->reply from r->status. */
void reply_build(struct core_request *r);
void reply_build_interim(struct core_request *r, struct builder *b);
/* Seals the message for the channel's session, in place of the plain one. */
NODISCARD bool reply_seal(struct core_channel *ch, struct chain *message);
struct reply_part {
    struct core_request *request;
    struct builder *head;
    struct chain *payload; /* may be NULL */
    bool sign;
};
/* Puts the parts together: NextCommand, padding, RELATED flags, signatures, sealing; sends. */
void reply_send(struct core_batch *b, struct reply_part *parts, size_t n);
/* Appends what was built as a slice of its own; the builder is empty afterwards. */
NODISCARD bool reply_add_head(struct chain *out, struct builder *head);

#endif
