// SPDX-License-Identifier: Apache-2.0
/* When changes show, and times that stay as the client has set them. */
#include "core/times.h"
#include "core/open.h"
#include "core/state.h"

#define TIMES_DELAY (2 * UINT64_C(1000000000)) /* ns, as with Windows */

void times_show(struct core_open *o, struct smbkit_attr *a)
{
    struct core_times *t = &o->times;
    bool due = t->writing && o->core->now >= t->due;
    if (due && t->first == 0)
        t->first = a->write_time;
    if (t->writing && t->write != 0)
        a->write_time = due ? t->first : t->write;
    if (t->renamed && t->change != 0)
        a->change_time = t->change;
    t->write = a->write_time;
    t->change = a->change_time;
}

void times_wrote(struct core_open *o, const struct smbkit_attr *after)
{
    struct core_times *t = &o->times;
    t->renamed = false;
    if (t->writing)
        return;
    t->writing = true;
    t->due = o->core->now + TIMES_DELAY;
    t->first = after != NULL ? after->write_time : 0;
}

void times_renamed(struct core_open *o)
{
    o->times.renamed = true;
}

void times_settle(struct core_open *o)
{
    o->times.writing = o->times.renamed = false;
}

uint32_t times_kept(const struct core_open *o, struct smbkit_attr *a)
{
    const struct core_times *t = &o->times;
    uint32_t which = 0;
    if (t->keep_write) {
        a->write_time = t->kept_write;
        which |= SMBKIT_SET_WRITE_TIME;
    }
    if (t->keep_change) {
        a->change_time = t->kept_change;
        which |= SMBKIT_SET_CHANGE_TIME;
    }
    return which;
}
