// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE and durable opens ([MS-SMB2] 3.3.5.9.6, 3.3.5.9.7, 3.3.5.9.10, 3.3.5.9.12): contexts that
 * ask for durability, and requests that want an open back. durable.c keeps the opens.
 */
#include "core/cmd/create.h"
#include "core/session.h"
#include "core/state.h"
#include <string.h>

#define CTX CREATE_CTX

/* Which of the four durable contexts exclude each other: 3.3.5.9.6, .7, .10, .12. */
static const struct {
    uint32_t with, none_of;
} durable_rules[] = {
    {CTX(DHNQ), CTX(DH2Q) | CTX(DH2C)},
    {CTX(DHNC), CTX(DH2Q) | CTX(DH2C)},
    {CTX(DH2Q), CTX(DHNQ) | CTX(DHNC) | CTX(DH2C)},
    {CTX(DH2C), CTX(DHNQ) | CTX(DHNC) | CTX(DH2Q)},
};

bool create_durable_contexts_fit(const struct create_state *s)
{
    for (size_t i = 0; i < ARRAY_LEN(durable_rules); i++)
        if ((s->ctxs.present & durable_rules[i].with) &&
            (s->ctxs.present & durable_rules[i].none_of))
            return false;
    return true;
}

bool create_wants_durable(const struct create_state *s)
{
    return (s->ctxs.present & (CTX(DHNC) | CTX(DH2C) | CTX(DH2Q))) != 0;
}

bool create_wants_back(const struct create_state *s)
{
    return (s->ctxs.present & (CTX(DHNC) | CTX(DH2C))) != 0;
}

static bool asks_v2(const struct core_request *r, const struct create_state *s)
{
    return (s->ctxs.present & CTX(DH2Q)) != 0 && request_conn(r)->dialect >= SMB2_DIALECT_300;
}

/* A lease context counts whatever the oplock level says. */
static struct durable_reconnect reconnect_of(const struct create_state *s)
{
    return (struct durable_reconnect){
        .lease = s->ctxs.present & CTX(RQLS) ? &s->ctxs.lease : NULL,
        .path = s->path_valid ? s->path.path : NULL,
    };
}

/* Is a replay by the one who has made the open (3.3.5.9)? */
static smbkit_status check_replay(const struct core_request *r, const struct create_state *s,
                                  const struct core_open *o)
{
    const struct lease_grant *g = o->lease.grant;
    bool leased = g != NULL && g->is_lease;
    if (strcmp(o->durable.owner, r->session->user_id) != 0 || leased != s->wants_lease ||
        (leased && !guid_equal(&g->key, &s->ctxs.lease.key)))
        return SMBKIT_STATUS_ACCESS_DENIED;
    return o->session == r->session ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_DUPLICATE_OBJECTID;
}

/* A CREATE with a CreateGuid that this client has used (3.3.5.9, 3.3.5.9.10): a replay of one whose
   answer was lost gets the same open, anything else is a mistake. While the first one is still at
   work the client is told to try again (3.2.5.7): done side by side, both would open the file, and
   nobody would ever close the other one. Windows does that. */
static smbkit_status find_replayed(struct core_request *r, struct create_state *s)
{
    struct core *c = request_core(r);
    s->pending.create_guid = s->ctxs.durable_v2.create_guid;
    s->pending.client = request_conn(r)->client_guid;
    struct core_open *o = durable_find_guid(c, &s->pending.create_guid, &s->pending.client);
    if (o == NULL) {
        smbkit_status st = durable_begin(c, &s->pending);
        r->replayable = st == SMBKIT_STATUS_SUCCESS;
        return st;
    }
    if (!(r->hdr.flags & SMB2_FLAGS_REPLAY_OPERATION))
        return SMBKIT_STATUS_DUPLICATE_OBJECTID;
    s->replay = true;
    if (o->state == OPEN_KEPT) {
        struct durable_reconnect rc = reconnect_of(s);
        rc.v2 = true;
        rc.persistent_id = o->persistent_id;
        rc.create_guid = s->pending.create_guid;
        return durable_resume(r, &rc, &s->resumed);
    }
    smbkit_status st = check_replay(r, s, o);
    if (st == SMBKIT_STATUS_SUCCESS)
        s->resumed = open_use(o);
    return st;
}

/* 3.3.5.9.7, 3.3.5.9.12 */
static smbkit_status find_kept(struct core_request *r, struct create_state *s)
{
    struct durable_reconnect rc = reconnect_of(s);
    rc.v2 = (s->ctxs.present & CTX(DH2C)) != 0;
    rc.persistent_id = rc.v2 ? s->ctxs.durable_v2_reconnect.file_id.persistent
                             : s->ctxs.durable_reconnect.persistent;
    rc.create_guid = s->ctxs.durable_v2_reconnect.create_guid;
    return durable_resume(r, &rc, &s->resumed);
}

enum core_verdict create_reconnect(struct core_request *r)
{
    struct create_state *s = r->state_data;
    smbkit_status st = SMBKIT_STATUS_SUCCESS;
    if (create_wants_back(s))
        st = find_kept(r, s);
    else if (asks_v2(r, s))
        st = find_replayed(r, s);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    if (s->resumed == NULL)
        return request_goto(r, create_begin);
    return request_await(r, vfs_getattr(&r->op, s->resumed->volume, s->resumed->file));
}

/* As Windows: with the oplock that was asked for this time, and durable when that would do. */
static void answer_replay(struct create_state *s, uint8_t level)
{
    if (s->rsp.oplock_level != SMB2_OPLOCK_LEVEL_LEASE)
        s->rsp.oplock_level = level;
    if (level != SMB2_OPLOCK_LEVEL_BATCH && level != SMB2_OPLOCK_LEVEL_LEASE)
        s->ctxs.present &= ~CTX(DH2Q);
}

enum core_verdict create_resumed(struct core_request *r)
{
    struct create_state *s = r->state_data;
    struct core_open *o = s->resumed;
    s->resumed = NULL;
    r->open = o; /* the use goes with it */
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    s->attr = r->op.attr;
    s->action = s->replay ? o->create_action : FILE_OPENED;
    create_fill_response(s, o);
    s->ctxs.present &= ~(CTX(MXAC) | CTX(QFID));
    if (s->replay)
        answer_replay(s, r->in.create.oplock_level);
    if (!create_fill_contexts(r, s, o))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    r->chain.file = s->rsp.file_id;
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

/* 3.3.5.9.6, 3.3.5.9.10 */
void create_grant_durability(struct core_request *r, struct create_state *s)
{
    struct durable_request rq = {.v2 = asks_v2(r, s), .client = request_conn(r)->client_guid};
    if (!rq.v2 && !(s->ctxs.present & CTX(DHNQ)))
        return;
    if (rq.v2) {
        rq.timeout_ms = s->ctxs.durable_v2.timeout;
        rq.create_guid = s->ctxs.durable_v2.create_guid;
    }
    durable_grant(s->open, &rq);
}
