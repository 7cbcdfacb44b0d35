// SPDX-License-Identifier: Apache-2.0
/*
 * Messages: a received one becomes a batch of requests, which are started in order and answered
 * together.
 *
 * A compound consists of chains: a request without SMB2_FLAGS_RELATED_OPERATIONS begins one, the
 * related ones after it belong to it (Windows allows both styles in a message: [MS-SMB2] note 268).
 * A request starts when the one before it in its chain is finished; chains run side by side.
 *
 * Replies leave in one message when every request that has not gone asynchronous is finished. A
 * request that goes asynchronous sends what is ready together with its interim response, and
 * everything after it in the chain is answered when it is.
 *
 * The requests of a batch are listed in order until they are answered; an answered one is freed,
 * and the batch with its last request. A batch holds references on its connection and its frame.
 */
#ifndef CORE_BATCH_H
#define CORE_BATCH_H

#include "base/arena.h"
#include "base/list.h"

struct buf;
struct core_channel;
struct core_conn;
struct core_request;

#define CORE_BATCH_MAGIC 0x534b4254u

#define CORE_ARENA_MAX (32u << 20) /* of one compound: replies of several large queries */

/* One received message: a request, or a compound of them. */
struct core_batch {
    uint32_t magic;
    struct core_conn *conn; /* a reference */
    struct list link;       /* core_conn.batches */
    struct buf *frame;      /* a reference */
    size_t frame_bytes;
    struct core_channel *seal_channel; /* a reference when the message came encrypted, else NULL */
    struct list requests; /* core_request.link, in order; finished ones wait here for the reply */
    bool compressed;      /* it came so: answers may go so */
    bool busy;            /* batch_advance is on the stack */
    struct arena arena;
};

/* Takes a plain SMB2 message (already decrypted and decompressed) and works on it. */
void batch_receive(struct core_conn *conn, struct buf *frame, const uint8_t *data, size_t size,
                   struct core_channel *seal_channel, bool compressed);
/* batch.c: a request of the batch has its reply ready; sends what can be sent and starts what
 * waited. */
void batch_request_finished(struct core_request *r);
/* May the request get an interim response: it is the last of its chain? */
bool batch_may_go_async(const struct core_request *r);
/* Sends what is ready and the interim response of `r`, which is asynchronous from now on. */
void batch_send_interim(struct core_request *r);
/* The connection is lost: cancels what is in work. */
void batch_cancel_all(struct core_conn *conn);
/* The request before this one in its chain. */
struct core_request *batch_previous(const struct core_request *r);

#endif
