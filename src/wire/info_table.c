// SPDX-License-Identifier: Apache-2.0
/* The table of information classes, from tables/info.def. Read only, any thread. */
#include "wire/info.h"
#include "wire/sd.h"

#define Q WIRE_INFO_QUERY
#define S WIRE_INFO_SET
#define D WIRE_INFO_DIR
#define V WIRE_INFO_VARIABLE
#define L WIRE_INFO_LOCAL

static const struct wire_info_row rows[] = {
#define X(type, num, NAME, name, query_min, set_min, flags, query_access, set_access, section) \
    {SMB2_0_INFO_##type, num, flags, query_min, set_min, query_access, set_access, #NAME, section},
#include "wire/tables/info.def"
#undef X
};

#undef Q
#undef S
#undef D
#undef V
#undef L

const struct wire_info_row *wire_info_rows(size_t *count)
{
    *count = ARRAY_LEN(rows);
    return rows;
}

const struct wire_info_row *wire_info_find(uint8_t info_type, uint8_t num)
{
    size_t i;

    if (info_type == SMB2_0_INFO_SECURITY || info_type == SMB2_0_INFO_QUOTA)
        num = 0;
    for (i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].type == info_type && rows[i].num == num)
            return &rows[i];
    return NULL;
}
