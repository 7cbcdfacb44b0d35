// SPDX-License-Identifier: Apache-2.0
/* A domain's accounts: lists, names and numbers, its own settings ([MS-SAMR] 3.1.5.2, .3, .5, .11).
 */
#include "base/utf.h"
#include "rpc/samr.h"
#include <string.h>

/* The people of a domain that are of one kind. SUCCESS, INVALID_HANDLE, INSUFFICIENT_RESOURCES. */
static smbkit_status people_of(struct rpc_call *call, const uint8_t handle[RPC_HANDLE_SIZE],
                               enum sid_name_use use, struct rpc_people *out)
{
    const struct rpc_handle *h = rpc_handle_find(call, RPC_HANDLE_DOMAIN, handle);
    uint32_t n = 0;
    if (h == NULL)
        return SMBKIT_STATUS_INVALID_HANDLE;
    if (!rpc_people_get(call, out))
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    for (uint32_t i = 0; i < out->count; i++) {
        const struct rpc_person *p = &out->v[i];
        bool kind = use == SidTypeUnknown ? p->use != SidTypeDomain : p->use == use;
        if (kind && wire_sid_equal(&p->domain_sid, &h->sid))
            out->v[n++] = *p;
    }
    out->count = n;
    return SMBKIT_STATUS_SUCCESS;
}

/* ---------------------------------------------------------------- enumeration */

struct enum_in {
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t context, control, preferred;
};
NDR_RECORD(enum_in, enum_in, NDR_F(NDR_HANDLE, enum_in, handle), NDR_F(NDR_U32, enum_in, context),
           NDR_F(NDR_U32, enum_in, preferred));
NDR_RECORD(enum_users_in, enum_in, NDR_F(NDR_HANDLE, enum_in, handle),
           NDR_F(NDR_U32, enum_in, context), NDR_F(NDR_U32, enum_in, control),
           NDR_F(NDR_U32, enum_in, preferred));

/* From q->context on as many as fit, but one at least, so that everybody gets to the end. */
static smbkit_status give(struct rpc_call *call, const struct enum_in *q,
                          const struct rpc_people *people, struct samr_enum_out *o)
{
    struct samr_entries *e = arena_alloc(call->arena, sizeof *e);
    uint32_t start = MIN(q->context, people->count);
    size_t used = 0;
    if (e == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    e->v = arena_array(call->arena, people->count - start + 1, sizeof *e->v);
    if (e->v == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    for (uint32_t i = start; i < people->count; i++) {
        e->v[e->count] = (struct samr_entry){rpc_rid(&people->v[i].sid), people->v[i].name};
        used += ndr_size(&samr_entry, &e->v[e->count]);
        if (used > q->preferred && e->count > 0)
            break;
        e->count++;
    }
    o->entries = e;
    o->count = e->count;
    o->context = start + e->count;
    return o->context < people->count ? SMBKIT_STATUS_MORE_ENTRIES : SMBKIT_STATUS_SUCCESS;
}

static uint32_t enumerate(struct rpc_call *call, const struct enum_in *q, enum sid_name_use use,
                          struct samr_enum_out *o)
{
    struct rpc_people people;
    o->status = people_of(call, q->handle, use, &people);
    if (use == SidTypeUser && q->control != 0 && !(q->control & USER_NORMAL_ACCOUNT))
        people.count = 0;
    if (o->status == SMBKIT_STATUS_SUCCESS)
        o->status = give(call, q, &people, o);
    return 0;
}

static uint32_t enum_groups(struct rpc_call *call, const void *in, void *out)
{
    return enumerate(call, in, SidTypeGroup, out);
}

static uint32_t enum_users(struct rpc_call *call, const void *in, void *out)
{
    return enumerate(call, in, SidTypeUser, out);
}

static uint32_t enum_aliases(struct rpc_call *call, const void *in, void *out)
{
    return enumerate(call, in, SidTypeAlias, out);
}

const struct rpc_operation samr_enum_groups = {"SamrEnumerateGroupsInDomain", &enum_in,
                                               &samr_enum_out, enum_groups};
const struct rpc_operation samr_enum_users = {"SamrEnumerateUsersInDomain", &enum_users_in,
                                              &samr_enum_out, enum_users};
const struct rpc_operation samr_enum_aliases = {"SamrEnumerateAliasesInDomain", &enum_in,
                                                &samr_enum_out, enum_aliases};

/* ---------------------------------------------------------------- names and numbers */

struct names_in {
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t count;
    struct samr_text *names;
};
NDR_RECORD(names_in, names_in, NDR_F(NDR_HANDLE, names_in, handle), NDR_F(NDR_U32, names_in, count),
           NDR_A(NDR_VARYING_REF, names_in, names, count, samr_text, SAMR_LOOKUP_MAX));

struct names_out {
    struct samr_numbers rids, uses;
    uint32_t status;
};
NDR_RECORD(names_out, names_out, NDR_SUB(NDR_STRUCT, names_out, rids, samr_numbers),
           NDR_SUB(NDR_STRUCT, names_out, uses, samr_numbers), NDR_F(NDR_U32, names_out, status));

static smbkit_status mapping_status(uint32_t mapped, uint32_t count)
{
    if (mapped == count)
        return SMBKIT_STATUS_SUCCESS;
    return mapped > 0 ? SMBKIT_STATUS_SOME_NOT_MAPPED : SMBKIT_STATUS_NONE_MAPPED;
}

static const struct rpc_person *called(const struct rpc_people *people, const char *name)
{
    for (uint32_t i = 0; i < people->count && name != NULL; i++)
        if (utf8_casecmp(people->v[i].name, strlen(people->v[i].name), name, strlen(name)) == 0)
            return &people->v[i];
    return NULL;
}

static uint32_t lookup_names(struct rpc_call *call, const void *in, void *out)
{
    const struct names_in *q = in;
    struct names_out *o = out;
    struct rpc_people people;
    uint32_t mapped = 0;
    uint32_t *rids = arena_array(call->arena, q->count + 1, sizeof *rids);
    uint32_t *uses = arena_array(call->arena, q->count + 1, sizeof *uses);
    o->status = people_of(call, q->handle, SidTypeUnknown, &people);
    if (rids == NULL || uses == NULL)
        o->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (o->status != SMBKIT_STATUS_SUCCESS)
        return 0;
    for (uint32_t i = 0; i < q->count; i++) {
        const struct rpc_person *who = called(&people, q->names[i].value);
        rids[i] = who != NULL ? rpc_rid(&who->sid) : 0;
        uses[i] = who != NULL ? who->use : SidTypeUnknown;
        mapped += who != NULL;
    }
    o->status = mapping_status(mapped, q->count);
    if (mapped > 0 || q->count == 0) {
        o->rids = (struct samr_numbers){q->count, rids};
        o->uses = (struct samr_numbers){q->count, uses};
    }
    return 0;
}

const struct rpc_operation samr_lookup_names = {"SamrLookupNamesInDomain", &names_in, &names_out,
                                                lookup_names};

struct ids_in {
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t count;
    const uint32_t *rids;
};
NDR_RECORD(ids_in, ids_in, NDR_F(NDR_HANDLE, ids_in, handle), NDR_F(NDR_U32, ids_in, count),
           NDR_A(NDR_VARYING_REF, ids_in, rids, count, samr_number, SAMR_LOOKUP_MAX));

struct texts {
    uint32_t count;
    struct samr_text *v;
};
NDR_RECORD(texts_record, texts, NDR_F(NDR_U32, texts, count),
           NDR_A(NDR_ARRAY, texts, v, count, samr_text, SAMR_LOOKUP_MAX));

struct ids_out {
    struct texts names;
    struct samr_numbers uses;
    uint32_t status;
};
NDR_RECORD(ids_out, ids_out, NDR_SUB(NDR_STRUCT, ids_out, names, texts_record),
           NDR_SUB(NDR_STRUCT, ids_out, uses, samr_numbers), NDR_F(NDR_U32, ids_out, status));

static const struct rpc_person *numbered(const struct rpc_people *people, uint32_t rid)
{
    for (uint32_t i = 0; i < people->count; i++)
        if (rpc_rid(&people->v[i].sid) == rid)
            return &people->v[i];
    return NULL;
}

static uint32_t lookup_ids(struct rpc_call *call, const void *in, void *out)
{
    const struct ids_in *q = in;
    struct ids_out *o = out;
    struct rpc_people people;
    uint32_t mapped = 0;
    struct samr_text *names = arena_array(call->arena, q->count + 1, sizeof *names);
    uint32_t *uses = arena_array(call->arena, q->count + 1, sizeof *uses);
    o->status = people_of(call, q->handle, SidTypeUnknown, &people);
    if (names == NULL || uses == NULL)
        o->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (o->status != SMBKIT_STATUS_SUCCESS)
        return 0;
    for (uint32_t i = 0; i < q->count; i++) {
        const struct rpc_person *who = numbered(&people, q->rids[i]);
        names[i].value = who != NULL ? who->name : NULL;
        uses[i] = who != NULL ? who->use : SidTypeUnknown;
        mapped += who != NULL;
    }
    o->status = mapping_status(mapped, q->count);
    if (mapped > 0 || q->count == 0) {
        o->names = (struct texts){q->count, names};
        o->uses = (struct samr_numbers){q->count, uses};
    }
    return 0;
}

const struct rpc_operation samr_lookup_ids = {"SamrLookupIdsInDomain", &ids_in, &ids_out,
                                              lookup_ids};

struct rid_in {
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t rid;
};
NDR_RECORD(rid_in, rid_in, NDR_F(NDR_HANDLE, rid_in, handle), NDR_F(NDR_U32, rid_in, rid));

struct sid_out {
    const struct wire_sid *sid;
    uint32_t status;
};
NDR_RECORD(sid_out, sid_out, NDR_F(NDR_SID, sid_out, sid), NDR_F(NDR_U32, sid_out, status));

/* Takes the handle of a domain, or of what was opened in it. */
static bool domain_of(struct rpc_call *call, const uint8_t handle[RPC_HANDLE_SIZE],
                      struct wire_sid *out)
{
    for (unsigned k = RPC_HANDLE_DOMAIN; k <= RPC_HANDLE_ALIAS; k++) {
        const struct rpc_handle *h = rpc_handle_find(call, (enum rpc_handle_kind)k, handle);
        if (h == NULL)
            continue;
        *out = k == RPC_HANDLE_DOMAIN ? h->sid : rpc_sid_parent(&h->sid);
        return true;
    }
    return false;
}

static uint32_t rid_to_sid(struct rpc_call *call, const void *in, void *out)
{
    const struct rid_in *q = in;
    struct sid_out *o = out;
    struct wire_sid *sid = arena_alloc(call->arena, sizeof *sid);
    if (sid == NULL)
        o->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    else if (!domain_of(call, q->handle, sid))
        o->status = SMBKIT_STATUS_INVALID_HANDLE;
    if (o->status != SMBKIT_STATUS_SUCCESS)
        return 0;
    *sid = rpc_sid_in(sid, q->rid);
    o->sid = sid;
    return 0;
}

const struct rpc_operation samr_rid_to_sid = {"SamrRidToSid", &rid_in, &sid_out, rid_to_sid};

/* ---------------------------------------------------------------- memberships */

struct sids {
    uint32_t count;
    struct rpc_sid_pointer *v;
};
NDR_RECORD(sids_record, sids, NDR_F(NDR_U32, sids, count),
           NDR_A(NDR_ARRAY, sids, v, count, rpc_sid_pointer, 1024));

struct membership_in {
    uint8_t handle[RPC_HANDLE_SIZE];
    struct sids sids;
};
NDR_RECORD(membership_in, membership_in, NDR_F(NDR_HANDLE, membership_in, handle),
           NDR_SUB(NDR_STRUCT, membership_in, sids, sids_record));

struct membership_out {
    struct samr_numbers rids;
    uint32_t status;
};
NDR_RECORD(membership_out, membership_out, NDR_SUB(NDR_STRUCT, membership_out, rids, samr_numbers),
           NDR_F(NDR_U32, membership_out, status));

/* Every account of the machine is in Builtin's Users, as its tokens say. */
static uint32_t get_alias_membership(struct rpc_call *call, const void *in, void *out)
{
    static const uint32_t users[] = {RID_USERS};
    const struct membership_in *q = in;
    struct membership_out *o = out;
    const struct rpc_handle *h = rpc_handle_find(call, RPC_HANDLE_DOMAIN, q->handle);
    struct rpc_people people;
    if (h == NULL)
        o->status = SMBKIT_STATUS_INVALID_HANDLE;
    else if (!rpc_people_get(call, &people))
        o->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (o->status != SMBKIT_STATUS_SUCCESS)
        return 0;
    o->rids = (struct samr_numbers){0, users};
    for (uint32_t i = 0; i < q->sids.count && wire_sid_equal(&h->sid, &rpc_builtin_sid); i++) {
        const struct wire_sid *sid = q->sids.v[i].sid;
        const struct rpc_person *who = sid != NULL ? rpc_people_by_sid(&people, sid) : NULL;
        if (who != NULL && who->use == SidTypeUser)
            o->rids.count = 1;
    }
    return 0;
}

const struct rpc_operation samr_get_alias_membership = {"SamrGetAliasMembership", &membership_in,
                                                        &membership_out, get_alias_membership};

/* ---------------------------------------------------------------- settings */

struct domain_info {
    uint64_t never, none, modified, created;
    uint16_t min_length, history, lockout;
    uint32_t properties, state, role, users, groups, aliases;
    uint8_t uas;
    const char *oem, *name, *replica;
};
#define I(kind, member) NDR_F(kind, domain_info, member)
/* [MS-SAMR] 2.2.3.5 to 2.2.3.16 */
NDR_RECORD(password_info, domain_info, I(NDR_U16, min_length), I(NDR_U16, history),
           I(NDR_U32, properties), I(NDR_TIME, never), I(NDR_TIME, none));
#define GENERAL                                                                     \
    I(NDR_TIME, never), I(NDR_USTR, oem), I(NDR_USTR, name), I(NDR_USTR, replica),  \
        I(NDR_TIME, modified), I(NDR_U32, state), I(NDR_U32, role), I(NDR_U8, uas), \
        I(NDR_U32, users), I(NDR_U32, groups), I(NDR_U32, aliases)
NDR_RECORD(general_info, domain_info, GENERAL);
NDR_RECORD(logoff_info, domain_info, I(NDR_TIME, never));
NDR_RECORD(oem_info, domain_info, I(NDR_USTR, oem));
NDR_RECORD(name_info, domain_info, I(NDR_USTR, name));
NDR_RECORD(role_info, domain_info, I(NDR_ENUM, role));
NDR_RECORD(replica_info, domain_info, I(NDR_USTR, replica));
NDR_RECORD(modified_info, domain_info, I(NDR_TIME, modified), I(NDR_TIME, created));
NDR_RECORD(state_info, domain_info, I(NDR_ENUM, state));
NDR_RECORD(general2_info, domain_info, GENERAL, I(NDR_U64, none), I(NDR_U64, none),
           I(NDR_U16, lockout));
NDR_RECORD(lockout_info, domain_info, I(NDR_U64, none), I(NDR_U64, none), I(NDR_U16, lockout));
NDR_RECORD(modified2_info, domain_info, I(NDR_TIME, modified), I(NDR_TIME, created),
           I(NDR_TIME, none));

static const struct ndr_arm domain_arms[] = {
    {1, &password_info}, {2, &general_info},   {3, &logoff_info},   {4, &oem_info},
    {5, &name_info},     {6, &replica_info},   {7, &role_info},     {8, &modified_info},
    {9, &state_info},    {11, &general2_info}, {12, &lockout_info}, {13, &modified2_info},
    {0, NULL},
};
SAMR_INFO_OUT(domain_out, domain_arms);

#define NEVER          0x8000000000000000ull
#define DOMAIN_ENABLED 1
#define DOMAIN_PRIMARY 3

static void count_people(struct domain_info *d, const struct rpc_people *people)
{
    for (uint32_t i = 0; i < people->count; i++) {
        d->users += people->v[i].use == SidTypeUser;
        d->groups += people->v[i].use == SidTypeGroup;
        d->aliases += people->v[i].use == SidTypeAlias;
    }
}

static uint32_t query_domain(struct rpc_call *call, const void *in, void *out)
{
    const struct samr_class_in *q = in;
    struct samr_info_out *o = out;
    struct rpc_people people;
    struct domain_info *d = arena_alloc(call->arena, sizeof *d);
    const struct rpc_handle *h = rpc_handle_find(call, RPC_HANDLE_DOMAIN, q->handle);
    o->status = people_of(call, q->handle, SidTypeUnknown, &people);
    if (d == NULL)
        o->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (o->status != SMBKIT_STATUS_SUCCESS)
        return 0;
    *d = (struct domain_info){
        .never = NEVER,
        .state = DOMAIN_ENABLED,
        .role = DOMAIN_PRIMARY,
        .uas = 1,
        .oem = "",
        .name =
            wire_sid_equal(&h->sid, &rpc_builtin_sid) ? RPC_BUILTIN_NAME : people.identity.netbios,
        .replica = "",
    };
    count_people(d, &people);
    o->status = samr_answer_info(call, domain_arms, q->cls, d, o);
    return 0;
}

const struct rpc_operation samr_query_domain = {"SamrQueryInformationDomain", &samr_class_in,
                                                &domain_out, query_domain};

/* ---------------------------------------------------------------- display */

struct shown {
    uint32_t index, rid, control;
    const char *name, *comment, *full;
};
#define SHOWN                                                                                 \
    NDR_F(NDR_U32, shown, index), NDR_F(NDR_U32, shown, rid), NDR_F(NDR_U32, shown, control), \
        NDR_F(NDR_USTR, shown, name), NDR_F(NDR_USTR, shown, comment)
/* [MS-SAMR] 2.2.8.2 to 2.2.8.4 */
NDR_RECORD(shown_user, shown, SHOWN, NDR_F(NDR_USTR, shown, full));
NDR_RECORD(shown_other, shown, SHOWN);

struct shown_list {
    uint32_t count;
    struct shown *v;
};
NDR_RECORD(users_shown, shown_list, NDR_F(NDR_U32, shown_list, count),
           NDR_A(NDR_ARRAY, shown_list, v, count, shown_user, SAMR_ENTRIES_MAX));
NDR_RECORD(others_shown, shown_list, NDR_F(NDR_U32, shown_list, count),
           NDR_A(NDR_ARRAY, shown_list, v, count, shown_other, SAMR_ENTRIES_MAX));
static const struct ndr_arm display_arms[] = {
    {1, &users_shown}, {2, &others_shown}, {3, &others_shown}, {0, NULL}};

struct display_in {
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t cls, index, count, preferred;
};
NDR_RECORD(display_in, display_in, NDR_F(NDR_HANDLE, display_in, handle),
           NDR_F(NDR_ENUM, display_in, cls), NDR_F(NDR_U32, display_in, index),
           NDR_F(NDR_U32, display_in, count), NDR_F(NDR_U32, display_in, preferred));

struct display_out {
    uint32_t available, returned, cls;
    const struct shown_list *list;
    uint32_t status;
};
NDR_RECORD(display_out, display_out, NDR_F(NDR_U32, display_out, available),
           NDR_F(NDR_U32, display_out, returned),
           NDR_U(NDR_UNION, display_out, list, cls, display_arms, 2),
           NDR_F(NDR_U32, display_out, status));

static struct shown shown_of(const struct rpc_person *p, uint32_t index)
{
    struct shown s = {index, rpc_rid(&p->sid), GROUP_ATTRIBUTES, p->name, p->comment, ""};
    if (p->use == SidTypeUser)
        s.control = USER_NORMAL_ACCOUNT | (p->disabled ? USER_ACCOUNT_DISABLED : 0);
    return s;
}

/* From q->index on as many as fit, but one at least; how many bytes these are, and all. */
static smbkit_status show(struct rpc_call *call, const struct display_in *q,
                          const struct rpc_people *people, struct shown_list *list,
                          struct display_out *o)
{
    const struct ndr_record *element = ndr_arm_of(display_arms, q->cls)->fields[1].sub;
    uint32_t start = MIN(q->index, people->count);
    bool full = false;
    list->v = arena_array(call->arena, people->count - start + 1, sizeof *list->v);
    if (list->v == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    for (uint32_t i = 0; i < people->count; i++) {
        const struct shown s = shown_of(&people->v[i], i + 1);
        uint32_t size = (uint32_t)ndr_size(element, &s);
        o->available += size;
        if (i < start || full)
            continue;
        full = list->count == q->count || (o->returned + size > q->preferred && list->count > 0);
        if (full)
            continue;
        list->v[list->count++] = s;
        o->returned += size;
    }
    return full ? SMBKIT_STATUS_MORE_ENTRIES : SMBKIT_STATUS_SUCCESS;
}

static uint32_t query_display(struct rpc_call *call, const void *in, void *out)
{
    static const enum sid_name_use kinds[] = {[1] = SidTypeUser, [3] = SidTypeGroup};
    const struct display_in *q = in;
    struct display_out *o = out;
    struct rpc_people people = {0};
    struct shown_list *list = arena_alloc(call->arena, sizeof *list);
    if (list == NULL)
        return NCA_S_FAULT_NO_MEMORY;
    o->cls = q->cls;
    o->list = list;
    if (ndr_arm_of(display_arms, q->cls) == NULL) {
        o->status = SMBKIT_STATUS_INVALID_INFO_CLASS;
        return 0;
    }
    o->status = people_of(call, q->handle, kinds[q->cls], &people);
    if (o->status != SMBKIT_STATUS_SUCCESS)
        return 0;
    o->status = show(call, q, &people, list, o);
    return 0;
}

const struct rpc_operation samr_query_display = {"SamrQueryDisplayInformation", &display_in,
                                                 &display_out, query_display};
