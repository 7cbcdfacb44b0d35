// SPDX-License-Identifier: Apache-2.0
/* CLOSE ([MS-SMB2] 3.3.5.10) and FLUSH (3.3.5.11). */
#include "core/command.h"
#include "core/meta.h"
#include "core/open.h"
#include "core/pipe.h"
#include "core/quota.h"
#include "core/request.h"

static bool close_decode(struct core_request *r, struct cursor *body)
{
    return wire_close_req_decode(body, request_arena(r), &r->in.close);
}

static struct wire_file_id *close_file_id(struct core_request *r)
{
    return &r->in.close.file_id;
}

static bool wants_attributes(const struct core_request *r)
{
    return (r->in.close.flags & SMB2_CLOSE_FLAG_POSTQUERY_ATTRIB) != 0;
}

static enum core_verdict close_query(struct core_request *r)
{
    if (r->open->pipe != NULL)
        r->op.attr = pipe_attributes(r->open);
    if (r->open->is_quota_index)
        r->op.attr = quota_attributes();
    if (!wants_attributes(r) || r->open->pipe != NULL || r->open->is_quota_index)
        return STEP_NEXT;
    return request_await(r, vfs_getattr(&r->op, r->open->volume, r->open->file));
}

static enum core_verdict close_shut(struct core_request *r)
{
    struct wire_close_rsp *rsp = arena_alloc(request_arena(r), sizeof *rsp);
    if (rsp == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    r->state_data = rsp;
    if (wants_attributes(r) && r->op.status == SMBKIT_STATUS_SUCCESS) {
        const struct smbkit_attr *a = &r->op.attr;
        *rsp = (struct wire_close_rsp){
            .flags = SMB2_CLOSE_FLAG_POSTQUERY_ATTRIB,
            .creation_time = a->create_time,
            .last_access_time = a->access_time,
            .last_write_time = a->write_time,
            .change_time = a->change_time,
            .allocation_size = a->alloc_size,
            .end_of_file = a->size,
            .file_attributes = meta_open_attributes(r->open, a),
        };
    }
    if (r->open->state != OPEN_LIVE) /* closed by somebody else while attributes were asked for */
        return request_done(r, SMBKIT_STATUS_FILE_CLOSED);
    return request_await(r, open_shut(r->open, r));
}

static bool close_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    return wire_close_rsp_encode(b, hdr, r->state_data);
}

static const struct core_step close_steps[] = {
    {"query", close_query},
    {"shut", close_shut},
    {0},
};

const struct core_command command_close = {
    .code = SMB2_CLOSE,
    .name = "CLOSE",
    .flags = CMD_NEEDS_SESSION | CMD_NEEDS_TREE | CMD_NEEDS_OPEN | CMD_WHEN_EXPIRED | CMD_ON_PIPES |
             CMD_ON_QUOTAS,
    .decode = close_decode,
    .file_id = close_file_id,
    .steps = close_steps,
    .encode = close_encode,
};

/* ---------------------------------------------------------------- FLUSH */

static bool flush_decode(struct core_request *r, struct cursor *body)
{
    return wire_flush_req_decode(body, request_arena(r), &r->in.flush);
}

static struct wire_file_id *flush_file_id(struct core_request *r)
{
    return &r->in.flush.file_id;
}

static enum core_verdict flush_start(struct core_request *r)
{
    /* [MS-SMB2] 3.3.5.11; for folders the same bits mean adding files and folders */
    if (!(r->open->access & (FILE_WRITE_DATA | FILE_APPEND_DATA)))
        return request_done(r, SMBKIT_STATUS_ACCESS_DENIED);
    if (r->open->pipe != NULL) /* nothing is ever on its way */
        return request_done(r, SMBKIT_STATUS_SUCCESS);
    times_settle(r->open);
    return request_await(r, vfs_flush(&r->op, r->open->volume, r->open->file));
}

static enum core_verdict flush_end(struct core_request *r)
{
    return request_done(r, r->op.status);
}

static bool flush_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    struct wire_flush_rsp rsp = {0};
    return wire_flush_rsp_encode(b, hdr, &rsp);
}

static const struct core_step flush_steps[] = {
    {"start", flush_start},
    {"end", flush_end},
    {0},
};

const struct core_command command_flush = {
    .code = SMB2_FLUSH,
    .name = "FLUSH",
    .flags = CMD_NEEDS_SESSION | CMD_NEEDS_TREE | CMD_NEEDS_OPEN | CMD_ON_PIPES,
    .decode = flush_decode,
    .file_id = flush_file_id,
    .steps = flush_steps,
    .encode = flush_encode,
};
