// SPDX-License-Identifier: Apache-2.0
/* NDR to the wire: each struct's own bytes, then what its pointers point to. See ndr.h. */
#include "base/guid.h"
#include "base/utf.h"
#include "rpc/ndr_int.h"

#define REFERENT_FIRST 0x00020000u /* as Windows counts them */
#define MEASURE_MAX    (1u << 20)

struct out {
    struct builder *b;
    uint32_t referents; /* so far */
};

static void write_struct(struct out *out, const struct ndr_record *rec, const uint8_t *host);
static void write_later(struct out *out, const struct ndr_record *rec, const uint8_t *host);

static void put_u16(struct out *out, uint16_t v)
{
    builder_align(out->b, 0, 2);
    builder_u16(out->b, v);
}

static void put_u32(struct out *out, uint32_t v)
{
    builder_align(out->b, 0, 4);
    builder_u32(out->b, v);
}

static void put_referent(struct out *out, const void *p)
{
    put_u32(out, p != NULL ? REFERENT_FIRST + 4 * out->referents++ : 0);
}

/* ---------------------------------------------------------------- strings, SIDs */

/* Bytes of UTF-16; text that is none becomes empty rather than failing the whole answer. */
static size_t text_bytes(const char *text)
{
    size_t n = text != NULL ? utf8_to_utf16(NULL, text, strlen(text)) : 0;
    return n == SIZE_MAX || n > 2 * (NDR_STRING_UNITS_MAX - 1) ? 0 : n;
}

static void put_text(struct out *out, const char *text, bool with_nul)
{
    size_t bytes = text_bytes(text);
    uint32_t units = (uint32_t)(bytes / 2) + with_nul;
    put_u32(out, units);
    put_u32(out, 0);
    put_u32(out, units);
    if (bytes > 0)
        (void)utf8_to_utf16(out->b, text, strlen(text));
    if (with_nul)
        builder_u16(out->b, 0);
}

static void put_unicode_string(struct out *out, const char *text)
{
    uint16_t bytes = (uint16_t)text_bytes(text);
    builder_align(out->b, 0, 4);
    builder_u16(out->b, bytes);
    builder_u16(out->b, bytes);
    put_referent(out, text);
}

static void put_sid(struct out *out, const struct wire_sid *sid)
{
    put_u32(out, sid->count);
    wire_sid_encode(out->b, sid);
}

/* ---------------------------------------------------------------- arrays, unions */

static void write_array(struct out *out, const struct ndr_field *f, const uint8_t *host)
{
    const uint8_t *v = ndr_host_ptr(host, f->offset);
    uint32_t count = v != NULL ? ndr_host_u32(host, f->other) : 0;
    if (ndr_is_varying(f->kind)) {
        put_u32(out, MAX(f->announced, count));
        put_u32(out, 0);
    }
    put_u32(out, count);
    for (uint32_t i = 0; i < count; i++)
        write_struct(out, f->sub, v + i * f->sub->size);
    for (uint32_t i = 0; i < count; i++)
        write_later(out, f->sub, v + i * f->sub->size);
}

static void write_union(struct out *out, const struct ndr_field *f, const uint8_t *host)
{
    uint32_t tag = ndr_host_u32(host, f->other);
    const struct ndr_record *arm = ndr_arm_of(f->arms, tag);
    const void *p = ndr_host_ptr(host, f->offset);
    if (f->max == 2)
        put_u16(out, (uint16_t)tag);
    else
        put_u32(out, tag);
    if (arm == NULL)
        return;
    if (f->kind == NDR_UNION_PTR)
        put_referent(out, p);
    else if (p != NULL)
        write_struct(out, arm, p);
    else
        out->b->failed = true; /* a handler that forgot its arm */
}

static void union_later(struct out *out, const struct ndr_field *f, const uint8_t *host)
{
    const struct ndr_record *arm = ndr_arm_of(f->arms, ndr_host_u32(host, f->other));
    const void *p = ndr_host_ptr(host, f->offset);
    if (arm == NULL || p == NULL)
        return;
    if (f->kind == NDR_UNION_PTR)
        write_struct(out, arm, p);
    write_later(out, arm, p);
}

/* ---------------------------------------------------------------- fields */

static void write_number(struct out *out, const struct ndr_field *f, const uint8_t *at)
{
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    switch (f->kind) {
    case NDR_U8: builder_u8(out->b, *at); break;
    case NDR_U16:
        memcpy(&u16, at, sizeof u16);
        put_u16(out, u16);
        break;
    case NDR_ENUM:
        memcpy(&u32, at, sizeof u32);
        put_u16(out, (uint16_t)u32);
        break;
    case NDR_U32:
        memcpy(&u32, at, sizeof u32);
        put_u32(out, u32);
        break;
    default:
        memcpy(&u64, at, sizeof u64);
        builder_align(out->b, 0, f->kind == NDR_TIME ? 4 : 8);
        builder_u64(out->b, u64);
        break;
    }
}

static void write_aligned(struct out *out, const void *bytes, size_t n)
{
    builder_align(out->b, 0, 4);
    builder_bytes(out->b, bytes, n);
}

static void write_field(struct out *out, const struct ndr_field *f, const uint8_t *host)
{
    const uint8_t *at = host + f->offset;
    struct wire_sid sid;
    switch (f->kind) {
    case NDR_RAW: builder_bytes(out->b, at, f->max); break;
    case NDR_GUID: write_aligned(out, at, sizeof(struct guid)); break;
    case NDR_HANDLE: write_aligned(out, at, 20); break;
    case NDR_NULL: put_u32(out, 0); break;
    case NDR_STRUCT: write_struct(out, f->sub, at); break;
    case NDR_WSTR_REF: put_text(out, ndr_host_ptr(host, f->offset), true); break;
    case NDR_SID_REF:
        memcpy(&sid, at, sizeof sid);
        put_sid(out, &sid);
        break;
    case NDR_ARRAY_REF:
    case NDR_VARYING_REF: write_array(out, f, host); break;
    case NDR_UNION:
    case NDR_UNION_PTR: write_union(out, f, host); break;
    case NDR_USTR: put_unicode_string(out, ndr_host_ptr(host, f->offset)); break;
    case NDR_PTR:
    case NDR_WSTR:
    case NDR_SID:
    case NDR_ARRAY:
    case NDR_VARYING: put_referent(out, ndr_host_ptr(host, f->offset)); break;
    default: write_number(out, f, at); break;
    }
}

static void field_later(struct out *out, const struct ndr_field *f, const uint8_t *host)
{
    if (f->kind == NDR_STRUCT) {
        write_later(out, f->sub, host + f->offset);
        return;
    }
    if (f->kind == NDR_UNION || f->kind == NDR_UNION_PTR) {
        union_later(out, f, host);
        return;
    }
    const void *p = ndr_is_pointer(f->kind) ? ndr_host_ptr(host, f->offset) : NULL;
    if (p == NULL)
        return;
    switch (f->kind) {
    case NDR_PTR:
        write_struct(out, f->sub, p);
        write_later(out, f->sub, p);
        break;
    case NDR_SID: put_sid(out, p); break;
    case NDR_ARRAY:
    case NDR_VARYING: write_array(out, f, host); break;
    default: put_text(out, p, f->kind == NDR_WSTR); break;
    }
}

static void write_struct(struct out *out, const struct ndr_record *rec, const uint8_t *host)
{
    builder_align(out->b, 0, ndr_align_of_record(rec));
    for (size_t i = 0; i < rec->count; i++)
        write_field(out, &rec->fields[i], host);
}

static void write_later(struct out *out, const struct ndr_record *rec, const uint8_t *host)
{
    for (size_t i = 0; i < rec->count; i++)
        field_later(out, &rec->fields[i], host);
}

void ndr_encode(struct builder *b, const struct ndr_record *params, const void *host)
{
    struct out out = {b, 0};
    for (size_t i = 0; i < params->count; i++) {
        write_field(&out, &params->fields[i], host);
        field_later(&out, &params->fields[i], host);
    }
}

size_t ndr_size(const struct ndr_record *record, const void *host)
{
    struct builder b;
    struct out out = {&b, 0};
    builder_init_grow(&b, MEASURE_MAX);
    write_struct(&out, record, host);
    write_later(&out, record, host);
    size_t n = builder_failed(&b) ? MEASURE_MAX : b.len;
    builder_free(&b);
    return n;
}
