// SPDX-License-Identifier: Apache-2.0
/* See rpc_server.h. */
#include "rpc_server.h"
#include <string.h>

const char *const rpc_server_pipes[] = {"srvsvc", "wkssvc", "lsarpc", "samr",
                                        "lsass",  "svcctl", "winreg"};

static const struct wire_sid machine = {5, 4, {21, 1, 2, 3}};

static void identity(void *ctx, struct rpc_identity *out)
{
    (void)ctx;
    *out = (struct rpc_identity){"SERVER", "WORKGROUP", "comment", machine};
}

static bool is_admin(void *ctx, const char *user)
{
    (void)ctx;
    return strcmp(user, "alice") == 0;
}

/* Three of a kind, in the arena: handlers may sort out in place. */
static void *three(struct arena *a, const void *one, size_t size)
{
    uint8_t *v = arena_array(a, 3, size);
    for (unsigned i = 0; i < 3 && v != NULL; i++)
        memcpy(v + i * size, one, size);
    return v;
}

static bool shares(void *ctx, const struct rpc_caller *who, struct arena *a, struct rpc_shares *out)
{
    static const uint8_t sd[20] = {1, 0, 4, 128};
    const struct rpc_share one = {.name = "a",
                                  .comment = "c",
                                  .path = "C:\\a",
                                  .password = "",
                                  .server = "*",
                                  .sd = sd,
                                  .sd_len = sizeof sd};
    (void)ctx;
    (void)who;
    *out = (struct rpc_shares){3, three(a, &one, sizeof one)};
    return out->v != NULL;
}

static bool sessions(void *ctx, struct arena *a, struct rpc_sessions *out)
{
    const struct rpc_session one = {1, "10.0.0.1", "alice", "", "t", 1, 2, 3, 0};
    (void)ctx;
    *out = (struct rpc_sessions){3, three(a, &one, sizeof one)};
    return out->v != NULL;
}

static bool files(void *ctx, struct arena *a, struct rpc_files *out)
{
    const struct rpc_file one = {1, PERM_FILE_READ, 0, "C:\\a\\b", "alice"};
    (void)ctx;
    *out = (struct rpc_files){3, three(a, &one, sizeof one)};
    return out->v != NULL;
}

static bool connections(void *ctx, struct arena *a, struct rpc_connections *out)
{
    const struct rpc_connection one = {1, 0, 1, 1, 1, "alice", "10.0.0.1", "a"};
    (void)ctx;
    *out = (struct rpc_connections){3, three(a, &one, sizeof one)};
    return out->v != NULL;
}

static bool accounts(void *ctx, struct arena *a, struct rpc_accounts *out)
{
    const struct rpc_account one = {"alice", "comment", {5, 5, {21, 1, 2, 3, 1000}}, false};
    (void)ctx;
    *out = (struct rpc_accounts){3, three(a, &one, sizeof one), false};
    return out->v != NULL;
}

static smbkit_status share_add(void *ctx, const struct rpc_share *share, const char *path)
{
    (void)ctx;
    if (strchr(path, '\\') != NULL)
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    return strcmp(share->name, "a") == 0 ? SMBKIT_STATUS_OBJECT_NAME_COLLISION
                                         : SMBKIT_STATUS_SUCCESS;
}

static smbkit_status share_set(void *ctx, const char *name, const struct rpc_share *to,
                               unsigned what)
{
    (void)ctx;
    (void)to;
    if (strcmp(name, "a") != 0)
        return SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    return what == 0 ? SMBKIT_STATUS_ACCESS_DENIED : SMBKIT_STATUS_SUCCESS;
}

static smbkit_status share_del(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "a") == 0 ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
}

static unsigned end_sessions(void *ctx, const char *client, const char *user)
{
    (void)ctx;
    return client != NULL || user != NULL;
}

static bool close_file(void *ctx, uint32_t id)
{
    (void)ctx;
    return id == 1;
}

static void fill(void *ctx, void *dst, size_t n)
{
    (void)ctx;
    memset(dst, 0x5a, n);
}

static bool lookup(void *ctx, const char *user, const char *domain, struct auth_credential *out)
{
    (void)ctx;
    (void)domain;
    memset(out->nt_hash, 0x11, sizeof out->nt_hash);
    memcpy(out->name, "alice", sizeof "alice");
    return strcmp(user, "alice") == 0;
}

void rpc_server_init(struct rpc_server *s)
{
    *s = (struct rpc_server){
        .budget.max = 1u << 20,
        .auth = {.netbios_computer = "SERVER",
                 .random = {fill, NULL},
                 .credentials = {lookup, NULL},
                 .allow_anonymous = true,
                 .allow_guest = true},
        .service.directory = {.identity = identity,
                              .is_admin = is_admin,
                              .shares = shares,
                              .sessions = sessions,
                              .files = files,
                              .connections = connections,
                              .accounts = accounts,
                              .share_add = share_add,
                              .share_set = share_set,
                              .share_del = share_del,
                              .end_sessions = end_sessions,
                              .close_file = close_file},
    };
    s->service.auth = &s->auth;
}

void rpc_server_bind(struct builder *b, const struct rpc_endpoint *e)
{
    struct rpc_syntax transfer = rpc_ndr32;
    struct rpc_context x[RPC_INTERFACES_MAX];
    struct rpc_pdu p = {.type = RPC_BIND,
                        .flags = PFC_FIRST_FRAG | PFC_LAST_FRAG,
                        .max_xmit = RPC_FRAG_MAX,
                        .max_recv = RPC_FRAG_MAX,
                        .contexts = x};
    for (; p.context_count < RPC_INTERFACES_MAX && e->interfaces[p.context_count] != NULL;
         p.context_count++)
        x[p.context_count] = (struct rpc_context){
            p.context_count, 1, e->interfaces[p.context_count]->syntax, &transfer};
    rpc_pdu_encode(b, &p);
}

struct rpc_assoc *rpc_server_open(struct rpc_server *s, unsigned pipe, bool bound)
{
    const struct rpc_caller who = {.user = "alice", .domain = "D", .admin = true};
    const char *name = rpc_server_pipes[pipe % RPC_SERVER_PIPES];
    const struct rpc_endpoint *e = rpc_endpoint_find(name, strlen(name));
    struct rpc_assoc *a = rpc_assoc_new(&s->service, e, &who, &s->budget);
    uint8_t part[512];
    struct builder b;
    if (a == NULL || !bound)
        return a;
    builder_init_grow(&b, RPC_FRAG_MAX);
    rpc_server_bind(&b, e);
    bool ok = !builder_failed(&b) && rpc_assoc_write(a, b.data, b.len, 0) == SMBKIT_STATUS_SUCCESS;
    builder_free(&b);
    while (ok && rpc_assoc_read(a, part, sizeof part, false) > 0)
        ;
    if (!ok)
        rpc_assoc_free(a);
    return ok ? a : NULL;
}
