// SPDX-License-Identifier: Apache-2.0
/*
 * SET_INFO ([MS-SMB2] 3.3.5.21): checks by the table of classes (wire/tables/info.def), then the
 * class's own steps.
 */
#include "core/cmd/set_info.h"
#include "base/mem.h"
#include "core/meta.h"
#include "core/open.h"
#include "core/rights.h"
#include "core/session.h"

static bool set_decode(struct core_request *r, struct cursor *body)
{
    return wire_set_info_req_decode(body, request_arena(r), &r->in.set_info);
}

static struct wire_file_id *set_file_id(struct core_request *r)
{
    return &r->in.set_info.file_id;
}

static uint32_t set_payload(const struct core_request *r)
{
    return (uint32_t)r->in.set_info.payload.len;
}

/* ---------------------------------------------------------------- the kinds of information */

/* Classes that nobody has heard of, and of which Windows says that it does not support them (note
   428). */
static bool is_unsupported(uint8_t num)
{
    return num == 30 || (num >= 41 && num <= 43);
}

/* 3.3.5.21.1: a known class that cannot be set is as good as unknown. */
static smbkit_status begin_file(struct core_request *r, flow_step **begin)
{
    const struct wire_set_info_req *q = &r->in.set_info;
    const struct wire_info_row *row = wire_info_find(q->info_type, q->info_class);
    if (is_unsupported(q->info_class))
        return SMBKIT_STATUS_NOT_SUPPORTED;
    if (row == NULL || !(row->flags & WIRE_INFO_SET))
        return SMBKIT_STATUS_INVALID_INFO_CLASS;
    const struct set_class *cls = set_file_class(q->info_class);
    if ((row->flags & WIRE_INFO_LOCAL) || cls == NULL)
        return SMBKIT_STATUS_NOT_SUPPORTED;
    if (q->payload.len < row->set_min)
        return SMBKIT_STATUS_INFO_LENGTH_MISMATCH;
    if ((request_access(r) & row->set_access) != row->set_access)
        return SMBKIT_STATUS_ACCESS_DENIED;
    *begin = cls->begin;
    return SMBKIT_STATUS_SUCCESS;
}

/* Nothing of a volume can be changed over the network, as with Windows (note 423), but how it keeps
   quotas. */
static smbkit_status begin_fs(struct core_request *r, flow_step **begin)
{
    const struct wire_set_info_req *q = &r->in.set_info;
    const struct wire_info_row *row = wire_info_find(q->info_type, q->info_class);
    if (row == NULL || !(row->flags & (WIRE_INFO_SET | WIRE_INFO_LOCAL)))
        return SMBKIT_STATUS_INVALID_INFO_CLASS;
    if (row->num == FileFsControlInformation && r->open->is_quota_index) {
        *begin = set_quota_control;
        return set_quota_control_check(r, row);
    }
    return row->flags & WIRE_INFO_LOCAL ? SMBKIT_STATUS_NOT_SUPPORTED : SMBKIT_STATUS_ACCESS_DENIED;
}

static smbkit_status begin_security(const struct core_request *r, flow_step **begin)
{
    uint32_t needed = wire_security_set_access(r->in.set_info.additional_information);
    if ((request_access(r) & needed) != needed || request_reads_only(r))
        return SMBKIT_STATUS_ACCESS_DENIED;
    *begin = set_security;
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status begin_quotas(struct core_request *r, flow_step **begin)
{
    const struct wire_set_info_req *q = &r->in.set_info;
    *begin = set_quotas;
    return set_quotas_check(r, wire_info_find(q->info_type, q->info_class)->set_access);
}

static smbkit_status set_check(struct core_request *r, flow_step **begin)
{
    const struct wire_set_info_req *q = &r->in.set_info;
    if (q->payload.len == 0 || q->payload.len > request_conn(r)->max_transact)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (r->open->is_quota_index &&
        (q->info_type == SMB2_0_INFO_FILE || q->info_type == SMB2_0_INFO_SECURITY))
        return SMBKIT_STATUS_ACCESS_DENIED;
    switch (q->info_type) {
    case SMB2_0_INFO_FILE: return begin_file(r, begin);
    case SMB2_0_INFO_FILESYSTEM: return begin_fs(r, begin);
    case SMB2_0_INFO_SECURITY: return begin_security(r, begin);
    case SMB2_0_INFO_QUOTA: return begin_quotas(r, begin);
    default: return SMBKIT_STATUS_INVALID_PARAMETER;
    }
}

/* ---------------------------------------------------------------- the command */

static enum core_verdict set_begin(struct core_request *r)
{
    struct set_state *s = arena_alloc(request_arena(r), sizeof *s);
    if (s == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    r->state_data = s;
    smbkit_status st = set_check(r, &s->flow.next);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    meta_as_user(r);
    return STEP_NEXT;
}

static bool set_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    (void)r;
    return wire_set_info_rsp_encode(b, hdr, &(struct wire_set_info_rsp){0});
}

static void set_release(struct core_request *r)
{
    struct set_state *s = r->state_data;
    if (s != NULL)
        mem_free(s->new_path);
}

static const struct core_step set_steps[] = {
    {"begin", set_begin},
    {"set", flow_run},
    {0},
};

const struct core_command command_set_info = {
    .code = SMB2_SET_INFO,
    .name = "SET_INFO",
    .flags = CMD_NEEDS_SESSION | CMD_NEEDS_TREE | CMD_NEEDS_OPEN | CMD_LARGE | CMD_SEQUENCED |
             CMD_ON_QUOTAS,
    .decode = set_decode,
    .file_id = set_file_id,
    .payload = set_payload,
    .steps = set_steps,
    .encode = set_encode,
    .closed_status = SMBKIT_STATUS_FILE_CLOSED,
    .release = set_release,
};
