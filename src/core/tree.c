// SPDX-License-Identifier: Apache-2.0
/* Shares and tree connects: their tables and their end. */
#include "core/tree.h"
#include "base/mem.h"
#include "base/utf.h"
#include "core/core.h"
#include "core/durable.h"
#include "core/notify.h"
#include "core/open.h"
#include "core/oplock.h"
#include "core/session.h"
#include "core/share.h"
#include "core/snapshot.h"
#include "core/state.h"
#include "core/told.h"
#include <string.h>

#define SHARE_NAME_UNITS_MAX 80 /* [MS-SRVS] 2.2.2.x: longer names confuse clients */

/* ---------------------------------------------------------------- shares */

static struct core_share *share_ref(struct core_share *s)
{
    MAGIC_CHECK(s, CORE_SHARE_MAGIC);
    s->refs++;
    return s;
}

void share_unref(struct core_share *s)
{
    MAGIC_CHECK(s, CORE_SHARE_MAGIC);
    ASSERT(s->refs > 0);
    if (--s->refs > 0)
        return;
    if (s->volume != NULL)
        vfs_volume_unref(s->volume);
    snapshots_free(s);
    mem_free(s->name);
    mem_free(s->comment);
    mem_free(s->hide_files);
    dfs_links_free(&s->links);
    mem_free(s->path);
    share_guard_free(s->guard);
    MAGIC_WIPE(s);
    mem_free(s);
}

struct core_share *share_find(struct core *c, const char *name, size_t len)
{
    LIST_FOREACH (it, &c->shares) {
        struct core_share *s = LIST_ENTRY(it, struct core_share, link);
        if (utf8_casecmp(s->name, strlen(s->name), name, len) == 0)
            return share_ref(s);
    }
    return NULL;
}

static bool share_name_valid(const char *name)
{
    size_t len = strlen(name);
    size_t bytes = utf8_to_utf16(NULL, name, len);
    return len > 0 && bytes != SIZE_MAX && bytes / 2 <= SHARE_NAME_UNITS_MAX &&
           strpbrk(name, "\\/[]:|<>+=;,*?\"") == NULL;
}

/* Takes over the settings and the volume. False: memory is out, and nothing has changed. */
static bool share_configure(struct core_share *s, const struct core_share_config *cfg,
                            struct vfs_volume *volume)
{
    char *name = mem_strdup(cfg->name);
    char *comment = mem_strdup(cfg->comment != NULL ? cfg->comment : "");
    char *hide_files = mem_strdup(cfg->hide_files != NULL ? cfg->hide_files : "");
    struct dfs_links links = {0};
    struct core_share_guard *guard = NULL;
    if (name == NULL || comment == NULL || hide_files == NULL ||
        !dfs_links_copy(&links, cfg->links, cfg->link_count) ||
        share_guard_users(s->core, cfg->users, &guard) != SMBKIT_STATUS_SUCCESS) {
        mem_free(name);
        mem_free(comment);
        mem_free(hide_files);
        dfs_links_free(&links);
        return false;
    }
    mem_free(s->name);
    mem_free(s->comment);
    mem_free(s->hide_files);
    dfs_links_free(&s->links);
    s->links = links;
    mem_free(s->path);
    share_guard_free(s->guard);
    s->name = name;
    s->comment = comment;
    s->hide_files = hide_files;
    s->path = NULL;
    s->guard = guard;
    s->max_uses = UINT32_MAX;
    s->caching = SMB2_SHAREFLAG_MANUAL_CACHING;
    s->hide_unreachable = cfg->hide_unreachable;
    s->keep_acl_flags = cfg->keep_acl_flags;
    s->encrypt = cfg->encrypt;
    s->compress = cfg->compress;
    s->hidden = cfg->hidden;
    s->guest_ok = cfg->guest_ok;
    s->read_only = cfg->read_only;
    s->time_machine = cfg->time_machine;
    s->access_based = cfg->access_based;
    s->is_ipc = volume == NULL;
    s->volume = volume != NULL ? vfs_volume_ref(volume) : NULL;
    return true;
}

static smbkit_status share_add(struct core *c, const struct core_share_config *cfg,
                               struct vfs_volume *volume)
{
    struct core_share *s = mem_zalloc(sizeof *s);
    if (s == NULL)
        return SMBKIT_STATUS_NO_MEMORY;
    MAGIC_SET(s, CORE_SHARE_MAGIC);
    s->refs = 1;
    s->core = c;
    list_init(&s->snapshots);
    if (!share_configure(s, cfg, volume)) {
        share_unref(s);
        return SMBKIT_STATUS_NO_MEMORY;
    }
    list_append(&c->shares, &s->link);
    return SMBKIT_STATUS_SUCCESS;
}

static void disconnect_trees_of(struct core_session *s, const struct core_share *share)
{
    struct htab_node *n = htab_walk(&s->trees, NULL);
    while (n != NULL) {
        struct htab_node *next = htab_walk(&s->trees, n);
        struct core_tree *t = CONTAINER_OF(n, struct core_tree, by_id);
        if (t->share == share)
            tree_disconnect(t);
        n = next;
    }
}

/* Disconnects the trees of the share, all or those that could not be connected any more. */
static void disconnect_trees(struct core_share *share, bool all)
{
    struct core *c = share->core;
    for (struct htab_node *n = htab_walk(&c->sessions, NULL); n != NULL;
         n = htab_walk(&c->sessions, n)) {
        struct core_session *s = CONTAINER_OF(n, struct core_session, by_id);
        if (all || share_check_access(share, s) != SMBKIT_STATUS_SUCCESS)
            disconnect_trees_of(s, share);
    }
}

/* Opens that are kept for clients that have lost their connection cannot be found again: they would
   have to belong to the share's volume. */
static smbkit_status share_replace(struct core_share *s, const struct core_share_config *cfg,
                                   struct vfs_volume *volume)
{
    struct vfs_volume *old = s->volume;
    if (!share_configure(s, cfg, volume))
        return SMBKIT_STATUS_NO_MEMORY;
    disconnect_trees(s, false);
    if (old == NULL)
        return SMBKIT_STATUS_SUCCESS;
    if (old != volume) {
        notify_replaced(s);
        oplock_volume_left(s->core, old);
        told_lost(s->core); /* who is still being opened there gets no cache of it */
        durable_drop_volume(s->core, old);
    }
    vfs_volume_unref(old);
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status core_share_set(struct core *c, const struct core_share_config *cfg,
                             struct vfs_volume *volume)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    if (!share_name_valid(cfg->name))
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    struct core_share *s = share_find(c, cfg->name, strlen(cfg->name));
    if (s == NULL)
        return share_add(c, cfg, volume);
    smbkit_status status = share_replace(s, cfg, volume);
    share_unref(s);
    return status;
}

void share_leave(struct core_share *share)
{
    disconnect_trees(share, true);
    if (share->volume != NULL)
        durable_drop_volume(share->core, share->volume);
    share_unref(share);
}

smbkit_status core_share_remove(struct core *c, const char *name)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    struct core_share *share = share_find(c, name, strlen(name));
    if (share == NULL)
        return SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    list_remove(&share->link);
    share_leave(share);
    share_unref(share);
    return SMBKIT_STATUS_SUCCESS;
}

/* ---------------------------------------------------------------- trees */

struct core_tree *tree_ref(struct core_tree *t)
{
    MAGIC_CHECK(t, CORE_TREE_MAGIC);
    t->refs++;
    return t;
}

void tree_unref(struct core_tree *t)
{
    MAGIC_CHECK(t, CORE_TREE_MAGIC);
    ASSERT(t->refs > 0);
    if (--t->refs > 0)
        return;
    ASSERT(!t->connected);
    share_unref(t->share);
    session_unref(t->session);
    MAGIC_WIPE(t);
    mem_free(t);
}

struct core_tree *tree_find(struct core_session *s, uint32_t tree_id)
{
    for (struct htab_node *n = htab_first(&s->trees, hash_u64(tree_id)); n != NULL;
         n = htab_next(n)) {
        struct core_tree *t = CONTAINER_OF(n, struct core_tree, by_id);
        if (t->id == tree_id)
            return tree_ref(t);
    }
    return NULL;
}

/* 0 and 0xffffffff mean something else to clients; ids in use are passed over. */
static uint32_t new_tree_id(struct core_session *s)
{
    for (;;) {
        uint32_t id = s->next_tree_id++;
        if (id == 0 || id == UINT32_MAX)
            continue;
        struct core_tree *taken = tree_find(s, id);
        if (taken == NULL)
            return id;
        tree_unref(taken);
    }
}

struct core_tree *tree_new(struct core_session *s, struct core_share *share)
{
    if (s->tree_count >= s->core->config.max_trees)
        return NULL;
    struct core_tree *t = mem_zalloc(sizeof *t);
    if (t == NULL)
        return NULL;
    t->id = new_tree_id(s);
    if (!htab_insert(&s->trees, &t->by_id, hash_u64(t->id))) {
        mem_free(t);
        return NULL;
    }
    MAGIC_SET(t, CORE_TREE_MAGIC);
    t->refs = 1; /* the table's */
    t->session = session_ref(s);
    t->share = share_ref(share);
    t->connected = true;
    s->tree_count++;
    share->connections++;
    s->core->stats.trees++;
    return tree_ref(t);
}

static struct core_open *open_of_tree(struct core_tree *t)
{
    struct htab *opens = &t->session->opens;
    for (struct htab_node *n = htab_walk(opens, NULL); n != NULL; n = htab_walk(opens, n)) {
        struct core_open *o = CONTAINER_OF(n, struct core_open, by_id);
        if (o->tree == t)
            return o;
    }
    return NULL;
}

void tree_disconnect(struct core_tree *t)
{
    MAGIC_CHECK(t, CORE_TREE_MAGIC);
    struct core_open *o;
    if (!t->connected)
        return;
    t->connected = false;
    htab_remove(&t->session->trees, &t->by_id);
    t->session->tree_count--;
    t->share->connections--;
    t->session->core->stats.trees--;
    while ((o = open_of_tree(t)) != NULL)
        open_shut(o, NULL);
    tree_unref(t);
}

uint32_t tree_maximal_access(const struct core_tree *t)
{
    return share_maximal_access(t->share, &t->session->token);
}
