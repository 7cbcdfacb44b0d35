// SPDX-License-Identifier: Apache-2.0
/*
 * What a server does with received bytes before it knows anyone: framing, protocol, SMB1 NEGOTIATE,
 * transform and compression headers, compounds, and every request decoder with its typed contexts.
 * The input is a frame: four bytes and a message.
 */
#include "wire_fuzz.h"

static void contexts(uint16_t command, const union wire_any *m)
{
    if (command == SMB2_NEGOTIATE) {
        struct wire_negotiate_ctxs typed;
        (void)wire_negotiate_ctxs_parse(m->negotiate_req.ctxs, m->negotiate_req.ctx_count, &typed);
    }
    if (command == SMB2_CREATE) {
        struct wire_create_req_ctxs typed;
        (void)wire_create_req_ctxs_parse(m->create_req.ctxs, m->create_req.ctx_count, &typed);
    }
}

static void compound(const uint8_t *message, size_t size)
{
    struct wire_compound it;
    struct wire_element e;
    wire_compound_init(&it, message, size);
    while (wire_compound_next(&it, &e) == WIRE_COMPOUND_ELEMENT) {
        const struct wire_codec *codec = wire_req_codec(e.hdr.command);
        union wire_any m;
        struct arena a;
        if (codec == NULL)
            return;
        arena_init(&a, FUZZ_ARENA_MAX);
        if (fuzz_codec(codec, &e.body, &a, &m))
            contexts(e.hdr.command, &m);
        arena_clear(&a);
    }
}

static void compressed(const uint8_t *message, size_t size)
{
    struct wire_compression comp;
    struct wire_compression_payload payload;
    struct cursor c;
    cursor_init(&c, message, size);
    if (!wire_compression_decode(&c, &comp) || !comp.chained)
        return;
    while (cursor_left(&c) != 0 && wire_compression_payload_decode(&c, &payload))
        continue;
}

static void message(const uint8_t *data, size_t size)
{
    struct wire_smb1_negotiate smb1;
    struct wire_transform transform;
    struct cursor c;
    cursor_init(&c, data, size);
    switch (wire_protocol_of(data, size)) {
    case WIRE_PROTOCOL_SMB1: (void)wire_smb1_negotiate_decode(data, size, &smb1); break;
    case WIRE_PROTOCOL_SMB2: compound(data, size); break;
    case WIRE_PROTOCOL_TRANSFORM: (void)wire_transform_decode(&c, &transform); break;
    case WIRE_PROTOCOL_COMPRESSION: compressed(data, size); break;
    case WIRE_PROTOCOL_UNKNOWN: break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t len;
    if (size < WIRE_FRAME_SIZE)
        return 0;
    /* The length is not held against the input's: a mutation of one would lose the message. */
    if (wire_frame_decode(data, &len) == WIRE_FRAME_MESSAGE)
        message(data + WIRE_FRAME_SIZE, size - WIRE_FRAME_SIZE);
    return 0;
}
