// SPDX-License-Identifier: Apache-2.0
/*
 * READ ([MS-SMB2] 3.3.5.12, [MS-FSA] 2.1.5.3) and WRITE (3.3.5.13, 2.1.5.4). Payloads are not
 * copied: READ sends the plugin's buffer as a slice, WRITE hands the plugin a piece of the received
 * frame.
 */
#include "core/command.h"
#include "core/conn.h"
#include "core/meta.h"
#include "core/notify.h"
#include "core/open.h"
#include "core/oplock.h"
#include "core/pipe.h"
#include "core/request.h"
#include "core/rights.h"
#include "core/session.h"
#include "core/state.h"
#include "lease/lock.h"
#include "wire/notify_rec.h"

static bool read_decode(struct core_request *r, struct cursor *body)
{
    return wire_read_req_decode(body, request_arena(r), &r->in.read);
}

static struct wire_file_id *read_file_id(struct core_request *r)
{
    return &r->in.read.file_id;
}

static uint32_t read_payload(const struct core_request *r)
{
    return r->in.read.length;
}

/* Offsets are signed in the file systems behind ([MS-FSA] 2.1.5.3). */
static bool range_valid(uint64_t offset, uint64_t length)
{
    return offset <= INT64_MAX && length <= INT64_MAX - offset;
}

static smbkit_status read_check(const struct core_request *r)
{
    const struct wire_read_req *q = &r->in.read;
    if (q->length > request_conn(r)->max_transact)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (q->channel != SMB2_CHANNEL_NONE) /* RDMA, over TCP */
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (r->open->is_directory)
        return SMBKIT_STATUS_INVALID_DEVICE_REQUEST;
    if (!(r->open->access & (FILE_READ_DATA | FILE_EXECUTE)))
        return SMBKIT_STATUS_ACCESS_DENIED;
    if (!range_valid(q->offset, q->length))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    return lease_check_io(&r->open->lease, q->offset, q->length, false);
}

static enum core_verdict read_start(struct core_request *r)
{
    if (r->open->pipe != NULL)
        return pipe_read(r);
    const struct wire_read_req *q = &r->in.read;
    smbkit_status st = read_check(r);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    return request_await(r, vfs_read(&r->op, r->open->volume, r->open->file, q->offset, q->length));
}

static enum core_verdict read_end(struct core_request *r)
{
    const struct wire_read_req *q = &r->in.read;
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    if ((r->op.data.len == 0 && q->length > 0) || r->op.data.len < q->minimum_count)
        return request_done(r, SMBKIT_STATUS_END_OF_FILE);
    r->data_len = r->op.data.len;
    r->open->position = q->offset + r->data_len;
    if (!chain_add(&r->payload, &r->op.data))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

static bool read_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    struct wire_read_rsp rsp = {.payload = {NULL, r->data_len}};
    return wire_read_rsp_encode(b, hdr, &rsp);
}

static const struct core_step read_steps[] = {
    {"start", read_start},
    {"end", read_end},
    {0},
};

const struct core_command command_read = {
    .code = SMB2_READ,
    .name = "READ",
    .flags = CMD_NEEDS_SESSION | CMD_NEEDS_TREE | CMD_NEEDS_OPEN | CMD_LARGE | CMD_ON_PIPES,
    .decode = read_decode,
    .file_id = read_file_id,
    .payload = read_payload,
    .steps = read_steps,
    .encode = read_encode,
    .closed_status = SMBKIT_STATUS_PIPE_BROKEN, /* only a pipe's READ waits on its open */
};

/* ---------------------------------------------------------------- WRITE */

static bool write_decode(struct core_request *r, struct cursor *body)
{
    return wire_write_req_decode(body, request_arena(r), &r->in.write);
}

static struct wire_file_id *write_file_id(struct core_request *r)
{
    return &r->in.write.file_id;
}

static uint32_t write_payload(const struct core_request *r)
{
    return (uint32_t)r->in.write.payload.len;
}

static smbkit_status write_check(const struct core_request *r)
{
    const struct wire_write_req *q = &r->in.write;
    if (q->payload.len > request_conn(r)->max_transact || q->channel != SMB2_CHANNEL_NONE)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (r->open->is_directory)
        return SMBKIT_STATUS_INVALID_DEVICE_REQUEST;
    if (!(request_access(r) & (FILE_WRITE_DATA | FILE_APPEND_DATA)))
        return SMBKIT_STATUS_ACCESS_DENIED;
    if (!range_valid(q->offset, q->payload.len))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    return lease_check_io(&r->open->lease, q->offset, q->payload.len, true);
}

static enum core_verdict write_end(struct core_request *r);

static enum core_verdict write_start(struct core_request *r)
{
    if (r->open->pipe != NULL)
        return pipe_write(r);
    const struct wire_write_req *q = &r->in.write;
    smbkit_status st = write_check(r);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    if (q->payload.len == 0) /* nothing changes, not even a time */
        return request_done(r, SMBKIT_STATUS_SUCCESS);
    enum core_verdict verdict;
    if (!oplock_clear(r, LEASE_OP_WRITE, &verdict))
        return verdict;
    r->open->touched = true; /* the folder's leases hear of it at the end ([MS-FSA] 2.1.5.5) */
    meta_as_user(r);
    return request_await(r, vfs_write(&r->op, r->open->volume, r->open->file, q->offset,
                                      q->payload.data, (uint32_t)q->payload.len));
}

static bool write_through(const struct core_request *r)
{
    return (r->in.write.flags & SMB2_WRITEFLAG_WRITE_THROUGH) != 0 ||
           (r->open->create_options & FILE_WRITE_THROUGH) != 0;
}

/* Times that the client has set stay as they are. */
static enum core_verdict write_keep(struct core_request *r)
{
    struct core_open *o = r->open;
    struct smbkit_attr kept = {0};
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    times_wrote(o, r->op.attr_valid ? &r->op.attr : NULL);
    uint32_t which = times_kept(o, &kept);
    if (which == 0)
        return STEP_NEXT;
    return request_await(r, vfs_setattr(&r->op, o->volume, o->file, &kept, which));
}

static enum core_verdict write_flush(struct core_request *r)
{
    r->open->position = r->in.write.offset + r->in.write.payload.len;
    notify_changed(r->open, r->open->path, FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_LAST_WRITE,
                   FILE_ACTION_MODIFIED);
    if (!write_through(r))
        return request_goto(r, write_end);
    return request_await(r, vfs_flush(&r->op, r->open->volume, r->open->file));
}

static enum core_verdict write_end(struct core_request *r)
{
    return request_done(r, r->op.status);
}

static bool write_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    struct wire_write_rsp rsp = {.count = (uint32_t)r->in.write.payload.len};
    return wire_write_rsp_encode(b, hdr, &rsp);
}

static const struct core_step write_steps[] = {
    {"start", write_start}, {"keep", write_keep}, {"flush", write_flush}, {"end", write_end}, {0},
};

const struct core_command command_write = {
    .code = SMB2_WRITE,
    .name = "WRITE",
    .flags = CMD_NEEDS_SESSION | CMD_NEEDS_TREE | CMD_NEEDS_OPEN | CMD_LARGE | CMD_ON_PIPES |
             CMD_SEQUENCED,
    .decode = write_decode,
    .file_id = write_file_id,
    .payload = write_payload,
    .steps = write_steps,
    .encode = write_encode,
    .closed_status = SMBKIT_STATUS_FILE_CLOSED,
};
