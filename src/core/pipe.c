// SPDX-License-Identifier: Apache-2.0
/* Named pipes as opens: see pipe.h. */
#include "core/pipe.h"
#include "acl/acl.h"
#include "base/mem.h"
#include "base/utf.h"
#include "core/batch.h"
#include "core/conn.h"
#include "core/open.h"
#include "core/request.h"
#include "core/session.h"
#include "core/state.h"
#include <string.h>

#define PIPE_ALLOCATION 4096u /* what Windows says of every pipe */

/* ---------------------------------------------------------------- opening, closing */

/* Exactly the name, as Windows: no "\", no "pipe\" before it. */
static const struct rpc_endpoint *find_endpoint(struct core_request *r)
{
    const struct wire_blob *name = &r->in.create.name;
    size_t len;
    char *text = utf16_to_utf8(request_arena(r), name->data, name->len, &len);
    return text != NULL ? rpc_endpoint_find(text, len) : NULL;
}

static struct core_pipe *new_pipe(struct core_request *r, const struct rpc_endpoint *e)
{
    struct core_session *s = r->session;
    const struct rpc_caller who = {
        .user = s->user,
        .domain = s->domain,
        .sid = s->token.user,
        .guest = s->is_guest,
        .anonymous = s->is_anonymous,
        .admin = s->is_admin,
    };
    struct core_pipe *p = mem_zalloc(sizeof *p);
    if (p == NULL)
        return NULL;
    p->assoc = rpc_assoc_new(&request_core(r)->pipes, e, &who, &s->pipes);
    p->endpoint = e;
    p->read_mode = FILE_PIPE_MESSAGE_MODE;
    if (p->assoc == NULL) {
        mem_free(p);
        return NULL;
    }
    return p;
}

static uint32_t access_of(const struct wire_create_req *q)
{
    uint32_t access = acl_map_generic(q->desired_access);
    return access & MAXIMUM_ALLOWED ? FILE_ALL_ACCESS : access;
}

smbkit_status pipe_open(struct core_request *r, struct core_open **out, struct smbkit_attr *attr)
{
    const struct wire_create_req *q = &r->in.create;
    const struct rpc_endpoint *e = find_endpoint(r);
    if (e == NULL)
        return SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    if (q->create_options & FILE_DIRECTORY_FILE)
        return SMBKIT_STATUS_NOT_A_DIRECTORY;
    if (q->create_disposition != FILE_OPEN && q->create_disposition != FILE_OPEN_IF)
        return SMBKIT_STATUS_ACCESS_DENIED; /* making pipes is the server's own business */
    struct core_open *o = open_new(r->tree, r->volume);
    if (o == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    *out = o;
    o->pipe = new_pipe(r, e);
    o->path = mem_strdup(rpc_endpoint_name(e));
    if (o->pipe == NULL || o->path == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    o->access = access_of(q);
    o->create_options = q->create_options;
    o->file_id = o->persistent_id;
    *attr = pipe_attributes(o);
    return SMBKIT_STATUS_SUCCESS;
}

void pipe_close(struct core_open *o)
{
    if (o->pipe == NULL)
        return;
    rpc_assoc_free(o->pipe->assoc);
    mem_free(o->pipe);
    o->pipe = NULL;
}

struct smbkit_attr pipe_attributes(const struct core_open *o)
{
    return (struct smbkit_attr){
        .attributes = FILE_ATTRIBUTE_NORMAL,
        .alloc_size = PIPE_ALLOCATION,
        .size = o->pipe != NULL ? rpc_assoc_unread(o->pipe->assoc) : 0,
        .links = 1,
        .file_id = o->file_id,
    };
}

/* ---------------------------------------------------------------- reading, writing */

/* Of one message; in byte mode of as many as fit. */
bool pipe_take(struct core_request *r, size_t room, struct pipe_answer *out)
{
    const struct core_pipe *p = r->open->pipe;
    bool whole = p->read_mode == FILE_PIPE_MESSAGE_MODE;
    size_t there = whole ? rpc_assoc_message(p->assoc) : rpc_assoc_unread(p->assoc);
    size_t len = MIN(there, room), at = 0;
    if (there == 0)
        return false;
    uint8_t *data = arena_alloc(request_arena(r), MAX(len, 1));
    *out = (struct pipe_answer){.data = data, .status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES};
    if (data == NULL)
        return true;
    while (at < len)
        at += rpc_assoc_read(p->assoc, data + at, len - at, false);
    out->len = len;
    out->status = whole && len < there ? SMBKIT_STATUS_BUFFER_OVERFLOW : SMBKIT_STATUS_SUCCESS;
    return true;
}

static void nothing_to_undo(struct core_request *r)
{
    (void)r;
}

enum core_verdict pipe_wait(struct core_request *r)
{
    const struct core_pipe *p = r->open->pipe;
    if (rpc_assoc_broken(p->assoc))
        return request_done(r, SMBKIT_STATUS_PIPE_DISCONNECTED);
    if (p->completion_mode == FILE_PIPE_COMPLETE_OPERATION)
        return request_done(r, SMBKIT_STATUS_PIPE_EMPTY);
    return request_wait(r, nothing_to_undo, STEP_PARK_REPEAT);
}

void pipe_wake(struct core_open *o)
{
    open_use(o); /* what goes on may be the last user */
    while (!list_empty(&o->waiters) &&
           (rpc_assoc_message(o->pipe->assoc) > 0 || rpc_assoc_broken(o->pipe->assoc)))
        request_resume(LIST_ENTRY(o->waiters.next, struct core_request, in_open));
    open_release(o);
}

smbkit_status pipe_give(struct core_request *r, const uint8_t *data, size_t len)
{
    struct core_open *o = r->open;
    smbkit_status st = rpc_assoc_write(o->pipe->assoc, data, len, request_core(r)->filetime);
    if (st == SMBKIT_STATUS_SUCCESS && rpc_assoc_question(o->pipe->assoc) != NULL)
        pipe_ask(r);
    if (st == SMBKIT_STATUS_SUCCESS)
        pipe_wake(o);
    return st;
}

enum core_verdict pipe_read(struct core_request *r)
{
    struct pipe_answer a;
    if (!(r->open->access & FILE_READ_DATA))
        return request_done(r, SMBKIT_STATUS_ACCESS_DENIED);
    if (r->in.read.length > request_conn(r)->max_transact)
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    if (!pipe_take(r, r->in.read.length, &a))
        return pipe_wait(r);
    struct slice s = {.data = a.data, .len = a.len};
    struct buf *copy = a.len > 0 ? buf_new(a.len) : NULL; /* the arena may go before the reply */
    if (a.len > 0 && copy == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    if (copy != NULL) {
        memcpy(copy->data, a.data, a.len);
        s = slice_of(copy, 0, a.len);
        buf_unref(copy);
    }
    r->data_len = a.len;
    r->with_body = true;
    if (!chain_add(&r->payload, &s))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    return request_done(r, a.status);
}

enum core_verdict pipe_write(struct core_request *r)
{
    const struct wire_write_req *q = &r->in.write;
    if (!(r->open->access & (FILE_WRITE_DATA | FILE_APPEND_DATA)))
        return request_done(r, SMBKIT_STATUS_ACCESS_DENIED);
    if (q->payload.len > request_conn(r)->max_transact)
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    return request_done(r, pipe_give(r, q->payload.data, q->payload.len));
}

/* ---------------------------------------------------------------- information */

struct wire_info_pipe pipe_get_info(const struct core_open *o)
{
    return (struct wire_info_pipe){o->pipe->read_mode, o->pipe->completion_mode};
}

struct wire_info_pipe_local pipe_get_local_info(const struct core_open *o)
{
    bool broken = rpc_assoc_broken(o->pipe->assoc);
    return (struct wire_info_pipe_local){
        .type = FILE_PIPE_MESSAGE_TYPE,
        .configuration = FILE_PIPE_FULL_DUPLEX,
        .maximum_instances = UINT32_MAX,
        .current_instances = 1,
        .inbound_quota = PIPE_ALLOCATION,
        .read_data_available = (uint32_t)rpc_assoc_unread(o->pipe->assoc),
        .outbound_quota = PIPE_ALLOCATION,
        .write_quota_available = PIPE_ALLOCATION,
        .state = broken ? FILE_PIPE_CLOSING_STATE : FILE_PIPE_CONNECTED_STATE,
        .end = FILE_PIPE_CLIENT_END,
    };
}

/* [MS-FSCC] 2.4.37 */
smbkit_status pipe_set_info(struct core_open *o, const struct wire_info_pipe *v)
{
    if (v->read_mode > FILE_PIPE_MESSAGE_MODE || v->completion_mode > FILE_PIPE_COMPLETE_OPERATION)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    o->pipe->read_mode = v->read_mode;
    o->pipe->completion_mode = v->completion_mode;
    return SMBKIT_STATUS_SUCCESS;
}
