// SPDX-License-Identifier: Apache-2.0
/* What the files of srvsvc share: its operations, by family ([MS-SRVS] 3.1.4). */
#ifndef RPC_SRVSVC_H
#define RPC_SRVSVC_H

#include "rpc/iface.h"

/* srvsvc_share.c */
extern const struct rpc_operation srvsvc_share_enum, srvsvc_share_enum_sticky,
    srvsvc_share_get_info;
/* srvsvc_server.c */
extern const struct rpc_operation srvsvc_server_get_info, srvsvc_remote_tod;

#endif
