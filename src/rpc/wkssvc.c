// SPDX-License-Identifier: Apache-2.0
/* The Workstation Service ([MS-WKST]), as far as those ask who want to know a server's name. */
#include "base/utf.h"
#include "rpc/list.h"
#include <string.h>

#define PLATFORM_ID_NT 500u
#define VERSION_MAJOR  10u

/* ---------------------------------------------------------------- NetrWkstaGetInfo */

struct station {
    uint32_t platform, major, minor, users;
    const char *name, *group, *root;
};

#define STATION                                                          \
    NDR_F(NDR_U32, station, platform), NDR_F(NDR_WSTR, station, name),   \
        NDR_F(NDR_WSTR, station, group), NDR_F(NDR_U32, station, major), \
        NDR_F(NDR_U32, station, minor)
/* [MS-WKST] 2.2.5.1 to 2.2.5.3 */
NDR_RECORD(info_100, station, STATION);
NDR_RECORD(info_101, station, STATION, NDR_F(NDR_WSTR, station, root));
NDR_RECORD(info_102, station, STATION, NDR_F(NDR_WSTR, station, root),
           NDR_F(NDR_U32, station, users));

/* [MS-WKST] 2.2.5.4: settings of a client of old; what has no name below is sent as zero. */
#define SETTINGS 35
enum setting {
    KEEP_CONN = 3,
    MAX_CMDS = 4,
    SESS_TIMEOUT = 5,
};
struct settings {
    uint32_t v[SETTINGS];
};
#define SET_1(i) NDR_F(NDR_U32, settings, v[i])
#define SET_5(i) SET_1(i), SET_1((i) + 1), SET_1((i) + 2), SET_1((i) + 3), SET_1((i) + 4)
NDR_RECORD(info_502, settings, SET_5(0), SET_5(5), SET_5(10), SET_5(15), SET_5(20), SET_5(25),
           SET_5(30));

static const struct ndr_arm infos[] = {
    {502, &info_502},       {100, &info_100},       {101, &info_101},       {102, &info_102},
    {1013, &rpc_list_none}, {1018, &rpc_list_none}, {1046, &rpc_list_none}, {0, NULL},
};

struct get_in {
    const char *server;
    uint32_t level;
};
NDR_RECORD(get_in, get_in, NDR_F(NDR_WSTR, get_in, server), NDR_F(NDR_U32, get_in, level));

struct get_out {
    uint32_t level;
    const void *info; /* a station, or settings */
    uint32_t result;
};
NDR_RECORD(get_out, get_out, NDR_U(NDR_UNION_PTR, get_out, info, level, infos, 4),
           NDR_F(NDR_U32, get_out, result));

static bool is_stranger(const struct rpc_call *call)
{
    return call->caller->guest || call->caller->anonymous;
}

static uint32_t describe(struct rpc_call *call, const void **out)
{
    struct rpc_identity id = {0};
    struct rpc_sessions sessions;
    const struct rpc_directory *d = call->directory;
    struct station *s = arena_alloc(call->arena, sizeof *s);
    if (s == NULL || !d->sessions(d->ctx, call->arena, &sessions))
        return ERROR_NOT_ENOUGH_MEMORY;
    d->identity(d->ctx, &id);
    *s = (struct station){
        .platform = PLATFORM_ID_NT,
        .major = VERSION_MAJOR,
        .users = sessions.count,
        .name = id.netbios,
        .group = id.workgroup,
        .root = "",
    };
    *out = s;
    return NERR_Success;
}

/* How many users are there, and settings, are for administrators ([MS-WKST] 3.2.4.1). */
static bool level_allowed(const struct rpc_call *call, uint32_t level)
{
    return level == 100 || (level == 101 && !is_stranger(call)) || call->caller->admin;
}

static uint32_t get_info(struct rpc_call *call, const void *in, void *out)
{
    static const struct settings settings = {
        .v = {[KEEP_CONN] = 600, [MAX_CMDS] = 50, [SESS_TIMEOUT] = 60}};
    const struct get_in *q = in;
    struct get_out *o = out;
    o->level = q->level;
    if (rpc_level(infos, q->level) == NULL)
        o->result = ERROR_INVALID_LEVEL;
    else if (!level_allowed(call, q->level))
        o->result = ERROR_ACCESS_DENIED;
    else if (q->level == 502)
        o->info = &settings;
    else
        o->result = describe(call, &o->info);
    return 0;
}

static const struct rpc_operation wksta_get_info = {"NetrWkstaGetInfo", &get_in, &get_out,
                                                    get_info};

/* ---------------------------------------------------------------- NetrWkstaUserEnum */

struct user {
    const char *name, *domain, *others, *server;
};
NDR_RECORD(user_0, user, NDR_F(NDR_WSTR, user, name));
NDR_RECORD(user_1, user, NDR_F(NDR_WSTR, user, name), NDR_F(NDR_WSTR, user, domain),
           NDR_F(NDR_WSTR, user, others), NDR_F(NDR_WSTR, user, server));
RPC_ROWS(users_0, user_0);
RPC_ROWS(users_1, user_1);
static const struct ndr_arm user_lists[] = {{0, &users_0}, {1, &users_1}, {0, NULL}};
RPC_LIST(user_enum, user_lists, RPC_LIST_SERVER);

/* Nobody sits at this machine; of those who are logged on over the network a caller sees himself.
 */
static uint32_t user_enum(struct rpc_call *call, const void *in, void *out)
{
    struct rpc_list_out *o = out;
    struct rpc_identity id = {0};
    struct user *u = arena_alloc(call->arena, sizeof *u);
    if (!rpc_list_level(user_lists, in, o))
        return 0;
    o->result = is_stranger(call) ? ERROR_ACCESS_DENIED : ERROR_NOT_ENOUGH_MEMORY;
    if (u == NULL || is_stranger(call))
        return 0;
    call->directory->identity(call->directory->ctx, &id);
    *u = (struct user){call->caller->user, id.netbios, "", id.netbios};
    rpc_list_answer(call, user_lists, in, &(struct rpc_rows){1, u}, o);
    return 0;
}

static const struct rpc_operation wksta_user_enum = {"NetrWkstaUserEnum", &user_enum_in,
                                                     &user_enum_out, user_enum};

/* ---------------------------------------------------------------- NetrWkstaTransportEnum */

struct transport {
    uint32_t quality, circuits, wan;
    const char *name, *address;
};
NDR_RECORD(transport_0, transport, NDR_F(NDR_U32, transport, quality),
           NDR_F(NDR_U32, transport, circuits), NDR_F(NDR_WSTR, transport, name),
           NDR_F(NDR_WSTR, transport, address), NDR_F(NDR_U32, transport, wan));
RPC_ROWS(transports_0, transport_0);
static const struct ndr_arm transport_lists[] = {{0, &transports_0}, {0, NULL}};
RPC_LIST(transport_enum, transport_lists, RPC_LIST_SERVER);

static uint32_t transport_enum(struct rpc_call *call, const void *in, void *out)
{
    static const struct transport tcp = {0, 0, 1, "\\Device\\NetbiosSmb", "000000000000"};
    struct rpc_list_out *o = out;
    if (rpc_list_level(transport_lists, in, o))
        rpc_list_answer(call, transport_lists, in, &(struct rpc_rows){1, &tcp}, o);
    return 0;
}

static const struct rpc_operation wksta_transport_enum = {
    "NetrWkstaTransportEnum", &transport_enum_in, &transport_enum_out, transport_enum};

/* ---------------------------------------------------------------- the interface */

static const struct rpc_operation *const operations[] = {
    [0] = &wksta_get_info,
    [2] = &wksta_user_enum,
    [5] = &wksta_transport_enum,
};

const struct rpc_interface rpc_wkssvc = {
    .name = "wkssvc",
    .syntax = {RPC_UUID(0x6bffd098, 0xa112, 0x3610, 0x98, 0x33, 0x46, 0xc3, 0xf8, 0x7e, 0x34, 0x5a),
               1},
    .operations = operations,
    .count = ARRAY_LEN(operations),
};
