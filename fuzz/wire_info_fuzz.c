// SPDX-License-Identifier: Apache-2.0
/*
 * Every decoder of information records, lists, descriptors and control codes. What a decoder
 * accepts is encoded, decoded and encoded again: the two encodings must be the same.
 */
#include "wire_info_fuzz.h"

#include <string.h>

#define ARENA_MAX (4u << 20)
#define OUT_MAX   (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads the bytes and writes what was understood. False: not accepted, or it cannot be written. */
static bool recode(const struct wire_info_codec *codec, const uint8_t *data, size_t size,
                   struct arena *a, struct builder *b)
{
    union wire_info_any any;
    struct wire_chain_reader r;
    struct wire_chain w;
    struct cursor c;

    memset(&any, 0, sizeof(any));
    cursor_init(&c, data, size);
    if (codec->align == 0) {
        if (!codec->decode(&c, a, &any))
            return false;
        codec->encode(b, &any);
        return !builder_failed(b);
    }
    wire_chain_open(&r, &c, codec->align);
    wire_chain_init(&w, b, OUT_MAX, codec->align);
    while (codec->next(&r, a, &any))
        if (codec->add(&w, &any) != WIRE_FIT_OK)
            return false;
    return !r.failed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct wire_info_codec *codec;
    struct builder first, second;
    struct arena a;

    if (size == 0)
        return 0;
    codec = &wire_info_codecs[data[0] % wire_info_codec_count];
    arena_init(&a, ARENA_MAX);
    builder_init_grow(&first, OUT_MAX);
    builder_init_grow(&second, OUT_MAX);
    if (recode(codec, data + 1, size - 1, &a, &first)) {
        ASSERT(recode(codec, first.data, first.len, &a, &second));
        ASSERT(first.len == second.len);
        ASSERT(first.len == 0 || memcmp(first.data, second.data, first.len) == 0);
    }
    builder_free(&first);
    builder_free(&second);
    arena_clear(&a);
    return 0;
}
