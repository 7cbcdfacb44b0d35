// SPDX-License-Identifier: Apache-2.0
/* Framing, headers, compounds, transform and compression headers, the SMB1 NEGOTIATE. */
#include "wire/wire.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void frames(void **state)
{
    static const struct {
        uint8_t bytes[4];
        enum wire_frame type;
        uint32_t len;
    } rows[] = {
        {{0, 0, 0, 0}, WIRE_FRAME_MESSAGE, 0},
        {{0, 0x12, 0x34, 0x56}, WIRE_FRAME_MESSAGE, 0x123456},
        {{0, 0xff, 0xff, 0xff}, WIRE_FRAME_MESSAGE, WIRE_FRAME_MAX},
        {{0x81, 0, 0, 68}, WIRE_FRAME_SESSION_REQUEST, 68},
        {{0x81, 2, 0, 0}, WIRE_FRAME_BAD, 0x20000},
        {{0x82, 0, 0, 0}, WIRE_FRAME_SESSION_POSITIVE, 0},
        {{0x85, 0, 0, 0}, WIRE_FRAME_KEEPALIVE, 0},
        {{0x85, 0, 0, 1}, WIRE_FRAME_BAD, 1},
        {{0x01, 0, 0, 4}, WIRE_FRAME_BAD, 4},
        {{'G', 'E', 'T', ' '}, WIRE_FRAME_BAD, 0x455420},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint32_t len;
        uint8_t again[4];
        assert_int_equal(wire_frame_decode(rows[i].bytes, &len), rows[i].type);
        assert_int_equal(len, rows[i].len);
        if (rows[i].type == WIRE_FRAME_BAD)
            continue;
        wire_frame_encode(again, rows[i].type, len);
        assert_memory_equal(again, rows[i].bytes, 4);
    }
}

static void protocols(void **state)
{
    assert_int_equal(wire_protocol_of("\xfeSMB", 4), WIRE_PROTOCOL_SMB2);
    assert_int_equal(wire_protocol_of("\xffSMB", 4), WIRE_PROTOCOL_SMB1);
    assert_int_equal(wire_protocol_of("\xfdSMB", 4), WIRE_PROTOCOL_TRANSFORM);
    assert_int_equal(wire_protocol_of("\xfcSMB", 4), WIRE_PROTOCOL_COMPRESSION);
    assert_int_equal(wire_protocol_of("\xfeSMA", 4), WIRE_PROTOCOL_UNKNOWN);
    assert_int_equal(wire_protocol_of("\xfeSMB", 3), WIRE_PROTOCOL_UNKNOWN);
}

static const struct wire_hdr sync_request = {
    .credit_charge = 2,
    .channel_sequence = 0x1234,
    .command = SMB2_READ,
    .credits = 31,
    .flags = SMB2_FLAGS_SIGNED,
    .next_command = 0x70,
    .message_id = 0x1122334455667788,
    .process_id = 0xfeff,
    .tree_id = 5,
    .session_id = 0x99aabbccddeeff00,
    .signature = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
};

static void header_layout(void **state)
{
    static const uint8_t bytes[] =
        "\xfeSMB\x40\0\x02\0\x34\x12\0\0\x08\0\x1f\0\x08\0\0\0\x70\0\0\0"
        "\x88\x77\x66\x55\x44\x33\x22\x11\xff\xfe\0\0\x05\0\0\0"
        "\0\xff\xee\xdd\xcc\xbb\xaa\x99\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10";
    struct builder b;
    uint8_t mem[SMB2_HEADER_SIZE];
    builder_init_fixed(&b, mem, sizeof(mem));
    assert_true(wire_hdr_encode(&b, &sync_request));
    assert_int_equal(b.len, SMB2_HEADER_SIZE);
    assert_memory_equal(mem, bytes, SMB2_HEADER_SIZE);
    assert_int_equal(le32_load(mem + WIRE_HDR_TREE_ID), 5);
    assert_int_equal(le16_load(mem + WIRE_HDR_CREDITS), 31);
    assert_int_equal(le32_load(mem + WIRE_HDR_NEXT_COMMAND), 0x70);
}

/* Field by field: padding is nobody's. */
static void header_equal(const struct wire_hdr *x, const struct wire_hdr *y)
{
    assert_int_equal(x->credit_charge, y->credit_charge);
    assert_int_equal(x->channel_sequence, y->channel_sequence);
    assert_int_equal(x->status, y->status);
    assert_int_equal(x->command, y->command);
    assert_int_equal(x->credits, y->credits);
    assert_int_equal(x->flags, y->flags);
    assert_int_equal(x->next_command, y->next_command);
    assert_int_equal(x->message_id, y->message_id);
    assert_int_equal(x->async_id, y->async_id);
    assert_int_equal(x->process_id, y->process_id);
    assert_int_equal(x->tree_id, y->tree_id);
    assert_int_equal(x->session_id, y->session_id);
    assert_memory_equal(x->signature, y->signature, sizeof(x->signature));
}

static void headers_round_trip(void **state)
{
    struct wire_hdr rows[3] = {sync_request, sync_request, sync_request};
    rows[1].flags |= SMB2_FLAGS_SERVER_TO_REDIR;
    rows[1].channel_sequence = 0;
    rows[1].status = 0xc0000022;
    rows[2] = rows[1];
    rows[2].flags |= SMB2_FLAGS_ASYNC_COMMAND;
    rows[2].process_id = rows[2].tree_id = 0;
    rows[2].async_id = 0x0102030405060708;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct builder b;
        struct cursor c;
        struct wire_hdr out;
        uint8_t mem[SMB2_HEADER_SIZE];
        builder_init_fixed(&b, mem, sizeof(mem));
        assert_true(wire_hdr_encode(&b, &rows[i]));
        cursor_init(&c, mem, sizeof(mem));
        assert_true(wire_hdr_decode(&c, &out));
        header_equal(&out, &rows[i]);
        for (size_t size = 0; size < sizeof(mem); size++) {
            cursor_init(&c, mem, size);
            assert_false(wire_hdr_decode(&c, &out));
        }
        mem[4] = 65; /* StructureSize */
        cursor_init(&c, mem, sizeof(mem));
        assert_false(wire_hdr_decode(&c, &out));
    }
}

/* ---- compounds ---- */

/* Appends an element of `size` bytes with that NextCommand. */
static void put_element(struct builder *b, size_t size, uint32_t next)
{
    struct wire_hdr hdr = {.command = SMB2_ECHO, .next_command = next};
    size_t start = b->len;
    wire_hdr_encode(b, &hdr);
    builder_zero(b, size - (b->len - start));
}

/* Walks a compound; returns the number of elements, or -1 when it ends BAD. */
static int walk(const void *data, size_t size)
{
    struct wire_compound it;
    struct wire_element e;
    enum wire_compound_result r;
    int n = 0;
    wire_compound_init(&it, data, size);
    while ((r = wire_compound_next(&it, &e)) == WIRE_COMPOUND_ELEMENT) {
        assert_ptr_equal(e.body.base, (const uint8_t *)data + e.offset);
        assert_int_equal(e.body.pos, SMB2_HEADER_SIZE);
        assert_int_equal(e.body.end, e.size);
        assert_true(e.offset + e.size <= size);
        n++;
    }
    return r == WIRE_COMPOUND_BAD ? -1 : n;
}

static void compounds(void **state)
{
    static const struct {
        size_t size;
        uint32_t next;
        size_t second; /* size of a second element; 0: none */
        int expect;
    } rows[] = {
        {68, 0, 0, 1},
        {66, 0, 0, 1},
        {65, 0, 0, -1}, /* no StructureSize */
        {72, 72, 68, 2},
        {80, 72, 68, -1}, /* NextCommand points into the first: no header there */
        {72, 68, 68, -1}, /* not aligned */
        {72, 72, 65, -1}, /* the second is too short */
        {72, 72, 0, -1},  /* there is no second */
        {72, 64, 68, -1}, /* the first is too short */
        {72, 8, 68, -1},
        {72, 0xfffffff8, 68, -1},
        {72, 0x80000000, 68, -1},
        {72, 0, 68, 1}, /* the last one runs to the end */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct builder b;
        builder_init_grow(&b, 4096);
        put_element(&b, rows[i].size, rows[i].next);
        if (rows[i].second != 0) {
            if (rows[i].second < SMB2_HEADER_SIZE + 2)
                builder_zero(&b, rows[i].second);
            else
                put_element(&b, rows[i].second, 0);
        }
        uint8_t *exact = mem_dup(b.data, b.len);
        assert_non_null(exact);
        assert_int_equal(walk(exact, b.len), rows[i].expect);
        mem_free(exact);
        builder_free(&b);
    }
    assert_int_equal(walk(NULL, 0), -1);
}

static void compounds_have_a_maximum(void **state)
{
    for (size_t n = WIRE_COMPOUND_MAX - 1; n <= WIRE_COMPOUND_MAX + 1; n++) {
        struct builder b;
        builder_init_grow(&b, 1u << 16);
        for (size_t i = 0; i < n; i++)
            put_element(&b, 72, i + 1 < n ? 72 : 0);
        assert_int_equal(walk(b.data, b.len), n <= WIRE_COMPOUND_MAX ? (int)n : -1);
        builder_free(&b);
    }
}

/* ---- transform ---- */

static void transform_round_trips(void **state)
{
    struct wire_transform in = {.signature = {1, 2, 3},
                                .nonce = {4, 5, 6},
                                .original_size = 3,
                                .flags = SMB2_TRANSFORM_FLAG_ENCRYPTED,
                                .session_id = 7};
    struct wire_transform out;
    struct builder b;
    struct cursor c;
    uint8_t mem[SMB2_TRANSFORM_HEADER_SIZE + 4] = {0};
    builder_init_fixed(&b, mem, sizeof(mem));
    assert_true(wire_transform_encode(&b, &in));
    assert_int_equal(b.len, SMB2_TRANSFORM_HEADER_SIZE);
    cursor_init(&c, mem, SMB2_TRANSFORM_HEADER_SIZE + 3);
    assert_true(wire_transform_decode(&c, &out));
    assert_memory_equal(out.signature, in.signature, sizeof(in.signature));
    assert_memory_equal(out.nonce, in.nonce, sizeof(in.nonce));
    assert_int_equal(out.original_size, 3);
    assert_int_equal(out.flags, SMB2_TRANSFORM_FLAG_ENCRYPTED);
    assert_int_equal(out.session_id, 7);
    assert_int_equal(c.pos, SMB2_TRANSFORM_HEADER_SIZE);
    /* The nonce is the first authenticated byte. */
    assert_int_equal(mem[WIRE_TRANSFORM_AAD], 4);
    for (size_t size = 0; size <= sizeof(mem); size++) {
        cursor_init(&c, mem, size);
        assert_int_equal(wire_transform_decode(&c, &out), size == SMB2_TRANSFORM_HEADER_SIZE + 3);
    }
    mem[42] = 2; /* Flags */
    cursor_init(&c, mem, SMB2_TRANSFORM_HEADER_SIZE + 3);
    assert_false(wire_transform_decode(&c, &out));
}

/* ---- compression ---- */

static void compression_headers(void **state)
{
    struct wire_compression plain = {
        .original_size = 100, .algorithm = SMB2_COMPRESSION_LZ77, .offset = 2};
    struct wire_compression chained = {.original_size = 100, .chained = true};
    struct wire_compression_payload payloads[] = {
        {SMB2_COMPRESSION_NONE, SMB2_COMPRESSION_FLAG_CHAINED, 0, (const uint8_t *)"abc", 3},
        {SMB2_COMPRESSION_LZ77, SMB2_COMPRESSION_FLAG_NONE, 90, (const uint8_t *)"de", 2},
        {SMB2_COMPRESSION_PATTERN_V1, 0, 0, (const uint8_t *)"x\0\0\0\7\0\0\0", 8},
    };
    struct wire_compression out;
    struct wire_compression_payload p;
    struct builder b;
    struct cursor c;
    uint8_t mem[128];

    builder_init_fixed(&b, mem, sizeof(mem));
    assert_true(wire_compression_encode(&b, &plain));
    builder_zero(&b, 2);
    cursor_init(&c, mem, b.len);
    assert_true(wire_compression_decode(&c, &out));
    assert_false(out.chained);
    assert_int_equal(out.original_size, 100);
    assert_int_equal(out.algorithm, SMB2_COMPRESSION_LZ77);
    assert_int_equal(out.offset, 2);
    cursor_init(&c, mem, b.len - 1); /* Offset beyond the end */
    assert_false(wire_compression_decode(&c, &out));

    builder_init_fixed(&b, mem, sizeof(mem));
    assert_true(wire_compression_encode(&b, &chained));
    for (size_t i = 0; i < ARRAY_LEN(payloads); i++)
        assert_true(wire_compression_payload_encode(&b, &payloads[i]));
    cursor_init(&c, mem, b.len);
    assert_true(wire_compression_decode(&c, &out));
    assert_true(out.chained);
    for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
        assert_true(wire_compression_payload_decode(&c, &p));
        assert_int_equal(p.algorithm, payloads[i].algorithm);
        assert_int_equal(p.original_size, payloads[i].original_size);
        assert_int_equal(p.len, payloads[i].len);
        assert_memory_equal(p.data, payloads[i].data, p.len);
    }
    assert_int_equal(cursor_left(&c), 0);
}

static void lying_compression_payloads(void **state)
{
    static const uint8_t rows[][12] = {
        {SMB2_COMPRESSION_LZ77, 0, 0, 0, 3, 0, 0, 0}, /* shorter than OriginalPayloadSize */
        {SMB2_COMPRESSION_NONE, 0, 0, 0, 5, 0, 0, 0},
        {SMB2_COMPRESSION_NONE, 0, 0, 0, 0xff, 0xff, 0xff, 0xff},
        {SMB2_COMPRESSION_LZ4 + 1, 0, 0, 0, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wire_compression_payload p;
        struct cursor c;
        cursor_init(&c, rows[i], sizeof(rows[i]));
        assert_false(wire_compression_payload_decode(&c, &p));
    }
}

/* ---- SMB1 ---- */

static void smb1_negotiate(void **state)
{
    for (unsigned bits = 0; bits < 4; bits++) {
        struct wire_smb1_negotiate in = {.smb_2_002 = bits & 1, .smb_2_xxx = bits & 2}, out;
        struct builder b;
        builder_init_grow(&b, 4096);
        assert_true(wire_smb1_negotiate_encode(&b, &in));
        assert_int_equal(wire_protocol_of(b.data, b.len), WIRE_PROTOCOL_SMB1);
        assert_true(wire_smb1_negotiate_decode(b.data, b.len, &out));
        assert_int_equal(out.smb_2_002, in.smb_2_002);
        assert_int_equal(out.smb_2_xxx, in.smb_2_xxx);
        assert_int_equal(out.dialect_count, 1 + (bits & 1) + (bits >> 1));
        for (size_t size = 0; size < b.len; size++) {
            uint8_t *exact = mem_dup(b.data, size);
            assert_non_null(exact);
            assert_false(wire_smb1_negotiate_decode(exact, size, &out));
            mem_free(exact);
        }
        b.data[b.len - 1] = 'x'; /* no terminator */
        assert_false(wire_smb1_negotiate_decode(b.data, b.len, &out));
        b.data[b.len - 1] = 0;
        b.data[4] = 0x73; /* another command */
        assert_false(wire_smb1_negotiate_decode(b.data, b.len, &out));
        builder_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames),
        cmocka_unit_test(protocols),
        cmocka_unit_test(header_layout),
        cmocka_unit_test(headers_round_trip),
        cmocka_unit_test(compounds),
        cmocka_unit_test(compounds_have_a_maximum),
        cmocka_unit_test(transform_round_trips),
        cmocka_unit_test(compression_headers),
        cmocka_unit_test(lying_compression_payloads),
        cmocka_unit_test(smb1_negotiate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
