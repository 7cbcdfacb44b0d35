// SPDX-License-Identifier: Apache-2.0
/* Messages of the test client: making, signing and sealing them, and judging what comes back. */
#include "client/smbclient_int.h"

#include "base/checked.h"
#include "base/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_MAX (WIRE_FRAME_MAX)

bool smbclient_broken(struct smbclient *c, const char *format, ...)
{
    if (c->violation[0] == '\0') {
        va_list ap;
        va_start(ap, format);
        vsnprintf(c->violation, sizeof c->violation, format, ap);
        va_end(ap);
    }
    return false;
}

const char *smbclient_violation(const struct smbclient *c)
{
    return c->violation[0] != '\0' ? c->violation : NULL;
}

bool smbclient_init(struct smbclient *c, const struct smbclient_config *config)
{
    memset(c, 0, sizeof *c);
    c->config = *config;
    c->end_id = 1; /* the first credit is free ([MS-SMB2] 3.2.4.1.2) */
    list_init(&c->requests);
    list_init(&c->sessions);
    crypto_preauth_init(&c->preauth);
    return crypto_init();
}

static void request_free(struct smbclient *c, struct smbclient_request *rq)
{
    list_remove(&rq->link);
    c->outstanding--;
    mem_free(rq);
}

void smbclient_free(struct smbclient *c)
{
    LIST_FOREACH_SAFE (it, tmp, &c->requests)
        request_free(c, LIST_ENTRY(it, struct smbclient_request, link));
    LIST_FOREACH_SAFE (it, tmp, &c->sessions)
        smbclient_session_free(LIST_ENTRY(it, struct smbclient_session, link));
    crypto_shutdown();
}

/* ---------------------------------------------------------------- credits */

uint64_t smbclient_reserve(struct smbclient *c, uint16_t charge)
{
    uint64_t id = c->next_id;
    ASSERT(smbclient_credits(c) >= charge);
    c->next_id += charge;
    c->reserved += charge;
    return id;
}

static uint64_t payload_size(uint16_t command, const union wire_any *b)
{
    switch (command) {
    case SMB2_READ: return b->read_req.length;
    case SMB2_WRITE: return b->write_req.payload.len;
    case SMB2_QUERY_DIRECTORY: return b->query_directory_req.output_length;
    case SMB2_CHANGE_NOTIFY: return b->change_notify_req.output_length;
    case SMB2_QUERY_INFO: return MAX(b->query_info_req.output_length, b->query_info_req.input.len);
    case SMB2_SET_INFO: return b->set_info_req.payload.len;
    case SMB2_IOCTL:
        return MAX(b->ioctl_req.input.len + b->ioctl_req.output.len,
                   (uint64_t)b->ioctl_req.max_input_response + b->ioctl_req.max_output_response);
    default: return 0;
    }
}

uint16_t smbclient_charge(const struct smbclient *c, uint16_t command, const union wire_any *body)
{
    uint64_t bytes = body != NULL ? payload_size(command, body) : 0;
    if (!c->multi_credit || bytes == 0)
        return 1;
    return (uint16_t)MIN((bytes - 1) / 65536 + 1, UINT16_MAX);
}

/* ---------------------------------------------------------------- making messages */

static struct smbclient_request *request_new(struct smbclient *c, const struct smbclient_element *e)
{
    struct smbclient_request *rq = mem_zalloc(sizeof *rq);
    if (rq == NULL)
        return NULL;
    rq->command = e->command;
    rq->session = e->session;
    rq->session_id = e->session != NULL ? e->session->id : 0;
    rq->tree_id = e->tree_id;
    rq->tree_encrypts = e->tree_encrypts;
    rq->related = e->related;
    rq->tag = e->tag;
    rq->charge = e->charge != 0 ? e->charge : smbclient_charge(c, e->command, e->body);
    if (!e->use_id && smbclient_credits(c) < rq->charge) {
        mem_free(rq);
        return NULL;
    }
    rq->message_id = e->use_id ? e->message_id : smbclient_reserve(c, rq->charge);
    c->reserved -= MIN(rq->charge, c->reserved);
    list_append(&c->requests, &rq->link);
    c->outstanding++;
    return rq;
}

static bool put_element(struct smbclient *c, const struct smbclient_element *e,
                        const struct smbclient_request *rq, struct builder *out)
{
    size_t hdr = out->len;
    struct wire_hdr h = {
        .credit_charge = c->multi_credit ? rq->charge : 0,
        .command = e->command,
        .credits = e->credits,
        .flags = (e->related ? SMB2_FLAGS_RELATED_OPERATIONS : 0u) |
                 (e->dfs ? SMB2_FLAGS_DFS_OPERATIONS : 0u) |
                 (e->replay ? SMB2_FLAGS_REPLAY_OPERATION : 0u),
        .channel_sequence = e->channel_sequence,
        .message_id = rq->message_id,
        .process_id = 0xfeff,
        .tree_id = e->related ? UINT32_MAX : e->tree_id,
        .session_id = e->related ? UINT64_MAX : rq->session_id,
    };
    if (!wire_hdr_encode(out, &h))
        return false;
    if (e->body != NULL)
        return wire_req_codec(e->command)->encode(out, hdr, e->body);
    builder_bytes(out, e->raw, e->raw_len);
    return !builder_failed(out);
}

static bool sign(struct smbclient_session *s, uint8_t *data, size_t len, uint64_t message_id,
                 bool is_cancel)
{
    uint8_t nonce[CRYPTO_SIGN_NONCE_LEN];
    struct crypto_iov iov = {data, len};
    le32_store(data + WIRE_HDR_FLAGS, le32_load(data + WIRE_HDR_FLAGS) | SMB2_FLAGS_SIGNED);
    crypto_gmac_nonce(nonce, message_id, false, is_cancel);
    return crypto_signer_sign(s->signer, &iov, 1, nonce, data + WIRE_HDR_SIGNATURE);
}

/* The message in `out` becomes a transform header and its ciphertext. */
static bool seal(struct smbclient_session *s, bool bad_tag, struct builder *out)
{
    size_t len = out->len;
    struct wire_transform tr = {.original_size = (uint32_t)len, .flags = 1, .session_id = s->id};
    builder_zero(out, SMB2_TRANSFORM_HEADER_SIZE);
    if (builder_failed(out) ||
        !crypto_nonce_next(&s->nonce, crypto_sealer_cipher(s->seal_out), len, tr.nonce))
        return false;
    uint8_t *body = out->data + SMB2_TRANSFORM_HEADER_SIZE;
    struct builder head;
    memmove(body, out->data, len);
    builder_init_fixed(&head, out->data, SMB2_TRANSFORM_HEADER_SIZE);
    struct crypto_iov iov = {body, len};
    if (!wire_transform_encode(&head, &tr) ||
        !crypto_seal(s->seal_out, tr.nonce, out->data + WIRE_TRANSFORM_AAD,
                     SMB2_TRANSFORM_HEADER_SIZE - WIRE_TRANSFORM_AAD, &iov, 1, body, tr.signature))
        return false;
    tr.signature[0] ^= bad_tag;
    memcpy(out->data + 4, tr.signature, sizeof tr.signature);
    return true;
}

static bool wants_seal(const struct smbclient_element *e, unsigned flags)
{
    const struct smbclient_session *s = e->session;
    if (s == NULL || s->seal_out == NULL || (flags & SMBCLIENT_PLAIN))
        return false;
    return s->seal || s->encrypt || e->tree_encrypts;
}

static bool wants_sign(const struct smbclient_element *e, unsigned flags)
{
    const struct smbclient_session *s = e->session;
    return s != NULL && s->signer != NULL && s->sign && !(flags & SMBCLIENT_UNSIGNED);
}

/* Header and body, padded and chained; signed when it goes in plain text. */
static bool finish_element(const struct smbclient_element *e, struct smbclient_request *rq,
                           size_t hdr, bool last, bool sealed, unsigned flags, struct builder *out)
{
    if (!last) {
        builder_align(out, hdr, 8);
        builder_patch_u32(out, hdr + WIRE_HDR_NEXT_COMMAND, (uint32_t)(out->len - hdr));
    }
    if (builder_failed(out))
        return false;
    rq->is_sealed = sealed;
    rq->lenient = (flags & SMBCLIENT_LENIENT) != 0;
    if (sealed || !wants_sign(e, flags))
        return true;
    rq->is_signed = true;
    if (!sign(e->session, out->data + hdr, out->len - hdr, rq->message_id, false))
        return false;
    out->data[hdr + WIRE_HDR_SIGNATURE] ^= (flags & SMBCLIENT_BAD_SIGNATURE) != 0;
    memcpy(rq->signature, out->data + hdr + WIRE_HDR_SIGNATURE, sizeof rq->signature);
    return true;
}

bool smbclient_send(struct smbclient *c, const struct smbclient_element *v, size_t n,
                    unsigned flags, struct builder *out)
{
    struct smbclient_request *made[WIRE_COMPOUND_MAX];
    bool sealed = wants_seal(&v[0], flags);
    uint64_t next_id = c->next_id;
    size_t count = 0;
    bool ok = n <= WIRE_COMPOUND_MAX;
    while (ok && count < n) {
        size_t hdr = out->len;
        struct smbclient_request *rq = request_new(c, &v[count]);
        if (rq == NULL)
            break;
        made[count] = rq;
        ok = put_element(c, &v[count], rq, out) &&
             finish_element(&v[count], rq, hdr, count == n - 1, sealed, flags, out);
        count++;
    }
    ok = ok && count == n;
    if (ok && c->config.pack != NULL && c->compressions.count > 0)
        c->config.pack(c->config.ctx, out);
    if (ok && sealed)
        ok = seal(v[0].session, (flags & SMBCLIENT_BAD_SIGNATURE) != 0, out);
    if (ok)
        return true;
    c->next_id = next_id;
    while (count > 0)
        request_free(c, made[--count]);
    return false;
}

bool smbclient_cancel(struct smbclient *c, const struct smbclient_request *rq, struct builder *out)
{
    struct smbclient_session *s = rq->session;
    struct wire_hdr h = {
        .command = SMB2_CANCEL,
        .message_id = rq->message_id,
        .session_id = s != NULL ? s->id : 0,
    };
    union wire_any body = {0};
    if (rq->interim) {
        h.flags = SMB2_FLAGS_ASYNC_COMMAND;
        h.async_id = rq->async_id;
    }
    if (!wire_hdr_encode(out, &h) || !wire_cancel_req_encode(out, 0, &body.cancel_req))
        return false;
    if (rq->is_sealed)
        return seal(s, false, out);
    if (s != NULL && s->signer != NULL && s->sign)
        return sign(s, out->data, out->len, rq->message_id, true);
    return true;
}

/* ---------------------------------------------------------------- judging replies */

static struct smbclient_request *find_request(struct smbclient *c, uint64_t message_id)
{
    LIST_FOREACH (it, &c->requests) {
        struct smbclient_request *rq = LIST_ENTRY(it, struct smbclient_request, link);
        if (rq->message_id == message_id)
            return rq;
    }
    return NULL;
}

static bool async_id_taken(struct smbclient *c, uint64_t id)
{
    LIST_FOREACH (it, &c->requests) {
        struct smbclient_request *rq = LIST_ENTRY(it, struct smbclient_request, link);
        if (rq->interim && rq->async_id == id)
            return true;
    }
    return false;
}

/* [MS-SMB2] 3.3.4.2: one interim response, then the final one under the same async id. */
static bool judge_async(struct smbclient *c, struct smbclient_request *rq, const struct wire_hdr *h,
                        bool interim)
{
    bool async = (h->flags & SMB2_FLAGS_ASYNC_COMMAND) != 0;
    unsigned long long id = (unsigned long long)h->message_id;
    if (interim) {
        if (rq->interim)
            return smbclient_broken(c, "two interim responses for message %llu", id);
        if (!async || h->async_id == 0 || async_id_taken(c, h->async_id))
            return smbclient_broken(c, "interim response of message %llu: bad async id", id);
        rq->async_id = h->async_id;
        rq->interim = true;
        return true;
    }
    if (async != rq->interim || (async && h->async_id != rq->async_id))
        return smbclient_broken(c, "final response of message %llu: other async id", id);
    return true;
}

static bool judge_header(struct smbclient *c, struct smbclient_request *rq,
                         const struct wire_hdr *h)
{
    unsigned long long id = (unsigned long long)h->message_id;
    bool async = (h->flags & SMB2_FLAGS_ASYNC_COMMAND) != 0;
    bool new_session = rq->command == SMB2_SESSION_SETUP && rq->session_id == 0;
    if (h->command != rq->command)
        return smbclient_broken(c, "message %llu: a %s answered as %s", id,
                                wire_command_name(rq->command), wire_command_name(h->command));
    if (!(h->flags & SMB2_FLAGS_SERVER_TO_REDIR))
        return smbclient_broken(c, "message %llu: not marked as a response", id);
    if (!new_session && !rq->lenient && h->session_id != rq->session_id)
        return smbclient_broken(c, "message %llu: session %llx in the reply", id,
                                (unsigned long long)h->session_id);
    if (!async && rq->command != SMB2_TREE_CONNECT && !rq->lenient && h->tree_id != rq->tree_id)
        return smbclient_broken(c, "message %llu: tree %u in the reply", id, h->tree_id);
    return true;
}

static bool judge_credits(struct smbclient *c, const struct smbclient_request *rq,
                          const struct wire_hdr *h, bool interim)
{
    if (!interim && rq->interim && h->credits != 0)
        return smbclient_broken(c, "credits in a final async response of message %llu",
                                (unsigned long long)h->message_id);
    c->end_id += h->credits;
    if (c->config.max_credits != 0 && smbclient_credits(c) > c->config.max_credits)
        return smbclient_broken(c, "%llu credits held", (unsigned long long)smbclient_credits(c));
    return true;
}

static bool verify(struct smbclient_session *s, const struct wire_element *e)
{
    uint8_t head[SMB2_HEADER_SIZE], nonce[CRYPTO_SIGN_NONCE_LEN];
    const uint8_t *bytes = e->body.base;
    memcpy(head, bytes, sizeof head);
    memset(head + WIRE_HDR_SIGNATURE, 0, CRYPTO_SIGN_LEN);
    struct crypto_iov iov[2] = {{head, sizeof head}, {bytes + sizeof head, e->size - sizeof head}};
    crypto_gmac_nonce(nonce, e->hdr.message_id, true, false);
    return crypto_signer_verify(s->signer, iov, 2, nonce, e->hdr.signature);
}

/* [MS-SMB2] 3.2.5.1.3, 3.3.4.1.1 */
static bool judge_signature(struct smbclient *c, const struct smbclient_request *rq,
                            const struct wire_element *e, bool interim, bool sealed)
{
    struct smbclient_session *s = rq->session;
    bool is_signed = (e->hdr.flags & SMB2_FLAGS_SIGNED) != 0;
    unsigned long long id = (unsigned long long)e->hdr.message_id;
    if (sealed || s == NULL || s->signer == NULL)
        return !is_signed || sealed || rq->lenient ||
               smbclient_broken(c, "message %llu: a signature without a key", id);
    /* a server that has forgotten the session has no key either: it repeats flag and signature of
       the request (3.3.4.4) */
    bool gone = e->hdr.status == SMBKIT_STATUS_USER_SESSION_DELETED;
    bool echo = memcmp(e->hdr.signature, rq->signature, sizeof rq->signature) == 0;
    if (is_signed)
        return (echo && smbkit_is_error(e->hdr.status)) || verify(s, e) ||
               smbclient_broken(c, "message %llu (status %08x): bad signature", id, e->hdr.status);
    bool last_setup = rq->command == SMB2_SESSION_SETUP && e->hdr.status == SMBKIT_STATUS_SUCCESS;
    if (interim || gone || rq->lenient || (!rq->is_signed && !s->must_sign && !last_setup))
        return true;
    if (rq->command == SMB2_SESSION_SETUP && !rq->is_signed && !last_setup)
        return true;
    return smbclient_broken(c, "message %llu (%s, status %08x): not signed", id,
                            wire_command_name(rq->command), e->hdr.status);
}

static bool judge_sealing(struct smbclient *c, const struct smbclient_request *rq,
                          const struct wire_hdr *h, bool sealed)
{
    const struct smbclient_session *s = rq->session;
    bool wanted = rq->is_sealed;
    if (s != NULL && s->seal_in != NULL && rq->command != SMB2_SESSION_SETUP)
        wanted = wanted || s->encrypt || (rq->tree_encrypts && !smbkit_is_error(h->status));
    if (!wanted || sealed || rq->lenient || h->status == SMBKIT_STATUS_USER_SESSION_DELETED)
        return true;
    return smbclient_broken(c, "message %llu (%s, status %08x): not encrypted",
                            (unsigned long long)h->message_id, wire_command_name(rq->command),
                            h->status);
}

static bool learn(struct smbclient *c, struct smbclient_request *rq, const struct wire_element *e,
                  bool interim)
{
    struct smbclient_session *s = rq->session;
    if (interim)
        return true;
    if (rq->command == SMB2_NEGOTIATE)
        return smbclient_negotiated(c, e);
    if (s != NULL && rq->command == SMB2_SESSION_SETUP)
        return smbclient_session_answered(s, e);
    if (s != NULL && (e->hdr.status == SMBKIT_STATUS_USER_SESSION_DELETED ||
                      (rq->command == SMB2_LOGOFF && e->hdr.status == SMBKIT_STATUS_SUCCESS)))
        s->state = SMBCLIENT_SESSION_DEAD;
    return true;
}

/* What the server may say unasked: that an oplock or a lease breaks ([MS-SMB2] 3.3.4.6, 3.3.4.7).
   Of no tree, not signed, without credits; that of a lease of no session either. */
static bool receive_notification(struct smbclient *c, const struct wire_element *e)
{
    const struct wire_hdr *h = &e->hdr;
    struct cursor body = e->body;
    struct wire_break_notification n;
    if (h->command != SMB2_OPLOCK_BREAK || h->flags != SMB2_FLAGS_SERVER_TO_REDIR ||
        h->status != SMBKIT_STATUS_SUCCESS || h->credits != 0 || h->tree_id != 0 ||
        h->next_command != 0)
        return smbclient_broken(c, "a notification with a bad header");
    if (!wire_break_notification_decode(&body, &n) || n.is_lease != (h->session_id == 0))
        return smbclient_broken(c, "a malformed notification");
    if (n.is_lease && ((n.new_state & ~n.current_state) != 0 || n.new_state == n.current_state))
        return smbclient_broken(c, "a lease that breaks to more than it is");
    c->notifications++;
    if (c->config.told != NULL)
        c->config.told(c->config.ctx, &n);
    return true;
}

static bool receive_element(struct smbclient *c, const struct wire_element *e, bool sealed)
{
    if (e->hdr.message_id == SMB2_MESSAGE_ID_UNSOLICITED)
        return receive_notification(c, e);
    struct smbclient_request *rq = find_request(c, e->hdr.message_id);
    bool interim = e->hdr.status == SMBKIT_STATUS_PENDING;
    if (rq == NULL)
        return smbclient_broken(c, "a %s response for message %llu, which is not outstanding",
                                wire_command_name(e->hdr.command),
                                (unsigned long long)e->hdr.message_id);
    if (!judge_header(c, rq, &e->hdr) || !judge_credits(c, rq, &e->hdr, interim) ||
        !judge_async(c, rq, &e->hdr, interim) || !learn(c, rq, e, interim) ||
        !judge_signature(c, rq, e, interim, sealed) || !judge_sealing(c, rq, &e->hdr, sealed))
        return false;
    struct smbclient_reply rp = {
        .hdr = &e->hdr,
        .body = e->body,
        .interim = interim,
        .is_signed = (e->hdr.flags & SMB2_FLAGS_SIGNED) != 0,
        .is_sealed = sealed,
    };
    if (!interim) { /* the callback may look at what is outstanding */
        list_remove(&rq->link);
        c->outstanding--;
    }
    if (c->config.reply != NULL)
        c->config.reply(c->config.ctx, rq, &rp);
    if (!interim)
        mem_free(rq);
    return c->violation[0] == '\0';
}

static bool receive_message(struct smbclient *c, const uint8_t *data, size_t len, bool sealed)
{
    struct wire_compound walk;
    struct wire_element e;
    enum wire_compound_result res;
    wire_compound_init(&walk, data, len);
    while ((res = wire_compound_next(&walk, &e)) == WIRE_COMPOUND_ELEMENT)
        if (!receive_element(c, &e, sealed))
            return false;
    if (res == WIRE_COMPOUND_BAD)
        return smbclient_broken(c, "a malformed compound");
    if (smbclient_credits(c) == 0 && c->reserved == 0 && c->outstanding == 0)
        return smbclient_broken(c, "no credits left");
    return true;
}

static bool receive_plain(struct smbclient *c, const uint8_t *data, size_t len, bool sealed)
{
    if (wire_protocol_of(data, len) != WIRE_PROTOCOL_COMPRESSION)
        return receive_message(c, data, len, sealed);
    if (c->compressions.count == 0)
        return smbclient_broken(c, "a compressed message that was not agreed on");
    struct slice s = c->config.unpack(c->config.ctx, data, len);
    bool ok = s.len > 0 ? receive_message(c, s.data, s.len, sealed)
                        : smbclient_broken(c, "a bad compressed message");
    slice_clear(&s);
    c->unpacked++;
    return ok;
}

static struct smbclient_session *find_session(struct smbclient *c, uint64_t id)
{
    LIST_FOREACH (it, &c->sessions) {
        struct smbclient_session *s = LIST_ENTRY(it, struct smbclient_session, link);
        if (s->id == id)
            return s;
    }
    return NULL;
}

static bool receive_sealed(struct smbclient *c, uint8_t *data, size_t len)
{
    struct wire_transform tr;
    struct cursor cur;
    cursor_init(&cur, data, len);
    if (!wire_transform_decode(&cur, &tr))
        return smbclient_broken(c, "a malformed transform header");
    struct smbclient_session *s = find_session(c, tr.session_id);
    if (s == NULL || s->seal_in == NULL)
        return smbclient_broken(c, "an encrypted message for no session");
    uint8_t *body = data + cur.pos;
    size_t n = len - cur.pos;
    if (!crypto_open(s->seal_in, tr.nonce, data + WIRE_TRANSFORM_AAD, cur.pos - WIRE_TRANSFORM_AAD,
                     body, n, body, tr.signature))
        return smbclient_broken(c, "an encrypted message with a bad tag");
    return receive_plain(c, body, n, true);
}

bool smbclient_receive(struct smbclient *c, uint8_t *data, size_t len)
{
    if (c->violation[0] != '\0')
        return false;
    switch (wire_protocol_of(data, len)) {
    case WIRE_PROTOCOL_SMB2:
    case WIRE_PROTOCOL_COMPRESSION: return receive_plain(c, data, len, false);
    case WIRE_PROTOCOL_TRANSFORM: return receive_sealed(c, data, len);
    default: return smbclient_broken(c, "not an SMB2 message");
    }
}
