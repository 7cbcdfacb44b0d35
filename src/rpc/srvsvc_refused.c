// SPDX-License-Identifier: Apache-2.0
/*
 * Calls of srvsvc for which there is nothing here: the server's settings are those of its
 * configuration, it counts nothing for NetrServerStatisticsGet, has no transports to add, one name,
 * and no paths of its own ([MS-SRVS] 3.1.4.18, .20, .22, .23, .25, .26, .28 to .31, .33, .34, .44
 * to .46). "The methods MUST NOT throw an exception" (3.1.4), so each says so in its own form,
 * which also is what makes clients go on: a fault they take for a broken server.
 */
#include "rpc/list.h"
#include "rpc/srvsvc.h"

/* All that these answers consist of. */
struct refusal {
    const void *none;
    uint32_t zero;
    uint32_t count; /* of an array */
    const uint8_t *bytes;
    uint32_t result;
};
#define RESULT NDR_F(NDR_U32, refusal, result)
NDR_RECORD(result_only, refusal, RESULT);
NDR_RECORD(pointer_too, refusal, NDR_SUB(NDR_PTR, refusal, none, rpc_u32_record), RESULT);
NDR_RECORD(number_too, refusal, NDR_F(NDR_U32, refusal, zero), RESULT);

static uint32_t not_supported(struct rpc_call *call, const void *in, void *out)
{
    (void)call;
    (void)in;
    ((struct refusal *)out)->result = ERROR_NOT_SUPPORTED;
    return 0;
}

/* Not even to be tried by others than administrators. */
static uint32_t not_supported_order(struct rpc_call *call, const void *in, void *out)
{
    (void)in;
    ((struct refusal *)out)->result =
        call->caller->admin ? ERROR_NOT_SUPPORTED : ERROR_ACCESS_DENIED;
    return 0;
}

#define REFUSED(symbol, name, out, run) \
    const struct rpc_operation symbol = {name, NULL, &(out), run}

REFUSED(srvsvc_server_set_info, "NetrServerSetInfo", pointer_too, not_supported_order);
REFUSED(srvsvc_statistics_get, "NetrServerStatisticsGet", pointer_too, not_supported_order);
REFUSED(srvsvc_transport_add, "NetrServerTransportAdd", result_only, not_supported_order);
REFUSED(srvsvc_transport_del, "NetrServerTransportDel", result_only, not_supported_order);
REFUSED(srvsvc_transport_add_ex, "NetrServerTransportAddEx", result_only, not_supported_order);
REFUSED(srvsvc_transport_del_ex, "NetrServerTransportDelEx", result_only, not_supported_order);
REFUSED(srvsvc_set_file_security, "NetrpSetFileSecurity", result_only, not_supported_order);
REFUSED(srvsvc_alias_add, "NetrServerAliasAdd", result_only, not_supported_order);
REFUSED(srvsvc_alias_del, "NetrServerAliasDel", result_only, not_supported_order);
REFUSED(srvsvc_path_type, "NetprPathType", number_too, not_supported);
REFUSED(srvsvc_path_compare, "NetprPathCompare", result_only, not_supported);
REFUSED(srvsvc_name_compare, "NetprNameCompare", result_only, not_supported);

/* ---------------------------------------------------------------- with a buffer */

/* Clients have one of the size that they say, and want it back as large. */
#define BUFFER_MAX 64000u

struct rpc_unit {
    uint16_t value;
};
NDR_RECORD(unit_record, rpc_unit, NDR_F(NDR_U16, rpc_unit, value));

struct buffer_in {
    const char *server, *name;
    uint32_t size;
};
NDR_RECORD(buffer_in, buffer_in, NDR_F(NDR_WSTR, buffer_in, server),
           NDR_F(NDR_WSTR_REF, buffer_in, name), NDR_F(NDR_U32, buffer_in, size));
NDR_RECORD(path_out, refusal,
           NDR_A(NDR_ARRAY_REF, refusal, bytes, count, rpc_byte_record, BUFFER_MAX),
           NDR_F(NDR_U32, refusal, zero), RESULT);
NDR_RECORD(name_out, refusal, NDR_A(NDR_ARRAY_REF, refusal, bytes, count, unit_record, BUFFER_MAX),
           RESULT);

static uint32_t not_canonicalized(struct rpc_call *call, const void *in, void *out)
{
    const struct buffer_in *q = in;
    struct refusal *o = out;
    if (q->size > BUFFER_MAX)
        return RPC_FAULT_BAD_STUB_DATA;
    o->bytes = arena_array(call->arena, MAX(q->size, 1), sizeof(struct rpc_unit));
    if (o->bytes == NULL)
        return NCA_S_FAULT_NO_MEMORY;
    o->count = q->size;
    return not_supported(call, in, out);
}

const struct rpc_operation srvsvc_path_canonicalize = {"NetprPathCanonicalize", &buffer_in,
                                                       &path_out, not_canonicalized};
const struct rpc_operation srvsvc_name_canonicalize = {"NetprNameCanonicalize", &buffer_in,
                                                       &name_out, not_canonicalized};

/* ---------------------------------------------------------------- other names of the server */

/* [MS-SRVS] 2.2.4.102 */
struct alias {
    const char *name, *target;
    uint8_t is_default;
    uint32_t reserved;
};
NDR_RECORD(alias_0, alias, NDR_F(NDR_WSTR, alias, name), NDR_F(NDR_WSTR, alias, target),
           NDR_F(NDR_U8, alias, is_default), NDR_F(NDR_U32, alias, reserved));
RPC_ROWS(aliases_0, alias_0);
static const struct ndr_arm alias_lists[] = {{0, &aliases_0}, {0, NULL}};
RPC_LIST(alias_enum, alias_lists, RPC_LIST_SERVER);

static uint32_t alias_enum(struct rpc_call *call, const void *in, void *out)
{
    struct rpc_list_out *o = out;
    if (!rpc_list_level(alias_lists, in, o))
        return 0;
    if (!call->caller->admin)
        o->result = ERROR_ACCESS_DENIED;
    else
        rpc_list_answer(call, alias_lists, in, &(struct rpc_rows){0, NULL}, o);
    return 0;
}

const struct rpc_operation srvsvc_alias_enum = {"NetrServerAliasEnum", &alias_enum_in,
                                                &alias_enum_out, alias_enum};
