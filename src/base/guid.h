// SPDX-License-Identifier: Apache-2.0
/* GUIDs ([MS-DTYP] 2.3.4) kept as the 16 bytes of the wire. */
#ifndef BASE_GUID_H
#define BASE_GUID_H

#include "base/compiler.h"

struct guid {
    uint8_t b[16];
};

#define GUID_TEXT_SIZE 37

bool guid_equal(const struct guid *a, const struct guid *b);
bool guid_is_zero(const struct guid *g);
/* The registry form, lower case, without braces. */
void guid_format(const struct guid *g, char text[GUID_TEXT_SIZE]);

#endif
