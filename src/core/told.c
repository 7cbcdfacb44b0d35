// SPDX-License-Identifier: Apache-2.0
/* What plugins have told of lately: halves of renames in a list, changes in a ring. */
#include "core/told.h"
#include "base/mem.h"
#include "base/utf.h"
#include "core/open.h"
#include "core/state.h"
#include "core/viewer.h"
#include "vfs/name.h"
#include "wire/notify_rec.h"
#include <string.h>

/* First halves that wait: what it stops is a plugin that never tells the second. */
#define RENAMES_MAX 64

struct told_rename {
    struct list link;
    uint64_t volume;
    const char *user; /* in `text`, or NULL */
    char text[];      /* the old path, then the user */
};

void told_init(struct core_told *t)
{
    list_init(&t->renames);
}

static void drop_oldest(struct core_told *t)
{
    mem_free(LIST_ENTRY(list_pop(&t->renames), struct told_rename, link));
    t->rename_count--;
}

void told_free(struct core_told *t)
{
    while (t->rename_count > 0)
        drop_oldest(t);
}

/* ---------------------------------------------------------------- renames */

/* Without memory the opens keep the old name. */
static void note_rename(struct core_told *t, uint64_t volume, const char *user, const char *path)
{
    size_t path_size = strlen(path) + 1, user_size = user != NULL ? strlen(user) + 1 : 0;
    struct told_rename *r = mem_alloc(sizeof *r + path_size + user_size);
    if (r == NULL)
        return;
    if (t->rename_count == RENAMES_MAX)
        drop_oldest(t);
    r->volume = volume;
    r->user = user != NULL ? r->text + path_size : NULL;
    memcpy(r->text, path, path_size);
    if (user != NULL)
        memcpy(r->text + path_size, user, user_size);
    list_init(&r->link);
    list_append(&t->renames, &r->link);
    t->rename_count++;
}

static bool same_user(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return utf8_casecmp(a, strlen(a), b, strlen(b)) == 0;
}

static struct told_rename *take_rename(struct core_told *t, uint64_t volume, const char *user)
{
    LIST_FOREACH (it, &t->renames) {
        struct told_rename *r = LIST_ENTRY(it, struct told_rename, link);
        if (r->volume == volume && same_user(r->user, user)) {
            list_remove(&r->link);
            t->rename_count--;
            return r;
        }
    }
    return NULL;
}

struct moved {
    const struct vfs_volume *volume;
    const struct told_rename *rename;
    const char *to;
};

/* A path inside `dir` behind it: "" for itself, else with the slash. Case may differ, and with it
   the lengths in bytes: components are counted. */
static const char *behind(const char *path, const char *dir)
{
    const char *at = strchr(path, '/');
    for (const char *d = strchr(dir, '/'); d != NULL && at != NULL; d = strchr(d + 1, '/'))
        at = strchr(at + 1, '/');
    return at != NULL ? at : "";
}

static bool give_new_path(struct core_open *o, void *arg)
{
    const struct moved *x = arg;
    if (o->volume != x->volume || o->path == NULL || !viewer_sees(o, x->rename->user) ||
        !vfs_path_inside(o->path, x->rename->text))
        return true;
    const char *rest = behind(o->path, x->rename->text);
    size_t to_len = strlen(x->to), rest_size = strlen(rest) + 1;
    char *path = mem_alloc(to_len + rest_size);
    if (path == NULL)
        return true;
    memcpy(path, x->to, to_len);
    memcpy(path + to_len, rest, rest_size);
    mem_free(o->path);
    o->path = path;
    if (lease_open_attached(&o->lease))
        lease_open_renamed(&o->lease, utf8_casehash(path, to_len + rest_size - 1));
    return true;
}

static void follow_rename(struct core *c, struct vfs_volume *v, const char *user, const char *to)
{
    struct told_rename *r = take_rename(&c->told, vfs_volume_id(v), user);
    if (r == NULL)
        return;
    struct moved x = {.volume = v, .rename = r, .to = to};
    open_walk(c, give_new_path, &x);
    mem_free(r);
}

/* ---------------------------------------------------------------- changes */

void told_changed(struct core *c, struct vfs_volume *v, const char *user, const char *path,
                  uint32_t action)
{
    struct core_told *t = &c->told;
    t->recent[t->count++ % CORE_TOLD_RECENT] = (struct core_told_change){
        .volume = vfs_volume_id(v),
        .link = utf8_casehash(path, strlen(path)),
    };
    if (*path == '\0')
        return; /* a root has no name */
    if (action == FILE_ACTION_RENAMED_OLD_NAME)
        note_rename(t, vfs_volume_id(v), user, path);
    else if (action == FILE_ACTION_RENAMED_NEW_NAME)
        follow_rename(c, v, user, path);
}

void told_lost(struct core *c)
{
    c->told.count += CORE_TOLD_RECENT + 1; /* more than anybody remembers */
}

bool told_meets(const struct core_open *o, uint64_t since)
{
    const struct core_told *t = &o->core->told;
    uint64_t volume = vfs_volume_id(o->volume);
    uint64_t link = utf8_casehash(o->path, strlen(o->path));
    if (t->count - since > CORE_TOLD_RECENT)
        return true; /* better too careful */
    for (uint64_t i = since; i < t->count; i++) {
        const struct core_told_change *x = &t->recent[i % CORE_TOLD_RECENT];
        if (x->volume == volume && x->link == link)
            return true;
    }
    return false;
}
