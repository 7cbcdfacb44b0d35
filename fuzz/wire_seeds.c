// SPDX-License-Identifier: Apache-2.0
/*
 * Writes the seeds of the wire targets: wire_seeds DIR makes DIR/wire_{hdr,rsp,ctx}/<name>.
 * The folders must exist. Run it again after a change of the formats; the result is the same every
 * time.
 */
#include "wire/test_gen.h"
#include "wire/wire_int.h"

#include <stdio.h>
#include <stdlib.h>

/* Of each message: seeds with and without the optional parts. */
#define VARIANTS 2

static const char *root;

static void save(const char *target, const char *name, unsigned n, const struct builder *b)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s/%s-%u", root, target, name, n);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(b->data, 1, b->len, f) != b->len || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

/* Room for the frame; the length is patched in when the message is complete. */
static void frame_begin(struct builder *b)
{
    builder_truncate(b, 0);
    builder_zero(b, WIRE_FRAME_SIZE);
}

static void frame_end(struct builder *b)
{
    wire_frame_encode(b->data, WIRE_FRAME_MESSAGE, (uint32_t)(b->len - WIRE_FRAME_SIZE));
}

static void messages(struct builder *b)
{
    for (size_t i = 0; i < gen_message_count; i++) {
        const struct gen_message *g = &gen_messages[i];
        if (g->response && (wire_command(g->code)->flags & WIRE_CMD_NO_RSP))
            continue;
        for (unsigned n = 0; n < VARIANTS; n++) {
            struct gen_random r = {n};
            struct arena a;
            union wire_any m;
            arena_init(&a, 1u << 20);
            gen_fill(&r, &a, g, &m);
            if (g->response)
                builder_truncate(b, 0);
            else
                frame_begin(b);
            gen_encode(b, g, &m);
            if (!g->response)
                frame_end(b);
            save(g->response ? "wire_rsp" : "wire_hdr", wire_command_name(g->code), n, b);
            arena_clear(&a);
        }
    }
}

/* CREATE, QUERY_INFO and CLOSE in one frame, as clients send them. */
static void compounds(struct builder *b, bool response)
{
    static const uint16_t codes[] = {SMB2_CREATE, SMB2_QUERY_INFO, SMB2_CLOSE};
    size_t last = 0;
    frame_begin(b);
    for (size_t k = 0; k < ARRAY_LEN(codes); k++) {
        for (size_t i = 0; i < gen_message_count; i++) {
            struct gen_random r = {k};
            struct arena a;
            union wire_any m;
            if (gen_messages[i].code != codes[k] || gen_messages[i].response != response)
                continue;
            arena_init(&a, 1u << 20);
            gen_fill(&r, &a, &gen_messages[i], &m);
            builder_align(b, WIRE_FRAME_SIZE, 8);
            if (k != 0)
                builder_patch_u32(b, last + WIRE_HDR_NEXT_COMMAND, (uint32_t)(b->len - last));
            last = gen_encode(b, &gen_messages[i], &m);
            arena_clear(&a);
        }
    }
    frame_end(b);
    struct builder bare = *b;
    bare.data += WIRE_FRAME_SIZE;
    bare.len -= WIRE_FRAME_SIZE;
    save(response ? "wire_rsp" : "wire_hdr", "compound", 0, response ? &bare : b);
}

static void other_protocols(struct builder *b)
{
    static const struct wire_smb1_negotiate smb1 = {.smb_2_002 = true, .smb_2_xxx = true};
    static const struct wire_transform transform = {.original_size = 8, .flags = 1};
    static const struct wire_compression compression = {.original_size = 40, .chained = true};
    static const struct wire_compression_payload payload = {
        SMB2_COMPRESSION_LZ77, SMB2_COMPRESSION_FLAG_CHAINED, 40, (const uint8_t *)"payload", 7};

    frame_begin(b);
    wire_smb1_negotiate_encode(b, &smb1);
    frame_end(b);
    save("wire_hdr", "smb1", 0, b);
    frame_begin(b);
    wire_transform_encode(b, &transform);
    builder_zero(b, 8);
    frame_end(b);
    save("wire_hdr", "transform", 0, b);
    frame_begin(b);
    wire_compression_encode(b, &compression);
    wire_compression_payload_encode(b, &payload);
    wire_compression_payload_encode(b, &payload);
    frame_end(b);
    save("wire_hdr", "compression", 0, b);
}

/* A response header with that status and command, from the start of the builder. */
static void rsp_header(struct builder *b, uint16_t command, uint32_t status, uint64_t message_id)
{
    struct wire_hdr hdr = {.command = command,
                           .status = status,
                           .flags = SMB2_FLAGS_SERVER_TO_REDIR,
                           .message_id = message_id};
    builder_truncate(b, 0);
    wire_hdr_encode(b, &hdr);
}

static void errors(struct builder *b)
{
    static const struct wire_symlink_error link = {
        .unparsed_path_length = 4,
        .substitute_name = {(const uint8_t *)"a\0b\0", 4},
        .print_name = {(const uint8_t *)"c\0", 2},
    };
    uint8_t mem[64];
    struct builder data;
    builder_init_fixed(&data, mem, sizeof(mem));
    wire_symlink_error_encode(&data, &link);
    struct wire_error_ctx ctx = {SMB2_ERROR_ID_DEFAULT, {mem, data.len}};
    struct wire_error_rsp rows[] = {
        {.ctx_count = 0}, {.data = {mem, data.len}}, {.ctxs = &ctx, .ctx_count = 1}};
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        rsp_header(b, SMB2_CREATE, i == 0 ? 0xc0000022u : 0x8000002du, 1);
        wire_error_rsp_encode(b, 0, &rows[i]);
        save("wire_rsp", "error", i, b);
    }
}

static void unsolicited(struct builder *b)
{
    static const struct wire_notification closed = {SMB2_NOTIFY_SESSION_CLOSED};
    for (unsigned lease = 0; lease < 2; lease++) {
        struct wire_break_notification brk = {
            .is_lease = lease, .new_state = 1, .current_state = 7};
        rsp_header(b, SMB2_OPLOCK_BREAK, 0, SMB2_MESSAGE_ID_UNSOLICITED);
        wire_break_notification_encode(b, 0, &brk);
        save("wire_rsp", "break", lease, b);
    }
    rsp_header(b, SMB2_SERVER_TO_CLIENT_NOTIFICATION, 0, SMB2_MESSAGE_ID_UNSOLICITED);
    wire_notification_encode(b, 0, &closed);
    save("wire_rsp", "notification", 0, b);
}

static void contexts(struct builder *b)
{
    struct arena a;
    arena_init(&a, 1u << 20);
    for (unsigned version = 1; version <= 2; version++) {
        struct wire_create_req_ctxs req = {.present = (1u << WIRE_CTX_OTHER) - 1,
                                           .max_access_has_time = true};
        struct wire_create_rsp_ctxs rsp = {
            .present = WIRE_CTX_BIT(WIRE_CTX_DHNQ) | WIRE_CTX_BIT(WIRE_CTX_MXAC) |
                       WIRE_CTX_BIT(WIRE_CTX_QFID) | WIRE_CTX_BIT(WIRE_CTX_RQLS) |
                       WIRE_CTX_BIT(WIRE_CTX_DH2Q)};
        const struct wire_create_ctx *list;
        size_t n;
        req.lease.version = rsp.lease.version = (uint8_t)version;
        ASSERT(wire_create_req_ctxs_build(&a, &req, NULL, 0, &list, &n));
        builder_truncate(b, 0);
        builder_zero(b, 8);
        wire_create_ctxs_encode(b, list, n);
        save("wire_ctx", "create-request", version, b);
        ASSERT(wire_create_rsp_ctxs_build(&a, &rsp, NULL, 0, &list, &n));
        builder_truncate(b, 8);
        wire_create_ctxs_encode(b, list, n);
        save("wire_ctx", "create-response", version, b);
    }
    struct wire_negotiate_ctxs neg = {.present = 0x1ee,
                                      .hashes = {1, {1}},
                                      .salt = {(const uint8_t *)"salt", 4},
                                      .ciphers = {2, {4, 2}},
                                      .compressions = {1, {2}},
                                      .netname = {(const uint8_t *)"h\0", 2},
                                      .rdma_transforms = {1, {1}},
                                      .signings = {2, {2, 1}}};
    const struct wire_negotiate_ctx *list;
    size_t n;
    ASSERT(wire_negotiate_ctxs_build(&a, &neg, &list, &n));
    builder_truncate(b, 0);
    builder_u8(b, (uint8_t)n);
    builder_zero(b, 7);
    wire_typed_ctxs_encode(b, 0, list, n);
    save("wire_ctx", "negotiate", 0, b);
    arena_clear(&a);
}

int main(int argc, char **argv)
{
    struct builder b;
    if (argc != 2) {
        fprintf(stderr, "usage: wire_seeds DIR\n");
        return 2;
    }
    root = argv[1];
    builder_init_grow(&b, 1u << 20);
    messages(&b);
    compounds(&b, false);
    compounds(&b, true);
    other_protocols(&b);
    errors(&b);
    unsolicited(&b);
    contexts(&b);
    ASSERT(!builder_failed(&b));
    builder_free(&b);
    return 0;
}
