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
        if (s->encrypt && ch->seal_out != NULL)
            i->cipher = cipher_text(crypto_sealer_cipher(ch->seal_out));
        if (ch->signer != NULL)
            i->signing = signing_text(crypto_signer_alg(ch->signer));
    }
}

void core_each_session(const struct core *c,
                       void (*fn)(void *ctx, const struct smbkit_session_info *info), void *ctx)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    for (struct htab_node *n = htab_walk(&c->sessions, NULL); n != NULL;
         n = htab_walk(&c->sessions, n)) {
        struct smbkit_session_info info;
        describe_session(CONTAINER_OF(n, struct core_session, by_id), &info);
        fn(ctx, &info);
    }
}

static void each_open_of(const struct core_session *s,
                         void (*fn)(void *ctx, const struct smbkit_open_info *info), void *ctx)
{
    for (struct htab_node *n = htab_walk(&s->opens, NULL); n != NULL; n = htab_walk(&s->opens, n)) {
        const struct core_open *o = CONTAINER_OF(n, struct core_open, by_id);
        const struct smbkit_open_info info = {
            .session = s->id,
            .user = or_empty(s->user),
            .share = o->tree->share->name,
            .path = or_empty(o->path),
            .stream = o->stream,
            .access = o->access,
            .directory = o->is_directory,
            .delete_on_close = o->delete_on_close,
        };
        fn(ctx, &info);
    }
}

void core_each_open(const struct core *c,
                    void (*fn)(void *ctx, const struct smbkit_open_info *info), void *ctx)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    for (struct htab_node *n = htab_walk(&c->sessions, NULL); n != NULL;
         n = htab_walk(&c->sessions, n))
        each_open_of(CONTAINER_OF(n, struct core_session, by_id), fn, ctx);
}

void core_each_share(const struct core *c,
                     void (*fn)(void *ctx, const struct smbkit_share_info *info), void *ctx)
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
            .counts = s->volume != NULL ? vfs_volume_counts(s->volume) : NULL,
        };
        fn(ctx, &info);
    }
}
