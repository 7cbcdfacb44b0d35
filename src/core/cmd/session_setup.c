// SPDX-License-Identifier: Apache-2.0
/*
 * SESSION_SETUP and LOGOFF ([MS-SMB2] 3.3.5.5, 3.3.5.6).
 *
 * A new session, one that authenticates again, or the binding of this connection to a session of
 * another one. A binding that fails in any way leaves the session alone.
 *
 * Steps: find or make the session and its channel; wait while this address is being slowed down for
 * wrong passwords; let auth/ look at the token, which may have to ask somebody; take the result
 * over.
 */
#include "core/command.h"
#include "core/conn.h"
#include "core/core.h"
#include "core/request.h"
#include "core/session.h"
#include "core/state.h"
#include <string.h>

#define TOKEN_MAX 65535

struct setup_state {
    struct wire_session_setup_rsp rsp;
    struct builder token;
    struct core_request *request;
    struct timer delay;
    bool made_session;
    bool asked; /* auth/ waits for an answer */
};

static bool setup_decode(struct core_request *r, struct cursor *body)
{
    return wire_session_setup_req_decode(body, request_arena(r), &r->in.session_setup);
}

/* The hash over this request; it starts from that of NEGOTIATE ([MS-SMB2] 3.3.5.5). */
static bool update_preauth(struct core_request *r)
{
    struct core_channel *ch = r->channel;
    if (request_conn(r)->dialect != SMB2_DIALECT_311)
        return true;
    struct crypto_iov iov = {r->body.base, r->body.end};
    return crypto_preauth_update(&ch->preauth, &iov, 1);
}

static smbkit_status check_allowed(const struct core_request *r)
{
    const struct core_conn *conn = request_conn(r);
    const struct core_config *cfg = &conn->core->config;
    if (cfg->encryption == CORE_ENCRYPTION_REQUIRED && conn->cipher == CRYPTO_CIPHER_NONE)
        return SMBKIT_STATUS_ACCESS_DENIED;
    return SMBKIT_STATUS_SUCCESS;
}

static bool asks_to_bind(const struct core_request *r)
{
    return r->hdr.session_id != 0 && (r->in.session_setup.flags & SMB2_SESSION_FLAG_BINDING) != 0;
}

/* Windows looks at AES-GMAC before anything else. */
static smbkit_status check_signing_fits(enum crypto_sign_alg session, enum crypto_sign_alg conn)
{
    if (session == conn)
        return SMBKIT_STATUS_SUCCESS;
    if (session == CRYPTO_SIGN_AES_GMAC)
        return SMBKIT_STATUS_REQUEST_OUT_OF_SEQUENCE;
    return conn == CRYPTO_SIGN_AES_GMAC ? SMBKIT_STATUS_NOT_SUPPORTED : SMBKIT_STATUS_SUCCESS;
}

/* 3.3.5.5; the signature was looked at by the gate. */
static smbkit_status check_binding(const struct core_request *r, const struct core_session *s)
{
    const struct core_conn *conn = request_conn(r);
    smbkit_status st = check_signing_fits(s->signing, conn->signing);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    if (conn->dialect < SMB2_DIALECT_300)
        return SMBKIT_STATUS_REQUEST_NOT_ACCEPTED;
    if (!(r->hdr.flags & SMB2_FLAGS_SIGNED) || s->dialect != conn->dialect ||
        s->cipher != conn->cipher)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (s->state == SESSION_IN_PROGRESS)
        return SMBKIT_STATUS_REQUEST_NOT_ACCEPTED;
    if (s->state == SESSION_EXPIRED)
        return SMBKIT_STATUS_NETWORK_SESSION_EXPIRED;
    if (s->is_guest || s->is_anonymous)
        return SMBKIT_STATUS_NOT_SUPPORTED;
    if (r->channel != NULL && !r->channel->binding)
        return SMBKIT_STATUS_REQUEST_NOT_ACCEPTED;
    /* the one that is being bound counts */
    return s->channel_count > SESSION_CHANNELS_MAX ? SMBKIT_STATUS_INSUFFICIENT_RESOURCES
                                                   : SMBKIT_STATUS_SUCCESS;
}

/* The session of a request that is not for a new one: is it there, and may it be bound? */
static smbkit_status check_existing(const struct core_request *r)
{
    if (!asks_to_bind(r))
        return r->channel == NULL || r->channel->binding ? SMBKIT_STATUS_USER_SESSION_DELETED
                                                         : SMBKIT_STATUS_SUCCESS;
    struct core_session *s = session_find(request_core(r), r->hdr.session_id);
    if (s == NULL)
        return SMBKIT_STATUS_USER_SESSION_DELETED;
    smbkit_status st = check_binding(r, s);
    session_unref(s);
    return st == SMBKIT_STATUS_SUCCESS && r->channel == NULL ? SMBKIT_STATUS_INSUFFICIENT_RESOURCES
                                                             : st;
}

static void delay_over(struct timer *t);

static enum core_verdict setup_begin(struct core_request *r)
{
    struct core_conn *conn = request_conn(r);
    smbkit_status st = check_allowed(r);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    struct setup_state *s = arena_alloc(request_arena(r), sizeof *s);
    if (s == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    r->state_data = s;
    s->request = r;
    builder_init_grow(&s->token, TOKEN_MAX);
    timer_init(&s->delay, delay_over);
    if (r->hdr.session_id == 0) {
        r->channel = session_new(conn);
        if (r->channel == NULL)
            return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        r->session = session_ref(r->channel->session);
        r->hdr.session_id = r->session->id;
        s->made_session = true;
    } else if ((st = check_existing(r)) != SMBKIT_STATUS_SUCCESS) {
        return request_done(r, st);
    }
    if (r->channel->busy) /* an earlier leg is still being delayed */
        return request_done(r, SMBKIT_STATUS_REQUEST_NOT_ACCEPTED);
    return STEP_NEXT;
}

/* It is given up. An answer that is awaited would come to this request: the authentication ends. */
static void setup_unpark(struct core_request *r)
{
    struct setup_state *s = r->state_data;
    r->channel->busy = false;
    timerq_cancel(&request_core(r)->timers, &s->delay);
    if (s->asked) {
        auth_context_free(r->channel->auth);
        r->channel->auth = NULL;
    }
}

static void delay_over(struct timer *t)
{
    struct setup_state *s = CONTAINER_OF(t, struct setup_state, delay);
    request_resume(s->request);
}

/* Wrong passwords make the next attempts of the same address wait. */
static enum core_verdict setup_delay(struct core_request *r)
{
    struct core *c = request_core(r);
    struct setup_state *s = r->state_data;
    uint64_t ns = auth_throttle_delay(c->throttle, &request_conn(r)->source, c->now);
    if (ns == 0)
        return STEP_NEXT;
    r->channel->busy = true;
    r->unpark = setup_unpark;
    timerq_set(&c->timers, &s->delay, c->now + ns);
    return STEP_PARK;
}

/* The failed session is removed ([MS-SMB2] 3.3.5.5.3), also one that was valid before. */
static enum core_verdict setup_failed(struct core_request *r, smbkit_status st)
{
    struct core_conn *conn = request_conn(r);
    struct core *c = conn->core;
    if (st == SMBKIT_STATUS_LOGON_FAILURE || st == SMBKIT_STATUS_ACCOUNT_DISABLED) {
        c->stats.logons_failed++;
        auth_throttle_failed(c->throttle, &conn->source, c->now);
    }
    LOGI(c->config.log, "%s: logon refused: %s", conn->peer.text,
         r->channel->auth != NULL ? auth_failure_reason(r->channel->auth) : smbkit_status_name(st));
    if (!r->channel->binding)
        session_end(r->session);
    return request_done(r, st);
}

static void replace_previous(struct core_request *r)
{
    struct core *c = request_core(r);
    uint64_t id = r->in.session_setup.previous_session_id;
    if (id == 0 || id == r->session->id)
        return;
    struct core_session *old = session_find(c, id);
    if (old == NULL)
        return;
    /* only its own user may end it */
    if (old->user_id != NULL && strcmp(old->user_id, r->session->user_id) == 0)
        session_end(old);
    session_unref(old);
}

static void authenticated(struct core_request *r, const char *what)
{
    struct core_conn *conn = request_conn(r);
    struct core *c = conn->core;
    auth_throttle_succeeded(c->throttle, &conn->source, c->now);
    auth_context_free(r->channel->auth);
    r->channel->auth = NULL;
    LOGI(c->config.log, "%s: %s as \"%s\"", conn->peer.text, what, r->session->user);
}

/* Only the session's user binds to it. The specification says NOT_SUPPORTED, Windows this. */
static enum core_verdict setup_bound(struct core_request *r)
{
    const struct auth_identity *who = auth_identity(r->channel->auth);
    if (strcmp(r->session->user_id, who->user_id) != 0)
        return setup_failed(r, SMBKIT_STATUS_ACCESS_DENIED);
    if (!channel_bind(r->channel, who))
        return setup_failed(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    authenticated(r, "bound a connection");
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

static enum core_verdict setup_succeeded(struct core_request *r)
{
    struct core *c = request_core(r);
    struct setup_state *s = r->state_data;
    const struct auth_identity *who = auth_identity(r->channel->auth);
    struct core_session *ses = r->session;
    bool again = ses->user_id != NULL;
    /* who has begun as somebody may become nobody, and himself again; the keys stay the first's */
    if (again && !who->is_anonymous && strcmp(ses->maker, who->user_id) != 0)
        return setup_failed(r, SMBKIT_STATUS_ACCESS_DENIED);
    bool client_signs = (r->in.session_setup.security_mode & SMB2_NEGOTIATE_SIGNING_REQUIRED) != 0;
    if (!session_authenticated(r->channel, who, client_signs))
        return setup_failed(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    if (c->config.encryption == CORE_ENCRYPTION_REQUIRED && !ses->encrypt)
        return setup_failed(r, SMBKIT_STATUS_ACCESS_DENIED); /* a guest has no key to seal with */
    if (!again)
        replace_previous(r);
    s->rsp.session_flags = (uint16_t)((ses->is_guest ? SMB2_SESSION_FLAG_IS_GUEST : 0) |
                                      (ses->is_anonymous ? SMB2_SESSION_FLAG_IS_NULL : 0) |
                                      (ses->encrypt ? SMB2_SESSION_FLAG_ENCRYPT_DATA : 0));
    authenticated(r, again ? "authenticated again" : "logged on");
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

/* What auth/ says of a token. */
static enum core_verdict setup_verdict(struct core_request *r, enum auth_result res)
{
    struct setup_state *s = r->state_data;
    struct core_channel *ch = r->channel;
    s->rsp.security = (struct wire_blob){s->token.data, s->token.len};
    if (builder_failed(&s->token))
        return setup_failed(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    if (res == AUTH_CONTINUE) {
        r->with_body = true;
        return request_done(r, SMBKIT_STATUS_MORE_PROCESSING_REQUIRED);
    }
    if (res == AUTH_OK)
        return ch->binding ? setup_bound(r) : setup_succeeded(r);
    return setup_failed(r, auth_status(ch->auth));
}

/* What has become of the session while the request waited? */
static smbkit_status setup_alive(struct core_request *r)
{
    r->channel->busy = false;
    return r->session->state == SESSION_GONE || r->channel->conn == NULL
               ? SMBKIT_STATUS_USER_SESSION_DELETED
               : SMBKIT_STATUS_SUCCESS;
}

static void setup_ready(void *arg)
{
    request_resume(arg);
}

static enum core_verdict setup_step(struct core_request *r)
{
    struct core *c = request_core(r);
    struct setup_state *s = r->state_data;
    struct core_channel *ch = r->channel;
    const struct wire_blob *in = &r->in.session_setup.security;
    smbkit_status st = setup_alive(r);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    if (r->session->state == SESSION_EXPIRED && !ch->binding)
        r->session->state = SESSION_IN_PROGRESS; /* 3.3.5.5.2 */
    if (ch->auth == NULL) {
        ch->auth = auth_context_new(c->config.auth);
        ch->preauth = request_conn(r)->preauth;
    }
    if (ch->auth == NULL || !update_preauth(r))
        return setup_failed(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    auth_context_set_waiter(ch->auth, setup_ready, r);
    enum auth_result res = auth_step(ch->auth, in->data, in->len, c->filetime, &s->token);
    if (res != AUTH_PENDING)
        return setup_verdict(r, res);
    s->asked = true;
    ch->busy = true;
    r->unpark = setup_unpark;
    return STEP_PARK;
}

/* Somebody that auth/ had asked has answered. */
static enum core_verdict setup_answered(struct core_request *r)
{
    struct core *c = request_core(r);
    struct setup_state *s = r->state_data;
    struct core_channel *ch = r->channel;
    smbkit_status st = setup_alive(r);
    s->asked = false;
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    return setup_verdict(r, auth_step(ch->auth, NULL, 0, c->filetime, &s->token));
}

static bool setup_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    struct setup_state *s = r->state_data;
    return wire_session_setup_rsp_encode(b, hdr, &s->rsp);
}

static void setup_release(struct core_request *r)
{
    struct setup_state *s = r->state_data;
    if (s != NULL)
        builder_free(&s->token);
    /* a binding does not outlive a request of its that fails */
    if (r->channel != NULL && r->channel->binding && r->channel->conn != NULL &&
        r->status != SMBKIT_STATUS_MORE_PROCESSING_REQUIRED)
        channel_drop(r->channel);
}

static const struct core_step setup_steps[] = {
    {"begin", setup_begin},
    {"delay", setup_delay},
    {"step", setup_step},
    {"answered", setup_answered},
    {0},
};

const struct core_command command_session_setup = {
    .code = SMB2_SESSION_SETUP,
    .name = "SESSION_SETUP",
    .flags = CMD_NO_INTERIM,
    .decode = setup_decode,
    .steps = setup_steps,
    .encode = setup_encode,
    .release = setup_release,
};

/* ---------------------------------------------------------------- LOGOFF */

static bool logoff_decode(struct core_request *r, struct cursor *body)
{
    struct wire_logoff_req q;
    return wire_logoff_req_decode(body, request_arena(r), &q);
}

static enum core_verdict logoff_run(struct core_request *r)
{
    session_end(r->session);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

static bool logoff_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    struct wire_logoff_rsp rsp = {0};
    return wire_logoff_rsp_encode(b, hdr, &rsp);
}

static const struct core_step logoff_steps[] = {{"logoff", logoff_run}, {0}};

const struct core_command command_logoff = {
    .code = SMB2_LOGOFF,
    .name = "LOGOFF",
    .flags = CMD_NEEDS_SESSION | CMD_WHEN_EXPIRED,
    .decode = logoff_decode,
    .steps = logoff_steps,
    .encode = logoff_encode,
};
