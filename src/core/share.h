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

struct acl_token;
struct core;
struct core_session;
struct core_share_guard;

#define CORE_SHARE_MAGIC 0x534b5348u

struct core_share {
    uint32_t magic;
    unsigned refs;
    struct core *core;
    struct list link;
    char *name, *comment;
    bool keep_acl_flags; /* SE_*_AUTO_INHERITED stays without having been requested */
    char *hide_files;    /* names shown with the attribute hidden, separated by '+' */
    bool encrypt, compress, hidden, guest_ok, read_only, time_machine;
    bool access_based;         /* Share.DoAccessBasedDirectoryEnumeration */
    bool is_ipc;               /* no volume: the IPC$ share, which has the pipes (pipe.h) */
    struct vfs_volume *volume; /* a reference; NULL for IPC$ */
    struct dfs_links links;
    struct list snapshots; /* snapshot.c: the newest first */
    size_t snapshot_count;
    uint32_t connections;
    uint32_t max_uses;              /* trees at the same time; UINT32_MAX: any number */
    uint32_t caching;               /* SMB2_SHAREFLAG_*_CACHING that clients are told */
    bool hide_unreachable;          /* not listed to those whom it does not let in */
    struct core_share_guard *guard; /* who may use it; NULL: everybody */
    char *path; /* an administrator made it of this one, while we run; or NULL */
};

/* ---- who may use it (share_guard.c) ---- */

#define SHARE_GUARD_MEMORY (1u << 20) /* of one descriptor, as structs */

/* A copy of a descriptor as it comes; none of no bytes. INVALID_SECURITY_DESCR, NO_MEMORY. */
NODISCARD smbkit_status share_guard_new(const uint8_t *bytes, size_t len,
                                        struct core_share_guard **out);
/* That lets in whom "a+b" names; NULL and "" name nobody, which gives none. NO_MEMORY. */
NODISCARD smbkit_status share_guard_users(const struct core *c, const char *users,
                                          struct core_share_guard **out);
/* As it came; NULL when there is none. */
const uint8_t *share_guard_bytes(const struct core_share_guard *g, size_t *len);
void share_guard_free(struct core_share_guard *g);

/* May they connect to the share? Strangers are guests and anonymous users. */
bool share_lets_in(const struct core_share *s, const struct acl_token *t, bool stranger);
/* The same of a session: SUCCESS or ACCESS_DENIED. */
smbkit_status share_check_access(const struct core_share *s, const struct core_session *session);
/* What the share, whatever its files say, can be used for at most. */
uint32_t share_maximal_access(const struct core_share *s, const struct acl_token *t);

/* ---- its life (tree.c) ---- */

/* It is in no list any more: its trees are disconnected, the list's reference is given back. */
void share_leave(struct core_share *s);

void share_unref(struct core_share *s);
/* Without regard to case; a reference or NULL. */
struct core_share *share_find(struct core *c, const char *name, size_t len);

#endif
