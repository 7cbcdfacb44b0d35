// SPDX-License-Identifier: Apache-2.0
/* LOCK ([MS-SMB2] 3.3.5.14): the wire's side of lease/lock.h. */
#include "core/cmd/lock.h"
#include "core/command.h"
#include "core/conn.h"
#include "core/open.h"
#include "core/oplock.h"
#include "core/request.h"
#include "core/session.h"

_Static_assert((int)LEASE_LOCK_SHARED == (int)SMB2_LOCKFLAG_SHARED_LOCK, "same values");
_Static_assert((int)LEASE_LOCK_EXCLUSIVE == (int)SMB2_LOCKFLAG_EXCLUSIVE_LOCK, "same values");
_Static_assert((int)LEASE_LOCK_UNLOCK == (int)SMB2_LOCKFLAG_UNLOCK, "same values");
_Static_assert((int)LEASE_LOCK_FAIL_IMMEDIATELY == (int)SMB2_LOCKFLAG_FAIL_IMMEDIATELY,
               "same values");

struct lock_state {
    struct lease_lock_wait wait;
    struct core_request *request;
};

static bool lock_decode(struct core_request *r, struct cursor *body)
{
    return wire_lock_req_decode(body, request_arena(r), &r->in.lock);
}

static struct wire_file_id *lock_file_id(struct core_request *r)
{
    return &r->in.lock.file_id;
}

/* 3.3.5.14: replays are told apart for opens that survive a lost connection, and in 3.x, where
   another channel may carry them. */
static bool uses_sequence(const struct core_request *r)
{
    uint16_t dialect = request_conn(r)->dialect;
    bool survives = r->open->durable.kind != DURABLE_NONE && dialect >= SMB2_DIALECT_210;
    return (survives || dialect >= SMB2_DIALECT_300) && r->in.lock.lock_sequence != 0;
}

static void lock_unpark(struct core_request *r)
{
    struct lock_state *s = r->state_data;
    lease_lock_cancel(&s->wait);
}

void lock_wait_ended(struct lease_lock_wait *w, smbkit_status status)
{
    struct lock_state *s = CONTAINER_OF(w, struct lock_state, wait);
    struct core_request *r = s->request;
    if (status == SMBKIT_STATUS_SUCCESS && uses_sequence(r))
        lease_lockseq_record(&r->open->lockseq, r->in.lock.lock_sequence);
    request_complete(r, status);
}

static struct lease_lock_elem *elements(struct core_request *r)
{
    const struct wire_lock_req *q = &r->in.lock;
    struct lease_lock_elem *e = arena_array(request_arena(r), q->lock_count, sizeof *e);
    for (size_t i = 0; e != NULL && i < q->lock_count; i++)
        e[i] = (struct lease_lock_elem){
            .offset = q->locks[i].offset, .length = q->locks[i].length, .flags = q->locks[i].flags};
    return e;
}

static bool takes_locks(const struct wire_lock_req *q)
{
    return q->lock_count > 0 && !(q->locks[0].flags & SMB2_LOCKFLAG_UNLOCK);
}

/* On an expired session only unlocking is allowed, as on Windows; 3.3.5.2.9 lets both pass. */
static bool session_refuses(const struct core_request *r)
{
    return r->session->state != SESSION_VALID && takes_locks(&r->in.lock);
}

static enum core_verdict lock_run(struct core_request *r)
{
    const struct wire_lock_req *q = &r->in.lock;
    struct core_open *o = r->open;
    struct lease_actions actions;
    struct lock_state *s = arena_alloc(request_arena(r), sizeof *s);
    struct lease_lock_elem *e = elements(r);
    if (s == NULL || e == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    if (session_refuses(r))
        return request_done(r, SMBKIT_STATUS_NETWORK_SESSION_EXPIRED);
    if (uses_sequence(r) && lease_lockseq_is_replay(&o->lockseq, q->lock_sequence))
        return request_done(r, SMBKIT_STATUS_SUCCESS);
    if (!(o->access & (FILE_READ_DATA | FILE_WRITE_DATA)) && !o->is_directory)
        return request_done(r, SMBKIT_STATUS_ACCESS_DENIED);
    enum core_verdict verdict;
    if (takes_locks(q) && !oplock_clear(r, LEASE_OP_LOCK, &verdict))
        return verdict;
    r->state_data = s;
    s->request = r;
    lease_lock_wait_init(&s->wait);
    lease_actions_init(&actions);
    smbkit_status st = lease_lock_request(&o->lease, e, q->lock_count, &s->wait, &actions);
    oplock_run_actions(request_core(r), &actions);
    if (st == SMBKIT_STATUS_PENDING)
        return request_wait(r, lock_unpark, STEP_PARK);
    if (st == SMBKIT_STATUS_SUCCESS && uses_sequence(r))
        lease_lockseq_record(&o->lockseq, q->lock_sequence);
    return request_done(r, st);
}

static bool lock_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    struct wire_lock_rsp rsp = {0};
    return wire_lock_rsp_encode(b, hdr, &rsp);
}

static const struct core_step lock_steps[] = {{"lock", lock_run}, {0}};

const struct core_command command_lock = {
    .code = SMB2_LOCK,
    .name = "LOCK",
    .flags = CMD_NEEDS_SESSION | CMD_NEEDS_TREE | CMD_NEEDS_OPEN | CMD_WHEN_EXPIRED,
    .decode = lock_decode,
    .file_id = lock_file_id,
    .steps = lock_steps,
    .encode = lock_encode,
    .closed_status = SMBKIT_STATUS_RANGE_NOT_LOCKED,
};
