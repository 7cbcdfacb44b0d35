// SPDX-License-Identifier: Apache-2.0
/* Connections and sessions of the simulated clients: how they come, change and go. */
#include "sim/actor.h"

#include "base/mem.h"
#include "base/utf.h"
#include <string.h>

static void random_bytes(void *ctx, void *dst, size_t n)
{
    struct actor *a = ctx;
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)dst)[i] = (uint8_t)testrand_next(&actor_world(a)->rng);
}

void actor_init(struct actor *a, struct sim *s, unsigned index)
{
    memset(a, 0, sizeof *a);
    a->sim = s;
    a->index = index;
    list_init(&a->ops);
}

void actor_free(struct actor *a)
{
    if (a->conn != NULL)
        actor_drop(a);
}

bool logon_usable(const struct logon *l)
{
    return l->session != NULL && l->session->state == SMBCLIENT_SESSION_VALID && !l->dead &&
           !l->ending && !l->expired;
}

/* ---------------------------------------------------------------- how logons end */

static void each_handle(struct logon *l, void (*fn)(struct model_handle *h))
{
    struct model *m = &l->actor->sim->model;
    for (size_t i = 0; i < MODEL_FILES; i++)
        LIST_FOREACH_SAFE (it, tmp, &m->files[i].handles) {
            struct model_handle *h = LIST_ENTRY(it, struct model_handle, link);
            if (h->owner == l)
                fn(h);
        }
}

static void doubt_handle(struct model_handle *h)
{
    model_lose(h->file, false, false);
}

void logon_doom(struct logon *l)
{
    l->ending = true;
    /* 3.3.5.2.1.1: what arrives encrypted for a session that is gone ends the connection */
    if (l->session->seal_out != NULL)
        l->actor->may_close = true;
    LIST_FOREACH (it, &l->actor->ops) {
        struct op *op = LIST_ENTRY(it, struct op, link);
        if (op->logon != l)
            continue;
        op->doomed = true;
        if (op->file != NULL)
            model_lose(op->file, true, true);
    }
    each_handle(l, doubt_handle);
}

void logon_lost(struct logon *l)
{
    each_handle(l, model_handle_lost);
    durable_ended(l);
    l->wild_count = 0;
    l->tree_id = 0;
}

/* The session is no more. */
static void logon_over(struct logon *l)
{
    if (!l->ending)
        logon_doom(l);
    logon_lost(l);
    l->dead = true;
}

/* Whoever wanted to replace one of ours has nothing left to replace. */
static void forget_victims(struct actor *a)
{
    for (size_t i = 0; i < a->sim->actor_count; i++)
        for (size_t k = 0; k < ACTOR_LOGONS; k++) {
            struct logon *other = &a->sim->actors[i].logons[k];
            if (other->victim != NULL && other->victim->actor == a)
                other->victim = NULL;
        }
}

void actor_drop(struct actor *a)
{
    durable_dropped(a);
    for (size_t i = 0; i < ACTOR_LOGONS; i++) {
        struct logon *l = &a->logons[i];
        if (l->session == NULL)
            continue;
        /* whether it still replaced its victim is not known: the victim's connection goes too */
        if (l->victim != NULL && l->victim->actor != a)
            l->victim->actor->drop_soon = true;
        if (l->session->id != 0 && l->authenticated) {
            a->old_session_id = l->session->id;
            a->old_user = l->user;
        }
        logon_over(l);
    }
    forget_victims(a);
    memset(a->logons, 0, sizeof a->logons);
    while (!list_empty(&a->ops)) {
        struct op *op = LIST_ENTRY(a->ops.next, struct op, link);
        if (op->answered && op->followers > 0) { /* a head goes with its followers */
            list_remove(&op->link);
            list_append(&a->ops, &op->link);
            continue;
        }
        op_lost(op);
    }
    smbclient_free(&a->smb);
    world_drop(a->conn);
    a->conn = NULL;
    a->negotiating = a->may_close = a->drop_soon = false;
}

/* ---------------------------------------------------------------- connecting */

static void on_receive(void *ctx, uint8_t *data, size_t len)
{
    struct actor *a = ctx;
    if (!smbclient_receive(&a->smb, data, len))
        sim_broken(a->sim, "client %u: %s", a->index, smbclient_violation(&a->smb));
}

static void on_told(void *ctx, const struct wire_break_notification *n)
{
    cache_told(ctx, n);
    durable_told(ctx, n);
}

static struct smbclient_config draw_config(struct actor *a)
{
    static const uint16_t dialects[] = {SMB2_DIALECT_202, SMB2_DIALECT_210, SMB2_DIALECT_300,
                                        SMB2_DIALECT_302, SMB2_DIALECT_311};
    struct world *w = actor_world(a);
    struct smbclient_config c = {
        .security_mode =
            world_chance(w, 500) ? SMB2_NEGOTIATE_SIGNING_REQUIRED : SMB2_NEGOTIATE_SIGNING_ENABLED,
        .capabilities = SMB2_GLOBAL_CAP_LARGE_MTU | SMB2_GLOBAL_CAP_LEASING,
        .guid = {{(uint8_t)a->index, 1}},
        .random = {random_bytes, a},
        .max_credits = w->config.core.max_credits,
        .reply = op_replied,
        .told = on_told,
        .ctx = a,
    };
    c.dialect_count = world_chance(w, 600) ? ARRAY_LEN(dialects) : 1 + world_below(w, 5);
    memcpy(c.dialects, dialects, sizeof dialects);
    if (world_chance(w, 800)) {
        c.capabilities |= SMB2_GLOBAL_CAP_ENCRYPTION;
        c.cipher_count = 1 + world_below(w, 2);
        for (size_t i = 0; i < c.cipher_count; i++)
            c.ciphers[i] = (uint16_t)(1 + world_below(w, 4));
    }
    c.signing_count = world_below(w, 3);
    for (size_t i = 0; i < c.signing_count; i++)
        c.signings[i] = (uint16_t)world_below(w, 3);
    return c;
}

static void connect_now(struct actor *a)
{
    struct smbclient_config c = draw_config(a);
    struct world *w = actor_world(a);
    a->conn = world_connect(w, a->index + 1);
    if (a->conn == NULL)
        return;
    if (!smbclient_init(&a->smb, &c))
        ASSERT(false);
    a->smb.now = w->filetime;
    a->conn->receive = on_receive;
    a->conn->ctx = a;
    a->since = w->now;
    world_trace(w, "client %u connects", a->index);
}

static void count_dialect(struct actor *a)
{
    static const uint16_t dialects[] = {0x0202, 0x0210, 0x0300, 0x0302, 0x0311};
    for (size_t i = 0; i < ARRAY_LEN(dialects); i++)
        if (a->smb.dialect == dialects[i])
            actor_world(a)->stats->dialects[i]++;
}

static void judge_negotiate(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    struct actor *a = op->actor;
    const struct core_config *cfg = &actor_world(a)->config.core;
    bool common = a->smb.config.dialects[a->smb.config.dialect_count - 1] >= cfg->min_dialect;
    a->negotiating = false;
    op->expected = common ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_NOT_SUPPORTED;
    op_judge_status(op, rp, status);
    if (status != SMBKIT_STATUS_SUCCESS)
        a->drop_soon = true;
    count_dialect(a);
}

/* Messages that smbclient composes by itself get their op afterwards. */
static void adopt(struct op *op, struct builder *out)
{
    struct actor *a = op->actor;
    struct smbclient_request *rq = LIST_ENTRY(a->smb.requests.prev, struct smbclient_request, link);
    rq->tag = op;
    op->request = rq;
    actor_world(a)->stats->commands[op->command]++;
    world_trace(actor_world(a), "client %u sends %s, message %llu", a->index,
                wire_command_name(op->command), (unsigned long long)rq->message_id);
    world_send(a->conn, out->data, out->len);
}

static void negotiate(struct actor *a)
{
    struct builder out;
    builder_init_grow(&out, 65536);
    if (smbclient_negotiate(&a->smb, &out)) {
        struct op *op = op_new(a, NULL, SMB2_NEGOTIATE, 0);
        op->judge = judge_negotiate;
        a->negotiating = true;
        adopt(op, &out);
    }
    builder_free(&out);
}

/* Not SMB at all, or not what it says. */
static void send_garbage(struct actor *a)
{
    struct world *w = actor_world(a);
    uint8_t bytes[200];
    size_t len = 1 + world_below(w, sizeof bytes);
    random_bytes(a, bytes, len);
    if (len > 64 && world_chance(w, 700)) {
        memcpy(bytes, world_chance(w, 500) ? "\xfeSMB\x40\0" : "\xfdSMB\x40\0", 6);
        le16_store(bytes + WIRE_HDR_COMMAND, (uint16_t)world_below(w, 20));
        le32_store(bytes + WIRE_HDR_NEXT_COMMAND, world_chance(w, 500) ? 0 : 8);
    }
    a->may_close = true;
    a->drop_soon = true; /* it may have used a message id, or have been understood */
    world_trace(w, "client %u sends %zu bytes of garbage", a->index, len);
    world_send(a->conn, bytes, len);
}

/* ---------------------------------------------------------------- authentication */

static const struct {
    const char *user, *password;
    smbkit_status status;
} accounts[] = {
    {"alice", "alice-pw", SMBKIT_STATUS_SUCCESS},
    {"bob", "bob-pw", SMBKIT_STATUS_SUCCESS},
    {"carol", "carol-pw", SMBKIT_STATUS_ACCOUNT_DISABLED},
    {"", "", SMBKIT_STATUS_LOGON_FAILURE},
};

static void setup_concluded(struct logon *l, smbkit_status status)
{
    struct logon *victim = l->victim;
    struct world *w = actor_world(l->actor);
    l->victim = NULL;
    if (status == SMBKIT_STATUS_SUCCESS) {
        l->authenticated = true;
        l->expired = false;
        w->stats->reauthenticated += l->again;
        if (l->ending) /* it lives on, but what became of its requests was not judged */
            l->actor->drop_soon = true;
        if (victim != NULL) {
            w->stats->replaced++;
            logon_over(victim);
        }
        return;
    }
    if (victim != NULL) /* it lives on, but what became of its requests was not judged */
        victim->actor->drop_soon = true;
    logon_over(l);
}

static void judge_setup(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    struct logon *l = op->logon;
    bool more = status == SMBKIT_STATUS_MORE_PROCESSING_REQUIRED;
    op->expected = more ? status : l->expected;
    op_judge_status(op, rp, status);
    if (!more)
        setup_concluded(l, status);
}

static void send_setup(struct logon *l)
{
    struct actor *a = l->actor;
    struct builder out;
    bool first = l->session->state != SMBCLIENT_SESSION_STEP;
    builder_init_grow(&out, 65536);
    l->again = first ? l->authenticated : l->again;
    if (smbclient_session_setup(l->session, l->previous_id, &out)) {
        struct op *op = op_new(a, l, SMB2_SESSION_SETUP, 0);
        op->judge = judge_setup;
        adopt(op, &out);
    }
    builder_free(&out);
}

/* Somebody else's valid session of the same user, or one that is not there any more. */
static void draw_previous(struct logon *l)
{
    struct sim *s = l->actor->sim;
    struct world *w = &s->world;
    struct actor *other = &s->actors[world_below(w, s->actor_count)];
    struct logon *victim = &other->logons[world_below(w, ACTOR_LOGONS)];
    l->previous_id = l->actor->old_session_id;
    if (victim == l || victim->session == NULL || victim->dead || victim->ending ||
        !victim->authenticated || victim->again || !logon_usable(victim))
        return;
    l->previous_id = victim->session->id;
    /* another user's session must not be touched: then nobody is a victim */
    if (strcmp(victim->user, l->user) != 0 || l->expected != SMBKIT_STATUS_SUCCESS)
        return;
    l->victim = victim;
    logon_doom(victim);
}

static void begin_session(struct logon *l)
{
    static const unsigned options[] = {AUTH_CLIENT_RAW, AUTH_CLIENT_KERBEROS_FIRST,
                                       AUTH_CLIENT_NO_TOKEN, AUTH_CLIENT_NO_KEY_EXCH};
    struct actor *a = l->actor;
    struct world *w = actor_world(a);
    size_t who = world_chance(w, 900) ? world_below(w, 2) : 2 + world_below(w, 2);
    struct auth_client_config cfg = {.user = accounts[who].user,
                                     .domain = "",
                                     .password = accounts[who].password,
                                     .random = {random_bytes, a}};
    l->user = accounts[who].user;
    l->expected = accounts[who].status;
    if (who < 2 && world_chance(w, 80)) {
        cfg.password = "wrong";
        l->expected = SMBKIT_STATUS_LOGON_FAILURE;
    } else if (who == 3 && w->config.allow_anonymous) {
        l->expected = SMBKIT_STATUS_SUCCESS;
        l->guest = true;
    } else if (world_chance(w, 150)) {
        cfg.options = options[world_below(w, ARRAY_LEN(options))];
    }
    if (w->config.core.encryption == CORE_ENCRYPTION_REQUIRED &&
        (a->smb.cipher == CRYPTO_CIPHER_NONE || l->guest))
        l->expected = SMBKIT_STATUS_ACCESS_DENIED;
    l->session = smbclient_session_new(&a->smb, &cfg);
    ASSERT(l->session != NULL);
    l->session->seal = world_chance(w, 250);
    if (world_chance(w, 300))
        draw_previous(l);
    send_setup(l);
}

/* Once more, with the same password or a wrong one. */
static void authenticate_again(struct logon *l)
{
    struct world *w = actor_world(l->actor);
    l->previous_id = 0;
    l->expected = SMBKIT_STATUS_SUCCESS;
    if (!l->guest && world_chance(w, 100)) {
        l->session->who.password = "wrong";
        l->expected = SMBKIT_STATUS_LOGON_FAILURE;
    }
    /* a failure, and be it for lack of memory, ends the session */
    if (l->expected != SMBKIT_STATUS_SUCCESS || l->actor->sim->faults)
        logon_doom(l);
    send_setup(l);
}

/* ---------------------------------------------------------------- trees and the end of sessions */

static void judge_tree(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    struct wire_tree_connect_rsp rsp;
    struct cursor body = rp->body;
    struct logon *l = op->logon;
    struct arena a;
    l->connecting = false;
    op_judge_status(op, rp, status);
    arena_init(&a, 4096);
    if (status == SMBKIT_STATUS_SUCCESS && wire_tree_connect_rsp_decode(&body, &a, &rsp)) {
        l->tree_id = rp->hdr->tree_id;
        l->tree_encrypts = (rsp.share_flags & SMB2_SHAREFLAG_ENCRYPT_DATA) != 0;
    }
    arena_clear(&a);
}

static smbkit_status expect_tree(struct logon *l, unsigned share)
{
    struct world *w = actor_world(l->actor);
    if (share == 3 || (share == 1 && !w->config.encrypted_share))
        return SMBKIT_STATUS_BAD_NETWORK_NAME;
    if (share == 1 && l->session->seal_out == NULL)
        return SMBKIT_STATUS_ACCESS_DENIED;
    return l->guest && share != 2 ? SMBKIT_STATUS_ACCESS_DENIED : SMBKIT_STATUS_SUCCESS;
}

static void connect_tree(struct logon *l)
{
    static const char *const paths[] = {"\\\\s\\data", "\\\\s\\Secure", "\\\\s\\open", "\\\\s\\no"};
    struct world *w = actor_world(l->actor);
    unsigned share = world_chance(w, 600) ? 0 : (unsigned)world_below(w, ARRAY_LEN(paths));
    uint8_t mem[64];
    struct builder b;
    builder_init_fixed(&b, mem, sizeof mem);
    utf8_to_utf16(&b, paths[share], strlen(paths[share]));
    union wire_any body = {.tree_connect_req = {.path = {b.data, b.len}}};
    struct op *op = op_new(l->actor, l, SMB2_TREE_CONNECT, 0);
    struct smbclient_element e = op_element(op, &body);
    op->judge = judge_tree;
    op->expected = expect_tree(l, share);
    l->connecting = op_send(l->actor, &op, &e, 1, 0);
}

/* LOGOFF and TREE_DISCONNECT. */
static void judge_end(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    struct logon *l = op->logon;
    op->expected = SMBKIT_STATUS_SUCCESS;
    op_judge_status(op, rp, status);
    if (op->command == SMB2_LOGOFF) {
        logon_over(l);
        return;
    }
    logon_lost(l);
    l->ending = false;
}

static void send_end(struct logon *l, uint16_t command)
{
    union wire_any body = {0};
    logon_doom(l);
    struct op *op = op_new(l->actor, l, command, 0);
    struct smbclient_element e = op_element(op, &body);
    op->judge = judge_end;
    if (!op_send(l->actor, &op, &e, 1, 0))
        l->actor->drop_soon = true;
}

/* ---------------------------------------------------------------- drawing */

static bool setup_in_flight(const struct logon *l)
{
    return l->session != NULL && l->session->state == SMBCLIENT_SESSION_SETUP;
}

static void act_on_logon(struct logon *l)
{
    struct world *w = actor_world(l->actor);
    if (l->session->state == SMBCLIENT_SESSION_STEP || l->session->state == SMBCLIENT_SESSION_NEW) {
        send_setup(l);
    } else if (l->dead) {
        l->session = NULL; /* smbclient keeps it until the connection goes: ids stay known */
        memset(l, 0, sizeof *l);
    } else if (l->ending || setup_in_flight(l)) {
        return;
    } else if (l->expired || world_chance(w, 15)) {
        authenticate_again(l);
    } else if (world_chance(w, 10) && !l->connecting) {
        send_end(l, SMB2_LOGOFF);
    } else if (l->tree_id == 0) {
        if (!l->connecting)
            connect_tree(l);
    } else if (world_chance(w, 10)) {
        send_end(l, SMB2_TREE_DISCONNECT);
    } else if (world_chance(w, 400) && cache_acknowledge(l)) {
        return;
    } else if (!l->guest && world_chance(w, 80) && durable_act(l)) {
        return;
    } else if (l->guest || world_chance(w, 400)) {
        wild_act(l);
    } else {
        exact_act(l);
    }
}

static void cancel_something(struct actor *a)
{
    uint64_t n = 0;
    struct op *found = NULL;
    LIST_FOREACH (it, &a->ops) {
        struct op *op = LIST_ENTRY(it, struct op, link);
        if (op->request != NULL && !op->cancelled && world_below(actor_world(a), ++n) == 0)
            found = op;
    }
    /* an authentication that is cancelled leaves a session that nobody can use */
    if (found != NULL && found->command != SMB2_SESSION_SETUP && found->command != SMB2_NEGOTIATE &&
        found->command != SMB2_TREE_CONNECT)
        op_cancel(found);
}

static bool logon_in_use(const struct actor *a, const struct logon *l)
{
    LIST_FOREACH (it, &a->ops)
        if (LIST_ENTRY(it, const struct op, link)->logon == l)
            return true;
    return false;
}

static void act_connected(struct actor *a)
{
    struct world *w = actor_world(a);
    struct logon *l = &a->logons[world_below(w, ACTOR_LOGONS)];
    if (world_chance(w, 1)) {
        send_garbage(a);
    } else if (world_chance(w, 60)) {
        cancel_something(a);
    } else if (l->session == NULL) {
        l->actor = a;
        begin_session(l);
    } else if (!l->dead || !logon_in_use(a, l)) {
        act_on_logon(l);
    }
}

void actor_act(struct actor *a)
{
    struct world *w = actor_world(a);
    if (a->conn == NULL) {
        if (world_chance(w, 500))
            connect_now(a);
    } else if (a->drop_soon || world_chance(w, 2)) {
        if (!a->drop_soon || world_chance(w, 200)) {
            world_trace(w, "client %u: the connection drops", a->index);
            w->stats->drops++;
            actor_drop(a);
        }
    } else if (a->conn->closing) {
        return;
    } else if (a->smb.negotiated) {
        if (a->conn->queued_to_server < 8)
            act_connected(a);
    } else if (!a->negotiating) {
        if (world_chance(w, 20))
            send_garbage(a);
        else
            negotiate(a);
    }
}
