// SPDX-License-Identifier: Apache-2.0
/* Security identifiers ([MS-DTYP] 2.4.2): host form, packet form (2.4.2.2) and text form (2.4.2.1).
 */
#ifndef WIRE_SID_H
#define WIRE_SID_H

#include "base/builder.h"
#include "base/cursor.h"

#define WIRE_SID_SUB_MAX  15
#define WIRE_SID_SIZE_MIN 8
#define WIRE_SID_SIZE_MAX (8 + 4 * WIRE_SID_SUB_MAX)
/* "S-1-0x" + 12 digits, 15 times "-4294967295", NUL. */
#define WIRE_SID_TEXT_SIZE 184

/* The revision is 1, the only one there is. */
struct wire_sid {
    uint64_t authority; /* 48 bits */
    uint8_t count;
    uint32_t sub[WIRE_SID_SUB_MAX];
};

extern const struct wire_sid wire_sid_nobody;              /* S-1-0-0 */
extern const struct wire_sid wire_sid_everyone;            /* S-1-1-0 */
extern const struct wire_sid wire_sid_creator_owner;       /* S-1-3-0 */
extern const struct wire_sid wire_sid_creator_group;       /* S-1-3-1 */
extern const struct wire_sid wire_sid_owner_rights;        /* S-1-3-4 */
extern const struct wire_sid wire_sid_anonymous;           /* S-1-5-7 */
extern const struct wire_sid wire_sid_authenticated_users; /* S-1-5-11 */
extern const struct wire_sid wire_sid_local_system;        /* S-1-5-18 */
extern const struct wire_sid wire_sid_builtin_admins;      /* S-1-5-32-544 */
extern const struct wire_sid wire_sid_builtin_users;       /* S-1-5-32-545 */

size_t wire_sid_size(const struct wire_sid *sid);
void wire_sid_encode(struct builder *b, const struct wire_sid *sid);
/* False when the revision is not 1, there are more than 15 sub-authorities, or bytes are missing.
 */
NODISCARD bool wire_sid_decode(struct cursor *c, struct wire_sid *out);

bool wire_sid_equal(const struct wire_sid *a, const struct wire_sid *b);
void wire_sid_format(const struct wire_sid *sid, char text[WIRE_SID_TEXT_SIZE]);
NODISCARD bool wire_sid_parse(const char *text, struct wire_sid *out);

#endif
