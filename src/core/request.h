// SPDX-License-Identifier: Apache-2.0
/*
 * Requests: the runner of a command's steps, waiting, interim responses and cancelling.
 *
 *   QUEUED --request_run--> RUNNING --a step says DONE, or the last step NEXT--> FINISHED
 *                             |  ^
 *                   step parks|  | request_resume
 *                             v  |
 *                           PARKED --request_complete, request_cancel--> FINISHED
 *
 * Why a request parks: an operation of the plugin (r->op) is under way, or it waits for an event
 * (request_wait) that something else reports: a lock, a change, the end of another request.
 *
 * A request is answered exactly once, by finish() in request.c, whoever gets there first: its own
 * steps, a cancel, the end of its open or of its connection.
 *
 * Its batch owns it and frees it when it is answered. It holds references on channel, session,
 * tree and volume and a use of its open while it has them.
 */
#ifndef CORE_REQUEST_H
#define CORE_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/builder.h"
#include "base/cursor.h"
#include "base/list.h"
#include "base/timerq.h"
#include "core/batch.h"
#include "core/command.h"
#include "core/conn.h"
#include "lease/oplock.h"
#include "vfs/vfs.h"
#include "wire/hdr.h"
#include "wire/wire.h"

struct core_channel;
struct core_open;
struct core_session;
struct core_tree;

#define CORE_REQUEST_MAGIC 0x534b5251u

enum core_request_state {
    REQUEST_QUEUED,
    REQUEST_RUNNING,
    REQUEST_PARKED,
    REQUEST_FINISHED,
};

/* What a related request takes over from the one before it ([MS-SMB2] 3.3.5.2.7.2). */
struct core_chain {
    uint64_t session_id;
    uint32_t tree_id;
    bool has_file;
    struct wire_file_id file;
    smbkit_status file_status; /* why there is no such file: the CREATE failed */
};

struct core_request {
    uint32_t magic;
    enum core_request_state state;
    struct core_batch *batch;
    struct list link; /* core_batch.requests */
    const struct core_command *cmd;
    struct wire_hdr hdr;
    struct cursor body;      /* of this element; its base is the header, in the batch's frame */
    bool related;            /* SMB2_FLAGS_RELATED_OPERATIONS */
    bool decoded;            /* `in` is valid */
    smbkit_status refused;   /* not SUCCESS: the answer, without looking further */
    bool refused_chain;      /* and that of the related ones after it */
    bool answered;           /* its reply has been sent; kept for the next of its chain */
    struct core_chain chain; /* what the next related request takes over */
    struct core_channel *channel; /* references, NULL where there is none */
    struct core_session *session;
    struct core_tree *tree;
    struct vfs_volume *volume; /* a reference: the share's when the request began, to its end */
    struct core_open *open;    /* a use */
    struct list in_open;       /* core_open.waiters */
    bool replayable;    /* goes on without its connection, while the session has another: its client
                           sends it again there (3.3.5.9.10) */
    struct list orphan; /* core_session.orphans */
    bool sequenced;     /* it counts in the open's channel sequence */
    uint32_t sequence_epoch;

    union {
        struct wire_negotiate_req negotiate;
        struct wire_session_setup_req session_setup;
        struct wire_tree_connect_req tree_connect;
        struct wire_create_req create;
        struct wire_close_req close;
        struct wire_flush_req flush;
        struct wire_read_req read;
        struct wire_write_req write;
        struct wire_lock_req lock;
        struct wire_ioctl_req ioctl;
        struct wire_query_directory_req query_directory;
        struct wire_change_notify_req change_notify;
        struct wire_query_info_req query_info;
        struct wire_set_info_req set_info;
        struct wire_oplock_break_req oplock_break;
    } in;
    void *state_data; /* the command's own working state, in the batch's arena */

    smbkit_status status;
    unsigned step;
    struct vfs_op op;
    /* Ends the waiting of a parked request: takes it off whatever it waits on. The caller then
       finishes the request with a status. NULL: only the running operation can be hinted. */
    void (*unpark)(struct core_request *r);
    struct lease_break_wait break_wait; /* oplock.c */
    bool waits_quietly;                 /* request_wait_quietly */
    bool cancelled;                     /* a CANCEL came while it could not be ended */

    bool async;
    uint64_t async_id;
    struct timer interim; /* then to look for a plugin that does not answer */

    struct chain payload;      /* follows the encoded body */
    size_t data_len;           /* of READ's data */
    struct builder reply;      /* header and body, made by request_finish */
    const uint8_t *error_data; /* data of an error response, in the arena */
    size_t error_len;
    bool error_empty; /* 3.1.1: there are error data, of no bytes ([MS-SMB2] 3.3.5.20.1) */
    bool with_body;   /* the status is no SUCCESS and still has the command's own body */
    bool no_reply;    /* CANCEL */
    bool sign_reply;
    bool encrypt_reply;
};

static inline struct core_conn *request_conn(const struct core_request *r)
{
    return r->batch->conn;
}

static inline struct core *request_core(const struct core_request *r)
{
    return r->batch->conn->core;
}

static inline struct arena *request_arena(struct core_request *r)
{
    return &r->batch->arena;
}

void request_init(struct core_request *r, struct core_batch *b, const struct core_command *cmd,
                  const struct wire_element *e);
/* Checks the request at the gate, then runs its steps until it parks or is finished. */
void request_run(struct core_request *r);
/* A parked request goes on. */
void request_resume(struct core_request *r);
/* A parked request ends with this status without running further steps. */
void request_complete(struct core_request *r, smbkit_status status);
/* The verdict of a step that started an operation on r->op: NEXT when it is answered, else PARK. */
static inline enum core_verdict request_await(struct core_request *r, bool answered)
{
    (void)r;
    return answered ? STEP_NEXT : STEP_PARK;
}
/* Sets the answer. */
static inline enum core_verdict request_done(struct core_request *r, smbkit_status status)
{
    r->status = status;
    return STEP_DONE;
}
/* Goes to another step of the same command: return request_goto(r, that_function). */
enum core_verdict request_goto(struct core_request *r,
                               enum core_verdict (*step)(struct core_request *r));
/* Parks for an event that may never come (a lock, a notification): the interim response goes out
   now. `unpark` as in the struct. When the request may not go asynchronous (in the middle of a
   related compound, or too many are parked), or its open is being shut already, it returns
   STEP_DONE with the status set. The request is put on r->open's waiters. */
enum core_verdict request_wait(struct core_request *r, void (*unpark)(struct core_request *r),
                               enum core_verdict verdict);
/* Parks for an event that comes soon, wherever the request stands in its chain: no interim
   response, as Windows does where something else than a CREATE waits for a break. */
enum core_verdict request_wait_quietly(struct core_request *r,
                                       void (*unpark)(struct core_request *r),
                                       enum core_verdict verdict);
/* CANCEL, or the end of the connection. */
void request_cancel(struct core_request *r);

#endif
