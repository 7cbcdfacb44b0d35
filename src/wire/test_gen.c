// SPDX-License-Identifier: Apache-2.0
/* See test_gen.h. */
#include "wire/test_gen.h"

#include <string.h>

#define F(kind, message, member)                               \
    {                                                          \
        GEN_##kind, offsetof(struct wire_##message, member), 0 \
    }
#define A(kind, message, member, count)                      \
    {                                                        \
        GEN_##kind, offsetof(struct wire_##message, member), \
            offsetof(struct wire_##message, count)           \
    }

static const struct gen_field empty_fields[] = {F(U8, empty, unused)};
#define logoff_req_fields          empty_fields
#define logoff_rsp_fields          empty_fields
#define tree_disconnect_req_fields empty_fields
#define tree_disconnect_rsp_fields empty_fields
#define echo_req_fields            empty_fields
#define echo_rsp_fields            empty_fields
#define cancel_req_fields          empty_fields
#define cancel_rsp_fields          empty_fields
#define flush_rsp_fields           empty_fields
#define lock_rsp_fields            empty_fields
#define set_info_rsp_fields        empty_fields

static const struct gen_field negotiate_req_fields[] = {
    F(U16, negotiate_req, security_mode),
    F(U32, negotiate_req, capabilities),
    F(GUID, negotiate_req, client_guid),
    F(U64, negotiate_req, client_start_time),
    A(DIALECTS, negotiate_req, dialects, dialect_count),
    A(TYPED_CTXS, negotiate_req, ctxs, ctx_count),
};

static const struct gen_field negotiate_rsp_fields[] = {
    F(U16, negotiate_rsp, security_mode),          F(U16, negotiate_rsp, dialect),
    F(GUID, negotiate_rsp, server_guid),           F(U32, negotiate_rsp, capabilities),
    F(U32, negotiate_rsp, max_transact_size),      F(U32, negotiate_rsp, max_read_size),
    F(U32, negotiate_rsp, max_write_size),         F(U64, negotiate_rsp, system_time),
    F(U64, negotiate_rsp, server_start_time),      F(BLOB, negotiate_rsp, security),
    A(TYPED_CTXS, negotiate_rsp, ctxs, ctx_count),
};

static const struct gen_field session_setup_req_fields[] = {
    F(U8, session_setup_req, flags),         F(U8, session_setup_req, security_mode),
    F(U32, session_setup_req, capabilities), F(U64, session_setup_req, previous_session_id),
    F(BLOB, session_setup_req, security),
};

static const struct gen_field session_setup_rsp_fields[] = {
    F(U16, session_setup_rsp, session_flags),
    F(BLOB, session_setup_rsp, security),
};

static const struct gen_field tree_connect_req_fields[] = {
    F(U16, tree_connect_req, flags),
    F(TEXT, tree_connect_req, path),
    A(TYPED_CTXS, tree_connect_req, ctxs, ctx_count),
};

static const struct gen_field tree_connect_rsp_fields[] = {
    F(U8, tree_connect_rsp, share_type),
    F(U32, tree_connect_rsp, share_flags),
    F(U32, tree_connect_rsp, capabilities),
    F(U32, tree_connect_rsp, maximal_access),
};

static const struct gen_field create_req_fields[] = {
    F(U8, create_req, oplock_level),
    F(U32, create_req, impersonation_level),
    F(U64, create_req, smb_create_flags),
    F(U32, create_req, desired_access),
    F(U32, create_req, file_attributes),
    F(U32, create_req, share_access),
    F(U32, create_req, create_disposition),
    F(U32, create_req, create_options),
    F(TEXT, create_req, name),
    A(CREATE_CTXS, create_req, ctxs, ctx_count),
};

static const struct gen_field create_rsp_fields[] = {
    F(U8, create_rsp, oplock_level),      F(U8, create_rsp, flags),
    F(U32, create_rsp, create_action),    F(U64, create_rsp, creation_time),
    F(U64, create_rsp, last_access_time), F(U64, create_rsp, last_write_time),
    F(U64, create_rsp, change_time),      F(U64, create_rsp, allocation_size),
    F(U64, create_rsp, end_of_file),      F(U32, create_rsp, file_attributes),
    F(FILE_ID, create_rsp, file_id),      A(CREATE_CTXS, create_rsp, ctxs, ctx_count),
};

static const struct gen_field close_req_fields[] = {
    F(U16, close_req, flags),
    F(FILE_ID, close_req, file_id),
};

static const struct gen_field close_rsp_fields[] = {
    F(U16, close_rsp, flags),
    F(U64, close_rsp, creation_time),
    F(U64, close_rsp, last_access_time),
    F(U64, close_rsp, last_write_time),
    F(U64, close_rsp, change_time),
    F(U64, close_rsp, allocation_size),
    F(U64, close_rsp, end_of_file),
    F(U32, close_rsp, file_attributes),
};

static const struct gen_field flush_req_fields[] = {F(FILE_ID, flush_req, file_id)};

static const struct gen_field read_req_fields[] = {
    F(U8, read_req, padding),        F(U8, read_req, flags),
    F(U32, read_req, length),        F(U64, read_req, offset),
    F(FILE_ID, read_req, file_id),   F(U32, read_req, minimum_count),
    F(U32, read_req, channel),       F(U32, read_req, remaining_bytes),
    F(BLOB, read_req, channel_info),
};

static const struct gen_field read_rsp_fields[] = {
    F(U32, read_rsp, data_remaining),
    F(U32, read_rsp, flags),
    F(BLOB, read_rsp, payload),
};

static const struct gen_field write_req_fields[] = {
    F(U64, write_req, offset),   F(FILE_ID, write_req, file_id),
    F(U32, write_req, channel),  F(U32, write_req, remaining_bytes),
    F(U32, write_req, flags),    F(BLOB, write_req, channel_info),
    F(BLOB, write_req, payload),
};

static const struct gen_field write_rsp_fields[] = {F(U32, write_rsp, count)};

static const struct gen_field lock_req_fields[] = {
    F(U32, lock_req, lock_sequence),
    F(FILE_ID, lock_req, file_id),
    A(LOCKS, lock_req, locks, lock_count),
};

static const struct gen_field ioctl_req_fields[] = {
    F(U32, ioctl_req, ctl_code),
    F(FILE_ID, ioctl_req, file_id),
    F(U32, ioctl_req, max_input_response),
    F(U32, ioctl_req, max_output_response),
    F(U32, ioctl_req, flags),
    F(BLOB, ioctl_req, input),
    F(BLOB, ioctl_req, output),
};

static const struct gen_field ioctl_rsp_fields[] = {
    F(U32, ioctl_rsp, ctl_code), F(FILE_ID, ioctl_rsp, file_id), F(U32, ioctl_rsp, flags),
    F(BLOB, ioctl_rsp, input),   F(BLOB, ioctl_rsp, payload),
};

static const struct gen_field query_directory_req_fields[] = {
    F(U8, query_directory_req, info_class),     F(U8, query_directory_req, flags),
    F(U32, query_directory_req, file_index),    F(FILE_ID, query_directory_req, file_id),
    F(U32, query_directory_req, output_length), F(TEXT, query_directory_req, pattern),
};

static const struct gen_field query_directory_rsp_fields[] = {
    F(BLOB, query_directory_rsp, payload)};

static const struct gen_field change_notify_req_fields[] = {
    F(U16, change_notify_req, flags),
    F(U32, change_notify_req, output_length),
    F(FILE_ID, change_notify_req, file_id),
    F(U32, change_notify_req, completion_filter),
};

static const struct gen_field change_notify_rsp_fields[] = {F(BLOB, change_notify_rsp, payload)};

static const struct gen_field query_info_req_fields[] = {
    F(U8, query_info_req, info_type),      F(U8, query_info_req, info_class),
    F(U32, query_info_req, output_length), F(U32, query_info_req, additional_information),
    F(U32, query_info_req, flags),         F(FILE_ID, query_info_req, file_id),
    F(BLOB, query_info_req, input),
};

static const struct gen_field query_info_rsp_fields[] = {F(BLOB, query_info_rsp, payload)};

static const struct gen_field set_info_req_fields[] = {
    F(U8, set_info_req, info_type),
    F(U8, set_info_req, info_class),
    F(U32, set_info_req, additional_information),
    F(FILE_ID, set_info_req, file_id),
    F(BLOB, set_info_req, payload),
};

static const struct gen_field oplock_break_fields[] = {
    F(BOOL, oplock_break, is_lease),   F(U8, oplock_break, oplock_level),
    F(FILE_ID, oplock_break, file_id), F(GUID, oplock_break, lease_key),
    F(U32, oplock_break, lease_state), F(U32, oplock_break, lease_flags),
};
#define oplock_break_req_fields oplock_break_fields
#define oplock_break_rsp_fields oplock_break_fields

/* ---- consistency ---- */

static const struct wire_blob no_bytes;

static void fix_negotiate_req(union wire_any *m)
{
    struct wire_negotiate_req *n = &m->negotiate_req;
    for (size_t i = 0; i < n->dialect_count; i++) {
        if (n->dialects[i] == SMB2_DIALECT_311) {
            n->client_start_time = 0;
            return;
        }
    }
    n->ctx_count = 0;
}

static void fix_negotiate_rsp(union wire_any *m)
{
    if (m->negotiate_rsp.dialect & 1)
        m->negotiate_rsp.dialect = SMB2_DIALECT_311;
    else
        m->negotiate_rsp.ctx_count = 0;
}

static void fix_tree_connect_req(union wire_any *m)
{
    if (!(m->tree_connect_req.flags & SMB2_TREE_CONNECT_FLAG_EXTENSION_PRESENT))
        m->tree_connect_req.ctx_count = 0;
}

static void fix_read_req(union wire_any *m)
{
    m->read_req.channel &= 1;
    if (m->read_req.channel == SMB2_CHANNEL_NONE)
        m->read_req.channel_info = no_bytes;
}

static void fix_write_req(union wire_any *m)
{
    m->write_req.channel &= 1;
    if (m->write_req.channel == SMB2_CHANNEL_NONE)
        m->write_req.channel_info = no_bytes;
}

static void fix_oplock_break(union wire_any *m)
{
    struct wire_oplock_break *o = &m->oplock_break_req;
    if (o->is_lease) {
        o->oplock_level = 0;
        o->file_id = (struct wire_file_id){0};
    } else {
        o->lease_key = (struct guid){{0}};
        o->lease_state = o->lease_flags = 0;
    }
}

static void fix_empty(union wire_any *m)
{
    m->echo_req.unused = 0;
}

#define ROW(code, response, name, fix)                               \
    {                                                                \
        code, response, name##_fields, ARRAY_LEN(name##_fields), fix \
    }

const struct gen_message gen_messages[] = {
    ROW(SMB2_NEGOTIATE, false, negotiate_req, fix_negotiate_req),
    ROW(SMB2_NEGOTIATE, true, negotiate_rsp, fix_negotiate_rsp),
    ROW(SMB2_SESSION_SETUP, false, session_setup_req, NULL),
    ROW(SMB2_SESSION_SETUP, true, session_setup_rsp, NULL),
    ROW(SMB2_LOGOFF, false, logoff_req, fix_empty),
    ROW(SMB2_LOGOFF, true, logoff_rsp, fix_empty),
    ROW(SMB2_TREE_CONNECT, false, tree_connect_req, fix_tree_connect_req),
    ROW(SMB2_TREE_CONNECT, true, tree_connect_rsp, NULL),
    ROW(SMB2_TREE_DISCONNECT, false, tree_disconnect_req, fix_empty),
    ROW(SMB2_TREE_DISCONNECT, true, tree_disconnect_rsp, fix_empty),
    ROW(SMB2_CREATE, false, create_req, NULL),
    ROW(SMB2_CREATE, true, create_rsp, NULL),
    ROW(SMB2_CLOSE, false, close_req, NULL),
    ROW(SMB2_CLOSE, true, close_rsp, NULL),
    ROW(SMB2_FLUSH, false, flush_req, NULL),
    ROW(SMB2_FLUSH, true, flush_rsp, fix_empty),
    ROW(SMB2_READ, false, read_req, fix_read_req),
    ROW(SMB2_READ, true, read_rsp, NULL),
    ROW(SMB2_WRITE, false, write_req, fix_write_req),
    ROW(SMB2_WRITE, true, write_rsp, NULL),
    ROW(SMB2_LOCK, false, lock_req, NULL),
    ROW(SMB2_LOCK, true, lock_rsp, fix_empty),
    ROW(SMB2_IOCTL, false, ioctl_req, NULL),
    ROW(SMB2_IOCTL, true, ioctl_rsp, NULL),
    ROW(SMB2_CANCEL, false, cancel_req, fix_empty),
    ROW(SMB2_CANCEL, true, cancel_rsp, fix_empty),
    ROW(SMB2_ECHO, false, echo_req, fix_empty),
    ROW(SMB2_ECHO, true, echo_rsp, fix_empty),
    ROW(SMB2_QUERY_DIRECTORY, false, query_directory_req, NULL),
    ROW(SMB2_QUERY_DIRECTORY, true, query_directory_rsp, NULL),
    ROW(SMB2_CHANGE_NOTIFY, false, change_notify_req, NULL),
    ROW(SMB2_CHANGE_NOTIFY, true, change_notify_rsp, NULL),
    ROW(SMB2_QUERY_INFO, false, query_info_req, NULL),
    ROW(SMB2_QUERY_INFO, true, query_info_rsp, NULL),
    ROW(SMB2_SET_INFO, false, set_info_req, NULL),
    ROW(SMB2_SET_INFO, true, set_info_rsp, fix_empty),
    ROW(SMB2_OPLOCK_BREAK, false, oplock_break_req, fix_oplock_break),
    ROW(SMB2_OPLOCK_BREAK, true, oplock_break_rsp, fix_oplock_break),
};

const size_t gen_message_count = ARRAY_LEN(gen_messages);

/* ---- filling ---- */

/* splitmix64: good enough, and the same everywhere. */
uint64_t gen_next(struct gen_random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

size_t gen_below(struct gen_random *r, size_t max)
{
    return (size_t)(gen_next(r) % max);
}

static void gen_bytes(struct gen_random *r, void *dst, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)dst)[i] = (uint8_t)gen_next(r);
}

struct wire_blob gen_blob(struct gen_random *r, struct arena *a, size_t max)
{
    /* Empty often enough: that is where offsets are special. */
    size_t len = gen_below(r, 4) == 0 ? 0 : gen_below(r, max);
    uint8_t *p = arena_alloc(a, len + 1);
    ASSERT(p != NULL);
    gen_bytes(r, p, len);
    return (struct wire_blob){p, len};
}

static struct wire_blob gen_text(struct gen_random *r, struct arena *a, size_t max)
{
    struct wire_blob b = gen_blob(r, a, max);
    b.len &= ~(size_t)1;
    return b;
}

static void *gen_array(struct arena *a, size_t n, size_t size)
{
    void *p = arena_array(a, n + 1, size);
    ASSERT(p != NULL);
    return p;
}

static const void *gen_dialects(struct gen_random *r, struct arena *a, size_t *count)
{
    static const uint16_t known[] = {SMB2_DIALECT_202, SMB2_DIALECT_210, SMB2_DIALECT_300,
                                     SMB2_DIALECT_302, SMB2_DIALECT_311};
    *count = 1 + gen_below(r, 6);
    uint16_t *d = gen_array(a, *count, sizeof(*d));
    for (size_t i = 0; i < *count; i++)
        d[i] = known[gen_below(r, ARRAY_LEN(known))];
    return d;
}

static const void *gen_locks(struct gen_random *r, struct arena *a, size_t *count)
{
    *count = 1 + gen_below(r, 5);
    struct wire_lock_element *l = gen_array(a, *count, sizeof(*l));
    for (size_t i = 0; i < *count; i++)
        l[i] = (struct wire_lock_element){gen_next(r), gen_next(r), (uint32_t)gen_next(r)};
    return l;
}

static const void *gen_typed_ctxs(struct gen_random *r, struct arena *a, size_t *count)
{
    *count = gen_below(r, 5);
    struct wire_negotiate_ctx *l = gen_array(a, *count, sizeof(*l));
    for (size_t i = 0; i < *count; i++) {
        l[i].type = (uint16_t)gen_below(r, 10);
        l[i].data = gen_blob(r, a, 40);
    }
    return l;
}

static const void *gen_create_ctxs(struct gen_random *r, struct arena *a, size_t *count)
{
    *count = gen_below(r, 5);
    struct wire_create_ctx *l = gen_array(a, *count, sizeof(*l));
    for (size_t i = 0; i < *count; i++) {
        l[i].id = (enum wire_create_ctx_id)gen_below(r, WIRE_CTX_OTHER + 1);
        l[i].data = gen_blob(r, a, 40);
        if (l[i].id == WIRE_CTX_OTHER) {
            uint8_t *name = gen_array(a, 20, 1);
            gen_bytes(r, name, 20);
            l[i].name = (struct wire_blob){name, 4 + gen_below(r, 17)};
        }
    }
    return l;
}

static const size_t sizes[] = {
    [GEN_U8] = 1,
    [GEN_U16] = 2,
    [GEN_U32] = 4,
    [GEN_U64] = 8,
    [GEN_BOOL] = sizeof(bool),
    [GEN_GUID] = sizeof(struct guid),
    [GEN_FILE_ID] = sizeof(struct wire_file_id),
};

static const void *(*const arrays[])(struct gen_random *r, struct arena *a, size_t *count) = {
    [GEN_DIALECTS] = gen_dialects,
    [GEN_LOCKS] = gen_locks,
    [GEN_TYPED_CTXS] = gen_typed_ctxs,
    [GEN_CREATE_CTXS] = gen_create_ctxs,
};

void gen_fill(struct gen_random *r, struct arena *a, const struct gen_message *g,
              union wire_any *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < g->field_count; i++) {
        const struct gen_field *f = &g->fields[i];
        uint8_t *at = (uint8_t *)out + f->off;
        if (f->kind == GEN_BOOL) {
            *(bool *)at = gen_below(r, 2) != 0;
        } else if (f->kind == GEN_BLOB) {
            *(struct wire_blob *)at = gen_blob(r, a, 60);
        } else if (f->kind == GEN_TEXT) {
            *(struct wire_blob *)at = gen_text(r, a, 60);
        } else if (f->kind >= GEN_DIALECTS) {
            size_t *count = (size_t *)((uint8_t *)out + f->count_off);
            *(const void **)at = arrays[f->kind](r, a, count);
        } else {
            gen_bytes(r, at, sizes[f->kind]);
        }
    }
    if (g->fix != NULL)
        g->fix(out);
}

/* ---- comparing ---- */

static bool blob_equal(const struct wire_blob *x, const struct wire_blob *y)
{
    return x->len == y->len && (x->len == 0 || memcmp(x->data, y->data, x->len) == 0);
}

static bool array_equal(enum gen_kind kind, const void *x, const void *y, size_t i)
{
    const struct wire_lock_element *lx = x, *ly = y;
    const struct wire_negotiate_ctx *nx = x, *ny = y;
    const struct wire_create_ctx *cx = x, *cy = y;
    if (kind == GEN_DIALECTS)
        return ((const uint16_t *)x)[i] == ((const uint16_t *)y)[i];
    if (kind == GEN_LOCKS)
        return lx[i].offset == ly[i].offset && lx[i].length == ly[i].length &&
               lx[i].flags == ly[i].flags;
    if (kind == GEN_TYPED_CTXS)
        return nx[i].type == ny[i].type && blob_equal(&nx[i].data, &ny[i].data);
    return cx[i].id == cy[i].id && blob_equal(&cx[i].data, &cy[i].data) &&
           (cx[i].id != WIRE_CTX_OTHER || blob_equal(&cx[i].name, &cy[i].name));
}

static bool field_equal(const struct gen_field *f, const uint8_t *x, const uint8_t *y)
{
    if (f->kind == GEN_BLOB || f->kind == GEN_TEXT)
        return blob_equal((const void *)(x + f->off), (const void *)(y + f->off));
    if (f->kind < GEN_DIALECTS)
        return memcmp(x + f->off, y + f->off, sizes[f->kind]) == 0;
    size_t count = *(const size_t *)(x + f->count_off);
    if (count != *(const size_t *)(y + f->count_off))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!array_equal(f->kind, *(const void *const *)(x + f->off),
                         *(const void *const *)(y + f->off), i))
            return false;
    return true;
}

bool gen_equal(const struct gen_message *g, const union wire_any *x, const union wire_any *y)
{
    for (size_t i = 0; i < g->field_count; i++)
        if (!field_equal(&g->fields[i], (const uint8_t *)x, (const uint8_t *)y))
            return false;
    return true;
}

static bool blob_inside(const struct wire_blob *b, const uint8_t *base, size_t size)
{
    return b->data >= base && b->data <= base + size && b->len <= size - (size_t)(b->data - base);
}

bool gen_inside(const struct gen_message *g, const union wire_any *m, const uint8_t *base,
                size_t size)
{
    for (size_t i = 0; i < g->field_count; i++) {
        const struct gen_field *f = &g->fields[i];
        const uint8_t *at = (const uint8_t *)m + f->off;
        if ((f->kind == GEN_BLOB || f->kind == GEN_TEXT) &&
            !blob_inside((const void *)at, base, size))
            return false;
        if (f->kind != GEN_TYPED_CTXS && f->kind != GEN_CREATE_CTXS)
            continue;
        size_t count = *(const size_t *)((const uint8_t *)m + f->count_off);
        const void *list = *(const void *const *)at;
        for (size_t k = 0; k < count; k++) {
            const struct wire_blob *data = f->kind == GEN_TYPED_CTXS
                                               ? &((const struct wire_negotiate_ctx *)list)[k].data
                                               : &((const struct wire_create_ctx *)list)[k].data;
            if (!blob_inside(data, base, size))
                return false;
        }
    }
    return true;
}

const struct wire_codec *gen_codec(const struct gen_message *g)
{
    return g->response ? wire_rsp_codec(g->code) : wire_req_codec(g->code);
}

size_t gen_encode(struct builder *b, const struct gen_message *g, const union wire_any *m)
{
    size_t at = b->len;
    struct wire_hdr hdr = {.command = g->code,
                           .flags = g->response ? SMB2_FLAGS_SERVER_TO_REDIR : 0,
                           .credits = 1,
                           .message_id = 7,
                           .tree_id = 5,
                           .session_id = 9};
    wire_hdr_encode(b, &hdr);
    gen_codec(g)->encode(b, at, m);
    return at;
}
