// SPDX-License-Identifier: Apache-2.0
/* ECHO ([MS-SMB2] 3.3.5.17) and CANCEL (3.3.5.16). */
#include "core/batch.h"
#include "core/command.h"
#include "core/conn.h"
#include "core/request.h"

static bool echo_decode(struct core_request *r, struct cursor *body)
{
    struct wire_echo_req q;
    return wire_echo_req_decode(body, request_arena(r), &q);
}

static bool echo_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    struct wire_echo_rsp rsp = {0};
    return wire_echo_rsp_encode(b, hdr, &rsp);
}

static const struct core_step echo_steps[] = {{0}};

const struct core_command command_echo = {
    .code = SMB2_ECHO,
    .name = "ECHO",
    .decode = echo_decode,
    .steps = echo_steps,
    .encode = echo_encode,
};

/* ---------------------------------------------------------------- CANCEL */

static bool cancel_decode(struct core_request *r, struct cursor *body)
{
    struct wire_cancel_req q;
    return wire_cancel_req_decode(body, request_arena(r), &q);
}

static bool is_meant(const struct core_request *cancel, const struct core_request *r)
{
    if (r == cancel || r->state == REQUEST_FINISHED || r->hdr.session_id != cancel->hdr.session_id)
        return false;
    if (cancel->hdr.flags & SMB2_FLAGS_ASYNC_COMMAND)
        return r->async && r->async_id == cancel->hdr.async_id;
    return r->hdr.message_id == cancel->hdr.message_id && r->cmd != &command_cancel;
}

static struct core_request *find_target(struct core_request *cancel)
{
    LIST_FOREACH (it, &request_conn(cancel)->batches) {
        struct core_batch *b = LIST_ENTRY(it, struct core_batch, link);
        LIST_FOREACH (rit, &b->requests) {
            struct core_request *r = LIST_ENTRY(rit, struct core_request, link);
            if (is_meant(cancel, r))
                return r;
        }
    }
    return NULL;
}

static enum core_verdict cancel_run(struct core_request *r)
{
    struct core_request *target = find_target(r);
    if (target != NULL)
        request_cancel(target);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

static const struct core_step cancel_steps[] = {{"cancel", cancel_run}, {0}};

const struct core_command command_cancel = {
    .code = SMB2_CANCEL,
    .name = "CANCEL",
    .decode = cancel_decode,
    .steps = cancel_steps,
};
