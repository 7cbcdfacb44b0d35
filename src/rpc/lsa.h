// SPDX-License-Identifier: Apache-2.0
/* What the files of lsarpc share: its operations ([MS-LSAD], [MS-LSAT]). */
#ifndef RPC_LSA_H
#define RPC_LSA_H

#include "rpc/handles.h"
#include "rpc/people.h"

/* lsa.c */
extern const struct rpc_operation lsa_open_policy, lsa_open_policy2, lsa_query_policy,
    lsa_query_policy2, lsa_get_user_name, lsa_enum_trusts;
/* lsa_lookup.c */
extern const struct rpc_operation lsa_lookup_names, lsa_lookup_sids, lsa_lookup_sids2,
    lsa_lookup_names2, lsa_lookup_names3, lsa_lookup_sids3, lsa_lookup_names4;

#endif
