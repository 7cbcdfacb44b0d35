// SPDX-License-Identifier: Apache-2.0
/* Shares in srvsvc ([MS-SRVS] 3.1.4.7 to 3.1.4.15). All levels are views of one struct rpc_share.
 */
#include "base/utf.h"
#include "rpc/list.h"
#include "rpc/srvsvc.h"
#include <string.h>

#define SD_MAX 65536u

#define NAME        NDR_F(NDR_WSTR, rpc_share, name)
#define TYPE        NDR_F(NDR_U32, rpc_share, type)
#define REMARK      NDR_F(NDR_WSTR, rpc_share, comment)
#define PERMISSIONS NDR_F(NDR_U32, rpc_share, permissions)
#define MAX_USES    NDR_F(NDR_U32, rpc_share, max_uses)
#define USES        NDR_F(NDR_U32, rpc_share, current_uses)
#define PATH        NDR_F(NDR_WSTR, rpc_share, path)
#define PASSWORD    NDR_F(NDR_WSTR, rpc_share, password)
#define SERVER      NDR_F(NDR_WSTR, rpc_share, server)
#define FLAGS       NDR_F(NDR_U32, rpc_share, flags)
#define SD_LEN      NDR_F(NDR_U32, rpc_share, sd_len)
#define SD          NDR_A(NDR_ARRAY, rpc_share, sd, sd_len, rpc_byte_record, SD_MAX)

/* [MS-SRVS] 2.2.4.22 to 2.2.4.29 */
NDR_RECORD(info_0, rpc_share, NAME);
NDR_RECORD(info_1, rpc_share, NAME, TYPE, REMARK);
NDR_RECORD(info_2, rpc_share, NAME, TYPE, REMARK, PERMISSIONS, MAX_USES, USES, PATH, PASSWORD);
NDR_RECORD(info_501, rpc_share, NAME, TYPE, REMARK, FLAGS);
NDR_RECORD(info_502, rpc_share, NAME, TYPE, REMARK, PERMISSIONS, MAX_USES, USES, PATH, PASSWORD,
           SD_LEN, SD);
NDR_RECORD(info_503, rpc_share, NAME, TYPE, REMARK, PERMISSIONS, MAX_USES, USES, PATH, PASSWORD,
           SERVER, SD_LEN, SD);
NDR_RECORD(info_1004, rpc_share, REMARK);
NDR_RECORD(info_1005, rpc_share, FLAGS);
NDR_RECORD(info_1006, rpc_share, MAX_USES);
NDR_RECORD(info_1007, rpc_share, FLAGS, NAME);
NDR_RECORD(info_1501, rpc_share, SD_LEN, SD);

const struct ndr_arm srvsvc_share_infos[] = {
    {0, &info_0},       {1, &info_1},       {2, &info_2},       {501, &info_501},
    {502, &info_502},   {503, &info_503},   {1004, &info_1004}, {1005, &info_1005},
    {1006, &info_1006}, {1007, &info_1007}, {1501, &info_1501}, {0, NULL},
};

RPC_ROWS(list_0, info_0);
RPC_ROWS(list_1, info_1);
RPC_ROWS(list_2, info_2);
RPC_ROWS(list_501, info_501);
RPC_ROWS(list_502, info_502);
RPC_ROWS(list_503, info_503);

static const struct ndr_arm lists[] = {
    {0, &list_0},
    {1, &list_1},
    {2, &list_2},
    {501, &list_501},
    {502, &list_502},
    {503, &list_503},
    {1004, &rpc_list_none},
    {1005, &rpc_list_none},
    {1006, &rpc_list_none},
    {1007, &rpc_list_none},
    {0, NULL},
};

RPC_LIST(enum, lists, RPC_LIST_SERVER);

/* ---------------------------------------------------------------- enumeration */

/* Levels with paths, uses and permissions are for administrators ([MS-SRVS] 3.1.4.8, 3.1.4.10). */
static bool level_is_private(const struct rpc_call *call, uint32_t level)
{
    bool detailed = level == 2 || level == 502 || level == 503 || level == 1501;
    return detailed && !call->caller->admin;
}

static void leave_out_temporary(struct rpc_shares *all)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < all->count; i++)
        if (!(all->v[i].type & STYPE_TEMPORARY))
            all->v[n++] = all->v[i];
    all->count = n;
}

static uint32_t enumerate(struct rpc_call *call, const void *in, void *out, bool sticky)
{
    const struct rpc_directory *d = call->directory;
    const struct rpc_list_in *q = in;
    struct rpc_list_out *o = out;
    struct rpc_shares all;
    if (!rpc_list_level(lists, q, o))
        return 0;
    o->result = ERROR_ACCESS_DENIED;
    if (level_is_private(call, q->list.level) || (q->list.level == 501 && call->caller->anonymous))
        return 0;
    o->result = ERROR_NOT_ENOUGH_MEMORY;
    if (!d->shares(d->ctx, call->caller, call->arena, &all))
        return 0;
    if (sticky)
        leave_out_temporary(&all);
    rpc_list_answer(call, lists, q, &(struct rpc_rows){all.count, all.v}, o);
    return 0;
}

static uint32_t share_enum(struct rpc_call *call, const void *in, void *out)
{
    return enumerate(call, in, out, false);
}

const struct rpc_operation srvsvc_share_enum = {"NetrShareEnum", &enum_in, &enum_out, share_enum};

/* Sticky shares survive a restart: those of the configuration, and not what administrators have
   made since. Level 501 is none of its levels ([MS-SRVS] 3.1.4.9). */
static uint32_t share_enum_sticky(struct rpc_call *call, const void *in, void *out)
{
    const struct rpc_list_in *q = in;
    struct rpc_list_out *o = out;
    if (q->list.level != 501)
        return enumerate(call, in, out, true);
    o->list.level = q->list.level;
    o->result = ERROR_INVALID_LEVEL;
    return 0;
}

const struct rpc_operation srvsvc_share_enum_sticky = {"NetrShareEnumSticky", &enum_in, &enum_out,
                                                       share_enum_sticky};

/* ---------------------------------------------------------------- one share */

struct get_in {
    const char *server, *name;
    uint32_t level;
};
NDR_RECORD(get_in_record, get_in, NDR_F(NDR_WSTR, get_in, server),
           NDR_F(NDR_WSTR_REF, get_in, name), NDR_F(NDR_U32, get_in, level));

struct get_out {
    uint32_t level;
    const struct rpc_share *share;
    uint32_t result;
};
NDR_RECORD(get_out_record, get_out,
           NDR_U(NDR_UNION_PTR, get_out, share, level, srvsvc_share_infos, 4),
           NDR_F(NDR_U32, get_out, result));

uint32_t srvsvc_find_share(struct rpc_call *call, const char *name, const struct rpc_share **out)
{
    const struct rpc_directory *d = call->directory;
    struct rpc_shares all;
    if (!d->shares(d->ctx, call->caller, call->arena, &all))
        return ERROR_NOT_ENOUGH_MEMORY;
    for (uint32_t i = 0; i < all.count; i++) {
        if (utf8_casecmp(all.v[i].name, strlen(all.v[i].name), name, strlen(name)) == 0) {
            *out = &all.v[i];
            return NERR_Success;
        }
    }
    return NERR_NetNameNotFound;
}

static uint32_t share_get_info(struct rpc_call *call, const void *in, void *out)
{
    const struct get_in *q = in;
    struct get_out *o = out;
    o->level = q->level;
    if (ndr_arm_of(srvsvc_share_infos, q->level) == NULL)
        o->result = ERROR_INVALID_LEVEL;
    else if (level_is_private(call, q->level))
        o->result = ERROR_ACCESS_DENIED;
    else
        o->result = srvsvc_find_share(call, q->name, &o->share);
    return 0;
}

const struct rpc_operation srvsvc_share_get_info = {"NetrShareGetInfo", &get_in_record,
                                                    &get_out_record, share_get_info};

/* ---------------------------------------------------------------- a folder's share */

struct check_in {
    const char *server, *device;
};
NDR_RECORD(check_in, check_in, NDR_F(NDR_WSTR, check_in, server),
           NDR_F(NDR_WSTR_REF, check_in, device));

struct check_out {
    uint32_t type, result;
};
NDR_RECORD(check_out, check_out, NDR_F(NDR_U32, check_out, type),
           NDR_F(NDR_U32, check_out, result));

/* NetrShareCheck ([MS-SRVS] 3.1.4.14): is there a share of this folder? Folders are called as in
   level 2; clients also ask with the name of the share. */
static uint32_t share_check(struct rpc_call *call, const void *in, void *out)
{
    const struct check_in *q = in;
    struct check_out *o = out;
    struct rpc_shares all;
    o->result = ERROR_NOT_ENOUGH_MEMORY;
    if (!call->directory->shares(call->directory->ctx, call->caller, call->arena, &all))
        return 0;
    o->result = NERR_DeviceNotShared;
    for (uint32_t i = 0; i < all.count && o->result != NERR_Success; i++) {
        const struct rpc_share *s = &all.v[i];
        size_t len = strlen(q->device);
        if (utf8_casecmp(s->path, strlen(s->path), q->device, len) == 0 ||
            utf8_casecmp(s->name, strlen(s->name), q->device, len) == 0) {
            o->type = s->type;
            o->result = NERR_Success;
        }
    }
    return 0;
}

const struct rpc_operation srvsvc_share_check = {"NetrShareCheck", &check_in, &check_out,
                                                 share_check};
