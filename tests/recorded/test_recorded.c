// SPDX-License-Identifier: Apache-2.0
/*
 * What real clients and servers once said (README.md) is understood: every message of the files
 * that are given decodes, and what was decoded encodes to the same bytes, or, where its writer lays
 * the parts out in another way than our encoders, to bytes that say the same. The typed contexts of
 * NEGOTIATE and CREATE are read too.
 *
 * Each message lies in a block of its exact size, so that a sanitizer sees the first byte too many.
 */
#include "wire/test_gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDED_LINE_MAX (1u << 14)
#define ARENA_MAX         (1u << 20)

enum {
    STATUS_NOTIFY_ENUM_DIR = 0x0000010c,
    STATUS_BUFFER_OVERFLOW = 0x80000005,
    STATUS_MORE_PROCESSING_REQUIRED = 0xc0000016,
};

struct tally {
    const char *file;
    unsigned line;
    unsigned messages, elements, same, bare; /* same: byte for byte; bare: sealed, or SMB1 */
    unsigned wrong;
};

static bool seen[2][WIRE_COMMAND_COUNT]; /* requests, replies */

static void wrong(struct tally *t, const char *what, const struct wire_hdr *hdr)
{
    t->wrong++;
    printf("%s:%u: %s%s%s\n", t->file, t->line, hdr != NULL ? wire_command_name(hdr->command) : "",
           hdr != NULL ? ": " : "", what);
}

static const struct gen_message *description(uint16_t command, bool response)
{
    for (size_t i = 0; i < gen_message_count; i++)
        if (gen_messages[i].code == command && gen_messages[i].response == response)
            return &gen_messages[i];
    return NULL;
}

/* Where others write what is ignored, or leave room, and what that is. All the rest has one form.
 */
static bool may_differ(uint16_t command)
{
    static const uint16_t commands[] = {
        SMB2_CREATE, /* room before the contexts, offsets of data that are not there, SecurityFlags
                      */
        SMB2_IOCTL,  /* the offset of an output that is not there, bytes behind the last part */
        SMB2_LOCK,   /* bytes behind the last lock */
        SMB2_QUERY_INFO, /* the offset of an input that is not there */
        SMB2_READ,       /* the one byte that stands for a buffer that is not there */
    };
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (commands[i] == command)
            return true;
    return false;
}

/* --- one element of a compound --- */

static void check_header(struct tally *t, const struct wire_hdr *hdr, const uint8_t *bytes)
{
    struct builder b;
    builder_init_grow(&b, SMB2_HEADER_SIZE);
    if (!wire_hdr_encode(&b, hdr) || memcmp(b.data, bytes, SMB2_HEADER_SIZE) != 0)
        wrong(t, "the header is not the same", hdr);
    builder_free(&b);
}

/* What the encoder made of a body is what was received; only padding to the next element may be
 * more. */
static bool same_bytes(const struct builder *b, const struct wire_element *e, const uint8_t *bytes)
{
    return b->len <= e->size && e->size - b->len < 8 &&
           memcmp(b->data + SMB2_HEADER_SIZE, bytes + SMB2_HEADER_SIZE,
                  b->len - SMB2_HEADER_SIZE) == 0;
}

static void check_body(struct tally *t, const struct wire_element *e, const uint8_t *bytes,
                       const struct gen_message *g, struct arena *a, union wire_any *m)
{
    union wire_any again;
    struct builder b;
    struct cursor c = e->body;
    if (!gen_codec(g)->decode(&c, a, m)) {
        wrong(t, "is not decoded", &e->hdr);
        return;
    }
    builder_init_grow(&b, 1u << 20);
    builder_zero(&b, SMB2_HEADER_SIZE);
    if (!gen_codec(g)->encode(&b, 0, m)) {
        wrong(t, "is not encoded again", &e->hdr);
    } else if (same_bytes(&b, e, bytes)) {
        t->same++;
    } else {
        cursor_init(&c, b.data, b.len);
        cursor_seek(&c, SMB2_HEADER_SIZE);
        if (!gen_codec(g)->decode(&c, a, &again) || !gen_equal(g, m, &again))
            wrong(t, "says something else when it was encoded again", &e->hdr);
        else if (!may_differ(e->hdr.command))
            wrong(t, "has other bytes when it was encoded again", &e->hdr);
    }
    builder_free(&b);
}

static void check_contexts(struct tally *t, const struct wire_element *e, bool response,
                           const union wire_any *m)
{
    struct wire_negotiate_ctxs negotiate;
    struct wire_create_req_ctxs req;
    struct wire_create_rsp_ctxs rsp;
    bool good = true;
    if (e->hdr.command == SMB2_NEGOTIATE && response)
        good = wire_negotiate_ctxs_parse(m->negotiate_rsp.ctxs, m->negotiate_rsp.ctx_count,
                                         &negotiate);
    else if (e->hdr.command == SMB2_NEGOTIATE)
        good = wire_negotiate_ctxs_parse(m->negotiate_req.ctxs, m->negotiate_req.ctx_count,
                                         &negotiate);
    else if (e->hdr.command == SMB2_CREATE && response)
        good = wire_create_rsp_ctxs_parse(m->create_rsp.ctxs, m->create_rsp.ctx_count, &rsp);
    else if (e->hdr.command == SMB2_CREATE)
        good = wire_create_req_ctxs_parse(m->create_req.ctxs, m->create_req.ctx_count, &req);
    if (!good)
        wrong(t, "has contexts that are not understood", &e->hdr);
}

/* Errors have a body of their own ([MS-SMB2] 2.2.2), with the StructureSize of some replies. */
static bool is_error(const struct wire_element *e, const uint8_t *bytes)
{
    uint32_t status = e->hdr.status;
    bool reply =
        status == 0 || status == STATUS_BUFFER_OVERFLOW || status == STATUS_NOTIFY_ENUM_DIR ||
        (status == STATUS_MORE_PROCESSING_REQUIRED && e->hdr.command == SMB2_SESSION_SETUP);
    return !reply && bytes[SMB2_HEADER_SIZE] == 9;
}

static void check_error(struct tally *t, const struct wire_element *e, const uint8_t *bytes,
                        struct arena *a)
{
    struct wire_error_rsp error;
    struct cursor c = e->body;
    struct builder b;
    builder_init_grow(&b, 1u << 16);
    builder_zero(&b, SMB2_HEADER_SIZE);
    if (!wire_error_rsp_decode(&c, a, &error) || !wire_error_rsp_encode(&b, 0, &error))
        wrong(t, "the error is not decoded or not encoded again", &e->hdr);
    else if (same_bytes(&b, e, bytes))
        t->same++;
    builder_free(&b);
}

/* What a server sends on its own has the command of a reply, and no request's id
 * ([MS-SMB2] 2.2.23). */
static void check_notification(struct tally *t, const struct wire_element *e, const uint8_t *bytes)
{
    struct wire_break_notification n;
    struct cursor c = e->body;
    struct builder b;
    builder_init_grow(&b, 1u << 10);
    builder_zero(&b, SMB2_HEADER_SIZE);
    if (!wire_break_notification_decode(&c, &n) || !wire_break_notification_encode(&b, 0, &n) ||
        !same_bytes(&b, e, bytes))
        wrong(t, "the notification does not become the same bytes", &e->hdr);
    else
        t->same++;
    builder_free(&b);
}

static void check_element(struct tally *t, const struct wire_element *e, const uint8_t *bytes,
                          bool response)
{
    const struct gen_message *g = description(e->hdr.command, response);
    union wire_any m = {0};
    struct arena a;
    unsigned before = t->wrong;
    arena_init(&a, ARENA_MAX);
    t->elements++;
    if (g != NULL)
        seen[response][e->hdr.command] = true;
    check_header(t, &e->hdr, bytes);
    if (response && e->hdr.command == SMB2_OPLOCK_BREAK && e->hdr.message_id == UINT64_MAX) {
        check_notification(t, e, bytes);
    } else if (response && is_error(e, bytes)) {
        check_error(t, e, bytes, &a);
    } else if (g == NULL) {
        wrong(t, "an unknown command", &e->hdr);
    } else {
        check_body(t, e, bytes, g, &a, &m);
        if (t->wrong == before)
            check_contexts(t, e, response, &m);
    }
    arena_clear(&a);
}

/* --- messages and files --- */

static void check_message(struct tally *t, const uint8_t *data, size_t size, bool response)
{
    struct wire_smb1_negotiate smb1;
    struct wire_transform transform;
    struct wire_compound it;
    struct wire_element e;
    enum wire_compound_result r;
    struct cursor c;
    cursor_init(&c, data, size);
    switch (wire_protocol_of(data, size)) {
    case WIRE_PROTOCOL_SMB2: break;
    case WIRE_PROTOCOL_SMB1:
        t->bare++;
        if (response || !wire_smb1_negotiate_decode(data, size, &smb1))
            wrong(t, "SMB1 that is no NEGOTIATE", NULL);
        return;
    case WIRE_PROTOCOL_TRANSFORM:
        t->bare++;
        if (!wire_transform_decode(&c, &transform))
            wrong(t, "the header of a sealed message is not decoded", NULL);
        return;
    default: wrong(t, "no protocol that we know", NULL); return;
    }
    wire_compound_init(&it, data, size);
    while ((r = wire_compound_next(&it, &e)) == WIRE_COMPOUND_ELEMENT)
        check_element(t, &e, data + e.offset, response);
    if (r != WIRE_COMPOUND_END)
        wrong(t, "is no compound", NULL);
}

/* `> ` or `< `, and the bytes in hexadecimal. */
static void check_line(struct tally *t, const char *line)
{
    size_t digits = strspn(line + 2, "0123456789abcdef");
    if ((line[0] != '>' && line[0] != '<') || line[1] != ' ' || digits % 2 != 0 || digits == 0 ||
        line[2 + digits] != '\n') {
        wrong(t, "is no message", NULL);
        return;
    }
    uint8_t *data = malloc(digits / 2);
    for (size_t i = 0; data != NULL && i < digits / 2; i++) {
        char pair[3] = {line[2 + 2 * i], line[3 + 2 * i], '\0'};
        data[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    t->messages++;
    if (data != NULL)
        check_message(t, data, digits / 2, line[0] == '<');
    free(data);
}

static unsigned check_file(const char *path)
{
    static char line[RECORDED_LINE_MAX];
    const char *slash = strrchr(path, '/');
    struct tally t = {.file = slash != NULL ? slash + 1 : path};
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        t.line++;
        check_line(&t, line);
    }
    if (f != NULL)
        fclose(f);
    if (t.messages < 20)
        wrong(&t, "has hardly a message", NULL);
    /* another layout is the exception */
    if (t.same * 10 < t.elements * 8)
        wrong(&t, "few messages become the same bytes again", NULL);
    printf("%s: %u messages (%u sealed or SMB1), %u elements, %u with the same bytes, %u wrong\n",
           t.file, t.messages, t.bare, t.elements, t.same, t.wrong);
    return t.wrong;
}

/* CANCEL has no reply. */
static unsigned check_all_seen(void)
{
    unsigned missing = 0;
    for (uint16_t code = 0; code < WIRE_COMMAND_COUNT; code++)
        for (int response = 0; response < 2; response++)
            if (!seen[response][code] && !(response && code == SMB2_CANCEL)) {
                printf("no %s of %s\n", response ? "reply" : "request", wire_command_name(code));
                missing++;
            }
    return missing;
}

int main(int argc, char **argv)
{
    unsigned bad = 0;
    for (int i = 1; i < argc; i++)
        bad += check_file(argv[i]);
    return bad + check_all_seen() == 0 ? 0 : 1;
}
