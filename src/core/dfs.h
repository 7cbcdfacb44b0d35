// SPDX-License-Identifier: Apache-2.0
/*
 * DFS ([MS-DFSC]): a share with links is the root of a name space of its own. A link is a path in
 * it that lies on other servers; clients that come to it are told to ask where (referrals,
 * cmd/ioctl_dfs.c), and what the plugin may have there is not seen.
 *
 * The links belong to the share and change with its settings; there are few of them, so they are a
 * plain list.
 */
#ifndef CORE_DFS_H
#define CORE_DFS_H

#include "base/compiler.h"
#include <smbkit/status.h>

struct core;
struct core_dfs_link;
struct core_share;
struct smbkit_attr;
struct wire_blob;

struct dfs_links {
    struct core_dfs_link *v; /* mem.h, as all that is in them */
    size_t count;
};

/* A copy. False: memory is out, and there are none. */
NODISCARD bool dfs_links_copy(struct dfs_links *out, const struct core_dfs_link *v, size_t count);
void dfs_links_free(struct dfs_links *l);

/* Is the share a name space (Share.IsDfs)? */
bool dfs_is_root(const struct core_share *s);
/* Is there such a share (IsDfsCapable)? */
bool dfs_capable(const struct core *c);
/* The link that the path is, or lies below; NULL: none. */
const struct core_dfs_link *dfs_link_over(const struct core_share *s, const char *path);
/* The link's name when it lies in this folder; NULL: it does not. */
const char *dfs_link_in(const struct core_dfs_link *link, const char *folder);
/* Is it the name of a link in this folder? */
bool dfs_names_link(const struct core_share *s, const char *folder, const char *name, size_t len);
/* What a listing says of a link. */
struct smbkit_attr dfs_link_attributes(const struct core *c, const struct core_dfs_link *link);

/* From "server\share\path", as CREATE has it with SMB2_FLAGS_DFS_OPERATIONS, to the path
   ([MS-DFSC] 3.2.4.1). As Windows, it takes any server and any share: the tree connect has said
   which one it is. INVALID_PARAMETER: no server. */
smbkit_status dfs_normalise(struct wire_blob *name);

#endif
