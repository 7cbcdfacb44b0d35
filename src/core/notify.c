// SPDX-License-Identifier: Apache-2.0
/*
 * Change notification: what is kept for each watch, who is concerned by a change, and telling them.
 *
 * Completing a request may run others, which may close opens, forget watches and change files; so
 * changes are first written down in all watches, and then one watch after the other is taken from a
 * list that forgetting it removes it from.
 */
#include "core/notify.h"
#include "base/checked.h"
#include "base/mem.h"
#include "base/utf.h"
#include "core/core.h"
#include "core/open.h"
#include "core/oplock.h"
#include "core/request.h"
#include "core/share.h"
#include "core/state.h"
#include "core/told.h"
#include "core/tree.h"
#include "core/viewer.h"
#include "vfs/name.h"
#include "wire/info.h"
#include "wire/notify_rec.h"
#include <string.h>

#define WATCH_MAGIC       0x534b574bu
#define NOTIFY_BUFFER_MAX 65536u

struct core_watch {
    uint32_t magic;
    struct list link; /* core.watches */
    struct list due;  /* has something to deliver: the list of tell() */
    struct core_open *open;
    uint32_t filter;
    bool tree;
    size_t limit;          /* bytes that are kept */
    bool overflow;         /* changes were lost */
    bool gone;             /* the plugin has removed the folder */
    smbkit_status refusal; /* see notify_answered */
    struct list changes;   /* struct change, oldest first */
    size_t bytes;          /* on the wire, paddings included */
    uint64_t last_id;      /* change.id */
    struct list waiting;   /* notify_wait.link */
};

struct change {
    struct list link;
    uint64_t id;
    bool judged;
    uint32_t action;
    size_t name_len;
    char name[]; /* with backslashes */
};

static struct core_watch *watch_at(struct list *node)
{
    return LIST_ENTRY(node, struct core_watch, link);
}

/* ---------------------------------------------------------------- what is kept */

static void drop_changes(struct core_watch *w)
{
    struct list *node;
    while ((node = list_pop(&w->changes)) != NULL)
        mem_free(LIST_ENTRY(node, struct change, link));
    w->bytes = 0;
}

static void lose_changes(struct core_watch *w)
{
    drop_changes(w);
    w->overflow = true;
}

static bool has_news(const struct core_watch *w)
{
    return w->overflow || !list_empty(&w->changes);
}

/* A file that is written to says the same thing over and over. */
static bool repeats_last(const struct core_watch *w, const char *name, size_t len, uint32_t action)
{
    if (action != FILE_ACTION_MODIFIED || list_empty(&w->changes))
        return false;
    const struct change *last = LIST_ENTRY(w->changes.prev, struct change, link);
    return last->action == action && last->name_len == len && memcmp(last->name, name, len) == 0;
}

static size_t change_size(const char *name, size_t len)
{
    const struct wire_notify rec = {.name = name, .name_len = len};
    return align_up(wire_notify_size(&rec), WIRE_NOTIFY_ALIGN);
}

/* `name` is relative to the folder, with slashes; `own`: the watch's user has done it. */
static void add_change(struct core_watch *w, const char *name, uint32_t action, bool own)
{
    size_t len = strlen(name), size = change_size(name, len);
    if (w->overflow)
        return;
    struct change *c = NULL;
    if (size > 0 && size <= w->limit - w->bytes)
        c = mem_alloc(sizeof *c + len);
    if (c == NULL) {
        lose_changes(w);
        return;
    }
    c->id = ++w->last_id;
    c->judged = own;
    c->action = action;
    c->name_len = len;
    for (size_t i = 0; i < len; i++)
        c->name[i] = name[i] == '/' ? '\\' : name[i];
    if (repeats_last(w, c->name, len, action)) {
        mem_free(c);
        return;
    }
    list_init(&c->link);
    list_append(&w->changes, &c->link);
    w->bytes += size;
}

/* ---------------------------------------------------------------- who is concerned */

/* The path behind the folder; NULL when it is not inside, or deeper than the watch looks. Case may
   differ, and so may the lengths in bytes: the folder's components are counted. */
static const char *relative(const struct core_watch *w, const char *path)
{
    const char *dir = w->open->path;
    const char *rest = path;
    if (*path == '\0' || !vfs_path_inside(path, dir))
        return NULL;
    for (const char *d = dir; *d != '\0'; d = strchr(d, '/') != NULL ? strchr(d, '/') + 1 : "") {
        rest = strchr(rest, '/');
        if (rest == NULL)
            return NULL; /* the folder itself */
        rest++;
    }
    return !w->tree && strchr(rest, '/') != NULL ? NULL : rest;
}

/* A watch is about its share: what the share's volume is now, not what its open is of. But for one
   in a snapshot, where nothing happens. */
static const struct vfs_volume *watched(const struct core_watch *w)
{
    const struct core_open *o = w->open;
    if (o->tree == NULL || vfs_volume_frozen(o->volume))
        return o->volume;
    return o->tree->share->volume;
}

#define ANY_WATCH 0u /* as a filter: also one that looks for nothing we know */

/* Where something has changed, and who sees that. */
struct place {
    struct core *core;
    const struct vfs_volume *volume;
    const char *user;  /* NULL: everybody */
    const char *actor; /* who has done it; NULL: the plugin */
};

static struct place place_of(const struct core_open *by)
{
    return (struct place){by->core, by->volume, viewer_of(by), viewer_user(by)};
}

/* Calls `each` for the watches there that look for one of these kinds of changes. The one place
   that searches. */
static void find_watches(const struct place *at, uint32_t filter,
                         void (*each)(struct core_watch *w, void *arg), void *arg)
{
    LIST_FOREACH (it, &at->core->watches) {
        struct core_watch *w = watch_at(it);
        MAGIC_CHECK(w, WATCH_MAGIC);
        if (watched(w) == at->volume && (filter == ANY_WATCH || (w->filter & filter) != 0) &&
            viewer_sees(w->open, at->user))
            each(w, arg);
    }
}

/* ---------------------------------------------------------------- telling */

static void make_due(struct core_watch *w, struct list *due)
{
    if (has_news(w) && !list_empty(&w->waiting) && !list_linked(&w->due))
        list_append(due, &w->due);
}

static void deliver(struct list *due)
{
    struct list *node;
    while ((node = list_pop(due)) != NULL) {
        struct core_watch *w = LIST_ENTRY(node, struct core_watch, due);
        struct list *first = has_news(w) ? list_pop(&w->waiting) : NULL;
        if (first != NULL) /* it takes everything; `w` may be gone afterwards */
            request_resume(LIST_ENTRY(first, struct notify_wait, link)->request);
    }
}

/* A folder of the new volume that nobody has judged the watch's user by: he hears that something
   has changed, and sees what when he opens it. */
static bool tell_unjudged(struct core_watch *w, struct list *due)
{
    if (w->open->volume == watched(w))
        return false;
    lose_changes(w);
    make_due(w, due);
    return true;
}

static bool is_own(const struct core_watch *w, const char *actor)
{
    return actor != NULL && viewer_sees(w->open, actor);
}

struct one_change {
    const char *path, *actor;
    uint32_t action;
    struct list due;
};

static void tell_change(struct core_watch *w, void *arg)
{
    struct one_change *x = arg;
    const char *name = relative(w, x->path);
    if (name == NULL || tell_unjudged(w, &x->due))
        return;
    add_change(w, name, x->action, is_own(w, x->actor));
    /* a plugin that tells of a new name tells of the old one first: both in one answer */
    if (x->action != FILE_ACTION_RENAMED_OLD_NAME || w->overflow)
        make_due(w, &x->due);
}

static void tell(const struct place *at, const char *path, uint32_t filter, uint32_t action)
{
    struct one_change x = {.path = path, .actor = at->actor, .action = action};
    if (filter == 0)
        return;
    list_init(&x.due);
    find_watches(at, filter, tell_change, &x);
    deliver(&x.due);
}

void notify_changed(const struct core_open *by, const char *path, uint32_t filter, uint32_t action)
{
    const struct place at = place_of(by);
    tell(&at, path, filter, action);
}

struct one_rename {
    const char *from, *to, *actor;
    bool same_folder;
    struct list due;
};

static void tell_rename(struct core_watch *w, void *arg)
{
    struct one_rename *x = arg;
    const char *from = relative(w, x->from), *to = relative(w, x->to);
    if ((from == NULL && to == NULL) || tell_unjudged(w, &x->due))
        return;
    bool own = is_own(w, x->actor);
    if (from != NULL)
        add_change(w, from, x->same_folder ? FILE_ACTION_RENAMED_OLD_NAME : FILE_ACTION_REMOVED,
                   own);
    if (to != NULL)
        add_change(w, to, x->same_folder ? FILE_ACTION_RENAMED_NEW_NAME : FILE_ACTION_ADDED, own);
    make_due(w, &x->due);
}

void notify_renamed(const struct core_open *by, const char *from, const char *to)
{
    size_t a = vfs_path_base(from, strlen(from)), b = vfs_path_base(to, strlen(to));
    const struct place at = place_of(by);
    struct one_rename x = {
        .from = from,
        .to = to,
        .actor = at.actor,
        /* a move to another folder is REMOVED and ADDED ([MS-FSA] 2.1.5.15.12) */
        .same_folder = utf8_casecmp(from, a, to, b) == 0,
    };
    list_init(&x.due);
    find_watches(&at, by->is_directory ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME,
                 tell_rename, &x);
    deliver(&x.due);
}

/* What a plugin's event is worth: it does not say what kind of thing has changed. */
static uint32_t filter_of(uint32_t action)
{
    switch (action) {
    case FILE_ACTION_MODIFIED:
        return FILE_NOTIFY_CHANGE_ATTRIBUTES | FILE_NOTIFY_CHANGE_SIZE |
               FILE_NOTIFY_CHANGE_LAST_WRITE | FILE_NOTIFY_CHANGE_LAST_ACCESS |
               FILE_NOTIFY_CHANGE_CREATION | FILE_NOTIFY_CHANGE_EA | FILE_NOTIFY_CHANGE_SECURITY;
    case FILE_ACTION_ADDED_STREAM:
    case FILE_ACTION_REMOVED_STREAM: return FILE_NOTIFY_CHANGE_STREAM_NAME;
    case FILE_ACTION_MODIFIED_STREAM:
        return FILE_NOTIFY_CHANGE_STREAM_SIZE | FILE_NOTIFY_CHANGE_STREAM_WRITE;
    default: return FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_DIR_NAME;
    }
}

struct deletion {
    const char *path;
    struct list waiting;
};

static void collect_deleted(struct core_watch *w, void *arg)
{
    struct deletion *x = arg;
    const char *dir = w->open->path;
    if (utf8_casecmp(dir, strlen(dir), x->path, strlen(x->path)) == 0)
        list_splice(&x->waiting, &w->waiting);
}

/* A folder goes with what is in it, and nobody can take that back. */
static void collect_removed(struct core_watch *w, void *arg)
{
    struct deletion *x = arg;
    if (vfs_path_inside(w->open->path, x->path)) {
        w->gone = true;
        list_splice(&x->waiting, &w->waiting);
    }
}

static void end_deleted(const struct place *at, const char *path,
                        void (*collect)(struct core_watch *w, void *arg))
{
    struct deletion x = {.path = path};
    struct list *node;
    list_init(&x.waiting);
    find_watches(at, ANY_WATCH, collect, &x);
    while ((node = list_pop(&x.waiting)) != NULL)
        request_complete(LIST_ENTRY(node, struct notify_wait, link)->request,
                         SMBKIT_STATUS_DELETE_PENDING);
}

void core_volume_changed(struct core *c, struct vfs_volume *volume, const char *user,
                         const char *path, uint32_t action)
{
    const struct place at = {c, volume, user, NULL};
    MAGIC_CHECK(c, CORE_MAGIC);
    tell(&at, path, filter_of(action), action);
    if (action == FILE_ACTION_REMOVED && *path != '\0')
        end_deleted(&at, path, collect_removed);
    /* what a folder had in it goes with it */
    bool below = action == FILE_ACTION_REMOVED || action == FILE_ACTION_RENAMED_OLD_NAME;
    oplock_volume_changed(c, volume, user, path, below);
    told_changed(c, volume, user, path, action);
}

static void lose(struct core_watch *w, void *arg)
{
    lose_changes(w);
    make_due(w, arg);
}

static void tell_lost(struct core *c, const struct vfs_volume *volume)
{
    const struct place at = {c, volume, NULL, NULL};
    struct list due;
    list_init(&due);
    find_watches(&at, ANY_WATCH, lose, &due);
    deliver(&due);
}

void notify_replaced(struct core_share *s)
{
    tell_lost(s->core, s->volume);
}

void core_volume_lost(struct core *c, struct vfs_volume *volume)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    tell_lost(c, volume);
    oplock_volume_lost(c, volume);
    told_lost(c);
}

void notify_deleted(const struct core_open *by)
{
    const struct place at = place_of(by);
    end_deleted(&at, by->path, collect_deleted);
}

/* ---------------------------------------------------------------- watches */

bool notify_watch(struct core_open *o, uint32_t filter, bool tree, size_t room)
{
    if (o->watch != NULL)
        return true;
    struct core_watch *w = mem_zalloc(sizeof *w);
    if (w == NULL)
        return false;
    MAGIC_SET(w, WATCH_MAGIC);
    w->open = o;
    w->filter = filter;
    w->tree = tree;
    w->limit = MIN(room, NOTIFY_BUFFER_MAX);
    list_init(&w->due);
    list_init(&w->changes);
    list_init(&w->waiting);
    list_append(&o->core->watches, &w->link);
    o->watch = w;
    return true;
}

void notify_forget(struct core_open *o)
{
    struct core_watch *w = o->watch;
    if (w == NULL)
        return;
    MAGIC_CHECK(w, WATCH_MAGIC);
    ASSERT(list_empty(&w->waiting)); /* the open's waiters have been completed */
    o->watch = NULL;
    list_remove(&w->link);
    list_remove(&w->due);
    drop_changes(w);
    MAGIC_WIPE(w);
    mem_free(w);
}

void notify_answered(struct core_open *o, smbkit_status status)
{
    if (status == SMBKIT_STATUS_NOT_SUPPORTED || status == SMBKIT_STATUS_NOT_IMPLEMENTED)
        o->watch->refusal = status;
}

smbkit_status notify_refusal(const struct core_open *o)
{
    return o->watch != NULL ? o->watch->refusal : SMBKIT_STATUS_SUCCESS;
}

bool notify_gone(const struct core_open *o)
{
    return o->watch != NULL && o->watch->gone;
}

bool notify_ready(const struct core_open *o)
{
    return has_news(o->watch) && list_empty(&o->watch->waiting);
}

bool notify_any(const struct core_open *o)
{
    return has_news(o->watch);
}

void notify_wait(struct core_open *o, struct notify_wait *w)
{
    list_append(&o->watch->waiting, &w->link);
}

static bool of_stream(const struct change *c)
{
    return c->action == FILE_ACTION_ADDED_STREAM || c->action == FILE_ACTION_REMOVED_STREAM ||
           c->action == FILE_ACTION_MODIFIED_STREAM;
}

/* The file's path, for a stream too. */
static const char *path_of(const struct core_watch *w, const struct change *c, struct arena *a)
{
    const char *colon = of_stream(c) ? memchr(c->name, ':', c->name_len) : NULL;
    size_t len = colon != NULL ? (size_t)(colon - c->name) : c->name_len;
    size_t dir = strlen(w->open->path);
    char *path = arena_alloc(a, dir + len + 2);
    if (path == NULL)
        return NULL;
    memcpy(path, w->open->path, dir);
    if (dir > 0)
        path[dir++] = '/';
    for (size_t i = 0; i < len; i++)
        path[dir + i] = c->name[i] == '\\' ? '/' : c->name[i];
    return path; /* the arena's memory is zeroed */
}

const char *notify_unjudged(const struct core_open *o, struct arena *a, uint64_t *id)
{
    *id = 0;
    LIST_FOREACH (it, &o->watch->changes) {
        const struct change *c = LIST_ENTRY(it, struct change, link);
        if (c->judged)
            continue;
        *id = c->id;
        return path_of(o->watch, c, a);
    }
    return NULL;
}

static void judge(struct core_watch *w, struct change *c, enum notify_verdict v)
{
    switch (v) {
    case NOTIFY_TELL: c->judged = true; break;
    case NOTIFY_UNKNOWN: lose_changes(w); break;
    case NOTIFY_HIDE:
        w->bytes -= change_size(c->name, c->name_len);
        list_remove(&c->link);
        mem_free(c);
        break;
    }
}

void notify_judge(struct core_open *o, uint64_t id, enum notify_verdict v)
{
    LIST_FOREACH (it, &o->watch->changes) {
        struct change *c = LIST_ENTRY(it, struct change, link);
        if (c->id == id) {
            judge(o->watch, c, v);
            return;
        }
    }
}

smbkit_status notify_take(struct core_open *o, struct builder *out, size_t max)
{
    struct core_watch *w = o->watch;
    struct wire_chain list;
    bool told = !w->overflow;
    wire_chain_init(&list, out, max, WIRE_NOTIFY_ALIGN);
    LIST_FOREACH (it, &w->changes) {
        const struct change *c = LIST_ENTRY(it, struct change, link);
        struct wire_notify rec = {.action = c->action, .name = c->name, .name_len = c->name_len};
        told = told && wire_notify_add(&list, &rec) == WIRE_FIT_OK;
    }
    drop_changes(w);
    w->overflow = false;
    if (told)
        return SMBKIT_STATUS_SUCCESS;
    builder_truncate(out, list.start);
    return SMBKIT_STATUS_NOTIFY_ENUM_DIR;
}
