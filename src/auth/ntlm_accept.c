// SPDX-License-Identifier: Apache-2.0
/*
 * The server's side of NTLMv2 ([MS-NLMP] 3.2.5.1): NEGOTIATE in, CHALLENGE out, AUTHENTICATE in and
 * judged. Nothing older than NTLMv2 is ever accepted.
 *
 * All checks that depend on whether the user exists are made in the same order and with the same
 * work for an unknown user (against a random hash), so that neither the answer nor its time tells
 * one from a wrong password.
 *
 * Ownership: the state belongs to its struct auth_context. Threads: as that.
 */
#include "auth/mech.h"
#include "auth/ntlm_keys.h"
#include "auth/spnego.h"
#include "base/checked.h"
#include "base/mem.h"
#include "base/ntime.h"
#include "base/utf.h"

/* Kept for the MIC until the client comes back; Windows sends 40 bytes and two names. */
#define NEGOTIATE_MAX 2048
/* Names of at most 255 characters each, four times. */
#define CHALLENGE_MAX 4096

#define MAX_LIFETIME_DEFAULT (36 * 3600 * NTIME_PER_S)

/* What a client may ask for and get. NTLMSSP_NEGOTIATE_LM_KEY is not among them. */
#define FLAGS_ON_REQUEST                                                      \
    (NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL |                        \
     NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY | NTLMSSP_NEGOTIATE_VERSION | \
     NTLMSSP_NEGOTIATE_128 | NTLMSSP_NEGOTIATE_56 | NTLMSSP_NEGOTIATE_KEY_EXCH)

enum ntlm_state {
    WANT_NEGOTIATE,
    WANT_AUTHENTICATE,
    FINISHED,
};

struct ntlm_acceptor {
    const struct auth_config *config;
    enum ntlm_state state;
    uint8_t server_challenge[NTLMSSP_CHALLENGE_SIZE];
    uint32_t offered;             /* flags of the challenge */
    struct auth_blob negotiate;   /* ours, from mem.h */
    struct auth_blob challenge;   /* ours, from mem.h */
    struct auth_blob target_info; /* lies in challenge */
    struct ntlm_keys keys;
};

/* One AUTHENTICATE_MESSAGE on its way through the checks. */
struct ntlm_attempt {
    struct ntlm_acceptor *a;
    struct auth_outcome *o;
    uint64_t now;
    struct auth_blob message;
    struct ntlmssp_authenticate auth;
    struct ntlmssp_v2_response response;
    const char *user, *domain; /* UTF-8, as sent */
    struct auth_credential credential;
    uint8_t base_key[CRYPTO_NTLM_HASH_LEN]; /* SessionBaseKey; zeros for guest and anonymous */
};

static bool ntlm_available(const struct auth_config *config)
{
    return true;
}

static bool ntlm_begins(struct auth_blob token)
{
    static const char signature[] = "NTLMSSP";
    return token.len >= sizeof(signature) && memcmp(token.data, signature, sizeof(signature)) == 0;
}

static void *ntlm_create(const struct auth_config *config, const struct auth_waiter *waiter)
{
    struct ntlm_acceptor *a = mem_zalloc(sizeof(*a));
    if (a != NULL)
        a->config = config;
    return a;
}

static void ntlm_destroy(void *state)
{
    struct ntlm_acceptor *a = state;
    if (a == NULL)
        return;
    mem_free((void *)a->negotiate.data);
    mem_free((void *)a->challenge.data);
    mem_free_secret(a, sizeof(*a));
}

static bool present(const char *s)
{
    return s != NULL && *s != '\0';
}

static void put_text(struct builder *b, const char *text)
{
    if (utf8_to_utf16(b, text, strlen(text)) == SIZE_MAX)
        b->failed = true;
}

static void put_av_text(struct builder *b, uint16_t id, const char *text)
{
    if (!present(text))
        return;
    size_t at = b->len;
    ntlmssp_av_put(b, id, NULL, 0);
    put_text(b, text);
    size_t bytes = b->len - at - 4;
    if (bytes > UINT16_MAX)
        b->failed = true;
    if (!builder_failed(b))
        builder_patch_u16(b, at + 2, (uint16_t)bytes);
}

static const char *domain_name(const struct auth_config *c)
{
    return present(c->netbios_domain) ? c->netbios_domain : c->netbios_computer;
}

/* ([MS-NLMP] 3.2.5.1.1); in the order that Windows uses. */
static void put_target_info(struct builder *b, const struct auth_config *c, uint64_t now)
{
    uint8_t time[8];
    put_av_text(b, MsvAvNbDomainName, domain_name(c));
    put_av_text(b, MsvAvNbComputerName, c->netbios_computer);
    put_av_text(b, MsvAvDnsDomainName, c->dns_domain);
    put_av_text(b, MsvAvDnsComputerName, c->dns_computer);
    if (!c->omit_timestamp) {
        le64_store(time, now);
        ntlmssp_av_put(b, MsvAvTimestamp, time, sizeof(time));
    }
    ntlmssp_av_put(b, MsvAvEOL, NULL, 0);
}

static uint32_t challenge_flags(const struct auth_config *c, uint32_t requested)
{
    return NTLMSSP_NEGOTIATE_UNICODE | NTLMSSP_REQUEST_TARGET | NTLMSSP_NEGOTIATE_NTLM |
           NTLMSSP_NEGOTIATE_ALWAYS_SIGN | NTLMSSP_NEGOTIATE_TARGET_INFO |
           (c->domain_member ? NTLMSSP_TARGET_TYPE_DOMAIN : NTLMSSP_TARGET_TYPE_SERVER) |
           (requested & FLAGS_ON_REQUEST);
}

static bool build_challenge(struct ntlm_acceptor *a, uint64_t now)
{
    const struct auth_config *c = a->config;
    struct builder name, info, message;
    struct ntlmssp_challenge m = {.flags = a->offered};

    builder_init_grow(&name, CHALLENGE_MAX);
    builder_init_grow(&info, CHALLENGE_MAX);
    builder_init_grow(&message, CHALLENGE_MAX);
    put_text(&name, c->domain_member ? domain_name(c) : c->netbios_computer);
    put_target_info(&info, c, now);
    if (!builder_failed(&name) && !builder_failed(&info)) {
        memcpy(m.challenge, a->server_challenge, sizeof(m.challenge));
        m.target_name = (struct auth_blob){name.data, name.len};
        m.target_info = (struct auth_blob){info.data, info.len};
        ntlmssp_encode_challenge(&message, &m);
        a->challenge.data = builder_steal(&message, &a->challenge.len);
    }
    builder_free(&name);
    builder_free(&info);
    builder_free(&message);
    if (a->challenge.data == NULL ||
        !ntlmssp_decode_challenge(a->challenge.data, a->challenge.len, &m))
        return false;
    a->target_info = m.target_info;
    return true;
}

static enum auth_result on_negotiate(struct ntlm_acceptor *a, struct auth_blob in, uint64_t now,
                                     struct builder *out, struct auth_outcome *o)
{
    struct ntlmssp_negotiate m;
    if (in.len > NEGOTIATE_MAX || !ntlmssp_decode_negotiate(in.data, in.len, &m))
        return auth_fail(o, AUTH_STATUS_INVALID_PARAMETER, "malformed NTLM NEGOTIATE");
    if ((m.flags & NTLMSSP_NEGOTIATE_UNICODE) == 0)
        return auth_fail(o, AUTH_STATUS_NOT_SUPPORTED, "NTLM client without Unicode");
    a->offered = challenge_flags(a->config, m.flags);
    random_fill(&a->config->random, a->server_challenge, sizeof(a->server_challenge));
    a->negotiate.data = mem_dup(in.data, in.len);
    a->negotiate.len = in.len;
    if (a->negotiate.data == NULL || !build_challenge(a, now))
        return auth_fail(o, AUTH_STATUS_INSUFFICIENT_RESOURCES, "no memory for NTLM CHALLENGE");
    builder_bytes(out, a->challenge.data, a->challenge.len);
    a->state = WANT_AUTHENTICATE;
    return AUTH_CONTINUE;
}

static enum auth_result refuse(struct ntlm_attempt *t, const char *reason)
{
    return auth_fail(t->o, AUTH_STATUS_LOGON_FAILURE, reason);
}

static enum auth_result no_memory(struct ntlm_attempt *t)
{
    return auth_fail(t->o, AUTH_STATUS_INSUFFICIENT_RESOURCES, "out of memory");
}

/* Every name that we put into the challenge must come back unchanged: a response made for another
   server is of no use here, even when somebody gave that server our nonce. A client may reorder the
   pairs and add its own. The timestamp may be left out, but not differ. */
static bool names_us(const struct ntlm_attempt *t)
{
    struct cursor c;
    struct auth_blob ours, theirs;
    uint16_t id;
    cursor_init(&c, t->a->target_info.data, t->a->target_info.len);
    while (ntlmssp_av_next(&c, &id, &ours)) {
        if (ntlmssp_av_find(t->response.av_pairs, id, &theirs)) {
            if (!auth_blob_equal(ours, theirs))
                return false;
        } else if (id != MsvAvTimestamp) {
            return false;
        }
    }
    return true;
}

/* ([MS-NLMP] 3.2.5.1.2 MaxLifetime) */
static bool time_is_near(const struct ntlm_attempt *t)
{
    uint64_t max = t->a->config->max_lifetime, then = t->response.time;
    uint64_t apart = then > t->now ? then - t->now : t->now - then;
    return apart <= (max != 0 ? max : MAX_LIFETIME_DEFAULT);
}

static bool bindings_are_ours(const struct ntlm_attempt *t)
{
    static const uint8_t none[CRYPTO_NTLM_HASH_LEN];
    struct auth_blob v;
    if (t->a->config->ignore_channel_bindings ||
        !ntlmssp_av_find(t->response.av_pairs, MsvAvChannelBindings, &v))
        return true;
    return auth_blob_equal(v, (struct auth_blob){none, sizeof(none)});
}

/* What can be judged without knowing the user. */
static enum auth_result check_response(struct ntlm_attempt *t)
{
    if (t->auth.nt_response.len < CRYPTO_NTLMV2_RESPONSE_MIN)
        return refuse(t, "client uses NTLMv1 or LM, which are not accepted");
    if (!ntlmssp_decode_v2_response(t->auth.nt_response, &t->response))
        return auth_fail(t->o, AUTH_STATUS_INVALID_PARAMETER, "malformed NTLMv2 response");
    if (!names_us(t))
        return refuse(t, "NTLMv2 response was made for another server");
    if (!time_is_near(t))
        return refuse(t, "the clocks of client and server differ too much");
    if (!bindings_are_ours(t))
        return refuse(t, "NTLMv2 response is bound to another channel");
    return AUTH_OK;
}

static const char *to_utf8(struct ntlm_attempt *t, struct auth_blob text)
{
    size_t len;
    return utf16_to_utf8(&t->o->arena, text.data, text.len, &len);
}

/* Fills the identity's strings that come from the client. */
static enum auth_result read_names(struct ntlm_attempt *t)
{
    struct auth_identity *id = &t->o->identity;
    if (t->auth.user.len > CRYPTO_NTLM_USER_MAX || t->auth.domain.len > CRYPTO_NTLM_DOMAIN_MAX ||
        t->auth.workstation.len > CRYPTO_NTLM_DOMAIN_MAX)
        return refuse(t, "client sent a name that is too long");
    t->user = t->o->claimed_user = to_utf8(t, t->auth.user);
    t->domain = id->domain = to_utf8(t, t->auth.domain);
    id->workstation = to_utf8(t, t->auth.workstation);
    /* NULL also means a name with a NUL inside: no such account either. */
    if (t->user == NULL || t->domain == NULL || id->workstation == NULL)
        return refuse(t, "client sent a name that is not text, or memory is out");
    return AUTH_OK;
}

static bool lookup(struct ntlm_attempt *t, const char *user, const char *domain)
{
    const struct auth_credential_source *s = &t->a->config->credentials;
    memset(&t->credential, 0, sizeof(t->credential));
    if (s->lookup == NULL || !s->lookup(s->ctx, user, domain, &t->credential))
        return false;
    t->credential.name[AUTH_NAME_MAX] = '\0';
    return true;
}

/* The name as it stands, then as user@REALM or DOMAIN\user. The split serves only the search: the
   client has hashed the name as it stands. */
static bool find_user(struct ntlm_attempt *t)
{
    if (lookup(t, t->user, t->domain))
        return true;
    if (*t->domain != '\0')
        return false;
    const char *at = strrchr(t->user, '@'), *slash = strchr(t->user, '\\');
    const char *cut = at != NULL ? at : slash;
    if (cut == NULL)
        return false;
    char *left = arena_strndup(&t->o->arena, t->user, (size_t)(cut - t->user));
    if (left == NULL)
        return false;
    return at != NULL ? lookup(t, left, cut + 1) : lookup(t, cut + 1, left);
}

static bool prove(struct ntlm_attempt *t, struct auth_blob domain,
                  uint8_t key[CRYPTO_NTLM_HASH_LEN])
{
    uint8_t ntowfv2[CRYPTO_NTLM_HASH_LEN];
    bool ok = crypto_ntowfv2(t->credential.nt_hash, t->auth.user.data, t->auth.user.len,
                             domain.data, domain.len, ntowfv2) &&
              crypto_ntlmv2_check(ntowfv2, t->a->server_challenge, t->auth.nt_response.data,
                                  t->auth.nt_response.len, key);
    mem_wipe(ntowfv2, sizeof(ntowfv2));
    return ok;
}

/* With the client's domain, and with none: some clients hash without it ([MS-NLMP] 3.2.5.1.2
   "Retry using NIL"). Always both, for equal time. */
static bool prove_password(struct ntlm_attempt *t)
{
    uint8_t key[2][CRYPTO_NTLM_HASH_LEN];
    bool with = prove(t, t->auth.domain, key[0]);
    bool without = prove(t, (struct auth_blob){0}, key[1]);
    if (with || without)
        memcpy(t->base_key, key[with ? 0 : 1], sizeof(t->base_key));
    mem_wipe(key, sizeof(key));
    return with || without;
}

static enum auth_result become_guest(struct ntlm_attempt *t)
{
    const char *name = t->a->config->guest_account;
    struct auth_identity *id = &t->o->identity;
    id->is_guest = true;
    id->user = present(name) ? name : "Guest";
    id->user_id = "guest";
    return AUTH_OK;
}

static enum auth_result check_user(struct ntlm_attempt *t)
{
    bool known = find_user(t);
    if (!known)
        random_fill(&t->a->config->random, t->credential.nt_hash, sizeof(t->credential.nt_hash));
    bool proved = prove_password(t) && known && !t->credential.no_password;
    if (!known && t->a->config->allow_guest && *t->user != '\0')
        return become_guest(t);
    if (!proved)
        return refuse(t, "unknown user or wrong password");
    return auth_name_identity(t->o, t->credential.name) ? AUTH_OK : no_memory(t);
}

/* KeyExchangeKey is SessionBaseKey in NTLMv2. A client that negotiates key exchange without signing
   may send no key ([MS-NLMP] 3.1.5.1.2), though most do. */
static enum auth_result derive_keys(struct ntlm_attempt *t)
{
    struct ntlm_keys *k = &t->a->keys;
    const struct auth_blob sent = t->auth.session_key;
    k->flags = t->auth.flags & t->a->offered;
    bool exchange = (k->flags & NTLMSSP_NEGOTIATE_KEY_EXCH) != 0;
    bool secured = (k->flags & (NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL)) != 0;
    if (exchange && sent.len == sizeof(k->exported))
        crypto_rc4_once(t->base_key, sent.data, k->exported, sizeof(k->exported));
    else if (exchange && (secured || sent.len != 0))
        return auth_fail(t->o, AUTH_STATUS_INVALID_PARAMETER, "NTLM key exchange without a key");
    else
        memcpy(k->exported, t->base_key, sizeof(k->exported));
    return AUTH_OK;
}

static enum auth_result check_mic(struct ntlm_attempt *t)
{
    struct auth_blob flags;
    uint8_t mic[NTLMSSP_MIC_SIZE];
    const struct ntlm_acceptor *a = t->a;
    const size_t at = t->auth.mic_offset;
    if (!ntlmssp_av_find(t->response.av_pairs, MsvAvFlags, &flags) || flags.len != 4 ||
        (le32_load(flags.data) & MSV_AV_FLAG_MIC) == 0)
        return AUTH_OK;
    if (at == 0)
        return refuse(t, "NTLM MIC is announced but missing");
    if (!ntlm_keys_message_mic(&a->keys, a->negotiate, a->challenge, t->message, at, mic))
        return no_memory(t);
    if (!mem_equal_secret(mic, t->message.data + at, sizeof(mic)))
        return refuse(t, "NTLM MIC is wrong: somebody changed a message");
    t->o->identity.ntlm_mic = true;
    return AUTH_OK;
}

static enum auth_result check_enabled(struct ntlm_attempt *t)
{
    if (t->credential.disabled)
        return auth_fail(t->o, AUTH_STATUS_ACCOUNT_DISABLED, "the account is disabled");
    return AUTH_OK;
}

/* A guest's key comes from a password that we do not know: his MICs cannot be checked. */
static enum auth_result check_mic_unless_guest(struct ntlm_attempt *t)
{
    return t->o->identity.is_guest ? AUTH_OK : check_mic(t);
}

/* In this order; nothing after check_user runs before the password is proved. */
static enum auth_result (*const user_steps[])(struct ntlm_attempt *) = {
    check_response, read_names, check_user, derive_keys, check_mic_unless_guest, check_enabled,
};

static enum auth_result become_anonymous(struct ntlm_attempt *t)
{
    struct auth_identity *id = &t->o->identity;
    id->is_anonymous = true;
    id->user = "";
    id->user_id = "anonymous";
    return AUTH_OK;
}

static enum auth_result check_anonymous(struct ntlm_attempt *t)
{
    if (!t->a->config->allow_anonymous)
        return refuse(t, "anonymous logon is not allowed");
    return AUTH_OK;
}

static enum auth_result (*const anonymous_steps[])(struct ntlm_attempt *) = {
    check_anonymous,
    read_names,
    become_anonymous,
    derive_keys,
};

/* ([MS-NLMP] 3.2.5.1.2 NullSession) */
static bool is_anonymous(const struct ntlmssp_authenticate *m)
{
    return m->user.len == 0 && m->nt_response.len == 0 &&
           (m->lm_response.len == 0 || (m->lm_response.len == 1 && m->lm_response.data[0] == 0));
}

static enum auth_result run_steps(struct ntlm_attempt *t)
{
    bool anonymous = is_anonymous(&t->auth);
    size_t n = anonymous ? ARRAY_LEN(anonymous_steps) : ARRAY_LEN(user_steps);
    enum auth_result r = AUTH_OK;
    for (size_t i = 0; i < n && r == AUTH_OK; i++)
        r = anonymous ? anonymous_steps[i](t) : user_steps[i](t);
    return r;
}

static enum auth_result on_authenticate(struct ntlm_acceptor *a, struct auth_blob in, uint64_t now,
                                        struct auth_outcome *o)
{
    struct ntlm_attempt t = {.a = a, .o = o, .now = now, .message = in};
    a->state = FINISHED;
    if (!ntlmssp_decode_authenticate(in.data, in.len, &t.auth))
        return auth_fail(o, AUTH_STATUS_INVALID_PARAMETER, "malformed NTLM AUTHENTICATE");
    enum auth_result r = run_steps(&t);
    if (r == AUTH_OK) {
        memcpy(o->identity.session_key, a->keys.exported, sizeof(a->keys.exported));
        o->identity.session_key_len = sizeof(a->keys.exported);
        o->identity.ntlm_flags = a->keys.flags;
        a->keys.shared = !o->identity.is_guest;
    }
    mem_wipe(&t.credential, sizeof(t.credential));
    mem_wipe(t.base_key, sizeof(t.base_key));
    return r;
}

static enum auth_result ntlm_step(void *state, struct auth_blob in, uint64_t now,
                                  struct builder *out, struct auth_outcome *o)
{
    struct ntlm_acceptor *a = state;
    switch (a->state) {
    case WANT_NEGOTIATE: return on_negotiate(a, in, now, out, o);
    case WANT_AUTHENTICATE: return on_authenticate(a, in, now, o);
    case FINISHED: break;
    }
    return auth_fail(o, AUTH_STATUS_INVALID_PARAMETER, "NTLM message out of turn");
}

static bool ntlm_can_sign(const void *state)
{
    const struct ntlm_acceptor *a = state;
    return ntlm_keys_can_sign(&a->keys);
}

static bool ntlm_sign(const void *state, struct auth_blob text, struct builder *mic)
{
    const struct ntlm_acceptor *a = state;
    uint8_t *dst = builder_space(mic, CRYPTO_NTLM_MAC_LEN);
    return dst != NULL && ntlm_keys_sign(&a->keys, CRYPTO_NTLM_SERVER, text, dst);
}

static bool ntlm_verify(const void *state, struct auth_blob text, struct auth_blob mic)
{
    const struct ntlm_acceptor *a = state;
    return ntlm_keys_verify(&a->keys, CRYPTO_NTLM_CLIENT, text, mic);
}

const struct auth_mech auth_mech_ntlm = {
    .name = "NTLM",
    .oid = &spnego_oid_ntlmssp,
    .available = ntlm_available,
    .begins = ntlm_begins,
    .create = ntlm_create,
    .destroy = ntlm_destroy,
    .step = ntlm_step,
    .can_sign = ntlm_can_sign,
    .sign = ntlm_sign,
    .verify = ntlm_verify,
};
