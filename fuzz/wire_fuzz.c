// SPDX-License-Identifier: Apache-2.0
/* See wire_fuzz.h. */
#include "wire_fuzz.h"

bool fuzz_codec(const struct wire_codec *codec, struct cursor *c, struct arena *a,
                union wire_any *out)
{
    if (!codec->decode(c, a, out))
        return false;

    struct builder b;
    struct cursor again;
    union wire_any second;
    builder_init_grow(&b, 1u << 24);
    builder_zero(&b, SMB2_HEADER_SIZE);
    ASSERT(codec->encode(&b, 0, out));
    cursor_init(&again, b.data, b.len);
    cursor_seek(&again, SMB2_HEADER_SIZE);
    ASSERT(codec->decode(&again, a, &second));
    builder_free(&b);
    return true;
}
