// SPDX-License-Identifier: Apache-2.0
/*
 * Framing, headers and the walk over compounds. See hdr.h for the contract.
 */
#include "wire/hdr.h"
#include "wire/wire_int.h"

enum wire_frame wire_frame_decode(const uint8_t bytes[WIRE_FRAME_SIZE], uint32_t *len)
{
    static const struct {
        uint8_t type;
        uint32_t max;
    } types[] = {
        {WIRE_FRAME_MESSAGE, WIRE_FRAME_MAX},
        {WIRE_FRAME_SESSION_REQUEST, 0x1ffff},
        {WIRE_FRAME_SESSION_POSITIVE, 0},
        {WIRE_FRAME_KEEPALIVE, 0},
    };

    /* Network byte order, unlike everything else. */
    *len = (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (bytes[0] == types[i].type && *len <= types[i].max)
            return (enum wire_frame)types[i].type;
    return WIRE_FRAME_BAD;
}

void wire_frame_encode(uint8_t bytes[WIRE_FRAME_SIZE], enum wire_frame type, uint32_t len)
{
    ASSERT(len <= WIRE_FRAME_MAX && type != WIRE_FRAME_BAD);
    bytes[0] = (uint8_t)type;
    bytes[1] = (uint8_t)(len >> 16);
    bytes[2] = (uint8_t)(len >> 8);
    bytes[3] = (uint8_t)len;
}

enum wire_protocol wire_protocol_of(const void *message, size_t size)
{
    static const struct {
        uint32_t id;
        enum wire_protocol protocol;
    } ids[] = {
        {SMB2_PROTOCOL_ID, WIRE_PROTOCOL_SMB2},
        {SMB2_TRANSFORM_PROTOCOL_ID, WIRE_PROTOCOL_TRANSFORM},
        {SMB2_COMPRESSION_TRANSFORM_PROTOCOL_ID, WIRE_PROTOCOL_COMPRESSION},
        {SMB1_PROTOCOL_ID, WIRE_PROTOCOL_SMB1},
    };

    if (size < 4)
        return WIRE_PROTOCOL_UNKNOWN;
    uint32_t id = le32_load(message);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        if (ids[i].id == id)
            return ids[i].protocol;
    return WIRE_PROTOCOL_UNKNOWN;
}

bool wire_hdr_decode(struct cursor *c, struct wire_hdr *out)
{
    *out = (struct wire_hdr){0};
    if (cursor_u32(c) != SMB2_PROTOCOL_ID)
        cursor_fail(c);
    wire_structure_size(c, SMB2_HEADER_SIZE);
    out->credit_charge = cursor_u16(c);
    uint32_t status = cursor_u32(c);
    out->command = cursor_u16(c);
    out->credits = cursor_u16(c);
    out->flags = cursor_u32(c);
    out->next_command = cursor_u32(c);
    out->message_id = cursor_u64(c);
    if (out->flags & SMB2_FLAGS_ASYNC_COMMAND) {
        out->async_id = cursor_u64(c);
    } else {
        out->process_id = cursor_u32(c);
        out->tree_id = cursor_u32(c);
    }
    out->session_id = cursor_u64(c);
    cursor_bytes(c, out->signature, sizeof(out->signature));

    if (out->flags & SMB2_FLAGS_SERVER_TO_REDIR)
        out->status = status;
    else
        out->channel_sequence = (uint16_t)status;
    return !cursor_failed(c);
}

bool wire_hdr_encode(struct builder *b, const struct wire_hdr *in)
{
    builder_u32(b, SMB2_PROTOCOL_ID);
    builder_u16(b, SMB2_HEADER_SIZE);
    builder_u16(b, in->credit_charge);
    builder_u32(b, in->flags & SMB2_FLAGS_SERVER_TO_REDIR ? in->status : in->channel_sequence);
    builder_u16(b, in->command);
    builder_u16(b, in->credits);
    builder_u32(b, in->flags);
    builder_u32(b, in->next_command);
    builder_u64(b, in->message_id);
    if (in->flags & SMB2_FLAGS_ASYNC_COMMAND) {
        builder_u64(b, in->async_id);
    } else {
        builder_u32(b, in->process_id);
        builder_u32(b, in->tree_id);
    }
    builder_u64(b, in->session_id);
    builder_bytes(b, in->signature, sizeof(in->signature));
    return !builder_failed(b);
}

void wire_compound_init(struct wire_compound *it, const void *message, size_t size)
{
    *it = (struct wire_compound){.data = message, .size = size};
}

/* A header and the StructureSize of its body. */
#define ELEMENT_MIN (SMB2_HEADER_SIZE + 2u)

enum wire_compound_result wire_compound_next(struct wire_compound *it, struct wire_element *out)
{
    if (it->count != 0 && it->next == it->size)
        return WIRE_COMPOUND_END;
    size_t left = it->size - it->next;
    if (left < ELEMENT_MIN || it->count == WIRE_COMPOUND_MAX)
        return WIRE_COMPOUND_BAD;

    cursor_init(&out->body, it->data + it->next, left);
    if (!wire_hdr_decode(&out->body, &out->hdr))
        return WIRE_COMPOUND_BAD;
    out->offset = it->next;
    out->size = left;
    size_t step = out->hdr.next_command;
    if (step != 0) {
        /* Forward only, so a loop is impossible; aligned, so the element is at least 72 long. */
        if (step % 8 != 0 || step < ELEMENT_MIN || step > left - ELEMENT_MIN)
            return WIRE_COMPOUND_BAD;
        out->size = step;
        out->body.end = step;
    }
    it->next += out->size;
    it->count++;
    return WIRE_COMPOUND_ELEMENT;
}

bool wire_transform_decode(struct cursor *c, struct wire_transform *out)
{
    if (cursor_u32(c) != SMB2_TRANSFORM_PROTOCOL_ID)
        cursor_fail(c);
    cursor_bytes(c, out->signature, sizeof(out->signature));
    cursor_bytes(c, out->nonce, sizeof(out->nonce));
    out->original_size = cursor_u32(c);
    cursor_skip(c, 2);
    out->flags = cursor_u16(c);
    out->session_id = cursor_u64(c);
    return !cursor_failed(c) && out->flags == SMB2_TRANSFORM_FLAG_ENCRYPTED &&
           out->original_size == cursor_left(c) && out->original_size != 0;
}

bool wire_transform_encode(struct builder *b, const struct wire_transform *in)
{
    builder_u32(b, SMB2_TRANSFORM_PROTOCOL_ID);
    builder_bytes(b, in->signature, sizeof(in->signature));
    builder_bytes(b, in->nonce, sizeof(in->nonce));
    builder_u32(b, in->original_size);
    builder_u16(b, 0);
    builder_u16(b, in->flags);
    builder_u64(b, in->session_id);
    return !builder_failed(b);
}

/* The unchained header; the chained one has its first payload header in the second half. */
#define COMPRESSION_HEADER_SIZE 16u

bool wire_compression_decode(struct cursor *c, struct wire_compression *out)
{
    *out = (struct wire_compression){0};
    if (cursor_left(c) < COMPRESSION_HEADER_SIZE)
        return false;
    uint32_t id = cursor_u32(c);
    out->original_size = cursor_u32(c);
    if (id != SMB2_COMPRESSION_TRANSFORM_PROTOCOL_ID)
        return false;

    size_t payloads = c->pos;
    uint16_t algorithm = cursor_u16(c);
    uint16_t flags = cursor_u16(c);
    if (flags == SMB2_COMPRESSION_FLAG_CHAINED) {
        out->chained = true;
        cursor_seek(c, payloads);
        return !cursor_failed(c);
    }
    out->algorithm = algorithm;
    out->offset = cursor_u32(c);
    return flags == SMB2_COMPRESSION_FLAG_NONE && algorithm != SMB2_COMPRESSION_NONE &&
           out->offset <= cursor_left(c);
}

bool wire_compression_encode(struct builder *b, const struct wire_compression *in)
{
    builder_u32(b, SMB2_COMPRESSION_TRANSFORM_PROTOCOL_ID);
    builder_u32(b, in->original_size);
    if (!in->chained) {
        builder_u16(b, in->algorithm);
        builder_u16(b, SMB2_COMPRESSION_FLAG_NONE);
        builder_u32(b, in->offset);
    }
    return !builder_failed(b);
}

/* OriginalPayloadSize stands before the data of these algorithms ([MS-SMB2] 2.2.42.2.1). */
static bool has_original_size(uint16_t algorithm)
{
    static const bool table[] = {
        [SMB2_COMPRESSION_LZNT1] = true,
        [SMB2_COMPRESSION_LZ77] = true,
        [SMB2_COMPRESSION_LZ77_HUFFMAN] = true,
        [SMB2_COMPRESSION_LZ4] = true,
    };
    return algorithm < ARRAY_LEN(table) && table[algorithm];
}

bool wire_compression_payload_decode(struct cursor *c, struct wire_compression_payload *out)
{
    out->algorithm = cursor_u16(c);
    out->flags = cursor_u16(c);
    size_t len = cursor_u32(c);
    out->original_size = 0;
    if (out->algorithm > SMB2_COMPRESSION_LZ4)
        cursor_fail(c);
    if (has_original_size(out->algorithm)) {
        out->original_size = cursor_u32(c);
        if (len < 4)
            cursor_fail(c);
        len -= 4;
    }
    if (cursor_failed(c))
        return false;
    out->data = cursor_take(c, len);
    out->len = len;
    return !cursor_failed(c);
}

bool wire_compression_payload_head(struct builder *b, const struct wire_compression_payload *in)
{
    bool original = has_original_size(in->algorithm);
    builder_u16(b, in->algorithm);
    builder_u16(b, in->flags);
    wire_put_u32(b, in->len + (original ? 4 : 0));
    if (original)
        builder_u32(b, in->original_size);
    return !builder_failed(b);
}

bool wire_compression_payload_encode(struct builder *b, const struct wire_compression_payload *in)
{
    if (!wire_compression_payload_head(b, in))
        return false;
    wire_put_blob(b, &(struct wire_blob){in->data, in->len});
    return !builder_failed(b);
}
