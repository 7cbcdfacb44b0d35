// SPDX-License-Identifier: Apache-2.0
/* Names: the tree of what differs from the files below. All with the lock held. */
#include "cow.h"
#include <string.h>

#define FIRST_BUCKETS 8
#define GAPS_ALLOWED  16

static char *copy_text(const char *text, size_t len)
{
    char *copy = smbkit_alloc(len + 1);
    if (copy != NULL)
        memcpy(copy, text, len);
    return copy;
}

char *cow_join(const char *origin, const char *name)
{
    size_t a = strlen(origin), b = strlen(name);
    char *path = smbkit_alloc(a + b + 2);
    if (path == NULL)
        return NULL;
    memcpy(path, origin, a);
    if (a > 0 && b > 0)
        path[a++] = '/';
    memcpy(path + a, name, b);
    return path;
}

char *cow_path(const struct cow_node *n)
{
    size_t len = 0;
    for (const struct cow_node *p = n; !p->root; p = p->parent)
        len += strlen(p->name) + 1;
    char *path = smbkit_alloc(len + 1);
    if (path == NULL)
        return NULL;
    char *at = path + (len > 0 ? len - 1 : 0);
    for (const struct cow_node *p = n; !p->root; p = p->parent) {
        size_t name = strlen(p->name);
        at -= name;
        memcpy(at, p->name, name);
        if (at > path)
            *--at = '/';
    }
    return path;
}

/* --- children --- */

static struct cow_node **bucket(const struct cow_children *c, uint64_t hash)
{
    return &c->buckets[hash & (c->bucket_count - 1)];
}

struct cow_node *cow_child(const struct cow_node *dir, const char *name, size_t len)
{
    const struct cow_children *c = &dir->children;
    uint64_t hash = c->count > 0 ? smbkit_name_hash(name, len) : 0;
    struct cow_node *n = c->count > 0 ? *bucket(c, hash) : NULL;
    while (n != NULL &&
           (n->hash != hash || smbkit_name_compare(n->name, strlen(n->name), name, len) != 0))
        n = n->next;
    return n;
}

static size_t slot_after(const struct cow_children *c, uint64_t seq)
{
    size_t lo = 0, hi = c->slot_count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (c->slots[mid].seq <= seq)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct cow_node *cow_child_after(const struct cow_node *dir, uint64_t seq)
{
    const struct cow_children *c = &dir->children;
    size_t i = slot_after(c, seq);
    while (i < c->slot_count && c->slots[i].node == NULL)
        i++;
    return i < c->slot_count ? c->slots[i].node : NULL;
}

static void close_gaps(struct cow_children *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->slot_count; i++)
        if (c->slots[i].node != NULL)
            c->slots[n++] = c->slots[i];
    c->slot_count = n;
}

static bool grow_buckets(struct cow_children *c)
{
    struct cow_children bigger = {.bucket_count = c->bucket_count * 2};
    if (c->count < c->bucket_count)
        return true;
    if (c->bucket_count == 0)
        bigger.bucket_count = FIRST_BUCKETS;
    bigger.buckets = smbkit_alloc(bigger.bucket_count * sizeof(struct cow_node *));
    if (bigger.buckets == NULL)
        return c->bucket_count > 0;
    for (size_t i = 0; i < c->bucket_count; i++) {
        for (struct cow_node *n = c->buckets[i], *next; n != NULL; n = next) {
            struct cow_node **at = bucket(&bigger, n->hash);
            next = n->next;
            n->next = *at;
            *at = n;
        }
    }
    smbkit_free(c->buckets);
    c->buckets = bigger.buckets;
    c->bucket_count = bigger.bucket_count;
    return true;
}

/* Room for one more, and a whiteout: all of inserting that can fail. */
static bool reserve(struct cow_node *dir)
{
    struct cow_children *c = &dir->children;
    if (c->slot_count + 2 > c->slot_cap) {
        size_t cap = c->slot_cap * 2 + FIRST_BUCKETS;
        struct cow_slot *bigger = smbkit_realloc(c->slots, cap * sizeof(*bigger));
        if (bigger == NULL)
            return false;
        c->slots = bigger;
        c->slot_cap = cap;
    }
    return grow_buckets(c);
}

static void insert(struct cow_node *dir, struct cow_node *n)
{
    struct cow_children *c = &dir->children;
    struct cow_node **at = bucket(c, n->hash);
    n->parent = dir;
    n->next = *at;
    *at = n;
    n->seq = ++c->last_seq;
    c->slots[c->slot_count++] = (struct cow_slot){n->seq, n};
    c->count++;
}

static void leave(struct cow_node *n)
{
    struct cow_children *c = &n->parent->children;
    struct cow_node **at = bucket(c, n->hash);
    while (*at != n)
        at = &(*at)->next;
    *at = n->next;
    c->slots[slot_after(c, n->seq - 1)].node = NULL;
    c->count--;
    n->parent = NULL;
    if (c->slot_count - c->count > c->count + GAPS_ALLOWED)
        close_gaps(c);
}

/* --- nodes --- */

static void node_free(struct cow *c, struct cow_node *n)
{
    if (n->data != NULL)
        cow_data_clear(&c->store, n->data);
    smbkit_free(n->data);
    smbkit_free(n->children.buckets);
    smbkit_free(n->children.slots);
    smbkit_free(n->name);
    smbkit_free(n->origin);
    smbkit_free(n->sd);
    smbkit_free(n);
}

static struct cow_node *node_new(struct cow *c, const char *name, size_t len, const char *origin)
{
    struct cow_node *n = smbkit_alloc(sizeof(*n));
    if (n == NULL)
        return NULL;
    n->name = copy_text(name, len);
    n->hash = smbkit_name_hash(name, len);
    n->origin = origin != NULL ? copy_text(origin, strlen(origin)) : NULL;
    if (n->name != NULL && (origin == NULL || n->origin != NULL))
        return n;
    node_free(c, n);
    return NULL;
}

struct cow_node *cow_make_node(struct cow *c, struct cow_node *parent, const char *name, size_t len,
                               const char *origin)
{
    struct cow_node *white = cow_child(parent, name, len);
    struct cow_node *n = reserve(parent) ? node_new(c, name, len, origin) : NULL;
    if (n == NULL)
        return NULL;
    n->hides = origin != NULL || white != NULL;
    n->in_place = origin != NULL;
    if (white != NULL) {
        leave(white);
        node_free(c, white);
    }
    insert(parent, n);
    return n;
}

struct cow_node *cow_make_parents(struct cow *c, struct cow_node *parent, const char **rest)
{
    const char *slash;
    while (parent != NULL && (slash = strchr(*rest, '/')) != NULL) {
        size_t len = (size_t)(slash - *rest);
        struct cow_node *child = cow_child(parent, *rest, len);
        char *name = child == NULL ? copy_text(*rest, len) : NULL;
        char *origin = name != NULL ? cow_join(parent->origin, name) : NULL;
        if (child == NULL && origin != NULL)
            child = cow_make_node(c, parent, *rest, len, origin);
        smbkit_free(name);
        smbkit_free(origin);
        if (child == NULL)
            cow_settle(c, parent);
        else if (child->in_place && !child->own)
            child->folder = true;
        parent = child;
        *rest = slash + 1;
    }
    return parent;
}

smbkit_status cow_find(struct cow *c, const char *path, struct cow_found *f)
{
    *f = (struct cow_found){.parent = c->root, .rest = path};
    struct cow_node *n = c->root;
    while (f->rest[0] != '\0') {
        size_t len = strcspn(f->rest, "/");
        bool last = f->rest[len] == '\0';
        if (!n->folder)
            return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
        struct cow_node *child = cow_child(n, f->rest, len);
        f->parent = n;
        if (child == NULL && n->origin != NULL) {
            f->lower = cow_join(n->origin, f->rest);
            return f->lower != NULL ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
        }
        if (child == NULL || child->whiteout)
            return last ? SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND : SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
        n = child;
        f->rest += last ? len : len + 1;
    }
    f->node = n;
    f->lower = n->origin != NULL ? copy_text(n->origin, strlen(n->origin)) : NULL;
    if (n->origin != NULL && f->lower == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    return SMBKIT_STATUS_SUCCESS;
}

/* Puts a whiteout where a node leaves that hides something. */
static struct cow_node *make_whiteout(struct cow *c, const struct cow_node *n)
{
    struct cow_node *white = node_new(c, n->name, strlen(n->name), NULL);
    if (white != NULL)
        white->whiteout = white->hides = true;
    return white;
}

static bool take_name(struct cow *c, struct cow_node *n, uint64_t now)
{
    struct cow_node *dir = n->parent;
    struct cow_node *white = NULL;
    if (n->hides && (!reserve(dir) || (white = make_whiteout(c, n)) == NULL))
        return false;
    leave(n);
    if (white != NULL)
        insert(dir, white);
    dir->dir_time = now;
    return true;
}

bool cow_unlink(struct cow *c, struct cow_node *n, uint64_t now)
{
    struct cow_node *dir = n->parent;
    if (!take_name(c, n, now))
        return false;
    n->attr.change_time = now;
    n->own = true;
    cow_settle(c, dir);
    cow_settle(c, n);
    return true;
}

bool cow_move(struct cow *c, struct cow_node *n, struct cow_node *parent, const char *name,
              bool hides, uint64_t now)
{
    size_t len = strlen(name);
    struct cow_node *dir = n->parent, *white = cow_child(parent, name, len);
    bool same = white == n;
    char *copy = copy_text(name, len);
    if (copy == NULL || !reserve(parent) || (!same && !take_name(c, n, now))) {
        smbkit_free(copy);
        return false;
    }
    if (same) {
        hides = n->hides;
        leave(n);
    } else {
        hides = hides || white != NULL;
        if (white != NULL)
            leave(white);
    }
    if (white != NULL && !same)
        node_free(c, white);
    smbkit_free(n->name);
    n->name = copy;
    n->hash = smbkit_name_hash(name, len);
    n->in_place = false;
    n->own = true;
    n->hides = hides;
    n->attr.change_time = now;
    insert(parent, n);
    parent->dir_time = now;
    if (!same)
        cow_settle(c, dir);
    return true;
}

void cow_settle(struct cow *c, struct cow_node *n)
{
    while (n != NULL && !n->root && n->opens == 0 && n->children.count == 0) {
        struct cow_node *above = n->parent;
        bool needed = above != NULL && (!n->in_place || n->own || n->dir_time != 0);
        if (needed)
            return;
        if (above != NULL)
            leave(n);
        node_free(c, n);
        n = above;
    }
    /* A folder that was deleted while it was open has nothing but whiteouts in it. */
    if (n != NULL && !n->root && n->parent == NULL && n->opens == 0) {
        while (n->children.count > 0) {
            struct cow_node *child = cow_child_after(n, 0);
            leave(child);
            node_free(c, child);
        }
        node_free(c, n);
    }
}

/* Without recursion: from the leaves. */
void cow_free_all(struct cow *c)
{
    struct cow_node *n = c->root;
    while (n != NULL) {
        struct cow_node *child = cow_child_after(n, 0);
        struct cow_node *above = n->parent;
        if (child == NULL) {
            if (above != NULL)
                leave(n);
            node_free(c, n);
        }
        n = child != NULL ? child : above;
    }
}

bool cow_claim_data(struct cow_node *n)
{
    if (n->data == NULL && (n->data = smbkit_alloc(sizeof(*n->data))) != NULL) {
        n->data->size = n->attr.size;
        n->data->base = n->origin != NULL ? n->attr.size : 0;
    }
    return n->data != NULL;
}

void cow_dir_times(const struct cow_node *n, struct smbkit_attr *a)
{
    if (n->dir_time > a->write_time)
        a->write_time = n->dir_time;
    if (n->dir_time > a->change_time)
        a->change_time = n->dir_time;
}

void cow_fill_attr(const struct cow_node *n, struct smbkit_attr *a)
{
    *a = n->attr;
    a->ea_size = 0;
    a->links = 1;
    if (n->data != NULL) {
        uint64_t all = n->data->base + n->data->count * (uint64_t)COW_BLOCK;
        a->size = n->data->size;
        if (!(a->attributes & SMBKIT_ATTR_SPARSE) || all > a->size)
            all = a->size;
        a->alloc_size = (all + COW_BLOCK - 1) / COW_BLOCK * COW_BLOCK;
    }
    cow_dir_times(n, a);
}
