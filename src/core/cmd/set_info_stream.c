// SPDX-License-Identifier: Apache-2.0
/*
 * FileRenameInformation of a stream ([MS-FSA] 2.1.5.15.12.1): ":name" or ":name:$DATA", and
 * "::$DATA" for the unnamed one.
 *
 * A named stream that gets another name takes all its opens along: with the engine its node is
 * found by the new name, with us each open learns it. The unnamed stream never goes away: when it
 * is given a name, an empty one takes its place, and when it is what a stream becomes, its data are
 * replaced. So opens of it are not of what was renamed, and there may be none but ours.
 */
#include "base/mem.h"
#include "base/utf.h"
#include "core/cmd/set_info.h"
#include "core/meta.h"
#include "core/notify.h"
#include "core/open.h"
#include "core/oplock.h"
#include "core/state.h"
#include "wire/notify_rec.h"
#include <string.h>

static void tell_renamed(struct core_request *r, const char *from, const char *to)
{
    struct core_open *o = r->open;
    if (from != NULL)
        notify_changed(o, from, FILE_NOTIFY_CHANGE_STREAM_NAME, FILE_ACTION_REMOVED_STREAM);
    if (to != NULL)
        notify_changed(o, to, FILE_NOTIFY_CHANGE_STREAM_NAME, FILE_ACTION_ADDED_STREAM);
}

/* NULL for the unnamed one. */
static const char *new_name(const struct set_state *s)
{
    return *s->to != '\0' ? s->to : NULL;
}

static bool of_unnamed(const struct core_request *r)
{
    return r->open->stream == NULL || new_name(set_state(r)) == NULL;
}

/* The engine knows streams by their names. Without memory it keeps the old one, and so it does when
   a stream by the new one was opened in this moment: the two then share with everybody. */
static void rename_lease(struct core_request *r)
{
    struct core_open *o = r->open;
    struct lease_key key;
    if (!lease_open_attached(&o->lease) ||
        !meta_lease_key(request_arena(r), o, new_name(set_state(r)), &key))
        return;
    if (of_unnamed(r))
        open_move_lease(o, &key); /* nobody has the target open: it can only fail without memory */
    else
        (void)!lease_stream_renamed(o->lease.node, &key);
}

static bool same_stream(const char *a, const char *b)
{
    return a != NULL && b != NULL && utf8_casecmp(a, strlen(a), b, strlen(b)) == 0;
}

struct renamed_stream {
    const struct core_open *open;
    const char *to;
};

/* One that gets no memory keeps the old name: its notifications will have that. */
static bool give_new_name(struct core_open *o, void *arg)
{
    const struct renamed_stream *x = arg;
    if (o == x->open || o->volume != x->open->volume || o->file_id != x->open->file_id ||
        !same_stream(o->stream, x->open->stream))
        return true;
    char *name = mem_strdup(x->to);
    if (name != NULL) {
        mem_free(o->stream);
        o->stream = name;
    }
    return true;
}

static enum core_verdict renamed(struct core_request *r)
{
    struct core_open *o = r->open;
    struct set_state *s = set_state(r);
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    const char *from = o->stream != NULL ? meta_stream_path(request_arena(r), o) : NULL;
    struct renamed_stream x = {.open = o, .to = s->to};
    rename_lease(r);
    if (!of_unnamed(r))
        open_walk(o->core, give_new_name, &x);
    mem_free(o->stream);
    o->stream = s->new_path;
    s->new_path = NULL;
    tell_renamed(r, from, o->stream != NULL ? meta_stream_path(request_arena(r), o) : NULL);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

/* The target may be replaced when it is empty and nobody has it open; `listed` has its size. A
   folder is known by having no unnamed stream. */
static enum core_verdict listed(struct core_request *r)
{
    struct core_open *o = r->open;
    const struct set_state *s = set_state(r);
    bool found = false;
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    for (size_t i = 0; i < r->op.stream_count; i++) {
        const struct vfs_stream *x = &r->op.streams[i];
        if (utf8_casecmp(x->name, x->name_len, s->to, strlen(s->to)) != 0)
            continue;
        found = true;
        if (!s->replace)
            return request_done(r, SMBKIT_STATUS_OBJECT_NAME_COLLISION);
        if (x->size != 0)
            return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    }
    if (!found && *s->to == '\0')
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    return flow_await(r,
                      vfs_rename_stream(&r->op, o->volume, o->file, s->to,
                                        s->replace ? SMBKIT_RENAME_REPLACE : 0),
                      renamed);
}

static smbkit_status check_opens(struct core_request *r)
{
    struct core_open *o = r->open;
    struct lease_key key;
    if (of_unnamed(r) && lease_open_attached(&o->lease) &&
        o->lease.node->opens.next != o->lease.node->opens.prev)
        return SMBKIT_STATUS_SHARING_VIOLATION;
    if (!meta_lease_key(request_arena(r), o, new_name(set_state(r)), &key))
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    struct lease_node *n = lease_node_find(&o->core->leases, &key);
    if (n == NULL)
        return SMBKIT_STATUS_SUCCESS;
    bool busy = !list_empty(&n->opens);
    lease_node_unref(n);
    return busy ? SMBKIT_STATUS_INVALID_PARAMETER : SMBKIT_STATUS_SUCCESS;
}

enum core_verdict set_stream_name(struct core_request *r)
{
    struct core_open *o = r->open;
    struct set_state *s = set_state(r);
    if (o->is_directory)
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    if (same_stream(s->to, o->stream != NULL ? o->stream : ""))
        return request_done(r, SMBKIT_STATUS_SUCCESS);
    smbkit_status st = check_opens(r);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    if (*s->to != '\0') {
        s->new_path = mem_strdup(s->to);
        if (s->new_path == NULL)
            return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    }
    return flow_await(r, vfs_list_streams(&r->op, o->volume, o->file), listed);
}
