// SPDX-License-Identifier: Apache-2.0
/* PDUs of DCE/RPC: see pdu.h. The secondary address and the list of results are aligned to four
   bytes counted from the beginning of the fragment ([C706] 12.6.3.1). */
#include "rpc/pdu.h"
#include <string.h>

#define VERSION       5
#define DREP_LITTLE   0x10 /* in the first byte; characters are ASCII, floats IEEE */
#define ALIGN_OF_STUB 16   /* of the trailer: [MS-RPCE] 2.2.2.11 wants 4, Windows pads to 16 */
#define ADDRESS_MAX   256

struct in {
    struct cursor c;
    bool big;
    struct arena *arena;
};

bool rpc_syntax_equal(const struct rpc_syntax *a, const struct rpc_syntax *b)
{
    return guid_equal(&a->uuid, &b->uuid) && a->version == b->version;
}

/* ---------------------------------------------------------------- decoding */

static uint16_t get_u16(struct in *in)
{
    uint16_t v = cursor_u16(&in->c);
    return in->big ? __builtin_bswap16(v) : v;
}

static uint32_t get_u32(struct in *in)
{
    uint32_t v = cursor_u32(&in->c);
    return in->big ? __builtin_bswap32(v) : v;
}

static struct guid get_guid(struct in *in)
{
    struct guid g;
    le32_store(g.b, get_u32(in));
    le16_store(g.b + 4, get_u16(in));
    le16_store(g.b + 6, get_u16(in));
    cursor_bytes(&in->c, g.b + 8, 8);
    return g;
}

static struct rpc_syntax get_syntax(struct in *in)
{
    struct rpc_syntax s;
    s.uuid = get_guid(in);
    s.version = get_u32(in);
    return s;
}

size_t rpc_pdu_length(const uint8_t *data, size_t size)
{
    if (size < RPC_HEADER_SIZE)
        return 0;
    size_t len = data[4] & DREP_LITTLE ? le16_load(data + 8) : data[8] << 8 | data[9];
    if (data[0] != VERSION || data[1] > 1 || len < RPC_HEADER_SIZE || len > RPC_FRAG_MAX)
        return SIZE_MAX;
    return len;
}

static void *new_array(struct in *in, size_t count, size_t limit, size_t size)
{
    void *v = count <= limit ? arena_array(in->arena, MAX(count, 1), size) : NULL;
    if (v == NULL)
        cursor_fail(&in->c);
    return v;
}

static void get_context(struct in *in, struct rpc_context *x)
{
    x->id = get_u16(in);
    x->transfer_count = cursor_u8(&in->c);
    cursor_skip(&in->c, 1);
    x->abstract = get_syntax(in);
    x->transfers = new_array(in, x->transfer_count, RPC_TRANSFERS_MAX, sizeof *x->transfers);
    for (unsigned i = 0; i < x->transfer_count && !cursor_failed(&in->c); i++)
        x->transfers[i] = get_syntax(in);
}

static void get_sizes(struct in *in, struct rpc_pdu *p)
{
    p->max_xmit = get_u16(in);
    p->max_recv = get_u16(in);
    p->assoc_group = get_u32(in);
}

static void get_bind(struct in *in, struct rpc_pdu *p)
{
    get_sizes(in, p);
    p->context_count = cursor_u8(&in->c);
    cursor_skip(&in->c, 3);
    p->contexts = new_array(in, p->context_count, RPC_CONTEXTS_MAX, sizeof *p->contexts);
    for (unsigned i = 0; i < p->context_count && !cursor_failed(&in->c); i++)
        get_context(in, &p->contexts[i]);
}

static void get_bind_ack(struct in *in, struct rpc_pdu *p)
{
    get_sizes(in, p);
    uint16_t len = get_u16(in);
    const uint8_t *text = cursor_take(&in->c, MIN(len, ADDRESS_MAX));
    p->secondary_address = text != NULL ? arena_strndup(in->arena, (const char *)text, len) : NULL;
    if (p->secondary_address == NULL)
        cursor_fail(&in->c);
    cursor_align(&in->c, 4);
    p->result_count = cursor_u8(&in->c);
    cursor_skip(&in->c, 3);
    p->results = new_array(in, p->result_count, RPC_CONTEXTS_MAX, sizeof *p->results);
    for (unsigned i = 0; i < p->result_count && !cursor_failed(&in->c); i++) {
        p->results[i].result = get_u16(in);
        p->results[i].reason = get_u16(in);
        p->results[i].transfer = get_syntax(in);
    }
}

static void get_call(struct in *in, struct rpc_pdu *p)
{
    p->alloc_hint = get_u32(in);
    p->context_id = get_u16(in);
    p->opnum = get_u16(in); /* of answers: a count of cancels */
    if (p->type == RPC_REQUEST && (p->flags & PFC_OBJECT_UUID))
        p->object = get_guid(in);
    if (p->type == RPC_FAULT) {
        p->status = get_u32(in);
        cursor_skip(&in->c, 4);
    }
    p->stub_offset = in->c.pos;
    p->stub_len = cursor_left(&in->c);
    p->stub = cursor_take(&in->c, p->stub_len);
}

/* The trailer stands at the end of the fragment; what it says is padding belongs to nobody. Cuts
   both off the cursor. */
static void get_trailer(struct in *in, struct rpc_pdu *p, uint16_t auth_len)
{
    if (auth_len == 0)
        return;
    size_t need = (size_t)auth_len + RPC_TRAILER_SIZE;
    if (need > cursor_left(&in->c)) {
        cursor_fail(&in->c);
        return;
    }
    struct in t = *in;
    cursor_seek(&t.c, in->c.end - need);
    p->auth.present = true;
    p->auth.type = cursor_u8(&t.c);
    p->auth.level = cursor_u8(&t.c);
    p->auth.pad = cursor_u8(&t.c);
    cursor_skip(&t.c, 1);
    p->auth.context_id = get_u32(&t);
    p->auth.value = cursor_take(&t.c, auth_len);
    p->auth.value_len = auth_len;
    in->c.end -= need;
    if (p->auth.pad > cursor_left(&in->c))
        cursor_fail(&in->c);
    else
        in->c.end -= p->auth.pad;
}

static void get_body(struct in *in, struct rpc_pdu *p)
{
    switch (p->type) {
    case RPC_BIND:
    case RPC_ALTER_CONTEXT: get_bind(in, p); break;
    case RPC_BIND_ACK:
    case RPC_ALTER_CONTEXT_RESP: get_bind_ack(in, p); break;
    case RPC_BIND_NAK: p->nak_reason = get_u16(in); break;
    case RPC_REQUEST:
    case RPC_RESPONSE:
    case RPC_FAULT: get_call(in, p); break;
    default: break; /* auth3 has its trailer, the others nothing */
    }
}

bool rpc_pdu_decode(const uint8_t *data, size_t size, struct arena *a, struct rpc_pdu *out)
{
    struct in in = {.arena = a};
    *out = (struct rpc_pdu){0};
    if (rpc_pdu_length(data, size) != size)
        return false;
    cursor_init(&in.c, data, size);
    cursor_skip(&in.c, 2);
    out->type = cursor_u8(&in.c);
    out->flags = cursor_u8(&in.c);
    in.big = out->big_endian = !(cursor_u8(&in.c) & DREP_LITTLE);
    cursor_skip(&in.c, 3);
    out->frag_len = get_u16(&in);
    uint16_t auth_len = get_u16(&in);
    out->call_id = get_u32(&in);
    get_trailer(&in, out, auth_len);
    get_body(&in, out);
    return !cursor_failed(&in.c);
}

/* ---------------------------------------------------------------- encoding */

static void put_syntax(struct builder *b, const struct rpc_syntax *s)
{
    builder_bytes(b, s->uuid.b, sizeof s->uuid.b);
    builder_u32(b, s->version);
}

static void put_sizes(struct builder *b, const struct rpc_pdu *p)
{
    builder_u16(b, p->max_xmit);
    builder_u16(b, p->max_recv);
    builder_u32(b, p->assoc_group);
}

static void put_bind(struct builder *b, const struct rpc_pdu *p)
{
    put_sizes(b, p);
    builder_u32(b, p->context_count);
    for (unsigned i = 0; i < p->context_count; i++) {
        const struct rpc_context *x = &p->contexts[i];
        builder_u16(b, x->id);
        builder_u16(b, x->transfer_count);
        put_syntax(b, &x->abstract);
        for (unsigned j = 0; j < x->transfer_count; j++)
            put_syntax(b, &x->transfers[j]);
    }
}

static void put_bind_ack(struct builder *b, const struct rpc_pdu *p)
{
    size_t len = p->secondary_address != NULL ? strlen(p->secondary_address) + 1 : 0;
    put_sizes(b, p);
    builder_u16(b, (uint16_t)len);
    builder_bytes(b, p->secondary_address, len);
    builder_align(b, 0, 4);
    builder_u32(b, p->result_count);
    for (unsigned i = 0; i < p->result_count; i++) {
        builder_u16(b, p->results[i].result);
        builder_u16(b, p->results[i].reason);
        put_syntax(b, &p->results[i].transfer);
    }
}

/* The one version that we speak, 5.0. */
static void put_bind_nak(struct builder *b, const struct rpc_pdu *p)
{
    builder_u16(b, p->nak_reason);
    builder_u8(b, 1);
    builder_u8(b, VERSION);
    builder_u8(b, 0);
    builder_align(b, 0, 4);
}

static void put_call(struct builder *b, const struct rpc_pdu *p)
{
    builder_u32(b, p->alloc_hint);
    builder_u16(b, p->context_id);
    builder_u16(b, p->opnum);
    if (p->type == RPC_REQUEST && (p->flags & PFC_OBJECT_UUID))
        builder_bytes(b, p->object.b, sizeof p->object.b);
    if (p->type == RPC_FAULT) {
        builder_u32(b, p->status);
        builder_u32(b, 0);
    }
    builder_bytes(b, p->stub, p->stub_len);
}

static void put_trailer(struct builder *b, const struct rpc_pdu *p)
{
    if (!p->auth.present)
        return;
    bool call = p->type == RPC_REQUEST || p->type == RPC_RESPONSE || p->type == RPC_FAULT;
    size_t stub = b->len;
    builder_align(b, call ? stub - p->stub_len : 0, call ? ALIGN_OF_STUB : 4);
    builder_u8(b, p->auth.type);
    builder_u8(b, p->auth.level);
    builder_u8(b, (uint8_t)(b->len - 2 - stub));
    builder_u8(b, 0);
    builder_u32(b, p->auth.context_id);
    if (p->auth.value != NULL)
        builder_bytes(b, p->auth.value, p->auth.value_len);
    else
        builder_zero(b, p->auth.value_len);
}

static void put_body(struct builder *b, const struct rpc_pdu *p)
{
    switch (p->type) {
    case RPC_BIND:
    case RPC_ALTER_CONTEXT: put_bind(b, p); break;
    case RPC_BIND_ACK:
    case RPC_ALTER_CONTEXT_RESP: put_bind_ack(b, p); break;
    case RPC_BIND_NAK: put_bind_nak(b, p); break;
    case RPC_REQUEST:
    case RPC_RESPONSE:
    case RPC_FAULT: put_call(b, p); break;
    case RPC_AUTH3: builder_u32(b, 0); break; /* four bytes of padding ([MS-RPCE] 2.2.2.5) */
    default: break;
    }
}

void rpc_pdu_encode(struct builder *b, const struct rpc_pdu *p)
{
    builder_u8(b, VERSION);
    builder_u8(b, 0);
    builder_u8(b, p->type);
    builder_u8(b, p->flags);
    builder_u32(b, DREP_LITTLE);
    builder_u16(b, 0);
    builder_u16(b, p->auth.present ? p->auth.value_len : 0);
    builder_u32(b, p->call_id);
    put_body(b, p);
    put_trailer(b, p);
    if (b->len > UINT16_MAX)
        b->failed = true;
    builder_patch_u16(b, 8, (uint16_t)b->len);
}
