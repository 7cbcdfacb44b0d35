// SPDX-License-Identifier: Apache-2.0
/* A tree's life, the shares that serve it, its users, and what is told to clients. */
#include "base/mem.h"
#include "plat/clock.h"
#include "tree/tree_int.h"
#include <string.h>

const struct tree_origin tree_by_plugin = {0};
const struct tree_origin tree_by_nobody = {.quiet = true};

/* --- the lock --- */

void tree_enter(struct smbkit_tree *t, struct tree_dead *dead)
{
    MAGIC_CHECK(t, TREE_MAGIC);
    list_init(&dead->nodes);
    mutex_lock(&t->lock);
}

/* Nothing is left: the root, which went last or is gone, kept it until it was closed. */
static void free_tree(struct smbkit_tree *t)
{
    void (*release)(void *ctx) = t->options.release;
    void *ctx = t->options.ctx;
    ASSERT(t->users.count == 0);
    htab_free(&t->users);
    cond_destroy(&t->loaded);
    mutex_destroy(&t->lock);
    MAGIC_WIPE(t);
    mem_free(t);
    if (release != NULL)
        release(ctx);
}

void tree_leave(struct smbkit_tree *t, struct tree_dead *dead)
{
    struct list *it;
    mutex_unlock(&t->lock);
    /* `t` may go with the last of them: it is not touched any more. */
    while ((it = list_pop(&dead->nodes)) != NULL)
        tree_node_bury(LIST_ENTRY(it, struct smbkit_node, link));
}

void tree_node_bury(struct smbkit_node *n)
{
    struct smbkit_tree *t = n->tree;
    MAGIC_CHECK(n, NODE_MAGIC);
    ASSERT(n->refs == 0 && n->entry == NULL);
    if (n->own_release && n->dir != NULL && TREE_HAS(n->folder, release))
        n->folder->release(n->ctx);
    else if (n->own_release && n->dir == NULL && TREE_HAS(n->file, release))
        n->file->release(n->ctx);
    if (n->dir != NULL) {
        ASSERT(n->dir->used == 0);
        htab_free(&n->dir->names);
        mem_free(n->dir->slots);
        mem_free(n->dir);
    }
    tree_bytes_unref(n->bytes);
    MAGIC_WIPE(n);
    mem_free(n);
    mutex_lock(&t->lock);
    t->nodes--;
    bool over = t->closed && t->nodes == 0;
    mutex_unlock(&t->lock);
    if (over)
        free_tree(t);
}

uint64_t tree_now(struct smbkit_tree *t)
{
    ASSERT_HELD(&t->lock);
    if (list_empty(&t->volumes))
        return clock_filetime();
    return smbkit_share_time(LIST_ENTRY(t->volumes.next, struct tree_volume, link)->share);
}

/* --- telling --- */

const char *tree_path(const struct smbkit_node *n, const struct smbkit_node **top)
{
    char *const begin = n->tree->path;
    char *at = begin + TREE_PATH_MAX - 1;
    *at = '\0';
    while (n->entry != NULL) {
        const struct tree_entry *e = n->entry;
        bool last = *at == '\0';
        size_t need = e->name_len + (last ? 0 : 1);
        if ((size_t)(at - begin) < need)
            return NULL;
        if (!last)
            *--at = '/';
        at -= e->name_len;
        memcpy(at, e->name, e->name_len);
        n = e->folder;
    }
    *top = n;
    return at;
}

static void tell_users(struct smbkit_tree *t, const struct smbkit_node *top, const char *path,
                       uint32_t action, const struct tree_origin *origin)
{
    struct htab_node *it = NULL;
    while ((it = htab_walk(&t->users, it)) != NULL) {
        const struct tree_user *u = CONTAINER_OF(it, struct tree_user, by_name);
        if ((u->root != NULL ? u->root : t->root) != top)
            continue;
        LIST_FOREACH (v, &t->volumes) {
            struct tree_volume *volume = LIST_ENTRY(v, struct tree_volume, link);
            if (volume != origin->volume ||
                smbkit_name_compare(u->name, u->name_len, origin->user, strlen(origin->user)) != 0)
                smbkit_notify_user(volume->share, u->name, path, action);
        }
    }
}

/* Is there somebody to tell? Saves making the path in the usual case of a client's own change. */
static bool anybody(const struct smbkit_tree *t, const struct tree_origin *origin)
{
    const struct list *first = t->volumes.next;
    if (list_empty(&t->volumes))
        return false;
    return t->options.user_root != NULL || first->next != &t->volumes || origin->volume == NULL ||
           first != &origin->volume->link;
}

void tree_tell(struct smbkit_node *n, uint32_t action, const struct tree_origin *origin)
{
    struct smbkit_tree *t = n->tree;
    const struct smbkit_node *top;
    ASSERT_HELD(&t->lock);
    if (origin->quiet || !tree_node_in_tree(n) || !anybody(t, origin))
        return;
    const char *path = tree_path(n, &top);
    if (path == NULL)
        return;
    if (t->options.user_root != NULL) {
        tell_users(t, top, path, action, origin);
        return;
    }
    LIST_FOREACH (v, &t->volumes) {
        struct tree_volume *volume = LIST_ENTRY(v, struct tree_volume, link);
        if (volume != origin->volume)
            smbkit_notify(volume->share, path, action);
    }
}

size_t smbkit_node_path(struct smbkit_node *n, char *dst, size_t cap)
{
    MAGIC_CHECK(n, NODE_MAGIC);
    struct smbkit_tree *t = n->tree;
    char name[TREE_NAME_CAP];
    size_t len = 0;
    const struct smbkit_node *top;
    mutex_lock(&t->lock);
    const char *path = tree_node_in_tree(n) ? tree_path(n, &top) : NULL;
    bool fits = path != NULL && cap > 0;
    while (fits && *path != '\0') {
        size_t part = strcspn(path, "/");
        size_t plain = tree_name_in(t, path, part, name);
        size_t slash = path[part] == '/';
        fits = plain + slash < cap - len;
        if (fits) {
            memcpy(dst + len, name, plain);
            len += plain;
            if (slash)
                dst[len++] = '/';
        }
        path += part + slash;
    }
    mutex_unlock(&t->lock);
    if (cap > 0)
        dst[fits ? len : 0] = '\0';
    return fits ? len : SIZE_MAX;
}

/* --- users --- */

static struct tree_user *find_user(const struct smbkit_tree *t, const char *user, size_t len)
{
    for (struct htab_node *it = htab_first(&t->users, smbkit_name_hash(user, len)); it != NULL;
         it = htab_next(it)) {
        struct tree_user *u = CONTAINER_OF(it, struct tree_user, by_name);
        if (smbkit_name_compare(u->name, u->name_len, user, len) == 0)
            return u;
    }
    return NULL;
}

/* Keeps what the plugin says of a user, unless another thread was quicker. Takes over `root`. */
static struct smbkit_node *keep_user(struct smbkit_tree *t, const char *user,
                                     struct smbkit_node *root)
{
    struct tree_dead dead;
    size_t len = strlen(user);
    struct tree_user *u = mem_zalloc(sizeof(*u) + len + 1);
    struct smbkit_node *found = NULL;
    tree_enter(t, &dead);
    struct tree_user *other = find_user(t, user, len);
    if (other == NULL && u != NULL) {
        u->name_len = len;
        memcpy(u->name, user, len);
        if (htab_insert(&t->users, &u->by_name, smbkit_name_hash(user, len))) {
            u->root = root != NULL ? tree_node_get(root) : NULL;
            other = u;
            u = NULL;
        }
    }
    if (other != NULL)
        found = tree_node_get(other->root != NULL ? other->root : t->root);
    if (root != NULL)
        tree_node_put(root, &dead);
    tree_leave(t, &dead);
    mem_free(u);
    return found;
}

struct smbkit_node *tree_user_root(struct smbkit_tree *t, const char *user)
{
    if (t->options.user_root == NULL)
        return smbkit_node_ref(t->root);
    mutex_lock(&t->lock);
    const struct tree_user *u = find_user(t, user, strlen(user));
    struct smbkit_node *root = NULL;
    if (u != NULL)
        root = tree_node_get(u->root != NULL ? u->root : t->root);
    mutex_unlock(&t->lock);
    if (u != NULL)
        return root;
    root = t->options.user_root(t->options.ctx, t, user);
    /* A root of another tree, or no root at all, is the plugin's mistake: nobody may see it. */
    if (root != NULL && (root->tree != t || !root->root)) {
        smbkit_node_unref(root);
        return NULL;
    }
    return keep_user(t, user, root);
}

static void drop_user(struct smbkit_tree *t, struct tree_user *u, struct tree_dead *dead)
{
    htab_remove(&t->users, &u->by_name);
    if (u->root != NULL)
        tree_node_put(u->root, dead);
    mem_free(u);
}

void smbkit_tree_forget_user(struct smbkit_tree *t, const char *user)
{
    struct tree_dead dead;
    tree_enter(t, &dead);
    struct tree_user *u = find_user(t, user, strlen(user));
    if (u != NULL)
        drop_user(t, u, &dead);
    tree_leave(t, &dead);
}

/* --- making and ending --- */

static struct smbkit_node *make_root(struct smbkit_tree *t, const struct smbkit_folder_ops *ops,
                                     void *ctx, size_t limit)
{
    const struct smbkit_node_spec spec = {.folder = ops, .ctx = ctx, .limit = limit};
    struct smbkit_node *n = tree_node_new(t, true);
    if (n == NULL || !tree_node_fill(n, &spec)) /* filling a folder does not fail */
        return NULL;
    n->root = true;
    return n;
}

struct smbkit_tree *smbkit_tree_new(const struct smbkit_tree_options *options)
{
    if (options != NULL && options->struct_size < offsetof(struct smbkit_tree_options, ctx))
        return NULL;
    struct smbkit_tree *t = mem_zalloc(sizeof(*t));
    if (t == NULL)
        return NULL;
    MAGIC_SET(t, TREE_MAGIC);
    atomic_store(&t->refs, 1);
    if (options != NULL)
        memcpy(&t->options, options, MIN(options->struct_size, sizeof(t->options)));
    mutex_init(&t->lock);
    cond_init(&t->loaded);
    list_init(&t->volumes);
    htab_init(&t->users);
    t->root = make_root(t, t->options.root, t->options.ctx, t->options.root_limit);
    if (t->root == NULL) {
        cond_destroy(&t->loaded);
        mutex_destroy(&t->lock);
        mem_free(t);
        return NULL;
    }
    t->root->own_release = false; /* the tree's own release is for this ctx */
    return t;
}

struct smbkit_node *smbkit_tree_add_root(struct smbkit_tree *t, const struct smbkit_folder_ops *ops,
                                         void *ctx)
{
    MAGIC_CHECK(t, TREE_MAGIC);
    struct smbkit_node *n = make_root(t, ops, ctx, 0);
    if (n != NULL)
        n->own_release = true;
    return n;
}

struct smbkit_tree *smbkit_tree_ref(struct smbkit_tree *t)
{
    MAGIC_CHECK(t, TREE_MAGIC);
    atomic_fetch_add(&t->refs, 1);
    return t;
}

void smbkit_tree_unref(struct smbkit_tree *t)
{
    struct tree_dead dead;
    if (t == NULL)
        return;
    MAGIC_CHECK(t, TREE_MAGIC);
    if (atomic_fetch_sub(&t->refs, 1) != 1)
        return;
    if (t->options.stop != NULL)
        t->options.stop(t->options.ctx);
    tree_enter(t, &dead);
    ASSERT(list_empty(&t->volumes));
    struct htab_node *it;
    while ((it = htab_walk(&t->users, NULL)) != NULL) {
        struct tree_user *u = CONTAINER_OF(it, struct tree_user, by_name);
        if (u->root != NULL)
            tree_empty(u->root, &tree_by_plugin, &dead);
        drop_user(t, u, &dead);
    }
    tree_empty(t->root, &tree_by_plugin, &dead);
    tree_node_put(t->root, &dead);
    t->closed = true; /* the root at least is on the list, and takes the tree along */
    tree_leave(t, &dead);
}

struct smbkit_node *smbkit_tree_root(struct smbkit_tree *t)
{
    MAGIC_CHECK(t, TREE_MAGIC);
    return t->root;
}
