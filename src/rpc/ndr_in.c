// SPDX-License-Identifier: Apache-2.0
/*
 * NDR from the wire. Two passes over each struct: the first reads its own bytes and marks pointers
 * that are not null, the second reads what they point to. After a failure the host struct may hold
 * such marks, so nobody looks at it.
 */
#include "base/utf.h"
#include "rpc/ndr_int.h"

struct in {
    struct cursor c;
    bool big;
    struct arena *arena;
};

static char pending; /* a pointer to it: what it points to comes later */

static void read_struct(struct in *in, const struct ndr_record *rec, uint8_t *host);
static void read_later(struct in *in, const struct ndr_record *rec, uint8_t *host);
static void field_later(struct in *in, const struct ndr_field *f, uint8_t *host);

static uint16_t get_u16(struct in *in)
{
    cursor_align(&in->c, 2);
    uint16_t v = cursor_u16(&in->c);
    return in->big ? (uint16_t)(v >> 8 | v << 8) : v;
}

static uint32_t get_u32(struct in *in)
{
    cursor_align(&in->c, 4);
    uint32_t v = cursor_u32(&in->c);
    return in->big ? __builtin_bswap32(v) : v;
}

static uint64_t get_u64(struct in *in)
{
    cursor_align(&in->c, 8);
    uint64_t v = cursor_u64(&in->c);
    return in->big ? __builtin_bswap64(v) : v;
}

/* Three numbers of the host's order, then bytes. */
static void get_guid(struct in *in, uint8_t out[16])
{
    uint32_t a = get_u32(in);
    uint16_t b = get_u16(in), c = get_u16(in);
    le32_store(out, a);
    le16_store(out + 4, b);
    le16_store(out + 6, c);
    cursor_bytes(&in->c, out + 8, 8);
}

static void get_handle(struct in *in, uint8_t out[20])
{
    uint32_t attributes = get_u32(in);
    le32_store(out, attributes);
    get_guid(in, out + 4);
}

static void set_ptr(uint8_t *host, size_t offset, const void *p)
{
    memcpy(host + offset, &p, sizeof p);
}

/* ---------------------------------------------------------------- strings, SIDs */

/* `units` of UTF-16, up to the first NUL. */
static const char *get_text(struct in *in, uint32_t units)
{
    size_t n = 0;
    const uint8_t *wire = cursor_take(&in->c, 2 * (size_t)units);
    uint8_t *copy = wire != NULL ? arena_alloc(in->arena, 2 * (size_t)units + 2) : NULL;
    if (copy == NULL) {
        cursor_fail(&in->c);
        return NULL;
    }
    for (uint32_t i = 0; i < units; i++) {
        uint16_t u = le16_load(wire + 2 * i);
        u = in->big ? (uint16_t)(u >> 8 | u << 8) : u;
        if (u == 0)
            break;
        le16_store(copy + n, u);
        n += 2;
    }
    char *text = utf16_to_utf8(in->arena, copy, n, &n);
    if (text == NULL)
        cursor_fail(&in->c);
    return text;
}

/* Maximum count, offset and actual count of a varying array; returns the last. */
static uint32_t get_extent(struct in *in, uint32_t limit)
{
    uint32_t max = get_u32(in), offset = get_u32(in), actual = get_u32(in);
    if (offset != 0 || actual > max || actual > limit) {
        cursor_fail(&in->c);
        return 0;
    }
    return actual;
}

static const char *get_string(struct in *in)
{
    uint32_t units = get_extent(in, NDR_STRING_UNITS_MAX);
    return get_text(in, units);
}

/* RPC_SID ([MS-DTYP] 2.4.2.3): the number of sub-authorities stands in front of it too. */
static void get_sid(struct in *in, struct wire_sid *sid)
{
    uint32_t count = get_u32(in);
    uint8_t revision = cursor_u8(&in->c);
    sid->count = cursor_u8(&in->c);
    if (revision != 1 || sid->count != count || count > WIRE_SID_SUB_MAX) {
        cursor_fail(&in->c);
        sid->count = 0;
        return;
    }
    for (int i = 0; i < 6; i++)
        sid->authority = sid->authority << 8 | cursor_u8(&in->c);
    for (uint32_t i = 0; i < count; i++)
        sid->sub[i] = get_u32(in);
}

static const struct wire_sid *new_sid(struct in *in)
{
    struct wire_sid *sid = arena_alloc(in->arena, sizeof *sid);
    if (sid == NULL)
        cursor_fail(&in->c);
    else
        get_sid(in, sid);
    return sid;
}

/* ---------------------------------------------------------------- structs, arrays, unions */

static void *new_struct(struct in *in, const struct ndr_record *rec)
{
    uint8_t *host = arena_alloc(in->arena, rec->size);
    if (host == NULL) {
        cursor_fail(&in->c);
        return NULL;
    }
    read_struct(in, rec, host);
    return host;
}

static void *new_whole(struct in *in, const struct ndr_record *rec)
{
    void *host = new_struct(in, rec);
    if (host != NULL)
        read_later(in, rec, host);
    return host;
}

/* Elements first, then what they point to. */
static void *new_array(struct in *in, const struct ndr_field *f, uint32_t count)
{
    if (count > cursor_left(&in->c) || count > f->max) {
        cursor_fail(&in->c); /* each takes a byte at least */
        return NULL;
    }
    uint8_t *v = arena_array(in->arena, MAX(count, 1), f->sub->size);
    if (v == NULL) {
        cursor_fail(&in->c);
        return NULL;
    }
    for (uint32_t i = 0; i < count && !cursor_failed(&in->c); i++)
        read_struct(in, f->sub, v + i * f->sub->size);
    for (uint32_t i = 0; i < count && !cursor_failed(&in->c); i++)
        read_later(in, f->sub, v + i * f->sub->size);
    return v;
}

/* The count that the array says must be that of the member which counts. */
static void read_array(struct in *in, const struct ndr_field *f, uint8_t *host)
{
    uint32_t count = ndr_host_u32(host, f->other);
    uint32_t said = ndr_is_varying(f->kind) ? get_extent(in, f->max) : get_u32(in);
    if (said != count) {
        cursor_fail(&in->c);
        return;
    }
    set_ptr(host, f->offset, new_array(in, f, count));
}

static void read_union(struct in *in, const struct ndr_field *f, uint8_t *host)
{
    uint32_t tag = f->max == 2 ? get_u16(in) : get_u32(in);
    const struct ndr_record *arm = ndr_arm_of(f->arms, tag);
    if (tag != ndr_host_u32(host, f->other)) {
        cursor_fail(&in->c);
        return;
    }
    if (arm == NULL) /* a level that we do not know: the handler says so */
        return;
    if (f->kind == NDR_UNION)
        set_ptr(host, f->offset, new_struct(in, arm));
    else
        set_ptr(host, f->offset, get_u32(in) != 0 ? &pending : NULL);
}

static void later_union(struct in *in, const struct ndr_field *f, uint8_t *host)
{
    const struct ndr_record *arm = ndr_arm_of(f->arms, ndr_host_u32(host, f->other));
    const void *p = ndr_host_ptr(host, f->offset);
    if (p == NULL || arm == NULL)
        return;
    if (p == &pending)
        set_ptr(host, f->offset, new_whole(in, arm));
    else
        read_later(in, arm, (uint8_t *)p);
}

/* ---------------------------------------------------------------- fields */

static void read_number(struct in *in, const struct ndr_field *f, uint8_t *at)
{
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    switch (f->kind) {
    case NDR_U8: *at = cursor_u8(&in->c); break;
    case NDR_U16:
        u16 = get_u16(in);
        memcpy(at, &u16, sizeof u16);
        break;
    case NDR_ENUM:
        u32 = get_u16(in);
        memcpy(at, &u32, sizeof u32);
        break;
    case NDR_U32:
        u32 = get_u32(in);
        memcpy(at, &u32, sizeof u32);
        break;
    case NDR_TIME:
        u64 = get_u32(in);
        u64 |= (uint64_t)get_u32(in) << 32;
        memcpy(at, &u64, sizeof u64);
        break;
    default:
        u64 = get_u64(in);
        memcpy(at, &u64, sizeof u64);
        break;
    }
}

static void read_field(struct in *in, const struct ndr_field *f, uint8_t *host)
{
    uint8_t *at = host + f->offset;
    struct wire_sid sid = {0};
    switch (f->kind) {
    case NDR_RAW: cursor_bytes(&in->c, at, f->max); break;
    case NDR_GUID: get_guid(in, at); break;
    case NDR_HANDLE: get_handle(in, at); break;
    case NDR_NULL:
        if (get_u32(in) != 0)
            cursor_fail(&in->c);
        break;
    case NDR_STRUCT: read_struct(in, f->sub, at); break;
    case NDR_WSTR_REF: set_ptr(host, f->offset, get_string(in)); break;
    case NDR_SID_REF:
        get_sid(in, &sid);
        memcpy(at, &sid, sizeof sid);
        break;
    case NDR_ARRAY_REF:
    case NDR_VARYING_REF: read_array(in, f, host); break;
    case NDR_UNION:
    case NDR_UNION_PTR: read_union(in, f, host); break;
    case NDR_USTR:
        cursor_align(&in->c, 4);
        (void)get_u32(in); /* two lengths, which the buffer repeats */
        set_ptr(host, f->offset, get_u32(in) != 0 ? &pending : NULL);
        break;
    case NDR_PTR:
    case NDR_WSTR:
    case NDR_SID:
    case NDR_ARRAY:
    case NDR_VARYING: set_ptr(host, f->offset, get_u32(in) != 0 ? &pending : NULL); break;
    default: read_number(in, f, at); break;
    }
}

static void field_later(struct in *in, const struct ndr_field *f, uint8_t *host)
{
    if (f->kind == NDR_STRUCT) {
        read_later(in, f->sub, host + f->offset);
        return;
    }
    if (f->kind == NDR_UNION || f->kind == NDR_UNION_PTR) {
        later_union(in, f, host);
        return;
    }
    if (!ndr_is_pointer(f->kind) || ndr_host_ptr(host, f->offset) != &pending)
        return;
    switch (f->kind) {
    case NDR_PTR: set_ptr(host, f->offset, new_whole(in, f->sub)); break;
    case NDR_SID: set_ptr(host, f->offset, new_sid(in)); break;
    case NDR_ARRAY:
    case NDR_VARYING: read_array(in, f, host); break;
    default: set_ptr(host, f->offset, get_string(in)); break;
    }
}

static void read_struct(struct in *in, const struct ndr_record *rec, uint8_t *host)
{
    cursor_align(&in->c, ndr_align_of_record(rec));
    for (size_t i = 0; i < rec->count && !cursor_failed(&in->c); i++)
        read_field(in, &rec->fields[i], host);
}

static void read_later(struct in *in, const struct ndr_record *rec, uint8_t *host)
{
    for (size_t i = 0; i < rec->count && !cursor_failed(&in->c); i++)
        field_later(in, &rec->fields[i], host);
}

bool ndr_decode(const uint8_t *stub, size_t size, bool big_endian, struct arena *a,
                const struct ndr_record *params, void *host)
{
    struct in in = {.big = big_endian, .arena = a};
    cursor_init(&in.c, stub, size);
    memset(host, 0, params->size);
    for (size_t i = 0; i < params->count && !cursor_failed(&in.c); i++) {
        read_field(&in, &params->fields[i], host);
        if (!cursor_failed(&in.c))
            field_later(&in, &params->fields[i], host);
    }
    return !cursor_failed(&in.c);
}
