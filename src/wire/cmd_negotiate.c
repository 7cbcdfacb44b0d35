// SPDX-License-Identifier: Apache-2.0
/*
 * NEGOTIATE ([MS-SMB2] 2.2.3, 2.2.4) and the SMB1 NEGOTIATE that leads to it (3.3.5.3). What is in
 * the contexts is the matter of ctx_negotiate.c.
 */
#include "wire/wire_int.h"

#include <string.h>

static bool has_311(const uint16_t *dialects, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (dialects[i] == SMB2_DIALECT_311)
            return true;
    return false;
}

bool wire_negotiate_req_decode(struct cursor *c, struct arena *a, struct wire_negotiate_req *out)
{
    *out = (struct wire_negotiate_req){0};
    wire_structure_size(c, WIRE_NEGOTIATE_REQ_SIZE);
    size_t count = cursor_u16(c);
    out->security_mode = cursor_u16(c);
    cursor_skip(c, 2);
    out->capabilities = cursor_u32(c);
    out->client_guid = wire_get_guid(c);
    /* Either ClientStartTime, or NegotiateContextOffset, -Count and two reserved bytes. */
    uint64_t start_or_ctxs = cursor_u64(c);
    if (cursor_failed(c) || count == 0 || count > WIRE_DIALECTS_MAX)
        return false;

    uint16_t *dialects = arena_array(a, count, sizeof(*dialects));
    if (dialects == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        dialects[i] = cursor_u16(c);
    if (cursor_failed(c))
        return false;
    out->dialects = dialects;
    out->dialect_count = count;

    if (!has_311(dialects, count)) {
        out->client_start_time = start_or_ctxs;
        return true;
    }
    size_t off = (uint32_t)start_or_ctxs;
    out->ctx_count = (uint16_t)(start_or_ctxs >> 32);
    if (out->ctx_count == 0)
        return true;
    return off >= c->pos &&
           wire_typed_ctxs_decode(c, a, off, out->ctx_count, WIRE_NEGOTIATE_CTX_MAX, &out->ctxs);
}

bool wire_negotiate_req_encode(struct builder *b, size_t hdr, const struct wire_negotiate_req *in)
{
    bool contexts = has_311(in->dialects, in->dialect_count);
    size_t end = WIRE_FIXED_END(WIRE_NEGOTIATE_REQ_SIZE) + 2 * in->dialect_count;

    wire_begin(b, hdr, WIRE_NEGOTIATE_REQ_SIZE);
    wire_put_u16(b, in->dialect_count);
    builder_u16(b, in->security_mode);
    builder_u16(b, 0);
    builder_u32(b, in->capabilities);
    wire_put_guid(b, &in->client_guid);
    if (contexts) {
        wire_put_u32(b, in->ctx_count != 0 ? align_up(end, 8) : 0);
        wire_put_u16(b, in->ctx_count);
        builder_u16(b, 0);
    } else {
        builder_u64(b, in->client_start_time);
    }
    for (size_t i = 0; i < in->dialect_count; i++)
        builder_u16(b, in->dialects[i]);
    if (contexts)
        wire_typed_ctxs_encode(b, hdr, in->ctxs, in->ctx_count);
    return !builder_failed(b);
}

bool wire_negotiate_rsp_decode(struct cursor *c, struct arena *a, struct wire_negotiate_rsp *out)
{
    *out = (struct wire_negotiate_rsp){0};
    wire_structure_size(c, WIRE_NEGOTIATE_RSP_SIZE);
    out->security_mode = cursor_u16(c);
    out->dialect = cursor_u16(c);
    size_t count = cursor_u16(c);
    out->server_guid = wire_get_guid(c);
    out->capabilities = cursor_u32(c);
    out->max_transact_size = cursor_u32(c);
    out->max_read_size = cursor_u32(c);
    out->max_write_size = cursor_u32(c);
    out->system_time = cursor_u64(c);
    out->server_start_time = cursor_u64(c);
    size_t security_off = cursor_u16(c);
    size_t security_len = cursor_u16(c);
    size_t ctxs_off = cursor_u32(c);
    size_t fixed = WIRE_FIXED_END(WIRE_NEGOTIATE_RSP_SIZE);
    wire_range(c, fixed, security_off, security_len, &out->security);
    if (cursor_failed(c))
        return false;
    if (out->dialect != SMB2_DIALECT_311 || count == 0)
        return true;
    out->ctx_count = count;
    return ctxs_off >= fixed &&
           wire_typed_ctxs_decode(c, a, ctxs_off, count, WIRE_NEGOTIATE_CTX_MAX, &out->ctxs);
}

bool wire_negotiate_rsp_encode(struct builder *b, size_t hdr, const struct wire_negotiate_rsp *in)
{
    size_t count = in->dialect == SMB2_DIALECT_311 ? in->ctx_count : 0;
    size_t fixed = WIRE_FIXED_END(WIRE_NEGOTIATE_RSP_SIZE);

    wire_begin(b, hdr, WIRE_NEGOTIATE_RSP_SIZE);
    builder_u16(b, in->security_mode);
    builder_u16(b, in->dialect);
    wire_put_u16(b, count);
    wire_put_guid(b, &in->server_guid);
    builder_u32(b, in->capabilities);
    builder_u32(b, in->max_transact_size);
    builder_u32(b, in->max_read_size);
    builder_u32(b, in->max_write_size);
    builder_u64(b, in->system_time);
    builder_u64(b, in->server_start_time);
    wire_put_u16(b, fixed);
    wire_put_u16(b, in->security.len);
    wire_put_u32(b, count != 0 ? align_up(fixed + in->security.len, 8) : 0);
    wire_put_blob(b, &in->security);
    wire_typed_ctxs_encode(b, hdr, in->ctxs, count);
    return !builder_failed(b);
}

/* ---- SMB1 ([MS-CIFS] 2.2.3.1, 2.2.4.52) ---- */

#define SMB1_HEADER_SIZE   32u
#define SMB_COM_NEGOTIATE  0x72u
#define SMB1_BUFFER_FORMAT 0x02u /* a dialect string follows */

static const char dialect_2_002[] = "SMB 2.002";
static const char dialect_2_xxx[] = "SMB 2.???";

bool wire_smb1_negotiate_decode(const void *message, size_t size, struct wire_smb1_negotiate *out)
{
    struct cursor c;
    *out = (struct wire_smb1_negotiate){0};
    cursor_init(&c, message, size);
    if (cursor_u32(&c) != SMB1_PROTOCOL_ID || cursor_u8(&c) != SMB_COM_NEGOTIATE)
        return false;
    cursor_seek(&c, SMB1_HEADER_SIZE);
    uint8_t word_count = cursor_u8(&c);
    size_t byte_count = cursor_u16(&c);
    if (cursor_failed(&c) || word_count != 0 || byte_count > cursor_left(&c))
        return false;
    c.end = c.pos + byte_count;

    while (cursor_left(&c) != 0) {
        uint8_t format = cursor_u8(&c);
        const char *text = (const char *)c.base + c.pos;
        const char *nul = memchr(text, 0, cursor_left(&c));
        if (format != SMB1_BUFFER_FORMAT || nul == NULL)
            return false;
        cursor_skip(&c, (size_t)(nul - text) + 1);
        out->smb_2_002 |= strcmp(text, dialect_2_002) == 0;
        out->smb_2_xxx |= strcmp(text, dialect_2_xxx) == 0;
        out->dialect_count++;
    }
    return true;
}

static void put_dialect(struct builder *b, const char *name)
{
    builder_u8(b, SMB1_BUFFER_FORMAT);
    builder_bytes(b, name, strlen(name) + 1);
}

bool wire_smb1_negotiate_encode(struct builder *b, const struct wire_smb1_negotiate *in)
{
    static const char nt_lm[] = "NT LM 0.12";
    size_t bytes = 1 + sizeof(nt_lm);
    bytes += in->smb_2_002 ? 1 + sizeof(dialect_2_002) : 0;
    bytes += in->smb_2_xxx ? 1 + sizeof(dialect_2_xxx) : 0;

    builder_u32(b, SMB1_PROTOCOL_ID);
    builder_u8(b, SMB_COM_NEGOTIATE);
    builder_u32(b, 0);      /* Status */
    builder_u8(b, 0x18);    /* Flags: canonical, case-insensitive paths */
    builder_u16(b, 0xc853); /* Flags2: Unicode, NT status, extended security, long names */
    builder_zero(b, 12);    /* PIDHigh, SecurityFeatures, Reserved */
    builder_u16(b, 0xffff); /* TID */
    builder_zero(b, 6);     /* PIDLow, UID, MID */
    builder_u8(b, 0);       /* WordCount */
    wire_put_u16(b, bytes);
    put_dialect(b, nt_lm);
    if (in->smb_2_002)
        put_dialect(b, dialect_2_002);
    if (in->smb_2_xxx)
        put_dialect(b, dialect_2_xxx);
    return !builder_failed(b);
}
