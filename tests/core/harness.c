// SPDX-License-Identifier: Apache-2.0
/* See harness.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"

#include "base/utf.h"
#include <stdio.h>

#define NONE 0xffffffffu

struct sim_stats harness_stats;

/* ---------------------------------------------------------------- configurations */

struct world_config harness_world_config(void)
{
    return (struct world_config){.seed = 1, .core = {.signing_required = true}};
}

static void client_random(void *ctx, void *dst, size_t n)
{
    struct world *w = ctx;
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)dst)[i] = (uint8_t)testrand_next(&w->rng);
}

struct smbclient_config harness_client_config(struct world *w)
{
    return (struct smbclient_config){
        .dialects = {SMB2_DIALECT_202, SMB2_DIALECT_210, SMB2_DIALECT_300, SMB2_DIALECT_302,
                     SMB2_DIALECT_311},
        .dialect_count = 5,
        .security_mode = SMB2_NEGOTIATE_SIGNING_ENABLED,
        .capabilities = SMB2_GLOBAL_CAP_LARGE_MTU | SMB2_GLOBAL_CAP_ENCRYPTION,
        .guid = {{1, 2, 3}},
        .ciphers = {CRYPTO_CIPHER_AES_128_GCM, CRYPTO_CIPHER_AES_256_GCM},
        .cipher_count = 2,
        .signings = {CRYPTO_SIGN_AES_GMAC, CRYPTO_SIGN_AES_CMAC},
        .signing_count = 2,
        .random = {client_random, w},
        .max_credits = 512,
    };
}

/* ---------------------------------------------------------------- world and connection */

void harness_world(struct world *w, const struct world_config *config)
{
    testmem_install();
    assert_true(world_init(w, config, &harness_stats));
}

void harness_world_end(struct world *w)
{
    if (!world_end(w))
        fail_msg("%s", w->violation);
    testmem_remove();
}

static void on_reply(void *ctx, struct smbclient_request *rq, const struct smbclient_reply *rp)
{
    struct harness_client *c = ctx;
    assert_true(c->count < HARNESS_REPLIES_MAX);
    struct harness_reply *r = &c->replies[c->count++];
    *r = (struct harness_reply){
        .command = rp->hdr->command,
        .message_id = rp->hdr->message_id,
        .status = rp->hdr->status,
        .tree_id = rp->hdr->tree_id,
        .credits = rp->hdr->credits,
        .interim = rp->interim,
        .is_signed = rp->is_signed,
        .is_sealed = rp->is_sealed,
    };
    struct cursor body = rp->body;
    (void)rq;
    /* some warnings have the body of an error */
    if (smbkit_is_error(rp->hdr->status) || rp->interim ||
        rp->hdr->status == SMBKIT_STATUS_STOPPED_ON_SYMLINK ||
        rp->hdr->status == SMBKIT_STATUS_EA_LIST_INCONSISTENT) {
        struct wire_error_rsp err;
        if (rp->hdr->status != SMBKIT_STATUS_MORE_PROCESSING_REQUIRED) {
            assert_true(wire_error_rsp_decode(&body, &c->arena, &err));
            r->error_contexts = err.ctx_count;
        }
        return;
    }
    /* the bytes go away after this call */
    size_t len = body.end;
    void *copy = arena_dup(&c->arena, body.base, len);
    assert_non_null(copy);
    body.base = copy;
    assert_true(wire_rsp_codec(rp->hdr->command)->decode(&body, &c->arena, &r->body));
}

static void on_receive(void *ctx, uint8_t *data, size_t len)
{
    struct harness_client *c = ctx;
    if (!smbclient_receive(&c->smb, data, len))
        fail_msg("%s", smbclient_violation(&c->smb));
}

void harness_connect(struct harness_client *c, struct world *w,
                     const struct smbclient_config *config)
{
    struct smbclient_config cfg = *config;
    memset(c, 0, sizeof *c);
    c->world = w;
    cfg.reply = on_reply;
    cfg.ctx = c;
    arena_init(&c->arena, 16u << 20);
    assert_true(smbclient_init(&c->smb, &cfg));
    c->smb.now = w->filetime;
    c->conn = world_connect(w, 1);
    assert_non_null(c->conn);
    c->conn->receive = on_receive;
    c->conn->ctx = c;
}

void harness_drop(struct harness_client *c)
{
    if (c->conn != NULL)
        world_drop(c->conn);
    c->conn = NULL;
    smbclient_free(&c->smb);
    arena_clear(&c->arena);
}

void harness_run(struct harness_client *c)
{
    bool moved = true;
    while (moved) {
        moved = world_plugin_event(c->world);
        LIST_FOREACH_SAFE (it, tmp, &c->world->conns) {
            struct world_conn *conn = LIST_ENTRY(it, struct world_conn, link);
            while (world_deliver_to_server(conn) || world_deliver_to_client(conn))
                moved = true;
        }
    }
    if (c->world->violation[0] != '\0')
        fail_msg("%s", c->world->violation);
    c->closed = c->conn->closing;
}

void harness_raw(struct harness_client *c, const void *data, size_t len)
{
    c->count = 0;
    arena_clear(&c->arena);
    world_send(c->conn, data, len);
    harness_run(c);
}

static smbkit_status last_status(const struct harness_client *c)
{
    return c->count > 0 ? harness_last(c)->status : NONE;
}

smbkit_status harness_send(struct harness_client *c, const struct smbclient_element *v, size_t n,
                           unsigned flags)
{
    struct builder out;
    builder_init_grow(&out, WIRE_FRAME_MAX);
    assert_true(smbclient_send(&c->smb, v, n, flags, &out));
    harness_raw(c, out.data, out.len);
    builder_free(&out);
    return last_status(c);
}

struct smbclient_element harness_element(const struct harness_client *c, uint16_t command,
                                         const union wire_any *body)
{
    bool in_tree = !(wire_command(command)->flags & WIRE_CMD_NO_TREE);
    return (struct smbclient_element){
        .command = command,
        .body = body,
        .session = c->session,
        .tree_id = in_tree || command == SMB2_CANCEL ? c->tree_id : 0,
        .tree_encrypts = in_tree && c->tree_encrypts,
        .credits = 1,
    };
}

smbkit_status harness_call(struct harness_client *c, uint16_t command, const union wire_any *body)
{
    struct smbclient_element e = harness_element(c, command, body);
    e.credits = smbclient_charge(&c->smb, command, body);
    return harness_send(c, &e, 1, 0);
}

/* ---------------------------------------------------------------- getting in */

smbkit_status harness_negotiate(struct harness_client *c)
{
    struct builder out;
    builder_init_grow(&out, 65536);
    assert_true(smbclient_negotiate(&c->smb, &out));
    harness_raw(c, out.data, out.len);
    builder_free(&out);
    return last_status(c);
}

smbkit_status harness_setup_step(struct harness_client *c, uint64_t previous_id)
{
    struct builder out;
    builder_init_grow(&out, 65536);
    assert_true(smbclient_session_setup(c->session, previous_id, &out));
    harness_raw(c, out.data, out.len);
    builder_free(&out);
    return last_status(c);
}

static smbkit_status set_up(struct harness_client *c, uint64_t previous_id)
{
    smbkit_status st;
    assert_non_null(c->session);
    do
        st = harness_setup_step(c, previous_id);
    while (st == SMBKIT_STATUS_MORE_PROCESSING_REQUIRED);
    return st;
}

smbkit_status harness_logon(struct harness_client *c, const char *user, const char *password,
                            uint64_t previous_id)
{
    struct auth_client_config who = {
        .user = user, .domain = "", .password = password, .random = c->smb.config.random};
    if (c->session == NULL || c->session->state == SMBCLIENT_SESSION_DEAD ||
        strcmp(c->session->who.user, user) != 0)
        c->session = smbclient_session_new(&c->smb, &who);
    return set_up(c, previous_id);
}

smbkit_status harness_bind(struct harness_client *c, const struct harness_client *first,
                           const char *user, const char *password)
{
    struct auth_client_config who = {
        .user = user, .domain = "", .password = password, .random = c->smb.config.random};
    c->session = smbclient_session_bind(&c->smb, first->session, &who);
    c->tree_id = first->tree_id;
    return set_up(c, 0);
}

static struct wire_blob utf16(struct arena *a, const char *text)
{
    struct builder b;
    size_t len = utf8_to_utf16(NULL, text, strlen(text));
    uint8_t *mem = arena_alloc(a, len + 1);
    assert_non_null(mem);
    builder_init_fixed(&b, mem, len);
    utf8_to_utf16(&b, text, strlen(text));
    return (struct wire_blob){mem, len};
}

smbkit_status harness_tree(struct harness_client *c, const char *share)
{
    char path[128];
    struct arena a;
    arena_init(&a, 4096);
    snprintf(path, sizeof path, "\\\\sim\\%s", share);
    union wire_any body = {.tree_connect_req = {.path = utf16(&a, path)}};
    smbkit_status st = harness_call(c, SMB2_TREE_CONNECT, &body);
    arena_clear(&a);
    if (st == SMBKIT_STATUS_SUCCESS) {
        c->tree_id = harness_last(c)->tree_id;
        c->tree_encrypts =
            (harness_last(c)->body.tree_connect_rsp.share_flags & SMB2_SHAREFLAG_ENCRYPT_DATA) != 0;
    }
    return st;
}

void harness_ready(struct harness_client *c, struct world *w, const struct smbclient_config *config)
{
    harness_connect(c, w, config);
    assert_int_equal(harness_negotiate(c), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_logon(c, "alice", "alice-pw", 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(c, "data"), SMBKIT_STATUS_SUCCESS);
}

/* ---------------------------------------------------------------- common requests */

union wire_any harness_create_req(struct arena *a, const char *name, uint32_t access,
                                  uint32_t share, uint32_t disposition, uint32_t options)
{
    return (union wire_any){.create_req = {
                                .impersonation_level = SMB2_IMPERSONATION_IMPERSONATION,
                                .desired_access = access,
                                .share_access = share,
                                .create_disposition = disposition,
                                .create_options = options,
                                .name = utf16(a, name),
                            }};
}

smbkit_status harness_create(struct harness_client *c, const char *name, uint32_t access,
                             uint32_t share, uint32_t disposition, uint32_t options,
                             struct wire_file_id *id)
{
    struct arena a;
    arena_init(&a, 65536);
    union wire_any body = harness_create_req(&a, name, access, share, disposition, options);
    smbkit_status st = harness_call(c, SMB2_CREATE, &body);
    arena_clear(&a);
    if (st == SMBKIT_STATUS_SUCCESS && id != NULL)
        *id = harness_last(c)->body.create_rsp.file_id;
    return st;
}

smbkit_status harness_close(struct harness_client *c, struct wire_file_id id)
{
    union wire_any body = {.close_req = {.file_id = id}};
    return harness_call(c, SMB2_CLOSE, &body);
}

smbkit_status harness_read(struct harness_client *c, struct wire_file_id id, uint64_t offset,
                           uint32_t length)
{
    union wire_any body = {
        .read_req = {.length = length, .offset = offset, .file_id = id, .padding = 80}};
    return harness_call(c, SMB2_READ, &body);
}

smbkit_status harness_write(struct harness_client *c, struct wire_file_id id, uint64_t offset,
                            const void *data, size_t len)
{
    union wire_any body = {.write_req = {.offset = offset, .file_id = id, .payload = {data, len}}};
    return harness_call(c, SMB2_WRITE, &body);
}

smbkit_status harness_lock(struct harness_client *c, struct wire_file_id id, uint64_t offset,
                           uint64_t length, uint32_t flags)
{
    struct wire_lock_element e = {offset, length, flags};
    union wire_any body = {.lock_req = {.file_id = id, .locks = &e, .lock_count = 1}};
    return harness_call(c, SMB2_LOCK, &body);
}
