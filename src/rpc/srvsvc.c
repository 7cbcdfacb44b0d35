// SPDX-License-Identifier: Apache-2.0
/* The Server Service ([MS-SRVS]): its table of operations. */
#include "rpc/srvsvc.h"

NDR_EXTERN_RECORD(srvsvc_result, srvsvc_result, NDR_F(NDR_U32, srvsvc_result, result));

static const struct rpc_operation *const operations[] = {
    [8] = &srvsvc_connection_enum,  [9] = &srvsvc_file_enum,       [10] = &srvsvc_file_get_info,
    [11] = &srvsvc_file_close,      [12] = &srvsvc_session_enum,   [13] = &srvsvc_session_del,
    [15] = &srvsvc_share_enum,      [16] = &srvsvc_share_get_info, [20] = &srvsvc_share_check,
    [21] = &srvsvc_server_get_info, [23] = &srvsvc_disk_enum,      [26] = &srvsvc_transport_enum,
    [28] = &srvsvc_remote_tod,      [33] = &srvsvc_name_validate,  [36] = &srvsvc_share_enum_sticky,
    [14] = &srvsvc_share_add,       [17] = &srvsvc_share_set_info, [18] = &srvsvc_share_del,
};

const struct rpc_interface rpc_srvsvc = {
    .name = "srvsvc",
    .syntax = {RPC_UUID(0x4b324fc8, 0x1670, 0x01d3, 0x12, 0x78, 0x5a, 0x47, 0xbf, 0x6e, 0xe1, 0x88),
               3},
    .operations = operations,
    .count = ARRAY_LEN(operations),
};
