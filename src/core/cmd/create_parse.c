// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE, parse: everything that can be refused without asking the plugin. Fields that do not fit
 * together, rules of names, contexts, and rights that are not to be had on the share at all
 * ([MS-SMB2] 3.3.5.9, [MS-FSA] 2.1.5.1 phase 1).
 */
#include "core/cmd/create.h"
#include "core/meta.h"
#include "core/session.h"
#include "core/share.h"
#include "core/snapshot.h"
#include "core/tree.h"

#define OPTIONS_KNOWN    0x00ffffffu
#define OPTIONS_REFUSED  (FILE_OPEN_BY_FILE_ID | FILE_RESERVE_OPFILTER | FILE_CREATE_TREE_CONNECTION)
#define ACCESS_FORBIDDEN 0x0ce0fe00u /* [MS-FSA] 2.1.5.1, phase 1 */
#define DIR_OPTIONS                                                                        \
    (FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT |      \
     FILE_WRITE_THROUGH | FILE_OPEN_REMOTE_INSTANCE | FILE_COMPLETE_IF_OPLOCKED |          \
     FILE_OPEN_FOR_BACKUP_INTENT | FILE_DELETE_ON_CLOSE | FILE_OPEN_FOR_FREE_SPACE_QUERY | \
     FILE_OPEN_BY_FILE_ID | FILE_NO_COMPRESSION | FILE_OPEN_REPARSE_POINT |                \
     FILE_OPEN_REQUIRING_OPLOCK | FILE_NO_EA_KNOWLEDGE | FILE_NO_INTERMEDIATE_BUFFERING |  \
     FILE_SEQUENTIAL_ONLY | FILE_RANDOM_ACCESS | FILE_OPEN_NO_RECALL | FILE_DISALLOW_EXCLUSIVE)
#define ATTRIBUTES_KNOWN                                                                       \
    (FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM |                 \
     FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_ARCHIVE | FILE_ATTRIBUTE_NORMAL |               \
     FILE_ATTRIBUTE_TEMPORARY | FILE_ATTRIBUTE_SPARSE_FILE | FILE_ATTRIBUTE_REPARSE_POINT |    \
     FILE_ATTRIBUTE_COMPRESSED | FILE_ATTRIBUTE_OFFLINE | FILE_ATTRIBUTE_NOT_CONTENT_INDEXED | \
     FILE_ATTRIBUTE_ENCRYPTED | FILE_ATTRIBUTE_INTEGRITY_STREAM | FILE_ATTRIBUTE_NO_SCRUB_DATA)

/* Values of fields that do not fit together ([MS-SMB2] 3.3.5.9, [MS-FSA] 2.1.5.1 phase 1). */
static smbkit_status check_fields(const struct wire_create_req *q)
{
    uint32_t opt = q->create_options;
    if (q->impersonation_level > SMB2_IMPERSONATION_DELEGATE)
        return SMBKIT_STATUS_BAD_IMPERSONATION_LEVEL;
    if (q->desired_access == 0 || (q->desired_access & ACCESS_FORBIDDEN) != 0)
        return SMBKIT_STATUS_ACCESS_DENIED;
    if (q->create_disposition > FILE_OVERWRITE_IF || (opt & ~OPTIONS_KNOWN) != 0 ||
        (q->share_access & ~(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)) != 0 ||
        (q->file_attributes & ~ATTRIBUTES_KNOWN) != 0)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (opt & OPTIONS_REFUSED)
        return SMBKIT_STATUS_NOT_SUPPORTED;
    if ((opt & FILE_DIRECTORY_FILE) && (opt & FILE_NON_DIRECTORY_FILE))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if ((opt & FILE_DIRECTORY_FILE) &&
        ((opt & ~DIR_OPTIONS) != 0 || create_overwrites(q->create_disposition)))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if ((opt & FILE_DELETE_ON_CLOSE) &&
        !(q->desired_access & (DELETE | GENERIC_ALL | MAXIMUM_ALLOWED)))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    return SMBKIT_STATUS_SUCCESS;
}

/* 3.3.5.9.4: from here on the request is about the earlier state. */
static smbkit_status choose_volume(struct core_request *r, const struct create_state *s)
{
    if (!(s->ctxs.present & WIRE_CTX_BIT(WIRE_CTX_TWRP)))
        return SMBKIT_STATUS_SUCCESS;
    struct vfs_volume *v = snapshot_find(r->tree->share, s->ctxs.timewarp);
    if (v == NULL)
        return SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    vfs_volume_unref(r->volume);
    r->volume = vfs_volume_ref(v);
    return SMBKIT_STATUS_SUCCESS;
}

static bool says_dfs(const struct core_request *r)
{
    return (r->hdr.flags & SMB2_FLAGS_DFS_OPERATIONS) && dfs_is_root(r->tree->share);
}

/* What lies at or below a link is not here: clients that know DFS ask where it is, others cannot
   get there ([MS-DFSC] 3.2.4.1). */
static smbkit_status check_links(const struct core_request *r, const struct vfs_path *path)
{
    if (dfs_link_over(r->tree->share, path->path) == NULL)
        return SMBKIT_STATUS_SUCCESS;
    return says_dfs(r) ? SMBKIT_STATUS_PATH_NOT_COVERED : SMBKIT_STATUS_IO_REPARSE_TAG_NOT_HANDLED;
}

static smbkit_status parse_name(struct core_request *r, struct create_state *s)
{
    const struct wire_create_req *q = &r->in.create;
    smbkit_status st = vfs_path_parse(request_arena(r), q->name.data, q->name.len, &s->path);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    bool colon = s->path.stream != NULL || s->path.stream_type || s->path.dir_type;
    if (colon && !(vfs_volume_capabilities(r->volume) & SMBKIT_CAP_STREAMS))
        return SMBKIT_STATUS_OBJECT_NAME_INVALID; /* a character like others that names cannot have
                                                   */
    if (s->path.trailing_slash && (q->create_options & FILE_NON_DIRECTORY_FILE))
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    s->want_dir = (q->create_options & FILE_DIRECTORY_FILE) || s->path.dir_type;
    if ((q->create_options & FILE_DIRECTORY_FILE) && !s->path.dir_type &&
        (s->path.stream != NULL || s->path.stream_type))
        return SMBKIT_STATUS_NOT_A_DIRECTORY;
    if (s->path.stream != NULL && s->path.path_len == 0)
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    return check_links(r, &s->path);
}

/* [MS-FSA] 2.1.5.1.2: what an overwrite needs whatever the open will be used for. */
static uint32_t overwrite_needs(const struct create_state *s, uint32_t disposition)
{
    uint32_t of_file = s->path.stream == NULL ? FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES : 0;
    return of_file | (disposition == FILE_SUPERSEDE ? DELETE : FILE_WRITE_DATA);
}

/* ACCESS_SYSTEM_SECURITY is no right that descriptors could give ([MS-DTYP] 2.5.3.2). Alone it is
   nothing to open a file for ([MS-SMB2] 3.3.5.9). Windows says which privilege is missing, though
   not even its own notes (50, 53) do. */
static smbkit_status check_privilege(const struct core_request *r)
{
    uint32_t access = r->in.create.desired_access;
    if (!(access & ACCESS_SYSTEM_SECURITY))
        return SMBKIT_STATUS_SUCCESS;
    if (access == ACCESS_SYSTEM_SECURITY)
        return SMBKIT_STATUS_ACCESS_DENIED;
    return r->session->token.has_security_privilege ? SMBKIT_STATUS_SUCCESS
                                                    : SMBKIT_STATUS_PRIVILEGE_NOT_HELD;
}

/* 3.3.5.9: a share with access-based enumeration says of what it does not allow that there is no
   such file. That is about the share's rights alone: what the file's descriptor refuses is
   ACCESS_DENIED there as elsewhere. */
static smbkit_status refused_by_share(const struct core_request *r)
{
    return r->tree->share->access_based && r->in.create.create_disposition == FILE_OPEN
               ? SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND
               : SMBKIT_STATUS_ACCESS_DENIED;
}

/* Rights that are not to be had on this share at all. */
static smbkit_status check_access(struct core_request *r, struct create_state *s)
{
    uint32_t max = tree_maximal_access(r->tree);
    uint32_t disposition = r->in.create.create_disposition;
    s->desired = acl_map_generic(r->in.create.desired_access);
    s->granted = s->desired & ~MAXIMUM_ALLOWED;
    if (s->desired & MAXIMUM_ALLOWED)
        s->granted |= max;
    if (create_overwrites(disposition))
        s->implied = overwrite_needs(s, disposition);
    smbkit_status st = check_privilege(r);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    if ((s->granted | s->implied) & ~(max | ACCESS_SYSTEM_SECURITY))
        return refused_by_share(r);
    if (disposition == FILE_CREATE && !(max & FILE_WRITE_DATA))
        return SMBKIT_STATUS_ACCESS_DENIED;
    return SMBKIT_STATUS_SUCCESS;
}

/* Of a request that wants an open back, only the name counts, and only for leases: clients leave
   everything else zero (3.3.5.9.7, 3.3.5.9.12: there is no "Path Name Validation"). */
static enum core_verdict parse_reconnect(struct core_request *r, struct create_state *s)
{
    const struct wire_create_req *q = &r->in.create;
    smbkit_status st = vfs_path_parse(request_arena(r), q->name.data, q->name.len, &s->path);
    if (st == SMBKIT_STATUS_INSUFFICIENT_RESOURCES)
        return request_done(r, st);
    s->path_valid = st == SMBKIT_STATUS_SUCCESS;
    meta_as_user(r);
    return request_goto(r, create_reconnect);
}

static enum core_verdict parse_quotas(struct core_request *r, struct create_state *s)
{
    smbkit_status st;
    if ((st = check_fields(&r->in.create)) != SMBKIT_STATUS_SUCCESS ||
        (st = choose_volume(r, s)) != SMBKIT_STATUS_SUCCESS ||
        (st = check_access(r, s)) != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    return create_quotas(r);
}

enum core_verdict create_parse(struct core_request *r)
{
    const struct wire_create_req *q = &r->in.create;
    struct create_state *s = arena_alloc(request_arena(r), sizeof *s);
    smbkit_status st;
    if (s == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    r->state_data = s;
    if (!wire_create_req_ctxs_parse(q->ctxs, q->ctx_count, &s->ctxs) ||
        !create_durable_contexts_fit(s))
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    if (r->volume == NULL) { /* IPC$ */
        if ((st = check_fields(q)) != SMBKIT_STATUS_SUCCESS ||
            (st = check_privilege(r)) != SMBKIT_STATUS_SUCCESS)
            return request_done(r, st);
        return create_pipe(r);
    }
    st = says_dfs(r) ? dfs_normalise(&r->in.create.name) : SMBKIT_STATUS_SUCCESS;
    s->wants_lease = create_lease_asked(r, s);
    if (create_wants_back(s))
        return parse_reconnect(r, s);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    if (create_wants_quotas(r))
        return parse_quotas(r, s);
    if ((st = check_fields(q)) != SMBKIT_STATUS_SUCCESS ||
        (st = choose_volume(r, s)) != SMBKIT_STATUS_SUCCESS ||
        (st = parse_name(r, s)) != SMBKIT_STATUS_SUCCESS ||
        (st = create_parse_eas(r, s)) != SMBKIT_STATUS_SUCCESS ||
        (st = check_access(r, s)) != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    meta_as_user(r);
    return request_goto(r, create_wants_durable(s) ? create_reconnect : create_begin);
}
