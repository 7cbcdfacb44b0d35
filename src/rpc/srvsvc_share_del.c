// SPDX-License-Identifier: Apache-2.0
/*
 * Shares that administrators end ([MS-SRVS] 3.1.4.12 to 3.1.4.15, 3.1.4.47): by name, or in two
 * phases with a handle between them. The configuration is not ours to change: what it names is
 * there again at the next start, and no call makes it forget a share.
 */
#include "rpc/handles.h"
#include "rpc/list.h"
#include "rpc/srvsvc.h"

/* What all of these answer to who may not, and to a name that is none. */
static uint32_t refused(const struct rpc_call *call, const char *name)
{
    if (!call->caller->admin)
        return ERROR_ACCESS_DENIED;
    return name == NULL || name[0] == '\0' ? ERROR_INVALID_PARAMETER : NERR_Success;
}

static uint32_t end_share(struct rpc_call *call, const char *name)
{
    const struct rpc_directory *d = call->directory;
    uint32_t result = refused(call, name);
    return result == NERR_Success ? srvsvc_share_error(d->share_del(d->ctx, name)) : result;
}

/* ---------------------------------------------------------------- by name */

struct del_in {
    const char *server, *name;
    uint32_t reserved;
};
NDR_RECORD(del_in, del_in, NDR_F(NDR_WSTR, del_in, server), NDR_F(NDR_WSTR_REF, del_in, name),
           NDR_F(NDR_U32, del_in, reserved));

static uint32_t share_del(struct rpc_call *call, const void *in, void *out)
{
    const struct del_in *q = in;
    ((struct srvsvc_result *)out)->result = end_share(call, q->name);
    return 0;
}

const struct rpc_operation srvsvc_share_del = {"NetrShareDel", &del_in, &srvsvc_result, share_del};

/* Takes a share from what is there after a restart, and leaves it running. */
static uint32_t share_del_sticky(struct rpc_call *call, const void *in, void *out)
{
    const struct del_in *q = in;
    struct srvsvc_result *o = out;
    const struct rpc_share *share = NULL;
    o->result = refused(call, q->name);
    if (o->result == NERR_Success)
        o->result = srvsvc_find_share(call, q->name, &share);
    if (o->result == NERR_Success)
        o->result = share->type & STYPE_TEMPORARY ? NERR_NetNameNotFound : ERROR_NOT_SUPPORTED;
    return 0;
}

const struct rpc_operation srvsvc_share_del_sticky = {"NetrShareDelSticky", &del_in, &srvsvc_result,
                                                      share_del_sticky};

struct ex_in {
    const char *server;
    uint32_t level;
    const struct rpc_share *share;
};
NDR_RECORD(ex_in, ex_in, NDR_F(NDR_WSTR, ex_in, server), NDR_F(NDR_U32, ex_in, level),
           NDR_U(NDR_UNION_PTR, ex_in, share, level, srvsvc_share_infos, 4));

static uint32_t share_del_ex(struct rpc_call *call, const void *in, void *out)
{
    const struct ex_in *q = in;
    struct srvsvc_result *o = out;
    if (q->level != 503)
        o->result = ERROR_INVALID_LEVEL;
    else
        o->result = end_share(call, q->share != NULL ? q->share->name : NULL);
    return 0;
}

const struct rpc_operation srvsvc_share_del_ex = {"NetrShareDelEx", &ex_in, &srvsvc_result,
                                                  share_del_ex};

/* ---------------------------------------------------------------- in two phases */

struct handle_and_result {
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t result;
};
NDR_RECORD(handle_in, handle_and_result, NDR_F(NDR_HANDLE, handle_and_result, handle));
NDR_RECORD(handle_out, handle_and_result, NDR_F(NDR_HANDLE, handle_and_result, handle),
           NDR_F(NDR_U32, handle_and_result, result));

static uint32_t share_del_start(struct rpc_call *call, const void *in, void *out)
{
    const struct del_in *q = in;
    struct handle_and_result *o = out;
    const struct rpc_share *share = NULL;
    o->result = refused(call, q->name);
    if (o->result == NERR_Success)
        o->result = srvsvc_find_share(call, q->name, &share);
    if (o->result == NERR_Success && rpc_handle_open_named(call, RPC_HANDLE_SHARE, share->name,
                                                           o->handle) != SMBKIT_STATUS_SUCCESS)
        o->result = ERROR_NOT_ENOUGH_MEMORY;
    return 0;
}

const struct rpc_operation srvsvc_share_del_start = {"NetrShareDelStart", &del_in, &handle_out,
                                                     share_del_start};

/* A share that has gone meanwhile is none to be ended (3.1.4.15). */
static uint32_t share_del_commit(struct rpc_call *call, const void *in, void *out)
{
    const struct handle_and_result *q = in;
    struct handle_and_result *o = out;
    const struct rpc_handle *h = rpc_handle_find(call, RPC_HANDLE_SHARE, q->handle);
    if (h == NULL)
        return NCA_S_FAULT_CONTEXT_MISMATCH;
    o->result = end_share(call, h->name);
    if (o->result == NERR_NetNameNotFound)
        o->result = ERROR_INVALID_PARAMETER;
    (void)rpc_handle_close(call, q->handle);
    return 0;
}

const struct rpc_operation srvsvc_share_del_commit = {"NetrShareDelCommit", &handle_in, &handle_out,
                                                      share_del_commit};
