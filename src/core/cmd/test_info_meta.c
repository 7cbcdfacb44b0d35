// SPDX-License-Identifier: Apache-2.0
/* What a file has besides its data, read and set: security descriptors, extended attributes,
 * streams. */
#include "base/mem.h"
#include "core/cmd/test_bench.h"
#include "core/meta.h"
#include "wire/ea.h"
#include "wire/info_file.h"
#include "wire/sd.h"

/* ---------------------------------------------------------------- security descriptors */

static void test_query_security(void **state)
{
    (void)state;
    struct core_open *o = bench_open("file", true, false);
    bench_request(&bench.req, &command_query_info, o);
    bench.req.in.query_info = (struct wire_query_info_req){
        .info_type = SMB2_0_INFO_SECURITY,
        .additional_information = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION};
    assert_int_equal(bench_go(&bench.req), SMBKIT_STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(bench.req.error_len, 4);
    uint32_t needed = le32_load(bench.req.error_data);
    bench_request_free(&bench.req);
    bench_request(&bench.req, &command_query_info, o);
    bench.req.in.query_info = (struct wire_query_info_req){
        .info_type = SMB2_0_INFO_SECURITY,
        .output_length = needed,
        .additional_information = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION};
    assert_int_equal(bench_go(&bench.req), SMBKIT_STATUS_SUCCESS);
    struct cursor c = bench_answer();
    assert_int_equal(cursor_left(&c), needed);
    bench_request_free(&bench.req);
    bench_close(o);
}

static void test_set_security(void **state)
{
    (void)state;
    struct core_open *o = bench_open("file", true, false);
    struct wire_ace e = {.mask = GENERIC_READ, .sid = wire_sid_everyone};
    const struct wire_acl dacl = {ACL_REVISION, 1, &e};
    struct wire_sd in = {.control = SE_DACL_PRESENT, .dacl = &dacl}, out;
    struct builder b;
    builder_init_grow(&b, 4096);
    wire_sd_encode(&b, &in);
    bench_request(&bench.req, &command_set_info, o);
    bench.req.in.set_info =
        (struct wire_set_info_req){.info_type = SMB2_0_INFO_SECURITY,
                                   .additional_information = DACL_SECURITY_INFORMATION,
                                   .payload = {b.data, b.len}};
    assert_int_equal(bench_go(&bench.req), SMBKIT_STATUS_SUCCESS);
    bench_request_free(&bench.req);
    bench_request(&bench.req, &command_query_info, o);
    bench.req.in.query_info = (struct wire_query_info_req){
        .info_type = SMB2_0_INFO_SECURITY,
        .output_length = 4096,
        .additional_information = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION};
    assert_int_equal(bench_go(&bench.req), SMBKIT_STATUS_SUCCESS);
    struct cursor c = bench_answer();
    assert_true(wire_sd_decode(&c, &bench.batch.arena, &out));
    assert_true(wire_sid_equal(&out.owner, &bench.session.token.user));
    assert_int_equal(out.dacl->aces[0].mask, FILE_GENERIC_READ);
    assert_false(out.has_group);
    bench_request_free(&bench.req);
    builder_free(&b);
    bench_close(o);
}

/* ---------------------------------------------------------------- extended attributes */

static smbkit_status query_ea(struct core_open *o, uint32_t room, uint32_t flags, uint32_t index,
                              const struct builder *names)
{
    bench_request(&bench.req, &command_query_info, o);
    bench.req.in.query_info = (struct wire_query_info_req){.info_type = SMB2_0_INFO_FILE,
                                                           .info_class = FileFullEaInformation,
                                                           .output_length = room,
                                                           .flags = flags,
                                                           .additional_information = index};
    if (names != NULL)
        bench.req.in.query_info.input = (struct wire_blob){names->data, names->len};
    return bench_go(&bench.req);
}

/* The names and values of the answer as text. */
static void expect_eas(const char *want)
{
    char got[256] = "";
    struct wire_chain_reader list;
    struct wire_ea ea;
    struct cursor c = bench_answer();
    wire_chain_open(&list, &c, WIRE_EA_ALIGN);
    while (wire_ea_next(&list, &ea))
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s=%.*s ", ea.name,
                 (int)ea.value_len, (const char *)ea.value);
    assert_string_equal(got, want);
    bench_request_free(&bench.req);
}

static void add_ea(struct wire_chain *w, const char *name, const char *value)
{
    const struct wire_ea ea = {.name = name,
                               .name_len = strlen(name),
                               .value = (const uint8_t *)value,
                               .value_len = strlen(value)};
    assert_int_equal(wire_ea_add(w, &ea), WIRE_FIT_OK);
}

static void test_eas(void **state)
{
    (void)state;
    struct core_open *o = bench_open("file", true, false);
    struct builder b, names;
    struct wire_chain w;
    builder_init_grow(&b, 4096);
    wire_chain_init(&w, &b, 4096, WIRE_EA_ALIGN);
    add_ea(&w, "ONE", "1");
    add_ea(&w, "TWO", "22");
    add_ea(&w, "THREE", "333");
    assert_int_equal(bench_set(o, FileFullEaInformation, &b), SMBKIT_STATUS_SUCCESS);
    /* a scan that goes on, one by one, and from an index */
    assert_int_equal(query_ea(o, 4096, SL_RETURN_SINGLE_ENTRY, 0, NULL), SMBKIT_STATUS_SUCCESS);
    expect_eas("ONE=1 ");
    assert_int_equal(query_ea(o, 4096, 0, 0, NULL), SMBKIT_STATUS_SUCCESS);
    expect_eas("TWO=22 THREE=333 ");
    assert_int_equal(query_ea(o, 4096, 0, 0, NULL), SMBKIT_STATUS_NO_MORE_EAS);
    bench_request_free(&bench.req);
    assert_int_equal(query_ea(o, 20, SL_RESTART_SCAN, 0, NULL), SMBKIT_STATUS_BUFFER_OVERFLOW);
    expect_eas("ONE=1 ");
    assert_int_equal(query_ea(o, 8, SL_RESTART_SCAN, 0, NULL), SMBKIT_STATUS_BUFFER_TOO_SMALL);
    bench_request_free(&bench.req);
    assert_int_equal(query_ea(o, 4096, SL_INDEX_SPECIFIED, 3, NULL), SMBKIT_STATUS_SUCCESS);
    expect_eas("THREE=333 ");
    assert_int_equal(query_ea(o, 4096, SL_INDEX_SPECIFIED, 4, NULL),
                     SMBKIT_STATUS_NONEXISTENT_EA_ENTRY);
    bench_request_free(&bench.req);
    /* by name, in the order of the question */
    builder_init_grow(&names, 4096);
    wire_chain_init(&w, &names, 4096, WIRE_EA_ALIGN);
    assert_int_equal(wire_get_ea_add(&w, "three", 5), WIRE_FIT_OK);
    assert_int_equal(wire_get_ea_add(&w, "none", 4), WIRE_FIT_OK);
    assert_int_equal(query_ea(o, 4096, 0, 0, &names), SMBKIT_STATUS_SUCCESS);
    expect_eas("THREE=333 none= ");
    builder_zero(&names, 3);
    assert_int_equal(bench_query(o, SMB2_0_INFO_FILE, FileEaInformation, 4), SMBKIT_STATUS_SUCCESS);
    struct cursor c = bench_answer();
    assert_int_equal(cursor_u32(&c), 4 + 3 * 5 + 11 + 6);
    bench_request_free(&bench.req);
    builder_free(&b);
    builder_free(&names);
    bench_close(o);
}

/* ---------------------------------------------------------------- streams */

/* A stream's handle in the place of the open's own. */
static void into_stream(struct core_open *o, const char *stream)
{
    struct lease_actions actions;
    struct lease_open_args share = o->lease.args;
    struct lease_key key;
    const struct smbkit_create_args args = {.path = o->path, .stream = stream};
    bench_wait(vfs_cleanup(&bench.op, bench.volume, o->file, 0));
    bench_wait(vfs_close(&bench.op, bench.volume, o->file));
    bench_wait(vfs_create(&bench.op, bench.volume, &args));
    assert_int_equal(bench.op.status, SMBKIT_STATUS_SUCCESS);
    o->file = bench.op.opened;
    o->stream = mem_strdup(stream);
    lease_actions_init(&actions);
    lease_open_undo(&o->lease, &actions);
    assert_true(meta_lease_key(&bench.batch.arena, o, stream, &key));
    struct lease_node *n = lease_node_get(&bench.core.leases, &key, false);
    assert_int_equal(lease_open_attach(n, &o->lease, &share), SMBKIT_STATUS_SUCCESS);
    lease_node_unref(n);
}

static void expect_streams(struct core_open *o, const char *want)
{
    char got[256] = "";
    struct wire_chain_reader list;
    struct wire_info_stream s;
    assert_int_equal(bench_query(o, SMB2_0_INFO_FILE, FileStreamInformation, 4096),
                     SMBKIT_STATUS_SUCCESS);
    struct cursor c = bench_answer();
    wire_chain_open(&list, &c, WIRE_STREAM_ALIGN);
    while (wire_info_stream_next(&list, &bench.batch.arena, &s))
        snprintf(got + strlen(got), sizeof got - strlen(got), "%.*s=%d ", (int)s.name_len, s.name,
                 (int)s.size);
    assert_string_equal(got, want);
    bench_request_free(&bench.req);
}

static void test_streams(void **state)
{
    (void)state;
    struct core_open *o = bench_open("file", true, false), *s = bench_open("file", false, false);
    into_stream(s, "one");
    bench_wait(vfs_write(&bench.op, bench.volume, s->file, 0, "123", 3));
    expect_streams(s, "::$DATA=0 :one:$DATA=3 ");
    assert_int_equal(bench_rename(s, ":bad/name", false), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(bench_rename(s, ":", false), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(bench_rename(s, ":x:$FOO", false), SMBKIT_STATUS_OBJECT_TYPE_MISMATCH);
    assert_int_equal(bench_rename(s, "file:x", false), SMBKIT_STATUS_SHARING_VIOLATION);
    assert_int_equal(bench_rename(s, ":ONE", false), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(bench_rename(s, ":two:$data", false), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(s->stream, "two");
    expect_streams(o, "::$DATA=0 :two:$DATA=3 ");
    /* nobody looks for it under the old name */
    struct lease_key key;
    assert_true(meta_lease_key(&bench.batch.arena, o, "one", &key));
    assert_null(lease_node_find(&bench.core.leases, &key));
    assert_true(meta_lease_key(&bench.batch.arena, o, "TWO", &key));
    struct lease_node *n = lease_node_find(&bench.core.leases, &key);
    assert_ptr_equal(n, s->lease.node);
    lease_node_unref(n);
    /* the unnamed stream is open, then it is free */
    assert_int_equal(bench_rename(s, "::$DATA", true), SMBKIT_STATUS_INVALID_PARAMETER);
    bench_close(o);
    assert_int_equal(bench_rename(s, "::$DATA", false), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(bench_rename(s, "::$DATA", true), SMBKIT_STATUS_SUCCESS);
    assert_null(s->stream);
    expect_streams(s, "::$DATA=3 ");
    bench_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_query_security),
        BENCH_TEST(test_set_security),
        BENCH_TEST(test_eas),
        BENCH_TEST(test_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
