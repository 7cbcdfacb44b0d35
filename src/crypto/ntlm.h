// SPDX-License-Identifier: Apache-2.0
/*
 * The primitives of NTLMv2 ([MS-NLMP] 3.3.2, 3.4): hashes of the password, responses, keys, and the
 * signature of messages with extended session security (SPNEGO's mechListMIC). Messages and their
 * flags are in auth/. NTLMv1 and LM are refused by this server, so there is no DES here.
 *
 * MD4 and RC4 are written out: OpenSSL has them only in the legacy provider, a separate file that
 * is often not installed, and both only touch a few bytes here. Both are broken; nothing but NTLM
 * may use them.
 *
 * Strings that come from the wire are UTF-16LE as they stand in the message. Threads: plain values,
 * each belongs to one thread.
 */
#ifndef CRYPTO_NTLM_H
#define CRYPTO_NTLM_H

#include "crypto/crypto.h"

#define CRYPTO_NTLM_HASH_LEN      16
#define CRYPTO_NTLM_CHALLENGE_LEN 8
#define CRYPTO_NTLM_MAC_LEN       16
/* Longest user name, in bytes of UTF-16 (256 characters, as in Windows): stops a client that makes
   us hash megabytes before it is known. */
#define CRYPTO_NTLM_USER_MAX 512
/* Longest domain name in bytes of UTF-16 (DNS names have at most 255 characters). */
#define CRYPTO_NTLM_DOMAIN_MAX 512
/* Longest password, in bytes of UTF-8: 256 characters, as in Windows, of up to four bytes. */
#define CRYPTO_NTLM_PASSWORD_MAX 1024
/* Shortest NTLMv2_RESPONSE: the proof, and NTLMv2_CLIENT_CHALLENGE with an empty list ([MS-NLMP]
   2.2.2.7, 2.2.2.8). */
#define CRYPTO_NTLMV2_RESPONSE_MIN (16 + 28)

void crypto_md4(const void *data, size_t len, uint8_t out[CRYPTO_NTLM_HASH_LEN]);

struct crypto_rc4 {
    uint8_t state[256];
    uint8_t i, j;
};

/* key_len is 1 to 256. */
void crypto_rc4_init(struct crypto_rc4 *r, const void *key, size_t key_len);
/* Encrypts or decrypts the next `len` bytes; `in` and `out` may be the same. */
void crypto_rc4_apply(struct crypto_rc4 *r, const void *in, void *out, size_t len);
/* RC4K(key, data): with a fresh state, as for EncryptedRandomSessionKey. */
void crypto_rc4_once(const uint8_t key[CRYPTO_NTLM_HASH_LEN], const void *in, void *out,
                     size_t len);

/* NTOWFv1, the "NT hash": MD4 of the password in UTF-16LE. False when the password is not valid
   UTF-8 or too long. */
NODISCARD bool crypto_nt_hash(const char *password, size_t len, uint8_t out[CRYPTO_NTLM_HASH_LEN]);

/* NTOWFv2: HMAC-MD5 with the NT hash over the upper-cased user and the domain as the client sent
   it. False when one is too long or has an odd length. */
NODISCARD bool crypto_ntowfv2(const uint8_t nt_hash[CRYPTO_NTLM_HASH_LEN], const void *user,
                              size_t user_bytes, const void *domain, size_t domain_bytes,
                              uint8_t out[CRYPTO_NTLM_HASH_LEN]);

/* NTProofStr: HMAC-MD5 with NTOWFv2 over the server's challenge and `temp`. (With the client's
   challenge as `temp` it is the first half of the LMv2 response.) */
NODISCARD bool crypto_ntlmv2_proof(const uint8_t ntowfv2[CRYPTO_NTLM_HASH_LEN],
                                   const uint8_t server_challenge[CRYPTO_NTLM_CHALLENGE_LEN],
                                   const void *temp, size_t temp_len,
                                   uint8_t out[CRYPTO_NTLM_HASH_LEN]);

/* SessionBaseKey, which is KeyExchangeKey in NTLMv2: HMAC-MD5 with NTOWFv2 over the proof. */
NODISCARD bool crypto_ntlmv2_session_base_key(const uint8_t ntowfv2[CRYPTO_NTLM_HASH_LEN],
                                              const uint8_t proof[CRYPTO_NTLM_HASH_LEN],
                                              uint8_t out[CRYPTO_NTLM_HASH_LEN]);

/* The server's whole check: does NtChallengeResponse (proof, then temp) prove the password? In
   constant time. Gives SessionBaseKey when true, zeros when false; too short a response is just
   false. */
NODISCARD bool crypto_ntlmv2_check(const uint8_t ntowfv2[CRYPTO_NTLM_HASH_LEN],
                                   const uint8_t server_challenge[CRYPTO_NTLM_CHALLENGE_LEN],
                                   const void *response, size_t response_len,
                                   uint8_t session_base_key[CRYPTO_NTLM_HASH_LEN]);

/* Whose messages a key protects: Mode of SIGNKEY and SEALKEY. */
enum crypto_ntlm_mode {
    CRYPTO_NTLM_CLIENT, /* client to server */
    CRYPTO_NTLM_SERVER, /* server to client */
};

/* How many bytes of ExportedSessionKey go into the sealing key: NTLMSSP_NEGOTIATE_128, else
   NTLMSSP_NEGOTIATE_56, else 40 bits ([MS-NLMP] 3.4.5.3). */
enum crypto_ntlm_strength {
    CRYPTO_NTLM_SEAL_40 = 5,
    CRYPTO_NTLM_SEAL_56 = 7,
    CRYPTO_NTLM_SEAL_128 = 16,
};

/* SIGNKEY and SEALKEY with extended session security. */
NODISCARD bool crypto_ntlm_sign_key(const uint8_t exported_key[CRYPTO_NTLM_HASH_LEN],
                                    enum crypto_ntlm_mode mode, uint8_t out[CRYPTO_NTLM_HASH_LEN]);
NODISCARD bool crypto_ntlm_seal_key(const uint8_t exported_key[CRYPTO_NTLM_HASH_LEN],
                                    enum crypto_ntlm_strength strength, enum crypto_ntlm_mode mode,
                                    uint8_t out[CRYPTO_NTLM_HASH_LEN]);

/* MIC of AUTHENTICATE_MESSAGE: HMAC-MD5 with ExportedSessionKey over the three messages, the MIC
   field of the third being zero ([MS-NLMP] 3.1.5.1.2). */
NODISCARD bool crypto_ntlm_mic(const uint8_t exported_key[CRYPTO_NTLM_HASH_LEN],
                               const struct crypto_iov *messages, size_t n,
                               uint8_t out[CRYPTO_NTLM_HASH_LEN]);

/* One direction of a security context. Wipe after use. */
struct crypto_ntlm_signer {
    uint8_t sign_key[CRYPTO_NTLM_HASH_LEN];
    struct crypto_rc4 seal;
    uint32_t seq_num;
    bool key_exchange; /* NTLMSSP_NEGOTIATE_KEY_EXCH: the checksum is encrypted */
};

NODISCARD bool crypto_ntlm_signer_init(struct crypto_ntlm_signer *s,
                                       const uint8_t exported_key[CRYPTO_NTLM_HASH_LEN],
                                       enum crypto_ntlm_strength strength,
                                       enum crypto_ntlm_mode mode, bool key_exchange);
/* MAC() of [MS-NLMP] 3.4.4.2 over the plaintext, in at most 8 pieces; counts the message. */
NODISCARD bool crypto_ntlm_sign(struct crypto_ntlm_signer *s, const struct crypto_iov *iov,
                                size_t n, uint8_t mac[CRYPTO_NTLM_MAC_LEN]);
/* The same for a received message, compared in constant time. Counts it also when it is wrong: the
   context is of no use then. */
NODISCARD bool crypto_ntlm_verify(struct crypto_ntlm_signer *s, const struct crypto_iov *iov,
                                  size_t n, const uint8_t mac[CRYPTO_NTLM_MAC_LEN]);

/* GSS_WrapEx ([MS-NLMP] 3.4.6): signs the whole message, encrypts a part of it in place. */
NODISCARD bool crypto_ntlm_seal(struct crypto_ntlm_signer *s, const struct crypto_iov *iov,
                                size_t n, uint8_t *part, size_t len,
                                uint8_t mac[CRYPTO_NTLM_MAC_LEN]);
/* The other way round: decrypts the part, then verifies the whole. */
NODISCARD bool crypto_ntlm_unseal(struct crypto_ntlm_signer *s, const struct crypto_iov *iov,
                                  size_t n, uint8_t *part, size_t len,
                                  const uint8_t mac[CRYPTO_NTLM_MAC_LEN]);

#endif
