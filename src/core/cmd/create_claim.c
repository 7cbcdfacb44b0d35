// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE, claim: from here on others see this open. Oplocks and leases that are in the way break,
 * which may take a while; then share modes decide.
 */
#include "base/utf.h"
#include "core/cmd/create.h"
#include "core/meta.h"
#include "core/oplock.h"
#include "core/removal.h"
#include "core/session.h"
#include "core/state.h"
#include "core/tree.h"
#include <string.h>

static void give_back(struct create_state *s)
{
    open_abort(s->open, false);
    s->open = NULL;
}

/* It must wait. Without a handle: whoever is to give way may want to rename or remove the file. */
static enum core_verdict claim_later(struct core_request *r, enum core_verdict verdict)
{
    struct create_state *s = r->state_data;
    if (verdict != STEP_PARK_REPEAT)
        return verdict;
    request_goto(r, create_again);
    if (!s->made)
        give_back(s);
    return verdict;
}

/* Is the file being removed, or has it been since it was located? */
static bool is_going(const struct create_state *s)
{
    return !s->made && s->open->stream == NULL && removal_meets(s->open, s->removals);
}

static enum core_verdict claim_anew(struct core_request *r)
{
    give_back(r->state_data);
    return request_goto(r, create_again);
}

/* Breaks and sharing ([MS-FSA] 2.1.5.1.2): a batch oplock goes first, then the handles that others
   keep for later, when they are in the way, then write caches. SUCCESS, an error, or PENDING with
   *verdict. */
static smbkit_status claim_check(struct core_request *r, struct lease_node *n,
                                 const struct lease_open_args *args, enum core_verdict *verdict)
{
    struct create_state *s = r->state_data;
    const struct lease_actor actor = create_lease_actor(r, s);
    bool overwrites = create_overwrites(r->in.create.create_disposition);
    enum lease_op op = overwrites ? LEASE_OP_OVERWRITE : LEASE_OP_OPEN;
    if (lease_node_delete_pending(n, args->link))
        return SMBKIT_STATUS_DELETE_PENDING;
    if (r->in.create.create_disposition == FILE_CREATE && !s->made)
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    if (s->wants_lease &&
        lease_key_check(n->table, actor.client, actor.key, n) != SMBKIT_STATUS_SUCCESS)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    smbkit_status st = create_replace_app_instance(r, s, n);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    if (lease_has_batch(n) && !oplock_clear_node(r, n, op, &actor, verdict))
        return SMBKIT_STATUS_PENDING;
    st = lease_open_check(n, args);
    if (st == SMBKIT_STATUS_SHARING_VIOLATION &&
        !oplock_clear_node(r, n, LEASE_OP_SHARING, &actor, verdict))
        return SMBKIT_STATUS_PENDING;
    if (st == SMBKIT_STATUS_SHARING_VIOLATION)
        st = lease_open_check(n, args); /* a kept open has been closed for it */
    if (st == SMBKIT_STATUS_SUCCESS && !oplock_clear_node(r, n, op, &actor, verdict))
        return SMBKIT_STATUS_PENDING;
    return st;
}

enum core_verdict create_claim(struct core_request *r)
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
    smbkit_status st = create_wanted(r);
    if (st != SMBKIT_STATUS_SUCCESS) /* nobody gives way to one who is not there any more */
        return create_too_late(r, st);
    if (is_going(s))
        return request_done(r, SMBKIT_STATUS_DELETE_PENDING);
    if (!meta_lease_key(request_arena(r), o, o->stream, &key))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    struct lease_node *n = lease_node_get(&o->core->leases, &key, o->is_directory);
    if (n == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    st = claim_check(r, n, &args, &verdict);
    /* a kept open that gave way may have taken the file with it */
    bool removed = st == SMBKIT_STATUS_SUCCESS && is_going(s);
    if (st == SMBKIT_STATUS_SUCCESS && !removed)
        st = lease_open_attach(n, &o->lease, &args);
    lease_node_unref(n);
    if (removed)
        return claim_anew(r);
    if (st == SMBKIT_STATUS_PENDING)
        return claim_later(r, verdict);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    o->access = s->granted;
    return request_goto(r, create_overwrite);
}

/* What was in the way has given way. Meanwhile the file may have been changed, renamed, removed. */
enum core_verdict create_again(struct core_request *r)
{
    struct create_state *s = r->state_data;
    smbkit_status st = create_wanted(r);
    if (st != SMBKIT_STATUS_SUCCESS)
        return create_too_late(r, st);
    if (s->open != NULL)
        return request_goto(r, create_claim);
    s->open = open_new(r->tree, r->volume);
    if (s->open == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    create_take_parent_key(s);
    s->tries = 0;
    return request_goto(r, create_locate);
}
