// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE, judge to known: type, attributes and access rights of what exists against what was asked,
 * and what its extended attributes ask of who opens it.
 */
#include "core/cmd/create.h"

/* [MS-FSA] 2.1.5.1 phase 7: a folder or a file, as asked. */
static smbkit_status judge_type(const struct core_request *r, const struct create_state *s)
{
    const struct wire_create_req *q = &r->in.create;
    bool dir = (s->attr.attributes & SMBKIT_ATTR_DIRECTORY) != 0;
    if (s->path.stream != NULL)
        return SMBKIT_STATUS_SUCCESS;
    if ((s->want_dir || s->path.trailing_slash) && !dir)
        return q->create_disposition == FILE_CREATE ? SMBKIT_STATUS_OBJECT_NAME_COLLISION
                                                    : SMBKIT_STATUS_NOT_A_DIRECTORY;
    if (dir && ((q->create_options & FILE_NON_DIRECTORY_FILE) || s->path.stream_type))
        return SMBKIT_STATUS_FILE_IS_A_DIRECTORY;
    if (dir && create_overwrites(q->create_disposition))
        return s->path.path_len == 0 ? SMBKIT_STATUS_ACCESS_DENIED
                                     : SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    return SMBKIT_STATUS_SUCCESS;
}

/* [MS-FSA] 2.1.5.1.2 and 2.1.5.1.2.1, as far as attributes decide. */
static smbkit_status judge_attributes(struct core_request *r, struct create_state *s)
{
    const struct wire_create_req *q = &r->in.create;
    uint32_t have = s->attr.attributes, want = q->file_attributes;
    bool overwrites = create_overwrites(q->create_disposition);
    if (vfs_volume_frozen(r->volume) && (q->create_options & FILE_DELETE_ON_CLOSE))
        return SMBKIT_STATUS_CANNOT_DELETE;
    if (have & SMBKIT_ATTR_READONLY) {
        const uint32_t denied = FILE_WRITE_DATA | FILE_APPEND_DATA;
        if (q->create_options & FILE_DELETE_ON_CLOSE)
            return SMBKIT_STATUS_CANNOT_DELETE;
        if (!(have & SMBKIT_ATTR_DIRECTORY)) {
            if ((s->desired & denied) || overwrites)
                return SMBKIT_STATUS_ACCESS_DENIED;
            s->effective &= ~(denied | FILE_DELETE_CHILD); /* of MAXIMUM_ALLOWED, MxAc */
        }
    }
    if (s->attr.flags & SMBKIT_FILE_HIDDEN_BY_NAME)
        have &= ~SMBKIT_ATTR_HIDDEN;
    if (overwrites && s->path.stream == NULL &&
        (have & ~want & (SMBKIT_ATTR_HIDDEN | SMBKIT_ATTR_SYSTEM)))
        return SMBKIT_STATUS_ACCESS_DENIED;
    return SMBKIT_STATUS_SUCCESS;
}

enum core_verdict create_judge(struct core_request *r)
{
    struct create_state *s = r->state_data;
    bool collides = s->open->has_file && r->in.create.create_disposition == FILE_CREATE;
    smbkit_status st;
    if (s->made)
        return STEP_NEXT;
    if ((st = judge_type(r, s)) != SMBKIT_STATUS_SUCCESS ||
        (!collides && (st = judge_attributes(r, s)) != SMBKIT_STATUS_SUCCESS) ||
        (!collides && (st = create_judge_access(r, s)) != SMBKIT_STATUS_SUCCESS))
        return request_done(r, st);
    return create_has_base(s) ? request_goto(r, create_make) : STEP_NEXT;
}

/* [MS-FSA] 2.1.5.1.2: the caller does not know of extended attributes, which one of the file may
   forbid. Streams can be read without them. */
enum core_verdict create_knows(struct core_request *r)
{
    const struct create_state *s = r->state_data;
    bool ignorant = (r->in.create.create_options & FILE_NO_EA_KNOWLEDGE) != 0;
    if (s->made || !ignorant || s->path.stream != NULL || s->attr.ea_size == 0 ||
        r->in.create.create_disposition == FILE_CREATE)
        return request_goto(r, create_claim);
    return request_await(r, vfs_get_eas(&r->op, s->open->volume, s->open->file));
}

enum core_verdict create_known(struct core_request *r)
{
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    for (size_t i = 0; i < r->op.ea_count; i++)
        if (r->op.eas[i].flags & SMBKIT_EA_NEED)
            return request_done(r, SMBKIT_STATUS_ACCESS_DENIED);
    return STEP_NEXT;
}
