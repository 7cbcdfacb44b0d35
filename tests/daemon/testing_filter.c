// SPDX-License-Identifier: Apache-2.0
/*
 * A filter for the tests of the program, of another version of the interface: it must be refused
 * before anything of it is called.
 */
#include <smbkit/filter.h>

#include <stdlib.h>

static void never(struct smbkit_op *op, void *filter, const struct smbkit_call *call)
{
    abort();
}

SMBKIT_FILTER_TABLE = {
    .struct_size = sizeof(struct smbkit_filter),
    .abi_version = SMBKIT_FILTER_ABI_VERSION + 1,
    .vfs_size = sizeof(struct smbkit_vfs),
    .thread_model = SMBKIT_THREAD_ASYNC,
    .name = "testing",
    .version = "1",
    .summary = "not to be loaded",
    .any = never,
};
