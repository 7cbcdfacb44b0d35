// SPDX-License-Identifier: Apache-2.0
/* Table, nodes, opens, share modes and deletion: contract, states and counts in node.h. */
#include "lease/node.h"
#include "base/mem.h"
#include "lease/lock.h"
#include "lease/oplock.h"

#include <string.h>

#define TABLE_MAGIC 0x4c54424cu /* "LTBL" */
#define NODE_MAGIC  0x4c4e4f44u /* "LNOD" */
#define OPEN_MAGIC  0x4c4f504eu /* "LOPN" */

#define READING (LEASE_FILE_READ_DATA | LEASE_FILE_EXECUTE)
#define WRITING (LEASE_FILE_WRITE_DATA | LEASE_FILE_APPEND_DATA)
#define SHARING (READING | WRITING | LEASE_DELETE)

/* Table and nodes */

void lease_table_init(struct lease_table *t, const struct lease_limits *limits)
{
    MAGIC_SET(t, TABLE_MAGIC);
    htab_init(&t->nodes);
    htab_init(&t->leases);
    htab_init(&t->links);
    list_init(&t->breaking);
    t->limits = *limits;
}

void lease_table_free(struct lease_table *t)
{
    MAGIC_CHECK(t, TABLE_MAGIC);
    ASSERT(t->nodes.count == 0 && t->leases.count == 0 && t->links.count == 0);
    htab_free(&t->nodes);
    htab_free(&t->leases);
    htab_free(&t->links);
    MAGIC_WIPE(t);
}

/* File ids come from the file system and stream names from clients: only these need the keyed hash.
 */
static uint64_t key_hash(const struct lease_key *key)
{
    uint64_t h = hash_u64(key->volume + hash_u64(key->file));
    return key->stream_len ? h ^ hash_bytes(key->stream, key->stream_len) : h;
}

static bool key_equal(const struct lease_node *n, const struct lease_key *key)
{
    return n->volume == key->volume && n->file == key->file && n->stream_len == key->stream_len &&
           (key->stream_len == 0 || memcmp(n->stream, key->stream, key->stream_len) == 0);
}

static struct lease_node *table_lookup(const struct lease_table *t, const struct lease_key *key,
                                       uint64_t hash)
{
    for (struct htab_node *h = htab_first(&t->nodes, hash); h; h = htab_next(h)) {
        struct lease_node *n = CONTAINER_OF(h, struct lease_node, in_table);
        if (key_equal(n, key))
            return n;
    }
    return NULL;
}

/* False: memory is out. */
static bool name_set(struct lease_node *n, const struct lease_key *key)
{
    uint8_t *stream = NULL;
    if (key->stream_len) {
        stream = mem_alloc(key->stream_len);
        if (!stream)
            return false;
        memcpy(stream, key->stream, key->stream_len);
    }
    mem_free(n->stream);
    n->stream = stream;
    n->stream_len = key->stream_len;
    return true;
}

static struct lease_node *node_new(struct lease_table *t, const struct lease_key *key,
                                   uint64_t hash, bool directory)
{
    struct lease_node *n = mem_zalloc(sizeof(*n));
    if (!n)
        return NULL;
    if (!name_set(n, key) || !htab_insert(&t->nodes, &n->in_table, hash)) {
        mem_free(n->stream);
        mem_free(n);
        return NULL;
    }
    MAGIC_SET(n, NODE_MAGIC);
    n->refs = 1;
    n->table = t;
    n->base = n;
    list_init(&n->opens);
    list_init(&n->in_base);
    list_init(&n->streams);
    list_init(&n->links);
    list_init(&n->waits);
    list_init(&n->grants);
    list_init(&n->break_waits);
    n->directory = directory;
    n->next_owner = 1;
    n->volume = key->volume;
    n->file = key->file;
    return n;
}

struct lease_node *lease_node_get(struct lease_table *t, const struct lease_key *key,
                                  bool directory)
{
    struct lease_node *found = lease_node_find(t, key);
    if (found)
        return found;
    if (key->stream_len > LEASE_STREAM_NAME_MAX)
        return NULL;
    if (key->stream_len == 0)
        return node_new(t, key, key_hash(key), directory);

    const struct lease_key base_key = {.volume = key->volume, .file = key->file};
    struct lease_node *base = lease_node_get(t, &base_key, directory);
    if (!base)
        return NULL;
    /* A named stream is data, even that of a directory ([MS-FSA] 2.1.1.5). */
    struct lease_node *n = node_new(t, key, key_hash(key), false);
    if (!n) {
        lease_node_unref(base);
        return NULL;
    }
    n->base = base;
    list_append(&base->streams, &n->in_base);
    return n;
}

struct lease_node *lease_node_find(struct lease_table *t, const struct lease_key *key)
{
    MAGIC_CHECK(t, TABLE_MAGIC);
    struct lease_node *n = table_lookup(t, key, key_hash(key));
    if (n)
        lease_node_ref(n);
    return n;
}

struct lease_node *lease_node_named(struct lease_table *t, uint64_t volume, uint64_t link)
{
    for (struct htab_node *h = htab_first(&t->links, lease_link_hash(volume, link)); h;
         h = htab_next(h)) {
        struct lease_link *l = CONTAINER_OF(h, struct lease_link, in_table);
        if (l->id != link || l->gone || l->base->volume != volume)
            continue;
        lease_node_ref(l->base);
        return l->base;
    }
    return NULL;
}

void lease_node_ref(struct lease_node *n)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    n->refs++;
    ASSERT(n->refs != 0);
}

void lease_node_unref(struct lease_node *n)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    ASSERT(n->refs > 0);
    if (--n->refs > 0)
        return;
    ASSERT(list_empty(&n->opens) && list_empty(&n->links) && list_empty(&n->waits));
    ASSERT(!n->exclusive.root && !n->shared.root);
    ASSERT(list_empty(&n->grants) && list_empty(&n->break_waits));
    struct lease_node *base = n->base == n ? NULL : n->base;
    list_remove(&n->in_base);
    htab_remove(&n->table->nodes, &n->in_table);
    MAGIC_WIPE(n);
    mem_free(n->stream);
    mem_free(n);
    if (base)
        lease_node_unref(base);
}

bool lease_stream_renamed(struct lease_node *n, const struct lease_key *key)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    ASSERT(n->base != n && key->stream_len != 0 && key->file == n->file);
    uint64_t hash = key_hash(key);
    if (key->stream_len > LEASE_STREAM_NAME_MAX || table_lookup(n->table, key, hash) ||
        !name_set(n, key))
        return false;
    htab_remove(&n->table->nodes, &n->in_table);
    bool ok = htab_insert(&n->table->nodes, &n->in_table, hash);
    ASSERT(ok); /* there was room for it */
    return true;
}

/* Links */

uint64_t lease_link_hash(uint64_t volume, uint64_t id)
{
    return hash_u64(id + hash_u64(volume));
}

/* A link that is gone belongs to a name that no longer exists; one with the same id is a new name.
 */
static struct lease_link *link_find(const struct lease_node *n, uint64_t id)
{
    LIST_FOREACH (it, &n->base->links) {
        struct lease_link *link = LIST_ENTRY(it, struct lease_link, in_base);
        if (link->id == id && !link->gone)
            return link;
    }
    return NULL;
}

static struct lease_link *link_get(struct lease_node *n, uint64_t id)
{
    struct lease_link *link = link_find(n, id);
    if (!link) {
        link = mem_zalloc(sizeof(*link));
        if (!link)
            return NULL;
        if (!htab_insert(&n->table->links, &link->in_table, lease_link_hash(n->volume, id))) {
            mem_free(link);
            return NULL;
        }
        link->id = id;
        link->base = n->base;
        list_append(&n->base->links, &link->in_base);
    }
    link->opens++;
    return link;
}

static void link_put(struct lease_link *link)
{
    ASSERT(link->opens > 0);
    if (--link->opens > 0)
        return;
    list_remove(&link->in_base);
    htab_remove(&link->base->table->links, &link->in_table);
    mem_free(link);
}

bool lease_node_delete_pending(const struct lease_node *n, uint64_t link)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    if (n->delete_pending)
        return true;
    const struct lease_link *l = link_find(n, link);
    return l && l->delete_pending;
}

bool lease_open_delete_pending(const struct lease_open *o)
{
    MAGIC_CHECK(o, OPEN_MAGIC);
    ASSERT(lease_open_attached(o));
    return o->node->delete_pending || o->link->delete_pending;
}

/* Share modes */

/* ([MS-FSA] 2.1.5.1.2.1, second half) Deleting the unnamed stream takes all streams with it. */
static bool file_conflict(const struct lease_node *n, uint32_t access, uint32_t share)
{
    const struct lease_node *base = n->base;
    if (!(share & LEASE_SHARE_DELETE) && base->share.deleting > 0)
        return true;
    return (access & LEASE_DELETE) && n == base && base->file_deny_delete > 0;
}

/* ([MS-FSA] 2.1.5.1.2.2) Each condition there is about one existing open; whether any open meets it
   is whether the matching sum is not zero. */
static bool stream_conflict(const struct lease_share *s, uint32_t access, uint32_t share)
{
    return ((access & READING) && s->deny_read > 0) || ((access & WRITING) && s->deny_write > 0) ||
           ((access & LEASE_DELETE) && s->deny_delete > 0) ||
           (!(share & LEASE_SHARE_READ) && s->reading > 0) ||
           (!(share & LEASE_SHARE_WRITE) && s->writing > 0) ||
           (!(share & LEASE_SHARE_DELETE) && s->deleting > 0);
}

smbkit_status lease_share_check(const struct lease_node *n, uint32_t access, uint32_t share)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    if (!(access & SHARING))
        return SMBKIT_STATUS_SUCCESS;
    if (file_conflict(n, access, share) || stream_conflict(&n->share, access, share))
        return SMBKIT_STATUS_SHARING_VIOLATION;
    return SMBKIT_STATUS_SUCCESS;
}

static void share_count(struct lease_node *n, const struct lease_open_args *args, uint32_t by)
{
    if (!(args->access & SHARING))
        return;
    struct lease_share *s = &n->share;
    s->reading += (args->access & READING) ? by : 0;
    s->writing += (args->access & WRITING) ? by : 0;
    s->deleting += (args->access & LEASE_DELETE) ? by : 0;
    s->deny_read += (args->share & LEASE_SHARE_READ) ? 0 : by;
    s->deny_write += (args->share & LEASE_SHARE_WRITE) ? 0 : by;
    s->deny_delete += (args->share & LEASE_SHARE_DELETE) ? 0 : by;
    n->base->file_deny_delete += (args->share & LEASE_SHARE_DELETE) ? 0 : by;
}

/* Opens */

smbkit_status lease_open_check(const struct lease_node *n, const struct lease_open_args *args)
{
    /* ([MS-FSA] 2.1.1.4, 2.1.1.5) IsDeleted: new opens are not allowed. */
    if (lease_node_delete_pending(n, args->link))
        return SMBKIT_STATUS_DELETE_PENDING;
    return lease_share_check(n, args->access | args->extra_access, args->share);
}

void lease_open_init(struct lease_open *o)
{
    memset(o, 0, sizeof(*o));
    MAGIC_SET(o, OPEN_MAGIC);
    list_init(&o->in_node);
    list_init(&o->locks);
    list_init(&o->waits);
    list_init(&o->in_grant);
    lease_grant_init(&o->oplock);
}

smbkit_status lease_open_attach(struct lease_node *n, struct lease_open *o,
                                const struct lease_open_args *args)
{
    MAGIC_CHECK(o, OPEN_MAGIC);
    ASSERT(!lease_open_attached(o));
    smbkit_status status = lease_open_check(n, args);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    struct lease_link *link = link_get(n, args->link);
    if (!link)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    lease_node_ref(n);
    o->node = n;
    o->link = link;
    o->args = *args;
    o->lock_owner = n->next_owner++;
    list_append(&n->opens, &o->in_node);
    share_count(n, args, 1);
    return SMBKIT_STATUS_SUCCESS;
}

/* ([MS-FSA] 2.1.5.5, phases 2 and 3) The open is no longer among those of node and link. */
static void delete_if_due(struct lease_node *n, struct lease_link *link, bool last_of_link,
                          struct lease_actions *actions)
{
    if (n->delete_pending && list_empty(&n->opens)) {
        n->delete_pending = false;
        /* Without its name the stream cannot be reached, and the file goes with its last handle. */
        actions->delete_stream = !link->gone;
    }
    if (link->delete_pending && !link->gone && (last_of_link || link->posix)) {
        link->gone = true;
        actions->delete_link = true;
    }
}

/* Who marks the link for deletion; of several the last. */
static void note_deleter(struct lease_open *o)
{
    struct lease_link *link = o->link;
    const struct lease_grant *g = o->grant;
    link->has_deleter_parent = g != NULL && g->has_parent;
    if (link->has_deleter_parent)
        link->deleter_parent = g->parent;
}

static bool is_deleter(const struct lease_open *o)
{
    const struct lease_grant *g = o->grant;
    return g != NULL && g->has_parent && o->link->has_deleter_parent &&
           guid_equal(&g->parent, &o->link->deleter_parent);
}

static void open_leave(struct lease_open *o, struct lease_actions *actions)
{
    struct lease_node *n = o->node;
    struct lease_link *link = o->link;
    actions->delete_own_parent = is_deleter(o);
    lease_lock_drop_all(o, actions);
    list_remove(&o->in_node);
    lease_grant_leave(o, actions);
    share_count(n, &o->args, UINT32_MAX); /* minus one */
    delete_if_due(n, link, link->opens == 1, actions);
    o->node = NULL;
    o->link = NULL;
    link_put(link);
    lease_node_unref(n);
}

void lease_open_detach(struct lease_open *o, bool may_delete, struct lease_actions *actions)
{
    MAGIC_CHECK(o, OPEN_MAGIC);
    ASSERT(lease_open_attached(o));
    /* ([MS-FSA] 2.1.5.5, phase 1) */
    if (o->args.delete_on_close && may_delete) {
        note_deleter(o);
        if (o->node->base == o->node)
            o->link->delete_pending = true;
        else
            o->node->delete_pending = true;
    }
    open_leave(o, actions);
}

void lease_open_undo(struct lease_open *o, struct lease_actions *actions)
{
    MAGIC_CHECK(o, OPEN_MAGIC);
    ASSERT(lease_open_attached(o));
    open_leave(o, actions);
}

/* Disposition */

static smbkit_status may_mark_deleted(const struct lease_open *o, const struct lease_disposition *d)
{
    bool ignore = d->ignore_readonly && (o->args.access & LEASE_FILE_WRITE_ATTRIBUTES);
    if (d->readonly && !ignore)
        return SMBKIT_STATUS_CANNOT_DELETE;
    if (o->node->directory && d->directory_not_empty)
        return SMBKIT_STATUS_DIRECTORY_NOT_EMPTY;
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status lease_set_disposition(struct lease_open *o, const struct lease_disposition *d)
{
    MAGIC_CHECK(o, OPEN_MAGIC);
    ASSERT(lease_open_attached(o));
    if (!(o->args.access & LEASE_DELETE))
        return SMBKIT_STATUS_ACCESS_DENIED;
    if (d->delete_file) {
        if (d->on_close && !o->link->delete_pending)
            return SMBKIT_STATUS_NOT_SUPPORTED;
        smbkit_status status = may_mark_deleted(o, d);
        if (status != SMBKIT_STATUS_SUCCESS)
            return status;
    }
    if (o->node->base == o->node) {
        o->link->delete_pending = d->delete_file;
        o->link->posix = d->posix;
        note_deleter(o);
    } else {
        o->node->delete_pending = d->delete_file;
    }
    return SMBKIT_STATUS_SUCCESS;
}

void lease_open_renamed(struct lease_open *o, uint64_t link)
{
    MAGIC_CHECK(o, OPEN_MAGIC);
    ASSERT(lease_open_attached(o));
    struct htab *links = &o->node->table->links;
    htab_remove(links, &o->link->in_table);
    /* cannot fail: there has been room for this one */
    bool ok = htab_insert(links, &o->link->in_table, lease_link_hash(o->node->volume, link));
    ASSERT(ok);
    o->link->id = link;
}
