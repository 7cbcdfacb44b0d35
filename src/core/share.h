// SPDX-License-Identifier: Apache-2.0
/*
 * Shares ([MS-SMB2] 3.3.1.6).
 *
 *   listed --core_share_set of the same name--> listed, with other settings and another volume
 *          --core_share_remove--> unlisted: lives on in its trees
 *
 * References: 1 for the core's table, 1 per tree.
 *
 * A share whose content is replaced stays the same struct, so trees that are connected have the new
 * volume at once. Each request takes the volume that is there when it begins and keeps it to its
 * end, and the open that it makes keeps it from then on: a file that is open stays what it is. The
 * old volume goes with the last of them. The watches of folders are about the share, not about the
 * volume (notify.c): they are told to list the folder again, and then hear of the new volume.
 *
 * There is no lock: all of this is on the core's thread, and between two requests.
 */
#ifndef CORE_SHARE_H
#define CORE_SHARE_H

#include "base/list.h"
#include "core/dfs.h"
#include "vfs/vfs.h"

struct core;
struct core_session;

#define CORE_SHARE_MAGIC 0x534b5348u

struct core_share {
    uint32_t magic;
    unsigned refs;
    struct core *core;
    struct list link;
    char *name, *comment;
    bool encrypt, hidden, guest_ok, read_only;
    bool access_based;         /* Share.DoAccessBasedDirectoryEnumeration */
    bool is_ipc;               /* no volume: the IPC$ share, which has the pipes (pipe.h) */
    struct vfs_volume *volume; /* a reference; NULL for IPC$ */
    struct dfs_links links;
    uint32_t connections;
};

/* May this session connect to the share? SUCCESS or ACCESS_DENIED. */
smbkit_status share_check_access(const struct core_share *s, const struct core_session *session);

/* What its trees can be used for at most: all, or reading. */
uint32_t share_maximal_access(const struct core_share *s);

void share_unref(struct core_share *s);
/* Without regard to case; a reference or NULL. */
struct core_share *share_find(struct core *c, const char *name, size_t len);

#endif
