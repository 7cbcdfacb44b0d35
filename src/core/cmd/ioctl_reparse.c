// SPDX-License-Identifier: Apache-2.0
/*
 * Reparse points ([MS-FSA] 2.1.5.10.4, 2.1.5.10.14, 2.1.5.10.37). Anybody who may write a file may
 * make it a symbolic link: it is followed by clients, never by the server, so that no right is won.
 */
#include "core/cmd/ioctl.h"
#include "core/meta.h"
#include "core/notify.h"
#include "core/open.h"
#include "core/rights.h"
#include "core/state.h"
#include "wire/fsctl_reparse.h"
#include "wire/notify_rec.h"
#include <string.h>

struct reparse_work {
    struct wire_reparse in;
    bool remove;
};

static smbkit_status check(const struct core_request *r)
{
    const struct core_open *o = r->open;
    if (!(vfs_volume_capabilities(o->volume) & SMBKIT_CAP_REPARSE_POINTS))
        return SMBKIT_STATUS_VOLUME_NOT_UPGRADED;
    if (!(request_access(r) & (FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES)))
        return SMBKIT_STATUS_ACCESS_DENIED;
    return SMBKIT_STATUS_SUCCESS;
}

/* A link may be another file than what it was made from. */
static void take_id(struct core_request *r)
{
    struct core_open *o = r->open;
    struct lease_key key;
    if (o->file_id == r->op.attr.file_id)
        return;
    o->file_id = r->op.attr.file_id;
    if (meta_lease_key(request_arena(r), o, o->stream, &key))
        open_move_lease(o, &key);
}

static enum core_verdict changed(struct core_request *r)
{
    struct core_open *o = r->open;
    if (r->op.status == SMBKIT_STATUS_SUCCESS) {
        take_id(r);
        notify_changed(o, o->path, FILE_NOTIFY_CHANGE_ATTRIBUTES, FILE_ACTION_MODIFIED);
    }
    return request_done(r, r->op.status);
}

/* ---------------------------------------------------------------- get */

static enum core_verdict got(struct core_request *r)
{
    struct builder *out = &ioctl_state(r)->out;
    uint32_t room = r->in.ioctl.max_output_response;
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    if (room < 8)
        return request_done(r, SMBKIT_STATUS_BUFFER_TOO_SMALL);
    builder_bytes(out, r->op.blob, MIN(r->op.blob_len, room));
    r->with_body = true;
    return request_done(r, r->op.blob_len > room ? SMBKIT_STATUS_BUFFER_OVERFLOW
                                                 : SMBKIT_STATUS_SUCCESS);
}

enum core_verdict ioctl_get_reparse_point(struct core_request *r)
{
    const struct core_open *o = r->open;
    return flow_await(r, vfs_get_reparse(&r->op, o->volume, o->file), got);
}

/* ---------------------------------------------------------------- set and delete */

static smbkit_status compare(const struct wire_reparse *have, const struct wire_reparse *in)
{
    if (have->tag != in->tag)
        return SMBKIT_STATUS_IO_REPARSE_TAG_MISMATCH;
    if (!(in->tag & WIRE_REPARSE_TAG_MICROSOFT) && memcmp(&have->guid, &in->guid, 16) != 0)
        return SMBKIT_STATUS_REPARSE_ATTRIBUTE_CONFLICT;
    return SMBKIT_STATUS_SUCCESS;
}

/* What is there, if anything, must be of the same kind. */
static enum core_verdict compared(struct core_request *r)
{
    const struct core_open *o = r->open;
    const struct reparse_work *w = ioctl_state(r)->work;
    const struct wire_blob *in = &r->in.ioctl.input;
    struct wire_reparse have;
    struct cursor c;
    bool none = r->op.status == SMBKIT_STATUS_NOT_A_REPARSE_POINT;
    if (none ? w->remove : r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    cursor_init(&c, r->op.blob, r->op.blob_len);
    if (!none && wire_reparse_decode(&c, &have)) {
        smbkit_status st = compare(&have, &w->in);
        if (st != SMBKIT_STATUS_SUCCESS)
            return request_done(r, st);
    }
    return flow_await(r,
                      vfs_set_reparse(&r->op, o->volume, o->file, w->remove ? NULL : in->data,
                                      w->remove ? 0 : in->len),
                      changed);
}

static enum core_verdict begin(struct core_request *r, bool remove)
{
    const struct core_open *o = r->open;
    struct cursor c = ioctl_input(r);
    struct reparse_work *w = arena_alloc(request_arena(r), sizeof *w);
    smbkit_status st = check(r);
    if (w == NULL)
        st = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    ioctl_state(r)->work = w;
    w->remove = remove;
    if (r->in.ioctl.input.len > WIRE_REPARSE_MAX || !wire_reparse_decode(&c, &w->in))
        return request_done(r, SMBKIT_STATUS_IO_REPARSE_DATA_INVALID);
    if (w->in.tag <= 1)
        return request_done(r, SMBKIT_STATUS_IO_REPARSE_TAG_INVALID);
    if (!remove && w->in.tag == IO_REPARSE_TAG_MOUNT_POINT && !o->is_directory)
        return request_done(r, SMBKIT_STATUS_NOT_A_DIRECTORY);
    return flow_await(r, vfs_get_reparse(&r->op, o->volume, o->file), compared);
}

enum core_verdict ioctl_set_reparse_point(struct core_request *r)
{
    return begin(r, false);
}

enum core_verdict ioctl_delete_reparse_point(struct core_request *r)
{
    return begin(r, true);
}
