// SPDX-License-Identifier: Apache-2.0
/* The pipes that there are. Others are not found, whatever a client may call them. */
#include "base/utf.h"
#include "rpc/iface.h"
#include "rpc/rpc.h"
#include <string.h>

static const struct rpc_endpoint endpoints[] = {
    {"srvsvc", "\\PIPE\\srvsvc", {&rpc_srvsvc, &rpc_mgmt}},
    {"lsarpc", "\\PIPE\\lsass", {&rpc_lsarpc, &rpc_mgmt}},
    {"samr", "\\PIPE\\lsass", {&rpc_samr, &rpc_mgmt}},
    {"lsass", "\\PIPE\\lsass", {&rpc_lsarpc, &rpc_samr, &rpc_mgmt}},
    {"wkssvc", "\\PIPE\\wkssvc", {&rpc_wkssvc, &rpc_mgmt}},
    /* asked for by tools that take every server for Windows: there, but nobody answers */
    {"svcctl", "\\PIPE\\svcctl", {&rpc_mgmt}},
    {"winreg", "\\PIPE\\winreg", {&rpc_mgmt}},
};

const struct rpc_endpoint *rpc_endpoint_find(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(endpoints); i++)
        if (utf8_casecmp(endpoints[i].name, strlen(endpoints[i].name), name, len) == 0)
            return &endpoints[i];
    return NULL;
}

const char *rpc_endpoint_name(const struct rpc_endpoint *e)
{
    return e->name;
}
