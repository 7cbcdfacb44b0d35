// SPDX-License-Identifier: Apache-2.0
/* The table of control codes and the codecs of their inputs and outputs. */
#include "wire/test_info_util.h"

#include "wire/fsctl.h"
#include "wire/fsctl_file.h"
#include "wire/fsctl_reparse.h"
#include "wire/fsctl_srv.h"

FIXED_CODEC(validate_negotiate_rsp, 24, 0);
FIXED_CODEC(copychunk_rsp, 12, 0);
FIXED_CODEC(resiliency_req, 8, 4);
FIXED_CODEC(pipe_peek, 16, 0);
FIXED_CODEC(zero_data, 16, 0);
FIXED_CODEC(range, 16, 0);
FIXED_CODEC(trim_rsp, 4, 0);
FIXED_CODEC(compression_state, 2, 0);
FIXED_CODEC(get_integrity, 16, 2);
FIXED_CODEC(set_integrity, 8, 2);
FIXED_CODEC(object_id, 64, 0);

static void test_fixed_records(void **state)
{
    static const struct fixed_codec *const all[] = {
        &validate_negotiate_rsp_codec,
        &copychunk_rsp_codec,
        &resiliency_req_codec,
        &pipe_peek_codec,
        &zero_data_codec,
        &range_codec,
        &trim_rsp_codec,
        &compression_state_codec,
        &get_integrity_codec,
        &set_integrity_codec,
        &object_id_codec,
    };
    struct testrand rng = {.state = 1};
    size_t i, k;

    for (i = 0; i < ARRAY_LEN(all); i++)
        for (k = 0; k < 20; k++)
            fixed_round_trip(all[i], &rng);
}

static void test_table(void **state)
{
    size_t count, i;
    const struct wire_fsctl_row *rows = wire_fsctl_rows(&count);

    for (i = 0; i < count; i++) {
        assert_true(i == 0 || rows[i - 1].code < rows[i].code);
        assert_ptr_equal(wire_fsctl_find(rows[i].code), &rows[i]);
        assert_null(wire_fsctl_find(rows[i].code ^ 0x80000000u));
    }
    assert_string_equal(wire_fsctl_find(0x00140204)->name, "FSCTL_VALIDATE_NEGOTIATE_INFO");
    assert_null(wire_fsctl_find(0));
    assert_null(wire_fsctl_find(UINT32_MAX));
}

struct env {
    struct testrand rng;
    struct arena arena;
    struct builder b;
};

static void env_init(struct env *e, uint64_t seed)
{
    e->rng.state = seed;
    arena_init(&e->arena, 16 * TEST_MAX);
    builder_init_grow(&e->b, TEST_MAX);
}

static void env_clear(struct env *e)
{
    arena_clear(&e->arena);
    builder_free(&e->b);
}

/* For every shorter input the decoder, called as an expression over `c`, must give `false`; then
 * `c` is the whole. */
#define REFUSES_EVERY_CUT(e, c, decode)                          \
    do {                                                         \
        assert_false(builder_failed(&(e)->b));                   \
        for (size_t cut_at = 0; cut_at < (e)->b.len; cut_at++) { \
            uint8_t *cut = exact_copy((e)->b.data, cut_at);      \
            (c) = cursor_of(cut, cut_at);                        \
            assert_false(decode);                                \
            mem_free(cut);                                       \
        }                                                        \
        (c) = cursor_of((e)->b.data, (e)->b.len);                \
        assert_true(decode);                                     \
    } while (0)

static void test_validate_negotiate(void **state)
{
    struct wire_validate_negotiate_req in = {.capabilities = 0x7f,
                                             .security_mode = 1,
                                             .dialect_count = 3,
                                             .dialects = {0x202, 0x210, 0x300}},
                                       out;
    struct cursor c;
    struct env e;

    env_init(&e, 1);
    random_bytes(&e.rng, &in.guid, 16);
    wire_validate_negotiate_req_encode(&e.b, &in);
    assert_int_equal(e.b.len, 30);
    REFUSES_EVERY_CUT(&e, c, wire_validate_negotiate_req_decode(&c, &out));
    assert_memory_equal(&in, &out, sizeof(in));
    assert_int_equal(le16_load(e.b.data + 20), 1);
    builder_patch_u16(&e.b, 22, WIRE_VALIDATE_DIALECTS_MAX + 1);
    builder_zero(&e.b, 1000);
    c = cursor_of(e.b.data, e.b.len);
    assert_false(wire_validate_negotiate_req_decode(&c, &out));
    env_clear(&e);
}

static void test_resume_key(void **state)
{
    struct wire_resume_key in, out;
    struct cursor c;
    struct env e;

    env_init(&e, 2);
    random_bytes(&e.rng, in.key, sizeof(in.key));
    wire_resume_key_encode(&e.b, &in);
    assert_int_equal(e.b.len, 32);
    c = cursor_of(e.b.data, e.b.len);
    assert_true(wire_resume_key_decode(&c, &out));
    assert_memory_equal(&in, &out, sizeof(in));
    c = cursor_of(e.b.data, 27);
    assert_false(wire_resume_key_decode(&c, &out));
    env_clear(&e);
}

static void test_copychunk(void **state)
{
    struct wire_copychunk chunks[WIRE_COPYCHUNK_MAX + 1];
    struct wire_copychunk_req in = {.chunk_count = 3, .chunks = chunks}, out;
    struct cursor c;
    struct env e;
    uint32_t i;

    env_init(&e, 3);
    random_bytes(&e.rng, in.source_key, sizeof(in.source_key));
    for (i = 0; i < ARRAY_LEN(chunks); i++)
        chunks[i] = (struct wire_copychunk){testrand_next(&e.rng), testrand_next(&e.rng),
                                            (uint32_t)testrand_next(&e.rng)};
    wire_copychunk_req_encode(&e.b, &in);
    assert_int_equal(e.b.len, 32 + 3 * 24);
    REFUSES_EVERY_CUT(&e, c, wire_copychunk_req_decode(&c, &e.arena, &out));
    assert_memory_equal(in.source_key, out.source_key, sizeof(in.source_key));
    assert_int_equal(out.chunk_count, 3);
    for (i = 0; i < 3; i++) {
        assert_int_equal(chunks[i].source_offset, out.chunks[i].source_offset);
        assert_int_equal(chunks[i].target_offset, out.chunks[i].target_offset);
        assert_int_equal(chunks[i].length, out.chunks[i].length);
    }
    /* Too many: the server must learn the count in order to answer with its limits. */
    builder_truncate(&e.b, 0);
    in.chunk_count = WIRE_COPYCHUNK_MAX + 1;
    wire_copychunk_req_encode(&e.b, &in);
    c = cursor_of(e.b.data, e.b.len);
    assert_true(wire_copychunk_req_decode(&c, &e.arena, &out));
    assert_int_equal(out.chunk_count, WIRE_COPYCHUNK_MAX + 1);
    assert_null(out.chunks);
    env_clear(&e);
}

static void test_snapshots(void **state)
{
    static const char *tokens[] = {"@GMT-2026.01.31-23.59.59", "@GMT-2025.12.01-00.00.00"};
    struct wire_snapshots in = {.total = 2, .tokens = tokens}, out;
    struct cursor c;
    struct env e;

    env_init(&e, 4);
    wire_snapshots_encode(&e.b, &in, 114);
    assert_int_equal(e.b.len, 12 + 2 * 50 + 2);
    REFUSES_EVERY_CUT(&e, c, wire_snapshots_decode(&c, &e.arena, &out));
    assert_int_equal(out.total, 2);
    assert_int_equal(out.returned, 2);
    assert_int_equal(out.array_bytes, 102);
    assert_string_equal(out.tokens[0], tokens[0]);
    assert_string_equal(out.tokens[1], tokens[1]);

    builder_patch_u32(&e.b, 0, 1); /* more returned than there are */
    c = cursor_of(e.b.data, e.b.len);
    assert_false(wire_snapshots_decode(&c, &e.arena, &out));

    builder_truncate(&e.b, 0);
    wire_snapshots_encode(&e.b, &in, 113); /* one byte too few: only the size */
    assert_int_equal(e.b.len, 16);
    c = cursor_of(e.b.data, e.b.len);
    assert_true(wire_snapshots_decode(&c, &e.arena, &out));
    assert_int_equal(out.total, 2);
    assert_int_equal(out.returned, 0);
    assert_int_equal(out.array_bytes, 102);

    builder_truncate(&e.b, 0);
    in.total = 0;
    wire_snapshots_encode(&e.b, &in, 16);
    c = cursor_of(e.b.data, e.b.len);
    assert_true(wire_snapshots_decode(&c, &e.arena, &out));
    assert_int_equal(out.total, 0);
    assert_int_equal(out.array_bytes, 2);
    env_clear(&e);
}

static void test_network_interfaces(void **state)
{
    static const struct wire_netif in[] = {
        {1, RSS_CAPABLE, 10000000000ull, WIRE_FAMILY_INET, {127, 0, 0, 1}},
        {2,
         RDMA_CAPABLE,
         1,
         WIRE_FAMILY_INET6,
         {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}},
    };
    struct wire_chain_reader r;
    struct wire_netif out;
    struct wire_chain w;
    struct cursor c;
    struct env e;
    size_t n, i;

    env_init(&e, 5);
    wire_chain_init(&w, &e.b, TEST_MAX, WIRE_NETIF_ALIGN);
    for (i = 0; i < 2; i++)
        assert_int_equal(wire_netif_add(&w, &in[i]), WIRE_FIT_OK);
    assert_int_equal(e.b.len, 2 * 152);
    assert_int_equal(le32_load(e.b.data), 152);
    assert_memory_equal(e.b.data + 24, "\x02\x00\x00\x00\x7f\x00\x00\x01", 8);
    assert_memory_equal(e.b.data + 152 + 24, "\x17\x00\x00\x00\x00\x00\x00\x00\xfe\x80", 10);
    for (n = 1; n <= e.b.len; n++) {
        uint8_t *copy = exact_copy(e.b.data, n);

        c = cursor_of(copy, n);
        wire_chain_open(&r, &c, WIRE_NETIF_ALIGN);
        for (i = 0; wire_netif_next(&r, &out); i++) {
            assert_int_equal(out.if_index, in[i].if_index);
            assert_int_equal(out.capability, in[i].capability);
            assert_int_equal(out.link_speed, in[i].link_speed);
            assert_int_equal(out.family, in[i].family);
            assert_memory_equal(out.address, in[i].address, 16);
        }
        assert_int_equal(r.failed, n != e.b.len);
        mem_free(copy);
    }
    assert_int_equal(i, 2);
    env_clear(&e);
}

static void test_pipe_wait(void **state)
{
    struct wire_pipe_wait in = {.timeout = 50,
                                .timeout_specified = true,
                                .name = "srvsvc",
                                .name_len = 6},
                          out;
    struct cursor c;
    struct env e;

    env_init(&e, 6);
    wire_pipe_wait_encode(&e.b, &in);
    assert_int_equal(e.b.len, 14 + 12);
    REFUSES_EVERY_CUT(&e, c, wire_pipe_wait_decode(&c, &e.arena, &out));
    assert_int_equal(out.timeout, 50);
    assert_true(out.timeout_specified);
    assert_string_equal(out.name, "srvsvc");
    env_clear(&e);
}

static void test_set_sparse(void **state)
{
    struct wire_set_sparse in = {false}, out;
    struct cursor c = cursor_of("", 0);
    struct env e;

    env_init(&e, 7);
    assert_true(wire_set_sparse_decode(&c, &out));
    assert_true(out.set_sparse);
    wire_set_sparse_encode(&e.b, &in);
    c = cursor_of(e.b.data, e.b.len);
    assert_true(wire_set_sparse_decode(&c, &out));
    assert_false(out.set_sparse);
    env_clear(&e);
}

static void test_ranges(void **state)
{
    struct wire_range in[3], *out;
    struct wire_trim_req trim = {.key = 9, .range_count = 3, .ranges = in}, trim_out;
    struct cursor c;
    struct env e;
    uint32_t i, count;
    size_t n;

    env_init(&e, 8);
    random_bytes(&e.rng, in, sizeof(in));
    for (i = 0; i < 3; i++)
        wire_range_encode(&e.b, &in[i]);
    for (n = 0; n <= e.b.len; n++) {
        c = cursor_of(e.b.data, n);
        assert_int_equal(wire_ranges_decode(&c, &e.arena, &out, &count), n % 16 == 0);
        assert_int_equal(count, n % 16 == 0 ? n / 16 : 0);
    }
    assert_memory_equal(in, out, sizeof(in));

    builder_truncate(&e.b, 0);
    wire_trim_req_encode(&e.b, &trim);
    assert_int_equal(e.b.len, 8 + sizeof(in));
    REFUSES_EVERY_CUT(&e, c, wire_trim_req_decode(&c, &e.arena, &trim_out));
    assert_int_equal(trim_out.key, 9);
    assert_int_equal(trim_out.range_count, 3);
    assert_memory_equal(in, trim_out.ranges, sizeof(in));
    builder_patch_u32(&e.b, 4, 0x10000003); /* 16 times this is 48 in 32 bits */
    c = cursor_of(e.b.data, e.b.len);
    assert_false(wire_trim_req_decode(&c, &e.arena, &trim_out));
    env_clear(&e);
}

static void test_duplicate_extents(void **state)
{
    struct wire_duplicate_extents in, out;
    struct cursor c;
    struct env e;

    env_init(&e, 9);
    memset(&in, 0, sizeof(in));
    memset(&out, 0, sizeof(out));
    in.source_persistent = testrand_next(&e.rng);
    in.source_volatile = testrand_next(&e.rng);
    in.source_offset = testrand_next(&e.rng);
    in.target_offset = testrand_next(&e.rng);
    in.byte_count = testrand_next(&e.rng);
    wire_duplicate_extents_encode(&e.b, &in, false);
    assert_int_equal(e.b.len, 40);
    REFUSES_EVERY_CUT(&e, c, wire_duplicate_extents_decode(&c, &out, false));
    assert_memory_equal(&in, &out, sizeof(in));
    builder_truncate(&e.b, 0);
    in.flags = DUPLICATE_EXTENTS_DATA_EX_SOURCE_ATOMIC;
    wire_duplicate_extents_encode(&e.b, &in, true);
    assert_int_equal(e.b.len, 56);
    REFUSES_EVERY_CUT(&e, c, wire_duplicate_extents_decode(&c, &out, true));
    assert_memory_equal(&in, &out, sizeof(in));
    builder_patch_u64(&e.b, 0, 56);
    c = cursor_of(e.b.data, e.b.len);
    assert_false(wire_duplicate_extents_decode(&c, &out, true));
    env_clear(&e);
}

static void test_file_regions(void **state)
{
    struct wire_regions_req req = {.whole = true}, req_out;
    struct wire_region regions[2];
    struct wire_regions_rsp rsp = {.total = 5, .count = 2, .regions = regions}, rsp_out;
    struct cursor c = cursor_of("", 0);
    struct env e;
    int i;

    env_init(&e, 10);
    wire_regions_req_encode(&e.b, &req);
    assert_int_equal(e.b.len, 0);
    assert_true(wire_regions_req_decode(&c, &req_out));
    assert_true(req_out.whole);
    req.whole = false;
    req.region = (struct wire_region){1, 2, FILE_REGION_USAGE_VALID_NONCACHED_DATA};
    wire_regions_req_encode(&e.b, &req);
    assert_int_equal(e.b.len, 24);
    c = cursor_of(e.b.data, 23);
    assert_false(wire_regions_req_decode(&c, &req_out));
    c = cursor_of(e.b.data, 24);
    assert_true(wire_regions_req_decode(&c, &req_out));
    assert_false(req_out.whole);
    assert_int_equal(req_out.region.length, 2);
    assert_int_equal(req_out.region.usage, 2);

    builder_truncate(&e.b, 0);
    for (i = 0; i < 2; i++)
        regions[i] =
            (struct wire_region){testrand_next(&e.rng), testrand_next(&e.rng), (uint32_t)i};
    wire_regions_rsp_encode(&e.b, &rsp);
    assert_int_equal(e.b.len, 16 + 2 * 24);
    REFUSES_EVERY_CUT(&e, c, wire_regions_rsp_decode(&c, &e.arena, &rsp_out));
    assert_int_equal(rsp_out.total, 5);
    assert_int_equal(rsp_out.count, 2);
    for (i = 0; i < 2; i++) {
        assert_int_equal(rsp_out.regions[i].file_offset, regions[i].file_offset);
        assert_int_equal(rsp_out.regions[i].length, regions[i].length);
        assert_int_equal(rsp_out.regions[i].usage, i);
    }
    env_clear(&e);
}

/* ---- reparse points ---- */

static void test_reparse_envelope(void **state)
{
    static const uint32_t tags[] = {IO_REPARSE_TAG_NFS, 0x00000100};
    struct wire_reparse in = {.data = (const uint8_t *)"12345", .data_len = 5}, out;
    struct cursor c;
    struct env e;
    size_t i;

    env_init(&e, 11);
    for (i = 0; i < ARRAY_LEN(tags); i++) {
        in.tag = tags[i];
        memset(&in.guid, i == 0 ? 0 : 0x5a, sizeof(in.guid));
        builder_truncate(&e.b, 0);
        wire_reparse_encode(&e.b, &in);
        assert_int_equal(e.b.len, i == 0 ? 13 : 29);
        REFUSES_EVERY_CUT(&e, c, wire_reparse_decode(&c, &out));
        assert_int_equal(out.tag, in.tag);
        assert_memory_equal(&out.guid, &in.guid, sizeof(in.guid));
        assert_text((const char *)out.data, out.data_len, "12345", 5);
        builder_u8(&e.b, 0); /* a byte more than ReparseDataLength says */
        c = cursor_of(e.b.data, e.b.len);
        assert_false(wire_reparse_decode(&c, &out));
    }
    env_clear(&e);
}

static void test_reparse_maximum(void **state)
{
    static uint8_t data[WIRE_REPARSE_MAX];
    struct wire_reparse in = {.tag = IO_REPARSE_TAG_NFS,
                              .data = data,
                              .data_len = WIRE_REPARSE_MAX - 8},
                        out;
    struct cursor c;
    struct env e;

    env_init(&e, 12);
    wire_reparse_encode(&e.b, &in);
    c = cursor_of(e.b.data, e.b.len);
    assert_true(wire_reparse_decode(&c, &out));
    builder_u8(&e.b, 0);
    builder_patch_u16(&e.b, 4, WIRE_REPARSE_MAX - 7);
    c = cursor_of(e.b.data, e.b.len);
    assert_false(wire_reparse_decode(&c, &out));
    in.data_len++;
    wire_reparse_encode(&e.b, &in);
    assert_true(builder_failed(&e.b));
    env_clear(&e);
}

static void test_symlink(void **state)
{
    static const uint32_t tags[] = {IO_REPARSE_TAG_SYMLINK, IO_REPARSE_TAG_MOUNT_POINT};
    size_t i;
    uint64_t seed;

    for (i = 0; i < 2; i++) {
        for (seed = 0; seed < 50; seed++) {
            struct wire_symlink in, out;
            struct wire_reparse r;
            struct cursor c;
            struct env e;
            size_t n;

            env_init(&e, seed);
            in.flags = i == 0 ? (uint32_t)testrand_next(&e.rng) : 0;
            in.substitute = random_text(&e.rng, &e.arena, 0, 30, &in.substitute_len);
            in.print = random_text(&e.rng, &e.arena, 0, 30, &in.print_len);
            wire_symlink_encode(&e.b, &in, tags[i]);
            assert_false(builder_failed(&e.b));
            c = cursor_of(e.b.data, e.b.len);
            assert_true(wire_reparse_decode(&c, &r));
            assert_int_equal(r.tag, tags[i]);
            assert_true(wire_symlink_decode(&r, &e.arena, &out));
            assert_int_equal(in.flags, out.flags);
            assert_text(in.substitute, in.substitute_len, out.substitute, out.substitute_len);
            assert_text(in.print, in.print_len, out.print, out.print_len);
            for (n = 0; n < 8; n++) {
                r.data_len = n;
                assert_false(wire_symlink_decode(&r, &e.arena, &out));
            }
            env_clear(&e);
        }
    }
}

/* The names in either order, with room between; offsets and lengths that lie. */
static void test_symlink_offsets(void **state)
{
    uint8_t data[] = {6, 0,   4, 0,    0,    0,    2,    0,   1, 0,   0,
                      0, 'p', 0, 0xff, 0xff, 0xff, 0xff, 's', 0, 't', 0};
    struct wire_reparse r = {.tag = IO_REPARSE_TAG_SYMLINK, .data = data, .data_len = sizeof(data)};
    struct wire_symlink out;
    struct arena a;
    static const struct {
        size_t at;
        uint8_t value;
    } lies[] = {{0, 7}, {1, 1}, {2, 6}, {2, 3}, {4, 9}, {6, 12}, {7, 0xff}};
    size_t i;

    arena_init(&a, TEST_MAX);
    assert_true(wire_symlink_decode(&r, &a, &out));
    assert_string_equal(out.substitute, "st");
    assert_string_equal(out.print, "p");
    assert_int_equal(out.flags, SYMLINK_FLAG_RELATIVE);
    for (i = 0; i < ARRAY_LEN(lies); i++) {
        uint8_t keep = data[lies[i].at];

        data[lies[i].at] = lies[i].value;
        assert_false(wire_symlink_decode(&r, &a, &out));
        data[lies[i].at] = keep;
    }
    r.tag = IO_REPARSE_TAG_NFS;
    assert_false(wire_symlink_decode(&r, &a, &out));
    arena_clear(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed_records),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_validate_negotiate),
        cmocka_unit_test(test_resume_key),
        cmocka_unit_test(test_copychunk),
        cmocka_unit_test(test_snapshots),
        cmocka_unit_test(test_network_interfaces),
        cmocka_unit_test(test_pipe_wait),
        cmocka_unit_test(test_set_sparse),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_duplicate_extents),
        cmocka_unit_test(test_file_regions),
        cmocka_unit_test(test_reparse_envelope),
        cmocka_unit_test(test_reparse_maximum),
        cmocka_unit_test(test_symlink),
        cmocka_unit_test(test_symlink_offsets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
