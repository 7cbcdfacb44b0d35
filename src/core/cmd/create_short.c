// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE by short names: when nothing has the path, those of its components that may be short names
 * are looked for, one after the other, in the listings of their folders, and the path gets the long
 * names; then it is located anew.
 *
 *   short --> short_opened --> short_list <--> short_listed --> short_cleaned --> short_closed
 *     ^------------------------------(the next component)--------------------------'
 */
#include "core/cmd/create.h"
#include "core/core.h"
#include "core/state.h"
#include "core/tree.h"
#include "vfs/shortname.h"
#include <string.h>

/* Entries of one folder that are looked at: bounds what a wrong name can cost. */
#define ENTRIES_MAX 100000u

static size_t component_end(const char *path, size_t at)
{
    return at + strcspn(path + at, "/");
}

/* From s->look.at on; false: there is none. */
static bool next_short(struct create_state *s)
{
    const char *path = s->path.path;
    for (;;) {
        size_t at = s->look.at, end = component_end(path, at);
        if (vfs_short_looks(path + at, end - at))
            return true;
        if (path[end] == '\0')
            return false;
        s->look.at = end + 1;
    }
}

bool create_may_be_short(struct core_request *r, struct create_state *s)
{
    if (!request_core(r)->config.short_names || s->look.done || s->path.path_len == 0)
        return false;
    s->look.done = true;
    s->look.status = r->op.status;
    return next_short(s);
}

/* Nothing more to look for: locates again, or fails as it did. */
static enum core_verdict looked(struct core_request *r, struct create_state *s)
{
    if (s->look.found)
        return request_goto(r, create_locate);
    r->op.status = s->look.status;
    return request_goto(r, create_located);
}

enum core_verdict create_short(struct core_request *r)
{
    struct create_state *s = r->state_data;
    size_t at = s->look.at;
    struct smbkit_open_args args = {
        .path = arena_strndup(request_arena(r), s->path.path, at > 0 ? at - 1 : 0),
        .access = FILE_LIST_DIRECTORY,
    };
    if (args.path == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    return request_await(r, vfs_open(&r->op, r->volume, &args));
}

enum core_verdict create_short_opened(struct core_request *r)
{
    struct create_state *s = r->state_data;
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return looked(r, s);
    s->look.folder = r->op.opened;
    s->look.cookie = 0;
    s->look.seen = 0;
    s->look.long_name = NULL;
    return STEP_NEXT;
}

enum core_verdict create_short_list(struct core_request *r)
{
    struct create_state *s = r->state_data;
    const struct smbkit_readdir_args args = {
        .cookie = s->look.cookie, .pattern = "*", .max_entries = VFS_DIRENTS_MAX};
    return request_await(r, vfs_readdir(&r->op, r->volume, s->look.folder, &args));
}

enum core_verdict create_short_listed(struct core_request *r)
{
    struct create_state *s = r->state_data;
    const char *name = s->path.path + s->look.at;
    size_t len = component_end(s->path.path, s->look.at) - s->look.at;
    bool more = r->op.status == SMBKIT_STATUS_SUCCESS && !r->op.dir_end && r->op.dirent_count > 0;
    for (size_t i = 0; i < r->op.dirent_count && s->look.long_name == NULL; i++) {
        const struct vfs_dirent *d = &r->op.dirents[i];
        s->look.cookie = d->next_cookie;
        if (vfs_short_names(name, len, d->name, d->name_len))
            s->look.long_name = arena_strndup(request_arena(r), d->name, d->name_len);
    }
    s->look.seen += r->op.dirent_count;
    if (more && s->look.long_name == NULL && s->look.seen < ENTRIES_MAX)
        return request_goto(r, create_short_list);
    return request_await(r, vfs_cleanup(&r->op, r->volume, s->look.folder, 0));
}

enum core_verdict create_short_cleaned(struct core_request *r)
{
    struct create_state *s = r->state_data;
    return request_await(r, vfs_close(&r->op, r->volume, s->look.folder));
}

/* Puts the long name into the path. */
static bool lengthen(struct core_request *r, struct create_state *s)
{
    const char *old = s->path.path, *name = s->look.long_name;
    size_t at = s->look.at, end = component_end(old, at), len = strlen(name);
    size_t rest = strlen(old + end);
    char *path = arena_alloc(request_arena(r), at + len + rest + 1);
    if (path == NULL)
        return false;
    memcpy(path, old, at);
    memcpy(path + at, name, len);
    memcpy(path + at + len, old + end, rest);
    s->path.path = path;
    s->path.path_len = at + len + rest;
    s->look.found = true;
    s->look.last = rest == 0;
    return true;
}

enum core_verdict create_short_closed(struct core_request *r)
{
    struct create_state *s = r->state_data;
    if (s->look.long_name != NULL && !lengthen(r, s))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    s->look.at = component_end(s->path.path, s->look.at);
    if (s->path.path[s->look.at] == '\0')
        return looked(r, s);
    s->look.at++;
    return next_short(s) ? request_goto(r, create_short) : looked(r, s);
}
