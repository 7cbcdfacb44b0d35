// SPDX-License-Identifier: Apache-2.0
/*
 * Snapshots ([MS-SMB2] 2.2.32.2, 3.3.5.9.4, 3.3.5.15.1): earlier states of a share. Each is a
 * volume of its own that nothing can change (vfs_volume_freeze), known by its time, in whole
 * seconds, as clients write it: "@GMT-2026.01.31-23.59.59". A CREATE with a TWrp context opens
 * there what it would have opened in the share's volume, and everything after it follows from the
 * open's volume.
 *
 * A share has its snapshots until they are taken away, also when its own volume is replaced. Files
 * that are open in one stay open when it goes.
 */
#ifndef CORE_SNAPSHOT_H
#define CORE_SNAPSHOT_H

#include "base/list.h"
#include <stdint.h>

struct core_share;
struct vfs_volume;

struct core_snapshot {
    struct list link; /* core_share.snapshots, the newest first */
    uint64_t second;
    struct vfs_volume *volume; /* a reference */
};

static inline struct core_snapshot *snapshot_of(const struct list *node)
{
    return LIST_ENTRY(node, struct core_snapshot, link);
}

/* The share's state of that FILETIME; no reference. NULL: there is none. */
struct vfs_volume *snapshot_find(const struct core_share *s, uint64_t time);
/* The share goes. */
void snapshots_free(struct core_share *s);

#endif
