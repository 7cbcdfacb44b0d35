// SPDX-License-Identifier: Apache-2.0
/*
 * CHANGE_NOTIFY ([MS-SMB2] 3.3.5.19): waits, unless changes have been kept, and takes them all.
 *
 *   begin --> listen --> sift <--> sifted --> end
 *               ^          '--- nothing is left
 *               '--------------'
 */
#include "core/command.h"
#include "core/conn.h"
#include "core/meta.h"
#include "core/notify.h"
#include "core/open.h"
#include "core/request.h"
#include "core/visible.h"

/* A path and a descriptor, decoded. */
#define SCRATCH_MAX (1u << 20)

struct notify_state {
    struct notify_wait wait;
    struct builder out;
    struct arena scratch; /* for judging one change: the request may live long */
    uint64_t judging;     /* which */
};

static enum core_verdict notify_listen(struct core_request *r), notify_end(struct core_request *r);

/* More than a watch keeps. */
#define NOTIFY_REPLY_MAX (128u << 10)

static bool notify_decode(struct core_request *r, struct cursor *body)
{
    return wire_change_notify_req_decode(body, request_arena(r), &r->in.change_notify);
}

static struct wire_file_id *notify_file_id(struct core_request *r)
{
    return &r->in.change_notify.file_id;
}

static uint32_t notify_payload(const struct core_request *r)
{
    return r->in.change_notify.output_length;
}

static smbkit_status notify_check(const struct core_request *r)
{
    const struct core_open *o = r->open;
    if (r->in.change_notify.output_length > request_conn(r)->max_transact || !o->is_directory)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (!(o->access & FILE_LIST_DIRECTORY))
        return SMBKIT_STATUS_ACCESS_DENIED;
    if ((lease_open_attached(&o->lease) && lease_open_delete_pending(&o->lease)) || notify_gone(o))
        return SMBKIT_STATUS_DELETE_PENDING; /* [MS-FSA] 2.1.5.11 */
    return notify_refusal(o);
}

static void notify_unpark(struct core_request *r)
{
    struct notify_state *s = r->state_data;
    list_remove(&s->wait.link);
}

/* Unknown bits of the filter are ignored; with none left the request just waits (3.3.5.19). The
   first request makes the watch, and the plugin hears of it. */
static enum core_verdict notify_begin(struct core_request *r)
{
    const struct wire_change_notify_req *q = &r->in.change_notify;
    smbkit_status st = notify_check(r);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    struct notify_state *s = arena_alloc(request_arena(r), sizeof *s);
    bool first = r->open->watch == NULL, tree = (q->flags & SMB2_WATCH_TREE) != 0;
    if (s == NULL || !notify_watch(r->open, q->completion_filter, tree, q->output_length))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    s->wait.request = r;
    list_init(&s->wait.link);
    builder_init_grow(&s->out, NOTIFY_REPLY_MAX);
    arena_init(&s->scratch, SCRATCH_MAX);
    r->state_data = s;
    if (!first)
        return STEP_NEXT;
    meta_as_user(r);
    return request_await(r, vfs_watch(&r->op, r->open->volume, r->open->file, tree));
}

static enum core_verdict notify_asked(struct core_request *r)
{
    if (r->cancelled) /* while the plugin was asked */
        return request_done(r, SMBKIT_STATUS_CANCELLED);
    notify_answered(r->open, r->op.status);
    smbkit_status st = notify_refusal(r->open);
    return st == SMBKIT_STATUS_SUCCESS ? STEP_NEXT : request_done(r, st);
}

static enum core_verdict notify_listen(struct core_request *r)
{
    struct notify_state *s = r->state_data;
    if (notify_ready(r->open))
        return STEP_NEXT;
    notify_wait(r->open, &s->wait);
    return request_wait(r, notify_unpark, STEP_PARK);
}

/* With access-based enumeration: what may the user hear of? */
static enum core_verdict notify_sift(struct core_request *r)
{
    struct notify_state *s = r->state_data;
    if (!visible_matters(r))
        return request_goto(r, notify_end);
    arena_clear(&s->scratch);
    const char *path = notify_unjudged(r->open, &s->scratch, &s->judging);
    if (path != NULL) {
        meta_as_user(r);
        return request_await(r, vfs_path_sd(&r->op, r->open->volume, path));
    }
    if (s->judging != 0)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    return request_goto(r, notify_any(r->open) ? notify_end : notify_listen);
}

static enum core_verdict notify_sifted(struct core_request *r)
{
    struct notify_state *s = r->state_data;
    bool visible;
    if (r->cancelled)
        return request_done(r, SMBKIT_STATUS_CANCELLED);
    smbkit_status st = visible_judge(r, &s->scratch, false, &visible);
    bool gone = st == SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND ||
                st == SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND ||
                st == SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    notify_judge(r->open, s->judging, gone ? NOTIFY_UNKNOWN : visible ? NOTIFY_TELL : NOTIFY_HIDE);
    return request_goto(r, notify_sift);
}

static enum core_verdict notify_end(struct core_request *r)
{
    struct notify_state *s = r->state_data;
    smbkit_status st = notify_take(r->open, &s->out, r->in.change_notify.output_length);
    if (builder_failed(&s->out))
        st = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    r->with_body = st == SMBKIT_STATUS_NOTIFY_ENUM_DIR;
    return request_done(r, st);
}

static bool notify_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    const struct notify_state *s = r->state_data;
    struct wire_change_notify_rsp rsp = {.payload = {s->out.data, s->out.len}};
    return wire_change_notify_rsp_encode(b, hdr, &rsp);
}

static void notify_release(struct core_request *r)
{
    struct notify_state *s = r->state_data;
    if (s == NULL)
        return;
    builder_free(&s->out);
    arena_clear(&s->scratch);
}

static const struct core_step notify_steps[] = {
    {"begin", notify_begin},
    {"asked", notify_asked},
    {"listen", notify_listen},
    {"sift", notify_sift},
    {"sifted", notify_sifted},
    {"end", notify_end},
    {0},
};

const struct core_command command_change_notify = {
    .code = SMB2_CHANGE_NOTIFY,
    .name = "CHANGE_NOTIFY",
    .flags = CMD_NEEDS_SESSION | CMD_NEEDS_TREE | CMD_NEEDS_OPEN | CMD_LARGE,
    .decode = notify_decode,
    .file_id = notify_file_id,
    .payload = notify_payload,
    .steps = notify_steps,
    .encode = notify_encode,
    .closed_status = SMBKIT_STATUS_NOTIFY_CLEANUP,
    .release = notify_release,
};
