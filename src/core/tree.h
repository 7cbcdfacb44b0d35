// SPDX-License-Identifier: Apache-2.0
/*
 * Tree connects ([MS-SMB2] 3.3.1.9): a session's way into a share.
 *
 *   connected --TREE_DISCONNECT, end of session or share--> out of the table, opens shut
 *
 * References: 1 for the session's table, 1 per open and request.
 */
#ifndef CORE_TREE_H
#define CORE_TREE_H

#include "base/htab.h"
#include "vfs/vfs.h"

struct core_session;
struct core_share;

#define CORE_TREE_MAGIC 0x534b5452u

struct core_tree {
    uint32_t magic;
    unsigned refs;
    struct core_session *session; /* a reference */
    struct core_share *share;     /* a reference */
    uint32_t id;
    struct htab_node by_id;
    bool connected; /* in the session's table */
};

/* NULL: memory is out or the session has too many. */
NODISCARD struct core_tree *tree_new(struct core_session *s, struct core_share *share);

struct core_tree *tree_ref(struct core_tree *t);
void tree_unref(struct core_tree *t);
struct core_tree *tree_find(struct core_session *s, uint32_t tree_id);
/* What its files can be opened for at most. */
uint32_t tree_maximal_access(const struct core_tree *t);
/* Out of the table; its opens are closed. */
void tree_disconnect(struct core_tree *t);

#endif
