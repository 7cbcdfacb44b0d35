// SPDX-License-Identifier: Apache-2.0
/*
 * Nonces for crypto_seal that never repeat for a key.
 *
 * [MS-SMB2] 2.2.41: the nonce "MUST NOT be reused for all encrypted messages within a session". The
 * EncryptionKey belongs to the session, and with multichannel several connections, on several
 * loops, send under it. So the nonce is the deterministic construction of NIST SP 800-38D 8.2.1: a
 * fixed field that tells the generators of one key apart, and a counter:
 *
 *     bytes 0..7   counter, little-endian, from 0
 *     bytes 8..10  fixed field, little-endian: number of the channel, never given twice within a
 * session byte  11     zero (absent from the 11-byte nonce of CCM)
 *
 * That keeps every generator on its own thread, without a lock. (Random nonces would be bound to
 * 2^32 messages per key, and would collide by luck with 11 bytes even before.)
 *
 * The limit. SP 800-38D 8.3 exempts this construction from the bound of 2^32 invocations: no nonce
 * can repeat before 2^64 of them. What wears a key out is then the number of AES blocks: after s
 * blocks an attacker tells GCM from random with a chance of about s^2 / 2^129 (CCM: about four
 * times that). A generator stops after 2^48 blocks, counting two more per message than its
 * plaintext has (tag and rounding): a chance of 2^-33. These are 4 PiB, ten days without a pause at
 * 5 GB/s; a bound in messages of the size of 2^32 would cut a busy session after half a day and
 * gain nothing. SMB2 has no re-keying: when the generator says false, the session must end, and the
 * client logs on again with a fresh key.
 */
#ifndef CRYPTO_NONCE_H
#define CRYPTO_NONCE_H

#include "crypto/seal.h"

#define CRYPTO_NONCE_FIXED_MAX  0xffffffu
#define CRYPTO_NONCE_MAX_BLOCKS (1ull << 48)
/* Size of the Nonce field of the transform header. */
#define CRYPTO_NONCE_FIELD_LEN 16

/* Kept by value in the channel; belongs to one thread. Never copy it: a copy repeats nonces. */
struct crypto_nonce {
    uint64_t counter; /* of the next message */
    uint64_t blocks;  /* used so far */
    uint32_t fixed;
};

/* `fixed` is at most CRYPTO_NONCE_FIXED_MAX, and differs for every generator of a key. */
void crypto_nonce_init(struct crypto_nonce *g, uint32_t fixed);

/* Fills the whole Nonce field for a message of `len` bytes; what the cipher does not use is zero.
   False when the key is worn out: the field is zero then, and every later call says false as well.
 */
NODISCARD bool crypto_nonce_next(struct crypto_nonce *g, enum crypto_cipher cipher, size_t len,
                                 uint8_t field[CRYPTO_NONCE_FIELD_LEN]);

#endif
