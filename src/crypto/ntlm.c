// SPDX-License-Identifier: Apache-2.0
/*
 * NTLMv2 ([MS-NLMP] 3.3.2, 3.4). MD4 and RC4 are in md4.c and rc4.c.
 */
#include "crypto/ntlm.h"

#include "base/builder.h"
#include "base/mem.h"
#include "base/utf.h"
#include "crypto/hash.h"

#include <string.h>

bool crypto_nt_hash(const char *password, size_t len, uint8_t out[CRYPTO_NTLM_HASH_LEN])
{
    uint8_t utf16[2 * CRYPTO_NTLM_PASSWORD_MAX]; /* no byte of UTF-8 makes more than two */
    struct builder b;
    memset(out, 0, CRYPTO_NTLM_HASH_LEN);
    if (len > CRYPTO_NTLM_PASSWORD_MAX)
        return false;
    builder_init_fixed(&b, utf16, sizeof(utf16));
    bool ok = utf8_to_utf16(&b, password, len) != SIZE_MAX && !builder_failed(&b);
    if (ok)
        crypto_md4(utf16, b.len, out);
    mem_wipe(utf16, sizeof(utf16));
    return ok;
}

static void upcase_utf16le(const uint8_t *in, uint8_t *out, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 2)
        le16_store(out + i, utf16_upcase((uint16_t)(in[i] | in[i + 1] << 8)));
}

bool crypto_ntowfv2(const uint8_t nt_hash[CRYPTO_NTLM_HASH_LEN], const void *user,
                    size_t user_bytes, const void *domain, size_t domain_bytes,
                    uint8_t out[CRYPTO_NTLM_HASH_LEN])
{
    uint8_t upper[CRYPTO_NTLM_USER_MAX];
    memset(out, 0, CRYPTO_NTLM_HASH_LEN);
    if (user_bytes > sizeof(upper) || user_bytes % 2 || domain_bytes > CRYPTO_NTLM_DOMAIN_MAX ||
        domain_bytes % 2)
        return false;
    upcase_utf16le(user, upper, user_bytes);
    const struct crypto_iov iov[] = {{upper, user_bytes}, {domain, domain_bytes}};
    return crypto_hmac_md5(nt_hash, CRYPTO_NTLM_HASH_LEN, iov, ARRAY_LEN(iov), out);
}

bool crypto_ntlmv2_proof(const uint8_t ntowfv2[CRYPTO_NTLM_HASH_LEN],
                         const uint8_t server_challenge[CRYPTO_NTLM_CHALLENGE_LEN],
                         const void *temp, size_t temp_len, uint8_t out[CRYPTO_NTLM_HASH_LEN])
{
    const struct crypto_iov iov[] = {{server_challenge, CRYPTO_NTLM_CHALLENGE_LEN},
                                     {temp, temp_len}};
    return crypto_hmac_md5(ntowfv2, CRYPTO_NTLM_HASH_LEN, iov, ARRAY_LEN(iov), out);
}

bool crypto_ntlmv2_session_base_key(const uint8_t ntowfv2[CRYPTO_NTLM_HASH_LEN],
                                    const uint8_t proof[CRYPTO_NTLM_HASH_LEN],
                                    uint8_t out[CRYPTO_NTLM_HASH_LEN])
{
    const struct crypto_iov iov = {proof, CRYPTO_NTLM_HASH_LEN};
    return crypto_hmac_md5(ntowfv2, CRYPTO_NTLM_HASH_LEN, &iov, 1, out);
}

bool crypto_ntlmv2_check(const uint8_t ntowfv2[CRYPTO_NTLM_HASH_LEN],
                         const uint8_t server_challenge[CRYPTO_NTLM_CHALLENGE_LEN],
                         const void *response, size_t response_len,
                         uint8_t session_base_key[CRYPTO_NTLM_HASH_LEN])
{
    uint8_t proof[CRYPTO_NTLM_HASH_LEN];
    const uint8_t *r = response;
    memset(session_base_key, 0, CRYPTO_NTLM_HASH_LEN);
    if (response_len < CRYPTO_NTLMV2_RESPONSE_MIN)
        return false;
    bool ok = crypto_ntlmv2_proof(ntowfv2, server_challenge, r + sizeof(proof),
                                  response_len - sizeof(proof), proof) &&
              mem_equal_secret(proof, r, sizeof(proof)) &&
              crypto_ntlmv2_session_base_key(ntowfv2, proof, session_base_key);
    mem_wipe(proof, sizeof(proof)); /* the right answer to a wrong guess */
    return ok;
}

/* The constants include their terminating zero ([MS-NLMP] 3.4.5.2, 3.4.5.3). */
static const char sign_magic[][60] = {
    [CRYPTO_NTLM_CLIENT] = "session key to client-to-server signing key magic constant",
    [CRYPTO_NTLM_SERVER] = "session key to server-to-client signing key magic constant",
};

static const char seal_magic[][60] = {
    [CRYPTO_NTLM_CLIENT] = "session key to client-to-server sealing key magic constant",
    [CRYPTO_NTLM_SERVER] = "session key to server-to-client sealing key magic constant",
};

static bool derived_key(const uint8_t *exported_key, size_t key_len, const char *magic,
                        uint8_t out[CRYPTO_NTLM_HASH_LEN])
{
    const struct crypto_iov iov[] = {{exported_key, key_len}, {magic, strlen(magic) + 1}};
    return crypto_md5(iov, ARRAY_LEN(iov), out);
}

bool crypto_ntlm_sign_key(const uint8_t exported_key[CRYPTO_NTLM_HASH_LEN],
                          enum crypto_ntlm_mode mode, uint8_t out[CRYPTO_NTLM_HASH_LEN])
{
    return derived_key(exported_key, CRYPTO_NTLM_HASH_LEN, sign_magic[mode], out);
}

bool crypto_ntlm_seal_key(const uint8_t exported_key[CRYPTO_NTLM_HASH_LEN],
                          enum crypto_ntlm_strength strength, enum crypto_ntlm_mode mode,
                          uint8_t out[CRYPTO_NTLM_HASH_LEN])
{
    return derived_key(exported_key, (size_t)strength, seal_magic[mode], out);
}

bool crypto_ntlm_mic(const uint8_t exported_key[CRYPTO_NTLM_HASH_LEN],
                     const struct crypto_iov *messages, size_t n, uint8_t out[CRYPTO_NTLM_HASH_LEN])
{
    return crypto_hmac_md5(exported_key, CRYPTO_NTLM_HASH_LEN, messages, n, out);
}

bool crypto_ntlm_signer_init(struct crypto_ntlm_signer *s,
                             const uint8_t exported_key[CRYPTO_NTLM_HASH_LEN],
                             enum crypto_ntlm_strength strength, enum crypto_ntlm_mode mode,
                             bool key_exchange)
{
    uint8_t seal_key[CRYPTO_NTLM_HASH_LEN];
    memset(s, 0, sizeof(*s));
    if (!crypto_ntlm_sign_key(exported_key, mode, s->sign_key) ||
        !crypto_ntlm_seal_key(exported_key, strength, mode, seal_key)) {
        mem_wipe(s, sizeof(*s));
        return false;
    }
    crypto_rc4_init(&s->seal, seal_key, sizeof(seal_key));
    mem_wipe(seal_key, sizeof(seal_key));
    s->key_exchange = key_exchange;
    return true;
}

#define NTLM_MAC_VERSION 1
#define NTLM_MAC_SUM_LEN 8
#define NTLM_MAC_PIECES  8

/* HMAC_MD5(SigningKey, SeqNum || Message)[0..7]. */
static bool mac_checksum(const struct crypto_ntlm_signer *s, const struct crypto_iov *iov, size_t n,
                         uint8_t sum[CRYPTO_MD5_LEN])
{
    uint8_t seq[4];
    struct crypto_iov all[1 + NTLM_MAC_PIECES] = {{seq, sizeof(seq)}};
    if (n > NTLM_MAC_PIECES)
        return false;
    le32_store(seq, s->seq_num);
    if (n)
        memcpy(all + 1, iov, n * sizeof(*iov));
    return crypto_hmac_md5(s->sign_key, sizeof(s->sign_key), all, 1 + n, sum);
}

bool crypto_ntlm_seal(struct crypto_ntlm_signer *s, const struct crypto_iov *iov, size_t n,
                      uint8_t *part, size_t len, uint8_t mac[CRYPTO_NTLM_MAC_LEN])
{
    uint8_t sum[CRYPTO_MD5_LEN];
    memset(mac, 0, CRYPTO_NTLM_MAC_LEN);
    if (!mac_checksum(s, iov, n, sum))
        return false;
    crypto_rc4_apply(&s->seal, part, part, len);
    if (s->key_exchange)
        crypto_rc4_apply(&s->seal, sum, sum, NTLM_MAC_SUM_LEN);
    le32_store(mac, NTLM_MAC_VERSION);
    memcpy(mac + 4, sum, NTLM_MAC_SUM_LEN);
    le32_store(mac + 12, s->seq_num);
    s->seq_num++;
    return true;
}

bool crypto_ntlm_sign(struct crypto_ntlm_signer *s, const struct crypto_iov *iov, size_t n,
                      uint8_t mac[CRYPTO_NTLM_MAC_LEN])
{
    return crypto_ntlm_seal(s, iov, n, NULL, 0, mac);
}

bool crypto_ntlm_unseal(struct crypto_ntlm_signer *s, const struct crypto_iov *iov, size_t n,
                        uint8_t *part, size_t len, const uint8_t mac[CRYPTO_NTLM_MAC_LEN])
{
    crypto_rc4_apply(&s->seal, part, part, len);
    return crypto_ntlm_verify(s, iov, n, mac);
}

bool crypto_ntlm_verify(struct crypto_ntlm_signer *s, const struct crypto_iov *iov, size_t n,
                        const uint8_t mac[CRYPTO_NTLM_MAC_LEN])
{
    uint8_t own[CRYPTO_NTLM_MAC_LEN];
    bool ok = crypto_ntlm_sign(s, iov, n, own) && mem_equal_secret(own, mac, sizeof(own));
    mem_wipe(own, sizeof(own));
    return ok;
}
