// SPDX-License-Identifier: Apache-2.0
/*
 * Signatures of SMB2 messages ([MS-SMB2] 3.1.4.1, 3.1.5.1).
 *
 * The caller gives the message as pieces in which the 16 bytes of the Signature field are zero:
 * most easily one piece for a copy of the 64-byte header, and the rest where it lies. Padding after
 * an element of a compound belongs to the message. The pieces may be cut anywhere.
 *
 * Nothing is allocated per message. Ownership and threads: see crypto/crypto.h.
 */
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include "crypto/crypto.h"

#define CRYPTO_SIGN_KEY_LEN   16
#define CRYPTO_SIGN_LEN       16
#define CRYPTO_SIGN_NONCE_LEN 12

/* The values of SMB2_SIGNING_CAPABILITIES ([MS-SMB2] 2.2.3.1.7). */
enum crypto_sign_alg {
    CRYPTO_SIGN_HMAC_SHA256 = 0, /* dialects 2.0.2 and 2.1 */
    CRYPTO_SIGN_AES_CMAC = 1,    /* 3.0, 3.0.2, and 3.1.1 when nothing is negotiated */
    CRYPTO_SIGN_AES_GMAC = 2,
};

struct crypto_signer;

/* Is it one of the above? */
bool crypto_sign_alg_known(uint16_t alg);

/* NULL for an unknown algorithm and when memory is out. */
NODISCARD struct crypto_signer *crypto_signer_new(enum crypto_sign_alg alg,
                                                  const uint8_t key[CRYPTO_SIGN_KEY_LEN]);
/* Wipes the key. NULL is allowed. */
void crypto_signer_free(struct crypto_signer *s);
enum crypto_sign_alg crypto_signer_alg(const struct crypto_signer *s);

/* `nonce` is read only by AES-GMAC and may be NULL for the others. On false, mac is zero and the
   message must not be sent. */
NODISCARD bool crypto_signer_sign(struct crypto_signer *s, const struct crypto_iov *iov, size_t n,
                                  const uint8_t *nonce, uint8_t mac[CRYPTO_SIGN_LEN]);
/* Compares in constant time. */
NODISCARD bool crypto_signer_verify(struct crypto_signer *s, const struct crypto_iov *iov, size_t n,
                                    const uint8_t *nonce, const uint8_t mac[CRYPTO_SIGN_LEN]);

/*
 * The nonce of AES-GMAC: MessageId, then the role of the sender and whether the message is a CANCEL
 * request ([MS-SMB2] 3.1.4.1). Two different messages signed with one key and one nonce give the
 * key stream away: never sign two different messages of one MessageId (an interim response and its
 * final one: the interim response goes unsigned then).
 */
void crypto_gmac_nonce(uint8_t nonce[CRYPTO_SIGN_NONCE_LEN], uint64_t message_id, bool from_server,
                       bool is_cancel);

#endif
