// SPDX-License-Identifier: Apache-2.0
/* All opens of a core, one after the other: for renames, which are rare enough to look at all. */
#include "core/open.h"
#include "core/session.h"
#include "core/state.h"

void open_walk(struct core *c, bool (*each)(struct core_open *o, void *arg), void *arg)
{
    for (struct htab_node *n = htab_walk(&c->sessions, NULL); n != NULL;
         n = htab_walk(&c->sessions, n)) {
        struct core_session *s = CONTAINER_OF(n, struct core_session, by_id);
        for (struct htab_node *m = htab_walk(&s->opens, NULL); m != NULL;
             m = htab_walk(&s->opens, m))
            if (!each(CONTAINER_OF(m, struct core_open, by_id), arg))
                return;
    }
    for (struct htab_node *m = htab_walk(&c->kept, NULL); m != NULL; m = htab_walk(&c->kept, m))
        if (!each(CONTAINER_OF(m, struct core_open, by_id), arg))
            return;
}
