// SPDX-License-Identifier: Apache-2.0
/*
 * The without filter: a plugin shows less than it can do, as a disk that has no streams would.
 *
 * Threads: SMBKIT_THREAD_ASYNC; no state.
 */
#include <string.h>

#include <smbkit/filter.h>

static const struct {
    const char *name;
    uint32_t capability;
} names[] = {
    {"ids", SMBKIT_CAP_STABLE_IDS},          {"sparse", SMBKIT_CAP_SPARSE},
    {"links", SMBKIT_CAP_HARD_LINKS},        {"streams", SMBKIT_CAP_STREAMS},
    {"eas", SMBKIT_CAP_EXTENDED_ATTRS},      {"acls", SMBKIT_CAP_ACLS},
    {"reparse", SMBKIT_CAP_REPARSE_POINTS},  {"clone", SMBKIT_CAP_CLONE},
    {"compression", SMBKIT_CAP_COMPRESSION}, {"quotas", SMBKIT_CAP_QUOTAS},
};
#define NAMES "ids, sparse, links, streams, eas, acls, reparse, clone, compression, quotas"

static uint32_t find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i].name) == len && memcmp(names[i].name, name, len) == 0)
            return names[i].capability;
    return 0;
}

static smbkit_status without_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                        size_t count, void **vol)
{
    uint32_t lacks = 0, one;
    for (const char *p = smbkit_arg_text(args, count, "what"); *p != '\0';) {
        size_t len = strcspn(p, "+");
        if ((one = find(p, len)) == 0) {
            smbkit_error(share, "what=%.*s: must be of %s; several joined with '+'", (int)len, p,
                         NAMES);
            return SMBKIT_STATUS_INVALID_PARAMETER;
        }
        lacks |= one;
        p += len + (p[len] == '+');
    }
    smbkit_share_lacks(share, lacks);
    return SMBKIT_STATUS_SUCCESS;
}

static const struct smbkit_param without_params[] = {
    {.name = "what", .type = SMBKIT_PARAM_STRING, .text = "of " NAMES "; several joined with '+'"},
    {.name = NULL},
};

SMBKIT_FILTER_TABLE = {
    SMBKIT_FILTER_INIT,
    .thread_model = SMBKIT_THREAD_ASYNC,
    .name = "without",
    .version = SMBKIT_VERSION,
    .summary = "the file system shows less than it can do",
    .params = without_params,
    .vfs = {.share_open = without_share_open},
};
