// SPDX-License-Identifier: Apache-2.0
/* MICs of an NTLM exchange; the contract is in ntlm_keys.h. */
#include "auth/ntlm_keys.h"
#include "base/mem.h"

/* Without extended session security there are no signing keys ([MS-NLMP] 3.4.5.2), and without
   NTLMSSP_NEGOTIATE_SIGN a signature is a constant (3.4.4.3): neither protects a list. */
bool ntlm_keys_can_sign(const struct ntlm_keys *k)
{
    const uint32_t need = NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY;
    return k->shared && (k->flags & need) == need;
}

static enum crypto_ntlm_strength strength(uint32_t flags)
{
    if (flags & NTLMSSP_NEGOTIATE_128)
        return CRYPTO_NTLM_SEAL_128;
    return flags & NTLMSSP_NEGOTIATE_56 ? CRYPTO_NTLM_SEAL_56 : CRYPTO_NTLM_SEAL_40;
}

static bool signer_init(struct crypto_ntlm_signer *s, const struct ntlm_keys *k,
                        enum crypto_ntlm_mode mode)
{
    return crypto_ntlm_signer_init(s, k->exported, strength(k->flags), mode,
                                   (k->flags & NTLMSSP_NEGOTIATE_KEY_EXCH) != 0);
}

bool ntlm_keys_sign(const struct ntlm_keys *k, enum crypto_ntlm_mode mode, struct auth_blob text,
                    uint8_t mic[CRYPTO_NTLM_MAC_LEN])
{
    struct crypto_ntlm_signer s;
    const struct crypto_iov iov = {text.data, text.len};
    bool ok = signer_init(&s, k, mode) && crypto_ntlm_sign(&s, &iov, 1, mic);
    mem_wipe(&s, sizeof(s));
    return ok;
}

bool ntlm_keys_verify(const struct ntlm_keys *k, enum crypto_ntlm_mode mode, struct auth_blob text,
                      struct auth_blob mic)
{
    struct crypto_ntlm_signer s;
    const struct crypto_iov iov = {text.data, text.len};
    if (mic.len != CRYPTO_NTLM_MAC_LEN)
        return false;
    bool ok = signer_init(&s, k, mode) && crypto_ntlm_verify(&s, &iov, 1, mic.data);
    mem_wipe(&s, sizeof(s));
    return ok;
}

bool ntlm_keys_message_mic(const struct ntlm_keys *k, struct auth_blob negotiate,
                           struct auth_blob challenge, struct auth_blob authenticate,
                           size_t mic_offset, uint8_t mic[NTLMSSP_MIC_SIZE])
{
    static const uint8_t zero[NTLMSSP_MIC_SIZE];
    const size_t rest = mic_offset + NTLMSSP_MIC_SIZE;
    ASSERT(rest <= authenticate.len);
    const struct crypto_iov iov[] = {
        {negotiate.data, negotiate.len},
        {challenge.data, challenge.len},
        {authenticate.data, mic_offset},
        {zero, sizeof(zero)},
        {authenticate.data + rest, authenticate.len - rest},
    };
    return crypto_ntlm_mic(k->exported, iov, ARRAY_LEN(iov), mic);
}
