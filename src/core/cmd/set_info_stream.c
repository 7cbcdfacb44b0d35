// SPDX-License-Identifier: Apache-2.0
/* FileRenameInformation of a stream ([MS-FSA] 2.1.5.15.12.1): "":name" or ":name:$DATA". */
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

/* The lease engine knows streams by their names: the open moves to another node. */
static void move_lease(struct core_request *r)
{
    struct core_open *o = r->open;
    struct lease_open_args args = o->lease.args;
    struct lease_actions actions;
    struct lease_key key;
    lease_actions_init(&actions);
    if (!meta_lease_key(request_arena(r), o, new_name(set_state(r)), &key))
        return; /* it stays under its old name */
    struct lease_node *n = lease_node_get(&o->core->leases, &key, false);
    if (n == NULL)
        return;
    /* what is cached of it is tied to the old name */
    const struct lease_actor nobody = {0};
    (void)!lease_break(o->lease.node, LEASE_OP_CHANGED, &nobody, o->core->now, NULL, &actions);
    oplock_run_actions(request_core(r), &actions);
    lease_open_undo(&o->lease, &actions);
    oplock_run_actions(request_core(r), &actions);
    /* nobody has the target open, so that only memory can be missing: the open then shares all */
    (void)!lease_open_attach(n, &o->lease, &args);
    lease_node_unref(n);
}

static enum core_verdict renamed(struct core_request *r)
{
    struct core_open *o = r->open;
    struct set_state *s = set_state(r);
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    const char *from = meta_stream_path(request_arena(r), o);
    if (lease_open_attached(&o->lease))
        move_lease(r);
    mem_free(o->stream);
    o->stream = s->new_path;
    s->new_path = NULL;
    tell_renamed(r, from, o->stream != NULL ? meta_stream_path(request_arena(r), o) : NULL);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

/* The target may be replaced when it is empty and nobody has it open; `listed` has its size. */
static enum core_verdict listed(struct core_request *r)
{
    struct core_open *o = r->open;
    const struct set_state *s = set_state(r);
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    for (size_t i = 0; i < r->op.stream_count; i++) {
        const struct vfs_stream *x = &r->op.streams[i];
        if (utf8_casecmp(x->name, x->name_len, s->to, strlen(s->to)) != 0)
            continue;
        if (!s->replace)
            return request_done(r, SMBKIT_STATUS_OBJECT_NAME_COLLISION);
        if (x->size != 0)
            return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    }
    return flow_await(r,
                      vfs_rename_stream(&r->op, o->volume, o->file, s->to,
                                        s->replace ? SMBKIT_RENAME_REPLACE : 0),
                      renamed);
}

/* Nobody may have the target open; nor, as opens are known by the stream's name, anybody but us the
   stream itself. */
static smbkit_status check_opens(struct core_request *r)
{
    struct core_open *o = r->open;
    struct lease_key key;
    if (lease_open_attached(&o->lease) && o->lease.node->opens.next != o->lease.node->opens.prev)
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
    if (o->stream == NULL)
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    if (utf8_casecmp(s->to, strlen(s->to), o->stream, strlen(o->stream)) == 0)
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
