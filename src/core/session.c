// SPDX-License-Identifier: Apache-2.0
/* Sessions and channels: their making, their tables and their end. */
#include "core/session.h"
#include "base/mem.h"
#include "core/conn.h"
#include "core/core.h"
#include "core/durable.h"
#include "core/open.h"
#include "core/pipe.h"
#include "core/request.h"
#include "core/state.h"
#include "core/tree.h"
#include <string.h>

/* ---------------------------------------------------------------- channels */

struct core_channel *channel_ref(struct core_channel *ch)
{
    MAGIC_CHECK(ch, CORE_CHANNEL_MAGIC);
    ch->refs++;
    return ch;
}

void channel_unref(struct core_channel *ch)
{
    MAGIC_CHECK(ch, CORE_CHANNEL_MAGIC);
    ASSERT(ch->refs > 0);
    if (--ch->refs > 0)
        return;
    ASSERT(ch->conn == NULL);
    auth_context_free(ch->auth);
    crypto_signer_free(ch->signer);
    crypto_sealer_free(ch->seal_out);
    crypto_sealer_free(ch->seal_in);
    session_unref(ch->session);
    MAGIC_WIPE(ch);
    mem_free(ch);
}

static struct core_channel *channel_new(struct core_conn *conn, struct core_session *s)
{
    struct core_channel *ch;
    if (conn->channel_count >= conn->core->config.max_sessions ||
        (ch = mem_zalloc(sizeof *ch)) == NULL)
        return NULL;
    if (!htab_insert(&conn->channels, &ch->by_session, hash_u64(s->id))) {
        mem_free(ch);
        return NULL;
    }
    MAGIC_SET(ch, CORE_CHANNEL_MAGIC);
    ch->refs = 1;
    ch->conn = conn_ref(conn);
    conn->channel_count++;
    ch->session = session_ref(s);
    list_append(&s->channels, &ch->in_session);
    s->channel_count++;
    ch->preauth = conn->preauth;
    crypto_nonce_init(&ch->nonce, s->next_nonce_fixed++);
    return ch;
}

static struct core_channel *find(struct core_conn *conn, uint64_t session_id, bool binding)
{
    for (struct htab_node *n = htab_first(&conn->channels, hash_u64(session_id)); n != NULL;
         n = htab_next(n)) {
        struct core_channel *ch = CONTAINER_OF(n, struct core_channel, by_session);
        if (ch->session->id == session_id && ch->binding == binding)
            return channel_ref(ch);
    }
    return NULL;
}

struct core_channel *channel_find(struct core_conn *conn, uint64_t session_id)
{
    return find(conn, session_id, false);
}

/* Out of the connection's and the session's tables. */
static void channel_detach(struct core_channel *ch)
{
    struct core_conn *conn = ch->conn;
    htab_remove(&conn->channels, &ch->by_session);
    conn->channel_count--;
    list_remove(&ch->in_session);
    ch->session->channel_count--;
    if (conn->channel_count == 0 && conn_alive(conn) && !timer_is_set(&conn->auth_timer))
        timerq_set(&conn->core->timers, &conn->auth_timer,
                   conn->core->now + conn->core->config.auth_timeout);
    ch->conn = NULL;
    channel_unref(ch);
    conn_unref(conn);
}

bool session_goes_on(const struct core_session *s, const struct core_conn *without)
{
    LIST_FOREACH (it, &s->channels) {
        const struct core_channel *ch = LIST_ENTRY(it, struct core_channel, in_session);
        if (ch->conn != without && conn_alive(ch->conn))
            return true;
    }
    return false;
}

void channel_drop(struct core_channel *ch)
{
    struct core_session *s = session_ref(ch->session);
    channel_detach(ch);
    if (list_empty(&s->channels))
        session_end(s);
    session_unref(s);
}

/* ---------------------------------------------------------------- sessions */

static void session_expired(struct timer *t)
{
    struct core_session *s = CONTAINER_OF(t, struct core_session, expiry);
    if (s->state == SESSION_VALID)
        s->state = SESSION_EXPIRED; /* 3.3.6.3 */
}

struct core_session *session_ref(struct core_session *s)
{
    MAGIC_CHECK(s, CORE_SESSION_MAGIC);
    s->refs++;
    return s;
}

void session_unref(struct core_session *s)
{
    MAGIC_CHECK(s, CORE_SESSION_MAGIC);
    ASSERT(s->refs > 0);
    if (--s->refs > 0)
        return;
    ASSERT(s->state == SESSION_GONE && s->tree_count == 0 && s->open_count == 0);
    s->core->stats.sessions--;
    htab_free(&s->trees);
    htab_free(&s->opens);
    mem_free(s->user);
    mem_free(s->domain);
    mem_free(s->user_id);
    mem_free(s->maker);
    mem_wipe(&s->keys, sizeof s->keys);
    MAGIC_WIPE(s);
    mem_free(s);
}

struct core_session *session_find(struct core *c, uint64_t session_id)
{
    for (struct htab_node *n = htab_first(&c->sessions, hash_u64(session_id)); n != NULL;
         n = htab_next(n)) {
        struct core_session *s = CONTAINER_OF(n, struct core_session, by_id);
        if (s->id == session_id)
            return session_ref(s);
    }
    return NULL;
}

/* Ids do not count up, so that one client learns nothing of another's; that nobody uses another's
   is what signatures are for. 32 bits, because there are clients that keep no more of them. */
static uint64_t new_session_id(struct core *c)
{
    for (;;) {
        uint32_t id;
        random_fill(&c->config.random, &id, sizeof id);
        if (id == 0 || id == UINT32_MAX)
            continue;
        struct core_session *taken = session_find(c, id);
        if (taken == NULL)
            return id;
        session_unref(taken);
    }
}

struct core_channel *session_new(struct core_conn *conn)
{
    struct core *c = conn->core;
    struct core_session *s = mem_zalloc(sizeof *s);
    if (s == NULL)
        return NULL;
    MAGIC_SET(s, CORE_SESSION_MAGIC);
    s->refs = 1;
    s->core = c;
    s->id = new_session_id(c);
    if (!htab_insert(&c->sessions, &s->by_id, hash_u64(s->id))) {
        mem_free(s);
        return NULL;
    }
    c->stats.sessions++;
    list_init(&s->channels);
    list_init(&s->bindings);
    list_init(&s->orphans);
    htab_init(&s->trees);
    htab_init(&s->opens);
    s->next_tree_id = SESSION_TREES_INITIAL_ID;
    s->pipes = (struct rpc_budget){
        .max = CORE_PIPES_MEMORY, .all = &c->pipes_held, .sure = CORE_PIPES_SURE};
    s->next_volatile_id = 1;
    timer_init(&s->expiry, session_expired);
    struct core_channel *ch = channel_new(conn, s);
    if (ch == NULL) {
        session_end(s);
        return NULL;
    }
    return channel_ref(ch);
}

/* ---------------------------------------------------------------- authentication */

static char *copy_name(char **slot, const char *value)
{
    mem_free(*slot);
    *slot = mem_strdup(value != NULL ? value : "");
    return *slot;
}

/* What seals differs from channel to channel only in its nonces. */
static bool make_sealers(struct core_channel *ch)
{
    const struct core_session *s = ch->session;
    if (s->cipher == CRYPTO_CIPHER_NONE)
        return true;
    ch->seal_out = crypto_sealer_new(s->cipher, CRYPTO_SEAL, s->keys.encryption);
    ch->seal_in = crypto_sealer_new(s->cipher, CRYPTO_OPEN, s->keys.decryption);
    return ch->seal_out != NULL && ch->seal_in != NULL;
}

/* A guest's key comes from a password that we do not know; that of an anonymous user everybody
   knows. So his protects nothing, and nothing relies on it, but who signs or seals is answered. */
static bool has_key(const struct auth_identity *who)
{
    return !who->is_guest && who->session_key_len != 0;
}

/* [MS-SMB2] 3.3.5.5.3 with 3.1.4.2. */
static bool make_keys(struct core_channel *ch, const struct auth_identity *who)
{
    struct core_session *s = ch->session;
    const struct core_conn *conn = ch->conn;
    s->dialect = conn->dialect;
    s->cipher = conn->cipher;
    s->signing = conn->signing;
    if (!has_key(who))
        return true;
    if (!crypto_derive_session_keys(s->dialect, s->cipher, who->session_key, who->session_key_len,
                                    &ch->preauth, &s->keys))
        return false;
    s->keyed = true;
    ch->signer = crypto_signer_new(s->signing, s->keys.signing);
    return ch->signer != NULL && make_sealers(ch);
}

/* The end of the proof, or what the administrator sets, whichever comes first ([MS-SMB2] 3.3.5.5.3
   Session.ExpirationTime). */
static void expire_after(struct core_session *s, uint64_t lifetime)
{
    struct core *c = s->core;
    uint64_t most = c->config.session_lifetime;
    if (lifetime == 0 || (most != 0 && most < lifetime))
        lifetime = most;
    if (lifetime != 0)
        timerq_set(&c->timers, &s->expiry, c->now + lifetime);
    else
        timerq_cancel(&c->timers, &s->expiry);
}

bool session_authenticated(struct core_channel *ch, const struct auth_identity *who,
                           bool client_requires_signing)
{
    struct core_session *s = ch->session;
    struct core *c = s->core;
    bool first = s->user_id == NULL;
    if (first && (!make_keys(ch, who) || copy_name(&s->maker, who->user_id) == NULL))
        return false;
    if (copy_name(&s->user, who->user) == NULL || copy_name(&s->domain, who->domain) == NULL ||
        copy_name(&s->user_id, who->user_id) == NULL)
        return false;
    s->is_guest = who->is_guest;
    s->is_anonymous = who->is_anonymous;
    const struct wire_sid machine = acl_machine_sid(c->config.auth->netbios_computer);
    acl_token_make(&s->token, &machine,
                   s->is_anonymous ? ACL_ANONYMOUS
                   : s->is_guest   ? ACL_GUEST
                                   : ACL_USER,
                   s->user);
    s->is_admin = !s->is_guest && !s->is_anonymous && pipe_is_admin(c, s->user);
    s->token.has_security_privilege = s->is_admin; /* as the group Administrators has by default */
    struct builder sid;
    builder_init_fixed(&sid, s->sid, sizeof s->sid);
    wire_sid_encode(&sid, &s->token.user);
    s->sid_len = sid.len;
    s->state = SESSION_VALID;
    if (first) {
        s->since = c->filetime;
        bool keyed = ch->signer != NULL && !s->is_anonymous;
        s->signing_required = keyed && (client_requires_signing || c->config.signing_required ||
                                        ch->conn->signing_required);
        s->encrypt =
            c->config.encryption == CORE_ENCRYPTION_REQUIRED && ch->seal_out != NULL && keyed;
    }
    if (!s->is_anonymous)
        ch->conn->constrained = false;
    expire_after(s, who->lifetime);
    timerq_cancel(&c->timers, &ch->conn->auth_timer);
    return true;
}

/* ---------------------------------------------------------------- binding */

smbkit_status channel_binding(struct core_conn *conn, uint64_t session_id,
                              struct core_channel **out)
{
    *out = find(conn, session_id, true);
    if (*out != NULL)
        return SMBKIT_STATUS_SUCCESS;
    struct core_session *s = session_find(conn->core, session_id);
    if (s == NULL)
        return SMBKIT_STATUS_USER_SESSION_DELETED;
    struct core_channel *ch = channel_new(conn, s);
    session_unref(s);
    if (ch == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    ch->binding = true;
    list_remove(&ch->in_session);
    list_append(&s->bindings, &ch->in_session);
    if (s->keyed)
        ch->signer = crypto_signer_new(s->signing, s->keys.signing);
    *out = channel_ref(ch);
    return SMBKIT_STATUS_SUCCESS;
}

/* The key of a channel comes from its own authentication; everything else is the session's
   ([MS-SMB2] 3.3.5.5.3). */
bool channel_bind(struct core_channel *ch, const struct auth_identity *who)
{
    struct core_session *s = ch->session;
    struct crypto_session_keys keys;
    if (!crypto_derive_session_keys(s->dialect, s->cipher, who->session_key, who->session_key_len,
                                    &ch->preauth, &keys))
        return false;
    struct crypto_signer *signer = crypto_signer_new(ch->conn->signing, keys.signing);
    mem_wipe(&keys, sizeof keys);
    if (signer == NULL || !make_sealers(ch)) {
        crypto_signer_free(signer);
        return false;
    }
    crypto_signer_free(ch->signer);
    ch->signer = signer;
    ch->binding = false;
    ch->conn->constrained = false;
    list_remove(&ch->in_session);
    list_append(&s->channels, &ch->in_session);
    timerq_cancel(&s->core->timers, &ch->conn->auth_timer);
    return true;
}

/* ---------------------------------------------------------------- the end */

/* What is durable stays open for the client to come back ([MS-SMB2] 3.3.5.6, 3.3.7.1). Keeping one
   may run other requests, so it looks anew each time. */
static void keep_durable(struct core_session *s)
{
    struct htab_node *n = htab_walk(&s->opens, NULL);
    while (n != NULL) {
        struct core_open *o = CONTAINER_OF(n, struct core_open, by_id);
        struct htab_node *next = htab_walk(&s->opens, n);
        n = durable_keep(o) ? htab_walk(&s->opens, NULL) : next;
    }
}

void session_end(struct core_session *s)
{
    MAGIC_CHECK(s, CORE_SESSION_MAGIC);
    struct htab_node *n;
    struct list *orphan;
    if (s->state == SESSION_GONE)
        return;
    s->state = SESSION_GONE;
    htab_remove(&s->core->sessions, &s->by_id);
    timerq_cancel(&s->core->timers, &s->expiry);
    while ((orphan = list_pop(&s->orphans)) != NULL)
        request_cancel(LIST_ENTRY(orphan, struct core_request, orphan));
    keep_durable(s);
    while ((n = htab_walk(&s->trees, NULL)) != NULL)
        tree_disconnect(CONTAINER_OF(n, struct core_tree, by_id));
    /* a LOGOFF is answered with the channel's keys: its request keeps the channel */
    list_splice(&s->channels, &s->bindings);
    LIST_FOREACH_SAFE (it, tmp, &s->channels)
        channel_detach(LIST_ENTRY(it, struct core_channel, in_session));
    session_unref(s);
}
