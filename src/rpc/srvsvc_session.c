// SPDX-License-Identifier: Apache-2.0
/* Who uses the server: sessions, open files, connections ([MS-SRVS] 3.1.4.1 to 3.1.4.6). */
#include "base/utf.h"
#include "rpc/list.h"
#include "rpc/srvsvc.h"
#include <string.h>

static bool same_name(const char *a, const char *b)
{
    return utf8_casecmp(a, strlen(a), b, strlen(b)) == 0;
}

/* NULL and "" ask for all; computers are named with or without "\\". */
static bool matches(const char *wanted, const char *name)
{
    if (wanted == NULL || wanted[0] == '\0')
        return true;
    return same_name(wanted, name) ||
           (wanted[0] == '\\' && wanted[1] == '\\' && same_name(wanted + 2, name));
}

/* ---------------------------------------------------------------- sessions */

#define S_CLIENT NDR_F(NDR_WSTR, rpc_session, client)
#define S_USER   NDR_F(NDR_WSTR, rpc_session, user)
#define S_OPENS  NDR_F(NDR_U32, rpc_session, opens)
#define S_TIMES  NDR_F(NDR_U32, rpc_session, seconds), NDR_F(NDR_U32, rpc_session, idle_seconds)
#define S_FLAGS  NDR_F(NDR_U32, rpc_session, flags)
#define S_TYPE   NDR_F(NDR_WSTR, rpc_session, client_type)

/* [MS-SRVS] 2.2.4.11 to 2.2.4.15 */
NDR_RECORD(session_0, rpc_session, S_CLIENT);
NDR_RECORD(session_1, rpc_session, S_CLIENT, S_USER, S_OPENS, S_TIMES, S_FLAGS);
NDR_RECORD(session_2, rpc_session, S_CLIENT, S_USER, S_OPENS, S_TIMES, S_FLAGS, S_TYPE);
NDR_RECORD(session_10, rpc_session, S_CLIENT, S_USER, S_TIMES);
NDR_RECORD(session_502, rpc_session, S_CLIENT, S_USER, S_OPENS, S_TIMES, S_FLAGS, S_TYPE,
           NDR_F(NDR_WSTR, rpc_session, transport));
RPC_ROWS(sessions_0, session_0);
RPC_ROWS(sessions_1, session_1);
RPC_ROWS(sessions_2, session_2);
RPC_ROWS(sessions_10, session_10);
RPC_ROWS(sessions_502, session_502);
static const struct ndr_arm session_lists[] = {
    {0, &sessions_0},   {1, &sessions_1},     {2, &sessions_2},
    {10, &sessions_10}, {502, &sessions_502}, {0, NULL},
};
RPC_LIST(session_enum, session_lists, RPC_LIST_SERVER, RPC_LIST_NAME, RPC_LIST_USER);

/* Others' names are for administrators; who asks for himself may. */
static bool session_visible(const struct rpc_call *call, const struct rpc_list_in *q,
                            const struct rpc_session *s)
{
    return matches(q->name, s->client) && matches(q->user, s->user) &&
           (call->caller->admin || same_name(s->user, call->caller->user));
}

static uint32_t session_enum(struct rpc_call *call, const void *in, void *out)
{
    const struct rpc_list_in *q = in;
    struct rpc_list_out *o = out;
    struct rpc_sessions all;
    uint32_t n = 0;
    if (!rpc_list_level(session_lists, q, o))
        return 0;
    o->result = ERROR_ACCESS_DENIED;
    if (call->caller->anonymous || call->caller->guest)
        return 0;
    o->result = ERROR_NOT_ENOUGH_MEMORY;
    if (!call->directory->sessions(call->directory->ctx, call->arena, &all))
        return 0;
    for (uint32_t i = 0; i < all.count; i++)
        if (session_visible(call, q, &all.v[i]))
            all.v[n++] = all.v[i];
    rpc_list_answer(call, session_lists, q, &(struct rpc_rows){n, all.v}, o);
    return 0;
}

const struct rpc_operation srvsvc_session_enum = {"NetrSessionEnum", &session_enum_in,
                                                  &session_enum_out, session_enum};

struct session_del_in {
    const char *server, *client, *user;
};
NDR_RECORD(session_del_in, session_del_in, NDR_F(NDR_WSTR, session_del_in, server),
           NDR_F(NDR_WSTR, session_del_in, client), NDR_F(NDR_WSTR, session_del_in, user));

static const char *without_slashes(const char *name)
{
    if (name == NULL || name[0] == '\0')
        return NULL;
    return name[0] == '\\' && name[1] == '\\' ? name + 2 : name;
}

static uint32_t session_del(struct rpc_call *call, const void *in, void *out)
{
    const struct session_del_in *q = in;
    struct srvsvc_result *o = out;
    const char *client = without_slashes(q->client), *user = without_slashes(q->user);
    const struct rpc_directory *d = call->directory;
    if (!call->caller->admin)
        o->result = ERROR_ACCESS_DENIED;
    else if (client == NULL && user == NULL)
        o->result = NERR_ClientNameNotFound;
    else
        o->result =
            d->end_sessions(d->ctx, client, user) > 0 ? NERR_Success : NERR_ClientNameNotFound;
    return 0;
}

const struct rpc_operation srvsvc_session_del = {"NetrSessionDel", &session_del_in, &srvsvc_result,
                                                 session_del};

/* ---------------------------------------------------------------- files */

/* [MS-SRVS] 2.2.4.7, 2.2.4.8 */
NDR_RECORD(file_2, rpc_file, NDR_F(NDR_U32, rpc_file, id));
NDR_RECORD(file_3, rpc_file, NDR_F(NDR_U32, rpc_file, id), NDR_F(NDR_U32, rpc_file, permissions),
           NDR_F(NDR_U32, rpc_file, locks), NDR_F(NDR_WSTR, rpc_file, path),
           NDR_F(NDR_WSTR, rpc_file, user));
RPC_ROWS(files_2, file_2);
RPC_ROWS(files_3, file_3);
static const struct ndr_arm file_lists[] = {{2, &files_2}, {3, &files_3}, {0, NULL}};
static const struct ndr_arm file_infos[] = {{2, &file_2}, {3, &file_3}, {0, NULL}};
RPC_LIST(file_enum, file_lists, RPC_LIST_SERVER, RPC_LIST_NAME, RPC_LIST_USER);

static bool file_visible(const struct rpc_list_in *q, const struct rpc_file *f)
{
    size_t len = q->name != NULL ? strlen(q->name) : 0;
    return matches(q->user, f->user) && len <= strlen(f->path) &&
           utf8_casecmp(f->path, len, q->name != NULL ? q->name : "", len) == 0;
}

static uint32_t file_enum(struct rpc_call *call, const void *in, void *out)
{
    const struct rpc_list_in *q = in;
    struct rpc_list_out *o = out;
    struct rpc_files all;
    uint32_t n = 0;
    if (!rpc_list_level(file_lists, q, o))
        return 0;
    o->result = ERROR_ACCESS_DENIED;
    if (!call->caller->admin)
        return 0;
    o->result = ERROR_NOT_ENOUGH_MEMORY;
    if (!call->directory->files(call->directory->ctx, call->arena, &all))
        return 0;
    for (uint32_t i = 0; i < all.count; i++)
        if (file_visible(q, &all.v[i]))
            all.v[n++] = all.v[i];
    rpc_list_answer(call, file_lists, q, &(struct rpc_rows){n, all.v}, o);
    return 0;
}

const struct rpc_operation srvsvc_file_enum = {"NetrFileEnum", &file_enum_in, &file_enum_out,
                                               file_enum};

struct file_in {
    const char *server;
    uint32_t id, level;
};
NDR_RECORD(file_get_in, file_in, NDR_F(NDR_WSTR, file_in, server), NDR_F(NDR_U32, file_in, id),
           NDR_F(NDR_U32, file_in, level));
NDR_RECORD(file_close_in, file_in, NDR_F(NDR_WSTR, file_in, server), NDR_F(NDR_U32, file_in, id));

struct file_get_out {
    uint32_t level;
    const struct rpc_file *file;
    uint32_t result;
};
NDR_RECORD(file_get_out, file_get_out,
           NDR_U(NDR_UNION_PTR, file_get_out, file, level, file_infos, 4),
           NDR_F(NDR_U32, file_get_out, result));

static uint32_t find_file(struct rpc_call *call, const struct file_in *q,
                          const struct rpc_file **out)
{
    struct rpc_files all;
    if (ndr_arm_of(file_infos, q->level) == NULL)
        return ERROR_INVALID_LEVEL;
    if (!call->caller->admin)
        return ERROR_ACCESS_DENIED;
    if (!call->directory->files(call->directory->ctx, call->arena, &all))
        return ERROR_NOT_ENOUGH_MEMORY;
    for (uint32_t i = 0; i < all.count && *out == NULL; i++)
        if (all.v[i].id == q->id)
            *out = &all.v[i];
    return *out != NULL ? NERR_Success : NERR_FileIdNotFound;
}

static uint32_t file_get_info(struct rpc_call *call, const void *in, void *out)
{
    const struct file_in *q = in;
    struct file_get_out *o = out;
    o->level = q->level;
    o->result = find_file(call, q, &o->file);
    return 0;
}

const struct rpc_operation srvsvc_file_get_info = {"NetrFileGetInfo", &file_get_in, &file_get_out,
                                                   file_get_info};

static uint32_t file_close(struct rpc_call *call, const void *in, void *out)
{
    const struct file_in *q = in;
    struct srvsvc_result *o = out;
    if (!call->caller->admin)
        o->result = ERROR_ACCESS_DENIED;
    else if (!call->directory->close_file(call->directory->ctx, q->id))
        o->result = NERR_FileIdNotFound;
    return 0;
}

const struct rpc_operation srvsvc_file_close = {"NetrFileClose", &file_close_in, &srvsvc_result,
                                                file_close};

/* ---------------------------------------------------------------- connections */

/* [MS-SRVS] 2.2.4.1, 2.2.4.2: the last name is the client's when a share was asked for, and the
   share's when a client was. */
NDR_RECORD(connection_0, rpc_connection, NDR_F(NDR_U32, rpc_connection, id));
NDR_RECORD(connection_1, rpc_connection, NDR_F(NDR_U32, rpc_connection, id),
           NDR_F(NDR_U32, rpc_connection, type), NDR_F(NDR_U32, rpc_connection, opens),
           NDR_F(NDR_U32, rpc_connection, users), NDR_F(NDR_U32, rpc_connection, seconds),
           NDR_F(NDR_WSTR, rpc_connection, user), NDR_F(NDR_WSTR, rpc_connection, share));
RPC_ROWS(connections_0, connection_0);
RPC_ROWS(connections_1, connection_1);
static const struct ndr_arm connection_lists[] = {
    {0, &connections_0}, {1, &connections_1}, {0, NULL}};
RPC_LIST(connection_enum, connection_lists, RPC_LIST_SERVER, RPC_LIST_NAME);

static uint32_t connection_enum(struct rpc_call *call, const void *in, void *out)
{
    const struct rpc_list_in *q = in;
    struct rpc_list_out *o = out;
    struct rpc_connections all;
    uint32_t n = 0;
    if (!rpc_list_level(connection_lists, q, o))
        return 0;
    o->result = ERROR_ACCESS_DENIED;
    if (!call->caller->admin)
        return 0;
    o->result = ERROR_INVALID_PARAMETER;
    if (q->name == NULL || q->name[0] == '\0')
        return 0;
    o->result = ERROR_NOT_ENOUGH_MEMORY;
    if (!call->directory->connections(call->directory->ctx, call->arena, &all))
        return 0;
    const bool by_client = q->name[0] == '\\';
    for (uint32_t i = 0; i < all.count; i++) {
        struct rpc_connection *c = &all.v[i];
        if (!matches(q->name, by_client ? c->client : c->share))
            continue;
        if (!by_client)
            c->share = c->client;
        all.v[n++] = *c;
    }
    rpc_list_answer(call, connection_lists, q, &(struct rpc_rows){n, all.v}, o);
    return 0;
}

const struct rpc_operation srvsvc_connection_enum = {"NetrConnectionEnum", &connection_enum_in,
                                                     &connection_enum_out, connection_enum};
