// SPDX-License-Identifier: Apache-2.0
/* SACLs: see sacl.h. */
#include "acl/sacl.h"

struct wire_acl *acl_alloc(struct arena *a, size_t count, uint8_t revision)
{
    struct wire_acl *acl = arena_alloc(a, sizeof *acl);
    if (acl == NULL)
        return NULL;
    acl->revision = revision;
    acl->aces = arena_array(a, count != 0 ? count : 1, sizeof *acl->aces);
    return acl->aces != NULL ? acl : NULL;
}

void acl_settle(struct wire_acl *out, const struct wire_ace *e)
{
    struct wire_ace *x = &out->aces[out->count++];
    *x = *e;
    if (!(e->flags & INHERIT_ONLY_ACE) && wire_ace_form(e->type) != WIRE_ACE_OPAQUE)
        x->mask = acl_map_generic(e->mask);
}

uint16_t acl_stored_control(uint16_t control, unsigned shift)
{
    uint16_t mask = shift != 0 ? SACL_CONTROL : DACL_CONTROL;
    uint16_t out = control & mask;
    if (!(control & SE_DACL_AUTO_INHERIT_REQ << shift))
        out &= (uint16_t) ~(SE_DACL_AUTO_INHERITED << shift);
    return out;
}

static uint32_t part_of(const struct wire_ace *e)
{
    switch (e->type) {
    case SYSTEM_MANDATORY_LABEL_ACE_TYPE: return LABEL_SECURITY_INFORMATION;
    case SYSTEM_RESOURCE_ATTRIBUTE_ACE_TYPE: return ATTRIBUTE_SECURITY_INFORMATION;
    case SYSTEM_SCOPED_POLICY_ID_ACE_TYPE: return SCOPE_SECURITY_INFORMATION;
    default: return SACL_SECURITY_INFORMATION;
    }
}

static size_t count_of(const struct wire_acl *sacl)
{
    return sacl != NULL ? sacl->count : 0;
}

bool sacl_is_guarded(const struct wire_acl *sacl)
{
    for (size_t i = 0; i < count_of(sacl); i++)
        if (!(part_of(&sacl->aces[i]) & SACL_PARTS_FREE))
            return true;
    return false;
}

smbkit_status sacl_merge(struct arena *a, const struct wire_sd *in, uint32_t parts,
                         struct wire_sd *out)
{
    const struct wire_acl *from = in->control & SE_SACL_PRESENT ? in->sacl : NULL;
    const struct wire_acl *old = out->sacl;
    if (parts == 0)
        return SMBKIT_STATUS_SUCCESS;
    uint8_t revision = from != NULL ? from->revision : ACL_REVISION;
    if (old != NULL)
        revision = MAX(revision, old->revision);
    struct wire_acl *sacl = acl_alloc(a, count_of(from) + count_of(old), revision);
    if (sacl == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    for (size_t i = 0; i < count_of(from); i++)
        if (part_of(&from->aces[i]) & parts)
            acl_settle(sacl, &from->aces[i]);
    for (size_t i = 0; i < count_of(old); i++)
        if (!(part_of(&old->aces[i]) & parts))
            sacl->aces[sacl->count++] = old->aces[i];
    /* what is said of the list as a whole is said of audit */
    if (parts & SACL_SECURITY_INFORMATION)
        out->control =
            (uint16_t)((out->control & ~SACL_CONTROL) | acl_stored_control(in->control, 1));
    out->sacl = from != NULL || sacl->count > 0 ? sacl : NULL;
    if (sacl->count > 0)
        out->control |= SE_SACL_PRESENT;
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status sacl_select(struct arena *a, const struct wire_sd *sd, uint32_t parts,
                          struct wire_sd *out)
{
    if (parts == 0)
        return SMBKIT_STATUS_SUCCESS;
    out->control |= sd->control & SACL_CONTROL;
    if (sd->sacl == NULL || parts == SACL_PARTS) {
        out->sacl = sd->sacl;
        return SMBKIT_STATUS_SUCCESS;
    }
    struct wire_acl *sacl = acl_alloc(a, sd->sacl->count, sd->sacl->revision);
    if (sacl == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    for (uint16_t i = 0; i < sd->sacl->count; i++)
        if (part_of(&sd->sacl->aces[i]) & parts)
            sacl->aces[sacl->count++] = sd->sacl->aces[i];
    out->sacl = sacl;
    return SMBKIT_STATUS_SUCCESS;
}
