// SPDX-License-Identifier: Apache-2.0
/*
 * Opens on the share IPC$: named pipes, served by rpc/. An open with `pipe` has no volume and no
 * file of a plugin; the commands that know of pipes ask for it first, the others are refused by the
 * gate (CMD_ON_PIPES).
 *
 * What a pipe answers it answers at once, but for the calls that ask a plugin about a file. A READ,
 * or the second half of a TRANSCEIVE, that finds nothing waits on the open, in order, until a WRITE
 * or the plugin brings something.
 */
#ifndef CORE_PIPE_H
#define CORE_PIPE_H

#include "core/command.h"
#include "rpc/rpc.h"
#include "vfs/vfs.h"
#include "wire/info_file.h"

struct acl_token;
struct core;
struct core_open;
struct core_request;

/* Of one session: what its pipes hold, unread answers above all. There may be as many pipes as
   that is good for; Windows' own clients use a few. */
#define CORE_PIPES_MEMORY (32u << 20)
/* Of all sessions: one address may have 256 connections with 64 sessions each. When that is used
   up, a session still gets what an ordinary client needs, so that nobody keeps the others out. */
#define CORE_PIPES_ALL  (256u << 20)
#define CORE_PIPES_SURE (64u << 10)

/* Clients want paths that look like this; what is behind them is nobody's business. */
#define PIPE_PATH_PREFIX "C:\\"

struct pipe_file;

struct core_pipe {
    struct rpc_assoc *assoc;
    const struct rpc_endpoint *endpoint;
    uint32_t read_mode;       /* FILE_PIPE_MESSAGE_MODE or _BYTE_STREAM_MODE */
    uint32_t completion_mode; /* FILE_PIPE_COMPLETE_OPERATION: never wait */
    struct pipe_file *file;   /* a question about one that a plugin has not answered, or NULL */
};

/* pipe_directory.c: what the interfaces ask. */
void pipe_service_init(struct core *c);

/* pipe_shares.c: the questions and orders about shares. */
void pipe_shares_init(struct rpc_directory *d);
/* pipe_shares.c: what the caller is to access checks. */
struct acl_token pipe_token(const struct core *c, const struct rpc_caller *who);

/* pipe_file.c: the pipe's question (rpc_assoc_question), asked by what `r` has written, is
   answered: now, or later when a plugin has found out. Until then the open is in use. */
void pipe_ask(struct core_request *r);
/* pipe_file.c: nobody waits for it any more: the plugin is told so. */
void pipe_hurry(struct core_open *o);

/* Is this user named among the administrators? */
bool pipe_is_admin(const struct core *c, const char *user);
/* CREATE on IPC$: the whole command but its response. The attributes go to *attr. */
smbkit_status pipe_open(struct core_request *r, struct core_open **out, struct smbkit_attr *attr);
/* The open goes; nothing when it is a file's. */
void pipe_close(struct core_open *o);
struct smbkit_attr pipe_attributes(const struct core_open *o);

/* Steps of READ, WRITE and IOCTL. */
enum core_verdict pipe_read(struct core_request *r);
enum core_verdict pipe_write(struct core_request *r);

struct pipe_answer {
    const uint8_t *data; /* in the arena */
    size_t len;
    smbkit_status status; /* SUCCESS, BUFFER_OVERFLOW: there is more of the message */
};
/* The first message, or its beginning. False: there is none. */
NODISCARD bool pipe_take(struct core_request *r, size_t room, struct pipe_answer *out);
/* Gives the pipe what the client says; wakes those who wait for the answer but not `r` itself. */
smbkit_status pipe_give(struct core_request *r, const uint8_t *data, size_t len);
/* Nothing is there to read: parks, or says that nothing ever will be. */
enum core_verdict pipe_wait(struct core_request *r);
/* Those who wait, after something came. */
void pipe_wake(struct core_open *o);

struct wire_info_pipe pipe_get_info(const struct core_open *o);
struct wire_info_pipe_local pipe_get_local_info(const struct core_open *o);
smbkit_status pipe_set_info(struct core_open *o, const struct wire_info_pipe *v);

#endif
