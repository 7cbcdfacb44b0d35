// SPDX-License-Identifier: Apache-2.0
/* See durable.h. */
#include "sim/durable.h"

#include "sim/actor.h"
#include "wire/fsctl.h"
#include <stdio.h>
#include <string.h>

#define ACCESS      (FILE_READ_DATA | FILE_WRITE_DATA | DELETE)
#define LOCK_OFFSET 100
#define TIMER_SLACK (2 * NS_PER_MS) /* the core's timers are that fine */
#define V1_TIMEOUT  (60 * NS_PER_S) /* what the server says when it is not asked */

static const char *const names[ACTORS_MAX] = {"r0", "r1", "r2", "r3"};

static struct sim_stats *stats_of(const struct op *op)
{
    return actor_world(op->actor)->stats;
}

static bool certain(const struct op *op)
{
    const struct durable *d = &op->actor->durable;
    return d->certain && !op->actor->sim->faults;
}

/* One request at a time. */
static bool busy(const struct actor *a)
{
    LIST_FOREACH (it, &a->ops)
        if (LIST_ENTRY(it, const struct op, link)->durable)
            return true;
    return false;
}

static void send(struct op *op, const union wire_any *body)
{
    struct smbclient_element e = op_element(op, body);
    op->durable = true;
    op_send(op->actor, &op, &e, 1, 0);
}

/* ---------------------------------------------------------------- opening */

static bool decode(struct op *op, const struct smbclient_reply *rp, struct arena *a,
                   struct wire_create_rsp *rsp, struct wire_create_rsp_ctxs *x)
{
    struct cursor body = rp->body;
    return (wire_create_rsp_decode(&body, a, rsp) &&
            wire_create_rsp_ctxs_parse(rsp->ctxs, rsp->ctx_count, x)) ||
           op_violation(op, "malformed CREATE response");
}

static bool handle_is_cached(const struct wire_create_rsp *rsp,
                             const struct wire_create_rsp_ctxs *x)
{
    if (rsp->oplock_level == SMB2_OPLOCK_LEVEL_LEASE)
        return (x->lease.state & SMB2_LEASE_HANDLE_CACHING) &&
               !(x->lease.flags & SMB2_LEASE_FLAG_BREAK_IN_PROGRESS);
    return rsp->oplock_level == SMB2_OPLOCK_LEVEL_BATCH;
}

static void judge_intruder(struct op *op, const struct smbclient_reply *rp, smbkit_status status);

/* Somebody else's CREATE of the file is, or may still be, at work. One whose connection has gone
   waits for nothing but the plugin. */
static bool intruded(struct actor *a)
{
    struct sim *s = a->sim;
    a->durable_haunted = a->durable_haunted && world_plugin_pending(&s->world) > 0;
    for (size_t i = 0; i < s->actor_count; i++)
        LIST_FOREACH (it, &s->actors[i].ops) {
            const struct op *op = LIST_ENTRY(it, const struct op, link);
            if (op->judge == judge_intruder && op->offset == a->index)
                return true;
        }
    return a->durable_haunted;
}

static void learn_open(struct op *op, const struct wire_create_rsp *rsp,
                       const struct wire_create_rsp_ctxs *x)
{
    struct durable *d = &op->actor->durable;
    bool safe = handle_is_cached(rsp, x);
    d->granted = (x->present & WIRE_CTX_BIT(d->v2 ? WIRE_CTX_DH2Q : WIRE_CTX_DHNQ)) != 0;
    if (d->granted && !safe)
        op_violation(op, "durable without a batch oplock or handle lease");
    if (!d->granted && safe && !op->actor->sim->faults)
        op_violation(op, "not durable although nothing is against it");
    if (d->granted && d->v2)
        d->timeout = x->durable_v2.timeout * NS_PER_MS;
    d->state = DURABLE_HELD;
    d->logon = op->logon;
    d->user = op->logon->user;
    d->write_cached = rsp->oplock_level != SMB2_OPLOCK_LEVEL_LEASE ||
                      (x->lease.state & SMB2_LEASE_WRITE_CACHING) != 0;
    d->id = rsp->file_id;
    d->certain = true;
    d->disturbed = intruded(op->actor);
    d->broken = d->gone = d->locked = d->token_known = false;
    d->resilient = d->maybe_resilient = d->resilience_open = false;
    stats_of(op)->durable_granted += d->granted;
}

static void judge_open(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    struct wire_create_rsp rsp;
    struct wire_create_rsp_ctxs x;
    struct arena a;
    if (status != SMBKIT_STATUS_SUCCESS)
        return;
    arena_init(&a, 65536);
    if (decode(op, rp, &a, &rsp, &x))
        learn_open(op, &rsp, &x);
    arena_clear(&a);
}

/* All that a CREATE of this file says besides its durable context. */
static bool common(struct actor *a, struct arena *mem, union wire_any *body,
                   struct wire_create_req_ctxs *x)
{
    const struct durable *d = &a->durable;
    *body = (union wire_any){.create_req = {
                                 .oplock_level = d->level,
                                 .impersonation_level = SMB2_IMPERSONATION_IMPERSONATION,
                                 .desired_access = ACCESS,
                                 .share_access = 7,
                                 .create_disposition = FILE_OPEN_IF,
                             }};
    if (d->level == SMB2_OPLOCK_LEVEL_LEASE) {
        x->present |= WIRE_CTX_BIT(WIRE_CTX_RQLS);
        x->lease = d->lease;
    }
    body->create_req.name = op_name(mem, names[a->index]);
    return wire_create_req_ctxs_build(mem, x, NULL, 0, &body->create_req.ctxs,
                                      &body->create_req.ctx_count);
}

static void draw_open(struct actor *a)
{
    static const uint32_t timeouts[] = {0, 500, 5000, 30000};
    struct world *w = actor_world(a);
    struct durable *d = &a->durable;
    bool leases = (a->smb.server_capabilities & SMB2_GLOBAL_CAP_LEASING) != 0;
    memset(d, 0, sizeof *d);
    d->v2 = a->smb.dialect >= SMB2_DIALECT_300 && world_chance(w, 700);
    d->timeout = d->v2 ? timeouts[world_below(w, ARRAY_LEN(timeouts))] * NS_PER_MS : V1_TIMEOUT;
    le64_store(d->create_guid.b, ++a->sim->next_key);
    d->level = SMB2_OPLOCK_LEVEL_BATCH;
    if (!leases || world_chance(w, 400))
        return;
    d->level = SMB2_OPLOCK_LEVEL_LEASE;
    d->lease.version = a->smb.dialect >= SMB2_DIALECT_300 && world_chance(w, 700) ? 2 : 1;
    d->lease.state = SMB2_LEASE_READ_CACHING | SMB2_LEASE_HANDLE_CACHING |
                     (world_chance(w, 600) ? SMB2_LEASE_WRITE_CACHING : 0);
    le64_store(d->lease.key.b, ++a->sim->next_key);
}

static void send_open(struct logon *l)
{
    struct wire_create_req_ctxs x = {0};
    struct actor *a = l->actor;
    struct durable *d = &a->durable;
    union wire_any body;
    struct arena mem;
    arena_init(&mem, 4096);
    draw_open(a);
    x.present = WIRE_CTX_BIT(d->v2 ? WIRE_CTX_DH2Q : WIRE_CTX_DHNQ);
    x.durable_v2.timeout = (uint32_t)(d->timeout / NS_PER_MS);
    x.durable_v2.create_guid = d->create_guid;
    if (common(a, &mem, &body, &x)) {
        struct op *op = op_new(a, l, SMB2_CREATE, 0);
        op->judge = judge_open;
        actor_world(a)->stats->durable_asked++;
        send(op, &body);
    }
    arena_clear(&mem);
}

/* ---------------------------------------------------------------- coming back */

/* Everything was right: it must have been in time. */
static bool must_be_there(const struct op *op)
{
    const struct durable *d = &op->actor->durable;
    return certain(op) && (d->resilient || !d->disturbed) && !d->resilience_open && !d->gone &&
           !d->wrong && d->granted && op->actor->conn->delivering_at < d->lost_at + d->timeout;
}

static void judge_given_back(struct op *op, const struct wire_create_rsp *rsp,
                             const struct wire_create_rsp_ctxs *x)
{
    struct durable *d = &op->actor->durable;
    uint64_t over = d->lost_at + d->timeout;
    stats_of(op)->durable_returned++;
    stats_of(op)->durable_certain += must_be_there(op);
    if (d->wrong)
        op_violation(op, "an open was given back for the wrong reasons");
    else if (d->stranger)
        op_violation(op, "an open was given to another user");
    else if (d->gone)
        op_violation(op, "an open was given back that cannot have been kept");
    else if (op->sent_at > over + TIMER_SLACK)
        op_violation(op, "an open was given back although its time was over");
    else if (rsp->file_id.persistent != d->id.persistent)
        op_violation(op, "another open was given back");
    else if (must_be_there(op) && !d->resilient && !handle_is_cached(rsp, x))
        op_violation(op, "an open was given back without what it was kept for");
    d->state = DURABLE_HELD;
    d->unnoticed = false;
    d->disturbed = intruded(op->actor);
    d->logon = op->logon;
    d->id = rsp->file_id;
}

static void judge_refused(struct op *op, smbkit_status status)
{
    struct durable *d = &op->actor->durable;
    struct sim_stats *st = stats_of(op);
    char text[128];
    smbkit_status expected = d->stranger ? SMBKIT_STATUS_ACCESS_DENIED : SMBKIT_STATUS_SUCCESS;
    st->durable_refused++;
    st->durable_denied += status == SMBKIT_STATUS_ACCESS_DENIED;
    if (must_be_there(op) && status != expected) {
        snprintf(text, sizeof text, "%s for an open that is kept", smbkit_status_name(status));
        op_violation(op, text);
    }
    /* what was asked for wrongly is there still */
    if (!d->wrong && !d->stranger)
        d->state = DURABLE_NONE;
}

static void judge_return(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    op->actor->durable.tried = false;
    struct wire_create_rsp rsp;
    struct wire_create_rsp_ctxs x;
    struct arena a;
    if (status != SMBKIT_STATUS_SUCCESS) {
        judge_refused(op, status);
        return;
    }
    arena_init(&a, 65536);
    if (decode(op, rp, &a, &rsp, &x))
        judge_given_back(op, &rsp, &x);
    arena_clear(&a);
}

static void send_return(struct logon *l)
{
    struct wire_create_req_ctxs x = {0};
    struct actor *a = l->actor;
    struct durable *d = &a->durable;
    struct wire_file_id id = d->id;
    struct guid guid = d->create_guid;
    union wire_any body;
    struct arena mem;
    d->wrong = world_chance(actor_world(a), 150);
    d->stranger = strcmp(d->user, l->user) != 0;
    if (d->wrong && (!d->v2 || world_chance(actor_world(a), 500)))
        id.persistent += 1000000;
    else if (d->wrong)
        guid.b[15]++;
    x.present = WIRE_CTX_BIT(d->v2 ? WIRE_CTX_DH2C : WIRE_CTX_DHNC);
    x.durable_reconnect = x.durable_v2_reconnect.file_id = id;
    x.durable_v2_reconnect.create_guid = guid;
    arena_init(&mem, 4096);
    if (common(a, &mem, &body, &x)) {
        struct op *op = op_new(a, l, SMB2_CREATE, 0);
        op->judge = judge_return;
        op->sent_at = actor_world(a)->now;
        d->tried = true;
        actor_world(a)->stats->durable_wanted++;
        send(op, &body);
    }
    arena_clear(&mem);
}

/* ---------------------------------------------------------------- using it */

static void judge_use(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    struct durable *d = &op->actor->durable;
    bool on = !op->flag && op->command == SMB2_LOCK;
    op->expected = SMBKIT_STATUS_SUCCESS;
    if (certain(op))
        op_judge_status(op, rp, status);
    if (op->command == SMB2_LOCK)
        d->locked = on && status == SMBKIT_STATUS_SUCCESS;
    if (op->command == SMB2_CLOSE)
        d->state = DURABLE_NONE;
    if (op->command == SMB2_WRITE)
        d->token_known = status == SMBKIT_STATUS_SUCCESS;
}

static void judge_token(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    struct durable *d = &op->actor->durable;
    struct wire_read_rsp rsp = {0};
    struct cursor body = rp->body;
    struct arena a;
    op->expected = SMBKIT_STATUS_SUCCESS;
    if (!certain(op) || !d->token_known)
        return;
    op_judge_status(op, rp, status);
    arena_init(&a, 65536);
    if (status == SMBKIT_STATUS_SUCCESS &&
        (!wire_read_rsp_decode(&body, &a, &rsp) || rsp.payload.len != 8 ||
         le64_load(rsp.payload.data) != d->token))
        op_violation(op, "the data of a durable open are not what was written");
    arena_clear(&a);
}

static void send_write(struct logon *l)
{
    struct durable *d = &l->actor->durable;
    struct op *op = op_new(l->actor, l, SMB2_WRITE, 8);
    d->token = ++l->actor->sim->next_key;
    d->token_known = false;
    le64_store(op->data, d->token);
    union wire_any body = {.write_req = {.file_id = d->id, .payload = {op->data, 8}}};
    op->judge = judge_use;
    send(op, &body);
}

static void send_read(struct logon *l)
{
    struct op *op = op_new(l->actor, l, SMB2_READ, 0);
    union wire_any body = {.read_req = {.file_id = l->actor->durable.id,
                                        .length = 8,
                                        .padding = WIRE_READ_DATA_OFFSET}};
    op->judge = judge_token;
    send(op, &body);
}

static void send_lock(struct logon *l)
{
    struct durable *d = &l->actor->durable;
    struct op *op = op_new(l->actor, l, SMB2_LOCK, 0);
    struct wire_lock_element e = {.offset = LOCK_OFFSET,
                                  .length = 10,
                                  .flags = d->locked ? SMB2_LOCKFLAG_UNLOCK
                                                     : SMB2_LOCKFLAG_EXCLUSIVE_LOCK |
                                                           SMB2_LOCKFLAG_FAIL_IMMEDIATELY};
    union wire_any body = {.lock_req = {.file_id = d->id, .locks = &e, .lock_count = 1}};
    op->flag = d->locked;
    op->judge = judge_use;
    send(op, &body);
}

static void judge_resilient(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    struct durable *d = &op->actor->durable;
    op->expected = SMBKIT_STATUS_SUCCESS;
    d->resilience_open = false;
    if (certain(op))
        op_judge_status(op, rp, status);
    if (status != SMBKIT_STATUS_SUCCESS)
        return;
    d->resilient = true;
    d->timeout = op->offset;
    stats_of(op)->durable_resilient++;
}

/* Until it is answered the longer time may count. */
static void send_resilient(struct logon *l)
{
    static const uint32_t timeouts[] = {500, 5000, 30000};
    struct durable *d = &l->actor->durable;
    struct op *op = op_new(l->actor, l, SMB2_IOCTL, 8);
    uint32_t ms = timeouts[world_below(actor_world(l->actor), ARRAY_LEN(timeouts))];
    le32_store(op->data, ms);
    le32_store(op->data + 4, 0);
    union wire_any body = {.ioctl_req = {.ctl_code = FSCTL_LMR_REQUEST_RESILIENCY,
                                         .file_id = d->id,
                                         .flags = SMB2_0_IOCTL_IS_FSCTL,
                                         .input = {op->data, 8}}};
    op->offset = ms * NS_PER_MS;
    op->judge = judge_resilient;
    d->maybe_resilient = d->resilience_open = true;
    d->timeout = MAX(d->timeout, op->offset);
    send(op, &body);
}

static void send_close(struct logon *l)
{
    struct op *op = op_new(l->actor, l, SMB2_CLOSE, 0);
    union wire_any body = {.close_req = {.file_id = l->actor->durable.id}};
    op->judge = judge_use;
    send(op, &body);
}

static void use(struct logon *l)
{
    void (*const ways[])(struct logon *) = {send_write, send_read, send_lock};
    struct world *w = actor_world(l->actor);
    bool newer = l->actor->smb.dialect >= SMB2_DIALECT_210;
    if (!l->actor->durable.granted || world_chance(w, 50))
        send_close(l);
    else if (newer && world_chance(w, 100))
        send_resilient(l);
    else
        ways[world_below(w, ARRAY_LEN(ways))](l);
}

/* ---------------------------------------------------------------- others */

/* An open that nobody uses, but that is certainly kept, and alone. */
static bool only_kept(struct actor *a)
{
    const struct durable *d = &a->durable;
    return d->state == DURABLE_LOST && d->granted && d->certain && !d->gone && !d->tried &&
           !d->unnoticed && !a->sim->faults && actor_world(a)->now < d->lost_at + d->timeout;
}

/* It shares nothing: whatever is only kept must make room, but what is resilient. */
static void judge_intruder(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    struct actor *a = &op->actor->sim->actors[op->offset];
    struct wire_create_rsp rsp;
    struct cursor body = rp->body;
    struct arena mem;
    bool alone = op->flag && only_kept(a) && a->durable.intrusions == op->length;
    if (status == SMBKIT_STATUS_SHARING_VIOLATION && alone && !a->durable.maybe_resilient)
        op_violation(op, "an open that is only kept stands in the way");
    if (status == SMBKIT_STATUS_SUCCESS && alone && a->durable.resilient)
        op_violation(op, "somebody was let in to a file that is resilient");
    stats_of(op)->durable_held_off +=
        status == SMBKIT_STATUS_SHARING_VIOLATION && alone && a->durable.resilient;
    if (status != SMBKIT_STATUS_SUCCESS)
        return;
    stats_of(op)->durable_preferred += a->durable.state == DURABLE_LOST;
    a->durable.gone = a->durable.state == DURABLE_LOST;
    arena_init(&mem, 65536);
    if (op->logon->wild_count < WILD_HANDLES && wire_create_rsp_decode(&body, &mem, &rsp))
        op->logon->wild[op->logon->wild_count++] = rsp.file_id;
    arena_clear(&mem);
}

static void intrude(struct logon *l)
{
    struct actor *self = l->actor;
    size_t who = world_below(actor_world(self), self->sim->actor_count);
    struct actor *a = &self->sim->actors[who];
    union wire_any body = {.create_req = {.impersonation_level = SMB2_IMPERSONATION_IMPERSONATION,
                                          .desired_access = FILE_READ_DATA,
                                          .create_disposition = FILE_OPEN}};
    struct arena mem;
    if (a == self)
        return;
    arena_init(&mem, 4096);
    body.create_req.name = op_name(&mem, names[a->index]);
    struct op *op = op_new(self, l, SMB2_CREATE, 0);
    struct smbclient_element e = op_element(op, &body);
    op->judge = judge_intruder;
    op->offset = who;
    op->flag =
        only_kept(a) && !a->durable.disturbed && world_plugin_pending(actor_world(self)) == 0;
    op->length = ++a->durable.intrusions;
    a->durable.disturbed = true;
    op_send(self, &op, &e, 1, 0);
    arena_clear(&mem);
}

/* ---------------------------------------------------------------- the course of things */

bool durable_act(struct logon *l)
{
    struct actor *a = l->actor;
    struct durable *d = &a->durable;
    if (world_chance(actor_world(a), 60)) {
        intrude(l);
        return true;
    }
    if (!busy(a) && d->tried) { /* nobody knows what became of the last attempt */
        d->certain = d->tried = false;
        d->unnoticed = true;
    }
    if (busy(a) || (d->state == DURABLE_HELD && d->logon != l))
        return false;
    if (d->state == DURABLE_NONE)
        send_open(l);
    else if (d->state == DURABLE_HELD)
        use(l);
    else
        send_return(l);
    return true;
}

static void lose(struct actor *a, bool sure)
{
    struct durable *d = &a->durable;
    if (d->state == DURABLE_HELD) {
        d->state = d->granted ? DURABLE_LOST : DURABLE_NONE;
        d->lost_at = actor_world(a)->now;
        /* locks without a write cache would be in everybody's way: such an open is not kept */
        d->gone = !d->maybe_resilient &&
                  (d->broken || (d->certain && sure && d->locked && !d->write_cached));
        actor_world(a)->stats->durable_lost += d->granted;
        actor_world(a)->stats->durable_broken += d->granted && d->broken;
    } else if (d->tried || d->unnoticed) {
        sure = false; /* it may have come back unnoticed, and have been lost again */
        d->lost_at = actor_world(a)->now;
    } else {
        sure = true; /* it does not touch what is kept */
    }
    d->certain = d->certain && sure;
}

void durable_dropped(struct actor *a)
{
    LIST_FOREACH (it, &a->ops) {
        const struct op *op = LIST_ENTRY(it, const struct op, link);
        if (op->judge == judge_intruder)
            a->sim->actors[op->offset].durable_haunted = true;
    }
    bool ending = a->durable.logon != NULL && a->durable.logon->ending;
    /* when the server ends it, nobody knows when that was */
    lose(a, !busy(a) && !ending && !a->conn->closing);
    a->durable.logon = NULL;
    a->durable.tried = a->durable.unnoticed = false; /* it was lost now at the latest */
}

void durable_ended(struct logon *l)
{
    struct actor *a = l->actor;
    if (a->durable.state != DURABLE_HELD || a->durable.logon == l)
        lose(a, false);
}

/* It is not acknowledged. */
void durable_told(struct actor *a, const struct wire_break_notification *n)
{
    struct durable *d = &a->durable;
    /* without a lease its key is zero, which may be the key of somebody's lease */
    bool leased = d->level == SMB2_OPLOCK_LEVEL_LEASE;
    bool mine = n->is_lease ? leased && guid_equal(&n->lease_key, &d->lease.key)
                            : n->file_id.persistent == d->id.persistent;
    bool kept = n->is_lease && (n->new_state & SMB2_LEASE_HANDLE_CACHING);
    if (mine)
        d->disturbed = true;
    if (mine && !kept)
        d->broken = true;
}
