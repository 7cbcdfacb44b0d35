// SPDX-License-Identifier: Apache-2.0
/* What an administrator wants to know of sessions, open files and shares. Reads only. */
#include "core/conn.h"
#include "core/core.h"
#include "core/open.h"
#include "core/session.h"
#include "core/share.h"
#include "core/state.h"
#include "core/tree.h"

uint64_t core_start_filetime(const struct core *c)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    return c->start_filetime;
}

static const char *dialect_text(uint16_t dialect)
{
    switch (dialect) {
    case SMB2_DIALECT_202: return "2.0.2";
    case SMB2_DIALECT_210: return "2.1";
    case SMB2_DIALECT_300: return "3.0";
    case SMB2_DIALECT_302: return "3.0.2";
    case SMB2_DIALECT_311: return "3.1.1";
    default: return "";
    }
}

static const char *cipher_text(enum crypto_cipher cipher)
{
    switch (cipher) {
    case CRYPTO_CIPHER_AES_128_CCM: return "AES-128-CCM";
    case CRYPTO_CIPHER_AES_128_GCM: return "AES-128-GCM";
    case CRYPTO_CIPHER_AES_256_CCM: return "AES-256-CCM";
    case CRYPTO_CIPHER_AES_256_GCM: return "AES-256-GCM";
    case CRYPTO_CIPHER_NONE: break;
    }
    return "";
}

static const char *signing_text(enum crypto_sign_alg alg)
{
    switch (alg) {
    case CRYPTO_SIGN_HMAC_SHA256: return "HMAC-SHA256";
    case CRYPTO_SIGN_AES_CMAC: return "AES-CMAC";
    case CRYPTO_SIGN_AES_GMAC: return "AES-GMAC";
    }
    return "";
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static size_t count_list(const struct list *head)
{
    size_t n = 0;
    LIST_FOREACH (it, head)
        n++;
    return n;
}

static void describe_session(const struct core_session *s, struct smbkit_session_info *i)
{
    *i = (struct smbkit_session_info){
        .id = s->id,
        .user = or_empty(s->user),
        .domain = or_empty(s->domain),
        .address = "",
        .dialect = "",
        .cipher = "",
        .signing = "",
        .guest = s->is_guest,
        .anonymous = s->is_anonymous,
        .trees = s->tree_count,
        .opens = s->open_count,
    };
    LIST_FOREACH (it, &s->channels) {
        const struct core_channel *ch = LIST_ENTRY(it, struct core_channel, in_session);
        if (i->connections++ > 0 || ch->conn == NULL)
            continue;
        i->address = ch->conn->peer.text;
        i->dialect = dialect_text(ch->conn->dialect);
        if ((s->encrypt || ch->sealed) && ch->seal_out != NULL)
            i->cipher = cipher_text(crypto_sealer_cipher(ch->seal_out));
        if (ch->signer != NULL)
            i->signing = signing_text(crypto_signer_alg(ch->signer));
    }
}

void core_each_conn(const struct core *c,
                    bool (*fn)(void *ctx, const struct smbkit_connection_info *info), void *ctx)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    LIST_FOREACH (it, &c->conns) {
        const struct core_conn *conn = LIST_ENTRY(it, struct core_conn, link);
        bool ready = conn->state == CONN_NEGOTIATED;
        const struct smbkit_connection_info info = {
            .address = conn->peer.text,
            .dialect = dialect_text(conn->dialect),
            .cipher = cipher_text(conn->cipher),
            .signing = ready ? signing_text(conn->signing) : "",
            .sessions = conn->channel_count,
            .requests = count_list(&conn->batches),
            .credits = conn->credits.available,
            .waiting = conn->async_count,
            .buffered = conn->buffered,
        };
        if (!fn(ctx, &info))
            return;
    }
}

void core_each_session(const struct core *c,
                       bool (*fn)(void *ctx, const struct smbkit_session_info *info), void *ctx)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    for (struct htab_node *n = htab_walk(&c->sessions, NULL); n != NULL;
         n = htab_walk(&c->sessions, n)) {
        struct smbkit_session_info info;
        describe_session(CONTAINER_OF(n, struct core_session, by_id), &info);
        if (!fn(ctx, &info))
            return;
    }
}

/* ---------------------------------------------------------------- opens and what they hold */

/* Calls fn for each open of a table until it says false. */
static bool each_open_in(const struct htab *table, bool (*fn)(void *ctx, const struct core_open *o),
                         void *ctx)
{
    for (struct htab_node *n = htab_walk(table, NULL); n != NULL; n = htab_walk(table, n))
        if (!fn(ctx, CONTAINER_OF(n, struct core_open, by_id)))
            return false;
    return true;
}

static void each_open(const struct core *c, bool (*fn)(void *ctx, const struct core_open *o),
                      void *ctx)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    for (struct htab_node *n = htab_walk(&c->sessions, NULL); n != NULL;
         n = htab_walk(&c->sessions, n))
        if (!each_open_in(&CONTAINER_OF(n, struct core_session, by_id)->opens, fn, ctx))
            return;
    (void)each_open_in(&c->kept, fn, ctx);
}

static const char *caching_text(uint32_t state)
{
    static const char *const texts[] = {"", "R", "H", "RH", "W", "RW", "WH", "RWH"};
    return texts[state & LEASE_RWH];
}

static const char *share_of(const struct core_open *o)
{
    return o->volume != NULL ? vfs_volume_share_name(o->volume) : o->tree->share->name;
}

static const char *user_of(const struct core_open *o)
{
    return or_empty(o->session != NULL ? o->session->user : o->durable.owner);
}

/* What the public functions were given, by one name. */
struct visitor {
    bool (*open)(void *ctx, const struct smbkit_open_info *info);
    bool (*lock)(void *ctx, const struct smbkit_lock_info *info);
    void *ctx;
};

static bool visit_open(void *ctx, const struct core_open *o)
{
    const struct visitor *v = ctx;
    const struct lease_grant *g = o->lease.grant;
    const struct smbkit_open_info info = {
        .session = o->session != NULL ? o->session->id : 0,
        .user = user_of(o),
        .share = share_of(o),
        .path = or_empty(o->path),
        .stream = o->stream,
        .access = o->access,
        .directory = o->is_directory,
        .delete_on_close = o->delete_on_close,
        .id = o->persistent_id,
        .locks = o->lease.lock_count,
        .caching = caching_text(g != NULL ? g->state : 0),
        .lease = g != NULL && g->is_lease,
    };
    return v->open(v->ctx, &info);
}

void core_each_open(const struct core *c,
                    bool (*fn)(void *ctx, const struct smbkit_open_info *info), void *ctx)
{
    struct visitor v = {.open = fn, .ctx = ctx};
    each_open(c, visit_open, &v);
}

static bool visit_locks(void *ctx, const struct core_open *o)
{
    const struct visitor *v = ctx;
    LIST_FOREACH (it, &o->lease.locks) {
        const struct lease_lock *l = LIST_ENTRY(it, struct lease_lock, in_open);
        const struct smbkit_lock_info info = {
            .open = o->persistent_id,
            .share = share_of(o),
            .path = or_empty(o->path),
            .offset = l->first,
            .length = l->last - l->first + 1,
            .exclusive = l->exclusive,
        };
        if (!v->lock(v->ctx, &info))
            return false;
    }
    return true;
}

void core_each_lock(const struct core *c,
                    bool (*fn)(void *ctx, const struct smbkit_lock_info *info), void *ctx)
{
    struct visitor v = {.lock = fn, .ctx = ctx};
    each_open(c, visit_locks, &v);
}

void core_each_lease(const struct core *c,
                     bool (*fn)(void *ctx, const struct smbkit_lease_info *info), void *ctx)
{
    const struct htab *table = &c->leases.leases;
    MAGIC_CHECK(c, CORE_MAGIC);
    for (struct htab_node *n = htab_walk(table, NULL); n != NULL; n = htab_walk(table, n)) {
        const struct lease_grant *g = CONTAINER_OF(n, struct lease_grant, in_table);
        char client[GUID_TEXT_SIZE], key[GUID_TEXT_SIZE];
        const struct core_open *o = NULL;
        if (!list_empty(&g->opens))
            o = CONTAINER_OF(LIST_ENTRY(g->opens.next, struct lease_open, in_grant),
                             struct core_open, lease);
        guid_format(&g->client, client);
        guid_format(&g->key, key);
        const struct smbkit_lease_info info = {
            .share = o != NULL ? share_of(o) : "",
            .path = o != NULL ? or_empty(o->path) : "",
            .client = client,
            .key = key,
            .state = caching_text(g->state),
            .breaking = g->breaking,
            .version = g->version,
            .epoch = g->epoch,
            .opens = count_list(&g->opens),
        };
        if (!fn(ctx, &info))
            return;
    }
}

/* ---------------------------------------------------------------- shares */

void core_each_share(const struct core *c,
                     bool (*fn)(void *ctx, const struct smbkit_share_info *info), void *ctx)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    LIST_FOREACH (it, &c->shares) {
        const struct core_share *s = LIST_ENTRY(it, struct core_share, link);
        const struct smbkit_share_info info = {
            .name = s->name,
            .comment = or_empty(s->comment),
            .plugin = s->volume != NULL ? vfs_volume_plugin_name(s->volume) : "",
            .connections = s->connections,
            .encrypt = s->encrypt,
            .hidden = s->hidden,
            .readonly = s->read_only,
            .timemachine = s->time_machine,
            .counts = s->volume != NULL ? vfs_volume_counts(s->volume) : NULL,
        };
        if (!fn(ctx, &info))
            return;
    }
}
