// SPDX-License-Identifier: Apache-2.0
/*
 * What a client does with received bytes: every response decoder, error responses, breaks and
 * notifications. The input is a message, single or compound.
 */
#include "wire_fuzz.h"

static void error(struct wire_element *e, struct arena *a)
{
    struct wire_error_rsp rsp;
    struct wire_symlink_error link;
    if (!wire_error_rsp_decode(&e->body, a, &rsp))
        return;
    (void)wire_symlink_error_decode(&rsp.data, &link);
    for (size_t i = 0; i < rsp.ctx_count; i++)
        (void)wire_symlink_error_decode(&rsp.ctxs[i].data, &link);
}

static void contexts(uint16_t command, const union wire_any *m)
{
    if (command == SMB2_NEGOTIATE) {
        struct wire_negotiate_ctxs typed;
        (void)wire_negotiate_ctxs_parse(m->negotiate_rsp.ctxs, m->negotiate_rsp.ctx_count, &typed);
    }
    if (command == SMB2_CREATE) {
        struct wire_create_rsp_ctxs typed;
        (void)wire_create_rsp_ctxs_parse(m->create_rsp.ctxs, m->create_rsp.ctx_count, &typed);
    }
}

static void element(struct wire_element *e, struct arena *a)
{
    const struct wire_codec *codec = wire_rsp_codec(e->hdr.command);
    struct wire_notification notification;
    struct wire_break_notification brk;
    union wire_any m;
    if (e->hdr.command == SMB2_SERVER_TO_CLIENT_NOTIFICATION) {
        (void)wire_notification_decode(&e->body, &notification);
    } else if (e->hdr.message_id == SMB2_MESSAGE_ID_UNSOLICITED) {
        (void)wire_break_notification_decode(&e->body, &brk);
    } else if (e->hdr.status >= 0xc0000000u || e->hdr.status == 0x8000002du) {
        error(e, a); /* a failure, or STATUS_STOPPED_ON_SYMLINK */
    } else if (codec != NULL && e->hdr.command != SMB2_CANCEL &&
               fuzz_codec(codec, &e->body, a, &m)) {
        contexts(e->hdr.command, &m);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_compound it;
    struct wire_element e;
    wire_compound_init(&it, data, size);
    while (wire_compound_next(&it, &e) == WIRE_COMPOUND_ELEMENT) {
        struct arena a;
        arena_init(&a, FUZZ_ARENA_MAX);
        element(&e, &a);
        arena_clear(&a);
    }
    return 0;
}
