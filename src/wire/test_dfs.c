// SPDX-License-Identifier: Apache-2.0
/* DFS referrals: both requests, all versions of the response, and what must not be accepted. */
#include "wire/test_info_util.h"

#include "wire/fsctl_dfs.h"

#define TEXT_OF(s) (s), sizeof(s) - 1

struct env {
    struct arena arena;
    struct builder b;
};

static void env_init(struct env *e)
{
    arena_init(&e->arena, 16 * TEST_MAX);
    builder_init_grow(&e->b, TEST_MAX);
}

static void env_clear(struct env *e)
{
    arena_clear(&e->arena);
    builder_free(&e->b);
}

static void same_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
    assert_int_equal(a_len, b_len);
    assert_memory_equal(a, b, a_len);
}

static void test_request(void **state)
{
    static const struct wire_dfs_req in = {
        .max_level = 4, .path = "\\server\\\xc3\xbc", .path_len = 10, .has_site = false};
    static const uint8_t head[] = {4, 0, '\\', 0, 's', 0, 'e', 0};
    struct wire_dfs_req out;
    struct env e;

    env_init(&e);
    wire_dfs_req_encode(&e.b, &in, false);
    assert_int_equal(e.b.len, 2 + 2 * 9 + 2);
    assert_memory_equal(e.b.data, head, sizeof(head));
    for (size_t n = 0; n <= e.b.len; n++) {
        uint8_t *cut = exact_copy(e.b.data, n);
        struct cursor c = cursor_of(cut, n);

        assert_int_equal(wire_dfs_req_decode(&c, &e.arena, &out, false), n == e.b.len);
        mem_free(cut);
    }
    assert_int_equal(out.max_level, 4);
    same_text(out.path, out.path_len, in.path, in.path_len);
    env_clear(&e);
}

static void test_request_ex(void **state)
{
    struct wire_dfs_req in = {4, TEXT_OF("\\s\\d"), true, TEXT_OF("here")}, out;
    struct env e;

    for (int site = 0; site < 2; site++) {
        in.has_site = site != 0;
        env_init(&e);
        wire_dfs_req_encode(&e.b, &in, true);
        assert_int_equal(e.b.len, 8 + 2 + 10 + (site ? 12 : 0));
        for (size_t n = 0; n <= e.b.len; n++) {
            uint8_t *cut = exact_copy(e.b.data, n);
            struct cursor c = cursor_of(cut, n);

            assert_int_equal(wire_dfs_req_decode(&c, &e.arena, &out, true), n == e.b.len);
            mem_free(cut);
        }
        same_text(out.path, out.path_len, TEXT_OF("\\s\\d"));
        assert_int_equal(out.has_site, site);
        if (site)
            same_text(out.site, out.site_len, TEXT_OF("here"));
        env_clear(&e);
    }
}

/* A counted name need not end with a NUL; one that lies about its length is refused. */
static void test_request_ex_lengths(void **state)
{
    uint8_t data[] = {3, 0, 0, 0, 6, 0, 0, 0, 4, 0, '\\', 0, 's', 0};
    struct wire_dfs_req out;
    struct arena a;
    struct cursor c = cursor_of(data, sizeof(data));

    arena_init(&a, TEST_MAX);
    assert_true(wire_dfs_req_decode(&c, &a, &out, true));
    same_text(out.path, out.path_len, TEXT_OF("\\s"));
    for (unsigned lie = 3; lie < 0x10000; lie += 2) {
        data[8] = (uint8_t)lie;
        data[9] = (uint8_t)(lie >> 8);
        c = cursor_of(data, sizeof(data));
        assert_false(wire_dfs_req_decode(&c, &a, &out, true));
    }
    data[8] = 4, data[9] = 0, data[4] = 7;
    c = cursor_of(data, sizeof(data));
    assert_false(wire_dfs_req_decode(&c, &a, &out, true));
    arena_clear(&a);
}

static const struct wire_dfs_target two[] = {{TEXT_OF("\\one\\share")},
                                             {TEXT_OF("\\two\\share\\sub")}};

static struct wire_dfs_rsp response(uint16_t version)
{
    return (struct wire_dfs_rsp){
        .path_consumed = 24,
        .flags = DFS_STORAGE_SERVERS,
        .version = version,
        .server_type = 1,
        .ttl = 300,
        .path = "\\srv\\dfs\\lnk",
        .path_len = 12,
        .targets = two,
        .count = 2,
    };
}

static void check_response(const struct wire_dfs_rsp *in, const struct wire_dfs_rsp *out)
{
    assert_int_equal(out->path_consumed, in->path_consumed);
    assert_int_equal(out->flags, in->flags);
    assert_int_equal(out->version, in->version);
    assert_int_equal(out->server_type, in->server_type);
    assert_int_equal(out->count, in->count);
    assert_int_equal(out->ttl, in->version > 1 ? in->ttl : 0);
    same_text(out->path, out->path_len, in->path, in->version > 1 ? in->path_len : 0);
    for (size_t i = 0; i < in->count; i++)
        same_text(out->targets[i].path, out->targets[i].path_len, in->targets[i].path,
                  in->targets[i].path_len);
}

static void test_response(void **state)
{
    for (uint16_t version = 1; version <= WIRE_DFS_VERSION_MAX; version++) {
        struct wire_dfs_rsp in = response(version), out;
        struct env e;

        env_init(&e);
        wire_dfs_rsp_encode(&e.b, &in);
        assert_false(builder_failed(&e.b));
        assert_int_equal(e.b.len, wire_dfs_rsp_size(&in));
        for (size_t n = 0; n <= e.b.len; n++) {
            uint8_t *cut = exact_copy(e.b.data, n);
            struct cursor c = cursor_of(cut, n);

            assert_int_equal(wire_dfs_rsp_decode(&c, &e.arena, &out), n == e.b.len);
            mem_free(cut);
        }
        check_response(&in, &out);
        env_clear(&e);
    }
}

/* Where things are in an answer of version 4 ([MS-DFSC] 2.2.4, 2.2.5.4). */
static void test_response_bytes(void **state)
{
    struct wire_dfs_rsp in = response(4);
    const uint8_t *p;
    struct env e;

    env_init(&e);
    wire_dfs_rsp_encode(&e.b, &in);
    p = e.b.data;
    assert_int_equal(le16_load(p), 24);
    assert_int_equal(le16_load(p + 2), 2);
    assert_int_equal(le32_load(p + 4), 2);
    assert_int_equal(le16_load(p + 8), 4);      /* VersionNumber */
    assert_int_equal(le16_load(p + 10), 34);    /* Size */
    assert_int_equal(le16_load(p + 14), 4);     /* TargetSetBoundary: of the first one only */
    assert_int_equal(le16_load(p + 42 + 6), 0); /* ... not of the second */
    assert_int_equal(le32_load(p + 16), 300);
    assert_int_equal(le16_load(p + 20), 68); /* DFSPathOffset: behind both entries */
    assert_int_equal(le16_load(p + 42 + 12), 34);
    assert_int_equal(le16_load(p + 22), 68);
    assert_int_equal(le16_load(p + 24), 68 + 26); /* NetworkAddressOffset */
    assert_int_equal(p[8 + 68 + 26 + 2], 'o');
    env_clear(&e);
}

static void test_response_lies(void **state)
{
    static const struct {
        size_t at;
        uint16_t value;
    } lies[] = {{2, 3},       {2, WIRE_DFS_TARGETS_MAX + 1},
                {8, 0},       {8, 5},
                {8, 3},       {10, 8},
                {10, 0xffff}, {14, 2},
                {20, 0xfffe}, {24, 0xfffe},
                {42 + 2, 33}, {42, 3}};
    struct wire_dfs_rsp in = response(4), out;
    struct env e;

    env_init(&e);
    wire_dfs_rsp_encode(&e.b, &in);
    for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
        uint16_t keep = le16_load(e.b.data + lies[i].at);
        struct cursor c;

        le16_store(e.b.data + lies[i].at, lies[i].value);
        c = cursor_of(e.b.data, e.b.len);
        if (wire_dfs_rsp_decode(&c, &e.arena, &out))
            fail_msg("accepted: %zu = %u", lies[i].at, lies[i].value);
        le16_store(e.b.data + lies[i].at, keep);
    }
    env_clear(&e);
}

/* No target at all is an answer; text that does not fit into 16 bits makes none. */
static void test_response_edges(void **state)
{
    static char text[0x8000];
    const struct wire_dfs_target long_target = {text, sizeof(text)};
    struct wire_dfs_rsp in = response(3), out;
    struct cursor c;
    struct env e;

    env_init(&e);
    in.count = 0;
    wire_dfs_rsp_encode(&e.b, &in);
    assert_int_equal(e.b.len, 8);
    c = cursor_of(e.b.data, e.b.len);
    assert_true(wire_dfs_rsp_decode(&c, &e.arena, &out));
    assert_int_equal(out.count, 0);
    memset(text, 'x', sizeof(text));
    in.count = 1;
    in.targets = &long_target;
    wire_dfs_rsp_encode(&e.b, &in);
    assert_true(builder_failed(&e.b));
    memset(text, 0xff, 4); /* no text */
    assert_int_equal(wire_dfs_rsp_size(&in), SIZE_MAX);
    env_clear(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_request_ex),
        cmocka_unit_test(test_request_ex_lengths),
        cmocka_unit_test(test_response),
        cmocka_unit_test(test_response_bytes),
        cmocka_unit_test(test_response_lies),
        cmocka_unit_test(test_response_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
