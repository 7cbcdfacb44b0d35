// SPDX-License-Identifier: Apache-2.0
/*
 * SACLs, and what making them shares with making DACLs: for inherit.c only.
 *
 * A SACL holds four lists in one. Each kind of entry belongs to one bit of SECURITY_INFORMATION
 * ([MS-DTYP] 2.4.7): mandatory labels, resource attributes, the central access policy, and audit,
 * with whatever we do not know. A query shows and a set replaces those that it names, and leaves
 * the rest alone ([MS-FSA] 2.1.5.14).
 */
#ifndef ACL_SACL_H
#define ACL_SACL_H

#include "acl/acl.h"

/* What is said about an ACL in the control bits and may be stored. */
#define DACL_CONTROL \
    (SE_DACL_PRESENT | SE_DACL_DEFAULTED | SE_DACL_AUTO_INHERITED | SE_DACL_PROTECTED)
#define SACL_CONTROL \
    (SE_SACL_PRESENT | SE_SACL_DEFAULTED | SE_SACL_AUTO_INHERITED | SE_SACL_PROTECTED)

/* Those that need no ACCESS_SYSTEM_SECURITY to be set ([MS-SMB2] 3.3.5.21.3), and all. */
#define SACL_PARTS_FREE (LABEL_SECURITY_INFORMATION | ATTRIBUTE_SECURITY_INFORMATION)
#define SACL_PARTS      (SACL_PARTS_FREE | SACL_SECURITY_INFORMATION | SCOPE_SECURITY_INFORMATION)

/* An empty ACL with room for `count` entries; NULL: memory is out. */
struct wire_acl *acl_alloc(struct arena *a, size_t count, uint8_t revision);
/* Adds an entry that somebody set: generic rights become what they mean, except where they are only
   passed on. */
void acl_settle(struct wire_acl *out, const struct wire_ace *e);
/* AUTO_INHERITED is stored only when it was also asked for ([MS-DTYP] 2.4.6, DR and DI); the
   request itself never. `shift` is 0 for the DACL and 1 for the SACL, whose bits stand beside it.
 */
uint16_t acl_stored_control(uint16_t control, unsigned shift);

/* Has it entries (it may be NULL) that need ACCESS_SYSTEM_SECURITY to be set? */
bool sacl_is_guarded(const struct wire_acl *sacl);
/* Replaces these parts of out's SACL by those of in's. SUCCESS or INSUFFICIENT_RESOURCES. */
NODISCARD smbkit_status sacl_merge(struct arena *a, const struct wire_sd *in, uint32_t parts,
                                   struct wire_sd *out);
/* Puts these parts of sd's SACL into `out`. SUCCESS or INSUFFICIENT_RESOURCES. */
NODISCARD smbkit_status sacl_select(struct arena *a, const struct wire_sd *sd, uint32_t parts,
                                    struct wire_sd *out);

#endif
