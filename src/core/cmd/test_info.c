// SPDX-License-Identifier: Apache-2.0
/* QUERY_INFO, SET_INFO, QUERY_DIRECTORY and IOCTL over the memory plugin. */
#include "core/cmd/test_bench.h"
#include "wire/ea.h"
#include "wire/fsctl.h"
#include "wire/fsctl_file.h"
#include "wire/fsctl_reparse.h"
#include "wire/fsctl_srv.h"
#include "wire/info_dir.h"
#include "wire/info_file.h"
#include "wire/info_fs.h"

static struct core_request req;

/* ---------------------------------------------------------------- QUERY_INFO */

static smbkit_status query(struct core_open *o, uint8_t type, uint8_t cls, uint32_t room)
{
    bench_request(&req, &command_query_info, o);
    req.in.query_info =
        (struct wire_query_info_req){.info_type = type, .info_class = cls, .output_length = room};
    return bench_go(&req);
}

static struct cursor answer(void)
{
    struct wire_query_info_rsp rsp;
    struct cursor c = bench_reply(&req), out;
    assert_true(wire_query_info_rsp_decode(&c, NULL, &rsp));
    cursor_init(&out, rsp.payload.data, rsp.payload.len);
    return out;
}

static void expect_query(struct core_open *o, uint8_t type, uint8_t cls, uint32_t room,
                         smbkit_status status)
{
    assert_int_equal(query(o, type, cls, room), status);
    bench_request_free(&req);
}

static void test_query_classes(void **state)
{
    (void)state;
    struct core_open *o = bench_open("file", true, false);
    struct wire_info_all all;
    assert_int_equal(query(o, SMB2_0_INFO_FILE, FileAllInformation, 4096), SMBKIT_STATUS_SUCCESS);
    struct cursor c = answer();
    assert_true(wire_info_all_decode(&c, &bench.batch.arena, &all));
    assert_int_equal(all.standard.number_of_links, 1);
    assert_false(all.standard.directory);
    assert_int_equal(all.internal.index_number, o->file_id);
    bench_request_free(&req);
    expect_query(o, SMB2_0_INFO_FILE, FileBasicInformation, 39, SMBKIT_STATUS_INFO_LENGTH_MISMATCH);
    expect_query(o, SMB2_0_INFO_FILE, 200, 4096, SMBKIT_STATUS_INVALID_INFO_CLASS);
    expect_query(o, SMB2_0_INFO_FILE, FileRenameInformation, 4096,
                 SMBKIT_STATUS_INVALID_INFO_CLASS);
    expect_query(o, SMB2_0_INFO_FILE, FileHardLinkInformation, 4096, SMBKIT_STATUS_NOT_SUPPORTED);
    expect_query(o, SMB2_0_INFO_FILE, FileFullEaInformation, 4096, SMBKIT_STATUS_NO_EAS_ON_FILE);
    expect_query(o, SMB2_0_INFO_QUOTA, 0, 4096, SMBKIT_STATUS_NOT_SUPPORTED);
    expect_query(o, 9, 0, 4096, SMBKIT_STATUS_INVALID_PARAMETER);
    expect_query(o, SMB2_0_INFO_FILE, FileBasicInformation, (1 << 20) + 1,
                 SMBKIT_STATUS_INVALID_PARAMETER);
    o->access = FILE_READ_DATA;
    expect_query(o, SMB2_0_INFO_FILE, FileBasicInformation, 4096, SMBKIT_STATUS_ACCESS_DENIED);
    bench_close(o);
}

/* A name of the form 8.3 is its own short name, no other has one. */
static void test_alternate_name(void **state)
{
    static const struct {
        const char *name;
        bool is_short;
    } rows[] = {
        {"b", true},          {"12345678.123", true}, {"README.TXT", true}, {"a~1.c", true},
        {"123456789", false}, {"a.1234", false},      {"a.b.c", false},     {"a b", false},
        {".a", false},        {"a+b", false},         {"\xc3\xa4", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct core_open *o = bench_open(rows[i].name, true, false);
        struct wire_info_name name;
        smbkit_status st = query(o, SMB2_0_INFO_FILE, FileAlternateNameInformation, 4096);
        if (rows[i].is_short) {
            assert_int_equal(st, SMBKIT_STATUS_SUCCESS);
            struct cursor c = answer();
            assert_true(wire_info_name_decode(&c, &bench.batch.arena, &name));
            assert_int_equal(name.name_len, strlen(rows[i].name));
            assert_memory_equal(name.name, rows[i].name, name.name_len);
        } else {
            assert_int_equal(st, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
        }
        bench_request_free(&req);
        bench_close(o);
    }
}

/* Every class that the table lets through is answered or refused, never the wrong way. */
static void test_query_every_class(void **state)
{
    (void)state;
    struct core_open *o = bench_open("file", true, false);
    bench.conn.dialect = SMB2_DIALECT_311;
    size_t n, answered = 0;
    const struct wire_info_row *rows = wire_info_rows(&n);
    for (size_t i = 0; i < n; i++) {
        smbkit_status st = query(o, rows[i].type, rows[i].num, 65536);
        if (!(rows[i].flags & WIRE_INFO_QUERY) || (rows[i].flags & WIRE_INFO_LOCAL))
            assert_true(smbkit_is_error(st));
        if (st == SMBKIT_STATUS_SUCCESS) {
            answered++;
            assert_true(rows[i].query_min <= req.reply.len);
        }
        bench_request_free(&req);
    }
    assert_true(answered >= 22);
    bench_close(o);
}

/* A name that does not fit is cut off, and the client is told. */
static void test_query_cut(void **state)
{
    (void)state;
    struct core_open *o = bench_open("a-name-of-some-length", true, false);
    struct wire_info_fs_volume v;
    bench.conn.dialect = SMB2_DIALECT_311;
    assert_int_equal(query(o, SMB2_0_INFO_FILE, FileNormalizedNameInformation, 14),
                     SMBKIT_STATUS_BUFFER_OVERFLOW);
    struct cursor c = answer();
    assert_int_equal(cursor_left(&c), 14);
    assert_int_equal(cursor_u32(&c), 2 * strlen(o->path));
    bench_request_free(&req);
    assert_int_equal(query(o, SMB2_0_INFO_FILESYSTEM, FileFsVolumeInformation, 4096),
                     SMBKIT_STATUS_SUCCESS);
    c = answer();
    assert_true(wire_info_fs_volume_decode(&c, &bench.batch.arena, &v));
    bench_request_free(&req);
    bench_close(o);
}

static void test_query_security(void **state)
{
    (void)state;
    struct core_open *o = bench_open("file", true, false);
    bench_request(&req, &command_query_info, o);
    req.in.query_info = (struct wire_query_info_req){
        .info_type = SMB2_0_INFO_SECURITY,
        .additional_information = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION};
    assert_int_equal(bench_go(&req), SMBKIT_STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(req.error_len, 4);
    uint32_t needed = le32_load(req.error_data);
    bench_request_free(&req);
    bench_request(&req, &command_query_info, o);
    req.in.query_info = (struct wire_query_info_req){
        .info_type = SMB2_0_INFO_SECURITY,
        .output_length = needed,
        .additional_information = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION};
    assert_int_equal(bench_go(&req), SMBKIT_STATUS_SUCCESS);
    struct cursor c = answer();
    assert_int_equal(cursor_left(&c), needed);
    bench_request_free(&req);
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
    bench_request(&req, &command_set_info, o);
    req.in.set_info =
        (struct wire_set_info_req){.info_type = SMB2_0_INFO_SECURITY,
                                   .additional_information = DACL_SECURITY_INFORMATION,
                                   .payload = {b.data, b.len}};
    assert_int_equal(bench_go(&req), SMBKIT_STATUS_SUCCESS);
    bench_request_free(&req);
    bench_request(&req, &command_query_info, o);
    req.in.query_info = (struct wire_query_info_req){
        .info_type = SMB2_0_INFO_SECURITY,
        .output_length = 4096,
        .additional_information = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION};
    assert_int_equal(bench_go(&req), SMBKIT_STATUS_SUCCESS);
    struct cursor c = answer();
    assert_true(wire_sd_decode(&c, &bench.batch.arena, &out));
    assert_true(wire_sid_equal(&out.owner, &bench.session.token.user));
    assert_int_equal(out.dacl->aces[0].mask, FILE_GENERIC_READ);
    assert_false(out.has_group);
    bench_request_free(&req);
    builder_free(&b);
    bench_close(o);
}

/* ---------------------------------------------------------------- extended attributes */

static smbkit_status set(struct core_open *o, uint8_t cls, const struct builder *b);

static smbkit_status query_ea(struct core_open *o, uint32_t room, uint32_t flags, uint32_t index,
                              const struct builder *names)
{
    bench_request(&req, &command_query_info, o);
    req.in.query_info = (struct wire_query_info_req){.info_type = SMB2_0_INFO_FILE,
                                                     .info_class = FileFullEaInformation,
                                                     .output_length = room,
                                                     .flags = flags,
                                                     .additional_information = index};
    if (names != NULL)
        req.in.query_info.input = (struct wire_blob){names->data, names->len};
    return bench_go(&req);
}

/* The names and values of the answer as text. */
static void expect_eas(const char *want)
{
    char got[256] = "";
    struct wire_chain_reader list;
    struct wire_ea ea;
    struct cursor c = answer();
    wire_chain_open(&list, &c, WIRE_EA_ALIGN);
    while (wire_ea_next(&list, &ea))
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s=%.*s ", ea.name,
                 (int)ea.value_len, (const char *)ea.value);
    assert_string_equal(got, want);
    bench_request_free(&req);
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
    assert_int_equal(set(o, FileFullEaInformation, &b), SMBKIT_STATUS_SUCCESS);
    /* a scan that goes on, one by one, and from an index */
    assert_int_equal(query_ea(o, 4096, SL_RETURN_SINGLE_ENTRY, 0, NULL), SMBKIT_STATUS_SUCCESS);
    expect_eas("ONE=1 ");
    assert_int_equal(query_ea(o, 4096, 0, 0, NULL), SMBKIT_STATUS_SUCCESS);
    expect_eas("TWO=22 THREE=333 ");
    assert_int_equal(query_ea(o, 4096, 0, 0, NULL), SMBKIT_STATUS_NO_MORE_EAS);
    bench_request_free(&req);
    assert_int_equal(query_ea(o, 20, SL_RESTART_SCAN, 0, NULL), SMBKIT_STATUS_BUFFER_OVERFLOW);
    expect_eas("ONE=1 ");
    assert_int_equal(query_ea(o, 8, SL_RESTART_SCAN, 0, NULL), SMBKIT_STATUS_BUFFER_TOO_SMALL);
    bench_request_free(&req);
    assert_int_equal(query_ea(o, 4096, SL_INDEX_SPECIFIED, 3, NULL), SMBKIT_STATUS_SUCCESS);
    expect_eas("THREE=333 ");
    assert_int_equal(query_ea(o, 4096, SL_INDEX_SPECIFIED, 4, NULL),
                     SMBKIT_STATUS_NONEXISTENT_EA_ENTRY);
    bench_request_free(&req);
    /* by name, in the order of the question */
    builder_init_grow(&names, 4096);
    wire_chain_init(&w, &names, 4096, WIRE_EA_ALIGN);
    assert_int_equal(wire_get_ea_add(&w, "three", 5), WIRE_FIT_OK);
    assert_int_equal(wire_get_ea_add(&w, "none", 4), WIRE_FIT_OK);
    assert_int_equal(query_ea(o, 4096, 0, 0, &names), SMBKIT_STATUS_SUCCESS);
    expect_eas("THREE=333 none= ");
    builder_zero(&names, 3);
    assert_int_equal(query(o, SMB2_0_INFO_FILE, FileEaInformation, 4), SMBKIT_STATUS_SUCCESS);
    struct cursor c = answer();
    assert_int_equal(cursor_u32(&c), 4 + 3 * 5 + 11 + 6);
    bench_request_free(&req);
    builder_free(&b);
    builder_free(&names);
    bench_close(o);
}

/* ---------------------------------------------------------------- streams */

static smbkit_status rename_to(struct core_open *o, const char *to, bool replace);

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
    assert_int_equal(query(o, SMB2_0_INFO_FILE, FileStreamInformation, 4096),
                     SMBKIT_STATUS_SUCCESS);
    struct cursor c = answer();
    wire_chain_open(&list, &c, WIRE_STREAM_ALIGN);
    while (wire_info_stream_next(&list, &bench.batch.arena, &s))
        snprintf(got + strlen(got), sizeof got - strlen(got), "%.*s=%d ", (int)s.name_len, s.name,
                 (int)s.size);
    assert_string_equal(got, want);
    bench_request_free(&req);
}

static void test_streams(void **state)
{
    (void)state;
    struct core_open *o = bench_open("file", true, false), *s = bench_open("file", false, false);
    into_stream(s, "one");
    bench_wait(vfs_write(&bench.op, bench.volume, s->file, 0, "123", 3));
    expect_streams(s, "::$DATA=0 :one:$DATA=3 ");
    assert_int_equal(rename_to(s, ":bad/name", false), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(rename_to(s, ":", false), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(rename_to(s, ":x:$FOO", false), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(rename_to(s, "file:x", false), SMBKIT_STATUS_SHARING_VIOLATION);
    assert_int_equal(rename_to(s, ":ONE", false), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(rename_to(s, ":two:$data", false), SMBKIT_STATUS_SUCCESS);
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
    assert_int_equal(rename_to(s, "::$DATA", true), SMBKIT_STATUS_INVALID_PARAMETER);
    bench_close(o);
    assert_int_equal(rename_to(s, "::$DATA", false), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(rename_to(s, "::$DATA", true), SMBKIT_STATUS_SUCCESS);
    assert_null(s->stream);
    expect_streams(s, "::$DATA=3 ");
    bench_close(s);
}

/* ---------------------------------------------------------------- QUERY_DIRECTORY */

static void list_begin(struct core_request *r, struct core_open *o, const char *pattern,
                       uint8_t flags, uint32_t room)
{
    static uint8_t mem[256]; /* not from the arena, whose memory a test makes fail */
    struct builder b;
    builder_init_fixed(&b, mem, sizeof mem);
    size_t len = utf8_to_utf16(&b, pattern, strlen(pattern));
    bench_request(r, &command_query_directory, o);
    r->in.query_directory =
        (struct wire_query_directory_req){.info_class = FileIdBothDirectoryInformation,
                                          .flags = flags,
                                          .output_length = room,
                                          .pattern = {mem, len}};
}

/* Notes which of the files f000... are in the answer; each may come once. "." and ".." count as
   well. */
static unsigned note_names(const struct core_request *r, bool *seen, char first[64])
{
    struct wire_query_directory_rsp rsp;
    struct wire_chain_reader list;
    struct wire_dir_entry e;
    struct cursor c = bench_reply(r), data;
    unsigned n = 0, number;
    assert_true(wire_query_directory_rsp_decode(&c, NULL, &rsp));
    assert_true(rsp.payload.len <= r->in.query_directory.output_length);
    cursor_init(&data, rsp.payload.data, rsp.payload.len);
    wire_chain_open(&list, &data, WIRE_DIR_ALIGN);
    while (wire_dir_next(&list, &bench.batch.arena, FileIdBothDirectoryInformation, &e)) {
        if (n++ == 0 && first != NULL)
            snprintf(first, 64, "%s", e.name);
        if (sscanf(e.name, "f%u", &number) == 1) {
            assert_true(number < 400 && !seen[number]);
            seen[number] = true;
        }
    }
    assert_false(list.failed);
    return n;
}

static void make_files(unsigned n)
{
    char name[8];
    for (unsigned i = 0; i < n; i++) {
        snprintf(name, sizeof name, "f%03u", i % 1000);
        bench_close(bench_open(name, true, false));
    }
}

static void test_list_all(void **state)
{
    (void)state;
    bool seen[400] = {0};
    char first[64];
    make_files(300);
    struct core_open *o = bench_open("", false, false);
    unsigned total = 0, requests = 0;
    for (;;) {
        list_begin(&req, o, "*", 0, 1000);
        smbkit_status st = bench_go(&req);
        if (st == SMBKIT_STATUS_NO_MORE_FILES)
            break;
        assert_int_equal(st, SMBKIT_STATUS_SUCCESS);
        total += note_names(&req, seen, first);
        if (requests++ == 0)
            assert_string_equal(first, ".");
        bench_request_free(&req);
    }
    bench_request_free(&req);
    assert_int_equal(total, 302);
    assert_true(requests > 30);
    bench_close(o);
}

static smbkit_status list_once(struct core_open *o, const char *pattern, uint8_t flags,
                               uint32_t room, char first[64], unsigned *count)
{
    bool seen[400] = {0};
    list_begin(&req, o, pattern, flags, room);
    smbkit_status st = bench_go(&req);
    *count = st == SMBKIT_STATUS_SUCCESS ? note_names(&req, seen, first) : 0;
    bench_request_free(&req);
    return st;
}

static void test_list_patterns(void **state)
{
    (void)state;
    char first[64];
    unsigned n;
    make_files(20);
    struct core_open *o = bench_open("", false, false);
    assert_int_equal(list_once(o, "F01?", 0, 4096, first, &n), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(n, 10);
    /* the pattern of the first request stays */
    assert_int_equal(list_once(o, "*", 0, 4096, first, &n), SMBKIT_STATUS_NO_MORE_FILES);
    assert_int_equal(list_once(o, "F007", SMB2_RESTART_SCANS, 4096, first, &n),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(n, 1);
    assert_string_equal(first, "f007");
    assert_int_equal(list_once(o, "", 0, 4096, first, &n), SMBKIT_STATUS_NO_MORE_FILES);
    assert_int_equal(list_once(o, "nobody", SMB2_REOPEN, 4096, first, &n),
                     SMBKIT_STATUS_NO_SUCH_FILE);
    assert_int_equal(list_once(o, "x*", SMB2_REOPEN, 4096, first, &n), SMBKIT_STATUS_NO_SUCH_FILE);
    assert_int_equal(list_once(o, "*", SMB2_REOPEN | SMB2_RETURN_SINGLE_ENTRY, 4096, first, &n),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(n, 1);
    assert_int_equal(list_once(o, "*", SMB2_RETURN_SINGLE_ENTRY, 4096, first, &n),
                     SMBKIT_STATUS_SUCCESS);
    assert_string_equal(first, "..");
    assert_int_equal(list_once(o, "a/b", SMB2_REOPEN, 4096, first, &n),
                     SMBKIT_STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(list_once(o, "*", SMB2_REOPEN, 50, first, &n),
                     SMBKIT_STATUS_INFO_LENGTH_MISMATCH);
    assert_int_equal(list_once(o, "f007", SMB2_REOPEN, 106, first, &n),
                     SMBKIT_STATUS_BUFFER_OVERFLOW);
    assert_int_equal(list_once(o, "", 0, 4096, first, &n), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(first, "f007");
    bench_close(o);
}

/* Three requests at the same time: they take turns, and every entry comes once. */
static void test_list_together(void **state)
{
    (void)state;
    bool seen[400] = {0};
    struct core_request r[3];
    unsigned total = 0;
    make_files(30);
    struct core_open *o = bench_open("", false, false);
    for (unsigned i = 0; i < 3; i++) {
        list_begin(&r[i], o, "*", 0, 1200);
        bench_run(&r[i]);
        assert_int_equal(r[i].state, REQUEST_PARKED);
    }
    testhost_drain(&bench.host);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(r[i].state, REQUEST_FINISHED);
        assert_int_equal(r[i].status, SMBKIT_STATUS_SUCCESS);
        total += note_names(&r[i], seen, NULL);
        bench_request_free(&r[i]);
    }
    assert_in_range(total, 25, 32);
    assert_null(o->listing.lister);
    bench_close(o);
}

/* One that waits for its turn is cancelled, and the one behind it still gets its own. */
static void test_list_cancelled_in_queue(void **state)
{
    (void)state;
    bool seen[400] = {0};
    struct core_request r[3];
    make_files(3);
    struct core_open *o = bench_open("", false, false);
    for (unsigned i = 0; i < 3; i++) {
        list_begin(&r[i], o, "*", SMB2_RESTART_SCANS, 4096);
        bench_run(&r[i]);
    }
    r[1].unpark(&r[1]);
    request_complete(&r[1], SMBKIT_STATUS_CANCELLED);
    testhost_drain(&bench.host);
    assert_int_equal(r[2].status, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(note_names(&r[2], seen, NULL), 5);
    for (unsigned i = 0; i < 3; i++)
        bench_request_free(&r[i]);
    bench_close(o);
}

/* ---------------------------------------------------------------- SET_INFO */

static smbkit_status set(struct core_open *o, uint8_t cls, const struct builder *b)
{
    bench_request(&req, &command_set_info, o);
    req.in.set_info = (struct wire_set_info_req){
        .info_type = SMB2_0_INFO_FILE, .info_class = cls, .payload = {b->data, b->len}};
    smbkit_status st = bench_go(&req);
    bench_request_free(&req);
    return st;
}

static smbkit_status set_name(struct core_open *o, uint8_t cls, const char *to, bool replace)
{
    struct builder b;
    struct wire_info_rename in = {
        .flags = replace ? FILE_RENAME_REPLACE_IF_EXISTS : 0, .name = to, .name_len = strlen(to)};
    builder_init_grow(&b, 4096);
    wire_info_rename_encode(&b, &in, cls == FileRenameInformationEx);
    smbkit_status st = set(o, cls, &b);
    builder_free(&b);
    return st;
}

static smbkit_status rename_to(struct core_open *o, const char *to, bool replace)
{
    return set_name(o, FileRenameInformation, to, replace);
}

static void test_rename(void **state)
{
    (void)state;
    struct core_open *a = bench_open("a", true, false), *again = bench_open("A", false, false);
    struct core_open *b = bench_open("b", true, false);
    assert_int_equal(rename_to(a, "b", false), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(rename_to(a, "b", true), SMBKIT_STATUS_ACCESS_DENIED); /* it is open */
    assert_int_equal(rename_to(a, "b:s", true), SMBKIT_STATUS_NOT_SUPPORTED);
    assert_int_equal(rename_to(a, ":s", true), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(rename_to(a, "\\b", true), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(rename_to(a, "b*", true), SMBKIT_STATUS_OBJECT_NAME_INVALID);
    bench_close(b);
    assert_int_equal(rename_to(a, "B", true), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(a->path, "B");
    assert_string_equal(again->path, "B");
    assert_int_equal(rename_to(a, "b", false), SMBKIT_STATUS_SUCCESS); /* only the spelling */
    assert_string_equal(again->path, "b");
    assert_int_equal(set_name(a, FileRenameInformationEx, "c", false), SMBKIT_STATUS_SUCCESS);
    bench_close(again);
    bench_close(a);
    bench_close(bench_open("c", false, false));
}

/* The folder of the new name must let names be added, and nobody may be about to delete it. */
static void test_rename_into(void **state)
{
    static const struct wire_ace read_only = {.mask = FILE_GENERIC_READ, .sid = {1, 1, {0}}};
    const struct wire_acl dacl = {ACL_REVISION, 1, (struct wire_ace *)&read_only};
    const struct wire_sd sd = {.control = SE_DACL_PRESENT, .dacl = &dacl};
    struct builder b;
    (void)state;
    struct core_open *a = bench_open("a", true, false), *d = bench_open("d", true, true);
    assert_int_equal(rename_to(a, "d\\a", false), SMBKIT_STATUS_SHARING_VIOLATION);
    builder_init_grow(&b, 256);
    wire_sd_encode(&b, &sd);
    bench_wait(vfs_set_sd(&bench.op, bench.volume, d->file, b.data, b.len));
    builder_free(&b);
    bench_close(d);
    assert_int_equal(rename_to(a, "d\\a", false), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(set_name(a, FileLinkInformation, "d\\a", false), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(rename_to(a, "none\\a", false), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    bench_close(a);
}

static void test_rename_folder(void **state)
{
    (void)state;
    struct core_open *d = bench_open("d", true, true);
    struct core_open *in = bench_open("d/in", true, false);
    assert_int_equal(rename_to(d, "e", false), SMBKIT_STATUS_ACCESS_DENIED);
    bench_close(in);
    assert_int_equal(rename_to(d, "d\\e", false), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(rename_to(d, "e", false), SMBKIT_STATUS_SUCCESS);
    bench_close(d);
    bench_close(bench_open("e/in", false, false));
}

static void test_link(void **state)
{
    (void)state;
    struct core_open *a = bench_open("a", true, false);
    assert_int_equal(set_name(a, FileLinkInformation, "b", false), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(set_name(a, FileLinkInformation, "b", false),
                     SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(set_name(a, FileLinkInformation, "b", true), SMBKIT_STATUS_SUCCESS);
    bench.share.read_only = true;
    assert_int_equal(set_name(a, FileLinkInformation, "c", false), SMBKIT_STATUS_ACCESS_DENIED);
    bench_close(a);
    bench_close(bench_open("b", false, false));
}

static smbkit_status dispose(struct core_open *o, bool gone)
{
    struct builder b;
    builder_init_grow(&b, 64);
    wire_info_disposition_encode(&b, &(struct wire_info_disposition){gone});
    smbkit_status st = set(o, FileDispositionInformation, &b);
    builder_free(&b);
    return st;
}

static void test_disposition(void **state)
{
    (void)state;
    struct core_open *root = bench_open("", false, false);
    struct core_open *d = bench_open("d", true, true), *f = bench_open("d/f", true, false);
    assert_int_equal(dispose(root, true), SMBKIT_STATUS_CANNOT_DELETE);
    assert_int_equal(dispose(d, true), SMBKIT_STATUS_DIRECTORY_NOT_EMPTY);
    assert_int_equal(dispose(f, true), SMBKIT_STATUS_SUCCESS);
    assert_true(lease_open_delete_pending(&f->lease));
    assert_int_equal(rename_to(f, "g", false), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(dispose(f, false), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(dispose(f, true), SMBKIT_STATUS_SUCCESS);
    bench_close(f);
    assert_int_equal(dispose(d, true), SMBKIT_STATUS_SUCCESS);
    bench_close(d);
    bench_close(root);
    struct smbkit_open_args open = {.path = "d"};
    bench_wait(vfs_open(&bench.op, bench.volume, &open));
    assert_int_equal(bench.op.status, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
}

static void test_set_basic_and_size(void **state)
{
    (void)state;
    struct core_open *o = bench_open("f", true, false);
    struct wire_info_basic in = {.creation_time = 5, .last_write_time = WIRE_TIME_FREEZE}, out;
    struct builder b;
    builder_init_grow(&b, 256);
    wire_info_basic_encode(&b, &in);
    assert_int_equal(set(o, FileBasicInformation, &b), SMBKIT_STATUS_SUCCESS);
    builder_truncate(&b, 39);
    assert_int_equal(set(o, FileBasicInformation, &b), SMBKIT_STATUS_INFO_LENGTH_MISMATCH);
    builder_truncate(&b, 0);
    assert_int_equal(set(o, FileBasicInformation, &b), SMBKIT_STATUS_INVALID_PARAMETER);
    in.creation_time = (uint64_t)-3;
    wire_info_basic_encode(&b, &in);
    assert_int_equal(set(o, FileBasicInformation, &b), SMBKIT_STATUS_INVALID_PARAMETER);
    assert_int_equal(query(o, SMB2_0_INFO_FILE, FileBasicInformation, 40), SMBKIT_STATUS_SUCCESS);
    struct cursor c = answer();
    assert_true(wire_info_basic_decode(&c, &out));
    assert_int_equal(out.creation_time, 5);
    assert_int_not_equal(out.last_write_time, WIRE_TIME_FREEZE);
    bench_request_free(&req);
    builder_truncate(&b, 0);
    wire_info_end_of_file_encode(&b, &(struct wire_info_end_of_file){5000});
    assert_int_equal(set(o, FileEndOfFileInformation, &b), SMBKIT_STATUS_SUCCESS);
    builder_truncate(&b, 0);
    wire_info_end_of_file_encode(&b, &(struct wire_info_end_of_file){1ull << 63});
    assert_int_equal(set(o, FileEndOfFileInformation, &b), SMBKIT_STATUS_INVALID_PARAMETER);
    o->access = FILE_READ_DATA;
    assert_int_equal(set(o, FileEndOfFileInformation, &b), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(set(o, FileStandardInformation, &b), SMBKIT_STATUS_INVALID_INFO_CLASS);
    builder_free(&b);
    bench_close(o);
}

/* ---------------------------------------------------------------- IOCTL */

static smbkit_status ioctl(struct core_open *o, uint32_t code, const struct builder *in,
                           uint32_t room)
{
    bench_request(&req, &command_ioctl, o);
    req.in.ioctl = (struct wire_ioctl_req){.ctl_code = code,
                                           .flags = SMB2_0_IOCTL_IS_FSCTL,
                                           .max_output_response = room,
                                           .input = {in->data, in->len}};
    return bench_go(&req);
}

static struct cursor output(void)
{
    struct wire_ioctl_rsp rsp;
    struct cursor c = bench_reply(&req), out;
    assert_true(wire_ioctl_rsp_decode(&c, NULL, &rsp));
    cursor_init(&out, rsp.payload.data, rsp.payload.len);
    return out;
}

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
    if (req.with_body || status == SMBKIT_STATUS_SUCCESS) {
        struct cursor c = output();
        assert_true(wire_copychunk_rsp_decode(&c, &rsp));
    }
    builder_free(&b);
    bench_request_free(&req);
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
    bench_request_free(&req);
    assert_int_equal(ioctl(from, FSCTL_SRV_REQUEST_RESUME_KEY, &none, 32), SMBKIT_STATUS_SUCCESS);
    struct cursor c = output();
    assert_int_equal(cursor_left(&c), 32);
    assert_true(wire_resume_key_decode(&c, &key));
    bench_request_free(&req);

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
    bench_request_free(&req);
    bench_wait(vfs_read(&bench.op, bench.volume, o->file, 0, 100));
    assert_memory_equal(bench.op.data.data, "H\0\0\0o, world", 12);
    assert_int_equal(ioctl(o, FSCTL_QUERY_ALLOCATED_RANGES, &b, 8), SMBKIT_STATUS_BUFFER_TOO_SMALL);
    bench_request_free(&req);
    builder_truncate(&b, 0);
    wire_range_encode(&b, &(struct wire_range){0, 4096});
    assert_int_equal(ioctl(o, FSCTL_QUERY_ALLOCATED_RANGES, &b, 4096), SMBKIT_STATUS_SUCCESS);
    struct cursor c = output();
    assert_true(wire_range_decode(&c, &range));
    assert_int_equal(range.file_offset, 0);
    bench_request_free(&req);
    assert_int_equal(ioctl(o, FSCTL_CREATE_OR_GET_OBJECT_ID, &b, 64), SMBKIT_STATUS_SUCCESS);
    c = output();
    assert_int_equal(cursor_left(&c), 64);
    uint8_t id[64];
    cursor_bytes(&c, id, sizeof id);
    assert_memory_equal(id, id + 32, 16);
    assert_memory_not_equal(id, id + 16, 16);
    bench_request_free(&req);
    assert_int_equal(ioctl(o, FSCTL_GET_OBJECT_ID, &b, 63), SMBKIT_STATUS_INVALID_PARAMETER);
    bench_request_free(&req);
    assert_int_equal(ioctl(o, FSCTL_SET_OBJECT_ID, &b, 64), SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    bench_request_free(&req);
    assert_int_equal(ioctl(NULL, FSCTL_SET_ZERO_DATA, &b, 64), SMBKIT_STATUS_FILE_CLOSED);
    bench_request_free(&req);
    assert_int_equal(ioctl(NULL, FSCTL_DFS_GET_REFERRALS, &b, 64),
                     SMBKIT_STATUS_FS_DRIVER_REQUIRED);
    bench_request_free(&req);
    assert_int_equal(ioctl(o, FSCTL_DFS_GET_REFERRALS, &b, 64), SMBKIT_STATUS_INVALID_PARAMETER);
    bench_request_free(&req);
    o->access = FILE_READ_DATA;
    assert_int_equal(ioctl(o, FSCTL_SET_ZERO_DATA, &b, 0), SMBKIT_STATUS_ACCESS_DENIED);
    bench_request_free(&req);
    builder_free(&b);
    bench_close(o);
}

static const char *validate(const struct wire_validate_negotiate_req *in, uint32_t room)
{
    struct builder b;
    builder_init_grow(&b, 256);
    wire_validate_negotiate_req_encode(&b, in);
    bench.refused = NULL;
    ioctl(NULL, FSCTL_VALIDATE_NEGOTIATE_INFO, &b, room);
    bench_request_free(&req);
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

/* ---------------------------------------------------------------- memory */

static void no_memory_scenario(struct core_open *root, struct core_open *o, const char *to)
{
    struct core_request r;
    query(o, SMB2_0_INFO_FILE, FileAllInformation, 4096);
    bench_request_free(&req);
    list_begin(&r, root, "*", SMB2_REOPEN, 4096);
    bench_go(&r);
    bench_request_free(&r);
    list_begin(&r, root, "f001", SMB2_REOPEN, 4096);
    bench_go(&r);
    bench_request_free(&r);
    rename_to(o, to, true);
    set_name(o, FileLinkInformation, "linked", true);
}

/* Whatever fails, nothing leaks and the open stays usable. */
static void test_no_memory(void **state)
{
    (void)state;
    size_t n = 1;
    make_files(3);
    struct core_open *root = bench_open_as("", false, false, FILE_GENERIC_READ),
                     *o = bench_open("a", true, false);
    for (bool failed = true; failed; n++) {
        arena_clear(&bench.batch.arena);
        testmem_fail_nth(n);
        no_memory_scenario(root, o, n % 2 != 0 ? "b" : "c");
        failed = testmem_failed() > 0;
        testmem_fail_none();
        assert_null(root->listing.lister);
    }
    assert_true(n > 10);
    assert_int_equal(rename_to(o, "end", false), SMBKIT_STATUS_SUCCESS);
    bench_close(o);
    bench_close(root);
    bench_close(bench_open("end", false, false));
}

/* ---------------------------------------------------------------- sparse, reparse points */

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
    bench_request_free(&req);
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
    expect_ioctl(o, FSCTL_SET_REPARSE_POINT, data, 12, SMBKIT_STATUS_SUCCESS);
    expect_attribute(o, SMBKIT_ATTR_REPARSE_POINT, true);
    expect_ioctl(o, FSCTL_SET_REPARSE_POINT, other, 8, SMBKIT_STATUS_IO_REPARSE_TAG_MISMATCH);
    assert_int_equal(ioctl_bytes(o, FSCTL_GET_REPARSE_POINT, "", 0, 12), SMBKIT_STATUS_SUCCESS);
    struct cursor c = output();
    assert_int_equal(cursor_left(&c), 12);
    assert_memory_equal(cursor_take(&c, 12), data, 12);
    bench_request_free(&req);
    assert_int_equal(ioctl_bytes(o, FSCTL_GET_REPARSE_POINT, "", 0, 10),
                     SMBKIT_STATUS_BUFFER_OVERFLOW);
    bench_request_free(&req);
    expect_ioctl(o, FSCTL_DELETE_REPARSE_POINT, other, 8, SMBKIT_STATUS_IO_REPARSE_TAG_MISMATCH);
    expect_ioctl(o, FSCTL_DELETE_REPARSE_POINT, empty, 8, SMBKIT_STATUS_SUCCESS);
    expect_attribute(o, SMBKIT_ATTR_REPARSE_POINT, false);
    bench_close(o);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_query_classes),
        TEST(test_alternate_name),
        TEST(test_query_every_class),
        TEST(test_query_cut),
        TEST(test_query_security),
        TEST(test_set_security),
        TEST(test_eas),
        TEST(test_streams),
        TEST(test_sparse),
        TEST(test_reparse),
        TEST(test_list_all),
        TEST(test_list_patterns),
        TEST(test_list_together),
        TEST(test_list_cancelled_in_queue),
        TEST(test_rename),
        TEST(test_rename_into),
        TEST(test_rename_folder),
        TEST(test_link),
        TEST(test_disposition),
        TEST(test_set_basic_and_size),
        TEST(test_copychunk),
        TEST(test_file_codes),
        TEST(test_validate_negotiate),
        TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
