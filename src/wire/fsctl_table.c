// SPDX-License-Identifier: Apache-2.0
/* The table of control codes, from tables/fsctl.def. Read only, any thread. */
#include "wire/fsctl.h"

static const struct wire_fsctl_row rows[] = {
#define X(code, NAME, section) {code, #NAME, section},
#include "wire/tables/fsctl.def"
#undef X
};

const struct wire_fsctl_row *wire_fsctl_rows(size_t *count)
{
    *count = ARRAY_LEN(rows);
    return rows;
}

const struct wire_fsctl_row *wire_fsctl_find(uint32_t code)
{
    size_t low = 0, high = ARRAY_LEN(rows);

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (rows[mid].code == code)
            return &rows[mid];
        if (rows[mid].code < code)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}
