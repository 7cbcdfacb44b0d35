// SPDX-License-Identifier: Apache-2.0
/*
 * Anything at all, on files that are not in the model, by everybody at once: locks that wait,
 * notifications, listings, queries and controls with random classes, malformed bodies, wrong
 * signatures and charges. Only what holds for every reply is judged, and that the server neither
 * falls over nor forgets anything.
 */
#include "sim/actor.h"
#include "wire/fsctl.h"
#include "wire/info_file.h"
#include <string.h>

#define PICK(w, table) ((table)[world_below((w), ARRAY_LEN(table))])

static struct world *world_of(const struct logon *l)
{
    return actor_world(l->actor);
}

static const char *const names[] = {"x0",        "x1",   "X0",  "xd", "xd\\x2",
                                    "xd\\x3",    "x0:s", "",    "x?", "xd\\..\\x1",
                                    "x0::$DATA", "xd\\", "y\\z"};

static struct wire_file_id draw_id(struct logon *l)
{
    struct world *w = world_of(l);
    if (l->wild_count > 0 && !world_chance(w, 30))
        return l->wild[world_below(w, l->wild_count)];
    return (struct wire_file_id){world_below(w, 3) - 1, UINT64_MAX};
}

/* Mostly: now and then a closed handle is used again. */
static void forget_id(struct logon *l, struct wire_file_id id)
{
    for (size_t i = 0; i < l->wild_count; i++)
        if (l->wild[i].volatile_id == id.volatile_id && world_chance(world_of(l), 900))
            l->wild[i] = l->wild[--l->wild_count];
}

/* ---------------------------------------------------------------- CREATE */

static void judge_create(struct op *op, const struct smbclient_reply *rp, smbkit_status status)
{
    struct wire_create_rsp rsp;
    struct cursor body = rp->body;
    struct logon *l = op->logon;
    struct arena a;
    if (status != SMBKIT_STATUS_SUCCESS)
        return;
    arena_init(&a, 65536);
    if (wire_create_rsp_decode(&body, &a, &rsp)) {
        size_t at =
            l->wild_count < WILD_HANDLES ? l->wild_count++ : world_below(world_of(l), WILD_HANDLES);
        l->wild[at] = rsp.file_id;
    }
    arena_clear(&a);
}

static void draw_contexts(struct world *w, struct arena *a, struct wire_create_req *q)
{
    struct wire_create_req_ctxs *x = arena_alloc(a, sizeof *x);
    ASSERT(x != NULL);
    static const unsigned kinds[] = {WIRE_CTX_MXAC, WIRE_CTX_QFID, WIRE_CTX_ALSI, WIRE_CTX_RQLS,
                                     WIRE_CTX_DHNQ, WIRE_CTX_DH2Q, WIRE_CTX_DHNC, WIRE_CTX_TWRP};
    for (uint64_t n = 1 + world_below(w, 3); n > 0; n--)
        x->present |= WIRE_CTX_BIT(PICK(w, kinds));
    x->allocation_size = world_below(w, 100000);
    x->lease.version = (uint8_t)(1 + world_below(w, 2));
    x->lease.state = (uint32_t)world_below(w, 8);
    if (!wire_create_req_ctxs_build(a, x, NULL, 0, &q->ctxs, &q->ctx_count))
        q->ctx_count = 0;
}

static struct op *make_create(struct logon *l, struct arena *a, union wire_any *body)
{
    static const uint32_t accesses[] = {FILE_READ_DATA | FILE_WRITE_DATA | DELETE |
                                            FILE_WRITE_ATTRIBUTES,
                                        MAXIMUM_ALLOWED,
                                        FILE_READ_DATA,
                                        FILE_READ_ATTRIBUTES,
                                        GENERIC_ALL,
                                        DELETE,
                                        0};
    static const uint32_t options[] = {0,
                                       FILE_DIRECTORY_FILE,
                                       FILE_NON_DIRECTORY_FILE,
                                       FILE_DELETE_ON_CLOSE,
                                       FILE_DIRECTORY_FILE | FILE_DELETE_ON_CLOSE,
                                       FILE_WRITE_THROUGH,
                                       FILE_OPEN_BY_FILE_ID,
                                       FILE_DIRECTORY_FILE | FILE_NON_DIRECTORY_FILE};
    static const uint32_t attributes[] = {
        0, 0, 0, FILE_ATTRIBUTE_READONLY, FILE_ATTRIBUTE_HIDDEN, FILE_ATTRIBUTE_NORMAL};
    static const uint8_t oplocks[] = {0, 0, SMB2_OPLOCK_LEVEL_II, SMB2_OPLOCK_LEVEL_BATCH,
                                      SMB2_OPLOCK_LEVEL_LEASE};
    struct world *w = world_of(l);
    struct op *op = op_new(l->actor, l, SMB2_CREATE, 0);
    op->judge = judge_create;
    *body = (union wire_any){
        .create_req = {
            .oplock_level = PICK(w, oplocks),
            .impersonation_level = SMB2_IMPERSONATION_IMPERSONATION,
            .desired_access = PICK(w, accesses),
            .file_attributes = PICK(w, attributes),
            .share_access = world_chance(w, 700) ? 7 : (uint32_t)world_below(w, 8),
            .create_disposition = world_chance(w, 500) ? FILE_OPEN_IF : (uint32_t)world_below(w, 7),
            .create_options = PICK(w, options),
            .name = op_name(a, PICK(w, names)),
        }};
    if (world_chance(w, 300))
        draw_contexts(w, a, &body->create_req);
    return op;
}

/* ---------------------------------------------------------------- on handles */

static struct op *make_close(struct logon *l, struct arena *a, union wire_any *body)
{
    *body = (union wire_any){
        .close_req = {.flags = (uint16_t)world_below(world_of(l), 2), .file_id = draw_id(l)}};
    forget_id(l, body->close_req.file_id);
    (void)a;
    return op_new(l->actor, l, SMB2_CLOSE, 0);
}

static struct op *make_flush(struct logon *l, struct arena *a, union wire_any *body)
{
    *body = (union wire_any){.flush_req = {.file_id = draw_id(l)}};
    (void)a;
    return op_new(l->actor, l, SMB2_FLUSH, 0);
}

static struct op *make_read(struct logon *l, struct arena *a, union wire_any *body)
{
    static const uint32_t lengths[] = {0, 1, 100, 4096, 65536};
    struct world *w = world_of(l);
    *body = (union wire_any){
        .read_req = {.length = PICK(w, lengths),
                     .offset = world_chance(w, 50) ? testrand_next(&w->rng) : world_below(w, 8192),
                     .file_id = draw_id(l),
                     .minimum_count = (uint32_t)world_below(w, 3)}};
    (void)a;
    return op_new(l->actor, l, SMB2_READ, 0);
}

static struct op *make_write(struct logon *l, struct arena *a, union wire_any *body)
{
    struct world *w = world_of(l);
    size_t len = world_below(w, 9000);
    uint8_t *mem = arena_alloc(a, len + 1);
    ASSERT(mem != NULL);
    *body = (union wire_any){
        .write_req = {.offset = world_chance(w, 50) ? testrand_next(&w->rng) : world_below(w, 8192),
                      .file_id = draw_id(l),
                      .payload = {mem, len}}};
    return op_new(l->actor, l, SMB2_WRITE, 0);
}

static struct op *make_lock(struct logon *l, struct arena *a, union wire_any *body)
{
    static const uint32_t flags[] = {SMB2_LOCKFLAG_SHARED_LOCK,
                                     SMB2_LOCKFLAG_EXCLUSIVE_LOCK,
                                     SMB2_LOCKFLAG_EXCLUSIVE_LOCK,
                                     SMB2_LOCKFLAG_UNLOCK,
                                     SMB2_LOCKFLAG_UNLOCK,
                                     SMB2_LOCKFLAG_EXCLUSIVE_LOCK | SMB2_LOCKFLAG_FAIL_IMMEDIATELY,
                                     SMB2_LOCKFLAG_SHARED_LOCK | SMB2_LOCKFLAG_UNLOCK};
    struct world *w = world_of(l);
    size_t n = world_chance(w, 850) ? 1 : 1 + world_below(w, 4);
    struct wire_lock_element *e = arena_array(a, n, sizeof *e);
    ASSERT(e != NULL);
    for (size_t i = 0; i < n; i++)
        e[i] = (struct wire_lock_element){.offset = world_below(w, 4) * 10,
                                          .length = world_below(w, 3) * 10,
                                          .flags = PICK(w, flags)};
    *body = (union wire_any){.lock_req = {.lock_sequence = (uint32_t)world_below(w, 40),
                                          .file_id = draw_id(l),
                                          .locks = e,
                                          .lock_count = n}};
    return op_new(l->actor, l, SMB2_LOCK, 0);
}

static struct op *make_notify(struct logon *l, struct arena *a, union wire_any *body)
{
    struct world *w = world_of(l);
    *body = (union wire_any){
        .change_notify_req = {.flags = (uint16_t)world_below(w, 2),
                              .output_length = (uint32_t)world_below(w, 3) * 1000,
                              .file_id = draw_id(l),
                              .completion_filter = (uint32_t)world_below(w, 0x1000)}};
    (void)a;
    return op_new(l->actor, l, SMB2_CHANGE_NOTIFY, 0);
}

static struct op *make_listing(struct logon *l, struct arena *a, union wire_any *body)
{
    static const uint8_t classes[] = {1, 2, 3, 12, 37, 38, 60, 78, 80, 99};
    static const char *const patterns[] = {"*", "x*", "x0", "", "<.?", "nobody"};
    static const uint32_t lengths[] = {0, 90, 300, 65536};
    struct world *w = world_of(l);
    *body = (union wire_any){.query_directory_req = {.info_class = PICK(w, classes),
                                                     .flags = (uint8_t)world_below(w, 0x20),
                                                     .file_id = draw_id(l),
                                                     .output_length = PICK(w, lengths),
                                                     .pattern = op_name(a, PICK(w, patterns))}};
    return op_new(l->actor, l, SMB2_QUERY_DIRECTORY, 0);
}

static struct op *make_query(struct logon *l, struct arena *a, union wire_any *body)
{
    struct world *w = world_of(l);
    *body =
        (union wire_any){.query_info_req = {.info_type = (uint8_t)(1 + world_below(w, 4)),
                                            .info_class = (uint8_t)world_below(w, 80),
                                            .output_length = (uint32_t)world_below(w, 3) * 150,
                                            .additional_information = (uint32_t)world_below(w, 16),
                                            .file_id = draw_id(l)}};
    if (world_chance(w, 700))
        body->query_info_req.info_type = SMB2_0_INFO_FILE;
    (void)a;
    return op_new(l->actor, l, SMB2_QUERY_INFO, 0);
}

/* Bytes that make sense for some class, or none. */
static struct wire_blob draw_info(struct world *w, struct arena *a, uint8_t *class)
{
    static const uint8_t classes[] = {
        FileBasicInformation,       FileRenameInformation,       FileLinkInformation,
        FileDispositionInformation, FilePositionInformation,     FileModeInformation,
        FileAllocationInformation,  FileEndOfFileInformation,    FileValidDataLengthInformation,
        FileFullEaInformation,      FileDispositionInformationEx};
    uint8_t *mem = arena_alloc(a, 128);
    struct builder b;
    ASSERT(mem != NULL);
    *class = world_chance(w, 900) ? PICK(w, classes) : (uint8_t)world_below(w, 90);
    builder_init_fixed(&b, mem, 128);
    if (*class == FileRenameInformation || *class == FileLinkInformation) {
        struct wire_info_rename info = {.flags = (uint32_t)world_below(w, 2),
                                        .name = PICK(w, names)};
        info.name_len = strlen(info.name);
        wire_info_rename_encode(&b, &info, false);
    } else {
        builder_u64(&b, world_below(w, 3) * world_below(w, 5000));
        builder_zero(&b, world_below(w, 40));
    }
    return (struct wire_blob){mem, b.len};
}

static struct op *make_set(struct logon *l, struct arena *a, union wire_any *body)
{
    struct world *w = world_of(l);
    *body =
        (union wire_any){.set_info_req = {.info_type = SMB2_0_INFO_FILE, .file_id = draw_id(l)}};
    body->set_info_req.payload = draw_info(w, a, &body->set_info_req.info_class);
    if (world_chance(w, 50))
        body->set_info_req.info_type = (uint8_t)world_below(w, 6);
    return op_new(l->actor, l, SMB2_SET_INFO, 0);
}

static struct op *make_ioctl(struct logon *l, struct arena *a, union wire_any *body)
{
    static const uint32_t codes[] = {
        FSCTL_SRV_REQUEST_RESUME_KEY, FSCTL_SRV_COPYCHUNK, FSCTL_SET_ZERO_DATA,
        FSCTL_QUERY_ALLOCATED_RANGES, FSCTL_SET_SPARSE,    FSCTL_GET_REPARSE_POINT,
        FSCTL_DFS_GET_REFERRALS,      FSCTL_PIPE_WAIT,     FSCTL_QUERY_NETWORK_INTERFACE_INFO};
    static const struct wire_file_id none = {UINT64_MAX, UINT64_MAX};
    struct world *w = world_of(l);
    size_t len = world_below(w, 64);
    uint8_t *mem = arena_alloc(a, len + 1);
    ASSERT(mem != NULL);
    for (size_t i = 0; i < len; i++)
        mem[i] = i % 8 < 2 ? (uint8_t)world_below(w, 256) : 0;
    *body = (union wire_any){.ioctl_req = {.ctl_code = PICK(w, codes),
                                           .file_id = world_chance(w, 700) ? draw_id(l) : none,
                                           .max_output_response = (uint32_t)world_below(w, 300),
                                           .flags = SMB2_0_IOCTL_IS_FSCTL,
                                           .input = {mem, len}}};
    if (world_chance(w, 30))
        body->ioctl_req.ctl_code = FSCTL_VALIDATE_NEGOTIATE_INFO;
    /* 3.3.5.15.12: a lie about the negotiation ends the connection */
    if (body->ioctl_req.ctl_code == FSCTL_VALIDATE_NEGOTIATE_INFO)
        l->actor->may_close = true;
    return op_new(l->actor, l, SMB2_IOCTL, 0);
}

static struct op *make_ack(struct logon *l, struct arena *a, union wire_any *body)
{
    struct world *w = world_of(l);
    *body = (union wire_any){
        .oplock_break_req = {.is_lease = world_chance(w, 500), .file_id = draw_id(l)}};
    (void)a;
    return op_new(l->actor, l, SMB2_OPLOCK_BREAK, 0);
}

static struct op *make_echo(struct logon *l, struct arena *a, union wire_any *body)
{
    struct op *op = op_new(l->actor, l, SMB2_ECHO, 0);
    *body = (union wire_any){0};
    (void)a;
    return op;
}

typedef struct op *maker(struct logon *l, struct arena *a, union wire_any *body);

static maker *const makers[] = {
    make_create, make_create, make_create, make_create, make_close,  make_close,   make_read,
    make_write,  make_flush,  make_lock,   make_lock,   make_notify, make_listing, make_query,
    make_query,  make_set,    make_set,    make_ioctl,  make_ack,    make_echo,
};

/* ---------------------------------------------------------------- ways of sending */

static void send_plain(struct logon *l, struct arena *a)
{
    union wire_any body;
    bool nothing_open = l->wild_count == 0 && world_chance(world_of(l), 800);
    struct op *op = (nothing_open ? make_create : PICK(world_of(l), makers))(l, a, &body);
    struct smbclient_element e = op_element(op, &body);
    op_send(l->actor, &op, &e, 1, 0);
}

/* 3.3.5.2.4: without the signature that the session wants, or with a wrong one. */
static void send_unsigned(struct logon *l, struct arena *a)
{
    struct smbclient_session *s = l->session;
    union wire_any body;
    struct op *op = make_read(l, a, &body);
    unsigned flags = world_chance(world_of(l), 500) ? SMBCLIENT_UNSIGNED : SMBCLIENT_BAD_SIGNATURE;
    struct smbclient_element e = op_element(op, &body);
    bool sealed = s->seal_out != NULL && (s->seal || s->encrypt || e.tree_encrypts);
    if (sealed && world_chance(world_of(l), 900)) /* it ends the connection: not too often */
        flags = SMBCLIENT_UNSIGNED;
    if (sealed)
        l->actor->may_close = l->actor->may_close || flags == SMBCLIENT_BAD_SIGNATURE;
    else if (s->signer != NULL && (s->must_sign || flags == SMBCLIENT_BAD_SIGNATURE)) {
        op->judge = op_judge_status;
        op->expected = SMBKIT_STATUS_ACCESS_DENIED;
    }
    op_send(l->actor, &op, &e, 1, flags);
}

/* In plain text although session or share want encryption. */
static void send_unsealed(struct logon *l, struct arena *a)
{
    union wire_any body;
    struct op *op = make_read(l, a, &body);
    struct smbclient_element e = op_element(op, &body);
    if (l->session->seal_out != NULL && (l->session->encrypt || l->tree_encrypts)) {
        op->judge = op_judge_status;
        op->expected = SMBKIT_STATUS_ACCESS_DENIED;
    }
    op_send(l->actor, &op, &e, 1, SMBCLIENT_PLAIN);
}

/* 3.3.5.2.5: more than was paid for; and paid for more than was used, which is fine. */
static void send_mischarged(struct logon *l, struct arena *a)
{
    union wire_any body;
    struct op *op = make_read(l, a, &body);
    body.read_req.length = 70000;
    struct smbclient_element e = op_element(op, &body);
    e.charge = l->actor->smb.multi_credit ? (uint16_t)(1 + world_below(world_of(l), 4)) : 1;
    if (e.charge == 1 && l->actor->smb.multi_credit) {
        op->judge = op_judge_status;
        op->expected = SMBKIT_STATUS_INVALID_PARAMETER;
    }
    op_send(l->actor, &op, &e, 1, 0);
}

/* A body with a bit turned over, or cut short. One bit: no name and no handle of the model can come
   of it. */
static void send_mutated(struct logon *l, struct arena *a)
{
    struct world *w = world_of(l);
    union wire_any body;
    struct op *op = PICK(w, makers)(l, a, &body);
    struct builder b;
    struct wire_hdr h = {.command = op->command};
    builder_init_grow(&b, WIRE_FRAME_MAX);
    bool ok = wire_hdr_encode(&b, &h) && wire_req_codec(op->command)->encode(&b, 0, &body);
    size_t len = ok ? b.len - SMB2_HEADER_SIZE : 2;
    uint8_t *bytes = ok ? b.data + SMB2_HEADER_SIZE : (uint8_t[2]){0};
    if (world_chance(w, 500))
        bytes[world_below(w, len)] ^= (uint8_t)(1u << world_below(w, 8));
    else
        len = 2 + world_below(w, len - 1);
    struct smbclient_element e = op_element(op, NULL);
    e.raw = bytes;
    e.raw_len = len;
    e.charge = smbclient_charge(&l->actor->smb, op->command, &body);
    if (op->command == SMB2_IOCTL)
        l->actor->may_close = true;
    op_send(l->actor, &op, &e, 1, 0);
    builder_free(&b);
}

/* Several in one message, related or not. */
static void send_together(struct logon *l, struct arena *a)
{
    struct world *w = world_of(l);
    union wire_any body[6];
    struct smbclient_element e[6];
    struct op *ops[6];
    size_t n = 2 + world_below(w, 5);
    for (size_t i = 0; i < n; i++) {
        ops[i] = PICK(w, makers)(l, a, &body[i]);
        e[i] = op_element(ops[i], &body[i]);
        e[i].related = i > 0 && world_chance(w, 500);
    }
    op_send(l->actor, ops, e, n, SMBCLIENT_LENIENT);
}

void wild_act(struct logon *l)
{
    void (*const ways[])(struct logon *, struct arena *) = {
        send_plain,    send_plain,    send_plain,      send_plain,   send_plain,
        send_together, send_unsigned, send_mischarged, send_mutated, send_unsealed};
    struct arena a;
    arena_init(&a, 1u << 20);
    PICK(world_of(l), ways)(l, &a);
    arena_clear(&a);
}
