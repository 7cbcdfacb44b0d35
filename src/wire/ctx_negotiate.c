// SPDX-License-Identifier: Apache-2.0
/*
 * What is inside the negotiate contexts ([MS-SMB2] 2.2.3.1.1 to 2.2.3.1.7): the same form in
 * request and response, one row per type.
 */
#include "wire/wire_int.h"

#include <string.h>

/* The list behind a count that was read before. */
static void get_ids(struct cursor *c, size_t count, struct wire_ids *out)
{
    for (size_t i = 0; i < count && !cursor_failed(c); i++) {
        uint16_t id = cursor_u16(c);
        if (i < WIRE_NEGOTIATE_IDS_MAX)
            out->id[out->count++] = id;
    }
    if (count == 0)
        cursor_fail(c);
}

static void put_ids(struct builder *b, const struct wire_ids *ids)
{
    for (size_t i = 0; i < ids->count; i++)
        builder_u16(b, ids->id[i]);
}

static void get_preauth(struct cursor *c, struct wire_negotiate_ctxs *out)
{
    size_t count = cursor_u16(c);
    size_t salt_len = cursor_u16(c);
    get_ids(c, count, &out->hashes);
    out->salt.data = cursor_take(c, salt_len);
    out->salt.len = salt_len;
}

static void put_preauth(struct builder *b, const struct wire_negotiate_ctxs *in)
{
    builder_u16(b, in->hashes.count);
    wire_put_u16(b, in->salt.len);
    put_ids(b, &in->hashes);
    wire_put_blob(b, &in->salt);
}

static void get_ciphers(struct cursor *c, struct wire_negotiate_ctxs *out)
{
    size_t count = cursor_u16(c);
    get_ids(c, count, &out->ciphers);
}

static void put_ciphers(struct builder *b, const struct wire_negotiate_ctxs *in)
{
    builder_u16(b, in->ciphers.count);
    put_ids(b, &in->ciphers);
}

static void get_compressions(struct cursor *c, struct wire_negotiate_ctxs *out)
{
    size_t count = cursor_u16(c);
    cursor_skip(c, 2);
    out->compression_flags = cursor_u32(c);
    get_ids(c, count, &out->compressions);
}

static void put_compressions(struct builder *b, const struct wire_negotiate_ctxs *in)
{
    builder_u16(b, in->compressions.count);
    builder_u16(b, 0);
    builder_u32(b, in->compression_flags);
    put_ids(b, &in->compressions);
}

static void get_netname(struct cursor *c, struct wire_negotiate_ctxs *out)
{
    out->netname.len = cursor_left(c);
    out->netname.data = cursor_take(c, out->netname.len);
}

static void put_netname(struct builder *b, const struct wire_negotiate_ctxs *in)
{
    wire_put_blob(b, &in->netname);
}

static void get_transport(struct cursor *c, struct wire_negotiate_ctxs *out)
{
    out->transport_flags = cursor_u32(c);
}

static void put_transport(struct builder *b, const struct wire_negotiate_ctxs *in)
{
    builder_u32(b, in->transport_flags);
}

static void get_rdma(struct cursor *c, struct wire_negotiate_ctxs *out)
{
    size_t count = cursor_u16(c);
    cursor_skip(c, 6);
    get_ids(c, count, &out->rdma_transforms);
}

static void put_rdma(struct builder *b, const struct wire_negotiate_ctxs *in)
{
    builder_u16(b, in->rdma_transforms.count);
    builder_zero(b, 6);
    put_ids(b, &in->rdma_transforms);
}

static void get_signings(struct cursor *c, struct wire_negotiate_ctxs *out)
{
    size_t count = cursor_u16(c);
    get_ids(c, count, &out->signings);
}

static void put_signings(struct builder *b, const struct wire_negotiate_ctxs *in)
{
    builder_u16(b, in->signings.count);
    put_ids(b, &in->signings);
}

static const struct ctx_row {
    void (*get)(struct cursor *c, struct wire_negotiate_ctxs *out);
    void (*put)(struct builder *b, const struct wire_negotiate_ctxs *in);
} rows[] = {
    [SMB2_PREAUTH_INTEGRITY_CAPABILITIES] = {get_preauth, put_preauth},
    [SMB2_ENCRYPTION_CAPABILITIES] = {get_ciphers, put_ciphers},
    [SMB2_COMPRESSION_CAPABILITIES] = {get_compressions, put_compressions},
    [SMB2_NETNAME_NEGOTIATE_CONTEXT_ID] = {get_netname, put_netname},
    [SMB2_TRANSPORT_CAPABILITIES] = {get_transport, put_transport},
    [SMB2_RDMA_TRANSFORM_CAPABILITIES] = {get_rdma, put_rdma},
    [SMB2_SIGNING_CAPABILITIES] = {get_signings, put_signings},
};

static void parse_one(const struct ctx_row *row, const struct wire_negotiate_ctx *ctx,
                      struct wire_negotiate_ctxs *out)
{
    /* Into a copy: a malformed context must leave nothing behind. */
    struct wire_negotiate_ctxs tried = *out;
    struct cursor c;
    cursor_init(&c, ctx->data.data, ctx->data.len);
    row->get(&c, &tried);
    if (cursor_failed(&c))
        out->malformed |= WIRE_NEGOTIATE_BIT(ctx->type);
    else
        *out = tried;
}

bool wire_negotiate_ctxs_parse(const struct wire_negotiate_ctx *ctxs, size_t count,
                               struct wire_negotiate_ctxs *out)
{
    static const uint8_t nothing[1];
    *out = (struct wire_negotiate_ctxs){.salt.data = nothing, .netname.data = nothing};
    for (size_t i = 0; i < count; i++) {
        if (ctxs[i].type >= ARRAY_LEN(rows) || rows[ctxs[i].type].get == NULL)
            continue;
        uint32_t bit = WIRE_NEGOTIATE_BIT(ctxs[i].type);
        if (out->present & bit) {
            out->repeated |= bit;
            continue;
        }
        out->present |= bit;
        parse_one(&rows[ctxs[i].type], &ctxs[i], out);
    }
    return out->malformed == 0;
}

/* The fixed fields and the longest list; salt and name come on top. */
#define CTX_DATA_MAX (8 + 2 * WIRE_NEGOTIATE_IDS_MAX)

bool wire_negotiate_ctxs_build(struct arena *a, const struct wire_negotiate_ctxs *in,
                               const struct wire_negotiate_ctx **ctxs, size_t *count)
{
    struct wire_negotiate_ctx *list = arena_array(a, ARRAY_LEN(rows), sizeof(*list));
    if (list == NULL)
        return false;
    size_t n = 0;
    size_t max = CTX_DATA_MAX + MAX(in->salt.len, in->netname.len);
    for (size_t type = 0; type < ARRAY_LEN(rows); type++) {
        if (rows[type].put == NULL || !(in->present & WIRE_NEGOTIATE_BIT(type)))
            continue;
        struct builder b;
        uint8_t *mem = arena_alloc(a, max);
        if (mem == NULL)
            return false;
        builder_init_fixed(&b, mem, max);
        rows[type].put(&b, in);
        if (builder_failed(&b))
            return false;
        list[n++] = (struct wire_negotiate_ctx){(uint16_t)type, {mem, b.len}};
    }
    *ctxs = list;
    *count = n;
    return true;
}
