// SPDX-License-Identifier: Apache-2.0
/* The Server Service ([MS-SRVS]): its table of operations. */
#include "rpc/srvsvc.h"

NDR_EXTERN_RECORD(srvsvc_result, srvsvc_result, NDR_F(NDR_U32, srvsvc_result, result));

/* Without 43 to 52, which are about DFS: "an implementation MAY choose" ([MS-SRVS] 3.1.4). */
static const struct rpc_operation *const operations[] = {
    [8] = &srvsvc_connection_enum,    [9] = &srvsvc_file_enum,
    [10] = &srvsvc_file_get_info,     [11] = &srvsvc_file_close,
    [12] = &srvsvc_session_enum,      [13] = &srvsvc_session_del,
    [14] = &srvsvc_share_add,         [15] = &srvsvc_share_enum,
    [16] = &srvsvc_share_get_info,    [17] = &srvsvc_share_set_info,
    [18] = &srvsvc_share_del,         [19] = &srvsvc_share_del_sticky,
    [20] = &srvsvc_share_check,       [21] = &srvsvc_server_get_info,
    [22] = &srvsvc_server_set_info,   [23] = &srvsvc_disk_enum,
    [24] = &srvsvc_statistics_get,    [25] = &srvsvc_transport_add,
    [26] = &srvsvc_transport_enum,    [27] = &srvsvc_transport_del,
    [28] = &srvsvc_remote_tod,        [30] = &srvsvc_path_type,
    [31] = &srvsvc_path_canonicalize, [32] = &srvsvc_path_compare,
    [33] = &srvsvc_name_validate,     [34] = &srvsvc_name_canonicalize,
    [35] = &srvsvc_name_compare,      [36] = &srvsvc_share_enum_sticky,
    [37] = &srvsvc_share_del_start,   [38] = &srvsvc_share_del_commit,
    [39] = &srvsvc_get_file_security, [40] = &srvsvc_set_file_security,
    [41] = &srvsvc_transport_add_ex,  [53] = &srvsvc_transport_del_ex,
    [54] = &srvsvc_alias_add,         [55] = &srvsvc_alias_enum,
    [56] = &srvsvc_alias_del,         [57] = &srvsvc_share_del_ex,
};

const struct rpc_interface rpc_srvsvc = {
    .name = "srvsvc",
    .syntax = {RPC_UUID(0x4b324fc8, 0x1670, 0x01d3, 0x12, 0x78, 0x5a, 0x47, 0xbf, 0x6e, 0xe1, 0x88),
               3},
    .operations = operations,
    .count = ARRAY_LEN(operations),
};
