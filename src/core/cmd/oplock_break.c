// SPDX-License-Identifier: Apache-2.0
/* OPLOCK_BREAK acknowledgments ([MS-SMB2] 3.3.5.22). */
#include "core/command.h"
#include "core/conn.h"
#include "core/open.h"
#include "core/oplock.h"
#include "core/request.h"
#include "core/state.h"

static bool break_decode(struct core_request *r, struct cursor *body)
{
    return wire_oplock_break_req_decode(body, request_arena(r), &r->in.oplock_break);
}

/* 3.3.5.22.2. The response repeats key and state. */
static smbkit_status ack_lease(struct core_request *r, struct lease_actions *actions)
{
    struct wire_oplock_break *q = &r->in.oplock_break;
    struct core *c = request_core(r);
    q->lease_flags = 0;
    return lease_ack_lease(&c->leases, &request_conn(r)->client_guid, &q->lease_key, q->lease_state,
                           c->now, actions);
}

/* 3.3.5.22.1 */
static smbkit_status ack_oplock(struct core_request *r, struct lease_actions *actions)
{
    struct wire_oplock_break *q = &r->in.oplock_break;
    r->open = open_find(r->session, q->file_id.persistent, q->file_id.volatile_id);
    if (r->open == NULL)
        return SMBKIT_STATUS_FILE_CLOSED;
    r->open->durable.replayable = false;
    return lease_ack_oplock(&r->open->lease, &q->oplock_level, request_core(r)->now, actions);
}

static enum core_verdict break_run(struct core_request *r)
{
    struct lease_actions actions;
    lease_actions_init(&actions);
    bool lease = r->in.oplock_break.is_lease && request_conn(r)->dialect != SMB2_DIALECT_202;
    smbkit_status st = lease ? ack_lease(r, &actions) : ack_oplock(r, &actions);
    oplock_run_later(request_core(r), &actions);
    return request_done(r, st);
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
