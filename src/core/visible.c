// SPDX-License-Identifier: Apache-2.0
/* Access-based enumeration: see visible.h. */
#include "core/visible.h"
#include "core/meta.h"
#include "core/open.h"
#include "core/session.h"
#include "core/share.h"
#include "core/tree.h"

bool visible_matters(const struct core_request *r)
{
    return r->tree->share->access_based && meta_has_acls(r->open->volume);
}

smbkit_status visible_judge(struct core_request *r, struct arena *scratch, bool folder,
                            bool *visible)
{
    const uint32_t read = acl_map_generic(GENERIC_READ) | FILE_LIST_DIRECTORY;
    struct wire_sd sd;
    smbkit_status st = meta_take_sd_to(r, scratch, folder, &sd);
    *visible = st == SMBKIT_STATUS_STOPPED_ON_SYMLINK;
    if (st != SMBKIT_STATUS_SUCCESS)
        return *visible ? SMBKIT_STATUS_SUCCESS : st;
    /* By the descriptor alone: as with Windows, that who may list the folder may read the
       attributes of what is in it ([MS-FSA] 2.1.5.1.2.1) makes nothing visible. */
    *visible = (read & ~acl_granted(&sd, &r->session->token)) == 0;
    return SMBKIT_STATUS_SUCCESS;
}
