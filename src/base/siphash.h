// SPDX-License-Identifier: Apache-2.0
/*
 * SipHash-1-3 in pieces, for callers inside base that make the bytes while they go (names folded to
 * upper case). Everyone else uses hash_bytes. The result does not depend on how the bytes are cut.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include "base/compiler.h"

struct siphash {
    uint64_t v[4];
    uint64_t tail; /* the last len % 8 bytes, little-endian */
    size_t len;
};

/* Starts with the secret of the process. */
void siphash_init(struct siphash *h);
void siphash_update(struct siphash *h, const void *data, size_t n);
uint64_t siphash_final(struct siphash *h);

#endif
