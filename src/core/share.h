// SPDX-License-Identifier: Apache-2.0
/*
 * Shares ([MS-SMB2] 3.3.1.6).
 *
 *   listed --core_share_remove, or replaced--> unlisted: lives on in its trees
 *
 * References: 1 for the core's table, 1 per tree.
 */
#ifndef CORE_SHARE_H
#define CORE_SHARE_H

#include "base/list.h"
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
    uint32_t connections;
};

/* May this session connect to the share? SUCCESS or ACCESS_DENIED. */
smbkit_status share_check_access(const struct core_share *s, const struct core_session *session);

void share_unref(struct core_share *s);
/* Without regard to case; a reference or NULL. */
struct core_share *share_find(struct core *c, const char *name, size_t len);

#endif
