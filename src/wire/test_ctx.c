// SPDX-License-Identifier: Apache-2.0
/* Create contexts and negotiate contexts: chains that lie, and what is inside each kind. */
#include "wire/test_gen.h"

#include "base/mem.h"
#include "wire/wire_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_MAX (1u << 20)

/* ---- the chain of create contexts ---- */

/* Decodes a chain that lies in a block of its exact size; returns the count or -1. */
static int decode_chain(const void *data, size_t size)
{
    const struct wire_create_ctx *list;
    size_t count;
    struct arena a;
    struct cursor c;
    uint8_t *exact = mem_dup(data, size);
    assert_non_null(exact);
    arena_init(&a, ARENA_MAX);
    cursor_init(&c, exact, size);
    int n = wire_create_ctxs_decode(&c, &a, 0, size, &list, &count) ? (int)count : -1;
    arena_clear(&a);
    mem_free(exact);
    return n;
}

/* Two contexts, QFid without and AlSi with data. */
#define TWO_SIZE (24 + 32)

static void two_contexts(uint8_t out[TWO_SIZE])
{
    static const uint8_t size[8] = {9};
    static const struct wire_create_ctx two[] = {
        {.id = WIRE_CTX_QFID},
        {.id = WIRE_CTX_ALSI, .data = {size, 8}},
    };
    struct builder b;
    builder_init_fixed(&b, out, TWO_SIZE);
    wire_create_ctxs_encode(&b, two, 2);
    assert_int_equal(b.len, TWO_SIZE);
    assert_int_equal(wire_create_ctxs_size(two, 2), TWO_SIZE);
}

static void lying_chains(void **state)
{
    static const struct {
        size_t at;
        uint32_t value;
        size_t width;
        int expect;
    } rows[] = {
        {0, 24, 4, 2},          /* as it is */
        {0, 0, 4, 1},           /* the second is not reached */
        {0, 20, 4, -1},         /* not aligned */
        {0, 8, 4, -1},          /* into the first's fixed part */
        {0, 16, 4, -1},         /* the first's name would lie in the second */
        {0, 48, 4, -1},         /* no room for a second */
        {0, 56, 4, -1},         /* behind the end */
        {0, 0xfffffff8, 4, -1}, /* backward */
        {4, 15, 2, -1},         /* name into the fixed part */
        {4, 21, 2, -1},         /* name into the second context */
        {6, 3, 2, -1},          /* a name is at least four bytes */
        {6, 9, 2, -1},
        {24 + 0, 8, 4, -1},
        {24 + 0, 0xffffffe8, 4, -1}, /* to the first again: a loop */
        {24 + 10, 15, 2, -1},        /* data into the fixed part */
        {24 + 10, 25, 2, -1},        /* data beyond the end */
        {24 + 12, 9, 4, -1},
        {24 + 12, 0xffffffff, 4, -1},
        {24 + 12, 0, 4, 2}, /* DataOffset is then ignored */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t bytes[TWO_SIZE];
        two_contexts(bytes);
        if (rows[i].width == 2)
            le16_store(bytes + rows[i].at, (uint16_t)rows[i].value);
        else
            le32_store(bytes + rows[i].at, rows[i].value);
        assert_int_equal(decode_chain(bytes, sizeof(bytes)), rows[i].expect);
    }
}

static void truncated_chains(void **state)
{
    uint8_t bytes[TWO_SIZE];
    two_contexts(bytes);
    for (size_t size = 0; size < sizeof(bytes); size++)
        assert_int_equal(decode_chain(bytes, size), -1);
}

static void long_chains_are_refused(void **state)
{
    struct wire_create_ctx list[WIRE_CREATE_CTX_MAX + 1];
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        list[i] = (struct wire_create_ctx){.id = WIRE_CTX_QFID};
    for (size_t n = WIRE_CREATE_CTX_MAX; n <= WIRE_CREATE_CTX_MAX + 1; n++) {
        struct builder b;
        builder_init_grow(&b, 1u << 16);
        wire_create_ctxs_encode(&b, list, n);
        assert_int_equal(decode_chain(b.data, b.len), n <= WIRE_CREATE_CTX_MAX ? (int)n : -1);
        builder_free(&b);
    }
}

static void a_short_name_is_not_encoded(void **state)
{
    struct wire_create_ctx one = {.id = WIRE_CTX_OTHER, .name = {(const uint8_t *)"abc", 3}};
    struct builder b;
    builder_init_grow(&b, 4096);
    wire_create_ctxs_encode(&b, &one, 1);
    assert_true(builder_failed(&b));
    builder_free(&b);
}

/* ---- what is in create contexts ---- */

static const struct wire_lease lease_v1 = {
    .version = 1, .key = {{1, 2, 3}}, .state = 7, .flags = SMB2_LEASE_FLAG_BREAK_IN_PROGRESS};
static const struct wire_lease lease_v2 = {.version = 2,
                                           .key = {{1, 2, 3}},
                                           .state = 5,
                                           .flags = SMB2_LEASE_FLAG_PARENT_LEASE_KEY_SET,
                                           .parent_key = {{9, 8, 7}},
                                           .epoch = 0x1234};

static const struct wire_create_req_ctxs all_req = {
    .present = (1u << WIRE_CTX_OTHER) - 1,
    .ea = {(const uint8_t *)"an ea list", 10},
    .sd = {(const uint8_t *)"a security descriptor", 21},
    .durable_reconnect = {11, 12},
    .max_access_has_time = true,
    .max_access_time = 13,
    .allocation_size = 14,
    .timewarp = 15,
    .durable_v2 = {16, SMB2_DHANDLE_FLAG_PERSISTENT, {{17}}},
    .durable_v2_reconnect = {{18, 19}, {{20}}, SMB2_DHANDLE_FLAG_PERSISTENT},
    .app_instance_id = {{21}},
    .app_instance_version_high = 22,
    .app_instance_version_low = 23,
};

static void lease_equal(const struct wire_lease *x, const struct wire_lease *y)
{
    assert_int_equal(x->version, y->version);
    assert_true(guid_equal(&x->key, &y->key));
    assert_int_equal(x->state, y->state);
    assert_int_equal(x->flags, y->flags);
    assert_true(guid_equal(&x->parent_key, &y->parent_key));
    assert_int_equal(x->epoch, y->epoch);
}

static void request_contexts_round_trip(void **state)
{
    for (int version = 1; version <= 2; version++) {
        struct wire_create_req_ctxs in = all_req, out;
        struct wire_create_ctx more = {.id = WIRE_CTX_OTHER, .name = {(const uint8_t *)"AAPL", 4}};
        const struct wire_create_ctx *list;
        size_t n;
        struct arena a;
        arena_init(&a, ARENA_MAX);
        in.lease = version == 1 ? lease_v1 : lease_v2;
        assert_true(wire_create_req_ctxs_build(&a, &in, &more, 1, &list, &n));
        assert_int_equal(n, WIRE_CTX_OTHER + 1);
        assert_memory_equal(list[n - 1].name.data, "AAPL", 4);
        assert_true(wire_create_req_ctxs_parse(list, n, &out));
        assert_int_equal(out.present, in.present);
        assert_int_equal(out.ea.len, in.ea.len);
        assert_memory_equal(out.ea.data, in.ea.data, in.ea.len);
        assert_int_equal(out.sd.len, in.sd.len);
        assert_memory_equal(out.sd.data, in.sd.data, in.sd.len);
        assert_int_equal(out.durable_reconnect.persistent, 11);
        assert_int_equal(out.durable_reconnect.volatile_id, 12);
        assert_true(out.max_access_has_time);
        assert_int_equal(out.max_access_time, 13);
        assert_int_equal(out.allocation_size, 14);
        assert_int_equal(out.timewarp, 15);
        lease_equal(&out.lease, &in.lease);
        assert_int_equal(out.durable_v2.timeout, 16);
        assert_int_equal(out.durable_v2.flags, SMB2_DHANDLE_FLAG_PERSISTENT);
        assert_int_equal(out.durable_v2.create_guid.b[0], 17);
        assert_int_equal(out.durable_v2_reconnect.file_id.persistent, 18);
        assert_int_equal(out.durable_v2_reconnect.file_id.volatile_id, 19);
        assert_int_equal(out.durable_v2_reconnect.create_guid.b[0], 20);
        assert_int_equal(out.durable_v2_reconnect.flags, SMB2_DHANDLE_FLAG_PERSISTENT);
        assert_int_equal(out.app_instance_id.b[0], 21);
        assert_int_equal(out.app_instance_version_high, 22);
        assert_int_equal(out.app_instance_version_low, 23);
        arena_clear(&a);
    }
}

static void response_contexts_round_trip(void **state)
{
    for (int version = 1; version <= 2; version++) {
        struct wire_create_rsp_ctxs out;
        struct wire_create_rsp_ctxs in = {
            .present = WIRE_CTX_BIT(WIRE_CTX_DHNQ) | WIRE_CTX_BIT(WIRE_CTX_MXAC) |
                       WIRE_CTX_BIT(WIRE_CTX_QFID) | WIRE_CTX_BIT(WIRE_CTX_RQLS) |
                       WIRE_CTX_BIT(WIRE_CTX_DH2Q),
            .max_access = {1, 2},
            .disk_id = {3, 4},
            .lease = version == 1 ? lease_v1 : lease_v2,
            .durable_v2 = {5, 2},
        };
        const struct wire_create_ctx *list;
        size_t n;
        struct arena a;
        arena_init(&a, ARENA_MAX);
        assert_true(wire_create_rsp_ctxs_build(&a, &in, NULL, 0, &list, &n));
        assert_int_equal(n, 5);
        assert_true(wire_create_rsp_ctxs_parse(list, n, &out));
        assert_int_equal(out.present, in.present);
        assert_int_equal(out.max_access.status, 1);
        assert_int_equal(out.max_access.access, 2);
        assert_int_equal(out.disk_id.file_id, 3);
        assert_int_equal(out.disk_id.volume_id, 4);
        lease_equal(&out.lease, &in.lease);
        assert_int_equal(out.durable_v2.timeout, 5);
        assert_int_equal(out.durable_v2.flags, 2);
        arena_clear(&a);
    }
}

/* Every length from 0 to 64 for every kind in both directions: only the right ones pass. */
static void lengths_of_contexts(void **state)
{
    static const struct {
        enum wire_create_ctx_id id;
        size_t req[2], rsp[2]; /* the lengths that are right; 99: none */
    } rows[] = {
        {WIRE_CTX_DHNQ, {16, 16}, {8, 8}},   {WIRE_CTX_DHNC, {16, 16}, {99, 99}},
        {WIRE_CTX_ALSI, {8, 8}, {99, 99}},   {WIRE_CTX_MXAC, {0, 8}, {8, 8}},
        {WIRE_CTX_TWRP, {8, 8}, {99, 99}},   {WIRE_CTX_QFID, {0, 0}, {32, 32}},
        {WIRE_CTX_RQLS, {32, 52}, {32, 52}}, {WIRE_CTX_DH2Q, {32, 32}, {8, 8}},
        {WIRE_CTX_DH2C, {36, 36}, {99, 99}},
    };
    static const uint8_t bytes[64];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t len = 0; len <= sizeof(bytes); len++) {
            struct wire_create_req_ctxs req;
            struct wire_create_rsp_ctxs rsp;
            struct wire_create_ctx one = {.id = rows[i].id, .data = {bytes, len}};
            assert_int_equal(wire_create_req_ctxs_parse(&one, 1, &req),
                             len == rows[i].req[0] || len == rows[i].req[1]);
            assert_int_equal(wire_create_rsp_ctxs_parse(&one, 1, &rsp),
                             len == rows[i].rsp[0] || len == rows[i].rsp[1]);
        }
    }
}

static void the_first_of_repeated_contexts_counts(void **state)
{
    static const uint8_t one[8] = {1}, two[8] = {2};
    const struct wire_create_ctx list[] = {
        {.id = WIRE_CTX_ALSI, .data = {one, 8}},
        {.id = WIRE_CTX_ALSI, .data = {two, 8}},
    };
    struct wire_create_req_ctxs out;
    assert_true(wire_create_req_ctxs_parse(list, 2, &out));
    assert_int_equal(out.allocation_size, 1);
}

static void an_impossible_response_is_not_built(void **state)
{
    struct wire_create_rsp_ctxs in = {.present = WIRE_CTX_BIT(WIRE_CTX_TWRP)};
    const struct wire_create_ctx *list;
    size_t n;
    struct arena a;
    arena_init(&a, ARENA_MAX);
    assert_false(wire_create_rsp_ctxs_build(&a, &in, NULL, 0, &list, &n));
    arena_clear(&a);
}

/* ---- negotiate contexts ---- */

static const struct wire_negotiate_ctxs all_negotiate = {
    .present = 0x1ee, /* types 1, 2, 3, 5, 6, 7, 8 */
    .hashes = {1, {SMB2_PREAUTH_INTEGRITY_SHA512}},
    .salt = {(const uint8_t *)"salt and more", 13},
    .ciphers = {2, {SMB2_ENCRYPTION_AES256_GCM, SMB2_ENCRYPTION_AES128_GCM}},
    .compressions = {1, {SMB2_COMPRESSION_LZ77}},
    .compression_flags = SMB2_COMPRESSION_CAPABILITIES_FLAG_CHAINED,
    .netname = {(const uint8_t *)"h\0o\0", 4},
    .transport_flags = SMB2_ACCEPT_TRANSPORT_LEVEL_SECURITY,
    .rdma_transforms = {2, {SMB2_RDMA_TRANSFORM_ENCRYPTION, SMB2_RDMA_TRANSFORM_SIGNING}},
    .signings = {2, {SMB2_SIGNING_AES_GMAC, SMB2_SIGNING_AES_CMAC}},
};

static void ids_equal(const struct wire_ids *x, const struct wire_ids *y)
{
    assert_int_equal(x->count, y->count);
    assert_memory_equal(x->id, y->id, sizeof(x->id));
}

static void negotiate_contexts_round_trip(void **state)
{
    const struct wire_negotiate_ctxs *in = &all_negotiate;
    struct wire_negotiate_ctxs out;
    const struct wire_negotiate_ctx *list;
    size_t n;
    struct arena a;
    arena_init(&a, ARENA_MAX);
    assert_true(wire_negotiate_ctxs_build(&a, in, &list, &n));
    assert_int_equal(n, 7);
    assert_true(wire_negotiate_ctxs_parse(list, n, &out));
    assert_int_equal(out.present, in->present);
    assert_int_equal(out.repeated, 0);
    ids_equal(&out.hashes, &in->hashes);
    assert_int_equal(out.salt.len, in->salt.len);
    assert_memory_equal(out.salt.data, in->salt.data, in->salt.len);
    ids_equal(&out.ciphers, &in->ciphers);
    ids_equal(&out.compressions, &in->compressions);
    assert_int_equal(out.compression_flags, in->compression_flags);
    assert_int_equal(out.netname.len, in->netname.len);
    assert_memory_equal(out.netname.data, in->netname.data, in->netname.len);
    assert_int_equal(out.transport_flags, in->transport_flags);
    ids_equal(&out.rdma_transforms, &in->rdma_transforms);
    ids_equal(&out.signings, &in->signings);
    arena_clear(&a);
}

/* Cut anywhere, a context is malformed, says so, and leaves nothing of itself behind. */
static void truncated_negotiate_contexts(void **state)
{
    struct arena a;
    const struct wire_negotiate_ctx *list;
    size_t n;
    arena_init(&a, ARENA_MAX);
    assert_true(wire_negotiate_ctxs_build(&a, &all_negotiate, &list, &n));
    for (size_t i = 0; i < n; i++) {
        if (list[i].type == SMB2_NETNAME_NEGOTIATE_CONTEXT_ID)
            continue; /* any length is right */
        for (size_t len = 0; len < list[i].data.len; len++) {
            struct wire_negotiate_ctxs out;
            struct wire_negotiate_ctx cut = list[i];
            cut.data.data = mem_dup(list[i].data.data, len);
            assert_non_null(cut.data.data);
            cut.data.len = len;
            assert_false(wire_negotiate_ctxs_parse(&cut, 1, &out));
            assert_int_equal(out.malformed, WIRE_NEGOTIATE_BIT(cut.type));
            assert_int_equal(out.present, out.malformed);
            assert_int_equal(out.ciphers.count + out.hashes.count + out.signings.count, 0);
            mem_free((void *)cut.data.data);
        }
    }
    arena_clear(&a);
}

static void odd_negotiate_contexts(void **state)
{
    static const uint8_t gcm[] = {1, 0, 2, 0}, ccm[] = {1, 0, 1, 0}, none[] = {0, 0, 2, 0};
    const struct wire_negotiate_ctx list[] = {
        {SMB2_CONTEXTTYPE_RESERVED, {gcm, 1}},
        {4, {gcm, 4}},
        {0, {gcm, 4}},
        {0xffff, {gcm, 4}},
        {SMB2_ENCRYPTION_CAPABILITIES, {gcm, 4}},
        {SMB2_ENCRYPTION_CAPABILITIES, {ccm, 4}},
    };
    const struct wire_negotiate_ctx empty = {SMB2_SIGNING_CAPABILITIES, {none, 4}};
    struct wire_negotiate_ctxs out;
    assert_true(wire_negotiate_ctxs_parse(list, ARRAY_LEN(list), &out));
    assert_int_equal(out.present, WIRE_NEGOTIATE_BIT(SMB2_ENCRYPTION_CAPABILITIES));
    assert_int_equal(out.repeated, out.present);
    assert_int_equal(out.ciphers.id[0], SMB2_ENCRYPTION_AES128_GCM);
    assert_false(wire_negotiate_ctxs_parse(&empty, 1, &out));
}

static void long_lists_are_cut(void **state)
{
    uint8_t bytes[2 + 2 * (WIRE_NEGOTIATE_IDS_MAX + 5)] = {WIRE_NEGOTIATE_IDS_MAX + 5};
    const struct wire_negotiate_ctx one = {SMB2_ENCRYPTION_CAPABILITIES, {bytes, sizeof(bytes)}};
    struct wire_negotiate_ctxs out;
    assert_true(wire_negotiate_ctxs_parse(&one, 1, &out));
    assert_int_equal(out.ciphers.count, WIRE_NEGOTIATE_IDS_MAX);
}

/* The list of contexts in a NEGOTIATE request: offset, alignment and count. */
static void negotiate_context_offsets(void **state)
{
    static const uint16_t dialects[] = {SMB2_DIALECT_311};
    static const struct wire_negotiate_ctx ctxs[] = {{2, {(const uint8_t *)"abc", 3}},
                                                     {8, {(const uint8_t *)"defgh", 5}}};
    struct wire_negotiate_req in = {
        .dialects = dialects, .dialect_count = 1, .ctxs = ctxs, .ctx_count = 2};
    static const struct {
        uint32_t offset;
        uint16_t count;
        bool ok;
    } rows[] = {
        {104, 2, true},
        {104, 1, true},
        {104, 3, false},
        {105, 2, false},
        {112, 1, false},
        {96, 2, false},
        {0, 2, false},
        {0, 0, true},
        {1 << 20, 2, false},
        {0xfffffff8, 2, false},
        {104, WIRE_NEGOTIATE_CTX_MAX + 1, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wire_negotiate_req out;
        struct builder b;
        struct cursor c;
        struct arena a;
        arena_init(&a, ARENA_MAX);
        builder_init_grow(&b, 4096);
        builder_zero(&b, SMB2_HEADER_SIZE);
        assert_true(wire_negotiate_req_encode(&b, 0, &in));
        assert_int_equal(le32_load(b.data + SMB2_HEADER_SIZE + 28), 104);
        builder_patch_u32(&b, SMB2_HEADER_SIZE + 28, rows[i].offset);
        builder_patch_u16(&b, SMB2_HEADER_SIZE + 32, rows[i].count);
        cursor_init(&c, b.data, b.len);
        cursor_seek(&c, SMB2_HEADER_SIZE);
        assert_int_equal(wire_negotiate_req_decode(&c, &a, &out), rows[i].ok);
        builder_free(&b);
        arena_clear(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lying_chains),
        cmocka_unit_test(truncated_chains),
        cmocka_unit_test(long_chains_are_refused),
        cmocka_unit_test(a_short_name_is_not_encoded),
        cmocka_unit_test(request_contexts_round_trip),
        cmocka_unit_test(response_contexts_round_trip),
        cmocka_unit_test(lengths_of_contexts),
        cmocka_unit_test(the_first_of_repeated_contexts_counts),
        cmocka_unit_test(an_impossible_response_is_not_built),
        cmocka_unit_test(negotiate_contexts_round_trip),
        cmocka_unit_test(truncated_negotiate_contexts),
        cmocka_unit_test(odd_negotiate_contexts),
        cmocka_unit_test(long_lists_are_cut),
        cmocka_unit_test(negotiate_context_offsets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
