// SPDX-License-Identifier: Apache-2.0
/* Quota records ([MS-FSCC] 2.4.41, [MS-SMB2] 2.2.37.1). Pure functions, any thread. */
#include "wire/info_quota.h"

#define QUOTA_FIXED     40
#define GET_QUOTA_FIXED 8

enum wire_fit wire_quota_add(struct wire_chain *w, const struct wire_quota *in)
{
    size_t sid_size = wire_sid_size(&in->sid);
    struct builder e;
    enum wire_fit fit = wire_chain_add(w, QUOTA_FIXED + sid_size, &e);

    if (fit != WIRE_FIT_OK)
        return fit;
    builder_u32(&e, (uint32_t)sid_size);
    builder_u64(&e, in->change_time);
    builder_u64(&e, in->used);
    builder_u64(&e, in->threshold);
    builder_u64(&e, in->limit);
    wire_sid_encode(&e, &in->sid);
    return WIRE_FIT_OK;
}

/* A SID that must take exactly `bytes` bytes. */
static bool sid_take(struct cursor *c, uint32_t bytes, struct wire_sid *sid)
{
    struct cursor raw = cursor_sub(c, c->pos, bytes);

    cursor_skip(c, bytes);
    if (!wire_sid_decode(&raw, sid) || cursor_left(&raw) != 0)
        cursor_fail(c);
    return !cursor_failed(c);
}

bool wire_quota_next(struct wire_chain_reader *r, struct wire_quota *out)
{
    struct cursor e;
    uint32_t bytes;

    *out = (struct wire_quota){0};
    if (!wire_chain_next(r, &e))
        return false;
    bytes = cursor_u32(&e);
    out->change_time = cursor_u64(&e);
    out->used = cursor_u64(&e);
    out->threshold = cursor_u64(&e);
    out->limit = cursor_u64(&e);
    if (!sid_take(&e, bytes, &out->sid))
        r->failed = true;
    return !r->failed;
}

enum wire_fit wire_get_quota_add(struct wire_chain *w, const struct wire_sid *sid)
{
    struct builder e;
    enum wire_fit fit = wire_chain_add(w, GET_QUOTA_FIXED + wire_sid_size(sid), &e);

    if (fit != WIRE_FIT_OK)
        return fit;
    builder_u32(&e, (uint32_t)wire_sid_size(sid));
    wire_sid_encode(&e, sid);
    return WIRE_FIT_OK;
}

bool wire_get_quota_next(struct wire_chain_reader *r, struct wire_sid *sid)
{
    struct cursor e;

    *sid = (struct wire_sid){0};
    if (!wire_chain_next(r, &e))
        return false;
    if (!sid_take(&e, cursor_u32(&e), sid))
        r->failed = true;
    return !r->failed;
}

void wire_query_quota_encode(struct builder *b, const struct wire_query_quota *in)
{
    bool start = in->has_start_sid && in->sid_list_len == 0;

    if (in->sid_list_len > UINT32_MAX) {
        b->failed = true;
        return;
    }
    builder_u8(b, in->return_single);
    builder_u8(b, in->restart_scan);
    builder_u16(b, 0);
    builder_u32(b, (uint32_t)in->sid_list_len);
    builder_u32(b, start ? (uint32_t)wire_sid_size(&in->start_sid) : 0);
    builder_u32(b, 0); /* StartSidOffset: the SID is the first thing in the buffer */
    builder_bytes(b, in->sid_list, in->sid_list_len);
    if (start)
        wire_sid_encode(b, &in->start_sid);
}

bool wire_query_quota_decode(struct cursor *c, struct wire_query_quota *out)
{
    uint32_t list_len, sid_len, sid_off;

    *out = (struct wire_query_quota){0};
    out->return_single = cursor_u8(c) != 0;
    out->restart_scan = cursor_u8(c) != 0;
    cursor_skip(c, 2);
    list_len = cursor_u32(c);
    sid_len = cursor_u32(c);
    sid_off = cursor_u32(c);
    if (list_len != 0) {
        out->sid_list = cursor_take(c, list_len);
        out->sid_list_len = list_len;
    } else if (sid_len != 0) {
        cursor_skip(c, sid_off);
        out->has_start_sid = sid_take(c, sid_len, &out->start_sid);
    }
    return !cursor_failed(c);
}
