// SPDX-License-Identifier: Apache-2.0
/*
 * What a call on a pipe asks about a file (rpc_assoc_question): its security descriptor, by its
 * path in a share that the client need not be connected to. So all that a tree connect and a CREATE
 * would check is checked here: who gets into the share and what for, encryption, the path, DFS
 * links, and READ_CONTROL by the descriptor itself.
 *
 *   pipe_ask --refused--------------------------------------------------> rpc_assoc_answer
 *      '-- path_sd --it has one, or failed-----------------------------------^
 *             '--- it has none --> open --> cleanup --> close ---------------'
 *
 * What has no descriptor of its own is shown a default one, which folders hand on to what is in
 * them: so the file is opened to see what it is.
 *
 * While the plugin has it the open may be closed: like a file's with a running request it is
 * drained then, and nobody hears of the answer. A client that cancels its READ gives up the READ
 * only.
 *
 * Ownership: a struct pipe_file belongs to its pipe from pipe_ask to the answer.
 */
#include "acl/acl.h"
#include "base/mem.h"
#include "base/utf.h"
#include "core/batch.h"
#include "core/dfs.h"
#include "core/meta.h"
#include "core/open.h"
#include "core/pipe.h"
#include "core/request.h"
#include "core/share.h"
#include "core/state.h"
#include "core/stuck.h"
#include "vfs/name.h"
#include <string.h>

#define ARENA_MAX (1u << 20) /* a path, and a descriptor as structs */

struct pipe_file {
    struct core_open *open; /* the pipe's */
    struct vfs_op op;
    struct timer stuck;
    struct arena arena;
    struct vfs_volume *volume; /* a reference */
    struct acl_token token;
    uint8_t sid[WIRE_SID_SIZE_MAX]; /* token.user for the plugin */
    uint32_t info;
    void *file;                        /* of `open`, for its end */
    const char *path;                  /* in the arena */
    bool (*next)(struct pipe_file *f); /* when `op` is done; false: it was the last */
    bool is_default, folder;           /* has none of its own, and is one */
};

/* ---------------------------------------------------------------- the answer */

static smbkit_status read_sd(struct pipe_file *f, struct builder *out)
{
    struct wire_sd sd, wanted;
    smbkit_status st = SMBKIT_STATUS_SUCCESS;
    if (f->is_default)
        acl_default_sd(&f->token, f->folder, &sd);
    else
        st = meta_take_sd_of(&f->op, &f->token, &f->arena, false, &sd);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    if (meta_has_acls(f->volume) && !(acl_granted(&sd, &f->token) & READ_CONTROL))
        return SMBKIT_STATUS_ACCESS_DENIED;
    st = acl_select_sd(&f->arena, &sd, f->info, &wanted);
    if (st == SMBKIT_STATUS_SUCCESS)
        wire_sd_encode(out, &wanted);
    return st;
}

static void file_free(struct pipe_file *f)
{
    vfs_op_clear(&f->op);
    arena_clear(&f->arena);
    if (f->volume != NULL)
        vfs_volume_unref(f->volume);
    mem_free(f);
}

static void answer(struct core_open *o, smbkit_status status, const struct builder *sd)
{
    const struct rpc_answer a = {status, sd != NULL ? sd->data : NULL, sd != NULL ? sd->len : 0};
    rpc_assoc_answer(o->pipe->assoc, &a);
}

/* The plugin has answered. */
static void finish(struct pipe_file *f)
{
    struct core_open *o = f->open;
    struct builder sd;
    builder_init_grow(&sd, SMBKIT_SD_MAX);
    smbkit_status st = read_sd(f, &sd);
    if (st == SMBKIT_STATUS_SUCCESS && builder_failed(&sd))
        st = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    o->pipe->file = NULL;
    file_free(f);
    answer(o, st, &sd);
    builder_free(&sd);
}

/* ---------------------------------------------------------------- asking the plugin */

/* An operation was begun, and `next` comes when it is done: now, or later. False: it was the last.
 */
static bool step(struct pipe_file *f, bool done, bool (*next)(struct pipe_file *f))
{
    f->next = next;
    return done ? next(f) : true;
}

static bool closed(struct pipe_file *f)
{
    return false;
}

static bool cleaned(struct pipe_file *f)
{
    return step(f, vfs_close(&f->op, f->volume, f->file), closed);
}

static bool opened(struct pipe_file *f)
{
    f->is_default = f->op.status == SMBKIT_STATUS_SUCCESS;
    if (!f->is_default)
        return false;
    f->file = f->op.opened;
    f->folder = (f->op.attr.attributes & SMBKIT_ATTR_DIRECTORY) != 0;
    return step(f, vfs_cleanup(&f->op, f->volume, f->file, 0), cleaned);
}

static bool asked(struct pipe_file *f)
{
    const struct smbkit_open_args args = {
        .path = f->path, .access = READ_CONTROL, .flags = SMBKIT_OPEN_REPARSE_POINT};
    if (f->op.status != SMBKIT_STATUS_NOT_FOUND)
        return false;
    return step(f, vfs_open(&f->op, f->volume, &args), opened);
}

static void watch(struct pipe_file *f)
{
    timerq_set(&f->open->core->timers, &f->stuck, f->open->core->now + STUCK_AFTER);
}

static void op_done(struct vfs_op *op)
{
    struct pipe_file *f = CONTAINER_OF(op, struct pipe_file, op);
    struct core_open *o = f->open;
    timerq_cancel(&o->core->timers, &f->stuck);
    if (f->next(f)) {
        watch(f);
        return;
    }
    finish(f);
    pipe_wake(o);
    open_release(o); /* may be the last user */
}

static void on_stuck(struct timer *t)
{
    struct pipe_file *f = CONTAINER_OF(t, struct pipe_file, stuck);
    stuck_look(f->open->core, f->volume, &f->op, t);
}

/* ---------------------------------------------------------------- the question */

/* What a share that he does not get into is called to him is the same as in lists. */
static smbkit_status check_share(const struct core_request *r, const struct core_share *s,
                                 const struct rpc_caller *who, const struct acl_token *t)
{
    const bool stranger = who->guest || who->anonymous;
    if (!share_lets_in(s, t, stranger))
        return s->hide_unreachable || stranger ? SMBKIT_STATUS_BAD_NETWORK_NAME
                                               : SMBKIT_STATUS_ACCESS_DENIED;
    if (s->encrypt && (r->batch->seal_channel == NULL || who->anonymous))
        return SMBKIT_STATUS_ACCESS_DENIED;
    return share_maximal_access(s, t) & READ_CONTROL ? SMBKIT_STATUS_SUCCESS
                                                     : SMBKIT_STATUS_ACCESS_DENIED;
}

/* A path from the top of the share; backslashes before it are taken for that top. */
static smbkit_status parse_path(struct pipe_file *f, const struct core_share *s, const char *text,
                                const char **out)
{
    struct vfs_path path;
    struct builder name;
    text += strspn(text, "\\");
    builder_init_grow(&name, 2 * VFS_PATH_UNITS_MAX);
    if (utf8_to_utf16(&name, text, strlen(text)) == SIZE_MAX || builder_failed(&name)) {
        builder_free(&name);
        return SMBKIT_STATUS_NAME_TOO_LONG;
    }
    smbkit_status st = vfs_path_parse(&f->arena, name.data, name.len, &path);
    builder_free(&name);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    if (path.stream != NULL || path.stream_type || path.dir_type)
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    *out = path.path;
    return dfs_link_over(s, path.path) == NULL ? SMBKIT_STATUS_SUCCESS
                                               : SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
}

/* All but the plugin's part. */
static smbkit_status prepare(struct core_request *r, struct pipe_file *f,
                             const struct core_share *s, const struct rpc_question *q)
{
    struct builder sid;
    f->token = pipe_token(request_core(r), q->who);
    f->info = q->info;
    smbkit_status st = s != NULL && !s->is_ipc ? check_share(r, s, q->who, &f->token)
                                               : SMBKIT_STATUS_BAD_NETWORK_NAME;
    if (st == SMBKIT_STATUS_SUCCESS && (q->info & SACL_SECURITY_INFORMATION) &&
        !f->token.has_security_privilege)
        st = SMBKIT_STATUS_PRIVILEGE_NOT_HELD;
    if (st == SMBKIT_STATUS_SUCCESS)
        st = parse_path(f, s, q->path, &f->path);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    f->volume = vfs_volume_ref(s->volume);
    builder_init_fixed(&sid, f->sid, sizeof f->sid);
    wire_sid_encode(&sid, &f->token.user);
    f->op.user = q->who->user;
    f->op.user_sid = f->sid;
    f->op.user_sid_len = sid.len;
    return SMBKIT_STATUS_SUCCESS;
}

static void start(struct pipe_file *f)
{
    f->open->pipe->file = f;
    if (!step(f, vfs_path_sd(&f->op, f->volume, f->path), asked)) {
        finish(f);
        return;
    }
    open_use(f->open);
    watch(f);
}

void pipe_ask(struct core_request *r)
{
    struct core_open *o = r->open;
    const struct rpc_question *q = rpc_assoc_question(o->pipe->assoc);
    if (o->pipe->file != NULL)
        return; /* it is being answered */
    struct pipe_file *f = mem_zalloc(sizeof *f);
    if (f == NULL) {
        answer(o, SMBKIT_STATUS_INSUFFICIENT_RESOURCES, NULL);
        return;
    }
    f->open = o;
    vfs_op_init(&f->op, op_done);
    timer_init(&f->stuck, on_stuck);
    arena_init(&f->arena, ARENA_MAX);
    struct core_share *s = share_find(request_core(r), q->share, strlen(q->share));
    smbkit_status st = prepare(r, f, s, q);
    if (s != NULL)
        share_unref(s);
    if (st == SMBKIT_STATUS_SUCCESS) {
        start(f);
        return;
    }
    file_free(f);
    answer(o, st, NULL);
}

void pipe_hurry(struct core_open *o)
{
    if (o->pipe != NULL && o->pipe->file != NULL)
        vfs_op_cancel(&o->pipe->file->op);
}
