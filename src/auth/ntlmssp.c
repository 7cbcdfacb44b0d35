// SPDX-License-Identifier: Apache-2.0
/* NTLMSSP message codec; the contract is in ntlmssp.h. */
#include "auth/ntlmssp.h"
#include "base/checked.h"

static const char signature[8] = "NTLMSSP";

enum {
    TYPE_NEGOTIATE = 1,
    TYPE_CHALLENGE = 2,
    TYPE_AUTHENTICATE = 3,
};

#define PROOF_SIZE   16
#define VERSION_SIZE 8

/* VERSION ([MS-NLMP] 2.2.2.10): for debugging only. Says Windows 10 because some clients take
   features from it; the last byte is NTLMSSP_REVISION_W2K3. */
static const uint8_t version[VERSION_SIZE] = {10, 0, 0x63, 0x45, 0, 0, 0, 0x0f};

uint32_t ntlmssp_type(const uint8_t *in, size_t len)
{
    if (len < sizeof(signature) + 4 || memcmp(in, signature, sizeof(signature)) != 0)
        return 0;
    return le32_load(in + sizeof(signature));
}

/* Begins after signature and type. */
static bool begin(struct cursor *c, const uint8_t *in, size_t len, uint32_t type)
{
    if (ntlmssp_type(in, len) != type)
        return false;
    cursor_init(c, in, len);
    cursor_skip(c, sizeof(signature) + 4);
    return true;
}

/* Len, MaxLen, BufferOffset, and the bytes they name. An empty field may have any offset. `first`
   becomes the smallest offset in use. */
static struct auth_blob read_field(struct cursor *c, size_t *first)
{
    size_t len = cursor_u16(c);
    cursor_skip(c, 2); /* MaxLen must be ignored */
    size_t offset = cursor_u32(c);
    if (cursor_failed(c) || len == 0)
        return (struct auth_blob){0};
    if (!checked_range(offset, len, c->end)) {
        cursor_fail(c);
        return (struct auth_blob){0};
    }
    if (first != NULL)
        *first = MIN(*first, offset);
    return (struct auth_blob){c->base + offset, len};
}

/* UTF-16LE text, whose length must be even. */
static struct auth_blob read_text(struct cursor *c, size_t *first)
{
    struct auth_blob text = read_field(c, first);
    if (text.len % 2 != 0)
        cursor_fail(c);
    return text;
}

bool ntlmssp_decode_negotiate(const uint8_t *in, size_t len, struct ntlmssp_negotiate *out)
{
    struct cursor c;
    memset(out, 0, sizeof(*out));
    if (!begin(&c, in, len, TYPE_NEGOTIATE))
        return false;
    out->flags = cursor_u32(&c);
    /* Old clients end here; the fields must be ignored unless their flag is set. */
    if (out->flags & NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED)
        out->domain = read_field(&c, NULL);
    else if (cursor_left(&c) >= 8)
        cursor_skip(&c, 8);
    if (out->flags & NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED)
        out->workstation = read_field(&c, NULL);
    return !cursor_failed(&c);
}

bool ntlmssp_decode_challenge(const uint8_t *in, size_t len, struct ntlmssp_challenge *out)
{
    struct cursor c;
    memset(out, 0, sizeof(*out));
    if (!begin(&c, in, len, TYPE_CHALLENGE))
        return false;
    out->target_name = read_field(&c, NULL);
    out->flags = cursor_u32(&c);
    cursor_bytes(&c, out->challenge, sizeof(out->challenge));
    cursor_skip(&c, 8); /* Reserved */
    out->target_info = read_field(&c, NULL);
    if ((out->flags & NTLMSSP_NEGOTIATE_TARGET_INFO) == 0)
        out->target_info = (struct auth_blob){0};
    else if (!ntlmssp_av_valid(out->target_info))
        return false;
    return !cursor_failed(&c);
}

bool ntlmssp_decode_authenticate(const uint8_t *in, size_t len, struct ntlmssp_authenticate *out)
{
    struct cursor c;
    size_t first = len;
    memset(out, 0, sizeof(*out));
    if (!begin(&c, in, len, TYPE_AUTHENTICATE))
        return false;
    out->lm_response = read_field(&c, &first);
    out->nt_response = read_field(&c, &first);
    /* We choose Unicode in every challenge, so the texts are UTF-16 whatever the flags here say. */
    out->domain = read_text(&c, &first);
    out->user = read_text(&c, &first);
    out->workstation = read_text(&c, &first);
    out->session_key = read_field(&c, &first);
    out->flags = cursor_u32(&c);
    if (first >= NTLMSSP_MIC_OFFSET + NTLMSSP_MIC_SIZE)
        out->mic_offset = NTLMSSP_MIC_OFFSET;
    return !cursor_failed(&c);
}

bool ntlmssp_decode_v2_response(struct auth_blob response, struct ntlmssp_v2_response *out)
{
    struct cursor c;
    memset(out, 0, sizeof(*out));
    cursor_init(&c, response.data, response.len);
    out->proof = (struct auth_blob){cursor_take(&c, PROOF_SIZE), PROOF_SIZE};
    if (cursor_failed(&c))
        return false;
    out->temp = (struct auth_blob){response.data + PROOF_SIZE, response.len - PROOF_SIZE};
    uint8_t resp_type = cursor_u8(&c), hi_resp_type = cursor_u8(&c);
    cursor_skip(&c, 6); /* Reserved1, Reserved2 */
    out->time = cursor_u64(&c);
    cursor_skip(&c, NTLMSSP_CHALLENGE_SIZE + 4); /* ChallengeFromClient, Reserved3 */
    if (cursor_failed(&c) || resp_type != 1 || hi_resp_type != 1)
        return false;
    out->av_pairs.len = cursor_left(&c);
    out->av_pairs.data = cursor_take(&c, out->av_pairs.len);
    return ntlmssp_av_valid(out->av_pairs);
}

static void put_header(struct builder *b, uint32_t type)
{
    ASSERT(b->len == 0);
    builder_bytes(b, signature, sizeof(signature));
    builder_u32(b, type);
}

/* Len, MaxLen and BufferOffset; the bytes themselves follow later in the same order. `offset` is
   where they will lie. */
static void put_field(struct builder *b, struct auth_blob f, size_t *offset)
{
    if (f.len > UINT16_MAX)
        b->failed = true;
    builder_u16(b, (uint16_t)f.len);
    builder_u16(b, (uint16_t)f.len);
    builder_u32(b, (uint32_t)*offset);
    *offset += f.len;
}

static void put_version(struct builder *b, uint32_t flags)
{
    if (flags & NTLMSSP_NEGOTIATE_VERSION)
        builder_bytes(b, version, sizeof(version));
    else
        builder_zero(b, sizeof(version));
}

void ntlmssp_encode_negotiate(struct builder *b, const struct ntlmssp_negotiate *m)
{
    size_t offset = 40;
    put_header(b, TYPE_NEGOTIATE);
    builder_u32(b, m->flags);
    put_field(b, m->domain, &offset);
    put_field(b, m->workstation, &offset);
    put_version(b, m->flags);
    builder_bytes(b, m->domain.data, m->domain.len);
    builder_bytes(b, m->workstation.data, m->workstation.len);
}

void ntlmssp_encode_challenge(struct builder *b, const struct ntlmssp_challenge *m)
{
    size_t offset = 56;
    put_header(b, TYPE_CHALLENGE);
    put_field(b, m->target_name, &offset);
    builder_u32(b, m->flags);
    builder_bytes(b, m->challenge, sizeof(m->challenge));
    builder_zero(b, 8);
    put_field(b, m->target_info, &offset);
    put_version(b, m->flags);
    builder_bytes(b, m->target_name.data, m->target_name.len);
    builder_bytes(b, m->target_info.data, m->target_info.len);
}

void ntlmssp_encode_authenticate(struct builder *b, const struct ntlmssp_authenticate *m)
{
    size_t offset = NTLMSSP_MIC_OFFSET + (m->mic_offset != 0 ? NTLMSSP_MIC_SIZE : 0);
    /* Texts first, which keeps them aligned; then the responses and the key. */
    size_t texts = offset;
    size_t blobs = offset + m->domain.len + m->user.len + m->workstation.len;
    put_header(b, TYPE_AUTHENTICATE);
    put_field(b, m->lm_response, &blobs);
    put_field(b, m->nt_response, &blobs);
    put_field(b, m->domain, &texts);
    put_field(b, m->user, &texts);
    put_field(b, m->workstation, &texts);
    put_field(b, m->session_key, &blobs);
    builder_u32(b, m->flags);
    put_version(b, m->flags);
    if (m->mic_offset != 0)
        builder_zero(b, NTLMSSP_MIC_SIZE);
    builder_bytes(b, m->domain.data, m->domain.len);
    builder_bytes(b, m->user.data, m->user.len);
    builder_bytes(b, m->workstation.data, m->workstation.len);
    builder_bytes(b, m->lm_response.data, m->lm_response.len);
    builder_bytes(b, m->nt_response.data, m->nt_response.len);
    builder_bytes(b, m->session_key.data, m->session_key.len);
}

void ntlmssp_av_put(struct builder *b, uint16_t id, const void *value, size_t len)
{
    if (len > UINT16_MAX)
        b->failed = true;
    builder_u16(b, id);
    builder_u16(b, (uint16_t)len);
    builder_bytes(b, value, len);
}

bool ntlmssp_av_next(struct cursor *c, uint16_t *id, struct auth_blob *value)
{
    *id = cursor_u16(c);
    value->len = cursor_u16(c);
    value->data = cursor_take(c, value->len);
    return !cursor_failed(c) && *id != MsvAvEOL;
}

bool ntlmssp_av_valid(struct auth_blob list)
{
    struct cursor c;
    struct auth_blob value;
    uint16_t id;
    size_t n = 0;
    cursor_init(&c, list.data, list.len);
    while (ntlmssp_av_next(&c, &id, &value))
        if (++n > NTLMSSP_AV_MAX)
            return false;
    return !cursor_failed(&c);
}

bool ntlmssp_av_find(struct auth_blob list, uint16_t id, struct auth_blob *value)
{
    struct cursor c;
    uint16_t got;
    cursor_init(&c, list.data, list.len);
    while (ntlmssp_av_next(&c, &got, value))
        if (got == id)
            return true;
    *value = (struct auth_blob){0};
    return false;
}
