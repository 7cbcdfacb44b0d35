// SPDX-License-Identifier: Apache-2.0
/* Names on their way out: those being removed are listed, the last ones remembered in a ring. */
#include "core/removal.h"
#include "base/utf.h"
#include "core/open.h"
#include "core/request.h"
#include "core/state.h"
#include <string.h>

#define ANY_LINK 0 /* the undo of a CREATE that had no memory for the name */

static struct core_removal identity(const struct core_open *o)
{
    return (struct core_removal){.volume = vfs_volume_id(o->volume),
                                 .file = o->file_id,
                                 .link = o->path != NULL ? utf8_casehash(o->path, strlen(o->path))
                                                         : ANY_LINK};
}

static bool same(const struct core_removal *a, const struct core_removal *b)
{
    return a->volume == b->volume && a->file == b->file &&
           (a->link == b->link || a->link == ANY_LINK || b->link == ANY_LINK);
}

void removal_begin(struct core_open *o)
{
    ASSERT(!list_linked(&o->removing));
    list_append(&o->core->removals.active, &o->removing);
}

void removal_end(struct core_open *o, bool removed)
{
    struct core_removals *r = &o->core->removals;
    if (!list_linked(&o->removing))
        return;
    list_remove(&o->removing);
    if (removed)
        r->recent[r->count++ % CORE_REMOVALS_RECENT] = identity(o);
}

bool removal_meets(const struct core_open *o, uint64_t since)
{
    const struct core_removals *r = &o->core->removals;
    const struct core_removal me = identity(o);
    LIST_FOREACH (it, &r->active) {
        const struct core_removal other = identity(LIST_ENTRY(it, struct core_open, removing));
        if (same(&me, &other))
            return true;
    }
    if (r->count - since > CORE_REMOVALS_RECENT)
        return true; /* more than we remember: better too careful */
    for (uint64_t i = since; i < r->count; i++)
        if (same(&me, &r->recent[i % CORE_REMOVALS_RECENT]))
            return true;
    return false;
}
