// SPDX-License-Identifier: Apache-2.0
/* NEGOTIATE ([MS-SMB2] 3.3.5.3, 3.3.5.4). */
#include "core/cmd/negotiate.h"
#include "base/mem.h"
#include "core/command.h"
#include "core/conn.h"
#include "core/core.h"
#include "core/credits.h"
#include "core/dfs.h"
#include "core/reply.h"
#include "core/request.h"
#include "core/share.h"
#include "core/state.h"
#include <string.h>

#define SMALL_IO       65536u /* MaxTransactSize without large MTU */
#define FRAME_OVERHEAD 65536u /* headers, contexts and small neighbours in a compound */
#define SALT_LEN       32
#define SECURITY_MAX   1024
#define SERVER_CTXS_BITS                                       \
    (WIRE_NEGOTIATE_BIT(SMB2_PREAUTH_INTEGRITY_CAPABILITIES) | \
     WIRE_NEGOTIATE_BIT(SMB2_ENCRYPTION_CAPABILITIES) |        \
     WIRE_NEGOTIATE_BIT(SMB2_COMPRESSION_CAPABILITIES) |       \
     WIRE_NEGOTIATE_BIT(SMB2_RDMA_TRANSFORM_CAPABILITIES) |    \
     WIRE_NEGOTIATE_BIT(SMB2_SIGNING_CAPABILITIES))

/* Every dialect there is, greatest first. */
static const uint16_t dialects[] = {SMB2_DIALECT_311, SMB2_DIALECT_302, SMB2_DIALECT_300,
                                    SMB2_DIALECT_210, SMB2_DIALECT_202};

static bool dialect_enabled(const struct core *c, uint16_t dialect)
{
    return dialect >= c->config.min_dialect && dialect <= c->config.max_dialect;
}

uint16_t negotiate_choose_dialect(const struct core *c, const uint16_t *offered, size_t count)
{
    for (size_t i = 0; i < ARRAY_LEN(dialects); i++)
        for (size_t k = 0; k < count; k++)
            if (offered[k] == dialects[i] && dialect_enabled(c, dialects[i]))
                return dialects[i];
    return 0;
}

uint16_t negotiate_security_mode(const struct core *c)
{
    return SMB2_NEGOTIATE_SIGNING_ENABLED |
           (c->config.signing_required ? SMB2_NEGOTIATE_SIGNING_REQUIRED : 0);
}

static bool ids_contain(const struct wire_ids *ids, uint16_t id)
{
    for (uint16_t i = 0; i < ids->count; i++)
        if (ids->id[i] == id)
            return true;
    return false;
}

/* ---------------------------------------------------------------- 3.1.1 contexts */

static bool has(const struct wire_negotiate_ctxs *x, unsigned type)
{
    return (x->present & WIRE_NEGOTIATE_BIT(type)) != 0;
}

static bool cipher_enabled(const struct core_config *cfg, uint16_t cipher)
{
    for (size_t i = 0; i < CORE_CIPHERS_MAX && cfg->ciphers[i] != 0; i++)
        if (cfg->ciphers[i] == cipher)
            return true;
    return false;
}

/* The client's favourite among those that are on. Not ours, with AES-256 first: the Linux kernel's
   client derives its signing key with L = 256 once such a cipher is negotiated, and then finds
   every signature wrong; it puts AES-128-GCM first. */
static enum crypto_cipher choose_cipher(const struct core *c, const struct wire_ids *offered)
{
    if (c->config.encryption == CORE_ENCRYPTION_OFF)
        return CRYPTO_CIPHER_NONE;
    for (uint16_t i = 0; i < offered->count; i++)
        if (cipher_enabled(&c->config, offered->id[i]))
            return (enum crypto_cipher)offered->id[i];
    return CRYPTO_CIPHER_NONE;
}

static enum crypto_sign_alg choose_signing(const struct core *c, const struct wire_ids *offered)
{
    for (uint32_t i = 0; i < c->config.signing_count; i++)
        if (ids_contain(offered, c->config.signing[i]))
            return (enum crypto_sign_alg)c->config.signing[i];
    return CRYPTO_SIGN_AES_CMAC;
}

static bool compression_enabled(const struct core *c)
{
    if (c->config.compression == CORE_COMPRESSION_SHARES)
        LIST_FOREACH (it, &c->shares)
            if (LIST_ENTRY(it, struct core_share, link)->compress)
                return true;
    return c->config.compression == CORE_COMPRESSION_OFFERED;
}

static smbkit_status process_contexts(struct core_request *r, struct wire_negotiate_ctxs *x)
{
    struct core_conn *conn = request_conn(r);
    const struct wire_negotiate_req *q = &r->in.negotiate;
    uint32_t used = WIRE_NEGOTIATE_BIT(SMB2_PREAUTH_INTEGRITY_CAPABILITIES) |
                    WIRE_NEGOTIATE_BIT(SMB2_SIGNING_CAPABILITIES);
    if (conn->core->config.encryption != CORE_ENCRYPTION_OFF)
        used |= WIRE_NEGOTIATE_BIT(SMB2_ENCRYPTION_CAPABILITIES);
    bool compression = compression_enabled(conn->core);
    if (compression)
        used |= WIRE_NEGOTIATE_BIT(SMB2_COMPRESSION_CAPABILITIES);
    /* what belongs to a feature that we do not have is ignored, also when it is malformed */
    wire_negotiate_ctxs_parse(q->ctxs, q->ctx_count, x);
    if (!has(x, SMB2_PREAUTH_INTEGRITY_CAPABILITIES) || (x->repeated & SERVER_CTXS_BITS) != 0 ||
        (x->malformed & used) != 0)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (!ids_contain(&x->hashes, SMB2_PREAUTH_INTEGRITY_SHA512))
        return SMBKIT_STATUS_SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP;
    if (has(x, SMB2_ENCRYPTION_CAPABILITIES))
        conn->cipher = choose_cipher(conn->core, &x->ciphers);
    if (compression && has(x, SMB2_COMPRESSION_CAPABILITIES)) {
        if (x->compressions.count == 0)
            return SMBKIT_STATUS_INVALID_PARAMETER;
        compression_choose(&conn->compression, &x->compressions, x->compression_flags);
        conn->compression_asked = true;
    }
    conn->signing = CRYPTO_SIGN_AES_CMAC;
    if (has(x, SMB2_SIGNING_CAPABILITIES))
        conn->signing = choose_signing(conn->core, &x->signings);
    struct crypto_iov iov = {r->body.base, r->body.end};
    if (!crypto_preauth_update(&conn->preauth, &iov, 1))
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    return SMBKIT_STATUS_SUCCESS;
}

/* Answers those that were sent and that we know. */
static bool answer_contexts(struct core_request *r, const struct wire_negotiate_ctxs *x,
                            struct wire_negotiate_rsp *rsp)
{
    struct core_conn *conn = request_conn(r);
    struct wire_negotiate_ctxs *out = arena_alloc(request_arena(r), sizeof *out);
    uint8_t *salt = arena_alloc(request_arena(r), SALT_LEN);
    if (out == NULL || salt == NULL)
        return false;
    random_fill(&conn->core->config.random, salt, SALT_LEN);
    out->present = WIRE_NEGOTIATE_BIT(SMB2_PREAUTH_INTEGRITY_CAPABILITIES);
    out->hashes = (struct wire_ids){.count = 1, .id = {SMB2_PREAUTH_INTEGRITY_SHA512}};
    out->salt = (struct wire_blob){salt, SALT_LEN};
    if (has(x, SMB2_ENCRYPTION_CAPABILITIES) &&
        conn->core->config.encryption != CORE_ENCRYPTION_OFF) {
        out->present |= WIRE_NEGOTIATE_BIT(SMB2_ENCRYPTION_CAPABILITIES);
        out->ciphers = (struct wire_ids){.count = 1, .id = {(uint16_t)conn->cipher}};
    }
    if (conn->compression_asked) {
        const struct core_compression *z = &conn->compression;
        out->present |= WIRE_NEGOTIATE_BIT(SMB2_COMPRESSION_CAPABILITIES);
        out->compression_flags = z->chained ? SMB2_COMPRESSION_CAPABILITIES_FLAG_CHAINED
                                            : SMB2_COMPRESSION_CAPABILITIES_FLAG_NONE;
        out->compressions.count = MAX(z->count, 1); /* of none: NONE */
        memcpy(out->compressions.id, z->ids, sizeof z->ids);
    }
    if (has(x, SMB2_SIGNING_CAPABILITIES)) {
        out->present |= WIRE_NEGOTIATE_BIT(SMB2_SIGNING_CAPABILITIES);
        out->signings = (struct wire_ids){.count = 1, .id = {(uint16_t)conn->signing}};
    }
    return wire_negotiate_ctxs_build(request_arena(r), out, &rsp->ctxs, &rsp->ctx_count);
}

/* ---------------------------------------------------------------- the connection's settings */

/* 3.0 and 3.0.2 announce encryption by a capability and know one cipher. */
static void settle_capabilities(struct core_conn *conn)
{
    const struct core_config *cfg = &conn->core->config;
    bool v3 = conn->dialect >= SMB2_DIALECT_300;
    conn->multi_credit = conn->dialect >= SMB2_DIALECT_210;
    conn->max_transact = conn->multi_credit ? cfg->max_io : MIN(cfg->max_io, SMALL_IO);
    conn->server_capabilities =
        conn->multi_credit ? SMB2_GLOBAL_CAP_LARGE_MTU | SMB2_GLOBAL_CAP_LEASING : 0;
    if (v3)
        conn->server_capabilities |=
            conn->client_capabilities &
            (SMB2_GLOBAL_CAP_DIRECTORY_LEASING | SMB2_GLOBAL_CAP_MULTI_CHANNEL);
    if (dfs_capable(conn->core))
        conn->server_capabilities |= SMB2_GLOBAL_CAP_DFS;
    if (conn->dialect < SMB2_DIALECT_311) {
        conn->signing = v3 ? CRYPTO_SIGN_AES_CMAC : CRYPTO_SIGN_HMAC_SHA256;
        bool ccm = false;
        for (size_t i = 0; i < CORE_CIPHERS_MAX; i++)
            ccm = ccm || cfg->ciphers[i] == CRYPTO_CIPHER_AES_128_CCM;
        if (v3 && ccm && cfg->encryption != CORE_ENCRYPTION_OFF &&
            (conn->client_capabilities & SMB2_GLOBAL_CAP_ENCRYPTION)) {
            conn->cipher = CRYPTO_CIPHER_AES_128_CCM;
            conn->server_capabilities |= SMB2_GLOBAL_CAP_ENCRYPTION;
        }
    }
}

static bool remember_dialects(struct core_conn *conn, const struct wire_negotiate_req *q)
{
    conn->client_dialects = mem_dup(q->dialects, q->dialect_count * sizeof *q->dialects);
    conn->client_dialect_count = q->dialect_count;
    return conn->client_dialects != NULL;
}

/* The answer, but for contexts; its security token is made in `token`. */
static struct wire_negotiate_rsp response(const struct core_conn *conn, uint16_t dialect,
                                          uint8_t token[static SECURITY_MAX])
{
    struct core *c = conn->core;
    struct builder b;
    builder_init_fixed(&b, token, SECURITY_MAX);
    size_t len = auth_initial_token(c->config.auth, &b);
    return (struct wire_negotiate_rsp){
        .security_mode = negotiate_security_mode(c),
        .dialect = dialect,
        .server_guid = c->config.server_guid,
        .capabilities = conn->server_capabilities,
        .max_transact_size = conn->max_transact,
        .max_read_size = conn->max_transact,
        .max_write_size = conn->max_transact,
        .system_time = c->filetime,
        .security = {token, len},
    };
}

static bool make_response(struct core_request *r, struct wire_negotiate_rsp *rsp)
{
    struct core_conn *conn = request_conn(r);
    uint8_t *token = arena_alloc(request_arena(r), SECURITY_MAX);
    if (token == NULL)
        return false;
    *rsp = response(conn, conn->dialect, token);
    return true;
}

/* ---------------------------------------------------------------- the command */

static bool negotiate_decode(struct core_request *r, struct cursor *body)
{
    return wire_negotiate_req_decode(body, request_arena(r), &r->in.negotiate);
}

static enum core_verdict negotiate_run(struct core_request *r)
{
    struct core_conn *conn = request_conn(r);
    const struct wire_negotiate_req *q = &r->in.negotiate;
    struct wire_negotiate_ctxs ctxs = {0};
    struct wire_negotiate_rsp *rsp = arena_alloc(request_arena(r), sizeof *rsp);
    if (conn->state == CONN_NEGOTIATED) {
        conn_refuse(conn, "a second NEGOTIATE");
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    }
    conn->client_capabilities = q->capabilities;
    conn->client_security_mode = q->security_mode;
    conn->client_guid = q->client_guid;
    conn->signing_required = (q->security_mode & SMB2_NEGOTIATE_SIGNING_REQUIRED) != 0;
    uint16_t dialect = negotiate_choose_dialect(conn->core, q->dialects, q->dialect_count);
    if (dialect == 0)
        return request_done(r, SMBKIT_STATUS_NOT_SUPPORTED);
    if (rsp == NULL || conn->client_dialects != NULL || !remember_dialects(conn, q))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    if (dialect == SMB2_DIALECT_311) {
        smbkit_status st = process_contexts(r, &ctxs);
        if (st != SMBKIT_STATUS_SUCCESS) {
            mem_free(conn->client_dialects);
            conn->client_dialects = NULL;
            return request_done(r, st);
        }
    }
    conn->dialect = dialect;
    settle_capabilities(conn);
    if (!make_response(r, rsp) ||
        (dialect == SMB2_DIALECT_311 && !answer_contexts(r, &ctxs, rsp))) {
        conn_refuse(conn, "out of memory");
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    }
    conn->state = CONN_NEGOTIATED;
    conn->core->host.set_max_frame(conn->transport, conn->max_transact + FRAME_OVERHEAD);
    r->state_data = rsp;
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

static bool negotiate_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    return wire_negotiate_rsp_encode(b, hdr, r->state_data);
}

static const struct core_step negotiate_steps[] = {{"negotiate", negotiate_run}, {0}};

const struct core_command command_negotiate = {
    .code = SMB2_NEGOTIATE,
    .name = "NEGOTIATE",
    .decode = negotiate_decode,
    .steps = negotiate_steps,
    .encode = negotiate_encode,
};

/* ---------------------------------------------------------------- SMB1 multi-protocol */

static bool smb1_response(struct core_conn *conn, uint16_t dialect, struct builder *b)
{
    struct core *c = conn->core;
    uint8_t token[SECURITY_MAX];
    struct wire_hdr h = {.command = SMB2_NEGOTIATE,
                         .flags = SMB2_FLAGS_SERVER_TO_REDIR,
                         .credits = credits_grant(&conn->credits, 1, c->config.max_credits)};
    struct wire_negotiate_rsp rsp = response(conn, dialect, token);
    return wire_hdr_encode(b, &h) && wire_negotiate_rsp_encode(b, 0, &rsp);
}

/* The answer is an SMB2 message with message id 0, which thereby is used (3.3.5.3.1, 3.3.5.3.2). */
void negotiate_smb1(struct core_conn *conn, const uint8_t *data, size_t size)
{
    struct core *c = conn->core;
    struct wire_smb1_negotiate q;
    struct builder b;
    struct chain out;
    if (conn->state != CONN_NEW || !wire_smb1_negotiate_decode(data, size, &q) ||
        !credits_consume(&conn->credits, 0, 1)) {
        conn_refuse(conn, "an SMB1 message");
        return;
    }
    if (q.smb_2_xxx && c->config.max_dialect >= SMB2_DIALECT_210) {
        conn->state = CONN_WILDCARD;
        conn->multi_credit = true;
        conn->max_transact = c->config.max_io;
        conn->server_capabilities = SMB2_GLOBAL_CAP_LARGE_MTU | SMB2_GLOBAL_CAP_LEASING |
                                    (dfs_capable(c) ? SMB2_GLOBAL_CAP_DFS : 0);
        conn->dialect = SMB2_DIALECT_WILDCARD;
    } else if (q.smb_2_002 && dialect_enabled(c, SMB2_DIALECT_202)) {
        conn->dialect = SMB2_DIALECT_202;
        settle_capabilities(conn);
        conn->state = CONN_NEGOTIATED;
        c->host.set_max_frame(conn->transport, conn->max_transact + FRAME_OVERHEAD);
    } else {
        conn_refuse(conn, "a client that speaks no dialect of ours");
        return;
    }
    builder_init_grow(&b, 4096);
    chain_init(&out);
    if (smb1_response(conn, conn->dialect, &b) && reply_add_head(&out, &b))
        conn_send(conn, &out);
    else
        conn_refuse(conn, "out of memory");
    builder_free(&b);
    chain_clear(&out);
    if (conn->state == CONN_WILDCARD) { /* settled by the NEGOTIATE that follows */
        conn->multi_credit = false;
        conn->dialect = 0;
    }
}
