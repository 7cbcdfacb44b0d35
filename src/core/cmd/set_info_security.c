// SPDX-License-Identifier: Apache-2.0
/*
 * SET_INFO of SMB2_0_INFO_SECURITY ([MS-SMB2] 3.3.5.21.3, [MS-FSA] 2.1.5.17): the parts that are
 * named replace those of the file's descriptor.
 *
 * Where plugins keep none, a valid descriptor is accepted and forgotten (note 431).
 */
#include "core/cmd/set_info.h"
#include "core/meta.h"
#include "core/open.h"
#include "core/oplock.h"
#include "core/session.h"
#include "core/share.h"
#include "core/tree.h"

static enum core_verdict merge(struct core_request *r)
{
    struct core_open *o = r->open;
    struct set_state *s = set_state(r);
    struct wire_sd old, sd;
    const uint8_t *bytes;
    size_t len;
    smbkit_status st = meta_take_sd(r, o->is_directory, &old);
    if (st == SMBKIT_STATUS_SUCCESS)
        st = acl_merge_sd(request_arena(r), &old, s->sd, r->in.set_info.additional_information,
                          &r->session->token, &sd);
    if (st == SMBKIT_STATUS_SUCCESS)
        st = meta_encode_sd(r, &sd, &bytes, &len);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    s->filter = FILE_NOTIFY_CHANGE_SECURITY;
    return flow_await(r, vfs_set_sd(&r->op, o->volume, o->file, bytes, len), set_done);
}

enum core_verdict set_security(struct core_request *r)
{
    struct core_open *o = r->open;
    struct cursor c = set_input(r);
    struct wire_sd *sd = arena_alloc(request_arena(r), sizeof *sd);
    enum core_verdict verdict;
    if (sd == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    if (c.end > WIRE_SD_SIZE_MAX || !wire_sd_decode(&c, request_arena(r), sd))
        return request_done(r, SMBKIT_STATUS_INVALID_SECURITY_DESCR);
    if (!meta_has_acls(o->volume))
        return request_done(r, SMBKIT_STATUS_SUCCESS);
    if (r->tree->share->keep_acl_flags) /* as if it had been asked for */
        sd->control |= (sd->control & (SE_DACL_AUTO_INHERITED | SE_SACL_AUTO_INHERITED)) >> 2;
    set_state(r)->sd = sd;
    if (!oplock_clear(r, LEASE_OP_SECURITY, &verdict))
        return verdict;
    return flow_await(r, vfs_get_sd(&r->op, o->volume, o->file), merge);
}
