// SPDX-License-Identifier: Apache-2.0
/* Security identifiers and their names: see people.h. */
#include "rpc/people.h"
#include "base/utf.h"
#include <string.h>

NDR_EXTERN_RECORD(rpc_sid_pointer, rpc_sid_pointer, NDR_F(NDR_SID, rpc_sid_pointer, sid));

const struct wire_sid rpc_builtin_sid = {5, 1, {32}};

#define NT_AUTHORITY "NT AUTHORITY"
#define BUILTIN      "BUILTIN"

/* [MS-DTYP] 2.4.2.4. The domain's SID is the account's without the last number, but for domains. */
static const struct {
    struct wire_sid sid;
    enum sid_name_use use;
    const char *domain, *name;
} well_known[] = {
    {{0, 1, {0}}, SidTypeWellKnownGroup, "", "NULL SID"},
    {{1, 1, {0}}, SidTypeWellKnownGroup, "", "Everyone"},
    {{2, 1, {0}}, SidTypeWellKnownGroup, "", "LOCAL"},
    {{3, 1, {0}}, SidTypeWellKnownGroup, "", "CREATOR OWNER"},
    {{3, 1, {1}}, SidTypeWellKnownGroup, "", "CREATOR GROUP"},
    {{3, 1, {4}}, SidTypeWellKnownGroup, "", "OWNER RIGHTS"},
    {{5, 1, {1}}, SidTypeWellKnownGroup, NT_AUTHORITY, "DIALUP"},
    {{5, 1, {2}}, SidTypeWellKnownGroup, NT_AUTHORITY, "NETWORK"},
    {{5, 1, {3}}, SidTypeWellKnownGroup, NT_AUTHORITY, "BATCH"},
    {{5, 1, {4}}, SidTypeWellKnownGroup, NT_AUTHORITY, "INTERACTIVE"},
    {{5, 1, {6}}, SidTypeWellKnownGroup, NT_AUTHORITY, "SERVICE"},
    {{5, 1, {7}}, SidTypeWellKnownGroup, NT_AUTHORITY, "ANONYMOUS LOGON"},
    {{5, 1, {10}}, SidTypeWellKnownGroup, NT_AUTHORITY, "SELF"},
    {{5, 1, {11}}, SidTypeWellKnownGroup, NT_AUTHORITY, "Authenticated Users"},
    {{5, 1, {18}}, SidTypeWellKnownGroup, NT_AUTHORITY, "SYSTEM"},
    {{5, 1, {19}}, SidTypeWellKnownGroup, NT_AUTHORITY, "LOCAL SERVICE"},
    {{5, 1, {20}}, SidTypeWellKnownGroup, NT_AUTHORITY, "NETWORK SERVICE"},
    {{5, 1, {32}}, SidTypeDomain, BUILTIN, BUILTIN},
    {{5, 2, {32, 544}}, SidTypeAlias, BUILTIN, "Administrators"},
    {{5, 2, {32, 545}}, SidTypeAlias, BUILTIN, "Users"},
    {{5, 2, {32, 546}}, SidTypeAlias, BUILTIN, "Guests"},
};

#define OF_THE_MACHINE 3 /* its domain, a group, Guest */

uint32_t rpc_rid(const struct wire_sid *sid)
{
    return sid->count > 0 ? sid->sub[sid->count - 1] : 0;
}

struct wire_sid rpc_sid_in(const struct wire_sid *domain, uint32_t rid)
{
    struct wire_sid sid = *domain;
    if (sid.count < WIRE_SID_SUB_MAX)
        sid.sub[sid.count++] = rid;
    return sid;
}

struct wire_sid rpc_sid_parent(const struct wire_sid *sid)
{
    struct wire_sid parent = *sid;
    if (parent.count > 0)
        parent.sub[--parent.count] = 0;
    return parent;
}

static void add(struct rpc_people *p, enum sid_name_use use, const char *name, const char *domain,
                const struct wire_sid *sid, const char *comment, bool disabled)
{
    p->v[p->count++] = (struct rpc_person){
        .use = use,
        .name = name,
        .sid = *sid,
        .domain = domain,
        .domain_sid = use == SidTypeDomain ? *sid : rpc_sid_parent(sid),
        .comment = comment,
        .disabled = disabled,
    };
}

bool rpc_people_get(struct rpc_call *call, struct rpc_people *out)
{
    const struct rpc_directory *d = call->directory;
    struct rpc_accounts users;
    *out = (struct rpc_people){0};
    d->identity(d->ctx, &out->identity);
    if (!d->accounts(d->ctx, call->arena, &users))
        return false;
    size_t room = users.count + OF_THE_MACHINE + ARRAY_LEN(well_known);
    out->v = arena_array(call->arena, room, sizeof *out->v);
    if (out->v == NULL)
        return false;
    const char *machine = out->identity.netbios;
    const struct wire_sid *m = &out->identity.machine;
    for (uint32_t i = 0; i < users.count; i++)
        add(out, SidTypeUser, users.v[i].name, machine, &users.v[i].sid, users.v[i].comment,
            users.v[i].disabled);
    const struct wire_sid guest = rpc_sid_in(m, RID_GUEST), none = rpc_sid_in(m, RID_GROUP_NONE);
    add(out, SidTypeUser, "Guest", machine, &guest, "", !users.guest);
    out->users = out->count;
    add(out, SidTypeGroup, "None", machine, &none, "", false);
    add(out, SidTypeDomain, machine, machine, m, "", false);
    for (size_t i = 0; i < ARRAY_LEN(well_known); i++)
        add(out, well_known[i].use, well_known[i].name, well_known[i].domain, &well_known[i].sid,
            "", false);
    return true;
}

const struct rpc_person *rpc_people_by_sid(const struct rpc_people *p, const struct wire_sid *sid)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (wire_sid_equal(&p->v[i].sid, sid))
            return &p->v[i];
    return NULL;
}

static bool same(const char *a, const char *b, size_t b_len)
{
    return utf8_casecmp(a, strlen(a), b, b_len) == 0;
}

const struct rpc_person *rpc_people_by_name(const struct rpc_people *p, const char *name)
{
    if (name[0] == '\0') /* as Windows has it */
        return rpc_people_by_sid(p, &rpc_builtin_sid);
    const char *slash = strchr(name, '\\');
    const char *account = slash != NULL ? slash + 1 : name;
    size_t domain_len = slash != NULL ? (size_t)(slash - name) : 0;
    for (uint32_t i = 0; i < p->count; i++) {
        const struct rpc_person *who = &p->v[i];
        if (slash != NULL && !same(who->domain, name, domain_len))
            continue;
        /* "DOMAIN\" is the domain */
        if (same(who->name, account, strlen(account)) ||
            (slash != NULL && account[0] == '\0' && who->use == SidTypeDomain))
            return who;
    }
    return NULL;
}
