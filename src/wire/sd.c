// SPDX-License-Identifier: Apache-2.0
/*
 * Self-relative security descriptors ([MS-DTYP] 2.4.4 to 2.4.6). Pure functions, any thread.
 *
 * An ACL is decoded inside the AclSize bytes that it claims, an ACE inside its AceSize, so that a
 * lying inner length never reads what belongs to a neighbour.
 */
#include "wire/sd.h"

#include "base/checked.h"

#define SD_HEADER  20
#define ACL_HEADER 8
#define ACE_HEADER 4

uint32_t wire_security_query_access(uint32_t additional_information)
{
    uint32_t access = 0;

    if (additional_information &
        (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION |
         LABEL_SECURITY_INFORMATION | ATTRIBUTE_SECURITY_INFORMATION | SCOPE_SECURITY_INFORMATION))
        access |= READ_CONTROL;
    if (additional_information & SACL_SECURITY_INFORMATION)
        access |= ACCESS_SYSTEM_SECURITY;
    if (additional_information & BACKUP_SECURITY_INFORMATION)
        access |= READ_CONTROL | ACCESS_SYSTEM_SECURITY;
    return access;
}

uint32_t wire_security_set_access(uint32_t additional_information)
{
    uint32_t access = 0;

    if (additional_information &
        (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION))
        access |= WRITE_OWNER;
    if (additional_information & (DACL_SECURITY_INFORMATION | ATTRIBUTE_SECURITY_INFORMATION))
        access |= WRITE_DAC;
    if (additional_information & (SACL_SECURITY_INFORMATION | SCOPE_SECURITY_INFORMATION))
        access |= ACCESS_SYSTEM_SECURITY;
    if (additional_information & BACKUP_SECURITY_INFORMATION)
        access |= WRITE_DAC | WRITE_OWNER | ACCESS_SYSTEM_SECURITY;
    return access;
}

/* ([MS-DTYP] 2.4.4.1); reserved types stay opaque. */
static const uint8_t ace_forms[] = {
    [ACCESS_ALLOWED_ACE_TYPE] = WIRE_ACE_PLAIN,
    [ACCESS_DENIED_ACE_TYPE] = WIRE_ACE_PLAIN,
    [SYSTEM_AUDIT_ACE_TYPE] = WIRE_ACE_PLAIN,
    [ACCESS_ALLOWED_OBJECT_ACE_TYPE] = WIRE_ACE_OBJECT,
    [ACCESS_DENIED_OBJECT_ACE_TYPE] = WIRE_ACE_OBJECT,
    [SYSTEM_AUDIT_OBJECT_ACE_TYPE] = WIRE_ACE_OBJECT,
    [ACCESS_ALLOWED_CALLBACK_ACE_TYPE] = WIRE_ACE_PLAIN,
    [ACCESS_DENIED_CALLBACK_ACE_TYPE] = WIRE_ACE_PLAIN,
    [ACCESS_ALLOWED_CALLBACK_OBJECT_ACE_TYPE] = WIRE_ACE_OBJECT,
    [ACCESS_DENIED_CALLBACK_OBJECT_ACE_TYPE] = WIRE_ACE_OBJECT,
    [SYSTEM_AUDIT_CALLBACK_ACE_TYPE] = WIRE_ACE_PLAIN,
    [SYSTEM_AUDIT_CALLBACK_OBJECT_ACE_TYPE] = WIRE_ACE_OBJECT,
    [SYSTEM_MANDATORY_LABEL_ACE_TYPE] = WIRE_ACE_PLAIN,
    [SYSTEM_RESOURCE_ATTRIBUTE_ACE_TYPE] = WIRE_ACE_PLAIN,
    [SYSTEM_SCOPED_POLICY_ID_ACE_TYPE] = WIRE_ACE_PLAIN,
};

enum wire_ace_form wire_ace_form(uint8_t type)
{
    return type < ARRAY_LEN(ace_forms) ? (enum wire_ace_form)ace_forms[type] : WIRE_ACE_OPAQUE;
}

static size_t ace_size(const struct wire_ace *ace)
{
    size_t size = ACE_HEADER + align_up(ace->data_len, 4);
    enum wire_ace_form form = wire_ace_form(ace->type);

    if (form == WIRE_ACE_OPAQUE)
        return size;
    size += 4 + wire_sid_size(&ace->sid);
    if (form == WIRE_ACE_OBJECT) {
        size += 4;
        size += ace->object_flags & ACE_OBJECT_TYPE_PRESENT ? 16 : 0;
        size += ace->object_flags & ACE_INHERITED_OBJECT_TYPE_PRESENT ? 16 : 0;
    }
    return size;
}

static void ace_encode(struct builder *b, const struct wire_ace *ace)
{
    size_t start = b->len, size = ace_size(ace);
    enum wire_ace_form form = wire_ace_form(ace->type);

    if (size > UINT16_MAX) {
        b->failed = true;
        return;
    }
    builder_u8(b, ace->type);
    builder_u8(b, ace->flags);
    builder_u16(b, (uint16_t)size);
    if (form != WIRE_ACE_OPAQUE)
        builder_u32(b, ace->mask);
    if (form == WIRE_ACE_OBJECT) {
        builder_u32(b, ace->object_flags);
        if (ace->object_flags & ACE_OBJECT_TYPE_PRESENT)
            builder_bytes(b, ace->object_type.b, 16);
        if (ace->object_flags & ACE_INHERITED_OBJECT_TYPE_PRESENT)
            builder_bytes(b, ace->inherited_object_type.b, 16);
    }
    if (form != WIRE_ACE_OPAQUE)
        wire_sid_encode(b, &ace->sid);
    builder_bytes(b, ace->data, ace->data_len);
    builder_align(b, start, 4);
}

static bool ace_decode(struct cursor *c, struct wire_ace *out)
{
    size_t start = c->pos;
    struct cursor e;
    uint16_t size;
    enum wire_ace_form form;

    out->type = cursor_u8(c);
    out->flags = cursor_u8(c);
    size = cursor_u16(c);
    if (size % 4 != 0)
        cursor_fail(c);
    e = cursor_sub(c, start, size);
    cursor_seek(c, start + size);
    cursor_skip(&e, ACE_HEADER);
    form = wire_ace_form(out->type);
    if (form != WIRE_ACE_OPAQUE)
        out->mask = cursor_u32(&e);
    if (form == WIRE_ACE_OBJECT) {
        out->object_flags = cursor_u32(&e);
        if (out->object_flags & ACE_OBJECT_TYPE_PRESENT)
            cursor_bytes(&e, out->object_type.b, 16);
        if (out->object_flags & ACE_INHERITED_OBJECT_TYPE_PRESENT)
            cursor_bytes(&e, out->inherited_object_type.b, 16);
    }
    if (form != WIRE_ACE_OPAQUE && !wire_sid_decode(&e, &out->sid))
        return false;
    out->data_len = cursor_left(&e);
    out->data = cursor_take(&e, out->data_len);
    return !cursor_failed(&e) && !cursor_failed(c);
}

size_t wire_acl_size(const struct wire_acl *acl)
{
    size_t size = ACL_HEADER;
    int i;

    for (i = 0; i < acl->count; i++)
        size += ace_size(&acl->aces[i]);
    return size;
}

void wire_acl_encode(struct builder *b, const struct wire_acl *acl)
{
    size_t size = wire_acl_size(acl);
    int i;

    if (size > UINT16_MAX || acl->count > WIRE_ACL_ACE_MAX) { /* what nobody could read again */
        b->failed = true;
        return;
    }
    builder_u8(b, acl->revision);
    builder_u8(b, 0);
    builder_u16(b, (uint16_t)size);
    builder_u16(b, acl->count);
    builder_u16(b, 0);
    for (i = 0; i < acl->count; i++)
        ace_encode(b, &acl->aces[i]);
}

bool wire_acl_decode(struct cursor *c, struct arena *a, struct wire_acl *out)
{
    size_t start = c->pos;
    struct cursor body;
    uint16_t size;
    int i;

    *out = (struct wire_acl){0};
    out->revision = cursor_u8(c);
    cursor_skip(c, 1);
    size = cursor_u16(c);
    out->count = cursor_u16(c);
    cursor_skip(c, 2);
    /* Revision 3 is not on the list of [MS-DTYP] 2.4.5, but lies inside what Windows takes. */
    if (out->revision < ACL_REVISION || out->revision > ACL_REVISION_DS || size < ACL_HEADER ||
        out->count > WIRE_ACL_ACE_MAX || out->count > (size - ACL_HEADER) / ACE_HEADER)
        cursor_fail(c);
    body = cursor_sub(c, start, size);
    cursor_seek(c, start + size);
    cursor_skip(&body, ACL_HEADER);
    if (cursor_failed(&body))
        return false;
    out->aces = arena_array(a, out->count, sizeof(out->aces[0]));
    if (out->aces == NULL) {
        out->count = 0;
        return false;
    }
    for (i = 0; i < out->count; i++)
        if (!ace_decode(&body, &out->aces[i]))
            return false;
    return true;
}

size_t wire_sd_size(const struct wire_sd *sd)
{
    return SD_HEADER + (sd->has_owner ? wire_sid_size(&sd->owner) : 0) +
           (sd->has_group ? wire_sid_size(&sd->group) : 0) +
           (sd->sacl != NULL ? wire_acl_size(sd->sacl) : 0) +
           (sd->dacl != NULL ? wire_acl_size(sd->dacl) : 0);
}

static void part_offset(struct builder *b, size_t start, size_t field)
{
    builder_patch_u32(b, start + field, (uint32_t)(b->len - start));
}

void wire_sd_encode(struct builder *b, const struct wire_sd *sd)
{
    size_t start = b->len;

    builder_u8(b, 1);
    builder_u8(b, sd->rm_control);
    builder_u16(b, sd->control | SE_SELF_RELATIVE);
    builder_zero(b, 16);
    if (sd->has_owner) {
        part_offset(b, start, 4);
        wire_sid_encode(b, &sd->owner);
    }
    if (sd->has_group) {
        part_offset(b, start, 8);
        wire_sid_encode(b, &sd->group);
    }
    if (sd->sacl != NULL) {
        part_offset(b, start, 12);
        wire_acl_encode(b, sd->sacl);
    }
    if (sd->dacl != NULL) {
        part_offset(b, start, 16);
        wire_acl_encode(b, sd->dacl);
    }
}

/* The bytes from a part's offset to the end. An offset into the header fails. */
static struct cursor part_at(struct cursor *sd, uint32_t offset)
{
    if (offset < SD_HEADER || offset > sd->end) {
        cursor_fail(sd);
        offset = 0;
    }
    return cursor_sub(sd, offset, sd->end - offset);
}

static bool sid_at(struct cursor *sd, uint32_t offset, bool *has, struct wire_sid *out)
{
    struct cursor part;

    *has = offset != 0;
    if (offset == 0)
        return true;
    part = part_at(sd, offset);
    return wire_sid_decode(&part, out);
}

/* An ACL whose present bit is clear is not looked at, whatever its offset says. */
static bool acl_at(struct cursor *sd, struct arena *a, bool present, uint32_t offset,
                   const struct wire_acl **out)
{
    struct wire_acl *acl;
    struct cursor part;

    *out = NULL;
    if (!present || offset == 0)
        return true;
    part = part_at(sd, offset);
    acl = arena_alloc(a, sizeof(*acl));
    *out = acl;
    return acl != NULL && wire_acl_decode(&part, a, acl);
}

bool wire_sd_decode(struct cursor *c, struct arena *a, struct wire_sd *out)
{
    struct cursor sd = cursor_sub(c, c->pos, cursor_left(c));
    uint8_t revision = cursor_u8(&sd);
    uint32_t owner, group, sacl, dacl;

    *out = (struct wire_sd){0};
    out->rm_control = cursor_u8(&sd);
    out->control = cursor_u16(&sd);
    owner = cursor_u32(&sd);
    group = cursor_u32(&sd);
    sacl = cursor_u32(&sd);
    dacl = cursor_u32(&sd);
    if (cursor_failed(&sd) || revision != 1 || !(out->control & SE_SELF_RELATIVE) ||
        sd.end > WIRE_SD_SIZE_MAX)
        return false;
    return sid_at(&sd, owner, &out->has_owner, &out->owner) &&
           sid_at(&sd, group, &out->has_group, &out->group) &&
           acl_at(&sd, a, out->control & SE_SACL_PRESENT, sacl, &out->sacl) &&
           acl_at(&sd, a, out->control & SE_DACL_PRESENT, dacl, &out->dacl);
}
