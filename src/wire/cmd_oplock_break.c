// SPDX-License-Identifier: Apache-2.0
/*
 * OPLOCK_BREAK ([MS-SMB2] 2.2.23 to 2.2.25): notification, acknowledgment and response, each for
 * oplocks and for leases. StructureSize tells the two apart; it is the only command with variants.
 */
#include "wire/wire_int.h"

#define LEASE_BREAK_SIZE        36u
#define LEASE_NOTIFICATION_SIZE 44u

/* The form that all three oplock messages share, behind StructureSize. */
static void get_oplock(struct cursor *c, uint8_t *level, struct wire_file_id *file_id)
{
    *level = cursor_u8(c);
    cursor_skip(c, 5);
    *file_id = wire_get_file_id(c);
}

static void put_oplock(struct builder *b, uint8_t level, const struct wire_file_id *file_id)
{
    builder_u8(b, level);
    builder_zero(b, 5);
    wire_put_file_id(b, file_id);
}

/* Acknowledgment and response are alike. */
static bool break_decode(struct cursor *c, struct wire_oplock_break *out)
{
    *out = (struct wire_oplock_break){0};
    uint16_t size = cursor_u16(c);
    if (size == WIRE_OPLOCK_BREAK_REQ_SIZE) {
        get_oplock(c, &out->oplock_level, &out->file_id);
        return !cursor_failed(c);
    }
    if (size != LEASE_BREAK_SIZE)
        return false;
    out->is_lease = true;
    cursor_skip(c, 2);
    out->lease_flags = cursor_u32(c);
    out->lease_key = wire_get_guid(c);
    out->lease_state = cursor_u32(c);
    cursor_skip(c, 8); /* LeaseDuration */
    return !cursor_failed(c);
}

static bool break_encode(struct builder *b, size_t hdr, const struct wire_oplock_break *in)
{
    wire_begin(b, hdr, in->is_lease ? LEASE_BREAK_SIZE : WIRE_OPLOCK_BREAK_REQ_SIZE);
    if (!in->is_lease) {
        put_oplock(b, in->oplock_level, &in->file_id);
        return !builder_failed(b);
    }
    builder_u16(b, 0);
    builder_u32(b, in->lease_flags);
    wire_put_guid(b, &in->lease_key);
    builder_u32(b, in->lease_state);
    builder_u64(b, 0); /* LeaseDuration */
    return !builder_failed(b);
}

bool wire_oplock_break_req_decode(struct cursor *c, struct arena *a,
                                  struct wire_oplock_break_req *out)
{
    return break_decode(c, out);
}

bool wire_oplock_break_req_encode(struct builder *b, size_t hdr,
                                  const struct wire_oplock_break_req *in)
{
    return break_encode(b, hdr, in);
}

bool wire_oplock_break_rsp_decode(struct cursor *c, struct arena *a,
                                  struct wire_oplock_break_rsp *out)
{
    return break_decode(c, out);
}

bool wire_oplock_break_rsp_encode(struct builder *b, size_t hdr,
                                  const struct wire_oplock_break_rsp *in)
{
    return break_encode(b, hdr, in);
}

bool wire_break_notification_decode(struct cursor *c, struct wire_break_notification *out)
{
    *out = (struct wire_break_notification){0};
    uint16_t size = cursor_u16(c);
    if (size == WIRE_OPLOCK_BREAK_RSP_SIZE) {
        get_oplock(c, &out->oplock_level, &out->file_id);
        return !cursor_failed(c);
    }
    if (size != LEASE_NOTIFICATION_SIZE)
        return false;
    out->is_lease = true;
    out->new_epoch = cursor_u16(c);
    out->flags = cursor_u32(c);
    out->lease_key = wire_get_guid(c);
    out->current_state = cursor_u32(c);
    out->new_state = cursor_u32(c);
    cursor_skip(c, 12); /* BreakReason, AccessMaskHint, ShareMaskHint */
    return !cursor_failed(c);
}

bool wire_break_notification_encode(struct builder *b, size_t hdr,
                                    const struct wire_break_notification *in)
{
    wire_begin(b, hdr, in->is_lease ? LEASE_NOTIFICATION_SIZE : WIRE_OPLOCK_BREAK_RSP_SIZE);
    if (!in->is_lease) {
        put_oplock(b, in->oplock_level, &in->file_id);
        return !builder_failed(b);
    }
    builder_u16(b, in->new_epoch);
    builder_u32(b, in->flags);
    wire_put_guid(b, &in->lease_key);
    builder_u32(b, in->current_state);
    builder_u32(b, in->new_state);
    builder_zero(b, 12); /* BreakReason, AccessMaskHint, ShareMaskHint */
    return !builder_failed(b);
}
