// SPDX-License-Identifier: Apache-2.0
/* SET_INFO of FileFullEaInformation ([MS-FSA] 2.1.5.15.6). */
#include "core/cmd/set_info.h"
#include "core/meta.h"
#include "core/open.h"

enum core_verdict set_full_ea(struct core_request *r)
{
    struct core_open *o = r->open;
    struct set_state *s = set_state(r);
    struct smbkit_ea *eas;
    size_t count;
    smbkit_status st = meta_read_eas(r, &r->in.set_info.payload, &eas, &count);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    s->filter = FILE_NOTIFY_CHANGE_EA | FILE_NOTIFY_CHANGE_ATTRIBUTES;
    return flow_await(r, vfs_set_eas(&r->op, o->volume, o->file, eas, count), set_done);
}
