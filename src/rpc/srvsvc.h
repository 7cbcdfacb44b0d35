// SPDX-License-Identifier: Apache-2.0
/* What the files of srvsvc share: its operations, by family ([MS-SRVS] 3.1.4). */
#ifndef RPC_SRVSVC_H
#define RPC_SRVSVC_H

#include "rpc/iface.h"

/* The answer of calls that say no more than whether it was done. */
struct srvsvc_result {
    uint32_t result;
};
extern const struct ndr_record srvsvc_result;

/* srvsvc_session.c */
extern const struct rpc_operation srvsvc_connection_enum, srvsvc_file_enum, srvsvc_file_get_info,
    srvsvc_file_close, srvsvc_session_enum, srvsvc_session_del;
/* srvsvc_share.c */
extern const struct rpc_operation srvsvc_share_enum, srvsvc_share_enum_sticky,
    srvsvc_share_get_info, srvsvc_share_check;
extern const struct ndr_arm srvsvc_share_infos[]; /* SHARE_INFO, of a struct rpc_share */
/* Of those that the caller sees. NERR_Success, or why there is none. */
uint32_t srvsvc_find_share(struct rpc_call *call, const char *name, const struct rpc_share **out);
/* srvsvc_share_set.c */
extern const struct rpc_operation srvsvc_share_add, srvsvc_share_set_info;
/* What the answer to an order is called there. */
uint32_t srvsvc_share_error(smbkit_status status);
/* srvsvc_share_del.c */
extern const struct rpc_operation srvsvc_share_del, srvsvc_share_del_sticky, srvsvc_share_del_start,
    srvsvc_share_del_commit, srvsvc_share_del_ex;
/* srvsvc_server.c */
extern const struct rpc_operation srvsvc_server_get_info, srvsvc_remote_tod, srvsvc_transport_enum,
    srvsvc_disk_enum, srvsvc_name_validate;
/* srvsvc_file.c */
extern const struct rpc_operation srvsvc_get_file_security;
/* srvsvc_refused.c: what is not to be had here */
extern const struct rpc_operation srvsvc_server_set_info, srvsvc_statistics_get,
    srvsvc_transport_add, srvsvc_transport_del, srvsvc_transport_add_ex, srvsvc_transport_del_ex,
    srvsvc_set_file_security, srvsvc_path_type, srvsvc_path_canonicalize, srvsvc_path_compare,
    srvsvc_name_canonicalize, srvsvc_name_compare, srvsvc_alias_add, srvsvc_alias_enum,
    srvsvc_alias_del;

#endif
