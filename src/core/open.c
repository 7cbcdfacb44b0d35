// SPDX-License-Identifier: Apache-2.0
/* Opens: how they are published, used, and shut in steps. */
#include "core/open.h"
#include "base/mem.h"
#include "base/utf.h"
#include "core/meta.h"
#include "core/notify.h"
#include "core/oplock.h"
#include "core/pipe.h"
#include "core/removal.h"
#include "core/request.h"
#include "core/session.h"
#include "core/share.h"
#include "core/state.h"
#include "core/stuck.h"
#include "core/tree.h"
#include "core/tunnel.h"
#include "wire/notify_rec.h"
#include <string.h>

static void open_continue(struct core_open *o);
static void open_op_done(struct vfs_op *op);
static void open_stuck(struct timer *t);

struct core_open *open_new(struct core_tree *tree, struct vfs_volume *volume)
{
    struct core_session *s = tree->session;
    if (s->open_count >= s->core->config.max_opens)
        return NULL;
    struct core_open *o = mem_zalloc(sizeof *o);
    if (o == NULL)
        return NULL;
    MAGIC_SET(o, CORE_OPEN_MAGIC);
    o->state = OPEN_MAKING;
    o->users = 1;
    o->core = s->core;
    o->session = session_ref(s);
    o->tree = tree_ref(tree);
    o->volume = volume != NULL ? vfs_volume_ref(volume) : NULL;
    o->volatile_id = s->next_volatile_id++;
    o->persistent_id = s->core->next_open_id++;
    lease_open_init(&o->lease);
    list_init(&o->waiters);
    list_init(&o->removing);
    list_init(&o->listing.queue);
    list_init(&o->resumed);
    vfs_op_init(&o->op, open_op_done);
    timer_init(&o->stuck, open_stuck);
    s->open_count++;
    s->core->stats.opens++;
    return o;
}

bool open_publish(struct core_open *o)
{
    MAGIC_CHECK(o, CORE_OPEN_MAGIC);
    ASSERT(o->state == OPEN_MAKING);
    if (!htab_insert(&o->session->opens, &o->by_id, hash_u64(o->volatile_id)))
        return false;
    o->state = OPEN_LIVE;
    return true;
}

struct core_open *open_find(struct core_session *s, uint64_t persistent_id, uint64_t volatile_id)
{
    for (struct htab_node *n = htab_first(&s->opens, hash_u64(volatile_id)); n != NULL;
         n = htab_next(n)) {
        struct core_open *o = CONTAINER_OF(n, struct core_open, by_id);
        if (o->volatile_id == volatile_id && o->persistent_id == persistent_id)
            return open_use(o);
    }
    return NULL;
}

struct core_open *open_use(struct core_open *o)
{
    MAGIC_CHECK(o, CORE_OPEN_MAGIC);
    o->users++;
    return o;
}

static void open_free(struct core_open *o)
{
    ASSERT(o->state == OPEN_SHUT && list_empty(&o->waiters) && !lease_open_attached(&o->lease));
    o->core->stats.opens--;
    vfs_op_clear(&o->op);
    mem_free(o->listing.pattern);
    mem_free(o->path);
    mem_free(o->stream);
    pipe_close(o);
    mem_free(o->app);
    if (o->durable.share != NULL)
        share_unref(o->durable.share);
    if (o->volume != NULL)
        vfs_volume_unref(o->volume);
    if (o->session != NULL) {
        o->session->open_count--;
        tree_unref(o->tree);
        session_unref(o->session);
    }
    MAGIC_WIPE(o);
    mem_free(o);
}

void open_release(struct core_open *o)
{
    MAGIC_CHECK(o, CORE_OPEN_MAGIC);
    ASSERT(o->users > 0);
    o->users--;
    if (o->state == OPEN_DRAINING)
        open_continue(o);
    else if (o->state == OPEN_SHUT && o->users == 0)
        open_free(o);
}

/* ---------------------------------------------------------------- shutting */

static void open_is_shut(struct core_open *o)
{
    struct core_request *closer = o->closer;
    o->state = OPEN_SHUT;
    o->closer = NULL;
    if (closer != NULL && closer->state == REQUEST_PARKED)
        request_resume(closer); /* its use is given back at its end */
    else if (o->users == 0)
        open_free(o);
}

static void open_stuck(struct timer *t)
{
    struct core_open *o = CONTAINER_OF(t, struct core_open, stuck);
    stuck_look(o->core, o->volume, &o->op, t);
}

/* The answer comes later, or never: then whoever waits for the name shall know whose fault it is.
 */
static void open_await(struct core_open *o)
{
    timerq_set(&o->core->timers, &o->stuck, o->core->now + STUCK_AFTER);
}

static void open_close(struct core_open *o)
{
    o->state = OPEN_CLOSING;
    if (vfs_close(&o->op, o->volume, o->file))
        open_is_shut(o);
    else
        open_await(o);
}

/* The name has been removed, or stays. */
static void open_settled(struct core_open *o)
{
    struct lease_actions actions;
    lease_actions_init(&actions);
    list_splice(&actions.resumed, &o->resumed);
    oplock_run_actions(o->core, &actions);
}

static void tell_removed(struct core_open *o)
{
    if (o->stream == NULL || o->remove_file) {
        if (o->by_short_name && !o->is_directory)
            tunnel_keep(o->core, o->volume, o->path);
        notify_changed(o, o->path,
                       o->is_directory ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME,
                       FILE_ACTION_REMOVED);
        return;
    }
    const char *path = meta_stream_path(&o->op.arena, o);
    if (path != NULL)
        notify_changed(o, path, FILE_NOTIFY_CHANGE_STREAM_NAME, FILE_ACTION_REMOVED_STREAM);
}

static void open_cleaned(struct core_open *o)
{
    removal_end(o, o->op.status == SMBKIT_STATUS_SUCCESS);
    if (o->remove && o->op.status == SMBKIT_STATUS_SUCCESS && !o->aborted)
        tell_removed(o);
    else if (o->untold != 0 && !o->aborted)
        notify_changed(o, o->path, o->untold, FILE_ACTION_MODIFIED);
    if (!o->aborted && o->stream == NULL && (o->remove || o->touched))
        oplock_parent_touched(o);
    open_settled(o);
    open_close(o);
}

static void open_op_done(struct vfs_op *op)
{
    struct core_open *o = CONTAINER_OF(op, struct core_open, op);
    timerq_cancel(&o->core->timers, &o->stuck);
    if (o->state == OPEN_CLEANUP)
        open_cleaned(o);
    else
        open_is_shut(o);
}

/* Delete-on-close comes into force: as a disposition that is set, but nobody waits
   ([MS-FSA] 2.1.5.5). */
static void break_for_deletion(struct core_open *o, struct lease_actions *actions)
{
    const struct lease_actor actor = {.open = &o->lease};
    if (o->lease.args.delete_on_close &&
        lease_break(o->lease.node, LEASE_OP_DELETE, &actor, o->core->now, NULL, actions))
        ASSERT(false); /* without a wait it never does */
}

/* Leaves the state that opens share; the plugin removes the name when this was the last that
   mattered to it. */
static void open_detach(struct core_open *o)
{
    struct lease_actions actions;
    lease_actions_init(&actions);
    if (!lease_open_attached(&o->lease))
        return;
    struct lease_node *node = o->lease.node;
    lease_node_ref(node);
    if (o->aborted) {
        lease_open_undo(&o->lease, &actions);
    } else {
        break_for_deletion(o, &actions);
        durable_drop_deleted(o);
        lease_open_detach(&o->lease, true, &actions);
    }
    if (actions.delete_link && !actions.delete_own_parent)
        o->has_parent_key = false; /* another one had it deleted: all of the folder's leases go */
    o->remove = o->remove || actions.delete_link || actions.delete_stream;
    /* deleted by what was opened before the share became one to read only: it stays */
    const struct core_share *share = o->tree != NULL ? o->tree->share : o->durable.share;
    if (!o->aborted && share != NULL && share->read_only)
        o->remove = false;
    o->remove_file = o->remove && o->stream != NULL && actions.delete_link;
    bool doomed = !o->remove && o->is_directory &&
                  lease_node_delete_pending(node, utf8_casehash(o->path, strlen(o->path)));
    lease_node_unref(node);
    /* who waited for this open finds out what has become of the name, once that is settled */
    list_splice(&o->resumed, &actions.resumed);
    oplock_run_actions(o->core, &actions);
    /* delete-on-close of a folder that others have open and watch ([MS-FSA] 2.1.5.5) */
    if (doomed)
        notify_deleted(o);
}

/* Between its making and the failure of the CREATE that made it, others may have opened the file:
   then it is theirs, and stays. */
static bool others_have_it(const struct core_open *o)
{
    struct lease_key key = {.volume = vfs_volume_id(o->volume), .file = o->file_id};
    struct lease_node *n = o->stream == NULL ? lease_node_find(&o->core->leases, &key) : NULL;
    if (n == NULL)
        return false;
    bool any = !list_empty(&n->opens);
    lease_node_unref(n);
    return any;
}

static uint32_t cleanup_flags(const struct core_open *o)
{
    if (!o->remove)
        return 0;
    return o->remove_file ? SMBKIT_CLEANUP_DELETE_FILE : SMBKIT_CLEANUP_DELETE;
}

/* Goes on when nobody else uses it any more. */
static void open_continue(struct core_open *o)
{
    unsigned expected = o->closer != NULL ? 1 : 0;
    if (o->users > expected)
        return;
    o->state = OPEN_CLEANUP;
    o->users++; /* actions below may run other requests */
    notify_forget(o);
    open_detach(o);
    o->users--;
    if (o->aborted && o->remove && others_have_it(o))
        o->remove = false;
    if (o->remove && o->has_file && (o->stream == NULL || o->remove_file))
        removal_begin(o);
    if (!o->has_file)
        open_settled(o);
    if (!o->has_file)
        open_is_shut(o);
    else if (vfs_cleanup(&o->op, o->volume, o->file, cleanup_flags(o)))
        open_cleaned(o);
    else
        open_await(o);
}

void open_complete_waiters(struct core_open *o)
{
    struct list *node;
    while ((node = list_pop(&o->waiters)) != NULL) {
        struct core_request *r = LIST_ENTRY(node, struct core_request, in_open);
        if (r->unpark != NULL)
            r->unpark(r);
        request_complete(r, r->cmd->closed_status);
    }
}

bool open_shut(struct core_open *o, struct core_request *closer)
{
    MAGIC_CHECK(o, CORE_OPEN_MAGIC);
    ASSERT(o->state == OPEN_LIVE || o->state == OPEN_KEPT);
    htab_remove(o->state == OPEN_LIVE ? &o->session->opens : &o->core->kept, &o->by_id);
    durable_forget(o);
    o->state = OPEN_DRAINING;
    o->closer = closer;
    o->users++;
    open_complete_waiters(o);
    pipe_hurry(o);
    o->users--;
    bool mine = closer != NULL;
    open_continue(o); /* without a closer `o` may be gone after this */
    return mine && o->state == OPEN_SHUT;
}

void open_abort(struct core_open *o, bool remove)
{
    MAGIC_CHECK(o, CORE_OPEN_MAGIC);
    ASSERT(o->state == OPEN_MAKING && list_empty(&o->waiters));
    o->aborted = true;
    o->remove = remove;
    durable_forget(o);
    o->state = OPEN_DRAINING;
    open_release(o);
}
