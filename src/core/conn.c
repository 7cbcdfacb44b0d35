// SPDX-License-Identifier: Apache-2.0
/* Connections: from frames to messages, and back. */
#include "core/conn.h"
#include "base/checked.h"
#include "base/mem.h"
#include "core/batch.h"
#include "core/cmd/negotiate.h"
#include "core/oplock.h"
#include "core/session.h"
#include "core/state.h"
#include "wire/hdr.h"
#include <string.h>

/* What a message may have besides its payload (3.3.5.2.1.2: 256 and the compression header). */
#define COMPRESSION_HEADERS (256u + 16u)

bool conn_alive(const struct core_conn *conn)
{
    return conn->state < CONN_CLOSING;
}

struct core_conn *conn_ref(struct core_conn *conn)
{
    MAGIC_CHECK(conn, CORE_CONN_MAGIC);
    conn->refs++;
    return conn;
}

void conn_unref(struct core_conn *conn)
{
    MAGIC_CHECK(conn, CORE_CONN_MAGIC);
    ASSERT(conn->refs > 0);
    if (--conn->refs > 0)
        return;
    ASSERT(conn->state == CONN_LOST && list_empty(&conn->batches) && conn->channel_count == 0);
    list_remove(&conn->link);
    conn->core->stats.connections--;
    htab_free(&conn->channels);
    mem_free(conn->client_dialects);
    MAGIC_WIPE(conn);
    mem_free(conn);
}

/* Stops clients that connect and never log on: before authentication a connection costs almost
   nothing, but not for ever. */
static void refused(struct timer *t);

static void auth_timeout(struct timer *t)
{
    conn_refuse(CONTAINER_OF(t, struct core_conn, auth_timer), "did not authenticate in time");
}

struct core_conn *core_conn_new(struct core *c, void *transport, const struct core_peer *peer)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    struct core_conn *conn = mem_zalloc(sizeof *conn);
    if (conn == NULL)
        return NULL;
    MAGIC_SET(conn, CORE_CONN_MAGIC);
    conn->refs = 1;
    conn->core = c;
    conn->transport = transport;
    conn->peer = *peer;
    /* an IPv6 host owns its whole /64 */
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool v4 = memcmp(peer->address, mapped, sizeof mapped) == 0;
    memcpy(conn->source.bytes, peer->address, v4 ? 16 : 8);
    credits_init(&conn->credits);
    list_init(&conn->batches);
    htab_init(&conn->channels);
    crypto_preauth_init(&conn->preauth);
    conn->next_async_id = 1;
    conn->constrained = true;
    list_append(&c->conns, &conn->link);
    c->stats.connections++;
    timer_init(&conn->auth_timer, auth_timeout);
    timer_init(&conn->end_timer, refused);
    timerq_set(&c->timers, &conn->auth_timer, c->now + c->config.auth_timeout);
    return conn;
}

void conn_refuse(struct core_conn *conn, const char *why)
{
    if (!conn_alive(conn))
        return;
    LOGD(conn->core->config.log, "%s: closing: %s", conn->peer.text, why);
    conn->core->stats.frames_refused++;
    conn->state = CONN_CLOSING;
    conn->core->host.close(conn->transport, true);
    /* its client may take its time to end its side */
    timerq_set(&conn->core->timers, &conn->end_timer, conn->core->now);
}

/* What hangs on the connection ends ([MS-SMB2] 3.3.7.1). */
static void conn_leave(struct core_conn *conn)
{
    struct htab_node *n;
    batch_cancel_all(conn);
    while ((n = htab_walk(&conn->channels, NULL)) != NULL)
        channel_drop(CONTAINER_OF(n, struct core_channel, by_session));
    oplock_way_lost(conn);
}

static void refused(struct timer *t)
{
    struct core_conn *conn = conn_ref(CONTAINER_OF(t, struct core_conn, end_timer));
    conn_leave(conn);
    conn_unref(conn);
}

void conn_send(struct core_conn *conn, struct chain *message)
{
    if (!conn_alive(conn)) {
        chain_clear(message);
        return;
    }
    conn->core->stats.bytes_out += message->bytes;
    conn->core->host.send(conn->transport, message);
}

void conn_expect(struct core_conn *conn)
{
    if (conn_alive(conn))
        conn->core->host.expect(conn->transport);
}

void conn_account(struct core_conn *conn, int64_t bytes)
{
    conn->buffered = (uint64_t)((int64_t)conn->buffered + bytes);
    bool pause = conn->buffered > conn->core->config.max_buffered;
    if (pause == conn->paused || !conn_alive(conn))
        return;
    conn->paused = pause;
    conn->core->host.pause(conn->transport, pause);
}

/* Decrypted; compressed or not. 3.3.5.2.1.2; before anybody has authenticated nothing is
   decompressed, because it costs more than it costs the sender. */
static void receive_plain(struct core_conn *conn, struct buf *frame, const uint8_t *data,
                          size_t len, struct core_channel *seal_channel)
{
    if (wire_protocol_of(data, len) != WIRE_PROTOCOL_COMPRESSION) {
        batch_receive(conn, frame, data, len, seal_channel, false);
        return;
    }
    size_t most = (size_t)conn->max_transact + COMPRESSION_HEADERS;
    struct buf *plain =
        conn->constrained ? NULL : compression_unpack(&conn->compression, data, len, most);
    if (plain == NULL) {
        conn_refuse(conn, "a compressed message that is bad, or not agreed on");
        return;
    }
    batch_receive(conn, plain, plain->data + COMPRESSION_ROOM, plain->size - COMPRESSION_ROOM,
                  seal_channel, true);
    buf_unref(plain);
}

/* [MS-SMB2] 3.3.5.2.1.1. Everything that is wrong ends the connection. */
static void receive_sealed(struct core_conn *conn, struct buf *frame, size_t off, size_t len)
{
    struct cursor cur;
    struct wire_transform tr;
    const uint8_t *data = frame->data + off;
    cursor_init(&cur, data, len);
    if (conn->cipher == CRYPTO_CIPHER_NONE || !wire_transform_decode(&cur, &tr) ||
        tr.original_size == 0) {
        conn_refuse(conn, "a bad transform header");
        return;
    }
    struct core_channel *ch = channel_find(conn, tr.session_id);
    if (ch == NULL || ch->seal_in == NULL || conn->constrained) {
        if (ch != NULL)
            channel_unref(ch);
        conn_refuse(conn, "an encrypted message for no session");
        return;
    }
    size_t plain_len = cur.end - cur.pos;
    struct buf *plain = NULL;
    uint8_t *out = frame->data + off + cur.pos;
    if (!buf_is_unique(frame)) {
        plain = buf_new(plain_len);
        out = plain != NULL ? plain->data : NULL;
    }
    if (out == NULL)
        conn_refuse(conn, "out of memory");
    else if (!crypto_open(ch->seal_in, tr.nonce, data + WIRE_TRANSFORM_AAD,
                          cur.pos - WIRE_TRANSFORM_AAD, data + cur.pos, plain_len, out,
                          tr.signature))
        conn_refuse(conn, "an encrypted message with a bad tag");
    else
        receive_plain(conn, plain != NULL ? plain : frame, out, plain_len, ch);
    buf_unref(plain);
    channel_unref(ch);
}

void core_conn_frame(struct core_conn *conn, struct buf *frame, size_t off, size_t len)
{
    MAGIC_CHECK(conn, CORE_CONN_MAGIC);
    ASSERT(conn->state != CONN_LOST && checked_range(off, len, frame->size));
    if (conn->state == CONN_CLOSING)
        return;
    conn_ref(conn);
    conn->core->stats.bytes_in += len;
    const uint8_t *data = frame->data + off;
    switch (wire_protocol_of(data, len)) {
    case WIRE_PROTOCOL_SMB2:
    case WIRE_PROTOCOL_COMPRESSION: receive_plain(conn, frame, data, len, NULL); break;
    case WIRE_PROTOCOL_TRANSFORM: receive_sealed(conn, frame, off, len); break;
    case WIRE_PROTOCOL_SMB1: negotiate_smb1(conn, data, len); break;
    case WIRE_PROTOCOL_UNKNOWN: conn_refuse(conn, "not an SMB message"); break;
    }
    conn_unref(conn);
}

void core_conn_lost(struct core_conn *conn)
{
    MAGIC_CHECK(conn, CORE_CONN_MAGIC);
    ASSERT(conn->state != CONN_LOST);
    conn->state = CONN_LOST;
    timerq_cancel(&conn->core->timers, &conn->auth_timer);
    timerq_cancel(&conn->core->timers, &conn->end_timer);
    conn_leave(conn);
    conn_unref(conn);
}
