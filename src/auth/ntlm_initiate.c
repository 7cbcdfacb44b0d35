// SPDX-License-Identifier: Apache-2.0
/* The client's side of NTLMv2 ([MS-NLMP] 3.1.5.1, 3.3.2); the contract is in ntlm_initiate.h. */
#include "auth/ntlm_initiate.h"
#include "base/mem.h"
#include "base/utf.h"

#define TOKEN_MAX 65536
#define LM_SIZE   24

/* What goes into AUTHENTICATE. Wiped after use. */
struct answer {
    struct builder user, domain, workstation;
    struct builder av_pairs;
    struct builder response; /* NTProofStr and temp */
    uint8_t encrypted_key[CRYPTO_NTLM_HASH_LEN];
    bool with_timestamp; /* then the client sends no LM response but a MIC */
};

static bool has(const struct ntlm_initiator *n, enum auth_client_option o)
{
    return (n->config->options & (unsigned)o) != 0;
}

static uint32_t wanted_flags(const struct ntlm_initiator *n)
{
    uint32_t flags = NTLMSSP_NEGOTIATE_UNICODE | NTLM_NEGOTIATE_OEM | NTLMSSP_REQUEST_TARGET |
                     NTLMSSP_NEGOTIATE_NTLM | NTLMSSP_NEGOTIATE_ALWAYS_SIGN |
                     NTLMSSP_NEGOTIATE_VERSION | NTLMSSP_NEGOTIATE_128 | NTLMSSP_NEGOTIATE_56;
    if (!has(n, AUTH_CLIENT_NO_KEY_EXCH))
        flags |= NTLMSSP_NEGOTIATE_KEY_EXCH;
    if (!has(n, AUTH_CLIENT_NO_SIGN))
        flags |= NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL |
                 NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY;
    return flags;
}

void ntlm_initiator_clear(struct ntlm_initiator *n)
{
    mem_free((void *)n->negotiate.data);
    mem_wipe(n, sizeof(*n));
}

bool ntlm_initiator_negotiate(struct ntlm_initiator *n, struct builder *out)
{
    const struct ntlmssp_negotiate m = {.flags = wanted_flags(n)};
    mem_free((void *)n->negotiate.data);
    n->negotiate = (struct auth_blob){0};
    ntlmssp_encode_negotiate(out, &m);
    if (builder_failed(out))
        return false;
    n->negotiate.data = mem_dup(out->data, out->len);
    n->negotiate.len = out->len;
    return n->negotiate.data != NULL;
}

static void put_text(struct builder *b, const char *text)
{
    if (text != NULL && utf8_to_utf16(b, text, strlen(text)) == SIZE_MAX)
        b->failed = true;
}

static struct auth_blob written(const struct builder *b)
{
    return (struct auth_blob){b->data, b->len};
}

/* The server's pairs, and ours ([MS-NLMP] 3.1.5.1.2). */
static void put_av_pairs(const struct ntlm_initiator *n, struct answer *a, struct auth_blob theirs)
{
    uint8_t bindings[CRYPTO_NTLM_HASH_LEN] = {0}, flags[4];
    struct builder target;
    struct auth_blob v;
    struct cursor c;
    uint16_t id;
    uint32_t bits = a->with_timestamp && !has(n, AUTH_CLIENT_NO_MIC) ? MSV_AV_FLAG_MIC : 0;

    cursor_init(&c, theirs.data, theirs.len);
    while (ntlmssp_av_next(&c, &id, &v)) {
        if (id == MsvAvFlags && v.len == sizeof(flags))
            bits |= le32_load(v.data);
        else if (id != MsvAvFlags)
            ntlmssp_av_put(&a->av_pairs, id, v.data, v.len);
    }
    le32_store(flags, bits);
    if (bits != 0)
        ntlmssp_av_put(&a->av_pairs, MsvAvFlags, flags, sizeof(flags));
    if (has(n, AUTH_CLIENT_CHANNEL_BINDINGS))
        memset(bindings, 0xcb, sizeof(bindings));
    ntlmssp_av_put(&a->av_pairs, MsvAvChannelBindings, bindings, sizeof(bindings));
    builder_init_grow(&target, TOKEN_MAX);
    put_text(&target, n->config->target);
    ntlmssp_av_put(&a->av_pairs, MsvAvTargetName, target.data, target.len);
    a->av_pairs.failed |= builder_failed(&target);
    builder_free(&target);
    ntlmssp_av_put(&a->av_pairs, MsvAvEOL, NULL, 0);
}

static bool password_key(const struct ntlm_initiator *n, const struct answer *a,
                         uint8_t ntowfv2[CRYPTO_NTLM_HASH_LEN])
{
    uint8_t hash[CRYPTO_NTLM_HASH_LEN];
    const char *password = n->config->password;
    size_t domain_len = has(n, AUTH_CLIENT_NO_DOMAIN_IN_HASH) ? 0 : a->domain.len;
    bool ok = crypto_nt_hash(password, strlen(password), hash) &&
              crypto_ntowfv2(hash, a->user.data, a->user.len, a->domain.data, domain_len, ntowfv2);
    mem_wipe(hash, sizeof(hash));
    return ok;
}

/* ComputeResponse ([MS-NLMP] 3.3.2); base_key becomes SessionBaseKey. */
static bool put_response(const struct ntlm_initiator *n, struct answer *a,
                         const struct ntlmssp_challenge *m, uint64_t time,
                         uint8_t base_key[CRYPTO_NTLM_HASH_LEN])
{
    uint8_t ntowfv2[CRYPTO_NTLM_HASH_LEN], proof[CRYPTO_NTLM_HASH_LEN];
    uint8_t client_challenge[NTLMSSP_CHALLENGE_SIZE];
    struct builder *b = &a->response;

    random_fill(&n->config->random, client_challenge, sizeof(client_challenge));
    builder_zero(b, sizeof(proof));
    builder_u16(b, 0x0101); /* RespType, HiRespType */
    builder_zero(b, 6);
    builder_u64(b, time);
    builder_bytes(b, client_challenge, sizeof(client_challenge));
    builder_zero(b, 4);
    builder_bytes(b, a->av_pairs.data, a->av_pairs.len);
    builder_zero(b, 4);
    if (builder_failed(b) || builder_failed(&a->av_pairs))
        return false;
    bool ok = password_key(n, a, ntowfv2) &&
              crypto_ntlmv2_proof(ntowfv2, m->challenge, b->data + sizeof(proof),
                                  b->len - sizeof(proof), proof) &&
              crypto_ntlmv2_session_base_key(ntowfv2, proof, base_key);
    if (ok)
        memcpy(b->data, proof, sizeof(proof));
    mem_wipe(ntowfv2, sizeof(ntowfv2));
    return ok;
}

static void exchange_key(struct ntlm_initiator *n, struct answer *a,
                         const uint8_t base_key[CRYPTO_NTLM_HASH_LEN])
{
    if (n->keys.flags & NTLMSSP_NEGOTIATE_KEY_EXCH) {
        random_fill(&n->config->random, n->keys.exported, sizeof(n->keys.exported));
        crypto_rc4_once(base_key, n->keys.exported, a->encrypted_key, sizeof(a->encrypted_key));
    } else {
        memcpy(n->keys.exported, base_key, sizeof(n->keys.exported));
    }
    n->keys.shared = true;
}

/* Encodes, and puts in the MIC over all three messages. */
static bool put_message(struct ntlm_initiator *n, const struct answer *a,
                        struct auth_blob challenge, struct builder *out)
{
    static const uint8_t zeros[LM_SIZE];
    bool anonymous = a->user.len == 0;
    bool mic = a->with_timestamp && !anonymous && !has(n, AUTH_CLIENT_NO_MIC);
    struct ntlmssp_authenticate m = {
        .flags = n->keys.flags,
        /* Z(1) and nothing for anonymous; Z(24) beside an NTLMv2 response with a time stamp */
        .lm_response = {zeros, anonymous ? 1 : LM_SIZE},
        .nt_response = written(&a->response),
        .domain = written(&a->domain),
        .user = written(&a->user),
        .workstation = written(&a->workstation),
        .mic_offset = mic ? NTLMSSP_MIC_OFFSET : 0,
    };
    if (n->keys.flags & NTLMSSP_NEGOTIATE_KEY_EXCH)
        m.session_key = (struct auth_blob){a->encrypted_key, sizeof(a->encrypted_key)};
    if (anonymous)
        m.flags |= NTLMSSP_ANONYMOUS;
    ntlmssp_encode_authenticate(out, &m);
    if (builder_failed(out))
        return false;
    return !mic || ntlm_keys_message_mic(&n->keys, n->negotiate, challenge, written(out),
                                         m.mic_offset, out->data + m.mic_offset);
}

static bool answer_challenge(struct ntlm_initiator *n, struct answer *a, struct auth_blob challenge,
                             uint64_t now, struct builder *out)
{
    struct ntlmssp_challenge m;
    struct auth_blob stamp;
    uint8_t base_key[CRYPTO_NTLM_HASH_LEN] = {0};
    if (n->negotiate.data == NULL || !ntlmssp_decode_challenge(challenge.data, challenge.len, &m))
        return false;
    a->with_timestamp =
        ntlmssp_av_find(m.target_info, MsvAvTimestamp, &stamp) && stamp.len == sizeof(uint64_t);
    n->keys.flags = m.flags & (wanted_flags(n) | NTLMSSP_NEGOTIATE_TARGET_INFO);
    put_text(&a->user, n->config->user);
    put_text(&a->domain, n->config->domain);
    put_text(&a->workstation, n->config->workstation);
    if (builder_failed(&a->user) || builder_failed(&a->domain) || builder_failed(&a->workstation))
        return false;
    bool ok = true;
    if (a->user.len > 0) { /* else anonymous: no response, SessionBaseKey is zero */
        put_av_pairs(n, a, m.target_info);
        ok = put_response(n, a, &m, a->with_timestamp ? le64_load(stamp.data) : now, base_key);
    }
    if (ok) {
        exchange_key(n, a, base_key);
        ok = put_message(n, a, challenge, out);
    }
    mem_wipe(base_key, sizeof(base_key));
    return ok;
}

bool ntlm_initiator_authenticate(struct ntlm_initiator *n, struct auth_blob challenge, uint64_t now,
                                 struct builder *out)
{
    struct answer a = {0};
    struct builder *const parts[] = {&a.user, &a.domain, &a.workstation, &a.av_pairs, &a.response};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        builder_init_grow(parts[i], TOKEN_MAX);
    bool ok = answer_challenge(n, &a, challenge, now, out);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        builder_free(parts[i]);
    return ok;
}
