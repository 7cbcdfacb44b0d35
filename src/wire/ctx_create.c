// SPDX-License-Identifier: Apache-2.0
/*
 * Create contexts ([MS-SMB2] 2.2.13.2, 2.2.14.2): the chain, and what is in each kind. One row of
 * tables/ctx.def and one row of each table at the end per kind.
 */
#include "wire/wire_int.h"

#include <string.h>

/* Next, NameOffset, NameLength, Reserved, DataOffset, DataLength */
#define CTX_FIXED    16u
#define CTX_NAME_MIN 4u /* "having a NameLength less than 4": INVALID_PARAMETER (3.3.5.9) */

static const struct ctx_kind {
    const char *name;
    size_t name_len;
    uint32_t req_min, req_max;
    uint32_t rsp_min, rsp_max;
} kinds[] = {
#define X(ID, name, req_min, req_max, rsp_min, rsp_max) \
    [WIRE_CTX_##ID] = {name, sizeof(name) - 1, req_min, req_max, rsp_min, rsp_max},
#include "wire/tables/ctx.def"
#undef X
};

/* ---- the chain ---- */

static enum wire_create_ctx_id ctx_id(const struct wire_blob *name)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (name->len == kinds[i].name_len && memcmp(name->data, kinds[i].name, name->len) == 0)
            return (enum wire_create_ctx_id)i;
    return WIRE_CTX_OTHER;
}

/* Reads the context at offset 0 of `c`, whose end is the end of the chain. */
static bool ctx_decode(struct cursor *c, struct wire_create_ctx *out, size_t *next)
{
    *next = cursor_u32(c);
    size_t name_off = cursor_u16(c);
    size_t name_len = cursor_u16(c);
    cursor_skip(c, 2);
    size_t data_off = cursor_u16(c);
    size_t data_len = cursor_u32(c);
    if (cursor_failed(c) || name_len < CTX_NAME_MIN)
        return false;
    if (*next != 0) {
        if (*next % 8 != 0 || *next < CTX_FIXED || *next > c->end - CTX_FIXED)
            return false;
        c->end = *next; /* its name and data lie before the next one */
    }
    wire_range(c, CTX_FIXED, name_off, name_len, &out->name);
    wire_range(c, CTX_FIXED, data_off, data_len, &out->data);
    if (cursor_failed(c))
        return false;
    out->id = ctx_id(&out->name);
    return true;
}

bool wire_create_ctxs_decode(struct cursor *c, struct arena *a, size_t off, size_t len,
                             const struct wire_create_ctx **out, size_t *count)
{
    struct cursor chain = cursor_sub(c, off, len);
    if (cursor_failed(c) || off % 8 != 0)
        return false;
    /* No more than fit; a chain of the most allowed costs about three kilobytes. */
    size_t max = MIN(len / CTX_FIXED, WIRE_CREATE_CTX_MAX);
    struct wire_create_ctx *list = arena_array(a, max, sizeof(*list));
    if (list == NULL)
        return false;
    size_t n = 0, next;
    do {
        if (n == max)
            return false;
        struct cursor one = chain;
        if (!ctx_decode(&one, &list[n++], &next))
            return false;
        /* Next is at least 16 when not 0: the chain gets shorter and cannot loop. */
        chain = cursor_sub(&chain, next, chain.end - next);
    } while (next != 0);
    *out = list;
    *count = n;
    return true;
}

static struct wire_blob ctx_name(const struct wire_create_ctx *ctx)
{
    if (ctx->id == WIRE_CTX_OTHER)
        return ctx->name;
    return (struct wire_blob){(const uint8_t *)kinds[ctx->id].name, kinds[ctx->id].name_len};
}

/* Where the data begin, and how long the context is without the padding behind it. */
static size_t ctx_data_offset(const struct wire_create_ctx *ctx)
{
    return align_up(CTX_FIXED + ctx_name(ctx).len, 8);
}

static size_t ctx_size(const struct wire_create_ctx *ctx)
{
    if (ctx->data.len == 0)
        return CTX_FIXED + ctx_name(ctx).len;
    return ctx_data_offset(ctx) + ctx->data.len;
}

size_t wire_create_ctxs_size(const struct wire_create_ctx *ctxs, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size = align_up(size, 8) + ctx_size(&ctxs[i]);
    return size;
}

void wire_create_ctxs_encode(struct builder *b, const struct wire_create_ctx *ctxs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct wire_blob name = ctx_name(&ctxs[i]);
        size_t start = b->len;
        if (name.len < CTX_NAME_MIN)
            wire_fail(b);
        wire_put_u32(b, i + 1 < count ? align_up(ctx_size(&ctxs[i]), 8) : 0);
        builder_u16(b, CTX_FIXED);
        wire_put_u16(b, name.len);
        builder_u16(b, 0);
        wire_put_u16(b, ctxs[i].data.len != 0 ? ctx_data_offset(&ctxs[i]) : 0);
        wire_put_u32(b, ctxs[i].data.len);
        wire_put_blob(b, &name);
        if (ctxs[i].data.len != 0) {
            builder_align(b, start, 8);
            wire_put_blob(b, &ctxs[i].data);
        }
        if (i + 1 < count)
            builder_align(b, start, 8);
    }
}

/* ---- what is in them; the length was checked against tables/ctx.def ---- */

#define LEASE_V1_SIZE 32u
#define LEASE_V2_SIZE 52u

static void get_lease(struct cursor *c, struct wire_lease *out)
{
    size_t size = cursor_left(c);
    if (size != LEASE_V1_SIZE && size != LEASE_V2_SIZE)
        cursor_fail(c);
    out->key = wire_get_guid(c);
    out->state = cursor_u32(c);
    out->flags = cursor_u32(c);
    cursor_skip(c, 8); /* LeaseDuration */
    out->version = 1;
    if (size == LEASE_V2_SIZE) {
        out->version = 2;
        out->parent_key = wire_get_guid(c);
        out->epoch = cursor_u16(c);
        cursor_skip(c, 2);
    }
}

static void put_lease(struct builder *b, const struct wire_lease *in)
{
    wire_put_guid(b, &in->key);
    builder_u32(b, in->state);
    builder_u32(b, in->flags);
    builder_u64(b, 0); /* LeaseDuration */
    if (in->version == 2) {
        wire_put_guid(b, &in->parent_key);
        builder_u16(b, in->epoch);
        builder_u16(b, 0);
    }
}

static struct wire_blob rest(struct cursor *c)
{
    size_t len = cursor_left(c);
    return (struct wire_blob){cursor_take(c, len), len};
}

static void get_req_exta(struct cursor *c, struct wire_create_req_ctxs *out)
{
    out->ea = rest(c);
}

static void put_req_exta(struct builder *b, const struct wire_create_req_ctxs *in)
{
    wire_put_blob(b, &in->ea);
}

static void get_req_secd(struct cursor *c, struct wire_create_req_ctxs *out)
{
    out->sd = rest(c);
}

static void put_req_secd(struct builder *b, const struct wire_create_req_ctxs *in)
{
    wire_put_blob(b, &in->sd);
}

static void get_req_dhnq(struct cursor *c, struct wire_create_req_ctxs *out)
{
    cursor_skip(c, 16); /* DurableRequest */
}

static void put_req_dhnq(struct builder *b, const struct wire_create_req_ctxs *in)
{
    builder_zero(b, 16);
}

static void get_req_dhnc(struct cursor *c, struct wire_create_req_ctxs *out)
{
    out->durable_reconnect = wire_get_file_id(c);
}

static void put_req_dhnc(struct builder *b, const struct wire_create_req_ctxs *in)
{
    wire_put_file_id(b, &in->durable_reconnect);
}

static void get_req_alsi(struct cursor *c, struct wire_create_req_ctxs *out)
{
    out->allocation_size = cursor_u64(c);
}

static void put_req_alsi(struct builder *b, const struct wire_create_req_ctxs *in)
{
    builder_u64(b, in->allocation_size);
}

static void get_req_mxac(struct cursor *c, struct wire_create_req_ctxs *out)
{
    out->max_access_has_time = cursor_left(c) != 0;
    if (out->max_access_has_time)
        out->max_access_time = cursor_u64(c);
}

static void put_req_mxac(struct builder *b, const struct wire_create_req_ctxs *in)
{
    if (in->max_access_has_time)
        builder_u64(b, in->max_access_time);
}

static void get_req_twrp(struct cursor *c, struct wire_create_req_ctxs *out)
{
    out->timewarp = cursor_u64(c);
}

static void put_req_twrp(struct builder *b, const struct wire_create_req_ctxs *in)
{
    builder_u64(b, in->timewarp);
}

static void get_req_qfid(struct cursor *c, struct wire_create_req_ctxs *out)
{
}

static void put_req_qfid(struct builder *b, const struct wire_create_req_ctxs *in)
{
}

static void get_req_rqls(struct cursor *c, struct wire_create_req_ctxs *out)
{
    get_lease(c, &out->lease);
}

static void put_req_rqls(struct builder *b, const struct wire_create_req_ctxs *in)
{
    put_lease(b, &in->lease);
}

static void get_req_dh2q(struct cursor *c, struct wire_create_req_ctxs *out)
{
    out->durable_v2.timeout = cursor_u32(c);
    out->durable_v2.flags = cursor_u32(c);
    cursor_skip(c, 8);
    out->durable_v2.create_guid = wire_get_guid(c);
}

static void put_req_dh2q(struct builder *b, const struct wire_create_req_ctxs *in)
{
    builder_u32(b, in->durable_v2.timeout);
    builder_u32(b, in->durable_v2.flags);
    builder_u64(b, 0);
    wire_put_guid(b, &in->durable_v2.create_guid);
}

static void get_req_dh2c(struct cursor *c, struct wire_create_req_ctxs *out)
{
    out->durable_v2_reconnect.file_id = wire_get_file_id(c);
    out->durable_v2_reconnect.create_guid = wire_get_guid(c);
    out->durable_v2_reconnect.flags = cursor_u32(c);
}

static void put_req_dh2c(struct builder *b, const struct wire_create_req_ctxs *in)
{
    wire_put_file_id(b, &in->durable_v2_reconnect.file_id);
    wire_put_guid(b, &in->durable_v2_reconnect.create_guid);
    builder_u32(b, in->durable_v2_reconnect.flags);
}

#define APP_INSTANCE_ID_SIZE      20u
#define APP_INSTANCE_VERSION_SIZE 24u

static void get_req_app_instance_id(struct cursor *c, struct wire_create_req_ctxs *out)
{
    wire_structure_size(c, APP_INSTANCE_ID_SIZE);
    cursor_skip(c, 2);
    out->app_instance_id = wire_get_guid(c);
}

static void put_req_app_instance_id(struct builder *b, const struct wire_create_req_ctxs *in)
{
    builder_u16(b, APP_INSTANCE_ID_SIZE);
    builder_u16(b, 0);
    wire_put_guid(b, &in->app_instance_id);
}

static void get_req_app_instance_version(struct cursor *c, struct wire_create_req_ctxs *out)
{
    wire_structure_size(c, APP_INSTANCE_VERSION_SIZE);
    cursor_skip(c, 6);
    out->app_instance_version_high = cursor_u64(c);
    out->app_instance_version_low = cursor_u64(c);
}

static void put_req_app_instance_version(struct builder *b, const struct wire_create_req_ctxs *in)
{
    builder_u16(b, APP_INSTANCE_VERSION_SIZE);
    builder_zero(b, 6);
    builder_u64(b, in->app_instance_version_high);
    builder_u64(b, in->app_instance_version_low);
}

static void get_rsp_dhnq(struct cursor *c, struct wire_create_rsp_ctxs *out)
{
    cursor_skip(c, 8);
}

static void put_rsp_dhnq(struct builder *b, const struct wire_create_rsp_ctxs *in)
{
    builder_u64(b, 0);
}

static void get_rsp_mxac(struct cursor *c, struct wire_create_rsp_ctxs *out)
{
    out->max_access.status = cursor_u32(c);
    out->max_access.access = cursor_u32(c);
}

static void put_rsp_mxac(struct builder *b, const struct wire_create_rsp_ctxs *in)
{
    builder_u32(b, in->max_access.status);
    builder_u32(b, in->max_access.access);
}

static void get_rsp_qfid(struct cursor *c, struct wire_create_rsp_ctxs *out)
{
    out->disk_id.file_id = cursor_u64(c);
    out->disk_id.volume_id = cursor_u64(c);
    cursor_skip(c, 16);
}

static void put_rsp_qfid(struct builder *b, const struct wire_create_rsp_ctxs *in)
{
    builder_u64(b, in->disk_id.file_id);
    builder_u64(b, in->disk_id.volume_id);
    builder_zero(b, 16);
}

static void get_rsp_rqls(struct cursor *c, struct wire_create_rsp_ctxs *out)
{
    get_lease(c, &out->lease);
}

static void put_rsp_rqls(struct builder *b, const struct wire_create_rsp_ctxs *in)
{
    put_lease(b, &in->lease);
}

static void get_rsp_dh2q(struct cursor *c, struct wire_create_rsp_ctxs *out)
{
    out->durable_v2.timeout = cursor_u32(c);
    out->durable_v2.flags = cursor_u32(c);
}

static void put_rsp_dh2q(struct builder *b, const struct wire_create_rsp_ctxs *in)
{
    builder_u32(b, in->durable_v2.timeout);
    builder_u32(b, in->durable_v2.flags);
}

static const struct req_row {
    void (*get)(struct cursor *c, struct wire_create_req_ctxs *out);
    void (*put)(struct builder *b, const struct wire_create_req_ctxs *in);
} req_rows[ARRAY_LEN(kinds)] = {
    [WIRE_CTX_EXTA] = {get_req_exta, put_req_exta},
    [WIRE_CTX_SECD] = {get_req_secd, put_req_secd},
    [WIRE_CTX_DHNQ] = {get_req_dhnq, put_req_dhnq},
    [WIRE_CTX_DHNC] = {get_req_dhnc, put_req_dhnc},
    [WIRE_CTX_ALSI] = {get_req_alsi, put_req_alsi},
    [WIRE_CTX_MXAC] = {get_req_mxac, put_req_mxac},
    [WIRE_CTX_TWRP] = {get_req_twrp, put_req_twrp},
    [WIRE_CTX_QFID] = {get_req_qfid, put_req_qfid},
    [WIRE_CTX_RQLS] = {get_req_rqls, put_req_rqls},
    [WIRE_CTX_DH2Q] = {get_req_dh2q, put_req_dh2q},
    [WIRE_CTX_DH2C] = {get_req_dh2c, put_req_dh2c},
    [WIRE_CTX_APP_INSTANCE_ID] = {get_req_app_instance_id, put_req_app_instance_id},
    [WIRE_CTX_APP_INSTANCE_VERSION] = {get_req_app_instance_version, put_req_app_instance_version},
};

static const struct rsp_row {
    void (*get)(struct cursor *c, struct wire_create_rsp_ctxs *out);
    void (*put)(struct builder *b, const struct wire_create_rsp_ctxs *in);
} rsp_rows[ARRAY_LEN(kinds)] = {
    [WIRE_CTX_DHNQ] = {get_rsp_dhnq, put_rsp_dhnq}, [WIRE_CTX_MXAC] = {get_rsp_mxac, put_rsp_mxac},
    [WIRE_CTX_QFID] = {get_rsp_qfid, put_rsp_qfid}, [WIRE_CTX_RQLS] = {get_rsp_rqls, put_rsp_rqls},
    [WIRE_CTX_DH2Q] = {get_rsp_dh2q, put_rsp_dh2q},
};

/* ---- both directions alike ---- */

/* One direction: its table and the type of its struct are known to the functions only. */
struct direction {
    bool (*length_fits)(const struct ctx_kind *k, size_t len);
    void (*get)(enum wire_create_ctx_id id, struct cursor *c, void *out);
    /* False: the kind does not occur in this direction. */
    bool (*put)(enum wire_create_ctx_id id, struct builder *b, const void *in);
};

static bool req_length_fits(const struct ctx_kind *k, size_t len)
{
    return len >= k->req_min && len <= k->req_max;
}

static void req_get(enum wire_create_ctx_id id, struct cursor *c, void *out)
{
    req_rows[id].get(c, out);
}

static bool req_put(enum wire_create_ctx_id id, struct builder *b, const void *in)
{
    req_rows[id].put(b, in);
    return true;
}

static const struct direction req_direction = {req_length_fits, req_get, req_put};

/* Also false for a kind that no server may answer with: its range is empty. */
static bool rsp_length_fits(const struct ctx_kind *k, size_t len)
{
    return len >= k->rsp_min && len <= k->rsp_max;
}

static void rsp_get(enum wire_create_ctx_id id, struct cursor *c, void *out)
{
    rsp_rows[id].get(c, out);
}

static bool rsp_put(enum wire_create_ctx_id id, struct builder *b, const void *in)
{
    if (rsp_rows[id].put == NULL)
        return false;
    rsp_rows[id].put(b, in);
    return true;
}

static const struct direction rsp_direction = {rsp_length_fits, rsp_get, rsp_put};

static bool ctxs_parse(const struct direction *d, const struct wire_create_ctx *ctxs, size_t count,
                       uint32_t *present, void *out)
{
    for (size_t i = 0; i < count; i++) {
        enum wire_create_ctx_id id = ctxs[i].id;
        if (id == WIRE_CTX_OTHER || (*present & WIRE_CTX_BIT(id)))
            continue;
        struct cursor c;
        cursor_init(&c, ctxs[i].data.data, ctxs[i].data.len);
        if (!d->length_fits(&kinds[id], ctxs[i].data.len))
            return false;
        d->get(id, &c, out);
        if (cursor_failed(&c) || cursor_left(&c) != 0)
            return false;
        *present |= WIRE_CTX_BIT(id);
    }
    return true;
}

bool wire_create_req_ctxs_parse(const struct wire_create_ctx *ctxs, size_t count,
                                struct wire_create_req_ctxs *out)
{
    static const uint8_t nothing[1];
    *out = (struct wire_create_req_ctxs){.ea.data = nothing, .sd.data = nothing};
    return ctxs_parse(&req_direction, ctxs, count, &out->present, out);
}

bool wire_create_rsp_ctxs_parse(const struct wire_create_ctx *ctxs, size_t count,
                                struct wire_create_rsp_ctxs *out)
{
    *out = (struct wire_create_rsp_ctxs){0};
    return ctxs_parse(&rsp_direction, ctxs, count, &out->present, out);
}

/* The longest data of a context that is not a blob (RqLs, 52 bytes), rounded up. */
#define CTX_DATA_MAX 64u

/* What is to be built. */
struct ctx_list {
    const struct wire_create_ctx *more; /* the caller's own, the last ones */
    size_t more_count;
    size_t data_max;
    uint32_t present;
};

static bool ctxs_build(const struct direction *d, struct arena *a, const struct ctx_list *l,
                       const void *in, const struct wire_create_ctx **ctxs, size_t *count)
{
    size_t n = 0, max;
    struct wire_create_ctx *list = checked_add_size(ARRAY_LEN(kinds), l->more_count, &max)
                                       ? arena_array(a, max, sizeof *list)
                                       : NULL;
    if (list == NULL)
        return false;
    for (size_t id = 0; id < ARRAY_LEN(kinds); id++) {
        if (!(l->present & WIRE_CTX_BIT(id)))
            continue;
        struct builder b;
        uint8_t *mem = arena_alloc(a, l->data_max);
        if (mem == NULL)
            return false;
        builder_init_fixed(&b, mem, l->data_max);
        if (!d->put((enum wire_create_ctx_id)id, &b, in) || builder_failed(&b))
            return false;
        list[n].id = (enum wire_create_ctx_id)id;
        list[n++].data = (struct wire_blob){mem, b.len};
    }
    for (size_t i = 0; i < l->more_count; i++)
        list[n + i] = l->more[i];
    *ctxs = list;
    *count = n + l->more_count;
    return true;
}

bool wire_create_req_ctxs_build(struct arena *a, const struct wire_create_req_ctxs *in,
                                const struct wire_create_ctx *more, size_t more_count,
                                const struct wire_create_ctx **ctxs, size_t *count)
{
    size_t data_max = CTX_DATA_MAX + MAX(in->ea.len, in->sd.len);
    const struct ctx_list l = {more, more_count, data_max, in->present};
    return ctxs_build(&req_direction, a, &l, in, ctxs, count);
}

bool wire_create_rsp_ctxs_build(struct arena *a, const struct wire_create_rsp_ctxs *in,
                                const struct wire_create_ctx *more, size_t more_count,
                                const struct wire_create_ctx **ctxs, size_t *count)
{
    const struct ctx_list l = {more, more_count, CTX_DATA_MAX, in->present};
    return ctxs_build(&rsp_direction, a, &l, in, ctxs, count);
}
