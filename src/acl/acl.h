// SPDX-License-Identifier: Apache-2.0
/*
 * Who may do what: tokens, access checks and the making of security descriptors
 * ([MS-DTYP] 2.5.2, 2.5.3). Pure functions over decoded descriptors (wire/sd.h): no state, no I/O,
 * any thread.
 *
 * An access check here answers for all rights at once: which rights does the descriptor give to
 * this token? Every question is then one mask operation, MAXIMUM_ALLOWED included. The order of
 * entries counts as in the specification: what an entry has allowed, a later one cannot deny.
 *
 * Of privileges there is one, SeSecurityPrivilege: it is what ACCESS_SYSTEM_SECURITY is granted by,
 * whatever the DACL says. Ownership cannot be taken without WRITE_OWNER.
 */
#ifndef ACL_ACL_H
#define ACL_ACL_H

#include "base/arena.h"
#include "wire/sd.h"
#include <smbkit/status.h>

/* ---- identities (token.c) ---- */

/* Everyone, Network, Authenticated Users, Users: the most that acl_token_make gives. */
#define ACL_TOKEN_GROUPS_MAX 4

struct acl_token {
    bool has_security_privilege; /* whoever made the token says so */
    struct wire_sid user;
    struct wire_sid primary_group;
    struct wire_sid groups[ACL_TOKEN_GROUPS_MAX];
    unsigned group_count;
};

enum acl_who {
    ACL_USER,
    ACL_GUEST,
    ACL_ANONYMOUS,
};

/* The machine's SID (S-1-5-21-x-y-z), made from the server's name: as long as the name stays,
   owners in stored descriptors mean the same accounts. */
struct wire_sid acl_machine_sid(const char *server_name);
/* The SID of an account: the machine's with a number made from the account's name, without regard
   to case. The one place that knows; a database of accounts would take its place. */
struct wire_sid acl_account_sid(const struct wire_sid *machine, const char *name);
/* `name` counts for ACL_USER only. */
void acl_token_make(struct acl_token *t, const struct wire_sid *machine, enum acl_who who,
                    const char *name);
bool acl_token_has(const struct acl_token *t, const struct wire_sid *sid);

/* ---- access (access.c) ---- */

/* Generic rights become what they mean for files ([MS-SMB2] 2.2.13.1.1); other bits stay. */
uint32_t acl_map_generic(uint32_t access);
/* All rights that the descriptor gives ([MS-DTYP] 2.5.3.2): of FILE_ALL_ACCESS, never more, and so
   never ACCESS_SYSTEM_SECURITY. */
uint32_t acl_granted(const struct wire_sd *sd, const struct acl_token *t);

/* ---- making descriptors (inherit.c); ACLs live in the arena or are borrowed from the arguments
   ---- */

/* What a file has that was given none: everybody may do everything, in folders with inheritance;
   the owner is the one who looks. */
void acl_default_sd(const struct acl_token *t, bool folder, struct wire_sd *out);
/* The descriptor of a new file or folder ([MS-DTYP] 2.5.3.4): `given` by the creator (NULL: none),
   inherited from `parent`, or the creator's default. SUCCESS, INVALID_OWNER, PRIVILEGE_NOT_HELD (a
   SACL was given) or INSUFFICIENT_RESOURCES. */
NODISCARD smbkit_status acl_new_sd(struct arena *a, const struct wire_sd *parent,
                                   const struct wire_sd *given, bool folder,
                                   const struct acl_token *t, struct wire_sd *out);
/* `old` with the parts of `in` that `info` (*_SECURITY_INFORMATION) names ([MS-FSA] 2.1.5.17).
   SUCCESS, INVALID_OWNER or INSUFFICIENT_RESOURCES. */
NODISCARD smbkit_status acl_merge_sd(struct arena *a, const struct wire_sd *old,
                                     const struct wire_sd *in, uint32_t info,
                                     const struct acl_token *t, struct wire_sd *out);
/* The parts that `info` names. SUCCESS or INSUFFICIENT_RESOURCES. */
NODISCARD smbkit_status acl_select_sd(struct arena *a, const struct wire_sd *sd, uint32_t info,
                                      struct wire_sd *out);

#endif
