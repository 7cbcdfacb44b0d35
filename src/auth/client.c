// SPDX-License-Identifier: Apache-2.0
/*
 * The initiator: NTLM, in SPNEGO unless told otherwise. The contract is in client.h.
 *
 *     START -> [OFFERED ->] NEGOTIATED -> AUTHENTICATED -> DONE
 *
 * OFFERED: the server has not seen an NTLM token yet, because we sent none or one for Kerberos.
 * Without SPNEGO nothing comes after AUTHENTICATE, and the client is DONE with sending it.
 * With a ticket: START -> TICKET_SENT -> DONE.
 */
#include "auth/client.h"
#include "auth/ntlm_initiate.h"
#include "auth/spnego.h"
#include "base/mem.h"

#define CLIENT_MAGIC 0x41434c49u
#define TOKEN_MAX    65536

enum client_state {
    START,
    OFFERED,
    NEGOTIATED,
    AUTHENTICATED,
    TICKET_SENT,
    DONE,
};

struct auth_client {
    uint32_t magic;
    const struct auth_client_config *config;
    enum client_state state;
    struct ntlm_initiator ntlm;
    struct spnego_init offer; /* mechTypes, for mechListMIC */
    bool mic_required;        /* the server asked, or chose what was not our favourite */
};

struct auth_client *auth_client_new(const struct auth_client_config *config)
{
    struct auth_client *c = mem_zalloc(sizeof(*c));
    if (c == NULL)
        return NULL;
    MAGIC_SET(c, CLIENT_MAGIC);
    c->config = config;
    c->ntlm.config = config;
    if ((config->options & AUTH_CLIENT_KERBEROS_FIRST) || config->ticket != NULL) {
        c->offer.mechs[c->offer.mech_count++] = spnego_oid_ms_krb5;
        c->offer.mechs[c->offer.mech_count++] = spnego_oid_krb5;
    }
    c->offer.mechs[c->offer.mech_count++] = spnego_oid_ntlmssp;
    return c;
}

void auth_client_free(struct auth_client *c)
{
    if (c == NULL)
        return;
    MAGIC_CHECK(c, CLIENT_MAGIC);
    ntlm_initiator_clear(&c->ntlm);
    mem_free_secret(c, sizeof(*c));
}

static bool has(const struct auth_client *c, enum auth_client_option o)
{
    return (c->config->options & (unsigned)o) != 0;
}

static void send_resp(struct builder *out, struct auth_blob token, struct auth_blob mic)
{
    const struct spnego_resp r = {
        .state = SPNEGO_STATE_ABSENT, .token = token, .mech_list_mic = mic};
    spnego_encode_resp(out, &r);
}

/* NTLM NEGOTIATE in whatever frame is due. */
static bool send_negotiate(struct auth_client *c, bool first, struct builder *out)
{
    struct builder token;
    builder_init_grow(&token, TOKEN_MAX);
    bool ok = ntlm_initiator_negotiate(&c->ntlm, &token);
    const struct auth_blob t = {token.data, token.len};
    if (ok && has(c, AUTH_CLIENT_RAW)) {
        builder_bytes(out, t.data, t.len);
    } else if (ok && first) {
        struct spnego_init init = c->offer;
        init.mech_token = t;
        spnego_encode_init(out, &init);
    } else if (ok) {
        send_resp(out, t, (struct auth_blob){0});
    }
    c->state = NEGOTIATED;
    builder_free(&token);
    return ok;
}

static bool send_ticket(struct auth_client *c, struct builder *out)
{
    const struct auth_client_config *cfg = c->config;
    struct spnego_init init = c->offer;
    init.mech_token = (struct auth_blob){cfg->ticket, cfg->ticket_len};
    if (has(c, AUTH_CLIENT_RAW))
        builder_bytes(out, cfg->ticket, cfg->ticket_len);
    else
        spnego_encode_init(out, &init);
    c->state = TICKET_SENT;
    return true;
}

static bool on_ticket_answered(struct auth_client *c, struct auth_blob in)
{
    struct spnego_resp resp;
    c->state = DONE;
    return has(c, AUTH_CLIENT_RAW) ||
           (spnego_decode_resp(in.data, in.len, &resp) && resp.state == SPNEGO_ACCEPT_COMPLETED);
}

static bool on_start(struct auth_client *c, struct builder *out)
{
    static const uint8_t ticket[] = "no real Kerberos token";
    if (c->config->ticket != NULL)
        return send_ticket(c, out);
    if (has(c, AUTH_CLIENT_RAW) ||
        (!has(c, AUTH_CLIENT_NO_TOKEN) && !has(c, AUTH_CLIENT_KERBEROS_FIRST)))
        return send_negotiate(c, true, out);
    struct spnego_init init = c->offer;
    if (!has(c, AUTH_CLIENT_NO_TOKEN))
        init.mech_token = (struct auth_blob){ticket, sizeof(ticket)};
    spnego_encode_init(out, &init);
    c->state = OFFERED;
    return true;
}

static bool decode(struct auth_client *c, struct auth_blob in, struct spnego_resp *resp)
{
    if (!spnego_decode_resp(in.data, in.len, resp) || resp->state == SPNEGO_REJECT)
        return false;
    if (resp->mech.data != NULL && !auth_blob_equal(resp->mech, spnego_oid_ntlmssp))
        return false;
    if (resp->state == SPNEGO_REQUEST_MIC)
        c->mic_required = true;
    return true;
}

static bool on_offered(struct auth_client *c, struct auth_blob in, struct builder *out)
{
    struct spnego_resp resp;
    if (!decode(c, in, &resp) || resp.mech.data == NULL)
        return false;
    if (has(c, AUTH_CLIENT_KERBEROS_FIRST))
        c->mic_required = true; /* RFC 4178 5: not our favourite */
    return send_negotiate(c, false, out);
}

static bool send_authenticate(struct auth_client *c, struct auth_blob token, struct builder *out)
{
    uint8_t mic[CRYPTO_NTLM_MAC_LEN];
    struct auth_blob mic_blob = {0};
    struct builder list;
    bool ok = true;
    if (!has(c, AUTH_CLIENT_NO_MECH_LIST_MIC) && ntlm_keys_can_sign(&c->ntlm.keys)) {
        builder_init_grow(&list, TOKEN_MAX);
        spnego_encode_mech_list(&list, &c->offer);
        ok = !builder_failed(&list) && ntlm_keys_sign(&c->ntlm.keys, CRYPTO_NTLM_CLIENT,
                                                      (struct auth_blob){list.data, list.len}, mic);
        mic_blob = (struct auth_blob){mic, sizeof(mic)};
        builder_free(&list);
    }
    if (ok)
        send_resp(out, token, mic_blob);
    return ok;
}

static bool on_challenge(struct auth_client *c, struct auth_blob in, uint64_t now,
                         struct builder *out)
{
    struct spnego_resp resp = {0};
    struct builder token;
    bool raw = has(c, AUTH_CLIENT_RAW);
    if (!raw && (!decode(c, in, &resp) || resp.token.data == NULL))
        return false;
    builder_init_grow(&token, TOKEN_MAX);
    bool ok = ntlm_initiator_authenticate(&c->ntlm, raw ? in : resp.token, now, &token);
    const struct auth_blob t = {token.data, token.len};
    if (ok && raw)
        builder_bytes(out, t.data, t.len);
    else if (ok)
        ok = send_authenticate(c, t, out);
    c->state = raw ? DONE : AUTHENTICATED;
    builder_free(&token);
    return ok;
}

static bool on_verdict(struct auth_client *c, struct auth_blob in)
{
    struct spnego_resp resp = {.state = SPNEGO_ACCEPT_COMPLETED};
    struct builder list;
    c->state = DONE;
    if (in.len > 0 && !decode(c, in, &resp))
        return false;
    if (resp.state != SPNEGO_ACCEPT_COMPLETED && resp.state != SPNEGO_STATE_ABSENT)
        return false;
    if (has(c, AUTH_CLIENT_NO_MECH_LIST_MIC))
        return true;
    if (resp.mech_list_mic.data == NULL)
        return !c->mic_required;
    builder_init_grow(&list, TOKEN_MAX);
    spnego_encode_mech_list(&list, &c->offer);
    bool ok = !builder_failed(&list) &&
              ntlm_keys_verify(&c->ntlm.keys, CRYPTO_NTLM_SERVER,
                               (struct auth_blob){list.data, list.len}, resp.mech_list_mic);
    builder_free(&list);
    return ok;
}

enum auth_result auth_client_step(struct auth_client *c, const uint8_t *in, size_t in_len,
                                  uint64_t now, struct builder *out)
{
    MAGIC_CHECK(c, CLIENT_MAGIC);
    const struct auth_blob token = {in, in_len};
    bool ok = false;
    switch (c->state) {
    case START: ok = on_start(c, out); break;
    case OFFERED: ok = on_offered(c, token, out); break;
    case NEGOTIATED: ok = on_challenge(c, token, now, out); break;
    case AUTHENTICATED: ok = on_verdict(c, token); break;
    case TICKET_SENT: ok = on_ticket_answered(c, token); break;
    case DONE: break;
    }
    if (!ok || builder_failed(out)) {
        c->state = DONE;
        return AUTH_FAILED;
    }
    return c->state == DONE ? AUTH_OK : AUTH_CONTINUE;
}

const uint8_t *auth_client_session_key(const struct auth_client *c)
{
    MAGIC_CHECK(c, CLIENT_MAGIC);
    if (c->config->ticket != NULL)
        return c->config->ticket_key;
    return c->ntlm.keys.shared ? c->ntlm.keys.exported : NULL;
}
