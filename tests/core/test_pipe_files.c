// SPDX-License-Identifier: Apache-2.0
/* What pipes tell of files (NetrpGetFileSecurity) through the whole core: to whom, of which paths,
   and what becomes of a call whose plugin takes its time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf.h"
#include "harness.h"
#include "rpc/iface.h"
#include "wire/sd.h"

#define PIPE_ACCESS 0x0012019fu
#define SHARE_ALL   7u

#define OWNER_AND_DACL (OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION)

static struct world w;
static struct harness_client c;
static uint32_t data_tree, pipe_tree;
static struct wire_file_id srvsvc;

/* ---------------------------------------------------------------- the pipe */

static void put(const struct builder *fragment)
{
    assert_int_equal(harness_write(&c, srvsvc, 0, fragment->data, fragment->len),
                     SMBKIT_STATUS_SUCCESS);
}

static void bind_srvsvc(void)
{
    struct rpc_syntax transfer = rpc_ndr32;
    struct rpc_context x = {0, 1, rpc_srvsvc.syntax, &transfer};
    const struct rpc_pdu p = {.type = RPC_BIND,
                              .flags = PFC_FIRST_FRAG | PFC_LAST_FRAG,
                              .max_xmit = 4280,
                              .max_recv = 4280,
                              .context_count = 1,
                              .contexts = &x};
    struct builder b;
    builder_init_grow(&b, 4096);
    rpc_pdu_encode(&b, &p);
    put(&b);
    builder_free(&b);
    assert_int_equal(harness_read(&c, srvsvc, 0, 4096), SMBKIT_STATUS_SUCCESS);
}

static void wide(struct builder *b, const char *text)
{
    uint32_t units = (uint32_t)strlen(text) + 1;
    builder_align(b, 0, 4);
    builder_u32(b, units);
    builder_u32(b, 0);
    builder_u32(b, units);
    utf8_to_utf16(b, text, strlen(text));
    builder_u16(b, 0);
}

/* The whole fragment of a request. */
static void request(struct builder *b, const char *share, const char *path, uint32_t info)
{
    struct builder stub;
    builder_init_grow(&stub, 4096);
    builder_u32(&stub, 0);
    builder_u32(&stub, 0x20000);
    wide(&stub, share);
    wide(&stub, path);
    builder_align(&stub, 0, 4);
    builder_u32(&stub, info);
    const struct rpc_pdu p = {.type = RPC_REQUEST,
                              .flags = PFC_FIRST_FRAG | PFC_LAST_FRAG,
                              .opnum = 39,
                              .stub = stub.data,
                              .stub_len = stub.len};
    builder_init_grow(b, 8192);
    rpc_pdu_encode(b, &p);
    builder_free(&stub);
}

/* The result of an answer that was read: its last four bytes. */
static uint32_t result_of(const struct harness_reply *r)
{
    const struct wire_blob *data = &r->body.read_rsp.payload;
    assert_int_equal(r->command, SMB2_READ);
    assert_int_equal(r->status, SMBKIT_STATUS_SUCCESS);
    assert_true(data->len > 28 && data->data[2] == RPC_RESPONSE);
    return le32_load(data->data + data->len - 4);
}

static uint32_t ask(const char *share, const char *path, uint32_t info)
{
    struct builder b;
    request(&b, share, path, info);
    put(&b);
    builder_free(&b);
    assert_int_equal(harness_read(&c, srvsvc, 0, 4096), SMBKIT_STATUS_SUCCESS);
    return result_of(harness_last(&c));
}

/* ---------------------------------------------------------------- a world with a file */

static void make_file(const char *name)
{
    struct wire_file_id id;
    assert_int_equal(harness_create(&c, name, FILE_ALL_ACCESS, SHARE_ALL, FILE_OPEN_IF, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
}

/* Everybody may read the data, nobody but the owner anything else. */
static void close_file_to_others(const char *name)
{
    struct wire_file_id id;
    struct wire_ace e = {.mask = FILE_READ_DATA, .sid = wire_sid_everyone};
    const struct wire_acl dacl = {ACL_REVISION, 1, &e};
    const struct wire_sd sd = {.control = SE_DACL_PRESENT, .dacl = &dacl};
    uint8_t mem[128];
    struct builder b;
    builder_init_fixed(&b, mem, sizeof mem);
    wire_sd_encode(&b, &sd);
    assert_int_equal(harness_create(&c, name, WRITE_DAC, SHARE_ALL, FILE_OPEN, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_SECURITY,
                                            .additional_information = DACL_SECURITY_INFORMATION,
                                            .file_id = id,
                                            .payload = {mem, b.len}}};
    assert_int_equal(harness_call(&c, SMB2_SET_INFO, &body), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
}

static void log_on(const char *user, const char *password)
{
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_connect(&c, &w, &ccfg);
    assert_int_equal(harness_negotiate(&c), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_logon(&c, user, password, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(&c, "data"), SMBKIT_STATUS_SUCCESS);
    data_tree = c.tree_id;
}

static void open_pipe(void)
{
    assert_int_equal(harness_tree(&c, "IPC$"), SMBKIT_STATUS_SUCCESS);
    pipe_tree = c.tree_id;
    assert_int_equal(harness_create(&c, "srvsvc", PIPE_ACCESS, SHARE_ALL, FILE_OPEN, 0, &srvsvc),
                     SMBKIT_STATUS_SUCCESS);
    bind_srvsvc();
}

static int setup(void **state)
{
    struct world_config cfg = harness_world_config();
    (void)state;
    cfg.encrypted_share = true;
    harness_world(&w, &cfg);
    log_on("alice", "alice-pw");
    make_file("f");
    make_file("closed");
    close_file_to_others("closed");
    open_pipe();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    w.config.late_per_mille = 0;
    if (c.conn != NULL)
        harness_drop(&c);
    harness_world_end(&w);
    return 0;
}

/* ---------------------------------------------------------------- whom, and of what */

/* Of the first entry that was told. */
static uint8_t ace_flags(void)
{
    const struct wire_blob *told = &harness_last(&c)->body.read_rsp.payload;
    const uint8_t *sd = told->data + 24 + 16, *dacl = sd + (sd[16] | sd[17] << 8);
    return dacl[8 + 1];
}

/* What has no descriptor has a default one, which folders hand on. */
static void test_default(void **state)
{
    (void)state;
    assert_int_equal(ask("data", "\\", OWNER_AND_DACL), NERR_Success);
    assert_int_equal(ace_flags(), OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE);
    assert_int_equal(ask("data", "f", OWNER_AND_DACL), NERR_Success);
    assert_int_equal(ace_flags(), 0);
}

static void test_told(void **state)
{
    (void)state;
    assert_int_equal(ask("data", "\\f", OWNER_AND_DACL), NERR_Success);
    assert_true(harness_last(&c)->body.read_rsp.payload.len > 24 + 16 + 20);
    assert_int_equal(ask("DATA", "f", OWNER_AND_DACL), NERR_Success);
    assert_int_equal(ask("data", "\\", OWNER_AND_DACL), NERR_Success);
    assert_int_equal(ask("data", "closed", OWNER_AND_DACL), NERR_Success); /* his own */
    assert_int_equal(ask("data", "none", OWNER_AND_DACL), ERROR_FILE_NOT_FOUND);
    assert_int_equal(ask("data", "none\\f", OWNER_AND_DACL), ERROR_FILE_NOT_FOUND);
    assert_int_equal(ask("none", "f", OWNER_AND_DACL), NERR_NetNameNotFound);
    assert_int_equal(ask("IPC$", "srvsvc", OWNER_AND_DACL), NERR_NetNameNotFound);
    assert_int_equal(ask("data", "..\\f", OWNER_AND_DACL), ERROR_INVALID_NAME);
    assert_int_equal(ask("data", "f:s", OWNER_AND_DACL), ERROR_INVALID_NAME);
    assert_int_equal(ask("data", "f*", OWNER_AND_DACL), ERROR_INVALID_NAME);
    assert_int_equal(ask("data", "f", SACL_SECURITY_INFORMATION), ERROR_PRIVILEGE_NOT_HELD);
    assert_int_equal(ask("secure", "f", OWNER_AND_DACL), ERROR_ACCESS_DENIED);
}

static void test_not_told(void **state)
{
    (void)state;
    harness_drop(&c);
    log_on("bob", "bob-pw");
    open_pipe();
    assert_int_equal(ask("data", "f", OWNER_AND_DACL), NERR_Success);
    assert_int_equal(ask("data", "closed", OWNER_AND_DACL), ERROR_ACCESS_DENIED);
}

/* ---------------------------------------------------------------- a slow plugin */

/* Sends the request; the plugin keeps what it is asked. */
static void ask_late(void)
{
    struct builder b, out;
    request(&b, "data", "f", OWNER_AND_DACL);
    union wire_any body = {.write_req = {.file_id = srvsvc, .payload = {b.data, b.len}}};
    struct smbclient_element e = harness_element(&c, SMB2_WRITE, &body);
    builder_init_grow(&out, 8192);
    assert_true(smbclient_send(&c.smb, &e, 1, 0, &out));
    w.config.late_per_mille = 1000;
    c.count = 0;
    world_send(c.conn, out.data, out.len);
    builder_free(&out);
    builder_free(&b);
    while (world_deliver_to_server(c.conn) || world_deliver_to_client(c.conn))
        continue;
    assert_int_equal(c.count, 1);
    assert_int_equal(harness_last(&c)->status, SMBKIT_STATUS_SUCCESS);
    assert_true(world_plugin_pending(&w) > 0);
}

static void send_only(uint16_t command, const union wire_any *body)
{
    struct smbclient_element e = harness_element(&c, command, body);
    struct builder out;
    builder_init_grow(&out, 8192);
    assert_true(smbclient_send(&c.smb, &e, 1, 0, &out));
    c.count = 0;
    world_send(c.conn, out.data, out.len);
    builder_free(&out);
    while (world_deliver_to_server(c.conn) || world_deliver_to_client(c.conn))
        continue;
}

/* A READ waits for the answer like for any other. */
static void test_waited_for(void **state)
{
    (void)state;
    ask_late();
    union wire_any body = {.read_req = {.length = 4096, .file_id = srvsvc}};
    send_only(SMB2_READ, &body);
    assert_int_equal(c.count, 1);
    assert_true(harness_last(&c)->interim);
    world_advance(&w, 31 * NS_PER_S); /* whose fault it is can be read in the log */
    assert_int_equal(w.warnings, 1);
    assert_non_null(strstr(w.last_warning, "has not answered path_sd for 31 seconds"));
    w.config.late_per_mille = 0;
    harness_run(&c);
    assert_int_equal(c.count, 2);
    assert_int_equal(result_of(harness_last(&c)), NERR_Success);
    assert_int_equal(ask("data", "f", OWNER_AND_DACL), NERR_Success);
}

/* A CLOSE, too, lets the plugin come to its end first; the READ does not wait for that. */
static void test_closed(void **state)
{
    (void)state;
    ask_late();
    union wire_any body = {.read_req = {.length = 4096, .file_id = srvsvc}};
    send_only(SMB2_READ, &body);
    body = (union wire_any){.close_req = {.file_id = srvsvc}};
    send_only(SMB2_CLOSE, &body);
    assert_true(c.count > 0);
    assert_int_equal(c.replies[0].command, SMB2_READ);
    assert_int_equal(c.replies[0].status, SMBKIT_STATUS_PIPE_BROKEN);
    w.config.late_per_mille = 0;
    harness_run(&c);
    assert_int_equal(harness_last(&c)->command, SMB2_CLOSE);
    assert_int_equal(harness_last(&c)->status, SMBKIT_STATUS_SUCCESS);
}

static void test_logged_off(void **state)
{
    (void)state;
    ask_late();
    union wire_any none = {0};
    send_only(SMB2_LOGOFF, &none);
    w.config.late_per_mille = 0;
    harness_run(&c);
}

/* The world's end looks for what was left. */
static void test_lost(void **state)
{
    (void)state;
    ask_late();
    harness_drop(&c);
    c.conn = NULL;
}

/* The share goes, the volume stays until the plugin has answered. */
static void test_removed(void **state)
{
    (void)state;
    ask_late();
    core_share_remove(w.core, "data");
    w.config.late_per_mille = 0;
    assert_int_equal(harness_read(&c, srvsvc, 0, 4096), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(result_of(harness_last(&c)), NERR_Success);
    assert_int_equal(ask("data", "f", OWNER_AND_DACL), NERR_NetNameNotFound);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_told),    T(test_not_told),   T(test_waited_for), T(test_closed),
        T(test_default), T(test_logged_off), T(test_lost),       T(test_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
