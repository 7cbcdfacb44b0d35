// SPDX-License-Identifier: Apache-2.0
/*
 * A filter for smb2.ioctl.bug14769 of smbtorture: a volume with a control code of its own, which
 * takes as many milliseconds as its one byte says. The file must stay open as long.
 */
#include <smbkit/filter.h>

/* FSCTL_SMBTORTURE_FSP_ASYNC_SLEEP, as smbtorture sends it. */
#define ASYNC_SLEEP 0x83848043u
#define NS_PER_MS   1000000ull

static void slept(struct smbkit_op *op, void *filter, void *ctx)
{
    smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
}

static void asleep_fsctl(struct smbkit_op *op, void *filter, void *file,
                         const struct smbkit_fsctl_args *args)
{
    if (args->code == ASYNC_SLEEP && args->in_len == 1)
        smbkit_sleep(op, *(const uint8_t *)args->in * NS_PER_MS, slept, NULL);
    else
        smbkit_pass(op);
}

SMBKIT_FILTER_TABLE = {
    SMBKIT_FILTER_INIT,
    .thread_model = SMBKIT_THREAD_ASYNC,
    .name = "asleep",
    .version = SMBKIT_VERSION,
    .summary = "a control code that takes its time",
    .vfs = {.fsctl = asleep_fsctl},
};
