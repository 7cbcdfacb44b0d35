// SPDX-License-Identifier: Apache-2.0
/*
 * Every row of tables/cmd.def in both directions: random valid structs survive encode and decode,
 * and malformed bytes of every kind are refused without a read outside of them. Messages are copied
 * to blocks of their exact size so that the sanitizer sees the first byte too many.
 */
#include "wire/test_gen.h"

#include "base/mem.h"
#include "wire/wire_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS    60
#define ARENA_MAX (1u << 20)

struct fixture {
    struct gen_random random;
    struct arena arena;
    struct builder b;
};

static struct fixture fixture_new(uint64_t seed)
{
    struct fixture f = {.random = {seed}};
    arena_init(&f.arena, ARENA_MAX);
    builder_init_grow(&f.b, 1u << 20);
    return f;
}

static void fixture_free(struct fixture *f)
{
    arena_clear(&f->arena);
    builder_free(&f->b);
}

/* A cursor as a decoder wants it over an element of `size` bytes. */
static struct cursor body_cursor(const uint8_t *element, size_t size)
{
    struct cursor c;
    cursor_init(&c, element, size);
    cursor_seek(&c, SMB2_HEADER_SIZE);
    return c;
}

static bool answered(const struct gen_message *g)
{
    return !g->response || !(wire_command(g->code)->flags & WIRE_CMD_NO_RSP);
}

static void every_row_has_both_directions(void **state)
{
    for (uint16_t code = 0; code < WIRE_COMMAND_COUNT; code++) {
        unsigned found = 0;
        for (size_t i = 0; i < gen_message_count; i++)
            if (gen_messages[i].code == code)
                found |= gen_messages[i].response ? 2 : 1;
        assert_int_equal(found, 3);
        assert_int_equal(wire_command(code)->code, code);
    }
    assert_null(wire_command(WIRE_COMMAND_COUNT));
    assert_null(wire_req_codec(WIRE_COMMAND_COUNT));
    assert_string_equal(wire_command_name(SMB2_QUERY_INFO), "QUERY_INFO");
    assert_string_equal(wire_command_name(0x13), "UNKNOWN");
}

static void one_round_trip(const struct gen_message *g, uint64_t seed)
{
    struct fixture f = fixture_new(seed);
    union wire_any in, out;
    struct builder again;
    size_t before = gen_below(&f.random, 4) * 8; /* earlier elements of a compound */
    gen_fill(&f.random, &f.arena, g, &in);

    builder_zero(&f.b, before);
    size_t hdr = gen_encode(&f.b, g, &in);
    assert_false(builder_failed(&f.b));
    assert_int_equal(hdr, before);
    struct cursor c = body_cursor(f.b.data + hdr, f.b.len - hdr);
    assert_true(gen_codec(g)->decode(&c, &f.arena, &out));
    assert_true(gen_equal(g, &in, &out));
    assert_true(gen_inside(g, &out, f.b.data + hdr, f.b.len - hdr));

    builder_init_grow(&again, 1u << 20);
    size_t hdr2 = gen_encode(&again, g, &out);
    assert_int_equal(again.len - hdr2, f.b.len - hdr);
    assert_memory_equal(again.data + hdr2, f.b.data + hdr, f.b.len - hdr);
    builder_free(&again);
    fixture_free(&f);
}

static void decode_inverts_encode(void **state)
{
    for (size_t i = 0; i < gen_message_count; i++)
        for (uint64_t seed = 0; answered(&gen_messages[i]) && seed < ROUNDS; seed++)
            one_round_trip(&gen_messages[i], seed);
}

/*
 * A field moved in encoder and decoder alike would still round-trip. So the bytes of one random
 * message of each kind are pinned by a hash, after the fields were compared with what an
 * independent dissector reads. A change here is a change of the wire format.
 */
static void formats_are_pinned(void **state)
{
    static const uint32_t pinned[] = {
        0x32f30526, 0x4cd96bb4, 0x1c6c7914, 0x6d5c65a4, 0xb45312ed, 0x27f0677c, 0x4d8e482,
        0x14e4a23c, 0xcc9ea76b, 0x403bfbfa, 0xe35d206,  0x779347ac, 0x8747fb6b, 0x5d91ef9f,
        0x6f5dbe12, 0x9b25b229, 0x848d1975, 0x140724bf, 0x699d7d69, 0x30b78e35, 0xbc0bd23b,
        0x9bb11164, 0x8bf713bc, 0xc366ca58, 0x405f5153, 0x811c9dc5, 0xcb6c7a2,  0x99197313,
        0xc418fc18, 0x4f0d0458, 0xffe01961, 0x9de96cf,  0xf0787dbe, 0xb7d42042, 0xad574930,
        0x2f0a7851, 0x85723f06, 0xe6b5d4b,
    };
    assert_int_equal(ARRAY_LEN(pinned), gen_message_count);
    for (size_t i = 0; i < gen_message_count; i++) {
        struct fixture f = fixture_new(1);
        union wire_any m;
        uint32_t hash = 2166136261u; /* FNV-1a */
        gen_fill(&f.random, &f.arena, &gen_messages[i], &m);
        if (answered(&gen_messages[i]))
            gen_encode(&f.b, &gen_messages[i], &m);
        for (size_t k = 0; k < f.b.len; k++)
            hash = (hash ^ f.b.data[k]) * 16777619u;
        assert_int_equal(hash, pinned[i]);
        fixture_free(&f);
    }
}

static void cancel_has_no_response(void **state)
{
    struct fixture f = fixture_new(1);
    struct wire_cancel_rsp rsp = {0};
    builder_zero(&f.b, SMB2_HEADER_SIZE + 4);
    struct cursor c = body_cursor(f.b.data, f.b.len);
    assert_false(wire_cancel_rsp_decode(&c, &f.arena, &rsp));
    assert_false(wire_cancel_rsp_encode(&f.b, 0, &rsp));
    fixture_free(&f);
}

static void structure_size_is_the_tables(void **state)
{
    for (size_t i = 0; i < gen_message_count; i++) {
        const struct gen_message *g = &gen_messages[i];
        const struct wire_command *cmd = wire_command(g->code);
        struct fixture f = fixture_new(3);
        union wire_any m = {0}, out;
        if (!answered(g)) {
            fixture_free(&f);
            continue;
        }
        gen_fill(&f.random, &f.arena, g, &m);
        if (g->code == SMB2_OPLOCK_BREAK)
            m.oplock_break_req.is_lease = false;
        gen_encode(&f.b, g, &m);
        uint16_t size = le16_load(f.b.data + SMB2_HEADER_SIZE);
        assert_int_equal(size, g->response ? cmd->rsp_size : cmd->req_size);
        for (unsigned bit = 0; bit < 16; bit++) {
            le16_store(f.b.data + SMB2_HEADER_SIZE, (uint16_t)(size ^ 1u << bit));
            struct cursor c = body_cursor(f.b.data, f.b.len);
            assert_false(gen_codec(g)->decode(&c, &f.arena, &out));
        }
        fixture_free(&f);
    }
}

/* Bytes at the end that no field refers to: the one that StructureSize counts. */
static size_t dummy_bytes(const struct gen_message *g, const union wire_any *m)
{
    return g->code == SMB2_READ && !g->response && m->read_req.channel_info.len == 0 ? 1 : 0;
}

static void truncated_is_refused(void **state)
{
    for (size_t i = 0; i < gen_message_count; i++) {
        const struct gen_message *g = &gen_messages[i];
        for (uint64_t seed = 0; answered(g) && seed < 12; seed++) {
            struct fixture f = fixture_new(seed);
            union wire_any in, out;
            gen_fill(&f.random, &f.arena, g, &in);
            gen_encode(&f.b, g, &in);
            size_t need = f.b.len - dummy_bytes(g, &in);
            for (size_t size = SMB2_HEADER_SIZE; size < need; size++) {
                uint8_t *copy = mem_dup(f.b.data, size);
                assert_non_null(copy);
                struct cursor c = body_cursor(copy, size);
                assert_false(gen_codec(g)->decode(&c, &f.arena, &out));
                mem_free(copy);
            }
            fixture_free(&f);
        }
    }
}

/* One byte of the message is replaced by another: lengths, counts and offsets lie. */
static void lying_bytes_stay_inside(void **state)
{
    static const uint8_t lies[] = {0, 1, 4, 7, 8, 0x3f, 0x40, 0x7f, 0x80, 0xff};
    for (size_t i = 0; i < gen_message_count; i++) {
        const struct gen_message *g = &gen_messages[i];
        for (uint64_t seed = 0; answered(g) && seed < 6; seed++) {
            struct fixture f = fixture_new(seed);
            union wire_any in, out;
            gen_fill(&f.random, &f.arena, g, &in);
            gen_encode(&f.b, g, &in);
            uint8_t *copy = mem_dup(f.b.data, f.b.len);
            assert_non_null(copy);
            for (size_t at = SMB2_HEADER_SIZE; at < f.b.len; at++) {
                for (size_t k = 0; k < ARRAY_LEN(lies); k++) {
                    struct arena arena;
                    arena_init(&arena, ARENA_MAX);
                    copy[at] = lies[k];
                    struct cursor c = body_cursor(copy, f.b.len);
                    if (gen_codec(g)->decode(&c, &arena, &out))
                        assert_true(gen_inside(g, &out, copy, f.b.len));
                    arena_clear(&arena);
                }
                copy[at] = f.b.data[at];
            }
            mem_free(copy);
            fixture_free(&f);
        }
    }
}

static void full_builder_fails(void **state)
{
    for (size_t i = 0; i < gen_message_count; i++) {
        const struct gen_message *g = &gen_messages[i];
        struct fixture f = fixture_new(5);
        union wire_any m;
        gen_fill(&f.random, &f.arena, g, &m);
        gen_encode(&f.b, g, &m);
        for (size_t cap = 0; answered(g) && cap < f.b.len; cap++) {
            struct builder small;
            uint8_t *mem = mem_alloc(cap + 1);
            assert_non_null(mem);
            builder_init_fixed(&small, mem, cap);
            gen_encode(&small, g, &m);
            assert_true(builder_failed(&small));
            mem_free(mem);
        }
        fixture_free(&f);
    }
}

static void exhausted_arena_fails(void **state)
{
    static const uint16_t dialects[] = {SMB2_DIALECT_210};
    struct wire_negotiate_req req = {.dialects = dialects, .dialect_count = 1};
    struct fixture f = fixture_new(0);
    struct arena none;
    builder_zero(&f.b, SMB2_HEADER_SIZE);
    assert_true(wire_negotiate_req_encode(&f.b, 0, &req));
    struct cursor c = body_cursor(f.b.data, f.b.len);
    arena_init(&none, 0);
    assert_false(wire_negotiate_req_decode(&c, &none, &req));
    fixture_free(&f);
}

/* ---- offsets below the fixed part; where the specification puts fields ---- */

/* A field of a message of a random struct with seed `seed` is overwritten; must the decoder refuse?
 */
static void refuse_u16(uint16_t code, bool response, size_t off, uint16_t value)
{
    for (size_t i = 0; i < gen_message_count; i++) {
        const struct gen_message *g = &gen_messages[i];
        if (g->code != code || g->response != response)
            continue;
        unsigned tried = 0;
        for (uint64_t seed = 0; seed < 20; seed++) {
            struct fixture f = fixture_new(seed);
            union wire_any m, out;
            gen_fill(&f.random, &f.arena, g, &m);
            gen_encode(&f.b, g, &m);
            uint8_t *field = f.b.data + SMB2_HEADER_SIZE + off;
            /* Length 0: the offset is ignored. In these messages the length is the next field, or
               for SET_INFO the one before. */
            size_t len = code == SMB2_SET_INFO ? le32_load(field - 4) : le16_load(field + 2);
            if (code == SMB2_QUERY_INFO && !response)
                len = le32_load(field + 4);
            if (len != 0) {
                le16_store(field, value);
                struct cursor c = body_cursor(f.b.data, f.b.len);
                assert_false(gen_codec(g)->decode(&c, &f.arena, &out));
                tried++;
            }
            fixture_free(&f);
        }
        assert_true(tried > 0);
    }
}

static void offsets_below_the_fixed_part_are_refused(void **state)
{
    refuse_u16(SMB2_SESSION_SETUP, false, 12, SMB2_HEADER_SIZE + 23);
    refuse_u16(SMB2_SESSION_SETUP, true, 4, SMB2_HEADER_SIZE + 7);
    refuse_u16(SMB2_TREE_CONNECT, false, 4, SMB2_HEADER_SIZE + 7);
    refuse_u16(SMB2_CREATE, false, 44, SMB2_HEADER_SIZE + 55);
    refuse_u16(SMB2_QUERY_DIRECTORY, false, 24, SMB2_HEADER_SIZE + 31);
    refuse_u16(SMB2_QUERY_DIRECTORY, true, 2, SMB2_HEADER_SIZE + 7);
    refuse_u16(SMB2_CHANGE_NOTIFY, true, 2, 0);
    refuse_u16(SMB2_QUERY_INFO, false, 8, SMB2_HEADER_SIZE + 39);
    refuse_u16(SMB2_QUERY_INFO, true, 2, 1);
    refuse_u16(SMB2_SET_INFO, false, 8, SMB2_HEADER_SIZE + 31);
    refuse_u16(SMB2_NEGOTIATE, true, 56, SMB2_HEADER_SIZE + 63);
    /* and beyond the end */
    refuse_u16(SMB2_SESSION_SETUP, false, 12, 0xffff);
    refuse_u16(SMB2_SET_INFO, false, 8, 0xffff);
}

/* A request written down from the tables of the specification, field by field. */
static void create_request_as_specified(void **state)
{
    static const uint8_t body[] = {
        57,   0,    0,    9,                 /* StructureSize .. oplock level */
        2,    0,    0,    0,                 /* ImpersonationLevel */
        0,    0,    0,    0,    0,  0, 0, 0, /* SmbCreateFlags */
        0,    0,    0,    0,    0,  0, 0, 0, /* Reserved */
        0x89, 0x00, 0x12, 0x00,              /* DesiredAccess */
        0x80, 0x00, 0x00, 0x00,              /* FileAttributes */
        0x07, 0x00, 0x00, 0x00,              /* ShareAccess */
        0x03, 0x00, 0x00, 0x00,              /* CreateDisposition */
        0x40, 0x00, 0x20, 0x00,              /* CreateOptions */
        0x78, 0x00, 0x04, 0x00,              /* NameOffset, NameLength */
        0x80, 0x00, 0x00, 0x00,              /* CreateContextsOffset */
        0x18, 0x00, 0x00, 0x00,              /* CreateContextsLength */
        'a',  0,    'b',  0,    0,  0, 0, 0, /* name, padding */
        0,    0,    0,    0,    16, 0, 4, 0, /* Next, NameOffset, NameLength */
        0,    0,    0,    0,    0,  0, 0, 0, /* Reserved, DataOffset, DataLength */
        'Q',  'F',  'i',  'd',  0,  0, 0, 0,
    };
    struct fixture f = fixture_new(0);
    struct wire_create_req req;
    builder_zero(&f.b, SMB2_HEADER_SIZE);
    builder_bytes(&f.b, body, sizeof(body));
    struct cursor c = body_cursor(f.b.data, f.b.len);
    assert_true(wire_create_req_decode(&c, &f.arena, &req));
    assert_int_equal(req.oplock_level, SMB2_OPLOCK_LEVEL_BATCH);
    assert_int_equal(req.impersonation_level, SMB2_IMPERSONATION_IMPERSONATION);
    assert_int_equal(req.desired_access, FILE_READ_DATA | FILE_READ_EA | FILE_READ_ATTRIBUTES |
                                             READ_CONTROL | SYNCHRONIZE);
    assert_int_equal(req.file_attributes, FILE_ATTRIBUTE_NORMAL);
    assert_int_equal(req.share_access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE);
    assert_int_equal(req.create_disposition, FILE_OPEN_IF);
    assert_int_equal(req.create_options, FILE_NON_DIRECTORY_FILE | FILE_OPEN_REPARSE_POINT);
    assert_int_equal(req.name.len, 4);
    assert_memory_equal(req.name.data, "a\0b\0", 4);
    assert_int_equal(req.ctx_count, 1);
    assert_int_equal(req.ctxs[0].id, WIRE_CTX_QFID);
    assert_int_equal(req.ctxs[0].data.len, 0);
    fixture_free(&f);
}

static void create_needs_a_byte_of_buffer(void **state)
{
    struct fixture f = fixture_new(0);
    struct wire_create_req req = {0};
    builder_zero(&f.b, SMB2_HEADER_SIZE);
    assert_true(wire_create_req_encode(&f.b, 0, &req));
    assert_int_equal(f.b.len, SMB2_HEADER_SIZE + 57);
    struct cursor c = body_cursor(f.b.data, f.b.len);
    assert_true(wire_create_req_decode(&c, &f.arena, &req));
    c = body_cursor(f.b.data, f.b.len - 1);
    assert_false(wire_create_req_decode(&c, &f.arena, &req));
    fixture_free(&f);
}

static void payload_is_left_to_the_caller(void **state)
{
    struct fixture f = fixture_new(0);
    struct wire_read_rsp rsp = {.payload = {NULL, 5}};
    struct wire_write_req req = {.payload = {NULL, 5}};

    builder_zero(&f.b, SMB2_HEADER_SIZE);
    assert_true(wire_read_rsp_encode(&f.b, 0, &rsp));
    assert_int_equal(f.b.len, WIRE_READ_DATA_OFFSET);
    builder_bytes(&f.b, "hello", 5);
    struct cursor c = body_cursor(f.b.data, f.b.len);
    assert_true(wire_read_rsp_decode(&c, &f.arena, &rsp));
    assert_memory_equal(rsp.payload.data, "hello", 5);

    builder_truncate(&f.b, SMB2_HEADER_SIZE);
    assert_true(wire_write_req_encode(&f.b, 0, &req));
    assert_int_equal(f.b.len, WIRE_WRITE_DATA_OFFSET);
    builder_bytes(&f.b, "world", 5);
    c = body_cursor(f.b.data, f.b.len);
    assert_true(wire_write_req_decode(&c, &f.arena, &req));
    assert_memory_equal(req.payload.data, "world", 5);
    fixture_free(&f);
}

/* [MS-SMB2] 3.3.5.13: without a channel a DataOffset above 0x100 is an error. */
static void write_data_offset_has_a_limit(void **state)
{
    struct fixture f = fixture_new(0);
    struct wire_write_req req = {.payload = {NULL, 1}};
    builder_zero(&f.b, SMB2_HEADER_SIZE);
    assert_true(wire_write_req_encode(&f.b, 0, &req));
    builder_zero(&f.b, 0x200);
    builder_patch_u16(&f.b, SMB2_HEADER_SIZE + 2, 0x100);
    struct cursor c = body_cursor(f.b.data, f.b.len);
    assert_true(wire_write_req_decode(&c, &f.arena, &req));
    builder_patch_u16(&f.b, SMB2_HEADER_SIZE + 2, 0x101);
    c = body_cursor(f.b.data, f.b.len);
    assert_false(wire_write_req_decode(&c, &f.arena, &req));
    fixture_free(&f);
}

static void counts_have_a_maximum(void **state)
{
    static uint16_t dialects[WIRE_DIALECTS_MAX + 1];
    static struct wire_lock_element locks[WIRE_LOCKS_MAX + 1];
    struct wire_negotiate_req neg = {.dialects = dialects};
    struct wire_lock_req lock = {.locks = locks};
    struct fixture f = fixture_new(0);

    for (size_t n = 0; n <= WIRE_DIALECTS_MAX + 1; n++) {
        neg.dialect_count = n;
        neg.dialects = dialects;
        builder_truncate(&f.b, 0);
        builder_zero(&f.b, SMB2_HEADER_SIZE);
        assert_true(wire_negotiate_req_encode(&f.b, 0, &neg));
        struct cursor c = body_cursor(f.b.data, f.b.len);
        bool ok = wire_negotiate_req_decode(&c, &f.arena, &neg);
        assert_int_equal(ok, n >= 1 && n <= WIRE_DIALECTS_MAX);
    }
    for (size_t n = 0; n < 3; n++) {
        static const size_t counts[] = {0, WIRE_LOCKS_MAX, WIRE_LOCKS_MAX + 1};
        lock.lock_count = counts[n];
        lock.locks = locks;
        builder_truncate(&f.b, 0);
        builder_zero(&f.b, SMB2_HEADER_SIZE);
        assert_true(wire_lock_req_encode(&f.b, 0, &lock));
        struct cursor c = body_cursor(f.b.data, f.b.len);
        assert_int_equal(wire_lock_req_decode(&c, &f.arena, &lock), n == 1);
    }
    fixture_free(&f);
}

static void too_long_for_its_field_is_refused(void **state)
{
    static uint8_t bytes[65536];
    struct wire_session_setup_req req = {.security = {bytes, sizeof(bytes)}};
    struct fixture f = fixture_new(0);
    builder_zero(&f.b, SMB2_HEADER_SIZE);
    assert_false(wire_session_setup_req_encode(&f.b, 0, &req));
    assert_true(builder_failed(&f.b));
    fixture_free(&f);
}

static void odd_text_is_refused(void **state)
{
    struct fixture f = fixture_new(0);
    struct wire_tree_connect_req req = {.path = {(const uint8_t *)"abc", 3}};
    builder_zero(&f.b, SMB2_HEADER_SIZE);
    assert_true(wire_tree_connect_req_encode(&f.b, 0, &req));
    struct cursor c = body_cursor(f.b.data, f.b.len);
    assert_false(wire_tree_connect_req_decode(&c, &f.arena, &req));
    fixture_free(&f);
}

/* ---- what the server sends on its own ---- */

static void notifications_round_trip(void **state)
{
    static const struct wire_break_notification breaks[] = {
        {.oplock_level = SMB2_OPLOCK_LEVEL_II, .file_id = {3, 4}},
        {.is_lease = true,
         .new_epoch = 5,
         .flags = SMB2_NOTIFY_BREAK_LEASE_FLAG_ACK_REQUIRED,
         .lease_key = {{1, 2, 3}},
         .current_state = 7,
         .new_state = 1},
    };
    struct fixture f = fixture_new(0);
    struct wire_notification closed = {SMB2_NOTIFY_SESSION_CLOSED};
    for (size_t i = 0; i < ARRAY_LEN(breaks); i++) {
        struct wire_break_notification out;
        builder_truncate(&f.b, 0);
        builder_zero(&f.b, SMB2_HEADER_SIZE);
        assert_true(wire_break_notification_encode(&f.b, 0, &breaks[i]));
        assert_int_equal(f.b.len - SMB2_HEADER_SIZE, i == 0 ? 24 : 44);
        struct cursor c = body_cursor(f.b.data, f.b.len);
        assert_true(wire_break_notification_decode(&c, &out));
        assert_int_equal(out.is_lease, breaks[i].is_lease);
        assert_int_equal(out.oplock_level, breaks[i].oplock_level);
        assert_int_equal(out.file_id.persistent, breaks[i].file_id.persistent);
        assert_int_equal(out.file_id.volatile_id, breaks[i].file_id.volatile_id);
        assert_int_equal(out.new_epoch, breaks[i].new_epoch);
        assert_int_equal(out.flags, breaks[i].flags);
        assert_true(guid_equal(&out.lease_key, &breaks[i].lease_key));
        assert_int_equal(out.current_state, breaks[i].current_state);
        assert_int_equal(out.new_state, breaks[i].new_state);
        c = body_cursor(f.b.data, f.b.len - 1);
        assert_false(wire_break_notification_decode(&c, &out));
    }
    builder_truncate(&f.b, SMB2_HEADER_SIZE);
    assert_true(wire_notification_encode(&f.b, 0, &closed));
    struct cursor c = body_cursor(f.b.data, f.b.len);
    assert_true(wire_notification_decode(&c, &closed));
    fixture_free(&f);
}

/* ---- errors ---- */

static void plain_error_is_nine_bytes(void **state)
{
    struct fixture f = fixture_new(0);
    struct wire_error_rsp rsp = {0};
    builder_zero(&f.b, SMB2_HEADER_SIZE);
    assert_true(wire_error_rsp_encode(&f.b, 0, &rsp));
    assert_int_equal(f.b.len, SMB2_HEADER_SIZE + 9);
    struct cursor c = body_cursor(f.b.data, f.b.len);
    assert_true(wire_error_rsp_decode(&c, &f.arena, &rsp));
    assert_int_equal(rsp.data.len, 0);
    assert_int_equal(rsp.ctx_count, 0);
    fixture_free(&f);
}

static void error_contexts_round_trip(void **state)
{
    static const struct wire_error_ctx ctxs[] = {
        {SMB2_ERROR_ID_DEFAULT, {(const uint8_t *)"abc", 3}},
        {SMB2_ERROR_ID_SHARE_REDIRECT, {(const uint8_t *)"0123456789", 10}},
    };
    struct fixture f = fixture_new(0);
    struct wire_error_rsp in = {.ctxs = ctxs, .ctx_count = 2}, out;
    builder_zero(&f.b, SMB2_HEADER_SIZE);
    assert_true(wire_error_rsp_encode(&f.b, 0, &in));
    struct cursor c = body_cursor(f.b.data, f.b.len);
    assert_true(wire_error_rsp_decode(&c, &f.arena, &out));
    assert_int_equal(out.ctx_count, 2);
    assert_int_equal(out.ctxs[1].id, SMB2_ERROR_ID_SHARE_REDIRECT);
    assert_memory_equal(out.ctxs[1].data.data, "0123456789", 10);
    for (size_t size = SMB2_HEADER_SIZE; size < f.b.len; size++) {
        c = body_cursor(f.b.data, size);
        assert_false(wire_error_rsp_decode(&c, &f.arena, &out));
    }
    fixture_free(&f);
}

static void symlink_error_round_trips(void **state)
{
    struct wire_symlink_error in = {.unparsed_path_length = 0x2e,
                                    .flags = SYMLINK_FLAG_RELATIVE,
                                    .substitute_name = {(const uint8_t *)"a\0b\0", 4},
                                    .print_name = {(const uint8_t *)"c\0", 2}};
    struct wire_symlink_error out;
    struct fixture f = fixture_new(0);
    assert_true(wire_symlink_error_encode(&f.b, &in));
    assert_int_equal(f.b.len, 28 + 6);
    assert_int_equal(le32_load(f.b.data), 24 + 6);
    assert_int_equal(le16_load(f.b.data + 12), 12 + 6);
    assert_true(wire_symlink_error_decode(&(struct wire_blob){f.b.data, f.b.len}, &out));
    assert_int_equal(out.unparsed_path_length, 0x2e);
    assert_int_equal(out.flags, SYMLINK_FLAG_RELATIVE);
    assert_memory_equal(out.substitute_name.data, "a\0b\0", 4);
    assert_memory_equal(out.print_name.data, "c\0", 2);
    for (size_t size = 0; size < f.b.len; size++)
        assert_false(wire_symlink_error_decode(&(struct wire_blob){f.b.data, size}, &out));
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_both_directions),
        cmocka_unit_test(decode_inverts_encode),
        cmocka_unit_test(formats_are_pinned),
        cmocka_unit_test(cancel_has_no_response),
        cmocka_unit_test(structure_size_is_the_tables),
        cmocka_unit_test(truncated_is_refused),
        cmocka_unit_test(lying_bytes_stay_inside),
        cmocka_unit_test(full_builder_fails),
        cmocka_unit_test(exhausted_arena_fails),
        cmocka_unit_test(offsets_below_the_fixed_part_are_refused),
        cmocka_unit_test(create_request_as_specified),
        cmocka_unit_test(create_needs_a_byte_of_buffer),
        cmocka_unit_test(payload_is_left_to_the_caller),
        cmocka_unit_test(write_data_offset_has_a_limit),
        cmocka_unit_test(counts_have_a_maximum),
        cmocka_unit_test(too_long_for_its_field_is_refused),
        cmocka_unit_test(odd_text_is_refused),
        cmocka_unit_test(notifications_round_trip),
        cmocka_unit_test(plain_error_is_nine_bytes),
        cmocka_unit_test(error_contexts_round_trip),
        cmocka_unit_test(symlink_error_round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
