// SPDX-License-Identifier: Apache-2.0
/*
 * QUERY_INFO ([MS-SMB2] 3.3.5.20): checks by the table of classes (wire/tables/info.def), one
 * question to the plugin, and the record, cut to what the client has room for.
 */
#include "core/cmd/query_info.h"
#include "core/meta.h"
#include "core/open.h"
#include "core/pipe.h"
#include "core/quota.h"
#include "core/session.h"

/* More than any record: names are bounded by VFS_PATH_UNITS_MAX, ACLs by 64 KiB each. */
#define QUERY_RECORD_MAX (1u << 20)

static bool query_decode(struct core_request *r, struct cursor *body)
{
    return wire_query_info_req_decode(body, request_arena(r), &r->in.query_info);
}

static struct wire_file_id *query_file_id(struct core_request *r)
{
    return &r->in.query_info.file_id;
}

static uint32_t query_payload(const struct core_request *r)
{
    const struct wire_query_info_req *q = &r->in.query_info;
    return MAX((uint32_t)q->input.len, q->output_length);
}

/* ---------------------------------------------------------------- checks */

/* Classes of files for which Windows says something else than the specification (notes 415, 416):
   those besides that are for setting or listing only, and some that nobody has heard of. */
static const struct {
    uint8_t num;
    smbkit_status status;
} as_windows[] = {
    {FileMailslotSetInformation, SMBKIT_STATUS_INVALID_INFO_CLASS},
    {FileMoveClusterInformation, SMBKIT_STATUS_INVALID_INFO_CLASS},
    {FileTrackingInformation, SMBKIT_STATUS_INVALID_INFO_CLASS},
    {FileIdGlobalTxDirectoryInformation, SMBKIT_STATUS_INVALID_INFO_CLASS},
    {41, SMBKIT_STATUS_NOT_SUPPORTED},
    {43, SMBKIT_STATUS_NOT_SUPPORTED},
    {47, SMBKIT_STATUS_NOT_SUPPORTED},
    {49, SMBKIT_STATUS_NOT_SUPPORTED},
    {51, SMBKIT_STATUS_NOT_SUPPORTED},
    {52, SMBKIT_STATUS_INFO_LENGTH_MISMATCH},
    {53, SMBKIT_STATUS_NOT_SUPPORTED},
};

/* What is said of a class that cannot be queried; `row` may be NULL. */
static smbkit_status not_queryable(const struct wire_query_info_req *q,
                                   const struct wire_info_row *row)
{
    bool of_file = q->info_type == SMB2_0_INFO_FILE;
    for (size_t i = 0; of_file && i < ARRAY_LEN(as_windows); i++)
        if (as_windows[i].num == q->info_class)
            return as_windows[i].status;
    if (row == NULL || (of_file && !(row->flags & WIRE_INFO_QUERY) &&
                        (row->flags & (WIRE_INFO_SET | WIRE_INFO_DIR))))
        return SMBKIT_STATUS_INVALID_INFO_CLASS;
    return SMBKIT_STATUS_NOT_SUPPORTED;
}

static smbkit_status find_class(struct query_state *s, const struct wire_query_info_req *q)
{
    if (q->info_type < SMB2_0_INFO_FILE || q->info_type > SMB2_0_INFO_QUOTA)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    s->row = wire_info_find(q->info_type, q->info_class);
    if (s->row == NULL || !(s->row->flags & WIRE_INFO_QUERY) || (s->row->flags & WIRE_INFO_LOCAL))
        return not_queryable(q, s->row);
    switch (q->info_type) {
    case SMB2_0_INFO_FILE: s->cls = query_file_class(q->info_class); break;
    case SMB2_0_INFO_FILESYSTEM: s->cls = query_fs_class(q->info_class); break;
    case SMB2_0_INFO_SECURITY: s->cls = &query_security_class; break;
    case SMB2_0_INFO_QUOTA: s->cls = &query_quotas_class; break;
    }
    return s->cls != NULL ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_NOT_SUPPORTED;
}

static uint32_t access_needed(const struct query_state *s, const struct wire_query_info_req *q)
{
    if (q->info_type == SMB2_0_INFO_SECURITY)
        return wire_security_query_access(q->additional_information);
    return s->row->query_access;
}

static smbkit_status query_check(const struct core_request *r, struct query_state *s)
{
    const struct wire_query_info_req *q = &r->in.query_info;
    if (q->output_length > request_conn(r)->max_transact)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    smbkit_status st = find_class(s, q);
    if (st == SMBKIT_STATUS_SUCCESS && s->cls->source == QUERY_QUOTAS)
        st = quota_check_open(r->open);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    uint32_t needed = access_needed(s, q);
    if ((r->open->access & needed) != needed)
        return SMBKIT_STATUS_ACCESS_DENIED;
    if (q->output_length < s->row->query_min)
        return SMBKIT_STATUS_INFO_LENGTH_MISMATCH;
    return SMBKIT_STATUS_SUCCESS;
}

/* ---------------------------------------------------------------- steps */

/* What is no file of a plugin has a few numbers, and the descriptor that everything without one
   has. */
static enum core_verdict ask_fileless(struct core_request *r, enum query_source source)
{
    if ((r->open->volume == NULL && r->in.query_info.info_type == SMB2_0_INFO_FILESYSTEM) ||
        (source != QUERY_ATTR && source != QUERY_OPEN && source != QUERY_SD))
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    r->op.status = source == QUERY_SD ? SMBKIT_STATUS_NOT_FOUND : SMBKIT_STATUS_SUCCESS;
    r->op.attr = r->open->pipe != NULL ? pipe_attributes(r->open) : quota_attributes();
    return STEP_NEXT;
}

/* A volume without quotas is as one of NTFS on which they are off: nothing is limited. */
static enum core_verdict ask_control(struct core_request *r)
{
    struct vfs_volume *v = r->open->volume;
    if (vfs_volume_capabilities(v) & SMBKIT_CAP_QUOTAS)
        return request_await(r, vfs_quota_control(&r->op, v));
    r->op.quota_control = (struct smbkit_quota_control){
        .default_threshold = SMBKIT_QUOTA_NONE,
        .default_limit = SMBKIT_QUOTA_NONE,
    };
    return STEP_NEXT;
}

static enum core_verdict ask(struct core_request *r, enum query_source source)
{
    struct core_open *o = r->open;
    bool of_volume = source == QUERY_STATFS || source == QUERY_CONTROL || source == QUERY_QUOTAS;
    if (o->pipe != NULL || (o->is_quota_index && !of_volume))
        return ask_fileless(r, source);
    switch (source) {
    case QUERY_ATTR: return request_await(r, vfs_getattr(&r->op, o->volume, o->file));
    case QUERY_STATFS: return request_await(r, vfs_statfs(&r->op, o->volume));
    case QUERY_STREAM:
        if (o->stream == NULL)
            break;
        return request_await(r, vfs_list_streams(&r->op, o->volume, o->file));
    case QUERY_STREAMS: return request_await(r, vfs_list_streams(&r->op, o->volume, o->file));
    case QUERY_EAS: return request_await(r, vfs_get_eas(&r->op, o->volume, o->file));
    case QUERY_SD:
        if (meta_has_acls(o->volume))
            return request_await(r, vfs_get_sd(&r->op, o->volume, o->file));
        r->op.status = SMBKIT_STATUS_NOT_FOUND;
        break;
    case QUERY_CONTROL: return ask_control(r);
    case QUERY_QUOTAS: return request_goto(r, query_quotas);
    case QUERY_OPEN: break;
    }
    return STEP_NEXT;
}

static enum core_verdict query_ask(struct core_request *r)
{
    struct query_state *s = arena_alloc(request_arena(r), sizeof *s);
    if (s == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    r->state_data = s;
    builder_init_grow(&s->out, QUERY_RECORD_MAX);
    smbkit_status st = query_check(r, s);
    if (st == SMBKIT_STATUS_SUCCESS && s->cls->source == QUERY_QUOTAS)
        st = query_quotas_begin(r, s);
    r->error_empty = st == SMBKIT_STATUS_INFO_LENGTH_MISMATCH;
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    meta_as_user(r);
    return ask(r, s->cls->source);
}

/* A descriptor is given whole or not at all, and the client is told what it takes (3.3.5.20.3). */
static enum core_verdict too_small(struct core_request *r, struct query_state *s)
{
    uint8_t *needed = arena_alloc(request_arena(r), 4);
    if (needed != NULL) {
        le32_store(needed, (uint32_t)s->out.len);
        r->error_data = needed;
        r->error_len = 4;
    }
    return request_done(r, SMBKIT_STATUS_BUFFER_TOO_SMALL);
}

static enum core_verdict query_answer(struct core_request *r)
{
    struct query_state *s = r->state_data;
    size_t room = r->in.query_info.output_length;
    if (s->cls->source != QUERY_OPEN && s->cls->source != QUERY_SD &&
        s->cls->source != QUERY_STREAM && r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    if (s->cls->source == QUERY_ATTR)
        times_show(r->open, &r->op.attr);
    smbkit_status st = s->cls->fill(r, &s->out);
    if (st != SMBKIT_STATUS_SUCCESS && st != SMBKIT_STATUS_BUFFER_OVERFLOW)
        return request_done(r, st);
    if (builder_failed(&s->out))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    s->len = MIN(s->out.len, room);
    if (s->len < s->out.len) {
        if (s->cls == &query_security_class)
            return too_small(r, s);
        st = SMBKIT_STATUS_BUFFER_OVERFLOW;
    }
    r->with_body = true;
    return request_done(r, st);
}

static bool query_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    const struct query_state *s = r->state_data;
    struct wire_query_info_rsp rsp = {.payload = {s->out.data, s->len}};
    return wire_query_info_rsp_encode(b, hdr, &rsp);
}

static void query_release(struct core_request *r)
{
    struct query_state *s = r->state_data;
    if (s != NULL)
        builder_free(&s->out);
}

static const struct core_step query_steps[] = {
    {"ask", query_ask},
    {"answer", query_answer},
    {"quotas", query_quotas},
    {"quotas answer", query_quotas_answer},
    {0},
};

const struct core_command command_query_info = {
    .code = SMB2_QUERY_INFO,
    .name = "QUERY_INFO",
    .flags = CMD_NEEDS_SESSION | CMD_NEEDS_TREE | CMD_NEEDS_OPEN | CMD_LARGE | CMD_ON_PIPES |
             CMD_ON_QUOTAS,
    .decode = query_decode,
    .file_id = query_file_id,
    .payload = query_payload,
    .steps = query_steps,
    .encode = query_encode,
    .release = query_release,
};
