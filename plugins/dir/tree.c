// SPDX-License-Identifier: Apache-2.0
/*
 * Whole trees that clients watch: every folder below is held, which keeps its index and with it its
 * watch, and folders that come later are added.
 *
 *   dir_trees.list   a row for each handle that watches a tree: where its root is
 *   dir_trees.held   all folders below any of them, each once (dir_folder.held)
 *
 * There are never more than dir_trees.max of them, as each takes a descriptor and a watch: what is
 * above that is not told, which the log says once.
 *
 * dir_trees.lock is taken after dir_watch.drain and before all others. A walk keeps it for long;
 * who drains does not wait for it, but leaves the paths for later (pending).
 */
#include "volume.h"
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* --- paths to go to --- */

void dir_paths_add(struct dir_paths *p, char *path)
{
    if (path != NULL && p->count == p->cap) {
        size_t cap = p->cap == 0 ? 16 : 2 * p->cap;
        char **more = smbkit_realloc(p->list, cap * sizeof(*more));
        if (more != NULL) {
            p->list = more;
            p->cap = cap;
        }
    }
    if (path != NULL && p->count < p->cap)
        p->list[p->count++] = path;
    else
        smbkit_free(path); /* memory is out: not told */
}

char *dir_paths_take(struct dir_paths *p)
{
    if (p->count > 0)
        return p->list[--p->count];
    smbkit_free(p->list);
    *p = (struct dir_paths){0};
    return NULL;
}

/* --- one folder --- */

static bool is_below(const char *path, const char *root)
{
    size_t n = strlen(root);
    return n == 0 || (strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == '\0'));
}

/* With the trees locked. */
static bool is_wanted(const struct dir_trees *t, const char *path)
{
    for (const struct dir_tree *row = t->list; row != NULL; row = row->next)
        if (is_below(path, row->path))
            return true;
    return false;
}

static bool make_room(struct dir_volume *v)
{
    struct dir_trees *t = &v->trees;
    if (t->count < t->cap)
        return true;
    size_t cap = t->cap == 0 ? 64 : 2 * t->cap;
    if (cap > t->max)
        cap = t->max;
    struct dir_folder **more =
        cap > t->count ? smbkit_realloc(t->held, cap * sizeof(struct dir_folder *)) : NULL;
    if (more == NULL) {
        if (!t->full)
            smbkit_log(
                v->share, SMBKIT_LOG_WARNING,
                "more than %zu folders below those that clients watch: changes in the others "
                "are not told (watch-folders)",
                t->count);
        t->full = true;
        return false;
    }
    t->held = more;
    t->cap = cap;
    return true;
}

/* Tells of what is in a folder that came after the watch: it was made before we could look. */
static void tell_content(struct dir_folder *f)
{
    struct statx st;
    const struct dir_entry *e = dir_index_next(&f->index, 0);
    for (; e != NULL; e = dir_index_next(&f->index, e->seq)) {
        bool ours = fs_stat(f->fd, e->name, &st) < 0 ||
                    dir_node_is_own(f->volume, dir_dev(&st), st.stx_ino, fs_ns(&st.stx_ctime));
        char *path = ours ? NULL : dir_folder_path(f, e->name);
        if (path != NULL)
            smbkit_notify(f->volume->share, path, SMBKIT_ACTION_ADDED);
        smbkit_free(path);
    }
}

struct walk {
    struct dir_volume *v;
    struct dir_paths todo;
    struct dir_folder *folder;
};

static bool note_folder(void *ctx, const char *name, uint64_t inode, unsigned char type,
                        uint64_t cookie)
{
    struct walk *w = ctx;
    struct statx st;
    if (type == DT_UNKNOWN && fs_stat(w->folder->fd, name, &st) == 0 && S_ISDIR(st.stx_mode))
        type = DT_DIR;
    if (type == DT_DIR && fs_name_visible(name))
        dir_paths_add(&w->todo, dir_folder_path(w->folder, name));
    return true;
}

/* Holds the folder of one path, and notes those in it. */
static void visit(struct walk *w, const struct dir_user *user, const char *path, bool late)
{
    struct dir_volume *v = w->v;
    int see = fs_open(v->root, path, FS_SEE | FS_FOLDER, 0), list = -1;
    if (see >= 0 && dir_user_enter(user)) { /* only what the user may list */
        list = fs_open(see, "", FS_READ | FS_FOLDER, 0);
        dir_user_leave(user);
    }
    if (list < 0) {
        if (see >= 0)
            close(see);
        return;
    }
    struct dir_folder *f = dir_folder_get(v, see, path);
    if (f != NULL) {
        pthread_mutex_lock(&f->lock);
        bool known = f->index.ready;
        if (dir_index_load(f) && !known && late)
            tell_content(f);
        pthread_mutex_unlock(&f->lock);
        w->folder = f;
        (void)fs_list(list, 0, note_folder, w);
        if (!f->held && make_room(v)) {
            f->held = true;
            v->trees.held[v->trees.count++] = f;
        } else {
            dir_folder_put(f);
        }
    }
    close(list);
}

/* With the trees locked. Takes `path`. */
static void walk_from(struct dir_volume *v, const struct dir_user *user, char *path, bool late)
{
    struct walk w = {.v = v};
    for (; path != NULL; path = dir_paths_take(&w.todo)) {
        if (is_wanted(&v->trees, path))
            visit(&w, user, path, late);
        smbkit_free(path);
    }
}

/* --- what goes --- */

/* Is the folder still where its path says? */
static bool is_there(struct dir_volume *v, struct dir_folder *f, const char *path)
{
    struct statx st;
    int fd = fs_open(v->root, path, FS_SEE | FS_FOLDER, 0);
    bool there =
        fd >= 0 && fs_stat(fd, "", &st) == 0 && st.stx_ino == f->inode && dir_dev(&st) == f->dev;
    if (fd >= 0)
        close(fd);
    return there;
}

/* What happens in a folder that has left is not told: nobody knows by which path. */
static void forget(struct dir_volume *v, struct dir_folder *f)
{
    pthread_mutex_lock(&f->lock);
    pthread_mutex_lock(&v->lock);
    dir_watch_remove(v->watch, f);
    pthread_mutex_unlock(&v->lock);
    dir_index_clear(f);
    pthread_mutex_unlock(&f->lock);
}

/* Lets go of folders that nobody wants any more or, with `look`, that are not there any more. */
static void prune(struct dir_volume *v, bool look)
{
    struct dir_trees *t = &v->trees;
    size_t kept = 0;
    for (size_t i = 0; i < t->count; i++) {
        struct dir_folder *f = t->held[i];
        char *path = dir_folder_path(f, "");
        bool left = look && (path == NULL || !is_there(v, f, path));
        if (!left && path != NULL && is_wanted(t, path)) {
            t->held[kept++] = f;
        } else {
            if (left)
                forget(v, f);
            f->held = false;
            dir_folder_put(f);
        }
        smbkit_free(path);
    }
    t->count = kept;
    t->full = t->full && kept == t->max;
}

/* --- the rest of the plugin's side --- */

void dir_trees_follow(struct dir_volume *v, struct dir_paths *pending, bool gone, bool all)
{
    if (gone || all)
        prune(v, true);
    for (const struct dir_tree *row = v->trees.list; all && row != NULL; row = row->next)
        walk_from(v, NULL, dir_text(row->path), true);
    for (char *path; (path = dir_paths_take(pending)) != NULL;)
        walk_from(v, NULL, path, true);
}

void dir_watch_tree(struct smbkit_op *op, void *vol, void *file, bool tree)
{
    struct dir_volume *v = vol;
    struct dir_handle *h = file;
    struct dir_tree *row =
        tree && v->watch != NULL && h->self != NULL ? smbkit_alloc(sizeof(*row)) : NULL;
    char *path = row != NULL ? dir_folder_path(h->self, "") : NULL;
    if (path == NULL) {
        smbkit_free(row);
        smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
        return;
    }
    row->path = path;
    pthread_mutex_lock(&v->trees.lock);
    row->next = v->trees.list;
    v->trees.list = row;
    v->trees.any = true;
    h->tree = row;
    walk_from(v, h->user, dir_text(path), false);
    pthread_mutex_unlock(&v->trees.lock);
    smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
}

void dir_tree_end(struct dir_volume *v, struct dir_tree *tree)
{
    pthread_mutex_lock(&v->trees.lock);
    struct dir_tree **p = &v->trees.list;
    while (*p != tree)
        p = &(*p)->next;
    *p = tree->next;
    v->trees.any = v->trees.list != NULL;
    prune(v, false);
    if (v->trees.count == 0) {
        smbkit_free(v->trees.held);
        v->trees.held = NULL;
        v->trees.cap = 0;
    }
    pthread_mutex_unlock(&v->trees.lock);
    smbkit_free(tree->path);
    smbkit_free(tree);
}
