// SPDX-License-Identifier: Apache-2.0
/*
 * Shares as the pipes see them: who sees which, and what administrators make of them while we run
 * (rpc/directory.h). Nothing is kept for the next start: the configuration says what there is then.
 */
#include "acl/acl.h"
#include "base/mem.h"
#include "base/utf.h"
#include "core/core.h"
#include "core/dfs.h"
#include "core/orders.h"
#include "core/pipe.h"
#include "core/session.h"
#include "core/share.h"
#include "core/state.h"
#include <string.h>

#define MADE_MAX 1024u /* shares that administrators have made: each costs a volume */

/* ---------------------------------------------------------------- who sees which */

struct acl_token pipe_token(const struct core *c, const struct rpc_caller *who)
{
    const struct wire_sid machine = acl_machine_sid(c->config.auth->netbios_computer);
    struct acl_token t;
    acl_token_make(&t, &machine,
                   who->anonymous ? ACL_ANONYMOUS
                   : who->guest   ? ACL_GUEST
                                  : ACL_USER,
                   who->user);
    t.has_security_privilege = who->admin; /* as a session's */
    return t;
}

/* Administrators see all, to manage them. */
static bool visible(const struct core_share *s, const struct rpc_caller *who,
                    const struct acl_token *t)
{
    const bool stranger = who->guest || who->anonymous;
    if (s->is_ipc || who->admin)
        return true;
    if (s->hidden || (stranger && !s->guest_ok))
        return false;
    return !s->hide_unreachable || share_lets_in(s, t, stranger);
}

static const char *path_of(const struct core_share *s, struct arena *a)
{
    const char *rest = s->path != NULL ? s->path : s->name;
    size_t len = strlen(rest);
    char *path = arena_alloc(a, sizeof PIPE_PATH_PREFIX + len);
    if (path == NULL)
        return NULL;
    memcpy(path, PIPE_PATH_PREFIX, sizeof PIPE_PATH_PREFIX);
    for (size_t i = 0; i <= len; i++)
        path[sizeof PIPE_PATH_PREFIX - 1 + i] = rest[i] == '/' ? '\\' : rest[i];
    return path;
}

static bool describe_share(const struct core_share *s, struct arena *a, struct rpc_share *out)
{
    size_t sd_len;
    const uint8_t *sd = share_guard_bytes(s->guard, &sd_len);
    out->name = arena_strndup(a, s->name, strlen(s->name));
    out->comment = arena_strndup(a, s->comment, strlen(s->comment));
    out->path = s->is_ipc ? "" : path_of(s, a);
    out->sd = sd != NULL ? arena_dup(a, sd, sd_len) : NULL;
    if (out->path == NULL || out->name == NULL || out->comment == NULL ||
        (sd != NULL && out->sd == NULL))
        return false;
    out->sd_len = (uint32_t)sd_len;
    out->password = "";
    out->server = "*";
    out->type = s->is_ipc ? STYPE_IPC | STYPE_SPECIAL : STYPE_DISKTREE;
    if (s->path != NULL)
        out->type |= STYPE_TEMPORARY;
    out->flags = s->caching | (s->access_based ? SHI1005_FLAGS_ACCESS_BASED_DIRECTORY_ENUM : 0);
    out->flags |= dfs_is_root(s) ? SHI1005_FLAGS_DFS | SHI1005_FLAGS_DFS_ROOT : 0;
    out->max_uses = s->max_uses;
    out->current_uses = s->connections;
    return true;
}

static bool shares(void *ctx, const struct rpc_caller *who, struct arena *a, struct rpc_shares *out)
{
    const struct core *c = ctx;
    const struct acl_token t = pipe_token(c, who);
    uint32_t n = 0;
    LIST_FOREACH (it, &c->shares)
        n++;
    out->count = 0;
    out->v = arena_array(a, MAX(n, 1), sizeof *out->v);
    if (out->v == NULL)
        return false;
    LIST_FOREACH (it, &c->shares) {
        const struct core_share *s = LIST_ENTRY(it, struct core_share, link);
        if (!visible(s, who, &t))
            continue;
        if (!describe_share(s, a, &out->v[out->count++]))
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- orders */

/* A reference, or NULL and why not. The server's own share is nobody's to change. */
static struct core_share *find(struct core *c, const char *name, smbkit_status *st)
{
    struct core_share *s = share_find(c, name, strlen(name));
    *st = s == NULL ? SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND : SMBKIT_STATUS_SUCCESS;
    if (s != NULL && s->is_ipc) {
        *st = SMBKIT_STATUS_ACCESS_DENIED;
        share_unref(s);
        return NULL;
    }
    return s;
}

/* All of it, or nothing. */
static smbkit_status apply(struct core_share *s, const struct rpc_share *to, unsigned what)
{
    struct core_share_guard *guard = NULL;
    char *comment = mem_strdup(to->comment != NULL ? to->comment : "");
    smbkit_status st = comment != NULL ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_NO_MEMORY;
    if (st == SMBKIT_STATUS_SUCCESS && (what & RPC_SHARE_SD))
        st = share_guard_new(to->sd, to->sd != NULL ? to->sd_len : 0, &guard);
    if (st != SMBKIT_STATUS_SUCCESS || !(what & RPC_SHARE_COMMENT)) {
        mem_free(comment);
    } else {
        mem_free(s->comment);
        s->comment = comment;
    }
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    if (what & RPC_SHARE_SD) {
        share_guard_free(s->guard);
        s->guard = guard;
    }
    if (what & RPC_SHARE_MAX_USES)
        s->max_uses = to->max_uses;
    if (what & RPC_SHARE_FLAGS) {
        s->access_based = (to->flags & SHI1005_FLAGS_ACCESS_BASED_DIRECTORY_ENUM) != 0;
        s->caching = to->flags & SHI1005_FLAGS_CACHING;
    }
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status share_set(void *ctx, const char *name, const struct rpc_share *to,
                               unsigned what)
{
    smbkit_status st;
    struct core_share *s = find(ctx, name, &st);
    if (s == NULL)
        return st;
    st = apply(s, to, what);
    share_unref(s);
    return st;
}

static smbkit_status share_del(void *ctx, const char *name)
{
    smbkit_status st;
    struct core_share *s = find(ctx, name, &st);
    if (s == NULL)
        return st;
    orders_share(s);
    share_unref(s);
    return SMBKIT_STATUS_SUCCESS;
}

static bool too_many(const struct core *c)
{
    unsigned made = 0;
    LIST_FOREACH (it, &c->shares)
        made += LIST_ENTRY(it, struct core_share, link)->path != NULL;
    return made >= MADE_MAX;
}

/* What core_share_set does not know of a share that it has just made. */
static smbkit_status finish(struct core *c, const struct rpc_share *share, const char *path)
{
    struct core_share *s = share_find(c, share->name, strlen(share->name));
    ASSERT(s != NULL);
    s->path = mem_strdup(path);
    smbkit_status st = s->path != NULL ? apply(s, share, RPC_SHARE_MAX_USES | RPC_SHARE_SD)
                                       : SMBKIT_STATUS_NO_MEMORY;
    if (st != SMBKIT_STATUS_SUCCESS)
        orders_share(s);
    share_unref(s);
    return st;
}

static smbkit_status share_add(void *ctx, const struct rpc_share *share, const char *path)
{
    struct core *c = ctx;
    struct vfs_volume *volume;
    const struct core_share_config cfg = {.name = share->name, .comment = share->comment};
    struct core_share *there = share_find(c, share->name, strlen(share->name));
    if (there != NULL) {
        share_unref(there);
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    }
    if (c->config.make_volume == NULL)
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    if (too_many(c))
        return SMBKIT_STATUS_QUOTA_EXCEEDED;
    smbkit_status st = c->config.make_volume(c->config.make_volume_ctx, share->name, path, &volume);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    st = core_share_set(c, &cfg, volume);
    vfs_volume_unref(volume);
    return st == SMBKIT_STATUS_SUCCESS ? finish(c, share, path) : st;
}

void pipe_shares_init(struct rpc_directory *d)
{
    d->shares = shares;
    d->share_add = share_add;
    d->share_set = share_set;
    d->share_del = share_del;
}
