// SPDX-License-Identifier: Apache-2.0
/*
 * NetrpGetFileSecurity ([MS-SRVS] 3.1.4.27): the security descriptor of a file by its path, without
 * opening it through a tree connect. Whether the caller may read it is the host's to judge, and
 * only the plugin knows the file: the call waits for the answer (RPC_ASK).
 */
#include "rpc/list.h"
#include "rpc/srvsvc.h"

struct get_in {
    const char *server, *share, *path;
    uint32_t info;
};
NDR_RECORD(get_in, get_in, NDR_F(NDR_WSTR, get_in, server), NDR_F(NDR_WSTR, get_in, share),
           NDR_F(NDR_WSTR_REF, get_in, path), NDR_F(NDR_U32, get_in, info));

/* ADT_SECURITY_DESCRIPTOR ([MS-SRVS] 2.2.4.106) */
struct descriptor {
    uint32_t len;
    const uint8_t *bytes;
};
#define SD_MAX 65536u
NDR_RECORD(descriptor, descriptor, NDR_F(NDR_U32, descriptor, len),
           NDR_A(NDR_ARRAY, descriptor, bytes, len, rpc_byte_record, SD_MAX));

struct get_out {
    struct descriptor *sd;
    uint32_t result;
};
NDR_RECORD(get_out, get_out, NDR_SUB(NDR_PTR, get_out, sd, descriptor),
           NDR_F(NDR_U32, get_out, result));

static const struct {
    smbkit_status status;
    uint32_t result;
} results[] = {
    {SMBKIT_STATUS_SUCCESS, NERR_Success},
    {SMBKIT_STATUS_BAD_NETWORK_NAME, NERR_NetNameNotFound},
    {SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND, ERROR_FILE_NOT_FOUND},
    {SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND, ERROR_FILE_NOT_FOUND},
    {SMBKIT_STATUS_OBJECT_NAME_INVALID, ERROR_INVALID_NAME},
    {SMBKIT_STATUS_OBJECT_PATH_SYNTAX_BAD, ERROR_INVALID_NAME},
    {SMBKIT_STATUS_NAME_TOO_LONG, ERROR_INVALID_NAME},
    {SMBKIT_STATUS_ACCESS_DENIED, ERROR_ACCESS_DENIED},
    {SMBKIT_STATUS_PRIVILEGE_NOT_HELD, ERROR_PRIVILEGE_NOT_HELD},
    {SMBKIT_STATUS_STOPPED_ON_SYMLINK, ERROR_CANT_ACCESS_FILE},
    {SMBKIT_STATUS_INSUFFICIENT_RESOURCES, ERROR_NOT_ENOUGH_MEMORY},
    {SMBKIT_STATUS_NO_MEMORY, ERROR_NOT_ENOUGH_MEMORY},
};

static uint32_t result_of(smbkit_status status)
{
    for (size_t i = 0; i < ARRAY_LEN(results); i++)
        if (results[i].status == status)
            return results[i].result;
    return ERROR_GEN_FAILURE;
}

static uint32_t tell(struct rpc_call *call, struct get_out *o)
{
    const struct rpc_answer *a = call->answer;
    o->result = result_of(a->status);
    if (o->result != NERR_Success)
        return 0;
    o->sd = arena_alloc(call->arena, sizeof *o->sd);
    const uint8_t *bytes = arena_dup(call->arena, a->sd, a->sd_len);
    if (o->sd == NULL || bytes == NULL || a->sd_len > SD_MAX) {
        o->sd = NULL;
        o->result = ERROR_NOT_ENOUGH_MEMORY;
        return 0;
    }
    *o->sd = (struct descriptor){(uint32_t)a->sd_len, bytes};
    return 0;
}

/* Of a path without a share, which would be one of the server's own disks, there is nothing. */
static uint32_t get_file_security(struct rpc_call *call, const void *in, void *out)
{
    const struct get_in *q = in;
    struct get_out *o = out;
    if (call->answer != NULL)
        return tell(call, o);
    if (q->share == NULL || q->share[0] == '\0') {
        o->result = NERR_NetNameNotFound;
        return 0;
    }
    *call->question = (struct rpc_question){call->caller, q->share, q->path, q->info};
    return RPC_ASK;
}

const struct rpc_operation srvsvc_get_file_security = {"NetrpGetFileSecurity", &get_in, &get_out,
                                                       get_file_security};
