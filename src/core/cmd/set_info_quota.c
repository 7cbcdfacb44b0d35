// SPDX-License-Identifier: Apache-2.0
/*
 * SET_INFO of quotas: limits of users ([MS-SMB2] 3.3.5.21.4, [MS-FSA] 2.1.5.22), and what holds for
 * the whole volume ([MS-FSCC] 2.5.2, [MS-FSA] 2.1.5.16.6).
 *
 * Windows refuses to set anything of a volume over the network (note 423); of the latter we make an
 * exception for a handle to the index of quotas, which is what [MS-FSCC] 2.5.2 wants, and without
 * which limits could be given but never be put into force.
 */
#include "core/cmd/set_info.h"
#include "core/open.h"
#include "core/rights.h"
#include "core/session.h"
#include "wire/info_fs.h"

/* All that can be set ([MS-FSCC] 2.5.2): the others say what the volume is doing. */
#define CONTROL_FLAGS                                                                       \
    (FILE_VC_QUOTA_TRACK | FILE_VC_QUOTA_ENFORCE | FILE_VC_CONTENT_INDEX_DISABLED |         \
     FILE_VC_LOG_QUOTA_THRESHOLD | FILE_VC_LOG_QUOTA_LIMIT | FILE_VC_LOG_VOLUME_THRESHOLD | \
     FILE_VC_LOG_VOLUME_LIMIT)

static smbkit_status check_right(const struct core_request *r, uint32_t access)
{
    smbkit_status st = quota_check_open(r->open);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    if ((request_access(r) & access) != access || !quota_may_manage(r->session))
        return SMBKIT_STATUS_ACCESS_DENIED;
    return SMBKIT_STATUS_SUCCESS;
}

/* ---------------------------------------------------------------- limits of users */

/* A number of bytes, or that there is none. */
static bool amount_valid(uint64_t v)
{
    return v <= INT64_MAX || v == WIRE_QUOTA_NO_LIMIT;
}

static smbkit_status check_quota(const struct wire_quota *q)
{
    if (wire_sid_equal(&q->sid, &wire_sid_builtin_admins) && q->limit != WIRE_QUOTA_NO_LIMIT)
        return SMBKIT_STATUS_ACCESS_DENIED;
    if (q->limit == WIRE_QUOTA_DELETE)
        return SMBKIT_STATUS_SUCCESS;
    return amount_valid(q->limit) && amount_valid(q->threshold) ? SMBKIT_STATUS_SUCCESS
                                                                : SMBKIT_STATUS_INVALID_PARAMETER;
}

static void open_list(struct core_request *r)
{
    struct cursor c = set_input(r);
    wire_chain_open(&set_state(r)->quotas, &c, WIRE_QUOTA_ALIGN);
}

/* Nothing is set of a list that has a mistake. */
smbkit_status set_quotas_check(struct core_request *r, uint32_t access)
{
    struct wire_chain_reader *list = &set_state(r)->quotas;
    struct wire_quota q;
    smbkit_status st = check_right(r, access);
    open_list(r);
    while (st == SMBKIT_STATUS_SUCCESS && wire_quota_next(list, &q))
        st = check_quota(&q);
    if (st == SMBKIT_STATUS_SUCCESS && list->failed)
        st = SMBKIT_STATUS_INVALID_PARAMETER;
    open_list(r);
    return st;
}

static enum core_verdict set_done_one(struct core_request *r)
{
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    return flow_goto(r, set_quotas);
}

enum core_verdict set_quotas(struct core_request *r)
{
    struct set_state *s = set_state(r);
    struct wire_quota q;
    if (!wire_quota_next(&s->quotas, &q))
        return request_done(r, SMBKIT_STATUS_SUCCESS);
    quota_sid_set(&s->quota_sid, &q.sid);
    const struct smbkit_quota quota = {
        .sid = s->quota_sid.bytes,
        .sid_len = s->quota_sid.len,
        .threshold = q.threshold,
        .limit = q.limit,
    };
    return flow_await(r, vfs_set_quota(&r->op, r->open->volume, &quota), set_done_one);
}

/* ---------------------------------------------------------------- the volume */

static enum core_verdict control_set(struct core_request *r)
{
    return request_done(r, r->op.status);
}

enum core_verdict set_quota_control(struct core_request *r)
{
    struct cursor c = set_input(r);
    struct wire_info_fs_control in;
    if (!wire_info_fs_control_decode(&c, &in))
        return request_done(r, SMBKIT_STATUS_INFO_LENGTH_MISMATCH);
    if (!amount_valid(in.default_quota_limit) || !amount_valid(in.default_quota_threshold))
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    const struct smbkit_quota_control control = {
        .default_threshold = in.default_quota_threshold,
        .default_limit = in.default_quota_limit,
        .flags = in.flags & CONTROL_FLAGS,
    };
    return flow_await(r, vfs_set_quota_control(&r->op, r->open->volume, &control), control_set);
}

smbkit_status set_quota_control_check(struct core_request *r, const struct wire_info_row *row)
{
    if (r->in.set_info.payload.len < row->set_min)
        return SMBKIT_STATUS_INFO_LENGTH_MISMATCH;
    return check_right(r, row->set_access);
}
