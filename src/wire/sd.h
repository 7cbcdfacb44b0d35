// SPDX-License-Identifier: Apache-2.0
/*
 * Access rights ([MS-SMB2] 2.2.13.1, [MS-DTYP] 2.4.3) and self-relative security descriptors
 * ([MS-DTYP] 2.4.4 to 2.4.6).
 *
 * Decoding keeps everything: ACEs of types that we do not know, and the data behind the SID of
 * those that we do, come back byte for byte. ACE arrays live in the arena; opaque bytes are
 * borrowed from the input, which must live as long as the descriptor.
 */
#ifndef WIRE_SD_H
#define WIRE_SD_H

#include "base/arena.h"
#include "base/guid.h"
#include "wire/sid.h"
#include "wire/smb2.h"

/* What the generic rights mean for a file ([MS-SMB2] 2.2.13.1.1). */
#define FILE_GENERIC_READ    0x00120089u
#define FILE_GENERIC_WRITE   0x00120116u
#define FILE_GENERIC_EXECUTE 0x001200a0u
#define FILE_ALL_ACCESS      0x001f01ffu

/* Rights the open needs for a query or a set of these parts ([MS-FSA] 2.1.5.14,
 * [MS-SMB2] 3.3.5.21.3). */
uint32_t wire_security_query_access(uint32_t additional_information);
uint32_t wire_security_set_access(uint32_t additional_information);

#define ACCESS_ALLOWED_ACE_TYPE                 0x00
#define ACCESS_DENIED_ACE_TYPE                  0x01
#define SYSTEM_AUDIT_ACE_TYPE                   0x02
#define SYSTEM_ALARM_ACE_TYPE                   0x03
#define ACCESS_ALLOWED_COMPOUND_ACE_TYPE        0x04
#define ACCESS_ALLOWED_OBJECT_ACE_TYPE          0x05
#define ACCESS_DENIED_OBJECT_ACE_TYPE           0x06
#define SYSTEM_AUDIT_OBJECT_ACE_TYPE            0x07
#define SYSTEM_ALARM_OBJECT_ACE_TYPE            0x08
#define ACCESS_ALLOWED_CALLBACK_ACE_TYPE        0x09
#define ACCESS_DENIED_CALLBACK_ACE_TYPE         0x0a
#define ACCESS_ALLOWED_CALLBACK_OBJECT_ACE_TYPE 0x0b
#define ACCESS_DENIED_CALLBACK_OBJECT_ACE_TYPE  0x0c
#define SYSTEM_AUDIT_CALLBACK_ACE_TYPE          0x0d
#define SYSTEM_ALARM_CALLBACK_ACE_TYPE          0x0e
#define SYSTEM_AUDIT_CALLBACK_OBJECT_ACE_TYPE   0x0f
#define SYSTEM_ALARM_CALLBACK_OBJECT_ACE_TYPE   0x10
#define SYSTEM_MANDATORY_LABEL_ACE_TYPE         0x11
#define SYSTEM_RESOURCE_ATTRIBUTE_ACE_TYPE      0x12
#define SYSTEM_SCOPED_POLICY_ID_ACE_TYPE        0x13

#define OBJECT_INHERIT_ACE         0x01
#define CONTAINER_INHERIT_ACE      0x02
#define NO_PROPAGATE_INHERIT_ACE   0x04
#define INHERIT_ONLY_ACE           0x08
#define INHERITED_ACE              0x10
#define SUCCESSFUL_ACCESS_ACE_FLAG 0x40
#define FAILED_ACCESS_ACE_FLAG     0x80

#define ACE_OBJECT_TYPE_PRESENT           0x00000001u
#define ACE_INHERITED_OBJECT_TYPE_PRESENT 0x00000002u

/* How the bytes of an ACE type are laid out. */
enum wire_ace_form {
    WIRE_ACE_OPAQUE, /* only type, flags and data are set */
    WIRE_ACE_PLAIN,  /* mask, sid, data */
    WIRE_ACE_OBJECT, /* mask, object flags, up to two GUIDs, sid, data */
};
enum wire_ace_form wire_ace_form(uint8_t type);

struct wire_ace {
    uint8_t type;
    uint8_t flags;
    uint32_t mask;
    uint32_t object_flags;
    struct guid object_type;
    struct guid inherited_object_type;
    struct wire_sid sid;
    const uint8_t
        *data; /* behind the SID, or the whole body of an opaque ACE; a multiple of 4 bytes */
    size_t data_len;
};

/* Of one ACL. AclSize is 16 bits, so that real ones hold fewer; the attack is 16,000 empty ACEs
   that each become a struct. */
#define WIRE_ACL_ACE_MAX 2048

#define ACL_REVISION    0x02
#define ACL_REVISION_DS 0x04

struct wire_acl {
    uint8_t revision;
    uint16_t count;
    struct wire_ace *aces;
};

#define SE_OWNER_DEFAULTED       0x0001u
#define SE_GROUP_DEFAULTED       0x0002u
#define SE_DACL_PRESENT          0x0004u
#define SE_DACL_DEFAULTED        0x0008u
#define SE_SACL_PRESENT          0x0010u
#define SE_SACL_DEFAULTED        0x0020u
#define SE_DACL_TRUSTED          0x0040u
#define SE_SERVER_SECURITY       0x0080u
#define SE_DACL_AUTO_INHERIT_REQ 0x0100u
#define SE_SACL_AUTO_INHERIT_REQ 0x0200u
#define SE_DACL_AUTO_INHERITED   0x0400u
#define SE_SACL_AUTO_INHERITED   0x0800u
#define SE_DACL_PROTECTED        0x1000u
#define SE_SACL_PROTECTED        0x2000u
#define SE_RM_CONTROL_VALID      0x4000u
#define SE_SELF_RELATIVE         0x8000u

/* SE_DACL_PRESENT with dacl == NULL is a NULL DACL (everyone may do everything); without
   SE_DACL_PRESENT there is no DACL and dacl is NULL. Likewise for the SACL. */
struct wire_sd {
    uint8_t rm_control; /* Sbz1 */
    uint16_t control;
    bool has_owner;
    bool has_group;
    struct wire_sid owner;
    struct wire_sid group;
    const struct wire_acl *sacl;
    const struct wire_acl *dacl;
};

/* The largest descriptor that we take: two ACLs of 64 KiB and two SIDs. */
#define WIRE_SD_SIZE_MAX (20 + 2 * WIRE_SID_SIZE_MAX + 2 * 65535)

/* Bytes that wire_sd_encode writes. */
size_t wire_sd_size(const struct wire_sd *sd);
/* Sets SE_SELF_RELATIVE by itself; the other bits are the caller's. The builder fails when an ACL
   is too large for its 16-bit fields or for wire_sd_decode. */
void wire_sd_encode(struct builder *b, const struct wire_sd *sd);
/* Takes everything from c's position to its end as the descriptor. */
NODISCARD bool wire_sd_decode(struct cursor *c, struct arena *a, struct wire_sd *out);

/* Parts: also for callers that store ACLs by themselves. */
size_t wire_acl_size(const struct wire_acl *acl);
void wire_acl_encode(struct builder *b, const struct wire_acl *acl);
NODISCARD bool wire_acl_decode(struct cursor *c, struct arena *a, struct wire_acl *out);

#endif
