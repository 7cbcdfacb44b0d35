// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE, overwrite to reserve: what OVERWRITE and SUPERSEDE do to a file that was there, extended
 * attributes, and the allocation of what has no data yet.
 */
#include "core/cmd/create.h"
#include "core/notify.h"
#include "core/oplock.h"
#include "core/state.h"
#include "wire/notify_rec.h"

static bool overwriting(const struct core_request *r, const struct create_state *s)
{
    return !s->made && create_overwrites(r->in.create.create_disposition);
}

enum core_verdict create_overwrite(struct core_request *r)
{
    struct create_state *s = r->state_data;
    if (!overwriting(r, s))
        return STEP_NEXT;
    return request_await(r, vfs_overwrite(&r->op, s->open->volume, s->open->file));
}

enum core_verdict create_dress(struct core_request *r)
{
    struct create_state *s = r->state_data;
    const struct wire_create_req *q = &r->in.create;
    if (!overwriting(r, s))
        return STEP_NEXT;
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    s->attr = r->op.attr;
    s->action = q->create_disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED : FILE_OVERWRITTEN;
    notify_changed(s->open, s->open->path,
                   FILE_NOTIFY_CHANGE_ATTRIBUTES | FILE_NOTIFY_CHANGE_SIZE |
                       FILE_NOTIFY_CHANGE_LAST_WRITE | FILE_NOTIFY_CHANGE_CREATION,
                   FILE_ACTION_MODIFIED);
    oplock_parent_touched(s->open);
    if (s->path.stream != NULL)
        return STEP_NEXT;
    struct smbkit_attr attr = {.attributes = (q->file_attributes & CREATE_ATTRIBUTES) |
                                             FILE_ATTRIBUTE_ARCHIVE};
    uint32_t which = SMBKIT_SET_ATTRIBUTES;
    if (q->create_disposition == FILE_SUPERSEDE) {
        attr.create_time = request_core(r)->filetime;
        which |= SMBKIT_SET_CREATE_TIME;
    }
    return request_await(r, vfs_setattr(&r->op, s->open->volume, s->open->file, &attr, which));
}

enum core_verdict create_adorn(struct core_request *r)
{
    struct create_state *s = r->state_data;
    if (overwriting(r, s) && s->path.stream == NULL) {
        if (r->op.status != SMBKIT_STATUS_SUCCESS)
            return request_done(r, r->op.status);
        s->attr = r->op.attr;
    }
    if (s->ea_count == 0 || s->action == FILE_OPENED)
        return STEP_NEXT;
    return request_await(r,
                         vfs_set_eas(&r->op, s->open->volume, s->open->file, s->eas, s->ea_count));
}

enum core_verdict create_reserve(struct core_request *r)
{
    struct create_state *s = r->state_data;
    if (s->ea_count != 0 && s->action != FILE_OPENED) {
        if (r->op.status != SMBKIT_STATUS_SUCCESS)
            return request_done(r, r->op.status);
        s->attr = r->op.attr;
    }
    bool wanted = (s->ctxs.present & WIRE_CTX_BIT(WIRE_CTX_ALSI)) && s->action != FILE_OPENED &&
                  !s->open->is_directory && s->ctxs.allocation_size > 0 && s->attr.size == 0;
    if (!wanted)
        return STEP_NEXT;
    return request_await(
        r, vfs_set_alloc(&r->op, s->open->volume, s->open->file, s->ctxs.allocation_size));
}
