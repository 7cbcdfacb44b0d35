// SPDX-License-Identifier: Apache-2.0
/*
 * The acceptor: finds out how the client frames its tokens, negotiates the mechanism (RFC 4178, as
 * [MS-SPNG] changes it) and hands the inner tokens to it. The mechanisms are the rows of `mechs`.
 *
 *     START --raw token of a mechanism--> RAW ----------------------> FINISHED
 *       \-----NegTokenInit--------------> NEGOTIATED --NegTokenResp-> FINISHED
 *
 * RAW and NEGOTIATED repeat until the mechanism is done. Any failure leads to FINISHED at once. A
 * mechanism that waits for an answer (AUTH_PENDING) leaves the phase as it is; the step is called
 * again without a token.
 *
 * mechListMIC: when our choice is not the client's favourite, somebody may have removed the better
 * ones from the list on the wire, so both sides must protect the list (RFC 4178 5). We say so with
 * request-mic and then insist. Otherwise it is optional: checked when sent, and then answered. When
 * the mechanism's last token is ours, the client could not make its MIC before: it has ours with
 * that token, and one message more for its own (awaiting_mic).
 */
#include "auth/auth.h"
#include "auth/mech.h"
#include "auth/spnego.h"
#include "base/mem.h"

#define CONTEXT_MAGIC 0x41555448u

/* Our preference is only offered: the client's order decides. */
static const struct auth_mech *const mechs[] = {
    &auth_mech_ms_kerberos,
    &auth_mech_kerberos,
    &auth_mech_ntlm,
};

#define MECH_TOKEN_MAX 65536
/* Names of user, domain and workstation as UTF-8, and what they are split into. */
#define STRINGS_MAX 16384
#define MIC_MAX     128

enum auth_phase {
    START,
    RAW,
    NEGOTIATED,
    FINISHED,
};

struct auth_context {
    uint32_t magic;
    const struct auth_config *config;
    enum auth_phase phase;
    bool succeeded;
    bool pending;      /* the mechanism's answer is awaited */
    bool awaiting_mic; /* the mechanism is done; the client's mechListMIC is to come */
    struct auth_waiter waiter;
    const struct auth_mech *mech; /* NULL before the choice */
    void *mech_state;
    uint8_t *mech_list; /* the client's MechTypeList, for mechListMIC */
    size_t mech_list_len;
    uint8_t mic[MIC_MAX]; /* the client's, while pending */
    size_t mic_len;       /* 0: none */
    bool mic_required;
    bool mech_named; /* supportedMech has been sent: only in the first reply (RFC 4178 4.2.2) */
    struct auth_outcome outcome;
};

enum auth_result auth_fail(struct auth_outcome *o, uint32_t status, const char *reason)
{
    o->status = status;
    o->reason = reason;
    return AUTH_FAILED;
}

const char *auth_concat(struct auth_outcome *o, const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    char *s = arena_alloc(&o->arena, a_len + b_len + 1);
    if (s != NULL) {
        memcpy(s, a, a_len);
        memcpy(s + a_len, b, b_len + 1);
    }
    return s;
}

bool auth_name_identity(struct auth_outcome *o, const char *account)
{
    o->identity.user = auth_concat(o, account, "");
    o->identity.user_id = auth_concat(o, "user:", account);
    return o->identity.user != NULL && o->identity.user_id != NULL;
}

static enum auth_result no_memory(struct auth_context *a)
{
    return auth_fail(&a->outcome, AUTH_STATUS_INSUFFICIENT_RESOURCES, "out of memory");
}

struct auth_context *auth_context_new(const struct auth_config *config)
{
    ASSERT(config->random.fill != NULL && config->netbios_computer != NULL);
    struct auth_context *a = mem_zalloc(sizeof(*a));
    if (a == NULL)
        return NULL;
    MAGIC_SET(a, CONTEXT_MAGIC);
    a->config = config;
    arena_init(&a->outcome.arena, STRINGS_MAX);
    return a;
}

void auth_context_set_waiter(struct auth_context *a, void (*ready)(void *arg), void *arg)
{
    MAGIC_CHECK(a, CONTEXT_MAGIC);
    ASSERT(!a->pending);
    a->waiter = (struct auth_waiter){ready, arg};
}

static void drop_mech(struct auth_context *a)
{
    if (a->mech != NULL)
        a->mech->destroy(a->mech_state);
    a->mech = NULL;
    a->mech_state = NULL;
    mem_free(a->mech_list);
    a->mech_list = NULL;
}

void auth_context_free(struct auth_context *a)
{
    if (a == NULL)
        return;
    MAGIC_CHECK(a, CONTEXT_MAGIC);
    drop_mech(a);
    arena_clear(&a->outcome.arena);
    MAGIC_WIPE(a);
    mem_free_secret(a, sizeof(*a));
}

static bool choose_mech(struct auth_context *a, const struct auth_mech *mech)
{
    void *state = mech->create(a->config, &a->waiter);
    if (state == NULL)
        return false;
    a->mech = mech;
    a->mech_state = state;
    return true;
}

static bool usable(const struct auth_context *a, const struct auth_mech *mech)
{
    return mech->available(a->config) && (!mech->waits || a->waiter.ready != NULL);
}

static const struct auth_mech *mech_by_oid(const struct auth_context *a, struct auth_blob oid)
{
    for (size_t i = 0; i < ARRAY_LEN(mechs); i++)
        if (usable(a, mechs[i]) && auth_blob_equal(*mechs[i]->oid, oid))
            return mechs[i];
    return NULL;
}

/* Whose token this is, when there is no SPNEGO around it. */
static const struct auth_mech *mech_by_token(const struct auth_context *a, struct auth_blob token)
{
    for (size_t i = 0; i < ARRAY_LEN(mechs); i++)
        if (usable(a, mechs[i]) && mechs[i]->begins(token))
            return mechs[i];
    return NULL;
}

/* The client's MIC is not there. */
static enum auth_result miss_mech_list(struct auth_context *a, bool can_sign, bool last_is_ours,
                                       struct builder *our_mic)
{
    const struct auth_identity *id = &a->outcome.identity;
    /* There is nothing to protect for those who have proved nothing. */
    if (!a->mic_required || id->is_guest || id->is_anonymous)
        return AUTH_OK;
    if (!can_sign || !last_is_ours)
        return auth_fail(&a->outcome, AUTH_STATUS_LOGON_FAILURE,
                         "the SPNEGO mechListMIC that was asked for is missing");
    a->awaiting_mic = true;
    const struct auth_blob list = {a->mech_list, a->mech_list_len};
    return a->mech->sign(a->mech_state, list, our_mic) ? AUTH_CONTINUE : no_memory(a);
}

/* The answer to a mechanism that is done: with our MIC when the client sent a good one, or can send
   his only now. */
static enum auth_result check_mech_list(struct auth_context *a, struct auth_blob mic,
                                        bool last_is_ours, struct builder *our_mic)
{
    const struct auth_blob list = {a->mech_list, a->mech_list_len};
    const struct auth_identity *id = &a->outcome.identity;
    bool can_sign = a->mech->can_sign(a->mech_state);

    if (mic.data == NULL || !can_sign)
        return miss_mech_list(a, can_sign, last_is_ours, our_mic);
    if (!a->mech->verify(a->mech_state, list, mic)) {
        if (id->is_guest || id->is_anonymous) /* some clients make it with another key then */
            return AUTH_OK;
        return auth_fail(&a->outcome, AUTH_STATUS_LOGON_FAILURE,
                         "the SPNEGO mechListMIC is wrong: somebody changed the list");
    }
    a->outcome.identity.ntlm_sequence = id->ntlm_mic ? 1 : 0;
    return a->mech->sign(a->mech_state, list, our_mic) ? AUTH_OK : no_memory(a);
}

static void put_reply(struct auth_context *a, enum spnego_state state, const struct builder *token,
                      const struct builder *mic, struct builder *out)
{
    struct spnego_resp r = {.state = state};
    if (!a->mech_named && a->mech != NULL)
        r.mech = *a->mech->oid;
    if (token != NULL && token->len > 0)
        r.token = (struct auth_blob){token->data, token->len};
    if (mic != NULL && mic->len > 0)
        r.mech_list_mic = (struct auth_blob){mic->data, mic->len};
    spnego_encode_resp(out, &r);
    a->mech_named = true;
}

/* The mechanism waits: the MIC that came with its token is for later. */
static enum auth_result keep_mic(struct auth_context *a, struct auth_blob mic)
{
    if (mic.len > sizeof(a->mic))
        return auth_fail(&a->outcome, AUTH_STATUS_INVALID_PARAMETER,
                         "the SPNEGO mechListMIC is too long");
    if (mic.len > 0)
        memcpy(a->mic, mic.data, mic.len);
    a->mic_len = mic.len;
    return AUTH_PENDING;
}

/* One token of the mechanism, and the NegTokenResp around its answer. */
static enum auth_result negotiated_step(struct auth_context *a, struct auth_blob in,
                                        struct auth_blob mic, uint64_t now, struct builder *out)
{
    struct builder token, our_mic;
    builder_init_grow(&token, MECH_TOKEN_MAX);
    builder_init_grow(&our_mic, MIC_MAX);
    enum auth_result r = a->mech->step(a->mech_state, in, now, &token, &a->outcome);
    if (r == AUTH_PENDING)
        r = keep_mic(a, mic);
    if (r == AUTH_OK)
        r = check_mech_list(a, mic, token.len > 0, &our_mic);
    if (r == AUTH_OK || r == AUTH_CONTINUE) {
        if (builder_failed(&token) || builder_failed(&our_mic))
            r = no_memory(a);
        else
            put_reply(a, r == AUTH_OK ? SPNEGO_ACCEPT_COMPLETED : SPNEGO_ACCEPT_INCOMPLETE, &token,
                      &our_mic, out);
    }
    builder_free(&token);
    builder_free(&our_mic);
    return r;
}

/* The mechanism was done a message ago; only the client's MIC was missing. */
static enum auth_result last_mic(struct auth_context *a, struct auth_blob mic, struct builder *out)
{
    const struct auth_blob list = {a->mech_list, a->mech_list_len};
    if (mic.data == NULL || !a->mech->verify(a->mech_state, list, mic))
        return auth_fail(&a->outcome, AUTH_STATUS_LOGON_FAILURE,
                         "the SPNEGO mechListMIC that was asked for is missing or wrong");
    put_reply(a, SPNEGO_ACCEPT_COMPLETED, NULL, NULL, out);
    return AUTH_OK;
}

/* The client's first choice that is ours too; *index is its place in his list. */
static const struct auth_mech *common_mech(const struct auth_context *a,
                                           const struct spnego_init *init, size_t *index)
{
    for (*index = 0; *index < init->mech_count; (*index)++) {
        const struct auth_mech *m = mech_by_oid(a, init->mechs[*index]);
        if (m != NULL)
            return m;
    }
    return NULL;
}

static enum auth_result start_spnego(struct auth_context *a, struct auth_blob in, uint64_t now,
                                     struct builder *out)
{
    struct spnego_init init;
    size_t index;
    if (!spnego_decode_init(in.data, in.len, &init))
        return auth_fail(&a->outcome, AUTH_STATUS_INVALID_PARAMETER,
                         "malformed SPNEGO NegTokenInit");
    a->phase = NEGOTIATED;
    const struct auth_mech *mech = common_mech(a, &init, &index);
    if (mech == NULL)
        return auth_fail(&a->outcome, AUTH_STATUS_NOT_SUPPORTED,
                         "client offers no mechanism that we know (it may insist on Kerberos)");
    a->mech_list = mem_dup(init.mech_list.data, init.mech_list.len);
    a->mech_list_len = init.mech_list.len;
    if (a->mech_list == NULL || !choose_mech(a, mech))
        return no_memory(a);
    if (index > 0) { /* the optimistic token is for another mechanism: not ours to read */
        a->mic_required = true;
        put_reply(a, SPNEGO_REQUEST_MIC, NULL, NULL, out);
        return AUTH_CONTINUE;
    }
    if (init.mech_token.data == NULL) {
        put_reply(a, SPNEGO_ACCEPT_INCOMPLETE, NULL, NULL, out);
        return AUTH_CONTINUE;
    }
    return negotiated_step(a, init.mech_token, init.mech_list_mic, now, out);
}

static enum auth_result continue_spnego(struct auth_context *a, struct auth_blob in, uint64_t now,
                                        struct builder *out)
{
    struct spnego_resp resp;
    if (!spnego_decode_resp(in.data, in.len, &resp) ||
        (resp.token.data == NULL && !a->awaiting_mic))
        return auth_fail(&a->outcome, AUTH_STATUS_INVALID_PARAMETER,
                         "malformed or empty SPNEGO NegTokenResp");
    if (resp.state == SPNEGO_REJECT)
        return auth_fail(&a->outcome, AUTH_STATUS_LOGON_FAILURE, "client rejects the negotiation");
    if (a->awaiting_mic)
        return last_mic(a, resp.mech_list_mic, out);
    return negotiated_step(a, resp.token, resp.mech_list_mic, now, out);
}

static enum auth_result raw_step(struct auth_context *a, struct auth_blob in, uint64_t now,
                                 struct builder *out)
{
    struct builder token;
    builder_init_grow(&token, MECH_TOKEN_MAX);
    enum auth_result r = a->mech->step(a->mech_state, in, now, &token, &a->outcome);
    if ((r == AUTH_OK || r == AUTH_CONTINUE) && builder_failed(&token))
        r = no_memory(a);
    if (r == AUTH_OK || r == AUTH_CONTINUE)
        builder_bytes(out, token.data, token.len);
    builder_free(&token);
    return r;
}

static enum auth_result start(struct auth_context *a, struct auth_blob in, uint64_t now,
                              struct builder *out)
{
    const struct auth_mech *mech = mech_by_token(a, in);
    if (mech == NULL)
        return start_spnego(a, in, now, out);
    if (!choose_mech(a, mech))
        return no_memory(a);
    a->phase = RAW;
    return raw_step(a, in, now, out);
}

/* The mechanism has its answer. */
static enum auth_result resume(struct auth_context *a, struct auth_blob in, uint64_t now,
                               struct builder *out)
{
    const struct auth_blob none = {0};
    const struct auth_blob mic = {a->mic_len > 0 ? a->mic : NULL, a->mic_len};
    a->pending = false;
    if (in.data != NULL)
        return auth_fail(&a->outcome, AUTH_STATUS_INVALID_PARAMETER,
                         "token while one is looked at");
    return a->phase == RAW ? raw_step(a, none, now, out) : negotiated_step(a, none, mic, now, out);
}

static enum auth_result dispatch(struct auth_context *a, struct auth_blob in, uint64_t now,
                                 struct builder *out)
{
    if (a->pending)
        return resume(a, in, now, out);
    const size_t max = a->config->blob_max != 0 ? a->config->blob_max : AUTH_BLOB_MAX_DEFAULT;
    if (in.len == 0 || in.len > max)
        return auth_fail(&a->outcome, AUTH_STATUS_INVALID_PARAMETER, "empty or oversized token");
    switch (a->phase) {
    case START: return start(a, in, now, out);
    case RAW: return raw_step(a, in, now, out);
    case NEGOTIATED: return continue_spnego(a, in, now, out);
    case FINISHED: break;
    }
    return auth_fail(&a->outcome, AUTH_STATUS_INVALID_PARAMETER, "token after the end");
}

enum auth_result auth_step(struct auth_context *a, const uint8_t *in, size_t in_len, uint64_t now,
                           struct builder *out)
{
    MAGIC_CHECK(a, CONTEXT_MAGIC);
    const size_t mark = out->len;
    enum auth_result r = dispatch(a, (struct auth_blob){in, in_len}, now, out);
    if (r != AUTH_FAILED && builder_failed(out))
        r = no_memory(a);
    a->pending = r == AUTH_PENDING;
    if (r == AUTH_CONTINUE || r == AUTH_PENDING)
        return r;
    a->succeeded = r == AUTH_OK;
    if (r == AUTH_FAILED) {
        builder_truncate(out, mark);
        mem_wipe(a->outcome.identity.session_key, sizeof(a->outcome.identity.session_key));
        if (a->phase == NEGOTIATED && !builder_failed(out))
            put_reply(a, SPNEGO_REJECT, NULL, NULL, out);
    }
    a->phase = FINISHED;
    drop_mech(a);
    return r;
}

uint32_t auth_status(const struct auth_context *a)
{
    MAGIC_CHECK(a, CONTEXT_MAGIC);
    return a->outcome.status;
}

const char *auth_failure_reason(const struct auth_context *a)
{
    MAGIC_CHECK(a, CONTEXT_MAGIC);
    return a->outcome.reason != NULL ? a->outcome.reason : "";
}

const char *auth_claimed_user(const struct auth_context *a)
{
    MAGIC_CHECK(a, CONTEXT_MAGIC);
    return a->outcome.claimed_user != NULL ? a->outcome.claimed_user : "";
}

const struct auth_identity *auth_identity(const struct auth_context *a)
{
    MAGIC_CHECK(a, CONTEXT_MAGIC);
    return a->succeeded ? &a->outcome.identity : NULL;
}

size_t auth_initial_token(const struct auth_config *config, struct builder *out)
{
    static const char hint[] = "not_defined_in_RFC4178@please_ignore";
    struct spnego_init t = {.hint_name = {(const uint8_t *)hint, sizeof(hint) - 1}};
    const size_t mark = out->len;
    for (size_t i = 0; i < ARRAY_LEN(mechs); i++)
        if (mechs[i]->available(config))
            t.mechs[t.mech_count++] = *mechs[i]->oid;
    spnego_encode_init(out, &t);
    return builder_failed(out) ? 0 : out->len - mark;
}
