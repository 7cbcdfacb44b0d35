// SPDX-License-Identifier: Apache-2.0
/* CREATE on IPC$: a pipe, all done at once (pipe.h). */
#include "core/cmd/create.h"
#include "core/pipe.h"

enum core_verdict create_pipe(struct core_request *r)
{
    struct create_state *s = r->state_data;
    smbkit_status st = pipe_open(r, &s->open, &s->attr);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    s->action = FILE_OPENED;
    create_fill_response(s, s->open);
    if (!open_publish(s->open))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    r->chain.file = s->rsp.file_id;
    r->open = s->open; /* the request's use goes with it */
    s->open = NULL;
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}
