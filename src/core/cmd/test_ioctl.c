// SPDX-License-Identifier: Apache-2.0
/* IOCTL over the memory plugin. */
#include "core/cmd/test_bench.h"
#include "core/meta.h"
#include "lease/lock.h"
#include "wire/fsctl.h"
#include "wire/fsctl_file.h"
#include "wire/fsctl_reparse.h"
#include "wire/fsctl_srv.h"
#include "wire/info_file.h"

static smbkit_status ioctl(struct core_open *o, uint32_t code, const struct builder *in,
                           uint32_t room)
{
    bench_request(&bench.req, &command_ioctl, o);
    bench.req.in.ioctl = (struct wire_ioctl_req){.ctl_code = code,
                                                 .flags = SMB2_0_IOCTL_IS_FSCTL,
                                                 .max_output_response = room,
                                                 .input = {in->data, in->len}};
    if (o == NULL)
        bench.req.in.ioctl.file_id = (struct wire_file_id){UINT64_MAX, UINT64_MAX};
    return bench_go(&bench.req);
}

static struct cursor output(void)
{
    struct wire_ioctl_rsp rsp;
    struct cursor c = bench_reply(&bench.req), out;
    assert_true(wire_ioctl_rsp_decode(&c, NULL, &rsp));
    cursor_init(&out, rsp.payload.data, rsp.payload.len);
    return out;
}

/* ---------------------------------------------------------------- copies and ranges */

static void put(struct core_open *o, uint64_t at, const char *text)
{
    bench_wait(vfs_write(&bench.op, bench.volume, o->file, at, text, (uint32_t)strlen(text)));
    assert_int_equal(bench.op.status, SMBKIT_STATUS_SUCCESS);
}

static void expect_data(struct core_open *o, const char *text)
{
    bench_wait(vfs_read(&bench.op, bench.volume, o->file, 0, 100));
    assert_int_equal(bench.op.data.len, strlen(text));
    assert_memory_equal(bench.op.data.data, text, strlen(text));
}

static struct wire_copychunk_rsp copy(struct core_open *to, const uint8_t *key,
                                      struct wire_copychunk *chunks, uint32_t n,
                                      smbkit_status status)
{
    struct builder b;
    struct wire_copychunk_req in = {.chunk_count = n, .chunks = chunks};
    struct wire_copychunk_rsp rsp = {0};
    memcpy(in.source_key, key, sizeof in.source_key);
    builder_init_grow(&b, 65536);
    wire_copychunk_req_encode(&b, &in);
    assert_int_equal(ioctl(to, FSCTL_SRV_COPYCHUNK, &b, 12), status);
    if (bench.req.with_body || status == SMBKIT_STATUS_SUCCESS) {
        struct cursor c = output();
        assert_true(wire_copychunk_rsp_decode(&c, &rsp));
    }
    builder_free(&b);
    bench_request_free(&bench.req);
    return rsp;
}

static void test_copychunk(void **state)
{
    (void)state;
    struct builder none;
    struct wire_resume_key key;
    struct core_open *from = bench_open("from", true, false), *to = bench_open("to", true, false);
    put(from, 0, "Hello, world");
    builder_init_grow(&none, 0);
    assert_int_equal(ioctl(from, FSCTL_SRV_REQUEST_RESUME_KEY, &none, 31),
                     SMBKIT_STATUS_INVALID_PARAMETER);
    bench_request_free(&bench.req);
    assert_int_equal(ioctl(from, FSCTL_SRV_REQUEST_RESUME_KEY, &none, 32), SMBKIT_STATUS_SUCCESS);
    struct cursor c = output();
    assert_int_equal(cursor_left(&c), 32);
    assert_true(wire_resume_key_decode(&c, &key));
    bench_request_free(&bench.req);

    struct wire_copychunk chunks[] = {{7, 0, 5}, {0, 5, 5}};
    struct wire_copychunk_rsp rsp = copy(to, key.key, chunks, 2, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(rsp.chunks_written, 2);
    assert_int_equal(rsp.total_bytes_written, 10);
    expect_data(to, "worldHello");

    chunks[1].length = 100;
    put(to, 0, "-----");
    rsp = copy(to, key.key, chunks, 2, SMBKIT_STATUS_INVALID_VIEW_SIZE);
    assert_int_equal(rsp.chunks_written, 1); /* what comes before the bad one is copied */
    assert_int_equal(rsp.chunk_bytes_written, 0);
    assert_int_equal(rsp.total_bytes_written, 5);
    expect_data(to, "worldHello");
    from->access = FILE_EXECUTE;
    rsp = copy(to, key.key, chunks, 1, SMBKIT_STATUS_SUCCESS);
    from->access = FILE_WRITE_DATA;
    rsp = copy(to, key.key, chunks, 1, SMBKIT_STATUS_ACCESS_DENIED);
    from->access = ~0u;
    chunks[1].length = 0;
    rsp = copy(to, key.key, chunks, 2, SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(rsp.chunks_written, 256);
    assert_int_equal(rsp.chunk_bytes_written, 1 << 20);
    assert_int_equal(rsp.total_bytes_written, 16 << 20);
    chunks[1].length = 5;
    assert_int_equal(lease_lock(&from->lease, 0, 1, true, NULL), SMBKIT_STATUS_SUCCESS);
    struct core_open *other = bench_open("from", false, false);
    uint8_t other_key[24];
    memcpy(other_key, key.key, 24);
    le64_store(other_key, other->persistent_id);
    le64_store(other_key + 8, other->volatile_id);
    rsp = copy(to, other_key, chunks, 2, SMBKIT_STATUS_FILE_LOCK_CONFLICT);
    assert_int_equal(rsp.chunks_written, 0);
    key.key[16]++;
    copy(to, key.key, chunks, 2, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(from->users, 0);
    bench_close(other);
    bench_close(from);
    bench_close(to);
}

/* ---------------------------------------------------------------- a plugin that copies itself */

static smbkit_status copying_says;
static struct smbkit_copy_args copied; /* the last one */
static int copies;

static void copy_range(struct smbkit_op *op, void *vol, void *file,
                       const struct smbkit_copy_args *args)
{
    static const struct smbkit_attr attr = {.file_id = 9};
    copied = *args;
    copies++;
    if (copying_says == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_attr(op, &attr);
    else
        smbkit_reply_status(op, copying_says);
}

static void answer_message(struct smbkit_op *op, void *vol, void *file,
                           const struct smbkit_fsctl_args *args)
{
    if (args->code != SMBKIT_FSCTL_PIPE_TRANSCEIVE)
        smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
    else
        smbkit_reply_data(op, args->in, args->in_len);
}

static void copying(struct smbkit_plugin *plugin, struct smbkit_vfs *calls)
{
    plugin->capabilities |= SMBKIT_CAP_CLONE;
    calls->copy_range = copy_range;
    calls->fsctl = answer_message;
    copies = 0;
}

static int setup_copying(void **state)
{
    bench_adjust = copying;
    return bench_setup(state);
}

static smbkit_status duplicate_at(struct core_open *from, struct core_open *to, uint64_t source,
                                  uint64_t target, uint64_t length)
{
    struct builder b;
    builder_init_grow(&b, 100);
    builder_u64(&b, from->persistent_id);
    builder_u64(&b, from->volatile_id);
    builder_u64(&b, source);
    builder_u64(&b, target);
    builder_u64(&b, length);
    smbkit_status st = ioctl(to, FSCTL_DUPLICATE_EXTENTS_TO_FILE, &b, 0);
    bench_request_free(&bench.req);
    builder_free(&b);
    return st;
}

static smbkit_status duplicate(struct core_open *from, struct core_open *to, uint64_t length)
{
    return duplicate_at(from, to, 0, 0, length);
}

/* [MS-FSA] 2.1.5.10.4 */
static void test_duplicate(void **state)
{
    (void)state;
    struct core_open *from = bench_open("from", true, false), *to = bench_open("to", true, false);
    put(from, 8191, "!");
    put(from, 0, "Hello");
    assert_int_equal(duplicate_at(from, to, 0, 0, 4096), SMBKIT_STATUS_SUCCESS);
    expect_data(to, ""); /* no file grows by it */
    put(to, 4095, ".");
    assert_int_equal(duplicate_at(from, to, 1, 0, 4095), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(duplicate_at(from, to, 0, 0, 4095), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(duplicate_at(from, to, 8192, 0, 4096), SMBKIT_STATUS_NOT_SUPPORTED);
    assert_int_equal(duplicate_at(from, from, 0, 4096, 8192), SMBKIT_STATUS_NOT_SUPPORTED);
    /* a lock is in nobody's way */
    assert_int_equal(lease_lock(&from->lease, 0, 1, true, NULL), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(duplicate_at(from, to, 0, 0, 4096), SMBKIT_STATUS_SUCCESS);
    bench_wait(vfs_read(&bench.op, bench.volume, to->file, 0, 5));
    assert_memory_equal(bench.op.data.data, "Hello", 5);
    bench_wait(vfs_set_sparse(&bench.op, bench.volume, from->file, true));
    assert_int_equal(duplicate_at(from, to, 0, 0, 4096), SMBKIT_STATUS_NOT_SUPPORTED);
    bench_close(from);
    bench_close(to);
}

static smbkit_status compression(struct core_open *o, uint16_t state)
{
    struct builder b;
    builder_init_grow(&b, 16);
    builder_u16(&b, state);
    smbkit_status st = ioctl(o, FSCTL_SET_COMPRESSION, &b, 0);
    bench_request_free(&bench.req);
    builder_free(&b);
    return st;
}

static uint16_t compression_of(struct core_open *o)
{
    struct builder none;
    builder_init_grow(&none, 0);
    assert_int_equal(ioctl(o, FSCTL_GET_COMPRESSION, &none, 2), SMBKIT_STATUS_SUCCESS);
    struct cursor c = output();
    uint16_t state = cursor_u16(&c);
    bench_request_free(&bench.req);
    return state;
}

static void test_compression(void **state)
{
    (void)state;
    struct core_open *o = bench_open("f", true, false);
    assert_int_equal(compression_of(o), COMPRESSION_FORMAT_NONE);
    assert_int_equal(compression(o, 0x42), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(compression(o, COMPRESSION_FORMAT_DEFAULT), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(compression_of(o), COMPRESSION_FORMAT_LZNT1);
    assert_int_equal(compression(o, COMPRESSION_FORMAT_NONE), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(compression_of(o), COMPRESSION_FORMAT_NONE);
    o->access = FILE_WRITE_DATA;
    assert_int_equal(compression(o, COMPRESSION_FORMAT_DEFAULT), SMBKIT_STATUS_SUCCESS);
    o->access = FILE_READ_DATA | FILE_APPEND_DATA;
    assert_int_equal(compression(o, COMPRESSION_FORMAT_NONE), SMBKIT_STATUS_ACCESS_DENIED);
    bench_close(o);
}

static void test_trim(void **state)
{
    (void)state;
    struct core_open *o = bench_open("f", true, false);
    struct builder b;
    put(o, 0, "0");
    put(o, 4096, "1");
    put(o, 8191, "2");
    builder_init_grow(&b, 64);
    builder_u32(&b, 0);
    builder_u32(&b, 1);
    builder_u64(&b, 1);
    builder_u64(&b, 8191);
    assert_int_equal(ioctl(o, FSCTL_FILE_LEVEL_TRIM, &b, 4), SMBKIT_STATUS_SUCCESS);
    struct cursor c = output();
    assert_int_equal(cursor_u32(&c), 1);
    bench_request_free(&bench.req);
    builder_free(&b);
    /* whole pages only */
    bench_wait(vfs_read(&bench.op, bench.volume, o->file, 0, 8192));
    assert_int_equal(bench.op.data.data[0], '0');
    assert_int_equal(bench.op.data.data[4096], 0);
    assert_int_equal(bench.op.data.data[8191], 0);
    bench_close(o);
}

static void test_plugin_copies(void **state)
{
    (void)state;
    struct core_open *from = bench_open("from", true, false), *to = bench_open("to", true, false);
    put(from, 0, "Hello, world");
    put(to, 0, "############");
    copying_says = SMBKIT_STATUS_SUCCESS;
    assert_int_equal(duplicate(from, to, 12), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(copies, 1);
    assert_ptr_equal(copied.from, from->file);
    assert_int_equal(copied.length, 12);
    assert_int_equal(copied.flags, SMBKIT_COPY_CLONE);
    expect_data(to, "############"); /* it was not the core that copied */
    copying_says = SMBKIT_STATUS_DISK_FULL;
    assert_int_equal(duplicate(from, to, 12), SMBKIT_STATUS_DISK_FULL);
    expect_data(to, "############");
    copying_says = SMBKIT_STATUS_NOT_SUPPORTED;
    assert_int_equal(duplicate(from, to, 12), SMBKIT_STATUS_SUCCESS);
    expect_data(to, "Hello, world");
    assert_int_equal(copies, 3);
    /* a range onto itself is no copy */
    assert_int_equal(duplicate(to, to, 12), SMBKIT_STATUS_NOT_SUPPORTED);
    assert_int_equal(copies, 3);
    /* more than is copied by hand */
    bench_wait(vfs_set_size(&bench.op, bench.volume, from->file, 1ull << 30));
    bench_wait(vfs_set_size(&bench.op, bench.volume, to->file, 1ull << 30));
    assert_int_equal(duplicate(from, to, 1ull << 30), SMBKIT_STATUS_NOT_SUPPORTED);
    copying_says = SMBKIT_STATUS_SUCCESS;
    assert_int_equal(duplicate(from, to, 1ull << 30), SMBKIT_STATUS_SUCCESS);
    bench_close(from);
    bench_close(to);
}

static smbkit_status message(struct core_open *o, uint32_t code, const char *text, uint32_t room)
{
    struct builder b;
    builder_init_grow(&b, 100);
    builder_bytes(&b, text, strlen(text));
    smbkit_status st = ioctl(o, code, &b, room);
    builder_free(&b);
    return st;
}

static void expect_answer(const char *text)
{
    struct cursor c = output();
    assert_int_equal(cursor_left(&c), strlen(text));
    assert_memory_equal(cursor_take(&c, strlen(text)), text, strlen(text));
    bench_request_free(&bench.req);
}

static void test_plugin_answers_codes(void **state)
{
    const uint32_t any = 0x00090100; /* a code that needs no right */
    (void)state;
    struct core_open *o = bench_open("file", true, false);
    assert_int_equal(message(o, SMBKIT_FSCTL_PIPE_TRANSCEIVE, "question", 100),
                     SMBKIT_STATUS_SUCCESS);
    expect_answer("question");
    assert_int_equal(message(o, SMBKIT_FSCTL_PIPE_TRANSCEIVE, "question", 5),
                     SMBKIT_STATUS_BUFFER_OVERFLOW);
    expect_answer("quest");
    assert_int_equal(message(o, any, "", 0), SMBKIT_STATUS_SUCCESS);
    expect_answer("");
    uint32_t access = o->access;
    o->access = FILE_READ_DATA;
    assert_int_equal(message(o, SMBKIT_FSCTL_PIPE_TRANSCEIVE, "", 5), SMBKIT_STATUS_ACCESS_DENIED);
    bench_request_free(&bench.req);
    o->access = access;
    bench.share.read_only = true;
    assert_int_equal(message(o, any, "", 0), SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    bench_request_free(&bench.req);
    bench_close(o);
}

static void test_file_codes(void **state)
{
    (void)state;
    struct builder b;
    struct wire_range range;
    struct core_open *o = bench_open("f", true, false);
    put(o, 0, "Hello, world");
    builder_init_grow(&b, 256);
    wire_zero_data_encode(&b, &(struct wire_zero_data){1, 4});
    assert_int_equal(ioctl(o, FSCTL_SET_ZERO_DATA, &b, 0), SMBKIT_STATUS_SUCCESS);
    bench_request_free(&bench.req);
    bench_wait(vfs_read(&bench.op, bench.volume, o->file, 0, 100));
    assert_memory_equal(bench.op.data.data, "H\0\0\0o, world", 12);
    assert_int_equal(ioctl(o, FSCTL_QUERY_ALLOCATED_RANGES, &b, 8), SMBKIT_STATUS_BUFFER_TOO_SMALL);
    bench_request_free(&bench.req);
    builder_truncate(&b, 0);
    wire_range_encode(&b, &(struct wire_range){0, 4096});
    assert_int_equal(ioctl(o, FSCTL_QUERY_ALLOCATED_RANGES, &b, 4096), SMBKIT_STATUS_SUCCESS);
    struct cursor c = output();
    assert_true(wire_range_decode(&c, &range));
    assert_int_equal(range.file_offset, 0);
    bench_request_free(&bench.req);
    assert_int_equal(ioctl(o, FSCTL_CREATE_OR_GET_OBJECT_ID, &b, 64), SMBKIT_STATUS_SUCCESS);
    c = output();
    assert_int_equal(cursor_left(&c), 64);
    uint8_t id[64];
    cursor_bytes(&c, id, sizeof id);
    assert_memory_equal(id, id + 32, 16);
    assert_memory_not_equal(id, id + 16, 16);
    bench_request_free(&bench.req);
    assert_int_equal(ioctl(o, FSCTL_GET_OBJECT_ID, &b, 63), SMBKIT_STATUS_INVALID_PARAMETER);
    bench_request_free(&bench.req);
    assert_int_equal(ioctl(o, FSCTL_SET_OBJECT_ID, &b, 64), SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    bench_request_free(&bench.req);
    assert_int_equal(ioctl(NULL, FSCTL_SET_ZERO_DATA, &b, 64), SMBKIT_STATUS_FILE_CLOSED);
    bench_request_free(&bench.req);
    assert_int_equal(ioctl(NULL, FSCTL_DFS_GET_REFERRALS, &b, 64),
                     SMBKIT_STATUS_FS_DRIVER_REQUIRED);
    bench_request_free(&bench.req);
    assert_int_equal(ioctl(o, FSCTL_DFS_GET_REFERRALS, &b, 64), SMBKIT_STATUS_INVALID_PARAMETER);
    bench_request_free(&bench.req);
    o->access = FILE_READ_DATA;
    assert_int_equal(ioctl(o, FSCTL_SET_ZERO_DATA, &b, 0), SMBKIT_STATUS_ACCESS_DENIED);
    bench_request_free(&bench.req);
    builder_free(&b);
    bench_close(o);
}

/* ---------------------------------------------------------------- the negotiation */

static const char *validate(const struct wire_validate_negotiate_req *in, uint32_t room)
{
    struct builder b;
    builder_init_grow(&b, 256);
    wire_validate_negotiate_req_encode(&b, in);
    bench.refused = NULL;
    ioctl(NULL, FSCTL_VALIDATE_NEGOTIATE_INFO, &b, room);
    bench_request_free(&bench.req);
    builder_free(&b);
    return bench.refused;
}

static void test_validate_negotiate(void **state)
{
    (void)state;
    uint16_t dialects[] = {SMB2_DIALECT_202, SMB2_DIALECT_302};
    struct wire_validate_negotiate_req in = {.capabilities = 5,
                                             .guid = {{1, 2, 3}},
                                             .security_mode = 1,
                                             .dialect_count = 2,
                                             .dialects = {SMB2_DIALECT_202, SMB2_DIALECT_302}};
    bench.conn.client_dialects = dialects;
    bench.conn.client_dialect_count = 2;
    bench.conn.client_capabilities = 5;
    bench.conn.client_guid = in.guid;
    bench.conn.client_security_mode = 1;
    assert_null(validate(&in, 24));
    assert_non_null(validate(&in, 23));
    in.capabilities = 4;
    assert_non_null(validate(&in, 24));
    in.capabilities = 5;
    in.security_mode = 0;
    assert_non_null(validate(&in, 24));
    in.security_mode = 1;
    in.guid.b[15] = 1;
    assert_non_null(validate(&in, 24));
    in.guid.b[15] = 0;
    in.dialect_count = 1;
    assert_non_null(validate(&in, 24));
    in.dialect_count = 2;
    in.dialects[0] = SMB2_DIALECT_210;
    assert_non_null(validate(&in, 24));
    in.dialects[0] = SMB2_DIALECT_202;
    assert_null(validate(&in, 24));
    bench.conn.dialect = SMB2_DIALECT_311;
    assert_non_null(validate(&in, 24));
}

/* ---------------------------------------------------------------- sparse files, reparse points */

static smbkit_status ioctl_bytes(struct core_open *o, uint32_t code, const void *data, size_t len,
                                 uint32_t room)
{
    struct builder b;
    builder_init_grow(&b, 65536);
    builder_bytes(&b, data, len);
    smbkit_status st = ioctl(o, code, &b, room);
    builder_free(&b);
    return st;
}

static void expect_attribute(struct core_open *o, uint32_t attribute, bool set_now)
{
    bench_wait(vfs_getattr(&bench.op, bench.volume, o->file));
    assert_int_equal((bench.op.attr.attributes & attribute) != 0, set_now);
}

static void expect_ioctl(struct core_open *o, uint32_t code, const void *data, size_t len,
                         smbkit_status status)
{
    assert_int_equal(ioctl_bytes(o, code, data, len, 4096), status);
    bench_request_free(&bench.req);
}

static void test_sparse(void **state)
{
    (void)state;
    struct core_open *o = bench_open("file", true, false);
    expect_ioctl(o, FSCTL_SET_SPARSE, "", 0, SMBKIT_STATUS_SUCCESS);
    expect_attribute(o, SMBKIT_ATTR_SPARSE, true);
    expect_ioctl(o, FSCTL_SET_SPARSE, "\0", 1, SMBKIT_STATUS_SUCCESS);
    expect_attribute(o, SMBKIT_ATTR_SPARSE, false);
    o->access = FILE_READ_DATA;
    expect_ioctl(o, FSCTL_SET_SPARSE, "\1", 1, SMBKIT_STATUS_ACCESS_DENIED);
    bench_close(o);
}

static void test_reparse(void **state)
{
    static const char data[] = "\x13\0\0\x80\4\0\0\0data", other[] = "\x14\0\0\x80\0\0\0\0",
                      mount[] = "\3\0\0\xa0\0\0\0\0", empty[] = "\x13\0\0\x80\0\0\0\0",
                      wrong[] = "\x13\0\0\x80\5\0\0\0data";
    (void)state;
    struct core_open *o = bench_open("file", true, false);
    expect_ioctl(o, FSCTL_GET_REPARSE_POINT, "", 0, SMBKIT_STATUS_NOT_A_REPARSE_POINT);
    expect_ioctl(o, FSCTL_DELETE_REPARSE_POINT, empty, 8, SMBKIT_STATUS_NOT_A_REPARSE_POINT);
    expect_ioctl(o, FSCTL_SET_REPARSE_POINT, wrong, 12, SMBKIT_STATUS_IO_REPARSE_DATA_INVALID);
    expect_ioctl(o, FSCTL_SET_REPARSE_POINT, mount, 8, SMBKIT_STATUS_NOT_A_DIRECTORY);
    uint64_t id = o->file_id;
    /* where links are other files, the open has another one afterwards, and is found by that */
    struct lease_key key;
    o->file_id++;
    assert_true(meta_lease_key(&bench.batch.arena, o, NULL, &key));
    open_move_lease(o, &key);
    assert_int_equal(o->lease.node->file, id + 1);
    expect_ioctl(o, FSCTL_SET_REPARSE_POINT, data, 12, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(o->file_id, id);
    assert_int_equal(o->lease.node->file, id);
    assert_null(lease_node_find(&bench.core.leases, &key));
    expect_attribute(o, SMBKIT_ATTR_REPARSE_POINT, true);
    expect_ioctl(o, FSCTL_SET_REPARSE_POINT, other, 8, SMBKIT_STATUS_IO_REPARSE_TAG_MISMATCH);
    assert_int_equal(ioctl_bytes(o, FSCTL_GET_REPARSE_POINT, "", 0, 12), SMBKIT_STATUS_SUCCESS);
    struct cursor c = output();
    assert_int_equal(cursor_left(&c), 12);
    assert_memory_equal(cursor_take(&c, 12), data, 12);
    bench_request_free(&bench.req);
    assert_int_equal(ioctl_bytes(o, FSCTL_GET_REPARSE_POINT, "", 0, 10),
                     SMBKIT_STATUS_BUFFER_OVERFLOW);
    bench_request_free(&bench.req);
    expect_ioctl(o, FSCTL_DELETE_REPARSE_POINT, other, 8, SMBKIT_STATUS_IO_REPARSE_TAG_MISMATCH);
    expect_ioctl(o, FSCTL_DELETE_REPARSE_POINT, empty, 8, SMBKIT_STATUS_SUCCESS);
    expect_attribute(o, SMBKIT_ATTR_REPARSE_POINT, false);
    bench_close(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_copychunk),
        cmocka_unit_test_setup_teardown(test_plugin_copies, setup_copying, bench_teardown),
        cmocka_unit_test_setup_teardown(test_plugin_answers_codes, setup_copying, bench_teardown),
        BENCH_TEST(test_duplicate),
        BENCH_TEST(test_compression),
        BENCH_TEST(test_trim),
        BENCH_TEST(test_file_codes),
        BENCH_TEST(test_validate_negotiate),
        BENCH_TEST(test_sparse),
        BENCH_TEST(test_reparse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
