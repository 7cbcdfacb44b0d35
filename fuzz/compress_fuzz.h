// SPDX-License-Identifier: Apache-2.0
/*
 * What the fuzz targets of the decoders of src/compress do, one for each algorithm. The first two
 * bytes say how much there shall be when it is decoded. What was valid must come back the same when
 * it is encoded and decoded again.
 */
#ifndef FUZZ_COMPRESS_FUZZ_H
#define FUZZ_COMPRESS_FUZZ_H

#include "base/mem.h"
#include "compress/compress.h"

#include <stdlib.h>
#include <string.h>

#define COMPRESS_FUZZ_HEAD 2

static inline void compress_fuzz_again(enum compress_algorithm a, const uint8_t *plain, size_t size)
{
    static struct compress_work *work;
    size_t room = 2 * size + 1024;
    uint8_t *packed = mem_alloc(room), *again = mem_alloc(size);
    if (work == NULL)
        work = compress_work_new();
    if (work == NULL || packed == NULL || again == NULL)
        abort();
    size_t n = compress_encode(a, work, plain, size, packed, room);
    if (n == 0 || !compress_decode(a, packed, n, again, size) || memcmp(plain, again, size) != 0)
        abort();
    mem_free(packed);
    mem_free(again);
}

static inline void compress_fuzz(enum compress_algorithm a, const uint8_t *data, size_t len)
{
    if (len < COMPRESS_FUZZ_HEAD)
        return;
    /* odd numbers reach beyond a block of 64 KiB */
    size_t size = data[0] | (size_t)data[1] << 8;
    size = size & 1 ? size * 2 : size / 2;
    uint8_t *out = mem_alloc(size > 0 ? size : 1);
    uint8_t *in = mem_dup(data + COMPRESS_FUZZ_HEAD, len - COMPRESS_FUZZ_HEAD);
    if (out == NULL || (in == NULL && len > COMPRESS_FUZZ_HEAD))
        abort();
    if (compress_decode(a, in, len - COMPRESS_FUZZ_HEAD, out, size) && size > 0)
        compress_fuzz_again(a, out, size);
    mem_free(in);
    mem_free(out);
}

#endif
