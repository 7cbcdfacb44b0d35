// SPDX-License-Identifier: Apache-2.0
/* What the files of srvsvc share: its operations, by family ([MS-SRVS] 3.1.4). */
#ifndef RPC_SRVSVC_H
#define RPC_SRVSVC_H

#include "rpc/iface.h"

/* srvsvc_session.c */
extern const struct rpc_operation srvsvc_connection_enum, srvsvc_file_enum, srvsvc_file_get_info,
    srvsvc_file_close, srvsvc_session_enum, srvsvc_session_del;
/* srvsvc_share.c */
extern const struct rpc_operation srvsvc_share_enum, srvsvc_share_enum_sticky,
    srvsvc_share_get_info, srvsvc_share_check;
/* srvsvc_server.c */
extern const struct rpc_operation srvsvc_server_get_info, srvsvc_remote_tod, srvsvc_transport_enum,
    srvsvc_disk_enum, srvsvc_name_validate;

#endif
