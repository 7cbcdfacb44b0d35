// SPDX-License-Identifier: Apache-2.0
/* Requests in flight: how they are sent, excused, judged and lost. */
#include "base/mem.h"
#include "base/utf.h"
#include "sim/actor.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool sim_broken(struct sim *s, const char *format, ...)
{
    if (s->violation[0] == '\0') {
        va_list ap;
        va_start(ap, format);
        vsnprintf(s->violation, sizeof s->violation, format, ap);
        va_end(ap);
        world_trace(&s->world, "VIOLATION: %s", s->violation);
    }
    return false;
}

bool op_violation(struct op *op, const char *text)
{
    return sim_broken(op->actor->sim, "client %u, %s: %s", op->actor->index,
                      wire_command_name(op->command), text);
}

/* ---------------------------------------------------------------- life */

struct op *op_new(struct actor *a, struct logon *l, uint16_t command, size_t data)
{
    struct op *op = mem_zalloc(sizeof *op + data);
    ASSERT(op != NULL);
    op->actor = a;
    op->logon = l;
    op->command = command;
    list_append(&a->ops, &op->link);
    return op;
}

static void op_free(struct op *op)
{
    struct op *head = op->head;
    if (op->followers > 0)
        return; /* freed with the last of them */
    list_remove(&op->link);
    if (op->file != NULL)
        op->file->busy--;
    if (op->other != NULL)
        op->other->busy--;
    if (op->cache != NULL)
        cache_put(op->cache);
    mem_free(op);
    if (head != NULL && --head->followers == 0 && head->answered)
        op_free(head);
}

struct wire_blob op_name(struct arena *a, const char *name)
{
    struct builder b;
    size_t len = utf8_to_utf16(NULL, name, strlen(name));
    uint8_t *mem = arena_alloc(a, len + 1);
    ASSERT(mem != NULL);
    builder_init_fixed(&b, mem, len);
    utf8_to_utf16(&b, name, strlen(name));
    return (struct wire_blob){mem, len};
}

void op_on_file(struct op *op, struct model_file *f)
{
    op->file = f;
    f->busy++;
}

/* What the operation may have done to its file if nobody says whether it was done. */
static void lose(struct op *op)
{
    bool renames = op->other != NULL;
    bool data =
        op->command == SMB2_WRITE || op->command == SMB2_SET_INFO || op->command == SMB2_CREATE;
    bool is_name =
        op->command == SMB2_CREATE || op->command == SMB2_SET_INFO || op->command == SMB2_CLOSE;
    if (op->file != NULL)
        model_lose(op->file, is_name, data);
    if (renames)
        model_lose(op->other, true, true);
}

void op_lost(struct op *op)
{
    if (op->answered)
        return; /* a head that waits for its followers */
    lose(op);
    op->answered = true;
    op_free(op);
}

/* ---------------------------------------------------------------- sending */

struct smbclient_element op_element(struct op *op, const union wire_any *body)
{
    struct logon *l = op->logon;
    bool in_tree = l != NULL && !(wire_command(op->command)->flags & WIRE_CMD_NO_TREE);
    struct smbclient_element e = {
        .command = op->command,
        .body = body,
        .session = l != NULL ? l->session : NULL,
        .tree_id = in_tree ? l->tree_id : 0,
        .tree_encrypts = in_tree && l->tree_encrypts,
        .tag = op,
    };
    e.credits = (uint16_t)(1 + world_below(actor_world(op->actor), 8));
    return e;
}

static void count_sent(struct sim_stats *st, const struct smbclient_element *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        st->commands[v[i].command]++;
        st->related += v[i].related;
    }
    st->compounds += n > 1;
}

/* smbclient keeps the tag; the way back from op to request is found once. */
static void bind_requests(struct actor *a)
{
    LIST_FOREACH (it, &a->smb.requests) {
        struct smbclient_request *rq = LIST_ENTRY(it, struct smbclient_request, link);
        if (rq->tag != NULL)
            ((struct op *)rq->tag)->request = rq;
    }
}

bool op_send(struct actor *a, struct op **ops, struct smbclient_element *v, size_t n,
             unsigned flags)
{
    struct builder out;
    builder_init_grow(&out, WIRE_FRAME_MAX);
    bool ok = smbclient_send(&a->smb, v, n, flags, &out);
    if (ok) {
        world_send(a->conn, out.data, out.len);
        count_sent(actor_world(a)->stats, v, n);
        bind_requests(a);
        for (size_t i = 0; i < n; i++)
            world_trace(
                actor_world(a), "client %u sends %s, message %llu%s%s", a->index,
                wire_command_name(v[i].command), (unsigned long long)ops[i]->request->message_id,
                ops[i]->file != NULL ? " on " : "", ops[i]->file != NULL ? ops[i]->file->name : "");
    }
    builder_free(&out);
    if (!ok)
        while (n > 0)
            op_free(ops[--n]);
    return ok;
}

void op_cancel(struct op *op)
{
    struct actor *a = op->actor;
    struct builder out;
    builder_init_grow(&out, 4096);
    if (smbclient_cancel(&a->smb, op->request, &out)) {
        op->cancelled = true;
        world_send(a->conn, out.data, out.len);
        actor_world(a)->stats->commands[SMB2_CANCEL]++;
        actor_world(a)->stats->cancels++;
        world_trace(actor_world(a), "client %u cancels message %llu", a->index,
                    (unsigned long long)op->request->message_id);
    }
    builder_free(&out);
}

/* ---------------------------------------------------------------- answers */

/* Every response is well formed, whatever it says. */
static bool well_formed(struct op *op, const struct smbclient_reply *rp)
{
    smbkit_status st = rp->hdr->status;
    union wire_any any;
    struct wire_error_rsp err;
    struct cursor as_body = rp->body, as_error = rp->body;
    struct arena a;
    arena_init(&a, 16u << 20);
    bool body_ok = wire_rsp_codec(op->command)->decode(&as_body, &a, &any);
    bool error_ok = wire_error_rsp_decode(&as_error, &a, &err);
    arena_clear(&a);
    if (st == SMBKIT_STATUS_SUCCESS ? body_ok : body_ok || error_ok)
        return true;
    char text[96];
    snprintf(text, sizeof text, "malformed response with %s", smbkit_status_name(st));
    return op_violation(op, text);
}

/* A decoder that gets no memory says what it says of malformed input, and auth/ explains little. */
static bool out_of_memory(smbkit_status st)
{
    return st == SMBKIT_STATUS_INSUFFICIENT_RESOURCES || st == SMBKIT_STATUS_NO_MEMORY ||
           st == SMBKIT_STATUS_INVALID_PARAMETER || st == SMBKIT_STATUS_LOGON_FAILURE;
}

/* Which file its handles are of now is not known. */
static void doubt_rename(const struct op *op)
{
    LIST_FOREACH (it, &op->file->handles) {
        const struct model_handle *h = LIST_ENTRY(it, struct model_handle, link);
        ((const struct logon *)h->owner)->actor->drop_soon = true;
    }
}

/* After these nobody knows what the server holds: only a new connection clears that up. */
static void start_over(struct op *op)
{
    bool control = op->file == NULL && op->command <= SMB2_TREE_DISCONNECT;
    if (control || op->other != NULL)
        op->actor->drop_soon = true;
    if (op->other != NULL)
        doubt_rename(op);
    if (op->command == SMB2_SESSION_SETUP && !op->logon->ending)
        logon_doom(op->logon); /* the server ends a session that fails to authenticate */
}

/* Of these an error always means that nothing has happened: the core has the memory of their reply
   before they take effect. What the plugin does halfway (SET_INFO, WRITE, CREATE) is in doubt. */
static bool undone(const struct op *op)
{
    return op->command == SMB2_CLOSE || op->command == SMB2_LOCK;
}

static bool refused_as_expired(struct op *op, smbkit_status st)
{
    struct sim *s = op->actor->sim;
    if (st != SMBKIT_STATUS_NETWORK_SESSION_EXPIRED || op->logon == NULL ||
        s->world.config.core.session_lifetime == 0)
        return false;
    op->logon->expired = true; /* at the gate: nothing was done */
    s->world.stats->expired++;
    if (op->command == SMB2_TREE_CONNECT)
        op->logon->connecting = false;
    else if (op->command == SMB2_TREE_DISCONNECT)
        op->actor->drop_soon = true;
    return true;
}

/* Two clients make the folder at once, and the one that was first has no memory to go on: its undo
   takes the (empty) folder away after the other has been told of it. */
static bool folder_undone(struct op *op, smbkit_status st)
{
    struct sim *s = op->actor->sim;
    if (!s->faults || st != SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND || op->file == NULL)
        return false;
    s->folder_ready = false;
    for (size_t i = MODEL_FILES / 2; i < MODEL_FILES; i++)
        model_lose(&s->model.files[i], true, true);
    return true;
}

/* Ends that the model does not foresee and that are right all the same. True: do not judge. */
static bool excused(struct op *op, smbkit_status st)
{
    struct sim *s = op->actor->sim;
    bool unlucky =
        (s->faults && out_of_memory(st)) || (op->cancelled && st == SMBKIT_STATUS_CANCELLED);
    if (op->doomed || unlucky) {
        if (op->doomed || !undone(op))
            lose(op);
        start_over(op);
        return true;
    }
    return folder_undone(op, st) || refused_as_expired(op, st);
}

static void finish_reply(struct op *op, const struct smbclient_reply *rp)
{
    struct sim *s = op->actor->sim;
    smbkit_status st = rp->hdr->status;
    s->world.stats->answers[op->command]++;
    s->world.stats->sealed += rp->is_sealed;
    s->world.stats->signed_replies += rp->is_signed;
    s->world.stats->cancelled += st == SMBKIT_STATUS_CANCELLED;
    op->answered = true;
    op->request = NULL;
    bool skip = excused(op, st);
    if (op->followers > 0)
        op->head_status = st;
    /* what a doomed CREATE opened lives until its session ends; its file is fuzzy */
    bool opened = op->doomed && op->command == SMB2_CREATE && op->file != NULL &&
                  op->logon->ending && !op->logon->dead;
    if (op->judge != NULL && (!skip || opened))
        op->judge(op, rp, st);
    if (op->file != NULL && (op->file->fuzzy || skip))
        s->world.stats->fuzzy_replies++;
    else if (op->file != NULL)
        s->world.stats->checked_replies++;
    op_free(op);
}

void op_replied(void *ctx, struct smbclient_request *rq, const struct smbclient_reply *rp)
{
    struct actor *a = ctx;
    struct op *op = rq->tag;
    sim_stats_status(actor_world(a)->stats, rp->hdr->status);
    world_trace(actor_world(a), "client %u gets %s for message %llu (%s)%s", a->index,
                smbkit_status_name(rp->hdr->status), (unsigned long long)rp->hdr->message_id,
                wire_command_name(rp->hdr->command), rp->is_sealed ? ", sealed" : "");
    if (rp->interim) {
        actor_world(a)->stats->interims++;
        return;
    }
    if (op != NULL && well_formed(op, rp))
        finish_reply(op, rp);
}

void op_judge_status(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    char text[128];
    (void)rp;
    if (status == op->expected)
        return;
    snprintf(text, sizeof text, "%s instead of %s", smbkit_status_name(status),
             smbkit_status_name(op->expected));
    op_violation(op, text);
}
