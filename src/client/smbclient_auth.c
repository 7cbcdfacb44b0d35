// SPDX-License-Identifier: Apache-2.0
/* The test client's NEGOTIATE and SESSION_SETUP ([MS-SMB2] 3.2.5.2, 3.2.5.3). */
#include "client/smbclient_int.h"

#include "base/mem.h"
#include <string.h>

#define SALT_LEN  32
#define TOKEN_MAX 16384

/* ---------------------------------------------------------------- NEGOTIATE */

static bool offers_311(const struct smbclient *c)
{
    for (size_t i = 0; i < c->config.dialect_count; i++)
        if (c->config.dialects[i] == SMB2_DIALECT_311)
            return true;
    return false;
}

static struct wire_ids ids_of(const uint16_t *v, size_t n)
{
    struct wire_ids ids = {.count = (uint16_t)n};
    memcpy(ids.id, v, n * sizeof *v);
    return ids;
}

static bool negotiate_contexts(struct smbclient *c, struct arena *a, struct wire_negotiate_req *q)
{
    const struct smbclient_config *cfg = &c->config;
    uint8_t salt[SALT_LEN];
    struct wire_negotiate_ctxs *x = arena_alloc(a, sizeof *x);
    if (x == NULL)
        return false;
    random_fill(&cfg->random, salt, sizeof salt);
    x->present = WIRE_NEGOTIATE_BIT(SMB2_PREAUTH_INTEGRITY_CAPABILITIES);
    x->hashes = (struct wire_ids){.count = 1, .id = {SMB2_PREAUTH_INTEGRITY_SHA512}};
    x->salt = (struct wire_blob){salt, sizeof salt};
    if (cfg->cipher_count > 0) {
        x->present |= WIRE_NEGOTIATE_BIT(SMB2_ENCRYPTION_CAPABILITIES);
        x->ciphers = ids_of(cfg->ciphers, cfg->cipher_count);
    }
    if (cfg->signing_count > 0) {
        x->present |= WIRE_NEGOTIATE_BIT(SMB2_SIGNING_CAPABILITIES);
        x->signings = ids_of(cfg->signings, cfg->signing_count);
    }
    if (cfg->compressions.count > 0) {
        x->present |= WIRE_NEGOTIATE_BIT(SMB2_COMPRESSION_CAPABILITIES);
        x->compressions = cfg->compressions;
        x->compression_flags = cfg->compression_flags;
    }
    return wire_negotiate_ctxs_build(a, x, &q->ctxs, &q->ctx_count);
}

bool smbclient_negotiate(struct smbclient *c, struct builder *out)
{
    const struct smbclient_config *cfg = &c->config;
    union wire_any body = {.negotiate_req = {
                               .security_mode = cfg->security_mode,
                               .capabilities = cfg->capabilities,
                               .client_guid = cfg->guid,
                               .dialects = cfg->dialects,
                               .dialect_count = cfg->dialect_count,
                           }};
    struct smbclient_element e = {.command = SMB2_NEGOTIATE, .body = &body, .credits = 1};
    struct arena a;
    arena_init(&a, 65536);
    bool ok = (!offers_311(c) || negotiate_contexts(c, &a, &body.negotiate_req)) &&
              smbclient_send(c, &e, 1, 0, out);
    struct crypto_iov iov = {out->data, out->len};
    crypto_preauth_init(&c->preauth);
    ok = ok && crypto_preauth_update(&c->preauth, &iov, 1);
    arena_clear(&a);
    return ok;
}

static bool offered(const uint16_t *v, size_t n, uint16_t id)
{
    for (size_t i = 0; i < n; i++)
        if (v[i] == id)
            return true;
    return false;
}

/* 3.1.1: what the server chose must be of what was offered. */
static bool take_contexts(struct smbclient *c, const struct wire_negotiate_rsp *rsp)
{
    const struct smbclient_config *cfg = &c->config;
    struct wire_negotiate_ctxs x;
    if (!wire_negotiate_ctxs_parse(rsp->ctxs, rsp->ctx_count, &x) || x.repeated != 0 ||
        x.hashes.count != 1 || x.hashes.id[0] != SMB2_PREAUTH_INTEGRITY_SHA512)
        return smbclient_broken(c, "bad negotiate contexts");
    c->signing = CRYPTO_SIGN_AES_CMAC;
    c->cipher = CRYPTO_CIPHER_NONE;
    if (x.present & WIRE_NEGOTIATE_BIT(SMB2_ENCRYPTION_CAPABILITIES)) {
        if (x.ciphers.count != 1 ||
            (x.ciphers.id[0] != 0 && !offered(cfg->ciphers, cfg->cipher_count, x.ciphers.id[0])))
            return smbclient_broken(c, "a cipher that was not offered");
        c->cipher = (enum crypto_cipher)x.ciphers.id[0];
    }
    if (x.present & WIRE_NEGOTIATE_BIT(SMB2_SIGNING_CAPABILITIES)) {
        if (x.signings.count != 1 || !offered(cfg->signings, cfg->signing_count, x.signings.id[0]))
            return smbclient_broken(c, "a signing algorithm that was not offered");
        c->signing = (enum crypto_sign_alg)x.signings.id[0];
    }
    c->compressions.count = 0;
    if (x.present & WIRE_NEGOTIATE_BIT(SMB2_COMPRESSION_CAPABILITIES)) {
        if (cfg->compressions.count == 0 || x.compressions.count == 0)
            return smbclient_broken(c, "compression that was not offered");
        for (uint16_t i = 0; i < x.compressions.count; i++)
            if (x.compressions.id[0] != SMB2_COMPRESSION_NONE &&
                !offered(cfg->compressions.id, cfg->compressions.count, x.compressions.id[i]))
                return smbclient_broken(c, "an algorithm that was not offered");
        if (x.compressions.id[0] != SMB2_COMPRESSION_NONE)
            c->compressions = x.compressions;
        c->compression_flags = x.compression_flags;
    }
    return true;
}

static bool take_dialect(struct smbclient *c, const struct wire_negotiate_rsp *rsp)
{
    if (!offered(c->config.dialects, c->config.dialect_count, rsp->dialect))
        return smbclient_broken(c, "dialect %04x was not offered", rsp->dialect);
    c->dialect = rsp->dialect;
    c->server_security_mode = rsp->security_mode;
    c->server_capabilities = rsp->capabilities;
    c->server_guid = rsp->server_guid;
    c->max_transact = rsp->max_transact_size;
    c->max_read = rsp->max_read_size;
    c->max_write = rsp->max_write_size;
    c->multi_credit = (rsp->capabilities & SMB2_GLOBAL_CAP_LARGE_MTU) != 0;
    if (c->dialect == SMB2_DIALECT_311)
        return take_contexts(c, rsp);
    c->signing = c->dialect >= SMB2_DIALECT_300 ? CRYPTO_SIGN_AES_CMAC : CRYPTO_SIGN_HMAC_SHA256;
    c->cipher = rsp->capabilities & SMB2_GLOBAL_CAP_ENCRYPTION ? CRYPTO_CIPHER_AES_128_CCM
                                                               : CRYPTO_CIPHER_NONE;
    return true;
}

bool smbclient_negotiated(struct smbclient *c, const struct wire_element *e)
{
    struct wire_negotiate_rsp rsp;
    struct cursor body = e->body;
    struct crypto_iov iov = {e->body.base, e->size};
    struct arena a;
    if (e->hdr.status != SMBKIT_STATUS_SUCCESS)
        return true;
    arena_init(&a, 65536);
    bool ok = wire_negotiate_rsp_decode(&body, &a, &rsp);
    if (!ok)
        smbclient_broken(c, "a malformed NEGOTIATE response");
    ok = ok && take_dialect(c, &rsp) && crypto_preauth_update(&c->preauth, &iov, 1);
    c->negotiated = ok;
    arena_clear(&a);
    return ok;
}

/* ---------------------------------------------------------------- sessions */

struct smbclient_session *smbclient_session_new(struct smbclient *c,
                                                const struct auth_client_config *who)
{
    struct smbclient_session *s = mem_zalloc(sizeof *s);
    if (s == NULL)
        return NULL;
    s->client = c;
    s->who = *who;
    s->sign = true;
    builder_init_grow(&s->token, TOKEN_MAX);
    crypto_nonce_init(&s->nonce, 0);
    list_append(&c->sessions, &s->link);
    return s;
}

struct smbclient_session *smbclient_session_bind(struct smbclient *c,
                                                 const struct smbclient_session *first,
                                                 const struct auth_client_config *who)
{
    struct smbclient_session *s = smbclient_session_new(c, who);
    if (s == NULL)
        return NULL;
    s->binding = true;
    s->id = first->id;
    s->keys = first->keys;
    s->signing = first->signing;
    s->encrypt = first->encrypt;
    crypto_nonce_init(&s->nonce, (uint32_t)c->config.guid.b[0] + 1);
    s->signer = crypto_signer_new(first->signing, first->keys.signing);
    if (s->signer != NULL)
        return s;
    smbclient_session_free(s);
    return NULL;
}

void smbclient_session_free(struct smbclient_session *s)
{
    list_remove(&s->link);
    auth_client_free(s->auth);
    builder_free(&s->token);
    crypto_signer_free(s->signer);
    crypto_sealer_free(s->seal_out);
    crypto_sealer_free(s->seal_in);
    mem_wipe(&s->keys, sizeof s->keys);
    mem_free(s);
}

/* The first token of an authentication; later ones were made when the answer came. */
static bool begin(struct smbclient_session *s)
{
    auth_client_free(s->auth);
    builder_truncate(&s->token, 0);
    s->auth = auth_client_new(&s->who);
    s->preauth = s->client->preauth;
    s->content = false;
    return s->auth != NULL &&
           auth_client_step(s->auth, NULL, 0, s->client->now, &s->token) != AUTH_FAILED;
}

bool smbclient_session_setup(struct smbclient_session *s, uint64_t previous_id, struct builder *out)
{
    struct smbclient *c = s->client;
    if (s->state == SMBCLIENT_SESSION_SETUP || s->state == SMBCLIENT_SESSION_DEAD ||
        (s->state != SMBCLIENT_SESSION_STEP && !begin(s)))
        return false;
    union wire_any body = {.session_setup_req = {
                               .flags = s->binding ? SMB2_SESSION_FLAG_BINDING : 0,
                               .security_mode = (uint8_t)c->config.security_mode,
                               .capabilities = c->config.capabilities,
                               .previous_session_id = previous_id,
                               .security = {s->token.data, s->token.len},
                           }};
    struct smbclient_element e = {
        .command = SMB2_SESSION_SETUP, .body = &body, .session = s, .credits = 32};
    if (!smbclient_send(c, &e, 1, 0, out))
        return false;
    struct crypto_iov iov = {out->data, out->len};
    s->state = SMBCLIENT_SESSION_SETUP;
    return crypto_preauth_update(&s->preauth, &iov, 1);
}

/* Server's view of encryption and decryption is the opposite of ours. A bound channel has a signing
   key of its own and the session's others. */
static bool make_keys(struct smbclient_session *s)
{
    struct smbclient *c = s->client;
    struct crypto_session_keys k;
    const uint8_t *key = auth_client_session_key(s->auth);
    if (key == NULL ||
        !crypto_derive_session_keys(c->dialect, c->cipher, key, AUTH_NT_HASH_SIZE, &s->preauth, &k))
        return false;
    if (!s->binding) {
        s->keys = k;
        s->signing = c->signing;
    }
    crypto_signer_free(s->signer);
    s->signer = crypto_signer_new(c->signing, k.signing);
    mem_wipe(&k, sizeof k);
    s->binding = false;
    if (s->signer == NULL || c->cipher == CRYPTO_CIPHER_NONE)
        return s->signer != NULL;
    s->seal_out = crypto_sealer_new(c->cipher, CRYPTO_SEAL, s->keys.decryption);
    s->seal_in = crypto_sealer_new(c->cipher, CRYPTO_OPEN, s->keys.encryption);
    return s->seal_out != NULL && s->seal_in != NULL;
}

static bool succeeded(struct smbclient_session *s, const struct wire_session_setup_rsp *rsp)
{
    struct smbclient *c = s->client;
    bool bound = s->binding;
    bool first = (s->signer == NULL || s->binding) && !s->guest;
    if (rsp->session_flags & (SMB2_SESSION_FLAG_IS_GUEST | SMB2_SESSION_FLAG_IS_NULL))
        s->guest = true;
    else if (first && !make_keys(s))
        return smbclient_broken(c, "the session's keys could not be made");
    s->must_sign = s->signer != NULL && ((c->config.security_mode | c->server_security_mode) &
                                         SMB2_NEGOTIATE_SIGNING_REQUIRED);
    if (first && !bound)
        s->encrypt = (rsp->session_flags & SMB2_SESSION_FLAG_ENCRYPT_DATA) != 0;
    s->state = SMBCLIENT_SESSION_VALID;
    auth_client_free(s->auth);
    s->auth = NULL;
    return true;
}

/* What the server's token brings; the next one is in s->token. Without SPNEGO our side is content
   with its AUTHENTICATE, and the server has nothing more to say. */
static bool step(struct smbclient_session *s, const struct wire_session_setup_rsp *rsp, bool last)
{
    enum auth_result res = s->content ? AUTH_OK : AUTH_CONTINUE;
    builder_truncate(&s->token, 0);
    if (!s->content)
        res = auth_client_step(s->auth, rsp->security.data, rsp->security.len, s->client->now,
                               &s->token);
    s->content = res == AUTH_OK;
    if (res == AUTH_FAILED || (last && s->token.len > 0))
        return smbclient_broken(s->client, "the server's token is wrong");
    return true;
}

bool smbclient_session_answered(struct smbclient_session *s, const struct wire_element *e)
{
    struct wire_session_setup_rsp rsp;
    struct cursor body = e->body;
    struct crypto_iov iov = {e->body.base, e->size};
    bool more = e->hdr.status == SMBKIT_STATUS_MORE_PROCESSING_REQUIRED;
    struct arena a;
    s->status = e->hdr.status;
    if (!more && e->hdr.status != SMBKIT_STATUS_SUCCESS) {
        s->state = SMBCLIENT_SESSION_DEAD;
        return true;
    }
    if (e->hdr.session_id == 0 || (s->id != 0 && s->id != e->hdr.session_id))
        return smbclient_broken(s->client, "SESSION_SETUP answered with another session's id");
    s->id = e->hdr.session_id;
    arena_init(&a, 65536);
    bool ok = wire_session_setup_rsp_decode(&body, &a, &rsp);
    arena_clear(&a);
    if (!ok)
        return smbclient_broken(s->client, "a malformed SESSION_SETUP response");
    if (!step(s, &rsp, !more))
        return false;
    if (!more)
        return succeeded(s, &rsp);
    s->state = SMBCLIENT_SESSION_STEP;
    return crypto_preauth_update(&s->preauth, &iov, 1);
}
