// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE: which oplock or lease is asked for, and what is granted ([MS-SMB2] 3.3.5.9.8, 3.3.5.9.11
 * and "Oplock Acquisition" of 3.3.5.9).
 */
#include "core/cmd/create.h"
#include "core/told.h"

/* [MS-SMB2] 3.3.5.9.8, 3.3.5.9.11: is there a lease context, and does it count? */
bool create_lease_asked(const struct core_request *r, const struct create_state *s)
{
    uint16_t dialect = request_conn(r)->dialect;
    return r->in.create.oplock_level == SMB2_OPLOCK_LEVEL_LEASE &&
           (s->ctxs.present & WIRE_CTX_BIT(WIRE_CTX_RQLS)) &&
           dialect >= (s->ctxs.lease.version == 2 ? SMB2_DIALECT_300 : SMB2_DIALECT_210);
}

/* Who opens, for the engine. */
struct lease_actor create_lease_actor(const struct core_request *r, const struct create_state *s)
{
    struct lease_actor a = {.access = s->granted | s->implied};
    if (s->wants_lease) {
        a.client = &request_conn(r)->client_guid;
        a.key = &s->ctxs.lease.key;
    }
    return a;
}

/* The folder's lease with this key needs not hear what the open does. */
void create_take_parent_key(struct create_state *s)
{
    s->open->has_parent_key =
        s->wants_lease && (s->ctxs.lease.flags & SMB2_LEASE_FLAG_PARENT_LEASE_KEY_SET) != 0;
    s->open->parent_key = s->ctxs.lease.parent_key;
}

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
   cached, nor what it has changed since we looked. */
smbkit_status create_grant_caching(struct core_request *r, struct create_state *s)
{
    uint8_t level = r->in.create.oplock_level;
    if ((s->attr.flags & SMBKIT_FILE_NO_CACHE) || told_meets(s->open, s->told))
        return SMBKIT_STATUS_SUCCESS;
    if (s->wants_lease)
        return grant_lease(r, s);
    if (level != SMB2_OPLOCK_LEVEL_LEASE)
        lease_grant_oplock(&s->open->lease, level, s->attr.alloc_size);
    return SMBKIT_STATUS_SUCCESS;
}

struct wire_lease create_lease_response(const struct lease_grant *g)
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
