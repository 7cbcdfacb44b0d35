// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE, locate to made: the plugin opens what exists, or makes what does not. A stream that is to
 * be made needs its file first, which is held by an open of its own (s->base).
 */
#include "base/mem.h"
#include "core/cmd/create.h"
#include "core/share.h"
#include "core/state.h"
#include "core/tree.h"
#include "core/tunnel.h"
#include <string.h>

#define LOCATE_TRIES 8 /* a name that others make and delete all the time */

/* Privileges are the core's affair: SACLs are read and written as any other part of a descriptor.
 */
static uint32_t plugin_access(const struct create_state *s)
{
    return s->granted & ~ACCESS_SYSTEM_SECURITY;
}

/* ---------------------------------------------------------------- what is there */

enum core_verdict create_locate(struct core_request *r)
{
    struct create_state *s = r->state_data;
    uint32_t opt = r->in.create.create_options;
    struct smbkit_open_args args = {
        .path = s->path.path,
        .stream = s->path.stream,
        .access = plugin_access(s) | s->implied,
        .flags = opt & FILE_OPEN_REPARSE_POINT ? SMBKIT_OPEN_REPARSE_POINT : 0,
    };
    if (s->look.found && dfs_link_over(r->tree->share, s->path.path) != NULL)
        return request_done(r, SMBKIT_STATUS_IO_REPARSE_TAG_NOT_HANDLED); /* by a short name */
    s->tries++;
    s->removals = request_core(r)->removals.count;
    s->told = request_core(r)->told.count;
    return request_await(r, vfs_open(&r->op, r->volume, &args));
}

/* Copies what the plugin answered with into an open; false: memory is out. */
static bool take_file(struct core_request *r, struct create_state *s, struct core_open *o,
                      const char *stream)
{
    o->file = r->op.opened;
    o->has_file = true;
    s->attr = r->op.attr;
    o->file_id = s->attr.file_id;
    o->is_directory = (s->attr.attributes & SMBKIT_ATTR_DIRECTORY) && stream == NULL;
    o->path = mem_strdup(r->op.true_path != NULL ? r->op.true_path : s->path.path);
    if (stream != NULL)
        o->stream = mem_strdup(stream);
    return o->path != NULL && (stream == NULL || o->stream != NULL);
}

enum core_verdict create_located(struct core_request *r)
{
    struct create_state *s = r->state_data;
    uint32_t disposition = r->in.create.create_disposition;
    if (r->op.status == SMBKIT_STATUS_SUCCESS) {
        if (!take_file(r, s, s->open, s->path.stream))
            return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        s->open->by_short_name = s->look.last;
        if (disposition == FILE_CREATE)
            return request_goto(r, create_judge); /* a collision, or DELETE_PENDING */
        s->action = FILE_OPENED;
        return request_goto(r, create_guard);
    }
    if (r->op.status == SMBKIT_STATUS_STOPPED_ON_SYMLINK)
        return create_stopped(r);
    if ((r->op.status == SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND ||
         r->op.status == SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND) &&
        create_may_be_short(r, s))
        return request_goto(r, create_short);
    if (r->op.status != SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND || !create_makes(disposition))
        return request_done(r, r->op.status);
    if (!(tree_maximal_access(r->tree) & FILE_WRITE_DATA))
        return request_done(r, SMBKIT_STATUS_ACCESS_DENIED);
    return request_goto(r, s->path.stream != NULL ? create_base : create_parent);
}

/* ---------------------------------------------------------------- the file of a new stream */

enum core_verdict create_base(struct core_request *r)
{
    struct create_state *s = r->state_data;
    create_drop_base(s, false);
    s->base = open_new(r->tree, r->volume);
    if (s->base == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    if (!(vfs_volume_capabilities(r->volume) & SMBKIT_CAP_STREAMS))
        return request_done(r, SMBKIT_STATUS_OBJECT_NAME_INVALID);
    struct smbkit_open_args args = {.path = s->path.path, .access = plugin_access(s)};
    return request_await(r, vfs_open(&r->op, r->volume, &args));
}

enum core_verdict create_based(struct core_request *r)
{
    struct create_state *s = r->state_data;
    if (r->op.status == SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND)
        return request_goto(r, create_parent);
    if (r->op.status == SMBKIT_STATUS_STOPPED_ON_SYMLINK)
        return create_stopped(r);
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    if (!take_file(r, s, s->base, NULL))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    s->implied = FILE_WRITE_DATA; /* a new stream is a change of the file: [MS-FSA] 2.1.5.1.2 */
    return request_goto(r, create_guard);
}

/* ---------------------------------------------------------------- what is not */

static smbkit_status check_new(const struct core_request *r, const struct create_state *s)
{
    const struct wire_create_req *q = &r->in.create;
    if (s->path.trailing_slash && !s->want_dir)
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    if (s->want_dir && (q->file_attributes & FILE_ATTRIBUTE_TEMPORARY))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if ((q->file_attributes & FILE_ATTRIBUTE_READONLY) &&
        (q->create_options & FILE_DELETE_ON_CLOSE))
        return SMBKIT_STATUS_CANNOT_DELETE;
    return SMBKIT_STATUS_SUCCESS;
}

/* [MS-FSA] 2.1.5.1.1 */
static void take_tunnelled_name(struct core_request *r, struct create_state *s)
{
    if (!request_core(r)->config.short_names || create_has_base(s))
        return;
    char *path = tunnel_take(request_core(r), r->volume, s->path.path, request_arena(r));
    if (path == NULL)
        return;
    s->path.path = path;
    s->path.path_len = strlen(path);
}

enum core_verdict create_make(struct core_request *r)
{
    struct create_state *s = r->state_data;
    const struct wire_create_req *q = &r->in.create;
    smbkit_status st = check_new(r, s);
    if (st == SMBKIT_STATUS_SUCCESS && s->wants_lease)
        st = lease_key_check(&request_core(r)->leases, &request_conn(r)->client_guid,
                             &s->ctxs.lease.key, NULL);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    take_tunnelled_name(r, s);
    uint32_t attributes = q->file_attributes & CREATE_ATTRIBUTES;
    attributes |= s->want_dir ? FILE_ATTRIBUTE_DIRECTORY : FILE_ATTRIBUTE_ARCHIVE;
    bool stream = create_has_base(s);
    struct smbkit_create_args args = {
        .path = s->path.path,
        .stream = stream ? s->path.stream : NULL,
        .access = plugin_access(s),
        .flags = q->create_options & FILE_NO_COMPRESSION ? SMBKIT_CREATE_NO_COMPRESSION : 0,
        .attributes = attributes,
        .alloc_size = s->path.stream == NULL || stream ? s->ctxs.allocation_size : 0,
        .sd = stream ? NULL : s->sd,
        .sd_len = stream ? 0 : s->sd_len,
    };
    return request_await(r, vfs_create(&r->op, r->volume, &args));
}

/* The file of a stream has been made: the stream comes next. */
static enum core_verdict made_base(struct core_request *r, struct create_state *s)
{
    s->base_made = true;
    if (!take_file(r, s, s->base, NULL))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    return request_goto(r, create_make);
}

enum core_verdict create_made(struct core_request *r)
{
    struct create_state *s = r->state_data;
    if (r->op.status == SMBKIT_STATUS_OBJECT_NAME_COLLISION) {
        /* somebody else was quicker: open that, unless it was to be new */
        if (s->tries >= LOCATE_TRIES)
            return request_done(r, SMBKIT_STATUS_OBJECT_NAME_COLLISION);
        create_drop_base(s, false);
        return request_goto(r, create_locate);
    }
    if (r->op.status == SMBKIT_STATUS_STOPPED_ON_SYMLINK)
        return create_stopped(r);
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    if (s->path.stream != NULL && !create_has_base(s))
        return made_base(r, s);
    s->made = true;
    s->action = FILE_CREATED;
    if (!take_file(r, s, s->open, s->path.stream))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    return STEP_NEXT;
}
