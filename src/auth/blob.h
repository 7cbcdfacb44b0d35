// SPDX-License-Identifier: Apache-2.0
/* Some bytes of a token, borrowed from the token. data == NULL: the field is not there. */
#ifndef AUTH_BLOB_H
#define AUTH_BLOB_H

#include "base/compiler.h"
#include <string.h>

struct auth_blob {
    const uint8_t *data;
    size_t len;
};

static inline bool auth_blob_equal(struct auth_blob a, struct auth_blob b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

#endif
