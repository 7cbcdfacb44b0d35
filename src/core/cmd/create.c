// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE ([MS-SMB2] 3.3.5.9, [MS-FSA] 2.1.5.1) as a list of steps.
 *
 *   parse      everything that can be refused without asking the plugin
 *   reconnect  ... unless it wants a durable open back (create_durable.c)
 *   begin      an open to fill
 *   locate     the plugin opens what exists, without changing anything
 *   base       a stream that does not exist: the plugin opens its file
 *   guard      what exists: what do its descriptor and its folder's allow? (create_access.c)
 *   parent     what does not: may it be made there, and which descriptor does it inherit?
 *   make       the plugin makes it; of a stream without a file, the file first
 *   judge      type, attributes and access rights against what was asked
 *   claim      oplocks and leases that are in the way break, which may take a while, then share
 *              modes: from here on others see this open
 *   again      ... after such a while: begin with locate
 *   overwrite  OVERWRITE and SUPERSEDE cut the file
 *   dress      ... and give it its new attributes
 *   adorn      extended attributes
 *   reserve    AllocationSize
 *   publish    the file id becomes valid
 *
 * The undo list is the open itself: it is made in `parse` and knows what has been done (has_file,
 * the lease engine's attachment); open_abort takes all of that back, and removes the name when
 * `make` had made it. The file of a new stream is held by an open of its own, so that it can be
 * removed as well. release does so whenever the request ends without success.
 */
#include "core/cmd/create.h"
#include "base/mem.h"
#include "base/utf.h"
#include "core/meta.h"
#include "core/notify.h"
#include "core/oplock.h"
#include "core/removal.h"
#include "core/session.h"
#include "core/state.h"
#include "core/tree.h"
#include "wire/notify_rec.h"
#include <string.h>

#define LOCATE_TRIES 8 /* a name that others make and delete all the time */

static bool create_decode(struct core_request *r, struct cursor *body)
{
    return wire_create_req_decode(body, request_arena(r), &r->in.create);
}

/* ---------------------------------------------------------------- parse */

#define OPTIONS_KNOWN    0x00ffffffu
#define OPTIONS_REFUSED  (FILE_OPEN_BY_FILE_ID | FILE_OPEN_FOR_FREE_SPACE_QUERY)
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
/* [MS-FSA] 2.1.5.1.1 ValidSetAttributes */
#define ATTRIBUTES_SETTABLE                                                       \
    (FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM |    \
     FILE_ATTRIBUTE_ARCHIVE | FILE_ATTRIBUTE_TEMPORARY | FILE_ATTRIBUTE_OFFLINE | \
     FILE_ATTRIBUTE_NOT_CONTENT_INDEXED)
#define WRITING_RIGHTS                                                        \
    (FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_EA | FILE_DELETE_CHILD | \
     FILE_WRITE_ATTRIBUTES | DELETE | WRITE_DAC | WRITE_OWNER)

static bool disposition_overwrites(uint32_t d)
{
    return d == FILE_SUPERSEDE || d == FILE_OVERWRITE || d == FILE_OVERWRITE_IF;
}

static bool disposition_makes(uint32_t d)
{
    return d != FILE_OPEN && d != FILE_OVERWRITE;
}

/* Values of fields that do not fit together ([MS-SMB2] 3.3.5.9, [MS-FSA] 2.1.5.1 phase 1). */
static smbkit_status check_fields(const struct wire_create_req *q)
{
    uint32_t opt = q->create_options;
    if (q->impersonation_level > SMB2_IMPERSONATION_DELEGATE)
        return SMBKIT_STATUS_BAD_IMPERSONATION_LEVEL;
    if (q->create_disposition > FILE_OVERWRITE_IF || (opt & ~OPTIONS_KNOWN) != 0 ||
        (q->share_access & ~(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)) != 0 ||
        (q->file_attributes & ~ATTRIBUTES_KNOWN) != 0)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (opt & OPTIONS_REFUSED)
        return SMBKIT_STATUS_NOT_SUPPORTED;
    if (q->desired_access == 0 || (q->desired_access & ACCESS_FORBIDDEN) != 0)
        return SMBKIT_STATUS_ACCESS_DENIED;
    if ((opt & FILE_DIRECTORY_FILE) && (opt & FILE_NON_DIRECTORY_FILE))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if ((opt & FILE_DIRECTORY_FILE) &&
        ((opt & ~DIR_OPTIONS) != 0 || disposition_overwrites(q->create_disposition)))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if ((opt & FILE_COMPLETE_IF_OPLOCKED) && (opt & FILE_RESERVE_OPFILTER))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if ((opt & FILE_DELETE_ON_CLOSE) &&
        !(q->desired_access & (DELETE | GENERIC_ALL | MAXIMUM_ALLOWED)))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status check_contexts(const struct create_state *s)
{
    if (!create_durable_contexts_fit(s))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (s->ctxs.present & WIRE_CTX_BIT(WIRE_CTX_TWRP))
        return SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND; /* there are no earlier versions */
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status parse_name(struct core_request *r, struct create_state *s)
{
    const struct wire_create_req *q = &r->in.create;
    smbkit_status st = vfs_path_parse(request_arena(r), q->name.data, q->name.len, &s->path);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    if (s->path.trailing_slash && (q->create_options & FILE_NON_DIRECTORY_FILE))
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    s->want_dir = (q->create_options & FILE_DIRECTORY_FILE) || s->path.dir_type;
    if ((q->create_options & FILE_DIRECTORY_FILE) && !s->path.dir_type &&
        (s->path.stream != NULL || s->path.stream_type))
        return SMBKIT_STATUS_NOT_A_DIRECTORY;
    if (s->path.stream != NULL && s->path.path_len == 0)
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    return SMBKIT_STATUS_SUCCESS;
}

/* [MS-FSA] 2.1.5.1.2: what an overwrite needs whatever the open will be used for. */
static uint32_t overwrite_needs(const struct create_state *s, uint32_t disposition)
{
    uint32_t of_file = s->path.stream == NULL ? FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES : 0;
    return of_file | (disposition == FILE_SUPERSEDE ? DELETE : FILE_WRITE_DATA);
}

/* Rights that are not to be had on this share at all. */
static smbkit_status check_access(struct core_request *r, struct create_state *s)
{
    uint32_t max = r->tree->maximal_access;
    uint32_t disposition = r->in.create.create_disposition;
    s->desired = acl_map_generic(r->in.create.desired_access);
    s->granted = s->desired & ~MAXIMUM_ALLOWED;
    if (s->desired & MAXIMUM_ALLOWED)
        s->granted |= max;
    if (disposition_overwrites(disposition))
        s->implied = overwrite_needs(s, disposition);
    if (s->desired & ACCESS_SYSTEM_SECURITY)
        return SMBKIT_STATUS_PRIVILEGE_NOT_HELD; /* SeSecurityPrivilege, which nobody has */
    if ((s->granted | s->implied) & ~max)
        return SMBKIT_STATUS_ACCESS_DENIED;
    if (disposition == FILE_CREATE && !(max & FILE_WRITE_DATA))
        return SMBKIT_STATUS_ACCESS_DENIED;
    return SMBKIT_STATUS_SUCCESS;
}

/* [MS-SMB2] 3.3.5.9.8, 3.3.5.9.11: is there a lease context, and does it count? */
static bool lease_asked(const struct core_request *r, const struct create_state *s)
{
    uint16_t dialect = request_conn(r)->dialect;
    return r->in.create.oplock_level == SMB2_OPLOCK_LEVEL_LEASE &&
           (s->ctxs.present & WIRE_CTX_BIT(WIRE_CTX_RQLS)) &&
           dialect >= (s->ctxs.lease.version == 2 ? SMB2_DIALECT_300 : SMB2_DIALECT_210);
}

/* Who opens, for the engine. */
static struct lease_actor lease_actor_of(const struct core_request *r, const struct create_state *s)
{
    struct lease_actor a = {.access = s->granted | s->implied};
    if (s->wants_lease) {
        a.client = &request_conn(r)->client_guid;
        a.key = &s->ctxs.lease.key;
    }
    return a;
}

/* The folder's lease with this key needs not hear what the open does. */
static void take_parent_key(struct create_state *s)
{
    s->open->has_parent_key =
        s->wants_lease && (s->ctxs.lease.flags & SMB2_LEASE_FLAG_PARENT_LEASE_KEY_SET) != 0;
    s->open->parent_key = s->ctxs.lease.parent_key;
}

static enum core_verdict create_parse(struct core_request *r)
{
    const struct wire_create_req *q = &r->in.create;
    struct create_state *s = arena_alloc(request_arena(r), sizeof *s);
    smbkit_status st;
    if (s == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    r->state_data = s;
    if ((st = check_fields(q)) != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    if (!wire_create_req_ctxs_parse(q->ctxs, q->ctx_count, &s->ctxs))
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    if (r->tree->volume == NULL) /* IPC$: no pipe of that name */
        return request_done(r, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    if ((st = check_contexts(s)) != SMBKIT_STATUS_SUCCESS ||
        (st = parse_name(r, s)) != SMBKIT_STATUS_SUCCESS ||
        (st = create_parse_eas(r, s)) != SMBKIT_STATUS_SUCCESS ||
        (st = check_access(r, s)) != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    s->wants_lease = lease_asked(r, s);
    r->op.user = r->session->user;
    return request_goto(r, create_wants_durable(s) ? create_reconnect : create_begin);
}

enum core_verdict create_begin(struct core_request *r)
{
    struct create_state *s = r->state_data;
    s->open = open_new(r->tree);
    if (s->open == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    take_parent_key(s);
    return STEP_NEXT;
}

/* ---------------------------------------------------------------- locate and make */

static enum core_verdict create_locate(struct core_request *r)
{
    struct create_state *s = r->state_data;
    uint32_t opt = r->in.create.create_options;
    struct smbkit_open_args args = {
        .path = s->path.path,
        .stream = s->path.stream,
        .access = s->granted | s->implied,
        .flags = opt & FILE_OPEN_REPARSE_POINT ? SMBKIT_OPEN_REPARSE_POINT : 0,
    };
    s->tries++;
    s->removals = request_core(r)->removals.count;
    return request_await(r, vfs_open(&r->op, r->tree->volume, &args));
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

static enum core_verdict create_base(struct core_request *r);

static void create_drop_base(struct create_state *s, bool remove)
{
    if (s->base != NULL)
        open_abort(s->base, remove);
    s->base = NULL;
}

static enum core_verdict create_located(struct core_request *r)
{
    struct create_state *s = r->state_data;
    uint32_t disposition = r->in.create.create_disposition;
    if (r->op.status == SMBKIT_STATUS_SUCCESS) {
        if (!take_file(r, s, s->open, s->path.stream))
            return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        if (disposition == FILE_CREATE)
            return request_goto(r, create_judge); /* a collision, or DELETE_PENDING */
        s->action = FILE_OPENED;
        return request_goto(r, create_guard);
    }
    if (r->op.status == SMBKIT_STATUS_STOPPED_ON_SYMLINK)
        return create_stopped(r);
    if (r->op.status != SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND || !disposition_makes(disposition))
        return request_done(r, r->op.status);
    if (!(r->tree->maximal_access & FILE_WRITE_DATA))
        return request_done(r, SMBKIT_STATUS_ACCESS_DENIED);
    return request_goto(r, s->path.stream != NULL ? create_base : create_parent);
}

static enum core_verdict create_base(struct core_request *r)
{
    struct create_state *s = r->state_data;
    create_drop_base(s, false);
    s->base = open_new(r->tree);
    if (s->base == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    if (!(vfs_volume_capabilities(r->tree->volume) & SMBKIT_CAP_STREAMS))
        return request_done(r, SMBKIT_STATUS_OBJECT_NAME_INVALID);
    struct smbkit_open_args args = {.path = s->path.path, .access = s->granted};
    return request_await(r, vfs_open(&r->op, r->tree->volume, &args));
}

static enum core_verdict create_based(struct core_request *r)
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
    uint32_t attributes = q->file_attributes & ATTRIBUTES_SETTABLE;
    attributes |= s->want_dir ? FILE_ATTRIBUTE_DIRECTORY : FILE_ATTRIBUTE_ARCHIVE;
    bool stream = create_has_base(s);
    struct smbkit_create_args args = {
        .path = s->path.path,
        .stream = stream ? s->path.stream : NULL,
        .access = s->granted,
        .attributes = attributes,
        .alloc_size = s->path.stream == NULL || stream ? s->ctxs.allocation_size : 0,
        .sd = stream ? NULL : s->sd,
        .sd_len = stream ? 0 : s->sd_len,
    };
    return request_await(r, vfs_create(&r->op, r->tree->volume, &args));
}

/* The file of a stream has been made: the stream comes next. */
static enum core_verdict made_base(struct core_request *r, struct create_state *s)
{
    s->base_made = true;
    if (!take_file(r, s, s->base, NULL))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    return request_goto(r, create_make);
}

static enum core_verdict create_made(struct core_request *r)
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

/* ---------------------------------------------------------------- judge */

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
    if (dir && disposition_overwrites(q->create_disposition))
        return s->path.path_len == 0 ? SMBKIT_STATUS_ACCESS_DENIED
                                     : SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    return SMBKIT_STATUS_SUCCESS;
}

/* [MS-FSA] 2.1.5.1.2 and 2.1.5.1.2.1, as far as attributes decide. */
static smbkit_status judge_attributes(struct core_request *r, struct create_state *s)
{
    const struct wire_create_req *q = &r->in.create;
    uint32_t have = s->attr.attributes, want = q->file_attributes;
    bool overwrites = disposition_overwrites(q->create_disposition);
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

/* ---------------------------------------------------------------- claim */

static enum core_verdict create_overwrite(struct core_request *r);
static enum core_verdict create_again(struct core_request *r);

/* It must wait. Without a handle: whoever is to give way may want to rename or remove the file. */
static enum core_verdict claim_later(struct core_request *r, enum core_verdict verdict)
{
    struct create_state *s = r->state_data;
    if (verdict != STEP_PARK_REPEAT)
        return verdict;
    request_goto(r, create_again);
    if (!s->made) {
        open_abort(s->open, false);
        s->open = NULL;
    }
    return verdict;
}

/* Breaks and sharing ([MS-FSA] 2.1.5.1.2): a batch oplock goes first, then the handles that others
   keep for later, when they are in the way, then write caches. SUCCESS, an error, or PENDING with
   *verdict. */
static smbkit_status claim_check(struct core_request *r, struct lease_node *n,
                                 const struct lease_open_args *args, enum core_verdict *verdict)
{
    struct create_state *s = r->state_data;
    const struct lease_actor actor = lease_actor_of(r, s);
    bool overwrites = disposition_overwrites(r->in.create.create_disposition);
    enum lease_op op = overwrites ? LEASE_OP_OVERWRITE : LEASE_OP_OPEN;
    if (lease_node_delete_pending(n, args->link))
        return SMBKIT_STATUS_DELETE_PENDING;
    if (r->in.create.create_disposition == FILE_CREATE && !s->made)
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    if (s->wants_lease &&
        lease_key_check(n->table, actor.client, actor.key, n) != SMBKIT_STATUS_SUCCESS)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (lease_has_batch(n) && !oplock_clear_node(r, n, op, &actor, verdict))
        return SMBKIT_STATUS_PENDING;
    smbkit_status st = lease_open_check(n, args);
    if (st == SMBKIT_STATUS_SHARING_VIOLATION &&
        !oplock_clear_node(r, n, LEASE_OP_SHARING, &actor, verdict))
        return SMBKIT_STATUS_PENDING;
    if (st == SMBKIT_STATUS_SHARING_VIOLATION)
        st = lease_open_check(n, args); /* a kept open has been closed for it */
    if (st == SMBKIT_STATUS_SUCCESS && !oplock_clear_node(r, n, op, &actor, verdict))
        return SMBKIT_STATUS_PENDING;
    return st;
}

static enum core_verdict create_claim(struct core_request *r)
{
    struct create_state *s = r->state_data;
    struct core_open *o = s->open;
    const struct wire_create_req *q = &r->in.create;
    struct lease_key key;
    enum core_verdict verdict = STEP_NEXT;
    struct lease_open_args args = {
        .access = s->granted,
        .extra_access = s->implied,
        .share = q->share_access,
        .link = utf8_casehash(o->path, strlen(o->path)),
        .delete_on_close = (q->create_options & FILE_DELETE_ON_CLOSE) != 0,
    };
    if (!s->made && o->stream == NULL && removal_meets(o, s->removals))
        return request_done(r, SMBKIT_STATUS_DELETE_PENDING);
    if (!meta_lease_key(request_arena(r), o, o->stream, &key))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    struct lease_node *n = lease_node_get(&o->core->leases, &key, o->is_directory);
    if (n == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    smbkit_status st = claim_check(r, n, &args, &verdict);
    if (st == SMBKIT_STATUS_SUCCESS)
        st = lease_open_attach(n, &o->lease, &args);
    lease_node_unref(n);
    if (st == SMBKIT_STATUS_PENDING)
        return claim_later(r, verdict);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    o->access = s->granted;
    return request_goto(r, create_overwrite);
}

/* What was in the way has given way. Meanwhile the file may have been changed, renamed, removed. */
static enum core_verdict create_again(struct core_request *r)
{
    struct create_state *s = r->state_data;
    if (r->session->state == SESSION_GONE)
        return request_done(r, SMBKIT_STATUS_USER_SESSION_DELETED);
    if (!r->tree->connected)
        return request_done(r, SMBKIT_STATUS_NETWORK_NAME_DELETED);
    if (s->open != NULL)
        return request_goto(r, create_claim);
    s->open = open_new(r->tree);
    if (s->open == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    take_parent_key(s);
    s->tries = 0;
    return request_goto(r, create_locate);
}

/* ---------------------------------------------------------------- overwrite, dress, reserve */

static bool overwriting(const struct core_request *r, const struct create_state *s)
{
    return !s->made && disposition_overwrites(r->in.create.create_disposition);
}

static enum core_verdict create_overwrite(struct core_request *r)
{
    struct create_state *s = r->state_data;
    if (!overwriting(r, s))
        return STEP_NEXT;
    return request_await(r, vfs_overwrite(&r->op, s->open->volume, s->open->file));
}

static enum core_verdict create_dress(struct core_request *r)
{
    struct create_state *s = r->state_data;
    const struct wire_create_req *q = &r->in.create;
    if (!overwriting(r, s))
        return STEP_NEXT;
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    s->attr = r->op.attr;
    s->action = q->create_disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED : FILE_OVERWRITTEN;
    notify_changed(s->open->core, s->open->volume, s->open->path,
                   FILE_NOTIFY_CHANGE_ATTRIBUTES | FILE_NOTIFY_CHANGE_SIZE |
                       FILE_NOTIFY_CHANGE_LAST_WRITE | FILE_NOTIFY_CHANGE_CREATION,
                   FILE_ACTION_MODIFIED);
    oplock_parent_touched(s->open);
    if (s->path.stream != NULL)
        return STEP_NEXT;
    struct smbkit_attr attr = {.attributes = (q->file_attributes & ATTRIBUTES_SETTABLE) |
                                             FILE_ATTRIBUTE_ARCHIVE};
    uint32_t which = SMBKIT_SET_ATTRIBUTES;
    if (q->create_disposition == FILE_SUPERSEDE) {
        attr.create_time = request_core(r)->filetime;
        which |= SMBKIT_SET_CREATE_TIME;
    }
    return request_await(r, vfs_setattr(&r->op, s->open->volume, s->open->file, &attr, which));
}

static enum core_verdict create_adorn(struct core_request *r)
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

static enum core_verdict create_reserve(struct core_request *r)
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

/* ---------------------------------------------------------------- publish */

static smbkit_status grant_lease(struct core_request *r, struct create_state *s)
{
    const struct wire_lease *l = &s->ctxs.lease;
    struct core_open *o = s->open;
    const struct lease_request rq = {
        .client = request_conn(r)->client_guid,
        .key = l->key,
        .parent = l->parent_key,
        .has_parent = o->has_parent_key,
        .version = l->version,
        .state = l->state,
        .epoch = l->epoch,
        .delete_on_close = (r->in.create.create_options & FILE_DELETE_ON_CLOSE) != 0,
        .allocation = s->attr.alloc_size,
    };
    /* folders have leases of version 2 only */
    if (o->is_directory && l->version != 2)
        return SMBKIT_STATUS_SUCCESS;
    return lease_grant_lease(&o->lease, &rq);
}

/* "Oplock Acquisition" of [MS-SMB2] 3.3.5.9. What the plugin changes without saying so is not
   cached. */
static smbkit_status grant_caching(struct core_request *r, struct create_state *s)
{
    uint8_t level = r->in.create.oplock_level;
    if (s->attr.flags & SMBKIT_FILE_NO_CACHE)
        return SMBKIT_STATUS_SUCCESS;
    if (s->wants_lease)
        return grant_lease(r, s);
    if (level != SMB2_OPLOCK_LEVEL_LEASE)
        lease_grant_oplock(&s->open->lease, level, s->attr.alloc_size);
    return SMBKIT_STATUS_SUCCESS;
}

static struct wire_lease lease_response(const struct lease_grant *g)
{
    struct wire_lease l = {.version = g->version, .key = g->key, .state = g->state};
    if (g->breaking)
        l.flags |= SMB2_LEASE_FLAG_BREAK_IN_PROGRESS;
    if (g->version == 2) {
        l.epoch = g->epoch;
        if (g->has_parent) {
            l.flags |= SMB2_LEASE_FLAG_PARENT_LEASE_KEY_SET;
            l.parent_key = g->parent;
        }
    }
    return l;
}

bool create_fill_contexts(struct core_request *r, struct create_state *s, const struct core_open *o)
{
    struct wire_create_rsp_ctxs *x = arena_alloc(request_arena(r), sizeof *x);
    if (x == NULL)
        return false;
    if (s->ctxs.present & WIRE_CTX_BIT(WIRE_CTX_MXAC)) {
        x->present |= WIRE_CTX_BIT(WIRE_CTX_MXAC);
        x->max_access.access = s->effective & r->tree->maximal_access;
    }
    if (s->ctxs.present & WIRE_CTX_BIT(WIRE_CTX_QFID)) {
        x->present |= WIRE_CTX_BIT(WIRE_CTX_QFID);
        x->disk_id.file_id = s->attr.file_id;
        x->disk_id.volume_id = vfs_volume_id(o->volume);
    }
    const struct lease_grant *g = o->lease.grant;
    if (g != NULL && g->is_lease) {
        x->present |= WIRE_CTX_BIT(WIRE_CTX_RQLS);
        x->lease = lease_response(g);
    }
    if (o->durable.on && !o->durable.v2 && (s->ctxs.present & CREATE_CTX(DHNQ)))
        x->present |= CREATE_CTX(DHNQ);
    if (o->durable.on && o->durable.v2 && (s->ctxs.present & CREATE_CTX(DH2Q))) {
        x->present |= CREATE_CTX(DH2Q);
        x->durable_v2.timeout = (uint32_t)o->durable.timeout_ms;
    }
    return wire_create_rsp_ctxs_build(request_arena(r), x, NULL, 0, &s->rsp.ctxs,
                                      &s->rsp.ctx_count);
}

void create_fill_response(struct create_state *s, const struct core_open *o)
{
    const struct smbkit_attr *a = &s->attr;
    const struct lease_grant *g = o->lease.grant;
    s->rsp.oplock_level = SMB2_OPLOCK_LEVEL_NONE;
    if (g != NULL)
        s->rsp.oplock_level = g->is_lease ? SMB2_OPLOCK_LEVEL_LEASE : lease_level_of(g->state);
    s->rsp.create_action = s->action;
    s->rsp.creation_time = a->create_time;
    s->rsp.last_access_time = a->access_time;
    s->rsp.last_write_time = a->write_time;
    s->rsp.change_time = a->change_time;
    s->rsp.allocation_size = a->alloc_size;
    s->rsp.end_of_file = a->size;
    s->rsp.file_attributes = core_wire_attributes(a);
    s->rsp.file_id = (struct wire_file_id){o->persistent_id, o->volatile_id};
}

/* A stream is news beside its file ([MS-FSA] 2.1.5.1.1, 2.1.5.1.2). */
static void announce_made(struct core_request *r, const struct create_state *s)
{
    struct core_open *o = s->open;
    bool new_name = s->made && (o->stream == NULL || s->base_made);
    if (new_name)
        oplock_parent_touched(o);
    if (new_name)
        notify_changed(o->core, o->volume, o->path,
                       o->is_directory ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME,
                       FILE_ACTION_ADDED);
    const char *stream =
        s->made && o->stream != NULL ? meta_stream_path(request_arena(r), o) : NULL;
    if (stream != NULL)
        notify_changed(o->core, o->volume, stream, FILE_NOTIFY_CHANGE_STREAM_NAME,
                       FILE_ACTION_ADDED_STREAM);
}

/* Session or tree went while this was under way. It ends like an open that is closed at once: what
   it made stays, because others may be using it by now. */
static enum core_verdict create_too_late(struct core_request *r, smbkit_status status)
{
    struct create_state *s = r->state_data;
    if (!(r->in.create.create_options & FILE_DELETE_ON_CLOSE)) {
        announce_made(r, s);
        s->made = s->base_made = false;
    }
    return request_done(r, status);
}

static enum core_verdict create_publish(struct core_request *r)
{
    struct create_state *s = r->state_data;
    struct core_open *o = s->open;
    if (r->op.status == SMBKIT_STATUS_SUCCESS && r->op.attr_valid)
        s->attr = r->op.attr;
    if (r->session->state == SESSION_GONE)
        return create_too_late(r, SMBKIT_STATUS_USER_SESSION_DELETED);
    if (!r->tree->connected)
        return create_too_late(r, SMBKIT_STATUS_NETWORK_NAME_DELETED);
    o->create_options = r->in.create.create_options;
    o->mode = o->create_options &
              (FILE_WRITE_THROUGH | FILE_SEQUENTIAL_ONLY | FILE_NO_INTERMEDIATE_BUFFERING |
               FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT | FILE_DELETE_ON_CLOSE);
    o->delete_on_close = (o->create_options & FILE_DELETE_ON_CLOSE) != 0;
    smbkit_status st = grant_caching(r, s);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    create_grant_durability(r, s);
    create_fill_response(s, o);
    if (!create_fill_contexts(r, s, o) || !open_publish(o))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    r->chain.file = s->rsp.file_id;
    announce_made(r, s);
    r->open = o; /* the request's use goes with it */
    s->open = NULL;
    create_drop_base(s, false);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

static void create_release(struct core_request *r)
{
    struct create_state *s = r->state_data;
    if (s != NULL && s->resumed != NULL) {
        open_release(s->resumed);
        s->resumed = NULL;
    }
    if (s != NULL && s->open != NULL) {
        open_abort(s->open, s->made);
        s->open = NULL;
    } else if (smbkit_is_error(r->status) && r->open != NULL && r->open->state == OPEN_LIVE) {
        /* there was no memory to tell the client the file id: nobody will ever close it */
        open_shut(r->open, NULL);
    }
    if (s != NULL)
        create_drop_base(s, s->base_made);
}

static bool create_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    struct create_state *s = r->state_data;
    return wire_create_rsp_encode(b, hdr, &s->rsp);
}

static const struct core_step create_steps[] = {
    {"parse", create_parse},         {"reconnect", create_reconnect}, {"resumed", create_resumed},
    {"begin", create_begin},         {"locate", create_locate},       {"located", create_located},
    {"base", create_base},           {"based", create_based},         {"guard", create_guard},
    {"guarded", create_guarded},     {"foldered", create_foldered},   {"parent", create_parent},
    {"parented", create_parented},   {"make", create_make},           {"made", create_made},
    {"judge", create_judge},         {"claim", create_claim},         {"again", create_again},
    {"overwrite", create_overwrite}, {"dress", create_dress},         {"adorn", create_adorn},
    {"reserve", create_reserve},     {"publish", create_publish},     {0},
};

const struct core_command command_create = {
    .code = SMB2_CREATE,
    .name = "CREATE",
    .flags = CMD_NEEDS_SESSION | CMD_NEEDS_TREE,
    .decode = create_decode,
    .steps = create_steps,
    .encode = create_encode,
    .release = create_release,
};
