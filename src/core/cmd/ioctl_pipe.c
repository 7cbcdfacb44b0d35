// SPDX-License-Identifier: Apache-2.0
/* Control codes of named pipes ([MS-SMB2] 3.3.5.15.4, .3 and .10; [MS-FSCC] 2.3.46 to 2.3.50). */
#include "core/cmd/ioctl.h"
#include "core/open.h"
#include "core/pipe.h"
#include "wire/fsctl_srv.h"
#include <string.h>

/* Every pipe of ours is always free: what would be waited for has come. */
enum core_verdict ioctl_pipe_wait(struct core_request *r)
{
    struct cursor c = ioctl_input(r);
    struct wire_pipe_wait q;
    if (!wire_pipe_wait_decode(&c, request_arena(r), &q))
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    return request_done(r, rpc_endpoint_find(q.name, strlen(q.name)) != NULL
                               ? SMBKIT_STATUS_SUCCESS
                               : SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
}

enum core_verdict ioctl_pipe_peek(struct core_request *r)
{
    struct rpc_assoc *a = r->open->pipe->assoc;
    struct builder *out = &ioctl_state(r)->out;
    struct wire_pipe_peek v = {
        .state = rpc_assoc_broken(a) ? FILE_PIPE_CLOSING_STATE : FILE_PIPE_CONNECTED_STATE,
        .read_data_available = (uint32_t)rpc_assoc_unread(a),
        .number_of_messages = (uint32_t)rpc_assoc_message_count(a),
        .message_length = (uint32_t)rpc_assoc_message(a),
    };
    wire_pipe_peek_encode(out, &v);
    size_t n = MIN(rpc_assoc_message(a), r->in.ioctl.max_output_response - out->len);
    uint8_t *data = builder_space(out, n);
    if (data == NULL && n > 0)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    if (n > 0)
        (void)rpc_assoc_read(a, data, n, true);
    r->with_body = true;
    return request_done(r, n < rpc_assoc_message(a) ? SMBKIT_STATUS_BUFFER_OVERFLOW
                                                    : SMBKIT_STATUS_SUCCESS);
}

static enum core_verdict transceive_read(struct core_request *r)
{
    struct pipe_answer a;
    if (!pipe_take(r, r->in.ioctl.max_output_response, &a))
        return pipe_wait(r);
    builder_bytes(&ioctl_state(r)->out, a.data, a.len);
    r->with_body = true;
    return request_done(r, a.status);
}

/* A write and a read in one, for pipes in message mode ([MS-FSCC] 2.3.49). */
enum core_verdict ioctl_pipe_transceive(struct core_request *r)
{
    const struct core_pipe *p = r->open->pipe;
    const struct wire_blob *in = &r->in.ioctl.input;
    if (p->read_mode != FILE_PIPE_MESSAGE_MODE)
        return request_done(r, SMBKIT_STATUS_INVALID_PIPE_STATE);
    if (rpc_assoc_unread(p->assoc) > 0)
        return request_done(r, SMBKIT_STATUS_PIPE_BUSY);
    smbkit_status st = pipe_give(r, in->data, in->len);
    return st == SMBKIT_STATUS_SUCCESS ? flow_goto(r, transceive_read) : request_done(r, st);
}
