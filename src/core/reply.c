// SPDX-License-Identifier: Apache-2.0
/* Replies: headers, compounding, signatures and sealing. */
#include "core/reply.h"
#include "base/checked.h"
#include "base/mem.h"
#include "core/batch.h"
#include "core/command.h"
#include "core/compression.h"
#include "core/conn.h"
#include "core/credits.h"
#include "core/request.h"
#include "core/session.h"
#include "core/share.h"
#include "core/state.h"
#include "core/tree.h"
#include <string.h>

#define REPLY_IOV_MAX 16

/* ---------------------------------------------------------------- one reply */

static struct wire_hdr reply_header(struct core_request *r, smbkit_status status, bool interim)
{
    struct core_conn *conn = request_conn(r);
    struct wire_hdr h = r->hdr;
    h.channel_sequence = 0;
    h.status = status;
    h.flags = SMB2_FLAGS_SERVER_TO_REDIR | (r->hdr.flags & SMB2_FLAGS_PRIORITY_MASK);
    if (r->related)
        h.flags |= SMB2_FLAGS_RELATED_OPERATIONS;
    h.next_command = 0;
    /* 3.3.4.4: an error reply repeats the header of its request; what cannot be signed, for want of
       a session, keeps the request's flag and signature, and clients that insist on signatures
       expect that */
    if ((r->hdr.flags & SMB2_FLAGS_SIGNED) && (r->channel == NULL || r->channel->signer == NULL))
        h.flags |= SMB2_FLAGS_SIGNED;
    else
        memset(h.signature, 0, sizeof h.signature);
    if (r->async || interim) {
        h.flags |= SMB2_FLAGS_ASYNC_COMMAND;
        h.async_id = r->async_id;
        h.process_id = h.tree_id = 0;
    }
    h.credits = 0;
    if (!r->async || interim)
        h.credits =
            credits_grant(&conn->credits, r->hdr.credits, request_core(r)->config.max_credits);
    return h;
}

/* 3.3.4.1.1 and 3.3.4.1.4 */
static void choose_protection(struct core_request *r)
{
    struct core_channel *ch = r->channel;
    if (ch == NULL || r->cmd == &command_negotiate)
        return;
    bool setup = r->cmd == &command_session_setup;
    bool wants_seal = r->batch->seal_channel != NULL;
    if (!setup && r->session != NULL && r->session->encrypt)
        wants_seal = true;
    if (!setup && r->cmd != &command_tree_connect && r->tree != NULL && r->tree->share->encrypt)
        wants_seal = true;
    r->encrypt_reply = wants_seal && ch->seal_out != NULL;
    bool was_signed = (r->hdr.flags & SMB2_FLAGS_SIGNED) != 0;
    bool must_sign = r->session != NULL && r->session->signing_required;
    /* 3.3.5.5.3: the reply that ends an authentication is always signed */
    bool ends_setup = setup && r->status == SMBKIT_STATUS_SUCCESS && !r->session->is_anonymous;
    r->sign_reply = ch->signer != NULL && !r->encrypt_reply &&
                    (was_signed || must_sign || ends_setup) &&
                    !(setup && r->status != SMBKIT_STATUS_SUCCESS && !was_signed);
}

static bool has_body(const struct core_request *r)
{
    return r->status == SMBKIT_STATUS_SUCCESS || r->with_body;
}

static bool encode_body(struct core_request *r, struct builder *b)
{
    if (has_body(r))
        return r->cmd->encode(r, b, 0);
    struct wire_error_rsp err = {.data = {r->error_data, r->error_len}};
    struct wire_error_ctx ctx = {.id = SMB2_ERROR_ID_DEFAULT, .data = err.data};
    /* 3.3.4.4: 3.1.1 wraps error data into a context */
    if ((r->error_len > 0 || r->error_empty) && request_conn(r)->dialect == SMB2_DIALECT_311) {
        err.ctxs = &ctx;
        err.ctx_count = 1;
    }
    return wire_error_rsp_encode(b, 0, &err);
}

void reply_build(struct core_request *r)
{
    if (r->no_reply)
        return;
    struct wire_hdr h = reply_header(r, r->status, false);
    if (!wire_hdr_encode(&r->reply, &h) || !encode_body(r, &r->reply)) {
        /* what cannot be said, for lack of memory, becomes an error without data */
        struct wire_error_rsp empty = {0};
        builder_free(&r->reply);
        builder_init_grow(&r->reply, WIRE_FRAME_MAX);
        chain_clear(&r->payload);
        r->status = h.status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
        if (!wire_hdr_encode(&r->reply, &h) || !wire_error_rsp_encode(&r->reply, 0, &empty))
            conn_refuse(request_conn(r), "out of memory");
    }
    if (!has_body(r))
        chain_clear(&r->payload);
    choose_protection(r);
}

/* Not signed: interim and final response have one MessageId, and AES-GMAC must not sign two
   messages with it (3.3.4.2 says SHOULD NOT in any case). */
void reply_build_interim(struct core_request *r, struct builder *b)
{
    struct wire_error_rsp empty = {0};
    struct wire_hdr h = reply_header(r, SMBKIT_STATUS_PENDING, true);
    if (!wire_hdr_encode(b, &h) || !wire_error_rsp_encode(b, 0, &empty))
        conn_refuse(request_conn(r), "out of memory");
    choose_protection(r);
}

/* ---------------------------------------------------------------- one message */

static const uint8_t zeros[8];

static size_t part_size(const struct reply_part *p)
{
    return p->head->len + (p->payload != NULL ? p->payload->bytes : 0);
}

static bool sign_part(const struct reply_part *p, size_t pad)
{
    struct crypto_iov stack[REPLY_IOV_MAX], *iov = stack;
    struct core_request *r = p->request;
    size_t slices = p->payload != NULL ? p->payload->n : 0;
    size_t n = 0;
    if (slices + 2 > REPLY_IOV_MAX) {
        iov = arena_array(request_arena(r), slices + 2, sizeof *iov);
        if (iov == NULL)
            return false;
    }
    uint8_t *head = p->head->data;
    builder_patch_u32(p->head, WIRE_HDR_FLAGS,
                      le32_load(head + WIRE_HDR_FLAGS) | SMB2_FLAGS_SIGNED);
    iov[n++] = (struct crypto_iov){head, p->head->len};
    for (size_t i = 0; i < slices; i++)
        iov[n++] = (struct crypto_iov){p->payload->v[i].data, p->payload->v[i].len};
    iov[n++] = (struct crypto_iov){zeros, pad};
    uint8_t nonce[CRYPTO_SIGN_NONCE_LEN];
    crypto_gmac_nonce(nonce, r->hdr.message_id, true, false);
    return crypto_signer_sign(r->channel->signer, iov, n, nonce, head + WIRE_HDR_SIGNATURE);
}

/* 3.3.5.4, 3.3.5.5: the hash over the messages of NEGOTIATE and SESSION_SETUP. */
static bool update_preauth(struct core_request *r, const struct builder *head)
{
    struct core_conn *conn = request_conn(r);
    struct crypto_iov iov = {head->data, head->len};
    if (conn->dialect != SMB2_DIALECT_311)
        return true;
    if (r->cmd == &command_negotiate && r->status == SMBKIT_STATUS_SUCCESS)
        return crypto_preauth_update(&conn->preauth, &iov, 1);
    if (r->cmd == &command_session_setup && r->channel != NULL &&
        r->status == SMBKIT_STATUS_MORE_PROCESSING_REQUIRED)
        return crypto_preauth_update(&r->channel->preauth, &iov, 1);
    return true;
}

bool reply_add_head(struct chain *out, struct builder *head)
{
    size_t len;
    uint8_t *data = builder_steal(head, &len);
    if (data == NULL)
        return false;
    struct buf *buf = buf_wrap(data, len, mem_free, data);
    if (buf == NULL) {
        mem_free(data);
        return false;
    }
    struct slice s = {.buf = buf, .data = data, .len = len};
    return chain_add(out, &s);
}

/* The last one of several is padded as the others are (3.3.4.1.3); one alone is not. */
static bool add_part(struct chain *out, struct reply_part *p, bool last, bool first)
{
    size_t size = part_size(p);
    size_t padded = last && first ? size : align_up(size, 8);
    if (!last)
        builder_patch_u32(p->head, WIRE_HDR_NEXT_COMMAND, (uint32_t)padded);
    if (first) /* an answered beginning of a chain leaves the rest to begin with a related one */
        builder_patch_u32(p->head, WIRE_HDR_FLAGS,
                          le32_load(p->head->data + WIRE_HDR_FLAGS) &
                              ~SMB2_FLAGS_RELATED_OPERATIONS);
    if (p->sign && !sign_part(p, padded - size))
        return false;
    if (!update_preauth(p->request, p->head) || !reply_add_head(out, p->head))
        return false;
    if (p->payload != NULL && !chain_move(out, p->payload))
        return false;
    struct slice pad = {.data = zeros, .len = padded - size};
    return chain_add(out, &pad);
}

/* 3.3.4.1.5: a READ that asks for it, and what answers a compressed request (note 256). */
static bool may_compress(const struct core_request *r)
{
    return r->batch->compressed || (r->cmd == &command_read && r->decoded &&
                                    (r->in.read.flags & SMB2_READFLAG_REQUEST_COMPRESSED) != 0);
}

/* 3.1.4.3: the plain message becomes a transform header and its ciphertext. */
bool reply_seal(struct core_channel *ch, struct chain *message)
{
    struct wire_transform tr = {
        .original_size = (uint32_t)message->bytes, .flags = 1, .session_id = ch->session->id};
    enum crypto_cipher cipher = crypto_sealer_cipher(ch->seal_out);
    if (!crypto_nonce_next(&ch->nonce, cipher, message->bytes, tr.nonce))
        return false;
    size_t total = SMB2_TRANSFORM_HEADER_SIZE + message->bytes;
    struct buf *out = buf_new(total);
    struct crypto_iov *iov = mem_zarray(message->n, sizeof *iov);
    struct builder head;
    bool ok = false;
    if (out != NULL && iov != NULL) {
        builder_init_fixed(&head, out->data, SMB2_TRANSFORM_HEADER_SIZE);
        for (size_t i = 0; i < message->n; i++)
            iov[i] = (struct crypto_iov){message->v[i].data, message->v[i].len};
        ok = wire_transform_encode(&head, &tr) &&
             crypto_seal(ch->seal_out, tr.nonce, out->data + WIRE_TRANSFORM_AAD,
                         SMB2_TRANSFORM_HEADER_SIZE - WIRE_TRANSFORM_AAD, iov, message->n,
                         out->data + SMB2_TRANSFORM_HEADER_SIZE, tr.signature);
        memcpy(out->data + 4, tr.signature, sizeof tr.signature);
    }
    mem_free(iov);
    chain_clear(message);
    if (!ok) {
        buf_unref(out);
        return false;
    }
    struct slice s = {.buf = out, .data = out->data, .len = total};
    return chain_add(message, &s);
}

void reply_send(struct core_batch *b, struct reply_part *parts, size_t n)
{
    struct core_conn *conn = b->conn;
    struct core_channel *seal_with = b->seal_channel;
    struct chain out;
    if (!conn_alive(conn))
        return;
    bool compress = false;
    for (size_t i = 0; i < n; i++) {
        if (parts[i].request->encrypt_reply)
            seal_with = parts[i].request->channel;
        compress = compress || may_compress(parts[i].request);
    }
    chain_init(&out);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        parts[i].sign = parts[i].sign && seal_with == NULL;
        ok = add_part(&out, &parts[i], i == n - 1, i == 0);
    }
    if (ok && compress)
        compression_pack(&conn->compression, &conn->core->compress, &out);
    if (ok && seal_with != NULL)
        ok = reply_seal(seal_with, &out);
    if (ok)
        conn_send(conn, &out);
    else
        conn_refuse(conn, "a reply could not be made");
    chain_clear(&out);
}
