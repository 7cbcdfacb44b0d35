// SPDX-License-Identifier: Apache-2.0
/* Control codes of the server itself ([MS-SMB2] 2.2.31, 2.2.32). Pure functions, any thread. */
#include "wire/fsctl_srv.h"

#include "wire/info_record.h"

#include <string.h>

/* ([MS-SMB2] 2.2.32.6) */
WIRE_RECORD(validate_negotiate_rsp, U32(validate_negotiate_rsp, capabilities),
            BYTES(validate_negotiate_rsp, guid, 16), U16(validate_negotiate_rsp, security_mode),
            U16(validate_negotiate_rsp, dialect));

/* ([MS-SMB2] 2.2.32.1) */
WIRE_RECORD(copychunk_rsp, U32(copychunk_rsp, chunks_written),
            U32(copychunk_rsp, chunk_bytes_written), U32(copychunk_rsp, total_bytes_written));

/* ([MS-SMB2] 2.2.31.3) */
WIRE_RECORD(resiliency_req, U32(resiliency_req, timeout_ms), PAD(4));

/* ([MS-FSCC] 2.3.46) */
WIRE_RECORD(pipe_peek, U32(pipe_peek, state), U32(pipe_peek, read_data_available),
            U32(pipe_peek, number_of_messages), U32(pipe_peek, message_length));

/* ([MS-SMB2] 2.2.31.4) */
void wire_validate_negotiate_req_encode(struct builder *b,
                                        const struct wire_validate_negotiate_req *in)
{
    int i;

    ASSERT(in->dialect_count <= WIRE_VALIDATE_DIALECTS_MAX);
    builder_u32(b, in->capabilities);
    builder_bytes(b, in->guid.b, 16);
    builder_u16(b, in->security_mode);
    builder_u16(b, in->dialect_count);
    for (i = 0; i < in->dialect_count; i++)
        builder_u16(b, in->dialects[i]);
}

bool wire_validate_negotiate_req_decode(struct cursor *c, struct wire_validate_negotiate_req *out)
{
    int i;

    *out = (struct wire_validate_negotiate_req){0};
    out->capabilities = cursor_u32(c);
    cursor_bytes(c, out->guid.b, 16);
    out->security_mode = cursor_u16(c);
    out->dialect_count = cursor_u16(c);
    if (out->dialect_count > WIRE_VALIDATE_DIALECTS_MAX) {
        out->dialect_count = 0;
        cursor_fail(c);
    }
    for (i = 0; i < out->dialect_count; i++)
        out->dialects[i] = cursor_u16(c);
    return !cursor_failed(c);
}

/* ([MS-SMB2] 2.2.32.3) */
void wire_resume_key_encode(struct builder *b, const struct wire_resume_key *in)
{
    builder_bytes(b, in->key, sizeof(in->key));
    builder_u32(b, 0); /* ContextLength */
    builder_u32(b, 0); /* Context, which Windows sends all the same */
}

bool wire_resume_key_decode(struct cursor *c, struct wire_resume_key *out)
{
    cursor_bytes(c, out->key, sizeof(out->key));
    cursor_skip(c, 4);
    return !cursor_failed(c);
}

/* ([MS-SMB2] 2.2.31.1) */
void wire_copychunk_req_encode(struct builder *b, const struct wire_copychunk_req *in)
{
    uint32_t i;

    builder_bytes(b, in->source_key, sizeof(in->source_key));
    builder_u32(b, in->chunk_count);
    builder_u32(b, 0);
    for (i = 0; i < in->chunk_count; i++) {
        builder_u64(b, in->chunks[i].source_offset);
        builder_u64(b, in->chunks[i].target_offset);
        builder_u32(b, in->chunks[i].length);
        builder_u32(b, 0);
    }
}

bool wire_copychunk_req_decode(struct cursor *c, struct arena *a, struct wire_copychunk_req *out)
{
    uint32_t i;

    *out = (struct wire_copychunk_req){0};
    cursor_bytes(c, out->source_key, sizeof(out->source_key));
    out->chunk_count = cursor_u32(c);
    cursor_skip(c, 4);
    if (cursor_failed(c) || out->chunk_count > WIRE_COPYCHUNK_MAX)
        return !cursor_failed(c);
    out->chunks = arena_array(a, out->chunk_count, sizeof(out->chunks[0]));
    if (out->chunks == NULL)
        return false;
    for (i = 0; i < out->chunk_count; i++) {
        out->chunks[i].source_offset = cursor_u64(c);
        out->chunks[i].target_offset = cursor_u64(c);
        out->chunks[i].length = cursor_u32(c);
        cursor_skip(c, 4);
    }
    return !cursor_failed(c);
}

/* Bytes of SnapShots: each token with its NUL, and a NUL behind the last ([MS-SMB2] 2.2.32.2). */
static size_t snapshots_size(const struct wire_snapshots *in)
{
    size_t size = 0;
    uint32_t i;

    for (i = 0; i < in->total; i++)
        size += wire_text_size(in->tokens[i], strlen(in->tokens[i])) + 2;
    return size + 2;
}

#define SNAPSHOTS_FIXED 12

void wire_snapshots_encode(struct builder *b, const struct wire_snapshots *in, size_t max)
{
    size_t size = snapshots_size(in);
    bool whole = in->total != 0 && max >= SNAPSHOTS_FIXED && size <= max - SNAPSHOTS_FIXED;
    uint32_t i;

    builder_u32(b, in->total);
    builder_u32(b, whole ? in->total : 0);
    builder_u32(b, (uint32_t)size);
    for (i = 0; whole && i < in->total; i++) {
        wire_text_put(b, in->tokens[i], strlen(in->tokens[i]));
        builder_u16(b, 0);
    }
    if (whole)
        builder_u16(b, 0);
    else if (max >= WIRE_SNAPSHOT_MIN)
        builder_u32(b, 0); /* Windows answers 16 bytes at least */
}

/* One token: text up to a NUL unit. */
static const char *token_take(struct cursor *c, struct arena *a)
{
    struct cursor start = *c;
    const char *text;
    size_t len, bytes = 0;

    while (cursor_u16(c) != 0)
        bytes += 2;
    if (cursor_failed(c) || !wire_text_take(&start, a, bytes, &text, &len))
        return NULL;
    return text;
}

bool wire_snapshots_decode(struct cursor *c, struct arena *a, struct wire_snapshots *out)
{
    struct cursor array;
    uint32_t i;

    *out = (struct wire_snapshots){0};
    out->total = cursor_u32(c);
    out->returned = cursor_u32(c);
    out->array_bytes = cursor_u32(c);
    if (cursor_failed(c) || out->returned == 0)
        return !cursor_failed(c);
    array = cursor_sub(c, c->pos, out->array_bytes);
    if (out->returned > out->total || out->returned > WIRE_SNAPSHOTS_MAX)
        cursor_fail(&array);
    if (cursor_failed(&array) || out->returned > cursor_left(&array) / 2)
        return false;
    out->tokens = arena_array(a, out->returned, sizeof(out->tokens[0]));
    if (out->tokens == NULL)
        return false;
    for (i = 0; i < out->returned; i++) {
        out->tokens[i] = token_take(&array, a);
        if (out->tokens[i] == NULL)
            return false;
    }
    return true;
}

/* NETWORK_INTERFACE_INFO with its SOCKADDR_STORAGE of 128 bytes ([MS-SMB2] 2.2.32.5). */
#define NETIF_SIZE 152

struct netif_address {
    uint16_t family;
    uint8_t skip; /* between Family and the address */
    uint8_t len;
};

/* SOCKADDR_IN has Port before the address, SOCKADDR_IN6 Port and FlowInfo. */
static const struct netif_address addresses[] = {
    {WIRE_FAMILY_INET, 2, 4},
    {WIRE_FAMILY_INET6, 6, 16},
};

static const struct netif_address *address_find(uint16_t family)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(addresses); i++)
        if (addresses[i].family == family)
            return &addresses[i];
    return NULL;
}

enum wire_fit wire_netif_add(struct wire_chain *w, const struct wire_netif *in)
{
    const struct netif_address *f = address_find(in->family);
    struct builder e;
    enum wire_fit fit = wire_chain_add(w, NETIF_SIZE, &e);

    if (fit != WIRE_FIT_OK)
        return fit;
    builder_u32(&e, in->if_index);
    builder_u32(&e, in->capability);
    builder_u32(&e, 0);
    builder_u64(&e, in->link_speed);
    builder_u16(&e, in->family);
    if (f != NULL) {
        builder_zero(&e, f->skip);
        builder_bytes(&e, in->address, f->len);
    }
    return WIRE_FIT_OK;
}

bool wire_netif_next(struct wire_chain_reader *r, struct wire_netif *out)
{
    const struct netif_address *f;
    struct cursor e;

    *out = (struct wire_netif){0};
    if (!wire_chain_next(r, &e))
        return false;
    if (cursor_left(&e) < NETIF_SIZE - 4)
        cursor_fail(&e);
    out->if_index = cursor_u32(&e);
    out->capability = cursor_u32(&e);
    cursor_skip(&e, 4);
    out->link_speed = cursor_u64(&e);
    out->family = cursor_u16(&e);
    f = address_find(out->family);
    if (f != NULL) {
        cursor_skip(&e, f->skip);
        cursor_bytes(&e, out->address, f->len);
    }
    if (cursor_failed(&e))
        r->failed = true;
    return !r->failed;
}

/* ([MS-FSCC] 2.3.49) */
void wire_pipe_wait_encode(struct builder *b, const struct wire_pipe_wait *in)
{
    size_t start = b->len;

    builder_u64(b, in->timeout);
    builder_u32(b, 0);
    builder_u8(b, in->timeout_specified);
    builder_u8(b, 0);
    builder_patch_u32(b, start + 8, (uint32_t)wire_text_put(b, in->name, in->name_len));
}

bool wire_pipe_wait_decode(struct cursor *c, struct arena *a, struct wire_pipe_wait *out)
{
    uint32_t bytes;

    out->timeout = cursor_u64(c);
    bytes = cursor_u32(c);
    out->timeout_specified = cursor_u8(c) != 0;
    cursor_skip(c, 1);
    return wire_text_take(c, a, bytes, &out->name, &out->name_len);
}
