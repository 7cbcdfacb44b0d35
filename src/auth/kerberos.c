// SPDX-License-Identifier: Apache-2.0
/*
 * Kerberos as a mechanism: carries the tokens between the client and whoever talks to the library
 * (kerberos.h), and says which account a principal is.
 *
 *     IDLE --token--> ASKED (AUTH_PENDING) --answer--> IDLE (AUTH_CONTINUE) | FINISHED
 *
 * A principal is an account when it has one component, its realm is the one that we serve, and
 * there is such a user, or the administrator lets users of the realm in without. The realm counts
 * because trust between realms lets users of others have tickets for us, whose names mean nothing
 * here.
 */
#include "auth/der.h"
#include "auth/mech.h"
#include "auth/spnego.h"
#include "base/mem.h"
#include "base/timerq.h"
#include "base/utf.h"
#include <string.h>

/* AP-REQ, once more when the client's clock was wrong, and the third message that DCE knows: what
   it stops is a client that never ends. */
#define LEGS_MAX 4

#define TAG_GSS_FRAME DER_APPLICATION(0)

enum kerberos_state {
    IDLE,
    ASKED,
    FINISHED,
};

struct kerberos_acceptor {
    const struct auth_config *config;
    const struct auth_waiter *waiter;
    void *exchange;
    enum kerberos_state state;
    unsigned legs;
    bool retried;
    bool shared; /* there is a key to sign with */
};

static bool kerberos_available(const struct auth_config *config)
{
    return config->kerberos != NULL;
}

/* The frame of RFC 2743 3.1, as RFC 4121 4.1 fills it. */
static bool kerberos_begins(struct auth_blob token)
{
    struct cursor c, frame;
    struct auth_blob oid;
    uint8_t tag;
    cursor_init(&c, token.data, token.len);
    if (!der_expect(&c, TAG_GSS_FRAME, &frame) || !der_next(&frame, &tag, &c) || tag != DER_OID)
        return false;
    oid.len = cursor_left(&c);
    oid.data = cursor_take(&c, oid.len);
    return auth_blob_equal(oid, spnego_oid_krb5) || auth_blob_equal(oid, spnego_oid_ms_krb5);
}

static void *kerberos_create(const struct auth_config *config, const struct auth_waiter *waiter)
{
    struct kerberos_acceptor *a = mem_zalloc(sizeof(*a));
    if (a == NULL)
        return NULL;
    a->config = config;
    a->waiter = waiter;
    a->exchange = config->kerberos->create(config->kerberos->ctx);
    if (a->exchange != NULL)
        return a;
    mem_free(a);
    return NULL;
}

static void kerberos_destroy(void *state)
{
    struct kerberos_acceptor *a = state;
    if (a == NULL)
        return;
    a->config->kerberos->destroy(a->exchange);
    mem_free(a);
}

static enum auth_result no_memory(struct auth_outcome *o)
{
    return auth_fail(o, AUTH_STATUS_INSUFFICIENT_RESOURCES, "out of memory");
}

static enum auth_result refuse(struct auth_outcome *o, const char *reason)
{
    return auth_fail(o, AUTH_STATUS_LOGON_FAILURE, reason);
}

/* --- who that is --- */

/* A principal is "name@REALM": both in the arena. False when it is another kind of name: one with
   components ("host/server") or with a character that no account's name has. */
static bool split_principal(struct auth_outcome *o, const char *principal, const char **name,
                            const char **realm)
{
    const char *at = strrchr(principal, '@');
    size_t len = at != NULL ? (size_t)(at - principal) : 0;
    if (len == 0 || len > AUTH_NAME_MAX || at[1] == '\0')
        return false;
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)principal[i] < ' ' || strchr("/\\@:+\x7f", principal[i]) != NULL)
            return false;
    *name = arena_strndup(&o->arena, principal, len);
    *realm = arena_strndup(&o->arena, at + 1, strlen(at + 1));
    return *name != NULL && *realm != NULL;
}

static bool realm_is_ours(const struct auth_config *c, const char *realm, const char *service)
{
    const char *at = strrchr(service, '@');
    if (c->kerberos_realm != NULL && c->kerberos_realm[0] != '\0')
        return strcmp(realm, c->kerberos_realm) == 0;
    return at != NULL && strcmp(realm, at + 1) == 0;
}

/* May he log on without being among the credentials? The account has the list's spelling. */
static const char *listed(const struct auth_config *c, const char *name, struct auth_outcome *o)
{
    const char *list = c->kerberos_users != NULL ? c->kerberos_users : "";
    if (strcmp(list, "*") == 0)
        return name;
    size_t len = 0;
    const char *found = utf8_list_find(list, '+', name, &len);
    return found != NULL ? arena_strndup(&o->arena, found, len) : NULL;
}

static enum auth_result become_user(const struct auth_config *c, const char *name,
                                    struct auth_outcome *o)
{
    struct auth_credential known = {0};
    const struct auth_credential_source *s = &c->credentials;
    const char *account = NULL;
    if (s->lookup != NULL && s->lookup(s->ctx, name, o->identity.domain, &known)) {
        known.name[AUTH_NAME_MAX] = '\0';
        account = arena_strndup(&o->arena, known.name, strlen(known.name));
    } else {
        account = listed(c, name, o);
        if (account == NULL)
            return refuse(o, "the Kerberos principal has no account here");
    }
    bool disabled = known.disabled;
    mem_wipe(&known, sizeof(known));
    if (disabled)
        return auth_fail(o, AUTH_STATUS_ACCOUNT_DISABLED, "the account is disabled");
    return account != NULL && auth_name_identity(o, account) ? AUTH_OK : no_memory(o);
}

static enum auth_result identify(struct kerberos_acceptor *a, const struct kerberos_answer *k,
                                 struct auth_outcome *o)
{
    struct auth_identity *id = &o->identity;
    const char *name, *realm;
    if (!split_principal(o, k->client, &name, &realm))
        return refuse(o, "the Kerberos principal is not that of a user");
    o->claimed_user = name;
    id->domain = realm;
    id->workstation = "";
    if (!realm_is_ours(a->config, realm, k->service))
        return refuse(o, "the Kerberos principal is of another realm");
    if (k->key_len == 0 || k->key_len > sizeof(id->session_key))
        return refuse(o, "the Kerberos library gives no session key");
    enum auth_result r = become_user(a->config, name, o);
    if (r != AUTH_OK)
        return r;
    memcpy(id->session_key, k->key, k->key_len);
    id->session_key_len = k->key_len;
    id->lifetime = MAX(k->lifetime, 1) * NS_PER_S;
    a->shared = true;
    return AUTH_OK;
}

/* --- steps --- */

/* The library's words: nothing in them may look like another line of the log. */
static const char *clean_reason(struct auth_outcome *o, const char *text)
{
    const char *s = auth_concat(o, "Kerberos: ", text);
    if (s == NULL)
        return "Kerberos: refused by the library";
    char *copy = arena_strndup(&o->arena, s, strlen(s));
    for (char *p = copy; p != NULL && *p != '\0'; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    return copy != NULL ? copy : "Kerberos: refused by the library";
}

static enum auth_result take_answer(struct kerberos_acceptor *a, struct builder *out,
                                    struct auth_outcome *o)
{
    const struct kerberos_answer *k = a->config->kerberos->answer(a->exchange);
    a->state = IDLE;
    if (k == NULL)
        return no_memory(o);
    bool retry = k->result == KERBEROS_RETRY && !a->retried;
    if (k->result == KERBEROS_DONE || k->result == KERBEROS_CONTINUE || retry)
        builder_bytes(out, k->token, k->token_len);
    a->retried = a->retried || retry;
    if (k->result == KERBEROS_CONTINUE || retry)
        return AUTH_CONTINUE;
    a->state = FINISHED;
    return k->result == KERBEROS_DONE ? identify(a, k, o) : refuse(o, clean_reason(o, k->reason));
}

static enum auth_result kerberos_step(void *state, struct auth_blob in, uint64_t now,
                                      struct builder *out, struct auth_outcome *o)
{
    struct kerberos_acceptor *a = state;
    if (a->state == ASKED)
        return take_answer(a, out, o);
    if (a->state == FINISHED || a->legs++ == LEGS_MAX)
        return auth_fail(o, AUTH_STATUS_INVALID_PARAMETER, "Kerberos message out of turn");
    if (!a->config->kerberos->accept(a->exchange, in.data, in.len, a->waiter->ready,
                                     a->waiter->arg))
        return auth_fail(o, AUTH_STATUS_INSUFFICIENT_RESOURCES,
                         "out of memory, or too many wait for the Kerberos library");
    a->state = ASKED;
    return AUTH_PENDING;
}

static bool kerberos_can_sign(const void *state)
{
    return ((const struct kerberos_acceptor *)state)->shared;
}

static bool kerberos_sign(const void *state, struct auth_blob text, struct builder *mic)
{
    const struct kerberos_acceptor *a = state;
    uint8_t bytes[KERBEROS_MIC_MAX];
    size_t len = a->config->kerberos->sign(a->exchange, text.data, text.len, bytes);
    builder_bytes(mic, bytes, len);
    return len > 0;
}

static bool kerberos_verify(const void *state, struct auth_blob text, struct auth_blob mic)
{
    const struct kerberos_acceptor *a = state;
    return a->config->kerberos->verify(a->exchange, text.data, text.len, mic.data, mic.len);
}

/* Only the second one is known by its tokens alone: there is one library behind both. */
static bool never_begins(struct auth_blob token)
{
    return false;
}

#define KERBEROS_FUNCTIONS                                                                         \
    .name = "Kerberos", .waits = true, .available = kerberos_available, .create = kerberos_create, \
    .destroy = kerberos_destroy, .step = kerberos_step, .can_sign = kerberos_can_sign,             \
    .sign = kerberos_sign, .verify = kerberos_verify

const struct auth_mech auth_mech_ms_kerberos = {
    .oid = &spnego_oid_ms_krb5, .begins = never_begins, KERBEROS_FUNCTIONS};
const struct auth_mech auth_mech_kerberos = {
    .oid = &spnego_oid_krb5, .begins = kerberos_begins, KERBEROS_FUNCTIONS};
