// SPDX-License-Identifier: Apache-2.0
/* Accounts ([MS-SAMR]): connecting, the two domains, and the table of calls. See samr.h. */
#include "rpc/samr.h"
#include "base/utf.h"
#include <string.h>

/* ---------------------------------------------------------------- what many calls share */

#define RECORD(name, ...) NDR_EXTERN_RECORD(name, name, __VA_ARGS__)

struct samr_number {
    uint32_t value;
};
RECORD(samr_number, NDR_F(NDR_U32, samr_number, value));
RECORD(samr_numbers, NDR_F(NDR_U32, samr_numbers, count),
       NDR_A(NDR_ARRAY, samr_numbers, v, count, samr_number, SAMR_ENTRIES_MAX));
RECORD(samr_text, NDR_F(NDR_USTR, samr_text, value));
RECORD(samr_handle_in, NDR_F(NDR_HANDLE, samr_handle_in, handle));
RECORD(samr_class_in, NDR_F(NDR_HANDLE, samr_class_in, handle),
       NDR_F(NDR_ENUM, samr_class_in, cls));
RECORD(samr_open_in, NDR_F(NDR_HANDLE, samr_open_in, handle), NDR_F(NDR_U32, samr_open_in, access),
       NDR_F(NDR_U32, samr_open_in, rid));
RECORD(samr_open_out, NDR_F(NDR_HANDLE, samr_open_out, handle),
       NDR_F(NDR_U32, samr_open_out, status));
RECORD(samr_entry, NDR_F(NDR_U32, samr_entry, rid), NDR_F(NDR_USTR, samr_entry, name));
RECORD(samr_entries, NDR_F(NDR_U32, samr_entries, count),
       NDR_A(NDR_ARRAY, samr_entries, v, count, samr_entry, SAMR_ENTRIES_MAX));
RECORD(samr_enum_out, NDR_F(NDR_U32, samr_enum_out, context),
       NDR_SUB(NDR_PTR, samr_enum_out, entries, samr_entries), NDR_F(NDR_U32, samr_enum_out, count),
       NDR_F(NDR_U32, samr_enum_out, status));

smbkit_status samr_answer_info(struct rpc_call *call, const struct ndr_arm *arms, uint32_t cls,
                               const void *arm, struct samr_info_out *out)
{
    struct samr_info *info = arena_alloc(call->arena, sizeof *info);
    if (ndr_arm_of(arms, cls) == NULL)
        return SMBKIT_STATUS_INVALID_INFO_CLASS;
    if (info == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    *info = (struct samr_info){cls, arm};
    out->info = info;
    return SMBKIT_STATUS_SUCCESS;
}

const struct rpc_person *samr_person(struct rpc_call *call, enum rpc_handle_kind kind,
                                     const uint8_t handle[RPC_HANDLE_SIZE])
{
    const struct rpc_handle *h = rpc_handle_find(call, kind, handle);
    struct rpc_people people;
    if (h == NULL || !rpc_people_get(call, &people))
        return NULL;
    return rpc_people_by_sid(&people, &h->sid);
}

/* ---------------------------------------------------------------- connecting */

struct revision {
    uint32_t revision, features;
};
NDR_RECORD(revision_record, revision, NDR_F(NDR_U32, revision, revision),
           NDR_F(NDR_U32, revision, features));
static const struct ndr_arm revision_arms[] = {{1, &revision_record}, {0, NULL}};
#define REVISION 3 /* strings and lookups as in Windows 2000 and later ([MS-SAMR] 2.2.7.15) */

struct unit {
    uint16_t value;
};
NDR_RECORD(unit_record, unit, NDR_F(NDR_U16, unit, value));

struct connect_in {
    struct unit *unit; /* of the oldest call: one character of a name */
    const char *server;
    uint32_t client_revision, access, version;
    const struct revision *revision;
};
NDR_RECORD(connect_in, connect_in, NDR_SUB(NDR_PTR, connect_in, unit, unit_record),
           NDR_F(NDR_U32, connect_in, access));
NDR_RECORD(connect2_in, connect_in, NDR_F(NDR_WSTR, connect_in, server),
           NDR_F(NDR_U32, connect_in, access));
NDR_RECORD(connect4_in, connect_in, NDR_F(NDR_WSTR, connect_in, server),
           NDR_F(NDR_U32, connect_in, client_revision), NDR_F(NDR_U32, connect_in, access));
NDR_RECORD(connect5_in, connect_in, NDR_F(NDR_WSTR, connect_in, server),
           NDR_F(NDR_U32, connect_in, access), NDR_F(NDR_U32, connect_in, version),
           NDR_U(NDR_UNION, connect_in, revision, version, revision_arms, 4));

struct connect5_out {
    uint32_t version;
    const struct revision *revision;
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t status;
};
NDR_RECORD(connect5_out, connect5_out, NDR_F(NDR_U32, connect5_out, version),
           NDR_U(NDR_UNION, connect5_out, revision, version, revision_arms, 4),
           NDR_F(NDR_HANDLE, connect5_out, handle), NDR_F(NDR_U32, connect5_out, status));

/* Accounts are nobody's business who has none. */
static smbkit_status open_server(struct rpc_call *call, uint8_t handle[RPC_HANDLE_SIZE])
{
    if (call->caller->anonymous || call->caller->guest)
        return SMBKIT_STATUS_ACCESS_DENIED;
    return rpc_handle_open(call, RPC_HANDLE_SERVER, NULL, handle);
}

static uint32_t connect_old(struct rpc_call *call, const void *in, void *out)
{
    struct samr_open_out *o = out;
    (void)in;
    o->status = open_server(call, o->handle);
    return 0;
}

static uint32_t connect5(struct rpc_call *call, const void *in, void *out)
{
    static const struct revision ours = {REVISION, 0};
    struct connect5_out *o = out;
    (void)in;
    o->version = 1;
    o->revision = &ours;
    o->status = open_server(call, o->handle);
    return 0;
}

static const struct rpc_operation samr_connect = {"SamrConnect", &connect_in, &samr_open_out,
                                                  connect_old};
static const struct rpc_operation samr_connect2 = {"SamrConnect2", &connect2_in, &samr_open_out,
                                                   connect_old};
static const struct rpc_operation samr_connect4 = {"SamrConnect4", &connect4_in, &samr_open_out,
                                                   connect_old};
static const struct rpc_operation samr_connect5 = {"SamrConnect5", &connect5_in, &connect5_out,
                                                   connect5};

/* ---------------------------------------------------------------- domains */

struct domains_in {
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t context, preferred;
};
NDR_RECORD(domains_in, domains_in, NDR_F(NDR_HANDLE, domains_in, handle),
           NDR_F(NDR_U32, domains_in, context), NDR_F(NDR_U32, domains_in, preferred));

static uint32_t enum_domains(struct rpc_call *call, const void *in, void *out)
{
    const struct domains_in *q = in;
    struct samr_enum_out *o = out;
    struct rpc_identity id = {0};
    struct samr_entries *entries = arena_alloc(call->arena, sizeof *entries);
    struct samr_entry *v = arena_array(call->arena, 2, sizeof *v);
    if (rpc_handle_find(call, RPC_HANDLE_SERVER, q->handle) == NULL)
        o->status = SMBKIT_STATUS_INVALID_HANDLE;
    else if (entries == NULL || v == NULL)
        o->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (o->status != SMBKIT_STATUS_SUCCESS)
        return 0;
    call->directory->identity(call->directory->ctx, &id);
    v[0].name = id.netbios;
    v[1].name = RPC_BUILTIN_NAME;
    *entries = (struct samr_entries){q->context == 0 ? 2 : 0, v};
    o->entries = entries;
    o->count = entries->count;
    o->context = 2;
    return 0;
}

static const struct rpc_operation samr_enum_domains = {"SamrEnumerateDomainsInSamServer",
                                                       &domains_in, &samr_enum_out, enum_domains};

struct lookup_in {
    uint8_t handle[RPC_HANDLE_SIZE];
    struct samr_text name;
};
NDR_RECORD(lookup_in, lookup_in, NDR_F(NDR_HANDLE, lookup_in, handle),
           NDR_SUB(NDR_STRUCT, lookup_in, name, samr_text));

struct lookup_out {
    const struct wire_sid *sid;
    uint32_t status;
};
NDR_RECORD(lookup_out, lookup_out, NDR_F(NDR_SID, lookup_out, sid),
           NDR_F(NDR_U32, lookup_out, status));

static bool is_called(const char *asked, const char *name)
{
    return asked != NULL && utf8_casecmp(asked, strlen(asked), name, strlen(name)) == 0;
}

static uint32_t lookup_domain(struct rpc_call *call, const void *in, void *out)
{
    const struct lookup_in *q = in;
    struct lookup_out *o = out;
    struct rpc_identity id = {0};
    struct wire_sid *sid = arena_alloc(call->arena, sizeof *sid);
    call->directory->identity(call->directory->ctx, &id);
    if (rpc_handle_find(call, RPC_HANDLE_SERVER, q->handle) == NULL)
        o->status = SMBKIT_STATUS_INVALID_HANDLE;
    else if (sid == NULL)
        o->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    else if (is_called(q->name.value, id.netbios))
        *sid = id.machine;
    else if (is_called(q->name.value, RPC_BUILTIN_NAME))
        *sid = rpc_builtin_sid;
    else
        o->status = SMBKIT_STATUS_NO_SUCH_DOMAIN;
    if (o->status == SMBKIT_STATUS_SUCCESS)
        o->sid = sid;
    return 0;
}

static const struct rpc_operation samr_lookup_domain = {"SamrLookupDomainInSamServer", &lookup_in,
                                                        &lookup_out, lookup_domain};

struct domain_in {
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t access;
    struct wire_sid sid;
};
NDR_RECORD(domain_in, domain_in, NDR_F(NDR_HANDLE, domain_in, handle),
           NDR_F(NDR_U32, domain_in, access), NDR_F(NDR_SID_REF, domain_in, sid));

static uint32_t open_domain(struct rpc_call *call, const void *in, void *out)
{
    const struct domain_in *q = in;
    struct samr_open_out *o = out;
    struct rpc_identity id = {0};
    call->directory->identity(call->directory->ctx, &id);
    if (rpc_handle_find(call, RPC_HANDLE_SERVER, q->handle) == NULL)
        o->status = SMBKIT_STATUS_INVALID_HANDLE;
    else if (!wire_sid_equal(&q->sid, &id.machine) && !wire_sid_equal(&q->sid, &rpc_builtin_sid))
        o->status = SMBKIT_STATUS_NO_SUCH_DOMAIN;
    else
        o->status = rpc_handle_open(call, RPC_HANDLE_DOMAIN, &q->sid, o->handle);
    return 0;
}

static const struct rpc_operation samr_open_domain = {"SamrOpenDomain", &domain_in, &samr_open_out,
                                                      open_domain};

/* ---------------------------------------------------------------- the interface */

static const struct rpc_operation *const operations[] = {
    [0] = &samr_connect,        [1] = &rpc_close_handle,
    [5] = &samr_lookup_domain,  [6] = &samr_enum_domains,
    [7] = &samr_open_domain,    [8] = &samr_query_domain,
    [11] = &samr_enum_groups,   [13] = &samr_enum_users,
    [15] = &samr_enum_aliases,  [16] = &samr_get_alias_membership,
    [17] = &samr_lookup_names,  [18] = &samr_lookup_ids,
    [19] = &samr_open_group,    [20] = &samr_query_group,
    [25] = &samr_group_members, [27] = &samr_open_alias,
    [28] = &samr_query_alias,   [33] = &samr_alias_members,
    [34] = &samr_open_user,     [36] = &samr_query_user,
    [39] = &samr_user_groups,   [40] = &samr_query_display,
    [46] = &samr_query_domain,  [47] = &samr_query_user,
    [48] = &samr_query_display, [51] = &samr_query_display,
    [57] = &samr_connect2,      [62] = &samr_connect4,
    [64] = &samr_connect5,      [65] = &samr_rid_to_sid,
};

const struct rpc_interface rpc_samr = {
    .name = "samr",
    .syntax = {RPC_UUID(0x12345778, 0x1234, 0xabcd, 0xef, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xac),
               1},
    .operations = operations,
    .count = ARRAY_LEN(operations),
};
