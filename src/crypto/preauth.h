// SPDX-License-Identifier: Apache-2.0
/*
 * The pre-authentication integrity hash of dialect 3.1.1 ([MS-SMB2] 3.3.5.4, 3.3.5.5):
 * SHA-512 over the hash so far and the next message of NEGOTIATE and SESSION_SETUP.
 *
 * A plain value: a session starts with a copy of its connection's.
 */
#ifndef CRYPTO_PREAUTH_H
#define CRYPTO_PREAUTH_H

#include "crypto/crypto.h"

#define CRYPTO_PREAUTH_LEN 64

struct crypto_preauth {
    uint8_t hash[CRYPTO_PREAUTH_LEN];
};

/* All zero, as it begins. */
void crypto_preauth_init(struct crypto_preauth *p);
/* hash = SHA-512(hash || message). The message is the one on the wire, from the SMB2 header on,
   with its Signature. On false the hash is as before, and the connection cannot go on. */
NODISCARD bool crypto_preauth_update(struct crypto_preauth *p, const struct crypto_iov *iov,
                                     size_t n);

#endif
