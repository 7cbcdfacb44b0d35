// SPDX-License-Identifier: Apache-2.0
/*
 * The cryptographic layer: signing, sealing, key derivation, hashes and the primitives of NTLM over
 * OpenSSL's libcrypto. It has its own OSSL_LIB_CTX, so that neither the openssl.cnf nor the
 * providers of an embedding program change what it does, and fetches every algorithm once.
 *
 * Ownership: every object (struct crypto_signer, struct crypto_sealer) is keyed once, lives as long
 * as its key, and is freed by its owner; keys are wiped then. All must be gone before the last
 * crypto_shutdown. Our own structs come from base/mem.h; the contexts inside are libcrypto's, which
 * has one allocator per process that belongs to the program, not to us. Threads: crypto_init and
 * crypto_shutdown may be called from any thread. An object belongs to one thread at a time: nothing
 * in it is locked. Functions that take no object may be called from any thread. Errors: false or
 * NULL when memory is out or libcrypto refuses; outputs are then zero.
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "base/compiler.h"

/* One piece of a message. `data` may be NULL when len is 0. The layout is that of POSIX's struct
   iovec, but not its type: this layer knows no POSIX. */
struct crypto_iov {
    const void *data;
    size_t len;
};

/* Counted: each successful call wants one crypto_shutdown. Everything below needs it. */
NODISCARD bool crypto_init(void);
void crypto_shutdown(void);

#endif
