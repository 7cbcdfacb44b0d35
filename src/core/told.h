// SPDX-License-Identifier: Apache-2.0
/*
 * What plugins have told of lately (core_volume_changed), as far as it matters after everybody has
 * been told.
 *
 * Renames come in two halves, and those of several users or shares between each other; a first half
 * waits here for the second. What is open by the old name, or in a folder that had it, is open by
 * the new one from then on: its watches go on, and what is done through it is told by that name.
 *
 * A CREATE takes its attributes from the plugin and gets its lease or oplock a while later. What
 * has changed in between nobody can break; so it asks, and gets none.
 */
#ifndef CORE_TOLD_H
#define CORE_TOLD_H

#include "base/list.h"

struct core;
struct core_open;
struct vfs_volume;

#define CORE_TOLD_RECENT 64

struct core_told_change {
    uint64_t volume, link;
};

struct core_told {
    struct list renames; /* first halves, oldest first */
    size_t rename_count;
    uint64_t count; /* changes told so far */
    struct core_told_change recent[CORE_TOLD_RECENT];
};

void told_init(struct core_told *t);
void told_free(struct core_told *t);
/* As core_volume_changed, after the watches were told. */
void told_changed(struct core *c, struct vfs_volume *v, const char *user, const char *path,
                  uint32_t action);
/* Anything may have changed. */
void told_lost(struct core *c);
/* Has what is open by this name changed since so many changes had been told (core_told.count)? */
bool told_meets(const struct core_open *o, uint64_t since);

#endif
