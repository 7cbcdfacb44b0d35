// SPDX-License-Identifier: Apache-2.0
/* Identities: see acl.h. */
#include "acl/acl.h"
#include "base/utf.h"
#include <string.h>

#define NT_AUTHORITY 5

static const struct wire_sid sid_network = {NT_AUTHORITY, 1, {2}};
static const struct wire_sid sid_builtin_guests = {NT_AUTHORITY, 2, {32, 546}};

#define RID_GUEST        501u
#define RID_GROUP_NONE   513u /* the group of every account of a machine */
#define RID_GROUP_GUESTS 514u
/* Numbers below are for accounts that every machine has; Windows counts on from 1000, and LSA tools
   take the topmost bit for a sign. */
#define RID_FIRST 1000u
#define RID_COUNT (0x7fffffffu - RID_FIRST)

struct wire_sid acl_machine_sid(const char *server_name)
{
    size_t len = strlen(server_name);
    uint64_t a = utf8_casehash(server_name, len);
    /* Three numbers from one hash: a machine needs to differ from its neighbours, not to be
       unguessable. */
    uint64_t b = (a ^ a >> 31) * 0x9e3779b97f4a7c15u;
    return (struct wire_sid){
        NT_AUTHORITY, 4, {21, (uint32_t)a, (uint32_t)(a >> 32), (uint32_t)(b >> 32)}};
}

static struct wire_sid with_rid(const struct wire_sid *machine, uint32_t rid)
{
    struct wire_sid sid = *machine;
    sid.sub[sid.count++] = rid;
    return sid;
}

struct wire_sid acl_account_sid(const struct wire_sid *machine, const char *name)
{
    uint64_t hash = utf8_casehash(name, strlen(name));
    return with_rid(machine, RID_FIRST + (uint32_t)((hash ^ hash >> 32) % RID_COUNT));
}

static void add_group(struct acl_token *t, const struct wire_sid *sid)
{
    t->groups[t->group_count++] = *sid;
}

void acl_token_make(struct acl_token *t, const struct wire_sid *machine, enum acl_who who,
                    const char *name)
{
    *t = (struct acl_token){0};
    add_group(t, &wire_sid_everyone);
    add_group(t, &sid_network);
    switch (who) {
    case ACL_USER:
        t->user = acl_account_sid(machine, name);
        t->primary_group = with_rid(machine, RID_GROUP_NONE);
        add_group(t, &wire_sid_authenticated_users);
        add_group(t, &wire_sid_builtin_users);
        break;
    case ACL_GUEST:
        t->user = with_rid(machine, RID_GUEST);
        t->primary_group = with_rid(machine, RID_GROUP_GUESTS);
        add_group(t, &sid_builtin_guests);
        break;
    case ACL_ANONYMOUS:
        t->user = wire_sid_anonymous;
        t->primary_group = wire_sid_anonymous;
        break;
    }
}

bool acl_token_has(const struct acl_token *t, const struct wire_sid *sid)
{
    if (wire_sid_equal(&t->user, sid) || wire_sid_equal(&t->primary_group, sid))
        return true;
    for (unsigned i = 0; i < t->group_count; i++)
        if (wire_sid_equal(&t->groups[i], sid))
            return true;
    return false;
}
