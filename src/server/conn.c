// SPDX-License-Identifier: Apache-2.0
/*
 * Connections: a transport on one side, the core's connection on the other.
 *
 *   accepted -> OPEN --transport's on_closed--> core_conn_lost, freed
 *
 * The core's callbacks only queue on the transport, which calls nobody back at once. A connection
 * is read as long as none of three says otherwise: the core (too much in work), the send queue (the
 * client does not take its replies), the server's end.
 */
#include "base/mem.h"
#include "server/server_int.h"
#include "wire/hdr.h"
#include <stdio.h>
#include <string.h>

/* Replies that wait for a client that does not read: above HIGH nothing more is read from it. */
#define OUT_HIGH (8u << 20)
#define OUT_LOW  (2u << 20)

/* Where the payload of a WRITE begins: transport header, SMB2 header, the fixed part of the request
   ([MS-SMB2] 2.2.21), and the transform header before it when it is encrypted. */
#define WRITE_PAYLOAD  (WIRE_FRAME_SIZE + 64 + 48)
#define TRANSFORM_SIZE 52
#define PAYLOAD_ALIGN  64

struct server_conn {
    struct list link;
    struct smbkit_server *server;
    struct transport *transport;
    struct core_conn *core; /* NULL: could not be made */
    bool core_paused, out_paused;
    struct core_peer peer;
};

static void update_reading(struct server_conn *c)
{
    if (c->core_paused || c->out_paused || c->server->state != SERVER_OPEN)
        transport_pause(c->transport);
    else
        transport_resume(c->transport);
}

static void check_queue(struct server_conn *c)
{
    size_t queued = transport_queued_bytes(c->transport);
    if (!c->out_paused && queued > OUT_HIGH)
        c->out_paused = true;
    else if (c->out_paused && queued <= OUT_LOW)
        c->out_paused = false;
    else
        return;
    update_reading(c);
}

/* --- what the core asks --- */

/* Puts the four bytes before the message. False when memory is out. */
static bool add_frame_header(struct chain *out, enum wire_frame type, size_t len)
{
    struct buf *b = buf_new(WIRE_FRAME_SIZE);
    if (b == NULL)
        return false;
    wire_frame_encode(b->data, type, (uint32_t)len);
    struct slice s = slice_of(b, 0, WIRE_FRAME_SIZE);
    buf_unref(b);
    return chain_add(out, &s);
}

static void conn_send(void *transport, struct chain *message)
{
    struct server_conn *c = transport;
    struct chain out;
    chain_init(&out);
    if (message->bytes <= WIRE_FRAME_MAX &&
        add_frame_header(&out, WIRE_FRAME_MESSAGE, message->bytes) && chain_move(&out, message)) {
        transport_send(c->transport, &out);
        check_queue(c);
        return;
    }
    LOGW(&c->server->log, "%s: cannot send a reply of %zu bytes", c->peer.text, message->bytes);
    chain_clear(&out);
    chain_clear(message);
    transport_close(c->transport, TRANSPORT_ABORT);
}

static void conn_close(void *transport, bool flush)
{
    struct server_conn *c = transport;
    transport_close(c->transport, flush ? TRANSPORT_FLUSH : TRANSPORT_ABORT);
}

static void conn_set_max_frame(void *transport, size_t bytes)
{
    struct server_conn *c = transport;
    transport_set_max_frame(c->transport, MIN(bytes, WIRE_FRAME_MAX) + WIRE_FRAME_SIZE);
}

/* TCP's five first retransmissions to a machine near by. */
#define BREAK_PATIENCE (6 * NS_PER_S)

static void conn_expect(void *transport)
{
    struct server_conn *c = transport;
    transport_expect(c->transport, BREAK_PATIENCE);
}

static void conn_pause(void *transport, bool paused)
{
    struct server_conn *c = transport;
    c->core_paused = paused;
    update_reading(c);
}

const struct core_host server_core_host = {
    .send = conn_send,
    .close = conn_close,
    .set_max_frame = conn_set_max_frame,
    .pause = conn_pause,
    .expect = conn_expect,
};

/* --- what the transport tells --- */

/* [MS-SMB2] 2.1 */
static bool framer(struct transport *t, const uint8_t head[TRANSPORT_HEAD], size_t *total)
{
    uint32_t len;
    if (wire_frame_decode(head, &len) == WIRE_FRAME_BAD)
        return false;
    *total = WIRE_FRAME_SIZE + (size_t)len;
    return true;
}

/* Only a matter of speed: what is not a WRITE is placed the same way. */
static size_t placement(struct transport *t, const uint8_t *seen, size_t seen_len, size_t total)
{
    size_t before = WRITE_PAYLOAD;
    if (seen_len >= WIRE_FRAME_SIZE + 4 &&
        wire_protocol_of(seen + WIRE_FRAME_SIZE, 4) == WIRE_PROTOCOL_TRANSFORM)
        before += TRANSFORM_SIZE;
    return (0 - before) & (PAYLOAD_ALIGN - 1);
}

static void answer_session_request(struct server_conn *c)
{
    struct chain out;
    chain_init(&out);
    if (add_frame_header(&out, WIRE_FRAME_SESSION_POSITIVE, 0))
        transport_send(c->transport, &out);
    else
        transport_close(c->transport, TRANSPORT_ABORT);
}

static void on_frame(struct transport *t, struct buf *frame, size_t off, size_t len)
{
    struct server_conn *c = transport_user(t);
    uint32_t rest;
    switch (wire_frame_decode(frame->data + off, &rest)) {
    case WIRE_FRAME_MESSAGE:
        server_enter(c->server);
        core_conn_frame(c->core, frame, off + WIRE_FRAME_SIZE, len - WIRE_FRAME_SIZE);
        server_leave(c->server);
        break;
    case WIRE_FRAME_SESSION_REQUEST: answer_session_request(c); break;
    case WIRE_FRAME_KEEPALIVE: break;
    case WIRE_FRAME_SESSION_POSITIVE: /* only servers send it */
    case WIRE_FRAME_BAD: transport_close(t, TRANSPORT_ABORT); break;
    }
    buf_unref(frame);
}

static void on_writable(struct transport *t)
{
    check_queue(transport_user(t));
}

static void on_closed(struct transport *t, enum transport_reason reason)
{
    struct server_conn *c = transport_user(t);
    struct smbkit_server *s = c->server;
    LOGI(&s->log, "%s: disconnected: %s", c->peer.text, transport_reason_name(reason));
    if (c->core != NULL) {
        server_enter(s);
        core_conn_lost(c->core);
        server_leave(s);
    }
    list_remove(&c->link);
    mem_free(c);
}

static const struct transport_ops ops = {
    .framer = framer,
    .placement = placement,
    .on_frame = on_frame,
    .on_writable = on_writable,
    .on_closed = on_closed,
};

/* --- the beginning --- */

static void fill_peer(struct core_peer *p, const struct net_addr *addr)
{
    char text[NET_ADDR_TEXT];
    snprintf(p->text, sizeof(p->text), "%.*s", (int)sizeof(p->text) - 1,
             net_addr_format(addr, text));
    if (addr->family == NET_FAMILY_IPV4) {
        p->address[10] = p->address[11] = 0xff; /* ::ffff:0:0/96 */
        memcpy(p->address + 12, addr->bytes, 4);
    } else {
        memcpy(p->address, addr->bytes, 16);
    }
}

void server_on_accept(void *ctx, struct accepted *a)
{
    struct smbkit_server *s = ctx;
    struct server_conn *c = s->state == SERVER_OPEN ? mem_zalloc(sizeof(*c)) : NULL;
    if (c == NULL) {
        accepted_refuse(a);
        return;
    }
    struct transport_options o;
    transport_options_default(&o);
    o.max_frame = CORE_FIRST_FRAME_MAX + WIRE_FRAME_SIZE;
    o.low_water = OUT_LOW;
    o.bufpool = s->bufpool;
    c->server = s;
    fill_peer(&c->peer, &a->peer);
    c->transport = transport_new(s->loop, a, &ops, c, &o);
    if (c->transport == NULL) {
        mem_free(c);
        return;
    }
    list_append(&s->conns, &c->link);
    server_enter(s);
    server_read_interfaces(s);
    c->core = core_conn_new(s->core, c, &c->peer);
    server_leave(s);
    if (c->core == NULL)
        transport_close(c->transport, TRANSPORT_ABORT);
    LOGI(&s->log, "%s: connected", c->peer.text);
}

/* --- the end --- */

void server_conns_quiesce(struct smbkit_server *s)
{
    LIST_FOREACH (it, &s->conns)
        update_reading(LIST_ENTRY(it, struct server_conn, link));
}

void server_conns_close(struct smbkit_server *s, enum transport_how how)
{
    LIST_FOREACH (it, &s->conns)
        transport_close(LIST_ENTRY(it, struct server_conn, link)->transport, how);
}
