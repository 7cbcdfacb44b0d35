// SPDX-License-Identifier: Apache-2.0
/*
 * OPLOCK_BREAK acknowledgments ([MS-SMB2] 3.3.5.22). No oplock and no lease is granted yet, so
 * that none is breaking: every acknowledgment is one too many.
 */
#include "core/core_int.h"

static bool break_decode(struct core_request *r, struct cursor *body)
{
    return wire_oplock_break_req_decode(body, request_arena(r), &r->in.oplock_break);
}

static enum core_verdict break_run(struct core_request *r)
{
    const struct wire_oplock_break *q = &r->in.oplock_break;
    /* 3.3.5.22.2: no lease table knows the key */
    if (q->is_lease && request_conn(r)->dialect != SMB2_DIALECT_202)
        return request_done(r, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    r->open = open_find(r->session, q->file_id.persistent, q->file_id.volatile_id);
    if (r->open == NULL)
        return request_done(r, SMBKIT_STATUS_FILE_CLOSED);
    return request_done(r, SMBKIT_STATUS_INVALID_DEVICE_STATE); /* 3.3.5.22.1 */
}

static bool break_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    return wire_oplock_break_rsp_encode(b, hdr, &r->in.oplock_break);
}

static const struct core_step break_steps[] = {{"break", break_run}, {0}};

const struct core_command command_oplock_break = {
    .code = SMB2_OPLOCK_BREAK,
    .name = "OPLOCK_BREAK",
    .flags = CMD_NEEDS_SESSION | CMD_NEEDS_TREE,
    .decode = break_decode,
    .steps = break_steps,
    .encode = break_encode,
};
