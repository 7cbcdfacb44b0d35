// SPDX-License-Identifier: Apache-2.0
/*
 * IOCTL ([MS-SMB2] 3.3.5.15): the envelope, and the table of control codes. A code that has no row
 * goes to the plugin, which mostly says INVALID_DEVICE_REQUEST.
 */
#include "core/cmd/ioctl.h"
#include "core/gate.h"
#include "core/meta.h"
#include "core/notify.h"
#include "core/open.h"
#include "core/pipe.h"
#include "core/rights.h"
#include "core/session.h"
#include "core/share.h"
#include "core/state.h"
#include "core/tree.h"
#include "wire/notify_rec.h"

/* More than any answer: MaxOutputResponse bounds it further. */
#define OUTPUT_MAX (1u << 20)

#define INVALID SMBKIT_STATUS_INVALID_PARAMETER

static const struct ioctl_row rows[] = {
    {FSCTL_VALIDATE_NEGOTIATE_INFO, IOCTL_NO_FILE, 0, 0, INVALID, ioctl_validate_negotiate},
    {FSCTL_QUERY_NETWORK_INTERFACE_INFO, IOCTL_NO_FILE, 0, 0, INVALID, ioctl_network_interfaces},
    {FSCTL_DFS_GET_REFERRALS, IOCTL_NO_FILE, 0, 0, INVALID, ioctl_dfs_referrals},
    {FSCTL_DFS_GET_REFERRALS_EX, IOCTL_NO_FILE, 0, 0, INVALID, ioctl_dfs_referrals},
    {FSCTL_PIPE_WAIT, IOCTL_NO_FILE, 0, 0, INVALID, ioctl_pipe_wait},
    {FSCTL_PIPE_PEEK, IOCTL_PIPE, 0, 16, SMBKIT_STATUS_BUFFER_TOO_SMALL, ioctl_pipe_peek},
    {FSCTL_PIPE_TRANSCEIVE, IOCTL_PIPE, 0, 0, INVALID, ioctl_pipe_transceive},
    {FSCTL_LMR_REQUEST_RESILIENCY, 0, 8, 0, INVALID, ioctl_resiliency},
    {FSCTL_SRV_ENUMERATE_SNAPSHOTS, 0, 0, 16, INVALID, ioctl_snapshots},
    {FSCTL_SRV_REQUEST_RESUME_KEY, 0, 0, 32, INVALID, ioctl_resume_key},
    {FSCTL_SRV_COPYCHUNK, 0, 0, 12, INVALID, ioctl_copychunk},
    {FSCTL_SRV_COPYCHUNK_WRITE, 0, 0, 12, INVALID, ioctl_copychunk},
    {FSCTL_DUPLICATE_EXTENTS_TO_FILE, 0, 40, 0, INVALID, ioctl_duplicate_extents},
    {FSCTL_DUPLICATE_EXTENTS_TO_FILE_EX, 0, 48, 0, INVALID, ioctl_duplicate_extents_ex},
    {FSCTL_SET_SPARSE, 0, 0, 0, INVALID, ioctl_set_sparse},
    {FSCTL_SET_ZERO_DATA, 0, 16, 0, INVALID, ioctl_zero_data},
    {FSCTL_QUERY_ALLOCATED_RANGES, 0, 16, 0, INVALID, ioctl_allocated_ranges},
    {FSCTL_FILE_LEVEL_TRIM, 0, 8, 0, INVALID, ioctl_trim},
    {FSCTL_CREATE_OR_GET_OBJECT_ID, 0, 0, 64, INVALID, ioctl_object_id},
    {FSCTL_GET_OBJECT_ID, 0, 0, 64, INVALID, ioctl_object_id},
    {FSCTL_GET_COMPRESSION, 0, 0, 2, INVALID, ioctl_get_compression},
    {FSCTL_SET_COMPRESSION, 0, 2, 0, INVALID, ioctl_set_compression},
    {FSCTL_GET_REPARSE_POINT, 0, 0, 0, INVALID, ioctl_get_reparse_point},
    {FSCTL_SET_REPARSE_POINT, 0, 8, 0, SMBKIT_STATUS_IO_REPARSE_DATA_INVALID,
     ioctl_set_reparse_point},
    {FSCTL_DELETE_REPARSE_POINT, 0, 8, 0, SMBKIT_STATUS_IO_REPARSE_DATA_INVALID,
     ioctl_delete_reparse_point},
};

/* Bits 14 and 15 of a control code say what the open must be allowed to do. */
#define NEEDS_READ  1u
#define NEEDS_WRITE 2u

static uint32_t needs(uint32_t code)
{
    return code >> 14 & (NEEDS_READ | NEEDS_WRITE);
}

/* [MS-SMB2] 3.3.5.15.8: what the file system has answered. */
static enum core_verdict plugin_answered(struct core_request *r)
{
    const struct vfs_op *op = &r->op;
    if (op->status != SMBKIT_STATUS_SUCCESS && op->status != SMBKIT_STATUS_BUFFER_OVERFLOW)
        return request_done(r, op->status);
    builder_bytes(&ioctl_state(r)->out, op->blob, op->blob_len);
    r->with_body = true;
    return request_done(r, op->status);
}

static enum core_verdict ask_plugin(struct core_request *r)
{
    const struct wire_ioctl_req *q = &r->in.ioctl;
    const struct core_open *o = r->open;
    const struct smbkit_fsctl_args args = {
        .code = q->ctl_code,
        .max_out = MIN(q->max_output_response, OUTPUT_MAX),
        .in = q->input.data,
        .in_len = q->input.len,
    };
    /* A code that needs no right may do anything: not where nothing may be changed. */
    if (o->volume == NULL || (request_reads_only(r) && needs(q->ctl_code) != NEEDS_READ))
        return request_done(r, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    return flow_await(r, vfs_fsctl(&r->op, o->volume, o->file, &args), plugin_answered);
}

/* What is of pipes is the plugin's business when it comes on a file. */
static const struct ioctl_row *find_row(const struct core_request *r)
{
    const uint32_t code = r->in.ioctl.ctl_code;
    const bool on_file = r->open != NULL && r->open->pipe == NULL;
    static const struct ioctl_row plugin = {0, 0, 0, 0, INVALID, ask_plugin};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].code == code && !(on_file && (rows[i].flags & IOCTL_PIPE)))
            return &rows[i];
    return &plugin;
}

static bool ioctl_decode(struct core_request *r, struct cursor *body)
{
    return wire_ioctl_req_decode(body, request_arena(r), &r->in.ioctl);
}

static struct wire_file_id *ioctl_file_id(struct core_request *r)
{
    return &r->in.ioctl.file_id;
}

/* 3.3.5.15: the larger of what is sent and what may be answered. */
static uint32_t ioctl_payload(const struct core_request *r)
{
    const struct wire_ioctl_req *q = &r->in.ioctl;
    uint64_t sent = (uint64_t)q->input.len + q->output.len;
    uint64_t answered = (uint64_t)q->max_input_response + q->max_output_response;
    return (uint32_t)MIN(MAX(sent, answered), UINT32_MAX);
}

/* ---------------------------------------------------------------- checks */

/* For both together Windows is content with the right to write. */
static bool access_granted(const struct core_request *r)
{
    static const uint32_t rights[] = {
        [NEEDS_READ] = FILE_READ_DATA,
        [NEEDS_WRITE] = FILE_WRITE_DATA | FILE_APPEND_DATA,
        [NEEDS_READ | NEEDS_WRITE] = FILE_WRITE_DATA,
    };
    uint32_t need = rights[needs(r->in.ioctl.ctl_code)];
    return need == 0 || (request_access(r) & need) != 0;
}

/* For codes without a file any file id is wrong, also that of no open (3.3.5.15). */
static smbkit_status check_file(const struct core_request *r, const struct ioctl_row *row)
{
    if (row->flags & IOCTL_NO_FILE)
        return gate_names_no_file(&r->in.ioctl.file_id) ? SMBKIT_STATUS_SUCCESS
                                                        : SMBKIT_STATUS_INVALID_PARAMETER;
    if (r->open->pipe != NULL && !(row->flags & IOCTL_PIPE))
        return SMBKIT_STATUS_INVALID_DEVICE_REQUEST;
    if (!access_granted(r))
        return SMBKIT_STATUS_ACCESS_DENIED;
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status ioctl_check(const struct core_request *r, const struct ioctl_row *row)
{
    const struct wire_ioctl_req *q = &r->in.ioctl;
    uint32_t max = request_conn(r)->max_transact;
    if (q->flags != SMB2_0_IOCTL_IS_FSCTL)
        return SMBKIT_STATUS_NOT_SUPPORTED;
    if (r->open == NULL && !(row->flags & IOCTL_NO_FILE))
        return SMBKIT_STATUS_FILE_CLOSED;
    if (q->input.len > max || q->max_input_response > max || q->max_output_response > max)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    smbkit_status st = check_file(r, row);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    if (q->input.len < row->in_min || q->max_output_response < row->out_min)
        return row->too_small;
    return SMBKIT_STATUS_SUCCESS;
}

/* ---------------------------------------------------------------- the command */

static enum core_verdict ioctl_begin(struct core_request *r)
{
    const struct ioctl_row *row = find_row(r);
    smbkit_status st = ioctl_check(r, row);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    struct ioctl_state *s = arena_alloc(request_arena(r), sizeof *s);
    if (s == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    r->state_data = s;
    builder_init_grow(&s->out, MIN(r->in.ioctl.max_output_response, OUTPUT_MAX));
    s->flow.next = row->begin;
    meta_as_user(r);
    return STEP_NEXT;
}

static bool ioctl_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    const struct ioctl_state *s = r->state_data;
    struct wire_ioctl_rsp rsp = {
        .ctl_code = r->in.ioctl.ctl_code,
        .file_id = r->in.ioctl.file_id,
        .payload = {s->out.data, s->out.len},
    };
    return !builder_failed(&s->out) && wire_ioctl_rsp_encode(b, hdr, &rsp);
}

static void ioctl_release(struct core_request *r)
{
    struct ioctl_state *s = r->state_data;
    if (s == NULL)
        return;
    builder_free(&s->out);
    slice_clear(&s->held);
    if (s->other != NULL)
        open_release(s->other);
}

void ioctl_tell_written(struct core_open *o)
{
    notify_changed(o, o->path, FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_LAST_WRITE,
                   FILE_ACTION_MODIFIED);
}

static const struct core_step ioctl_steps[] = {
    {"begin", ioctl_begin},
    {"do", flow_run},
    {0},
};

const struct core_command command_ioctl = {
    .code = SMB2_IOCTL,
    .name = "IOCTL",
    .flags = CMD_NEEDS_SESSION | CMD_NEEDS_TREE | CMD_NEEDS_OPEN | CMD_OPEN_OPTIONAL | CMD_LARGE |
             CMD_ON_PIPES | CMD_SEQUENCED,
    .decode = ioctl_decode,
    .file_id = ioctl_file_id,
    .payload = ioctl_payload,
    .steps = ioctl_steps,
    .encode = ioctl_encode,
    .closed_status = SMBKIT_STATUS_FILE_CLOSED,
    .release = ioctl_release,
};
