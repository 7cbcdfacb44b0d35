// SPDX-License-Identifier: Apache-2.0
/* Operations on the files of the model: one at a time on each, and every answer is judged. */
#include "sim/actor.h"
#include "wire/info_file.h"
#include <stdio.h>
#include <string.h>

#define IO_MAX 1200

static struct world *world_of(const struct logon *l)
{
    return actor_world(l->actor);
}

static void judged(struct op *op, const char *bad)
{
    if (bad != NULL)
        op_violation(op, bad);
}

/* In a world where memory runs out the plugin may fail to delete after the client was told of
   success. */
static void doubt_deletion(struct op *op, struct model_file *f, bool deletes)
{
    if (deletes && op->actor->sim->faults)
        model_lose(f, true, false);
}

static void succeeded(struct op *op, const struct model_handle *h, smbkit_status status,
                      enum cache_event event)
{
    if (status == SMBKIT_STATUS_SUCCESS)
        cache_event(op, h, event);
}

/* ---------------------------------------------------------------- choosing */

static struct model_file *pick_file(struct logon *l)
{
    struct sim *s = l->actor->sim;
    size_t n = s->folder_ready ? MODEL_FILES : MODEL_FILES / 2;
    for (int tries = 0; tries < 8; tries++) {
        struct model_file *f = &s->model.files[world_below(&s->world, n)];
        if (f->busy == 0 && (!f->fuzzy || world_chance(&s->world, 100)))
            return f;
    }
    return NULL;
}

static struct model_handle *pick_handle(struct logon *l, struct model_file *f)
{
    struct model_handle *found = NULL;
    uint64_t n = 0;
    LIST_FOREACH (it, &f->handles) {
        struct model_handle *h = LIST_ENTRY(it, struct model_handle, link);
        if (h->owner == l && world_below(world_of(l), ++n) == 0)
            found = h;
    }
    return found;
}

static bool crowded(const struct logon *l, const struct model_file *f)
{
    size_t n = 0;
    LIST_FOREACH (it, &f->handles)
        n++;
    (void)l;
    return n >= 4;
}

/* ---------------------------------------------------------------- CREATE */

static void learn_created(struct op *op, smbkit_status status, const struct wire_create_rsp *rsp)
{
    struct model_handle *h;
    judged(op, model_created(op->file, &op->create, status, rsp, op->logon, &h));
    op->handle = h;
    if (h != NULL && cache_granted(op, h, rsp))
        cache_opened(op, h, rsp->create_action);
}

static void judge_create(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    struct wire_create_rsp rsp = {0};
    struct cursor body = rp->body;
    struct arena a;
    arena_init(&a, 65536);
    if (status == SMBKIT_STATUS_SUCCESS && !wire_create_rsp_decode(&body, &a, &rsp))
        op_violation(op, "malformed CREATE response");
    /* it would have had to wait for an acknowledgment */
    bool no_room = status == SMBKIT_STATUS_INSUFFICIENT_RESOURCES && !list_empty(&op->file->caches);
    if (!no_room)
        learn_created(op, status, &rsp);
    arena_clear(&a);
}

static struct model_create draw_create(struct logon *l)
{
    static const uint32_t accesses[] = {
        FILE_READ_DATA,
        FILE_WRITE_DATA,
        FILE_READ_DATA | FILE_WRITE_DATA,
        FILE_READ_DATA | FILE_WRITE_DATA | DELETE,
        DELETE,
        FILE_READ_ATTRIBUTES,
        FILE_APPEND_DATA | FILE_READ_ATTRIBUTES,
        FILE_EXECUTE,
    };
    struct world *w = world_of(l);
    struct model_create c = {
        .access = accesses[world_below(w, ARRAY_LEN(accesses))],
        .share = world_chance(w, 600) ? 7 : (uint32_t)world_below(w, 8),
        .disposition = (uint32_t)world_below(w, 6),
        .options = world_chance(w, 500) ? FILE_NON_DIRECTORY_FILE : 0,
    };
    if (world_chance(w, 500))
        c.disposition = FILE_OPEN_IF;
    if ((c.access & DELETE) && world_chance(w, 300))
        c.options |= FILE_DELETE_ON_CLOSE;
    return c;
}

static bool lease_context(struct arena *a, const struct cache_wish *wish, struct wire_create_req *q)
{
    struct wire_create_req_ctxs x = {
        .present = WIRE_CTX_BIT(WIRE_CTX_RQLS),
        .lease = {.version = wish->version, .key = wish->key, .state = wish->state},
    };
    return wire_create_req_ctxs_build(a, &x, NULL, 0, &q->ctxs, &q->ctx_count);
}

/* `wish` may be NULL. */
static bool create_body(struct arena *a, const char *name, const struct model_create *c,
                        const struct cache_wish *wish, union wire_any *body)
{
    *body = (union wire_any){.create_req = {
                                 .impersonation_level = SMB2_IMPERSONATION_IMPERSONATION,
                                 .desired_access = c->access,
                                 .share_access = c->share,
                                 .create_disposition = c->disposition,
                                 .create_options = c->options,
                             }};
    if (wish != NULL)
        body->create_req.oplock_level = wish->level;
    body->create_req.name = op_name(a, name);
    return body->create_req.oplock_level != SMB2_OPLOCK_LEVEL_LEASE ||
           lease_context(a, wish, &body->create_req);
}

static struct op *create_op(struct logon *l, struct model_file *f)
{
    struct op *op = op_new(l->actor, l, SMB2_CREATE, 0);
    op_on_file(op, f);
    op->create = draw_create(l);
    op->wish = cache_draw(l, f);
    op->judge = judge_create;
    return op;
}

static void send_create(struct logon *l, struct model_file *f)
{
    struct arena a;
    union wire_any body;
    struct op *op = create_op(l, f);
    arena_init(&a, 4096);
    if (create_body(&a, f->name, &op->create, &op->wish, &body)) {
        struct smbclient_element e = op_element(op, &body);
        op_send(l->actor, &op, &e, 1, 0);
    }
    arena_clear(&a);
}

/* ---------------------------------------------------------------- judges of operations */

/* The handle of an operation: its own, or what the CREATE before it in the compound made. NULL: it
   was judged here. */
static struct model_handle *handle_of(struct op *op, smbkit_status status)
{
    if (op->head == NULL)
        return op->handle;
    if (op->head->handle != NULL)
        return op->head->handle;
    /* 3.3.5.2.7.2: the failure of the CREATE is that of all */
    smbkit_status why = op->head->head_status;
    if (!op->head->doomed && !op->head->cancelled && status != why && !op->actor->sim->faults)
        op_violation(op, "another status than the CREATE of its compound");
    return NULL;
}

static void judge_close(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    struct model_handle *h = handle_of(op, status);
    (void)rp;
    if (h == NULL)
        return;
    struct model_file *f = h->file;
    bool deletes = h->delete_on_close || f->delete_pending != MODEL_NO;
    h->closing = false;
    judged(op, model_closed(h, status));
    if (op->head != NULL && status == SMBKIT_STATUS_SUCCESS)
        op->head->handle = NULL;
    doubt_deletion(op, f, deletes);
}

static void judge_read(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    struct model_handle *h = handle_of(op, status);
    struct wire_read_rsp rsp = {0};
    struct cursor body = rp->body;
    struct arena a;
    if (h == NULL)
        return;
    arena_init(&a, 65536);
    if (status == SMBKIT_STATUS_SUCCESS && !wire_read_rsp_decode(&body, &a, &rsp))
        op_violation(op, "malformed READ response");
    judged(op, model_was_read(h, op->offset, op->length, status, &rsp.payload));
    arena_clear(&a);
}

static void judge_write(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    struct model_handle *h = handle_of(op, status);
    struct wire_write_rsp rsp = {0};
    struct cursor body = rp->body;
    struct arena a;
    if (h == NULL)
        return;
    arena_init(&a, 65536);
    if (status == SMBKIT_STATUS_SUCCESS && !wire_write_rsp_decode(&body, &a, &rsp))
        op_violation(op, "malformed WRITE response");
    judged(op, model_written(h, op->offset, op->data, op->length, status, rsp.count));
    arena_clear(&a);
    succeeded(op, h, status, CACHE_WRITE);
}

static void judge_flush(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    (void)rp;
    judged(op, model_flushed(op->handle, status));
}

static void judge_lock(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    (void)rp;
    judged(op, op->flag ? model_unlocked(op->handle, &op->lock, status)
                        : model_locked(op->handle, &op->lock, status));
    if (!op->flag)
        succeeded(op, op->handle, status, CACHE_WRITE);
}

static void judge_eof(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    (void)rp;
    judged(op, model_end_of_file_set(op->handle, op->length, status));
    succeeded(op, op->handle, status, CACHE_WRITE);
}

static void judge_disposition(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    (void)rp;
    judged(op, model_disposed(op->handle, op->flag, status));
    if (op->flag)
        succeeded(op, op->handle, status, CACHE_DELETE);
}

static void judge_rename(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    (void)rp;
    /* somebody has the folder open with DELETE, or without sharing: the model knows files only */
    bool in_the_way = status == SMBKIT_STATUS_SHARING_VIOLATION;
    judged(op, in_the_way ? NULL : model_renamed(op->handle, op->other, status));
    succeeded(op, op->handle, status, CACHE_RENAME);
}

static void judge_standard(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    struct model_handle *h = handle_of(op, status);
    struct wire_query_info_rsp rsp = {0};
    struct wire_info_standard info = {0};
    struct cursor body = rp->body;
    struct arena a;
    if (h == NULL)
        return;
    arena_init(&a, 65536);
    if (status == SMBKIT_STATUS_SUCCESS) {
        struct cursor c = {0};
        bool ok = wire_query_info_rsp_decode(&body, &a, &rsp);
        if (ok)
            cursor_init(&c, rsp.payload.data, rsp.payload.len);
        if (!ok || !wire_info_standard_decode(&c, &info))
            op_violation(op, "malformed FileStandardInformation");
    }
    arena_clear(&a);
    judged(op,
           model_standard_info(h, status, info.end_of_file, info.delete_pending, info.directory));
}

/* ---------------------------------------------------------------- bodies */

static struct wire_file_id id_of(const struct op *op)
{
    static const struct wire_file_id inherit = {UINT64_MAX, UINT64_MAX};
    return op->handle != NULL ? op->handle->id : inherit;
}

static struct op *close_op(struct logon *l, union wire_any *body, struct model_handle *h)
{
    struct op *op = op_new(l->actor, l, SMB2_CLOSE, 0);
    op->handle = h;
    if (h != NULL)
        h->closing = true;
    op->judge = judge_close;
    *body = (union wire_any){
        .close_req = {.flags = (uint16_t)world_below(world_of(l), 2), .file_id = id_of(op)}};
    return op;
}

static struct op *read_op(struct logon *l, union wire_any *body, struct model_handle *h)
{
    struct world *w = world_of(l);
    struct op *op = op_new(l->actor, l, SMB2_READ, 0);
    op->handle = h;
    op->judge = judge_read;
    op->offset = world_below(w, 2000);
    op->length = 1 + (uint32_t)world_below(w, IO_MAX);
    *body = (union wire_any){.read_req = {.length = op->length,
                                          .offset = op->offset,
                                          .file_id = id_of(op),
                                          .padding = WIRE_READ_DATA_OFFSET}};
    return op;
}

static struct op *write_op(struct logon *l, union wire_any *body, struct model_handle *h)
{
    struct world *w = world_of(l);
    uint32_t len = 1 + (uint32_t)world_below(w, IO_MAX);
    struct op *op = op_new(l->actor, l, SMB2_WRITE, len);
    op->handle = h;
    op->judge = judge_write;
    op->offset = world_below(w, 2000);
    op->length = len;
    for (uint32_t i = 0; i < len; i++)
        op->data[i] = (uint8_t)testrand_next(&w->rng);
    *body = (union wire_any){
        .write_req = {.offset = op->offset,
                      .file_id = id_of(op),
                      .flags = world_chance(w, 100) ? SMB2_WRITEFLAG_WRITE_THROUGH : 0,
                      .payload = {op->data, len}}};
    if (l->actor->smb.dialect < SMB2_DIALECT_210)
        body->write_req.flags = 0;
    return op;
}

static struct op *flush_op(struct logon *l, union wire_any *body, struct model_handle *h)
{
    struct op *op = op_new(l->actor, l, SMB2_FLUSH, 0);
    op->handle = h;
    op->judge = judge_flush;
    *body = (union wire_any){.flush_req = {.file_id = id_of(op)}};
    return op;
}

static struct op *standard_op(struct logon *l, union wire_any *body, struct model_handle *h)
{
    struct op *op = op_new(l->actor, l, SMB2_QUERY_INFO, 0);
    op->handle = h;
    op->judge = judge_standard;
    *body = (union wire_any){.query_info_req = {.info_type = SMB2_0_INFO_FILE,
                                                .info_class = FileStandardInformation,
                                                .output_length = 64,
                                                .file_id = id_of(op)}};
    return op;
}

/* ---------------------------------------------------------------- sending on a handle */

static void send_on(struct logon *l, struct op *op, const union wire_any *body,
                    struct model_file *f)
{
    struct smbclient_element e = op_element(op, body);
    if (f != NULL)
        op_on_file(op, f);
    op_send(l->actor, &op, &e, 1, 0);
}

static void send_lock(struct logon *l, struct model_handle *h)
{
    struct world *w = world_of(l);
    struct op *op = op_new(l->actor, l, SMB2_LOCK, 0);
    op->handle = h;
    op->judge = judge_lock;
    op->flag = h->lock_count > 0 && world_chance(w, 400);
    op->lock = (struct model_lock){.offset = world_below(w, 16) * 100,
                                   .length = 1 + world_below(w, 400),
                                   .exclusive = world_chance(w, 500)};
    if (op->flag && world_chance(w, 800))
        op->lock = h->locks[world_below(w, h->lock_count)];
    else if (!op->flag && h->lock_count >= MODEL_LOCKS_MAX)
        op->flag = true;
    struct wire_lock_element e = {.offset = op->lock.offset,
                                  .length = op->lock.length,
                                  .flags = op->flag ? SMB2_LOCKFLAG_UNLOCK
                                                    : SMB2_LOCKFLAG_FAIL_IMMEDIATELY |
                                                          (op->lock.exclusive
                                                               ? SMB2_LOCKFLAG_EXCLUSIVE_LOCK
                                                               : SMB2_LOCKFLAG_SHARED_LOCK)};
    union wire_any body = {.lock_req = {.file_id = h->id, .locks = &e, .lock_count = 1}};
    send_on(l, op, &body, h->file);
}

static void send_set_info(struct logon *l, struct op *op, uint8_t class, const struct builder *b)
{
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_FILE,
                                            .info_class = class,
                                            .file_id = op->handle->id,
                                            .payload = {b->data, b->len}}};
    send_on(l, op, &body, op->handle->file);
}

static void send_eof(struct logon *l, struct model_handle *h)
{
    uint8_t mem[16];
    struct builder b;
    struct op *op = op_new(l->actor, l, SMB2_SET_INFO, 0);
    op->handle = h;
    op->judge = judge_eof;
    op->length = (uint32_t)world_below(world_of(l), 3000);
    builder_init_fixed(&b, mem, sizeof mem);
    builder_u64(&b, op->length);
    send_set_info(l, op, FileEndOfFileInformation, &b);
}

static void send_disposition(struct logon *l, struct model_handle *h)
{
    uint8_t mem[16];
    struct builder b;
    struct op *op = op_new(l->actor, l, SMB2_SET_INFO, 0);
    op->handle = h;
    op->judge = judge_disposition;
    op->flag = world_chance(world_of(l), 700);
    builder_init_fixed(&b, mem, sizeof mem);
    builder_u8(&b, op->flag);
    send_set_info(l, op, FileDispositionInformation, &b);
}

static void send_rename(struct logon *l, struct model_handle *h)
{
    struct model_file *to = pick_file(l);
    uint8_t mem[128];
    struct builder b;
    /* names that are going away, and open files in the way, are for the wild ones */
    if (to == NULL || to == h->file || to->fuzzy || h->file->fuzzy || to->busy > 0 ||
        h->file->delete_pending != MODEL_NO || h->delete_on_close || !list_empty(&to->handles))
        return;
    struct wire_info_rename info = {.name = to->name, .name_len = strlen(to->name)};
    struct op *op = op_new(l->actor, l, SMB2_SET_INFO, 0);
    op->handle = h;
    op->judge = judge_rename;
    op->other = to;
    to->busy++;
    builder_init_fixed(&b, mem, sizeof mem);
    wire_info_rename_encode(&b, &info, false);
    send_set_info(l, op, FileRenameInformation, &b);
}

/* ---------------------------------------------------------------- compounds */

/* CREATE, something, CLOSE: related, or the second and third on the wild side of luck. */
static void send_compound(struct logon *l, struct model_file *f)
{
    struct world *w = world_of(l);
    union wire_any body[3];
    struct smbclient_element e[3];
    struct op *ops[3];
    struct arena a;
    arena_init(&a, 4096);
    ops[0] = create_op(l, f);
    if (!create_body(&a, f->name, &ops[0]->create, &ops[0]->wish, &body[0]))
        body[0] = (union wire_any){0};
    uint64_t middle = world_below(w, 3);
    ops[1] = middle == 0   ? read_op(l, &body[1], NULL)
             : middle == 1 ? write_op(l, &body[1], NULL)
                           : standard_op(l, &body[1], NULL);
    size_t n = 2;
    if (world_chance(w, 800))
        ops[n++] = close_op(l, &body[2], NULL);
    for (size_t i = 0; i < n; i++) {
        e[i] = op_element(ops[i], &body[i]);
        if (i == 0)
            continue;
        op_on_file(ops[i], f);
        e[i].related = true;
        ops[i]->head = ops[0];
        ops[0]->followers++;
    }
    op_send(l->actor, ops, e, n, 0);
    arena_clear(&a);
}

/* ---------------------------------------------------------------- the folder */

/* Its handle is left alone: the wild ones might delete the folder through it. */
static void judge_folder(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    if (status == SMBKIT_STATUS_DELETE_PENDING) /* another client's CREATE is being undone */
        return;
    op->expected = SMBKIT_STATUS_SUCCESS;
    op_judge_status(op, rp, status);
    op->actor->sim->folder_ready = true;
}

static void send_folder(struct logon *l)
{
    struct model_create c = {.access = FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES,
                             .share = 7,
                             .disposition = FILE_OPEN_IF,
                             .options = FILE_DIRECTORY_FILE};
    struct arena a;
    union wire_any body;
    struct op *op = op_new(l->actor, l, SMB2_CREATE, 0);
    op->judge = judge_folder;
    arena_init(&a, 4096);
    if (create_body(&a, "d", &c, NULL, &body))
        send_on(l, op, &body, NULL);
    arena_clear(&a);
}

/* ---------------------------------------------------------------- drawing */

static void act_on_handle(struct logon *l, struct model_handle *h)
{
    struct op *(*const plain[])(struct logon *, union wire_any *, struct model_handle *) = {
        close_op, close_op, read_op, read_op, read_op, write_op, write_op, flush_op, standard_op};
    void (*const others[])(struct logon *, struct model_handle *) = {send_lock, send_lock, send_eof,
                                                                     send_disposition, send_rename};
    uint64_t choice = world_below(world_of(l), ARRAY_LEN(plain) + ARRAY_LEN(others));
    if (choice < ARRAY_LEN(plain)) {
        union wire_any body;
        struct op *op = plain[choice](l, &body, h);
        send_on(l, op, &body, h->file);
    } else {
        others[choice - ARRAY_LEN(plain)](l, h);
    }
}

void exact_act(struct logon *l)
{
    struct world *w = world_of(l);
    if (!l->actor->sim->folder_ready && world_chance(w, 300)) {
        send_folder(l);
        return;
    }
    struct model_file *f = pick_file(l);
    if (f == NULL)
        return;
    struct model_handle *h = pick_handle(l, f);
    if (h != NULL && world_chance(w, 850))
        act_on_handle(l, h);
    else if (!crowded(l, f) && world_chance(w, 300))
        send_compound(l, f);
    else if (!crowded(l, f))
        send_create(l, f);
}
