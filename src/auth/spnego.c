// SPDX-License-Identifier: Apache-2.0
/* SPNEGO token codec; the contract is in spnego.h. */
#include "auth/spnego.h"

#define OID(name, ...)                                   \
    static const uint8_t name##_bytes[] = {__VA_ARGS__}; \
    const struct auth_blob name = {name##_bytes, sizeof(name##_bytes)}

OID(spnego_oid_ntlmssp, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a);
OID(spnego_oid_krb5, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02);
OID(spnego_oid_ms_krb5, 0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02);

static const uint8_t oid_spnego_bytes[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x02}; /* 1.3.6.1.5.5.2 */
static const struct auth_blob oid_spnego = {oid_spnego_bytes, sizeof(oid_spnego_bytes)};

#define TAG_FRAME DER_APPLICATION(0)
#define TAG_INIT  DER_CONTEXT(0)
#define TAG_RESP  DER_CONTEXT(1)

enum spnego_kind spnego_kind(const uint8_t *in, size_t len)
{
    if (len == 0)
        return SPNEGO_NONE;
    if (in[0] == TAG_FRAME || in[0] == TAG_INIT)
        return SPNEGO_INIT;
    return in[0] == TAG_RESP ? SPNEGO_RESP : SPNEGO_NONE;
}

static bool decode_mech_list(struct cursor *c, struct spnego_init *out)
{
    struct cursor list, oid;
    out->mech_list.data = c->base + c->pos;
    out->mech_list.len = cursor_left(c);
    if (!der_expect(c, DER_SEQUENCE, &list) || cursor_left(c) != 0 ||
        out->mech_list.len > SPNEGO_MECH_LIST_MAX)
        return false;
    while (cursor_left(&list) > 0) {
        if (out->mech_count == SPNEGO_MECH_MAX || !der_expect(&list, DER_OID, &oid))
            return false;
        struct auth_blob *m = &out->mechs[out->mech_count++];
        m->len = cursor_left(&oid);
        m->data = cursor_take(&oid, m->len);
    }
    return !cursor_failed(&list);
}

/* [3] is the MIC in NegTokenInit and the hints in NegTokenInit2; the tag inside tells. */
static bool decode_hints_or_mic(struct cursor *c, struct spnego_init *out)
{
    uint8_t tag;
    struct cursor look = *c, hints, field;
    if (!der_next(&look, &tag, &hints))
        return false;
    if (tag != DER_SEQUENCE)
        return der_only(c, DER_OCTET_STRING, &out->mech_list_mic);
    while (der_next(&hints, &tag, &field))
        if (tag == DER_CONTEXT(0) && !der_only(&field, DER_GENERAL_STRING, &out->hint_name))
            return false;
    return !cursor_failed(&hints);
}

static bool decode_init_field(uint8_t tag, struct cursor *field, struct spnego_init *out)
{
    switch (tag) {
    case DER_CONTEXT(0): return out->mech_count == 0 && decode_mech_list(field, out);
    case DER_CONTEXT(2): return der_only(field, DER_OCTET_STRING, &out->mech_token);
    case DER_CONTEXT(3): return decode_hints_or_mic(field, out);
    case DER_CONTEXT(4): return der_only(field, DER_OCTET_STRING, &out->mech_list_mic);
    /* reqFlags [1] is not protected and must be ignored ([MS-SPNG] 3.1.5.3); so are extensions. */
    default: return true;
    }
}

bool spnego_decode_init(const uint8_t *in, size_t len, struct spnego_init *out)
{
    struct cursor c, frame, outer, fields, field;
    struct auth_blob oid;
    uint8_t tag;

    memset(out, 0, sizeof(*out));
    cursor_init(&c, in, len);
    if (len > 0 && in[0] == TAG_FRAME) {
        if (!der_expect(&c, TAG_FRAME, &frame) || !der_expect(&frame, DER_OID, &outer))
            return false;
        oid.len = cursor_left(&outer);
        oid.data = cursor_take(&outer, oid.len);
        if (!auth_blob_equal(oid, oid_spnego))
            return false;
        c = frame;
    }
    if (!der_expect(&c, TAG_INIT, &outer) || !der_expect(&outer, DER_SEQUENCE, &fields))
        return false;
    while (der_next(&fields, &tag, &field))
        if (!decode_init_field(tag, &field, out))
            return false;
    return !cursor_failed(&fields) && out->mech_count > 0;
}

static bool decode_state(struct cursor *field, struct spnego_resp *out)
{
    struct auth_blob v;
    if (!der_only(field, DER_ENUMERATED, &v) || v.len != 1 || v.data[0] > SPNEGO_REQUEST_MIC)
        return false;
    out->state = (enum spnego_state)v.data[0];
    return true;
}

static bool decode_resp_field(uint8_t tag, struct cursor *field, struct spnego_resp *out)
{
    switch (tag) {
    case DER_CONTEXT(0): return decode_state(field, out);
    case DER_CONTEXT(1): return der_only(field, DER_OID, &out->mech);
    case DER_CONTEXT(2): return der_only(field, DER_OCTET_STRING, &out->token);
    case DER_CONTEXT(3): return der_only(field, DER_OCTET_STRING, &out->mech_list_mic);
    default: return true;
    }
}

bool spnego_decode_resp(const uint8_t *in, size_t len, struct spnego_resp *out)
{
    struct cursor c, outer, fields, field;
    uint8_t tag;

    *out = (struct spnego_resp){.state = SPNEGO_STATE_ABSENT};
    cursor_init(&c, in, len);
    if (!der_expect(&c, TAG_RESP, &outer) || !der_expect(&outer, DER_SEQUENCE, &fields))
        return false;
    while (der_next(&fields, &tag, &field))
        if (!decode_resp_field(tag, &field, out))
            return false;
    return !cursor_failed(&fields);
}

/* [n] of one element; absent fields are left out. */
static void encode_field(struct builder *b, unsigned n, uint8_t tag, struct auth_blob v)
{
    if (v.data == NULL)
        return;
    size_t mark = der_begin(b, (uint8_t)DER_CONTEXT(n));
    der_bytes(b, tag, v);
    der_end(b, mark);
}

void spnego_encode_mech_list(struct builder *b, const struct spnego_init *t)
{
    size_t list = der_begin(b, DER_SEQUENCE);
    for (size_t i = 0; i < t->mech_count; i++)
        der_bytes(b, DER_OID, t->mechs[i]);
    der_end(b, list);
}

void spnego_encode_init(struct builder *b, const struct spnego_init *t)
{
    size_t frame = der_begin(b, TAG_FRAME);
    der_bytes(b, DER_OID, oid_spnego);
    size_t init = der_begin(b, TAG_INIT);
    size_t fields = der_begin(b, DER_SEQUENCE);

    size_t mechs = der_begin(b, DER_CONTEXT(0));
    spnego_encode_mech_list(b, t);
    der_end(b, mechs);
    encode_field(b, 2, DER_OCTET_STRING, t->mech_token);
    if (t->hint_name.data != NULL) {
        size_t hints = der_begin(b, DER_CONTEXT(3));
        size_t seq = der_begin(b, DER_SEQUENCE);
        encode_field(b, 0, DER_GENERAL_STRING, t->hint_name);
        der_end(b, seq);
        der_end(b, hints);
    }
    encode_field(b, t->hint_name.data != NULL ? 4 : 3, DER_OCTET_STRING, t->mech_list_mic);

    der_end(b, fields);
    der_end(b, init);
    der_end(b, frame);
}

void spnego_encode_resp(struct builder *b, const struct spnego_resp *t)
{
    uint8_t state = (uint8_t)t->state;
    size_t resp = der_begin(b, TAG_RESP);
    size_t fields = der_begin(b, DER_SEQUENCE);

    if (t->state != SPNEGO_STATE_ABSENT)
        encode_field(b, 0, DER_ENUMERATED, (struct auth_blob){&state, 1});
    encode_field(b, 1, DER_OID, t->mech);
    encode_field(b, 2, DER_OCTET_STRING, t->token);
    encode_field(b, 3, DER_OCTET_STRING, t->mech_list_mic);

    der_end(b, fields);
    der_end(b, resp);
}
