// SPDX-License-Identifier: Apache-2.0
/*
 * QUERY_INFO of quotas ([MS-SMB2] 2.2.37.1, 3.3.5.20.4, [MS-FSA] 2.1.5.21): either for a list of
 * users, with one question to the plugin for each, or all, from where the last answer on this open
 * has ended, from the beginning, or from one user on.
 *
 * Everybody may ask for himself, by a list; all else is for those who may manage quotas.
 */
#include "core/cmd/query_info.h"
#include "core/open.h"
#include "core/quota.h"
#include "core/session.h"
#include "wire/info_quota.h"

struct query_quota {
    struct wire_query_quota in;
    struct wire_chain list;        /* what is answered */
    struct wire_chain_reader sids; /* of in.sid_list */
    struct quota_sid sid;          /* who is being asked for */
    bool for_one;                  /* ... and nobody else: the first of a list, or all of it */
};

/* NextEntryOffset to QuotaLimit, and the shortest SID that there is. */
#define QUOTA_ENTRY_MIN (40 + WIRE_SID_SIZE_MIN)

/* What cannot be cut off or answered before the plugin is asked: filled by the steps below. */
const struct query_class query_quotas_class = {.source = QUERY_QUOTAS};

static void open_sids(struct query_quota *q)
{
    struct cursor c;
    cursor_init(&c, q->in.sid_list, q->in.sid_list_len);
    wire_chain_open(&q->sids, &c, WIRE_GET_QUOTA_ALIGN);
}

/* Is the list one, and is it only about `self`? */
static bool check_sids(struct query_quota *q, const struct wire_sid *self, bool *only_self)
{
    struct wire_sid sid;
    *only_self = true;
    if (q->in.sid_list_len % WIRE_GET_QUOTA_ALIGN != 0)
        return false;
    for (open_sids(q); wire_get_quota_next(&q->sids, &sid);)
        *only_self = *only_self && wire_sid_equal(&sid, self);
    return !q->sids.failed;
}

static bool next_sid(struct query_quota *q)
{
    struct wire_sid sid;
    if (!wire_get_quota_next(&q->sids, &sid))
        return false;
    quota_sid_set(&q->sid, &sid);
    return true;
}

/* Where it begins, for a request that is right. */
static void prepare(struct core_request *r, struct query_state *s)
{
    struct query_quota *q = s->ask;
    wire_chain_init(&q->list, &s->out, r->in.query_info.output_length, WIRE_QUOTA_ALIGN);
    if (q->in.sid_list != NULL) {
        open_sids(q);
        q->for_one = next_sid(q);
    } else if (q->in.has_start_sid) {
        quota_sid_set(&q->sid, &q->in.start_sid);
        q->for_one = true;
    } else if (q->in.restart_scan) {
        r->open->quota_cookie = 0;
    }
}

smbkit_status query_quotas_begin(struct core_request *r, struct query_state *s)
{
    const struct wire_query_info_req *req = &r->in.query_info;
    struct query_quota *q = arena_alloc(request_arena(r), sizeof *q);
    struct cursor c;
    bool only_self;
    if (q == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    s->ask = q;
    cursor_init(&c, req->input.data, req->input.len);
    if (!wire_query_quota_decode(&c, &q->in) || !check_sids(q, &r->session->token.user, &only_self))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (!quota_may_manage(r->session) && (q->in.sid_list == NULL || !only_self))
        return SMBKIT_STATUS_ACCESS_DENIED;
    if (req->output_length < QUOTA_ENTRY_MIN)
        return SMBKIT_STATUS_BUFFER_TOO_SMALL;
    prepare(r, s);
    return SMBKIT_STATUS_SUCCESS;
}

enum core_verdict query_quotas(struct core_request *r)
{
    const struct query_state *s = r->state_data;
    const struct query_quota *q = s->ask;
    struct smbkit_quotas_args args = {.cookie = r->open->quota_cookie, .max_entries = 1};
    if (q->for_one) {
        args.sid = q->sid.bytes;
        args.sid_len = q->sid.len;
    } else if (!q->in.return_single) {
        args.max_entries = r->in.query_info.output_length / QUOTA_ENTRY_MIN;
    }
    return request_await(r, vfs_quotas(&r->op, r->open->volume, &args));
}

/* ---------------------------------------------------------------- the answer */

static enum core_verdict end(struct core_request *r)
{
    struct query_state *s = r->state_data;
    if (builder_failed(&s->out))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    if (s->ask->list.count == 0)
        return request_done(r, SMBKIT_STATUS_NO_MORE_ENTRIES);
    s->len = s->out.len;
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

/* SUCCESS; BUFFER_TOO_SMALL: there is no room for it. */
static smbkit_status put(struct query_quota *q, const struct smbkit_quota *quota)
{
    struct cursor c;
    struct wire_quota x = {
        .change_time = quota->change_time,
        .used = quota->used,
        .threshold = quota->threshold,
        .limit = quota->limit,
    };
    cursor_init(&c, quota->sid, quota->sid_len);
    if (!wire_sid_decode(&c, &x.sid))
        return SMBKIT_STATUS_INTERNAL_ERROR;
    switch (wire_quota_add(&q->list, &x)) {
    case WIRE_FIT_OK: return SMBKIT_STATUS_SUCCESS;
    case WIRE_FIT_FULL: return SMBKIT_STATUS_BUFFER_TOO_SMALL;
    default: return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
}

/* One could not be put: the end of a list that has others. */
static enum core_verdict full(struct core_request *r, smbkit_status st)
{
    const struct query_state *s = r->state_data;
    if (st == SMBKIT_STATUS_BUFFER_TOO_SMALL && s->ask->list.count > 0)
        return end(r);
    return request_done(r, st);
}

/* One of a list: who has neither files nor limits is answered with zeros. */
static enum core_verdict answer_one(struct core_request *r, struct query_quota *q)
{
    const struct smbkit_quota nothing = {.sid = q->sid.bytes, .sid_len = q->sid.len};
    smbkit_status st = put(q, r->op.quota_count > 0 ? &r->op.quotas[0].quota : &nothing);
    if (st != SMBKIT_STATUS_SUCCESS)
        return full(r, st);
    return q->in.return_single || !next_sid(q) ? end(r) : request_goto(r, query_quotas);
}

enum core_verdict query_quotas_answer(struct core_request *r)
{
    const struct query_state *s = r->state_data;
    struct query_quota *q = s->ask;
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    if (q->in.sid_list != NULL)
        return answer_one(r, q);
    if (q->for_one && r->op.quota_count == 0)
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER); /* StartSid is nobody's */
    for (size_t i = 0; i < r->op.quota_count; i++) {
        smbkit_status st = put(q, &r->op.quotas[i].quota);
        if (st != SMBKIT_STATUS_SUCCESS)
            return full(r, st);
        r->open->quota_cookie = r->op.quotas[i].next_cookie;
        if (q->in.return_single)
            return end(r);
    }
    bool more = q->for_one || !r->op.dir_end;
    q->for_one = false;
    return more ? request_goto(r, query_quotas) : end(r);
}
