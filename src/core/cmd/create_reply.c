// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE: the response and its contexts ([MS-SMB2] 2.2.14).
 */
#include "core/cmd/create.h"
#include "core/meta.h"
#include "core/share.h"
#include "core/tree.h"

bool create_fill_contexts(struct core_request *r, struct create_state *s, const struct core_open *o)
{
    struct wire_create_rsp_ctxs *x = arena_alloc(request_arena(r), sizeof *x);
    if (x == NULL)
        return false;
    if (s->ctxs.present & WIRE_CTX_BIT(WIRE_CTX_MXAC)) {
        x->present |= WIRE_CTX_BIT(WIRE_CTX_MXAC);
        x->max_access.access = s->effective & tree_maximal_access(r->tree);
    }
    if (s->ctxs.present & WIRE_CTX_BIT(WIRE_CTX_QFID)) {
        x->present |= WIRE_CTX_BIT(WIRE_CTX_QFID);
        x->disk_id.file_id = s->attr.file_id;
        x->disk_id.volume_id = vfs_volume_id(o->volume);
    }
    const struct lease_grant *g = o->lease.grant;
    if (g != NULL && g->is_lease) {
        x->present |= WIRE_CTX_BIT(WIRE_CTX_RQLS);
        x->lease = create_lease_response(g);
    }
    bool durable = o->durable.kind == DURABLE_WHILE_CACHED;
    if (durable && !o->durable.v2 && (s->ctxs.present & CREATE_CTX(DHNQ)))
        x->present |= CREATE_CTX(DHNQ);
    if (durable && o->durable.v2 && (s->ctxs.present & CREATE_CTX(DH2Q))) {
        x->present |= CREATE_CTX(DH2Q);
        x->durable_v2.timeout = (uint32_t)o->durable.timeout_ms;
    }
    return wire_create_rsp_ctxs_build(request_arena(r), x, NULL, 0, &s->rsp.ctxs,
                                      &s->rsp.ctx_count);
}

void create_fill_response(struct create_state *s, struct core_open *o)
{
    const struct smbkit_attr *a = &s->attr;
    times_show(o, &s->attr);
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
    s->rsp.file_attributes = meta_open_attributes(o, a);
    s->rsp.file_id = (struct wire_file_id){o->persistent_id, o->volatile_id};
}

bool create_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    struct create_state *s = r->state_data;
    return wire_create_rsp_encode(b, hdr, &s->rsp);
}
