// SPDX-License-Identifier: Apache-2.0
/*
 * Oplocks and leases: sends the notifications that the engine asks for, lets requests wait for an
 * acknowledgment, and watches the clock on it.
 */
#include "core/oplock.h"
#include "base/utf.h"
#include "core/cmd/lock.h"
#include "core/conn.h"
#include "core/durable.h"
#include "core/open.h"
#include "core/reply.h"
#include "core/request.h"
#include "core/session.h"
#include "core/share.h"
#include "core/state.h"
#include "core/tree.h"
#include "core/viewer.h"
#include "vfs/name.h"
#include <string.h>

/* ---------------------------------------------------------------- notifications */

static struct core_open *open_of(const struct lease_grant *g)
{
    struct lease_open *lo = g->is_lease
                                ? LIST_ENTRY(g->opens.next, struct lease_open, in_grant)
                                : CONTAINER_OF((struct lease_grant *)g, struct lease_open, oplock);
    return CONTAINER_OF(lo, struct core_open, lease);
}

static struct core_channel *channel_of_open(const struct core_open *o)
{
    if (o->session == NULL)
        return NULL;
    LIST_FOREACH (it, &o->session->channels) {
        struct core_channel *ch = LIST_ENTRY(it, struct core_channel, in_session);
        if (conn_alive(ch->conn))
            return ch;
    }
    return NULL;
}

static bool must_seal(const struct lease_grant *g, const struct core_channel *ch)
{
    const struct core_open *o = open_of(g);
    return ch != NULL && ch->seal_out != NULL && (o->session->encrypt || o->tree->share->encrypt);
}

/* Opens that are only kept for a client that may come back do not count. */
static bool anybody_there(const struct lease_grant *g)
{
    LIST_FOREACH (it, &g->opens) {
        struct lease_open *lo = LIST_ENTRY(it, struct lease_open, in_grant);
        if (CONTAINER_OF(lo, struct core_open, lease)->state != OPEN_KEPT)
            return true;
    }
    return false;
}

/* For an oplock the session's connection; for a lease the first of the client (3.3.4.7), unless it
   must be sealed: then one where we have the key. *ch is NULL when nothing is sealed. */
static struct core_conn *find_way(struct core *c, const struct lease_grant *g,
                                  struct core_channel **ch)
{
    *ch = channel_of_open(open_of(g));
    if (*ch != NULL && (!g->is_lease || must_seal(g, *ch)))
        return (*ch)->conn;
    *ch = NULL;
    if (!g->is_lease || !anybody_there(g))
        return NULL;
    LIST_FOREACH (it, &c->conns) {
        struct core_conn *conn = LIST_ENTRY(it, struct core_conn, link);
        if (conn->state == CONN_NEGOTIATED && guid_equal(&conn->client_guid, &g->client))
            return conn;
    }
    return NULL;
}

static struct wire_break_notification notification(const struct lease_grant *g)
{
    const struct core_open *o = open_of(g);
    if (!g->is_lease)
        return (struct wire_break_notification){
            .oplock_level = lease_level_of(g->told_to),
            .file_id = {o->persistent_id, o->volatile_id},
        };
    return (struct wire_break_notification){
        .is_lease = true,
        .new_epoch = g->version == 2 ? g->epoch : 0,
        .flags = g->told_ack ? SMB2_NOTIFY_BREAK_LEASE_FLAG_ACK_REQUIRED : 0,
        .lease_key = g->key,
        .current_state = g->told_from,
        .new_state = g->told_to,
    };
}

/* Not signed. No tree; for a lease no session either. */
static bool send_break(struct core *c, struct lease_grant *g)
{
    struct core_channel *ch;
    struct core_conn *conn = find_way(c, g, &ch);
    if (conn == NULL)
        return false;
    struct wire_hdr h = {
        .command = SMB2_OPLOCK_BREAK,
        .flags = SMB2_FLAGS_SERVER_TO_REDIR,
        .message_id = UINT64_MAX,
        .session_id = g->is_lease ? 0 : open_of(g)->session->id,
    };
    struct wire_break_notification n = notification(g);
    struct builder b;
    struct chain out;
    builder_init_grow(&b, 256);
    chain_init(&out);
    bool ok = wire_hdr_encode(&b, &h) && wire_break_notification_encode(&b, 0, &n) &&
              reply_add_head(&out, &b) && (!must_seal(g, ch) || reply_seal(ch, &out));
    if (ok) {
        conn_send(conn, &out);
        g->told_over = conn;
        if (g->breaking)
            conn_expect(conn);
    }
    builder_free(&b);
    chain_clear(&out);
    return ok;
}

static struct core_open *kept_open_of(const struct lease_grant *g)
{
    if (!g->is_lease)
        return durable_gives_way(open_of(g)) ? open_of(g) : NULL;
    LIST_FOREACH (it, &g->opens) {
        struct lease_open *lo = LIST_ENTRY(it, struct lease_open, in_grant);
        struct core_open *o = CONTAINER_OF(lo, struct core_open, lease);
        if (durable_gives_way(o))
            return o;
    }
    return NULL;
}

/* A durable open whose client is not there to give way is closed (3.3.4.6, 3.3.4.7). With its last
   open a lease goes, and an oplock with its only one. */
static void drop_kept(struct lease_grant *g)
{
    struct core_open *o;
    bool last = false;
    while (!last && (o = kept_open_of(g)) != NULL) {
        last = !g->is_lease || g->opens.next == g->opens.prev;
        durable_drop(o);
    }
}

static void send_breaks(struct core *c, struct lease_actions *actions)
{
    struct list *node;
    while ((node = list_pop(&actions->breaks)) != NULL) {
        struct lease_grant *g = LIST_ENTRY(node, struct lease_grant, in_breaks);
        if (!send_break(c, g)) {
            lease_break_failed(g, actions);
            drop_kept(g);
        }
    }
}

void oplock_way_lost(struct core_conn *conn)
{
    struct core *c = conn->core;
    struct lease_grant *g = NULL;
    while ((g = lease_told_over(&c->leases, g, conn)) != NULL)
        if (!send_break(c, g))
            g->told_over = NULL;
}

/* ---------------------------------------------------------------- carrying out */

static void answer_locks(struct lease_actions *actions)
{
    struct list *node;
    while ((node = list_pop(&actions->granted)) != NULL)
        lock_wait_ended(LIST_ENTRY(node, struct lease_lock_wait, link), SMBKIT_STATUS_SUCCESS);
    while ((node = list_pop(&actions->cancelled)) != NULL)
        lock_wait_ended(LIST_ENTRY(node, struct lease_lock_wait, link),
                        SMBKIT_STATUS_RANGE_NOT_LOCKED);
}

static void arm(struct core *c)
{
    uint64_t due = lease_next_deadline(&c->leases);
    if (due == UINT64_MAX)
        timerq_cancel(&c->timers, &c->break_timer);
    else if (due != c->break_timer.due)
        timerq_set(&c->timers, &c->break_timer, due);
    bool any = !list_empty(&c->later.breaks) || !list_empty(&c->later.resumed);
    if (!any)
        timerq_cancel(&c->timers, &c->later_timer);
    else if (!timer_is_set(&c->later_timer))
        timerq_set(&c->timers, &c->later_timer, c->now);
}

void oplock_run_actions(struct core *c, struct lease_actions *actions)
{
    send_breaks(c, actions);
    list_splice(&c->later.resumed, &actions->resumed);
    arm(c);
    answer_locks(actions);
}

void oplock_run_later(struct core *c, struct lease_actions *actions)
{
    list_splice(&c->later.breaks, &actions->breaks);
    list_splice(&c->later.resumed, &actions->resumed);
    arm(c);
}

static void run_later(struct timer *t)
{
    struct core *c = CONTAINER_OF(t, struct core, later_timer);
    struct list *node;
    send_breaks(c, &c->later);
    arm(c);
    while ((node = list_pop(&c->later.resumed)) != NULL) {
        struct lease_break_wait *w = LIST_ENTRY(node, struct lease_break_wait, link);
        request_resume(CONTAINER_OF(w, struct core_request, break_wait));
    }
}

static void break_overdue(struct timer *t)
{
    struct core *c = CONTAINER_OF(t, struct core, break_timer);
    struct lease_actions actions;
    lease_actions_init(&actions);
    lease_expire(&c->leases, c->now, &actions);
    oplock_run_actions(c, &actions);
}

void oplock_init(struct core *c)
{
    lease_actions_init(&c->later);
    timer_init(&c->later_timer, run_later);
    timer_init(&c->break_timer, break_overdue);
}

/* ---------------------------------------------------------------- operations that break */

static void break_unpark(struct core_request *r)
{
    lease_break_cancel(&r->break_wait);
}

bool oplock_clear_node(struct core_request *r, struct lease_node *n, enum lease_op op,
                       const struct lease_actor *actor, enum core_verdict *verdict)
{
    struct core *c = request_core(r);
    struct lease_actions actions;
    bool must;
    do {
        lease_break_cancel(&r->break_wait); /* resumed already, when nobody could be told */
        arm(c);
        lease_actions_init(&actions);
        must = lease_break(n, op, actor, c->now, &r->break_wait, &actions);
        oplock_run_actions(c, &actions);
    } while (must && !lease_break_wait_queued(&r->break_wait));
    if (must)
        *verdict = r->cmd == &command_create
                       ? request_wait(r, break_unpark, STEP_PARK_REPEAT)
                       : request_wait_quietly(r, break_unpark, STEP_PARK_REPEAT);
    return !must;
}

bool oplock_clear(struct core_request *r, enum lease_op op, enum core_verdict *verdict)
{
    const struct lease_open *lo = &r->open->lease;
    const struct lease_actor actor = {.open = lo};
    return !lease_open_attached(lo) || oplock_clear_node(r, lo->node, op, &actor, verdict);
}

/* What has changed, for the grants that may be concerned. */
struct changed {
    const char *user;  /* NULL: everybody */
    const char *below; /* only what lies in this folder; NULL: wherever it lies */
};

static bool sees(const struct lease_open *lo, const struct changed *x)
{
    const struct core_open *o = CONTAINER_OF((struct lease_open *)lo, struct core_open, lease);
    return viewer_sees(o, x->user) && (x->below == NULL || vfs_path_inside(o->path, x->below));
}

static bool concerns(const struct lease_grant *g, void *ctx)
{
    const struct changed *x = ctx;
    if (!g->is_lease)
        return sees(CONTAINER_OF((struct lease_grant *)g, struct lease_open, oplock), x);
    LIST_FOREACH (it, &g->opens)
        if (sees(LIST_ENTRY(it, struct lease_open, in_grant), x))
            return true;
    return false;
}

static void break_folder(struct core *c, struct vfs_volume *v, struct changed *x, const char *path,
                         const struct guid *parent_key)
{
    struct lease_actions actions;
    size_t base = vfs_path_base(path, strlen(path));
    size_t dir_len = base > 0 ? base - 1 : 0; /* without the slash */
    const struct lease_scope scope = {.volume = vfs_volume_id(v),
                                      .has_link = true,
                                      .link = utf8_casehash(path, dir_len),
                                      .concerns = concerns,
                                      .ctx = x};
    if (*path == '\0')
        return;
    lease_actions_init(&actions);
    lease_break_parent(&c->leases, &scope, parent_key, c->now, &actions);
    oplock_run_later(c, &actions);
}

static void break_changed(struct core *c, const struct lease_scope *scope)
{
    struct lease_actions actions;
    lease_actions_init(&actions);
    lease_break_changed(&c->leases, scope, c->now, &actions);
    oplock_run_actions(c, &actions);
}

void oplock_parent_changed(struct core_open *by, const char *path)
{
    struct changed x = {.user = viewer_of(by)};
    break_folder(by->core, by->volume, &x, path, open_parent_key(by));
}

void oplock_parent_touched(struct core_open *o)
{
    oplock_parent_changed(o, o->path);
}

void oplock_volume_changed(struct core *c, struct vfs_volume *v, const char *user, const char *path,
                           bool below)
{
    struct changed x = {.user = user};
    struct lease_scope scope = {.volume = vfs_volume_id(v), .concerns = concerns, .ctx = &x};
    if (below) {
        x.below = path;
        break_changed(c, &scope);
        x.below = NULL;
    } else {
        scope.has_link = true;
        scope.link = utf8_casehash(path, strlen(path));
        break_changed(c, &scope);
    }
    break_folder(c, v, &x, path, NULL);
}

void oplock_volume_lost(struct core *c, struct vfs_volume *v)
{
    break_changed(c, &(struct lease_scope){.volume = vfs_volume_id(v)});
}

void oplock_volume_left(struct core *c, struct vfs_volume *v)
{
    oplock_volume_lost(c, v);
    lease_keys_free(&c->leases, vfs_volume_id(v));
}
