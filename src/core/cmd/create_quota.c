// SPDX-License-Identifier: Apache-2.0
/* CREATE of the index of quotas, all done at once (quota.h). */
#include "core/cmd/create.h"
#include "core/quota.h"
#include "core/share.h"
#include "core/tree.h"

bool create_wants_quotas(const struct core_request *r)
{
    return (vfs_volume_capabilities(r->volume) & SMBKIT_CAP_QUOTAS) != 0 &&
           quota_is_index(&r->in.create.name);
}

/* It is always there, is no folder, and is nobody's to replace or delete ([MS-FSA] 2.1.5.1). */
static smbkit_status check(const struct wire_create_req *q)
{
    if (q->create_options & FILE_DIRECTORY_FILE)
        return SMBKIT_STATUS_NOT_A_DIRECTORY;
    if (q->create_disposition == FILE_CREATE)
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    if (create_overwrites(q->create_disposition))
        return SMBKIT_STATUS_ACCESS_DENIED;
    return q->create_options & FILE_DELETE_ON_CLOSE ? SMBKIT_STATUS_CANNOT_DELETE
                                                    : SMBKIT_STATUS_SUCCESS;
}

enum core_verdict create_quotas(struct core_request *r)
{
    struct create_state *s = create_state(r);
    smbkit_status st = check(&r->in.create);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    s->open = open_new(r->tree, r->volume);
    if (s->open == NULL || !quota_open_index(s->open, s->granted))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    s->action = FILE_OPENED;
    s->attr = quota_attributes();
    s->effective = tree_maximal_access(r->tree);
    create_fill_response(s, s->open);
    if (!create_fill_contexts(r, s, s->open) || !open_publish(s->open))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    r->chain.file = s->rsp.file_id;
    r->open = s->open; /* the request's use goes with it */
    s->open = NULL;
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}
