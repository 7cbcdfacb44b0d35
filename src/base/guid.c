// SPDX-License-Identifier: Apache-2.0
/* GUIDs: the first three fields are little-endian on the wire ([MS-DTYP] 2.3.4.2). */
#include "base/guid.h"

#include <string.h>

bool guid_equal(const struct guid *a, const struct guid *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool guid_is_zero(const struct guid *g)
{
    static const struct guid zero;
    return guid_equal(g, &zero);
}

void guid_format(const struct guid *g, char text[GUID_TEXT_SIZE])
{
    /* Which byte comes next in the text ([MS-DTYP] 2.3.4.3); -1: a hyphen. */
    static const int8_t order[] = {3,  2, 1, 0,  -1, 5,  4,  -1, 7,  6,
                                   -1, 8, 9, -1, 10, 11, 12, 13, 14, 15};
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        if (order[i] < 0) {
            *text++ = '-';
            continue;
        }
        uint8_t byte = g->b[order[i]];
        *text++ = hex[byte >> 4];
        *text++ = hex[byte & 15];
    }
    *text = '\0';
}
