// SPDX-License-Identifier: Apache-2.0
/* Access checks: see acl.h. */
#include "acl/acl.h"

static const struct {
    uint32_t generic, rights;
} generic_map[] = {
    {GENERIC_ALL, FILE_ALL_ACCESS},
    {GENERIC_READ, FILE_GENERIC_READ},
    {GENERIC_WRITE, FILE_GENERIC_WRITE},
    {GENERIC_EXECUTE, FILE_GENERIC_EXECUTE},
};

uint32_t acl_map_generic(uint32_t access)
{
    for (size_t i = 0; i < ARRAY_LEN(generic_map); i++)
        if (access & generic_map[i].generic)
            access = (access & ~generic_map[i].generic) | generic_map[i].rights;
    return access;
}

enum effect {
    NOTHING,
    ALLOWS,
    DENIES,
};

/* Files have no object types: an entry for one type allows nothing here, and denies as any other.
   We cannot evaluate the conditions of callback entries: unknown allows nothing and denies
   ([MS-DTYP] 2.5.3.2). */
static enum effect effect_of(const struct wire_ace *e)
{
    switch (e->type) {
    case ACCESS_ALLOWED_ACE_TYPE: return ALLOWS;
    case ACCESS_ALLOWED_OBJECT_ACE_TYPE:
        return e->object_flags & ACE_OBJECT_TYPE_PRESENT ? NOTHING : ALLOWS;
    case ACCESS_DENIED_ACE_TYPE:
    case ACCESS_DENIED_OBJECT_ACE_TYPE:
    case ACCESS_DENIED_CALLBACK_ACE_TYPE:
    case ACCESS_DENIED_CALLBACK_OBJECT_ACE_TYPE: return DENIES;
    default: return NOTHING;
    }
}

/* Is the entry about this token? OWNER RIGHTS means the owner. */
static bool concerns(const struct wire_ace *e, const struct acl_token *t, bool is_owner)
{
    if (wire_sid_equal(&e->sid, &wire_sid_owner_rights))
        return is_owner;
    return acl_token_has(t, &e->sid);
}

/* The owner may always read and change the DACL, unless entries for OWNER RIGHTS say what he may.
 */
static bool owner_rights_limited(const struct wire_acl *dacl)
{
    for (uint16_t i = 0; i < dacl->count; i++) {
        const struct wire_ace *e = &dacl->aces[i];
        if (!(e->flags & INHERIT_ONLY_ACE) && effect_of(e) != NOTHING &&
            wire_sid_equal(&e->sid, &wire_sid_owner_rights))
            return true;
    }
    return false;
}

uint32_t acl_granted(const struct wire_sd *sd, const struct acl_token *t)
{
    const struct wire_acl *dacl = sd->dacl;
    if (!(sd->control & SE_DACL_PRESENT) || dacl == NULL)
        return FILE_ALL_ACCESS;
    bool is_owner = sd->has_owner && acl_token_has(t, &sd->owner);
    uint32_t allowed = 0, denied = 0;
    if (is_owner && !owner_rights_limited(dacl))
        allowed = READ_CONTROL | WRITE_DAC;
    for (uint16_t i = 0; i < dacl->count; i++) {
        const struct wire_ace *e = &dacl->aces[i];
        enum effect effect = effect_of(e);
        if ((e->flags & INHERIT_ONLY_ACE) || effect == NOTHING || !concerns(e, t, is_owner))
            continue;
        uint32_t mask = acl_map_generic(e->mask);
        if (effect == ALLOWS)
            allowed |= mask & ~denied;
        else
            denied |= mask & ~allowed;
    }
    return allowed & FILE_ALL_ACCESS;
}
