// SPDX-License-Identifier: Apache-2.0
/* Fuzzes the decoder of LZNT1; the input is described in compress_fuzz.h. */
#include "compress_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    compress_fuzz(COMPRESS_LZNT1, data, size);
    return 0;
}
