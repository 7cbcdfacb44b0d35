// SPDX-License-Identifier: Apache-2.0
/* The rules of the channel sequence: sequence.h. */
#include "core/sequence.h"
#include "core/batch.h"
#include "core/conn.h"
#include "core/open.h"
#include "core/request.h"

#define NEWER_MAX 0x7fff

static void advance(struct core_sequence *s, uint16_t channel)
{
    s->earlier += s->outstanding;
    s->outstanding = 0;
    s->channel = channel;
    s->epoch++;
}

smbkit_status sequence_begin(struct core_request *r)
{
    struct core_sequence *s = &r->open->sequence;
    uint16_t ahead = (uint16_t)(r->hdr.channel_sequence - s->channel);
    bool replay = (r->hdr.flags & SMB2_FLAGS_REPLAY_OPERATION) != 0;
    if (request_conn(r)->dialect < SMB2_DIALECT_300)
        return SMBKIT_STATUS_SUCCESS;
    if (ahead != 0 && ahead <= NEWER_MAX)
        advance(s, r->hdr.channel_sequence);
    bool counts = ahead <= NEWER_MAX && (!replay || s->earlier == 0);
    if (!counts)
        return r->cmd->flags & CMD_SEQUENCED ? SMBKIT_STATUS_FILE_NOT_AVAILABLE
                                             : SMBKIT_STATUS_SUCCESS;
    s->outstanding++;
    r->sequence_epoch = s->epoch;
    r->sequenced = true;
    return SMBKIT_STATUS_SUCCESS;
}

void sequence_end(struct core_request *r)
{
    if (!r->sequenced || r->open == NULL)
        return;
    struct core_sequence *s = &r->open->sequence;
    uint32_t *count = r->sequence_epoch == s->epoch ? &s->outstanding : &s->earlier;
    ASSERT(*count > 0);
    (*count)--;
    r->sequenced = false;
}
