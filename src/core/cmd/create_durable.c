// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE and durable opens ([MS-SMB2] 3.3.5.9.6, 3.3.5.9.7, 3.3.5.9.10, 3.3.5.9.12): contexts that
 * ask for durability, and requests that want an open back. durable.c keeps the opens.
 */
#include "core/cmd/create.h"
#include "core/state.h"

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

/* A lease context counts whatever the oplock level says. */
static struct durable_reconnect reconnect_of(const struct create_state *s)
{
    return (struct durable_reconnect){
        .lease = s->ctxs.present & CTX(RQLS) ? &s->ctxs.lease : NULL,
        .path = s->path_valid ? s->path.path : NULL,
    };
}

/* A CREATE with a CreateGuid that this client has used (3.3.5.9.10): a replay of one whose answer
   was lost gets the same open, anything else is a mistake. */
static smbkit_status find_replayed(struct core_request *r, struct create_state *s)
{
    struct core *c = request_core(r);
    struct core_open *o =
        durable_find_guid(c, &s->ctxs.durable_v2.create_guid, &request_conn(r)->client_guid);
    if (o == NULL)
        return SMBKIT_STATUS_SUCCESS;
    if (!(r->hdr.flags & SMB2_FLAGS_REPLAY_OPERATION))
        return SMBKIT_STATUS_DUPLICATE_OBJECTID;
    if (o->state == OPEN_KEPT) {
        struct durable_reconnect rc = reconnect_of(s);
        rc.v2 = true;
        rc.persistent_id = o->persistent_id;
        rc.create_guid = s->ctxs.durable_v2.create_guid;
        return durable_resume(r, &rc, &s->resumed);
    }
    if (o->session != r->session)
        return SMBKIT_STATUS_ACCESS_DENIED;
    s->resumed = open_use(o);
    return SMBKIT_STATUS_SUCCESS;
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
    bool request = (s->ctxs.present & CTX(DH2Q)) != 0;
    smbkit_status st = request ? find_replayed(r, s) : find_kept(r, s);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    if (s->resumed == NULL)
        return request_goto(r, create_begin);
    return request_await(r, vfs_getattr(&r->op, s->resumed->volume, s->resumed->file));
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
    s->action = FILE_OPENED;
    create_fill_response(s, o);
    s->ctxs.present &= ~(CTX(MXAC) | CTX(QFID));
    if (!create_fill_contexts(r, s, o))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    r->chain.file = s->rsp.file_id;
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

/* 3.3.5.9.6, 3.3.5.9.10 */
void create_grant_durability(struct core_request *r, struct create_state *s)
{
    struct durable_request rq = {.v2 = (s->ctxs.present & CTX(DH2Q)) != 0,
                                 .client = request_conn(r)->client_guid};
    if (!(s->ctxs.present & (CTX(DHNQ) | CTX(DH2Q))) ||
        (rq.v2 && request_conn(r)->dialect < SMB2_DIALECT_300))
        return;
    if (rq.v2) {
        rq.timeout_ms = s->ctxs.durable_v2.timeout;
        rq.create_guid = s->ctxs.durable_v2.create_guid;
    }
    durable_grant(s->open, &rq);
}
