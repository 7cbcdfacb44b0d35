// SPDX-License-Identifier: Apache-2.0
/*
 * What the fuzz targets of the SMB2 codec share: one received element goes through its decoder, and
 * what was understood must survive being encoded and decoded again.
 */
#ifndef FUZZ_WIRE_FUZZ_H
#define FUZZ_WIRE_FUZZ_H

#include "wire/codec.h"

/* Bounds the memory of one input as the server does for one request. */
#define FUZZ_ARENA_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Decodes the body behind `c`, encodes the result and decodes that; aborts when it is lost on the
   way. True when the first decoding succeeded; *out is then what was read. */
bool fuzz_codec(const struct wire_codec *codec, struct cursor *c, struct arena *a,
                union wire_any *out);

#endif
