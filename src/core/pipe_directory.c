// SPDX-License-Identifier: Apache-2.0
/* What the interfaces of the pipes ask the server (rpc/directory.h), answered by the core. */
#include "acl/acl.h"
#include "base/ntime.h"
#include "base/utf.h"
#include "core/conn.h"
#include "core/open.h"
#include "core/pipe.h"
#include "core/session.h"
#include "core/share.h"
#include "core/state.h"
#include "core/tree.h"
#include <string.h>

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

bool pipe_is_admin(const struct core *c, const char *user)
{
    size_t len;
    const char *admins = c->config.admins;
    return admins != NULL && utf8_list_find(admins, '+', user, &len) != NULL;
}

static bool is_admin(void *ctx, const char *user)
{
    return pipe_is_admin(ctx, user);
}

/* ---------------------------------------------------------------- who is here */

/* The address without its port and brackets. */
static const char *client_of(const struct core_session *s, struct arena *a)
{
    const char *text = "";
    LIST_FOREACH (it, &s->channels) {
        const struct core_channel *ch = LIST_ENTRY(it, struct core_channel, in_session);
        if (ch->conn != NULL)
            text = ch->conn->peer.text;
    }
    const char *end = strrchr(text, ':');
    size_t len = end != NULL ? (size_t)(end - text) : strlen(text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    return arena_strndup(a, text, len);
}

static const char *copy(struct arena *a, const char *text)
{
    return text != NULL ? arena_strndup(a, text, strlen(text)) : "";
}

static uint32_t seconds_since(const struct core *c, uint64_t filetime)
{
    return c->filetime > filetime ? (uint32_t)((c->filetime - filetime) / NTIME_PER_S) : 0;
}

static bool describe_session(const struct core_session *s, struct arena *a, struct rpc_session *out)
{
    *out = (struct rpc_session){
        .id = s->id,
        .client = client_of(s, a),
        .user = copy(a, s->user),
        .client_type = "",
        .transport = "\\Device\\NetbiosSmb",
        .opens = (uint32_t)s->open_count,
        .seconds = seconds_since(s->core, s->since),
        .flags = s->is_guest ? SESS_GUEST : 0,
    };
    return out->client != NULL && out->user != NULL;
}

static struct core_session *next_session(const struct core *c, struct htab_node **n)
{
    *n = htab_walk(&c->sessions, *n);
    return *n != NULL ? CONTAINER_OF(*n, struct core_session, by_id) : NULL;
}

static bool sessions(void *ctx, struct arena *a, struct rpc_sessions *out)
{
    const struct core *c = ctx;
    struct core_session *s;
    struct htab_node *n = NULL;
    out->count = 0;
    out->v = arena_array(a, c->sessions.count + 1, sizeof *out->v);
    if (out->v == NULL)
        return false;
    while ((s = next_session(c, &n)) != NULL)
        if (s->user_id != NULL && !describe_session(s, a, &out->v[out->count++]))
            return false;
    return true;
}

/* Ids are 32 bits there: ours count up, so that the lower half tells open files apart. */
static bool describe_file(const struct core_open *o, struct arena *a, struct rpc_file *out)
{
    const bool pipe = o->pipe != NULL;
    const char *share = pipe ? "\\PIPE" : o->tree->share->name;
    size_t at = strlen(share), len = strlen(o->path);
    char *path = arena_alloc(a, sizeof PIPE_PATH_PREFIX + at + 1 + len);
    if (path == NULL)
        return false;
    size_t prefix = pipe ? 0 : sizeof PIPE_PATH_PREFIX - 1;
    memcpy(path, PIPE_PATH_PREFIX, prefix);
    memcpy(path + prefix, share, at);
    path[prefix + at] = '\\';
    for (size_t i = 0; i < len; i++)
        path[prefix + at + 1 + i] = o->path[i] == '/' ? '\\' : o->path[i];
    *out = (struct rpc_file){
        .id = (uint32_t)o->persistent_id,
        .locks = o->lease.lock_count,
        .path = path,
        .user = copy(a, o->session->user),
    };
    if (o->access & FILE_READ_DATA)
        out->permissions |= PERM_FILE_READ;
    if (o->access & (FILE_WRITE_DATA | FILE_APPEND_DATA))
        out->permissions |= PERM_FILE_WRITE;
    return out->user != NULL;
}

static bool files(void *ctx, struct arena *a, struct rpc_files *out)
{
    const struct core *c = ctx;
    struct core_session *s;
    struct htab_node *n = NULL, *m = NULL;
    size_t total = 0;
    while ((s = next_session(c, &n)) != NULL)
        total += s->opens.count;
    out->count = 0;
    out->v = arena_array(a, total + 1, sizeof *out->v);
    if (out->v == NULL)
        return false;
    while ((s = next_session(c, &n)) != NULL)
        while ((m = htab_walk(&s->opens, m)) != NULL)
            if (!describe_file(CONTAINER_OF(m, struct core_open, by_id), a, &out->v[out->count++]))
                return false;
    return true;
}

static uint32_t opens_of(const struct core_tree *t)
{
    uint32_t count = 0;
    for (struct htab_node *n = htab_walk(&t->session->opens, NULL); n != NULL;
         n = htab_walk(&t->session->opens, n))
        count += CONTAINER_OF(n, struct core_open, by_id)->tree == t;
    return count;
}

static bool describe_connection(const struct core_tree *t, struct arena *a,
                                struct rpc_connection *out)
{
    const struct core_session *s = t->session;
    *out = (struct rpc_connection){
        .id = t->id,
        .type = t->share->is_ipc ? STYPE_IPC : STYPE_DISKTREE,
        .opens = opens_of(t),
        .users = 1,
        .seconds = seconds_since(s->core, s->since),
        .user = copy(a, s->user),
        .client = client_of(s, a),
        .share = copy(a, t->share->name),
    };
    return out->user != NULL && out->client != NULL && out->share != NULL;
}

static bool connections(void *ctx, struct arena *a, struct rpc_connections *out)
{
    const struct core *c = ctx;
    struct core_session *s;
    struct htab_node *n = NULL, *m = NULL;
    size_t total = 0;
    while ((s = next_session(c, &n)) != NULL)
        total += s->trees.count;
    out->count = 0;
    out->v = arena_array(a, total + 1, sizeof *out->v);
    if (out->v == NULL)
        return false;
    while ((s = next_session(c, &n)) != NULL)
        while ((m = htab_walk(&s->trees, m)) != NULL)
            if (!describe_connection(CONTAINER_OF(m, struct core_tree, by_id), a,
                                     &out->v[out->count++]))
                return false;
    return true;
}

/* ---------------------------------------------------------------- accounts */

#define ACCOUNTS_MAX 65536u /* in one answer: what the arena holds anyway */

struct account_list {
    struct arena *arena;
    struct wire_sid machine;
    struct rpc_accounts *out; /* NULL: only counted */
    uint32_t count;
    bool failed;
};

static bool take_account(void *arg, const char *name, const char *comment, bool disabled)
{
    struct account_list *l = arg;
    if (l->count == ACCOUNTS_MAX)
        return false;
    l->count++;
    if (l->out == NULL)
        return true;
    struct rpc_account *a = &l->out->v[l->out->count++];
    *a = (struct rpc_account){
        .name = copy(l->arena, name),
        .comment = copy(l->arena, comment),
        .sid = acl_account_sid(&l->machine, name),
        .disabled = disabled,
    };
    l->failed = a->name == NULL || a->comment == NULL;
    return !l->failed;
}

static bool accounts(void *ctx, struct arena *a, struct rpc_accounts *out)
{
    const struct core_config *cfg = &((const struct core *)ctx)->config;
    struct account_list l = {.arena = a, .machine = acl_machine_sid(cfg->auth->netbios_computer)};
    if (cfg->each_account != NULL)
        cfg->each_account(cfg->accounts_ctx, take_account, &l);
    *out = (struct rpc_accounts){.guest = cfg->auth->allow_guest};
    out->v = arena_array(a, l.count + 1, sizeof *out->v);
    if (out->v == NULL)
        return false;
    l.out = out;
    l.count = 0;
    if (cfg->each_account != NULL)
        cfg->each_account(cfg->accounts_ctx, take_account, &l);
    return !l.failed;
}

/* ---------------------------------------------------------------- orders */

static bool meant(const char *wanted, const char *name)
{
    return wanted == NULL || utf8_casecmp(wanted, strlen(wanted), name, strlen(name)) == 0;
}

static bool is_meant(const struct core_session *s, const char *client, const char *user)
{
    struct arena a;
    struct rpc_session d;
    arena_init(&a, 4096);
    bool yes = s->user_id != NULL && describe_session(s, &a, &d) && meant(client, d.client) &&
               meant(user, d.user);
    arena_clear(&a);
    return yes;
}

static unsigned end_sessions(void *ctx, const char *client, const char *user)
{
    struct core *c = ctx;
    struct core_session *s;
    struct htab_node *n = NULL;
    unsigned count = 0;
    while ((s = next_session(c, &n)) != NULL)
        if (is_meant(s, client, user))
            count += orders_session(s);
    return count;
}

static bool close_file(void *ctx, uint32_t id)
{
    struct core *c = ctx;
    struct core_session *s;
    struct htab_node *n = NULL, *m = NULL;
    while ((s = next_session(c, &n)) != NULL)
        while ((m = htab_walk(&s->opens, m)) != NULL) {
            struct core_open *o = CONTAINER_OF(m, struct core_open, by_id);
            if ((uint32_t)o->persistent_id == id)
                return orders_open(c, o);
        }
    return false;
}

void pipe_service_init(struct core *c)
{
    c->pipes_held = (struct rpc_budget){.max = CORE_PIPES_ALL};
    c->pipes = (struct rpc_service){
        .directory =
            {
                .ctx = c,
                .identity = identity,
                .is_admin = is_admin,
                .sessions = sessions,
                .files = files,
                .connections = connections,
                .accounts = accounts,
                .end_sessions = end_sessions,
                .close_file = close_file,
            },
        .auth = c->config.auth,
    };
    pipe_shares_init(&c->pipes.directory);
}
