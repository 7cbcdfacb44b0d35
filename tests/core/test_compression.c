// SPDX-License-Identifier: Apache-2.0
/* Whole core: compression is agreed on, received and sent, in plain and encrypted, and refused
   where it must be ([MS-SMB2] 3.3.5.2.1.2, 3.3.5.4, 3.3.5.12, 3.3.4.1.5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compress/compress.h"
#include "core/compression.h"
#include "core/harness.h"

#define CHAINED SMB2_COMPRESSION_CAPABILITIES_FLAG_CHAINED
#define LEN     60000u

static struct world w;
static struct harness_client c;
static struct core_compression agreed; /* what the client packs and unpacks with; ids none: not */
static struct compress_work *work;
static uint8_t bytes[LEN];
static size_t packed;

static void pack(void *ctx, struct builder *message)
{
    struct chain m;
    size_t head = 64 + 48, plain = message->len;
    if (plain <= head || agreed.count == 0)
        return;
    chain_init(&m);
    struct slice v[] = {{.data = message->data, .len = head},
                        {.data = message->data + head, .len = plain - head}};
    assert_true(chain_add(&m, &v[0]) && chain_add(&m, &v[1]));
    compression_pack(&agreed, &work, &m);
    if (m.bytes != plain) {
        builder_truncate(message, 0);
        chain_copy_out(&m, builder_space(message, m.bytes));
        packed++;
    }
    chain_clear(&m);
}

static struct slice unpack(void *ctx, const uint8_t *data, size_t len)
{
    struct buf *b = compression_unpack(&agreed, data, len, 1 << 20);
    struct slice s = {0};
    if (b != NULL)
        s = slice_of(b, COMPRESSION_ROOM, b->size - COMPRESSION_ROOM);
    buf_unref(b);
    return s;
}

static void begin(struct world_config cfg, uint16_t id, uint32_t flags)
{
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    ccfg.compressions = (struct wire_ids){2, {id, SMB2_COMPRESSION_PATTERN_V1}};
    ccfg.compression_flags = flags;
    ccfg.pack = pack;
    ccfg.unpack = unpack;
    packed = 0;
    agreed.count = 0;
    harness_ready(&c, &w, &ccfg);
    compression_choose(&agreed, &c.smb.compressions, c.smb.compression_flags);
}

static void end(void)
{
    compress_work_free(work);
    work = NULL;
    harness_drop(&c);
    harness_world_end(&w);
}

static struct world_config offered(void)
{
    struct world_config cfg = harness_world_config();
    cfg.core.compression = CORE_COMPRESSION_OFFERED;
    cfg.core.encryption = CORE_ENCRYPTION_OFFERED;
    return cfg;
}

static smbkit_status read_with(struct wire_file_id id, uint8_t flags)
{
    union wire_any body = {.read_req = {.length = LEN, .file_id = id, .flags = flags}};
    struct smbclient_element e = harness_element(&c, SMB2_READ, &body);
    e.credits = smbclient_charge(&c.smb, SMB2_READ, &body);
    smbkit_status st = harness_send(&c, &e, 1, 0);
    if (st == SMBKIT_STATUS_SUCCESS) {
        assert_int_equal(harness_last(&c)->body.read_rsp.payload.len, LEN);
        assert_memory_equal(harness_last(&c)->body.read_rsp.payload.data, bytes, LEN);
    }
    return st;
}

static struct wire_file_id open_file(void)
{
    struct wire_file_id id;
    assert_int_equal(
        harness_create(&c, "f", FILE_READ_DATA | FILE_WRITE_DATA, 7, FILE_OPEN_IF, 0, &id),
        SMBKIT_STATUS_SUCCESS);
    return id;
}

static void there_and_back(void)
{
    struct wire_file_id id = open_file();
    for (size_t i = 0; i < LEN; i++)
        bytes[i] = (uint8_t)(i < 3000 ? 0 : i % 11 * (i / 5000));
    assert_int_equal(harness_write(&c, id, 0, bytes, LEN), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(packed, 1);
    size_t before = c.smb.unpacked;
    assert_int_equal(read_with(id, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(c.smb.unpacked, before);
    assert_int_equal(read_with(id, SMB2_READFLAG_REQUEST_COMPRESSED), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(c.smb.unpacked, before + 1);
}

static void test_each(void **state)
{
    for (uint16_t id = SMB2_COMPRESSION_LZNT1; id <= SMB2_COMPRESSION_LZ77_HUFFMAN; id++)
        for (uint32_t flags = 0; flags <= CHAINED; flags++)
            for (int seal = 0; seal < 2; seal++) {
                begin(offered(), id, flags);
                assert_int_equal(c.smb.compressions.count, 2);
                assert_int_equal(c.smb.compression_flags, flags);
                c.session->seal = seal;
                there_and_back();
                end();
            }
}

/* 3.3.5.4: none in common is said so; none is said when it is off. */
static void test_not_agreed(void **state)
{
    begin(offered(), SMB2_COMPRESSION_LZ4, 0);
    assert_int_equal(c.smb.compressions.count, 1); /* patterns, that nothing is sent with */
    end();
    struct world_config cfg = offered();
    cfg.core.compression = CORE_COMPRESSION_OFF;
    begin(cfg, SMB2_COMPRESSION_LZ77, CHAINED);
    assert_int_equal(c.smb.compressions.count, 0);
    struct wire_file_id id = open_file();
    compression_choose(&agreed, &(struct wire_ids){1, {SMB2_COMPRESSION_LZ77}}, 0);
    c.smb.compressions.count = 1;
    harness_write(&c, id, 0, bytes, LEN);
    assert_true(c.closed);
    end();
}

static void test_early(void **state)
{
    static const uint8_t tiny[] = {0xfc, 'S', 'M', 'B', 100, 0, 0, 0, 2, 0, 0,
                                   0,    0,   0,   0,   0,   0, 0, 0, 0, 0};
    struct world_config cfg = offered();
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    ccfg.compressions = (struct wire_ids){1, {SMB2_COMPRESSION_LZ77}};
    harness_connect(&c, &w, &ccfg);
    assert_int_equal(harness_negotiate(&c), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(c.smb.compressions.count, 1);
    harness_raw(&c, tiny, sizeof tiny);
    assert_true(c.closed);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_not_agreed),
        cmocka_unit_test(test_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
