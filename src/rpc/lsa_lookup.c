// SPDX-License-Identifier: Apache-2.0
/*
 * Names of SIDs and SIDs of names ([MS-LSAT] 3.1.4.5 to 3.1.4.11). The versions of each call differ
 * in what an answer holds; all are views of the same structs.
 */
#include "base/utf.h"
#include "rpc/lsa.h"
#include <string.h>

#define SIDS_MAX  20480u
#define NAMES_MAX 1000u
#define NO_DOMAIN UINT32_MAX

/* ---------------------------------------------------------------- domains */

struct domain {
    const char *name;
    const struct wire_sid *sid;
};
NDR_RECORD(domain_record, domain, NDR_F(NDR_USTR, domain, name), NDR_F(NDR_SID, domain, sid));

#define DOMAINS_MAX 32 /* that we know, and more */
struct domains {
    uint32_t count, max;
    struct domain *v;
};
NDR_RECORD(domains_record, domains, NDR_F(NDR_U32, domains, count),
           NDR_A(NDR_ARRAY, domains, v, count, domain_record, DOMAINS_MAX),
           NDR_F(NDR_U32, domains, max));

static struct domains *new_domains(struct rpc_call *call)
{
    struct domains *d = arena_alloc(call->arena, sizeof *d);
    struct domain *v = arena_array(call->arena, DOMAINS_MAX, sizeof *v);
    if (d == NULL || v == NULL)
        return NULL;
    d->v = v;
    d->max = DOMAINS_MAX;
    return d;
}

/* Where the domain stands in the list, adding it. */
static uint32_t domain_index(struct domains *d, const struct rpc_person *who)
{
    for (uint32_t i = 0; i < d->count; i++)
        if (wire_sid_equal(d->v[i].sid, &who->domain_sid))
            return i;
    if (d->count == DOMAINS_MAX)
        return NO_DOMAIN;
    d->v[d->count] = (struct domain){who->domain, &who->domain_sid};
    return d->count++;
}

static smbkit_status mapping_status(uint32_t mapped, uint32_t count)
{
    if (mapped == count)
        return SMBKIT_STATUS_SUCCESS;
    return mapped > 0 ? SMBKIT_STATUS_SOME_NOT_MAPPED : SMBKIT_STATUS_NONE_MAPPED;
}

/* ---------------------------------------------------------------- SIDs to names */

struct sid_list {
    uint32_t count;
    struct rpc_sid_pointer *v;
};
NDR_RECORD(sid_list, sid_list, NDR_F(NDR_U32, sid_list, count),
           NDR_A(NDR_ARRAY, sid_list, v, count, rpc_sid_pointer, SIDS_MAX));

struct name {
    uint32_t use, domain, flags;
    const char *text;
};
NDR_RECORD(name_record, name, NDR_F(NDR_ENUM, name, use), NDR_F(NDR_USTR, name, text),
           NDR_F(NDR_U32, name, domain));
NDR_RECORD(name_ex_record, name, NDR_F(NDR_ENUM, name, use), NDR_F(NDR_USTR, name, text),
           NDR_F(NDR_U32, name, domain), NDR_F(NDR_U32, name, flags));

struct names {
    uint32_t count;
    struct name *v;
};
NDR_RECORD(names_record, names, NDR_F(NDR_U32, names, count),
           NDR_A(NDR_ARRAY, names, v, count, name_record, SIDS_MAX));
NDR_RECORD(names_ex_record, names, NDR_F(NDR_U32, names, count),
           NDR_A(NDR_ARRAY, names, v, count, name_ex_record, SIDS_MAX));

struct sids_in {
    uint8_t handle[RPC_HANDLE_SIZE];
    struct sid_list sids;
    struct names names;
    uint32_t level, mapped, options, revision;
};
#define SIDS_IN(names_record)                                                               \
    NDR_SUB(NDR_STRUCT, sids_in, sids, sid_list),                                           \
        NDR_SUB(NDR_STRUCT, sids_in, names, names_record), NDR_F(NDR_ENUM, sids_in, level), \
        NDR_F(NDR_U32, sids_in, mapped)
#define NEWER(type) NDR_F(NDR_U32, type, options), NDR_F(NDR_U32, type, revision)
NDR_RECORD(sids_in, sids_in, NDR_F(NDR_HANDLE, sids_in, handle), SIDS_IN(names_record));
NDR_RECORD(sids2_in, sids_in, NDR_F(NDR_HANDLE, sids_in, handle), SIDS_IN(names_ex_record),
           NEWER(sids_in));
NDR_RECORD(sids3_in, sids_in, SIDS_IN(names_ex_record), NEWER(sids_in));

struct sids_out {
    struct domains *domains;
    struct names names;
    uint32_t mapped, status;
};
#define SIDS_OUT(names_record)                                                                \
    NDR_SUB(NDR_PTR, sids_out, domains, domains_record),                                      \
        NDR_SUB(NDR_STRUCT, sids_out, names, names_record), NDR_F(NDR_U32, sids_out, mapped), \
        NDR_F(NDR_U32, sids_out, status)
NDR_RECORD(sids_out, sids_out, SIDS_OUT(names_record));
NDR_RECORD(sids_ex_out, sids_out, SIDS_OUT(names_ex_record));

/* What is not known is called by its number ([MS-LSAT] 3.1.4.9). */
static bool name_unknown(struct rpc_call *call, const struct wire_sid *sid, struct name *out)
{
    char text[WIRE_SID_TEXT_SIZE];
    wire_sid_format(sid, text);
    *out = (struct name){.use = SidTypeUnknown, .domain = NO_DOMAIN};
    out->text = arena_strndup(call->arena, text, strlen(text));
    return out->text != NULL;
}

static smbkit_status translate_sids(struct rpc_call *call, const struct sid_list *in,
                                    struct sids_out *o)
{
    struct rpc_people people;
    o->domains = new_domains(call);
    o->names.v = arena_array(call->arena, MAX(in->count, 1), sizeof *o->names.v);
    if (o->domains == NULL || o->names.v == NULL || !rpc_people_get(call, &people))
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    for (uint32_t i = 0; i < in->count; i++) {
        struct name *n = &o->names.v[i];
        if (in->v[i].sid == NULL)
            return SMBKIT_STATUS_INVALID_PARAMETER;
        const struct rpc_person *who = rpc_people_by_sid(&people, in->v[i].sid);
        if (who == NULL && !name_unknown(call, in->v[i].sid, n))
            return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
        if (who == NULL)
            continue;
        *n = (struct name){who->use, domain_index(o->domains, who), 0, who->name};
        o->mapped++;
    }
    o->names.count = in->count;
    return mapping_status(o->mapped, in->count);
}

static uint32_t lookup_sids(struct rpc_call *call, const void *in, void *out)
{
    const struct sids_in *q = in;
    struct sids_out *o = out;
    o->status = rpc_handle_find(call, RPC_HANDLE_POLICY, q->handle) != NULL
                    ? translate_sids(call, &q->sids, o)
                    : SMBKIT_STATUS_INVALID_HANDLE;
    return 0;
}

/* Those without a handle are for members of a domain, over another transport ([MS-LSAT] 3.1.4.9).
 */
static uint32_t members_only(struct rpc_call *call, const void *in, void *out)
{
    (void)call;
    (void)in;
    (void)out;
    return RPC_FAULT_ACCESS_DENIED;
}

const struct rpc_operation lsa_lookup_sids = {"LsarLookupSids", &sids_in, &sids_out, lookup_sids};
const struct rpc_operation lsa_lookup_sids2 = {"LsarLookupSids2", &sids2_in, &sids_ex_out,
                                               lookup_sids};
const struct rpc_operation lsa_lookup_sids3 = {"LsarLookupSids3", &sids3_in, &sids_ex_out,
                                               members_only};

/* ---------------------------------------------------------------- names to SIDs */

struct text {
    const char *value;
};
NDR_RECORD(text_record, text, NDR_F(NDR_USTR, text, value));

struct found {
    uint32_t use, rid, domain, flags;
    const struct wire_sid *sid;
};
NDR_RECORD(found_record, found, NDR_F(NDR_ENUM, found, use), NDR_F(NDR_U32, found, rid),
           NDR_F(NDR_U32, found, domain));
NDR_RECORD(found_ex_record, found, NDR_F(NDR_ENUM, found, use), NDR_F(NDR_U32, found, rid),
           NDR_F(NDR_U32, found, domain), NDR_F(NDR_U32, found, flags));
NDR_RECORD(found_ex2_record, found, NDR_F(NDR_ENUM, found, use), NDR_F(NDR_SID, found, sid),
           NDR_F(NDR_U32, found, domain), NDR_F(NDR_U32, found, flags));

struct founds {
    uint32_t count;
    struct found *v;
};
#define FOUNDS(name, element)                               \
    NDR_RECORD(name, founds, NDR_F(NDR_U32, founds, count), \
               NDR_A(NDR_ARRAY, founds, v, count, element, NAMES_MAX))
FOUNDS(founds_record, found_record);
FOUNDS(founds_ex_record, found_ex_record);
FOUNDS(founds_ex2_record, found_ex2_record);

struct names_in {
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t count;
    struct text *names;
    struct founds found;
    uint32_t level, mapped, options, revision;
};
#define NAMES_IN(founds)                                                                \
    NDR_F(NDR_U32, names_in, count),                                                    \
        NDR_A(NDR_ARRAY_REF, names_in, names, count, text_record, NAMES_MAX),           \
        NDR_SUB(NDR_STRUCT, names_in, found, founds), NDR_F(NDR_ENUM, names_in, level), \
        NDR_F(NDR_U32, names_in, mapped)
NDR_RECORD(names_in, names_in, NDR_F(NDR_HANDLE, names_in, handle), NAMES_IN(founds_record));
NDR_RECORD(names2_in, names_in, NDR_F(NDR_HANDLE, names_in, handle), NAMES_IN(founds_ex_record),
           NEWER(names_in));
NDR_RECORD(names3_in, names_in, NDR_F(NDR_HANDLE, names_in, handle), NAMES_IN(founds_ex2_record),
           NEWER(names_in));
NDR_RECORD(names4_in, names_in, NAMES_IN(founds_ex2_record), NEWER(names_in));

struct names_out {
    struct domains *domains;
    struct founds found;
    uint32_t mapped, status;
};
#define NAMES_OUT(founds)                                                                 \
    NDR_SUB(NDR_PTR, names_out, domains, domains_record),                                 \
        NDR_SUB(NDR_STRUCT, names_out, found, founds), NDR_F(NDR_U32, names_out, mapped), \
        NDR_F(NDR_U32, names_out, status)
NDR_RECORD(names_out, names_out, NAMES_OUT(founds_record));
NDR_RECORD(names2_out, names_out, NAMES_OUT(founds_ex_record));
NDR_RECORD(names3_out, names_out, NAMES_OUT(founds_ex2_record));

static smbkit_status translate_names(struct rpc_call *call, const struct names_in *q,
                                     struct names_out *o)
{
    struct rpc_people people;
    o->domains = new_domains(call);
    o->found.v = arena_array(call->arena, MAX(q->count, 1), sizeof *o->found.v);
    if (o->domains == NULL || o->found.v == NULL || !rpc_people_get(call, &people))
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    for (uint32_t i = 0; i < q->count; i++) {
        const char *name = q->names[i].value != NULL ? q->names[i].value : "";
        const struct rpc_person *who = rpc_people_by_name(&people, name);
        o->found.v[i] = (struct found){.use = SidTypeUnknown, .domain = NO_DOMAIN};
        if (who == NULL)
            continue;
        o->found.v[i] = (struct found){
            .use = who->use,
            .rid = who->use == SidTypeDomain ? UINT32_MAX : rpc_rid(&who->sid),
            .domain = domain_index(o->domains, who),
            .sid = &who->sid,
        };
        o->mapped++;
    }
    o->found.count = q->count;
    return mapping_status(o->mapped, q->count);
}

static uint32_t lookup_names(struct rpc_call *call, const void *in, void *out)
{
    const struct names_in *q = in;
    struct names_out *o = out;
    o->status = rpc_handle_find(call, RPC_HANDLE_POLICY, q->handle) != NULL
                    ? translate_names(call, q, o)
                    : SMBKIT_STATUS_INVALID_HANDLE;
    return 0;
}

const struct rpc_operation lsa_lookup_names = {"LsarLookupNames", &names_in, &names_out,
                                               lookup_names};
const struct rpc_operation lsa_lookup_names2 = {"LsarLookupNames2", &names2_in, &names2_out,
                                                lookup_names};
const struct rpc_operation lsa_lookup_names3 = {"LsarLookupNames3", &names3_in, &names3_out,
                                                lookup_names};
const struct rpc_operation lsa_lookup_names4 = {"LsarLookupNames4", &names4_in, &names3_out,
                                                members_only};
