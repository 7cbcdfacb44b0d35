// SPDX-License-Identifier: Apache-2.0
/*
 * QUERY_INFO of SMB2_0_INFO_SECURITY ([MS-SMB2] 3.3.5.20.3).
 *
 * Plugins have no access control lists yet: every file shows the same descriptor, which says what
 * is true: whoever got into the share may do what the share and the plugin let him do.
 */
#include "core/cmd/query_info.h"
#include "wire/sd.h"

static smbkit_status fill_security(struct core_request *r, struct builder *b)
{
    uint32_t wanted = r->in.query_info.additional_information;
    struct wire_ace everyone = {
        .type = ACCESS_ALLOWED_ACE_TYPE,
        .flags = r->open->is_directory ? OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE : 0,
        .mask = FILE_ALL_ACCESS,
        .sid = wire_sid_everyone,
    };
    struct wire_acl dacl = {.revision = ACL_REVISION, .count = 1, .aces = &everyone};
    struct wire_sd sd = {
        .has_owner = (wanted & OWNER_SECURITY_INFORMATION) != 0,
        .has_group = (wanted & GROUP_SECURITY_INFORMATION) != 0,
        .owner = wire_sid_builtin_admins,
        .group = wire_sid_builtin_admins,
    };
    if (wanted & DACL_SECURITY_INFORMATION) {
        sd.control |= SE_DACL_PRESENT;
        sd.dacl = &dacl;
    }
    /* there is no SACL: a query for it gets a descriptor without one */
    wire_sd_encode(b, &sd);
    return SMBKIT_STATUS_SUCCESS;
}

const struct query_class query_security_class = {0, QUERY_OPEN, fill_security};
