// SPDX-License-Identifier: Apache-2.0
/* Users, groups and aliases, one at a time ([MS-SAMR] 3.1.5.1, 3.1.5.5, 3.1.5.8). */
#include "rpc/samr.h"

/* ---------------------------------------------------------------- opening */

static smbkit_status open_person(struct rpc_call *call, const struct samr_open_in *q,
                                 enum sid_name_use use, enum rpc_handle_kind kind,
                                 smbkit_status none, uint8_t handle[RPC_HANDLE_SIZE])
{
    const struct rpc_handle *domain = rpc_handle_find(call, RPC_HANDLE_DOMAIN, q->handle);
    struct rpc_people people;
    if (domain == NULL)
        return SMBKIT_STATUS_INVALID_HANDLE;
    if (!rpc_people_get(call, &people))
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    const struct wire_sid sid = rpc_sid_in(&domain->sid, q->rid);
    const struct rpc_person *who = rpc_people_by_sid(&people, &sid);
    if (who == NULL || who->use != use)
        return none;
    return rpc_handle_open(call, kind, &sid, handle);
}

static uint32_t open_user(struct rpc_call *call, const void *in, void *out)
{
    struct samr_open_out *o = out;
    o->status =
        open_person(call, in, SidTypeUser, RPC_HANDLE_USER, SMBKIT_STATUS_NO_SUCH_USER, o->handle);
    return 0;
}

static uint32_t open_group(struct rpc_call *call, const void *in, void *out)
{
    struct samr_open_out *o = out;
    o->status = open_person(call, in, SidTypeGroup, RPC_HANDLE_GROUP, SMBKIT_STATUS_NO_SUCH_GROUP,
                            o->handle);
    return 0;
}

static uint32_t open_alias(struct rpc_call *call, const void *in, void *out)
{
    struct samr_open_out *o = out;
    o->status = open_person(call, in, SidTypeAlias, RPC_HANDLE_ALIAS, SMBKIT_STATUS_NO_SUCH_ALIAS,
                            o->handle);
    return 0;
}

const struct rpc_operation samr_open_user = {"SamrOpenUser", &samr_open_in, &samr_open_out,
                                             open_user};
const struct rpc_operation samr_open_group = {"SamrOpenGroup", &samr_open_in, &samr_open_out,
                                              open_group};
const struct rpc_operation samr_open_alias = {"SamrOpenAlias", &samr_open_in, &samr_open_out,
                                              open_alias};

/* ---------------------------------------------------------------- users */

#define HOURS_BYTES_MAX 1260u /* what the array on the wire is announced as */
#define HOURS_PER_WEEK  168u

struct hours {
    uint16_t units;
    uint32_t bytes;
    const uint8_t *v;
};
/* SAMPR_LOGON_HOURS ([MS-SAMR] 2.2.6.5) */
NDR_RECORD(hours_record, hours, NDR_F(NDR_U16, hours, units),
           {NDR_VARYING, offsetof(struct hours, v), offsetof(struct hours, bytes), &rpc_byte_record,
            NULL, HOURS_BYTES_MAX, HOURS_BYTES_MAX});

/* RPC_SHORT_BLOB, always empty: a hash of a password. */
struct blob {
    uint16_t length, maximum;
    const void *none;
};
NDR_RECORD(blob_record, blob, NDR_F(NDR_U16, blob, length), NDR_F(NDR_U16, blob, maximum),
           NDR_F(NDR_NULL, blob, none));

struct descriptor {
    uint32_t length;
    const void *none;
};
NDR_RECORD(descriptor_record, descriptor, NDR_F(NDR_U32, descriptor, length),
           NDR_F(NDR_NULL, descriptor, none));

struct user {
    uint64_t zero, never;
    const char *name, *full, *comment, *empty;
    uint32_t rid, group, control, fields;
    uint16_t zero16;
    uint8_t no, yes;
    struct hours hours;
    struct blob blob;
    struct descriptor sd;
};
#define U(kind, member) NDR_F(kind, user, member)
#define EMPTY           U(NDR_USTR, empty)
#define TIME            U(NDR_TIME, zero)
#define HOURS           NDR_SUB(NDR_STRUCT, user, hours, hours_record)
#define COUNTS          U(NDR_U16, zero16), U(NDR_U16, zero16)
#define WHO             U(NDR_USTR, name), U(NDR_USTR, full), U(NDR_U32, rid), U(NDR_U32, group)
#define PLACES          EMPTY, EMPTY, EMPTY, EMPTY

/* [MS-SAMR] 2.2.6.6 to 2.2.6.21 */
NDR_RECORD(user_general, user, U(NDR_USTR, name), U(NDR_USTR, full), U(NDR_U32, group),
           U(NDR_USTR, comment), EMPTY);
NDR_RECORD(user_preferences, user, EMPTY, EMPTY, COUNTS);
NDR_RECORD(user_logon, user, WHO, PLACES, EMPTY, TIME, TIME, TIME, TIME, U(NDR_TIME, never), HOURS,
           COUNTS, U(NDR_U32, control));
NDR_RECORD(user_hours, user, HOURS);
NDR_RECORD(user_account, user, WHO, PLACES, U(NDR_USTR, comment), EMPTY, TIME, TIME, HOURS, COUNTS,
           TIME, U(NDR_TIME, never), U(NDR_U32, control));
NDR_RECORD(user_names, user, U(NDR_USTR, name), U(NDR_USTR, full));
NDR_RECORD(user_name, user, U(NDR_USTR, name));
NDR_RECORD(user_full_name, user, U(NDR_USTR, full));
NDR_RECORD(user_group, user, U(NDR_U32, group));
NDR_RECORD(user_home, user, EMPTY, EMPTY);
NDR_RECORD(user_empty, user, EMPTY);
NDR_RECORD(user_comment, user, U(NDR_USTR, comment));
NDR_RECORD(user_control, user, U(NDR_U32, control));
NDR_RECORD(user_expires, user, U(NDR_TIME, never));
NDR_RECORD(user_all, user, TIME, TIME, TIME, U(NDR_TIME, never), TIME, U(NDR_TIME, never),
           U(NDR_USTR, name), U(NDR_USTR, full), PLACES, U(NDR_USTR, comment), EMPTY, EMPTY, EMPTY,
           NDR_SUB(NDR_STRUCT, user, blob, blob_record),
           NDR_SUB(NDR_STRUCT, user, blob, blob_record), EMPTY,
           NDR_SUB(NDR_STRUCT, user, sd, descriptor_record), U(NDR_U32, rid), U(NDR_U32, group),
           U(NDR_U32, control), U(NDR_U32, fields), HOURS, COUNTS, COUNTS, U(NDR_U8, no),
           U(NDR_U8, yes), U(NDR_U8, no), U(NDR_U8, no));

static const struct ndr_arm user_arms[] = {
    {1, &user_general},  {2, &user_preferences}, {3, &user_logon},    {4, &user_hours},
    {5, &user_account},  {6, &user_names},       {7, &user_name},     {8, &user_full_name},
    {9, &user_group},    {10, &user_home},       {11, &user_empty},   {12, &user_empty},
    {13, &user_comment}, {14, &user_empty},      {16, &user_control}, {17, &user_expires},
    {20, &user_empty},   {21, &user_all},        {0, NULL},
};
SAMR_INFO_OUT(user_out, user_arms);

#define NEVER      0x7fffffffffffffffull
#define FIELDS_ALL 0x00ffffffu /* what UserAllInformation says is there: all that is no secret */

static void describe_user(const struct rpc_person *who, struct user *u)
{
    static const uint8_t always[HOURS_PER_WEEK / 8] = {255, 255, 255, 255, 255, 255, 255,
                                                       255, 255, 255, 255, 255, 255, 255,
                                                       255, 255, 255, 255, 255, 255, 255};
    *u = (struct user){
        .never = NEVER,
        .name = who->name,
        .full = "",
        .comment = who->comment,
        .empty = "",
        .rid = rpc_rid(&who->sid),
        .group = RID_GROUP_NONE,
        .control = USER_NORMAL_ACCOUNT | (who->disabled ? USER_ACCOUNT_DISABLED : 0),
        .fields = FIELDS_ALL,
        .yes = 1,
        .hours = {HOURS_PER_WEEK, sizeof always, always},
    };
}

static uint32_t query_user(struct rpc_call *call, const void *in, void *out)
{
    const struct samr_class_in *q = in;
    struct samr_info_out *o = out;
    struct user *u = arena_alloc(call->arena, sizeof *u);
    const struct rpc_person *who = samr_person(call, RPC_HANDLE_USER, q->handle);
    if (who == NULL)
        o->status = SMBKIT_STATUS_INVALID_HANDLE;
    else if (u == NULL)
        o->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (o->status != SMBKIT_STATUS_SUCCESS)
        return 0;
    describe_user(who, u);
    o->status = samr_answer_info(call, user_arms, q->cls, u, o);
    return 0;
}

const struct rpc_operation samr_query_user = {"SamrQueryInformationUser", &samr_class_in, &user_out,
                                              query_user};

/* ---------------------------------------------------------------- groups */

struct member {
    uint32_t rid, attributes;
};
NDR_RECORD(member_record, member, NDR_F(NDR_U32, member, rid), NDR_F(NDR_U32, member, attributes));

struct members {
    uint32_t count;
    const struct member *v;
};
NDR_RECORD(members_record, members, NDR_F(NDR_U32, members, count),
           NDR_A(NDR_ARRAY, members, v, count, member_record, SAMR_ENTRIES_MAX));

struct groups_out {
    const struct members *groups;
    uint32_t status;
};
NDR_RECORD(groups_out, groups_out, NDR_SUB(NDR_PTR, groups_out, groups, members_record),
           NDR_F(NDR_U32, groups_out, status));

/* Every user is in the one group that a machine has. */
static uint32_t user_groups(struct rpc_call *call, const void *in, void *out)
{
    static const struct member none = {RID_GROUP_NONE, GROUP_ATTRIBUTES};
    static const struct members groups = {1, &none};
    const struct samr_handle_in *q = in;
    struct groups_out *o = out;
    if (rpc_handle_find(call, RPC_HANDLE_USER, q->handle) == NULL)
        o->status = SMBKIT_STATUS_INVALID_HANDLE;
    else
        o->groups = &groups;
    return 0;
}

const struct rpc_operation samr_user_groups = {"SamrGetGroupsForUser", &samr_handle_in, &groups_out,
                                               user_groups};

struct group {
    const char *name, *comment;
    uint32_t attributes, members;
};
#define G(kind, member) NDR_F(kind, group, member)
/* [MS-SAMR] 2.2.4.3 to 2.2.4.5, 2.2.5.2 to 2.2.5.4 */
NDR_RECORD(group_general, group, G(NDR_USTR, name), G(NDR_U32, attributes), G(NDR_U32, members),
           G(NDR_USTR, comment));
NDR_RECORD(group_name, group, G(NDR_USTR, name));
NDR_RECORD(group_attributes, group, G(NDR_U32, attributes));
NDR_RECORD(group_comment, group, G(NDR_USTR, comment));
NDR_RECORD(alias_general, group, G(NDR_USTR, name), G(NDR_U32, members), G(NDR_USTR, comment));

static const struct ndr_arm group_arms[] = {
    {1, &group_general}, {2, &group_name},    {3, &group_attributes},
    {4, &group_comment}, {5, &group_general}, {0, NULL},
};
static const struct ndr_arm alias_arms[] = {
    {1, &alias_general}, {2, &group_name}, {3, &group_comment}, {0, NULL}};
SAMR_INFO_OUT(group_out, group_arms);
SAMR_INFO_OUT(alias_out, alias_arms);

static smbkit_status query_group_or_alias(struct rpc_call *call, const struct samr_class_in *q,
                                          enum rpc_handle_kind kind, const struct ndr_arm *arms,
                                          struct samr_info_out *o)
{
    struct group *g = arena_alloc(call->arena, sizeof *g);
    const struct rpc_person *who = samr_person(call, kind, q->handle);
    if (who == NULL)
        return SMBKIT_STATUS_INVALID_HANDLE;
    if (g == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    *g = (struct group){who->name, who->comment, GROUP_ATTRIBUTES, 0};
    return samr_answer_info(call, arms, q->cls, g, o);
}

static uint32_t query_group(struct rpc_call *call, const void *in, void *out)
{
    struct samr_info_out *o = out;
    o->status = query_group_or_alias(call, in, RPC_HANDLE_GROUP, group_arms, o);
    return 0;
}

static uint32_t query_alias(struct rpc_call *call, const void *in, void *out)
{
    struct samr_info_out *o = out;
    o->status = query_group_or_alias(call, in, RPC_HANDLE_ALIAS, alias_arms, o);
    return 0;
}

const struct rpc_operation samr_query_group = {"SamrQueryInformationGroup", &samr_class_in,
                                               &group_out, query_group};
const struct rpc_operation samr_query_alias = {"SamrQueryInformationAlias", &samr_class_in,
                                               &alias_out, query_alias};

/* ---------------------------------------------------------------- members */

/* SAMPR_GET_MEMBERS_BUFFER: two arrays side by side. */
struct group_members {
    uint32_t count;
    const uint32_t *rids, *attributes;
};
NDR_RECORD(group_members, group_members, NDR_F(NDR_U32, group_members, count),
           NDR_A(NDR_ARRAY, group_members, rids, count, samr_number, SAMR_ENTRIES_MAX),
           NDR_A(NDR_ARRAY, group_members, attributes, count, samr_number, SAMR_ENTRIES_MAX));

struct group_members_out {
    const struct group_members *members;
    uint32_t status;
};
NDR_RECORD(group_members_out, group_members_out,
           NDR_SUB(NDR_PTR, group_members_out, members, group_members),
           NDR_F(NDR_U32, group_members_out, status));

static uint32_t list_group_members(struct rpc_call *call, const void *in, void *out)
{
    const struct samr_handle_in *q = in;
    struct group_members_out *o = out;
    struct rpc_people people;
    struct group_members *m = arena_alloc(call->arena, sizeof *m);
    o->status = SMBKIT_STATUS_INVALID_HANDLE;
    if (rpc_handle_find(call, RPC_HANDLE_GROUP, q->handle) == NULL)
        return 0;
    o->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (m == NULL || !rpc_people_get(call, &people))
        return 0;
    uint32_t *rids = arena_array(call->arena, people.users + 1, sizeof *rids);
    uint32_t *attributes = arena_array(call->arena, people.users + 1, sizeof *attributes);
    if (rids == NULL || attributes == NULL)
        return 0;
    for (uint32_t i = 0; i < people.users; i++) {
        rids[i] = rpc_rid(&people.v[i].sid);
        attributes[i] = GROUP_ATTRIBUTES;
    }
    *m = (struct group_members){people.users, rids, attributes};
    o->members = m;
    o->status = SMBKIT_STATUS_SUCCESS;
    return 0;
}

const struct rpc_operation samr_group_members = {"SamrGetMembersInGroup", &samr_handle_in,
                                                 &group_members_out, list_group_members};

struct alias_members_out {
    uint32_t count;
    struct rpc_sid_pointer *v;
    uint32_t status;
};
NDR_RECORD(alias_members, alias_members_out, NDR_F(NDR_U32, alias_members_out, count),
           NDR_A(NDR_ARRAY, alias_members_out, v, count, rpc_sid_pointer, SAMR_ENTRIES_MAX));
struct alias_members_answer {
    struct alias_members_out list;
};
NDR_RECORD(alias_members_out, alias_members_answer,
           NDR_SUB(NDR_STRUCT, alias_members_answer, list, alias_members),
           NDR_F(NDR_U32, alias_members_answer, list.status));

/* Users has all accounts of the machine; the others have nobody. */
static uint32_t list_alias_members(struct rpc_call *call, const void *in, void *out)
{
    const struct samr_handle_in *q = in;
    struct alias_members_answer *o = out;
    struct rpc_people people;
    const struct rpc_handle *h = rpc_handle_find(call, RPC_HANDLE_ALIAS, q->handle);
    o->list.status = SMBKIT_STATUS_INVALID_HANDLE;
    if (h == NULL)
        return 0;
    o->list.status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (!rpc_people_get(call, &people))
        return 0;
    o->list.v = arena_array(call->arena, people.users + 1, sizeof *o->list.v);
    if (o->list.v == NULL)
        return 0;
    for (uint32_t i = 0; i < people.users && rpc_rid(&h->sid) == RID_USERS; i++)
        if (rpc_rid(&people.v[i].sid) != RID_GUEST)
            o->list.v[o->list.count++].sid = &people.v[i].sid;
    o->list.status = SMBKIT_STATUS_SUCCESS;
    return 0;
}

const struct rpc_operation samr_alias_members = {"SamrGetMembersInAlias", &samr_handle_in,
                                                 &alias_members_out, list_alias_members};
