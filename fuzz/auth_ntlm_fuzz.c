// SPDX-License-Identifier: Apache-2.0
/* Fuzzes both sides of a bare NTLMSSP exchange; the input is described in auth_fuzz.h. */
#include "auth_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c;
    auth_fuzz_users();
    cursor_init(&c, data, size);
    unsigned options = cursor_u8(&c);
    if (options & AUTH_FUZZ_CLIENT)
        auth_fuzz_play_client(&c, options | AUTH_FUZZ_RAW_CLIENT);
    else
        auth_fuzz_play_server(&c, options);
    return 0;
}
