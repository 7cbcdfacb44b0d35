// SPDX-License-Identifier: Apache-2.0
/* Names and texts of NTSTATUS values, looked up in the table of the public header. */
#include <smbkit/status.h>

#include "base/compiler.h"

struct status_row {
    smbkit_status status;
    const char *name;
    const char *text;
};

static const struct status_row rows[] = {
#define ROW(name, value, text) {value, "STATUS_" #name, text},
    SMBKIT_STATUS_TABLE(ROW)
#undef ROW
};

/* The table is sorted by value; a test checks that. */
static const struct status_row *find(smbkit_status status)
{
    static const struct status_row unknown = {0, "STATUS_UNKNOWN", "unknown status"};
    size_t low = 0, high = ARRAY_LEN(rows);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rows[middle].status == status)
            return &rows[middle];
        if (rows[middle].status < status)
            low = middle + 1;
        else
            high = middle;
    }
    return &unknown;
}

const char *smbkit_status_name(smbkit_status status)
{
    return find(status)->name;
}

const char *smbkit_status_text(smbkit_status status)
{
    return find(status)->text;
}
