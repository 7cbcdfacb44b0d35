// SPDX-License-Identifier: Apache-2.0
/* The Local Security Authority ([MS-LSAD]): what the machine is called, and its table of calls. */
#include "rpc/lsa.h"
#include <string.h>

/* ---------------------------------------------------------------- open */

struct qos {
    uint32_t length, level;
    uint8_t tracking, effective;
};
NDR_RECORD(qos_record, qos, NDR_F(NDR_U32, qos, length), NDR_F(NDR_ENUM, qos, level),
           NDR_F(NDR_U8, qos, tracking), NDR_F(NDR_U8, qos, effective));

/* LSAPR_OBJECT_ATTRIBUTES ([MS-LSAD] 2.2.9): ignored, and pointers but the last are NULL. */
struct attributes {
    uint32_t length, flags;
    const void *root, *name, *sd;
    struct qos *qos;
};
NDR_RECORD(attributes_record, attributes, NDR_F(NDR_U32, attributes, length),
           NDR_F(NDR_NULL, attributes, root), NDR_F(NDR_NULL, attributes, name),
           NDR_F(NDR_U32, attributes, flags), NDR_F(NDR_NULL, attributes, sd),
           NDR_SUB(NDR_PTR, attributes, qos, qos_record));

struct unit {
    uint16_t value;
};
NDR_RECORD(unit_record, unit, NDR_F(NDR_U16, unit, value));

struct open_in {
    const char *system;
    struct unit *unit; /* of the older call: one character of a name */
    struct attributes attributes;
    uint32_t access;
};
NDR_RECORD(open_in, open_in, NDR_SUB(NDR_PTR, open_in, unit, unit_record),
           NDR_SUB(NDR_STRUCT, open_in, attributes, attributes_record),
           NDR_F(NDR_U32, open_in, access));
NDR_RECORD(open2_in, open_in, NDR_F(NDR_WSTR, open_in, system),
           NDR_SUB(NDR_STRUCT, open_in, attributes, attributes_record),
           NDR_F(NDR_U32, open_in, access));

struct open_out {
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t status;
};
NDR_RECORD(open_out, open_out, NDR_F(NDR_HANDLE, open_out, handle),
           NDR_F(NDR_U32, open_out, status));

static uint32_t open_policy(struct rpc_call *call, const void *in, void *out)
{
    struct open_out *o = out;
    (void)in;
    o->status = call->caller->anonymous ? SMBKIT_STATUS_ACCESS_DENIED
                                        : rpc_handle_open(call, RPC_HANDLE_POLICY, NULL, o->handle);
    return 0;
}

const struct rpc_operation lsa_open_policy = {"LsarOpenPolicy", &open_in, &open_out, open_policy};
const struct rpc_operation lsa_open_policy2 = {"LsarOpenPolicy2", &open2_in, &open_out,
                                               open_policy};

/* ---------------------------------------------------------------- query */

struct domain_info {
    const char *name, *dns_domain, *dns_forest;
    struct guid guid;
    const struct wire_sid *sid;
};
NDR_RECORD(account_domain, domain_info, NDR_F(NDR_USTR, domain_info, name),
           NDR_F(NDR_SID, domain_info, sid));
NDR_RECORD(dns_domain, domain_info, NDR_F(NDR_USTR, domain_info, name),
           NDR_F(NDR_USTR, domain_info, dns_domain), NDR_F(NDR_USTR, domain_info, dns_forest),
           NDR_F(NDR_GUID, domain_info, guid), NDR_F(NDR_SID, domain_info, sid));

struct role_info {
    uint32_t role;
};
NDR_RECORD(server_role, role_info, NDR_F(NDR_ENUM, role_info, role));
#define POLICY_ROLE_PRIMARY 3

/* POLICY_INFORMATION_CLASS ([MS-LSAD] 2.2.4.1) */
enum {
    PolicyPrimaryDomainInformation = 3,
    PolicyAccountDomainInformation = 5,
    PolicyLsaServerRoleInformation = 6,
    PolicyDnsDomainInformation = 12,
    PolicyDnsDomainInformationInt = 13,
    PolicyLocalAccountDomainInformation = 14,
};
static const struct ndr_arm policy_arms[] = {
    {PolicyPrimaryDomainInformation, &account_domain},
    {PolicyAccountDomainInformation, &account_domain},
    {PolicyLsaServerRoleInformation, &server_role},
    {PolicyDnsDomainInformation, &dns_domain},
    {PolicyDnsDomainInformationInt, &dns_domain},
    {PolicyLocalAccountDomainInformation, &account_domain},
    {0, NULL},
};

struct policy {
    uint32_t cls;
    void *arm;
};
NDR_RECORD(policy_record, policy, NDR_U(NDR_UNION, policy, arm, cls, policy_arms, 2));

struct query_in {
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t cls;
};
NDR_RECORD(query_in, query_in, NDR_F(NDR_HANDLE, query_in, handle), NDR_F(NDR_ENUM, query_in, cls));

struct query_out {
    struct policy *policy;
    uint32_t status;
};
NDR_RECORD(query_out, query_out, NDR_SUB(NDR_PTR, query_out, policy, policy_record),
           NDR_F(NDR_U32, query_out, status));

/* The accounts are the machine's own; it is in a workgroup, so the primary domain has no SID. */
static bool fill_policy(struct rpc_call *call, struct policy *p)
{
    struct rpc_identity id = {0};
    struct domain_info *d = arena_alloc(call->arena, sizeof *d);
    struct role_info *role = arena_alloc(call->arena, sizeof *role);
    struct wire_sid *sid = arena_alloc(call->arena, sizeof *sid);
    if (d == NULL || role == NULL || sid == NULL)
        return false;
    call->directory->identity(call->directory->ctx, &id);
    *sid = id.machine;
    role->role = POLICY_ROLE_PRIMARY;
    bool own =
        p->cls == PolicyAccountDomainInformation || p->cls == PolicyLocalAccountDomainInformation;
    *d = (struct domain_info){.name = own ? id.netbios : id.workgroup, .sid = own ? sid : NULL};
    p->arm = p->cls == PolicyLsaServerRoleInformation ? (void *)role : d;
    return true;
}

static uint32_t query_policy(struct rpc_call *call, const void *in, void *out)
{
    const struct query_in *q = in;
    struct query_out *o = out;
    struct policy *p = arena_alloc(call->arena, sizeof *p);
    if (rpc_handle_find(call, RPC_HANDLE_POLICY, q->handle) == NULL)
        o->status = SMBKIT_STATUS_INVALID_HANDLE;
    else if (ndr_arm_of(policy_arms, q->cls) == NULL)
        o->status = SMBKIT_STATUS_INVALID_PARAMETER;
    else if (p == NULL)
        o->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (o->status != SMBKIT_STATUS_SUCCESS)
        return 0;
    p->cls = q->cls;
    if (fill_policy(call, p))
        o->policy = p;
    else
        o->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    return 0;
}

const struct rpc_operation lsa_query_policy = {"LsarQueryInformationPolicy", &query_in, &query_out,
                                               query_policy};
const struct rpc_operation lsa_query_policy2 = {"LsarQueryInformationPolicy2", &query_in,
                                                &query_out, query_policy};

/* ---------------------------------------------------------------- who am I */

struct text {
    const char *value;
};
NDR_RECORD(text_record, text, NDR_F(NDR_USTR, text, value));

struct text_pointer {
    struct text *text;
};
NDR_RECORD(text_pointer, text_pointer, NDR_SUB(NDR_PTR, text_pointer, text, text_record));

struct user_in {
    const char *system;
    struct text *user;
    struct text_pointer *domain;
};
NDR_RECORD(user_in, user_in, NDR_F(NDR_WSTR, user_in, system),
           NDR_SUB(NDR_PTR, user_in, user, text_record),
           NDR_SUB(NDR_PTR, user_in, domain, text_pointer));

struct user_out {
    struct text *user;
    struct text_pointer *domain;
    uint32_t status;
};
NDR_RECORD(user_out, user_out, NDR_SUB(NDR_PTR, user_out, user, text_record),
           NDR_SUB(NDR_PTR, user_out, domain, text_pointer), NDR_F(NDR_U32, user_out, status));

/* [MS-LSAT] 3.1.4.2: the caller's name, and his domain's when he asks for it. */
static uint32_t get_user_name(struct rpc_call *call, const void *in, void *out)
{
    const struct user_in *q = in;
    struct user_out *o = out;
    struct rpc_identity id = {0};
    struct text *user = arena_alloc(call->arena, sizeof *user);
    struct text *domain = arena_alloc(call->arena, sizeof *domain);
    struct text_pointer *pointer = arena_alloc(call->arena, sizeof *pointer);
    if (user == NULL || domain == NULL || pointer == NULL) {
        o->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
        return 0;
    }
    call->directory->identity(call->directory->ctx, &id);
    bool anonymous = call->caller->anonymous;
    user->value = anonymous ? "ANONYMOUS LOGON" : call->caller->user;
    domain->value = anonymous ? "NT AUTHORITY" : id.netbios;
    pointer->text = domain;
    o->user = user;
    o->domain = q->domain != NULL ? pointer : NULL;
    return 0;
}

const struct rpc_operation lsa_get_user_name = {"LsarGetUserName", &user_in, &user_out,
                                                get_user_name};

/* ---------------------------------------------------------------- trusted domains */

struct trusts_in {
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t context, preferred;
};
NDR_RECORD(trusts_in, trusts_in, NDR_F(NDR_HANDLE, trusts_in, handle),
           NDR_F(NDR_U32, trusts_in, context), NDR_F(NDR_U32, trusts_in, preferred));

struct trusts_out {
    uint32_t context, count;
    const void *none;
    uint32_t status;
};
NDR_RECORD(trusts_out, trusts_out, NDR_F(NDR_U32, trusts_out, context),
           NDR_F(NDR_U32, trusts_out, count), NDR_F(NDR_NULL, trusts_out, none),
           NDR_F(NDR_U32, trusts_out, status));

/* There are none. */
static uint32_t enum_trusts(struct rpc_call *call, const void *in, void *out)
{
    const struct trusts_in *q = in;
    struct trusts_out *o = out;
    o->status = rpc_handle_find(call, RPC_HANDLE_POLICY, q->handle) != NULL
                    ? SMBKIT_STATUS_NO_MORE_ENTRIES
                    : SMBKIT_STATUS_INVALID_HANDLE;
    return 0;
}

const struct rpc_operation lsa_enum_trusts = {"LsarEnumerateTrustedDomains", &trusts_in,
                                              &trusts_out, enum_trusts};

/* ---------------------------------------------------------------- the interface */

static const struct rpc_operation *const operations[] = {
    [0] = &rpc_close_handle,   [6] = &lsa_open_policy,    [7] = &lsa_query_policy,
    [13] = &lsa_enum_trusts,   [14] = &lsa_lookup_names,  [15] = &lsa_lookup_sids,
    [44] = &lsa_open_policy2,  [45] = &lsa_get_user_name, [46] = &lsa_query_policy2,
    [50] = &lsa_enum_trusts,   [57] = &lsa_lookup_sids2,  [58] = &lsa_lookup_names2,
    [68] = &lsa_lookup_names3, [76] = &lsa_lookup_sids3,  [77] = &lsa_lookup_names4,
};

const struct rpc_interface rpc_lsarpc = {
    .name = "lsarpc",
    .syntax = {RPC_UUID(0x12345778, 0x1234, 0xabcd, 0xef, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab),
               0},
    .operations = operations,
    .count = ARRAY_LEN(operations),
};
