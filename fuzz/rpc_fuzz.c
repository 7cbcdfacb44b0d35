// SPDX-License-Identifier: Apache-2.0
/*
 * Named pipes: everything that a client can write to one. The input is a pipe, by its first byte,
 * then writes, each with two bytes of length in front. Requests that do not get through a codec by
 * themselves are helped: a first bit of the first byte set means that all interfaces of the pipe
 * are bound beforehand.
 */
#include "base/mem.h"
#include "rpc_server.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drain(struct rpc_assoc *a)
{
    uint8_t part[700];
    size_t n = rpc_assoc_message(a);
    while (n > 0) {
        size_t got = rpc_assoc_read(a, part, MIN(n, sizeof part), n & 1);
        if (n & 1)
            got = rpc_assoc_read(a, part, MIN(n, sizeof part), false);
        ASSERT(got == MIN(n, sizeof part));
        n = rpc_assoc_message(a);
    }
    ASSERT(rpc_assoc_unread(a) == 0 && rpc_assoc_message_count(a) == 0);
}

/* A host that finds things out after the write, or after the next one, or never. */
static void host(struct rpc_assoc *a, uint8_t dice)
{
    static const uint8_t sd[20] = {1, 0, 4, 128};
    const struct rpc_question *q = rpc_assoc_question(a);
    if (q == NULL || (dice & 1))
        return;
    ASSERT(strlen(q->share) > 0 && strlen(q->path) < SIZE_MAX && q->who != NULL);
    const struct rpc_answer answer = {.status = dice & 2 ? SMBKIT_STATUS_ACCESS_DENIED
                                                         : SMBKIT_STATUS_SUCCESS,
                                      .sd = sd,
                                      .sd_len = dice & 4 ? 0 : sizeof sd};
    rpc_assoc_answer(a, &answer);
    ASSERT(rpc_assoc_question(a) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rpc_server server;
    if (size < 1)
        return 0;
    rpc_server_init(&server);
    struct rpc_assoc *a = rpc_server_open(&server, data[0] >> 1, data[0] & 1);
    size_t at = 1;
    if (a == NULL)
        return 0;
    while (size - at > 2) {
        size_t len = data[at] | (size_t)data[at + 1] << 8;
        at += 2;
        len = MIN(len, size - at);
        if (rpc_assoc_write(a, data + at, len, 134000000000000000u) != SMBKIT_STATUS_SUCCESS)
            break;
        at += len;
        host(a, len > 0 ? data[at - 1] : 0);
        drain(a);
    }
    rpc_assoc_free(a);
    return 0;
}
