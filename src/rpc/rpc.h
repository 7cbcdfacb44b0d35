// SPDX-License-Identifier: Apache-2.0
/*
 * DCE/RPC over named pipes ([MS-RPCE]): which pipes there are, and the server's side of an
 * association: bytes that a client has written go in, messages for it to read come out. What a call
 * must know that takes the host time to find out comes out as a question; there is one at most, and
 * until it is answered the client may cancel its call, but not make another one. Pure: no clock, no
 * I/O; what the interfaces know of the server they ask of a struct rpc_directory.
 *
 *   NEW --bind--> BOUND --a fragment that is none, or breaks the rules--> BROKEN
 *
 * What a client can make us hold is bounded: an association by one fragment in the making, one
 * authentication (begun is as good as done), one request of RPC_STUB_MAX, and answers up to
 * RPC_UNREAD_MAX that are not read; all associations of a client together by their budget. Nothing
 * more is taken then. One answer may go beyond either, as nobody knows its length before.
 *
 * Ownership: the service and all it points to is borrowed and outlives its associations.
 * Threads: an association belongs to one thread.
 */
#ifndef RPC_RPC_H
#define RPC_RPC_H

#include "auth/auth.h"
#include "rpc/directory.h"

#define RPC_STUB_MAX   (256u << 10) /* of a request, all fragments together */
#define RPC_ANSWER_MAX (4u << 20)   /* of an answer: lists are cut before (ERROR_MORE_DATA) */
#define RPC_UNREAD_MAX (8u << 20)
#define RPC_ASSOC_COST 2048u /* an association that holds nothing, and its context handles */

struct rpc_endpoint;
struct rpc_assoc;

struct rpc_service {
    struct rpc_directory directory;
    const struct auth_config *auth; /* of authenticated associations; NULL: there are none */
};

/* The pipe of that name, without "\pipe\" and without regard to case, or NULL. */
const struct rpc_endpoint *rpc_endpoint_find(const char *name, size_t len);
const char *rpc_endpoint_name(const struct rpc_endpoint *e);

/* What a client's associations hold together. Outlives them. Clients can be many: `all`, or NULL,
   is what they hold together, and when that is too much, each gets no more than what is sure. */
struct rpc_budget {
    size_t max, held;
    struct rpc_budget *all;
    size_t sure;
};

/* NULL when memory or the budget is out. The caller's strings are copied. */
NODISCARD struct rpc_assoc *rpc_assoc_new(const struct rpc_service *s, const struct rpc_endpoint *e,
                                          const struct rpc_caller *who, struct rpc_budget *budget);
/* Gives the budget all back. NULL is allowed. */
void rpc_assoc_free(struct rpc_assoc *a);

/* Takes all bytes and does what whole fragments ask for. `now` is a FILETIME. SUCCESS; PIPE_BUSY:
   too much is unread, nothing was taken; INSUFFICIENT_RESOURCES: likewise, with the other
   associations of the budget; PIPE_DISCONNECTED: BROKEN. Bytes that ask for more after either has
   come break the association. */
NODISCARD smbkit_status rpc_assoc_write(struct rpc_assoc *a, const uint8_t *data, size_t size,
                                        uint64_t now);

/* Bytes of the first unread message that are left, 0: there is none. */
size_t rpc_assoc_message(const struct rpc_assoc *a);
/* Of all unread messages. */
size_t rpc_assoc_unread(const struct rpc_assoc *a);
size_t rpc_assoc_message_count(const struct rpc_assoc *a);
/* Copies up to `size` bytes of the first message out, and takes them off unless `peek`. Returns how
   many. */
size_t rpc_assoc_read(struct rpc_assoc *a, uint8_t *dst, size_t size, bool peek);
bool rpc_assoc_broken(const struct rpc_assoc *a);

/* What the call that waits wants to know; NULL: none does. It stands until it is answered, whatever
   becomes of the call, and is borrowed until then. */
const struct rpc_question *rpc_assoc_question(const struct rpc_assoc *a);
/* The call goes on. Borrows the answer during the call. */
void rpc_assoc_answer(struct rpc_assoc *a, const struct rpc_answer *answer);

#endif
