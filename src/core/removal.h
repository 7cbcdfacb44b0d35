// SPDX-License-Identifier: Apache-2.0
/*
 * Names on their way out. The last handle of a deleted file has left the lease engine, but the
 * plugin takes its time to remove the name; a CREATE that finds the file in this while must not get
 * a handle to what is gone a moment later. It is told DELETE_PENDING, as long as Windows would say
 * so ([MS-FSA] 2.1.5.1 phase 6).
 *
 * A CREATE first lets the plugin open the file and claims it afterwards; a removal may lie between.
 * So what was removed lately is remembered by number, and a CREATE asks for all since it began.
 */
#ifndef CORE_REMOVAL_H
#define CORE_REMOVAL_H

#include "base/list.h"

struct core_open;

/* Names that the plugin is removing, and those it has removed lately (removal.c). */
#define CORE_REMOVALS_RECENT 64

struct core_removal {
    uint64_t volume, file, link;
};

struct core_removals {
    struct list active; /* core_open.removing */
    uint64_t count;     /* removed so far */
    struct core_removal recent[CORE_REMOVALS_RECENT];
};

/* The plugin is about to remove the name of this open, and has done so (or failed). */
void removal_begin(struct core_open *o);
void removal_end(struct core_open *o, bool removed);
/* Is the file of this open, which a CREATE has just located, going away, or has it gone since that
   many removals had been made (core_removals.count)? */
bool removal_meets(const struct core_open *o, uint64_t since);

#endif
