// SPDX-License-Identifier: Apache-2.0
/*
 * Making descriptors: see acl.h.
 *
 * An inherited entry that names CREATOR OWNER, or has generic rights, says something else for the
 * folder that inherits it than for what will be made in it. Such an entry becomes two: one that
 * counts here, resolved, and one that is only passed on, as it was.
 */
#include "acl/acl.h"
#include "acl/sacl.h"
#include <string.h>

#define GENERIC_ANY (GENERIC_ALL | GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE)
#define INHERITANCE (OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE)

/* ---- the default ---- */

static struct wire_ace everyone_file = {
    .type = ACCESS_ALLOWED_ACE_TYPE, .mask = FILE_ALL_ACCESS, .sid = {1, 1, {0}}};
static struct wire_ace everyone_folder = {.type = ACCESS_ALLOWED_ACE_TYPE,
                                          .flags = INHERITANCE,
                                          .mask = FILE_ALL_ACCESS,
                                          .sid = {1, 1, {0}}};
static const struct wire_acl dacl_file = {ACL_REVISION, 1, &everyone_file};
static const struct wire_acl dacl_folder = {ACL_REVISION, 1, &everyone_folder};

void acl_default_sd(const struct acl_token *t, bool folder, struct wire_sd *out)
{
    *out = (struct wire_sd){
        .control = SE_DACL_PRESENT,
        .has_owner = true,
        .has_group = true,
        .owner = t->user,
        .group = t->primary_group,
        .dacl = folder ? &dacl_folder : &dacl_file,
    };
}

/* ---- ACLs ---- */

static bool names_creator(const struct wire_ace *e)
{
    return wire_sid_equal(&e->sid, &wire_sid_creator_owner) ||
           wire_sid_equal(&e->sid, &wire_sid_creator_group);
}

/* The entry as it counts for what is owned by sd's owner and group. */
static void resolve(struct wire_ace *e, const struct wire_sd *sd)
{
    e->mask = acl_map_generic(e->mask);
    if (wire_sid_equal(&e->sid, &wire_sid_creator_owner) && sd->has_owner)
        e->sid = sd->owner;
    else if (wire_sid_equal(&e->sid, &wire_sid_creator_group) && sd->has_group)
        e->sid = sd->group;
}

/* An ACL that somebody set. */
static const struct wire_acl *settle(struct arena *a, const struct wire_acl *in)
{
    struct wire_acl *out = acl_alloc(a, in->count, in->revision);
    for (uint16_t i = 0; out != NULL && i < in->count; i++)
        acl_settle(out, &in->aces[i]);
    return out;
}

static bool inheritable(const struct wire_ace *e, bool folder)
{
    if (wire_ace_form(e->type) == WIRE_ACE_OPAQUE)
        return false;
    if (e->flags & OBJECT_INHERIT_ACE)
        if (!folder || !(e->flags & NO_PROPAGATE_INHERIT_ACE))
            return true;
    return folder && (e->flags & CONTAINER_INHERIT_ACE);
}

/* Adds what a child gets of one entry ([MS-DTYP] 2.5.3.4.4): at most two. */
static void inherit_one(struct wire_acl *out, const struct wire_ace *e, bool folder, uint8_t mark,
                        const struct wire_sd *sd)
{
    bool counts = !folder || (e->flags & CONTAINER_INHERIT_ACE);
    bool passes = folder && !(e->flags & NO_PROPAGATE_INHERIT_ACE);
    bool splits = names_creator(e) || (e->mask & GENERIC_ANY);
    uint8_t onward = (uint8_t)((e->flags & INHERITANCE) | mark);
    if (counts) {
        struct wire_ace *x = &out->aces[out->count++];
        *x = *e;
        x->flags = passes && !splits ? onward : mark;
        resolve(x, sd);
    }
    if (passes && (splits || !counts)) {
        struct wire_ace *x = &out->aces[out->count++];
        *x = *e;
        x->flags = onward | INHERIT_ONLY_ACE;
    }
}

/* What a child inherits; NULL with *ok when that is nothing. */
static const struct wire_acl *inherit(struct arena *a, const struct wire_acl *parent, bool folder,
                                      uint8_t mark, const struct wire_sd *sd, bool *ok)
{
    size_t count = 0;
    *ok = true;
    for (uint16_t i = 0; parent != NULL && i < parent->count; i++)
        count += inheritable(&parent->aces[i], folder);
    if (count == 0)
        return NULL;
    struct wire_acl *out = acl_alloc(a, 2 * count, parent->revision);
    *ok = out != NULL;
    for (uint16_t i = 0; *ok && i < parent->count; i++)
        if (inheritable(&parent->aces[i], folder))
            inherit_one(out, &parent->aces[i], folder, mark, sd);
    return out;
}

/* The token's DefaultDACL: the owner and the system. */
static const struct wire_acl *default_dacl(struct arena *a, const struct wire_sd *sd)
{
    struct wire_acl *out = acl_alloc(a, 2, ACL_REVISION);
    if (out == NULL)
        return NULL;
    const struct wire_ace allow = {.type = ACCESS_ALLOWED_ACE_TYPE, .mask = FILE_ALL_ACCESS};
    out->count = 2;
    out->aces[0] = out->aces[1] = allow;
    out->aces[0].sid = sd->owner;
    out->aces[1].sid = wire_sid_local_system;
    return out;
}

/* ---- descriptors ---- */

/* One becomes owner of what one makes or may take; giving away needs a privilege. */
static smbkit_status check_owner(const struct wire_sd *in, const struct acl_token *t)
{
    if (in->has_owner && !acl_token_has(t, &in->owner))
        return SMBKIT_STATUS_INVALID_OWNER;
    return SMBKIT_STATUS_SUCCESS;
}

/* Puts the DACL of `in` into `out`. False: memory is out. */
static bool take_dacl(struct arena *a, const struct wire_sd *in, struct wire_sd *out)
{
    out->control = (uint16_t)((out->control & ~DACL_CONTROL) | acl_stored_control(in->control, 0));
    out->dacl = NULL;
    if (!(in->control & SE_DACL_PRESENT) || in->dacl == NULL)
        return true;
    out->dacl = settle(a, in->dacl);
    return out->dacl != NULL;
}

static bool inherit_dacl(struct arena *a, const struct wire_sd *parent, bool folder,
                         struct wire_sd *out)
{
    bool ok, automatic = (parent->control & SE_DACL_AUTO_INHERITED) != 0;
    const struct wire_acl *from = parent->control & SE_DACL_PRESENT ? parent->dacl : NULL;
    out->dacl = inherit(a, from, folder, automatic ? INHERITED_ACE : 0, out, &ok);
    out->control |= SE_DACL_PRESENT;
    if (out->dacl != NULL && automatic)
        out->control |= SE_DACL_AUTO_INHERITED;
    if (ok && out->dacl == NULL)
        out->dacl = default_dacl(a, out);
    return ok && out->dacl != NULL;
}

/* The SACL that is handed down, with what the creator gave in its place: all of it, or without the
   privilege the parts that need none. SUCCESS, PRIVILEGE_NOT_HELD, INSUFFICIENT_RESOURCES. */
static smbkit_status make_sacl(struct arena *a, const struct wire_sd *parent,
                               const struct wire_sd *given, bool folder, const struct acl_token *t,
                               struct wire_sd *out)
{
    bool ok, automatic = (parent->control & SE_SACL_AUTO_INHERITED) != 0;
    bool is_given = given != NULL && (given->control & SE_SACL_PRESENT);
    out->sacl = inherit(a, parent->sacl, folder, automatic ? INHERITED_ACE : 0, out, &ok);
    if (!ok)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (out->sacl != NULL)
        out->control |= automatic ? SE_SACL_PRESENT | SE_SACL_AUTO_INHERITED : SE_SACL_PRESENT;
    if (!is_given)
        return SMBKIT_STATUS_SUCCESS;
    if (!t->has_security_privilege && sacl_is_guarded(given->sacl))
        return SMBKIT_STATUS_PRIVILEGE_NOT_HELD;
    return sacl_merge(a, given, t->has_security_privilege ? SACL_PARTS : SACL_PARTS_FREE, out);
}

smbkit_status acl_new_sd(struct arena *a, const struct wire_sd *parent, const struct wire_sd *given,
                         bool folder, const struct acl_token *t, struct wire_sd *out)
{
    *out = (struct wire_sd){
        .has_owner = true, .has_group = true, .owner = t->user, .group = t->primary_group};
    if (given != NULL) {
        smbkit_status st = check_owner(given, t);
        if (st != SMBKIT_STATUS_SUCCESS)
            return st;
        if (given->has_owner)
            out->owner = given->owner;
        if (given->has_group)
            out->group = given->group;
    }
    bool ok = given != NULL && (given->control & SE_DACL_PRESENT)
                  ? take_dacl(a, given, out)
                  : inherit_dacl(a, parent, folder, out);
    if (!ok)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    return make_sacl(a, parent, given, folder, t, out);
}

/* BACKUP_SECURITY_INFORMATION names everything; when it sets, what is there. */
static uint32_t named_parts(uint32_t info, const struct wire_sd *in)
{
    if (!(info & BACKUP_SECURITY_INFORMATION))
        return info;
    return info | (in->has_owner ? OWNER_SECURITY_INFORMATION : 0) |
           (in->has_group ? GROUP_SECURITY_INFORMATION : 0) |
           (in->control & SE_DACL_PRESENT ? DACL_SECURITY_INFORMATION : 0) |
           (in->control & SE_SACL_PRESENT ? SACL_PARTS : 0);
}

smbkit_status acl_merge_sd(struct arena *a, const struct wire_sd *old, const struct wire_sd *in,
                           uint32_t info, const struct acl_token *t, struct wire_sd *out)
{
    *out = *old;
    info = named_parts(info, in);
    if (info & OWNER_SECURITY_INFORMATION) {
        smbkit_status st = in->has_owner ? check_owner(in, t) : SMBKIT_STATUS_INVALID_OWNER;
        if (st != SMBKIT_STATUS_SUCCESS)
            return st;
        out->has_owner = true;
        out->owner = in->owner;
    }
    if (info & GROUP_SECURITY_INFORMATION) {
        out->has_group = in->has_group;
        out->group = in->group;
    }
    if (info & DACL_SECURITY_INFORMATION) {
        if (!take_dacl(a, in, out))
            return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
        out->control |= SE_DACL_PRESENT; /* setting none is setting a NULL DACL */
    }
    return sacl_merge(a, in, info & SACL_PARTS, out);
}

smbkit_status acl_select_sd(struct arena *a, const struct wire_sd *sd, uint32_t info,
                            struct wire_sd *out)
{
    *out = (struct wire_sd){0};
    info = named_parts(info, sd);
    if (info & OWNER_SECURITY_INFORMATION) {
        out->has_owner = sd->has_owner;
        out->owner = sd->owner;
    }
    if (info & GROUP_SECURITY_INFORMATION) {
        out->has_group = sd->has_group;
        out->group = sd->group;
    }
    if (info & DACL_SECURITY_INFORMATION) {
        out->control |= sd->control & DACL_CONTROL;
        out->dacl = sd->dacl;
    }
    return sacl_select(a, sd, info & SACL_PARTS, out);
}
