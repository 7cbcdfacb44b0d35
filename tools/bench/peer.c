// SPDX-License-Identifier: Apache-2.0
/*
 * One connection: a transport (net/transport.h) below, the sans-I/O client (client/smbclient.h)
 * above. Messages are built once, in the buffer that is sent.
 *
 * What is set up is set up one message after the other: the loop runs until the answer is there.
 */
#include "base/mem.h"
#include "base/utf.h"
#include "bench.h"
#include "plat/clock.h"
#include "plat/random.h"
#include "wire/hdr.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_ROOM  1024u /* headers of one message */
#define CALL_LIMIT (20 * NS_PER_S)

static bool failed(struct bench_peer *p, const char *format, ...) PRINTF_LIKE(2, 3);
static bool failed(struct bench_peer *p, const char *format, ...)
{
    if (p->error[0] == '\0') {
        va_list ap;
        va_start(ap, format);
        vsnprintf(p->error, sizeof p->error, format, ap);
        va_end(ap);
    }
    return false;
}

/* ---------------------------------------------------------------- the transport tells */

static bool framer(struct transport *t, const uint8_t head[TRANSPORT_HEAD], size_t *total)
{
    uint32_t len;
    if (wire_frame_decode(head, &len) != WIRE_FRAME_MESSAGE)
        return false;
    *total = WIRE_FRAME_SIZE + (size_t)len;
    return true;
}

static void on_frame(struct transport *t, struct buf *frame, size_t off, size_t len)
{
    struct bench_peer *p = transport_user(t);
    if (p->transport == t &&
        !smbclient_receive(&p->smb, frame->data + off + WIRE_FRAME_SIZE, len - WIRE_FRAME_SIZE)) {
        failed(p, "the server broke the protocol: %s", smbclient_violation(&p->smb));
        transport_close(t, TRANSPORT_ABORT);
    }
    buf_unref(frame);
    if (p->transport == t && p->more != NULL)
        p->more(p->ctx);
}

/* Who waits for an answer is told that none comes. */
static void tell_lost(struct bench_peer *p)
{
    LIST_FOREACH_SAFE (it, tmp, &p->smb.requests) {
        struct smbclient_request *rq = LIST_ENTRY(it, struct smbclient_request, link);
        struct bench_op *op = rq->tag;
        rq->tag = NULL;
        if (op != NULL)
            op->done(op, NULL);
    }
}

static void on_closed(struct transport *t, enum transport_reason reason)
{
    struct bench_peer *p = transport_user(t);
    p->alive = false;
    if (p->transport != t)
        return;
    p->transport = NULL;
    failed(p, "the connection was closed: %s", transport_reason_name(reason));
    tell_lost(p);
}

static const struct transport_ops ops = {
    .framer = framer,
    .on_frame = on_frame,
    .on_closed = on_closed,
};

static void on_reply(void *ctx, struct smbclient_request *rq, const struct smbclient_reply *rp)
{
    struct bench_op *op = rq->tag;
    if (!rp->interim && op != NULL)
        op->done(op, rp);
}

static void on_told(void *ctx, const struct wire_break_notification *n)
{
    struct bench_peer *p = ctx;
    if (p->told != NULL)
        p->told(p->ctx, n);
}

/* ---------------------------------------------------------------- sending */

/* Room for a message with `payload` bytes of data, behind the four bytes of the frame. */
static struct buf *message_new(struct bench_peer *p, size_t payload, struct builder *out)
{
    struct buf *b = bufpool_get(p->pool, WIRE_FRAME_SIZE + HEAD_ROOM + payload);
    if (b != NULL)
        builder_init_fixed(out, b->data + WIRE_FRAME_SIZE, HEAD_ROOM + payload);
    return b;
}

static bool message_send(struct bench_peer *p, struct buf *b, const struct builder *out, bool made)
{
    struct chain chain;
    struct slice s;
    if (!made) {
        buf_unref(b);
        return false;
    }
    wire_frame_encode(b->data, WIRE_FRAME_MESSAGE, (uint32_t)out->len);
    s = slice_of(b, 0, WIRE_FRAME_SIZE + out->len);
    buf_unref(b);
    chain_init(&chain);
    if (!chain_add(&chain, &s))
        return false;
    transport_send(p->transport, &chain);
    return true;
}

bool bench_send(struct bench_peer *p, struct bench_op *op, uint16_t command,
                const union wire_any *body)
{
    struct smbclient_element e = {
        .command = command,
        .body = body,
        .session = p->session,
        .tree_id = p->tree_id,
        .tree_encrypts = p->tree_encrypts,
        .tag = op,
    };
    if (p->transport == NULL)
        return false;
    e.charge = smbclient_charge(&p->smb, command, body);
    if (smbclient_credits(&p->smb) < e.charge)
        return false;
    e.credits = (uint16_t)(e.charge + (smbclient_credits(&p->smb) < p->wanted ? 64 : 0));
    struct builder out;
    struct buf *b =
        message_new(p, command == SMB2_WRITE ? body->write_req.payload.len : 4096, &out);
    if (b == NULL)
        return false;
    op->peer = p;
    op->began = clock_monotonic();
    return message_send(p, b, &out, smbclient_send(&p->smb, &e, 1, 0, &out));
}

/* ---------------------------------------------------------------- one after the other */

struct call {
    struct bench_op op;
    bool answered;
    smbkit_status status;
    bench_take *take;
    void *ctx;
};

static void call_done(struct bench_op *op, const struct smbclient_reply *rp)
{
    struct call *c = (struct call *)op;
    c->answered = true;
    c->status = rp != NULL ? rp->hdr->status : SMBKIT_STATUS_CONNECTION_DISCONNECTED;
    if (rp != NULL && !smbkit_is_error(c->status) && c->take != NULL)
        c->take(c->ctx, rp);
}

/* Until *flag, the end of the connection, or the limit. */
static void run_until(struct bench_peer *p, const bool *flag)
{
    uint64_t end = clock_monotonic() + CALL_LIMIT;
    while (!*flag && p->transport != NULL) {
        loop_run_once(p->loop, NS_PER_S);
        if (!*flag && p->transport != NULL && clock_monotonic() > end) {
            failed(p, "the server does not answer");
            bench_peer_close(p);
        }
    }
}

smbkit_status bench_call(struct bench_peer *p, uint16_t command, const union wire_any *body,
                         bench_take *take, void *ctx)
{
    struct call c = {.op = {.done = call_done},
                     .status = SMBKIT_STATUS_CONNECTION_DISCONNECTED,
                     .take = take,
                     .ctx = ctx};
    if (bench_send(p, &c.op, command, body))
        run_until(p, &c.answered);
    return c.status;
}

/* ---------------------------------------------------------------- connecting */

static int connect_to(const struct net_addr *a)
{
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(a->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
    bool v4 = a->family == NET_FAMILY_IPV4;
    memcpy(&in4.sin_addr, a->bytes, 4);
    memcpy(&in6.sin6_addr, a->bytes, 16);
    in6.sin6_scope_id = a->scope;
    int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    const struct sockaddr *to = v4 ? (const void *)&in4 : (const void *)&in6;
    if (connect(fd, to, v4 ? sizeof in4 : sizeof in6) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static void configure(struct bench_peer *p, struct smbclient_config *c)
{
    const struct bench_config *cfg = p->cfg;
    c->dialects[0] = cfg->dialect;
    c->dialect_count = 1;
    c->security_mode = SMB2_NEGOTIATE_SIGNING_ENABLED;
    c->guid = p->guid;
    if (cfg->dialect >= SMB2_DIALECT_300)
        c->capabilities = SMB2_GLOBAL_CAP_LEASING | SMB2_GLOBAL_CAP_LARGE_MTU |
                          SMB2_GLOBAL_CAP_PERSISTENT_HANDLES |
                          (cfg->seal ? SMB2_GLOBAL_CAP_ENCRYPTION : 0);
    if (cfg->dialect == SMB2_DIALECT_311) {
        c->ciphers[0] = cfg->cipher;
        c->cipher_count = cfg->seal;
        memcpy(c->signings, cfg->signing, sizeof cfg->signing);
        c->signing_count = cfg->signing_count;
    }
    c->reply = on_reply;
    c->told = on_told;
    c->ctx = p;
}

static bool start(struct bench_peer *p, const struct smbclient_config *config)
{
    struct transport_options o;
    int fd = connect_to(&p->cfg->address);
    if (fd < 0)
        return failed(p, "cannot connect: %s", strerror(errno));
    transport_options_default(&o);
    o.max_frame = WIRE_FRAME_MAX + WIRE_FRAME_SIZE;
    o.first_timeout = o.frame_timeout = o.send_timeout = 0;
    o.bufpool = p->pool;
    p->transport = transport_new_fd(p->loop, fd, &ops, p, &o);
    if (p->transport == NULL)
        return failed(p, "out of memory");
    p->alive = p->started = true;
    return smbclient_init(&p->smb, config) || failed(p, "no cryptography");
}

static void wait_idle(struct bench_peer *p)
{
    uint64_t end = clock_monotonic() + CALL_LIMIT;
    while (p->transport != NULL && p->smb.outstanding > 0 && clock_monotonic() < end)
        loop_run_once(p->loop, NS_PER_S);
}

static bool negotiate(struct bench_peer *p)
{
    struct builder out;
    struct buf *b = message_new(p, 4096, &out);
    if (b == NULL || !message_send(p, b, &out, smbclient_negotiate(&p->smb, &out)))
        return failed(p, "no NEGOTIATE could be made");
    wait_idle(p);
    return p->smb.negotiated || failed(p, "NEGOTIATE was refused");
}

static bool log_on(struct bench_peer *p)
{
    struct smbclient_session *s;
    p->who.user = p->cfg->user;
    p->who.password = p->cfg->password;
    p->who.domain = "";
    p->smb.now = clock_filetime();
    s = p->session = smbclient_session_new(&p->smb, &p->who);
    while (s != NULL && p->transport != NULL &&
           (s->state == SMBCLIENT_SESSION_NEW || s->state == SMBCLIENT_SESSION_STEP)) {
        struct builder out;
        struct buf *b = message_new(p, 65536, &out);
        if (b == NULL ||
            !message_send(p, b, &out, smbclient_session_setup(s, p->previous_id, &out)))
            return failed(p, "no SESSION_SETUP could be made");
        wait_idle(p);
    }
    if (s == NULL || s->state != SMBCLIENT_SESSION_VALID)
        return failed(p, "SESSION_SETUP: %s",
                      s != NULL ? smbkit_status_name(s->status) : "out of memory");
    s->seal = p->cfg->seal;
    if (p->cfg->seal && s->seal_out == NULL)
        return failed(p, "the server does not encrypt");
    return true;
}

static void take_tree(void *ctx, const struct smbclient_reply *rp)
{
    struct bench_peer *p = ctx;
    struct cursor body = rp->body;
    struct wire_tree_connect_rsp rsp;
    if (!wire_tree_connect_rsp_decode(&body, NULL, &rsp))
        return;
    p->tree_id = rp->hdr->tree_id;
    p->tree_encrypts = (rsp.share_flags & SMB2_SHAREFLAG_ENCRYPT_DATA) != 0;
}

/* In 3.1.1 always signed ([MS-SMB2] 3.3.5.7); what follows as the options say. */
static bool connect_tree(struct bench_peer *p)
{
    char path[300];
    snprintf(path, sizeof path, "\\\\server\\%s", p->cfg->share);
    union wire_any body = {.tree_connect_req = {.path = bench_name(path)}};
    smbkit_status st = bench_call(p, SMB2_TREE_CONNECT, &body, take_tree, p);
    p->session->sign = p->cfg->sign;
    return st == SMBKIT_STATUS_SUCCESS || failed(p, "TREE_CONNECT: %s", smbkit_status_name(st));
}

bool bench_peer_open(struct bench_peer *p)
{
    struct smbclient_config config = {0};
    p->error[0] = '\0';
    p->tree_id = 0;
    p->tree_encrypts = false;
    p->session = NULL;
    if (!random_system(&config.random))
        return failed(p, "no randomness");
    p->who.random = config.random;
    if (guid_is_zero(&p->guid))
        random_fill(&config.random, &p->guid, sizeof p->guid);
    configure(p, &config);
    if (start(p, &config) && negotiate(p) && log_on(p) && connect_tree(p))
        return true;
    bench_peer_close(p);
    return false;
}

void bench_peer_close(struct bench_peer *p)
{
    struct transport *t = p->transport;
    p->transport = NULL;
    if (t != NULL) {
        tell_lost(p);
        transport_close(t, TRANSPORT_ABORT);
    }
    while (p->alive) /* it still refers to the peer */
        loop_run_once(p->loop, NS_PER_S);
    if (p->started)
        smbclient_free(&p->smb);
    p->started = false;
}

/* ---------------------------------------------------------------- files */

struct wire_blob bench_name(const char *name)
{
    static uint8_t text[1024];
    struct builder b;
    builder_init_fixed(&b, text, sizeof text);
    utf8_to_utf16(&b, name, strlen(name));
    return (struct wire_blob){text, b.len};
}

union wire_any bench_create_body(const char *name, uint32_t disposition)
{
    return (union wire_any){
        .create_req = {
            .impersonation_level = 2,
            .desired_access = GENERIC_READ | GENERIC_WRITE | DELETE,
            .share_access = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
            .create_disposition = disposition,
            .create_options = FILE_NON_DIRECTORY_FILE,
            .name = bench_name(name),
        }};
}

static void take_file(void *ctx, const struct smbclient_reply *rp)
{
    struct wire_create_rsp rsp;
    struct cursor body = rp->body;
    struct arena a;
    arena_init(&a, 65536);
    if (wire_create_rsp_decode(&body, &a, &rsp))
        *(struct wire_file_id *)ctx = rsp.file_id;
    arena_clear(&a);
}

smbkit_status bench_create(struct bench_peer *p, const union wire_any *body,
                           struct wire_file_id *id)
{
    return bench_call(p, SMB2_CREATE, body, take_file, id);
}

smbkit_status bench_close(struct bench_peer *p, struct wire_file_id id)
{
    union wire_any body = {.close_req = {.file_id = id}};
    return bench_call(p, SMB2_CLOSE, &body, NULL, NULL);
}
