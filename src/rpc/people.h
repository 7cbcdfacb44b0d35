// SPDX-License-Identifier: Apache-2.0
/*
 * Security identifiers and their names: the machine's accounts, its groups, and those that every
 * system knows ([MS-DTYP] 2.4.2.4, [MS-LSAT] 3.1.1.1).
 */
#ifndef RPC_PEOPLE_H
#define RPC_PEOPLE_H

#include "rpc/iface.h"

/* SID_NAME_USE ([MS-SAMR] 2.2.2.3) */
enum sid_name_use {
    SidTypeUser = 1,
    SidTypeGroup,
    SidTypeDomain,
    SidTypeAlias,
    SidTypeWellKnownGroup,
    SidTypeDeletedAccount,
    SidTypeInvalid,
    SidTypeUnknown,
};

#define RID_GUEST      501u
#define RID_GROUP_NONE 513u
#define RID_USERS      545u

struct rpc_person {
    enum sid_name_use use;
    const char *name;
    struct wire_sid sid;
    const char *domain; /* "" for those that belong nowhere */
    struct wire_sid domain_sid;
    const char *comment;
    bool disabled;
};

/* A snapshot, in the arena of the call. */
struct rpc_people {
    struct rpc_identity identity;
    uint32_t count;
    struct rpc_person *v; /* the machine's users first, then its groups, then all others */
    uint32_t users;
};

/* The domain of what a machine has of its own: BUILTIN. */
extern const struct wire_sid rpc_builtin_sid;
#define RPC_BUILTIN_NAME "Builtin"

/* An element of lists: SAMPR_SID_INFORMATION ([MS-SAMR] 2.2.7.6), LSAPR_SID_INFORMATION ([MS-LSAT]
   2.2.17). */
struct rpc_sid_pointer {
    const struct wire_sid *sid;
};
extern const struct ndr_record rpc_sid_pointer;

/* False: memory is out. */
NODISCARD bool rpc_people_get(struct rpc_call *call, struct rpc_people *out);
const struct rpc_person *rpc_people_by_sid(const struct rpc_people *p, const struct wire_sid *sid);
/* "name" or "domain\name". */
const struct rpc_person *rpc_people_by_name(const struct rpc_people *p, const char *name);
/* The last number, which tells an account in its domain. */
uint32_t rpc_rid(const struct wire_sid *sid);
struct wire_sid rpc_sid_in(const struct wire_sid *domain, uint32_t rid);
/* The SID without its last number. */
struct wire_sid rpc_sid_parent(const struct wire_sid *sid);

#endif
