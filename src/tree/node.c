// SPDX-License-Identifier: Apache-2.0
/*
 * Nodes and the names in folders. Folders find by a hash of the name, and list in the order of
 * publishing: slots with rising numbers, gaps where something was removed, squeezed out when the
 * array is full.
 */
#include "base/mem.h"
#include "tree/tree_int.h"
#include <string.h>

#define ATTR_SETTABLE                                                                       \
    (SMBKIT_ATTR_READONLY | SMBKIT_ATTR_HIDDEN | SMBKIT_ATTR_SYSTEM | SMBKIT_ATTR_ARCHIVE | \
     SMBKIT_ATTR_TEMPORARY | SMBKIT_ATTR_OFFLINE | SMBKIT_ATTR_NOT_INDEXED)

#define SLOTS_FIRST 8

/* --- bytes --- */

struct tree_bytes *tree_bytes_new(const void *data, size_t size)
{
    struct tree_bytes *b = mem_zalloc(sizeof(*b));
    if (b == NULL)
        return NULL;
    atomic_store(&b->refs, 1);
    if (size > 0) {
        b->data = mem_alloc(size);
        if (b->data == NULL) {
            mem_free(b);
            return NULL;
        }
        memcpy(b->data, data, size);
        b->size = b->cap = size;
    }
    return b;
}

struct tree_bytes *tree_bytes_ref(struct tree_bytes *b)
{
    atomic_fetch_add(&b->refs, 1);
    return b;
}

void tree_bytes_unref(void *bytes)
{
    struct tree_bytes *b = bytes;
    if (b == NULL || atomic_fetch_sub(&b->refs, 1) != 1)
        return;
    mem_free(b->data);
    mem_free(b);
}

/* --- nodes --- */

static struct smbkit_node *node_alloc(bool folder)
{
    struct smbkit_node *n = mem_zalloc(sizeof(*n));
    if (n == NULL || !folder)
        return n;
    n->dir = mem_zalloc(sizeof(*n->dir));
    if (n->dir == NULL) {
        mem_free(n);
        return NULL;
    }
    htab_init(&n->dir->names);
    return n;
}

struct smbkit_node *tree_node_new(struct smbkit_tree *t, bool folder)
{
    struct smbkit_node *n = node_alloc(folder);
    if (n == NULL)
        return NULL;
    MAGIC_SET(n, NODE_MAGIC);
    n->refs = 1;
    n->tree = t;
    list_init(&n->link);
    mutex_lock(&t->lock);
    n->create_time = n->access_time = n->write_time = n->change_time = tree_now(t);
    n->id = ++t->last_id;
    t->nodes++;
    mutex_unlock(&t->lock);
    return n;
}

bool tree_node_fill(struct smbkit_node *n, const struct smbkit_node_spec *spec)
{
    bool folder = n->dir != NULL;
    n->file = spec->file;
    n->folder = spec->folder;
    n->ctx = spec->ctx;
    n->size = spec->size;
    n->attributes = (spec->attributes & ATTR_SETTABLE) | (folder ? SMBKIT_ATTR_DIRECTORY : 0);
    if (spec->create_time != 0)
        n->create_time = spec->create_time;
    if (spec->write_time != 0)
        n->access_time = n->write_time = n->change_time = spec->write_time;
    if (folder) {
        n->dir->limit = spec->limit;
        n->dir->refresh = (spec->flags & SMBKIT_NODE_REFRESH) != 0;
    }
    n->fixed = !folder && spec->file == NULL;
    if (n->fixed)
        n->bytes = tree_bytes_new(spec->data, spec->data_size);
    return !n->fixed || n->bytes != NULL;
}

bool tree_spec_folder(const struct smbkit_node_spec *spec)
{
    return spec->folder != NULL || (spec->flags & SMBKIT_NODE_FOLDER) ||
           (spec->attributes & SMBKIT_ATTR_DIRECTORY);
}

struct smbkit_node *tree_node_get(struct smbkit_node *n)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    ASSERT_HELD(&n->tree->lock);
    n->refs++;
    return n;
}

void tree_node_put(struct smbkit_node *n, struct tree_dead *dead)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    ASSERT_HELD(&n->tree->lock);
    ASSERT(n->refs > 0);
    if (--n->refs > 0)
        return;
    if (n->dir != NULL && n->dir->count > 0) /* a root; what is below goes with it */
        tree_empty(n, &tree_by_nobody, dead);
    list_append(&dead->nodes, &n->link);
}

bool tree_node_in_tree(const struct smbkit_node *n)
{
    return n->root || n->entry != NULL;
}

struct smbkit_node *tree_node_parent(const struct smbkit_node *n)
{
    return n->entry != NULL ? n->entry->folder : NULL;
}

bool tree_above(const struct smbkit_node *n, const struct smbkit_node *folder)
{
    while (folder != NULL && folder != n)
        folder = tree_node_parent(folder);
    return folder == n;
}

void tree_fill_attr(const struct smbkit_node *n, struct smbkit_attr *a)
{
    *a = (struct smbkit_attr){
        .file_id = n->id,
        .create_time = n->create_time,
        .access_time = n->access_time,
        .write_time = n->write_time,
        .change_time = n->change_time,
        .attributes = n->attributes != 0 ? n->attributes : SMBKIT_ATTR_NORMAL,
        .links = 1,
    };
    if (n->dir != NULL)
        return;
    a->size = n->bytes != NULL ? n->bytes->size : n->size;
    a->alloc_size = a->size > UINT64_MAX - 4095 ? a->size : (a->size + 4095) & ~4095ull;
}

void tree_set_info(struct smbkit_node *n, const struct smbkit_attr *attr, uint32_t which)
{
    if (which & SMBKIT_SET_CREATE_TIME)
        n->create_time = attr->create_time;
    if (which & SMBKIT_SET_ACCESS_TIME)
        n->access_time = attr->access_time;
    if (which & SMBKIT_SET_WRITE_TIME)
        n->write_time = attr->write_time;
    if (which & SMBKIT_SET_CHANGE_TIME)
        n->change_time = attr->change_time;
    if (which & SMBKIT_SET_ATTRIBUTES)
        n->attributes =
            (n->attributes & SMBKIT_ATTR_DIRECTORY) | (attr->attributes & ATTR_SETTABLE);
}

/* --- names in folders --- */

struct tree_entry *tree_entry_new(const char *name, size_t len)
{
    struct tree_entry *e = mem_zalloc(sizeof(*e) + len + 1);
    if (e == NULL)
        return NULL;
    memcpy(e->name, name, len);
    e->name_len = len;
    return e;
}

void tree_entry_free(struct tree_entry *e)
{
    ASSERT(e == NULL || e->folder == NULL);
    mem_free(e);
}

struct tree_entry *tree_dir_find(const struct tree_dir *d, const char *name, size_t len, bool taken)
{
    for (struct htab_node *it = htab_first(&d->names, smbkit_name_hash(name, len)); it != NULL;
         it = htab_next(it)) {
        struct tree_entry *e = CONTAINER_OF(it, struct tree_entry, by_name);
        if ((e->node == NULL) == taken && smbkit_name_compare(e->name, e->name_len, name, len) == 0)
            return e;
    }
    return NULL;
}

static void squeeze(struct tree_dir *d)
{
    size_t to = 0;
    for (size_t i = d->slot_first; i < d->slot_count; i++) {
        if (d->slots[i].entry == NULL)
            continue;
        d->slots[to] = d->slots[i];
        d->slots[to].entry->slot = to;
        to++;
    }
    d->slot_first = 0;
    d->slot_count = to;
}

static bool slots_reserve(struct tree_dir *d)
{
    if (d->slot_count < d->slot_cap)
        return true;
    if (d->slot_cap - d->used > d->slot_cap / 4) {
        squeeze(d);
        return true;
    }
    size_t cap = d->slot_cap == 0 ? SLOTS_FIRST : d->slot_cap * 2;
    struct tree_slot *slots = mem_resize_array(d->slots, cap, sizeof(*slots));
    if (slots == NULL)
        return false;
    d->slots = slots;
    d->slot_cap = cap;
    return true;
}

smbkit_status tree_dir_take(struct smbkit_node *folder, struct tree_entry *e)
{
    struct tree_dir *d = folder->dir;
    ASSERT_HELD(&folder->tree->lock);
    if (!slots_reserve(d) ||
        !htab_insert(&d->names, &e->by_name, smbkit_name_hash(e->name, e->name_len)))
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    e->folder = folder;
    e->slot = d->slot_count++;
    d->slots[e->slot] = (struct tree_slot){++d->last_seq, e};
    d->used++;
    return SMBKIT_STATUS_SUCCESS;
}

void tree_dir_drop(struct tree_entry *e)
{
    struct tree_dir *d = e->folder->dir;
    ASSERT_HELD(&e->folder->tree->lock);
    ASSERT(e->node == NULL);
    htab_remove(&d->names, &e->by_name);
    d->slots[e->slot].entry = NULL;
    d->used--;
    while (d->slot_first < d->slot_count && d->slots[d->slot_first].entry == NULL)
        d->slot_first++;
    e->folder = NULL;
    tree_entry_free(e);
}

struct tree_slot *tree_dir_next(const struct tree_dir *d, uint64_t cookie)
{
    size_t low = d->slot_first, high = d->slot_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (d->slots[mid].seq <= cookie)
            low = mid + 1;
        else
            high = mid;
    }
    while (low < d->slot_count && d->slots[low].entry == NULL)
        low++;
    return low < d->slot_count ? &d->slots[low] : NULL;
}

/* --- into the tree and out of it --- */

static void touch(struct smbkit_node *folder)
{
    folder->write_time = folder->change_time = tree_now(folder->tree);
}

static void join(struct tree_entry *e, struct smbkit_node *n)
{
    struct tree_dir *d = e->folder->dir;
    e->node = n;
    n->entry = e;
    n->round = d->round;
    d->count++;
    d->fixtures += n->fixture;
    touch(e->folder);
}

/* The entry stays, taken. */
static void part(struct smbkit_node *n)
{
    struct tree_entry *e = n->entry;
    struct tree_dir *d = e->folder->dir;
    e->node = NULL;
    n->entry = NULL;
    d->count--;
    d->fixtures -= n->fixture;
    touch(e->folder);
}

void tree_publish(struct tree_entry *e, struct smbkit_node *n, const struct tree_origin *origin)
{
    ASSERT(n->entry == NULL && !n->root && e->node == NULL);
    join(e, tree_node_get(n));
    tree_tell(n, SMBKIT_ACTION_ADDED, origin);
}

static struct smbkit_node *first_child(const struct smbkit_node *n)
{
    const struct tree_dir *d = n->dir;
    if (d == NULL || d->count == 0)
        return NULL;
    for (size_t i = d->slot_first;; i++)
        if (d->slots[i].entry != NULL && d->slots[i].entry->node != NULL)
            return d->slots[i].entry->node;
}

static void unpublish_one(struct smbkit_node *n, const struct tree_origin *origin,
                          struct tree_dead *dead)
{
    struct tree_entry *e = n->entry;
    tree_tell(n, SMBKIT_ACTION_REMOVED, origin);
    part(n);
    n->change_time = tree_now(n->tree);
    tree_dir_drop(e);
    tree_node_put(n, dead);
}

/* Leaves first, as a client would have to do it, so that who mirrors the tree can follow. */
void tree_unpublish(struct smbkit_node *top, const struct tree_origin *origin,
                    struct tree_dead *dead)
{
    ASSERT_HELD(&top->tree->lock);
    struct smbkit_node *n = top;
    while (top->entry != NULL) {
        struct smbkit_node *child = first_child(n);
        if (child != NULL) {
            n = child;
            continue;
        }
        struct smbkit_node *parent = tree_node_parent(n);
        unpublish_one(n, origin, dead);
        n = parent;
    }
}

void tree_empty(struct smbkit_node *folder, const struct tree_origin *origin,
                struct tree_dead *dead)
{
    struct smbkit_node *child;
    while ((child = first_child(folder)) != NULL)
        tree_unpublish(child, origin, dead);
}

/* Both lie in one folder: what was published first stays first. */
static void swap_slots(struct tree_entry *a, struct tree_entry *b)
{
    struct tree_dir *d = a->folder->dir;
    size_t slot = a->slot;
    a->slot = b->slot;
    b->slot = slot;
    d->slots[a->slot].entry = a;
    d->slots[b->slot].entry = b;
}

void tree_move(struct smbkit_node *n, struct tree_entry *to, const struct tree_origin *origin,
               struct tree_dead *dead)
{
    struct tree_entry *old = n->entry;
    bool same = old->folder == to->folder;
    const struct tree_entry *other = tree_dir_find(to->folder->dir, to->name, to->name_len, false);
    if (other != NULL && other->node != n)
        tree_unpublish(other->node, origin, dead);
    tree_tell(n, same ? SMBKIT_ACTION_RENAMED_OLD : SMBKIT_ACTION_REMOVED, origin);
    part(n);
    if (same)
        swap_slots(old, to);
    tree_dir_drop(old);
    join(to, n);
    n->change_time = tree_now(n->tree);
    tree_tell(n, same ? SMBKIT_ACTION_RENAMED_NEW : SMBKIT_ACTION_ADDED, origin);
    tree_trim(to->folder, &tree_by_plugin, dead);
}

void tree_trim(struct smbkit_node *folder, const struct tree_origin *origin, struct tree_dead *dead)
{
    struct tree_dir *d = folder->dir;
    if (d->limit == 0)
        return;
    for (size_t i = d->slot_first; d->count - d->fixtures > d->limit; i++) {
        const struct tree_entry *e = d->slots[i].entry;
        if (e != NULL && e->node != NULL && !e->node->fixture)
            tree_unpublish(e->node, origin, dead);
    }
}

void tree_sweep(struct smbkit_node *folder, struct tree_dead *dead)
{
    struct tree_dir *d = folder->dir;
    for (size_t i = d->slot_first; i < d->slot_count; i++) {
        const struct tree_entry *e = d->slots[i].entry;
        if (e != NULL && e->node != NULL && !e->node->fixture && e->node->round != d->round)
            tree_unpublish(e->node, &tree_by_plugin, dead);
    }
}
