// SPDX-License-Identifier: Apache-2.0
/* Security contexts: see security.h. A signature covers the whole fragment but itself, as NTLM has
   it with and without header signing ([MS-RPCE] 3.3.1.5.2.2). */
#include "rpc/security.h"
#include "auth/ntlmssp.h"
#include "base/mem.h"
#include <string.h>

void rpc_security_free(struct rpc_security *s)
{
    auth_context_free(s->auth);
    mem_wipe(s, sizeof *s);
}

size_t rpc_security_size(const struct rpc_security *s)
{
    return s->auth != NULL ? RPC_SECURITY_COST : 0;
}

bool rpc_security_known(const struct auth_config *config, const struct rpc_trailer *t)
{
    return config != NULL &&
           (t->type == RPC_C_AUTHN_GSS_NEGOTIATE || t->type == RPC_C_AUTHN_WINNT) &&
           t->level >= RPC_C_AUTHN_LEVEL_CONNECT && t->level <= RPC_C_AUTHN_LEVEL_PKT_PRIVACY;
}

static enum crypto_ntlm_strength strength(uint32_t flags)
{
    if (flags & NTLMSSP_NEGOTIATE_128)
        return CRYPTO_NTLM_SEAL_128;
    return flags & NTLMSSP_NEGOTIATE_56 ? CRYPTO_NTLM_SEAL_56 : CRYPTO_NTLM_SEAL_40;
}

/* What was negotiated must be able to do what the client wants. */
static bool make_signers(struct rpc_security *s)
{
    const struct auth_identity *who = auth_identity(s->auth);
    const uint32_t flags = who->ntlm_flags;
    bool exchange = (flags & NTLMSSP_NEGOTIATE_KEY_EXCH) != 0;
    if (s->level < RPC_C_AUTHN_LEVEL_PKT)
        return true;
    if (!(flags & NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY) ||
        who->session_key_len != CRYPTO_NTLM_HASH_LEN)
        return false;
    bool ok = crypto_ntlm_signer_init(&s->in, who->session_key, strength(flags), CRYPTO_NTLM_CLIENT,
                                      exchange) &&
              crypto_ntlm_signer_init(&s->out, who->session_key, strength(flags),
                                      CRYPTO_NTLM_SERVER, exchange);
    s->in.seq_num = s->out.seq_num = who->ntlm_sequence;
    return ok;
}

bool rpc_security_step(struct rpc_security *s, const struct auth_config *config,
                       const struct rpc_trailer *t, uint64_t now, struct builder *token)
{
    if (s->state == RPC_SECURITY_NONE) {
        s->auth = auth_context_new(config);
        if (s->auth == NULL)
            return false;
        s->type = t->type;
        s->level = t->level;
        s->context_id = t->context_id;
        s->state = RPC_SECURITY_UNDER_WAY;
    }
    if (s->state != RPC_SECURITY_UNDER_WAY)
        return true; /* a context more than one: the first one counts */
    switch (auth_step(s->auth, t->value, t->value_len, now, token)) {
    case AUTH_OK: s->state = make_signers(s) ? RPC_SECURITY_DONE : RPC_SECURITY_FAILED; break;
    case AUTH_CONTINUE: break;
    default: s->state = RPC_SECURITY_FAILED; break;
    }
    return true;
}

const struct auth_identity *rpc_security_identity(const struct rpc_security *s)
{
    return s->state == RPC_SECURITY_DONE ? auth_identity(s->auth) : NULL;
}

bool rpc_security_protects(const struct rpc_security *s)
{
    return s->state == RPC_SECURITY_DONE && s->level >= RPC_C_AUTHN_LEVEL_PKT;
}

bool rpc_security_open(struct rpc_security *s, uint8_t *pdu, size_t size, size_t at,
                       const struct rpc_trailer *t)
{
    if (!t->present || t->type != s->type || t->level != s->level ||
        t->context_id != s->context_id || t->value_len != CRYPTO_NTLM_MAC_LEN)
        return false;
    const struct crypto_iov whole = {pdu, size - CRYPTO_NTLM_MAC_LEN};
    size_t sealed = size - CRYPTO_NTLM_MAC_LEN - RPC_TRAILER_SIZE - at;
    if (s->level < RPC_C_AUTHN_LEVEL_PKT_PRIVACY)
        sealed = 0;
    return crypto_ntlm_unseal(&s->in, &whole, 1, pdu + at, sealed, t->value);
}

struct rpc_trailer rpc_security_trailer(const struct rpc_security *s)
{
    return (struct rpc_trailer){
        .present = true,
        .type = s->type,
        .level = s->level,
        .context_id = s->context_id,
        .value_len = CRYPTO_NTLM_MAC_LEN,
    };
}

bool rpc_security_close(struct rpc_security *s, uint8_t *pdu, size_t size, size_t at)
{
    const struct crypto_iov whole = {pdu, size - CRYPTO_NTLM_MAC_LEN};
    size_t sealed = size - CRYPTO_NTLM_MAC_LEN - RPC_TRAILER_SIZE - at;
    if (s->level < RPC_C_AUTHN_LEVEL_PKT_PRIVACY)
        sealed = 0;
    return crypto_ntlm_seal(&s->out, &whole, 1, pdu + at, sealed, pdu + size - CRYPTO_NTLM_MAC_LEN);
}
