// SPDX-License-Identifier: Apache-2.0
/*
 * Nonces; the construction and its limit are explained in the header.
 */
#include "crypto/nonce.h"

#include "base/builder.h"

#include <string.h>

#define AES_BLOCK 16
/* The tag, and a last block that is not full. */
#define BLOCKS_PER_MESSAGE 2

void crypto_nonce_init(struct crypto_nonce *g, uint32_t fixed)
{
    ASSERT(fixed <= CRYPTO_NONCE_FIXED_MAX);
    *g = (struct crypto_nonce){.fixed = fixed};
}

bool crypto_nonce_next(struct crypto_nonce *g, enum crypto_cipher cipher, size_t len,
                       uint8_t field[CRYPTO_NONCE_FIELD_LEN])
{
    ASSERT(crypto_cipher_known(cipher));
    memset(field, 0, CRYPTO_NONCE_FIELD_LEN);
    uint64_t blocks = (uint64_t)len / AES_BLOCK + BLOCKS_PER_MESSAGE;
    if (g->blocks > CRYPTO_NONCE_MAX_BLOCKS || blocks > CRYPTO_NONCE_MAX_BLOCKS - g->blocks) {
        g->blocks = CRYPTO_NONCE_MAX_BLOCKS; /* a shorter message must not get through later */
        return false;
    }
    g->blocks += blocks;
    le64_store(field, g->counter++);
    /* Three bytes of the fixed field; the fourth is zero, and not part of CCM's nonce. */
    le32_store(field + 8, g->fixed);
    return true;
}
