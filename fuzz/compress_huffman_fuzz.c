// SPDX-License-Identifier: Apache-2.0
/* Fuzzes the decoder of LZ77+Huffman; the input is described in compress_fuzz.h. */
#include "compress_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    compress_fuzz(COMPRESS_LZ77_HUFFMAN, data, size);
    return 0;
}
