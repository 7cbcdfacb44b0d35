// SPDX-License-Identifier: Apache-2.0
/*
 * Access-based enumeration ([MS-SMB2] 3.3.5.18): on a share that has it, a user is told the names
 * only of what he may read. Whoever would tell one asks the plugin for its descriptor
 * (vfs_path_sd) and looks here.
 */
#ifndef CORE_VISIBLE_H
#define CORE_VISIBLE_H

#include "core/request.h"

/* Must names be judged before this request's user is told them? */
bool visible_matters(const struct core_request *r);
/* Looks at what r->op, a path_sd, has answered. A link is seen, whatever it names; so is nothing
   else that cannot be asked about. SUCCESS, or the operation's failure: *visible is false. */
smbkit_status visible_judge(struct core_request *r, struct arena *scratch, bool folder,
                            bool *visible);

#endif
