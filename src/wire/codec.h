// SPDX-License-Identifier: Apache-2.0
/*
 * Every command's codecs behind one type, for those who handle messages without knowing them:
 * fuzzers, dumps, generic clients and the tests. Handlers call the typed functions of wire.h.
 */
#ifndef WIRE_CODEC_H
#define WIRE_CODEC_H

#include "wire/wire.h"

/* Room for any request or response struct. */
union wire_any {
#define X(code, NAME, name, req, rsp, flags) \
    struct wire_##name##_req name##_req;     \
    struct wire_##name##_rsp name##_rsp;
#include "wire/tables/cmd.def"
#undef X
};

struct wire_codec {
    bool (*decode)(struct cursor *c, struct arena *a, union wire_any *out);
    bool (*encode)(struct builder *b, size_t hdr, const union wire_any *in);
};

/* NULL for a code without a row. */
const struct wire_codec *wire_req_codec(uint16_t code);
const struct wire_codec *wire_rsp_codec(uint16_t code);

#endif
