// SPDX-License-Identifier: Apache-2.0
/*
 * The readonly filter: nothing behind it is ever changed. Clients see a write-protected volume.
 *
 * Threads: SMBKIT_THREAD_ASYNC; no state.
 */
#include <string.h>

#include <smbkit/filter.h>

static void deny(struct smbkit_op *op, void *filter, void *ctx)
{
    smbkit_reply_status(op, SMBKIT_STATUS_MEDIA_WRITE_PROTECTED);
}

static void readonly_any(struct smbkit_op *op, void *filter, const struct smbkit_call *call)
{
    if (call->changes)
        deny(op, filter, NULL);
    else
        smbkit_pass(op);
}

/* The handle's last use is over all the same: without the deletion. */
static void readonly_cleanup(struct smbkit_op *op, void *filter, void *file, uint32_t flags)
{
    if (!(flags & SMBKIT_CLEANUP_DELETE))
        smbkit_pass(op);
    else if (smbkit_then(op, deny, NULL))
        smbkit_next(op)->cleanup(op, NULL, file, flags & ~SMBKIT_CLEANUP_DELETE);
    else
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
}

static void readonly_can_delete(struct smbkit_op *op, void *filter, void *file)
{
    deny(op, filter, NULL);
}

SMBKIT_FILTER_TABLE = {
    SMBKIT_FILTER_INIT,
    .thread_model = SMBKIT_THREAD_ASYNC,
    .name = "readonly",
    .version = SMBKIT_VERSION,
    .summary = "nothing can be changed",
    .add_capabilities = SMBKIT_CAP_READ_ONLY,
    .any = readonly_any,
    .vfs = {.cleanup = readonly_cleanup, .can_delete = readonly_can_delete},
};
