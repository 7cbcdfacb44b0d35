// SPDX-License-Identifier: Apache-2.0
/*
 * A whole connection: frames against a core over the memory plugin. The first byte says how the
 * world is set up, then come the frames, each
 *
 *   kind (1), length (2, little-endian), bytes
 *
 * kind, low two bits:  0 raw bytes as they are
 *                      1 a request: the bytes are command (2), flags (1), and the body; header,
 *                        message id and signature are made right
 *                      2 several requests in one message: each element is a byte of length in units
 *                        of 8 bytes, then as in 1
 *                      3 the next SESSION_SETUP or TREE_CONNECT of the client, or time passes, or
 *                        the plugin goes on (by the first byte)
 *
 * NEGOTIATE, logon and tree connect are made before the first frame unless the first byte says
 * otherwise, so that the fuzzer starts behind them. At the end the connection drops; the core must
 * become idle and all memory be free, and no promise of the protocol may have been broken (as far
 * as the client can tell: raw frames blind it).
 */
#include "base/mem.h"
#include "base/testmem.h"
#include "base/utf.h"
#include "client/smbclient.h"
#include "sim/world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_MAX 64

enum setup {
    SETUP_BARE = 0x01,   /* nothing is done beforehand */
    SETUP_SEAL = 0x02,   /* the session is sealed */
    SETUP_LATE = 0x04,   /* the plugin answers late */
    SETUP_WORKER = 0x08, /* ... from a worker */
    SETUP_V2 = 0x10,     /* 2.1 */
    SETUP_PLAIN = 0x20,  /* requests are not signed */
    SETUP_FAIL = 0x40,   /* allocations fail */
};

enum kind {
    KIND_RAW,
    KIND_REQUEST,
    KIND_COMPOUND,
    KIND_STEP,
};

struct fuzz {
    struct world world;
    struct world_conn *conn;
    struct smbclient smb;
    struct smbclient_session *session;
    uint32_t tree_id;
    bool blind; /* the client's view of the connection is not worth anything any more */
};

static struct sim_stats stats;

static void random_bytes(void *ctx, void *dst, size_t n)
{
    struct fuzz *f = ctx;
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)dst)[i] = (uint8_t)testrand_next(&f->world.rng);
}

static void on_reply(void *ctx, struct smbclient_request *rq, const struct smbclient_reply *rp)
{
    struct fuzz *f = ctx;
    if (rq->command == SMB2_TREE_CONNECT && rp->hdr->status == SMBKIT_STATUS_SUCCESS)
        f->tree_id = rp->hdr->tree_id;
}

static void broken(const char *what)
{
    fprintf(stderr, "%s\n", what);
    abort();
}

static void on_receive(void *ctx, uint8_t *data, size_t len)
{
    struct fuzz *f = ctx;
    if (!f->blind && !smbclient_receive(&f->smb, data, len))
        broken(smbclient_violation(&f->smb));
}

/* Delivers what lies in the queues; the plugin goes on only when it is not late. */
static void run(struct fuzz *f, bool plugin)
{
    bool moved = true;
    while (moved) {
        moved = plugin && world_plugin_event(&f->world);
        while (!f->conn->closing && world_deliver_to_server(f->conn))
            moved = true;
        while (world_deliver_to_client(f->conn))
            moved = true;
    }
    if (f->world.violation[0] != '\0')
        broken(f->world.violation);
}

static void send_built(struct fuzz *f, struct builder *out, bool ok)
{
    if (ok && !f->conn->closing && out->len > 0)
        world_send(f->conn, out->data, out->len);
    builder_free(out);
    run(f, f->world.config.late_per_mille == 0);
}

/* ---------------------------------------------------------------- what the client does itself */

static void step_tree(struct fuzz *f)
{
    static const char path[] = "\\\\fuzz\\data";
    uint8_t mem[64];
    struct builder b, out;
    builder_init_fixed(&b, mem, sizeof mem);
    utf8_to_utf16(&b, path, strlen(path));
    union wire_any body = {.tree_connect_req = {.path = {b.data, b.len}}};
    struct smbclient_element e = {
        .command = SMB2_TREE_CONNECT, .body = &body, .session = f->session, .credits = 64};
    builder_init_grow(&out, 65536);
    bool ok = smbclient_send(&f->smb, &e, 1, 0, &out);
    send_built(f, &out, ok);
}

static void step_setup(struct fuzz *f)
{
    struct builder out;
    builder_init_grow(&out, 65536);
    bool ok = smbclient_session_setup(f->session, 0, &out);
    send_built(f, &out, ok);
}

static void get_in(struct fuzz *f)
{
    struct builder out;
    builder_init_grow(&out, 65536);
    bool ok = smbclient_negotiate(&f->smb, &out);
    send_built(f, &out, ok);
    for (int i = 0; i < 4 && f->session->state != SMBCLIENT_SESSION_VALID; i++)
        step_setup(f);
    step_tree(f);
}

static void step(struct fuzz *f, uint8_t what)
{
    switch (what % 5) {
    case 0: step_setup(f); break;
    case 1: step_tree(f); break;
    case 2: world_advance(&f->world, (uint64_t)what * 10 * NS_PER_MS); break;
    case 3: run(f, true); break;
    case 4: world_plugin_event(&f->world); break;
    }
}

/* ---------------------------------------------------------------- frames from the input */

/* command (2), flags (1), body. */
static bool element(struct fuzz *f, struct cursor *c, bool first, struct smbclient_element *e)
{
    uint16_t command = cursor_u16(c) % WIRE_COMMAND_COUNT;
    uint8_t flags = cursor_u8(c);
    bool setup = command == SMB2_NEGOTIATE || command == SMB2_SESSION_SETUP;
    size_t len = cursor_left(c);
    /* the client judges answers only to what it understands */
    if (cursor_failed(c) || len < 2 || setup || command == SMB2_CANCEL)
        return false;
    *e = (struct smbclient_element){
        .command = command,
        .raw = cursor_take(c, len),
        .raw_len = len,
        .session = f->session,
        .tree_id = wire_command(command)->flags & WIRE_CMD_NO_TREE ? 0 : f->tree_id,
        .related = !first && (flags & 1),
        .dfs = (flags & 2) != 0,
        .credits = 4,
        .charge = (uint16_t)(1 + (flags >> 6)),
    };
    return true;
}

static void send_elements(struct fuzz *f, struct smbclient_element *v, size_t n, unsigned flags)
{
    struct builder out;
    builder_init_grow(&out, WIRE_FRAME_MAX);
    bool ok = n > 0 && smbclient_send(&f->smb, v, n, SMBCLIENT_LENIENT | flags, &out);
    send_built(f, &out, ok);
}

static void frame_compound(struct fuzz *f, struct cursor *c, unsigned flags)
{
    struct smbclient_element v[16];
    size_t n = 0;
    while (n < ARRAY_LEN(v) && cursor_left(c) > 0) {
        size_t len = MIN((size_t)cursor_u8(c) * 8, cursor_left(c));
        struct cursor part = cursor_sub(c, c->pos, len);
        cursor_skip(c, len);
        if (element(f, &part, n == 0, &v[n]))
            n++;
    }
    send_elements(f, v, n, flags);
}

static void one_frame(struct fuzz *f, uint8_t kind, const uint8_t *bytes, size_t len,
                      unsigned flags)
{
    struct cursor c;
    struct smbclient_element e;
    cursor_init(&c, bytes, len);
    switch (kind & 3) {
    case KIND_RAW:
        f->blind = true;
        world_send(f->conn, bytes, len);
        run(f, f->world.config.late_per_mille == 0);
        break;
    case KIND_REQUEST:
        if (element(f, &c, true, &e))
            send_elements(f, &e, 1, flags);
        break;
    case KIND_COMPOUND: frame_compound(f, &c, flags); break;
    case KIND_STEP: step(f, bytes[0]); break;
    }
}

/* ---------------------------------------------------------------- the whole */

static void make_world(struct fuzz *f, uint8_t setup)
{
    static const struct auth_client_config who = {
        .user = "alice", .domain = "", .password = "alice-pw"};
    struct world_config cfg = {
        .seed = 1,
        .core = {.encryption = CORE_ENCRYPTION_OFFERED, .max_credits = 512},
        .model = setup & SETUP_WORKER ? SMBKIT_THREAD_PARALLEL : SMBKIT_THREAD_ASYNC,
    };
    struct smbclient_config ccfg = {
        .dialects = {SMB2_DIALECT_210, SMB2_DIALECT_311},
        .dialect_count = setup & SETUP_V2 ? 1 : 2,
        .security_mode = SMB2_NEGOTIATE_SIGNING_ENABLED,
        .capabilities = SMB2_GLOBAL_CAP_LARGE_MTU,
        .ciphers = {CRYPTO_CIPHER_AES_128_GCM},
        .cipher_count = 1,
        .random = {random_bytes, f},
        .reply = on_reply,
        .ctx = f,
    };
    static const struct core_dfs_link link = {
        .path = "l", .targets = {"\\one\\share", "\\two\\share\\x"}, .target_count = 2};
    const struct core_share_config share = {.name = "data", .links = &link, .link_count = 1};
    if (!world_init(&f->world, &cfg, &stats) || !smbclient_init(&f->smb, &ccfg))
        broken("no world");
    if (core_share_set(f->world.core, &share, f->world.volume) != SMBKIT_STATUS_SUCCESS)
        broken("no links");
    f->smb.now = f->world.filetime;
    f->session = smbclient_session_new(&f->smb, &who);
    f->conn = world_connect(&f->world, 1);
    if (f->session == NULL || f->conn == NULL)
        broken("no connection");
    f->session->who.random = ccfg.random;
    f->conn->receive = on_receive;
    f->conn->ctx = f;
}

static void unmake_world(struct fuzz *f)
{
    world_drop(f->conn);
    smbclient_free(&f->smb);
    if (!world_end(&f->world))
        broken(f->world.violation);
}

static void frames(struct fuzz *f, struct cursor *c, unsigned flags)
{
    for (int n = 0; n < FRAMES_MAX && cursor_left(c) > 3 && !f->conn->closing; n++) {
        uint8_t kind = cursor_u8(c);
        size_t len = cursor_u16(c);
        len = MIN(len, cursor_left(c));
        if (len > 0)
            one_frame(f, kind, cursor_take(c, len), len, flags);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct fuzz *f;
    struct cursor c;
    if (size < 1)
        return 0;
    if (!ready && !crypto_init()) /* kept: libcrypto's set-up costs more than an input */
        abort();
    ready = true;
    testmem_install();
    f = calloc(1, sizeof *f);
    if (f == NULL)
        abort();
    cursor_init(&c, data, size);
    uint8_t setup = cursor_u8(&c);
    make_world(f, setup);
    if (!(setup & SETUP_BARE))
        get_in(f);
    f->session->seal = (setup & SETUP_SEAL) != 0;
    f->world.config.late_per_mille = setup & SETUP_LATE ? 700 : 0;
    if (setup & SETUP_FAIL) { /* any connection may be closed, any reply be missing */
        f->blind = true;
        f->world.config.fail_per_mille = 20;
    }
    frames(f, &c, setup & SETUP_PLAIN ? SMBCLIENT_UNSIGNED : 0);
    unmake_world(f);
    free(f);
    testmem_remove();
    return 0;
}
