// SPDX-License-Identifier: Apache-2.0
/*
 * QUERY_INFO of SMB2_0_INFO_SECURITY ([MS-SMB2] 3.3.5.20.3). A file without a descriptor of its own
 * shows one that says what is true: whoever got into the share may do what the share and the plugin
 * let him do.
 */
#include "acl/acl.h"
#include "core/cmd/query_info.h"
#include "core/meta.h"
#include "core/open.h"

static smbkit_status fill_security(struct core_request *r, struct builder *b)
{
    struct wire_sd sd, wanted;
    smbkit_status st = meta_take_sd(r, r->open->is_directory, &sd);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    st = acl_select_sd(request_arena(r), &sd, r->in.query_info.additional_information, &wanted);
    if (st == SMBKIT_STATUS_SUCCESS)
        wire_sd_encode(b, &wanted);
    return st;
}

const struct query_class query_security_class = {0, QUERY_SD, fill_security};
