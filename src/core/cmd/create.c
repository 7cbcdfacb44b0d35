// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE ([MS-SMB2] 3.3.5.9, [MS-FSA] 2.1.5.1) as a list of steps.
 *
 *   parse      everything that can be refused without asking the plugin (create_parse.c)
 *   reconnect  ... unless it wants a durable open back (create_durable.c)
 *   begin      an open to fill
 *   locate     the plugin opens what exists, without changing anything (create_make.c)
 *   base       a stream that does not exist: the plugin opens its file
 *   guard      what exists: what do its descriptor and its folder's allow? (create_access.c)
 *   parent     what does not: may it be made there, and which descriptor does it inherit?
 *   make       the plugin makes it; of a stream without a file, the file first (create_make.c)
 *   judge      type, attributes and access rights against what was asked (create_judge.c)
 *   knows      extended attributes that whoever opens it must understand (create_judge.c)
 *   claim      oplocks and leases that are in the way break, which may take a while, then share
 *              modes: from here on others see this open (create_claim.c)
 *   again      ... after such a while: begin with locate
 *   overwrite  OVERWRITE and SUPERSEDE cut the file (create_overwrite.c)
 *   dress      ... and give it its new attributes
 *   adorn      extended attributes
 *   reserve    AllocationSize
 *   publish    oplock or lease (create_lease.c), the response (create_reply.c): the file id becomes
 *              valid
 *
 * The undo list is the open itself: it is made in `parse` and knows what has been done (has_file,
 * the lease engine's attachment); open_abort takes all of that back, and removes the name when
 * `make` had made it. The file of a new stream is held by an open of its own, so that it can be
 * removed as well. release does so whenever the request ends without success.
 */
#include "core/cmd/create.h"
#include "core/batch.h"
#include "core/conn.h"
#include "core/meta.h"
#include "core/notify.h"
#include "core/oplock.h"
#include "core/session.h"
#include "core/state.h"
#include "core/tree.h"
#include "wire/notify_rec.h"

static bool create_decode(struct core_request *r, struct cursor *body)
{
    return wire_create_req_decode(body, request_arena(r), &r->in.create);
}

enum core_verdict create_begin(struct core_request *r)
{
    struct create_state *s = r->state_data;
    s->open = open_new(r->tree, r->volume);
    if (s->open == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    create_take_parent_key(s);
    return STEP_NEXT;
}

/* ---------------------------------------------------------------- publish */

/* A stream is news beside its file ([MS-FSA] 2.1.5.1.1, 2.1.5.1.2). */
static void announce_made(struct core_request *r, const struct create_state *s)
{
    struct core_open *o = s->open;
    bool new_name = s->made && (o->stream == NULL || s->base_made);
    if (new_name)
        oplock_parent_touched(o);
    if (new_name)
        notify_changed(o, o->path,
                       o->is_directory ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME,
                       FILE_ACTION_ADDED);
    const char *stream =
        s->made && o->stream != NULL ? meta_stream_path(request_arena(r), o) : NULL;
    if (stream != NULL)
        notify_changed(o, stream, FILE_NOTIFY_CHANGE_STREAM_NAME, FILE_ACTION_ADDED_STREAM);
}

smbkit_status create_wanted(const struct core_request *r)
{
    if (r->session->state == SESSION_GONE)
        return SMBKIT_STATUS_USER_SESSION_DELETED;
    return r->tree->connected ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_NETWORK_NAME_DELETED;
}

enum core_verdict create_too_late(struct core_request *r, smbkit_status status)
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
    smbkit_status st = create_wanted(r);
    if (st != SMBKIT_STATUS_SUCCESS)
        return create_too_late(r, st);
    o->create_options = r->in.create.create_options;
    o->mode = o->create_options &
              (FILE_WRITE_THROUGH | FILE_SEQUENTIAL_ONLY | FILE_NO_INTERMEDIATE_BUFFERING |
               FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT | FILE_DELETE_ON_CLOSE);
    o->delete_on_close = (o->create_options & FILE_DELETE_ON_CLOSE) != 0;
    st = create_grant_caching(r, s);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    o->create_action = s->action;
    if (request_conn(r)->dialect >= SMB2_DIALECT_300)
        o->sequence.channel = r->hdr.channel_sequence;
    if (!create_take_app_instance(r, s))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
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

/* ---------------------------------------------------------------- the undo list */

void create_drop_base(struct create_state *s, bool remove)
{
    if (s->base != NULL)
        open_abort(s->base, remove);
    s->base = NULL;
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
    } else if (smbkit_is_error(r->status) && r->open != NULL && r->open->state == OPEN_LIVE &&
               !s->replay) {
        /* there was no memory to tell the client the file id: nobody will ever close it */
        open_shut(r->open, NULL);
    }
    if (s != NULL) {
        create_drop_base(s, s->base_made);
        durable_end(request_core(r), &s->pending);
    }
}

/* ---------------------------------------------------------------- the steps */

static const struct core_step create_steps[] = {
    {"parse", create_parse},
    {"reconnect", create_reconnect},
    {"resumed", create_resumed},
    {"begin", create_begin},
    {"locate", create_locate},
    {"located", create_located},
    {"short", create_short},
    {"short opened", create_short_opened},
    {"short list", create_short_list},
    {"short listed", create_short_listed},
    {"short cleaned", create_short_cleaned},
    {"short closed", create_short_closed},
    {"base", create_base},
    {"based", create_based},
    {"guard", create_guard},
    {"guarded", create_guarded},
    {"foldered", create_foldered},
    {"parent", create_parent},
    {"parented", create_parented},
    {"make", create_make},
    {"made", create_made},
    {"judge", create_judge},
    {"knows", create_knows},
    {"known", create_known},
    {"claim", create_claim},
    {"again", create_again},
    {"overwrite", create_overwrite},
    {"dress", create_dress},
    {"adorn", create_adorn},
    {"reserve", create_reserve},
    {"publish", create_publish},
    {0},
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
