// SPDX-License-Identifier: Apache-2.0
/* What the interfaces of the pipes ask the server (rpc/directory.h), answered by the core. */
#include "acl/acl.h"
#include "core/pipe.h"
#include "core/share.h"
#include "core/state.h"
#include <string.h>

#define PATH_PREFIX "C:\\" /* clients want a path; ours is nobody's business */

static void identity(void *ctx, struct rpc_identity *out)
{
    const struct core *c = ctx;
    const struct auth_config *a = c->config.auth;
    bool has_domain = a->netbios_domain != NULL && a->netbios_domain[0] != '\0';
    out->netbios = a->netbios_computer;
    out->workgroup = has_domain ? a->netbios_domain : "WORKGROUP";
    out->comment = "";
    out->machine = acl_machine_sid(a->netbios_computer);
}

/* In the list of shares: not those that are hidden, and not those that the caller could not connect
   to, as with access-based enumeration. */
static bool visible(const struct core_share *s, const struct rpc_caller *who)
{
    if (s->is_ipc)
        return true;
    return !s->hidden && (s->guest_ok || !(who->guest || who->anonymous));
}

static bool describe_share(const struct core_share *s, struct arena *a, struct rpc_share *out)
{
    size_t len = strlen(s->name);
    char *path = arena_alloc(a, sizeof PATH_PREFIX + len);
    out->name = arena_strndup(a, s->name, len);
    out->comment = arena_strndup(a, s->comment, strlen(s->comment));
    if (path == NULL || out->name == NULL || out->comment == NULL)
        return false;
    memcpy(path, PATH_PREFIX, sizeof PATH_PREFIX);
    memcpy(path + sizeof PATH_PREFIX - 1, s->name, len);
    out->path = s->is_ipc ? "" : path;
    out->password = "";
    out->server = "*";
    out->type = s->is_ipc ? STYPE_IPC | STYPE_SPECIAL : STYPE_DISKTREE;
    out->max_uses = UINT32_MAX;
    out->current_uses = s->connections;
    return true;
}

static bool shares(void *ctx, const struct rpc_caller *who, struct arena *a, struct rpc_shares *out)
{
    const struct core *c = ctx;
    uint32_t n = 0;
    LIST_FOREACH (it, &c->shares)
        n++;
    out->count = 0;
    out->v = arena_array(a, MAX(n, 1), sizeof *out->v);
    if (out->v == NULL)
        return false;
    LIST_FOREACH (it, &c->shares) {
        const struct core_share *s = LIST_ENTRY(it, struct core_share, link);
        if (!visible(s, who))
            continue;
        if (!describe_share(s, a, &out->v[out->count++]))
            return false;
    }
    return true;
}

void pipe_service_init(struct core *c)
{
    c->pipes = (struct rpc_service){
        .directory = {.ctx = c, .identity = identity, .shares = shares},
        .auth = c->config.auth,
    };
}
